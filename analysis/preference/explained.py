"""How the numbers of the figures on preference tuning come about."""

from analysis.charts.explained import Steps
from analysis.charts.inputs import assumed, defined, setting
from analysis.preference import objective, stage_memory
from analysis.preference.figures import Loss
from analysis.preference.figures_memory import Stages
from analysis.trace import named
from analysis.transformer.traced import traced_shape


def memory(figure: Stages) -> Steps:
    """The memory of PPO and of DPO, model by model."""
    shape = traced_shape(figure.model)
    settings = {
        "batch": setting(figure, "batch_size", "B"),
        "seq_len": setting(figure, "seq_len", "S"),
        "rank": assumed(64, "r", "rank of the adapters", "", "taken here for every stage"),
        "block_size": defined(64, r"n_\text{block}", "weights that share a constant", "", "dettmers2023", "section 3"),
        "constant_block_size": defined(256, r"n_\text{const}", "constants that share a constant", "", "dettmers2023", "section 3"),
    }
    return {
        f"memory of {stage_memory.STAGES[stage]}": named(
            stage_memory.stage_memory(shape, stage, figure.method, **settings).total,
            rf"M_\text{{{stage_memory.STAGES[stage]}}}",
            f"memory of {stage_memory.STAGES[stage]}",
            "bytes",
        )
        for stage in ("ppo", "dpo")
    }


def loss(figure: Loss) -> Steps:
    """The loss at a margin of 10 nats."""
    margin = defined(10.0, "h", "margin of the preferred answer", "nats", "rafailov2023", "Eq. 7")
    left = objective.dpo_loss(margin, setting(figure, "beta", r"\beta"))
    return {"loss at a margin of 10 nats": named(left, "L", "loss at a margin of 10 nats", "nats")}


WORLD = "The world is made up: one prompt with some answers, their probabilities under the reference and their true rewards drawn at random once."
AS_PRINTED = frozenset({"rounds", "mt_bench"})
WORDS = {
    "frontier": (
        WORLD,
        "Pairs of answers are drawn from the reference, and one is preferred with the probability that its true reward gives it (Bradley-Terry); some verdicts are turned round if you ask for that.",
        "From these pairs DPO trains a policy; a reward model is trained and a policy gradient follows it, or the best of n answers by it is taken. Each is repeated over many seeds, and the title states the highest mean true reward along each line.",
        "The highest possible reward is that of the best answer.",
    ),
    "implicit": (
        WORLD,
        "The implicit reward of an answer is beta times log(pi / pi_ref) under the policy that DPO trained on the pairs, less its mean over the reference; the reward model is trained on the same pairs.",
        "The miss is the root of the mean squared difference to the true reward, weighted by how often the reference gives each answer; of one seed.",
    ),
    "loss": ("With the gradient shown, the title states the margin at which it is half of what it is at zero: log(3) / beta.",),
    "optimum": (
        WORLD,
        "The best policy is pi = pi_ref exp(r / beta) / Z, where Z makes the probabilities sum to one: no other has a higher mean reward less beta times its distance from the reference.",
        "That distance is the Kullback-Leibler divergence, the sum of pi log(pi / pi_ref) over the answers.",
    ),
    "memory": (
        "A trained model takes its weights, gradients and optimizer states, a frozen one its weights; DPO and the reward model read two answers for each prompt. Everything stands on one device, with half a GB of CUDA context, which is assumed.",
    ),
    "rounds": (
        "The shares are as printed; nothing was judged again. Where the number of prompts is printed, the interval is Wilson's at the confidence level of the settings.",
    ),
    "batches": (
        "The share is the sum of the printed comparisons from the batch on over the sum of all.",
        "The comparisons of Table 26 of the Llama 2 paper are added up in the order of the batches; the sum of all is the number of Table 6.",
    ),
    "win_rates": (
        "Win rates are as printed. Where ties were counted, the share without them is wins over wins and losses. Where the number of comparisons is known, a Wilson interval at your level goes around the share.",
        "A rate counts as above 50% where the whole interval lies above it, and as below where all of it lies below.",
    ),
    "mt_bench": (
        "Scores are as printed; GPT-4 gave them, and nothing was judged again.",
        "Scores, sizes and ways of tuning are those of Table 1 of the Zephyr paper, each model once; nothing is computed from them.",
    ),
}
