"""Figures on what attention costs in time: reading a prompt, and generating token after token."""

from typing import Any

import numpy as np

from analysis import gpus, tables
from analysis.attention import latency, variants
from analysis.attention.latency import Device
from analysis.charts import marks, style
from analysis.charts.figure import Figure
from analysis.charts.marks import Part
from analysis.charts.panel import Citation, Headline, Panel
from analysis.charts.parameters import Choice, Earlier
from analysis.charts.shared_parameters import CONTEXT_LEN, GPU, KV_BITS, MFU, MODEL, N_GPUS, WEIGHT_BITS
from analysis.transformer import TransformerShape, count_params
from analysis.transformer.model import Model
from analysis.units import format_bytes, format_duration, format_flops, significant
from analysis.uploads import clip

COLORS = {
    "own": style.BLUE,
    "mha": style.CRIMSON,
    "gqa": style.VIOLET,
    "mqa": style.ORCHID,
    "mla": style.SLATE,
    "window": style.RED,
}
CONTEXTS = (512, 2**20)
BATCHES = (1, 4096)
ROOFLINE = Citation("williams2009", "the roofline model")


@tables.kept(most=256)
def _crossover(shape: TransformerShape) -> int | None:
    return latency.crossover(shape)


def _group_sizes(earlier: Earlier) -> dict[int, str]:
    """The numbers of key-value heads that divide the heads of the model."""
    own = earlier["model"].shape.attention
    return {number: str(number) for number in variants.group_sizes(own)} if own is not None else {1: "1"}


def _usual_groups(earlier: Earlier) -> int:
    own = earlier["model"].shape.attention
    return variants.usual_groups(own) if own is not None else 1


def groups_of() -> Any:
    """The parameter n_kv_heads: key-value heads of the grouped-query what-if; depends on the model."""
    return Choice("KV heads (GQA what-if)", options=_group_sizes)(_usual_groups)


class Prefill(Figure):
    """FLOPs of reading a prompt against its length: matrices, and attention over the context in both conventions."""

    name = "attention.prefill"
    model: Model = MODEL("mistral-7b")
    gpu: gpus.Gpu = GPU("a100_80gb")
    n_gpus: int = N_GPUS(1, high=8, twos=True)
    context_len: int = CONTEXT_LEN(32_768)
    mfu: float = MFU(0.5)

    def draw(self) -> Panel:
        """The panel at these parameters."""
        shape, name, on, at = (
            self.model.shape,
            clip(self.model.name, style.LONGEST_NAME),
            Device.of(self.gpu, self.n_gpus),
            self.context_len,
        )
        variants.own_attention(shape)
        axis = np.unique(np.append(np.geomspace(*CONTEXTS, 41).round().astype(int), at))
        causal, square = latency.prompt_flops(shape, axis), latency.prompt_flops(shape, axis, causal=False)
        here = latency.prompt_flops(shape, at)
        total, share = float(here.total), here.attention_over_context / here.total
        seconds = float(latency.prompt_seconds(total, on.peak, self.mfu))
        values = {
            "linear layers": (latency.matrix_flops(causal), style.SLATE, "solid"),
            "attention, causal and windowed": (causal.attention_over_context, style.BLUE, "solid"),
            "attention, unmasked": (square.attention_over_context, style.BLUE, "dot"),
        }
        lines: list[Part] = [
            {"series": label, "context_len": axis, "flops": np.asarray(flops, float), "status": "computed"}
            for label, (flops, _, _) in values.items()
        ]
        traces = [
            marks.line(part, "context_len", "flops", color, width=2.5 if dash == "solid" else 1.5, dash=dash)
            for part, (_, color, dash) in zip(lines, values.values(), strict=True)
        ]
        took = f"your prompt: {format_duration(seconds)} at {self.mfu:.0%} of {on.label}"
        yours = {"series": took, "context_len": [at], "flops": [total], "seconds": [seconds], "status": "what_if"}
        traces.append(marks.points(yours, "context_len", "flops", style.AMBER))
        met = _crossover(shape)
        overtakes = f"it overtakes the linear layers at {met:,}" if met else "it never overtakes the linear layers"
        low = min(part["flops"][0] for part in lines)
        high = max(part["flops"][-1] for part in lines)
        layout = style.layout(
            "tokens",
            "flops",
            x_title="Prompt length (tokens)",
            y_title="FLOP",
            x_range=CONTEXTS,
            y_range=(low / 3, high * 3),
            height=440,
            shapes=[style.vertical_line(at, style.AMBER)],
        )
        flops = Headline("FLOPs of the prompt", total, "FLOP", format_flops(total), "flops")
        return Panel(
            title=f"{name} prefills {at:,} tokens in {flops}, {share:.0%} in attention; {overtakes}",
            headline=(flops,),
            figure=style.figure(traces, layout),
            parts=[*lines, yours],
            caption=(
                f"Lines are the FLOPs to prefill a prompt. Linear layers grow in proportion to its length, attention with "
                f"its square until a window cuts it. At {self.mfu:.0%} of the peak of {on.label} your prompt takes {format_duration(seconds)}. The dotted line counts masked pairs too, as eager attention computes them. Softmax and norms are left out."
            ),
            alt=f"FLOPs of a prompt by part against its length; at {at:,} tokens attention takes {share:.0%} of {flops}.",
            sources=(Citation("kaplan2020", "Section 2.1"), *_of_device(on)),
        )


class Roofline(Figure):
    """Most tokens per second against the batch, for the model and for other kinds of heads in it."""

    name = "attention.roofline"
    model: Model = MODEL("mistral-7b")
    n_kv_heads: int = groups_of()
    kv_bits: int = KV_BITS(16)
    gpu: gpus.Gpu = GPU("a100_80gb")
    n_gpus: int = N_GPUS(1, high=8, twos=True)
    weight_bits: int = WEIGHT_BITS(lambda earlier: earlier["model"].weight_bits)
    context_len: int = CONTEXT_LEN(8_192)

    def draw(self) -> Panel:
        """The panel at these parameters."""
        shape, name, on = self.model.shape, clip(self.model.name, style.LONGEST_NAME), Device.of(self.gpu, self.n_gpus)
        kinds = variants.variants(shape, self.n_kv_heads, 1)
        labels = {"mha": "multi-head", "gqa": f"grouped-query, {self.n_kv_heads} heads", "mqa": "multi-query"}
        stored = (self.context_len, on, self.weight_bits / 8, self.kv_bits / 8)
        own = latency.decoding(shape, self.model.counts, *stored)
        others = {kind: latency.decoding(kinds[kind], count_params(kinds[kind]), *stored) for kind in labels}
        axis = np.unique(np.geomspace(*BATCHES, 49).round().astype(int))
        shown: dict[str, Any] = {"x": "batch_size", "y": "tokens_per_s"}
        traces, parts = [], []
        for kind, model in others.items():
            fitting = _fitting(axis, model)
            if len(fitting) > 1:
                parts.append(
                    {"series": labels[kind], "batch_size": fitting, "tokens_per_s": model.tokens_per_s(fitting), "status": "what_if"}
                )
                traces.append(marks.line(parts[-1], color=COLORS[kind], width=1.8, **shown))
        parts.append(_decoding_part(name, axis, own))
        traces.append(
            marks.line(
                parts[-1], color=COLORS["own"], name=f"{name}, if memory were unlimited", width=1.5, dash="dot", showlegend=True, **shown
            )
        )
        fitting = _fitting(axis, own)
        if len(fitting):
            parts.append(_decoding_part(f"{name} as built", fitting, own))
            traces.append(marks.line(parts[-1], color=COLORS["own"], width=3.5, **shown))
        everything = [model.tokens_per_s(axis) for model in (own, *others.values())]
        layout = style.layout(
            "log_number",
            "log_number",
            x_title="Batch size (sequences)",
            y_title="Throughput (tokens/s)",
            x_range=BATCHES,
            y_range=(min(v.min() for v in everything) / 2, max(v.max() for v in everything) * 2),
            height=460,
        )
        layout["xaxis"]["exponentformat"] = layout["yaxis"]["exponentformat"] = "none"
        bound = own.compute_bound_batch
        title, headline = _roofline_title(name, own)
        return Panel(
            title=title,
            headline=headline,
            figure=style.figure(traces, layout),
            parts=parts,
            caption=(
                f"Lines are upper bounds on decoding throughput: each step reads the weights once and every sequence's KV cache. That is {format_bytes(float(own.moved_bytes(1)))} for one sequence at "
                f"{significant(float(own.intensity(1)))} FLOP per byte, where {on.label} has its ridge at {significant(on.ridge)}. "
                + (
                    f"Compute becomes the limit at {bound:,} sequences. "
                    if bound
                    else "At this context length no batch is compute-bound: every sequence adds its cache to be read. "
                )
                + (
                    "Lines end where weights and cache fill the memory; other kinds of heads attend to every position and keep the MLPs as they are."
                    if own.largest_batch
                    else "To make the weights fit, take more GPUs or fewer bits per weight."
                )
                + (
                    " Working on the latent itself, as programs do, takes more arithmetic than is counted here."
                    if shape.attention.latent
                    else ""
                )
            ),
            alt=f"Bound on tokens per second against batch size on {on.label}: {significant(float(own.tokens_per_s(1)))} for one sequence of {name} at {self.context_len:,} tokens.",
            sources=(ROOFLINE, Citation("shazeer2019", "Section 2"), *_of_device(on)),
        )


def _decoding_part(series: str, batches: np.ndarray, own: latency.Decoding) -> dict[str, Any]:
    return {
        "series": series,
        "batch_size": batches,
        "tokens_per_s": own.tokens_per_s(batches),
        "step_seconds": own.step_seconds(batches),
        "flop_per_byte": own.intensity(batches),
        "fits": batches <= own.largest_batch,
        "status": "computed",
    }


def _roofline_title(name: str, own: latency.Decoding) -> tuple[str, tuple[Headline, ...]]:
    most = own.largest_batch
    where = f"{name} at {own.context_len:,} tokens on {own.device.label}"
    if most == 0:
        weights = Headline("weights", own.weight_bytes, "bytes", format_bytes(own.weight_bytes))
        return f"{where}: the weights, {weights}, do not fit into {format_bytes(own.device.memory)}", (weights,)
    one = _rate("one sequence", own, 1)
    if most >= latency.LARGEST:
        return f"{where}: at most {one} tokens/s for one sequence", (one,)
    together = _rate("the largest batch that fits", own, most)
    return f"{where}: at most {one} tokens/s for one sequence, {together} for the {most:,} that fit", (one, together)


def _rate(name: str, own: latency.Decoding, batch: int) -> Headline:
    rate = float(own.tokens_per_s(batch))
    return Headline(name, rate, "tokens/s", significant(rate))


def _fitting(axis: np.ndarray, model: latency.Decoding) -> np.ndarray:
    """The batches that fit, up to the largest."""
    most = min(model.largest_batch, BATCHES[1])
    return np.unique(np.append(axis[axis <= most], most)) if most else axis[:0]


def _of_device(on: Device) -> tuple[Citation, ...]:
    return tuple(Citation(source) for source in on.source.split(";") if source)
