"""DPO, a reward model with a KL-regularised policy gradient, and best-of-n, trained on a small set of answers with torch.

All seeds and all strengths are trained side by side as one batch in double precision, so that a run takes a second or two and gives the
same numbers on every processor to many digits. The task of the worker is `task`; torch is imported inside functions.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from analysis.preference import objective
from analysis.preference.objective import World

METHODS = {"dpo": "DPO", "rlhf": "RM + policy gradient", "best_of_n": "best-of-n by the RM"}
BETAS = tuple(float(beta) for beta in np.geomspace(5.0, 0.2, 10).round(4))
NS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)
STEPS = 400
LEARNING_RATE = 0.1
SAMPLES = 64
"""Answers that the policy gradient draws at each step."""
LIMITS = {"n_answers": (2, 64), "n_pairs": (10, 100_000), "n_seeds": (1, 20)}
DEFAULTS: dict[str, Any] = {"n_answers": 32, "n_pairs": 1000, "flipped": 0.0, "n_seeds": 20}

Progress = Callable[[float, float, str], None]


def silent(done: float, total: float, message: str) -> None:
    """Progress that nobody watches."""


def descend(parameters, gradient, progress: Progress, done: int, total: int, words: str, steps: int = STEPS) -> None:
    """Adam on a tensor in place for some steps, its rate falling in a straight line to nothing.

    gradient(step): the gradient at the parameters as they stand. progress is called every 20 steps, with done + step out of total.
    """
    import torch

    first, second = torch.zeros_like(parameters), torch.zeros_like(parameters)
    for step in range(steps):
        if step % 20 == 0:
            progress(done + step, total, words)
        slope = gradient(step)
        first.mul_(0.9).add_(slope, alpha=0.1)
        second.mul_(0.999).addcmul_(slope, slope, value=0.001)
        size = LEARNING_RATE * (1 - step / steps)
        corrected = (second / (1 - 0.999 ** (step + 1))).sqrt_().add_(1e-12)
        parameters.addcdiv_(first / (1 - 0.9 ** (step + 1)), corrected, value=-size)


def pair_gradient(scores, wins):
    """Gradient of the mean of -log sigma(s_w - s_l) over preferences by each score s: tensors of shape (..., answers).

    wins: shape (..., answers, answers), [winner, loser], shares of all preferences. The loss of a reward model, and of DPO with
    s = beta log(pi / pi_ref).
    """
    import torch

    wrong = wins * torch.sigmoid(scores[..., None, :] - scores[..., :, None])
    return wrong.sum(-2) - wrong.sum(-1)


def train_reward_model(wins, progress: Progress = silent, done: int = 0, total: int = STEPS):
    """Rewards of shape (seeds, answers) fitted to preferences by the Bradley-Terry loss, with mean zero; wins as in `pair_gradient`."""
    import torch

    reward = torch.zeros(wins.shape[:-1], dtype=torch.float64)
    descend(reward, lambda step: pair_gradient(reward, wins), progress, done, total, "Fitting the reward model")
    return reward - reward.mean(-1, keepdim=True)


def train_dpo(wins, reference, betas, progress: Progress = silent, done: int = 0, total: int = STEPS, steps: int = STEPS):
    """Log probabilities of shape (seeds, betas, answers) trained by DPO from the reference.

    wins: shape (seeds, answers, answers). The logits are the parameters; the gradient of the loss by log pi is carried through softmax.
    """
    import torch

    strength = torch.as_tensor(betas, dtype=torch.float64)[None, :, None]
    log_reference = torch.as_tensor(reference, dtype=torch.float64).log()
    logits = log_reference.expand(len(wins), len(betas), -1).clone()

    def gradient(step):
        log_policy = logits.log_softmax(-1)
        slope = strength * pair_gradient(strength * (log_policy - log_reference), wins[:, None])
        return slope - log_policy.exp() * slope.sum(-1, keepdim=True)

    descend(logits, gradient, progress, done, total, "Training with DPO", steps)
    return logits.log_softmax(-1)


def train_policy_gradient(reward, reference, betas, seed: int = 0, progress: Progress = silent, done: int = 0, total: int = STEPS):
    """Log probabilities of shape (seeds, betas, answers) trained by REINFORCE on E[r] - beta KL from the reference.

    reward: shape (seeds, answers), of the reward model. Each step draws SAMPLES answers from the policy; an answer's return is
    r - beta log(pi / pi_ref), less the mean over the draws. Source: [rafailov2023] Eq. 3.
    """
    import torch

    strength = torch.as_tensor(betas, dtype=torch.float64)[None, :, None]
    log_reference = torch.as_tensor(reference, dtype=torch.float64).log()
    logits = log_reference.expand(len(reward), len(betas), -1).clone()
    random = np.random.RandomState(seed)

    def gradient(step):
        log_policy = logits.log_softmax(-1)
        policy = log_policy.exp()
        uniform = torch.from_numpy(random.random_sample((*logits.shape[:2], SAMPLES)))
        drawn = torch.searchsorted(policy.cumsum(-1).contiguous(), uniform).clamp_(max=logits.shape[-1] - 1)
        returns = reward[:, None] - strength * (log_policy - log_reference)
        gained = returns.gather(-1, drawn)
        gained = (gained - gained.mean(-1, keepdim=True)) / SAMPLES
        summed = torch.zeros_like(logits).scatter_add_(-1, drawn, gained)
        return policy * summed.sum(-1, keepdim=True) - summed

    descend(logits, gradient, progress, done, total, "Training with a policy gradient")
    return logits.log_softmax(-1)


def train_all(world: World, n_pairs: int, flipped: float, n_seeds: int, progress: Progress = silent) -> tuple[pd.DataFrame, pd.DataFrame]:
    """(runs, answers) of the three methods on preferences drawn anew for each seed.

    runs: method, strength (beta, or n), seed, kl [nats], reward (true, mean). answers: of the first seed, beta, answer, reference,
    reward, fitted (reward model), and the probabilities dpo and rlhf.
    """
    import torch

    torch.set_num_threads(1)
    total = 3 * STEPS
    counts = np.stack([objective.preferred(world, n_pairs, flipped, seed) for seed in range(n_seeds)])
    wins = torch.from_numpy(counts / n_pairs)
    fitted = train_reward_model(wins, progress, 0, total)
    dpo = train_dpo(wins, world.reference, BETAS, progress, STEPS, total)
    rlhf = train_policy_gradient(fitted, world.reference, BETAS, 0, progress, 2 * STEPS, total)
    policies = {"dpo": dpo.exp().numpy(), "rlhf": rlhf.exp().numpy()}
    best = [[objective.best_of_n(world.reference, scores, n) for n in NS] for scores in fitted.numpy()]
    policies["best_of_n"] = np.array(best)
    parts = []
    for method, policy in policies.items():
        strengths = NS if method == "best_of_n" else BETAS
        KL, reward = objective.value(policy, world)
        seeds, strength = np.meshgrid(np.arange(n_seeds), strengths, indexing="ij")
        columns = {"strength": strength.ravel(), "seed": seeds.ravel(), "kl": KL.ravel(), "reward": reward.ravel()}
        parts.append(pd.DataFrame({"method": method, **columns}))
    answers = pd.DataFrame(
        {
            "beta": np.repeat(BETAS, len(world.reward)),
            "answer": np.tile(np.arange(len(world.reward)), len(BETAS)),
            "reference": np.tile(world.reference, len(BETAS)),
            "reward": np.tile(world.reward, len(BETAS)),
            "fitted": np.tile(fitted[0].numpy(), len(BETAS)),
            "dpo": policies["dpo"][0].ravel(),
            "rlhf": policies["rlhf"][0].ravel(),
        }
    )
    return pd.concat(parts, ignore_index=True), answers


def summary(runs: pd.DataFrame, level: float = 0.8) -> dict[str, pd.DataFrame]:
    """Where the seeds of each method end: {method: columns strength, kl, reward, low, high}, means over seeds, sorted by KL.

    runs: one number of pairs, as from `train_all`. low and high: the middle `level` of the seeds' rewards at the strength.
    """
    found = {}
    for method in METHODS:
        mine = runs[runs["method"] == method].sort_values(["strength", "seed"])
        n_seeds = mine["seed"].nunique()
        strength, KL, reward = (mine[name].to_numpy(float).reshape(-1, n_seeds) for name in ("strength", "kl", "reward"))
        low, high = np.percentile(reward, [50 * (1 - level), 50 * (1 + level)], axis=1)
        table = pd.DataFrame({"strength": strength[:, 0], "kl": KL.mean(axis=1), "reward": reward.mean(axis=1), "low": low, "high": high})
        found[method] = table.sort_values("kl", ignore_index=True)
    return found


STORED_PAIRS = (200, 1000, 20_000)
"""Numbers of preferences whose runs, at DEFAULTS otherwise, are kept in the derived tables."""


def stored_runs() -> tuple[pd.DataFrame, pd.DataFrame]:
    """(runs, answers) of `train_all` for each of STORED_PAIRS, with the column n_pairs in front."""
    world = objective.small_world(DEFAULTS["n_answers"])
    trained = [train_all(world, n_pairs, DEFAULTS["flipped"], DEFAULTS["n_seeds"]) for n_pairs in STORED_PAIRS]
    labelled = [
        pd.concat([frames[which].assign(n_pairs=n_pairs) for n_pairs, frames in zip(STORED_PAIRS, trained, strict=True)], ignore_index=True)
        for which in (0, 1)
    ]
    return tuple(frame[["n_pairs", *frame.columns.drop("n_pairs")]] for frame in labelled)


def task(arguments: Mapping[str, Any], progress: Progress) -> dict[str, Any]:
    """The worker's task train_preferences: {"runs", "answers"} as columns of lists; arguments as in DEFAULTS.

    Raises ValueError for numbers outside LIMITS.
    """
    settings = checked(arguments)
    world = objective.small_world(settings["n_answers"])
    runs, answers = train_all(world, settings["n_pairs"], settings["flipped"], settings["n_seeds"], progress)
    return {"runs": runs.to_dict("list"), "answers": answers.to_dict("list")}


def checked(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of a run, with DEFAULTS for what is not given; ValueError for what is out of range or unknown.

    >>> checked({"n_pairs": 200})["n_answers"]
    32
    """
    unknown = set(arguments) - set(DEFAULTS)
    if unknown:
        raise ValueError(f"arguments must be out of {', '.join(DEFAULTS)}, got {sorted(unknown)[0]!r}")
    settings = {**DEFAULTS, **arguments}
    for name, (low, high) in LIMITS.items():
        if not (isinstance(settings[name], int) and low <= settings[name] <= high):
            raise ValueError(f"{name} must be a whole number between {low:,} and {high:,}, got {settings[name]!r}")
    return settings
