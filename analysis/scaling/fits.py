"""Fits to training runs and their resamples, each computed once per server for all who ask for it."""

import threading
from collections.abc import Callable

import numpy as np
import pandas as pd

from analysis.background.once import POLL_SECONDS, Report, Shared, digest
from analysis.scaling import chinchilla, fitting, resampling

RESAMPLES = 4000
KEPT = Shared(most=32)
"""Fits of all readers: numbers only, by a digest of the runs and the threshold; 0.2 MB each."""
BANDS = Shared(most=32)
ONE_AT_A_TIME = threading.Lock()
Fit = tuple[fitting.FitResult, pd.DataFrame]
"""A fit and its resamples, none where the runs determine no law. Everybody gets the same objects, so nobody may change them."""


def asked_for(runs: pd.DataFrame, delta: float) -> tuple[str, Callable[[Report], Fit]]:
    """(key, work) of the fit to runs in KEPT, whose `get` computes it or waits for it.

    runs: columns n_params, n_tokens and loss. delta: Huber threshold on log loss.
    """
    N, D, L = (runs[name].to_numpy(float) for name in ("n_params", "n_tokens", "loss"))
    return digest((N, D, L, delta)), lambda report: fit_with_resamples(N, D, L, delta, report)


def fit(runs: pd.DataFrame, delta: float) -> Fit:
    """(fit, resamples) of runs, computed where nobody has asked for it yet, which takes seconds. Raises ValueError for runs of no use."""
    return KEPT.get(*asked_for(runs, delta))


def fit_with_resamples(N: np.ndarray, D: np.ndarray, L: np.ndarray, delta: float, report: Report) -> Fit:
    """(fit, resamples), one fit after another: two at once would take as long, and the charts of others would wait.

    No resamples where the runs determine no law.
    """
    while not ONE_AT_A_TIME.acquire(timeout=POLL_SECONDS):
        report(0, 1, "Waiting for the fit of another reader")
    try:
        result = fitting.fit_parametric(N, D, L, delta, progress=lambda done, total, words: report(0.6 * done / total, 1, words))
        resamples = pd.DataFrame(columns=list(chinchilla.CONSTANTS))
        if result.law is not None:
            resamples = resampling.bootstrap(
                N,
                D,
                L,
                RESAMPLES,
                delta=delta,
                start=result.law,
                progress=lambda done, total, words: report(0.6 + 0.4 * done / total, 1, words),
            )
    finally:
        ONE_AT_A_TIME.release()
    return result, resamples[list(chinchilla.CONSTANTS)]


def bands(resamples: pd.DataFrame, budgets: np.ndarray, level: float) -> pd.DataFrame:
    """`resampling.optimum_bands` at budgets [FLOP], computed once per server and bootstrap; empty for no resamples."""
    if not len(resamples):
        return pd.DataFrame()
    constants = resamples[list(chinchilla.CONSTANTS)].to_numpy(float)
    return BANDS.get(digest((constants, budgets, level)), lambda report: resampling.optimum_bands(resamples, budgets, level))
