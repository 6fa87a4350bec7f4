"""The pages: one entry each, in the order and the groups in which the sidebar shows them."""

from dataclasses import dataclass
from pathlib import Path

import streamlit as st

PAGES = Path(__file__).parents[1]


@dataclass(frozen=True)
class Entry:
    """One page: stem of its file and of its address, sidebar group, short title, the question it answers, its papers."""

    stem: str
    group: str
    title: str
    icon: str
    question: str
    papers: str

    @property
    def path(self) -> str:
        """Address below the server's root; the first page lives at the root itself."""
        return "" if self is ENTRIES[0] else self.stem

    @property
    def file(self) -> Path:
        """The page's script."""
        return PAGES / f"{self.stem}.py"


ENTRIES = (
    Entry("overview", "Read", "Overview", ":material/menu_book:", "What are the ten papers, and what can I recompute here?", "all"),
    Entry("claims", "Read", "Claims", ":material/fact_check:", "Which of the article's statements hold when recomputed?", "all"),
    Entry(
        "scaling", "Train", "Scaling laws", ":material/trending_down:",
        "Which loss do N parameters and D tokens buy, and how sure is that?", "Chinchilla, Kaplan and successors",
    ),
    Entry(
        "compute", "Train", "Training budget", ":material/savings:",
        "I have this budget: how large a model, how many tokens, how long, how expensive?", "BloombergGPT, Llama 2, Pythia",
    ),
    Entry(
        "domain", "Train", "Domain pretraining", ":material/finance:",
        "What does a domain corpus buy: from scratch, continued, or fine-tuned?", "BloombergGPT, AdaptLLM",
    ),
    Entry(
        "moe", "Build", "Mixture of experts", ":material/hub:",
        "How many parameters does a mixture of experts hold, and how many does a token use?", "Mixtral, Switch",
    ),
    Entry(
        "attention", "Build", "Attention and cache", ":material/grid_on:",
        "What do GQA and a sliding window save at my context length?", "Mistral 7B, Llama 2",
    ),
    Entry(
        "memory", "Tune", "Fine-tuning memory", ":material/memory:",
        "Does this fine-tune fit on my GPU: full, LoRA or QLoRA?", "QLoRA",
    ),
    Entry(
        "preference", "Tune", "Preference tuning", ":material/thumbs_up_down:",
        "What does DPO optimise, and what did RLHF change round by round?", "DPO, Llama 2, Zephyr",
    ),
    Entry(
        "small_models", "Tune", "Small models", ":material/compress:",
        "How far do data quality and imitation carry small models?", "Orca 2, phi, LIMA, Self-Instruct",
    ),
    Entry(
        "pythia", "Measure", "Pythia", ":material/timeline:",
        "How do abilities grow over training; do deduplication and batch size matter?", "Pythia",
    ),
    Entry(
        "term_frequency", "Measure", "Term frequency", ":material/123:",
        "Are frequent terms answered better, and is frequency the cause?", "Pythia",
    ),
    Entry("benchmarks", "Measure", "Benchmarks", ":material/leaderboard:", "Who reports what, under which setting, and who disagrees?", "all language papers"),
    Entry("judges", "Measure", "Model as judge", ":material/balance:", "How stable is a ranking made by a GPT-4 judge?", "QLoRA"),
    Entry(
        "convnets_vits", "See", "ConvNets and ViTs", ":material/image:",
        "Do ConvNets match ViTs at equal pretraining compute?", "ConvNets Match ViTs",
    ),
    Entry(
        "segment_anything", "See", "Segment Anything", ":material/select_all:",
        "What does one mask cost when the encoder runs once per image?", "Segment Anything",
    ),
    Entry(
        "video", "See", "Video generation", ":material/movie:",
        "How strongly is the factorised model preferred, and over whom?", "Emu Video, Align Your Latents",
    ),
    Entry(
        "probe", "Run", "Probe", ":material/science:",
        "What does a model on my machine do, and how fast?", "Pythia and any Hugging Face causal LM",
    ),
    Entry("deck", "Run", "Slide deck", ":material/slideshow:", "Which figures go on my slides?", "-"),
    Entry("sources", "Run", "Sources", ":material/format_quote:", "Where does each number come from, and may I reuse it?", "all"),
)  # fmt: skip


def entry(stem: str) -> Entry:
    """The entry of a page; KeyError if there is none."""
    return {entry.stem: entry for entry in ENTRIES}[stem]


def navigation():
    """Declare the pages to Streamlit and return the one that was asked for. The menu is our own (pages/components/menu.py).

    Without their icons: Streamlit would make them the icon of the browser's tab, fetched from fonts.gstatic.com.
    """
    pages = [st.Page(str(item.file), title=item.title, default=item is ENTRIES[0], url_path=item.path or None) for item in ENTRIES]
    return st.navigation(pages, position="hidden")
