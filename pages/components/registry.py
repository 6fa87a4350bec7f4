"""The pages: one entry each, in the order and the groups in which the menu shows them."""

from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from analysis import TITLE

PAGES = Path(__file__).parents[1]


@dataclass(frozen=True)
class Entry:
    """One page: stem of its file and of its address, group in the menu or "" for a link of its own, short title, icon of links to it, the question it answers."""

    stem: str
    group: str
    title: str
    icon: str
    question: str

    @property
    def path(self) -> str:
        """Address below the server's root; the first page lives at the root itself."""
        return "" if self is ENTRIES[0] else self.stem

    @property
    def file(self) -> Path:
        """The page's script."""
        return PAGES / f"{self.stem}.py"


ENTRIES = (
    Entry("overview", "Start", TITLE, ":material/menu_book:", "What do you want to know?"),
    Entry("claims", "Start", "Fact check", ":material/fact_check:", "Which of the article's statements hold when recomputed?"),
    Entry("scaling", "Pretraining", "Scaling laws", ":material/trending_down:", "Which loss do N parameters and D tokens reach, and how sure is that?"),
    Entry("compute", "Pretraining", "Compute & cost", ":material/savings:", "I have this budget: how large a model, how many tokens, how long, how expensive?"),
    Entry("domain", "Pretraining", "Domain-adaptive pretraining", ":material/finance:", "What does a domain corpus bring: from scratch, continued, or fine-tuned?"),
    Entry("pythia", "Pretraining", "Pythia: training dynamics", ":material/timeline:", "How do abilities grow over training; do deduplication and batch size matter?"),
    Entry("moe", "Architecture", "Mixture of experts", ":material/hub:", "How many parameters does an MoE model hold, and how many does a token use?"),
    Entry("attention", "Architecture", "Attention & KV cache", ":material/grid_on:", "What do GQA and a sliding window save at my context length?"),
    Entry("memory", "Fine-tuning & alignment", "Fine-tuning memory (LoRA, QLoRA)", ":material/memory:", "Does this fine-tune fit on my GPU: full, LoRA or QLoRA?"),
    Entry("preference", "Fine-tuning & alignment", "RLHF & DPO", ":material/thumbs_up_down:", "What does DPO optimise, and what did RLHF change round by round?"),
    Entry("small_models", "Fine-tuning & alignment", "Small models & synthetic data", ":material/compress:", "How far do data quality and imitation carry small models?"),
    Entry("benchmarks", "Evaluation", "Benchmarks", ":material/leaderboard:", "Who reports what, under which setting, and who disagrees?"),
    Entry("judges", "Evaluation", "LLM-as-a-judge", ":material/balance:", "How stable is a ranking made by a GPT-4 judge?"),
    Entry("term_frequency", "Evaluation", "Term frequency", ":material/123:", "Are frequent terms answered better, and is frequency the cause?"),
    Entry("probe", "Evaluation", "Model probes", ":material/science:", "What does a model on my machine do, and how fast?"),
    Entry("convnets_vits", "Vision & video", "ConvNets vs ViTs", ":material/image:", "Do ConvNets match ViTs at equal pretraining compute?"),
    Entry("segment_anything", "Vision & video", "Segment Anything", ":material/select_all:", "What does one mask cost when the encoder runs once per image?"),
    Entry("video", "Vision & video", "Video generation", ":material/movie:", "How strongly is the factorised model preferred, and over whom?"),
    Entry("deck", "", "Slide deck", ":material/slideshow:", "Which figures go on my slides?"),
    Entry("sources", "", "Sources", ":material/format_quote:", "Where does each number come from, and may I reuse it?"),
)  # fmt: skip


def entry(stem: str) -> Entry:
    """The entry of a page; KeyError if there is none."""
    return {entry.stem: entry for entry in ENTRIES}[stem]


def navigation(slides: int = 0):
    """Declare the pages to Streamlit, which shows them in its header by groups, and return the one that was asked for.

    slides: on the reader's deck, which stand beside its name.

    Without their icons: Streamlit would make them the icon of the browser's tab, fetched from fonts.gstatic.com.
    """
    groups: dict[str, list] = {}
    for item in ENTRIES:
        title = f"{item.title} ({slides})" if item.stem == "deck" and slides else item.title
        page = st.Page(str(item.file), title=title, default=item is ENTRIES[0], url_path=item.path or None)
        groups.setdefault(item.group, []).append(page)
    return st.navigation(groups, position="top")
