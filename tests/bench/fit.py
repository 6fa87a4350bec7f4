"""The fit and the 4,000-resample bootstrap beside a straight scipy version of the same objective."""

import time

import numpy as np

from analysis.scaling import fitting, resampling
from analysis.scaling.data import released_runs
from tests.hoffmann_starts import hoffmann_starts

SAMPLE = 100  # starts and resamples timed of the scipy version with --quick


def measure(quick: bool) -> list[tuple[str, ...]]:
    """Rows of the bench table."""
    runs = released_runs(5)
    N, D, L = (runs[name].to_numpy() for name in ("n_params", "n_tokens", "loss"))
    starts, weights = hoffmann_starts(), resampling.resample_weights(len(N), 4000, seed=42)
    numeric, analytic = scipy_objectives(np.log(N), np.log(D), np.log(L))

    grid_time, fit = clock(lambda: fitting.fit_parametric(N, D, L))
    bootstrap_time, resamples = clock(lambda: resampling.bootstrap(N, D, L, start=fit.law))
    best = [np.log(fit.law.A), np.log(fit.law.B), np.log(fit.law.E), fit.law.alpha, fit.law.beta]

    some = np.random.default_rng(0).permutation(len(starts))[: SAMPLE if quick else None]
    scipy_grid, ends = clock(lambda: [bfgs(numeric, starts[i], np.ones(len(N)), None) for i in some])
    scipy_grid *= len(starts) / len(some)
    chosen = weights[:SAMPLE] if quick else weights
    scipy_bootstrap, refits = clock(lambda: [bfgs(analytic, best, weight, True) for weight in chosen])
    scipy_bootstrap *= len(weights) / len(chosen)

    reached = np.mean(np.array(ends) <= fit.objective * (1 + 1e-3))
    lower = np.mean(resamples["objective"].to_numpy()[: len(refits)] <= np.array(refits) * (1 + 1e-6))
    note = " (sampled)" if quick else ""
    return [
        ("what", "scipy, one thread", "here", "ratio", "quality"),
        (
            "fit; scipy from 4,500 starts, numeric gradients",
            f"{scipy_grid:.1f} s{note}",
            f"{grid_time:.2f} s",
            f"{scipy_grid / grid_time:.0f} x",
            f"starts at the minimum: scipy {reached:.0%}, here {fit.share_at_minimum:.0%}",
        ),
        (
            "bootstrap, 4,000 resamples, analytic gradients",
            f"{scipy_bootstrap:.1f} s{note}",
            f"{bootstrap_time:.2f} s",
            f"{scipy_bootstrap / bootstrap_time:.0f} x",
            f"as low as scipy or lower: {lower:.1%}",
        ),
    ]


def clock(work):
    """(seconds, result) of calling work()."""
    begin = time.perf_counter()
    result = work()
    return time.perf_counter() - begin, result


def bfgs(objective, start, weight, gradient) -> float:
    """The objective where scipy's BFGS ends."""
    from scipy.optimize import minimize

    with np.errstate(all="ignore"):
        return float(minimize(objective, start, args=(weight,), method="BFGS", jac=gradient).fun)


def scipy_objectives(log_n, log_d, log_l, delta=fitting.DELTA):
    """(objective, objective with gradient) of theta = (log A, log B, log E, alpha, beta), written the direct way."""

    def terms(theta):
        a, b, e, alpha, beta = theta
        return np.exp(a - alpha * log_n), np.exp(b - beta * log_d), np.exp(e)

    def numeric(theta, weight):
        residual = np.log(sum(terms(theta))) - log_l
        size = np.abs(residual)
        return (weight * np.where(size < delta, residual**2 / 2, delta * (size - delta / 2))).sum()

    def analytic(theta, weight):
        term_n, term_d, floor = terms(theta)
        total = term_n + term_d + floor
        residual = np.log(total) - log_l
        size = np.abs(residual)
        value = (weight * np.where(size < delta, residual**2 / 2, delta * (size - delta / 2))).sum()
        slope = weight * np.clip(residual, -delta, delta) / total
        by_n, by_d = slope * term_n, slope * term_d
        return value, np.array([by_n.sum(), by_d.sum(), (slope * floor).sum(), -(by_n @ log_n), -(by_d @ log_d)])

    return numeric, analytic
