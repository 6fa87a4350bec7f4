"""Figures on when Pythia's abilities appear: one run's fitted sigmoid, and the tokens at half of the gain by size."""

import numpy as np

from analysis import tables
from analysis.charts import intervals, marks, style, ticks
from analysis.charts.figure import Figure
from analysis.charts.marks import Part
from analysis.charts.panel import Headline, Panel
from analysis.charts.parameters import Choice
from analysis.pythia import emergence
from analysis.pythia.data import ARMS, SIZES, scores_of, size_of, task_labels
from analysis.pythia.figures_marks import RELEASED, SINGLE_TASK, SIZE_KEYS, TRAINING_DATA, scored, task_sources
from analysis.units import format_count

EDGES = {"low": "half_tokens_low", "high": "half_tokens_high"}


class EmergenceFit(Figure):
    """One run's checkpoints on one task with the fitted sigmoid and the tokens at half of the gain."""

    name = "pythia.emergence_fit"
    training_data: str = TRAINING_DATA("standard")
    eval_task: str = SINGLE_TASK("arc_easy")
    pythia_model: str = Choice("Pythia model", options=dict(reversed(SIZE_KEYS.items())))("12b")

    def draw(self) -> Panel:
        """The panel at these parameters."""
        size, task, arm = SIZE_KEYS[self.pythia_model], self.eval_task, self.training_data
        model = f"Pythia {size}"
        found = tables.load("pythia_emergence").set_index(["model", "arm", "task"]).loc[(model, arm, task)]
        rows = scores_of(task, 0, arm)
        run: Part = {"series": "checkpoints", **scored(rows[(rows["model"] == model) & (rows["n_tokens"] > 0)], task)}
        label, axis, parts = task_labels()[task], np.geomspace(2e6, 3e11, 160), [run]
        traces = [
            *marks.band(run, "n_tokens", "accuracy_low", "accuracy_high", style.BLUE, "95% interval of a score"),
            marks.points(run, "n_tokens", "accuracy", style.BLUE),
        ]
        layout = style.layout("tokens", "percent", y_title="Accuracy", x_range=(1.8e6, 4e11), height=440)
        if found["status"] == "identified":
            curve = found["start"] + found["height"] * emergence.sigmoid(axis, found["centre"], found["width"])
            fitted = {"series": "fitted sigmoid", "n_tokens": axis, "accuracy": curve, "status": "computed"}
            half = {
                "series": "half of the gain",
                "n_tokens": [found[name] for name in ("half_tokens", "low", "high")],
                "status": "computed",
            }
            parts += [fitted, half]
            traces.append(marks.line(fitted, "n_tokens", "accuracy", style.CRIMSON))
            layout["shapes"] = [
                style.vertical_line(found["half_tokens"], style.CRIMSON),
                *(style.vertical_line(found[end], style.CRIMSON, "dot") for end in ("low", "high")),
            ]
            layout["annotations"] = [style.line_name(found["half_tokens"], "half of the gain, 95% interval", log=True)]
            stated = Headline(
                "tokens to half of the gain",
                float(found["half_tokens"]),
                "tokens",
                _tokens(found["half_tokens"]),
                "n_tokens",
                float(found["low"]),
                float(found["high"]),
            )
            title = f"{label}: {size} reaches half of its gain by {stated} tokens ({_tokens(found['low'])} to {_tokens(found['high'])})"
            words = f"The sigmoid is fitted to the accuracy of each checkpoint; its gain is {100 * found['gain']:.0f} points. Residuals are {found['misfit']:.1f} standard errors, by which the interval is widened where above 1."
        else:
            last = float(run["accuracy"][-1])
            stated = Headline("accuracy at the last checkpoint", last, "share", f"{last:.0%}", "accuracy")
            outcome = (
                "no gain that a sigmoid fits better than a constant"
                if found["status"] == "no gain"
                else "a gain at a time that these checkpoints do not determine"
            )
            title = f"{label}: {size} ends at {stated} and shows {outcome}"
            words = f"Outcome of the fit: {found['status']}."
        return Panel(
            title=title,
            headline=(stated,),
            figure=style.figure(traces, layout),
            parts=parts,
            caption=f"{words} Dashed is half of the gain up to the last checkpoint, dotted its 95% interval. Between steps 1,000, 3,000 and 13,000 (2, 6 and 27 B tokens) nothing was evaluated, so much of the rise falls between checkpoints. Zero-shot; trained on {ARMS[arm]}.",
            alt=f"Accuracy of {model} on {label} against tokens; the fit is {found['status']}.",
            sources=(RELEASED, *task_sources([task])),
        )


class Emergence(Figure):
    """The tokens at half of the gain on a task, by size, for both arms."""

    name = "pythia.emergence"
    eval_task: str = SINGLE_TASK("arc_easy")

    def draw(self) -> Panel:
        """The panel at these parameters."""
        task, label = self.eval_task, task_labels()[self.eval_task]
        fits = tables.load("pythia_emergence")
        fits = fits[fits["task"] == task]
        columns = ["model", "arm", "task", "start", "gain", "half_tokens", "low", "high", "misfit", "status"]
        shown = fits[columns].rename(columns={**EDGES, "status": "outcome"})
        missing = shown[shown["outcome"] != "identified"]
        ahead, compared = checkpoints_ahead(task)
        rows_of = {size: number for number, size in enumerate(SIZES[::-1])}
        parts: list[Part] = []
        traces = []
        for arm, color, symbol, shift in (("standard", style.BLUE, "circle", -0.13), ("deduped", style.CRIMSON, "diamond", 0.13)):
            rows = shown[(shown["arm"] == arm) & (shown["outcome"] == "identified")]
            place = {"series": f"trained on {ARMS[arm]}", "row": rows["model"].map(rows_of).to_numpy(float) + shift}
            parts.append(rows.to_dict("list") | place | {"status": "computed"})
            text = [size_of(model) for model in rows["model"]]
            traces.append(marks.estimates(parts[-1], "half_tokens", EDGES["low"], EDGES["high"], color, symbol=symbol, text=text))
        parts.append(missing.to_dict("list") | {"series": "not drawn", "status": "computed"})
        standard = shown[(shown["arm"] == "standard") & (shown["outcome"] == "identified")]
        known = standard.set_index("model").reindex(SIZES).dropna(subset=["half_tokens"])["half_tokens"]
        layout = intervals.rows(
            [size_of(size) for size in SIZES[::-1]], "tokens", "Tokens to half of the gain", x_range=(1e9, 3e11), zero=None
        )
        layout["xaxis"] |= ticks.at([1e9, 3e9, 1e10, 3e10, 1e11, 3e11], "count")
        if len(known) > 1:
            ends = [
                Headline(f"tokens to half of the gain, {size}", float(known[size]), "tokens", _tokens(known[size]), "half_tokens")
                for size in (known.index[0], known.index[-1])
            ]
            title = (
                f"{label}: {size_of(known.index[0])} reaches half of its gain by {ends[0]} tokens, {size_of(known.index[-1])} by {ends[1]}"
            )
        else:
            ends = [Headline("sizes with a midpoint", len(known), "sizes", str(len(known)))]
            title = f"{label}: only {ends[0]} of {len(SIZES)} sizes {'gains' if len(known) == 1 else 'gain'} enough for a midpoint"
        return Panel(
            title=title,
            headline=tuple(ends),
            figure=style.figure(traces, layout),
            parts=parts,
            caption=(
                f"Markers are the tokens by which each run reaches half of its final gain, with 95% intervals of the fit. Larger models gain for longer, so half of their larger gain can come later even while they are ahead: 12B is ahead of 70M at {ahead} of {compared} checkpoints. "
                + (
                    f"Not drawn: {', '.join(f'{size_of(m)} {a} ({s})' for m, a, s in zip(missing['model'], missing['arm'], missing['outcome'], strict=True))}."
                    if len(missing)
                    else "Every run has a midpoint."
                )
            ),
            alt=f"Tokens to half of the gain on {label} by model size; {len(fits) - len(missing)} of {len(fits)} runs have a midpoint.",
            sources=(RELEASED, *task_sources([task])),
        )


def _tokens(value: float) -> str:
    return format_count(float(f"{value:.2g}"))


def checkpoints_ahead(task: str) -> tuple[int, int]:
    """(checkpoints at which the largest size scores higher than the smallest, checkpoints at which both have a score) on a task."""
    rows = scores_of(task, 0, "standard")
    values = rows.pivot(index="step", columns="model", values="value")[[SIZES[0], SIZES[-1]]].dropna()
    return int((values[SIZES[-1]] > values[SIZES[0]]).sum()), len(values)
