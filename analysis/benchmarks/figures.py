"""Figures on reported scores: models and benchmarks side by side, and scores against size."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd

from analysis import tables
from analysis.benchmarks import comparison, figures_disagree, figures_pair
from analysis.benchmarks.data import all_scores
from analysis.charts import style
from analysis.charts.panel import Panel, cite
from analysis.units import format_count

LIKE = {"same": "", "unstated": "?", "different": "≠"}
"""What stands behind a score in the heat map by its verdict against the column's setting."""
VERIFIED = {0: "from memory", 1: "1 transcription", 2: "2 transcriptions"}
PALE_TO_BLUE = [[0, "#FFF6D5"], [0.5, "#B5D3DC"], [1, "#5AA0E8"]]
"""Pale yellow to blue, darker all the way, so that every reader sees the same order; INK is readable on all of it, in both themes."""
INK = "#10131A"
NOT_COMPARED = "#C9CDD6"
FEATURED_MODELS = (
    "LLaMA 65B",
    "Falcon-40B",
    "MPT-30B",
    "Llama 2 7B",
    "Llama 2 13B",
    "Llama 2 70B",
    "Mistral 7B",
    "Mixtral 8x7B",
    "DeepSeek LLM 67B",
    "Yi-34B",
    "phi-1.5",
    "phi-2",
)
FEATURED_BENCHMARKS = (
    "mmlu",
    "bbh",
    "hellaswag",
    "winogrande",
    "piqa",
    "arc_challenge",
    "naturalquestions",
    "triviaqa",
    "gsm8k",
    "math",
    "humaneval",
    "mbpp",
)
"""What the heat map shows without a choice and without filters."""
FAMILIES_SHOWN = 9


def details(scores: pd.DataFrame, model: str, benchmark: str) -> pd.DataFrame:
    """Every reported score of a model on a benchmark, as a reader wants to check it; empty where there is none.

    Columns: score (as printed, with its unit), setting, metric, report, link, place, measured by, checked (transcriptions that agree), note.
    """
    rows = scores[(scores["model"] == model) & (scores["benchmark"] == benchmark)]
    if rows.empty:
        return pd.DataFrame()
    metrics = tables.load("score_metrics").set_index("metric")["label"]
    changed = rows["printed_value"] != rows["value"]
    note = np.where(changed, "printed " + rows["printed_value"].map("{:g}".format) + ", corrected; ", "") + rows["note"]
    units = rows["unit"].where(rows["value"] == rows["score"], "fraction")
    return pd.DataFrame(
        {
            "score": rows["value"].map("{:g}".format) + units.map(lambda unit: "%" if unit == "percent" else f" ({unit})"),
            "setting": [comparison.describe_setting(row) for row in rows.to_dict("records")],
            "metric": rows["metric"].map(metrics),
            "report": rows["report"],
            "link": [tables.source(source)["url"] for source in rows["source"]],
            "place": rows["location"],
            "measured by": rows["measured_by"],
            "checked": rows["verified"].map(VERIFIED),
            "note": pd.Series(note, index=rows.index).str.rstrip("; "),
        }
    ).reset_index(drop=True)


def heat_map(scores: pd.DataFrame, models: Sequence[str], columns: Sequence[str], settings: Mapping[str, str]) -> Panel:
    """Models against benchmarks; what does not have the setting of its column is marked and not coloured."""
    cells = comparison.matrix(scores, models, columns)
    if cells.empty:
        raise ValueError("models and benchmarks must have scores in common; choose fewer filters or other names")
    columns = [name for name in columns if name in set(cells["benchmark"])]
    models = [name for name in models if name in set(cells["model"])]
    head = cells.drop_duplicates("benchmark").set_index("benchmark")
    names = {name: style.escape(head.loc[name, "label"]) for name in columns}
    fits = cells["verdict"] == "same"
    ends = cells[fits].groupby("benchmark")["score"].agg(["min", "max"])
    lower = cells["metric"].map(tables.load("score_metrics").set_index("metric")["higher_is_better"]) == 0
    place = (cells["score"] - cells["benchmark"].map(ends["min"])) / cells["benchmark"].map(ends["max"] - ends["min"]).replace(0, np.nan)
    cells["place"] = np.where(lower, 1 - place, place)
    cells["place"] = cells["place"].fillna(0.5)
    cells["text"] = [_cell_text(row) for row in cells.itertuples()]
    cells["said"] = [comparison.describe_setting({"shots": row.shots, "setting": row.setting, "group": ""}) for row in cells.itertuples()]
    traces = [
        _cells(cells[fits], names, models, columns, "coloured", PALE_TO_BLUE),
        _cells(cells[~fits], names, models, columns, "other setting", [[0, NOT_COMPARED], [1, NOT_COMPARED]]),
    ]
    layout = style.layout("category", "category", x_title="Benchmark and setting of its column", height=len(models) * 32 + 190)
    ticks = [f"{names[name]}<br><span style='font-size:10px'>{style.escape(head.loc[name, 'column_setting'])}</span>" for name in columns]
    layout["xaxis"] |= {
        "categoryorder": "array",
        "categoryarray": list(names.values()),
        "tickangle": -45,
        "showgrid": False,
        "automargin": True,
        "tickvals": list(names.values()),
        "ticktext": ticks,
        "tickfont": {"size": 11},
    }
    layout["yaxis"] |= {
        "categoryorder": "array",
        "categoryarray": [style.escape(name) for name in models],
        "autorange": "reversed",
        "showgrid": False,
        "tickfont": {"size": 11},
    }
    layout["margin"] = layout["margin"] | {"t": 12}
    layout["showlegend"] = False
    n, marked = len(cells), int((~fits).sum())
    empty = len(models) * len(columns) - n
    several = int((cells["n_reports"] > 1).sum())
    return Panel(
        name="benchmarks.heat_map",
        title=f"{marked} of {n} scores cannot be held against the rest of their column: their setting is another, or not stated",
        figure=style.figure(traces, layout),
        data=lambda: _cell_rows(cells),
        caption=(
            f"Each column has the setting that most of its models share; colour runs from its worst (pale) to its best score (blue). Grey cells are not compared: ≠ has another setting or metric, ? states none; "
            f"a score in brackets is from memory. {several} cells have more than one report: the one from the widest table is shown. {empty} pairs are not reported, and nothing is filled in. Even one stated setting can hide 20 points, as the gaps between reports show."
        ),
        alt=f"Heat map of {len(models)} models and {len(columns)} benchmarks; {n - marked} scores share the setting of their column and {marked} do not.",
        sources=cite(cells),
        settings=settings,
        explain=(comparison.matrix, comparison.comparable, comparison.join),
    )


def _cell_text(row) -> str:
    text = f"{row.score:.1f}" if row.unit == "percent" else f"{row.score:g}"
    return f"({text})" if row.verified == 0 else text


def _cells(part: pd.DataFrame, names, models, columns, name: str, scale) -> dict:
    z = np.full((len(models), len(columns)), np.nan)
    text = np.full(z.shape, "", dtype=object)
    hover = np.full(z.shape, "", dtype=object)
    for row in part.itertuples():
        at = models.index(row.model), columns.index(row.benchmark)
        z[at], text[at] = row.place, row.text + LIKE[row.verdict]
        setting = row.said if row.verdict == "same" else f"{row.said}; the column has {row.column_setting}"
        hover[at] = style.escape(f"{row.text} ({setting}), {row.report}, {row.location}, {VERIFIED[row.verified]}")
        if row.n_reports > 1:
            hover[at] += f"<br>{row.n_reports} reports from {row.low:g} to {row.high:g}"
    return {
        "type": "heatmap",
        "x": [names[column] for column in columns],
        "y": [style.escape(model) for model in models],
        "z": z,
        "text": text.tolist(),
        "customdata": hover.tolist(),
        "texttemplate": "%{text}",
        "textfont": {"size": 12, "color": INK},
        "zmin": 0,
        "zmax": 1,
        "colorscale": scale,
        "xgap": 2,
        "ygap": 2,
        "showscale": False,
        "name": name,
        "hoverongaps": False,
        "meta": {"role": "reported"},
        "hovertemplate": "%{y}, %{x}<br>%{customdata}<extra></extra>",
    }


def _cell_rows(cells: pd.DataFrame) -> pd.DataFrame:
    kept = [
        "model",
        "benchmark",
        "label",
        "score",
        "unit",
        "shots",
        "setting",
        "metric",
        "column_setting",
        "verdict",
        "n_reports",
        "low",
        "high",
        "source",
        "location",
        "verified",
    ]
    return cells[kept].assign(status="reported")


def against_params(scores: pd.DataFrame, benchmark: str, settings: Mapping[str, str]) -> Panel:
    """The scores on one benchmark against model size, under the setting that most models share."""
    column = scores[(scores["benchmark"] == benchmark) & (scores["group"] != "vision")]
    if column.empty:
        raise ValueError(f"benchmark must have scores after filtering, got {benchmark!r}")
    column = column.assign(key=comparison.setting_keys(column))
    common = comparison.common_settings(column).loc[benchmark, "key"]
    fits = column[column["key"] == common]
    known = fits.dropna(subset=["n_params"])
    if known.empty:
        raise ValueError(f"benchmark must have a score of a model of known size, got {benchmark!r}")
    label, setting = known["label"].iloc[0], comparison.describe_setting(known.iloc[0])
    shown = list(known["family"].value_counts().index[:FAMILIES_SHOWN])
    traces = []
    for family in [*shown, "other"]:
        part = known[known["family"] == family] if family != "other" else known[~known["family"].isin(shown)]
        if part.empty:
            continue
        color, symbol = style.family_style(family) if family != "other" else (style.GREY, "circle")
        text = [
            f"{row.model}: {row.score:g}<br>{row.report}, {row.location}, {format_count(row.n_params, 'parameters')}"
            for row in part[["model", "score", "report", "location", "n_params"]].itertuples()
        ]
        trace = style.reported_markers(part["n_params"], part["score"], family, color, symbol, verified=part["verified"] > 0)
        trace |= {"text": [style.escape(line).replace("&lt;br&gt;", "<br>") for line in text]}
        traces.append(trace | {"hovertemplate": "%{text}<extra></extra>"})
    chance = known["chance"].iloc[0]
    low, high = known["n_params"].min() * 0.7, known["n_params"].max() * 1.4
    layout = style.layout(
        "params", "number", y_title=f"{label} ({known['unit'].iloc[0].replace('percent', '%')})", x_range=(low, high), height=440
    )
    if np.isfinite(chance):
        layout["shapes"] = [style.horizontal_line(float(chance))]
        layout["annotations"] = [style.note(1, float(chance), "guessing", xref="paper", xanchor="right", yshift=8)]
    best, spread = known.loc[known["score"].idxmax()], _spread_at_one_size(known)
    return Panel(
        name="benchmarks.against_params",
        title=f"{label}{f', {setting}' if len(setting) < 30 else ''}: {known['model'].nunique()} models from {format_count(known['n_params'].min())} to {format_count(known['n_params'].max())} parameters{spread}",
        figure=style.figure(traces, layout),
        data=lambda: known[
            [
                "model",
                "family",
                "variant",
                "n_params",
                "active_params",
                "benchmark",
                "score",
                "unit",
                "shots",
                "setting",
                "metric",
                "source",
                "location",
                "verified",
            ]
        ].assign(status="reported"),
        caption=(
            f"One marker per report (hollow: from memory), only with this setting: {setting or 'none is stated'}; {column['model'].nunique() - fits['model'].nunique()} more models have the benchmark under another setting. "
            f"Sizes are total parameters as reported; a mixture of experts uses fewer per token (Mixtral 12.9 B of 46.7 B). {best['model']} has the highest score, {best['score']:g}."
        ),
        alt=f"{label} scores of {known['model'].nunique()} models against their parameters; the highest is {best['score']:g} by {best['model']}.",
        sources=cite(known),
        settings=settings,
        explain=(comparison.join, comparison.comparable),
    )


def _spread_at_one_size(known: pd.DataFrame) -> str:
    """How far models of about one size are apart, as the end of a title."""
    bins = known.assign(size=np.round(np.log10(known["n_params"]) * 5))
    spans = bins.groupby("size").agg(low=("score", "min"), high=("score", "max"), n=("model", "nunique"), size_=("n_params", "median"))
    spans = spans[spans["n"] >= 3]
    if spans.empty:
        return ""
    widest = spans.loc[(spans["high"] - spans["low"]).idxmax()]
    return f"; those of about {format_count(widest['size_'])} range from {widest['low']:g} to {widest['high']:g}"


def default_panels() -> dict[str, Callable[[], Panel]]:
    """Every panel of the benchmarks page at its default settings."""
    scores = all_scores()
    filters = {"filters": "none"}
    return {
        "benchmarks.heat_map": lambda: heat_map(scores, FEATURED_MODELS, FEATURED_BENCHMARKS, filters),
        "benchmarks.dumbbell": lambda: figures_pair.dumbbell(
            comparison.pairs(scores, "Mixtral 8x7B", "Llama 2 70B"),
            "Mixtral 8x7B",
            "Llama 2 70B",
            2.0,
            {"models": "Mixtral 8x7B, Llama 2 70B"},
        ),
        "benchmarks.against_params": lambda: against_params(scores, "mmlu", {"benchmark": "MMLU"}),
        **figures_disagree.default_panels(scores),
    }
