"""Fact check: which of the article's statements hold?"""

from collections.abc import Mapping

import streamlit as st

from analysis import catalogue, tables
from analysis.charts.panel import Panel
from analysis.claims import shown as claims_shown
from analysis.claims import verdicts
from analysis.claims.figures import Verdicts
from pages.components import page, places, registry, scenario, steps
from pages.components.cards import Card, cards
from pages.components.markdown import plain
from pages.components.page import Section
from pages.components.panel import current, draw, export_row

SIGNS = {"supported": "✓", "approximate": "≈", "corrected": "✎", "reported": "“", "rumour": "?", "forecast": "→"}
ASKED = "claims_id"
"""The name of the statement in the address."""


def to_page(row: dict) -> str:
    """Page and query of the figure that shows a statement's numbers, "" where there is none."""
    return places.of_address(row["figure"]) if row["figure"] else ""


def settings_of(rows: list[dict]) -> dict[str, list[str]]:
    """The parameters of the figures that show the statements, by page and query: such a link shows a figure as it stands."""
    return {to_page(row): [*catalogue.asked_for(row["figure"]).kinds()] for row in rows if row["figure"]}


def page_of(row: dict) -> str:
    """The title of that page."""
    return registry.entry(to_page(row).partition("?")[0]).title


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
    read = [] if row["figure"] else facts(row["id"])
    found = "" if read else f": {plain(row['found']) or 'as reported'}"
    st.markdown(f"**{plain(badge(row))}**{found}" + (f". {plain(row['note'][0].upper() + row['note'][1:])}." if row["note"] else ""))
    query = page.address(scenario.query([Verdicts]) | {ASKED: [row["id"]]}, [ASKED])
    if row["figure"]:
        shown(row, query)
    else:
        if read:
            st.markdown("\n".join(f"- {line}" for line in read))
        st.caption("No figure here shows this.")
        steps.address(query)


def shown(row: dict, query: Mapping) -> None:
    """The figure that shows a statement's numbers, at its own settings whatever the reader has chosen elsewhere."""
    figure = catalogue.asked_for(row["figure"])
    place = places.of_figure(figure.name)
    title = f"{page_of(row)} › {place.section.title}" if place else page_of(row)
    words = st.empty()
    draw(figure.name, figure.panel, query=query)
    if figure.name in current():
        words.caption(plain(where(row["shows"], current()[figure.name], title)))
    export_row(figure.name)
    cards("claims-page", [Card(title, to_page(row), lead="The same figure with its settings")], names=settings_of([row]))


def where(shows: str, panel: Panel, title: str) -> str:
    """Which numbers of a finding stand in the title of a figure, and which in its rows alone. title: of the section that it is from."""
    parts = claims_shown.parts(shows)
    titled = [part for part in parts if claims_shown.in_title(part, panel.title)]
    rest = [part for part in parts if part not in titled]
    said_in = [f"{place}: {', '.join(found)}" for place, found in (("in its title", titled), ("under “Table”", rest)) if found]
    return f"From {title}" + (f"; {'; '.join(said_in)}." if said_in else ", on this topic.")


def facts(claim: str) -> list[str]:
    """What each source says on a statement, with the work and the place in it, as Markdown."""
    rows = tables.load("claim_facts").query("claim == @claim").to_dict("records")
    works = [tables.source(row["source"]) for row in rows]
    return [
        f"{plain(row['fact'])} ([{plain(work['authors'])} {int(work['year'])}]({work['url']}), {plain(row['location'])})"
        for row, work in zip(rows, works, strict=True)
    ]


def statements(figure: Verdicts) -> None:
    """The statements that the figure counts, and what the verdicts mean."""
    found, rows = [], figure.rows().to_dict("records")
    for row in rows:
        to = to_page(row)
        words = ". ".join(filter(None, (row["found"] or "as reported", row["note"])))
        links = {page_of(row): to} if to else {}
        found.append(Card(row["claim"], f"claims?{ASKED}={row['id']}", lead=words, badge=badge(row), links=links))
    cards("claims-all", found, names=settings_of(rows))
    st.caption(" · ".join(f"**{plain(said(name))}**: {plain(meaning)}" for name, (_, meaning) in verdicts.VERDICTS.items()))
    st.caption(" · ".join(f"**{word}**: {plain(meaning)}" for word, meaning in verdicts.HOW.values()))


LEAD = "What the article says, what the numbers or the sources say, and how each verdict was reached."
SECTIONS = [
    Section("steps", "Step by step", Verdicts, instead=one_by_one),
    Section("verdicts", "All statements", Verdicts, after=statements),
]

if __name__ == "__main__":
    page.show("claims", LEAD, SECTIONS)
