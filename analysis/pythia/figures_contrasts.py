"""Figures on pairs of Pythia runs: with and without deduplication, with large and small batches."""

from collections.abc import Callable

import pandas as pd

from analysis import tables
from analysis.charts import intervals, style
from analysis.charts.panel import Citation, Panel, table_of
from analysis.pythia import checkpoints, contrasts
from analysis.pythia.data import EPOCH_TOKENS, FIRST_STEP, QUESTIONS, SHOT_SETS, TASK_SETS, TOKENS_PER_STEP, contrast_of, courses
from analysis.units import format_count

RELEASED = Citation("eleutherai2023", "evals/pythia-v1")
METHOD = Citation("owen2007")
PAPER = {"dedup": Citation("biderman2023", "section 2.6"), "batch": Citation("biderman2023", "section 2.4")}


def contrast_forest(question: str, shots: str, tasks: str, first_step: int, twins: bool = False) -> Panel:
    """The mean difference over sizes and tasks, and by task and by size, with intervals."""
    asked, found = QUESTIONS[question], contrast_of(question, shots, tasks, first_step, twins)
    by_task, by_model = ({k: 100 * table[k].to_numpy() for k in ("mean", "low", "high")} for table in (found.by_task, found.by_model))
    names = _labels()
    task_labels = [names[task] for task in found.by_task.index]
    labels = ["all sizes and tasks", *task_labels, *(_pair(question, model) for model in found.by_model.index)]
    n, n_models = len(found.by_task), len(found.by_model)
    traces = [
        intervals.bars(
            [100 * found.mean], [100 * found.low], [100 * found.high], [0], "mean over sizes and tasks", style.CRIMSON, "diamond"
        ),
        intervals.bars(by_task["mean"], by_task["low"], by_task["high"], range(1, n + 1), "one task, over sizes", style.BLUE),
        intervals.bars(
            by_model["mean"], by_model["low"], by_model["high"], range(n + 1, len(labels)), "one size, over tasks", style.SLATE, "square"
        ),
    ]
    layout = intervals.rows(labels, "number", asked.axis, row_height=25)
    layout["margin"] = layout["margin"] | {"t": 72}
    change = f"score {_against(found.mean)} {asked.others} ({_points(found.low)} to {_points(found.high)})"
    since = format_count(first_step * TOKENS_PER_STEP, "tokens")
    clear = [name for name, low, high in zip(task_labels, by_task["low"], by_task["high"], strict=True) if low > 0 or high < 0]
    return Panel(
        name=f"pythia.{asked.name}_forest",
        title=f"{asked.subject} {change}, over {n_models} pairs of runs and {n} tasks",
        figure=style.figure(traces, layout),
        data=lambda: table_of(
            [
                pd.DataFrame({"row": labels, "kind": ["all"] + ["task"] * n + ["size"] * n_models}).assign(
                    **{k: [100 * getattr(found, k), *by_task[k], *by_model[k]] for k in ("mean", "low", "high")}, status="computed"
                ),
                found.cells.reset_index()
                .melt("model", var_name="task", value_name="mean")
                .assign(kind="cell", mean=lambda t: 100 * t["mean"], status="computed"),
            ]
        ),
        caption=(
            f"Pairs at equal tokens, averaged over checkpoints from {since} on. The interval of the first row draws sizes and tasks anew, as two crossed clusters: scores of one size share a training run, scores of one task its "
            f"items. Clear of zero: {', '.join(clear) or 'no task'}. " + _remarks(question, twins)
        ),
        alt=f"{asked.subject} {change}; clear of zero on {len(clear)} of {n} tasks.",
        sources=(RELEASED, PAPER[question], METHOD),
        settings=_settings(question, shots, tasks, twins) | {"checkpoints": f"from {since} on"},
        explain=(contrasts.contrast, contrasts.crossed_bootstrap, contrasts.differences),
    )


def contrast_course(question: str, shots: str, tasks: str, twins: bool = False) -> Panel:
    """The mean difference over sizes and tasks at every checkpoint, with its interval."""
    asked, course = QUESTIONS[question], courses(question, shots, tasks, twins)
    traces = [*style.band(course["n_tokens"], 100 * course["low"], 100 * course["high"], "95% interval", style.CRIMSON)]
    traces.append(style.computed_line(course["n_tokens"], 100 * course["mean"], "mean over sizes and tasks", style.CRIMSON))
    layout = style.layout(
        "tokens", "number", y_title=asked.axis, x_range=(0.8 * course["n_tokens"].iloc[0], 3.6e11), shapes=[style.horizontal_line(0)]
    )
    if course["n_tokens"].iloc[0] > 1e9:
        layout["xaxis"] |= {"tickvals": [1e10, 3e10, 1e11, 3e11], "ticktext": ["10 B", "30 B", "100 B", "300 B"]}
    if question == "dedup":
        layout["shapes"].append(style.vertical_line(EPOCH_TOKENS, style.GREY, "dot"))
    away = int(((course["low"] > 0) | (course["high"] < 0)).sum())
    last = course.iloc[-1]
    return Panel(
        name=f"pythia.{asked.name}_course",
        title=f"{asked.subject} end {_against(last['mean'])} {asked.others} ({_points(last['low'])} to {_points(last['high'])}); clear of zero at {away} of {len(course)} checkpoints",
        figure=style.figure(traces, layout),
        data=lambda: table_of(
            [
                course[["n_tokens", "mean", "n_models"]].assign(mean=100 * course["mean"], series="mean", status="computed"),
                course[["n_tokens"]].assign(low=100 * course["low"], high=100 * course["high"], series="95% interval", status="uncertain"),
            ]
        ),
        caption=(
            "The same mean at each checkpoint by itself. Neighbouring checkpoints are stages of the same runs, so ups and downs of single points say little. "
            + ("Dotted: the second pass over the deduplicated data begins. " if question == "dedup" else "")
            + _remarks(question, twins)
        ),
        alt=f"{asked.axis} against tokens: {_points(last['mean'])} at the last checkpoint, clear of zero at {away} of {len(course)} checkpoints.",
        sources=(RELEASED, PAPER[question], METHOD),
        settings=_settings(question, shots, tasks, twins),
        explain=(contrasts.contrast_course, contrasts.crossed_bootstrap),
    )


def twins_panel(shots: int) -> Panel:
    """The share of scores that are equal to the last digit in the two arms of a size, over training."""
    from analysis.pythia.data import SIZES
    from analysis.pythia.figures_marks import COLORS

    rows = tables.load("pythia_twins")
    rows = rows[(rows["shots"] == shots) & (rows["n_tokens"] > 0)].assign(share=lambda t: t["n_equal"] / t["n_scores"])
    traces = []
    for size in SIZES:
        run = rows[rows["model"] == size].sort_values("n_tokens")
        width = 3.0 if size == checkpoints.TWINS else 1.5
        line = style.computed_line(run["n_tokens"], run["share"], size.removeprefix("Pythia "), COLORS[size], width=width)
        traces.append(line | ({"line": line["line"] | {"dash": "dot"}} if size == SIZES[0] else {}))
    layout = style.layout(
        "tokens", "percent", y_title="Scores equal in both arms", y_range=(0, 1.03), x_range=(1.8e6, 4e11) if shots == 0 else (5e9, 3.6e11)
    )
    if shots:
        layout["xaxis"] |= {"tickvals": [1e10, 1e11], "ticktext": ["10 B", "100 B"]}
    at = rows[rows["step"] == 43_000].set_index("model")
    others = at["share"].drop(checkpoints.TWINS)
    return Panel(
        name="pythia.twins",
        title=f"At step 43,000 the two runs of 2.8B agree in {at.loc[checkpoints.TWINS, 'n_equal']:.0f} of {at.loc[checkpoints.TWINS, 'n_scores']:.0f} scores, other sizes in {others.max():.0%} at most",
        figure=style.figure(traces, layout),
        data=lambda: rows.assign(status="computed"),
        caption=(
            "Share of accuracies (MMLU by subject) that are equal to the last digit in the standard and the deduplicated run. Both arms of a size start from the same weights, so nearly all agree at first and part within a few hundred steps. "
            "Those of 2.8B part only after step 43,000 and stay close afterwards: the released files do not hold two independent runs of this size, so it is left out of the comparison unless you ask for it."
        ),
        alt=f"Share of equal scores against tokens: 2.8B stays near {at.loc[checkpoints.TWINS, 'share']:.0%} up to step 43,000, all other sizes fall below {others.max():.0%}.",
        sources=(RELEASED,),
        settings={"examples": str(shots)},
        explain=(checkpoints.twins,),
    )


def default_panels() -> dict[str, Callable[[], Panel]]:
    """The panels on pairs of runs at their default settings."""
    return {
        "pythia.dedup_forest": lambda: contrast_forest("dedup", "both", "all", FIRST_STEP),
        "pythia.dedup_course": lambda: contrast_course("dedup", "both", "all"),
        "pythia.twins": lambda: twins_panel(5),
        "pythia.batch_forest": lambda: contrast_forest("batch", "5", "all", FIRST_STEP),
        "pythia.batch_course": lambda: contrast_course("batch", "5", "all"),
    }


@tables.kept
def _labels() -> dict[str, str]:
    return tables.load("eval_tasks").set_index("task")["label"].to_dict()


def _remarks(question: str, twins: bool) -> str:
    if question == "dedup":
        kept = (
            "2.8B is included although its two runs are not independent. "
            if twins
            else "2.8B is left out, since its two runs are not independent. "
        )
        return kept + "The deduplicated run sees its smaller data about 1.5 times, so repetition is part of the difference."
    return "Five pairs, one run each, with five examples in the prompt; with so few runs the interval is rough. On WSC all runs give one and the same answer throughout, so its difference is zero."


def _pair(question: str, model: str) -> str:
    small = {"Pythia 70M": "0.25 M", "Pythia 1.4B": "1 M"}.get(model, "0.5 M")
    short = model.removeprefix("Pythia ")
    return f"{short} against {small}" if question == "batch" else short


def _settings(question: str, shots: str, tasks: str, twins: bool) -> dict[str, str]:
    shown = {"examples": SHOT_SETS["5" if question == "batch" else shots], "tasks": TASK_SETS[tasks]}
    return shown | ({"2.8B": "included" if twins else "left out"} if question == "dedup" else {})


def _points(share: float) -> str:
    return f"{100 * share:+.2f}"


def _against(share: float) -> str:
    return f"{abs(100 * share):.2f} points {'above' if share > 0 else 'below'}"
