"""Shapes of the models whose memory is reported."""

import pandas as pd

from analysis import tables
from analysis.transformer import shape_of_model


def reported_shapes(footprints: pd.DataFrame) -> dict:
    """The shapes of the models that the table `memory_reported` names."""
    models = tables.load("models")
    return {name: shape_of_model(name, models) for name in dict.fromkeys(footprints["model"]) if name}
