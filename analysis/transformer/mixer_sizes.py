"""Sizes of the mixers that keep a state instead of a cache: Mamba, gated delta networks, linear attention, short convolutions.

Each function gives a Recurrent: parameters of the projections, the remaining parameters, and the values of its state. A convolution over
kernel tokens keeps the inputs of so many, as transformers does: one more than the next step reads.
"""

import math

from analysis.transformer.shape import Recurrent


def mamba(
    d_model: int,
    expand: int = 2,
    state: int = 16,
    kernel: int = 4,
    rank: int | None = None,
    inner_norms: bool = False,
    conv_bias: bool = True,
    bias: bool = False,
) -> Recurrent:
    """A Mamba mixer: d_model -> 2 inner, inner = expand d_model, a convolution over kernel tokens, and a state of inner times state.

    rank: width of the step size, d_model / 16 rounded up if None. inner_norms: norms on step, input and output (Jamba).
    Source: [gu2023] section 3.

    >>> mamba(4096, inner_norms=True).state
    163840
    """
    inner = expand * d_model
    rank = math.ceil(d_model / 16) if rank is None else rank
    matrix = d_model * 2 * inner + inner * (rank + 2 * state) + rank * inner + inner * d_model
    other = inner * (kernel + conv_bias) + inner + inner * state + inner + bias * (2 * inner + d_model)
    return Recurrent("mamba", matrix, other + inner_norms * (rank + 2 * state), inner * (state + kernel))


def mamba2(
    d_model: int,
    n_heads: int,
    inner: int,
    n_groups: int,
    state: int,
    kernel: int,
    conv_bias: bool = True,
    in_bias: bool = False,
    out_bias: bool = False,
    norm: bool = True,
) -> Recurrent:
    """A Mamba-2 mixer of n_heads heads that together have the width inner, with input and output shared by the heads of a group.

    >>> mamba2(4096, n_heads=128, inner=8192, n_groups=8, state=128, kernel=4).matrix
    109576192
    """
    width = inner + 2 * n_groups * state  # what the convolution sees
    matrix = d_model * (inner + width + n_heads) + inner * d_model
    other = width * (kernel + conv_bias) + 3 * n_heads + norm * inner + in_bias * (inner + width + n_heads) + out_bias * d_model
    return Recurrent("mamba2", matrix, other, inner * state + width * kernel)


def gated_delta(d_model: int, n_key_heads: int, key_dim: int, n_value_heads: int, value_dim: int, kernel: int) -> Recurrent:
    """A gated delta network (Qwen3-Next): queries, keys, values and an output gate, a convolution, and a matrix state per value head.

    >>> gated_delta(2048, n_key_heads=16, key_dim=128, n_value_heads=32, value_dim=128, kernel=4).state
    557056
    """
    keys, values = n_key_heads * key_dim, n_value_heads * value_dim
    width = 2 * keys + values
    matrix = d_model * (2 * keys + 2 * values + 2 * n_value_heads) + values * d_model
    other = width * kernel + 2 * n_value_heads + value_dim
    return Recurrent("gated delta network", matrix, other, n_value_heads * key_dim * value_dim + width * kernel)


def kimi_delta(d_model: int, n_heads: int, head_dim: int, kernel: int) -> Recurrent:
    """Kimi delta attention: queries, keys and values of one width, gates of low rank head_dim, and a matrix state per head.

    >>> kimi_delta(2304, n_heads=32, head_dim=128, kernel=4).state
    573440
    """
    width = n_heads * head_dim
    gates = 2 * (d_model * head_dim + head_dim * width)
    matrix = 3 * d_model * width + gates + d_model * n_heads + width * d_model
    other = 3 * width * kernel + width + n_heads + head_dim
    return Recurrent("Kimi delta attention", matrix, other, n_heads * head_dim**2 + 3 * width * kernel, part="attention")


def lightning(d_model: int, n_heads: int, head_dim: int) -> Recurrent:
    """Lightning attention (MiniMax): linear attention with an output gate and a norm, and a matrix state per head.

    >>> lightning(4096, n_heads=32, head_dim=128).state
    524288
    """
    width = n_heads * head_dim
    return Recurrent("lightning attention", 5 * d_model * width, width, n_heads * head_dim**2, part="attention")


def short_conv(d_model: int, kernel: int, bias: bool = False) -> Recurrent:
    """A gated short convolution (LFM2) over kernel tokens.

    >>> short_conv(2048, kernel=3).state
    6144
    """
    return Recurrent("short convolution", 4 * d_model**2, d_model * kernel + bias * 5 * d_model, d_model * kernel)
