"""Shapes and parameter counts: every row of the table, part by part."""

import pytest

from analysis import tables
from analysis.transformer import count_params, shape_of_model

MODELS = tables.load("models")
COUNTS = tables.load("param_counts").set_index("model")
PARTS = (
    "total", "embedding", "non_embedding", "attention", "mlp", "router", "other", "routed_experts", "active", "active_non_embedding",
)  # fmt: skip


def test_the_reference_holds_67_counts_by_transformers_and_9_closed_forms():
    assert (COUNTS["counted_by"] != "closed form").sum() == 67
    assert (COUNTS["counted_by"] == "closed form").sum() == 9


@pytest.mark.parametrize("model", COUNTS.index)
def test_every_part_of_every_model_is_counted_exactly(model):
    # Instantiated by transformers 5.23.0 without memory; where it has no such class, a closed form written apart from ours.
    counted = count_params(shape_of_model(model, MODELS))
    assert {part: getattr(counted, part) for part in PARTS} == {part: int(COUNTS.loc[model, part]) for part in PARTS}
