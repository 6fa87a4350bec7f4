"""Differences between runs that differ in one thing, with intervals over sizes and tasks."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pandas as pd

RESAMPLES = 2000
SEED = 2023


def differences(rows: pd.DataFrame, treated: Sequence[str], reference: Sequence[str]) -> pd.DataFrame:
    """Pairs of runs at equal tokens: columns model, shots, n_tokens, task, difference, with difference = treated - reference.

    rows: of the table pythia_scores. treated, reference: arms; of each, a model has at most one.
    """
    keys = ["model", "shots", "n_tokens", "task"]
    sides = [rows[rows["arm"].isin(arms)].astype({"model": str, "task": str}).set_index(keys)["value"] for arms in (treated, reference)]
    both = pd.concat(sides, axis=1, join="inner", keys=["treated", "reference"])
    return (both["treated"] - both["reference"]).rename("difference").reset_index()


@dataclass(frozen=True)
class Contrast:
    """A mean difference between pairs of runs [share of right answers], with 95 % intervals.

    mean, low, high: over all pairs and tasks. by_model and by_task: columns mean, low, high, indexed by their names; by_model resamples
    tasks only, by_task models only. cells: models x tasks, each averaged over checkpoints and numbers of examples.
    """

    mean: float
    low: float
    high: float
    by_model: pd.DataFrame
    by_task: pd.DataFrame
    cells: pd.DataFrame


def crossed_bootstrap(cells, n_resamples: int = RESAMPLES, seed: int = SEED) -> np.ndarray:
    """Means of a table whose rows and columns are drawn anew, independently, with replacement; shape (n_resamples,).

    A mean of cells x_st over S sizes and T tasks is resampled as sum_st u_s v_t x_st / (S T), with u and v how often each size and each
    task was drawn. Cells of one size share a training run, cells of one task share its items, so neither are independent; drawing single
    cells would make the interval too narrow. Checkpoints of a run are averaged before, since they are one run.

    cells: S x T without gaps. Raises ValueError for fewer than two rows or columns. Source: [owen2007].

    >>> float(crossed_bootstrap([[1.0, 1.0], [1.0, 1.0]], 10).std())
    0.0
    """
    cells = np.asarray(cells, dtype=float)
    if cells.ndim != 2 or min(cells.shape) < 2 or not np.isfinite(cells).all():
        raise ValueError(f"cells must be a table of at least two rows and columns without gaps, got shape {cells.shape}")
    rows, columns = (draws(n, n_resamples, seed + side) for side, n in enumerate(cells.shape))
    return (rows @ cells * columns).sum(axis=1)


@lru_cache(maxsize=64)
def draws(n: int, n_resamples: int, seed: int) -> np.ndarray:
    """How often each of n things is drawn in n draws with replacement, over n: shape (n_resamples, n), rows add up to 1.

    >>> float(draws(3, 5, 0).sum())
    5.0
    """
    weights = np.random.RandomState(seed).multinomial(n, [1 / n] * n, n_resamples) / n
    weights.setflags(write=False)
    return weights


def cell_means(pairs: pd.DataFrame) -> pd.DataFrame:
    """Mean difference of each model (rows) on each task (columns); models without one of the tasks are left out."""
    return pairs.groupby(["model", "task"], sort=True)["difference"].mean().unstack().dropna()


def contrast(pairs: pd.DataFrame, n_resamples: int = RESAMPLES, seed: int = SEED) -> Contrast:
    """The mean of paired differences with its interval, over sizes and tasks as two crossed clusters (see `crossed_bootstrap`).

    pairs: rows of `differences`, for the checkpoints and tasks that are wanted. Checkpoints of one run and 0 and 5 examples on one
    task are averaged first. Sizes (or tasks) count the same, however many checkpoints they have. Models that lack a task are left out.
    """
    cells = cell_means(pairs)
    values = cells.to_numpy()
    low, high = np.percentile(crossed_bootstrap(values, n_resamples, seed), [2.5, 97.5])
    sides = []
    for table in (values, values.T):
        drawn = table @ draws(table.shape[1], n_resamples, seed).T
        sides.append((table.mean(axis=1), *np.percentile(drawn, [2.5, 97.5], axis=1)))
    frames = [
        pd.DataFrame(dict(zip(("mean", "low", "high"), side, strict=True)), index=index)
        for side, index in zip(sides, (cells.index, cells.columns), strict=True)
    ]
    return Contrast(float(values.mean()), float(low), float(high), frames[0], frames[1], cells)


def contrast_course(pairs: pd.DataFrame, n_resamples: int = RESAMPLES, seed: int = SEED) -> pd.DataFrame:
    """`contrast` at every checkpoint: columns n_tokens, mean, low, high, n_models; the resamples are the same at all of them."""
    rows = []
    for tokens, part in pairs.groupby("n_tokens"):
        cells = cell_means(part)
        if min(cells.shape) >= 2:
            low, high = np.percentile(crossed_bootstrap(cells.to_numpy(), n_resamples, seed), [2.5, 97.5])
            rows.append((tokens, cells.to_numpy().mean(), low, high, len(cells)))
    return pd.DataFrame(rows, columns=["n_tokens", "mean", "low", "high", "n_models"])
