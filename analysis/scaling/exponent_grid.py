"""The minimum of the Chinchilla objective, searched from a grid of exponents.

With its exponents fixed, L = E + A / N^alpha + B / D^beta is linear in E, A and B, so the best law of every cell of a grid over (alpha,
beta) is found by a few rounds of reweighted least squares. The lowest cells, and the lowest of each basin, are where `minimise.descend`
starts. A Huber threshold far below the scatter of the runs leaves many minima close together, as each lets the law run through other
runs; so the search starts once more around the lowest end, at distances at which the objective has risen by its own size or less.
"""

from dataclasses import fields

import numpy as np

from analysis.scaling.minimise import LAST_STEPS, Problem, Progress, Rows, descend, evaluate, local_model, polish

EXPONENTS = np.geomspace(0.02, 2, 20)
REWEIGHTED = 12  # rounds of least squares for a cell, after which its objective is within a few percent of the best for its exponents
CELLS = 24  # cells from which the search starts
BASINS = 8  # of which at most so many for being lower than the eight around them
DISTANCES = (0.1, 0.3, 1.0)  # 1: where the least-squares model of the objective has risen by half of it
STEPS = 60  # for a start; the lowest end then gets LAST_STEPS
AT_ONCE = 16_384  # cells times runs worked on together: their arrays stay in the processor's cache


def minimise_objective(problem: Problem, delta: float, progress: Progress | None = None) -> tuple[Rows, int]:
    """The ends of all starts, theta of shape (starts, 5), and which of them is lowest and settled to the last digit."""
    rows = descend(problem, Rows.at(lowest_cells(problem, delta, progress), 1e-3, True), None, delta, STEPS, True)
    for number in (1, 2):
        best = lowest(rows)
        around = neighbours(problem, rows.theta[best], delta)
        if progress is not None:
            progress(90 + 3 * number, 100, "looking around the lowest minimum")
        ends = descend(problem, Rows.at(around, 1e-3, True), None, delta, STEPS, True)
        rows = Rows(*(np.concatenate([getattr(rows, field.name), getattr(ends, field.name)]) for field in fields(Rows)))
        if not rows.objective[lowest(rows)] < rows.objective[best] * (1 - 1e-9):
            break
    best = lowest(rows)
    last = descend(problem, Rows.at(rows.theta[[best]], 1e-3, True), None, delta, LAST_STEPS, True)
    polished = polish(problem, last, None, delta)
    if polished.objective[0] <= rows.objective[best] * (1 + 1e-9):
        rows.put([best], polished)
    return rows, best


def lowest(rows: Rows) -> int:
    """The index of the row with the lowest finite objective."""
    return int(np.argmin(np.where(np.isfinite(rows.objective), rows.objective, np.inf)))


def lowest_cells(problem: Problem, delta: float, progress: Progress | None = None) -> np.ndarray:
    """The best laws of CELLS cells of the grid as theta rows (CELLS, 5): the lowest of up to BASINS basins, then the lowest others."""
    alpha, beta = (values.ravel() for values in np.meshgrid(EXPONENTS, EXPONENTS, indexing="ij"))
    step = max(AT_ONCE // len(problem.log_loss), 1)
    parts = []
    for start in range(0, len(alpha), step):
        if progress is not None:
            progress(90 * start // len(alpha), 100, f"{start:,} of {len(alpha):,} pairs of exponents")
        parts.append(best_of_exponents(problem, alpha[start : start + step], beta[start : start + step], delta))
    theta = np.concatenate(parts)
    objective = np.concatenate([evaluate(problem, part, None, delta)[0] for part in parts])
    objective = np.where(np.isfinite(objective), objective, np.inf)
    side = len(EXPONENTS)
    padded = np.pad(objective.reshape(side, side), 1, constant_values=np.inf)
    around = [padded[i : i + side, j : j + side].ravel() for i in range(3) for j in range(3)]
    order = np.argsort(objective, kind="stable")
    is_lowest = (objective <= np.min(around, axis=0))[order]
    basins = order[is_lowest][:BASINS]
    others = order[~np.isin(order, basins)]
    return theta[np.concatenate([basins, others])[:CELLS]]


def best_of_exponents(problem: Problem, alpha: np.ndarray, beta: np.ndarray, delta: float) -> np.ndarray:
    """The law of least Huber loss for each pair of exponents (each (cells,)), nearly, as theta rows (cells, 5).

    Residuals are L_predicted / L - 1, which near the minimum is log L_predicted - log L. E, A and B are kept positive.
    """
    log_middle = problem.log_loss.mean()
    per_loss = np.exp(log_middle - problem.log_loss)
    term_n = np.exp(alpha[:, None] * problem.minus_log_n) * per_loss
    term_d = np.exp(beta[:, None] * problem.minus_log_d) * per_loss
    columns = np.stack([np.broadcast_to(per_loss, term_n.shape), term_n, term_d], axis=2)
    scale = np.sqrt((columns**2).mean(1, keepdims=True))
    columns = columns / scale
    weights = np.ones_like(term_n)
    for _ in range(REWEIGHTED):
        weighted = columns * weights[:, :, None]
        matrix = np.swapaxes(weighted, 1, 2) @ columns
        ridge = 1e-12 * np.trace(matrix, axis1=1, axis2=2) + 1e-300  # two terms may be one, as where all runs have one size
        matrix = matrix + ridge[:, None, None] * np.eye(3)
        share = np.linalg.solve(matrix, weighted.sum(1)[:, :, None])
        share = np.maximum(share, 1e-6)
        residual = (columns @ share)[:, :, 0] - 1
        weights = delta / np.clip(np.abs(residual), delta, None)
    e, a, b = (np.log(share[:, :, 0] / scale[:, 0]) + log_middle).T
    return np.stack([a, alpha, b, beta, e], axis=1)


def neighbours(problem: Problem, theta: np.ndarray, delta: float) -> np.ndarray:
    """Theta rows (n, 5) on both sides of theta (5,) along the axes of the objective's valley; none where it has no shape."""
    objective, state = evaluate(problem, theta[None], None, delta)
    _, matrix = local_model(problem, state, None, delta, np.array([False]))
    if not (np.isfinite(objective[0]) and np.isfinite(matrix).all() and matrix.any()):
        return np.empty((0, 5))
    curvature, axes = np.linalg.eigh(matrix[0])
    curvature = np.maximum(curvature, 1e-12 * curvature[-1])
    away = (np.sqrt(objective / curvature) * axes).T
    return theta + np.concatenate([sign * distance * away for distance in DISTANCES for sign in (1, -1)])
