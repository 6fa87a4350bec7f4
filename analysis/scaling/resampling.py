"""How well a fitted law is known: its bootstrap, and percentile intervals of what it says."""

import numpy as np
import pandas as pd

from analysis.scaling import minimise
from analysis.scaling.chinchilla import CONSTANTS, FLOPS_PER_PARAM_TOKEN, ScalingLaw, positive
from analysis.scaling.fitting import DELTA, check_runs, fit_parametric
from analysis.scaling.minimise import Progress


def resample_weights(n_runs: int, n_resamples: int, seed: int) -> np.ndarray:
    """How often each run occurs in each resample drawn with replacement: shape (n_resamples, n_runs), rows sum to n_runs.

    The generator is numpy's frozen RandomState, so that a seed means the same resamples for good; seed 42 gives those of
    the notebook released with [besiroglu2024].

    >>> resample_weights(3, 2, seed=0).sum(axis=1).tolist()
    [3.0, 3.0]
    """
    drawn = np.random.RandomState(seed).randint(0, n_runs, size=(n_resamples, n_runs))
    drawn += n_runs * np.arange(n_resamples)[:, None]
    return np.bincount(drawn.ravel(), minlength=n_resamples * n_runs).reshape(n_resamples, n_runs).astype(float)


def bootstrap(
    N,
    D,
    L,
    n_resamples: int = 4000,
    seed: int = 42,
    delta: float = DELTA,
    start: ScalingLaw | None = None,
    progress: Progress | None = None,
) -> pd.DataFrame:
    """The law refitted to resampled runs: columns E, A, B, alpha, beta, objective, converged; one row per resample.

    N, D, L, delta, progress as in `fit_parametric`. Each refit starts at `start`, by default the fit to all runs. A resample may leave out
    the runs that determine a constant; its law then has one that is not positive or not finite.
    Raises ValueError for fewer than two resamples, and for runs that determine no law.

    Source: case resampling with 4,000 draws as in [besiroglu2024] section 3.
    """
    N, D, L = check_runs(N, D, L, delta)
    if n_resamples < 2:
        raise ValueError(f"n_resamples must be at least 2, got {n_resamples}")
    if start is None:
        fit = fit_parametric(N, D, L, delta)
        if fit.law is None:
            raise ValueError(fit.message)
        start = fit.law
    problem = minimise.Problem.of(N, D, L)
    theta = problem.theta(np.array([np.log(start.A), np.log(start.B), np.log(start.E), start.alpha, start.beta]))[0]
    with np.errstate(over="ignore", divide="ignore", invalid="ignore", under="ignore"):
        rows = minimise.minimise_resamples(problem, theta, resample_weights(len(N), n_resamples, seed), delta, progress)
    resamples = pd.DataFrame(problem.constants(rows.theta), columns=list(CONSTANTS))
    return resamples.assign(objective=rows.objective, converged=rows.converged)


def resampled_optimum(resamples: pd.DataFrame, C) -> tuple[np.ndarray, np.ndarray]:
    """(N, D) compute-optimal under each resample: two arrays of shape (resamples, *shape of C); not finite where it has no optimum."""
    E, A, B, alpha, beta = (resamples[name].to_numpy()[:, None] for name in CONSTANTS)
    base = np.log(positive("C", C).reshape(1, -1) / FLOPS_PER_PARAM_TOKEN)
    shape = (len(resamples), *np.shape(C))
    with np.errstate(all="ignore"):
        a = beta / (alpha + beta)
        log_G = (np.log(alpha * A) - np.log(beta * B)) / (alpha + beta)
        return np.exp(log_G + a * base).reshape(shape), np.exp((1 - a) * base - log_G).reshape(shape)


def optimum_bands(resamples: pd.DataFrame, C, level: float = 0.95) -> pd.DataFrame:
    """Percentile intervals of the optimum at each budget: train_flops, level, and _low and _high of n_params, n_tokens, ratio.

    C: budgets [FLOP], shape (k,). Budgets at which an end is unknown (see `interval`) are left out, all of them for an empty resamples.
    """
    if not len(resamples):
        return pd.DataFrame()
    N, D = resampled_optimum(resamples, C)
    with np.errstate(all="ignore"):
        ratio = D / N
    table = {"train_flops": C, "level": level}
    for name, samples in (("n_params", N), ("n_tokens", D), ("ratio", ratio)):
        table[f"{name}_low"], table[f"{name}_high"] = interval(samples, level)
    return pd.DataFrame(table).dropna(ignore_index=True)


def resampled_loss(resamples: pd.DataFrame, N, D) -> np.ndarray:
    """Loss [nats] of N parameters and D tokens under each resample: shape (resamples, *broadcast shape of N and D)."""
    N, D = np.broadcast_arrays(positive("N", N), positive("D", D))
    E, A, B, alpha, beta = (resamples[name].to_numpy().reshape(-1, *[1] * N.ndim) for name in CONSTANTS)
    with np.errstate(all="ignore"):
        return E + A * np.exp(-alpha * np.log(N)) + B * np.exp(-beta * np.log(D))


def interval(samples: np.ndarray, level: float = 0.95) -> tuple[np.ndarray, np.ndarray]:
    """(low, high) ends of the central percentile interval over the first axis.

    A sample that is not finite says nothing, so it counts as below the one end and above the other; where that leaves an end without a
    number, it is NaN.

    >>> low, high = interval(np.arange(101.0), level=0.8)
    >>> round(float(low)), round(float(high))
    (10, 90)
    """
    if not 0 < level < 1:
        raise ValueError(f"level must be between 0 and 1, got {level!r}")
    samples, shares = np.asarray(samples, dtype=float), [50 * (1 - level), 50 * (1 + level)]
    known = np.isfinite(samples)
    if known.all():
        low, high = np.percentile(samples, shares, axis=0)
        return low, high
    with np.errstate(invalid="ignore"):
        ends = [np.percentile(np.where(known, samples, far), share, axis=0) for far, share in zip((-np.inf, np.inf), shares, strict=True)]
    low, high = (np.where(np.isfinite(end), end, np.nan) for end in ends)
    return low, high


def standard_errors(resamples: pd.DataFrame) -> dict[str, float]:
    """Standard deviation of each constant over the resamples; NaN where a resample has one that is not finite."""
    with np.errstate(all="ignore"):
        return {name: float(resamples[name].std(ddof=1)) for name in CONSTANTS}
