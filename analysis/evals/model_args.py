"""What was evaluated beyond the name of a model: adapter, revision, quantisation and precision, from the arguments in a result file.

Two runs of one checkpoint that differ in any of these are two models: scores of an adapter and of its base do not belong under one name.
"""

from collections.abc import Mapping
from typing import Any

NAMES = ("pretrained", "model", "path", "engine")
"""Arguments that name a model, as the harness looks for them; an adapter comes with the name of its base."""
ADDED = {"peft": "", "lora_local_path": "", "delta": "delta "}
"""Arguments that name what is added to a model."""
WRITTEN = (
    *NAMES, *ADDED, "revision", "subfolder", "dtype", "load_in_4bit", "load_in_8bit", "bnb_4bit_quant_type", "quantization", "gguf_file",
    "autogptq", "gptqmodel",
)  # fmt: skip
"""Arguments that tell models apart, and that a written file states again."""
UNSAID = ("", "none", "auto", "main", "false", "null")


def arguments_of(document: Mapping) -> dict[str, Any]:
    """The arguments that a model was loaded with, in whichever layout a document holds them, under the names that the harness gives them.

    >>> arguments_of({"config": {"model_args": "pretrained=a/b,peft=c/d", "model_dtype": "torch.float16"}})
    {'pretrained': 'a/b', 'peft': 'c/d', 'dtype': 'torch.float16'}
    >>> arguments_of({"config_general": {"model_name": "a/b", "model_config": {"revision": "v2"}, "model_dtype": "4bit"}})
    {'revision': 'v2', 'pretrained': 'a/b', 'dtype': '4bit'}
    """
    config, general = (_mapping(document.get(key)) for key in ("config", "config_general"))
    given = config.get("model_args", document.get("model_args"))
    arguments = dict(parsed(given)) if isinstance(given, str) else dict(_mapping(given))
    for facts in (_mapping(general.get("model_config")), general, config):
        arguments = {str(name): value for name, value in facts.items() if name in WRITTEN and name != "model"} | arguments
    names = [facts.get("model_name") for facts in (general, _mapping(general.get("model_config")), config, document)]
    if not any(arguments.get(name) for name in NAMES):
        name = next((name for name in names if name), None)
        if name and not any(str(arguments.get(added)) == str(name) for added in ADDED):
            arguments["pretrained"] = name
    for fact, name in (("model_dtype", "dtype"), ("model_revision", "revision")):
        stated = next((facts[fact] for facts in (general, config) if said(facts.get(fact))), None)
        if stated is not None and not said(arguments.get(name)):
            arguments[name] = stated
    return arguments


def parsed(text: str) -> dict[str, str]:
    """The arguments in a text such as "pretrained=a/b,dtype=float16".

    >>> parsed("pretrained=a/b, dtype=float16,x==1,y")
    {'pretrained': 'a/b', 'dtype': 'float16', 'x': '=1'}
    """
    pairs = [part.split("=", 1) for part in text.split(",") if "=" in part]
    return {name.strip(): value.strip().strip("\"'") for name, value in pairs}


def name_in(arguments: Mapping[str, Any]) -> str:
    """The name of the model that the arguments give, of the adapter where they name no base, or "".

    >>> name_in({"pretrained": "a/b", "peft": "c/d"}), name_in({"peft": "c/d"})
    ('a/b', 'c/d')
    """
    return str(next((arguments[name] for name in (*NAMES, *ADDED) if said(arguments.get(name))), ""))


def variant_of(arguments: Mapping[str, Any], step: int | None = None) -> tuple[list[str], list[str]]:
    """(what is added to the model, in which form it was loaded) by its arguments.

    step: the checkpoint's, where the revision is known to say no more.

    >>> variant_of({"pretrained": "a/b", "peft": "c/d", "load_in_4bit": "True", "dtype": "torch.bfloat16", "revision": "main"})
    (['c/d'], ['4-bit', 'bfloat16'])
    """
    name = name_in(arguments)
    added = [f"{word}{arguments[key]}" for key, word in ADDED.items() if said(arguments.get(key)) and str(arguments[key]) != name]
    form = [f"revision {arguments['revision']}"] if said(arguments.get("revision")) and step is None else []
    form += [f"subfolder {arguments['subfolder']}"] if said(arguments.get("subfolder")) else []
    return added, form + _quantised(arguments) + _precision(arguments)


def _quantised(arguments: Mapping[str, Any]) -> list[str]:
    """How the weights are quantised."""
    words = [f"{bits}-bit" for bits in (4, 8) if said(arguments.get(f"load_in_{bits}bit"))]
    words += [str(arguments["bnb_4bit_quant_type"])] if said(arguments.get("bnb_4bit_quant_type")) else []
    for key, word in (("autogptq", "GPTQ"), ("gptqmodel", "GPTQ")):
        if said(arguments.get(key)):
            words.append(word if str(arguments[key]).lower() == "true" else f"{word} {arguments[key]}")
    words += [str(arguments[key]) for key in ("quantization", "gguf_file") if said(arguments.get(key))]
    config = _mapping(arguments.get("quantization_config"))
    words += [" ".join(str(config[key]) + end for key, end in (("quant_method", ""), ("bits", "-bit")) if said(config.get(key)))]
    words += [f"{bits}-bit" for bits in (4, 8) if said(config.get(f"load_in_{bits}bit"))]
    return list(dict.fromkeys(filter(None, words)))


def _precision(arguments: Mapping[str, Any]) -> list[str]:
    return [str(arguments["dtype"]).removeprefix("torch.")] if said(arguments.get("dtype")) else []


def said(value: Any) -> bool:
    """Whether the value of an argument says anything: "main", "auto", False and None are what holds without it.

    >>> said("float16"), said("auto"), said(False), said(None), said({"a": 1})
    (True, False, False, False, False)
    """
    if isinstance(value, bool):
        return value
    return isinstance(value, str | int | float) and str(value).strip().lower() not in UNSAID


def _mapping(value: Any) -> Mapping:
    return value if isinstance(value, Mapping) else {}
