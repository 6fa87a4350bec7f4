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

held, compared = data.headline()


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


page.show(
    "small_models",
    f"Orca 2 13B holds in {held} of the {compared} comparisons in our tables with models over five times its size",
    "They are of its own paper, as far as its printed scores are transcribed here. Papers on small models credit their data: textbooks, explanations by GPT-4, a thousand chosen examples. See what the printed "
    "scores support once sizes, intervals and costs stand beside them, run the loop that makes instructions out of a few seeds, and see where imitation stops.",
    [
        Section("larger", "Against larger models", Ratio),
        Section("scores", "Score by score", Scores),
        Section("loop", "The Self-Instruct loop", Growth, Filtered),
        Section("variety", "Variety", Variety),
        Section("run", "Run the loop", OwnRun, before=run, head=tuple(OwnRun.kinds())),
        Section("amount", "Amount of data", Lima, Amount),
        Section("phi", "Cost of phi", Cost, Hours),
        Section("code", "Data of phi", CodeData),
        Section("imitation", "Imitation", ImitationStyle, ImitationFacts),
    ],
)
