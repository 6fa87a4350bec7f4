"""Published training runs with what is computed from them."""

import pandas as pd

from analysis import tables
from analysis.compute import costs


def published_models() -> pd.DataFrame:
    """The published training runs with computed FLOPs and tokens per parameter."""
    return _published_models().copy(deep=False)  # copy-on-write


@tables.kept
def _published_models() -> pd.DataFrame:
    return costs.published_runs(tables.load("models_training"), tables.load("gpus"))
