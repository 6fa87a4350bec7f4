"""What a page shows while a law is fitted to training runs, and how a reader brings runs of their own."""

import pandas as pd
import streamlit as st

from analysis.background.process import Cancelled
from analysis.charts.parameters import Given
from analysis.scaling import fits, fitting, own_runs
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


def bring_runs() -> Given | None:
    """The reader's runs, with every unusable row reported; None until there is a file that can be used."""
    upload = st.file_uploader(
        "CSV with a header: parameters, tokens or FLOPs, and loss per run", type=["csv", "tsv", "txt"], key="runs_file"
    )
    if upload is None:
        st.info("Choose a file to fit your own runs. It is read in memory, for this session only.", icon=":material/upload_file:")
        return None
    try:
        file = own_runs.read_runs_file(upload.getvalue())
        runs, problems = own_runs.parse_runs(file, columns_of(file))
    except ValueError as problem:
        st.error(plain(f"This file cannot be used. {problem}"), icon=":material/error:")
        return None
    if problems:
        with st.expander(f"{len(problems)} of {len(file.rows)} rows were not used"):
            st.text("\n".join(problems[:200]) + ("\n..." if len(problems) > 200 else ""))
    st.caption(f"{len(runs)} of {len(file.rows)} rows are used.")
    return Given("own", own_label(runs), runs)


def columns_of(file: own_runs.RunsFile) -> dict[str, str]:
    """Which column of the file holds what: guessed at first, then as the reader says."""
    names, guess = list(file.columns), own_runs.guess_columns(file.columns)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        n_params = column("Parameters", names, guess["n_params"] or names[0], "runs_n_params")
        kind = st.segmented_control(
            "Budget given as",
            ["n_tokens", "train_flops"],
            default="n_tokens" if guess["n_tokens"] else "train_flops",
            format_func={"n_tokens": "tokens", "train_flops": "FLOPs"}.__getitem__,
            key="runs_budget",
            required=True,
        )
        amount = column("Tokens or FLOPs", names, guess[kind] or names[1], f"runs_{kind}")
        loss = column("Loss (nats per token)", names, guess["loss"] or names[2], "runs_loss")
    return {"n_params": n_params, kind: amount, "loss": loss}


def column(label: str, names: list[str], guessed: str, key: str) -> str:
    """The column that the reader picks."""
    return st.selectbox(label, names, names.index(guessed), key=key, persist_state="session")


def own_label(runs: pd.DataFrame) -> str:
    """What a reader's runs are called in settings."""
    return f"your own CSV, {len(runs)} {'run' if len(runs) == 1 else 'runs'}"
