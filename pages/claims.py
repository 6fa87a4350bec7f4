"""Claims: which of the article's statements hold?"""

from urllib.parse import quote

import streamlit as st

from analysis.claims import verdicts
from analysis.claims.figures import Verdicts
from pages.components import page
from pages.components.markdown import plain
from pages.components.page import Section
from pages.components.registry import ENTRIES

ICONS = {"supported": "✓", "approximate": "≈", "corrected": "✎", "reported": "“", "rumour": "?", "forecast": "→"}
PAGES = {entry.stem: entry.title for entry in ENTRIES}


def where(row) -> str:
    """A link to the page that shows it, or nothing."""
    if row["page"] not in PAGES:
        return ""
    query = f"?{quote(row['query'], safe='=&+')}" if row["query"] else ""
    return f"[{PAGES[row['page']]}]({row['page']}{query})"


def statements(figure: Verdicts) -> None:
    """The statements that the figure counts, and what the verdicts mean."""
    lines = ["| | The article says | The numbers or sources say | How | Keep in mind | See |", "|---|---|---|---|---|---|"]
    lines += [
        f"| {ICONS[row['verdict']]} {row['verdict']} | {plain(row['claim'])} | {plain(row['found']) or 'as reported'} | {verdicts.HOW[row['how']][0]} "
        f"| {plain(row['note'])} | {where(row)} |"
        for row in figure.rows().to_dict("records")
    ]
    st.html("<style>[data-testid=stMarkdownContainer] table { display: block; overflow-x: auto; }</style>")
    st.markdown("\n".join(lines))
    st.caption(" · ".join(f"**{ICONS[name]} {name}**: {plain(meaning)}" for name, meaning in verdicts.VERDICTS.items()))
    st.caption(" · ".join(f"**{word}**: {plain(meaning)}" for word, meaning in verdicts.HOW.values()))


LEAD = "What the article says, what the numbers or the sources say, and how each verdict was reached."
SECTIONS = [Section("verdicts", "Verdicts", Verdicts, after=statements)]

if __name__ == "__main__":
    page.show("claims", LEAD, SECTIONS)
