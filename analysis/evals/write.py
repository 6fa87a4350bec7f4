"""Evaluation results written in the harness's current layout (v0.4), so that its viewers open them, and sample logs with their hashes."""

import hashlib
import json
import math
from collections.abc import Iterable, Mapping

import pandas as pd

from analysis import uploads
from analysis.evals.model_args import NAMES, WRITTEN, arguments_of, said

MAX_BYTES = 200_000_000
STANDARD = ("config", "configs", "results", "groups", "n-samples")


def write_results(frame: pd.DataFrame) -> bytes:
    """The rows of one run as a v0.4 results file, in JSON.

    frame: rows as `analysis.evals.read_results` gives them, of one model at one checkpoint. Scores become "<metric>,<filter>",
    unknown standard errors "N/A". What the rows' file held beside the scores (column raw) is written back where that file was of the
    same layout, and kept under "source_file" where it was not. Reading the bytes again gives the same rows, but for the columns
    layout and raw of rows that came from another layout.

    Raises ValueError for no rows, for several models or checkpoints, for a task with two numbers of shots, and for a score given twice.

    >>> from analysis.evals.read import read_results
    >>> rows = read_results('{"results": {"piqa": {"acc": 0.7, "acc_stderr": 0.01}}, "config": {"model_args": "pretrained=a/b"}}')
    >>> json.loads(write_results(rows))["results"]["piqa"]
    {'acc,none': 0.7, 'acc_stderr,none': 0.01}
    """
    if frame.empty:
        raise ValueError("frame must hold the rows of a run, got none")
    runs = frame[["model_id", "step"]].drop_duplicates()
    if len(runs) > 1:
        raise ValueError(f"frame must hold one model at one checkpoint, got {len(runs)}; write one file for each")
    if (frame.groupby("task")["shots"].nunique(dropna=False) > 1).any():
        raise ValueError("frame must hold one number of shots for each task; write one file for each number")
    doubled = frame[frame.duplicated(["task", "metric", "filter"])]
    if len(doubled):
        raise ValueError(f"frame gives {uploads.clip(doubled['metric'].iloc[0])} of {uploads.clip(doubled['task'].iloc[0])!r} twice")
    first = frame.iloc[0]
    raw = json.loads(first["raw"]) if first["raw"] else {}
    kept = raw if first["layout"] == "v0.4" else {}
    document = {key: value for key, value in kept.items() if key not in STANDARD}
    document["results"] = {task: _scores(rows) for task, rows in frame.groupby("task", sort=False)}
    for task, words in kept.get("results", {}).items():
        if task in document["results"]:
            document["results"][task] = words | document["results"][task]
    if groups := [task for task in kept.get("groups", []) if task in document["results"]]:
        document["groups"] = {task: document["results"][task] for task in groups}
    per_task = frame.drop_duplicates("task")
    shots = {row.task: int(row.shots) for row in per_task.itertuples() if not math.isnan(row.shots)}
    document["versions"] = {row.task: _number(row.version) for row in per_task.itertuples() if row.version != ""}
    document["n-shot"] = shots
    counted = frame.dropna(subset=["n_samples"]).groupby("task")["n_samples"].first()
    samples = {task: {"original": int(n), "effective": int(n)} for task, n in counted.items()}
    document["n-samples"] = samples | kept.get("n-samples", {})
    document["configs"] = kept.get("configs", {task: {"task": task, "num_fewshot": shots.get(task)} for task in document["results"]})
    document.setdefault("group_subtasks", {task: [] for task in document["results"]})
    document.setdefault("higher_is_better", {task: _better(rows["metric"]) for task, rows in frame.groupby("task", sort=False)})
    document["config"] = kept.get("config") or {
        "model": "hf",
        "model_args": _arguments(raw, first),
        "model_num_parameters": None if math.isnan(first["n_params"]) else int(first["n_params"]),
        **dict.fromkeys(("batch_size", "device", "use_cache", "limit", "bootstrap_iters", "gen_kwargs")),
        "batch_sizes": [],
    }
    document.setdefault("model_name", first["model_id"])
    document.setdefault("git_hash", None)
    if raw and not kept:
        document["source_file"] = raw
    return json.dumps(document, ensure_ascii=False, indent=2, allow_nan=True).encode()


def _arguments(raw: Mapping, first: pd.Series) -> str:
    """The arguments of a model whose file was in another layout: its name and step, and whatever else tells it apart."""
    step = "" if math.isnan(first["step"]) else f"step{int(first['step'])}"
    told = {name: value for name, value in arguments_of(raw).items() if name in WRITTEN and name not in NAMES and said(value)}
    told = {"pretrained": first["model_id"]} | ({"revision": step} if step else {}) | told
    return ",".join(f"{name}={value}" for name, value in told.items())


def _scores(rows: pd.DataFrame) -> dict:
    scores: dict = {}
    for row in rows.itertuples():
        scores[f"{row.metric},{row.filter}"] = row.value
        scores[f"{row.metric}_stderr,{row.filter}"] = "N/A" if math.isnan(row.stderr) else row.stderr
    return scores


def _better(metrics: Iterable[str]) -> dict:
    lower = ("ppl", "perplexity", "bits_per_byte")
    return {metric: not any(word in metric for word in lower) for metric in dict.fromkeys(metrics)}


def _number(text: str):
    try:
        value = float(text)
    except ValueError:
        return text
    if not math.isfinite(value):
        return text
    return int(value) if text.strip().lstrip("+-").isdigit() else value


def write_samples(samples: Iterable[Mapping]) -> bytes:
    """A log of single answers as the harness writes it: one JSON object a line.

    samples: records with doc (the item, a mapping), prompt, target and responses, and the score of each metric under "metrics" (a
    mapping). For multiple choice, "choices" holds the continuations and responses one [log-likelihood, is greedy] pair for each;
    otherwise responses holds the generated text. Optional: doc_id, filter, gen_kwargs. The three hashes are those of the harness, so two
    logs can be compared prompt by prompt (`task_hash`).

    Raises ValueError that names the record for one without a field.

    >>> line = write_samples([{"doc": {"q": "2+2"}, "prompt": "2+2=", "target": "4", "responses": ["4"], "metrics": {"exact_match": 1.0}}])
    >>> json.loads(line)["arguments"], json.loads(line)["exact_match"]
    ({'gen_args_0': {'arg_0': '2+2=', 'arg_1': {}}}, 1.0)
    """
    lines = []
    for number, sample in enumerate(samples):
        missing = [key for key in ("doc", "prompt", "target", "responses", "metrics") if key not in sample]
        if missing:
            raise ValueError(f"sample {number} lacks {', '.join(missing)}")
        choices = sample.get("choices")
        seconds = [sample.get("gen_kwargs", {})] if choices is None else list(choices)
        responses = [str(text) for text in sample["responses"]] if choices is None else [[str(a), str(b)] for a, b in sample["responses"]]
        if choices is not None and len(responses) != len(seconds):
            raise ValueError(f"sample {number} has {len(seconds)} choices and {len(responses)} responses")
        line = {
            "doc_id": sample.get("doc_id", number),
            "doc": sample["doc"],
            "target": str(sample["target"]),
            "arguments": {f"gen_args_{i}": {"arg_0": sample["prompt"], "arg_1": second} for i, second in enumerate(seconds)},
            "resps": [responses] if choices is None else [[pair] for pair in responses],
            "filtered_resps": responses,
            "filter": sample.get("filter", "none"),
            "metrics": list(sample["metrics"]),
            "doc_hash": _hash(json.dumps(sample["doc"], indent=2, ensure_ascii=False)),
            "prompt_hash": _hash(str(sample["prompt"])),
            "target_hash": _hash(str(sample["target"])),
            **sample["metrics"],
        }
        lines.append(json.dumps(line, ensure_ascii=False))
    return "".join(line + "\n" for line in lines).encode()


def read_samples(data: bytes) -> list[dict]:
    """The records of a sample log, as dicts; ValueError that names the line for anything else.

    >>> read_samples(b'{"doc_id": 0, "acc": 1.0}')
    [{'doc_id': 0, 'acc': 1.0}]
    """
    try:
        text = uploads.text_of(data, MAX_BYTES) if data.strip() else ""
    except ValueError as problem:
        raise ValueError(f"the sample log {problem}") from None
    records = []
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            record = uploads.json_of(line)
        except ValueError:
            raise ValueError(f"line {number} of the sample log is not JSON") from None
        if not isinstance(record, dict):
            raise ValueError(f"line {number} of the sample log is not a record")
        records.append(record)
    return records


def task_hash(samples: Iterable[Mapping]) -> str:
    """The hash of a task's samples, in their order: sha256 over doc_hash + prompt_hash + target_hash of each.

    Two runs with the same hash were asked the same questions in the same words. samples: as `read_samples` gives them.

    >>> task_hash([]) == hashlib.sha256(b"").hexdigest()
    True
    """
    return _hash("".join(sample["doc_hash"] + sample["prompt_hash"] + sample["target_hash"] for sample in samples))


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8")).hexdigest()
