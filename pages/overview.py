"""Overview: what are the ten papers, and what can I recompute here?"""

import streamlit as st

from analysis import tables
from pages.components import frame
from pages.components.panel import plain
from pages.components.registry import ENTRIES

frame.begin(
    "overview",
    "Ten papers of 2023, recomputed",
    "Move the sliders, fit the laws, follow every number to its table in its paper, and take the figure with you. Reported values are "
    "markers, computed ones lines, what-ifs dashed, and uncertainty is a band.",
)

st.header("What you can recompute", anchor=False)
for item in ENTRIES[1:]:
    with st.container(border=True, horizontal=True, vertical_alignment="center", key=f"go-{item.stem}"):
        st.page_link(str(item.file), label=item.title, icon=item.icon)
        st.markdown(item.question)

st.header("The papers", anchor=False)
PAPERS = (
    "biderman2023",
    "touvron2023llama2",
    "dettmers2023",
    "wu2023",
    "rafailov2023",
    "jiang2023",
    "mitra2023",
    "smith2023",
    "kirillov2023",
    "girdhar2023",
)
lines = []
for number, source_id in enumerate(PAPERS, start=1):
    work = tables.source(source_id)
    lines.append(f"{number}. [{plain(work['title'])}]({work['url']}), {plain(work['authors'])} {int(work['year'])}")
st.markdown("\n".join(lines))
article = tables.source("raschka2023")
st.caption(f"The selection and its order are those of [{plain(article['title'])}]({article['url']}) by {plain(article['authors'])}.")
