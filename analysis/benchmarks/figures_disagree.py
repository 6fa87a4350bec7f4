"""Figures on disagreement: two reports of one model, and Llama 2 by several teams."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from analysis import tables
from analysis.benchmarks import comparison, data, disagreement
from analysis.benchmarks.figures_filters import FAMILIES, GROUPS, MODEL_SIZES, REPORTED_IN, VARIANTS, nothing, picked
from analysis.charts import marks, style
from analysis.charts.figure import Figure
from analysis.charts.panel import Citation, Headline, Panel, cite
from analysis.charts.parameters import Choice, Quantity, Switch
from analysis.units import counted, significant

KINDS = {
    "same": ("same stated setting", style.CRIMSON),
    "unstated": ("a setting not stated", style.ORCHID),
    "different": ("different settings", style.BLUE),
}
MOST_ROWS = 30
REPORTS = {
    "touvron2023llama2": (style.VIOLET, "circle"),
    "meta2024card": (style.CRIMSON, "star"),
    "jiang2023": (style.ORCHID, "square"),
    "jiang2024": (style.RED, "square"),
    "deepseek2023repo": (style.BLUE, "diamond"),
    "li2023": (style.SLATE, "triangle-up"),
    "javaheripi2023": (style.SLATE, "diamond"),
    "llm3602023": (style.GREY, "cross"),
}


class Gaps(Figure):
    """How far two reports are apart: share of pairs with at least that gap, by whether the stated settings agree."""

    name = "benchmarks.gaps"
    reported_in: tuple = REPORTED_IN(())
    benchmark_groups: tuple = GROUPS(())
    model_families: tuple = FAMILIES(())
    model_sizes: tuple = MODEL_SIZES(())
    model_variants: tuple = VARIANTS(())

    def draw(self) -> Panel:
        """The panel at these parameters."""
        pairs = data.report_pairs(picked(self))
        if pairs.empty:
            return nothing(self, "pairs of reports", "0 pairs of reports of one model on one benchmark pass the filters")
        traces, parts = [], []
        for verdict, (name, color) in KINDS.items():
            gap = np.sort(pairs.loc[pairs["verdict"] == verdict, "gap"].to_numpy())
            if not len(gap):
                continue
            part = {"series": name, "report_gap": gap, "share_at_least": 1 - np.arange(len(gap)) / len(gap), "status": "computed"}
            look: dict[str, Any] = {"dash": "dot", "width": 1.5} if verdict == "unstated" else {}
            line = marks.line(part, "report_gap", "share_at_least", color, f"{name} ({len(gap)})", **look)
            line["line"]["shape"] = "vh"
            traces.append(line | {"hovertemplate": "%{y:.0%} are at least %{x:.1f} points apart<extra>%{fullData.name}</extra>"})
            parts.append(part)
        table = disagreement.summary(pairs)
        layout = style.layout(
            "number", "percent", x_title="Gap between two reports (points)", y_title="Pairs with at least this gap", y_range=(0, 1.02)
        )
        layout["xaxis"] |= {"range": [0, 40], "autorange": False}
        same = table.loc["same"] if "same" in table.index else None
        top = pairs[pairs["verdict"] == "same"].iloc[0] if same is not None else pairs.iloc[0]
        where = "The widest gap under one stated setting" if same is not None else "No two have one stated setting. The widest gap"
        n, noise = len(pairs), ""
        widest = Headline("widest gap", float(pairs["gap"].max()), "points", f"{pairs['gap'].max():.1f}", "report_gap")
        headline: tuple[Headline, ...] = (widest,)
        title = (
            f"{n} pairs of reports of one model on one benchmark are up to {widest} points apart"
            if n > 1
            else f"Two reports of one model on one benchmark are {widest} points apart"
        )
        if same is not None and "different" in table.index:
            headline = tuple(
                Headline(
                    f"median gap, {KINDS[verdict][0]}",
                    float(table.loc[verdict, "median"]),
                    "points",
                    significant(table.loc[verdict, "median"], 2),
                )
                for verdict in ("same", "different")
            )
            points = "point" if str(headline[0]) == "1" else "points"
            title = f"Median gap of two reports: {headline[0]} {points} under one stated setting, {headline[1]} under different ones"
            if same["beyond_noise"] == same["beyond_noise"]:
                noise = f" In {same['beyond_noise']:.0%} of the pairs of known size the gap exceeds 1.96 standard errors, although both use the same questions."
        return Panel(
            title=title,
            headline=headline,
            figure=style.figure(traces, layout),
            parts=[*parts, _gap_rows(pairs)],
            caption=(
                f"Lines are the share of pairs of reports with at least that gap, for the same model on the same benchmark ({counted(n, 'pair')} of papers). A line further to the right means larger disagreement. {where} is {top['label']} of {top['model']}: {top['score_low']:g} ({top['report_low']}) and {top['score_high']:g} ({top['report_high']}).{noise} "
                "One setting means the same few-shot examples, metric and way to read an answer, all of them stated; the prompt or the part of the data may still differ. A team that reports twice counts twice; quoted scores are not counted."
            ),
            alt=f"Share of pairs of reports against their gap; a single stated setting leaves gaps of up to {top['gap']:.1f} points."
            if same is not None
            else f"Share of pairs of reports against their gap, which is {widest} points at most; no two have one stated setting.",
            sources=_both(pairs),
        )


def _gap_rows(pairs: pd.DataFrame) -> pd.DataFrame:
    kept = ["model", "benchmark", "verdict", "reasons", "report_gap", "standard_error", "score_low", "score_high", "shots_low", "shots_high",
            "setting_low", "setting_high", "scoring_low", "scoring_high"]  # fmt: skip
    rows = pairs.rename(columns={"gap": "report_gap", "error": "standard_error"})[kept]
    return rows.assign(series="pair", source=pairs["source_low"] + ";" + pairs["source_high"], status="reported")


@dataclass(frozen=True)
class Widest:
    """The widest ranges as they are drawn: their rows, the parts of their table, traces, layout and works."""

    rows: pd.DataFrame
    parts: list[pd.DataFrame]
    traces: list[dict]
    layout: dict
    sources: tuple[Citation, ...]


@dataclass(frozen=True)
class Ranges:
    """What `Disagreements` draws for any smallest spread: the range of each model and benchmark, widest first, and every report in words."""

    found: pd.DataFrame
    every: pd.DataFrame
    kept: dict[int, Widest] = field(default_factory=dict, repr=False)

    def widest(self, n: int) -> Widest:
        """The n widest, made once for each n."""
        if n not in self.kept:
            self.kept[n] = _widest(self.found.head(n), self.every)
        return self.kept[n]


@tables.kept
def ranges_among(picked: tuple = (), within: bool = False) -> Ranges:
    """The ranges among the scores that pass the filters in `picked` (see `data.filtered`)."""
    return ranges(data.filtered(data.all_scores(), *picked), within)


def ranges(scores: pd.DataFrame, within: bool) -> Ranges:
    """The ranges among these scores. within: also where the reports are two settings of one work."""
    found = disagreement.disagreements(scores, across_works=not within).query("spread > 0").reset_index(drop=True)
    found["name"] = [f"{row.model}, {row.label}" for row in found.itertuples()]
    only_metric = found["reasons"].isin(["metric", "scoring", "metric, scoring"])
    found["kind"] = found["verdict"].mask((found["verdict"] == "different") & only_metric, "metric")
    every = disagreement.reports(scores).merge(found[["model", "benchmark", "name", "spread"]], on=["model", "benchmark"])
    every["said"] = [comparison.describe_setting(row) for row in every.to_dict("records")]
    return Ranges(found, every)


def _widest(rows: pd.DataFrame, every: pd.DataFrame) -> Widest:
    every = every[every["name"].isin(rows["name"])]
    traces = []
    parts = [
        rows.drop(columns=["name", "kind"]).assign(series="range", source=rows["source_low"] + ";" + rows["source_high"], status="computed")
    ]
    for kind, series, color in (
        ("same", "same stated setting", style.CRIMSON),
        ("different", "different setting", style.BLUE),
        ("metric", "different metric or scoring", style.SLATE),
        ("unstated", "setting not fully stated", style.GREY),
    ):
        found = rows[rows["kind"] == kind]
        if len(found):
            part = pd.DataFrame(
                {
                    "series": series, "name": np.repeat(found["name"].to_numpy(), 2),
                    "score": np.column_stack([found["low"], found["high"]]).ravel(), "status": "computed",
                }
            )  # fmt: skip
            parts.append(part)
            traces.append(marks.segments(part, "score", "name", color, width=5))
    text = [
        f"{row.score:g}: {row.report}, {row.location}, {row.said}" for row in every[["score", "report", "location", "said"]].itertuples()
    ]
    kept = ["name", "model", "benchmark", "score", "shots", "setting", "metric", "scoring", "measured_by", "source", "location", "verified"]
    parts.append(every[kept].assign(series="one report", status="reported"))
    mark = marks.points(parts[-1], "score", "name", style.ORCHID, text=text)
    mark["marker"] |= {"symbol": "circle"}
    traces.append(mark | {"hovertemplate": "%{y}<br>%{text}<extra></extra>"})
    layout = style.layout("number", "category", x_title="Score (%)", height=len(rows) * 24 + 170)
    layout["yaxis"] |= {"categoryorder": "array", "categoryarray": list(rows["name"])[::-1], "tickfont": {"size": 11}}
    return Widest(rows, parts, traces, layout, _both(rows))


class Disagreements(Figure):
    """Every report of the models and benchmarks whose reports are furthest apart."""

    name = "benchmarks.disagreements"
    reported_in: tuple = REPORTED_IN(())
    benchmark_groups: tuple = GROUPS(())
    model_families: tuple = FAMILIES(())
    model_sizes: tuple = MODEL_SIZES(())
    model_variants: tuple = VARIANTS(())
    within_work: bool = Switch("Include within-paper pairs")(False)
    least_spread: float = Quantity("Minimum gap", unit="points", low=0, high=25, step=0.5)(5.0)

    def draw(self) -> Panel:
        """The panel at these parameters."""
        ranges, least = ranges_among(picked(self), self.within_work), self.least_spread
        found = ranges.found
        n = int((found["spread"] >= least).sum())
        points = f"{significant(least, 2)} {'point' if least == 1 else 'points'}"
        if not n:
            widest = f"the widest are {found['spread'].max():g} points apart" if len(found) else "none differ at all"
            return nothing(self, "reports", f"0 reports are at least {points} apart with these filters: {widest}")
        drawn = ranges.widest(min(n, MOST_ROWS))
        rows, first = drawn.rows, drawn.rows.iloc[0]
        far = Headline("models and benchmarks that far apart", n, "", str(n))
        only = Headline(
            "of the widest under one stated setting", int((rows["reasons"] == "").sum()), "", str(int((rows["reasons"] == "").sum()))
        )
        who = f"{far} models and benchmarks have" if n > 1 else f"{far} model on one benchmark has"
        return Panel(
            title=f"{who} reports at least {points} apart; {only} of the {len(rows)} widest in one stated setting",
            headline=(far, only),
            figure=style.figure(drawn.traces, drawn.layout),
            parts=drawn.parts,
            caption=(
                f"Each row is a model on a benchmark, each marker a report; the line runs from the lowest to the highest, coloured by what differs between these two. The widest is {first['label']} of {first['model']}, {first['low']:g} by {first['measured_by_low']} "
                f"({first['setting_low']}) and {first['high']:g} by {first['measured_by_high']} ({first['setting_high']}). At most {MOST_ROWS} rows are drawn; all are in the data of the chart of gaps."
            ),
            alt=f"Ranges of reported scores for {counted(len(rows), 'pair')} of model and benchmark; the widest runs from {first['low']:g} to {first['high']:g}.",
            sources=drawn.sources,
        )


@tables.kept
def measured(model: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """What `Evaluators` draws: (reports of the model, with alike for those in the paper's setting; pairs with the paper in one setting)."""
    rows = disagreement.by_evaluator(data.all_scores(), model)
    own = rows[rows["source"] == "touvron2023llama2"].drop_duplicates(["benchmark", "shots", "setting", "scoring"])
    pairs = rows.assign(place=rows.index).merge(own, on="benchmark", suffixes=("_a", "_b"))
    pairs["benchmark_a"] = pairs["benchmark_b"] = pairs["benchmark"]
    alike = pairs[comparison.judge(pairs)["verdict"].to_numpy() == "same"]
    alike = alike.assign(gap=(alike["score_a"] - alike["score_b"]).abs())
    rows = rows.assign(alike=rows.index.isin(alike["place"]), key=comparison.setting_keys(rows))
    # Of the paper's own settings those that nobody else has are left out, unless nobody has any.
    others = rows[(rows["source"] != "touvron2023llama2") & rows["alike"]].groupby("benchmark")["key"].agg(set)
    mine = rows["source"] == "touvron2023llama2"
    lonely = [
        benchmark in others.index and key not in others[benchmark] for benchmark, key in zip(rows["benchmark"], rows["key"], strict=True)
    ]
    return rows[~(mine & np.array(lonely))], alike


class Evaluators(Figure):
    """One Llama 2 model as several teams measured it; the symbol says whether the setting is that of the Llama 2 paper."""

    name = "benchmarks.evaluators"
    llama2_model: str = Choice("Llama 2 model", options={size.lower(): f"Llama 2 {size}" for size in ("7B", "13B", "70B")})("70b")

    def draw(self) -> Panel:
        """The panel at these parameters."""
        model = f"Llama 2 {self.llama2_model.upper()}"
        rows, alike = measured(model)
        rows = rows.assign(series=rows["report"], status="reported")
        span = rows.groupby("label")["score"].agg(lambda values: values.max() - values.min()).sort_values()
        gap = alike[alike["team_a"] != "Meta"].groupby("label_a")["gap"].max().sort_values(ascending=False)
        traces = []
        for (source, report), part in rows.groupby(["source", "report"], sort=False):
            color, symbol = REPORTS.get(str(source), (style.GREY, "circle"))
            for same in (True, False):
                half = part[part["alike"] == same]
                if half.empty:
                    continue
                text = [f"{row.score:g} ({row.said}), {row.location}" for row in half[["score", "said", "location"]].itertuples()]
                trace = marks.points(half, "score", "label", color, symbol=symbol, text=text)
                trace |= {"hovertemplate": "%{y}<br>%{text}<extra>%{fullData.name}</extra>", "legendgroup": report}
                if not same:
                    trace["marker"] = trace["marker"] | {"size": 8, "symbol": "x-thin", "line": {"width": 2, "color": color}}
                    trace["showlegend"] = not part["alike"].any()
                traces.append(trace)
        layout = style.layout(
            "number", "category", x_title="Score (%); crosses: another setting than the model's own paper", height=len(span) * 30 + 190
        )
        layout["yaxis"] |= {"categoryorder": "array", "categoryarray": list(span.index), "tickfont": {"size": 11}}
        teams = Headline("teams", rows["team"].nunique(), "", str(rows["team"].nunique()))
        headline, title = [teams], f"{teams} teams measured {model}, but none under its paper's setting"
        if len(gap):
            off = Headline("largest gap to its own paper", float(gap.iloc[0]), "points", f"{gap.iloc[0]:.1f}")
            headline.append(off)
            title = f"{teams} teams measured {model}: up to {off} points off its paper under the same setting ({gap.index[0]})"
        kept = ["series", "model", "benchmark", "label", "score", "team", "measured_by", "shots", "setting", "metric", "scoring", "alike",
                "source", "location", "verified", "status"]  # fmt: skip
        return Panel(
            title=title,
            headline=tuple(headline),
            figure=style.figure(traces, layout),
            parts=[rows[kept]],
            caption=(
                "Each row is a benchmark that at least three teams measured, each colour a report. Symbols other than crosses have the setting of the Llama 2 paper and read answers as it does; crosses differ, or do not say. "
                f"Settings explain part of the range: over all settings the widest is {span.iloc[-1]:.1f} points ({span.index[-1]})."
            ),
            alt=f"Scores of {model} on {len(span)} benchmarks by {teams} teams; the widest range over all settings is {span.iloc[-1]:.1f} points.",
            sources=cite(rows),
        )


def _both(pairs: pd.DataFrame) -> tuple[Citation, ...]:
    """The works of both ends of each row."""
    ends = [pairs[[f"source_{end}", f"location_{end}"]].set_axis(["source", "location"], axis=1) for end in ("low", "high")]
    return cite(pd.concat(ends))
