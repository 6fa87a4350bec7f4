"""Shares of a counted number of cases with their intervals, and correlations."""

from statistics import NormalDist

import numpy as np
import pandas as pd

from analysis.trace import applied, array, named


def normal_quantile(level: float) -> float:
    """The number z with a share `level` of the standard normal distribution between -z and z.

    Raises ValueError for a level that is not between 0 and 1.

    >>> round(normal_quantile(0.95), 3)
    1.96
    """
    if not 0 < level < 1:
        raise ValueError(f"level must be between 0 and 1, got {level!r}")
    return named(applied("normal quantile", NormalDist().inv_cdf, (1 + level) / 2), "z", "normal quantile of the level")


def wilson_interval(share, n, level: float = 0.95) -> tuple[np.ndarray, np.ndarray]:
    """(low, high) of Wilson's interval for a share observed in n independent cases; broadcasts.

    (p + z^2 / 2n -+ z sqrt(p (1 - p) / n + z^2 / 4n^2)) / (1 + z^2 / n), with z the normal quantile of level. It stays between 0 and 1
    and has a width also where all cases agree. Holds for cases that do not depend on each other.

    share: in [0, 1]; it need not be a whole number of cases, since papers print rounded shares. n: cases, above 0; a fraction stands for
    cases that are worth less than one. NaN where either is NaN. Raises ValueError for values out of range. Source: [wilson1927].

    >>> low, high = wilson_interval(0.5, 100)
    >>> round(float(low), 4), round(float(high), 4)
    (0.4038, 0.5962)
    """
    p, n = array(share), array(n)
    if np.any((p < 0) | (p > 1)):
        raise ValueError(f"share must be between 0 and 1, got {share!r}")
    if np.any(n <= 0):
        raise ValueError(f"n must be above 0, got {n!r}")
    z = normal_quantile(level)
    middle, width = p + z**2 / (2 * n), z * np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    return np.clip((middle - width) / (1 + z**2 / n), 0, 1), np.clip((middle + width) / (1 + z**2 / n), 0, 1)


def with_interval(rows: pd.DataFrame, n, level: float = 0.95) -> pd.DataFrame:
    """The rows with columns low and high, Wilson's interval of their column share in n cases; n: one number, or one per row.

    >>> with_interval(pd.DataFrame({"share": [0.5]}), 100)["low"].round(4).tolist()
    [0.4038]
    """
    low, high = wilson_interval(rows["share"].to_numpy(), n, level)
    return rows.assign(low=low, high=high)


def ranks(values) -> np.ndarray:
    """The ranks of values along the last axis, from 1; equal values share the mean of their ranks.

    >>> ranks([10, 30, 30, 20]).tolist()
    [1.0, 3.5, 3.5, 2.0]
    """
    # Not scipy.stats.rankdata: it gives the same, but its import takes seconds, and pages rank when they open.
    return pd.DataFrame(np.atleast_2d(values)).rank(axis=1).to_numpy().reshape(np.shape(values))


def standardised(rows: np.ndarray) -> np.ndarray:
    """Rows less their mean, over their length, so that products add up to correlations; NaN for a row that does not vary."""
    centred = rows - rows.mean(-1, keepdims=True)
    length = np.sqrt((centred**2).sum(-1, keepdims=True))
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(length > 0, centred / length, np.nan)


def correlation(x, y) -> np.ndarray:
    """Pearson's correlation along the last axis; NaN where one of the two does not vary. Broadcasts.

    >>> round(float(correlation([1, 2, 3], [2, 4, 6])), 12)
    1.0
    """
    return np.clip((standardised(np.asarray(x, dtype=float)) * standardised(np.asarray(y, dtype=float))).sum(-1), -1, 1)


def spearman(x, y) -> np.ndarray:
    """Spearman's rank correlation of x and y along the last axis; NaN where one of them does not vary.

    >>> float(spearman([1, 2, 3, 4], [1, 8, 27, 64]))
    1.0
    """
    return correlation(ranks(x), ranks(y))


def spearman_p(rho: float, n: int) -> float:
    """Two-sided p-value of a rank correlation of n pairs, by Student's t with n - 2 degrees of freedom; NaN for NaN.

    >>> round(spearman_p(0.5, 20), 4), spearman_p(1.0, 20)
    (0.0248, 0.0)
    """
    from scipy.special import stdtr

    with np.errstate(divide="ignore"):
        t = abs(rho) * np.sqrt((n - 2) / np.maximum(1 - np.square(rho), 0))
    return float(2 * stdtr(n - 2, -t))
