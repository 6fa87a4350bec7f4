"""Descend the Chinchilla objective from several starts or for many resamples at once.

The objective is that of [hoffmann2022] section D.2 and [besiroglu2024]: the weighted sum over runs of the Huber loss of
log L_predicted - log L_observed, where L = E + A / N^alpha + B / D^beta. Every start and every resample is one row of a
batch, and a row is moved by damped Newton steps whose 5 x 5 system comes from a few matrix products over the runs.

Parameters are handled as theta = (a, alpha, b, beta, e) with a = log A - alpha * mean(log N), b = log B - beta *
mean(log D) and e = log E. Centring the logarithms makes the five directions nearly independent, which the damping needs.
"""

from collections.abc import Callable
from dataclasses import dataclass, fields, replace

import numpy as np

Progress = Callable[[int, int, str], None]
State = tuple[np.ndarray, ...]  # share of the N term, share of the D term, residual, each (rows, n)

ROWS = 256  # rows of the batch worked on together: their arrays stay in the processor's cache
RELATIVE_DECREASE = 1e-12  # a step that promises less than this share of the objective ends a row
MAX_DAMPING = 1e8
FAR_STEP = 2.0  # longest step in any direction; exponents and logarithms of A and B live within tens
LAST_STEPS = 300  # for a resample, or for the best start
POLISH_STEPS = 20  # on the gradient, once the objective can no longer tell two points apart
AT_ZERO = 1e-18  # a Newton decrement below this share of the objective is a vanished gradient


@dataclass(frozen=True)
class Problem:
    """Runs in the form the batch needs: centred -log N and -log D, log loss (each (n,)) and their monomials (n, k)."""

    minus_log_n: np.ndarray
    minus_log_d: np.ndarray
    log_loss: np.ndarray
    powers_n: np.ndarray
    powers_d: np.ndarray
    cross: np.ndarray
    mean_log_n: float
    mean_log_d: float

    @classmethod
    def of(cls, n_params: np.ndarray, n_tokens: np.ndarray, loss: np.ndarray) -> "Problem":
        """Prepare runs [parameters, tokens, nats per token], each of shape (n,)."""
        log_n, log_d = np.log(n_params), np.log(n_tokens)
        u, v = log_n.mean() - log_n, log_d.mean() - log_d
        one = np.ones_like(u)
        powers_n, powers_d, cross = (np.stack(columns, axis=1) for columns in ((one, u, u * u), (one, v, v * v), (one, u, v, u * v)))
        return cls(u, v, np.log(loss), powers_n, powers_d, cross, float(log_n.mean()), float(log_d.mean()))

    def theta(self, logs: np.ndarray) -> np.ndarray:
        """Rows (log A, log B, log E, alpha, beta) as centred theta rows (a, alpha, b, beta, e)."""
        log_a, log_b, log_e, alpha, beta = np.atleast_2d(logs).T
        return np.stack([log_a - alpha * self.mean_log_n, alpha, log_b - beta * self.mean_log_d, beta, log_e], axis=1)

    def constants(self, theta: np.ndarray) -> np.ndarray:
        """Theta rows as rows (E, A, B, alpha, beta)."""
        a, alpha, b, beta, e = np.atleast_2d(theta).T
        with np.errstate(over="ignore"):
            log_scale = np.stack([e, a + alpha * self.mean_log_n, b + beta * self.mean_log_d], axis=1)
            return np.column_stack([np.exp(log_scale), alpha, beta])


@dataclass
class Rows:
    """The state of a batch; every field has one entry per row (theta has five)."""

    theta: np.ndarray
    damping: np.ndarray
    newton: np.ndarray  # model the objective by its Hessian (else by its least-squares majoriser)
    objective: np.ndarray
    converged: np.ndarray

    @classmethod
    def at(cls, theta: np.ndarray, damping: float, newton: bool) -> "Rows":
        """Fresh rows at a copy of theta (rows, 5)."""
        count = len(theta)
        return cls(theta.copy(), np.full(count, damping), np.full(count, newton), np.full(count, np.inf), np.full(count, False))

    def take(self, index) -> "Rows":
        """The rows at index."""
        return Rows(*(getattr(self, field.name)[index] for field in fields(self)))

    def put(self, index, rows: "Rows") -> None:
        """Write rows at index."""
        for field in fields(self):
            getattr(self, field.name)[index] = getattr(rows, field.name)

    def finished(self) -> np.ndarray:
        """Rows that need no further step: converged, or unable to descend at any damping."""
        return self.converged | (self.damping > MAX_DAMPING)


def evaluate(problem: Problem, theta: np.ndarray, weights: np.ndarray | None, delta: float) -> tuple[np.ndarray, State]:
    """The objective of each row, and its state."""
    term_n = np.exp(theta[:, 0:1] + theta[:, 1:2] * problem.minus_log_n)
    term_d = np.exp(theta[:, 2:3] + theta[:, 3:4] * problem.minus_log_d)
    predicted = term_n + term_d + np.exp(theta[:, 4:5])
    residual = np.log(predicted) - problem.log_loss
    size = np.abs(residual)
    inside = np.clip(size, None, delta)
    huber = (size - 0.5 * inside) * inside
    if weights is not None:
        huber = huber * weights
    return huber.sum(1), (term_n / predicted, term_d / predicted, residual)


def local_model(problem: Problem, state: State, weights: np.ndarray | None, delta: float, newton: np.ndarray):
    """Gradient (rows, 5) and model matrix (rows, 5, 5) of the objective.

    Rows with `newton` set use the Hessian; the others use the reweighted least-squares majoriser, which is positive
    semidefinite everywhere and so makes progress where the Hessian does not.
    """
    share_n, share_d, residual = state
    share_e = 1 - share_n - share_d
    slope = np.clip(residual, -delta, delta)
    size = np.abs(residual)
    curve = np.where(newton[:, None], (size < delta) * 1.0 - slope, delta / np.clip(size, delta, None))
    if weights is not None:
        slope, curve = slope * weights, curve * weights
    gradient_n = (slope * share_n) @ problem.powers_n
    gradient_d = (slope * share_d) @ problem.powers_d
    gradient_e = (slope * share_e).sum(1)
    curve_n, curve_d = curve * share_n, curve * share_d
    nn = (curve_n * share_n) @ problem.powers_n + gradient_n * newton[:, None]
    dd = (curve_d * share_d) @ problem.powers_d + gradient_d * newton[:, None]
    nd = (curve_n * share_d) @ problem.cross
    ne = (curve_n * share_e) @ problem.powers_n
    de = (curve_d * share_e) @ problem.powers_d
    ee = (curve * share_e * share_e).sum(1) + gradient_e * newton
    gradient = np.stack([gradient_n[:, 0], gradient_n[:, 1], gradient_d[:, 0], gradient_d[:, 1], gradient_e], 1)
    upper = [
        [nn[:, 0], nn[:, 1], nd[:, 0], nd[:, 2], ne[:, 0]],
        [nn[:, 1], nn[:, 2], nd[:, 1], nd[:, 3], ne[:, 1]],
        [nd[:, 0], nd[:, 1], dd[:, 0], dd[:, 1], de[:, 0]],
        [nd[:, 2], nd[:, 3], dd[:, 1], dd[:, 2], de[:, 1]],
        [ne[:, 0], ne[:, 1], de[:, 0], de[:, 1], ee],
    ]
    return gradient, np.stack([np.stack(row, 1) for row in upper], 1)


def descend(problem: Problem, rows: Rows, weights: np.ndarray | None, delta: float, steps: int, exact: bool) -> Rows:
    """The rows after up to `steps` damped Newton steps each; rows that finish leave the batch.

    With `exact`, a row whose step fails tries the other model of the objective next.
    """
    index = np.arange(len(rows.theta))
    fresh = replace(rows, converged=np.full(len(index), False))
    result, live = fresh.take(index), fresh.take(index)
    live.objective, state = evaluate(problem, live.theta, weights, delta)
    negligible = 1e-12 * delta * delta  # an objective this small is a perfect fit: residuals of a millionth of delta
    for _ in range(steps):
        gradient, matrix = local_model(problem, state, weights, delta, live.newton)
        diagonal = np.abs(np.stack([matrix[:, i, i] for i in range(5)], 1))
        # A direction without curvature (a term that has vanished) still gets a little damping.
        diagonal = diagonal + 1e-6 * diagonal.sum(1)[:, None] + 1e-10 * delta
        matrix = matrix + (live.damping[:, None] * diagonal)[:, :, None] * np.eye(5)
        step = -np.linalg.solve(matrix, gradient[:, :, None])[:, :, 0]
        promised = -(gradient * step).sum(1)
        descends = promised > 0
        longest = np.sqrt((step * step).sum(1))
        trial = live.theta + step * (FAR_STEP / np.clip(longest, FAR_STEP, None))[:, None]
        objective, trial_state = evaluate(problem, trial, weights, delta)
        better = descends & (objective < live.objective)
        column = better[:, None]
        newton = np.where(better, better, descends & ~live.newton) if exact else live.newton
        objective_now = np.where(better, objective, live.objective)
        live = Rows(
            theta=np.where(column, trial, live.theta),
            damping=np.where(better, np.clip(0.15 * live.damping, 1e-9, None), 5 * live.damping),
            newton=newton,
            objective=objective_now,
            converged=(objective_now <= negligible) | (descends & (longest < FAR_STEP) & (promised <= RELATIVE_DECREASE * objective_now)),
        )
        state = tuple(np.where(column, new, old) for new, old in zip(trial_state, state, strict=True))
        finished = live.finished()
        if 4 * int(finished.sum()) >= len(index):
            result.put(index[finished], live.take(finished))
            going = ~finished
            live, index, state = live.take(going), index[going], tuple(array[going] for array in state)
            weights = None if weights is None else weights[going]
            if not len(index):
                return result
    result.put(index, live)
    return result


def polish(problem: Problem, rows: Rows, weights: np.ndarray | None, delta: float) -> Rows:
    """The rows moved on by Newton steps as long as their gradient shrinks.

    The objective is flat at its minimum, so a descent that watches it leaves half of the digits of theta to chance, that
    is to the order in which a processor adds. The gradient still tells them. A step that makes the gradient larger (the
    Huber loss has kinks in its second derivative) is tried again at a third of its length.
    """
    theta, length = rows.theta, np.ones(len(rows.theta))

    def at(theta):
        objective, state = evaluate(problem, theta, weights, delta)
        gradient, matrix = local_model(problem, state, weights, delta, np.full(len(theta), True))
        diagonal = np.abs(np.stack([matrix[:, i, i] for i in range(5)], 1)) + 1e-300
        damped = matrix + (1e-13 * diagonal + 1e-16 * diagonal.sum(1)[:, None])[:, :, None] * np.eye(5)
        step = -np.linalg.solve(damped, gradient[:, :, None])[:, :, 0]
        return objective, (gradient * gradient / diagonal).sum(1), step, np.abs((gradient * step).sum(1))

    objective, size, step, decrement = at(theta)
    ceiling = objective * (1 + 1e-9)  # towards this minimum, not to a saddle beside it
    for _ in range(POLISH_STEPS):
        if not bool(((decrement > AT_ZERO * objective) & (length > 1e-4)).any()):
            break
        trial = theta + step * length[:, None]
        trial_objective, trial_size, trial_step, trial_decrement = at(trial)
        better = (trial_size < size) & (trial_objective <= ceiling)
        column = better[:, None]
        theta, step = np.where(column, trial, theta), np.where(column, trial_step, step)
        objective, size = np.where(better, trial_objective, objective), np.where(better, trial_size, size)
        decrement = np.where(better, trial_decrement, decrement)
        length = np.where(better, 1.0, length / 3)
    return replace(rows, theta=theta, objective=objective, converged=rows.converged | (decrement <= AT_ZERO * objective))


def in_chunks(problem: Problem, rows: Rows, weights: np.ndarray | None, delta: float, steps: int, exact: bool, report) -> Rows:
    """`descend` over slices of ROWS rows, telling `report` how many rows are done."""
    parts = []
    for start in range(0, len(rows.theta), ROWS):
        part = slice(start, start + ROWS)
        parts.append(descend(problem, rows.take(part), None if weights is None else weights[part], delta, steps, exact))
        report(min(start + ROWS, len(rows.theta)))
    return Rows(*(np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(Rows)))


def minimise_resamples(problem: Problem, theta: np.ndarray, weights: np.ndarray, delta: float, progress: Progress | None = None) -> Rows:
    """The minimum of every weighted objective, each started at theta (5,): Rows, one entry per row of weights (rows, n)."""

    def report(done):
        if progress is not None:
            progress(done, len(weights), f"{done:,} of {len(weights):,} resamples")

    rows = Rows.at(np.repeat(theta[None], len(weights), axis=0), 1e-3, True)
    rows = in_chunks(problem, rows, weights, delta, LAST_STEPS, True, report)
    parts = [slice(start, start + ROWS) for start in range(0, len(weights), ROWS)]
    polished = [polish(problem, rows.take(part), weights[part], delta) for part in parts]
    return Rows(*(np.concatenate([getattr(part, field.name) for part in polished]) for field in fields(Rows)))
