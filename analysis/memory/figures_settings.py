"""What figures of fine-tuning memory share: their parameters, the works behind them, and colours."""

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


class FineTune(Figure):
    """How a model is fine-tuned, apart from the method and the sequences."""

    model: Model = MODEL("llama-65b")
    lora_targets: str = LORA_TARGETS("all")
    optimiser: str = Choice(
        "Optimiser",
        options={key: optimiser.label for key, optimiser in finetuning.OPTIMISERS.items()},
        rare=True,
    )("paged_adamw")
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
        }


class FineTuneRun(FineTune):
    """How a model is fine-tuned, and what is kept for the backward pass."""

    checkpointing: bool = Switch("Gradient checkpointing", rare=True)(True)
    flash_attention: bool = Switch("FlashAttention", rare=True)(True)

    def options(self) -> dict[str, Any]:
        """The parameters as arguments of `finetuning_memory`."""
        return super().options() | {"checkpointing": self.checkpointing, "flash": self.flash_attention}
