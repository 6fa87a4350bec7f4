"""Shapes of the models in the table `models`."""

import math
from collections.abc import Mapping

import pandas as pd

from analysis.transformer.mixer_sizes import mamba
from analysis.transformer.plain_shape import transformer_shape
from analysis.transformer.shape import TransformerShape

COLUMNS = (
    *(key for key in transformer_shape.__kwdefaults__ if key not in ("recurrent", "name", "notes")),
    "n_layers",
    "d_model",
    "n_heads",
    "vocab_size",
    "mixer",
)


def shape_from_row(row: Mapping) -> TransformerShape:
    """The shape in a row of the table `models`.

    Raises ValueError where the row leaves out what a shape needs (a model whose architecture is not public).

    >>> from analysis import tables
    >>> shape = shape_from_row(tables.load("models").set_index("model").loc["Mixtral 8x7B"])
    >>> shape.n_layers, shape.experts.n_experts, shape.experts.top_k
    (32, 8, 2)
    """
    row = dict(row)
    name = str(row.get("model", ""))
    fields = {key: _from_cell(row[key]) for key in COLUMNS if key in row}
    needed = ("n_layers", "d_model", "n_heads", "vocab_size")
    if any(fields.get(key) is None for key in needed):
        raise ValueError(f"the architecture of {name or 'this model'} is not public, so its parameters cannot be counted")
    if fields.pop("mixer", None) == "mamba":
        fields["recurrent"] = mamba(fields["d_model"], inner_norms=True)
    return transformer_shape(**{key: value for key, value in fields.items() if value is not None}, name=name)


def shape_of_model(name: str, models: pd.DataFrame) -> TransformerShape:
    """The shape of a model of the table `models` by its name. Raises ValueError for a name it does not have.

    >>> from analysis import tables
    >>> shape_of_model("Llama 2 70B", tables.load("models")).attention.n_kv_heads
    8
    """
    rows = models[models["model"] == name]
    if len(rows) != 1:
        raise ValueError(f"there is no model {name!r} in the table of models")
    return shape_from_row(rows.iloc[0])


def _from_cell(value):
    """A cell of a table as an argument: whole numbers as int, empty as None."""
    if value is None or value == "" or (isinstance(value, float) and math.isnan(value)):
        return None
    if hasattr(value, "item"):
        value = value.item()
    return int(value) if isinstance(value, float) and value.is_integer() else value
