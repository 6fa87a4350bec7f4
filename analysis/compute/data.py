"""Published training runs with what is computed from them."""

from typing import Any

import pandas as pd

from analysis import tables
from analysis.compute import costs
from analysis.transformer.model import slug


def published_models() -> pd.DataFrame:
    """The published training runs with computed FLOPs and tokens per parameter."""
    return _published_models().copy(deep=False)  # copy-on-write


@tables.kept
def _published_models() -> pd.DataFrame:
    return costs.published_runs(tables.load("models_training"), tables.load("gpus"))


@tables.kept
def runs_with_tokens() -> dict[str, dict[str, Any]]:
    """The published runs whose tokens are known, by the key of their model.

    >>> runs_with_tokens()["bloomberggpt-50b"]["n_tokens"]
    569000000000.0
    """
    known = _published_models().dropna(subset=["n_tokens"])
    return {slug(row["model"]): row for row in known.to_dict("records")}
