"""The fit of a Chinchilla law to runs, and whether the runs determine it."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.scaling import exponent_grid, minimise
from analysis.scaling.chinchilla import CONSTANTS, ScalingLaw, positive
from analysis.scaling.minimise import Progress

DELTA = 1e-3
"""Huber threshold on log loss in [hoffmann2022] section D.2 and [besiroglu2024]."""

MIN_RUNS = 6

OFF_LINE = 0.1
"""Least spread of runs off a line of log N against log D, as a standard deviation; see `judge`."""

STEEPEST = 2.0
"""Largest exponent of a law that is taken for determined, and the largest of the starts."""


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
