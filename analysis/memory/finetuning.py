"""How much memory fine-tuning takes, part by part: full, with low-rank adapters (LoRA), and with adapters on 4-bit weights (QLoRA)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from analysis.memory.nf4 import bits_per_param
from analysis.memory.parts import (
    ALL_LINEAR,
    LOGIT_BYTES,
    activation_bytes,
    adapter_params,
    largest_layer,
    largest_matrix,
    largest_tensor,
    quantised_params,
)
from analysis.scaling.chinchilla import positive
from analysis.trace import largest, named, real
from analysis.transformer.count import count_params
from analysis.transformer.shape import TransformerShape, whole

METHODS = {"full": "full fine-tuning", "lora": "LoRA", "qlora": "QLoRA"}
PRECISIONS = {"bf16": "bf16, no master weights", "mixed": "mixed (fp32 master weights)", "fp32": "fp32"}
"""bf16: weights and gradients in 16 bits; mixed: with a 32-bit copy of what is trained; fp32: all in 32 bits."""


@dataclass(frozen=True)
class Optimiser:
    """An optimiser: its name, bytes of state for each trained parameter, whether the states can be paged or are in 8 bits."""

    label: str
    state_bytes: float
    paged: bool = False
    in_8_bits: bool = False


OPTIMISERS = {
    "adamw": Optimiser("AdamW", 8),
    "paged_adamw": Optimiser("paged AdamW", 8, paged=True),
    "adamw_8bit": Optimiser("8-bit AdamW", 2 + 8 / 2048, in_8_bits=True),
    "sgd_momentum": Optimiser("SGD with momentum", 4),
    "sgd": Optimiser("SGD", 0),
}
"""AdamW keeps two 32-bit states; in 8 bits it keeps two bytes and a 32-bit constant per 2,048 values of each [dettmers2021]."""
STATE_DTYPES = {"fp32": "fp32", "param": "type of what is trained"}
"""Type of an optimiser's states: 32 bits as in the papers, or as torch's optimisers keep them, in the type of the trained parameters."""
SHARDINGS = {
    "none": "each GPU holds all (DDP)",
    "zero1": "optimiser states (ZeRO-1)",
    "zero2": "states and gradients (ZeRO-2)",
    "zero3": "states, gradients and weights (ZeRO-3, FSDP)",
}
"""What several GPUs split among them. Activations, logits and context are never split: every GPU has sequences of its own."""
SPLIT = {
    "none": (),
    "zero1": ("optimiser_states", "master_weights", "step_buffer"),
    "zero2": ("optimiser_states", "master_weights", "step_buffer", "gradients"),
    "zero3": ("optimiser_states", "master_weights", "step_buffer", "gradients", "weights", "constants", "adapters"),
}
"""Parts that are divided by the number of GPUs."""
GATHERED_LAYERS = 2
"""Layers whose weights stand whole on a GPU while weights are split: the one that is computed and the next one, which is on its way."""

CONTEXT_BYTES = {"low": 0.3e9, "middle": 0.5e9, "high": 1.0e9}
"""What a program holds on the GPU before it allocates anything: an assumption, since it differs by driver, library and device."""
KEPT_MORE = 567 / 18 / 18.75
"""How much more a real program kept than the formula: [dettmers2023] section 2 prints 567 MB of input gradients for LLaMA-7B and 18 MB with
checkpointing, 31.5 times; the formula gives 18.75 times."""

PARTS = {
    "weights": "weights",
    "constants": "quantisation constants",
    "adapters": "adapters",
    "master_weights": "fp32 master weights",
    "gradients": "gradients",
    "optimiser_states": "optimiser states",
    "dequantised": "dequantisation buffer",
    "gathered": "gathered layers",
    "step_buffer": "optimiser step",
    "activations": "activations",
    "logits": "logits and loss",
    "context": "CUDA context",
}
PART_INDEXES = {
    "weights": "w", "constants": "c", "adapters": "a", "master_weights": "copy", "gradients": "g", "optimiser_states": "o",
    "dequantised": "16", "gathered": "whole", "step_buffer": "step", "activations": "act", "logits": "logits",
}  # fmt: skip
"""What stands at the symbol of each computed part in equations."""
UNCERTAIN = ("activations", "logits", "context")
BACKWARD, STEP = ("activations", "logits"), ("gradients", "step_buffer")
"""What is there only in the backward pass, and only in the step of torch's optimiser, after which gradients are dropped: the peak holds the
larger of both, with logits that may still be held in the step, and no buffer where the step is one kernel. With 32-bit states all is
added up, as the papers do, and as gradients that are accumulated over batches ask for."""


@dataclass(frozen=True)
class FinetuningMemory:
    """Bytes by part while fine-tuning; activations, logits and what contains them are arrays where batch or seq_len was one.

    weights: of the model, constants of their quantisation apart; adapters; master_weights: 32-bit copy of what is trained; gradients;
    optimiser_states, of which `pageable` may move to the host; dequantised: the matrix that is unpacked for the moment; gathered: layers
    that stand whole while weights are split over GPUs; activations; logits: of the output layer, with their gradient; context: what the
    program holds at start; step_buffer: what torch's AdamW sets up for all tensors at once. total: at the peak. low and high: the total
    with the uncertain parts at their ends. trained, quantised: parameters.
    """

    weights: float
    constants: float
    adapters: float
    master_weights: float
    gradients: float
    optimiser_states: float
    dequantised: float
    gathered: float
    step_buffer: float
    activations: float
    logits: float
    context: float
    pageable: float
    total: float
    low: float
    high: float
    trained: int
    quantised: int

    @property
    def parts(self) -> dict[str, float]:
        """Bytes by part at the peak, in the order of PARTS."""
        parts = {part: getattr(self, part) for part in PARTS}
        if self.step_buffer:
            backward = sum(parts[part] for part in BACKWARD) > sum(parts[part] for part in STEP)
            parts |= dict.fromkeys(STEP if backward else BACKWARD, 0.0)
        return parts


def finetuning_memory(
    shape: TransformerShape,
    method: str = "full",
    *,
    rank: int = 64,
    targets: Sequence[str] = ALL_LINEAR,
    optimiser: str = "adamw",
    precision: str = "bf16",
    batch=1,
    seq_len=512,
    checkpointing: bool = True,
    flash: bool = True,
    block_size: int = 64,
    double_quantisation: bool = True,
    constant_block_size: int = 256,
    context_bytes: float | None = None,
    state_dtype: str = "fp32",
    upcast_rest: bool = False,
    chunked_loss: bool = False,
    optimiser_in_backward: bool = False,
    n_gpus: int = 1,
    sharding: str = "none",
    offload: bool = False,
) -> FinetuningMemory:
    """The FinetuningMemory of a model: bytes by part on one device.

    weights = 2 N (4 N in fp32), and for QLoRA 4 / 8 of the blocks' matrices and 2 of the rest; constants = (32 / block_size) / 8 bytes per
    quantised parameter, with double quantisation (8 / block_size + 32 / (block_size constant_block_size)) / 8; trained T = N, or
    rank * (d_in + d_out) over the target matrices; gradients 2 T; AdamW 8 T; a 32-bit copy 4 T if mixed. So full fine-tuning takes 12 N,
    or 16 N with the copy: the paper's "more than 780 GB" for 65 B is 12 N. activations: `activation_bytes`; logits = 8 batch seq_len
    vocab_size (32-bit logits and gradient). Adapters are never quantised.

    state_dtype: of STATE_DTYPES; "param" is torch's optimiser: AdamW's states are 4 T where 16 bits are trained, its step sets up 2 T
    more, and gradients are not there with the activations. upcast_rest: QLoRA as PEFT prepares it, with embeddings, output layer, norms,
    adapters and their gradients in 32 bits, and so the inputs that layers keep. chunked_loss: logits are made for d_model / vocab_size of
    the tokens at a time. optimiser_in_backward: each tensor is updated as soon as it has its gradient, so only the largest one is kept.
    n_gpus, sharding (of SHARDINGS): several GPUs that split nothing keep a second copy of the gradients, in the buckets that they
    exchange. offload: optimiser states and the 32-bit copy on the host.

    method: "full", "lora" or "qlora". optimiser: a key of OPTIMISERS; precision: of PRECISIONS. batch [sequences], seq_len [tokens]:
    scalars or arrays. context_bytes: CUDA context, 0.5 GB if None. Not counted: fragments that the allocator cannot use, LoRA's dropout.

    Raises ValueError for a name or size that does not exist.
    Source: [dettmers2023] sections 2 and 3, [hu2021], [rajbhandari2019] sections 3.1 and 5, [korthikanti2022], [hsu2024], [lv2023].

    >>> from analysis.transformer.plain_shape import transformer_shape
    >>> llama = transformer_shape(n_layers=80, d_model=8192, n_heads=64, d_ff=22016, vocab_size=32000)
    >>> [round(float(finetuning_memory(llama, method).total / 1e9), 1) for method in ("full", "lora", "qlora")]
    [784.9, 141.6, 45.9]
    """
    for name, value, known in (
        ("method", method, METHODS),
        ("optimiser", optimiser, OPTIMISERS),
        ("precision", precision, PRECISIONS),
        ("state_dtype", state_dtype, STATE_DTYPES),
        ("sharding", sharding, SHARDINGS),
    ):
        if value not in known:
            raise ValueError(f"{name} must be one of {', '.join(known)}, got {value!r}")
    batch, seq_len, n_gpus = positive("batch", batch), positive("seq_len", seq_len), whole("n_gpus", n_gpus)
    value_bytes = 4 if precision == "fp32" else 2
    rest_bytes = 4 if upcast_rest and method == "qlora" else value_bytes
    n_params = count_params(shape).total
    quantised = named(quantised_params(shape), "Q", "parameters in 4 bits", "parameters") if method == "qlora" else 0
    adapters = 0 if method == "full" else named(adapter_params(shape, rank, targets), "A", "parameters of the adapters", "parameters")
    trained = adapters or n_params
    state_bytes = OPTIMISERS[optimiser].state_bytes
    as_torch = state_dtype == "param" and precision != "mixed"
    if as_torch and not OPTIMISERS[optimiser].in_8_bits:
        state_bytes *= rest_bytes / 4
    kept, recomputed = activation_bytes(
        shape,
        batch,
        seq_len,
        checkpointing=checkpointing,
        flash=flash,
        value_bytes=value_bytes,
        rank=rank if adapters else 0,
        targets=targets if adapters else (),
    )
    if checkpointing:
        kept *= rest_bytes / value_bytes
    words = batch * seq_len * (shape.d_model if chunked_loss else shape.vocab_size)
    updated = largest_tensor(shape) if optimiser_in_backward and not adapters else trained
    context = CONTEXT_BYTES["middle"] if context_bytes is None else real(context_bytes)
    overhead = bits_per_param(block_size, double_quantisation, constant_block_size) - 4
    fixed = {
        "weights": rest_bytes * (n_params - quantised) + quantised * 4 / 8,
        "constants": quantised * overhead / 8,
        "adapters": rest_bytes * adapters,
        "master_weights": 4.0 * trained if precision == "mixed" and not offload else 0.0,
        "gradients": rest_bytes * updated * (2 if n_gpus > 1 and sharding == "none" else 1),
        "optimiser_states": state_bytes * trained if not offload else 0.0,
        "dequantised": value_bytes * largest_matrix(shape) if quantised else 0.0,
        "gathered": 0.0,
        "step_buffer": 0.0,
    }
    if as_torch and not optimiser_in_backward and not offload and optimiser == "adamw":
        fixed["step_buffer"] = rest_bytes * trained
    if n_gpus > 1:
        fixed |= {part: fixed[part] / n_gpus for part in SPLIT[sharding]}
        if sharding == "zero3":
            bits = 4 if quantised else 8 * value_bytes
            fixed["gathered"] = GATHERED_LAYERS * largest_layer(shape) * bits / 8
    fixed = {part: part_named(part, value) for part, value in fixed.items()}
    spread = (CONTEXT_BYTES["low"], CONTEXT_BYTES["high"]) if context_bytes is None else (context, context)
    grown = kept * (1 if checkpointing else KEPT_MORE) + recomputed * KEPT_MORE
    activations, logits = part_named("activations", kept + recomputed), part_named("logits", LOGIT_BYTES["middle"] * words)
    held = sum(value for part, value in fixed.items() if not fixed["step_buffer"] or part not in STEP)

    def peak(backward, step, program):
        """Bytes at the peak. backward: activations and logits; step: gradients and its buffer; program: what it holds at start."""
        return held + (largest([backward, step]) if fixed["step_buffer"] else backward) + program

    least, most = fixed["gradients"], fixed["gradients"] + fixed["step_buffer"] + LOGIT_BYTES["low"] * words
    return FinetuningMemory(
        **fixed,
        activations=activations,
        logits=logits,
        context=context,
        pageable=fixed["optimiser_states"] if OPTIMISERS[optimiser].paged else 0.0,
        total=peak(activations + logits, fixed["gradients"] + fixed["step_buffer"], context),
        low=peak(kept + recomputed + LOGIT_BYTES["low"] * words, least, spread[0]),
        high=peak(grown + LOGIT_BYTES["high"] * words, most, spread[1]),
        trained=trained,
        quantised=quantised,
    )


def part_named(part: str, value) -> Any:
    """A part of the memory under its name in equations."""
    return named(value, rf"M_\text{{{PART_INDEXES[part]}}}", PARTS[part], "bytes")


MANY = 2.0**20
"""Sequences whose activations take more than an optimiser's step."""


def largest_batch(
    shape: TransformerShape, memory_bytes: float, seq_len, method: str = "full", *, end: str = "total", **settings
) -> np.ndarray:
    """The largest batch [sequences] of seq_len tokens that fits in memory_bytes, 0 where not even one does; seq_len broadcasts.

    Everything but activations and logits is the same for every batch, and those grow in proportion, so in the backward pass
    floor((memory - fixed) / (bytes of one sequence)) fit, none where the optimiser's step does not. end: "total", or "low" or "high" for
    the ends of the interval.
    settings: of `finetuning_memory`.

    >>> from analysis.transformer.plain_shape import transformer_shape
    >>> llama = transformer_shape(n_layers=80, d_model=8192, n_heads=64, d_ff=22016, vocab_size=32000)
    >>> largest_batch(llama, 48e9, [512, 4096], "qlora").tolist()
    [3, 0]
    """
    if end not in ("total", "low", "high"):
        raise ValueError(f"end must be total, low or high, got {end!r}")
    seq_len = np.asarray(seq_len, dtype=float)
    batches = np.array([1.0, MANY, 2 * MANY]).reshape(3, *(1 for _ in seq_len.shape))
    one, many, twice = getattr(finetuning_memory(shape, method, batch=batches, seq_len=seq_len, **settings), end)
    each, fixed = (twice - many) / MANY, 2 * many - twice
    most = np.floor((positive("memory_bytes", memory_bytes) - fixed) / each)
    return np.where(one <= memory_bytes, np.maximum(most, 0), 0).astype(int)


def largest_seq_len(shape: TransformerShape, memory_bytes: float, batch: int = 1, method: str = "full", **settings) -> int:
    """The longest sequence [tokens] of which `batch` fit in memory_bytes, up to 2^24; 0 where not even one token does. By bisection.

    >>> from analysis.transformer.plain_shape import transformer_shape
    >>> llama = transformer_shape(n_layers=80, d_model=8192, n_heads=64, d_ff=22016, vocab_size=32000)
    >>> largest_seq_len(llama, 48e9, 1, "qlora") > 512
    True
    """
    axis = np.unique(np.geomspace(1, 2**24, 4000).astype(int))
    fits = largest_batch(shape, memory_bytes, axis, method, **settings) >= batch
    if not fits[0]:
        return 0
    last = int(np.flatnonzero(fits)[-1])
    if last == len(axis) - 1:
        return int(axis[-1])
    between = np.arange(axis[last], axis[last + 1])
    return int(between[np.flatnonzero(largest_batch(shape, memory_bytes, between, method, **settings) >= batch)[-1]])


def compare_reported(reported, shapes) -> list[dict]:
    """What the table `memory_reported` prints beside what is computed, one dict for each row in bytes.

    Rows of quantity total: the whole of fine-tuning at batch 1 of 512 tokens. model: the stored weights with their constants
    (`computed`) and the whole of fine-tuning (`tuning`). saving: 32-bit constants less doubly quantised ones. Parts whose setting
    the paper leaves open are left out. error = computed / printed - 1. shapes: the shape of each model named, by name.

    >>> compare_reported([], {})
    []
    """
    rows = []
    for row in reported:
        if row["quantity"] not in ("total", "model", "saving"):
            continue
        shape = shapes[row["model"]]
        whole = finetuning_memory(shape, row["method"])
        stored = float(whole.weights + whole.constants)
        saving = finetuning_memory(shape, row["method"], double_quantisation=False).constants - whole.constants
        computed = {"total": float(whole.total), "model": stored, "saving": float(saving)}[row["quantity"]]
        printed = row["value"] * {"GB": 1e9, "MB": 1e6}[row["unit"]]
        tuning = float(whole.total) if row["quantity"] == "model" and row["method"] == "qlora" else float("nan")
        rows.append({**row, "printed": printed, "computed": computed, "tuning": tuning, "error": computed / printed - 1})
    return rows


def stored_as(shape: TransformerShape, **settings) -> list[dict]:
    """How QLoRA stores each part: dicts of part, bits for each number, type, numbers, and kind ("quantised" or "kept").

    4 bits for the linear layers of the blocks, 8 bits for their constants with double quantisation (32 without), and 16 (32 in fp32) for
    everything else but the optimiser's states. settings: of `finetuning_memory`. Source: [dettmers2023] section 3.

    >>> from analysis.transformer.plain_shape import transformer_shape
    >>> llama = transformer_shape(n_layers=32, d_model=4096, n_heads=32, d_ff=11008, vocab_size=32000)
    >>> [(row["part"], row["bits"]) for row in stored_as(llama)][:2]
    [('linear layers', 4), ('absmax constants', 8)]
    """
    tuned = finetuning_memory(shape, "qlora", **settings)
    block, double = settings.get("block_size", 64), settings.get("double_quantisation", True)
    kept = 32 if settings.get("precision") == "fp32" or settings.get("upcast_rest") else 16
    kept_type = "float" if kept == 32 else "BF16"
    follows = settings.get("state_dtype") == "param" and settings.get("precision") != "mixed"
    blocks = tuned.quantised / block
    rows = [("linear layers", 4, "NF4", tuned.quantised, "quantised")]
    if double:
        rows.append(("absmax constants", 8, "float", blocks, "quantised"))
        rows.append(("second-level constants", 32, "float", blocks / settings.get("constant_block_size", 256), "kept"))
    else:
        rows.append(("absmax constants", 32, "float", blocks, "kept"))
    rows += [
        ("embeddings, output, norms", kept, kept_type, count_params(shape).total - tuned.quantised, "kept"),
        ("low-rank adapters", kept, kept_type, tuned.trained, "kept"),
        ("their gradients", kept, kept_type, tuned.trained, "kept"),
    ]
    states = OPTIMISERS[settings.get("optimiser", "adamw")]
    if states.state_bytes:
        eight = states.state_bytes < 4
        number = 1 if states.state_bytes == 4 else 2
        stored = (8, "blocks", "quantised") if eight else (kept, kept_type, "kept") if follows else (32, "float", "kept")
        rows.append(("optimiser states", stored[0], stored[1], number * tuned.trained, stored[2]))
    if settings.get("precision") == "mixed":
        rows.append(("32-bit copy of the adapters", 32, "float", tuned.trained, "kept"))
    return [dict(zip(("part", "bits", "type", "numbers", "kind"), row, strict=True)) for row in rows]
