"""What was measured on a device beside what the closed forms predict: FLOPs, cache, memory of training, experts.

Measurements are the table system (`python -m analysis.probe measure`), on models with random weights.
"""

import json

import numpy as np
import pandas as pd

from analysis.attention.latency import read_params
from analysis.memory import finetuning
from analysis.transformer import TransformerShape, count_params, forward_flops, kv_cache_bytes, shape_from_hf_config, training_flops

DTYPE_BYTES = {"float32": 4, "bfloat16": 2, "float16": 2}
RANK = 8
BLOCK = 64


def shapes(table: pd.DataFrame) -> dict[str, TransformerShape]:
    """The shapes of the table system_shapes by name.

    >>> from analysis import tables
    >>> shapes(tables.load("system_shapes"))["dense 256"].d_model
    256
    """
    return {row["shape"]: shape_from_hf_config(json.loads(row["config"])) for row in table.to_dict("records")}


def latest(rows: pd.DataFrame, device: str, dtype: str) -> pd.DataFrame:
    """The measurements on a device in a dtype; of one that was repeated on another day the last."""
    rows = rows[(rows["device"] == device) & (rows["dtype"] == dtype)].sort_values("date", kind="stable")
    return rows.drop_duplicates(["shape", "what", "method", "batch", "context"], keep="last")


def flops_of(shape: TransformerShape, what: str, batch: int, context: int) -> float:
    """FLOPs of a measured piece of work, full square attention: forward (all logits), prefill (last logits), train step (3 forward passes).

    Raises ValueError for other work.

    >>> from analysis.transformer import transformer_shape
    >>> shape = transformer_shape(n_layers=1, d_model=8, n_heads=1, d_ff=16, vocab_size=9)
    >>> flops_of(shape, "train step", 1, 4) == 3 * flops_of(shape, "forward", 1, 4)
    True
    """
    if what == "forward":
        return float(forward_flops(shape, batch, context).total)
    if what == "prefill":
        return float(forward_flops(shape, batch, context, n_logits=1).total)
    if what == "train step":
        return float(training_flops(shape, batch, context))
    raise ValueError(f"what must be forward, prefill or train step, got {what!r}")


def timed_flops(rows: pd.DataFrame, known: dict[str, TransformerShape]) -> pd.DataFrame:
    """Forward passes, prompts and full training steps with their predicted FLOPs and rates: columns flops and flops_per_s added.

    LoRA and QLoRA are left out: their backward pass takes fewer FLOPs than the rule says.
    """
    chosen = rows[rows["what"].isin(("forward", "prefill")) | ((rows["what"] == "train step") & (rows["method"] == "full"))]
    flops = [flops_of(known[s], w, b, c) for s, w, b, c in chosen[["shape", "what", "batch", "context"]].itertuples(index=False)]
    return chosen.assign(flops=flops, flops_per_s=lambda frame: frame["flops"] / frame["value"])


def step_bytes(shape: TransformerShape, context, batch, bytes_per_value: int):
    """Bytes that one step of generation reads: weights once, and each sequence's cache of context tokens; broadcasts. [bytes]

    read_params (of experts only the share that a batch uses) and `kv_cache_bytes`, both at bytes_per_value.
    """
    weights = read_params(shape, count_params(shape), batch) * bytes_per_value
    return weights + np.asarray(kv_cache_bytes(shape, context, batch, bytes_per_value), dtype=float)


def training_memory(shape: TransformerShape, method: str, batch: int, seq_len: int, dtype: str) -> finetuning.FinetuningMemory:
    """The prediction of the memory page for a measured training step: nothing recomputed, adapters of rank RANK, constants in 32 bits.

    The optimiser's two states count 8 bytes for each trained parameter, as in the papers; a program that keeps them in 16 bits holds half.
    """
    return finetuning.finetuning_memory(
        shape,
        method,
        rank=RANK,
        precision="fp32" if dtype == "float32" else "bf16",
        batch=batch,
        seq_len=seq_len,
        checkpointing=False,
        double_quantisation=False,
        block_size=BLOCK,
        context_bytes=0.0,
    )
