"""Verdicts on what the article says: each check takes numbers and says whether the statement holds.

`analysis.build.claims` gathers the numbers, data/claims.csv holds the statements and the verdict we publish, and a test
holds the two together. Where nothing is computed, data/claim_facts.csv holds what the sources say.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

VERDICTS = {
    "supported": ("confirmed", "The numbers or the source say the same."),
    "approximate": ("roughly right", "Nearly the same, or the same with a condition."),
    "corrected": ("not as stated", "The numbers or the source say something else."),
    "reported": ("not recomputed", "As a paper reports it; neither confirmed nor corrected here."),
    "rumour": ("rumour", "Unconfirmed; only its arithmetic can be checked."),
    "forecast": ("forecast", "About what was still to come; beside it, what later sources say."),
}
"""Word and meaning of each verdict, by the key of data/claims.csv."""
CHECKED = ("supported", "approximate", "corrected")
"""The verdicts that say whether a statement holds."""
HOW = {
    "recomputed": ("recomputed", "Counted, fitted, simulated or measured here."),
    "printed": ("from printed values", "Compared or combined from values that papers print."),
    "restated": ("restated", "Read in the source; nothing is computed."),
}
"""How a verdict was reached, by the key of data/claims.csv: word and meaning."""
CLOSE = 0.05
"""A size that a name rounds may differ from it by this share."""
NEGLIGIBLE = 0.01
"""Accuracy below which a difference is called small [share]."""


@dataclass(frozen=True)
class Check:
    """What a check found: one of VERDICTS, and the recomputed numbers in words."""

    verdict: str
    found: str

    def __post_init__(self):
        if self.verdict not in VERDICTS:
            raise ValueError(f"verdict must be one of {', '.join(VERDICTS)}, got {self.verdict!r}")


def close(value: float, stated: float, share: float = CLOSE) -> bool:
    """Whether value is within a share of what was stated.

    >>> close(7.24e9, 7e9), close(46.7e9, 56e9)
    (True, False)
    """
    return abs(value / stated - 1) <= share


def sizes_agree(counted: Mapping[float, float]) -> bool:
    """Whether every counted number of parameters is close to the size in its name: {stated: counted}.

    >>> sizes_agree({70e6: 70.4e6, 12e9: 11.85e9})
    True
    """
    return all(close(value, stated) for stated, value in counted.items())


def no_effect(intervals: Sequence[tuple[float, float, float]]) -> str:
    """The verdict on "makes no difference" from (mean, low, high) of several ways to count, the first being the main one.

    Supported where every interval holds zero; approximate where some do not but every mean is smaller than two times
    NEGLIGIBLE; corrected otherwise.

    >>> no_effect([(0.001, -0.002, 0.004)]), no_effect([(0.003, -0.001, 0.007), (0.004, 0.001, 0.007)]), no_effect([(0.05, 0.04, 0.06)])
    ('supported', 'approximate', 'corrected')
    """
    if all(low <= 0 <= high for _, low, high in intervals):
        return "supported"
    return "approximate" if all(abs(mean) < 2 * NEGLIGIBLE for mean, _, _ in intervals) else "corrected"


def ahead(wins: int, losses: int) -> bool:
    """Whether a model wins more of the shared benchmarks than it loses."""
    return wins > losses


def optimum_ratios(n_params: float, optima: Mapping[str, float]) -> str:
    """The verdict on "a good size" from the optimal sizes under several laws.

    Supported where the size is within a factor of two of every optimum, approximate where it is so of some, else corrected.

    >>> optimum_ratios(50e9, {"a": 40e9, "b": 60e9}), optimum_ratios(50e9, {"a": 40e9, "b": 10e9}), optimum_ratios(50e9, {"a": 5e9})
    ('supported', 'approximate', 'corrected')
    """
    near = [0.5 <= n_params / best <= 2 for best in optima.values()]
    return "supported" if all(near) else "approximate" if any(near) else "corrected"


def with_findings(claims: pd.DataFrame, checks: pd.DataFrame, facts: pd.DataFrame) -> pd.DataFrame:
    """The claims with column found: what the check found, or else what the sources say, "" where there is neither.

    >>> claims = pd.DataFrame({"id": ["a", "b"]})
    >>> checks = pd.DataFrame({"id": ["a"], "found": ["7.2 B"]})
    >>> facts = pd.DataFrame({"claim": ["b", "b"], "fact": ["in 16 bits", "slower"]})
    >>> with_findings(claims, checks, facts)["found"].tolist()
    ['7.2 B', 'in 16 bits; slower']
    """
    found = checks.set_index("id")["found"].to_dict()
    told = facts.groupby("claim")["fact"].agg("; ".join).to_dict()
    return claims.assign(found=[found.get(claim) or told.get(claim, "") for claim in claims["id"]])


def counts(claims: pd.DataFrame) -> pd.DataFrame:
    """How many claims of each paper have each verdict: one row per paper (id of the work), one column per verdict.

    >>> counts(pd.DataFrame({"about": ["a", "a"], "verdict": ["supported", "reported"]})).loc["a"].tolist()
    [1, 0, 0, 1, 0, 0]
    """
    table = pd.crosstab(claims["about"], claims["verdict"])
    return table.reindex(index=list(dict.fromkeys(claims["about"])), columns=list(VERDICTS), fill_value=0)
