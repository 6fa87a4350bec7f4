"""Figures on reported scores: models and benchmarks side by side, every report of one score, and scores against size."""

import numpy as np
import pandas as pd

from analysis import tables
from analysis.benchmarks import comparison, data
from analysis.benchmarks.figures_filters import FAMILIES, GROUPS, MODEL_SIZES, REPORTED_IN, VARIANTS, nothing, picked
from analysis.charts import marks, style
from analysis.charts.figure import Figure
from analysis.charts.names import beside
from analysis.charts.panel import Headline, Panel, cite
from analysis.charts.parameters import Choice, Choices
from analysis.units import counted, format_count

LIKE = {"same": "", "unstated": "?", "different": "≠"}
"""What stands behind a score in the heat map by its verdict against the column's setting."""
VERIFIED = {0: "from memory", 1: "1 transcription", 2: "2 transcriptions"}
PALE_TO_BLUE = [[0, "#FFF6D5"], [0.5, "#B5D3DC"], [1, "#5AA0E8"]]
"""Pale yellow to blue, darker all the way, so that every reader sees the same order; style.INK is readable on all of it, in both themes."""
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
FAMILIES_SHOWN = 5
TWELVE = "twelve that most papers report"


def details(scores: pd.DataFrame, model: str, benchmark: str) -> pd.DataFrame:
    """Every reported score of a model on a benchmark, as a reader wants to check it; empty where there is none.

    Columns: score (as printed, with its unit), setting, metric, answer read (scoring), report, link, place, measured by, checked (transcriptions that agree), note.
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
            "answer read": rows["scoring"].where(rows["scoring"] != "", "as the metric says"),
            "report": rows["report"],
            "link": [tables.source(source)["url"] for source in rows["source"]],
            "place": rows["location"],
            "measured by": rows["measured_by"],
            "checked": rows["verified"].map(VERIFIED),
            "note": pd.Series(note, index=rows.index).str.rstrip("; "),
        }
    ).reset_index(drop=True)


class HeatMap(Figure):
    """Models against benchmarks; what does not have the setting of its column is marked and not coloured."""

    name = "benchmarks.heat_map"
    reported_in: tuple = REPORTED_IN(())
    benchmark_groups: tuple = GROUPS(())
    model_families: tuple = FAMILIES(())
    model_sizes: tuple = MODEL_SIZES(())
    model_variants: tuple = VARIANTS(())
    compared_models: tuple = Choices("Models", options=lambda _: data.model_names(), empty=TWELVE)(())
    compared_benchmarks: tuple = Choices("Benchmarks", options=lambda _: data.benchmark_labels(), empty=TWELVE)(())

    def draw(self) -> Panel:
        """The panel at these parameters."""
        passing = picked(self)
        scores, names = data.filtered(data.all_scores(), *passing), data.model_names()
        largest = data.gap_summary()["largest"]
        models = [names[key] for key in self.compared_models]
        models = models or list(data.most_reported(scores, "model") if any(passing) else FEATURED_MODELS)
        columns = list(self.compared_benchmarks)
        columns = columns or list(data.most_reported(scores, "benchmark") if any(passing) else FEATURED_BENCHMARKS)
        shared = scores["model"].isin(models) & scores["benchmark"].isin(columns)
        if not (shared & (scores["verified"] > 0)).any():
            known = " that are verified" if shared.any() else ""
            return nothing(self, "scores", f"0 scores{known} of these models on these benchmarks pass the filters")
        cells = comparison.matrix(scores, models, columns)
        columns = [name for name in columns if name in set(cells["benchmark"])]
        models = [name for name in models if name in set(cells["model"])]
        head = cells.drop_duplicates("benchmark").set_index("benchmark")
        seen = cells["verified"] > 0
        fits = (cells["verdict"] == "same") & seen
        ends = cells[fits].groupby("benchmark")["score"].agg(["min", "max"])
        lower = cells["metric"].map(tables.load("score_metrics").set_index("metric")["higher_is_better"]) == 0
        place = (cells["score"] - cells["benchmark"].map(ends["min"])) / cells["benchmark"].map(ends["max"] - ends["min"]).replace(
            0, np.nan
        )
        cells["place_in_column"] = pd.Series(np.where(lower, 1 - place, place)).fillna(0.5)
        cells["text"] = [_cell_text(row) for row in cells.itertuples()]
        cells["said"] = [
            comparison.describe_setting({"shots": row.shots, "setting": row.setting, "scoring": row.scoring, "group": ""})
            for row in cells.itertuples()
        ]
        traces = [
            _cells(cells[fits], head["label"], models, columns, "coloured", PALE_TO_BLUE),
            _cells(cells[~fits], head["label"], models, columns, "other setting", [[0, NOT_COMPARED], [1, NOT_COMPARED]]),
        ]
        layout = style.layout(
            "category",
            "category",
            x_title="Benchmark; grey: not compared (≠ another setting or scoring, ? not all stated, in brackets: from memory)",
            height=len(models) * 32 + 190,
        )
        labels = [head.loc[name, "label"] for name in columns]
        layout["xaxis"] |= {
            "categoryorder": "array",
            "categoryarray": labels,
            "tickangle": -45,
            "showgrid": False,
            "automargin": True,
            "tickvals": labels,
            "ticktext": [
                f"{style.escape(label)}<br><span style='font-size:10px'>{style.escape(head.loc[name, 'column_setting'])}</span>"
                for name, label in zip(columns, labels, strict=True)
            ],
            "tickfont": {"size": 11},
        }
        layout["yaxis"] |= {
            "categoryorder": "array",
            "categoryarray": models,
            "autorange": "reversed",
            "showgrid": False,
            "tickfont": {"size": 11},
        }
        layout["margin"] = layout["margin"] | {"t": 12}
        layout["showlegend"] = False
        marked, n, recalled = int((~fits & seen).sum()), int(seen.sum()), int((~seen).sum())
        unlike, every = Headline("scores that are not compared", marked, "", str(marked)), Headline("scores", n, "", str(n))
        empty, several = len(models) * len(columns) - len(cells), int((cells["n_reports"] > 1).sum())
        return Panel(
            title=f"{unlike} of {every} scores are not comparable with their column: setting or scoring differ or are not stated",
            headline=(unlike, every),
            figure=style.figure(traces, layout),
            parts=[cells.drop(columns=["text", "said"]).assign(series=np.where(fits, "coloured", "other setting"), status="reported")],
            caption=(
                f"Each column is one benchmark under the setting that most of its models share; colour runs from its worst (pale) to its best score (blue). Grey cells are not compared: ≠ has another setting, metric or scoring, ? does not state all of it; where no report states all, the setting is one table. A "
                f"score in brackets is from memory and not counted ({recalled}). {several} {'cell has' if several == 1 else 'cells have'} more than one report: the one from the widest table is shown. {empty} {'pair is' if empty == 1 else 'pairs are'} not reported, and nothing is filled in. Even one stated setting can hide {largest:.1f} points, as the section Disagreements shows."
            ),
            alt=f"Heat map of {counted(len(models), 'model')} and {counted(len(columns), 'benchmark')}; {counted(n - marked, 'score')} {'shares' if n - marked == 1 else 'share'} the setting of their column and {marked} {'does' if marked == 1 else 'do'} not.",
            sources=cite(cells),
        )


def _cell_text(row) -> str:
    text = f"{row.score:.1f}" if row.unit == "percent" else f"{row.score:g}"
    return f"({text})" if row.verified == 0 else text


def _cells(part: pd.DataFrame, labels, models, columns, name: str, scale) -> dict:
    z = np.full((len(models), len(columns)), np.nan)
    text = np.full(z.shape, "", dtype=object)
    hover = np.full(z.shape, "", dtype=object)
    for row in part.itertuples():
        at = models.index(row.model), columns.index(row.benchmark)
        z[at], text[at] = row.place_in_column, row.text + LIKE[row.verdict]
        setting = row.said if row.verdict == "same" else f"{row.said}; the column has {row.column_setting}"
        hover[at] = style.escape(f"{row.text} ({setting}), {row.report}, {row.location}, {VERIFIED[row.verified]}")
        if row.n_reports > 1:
            hover[at] += f"<br>{row.n_reports} reports from {row.low:g} to {row.high:g}"
    trace = {
        "type": "heatmap",
        "x": [labels[column] for column in columns],
        "y": models,
        "z": z,
        "text": text.tolist(),
        "customdata": hover.tolist(),
        "texttemplate": "%{text}",
        "textfont": {"size": 12, "color": style.INK},
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
    return marks.named(trace, x="label", y="model", z="place_in_column")


class Reports(Figure):
    """Every report of one model on one benchmark, with its setting and its place."""

    name = "benchmarks.reports"
    scored_model: str = Choice("Model", options=lambda _: data.model_names(True))("llama-2-70b")
    benchmark: str = Choice("Benchmark", options=lambda _: data.benchmark_labels(True))("bbh")

    def draw(self) -> Panel:
        """The panel at these parameters."""
        scores, model = data.all_scores(True), data.model_names(True)[self.scored_model]
        rows = scores[(scores["model"] == model) & (scores["benchmark"] == self.benchmark)]
        about = tables.load("benchmarks").set_index("benchmark").loc[self.benchmark]
        if rows.empty:
            return nothing(self, "reports", f"0 reports here print {about['label']} for {model}")
        rows = rows.assign(said=[comparison.describe_setting(row) for row in rows.to_dict("records")])
        unit = rows["unit"].value_counts().index[0]
        drawn = (rows["unit"] == unit).to_numpy()
        rows = rows.assign(
            series="report", score_on_benchmark=np.where(drawn, rows["score"], np.nan), reported_by=rows["report"] + ", " + rows["said"],
            status="reported",
        )  # fmt: skip
        part = rows[drawn].sort_values("score", kind="stable")
        color, symbol = style.family_style(part["family"].iloc[0])
        text = [f"{row.value:g}, {row.location}, measured by {row.measured_by}" for row in part.itertuples()]
        mark = marks.points(part, "score_on_benchmark", "reported_by", color, symbol=symbol, text=text)
        layout = style.layout(
            "number", "category", x_title=f"{about['label']} ({'%' if unit == 'percent' else unit})", height=150 + 34 * len(part)
        )
        layout["yaxis"] |= {"categoryorder": "array", "categoryarray": list(dict.fromkeys(part["reported_by"]))}
        checked = part[part["verified"] > 0]
        low, high = (
            Headline(f"{end} report", float(value), unit, f"{value:g}", "score_on_benchmark")
            for end, value in (("lowest", checked["score"].min()), ("highest", checked["score"].max()))
        )
        n_reports = checked["reported_by"].nunique()
        reports = Headline("reports", n_reports, "", str(n_reports))
        if checked.empty:
            headline, title = [reports], f"{reports} verified reports print {about['label']} for {model}"
        elif checked["score"].nunique() == 1 and n_reports == 1:
            headline, title = [low], f"One report prints {about['label']} for {model}: {low}"
        elif n_reports == 1:
            headline, title = [low, high], f"One report prints {about['label']} for {model} from {low} to {high}"
        else:
            headline, title = [reports, low, high], f"{reports} reports print {about['label']} for {model}, from {low} to {high}"
        again = f" {counted(len(checked), 'printed score')} in {counted(n_reports, 'report')}." if len(checked) > n_reports else ""
        recalled = f" {counted(len(part) - len(checked), 'score')} from memory (hollow), not counted." if len(part) > len(checked) else ""
        others = f" {counted(len(rows) - len(part), 'report')} in another unit only in the table." if len(rows) > len(part) else ""
        kept = ["series", "model", "benchmark", "score_on_benchmark", "value", "printed_value", "unit", "shots", "setting", "metric", "scoring",
                "reported_by", "measured_by", "source", "location", "verified", "note", "status"]  # fmt: skip
        return Panel(
            title=title,
            headline=tuple(headline),
            figure=style.figure([mark], layout),
            parts=[rows[kept]],
            beside=details(scores, model, self.benchmark).map(str),
            caption=f"{about['label']}: {about['measures']}. Each marker is a report: the score that one work prints under one setting.{again}{recalled} Scores compare only where benchmark, metric, scoring, shots and setting are stated and agree.{others}",
            alt=f"Reported scores of {model} on {about['label']}: {', '.join(f'{value:g}' for value in part['score'])}.",
            sources=cite(rows),
        )


class AgainstParams(Figure):
    """The scores on one benchmark against model size, under the setting that models of most families share."""

    name = "benchmarks.against_params"
    reported_in: tuple = REPORTED_IN(())
    benchmark_groups: tuple = GROUPS(())
    model_families: tuple = FAMILIES(())
    model_sizes: tuple = MODEL_SIZES(())
    model_variants: tuple = VARIANTS(())
    benchmark: str = Choice("Benchmark", options=lambda _: data.sized_labels())("mmlu")

    def draw(self) -> Panel:
        """The panel at these parameters."""
        benchmark, scores = self.benchmark, data.filtered(data.all_scores(), *picked(self))
        column = scores[(scores["benchmark"] == benchmark) & (scores["group"] != "vision")]
        if benchmark not in data.with_points(scores):
            title = f"0 models of known size that pass the filters have a score on {data.benchmark_labels()[benchmark]} to draw"
            return nothing(self, "models", title)
        column = column.assign(key=comparison.setting_keys(column))
        fits = column[column["key"] == data.widest_settings(column).loc[benchmark, "key"]]
        known = fits.dropna(subset=["n_params"])
        checked = known[known["verified"] > 0]
        label, setting, unit = known["label"].iloc[0], comparison.describe_setting(checked.iloc[0]), known["unit"].iloc[0]
        shown = list(known["family"].value_counts().index[:FAMILIES_SHOWN])
        kept = ["model", "family", "variant", "n_params", "active_params", "benchmark", "score_on_benchmark", "unit", "shots", "setting",
                "metric", "scoring", "source", "location", "verified", "report", "status", "series"]  # fmt: skip
        known = known.assign(
            score_on_benchmark=known["score"], series=known["family"].where(known["family"].isin(shown), "other"), status="reported"
        )
        traces, parts = [], []
        for family in [*shown, "other"]:
            part = known.loc[known["series"] == family, kept]
            if part.empty or family in [one["series"].iloc[0] for one in parts]:
                continue
            color, symbol = style.family_style(family) if family != "other" else (style.GREY, "circle")
            text = [
                f"{row.model}: {row.score_on_benchmark:g}<br>{row.report}, {row.location}, {format_count(row.n_params, 'parameters')}"
                for row in part.itertuples()
            ]
            trace = marks.points(part, "n_params", "score_on_benchmark", color, symbol=symbol)
            trace |= {"text": [style.escape(line).replace("&lt;br&gt;", "<br>") for line in text]}
            traces.append(beside(trace | {"hovertemplate": "%{text}<extra></extra>"}, list(part["model"]), whole=True))
            parts.append(part)
        chance = known["chance"].iloc[0]
        low, high = checked["n_params"].min(), checked["n_params"].max()
        drawn_between = (known["n_params"].min() * 0.7, known["n_params"].max() * 1.4)
        layout = style.layout("params", "number", y_title=f"{label} ({unit.replace('percent', '%')})", x_range=drawn_between, height=440)
        if drawn_between[1] / drawn_between[0] < 100:  # one decade may hold a single power of ten
            layout["xaxis"] |= {"dtick": "D2"}
        if np.isfinite(chance):
            layout["shapes"] = [style.horizontal_line(float(chance))]
            layout["annotations"] = [style.note(1, float(chance), "guessing", xref="paper", xanchor="right", yshift=8)]
            parts.append({"series": "guessing", "benchmark": benchmark, "score_on_benchmark": [float(chance)], "status": "computed"})
        best, widest, n = checked.loc[checked["score"].idxmax()], _spread_at_one_size(checked), checked["model"].nunique()
        models = Headline("models", n, "", str(n))
        smallest, largest = (
            Headline(f"parameters of the {which} model", float(value), "parameters", format_count(value), "n_params")
            for which, value in (("smallest", low), ("largest", high))
        )
        headline = [models, smallest, largest]
        spread = ""
        if widest is not None:
            span = [
                Headline(f"{end} score at one size", float(widest[end]), unit, f"{widest[end]:g}", "score_on_benchmark")
                for end in ("low", "high")
            ]
            headline = [models, *span]
            spread = f"; at about {format_count(widest['size_'])}, {span[0]} to {span[1]}"
        sizes = f"of {smallest} to {largest}" if n > 1 else f"of {smallest}"
        if n == 1:
            headline = [models, smallest]
        more = column["model"].nunique() - fits["model"].nunique()
        table = (
            ""
            if not comparison.unstated(checked.iloc[:1])["scoring"][0]
            else " How an answer is read is not stated, so all markers are of one table."
        )
        return Panel(
            title=f"{label}{f', {setting}' if setting and len(setting) < 40 else ''}: {models} {'model' if n == 1 else 'models'} {sizes}{spread}",
            headline=tuple(headline),
            figure=style.figure(traces, layout),
            parts=parts,
            caption=(
                f"Each marker is one reported score{marks.hollow(' (hollow: from memory, not counted)', *parts)} against the size of its model, only with this setting: {setting or 'none is stated'}; {more} more {'model has' if more == 1 else 'models have'} the benchmark under another setting or from another table.{table} "
                f"Sizes are total parameters as reported; a MoE model uses fewer per token (Mixtral 12.9 B of 46.7 B). {best['model']} has the highest score, {best['score']:g}."
            ),
            alt=f"{label} scores of {counted(n, 'model')} against their parameters; the highest is {best['score']:g} by {best['model']}.",
            sources=cite(known),
        )


def _spread_at_one_size(known: pd.DataFrame) -> pd.Series | None:
    """(low, high, n, size_) of the models of about one size that are furthest apart; None where no three have one size."""
    bins = known.assign(size=np.round(np.log10(known["n_params"]) * 5))
    spans = bins.groupby("size").agg(low=("score", "min"), high=("score", "max"), n=("model", "nunique"), size_=("n_params", "median"))
    spans = spans[spans["n"] >= 3]
    return None if spans.empty else spans.loc[(spans["high"] - spans["low"]).idxmax()]
