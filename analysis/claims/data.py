"""The claims with what was found when they were recomputed."""

import pandas as pd

from analysis import tables
from analysis.claims import verdicts


def stored() -> pd.DataFrame:
    """The statements with what the checks found."""
    return verdicts.with_findings(tables.load("claims"), tables.load("claim_checks"))
