"""Published training runs with what is computed from them."""

from functools import lru_cache

import pandas as pd

from analysis import tables
from analysis.scaling import published as published


def published_models() -> pd.DataFrame:
    """The published training runs with computed FLOPs and tokens per parameter."""
    return _published_models(tables.state("models_training", "gpus")).copy(deep=False)  # copy-on-write


@lru_cache(maxsize=2)
def _published_models(state: tuple) -> pd.DataFrame:
    from analysis.compute import costs

    return costs.published_runs(tables.load("models_training"), tables.load("gpus"))
