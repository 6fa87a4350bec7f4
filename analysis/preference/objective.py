"""What preference tuning optimises: the DPO loss, the implicit reward, the closed-form optimum and best-of-n on a small set of answers."""

from dataclasses import dataclass

import numpy as np

from analysis.scaling.chinchilla import positive
from analysis.trace import array


@dataclass(frozen=True)
class World:
    """A prompt with a few possible answers: what the reference policy gives each [probability], and how good each is.

    reference: shape (answers,), positive, sums to 1. reward: shape (answers,), the true reward that preferences follow [nats].
    """

    reference: np.ndarray
    reward: np.ndarray


def log_sigmoid(x) -> np.ndarray:
    """log(1 / (1 + exp(-x))), without overflow; broadcasts.

    >>> round(float(log_sigmoid(0.0)), 6), float(log_sigmoid(-1000.0))
    (-0.693147, -1000.0)
    """
    x = array(x)
    return np.minimum(x, 0) - np.log1p(np.exp(-np.abs(x)))


def sigmoid(x) -> np.ndarray:
    """1 / (1 + exp(-x)); broadcasts.

    >>> float(sigmoid(0.0))
    0.5
    """
    return np.exp(log_sigmoid(x))


def dpo_loss(margin, beta):
    """The DPO loss [nats] of one preference: -log sigma(beta h); broadcasts.

    margin h [nats]: log pi(y_w) / pi_ref(y_w) - log pi(y_l) / pi_ref(y_l), how much more the policy has raised the preferred answer.
    beta: strength of the pull to the reference, positive. At h = 0, where training starts, the loss is log 2 for every beta.

    Source: [rafailov2023] Eq. 7.

    >>> round(float(dpo_loss(0.0, 0.1)), 4), float(dpo_loss(50.0, 0.1)) < 0.01
    (0.6931, True)
    """
    return -log_sigmoid(positive("beta", beta) * array(margin))


def dpo_gradient(margin, beta):
    """The derivative of the DPO loss by its margin: -beta sigma(-beta h); broadcasts.

    Its size is beta times the probability that the implicit rewards give to the wrong order, so pairs already in order weigh little.
    Source: [rafailov2023] section 4, "What does the DPO update do?".

    >>> round(float(dpo_gradient(0.0, 0.1)), 3)
    -0.05
    """
    beta = positive("beta", beta)
    return -beta * sigmoid(-beta * np.asarray(margin, dtype=float))


def implicit_reward(policy, reference, beta):
    """beta log(pi / pi_ref) [nats] of each answer: the reward that a policy optimises, up to one constant for all answers.

    Source: [rafailov2023] Eq. 5 and Theorem 1.

    >>> implicit_reward([0.5, 0.5], [0.25, 0.75], beta=1.0).round(3).tolist()
    [0.693, -0.405]
    """
    return positive("beta", beta) * (np.log(positive("policy", policy)) - np.log(positive("reference", reference)))


def optimal_policy(reference, reward, beta) -> np.ndarray:
    """pi_ref exp(r / beta) / Z, the policy of highest E[r] - beta KL(pi || pi_ref), over the last axis.

    reference, reward: shape (..., answers). beta: a scalar, or an array that gets a row for each entry.
    Source: [rafailov2023] Eq. 4.

    >>> optimal_policy([0.5, 0.5], [0.0, 1.0], 1.0).round(3).tolist()
    [0.269, 0.731]
    """
    beta = positive("beta", beta)[..., None]
    logits = np.log(positive("reference", reference)) + np.asarray(reward, dtype=float) / beta
    weights = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return weights / weights.sum(axis=-1, keepdims=True)


def kl(policy, reference) -> np.ndarray:
    """KL(pi || pi_ref) [nats] over the last axis; answers that the policy never gives count nothing.

    >>> bool(kl([1.0, 0.0], [0.5, 0.5]) == np.log(2))
    True
    """
    p, q = np.broadcast_arrays(np.asarray(policy, dtype=float), positive("reference", reference))
    return np.where(p > 0, p * (np.log(np.where(p > 0, p, 1)) - np.log(q)), 0.0).sum(axis=-1)


def value(policy, world: World) -> tuple[np.ndarray, np.ndarray]:
    """(KL to the reference, mean true reward) of policies of shape (..., answers).

    >>> world = World(np.array([0.5, 0.5]), np.array([0.0, 1.0]))
    >>> [round(float(each), 3) for each in value([0.0, 1.0], world)]
    [0.693, 1.0]
    """
    return kl(policy, world.reference), np.asarray(policy, dtype=float) @ world.reward


def frontier(world: World, betas) -> tuple[np.ndarray, np.ndarray]:
    """(KL, reward) of the closed-form optimum for each beta: no policy has more reward at the same KL.

    >>> world = World(np.array([0.5, 0.5]), np.array([0.0, 1.0]))
    >>> KL, reward = frontier(world, [1.0, 0.1])
    >>> bool(KL[0] < KL[1] < np.log(2)) and bool(reward[0] < reward[1] < 1)
    True
    """
    return value(optimal_policy(world.reference, world.reward, np.asarray(betas, dtype=float)), world)


def best_of_n(reference, score, n: int) -> np.ndarray:
    """The exact policy of drawing n answers from the reference and keeping the one of highest score, shape (answers,).

    F(y)^n - F(<y)^n with F the reference's probability of a score up to that of y; equal scores share by their probability.
    Raises ValueError for n below 1.

    >>> best_of_n([0.5, 0.5], [0.0, 1.0], 2).tolist()
    [0.25, 0.75]
    """
    if n < 1:
        raise ValueError(f"n must be at least 1, got {n!r}")
    reference, score = positive("reference", reference), np.asarray(score, dtype=float)
    levels, at = np.unique(score, return_inverse=True)
    mass = np.bincount(at, weights=reference, minlength=len(levels))
    up_to = np.minimum(np.cumsum(mass), 1.0)
    up_to[-1] = 1.0
    kept = np.diff(np.concatenate([[0.0], up_to**n]))
    return kept[at] * reference / mass[at]


def best_of_n_kl(n):
    """log n - (n - 1) / n [nats]: the KL of best-of-n where no two answers are alike, and more than it where answers are few.

    Source: [beirami2024] Theorem 1, which shows that the often quoted formula is an upper bound.

    >>> float(best_of_n_kl(1)), round(float(best_of_n_kl(4)), 3)
    (0.0, 0.636)
    """
    n = positive("n", n)
    return np.log(n) - (n - 1) / n


def small_world(n_answers: int, seed: int = 0) -> World:
    """A World with random answers: reference softmax of standard normals, rewards standard normal and independent of it.

    numpy's frozen RandomState, so that a seed means the same world for good. Raises ValueError for fewer than 2 answers.

    >>> world = small_world(4)
    >>> round(float(world.reference.sum()), 9), world.reward.shape
    (1.0, (4,))
    """
    if n_answers < 2:
        raise ValueError(f"n_answers must be at least 2, got {n_answers!r}")
    random = np.random.RandomState(seed)
    weights = np.exp(random.standard_normal(n_answers))
    return World(weights / weights.sum(), random.standard_normal(n_answers))


def preferred(world: World, n_pairs: int, flipped: float, seed: int) -> np.ndarray:
    """How often each answer was preferred to each other in n_pairs comparisons: shape (answers, answers), [winner, loser].

    Both answers are drawn from the reference; pairs of one answer with itself say nothing and are drawn again. The first wins with
    probability sigma(r_1 - r_2) (Bradley-Terry); a share `flipped` of the verdicts is then turned round.

    Raises ValueError for fewer than 1 pair, or flipped outside 0 to 0.5.

    >>> preferred(small_world(4), 100, 0.0, seed=1).sum()
    np.float64(100.0)
    """
    if n_pairs < 1:
        raise ValueError(f"n_pairs must be at least 1, got {n_pairs!r}")
    if not 0 <= flipped <= 0.5:
        raise ValueError(f"flipped must be a share between 0 and 0.5, got {flipped!r}")
    random, size = np.random.RandomState(seed), len(world.reference)
    drawn = np.empty((0, 2), dtype=int)
    while len(drawn) < n_pairs:
        more = random.choice(size, size=(2 * n_pairs, 2), p=world.reference)
        drawn = np.concatenate([drawn, more[more[:, 0] != more[:, 1]]])
    first, second = drawn[:n_pairs].T
    wins = random.random_sample(n_pairs) < sigmoid(world.reward[first] - world.reward[second])
    wins ^= random.random_sample(n_pairs) < flipped
    winner, loser = np.where(wins, first, second), np.where(wins, second, first)
    return np.bincount(winner * size + loser, minlength=size * size).reshape(size, size).astype(float)


def decided(win, loss, n) -> tuple[np.ndarray, np.ndarray]:
    """(share won of the cases that were decided, number of these) from shares of wins and losses in n cases, the rest being ties.

    win / (win + loss) and n (win + loss); broadcasts.

    >>> [round(float(each), 3) for each in decided(0.359, 0.325, 1000)]
    [0.525, 684.0]
    """
    both = np.asarray(win, dtype=float) + np.asarray(loss, dtype=float)
    return np.asarray(win, dtype=float) / both, np.asarray(n, dtype=float) * both
