"""Preference tuning: what does DPO optimise, and what did RLHF change round by round?"""

import streamlit as st

from analysis.preference import data
from analysis.preference.figures import Frontier, Implicit, Loss, Optimum
from analysis.preference.figures_memory import Stages
from analysis.preference.figures_reported import Batches, MtBench, Rounds, WinRates
from pages.components import page
from pages.components.markdown import plain
from pages.components.page import Section
from pages.components.waiting import with_bar

TRAINED = ("n_pairs", "n_answers", "flipped")


def train(figure) -> bool:
    """Whether the preferences that the figure is about could be learned from; a bar stands there while the worker trains on them."""
    try:
        with_bar(lambda show: data.trained(figure.n_pairs, figure.n_answers, figure.flipped, show), "Training 20 seeds")
    except ValueError as problem:
        st.error(plain(str(problem)), icon=":material/error:")
        return False
    return True


LEAD = "DPO tunes a policy on preferences directly; RLHF fits a reward model first and optimises against it."
SECTIONS = [
    Section("frontier", "Reward-KL frontier", Frontier, before=train, head=TRAINED),
    Section("implicit", "Implicit reward", Implicit, before=train, head=TRAINED),
    Section("loss", "DPO loss", Loss),
    Section("optimum", "Optimal policy", Optimum),
    Section("memory", "Training memory", Stages),
    Section("llama2", "Llama 2 RLHF iterations", Rounds, Batches),
    Section("reported", "Reported results", WinRates, MtBench),
]

if __name__ == "__main__":
    page.show("preference", LEAD, SECTIONS)
