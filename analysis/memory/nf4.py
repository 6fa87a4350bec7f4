"""Four bits for a weight: the code books of NF4, FP4 and INT4, what quantisation costs in bits and in error."""

import math
from statistics import NormalDist

import numpy as np

from analysis.scaling.chinchilla import positive
from analysis.transformer.shape import whole

NF4_OFFSET = 1 - (1 / 32 + 1 / 30) / 2
"""The outermost probability of NF4: mean of the ends that 15 and 16 equal steps would have."""
FORMATS = {"nf4": "NF4", "fp4": "FP4 (E2M1)", "int4": "INT4"}


def nf4_code_book() -> np.ndarray:
    """The 16 levels of 4-bit NormalFloat, from -1 to 1, shape (16,).

    Quantiles of the standard normal at 8 equally spaced probabilities from 0.9677 down towards 1/2 on the positive side, 7 on the
    negative side, and an exact zero, over the largest of them. This is the construction that gives the printed values; Eq. 4 of the
    paper as it stands does not (`nf4_by_equation`).
    Source: [dettmers2023] section 3 and Appendix E.

    >>> nf4_code_book()[[0, 7, 8, 15]].round(4).tolist()
    [-1.0, 0.0, 0.0796, 1.0]
    """
    quantile = NormalDist().inv_cdf
    upper = [quantile(p) for p in np.linspace(NF4_OFFSET, 0.5, 9)[:-1]]
    lower = [-quantile(p) for p in np.linspace(NF4_OFFSET, 0.5, 8)[:-1]]
    levels = np.array(sorted([*lower, 0.0, *upper]))
    return levels / levels.max()


def nf4_by_equation() -> np.ndarray:
    """The finite levels of Eq. 4 as printed: q_i = (Q(i / 17) + Q((i + 1) / 17)) / 2 over the largest, shape (15,).

    Q is the normal quantile function, infinite at both ends, so the outer two of the 17 means are not numbers that can be stored. What is
    left is symmetric with 15 levels: not the code book of Appendix E.
    Source: [dettmers2023] Eq. 4.

    >>> len(nf4_by_equation())
    15
    """
    quantile = NormalDist().inv_cdf
    levels = np.array([(quantile(i / 17) + quantile((i + 1) / 17)) / 2 for i in range(1, 16)])
    return levels / levels.max()


def code_book(format: str) -> np.ndarray:
    """The levels of a 4-bit format, scaled to a largest of 1, ascending.

    nf4: `nf4_code_book`. fp4: sign, two bits of exponent, one of mantissa (0, 0.5, 1, 1.5, 2, 3, 4, 6 over 6). int4: -7 to 7 over 7.
    Raises ValueError for another name.

    >>> len(code_book("nf4")), len(code_book("fp4")), len(code_book("int4"))
    (16, 15, 15)
    """
    if format == "nf4":
        return nf4_code_book()
    if format == "fp4":
        magnitudes = np.array([0.5, 1, 1.5, 2, 3, 4, 6]) / 6
        return np.concatenate([-magnitudes[::-1], [0.0], magnitudes])
    if format == "int4":
        return np.arange(-7, 8) / 7
    raise ValueError(f"format must be one of {', '.join(FORMATS)}, got {format!r}")


def bits_per_param(block_size=64, double_quantisation: bool = True, constant_block_size=256):
    """Bits stored for each quantised parameter: 4 and its share of the constants; sizes broadcast.

    32-bit constants: 4 + 32 / block_size. Double quantisation stores them in 8 bits, with a 32-bit constant for each
    constant_block_size of them: 4 + 8 / block_size + 32 / (block_size constant_block_size).
    Source: [dettmers2023] section 3.

    >>> float(bits_per_param(64, False)), round(float(bits_per_param(64)), 3)
    (4.5, 4.127)
    """
    block = positive("block_size", block_size)
    if not double_quantisation:
        return 4 + 32 / block
    return 4 + 8 / block + 32 / (block * positive("constant_block_size", constant_block_size))


def quantise(weights, format: str = "nf4", block_size: int = 64) -> tuple[np.ndarray, np.ndarray]:
    """(codes, absmax) of a flat array of weights: for each block its largest magnitude, and for each weight the nearest level of it.

    codes: shape (n,), integers; absmax: shape (ceil(n / block_size),). Raises ValueError for weights that are empty or not finite.

    >>> codes, absmax = quantise([1.2, -2.0, 0.0], "int4", 4)
    >>> codes.tolist(), absmax.tolist()
    ([11, 0, 7], [2.0])
    """
    weights, levels = np.ravel(np.asarray(weights, dtype=float)), code_book(format)
    whole("block_size", block_size)
    if not weights.size or not np.isfinite(weights).all():
        raise ValueError("weights must be finite numbers, at least one")
    blocks = np.pad(weights, (0, -weights.size % block_size)).reshape(-1, block_size)
    absmax = np.abs(blocks).max(axis=1)
    scaled = blocks / np.where(absmax > 0, absmax, 1)[:, None]
    codes = np.searchsorted((levels[1:] + levels[:-1]) / 2, scaled)
    return codes.ravel()[: weights.size], absmax


def dequantise(codes, absmax, format: str = "nf4", block_size: int = 64) -> np.ndarray:
    """The weights that codes and absmax of `quantise` stand for, shape of codes: level times absmax of the block.

    >>> dequantise(*quantise([2.0, -2.0, 0.0], "nf4", 4), "nf4", 4).tolist()
    [2.0, -2.0, 0.0]
    """
    codes = np.asarray(codes)
    return code_book(format)[codes] * np.repeat(absmax, block_size)[: codes.size]


def middle_absmax(block_size: int) -> float:
    """The median of the largest magnitude among block_size independent standard normal weights.

    The largest is within [-m, m] with probability (2 Phi(m) - 1)^block_size; this is the m at which that is one half.

    >>> round(middle_absmax(64), 2)
    2.55
    """
    return NormalDist().inv_cdf((1 + 0.5 ** (1 / whole("block_size", block_size))) / 2)


def rms_error(format: str, block_size: int) -> float:
    """Root mean square error of quantising independent standard normal weights by blocks, exact constants, in units of their spread.

    Given the largest magnitude m of a block, the others are normal within [-m, m], and their squared error is a sum of normal integrals
    over the levels' cells; this is averaged over the distribution of m, (2 Phi(m) - 1)^block_size, by Gauss-Legendre quadrature.
    Deterministic; the error that double quantisation adds to the constants is left out.

    >>> round(rms_error("nf4", 64), 3)
    0.092
    """
    whole("block_size", block_size, least=2)
    levels = code_book(format)
    points, weights = np.polynomial.legendre.leggauss(48)
    share = ((points + 1) / 2) ** (1 / block_size)  # probability of being within [-m, m]
    inverse = NormalDist().inv_cdf
    largest = np.array([inverse((1 + p) / 2) for p in share])[:, None]
    edges = np.concatenate([[-1.0], (levels[1:] + levels[:-1]) / 2, [1.0]]) * largest
    phi = np.exp(-(edges**2) / 2) / math.sqrt(2 * math.pi)
    cumulative = np.array([[0.5 * math.erfc(-x / math.sqrt(2)) for x in row] for row in edges])
    centre = levels * largest
    mass, first = np.diff(cumulative, axis=1), -np.diff(phi, axis=1)
    second = mass - np.diff(edges * phi, axis=1)
    squared = (second - 2 * centre * first + centre**2 * mass).sum(axis=1) / share
    return math.sqrt(float((weights / 2 * squared).sum()) * (block_size - 1) / block_size)
