"""Figures on when Pythia's abilities appear: one run's fitted sigmoid, and the tokens at half of the gain by size."""

from collections.abc import Callable

import numpy as np

from analysis import tables
from analysis.charts import intervals, style
from analysis.charts.panel import Panel, table_of
from analysis.pythia import emergence as pythia_emergence
from analysis.pythia.data import ARMS, SIZES, scores_of, size_of, task_labels
from analysis.pythia.figures_marks import RELEASED, task_sources
from analysis.units import format_count


def emergence_fit(model: str, task: str, arm: str) -> Panel:
    """One run's checkpoints on one task with the fitted sigmoid and the tokens at half of the gain."""
    fits = tables.load("pythia_emergence").set_index(["model", "arm", "task"])
    found = fits.loc[(model, arm, task)]
    rows = scores_of(task, 0, arm)
    run = rows[(rows["model"] == model) & (rows["n_tokens"] > 0)]
    label, color = task_labels()[task], style.BLUE
    bands = style.band(
        run["n_tokens"], run["value"] - 1.96 * run["stderr"], run["value"] + 1.96 * run["stderr"], "95% interval of a score", color
    )
    markers = style.reported_markers(run["n_tokens"], run["value"], "checkpoints", color)
    traces = [*bands, markers]
    axis = np.geomspace(2e6, 3e11, 160)
    layout = style.layout("tokens", "percent", y_title="Right answers", x_range=(1.8e6, 4e11), height=440)
    parts: list = [
        lambda: run[["model", "arm", "task", "step", "n_tokens", "value", "stderr"]].assign(
            series="checkpoints", status="reported", source=RELEASED.source_id
        )
    ]
    if found["status"] == "identified":
        curve = found["start"] + found["height"] * pythia_emergence.sigmoid(axis, found["centre"], found["width"])
        traces.append(style.computed_line(axis, curve, "fitted sigmoid", style.CRIMSON))
        layout["shapes"] = [
            style.vertical_line(found["half_tokens"], style.CRIMSON),
            *(style.vertical_line(found[end], style.CRIMSON, "dot") for end in ("low", "high")),
        ]
        parts.append({"series": "fitted sigmoid", "n_tokens": axis, "value": curve, "status": "computed"})
        parts.append(
            {"series": "half of the gain", "n_tokens": [found[name] for name in ("half_tokens", "low", "high")], "status": "computed"}
        )
        title = f"{label}: {size_of(model)} makes half of its gain by {_tokens(found['half_tokens'])} tokens ({_tokens(found['low'])} to {_tokens(found['high'])})"
        words = f"The gain is {100 * found['gain']:.0f} points; residuals are {found['misfit']:.1f} standard errors, by which the interval is widened where above 1."
    else:
        title = f"{label}: {size_of(model)} shows " + (
            "no gain that a sigmoid describes better than a constant"
            if found["status"] == "no gain"
            else "a gain, but when cannot be told from these checkpoints"
        )
        words = f"Outcome of the fit: {found['status']}."
    return Panel(
        name="pythia.emergence_fit",
        title=title,
        figure=style.figure(traces, layout),
        data=lambda: table_of(parts),
        caption=f"{words} Dashed: half of the gain up to the last checkpoint; dotted: its 95% interval. Between steps 1,000, 3,000 and 13,000 (2, 6 and 27 B tokens) nothing was evaluated, so much of the rise falls between checkpoints. No examples in the prompt; trained on {ARMS[arm]}.",
        alt=f"Accuracy of {model} on {label} against tokens; the fit is {found['status']}.",
        sources=(RELEASED, *task_sources([task])),
        settings={"model": model, "task": label, "training data": ARMS[arm], "examples": "0"},
        explain=(pythia_emergence.fit, pythia_emergence.half_of_gain, pythia_emergence.Emergence),
    )


def emergence(task: str) -> Panel:
    """The tokens at half of the gain on a task, by size, for both arms."""
    fits = tables.load("pythia_emergence")
    fits = fits[fits["task"] == task]
    label, traces = task_labels()[task], []
    rows_of = {size: number for number, size in enumerate(SIZES[::-1])}
    for arm, color, symbol, shift in (("standard", style.BLUE, "circle", -0.13), ("deduped", style.CRIMSON, "diamond", 0.13)):
        part = fits[(fits["arm"] == arm) & (fits["status"] == "identified")]
        text = [size_of(model) for model in part["model"]]
        traces.append(
            intervals.bars(
                part["half_tokens"],
                part["low"],
                part["high"],
                part["model"].map(rows_of),
                f"trained on {ARMS[arm]}",
                color,
                symbol,
                text=text,
                shift=shift,
            )
        )
    known = (
        fits[(fits["arm"] == "standard") & (fits["status"] == "identified")]
        .set_index("model")
        .reindex(SIZES)
        .dropna(subset=["half_tokens"])
    )
    layout = intervals.rows([size_of(size) for size in SIZES[::-1]], "tokens", "Tokens at half of the gain", x_range=(1e9, 3e11), zero=None)
    layout["xaxis"] |= {"tickvals": [1e9, 3e9, 1e10, 3e10, 1e11, 3e11], "ticktext": ["1 B", "3 B", "10 B", "30 B", "100 B", "300 B"]}
    if len(known) > 1:
        ends = f"{_tokens(known['half_tokens'].iloc[0])} tokens at {size_of(known.index[0])} and {_tokens(known['half_tokens'].iloc[-1])} at {size_of(known.index[-1])}"
        title = f"{label}: half of the gain comes by {ends}"
    else:
        title = f"{label}: hardly any size gains enough for a date"
    missing = fits[fits["status"] != "identified"]
    return Panel(
        name="pythia.emergence",
        title=title,
        figure=style.figure(traces, layout),
        data=lambda: (
            fits[["model", "arm", "task", "start", "gain", "half_tokens", "low", "high", "misfit", "status"]]
            .rename(columns={"status": "outcome"})
            .assign(status="computed")
        ),
        caption=(
            "Larger models go on gaining for longer, so half of their larger gain can come later although they are ahead at every moment. Bars are 95% intervals of the fit. "
            + (
                f"Not drawn: {', '.join(f'{size_of(m)} {a} ({s})' for m, a, s in zip(missing['model'], missing['arm'], missing['status'], strict=True))}."
                if len(missing)
                else "Every run could be dated."
            )
        ),
        alt=f"Tokens at half of the gain on {label} by model size; {len(fits) - len(missing)} of {len(fits)} runs could be dated.",
        sources=(RELEASED, *task_sources([task])),
        settings={"task": label, "examples": "0"},
        explain=(pythia_emergence.fit, pythia_emergence.half_of_gain),
    )


def default_panels() -> dict[str, Callable[[], Panel]]:
    """The panels on when abilities appear at their default settings."""
    return {
        "pythia.emergence_fit": lambda: emergence_fit(SIZES[-1], "arc_easy", "standard"),
        "pythia.emergence": lambda: emergence("arc_easy"),
    }


def _tokens(value: float) -> str:
    return format_count(float(f"{value:.2g}"))
