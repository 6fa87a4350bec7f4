"""Benchmarks: who reports what, under which setting, and who disagrees?"""

import streamlit as st

from analysis.benchmarks import data
from analysis.benchmarks.figures import AgainstParams, HeatMap, Reports
from analysis.benchmarks.figures_disagree import Disagreements, Evaluators, Gaps
from analysis.benchmarks.figures_filters import picked
from analysis.benchmarks.figures_pair import Dumbbell, compared
from analysis.benchmarks.figures_programs import Contamination, Implementations, MultipleChoice
from pages.components import page
from pages.components.markdown import plain
from pages.components.page import Section


def can_be_compared(figure: Dumbbell) -> bool:
    """Whether two models can be drawn side by side; says why not."""
    found = compared(*figure.asked())
    if isinstance(found, str):
        st.info(plain(found), icon=":material/compare_arrows:")
    return not isinstance(found, str)


def has_points(figure: AgainstParams) -> bool:
    """Whether the filters leave something to draw against size; says on which benchmarks they do."""
    labels = data.sized_labels()
    there = data.with_points(data.filtered(data.all_scores(), *picked(figure)))
    if figure.benchmark not in there:
        others = ", ".join(label for name, label in labels.items() if name in there)
        words = f"These have one: {others}." if others else "Nor on any other benchmark here; choose fewer filters."
        st.info(
            plain(f"No model of known size that passes the filters has a score on {labels[figure.benchmark]} to draw. {words}"),
            icon=":material/filter_alt_off:",
        )
    return figure.benchmark in there


LEAD = "Scores as the papers report them, compared only where benchmark, metric, scoring, shots and setting are stated and agree."
SECTIONS = [
    Section("apart", "Disagreements", Gaps, Disagreements),
    Section("depends", "Evaluation settings", Implementations, Evaluators),
    Section("training", "Contamination", Contamination, MultipleChoice),
    Section("all", "Score matrix", HeatMap, wide=True),
    Section("reports", "Reports of one score", Reports),
    Section("pair", "Head-to-head", Dumbbell, before=can_be_compared),
    Section("size", "Score vs size", AgainstParams, before=has_points),
]

if __name__ == "__main__":
    page.show("benchmarks", LEAD, SECTIONS)
