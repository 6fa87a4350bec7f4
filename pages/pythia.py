"""Pythia: how do abilities grow over training; do deduplication and batch size matter?"""

import streamlit as st

from analysis import tables
from analysis.charts.panel import Citation
from analysis.charts.parameters import Given
from analysis.evals import read, write
from analysis.pythia import checkpoints
from analysis.pythia.data import MEAN, task_labels
from analysis.pythia.figures import Families, Memorised, Scaling, Trajectory, suite
from analysis.pythia.figures_contrasts import BatchCourse, BatchForest, DedupCourse, DedupForest, Twins
from analysis.pythia.figures_emergence import Emergence, EmergenceFit
from analysis.units import counted
from analysis.uploads import clip
from pages.components import page
from pages.components.explain import cited
from pages.components.markdown import plain
from pages.components.page import Section


def own_results() -> Given:
    """The scores of the reader's result files on the tasks; of none as long as there is no file that can be used."""
    uploads = st.file_uploader(
        "Result files of the LM Evaluation Harness or of lighteval",
        type=["json", "csv", "jsonl", "eval"],  # the last two are told what to bring instead
        accept_multiple_files=True,
        key="pythia_file",
    )
    if not uploads:
        st.info(
            "Choose results_*.json of any version of the harness, of lighteval or of the Open LLM Leaderboards (or a term-frequency CSV). "
            "Files are read in memory, for this session only.",
            icon=":material/upload_file:",
        )
        return Given("own", "no file yet", [])
    billions = st.number_input(
        "Parameters of your model in billions, where the file does not say (0: not given)",
        0.0,
        10_000.0,
        step=0.1,
        key="pythia_own_params",
        persist_state="session",
    )
    single = [task for task in task_labels() if task != MEAN]
    files, scores = [], []
    for upload in uploads:
        try:
            rows = read.read_results(upload.getvalue(), upload.name)
        except ValueError as problem:
            st.error(plain(f"{clip(upload.name, 80)} cannot be used. {problem}"), icon=":material/error:")
            continue
        found, notes = checkpoints.own_scores(rows, single, billions * 1e9 or float("nan"))
        files.append(rows)
        scores.append(found)
        st.text(
            f"{clip(upload.name, 80)}: {counted(len(rows), 'score')} of {clip(', '.join(rows['model'].unique()[:3]), 160)}, layout {rows['layout'].iloc[0]}; {len(found)} on the tasks below."
        )
        for note in [*notes, *read.odd_scores(rows), *read.mismatches(rows, tables.load("pythia_evals"))]:
            st.text(f"– {note}")
    for number, rows in enumerate(files):
        download(number, rows)
    return Given("own", ", ".join(clip(rows["model"].iloc[0], 60) for rows in files) or "no file that can be used", scores)


def download(number: int, rows) -> None:
    """A button that gives a file back in the current layout of the harness, if it holds a single run."""
    try:
        content = write.write_results(rows)
    except ValueError as problem:
        st.text(f"Not offered as one v0.4 file: {problem}.")
        return
    st.download_button(
        f"Download {plain(clip(rows['model'].iloc[0], 60))} as v0.4 JSON",
        content,
        f"results_{number + 1}.json",
        "application/json",
        key=f"pythia_v04_{number}",
        on_click="ignore",
    )


def order_of_memorisation(figure) -> None:
    """What the paper reports on order and memorisation."""
    for row in tables.load("pythia_findings").query("finding == 'memorisation_order'").to_dict("records"):
        st.info(
            f"**Reported, not recomputed.** {plain(row['statement'])} The counts behind it are not in the released files. {cited(Citation(row['source'], row['location']))}",
            icon=":material/format_quote:",
        )


def the_suite(figure) -> None:
    """The suite as a table."""
    with st.expander("The suite: ten sizes, their shapes and cost"):
        st.dataframe(suite(), hide_index=True, width="stretch")
        st.caption(
            f"Sources: {cited(Citation('biderman2023', 'Tables 1 and 5'))} · {cited(Citation('eleutherai2023', 'configuration files'))}. Parameters are counted from the "
            "configurations; hours are of one run, as reported. 14M and 31M were added after the paper and have no scores in the files."
        )


LEAD = "16 models trained on the same data in the same order, with what they can do at 27 checkpoints. Your own result files can be drawn beside them."
SECTIONS = [
    Section("growth", "Learning curves", Trajectory, own={"own_results": own_results}),
    Section("size", "Accuracy vs size", Scaling),
    Section("emergence", "Emergence", EmergenceFit, Emergence),
    Section("dedup", "Deduplication", DedupForest, DedupCourse),
    Section("twins", "Data check: identical 2.8B runs", Twins),
    Section("batch", "Batch size", BatchForest, BatchCourse),
    Section("memorisation", "Memorisation", Memorised, before=order_of_memorisation),
    Section("families", "Suite & other families", Families, before=the_suite, own={"own_results": own_results}),
]

if __name__ == "__main__":
    page.show("pythia", LEAD, SECTIONS)
