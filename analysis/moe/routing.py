"""A router of a mixture of experts, simulated: load per expert, dropped assignments, and the loss that balances it."""

from dataclasses import dataclass

import numpy as np

LOSS_WEIGHT = 0.01
"""alpha of the load-balancing loss. Source: [fedus2021] section 2.2."""


def noise(n_tokens: int, n_experts: int, seed: int = 0) -> np.ndarray:
    """Normal numbers of shape (n_tokens, n_experts): what the tokens' logits differ by. The same seed gives the same numbers.

    >>> noise(4, 2, seed=1).shape
    (4, 2)
    """
    for name, value in {"n_tokens": n_tokens, "n_experts": n_experts}.items():
        if int(value) != value or value < 1:
            raise ValueError(f"{name} must be a whole number of at least 1, got {value!r}")
    return np.random.default_rng(seed).standard_normal((int(n_tokens), int(n_experts)), dtype=np.float32)


def logits(differences: np.ndarray, skew: float) -> np.ndarray:
    """Router logits, shape (n_tokens, n_experts): differences - skew log(rank), for experts of rank 1, 2, ... n_experts.

    Without differences the softmax would be Zipf's law, rank^-skew; at skew 0 all experts are alike. An assumption for illustration:
    trained routers depend on the token.

    >>> logits(np.zeros((1, 2)), 1.0).round(3).tolist()
    [[0.0, -0.693]]
    """
    if not (np.isfinite(skew) and skew >= 0):
        raise ValueError(f"skew must be a finite number of at least 0, got {skew!r}")
    bias = -skew * np.log(np.arange(1, differences.shape[1] + 1))
    return differences + bias.astype(differences.dtype)


@dataclass(frozen=True)
class Routing:
    """The outcome of routing: load, assignments of each expert; probability, its mean probability over tokens; n_tokens; top_k."""

    load: np.ndarray
    probability: np.ndarray
    n_tokens: int
    top_k: int

    @property
    def fair(self) -> float:
        """Assignments of each expert at perfect balance: n_tokens top_k / n_experts."""
        return self.n_tokens * self.top_k / len(self.load)

    @property
    def busiest(self) -> float:
        """Assignments of the busiest expert as a multiple of its fair share."""
        return float(self.load.max() / self.fair)


def route(scores: np.ndarray, top_k: int) -> Routing:
    """The Routing of tokens to the top_k experts with the largest logits; scores has shape (n_tokens, n_experts).

    probability is the mean over tokens of the softmax over all experts. The loads sum to n_tokens top_k.
    Source: [fedus2021] section 2.1 for one expert, [jiang2024] section 2.1 for two.

    >>> route(np.array([[2.0, 1.0, 0.0], [0.0, 3.0, 1.0]]), 2).load.tolist()
    [1, 2, 1]
    """
    n_tokens, n_experts = scores.shape
    if int(top_k) != top_k or not 1 <= top_k <= n_experts:
        raise ValueError(f"top_k must be a whole number from 1 to {n_experts}, got {top_k!r}")
    if top_k == 1:
        chosen = scores.argmax(axis=1)
    elif top_k == n_experts:
        chosen = np.tile(np.arange(n_experts), n_tokens)
    else:
        chosen = np.argpartition(scores, n_experts - top_k, axis=1)[:, n_experts - top_k :]
    weights = np.exp(scores - scores.max(axis=1, keepdims=True))
    weights /= weights.sum(axis=1, keepdims=True)
    return Routing(np.bincount(chosen.ravel(), minlength=n_experts), weights.mean(axis=0, dtype=float), n_tokens, int(top_k))


def capacity(routing: Routing, factor):
    """Assignments that each expert takes: factor times its fair share, rounded up; broadcasts.

    ceil(factor n_tokens top_k / n_experts). Source: [fedus2021] equation 3, with top_k = 1 and without rounding.

    >>> capacity(Routing(np.array([3, 1]), np.array([0.5, 0.5]), 4, 1), 1.25)
    3
    """
    if not np.all(np.isfinite(factor) & (np.asarray(factor) > 0)):
        raise ValueError(f"factor must be a finite number above 0, got {factor!r}")
    slots = np.ceil(np.asarray(factor) * routing.fair - 1e-9).astype(int)
    return int(slots) if slots.ndim == 0 else slots


def dropped_share(routing: Routing, factor):
    """Share of all assignments that find their expert full: sum of max(load - capacity, 0) / sum of load; broadcasts over factor.

    A dropped assignment passes the layer on the residual path only. Source: [fedus2021] section 2.2.

    >>> dropped_share(Routing(np.array([3, 1]), np.array([0.5, 0.5]), 4, 1), 1.0)
    0.25
    """
    slots = np.asarray(capacity(routing, factor))
    over = np.clip(routing.load - slots[..., None], 0, None).sum(axis=-1) / routing.load.sum()
    return float(over) if over.ndim == 0 else over


def balance_loss(routing: Routing, weight: float = LOSS_WEIGHT) -> float:
    """The load-balancing loss: weight n_experts sum over experts of f_i P_i.

    f_i: share of all assignments that expert i gets; P_i: its mean probability. It equals weight at perfect balance and
    weight n_experts / top_k when every token goes to the same experts. Source: [fedus2021] equations 4 to 6, for
    top_k = 1; some programs do not divide f_i by top_k.

    >>> balance_loss(Routing(np.array([2, 2]), np.array([0.5, 0.5]), 4, 1))
    0.01
    """
    f = routing.load / routing.load.sum()
    return float(weight * len(f) * (f @ routing.probability))
