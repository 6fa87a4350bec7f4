"""Figures on what data did: amounts against preference, kinds of code, and imitation."""

from typing import Any

import numpy as np
import pandas as pd

from analysis import statistics, tables
from analysis.charts import intervals, marks, style, ticks
from analysis.charts.figure import Figure
from analysis.charts.marks import Part
from analysis.charts.panel import Citation, Headline, Panel
from analysis.charts.parameters import Choice, Quantity
from analysis.charts.shared_parameters import LEVEL
from analysis.small_models import comparisons
from analysis.small_models.data import amounts, humaneval, knowledge, preferences
from analysis.units import format_count

JUDGES = {"lima_human": "people", "lima_gpt4": "GPT-4"}
WILSON = Citation("wilson1927")
MEASURES = {
    "lists": (style.BLUE, "circle"),
    "summary paragraphs": (style.ORCHID, "square"),
    "shared words": (style.CRIMSON, "diamond"),
    "authoritative tone": (style.VIOLET, "triangle-up"),
}
IMITATION = {
    "LLaMA, size not stated": "none",
    "20M imitation tokens": "20M tokens",
    "80M imitation tokens": "80M tokens",
    "150M imitation tokens": "150M tokens",
    "ChatGPT (second sample)": "ChatGPT itself",
}
RATED_TASKS = 252
"""Tasks whose answers the authors of Self-Instruct rated."""
PERCENT = 100.0


def _estimated(rows: pd.DataFrame, column: str, at, **columns: Any) -> dict[str, Any]:
    """Rows with a share and its interval as columns of a part, the share under the name `column`, on the rows of the chart in `at`."""
    renamed = rows.rename(columns={"share": column, "low": f"{column}_low", "high": f"{column}_high"})
    return renamed.to_dict("list") | {"row": list(at)} | columns


def _estimates(part: Part, column: str, color: str, text=None) -> dict:
    return marks.estimates(part, column, f"{column}_low", f"{column}_high", color, text=text)


class Lima(Figure):
    """LIMA against each rival: share preferred among the decided prompts, with intervals."""

    name = "small_models.lima"
    lima_judge: str = Choice("Judge", options=JUDGES)("lima_human")
    lima_prompts: int = Quantity(
        "Prompts", unit="prompts", low=50, high=1000, step=10, whole=True,
    )(300)  # fmt: skip
    level: float = LEVEL(0.95)

    def draw(self) -> Panel:
        """The panel at these parameters."""
        judge, level = self.lima_judge, self.level
        rows = comparisons.preference_intervals(preferences(judge), float(self.lima_prompts), level)
        known = {"Alpaca 65B": "52,000"}
        labels = [
            f"{row['rival']} ({known[row['rival']]} examples)" if row["rival"] in known else row["rival"] for row in rows.to_dict("records")
        ]
        text = [f"{row['win']:.0f}% better, {row['tie']:.0f}% equal, {row['loss']:.0f}% worse" for row in rows.to_dict("records")]
        clear = (rows["low"] > 0.5) | (rows["high"] < 0.5)
        parts: list[Part] = []
        traces = []
        for held, name, color in ((True, "significant", style.BLUE), (False, "not significant", style.GREY)):
            at = np.flatnonzero(clear == held)
            if len(at):
                parts.append(_estimated(rows.iloc[at], "share_preferred", at, series=name, status="computed"))
                traces.append(_estimates(parts[-1], "share_preferred", color, [text[i] for i in at]))
        layout = intervals.rows(labels, "percent", "LIMA preferred (without ties)", row_height=44, x_range=(0, 1), zero=0.5)
        first = rows.iloc[0]
        share = Headline(
            "share preferred to Alpaca 65B",
            first["share"],
            "share",
            f"{first['share']:.0%}",
            "share_preferred",
            first["low"],
            first["high"],
        )
        return Panel(
            title=f"LIMA's 1,000 examples beat Alpaca's 52,000 on {share} of prompts without ties ({first['low']:.0%} to {first['high']:.0%})",
            headline=(share,),
            figure=style.figure(traces, layout),
            parts=parts,
            caption=(
                f"Markers are LIMA's wins over its wins and losses against each rival, judged by {JUDGES[judge]}. Bars are {level:.0%} Wilson intervals for one judgement on each of {self.lima_prompts} prompts; those that do not reach 50% are significant. Both LIMA and Alpaca are tuned from LLaMA 65B; Alpaca's examples were written by "
                "text-davinci-003, not by ChatGPT. How many examples tuned the other rivals is not published."
            ),
            alt=f"LIMA against {len(rows)} rivals judged by {JUDGES[judge]}; it beats Alpaca 65B on {share} of prompts without ties.",
            sources=(Citation("zhou2023", first["location"]), Citation("taori2023_code"), WILSON),
        )


class Amount(Figure):
    """Share of answers rated best against the number of generated instructions."""

    name = "small_models.amount"
    level: float = LEVEL(0.95)

    def draw(self) -> Panel:
        """The panel at these parameters."""
        level = self.level
        rows = statistics.with_interval(amounts(), RATED_TASKS, level)
        own, other = rows[~rows["regenerated"]].reset_index(drop=True), rows[rows["regenerated"]]
        columns = {"share": "share_satisfying", "low": "share_satisfying_low", "high": "share_satisfying_high"}
        itself, better = (
            part.rename(columns=columns).to_dict("list") | {"series": series, "status": "reported"}
            for part, series in ((own, "outputs generated by GPT-3 itself"), (other, "outputs generated by InstructGPT-003"))
        )
        shown: dict[str, Any] = {"x": "n_instructions", "y": "share_satisfying"}
        traces = [
            *marks.band(itself, "n_instructions", "share_satisfying_low", "share_satisfying_high", style.BLUE, f"{level:.0%} interval"),
            marks.points(itself, color=style.BLUE, **shown),
            marks.points(better, color=style.CRIMSON, symbol="diamond", **shown),
        ]
        layout = style.layout(
            "log_number",
            "percent",
            x_title="Generated instructions used for tuning",
            y_title="Answers rated valid and satisfying",
            x_range=(120, 90_000),
            y_range=(0.15, 0.7),
        )
        layout["xaxis"] |= ticks.at([175, 800, 7500, 51200])
        more = float(own["share"].iloc[-1] - own["share"].iloc[2])
        answers = float(other["share"].iloc[0] - own["share"].iloc[-1])
        gain = Headline("gain from more instructions", more, "share", f"{100 * more:.1f}")
        quality = Headline("gain from better answers", answers, "share", f"{100 * answers:.0f}")
        return Panel(
            title=f"7,500 to 51,200 instructions add {gain} points; better outputs for the same ones add {quality}",
            headline=(gain, quality),
            figure=style.figure(traces, layout),
            parts=[itself, better],
            caption=(
                f"The line is GPT-3 tuned on its own instructions: the share of its answers to {RATED_TASKS} tasks that the tasks' authors rated best. Values are read off the paper's figure. The band is a Wilson interval over the tasks and does not cover how raters and training runs vary. "
                "LIMA's own ablation agrees for 2,000 examples: filtered Stack Exchange scores 3.83 of 6 with ChatGPT as judge, unfiltered 3.33."
            ),
            alt=f"Share of best-rated answers against the number of instructions: {own['share'].iloc[0]:.0%} at 175 and {own['share'].iloc[-1]:.0%} at 51,200.",
            sources=(Citation("wang2022", "Figure 7"), Citation("zhou2023", "Figure 5"), WILSON),
        )


class CodeData(Figure):
    """HumanEval of phi-1's family by training data."""

    name = "small_models.code_data"
    level: float = LEVEL(0.95)

    def draw(self) -> Panel:
        """The panel at these parameters."""
        rows = statistics.with_interval(humaneval(), 164, self.level)
        labels = [f"{row['model'].removeprefix('350M, ')} ({format_count(row['n_params'])})" for row in rows.to_dict("records")]
        name = f"pass@1 with its {self.level:.0%} interval"
        part = _estimated(rows, "pass_at_1", range(len(rows)), series=name, status="reported")
        traces = [_estimates(part, "pass_at_1", style.BLUE)]
        layout = intervals.rows(labels, "percent", "HumanEval pass@1", row_height=40, x_range=(0, 0.65), zero=None)
        share = rows.set_index("model")["share"]
        steps = [
            Headline(f"HumanEval, {model}", float(share[model]), "share", f"{share[model]:.0%}", "pass_at_1")
            for model in (*share.index[:3], "phi-1-small")
        ]
        return Panel(
            title=f"At 350M, filtering lifts HumanEval from {steps[0]} to {steps[1]}, textbooks to {steps[2]}, exercises to {steps[3]}",
            headline=tuple(steps),
            figure=style.figure(traces, layout),
            parts=[part],
            caption=(
                "Markers are HumanEval scores by training data, for one model size and then the two large models. The last step in both sizes is fine-tuning on exercises in the form of the test. HumanEval has 164 problems, so intervals are wide: "
                "the step from filtered code to textbooks alone is not significant."
            ),
            alt=f"HumanEval of six models by training data, from {share.min():.0%} to {share.max():.0%}.",
            sources=(Citation("gunasekar2023", "Section 2.1; Table 1"), Citation("chen2021"), WILSON),
        )


class ImitationStyle(Figure):
    """How answers come to resemble ChatGPT's with more imitation data."""

    name = "small_models.imitation_style"

    def draw(self) -> Panel:
        """The panel."""
        rows = comparisons.style_measures(tables.load("alignment_scores"))
        parts: list[Part] = []
        traces = []
        for measure, (color, symbol) in MEASURES.items():
            mine = rows[rows["measure"] == measure].rename(columns={"value": "resemblance_pct"})
            imitation = [IMITATION[name] for name in mine["data"]]
            parts.append(mine.to_dict("list") | {"series": measure, "imitation": imitation, "status": "reported"})
            traces.append(marks.points(parts[-1], "imitation", "resemblance_pct", color, symbol=symbol, per_y=PERCENT))
        layout = style.layout("category", "percent", x_title="Imitation data", y_title="Answers like ChatGPT's", y_range=(-0.03, 1.06))
        layout["xaxis"] |= {"categoryorder": "array", "categoryarray": list(IMITATION.values())}
        lists = rows[rows["measure"] == "lists"]["value"].astype(float)
        before, after, itself = (
            Headline(f"lists, {name}", value, "%", f"{value:.0f}%", "resemblance_pct")
            for name, value in zip(("no imitation", "most imitation", "ChatGPT"), lists.iloc[[0, 3, 4]], strict=True)
        )
        return Panel(
            title=f"Imitation copies style: lists where ChatGPT has one rise from {before} to {after} (ChatGPT: {itself})",
            headline=(before, after, itself),
            figure=style.figure(traces, layout),
            parts=parts,
            caption=(
                "Lines are four measures of how similar answers are to a random answer of ChatGPT, by the amount of imitation data. The last point is a second answer of ChatGPT itself, the upper bound. "
                "Raters noticed: crowd workers called about 70% of the best imitation's answers equal to or better than ChatGPT's."
            ),
            alt=f"Four measures of style against imitation data; lists rise from {lists.iloc[0]:.0f} to {lists.iloc[3]:.0f} percent.",
            sources=(Citation("gudibande2023", "Table 2; Figure 1"),),
        )


class ImitationFacts(Figure):
    """What benchmarks showed: NaturalQuestions before and after imitation."""

    name = "small_models.imitation_facts"
    n_questions: int = Quantity(
        "Questions",
        unit="questions",
        low=200,
        high=4000,
        step=10,
        whole=True,
    )(3610)
    level: float = LEVEL(0.95)

    def draw(self) -> Panel:
        """The panel at these parameters."""
        rows = statistics.with_interval(knowledge(), float(self.n_questions), self.level)
        labels = [row["base"] if row["data"] == "none" else f"{row['base']} + {row['data']}" for row in rows.to_dict("records")]
        parts: list[Part] = []
        traces = []
        for data, name, color in (
            ("none", "base model", style.GREY),
            ("ShareGPT-Mix", "broad imitation", style.CRIMSON),
            ("NQ-synthetic", "task-specific imitation", style.BLUE),
        ):
            at = np.flatnonzero(rows["data"] == data)
            parts.append(_estimated(rows.iloc[at], "natural_questions", at, series=name, status="reported"))
            traces.append(_estimates(parts[-1], "natural_questions", color))
        layout = intervals.rows(labels, "percent", "NaturalQuestions, 3-shot accuracy", row_height=40, x_range=(0, 0.4), zero=None)
        value = {
            (row["base"], row["data"]): Headline(
                f"{row['base']}, {row['data']}", row["share"], "share", f"{row['share']:.0%}", "natural_questions"
            )
            for row in rows.to_dict("records")
        }
        stated = [value[f"LLaMA {size}", data] for size in ("7B", "13B") for data in ("none", "ShareGPT-Mix")]
        return Panel(
            title=f"Broad imitation lowers NaturalQuestions from {stated[0]} to {stated[1]} (7B) and from {stated[2]} to {stated[3]} (13B)",
            headline=tuple(stated),
            figure=style.figure(traces, layout),
            parts=parts,
            caption=(
                f"Markers are NaturalQuestions accuracies before and after imitation tuning. Broad imitation copies style and not facts; task-specific imitation helps, and so does a larger base. Bars are {self.level:.0%} Wilson intervals for {self.n_questions:,.0f} questions; the paper does not say how many it used "
                "(the usual test set has 3,610)."
            ),
            alt=f"NaturalQuestions of LLaMA 7B and 13B before and after imitation; broad imitation lowers both, to {stated[1]} and {stated[3]}.",
            sources=(Citation("gudibande2023", "Table 1"), Citation("kwiatkowski2019"), WILSON),
        )
