"""The figure of measured fine-tuning runs beside what is predicted for them."""

import numpy as np
import pandas as pd

from analysis.charts import marks, style, ticks
from analysis.charts.figure import Figure
from analysis.charts.marks import GB, Part
from analysis.charts.panel import Citation, Headline, Panel
from analysis.charts.parameters import Choice
from analysis.memory import finetuning
from analysis.memory.data import measured_runs
from analysis.memory.figures_settings import ACTIVATIONS, METHOD_COLORS, QLORA, ZERO
from analysis.units import counted, significant

ALL = "all"
TOLD = (
    "id", "program", "model", "method", "rank", "targets", "batch", "seq_len", "checkpointing", "upcast_rest", "chunked_loss", "n_gpus", "gpu",
    "outcome", "counts", "inside", "error", "verified", "source", "location",
)  # fmt: skip
"""Columns of the table that stand with each mark."""


def programs() -> dict[str, str]:
    """Every program of the table, after all of them together."""
    return {ALL: "all", **{name.lower().replace(" ", "_"): name for name in dict.fromkeys(measured_runs()["program"])}}


def ends() -> tuple[float, float, float]:
    """Where both axes begin, and where predicted and measured memory end, the same for every program [GB]."""
    runs = measured_runs()
    low, high = runs[["low_bytes", "measured_bytes"]].min().min(), runs[["measured_bytes", "gpu_bytes"]].max().max()
    return 0.85 * low / GB, 1.3 * runs["high_bytes"].max() / GB, 1.5 * high / GB


class Measured(Figure):
    """Measured peak memory of fine-tuning runs against the prediction at their settings."""

    name = "memory.measured"
    finetuning_program: str = Choice("Program", options=lambda _: programs())(ALL)

    def draw(self) -> Panel:
        """The panel at this parameter."""
        runs = measured_runs()
        runs = runs if self.finetuning_program == ALL else runs[runs["program"] == programs()[self.finetuning_program]]
        ran, failed = runs[runs["outcome"] == "ran"], runs[runs["outcome"] != "ran"]
        traces, parts = [], []
        for method, label in finetuning.METHODS.items():
            some = ran[ran["method"] == method]
            if len(some):
                part = part_of(some, label, "measured_bytes")
                parts.append(part)
                trace = marks.points(part, "predicted_bytes", "memory_bytes", METHOD_COLORS[method], per_x=GB, per_y=GB, text=hovers(some))
                traces.append(
                    marks.errors(trace, part, "low_bytes", "high_bytes", "x", color=METHOD_COLORS[method], thickness=1.5, width=0)
                )
        if len(failed):
            part = part_of(failed, "out of memory (at the GPU's memory)", "gpu_bytes")
            parts.append(part)
            unfit = marks.points(
                part, "predicted_bytes", "memory_bytes", style.GREY, per_x=GB, per_y=GB, symbol="triangle-up", text=hovers(failed)
            )
            traces.append(unfit)
        low, wide, tall = ends()
        same: Part = {
            "series": "as predicted",
            "predicted_bytes": [low * GB, tall * GB],
            "memory_bytes": [low * GB, tall * GB],
            "status": "computed",
        }
        parts.append(same)
        line = marks.line(same, "predicted_bytes", "memory_bytes", style.GREY, per_x=GB, per_y=GB, dash="dot", showlegend=False)
        traces.insert(0, line)
        layout = style.layout(
            "log_number",
            "log_number",
            x_title="Predicted memory (GB)",
            y_title="Measured memory (GB)",
            height=520,
            x_range=(low, wide),
            y_range=(low, tall),
        )
        layout["xaxis"] |= ticks.at([3, 5, 10, 20, 50, 100, 200, 500])
        layout["yaxis"] |= ticks.at([3, 5, 10, 20, 50, 100])
        inside = Headline("runs inside the interval", int(ran["inside"].sum()), "runs", str(int(ran["inside"].sum())))
        middle = float(np.median(np.abs(ran["error"])))
        error = Headline("median error", middle, "share", f"{significant(100 * middle, 2)}%")
        what = "fine-tuning runs" if self.finetuning_program == ALL else f"runs of {programs()[self.finetuning_program]}"
        wrong = int((~failed["inside"].astype(bool)).sum())
        notes = [
            "Each marker is one run, at its measured peak and at what the formulas of this page predict for its settings, with the interval; "
            "on the dotted line both are the same."
        ]
        if len(failed):
            notes.append(
                f"{counted(len(failed), 'run')} ran out of memory; the upper end of the prediction fits the GPU for {wrong or 'none'} of them."
            )
        if outside := ran[~ran["inside"].astype(bool)]["label"].tolist():
            notes.append(f"Outside the interval: {'; '.join(outside)}.")
        notes.append("The CUDA context is not counted, since programs state their own memory.")
        return Panel(
            title=f"{inside} of {len(ran)} measured {what} lie in the predicted interval; the median error is {error}",
            headline=(inside, error),
            figure=style.figure(traces, layout),
            parts=parts,
            caption=" ".join(notes),
            alt=f"Measured against predicted memory of {len(ran)} {what}: {inside} lie in the interval, the median error is {error}.",
            sources=(*(Citation(source) for source in dict.fromkeys(runs["source"])), QLORA, ZERO, ACTIVATIONS),
        )


def part_of(rows: pd.DataFrame, series: str, measured: str) -> Part:
    """The rows of one kind of mark. measured: the column with what stands along y."""
    ends = rows[["predicted_bytes", "low_bytes", "high_bytes"]]
    return {"series": series, "run": rows["label"], "memory_bytes": rows[measured], **ends, **rows[list(TOLD)], "status": "reported"}


def hovers(rows: pd.DataFrame) -> list[str]:
    """What each marker says."""
    return [f"{row['program']}: {row['label']}" for row in rows.to_dict("records")]
