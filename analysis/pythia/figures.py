"""Figures on Pythia's checkpoints: abilities over training and size, what is memorised, and OPT and BLOOM beside them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis import tables
from analysis.charts import intervals, style
from analysis.charts.panel import Citation, Panel, table_of
from analysis.pythia import checkpoints
from analysis.pythia.data import ARMS, MEAN, SIZES, STEPS, TOKENS_PER_STEP, chance, scores_of, size_of, task_labels
from analysis.pythia.figures_marks import COLORS, RELEASED, V0, task_sources
from analysis.units import format_count


@dataclass(frozen=True)
class Line:
    """Scores in the order they are drawn, as arrays: where they stand, their values, the ends of their 95% intervals; and their rows."""

    x: np.ndarray
    value: np.ndarray
    low: np.ndarray
    high: np.ndarray
    rows: pd.DataFrame

    def traces(self, name: str, color: str, task: str, subject: str, dotted: bool) -> list[dict]:
        """The line with its band; subject: what the band belongs to."""
        band = intervals.quiet_band(self.x, self.low, self.high, f"95% interval, {subject}", color)
        return [*band, _line(self.x, self.value, name, color, task, dotted)]


def _drawn(rows: pd.DataFrame, x: str) -> Line:
    value, half = rows["value"].to_numpy(float), 1.96 * rows["stderr"].to_numpy(float)
    return Line(rows[x].to_numpy(float), value, value - half, value + half, rows)


@tables.kept(most=512)
def by_size(task: str, shots: int, arm: str) -> dict[str, Line]:
    """The scores of each size against tokens seen, without step 0. Kept, so not to be changed."""
    rows = scores_of(task, shots, arm)
    rows = rows[rows["n_tokens"] > 0]
    return {str(size): _drawn(run, "n_tokens") for size, run in rows.groupby("model", sort=False)}


@tables.kept
def by_step(shots: int, arm: str) -> dict[int, dict[str, Line]]:
    """The scores of an arm at each step against parameters, by task (and MEAN). Kept, so not to be changed."""
    found: dict[int, dict[str, Line]] = {}
    for task in task_labels():
        for step, rows in scores_of(task, shots, arm).groupby("step"):
            found.setdefault(int(step), {})[task] = _drawn(rows, "n_params")
    return found


def trajectory(task: str, sizes: Sequence[str], arm: str, shots: int, own: pd.DataFrame | None = None) -> Panel:
    """Accuracy on a task against tokens seen, with bands of the standard error; own: the reader's scores on it, if any."""
    rows = scores_of(task, shots, arm)
    label, traces, ends = task_labels()[task], [], {}
    for size in sizes:
        run = by_size(task, shots, arm)[size]
        traces += run.traces(size_of(size), COLORS[size], task, size, dotted=size == SIZES[0])
        ends[size] = float(run.value[-1])
    traces += _own_markers(own, "n_tokens")
    level = chance(task)
    low = rows["value"].min()
    layout = style.layout(
        "tokens",
        "percent",
        y_title="Right answers",
        x_range=(1.8e6, 4e11),
        y_range=(max(min(low, level) - 0.05, -0.02), min(rows["value"].max() + 0.06, 1.0)),
        height=460,
    )
    layout |= _guessing(level)
    layout["legend"] = layout["legend"] | {"traceorder": "normal"}
    first, last = (sizes[0], sizes[-1]) if sizes else ("", "")
    title = (
        f"{label}: {size_of(last)} ends at {ends[last]:.0%} of right answers"
        + (f", {size_of(first)} at {ends[first]:.0%}" if len(sizes) > 1 else "")
        if sizes
        else f"{label}: choose a size to draw"
    )
    status = "computed" if task in (MEAN, "mmlu") else "reported"
    return Panel(
        name="pythia.trajectory",
        title=f"{title} ({shots} examples)",
        figure=style.figure(traces, layout),
        data=lambda: table_of(
            [
                rows.loc[rows["model"].isin(list(sizes)), ["model", "arm", "step", "n_tokens", "shots", "task", "value", "stderr"]].assign(
                    status=status, source=RELEASED.source_id
                ),
                *_own_rows(own),
            ]
        ),
        caption=(
            f"Each line is one training run on {ARMS[arm]}; bands are 1.96 standard errors over the task's items, which cannot tell how another run of the same size would end. "
            f"Guessing gives {level:.0%}. "
            + (
                "Without examples the files hold 27 checkpoints from step 0 on; step 0 has no place on a logarithmic axis."
                if shots == 0
                else "With examples the files hold 15 checkpoints from step 3,000 on."
            )
        ),
        alt=f"Accuracy on {label} against training tokens: "
        + (", ".join(f"{size_of(size)} ends at {value:.0%}" for size, value in ends.items()) or "no size chosen")
        + ".",
        sources=(RELEASED, *task_sources([task])),
        settings={"task": label, "training data": ARMS[arm], "examples": str(shots), "sizes": ", ".join(map(size_of, sizes)) or "none"},
        explain=(checkpoints.scores, checkpoints.mean_over_tasks),
    )


def scaling(names: Sequence[str], step: int, arm: str, shots: int) -> Panel:
    """Accuracy against parameters after equally many tokens, a line for each task."""
    traces, parts, span = [], [], {}
    for number, task in enumerate(names):
        line = by_step(shots, arm)[step][task]
        color = style.series_color(number)
        traces += line.traces(task_labels()[task], color, task, task, dotted=number >= len(style.PALETTE))
        status = "computed" if task in (MEAN, "mmlu") else "reported"
        parts.append(
            lambda rows=line.rows, status=status: rows.drop(columns=["family", "n_samples"]).assign(
                status=status, source=RELEASED.source_id
            )
        )
        span[task] = float(line.value[-1] - line.value[0])
    layout = style.layout("params", "percent", y_title="Right answers", y_range=(0, 1), x_range=(5e7, 1.7e10), height=460)
    layout["xaxis"] |= {"tickvals": [1e8, 1e9, 1e10], "ticktext": ["100 M", "1 B", "10 B"]}
    layout["legend"] = layout["legend"] | {"traceorder": "normal"}
    tokens = format_count(step * TOKENS_PER_STEP, "tokens")
    most = max(span, key=span.__getitem__) if span else ""
    title = (
        f"After {tokens}, 12B is {100 * span[most]:.0f} points above 70M on {task_labels()[most]}"
        if span
        else f"After {tokens}: choose a task to draw"
    )
    least = min(span, key=span.__getitem__) if len(span) > 1 else ""
    title += f", {100 * span[least]:.0f} on {task_labels()[least]}" if least else ""
    return Panel(
        name="pythia.scaling",
        title=title,
        figure=style.figure(traces, layout),
        data=lambda: table_of(parts) if parts else pd.DataFrame({"status": []}),
        caption=f"All eight sizes have seen the same tokens in the same order here, so only size differs. Trained on {ARMS[arm]}; {shots} examples in the prompt. Bands are 1.96 standard errors over items.",
        alt=f"Accuracy against parameters at {tokens} for {len(span)} tasks"
        + (f"; the largest rise is {100 * span[most]:.0f} points, on {task_labels()[most]}." if span else "."),
        sources=(RELEASED, *task_sources(names)),
        settings={
            "tokens": tokens,
            "training data": ARMS[arm],
            "examples": str(shots),
            "tasks": ", ".join(task_labels()[n] for n in names) or "none",
        },
        explain=(checkpoints.scores, checkpoints.mean_over_tasks),
    )


def memorised(measure: str) -> Panel:
    """The share of training sequences that a checkpoint continues word for word, or how much of the final share is there already."""
    rows = checkpoints.memorised(tables.load("pythia_memorisation"))
    share = measure == "share"
    values = rows["memorised_pct"] / 100 if share else rows["recall"]
    traces = []
    for size in SIZES:
        at = rows["model"] == size
        text = [f"{size_of(size)}, step {step:,.0f}" for step in rows.loc[at, "step"]]
        marks = style.reported_markers(
            rows.loc[at, "n_tokens"], values[at], size_of(size), COLORS[size], text=text, verified=rows.loc[at, "verified"] > 0
        )
        mark = {"mode": "lines+markers", "line": {"color": COLORS[size], "width": 1.2, "dash": "dot" if size == SIZES[0] else "solid"}}
        traces.append(marks | mark | ({} if share else {"meta": {"role": "computed"}}))
    top = 0.0165 if share else 1.02
    layout = style.layout(
        "number",
        "percent",
        x_title="Training tokens",
        y_title="Memorised sequences" if share else "Of the finally memorised",
        x_range=(3e10, 3.15e11),
        y_range=(0, top),
        height=440,
    )
    layout["xaxis"] |= {"tickvals": [1e11, 2e11, 3e11], "ticktext": ["100 B", "200 B", "300 B"]}
    layout["yaxis"]["tickformat"] = ".1%" if share else ".0%"
    last = rows[rows["step"] == rows["step"].max()].set_index("model")["memorised_pct"]
    first = rows[rows["step"] == rows["step"].min()].set_index("model")["recall"]
    title = (
        f"12B has memorised {last['Pythia 12B']:.2f}% of the training sequences tried, 70M {last['Pythia 70M']:.2f}%"
        if share
        else f"At 16% of training 12B holds {first['Pythia 12B']:.0%} of what it will have memorised in the end, 70M {first['Pythia 70M']:.0%}"
    )
    return Panel(
        name="pythia.memorised",
        title=title,
        figure=style.figure(traces, layout),
        data=lambda: rows[
            ["model", "step", "n_tokens", "n_sequences", "memorised_pct", "precision", "recall", "source", "location", "verified"]
        ].assign(status="reported"),
        caption=(
            "Memorised: given 32 tokens of a training sequence, the model's most likely continuation repeats the next 32 exactly. The first 23,552,000 sequences were tried (16% of training). "
            + (
                ""
                if share
                else "Drawn is the share of the finally memorised sequences that a checkpoint has memorised already, computed from the released counts. "
            )
            + V0
        ),
        alt=f"Memorised sequences against tokens for seven or eight sizes; at the end {last['Pythia 12B']:.2f}% for 12B and {last['Pythia 70M']:.2f}% for 70M.",
        sources=(Citation("biderman2023memorization"), Citation("eleutherai2023", "predictable-memorization/graphs")),
        settings={"shown": "memorised share" if share else "share of the final set"},
        explain=(checkpoints.memorised,),
    )


def families(task: str, own: pd.DataFrame | None = None) -> Panel:
    """Accuracy against parameters of finished models: both arms of Pythia, OPT, BLOOM, and the reader's own."""
    label, traces, parts = task_labels()[task], [], []
    status = "computed" if task in (MEAN, "mmlu") else "reported"
    finished = {}
    for family, arm, name, symbol in (
        ("Pythia", "standard", "Pythia", "circle"),
        ("Pythia", "deduped", "Pythia, deduplicated", "circle-open"),
        ("OPT", "", "OPT", "cross"),
        ("BLOOM", "", "BLOOM", "cross"),
    ):
        rows = scores_of(task, 0, arm, family)
        rows = rows[(rows["step"] == rows["step"].max()) | rows["step"].isna()]
        finished[name] = rows
        color = style.family_style(family)[0]
        trace = style.reported_markers(
            rows["n_params"],
            rows["value"],
            name,
            color,
            symbol.removesuffix("-open"),
            text=rows["model"].astype(str),
            verified=not symbol.endswith("open"),
        )
        trace["error_y"] = {"type": "data", "array": (1.96 * rows["stderr"]).tolist(), "color": color, "thickness": 1, "width": 0}
        traces.append(trace | {"meta": {"role": status}})
        parts.append(
            rows[["family", "model", "arm", "n_params", "shots", "task", "value", "stderr"]].assign(
                status=status, source=RELEASED.source_id
            )
        )
    traces += _own_markers(own, "n_params")
    gaps = {name: checkpoints.against_family(finished["Pythia"], finished[name])["difference"].dropna() for name in ("OPT", "BLOOM")}
    words = {name: f"{100 * abs(gap.mean()):.1f} points {'above' if gap.mean() > 0 else 'below'}" for name, gap in gaps.items()}
    layout = style.layout("params", "percent", y_title="Right answers", x_range=(5e7, 1e11), height=460)
    layout |= _guessing(chance(task))
    return Panel(
        name="pythia.families",
        title=f"{label}: at like size OPT lies {words['OPT']} Pythia and BLOOM {words['BLOOM']}",
        figure=style.figure(traces, layout),
        data=lambda: table_of([*(lambda part=part: part for part in parts), *_own_rows(own)]),
        caption=(
            "Finished models without examples, all evaluated by the same people with the same harness. The differences in the title are means over the models between 70M and 12B, against straight lines "
            f"between Pythia's sizes ({len(gaps['OPT'])} OPT and {len(gaps['BLOOM'])} BLOOM models). Hollow: trained on the deduplicated Pile. Bars are 1.96 standard errors. BLOOM is multilingual, and a fair part of its parameters is embeddings."
        ),
        alt=f"Accuracy on {label} against parameters for Pythia, OPT and BLOOM; OPT lies {words['OPT']} Pythia, BLOOM {words['BLOOM']}.",
        sources=(RELEASED, Citation("zhang2022"), Citation("scao2022"), *task_sources([task])),
        settings={"task": label, "examples": "0"},
        explain=(checkpoints.against_family, checkpoints.scores),
    )


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


def default_panels() -> dict[str, Callable[[], Panel]]:
    """The panels of the pythia page at its default settings."""
    from analysis.pythia import figures_contrasts, figures_emergence

    return {
        "pythia.trajectory": lambda: trajectory("lambada_openai", DEFAULT_SIZES, "standard", 0),
        "pythia.scaling": lambda: scaling(DEFAULT_TASKS, STEPS[-1], "standard", 0),
        **figures_emergence.default_panels(),
        **figures_contrasts.default_panels(),
        "pythia.memorised": lambda: memorised("share"),
        "pythia.families": lambda: families("lambada_openai"),
    }


DEFAULT_SIZES = ("Pythia 70M", "Pythia 410M", "Pythia 1.4B", "Pythia 12B")
DEFAULT_TASKS = ("lambada_openai", "sciq", "arc_easy", "piqa", "winogrande", "mmlu")


def _guessing(level: float) -> dict:
    """What a layout needs for a line at the accuracy of guessing; nothing where guessing is never right."""
    if level == 0:
        return {}
    words = style.note(0.01, level, "guessing", xref="x domain", yanchor="bottom", xanchor="left")
    return {"shapes": [style.horizontal_line(level)], "annotations": [words]}


def _line(x, y, name: str, color: str, task: str, dotted: bool = False) -> dict:
    """Released scores as small markers on a line; averages as a line alone."""
    dash = "dot" if dotted else "solid"
    if task in (MEAN, "mmlu"):
        return style.computed_line(x, y, name, color) | {"line": {"color": color, "width": 2.5, "dash": dash}}
    trace = style.reported_markers(x, y, name, color)
    trace["marker"] = trace["marker"] | {"size": 5}
    return trace | {"mode": "lines+markers", "line": {"color": color, "width": 2, "dash": dash}}


def _own_markers(own: pd.DataFrame | None, column: str) -> list[dict]:
    if own is None:
        return []
    rows = own.dropna(subset=[column])
    rows = rows[rows[column] > 0]
    return [style.what_if_marker(rows[column], rows["value"], "your file", style.RED, rows["model"].astype(str))] if len(rows) else []


def _own_rows(own: pd.DataFrame | None) -> list[Callable[[], pd.DataFrame]]:
    return [] if own is None or own.empty else [lambda: own.assign(status="what_if")]
