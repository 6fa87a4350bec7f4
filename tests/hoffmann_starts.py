"""The search from the 4,500 starts of [hoffmann2022], slow and independent of the one from a grid of exponents, to hold that against."""

from dataclasses import replace
from itertools import product

import numpy as np

from analysis.scaling.minimise import LAST_STEPS, Problem, Progress, Rows, descend, in_chunks, polish

MERGE = 1e-3  # starts whose theta agree to this have met and go on as one
# Rounds from the starts to the minimum: (Huber threshold, or None for the real one; one run in so many; steps).
# A wide threshold is nearly least squares, which is smooth; thinned runs are enough to find the valley.
ROUNDS = (*[(1.0, 6, 10)] * 4, (0.1, 6, 10), (0.01, 3, 10), *[(None, 1, 10)] * 3)


def hoffmann_starts() -> np.ndarray:
    """The 4,500 starting points of [hoffmann2022] section D.2 as rows (log A, log B, log E, alpha, beta), shape (4500, 5).

    >>> hoffmann_starts().shape
    (4500, 5)
    """
    logs, exponents = [0, 5, 10, 15, 20, 25], [0, 0.5, 1, 1.5, 2]
    return np.array(list(product(logs, logs, [-1, -0.5, 0, 0.5, 1], exponents, exponents)), dtype=float)


def thinned(problem: Problem, stride: int) -> Problem:
    """Every stride-th run, with the same centring."""
    per_run = ("minus_log_n", "minus_log_d", "log_loss", "powers_n", "powers_d", "cross")
    return replace(problem, **{name: getattr(problem, name)[::stride] for name in per_run})


def minimise_starts(problem: Problem, starts: np.ndarray, delta: float, progress: Progress | None = None) -> Rows:
    """The end point of every start: Rows in the order of the starts, theta rows of shape (starts, 5).

    Starts that have met are carried on as one, so that the later rounds work on far fewer rows.
    """
    result = Rows.at(starts, np.nan, False)
    leader = np.arange(len(starts))  # the start whose row stands for this one
    active = np.arange(len(starts))
    rounds = [(t, stride, steps) for t, stride, steps in ROUNDS if t is None or t > delta]
    for number, (threshold, stride, steps) in enumerate(rounds):
        exact = threshold is None

        def report(done, number=number, active=active):
            if progress is not None:
                progress(100 * number + 100 * done // len(active), 100 * len(rounds), f"{len(active):,} distinct starts left")

        rows = result.take(active)
        if number == 0 or threshold != rounds[number - 1][0]:
            rows = Rows.at(rows.theta, 1e-3 if number else 1e-2, exact)
        # Thinning must leave enough runs for five parameters.
        runs = problem if len(problem.log_loss) < 40 * stride else thinned(problem, stride)
        rows = in_chunks(runs, rows, None, delta if threshold is None else threshold, steps, exact, report)
        result.put(active, rows)
        _, first, which = np.unique(np.round(rows.theta / MERGE), axis=0, return_index=True, return_inverse=True)
        follows = np.arange(len(starts))
        follows[active] = active[first][which.ravel()]
        leader, active = follows[leader], active[first]
        if exact:
            active = active[~result.take(active).finished()]
            if not len(active):
                break
    leaders = np.unique(leader)  # the others hold what they had when they met their leader
    ends = result.objective[leaders]
    best = leaders[np.argmin(np.where(np.isfinite(ends), ends, np.inf))][None]
    polished = polish(problem, descend(problem, Rows.at(result.theta[best], 1e-3, True), None, delta, LAST_STEPS, True), None, delta)
    if polished.objective[0] <= result.objective[best[0]] * (1 + 1e-9):
        result.put(best, polished)
    return result.take(leader)
