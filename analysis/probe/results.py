"""What a run found: shares with intervals, and the files others can read, CSV and lm_eval's results and samples."""

import csv
import io
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.evals.model_names import step_in
from analysis.evals.read import COLUMNS
from analysis.evals.write import write_results, write_samples
from analysis.probe.spec import Row
from analysis.probe.store import Run
from analysis.statistics import normal_quantile, wilson_interval

METRICS = {"term_frequency": "exact_match", "prompts": "exact_match", "choice": "acc", "memorised": "memorised"}


@dataclass(frozen=True)
class Found:
    """What is known of one run: its name, state, and a row of `summary` for each group. partial: whether more rows are to come."""

    id: str
    name: str
    probe: str
    partial: bool
    state: str
    groups: pd.DataFrame
    whole: Mapping[str, float]
    facts: Mapping[str, str]


def found(run: Run, groups: Sequence[Mapping], level: float = 0.95) -> Found:
    """What is known of a run, from its groups as `Store.groups` gives them."""
    table, whole = summary(groups, level), overall(groups, level)
    return Found(run.id, f"{name_of(run)} ({run.id[:4]})", run.spec.probe, run.state != "done", state_of(run), table, whole, facts(run))


def name_of(run: Run) -> str:
    """A run in a few words: model, revision, what it was asked."""
    spec = run.spec
    model = spec.model.rstrip("/").rsplit("/", 1)[-1] if "/" in spec.model else spec.model
    what = spec.options.get("operation", "multiplication") if spec.probe == "term_frequency" else spec.probe
    shots = f", {spec.options.get('shots', 4)}-shot" if spec.probe == "term_frequency" else ""
    return f"{model}{f' {spec.revision}' if spec.revision else ''}, {what}{shots}"


def state_of(run: Run) -> str:
    """How far a run is, in a few words."""
    if run.state == "done":
        return "complete"
    return f"{run.state}, {run.done:,} of {run.total:,}" if run.total is not None else run.state


def summary(groups: Sequence[Mapping], level: float = 0.95) -> pd.DataFrame:
    """A row for each group of questions: group, frequency, n, score, low, high (Wilson), score_norm; of `Store.groups`.

    Questions of one group share their term and examples, so they are less independent than the interval takes them for.

    >>> summary([{"group": "7", "frequency": 1e6, "n": 50, "score": 0.5, "score_norm": math.nan}])[["low", "high"]].round(2).values.tolist()
    [[0.37, 0.63]]
    """
    frame = pd.DataFrame(list(groups), columns=["group", "frequency", "n", "score", "score_norm"])
    frame = frame.astype({"frequency": float, "score": float, "score_norm": float})
    frame = frame.dropna(subset=["score"]).reset_index(drop=True)
    low, high = wilson_interval(frame["score"].clip(0, 1), frame["n"], level) if len(frame) else (np.empty(0), np.empty(0))
    return frame.assign(low=low, high=high)


def overall(groups: Sequence[Mapping], level: float = 0.95) -> dict[str, float]:
    """n, score, low and high over all questions of a run; the interval is over groups where there are 20 or more, else Wilson's.

    mean +- z s / sqrt(number of groups), over the means of the groups weighted alike; groups of questions with one term are what
    another draw would replace.
    """
    frame = summary(groups, level)
    if frame.empty:
        return {"n": 0, "score": math.nan, "low": math.nan, "high": math.nan}
    n = int(frame["n"].sum())
    score = float((frame["score"] * frame["n"]).sum() / n)
    if len(frame) >= 20:
        weight = frame["n"] / frame["n"].mean()
        error = normal_quantile(level) * float(np.sqrt(((weight * (frame["score"] - score)) ** 2).sum() / (len(frame) - 1) / len(frame)))
        low, high = max(score - error, 0.0), min(score + error, 1.0)
    else:
        low, high = (float(value) for value in wilson_interval(min(max(score, 0.0), 1.0), n, level))
    return {"n": n, "score": score, "low": low, "high": high}


def facts(run: Run) -> dict[str, str]:
    """Everything that a file says about its run besides the rows."""
    spec = run.spec
    apart = ("device", "dtype", "revision")
    versions = {name: version for name, version in run.versions.items() if name not in apart}
    known = {
        "run": run.id,
        "model": spec.model,
        "revision": str(run.versions.get("revision") or spec.revision),
        "probe": spec.probe,
        "options": json.dumps({key: shown(value) for key, value in spec.options.items()}, sort_keys=True),
        "seed": str(spec.seed),
        "batch size": str(spec.batch_size),
        "limit": str(spec.limit or "none"),
        "device": str(run.versions.get("device", run.device)),
        "dtype": str(run.versions.get("dtype", spec.dtype)),
        "state": state_of(run),
        "versions": json.dumps(versions, sort_keys=True, default=str),
    }
    return {key: value for key, value in known.items() if value}


def shown(value):
    """An option as it is shown: a long text by its length."""
    return f"({len(value):,} characters)" if isinstance(value, str) and len(value) > 80 else value


def to_csv(run: Run, rows: Iterable[Row]) -> bytes:
    """The rows as CSV in UTF-8. Lines that begin with "# " say what was run; `pandas.read_csv(file, comment="#")` reads the rest.

    Every row names model, revision, device, dtype and seed. A text that a spreadsheet would run as a formula gets an apostrophe in front.
    """
    from analysis.spreadsheets import neutral

    out = io.StringIO()
    known = facts(run)
    for label, text in known.items():
        out.write(f"# {label}: {' '.join(text.split())}\n")
    columns = ("model", "revision", "device", "dtype", "seed")
    first = [neutral(known.get(column, "")) for column in columns]
    names = list(Row.__dataclass_fields__)
    writer = csv.writer(out, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\n")
    writer.writerow([*columns, *names])
    for row in rows:
        cells = [getattr(row, name) for name in names]
        writer.writerow([*first, *("" if isinstance(cell, float) and math.isnan(cell) else neutral(cell) for cell in cells)])
    return out.getvalue().encode()


def task_of(run: Run) -> str:
    """The name of the task in lm_eval's files."""
    return f"term_frequency_{run.spec.options.get('operation', 'multiplication')}" if run.spec.probe == "term_frequency" else run.spec.probe


def to_results(run: Run, rows: Sequence[Row]) -> bytes:
    """A results file of lm_eval v0.4, in JSON. Raises ValueError for a run without rows.

    Standard errors are those of lm_eval: the sample standard deviation over sqrt(n). What was run stands under "probe_run".
    """
    if not rows:
        raise ValueError(f"run: {run.id} has no row yet")
    spec, task = run.spec, task_of(run)
    metric = METRICS[spec.probe]
    scores = {metric: np.array([row.score for row in rows], float)}
    if spec.probe == "choice":
        scores["acc_norm"] = np.array([row.score_norm for row in rows], float)
    revision = str(run.versions.get("revision") or spec.revision)
    step = step_in(revision)
    frame = pd.DataFrame(
        [
            {
                "model": spec.model,
                "model_id": spec.model,
                "step": math.nan if step is None else float(step),
                "n_params": math.nan,
                "shots": _shots(run),
                "task": task,
                "metric": name,
                "filter": "none",
                "value": float(values.mean()),
                "n_samples": float(len(values)),
                "version": "1",
                "layout": "",
                "raw": "",
                "stderr": float(values.std(ddof=1) / math.sqrt(len(values))) if len(values) > 1 else math.nan,
            }
            for name, values in scores.items()
        ]
    ).reindex(columns=list(COLUMNS))
    document = json.loads(write_results(frame))
    arguments = f"pretrained={spec.model}" + (f",revision={revision}" if revision else "")
    document["config"] |= {
        "model_args": f"{arguments},dtype={run.versions.get('dtype', spec.dtype)}",
        "batch_size": spec.batch_size,
        "device": run.versions.get("device", run.device),
        "limit": spec.limit or None,
        "random_seed": spec.seed,
    }
    document["n-samples"][task]["original"] = run.total if run.total is not None else len(rows)
    document["probe_run"] = facts(run)
    return json.dumps(document, ensure_ascii=False, indent=2).encode()


def _shots(run: Run) -> float:
    return float(run.spec.options.get("shots", 4)) if run.spec.probe == "term_frequency" else 0.0


def to_samples(run: Run, rows: Sequence[Row]) -> bytes:
    """The answers one by one as lm_eval logs them: one JSON object a line.

    Multiple choice has the choices as arguments and a [log-likelihood, is greedy] pair for each as responses; a run whose rows were kept
    before the choices were kept with them has the index of the choice alone.
    """
    return write_samples(_sample(run, number, row) for number, row in enumerate(rows))


def _sample(run: Run, number: int, row: Row) -> dict:
    detail = json.loads(row.detail or "{}")
    doc = {"item_id": row.item_id, "group": row.group, "frequency": None if math.isnan(row.frequency) else row.frequency}
    metrics = {METRICS[run.spec.probe]: row.score}
    record = {"doc_id": number, "doc": doc, "prompt": row.prompt, "target": row.answer, "responses": [row.returned], "metrics": metrics}
    if run.spec.probe == "choice":
        metrics["acc_norm"] = row.score_norm
        if "choices" in detail:
            record |= {"choices": detail["choices"], "responses": list(zip(detail["log_likelihoods"], detail["greedy"], strict=True))}
    return record
