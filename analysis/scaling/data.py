"""Published laws, released runs and stored fits, kept until their tables change."""

from typing import Any

import numpy as np
import pandas as pd

from analysis import tables
from analysis.scaling import chinchilla, fitting
from analysis.scaling import published as scaling_published

COMPUTE_RANGE = (1e18, 1e26)
LAW_TABLES = ("laws", "scaling_laws", "chinchilla_optimal")
DEFAULT_LAWS = (
    "hoffmann2022_approach1",
    "hoffmann2022_approach2",
    "hoffmann2022_approach3",
    "hoffmann2022_approach3_rounded",
    "besiroglu2024",
)


def compute_axis() -> np.ndarray:
    """The budgets [FLOP] at which lines over compute are drawn; two a decade, since the laws are straight on these axes."""
    return np.geomspace(*COMPUTE_RANGE, 17)


def published() -> dict[str, Any]:
    """The published laws from the tables, by id."""
    return dict(_published())


@tables.kept
def _published() -> dict[str, Any]:
    return scaling_published.published_laws(*map(tables.load, LAW_TABLES))


def released_runs(dropped: int) -> pd.DataFrame:
    """The released runs with n_tokens = C / (6 N), without the `dropped` highest losses."""
    return _released_runs(dropped).copy(deep=False)  # copy-on-write


@tables.kept
def _released_runs(dropped: int) -> pd.DataFrame:
    return fitting.drop_highest_losses(chinchilla.with_tokens(tables.load("chinchilla_runs")), dropped)


def released_fit(dropped: int) -> tuple[chinchilla.ScalingLaw, pd.DataFrame]:
    """(law, resamples) fitted to the released runs without the `dropped` highest losses, from the derived tables."""
    law, resamples = _released_fit(dropped)
    return law, resamples.copy(deep=False)  # copy-on-write


@tables.kept
def _released_fit(dropped: int) -> tuple[chinchilla.ScalingLaw, pd.DataFrame]:
    fits = tables.load("scaling_fits").set_index("dropped")
    constants: dict[str, Any] = {name: float(fits.loc[dropped, name]) for name in chinchilla.CONSTANTS}
    law = chinchilla.ScalingLaw(
        **constants,
        id="fit",
        label="our Chinchilla refit",
        source="besiroglu2024",
    )
    resamples = tables.load("scaling_resamples")
    return law, resamples[resamples["dropped"] == dropped].reset_index(drop=True)


def law_of(key: str) -> Any:
    """A published law by its id, or with "fit" the refit of the released runs without the five highest losses."""
    return released_fit(5)[0] if key == "fit" else _published()[key]


def law_labels(fitted: str = "our Chinchilla refit") -> dict[str, str]:
    """The label of every law that can be chosen, by id, with the fit first; marked where it rests on a single source.

    >>> list(law_labels())[:2]
    ['fit', 'kaplan2020']
    """
    return {"fit": fitted} | {law_id: law_name(law) for law_id, law in _published().items()}


def law_name(law: Any) -> str:
    """The law's label with a mark where it rests on a single secondary source or on memory."""
    return f"{law.label}{' (single source)' if law.single_source else ''}"


@tables.kept
def chinchilla_flops() -> float:
    """Training compute of Chinchilla [FLOP], the same as Gopher's, as its paper prints it."""
    return float(tables.load("models_training").set_index("model").at["Chinchilla 70B", "train_flops"])
