"""Attention and cache: what do GQA and a sliding window save at my context length?"""

import streamlit as st

from analysis.attention.figures import Buffer, Cache, Mask, Reach, described
from analysis.attention.figures_ablation import Ablation
from analysis.attention.figures_latency import Prefill, Roofline
from pages.components import page
from pages.components.markdown import plain
from pages.components.page import Section


def about(figure) -> None:
    """One line on the attention of the chosen model."""
    st.caption(plain(described(figure.model.name, figure.model.shape)))


page.show(
    "attention",
    "Shared heads and a window shrink the cache that long contexts fill",
    "Every token a model has read leaves keys and values in memory, in every layer. Pick a model, or bring its config.json, and see what "
    "grouped-query attention, a sliding window or a latent save, how far a window reaches, and what reading and writing cost.",
    [
        Section("cache", "What the cache holds", Cache, before=about),
        Section("mask", "What a window sees", Mask),
        Section("buffer", "Rolling buffer", Buffer),
        Section("reach", "How far it reaches", Reach, before=about),
        Section("prompt", "Reading a prompt", Prefill, before=about),
        Section("generation", "Generating", Roofline, before=about),
        Section("quality", "Quality of shared heads", Ablation),
    ],
)
