"""Shapes from Hugging Face configurations: what the object in a config.json says of a model.

What each model_type names and has is data in analysis.transformer.architectures. Nothing is guessed: an unknown model_type is
refused with a sentence, a field that is missing takes the value that the architecture itself gives it, and sizes must be there.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from analysis.transformer.architectures import ARCHITECTURES, Architecture
from analysis.transformer.config_text import TIES_UNKNOWN, checked_config
from analysis.transformer.layer_patterns import CHUNKED, SLIDING, layer_kinds, spelled
from analysis.transformer.plain_shape import qk_norm_values, split_heads
from analysis.transformer.reader import MOST_LAYERS, Reader, as_typed
from analysis.transformer.shape import Attention, Experts, Latent, Layer, Mlp, TransformerShape, plain_mlp
from analysis.transformer.text_parts import TEXT_PARTS
from analysis.transformer.twins import TWINS, as_twin
from analysis.transformer.unread import IDLE, countable, listed, predictors

TEXT_KEYS = ("text_config", "llm_config", "language_config", "thinker_config")
MOST_PARTS = 3
"""Parts inside each other: a thinker's text part is the third of a model that speaks."""


class UnknownModelType(ValueError):
    """A model_type whose shape is not known here, though the file may be sound."""


def supported_model_types() -> tuple[str, ...]:
    """The model_types whose shapes are known here, in alphabetical order, multimodal ones included.

    >>> "llama" in supported_model_types(), len(supported_model_types()) > 90
    (True, True)
    """
    known = {outer for outer, inner in TEXT_PARTS.items() if inner in ARCHITECTURES or inner in TWINS}
    return tuple(sorted({*ARCHITECTURES, *TWINS, *known}))


def text_part(config: Mapping[str, Any]) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The part of a configuration that describes the language model, and notes for the reader of what follows from it.

    A multimodal configuration holds it under text_config, in older files at its top level; whether embeddings are tied is taken from
    outside where the part does not say it.

    >>> text_part({"model_type": "gemma3", "text_config": {"hidden_size": 2560}})[0]
    {'hidden_size': 2560, 'model_type': 'gemma3_text'}
    """
    text, path = dict(config), []
    while len(path) < MOST_PARTS and (key := next((key for key in TEXT_KEYS if text.get(key) is not None), None)):
        outer, inner = text, text[key]
        if not isinstance(inner, Mapping):
            raise ValueError(f"{key} must be an object with the fields of the language model, got {as_typed(inner)}")
        if not inner:
            raise ValueError(f"{key} is empty, so the language model is not known")
        text, path = dict(inner), [*path, key]
        if "model_type" not in text and isinstance(outer.get("model_type"), str):
            text["model_type"] = TEXT_PARTS.get(outer["model_type"], outer["model_type"])
        if "tie_word_embeddings" not in text and "tie_word_embeddings" in outer:
            text["tie_word_embeddings"] = outer["tie_word_embeddings"]
    if path:
        return with_layers(text), (f"Counted is the language model in {'.'.join(path)}; what belongs to images or sound is left out.",)
    model_type = config.get("model_type")
    if isinstance(model_type, str) and model_type in TEXT_PARTS and model_type not in ARCHITECTURES:
        text["model_type"] = TEXT_PARTS[model_type]
        return with_layers(text), (
            f"Counted is the language model of {model_type}, whose fields stand at the top level; images and sound are left out.",
        )
    return with_layers(text), ()


def with_layers(text: dict[str, Any]) -> dict[str, Any]:
    """A configuration with its layers listed where it gives their pattern in letters, which transformers reads in numbers only."""
    letters, n_layers = text.get("sliding_window_pattern"), text.get("num_hidden_layers")
    if not isinstance(letters, str) or not isinstance(n_layers, int) or not 0 < n_layers <= MOST_LAYERS:
        return text
    kinds = {"layer_types": spelled(letters, n_layers)}
    return kinds | {key: value for key, value in text.items() if key != "sliding_window_pattern"}


def shape_from_hf_config(config: Mapping[str, Any]) -> TransformerShape:
    """The shape that a Hugging Face configuration (the object in a config.json) describes.

    Of a multimodal configuration the text part is taken; `notes` of the shape say so, and `unread` names the fields that look like sizes
    and that nothing here reads. Sizes (layers, width, heads, vocabulary) must be in the configuration; other fields take the default
    of the architecture where they are missing.

    Raises ValueError with one sentence: for a model_type that is not known here, and for values that are missing, out of range, of the
    wrong kind, or do not divide, naming key and value.

    >>> config = {"model_type": "llama", "hidden_size": 4096, "num_hidden_layers": 32, "num_attention_heads": 32,
    ...           "num_key_value_heads": 8, "intermediate_size": 14336, "vocab_size": 128256}
    >>> from analysis.transformer.count import count_params
    >>> count_params(shape_from_hf_config(config)).total
    8030261248
    """
    text, notes = text_part(checked_config(config))
    nested = bool(notes)
    if twin := as_twin(text):
        text, nested, notes = twin[0], False, (*notes, twin[1])
    model_type = text.get("model_type")
    if model_type is None:
        raise ValueError("the configuration has no model_type, so its architecture is not known")
    if not isinstance(model_type, str):
        raise ValueError(f"model_type must be a text, got {as_typed(model_type)}")
    if model_type not in ARCHITECTURES:
        own = config.get("model_type")
        inside = f" (the language model of {as_typed(own)})" if own != model_type and isinstance(own, str) else ""
        raise UnknownModelType(
            f"the shape of the model_type {as_typed(model_type)}{inside} is not known here; transformers may still count it"
        )
    architecture = ARCHITECTURES[model_type]
    if text.get("_notes") == (TIES_UNKNOWN,):
        notes = (*notes, TIES_UNKNOWN)
    read = Reader(text, model_type, architecture.names, nested)
    shape = assemble(read, architecture, model_type, notes)
    if heads := predictors(text):
        note = f"Layers that foretell further tokens ({listed(heads)}) are not counted: a model answers without them."
        shape = replace(shape, notes=(*shape.notes, note))
    return replace(shape, unread=tuple(name for name in countable(text) if name not in read.seen))


WINDOW_FIELDS = ("sliding_window", "use_sliding_window", "max_window_layers", "layer_types")
LATENT_FIELDS = ("num_key_value_heads", "head_dim", "qk_head_dim")
"""Fields that decide nothing with latent attention, where every head has keys of its own and other fields give their widths."""


def known_fields(architecture: Architecture, model_type: str) -> tuple[str, ...]:
    """Fields that an architecture has and that decide nothing in some of its configurations."""
    experts, windowed = architecture.experts, architecture.window or architecture.pattern
    mixture = () if experts is None else (experts.number, experts.chosen, experts.width, experts.dense_width, "intermediate_size")
    latent = LATENT_FIELDS if architecture.latent else ()
    return (*IDLE.get(model_type, ()), *mixture, *latent, *(WINDOW_FIELDS if windowed else ()))


def assemble(read: Reader, architecture: Architecture, model_type: str, notes: tuple[str, ...]) -> TransformerShape:
    """The shape that a reader finds for an architecture."""
    read.knows(*known_fields(architecture, model_type))
    if architecture.whole:
        shape = architecture.whole(read)
        return replace(shape, name=model_type, notes=(*notes, *shape.notes, *read.notes()))
    d_model = read.size("hidden_size")
    kinds = layer_kinds(read, architecture.pattern, architecture.window)
    attention = None if architecture.without_heads else attention_of(read, architecture, d_model)
    experts = experts_of(read, architecture, d_model) if architecture.experts else None
    sparse = architecture.experts.rule(read, len(kinds)) if experts else [False] * len(kinds)
    dense = None if all(sparse) else dense_mlp(read, architecture, d_model)
    made: dict[Layer, Layer] = {}
    layers = []
    for index, kind in enumerate(kinds):
        mixer = attention if kind not in (SLIDING, CHUNKED) else windowed(read, attention, kind)
        if architecture.attention:
            mixer = architecture.attention(read, mixer, kind, index, len(kinds))
        layer = Layer(
            mixer=mixer,
            mlp=None if sparse[index] else dense,
            experts=experts if sparse[index] else None,
            norms=architecture.norms_per_layer,
        )
        if architecture.layer:
            layer = architecture.layer(read, layer, kind, index, len(kinds))
        layers.append(made.setdefault(layer, layer))
    positions = architecture.positions
    context = read.size("max_position_embeddings", required=positions is not None)
    shape = TransformerShape(
        d_model=d_model,
        vocab_size=read.size("vocab_size"),
        layers=tuple(layers),
        norm=architecture.norm,
        final_norms=int(architecture.final_norm),
        embedding_norm=architecture.embedding_norm,
        tied_embeddings=read.flag("tie_word_embeddings"),
        position_rows=0 if positions is None else context + positions,
        head_bias=read.switch(architecture.head_bias),
        context_len=context,
        name=model_type,
        notes=(*notes, *read.notes()),
    )
    return architecture.outside(read, shape) if architecture.outside else shape


def attention_of(read: Reader, architecture: Architecture, d_model: int) -> Attention:
    """The attention that the layers share before windows and peculiarities."""
    n_heads = read.size("num_attention_heads")
    biases: dict[str, Any] = {
        "q_bias": read.switch(architecture.qkv_bias),
        "k_bias": read.switch(architecture.qkv_bias),
        "v_bias": read.switch(architecture.qkv_bias),
        "o_bias": read.switch(architecture.o_bias),
    }
    if architecture.latent:
        return latent_attention(read, n_heads, d_model)
    n_kv_heads = read.size("num_key_value_heads", required=False) or n_heads
    read.divides("num_attention_heads", n_heads, "num_key_value_heads", n_kv_heads)
    head_dim = read.size("head_dim", required=False)
    if head_dim is None:
        read.divides("hidden_size", d_model, "num_attention_heads", n_heads)
        head_dim = split_heads(d_model, n_heads)
    has_norm = read.flag(architecture.qk_norm_key) if architecture.qk_norm_key else True
    norm = qk_norm_values(architecture.qk_norm if has_norm else "", n_heads, n_kv_heads, head_dim)
    return Attention(n_heads, n_kv_heads, head_dim, head_dim, **biases, qk_norm=norm * (1 + architecture.qk_norm_bias))


def latent_attention(read: Reader, n_heads: int, d_model: int) -> Attention:
    """Multi-head latent attention. Biases, where switched on, are on the compressing matrices and on the output."""
    q_rank = read.size("q_lora_rank", required=False)
    kv_rank, rope = read.size("kv_lora_rank"), read.size("qk_rope_head_dim")
    nope, value = read.size("qk_nope_head_dim"), read.size("v_head_dim")
    biased = read.flag("attention_bias")
    extra = biased * ((q_rank or 0) + kv_rank + rope)
    return Attention(n_heads, n_heads, nope + rope, value, o_bias=biased, latent=Latent(q_rank, kv_rank, nope, rope), extra=extra)


def windowed(read: Reader, attention: Attention, kind: str) -> Attention:
    """The attention with the window of a layer's kind; unchanged where the configuration sets none."""
    chunked = kind == CHUNKED
    window = read.size("attention_chunk_size" if chunked else "sliding_window", required=False, least=0)
    return replace(attention, window=window, chunked=chunked) if window else attention


def dense_mlp(read: Reader, architecture: Architecture, d_model: int) -> Mlp | None:
    """The MLP of dense layers; None where the architecture has none or makes it itself."""
    if architecture.without_heads or architecture.own_mlp:
        return None
    key = architecture.experts.dense_width if architecture.experts else "intermediate_size"
    d_ff = read.size(key, required=architecture.d_ff_factor is None)
    d_ff = architecture.d_ff_factor * d_model if d_ff is None else d_ff
    return plain_mlp(d_ff, architecture.gated, d_model, read.switch(architecture.mlp_bias))


def experts_of(read: Reader, architecture: Architecture, d_model: int) -> Experts | None:
    """The experts of sparse layers; None where the configuration has none."""
    names = architecture.experts
    n_experts = read.same(names.number, least=0)
    if n_experts == 0:
        return None
    top_k = read.same(names.chosen, most=n_experts)
    width = read.same(names.width)
    bias = read.switch(architecture.mlp_bias)
    expert = plain_mlp(width, names.gated, d_model, names.biases)
    if names.shared_count:
        shared_width = width * (read.size(names.shared_count, required=False, least=0) or 0)
    else:
        shared_width = read.size(names.shared_width, required=False, least=0) if names.shared_width else 0
    shared = plain_mlp(shared_width, names.gated, d_model, bias) if shared_width else None
    return Experts(n_experts, top_k, expert, shared, names.gate and shared is not None, n_experts * names.router_bias)
