"""What attention sees and what its cache takes: the mask of a window, its reach over layers, the rolling buffer, and kinds of heads.

Positions are counted from 1, and a window of W tokens holds the token itself and the W - 1 before it.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from analysis.attention.window import _positive
from analysis.transformer import Attention, Latent, TransformerShape, kv_cache_bytes

LATENT_HEADS = 4
ROPE_SHARE = 2


def with_attention(shape: TransformerShape, change: Callable[[Attention], Attention]) -> TransformerShape:
    """The shape with every attention of its layers changed; everything else stays, the widths of the MLPs included.

    >>> from analysis.transformer import transformer_shape
    >>> shape = transformer_shape(n_layers=2, d_model=8, n_heads=4, d_ff=16, vocab_size=9)
    >>> with_attention(shape, lambda attention: with_heads(attention, 1)).attention.n_kv_heads
    1
    """
    made: dict[Any, Attention] = {mixer: change(mixer) for mixer in {layer.mixer for layer in shape.layers} if isinstance(mixer, Attention)}
    return replace(shape, layers=tuple(replace(layer, mixer=made.get(layer.mixer, layer.mixer)) for layer in shape.layers))


def with_heads(attention: Attention, n_kv_heads: int) -> Attention:
    """The attention with n_kv_heads heads of keys and values, at most its own heads, every position and no latent."""
    return replace(attention, n_kv_heads=min(n_kv_heads, attention.n_heads), window=None, chunked=False, latent=None)


def with_latent(attention: Attention) -> Attention:
    """The attention with its keys and values compressed as DeepSeek-V2 does: a rank of 4 head widths and half a head of positions.

    The cache then holds 4.5 head widths per token and layer whatever the number of heads. An attention that has a latent of
    its own keeps that. Source: [deepseek2024v2] Table 1.

    >>> with_latent(Attention(32, 32, 128, 128)).latent
    Latent(q_rank=None, kv_rank=512, nope_dim=128, rope_dim=64)
    """
    if attention.latent:
        return replace(attention, window=None, chunked=False)
    width = attention.v_head_dim
    latent = Latent(None, LATENT_HEADS * width, attention.head_dim, width // ROPE_SHARE)
    return replace(with_heads(attention, attention.n_heads), latent=latent, head_dim=attention.head_dim + latent.rope_dim)


def with_window(attention: Attention, window: int | None) -> Attention:
    """The attention with a sliding window, or with none."""
    return replace(attention, window=window, chunked=False)


def variants(shape: TransformerShape, n_kv_heads: int, window: int) -> dict[str, TransformerShape]:
    """The shape with other kinds of attention, by name: what-ifs on the model as it is, all else kept.

    mha, gqa, mqa, mla: as many key-value heads as query heads, n_kv_heads, one, and a latent; all see every position. window: the
    model's own heads with a sliding window in every layer. Raises ValueError for a model without attention or with an encoder.
    """
    attention = own_attention(shape)
    if attention.n_heads % n_kv_heads:
        raise ValueError(f"n_kv_heads must divide the {attention.n_heads} heads of the model, got {n_kv_heads}")
    _positive("window", window)
    return {
        "mha": with_attention(shape, lambda own: with_heads(own, own.n_heads)),
        "gqa": with_attention(shape, lambda own: with_heads(own, n_kv_heads)),
        "mqa": with_attention(shape, lambda own: with_heads(own, 1)),
        "mla": with_attention(shape, with_latent),
        "window": with_attention(shape, lambda own: with_window(own, window)),
    }


def own_attention(shape: TransformerShape) -> Attention:
    """The first attention of a decoder; ValueError where there is none, or where there is an encoder as well."""
    if shape.encoder_layers:
        raise ValueError("this model has an encoder as well; this chart is of decoders alone")
    if shape.attention is None:
        raise ValueError("this model has no attention, so it keeps no cache of keys and values")
    return shape.attention


def group_sizes(attention: Attention) -> list[int]:
    """Numbers of key-value heads that share the query heads evenly, in rising order.

    >>> group_sizes(Attention(12, 12, 64, 64))
    [1, 2, 3, 4, 6, 12]
    """
    return [number for number in range(1, attention.n_heads + 1) if attention.n_heads % number == 0]


def usual_groups(attention: Attention) -> int:
    """A number of key-value heads to compare with: the model's own where heads are shared, else 8, else the middle one.

    >>> usual_groups(Attention(64, 8, 128, 128)), usual_groups(Attention(32, 32, 128, 128)), usual_groups(Attention(8, 8, 64, 64))
    (8, 8, 4)
    """
    if 1 < attention.n_kv_heads < attention.n_heads:
        return attention.n_kv_heads
    numbers = group_sizes(attention)
    return 8 if 8 in numbers[:-1] else numbers[len(numbers) // 2]


def saving(shape: TransformerShape, other: TransformerShape, context_len: int) -> float:
    """How many times as much the cache of the other shape takes as that of this one, at a context of context_len tokens.

    >>> from analysis.transformer import transformer_shape
    >>> llama = transformer_shape(n_layers=80, d_model=8192, n_heads=64, n_kv_heads=8, d_ff=28672, vocab_size=32000)
    >>> saving(llama, variants(llama, 8, 4096)["mha"], 4096)
    8.0
    """
    return kv_cache_bytes(other, context_len) / kv_cache_bytes(shape, context_len)
