"""Claims: which of the article's statements hold when recomputed?"""

from urllib.parse import quote

import streamlit as st

from analysis import tables
from analysis.claims import data as claims_data
from analysis.claims import figures as claims_figures
from analysis.claims import verdicts
from pages.components import controls, head
from pages.components.markdown import plain
from pages.components.panel import show_panel
from pages.components.registry import ENTRIES

rows = claims_data.stored()
total = rows["verdict"].value_counts()
head.begin(
    "claims",
    f"{len(rows)} statements, {int(total['corrected'])} corrections",
    "What the article says, what the numbers say, and where to see it. Verdicts are recomputed by the tests of this project; where they "
    "differ from the text, the reason stands beside them.",
)

ICONS = {"supported": "✓", "approximate": "≈", "corrected": "✎", "reported": "“", "rumour": "?"}
titles = {source_id: tables.source(source_id)["title"].split(":")[0] for source_id in dict.fromkeys(rows["about"])}
left, right = st.columns(2)
with left:
    paper = controls.choice("claims_paper", "Paper", {"all": "all papers"} | titles, "all")
with right:
    verdict = controls.choice("claims_verdict", "Verdict", {"all": "all verdicts"} | {name: name for name in verdicts.VERDICTS}, "all")
shown = rows[((rows["about"] == paper) | (paper == "all")) & ((rows["verdict"] == verdict) | (verdict == "all"))]

if len(shown):
    show_panel(claims_figures.verdicts(shown, {"papers": titles.get(paper, "all"), "verdicts": verdict}))
else:
    st.info("No statement on this paper has this verdict.", icon=":material/search_off:")

pages = {entry.stem: entry.title for entry in ENTRIES}


def where(row) -> str:
    """A link to the page that shows it, or nothing."""
    if row["page"] not in pages:
        return ""
    query = f"?{quote(row['query'], safe='=&+')}" if row["query"] else ""
    return f"[{pages[row['page']]}]({row['page']}{query})"


lines = ["| | The article says | The numbers say | Keep in mind | See |", "|---|---|---|---|---|"]
lines += [
    f"| {ICONS[row['verdict']]} {row['verdict']} | {plain(row['claim'])} | {plain(row['found']) or 'as reported'} | {plain(row['note'])} | {where(row)} |"
    for row in shown.to_dict("records")
]
if len(shown):
    st.markdown("\n".join(lines))
st.caption(" · ".join(f"**{ICONS[name]} {name}**: {plain(meaning)}" for name, meaning in verdicts.VERDICTS.items()))
