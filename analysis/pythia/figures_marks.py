"""Colours, works, parts and parameters that Pythia's figures share."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from analysis import tables
from analysis.charts import style
from analysis.charts.panel import Citation
from analysis.charts.parameters import Choice, Earlier
from analysis.pythia.data import ARMS, MEAN, SIZES, size_of, task_labels

COLORS = dict(
    zip(SIZES, (style.GREY, style.GREY, style.SLATE, style.ORCHID, style.CRIMSON, style.RED, style.VIOLET, style.BLUE), strict=True)
)
RELEASED = Citation("eleutherai2023", "evals/")
V0 = "These are the first (v0) deduplicated models, which were later retrained."
SIZE_KEYS = {size_of(size).lower(): size_of(size) for size in SIZES}
AVERAGES = (MEAN, "mmlu")
"""The tasks whose scores are averages that are computed here."""


def _tasks(earlier: Earlier) -> dict[str, str]:
    return task_labels()


def _single_tasks(earlier: Earlier) -> dict[str, str]:
    return {task: label for task, label in task_labels().items() if task != MEAN}


EVAL_TASK = Choice("Task", options=_tasks)
SINGLE_TASK = Choice("Task", options=_single_tasks)
TRAINING_DATA = Choice("Training data", options=ARMS)
N_SHOTS = Choice("Few-shot examples (k)", options={0: "0", 5: "5"})


def scored(rows: pd.DataFrame, task: str) -> dict[str, Any]:
    """Scores of a task as columns of a part: accuracy with its 95% interval, and what the rows say of it.

    rows: of the table pythia_scores. Averages count as computed, released scores as reported.
    """
    columns = [name for name in ("family", "model", "arm", "step", "n_tokens", "n_params", "shots", "task", "stderr") if name in rows]
    accuracy, half = rows["value"].to_numpy(float), 1.96 * rows["stderr"].to_numpy(float)
    return {
        **{name: rows[name].to_numpy() for name in columns},
        "accuracy": accuracy,
        "accuracy_low": accuracy - half,
        "accuracy_high": accuracy + half,
        "source": np.full(len(rows), RELEASED.source_id),
        "location": RELEASED.location,
        "status": "computed" if task in AVERAGES else "reported",
    }


def task_sources(names: Sequence[str]) -> tuple[Citation, ...]:
    """The works that publish the tasks."""
    return _task_sources(tuple(names))


@tables.kept(most=256)
def _task_sources(names: tuple[str, ...]) -> tuple[Citation, ...]:
    rows = tables.load("eval_tasks")
    chosen = rows if MEAN in names else rows[rows["task"].isin(list(names))]
    return tuple(Citation(source) for source in dict.fromkeys(chosen["source"]))
