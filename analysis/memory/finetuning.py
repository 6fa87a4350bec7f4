"""How much memory fine-tuning takes, part by part: full, with low-rank adapters (LoRA), and with adapters on 4-bit weights (QLoRA)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from analysis.memory.nf4 import bits_per_param
from analysis.memory.parts import ALL_LINEAR, LOGIT_BYTES, activation_bytes, adapter_params, largest_matrix, quantised_params
from analysis.scaling.chinchilla import positive
from analysis.trace import named, real
from analysis.transformer.count import count_params
from analysis.transformer.shape import TransformerShape

METHODS = {"full": "full fine-tuning", "lora": "LoRA", "qlora": "QLoRA"}
PRECISIONS = {"bf16": "bf16, no master weights", "mixed": "mixed (fp32 master weights)", "fp32": "fp32"}
"""bf16: weights and gradients in 16 bits; mixed: with a 32-bit copy of what is trained; fp32: all in 32 bits."""


@dataclass(frozen=True)
class Optimiser:
    """An optimiser: its name, bytes of state for each trained parameter, and whether the states may move to the host's memory."""

    label: str
    state_bytes: float
    paged: bool = False


OPTIMISERS = {
    "adamw": Optimiser("AdamW", 8),
    "paged_adamw": Optimiser("paged AdamW", 8, paged=True),
    "adamw_8bit": Optimiser("8-bit AdamW", 2 + 8 / 2048),
    "sgd_momentum": Optimiser("SGD with momentum", 4),
    "sgd": Optimiser("SGD", 0),
}
"""AdamW keeps two 32-bit states; in 8 bits it keeps two bytes and a 32-bit constant per 2,048 values of each [dettmers2021]."""

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
    "activations": "activations",
    "logits": "logits and loss",
    "context": "CUDA context",
}
PART_INDEXES = {
    "weights": "w", "constants": "c", "adapters": "a", "master_weights": "copy", "gradients": "g", "optimiser_states": "o",
    "dequantised": "16", "activations": "act", "logits": "logits",
}  # fmt: skip
"""What stands at the symbol of each computed part in equations."""
UNCERTAIN = ("activations", "logits", "context")


@dataclass(frozen=True)
class FinetuningMemory:
    """Bytes by part while fine-tuning; activations, logits and what contains them are arrays where batch or seq_len was one.

    weights: of the model, constants of their quantisation apart; adapters; master_weights: 32-bit copy of what is trained; gradients;
    optimiser_states, of which `pageable` may move to the host; dequantised: the matrix that is unpacked for the moment; activations;
    logits: of the output layer, with their gradient; context: what the program holds at start. low and high: the total with the uncertain
    parts at their ends. trained, quantised: parameters.
    """

    weights: float
    constants: float
    adapters: float
    master_weights: float
    gradients: float
    optimiser_states: float
    dequantised: float
    activations: float
    logits: float
    context: float
    pageable: float
    low: float
    high: float
    trained: int
    quantised: int

    @property
    def parts(self) -> dict[str, float]:
        """Bytes by part, in the order of PARTS."""
        return {part: getattr(self, part) for part in PARTS}

    @property
    def total(self):
        """All parts together [bytes]."""
        return sum(self.parts.values())


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
) -> FinetuningMemory:
    """The FinetuningMemory of a model: bytes by part on one device, nothing split or moved away.

    weights = 2 N (4 N in fp32), and for QLoRA 4 / 8 of the blocks' matrices and 2 of the rest; constants = (32 / block_size) / 8 bytes per
    quantised parameter, with double quantisation (8 / block_size + 32 / (block_size constant_block_size)) / 8; trained T = N, or
    rank * (d_in + d_out) over the target matrices; gradients 2 T; AdamW 8 T; a 32-bit copy 4 T if mixed. So full fine-tuning takes 12 N,
    or 16 N with the copy: the paper's "more than 780 GB" for 65 B is 12 N. activations: `activation_bytes`; logits = 8 batch seq_len
    vocab_size (32-bit logits and gradient). Adapters are never quantised.

    method: "full", "lora" or "qlora". optimiser: a key of OPTIMISERS; precision: of PRECISIONS. batch [sequences], seq_len [tokens]:
    scalars or arrays. context_bytes: CUDA context, 0.5 GB if None. Not counted: fragments that the allocator cannot use, LoRA's dropout.

    Raises ValueError for a name or size that does not exist.
    Source: [dettmers2023] sections 2 and 3, [hu2021], [rajbhandari2019] section 3.1, [korthikanti2022].

    >>> from analysis.transformer.plain_shape import transformer_shape
    >>> llama = transformer_shape(n_layers=80, d_model=8192, n_heads=64, d_ff=22016, vocab_size=32000)
    >>> [round(float(finetuning_memory(llama, method).total / 1e9), 1) for method in ("full", "lora", "qlora")]
    [784.9, 141.6, 45.9]
    """
    for name, value, known in (
        ("method", method, METHODS),
        ("optimiser", optimiser, OPTIMISERS),
        ("precision", precision, PRECISIONS),
    ):
        if value not in known:
            raise ValueError(f"{name} must be one of {', '.join(known)}, got {value!r}")
    batch, seq_len = positive("batch", batch), positive("seq_len", seq_len)
    value_bytes = 4 if precision == "fp32" else 2
    n_params = count_params(shape).total
    quantised = named(quantised_params(shape), "Q", "parameters in 4 bits", "parameters") if method == "qlora" else 0
    adapters = 0 if method == "full" else named(adapter_params(shape, rank, targets), "A", "parameters of the adapters", "parameters")
    trained = adapters or n_params
    states = OPTIMISERS[optimiser].state_bytes * trained
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
    words = batch * seq_len * shape.vocab_size
    context = CONTEXT_BYTES["middle"] if context_bytes is None else real(context_bytes)
    overhead = bits_per_param(block_size, double_quantisation, constant_block_size) - 4
    fixed = {
        "weights": value_bytes * (n_params - quantised) + quantised * 4 / 8,
        "constants": quantised * overhead / 8,
        "adapters": value_bytes * adapters,
        "master_weights": 4.0 * trained if precision == "mixed" else 0.0,
        "gradients": value_bytes * trained,
        "optimiser_states": states,
        "dequantised": value_bytes * largest_matrix(shape) if quantised else 0.0,
    }
    fixed = {part: part_named(part, value) for part, value in fixed.items()}
    known = sum(fixed.values())
    spread = (CONTEXT_BYTES["low"], CONTEXT_BYTES["high"]) if context_bytes is None else (context, context)
    grown = kept * (1 if checkpointing else KEPT_MORE) + recomputed * KEPT_MORE
    return FinetuningMemory(
        **fixed,
        activations=part_named("activations", kept + recomputed),
        logits=part_named("logits", LOGIT_BYTES["middle"] * words),
        context=context,
        pageable=states if OPTIMISERS[optimiser].paged else 0.0,
        low=known + kept + recomputed + LOGIT_BYTES["low"] * words + spread[0],
        high=known + grown + LOGIT_BYTES["high"] * words + spread[1],
        trained=trained,
        quantised=quantised,
    )


def part_named(part: str, value) -> Any:
    """A part of the memory under its name in equations."""
    return named(value, rf"M_\text{{{PART_INDEXES[part]}}}", PARTS[part], "bytes")


def largest_batch(
    shape: TransformerShape, memory_bytes: float, seq_len, method: str = "full", *, end: str = "total", **settings
) -> np.ndarray:
    """The largest batch [sequences] of seq_len tokens that fits in memory_bytes, 0 where not even one does; seq_len broadcasts.

    Everything but activations and logits is the same for every batch, and those grow in proportion:
    floor((memory - fixed) / (total of one sequence - fixed)). end: "total", or "low" or "high" for the ends of the interval.
    settings: of `finetuning_memory`.

    >>> from analysis.transformer.plain_shape import transformer_shape
    >>> llama = transformer_shape(n_layers=80, d_model=8192, n_heads=64, d_ff=22016, vocab_size=32000)
    >>> largest_batch(llama, 48e9, [512, 4096], "qlora").tolist()
    [3, 0]
    """
    if end not in ("total", "low", "high"):
        raise ValueError(f"end must be total, low or high, got {end!r}")
    seq_len = np.asarray(seq_len, dtype=float)
    batches = np.array([1.0, 2.0]).reshape(2, *(1 for _ in seq_len.shape))
    one, two = getattr(finetuning_memory(shape, method, batch=batches, seq_len=seq_len, **settings), end)
    return np.maximum(np.floor((positive("memory_bytes", memory_bytes) - (2 * one - two)) / (two - one)), 0).astype(int)


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
    kept = 32 if settings.get("precision") == "fp32" else 16
    kept_type = "float" if kept == 32 else "BF16"
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
        stored = (8, "blocks", "quantised") if eight else (32, "float", "kept")
        rows.append(("optimiser states", stored[0], stored[1], number * tuned.trained, stored[2]))
    if settings.get("precision") == "mixed":
        rows.append(("32-bit copy of the adapters", 32, "float", tuned.trained, "kept"))
    return [dict(zip(("part", "bits", "type", "numbers", "kind"), row, strict=True)) for row in rows]
