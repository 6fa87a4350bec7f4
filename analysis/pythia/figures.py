"""Figures on Pythia's checkpoints: abilities over training and size, what is memorised, and OPT and BLOOM beside them."""

import pandas as pd

from analysis import tables
from analysis.charts import marks, style, ticks
from analysis.charts.figure import Figure
from analysis.charts.marks import Part
from analysis.charts.names import at_end
from analysis.charts.panel import Citation, Headline, Panel
from analysis.charts.parameters import Choice, Choices, Data, Given
from analysis.pythia import checkpoints
from analysis.pythia.data import ARMS, SIZES, STEPS, TOKENS_PER_STEP, chance, scores_of, size_of, task_labels
from analysis.pythia.figures_marks import (
    COLORS,
    EVAL_TASK,
    N_SHOTS,
    RELEASED,
    SIZE_KEYS,
    TRAINING_DATA,
    V0,
    _tasks,
    scored,
    task_sources,
)
from analysis.units import counted, format_count, significant

DEFAULT_SIZES = ("70m", "410m", "1.4b", "12b")
DEFAULT_TASKS = ("lambada_openai", "sciq", "arc_easy", "piqa", "winogrande", "mmlu")
OWN_RESULTS = Data(
    "My results",
    published={"none": ("none", list)},
    own="my own results",
)
"""The value is a list of frames as `checkpoints.own_scores` returns them, one for each file."""


@tables.kept(most=512)
def by_size(task: str, shots: int, arm: str) -> dict[str, Part]:
    """The scores of each size against tokens seen, without step 0, as parts. Kept, so not to be changed."""
    rows = scores_of(task, shots, arm)
    rows = rows[rows["n_tokens"] > 0]
    return {str(size): {"series": size_of(str(size)), **scored(run, task)} for size, run in rows.groupby("model", sort=False)}


@tables.kept
def by_step(shots: int, arm: str) -> dict[int, dict[str, Part]]:
    """The scores of an arm at each step against parameters, as parts by task (and MEAN). Kept, so not to be changed."""
    found: dict[int, dict[str, Part]] = {}
    for task, label in task_labels().items():
        for step, rows in scores_of(task, shots, arm).groupby("step"):
            found.setdefault(int(step), {})[task] = {"series": label, **scored(rows, task)}
    return found


class Trajectory(Figure):
    """Accuracy on a task against tokens seen, with bands of the standard error, and the reader's scores on it."""

    name = "pythia.trajectory"
    own_results: Given = OWN_RESULTS("none")
    eval_task: str = EVAL_TASK("lambada_openai")
    training_data: str = TRAINING_DATA("standard")
    n_shots: int = N_SHOTS(0)
    pythia_models: tuple = Choices("Pythia models", options=SIZE_KEYS, least=1)(DEFAULT_SIZES)

    def draw(self) -> Panel:
        """The panel at these parameters."""
        task, arm, shots = self.eval_task, self.training_data, self.n_shots
        label, runs = task_labels()[task], by_size(task, shots, arm)
        sizes = [SIZE_KEYS[key] for key in self.pythia_models]
        parts: list[Part] = [runs[f"Pythia {size}"] for size in sizes]
        traces = []
        for part in parts:
            size = f"Pythia {part['series']}"
            traces += _line_with_band(part, "n_tokens", COLORS[size], size, dotted=size == SIZES[0])
        ends = {part["series"]: float(part["accuracy"][-1]) for part in parts}
        _add_own(checkpoints.own_on(self.own_results.value, task, shots), "n_tokens", parts, traces)
        level, values = chance(task), scores_of(task, shots, arm)["value"]
        layout = style.layout(
            "tokens",
            "percent",
            y_title="Accuracy",
            x_range=(1.8e6, 4e11),
            y_range=(max(min(values.min(), level) - 0.05, -0.02), min(values.max() + 0.06, 1.0)),
            height=460,
        )
        _add_guessing(level, parts, layout)
        layout["legend"] = layout["legend"] | {"traceorder": "normal"}
        first, last = (
            Headline(f"accuracy of {size} at last", ends[size], "share", f"{ends[size]:.0%}", "accuracy") for size in (sizes[0], sizes[-1])
        )
        title = f"{label}: {sizes[-1]} ends at {last} accuracy" + (f", {sizes[0]} at {first}" if len(ends) > 1 else "")
        return Panel(
            title=f"{title} ({shots}-shot)",
            headline=(last, first) if len(ends) > 1 else (last,),
            figure=style.figure(traces, layout),
            parts=parts,
            caption=(
                f"Each line is the accuracy of one training run on {ARMS[arm]}. Bands are 1.96 standard errors over the task's items; they do not cover how another run of the same size would end. "
                f"Chance is {level:.0%}. "
                + (
                    "Zero-shot, the files hold 27 checkpoints from step 0; step 0 cannot be drawn on a logarithmic axis."
                    if shots == 0
                    else "Few-shot, the files hold 15 checkpoints from step 3,000."
                )
            ),
            alt=f"Accuracy on {label} against training tokens: "
            + ", ".join(f"{size} ends at {value:.0%}" for size, value in ends.items())
            + ".",
            sources=(RELEASED, *task_sources([task])),
        )


class Scaling(Figure):
    """Accuracy against parameters after equally many tokens, a line for each task."""

    name = "pythia.scaling"
    training_data: str = TRAINING_DATA("standard")
    n_shots: int = N_SHOTS(0)
    eval_tasks: tuple = Choices("Tasks", options=_tasks, least=1)(DEFAULT_TASKS)
    checkpoint_step: int = Choice(
        "Checkpoint",
        options={step: f"step {step:,}" for step in STEPS},
        ordered=True,
    )(STEPS[-1])

    def draw(self) -> Panel:
        """The panel at these parameters."""
        arm, shots, step, labels = self.training_data, self.n_shots, self.checkpoint_step, task_labels()
        lines = by_step(shots, arm)[step]
        parts = [lines[task] for task in self.eval_tasks]
        traces = []
        for number, (task, part) in enumerate(zip(self.eval_tasks, parts, strict=True)):
            traces += _line_with_band(part, "n_params", style.series_color(number), task, dotted=number >= len(style.PALETTE))
        span = {task: float(part["accuracy"][-1] - part["accuracy"][0]) for task, part in zip(self.eval_tasks, parts, strict=True)}
        layout = style.layout("params", "percent", y_title="Accuracy", y_range=(0, 1), x_range=(5e7, 1.7e10), height=460)
        layout["xaxis"] |= ticks.at([1e8, 1e9, 1e10], "count")
        layout["legend"] = layout["legend"] | {"traceorder": "normal"}
        tokens = format_count(step * TOKENS_PER_STEP, "tokens")
        most, least = max(span, key=span.__getitem__), min(span, key=span.__getitem__)
        rise = Headline(f"12B above 70M on {labels[most]}", abs(span[most]), "share", _rise(abs(span[most])))
        fewest = Headline(f"12B above 70M on {labels[least]}", span[least], "share", _rise(span[least]))
        several = len(span) > 1
        return Panel(
            title=f"After {tokens}, 12B is {rise} points {'above' if span[most] >= 0 else 'below'} 70M on {labels[most]}"
            + (f", {fewest} on {labels[least]}" if several else ""),
            headline=(rise, fewest) if several else (rise,),
            figure=style.figure(traces, layout),
            parts=parts,
            caption=f"Each line is one task; each marker one model size after the same tokens in the same order, so only size differs. Trained on {ARMS[arm]}; {shots}-shot. Bands are 1.96 standard errors over items.",
            alt=f"Accuracy against parameters at {tokens} for {counted(len(span), 'task')}; the largest rise is {_rise(span[most])} points, on {labels[most]}.",
            sources=(RELEASED, *task_sources(self.eval_tasks)),
        )


def _rise(share: float) -> str:
    """A difference in points: whole from ten on, with two digits below."""
    points = 100 * share
    return f"{points:.0f}" if abs(points) >= 10 else significant(points, 2)


class Memorised(Figure):
    """The share of training sequences that a checkpoint continues word for word, or how much of the final share is there already."""

    name = "pythia.memorised"
    memorised_shown: str = Choice("Show", options={"share": "memorised so far", "recall": "recall of the final memorised set"})("share")

    def draw(self) -> Panel:
        """The panel at these parameters."""
        rows = checkpoints.memorised(tables.load("pythia_memorisation"))
        share = self.memorised_shown == "share"
        column, per = ("memorised_pct", 100.0) if share else ("recall", 1.0)
        columns = ["model", "step", "n_tokens", "n_sequences", "memorised_pct", "precision", "recall", "source", "location", "verified"]
        parts, traces = [], []
        for size in SIZES:
            run = rows[rows["model"] == size]
            parts.append({"series": size_of(size), **run[columns].to_dict("list"), "status": "reported" if share else "computed"})
            text = [f"{size_of(size)}, step {step:,.0f}" for step in run["step"]]
            trace = marks.points(parts[-1], "n_tokens", column, COLORS[size], text=text, per_y=per)
            line = {"color": COLORS[size], "width": 1.2, "dash": "dot" if size == SIZES[0] else "solid"}
            traces.append(at_end(trace | {"mode": "lines+markers", "line": line}, size_of(size)))
        layout = style.layout(
            "number",
            "percent",
            x_title="Training tokens",
            y_title="Memorised sequences" if share else "Recall of the final memorised set",
            x_range=(3e10, 3.15e11),
            y_range=(0, 0.0165 if share else 1.02),
            height=440,
        )
        layout["xaxis"] |= ticks.at([1e11, 2e11, 3e11], "count")
        last = rows[rows["step"] == rows["step"].max()].set_index("model")["memorised_pct"]
        first = rows[rows["step"] == rows["step"].min()].set_index("model")["recall"]
        large, small = ("Pythia 12B", "Pythia 70M")
        if share:
            stated = [
                Headline(f"memorised by {size} at last", float(last[size]), "%", f"{last[size]:.2f}%", column) for size in (large, small)
            ]
            title = f"12B has memorised {stated[0]} of the training sequences tried, 70M {stated[1]}"
        else:
            stated = [
                Headline(f"recall of {size} at first", float(first[size]), "share", f"{first[size]:.0%}", column) for size in (large, small)
            ]
            title = f"At 16% of training, 12B has memorised {stated[0]} of its final memorised set, 70M {stated[1]}"
        return Panel(
            title=title,
            headline=tuple(stated),
            figure=style.figure(traces, layout),
            parts=parts,
            caption=(
                "Each line is the share of training sequences that one model has memorised: given 32 tokens of a training sequence, the model's most likely continuation repeats the next 32 exactly. The first 23,552,000 sequences were tried (16% of training). "
                + (
                    ""
                    if share
                    else "Drawn is the share of the final memorised set that a checkpoint has memorised already, computed from the released counts. "
                )
                + V0
            ),
            alt=f"Memorised sequences against tokens for seven or eight sizes; at the end {last[large]:.2f}% for 12B and {last[small]:.2f}% for 70M."
            if share
            else f"Recall of the final memorised set against tokens; at 16% of training {first[large]:.0%} for 12B and {first[small]:.0%} for 70M.",
            sources=(Citation("biderman2023memorization"), Citation("eleutherai2023", "predictable-memorization/graphs")),
        )


class Families(Figure):
    """Accuracy against parameters of finished models: both arms of Pythia, OPT, BLOOM, and the reader's own."""

    name = "pythia.families"
    own_results: Given = OWN_RESULTS("none")
    eval_task: str = EVAL_TASK("lambada_openai")

    def draw(self) -> Panel:
        """The panel at these parameters."""
        task = self.eval_task
        label, finished = task_labels()[task], {}
        parts: list[Part] = []
        traces: list[dict] = []
        for family, arm, name, symbol in (
            ("Pythia", "standard", "Pythia", "circle"),
            ("Pythia", "deduped", "Pythia, deduplicated", "square"),
            ("OPT", "", "OPT", "cross"),
            ("BLOOM", "", "BLOOM", "cross"),
        ):
            rows = scores_of(task, 0, arm, family)
            rows = finished[name] = rows[(rows["step"] == rows["step"].max()) | rows["step"].isna()]
            parts.append({"series": name, **scored(rows, task)})
            color = style.family_style(family)[0]
            trace = marks.points(parts[-1], "n_params", "accuracy", color, symbol=symbol, text=rows["model"].astype(str))
            traces.append(marks.errors(trace, parts[-1], "accuracy_low", "accuracy_high", color=color, thickness=1, width=0))
        _add_own(checkpoints.own_on(self.own_results.value, task), "n_params", parts, traces)
        gaps = {name: checkpoints.against_family(finished["Pythia"], finished[name])["difference"].dropna() for name in ("OPT", "BLOOM")}
        far = {
            name: Headline(f"{name} less Pythia", abs(float(gap.mean())), "share", _points(abs(gap.mean()))) for name, gap in gaps.items()
        }
        words = {name: f"{far[name]} points {'above' if gap.mean() > 0 else 'below'}" for name, gap in gaps.items()}
        layout = style.layout("params", "percent", y_title="Accuracy", x_range=(5e7, 1e11), height=450)
        _add_guessing(chance(task), parts, layout)
        return Panel(
            title=f"{label}: at equal size, OPT is {words['OPT']} Pythia, BLOOM {words['BLOOM']}",
            headline=tuple(far.values()),
            figure=style.figure(traces, layout),
            parts=parts,
            caption=(
                "Markers are the zero-shot accuracies of fully trained models, all evaluated by the same team with the same harness. The differences in the title are means over the models between 70M and 12B, against straight lines "
                f"between Pythia's sizes ({len(gaps['OPT'])} OPT and {len(gaps['BLOOM'])} BLOOM models). Squares are trained on the deduplicated Pile. Bars are 1.96 standard errors. BLOOM is multilingual, and much of it is embeddings."
            ),
            alt=f"Accuracy on {label} against parameters for Pythia, OPT and BLOOM; OPT is {words['OPT']} Pythia, BLOOM {words['BLOOM']}.",
            sources=(RELEASED, Citation("zhang2022"), Citation("scao2022"), *task_sources([task])),
        )


def _points(share: float) -> str:
    """A difference in points, with one decimal from one on and two digits below."""
    return f"{100 * share:.1f}" if 100 * share >= 1 else significant(100 * share, 2)


def suite() -> pd.DataFrame:
    """The suite as a table to read."""
    rows = tables.load("pythia_suite")
    count = {name: rows[name].map(format_count) for name in ("n_params", "non_embedding_params", "tokens_per_step", "n_tokens")}
    return pd.DataFrame(
        {
            "model": rows["model"],
            "parameters": count["n_params"],
            "without embeddings": count["non_embedding_params"],
            "layers": rows["n_layers"],
            "width": rows["d_model"],
            "heads": rows["n_heads"],
            "learning rate": rows["learning_rate"],
            "tokens per step": count["tokens_per_step"],
            "tokens": count["n_tokens"],
            "A100 hours": rows["gpu_hours"],
            "earlier name": rows["previous_name"],
            "note": rows["note"],
        }
    )


def _line_with_band(part: Part, x: str, color: str, subject: str, dotted: bool) -> list[dict]:
    """The band of a part, and its line: released scores with small markers, averages alone. subject: what the band belongs to."""
    traces = marks.band(part, x, "accuracy_low", "accuracy_high", color, f"95% interval, {subject}", quiet=True)
    line = {"color": color, "width": 2, "dash": "dot" if dotted else "solid"}
    if part["status"] == "computed":
        return [*traces, marks.line(part, x, "accuracy", color) | {"line": line | {"width": 2.5}}]
    trace = marks.points(part, x, "accuracy", color)
    return [*traces, trace | {"marker": trace["marker"] | {"size": 5}, "mode": "lines+markers", "line": line}]


def _add_guessing(level: float, parts: list[Part], layout: dict) -> None:
    """Add a line at the accuracy of guessing; nothing where guessing is never right."""
    if level:
        parts.append({"series": "guessing", "accuracy": [level], "status": "computed"})
        layout["shapes"] = [style.horizontal_line(level)]
        layout["annotations"] = [style.note(0.01, level, "chance", xref="x domain", yanchor="bottom", xanchor="left")]


def _add_own(own: pd.DataFrame | None, x: str, parts: list[Part], traces: list[dict]) -> None:
    """Add the reader's scores; those whose place on the axis x is not known stand in the table alone."""
    if own is None:
        return
    placed = own[x].notna() & (own[x] > 0)
    for rows, series in ((own[placed], "your file"), (own[~placed], "your file, not on the axis")):
        if len(rows):
            parts.append(rows.rename(columns={"value": "accuracy"}).to_dict("list") | {"series": series, "status": "what_if"})
    if placed.any():
        drawn = next(part for part in parts if part["series"] == "your file")
        traces.append(marks.points(drawn, x, "accuracy", style.RED, text=own[placed]["model"].astype(str)))
