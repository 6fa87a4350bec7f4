"""Strengths of models from paired comparisons with ties and an order effect, by maximum likelihood for many samples at once."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.judges.verdicts import Tournament

ELO_PER_LOG_ODDS = 400 / np.log(10)
"""Elo points per unit of log-odds: 400 points are odds of ten to one."""
TIES = ("davidson", "half", "dropped")
STEPS, TOLERANCE = 60, 1e-12
LARGEST = 15.0
"""Log-odds beyond which a parameter counts as running away: odds of three million to one."""


@dataclass(frozen=True)
class Strengths:
    """A fit, or a batch of fits: every array has the batch's shape in front.

    strength: log-odds, shape (..., models), with mean zero. order: advantage of the answer shown first [log-odds]; 0 where it was not
    fitted. log_tie: Davidson's tie parameter; -inf where ties are not an outcome of their own.
    """

    strength: np.ndarray
    order: np.ndarray
    log_tie: np.ndarray

    def elo(self) -> np.ndarray:
        """The strengths on the Elo scale: 1000 + 400 / ln(10) strength, so that the mean is 1000."""
        return 1000 + ELO_PER_LOG_ODDS * self.strength

    def order_elo(self) -> np.ndarray:
        """The advantage of being shown first, in Elo points."""
        return ELO_PER_LOG_ODDS * self.order


def probabilities(difference, order=0.0, log_tie=-np.inf) -> np.ndarray:
    """Probability that the answer shown first wins, loses or ties; shape (..., 3).

    With x = difference + order, the three are proportional to exp(x / 2), exp(-x / 2) and exp(log_tie): Davidson's extension of
    the Bradley-Terry model by ties, with the order effect multiplying the strength of the answer shown first. Without ties it is the
    logistic curve of Bradley and Terry and of Elo. [davidson1970] [davidson1977] [bradley1952]

    difference: strength of the first minus that of the second [log-odds]. The arguments broadcast.

    >>> probabilities(0.0, log_tie=0.0).round(3).tolist()
    [0.333, 0.333, 0.333]
    """
    x, tie = np.broadcast_arrays(np.asarray(difference, float) + order, np.asarray(log_tie, float))
    logits = np.stack([x / 2, -x / 2, tie], axis=-1)
    weights = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return weights / weights.sum(axis=-1, keepdims=True)


def log_likelihood(counts, fitted: Strengths) -> float:
    """The log-likelihood of counts, shape (models, models, 3), under one fit (without the multinomial constant)."""
    difference = fitted.strength[:, None] - fitted.strength[None, :]
    p = probabilities(difference, fitted.order, fitted.log_tie)
    counts = np.asarray(counts, float)
    return float(np.sum(counts[counts > 0] * np.log(p[counts > 0])))


def fit(counts, ties: str = "davidson", order: bool = True, runaway: bool = False) -> Strengths:
    """The strengths that make the counted verdicts most likely (`probabilities`), for one set of counts or a batch of them.

    counts: shape (..., models, models, 3): model shown first, model shown second, outcome (first, second, tie). ties: "davidson"
    makes a tie an outcome of its own, "half" counts it as half a win for each, "dropped" leaves it out. order: whether an advantage
    of the answer shown first is fitted. Newton's method on the concave log-likelihood, all samples at once.

    Raises ValueError where no finite maximum exists, as for a model that won or lost everything; with runaway such a sample is left
    where a parameter passed LARGEST.

    >>> counts = np.zeros((2, 2, 3)); counts[0, 1] = 30, 10, 0; counts[1, 0] = 10, 30, 0
    >>> fit(counts, ties="half").elo().round(1).tolist()
    [1095.4, 904.6]
    """
    if ties not in TIES:
        raise ValueError(f"ties must be one of {', '.join(TIES)}, got {ties!r}")
    counts = np.asarray(counts, float)
    batch, m = counts.shape[:-3], counts.shape[-2]
    i, j = np.nonzero(~np.eye(m, dtype=bool))
    cells = counts.reshape(-1, m, m, 3)[:, i, j]
    wins = cells[..., :2] + (cells[..., 2:] / 2 if ties == "half" else 0)
    cells = np.concatenate([wins, cells[..., 2:]], axis=-1) if ties == "davidson" else wins
    design = _design(i, j, m, order, ties == "davidson")
    theta, ran_away = _maximise(cells, design)
    if ran_away.any() and not runaway:
        raise ValueError("counts have no finite maximum: a model, or the answer shown first, won or lost everything, or ties never occur")
    strength = np.concatenate([np.zeros((len(theta), 1)), theta[:, : m - 1]], axis=1)
    strength -= strength.mean(axis=1, keepdims=True)
    effect = theta[:, m - 1] if order else np.zeros(len(theta))
    log_tie = theta[:, -1] if ties == "davidson" else np.full(len(theta), -np.inf)
    return Strengths(strength.reshape(*batch, m), effect.reshape(batch), log_tie.reshape(batch))


def _design(i, j, m: int, order: bool, ties: bool) -> np.ndarray:
    """What each parameter adds to the logit of each outcome of each ordered pair; shape (pairs, outcomes, parameters)."""
    strengths = (np.eye(m)[i] - np.eye(m)[j])[:, 1:]  # the first model's strength is zero until the mean is taken off
    x = np.concatenate([strengths, np.ones((len(i), 1))], axis=1) if order else strengths
    design = np.stack([x / 2, -x / 2], axis=1)
    if not ties:
        return design
    tied = np.concatenate([np.zeros((len(i), 1, x.shape[1])), np.ones((len(i), 1, 1))], axis=2)
    return np.concatenate([np.concatenate([design, np.zeros((len(i), 2, 1))], axis=2), tied], axis=1)


def _maximise(cells: np.ndarray, design: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Parameters at the maximum of the multinomial log-likelihood of each sample, and whether one of them ran away."""
    q = design.shape[2]
    flat = design.reshape(-1, q)
    squares = (flat[:, :, None] * flat[:, None, :]).reshape(len(flat), q * q)
    n = cells.sum(axis=2)
    theta, away = np.zeros((len(cells), q)), np.zeros(len(cells), bool)
    for step_number in range(STEPS):
        logits = np.einsum("pkq,bq->bpk", design, theta)
        p = np.exp(logits - logits.max(axis=2, keepdims=True))
        p /= p.sum(axis=2, keepdims=True)
        expected = n[..., None] * p
        gradient = np.where(away[:, None], 0.0, (cells - expected).reshape(len(cells), -1) @ flat)
        mean = np.einsum("bpk,pkq->bpq", p, design)
        hessian = (expected.reshape(len(cells), -1) @ squares).reshape(-1, q, q) - np.einsum("bp,bpq,bpr->bqr", n, mean, mean)
        if step_number == 0 and np.linalg.eigvalsh(hessian).min() < 1e-9:
            raise ValueError("counts leave the strengths open: some models never met, even by way of others, or only in one order")
        if np.abs(gradient).max() <= TOLERANCE * n.sum(axis=1).max():
            return theta, away
        hessian[away] = np.eye(q)
        step = np.linalg.solve(hessian, gradient[..., None])[..., 0]
        theta += step * np.minimum(1.0, 2.0 / np.maximum(np.abs(step).max(axis=1, keepdims=True), 1e-300))
        away |= np.abs(theta).max(axis=1) > LARGEST
    raise ValueError(f"counts lead to no maximum within {STEPS} steps of Newton's method")


def bootstrap(played: Tournament, n_resamples: int = 1000, ties: str = "davidson", order: bool = True, seed: int = 0) -> Strengths:
    """Fits to resamples of the prompts, drawn with replacement; a batch of n_resamples.

    A prompt is drawn with all its verdicts, because they share the prompt and are not independent of each other. A resample in which a
    model lost nothing keeps a rating at the bound of the search, so an interval is right as long as few of them do.
    """
    by_prompt = played.counts_by_prompt()
    n = len(by_prompt)
    weights = np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), n_resamples)
    counts = (weights.astype(float) @ by_prompt.reshape(n, -1)).reshape(n_resamples, *by_prompt.shape[1:])
    return fit(counts, ties, order, runaway=True)


def one_order_each(played: Tournament, n_draws: int = 1000, seed: int = 0) -> Strengths:
    """Fits to the verdicts of one order per pair of models, the order drawn at random for each pair; a batch of n_draws.

    What a tournament would have found that shows each pair in one order only. The order effect cannot be fitted along with it
    safely, so it is left out, as such a tournament would; ties count as half a win.
    """
    counts = played.counts()
    m = len(played.models)
    i, j = np.triu_indices(m, 1)
    heads = np.random.default_rng(seed).random((n_draws, len(i))) < 0.5
    kept = np.zeros((n_draws, m, m, 1))
    kept[:, i, j, 0], kept[:, j, i, 0] = heads, ~heads
    return fit(counts * kept, "half", order=False)


def rating_table(models, point: np.ndarray, resampled: np.ndarray) -> pd.DataFrame:
    """Ratings with 95% intervals and places; one row per model, the highest first.

    point: ratings, shape (models,). resampled: ratings of resamples, shape (resamples, models). Columns: model, rating, low and high (2.5th
    and 97.5th percentile), rank, rank_low and rank_high (the same percentiles of the place), above_next (share of the resamples in which
    the model is above the next one; NaN for the last).

    >>> rating_table(["a", "b"], np.array([900.0, 1100.0]), np.array([[900.0, 1100.0], [1010.0, 990.0]])).loc[0, "above_next"].item()
    0.5
    """
    order = np.argsort(-point)
    low, high = np.percentile(resampled, [2.5, 97.5], axis=0)
    places = (-resampled).argsort(axis=1).argsort(axis=1) + 1
    best, worst = np.percentile(places, [2.5, 97.5], axis=0, method="nearest")
    above = (resampled[:, order[:-1]] > resampled[:, order[1:]]).mean(axis=0)
    return pd.DataFrame(
        {
            "model": np.asarray(models, object)[order],
            "rating": point[order],
            "low": low[order],
            "high": high[order],
            "rank": np.arange(1, len(order) + 1),
            "rank_low": best[order],
            "rank_high": worst[order],
            "above_next": [*above, np.nan],
        }
    )
