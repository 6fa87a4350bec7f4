"""What the stages of preference tuning keep in memory: supervised tuning, reward model, PPO with its four models, and DPO with two."""

from dataclasses import dataclass

from analysis.memory.finetuning import CONTEXT_BYTES, FinetuningMemory, finetuning_memory
from analysis.trace import named, real
from analysis.transformer.shape import TransformerShape

STAGES = {"sft": "supervised fine-tuning", "reward": "reward model", "ppo": "PPO", "dpo": "DPO"}
ROLES = {
    "sft": {"policy": "trained"},
    "reward": {"reward model": "trained"},
    "ppo": {"policy": "trained", "critic": "trained", "reward model": "frozen", "reference": "frozen"},
    "dpo": {"policy": "trained", "reference": "frozen"},
}
"""The models that each stage keeps, and whether it trains them. Source: [ouyang2022] section 3.5; [rafailov2023] section 4."""


@dataclass(frozen=True)
class Stage:
    """One stage: bytes of each model it keeps, activations and context apart.

    models: by role, with gradients and optimiser states where trained; activations: of the models that are trained, logits included;
    context: of the program, once.
    """

    models: dict[str, float]
    activations: float
    context: float

    @property
    def total(self) -> float:
        """All of it [bytes]."""
        return sum(self.models.values()) + self.activations + self.context


def stage_memory(
    shape: TransformerShape, stage: str, method: str = "full", *, batch: int = 1, seq_len: int = 1024, precision: str = "bf16", **settings
) -> Stage:
    """The Stage of a model: everything on one device, all models of the size of the policy.

    A trained model takes what `finetuning_memory` says; a frozen one its weights. DPO sees two answers for each prompt, so its batch counts
    double, as does the reward model's. With adapters (method "lora" or "qlora") all models of a stage share one base: the reference is the
    base with its adapter off, and each further model adds its adapter. The reward and value heads, one vector each, are not counted, nor
    is the cache that PPO needs to write its answers.

    settings: further ones of `finetuning_memory`. Raises ValueError for a stage or method that does not exist.

    >>> from analysis.transformer.plain_shape import transformer_shape
    >>> llama = transformer_shape(n_layers=32, d_model=4096, n_heads=32, d_ff=11008, vocab_size=32000)
    >>> ppo, dpo = (stage_memory(llama, stage).total for stage in ("ppo", "dpo"))
    >>> 1.9 < ppo / dpo < 2.1
    True
    """
    if stage not in STAGES:
        raise ValueError(f"stage must be one of {', '.join(STAGES)}, got {stage!r}")
    pairs = 2 if stage in ("dpo", "reward") else 1
    tuned = finetuning_memory(shape, method, batch=batch * pairs, seq_len=seq_len, precision=precision, **settings)
    adapters = method != "full"
    base = real(tuned.weights + tuned.constants + tuned.dequantised)
    models, activations = {}, 0.0
    for number, (role, state) in enumerate(ROLES[stage].items()):
        own = real(tuned.adapters) if adapters else base
        if adapters and role == "reference":
            own = 0.0
        if adapters and number == 0:
            own += base
        if state == "trained":
            own += trained_states(tuned)
            activations += real(tuned.activations + tuned.logits)
        models[role] = named(own, rf"M_\text{{{role}}}", f"memory of the {role}", "bytes")
    return Stage(models, activations, CONTEXT_BYTES["middle"])


def trained_states(tuned: FinetuningMemory) -> float:
    """Bytes of gradients, optimiser states and 32-bit copy of a model that is trained."""
    return real(tuned.gradients + tuned.optimiser_states + tuned.master_weights)
