"""What attention costs in time: FLOPs of a prompt by part, and the roofline of generating one token after another."""

from dataclasses import dataclass

import numpy as np

from analysis.gpus import Gpu
from analysis.trace import array, integer, named, real
from analysis.transformer import ForwardFlops, ParamCounts, TransformerShape, forward_flops, kv_cache_bytes, recurrent_state_bytes

LARGEST = 2**40


def prompt_flops(shape: TransformerShape, context_len, causal: bool = True) -> ForwardFlops:
    """FLOPs by part of reading a prompt of context_len tokens at once, with the logits of its last token only; broadcasts.

    causal: True counts the pairs of query and key that the mask leaves, False the whole square, which eager attention executes.

    >>> from analysis.transformer import transformer_shape
    >>> shape = transformer_shape(n_layers=32, d_model=4096, n_heads=32, d_ff=11008, vocab_size=32000)
    >>> prompt_flops(shape, 4096).attention_over_context / prompt_flops(shape, 4096, causal=False).attention_over_context
    0.5001220703125
    """
    return forward_flops(shape, 1, context_len, causal=causal, n_logits=1)


def matrix_flops(flops: ForwardFlops):
    """FLOPs of everything but attention over the context: the part that grows with the length, not its square [FLOP]."""
    return flops.total - flops.attention_over_context


def crossover(shape: TransformerShape, causal: bool = True) -> int | None:
    """The shortest prompt for which attention over the context takes as many FLOPs as all matrices [tokens]; None if none does.

    Without a window, about (2 x matrix parameters per token) / (2 x n_heads (head_dim + v_head_dim) x layers), times two where only
    unmasked pairs are counted. With a window in every layer it may never come.

    >>> from analysis.transformer import transformer_shape
    >>> crossover(transformer_shape(n_layers=32, d_model=4096, n_heads=32, d_ff=11008, vocab_size=32000))
    49408
    """

    def overtaken(n: int) -> bool:
        flops = prompt_flops(shape, n, causal)
        return flops.attention_over_context >= matrix_flops(flops)

    return _first(overtaken)


def prompt_seconds(flops, peak_flops_per_s: float, utilisation: float):
    """Time for so many FLOPs at a share of the peak rate [s]: flops / (peak utilisation). Broadcasts.

    >>> prompt_seconds(312e12, 312e12, 0.5)
    2.0
    """
    if not 0 < utilisation <= 1:
        raise ValueError(f"utilisation must be above 0 and at most 1, got {utilisation!r}")
    return flops / (peak_flops_per_s * utilisation)


def read_params(shape: TransformerShape, counts: ParamCounts, batch):
    """Parameters that one step of a batch reads from memory, on average [parameters]; batch broadcasts.

    All but tables of which only single rows are read (untied token embeddings, learned positions), and of the routed experts the
    share 1 - (1 - top_k / n_experts)^batch that some token of the batch uses when all experts are equally likely.

    >>> from analysis.transformer import transformer_shape, count_params
    >>> shape = transformer_shape(n_layers=2, d_model=8, n_heads=4, d_ff=16, vocab_size=9)
    >>> count_params(shape).total - read_params(shape, count_params(shape), 1)
    72.0
    """
    width = shape.embedding_dim or shape.d_model
    rows_only = (0 if shape.tied_embeddings else shape.vocab_size * width) + shape.position_rows * shape.d_model + shape.other_embedding
    unused: float | np.ndarray = 0.0
    if shape.experts:
        unused = counts.routed_experts * (1 - shape.experts.top_k / shape.experts.n_experts) ** array(batch)
    return counts.total - rows_only - unused


@dataclass(frozen=True)
class Device:
    """What generates: n_devices of one kind that share weights, cache and work evenly, without loss between them.

    bandwidth [bytes/s], peak [FLOP/s] and memory [bytes] of all of them together. source: id of the data sheet.
    """

    label: str
    bandwidth: float
    peak: float
    memory: float
    source: str = ""

    @classmethod
    def of(cls, gpu: Gpu, n_devices: int = 1) -> "Device":
        """n_devices of one kind of GPU."""
        label = gpu.label if n_devices == 1 else f"{n_devices} x {gpu.label}"
        bandwidth, peak, memory = (rate * n_devices for rate in (gpu.bandwidth_bytes_per_s, gpu.peak_flops_per_s, gpu.memory_bytes))
        return cls(label, bandwidth, peak, memory, gpu.source)

    @property
    def ridge(self) -> float:
        """FLOPs per byte from which on the arithmetic and no longer the memory is the limit [FLOP/byte]."""
        return self.peak / self.bandwidth


@dataclass(frozen=True)
class Decoding:
    """Generation with a model on a device: see `decoding`. step_flops and cache_bytes are per sequence."""

    shape: TransformerShape
    counts: ParamCounts
    context_len: int
    bytes_per_weight: float
    step_flops: float
    cache_bytes: float
    device: Device

    def moved_bytes(self, batch):
        """Bytes that one step of a batch reads: weights once, and the cache of every sequence [bytes]."""
        weights = read_params(self.shape, self.counts, batch) * self.bytes_per_weight
        return weights + array(batch) * self.cache_bytes

    def intensity(self, batch):
        """FLOPs per byte of one step: compute-bound above the device's ridge [FLOP/byte]."""
        return array(batch) * self.step_flops / self.moved_bytes(batch)

    def step_seconds(self, batch):
        """Shortest time of one step: max(bytes / bandwidth, FLOPs / peak) [s]."""
        arithmetic = array(batch) * self.step_flops / self.device.peak
        return np.maximum(self.moved_bytes(batch) / self.device.bandwidth, arithmetic)

    def tokens_per_s(self, batch):
        """Most tokens that all sequences of a batch can get together: batch / step_seconds [tokens/s]."""
        return array(batch) / self.step_seconds(batch)

    @property
    def weight_bytes(self) -> float:
        """Memory of all weights [bytes]."""
        return self.counts.total * self.bytes_per_weight

    @property
    def largest_batch(self) -> int:
        """Sequences whose caches fit beside the weights; 0 where the weights alone do not fit."""
        left = self.device.memory - self.weight_bytes
        if left < 0:
            return 0
        most = left // self.cache_bytes if self.cache_bytes else LARGEST
        return integer(most) if most < LARGEST else LARGEST

    @property
    def compute_bound_batch(self) -> int | None:
        """Smallest batch whose arithmetic takes longer than its reading; None where reading the cache always takes longer."""
        return _first(lambda batch: self.intensity(batch) >= self.device.ridge)


def decoding(
    shape: TransformerShape, counts: ParamCounts, context_len: int, device: Device, bytes_per_weight: float = 2, bytes_per_value: float = 2
) -> Decoding:
    """Bounds on generating one token per sequence and step, with context_len tokens in the cache, the new one included.

    step time >= max(bytes / bandwidth, FLOPs / peak); bytes = weights read + batch x cache; FLOPs = batch x forward pass of one token.
    Left out: writing, activations, communication between devices, and everything that keeps real programs below these rates, so real
    speeds are lower. Arithmetic runs at the 16-bit rate whatever the weights are stored in. Latent attention is counted
    as if keys and values were expanded once; working on the latent itself takes more arithmetic per cached token.

    counts: of the same model, exact or in closed form. Raises ValueError for models with an encoder.
    """
    if bytes_per_weight <= 0:
        raise ValueError(f"bytes_per_weight must be positive, got {bytes_per_weight!r}")
    flops = forward_flops(shape, 1, 1, past_len=context_len - 1).total
    cache = real(kv_cache_bytes(shape, context_len, 1, bytes_per_value)) + recurrent_state_bytes(shape)
    step = named(real(flops), "C_1", "FLOPs of one step for one sequence", "FLOP")
    cache = named(cache, "M_1", "cache of one sequence", "bytes")
    return Decoding(shape, counts, context_len, bytes_per_weight, step, cache, device)


def _first(holds) -> int | None:
    """The smallest whole number from which on a condition holds; None where it does not hold up to LARGEST."""
    high = 1
    while not holds(high):
        high *= 2
        if high > LARGEST:
            return None
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle, high)
    return high
