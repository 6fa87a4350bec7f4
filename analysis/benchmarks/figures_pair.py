"""The figure of two models on every benchmark and setting that they share."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from analysis import tables
from analysis.benchmarks import comparison, data, pairing
from analysis.benchmarks.figures_filters import REPORTED_IN, nothing
from analysis.charts import marks, style
from analysis.charts.figure import Figure
from analysis.charts.panel import Citation, Headline, Panel, cite
from analysis.charts.parameters import Choice, Quantity
from analysis.units import significant


@dataclass(frozen=True)
class Ready:
    """Two models compared, in the order of the chart, with all that a slider does not change.

    found: all of it; rows: pairs that are drawn; others: pairs in other units, and those whose settings differ; values: columns of rows
    as arrays; names: of the rows, escaped; units: the pairs in other units, in words.
    """

    found: pairing.HeadToHead
    rows: pd.DataFrame
    others: pd.DataFrame
    values: Mapping[str, np.ndarray]
    names: np.ndarray
    units: Sequence[str]
    colors: Sequence[str]
    sources: tuple[Citation, ...]


def ready(found: pairing.HeadToHead, model_a: str, model_b: str) -> Ready:
    """Two models, ready to be drawn. Raises ValueError where there is nothing to draw."""
    rows = found.rows.sort_values("difference", kind="stable", ignore_index=True)
    told = rows["status"] != "refused"
    others, apart_units = rows[~told | (rows["unit"] != "percent")], rows[(rows["status"] == "compared") & (rows["unit"] != "percent")]
    rows = rows[told & (rows["unit"] == "percent")].reset_index(drop=True)
    if rows.empty:
        raise ValueError(refusal(found.rows, model_a, model_b))
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
        colors[1] = style.ORCHID if colors[0] != style.ORCHID else style.BLUE
    units = [f"{row.label} {row.score_a:g} against {row.score_b:g}" for row in apart_units.itertuples()]
    cited = pd.DataFrame({"source": [*rows["source_a"], *rows["source_b"]], "location": [*rows["location_a"], *rows["location_b"]]})
    kept = ("score_a", "score_b", "text_a", "text_b", "difference", "error", "better", "one_report", "status")
    return Ready(found, rows, others, {name: rows[name].to_numpy() for name in kept}, escaped, units, colors, cite(cited))


@tables.kept(most=64)
def compared(model_a: str, model_b: str, reports: tuple[str, ...] = (), place: str = "") -> Ready | str:
    """Two models, ready to be drawn, or why they cannot be; reports, place: only scores printed there."""
    if model_a == model_b:
        return "Choose two different models."
    try:
        found = data.paired(model_a, model_b, reports, place)
    except ValueError:  # one of them has no score there
        return f"{model_a} and {model_b} have no benchmark in common there."
    return refusal(found.rows, model_a, model_b) or ready(found, model_a, model_b)


def places(earlier: Mapping[str, Any]) -> dict[str, str]:
    """Where the chosen reports print scores of both models, by keys."""
    models = [data.model_names()[earlier[name]] for name in ("model_a", "model_b")]
    return {"all": "all", **data.shared_places(models[0], models[1], earlier["reported_in"])}


def _model(label: str, default: str) -> Any:
    return Choice(label, options=lambda _: data.model_names())(default)


class Dumbbell(Figure):
    """Two models on every benchmark and setting that they share, and which differences are clear."""

    name = "benchmarks.dumbbell"
    model_a: str = _model("Model A", "mixtral-8x7b")
    model_b: str = _model("Model B", "llama-2-70b")
    reported_in: tuple = REPORTED_IN(())
    printed_in: str = Choice("Table or figure", options=places, rare=True)("all")
    clear_errors: float = Quantity("Significance threshold (SE)", low=0, high=4, step=0.1)(2.0)

    def asked(self) -> tuple[str, str, tuple[str, ...], str]:
        """The two models, and the reports and the place in them to which the comparison is kept, as `compared` takes them."""
        names, printed_in = data.model_names(), places(self.values())[self.printed_in]
        return names[self.model_a], names[self.model_b], self.reported_in, "" if self.printed_in == "all" else printed_in

    def draw(self) -> Panel:
        """The panel at these parameters."""
        model_a, model_b, reports, place = self.asked()
        drawn, errors = compared(model_a, model_b, reports, place), self.clear_errors
        if isinstance(drawn, str):
            return nothing(self, "scores", f"{model_a} and {model_b} have 0 scores that can be drawn side by side", explain=(drawn,))
        values, found, n = drawn.values, drawn.found, len(drawn.names)
        refused = drawn.others[drawn.others["status"] == "refused"]
        unknown = np.isnan(values["error"])
        beyond = ~unknown & (np.abs(values["difference"]) > errors * values["error"])
        parts: list[Any] = []
        traces = []
        for at, series, color, width in (
            (beyond, f"more than {significant(errors, 2)} standard {'error' if errors == 1 else 'errors'}", style.SLATE, 5),
            (~unknown & ~beyond, "not significant", style.GREY, 2),
            (unknown, "no SE known", style.GREY, 2),
        ):
            if at.any():
                part = {
                    "series": series, "compared": np.repeat(drawn.names[at], 2),
                    "score": np.column_stack([values["score_a"][at], values["score_b"][at]]).ravel(),
                    "difference": np.repeat(values["difference"][at], 2), "standard_error": np.repeat(values["error"][at], 2),
                    "status": "computed",
                }  # fmt: skip
                parts.append(part)
                traces.append(marks.segments(part, "score", "compared", color, width=width, dash="dot" if at is unknown else "solid"))
        for side, model, color, symbol in (("a", model_a, drawn.colors[0], "circle"), ("b", model_b, drawn.colors[1], "diamond")):
            part = _side(drawn.rows, side, model).assign(compared=drawn.names)
            mark = marks.points(part, "score", "compared", color, symbol=symbol, text=values[f"text_{side}"])
            traces.append(mark | {"hovertemplate": "%{y}<br>%{text}<extra>%{fullData.name}</extra>"})
            parts += [part, *([_side(drawn.others, side, model)] if len(drawn.others) else [])]
        layout = style.both_ends(style.layout("number", "category", x_title="Score (%)", height=n * 22 + 170))
        layout["yaxis"] |= {"categoryorder": "array", "categoryarray": list(drawn.names), "tickfont": {"size": 11}}
        counted = found.wins + found.ties + found.losses
        wins, losses, ties, n_counted = (
            Headline(what, number, "", str(number))
            for what, number in (
                (f"scores in which {model_a} is ahead", found.wins),
                (f"scores in which {model_a} is behind", found.losses),
                ("scores in which they are level", found.ties),
                ("scores that are compared", counted),
            )
        )
        seen = values["status"] == "compared"
        sure = [int((seen & (values["better"] == side) & beyond).sum()) for side in ("a", "b")]
        apart, hollow, no_error = int((seen & ~values["one_report"].astype(bool)).sum()), int((~seen).sum()), int((seen & unknown).sum())
        level = f", level in {ties}" if found.ties else ""
        where = f" in {place} of the {data.report_labels()[reports[0]]}" if place and len(reports) == 1 else f" in {place}" if place else ""
        memory = f" {hollow} with a value from memory (hollow) {'is' if hollow == 1 else 'are'} drawn but not counted." if hollow else ""
        others_units = f" Counted but not drawn, in other units: {_listed(drawn.units, 4)}." if drawn.units else ""
        others = f" Not compared, because their settings differ: {_listed(refused['label'])}." if len(refused) else ""
        return Panel(
            title=f"{model_a} is ahead of {model_b} in {wins} of {n_counted} comparable scores{where}{level} and behind in {losses}",
            headline=(wins, n_counted, losses, *([ties] if found.ties else [])),
            figure=style.figure(traces, layout),
            parts=parts,
            caption=(
                f"Each row is a benchmark, each line the gap between the two models. Only scores whose benchmark, metric, scoring, shots and setting are stated and agree, or that stand in one column of one table; each benchmark once per setting, and a mean or its members. Beyond {significant(errors, 2)} standard errors of drawing the questions: "
                f"{sure[0]} ahead, {sure[1]} behind; {no_error} {'has' if no_error == 1 else 'have'} no known number of questions. {apart} of the pairs {'takes' if apart == 1 else 'take'} the two scores from different reports.{memory}{others_units}{others}"
            ),
            alt=f"Pairs of scores of {model_a} and {model_b} on {n} benchmarks and settings; {model_a} is ahead in {wins} of {n_counted} and behind in {losses}.",
            sources=drawn.sources,
        )


def refusal(rows: pd.DataFrame, model_a: str, model_b: str) -> str:
    """Why two models cannot be drawn side by side, "" if they can; rows: what `pairing.pairs` returns for them."""
    compared = rows["status"] == "compared"
    if (compared & (rows["unit"] == "percent")).any():
        return ""
    if rows.empty:
        return f"{model_a} and {model_b} have no benchmark in common."
    if compared.any():
        scores = [f"{row.label} {row.score_a:g} against {row.score_b:g}" for row in rows[compared].itertuples()]
        return f"{model_a} and {model_b} share no score in percent under one setting, only {_listed(scores, 4)}."
    reasons = sorted({reason for text in rows["reasons"] for reason in text.split(", ") if reason}) or ["unit"]
    return f"{model_a} and {model_b} share {_listed(rows['label'])}, but under no common setting (what differs or is not stated: {', '.join(reasons)})."


def _distinct(names: pd.Series) -> pd.Series:
    """Names with a number behind those that occur again."""
    again = names.groupby(names).cumcount()
    return names.where(again == 0, names + " (" + (again + 1).astype(str) + ")")


def _listed(labels, most: int = 8) -> str:
    names = list(dict.fromkeys(labels))
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def _side(rows: pd.DataFrame, side: str, model: str) -> pd.DataFrame:
    """The scores of one side of pairs, compared or refused, as rows of a table."""
    named = {f"{name}_{side}": name for name in ("score", "source", "location", "verified")}
    kept = ["benchmark", "label", "shots", "setting", "metric", "scoring", "unit", "status", "reasons", *named]
    return rows[kept].rename(columns=named | {"status": "comparison"}).assign(series=model, model=model, status="reported")
