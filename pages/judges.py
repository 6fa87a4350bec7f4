"""A model as judge: how stable is a ranking made by GPT-4?"""

import streamlit as st

from analysis import tables
from analysis.judges import data
from analysis.judges.figures import BradleyTerry, Elo, Human, RankingShift, WinMatrix
from analysis.judges.figures_verdicts import Consistency, PositionBias, Power, PromptsNeeded, Verdicts
from pages.components import page
from pages.components.markdown import plain
from pages.components.page import Section
from pages.components.waiting import with_bar

numbers = {benchmark: data.headline(benchmark) for benchmark in data.BENCHMARKS}


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


page.show(
    "judges",
    f"GPT-4 as judge gives the answer it reads first {numbers['vicuna']['order']} Elo points",
    f"That is on the Vicuna prompts, in a Bradley-Terry model with ties; on the Open Assistant prompts it is {numbers['oa']['order']}. The QLoRA paper ranked chatbots by GPT-4's verdicts and released all {len(tables.load('judge_verdicts')):,} of them. "
    f"Replay its tournament, see how much a single ordering scatters (by {numbers['vicuna']['sd']} points), and how many prompts it takes to tell two models apart.",
    [
        Section("tournament", "Tournament", Elo, Human, before=replay),
        Section("support", "What the verdicts support", BradleyTerry, WinMatrix),
        Section("first", "The answer shown first", Verdicts, Consistency),
        Section("order", "Where the order decides", PositionBias, RankingShift),
        Section("prompts", "How many prompts", PromptsNeeded),
        Section("power", "Chance to tell two apart", Power),
    ],
)
