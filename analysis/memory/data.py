"""Shapes of the models whose memory is reported."""

import pandas as pd

from analysis import tables
from analysis.memory import finetuning, nf4
from analysis.transformer import shape_of_model


def reported_shapes(footprints: pd.DataFrame) -> dict:
    """The shapes of the models that the table `memory_reported` names."""
    models = tables.load("models")
    return {name: shape_of_model(name, models) for name in dict.fromkeys(footprints["model"]) if name}


@tables.kept
def headline() -> dict[str, float]:
    """Memory of fine-tuning LLaMA-65B on one sequence of 512 tokens by method [bytes], and bits of a weight of its frozen base."""
    shape = shape_of_model("LLaMA-65B", tables.load("models"))
    needed = {method: float(finetuning.finetuning_memory(shape, method).total) for method in finetuning.METHODS}
    return needed | {"bits": float(nf4.bits_per_param())}
