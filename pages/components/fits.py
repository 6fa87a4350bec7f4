"""What a page shows while a law is fitted to training runs."""

import streamlit as st

from analysis.background.process import Cancelled
from analysis.scaling import fits, fitting
from analysis.scaling.figures_marks import OfRuns, undetermined
from pages.components.markdown import plain
from pages.components.waiting import wait_for


def ready(figure: OfRuns) -> bool:
    """Whether a figure can be drawn, once the fit that it needs is there: a bar until then, and a message on how it ended."""
    if figure.is_stored():
        return True
    needed = getattr(figure, "law", "fit") == "fit"
    try:
        result, _ = wait_for(
            fits.KEPT, *fits.asked_for(figure.training_runs.value, float(figure.huber_threshold)), "Fitting from a grid of exponents"
        )
    except (ValueError, Cancelled) as problem:
        st.error(plain(str(problem)), icon=":material/error:")
        return not needed and len(figure.training_runs.value) > 0
    say(result)
    return not needed or result.law is not None


def say(result: fitting.FitResult) -> None:
    """Say how a fit ended."""
    if result.law is not None:
        st.success(
            f"Fit of {result.n_runs} runs: {result.status}. {result.message} "
            f"{result.share_at_minimum:.0%} of the {result.n_starts:,} starts ended at this minimum.",
            icon=":material/check:",
        )
    else:
        st.warning(undetermined(result), icon=":material/warning:")
