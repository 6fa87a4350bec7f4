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


page.show(
    "moe",
    "A mixture of experts must hold far more parameters than a token uses",
    "A router sends each token to a few of many experts. All of them fill memory, few of them compute. See how much of each in every published "
    "mixture, why 8 x 7B is not 56B, build one of your own, and watch what an uneven router does to it.",
    [
        Section("published", "Published mixtures", TotalActive),
        Section("mixture", "One mixture", Intuition, MemoryCompute, before=about),
        Section("build", "Build your own", Build),
        Section("router", "An uneven router", Load, Capacity),
        Section("balance", "The loss that balances it", Balance),
        Section("rumour", "The GPT-4 rumour", Rumour),
    ],
)
