"""Probe: what does a model on my machine do, and how fast?"""

from typing import Any

import streamlit as st

from analysis.charts.parameters import Given
from analysis.probe import data as probe_data
from analysis.probe import figures, results
from analysis.probe.figures import Curve, Operands, Overall
from analysis.probe.figures_bundled import BundledBesidePythia, BundledCourse, BundledScatter
from analysis.probe.figures_system import Cache, Decode, Experts, Rate, Training, Window
from analysis.probe.store import Run
from pages.components import controls, page
from pages.components.page import Section
from pages.components.panel import draw
from pages.components.probe_new import new_run
from pages.components.probe_runs import deletion, downloads, facts_of, jobs_here, label_of, listing, shown_run, status

POLL_SECONDS = 1.0
CHART_SECONDS = 2.0


def given(known: list[results.Found]) -> Given:
    """Runs as the value of a figure's parameter."""
    told = [f"{run.name}, {run.state}, device {run.facts.get('device', '?')}, dtype {run.facts.get('dtype', '?')}" for run in known]
    return Given("own", "; ".join(told) or "none", known)


def one_run() -> None:
    """Section: start a run, watch it, and see its curve."""
    jobs, run = jobs_here(), None
    if jobs is not None:
        new_run(jobs)
        run = shown_run(jobs)
        if run is None:
            st.caption("There is no run yet: the chart shows the published curve alone.")
        else:
            st.fragment(status, run_every=POLL_SECONDS if run.live else None)(jobs, run.id, run.live)
    by_term = run is None or run.spec.probe in ("term_frequency", "prompts")
    asked = of_run(run)
    above = page.at_the_head([Curve])
    if by_term:
        st.caption("Drawn beside it, published answers of Pythia:")

    def chart() -> None:
        """The curve, or the groups, as far as the run is."""
        try:
            known = [] if jobs is None or run is None else [results.found(jobs.run(run.id), jobs.store.groups(run.id))]
        except ValueError:
            return  # the status above says what is wrong with the database
        if not by_term and known and len(known[0].groups):
            draw(Curve.name, lambda: figures.groups(known[0]))
            return
        if known and known[0].whole["n"] and not (known[0].groups["frequency"] > 0).any():
            st.caption(
                "How often the terms of this run occur in the training data is not known, so it cannot stand on this axis; see Compare runs."
            )
        page.one_figure(Curve, "probe/run", above, supplied=asked | {"probe_runs": given(known)})

    every = CHART_SECONDS if run is not None and run.live else None
    page.beside_chart(
        Curve, "probe/run", above, (Curve,) if by_term else (), supplied=asked | {"probe_runs": given([])}, part=chart, run_every=every
    )
    if jobs is not None and run is not None:
        downloads(jobs, run)
        facts_of(jobs, run)
        deletion(jobs, run)


def of_run(run: Run | None) -> dict[str, Any]:
    """What stands beside a run where the reader did not choose: the published answers nearest to what it was asked."""
    if run is None or run.spec.probe != "term_frequency":
        return {}
    shots = min(probe_data.published_shots(), key=lambda k: abs(k - run.spec.options.get("shots", 4)))
    return {"operation": run.spec.options.get("operation", "multiplication"), "n_shots": str(shots)}


def compare() -> None:
    """Section: several runs beside each other."""
    jobs = jobs_here()
    runs = {run.id: run for run in jobs.runs()} if jobs is not None else {}
    chosen: list[str] = []
    known = []
    if jobs is not None and runs:
        answered = [number for number, run in runs.items() if run.done]
        picked = st.session_state.get("probe_compare")
        if picked and not set(picked) <= set(runs):
            st.session_state["probe_compare"] = [number for number in picked if number in runs]
        chosen = controls.choices(
            "probe_compare", f"Runs (up to {figures.MOST} are drawn)", {number: label_of(run) for number, run in runs.items()}, answered[:3]
        )
        listing(list(runs.values()))
        known = [results.found(runs[number], jobs.store.groups(number)) for number in chosen]
    else:
        st.caption("There is no run yet: the charts show the published models alone.")
    asked = of_run(runs[chosen[0]] if chosen else None)
    asked |= {"probe_runs": given(known)}
    above = page.at_the_head([Overall, Operands])
    for figure, of in ((Overall, (Overall, Operands)), (Operands, ())):
        page.beside_chart(figure, "probe/compare", above, of, supplied=asked)


def measured(figure) -> None:
    """What the charts below are of."""
    st.caption("Measured by `python -m analysis.probe measure` with random weights; lines are the closed forms of the other pages.")


LEAD = "Runs on this machine, in a process of its own that goes on when the page is closed. A small model comes with the project."
SECTIONS = [
    Section("run", "Run a model", Curve, instead=one_run),
    Section("compare", "Compare runs", Overall, Operands, instead=compare),
    Section("bundled", "The bundled model", BundledScatter, BundledCourse),
    Section("pythia", "Beside Pythia", BundledBesidePythia),
    Section("answering", "Inference benchmark", Cache, Decode, Window, before=measured),
    Section("training", "Training benchmark", Training, Rate, Experts, before=measured),
]

if __name__ == "__main__":
    page.show("probe", LEAD, SECTIONS)
