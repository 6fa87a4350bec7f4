"""Figures of the devices that hold a fine-tuning run, and of the largest batch on one of them."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from analysis import tables
from analysis.charts import marks, style, ticks
from analysis.charts.marks import Part
from analysis.charts.panel import Citation, Headline, Panel
from analysis.charts.shared_parameters import BATCH_SIZE, GPU, MEMORY_UNIT, SEQ_LEN
from analysis.gpus import Gpu
from analysis.memory import finetuning
from analysis.memory.figures_settings import ACTIVATIONS, METHOD, METHOD_COLORS, QLORA, FineTuneRun
from analysis.units import MEMORY_UNITS, counted, format_bytes
from analysis.uploads import clip

SEQ_LENS = np.unique(np.geomspace(64, 2**17, 160).astype(int))
HOLDS = {
    "all three": style.CRIMSON,
    "LoRA and QLoRA": style.ORCHID,
    "QLoRA": style.BLUE,
    "QLoRA perhaps": style.VIOLET,
    "QLoRA with paged optimiser": style.SLATE,
    "none": style.GREY,
}


class Fits(FineTuneRun):
    """Memory of every device against what each method needs."""

    name = "memory.fits"
    batch_size: int = BATCH_SIZE(1, high=64)
    seq_len: int = SEQ_LEN(512)
    memory_unit: str = MEMORY_UNIT("gb")

    def draw(self) -> Panel:
        """The panel at these parameters."""
        unit = MEMORY_UNITS[self.memory_unit]
        name, options = clip(self.model.name, style.LONGEST_NAME), self.options() | {"batch": self.batch_size, "seq_len": self.seq_len}
        results = {method: finetuning.finetuning_memory(self.model.shape, method, **options) for method in finetuning.METHODS}
        gpus = tables.load("gpus").sort_values(["memory_bytes", "year"], kind="stable")
        size = gpus["memory_bytes"].to_numpy()
        holds = {method: size >= float(result.high) for method, result in results.items()}
        may = {method: (size >= float(result.low)) & ~holds[method] for method, result in results.items()}
        paged = size >= float(results["qlora"].high - results["qlora"].pageable)
        verdict = np.select([holds["full"], holds["lora"], holds["qlora"], may["qlora"], paged], list(HOLDS)[:-1], "none")
        needs: list[Part] = [
            {
                "series": f"needs of {finetuning.METHODS[method]}",
                "gpu": [gpus["label"].iloc[0], gpus["label"].iloc[-1]],
                "memory_bytes": [float(result.total)] * 2,
                "low_bytes": float(result.low),
                "high_bytes": float(result.high),
                "status": "computed",
            }
            for method, result in results.items()
        ]
        devices: dict[str, Part] = {
            held: {
                "series": f"fits {held}",
                "gpu": rows["label"],
                "memory_bytes": rows["memory_bytes"],
                "nominal_bytes": rows["nominal_bytes"],
                "location": rows["memory_basis"],
                "holds": held,
                "drawn_in": unit.name,
                "verified": rows["verified"],
                "source": rows["source"],
                "status": "reported",
            }
            for held in HOLDS
            if len(rows := gpus[verdict == held])
        }
        shown: dict[str, Any] = {"x": "memory_bytes", "y": "gpu", "per_x": unit.size}
        traces = [
            marks.line(part, color=METHOD_COLORS[method], showlegend=False, **shown) for part, method in zip(needs, results, strict=True)
        ]
        traces += [marks.points(part, color=HOLDS[held], text=part["gpu"], **shown) for held, part in devices.items()]
        high = max(float(size.max()), *(float(result.high) for result in results.values())) / unit.size
        layout = style.layout(
            "log_number",
            "category",
            x_title=f"Memory ({unit.name})",
            height=560,
            x_range=(min(10, float(results["qlora"].low) / 1.2 / unit.size), high * 1.3),
        )
        layout["xaxis"] |= ticks.at([1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000])
        layout["yaxis"] |= {"categoryorder": "array", "categoryarray": gpus["label"].tolist()}
        layout["annotations"] = _needs({finetuning.METHODS[m]: float(r.total) / unit.size for m, r in results.items()}, layout)
        layout["shapes"] = [
            span(float(result.low) / unit.size, float(result.high) / unit.size, METHOD_COLORS[method]) for method, result in results.items()
        ]
        need = {
            method: Headline(
                f"memory of {finetuning.METHODS[method]}",
                float(r.total),
                "bytes",
                unit.text(float(r.total)),
                "memory_bytes",
                float(r.low),
                float(r.high),
            )
            for method, r in results.items()
        }
        said = [f"{way} ({need[m]}) {on_devices(holds[m], may[m])}" for m, way in (("lora", "LoRA"), ("full", "full"))]
        of = f" on each of {self.sharded_gpus} GPUs" if self.sharded_gpus > 1 else ""
        first = f"QLoRA of {name} ({need['qlora']}{of}) fits {on_devices(holds['qlora'], may['qlora'], f' of {len(gpus)} GPUs and TPUs')}"
        return Panel(
            title=f"{first}, {said[0]}, {said[1]}",
            headline=(need["qlora"], need["lora"], need["full"]),
            figure=style.figure(traces, layout),
            parts=[*devices.values(), *needs],
            caption=(
                "Markers are the memory of one device, lines what each method needs, with a band for the interval of that estimate. A device right of a line fits the run, one within the band may. Memory is what the driver reports (a program gets up to 2% less; "
                f"of a TPU what its maker states; of the MI250X both dies together). Offloading weights to the CPU is not considered.{self.counted_as()}"
            ),
            alt=f"Memory of {len(gpus)} devices beside the need of each method; {int(holds['qlora'].sum())} hold QLoRA of {name}.",
            sources=(*(Citation(source) for source in dict.fromkeys(gpus["source"])), QLORA, ACTIVATIONS),
        )


def _needs(at: Mapping[str, float], layout: Mapping) -> list[dict]:
    """The names of the methods above the lines of what they need; those that stand close to each other in one."""
    low, high = layout["xaxis"]["range"]
    groups: list[list[str]] = []
    for method in sorted(at, key=at.__getitem__):
        close = groups and np.log10(at[method] / at[groups[-1][-1]]) < 0.15 * (high - low)
        groups[-1:] = [[*groups[-1], method]] if close else [*groups[-1:], [method]]
    return [style.line_name(at[group[-1]], f"{', '.join(group)} {'need' if len(group) > 1 else 'needs'}", log=True) for group in groups]


class Largest(FineTuneRun):
    """The largest batch against the length of its sequences, for each method, on one device."""

    name = "memory.largest"
    gpu: Gpu = GPU("l40s")
    method: str = METHOD("qlora")
    seq_len: int = SEQ_LEN(512)

    def draw(self) -> Panel:
        """The panel at these parameters."""
        model, name, shape, fixed = (
            clip(self.model.name, style.LONGEST_NAME),
            finetuning.METHODS[self.method],
            self.model.shape,
            self.options(),
        )
        seq_len, capacity, color = self.seq_len, self.gpu.memory_bytes, METHOD_COLORS[self.method]
        frontier = {m: finetuning.largest_batch(shape, capacity, SEQ_LENS, m, **fixed) for m in finetuning.METHODS}
        here = int(finetuning.largest_batch(shape, capacity, seq_len, self.method, **fixed))
        longest = finetuning.largest_seq_len(shape, capacity, 1, self.method, **fixed)
        high, low = (finetuning.largest_batch(shape, capacity, SEQ_LENS, self.method, end=end, **fixed) for end in ("low", "high"))
        drawn = high > 0
        interval: Part = {
            "series": f"interval of {name}",
            "seq_len": SEQ_LENS[drawn],
            "largest_batch_low": low[drawn],
            "largest_batch_high": high[drawn],
            "drawn_low": np.maximum(low, 0.5)[drawn],  # a logarithmic axis has no zero
            "status": "uncertain",
        }
        traces = marks.band(interval, "seq_len", "drawn_low", "largest_batch_high", color)
        for edge in traces:
            edge["line"] = edge["line"] | {"shape": "vh"}
        lines: list[Part] = []
        for m, batches in frontier.items():
            if (batches >= 1).any():
                rows = {"seq_len": SEQ_LENS[batches >= 1], "largest_batch": batches[batches >= 1]}
                lines.append({"series": finetuning.METHODS[m], **rows, "status": "computed"})
                line = marks.line(lines[-1], "seq_len", "largest_batch", METHOD_COLORS[m])
                traces.append(line | {"line": line["line"] | {"shape": "vh"}})
        mine: Part = {
            "series": "your setting",
            "seq_len": [seq_len] if here else [],
            "largest_batch": [here] if here else [],
            "status": "what_if",
        }
        traces.append(marks.points(mine, "seq_len", "largest_batch", style.AMBER))
        top = max(1, here, int(high.max()), *(int(batches.max()) for batches in frontier.values()))
        end = max([2 * seq_len, 2048, *(int(SEQ_LENS[batches >= 1].max()) for batches in (high, *frontier.values()) if batches.any())])
        layout = style.layout(
            "log_number",
            "log_number",
            x_title="Sequence length (tokens)",
            y_title="Batch size (sequences)",
            x_range=(60, end * 1.2),
            y_range=(0.8, top * 1.6),
        )
        layout["yaxis"] |= ticks.at([digit * 10**power for power in range(5) for digit in (1, 2, 5)])
        layout["xaxis"] |= ticks.at([64, 256, 1024, 4096, 16384, 65536])
        if not lines:
            layout["annotations"] = [style.note(0.5, 0.5, "No batch fits on one device", xref="x domain", yref="y domain")]
        on = self.gpu.label if self.gpu.id == "own" else f"one {self.gpu.label}"
        if self.sharded_gpus > 1:
            on = f"each of {self.sharded_gpus} {self.gpu.label}"
        reach = Headline("longest sequence", longest, "tokens", f"{longest:,}")
        headline: tuple[Headline, ...] = (reach,)
        if not longest:
            memory = Headline("memory of the device", capacity, "bytes", format_bytes(capacity))
            title, headline = f"{name} of {model} does not fit on {on} ({memory}) at any batch size", (memory,)
        else:
            limit = f"one sequence of {reach}" if here <= 1 else f"{here} sequences of {seq_len:,} tokens, or one of {reach}"
            title = f"{name} of {model} on {on} fits {limit}" + (" tokens" if here <= 1 else "")
        return Panel(
            title=title,
            headline=headline,
            figure=style.figure(traces, layout),
            parts=[*lines, interval, mine],
            caption=(
                f"Each line is the largest batch that fits into {format_bytes(capacity)}; a method without a line does not fit at all. Steps are whole sequences. "
                "Activations and logits decide here, the least certain parts: the band spans programs that keep what the formula says and 1.7 times as much, with 4 to 14 bytes per logit."
                + (
                    f" The model itself was made for {shape.context_len:,} tokens."
                    if shape.context_len and longest > shape.context_len
                    else ""
                )
                + self.counted_as()
            ),
            alt=f"Largest batch against sequence length on {on}; {name} holds {counted(here, 'sequence')} of {seq_len} tokens.",
            sources=(*(Citation(source) for source in self.gpu.source.split(";") if source), QLORA, ACTIVATIONS),
        )


def on_devices(holds: np.ndarray, may: np.ndarray, of: str = "") -> str:
    """On how many devices a method fits, and on how many more it may, in words.

    >>> on_devices(np.array([True, False]), np.array([False, True]), " of 2 devices"), on_devices(np.array([False]), np.array([False]))
    ('on 1 of 2 devices (1 more may hold it)', 'on none')
    """
    perhaps = f" ({int(may.sum())} more may hold it)" if may.any() else ""
    return f"on {int(holds.sum()) or 'none'}{of}{perhaps}"


def span(low: float, high: float, color: str) -> dict:
    """A shape: an interval over the whole height, in the units of the data."""
    return {
        "type": "rect",
        "x0": low,
        "x1": high,
        "y0": 0,
        "y1": 1,
        "yref": "y domain",
        "fillcolor": style.translucent(color),
        "line": {"width": 0},
        "layer": "below",
    }
