"""Mixture of experts: how many parameters does it hold, and how many does a token use?"""

import streamlit as st

from analysis.moe.figures import Intuition, MemoryCompute, TotalActive, described
from analysis.moe.figures_build import Build, Rumour
from analysis.moe.figures_routing import Balance, Capacity, Load
from pages.components import page
from pages.components.markdown import plain
from pages.components.page import Section


def about(figure) -> None:
    """One line on the experts of the chosen model."""
    st.caption(plain(described(figure.model.name, figure.model.shape)))


LEAD = "A router sends each token to a few of many experts. All of them fill memory, few of them compute."
SECTIONS = [
    Section("published", "Published MoE models", TotalActive),
    Section("mixture", "Parameter breakdown", Intuition, MemoryCompute, before=about),
    Section("build", "Build your own", Build),
    Section("router", "Load balancing", Load, Capacity),
    Section("balance", "Balancing loss", Balance),
    Section("rumour", "The GPT-4 rumour", Rumour),
]

if __name__ == "__main__":
    page.show("moe", LEAD, SECTIONS)
