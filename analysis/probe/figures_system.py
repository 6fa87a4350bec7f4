"""Figures on measured time and memory: closed forms as lines, measurements as markers with the device named."""

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd

from analysis.attention import latency
from analysis.charts import style
from analysis.charts.panel import Citation, Panel, table_of
from analysis.memory import finetuning
from analysis.probe import predicted as probe_predicted
from analysis.probe.data import bases, devices, measured, measured_shapes
from analysis.transformer import forward_flops, kv_cache_bytes, training_flops
from analysis.units import format_bytes, format_si, significant

COLORS = (style.BLUE, style.CRIMSON, style.AMBER, style.VIOLET, style.SLATE, style.RED)
WORK = {
    "forward": ("forward pass", style.BLUE, "circle"),
    "prefill": ("prompt", style.AMBER, "square"),
    "train step": ("training step", style.CRIMSON, "diamond"),
}
METHODS = {"full": "full", "lora": "LoRA", "qlora": "QLoRA"}


def family(rows: pd.DataFrame, base: str, words: tuple[str, ...]) -> dict[str, str]:
    """Name in a legend and name in the table of a base shape and of its variants whose names hold one of the words."""
    names = [base, *(name for name in rows["shape"].unique() if name.startswith(f"{base}, ") and any(word in name for word in words))]
    return {name.removeprefix(f"{base}, ") if name != base else base: name for name in names}


def cache(device: str, dtype: str, base: str) -> Panel:
    """Bytes of the cache against the context: full, grouped-query, multi-query, window."""
    rows, known = measured(device, dtype), measured_shapes()
    rows = rows[(rows["what"] == "cache") & (rows["batch"] == 1)]
    value, axis = (
        probe_predicted.DTYPE_BYTES[dtype],
        np.unique(np.geomspace(16, max(rows["context"].max() * 2, 64), 60).round().astype(int)),
    )
    traces, parts, off = [], [], []
    for (label, name), color in zip(family(rows, base, ("key-value", "window")).items(), COLORS, strict=False):
        shape, found = known[name], rows[rows["shape"] == name]
        line = np.asarray(kv_cache_bytes(shape, axis, 1, value), dtype=float)
        traces += [
            style.computed_line(axis, line, label, color, width=1.8),
            _markers(found["context"], found["value"], f"{label}, measured", color),
        ]
        predicted = np.asarray(kv_cache_bytes(shape, found["context"].to_numpy(), 1, value), dtype=float)
        off += [*(found["value"] / predicted - 1)]
        parts += [
            {"series": label, "context": axis, "bytes": line, "status": "computed"},
            {
                "series": f"{label}, measured",
                "context": found["context"].to_numpy(),
                "bytes": found["value"].to_numpy(),
                "predicted": predicted,
                "status": "computed",
            },
        ]
    exact = sum(abs(value) < 1e-9 for value in off)
    layout = style.layout("tokens", "log_number", x_title="Tokens in the cache", y_title="Cache of one sequence (bytes)", height=440)
    layout["yaxis"] |= {"exponentformat": "SI", "ticksuffix": "B"}
    return Panel(
        name="probe_system.cache",
        title=f"{exact} of {len(off)} measured caches of {base} hold the predicted bytes exactly, the others differ by {max(map(abs, off)):.1%} at most",
        figure=style.figure(traces, layout),
        data=lambda: table_of(parts),
        caption=f"Lines: the formula. Dots: bytes of the keys and values that transformers holds, {_where(device, dtype)}. Between two steps a window of W tokens holds W - 1 of them, since the next token is the W-th; that is the difference.",
        alt=f"Bytes of the key-value cache against tokens for {base} and variants; {exact} of {len(off)} measured values equal the formula.",
        sources=(Citation("ainslie2023", "grouped-query attention"), Citation("jiang2023", "section 2, sliding window")),
        settings=_settings(device, dtype, shape=base),
        explain=(kv_cache_bytes,),
    )


def rate(device: str, dtype: str) -> Panel:
    """Measured time against predicted FLOPs of passes, prompts and training steps of every shape, with the line of one rate."""
    rows = probe_predicted.timed_flops(measured(device, dtype), measured_shapes())
    middle, best = float(rows["flops_per_s"].median()), float(rows["flops_per_s"].max())
    span = np.array([rows["flops"].min() / 2, rows["flops"].max() * 2])
    traces = [style.computed_line(span, span / middle, f"at the median rate, {format_si(middle, 'FLOP/s')}", style.GREY, width=1.8)]
    traces.append(
        style.computed_line(span, span / best, f"at the best rate, {format_si(best, 'FLOP/s')}", style.GREY, width=1.2)
        | {"line": {"color": style.GREY, "width": 1.2, "dash": "dot"}}
    )
    for what, (label, color, symbol) in WORK.items():
        part = rows[rows["what"] == what]
        text = [f"{shape}, {context} tokens" for shape, context in zip(part["shape"], part["context"], strict=True)]
        traces.append(_markers(part["flops"], part["value"], label, color, symbol, text, listed=True))
    low, high = (rows["value"] * middle / rows["flops"]).quantile([0.1, 0.9])
    layout = style.layout("log_number", "log_number", x_title="Predicted FLOP", y_title="Measured time (s)", height=460)
    layout["xaxis"] |= {"exponentformat": "power"}
    layout["yaxis"] |= {"exponentformat": "SI"}
    return Panel(
        name="probe_system.rate",
        title=f"Four fifths of {len(rows)} measured times are {significant(low, 2)} to {significant(high, 2)} times what one rate, {format_si(middle, 'FLOP/s')}, predicts",
        figure=style.figure(traces, layout),
        data=lambda: (
            rows[["shape", "what", "method", "batch", "context", "flops", "value", "spread", "n", "flops_per_s"]]
            .rename(columns={"value": "seconds"})
            .assign(status="computed")
        ),
        caption=f"FLOPs by the formula (full square of attention, training three forward passes), times measured {_where(device, dtype)}: medians of several runs. Points above the line run below the rate: little work for each operation that has to be started, and attention, norms and optimiser, which move memory.",
        alt=f"Measured seconds against predicted FLOPs for {len(rows)} pieces of work; the median rate is {format_si(middle, 'FLOP/s')}.",
        sources=(Citation("kaplan2020", "section 2.1"),),
        settings=_settings(device, dtype),
        explain=(probe_predicted.flops_of, forward_flops, training_flops),
    )


def decode(device: str, dtype: str, base: str) -> Panel:
    """Tokens per second of one sequence against the context, measured, and as the bytes read would have it."""
    rows, known = measured(device, dtype), measured_shapes()
    rows = rows[(rows["what"] == "decode step") & (rows["batch"] == 1)]
    value = probe_predicted.DTYPE_BYTES[dtype]
    axis = np.unique(np.geomspace(rows["context"].min(), rows["context"].max(), 40).round().astype(int))
    traces, parts, falls = [], [], {}
    own = rows[rows["shape"] == base].sort_values("context").iloc[0]
    rate = probe_predicted.step_bytes(known[base], int(own["context"]), 1, value) / own["value"]
    for (label, name), color in zip(family(rows, base, ("key-value", "window")).items(), COLORS, strict=False):
        found = rows[rows["shape"] == name].sort_values("context")
        line = rate / probe_predicted.step_bytes(known[name], axis, 1, value)
        fast, slow = _quartiles(found)
        traces += [
            style.computed_line(axis, line, label, color, width=1.8),
            _markers(found["context"], 1 / found["value"], f"{label}, measured", color, low=1 / slow, high=1 / fast),
        ]
        falls[label] = (1 - line[-1] / line[0], 1 - float(found["value"].iloc[0] / found["value"].iloc[-1]))
        parts += [
            {"series": label, "context": axis, "tokens_per_s": line, "status": "computed"},
            {
                "series": f"{label}, measured",
                "context": found["context"].to_numpy(),
                "tokens_per_s": (1 / found["value"]).to_numpy(),
                "seconds": found["value"].to_numpy(),
                "spread": found["spread"].to_numpy(),
                "status": "computed",
            },
        ]
    layout = style.layout("tokens", "number", x_title="Tokens of context", y_title="Tokens per second, one sequence", height=440)
    layout["yaxis"] |= {"rangemode": "tozero"}
    predicted, seen = falls[base]
    return Panel(
        name="probe_system.decode",
        title=f"From {axis[0]} to {axis[-1]:,} tokens of context generation with {base} slows by {seen:.0%}; bytes alone would say {predicted:.0%}",
        figure=style.figure(traces, layout),
        data=lambda: table_of(parts),
        caption=f"Dots: measured {_where(device, dtype)}; bars span the middle half of the repeats. Lines: bytes that a step reads, weights and cache, at the rate of the first dot of {base} ({format_si(rate, 'B/s')}). In a small model starting the operations takes much of a step, which bytes do not tell.",
        alt=f"Tokens per second against context for {base} and variants: measured fall {seen:.0%}, by bytes {predicted:.0%}.",
        sources=(
            Citation("williams2009", "the roofline model"),
            Citation("ainslie2023", "grouped-query attention"),
            Citation("jiang2023", "sliding window"),
        ),
        settings=_settings(device, dtype, shape=base),
        explain=(probe_predicted.step_bytes, kv_cache_bytes, latency.read_params),
    )


def prompt(device: str, dtype: str, base: str, words: tuple[str, ...] = ("window",), name: str = "probe_system.window") -> Panel:
    """Time of reading a prompt against its length for the base shape and variants, with FLOPs at the base's rate as lines.

    words: of the variants' names; ("expert",) compares experts with their dense equivalents.
    """
    rows, known = measured(device, dtype), measured_shapes()
    rows = rows[rows["what"] == "prefill"]
    axis = np.unique(np.geomspace(rows["context"].min(), rows["context"].max(), 40).round().astype(int))
    chosen = family(rows, base, words)
    longest = rows[rows["shape"] == base].sort_values("context").iloc[-1]
    flops_per_s = _prompt_flops(known[base], int(longest["context"])) / longest["value"]
    traces, parts, ends = [], [], {}
    for (label, shape), color in zip(chosen.items(), COLORS, strict=False):
        found = rows[rows["shape"] == shape].sort_values("context")
        line = _prompt_flops(known[shape], axis) / flops_per_s
        fast, slow = _quartiles(found)
        traces += [
            style.computed_line(axis, line, label, color, width=1.8),
            _markers(found["context"], found["value"], f"{label}, measured", color, low=fast, high=slow),
        ]
        ends[label] = (line[-1], float(found["value"].iloc[-1]))
        parts += [
            {"series": label, "context": axis, "seconds": line, "status": "computed"},
            {
                "series": f"{label}, measured",
                "context": found["context"].to_numpy(),
                "seconds": found["value"].to_numpy(),
                "spread": found["spread"].to_numpy(),
                "status": "computed",
            },
        ]
    layout = style.layout("tokens", "log_number", x_title="Length of the prompt (tokens)", y_title="Time (s)", height=440)
    layout["yaxis"] |= {"exponentformat": "SI"}
    ratios = {label: (predicted / ends[base][0], found / ends[base][1]) for label, (predicted, found) in ends.items() if label != base}
    told = ", ".join(
        f"{significant(found, 2)}{' times as long' if at == 0 else ''} with {label} ({significant(predicted, 2)}{' by FLOPs' if at == 0 else ''})"
        for at, (label, (predicted, found)) in enumerate(ratios.items())
    )
    return Panel(
        name=name,
        title=f"A prompt of {axis[-1]:,} tokens takes {base} {told}",
        figure=style.figure(traces, layout),
        data=lambda: table_of(parts),
        caption=f"Dots: measured {_where(device, dtype)}. Lines: FLOPs of the pairs that the mask leaves, at the rate at which {base} reads its longest prompt. A window saves FLOPs only where the kernel skips what is masked; experts save arithmetic, but each gets few tokens.",
        alt=f"Seconds to read a prompt against its length for {base} and variants at {axis[-1]:,} tokens: {told}.",
        sources=(Citation("jiang2023", "sliding window"), Citation("jiang2024", "experts")),
        settings=_settings(device, dtype, shape=base),
        explain=(forward_flops, probe_predicted.flops_of),
    )


def experts(device: str, dtype: str, base: str) -> Panel:
    """`prompt` for experts, the dense model of the same arithmetic, and the one of the same parameters."""
    return prompt(device, dtype, base, ("expert",), "probe_system.experts")


def training(device: str, dtype: str, base: str) -> Panel:
    """Peak memory of a training step by method: measured, and as the memory page predicts it."""
    rows = measured(device, dtype)
    rows = (
        rows[(rows["what"] == "train peak") & (rows["shape"] == base)]
        .set_index("method")
        .reindex([m for m in METHODS if m in set(rows.loc[rows["shape"] == base, "method"])])
    )
    shape, context, batch = measured_shapes()[base], int(rows["context"].iloc[0]), int(rows["batch"].iloc[0])
    predicted = {method: probe_predicted.training_memory(shape, method, batch, context, dtype) for method in rows.index}
    labels = [METHODS[method] for method in rows.index]
    totals, ends = [float(p.total) for p in predicted.values()], [(float(p.low), float(p.high)) for p in predicted.values()]
    traces = [
        style.interval_bars(
            [low for low, _ in ends],
            [high for _, high in ends],
            labels,
            "predicted range",
            style.BLUE,
            text=[f"{format_bytes(low)} to {format_bytes(high)}" for low, high in ends],
        )
    ]
    traces.append(style.computed_ticks(totals, labels, "predicted", style.BLUE))
    traces.append(_markers(rows["value"], labels, "measured peak", style.CRIMSON, listed=True))
    ratio = {method: value / total for method, value, total in zip(rows.index, rows["value"], totals, strict=True)}
    layout = style.layout("number", "category", x_title="Memory (bytes)", height=300)
    layout["xaxis"] |= {"rangemode": "tozero", "exponentformat": "SI", "ticksuffix": "B"}
    layout["yaxis"] |= {"autorange": "reversed"}
    told = ", ".join(f"{METHODS[method]} {value:.0%}" for method, value in ratio.items())
    return Panel(
        name="probe_system.training",
        title=f"Measured peak of a training step of {base}, as a share of the prediction: {told}",
        figure=style.figure(traces, layout),
        data=lambda: table_of(
            [
                {
                    "method": labels,
                    "series": "predicted",
                    "bytes": totals,
                    "low": [low for low, _ in ends],
                    "high": [high for _, high in ends],
                    "status": "computed",
                },
                {"method": labels, "series": "measured peak", "bytes": rows["value"].to_numpy(), "status": "computed"},
            ]
        ),
        caption=f"One sequence of {context:,} tokens, AdamW, adapters of rank {probe_predicted.RANK}, nothing recomputed, {_where(device, dtype)}. Peak: what stands between steps, and the largest sum of allocations within one. The prediction is that of the memory page without a CUDA context; its bar spans what activations and logits may take. It adds up activations and gradients, which in full training never stand at once in full: one is given back while the other grows.",
        alt=f"Predicted and measured peak memory of training {base}; measured as a share of predicted: {told}.",
        sources=(
            Citation("dettmers2023", "sections 2 and 3"),
            Citation("hu2021", "section 4.1"),
            Citation("korthikanti2022", "activations"),
        ),
        settings=_settings(device, dtype, shape=base),
        explain=(finetuning.finetuning_memory, probe_predicted.training_memory),
    )


def default_panels() -> dict[str, Callable[[], Panel]]:
    """The panels of the first device that was measured, with its first shape that has variants."""

    def first(draw: Callable) -> Panel:
        device, dtype = devices()[0]
        return draw(device, dtype, bases(device, dtype)[0])

    return {
        "probe_system.cache": lambda: first(cache),
        "probe_system.rate": lambda: rate(*devices()[0]),
        "probe_system.decode": lambda: first(decode),
        "probe_system.window": lambda: first(prompt),
        "probe_system.experts": lambda: first(experts),
        "probe_system.training": lambda: first(training),
    }


def _markers(x, y, name: str, color: str, symbol: str = "circle", text=None, low=None, high=None, listed: bool = False) -> dict:
    """Markers of values measured here, with bars from low to high where given; listed: whether the legend names them."""
    marks = style.reported_markers(x, y, name, color, symbol, text=text, showlegend=listed) | {"meta": {"role": "computed"}}
    if low is not None:
        ends = {"array": list(high - y), "arrayminus": list(y - low)}
        bars = {"type": "data", "symmetric": False, **ends, "color": color, "thickness": 1.5, "width": 0}
        marks["error_y"] = bars
    return marks


def _quartiles(rows: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    """About the quartiles of repeated times: median less and plus half of the distance between them."""
    return rows["value"] - rows["spread"].fillna(0) / 2, rows["value"] + rows["spread"].fillna(0) / 2


def _prompt_flops(shape, context):
    """FLOPs of a prompt with the pairs that the mask leaves."""
    return np.asarray(forward_flops(shape, 1, context, causal=True, n_logits=1).total, dtype=float)


def _where(device: str, dtype: str) -> str:
    rows = measured(device, dtype)
    first, threads = rows.iloc[0], int(rows["threads"].iloc[0])
    thread = "" if first["clock"] == "CUDA events" else f", {threads} thread{'s' if threads > 1 else ''}, processor time"
    return f"on {device} ({dtype}{thread}, torch {first['torch']}, transformers {first['transformers']}, {first['date']})"


def _settings(device: str, dtype: str, **shown) -> Mapping[str, str]:
    return {"device": device, "dtype": dtype} | {key: str(value) for key, value in shown.items()}
