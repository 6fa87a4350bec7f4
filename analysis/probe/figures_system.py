"""Figures on measured time and memory: closed forms as lines, measurements as markers with the device named."""

from typing import Any

import numpy as np
import pandas as pd

from analysis.charts import marks, style
from analysis.charts.figure import Figure
from analysis.charts.marks import Part
from analysis.charts.panel import Citation, Headline, Panel
from analysis.charts.parameters import Choice
from analysis.probe import predicted as probe_predicted
from analysis.probe.data import bases, devices, measured, measured_shapes
from analysis.transformer import forward_flops, kv_cache_bytes
from analysis.transformer.model import slug
from analysis.units import counted, format_bytes, format_si, significant

COLORS = (style.BLUE, style.CRIMSON, style.ORCHID, style.VIOLET, style.SLATE, style.RED)
WORK = {
    "forward": ("forward pass", style.BLUE, "circle"),
    "prefill": ("prompt", style.ORCHID, "square"),
    "train step": ("training step", style.CRIMSON, "diamond"),
}
METHODS = {"full": "full", "lora": "LoRA", "qlora": "QLoRA"}


def machines() -> dict[str, tuple[str, str]]:
    """(device, type of the weights) of everything that was measured, by key."""
    return {slug(f"{device} {dtype}"): (device, dtype) for device, dtype in devices()}


class Measured(Figure):
    """What was measured: on which machine."""

    measured_on: str = Choice("Measured on", options=lambda _: {key: ", ".join(place) for key, place in machines().items()})(
        lambda _: next(iter(machines()))
    )

    @property
    def place(self) -> tuple[str, str]:
        """(device, type of the weights)."""
        return machines()[self.measured_on]


class MeasuredShape(Measured):
    """What was measured: on which machine, of which shape with its variants."""

    measured_shape: str = Choice(
        "Model shape", options=lambda earlier: {slug(name): name for name in bases(*machines()[earlier["measured_on"]])}
    )(lambda earlier: slug(bases(*machines()[earlier["measured_on"]])[0]))

    @property
    def base(self) -> str:
        """The name of the shape."""
        return next(name for name in bases(*self.place) if slug(name) == self.measured_shape)


def family(rows: pd.DataFrame, base: str, words: tuple[str, ...]) -> dict[str, str]:
    """Name in a legend and name in the table of a base shape and of its variants whose names hold one of the words."""
    names = [base, *(name for name in rows["shape"].unique() if name.startswith(f"{base}, ") and any(word in name for word in words))]
    return {name.removeprefix(f"{base}, ") if name != base else base: name for name in names}


class Cache(MeasuredShape):
    """Bytes of the cache against the context: full, grouped-query, multi-query, window."""

    name = "probe.measured_cache"

    def draw(self) -> Panel:
        """The panel at these parameters."""
        (device, dtype), base = self.place, self.base
        rows, known = measured(device, dtype), measured_shapes()
        rows = rows[(rows["what"] == "cache") & (rows["batch"] == 1)]
        value = probe_predicted.DTYPE_BYTES[dtype]
        axis = np.unique(np.geomspace(16, max(rows["context"].max() * 2, 64), 60).round().astype(int))
        shown: dict[str, Any] = {"x": "context_len", "y": "kv_cache_bytes"}
        traces: list[dict] = []
        parts: list[Part] = []
        off: list[float] = []
        for (label, name), color in zip(family(rows, base, ("key-value", "window")).items(), COLORS, strict=False):
            shape, found = known[name], rows[rows["shape"] == name]
            line = {"series": label, "context_len": axis, "kv_cache_bytes": np.asarray(kv_cache_bytes(shape, axis, 1, value), float)}
            predicted = np.asarray(kv_cache_bytes(shape, found["context"].to_numpy(), 1, value), float)
            dots = {
                "series": f"{label}, measured",
                "context_len": found["context"],
                "kv_cache_bytes": found["value"],
                "predicted_bytes": predicted,
            }
            parts += [line | {"status": "computed"}, dots | {"status": "computed"}]
            traces += [
                marks.line(parts[-2], color=color, width=1.8, **shown),
                _larger(marks.points(parts[-1], color=color, showlegend=False, **shown), len(traces) // 2),
            ]
            off += [*(found["value"] / predicted - 1)]
        layout = style.layout(
            "tokens", "log_number", x_title="Cached tokens", y_title="KV cache of one sequence (bytes); dots measured", height=440
        )
        layout["yaxis"] |= {"exponentformat": "SI", "ticksuffix": "B"}
        exact = sum(abs(value) < 1e-9 for value in off)
        equal = Headline("caches with exactly the predicted bytes", exact, "caches", str(exact))
        most = Headline("largest difference of the others", max(map(abs, off)), "share", f"{max(map(abs, off)):.1%}")
        return Panel(
            title=f"{equal} of {len(off)} measured KV caches of {base} match the formula exactly, the others within {most}",
            headline=(equal, most),
            figure=style.figure(traces, layout),
            parts=parts,
            caption=f"Lines are the formula, dots the bytes of keys and values that transformers holds, {_where(device, dtype)}. A dot on its line matches exactly. Between two steps a window of W tokens holds W - 1 of them, since the next token is the W-th; that is the difference.",
            alt=f"Bytes of the key-value cache against tokens for {base} and variants; {exact} of {len(off)} measured values equal the formula.",
            sources=(Citation("ainslie2023", "grouped-query attention"), Citation("jiang2023", "section 2, sliding window")),
        )


class Rate(Measured):
    """Measured time against predicted FLOPs of passes, prompts and training steps of every shape, with the line of one rate."""

    name = "probe.measured_rate"

    def draw(self) -> Panel:
        """The panel at these parameters."""
        device, dtype = self.place
        rows = probe_predicted.timed_flops(measured(device, dtype), measured_shapes())
        middle, best = float(rows["flops_per_s"].median()), float(rows["flops_per_s"].max())
        span = np.array([rows["flops"].min() / 2, rows["flops"].max() * 2])
        lines: list[Part] = [
            {"series": f"at the {name} rate, {format_si(rate, 'FLOP/s')}", "flops": span, "seconds": span / rate, "status": "computed"}
            for name, rate in (("median", middle), ("best", best))
        ]
        shown: dict[str, Any] = {"x": "flops", "y": "seconds"}
        traces = [
            marks.line(part, color=style.GREY, width=width, dash=dash, **shown)
            for part, width, dash in zip(lines, (1.8, 1.2), ("solid", "dot"), strict=True)
        ]
        parts = lines
        for what, (label, color, symbol) in WORK.items():
            of = rows[rows["what"] == what]
            told = {name: of[name] for name in ("shape", "what", "method", "batch", "context", "flops", "spread", "n", "flops_per_s")}
            parts.append({"series": label, **told, "seconds": of["value"], "status": "computed"})
            text = [f"{shape}, {context} tokens" for shape, context in zip(of["shape"], of["context"], strict=True)]
            traces.append(marks.points(parts[-1], color=color, symbol=symbol, text=text, **shown))
        low, high = (rows["value"] * middle / rows["flops"]).quantile([0.1, 0.9])
        layout = style.layout("log_number", "log_number", x_title="Predicted FLOP", y_title="Measured time (s)", height=460)
        layout["xaxis"] |= {"exponentformat": "power"}
        layout["yaxis"] |= {"exponentformat": "SI"}
        rate = Headline("median rate", middle, "FLOP/s", format_si(middle, "FLOP/s"))
        least, most = (
            Headline(f"{name} tenth of the ratios", value, "", significant(value, 2))
            for name, value in (("lowest", low), ("highest", high))
        )
        return Panel(
            title=f"80% of {len(rows)} measured times are {least} to {most}× what one rate, {rate}, predicts",
            headline=(least, most, rate),
            figure=style.figure(traces, layout),
            parts=parts,
            caption=f"Each marker is one piece of work: its measured time against its FLOPs by the formula (unmasked attention, training as three forward passes). Markers above the line run below the median rate: small operations that are dominated by launch overhead, and attention, norms and optimiser, which are limited by memory. Measured {_where(device, dtype)}: medians of several runs.",
            alt=f"Measured seconds against predicted FLOPs for {len(rows)} pieces of work; the median rate is {rate}.",
            sources=(Citation("kaplan2020", "section 2.1"),),
        )


class Decode(MeasuredShape):
    """Tokens per second of one sequence against the context, measured, and as the bytes read would have it."""

    name = "probe.measured_decode"

    def draw(self) -> Panel:
        """The panel at these parameters."""
        (device, dtype), base = self.place, self.base
        rows, known = measured(device, dtype), measured_shapes()
        rows = rows[(rows["what"] == "decode step") & (rows["batch"] == 1)]
        value = probe_predicted.DTYPE_BYTES[dtype]
        axis = np.unique(np.geomspace(rows["context"].min(), rows["context"].max(), 40).round().astype(int))
        own = rows[rows["shape"] == base].sort_values("context").iloc[0]
        rate = probe_predicted.step_bytes(known[base], int(own["context"]), 1, value) / own["value"]
        shown: dict[str, Any] = {"x": "context_len", "y": "tokens_per_s"}
        traces: list[dict] = []
        parts: list[Part] = []
        falls = {}
        for (label, name), color in zip(family(rows, base, ("key-value", "window")).items(), COLORS, strict=False):
            found = rows[rows["shape"] == name].sort_values("context")
            line = rate / probe_predicted.step_bytes(known[name], axis, 1, value)
            fast, slow = _quartiles(found)
            parts += [
                {"series": label, "context_len": axis, "tokens_per_s": line, "status": "computed"},
                {
                    "series": f"{label}, measured",
                    "context_len": found["context"],
                    "tokens_per_s": 1 / found["value"],
                    "low": 1 / slow,
                    "high": 1 / fast,
                    "seconds": found["value"],
                    "spread": found["spread"],
                    "status": "computed",
                },
            ]
            dots = _larger(marks.points(parts[-1], color=color, showlegend=False, **shown), len(traces) // 2)
            traces += [marks.line(parts[-2], color=color, width=1.8, **shown), _with_bars(dots, parts[-1], color)]
            falls[label] = (1 - line[-1] / line[0], 1 - float(found["value"].iloc[0] / found["value"].iloc[-1]))
        layout = style.layout("tokens", "number", x_title="Context length (tokens)", y_title="Tokens per second; dots measured", height=440)
        layout["yaxis"] |= {"rangemode": "tozero"}
        predicted, seen = (
            Headline(f"slower at the longest context, {name}", float(fall), "share", f"{fall:.0%}")
            for name, fall in zip(("by bytes", "measured"), falls[base], strict=True)
        )
        return Panel(
            title=f"From {axis[0]} to {axis[-1]:,} tokens of context, decoding with {base} slows by {seen}; bytes predict {predicted}",
            headline=(seen, predicted),
            figure=style.figure(traces, layout),
            parts=parts,
            caption=f"Dots are measured decoding speeds, lines those predicted from the bytes that a step reads (weights and KV cache) at the rate of the first dot of {base} ({format_si(rate, 'B/s')}). Bars span the middle half of the repeats. In a small model, launching operations takes much of a step, which bytes do not predict. Measured {_where(device, dtype)}.",
            alt=f"Tokens per second against context for {base} and variants: measured fall {seen}, by bytes {predicted}.",
            sources=(
                Citation("williams2009", "the roofline model"),
                Citation("ainslie2023", "grouped-query attention"),
                Citation("jiang2023", "sliding window"),
            ),
        )


class Prompt(MeasuredShape):
    """Time of reading a prompt against its length for the base shape and variants, with FLOPs at the base's rate as lines."""

    def words(self) -> tuple[str, ...]:
        """Words of the names of the variants that are compared."""
        return ("window",)

    def draw(self) -> Panel:
        """The panel at these parameters."""
        (device, dtype), base = self.place, self.base
        rows, known = measured(device, dtype), measured_shapes()
        rows = rows[rows["what"] == "prefill"]
        axis = np.unique(np.geomspace(rows["context"].min(), rows["context"].max(), 40).round().astype(int))
        longest = rows[rows["shape"] == base].sort_values("context").iloc[-1]
        flops_per_s = _prompt_flops(known[base], int(longest["context"])) / longest["value"]
        shown: dict[str, Any] = {"x": "context_len", "y": "seconds"}
        traces: list[dict] = []
        parts: list[Part] = []
        ends = {}
        for (label, shape), color in zip(family(rows, base, self.words()).items(), COLORS, strict=False):
            found = rows[rows["shape"] == shape].sort_values("context")
            line = _prompt_flops(known[shape], axis) / flops_per_s
            fast, slow = _quartiles(found)
            parts += [
                {"series": label, "context_len": axis, "seconds": line, "status": "computed"},
                {
                    "series": f"{label}, measured",
                    "context_len": found["context"],
                    "seconds": found["value"],
                    "low": fast,
                    "high": slow,
                    "spread": found["spread"],
                    "status": "computed",
                },
            ]
            dots = _larger(marks.points(parts[-1], color=color, showlegend=False, **shown), len(traces) // 2)
            traces += [marks.line(parts[-2], color=color, width=1.8, **shown), _with_bars(dots, parts[-1], color)]
            ends[label] = (line[-1], float(found["value"].iloc[-1]))
        layout = style.layout(
            "tokens", "log_number", x_title="Prompt length (tokens)", y_title="Time (s); dots measured, lines by FLOPs", height=440
        )
        layout["yaxis"] |= {"exponentformat": "SI"}
        headline = []
        told = []
        for label, (predicted, found_s) in ends.items():
            if label == base:
                continue
            ratios = (("measured", found_s / ends[base][1]), ("by FLOPs", predicted / ends[base][0]))
            here, by_flops = (Headline(f"time with {label}, {name}", float(ratio), "", significant(ratio, 2)) for name, ratio in ratios)
            headline += [here, by_flops]
            told.append(f"{here}{'' if told else ' times as long'} with {label} ({by_flops}{'' if told else ' by FLOPs'})")
        return Panel(
            title=f"A prompt of {axis[-1]:,} tokens takes {base} {', '.join(told)}",
            headline=tuple(headline[:4]),
            figure=style.figure(traces, layout),
            parts=parts,
            caption=f"Dots are measured prefill times, lines those predicted from FLOPs (without masked pairs) at the rate of {base} on its longest prompt. A window saves FLOPs only where the kernel skips masked pairs; experts save FLOPs, but each gets few tokens. Measured {_where(device, dtype)}.",
            alt=f"Seconds to read a prompt against its length for {base} and variants at {axis[-1]:,} tokens: {', '.join(told)}.",
            sources=(Citation("jiang2023", "sliding window"), Citation("jiang2024", "experts")),
        )


class Window(Prompt):
    """Time of reading a prompt with a sliding window and without, with FLOPs at the base's rate as lines."""

    name = "probe.measured_window"


class Experts(Prompt):
    """Time of reading a prompt with experts, the dense model of the same arithmetic, and the one of the same parameters."""

    name = "probe.measured_experts"

    def words(self) -> tuple[str, ...]:
        """Words of the names of the variants that are compared."""
        return ("expert",)


class Training(MeasuredShape):
    """Peak memory of a training step by method: measured, and as the memory page predicts it."""

    name = "probe.measured_training"

    def draw(self) -> Panel:
        """The panel at these parameters."""
        (device, dtype), base = self.place, self.base
        rows = measured(device, dtype)
        rows = rows[(rows["what"] == "train peak") & (rows["shape"] == base)].set_index("method")
        rows = rows.reindex([method for method in METHODS if method in rows.index])
        shape, context, batch = measured_shapes()[base], int(rows["context"].iloc[0]), int(rows["batch"].iloc[0])
        predicted = [probe_predicted.training_memory(shape, method, batch, context, dtype) for method in rows.index]
        labels = [METHODS[method] for method in rows.index]
        foreseen: Part = {
            "series": "predicted",
            "method": labels,
            "bytes": [float(p.total) for p in predicted],
            "low_bytes": [float(p.low) for p in predicted],
            "high_bytes": [float(p.high) for p in predicted],
            "status": "computed",
        }
        peak: Part = {"series": "measured peak", "method": labels, "bytes": rows["value"], "status": "computed"}
        text = [f"{format_bytes(float(p.low))} to {format_bytes(float(p.high))}" for p in predicted]
        traces = [
            marks.intervals(foreseen, "low_bytes", "high_bytes", "method", style.BLUE, "predicted range", text=text),
            marks.ticks(foreseen, "bytes", "method", style.BLUE),
            marks.points(peak, "bytes", "method", style.CRIMSON),
        ]
        layout = style.layout("number", "category", x_title="Memory (bytes)", height=300)
        layout["xaxis"] |= {"rangemode": "tozero", "exponentformat": "SI", "ticksuffix": "B"}
        layout["yaxis"] |= {"autorange": "reversed"}
        ratios = [
            Headline(f"measured over predicted, {label}", float(value / p.total), "share", f"{float(value / p.total):.0%}")
            for label, value, p in zip(labels, rows["value"], predicted, strict=True)
        ]
        told = ", ".join(f"{label} {ratio}" for label, ratio in zip(labels, ratios, strict=True))
        return Panel(
            title=f"Peak memory of a training step of {base}, measured over predicted: {told}",
            headline=tuple(ratios),
            figure=style.figure(traces, layout),
            parts=[foreseen, peak],
            caption=f"Markers are the measured and the predicted peak memory of one training step; bars are the predicted range of activations and logits. The measured peak is the standing memory plus the largest sum of allocations within a step. The prediction is that of the memory page without a CUDA context; it adds activations and gradients, which in full training are never both complete: one is freed while the other grows. One sequence of {context:,} tokens, AdamW, adapters of rank {probe_predicted.RANK}, no recomputation, {_where(device, dtype)}.",
            alt=f"Predicted and measured peak memory of training {base}; measured as a share of predicted: {told}.",
            sources=(
                Citation("dettmers2023", "sections 2 and 3"),
                Citation("hu2021", "section 4.1"),
                Citation("korthikanti2022", "activations"),
            ),
        )


def _with_bars(dots: dict, part: Part, color: str) -> dict:
    """Markers with bars over the middle half of the repeats."""
    return marks.errors(dots, part, "low", "high", color=color, thickness=1.5, width=0)


def _quartiles(rows: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    """About the quartiles of repeated times: median less and plus half of the distance between them."""
    return rows["value"] - rows["spread"].fillna(0) / 2, rows["value"] + rows["spread"].fillna(0) / 2


def _prompt_flops(shape, context):
    """FLOPs of a prompt with the pairs that the mask leaves."""
    return np.asarray(forward_flops(shape, 1, context, causal=True, n_logits=1).total, dtype=float)


def _where(device: str, dtype: str) -> str:
    rows = measured(device, dtype)
    first, threads = rows.iloc[0], int(rows["threads"].iloc[0])
    thread = "" if first["clock"] == "CUDA events" else f", {counted(threads, 'thread')}, processor time"
    return f"on {device} ({dtype}{thread}, torch {first['torch']}, transformers {first['transformers']}, {first['date']})"


def _larger(dots: dict, number: int) -> dict:
    """The dots of the number-th series, the larger the earlier it is drawn: where two have one value, both are seen."""
    return dots | {"marker": dots["marker"] | {"size": max(15 - 3 * number, 6)}}
