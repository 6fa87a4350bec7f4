"""How the numbers of the figures on attention come about."""

from analysis.attention import latency, variants, window
from analysis.attention.figures import Buffer, Cache, Mask
from analysis.attention.figures_latency import Prefill, Roofline
from analysis.charts.explained import Steps
from analysis.charts.inputs import processor, setting
from analysis.trace import named
from analysis.transformer import count_params, kv_cache_bytes
from analysis.transformer.traced import traced_shape


def cache(figure: Cache) -> Steps:
    """The cache as built and with as many heads of keys and values as of queries."""
    shape = traced_shape(figure.model)
    mha = variants.variants(shape, figure.n_kv_heads, figure.window)["mha"]
    context, batch = setting(figure, "context_len", "T"), setting(figure, "batch_size", "B")
    bits = setting(figure, "kv_bits", "b", "bits of each cached key and value", "bits") / 8
    cached = [kv_cache_bytes(one, context, batch, bits) for one in (shape, mha)]
    return {
        "KV cache": named(cached[0], "M", "KV cache", "bytes"),
        "KV cache with multi-head attention": named(cached[1], r"M_\text{mha}", "KV cache with multi-head attention", "bytes"),
    }


def mask(figure: Mask) -> Steps:
    """Both ends of what the token sees."""
    first, last = window.seen(setting(figure, "position", "i"), setting(figure, "window", "W"))
    return {"first position seen": named(first, r"i_\text{first}", "first position seen"), "last position seen": last}


def buffer(figure: Buffer) -> Steps:
    """The first position that the last token sees, which is the oldest that is held."""
    first, _ = window.seen(setting(figure, "n_cached", "n", unit="tokens"), setting(figure, "buffer_len", "W", unit="places"))
    return {"oldest position held": named(first, r"i_\text{oldest}", "oldest position held")}


def prefill(figure: Prefill) -> Steps:
    """FLOPs of the prompt, part by part."""
    flops = latency.prompt_flops(traced_shape(figure.model), setting(figure, "context_len", "T"))
    return {"FLOPs of the prompt": named(flops.total, "C", "FLOPs of the prompt", "FLOP")}


def roofline(figure: Roofline) -> Steps:
    """Tokens per second of one sequence and of the largest batch that fits."""
    shape, gpus = traced_shape(figure.model), setting(figure, "n_gpus", "G")
    weights = setting(figure, "weight_bits", r"b_\text{w}", "bits of each weight", "bits") / 8
    values = setting(figure, "kv_bits", r"b_\text{kv}", "bits of each cached key and value", "bits") / 8
    device = latency.Device.of(processor(figure.gpu), gpus)
    counts = count_params(shape)
    own = latency.decoding(shape, counts, setting(figure, "context_len", "T"), device, weights, values)
    steps = {"weights": named(own.weight_bytes, r"M_\text{w}", "memory of all weights", "bytes")}
    most = own.largest_batch
    if most == 0:
        return steps
    most = named(most, r"B_\text{max}", "largest batch that fits", "sequences")
    return {
        "one sequence": named(own.tokens_per_s(1), "r_1", "tokens per second of one sequence", "tokens/s"),
        "the largest batch that fits": named(own.tokens_per_s(most), r"r_\text{max}", "tokens per second of that batch", "tokens/s"),
    }


WORDS = {
    "reach": (
        "Each layer hands on what its window covers: a token takes in the W - 1 positions before it, so k layers with a window of W reach k (W - 1) + 1 positions, itself included.",
        "Windows are followed layer by layer, from the top one down, as the model's configuration sets them; a layer without a window reaches back to the first position.",
        "It is a bound: how much of what is far back gets through is for training to decide.",
    ),
    "ablation": (
        "Scores are as printed; nothing was run again. For each task the score of a kind of attention is held against that of multi-head attention, and tasks on which it is at least as high are counted.",
        "Means are over the tasks of the table, each with the same weight.",
    ),
}
