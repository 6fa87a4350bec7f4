"""Shapes from Hugging Face configurations: reading config.json, and understanding it.

What each model_type names and has is data in analysis.transformer.architectures. Nothing is guessed: an unknown model_type is
refused with a sentence, a field that is missing takes the value that the architecture itself gives it, and sizes must be there.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from analysis import uploads
from analysis.transformer.architectures import ARCHITECTURES, TEXT_PARTS, Architecture
from analysis.transformer.layer_patterns import CHUNKED, SLIDING, layer_kinds
from analysis.transformer.plain_shape import qk_norm_values, split_heads
from analysis.transformer.reader import Reader, as_typed
from analysis.transformer.shape import Attention, Experts, Latent, Layer, Mlp, TransformerShape, plain_mlp
from analysis.transformer.special_layers import t5

LARGEST_CONFIG_BYTES = 1_000_000
TEXT_KEYS = ("text_config", "llm_config", "language_config")


def supported_model_types() -> tuple[str, ...]:
    """The model_types whose shapes are known here, in alphabetical order, multimodal ones included.

    >>> "llama" in supported_model_types(), len(supported_model_types()) > 90
    (True, True)
    """
    return tuple(sorted({*ARCHITECTURES, *TEXT_PARTS}))


def read_config(text: str | bytes) -> dict[str, Any]:
    """The object in the text of a config.json.

    Raises ValueError with one sentence for more than LARGEST_CONFIG_BYTES, for text that is not UTF-8 or not JSON, that is nested
    too deeply, and for JSON that is not an object.

    >>> read_config('{"model_type": "llama"}')
    {'model_type': 'llama'}
    >>> read_config("[1, 2]")
    Traceback (most recent call last):
    ...
    ValueError: the configuration must be a JSON object with names and values, got a list
    """
    try:
        config = uploads.json_of(uploads.text_of(text, LARGEST_CONFIG_BYTES))
    except ValueError as problem:
        raise ValueError(f"the configuration {problem}") from None
    return checked_config(config)


def checked_config(config: Any) -> dict[str, Any]:
    """config if it is a JSON object, else ValueError with one sentence."""
    if not isinstance(config, Mapping):
        kind = {list: "a list", str: "a text", bool: "true or false", type(None): "null"}.get(type(config), f"a {type(config).__name__}")
        raise ValueError(f"the configuration must be a JSON object with names and values, got {kind}")
    return dict(config)


def text_part(config: Mapping[str, Any]) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The part of a configuration that describes the language model, and notes for the reader of what follows from it.

    A multimodal configuration holds it under text_config; whether embeddings are tied is taken from outside where the part does
    not say it.

    >>> text_part({"model_type": "gemma3", "text_config": {"hidden_size": 2560}})[0]
    {'hidden_size': 2560, 'model_type': 'gemma3_text'}
    """
    key = next((key for key in TEXT_KEYS if config.get(key) is not None), None)
    if key is None:
        return dict(config), ()
    outer = config.get("model_type")
    text = config[key]
    if not isinstance(text, Mapping):
        raise ValueError(f"{key} must be an object with the fields of the language model, got {as_typed(text)}")
    if not text:
        raise ValueError(f"{key} is empty, so the language model is not known")
    text = dict(text)
    if "model_type" not in text and isinstance(outer, str):
        text["model_type"] = TEXT_PARTS.get(outer, outer)
    if "tie_word_embeddings" not in text and "tie_word_embeddings" in config:
        text["tie_word_embeddings"] = config["tie_word_embeddings"]
    return text, (f"Counted is the language model in {key}; what belongs to images or sound is left out.",)


def shape_from_hf_config(config: Mapping[str, Any]) -> TransformerShape:
    """The shape that a Hugging Face configuration (the object in a config.json) describes.

    Of a multimodal configuration the text part is taken; `notes` of the shape say so. Sizes (layers, width, heads, vocabulary) must
    be in the configuration; other fields take the default of the architecture where they are missing.

    Raises ValueError with one sentence: for a model_type that is not known here, and for values that are missing, out of range, of the
    wrong kind, or do not divide, naming key and value.

    >>> config = {"model_type": "llama", "hidden_size": 4096, "num_hidden_layers": 32, "num_attention_heads": 32,
    ...           "num_key_value_heads": 8, "intermediate_size": 14336, "vocab_size": 128256}
    >>> from analysis.transformer.count import count_params
    >>> count_params(shape_from_hf_config(config)).total
    8030261248
    """
    text, notes = text_part(checked_config(config))
    model_type = text.get("model_type")
    if model_type is None:
        raise ValueError("the configuration has no model_type, so its architecture is not known")
    if not isinstance(model_type, str):
        raise ValueError(f"model_type must be a text, got {as_typed(model_type)}")
    if model_type not in ARCHITECTURES and model_type in TEXT_PARTS:
        model_type = TEXT_PARTS[model_type]  # older multimodal files keep the text fields outside
    if model_type not in ARCHITECTURES:
        raise ValueError(f"the model_type {as_typed(model_type)} is not known here; counting it exactly with transformers may still work")
    architecture = ARCHITECTURES[model_type]
    read = Reader(text, model_type if not architecture.same_as else architecture.same_as, architecture.names, nested=bool(notes))
    return assemble(read, architecture, model_type, notes)


def assemble(read: Reader, architecture: Architecture, model_type: str, notes: tuple[str, ...]) -> TransformerShape:
    """The shape that a reader finds for an architecture."""
    if architecture.outside is t5:
        return replace(t5(read), name=model_type, notes=notes)
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
