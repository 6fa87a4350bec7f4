"""Parameters by part, counted by transformers itself: the model is built without memory and its tensors are added up.

Only for the worker process: torch and transformers are imported inside the functions.
"""

import re
from collections.abc import Mapping
from typing import Any

from analysis.transformer.config import text_part
from analysis.transformer.config_text import checked_config
from analysis.transformer.count import ParamCounts
from analysis.transformer.fields import ALWAYS_READ, counted_fields, names_of
from analysis.transformer.language_model import is_encoder_decoder, language_parameters, text_config_of
from analysis.transformer.text_parts import TEXT_PARTS
from analysis.transformer.twins import as_twin
from analysis.transformer.unread import countable
from analysis.uploads import clip

MOST_TENSORS = 200_000
EXPERT_KEYS = ("num_experts", "num_local_experts", "n_routed_experts", "moe_num_experts")
TOP_K_KEYS = ("num_experts_per_tok", "num_experts_per_token", "moe_topk", "moe_top_k", "moe_k", "top_k_experts")

PARTS = {
    "embedding": r"lm_head|embed_out|wte|wpe|tokens_embed|positions_embed|embed_tokens|embed_in|embed_positions|embeddings?|"
    r"word_embeddings|embed_tokens_per_layer|output_projection|proj_out|position_embeddings|ngram_embeddings|shared(?=\.weight)",
    "attention": r"self_attn|attn|encoder_attn|cross_attn|attention|self_attention|SelfAttention|EncDecAttention|mixer\.[qkvo]_proj",
    "mixer": r"mamba|linear_attn|conv",
    "router": r"gate|router|shared_expert_gate|expert_bias",
    "mlp": r"mlp|feed_forward|ffn|block_sparse_moe|fc[12]|experts|shared_experts|shared_mlp|DenseReluDense|mixer\.(up|down)_proj",
}
"""Words in the names of parameters by part; a parameter belongs to the first part whose pattern fits: layers.0.self_attn.q_proj.weight."""

SAME = (EXPERT_KEYS, TOP_K_KEYS, ("n_shared_experts", "num_shared_experts"))
"""Words of files for one thing; a class may know another than the file has."""
SIZES = ("num_hidden_layers", "hidden_size", "vocab_size")
"""What a model that is built must have from the file."""


def exact_param_counts(config: Mapping[str, Any], progress=None) -> dict[str, Any]:
    """The counts of a Hugging Face configuration by part, as transformers builds the model: a dict with the fields of ParamCounts.

    Besides: model_class, model_type, transformers_version, n_tensors, notes, besides: parameters of the class that are no language model
    (towers for images and sound), and ignored: fields of the file that look like sizes, counts
    or patterns and that transformers does not know for this model_type. The model is built on torch's meta device, which allocates nothing;
    tied tensors are counted once; code that comes with a model is never run. Of an encoder-decoder both are counted, of a multimodal
    model its decoder and output layer. active leaves out the routed experts that a token does not use: top_k of n_experts are used.

    progress(done, total, message) is called while tensors are made; it may raise to stop the count.

    Raises ValueError with one sentence for a model_type that transformers does not know as a language model, for a configuration
    that it cannot build, for one with more than MOST_LAYERS layers or MOST_TENSORS tensors, and for a model that does not come out
    with the layers, width and vocabulary of the file.
    """
    import transformers

    text, notes = text_part(checked_config(config))
    if twin := as_twin(text):
        text, note = {key: value for key, value in twin[0].items() if value is not None}, twin[1]
        notes = (*notes, note)
    text = in_words_of(text)
    config_object = build_config(text)
    if auto_class(config_object) is None:  # the language model exists only inside a multimodal one
        config_object = build_config(inside_text(text))
    check_sizes(text, text_config_of(config_object))
    model, n_tensors = build_model(config_object, progress)
    counts = count_by_part(model)
    return {
        **counts.__dict__,
        "model_class": type(model).__name__,
        "model_type": config_object.model_type,
        "transformers_version": transformers.__version__,
        "n_tensors": n_tensors,
        "notes": notes,
        "besides": parameters_besides(model, counts.total),
        "ignored": ignored_fields(text, config_object),
    }


def task(arguments: Mapping[str, Any], progress) -> dict[str, Any]:
    """Worker task: exact_param_counts of arguments["config"]."""
    progress(0, 1, "loading transformers")
    return exact_param_counts(arguments["config"], progress)


def inside_text(text: Mapping[str, Any]) -> dict[str, Any]:
    """A configuration of a multimodal model with text as its text part, for a text part that transformers builds only inside one."""
    from transformers.models.auto.configuration_auto import CONFIG_MAPPING

    model_type = str(text.get("model_type"))
    stem = model_type.removesuffix("_text")
    for outer in (stem, f"{stem}_thinker", *(outer for outer, inner in TEXT_PARTS.items() if inner == model_type)):
        inside = CONFIG_MAPPING[outer].sub_configs_defaults.get("text_config") if outer in CONFIG_MAPPING else None
        if inside is not None and inside.config_class.model_type == model_type:
            return {"model_type": outer, "text_config": dict(text)} | ties(text)
    return dict(text)


def ties(config: Mapping[str, Any]) -> dict[str, Any]:
    """What a configuration says of tied embeddings, where it says something."""
    return {key: config[key] for key in ("tie_word_embeddings",) if key in config}


def check_sizes(text: Mapping[str, Any], config) -> None:
    """Raise ValueError where a configuration object has other layers, width or vocabulary than the file.

    A class takes what it knows and gives its own defaults for the rest, so a file with its fields in another place would be counted as
    another model.
    """
    for key in SIZES:
        own = config.attribute_map.get(key, key)
        stated = next((text[name] for name in (own, key) if name in text), None)
        built = getattr(config, key, None)
        if isinstance(stated, int) and built != stated:
            raise ValueError(f"transformers builds {config.model_type} with {own} = {built}, and the file says {clip(repr(stated), 30)}")


def ignored_fields(text: Mapping[str, Any], config) -> list[str]:
    """The fields of a file that look like sizes, counts or patterns and that transformers does not know for this model_type."""
    known = {*names_of(type(text_config_of(config))), *ALWAYS_READ}
    return [name for name in countable(text) if name.partition(".")[0] not in known]


def build_config(config: Mapping[str, Any]):
    """The configuration object of transformers; ValueError with one sentence where there is none."""
    from transformers.models.auto.configuration_auto import CONFIG_MAPPING

    model_type = config.get("model_type")
    if not isinstance(model_type, str) or model_type not in CONFIG_MAPPING:
        raise ValueError(
            f"model_type {clip(repr(model_type), 60)} is not known to the installed transformers, so it cannot be counted exactly"
        )
    config_class = CONFIG_MAPPING[model_type]
    kept = counted_fields({key: value for key, value in config.items() if key != "model_type"}, config_class)
    try:
        made = config_class.from_dict(kept)
    except Exception as error:
        raise ValueError(f"transformers refuses this {model_type} configuration: {_sentence(error)}") from error
    if kept.get("tie_word_embeddings") is False:
        made.tie_word_embeddings = False  # T5's class ties always; released models of version 1.1 and mT5 have an output layer of their own
    return made


def in_words_of(text: Mapping[str, Any]) -> dict[str, Any]:
    """A configuration whose numbers of experts stand under the names that its class knows."""
    from transformers.models.auto.configuration_auto import CONFIG_MAPPING

    words, model_type = dict(text), text.get("model_type")
    if not isinstance(model_type, str) or model_type not in CONFIG_MAPPING:
        return words
    config_class = CONFIG_MAPPING[model_type]
    known, meant = names_of(config_class), set(config_class.attribute_map.values())
    for names in SAME:
        stated = [name for name in names if name in words]
        own = next((name for some in (meant, known) for name in names if name in some), None)  # other names may stand for one that is meant
        if own is not None and stated and not known & set(stated):
            words[own] = words.pop(stated[0])
    return words


def auto_class(config):
    """The class of transformers that builds a language model of this configuration, an encoder-decoder whole; None if there is none."""
    import transformers

    decoders = ("AutoModelForCausalLM", "AutoModelForImageTextToText")
    whole = ("AutoModelForSeq2SeqLM", "AutoModelForSpeechSeq2Seq")
    names = (*whole, *decoders) if is_encoder_decoder(config) else (*decoders, *whole)
    classes = (getattr(transformers, name) for name in names)
    return next((auto for auto in classes if type(config) in auto._model_mapping), None)


def build_model(config, progress=None):
    """The model on the meta device and the number of its tensors; ValueError with one sentence where it cannot be built."""
    import torch
    from torch.nn.modules.module import register_module_parameter_registration_hook

    auto = auto_class(config)
    if auto is None:
        raise ValueError(f"model_type {config.model_type!r} is known to transformers, but not as a language model")
    made = 0

    def watch(module, name, parameter):
        nonlocal made
        made += 1
        if made > MOST_TENSORS:
            raise ValueError(f"the model has more than {MOST_TENSORS:,} tensors")
        if progress is not None and made % 200 == 0:
            progress(made, made, f"{made:,} tensors built")

    hook = register_module_parameter_registration_hook(watch)
    try:
        with torch.device("meta"):
            model = auto.from_config(config, attn_implementation="eager", trust_remote_code=False)
    except Exception as error:
        if type(error).__name__ == "Cancelled":
            raise
        raise ValueError(f"transformers cannot build this {config.model_type} model: {_sentence(error)}") from error
    finally:
        hook.remove()
    return model, made


def parameters_besides(model, counted: int) -> int:
    """Parameters of a model that the count of its language model leaves out; none of an encoder-decoder, which is counted whole."""
    return 0 if is_encoder_decoder(model.config) else sum(parameter.numel() for parameter in model.parameters()) - counted


def count_by_part(model) -> ParamCounts:
    """The ParamCounts of a model's language model, told by the names of its parameters; tied ones are counted once."""
    parts = dict.fromkeys(("embedding", "attention", "mlp", "router", "other"), 0)
    routed = inactive = 0
    n_experts, top_k = expert_numbers(text_config_of(model.config))
    for name, parameter in language_parameters(model):
        size = parameter.numel()
        part = part_of(name)
        parts[part] += size
        if part == "mlp" and n_experts and is_routed(name, tuple(parameter.shape), n_experts):
            routed += size
            inactive += size * (n_experts - top_k) // n_experts
    total = sum(parts.values())
    return ParamCounts(
        total=total,
        non_embedding=total - parts["embedding"],
        routed_experts=routed,
        active=total - inactive,
        active_non_embedding=total - inactive - parts["embedding"],
        **parts,
    )


def part_of(name: str) -> str:
    """The part a parameter belongs to, by its name.

    >>> part_of("model.layers.0.self_attn.q_norm.weight"), part_of("model.layers.3.mlp.gate.weight"), part_of("model.norm.weight")
    ('attention', 'router', 'other')
    >>> part_of("model.layers.3.mlp.gate_proj.weight"), part_of("lm_head.bias"), part_of("backbone.layers.1.mixer.A_log")
    ('mlp', 'embedding', 'other')
    """
    part = next((part for part, words in PARTS.items() if re.search(rf"(^|\.)({words})(\.|$)", name)), "other")
    return "other" if part == "mixer" else part


def is_routed(name: str, shape: tuple[int, ...], n_experts: int) -> bool:
    """Whether a parameter of an MLP belongs to experts that a router chooses from.

    >>> is_routed("model.layers.0.mlp.experts.gate_up_proj", (8, 64, 32), 8), is_routed("model.layers.0.mlp.up_proj.weight", (64, 32), 8)
    (True, False)
    """
    return "experts" in name.split(".") or (len(shape) == 3 and shape[0] == n_experts)


def expert_numbers(config) -> tuple[int, int]:
    """Number of experts and how many a token uses, (0, 0) for a dense model."""
    places = [config, getattr(config, "ffn_config", None)]

    def first(keys):
        values = (getattr(place, key, None) for place in places if place is not None for key in keys)
        return next((max(value) if isinstance(value, list) else value for value in values if value), 0)

    n_experts = first(EXPERT_KEYS)
    if config.model_type == "switch_transformers":
        return n_experts, 1
    top_k = first(TOP_K_KEYS)
    return (n_experts, top_k) if n_experts and top_k else (0, 0)


def _sentence(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    text = " ".join(lines[:2]) if lines else type(error).__name__
    return text if len(text) <= 300 else text[:297] + "..."
