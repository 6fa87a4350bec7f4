"""Mixtures of the table `models`, counted, and the ones that readers build from."""

import pandas as pd

from analysis import tables
from analysis.moe import expert_counts
from analysis.transformer import count_params, shape_from_row
from analysis.transformer.model import slug

BILLION = 1e9
PRESETS = {"mixtral": "Mixtral 8x7B", "switch": "Switch-Base-128", "deepseek": "DeepSeekMoE-16B"}
RUMOUR = "GPT-4 (rumour)"


@tables.kept
def counted() -> pd.DataFrame:
    """Every mixture of experts of the table with its counted parameters (`analysis.moe.expert_counts.table`)."""
    return expert_counts.table(tables.load("models"))


def known_mixtures() -> list[str]:
    """The keys of the mixtures of the table, in its order.

    >>> known_mixtures()[0]
    'mixtral-8x7b'
    """
    return [slug(name) for name in expert_counts.with_experts(tables.load("models"))["model"]]


@tables.kept
def other_models(bits: int) -> list[tuple[str, expert_counts.Needs, str]]:
    """(model, needs, source) of the decoders among the mixtures of the table."""
    shapes = [(row, shape_from_row(row)) for row in expert_counts.with_experts(tables.load("models")).to_dict("records")]
    return [
        (row["model"], expert_counts.needs(shape, count_params(shape), bits), row["source"])
        for row, shape in shapes
        if not shape.encoder_layers
    ]


@tables.kept
def frame_of(preset: str) -> dict:
    """The row of the table `models` behind a preset."""
    return tables.load("models").set_index("model", drop=False).loc[PRESETS[preset]].to_dict()


@tables.kept
def rumoured() -> pd.Series:
    """The row of the rumoured model."""
    return tables.load("models").set_index("model").loc[RUMOUR]
