"""Chinchilla's question the other way round: how many tokens make a model of a given size the best one for its compute?"""

import numpy as np
import pandas as pd

from analysis.scaling.chinchilla import CONSTANTS, FLOPS_PER_PARAM_TOKEN, positive

LOWEST, HIGHEST = 1e3, 1e60
"""Budgets between which the optimum is looked for [FLOP]."""


def tokens_for(law, N):
    """Training tokens D at which N parameters are compute-optimal under a law; broadcasts over N.

    The law's optimal N rises with the budget, so the budget at which it is N is found by halving its logarithm; D is the optimum's there.
    Raises ValueError for N that is not positive, or that no budget between LOWEST and HIGHEST makes optimal.

    >>> from analysis.scaling.chinchilla import ScalingLaw
    >>> law = ScalingLaw(E=1.69, A=400.0, B=400.0, alpha=0.3, beta=0.3)
    >>> f"{float(tokens_for(law, 1e10)):.6g}"
    '1e+10'
    """
    N = positive("N", N)
    low, high = np.full(N.shape, np.log(LOWEST)), np.full(N.shape, np.log(HIGHEST))
    ends = [law.compute_optimal(np.exp(end))[0] for end in (low, high)]
    if not (np.all(ends[0] <= N) and np.all(N <= ends[1])):
        raise ValueError(f"No budget makes this size the best one under {law.label}.")
    for _ in range(80):
        middle = (low + high) / 2
        below = law.compute_optimal(np.exp(middle))[0] < N
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    return law.compute_optimal(np.exp((low + high) / 2))[1]


def resampled_tokens_for(resamples: pd.DataFrame, N) -> np.ndarray:
    """D of `tokens_for` under each resample of a fit: shape (resamples, *shape of N); not finite where it has none.

    With a = beta / (alpha + beta) and G as in `ScalingLaw.compute_optimal`: C / 6 = (N / G)^(1 / a), D = C / (6 N).
    """
    E, A, B, alpha, beta = (resamples[name].to_numpy()[:, None] for name in CONSTANTS)
    size = np.log(positive("N", N).reshape(1, -1))
    with np.errstate(all="ignore"):
        log_G = (np.log(alpha * A) - np.log(beta * B)) / (alpha + beta)
        return np.exp((size - log_G) * (alpha + beta) / beta - size).reshape(len(resamples), *np.shape(N))


def compute_for(N, D):
    """Training compute [FLOP] of N parameters on D tokens, C = 6 N D.

    >>> float(compute_for(1e9, 2e10))
    1.2e+20
    """
    return FLOPS_PER_PARAM_TOKEN * positive("N", N) * positive("D", D)
