"""Shapes of the models whose memory is reported, and measured runs with what is predicted for them."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from analysis import tables
from analysis.memory.finetuning import finetuning_memory
from analysis.memory.parts import TARGETS
from analysis.transformer import shape_of_model


def reported_shapes(footprints: pd.DataFrame) -> dict:
    """The shapes of the models that the table `memory_reported` names."""
    models = tables.load("models")
    return {name: shape_of_model(name, models) for name in dict.fromkeys(footprints["model"]) if name}


@tables.kept
def measured_runs() -> pd.DataFrame:
    """The table `memory_measured` with what is predicted for each row at its settings.

    predicted_bytes, low_bytes, high_bytes: total of `finetuning_memory` and the ends of its interval, without a CUDA context, since
    programs count their own memory. gpu_bytes: memory of the GPU. inside: whether the measured value lies in the interval; of runs that
    did not fit, whether the upper end does not fit either. error: predicted / measured - 1.
    """
    runs, models = tables.load("memory_measured"), tables.load("models")
    capacity = tables.load("gpus").set_index("id")["memory_bytes"]
    shapes = {name: shape_of_model(name, models) for name in dict.fromkeys(runs["model"])}
    found = [finetuning_memory(shapes[row["model"]], row["method"], **settings_of(row)) for row in runs.to_dict("records")]
    rows = runs.assign(
        predicted_bytes=[float(each.total) for each in found],
        low_bytes=[float(each.low) for each in found],
        high_bytes=[float(each.high) for each in found],
        gpu_bytes=runs["gpu"].map(capacity),
    )
    ran = rows["outcome"] == "ran"
    within = rows["measured_bytes"].between(rows["low_bytes"], rows["high_bytes"])
    return rows.assign(
        inside=within.where(ran, rows["high_bytes"] > rows["gpu_bytes"]), error=rows["predicted_bytes"] / rows["measured_bytes"] - 1
    )


def settings_of(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row of `memory_measured` as arguments of `finetuning_memory`."""
    adapters = {} if row["method"] == "full" else {"rank": int(row["rank"]), "targets": TARGETS[row["targets"]][1]}
    switches = ("checkpointing", "upcast_rest", "chunked_loss", "double_quantisation")
    return (
        adapters
        | {name: bool(row[name]) for name in switches}
        | {
            "batch": int(row["batch"]),
            "seq_len": int(row["seq_len"]),
            "state_dtype": row["state_dtype"],
            "n_gpus": int(row["n_gpus"]),
            "sharding": "zero3" if row["n_gpus"] > 1 else "none",
            "context_bytes": 0.0,
        }
    )
