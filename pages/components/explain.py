"""How the numbers of a chart came about, below it: equations, the values in them, sentences, and every source."""

import streamlit as st

from analysis import tables
from analysis.charts.explained import Explanation, Quantity, explain, lead_of, origin_text, sentence, unit_of
from analysis.charts.panel import Citation, Panel
from analysis.trace import Origin, Traced
from analysis.trace.written import equation_latex, number_latex
from pages.components.markdown import plain

MANY = 5
"""Equations after which the box scrolls."""
HEIGHT = 560


def show(slot: str, panel: Panel) -> None:
    """Show how a panel's numbers came about, where its tables and settings allow that."""
    try:
        how = explain(panel)
        text, equations = markdown(how, panel), sum(len(one.equations) for one in how.quantities)
    except (ValueError, ArithmeticError) as problem:
        text, equations = plain(f"The steps cannot be shown: {problem}"), 0
    with st.container(border=True, height=HEIGHT if equations > MANY else "content", key=f"explained-{slot}"):
        st.markdown(text)


def markdown(how: Explanation, panel: Panel) -> str:
    """An explanation as Markdown, everything from tables and readers in it as plain text."""
    blocks = [quantity(one) for one in how.quantities if one.equations or one.origin]
    if how.values:
        blocks.append("\n".join(["| | Value | What it is | From |", "|---|---:|---|---|", *map(row, how.values)]))
    blocks += [plain(words) for words in how.words]
    if panel.sources:
        blocks.append(
            "\n".join(["**Sources**", "", *(f"- {cited(one)}. {plain(tables.source(one.source_id)['title'])}" for one in panel.sources)])
        )
    return "\n\n".join(blocks)


def quantity(one: Quantity) -> str:
    """A quantity of the headline: its name and text, and its equations, or where it is printed."""
    said = f"**{plain(sentence(one.headline.name))}: {plain(one.headline.text)}**"
    if not one.equations:
        return f"{said}, {lead_of(one.origin) if one.origin else ''}{origin(one.origin)}"
    steps = [f"{plain(sentence(equation.meaning))}\n\n$$\n{equation_latex(equation)}\n$$" for equation in one.equations]
    return "\n\n".join([said, *(steps if len(steps) > 1 else [steps[0].partition("\n\n")[2]])])


def row(value: Traced) -> str:
    """A value as a row of the list: symbol, value, what it is, where from."""
    amount = f"${number_latex(value.value)}$ {plain(unit_of(value))}".rstrip()
    return f"| ${value.symbol}$ | {amount} | {plain(sentence(value.meaning))} | {origin(value.origin)} |"


def origin(of: Origin | None) -> str:
    """Where a value comes from, as Markdown: works as links, the place, and how well it was checked."""
    return origin_text(of, lambda name, url: f"[{plain(name)}]({url})", plain)


def cited(citation: Citation) -> str:
    """A citation as Markdown: author and year as a link, and the place in the work."""
    work = tables.source(citation.source_id)
    place = f", {plain(citation.location)}" if citation.location else ""
    return f"[{plain(work['authors'])} {int(work['year'])}]({work['url']}){place}"
