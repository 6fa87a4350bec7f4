"""Pythia: how do abilities grow over training; do deduplication and batch size matter?"""

import streamlit as st

from analysis import tables
from analysis.charts.panel import Citation
from analysis.evals import read, write
from analysis.pythia import checkpoints
from analysis.pythia import data as pythia_data
from analysis.pythia import figures as pythia_figures
from analysis.pythia import figures_contrasts as pythia_figures_contrasts
from analysis.pythia import figures_emergence as emergence_figures
from analysis.uploads import clip
from pages.components import controls, head, sections
from pages.components.markdown import plain
from pages.components.panel import cited, draw, export_row

head.begin(
    "pythia",
    "What 16 models and 27 checkpoints tell about training",
    "The Pythia suite trains eight sizes on the same data in the same order and releases what they can do along the way. Runs on "
    "deduplicated data score 0.4 points higher than standard ones, give or take as much; runs with batches of 2 million tokens 0.5 points "
    "lower than runs with smaller ones. Each is shown with its error, and your own result files can be drawn beside them.",
)

tasks = pythia_data.task_labels()
single = {task: label for task, label in tasks.items() if task != pythia_data.MEAN}


def own_results():
    """The reader's result files as (rows of read_results, scores on the tasks); None until there is one that can be used."""
    uploads = st.file_uploader("Result files of the LM Evaluation Harness", type=["json", "csv"], accept_multiple_files=True, key="py_file")
    if not uploads:
        st.info(
            "Choose results_*.json of any version of the harness (or a term-frequency CSV). Files are read in memory, for this session only.",
            icon=":material/upload_file:",
        )
        return None
    billions = controls.number(
        "py_params", "Parameters of your model in billions, where the file does not say (0: not given)", 0.0, 10_000.0, 0.0, 0.1
    )
    files, scores = [], []
    for upload in uploads:
        try:
            rows = read.read_results(upload.getvalue(), upload.name)
        except ValueError as problem:
            st.error(plain(f"{clip(upload.name, 80)} cannot be used. {problem}"), icon=":material/error:")
            continue
        found, notes = checkpoints.own_scores(rows, list(single), billions * 1e9 or float("nan"))
        files.append(rows)
        scores.append(found)
        st.text(
            f"{clip(upload.name, 80)}: {len(rows)} scores of {clip(', '.join(rows['model'].unique()[:3]), 160)}, layout {rows['layout'].iloc[0]}; {len(found)} on the tasks below."
        )
        for note in [*notes, *read.mismatches(rows, tables.load("pythia_evals"))]:
            st.text(f"– {note}")
    if not files:
        return None
    for number, rows in enumerate(files):
        download(number, rows)
    return scores


def download(number: int, rows) -> None:
    """A button that gives a file back in the current layout of the harness, if it holds a single run."""
    try:
        data = write.write_results(rows)
    except ValueError as problem:
        st.text(f"Not offered as one v0.4 file: {problem}.")
        return
    st.download_button(
        f"Download {plain(clip(rows['model'].iloc[0], 60))} as v0.4 JSON",
        data,
        f"results_{number + 1}.json",
        "application/json",
        key=f"py_v04_{number}",
        on_click="ignore",
    )


def of_task(own, task: str, shots: int | None):
    """The reader's scores on a task, over all their files; None if there is none."""
    return checkpoints.own_on(own, task, shots) if own else None


def choose_arm() -> str:
    """Which of the twin suites."""
    return controls.choice("py_arm", "Trained on", pythia_data.ARMS, "standard")


def own_scores():
    """The reader's scores, where there are any."""
    return own_results() if controls.toggle("py_own", "Draw results of my own", False) else None


def since(key: str) -> int:
    """A slider for the first checkpoint that counts."""
    return controls.slider(
        key, "Checkpoints from this training step on", pythia_data.STEPS[0], pythia_data.STEPS[-1], pythia_data.FIRST_STEP, 10_000
    )


def growth() -> None:
    """Section: accuracy against tokens."""
    own = own_scores()
    with controls.row():
        task = controls.choice("py_task", "Task", tasks, "lambada_openai")
        arm = choose_arm()
        shots = int(controls.switch("py_shots", "Examples in the prompt", ["0", "5"], "0"))

    @st.fragment
    def trajectory() -> None:
        """Accuracy against tokens seen."""
        sizes = controls.choices(
            "py_sizes", "Sizes", {size: size.removeprefix("Pythia ") for size in pythia_data.SIZES}, pythia_figures.DEFAULT_SIZES
        )
        draw("pythia.trajectory", lambda: pythia_figures.trajectory(task, sizes, arm, shots, of_task(own, task, shots)))

    trajectory()
    export_row("pythia.trajectory")


def by_size() -> None:
    """Section: accuracy against parameters at equal tokens."""
    with controls.row():
        arm = choose_arm()
        shots = int(controls.switch("py_shots", "Examples in the prompt", ["0", "5"], "0"))
    several = controls.choices("py_tasks", "Tasks to compare", tasks, pythia_figures.DEFAULT_TASKS)

    @st.fragment
    def scaling() -> None:
        """Accuracy against parameters at equal tokens."""
        step = controls.slider(
            "py_step", "Checkpoint (training step)", pythia_data.STEPS[0], pythia_data.STEPS[-1], pythia_data.STEPS[-1], 10_000
        )
        draw("pythia.scaling", lambda: pythia_figures.scaling(several, step, arm, shots))

    scaling()
    export_row("pythia.scaling")


def appearance() -> None:
    """Section: a sigmoid for each task."""
    arm = choose_arm()
    when = controls.choice("py_when", "Task", single, "arc_easy")

    @st.fragment
    def emergence_fit() -> None:
        """One run and its sigmoid."""
        model = controls.choice("py_model", "Size", pythia_data.SIZES[::-1], pythia_data.SIZES[-1])
        draw("pythia.emergence_fit", lambda: emergence_figures.emergence_fit(model, when, arm))

    emergence_fit()
    export_row("pythia.emergence_fit")
    draw("pythia.emergence", lambda: emergence_figures.emergence(when))
    export_row("pythia.emergence")


def deduplication() -> None:
    """Section: does deduplication help?"""
    with controls.row():
        dedup_shots = controls.switch("py_dedup_shots", "Examples", pythia_data.SHOT_SETS, "both")
        dedup_tasks = controls.choice("py_dedup_tasks", "Tasks", pythia_data.TASK_SETS, "all")
        with_twins = controls.toggle(
            "py_twins", "Include 2.8B", False, help="Its two runs are the same up to step 43,000; see the section Twin runs."
        )

    @st.fragment
    def dedup_forest() -> None:
        """The difference by task and by size."""
        step = since("py_dedup_step")
        draw("pythia.dedup_forest", lambda: pythia_figures_contrasts.contrast_forest("dedup", dedup_shots, dedup_tasks, step, with_twins))

    dedup_forest()
    export_row("pythia.dedup_forest")
    draw("pythia.dedup_course", lambda: pythia_figures_contrasts.contrast_course("dedup", dedup_shots, dedup_tasks, with_twins))
    export_row("pythia.dedup_course")


def twin_runs() -> None:
    """Section: which of the pairs are two runs."""

    @st.fragment
    def twins() -> None:
        """Scores that the two runs of a size share."""
        examples = int(controls.switch("py_twins_shots", "Examples in the prompt", ["0", "5"], "5"))
        draw("pythia.twins", lambda: pythia_figures_contrasts.twins_panel(examples))

    twins()
    export_row("pythia.twins")


def batch_size() -> None:
    """Section: do large batches hurt?"""
    batch_tasks = controls.choice("py_batch_tasks", "Tasks", pythia_data.TASK_SETS, "all")

    @st.fragment
    def batch_forest() -> None:
        """The difference by task and by run."""
        step = since("py_batch_step")
        draw("pythia.batch_forest", lambda: pythia_figures_contrasts.contrast_forest("batch", "5", batch_tasks, step))

    batch_forest()
    export_row("pythia.batch_forest")
    draw("pythia.batch_course", lambda: pythia_figures_contrasts.contrast_course("batch", "5", batch_tasks))
    export_row("pythia.batch_course")


def memory() -> None:
    """Section: what is memorised."""

    @st.fragment
    def memorised() -> None:
        """Memorised sequences by size and checkpoint."""
        measure = controls.switch("py_memory", "Show", {"share": "memorised share", "recall": "share of the final set"}, "share")
        draw("pythia.memorised", lambda: pythia_figures.memorised(measure))

    memorised()
    export_row("pythia.memorised")
    for row in tables.load("pythia_findings").query("finding == 'memorisation_order'").to_dict("records"):
        st.info(
            f"**Reported, not recomputed.** {plain(row['statement'])} The counts behind it are not in the released files. {cited(Citation(row['source'], row['location']))}",
            icon=":material/format_quote:",
        )


def others() -> None:
    """Section: beside OPT and BLOOM, and the suite itself."""
    own = own_scores()
    other = controls.choice("py_family_task", "Task", tasks, "lambada_openai")
    draw("pythia.families", lambda: pythia_figures.families(other, of_task(own, other, None)))
    export_row("pythia.families")
    with st.expander("The suite: ten sizes, their shapes and cost"):
        st.dataframe(pythia_figures.suite(), hide_index=True, width="stretch")
        st.caption(
            f"Sources: {cited(Citation('biderman2023', 'Tables 1 and 5'))} · {cited(Citation('eleutherai2023', 'configuration files'))}. Parameters are counted from the "
            "configurations; hours are of one run, as reported. 14M and 31M were added after the paper and have no scores in the files."
        )


sections.show(
    "py_part",
    {
        "How abilities grow": growth,
        "By size": by_size,
        "When they appear": appearance,
        "Deduplication": deduplication,
        "Twin runs": twin_runs,
        "Batch size": batch_size,
        "Memorisation": memory,
        "Suite and other families": others,
    },
)
