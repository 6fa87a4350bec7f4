"""Probe: what does a model on my machine do, and how fast?"""

import math
import time
from importlib.util import find_spec

import streamlit as st

from analysis.figures import probe as figures
from analysis.figures import probe_bundled as bundled_figures
from analysis.figures import probe_system as system_figures
from analysis.probe import items, models, results
from analysis.probe.jobs import Jobs
from analysis.probe.spec import BUNDLED, PROBES, RunSpec
from analysis.probe.store import Run
from analysis.units import format_duration
from pages.components import controls, frame, sections
from pages.components.panel import draw, export_row, plain, show_panel

frame.begin(
    "probe",
    "Ask a model on this machine, and see it beside Pythia",
    "Pick a model and press run: the questions go to a process of its own, which goes on when this page, the browser or the server closes, "
    "and the answers are drawn over the published ones. A small model comes with the project, so this works without network and GPU.",
)

POLL_SECONDS = 1.0
CHART_SECONDS = 2.0
SOURCES = {"bundled": "the bundled one", "hub": "Hugging Face hub", "folder": "a folder here"}
PROBE_NAMES = dict(zip(PROBES, ("term frequency", "multiple choice", "own prompts", "memorised text"), strict=True))
FILES = {
    "choice": ("CSV with the columns question, a, b, answer (the letter of the right one) and, if you like, c to h and topic", ["csv"]),
    "prompts": ("CSV with the columns prompt, answer, term and frequency (which may be empty)", ["csv"]),
    "memorised": ("Text, passages separated by blank lines, or a CSV with a column passage", ["txt", "csv"]),
}
LIMITS = {"200": "200", "500": "500", "1000": "1,000", "2500": "2,500", "0": "all"}
ICONS = {"queued": "⏳", "running": "▶", "done": "✓", "cancelled": "■", "failed": "✕", "interrupted": "⚡"}
NEEDED = ("torch", "transformers", "safetensors")


def missing() -> list[str]:
    """What has to be installed before a model can run; looked for without loading it."""
    return [name for name in NEEDED if find_spec(name) is None]


def choose_model() -> tuple[str, str]:
    """(model, revision) as the reader chose them; ("", "") until there is one."""
    left, right = st.columns([2, 3])
    with left:
        source = controls.switch("probe_from", "Model", SOURCES, "bundled")
    with right:
        if source == "bundled":
            have = models.bundled_revisions()
            if not have:
                st.info("The bundled model is not there; `python -m analysis.probe train` makes it.", icon=":material/model_training:")
                return "", ""
            telling = f"step{bundled_figures.telling_step('multiplication')}"  # at the last one nearly all seen questions are right
            return BUNDLED, controls.choice("probe_step", "Checkpoint", have, telling if telling in have else have[-1])
        if source == "folder":
            return controls.text("probe_folder", "Folder with config.json, tokenizer and safetensors", max_chars=400), ""
        hub, revision = st.columns(2)
        with hub:
            name = controls.text("probe_hub", "Name on the hub", max_chars=200, placeholder="EleutherAI/pythia-70m")
        with revision:
            return name, controls.text("probe_rev", "Revision (empty: the latest)", max_chars=100, placeholder="step143000")


def choose_probe() -> tuple[str, dict | None, int]:
    """(probe, options, most questions); options None until the reader's file is there."""
    first, second, third, fourth = st.columns(4)
    with fourth:
        limit = int(
            controls.choice("probe_limit", "Questions at most", LIMITS, "500", help="Drawn evenly over the terms, always the same.")
        )
    with first:
        probe = controls.choice("probe_probe", "Questions", PROBE_NAMES, "term_frequency")
    if probe == "term_frequency":
        with second:
            operation = controls.choice("probe_op", "Operation", ["multiplication", "addition"], "multiplication")
        with third:
            shots = int(controls.choice("probe_shots", "Solved examples before each", [str(k) for k in figures.published_shots()], "4"))
        return probe, {"operation": operation, "shots": shots}, limit
    words, kinds = FILES[probe]
    upload = st.file_uploader(words, type=kinds, key=f"probe_file_{probe}")
    if upload is None:
        return probe, None, limit
    try:
        options, used, problems = items.of_file(probe, upload.name, upload.getvalue())
    except ValueError as problem:
        st.error(plain(f"This file cannot be used. {problem}"), icon=":material/error:")
        return probe, None, limit
    if problems:
        with st.expander(f"{len(problems)} of {used + len(problems)} rows are not used"):
            st.text("\n".join(problems[:200]) + ("\n..." if len(problems) > 200 else ""))
    return probe, options, limit


def new_run(jobs: Jobs) -> None:
    """The choices and the button that starts a run."""
    lacking = missing()
    model, revision = choose_model()
    probe, options, limit = choose_probe()
    with st.expander("Device, type of the weights, batch"):
        first, second, third = st.columns(3)
    with first:
        device = controls.choice(
            "probe_device", "Device", ["auto", "cpu", "cuda", "cuda:1"], "auto", help="auto: the first GPU if there is one"
        )
    with second:
        dtype = controls.choice("probe_dtype", "Type of the weights", ["auto", "float32", "bfloat16", "float16"], "auto")
    with third:
        batch_size = int(controls.choice("probe_batch", "Questions at once", ["8", "32", "128"], "32"))
    if lacking:
        st.info(
            f"To run a model, {' and '.join(lacking)} must be installed: `pip install -r requirements.txt`. Runs made elsewhere, the published "
            "curves and everything else here work without.", icon=":material/download:",
        )  # fmt: skip
    ready = not lacking and bool(model) and options is not None
    if st.button("Run this probe", type="primary", icon=":material/play_arrow:", key="probe_go", disabled=not ready):
        try:
            spec = RunSpec(model, probe, revision, device, dtype, options, batch_size=batch_size, limit=limit)
            run = jobs.submit(spec)
        except ValueError as problem:
            st.error(plain(str(problem)), icon=":material/error:")
            return
        st.session_state["probe_next"] = run
        st.rerun()


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


def downloads(jobs: Jobs, run: Run) -> None:
    """The rows of a run as files; each is made on its click."""
    if not run.done:
        return
    first, second, third, _ = st.columns([2, 2, 2, 3])
    with first:
        st.download_button("Rows as CSV", lambda: results.to_csv(run, jobs.store.rows(run.id)), f"probe-{run.id}.csv", "text/csv",
                           on_click="ignore", icon=":material/table:", key="probe_csv")  # fmt: skip
    with second:
        st.download_button("lm_eval results", lambda: results.to_results(run, jobs.store.rows(run.id)), f"results_{run.id}.json",
                           "application/json", on_click="ignore", icon=":material/data_object:", key="probe_json")  # fmt: skip
    with third:
        st.download_button("lm_eval samples", lambda: results.to_samples(run, jobs.store.rows(run.id)),
                           f"samples_{results.task_of(run)}_{run.id}.jsonl", "application/jsonl", on_click="ignore", icon=":material/list:",
                           key="probe_samples")  # fmt: skip


def facts_of(jobs: Jobs, run: Run) -> None:
    """What was run, and the first rows, as plain text."""
    with st.expander("What was run, and some of its answers"):
        st.text("\n".join(f"{name}: {text}" for name, text in results.facts(run).items()))
        rows = jobs.store.rows(run.id)[:: max(run.done // 12, 1)][:12]
        st.dataframe(
            {
                "prompt": [row.prompt[-120:] for row in rows], "returned": [row.returned for row in rows],
                "answer": [row.answer for row in rows], "score": [row.score for row in rows],
            },
            hide_index=True, width="stretch",
        )  # fmt: skip


def one_run() -> None:
    """Section: start a run, watch it, and see its curve."""
    jobs = jobs_here()
    if jobs is not None:
        new_run(jobs)
    run = shown_run(jobs) if jobs is not None else None
    if run is None:
        if jobs is not None:
            st.caption("There is no run yet: the chart shows the published curve alone.")
    else:
        st.fragment(status, run_every=POLL_SECONDS if run.live else None)(jobs, run.id, run.live)
    by_term = run is None or run.spec.probe in ("term_frequency", "prompts")
    model, operation, shots = beside(run) if by_term else ("", "", 0)

    def chart() -> None:
        """The curve, or the groups, as far as the run is."""
        try:
            known = [] if run is None else [results.found(jobs.run(run.id), jobs.store.groups(run.id))]
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
    if run is not None:
        downloads(jobs, run)
        facts_of(jobs, run)


PYTHIA = figures.published_models()[0]


def beside(run: Run | None) -> tuple[str, str, int]:
    """(model, operation, shots) of the published curve: those of the run as far as they are published."""
    asked = run.spec.options if run is not None and run.spec.probe == "term_frequency" else {}
    operation, shots = asked.get("operation", "multiplication"), asked.get("shots", 4)
    model = controls.choice("probe_pythia", "Published model beside it", figures.published_models(), PYTHIA)
    return model, operation, min(figures.published_shots(), key=lambda k: abs(k - shots))


def checkpoint(key: str) -> int:
    """A slider over the published checkpoints."""
    steps = figures.published_steps()
    return controls.slider(key, "Published checkpoint (training step)", steps[0], steps[-1], steps[-1], steps[1] - steps[0])


def listing(runs: list[Run]) -> None:
    """All runs as a table."""
    with st.expander(f"All {len(runs)} runs"):
        st.dataframe(
            {
                "run": [run.id for run in runs], "made": [time.strftime("%Y-%m-%d %H:%M", time.localtime(run.created)) for run in runs],
                "model": [run.spec.model for run in runs], "revision": [run.spec.revision for run in runs],
                "asked": [results.task_of(run) for run in runs], "shots": [str(run.spec.options.get("shots", "")) for run in runs],
                "device": [run.device for run in runs], "state": [results.state_of(run) for run in runs],
                "a second": [None if math.isnan(run.rate) else round(run.rate, 1) for run in runs], "message": [run.message for run in runs],
            },
            hide_index=True, width="stretch",
        )  # fmt: skip


def compare() -> None:
    """Section: several runs beside each other."""
    jobs = jobs_here()
    runs = {run.id: run for run in jobs.runs()} if jobs is not None else {}
    chosen: list[str] = []
    if runs:
        answered = [number for number, run in runs.items() if run.done]
        picked = st.session_state.get("probe_compare")
        if picked and not set(picked) <= set(runs):
            st.session_state["probe_compare"] = [number for number in picked if number in runs]
        chosen = controls.choices(
            "probe_compare", f"Runs (up to {figures.MOST} are drawn)", {number: label_of(run) for number, run in runs.items()}, answered[:3]
        )
        listing(list(runs.values()))
    else:
        st.caption("There is no run yet: the charts show the published models alone.")
    known = [results.found(runs[number], jobs.store.groups(number)) for number in chosen]
    first, second = st.columns(2)
    asked = runs[chosen[0]].spec.options.get("operation") if chosen else None
    with first:
        operation = controls.choice("probe_op_published", "Published operation", ["multiplication", "addition"], asked or "multiplication")
    with second:
        shots = int(controls.choice("probe_shots_published", "Published examples", [str(k) for k in figures.published_shots()], "4"))

    @st.fragment
    def overall() -> None:
        """All questions together."""
        step = checkpoint("probe_at_overall")
        draw("probe.overall", lambda: figures.overall(known, step, shots, operation))

    overall()
    export_row("probe.overall")
    model = controls.choice("probe_pythia", "Published model beside it", figures.published_models(), PYTHIA)

    @st.fragment
    def operands() -> None:
        """By the operand itself."""
        window = controls.slider("probe_window", "Operands in the running mean", 1, 25, 5, 2)
        draw("probe.operands", lambda: figures.operands(known, model, figures.published_steps()[-1], shots, operation, window))

    operands()
    export_row("probe.operands")


def bundled() -> None:
    """Section: what the bundled model found out, where frequency and size of a number are unrelated."""
    operation = controls.choice("probe_op_bundled", "Operation", ["multiplication", "addition"], "multiplication")
    steps = bundled_figures.steps()

    @st.fragment
    def scatter() -> None:
        """Accuracy of each operand against its frequency."""
        left, right = st.columns(2)
        with left:
            step = controls.steps("probe_step_bundled", "Checkpoint (training step)", steps, bundled_figures.telling_step(operation))
        with right:
            shots = int(
                controls.switch(
                    "probe_shots_bundled",
                    "Examples",
                    [str(k) for k in bundled_figures.shots_at(step)],
                    str(bundled_figures.shots_at(step)[0]),
                )
            )
        draw("probe_bundled.scatter", lambda: bundled_figures.scatter(step, shots, operation))

    scatter()
    export_row("probe_bundled.scatter")

    @st.fragment
    def course() -> None:
        """A statistic over training."""
        measure = controls.choice("probe_measure", "Statistic", {key: words for key, (words, _) in bundled_figures.MEASURES.items()}, "rho")
        draw("probe_bundled.course", lambda: bundled_figures.course(measure, operation))

    course()
    export_row("probe_bundled.course")
    show_panel(bundled_figures.beside_pythia(bundled_figures.telling_step(operation), operation))


def machine() -> tuple[str, str, str]:
    """(device, type of the weights, shape) whose measurements are shown."""
    places = {f"{device}|{dtype}": f"{device}, {dtype}" for device, dtype in system_figures.devices()}
    left, right = st.columns(2)
    with left:
        device, _, dtype = controls.choice("probe_machine", "Measured on", places, next(iter(places))).rpartition("|")
    shapes = system_figures.bases(device, dtype)
    with right:
        return device, dtype, controls.choice("probe_shape", "Shape", shapes, shapes[0])


def shown_charts(names: tuple[str, ...]) -> None:
    """Charts of what was measured, with predictions as lines."""
    device, dtype, shape = machine()
    st.caption("Measured by `python -m analysis.probe measure` with random weights; lines are the closed forms of the other pages.")
    build = {
        "cache": system_figures.cache, "decode": system_figures.decode, "window": system_figures.prompt, "experts": system_figures.experts,
        "training": system_figures.training, "rate": lambda device, dtype, shape: system_figures.rate(device, dtype),
    }  # fmt: skip
    for name in names:
        draw(f"probe_system.{name}", lambda name=name: build[name](device, dtype, shape))
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
