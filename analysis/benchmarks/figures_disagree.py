"""Figures on disagreement: two reports of one model, and Llama 2 by several teams."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from analysis import tables
from analysis.benchmarks import comparison, data, disagreement, figures_programs
from analysis.charts import style
from analysis.charts.panel import Citation, Panel, cite, table_of
from analysis.units import significant

KINDS = {
    "same": ("same stated setting", style.CRIMSON),
    "unstated": ("a setting not stated", style.AMBER),
    "different": ("different settings", style.BLUE),
}
MOST_ROWS = 30
REPORTS = {
    "touvron2023llama2": (style.VIOLET, "circle"),
    "meta2024card": (style.CRIMSON, "star"),
    "jiang2023": (style.AMBER, "square"),
    "jiang2024": (style.RED, "square"),
    "deepseek2023repo": (style.BLUE, "diamond"),
    "li2023": (style.SLATE, "triangle-up"),
    "javaheripi2023": (style.SLATE, "diamond"),
    "llm3602023": (style.GREY, "cross"),
}


@tables.kept
def headline() -> dict[str, float]:
    """The numbers of the page's title: pairs of reports, and their gaps under the same and under different settings."""
    table = disagreement.summary(data.report_pairs())
    return {
        "n_same": table.loc["same", "n"],
        "same": table.loc["same", "median"],
        "largest": table.loc["same", "largest"],
        "noise": table.loc["same", "beyond_noise"],
        "n_different": table.loc["different", "n"],
        "different": table.loc["different", "median"],
        "n_pairs": table["n"].sum(),
    }


def gaps(pairs: pd.DataFrame, settings: Mapping[str, str]) -> Panel:
    """How far two reports are apart: share of pairs with at least that gap, by whether the stated settings agree.

    pairs: what `benchmarks_disagree.report_pairs` returns.
    """
    if pairs.empty:
        raise ValueError("scores must hold a model and benchmark that two works report; choose fewer filters")
    traces, parts = [], []
    for verdict, (name, color) in KINDS.items():
        gap = np.sort(pairs.loc[pairs["verdict"] == verdict, "gap"].to_numpy())
        if not len(gap):
            continue
        share = 1 - np.arange(len(gap)) / len(gap)
        label = f"{name} ({len(gap)})"
        dash = {} if verdict != "unstated" else {"line": {"color": color, "width": 1.5, "dash": "dot", "shape": "vh"}}
        line = style.computed_line(gap, share, label, color)
        line["line"] = line["line"] | {"shape": "vh"}
        traces.append(line | dash | {"hovertemplate": "%{y:.0%} are at least %{x:.1f} points apart<extra>%{fullData.name}</extra>"})
        parts.append({"series": name, "gap": gap, "share_at_least": share, "status": "computed"})
    table = disagreement.summary(pairs)
    layout = style.layout(
        "number", "percent", x_title="Gap between two reports (points)", y_title="Pairs at least so far apart", y_range=(0, 1.02)
    )
    layout["xaxis"] |= {"range": [0, 40], "autorange": False}
    same = table.loc["same"] if "same" in table.index else None
    top = pairs[pairs["verdict"] == "same"].iloc[0] if same is not None else pairs.iloc[0]
    if same is not None and "different" in table.index:
        title = f"Two reports are {significant(same['median'], 2)} points apart (median) under one stated setting, {significant(table.loc['different', 'median'], 2)} under different ones"
        noise = f" In {same['beyond_noise']:.0%} of the pairs of known size the gap exceeds 1.96 standard errors, although both ask the same questions."
    else:
        title = f"{len(pairs)} pairs of reports of one model on one benchmark are up to {pairs['gap'].max():.1f} points apart"
        noise = ""
    return Panel(
        name="benchmarks.gaps",
        title=title,
        figure=style.figure(traces, layout),
        data=lambda: table_of([*parts, lambda: _gap_rows(pairs)]),
        caption=(
            f"Every two works that report the same model on the same benchmark: {len(pairs)} pairs. The widest gap under one stated setting is {top['label']} of {top['model']}: {top['score_low']:g} ({top['report_low']}) and "
            f"{top['score_high']:g} ({top['report_high']}).{noise} What is left unstated, such as the prompt, the part of the data or how an answer is scored, is enough for this. A team that reports twice counts twice; quoted scores are left out."
        ),
        alt=f"Share of pairs of reports against their gap; different settings are further apart, but a single stated setting still leaves gaps of up to {top['gap']:.1f} points.",
        sources=_both(pairs),
        settings=settings,
        explain=(disagreement.report_pairs, disagreement.summary, disagreement.reports, comparison.comparable),
    )


def _gap_rows(pairs: pd.DataFrame) -> pd.DataFrame:
    kept = [
        "model",
        "benchmark",
        "verdict",
        "reasons",
        "gap",
        "error",
        "score_low",
        "score_high",
        "shots_low",
        "shots_high",
        "setting_low",
        "setting_high",
    ]
    return pairs[kept].assign(series="pair", source=pairs["source_low"] + ";" + pairs["source_high"], status="reported")


@dataclass(frozen=True)
class Widest:
    """The widest ranges as they are drawn: their rows, every report on them, traces, layout and works."""

    rows: pd.DataFrame
    every: pd.DataFrame
    traces: list[dict]
    layout: dict
    sources: tuple[Citation, ...]


@dataclass(frozen=True)
class Ranges:
    """What `disagreements` draws for any smallest spread: the range of each model and benchmark, widest first, and every report in words."""

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
    found["name"] = [style.escape(f"{row.model}, {row.label}") for row in found.itertuples()]
    found["kind"] = np.where(found["reasons"] == "", "same", np.where(found["reasons"] == "metric", "metric", "different"))
    every = disagreement.reports(scores).merge(found[["model", "benchmark", "name", "spread"]], on=["model", "benchmark"])
    every["said"] = [comparison.describe_setting(row) for row in every.to_dict("records")]
    return Ranges(found, every)


def _widest(rows: pd.DataFrame, every: pd.DataFrame) -> Widest:
    every = every[every["name"].isin(rows["name"])]
    traces = []
    for kind, name, color in (
        ("same", "the ends have one stated setting", style.CRIMSON),
        ("different", "the ends differ in setting", style.BLUE),
        ("metric", "the ends differ in metric", style.SLATE),
    ):
        part = rows[rows["kind"] == kind]
        if len(part):
            gap = np.full(len(part), None)
            x, y = (
                np.stack(parts, axis=1).ravel()
                for parts in ((part["low"].astype(object), part["high"].astype(object), gap), (part["name"], part["name"], gap))
            )
            line = style.computed_line(list(x), list(y), name, color, width=5)
            traces.append(line | {"hoverinfo": "skip", "hovertemplate": None, "connectgaps": False})
    text = [
        f"{row.score:g}: {row.report}, {row.location}, {row.said}" for row in every[["score", "report", "location", "said"]].itertuples()
    ]
    marks = style.reported_markers(every["score"], list(every["name"]), "one report", style.AMBER, verified=True, text=text)
    traces.append(marks | {"hovertemplate": "%{y}<br>%{text}<extra></extra>"})
    layout = style.layout("number", "category", x_title="Score (%)", height=len(rows) * 24 + 170)
    layout["yaxis"] |= {"categoryorder": "array", "categoryarray": list(rows["name"])[::-1], "tickfont": {"size": 11}}
    return Widest(rows, every, traces, layout, _both(rows))


def disagreements(ranges: Ranges, least: float, settings: Mapping[str, str]) -> Panel:
    """Every report of the models and benchmarks whose reports are furthest apart; least: smallest spread shown [points]."""
    found = ranges.found
    n = int((found["spread"] >= least).sum())
    if not n:
        widest = f"the widest are {found['spread'].max():g} points apart" if len(found) else "none differ at all"
        raise ValueError(f"no reports are {least:g} points apart with these filters: {widest}; choose fewer of them or a smaller number")
    drawn = ranges.widest(min(n, MOST_ROWS))
    rows, every = drawn.rows, drawn.every
    only = int((rows["reasons"] == "").sum())
    first = rows.iloc[0]
    return Panel(
        name="benchmarks.disagreements",
        title=f"{n} models and benchmarks have reports at least {significant(least, 2)} points apart; {only} of the {len(rows)} widest under one stated setting",
        figure=style.figure(drawn.traces, drawn.layout),
        data=lambda: table_of(
            [
                lambda: rows.drop(columns=["name", "kind"]).assign(
                    series="range", source=rows["source_low"] + ";" + rows["source_high"], status="computed"
                ),
                lambda: every[
                    ["model", "benchmark", "score", "shots", "setting", "metric", "measured_by", "source", "location", "verified"]
                ].assign(series="report", status="reported"),
            ]
        ),
        caption=(
            f"One marker per report, the line from the lowest to the highest, its colour by what differs between those two. Widest: {first['label']} of {first['model']}, {first['low']:g} by {first['measured_by_low']} "
            f"({first['setting_low']}) and {first['high']:g} by {first['measured_by_high']} ({first['setting_high']}). At most {MOST_ROWS} rows are drawn; all are in the data of the previous chart."
        ),
        alt=f"Ranges of reported scores for {len(rows)} models and benchmarks; the widest runs from {first['low']:g} to {first['high']:g}.",
        sources=drawn.sources,
        settings=settings,
        explain=(disagreement.disagreements, disagreement.reports, comparison.comparable),
    )


@tables.kept
def measured(model: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """What `evaluators` draws: (reports of the model, with alike for those in the paper's setting; pairs with the paper in one setting)."""
    rows = disagreement.by_evaluator(data.all_scores(), model)
    own = rows[rows["source"] == "touvron2023llama2"].drop_duplicates(["benchmark", "shots", "setting"])
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


def evaluators(rows: pd.DataFrame, alike: pd.DataFrame, model: str, settings: Mapping[str, str]) -> Panel:
    """One Llama 2 model as several teams measured it; the symbol says whether the setting is that of the Llama 2 paper.

    rows, alike: what `measured` returns.
    """
    span = rows.groupby("label")["score"].agg(lambda values: values.max() - values.min()).sort_values()
    names = [style.escape(label) for label in span.index]
    gap = alike[alike["team_a"] != "Meta"].groupby("label_a")["gap"].max().sort_values(ascending=False)
    traces = []
    for (source, report), part in rows.groupby(["source", "report"], sort=False):
        color, symbol = REPORTS.get(source, (style.GREY, "circle"))
        for same in (True, False):
            half = part[part["alike"] == same]
            if half.empty:
                continue
            text = [f"{row.score:g} ({row.said}), {row.location}" for row in half[["score", "said", "location"]].itertuples()]
            at = [style.escape(label) for label in half["label"]]
            trace = style.reported_markers(half["score"], at, report, color, symbol, verified=half["verified"] > 0, text=text)
            trace |= {"hovertemplate": "%{y}<br>%{text}<extra>%{fullData.name}</extra>", "legendgroup": report}
            if not same:
                trace["marker"] = trace["marker"] | {"size": 8, "symbol": "x-thin", "line": {"width": 2, "color": color}}
                trace["showlegend"] = not part["alike"].any()
            traces.append(trace)
    layout = style.layout("number", "category", x_title="Score (%)", height=len(names) * 30 + 190)
    layout["yaxis"] |= {"categoryorder": "array", "categoryarray": names, "tickfont": {"size": 11}}
    widest = gap.index[0] if len(gap) else None
    title = (
        f"{rows['team'].nunique()} teams measured {model}: under the setting of its own paper others are up to {gap.iloc[0]:.1f} points off it ({widest})"
        if widest
        else f"{rows['team'].nunique()} teams measured {model}, but none under the setting of its own paper"
    )
    return Panel(
        name="benchmarks.evaluators",
        title=title,
        figure=style.figure(traces, layout),
        data=lambda: rows[
            ["model", "benchmark", "score", "team", "measured_by", "shots", "setting", "metric", "alike", "source", "location", "verified"]
        ].assign(status="reported"),
        caption=(
            "Benchmarks that at least three teams measured, one colour per report. Full symbols have the setting of the Llama 2 paper; crosses have another one, or none is stated. "
            f"Settings explain part of the width: with all settings the widest range is {span.iloc[-1]:.1f} points ({span.index[-1]})."
        ),
        alt=f"Scores of {model} on {len(names)} benchmarks by {rows['team'].nunique()} teams; the widest range over all settings is {span.iloc[-1]:.1f} points.",
        sources=cite(rows),
        settings=settings,
        explain=(disagreement.by_evaluator, comparison.comparable),
    )


def _both(pairs: pd.DataFrame) -> tuple[Citation, ...]:
    """The works of both ends of each row."""
    ends = [pairs[[f"source_{end}", f"location_{end}"]].set_axis(["source", "location"], axis=1) for end in ("low", "high")]
    return cite(pd.concat(ends))


def default_panels(scores: pd.DataFrame) -> dict[str, Callable[[], Panel]]:
    """The panels of this module at their default settings."""
    none = {"filters": "none"}
    return {
        "benchmarks.gaps": lambda: gaps(data.report_pairs(), none),
        "benchmarks.disagreements": lambda: disagreements(ranges_among(), 5.0, none | {"smallest spread": "5 points"}),
        "benchmarks.evaluators": lambda: evaluators(*measured("Llama 2 70B"), "Llama 2 70B", {"model": "Llama 2 70B"}),
        "benchmarks.implementations": lambda: figures_programs.implementations(scores, {"benchmark": "MMLU"}),
        "benchmarks.multiple_choice": lambda: figures_programs.multiple_choice(scores, {"model": "DeepSeek LLM 7B Chat"}),
        "benchmarks.contamination": lambda: figures_programs.contamination({"model": "Llama 2"}),
    }
