"""Released scores of Pythia, and its pairs of runs, kept until their tables change."""

from dataclasses import dataclass, replace

import pandas as pd

from analysis import tables
from analysis.pythia import checkpoints, contrasts

SIZES = ("Pythia 70M", "Pythia 160M", "Pythia 410M", "Pythia 1B", "Pythia 1.4B", "Pythia 2.8B", "Pythia 6.9B", "Pythia 12B")
ARMS = {"standard": "the Pile", "deduped": "the deduplicated Pile"}
MEAN = "mean"
STEPS = tuple(range(3_000, 143_001, 10_000))
TOKENS_PER_STEP = 2_097_152

EPOCH_TOKENS = 207e9
"""Tokens of the deduplicated Pile: where its second epoch starts. [biderman2023] section 2.4."""
FIRST_STEP = 13_000
TOKENS_PER_STEP = 2_097_152
LEARNED = ("lambada_openai", "sciq", "arc_easy", "arc_challenge", "piqa", "winogrande")
TASK_SETS = {"all": "all nine", "no_wsc": "without WSC", "learned": "six above chance"}
SHOT_SETS = {"both": "0 and 5 (mean)", "0": "0", "5": "5"}


@tables.kept
def task_labels() -> dict[str, str]:
    """Name on charts of each task, and of the mean over all nine."""
    return tables.load("eval_tasks").set_index("task")["label"].to_dict() | {MEAN: "Mean of nine tasks"}


@tables.kept
def chance(task: str) -> float:
    """Accuracy of guessing on a task, or on average over all of them."""
    levels = tables.load("eval_tasks").set_index("task")["chance"]
    return float(levels.mean() if task == MEAN else levels[task])


def size_of(model: str) -> str:
    """A size without the name of the suite.

    >>> size_of("Pythia 1.4B")
    '1.4B'
    """
    return model.removeprefix("Pythia ")


@tables.kept(most=512)
def scores_of(task: str, shots: int, arm: str | None = None, family: str = "Pythia") -> pd.DataFrame:
    """The scores of a family on a task (or MEAN), smallest model first, in the order of training. Kept, so not to be changed."""
    rows = tables.load("pythia_scores")
    chosen = (rows["family"] == family) & (rows["shots"] == shots)
    rows = rows[chosen & (rows["arm"] == arm)] if arm is not None else rows[chosen]
    rows = checkpoints.mean_over_tasks(rows) if task == MEAN else rows[rows["task"] == task]
    return rows.sort_values(["n_params", "step"]).astype({"model": str, "arm": str, "family": str, "task": str})


@dataclass(frozen=True)
class Question:
    """What is compared: name of the panels, arms, and words for the difference."""

    name: str
    treated: tuple[str, ...]
    reference: tuple[str, ...]
    subject: str
    others: str
    axis: str


@tables.kept
def all_pairs(question: str) -> pd.DataFrame:
    """Every difference that a question asks for."""
    asked = QUESTIONS[question]
    return contrasts.differences(tables.load("pythia_scores"), asked.treated, asked.reference)


@tables.kept
def pairs(question: str, shots: str, tasks: str, twins: bool = False) -> pd.DataFrame:
    """The differences for a choice of examples (SHOT_SETS) and tasks (TASK_SETS); twins: with the size whose runs are the same. Kept."""
    rows = all_pairs(question)
    if question == "dedup":
        rows = rows if shots == "both" else rows[rows["shots"] == int(shots)]
        rows = rows if twins else rows[rows["model"] != checkpoints.TWINS]
    if tasks == "no_wsc":
        rows = rows[rows["task"] != "wsc"]
    return rows[rows["task"].isin(LEARNED)] if tasks == "learned" else rows


@tables.kept
def courses(question: str, shots: str, tasks: str, twins: bool) -> pd.DataFrame:
    """`pythia.contrast_course` of a choice. Kept, so not to be changed."""
    rows = pairs(question, shots, tasks, twins)
    if question == "dedup" and shots == "both":  # before step 3,000 only runs without examples were scored
        rows = rows[rows["n_tokens"].isin(rows.loc[rows["shots"] == 5, "n_tokens"].unique())]
    return contrasts.contrast_course(rows[rows["n_tokens"] > 0])


@tables.kept(most=256)
def contrast_of(question: str, shots: str, tasks: str, first_step: int, twins: bool) -> contrasts.Contrast:
    """`pythia.contrast` of a choice: the best task first, the largest size first. Kept, so not to be changed."""
    rows = pairs(question, shots, tasks, twins)
    found = contrasts.contrast(rows[rows["n_tokens"] >= first_step * TOKENS_PER_STEP])
    n_params = tables.load("pythia_suite").set_index("model")["n_params"].to_dict()
    largest_first = sorted(found.by_model.index, key=n_params.__getitem__, reverse=True)
    return replace(found, by_task=found.by_task.sort_values("mean", ascending=False), by_model=found.by_model.loc[largest_first])


QUESTIONS = {
    "dedup": Question("dedup", ("deduped",), ("standard",), "Deduplicated runs", "standard ones", "Deduplicated minus standard (points)"),
    "batch": Question(
        "batch",
        ("standard",),
        checkpoints.SMALL_BATCHES,
        "Batches of 2 M tokens",
        "smaller ones",
        "2 M tokens minus smaller (points)",
    ),
}
