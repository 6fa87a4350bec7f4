"""What figures of fine-tuning memory share: their parameters, the works behind them, and colours."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from analysis.charts import style
from analysis.charts.figure import Figure
from analysis.charts.panel import Citation
from analysis.charts.parameters import Choice, Quantity, Switch
from analysis.charts.shared_parameters import LORA_RANK, MODEL
from analysis.memory import finetuning
from analysis.memory.parts import TARGETS
from analysis.transformer.model import Model

QLORA, LORA, ZERO = (
    Citation("dettmers2023", "sections 2 and 3"),
    Citation("hu2021", "section 4.1"),
    Citation("rajbhandari2019", "section 3.1"),
)
ACTIVATIONS = Citation("korthikanti2022", "sections 4 and 5")
METHOD_COLORS = {"full": style.CRIMSON, "lora": style.ORCHID, "qlora": style.BLUE}
BASE = "LLaMA-65B"
"""The model of the page's own story."""

METHOD = Choice("Method", options=finetuning.METHODS)
LORA_TARGETS = Choice("LoRA target modules", options={key: label for key, (label, _) in TARGETS.items()}, rare=True)
QUANT_BLOCK_SIZE = Quantity("Quantisation block size", low=8, high=4096, twos=True, whole=True)


@dataclass(frozen=True)
class Program:
    """What a program does to memory: its name, its settings in words, and as arguments of `finetuning_memory`; and its usual optimiser."""

    label: str
    words: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    optimiser: str = "adamw"


TORCH = "optimiser states in the type of what is trained, and the optimiser's step beside the backward pass"
PROGRAMS = {
    "papers": Program("as the papers count", optimiser="paged_adamw"),
    "trainer": Program("Hugging Face Trainer", TORCH, {"state_dtype": "param"}),
    "peft": Program(
        "Hugging Face Trainer + PEFT",
        f"{TORCH}; for QLoRA all that is not quantised in 32 bits",
        {"state_dtype": "param", "upcast_rest": True},
    ),
    "liger": Program(
        "Hugging Face Trainer + Liger kernel", f"{TORCH}; logits for some tokens at a time", {"state_dtype": "param", "chunked_loss": True}
    ),
}
"""What the runs of the table `memory_measured` did, beside the way that the papers count."""


class FineTune(Figure):
    """How a model is fine-tuned, apart from the method and the sequences."""

    model: Model = MODEL("llama-65b")
    lora_targets: str = LORA_TARGETS("all")
    training_program: str = Choice("Program", options={key: program.label for key, program in PROGRAMS.items()}, rare=True)("papers")
    optimiser: str = Choice(
        "Optimiser",
        options={key: optimiser.label for key, optimiser in finetuning.OPTIMISERS.items()},
        rare=True,
    )(lambda earlier: PROGRAMS[earlier["training_program"]].optimiser)
    precision: str = Choice("Precision", options=finetuning.PRECISIONS, rare=True)("bf16")
    quant_block_size: int = QUANT_BLOCK_SIZE(64, rare=True)
    double_quantisation: bool = Switch("Double quantisation", rare=True)(True)
    lora_rank: int = LORA_RANK(64)

    def options(self) -> dict[str, Any]:
        """The parameters as arguments of `finetuning_memory`."""
        return {
            "targets": TARGETS[self.lora_targets][1],
            "optimiser": self.optimiser,
            "precision": self.precision,
            "block_size": self.quant_block_size,
            "double_quantisation": self.double_quantisation,
            "rank": self.lora_rank,
            **PROGRAMS[self.training_program].settings,
        }


class FineTuneRun(FineTune):
    """How a model is fine-tuned, and what is kept for the backward pass."""

    checkpointing: bool = Switch("Gradient checkpointing", rare=True)(True)
    flash_attention: bool = Switch("FlashAttention", rare=True)(True)
    sharded_gpus: int = Quantity("GPUs that split all (FSDP)", low=1, high=64, twos=True, whole=True, rare=True)(1)

    def options(self) -> dict[str, Any]:
        """The parameters as arguments of `finetuning_memory`."""
        split = {"n_gpus": self.sharded_gpus, "sharding": "zero3"} if self.sharded_gpus > 1 else {}
        return super().options() | split | {"checkpointing": self.checkpointing, "flash": self.flash_attention}

    def counted_as(self) -> str:
        """A sentence on what is not as the papers count, with a blank in front; "" where all is."""
        program = PROGRAMS[self.training_program]
        said = [f"Counted as {program.label} does it: {program.words}."] if program.words else []
        if self.sharded_gpus > 1:
            said.append(
                f"Each of the {self.sharded_gpus} GPUs holds its share of weights, gradients and states, two whole layers, and activations of its own."
            )
        return "".join(f" {sentence}" for sentence in said)
