"""The parts of the page Probe that show runs: which one, how far it is, its rows, and all of them as a list."""

import math
import time

import streamlit as st

from analysis.probe import results
from analysis.probe.jobs import Jobs
from analysis.probe.store import Run
from analysis.units import format_duration
from pages.components import controls
from pages.components.markdown import plain

ICONS = {"queued": "⏳", "running": "▶", "done": "✓", "cancelled": "■", "failed": "✕", "interrupted": "⚡"}


def jobs_here() -> Jobs | None:
    """The runs of this machine; None, with a note on the page, where their database cannot be used."""
    try:
        return Jobs()
    except ValueError as problem:
        st.error(plain(str(problem)), icon=":material/error:")
        st.caption("Runs cannot be made or shown until then; the published curves need no database.")
        return None


def label_of(run: Run) -> str:
    """A run in lists and in links."""
    return f"{run.id} {results.name_of(run)}"


def shown_run(jobs: Jobs) -> Run | None:
    """The run that the section shows, the newest at first; None where there is none."""
    runs = {run.id: run for run in jobs.runs()}
    if not runs:
        return None
    asked = st.session_state.pop("probe_next", None)
    if asked in runs:
        st.session_state["probe_run"] = asked
    elif st.session_state.get("probe_run") not in runs:
        st.session_state.pop("probe_run", None)
    return runs[controls.choice("probe_run", "Run shown", {number: label_of(run) for number, run in runs.items()}, next(iter(runs)))]


def words_of(run: Run) -> str:
    """State, count, rate and remaining time."""
    count = f"{run.done:,} of {run.total:,} questions" if run.total is not None else ""
    rate = f"{run.rate:,.1f} a second" if not math.isnan(run.rate) else ""
    left = f"about {format_duration(run.remaining_s)} left" if not math.isnan(run.remaining_s) else ""
    return ", ".join(part for part in (run.state, count, rate, left) if part)


def status(jobs: Jobs, number: str, was_live: bool) -> None:
    """How far the run is, with the buttons that fit."""
    try:
        run = jobs.run(number)
    except ValueError as problem:
        st.error(plain(str(problem)), icon=":material/error:")
        return
    if was_live and not run.live:
        st.rerun()
    st.progress(run.done / run.total if run.total else 0.0, text=plain(f"{ICONS[run.state]} {words_of(run)}"))
    if run.message and run.message != "answers":
        st.text(run.message)
    if run.live and run.heartbeat and time.time() - run.heartbeat > 20 and run.state == "running":
        st.warning(
            f"No sign of life for {time.time() - run.heartbeat:.0f} s; it can be cancelled and resumed.",
            icon=":material/hourglass_disabled:",
        )
    if run.live and st.button("Cancel", icon=":material/stop:", key="probe_cancel"):
        jobs.cancel(number)
        st.rerun()
    if run.state in ("cancelled", "interrupted", "failed") and st.button("Resume", icon=":material/resume:", key="probe_resume"):
        try:
            jobs.resume(number)
        except ValueError as problem:
            st.error(plain(str(problem)), icon=":material/error:")
            return
        st.rerun()


def deletion(jobs: Jobs, run: Run) -> None:
    """A button that deletes a run of this session's own, once it has ended; runs of others and older ones are deleted on the command line."""
    if run.live or run.id not in st.session_state.get("probe_mine", ()):
        return
    with st.popover("Delete this run", icon=":material/delete:"):
        st.text(f"Its {run.done:,} answers are deleted for good, for everybody who uses this server.")
        if not st.button("Delete for good", key="probe_delete", type="primary"):
            return
    try:
        jobs.forget(run.id)
    except ValueError as problem:
        st.error(plain(str(problem)), icon=":material/error:")
        return
    st.session_state["probe_mine"].discard(run.id)
    if others := jobs.runs(1):
        st.session_state["probe_next"] = others[0].id  # or the page would complain of the address that names the deleted run
    st.rerun()


def downloads(jobs: Jobs, run: Run) -> None:
    """The rows of a run as files; each is made on its click."""
    if not run.done:
        return
    first, second, third, _ = st.columns([2, 2, 2, 3])
    with first:
        st.download_button(
            "Rows as CSV",
            lambda: results.to_csv(run, jobs.store.rows(run.id)),
            f"probe-{run.id}.csv",
            "text/csv",
            on_click="ignore",
            icon=":material/table:",
            key="probe_csv",
        )
    with second:
        st.download_button(
            "lm_eval results",
            lambda: results.to_results(run, jobs.store.rows(run.id)),
            f"results_{run.id}.json",
            "application/json",
            on_click="ignore",
            icon=":material/data_object:",
            key="probe_json",
        )
    with third:
        st.download_button(
            "lm_eval samples",
            lambda: results.to_samples(run, jobs.store.rows(run.id)),
            f"samples_{results.task_of(run)}_{run.id}.jsonl",
            "application/jsonl",
            on_click="ignore",
            icon=":material/list:",
            key="probe_samples",
        )


def facts_of(jobs: Jobs, run: Run) -> None:
    """What was run, and the first rows, as plain text."""
    with st.expander("What was run, and some of its answers"):
        st.text("\n".join(f"{name}: {text}" for name, text in results.facts(run).items()))
        rows = jobs.store.rows(run.id)[:: max(run.done // 12, 1)][:12]
        st.dataframe(
            {
                "prompt": [row.prompt[-120:] for row in rows],
                "returned": [row.returned for row in rows],
                "answer": [row.answer for row in rows],
                "score": [row.score for row in rows],
            },
            hide_index=True,
            width="stretch",
        )


def listing(runs: list[Run]) -> None:
    """All runs as a table."""
    with st.expander(f"All {len(runs)} runs"):
        st.dataframe(
            {
                "run": [run.id for run in runs],
                "made": [time.strftime("%Y-%m-%d %H:%M", time.localtime(run.created)) for run in runs],
                "model": [run.spec.model for run in runs],
                "revision": [run.spec.revision for run in runs],
                "asked": [results.task_of(run) for run in runs],
                "shots": [str(run.spec.options.get("shots", "")) for run in runs],
                "device": [run.device for run in runs],
                "state": [results.state_of(run) for run in runs],
                "a second": [None if math.isnan(run.rate) else round(run.rate, 1) for run in runs],
                "message": [run.message for run in runs],
            },
            hide_index=True,
            width="stretch",
        )
