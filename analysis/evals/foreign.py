"""Files of other programs, told by their shape: what each is, and what to bring in its place."""

import json
from collections.abc import Mapping
from typing import Any

BRING = "bring a results_*.json of the LM Evaluation Harness or of lighteval"
SAMPLES = "This is a log of single answers of the LM Evaluation Harness (samples_*.jsonl); bring the results_*.json that lies beside it."
HELM = f"This is a file of HELM, which is not read here; {BRING}."
INSPECT = f"This is a log of Inspect, which is not read here; {BRING}."
EVALSCOPE = f"This is a report of EvalScope, which is not read here; {BRING}."
BIGCODE = f"This is a result file of the BigCode Evaluation Harness, which is not read here; {BRING}."
OPENCOMPASS = f"This is a summary of OpenCompass, which is not read here; {BRING}."
MTEB = f"This is a result file of MTEB, which is not read here; {BRING}."
LINES = f"This is a file with a JSON object on each line; {BRING}."


def of_value(value: Any) -> str:
    """The sentence on a JSON value of another program, "" where its shape is none that is known.

    >>> of_value({"doc_id": 0, "resps": [["4"]]}) == SAMPLES, of_value({"humaneval": {"pass@1": 0.3}}) == BIGCODE, of_value({"results": {}})
    (True, True, '')
    """
    if isinstance(value, list):
        return HELM if value and all(isinstance(one, Mapping) and _is_helm(one) for one in value[:3]) else ""
    if not isinstance(value, Mapping):
        return ""
    if "doc_id" in value and {"resps", "filtered_resps", "arguments", "doc"} & set(value):
        return SAMPLES
    if isinstance(value.get("eval"), Mapping) and {"plan", "stats", "status", "samples"} & set(value):
        return INSPECT
    if _is_helm(value):
        return HELM
    if {"dataset_name", "model_name"} <= set(value) and isinstance(value.get("metrics"), list):
        return EVALSCOPE
    if {"mteb_version", "task_name"} <= set(value):
        return MTEB
    if "results" not in value and any(str(key).startswith("pass@") for part in value.values() if isinstance(part, Mapping) for key in part):
        return BIGCODE
    return ""


def of_text(text: str) -> str:
    """The sentence on a text that is no single JSON value: lines of JSON, or a table of another program; "" for what is not known.

    >>> of_text('{"doc_id": 0, "resps": []}\\n{"doc_id": 1, "resps": []}\\n') == SAMPLES
    True
    >>> of_text("dataset,version,metric,mode,a-model\\n") == OPENCOMPASS
    True
    """
    first = text.lstrip().partition("\n")[0]
    if first.startswith("dataset,version,metric,mode,"):
        return OPENCOMPASS
    if "\n" not in text.strip():
        return ""
    try:
        value = json.loads(first)
    except (ValueError, RecursionError):
        return ""
    return of_value(value) or (LINES if isinstance(value, Mapping) else "")


def _is_helm(value: Mapping) -> bool:
    """Whether an object is one of HELM's: a specification of a run, a statistic, the statistics of an instance, or a table."""
    name = value.get("name")
    return (
        "adapter_spec" in value
        or isinstance(value.get("run_spec"), Mapping)
        or (isinstance(name, Mapping) and "name" in name and {"count", "mean", "sum"} & set(value) != set())
        or {"instance_id", "stats"} <= set(value)
        or ({"title", "header", "rows"} <= set(value) and isinstance(value["rows"], list))
    )
