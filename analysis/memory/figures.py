"""Figures of fine-tuning memory: the bill by part, and the adapters by rank."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from analysis.charts import marks, style, ticks
from analysis.charts.figure import Figure
from analysis.charts.marks import Part
from analysis.charts.panel import Citation, Headline, Panel
from analysis.charts.parameters import Choice, Choices
from analysis.charts.shared_parameters import BATCH_SIZE, LORA_RANK, MEMORY_UNIT, MODEL, SEQ_LEN
from analysis.memory import finetuning
from analysis.memory import parts as memory_parts
from analysis.memory.figures_settings import ACTIVATIONS, LORA, LORA_TARGETS, QLORA, TARGETS, ZERO, FineTuneRun
from analysis.transformer.model import Model
from analysis.units import MEMORY_UNITS, MemoryUnit, format_bytes, format_count, significant
from analysis.uploads import clip

# Parts that are uncertain are hatched.
PART_LOOKS = {
    "weights": (style.BLUE, ""),
    "constants": (style.SLATE, ""),
    "adapters": (style.RED, ""),
    "master_weights": (style.GREY, ""),
    "gradients": (style.ORCHID, ""),
    "optimiser_states": (style.CRIMSON, ""),
    "dequantised": (style.VIOLET, ""),
    "activations": (style.BLUE, "/"),
    "logits": (style.ORCHID, "/"),
    "context": (style.GREY, "/"),
}


GROUPS = {
    "weights": ("weights, constants, dequantisation buffer", ("weights", "constants", "dequantised", "gathered")),
    "adapters": ("adapters", ("adapters",)),
    "gradients": ("gradients", ("gradients",)),
    "optimiser_states": ("optimiser states, fp32 master weights", ("optimiser_states", "master_weights", "step_buffer")),
    "activations": ("activations", ("activations",)),
    "logits": ("logits, loss, CUDA context", ("logits", "context")),
}
"""Name and parts of each piece of a bar: those too small to be seen stand with others of their kind. The table has all."""


class Parts(FineTuneRun):
    """Bytes by part of each method, stacked; hatched where uncertain."""

    name = "memory.parts"
    methods: tuple[str, ...] = Choices("Methods", options=finetuning.METHODS, rare=True, least=1)(tuple(finetuning.METHODS))
    bar_scale: str = Choice("Unit", options={"bytes": "memory", "shares": "% of each total"}, rare=True)("bytes")
    batch_size: int = BATCH_SIZE(1, high=64)
    seq_len: int = SEQ_LEN(512)
    memory_unit: str = MEMORY_UNIT("gb")

    def draw(self) -> Panel:
        """The panel at these parameters."""
        unit = MEMORY_UNITS[self.memory_unit]
        name, shape, shares = clip(self.model.name, style.LONGEST_NAME), self.model.shape, self.bar_scale == "shares"
        options = self.options() | {"batch": self.batch_size, "seq_len": self.seq_len}
        results = {method: finetuning.finetuning_memory(shape, method, **options) for method in finetuning.METHODS}
        drawn = {method: results[method] for method in self.methods}
        totals = np.array([float(result.total) for result in drawn.values()])
        rows: dict[str, Part] = {}
        for part, (label, members) in GROUPS.items():
            values = np.array([sum(float(result.parts[member]) for member in members) for result in drawn.values()])
            rows[part] = {
                "series": label,
                "model": self.model.name,
                "method": [finetuning.METHODS[method] for method in drawn],
                "bytes": values,
                **({"share": values / totals} if shares else {}),
                "total_bytes": totals,
                "total_low": [float(result.low) for result in drawn.values()],
                "total_high": [float(result.high) for result in drawn.values()],
                "drawn_in": unit.name,
                "status": "uncertain" if part in finetuning.UNCERTAIN else "computed",
            }
        pieces: list[Part] = [
            {
                "series": finetuning.PARTS[member],
                "part_of": rows[part]["series"],
                "model": self.model.name,
                "method": [finetuning.METHODS[method] for method in drawn],
                "bytes": [float(result.parts[member]) for result in drawn.values()],
                "drawn_in": unit.name,
                "status": rows[part]["status"],
            }
            for part, (_, members) in GROUPS.items()
            if len(members) > 1
            for member in members
        ]
        along: dict[str, Any] = {"x": "share"} if shares else {"x": "bytes", "per_x": unit.size}
        hover = f"%{{y}}, %{{fullData.name}}: %{{x:{'.1%' if shares else '.3~g'}}}{'' if shares else f' {unit.name}'}<extra></extra>"
        traces = []
        for part, row in rows.items():
            if row["bytes"].any():
                color, hatch = PART_LOOKS[part]
                marker = {"color": color, "pattern": {"shape": hatch, "size": 6, "solidity": 0.5}}
                traces.append(marks.bars(row, y="method", color=color, horizontal=True, marker=marker, hovertemplate=hover, **along))
        ends = np.ones(len(drawn)) if shares else totals / unit.size
        kind, axis = ("percent", "Share of the total") if shares else ("number", f"Memory ({unit.name})")
        layout = style.layout(kind, "category", x_title=axis, height=400, x_range=(0, ends.max() * 1.15), barmode="stack", bargap=0.35)
        layout["yaxis"] |= {"autorange": "reversed"}
        layout["legend"] |= {"traceorder": "normal", "maxheight": 0.4}
        layout["annotations"] = [
            style.note(end, finetuning.METHODS[method], f"{significant(total / unit.size)} {unit.name}", xanchor="left", xshift=4)
            for end, method, total in zip(ends, drawn, totals, strict=True)
        ]
        headline = tuple(
            Headline(
                f"memory of {finetuning.METHODS[method]}",
                total,
                "bytes",
                unit.text(total),
                "total_bytes",
                float(result.low),
                float(result.high),
            )
            for (method, result), total in zip(drawn.items(), totals.tolist(), strict=True)
        )
        ways = {"full": "in full", "lora": "with LoRA", "qlora": "with QLoRA"}
        said = [f"{total} {ways[method]}" for method, total in zip(drawn, headline, strict=True)]
        spans = "; ".join(
            f"{finetuning.METHODS[m]} {significant(float(r.low) / unit.size)} to {significant(float(r.high) / unit.size)}"
            for m, r in drawn.items()
        )
        trained = results["qlora"].trained
        each = f" on each of {self.sharded_gpus} GPUs" if self.sharded_gpus > 1 else ""
        return Panel(
            title=f"Fine-tuning {name} takes {listed(said)} at {self.batch_size} × {self.seq_len:,} tokens{each}",
            headline=headline,
            figure=style.figure(traces, layout),
            parts=[*rows.values(), *pieces],
            beside=breakdown(results, unit),
            caption=(
                f"Each bar is the peak memory of fine-tuning{each or ' on one GPU'} by part; solid parts are counted, hatched ones estimated. With the estimates' intervals the totals are ({unit.name}): {spans}. "
                f"Adapters train {format_count(trained)} parameters, {significant(100 * trained / self.model.counts.total, 2)}% of the model. Fragmentation of the "
                f"allocator and LoRA dropout are not counted.{self.counted_as()}"
            ),
            alt=f"Stacked bars of memory by part: {', '.join(said)}.",
            sources=(QLORA, LORA, ZERO, ACTIVATIONS, Citation("dettmers2021"), Citation("dao2022")),
        )


def breakdown(results: Mapping[str, finetuning.FinetuningMemory], unit: MemoryUnit) -> pd.DataFrame:
    """Bytes by part of each method as texts, one row per part that any of them has, and the total with its interval."""
    rows = []
    for part, label in finetuning.PARTS.items():
        values = [float(result.parts[part]) for result in results.values()]
        if any(values):
            rows.append((label, *(unit.text(value) if value else "none" for value in values)))
    rows.append(("total", *(unit.text(float(result.total)) for result in results.values())))
    rows.append(
        (
            f"interval ({unit.name})",
            *(f"{significant(float(r.low) / unit.size)} to {significant(float(r.high) / unit.size)}" for r in results.values()),
        )
    )
    return pd.DataFrame(rows, columns=["part", *(finetuning.METHODS[method] for method in results)])


class Rank(Figure):
    """Trained parameters of adapters against their rank, by target matrices."""

    name = "memory.rank"
    model: Model = MODEL("llama-65b")
    lora_targets: str = LORA_TARGETS("all")
    lora_rank: int = LORA_RANK(64)

    def draw(self) -> Panel:
        """The panel at these parameters."""
        axis, shape, total = 2 ** np.arange(0, 11), self.model.shape, self.model.counts.total
        lines: list[Part] = [
            {
                "series": label,
                "lora_rank": axis,
                "trained_params": np.array([memory_parts.adapter_params(shape, int(rank), names) for rank in axis], dtype=float),
                "status": "computed",
            }
            for label, names in TARGETS.values()
        ]
        chosen, names = TARGETS[self.lora_targets]
        count = float(memory_parts.adapter_params(shape, self.lora_rank, names))
        trained = Headline("trained parameters", count, "parameters", format_count(count), "trained_params")
        yours = {"series": "your adapters", "lora_rank": [self.lora_rank], "trained_params": [count], "status": "what_if"}
        shown: dict[str, Any] = {"x": "lora_rank", "y": "trained_params"}
        traces = [
            marks.line(part, color=color, **shown) for part, color in zip(lines, (style.BLUE, style.ORCHID, style.CRIMSON), strict=True)
        ]
        traces.append(marks.points(yours, color=style.AMBER, **shown))
        layout = style.layout("log_number", "params", x_title="LoRA rank (r)", y_title="Trained parameters", x_range=(0.9, 1150))
        layout["xaxis"] |= ticks.at([1, 4, 16, 64, 256, 1024])
        share = significant(100 * count / total, 2)
        return Panel(
            title=f"Rank {self.lora_rank} on {chosen} trains {trained} parameters, {share}% of {clip(self.model.name, style.LONGEST_NAME)}",
            headline=(trained,),
            figure=style.figure(traces, layout),
            parts=[*lines, yours],
            caption=(
                f"Lines are the trained parameters for each choice of target modules; they grow in proportion to the rank. With 16-bit adapters and gradients and AdamW yours take {format_bytes(12.0 * count)} to train, "
                f"against {format_bytes(12.0 * total)} for all parameters. Queries, keys and values count as separate matrices."
            ),
            alt=f"Trained parameters rise in proportion to rank; rank {self.lora_rank} on {chosen} trains {trained}.",
            sources=(LORA, QLORA),
        )


def listed(words: Sequence[str]) -> str:
    """Words joined as in a sentence.

    >>> listed(["a", "b", "c"])
    'a, b and c'
    """
    return f"{', '.join(words[:-1])} and {words[-1]}" if len(words) > 1 else words[0]
