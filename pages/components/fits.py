"""Fits on request: done once per server and data, with progress."""

import threading

import numpy as np
import pandas as pd
import streamlit as st

from analysis.background.once import POLL_SECONDS, Report, Shared, digest
from analysis.background.process import Cancelled
from analysis.scaling import chinchilla, fitting, resampling
from analysis.scaling.data import compute_axis
from pages.components.markdown import plain
from pages.components.waiting import wait_for

RESAMPLES = 4000
KEPT = Shared(most=32)
"""Fits of all readers: numbers only, by a digest of the runs and settings; 0.2 MB each."""
ONE_AT_A_TIME = threading.Lock()


def fit(runs: pd.DataFrame, delta: float) -> tuple[chinchilla.ScalingLaw | None, pd.DataFrame]:
    """(law, resamples) fitted to the runs, with a message on how the fit ended; (None, empty) where they determine no law."""
    N, D, L = (runs[name].to_numpy(float) for name in ("n_params", "n_tokens", "loss"))
    try:
        result, resamples = wait_for(
            KEPT, digest((N, D, L, delta)), lambda report: fit_with_resamples(N, D, L, delta, report), "Fitting from a grid of exponents"
        )
    except (ValueError, Cancelled) as problem:
        st.error(plain(str(problem)), icon=":material/error:")
        return None, pd.DataFrame()
    say(result)
    return result.law, resamples.copy(deep=False)  # copy-on-write


def say(result: fitting.FitResult) -> None:
    """Say how a fit ended."""
    if result.law is not None:
        st.success(
            f"Fit of {result.n_runs} runs: {result.status}. {result.message} "
            f"{result.share_at_minimum:.0%} of the {result.n_starts:,} starts ended at this minimum.",
            icon=":material/check:",
        )
    else:
        reason = result.message[0].lower() + result.message[1:]
        st.warning(f"No law is drawn from these {result.n_runs} runs: {reason}", icon=":material/warning:")


def fit_with_resamples(N: np.ndarray, D: np.ndarray, L: np.ndarray, delta: float, report: Report) -> tuple[fitting.FitResult, pd.DataFrame]:
    """Fit and bootstrap in this process, one fit after another: two at once would take as long, and the charts of others would wait.

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


def bands(resamples: pd.DataFrame | None, level: float) -> pd.DataFrame:
    """`scaling.optimum_bands` on the charts' budgets, computed once per server and bootstrap."""
    if resamples is None or not len(resamples):
        return pd.DataFrame()
    return _bands(resamples, level).copy(deep=False)


@st.cache_resource(show_spinner=False, max_entries=32)
def _bands(resamples: pd.DataFrame, level: float) -> pd.DataFrame:
    return resampling.optimum_bands(resamples, compute_axis(), level)
