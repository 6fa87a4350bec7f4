"""Result files of the LM Evaluation Harness as one tidy table, whichever of its layouts they are in.

The layout is told by the shape of the file, not by the version that wrote it: `configs` or commas in the names of metrics make
the current one (v0.4); plain metric names the one before (v0.3); a list of rows, or `table_results` alone, the fork that scored
prompt templates; a CSV with checkpoint and fewshot the term-frequency files of Pythia.
"""

import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping

import numpy as np
import pandas as pd

from analysis import uploads
from analysis.evals.model_names import Model, model_of, step_in

LAYOUTS = ("v0.4", "v0.3", "prompt rows", "prompt table", "term frequency")
COLUMNS = {
    "model": "str", "family": "str", "arm": "str", "release": "str", "step": "float64", "n_tokens": "float64", "n_params": "float64",
    "shots": "float64", "task": "str", "metric": "str", "filter": "str", "value": "float64", "stderr": "float64", "n_samples": "float64",
    "version": "str", "layout": "str", "model_id": "str", "raw": "category",
}  # fmt: skip
MAX_BYTES = 32_000_000
MAX_ROWS = 200_000
LONGEST_NAME = 300
LATEST_STEP = 10**12
TERM_COLUMNS = ("model", "checkpoint", "task", "fewshot", "acc", "acc_stderr")
NOT_METRICS = {"sample_len", "sample_count", "alias", "name", "prompt_id", "subset", "fixed_answer_choice_list"}
NOT_A_FILE = "This is not a result file of the LM Evaluation Harness"


def read_results(data: bytes | str | Mapping, name: str = "") -> pd.DataFrame:
    """The rows of a result file: one per model, task, metric and filter, with the columns of COLUMNS.

    data: the file's bytes or text, or the JSON document as a dict. name: its path or name, used where the file itself names no
    model or step. model, family, arm and release as `model_of` has them, with historical names mapped; step and n_tokens [tokens
    seen] NaN where the file does not say; n_params as the file states it; shots; value and stderr as printed, NaN for "N/A";
    n_samples: as stated, else what the standard error implies (see `samples_of`); version: of the task; layout: one of LAYOUTS;
    model_id: the name in the file; raw: whatever else the file holds, as JSON, the same in all rows, so that a category keeps it once.

    Raises ValueError with one sentence for anything that is not such a file, is larger than 32 MB, or has over 200,000 scores.

    >>> text = '{"results": {"piqa": {"acc": 0.7, "acc_stderr": 0.01}}, "config": {"model_args": "pretrained=a/b", "num_fewshot": 5}}'
    >>> read_results(text)[["model", "shots", "task", "metric", "value"]].values.tolist()
    [['a/b', 5.0, 'piqa', 'acc', 0.7]]
    """
    document = data if isinstance(data, Mapping) else _parse(data)
    rows = list(_term_rows(document) if isinstance(document, list) else _rows(document, name))
    if not rows:
        raise ValueError(f"{NOT_A_FILE}: it holds no score.")
    frame = pd.DataFrame(rows, columns=[column for column in COLUMNS if column != "raw"])
    rest = "" if isinstance(document, list) else _rest(document, frame["layout"].iloc[0])
    # A Python object, which rows share; Arrow would copy the text for each row that is looped over, or joined to those of another file.
    frame["raw"] = pd.Categorical.from_codes([0] * len(frame), pd.Index([rest], dtype=object))
    for column, kind in COLUMNS.items():
        frame[column] = frame[column].astype(kind)
    implied = samples_of(frame["value"], frame["stderr"]).where(_is_share(frame["metric"]))
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
        fits = np.isfinite(n) & (whole > 1) & (np.abs(n - whole) < 1e-4 * whole) & (np.abs(p * whole - np.round(p * whole)) < 1e-4 * whole)
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
    templates and the harness's version.
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
        limit = (document.get("config") or {}).get("limit") if isinstance(document.get("config"), dict) else None
        if limit:
            notes.append(f"The file was made with limit {uploads.clip(limit)}, so with a part of the samples.")
        if document.get("chat_template"):
            notes.append("The file was made with a chat template, the published ones without.")
        if document.get("lm_eval_version"):
            version = uploads.clip(document["lm_eval_version"])
            notes.append(f"The file was made with harness version {version}, the published ones with 0.3.")
    return list(dict.fromkeys(notes))


def _listed(words: set[str]) -> str:
    return uploads.clip(", ".join(sorted(words)), 80)


def _word(value) -> str:
    return str(int(value)) if isinstance(value, float) and value == int(value) else str(value)


def _is_share(metric: pd.Series) -> pd.Series:
    return metric.isin(["acc", "acc_norm", "em", "exact_match", "pct_stereotype"])


def _parse(data: bytes | str):
    """The JSON document, or the list of cells of a term-frequency CSV."""
    try:
        text = uploads.text_of(data, MAX_BYTES).lstrip("\ufeff \t\r\n")
    except ValueError as problem:
        raise ValueError(f"{NOT_A_FILE}: it {problem}.") from None
    if not text.startswith("{"):
        header = re.split("[,;\t]", uploads.EXCEL_LINE.sub("", text, count=1).lstrip().partition("\n")[0])
        if {"checkpoint", "fewshot", "task"} <= {cell.strip(' "') for cell in header}:
            return _cells(text)
        raise ValueError(f"{NOT_A_FILE}: it starts with {text[:20]!r}, neither a JSON object nor a table of checkpoints and shots.")
    try:
        return uploads.json_of(text)
    except ValueError as problem:
        raise ValueError(f"{NOT_A_FILE}: it {problem}.") from None


def _cells(text: str) -> list[dict]:
    try:
        (_, names), *rows = uploads.rows_of(text, MAX_ROWS)
    except ValueError as problem:
        raise ValueError(f"{NOT_A_FILE}: it {problem}.") from None
    names = [name.strip() for name in names]
    missing = [column for column in TERM_COLUMNS if names.count(column) != 1]
    if missing:
        raise ValueError(f"The table lacks the column {missing[0]!r}, or has it twice; it needs {', '.join(TERM_COLUMNS)}.")
    for line, cells in rows:
        if len(cells) != len(names):
            raise ValueError(f"Line {line} of the table has {len(cells):,} cells where the header has {len(names):,}.")
    return [dict(zip(names, cells, strict=True)) | {"": line} for line, cells in rows]


def _term_rows(cells: list[dict]) -> Iterator[tuple]:
    known: dict[str, Model] = {}
    for cell in cells:
        line, name, task = cell[""], _name(cell["model"], "model"), _name(cell["task"], "task")
        model = known.setdefault(name, model_of(name))
        try:
            step, shots, value, stderr = (float(cell[column]) for column in ("checkpoint", "fewshot", "acc", "acc_stderr"))
        except ValueError:
            raise ValueError(f"Line {line} of the table does not hold numbers for checkpoint, fewshot, acc and acc_stderr.") from None
        if not all(map(math.isfinite, (step, shots, value))) or min(step, shots) < 0:
            raise ValueError(f"Line {line} of the table holds a number that is negative or not finite.")
        tokens = step * model.tokens_per_step or math.nan
        who = (model.name, model.family, model.arm, model.release, step, tokens, math.nan)
        yield (*who, shots, task, "acc", "none", value, stderr, math.nan, "", "term frequency", name)


def _rows(document: Mapping, name: str) -> Iterator[tuple]:
    results = document.get("results")
    if not isinstance(document, Mapping) or not (isinstance(results, dict | list) or isinstance(document.get("table_results"), dict)):
        raise ValueError(f"{NOT_A_FILE}: it has neither 'results' nor 'table_results'.")
    scored: Iterable[tuple]
    if isinstance(results, list):
        layout, scored = "prompt rows", _prompts(results)
    elif not isinstance(results, dict):
        layout, scored = "prompt table", _prompts(list(document["table_results"].values()))
    else:
        current = "configs" in document or any("," in key for scores in results.values() if isinstance(scores, Mapping) for key in scores)
        layout, scored = ("v0.4" if current else "v0.3"), list(_tasks(results, document.get("groups")))
    head = _head(document, name)
    versions, shots, samples = (_mapping(document.get(key)) for key in ("versions", "n-shot", "n-samples"))
    few = _whole(_mapping(document.get("config")).get("num_fewshot"))
    configs = _mapping(document.get("configs"))
    for number, (task, key, value, stderr, filter_name) in enumerate(scored):
        _count(number)
        task, key = _name(task, "task"), _name(key, "metric")
        shot = _whole(shots.get(task))
        shot = _whole(_mapping(configs.get(task)).get("num_fewshot"), few) if math.isnan(shot) else shot
        n = _mapping(samples.get(task))
        version = versions.get(task, "")
        yield (
            *head[:-1],
            shot,
            task,
            key,
            _name(filter_name, "filter"),
            value,
            stderr,
            _whole(n.get("effective", n.get("original"))),
            "" if version is None else _name(str(version), "version"),
            layout,
            head[-1],
        )


def _tasks(results: Mapping, groups) -> Iterator[tuple]:
    """(task, metric, value, stderr, filter) of the layouts with a mapping of tasks; groups only where `results` lacks them."""
    both = {**{key: value for key, value in _mapping(groups).items() if key not in results}, **results}
    for task, scores in both.items():
        if not isinstance(scores, Mapping):
            raise ValueError(f"{NOT_A_FILE}: the result of {uploads.clip(task, 60)!r} is not a set of scores.")
        for key, value in scores.items():
            metric, _, filter_name = str(key).partition(",")
            if metric in NOT_METRICS or metric.endswith("_stderr") or not _is_number(value):
                continue
            tail = f",{filter_name}" if filter_name else ""
            yield str(task), metric, _number(value), _number(scores.get(f"{metric}_stderr{tail}")), filter_name or "none"


def _prompts(rows: list) -> Iterator[tuple]:
    """The same of the layouts with one row per task and prompt; the task is then "task+prompt"."""
    for row in rows:
        if not isinstance(row, Mapping) or "task_name" not in row:
            raise ValueError(f"{NOT_A_FILE}: a row of its results names no task.")
        task = "+".join(str(row[key]) for key in ("task_name", "prompt_name") if row.get(key))
        for key, value in row.items():
            if key not in NOT_METRICS and not key.endswith("_stderr") and _is_number(value):
                yield task, key, _number(value), _number(row.get(f"{key}_stderr")), "none"


def _head(document: Mapping, name: str) -> tuple:
    """(model, family, arm, release, step, tokens, parameters, model id) of a file."""
    config = _mapping(document.get("config"))
    arguments = config.get("model_args", document.get("model_args"))
    if isinstance(arguments, str):
        arguments = dict(part.split("=", 1) for part in arguments.split(",") if "=" in part)
    arguments = _mapping(arguments)
    files = _mapping(arguments.get("config_files"))
    given = arguments.get("pretrained") or arguments.get("model") or arguments.get("peft") or document.get("model_name") or ""
    of_suite = not given and bool(files) and "pile" in json.dumps(arguments.get("train_data_paths", "pile"))
    path = name.replace("\\", "/").removesuffix(".json")
    named = str(given or next((key.removesuffix(".yml").removeprefix("eval-") for key in files), ""))
    if not named:  # .../<model>/results_<date>.json, else the file's own name without its step
        folder, _, last = path.rpartition("/")
        named = folder.split("/")[-1].replace("__", "/") if last.startswith("results_") and folder else last
    model = model_of(_name(named, "model"), of_suite)
    said = (step_in(str(arguments.get("revision") or "")), arguments.get("iteration"))
    step = next((s for s in said if isinstance(s, int) and not isinstance(s, bool) and 0 <= s <= LATEST_STEP), None)
    step = step_in(path) if step is None and model.family in ("Pythia", "other") else step
    batch = _number(arguments.get("train_batch_size")) * _number(arguments.get("seq_length"))
    per_step = model.tokens_per_step or math.nan
    tokens = math.nan if step is None else step * (batch if 0 < batch < math.inf else per_step)
    return (
        model.name,
        model.family,
        model.arm,
        model.release,
        math.nan if step is None else step,
        tokens,
        _whole(config.get("model_num_parameters")),
        named,
    )


def _rest(document: Mapping, layout: str) -> str:
    """What the columns do not hold, as JSON: other keys, and of v0.4 the words beside the scores."""
    told = {"results", "groups", "versions", "n-shot", "n-samples", "table_results"}
    rest = {key: value for key, value in document.items() if key not in told}
    if layout == "v0.4":
        words = {
            str(task): {key: value for key, value in scores.items() if not _is_number(value) and value != "N/A" or key in NOT_METRICS}
            for task, scores in {**_mapping(document.get("groups")), **document["results"]}.items()
        }
        rest |= {"results": words, "groups": list(_mapping(document.get("groups")))}
        rest["n-samples"] = _mapping(document.get("n-samples"))
    try:
        return json.dumps(rest, ensure_ascii=False, sort_keys=True)
    except (TypeError, ValueError, RecursionError):
        raise ValueError(f"{NOT_A_FILE}: it holds what JSON cannot.") from None


def _mapping(value) -> Mapping:
    return value if isinstance(value, Mapping) else {}


def _is_number(value) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _number(value, default: float = math.nan) -> float:
    if not _is_number(value):
        return default
    try:
        return float(value)
    except OverflowError:
        return default


def _whole(value, default: float = math.nan) -> float:
    """A count: a finite number of at least 0, else the default."""
    number = _number(value, default)
    return number if math.isnan(number) or 0 <= number < math.inf else default


def _name(text: str, what: str) -> str:
    if len(text) > LONGEST_NAME:
        raise ValueError(f"{NOT_A_FILE}: it has a {what} of {len(text):,} characters, {uploads.clip(text)!r}.")
    return text


def _count(number: int) -> None:
    if number > MAX_ROWS:
        raise ValueError(f"The file has more than {MAX_ROWS:,} scores.")
