"""Fits on request: done once per session and data, with progress, in the server or in the worker process."""

import time

import pandas as pd
import streamlit as st

from analysis import scaling, scaling_torch
from analysis.figures.scaling_data import compute_axis
from analysis.worker import WorkerError, shared_worker
from pages.components.panel import plain

ENGINES = {"numpy": "this server (numpy)", "torch": "the worker (torch)"}
RESAMPLES = 4000


def fit(runs: pd.DataFrame, delta: float, engine: str) -> tuple[scaling.ScalingLaw | None, pd.DataFrame]:
    """(law, resamples) fitted to the runs, with a message on how the fit ended; (None, empty) where it could not be made."""
    kept = st.session_state.setdefault("fits", {})
    key = (tuple(pd.util.hash_pandas_object(runs[["n_params", "n_tokens", "loss"]], index=False)), delta, engine)
    if key not in kept:
        bar = st.progress(0.0, "Fitting from 4,500 starts")
        try:
            kept[key] = (fit_here if engine == "numpy" else fit_in_worker)(runs, delta, bar)
        except (ValueError, WorkerError) as problem:
            st.error(plain(str(problem)), icon=":material/error:")
            return None, pd.DataFrame()
        finally:
            bar.empty()
    result, resamples, where = kept[key]
    report(result, where)
    return result.law, resamples


def report(result: scaling.FitResult, where: str) -> None:
    """Say how a fit ended."""
    line = f"Fit of {result.n_runs} runs {where}: {result.status}. {result.message}"
    if result.status == "converged":
        st.success(
            f"{line} {result.share_at_minimum:.0%} of the {result.n_starts:,} starts ended at this minimum.", icon=":material/check:"
        )
    else:
        st.warning(line, icon=":material/warning:")


def fit_here(runs: pd.DataFrame, delta: float, bar) -> tuple[scaling.FitResult, pd.DataFrame, str]:
    """Fit and bootstrap in this process."""
    N, D, L = (runs[name].to_numpy() for name in ("n_params", "n_tokens", "loss"))
    result = scaling.fit_parametric(N, D, L, delta, progress=lambda done, total, words: bar.progress(0.6 * done / total, words))
    resamples = scaling.bootstrap(
        N, D, L, RESAMPLES, delta=delta, start=result.law, progress=lambda done, total, words: bar.progress(0.6 + 0.4 * done / total, words)
    )
    return result, resamples[list(scaling.CONSTANTS)], "with numpy"


def fit_in_worker(runs: pd.DataFrame, delta: float, bar) -> tuple[scaling.FitResult, pd.DataFrame, str]:
    """Fit and bootstrap in the worker process, on a GPU if there is one."""
    lists = {key: runs[name].tolist() for key, name in (("N", "n_params"), ("D", "n_tokens"), ("L", "loss"))}
    job = shared_worker().submit("fit_scaling_law", {**lists, "delta": delta, "n_resamples": RESAMPLES})
    try:
        while job.status in ("queued", "running"):
            done, total, words = job.progress
            bar.progress(min(done / total, 1.0) if total else 0.0, words or "Starting the worker (torch takes a few seconds)")
            time.sleep(0.1)
        answer = job.result()
    finally:
        job.cancel()  # a reader who leaves frees the worker; nothing happens to a job that is done
    result, resamples = scaling_torch.from_task(answer)
    return result, resamples[list(scaling.CONSTANTS)], f"with torch on {answer['device']}"


def bands(resamples: pd.DataFrame | None, level: float) -> pd.DataFrame:
    """`scaling.optimum_bands` on the charts' budgets, computed once per session and bootstrap."""
    if resamples is None or not len(resamples):
        return pd.DataFrame()
    kept = st.session_state.setdefault("bands", {})
    key = (float(resamples["A"].iloc[0]), float(resamples["beta"].iloc[-1]), len(resamples), level)
    if key not in kept:
        kept[key] = scaling.optimum_bands(resamples, compute_axis(), level)
    return kept[key]
