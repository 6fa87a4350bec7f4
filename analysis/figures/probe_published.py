"""What figures of the probe draw beside runs: counts in the Pile, and published accuracies of Pythia."""

from functools import lru_cache

import pandas as pd

from analysis import tables
from analysis.term_frequency import association
from analysis.term_frequency.data import SHOTS, SIZES, STEPS

CORPUS = "pile_train"


@lru_cache(maxsize=1)
def counts() -> pd.Series:
    """Occurrences in the Pile, by operand."""
    return association.frequencies_of(tables.load("number_frequencies"))[CORPUS]


@lru_cache(maxsize=512)
def published(model: str, step: int, shots: int, operation: str) -> pd.Series:
    """Published accuracy by operand, in the order of `counts`. Kept, so not to be changed."""
    rows = tables.load("term_frequency")
    chosen = (rows["model"] == model) & (rows["step"] == step) & (rows["shots"] == shots) & (rows["operation"] == operation)
    return rows[chosen].set_index("operand")["accuracy"].reindex(counts().index)


@lru_cache(maxsize=512)
def published_bins(model: str, step: int, shots: int, operation: str, n_bins: int) -> pd.DataFrame:
    """Published accuracy in bins of operands. Kept, so not to be changed."""
    return association.binned(counts(), published(model, step, shots, operation), n_bins)


def published_models() -> tuple[str, ...]:
    """Sizes of Pythia whose accuracies are published, the largest first."""
    return SIZES[::-1]


def published_shots() -> tuple[int, ...]:
    """Numbers of examples with which they were asked."""
    return SHOTS


def published_steps() -> tuple[int, ...]:
    """Checkpoints at which they were asked."""
    return STEPS
