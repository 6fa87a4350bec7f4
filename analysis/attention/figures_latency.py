"""Figures on what attention costs in time: reading a prompt, and generating token after token."""

from collections.abc import Mapping

import numpy as np

from analysis import tables
from analysis.attention import latency, variants
from analysis.attention.latency import Device
from analysis.charts import style
from analysis.charts.panel import Citation, Panel, table_of
from analysis.transformer import ParamCounts, TransformerShape, count_params
from analysis.units import format_bytes, format_duration, format_flops, significant
from analysis.uploads import clip

COLORS = {
    "own": style.BLUE,
    "mha": style.CRIMSON,
    "gqa": style.VIOLET,
    "mqa": style.AMBER,
    "mla": style.SLATE,
    "window": style.RED,
}
CONTEXTS = (512, 2**20)
BATCHES = (1, 4096)
ROOFLINE = Citation("williams2009", "the roofline model")


@tables.kept(most=256)
def _crossover(shape: TransformerShape) -> int | None:
    return latency.crossover(shape)


def prefill(name: str, shape: TransformerShape, context_len: int, on: Device, utilisation: float, settings: Mapping[str, str]) -> Panel:
    """FLOPs of reading a prompt against its length: matrices, and attention over the context in both conventions."""
    variants.own_attention(shape)
    axis = np.unique(np.append(np.geomspace(*CONTEXTS, 41).round().astype(int), context_len))
    causal, square = latency.prompt_flops(shape, axis), latency.prompt_flops(shape, axis, causal=False)
    here = latency.prompt_flops(shape, context_len)
    total, share = float(here.total), here.attention_over_context / here.total
    seconds = float(latency.prompt_seconds(total, on.peak, utilisation))
    lines = {
        "all matrices": (np.asarray(latency.matrix_flops(causal), float), style.SLATE, "solid"),
        "attention, pairs the mask leaves": (np.asarray(causal.attention_over_context, float), style.BLUE, "solid"),
        "attention, full square": (np.asarray(square.attention_over_context, float), style.BLUE, "dot"),
    }
    traces = []
    for label, (values, color, dash) in lines.items():
        traces.append(style.computed_line(axis, values, label, color, width=2.5 if dash == "solid" else 1.5))
        traces[-1]["line"]["dash"] = dash
    traces.append(style.what_if_marker([context_len], [total], "your prompt, all parts", style.AMBER))
    met = _crossover(shape)
    shapes = [style.vertical_line(context_len, style.AMBER)]
    overtakes = f"attention overtakes the matrices at {met:,}" if met else "attention never overtakes the matrices"
    low = min(values[0] for values, _, _ in lines.values())
    high = max(values[-1] for values, _, _ in lines.values())
    layout = style.layout(
        "tokens",
        "flops",
        x_title="Length of the prompt (tokens)",
        y_title="FLOP",
        x_range=CONTEXTS,
        y_range=(low / 3, high * 3),
        height=440,
        shapes=shapes,
    )
    return Panel(
        name="attention.prefill",
        title=f"A prompt of {context_len:,} tokens takes {clip(name, style.LONGEST_NAME)} {format_flops(total)}, {share:.0%} of it attention; {overtakes}",
        figure=style.figure(traces, layout),
        data=lambda: table_of(
            [
                *({"series": label, "prompt_len": axis, "flops": values, "status": "computed"} for label, (values, _, _) in lines.items()),
                {"series": "your prompt", "prompt_len": [context_len], "flops": [total], "seconds": [seconds], "status": "what_if"},
            ]
        ),
        caption=(
            f"At {utilisation:.0%} of the peak of {on.label} that is {format_duration(seconds)}. Matrices grow with the length, attention over the context with "
            "its square until a window cuts it. The dotted line counts masked pairs too, as eager attention executes them. Softmax and norms are left out."
        ),
        alt=f"FLOPs of a prompt by part against its length; at {context_len:,} tokens attention takes {share:.0%} of {format_flops(total)}.",
        sources=(Citation("kaplan2020", "Section 2.1"), *_of_device(on)),
        settings=settings,
        explain=(latency.prompt_flops, latency.crossover, latency.prompt_seconds),
    )


def roofline(
    name: str,
    shape: TransformerShape,
    counts: ParamCounts,
    n_kv_heads: int,
    context_len: int,
    on: Device,
    weight_bits: int,
    value_bits: int,
    settings: Mapping[str, str],
) -> Panel:
    """Most tokens per second against the batch, for the model and for other kinds of heads in it."""
    kinds = variants.variants(shape, n_kv_heads, 1)
    labels = {"mha": "multi-head", "gqa": f"grouped-query, {n_kv_heads} heads", "mqa": "multi-query"}
    own = latency.decoding(shape, counts, context_len, on, weight_bits / 8, value_bits / 8)
    others = {
        kind: latency.decoding(kinds[kind], count_params(kinds[kind]), context_len, on, weight_bits / 8, value_bits / 8) for kind in labels
    }
    axis = np.unique(np.geomspace(*BATCHES, 49).round().astype(int))
    traces, parts = [], []
    for kind, model in others.items():
        fitting = _fitting(axis, model)
        if len(fitting) > 1:
            rates = model.tokens_per_s(fitting)
            traces.append(style.what_if_line(fitting, rates, labels[kind], COLORS[kind], width=1.8))
            parts.append({"series": labels[kind], "batch": fitting, "tokens_per_s": rates, "status": "what_if"})
    rates = own.tokens_per_s(axis)
    beyond = style.computed_line(
        axis, rates, f"{clip(name, style.LONGEST_NAME)}, were memory larger", COLORS["own"], width=1.5, showlegend=True
    )
    beyond["line"]["dash"] = "dot"
    traces.append(beyond)
    parts.append(
        {
            "series": clip(name, style.LONGEST_NAME),
            "batch": axis,
            "tokens_per_s": rates,
            "step_seconds": own.step_seconds(axis),
            "flop_per_byte": own.intensity(axis),
            "fits": axis <= own.largest_batch,
            "status": "computed",
        }
    )
    fitting = _fitting(axis, own)
    if len(fitting):
        traces.append(
            style.computed_line(fitting, own.tokens_per_s(fitting), f"{clip(name, style.LONGEST_NAME)} as built", COLORS["own"], width=3.5)
        )
    everything = [model.tokens_per_s(axis) for model in (own, *others.values())]
    layout = style.layout(
        "log_number",
        "log_number",
        x_title="Sequences at once (batch)",
        y_title="Tokens per second, all together",
        x_range=BATCHES,
        y_range=(min(v.min() for v in everything) / 2, max(v.max() for v in everything) * 2),
        height=460,
    )
    layout["xaxis"]["exponentformat"] = layout["yaxis"]["exponentformat"] = "none"
    bound = own.compute_bound_batch
    return Panel(
        name="attention.roofline",
        title=_roofline_title(clip(name, style.LONGEST_NAME), own),
        figure=style.figure(traces, layout),
        data=lambda: table_of(parts),
        caption=(
            f"An upper bound: each step reads the weights once and every sequence's cache, {format_bytes(float(own.moved_bytes(1)))} for one sequence at "
            f"{significant(float(own.intensity(1)))} FLOP per byte, where {on.label} balances at {significant(on.ridge)}. "
            + (
                f"Arithmetic becomes the limit at {bound:,} sequences. "
                if bound
                else "At this context no batch makes arithmetic the limit: every sequence adds its cache to be read. "
            )
            + (
                "Lines end where weights and cache fill the memory; other heads see every position and keep the MLPs as they are."
                if own.largest_batch
                else "To make the weights fit, let more devices share the work or store weights in fewer bits."
            )
            + (
                " Working on the latent itself, as programs do, takes more arithmetic than is counted here."
                if shape.attention.latent
                else ""
            )
        ),
        alt=f"Bound on tokens per second against batch on {on.label}: {significant(float(own.tokens_per_s(1)))} for one sequence of {clip(name, style.LONGEST_NAME)} at {context_len:,} tokens.",
        sources=(ROOFLINE, Citation("shazeer2019", "Section 2"), *_of_device(on)),
        settings=settings,
        explain=(latency.decoding, latency.read_params, latency.Decoding.step_seconds),
    )


def _roofline_title(name: str, own: latency.Decoding) -> str:
    one, most = significant(float(own.tokens_per_s(1))), own.largest_batch
    where = f"{name} at {own.context_len:,} tokens on {own.device.label}"
    if most == 0:
        weights, memory = format_bytes(own.weight_bytes), format_bytes(own.device.memory)
        return f"{where}: the weights, {weights}, do not fit into {memory}"
    if most >= latency.LARGEST:
        return f"{where}: at most {one} tokens/s for one sequence"
    together = significant(float(own.tokens_per_s(most)))
    return f"{where}: at most {one} tokens/s for one sequence, {together} for the {most:,} that fit"


def _fitting(axis: np.ndarray, model: latency.Decoding) -> np.ndarray:
    """The batches that fit, up to the largest."""
    most = min(model.largest_batch, BATCHES[1])
    return np.unique(np.append(axis[axis <= most], most)) if most else axis[:0]


def _of_device(on: Device) -> tuple[Citation, ...]:
    return tuple(Citation(source) for source in on.source.split(";") if source)
