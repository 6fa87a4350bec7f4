"""Overview: what are the ten papers, and what can I recompute here?"""

from urllib.parse import parse_qs

import streamlit as st

from analysis import catalogue, tables
from analysis.overview import figures
from pages.components import head
from pages.components.markdown import plain
from pages.components.panel import draw, export_row
from pages.components.registry import ENTRIES, entry

head.begin(
    "overview",
    "Ten papers of 2023, recomputed",
    "Move the sliders, fit the laws, follow every number to its table in its paper, and take the figure with you. Reported values are "
    "markers, computed ones lines, what-ifs dashed, and uncertainty is a band.",
)

STEPS = (
    ("claims", "See what the article says and what the numbers say."),
    ("scaling", "Move a slider and watch the advice change."),
    ("deck", "Put the figure on a slide, source and all."),
)
for column, (number, (stem, words)) in zip(st.columns(len(STEPS)), enumerate(STEPS, start=1), strict=True):
    with column, st.container(border=True, key=f"step-{stem}", height="stretch"):
        st.page_link(str(entry(stem).file), label=f"{number}. {entry(stem).title}", icon=entry(stem).icon)
        st.markdown(words)

st.header("The ten papers", anchor=False)
article = tables.source("raschka2023")
st.caption(f"The selection and its order are those of [{plain(article['title'])}]({article['url']}) by {plain(article['authors'])}.")


def card(number: int, source_id: str, name: str, links: tuple[str, ...]) -> None:
    """One paper: what it is, one of its figures, and where to go on."""
    work = tables.source(source_id)
    st.markdown(f"**{number}. [{plain(work['title'])}]({work['url']})**, {plain(work['authors'])} {int(work['year'])}")
    draw(name, lambda: figures.small(catalogue.panel(name)))
    export_row(name)
    with st.container(horizontal=True, key=f"pages-{source_id}"):
        for link in links:
            stem, _, query = link.partition("?")
            st.page_link(str(entry(stem).file), label=entry(stem).title, icon=entry(stem).icon, query_params=parse_qs(query))


for start in range(0, len(figures.PAPERS), 2):
    for column, paper in zip(st.columns(2, gap="large"), enumerate(figures.PAPERS[start : start + 2], start=start + 1), strict=True):
        with column, st.container(border=True, key=f"paper-{paper[0]}", height="stretch"):
            card(paper[0], *paper[1])

st.header("Every page", anchor=False)
st.markdown(
    "\n".join(
        ["| page | the question it answers |", "|---|---|"]
        + [f"| [{plain(item.title)}]({item.path or '.'}) | {plain(item.question)} |" for item in ENTRIES[1:]]
    )
)
