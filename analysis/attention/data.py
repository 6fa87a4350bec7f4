"""Devices and reported values of attention, kept until their tables change."""

import pandas as pd

from analysis import tables

KINDS = {"mha": "multi-head", "gqa": "grouped-query", "mqa": "multi-query"}


@tables.kept
def reported() -> pd.DataFrame:
    """The table attention_reported by quantity."""
    return tables.load("attention_reported").set_index("quantity")


def ablation_scores() -> pd.DataFrame:
    """The ablation with one row per task and one column per kind of attention, in the order of the paper's kinds."""
    rows = tables.load("gqa_ablation")
    order = list(dict.fromkeys(rows["task"]))
    return rows.pivot(index="task", columns="attention", values="value").loc[order, list(KINDS)]
