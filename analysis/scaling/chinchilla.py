"""Scaling laws of the Chinchilla form: loss, compute-optimal allocation, the fit to runs and its bootstrap."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from analysis.scaling import exponent_grid, minimise
from analysis.scaling.minimise import Progress
from analysis.units import format_flops

DELTA = 1e-3
"""Huber threshold on log loss in [hoffmann2022] section D.2 and [besiroglu2024]."""

FLOPS_PER_PARAM_TOKEN = 6.0
"""Training FLOPs per parameter and token, the convention C = 6 N D of [kaplan2020] and [hoffmann2022]."""

CONSTANTS = ("E", "A", "B", "alpha", "beta")
MIN_RUNS = 6

OFF_LINE = 0.1
"""Least spread of runs off a line of log N against log D, as a standard deviation; see `judge`."""

STEEPEST = 2.0
"""Largest exponent of a law that is taken for determined, and the largest of the starts."""


@dataclass(frozen=True)
class ScalingLaw:
    """A law L(N, D) = E + A / N^alpha + B / D^beta.

    E, A, B: [nats], scales of the three terms; alpha, beta: exponents, positive.
    counts: what N counts, "total" or "non_embedding" parameters.
    valid: observed range of the runs behind the law, e.g. {"N_min": 4.4e7}; empty where it is not known.

    Source: [hoffmann2022] Eq. 2 and Eq. 4.

    >>> law = ScalingLaw(E=1.69, A=406.4, B=410.7, alpha=0.34, beta=0.28)
    >>> round(float(law.loss(70e9, 1.4e12)), 2)
    1.94
    """

    E: float
    A: float
    B: float
    alpha: float
    beta: float
    id: str = "custom"
    label: str = "your law"
    counts: str = "total"
    source: str = ""
    single_source: bool = False
    note: str = ""
    valid: Mapping[str, float] = field(default_factory=dict)
    has_loss = True

    def __post_init__(self):
        for name in CONSTANTS:
            value = getattr(self, name)
            if not np.isfinite(value) or value < 0 or (value == 0 and name != "E"):
                raise ValueError(f"{name} must be a positive number, got {value!r}")

    def loss(self, N, D):
        """Expected loss [nats per token] of N parameters trained on D tokens; N and D broadcast.

        Raises ValueError for values that are not positive.
        """
        N, D = positive("N", N), positive("D", D)
        return self.E + self.A / N**self.alpha + self.B / D**self.beta

    def compute_optimal(self, C):
        """(N, D) that minimise the loss at C training FLOPs with C = 6 N D; broadcasts over C.

        N = G (C/6)^a, D = (C/6)^(1-a) / G, with a = beta / (alpha + beta), G = (alpha A / (beta B))^(1 / (alpha + beta)).
        Raises ValueError where one of them is too large or too small for floating point. Source: [hoffmann2022] Eq. 4.

        >>> law = ScalingLaw(E=1.69, A=400.0, B=400.0, alpha=0.3, beta=0.3)
        >>> N, D = law.compute_optimal(6e20)
        >>> round(float(N)), round(float(D))
        (10000000000, 10000000000)
        """
        base = positive("C", C) / FLOPS_PER_PARAM_TOKEN
        a = self.beta / (self.alpha + self.beta)
        with np.errstate(all="ignore"):
            G = (np.float64(self.alpha * self.A) / (self.beta * self.B)) ** (1 / (self.alpha + self.beta))
            N, D = G * base**a, base ** (1 - a) / G
        if not all(np.all(np.isfinite(value) & (value > 0)) for value in (N, D)):
            raise ValueError(f"The optimum of {self.label} is too large or too small a number to be computed for such a budget.")
        return N, D

    def params_for_loss(self, loss, D):
        """N [parameters] at which D tokens reach `loss` [nats]; NaN where no N does. Broadcasts.

        N = (A / (L - E - B / D^beta))^(1 / alpha): the loss contour in the (N, D) plane.
        """
        rest = np.asarray(loss, dtype=float) - self.E - self.B / positive("D", D) ** self.beta
        return np.where(rest > 0, self.A / np.where(rest > 0, rest, np.nan), np.nan) ** (1 / self.alpha)

    def constants(self) -> dict[str, float]:
        """The five constants by name."""
        return {name: getattr(self, name) for name in CONSTANTS}


@dataclass(frozen=True)
class FitResult:
    """A fitted law, or why the runs determine none.

    law: None unless the status is "converged", so that nobody can draw or write what the runs do not determine.
    status: "converged"; "at a bound" (E has run to zero, or an exponent lies outside of 0 to 2); "not identified" (the runs leave a
    direction of the parameters undetermined); "not converged". `judge` has the rules. message: one sentence on the status.
    objective: sum of Huber losses at the minimum. share_at_minimum: share of the starts that ended there.
    """

    law: ScalingLaw | None
    status: str
    objective: float
    message: str
    n_runs: int
    delta: float
    n_starts: int
    share_at_minimum: float


def positive(name: str, value):
    """value as a float array, or a ValueError naming the argument if any entry is not a positive number."""
    array = np.asarray(value, dtype=float)
    if not np.all(array > 0) or not np.all(np.isfinite(array)):
        raise ValueError(f"{name} must be positive and finite, got {value!r}")
    return array


def tokens_per_param(law, C):
    """Training tokens per parameter D / N at the law's optimum for C FLOPs; broadcasts over C.

    >>> law = ScalingLaw(E=1.69, A=400.0, B=400.0, alpha=0.3, beta=0.3)
    >>> float(tokens_per_param(law, 6e20))
    1.0
    """
    N, D = law.compute_optimal(C)
    return D / N


def optimal_model(law, C: float) -> tuple[float, float]:
    """(N, D) of the law's optimum at one budget C [FLOP], as numbers that can be written.

    Raises ValueError where that is no model: less than one parameter or token, which is what a law fitted to runs of another
    world, such as sizes in the wrong unit, makes of a usual budget.

    >>> optimal_model(ScalingLaw(E=1.69, A=400.0, B=400.0, alpha=0.25, beta=0.25), 6e20)
    (10000000000.0, 10000000000.0)
    """
    N, D = (float(value) for value in law.compute_optimal(C))
    if min(N, D) < 1:
        raise ValueError(
            f"These runs say nothing about {format_flops(C)}: the optimum of {law.label} would have less than one parameter or token."
        )
    return N, D


def residuals(law: ScalingLaw, N, D, L):
    """log(observed loss) - log(predicted loss) of each run; positive where the run is worse than the law says."""
    return np.log(positive("L", L)) - np.log(law.loss(N, D))


def with_tokens(runs: pd.DataFrame) -> pd.DataFrame:
    """runs (columns n_params, train_flops) with the column n_tokens = C / (6 N)."""
    return runs.assign(n_tokens=runs["train_flops"] / (FLOPS_PER_PARAM_TOKEN * runs["n_params"]))


def drop_highest_losses(runs: pd.DataFrame, count: int) -> pd.DataFrame:
    """runs without the `count` rows of highest loss, as [besiroglu2024] does with five; order kept.

    Raises ValueError where fewer than six runs would be left.

    >>> drop_highest_losses(pd.DataFrame({"loss": [2.0, 9.0, 3.0, 2.5, 2.4, 2.3, 2.2]}), 1)["loss"].max()
    np.float64(3.0)
    """
    most = max(len(runs) - MIN_RUNS, 0)
    if not 0 <= count <= most:
        raise ValueError(f"count must be between 0 and {most} to leave {MIN_RUNS} runs, got {count}")
    return runs.drop(runs["loss"].nlargest(count).index)


def fit_parametric(N, D, L, delta: float = DELTA, progress: Progress | None = None) -> FitResult:
    """The Chinchilla law that minimises sum Huber_delta(log L_predicted - log L) over the runs, searched from a grid of exponents.

    N: parameters; D: tokens; L: loss [nats per token]; each of shape (runs,), positive, at least six runs.
    delta: Huber threshold on log loss.
    progress(done, total, message) is called now and then. The result has a law only where `judge` finds it determined.

    Source: [hoffmann2022] section D.2; the plain objective of [besiroglu2024]. A minimum, not an estimate of error: see
    `bootstrap` for that.

    >>> rng = np.random.default_rng(0)
    >>> N, D = 10 ** rng.uniform(8, 10, 200), 10 ** rng.uniform(9, 11, 200)
    >>> truth = ScalingLaw(E=1.8, A=480.0, B=2100.0, alpha=0.35, beta=0.37)
    >>> result = fit_parametric(N, D, truth.loss(N, D))
    >>> result.status, round(result.law.alpha, 3)
    ('converged', 0.35)
    """
    N, D, L = check_runs(N, D, L, delta)
    problem = minimise.Problem.of(N, D, L)
    with np.errstate(over="ignore", divide="ignore", invalid="ignore", under="ignore"):
        rows, best = exponent_grid.minimise_objective(problem, delta, progress)
    objective = np.where(np.isfinite(rows.objective), rows.objective, np.inf)
    constants = problem.constants(rows.theta[best])[0]
    status, message = judge(problem, rows.theta[best], constants, bool(rows.converged[best]), delta)
    found = dict(zip(CONSTANTS, constants.tolist(), strict=True))
    return FitResult(
        law=ScalingLaw(**found, id="fit", label="this fit") if status == "converged" else None,
        status=status,
        objective=float(objective[best]),
        message=message,
        n_runs=len(N),
        delta=delta,
        n_starts=len(objective),
        share_at_minimum=float(np.mean(objective <= objective[best] * (1 + 1e-6) + 1e-6 * delta * delta)),
    )


def judge(problem: minimise.Problem, theta: np.ndarray, constants: np.ndarray, converged: bool, delta: float) -> tuple[str, str]:
    """(status, message) for a minimum at theta, constants (E, A, B, alpha, beta): "converged" only where the runs determine all five.

    They do not where, in this order,

    - the runs lie on a line of log N against log D, within a standard deviation of 0.1 (10 %). If D = k N^p, A / N^alpha + B / D^beta is
      a function of N alone in which the two terms can change places, and off the line noise decides which is which;
    - the objective is not finite: no start came near the losses;
    - a term is below a millionth of every loss, or J'J (J: log predicted loss by theta, columns scaled to one length) has an eigenvalue
      below 1e-9: theta can move without any effect on the losses;
    - an exponent is not in (0, 2]. Below, more would be worse; above, where no start lies, a term is felt by the smallest runs only;
    - E is below a thousandth of the lowest loss, or A or B is too large for floating point: the edge of the law's form;
    - the best start was still moving.
    """
    E, A, B, alpha, beta = constants
    spread = np.linalg.eigvalsh(np.cov(problem.minus_log_n, problem.minus_log_d, bias=True))[0]
    if spread < OFF_LINE**2:
        return "not identified", (
            "Parameters and tokens lie on one line (one of the two hardly varies, or they vary together), so what each of them does to the "
            "loss cannot be told; add runs with other sizes or token counts."
        )
    with np.errstate(all="ignore"):
        objective, state = minimise.evaluate(problem, theta[None], None, delta)
        _, matrix = minimise.local_model(problem, state, None, max(delta, float(np.abs(state[2]).max())), np.array([False]))
    if not (np.isfinite(objective[0]) and np.isfinite(matrix).all()):
        return "not converged", "No start led to a law: the losses of these runs are far from those of language models."
    scale = np.sqrt(np.abs(np.diagonal(matrix[0])))
    smallest = np.linalg.eigvalsh(matrix[0] / np.outer(scale, scale))[0] if scale.all() else 0.0
    if min(state[0].max(), state[1].max()) < 1e-6 or smallest < 1e-9:
        return "not identified", (
            "The five constants are not all determined, because too few sizes or token counts differ, or one of the two does not change "
            "the loss; add runs with other sizes or token counts."
        )
    if min(alpha, beta) <= 0:
        return "at a bound", "An exponent came out zero or negative, as if more parameters or tokens did not lower the loss."
    if max(alpha, beta) > STEEPEST:
        return "at a bound", f"An exponent came out above {STEEPEST:g}, where no start lies, so a few runs alone decide a term of the law."
    if E < 1e-3 * np.exp(problem.log_loss.min()):
        return "at a bound", "The floor E has run to zero: these runs do not show one, so they determine no law that has one."
    if not np.isfinite([A, B]).all():
        return "at a bound", "The scale A or B came out larger than floating point can hold, because sizes or token counts are enormous."
    if not converged:
        return "not converged", "The best start was still moving when it was stopped, so its constants are not settled."
    return "converged", "The gradient vanishes at the minimum and all five constants are determined by the runs."


def check_runs(N, D, L, delta: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """N, D, L as arrays of one length, or a ValueError that says what is wrong."""
    N, D, L = positive("N", N), positive("D", D), positive("L", L)
    if not (N.ndim == 1 and N.shape == D.shape == L.shape):
        raise ValueError(f"N, D and L must be lists of one length, got shapes {N.shape}, {D.shape} and {L.shape}")
    if len(N) < MIN_RUNS:
        raise ValueError(f"at least {MIN_RUNS} runs are needed to fit five constants, got {len(N)}")
    if not delta > 0 or not np.isfinite(delta):
        raise ValueError(f"delta must be positive, got {delta!r}")
    return N, D, L


def resample_weights(n_runs: int, n_resamples: int, seed: int) -> np.ndarray:
    """How often each run occurs in each resample drawn with replacement: shape (n_resamples, n_runs), rows sum to n_runs.

    The generator is numpy's frozen RandomState, so that a seed means the same resamples for good; seed 42 gives those of
    the notebook released with [besiroglu2024].

    >>> resample_weights(3, 2, seed=0).sum(axis=1).tolist()
    [3.0, 3.0]
    """
    drawn = np.random.RandomState(seed).randint(0, n_runs, size=(n_resamples, n_runs))
    drawn += n_runs * np.arange(n_resamples)[:, None]
    return np.bincount(drawn.ravel(), minlength=n_resamples * n_runs).reshape(n_resamples, n_runs).astype(float)


def bootstrap(
    N,
    D,
    L,
    n_resamples: int = 4000,
    seed: int = 42,
    delta: float = DELTA,
    start: ScalingLaw | None = None,
    progress: Progress | None = None,
) -> pd.DataFrame:
    """The law refitted to resampled runs: columns E, A, B, alpha, beta, objective, converged; one row per resample.

    N, D, L, delta, progress as in `fit_parametric`. Each refit starts at `start`, by default the fit to all runs. A resample may leave out
    the runs that determine a constant; its law then has one that is not positive or not finite.
    Raises ValueError for fewer than two resamples, and for runs that determine no law.

    Source: case resampling with 4,000 draws as in [besiroglu2024] section 3.
    """
    N, D, L = check_runs(N, D, L, delta)
    if n_resamples < 2:
        raise ValueError(f"n_resamples must be at least 2, got {n_resamples}")
    if start is None:
        fit = fit_parametric(N, D, L, delta)
        if fit.law is None:
            raise ValueError(fit.message)
        start = fit.law
    problem = minimise.Problem.of(N, D, L)
    theta = problem.theta(np.array([np.log(start.A), np.log(start.B), np.log(start.E), start.alpha, start.beta]))[0]
    with np.errstate(over="ignore", divide="ignore", invalid="ignore", under="ignore"):
        rows = minimise.minimise_resamples(problem, theta, resample_weights(len(N), n_resamples, seed), delta, progress)
    resamples = pd.DataFrame(problem.constants(rows.theta), columns=list(CONSTANTS))
    return resamples.assign(objective=rows.objective, converged=rows.converged)


def resampled_optimum(resamples: pd.DataFrame, C) -> tuple[np.ndarray, np.ndarray]:
    """(N, D) compute-optimal under each resample: two arrays of shape (resamples, *shape of C); not finite where it has no optimum."""
    E, A, B, alpha, beta = (resamples[name].to_numpy()[:, None] for name in CONSTANTS)
    base = np.log(positive("C", C).reshape(1, -1) / FLOPS_PER_PARAM_TOKEN)
    shape = (len(resamples), *np.shape(C))
    with np.errstate(all="ignore"):
        a = beta / (alpha + beta)
        log_G = (np.log(alpha * A) - np.log(beta * B)) / (alpha + beta)
        return np.exp(log_G + a * base).reshape(shape), np.exp((1 - a) * base - log_G).reshape(shape)


def optimum_bands(resamples: pd.DataFrame, C, level: float = 0.95) -> pd.DataFrame:
    """Percentile intervals of the optimum at each budget: train_flops, level, and _low and _high of n_params, n_tokens, ratio.

    C: budgets [FLOP], shape (k,). Budgets at which an end is unknown (see `interval`) are left out, all of them for an empty resamples.
    """
    if not len(resamples):
        return pd.DataFrame()
    N, D = resampled_optimum(resamples, C)
    with np.errstate(all="ignore"):
        ratio = D / N
    table = {"train_flops": C, "level": level}
    for name, samples in (("n_params", N), ("n_tokens", D), ("ratio", ratio)):
        table[f"{name}_low"], table[f"{name}_high"] = interval(samples, level)
    return pd.DataFrame(table).dropna(ignore_index=True)


def resampled_loss(resamples: pd.DataFrame, N, D) -> np.ndarray:
    """Loss [nats] of N parameters and D tokens under each resample: shape (resamples, *broadcast shape of N and D)."""
    N, D = np.broadcast_arrays(positive("N", N), positive("D", D))
    E, A, B, alpha, beta = (resamples[name].to_numpy().reshape(-1, *[1] * N.ndim) for name in CONSTANTS)
    with np.errstate(all="ignore"):
        return E + A * np.exp(-alpha * np.log(N)) + B * np.exp(-beta * np.log(D))


def interval(samples: np.ndarray, level: float = 0.95) -> tuple[np.ndarray, np.ndarray]:
    """(low, high) ends of the central percentile interval over the first axis.

    A sample that is not finite says nothing, so it counts as below the one end and above the other; where that leaves an end without a
    number, it is NaN.

    >>> low, high = interval(np.arange(101.0), level=0.8)
    >>> round(float(low)), round(float(high))
    (10, 90)
    """
    if not 0 < level < 1:
        raise ValueError(f"level must be between 0 and 1, got {level!r}")
    samples, shares = np.asarray(samples, dtype=float), [50 * (1 - level), 50 * (1 + level)]
    known = np.isfinite(samples)
    if known.all():
        low, high = np.percentile(samples, shares, axis=0)
        return low, high
    with np.errstate(invalid="ignore"):
        ends = [np.percentile(np.where(known, samples, far), share, axis=0) for far, share in zip((-np.inf, np.inf), shares, strict=True)]
    low, high = (np.where(np.isfinite(end), end, np.nan) for end in ends)
    return low, high


def standard_errors(resamples: pd.DataFrame) -> dict[str, float]:
    """Standard deviation of each constant over the resamples; NaN where a resample has one that is not finite."""
    with np.errstate(all="ignore"):
        return {name: float(resamples[name].std(ddof=1)) for name in CONSTANTS}
