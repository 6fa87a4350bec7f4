"""Fact check: which of the article's statements hold?"""

from urllib.parse import parse_qsl

import streamlit as st

from analysis.claims import verdicts
from analysis.claims.figures import Verdicts
from pages.components import page, places, scenario, steps
from pages.components.cards import Card, cards
from pages.components.markdown import plain
from pages.components.page import Section
from pages.components.panel import draw, export_row
from pages.components.registry import ENTRIES

SIGNS = {"supported": "✓", "approximate": "≈", "corrected": "✎", "reported": "“", "rumour": "?", "forecast": "→"}
PAGES = {entry.stem: entry.title for entry in ENTRIES}
ASKED = "claims_id"
"""The name of the statement in the address."""


def to_page(row: dict) -> str:
    """The page that shows a statement's numbers, "" where there is none."""
    return f"{row['page']}{'?' if row['query'] else ''}{row['query']}" if row["page"] in PAGES else ""


def said(verdict: str) -> str:
    """A verdict as readers see it."""
    return f"{SIGNS[verdict]} {verdicts.VERDICTS[verdict][0]}"


def badge(row: dict) -> str:
    """Verdict and how it was reached."""
    return f"{said(row['verdict'])} · {verdicts.HOW[row['how']][0]}"


def one_by_one() -> None:
    """The statements in the article's order, one at a time, each with the figure that shows its numbers."""
    figure, _ = scenario.figure(Verdicts)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        for name in Verdicts.kinds():
            page.control(name, Verdicts, figure.values(), "claims/steps")
    rows = figure.rows().to_dict("records")  # type: ignore[attr-defined]
    names = [row["id"] for row in rows]
    asked = st.session_state.get("arrived", {}).pop(ASKED, None) or st.session_state.get(ASKED) or st.query_params.get(ASKED)
    if asked not in names:
        asked = names[0]
    place = steps.steps("claims-steps", names.index(asked), len(rows), lambda position: st.session_state.update({ASKED: names[position]}))
    row = rows[place]
    st.session_state[ASKED] = row["id"]
    st.subheader(plain(row["claim"]), anchor=False)
    st.markdown(
        f"**{plain(badge(row))}**: {plain(row['found']) or 'as reported'}"
        + (f". {plain(row['note'][0].upper() + row['note'][1:])}." if row["note"] else "")
    )
    shown(row)


def shown(row: dict) -> None:
    """A figure on the topic of a statement, in the state that its link asks for."""
    values = scenario.query([Verdicts]) | {ASKED: [row["id"]]}
    query = page.address(values, [ASKED])
    asked = dict(parse_qsl(row["query"]))
    found = [
        place
        for place in (places.of_page(row["page"]) if row["page"] in PAGES else ())
        if place.section.key == asked.get("section") or ("section" not in asked and place.first)
    ]
    if not found or not found[0].section.figures:
        steps.address(query)
        st.caption("No figure of this app is on this statement.")
        return
    figure = found[0].section.figures[0]
    title = f"{PAGES[row['page']]} › {found[0].section.title}"
    st.caption(plain(f"On this topic, from {title}:"))
    draw(figure.name, figure.of(asked)[0].panel, query=query)
    export_row(figure.name)
    cards("claims-page", [Card(title, to_page(row), lead="The same figure with its settings")])


def statements(figure: Verdicts) -> None:
    """The statements that the figure counts, and what the verdicts mean."""
    found = []
    for row in figure.rows().to_dict("records"):
        to = to_page(row)
        words = ". ".join(filter(None, (row["found"] or "as reported", row["note"])))
        found.append(
            Card(row["claim"], f"claims?{ASKED}={row['id']}", lead=words, badge=badge(row), links={PAGES[row["page"]]: to} if to else {})
        )
    cards("claims-all", found)
    st.caption(" · ".join(f"**{plain(said(name))}**: {plain(meaning)}" for name, (_, meaning) in verdicts.VERDICTS.items()))
    st.caption(" · ".join(f"**{word}**: {plain(meaning)}" for word, meaning in verdicts.HOW.values()))


LEAD = "What the article says, what the numbers or the sources say, and how each verdict was reached."
SECTIONS = [
    Section("steps", "Step by step", Verdicts, instead=one_by_one),
    Section("verdicts", "All statements", Verdicts, after=statements),
]

if __name__ == "__main__":
    page.show("claims", LEAD, SECTIONS)
