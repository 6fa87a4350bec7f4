"""From the text of a file to a configuration: JSON with the slips that people's files have, what transformers prints, and params.json.

Other files that lie beside a config.json are refused with a sentence that says what they are.
"""

import re
from collections.abc import Mapping
from typing import Any

from analysis import uploads
from analysis.transformer.reader import as_typed

LARGEST_CONFIG_BYTES = 10_000_000
PRINTED = re.compile(r"\A\s*[A-Za-z_][A-Za-z0-9_]*\s*(?=\{)")
STRING_OR_COMMA = re.compile(r'"(?:[^"\\]|\\.)*(?:"|\Z)|,(?=\s*[}\]])', re.DOTALL)
ADDRESS = re.compile(r"\s*(https?://|huggingface\.co/|hf\.co/)\S+\s*")
OTHER_FILES = {
    "weight_map": "the index of a model's weights",
    "tokenizer_class": "a tokenizer's configuration",
    "added_tokens_decoder": "a tokenizer's configuration",
    "_diffusers_version": "the configuration of a diffusion model",
    "image_processor_type": "the configuration of an image processor",
    "train_batch_size": "the state of a training run",
    "log_history": "the state of a training run",
}
"""A field that gives away what a file is that has no model_type."""


def read_config(text: str | bytes) -> dict[str, Any]:
    """The configuration in the text of a config.json, of what transformers prints for one, or of a params.json of Llama or Mistral.

    Commas before a closing bracket are forgiven. Raises ValueError with one sentence for more than LARGEST_CONFIG_BYTES, for text that is
    not UTF-8 or not JSON, that is nested too deeply, for JSON that is not an object, and for another file than a configuration.

    >>> read_config('{"model_type": "llama"}')
    {'model_type': 'llama'}
    >>> read_config('LlamaConfig {"model_type": "llama", "eos_token_id": [1, 2,],}')
    {'model_type': 'llama', 'eos_token_id': [1, 2]}
    >>> read_config("[1, 2]")
    Traceback (most recent call last):
    ...
    ValueError: the configuration must be a JSON object with names and values, got a list
    """
    try:
        content = uploads.text_of(text, LARGEST_CONFIG_BYTES)
        if ADDRESS.fullmatch(content):
            raise ValueError("is an address; a model on the Hugging Face hub is read where its name is asked for")
        config = json_of(content)
    except ValueError as problem:
        raise ValueError(f"the configuration {problem}") from None
    return as_config(checked_config(config))


def json_of(text: str) -> Any:
    """What a JSON text holds, without what stands before its first brace and without commas before a closing bracket."""
    try:
        return uploads.json_of(text)
    except ValueError as problem:
        mended = STRING_OR_COMMA.sub(lambda found: found[0] if found[0] != "," else "", PRINTED.sub("", text, count=1))
        if mended == text:
            raise
        try:
            return uploads.json_of(mended)
        except ValueError:
            raise problem from None


def checked_config(config: Any) -> dict[str, Any]:
    """config if it is a JSON object, else ValueError with one sentence."""
    if not isinstance(config, Mapping):
        kind = {list: "a list", str: "a text", bool: "true or false", type(None): "null"}.get(type(config), f"a {type(config).__name__}")
        raise ValueError(f"the configuration must be a JSON object with names and values, got {kind}")
    return dict(config)


def as_config(file: dict[str, Any]) -> dict[str, Any]:
    """The configuration in a file's object: itself, or the same in the words of a config.json for a params.json.

    Raises ValueError for an adapter's configuration, which is not a model's, and for other files that lie beside one.
    """
    if "model_type" in file:
        return file
    if {"dim", "n_layers", "n_heads"} <= set(file):
        return of_params(file)
    if "peft_type" in file:
        base = file.get("base_model_name_or_path")
        whose = f", {as_typed(base)}" if base else ""
        raise ValueError(f"this is the configuration of an adapter; bring the config.json of the model that it adapts{whose}")
    for key, what in OTHER_FILES.items():
        if key in file:
            raise ValueError(f"this is {what}; bring the config.json that lies beside it")
    return file


def of_params(params: Mapping[str, Any]) -> dict[str, Any]:
    """The configuration that a params.json of Llama or Mistral says.

    Mistral's gives the width of the MLP; Llama's computes it: 8/3 dim, times ffn_dim_multiplier, rounded up to multiple_of.
    Source: FeedForward in llama/model.py of github.com/meta-llama/llama3; ModelArgs in mistral-inference.

    >>> of_params({"dim": 4096, "n_layers": 32, "n_heads": 32, "vocab_size": 32000, "multiple_of": 256})["intermediate_size"]
    11008
    """
    given = {
        "hidden_size": params["dim"],
        "num_hidden_layers": params["n_layers"],
        "num_attention_heads": params["n_heads"],
        "num_key_value_heads": params.get("n_kv_heads") or params["n_heads"],
        "vocab_size": params.get("vocab_size"),
        "max_position_embeddings": params.get("max_seq_len") or params.get("max_position_embeddings"),
        "tie_word_embeddings": params.get("tied_embeddings", False),
        "_notes": () if "tied_embeddings" in params else (TIES_UNKNOWN,),
    }
    rest = {key: value for key, value in params.items() if key not in PARAMS and key not in given}
    common = {key: value for key, value in given.items() if value is not None} | rest
    if "hidden_dim" not in params:
        return common | {"model_type": "llama", "intermediate_size": llama_width(params)}
    common |= {"intermediate_size": params["hidden_dim"], "sliding_window": params.get("sliding_window")}
    if params.get("head_dim") is not None:
        common["head_dim"] = params["head_dim"]
    moe = params.get("moe")
    if not isinstance(moe, Mapping):
        return common | {"model_type": "mistral"}
    chosen = {"num_local_experts": moe.get("num_experts"), "num_experts_per_tok": moe.get("num_experts_per_tok")}
    return common | chosen | {"model_type": "mixtral"}


TIES_UNKNOWN = "A params.json does not say whether the output layer is the token table; it is counted as a table of its own."
PARAMS = {
    "dim", "n_layers", "n_heads", "n_kv_heads", "max_seq_len", "tied_embeddings", "hidden_dim", "moe", "head_dim", "sliding_window",
    "multiple_of", "ffn_dim_multiplier", "norm_eps", "rope_theta", "use_scaled_rope", "max_batch_size",
}  # fmt: skip


def llama_width(params: Mapping[str, Any]) -> int:
    """Width of the MLP that Llama's code computes from a params.json. Raises ValueError naming a value that cannot be used."""
    dim, factor, multiple = params["dim"], params.get("ffn_dim_multiplier"), params.get("multiple_of")
    for key, value in {"dim": dim, "multiple_of": multiple}.items():
        if not isinstance(value, int) or isinstance(value, bool) or not 0 < value < 10**9:
            raise ValueError(f"{key} must be a whole number from 1 to 1,000,000,000, got {as_typed(value)}")
    if factor is not None and (isinstance(factor, bool) or not isinstance(factor, (int, float)) or not 0 < factor < 1000):
        raise ValueError(f"ffn_dim_multiplier must be a positive number, got {as_typed(factor)}")
    width = int(8 * dim / 3)
    width = width if factor is None else int(factor * width)
    return multiple * -(-width // multiple)
