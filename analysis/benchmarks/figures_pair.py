"""The figure of two models on every benchmark and setting that they share."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis import tables
from analysis.benchmarks import comparison
from analysis.charts import style
from analysis.charts.panel import Citation, Panel, cite
from analysis.units import significant


@dataclass(frozen=True)
class Ready:
    """Two models compared, in the order of the chart, with all that a slider does not change.

    rows: pairs that are drawn; refused: pairs whose settings differ; values: columns of rows as arrays; names: of the rows, escaped.
    """

    rows: pd.DataFrame
    refused: pd.DataFrame
    values: Mapping[str, np.ndarray]
    names: np.ndarray
    units: Sequence[str]
    colors: Sequence[str]
    sources: tuple[Citation, ...]


def ready(rows: pd.DataFrame, model_a: str, model_b: str) -> Ready:
    """What `benchmarks.pairs` returns, ready to be drawn. Raises ValueError where there is nothing to draw."""
    rows = rows.sort_values("difference", kind="stable", ignore_index=True)
    drawn = (rows["status"] == "compared") & (rows["unit"] == "percent")
    refused, apart_units = rows[rows["status"] == "refused"], rows[(rows["status"] == "compared") & (rows["unit"] != "percent")]
    rows = rows[drawn].reset_index(drop=True)
    if rows.empty:
        raise ValueError(refusal(refused, model_a, model_b))
    said = [comparison.describe_setting(row) for row in rows.to_dict("records")]
    names = [
        label if setting in ("", "setting not stated") else f"{label}, {setting}"
        for label, setting in zip(rows["label"], said, strict=True)
    ]
    escaped = np.array([style.escape(name) for name in _distinct(pd.Series(names))], object)
    authors = {source: tables.source(source)["authors"] for source in {*rows["source_a"], *rows["source_b"]}}
    for side in ("a", "b"):
        rows[f"text_{side}"] = [
            f"{score:g}, {authors[source]}, {place}"
            for score, source, place in zip(rows[f"score_{side}"], rows[f"source_{side}"], rows[f"location_{side}"], strict=True)
        ]
    families = tables.load("score_models").set_index("model")["family"]
    colors = [style.family_style(families[model])[0] for model in (model_a, model_b)]
    if colors[0] == colors[1]:
        colors[1] = style.AMBER if colors[0] != style.AMBER else style.BLUE
    units = [f"{row.label} {row.score_a:g} against {row.score_b:g}" for row in apart_units.itertuples()]
    cited = pd.DataFrame({"source": [*rows["source_a"], *rows["source_b"]], "location": [*rows["location_a"], *rows["location_b"]]})
    kept = ("score_a", "score_b", "verified_a", "verified_b", "text_a", "text_b", "difference", "error", "better", "one_report")
    return Ready(rows, refused, {name: rows[name].to_numpy() for name in kept}, escaped, units, colors, cite(cited))


def dumbbell(rows: pd.DataFrame | Ready, model_a: str, model_b: str, errors: float, settings: Mapping[str, str]) -> Panel:
    """Two models on every benchmark and setting that they share; errors: standard errors that a difference must exceed to count.

    rows: what `benchmarks.pairs` returns for them, or `ready` of it, which leaves little to do at each step of a slider.
    """
    drawn = rows if isinstance(rows, Ready) else ready(rows, model_a, model_b)
    values, refused, n = drawn.values, drawn.refused, len(drawn.names)
    unknown = np.isnan(values["error"])
    beyond = ~unknown & (np.abs(values["difference"]) > errors * values["error"])
    traces = []
    for at, name, color, width in (
        (beyond, f"more than {significant(errors, 2)} standard errors", style.SLATE, 5),
        (~unknown & ~beyond, "not more", style.GREY, 2),
        (unknown, "error unknown", style.GREY, 2),
    ):
        if at.any():
            traces.append(
                _bar_between(values["score_a"][at], values["score_b"][at], drawn.names[at], name, color, width, dotted=at is unknown)
            )
    for side, model, color, symbol in (("a", model_a, drawn.colors[0], "circle"), ("b", model_b, drawn.colors[1], "diamond")):
        marks = style.reported_markers(
            values[f"score_{side}"],
            list(drawn.names),
            model,
            color,
            symbol,
            verified=values[f"verified_{side}"] > 0,
            text=list(values[f"text_{side}"]),
        )
        traces.append(marks | {"hovertemplate": "%{y}<br>%{text}<extra>%{fullData.name}</extra>"})
    layout = style.layout("number", "category", x_title="Score (%)", height=n * 22 + 170)
    layout["yaxis"] |= {"categoryorder": "array", "categoryarray": list(drawn.names), "tickfont": {"size": 11}}
    seen = (values["verified_a"] > 0) & (values["verified_b"] > 0)
    wins, losses = (int((seen & (values["better"] == side)).sum()) for side in ("a", "b"))
    sure = [int((seen & (values["better"] == side) & beyond).sum()) for side in ("a", "b")]
    n_seen, apart = int(seen.sum()), int((~values["one_report"].astype(bool)).sum())
    memory = f" {n - n_seen} with a value from memory (hollow) are drawn but not counted." if n_seen < n else ""
    others_units = f" Not drawn, in other units: {_listed(drawn.units, 4)}." if drawn.units else ""
    others = f" Not compared, because their settings differ: {_listed(refused['label'])}." if len(refused) else ""
    return Panel(
        name="benchmarks.dumbbell",
        title=f"{model_a} is ahead of {model_b} in {wins} of {n_seen} comparable scores and behind in {losses}",
        figure=style.figure(traces, layout),
        data=lambda: _pair_rows(drawn.rows, refused, model_a, model_b),
        caption=(
            f"Only scores whose benchmark, metric, shots and setting are stated and agree, or that stand in one column of one table. Beyond {significant(errors, 2)} standard errors of drawing the questions: "
            f"{sure[0]} ahead, {sure[1]} behind; {int(unknown.sum())} have no known number of questions. {apart} of the pairs take the two scores from different reports.{memory}{others_units}{others}"
        ),
        alt=f"Pairs of scores of {model_a} and {model_b} on {n} benchmarks and settings; {model_a} is ahead in {wins} and behind in {losses}.",
        sources=drawn.sources,
        settings=settings,
        explain=(comparison.pairs, comparison.comparable, comparison.standard_error),
    )


def refusal(rows: pd.DataFrame, model_a: str, model_b: str) -> str:
    """Why two models cannot be drawn side by side, "" if they can; rows: what `benchmarks.pairs` returns for them."""
    if ((rows["status"] == "compared") & (rows["unit"] == "percent")).any():
        return ""
    if rows.empty:
        return f"{model_a} and {model_b} have no benchmark in common."
    reasons = sorted({reason for text in rows["reasons"] for reason in text.split(", ") if reason}) or ["unit"]
    return f"{model_a} and {model_b} share {_listed(rows['label'])}, but under no common setting (what differs or is not stated: {', '.join(reasons)})."


def _bar_between(low, high, names, label: str, color: str, width: float, dotted: bool = False) -> dict:
    gap = np.full(len(low), None)
    x = np.stack([np.asarray(low, object), np.asarray(high, object), gap], axis=1).ravel()
    y = np.stack([names, names, gap], axis=1).ravel()
    line = style.computed_line(list(x), list(y), label, color, width=width)
    line["line"] = line["line"] | {"dash": "dot" if dotted else "solid"}
    return line | {"hoverinfo": "skip", "hovertemplate": None, "connectgaps": False}


def _distinct(names: pd.Series) -> pd.Series:
    """Names with a number behind those that occur again."""
    again = names.groupby(names).cumcount()
    return names.where(again == 0, names + " (" + (again + 1).astype(str) + ")")


def _listed(labels, most: int = 8) -> str:
    names = list(dict.fromkeys(labels))
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def _pair_rows(rows: pd.DataFrame, refused: pd.DataFrame, model_a: str, model_b: str) -> pd.DataFrame:
    kept = ["benchmark", "label", "shots", "setting", "metric", "unit", "status", "reasons"]
    parts = []
    for side, model in (("a", model_a), ("b", model_b)):
        named = {f"{name}_{side}": name for name in ("score", "source", "location", "verified")}
        frame = pd.concat([part for part in (rows, refused) if len(part)])
        frame = frame[[*kept, *named]].rename(columns=named | {"status": "comparison"}).assign(model=model, status="reported")
        parts.append(frame)
    return pd.concat(parts, ignore_index=True)
