"""Term frequency: are frequent terms answered better, and is frequency the cause?"""

import streamlit as st

from analysis import tables
from analysis.charts.parameters import Given
from analysis.term_frequency import association, own_counts
from analysis.term_frequency.data import OWN, NumberCounts, paper_table
from analysis.term_frequency.figures import Paper, Scatter
from analysis.term_frequency.figures_like_size import Partial, Regression
from analysis.term_frequency.figures_training import Course, Gap
from pages.components import page
from pages.components.markdown import plain
from pages.components.page import Section


def bring_counts() -> Given | None:
    """The reader's counts with the statistics of every run, every unusable row reported; None until there is a file that can be used."""
    upload = st.file_uploader("CSV with the columns number and count", type=["csv", "tsv", "txt"], key="number_counts_file")
    if upload is None:
        st.info("Choose a file to use your own counts. It is read in memory, for this session only.", icon=":material/upload_file:")
        return None
    content = upload.getvalue()
    try:
        counts, problems = own_counts.read_counts(content)
        kept = st.session_state.setdefault("number_counts_kept", {})
        if content not in kept:
            with st.spinner("Computing 420 runs against your counts"):
                kept.clear()
                kept[content] = association.all_statistics(tables.load("term_frequency"), {OWN: counts})
    except ValueError as problem:
        st.error(plain(f"This file cannot be used. {problem}"), icon=":material/error:")
        return None
    missing = [str(number) for number in range(100) if number not in counts.index]
    st.caption(f"{len(counts)} of 100 numbers have a count." + (f" Left out: {', '.join(missing)}." if missing else ""))
    if problems:
        with st.expander(f"{len(problems)} rows were not used"):
            st.text("\n".join(problems[:200]) + ("\n..." if len(problems) > 200 else ""))
    return Given(OWN, "your file", NumberCounts(OWN, counts, kept[content]))


def gaps(figure: Paper) -> None:
    """The printed and the computed gaps as a table."""
    with st.expander("The 72 gaps, printed and computed (percentage points)"):
        st.dataframe(paper_table(figure.number_counts.value.statistics), hide_index=True, width="stretch")


BRING = {"number_counts": bring_counts}
LEAD = "Accuracies are of the first (v0) deduplicated Pythia models, which were retrained afterwards; there is no file for 70M."
SECTIONS = [
    Section("frequency", "Accuracy vs frequency", Scatter, own=BRING),
    Section("size", "Controlling for magnitude", Partial, Regression, own=BRING),
    Section("training", "Over training", Course, Gap, own=BRING),
    Section("paper", "Check of Table 4", Paper, own=BRING, before=gaps),
]

if __name__ == "__main__":
    page.show("term_frequency", LEAD, SECTIONS)
