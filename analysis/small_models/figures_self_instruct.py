"""Figures of the simulated Self-Instruct loop: growth of the pool, what the filter drops, and variety."""

from typing import Any

import numpy as np
import pandas as pd

from analysis import tables
from analysis.charts import marks, style
from analysis.charts.figure import Figure
from analysis.charts.marks import Part
from analysis.charts.names import at_end
from analysis.charts.panel import Citation, Headline, Panel
from analysis.charts.parameters import Quantity
from analysis.small_models import self_instruct
from analysis.small_models.data import STORED_RUN, ends_of_runs, one_run, own_run
from analysis.units import significant

SOURCES = (Citation("wang2022", "section 2.2"), Citation("lin2004", "section 3.1"))
ASSUMED = "Simulated: the generator recombines and rewords sentences written for this project and is no language model, so only the response to the threshold carries over."
ROUGE_THRESHOLD = Quantity(
    "ROUGE-L threshold", low=min(self_instruct.THRESHOLDS), high=1, extra=self_instruct.THRESHOLDS,
)  # fmt: skip
NOVELTY = Quantity(
    "Generator novelty",
    unit="share",
    low=0,
    high=1,
    step=0.25,
)
COLUMNS = {
    "tried": "n_tried",
    "kept": "n_kept",
    "kept_low": "n_kept_low",
    "kept_high": "n_kept_high",
    "dropped": "dropped_instructions_share",
}
"""Columns of the stored runs as the tables of figures call them."""


def _part(rows: pd.DataFrame, series: str) -> Part:
    return rows.rename(columns=COLUMNS).to_dict("list") | {"series": series, "status": "computed"}


class Growth(Figure):
    """Kept against generated instructions at one threshold, beside the paper's threshold and no filter."""

    name = "small_models.growth"
    rouge_threshold: float = ROUGE_THRESHOLD(self_instruct.THRESHOLD)
    novelty: float = NOVELTY(0.5)

    def draw(self) -> Panel:
        """The panel at these parameters."""
        threshold, novelty, paper = self.rouge_threshold, self.novelty, self_instruct.THRESHOLD
        rows = one_run(threshold, novelty)
        n_seeds = len(tables.load("seed_tasks"))
        everything = {"series": "no filter", "n_tried": rows["tried"], "n_kept": rows["tried"], "status": "computed"}
        parts = [everything, _part(rows, f"kept below {threshold:g}")]
        shown: dict[str, Any] = {"x": "n_tried", "y": "n_kept"}
        traces = [
            marks.line(everything, color=style.GREY, width=1.2, **shown),
            *marks.band(parts[1], "n_tried", "n_kept_low", "n_kept_high", style.BLUE, "range of three seeds"),
            marks.line(parts[1], color=style.BLUE, **shown),
        ]
        if threshold != paper:
            parts.append(_part(one_run(paper, novelty), f"kept below {paper:g}, as in the paper"))
            traces.append(marks.line(parts[-1], color=style.CRIMSON, width=1.5, **shown))
        layout = style.layout(
            "number", "number", x_title="Instructions generated", y_title="Instructions kept", x_range=(0, 1000), y_range=(0, 1020)
        )
        tried, many = int(rows["tried"].iloc[-1]), float(rows["kept"].iloc[-1])
        kept = Headline("instructions kept", many, "instructions", _count(many), "n_kept")
        early = float(rows["kept"].iloc[5] / rows["tried"].iloc[5])
        late = float((rows["kept"].iloc[-1] - rows["kept"].iloc[-6]) / (rows["tried"].iloc[-1] - rows["tried"].iloc[-6]))
        return Panel(
            title=f"At ROUGE-L {threshold:g}, {kept} of {tried:,} instructions are kept, {early:.0%} at first and {late:.0%} at last",
            headline=(kept,),
            figure=style.figure(traces, layout),
            parts=parts,
            caption=(
                f"The line is the number of instructions kept, starting from {n_seeds} seed tasks; the grey line would be no filter. Each generation round shows eight examples and brings eight instructions; one is kept if its ROUGE-L with all kept ones and seed tasks is below the threshold. "
                f"The curve flattens as the pool fills up. {ASSUMED}"
            ),
            alt=f"Kept against generated instructions; at threshold {threshold:g} {kept} of {tried} are kept.",
            sources=SOURCES,
        )


class Filtered(Figure):
    """Share dropped and similarities against the threshold at one novelty."""

    name = "small_models.filter"
    rouge_threshold: float = ROUGE_THRESHOLD(self_instruct.THRESHOLD)
    novelty: float = NOVELTY(0.5)

    def draw(self) -> Panel:
        """The panel at these parameters."""
        threshold, rows = self.rouge_threshold, ends_of_runs(self.novelty)
        one_run(threshold, self.novelty)  # refuses what is not stored
        here = rows[np.isclose(rows["threshold"], threshold)]
        ends = _part(rows, "after 1,000 generated instructions")
        traces = [
            marks.line(ends, "threshold", "dropped_instructions_share", style.BLUE, "generated instructions dropped"),
            style.below(marks.line(ends, "threshold", "seed_similarity", style.CRIMSON, "similarity to the nearest seed task")),
            style.below(marks.line(ends, "threshold", "mean_pairwise", style.ORCHID, "similarity of kept instructions")),
        ]
        layout = style.layout(
            "number",
            "percent",
            x_title="ROUGE-L threshold",
            y_title="Share dropped",
            x_range=(0.28, 1.02),
            y_range=(-0.02, 1.05),
            shapes=[style.vertical_line(threshold, style.AMBER)],
            annotations=[style.line_name(threshold, f"threshold {threshold:g}")],
        )
        layout = style.stacked(layout, "percent", "Mean ROUGE-L", (-0.02, 1.05))
        share, likeness, kept = (float(here[name].iloc[0]) for name in ("dropped", "mean_pairwise", "kept"))
        dropped = Headline("share dropped", share, "share", f"{share:.0%}", "dropped_instructions_share")
        alike = Headline("ROUGE-L of two kept instructions", likeness, "share", f"{likeness:.1%}", "mean_pairwise")
        several = kept >= 2
        return Panel(
            title=f"A ROUGE-L threshold of {threshold:g} drops {dropped}; kept instructions have mean ROUGE-L {alike}"
            if several
            else f"A ROUGE-L threshold of {threshold:g} drops {dropped} of the instructions",
            headline=(dropped, alike) if several else (dropped,),
            figure=style.figure(traces, layout),
            parts=[ends, _part(here, "your threshold")],
            caption=(
                "Lines are the share of 1,000 generated instructions that the filter drops, and how similar the kept ones are. A strict filter drops most and keeps what is unlike the seed tasks; a lax one keeps near copies. The mean over all pairs hardly moves, because most pairs "
                f"have nothing to do with each other: near copies show in the similarity to the nearest seed task. Means of three seeds. {ASSUMED}"
            ),
            alt=f"Share dropped and mean similarities against the threshold; at {threshold:g} {dropped} are dropped.",
            sources=SOURCES,
        )


class Variety(Figure):
    """Distinct pairs of verb and object against the threshold, for every novelty."""

    name = "small_models.variety"
    rouge_threshold: float = ROUGE_THRESHOLD(self_instruct.THRESHOLD)

    def draw(self) -> Panel:
        """The panel at these parameters."""
        threshold, novelties = self.rouge_threshold, self_instruct.NOVELTIES
        columns = ["threshold", "novelty", "kept", "distinct_pairs"]
        parts = [_part(ends_of_runs(novelty)[columns], f"novelty {novelty:.0%}") for novelty in novelties]
        traces = [at_end(marks.line(part, "threshold", "distinct_pairs", style.series_color(number))) for number, part in enumerate(parts)]
        here = pd.concat([one_run(threshold, novelty).tail(1)[columns] for novelty in novelties], ignore_index=True)
        low, high = (
            Headline(f"pairs at a novelty of {novelty:.0%}", pairs, "pairs", _count(pairs), "distinct_pairs")
            for novelty, pairs in zip(here["novelty"].iloc[[0, -1]], here["distinct_pairs"].iloc[[0, -1]].astype(float), strict=True)
        )
        layout = style.layout(
            "number",
            "number",
            x_title="ROUGE-L threshold",
            y_title="Distinct verb-noun pairs",
            x_range=(0.28, 1.0),
            y_range=(0, 270),
            shapes=[style.vertical_line(threshold, style.AMBER)],
            annotations=[style.line_name(threshold, f"threshold {threshold:g}")],
        )
        return Panel(
            title=f"At ROUGE-L {threshold:g}, kept instructions have {low} distinct verb-noun pairs at novelty 0%, {high} at 100%",
            headline=(low, high),
            figure=style.figure(traces, layout),
            parts=[*parts, _part(here, "your threshold")],
            caption=(
                "Lines are the distinct verb-noun pairs in the kept instructions, a measure of diversity; verb and noun are the first and last word of an opening. A stricter filter costs diversity because it keeps less; above about 0.8 little is gained, and what is added are near copies. "
                f"Novelty is the chance that a part is new, and not from the examples in the request. {ASSUMED}"
            ),
            alt=f"Distinct verb-noun pairs against the threshold for {len(novelties)} levels of novelty; at {threshold:g} they are {low} to {high}.",
            sources=SOURCES,
        )


class OwnRun(Figure):
    """One run of the loop as it went: kept instructions and different pairs of verb and object against generated ones."""

    name = "small_models.own_run"
    run_threshold: float = Quantity(
        "ROUGE-L threshold",
        low=0.2,
        high=1,
        step=0.01,
    )(STORED_RUN["threshold"])
    run_novelty: float = Quantity(
        "Generator novelty",
        unit="share",
        low=0,
        high=1,
        step=0.01,
    )(STORED_RUN["novelty"])
    n_requests: int = Quantity("Generation rounds", low=25, high=250, step=25, whole=True)(STORED_RUN["steps"])
    loop_seed: int = Quantity("Random seed", low=0, high=9999, whole=True)(STORED_RUN["seed"])

    def draw(self) -> Panel:
        """The panel at these parameters."""
        rows, _ = own_run(self.run_threshold, self.run_novelty, self.n_requests, self.loop_seed)
        kept = _part(rows, "kept")
        generated = {"series": "generated", "n_tried": rows["tried"], "status": "computed"}
        traces = [
            marks.line(generated, "n_tried", "n_tried", style.GREY, width=1.2),
            marks.line(kept, "n_tried", "n_kept", style.BLUE),
            style.below(marks.line(kept, "n_tried", "distinct_pairs", style.CRIMSON, "distinct verb-noun pairs")),
        ]
        last = rows.iloc[-1]
        top = float(last["tried"])
        layout = style.layout(
            "number", "number", x_title="Instructions generated", y_title="Instructions", x_range=(0, top), y_range=(0, top * 1.02)
        )
        layout = style.stacked(layout, "number", "Distinct pairs", (0, 1.1 * float(rows["distinct_pairs"].max())))
        many = Headline("instructions kept", float(last["kept"]), "instructions", f"{last['kept']:.0f}", "n_kept")
        words = f", mean ROUGE-L {last['mean_pairwise']:.1%}" if last["kept"] >= 2 else ""
        return Panel(
            title=f"This run keeps {many} of {last['tried']:.0f} instructions ({last['kept'] / last['tried']:.0%}){words}",
            headline=(many,),
            figure=style.figure(traces, layout),
            parts=[kept, generated],
            caption=f"Lines are the instructions generated, those kept, and their distinct verb-noun pairs in one run. Another random seed gives a slightly different curve. {ASSUMED}",
            alt=f"A run of the loop: {many} of {last['tried']:.0f} generated instructions are kept.",
            sources=SOURCES,
        )


def _count(mean: float) -> str:
    """A mean of counts: whole from ten on, with two digits below."""
    return f"{mean:.0f}" if mean >= 10 else significant(mean, 2)
