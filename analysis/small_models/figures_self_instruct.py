"""Figures of the simulated Self-Instruct loop: growth of the pool, what the filter drops, and variety."""

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd

from analysis import tables
from analysis.charts import style
from analysis.charts.panel import Citation, Panel, table_of
from analysis.small_models import self_instruct
from analysis.small_models.data import default_run, ends_of_runs, one_run

SOURCES = (Citation("wang2022", "section 2.2"), Citation("lin2004", "section 3.1"))
ASSUMED = "The generator recombines and rewords sentences written for this project; it is no language model, so only how things respond to the threshold carries over."


def growth(threshold: float, novelty: float, settings: Mapping[str, str]) -> Panel:
    """Kept against generated instructions at one threshold, beside the paper's threshold and no filter."""
    rows, plain = one_run(threshold, novelty), one_run(self_instruct.THRESHOLD, novelty)
    n_seeds = len(tables.load("seed_tasks"))
    traces = [style.computed_line(rows["tried"], rows["tried"], "if everything were kept", style.GREY, width=1.2)]
    traces += style.band(rows["tried"], rows["kept_low"], rows["kept_high"], "three seeds, lowest to highest", style.BLUE)
    traces.append(style.computed_line(rows["tried"], rows["kept"], f"kept below {threshold:g}", style.BLUE))
    if threshold != self_instruct.THRESHOLD:
        traces.append(
            style.computed_line(
                plain["tried"], plain["kept"], f"kept below {self_instruct.THRESHOLD:g}, as in the paper", style.CRIMSON, width=1.5
            )
        )
    layout = style.layout(
        "number", "number", x_title="Instructions generated", y_title="Instructions kept", x_range=(0, 1000), y_range=(0, 1020)
    )
    kept, tried = float(rows["kept"].iloc[-1]), int(rows["tried"].iloc[-1])
    early = float(rows["kept"].iloc[5] / rows["tried"].iloc[5])
    late = float((rows["kept"].iloc[-1] - rows["kept"].iloc[-6]) / (rows["tried"].iloc[-1] - rows["tried"].iloc[-6]))
    return Panel(
        name="small_models.growth",
        title=f"Below a similarity of {threshold:g}, {n_seeds} seed tasks grow by {kept:.0f} instructions out of {tried:,}; {early:.0%} are kept at first and {late:.0%} at last",
        figure=style.figure(traces, layout),
        data=lambda: table_of(
            [
                lambda: rows[["tried", "kept", "kept_low", "kept_high"]].assign(series=f"threshold {threshold:g}", status="computed"),
                lambda: plain[["tried", "kept", "kept_low", "kept_high"]].assign(series="threshold of the paper", status="computed"),
            ]
        ),
        caption=(
            "Each request shows eight examples and brings eight instructions; one is kept if its ROUGE-L with every kept one and every seed task is below the threshold. "
            f"The curve bends as the pool fills up. {ASSUMED}"
        ),
        alt=f"Kept against generated instructions; at threshold {threshold:g} {kept:.0f} of {tried} are kept.",
        sources=SOURCES,
        settings=settings,
        explain=(self_instruct.simulate, self_instruct.rouge_l, self_instruct.generate),
    )


def filtered(threshold: float, novelty: float, settings: Mapping[str, str]) -> Panel:
    """Share dropped and similarities against the threshold at one novelty."""
    rows = ends_of_runs(novelty)
    here = rows.iloc[int(np.abs(rows["threshold"] - threshold).argmin())]
    traces = []
    for column, name, color in (
        ("dropped", "generated instructions dropped", style.BLUE),
        ("seed_similarity", "similarity to the nearest seed task", style.CRIMSON),
        ("mean_pairwise", "similarity of two kept instructions", style.AMBER),
    ):
        traces.append(style.computed_line(rows["threshold"], rows[column], name, color))
    layout = style.layout(
        "number",
        "percent",
        x_title="Threshold on ROUGE-L",
        y_title="Share; mean ROUGE-L",
        x_range=(0.28, 1.02),
        y_range=(-0.02, 1.05),
        shapes=[style.vertical_line(threshold, style.AMBER)],
    )
    return Panel(
        name="small_models.filter",
        title=f"A threshold of {threshold:g} drops {here['dropped']:.0%}; two kept instructions then share {here['mean_pairwise']:.1%} ROUGE-L"
        if here["kept"] >= 2
        else f"A threshold of {threshold:g} drops {here['dropped']:.0%} of the instructions",
        figure=style.figure(traces, layout),
        data=lambda: rows[
            ["threshold", "novelty", "tried", "kept", "dropped", "seed_similarity", "mean_pairwise", "distinct_pairs"]
        ].assign(status="computed"),
        caption=(
            "After 1,000 generated instructions, mean of three seeds. A strict filter drops most and keeps what is unlike the seed tasks; a lax one keeps near copies. The mean over all pairs hardly moves, because most pairs "
            f"have nothing to do with each other: near copies show in the similarity to the nearest. {ASSUMED}"
        ),
        alt=f"Share dropped and mean similarities against the threshold; at {threshold:g} {here['dropped']:.0%} are dropped.",
        sources=SOURCES,
        settings=settings,
        explain=(self_instruct.simulate, self_instruct.rouge_l),
    )


def variety(threshold: float, settings: Mapping[str, str]) -> Panel:
    """Distinct pairs of verb and object against the threshold, for every novelty."""
    traces, parts = [], []
    for number, novelty in enumerate(self_instruct.NOVELTIES):
        rows = ends_of_runs(novelty)
        traces.append(style.computed_line(rows["threshold"], rows["distinct_pairs"], f"novelty {novelty:.0%}", style.series_color(number)))
        parts.append(rows)
    low, high = (one_run(threshold, novelty).iloc[-1] for novelty in (self_instruct.NOVELTIES[0], self_instruct.NOVELTIES[-1]))
    layout = style.layout(
        "number",
        "number",
        x_title="Threshold on ROUGE-L",
        y_title="Different pairs of verb and object",
        x_range=(0.28, 1.02),
        y_range=(0, 270),
        shapes=[style.vertical_line(threshold, style.AMBER)],
    )
    return Panel(
        name="small_models.variety",
        title=f"At {threshold:g}, the kept instructions have {low['distinct_pairs']:.0f} different pairs of verb and object without novelty, {high['distinct_pairs']:.0f} with all of it",
        figure=style.figure(traces, layout),
        data=lambda: pd.concat(parts, ignore_index=True)[["threshold", "novelty", "kept", "distinct_pairs"]].assign(status="computed"),
        caption=(
            "Verb and object are taken as the first and the last word of an opening. A stricter filter costs variety because it keeps less; above about 0.8 there is hardly more to gain, and what is added are near copies. "
            f"Novelty is the chance that a part comes from outside the examples of a request. {ASSUMED}"
        ),
        alt=f"Different pairs of verb and object against the threshold for {len(self_instruct.NOVELTIES)} levels of novelty; at {threshold:g} they are {low['distinct_pairs']:.0f} to {high['distinct_pairs']:.0f}.",
        sources=SOURCES,
        settings=settings,
        explain=(self_instruct.simulate, self_instruct.root),
    )


def own_run(rows: pd.DataFrame, settings: Mapping[str, str]) -> Panel:
    """One run of the loop as it went: kept instructions and similarity to the seed tasks against generated ones.

    rows: of `self_instruct.Run`, with columns tried, kept, mean_pairwise, seed_similarity, distinct_pairs.
    """
    traces = [style.computed_line(rows["tried"], rows["tried"], "generated", style.GREY, width=1.2)]
    traces.append(style.computed_line(rows["tried"], rows["kept"], "kept", style.BLUE))
    traces.append(style.computed_line(rows["tried"], rows["distinct_pairs"], "different pairs of verb and object", style.CRIMSON))
    last = rows.iloc[-1]
    top = float(last["tried"])
    layout = style.layout(
        "number", "number", x_title="Instructions generated", y_title="Instructions; pairs", x_range=(0, top), y_range=(0, top * 1.02)
    )
    words = f", mean ROUGE-L of two of them {last['mean_pairwise']:.1%}" if last["kept"] >= 2 else ""
    return Panel(
        name="small_models.own_run",
        title=f"This run keeps {last['kept']:.0f} of {last['tried']:.0f} instructions ({last['kept'] / last['tried']:.0%}){words}",
        figure=style.figure(traces, layout),
        data=lambda: rows.assign(status="computed"),
        caption=f"One seed of the random numbers; another one gives a slightly other curve. {ASSUMED}",
        alt=f"A run of the loop: {last['kept']:.0f} of {last['tried']:.0f} generated instructions are kept.",
        sources=SOURCES,
        settings=settings,
        explain=(self_instruct.simulate, self_instruct.rouge_l, self_instruct.generate),
    )


def default_panels() -> dict[str, Callable[[], Panel]]:
    """The panels of the loop at their default settings."""
    settings = {"threshold": "0.7", "novelty": "50%"}
    return {
        "small_models.growth": lambda: growth(0.7, 0.5, settings),
        "small_models.filter": lambda: filtered(0.7, 0.5, settings),
        "small_models.variety": lambda: variety(0.7, {"threshold": "0.7"}),
        "small_models.own_run": lambda: own_run(default_run(), settings | {"requests": "125", "seed": "0"}),
    }
