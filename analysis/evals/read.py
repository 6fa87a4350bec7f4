"""Result files of the LM Evaluation Harness and of lighteval as one tidy table; `analysis.evals.layouts` has their layouts."""

import json
import re
from collections.abc import Mapping
from itertools import islice

import numpy as np
import pandas as pd

from analysis import uploads
from analysis.evals import foreign
from analysis.evals.layouts import LAYOUTS, NOT_A_FILE, TERM_COLUMNS, cells_of, json_rows, rest_of, term_rows

__all__ = ["COLUMNS", "LAYOUTS", "TERM_COLUMNS", "mismatches", "mmlu", "odd_scores", "read_results", "samples_of"]

COLUMNS = {
    "model": "str", "family": "str", "arm": "str", "release": "str", "step": "float64", "n_tokens": "float64", "n_params": "float64",
    "shots": "float64", "task": "str", "metric": "str", "filter": "str", "value": "float64", "stderr": "float64", "n_samples": "float64",
    "version": "str", "layout": "str", "model_id": "str", "raw": "category",
}  # fmt: skip
MAX_BYTES = 32_000_000
MAX_ROWS = 200_000
SHARES = ("acc", "acc_norm", "em", "exact_match", "pct_stereotype")
"""Metrics that are shares of the items."""


def read_results(data: bytes | str | Mapping, name: str = "") -> pd.DataFrame:
    """The rows of a result file: one per model, task, metric and filter, with the columns of COLUMNS.

    data: the file's bytes or text, or the JSON document as a dict. name: its path or name, used where the file itself names no
    model or step. model, family, arm and release as `model_of` has them, with historical names mapped; model goes on with what else tells
    runs of one checkpoint apart, "a/b + adapter (revision v2, 4-bit, float16)"; step and n_tokens [tokens
    seen] NaN where the file does not say; n_params as the file states it; shots; value and stderr as printed, NaN for "N/A";
    n_samples: as stated, else what the standard error implies (see `samples_of`); version: of the task; layout: one of LAYOUTS;
    model_id: the name in the file; raw: whatever else the file holds, as JSON, the same in all rows, so that a category keeps it once.

    Raises ValueError with one sentence for anything that is not such a file, is larger than 32 MB, or has over 200,000 scores.

    >>> text = '{"results": {"piqa": {"acc": 0.7, "acc_stderr": 0.01}}, "config": {"model_args": "pretrained=a/b", "num_fewshot": 5}}'
    >>> read_results(text)[["model", "shots", "task", "metric", "value"]].values.tolist()
    [['a/b', 5.0, 'piqa', 'acc', 0.7]]
    """
    document = data if isinstance(data, Mapping) else _parse(data, name)
    rows = list(islice(term_rows(document) if isinstance(document, list) else json_rows(document, name), MAX_ROWS + 1))
    if len(rows) > MAX_ROWS:
        raise ValueError(f"The file has more than {MAX_ROWS:,} scores.")
    if not rows:
        raise ValueError(f"{NOT_A_FILE}: it holds no score.")
    frame = pd.DataFrame(rows, columns=[column for column in COLUMNS if column != "raw"])
    rest = "" if isinstance(document, list) else rest_of(document, frame["layout"].iloc[0])
    # A Python object, which rows share; Arrow would copy the text for each row that is looped over, or joined to those of another file.
    frame["raw"] = pd.Categorical.from_codes([0] * len(frame), pd.Index([rest], dtype=object))
    for column, kind in COLUMNS.items():
        frame[column] = frame[column].astype(kind)
    implied = samples_of(frame["value"], frame["stderr"]).where(frame["metric"].isin(SHARES))
    per_task = implied.groupby(frame["task"]).transform("max")  # metrics of a task are over the same items
    frame["n_samples"] = frame["n_samples"].where(frame["n_samples"].notna(), per_task)
    return frame


def samples_of(value, stderr):
    """The number of yes-or-no answers whose mean and standard error these are; NaN where they are not of a whole number.

    n = p (1 - p) / stderr^2 + 1, since the harness divides by n - 1. p: share of right answers; stderr: its standard error;
    they broadcast. Nothing can be said where p is 0 or 1.

    >>> float(samples_of(0.34, 0.06767268161329719))
    50.0
    """
    p, error = np.asarray(value, dtype=float), np.asarray(stderr, dtype=float)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        n = p * (1 - p) / error**2 + 1
        whole = np.round(n)
        near = np.minimum(1e-4 * whole, 0.01)  # of scores rounded to a few digits any large number would be near a whole one
        fits = np.isfinite(n) & (whole > 1) & (np.abs(n - whole) < near) & (np.abs(p * whole - np.round(p * whole)) < near)
    out = np.where(fits, whole, np.nan)
    return pd.Series(out, index=value.index) if isinstance(value, pd.Series) else out


def mmlu(frame: pd.DataFrame) -> pd.DataFrame:
    """MMLU as one score per run: rows like those of `read_results` with task "MMLU (macro)" and "MMLU (micro)", metric "acc".

    macro = mean of the accuracies of the 57 subjects; micro = right answers over all questions = sum(n_i acc_i) / sum(n_i). Standard
    errors add in quadrature over subjects. Subjects are tasks named hendrycksTest-* or mmlu_*; a run with fewer than 57 of them
    gets no row, and one whose number of questions is unknown for a subject no micro average.

    Source: [biderman2023], released evaluation files; subjects and their questions are those of the harness.
    """
    keys = ["model", "family", "arm", "release", "step", "n_tokens", "shots", "model_id"]
    keys = [key for key in keys if key in frame]
    subject = frame["task"].astype(str).str.extract(SUBJECT.pattern, expand=False)
    rows = frame[(frame["metric"] == "acc") & subject.notna() & ~subject.isin(MMLU_GROUPS)]
    if rows.empty:
        return frame.iloc[:0]
    # The number of questions of a subject is the same in all runs, and unknown in those that score 0 or 1 on it.
    questions = rows.groupby("task", observed=True)["n_samples"].transform("median")
    weighted = rows.assign(right=questions * rows["value"], questions=questions, variance=rows["stderr"] ** 2)
    weighted["micro_variance"] = weighted["variance"] * questions**2
    runs = weighted.groupby(keys, dropna=False, observed=True, sort=False)
    sums = runs.agg(
        value=("value", "mean"),
        right=("right", lambda s: s.sum(skipna=False)),
        questions=("questions", lambda s: s.sum(skipna=False)),
        variance=("variance", lambda s: s.sum(skipna=False)),
        micro_variance=("micro_variance", lambda s: s.sum(skipna=False)),
        subjects=("task", "nunique"),
        version=("version", "first"),
    ).reset_index()
    sums = sums[sums["subjects"] == SUBJECTS]
    both = []
    for task, value, stderr in (
        ("MMLU (macro)", sums["value"], np.sqrt(sums["variance"]) / SUBJECTS),
        ("MMLU (micro)", sums["right"] / sums["questions"], np.sqrt(sums["micro_variance"]) / sums["questions"]),
    ):
        both.append(sums[[*keys, "version"]].assign(task=task, metric="acc", value=value, stderr=stderr, n_samples=sums["questions"]))
    return pd.concat(both, ignore_index=True).dropna(subset=["value"]).reset_index(drop=True)


SUBJECT = re.compile(r"^(?:hendrycksTest-|mmlu_)(.+)$")
SUBJECTS = 57
MMLU_GROUPS = {"stem", "humanities", "social_sciences", "other"}


def mismatches(own: pd.DataFrame, published: pd.DataFrame) -> list[str]:
    """Why rows of two files on the same tasks should not be compared as they are: one sentence per difference.

    Looks at the number of shots, the version of each task, metrics without a counterpart, a limit on the number of samples, chat
    templates, the program and its version.
    """
    notes = []
    for task in sorted(set(own["task"]) & set(published["task"].astype(str))):
        mine, theirs = own[own["task"] == task], published[published["task"] == task]
        for column, word in (("shots", "shots"), ("version", "task version")):
            a, b = ({_word(value) for value in part[column].dropna()} - {""} for part in (mine, theirs))
            if a and b and not a & b:
                notes.append(f"{task}: {word} {_listed(a)} here, {_listed(b)} in the published files.")
        own_metrics, published_metrics = (set(part["metric"].astype(str)) for part in (mine, theirs))
        if not own_metrics & published_metrics:
            notes.append(f"{task}: {_listed(own_metrics)} here, {_listed(published_metrics)} there.")
    for raw in own["raw"].unique() if "raw" in own else ():
        document = json.loads(raw) if raw else {}
        config, general = (found if isinstance(found := document.get(key), dict) else {} for key in ("config", "config_general"))
        if limit := config.get("limit") or general.get("max_samples"):
            notes.append(f"The file was made with limit {uploads.clip(limit)}, so with a part of the samples.")
        if document.get("chat_template"):
            notes.append("The file was made with a chat template, the published ones without.")
        if document.get("lm_eval_version"):
            version = uploads.clip(document["lm_eval_version"])
            notes.append(f"The file was made with harness version {version}, the published ones with 0.3.")
    if "layout" in own and own["layout"].isin(["lighteval", "leaderboard v1"]).any():
        notes.append("The file was made by lighteval, the published ones with the harness 0.3, which may ask a task of one name otherwise.")
    return list(dict.fromkeys(notes))


def odd_scores(frame: pd.DataFrame) -> list[str]:
    """A sentence for each kind of score that cannot be what it is called: infinite ones, and percentages where shares belong.

    >>> rows = {"task": ["a", "b"], "metric": ["mae", "acc"], "value": [float("inf"), 71.0]}
    >>> for sentence in odd_scores(pd.DataFrame(rows)): print(sentence)
    Infinite, so in no chart: mae of a.
    Above 1, so percentages or no shares, and in no chart: acc of b (71).
    """
    infinite, missing = np.isinf(frame["value"]), frame["value"].isna()
    percent = frame["metric"].isin(SHARES) & ~infinite & (frame["value"] > 1)
    kinds = (
        ("Infinite, so in no chart", frame[infinite], False),
        ("Not a number, so in no chart", frame[missing], False),
        ("Above 1, so percentages or no shares, and in no chart", frame[percent], True),
        ("Below 0, so no shares, and in no chart", frame[frame["metric"].isin(SHARES) & ~infinite & (frame["value"] < 0)], True),
    )
    return [f"{what}: {_named(rows, with_value)}." for what, rows, with_value in kinds if len(rows)]


def _named(rows: pd.DataFrame, with_value: bool) -> str:
    """The first scores of rows by metric and task, and how many more there are."""
    first = [
        f"{uploads.clip(row.metric, 30)} of {uploads.clip(row.task, 40)}" + (f" ({row.value:.6g})" if with_value else "")
        for row in rows.head(3).itertuples()
    ]
    return ", ".join(first) + (f" and {len(rows) - 3:,} more" if len(rows) > 3 else "")


def _listed(words: set[str]) -> str:
    return uploads.clip(", ".join(sorted(words)), 80)


def _word(value) -> str:
    return str(int(value)) if isinstance(value, float) and value == int(value) else str(value)


def _parse(data: bytes | str, name: str):
    """The JSON document, or the list of cells of a term-frequency CSV."""
    try:
        if name.lower().endswith(".eval") and data[:2] in (b"PK", "PK"):
            raise ValueError(foreign.INSPECT)
        text = uploads.text_of(data, MAX_BYTES).lstrip("\ufeff \t\r\n")
    except ValueError as problem:
        raise ValueError(str(problem) if str(problem) == foreign.INSPECT else f"{NOT_A_FILE}: it {problem}.") from None
    starts = f"{NOT_A_FILE}: it starts with {text[:20]!r}, neither a JSON object nor a table of checkpoints and shots."
    if not text.startswith(("{", "[")):
        header = re.split("[,;\t]", uploads.EXCEL_LINE.sub("", text, count=1).lstrip().partition("\n")[0])
        if {"checkpoint", "fewshot", "task"} <= {cell.strip(' "') for cell in header}:
            return cells_of(text, MAX_ROWS)
        raise ValueError(foreign.of_text(text) or starts)
    try:
        document = uploads.json_of(text)
    except ValueError as problem:
        raise ValueError(foreign.of_text(text) or (f"{NOT_A_FILE}: it {problem}." if text[0] == "{" else starts)) from None
    if not isinstance(document, Mapping):
        raise ValueError(foreign.of_value(document) or starts)
    return document
