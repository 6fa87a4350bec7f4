"""What figures of fine-tuning memory share: the default way of tuning, the works behind it, colours, and how settings are told."""

from collections.abc import Mapping
from typing import Any

from analysis.charts import style
from analysis.charts.panel import Citation
from analysis.memory import finetuning, parts

QLORA, LORA, ZERO = (
    Citation("dettmers2023", "sections 2 and 3"),
    Citation("hu2021", "section 4.1"),
    Citation("rajbhandari2019", "section 3.1"),
)
ACTIVATIONS = Citation("korthikanti2022", "sections 4 and 5")
METHOD_COLORS = {"full": style.CRIMSON, "lora": style.AMBER, "qlora": style.BLUE}
TARGETS = {
    "all": ("all linear layers", parts.ALL_LINEAR),
    "attention": ("attention (q, k, v, o)", ("q", "k", "v", "o")),
    "qv": ("queries and values", ("q", "v")),
}
DEFAULTS: dict[str, Any] = {
    "rank": 64,
    "targets": parts.ALL_LINEAR,
    "optimiser": "paged_adamw",
    "precision": "bf16",
    "batch": 1,
    "seq_len": 512,
    "checkpointing": True,
    "flash": True,
    "block_size": 64,
    "double_quantisation": True,
}
MODEL = "LLaMA-65B"


def described(model: str, options: Mapping) -> dict[str, str]:
    """The options of `finetuning_memory` as a reader sees them."""
    told = {"model": model}
    if "batch" in options:
        told["batch"] = f"{options['batch']} of {options['seq_len']} tokens"
    elif "seq_len" in options:
        told["sequence"] = f"{options['seq_len']} tokens"
    return told | {
        "adapters": f"rank {options['rank']} on {', '.join(options['targets'])}",
        "optimiser": finetuning.OPTIMISERS[options["optimiser"]].label,
        "precision": finetuning.PRECISIONS[options["precision"]],
        "activations": f"{'with' if options['checkpointing'] else 'no'} checkpointing, {'flash' if options['flash'] else 'plain'} attention",
        "blocks": f"{options['block_size']}, {'double' if options['double_quantisation'] else 'single'} quantisation",
    }
