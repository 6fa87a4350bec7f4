"""Domain pretraining: what a budget in GPU-hours allows, what a mix of domain and general text is worth, and what each way costs."""

import numpy as np
import pandas as pd

from analysis.compute.costs import RECOMPUTATION_FLOPS_PER_PARAM_TOKEN
from analysis.scaling.chinchilla import FLOPS_PER_PARAM_TOKEN, positive
from analysis.scaling.published import RepeatedDataLaw
from analysis.trace import named


def share_not_recomputed() -> float:
    """Share of the FLOPs of a run with full recomputation that 6 N D counts: 6 / 8.

    >>> share_not_recomputed()
    0.75
    """
    return FLOPS_PER_PARAM_TOKEN / RECOMPUTATION_FLOPS_PER_PARAM_TOKEN


def domain_share(domain_tokens, general_tokens, weight=1.0):
    """Share of the training tokens that come from the domain, where its documents are drawn `weight` times as often; broadcasts.

    w D_d / (w D_d + D_g).

    >>> round(float(domain_share(363e9, 345e9)), 3), round(float(domain_share(100e9, 300e9, weight=3)), 3)
    (0.513, 0.5)
    """
    drawn = positive("weight", weight) * positive("domain_tokens", domain_tokens)
    return named(drawn / (drawn + positive("general_tokens", general_tokens)), "q", "share of the domain in the tokens drawn")


def passes(D, domain_tokens, general_tokens, weight=1.0):
    """(over the domain text, over the general text): how often D training tokens go through each; broadcasts.

    >>> [round(float(each), 3) for each in passes(569e9, 363e9, 345e9)]
    [0.804, 0.804]
    """
    share = domain_share(domain_tokens, general_tokens, weight)
    return share * D / domain_tokens, (1 - share) * D / general_tokens


def mixed_loss(law: RepeatedDataLaw, N, D, domain_tokens: float, general_tokens: float, weight: float = 1.0):
    """Expected loss [nats per token] of N parameters on D tokens drawn from two corpora of limited size; N and D broadcast.

    L = E + A / N'^alpha + B / (D'_d + D'_g)^beta, where D' of each corpus is `RepeatedDataLaw.effective_tokens` of the tokens drawn from
    it, and N' is `effective_params` for both corpora together. weight: how many times as often a domain document is drawn.

    An extension of [muennighoff2023] Eq. 5 to two corpora: it values a new token of either alike, so it says what repetition costs and
    not what domain text is worth on domain tasks.

    >>> from analysis.scaling.chinchilla import ScalingLaw
    >>> law = RepeatedDataLaw(ScalingLaw(E=1.8, A=480.0, B=2100.0, alpha=0.35, beta=0.37), R_D=15.4, R_N=5.3)
    >>> once = mixed_loss(law, 1e8, 2e10, 1e10, 1e10)
    >>> bool(abs(once - law.base.loss(1e8, 2e10)) < 1e-9)
    True
    """
    share = domain_share(domain_tokens, general_tokens, weight)
    D = positive("D", D)
    worth = law.with_unique_tokens(domain_tokens).effective_tokens(share * D)
    worth = named(
        worth + law.with_unique_tokens(general_tokens).effective_tokens((1 - share) * D),
        r"D'_\text{both}",
        "effective tokens of both",
        "tokens",
    )
    return law.base.loss(law.with_unique_tokens(domain_tokens + general_tokens).effective_params(N), worth)


def best_size(law: RepeatedDataLaw, C: float, domain_tokens: float, general_tokens: float, weight: float = 1.0) -> tuple[float, float]:
    """(N, D) of least `mixed_loss` at C = 6 N D FLOPs, found numerically within a factor 1,000 of the optimum for endless data.

    >>> from analysis.scaling.chinchilla import ScalingLaw
    >>> law = RepeatedDataLaw(ScalingLaw(E=1.8, A=480.0, B=2100.0, alpha=0.35, beta=0.37), R_D=15.4, R_N=5.3)
    >>> N, D = best_size(law, 1e21, 1e14, 1e14)
    >>> bool(abs(N / law.base.compute_optimal(1e21)[0] - 1) < 1e-4)
    True
    """
    centre, half = np.log(float(law.base.compute_optimal(C)[0])), np.log(1e3)
    for _ in range(3):  # three ever finer grids, then the vertex of the parabola through the lowest point and its neighbours
        grid = np.linspace(centre - half, centre + half, 81)
        loss = mixed_loss(law, np.exp(grid), C / (FLOPS_PER_PARAM_TOKEN * np.exp(grid)), domain_tokens, general_tokens, weight)
        at = int(np.clip(np.argmin(loss), 1, 79))
        centre, half = grid[at], 2 * (grid[1] - grid[0])
    below, here, above = loss[at - 1 : at + 2]
    bend = below - 2 * here + above
    N = np.exp(centre + (0.5 * (below - above) / bend * (grid[1] - grid[0]) if bend > 0 else 0.0))
    return float(N), float(C / (FLOPS_PER_PARAM_TOKEN * N))


def wide(scores: pd.DataFrame) -> pd.DataFrame:
    """Scores with one row per task and one column per model, in the order in which both first occur; NaN where none is printed.

    scores: columns task, label, model, value.

    >>> rows = pd.DataFrame({"task": ["a", "a"], "label": ["A", "A"], "model": ["x", "y"], "value": [1.0, 2.0]})
    >>> wide(rows).loc["a", "y"]
    np.float64(2.0)
    """
    table = scores.pivot_table(index="task", columns="model", values="value", sort=False)
    return table[list(dict.fromkeys(scores["model"]))]


def wins(scores: pd.DataFrame, model: str, rivals: list[str]) -> tuple[int, int]:
    """(tasks on which model is ahead of every rival that has a score, tasks compared), ties counting as not ahead.

    >>> rows = pd.DataFrame({"task": ["a", "a"], "label": ["A", "A"], "model": ["x", "y"], "value": [1.0, 2.0]})
    >>> wins(rows, "y", ["x"])
    (1, 1)
    """
    table = wide(scores)
    shared = [name for name in rivals if name in table]
    known = table[model].notna() & table[shared].notna().any(axis=1)
    ahead = table.loc[known, model] > table.loc[known, shared].max(axis=1)
    return int(ahead.sum()), int(known.sum())


def loss_along_sizes(law, C: float, N) -> tuple[np.ndarray, np.ndarray]:
    """(tokens, loss) of models of N parameters that spend C = 6 N D FLOPs under a law with a loss.

    >>> from analysis.scaling.chinchilla import ScalingLaw
    >>> D, L = loss_along_sizes(ScalingLaw(E=1.8, A=480.0, B=2100.0, alpha=0.35, beta=0.37), 6e21, [1e10])
    >>> float(D[0])
    100000000000.0
    """
    D = positive("C", C) / (FLOPS_PER_PARAM_TOKEN * positive("N", N))
    return D, law.loss(N, D)
