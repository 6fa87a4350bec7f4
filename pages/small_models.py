"""Small models: how far do data quality and imitation carry them?"""

import pandas as pd
import streamlit as st

from analysis.small_models import data
from analysis.small_models.figures import Cost, Hours, Ratio, Scores
from analysis.small_models.figures_self_instruct import Filtered, Growth, OwnRun, Variety
from analysis.small_models.figures_training_data import Amount, CodeData, ImitationFacts, ImitationStyle, Lima
from pages.components import page
from pages.components.markdown import plain
from pages.components.page import Section
from pages.components.waiting import with_bar


def run(figure) -> bool:
    """Whether the loop could be run; a bar stands there while the worker runs it, and then its last instructions."""
    try:
        _, texts = with_bar(
            lambda show: data.own_run(figure.run_threshold, figure.run_novelty, figure.n_requests, figure.loop_seed, show),
            "Running the loop",
        )
    except ValueError as problem:
        st.error(plain(str(problem)), icon=":material/error:")
        return False
    for name, words in (("kept", "Last instructions kept"), ("dropped", "Last instructions dropped")):
        if texts[name]:
            with st.popover(f"{words}, with the most similar one and their ROUGE-L"):
                rows = pd.DataFrame(texts[name][-20:], columns=["instruction", "most similar", "ROUGE-L"])
                st.dataframe(rows, hide_index=True, width="stretch")
    return True


LEAD = "Papers credit their data: textbooks, explanations by GPT-4, a thousand chosen examples. What do the reported scores support?"
SECTIONS = [
    Section("larger", "Against larger models", Ratio),
    Section("scores", "Score by score", Scores),
    Section("loop", "Self-Instruct", Growth, Filtered),
    Section("variety", "Diversity", Variety),
    Section("run", "Simulate Self-Instruct", OwnRun, before=run, head=tuple(OwnRun.kinds())),
    Section("amount", "Instruction-data quantity", Lima, Amount),
    Section("phi", "Cost of phi", Cost, Hours),
    Section("code", "Data of phi-1", CodeData),
    Section("imitation", "Imitation tuning", ImitationStyle, ImitationFacts),
]

if __name__ == "__main__":
    page.show("small_models", LEAD, SECTIONS)
