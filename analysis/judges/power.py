"""How many prompts a judge needs to tell two models apart."""

from statistics import NormalDist

import numpy as np
import pandas as pd

from analysis.judges.bradley_terry import ELO_PER_LOG_ODDS, Strengths, probabilities
from analysis.judges.verdicts import SCORES, Tournament, swapped
from analysis.statistics import normal_quantile
from analysis.trace import applied, array, named

NORMAL = NormalDist()
ASKED = ("both", "one")
_cdf = np.vectorize(NORMAL.cdf, otypes=[float])


def prompt_score(gap_elo, order: float, log_tie: float, asked: str = "both") -> tuple[np.ndarray, np.ndarray]:
    """(mean, standard deviation) of the points that a model takes on one prompt from another that is gap_elo weaker.

    Under `probabilities` with m1, v1 the mean and variance of its points when shown first, and m2, v2 when shown second. Asked in
    both orders, the points are their average: mean (m1 + m2) / 2, variance (v1 + v2) / 4, the two verdicts being independent. Asked once in
    an order drawn at random: the same mean, variance (v1 + v2) / 2 + (m1 - m2)^2 / 4.

    gap_elo: strength difference [Elo points]. order, log_tie: as in `Strengths`. asked: "both" or "one".

    >>> mean, sd = prompt_score(0.0, 0.0, -np.inf, "one")
    >>> float(mean), float(sd)
    (0.5, 0.5)
    """
    if asked not in ASKED:
        raise ValueError(f"asked must be 'both' or 'one', got {asked!r}")
    x = np.asarray(gap_elo, float) / ELO_PER_LOG_ODDS
    first = probabilities(x, order, log_tie)
    second = probabilities(-x, order, log_tie)[..., [1, 0, 2]]
    m1, m2 = first @ SCORES, second @ SCORES
    v1, v2 = first @ SCORES**2 - m1**2, second @ SCORES**2 - m2**2
    variance = (v1 + v2) / 4 if asked == "both" else (v1 + v2) / 2 + (m1 - m2) ** 2 / 4
    return (m1 + m2) / 2, np.sqrt(variance)


def prompts_needed(mean, sd, confidence: float = 0.95, power: float = 0.8) -> np.ndarray:
    """Prompts after which a two-sided test of "mean is one half" succeeds with probability `power`.

    n = ((z_(1+confidence)/2 + z_power) sd / (mean - 1/2))^2; infinite where the mean is one half.

    mean, sd: of the points per prompt. Raises ValueError for a confidence or power outside (0, 1).

    >>> round(float(prompts_needed(0.6, 0.5)))
    196
    """
    z = normal_quantile(confidence) + _reached(power)
    distance = np.abs(array(mean) - 0.5)
    with np.errstate(divide="ignore"):
        return (z * array(sd) / distance) ** 2


def whole(number):
    """A number of prompts, rounded up, and at least one.

    >>> float(whole(195.2))
    196.0
    """
    return np.maximum(np.ceil(number), 1.0)


def _reached(power: float) -> float:
    """The quantile that a standard normal stays below with probability power."""
    if not 0 < power < 1:
        raise ValueError(f"power must be between 0 and 1, got {power!r}")
    return named(applied("normal quantile", NORMAL.inv_cdf, power), "z_P", "normal quantile of that probability")


def power(n_prompts, mean: float, sd: float, confidence: float = 0.95) -> np.ndarray:
    """Probability that a two-sided test of "mean is one half" succeeds with n_prompts prompts.

    Phi(d - z) + Phi(-d - z) with d = |mean - 1/2| sqrt(n) / sd and z the normal quantile at (1 + confidence) / 2.

    >>> round(float(power(196, 0.6, 0.5)), 2)
    0.8
    """
    z = normal_quantile(confidence)
    d = np.abs(mean - 0.5) * np.sqrt(np.asarray(n_prompts, float)) / sd
    return _cdf(d - z) + _cdf(-d - z)


def scores_by_prompt(played: Tournament, model: str, other: str, asked: str = "both") -> np.ndarray:
    """Points of model against other: asked "both", the mean of the two orders on each prompt; "one", every single verdict.

    Prompts with a missing verdict are left out. Raises ValueError for a model that did not play.
    """
    for name in (model, other):
        if name not in played.models:
            raise ValueError(f"model must be one of {', '.join(played.models)}, got {name!r}")
    if model == other:
        raise ValueError(f"other must be another model than {model!r}")
    if asked not in ASKED:
        raise ValueError(f"asked must be 'both' or 'one', got {asked!r}")
    i, j = played.models.index(model), played.models.index(other)
    there, back = played.outcome[:, i, j], swapped(played.outcome[:, [i, j]][:, :, [i, j]])[:, 0, 1]
    kept = (there >= 0) & (back >= 0)
    points = np.stack([SCORES[there[kept]], SCORES[back[kept]]])
    return points.mean(axis=0) if asked == "both" else points.ravel()


def observed_pairs(played: Tournament, fitted: Strengths, confidence: float = 0.95, target: float = 0.8) -> pd.DataFrame:
    """What each pair of models would need, from the scatter of its own verdicts.

    Columns: stronger and weaker (by mean points), gap_elo (of the fit), mean and sd (of the points per prompt), n_prompts (with two
    usable verdicts), n_needed, told_apart (the test succeeds on these prompts), model_sd (`prompt_score` at that gap).
    """
    rows = []
    ratings = fitted.elo()
    for a, first in enumerate(played.models):
        for second in played.models[a + 1 :]:
            points = scores_by_prompt(played, first, second)
            stronger, weaker = (first, second) if points.mean() >= 0.5 else (second, first)
            mean, sd = max(points.mean(), 1 - points.mean()), points.std(ddof=1)
            gap = float(ratings[played.models.index(stronger)] - ratings[played.models.index(weaker)])
            needed = float(prompts_needed(mean, sd, confidence, target))
            z = normal_quantile(confidence)
            rows.append(
                {
                    "stronger": stronger,
                    "weaker": weaker,
                    "gap_elo": gap,
                    "mean": mean,
                    "sd": sd,
                    "n_prompts": len(points),
                    "n_needed": needed,
                    "told_apart": bool((mean - 0.5) * np.sqrt(len(points)) > z * sd),
                    "model_sd": float(prompt_score(gap, float(fitted.order), float(fitted.log_tie))[1]),
                }
            )
    return pd.DataFrame(rows)


def scatter_ratio(observed: pd.DataFrame) -> float:
    """Median over pairs of the observed standard deviation per prompt over that of the model with independent verdicts.

    Above one, the two verdicts on a prompt resemble each other; observed: rows of `observed_pairs`.
    """
    return float(np.median(observed["sd"] / observed["model_sd"]))
