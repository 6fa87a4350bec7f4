"""How strongly raters prefer one video generator to another: intervals of win rates, the votes behind them, and one ranking."""

import re
from collections.abc import Sequence

import numpy as np
import pandas as pd

from analysis.judges import bradley_terry
from analysis.scaling.chinchilla import positive
from analysis.statistics import wilson_interval
from analysis.trace import array

CRITERIA = ("quality", "faithfulness")
ROUNDED = 0.05 + 1e-9
"""Half of the last digit of a share that is printed in percent with one decimal."""
VERSUS = re.compile(r"^(?:(?:UCF-101 )?human evaluation|image animation) vs (.+)$|^(.+?) vs (.+)$")
NUMBER = re.compile(r"(\d+) (?:prompts|videos)")


def prompts_for(share, level: float = 0.95, largest: int = 2000) -> np.ndarray:
    """The fewest votes at which Wilson's interval of a share lies wholly above one half; NaN where `largest` do not do. Broadcasts.

    >>> float(prompts_for(0.6))
    97.0
    """
    shares = np.atleast_1d(np.asarray(share, dtype=float))
    low, _ = wilson_interval(shares[..., None], np.arange(1, largest + 1), level)
    found = np.where((low > 0.5).any(axis=-1), (low > 0.5).argmax(axis=-1) + 1.0, np.nan)
    return found.reshape(np.shape(share))


def nearest_votes(percent, n) -> tuple[np.ndarray, np.ndarray]:
    """(votes, gap): the whole number of n votes nearest to a printed percentage, and by how many points it misses it. Broadcasts.

    A share of n votes can only be a multiple of 100 / n; where the gap exceeds half of the last printed digit, the share was rounded
    otherwise or other votes are behind it. Source: [brown2017grim].

    >>> votes, gap = nearest_votes(98.5, 65)
    >>> float(votes), round(float(gap), 3)
    (64.0, 0.038)
    """
    n = positive("n", n)
    votes = np.round(np.asarray(percent, dtype=float) / 100 * n)
    return votes, np.abs(100 * votes / n - percent)


def fewest_votes(percents: Sequence[float], largest: int = 1000, tolerance: float = 0.0101) -> int | None:
    """The smallest number of votes of which all the printed percentages can be shares; None if there is none up to `largest`.

    tolerance: points by which rounding may move a share; the default is a unit of the second decimal, so that shares cut off instead of
    rounded pass too. Multiples of the number fit as well, so it is a lower bound. Source: [brown2017grim].

    >>> fewest_votes([49.33, 42.67, 8.0])
    75
    """
    numbers = np.arange(1, largest + 1)
    _, gap = nearest_votes(np.asarray(percents, dtype=float)[:, None], numbers)
    fits = (gap <= tolerance).all(axis=0)
    return int(numbers[fits.argmax()]) if fits.any() else None


def comparisons(scores: pd.DataFrame) -> pd.DataFrame:
    """Reported win rates as one row each: the columns of the table vision_scores with first, second, criterion, share and n.

    scores: rows of vision_scores. Kept are shares of comparisons won, whose benchmark names both sides ("human evaluation vs Pika
    Labs"); first and second are the systems, share is of 1 in favour of the first, criterion one of CRITERIA, n the number of prompts, NaN
    where it is not stated.
    """
    rows = scores[scores["metric"].str.match(r"(win_rate|preference)_(quality|faithfulness)$")].copy()
    sides = rows["printed_benchmark"].str.extract(VERSUS)
    rows["first"] = sides[1].fillna(rows["model"])
    rows["second"] = sides[0].fillna(sides[2])
    rows["criterion"] = rows["metric"].str.rsplit("_", n=1).str[1]
    rows["share"] = rows["value"] / 100
    rows["n"] = rows["printed_setting"].str.extract(NUMBER)[0].astype(float)
    return rows.reset_index(drop=True)


def both_criteria(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows of `comparisons` with quality and faithfulness of a pair averaged into one row, criterion "both", on the same n prompts.

    The same prompts stand behind both shares, so they are counted once; an interval is then rather too wide than too narrow.
    """
    keys = ["first", "second", "n", "location", "source"]
    means = rows.groupby(keys, sort=False, dropna=False).agg(share=("share", "mean"), verified=("verified", "min")).reset_index()
    return means.assign(criterion="both")


def vote_counts(rows: pd.DataFrame, added: float) -> tuple[list[str], np.ndarray]:
    """(systems, counts) of comparisons for the Bradley-Terry fit: counts has shape (systems, systems, 3), with `added` votes on each side.

    A system that lost every vote has no finite strength; half a vote on each side of every pair that was compared gives it one.
    """
    systems = list(dict.fromkeys([*rows["first"], *rows["second"]]))
    at = {system: number for number, system in enumerate(systems)}
    counts = np.zeros((len(systems), len(systems), 3))
    for first, second, share, n in zip(rows["first"], rows["second"], rows["share"], rows["n"], strict=True):
        counts[at[first], at[second], :2] += share * n + added, (1 - share) * n + added
    return systems, counts


def ranking(rows: pd.DataFrame, added: float = 0.5, n_resamples: int = 1000, seed: int = 0) -> pd.DataFrame:
    """Strengths of all systems from their win rates, the strongest first: columns as of `judges_bradley_terry.rating_table`, and n_pairs.

    A Bradley-Terry model on share * n wins of n in every pair, with `added` votes on each side (`vote_counts`); ratings are Elo points
    below the strongest system. The interval holds 95% of refits in which each pair's share is drawn from a beta distribution with
    the wins and losses, added votes included, as its parameters. Source: [bradley1952].

    rows: of `comparisons`, one criterion, n known. Raises ValueError where a pair was never linked to the rest, or added is not positive.

    >>> rows = pd.DataFrame({"first": ["a", "a"], "second": ["b", "c"], "share": [0.75, 0.5], "n": [100.0, 100.0]})
    >>> ranking(rows, added=1e-9)["rating"].round().tolist()
    [0.0, 0.0, -191.0]
    """
    positive("added", added)
    systems, counts = vote_counts(rows, added)
    played = counts.sum(axis=-1) > 0
    wins, losses = counts[played, 0], counts[played, 1]
    drawn = np.random.default_rng(seed).beta(wins, losses, (n_resamples, len(wins)))
    batch = np.zeros((n_resamples, *counts.shape))
    batch[:, played, 0], batch[:, played, 1] = drawn * (wins + losses), (1 - drawn) * (wins + losses)
    point = bradley_terry.fit(counts, "half", order=False, runaway=True).elo()
    resampled = bradley_terry.fit(batch, "half", order=False, runaway=True).elo()
    best = int(point.argmax())
    table = bradley_terry.rating_table(systems, point - point[best], resampled - resampled[:, [best]])
    pairs = played.sum(axis=0) + played.sum(axis=1)
    return table.assign(n_pairs=table["model"].map(dict(zip(systems, pairs, strict=True))))


def implied_share(first_over_shared, second_over_shared):
    """Share that the first should win against the second, if each one's share against a third system is known: odds divide. Broadcasts.

    The Bradley-Terry model says that log-odds add up; a comparison that was made as well shows whether raters' choices do.

    >>> round(float(implied_share(0.8, 0.5)), 3)
    0.8
    """
    odds = [array(share) / (1 - array(share)) for share in (first_over_shared, second_over_shared)]
    return odds[0] / (odds[0] + odds[1])
