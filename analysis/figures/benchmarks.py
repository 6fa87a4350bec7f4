"""Figures on reported scores: models and benchmarks side by side, two models, and scores against size."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pandas as pd

from analysis import benchmarks, tables
from analysis.figures import benchmarks_disagree, style
from analysis.figures.panel import Citation, Panel
from analysis.units import format_count, significant

SCORE_TABLES = tuple(f"{name}_scores" for name in ("llama2", "mistral", "small_models", "alignment", "bloomberggpt", "qlora", "vision"))
JOINED_TO = ("score_models", "benchmarks", "score_metrics", "score_reports")
SIZES = {
    "up to 3B": (0.0, 3e9), "3B to 10B": (3e9, 1e10), "10B to 40B": (1e10, 4e10), "over 40B": (4e10, np.inf),
}  # fmt: skip
SHOWN = 12
"""Models and benchmarks that the heat map picks when only filters are set."""
LIKE = {"same": "", "unstated": "?", "different": "≠"}
"""What stands behind a score in the heat map by its verdict against the column's setting."""
VERIFIED = {0: "from memory", 1: "1 transcription", 2: "2 transcriptions"}
PALE_TO_BLUE = [[0, "#FFF6D5"], [0.5, "#B5D3DC"], [1, "#5AA0E8"]]
"""Pale yellow to blue, darker all the way, so that every reader sees the same order; INK is readable on all of it, in both themes."""
INK = "#10131A"
NOT_COMPARED = "#C9CDD6"
FEATURED_MODELS = ("LLaMA 65B", "Falcon-40B", "MPT-30B", "Llama 2 7B", "Llama 2 13B", "Llama 2 70B", "Mistral 7B", "Mixtral 8x7B",
                   "DeepSeek LLM 67B", "Yi-34B", "phi-1.5", "phi-2")  # fmt: skip
FEATURED_BENCHMARKS = ("mmlu", "bbh", "hellaswag", "winogrande", "piqa", "arc_challenge", "naturalquestions", "triviaqa", "gsm8k", "math",
                       "humaneval", "mbpp")  # fmt: skip
"""What the heat map shows without a choice and without filters."""
FAMILIES_SHOWN = 9


def all_scores(vision: bool = False) -> pd.DataFrame:
    """Every reported score (`benchmarks.join`), with printed_value, what stood there before corrections; vision: with the vision papers."""
    names = tuple(name for name in SCORE_TABLES if vision or name != "vision_scores")
    return _joined(names, tables.state(*names, *JOINED_TO)).copy(deep=False)  # copy-on-write keeps the joined frame as it is


@lru_cache(maxsize=2)
def _joined(names: tuple[str, ...], state: tuple) -> pd.DataFrame:
    rows = [tables.load(name).assign(printed_value=tables.load(name, corrected=False)["value"]) for name in names]
    return benchmarks.join(rows, *map(tables.load, JOINED_TO))


def size_filter(scores: pd.DataFrame, sizes: Sequence[str]) -> pd.DataFrame:
    """The scores of models in one of the ranges of SIZES; all scores where none is named."""
    if not len(sizes):
        return scores
    keep = pd.Series(False, index=scores.index)
    for name in sizes:
        low, high = SIZES[name]
        keep |= (scores["n_params"] > low) & (scores["n_params"] <= high)
    return scores[keep]


def filtered(scores: pd.DataFrame, groups=(), papers=(), families=(), variants=(), sizes: Sequence[str] = ()) -> pd.DataFrame:
    """The scores that pass the page's filters (`benchmarks.choose`, `size_filter`)."""
    return size_filter(benchmarks.choose(scores, groups, papers, families, variants), sizes)


def with_sizes(scores: pd.DataFrame, least: int = 3) -> set[str]:
    """Benchmarks that models of at least so many sizes share under one setting."""
    part = scores[scores["n_params"].notna()].assign(key=benchmarks.setting_keys)
    shared = part.groupby(["benchmark", "key"])["n_params"].nunique()
    return set(shared.index[shared >= least].get_level_values("benchmark"))


def with_points(scores: pd.DataFrame) -> set[str]:
    """Benchmarks for which `against_params` has something to draw: a model of known size under the setting that most models share."""
    part = scores[scores["group"] != "vision"]
    if part.empty:
        return set()
    part = part.assign(key=benchmarks.setting_keys)
    common = benchmarks.common_settings(part)["key"]
    known = part["n_params"].notna() & (part["key"] == part["benchmark"].map(common))
    return set(part.loc[known, "benchmark"])


def most_reported(scores: pd.DataFrame, column: str, n: int = SHOWN) -> list[str]:
    """The n models ("model") or benchmarks ("benchmark") that most works report, and among equals those with most partners."""
    part = scores[(scores["unit"] == "percent") & (scores["group"] != "averages")]
    if column == "model":
        part = part[part["variant"] != "other"]
    other = "benchmark" if column == "model" else "model"
    rank = part.groupby(column).agg(works=("source", "nunique"), partners=(other, "nunique"))
    return list(rank.sort_values(["works", "partners"], ascending=False, kind="stable").index[:n])


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
            "setting": [benchmarks.describe_setting(row) for row in rows.to_dict("records")],
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
    cells = benchmarks.matrix(scores, models, columns)
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
    cells["said"] = [benchmarks.describe_setting({"shots": row.shots, "setting": row.setting, "group": ""}) for row in cells.itertuples()]
    traces = [
        _cells(cells[fits], names, models, columns, "coloured", PALE_TO_BLUE),
        _cells(cells[~fits], names, models, columns, "other setting", [[0, NOT_COMPARED], [1, NOT_COMPARED]]),
    ]
    layout = style.layout("category", "category", x_title="Benchmark and setting of its column", height=len(models) * 32 + 190)
    ticks = [f"{names[name]}<br><span style='font-size:10px'>{style.escape(head.loc[name, 'column_setting'])}</span>" for name in columns]
    layout["xaxis"] |= {"categoryorder": "array", "categoryarray": list(names.values()), "tickangle": -45, "showgrid": False, "automargin": True,
                        "tickvals": list(names.values()), "ticktext": ticks, "tickfont": {"size": 11}}  # fmt: skip
    layout["yaxis"] |= {"categoryorder": "array", "categoryarray": [style.escape(name) for name in models], "autorange": "reversed",
                        "showgrid": False, "tickfont": {"size": 11}}  # fmt: skip
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
        sources=_sources(cells),
        settings=settings,
        explain=(benchmarks.matrix, benchmarks.comparable, benchmarks.join),
    )  # fmt: skip


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
        "type": "heatmap", "x": [names[column] for column in columns], "y": [style.escape(model) for model in models], "z": z,
        "text": text.tolist(), "customdata": hover.tolist(), "texttemplate": "%{text}", "textfont": {"size": 12, "color": INK}, "zmin": 0, "zmax": 1, "colorscale": scale,
        "xgap": 2, "ygap": 2, "showscale": False, "name": name, "hoverongaps": False, "meta": {"role": "reported"},
        "hovertemplate": "%{y}, %{x}<br>%{customdata}<extra></extra>",
    }  # fmt: skip


def _cell_rows(cells: pd.DataFrame) -> pd.DataFrame:
    kept = ["model", "benchmark", "label", "score", "unit", "shots", "setting", "metric", "column_setting", "verdict", "n_reports", "low", "high",
            "source", "location", "verified"]  # fmt: skip
    return cells[kept].assign(status="reported")


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
    said = [benchmarks.describe_setting(row) for row in rows.to_dict("records")]
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
    return Ready(rows, refused, {name: rows[name].to_numpy() for name in kept}, escaped, units, colors, _sources(cited))


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
            traces.append(_bar_between(values["score_a"][at], values["score_b"][at], drawn.names[at], name, color, width, dotted=at is unknown))
    for side, model, color, symbol in (("a", model_a, drawn.colors[0], "circle"), ("b", model_b, drawn.colors[1], "diamond")):
        marks = style.reported_markers(
            values[f"score_{side}"], list(drawn.names), model, color, symbol, verified=values[f"verified_{side}"] > 0, text=list(values[f"text_{side}"])
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
        explain=(benchmarks.pairs, benchmarks.comparable, benchmarks.standard_error),
    )  # fmt: skip


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


def against_params(scores: pd.DataFrame, benchmark: str, settings: Mapping[str, str]) -> Panel:
    """The scores on one benchmark against model size, under the setting that most models share."""
    column = scores[(scores["benchmark"] == benchmark) & (scores["group"] != "vision")]
    if column.empty:
        raise ValueError(f"benchmark must have scores after filtering, got {benchmark!r}")
    column = column.assign(key=benchmarks.setting_keys(column))
    common = benchmarks.common_settings(column).loc[benchmark, "key"]
    fits = column[column["key"] == common]
    known = fits.dropna(subset=["n_params"])
    if known.empty:
        raise ValueError(f"benchmark must have a score of a model of known size, got {benchmark!r}")
    label, setting = known["label"].iloc[0], benchmarks.describe_setting(known.iloc[0])
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
        data=lambda: known[["model", "family", "variant", "n_params", "active_params", "benchmark", "score", "unit", "shots", "setting", "metric",
                            "source", "location", "verified"]].assign(status="reported"),
        caption=(
            f"One marker per report (hollow: from memory), only with this setting: {setting or 'none is stated'}; {column['model'].nunique() - fits['model'].nunique()} more models have the benchmark under another setting. "
            f"Sizes are total parameters as reported; a mixture of experts uses fewer per token (Mixtral 12.9 B of 46.7 B). {best['model']} has the highest score, {best['score']:g}."
        ),
        alt=f"{label} scores of {known['model'].nunique()} models against their parameters; the highest is {best['score']:g} by {best['model']}.",
        sources=_sources(known),
        settings=settings,
        explain=(benchmarks.join, benchmarks.comparable),
    )  # fmt: skip


def _spread_at_one_size(known: pd.DataFrame) -> str:
    """How far models of about one size are apart, as the end of a title."""
    bins = known.assign(size=np.round(np.log10(known["n_params"]) * 5))
    spans = bins.groupby("size").agg(low=("score", "min"), high=("score", "max"), n=("model", "nunique"), size_=("n_params", "median"))
    spans = spans[spans["n"] >= 3]
    if spans.empty:
        return ""
    widest = spans.loc[(spans["high"] - spans["low"]).idxmax()]
    return f"; those of about {format_count(widest['size_'])} range from {widest['low']:g} to {widest['high']:g}"


def refusal(rows: pd.DataFrame, model_a: str, model_b: str) -> str:
    """Why two models cannot be drawn side by side, "" if they can; rows: what `benchmarks.pairs` returns for them."""
    if ((rows["status"] == "compared") & (rows["unit"] == "percent")).any():
        return ""
    if rows.empty:
        return f"{model_a} and {model_b} have no benchmark in common."
    reasons = sorted({reason for text in rows["reasons"] for reason in text.split(", ") if reason}) or ["unit"]
    return f"{model_a} and {model_b} share {_listed(rows['label'])}, but under no common setting (what differs or is not stated: {', '.join(reasons)})."


def _sources(rows: pd.DataFrame) -> tuple[Citation, ...]:
    """One citation per work, the one with most rows first."""
    order = rows["source"].value_counts(sort=True).index
    places = rows.groupby("source")["location"].unique()
    return tuple(Citation(source, "; ".join(sorted(places[source])[:4])) for source in order)


def default_panels() -> dict[str, Callable[[], Panel]]:
    """Every panel of the benchmarks page at its default settings."""
    scores = all_scores()
    filters = {"filters": "none"}
    return {
        "benchmarks.heat_map": lambda: heat_map(scores, FEATURED_MODELS, FEATURED_BENCHMARKS, filters),
        "benchmarks.dumbbell": lambda: dumbbell(
            benchmarks.pairs(scores, "Mixtral 8x7B", "Llama 2 70B"),
            "Mixtral 8x7B",
            "Llama 2 70B",
            2.0,
            {"models": "Mixtral 8x7B, Llama 2 70B"},
        ),
        "benchmarks.against_params": lambda: against_params(scores, "mmlu", {"benchmark": "MMLU"}),
        **benchmarks_disagree.default_panels(scores),
    }
