"""The pages: one entry each, in the order and the groups in which the menu shows them."""

from dataclasses import dataclass
from pathlib import Path

import streamlit as st

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
    Entry("overview", "Read", "Overview", ":material/menu_book:", "What are the ten papers, and what can I recompute here?"),
    Entry("claims", "Read", "Claims", ":material/fact_check:", "Which of the article's statements hold when recomputed?"),
    Entry(
        "scaling", "Train", "Scaling laws", ":material/trending_down:",
        "Which loss do N parameters and D tokens buy, and how sure is that?",
    ),
    Entry(
        "compute", "Train", "Training budget", ":material/savings:",
        "I have this budget: how large a model, how many tokens, how long, how expensive?",
    ),
    Entry(
        "domain", "Train", "Domain pretraining", ":material/finance:",
        "What does a domain corpus buy: from scratch, continued, or fine-tuned?",
    ),
    Entry(
        "moe", "Build", "Mixture of experts", ":material/hub:",
        "How many parameters does a mixture of experts hold, and how many does a token use?",
    ),
    Entry(
        "attention", "Build", "Attention and cache", ":material/grid_on:",
        "What do GQA and a sliding window save at my context length?",
    ),
    Entry(
        "memory", "Tune", "Fine-tuning memory", ":material/memory:",
        "Does this fine-tune fit on my GPU: full, LoRA or QLoRA?",
    ),
    Entry(
        "preference", "Tune", "Preference tuning", ":material/thumbs_up_down:",
        "What does DPO optimise, and what did RLHF change round by round?",
    ),
    Entry(
        "small_models", "Tune", "Small models", ":material/compress:",
        "How far do data quality and imitation carry small models?",
    ),
    Entry(
        "pythia", "Measure", "Pythia", ":material/timeline:",
        "How do abilities grow over training; do deduplication and batch size matter?",
    ),
    Entry(
        "term_frequency", "Measure", "Term frequency", ":material/123:",
        "Are frequent terms answered better, and is frequency the cause?",
    ),
    Entry("benchmarks", "Measure", "Benchmarks", ":material/leaderboard:", "Who reports what, under which setting, and who disagrees?"),
    Entry("judges", "Measure", "Model as judge", ":material/balance:", "How stable is a ranking made by a GPT-4 judge?"),
    Entry(
        "convnets_vits", "See", "ConvNets and ViTs", ":material/image:",
        "Do ConvNets match ViTs at equal pretraining compute?",
    ),
    Entry(
        "segment_anything", "See", "Segment Anything", ":material/select_all:",
        "What does one mask cost when the encoder runs once per image?",
    ),
    Entry(
        "video", "See", "Video generation", ":material/movie:",
        "How strongly is the factorised model preferred, and over whom?",
    ),
    Entry(
        "probe", "Run", "Probe", ":material/science:",
        "What does a model on my machine do, and how fast?",
    ),
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
