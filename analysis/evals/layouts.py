"""The rows of a result file, whichever of its layouts it is in.

The layout is told by the shape of the file, not by the version that wrote it: `configs` or commas in the names of metrics make
the harness's current one (v0.4); plain metric names the one before (v0.3); tasks named suite|task|shots lighteval, with which the first
Open LLM Leaderboard ran the suite harness; a list of rows, or `table_results` alone, the fork that scored prompt templates; a CSV with
checkpoint and fewshot the term-frequency files of Pythia. The second Open LLM Leaderboard's files are v0.4, with tasks leaderboard_*.
"""

import json
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping

from analysis import uploads
from analysis.evals import foreign
from analysis.evals.model_args import arguments_of, name_in, variant_of
from analysis.evals.model_names import Model, model_of, step_in

LAYOUTS = ("v0.4", "v0.3", "lighteval", "leaderboard v1", "prompt rows", "prompt table", "term frequency")
LONGEST_NAME = 300
LATEST_STEP = 10**12
TERM_COLUMNS = ("model", "checkpoint", "task", "fewshot", "acc", "acc_stderr")
NOT_METRICS = {"sample_len", "sample_count", "alias", "name", "prompt_id", "subset", "fixed_answer_choice_list"}
NOT_A_FILE = "This is not a result file of the LM Evaluation Harness"
LIGHTEVAL = re.compile(r"(?:(?P<suite>[^|]+)\|)?(?P<task>[^|]*[^|\d][^|]*)\|(?P<shots>\d{1,4})(?:\|[01])?")
"""A task of lighteval: suite, name, examples, and once whether fewer of them may be used; the suite is gone from the newest."""


def cells_of(text: str, most_rows: int) -> list[dict]:
    """The cells of a term-frequency CSV by column, with the line under ""; ValueError in one sentence for another table."""
    try:
        (_, names), *rows = uploads.rows_of(text, most_rows)
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


def term_rows(cells: list[dict]) -> Iterator[tuple]:
    """The rows of a term-frequency CSV, as `json_rows` gives them."""
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


def json_rows(document: Mapping, name: str) -> Iterator[tuple]:
    """The rows of a JSON document, as tuples in the order of `analysis.evals.read.COLUMNS` without the last; name: of its file."""
    results = document.get("results")
    if not (isinstance(results, dict | list) or isinstance(document.get("table_results"), dict)):
        raise ValueError(foreign.of_value(document) or f"{NOT_A_FILE}: it has neither 'results' nor 'table_results'.")
    if "results" in document and (other := foreign.of_value(document)):
        raise ValueError(other)
    scored: Iterable[tuple]
    if isinstance(results, list):
        layout, scored = "prompt rows", _prompts(results)
    elif not isinstance(results, dict):
        layout, scored = "prompt table", _prompts(list(document["table_results"].values()))
    else:
        current = "configs" in document or any("," in key for scores in results.values() if isinstance(scores, Mapping) for key in scores)
        layout, scored = ("v0.4" if current else "v0.3"), _tasks(results, document.get("groups"))
    told = _of_lighteval(document) if layout == "v0.3" else {}
    if told:
        layout = "leaderboard v1" if any(task.startswith("harness|") for task in told) else "lighteval"
    head = _head(document, name)
    versions, samples = (_mapping(document.get(key)) for key in ("versions", "n-samples"))
    shots_of = _shots(document)
    for task, key, value, stderr, filter_name in scored:
        n = _mapping(samples.get(task))
        version = versions.get(task, "")
        short, shots = told.get(task) or (task, math.nan if told else shots_of(task))
        yield (
            *head[:-1],
            shots,
            _name(short, "task"),
            _name(key, "metric"),
            _name(filter_name, "filter"),
            value,
            stderr,
            _whole(n.get("effective", n.get("original"))),
            "" if version is None else _name(str(version), "version"),
            layout,
            head[-1],
        )


def _of_lighteval(document: Mapping) -> dict[str, tuple[str, float]]:
    """(name, examples) of each task of a file of lighteval, by what it is called there; empty for other files.

    Of two suites with a task of one name the suite stays in the name.
    """
    results = document["results"]
    found = {task: match for task in results if len(task) <= LONGEST_NAME and (match := LIGHTEVAL.fullmatch(task))}
    if not found or ("config_general" not in document and len(found) < len(set(results) - {"all"})):
        return {}
    suites: dict[str, set] = {}
    for match in found.values():
        suites.setdefault(match["task"], set()).add(match["suite"])
    return {
        task: (match["task"] if len(suites[match["task"]]) == 1 else f"{match['suite']}|{match['task']}", float(match["shots"]))
        for task, match in found.items()
    }


def _shots(document: Mapping) -> Callable[[str], float]:
    """The number of examples by task: as stated; of a group what all its tasks have, NaN where they differ or one is not known."""
    stated, groups, configs = (_mapping(document.get(key)) for key in ("n-shot", "group_subtasks", "configs"))
    few = _whole(_mapping(document.get("config")).get("num_fewshot"))

    def of_task(task: str) -> float:
        shots = _whole(stated.get(task))
        return _whole(_mapping(configs.get(task)).get("num_fewshot"), few) if math.isnan(shots) else shots

    def of_any(task: str) -> float:
        inside, seen, tasks = [task], {task}, set()
        while inside:
            members = groups.get(one := inside.pop())
            members = [str(member) for member in members] if isinstance(members, list) else []
            inside += [member for member in members if member not in seen]
            seen |= set(members)
            tasks |= set() if members else {one}
        found = {of_task(one) for one in tasks}
        return found.pop() if len(found) == 1 else math.nan

    return of_any


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
    arguments = arguments_of(document)
    files = _mapping(arguments.get("config_files"))
    given = name_in(arguments)
    of_suite = not given and bool(files) and "pile" in json.dumps(arguments.get("train_data_paths", "pile"))
    path = name.replace("\\", "/").removesuffix(".json")
    named = given or str(next((key.removesuffix(".yml").removeprefix("eval-") for key in files), ""))
    if not named:  # .../<model>/results_<date>.json, else the file's own name without its step
        folder, _, last = path.rpartition("/")
        named = folder.split("/")[-1].replace("__", "/") if last.startswith("results_") and folder else last
    model = model_of(_name(named, "model"), of_suite)
    stated = step_in(str(arguments.get("revision") or ""))
    iteration = arguments.get("iteration")
    of_files = iteration if isinstance(iteration, int) and not isinstance(iteration, bool) and 0 <= iteration <= LATEST_STEP else None
    step = of_files if stated is None else stated
    step = step_in(path) if step is None and model.family in ("Pythia", "other") else step
    batch = _number(arguments.get("train_batch_size")) * _number(arguments.get("seq_length"))
    per_step = model.tokens_per_step or math.nan
    tokens = math.nan if step is None else step * (batch if 0 < batch < math.inf else per_step)
    return (
        _with_variant(model.name, arguments, stated),
        model.family,
        model.arm,
        model.release,
        math.nan if step is None else step,
        tokens,
        _whole(config.get("model_num_parameters")),
        named,
    )


def _with_variant(name: str, arguments: Mapping, step: int | None) -> str:
    """The name of a model with what was added to it, and the form in which it was loaded."""
    added, form = variant_of(arguments, step)
    parts = [name, *(_name(one, "adapter") for one in added)]
    return " + ".join(parts) + (f" ({_name(', '.join(form), 'model form')})" if form else "")


def rest_of(document: Mapping, layout: str) -> str:
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
