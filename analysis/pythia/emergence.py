"""When an ability appears: a sigmoid in the logarithm of training tokens, and the tokens at which half of the gain is made."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

CENTRES = np.arange(6.5, 12.001, 0.02)
WIDTHS = np.geomspace(0.03, 1.2, 24)
RESAMPLES = 400
SEED = 2023
GAIN_TEST = 11.345
"""By how much chi-square must fall from a constant to the sigmoid: 99 % of its distribution with three degrees of freedom."""
WIDEST = 1.5
"""Widest interval, in decades of tokens, that still counts as telling when."""


@dataclass(frozen=True)
class Emergence:
    """A fitted rise of accuracy with tokens.

    accuracy = start + height / (1 + exp(-(log10 tokens - centre) / width)). gain: rise from start to the last checkpoint. half_tokens:
    where half of the gain is reached; low, high: its 95 % interval. misfit: root mean square of residuals over standard errors. status:
    "identified"; "no gain" where a constant does as well; "not identified" where the interval is wider than 1.5 decades or leaves the
    checkpoints. All but misfit and status are NaN unless identified.
    """

    start: float
    gain: float
    height: float
    centre: float
    width: float
    half_tokens: float
    low: float
    high: float
    misfit: float
    status: str


def sigmoid(tokens, centre, width):
    """1 / (1 + exp(-(log10 tokens - centre) / width)); 0 before training (tokens 0). Broadcasts.

    >>> float(sigmoid(1e9, 9.0, 0.5)), float(sigmoid(0, 9.0, 0.5))
    (0.5, 0.0)
    """
    tokens = np.asarray(tokens, dtype=float)
    with np.errstate(divide="ignore", over="ignore"):
        return 1 / (1 + np.exp(-np.clip((np.log10(tokens) - centre) / width, -700, 700))) * (tokens > 0)


def half_of_gain(centre, width, last_tokens):
    """Tokens at which half of the rise up to last_tokens is made. Broadcasts.

    With s = sigmoid(last_tokens): log10 = centre + width * log(h / (1 - h)), h = s / 2. It lies below the centre where training ends before
    the sigmoid does, so it does not rest on what lies beyond the last checkpoint.

    >>> float(half_of_gain(9.0, 0.01, 1e12))
    1000000000.0
    """
    h = sigmoid(last_tokens, centre, width) / 2
    return 10 ** (centre + width * np.log(h / (1 - h)))


def standard_errors(accuracy, stderr, n_samples):
    """Standard errors that are never zero: the larger of stderr and that of (right + 1) out of (n + 2).

    >>> float(standard_errors(0.0, 0.0, 98)) > 0
    True
    """
    n = np.asarray(n_samples, dtype=float)
    p = (np.asarray(accuracy, dtype=float) * n + 1) / (n + 2)
    return np.maximum(np.asarray(stderr, dtype=float), np.sqrt(p * (1 - p) / n))


class _Grid:
    """Weighted fits of start and height for every centre and width, for many series with the same tokens and errors at once."""

    def __init__(self, tokens, errors):
        self.tokens, self.errors = tokens, errors
        self.nodes = np.array([(centre, width) for centre in CENTRES for width in WIDTHS])
        shape = sigmoid(tokens[None, :], self.nodes[:, :1], self.nodes[:, 1:])
        w = 1 / errors**2
        self.total = w.sum()
        self.mean = w / self.total
        self.centred = shape - (shape @ self.mean)[:, None]
        self.square = (self.centred**2 @ w).clip(1e-300)
        self.weights = self.centred * w
        self.level = shape @ self.mean

    def best(self, series: np.ndarray):
        """(start, height, centre, width) of the best node for each row of series; heights are not negative."""
        height = (series @ self.weights.T / self.square).clip(min=0)
        gained = height**2 * self.square  # by which the node lowers chi-square
        node = gained.argmax(axis=1)
        rows = np.arange(len(series))
        height = height[rows, node]
        start = series @ self.mean - height * self.level[node]
        return start, height, *self.nodes[node].T


def fit(tokens, accuracy, stderr, n_samples, n_resamples: int = RESAMPLES, seed: int = SEED) -> Emergence:
    """The sigmoid through the accuracies of a run's checkpoints, by weighted least squares.

    tokens: seen at each checkpoint, 0 before training. accuracy, stderr, n_samples: of the same length. The start is the best node of a
    grid over centre and width, refined by scipy.optimize.least_squares. The interval refits 400 series drawn around the fit, with the
    standard errors times the misfit where that is above 1. Checkpoints of a task share its items; the interval does not know that.

    Raises ValueError for fewer than six checkpoints.
    """
    from scipy.optimize import least_squares

    tokens, accuracy = (np.asarray(values, dtype=float) for values in (tokens, accuracy))
    if len(tokens) < 6:
        raise ValueError(f"at least six checkpoints are needed, got {len(tokens)}")
    errors = standard_errors(accuracy, stderr, n_samples)
    grid = _Grid(tokens, errors)
    start, height, centre, width = (float(value[0]) for value in grid.best(accuracy[None, :]))
    bounds = ([-0.5, 0.0, CENTRES[0], WIDTHS[0]], [1.5, 3.0, CENTRES[-1], WIDTHS[-1]])
    inside = np.clip([start, height, centre, width], np.array(bounds[0]) + 1e-9, np.array(bounds[1]) - 1e-9)

    def residuals(p):
        return (p[0] + p[1] * sigmoid(tokens, p[2], p[3]) - accuracy) / errors

    found = least_squares(residuals, inside, bounds=bounds, xtol=1e-12, ftol=1e-12, gtol=1e-12)
    start, height, centre, width = found.x
    chi2 = 2 * found.cost
    misfit = float(np.sqrt(chi2 / (len(tokens) - 4)))
    scale = max(1.0, misfit)
    flat = (((accuracy - accuracy @ grid.mean) / errors) ** 2).sum()
    last = tokens.max()
    nothing: dict[str, Any] = dict.fromkeys(("start", "gain", "height", "centre", "width", "half_tokens", "low", "high"), np.nan)
    if (flat - chi2) / scale**2 < GAIN_TEST:
        return Emergence(**nothing, misfit=misfit, status="no gain")
    curve = start + height * sigmoid(tokens, centre, width)
    noise = np.random.RandomState(seed).standard_normal((n_resamples, len(tokens)))
    _, heights, centres, widths = grid.best(curve + scale * errors * noise)
    halves = half_of_gain(centres, widths, last)
    low, high = np.percentile(np.where(heights > 0, halves, last), [2.5, 97.5])
    if np.log10(high / low) > WIDEST or high >= last or low <= tokens[tokens > 0].min():
        return Emergence(**nothing, misfit=misfit, status="not identified")
    half, gain = half_of_gain(centre, width, last), height * sigmoid(last, centre, width)
    start, gain, height, centre, width, half, low, high = map(float, (start, gain, height, centre, width, half, low, high))
    return Emergence(start, gain, height, centre, width, half, low, high, misfit, status="identified")


def all_fits(scores: pd.DataFrame) -> pd.DataFrame:
    """`fit` of every size, arm and task without examples: the rows of the table pythia_emergence.

    scores: the table pythia_scores.
    """
    rows = scores[(scores["shots"] == 0) & scores["arm"].isin(["standard", "deduped"])].astype({"model": str, "arm": str, "task": str})
    out = []
    for (n_params, model, arm, task), run in rows.groupby(["n_params", "model", "arm", "task"]):
        run = run.sort_values("step")
        found = fit(run["n_tokens"], run["value"], run["stderr"], run["n_samples"])
        out.append({"n_params": n_params, "model": model, "arm": arm, "task": task, **vars(found)})
    # A start that should be zero is noise in its last digits.
    return pd.DataFrame(out).drop(columns="n_params").round({"start": 5})
