"""Pythia's checkpoints on nine tasks: scores in one table, and differences between runs that differ in one thing.

The suite trains each of eight sizes twice, on the Pile and on the deduplicated Pile, and some sizes again with smaller batches.
A pair of runs at equal tokens tells what that one thing changes; `analysis.pythia.emergence` tells when an ability appears.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from analysis import uploads
from analysis.evals import read

TWINS = "Pythia 2.8B"
"""The size whose two runs have equal scores up to step 43,000 in the released files (see `twins`), so it is no pair."""
SMALL_BATCHES = ("0.25M batch", "0.5M batch", "1M batch")


def scores(results: pd.DataFrame, n_params: pd.Series, tasks: Sequence[str]) -> pd.DataFrame:
    """The accuracy of every run on the tasks: the rows of the table pythia_scores.

    results: the table pythia_evals, or rows of `read_results`. n_params: parameters by model. tasks: those to keep; "mmlu"
    is the mean over its 57 subjects (`analysis.evals.read.mmlu`, macro).
    """
    texts = ("family", "model", "arm", "task", "metric", "version")
    rows = results.astype({name: str for name in texts})  # noqa: C420 - a dict of columns
    macro = read.mmlu(rows)
    macro = macro[macro["task"] == "MMLU (macro)"].assign(task="mmlu")
    single = rows[(rows["metric"] == "acc") & rows["task"].isin(tasks)]
    both = pd.concat([single, macro[macro["task"].isin(tasks)]], ignore_index=True)
    both["n_params"] = both["model"].map(n_params)
    # Where nothing is right the score does not tell the number of items; all runs have the same ones.
    both["n_samples"] = both["n_samples"].fillna(both.groupby("task")["n_samples"].transform("median"))
    order = ["family", "n_params", "model", "arm", "shots", "task", "step"]
    columns = ["family", "model", "n_params", "arm", "step", "n_tokens", "shots", "task", "value", "stderr", "n_samples"]
    return both.sort_values(order, kind="stable", ignore_index=True)[columns]


def mean_over_tasks(rows: pd.DataFrame) -> pd.DataFrame:
    """rows with the tasks of each run averaged: value, and stderr = sqrt(sum stderr^2) / tasks, task "mean".

    Runs that lack one of the tasks are left out. Every task counts the same, however many items it has.
    """
    keys = [key for key in rows.columns if key not in ("task", "value", "stderr", "n_samples")]
    needed = rows["task"].nunique()
    grouped = rows.assign(variance=rows["stderr"] ** 2).groupby(keys, dropna=False, observed=True, sort=False)
    out = grouped.agg(
        value=("value", "mean"), variance=("variance", "sum"), tasks=("task", "nunique"), n_samples=("n_samples", "sum")
    ).reset_index()
    out = out[out["tasks"] == needed]
    return out.assign(task="mean", stderr=np.sqrt(out["variance"]) / needed)[list(rows.columns)].reset_index(drop=True)


def twins(results: pd.DataFrame) -> pd.DataFrame:
    """How many accuracies of a size's two arms are equal to the last digit: columns model, step, n_tokens, shots, n_scores, n_equal.

    results: the table pythia_evals. Models trained on different data agree in a few of about 65 scores by chance; where nearly
    all agree, the files hold the same model twice. (Before training the two arms are the same model: equal seeds.)
    """
    rows = results[(results["metric"] == "acc") & results["arm"].isin(["standard", "deduped"])]
    keys = ["model", "step", "n_tokens", "shots", "task"]
    rows = rows.assign(model=rows["model"].astype(str), task=rows["task"].astype(str), arm=rows["arm"].astype(str))
    wide = rows.pivot(index=keys, columns="arm", values="value").dropna()
    equal = wide["standard"] == wide["deduped"]
    grouped = equal.groupby(level=["model", "shots", "step", "n_tokens"])
    out = grouped.agg(n_scores="size", n_equal="sum").reset_index()
    return out[["model", "step", "n_tokens", "shots", "n_scores", "n_equal"]].astype(
        {"step": "int64", "shots": "int64", "n_equal": "int64"}
    )


def memorised(table: pd.DataFrame) -> pd.DataFrame:
    """Memorised share by size and checkpoint with what it foretells: the table's rows on the same model, and precision and recall.

    precision = both / (both + false alarms): of what the checkpoint has memorised, the share that is memorised at the end. recall = both /
    (both + missed): of what is memorised at the end, the share that the checkpoint has memorised already.

    table: pythia_memorisation. Source: [biderman2023memorization].
    """
    rows = table[table["target"] == "the same model at the end"].reset_index(drop=True)
    both = rows["both_pct"]
    return rows.assign(precision=both / (both + rows["false_alarm_pct"]), recall=both / (both + rows["missed_pct"]))


def own_scores(frame: pd.DataFrame, tasks: Sequence[str], n_params: float = np.nan) -> tuple[pd.DataFrame, list[str]]:
    """(rows like those of the table pythia_scores, notes) of a reader's result file.

    frame: of `read_results`. n_params: of the model [parameters], for files that do not say. MMLU is averaged over
    subjects where all 57 are there; else a group named mmlu is taken as it is, and a note says so. Of several filters the first counts.
    Scores that are no shares are left out (`analysis.evals.read.odd_scores` names them). A note also names the tasks without a counterpart.
    """
    notes = []
    macro = read.mmlu(frame)
    macro = macro[macro["task"] == "MMLU (macro)"].assign(task="mmlu")
    accuracy = frame[frame["metric"] == "acc"].drop_duplicates(["model_id", "step", "shots", "task"])
    single = accuracy[accuracy["task"].isin(set(tasks) - {"mmlu"})]
    group = accuracy[accuracy["task"] == "mmlu"]
    if macro.empty and len(group):
        notes.append("MMLU is the file's own average, over questions; the published scores are averaged over subjects.")
    rows = pd.concat([single, macro if len(macro) else group], ignore_index=True)
    known = set(rows["task"])
    rows = rows[rows["value"].between(0, 1)]
    stated = frame.groupby("model_id")["n_params"].first()
    rows["n_params"] = rows["model_id"].map(stated).fillna(n_params)
    if len(rows) and rows["n_tokens"].isna().any():
        notes.append("Scores without a number of training tokens stand in Suite and other families, not over training.")
    others = sorted(set(frame["task"]) - known - {t for t in frame["task"] if read.SUBJECT.match(t)})
    if others:
        rest = f" and {len(others) - 12} more." if len(others) > 12 else "."
        notes.append(f"Without a counterpart here: {uploads.clip(', '.join(others[:12]), 240)}{rest}")
    columns = ["family", "model", "n_params", "arm", "step", "n_tokens", "shots", "task", "value", "stderr", "n_samples"]
    return rows[columns].reset_index(drop=True), notes


def own_on(files: Sequence[pd.DataFrame], task: str, shots: int | None = None) -> pd.DataFrame | None:
    """The rows of several `own_scores` on one task, None if there are none; shots: only with so many examples, or where it is unknown."""
    if not files:
        return None
    rows = pd.concat(files, ignore_index=True)
    rows = rows[rows["task"] == task]
    rows = rows if shots is None else rows[(rows["shots"] == shots) | rows["shots"].isna()]
    return rows if len(rows) else None


def against_family(scores: pd.DataFrame, others: pd.DataFrame) -> pd.DataFrame:
    """How far other models lie from Pythia at their size: others' rows with expected and difference [share of right answers].

    expected: Pythia's accuracy on the task at the model's number of parameters, on straight lines in log(parameters) between the sizes of
    the suite; NaN outside of them. scores: one row per size of one arm, task and number of examples.
    """
    line = scores.sort_values("n_params")
    expected = np.interp(np.log(others["n_params"]), np.log(line["n_params"]), line["value"], left=np.nan, right=np.nan)
    return others.assign(expected=expected, difference=others["value"] - expected)
