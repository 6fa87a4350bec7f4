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


LEAD = "Every token leaves keys and values in memory, in every layer. Pick a model or bring its config.json."
SECTIONS = [
    Section("cache", "KV-cache size", Cache),
    Section("mask", "Sliding-window mask", Mask),
    Section("buffer", "Rolling buffer", Buffer),
    Section("reach", "Receptive field", Reach, before=about),
    Section("prompt", "Prefill", Prefill, before=about),
    Section("generation", "Decode speed", Roofline, before=about),
    Section("quality", "MHA vs GQA vs MQA", Ablation),
]

if __name__ == "__main__":
    page.show("attention", LEAD, SECTIONS)
