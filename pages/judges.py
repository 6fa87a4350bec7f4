"""A model as judge: how stable is a ranking made by GPT-4?"""

import streamlit as st

from analysis.judges import data
from analysis.judges.figures import BradleyTerry, Elo, Human, RankingShift, WinMatrix
from analysis.judges.figures_verdicts import Consistency, PositionBias, Power, PromptsNeeded, Verdicts
from pages.components import page
from pages.components.markdown import plain
from pages.components.page import Section
from pages.components.waiting import with_bar


def replay(figure) -> bool:
    """Whether there are ratings by the chosen rules; a bar stands there while the worker replays the tournament."""
    try:
        with_bar(
            lambda show: data.replayed(figure.prompt_set, figure.ties_in_elo, figure.verdicts_in_elo, show),
            "Replaying the tournament in 10,000 orderings",
        )
    except ValueError as problem:
        st.error(plain(str(problem)), icon=":material/error:")
        return False
    return True


LEAD = "GPT-4's verdicts on chatbots, as released with QLoRA: replay the tournament, and see what so many prompts can tell."
SECTIONS = [
    Section("tournament", "Elo", Elo, Human, before=replay),
    Section("support", "Bradley-Terry ranking", BradleyTerry, WinMatrix),
    Section("first", "Position bias", Verdicts, Consistency),
    Section("order", "Position bias by pair", PositionBias, RankingShift),
    Section("prompts", "Sample size", PromptsNeeded),
    Section("power", "Power", Power),
]

if __name__ == "__main__":
    page.show("judges", LEAD, SECTIONS)
