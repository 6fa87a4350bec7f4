"""Figures on pairs of Pythia runs: with and without deduplication, with large and small batches."""

from typing import Any

from analysis import tables
from analysis.charts import intervals, marks, style, ticks
from analysis.charts.figure import Figure
from analysis.charts.marks import Part
from analysis.charts.names import at_end
from analysis.charts.panel import Citation, Headline, Panel
from analysis.charts.parameters import Choice, Quantity, Switch
from analysis.pythia import checkpoints
from analysis.pythia.data import (
    EPOCH_TOKENS,
    FIRST_STEP,
    QUESTIONS,
    SHOT_SETS,
    SIZES,
    STEPS,
    TASK_SETS,
    TOKENS_PER_STEP,
    contrast_of,
    courses,
    size_of,
)
from analysis.pythia.figures_marks import COLORS, N_SHOTS
from analysis.units import format_count

RELEASED = Citation("eleutherai2023", "evals/pythia-v1")
METHOD = Citation("owen2007")
PAPER = {"dedup": Citation("biderman2023", "section 2.6"), "batch": Citation("biderman2023", "section 2.4")}
POINTS = 0.01
"""What a difference is divided by where an axis counts in points."""
SHOT_SET = Choice("Few-shot examples (k)", options=SHOT_SETS)
TASK_SET = Choice("Tasks", options=TASK_SETS)
WITH_TWINS = Switch("Include 2.8B")
SINCE = Quantity(
    "Average from step",
    unit="steps",
    low=STEPS[0],
    high=STEPS[-1],
    step=10_000,
    whole=True,
)


class DedupForest(Figure):
    """What deduplication changes: the mean difference over sizes and tasks, and by task and by size, with intervals."""

    name = "pythia.dedup_forest"
    shot_set: str = SHOT_SET("both")
    task_set: str = TASK_SET("all")
    with_twins: bool = WITH_TWINS(False)
    first_step: int = SINCE(FIRST_STEP)

    def draw(self) -> Panel:
        """The panel at these parameters."""
        return _forest("dedup", self.shot_set, self.task_set, self.first_step, self.with_twins)


class DedupCourse(Figure):
    """What deduplication changes at every checkpoint: the mean difference over sizes and tasks with its interval."""

    name = "pythia.dedup_course"
    shot_set: str = SHOT_SET("both")
    task_set: str = TASK_SET("all")
    with_twins: bool = WITH_TWINS(False)

    def draw(self) -> Panel:
        """The panel at these parameters."""
        return _course("dedup", self.shot_set, self.task_set, self.with_twins)


class BatchForest(Figure):
    """What large batches change: the mean difference over runs and tasks, and by task and by run, with intervals."""

    name = "pythia.batch_forest"
    task_set: str = TASK_SET("all")
    first_step: int = SINCE(FIRST_STEP)

    def draw(self) -> Panel:
        """The panel at these parameters."""
        return _forest("batch", "5", self.task_set, self.first_step, False)


class BatchCourse(Figure):
    """What large batches change at every checkpoint: the mean difference over runs and tasks with its interval."""

    name = "pythia.batch_course"
    task_set: str = TASK_SET("all")

    def draw(self) -> Panel:
        """The panel at these parameters."""
        return _course("batch", "5", self.task_set, False)


def _forest(question: str, shots: str, tasks: str, first_step: int, twins: bool) -> Panel:
    asked, found = QUESTIONS[question], contrast_of(question, shots, tasks, first_step, twins)
    names = _labels()
    task_labels = [names[task] for task in found.by_task.index]
    labels = ["all sizes and tasks", *task_labels, *(_pair(question, model) for model in found.by_model.index)]
    n, n_models = len(found.by_task), len(found.by_model)

    def part(series: str, kind: str, at: range, rows) -> Part:
        columns = {"difference": rows["mean"], "difference_low": rows["low"], "difference_high": rows["high"]}
        return {"series": series, "kind": kind, "row": list(at), "label": [labels[i] for i in at], **columns, "status": "computed"}

    whole = {name: [getattr(found, name)] for name in ("mean", "low", "high")}
    parts: list[Part] = [
        part("mean over sizes and tasks", "all", range(1), whole),
        part("by task", "task", range(1, n + 1), found.by_task.to_dict("list")),
        part("by size", "size", range(n + 1, len(labels)), found.by_model.to_dict("list")),
    ]
    looks = ((style.CRIMSON, "diamond"), (style.BLUE, "circle"), (style.SLATE, "square"))
    traces = [
        marks.estimates(rows, "difference", "difference_low", "difference_high", color, symbol=symbol, per=POINTS)
        for rows, (color, symbol) in zip(parts, looks, strict=True)
    ]
    cells = found.cells.reset_index().melt("model", var_name="task", value_name="difference").to_dict("list")
    layout = intervals.rows(labels, "number", asked.axis, row_height=25)
    layout["margin"] = layout["margin"] | {"t": 72}
    mean, side = _against(found.mean, asked.others, found.low, found.high)
    change = f"score {mean} {side}"
    since = format_count(first_step * TOKENS_PER_STEP, "tokens")
    clear = [name for name, low, high in zip(task_labels, found.by_task["low"], found.by_task["high"], strict=True) if low > 0 or high < 0]
    return Panel(
        title=f"{asked.subject} {change}; {n_models} pairs, {n} tasks",
        headline=(mean,),
        figure=style.figure(traces, layout),
        parts=[*parts, {"series": "one size on one task", "kind": "cell", **cells, "status": "computed"}],
        caption=(
            f"Each marker is a mean difference between paired runs at equal tokens, averaged over checkpoints from {since}; an interval that does not include zero is significant. The first row's interval resamples sizes and tasks as two crossed clusters: scores of one size share a training run, scores of one task its "
            f"items. Significant: {', '.join(clear) or 'no task'}. " + _remarks(question, twins)
        ),
        alt=f"{asked.subject} {change}; significant on {len(clear)} of {n} tasks.",
        sources=(RELEASED, PAPER[question], METHOD),
    )


def _course(question: str, shots: str, tasks: str, twins: bool) -> Panel:
    asked, course = QUESTIONS[question], courses(question, shots, tasks, twins)
    columns = {"mean": "difference", "low": "difference_low", "high": "difference_high"}
    part: Part = course.rename(columns=columns).to_dict("list") | {"series": "mean over sizes and tasks", "status": "computed"}
    parts = [part]
    traces = marks.band(part, "n_tokens", "difference_low", "difference_high", style.CRIMSON, "95% interval", per_y=POINTS)
    traces.append(marks.line(part, "n_tokens", "difference", style.CRIMSON, per_y=POINTS))
    layout = style.layout(
        "tokens", "number", y_title=asked.axis, x_range=(0.8 * course["n_tokens"].iloc[0], 3.6e11), shapes=[style.horizontal_line(0)]
    )
    if course["n_tokens"].iloc[0] > 1e9:
        layout["xaxis"] |= ticks.at([1e10, 3e10, 1e11, 3e11], "count")
    if question == "dedup":
        layout["shapes"].append(style.vertical_line(EPOCH_TOKENS, style.GREY, "dot"))
        layout["annotations"] = [style.line_name(EPOCH_TOKENS, "second epoch begins", log=True)]
        second = {"series": "second epoch begins", "n_tokens": [EPOCH_TOKENS], "source": "biderman2023", "location": "section 2.4"}
        parts.append(second | {"status": "reported"})
    away = int(((course["low"] > 0) | (course["high"] < 0)).sum())
    last = course.iloc[-1]
    mean, side = _against(last["mean"], asked.others, last["low"], last["high"])
    clear = Headline("checkpoints with a significant difference", away, "checkpoints", str(away))
    return Panel(
        title=f"{asked.subject} end {mean} {side}; significant at {clear} of {len(course)} checkpoints",
        headline=(mean, clear),
        figure=style.figure(traces, layout),
        parts=parts,
        caption=(
            "The line is the mean difference over sizes and tasks at each checkpoint, with its 95% interval. Neighbouring checkpoints are stages of the same runs, so single ups and downs say little. "
            + ("The dotted line is where the second epoch over the deduplicated data begins. " if question == "dedup" else "")
            + _remarks(question, twins)
        ),
        alt=f"{asked.axis} against tokens: {_points(last['mean'])} at the last checkpoint, significant at {away} of {len(course)} checkpoints.",
        sources=(RELEASED, PAPER[question], METHOD),
    )


class Twins(Figure):
    """The share of scores that are equal to the last digit in the two arms of a size, over training."""

    name = "pythia.twins"
    n_shots: int = N_SHOTS(5)

    def draw(self) -> Panel:
        """The panel at these parameters."""
        shots, rows = self.n_shots, tables.load("pythia_twins")
        rows = rows[(rows["shots"] == shots) & (rows["n_tokens"] > 0)].assign(equal_share=lambda t: t["n_equal"] / t["n_scores"])
        parts, traces = [], []
        for size in SIZES:
            run = rows[rows["model"] == size].sort_values("n_tokens")
            parts.append({"series": size_of(size), **run.to_dict("list"), "status": "computed"})
            told: dict[str, Any] = {"hovertemplate": f"{size}: %{{x:.4~g}}, %{{y:.1%}}<extra></extra>"}
            if size == checkpoints.TWINS:
                traces.append(at_end(marks.line(parts[-1], "n_tokens", "equal_share", COLORS[size], width=3.0, **told)))
                continue
            looks: dict[str, Any] = {"width": 1.5, "legendgroup": "others", "showlegend": size == SIZES[0], **told}
            traces.append(marks.line(parts[-1], "n_tokens", "equal_share", style.GREY, "the other sizes", **looks))
        layout = style.layout(
            "tokens",
            "percent",
            y_title="Identical scores",
            y_range=(0, 1.03),
            x_range=(1.8e6, 4e11) if shots == 0 else (5e9, 3.6e11),
        )
        if shots:
            layout["xaxis"] |= ticks.at([1e10, 1e11], "count")
        at = rows[rows["step"] == 43_000].set_index("model")
        most = float(at["equal_share"].drop(checkpoints.TWINS).max())
        number = int(at.loc[checkpoints.TWINS, "n_equal"])
        equal = Headline("equal scores of 2.8B", number, "scores", str(number), "n_equal")
        others = Headline("largest share of equal scores of another size", most, "share", f"{most:.0%}", "equal_share")
        return Panel(
            title=f"At step 43,000, the two 2.8B runs have {equal} of {at.loc[checkpoints.TWINS, 'n_scores']:.0f} identical scores, other sizes at most {others}",
            headline=(equal, others),
            figure=style.figure(traces, layout),
            parts=parts,
            caption=(
                "Lines are the share of accuracies (MMLU by subject) that are identical to the last digit in the standard and the deduplicated run. Both runs of a size start from the same weights, so nearly all agree at first and diverge within a few hundred steps. "
                "Those of 2.8B diverge only after step 43,000 and stay close: the released files do not hold two independent runs of this size, so it is excluded from the comparison unless you include it."
            ),
            alt=f"Share of equal scores against tokens: 2.8B stays near {at.loc[checkpoints.TWINS, 'equal_share']:.0%} up to step 43,000, all other sizes fall below {others}.",
            sources=(RELEASED,),
        )


@tables.kept
def _labels() -> dict[str, str]:
    return tables.load("eval_tasks").set_index("task")["label"].to_dict()


def _remarks(question: str, twins: bool) -> str:
    if question == "dedup":
        kept = (
            "2.8B is included although its two runs are not independent. "
            if twins
            else "2.8B is excluded, since its two runs are not independent. "
        )
        return kept + "The deduplicated run sees its smaller data about 1.5 times, so repetition is part of the difference."
    return "Five pairs, one run each, 5-shot; with so few runs the interval is rough. On WSC all runs give the same answer throughout, so its difference is zero."


def _pair(question: str, model: str) -> str:
    small = {"Pythia 70M": "0.25 M", "Pythia 1.4B": "1 M"}.get(model, "0.5 M")
    short = model.removeprefix("Pythia ")
    return f"{short} against {small}" if question == "batch" else short


def _points(share: float) -> str:
    return f"{100 * share:+.2f}"


def _against(share: float, others: str, low: float, high: float) -> tuple[Headline, str]:
    """A mean difference in points as the title states it, and the words behind it, with its interval."""
    size = Headline("mean difference in points", abs(100 * float(share)), "points", f"{abs(100 * share):.2f}")
    return size, f"points {'above' if share > 0 else 'below'} {others} ({_points(low)} to {_points(high)})"
