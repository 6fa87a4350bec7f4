"""Figures on the article's statements."""

import pandas as pd

from analysis import tables
from analysis.charts import marks, style
from analysis.charts.figure import Figure
from analysis.charts.marks import Part
from analysis.charts.panel import Citation, Headline, Panel
from analysis.charts.parameters import Choice
from analysis.claims import verdicts as claims_verdicts
from analysis.claims.data import stored

COLORS = {
    "supported": style.BLUE,
    "approximate": style.SLATE,
    "corrected": style.AMBER,
    "reported": style.GREY,
    "rumour": style.CRIMSON,
}
TOLD = ["id", "about", "claim", "verdict", "found", "note", "source"]


def papers() -> dict[str, str]:
    """Title of each work that a statement is about, by its id."""
    return {source_id: tables.source(source_id)["title"].split(":")[0] for source_id in dict.fromkeys(stored()["about"])}


def verdicts_on(paper: str) -> dict[str, str]:
    """The verdicts on a paper, or on all."""
    rows = stored()
    found = set(rows.loc[(rows["about"] == paper) | (paper == "all"), "verdict"])
    return {name: name for name in claims_verdicts.VERDICTS if name in found}


class Verdicts(Figure):
    """How many statements on each paper hold, as stacked bars."""

    name = "claims.verdicts"
    paper: str = Choice("Paper", options=lambda _: {"all": "all papers"} | papers())("all")
    verdict: str = Choice("Verdict", options=lambda earlier: {"all": "all verdicts"} | verdicts_on(earlier["paper"]))("all")

    def rows(self) -> pd.DataFrame:
        """The statements that are asked for, of `stored`."""
        rows = stored()
        return rows[((rows["about"] == self.paper) | (self.paper == "all")) & ((rows["verdict"] == self.verdict) | (self.verdict == "all"))]

    def draw(self) -> Panel:
        """The panel at these parameters."""
        rows = self.rows()
        table, titles = claims_verdicts.counts(rows), papers()
        names = [titles[source_id] for source_id in table.index]
        parts: list[Part] = [
            {"series": verdict, "paper": names, "statements": table[verdict], "status": "computed"}
            for verdict in claims_verdicts.VERDICTS
            if table[verdict].any()
        ]
        traces = [marks.bars(part, "statements", "paper", COLORS[part["series"]], horizontal=True) for part in parts]
        layout = style.layout("number", "category", x_title="Statements", height=150 + 34 * len(table), barmode="stack")
        layout["yaxis"] |= {"autorange": "reversed"}
        layout["xaxis"] |= {"dtick": 1}
        layout["legend"] |= {"traceorder": "normal"}
        total = {verdict: int(table[verdict].sum()) for verdict in claims_verdicts.VERDICTS}
        checked = sum(total[verdict] for verdict in ("supported", "approximate", "corrected"))
        said = {name: Headline(f"statements {name}", number, "statements", str(number)) for name, number in total.items()}
        recomputed = Headline("statements recomputed", checked, "statements", str(checked))
        title = f"Of {recomputed} recomputed statements {said['supported']} hold, {said['approximate']} nearly, and {said['corrected']} need a correction"
        headline: tuple[Headline, ...] = (recomputed, said["supported"], said["approximate"], said["corrected"])
        if not checked:
            title = f"Not recomputed: {said['reported']} as reported, {said['rumour']} as a rumour"
            headline = (said["reported"], said["rumour"])
        return Panel(
            title=title,
            headline=headline,
            figure=style.figure(traces, layout),
            parts=[*parts, {name: rows[name] for name in TOLD} | {"series": "statement", "status": "computed"}],
            caption="Each statement is one of the article's, in our words. Reported ones rest on a paper alone until a page recomputes them; a rumour stays one.",
            alt=f"Bars of verdicts by paper: {total['supported']} statements supported, {total['approximate']} approximately, {total['corrected']} corrected, {total['reported']} as reported.",
            sources=(Citation("raschka2023"), *(Citation(source_id) for source_id in table.index)),
            explain=(claims_verdicts.no_effect, claims_verdicts.close, claims_verdicts.optimum_ratios),
        )
