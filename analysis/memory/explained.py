"""How the numbers of the figures on fine-tuning memory come about."""

from typing import Any

from analysis import tables
from analysis.charts.explained import Steps
from analysis.charts.inputs import assumed, defined, processor, setting
from analysis.memory import finetuning, nf4
from analysis.memory import parts as memory_parts
from analysis.memory.figures import Parts, Rank
from analysis.memory.figures_fits import Fits, Largest
from analysis.memory.figures_nf4 import Bits, WhatIsQuantised
from analysis.memory.figures_settings import TARGETS, FineTune
from analysis.trace import Traced, named
from analysis.transformer import count_params
from analysis.transformer.model import Model, published
from analysis.transformer.traced import traced_shape

SECOND_BLOCK = defined(256, r"n_\text{const}", "constants that share a constant", "", "dettmers2023", "section 3")
WHY = "assumed here: it differs by driver, library and device"


def options(figure: FineTune) -> dict[str, Any]:
    """The settings of a figure as traced arguments of `finetuning_memory`."""
    return figure.options() | {
        "block_size": setting(figure, "quant_block_size", r"n_\text{block}", "weights that share a constant"),
        "constant_block_size": SECOND_BLOCK,
        "rank": setting(figure, "lora_rank", "r", "rank of the adapters"),
    }


def needed(model: Model, method: str, symbol: str, **settings: Any) -> Traced:
    """The memory of one way of tuning, traced."""
    context = assumed(finetuning.CONTEXT_BYTES["middle"], r"M_\text{cuda}", "CUDA context", "bytes", WHY)
    found = finetuning.finetuning_memory(traced_shape(model), method, context_bytes=context, **settings)
    return named(found.total, symbol, f"memory of {finetuning.METHODS[method]}", "bytes")


def parts(figure: Parts | Fits) -> Steps:
    """The memory of each way, part by part."""
    settings = options(figure) | {"batch": setting(figure, "batch_size", "B"), "seq_len": setting(figure, "seq_len", "S")}
    if figure.sharded_gpus > 1:
        settings |= {"n_gpus": setting(figure, "sharded_gpus", r"n_\text{gpu}", "GPUs that split weights, gradients and states", "")}
    return {
        f"memory of {label}": needed(figure.model, method, rf"M_\text{{{label.removesuffix(' fine-tuning')}}}", **settings)
        for method, label in finetuning.METHODS.items()
    }


def fits(figure: Fits) -> Steps:
    """The memory of each way, part by part."""
    return parts(figure)


def rank(figure: Rank) -> Steps:
    """The parameters of the adapters."""
    count = memory_parts.adapter_params(
        traced_shape(figure.model), setting(figure, "lora_rank", "r", "rank of the adapters"), TARGETS[figure.lora_targets][1]
    )
    return {"trained parameters": named(count, "A", "trained parameters", "parameters")}


def largest(figure: Largest) -> Steps:
    """The memory of the device, where not even one token fits."""
    return {"memory of the device": processor(figure.gpu).memory_bytes}


def bits(figure: Bits) -> Steps:
    """The bits of a weight with double quantisation and without."""
    block = setting(figure, "quant_block_size", r"n_\text{block}", "weights that share a constant")
    constants = setting(figure, "constant_block_size", r"n_\text{const}", "constants that share a constant")
    return {
        "bits with double quantisation": named(
            nf4.bits_per_param(block, True, constants), r"b_\text{double}", "bits with double quantisation", "bits"
        ),
        "bits with 32-bit constants": named(nf4.bits_per_param(block, False), r"b_{32}", "bits with 32-bit constants", "bits"),
    }


def what_is_quantised(figure: WhatIsQuantised) -> Steps:
    """The parameters in 4 bits over all."""
    shape = traced_shape(figure.model)
    quantised = named(memory_parts.quantised_params(shape), "Q", "parameters in 4 bits", "parameters")
    share = named(quantised / count_params(shape).total, "s", "share of the parameters that is quantised")
    return {"share of the parameters that is quantised": share}


def reported(_: Any) -> Steps:
    """QLoRA of the 33B model."""
    rows = tables.load("memory_reported").set_index("id")
    settings = {
        "rank": assumed(64, "r", "rank of the adapters", "", "taken here for every row"),
        "block_size": defined(64, r"n_\text{block}", "weights that share a constant", "", "dettmers2023", "section 3"),
        "constant_block_size": SECOND_BLOCK,
        "seq_len": assumed(512, "S", "tokens of the one sequence", "tokens", "taken here for every row"),
    }
    return {"QLoRA of the 33B model": needed(published(rows.loc["qlora_33b_figure6", "model"]), "qlora", "M", **settings)}


UNCERTAIN = "The interval takes half a GB of context as 0.3 to 1 GB, logits as 4 to 14 bytes each, and activations up to 1.7 times what the formula counts, as one paper prints for a real program."
WORDS = {
    "parts": ("Each part is counted from the model's configuration and your settings, as above; nothing was measured.", UNCERTAIN),
    "fits": (
        "The need of each way is counted as above and held against the memory of every device of the table.",
        "A device holds a way where its memory is at least the upper end of the need's interval; it may hold it within the interval.",
        UNCERTAIN,
    ),
    "largest": (
        "All but activations and logits is the same for every batch, and those grow in proportion to it: the largest batch is (memory - fixed part) over what one sequence adds, rounded down.",
        "The longest sequence is the largest number of tokens at which that still is one sequence, found by trying ever finer steps.",
    ),
    "codebook": (
        "The levels of NF4 are quantiles of the normal distribution at evenly spaced probabilities, over the largest of them; those of FP4 and INT4 follow from their bits.",
        "A block is scaled by its largest weight; for independent normal weights the median of that is the m with (2 Phi(m) - 1)^n = 1/2 for blocks of n weights.",
        "Levels are counted that lie within one standard deviation once the block is scaled so.",
    ),
    "error": (
        "Weights are taken to be independent and normal. A block is scaled by its largest weight, and every weight goes to the nearest level of the format.",
        "The mean squared error is a sum of normal integrals over the cells of the levels, averaged over the distribution of the largest weight by numerical quadrature; the title states its root. Nothing is drawn at random.",
    ),
    "what_is_quantised": ("The low-rank matrices take 16 bits, or 32 where training is set to 32-bit; they are never quantised.",),
    "measured": (
        "For each row of the table of measured runs the memory is computed at the row's settings, part by part as under Breakdown, without a CUDA context; the row is inside where the measured peak lies between the ends of its interval.",
        "With torch's optimiser the states have the type of what is trained, and the peak is the larger of the backward pass and of the optimiser's step; several GPUs split weights, gradients and states.",
        "The median error is the median of |predicted / measured - 1| over the runs that fitted. No constant was fitted to these runs; that the peak may stand in the optimiser's step was learned from them.",
    ),
    "reported": (
        "For each row of the printed tables the memory is computed for the model and the method that it names, at one sequence of 512 tokens, and held against the printed number.",
        "For 4-bit models of Table 6 the stored weights with their constants are held against it: 1 - computed / printed, of which the title states the least and the most.",
    ),
}
