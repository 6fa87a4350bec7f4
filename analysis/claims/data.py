"""The claims with what was found when they were checked."""

import pandas as pd

from analysis import tables
from analysis.claims import verdicts


def stored() -> pd.DataFrame:
    """The statements with what the checks found, or what the sources say."""
    return verdicts.with_findings(tables.load("claims"), tables.load("claim_checks"), tables.load("claim_facts"))


def sources_of(claims: pd.DataFrame) -> list[str]:
    """The works that the statements are about or that say something on them, each once."""
    facts = tables.load("claim_facts")
    return list(dict.fromkeys([*claims["about"], *facts.loc[facts["claim"].isin(claims["id"]), "source"]]))
