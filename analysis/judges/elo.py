"""Elo ratings over many orderings of the same matches, all orderings at once."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from analysis.judges.verdicts import SCORES, Tournament

K = 32.0
"""Points that one match moves at most [dettmers2023, Section 5.2]."""
START = 1000.0
"""Rating of every model before its first match [dettmers2023, Section 5.2]."""
REMEMBERED = 2600
"""So many last matches fix a rating to 0.01 points among up to eight models: what was before is forgotten (`forgetting`)."""
BATCH = 2500
"""Orderings that run together; more do not fit the processor's cache."""


def matches(played: Tournament, ties: str = "half") -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(first, second, score) of every usable verdict: positions in played.models, and the points of the model shown first.

    ties: "half" counts a tie as half a win, "dropped" leaves it out. Raises ValueError for another word.

    >>> matches(Tournament(("a", "b"), ("p",), np.array([[[-1, 2], [1, -1]]])))[2].tolist()
    [0.5, 0.0]
    """
    if ties not in ("half", "dropped"):
        raise ValueError(f"ties must be 'half' or 'dropped', got {ties!r}")
    prompt, first, second = np.nonzero((played.outcome >= 0) & ((played.outcome != 2) | (ties == "half")))
    return first, second, SCORES[played.outcome[prompt, first, second]]


def elo(first, second, score, orders, n_models: int, k: float = K, start: float = START) -> np.ndarray:
    """Ratings after the matches in each ordering; shape (orderings, models).

    One match moves the rating of the model shown first by k (score - 1 / (1 + 10^((R_second - R_first) / 400))) and that of the
    other by as much the other way, so their sum stays what it was.

    first, second: positions of the models. score: points of the first, 1, 0.5 or 0. orders: shape (orderings, matches played),
    positions of matches. start: one rating for all, or one per model.

    >>> elo([0], [1], [1.0], [[0]], 2).tolist()
    [[1016.0, 984.0]]
    """
    first, second, gain = np.asarray(first), np.asarray(second), k * np.asarray(score, float)
    orders = np.asarray(orders)
    result = np.empty((len(orders), n_models))
    for low in range(0, len(orders), BATCH):
        steps = np.ascontiguousarray(orders[low : low + BATCH].T)
        result[low : low + BATCH] = _run(first, second, gain, steps, n_models, k, start)
    return result


def _run(first, second, gain, steps, n_models, k, start) -> np.ndarray:
    """The ratings of one batch; steps: shape (matches played, orderings)."""
    n = steps.shape[1]
    ratings = np.broadcast_to(np.asarray(start, float), (n, n_models)).ravel()
    own = np.arange(n) * n_models
    scale = np.log(10) / 400
    for match in steps:
        a, b = first[match] + own, second[match] + own
        of_a, of_b = ratings[a], ratings[b]
        change = (of_b - of_a) * scale
        np.exp(change, out=change)
        change += 1
        np.divide(-k, change, out=change)  # minus k times the expected score
        change += gain[match]
        ratings[a] = of_a + change
        ratings[b] = of_b - change
    return ratings.reshape(n, n_models)


def orderings(n_matches: int, n_orderings: int, seed: int = 0, last: int | None = None) -> np.ndarray:
    """Random orderings of the matches; shape (n_orderings, n_matches), or only their last `last` matches.

    The last matches of a random ordering are a random choice without repetition, so nothing is lost by drawing only them.

    >>> sorted(orderings(4, 1)[0].tolist())
    [0, 1, 2, 3]
    """
    rng = np.random.default_rng(seed)
    kept = n_matches if last is None else min(last, n_matches)
    result = np.empty((n_orderings, kept), np.int32)
    for row in result:
        row[:] = rng.choice(n_matches, kept, replace=False) if n_matches > 4 * kept else rng.permutation(n_matches)[:kept]
    return result


def replay(
    played: Tournament,
    n_orderings: int,
    ties: str = "half",
    seed: int = 0,
    last: int | None = REMEMBERED,
    progress: Callable[[int, int, str], None] | None = None,
) -> np.ndarray:
    """Elo ratings of the tournament in n_orderings random orderings; shape (n_orderings, models).

    Every usable verdict is a match, so each prompt and pair counts twice, once in each order of the answers. Only the last
    `last` matches of an ordering are played (None: all of them): REMEMBERED of them give the rating to 0.01 points.
    The first n rows are the same for any larger n_orderings. [dettmers2023, Section 5.2]
    """
    first, second, score = matches(played, ties)
    parts = []
    for number, low in enumerate(range(0, n_orderings, BATCH)):
        orders = orderings(len(score), min(BATCH, n_orderings - low), seed * 1_000_003 + number, last)
        parts.append(elo(first, second, score, orders, len(played.models)))
        if progress:
            progress(low + len(orders), n_orderings, "Replaying the tournament")
    return np.concatenate(parts)


def request(played: Tournament, n_orderings: int, ties: str = "half") -> dict[str, Any]:
    """What `task` has to be asked for the replay, as plain values."""
    return {
        "models": list(played.models),
        "prompts": list(played.prompts),
        "outcome": played.outcome.tolist(),
        "n_orderings": n_orderings,
        "ties": ties,
    }


def task(arguments: Mapping[str, Any], progress: Callable[[int, int, str], None]) -> list[list[float]]:
    """Worker task: the ratings of `replay` as lists. arguments: what `request` returns."""
    played = Tournament(tuple(arguments["models"]), tuple(arguments["prompts"]), np.array(arguments["outcome"], np.int8))
    return replay(played, arguments["n_orderings"], arguments["ties"], progress=progress).tolist()


def spread(ratings: np.ndarray, models) -> pd.DataFrame:
    """Mean, and how far one ordering and the mean of all of them scatter; one row per model, the highest mean first.

    ratings: shape (orderings, models). Columns: model, mean, sd (of one ordering), low and high (2.5th and 97.5th percentile
    of one ordering), error (standard error of the mean, sd / sqrt(orderings)), mean_low and mean_high (mean -+ 1.96 error), rank.

    >>> spread(np.array([[1010.0, 990.0], [990.0, 1010.0], [1030.0, 970.0]]), ["a", "b"])["mean"].tolist()
    [1010.0, 990.0]
    """
    n = len(ratings)
    mean, sd = ratings.mean(axis=0), ratings.std(axis=0, ddof=1 if n > 1 else 0)
    low, high = np.percentile(ratings, [2.5, 97.5], axis=0)
    error = sd / np.sqrt(n)
    table = pd.DataFrame(
        {
            "model": list(models),
            "mean": mean,
            "sd": sd,
            "low": low,
            "high": high,
            "error": error,
            "mean_low": mean - 1.96 * error,
            "mean_high": mean + 1.96 * error,
        }
    )
    table = table.sort_values("mean", ascending=False, ignore_index=True)
    return table.assign(rank=np.arange(1, len(table) + 1))


def forgetting(played: Tournament, ties: str = "half", n_orderings: int = 200, n_matches: int = 1200, seed: int = 0) -> float:
    """Matches of the tournament after which half of a head start is gone, as the mean over models.

    Each model in turn starts 100 points higher; the difference that this makes to its own rating is followed through the same
    orderings and averaged. It falls below 50 after so many matches of the whole tournament (not of that model alone).
    """
    first, second, score = matches(played, ties)
    m = len(played.models)
    level = replay(played, 50, ties, seed).mean(axis=0)
    orders = orderings(len(score), n_orderings, seed, n_matches)
    halves = []
    for model in range(m):
        ahead = level + 100.0 * (np.arange(m) == model)
        low, high = 0, orders.shape[1]
        while high - low > 1:
            middle = (low + high) // 2
            first_run, other_run = (elo(first, second, score, orders[:, :middle], m, start=start)[:, model] for start in (ahead, level))
            low, high = (middle, high) if (first_run - other_run).mean() > 50 else (low, middle)
        halves.append(high)
    return float(np.mean(halves))
