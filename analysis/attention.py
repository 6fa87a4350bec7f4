"""What attention sees and what its cache takes: the mask of a window, its reach over layers, the rolling buffer, and kinds of heads.

Positions are counted from 1, and a window of W tokens holds the token itself and the W - 1 before it.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from analysis.transformer import Attention, Latent, Recurrent, TransformerShape, kv_cache_bytes
from analysis.transformer.shape import Layer

LATENT_HEADS = 4
ROPE_SHARE = 2


def seen(position, window: int | None, chunked: bool = False):
    """(first, last) position that the token at a position attends to, counted from 1; position broadcasts.

    last = position, first = max(1, position - window + 1): a window of W holds the token itself and W - 1 before it. Without a
    window first = 1. chunked: the window is a fixed chunk, and first is where the chunk starts.

    Raises ValueError for positions and windows that are not whole numbers of at least 1. Source: [jiang2023] section 2; the
    reference implementation and transformers count the token itself as part of the window, as here.

    >>> seen(50_000, 4_096)
    (45905, 50000)
    >>> seen(50_000, None), seen(10, 4, chunked=True)
    ((1, 50000), (9, 10))
    """
    at = _positive("position", position)
    if window is None:
        first = np.ones_like(at)
    elif chunked:
        first = (at - 1) // _positive("window", window) * window + 1
    else:
        first = np.maximum(1, at - _positive("window", window) + 1)
    return (int(first), int(at)) if at.ndim == 0 else (first, at)


def mask(n_positions: int, window: int | None, chunked: bool = False) -> np.ndarray:
    """The mask as truth values: row i says which of the n_positions the token at position i + 1 attends to.

    >>> mask(4, 2).astype(int).tolist()
    [[1, 0, 0, 0], [1, 1, 0, 0], [0, 1, 1, 0], [0, 0, 1, 1]]
    """
    at = np.arange(1, int(_positive("n_positions", n_positions)) + 1)
    first, last = seen(at, window, chunked)
    return (at[None, :] >= first[:, None]) & (at[None, :] <= last[:, None])


def reach(shape: TransformerShape, position: int) -> np.ndarray:
    """Positions, itself included, that can have an influence on a token after each layer: an array with one number per layer.

    A layer with a window of W hands on what is W - 1 positions back, so k such layers reach k (W - 1) + 1 positions, at most
    position. Layers that see everything, and recurrent mixers, reach back to the first. It is a bound: how much of what is far back
    gets through is for training to decide. [jiang2023] section 2 gives k W, one token more per layer.

    >>> from analysis.transformer import transformer_shape
    >>> mistral = transformer_shape(n_layers=32, d_model=4096, n_heads=32, n_kv_heads=8, d_ff=14336, vocab_size=32000, window=4096)
    >>> reach(mistral, 200_000)[[0, 31]].tolist()
    [4096, 131041]
    """
    position = int(_positive("position", position))
    steps = [_back(layer, shape.d_model) for layer in shape.layers]
    reached = []
    for depth in range(1, len(steps) + 1):
        first = position
        for step in reversed(steps[:depth]):  # from the top layer down: the lowest sees what the others have asked for
            first = step(first)
        reached.append(position - first + 1)
    return np.array(reached)


def _back(layer: Layer, d_model: int) -> Callable[[int], int]:
    """The first position from which a layer hands something on to a given position."""
    steps = [_of_mixer(mixer, d_model) for mixer in (layer.mixer, layer.beside) if mixer is not None]
    return lambda first: min((step(first) for step in steps), default=first)


def _of_mixer(mixer: Attention | Recurrent, d_model: int) -> Callable[[int], int]:
    if isinstance(mixer, Attention):
        if mixer.window is None:
            return lambda first: 1
        if mixer.chunked:
            return lambda first: (first - 1) // mixer.window * mixer.window + 1
        return lambda first: max(1, first - mixer.window + 1)
    if mixer.kind == "short convolution":
        return lambda first: max(1, first - mixer.state // d_model)
    return lambda first: 1


def slot(position, window: int):
    """Place in the rolling buffer of a window, counted from 1, where the keys and values of a position are kept; broadcasts.

    (position - 1) mod window + 1. [jiang2023] section 2 counts both from 0: i mod W, the same place.

    >>> slot(4_097, 4_096), slot(50_000, 4_096)
    (1, 848)
    """
    place = (_positive("position", position) - 1) % _positive("window", window) + 1
    return int(place) if place.ndim == 0 else place


def buffer(n_tokens: int, window: int) -> np.ndarray:
    """The position that each place of the rolling buffer holds after n_tokens; 0 for a place not written yet.

    The last window positions, each at `slot(position, window)`. Source: [jiang2023] section 2.

    >>> buffer(6, 4).tolist(), buffer(3, 4).tolist()
    ([5, 6, 3, 4], [1, 2, 3, 0])
    """
    first, last = seen(n_tokens, window)
    held = np.zeros(int(window), dtype=int)
    positions = np.arange(first, last + 1)
    held[slot(positions, window) - 1] = positions
    return held


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
        raise ValueError("this model has an encoder as well; caches and costs are computed here for decoders")
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


def _positive(name: str, value) -> np.ndarray:
    """value as an array of integers; ValueError unless all are whole numbers of at least 1."""
    array = np.asarray(value)
    if array.dtype.kind not in "iuf" or not np.all(np.isfinite(array) & (array >= 1) & (array % 1 == 0)):
        raise ValueError(f"{name} must be whole numbers of at least 1, got {value!r}")
    return array.astype(np.int64)
