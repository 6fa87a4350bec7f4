"""Figures on the article's statements."""

from collections.abc import Callable, Mapping

import pandas as pd

from analysis import tables
from analysis.charts import style
from analysis.charts.panel import Citation, Panel
from analysis.claims import verdicts as claims_verdicts
from analysis.claims.data import stored

COLORS = {
    "supported": style.BLUE,
    "approximate": style.SLATE,
    "corrected": style.AMBER,
    "reported": style.GREY,
    "rumour": style.CRIMSON,
}


def verdicts(rows: pd.DataFrame, settings: Mapping[str, str]) -> Panel:
    """How many statements on each paper hold, as stacked bars. rows: of `stored`."""
    table = claims_verdicts.counts(rows)
    names = [tables.source(source_id)["title"].split(":")[0] for source_id in table.index]
    traces = [
        style.bars(table[verdict], names, verdict, COLORS[verdict], horizontal=True)
        for verdict in claims_verdicts.VERDICTS
        if table[verdict].any()
    ]
    layout = style.layout("number", "category", x_title="Statements", height=150 + 34 * len(table), barmode="stack")
    layout["yaxis"] |= {"autorange": "reversed"}
    layout["xaxis"] |= {"dtick": 1}
    layout["legend"] |= {"traceorder": "normal"}
    total = table.sum()
    checked = int(total[["supported", "approximate", "corrected"]].sum())
    return Panel(
        name="claims.verdicts",
        title=f"Of {checked} recomputed statements {total['supported']} hold, {total['approximate']} nearly, and {total['corrected']} need a correction",
        figure=style.figure(traces, layout),
        data=lambda: rows[["id", "about", "claim", "verdict", "found", "note", "source"]].assign(status="computed"),
        caption="Each statement is one of the article's, in our words. Reported ones rest on a paper alone until a page recomputes them; a rumour stays one.",
        alt=f"Bars of verdicts by paper: {total['supported']} statements supported, {total['approximate']} approximately, {total['corrected']} corrected, {total['reported']} as reported.",
        sources=(Citation("raschka2023"), *(Citation(source_id) for source_id in table.index)),
        settings=settings,
        explain=(claims_verdicts.no_effect, claims_verdicts.close, claims_verdicts.optimum_ratios),
    )


def default_panels() -> dict[str, Callable[[], Panel]]:
    """The panels of the claims page at its default settings."""
    return {"claims.verdicts": lambda: verdicts(stored(), {"papers": "all", "verdicts": "all"})}
