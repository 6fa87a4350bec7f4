"""Probe: what does a model on my machine do, and how fast?"""

from functools import partial

import streamlit as st

from analysis.probe import data as probe_data
from analysis.probe import figures, results
from analysis.probe import figures_bundled as probe_figures_bundled
from analysis.probe import figures_system as probe_figures_system
from analysis.probe.store import Run
from pages.components import controls, head, sections
from pages.components.panel import draw, export_row, show_panel
from pages.components.probe_new import new_run
from pages.components.probe_runs import deletion, downloads, facts_of, jobs_here, label_of, listing, shown_run, status

head.begin(
    "probe",
    "Ask a model on this machine, and see it beside Pythia",
    "Pick a model and press run: the questions go to a process of its own, which goes on when this page, the browser or the server closes, "
    "and the answers are drawn over the published ones. A small model comes with the project, so this works without network and GPU.",
)

POLL_SECONDS = 1.0
CHART_SECONDS = 2.0


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
    model, operation, shots = beside(run) if by_term else ("", "", 0)

    def chart() -> None:
        """The curve, or the groups, as far as the run is."""
        try:
            known = [] if jobs is None or run is None else [results.found(jobs.run(run.id), jobs.store.groups(run.id))]
        except ValueError:
            return  # the status above says what is wrong with the database
        if not by_term and known and len(known[0].groups):
            draw("probe.curve", lambda: figures.groups(known[0]))
            return
        left, right = st.columns(2)
        with left:
            bins = controls.slider("probe_bins", "Bins of terms, from rare to frequent", 3, 25, 10, 1)
        with right:
            step = checkpoint("probe_at")
        if known and known[0].whole["n"] and not (known[0].groups["frequency"] > 0).any():
            st.caption(
                "How often the terms of this run occur in the training data is not known, so it cannot stand on this axis; see Compare runs."
            )
        draw("probe.curve", lambda: figures.curve(known, model or PYTHIA, step, shots, operation or "multiplication", bins))

    st.fragment(chart, run_every=CHART_SECONDS if run is not None and run.live else None)()
    export_row("probe.curve")
    if jobs is not None and run is not None:
        downloads(jobs, run)
        facts_of(jobs, run)
        deletion(jobs, run)


PYTHIA = probe_data.published_models()[0]


def beside(run: Run | None) -> tuple[str, str, int]:
    """(model, operation, shots) of the published curve: those of the run as far as they are published."""
    asked = run.spec.options if run is not None and run.spec.probe == "term_frequency" else {}
    operation, shots = asked.get("operation", "multiplication"), asked.get("shots", 4)
    model = controls.choice("probe_pythia", "Published model beside it", probe_data.published_models(), PYTHIA)
    return model, operation, min(probe_data.published_shots(), key=lambda k: abs(k - shots))


def checkpoint(key: str) -> int:
    """A slider over the published checkpoints."""
    steps = probe_data.published_steps()
    return controls.slider(key, "Published checkpoint (training step)", steps[0], steps[-1], steps[-1], steps[1] - steps[0])


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
    first, second = st.columns(2)
    asked = runs[chosen[0]].spec.options.get("operation") if chosen else None
    with first:
        operation = controls.choice("probe_op_published", "Published operation", ["multiplication", "addition"], asked or "multiplication")
    with second:
        shots = int(controls.choice("probe_shots_published", "Published examples", [str(k) for k in probe_data.published_shots()], "4"))

    @st.fragment
    def overall() -> None:
        """All questions together."""
        step = checkpoint("probe_at_overall")
        draw("probe.overall", lambda: figures.overall(known, step, shots, operation))

    overall()
    export_row("probe.overall")
    model = controls.choice("probe_pythia", "Published model beside it", probe_data.published_models(), PYTHIA)

    @st.fragment
    def operands() -> None:
        """By the operand itself."""
        window = controls.slider("probe_window", "Operands in the running mean", 1, 25, 5, 2)
        draw("probe.operands", lambda: figures.operands(known, model, probe_data.published_steps()[-1], shots, operation, window))

    operands()
    export_row("probe.operands")


def bundled() -> None:
    """Section: what the bundled model found out, where frequency and size of a number are unrelated."""
    operation = controls.choice("probe_op_bundled", "Operation", ["multiplication", "addition"], "multiplication")
    steps = probe_data.steps()

    @st.fragment
    def scatter() -> None:
        """Accuracy of each operand against its frequency."""
        left, right = st.columns(2)
        with left:
            step = controls.steps("probe_step_bundled", "Checkpoint (training step)", steps, probe_data.telling_step(operation))
        with right:
            shots = int(
                controls.switch(
                    "probe_shots_bundled",
                    "Examples",
                    [str(k) for k in probe_data.shots_at(step)],
                    str(probe_data.shots_at(step)[0]),
                )
            )
        draw("probe_bundled.scatter", lambda: probe_figures_bundled.scatter(step, shots, operation))

    scatter()
    export_row("probe_bundled.scatter")

    @st.fragment
    def course() -> None:
        """A statistic over training."""
        measure = controls.choice(
            "probe_measure", "Statistic", {key: words for key, (words, _) in probe_figures_bundled.MEASURES.items()}, "rho"
        )
        draw("probe_bundled.course", lambda: probe_figures_bundled.course(measure, operation))

    course()
    export_row("probe_bundled.course")
    show_panel(probe_figures_bundled.beside_pythia(probe_data.telling_step(operation), operation))


def machine() -> tuple[str, str, str]:
    """(device, type of the weights, shape) whose measurements are shown."""
    places = {f"{device}|{dtype}": f"{device}, {dtype}" for device, dtype in probe_data.devices()}
    left, right = st.columns(2)
    with left:
        device, _, dtype = controls.choice("probe_machine", "Measured on", places, next(iter(places))).rpartition("|")
    shapes = probe_data.bases(device, dtype)
    with right:
        return device, dtype, controls.choice("probe_shape", "Shape", shapes, shapes[0])


def shown_charts(names: tuple[str, ...]) -> None:
    """Charts of what was measured, with predictions as lines."""
    device, dtype, shape = machine()
    st.caption("Measured by `python -m analysis.probe measure` with random weights; lines are the closed forms of the other pages.")
    build = {
        "cache": probe_figures_system.cache,
        "decode": probe_figures_system.decode,
        "window": probe_figures_system.prompt,
        "experts": probe_figures_system.experts,
        "training": probe_figures_system.training,
        "rate": lambda device, dtype, shape: probe_figures_system.rate(device, dtype),
    }
    for name in names:
        draw(f"probe_system.{name}", partial(build[name], device, dtype, shape))
        export_row(f"probe_system.{name}")


def answering() -> None:
    """Section: cache and speed of answering, measured."""
    shown_charts(("cache", "decode", "window"))


def training() -> None:
    """Section: memory and speed of training, measured."""
    shown_charts(("training", "rate", "experts"))


sections.show(
    "probe_part",
    {
        "Run a model": one_run,
        "Compare runs": compare,
        "The bundled model": bundled,
        "Measured: answering": answering,
        "Measured: training": training,
    },
)
