"""Term frequency: are frequent terms answered better, and is frequency the cause?"""

import streamlit as st

from analysis import tables
from analysis.term_frequency import association, own_counts
from analysis.term_frequency import data as term_frequency_data
from analysis.term_frequency import figures as term_frequency_figures
from analysis.term_frequency import figures_like_size as term_frequency_figures_like_size
from analysis.term_frequency import figures_training as term_frequency_figures_training
from pages.components import controls, head, sections
from pages.components.markdown import plain
from pages.components.panel import draw, export_row, show_panel

head.begin(
    "term_frequency",
    "Frequent numbers are answered better, even among numbers of like size",
    "Pythia multiplies numbers that the Pile holds often with far more success. Frequent numbers are also small and round, so part of the "
    "effect is not frequency: the rank correlation of 0.90 becomes 0.62 at fixed operand size. All accuracies on this page are of the "
    "first (v0) deduplicated models, which were retrained afterwards; there is no file for 70M.",
)

YOURS = "yours"


def own_statistics():
    """(counts, statistics) with the reader's counts, every unusable row reported; None until there is a file that can be used."""
    upload = st.file_uploader("CSV with the columns number and count", type=["csv", "tsv", "txt"], key="tf_file")
    if upload is None:
        st.info(
            "Choose a file to use your own counts; until then the page shows those of the Pile. It is read in memory, for this session only.",
            icon=":material/upload_file:",
        )
        return None
    data = upload.getvalue()
    try:
        counts, problems = own_counts.read_counts(data)
        kept = st.session_state.setdefault("term_frequency_own", {})
        if data not in kept:
            with st.spinner("Computing 420 runs against your counts"):
                kept.clear()
                kept[data] = association.all_statistics(tables.load("term_frequency"), {YOURS: counts})
    except ValueError as problem:
        st.error(plain(f"This file cannot be used. {problem}"), icon=":material/error:")
        return None
    missing = [str(number) for number in range(100) if number not in counts.index]
    st.caption(f"{len(counts)} of 100 numbers have a count." + (f" Left out: {', '.join(missing)}." if missing else ""))
    if problems:
        with st.expander(f"{len(problems)} rows were not used"):
            st.text("\n".join(problems[:200]) + ("\n..." if len(problems) > 200 else ""))
    return counts, kept[data]


def choose():
    """(corpus, model, shots, operation, counts, statistics, whether the counts are the reader's)."""
    with controls.row():
        corpus = controls.choice("tf_corpus", "Counts", term_frequency_data.corpora() | {YOURS: "Your own CSV"}, "pile_train")
        model = controls.choice("tf_model", "Model", term_frequency_data.SIZES[::-1], term_frequency_data.SIZES[-1])
        shots = int(controls.choice("tf_shots", "Examples in the prompt", [str(k) for k in term_frequency_data.SHOTS], "16"))
        operation = controls.choice("tf_op", "Operation", ["multiplication", "addition"], "multiplication")
    own = own_statistics() if corpus == YOURS else None
    if corpus == YOURS and own is None:
        corpus = "pile_train"
    counts, statistics = own if own else (term_frequency_data.frequencies()[corpus], term_frequency_data.stored(corpus))
    return corpus, model, shots, operation, counts, statistics, own is not None


def checkpoint(key: str) -> int:
    """A slider over the checkpoints that were evaluated."""
    return controls.slider(
        key,
        "Checkpoint (training step)",
        term_frequency_data.STEPS[0],
        term_frequency_data.STEPS[-1],
        term_frequency_data.STEPS[-1],
        26_000,
    )


def effect() -> None:
    """Section: accuracy against count."""
    corpus, model, shots, operation, counts, statistics, own = choose()

    @st.fragment
    def scatter() -> None:
        """Accuracy against count, one marker per operand."""
        step = checkpoint("tf_step")
        draw("term_frequency.scatter", lambda: term_frequency_figures.scatter(statistics, counts, corpus, model, step, shots, operation))

    scatter()
    export_row("term_frequency.scatter")


def like_size() -> None:
    """Section: what is left when operands of like size are compared."""
    corpus, model, shots, operation, counts, statistics, own = choose()

    @st.fragment
    def partial() -> None:
        """What frequency tells among operands of like size, by model."""
        step = checkpoint("tf_step_partial")
        draw("term_frequency.partial", lambda: term_frequency_figures_like_size.partial(statistics, counts, corpus, step, shots, operation))

    partial()
    export_row("term_frequency.partial")
    if own:
        st.caption("The regression below is made with the counts of the Pile.")

    @st.fragment
    def regression() -> None:
        """Frequency beside four other properties of the operand."""
        operands = controls.switch("tf_range", "Operands", {"0 to 99": "0 to 99", "10 to 99": "10 to 99 (two digits)"}, "0 to 99")
        draw("term_frequency.regression", lambda: term_frequency_figures_like_size.regression(model, shots, operation, operands))

    regression()
    export_row("term_frequency.regression")


def over_training() -> None:
    """Section: when it appears."""
    corpus, model, shots, operation, counts, statistics, own = choose()

    @st.fragment
    def course() -> None:
        """A statistic over training, by model."""
        measure = controls.switch("tf_measure", "Statistic", term_frequency_figures_training.MEASURES, "rho")
        draw("term_frequency.course", lambda: term_frequency_figures_training.course(statistics, corpus, measure, model, shots, operation))

    course()
    export_row("term_frequency.course")

    @st.fragment
    def gap() -> None:
        """Frequent against rare operands over training."""
        most = len(counts) // 2
        extremes = controls.slider("tf_extremes", "Operands in each group", 2, min(40, most), min(association.EXTREMES, most), 1)
        draw("term_frequency.gap", lambda: term_frequency_figures_training.gap(counts, corpus, model, shots, operation, extremes))

    gap()
    export_row("term_frequency.gap")


def printed() -> None:
    """Section: beside the numbers in the paper."""
    corpus, model, shots, operation, counts, statistics, own = choose()
    show_panel(term_frequency_figures.paper(statistics, corpus))
    with st.expander("The 72 gaps, printed and computed (percentage points)"):
        st.dataframe(term_frequency_data.paper_table(statistics), hide_index=True, width="stretch")


sections.show(
    "tf_part",
    {
        "Frequency": effect,
        "Like size": like_size,
        "Over training": over_training,
        "The paper's gaps": printed,
    },
)
