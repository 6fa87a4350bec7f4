"""What a sliding window sees: its mask, its reach over layers, and its rolling buffer."""

from collections.abc import Callable
from typing import Any

import numpy as np

from analysis.trace import Traced, integer
from analysis.transformer import Attention, Recurrent, TransformerShape
from analysis.transformer.shape import Layer


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
        first = 1 if isinstance(at, Traced) else np.ones_like(at)
    elif chunked:
        first = (at - 1) // _positive("window", window) * window + 1
    else:
        first = np.maximum(1, at - _positive("window", window) + 1)
    return (integer(first), integer(at)) if np.ndim(at) == 0 else (first, at)


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
    return integer(place) if np.ndim(place) == 0 else place


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


def _positive(name: str, value) -> Any:
    """value as an array of integers; ValueError unless all are whole numbers of at least 1."""
    if isinstance(value, Traced):
        _positive(name, value.value)
        return value
    array = np.asarray(value)
    if array.dtype.kind not in "iuf" or not np.all(np.isfinite(array) & (array >= 1) & (array % 1 == 0)):
        raise ValueError(f"{name} must be whole numbers of at least 1, got {value!r}")
    return array.astype(np.int64)
