"""Figures on the article's statements."""

import pandas as pd

from analysis import tables
from analysis.charts import marks, style
from analysis.charts.figure import Figure
from analysis.charts.marks import Part
from analysis.charts.panel import Citation, Headline, Panel
from analysis.charts.parameters import Choice
from analysis.claims import verdicts as claims_verdicts
from analysis.claims.data import sources_of, stored

COLORS = dict(
    zip(
        (word for word, _ in claims_verdicts.VERDICTS.values()),
        (style.BLUE, style.SLATE, style.ORCHID, style.GREY, style.CRIMSON, style.VIOLET),
        strict=True,
    )
)
"""Colour of each verdict by its word."""
LEFT = {"reported": "as reported", "rumour": "as a rumour", "forecast": "as a forecast"}
"""What is said of statements whose verdict does not say whether they hold."""
TOLD = ["id", "about", "claim", "verdict", "how", "found", "note", "source"]


def papers() -> dict[str, str]:
    """Title of each work that a statement is about, by its id."""
    return {source_id: tables.source(source_id)["title"].split(":")[0] for source_id in dict.fromkeys(stored()["about"])}


def verdicts_on(paper: str) -> dict[str, str]:
    """The verdicts on a paper, or on all."""
    found = set(asked_for(paper=paper)["verdict"])
    return {name: word for name, (word, _) in claims_verdicts.VERDICTS.items() if name in found}


def ways_to(paper: str, verdict: str) -> dict[str, str]:
    """How these verdicts were reached."""
    found = set(asked_for(paper=paper, verdict=verdict)["how"])
    return {key: word for key, (word, _) in claims_verdicts.HOW.items() if key in found}


def asked_for(paper: str = "all", verdict: str = "all", how: str = "all") -> pd.DataFrame:
    """The statements on a paper with a verdict that was reached in a way, of `stored`."""
    rows = stored()
    for column, value in (("about", paper), ("verdict", verdict), ("how", how)):
        rows = rows[(rows[column] == value) | (value == "all")]
    return rows


class Verdicts(Figure):
    """How many statements on each paper hold, as stacked bars."""

    name = "claims.verdicts"
    paper: str = Choice("Paper", options=lambda _: {"all": "all papers"} | papers())("all")
    verdict: str = Choice("Verdict", options=lambda earlier: {"all": "all verdicts"} | verdicts_on(earlier["paper"]))("all")
    how: str = Choice("How checked", options=lambda earlier: {"all": "all ways"} | ways_to(earlier["paper"], earlier["verdict"]))("all")

    def rows(self) -> pd.DataFrame:
        """The statements that are asked for, of `stored`."""
        return asked_for(self.paper, self.verdict, self.how)

    def draw(self) -> Panel:
        """The panel at these parameters."""
        rows = self.rows()
        table, titles = claims_verdicts.counts(rows), papers()
        names = [titles[source_id] for source_id in table.index]
        parts: list[Part] = [
            {"series": word, "paper": names, "statements": table[verdict], "status": "computed"}
            for verdict, (word, _) in claims_verdicts.VERDICTS.items()
            if table[verdict].any()
        ]
        traces = [marks.bars(part, "statements", "paper", COLORS[part["series"]], horizontal=True) for part in parts]
        layout = style.layout("number", "category", x_title="Statements", height=150 + 34 * len(table), barmode="stack")
        layout["yaxis"] |= {"autorange": "reversed"}
        layout["xaxis"] |= {"dtick": 1}
        layout["legend"] |= {"traceorder": "normal"}
        total = {verdict: int(table[verdict].sum()) for verdict in claims_verdicts.VERDICTS}
        said = {name: Headline(f"statements {name}", number, "statements", str(number)) for name, number in total.items()}
        number = sum(total[verdict] for verdict in claims_verdicts.CHECKED)
        checked = Headline("statements checked", number, "statements", str(number))
        needs = "needs" if total["corrected"] == 1 else "need"
        title = f"Of {checked} checked statements, {said['supported']} hold, {said['approximate']} nearly hold, and {said['corrected']} {needs} a correction"
        headline: tuple[Headline, ...] = (checked, said["supported"], said["approximate"], said["corrected"])
        if not number:
            left = [name for name in ("reported", "rumour", "forecast") if total[name]]
            title = "Not checked: " + ", ".join(f"{said[name]} {word}" for name, word in LEFT.items() if name in left)
            headline = tuple(said[name] for name in left)
        reached = rows.loc[rows["verdict"].isin(claims_verdicts.CHECKED), "how"].value_counts()
        ways = ", ".join(f"{reached[key]} {word}" for key, (word, _) in claims_verdicts.HOW.items() if key in reached)
        return Panel(
            title=title,
            headline=headline,
            figure=style.figure(traces, layout),
            parts=[*parts, {name: rows[name] for name in TOLD} | {"series": "statement", "status": "computed"}],
            caption="Each bar counts the article's statements on one paper by verdict; the statements are in our words."
            + (f" Checked: {ways}." if ways else ""),
            alt=f"Bars of verdicts by paper: {total['supported']} statements confirmed, {total['approximate']} roughly right, {total['corrected']} not as stated, {total['reported']} not recomputed.",
            sources=(Citation("raschka2023"), *(Citation(source_id) for source_id in sources_of(rows) if source_id != "raschka2023")),
        )
