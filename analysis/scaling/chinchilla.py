"""The law of the Chinchilla form: loss, and the compute-optimal model."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from analysis.trace import array, named, real
from analysis.units import format_flops

FLOPS_PER_PARAM_TOKEN = 6.0
"""Training FLOPs per parameter and token, the convention C = 6 N D of [kaplan2020] and [hoffmann2022]."""

CONSTANTS = ("E", "A", "B", "alpha", "beta")


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
        return named(self.E + self.A / N**self.alpha + self.B / D**self.beta, "L", "expected loss", "nats per token")

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
        a = named(self.beta / (self.alpha + self.beta), "a", "exponent of the optimal size")
        with np.errstate(all="ignore"):
            G = np.divide(self.alpha * self.A, self.beta * self.B) ** (1 / (self.alpha + self.beta))
            G = named(G, "G", "balance of the two terms at the optimum")
            N, D = G * base**a, base ** (1 - a) / G
        N, D = named(N, r"N_\text{opt}", "optimal parameters", "parameters"), named(D, r"D_\text{opt}", "optimal tokens", "tokens")
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


def positive(name: str, value):
    """value as a float array, or a ValueError naming the argument if any entry is not a positive number; a traced number as it is."""
    found = array(value)
    if not np.all(found > 0) or not np.all(np.isfinite(found)):
        raise ValueError(f"{name} must be positive and finite, got {value!r}")
    return found


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
    N, D = (real(value) for value in law.compute_optimal(C))
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
