"""Parameters by part, counted by transformers itself: the model is built without memory and its tensors are added up.

Only for the worker process: torch and transformers are imported inside the functions.
"""

import re
from collections.abc import Mapping
from typing import Any

from analysis.transformer.architectures import ARCHITECTURES
from analysis.transformer.config import checked_config, text_part
from analysis.transformer.count import ParamCounts
from analysis.transformer.fields import counted_fields
from analysis.uploads import clip

MOST_TENSORS = 200_000
EXPERT_KEYS = ("num_experts", "num_local_experts", "n_routed_experts", "moe_num_experts")
TOP_K_KEYS = ("num_experts_per_tok", "num_experts_per_token", "moe_topk", "moe_top_k", "moe_k", "top_k_experts")

PARTS = {
    "embedding": r"lm_head|embed_out|wte|wpe|tokens_embed|positions_embed|embed_tokens|embed_in|embed_positions|embeddings?|"
    r"word_embeddings|embed_tokens_per_layer|output_projection|shared(?=\.weight)",
    "attention": r"self_attn|attn|attention|self_attention|SelfAttention|EncDecAttention|mixer\.[qkvo]_proj",
    "mixer": r"mamba|linear_attn|conv",
    "router": r"gate|router|shared_expert_gate|expert_bias",
    "mlp": r"mlp|feed_forward|ffn|block_sparse_moe|fc[12]|experts|shared_experts|shared_mlp|DenseReluDense|mixer\.(up|down)_proj",
}
"""Words in the names of parameters by part; a parameter belongs to the first part whose pattern fits: layers.0.self_attn.q_proj.weight."""

BESIDE_TEXT = re.compile(r"(^|\.)(vision_tower|vision_model|visual|audio_tower|multi_modal_projector|embed_vision|embed_audio)\.")

STACK_TABLES = ("encoder.embed_tokens.weight", "decoder.embed_tokens.weight")
"""The shared token table again, where an encoder-decoder whose output layer is untied is built without tying anything."""


def exact_param_counts(config: Mapping[str, Any], progress=None) -> dict[str, Any]:
    """The counts of a Hugging Face configuration by part, as transformers builds the model: a dict with the fields of ParamCounts.

    Besides: model_class, model_type, transformers_version, n_tensors, and notes. The model is built on torch's meta device, which
    allocates nothing; tied tensors are counted once; code that comes with a model is never run. Of a multimodal model the text
    part is counted. active leaves out the routed experts that a token does not use: top_k of n_experts are used.

    progress(done, total, message) is called while tensors are made; it may raise to stop the count.

    Raises ValueError with one sentence for a model_type that transformers does not know as a language model, for a configuration
    that it cannot build, and for one with more than MOST_LAYERS layers or MOST_TENSORS tensors.
    """
    import transformers

    config = checked_config(config)
    text, notes = text_part(config)
    if note := twin(text):
        text["model_type"], notes = note[0], (*notes, note[1])
    config_object = build_config(text)
    nested = text is not config and config.get("model_type") != text.get("model_type")
    if nested and auto_class(config_object) is None:  # the language model exists only inside the multimodal one
        config_object = build_config(config)
    model, n_tensors = build_model(config_object, progress)
    counts = count_by_part(model, config_object.get_text_config(decoder=True) if nested else config_object)
    return {
        **counts.__dict__,
        "model_class": type(model).__name__,
        "model_type": config_object.model_type,
        "transformers_version": transformers.__version__,
        "n_tensors": n_tensors,
        "notes": notes,
    }


def task(arguments: Mapping[str, Any], progress) -> dict[str, Any]:
    """Worker task: exact_param_counts of arguments["config"]."""
    progress(0, 1, "loading transformers")
    return exact_param_counts(arguments["config"], progress)


def twin(config: Mapping[str, Any]) -> tuple[str, str] | None:
    """The model_type with the very tensors of one that transformers lacks, and a note on it; None where there is none.

    >>> twin({"model_type": "kimi_k2"})[0], twin({"model_type": "llama"})
    ('deepseek_v3', None)
    """
    model_type = config.get("model_type")
    architecture = ARCHITECTURES.get(model_type) if isinstance(model_type, str) else None
    if architecture is None or not architecture.same_as or architecture.layer:
        return None
    return architecture.same_as, f"Built as {architecture.same_as}, which {model_type} equals."


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
        return config_class.from_dict(kept)
    except Exception as error:
        raise ValueError(f"transformers refuses this {model_type} configuration: {_sentence(error)}") from error


def auto_class(config):
    """The class of transformers that builds a language model of this configuration, None if there is none."""
    from transformers import AutoModelForCausalLM, AutoModelForImageTextToText, AutoModelForSeq2SeqLM

    classes = (AutoModelForCausalLM, AutoModelForSeq2SeqLM, AutoModelForImageTextToText)
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


def count_by_part(model, config) -> ParamCounts:
    """The ParamCounts of a model, told by the names of its parameters; tied ones are counted once."""
    parts = dict.fromkeys(("embedding", "attention", "mlp", "router", "other"), 0)
    routed = inactive = 0
    n_experts, top_k = expert_numbers(config)
    encoder_decoder = hasattr(model, "shared")
    for name, parameter in model.named_parameters():
        if BESIDE_TEXT.search(name) or (encoder_decoder and name in STACK_TABLES):
            continue
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
