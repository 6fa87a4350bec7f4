"""The published scaling laws behind one interface, built from the rows of `laws` and `scaling_laws`.

Every law has id, label, counts (what N counts), source, single_source, note, valid (the range of the runs behind it),
has_loss, and compute_optimal(C) -> (N, D). Laws with has_loss also have loss(N, D).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import combinations, product
from typing import Any

import numpy as np
import pandas as pd

from analysis.scaling.chinchilla import FLOPS_PER_PARAM_TOKEN, ScalingLaw, positive
from analysis.trace import named
from analysis.units import PF_DAY

INFERENCE_FLOPS_PER_PARAM_TOKEN = 2.0
"""Forward FLOPs per parameter and token, [sardana2023] Eq. 1."""

LOG_SPAN = np.log(1e4)  # how far from a starting guess a numeric optimum is looked for, on either side
GOLDEN = (np.sqrt(5) - 1) / 2


@dataclass(frozen=True)
class KaplanLaw:
    """The joint law and the allocation of [kaplan2020]; N counts non-embedding parameters.

    L(N, D) = ((N_c / N)^(alpha_N / alpha_D) + D_c / D)^alpha_D, Eq. 1.5 with the constants of Table 2.
    N_opt = k (C / PF-day)^p, Table 6; its D is C / (6 N).
    """

    alpha_N: float
    alpha_D: float
    N_c: float
    D_c: float
    k: float
    p: float
    id: str = "kaplan2020"
    label: str = "Kaplan 2020"
    counts: str = "non_embedding"
    source: str = "kaplan2020"
    single_source: bool = False
    note: str = ""
    valid: Mapping[str, float] = field(default_factory=dict)
    has_loss = True

    def loss(self, N, D):
        """Expected loss [nats per token] of N non-embedding parameters trained on D tokens; N and D broadcast."""
        N, D = positive("N", N), positive("D", D)
        return ((self.N_c / N) ** (self.alpha_N / self.alpha_D) + self.D_c / D) ** self.alpha_D

    def compute_optimal(self, C):
        """(N, D): the published allocation at C training FLOPs; broadcasts over C."""
        C = positive("C", C)
        N = named(self.k * (C / PF_DAY) ** self.p, r"N_\text{opt}", "optimal parameters", "parameters")
        return N, named(C / (FLOPS_PER_PARAM_TOKEN * N), r"D_\text{opt}", "optimal tokens", "tokens")


@dataclass(frozen=True)
class AllocationLaw:
    """A law that gives only the optimal split: N = k_N C^a and D = k_D C^b, or D = C / (6 N) where k_D is None."""

    k_N: float
    a: float
    k_D: float | None = None
    b: float | None = None
    id: str = "allocation"
    label: str = "allocation"
    counts: str = "total"
    source: str = ""
    single_source: bool = False
    note: str = ""
    valid: Mapping[str, float] = field(default_factory=dict)
    has_loss = False

    def compute_optimal(self, C):
        """(N, D) at C training FLOPs; broadcasts over C.

        >>> N, D = AllocationLaw(k_N=0.1, a=0.5).compute_optimal(6e22)
        >>> float(6 * N * D / 6e22)
        1.0
        """
        C = positive("C", C)
        N = named(self.k_N * C**self.a, r"N_\text{opt}", "optimal parameters", "parameters")
        D = C / (FLOPS_PER_PARAM_TOKEN * N) if self.k_D is None else self.k_D * C**self.b
        return N, named(D, r"D_\text{opt}", "optimal tokens", "tokens")


@dataclass(frozen=True)
class RepeatedDataLaw:
    """A Chinchilla law in which repeated tokens and excess parameters are worth less: [muennighoff2023] Eq. 5 and 6.

    D' = U_D + U_D R_D (1 - exp(-R / R_D)) with R = D / U_D - 1 repetitions of U_D unique tokens; N' likewise with
    U_N = min(N, the compute-optimal N for U_D tokens). L = E + A / N'^alpha + B / D'^beta.
    """

    base: ScalingLaw
    R_D: float
    R_N: float
    unique_tokens: float = np.inf
    id: str = "muennighoff2023"
    label: str = "Muennighoff 2023"
    has_loss = True

    def __post_init__(self):
        if not self.unique_tokens > 0:
            raise ValueError(f"unique_tokens must be positive, got {self.unique_tokens!r}")

    counts = property(lambda self: self.base.counts)
    source = property(lambda self: self.base.source)
    single_source = property(lambda self: self.base.single_source)
    note = property(lambda self: self.base.note)
    valid = property(lambda self: self.base.valid)

    def with_unique_tokens(self, unique_tokens: float) -> "RepeatedDataLaw":
        """The same law for a corpus of unique_tokens [tokens]."""
        return replace(self, unique_tokens=unique_tokens)

    def effective_tokens(self, D):
        """Unique tokens worth as much as D tokens drawn from the corpus; D itself up to one epoch. Broadcasts."""
        D = positive("D", D)
        if not np.isfinite(self.unique_tokens):
            return D
        repetitions = np.maximum(D / self.unique_tokens - 1, 0)
        worth = np.minimum(D, self.unique_tokens) + self.unique_tokens * self.R_D * -np.expm1(-repetitions / self.R_D)
        return named(worth, "D'", "effective tokens", "tokens")

    def effective_params(self, N):
        """Parameters worth as much as N when the corpus is small; N itself up to the corpus's optimum. Broadcasts."""
        N = positive("N", N)
        if not np.isfinite(self.unique_tokens):
            return N
        enough = self.params_for_tokens(self.unique_tokens)
        excess = np.maximum(N / enough - 1, 0)
        worth = np.minimum(N, enough) + enough * self.R_N * -np.expm1(-excess / self.R_N)
        return named(worth, "N'", "effective parameters", "parameters")

    def params_for_tokens(self, D):
        """N whose compute-optimal number of tokens is D under the base law.

        N = ((alpha A / (beta B)) D^beta)^(1 / alpha), from setting the two marginal gains equal.
        """
        law = self.base
        enough = (law.alpha * law.A / (law.beta * law.B) * positive("D", D) ** law.beta) ** (1 / law.alpha)
        return named(enough, "N_U", "parameters for which the corpus is just enough", "parameters")

    def loss(self, N, D):
        """Expected loss [nats per token] of N parameters and D tokens, counting repetitions; broadcasts."""
        return self.base.loss(self.effective_params(N), self.effective_tokens(D))

    def compute_optimal(self, C):
        """(N, D) that minimise the loss at C = 6 N D FLOPs; broadcasts over C. Numeric where the corpus is repeated."""
        C = positive("C", C)
        N, D = self.base.compute_optimal(C)
        if not np.isfinite(self.unique_tokens):
            return N, D
        N = minimise_log(lambda n: self.loss(n, C / (FLOPS_PER_PARAM_TOKEN * n)), N)
        return N, C / (FLOPS_PER_PARAM_TOKEN * N)


@dataclass(frozen=True)
class InferenceLaw:
    """The optimum once served tokens count: minimise the loss at C = 6 N D + 2 N D_inference, [sardana2023] Eq. 1.

    inference_tokens [tokens]: one amount; for `for_loss` also an array of the shape of its target.
    """

    base: ScalingLaw
    inference_tokens: float | np.ndarray = 0.0
    id: str = "sardana2023"
    label: str = "Sardana 2023"
    source: str = "sardana2023"
    single_source: bool = False
    has_loss = True

    def __post_init__(self):
        if not np.all(np.asarray(self.inference_tokens) >= 0):
            raise ValueError(f"inference_tokens must not be negative, got {self.inference_tokens!r}")

    counts = property(lambda self: self.base.counts)
    note = property(lambda self: self.base.note)
    valid = property(lambda self: self.base.valid)

    def loss(self, N, D):
        """Expected loss [nats per token] under the base law; broadcasts."""
        return self.base.loss(N, D)

    def total_flops(self, N, D):
        """Training plus inference FLOPs of N parameters: 6 N D + 2 N D_inference; broadcasts."""
        return FLOPS_PER_PARAM_TOKEN * N * D + INFERENCE_FLOPS_PER_PARAM_TOKEN * N * self.inference_tokens

    def compute_optimal(self, C):
        """(N, D) that minimise the loss where training and inference together cost C FLOPs; broadcasts over C."""
        C = positive("C", C)
        served = INFERENCE_FLOPS_PER_PARAM_TOKEN * self.inference_tokens

        def tokens(n):
            return (C / n - served) / FLOPS_PER_PARAM_TOKEN

        def loss(n):
            affordable = tokens(n) > 0
            return np.where(affordable, self.base.loss(n, np.where(affordable, tokens(n), 1.0)), np.inf)

        # Serving alone must be affordable, so the largest model costs C in inference.
        ceiling = C / served if served else np.inf
        N = minimise_log(loss, np.minimum(self.base.compute_optimal(C)[0], 0.5 * ceiling))
        return N, tokens(N)

    def for_loss(self, target):
        """(N, D) of least total FLOPs that reach the loss `target` [nats]; broadcasts. NaN where no model reaches it."""
        target = np.asarray(target, dtype=float)
        law = self.base
        reachable = target > law.E
        gap = np.where(reachable, target - law.E, 1.0)
        # N needed with endless data is the smallest model; twice that exponentiated share is a safe start.
        floor = (law.A / gap) ** (1 / law.alpha)

        def tokens(n):
            rest = gap - law.A / n**law.alpha
            return np.where(rest > 0, law.B / np.where(rest > 0, rest, 1.0), np.inf) ** (1 / law.beta)

        N = minimise_log(lambda n: self.total_flops(n, tokens(n)), 3 * floor)
        return np.where(reachable, N, np.nan), np.where(reachable, tokens(N), np.nan)


def minimise_log(objective, guess, steps: int = 40):
    """The positive x within a factor 10^4 of guess at which objective(x) is least, elementwise, by golden section on log x.

    objective must be unimodal in log x (values of inf at one end are allowed).

    >>> round(float(minimise_log(lambda x: (np.log(x) - 1) ** 2, np.array(5.0))), 6)
    2.718282
    """
    low, high = np.log(guess) - LOG_SPAN, np.log(guess) + LOG_SPAN
    # A coarse look first, so that plateaus of inf at the ends cannot mislead the section search.
    grid = np.linspace(low, high, 65)
    with np.errstate(over="ignore", invalid="ignore"):
        at = np.argmin(objective(np.exp(grid)), axis=0)
        low = np.take_along_axis(grid, np.maximum(at - 1, 0)[None], axis=0)[0]
        high = np.take_along_axis(grid, np.minimum(at + 1, 64)[None], axis=0)[0]
        for _ in range(steps):
            left, right = high - GOLDEN * (high - low), low + GOLDEN * (high - low)
            lower = objective(np.exp(left)) < objective(np.exp(right))
            low, high = np.where(lower, low, left), np.where(lower, right, high)
    return np.exp((low + high) / 2)


def from_overtraining(E: float, a: float, b: float, eta: float, **about) -> ScalingLaw:
    """The law L = E + (a M^eta + b M^-eta) C^-eta of [gadre2024] Eq. 4, M = D / N and C = 6 N D, in Chinchilla form.

    C^-eta M^eta = 6^-eta N^(-2 eta), so alpha = beta = 2 eta, A = a 6^-eta and B = b 6^-eta.

    >>> law = from_overtraining(E=1.5, a=141.0, b=190.0, eta=0.121)
    >>> N, D = 1e9, 20e9
    >>> M, C = D / N, 6 * N * D
    >>> bool(np.isclose(law.loss(N, D), 1.5 + (141 * M**0.121 + 190 * M**-0.121) * C**-0.121))
    True
    """
    return ScalingLaw(E=E, A=a * 6**-eta, B=b * 6**-eta, alpha=2 * eta, beta=2 * eta, **about)


def allocation_from_table(n_params, train_flops, digits: int = 3, **about) -> AllocationLaw:
    """The power law N = k C^a that comes closest to (N, C) rows whose C is printed to so many digits; D is C / (6 N).

    The largest deviation, in units of the printed rounding, is made as small as it can be, so that the line runs within
    the rounding of every row if any line does. N is taken as exact because [hoffmann2022] Table 3 and Table A3 choose
    round model sizes and print their budgets.

    >>> law = allocation_from_table([1e9, 1e10, 1e11], [1.20e20, 1.20e22, 1.21e24])
    >>> 0.49 < law.a < 0.5
    True
    """
    x, C = np.log(positive("n_params", n_params)), positive("train_flops", train_flops)
    half = 0.5 * 10.0 ** (np.floor(np.log10(C)) - digits + 1) / C
    slope, intercept = closest_line(x, np.log(C), half)
    return AllocationLaw(k_N=float(np.exp(-intercept / slope)), a=float(1 / slope), **about)


def closest_line(x: np.ndarray, y: np.ndarray, half: np.ndarray) -> tuple[float, float]:
    """(slope, intercept) of the line with the smallest largest |y - line| / half over the points; at least three points.

    At the optimum three points deviate equally, so all triples with all signs are tried.

    >>> slope, intercept = closest_line(np.array([0.0, 1.0, 2.0]), np.array([0.0, 1.0, 0.0]), np.ones(3))
    >>> round(slope, 9) + 0.0, round(intercept, 9)
    (0.0, 0.5)
    """
    triples = np.array(list(combinations(range(len(x)), 3)))
    signs = np.array(list(product((-1.0, 1.0), repeat=3)))
    at, sign = np.repeat(triples, len(signs), axis=0), np.tile(signs, (len(triples), 1))
    system = np.stack([x[at], np.ones(at.shape), sign * half[at]], axis=2)
    solvable = np.abs(np.linalg.det(system)) > 1e-12 * np.abs(system).max()
    lines = np.linalg.solve(system[solvable], y[at][solvable][:, :, None])[:, :2, 0]
    deviation = (np.abs(y - lines[:, :1] * x - lines[:, 1:]) / half).max(axis=1)
    slope, intercept = lines[np.argmin(deviation)]
    return float(slope), float(intercept)


def total_params(non_embedding, omega: float):
    """Total parameters N + omega N^(1/3) of a model with N non-embedding ones, the trend of [pearce2024] Eq. 3. Broadcasts.

    >>> round(float(total_params(1e9, omega=47491.0)) / 1e9, 3)
    1.047
    """
    N = positive("non_embedding", non_embedding)
    return N + omega * np.cbrt(N)


def published_laws(laws: pd.DataFrame, constants: pd.DataFrame, optimal: pd.DataFrame) -> dict[str, Any]:
    """Every law of the table `laws` by id, with its constants from `scaling_laws`; order of `laws`.

    optimal: the table `chinchilla_optimal`, from which the approaches without a closed form take their line.
    Raises ValueError where a law lacks a constant or has an unknown form.
    """
    built: dict[str, Any] = {}
    for row in laws.to_dict("records"):
        value = constants[constants["law"] == row["law"]].set_index("parameter")["value"].to_dict()
        valid = {name.removeprefix("valid_"): value.pop(name) for name in [n for n in value if n.startswith("valid_")]}
        about = {"id": row["law"], "valid": valid} | {k: row[k] for k in ("label", "counts", "source", "single_source", "note")}
        try:
            built[row["law"]] = law_of_form(row["form"], value, about, optimal)
        except KeyError as missing:
            raise ValueError(f"law {row['law']!r} of form {row['form']!r} lacks the constant {missing}") from missing
    return built


def law_of_form(form: str, value: Mapping[str, Any], about: dict, optimal: pd.DataFrame):
    """The law of a form in the table `laws` with these constants, plain or traced; ValueError for an unknown form."""
    if form == "parametric":
        return ScalingLaw(**{name: value[name] for name in ("E", "A", "B", "alpha", "beta")}, **about)
    if form == "kaplan":
        return KaplanLaw(**{name: value[name] for name in ("alpha_N", "alpha_D", "N_c", "D_c", "k", "p")}, **about)
    if form == "gadre":
        return from_overtraining(value["E"], value["a"], value["b"], value["eta"], **about)
    if form == "repeated":
        base = ScalingLaw(**{name: value[name] for name in ("E", "A", "B", "alpha", "beta")}, **about)
        return RepeatedDataLaw(base, value["R_D_star"], value["R_N_star"], id=about["id"], label=about["label"])
    if form == "flops_allocation":  # M is FLOPs per token, six per parameter
        return AllocationLaw(value["k_M"] / FLOPS_PER_PARAM_TOKEN, value["a"], value["k_D"], value["b"], **about)
    if form == "table":
        rows = optimal[(optimal["approach"] == about["id"].removesuffix("_table").removeprefix("hoffmann2022_")) & optimal["on_line"]]
        return allocation_from_table(rows["n_params"], rows["train_flops"], **about)
    if form == "inference":
        base = ScalingLaw(**{name: value[name] for name in ("E", "A", "B", "alpha", "beta")}, **about)
        return InferenceLaw(base, **{name: about[name] for name in ("id", "label", "source", "single_source")})
    raise ValueError(f"unknown form {form!r} of law {about['id']!r}")
