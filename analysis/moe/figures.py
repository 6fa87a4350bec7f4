"""Figures on mixtures of experts: parameters held and used, N times a dense model, memory and compute."""

import re
from typing import Any

import numpy as np

from analysis import gpus
from analysis.charts import marks, style
from analysis.charts.figure import Figure
from analysis.charts.marks import Part
from analysis.charts.panel import Citation, Headline, Panel
from analysis.charts.parameters import Choice
from analysis.charts.shared_parameters import MEMORY_UNIT, MODEL, WEIGHT_BITS
from analysis.moe import expert_counts
from analysis.moe.data import counted, known_mixtures, other_models
from analysis.moe.figures_build import part_bars, part_layout
from analysis.transformer import TransformerShape
from analysis.transformer.model import Model
from analysis.units import MEMORY_UNITS, format_count, format_flops, significant
from analysis.uploads import clip

EMBEDDINGS = {"with": "with embeddings", "without": "without embeddings"}
SHOWN_GPUS = ("rtx_4090", "a100_80gb")
MIXTRAL = Citation("jiang2024", "Section 2 and Table 1")
MIXTURE_TRIALS = ("mixtral-8x7b", "deepseek-v3", "glam-64b-64e")


def described(name: str, shape: TransformerShape) -> str:
    """One line on the experts of a model.

    >>> from analysis.transformer.model import published
    >>> described("Mixtral", published("mixtral-8x7b").shape)
    'Mixtral: 8 experts of width 14,336, of which a token uses 2, in 32 of 32 layers.'
    """
    layers = (*shape.layers, *shape.encoder_layers)
    if shape.experts is None:
        return f"{name}: {len(layers)} layers, none with experts."
    experts = shape.experts
    beside = f", beside shared experts of width {experts.shared.d_ff:,} together" if experts.shared else ""
    having = sum(layer.experts is not None for layer in layers)
    return f"{name}: {experts.n_experts} experts of width {experts.expert.d_ff:,}, of which a token uses {experts.top_k}{beside}, in {having} of {len(layers)} layers."


class TotalActive(Figure):
    """Total and active parameters of every mixture of experts of the table."""

    name = "moe.total_active"
    embeddings: str = Choice("Parameter count", options=EMBEDDINGS)("with")

    def draw(self) -> Panel:
        """The panel at this parameter."""
        rows = counted()
        fields = ("active", "total") if self.embeddings == "with" else ("active_non_embedding", "non_embedding")
        active, total = (rows[field].to_numpy(float) for field in fields)
        share = active / total
        names, label = list(rows["model"]), f"counted, {EMBEDDINGS[self.embeddings]}"
        parts: list[Part] = []
        traces = []
        for number, name in enumerate(names):
            parts.append(
                {
                    "series": label,
                    "model": [name] * 2,
                    "quantity": fields,
                    "n_params": [active[number], total[number]],
                    "active_share": share[number],
                    "status": "computed",
                }
            )
            grouped: dict[str, Any] = {"legendgroup": "counted", "showlegend": number == 0}
            traces.append(marks.line(parts[-1], "n_params", "model", style.BLUE, width=5, **grouped))
        for series, column, color in (
            ("total, reported", "reported_total_params", style.CRIMSON),
            ("active, reported", "reported_active_params", style.ORCHID),
        ):
            known = rows[rows[column].notna()]
            parts.append(
                {
                    "series": series,
                    "model": known["model"].to_numpy(),
                    "quantity": column,
                    "n_params": known[column].to_numpy(),
                    "source": known["source"].to_numpy(),
                    "location": known["location"].to_numpy(),
                    "verified": known["verified"].to_numpy(),
                    "status": "reported",
                }
            )
            traces.append(marks.points(parts[-1], "n_params", "model", color, symbol="diamond"))
        traces = [trace | {"hovertemplate": "%{y}: %{x:.4s}<extra>%{fullData.name}</extra>"} for trace in traces]
        layout = style.both_ends(style.layout("params", "category", x_title="Parameters", x_range=(1e8, 4e12), height=600))
        layout["yaxis"] |= {"categoryorder": "array", "categoryarray": names}
        least, most = int(share.argmin()), int(share.argmax())
        smallest = Headline("smallest active share", float(share[least]), "share", f"{share[least]:.2%}", "active_share")
        largest = Headline("largest active share", float(share[most]), "share", f"{share[most]:.0%}", "active_share")
        return Panel(
            title=f"A token uses between {smallest} ({names[least]}) and {largest} ({names[most]}) of the parameters of {len(rows)} MoE models",
            headline=(smallest, largest),
            figure=style.figure(traces, layout),
            parts=parts,
            caption=(
                "Each line runs from the active to the total parameters of a model, counted from its published shape; markers are what the authors report"
                f"{marks.hollow(', hollow where no original was seen', *parts)}. "
                "A short line is a model that uses much of itself for each token. Reports are rounded, and some leave embeddings out of the active count."
            ),
            alt=f"Active and total parameters of {len(rows)} MoE models; the active share runs from {smallest} to {largest}.",
            sources=tuple(Citation(source) for source in dict.fromkeys(rows["source"])),
        )


class Intuition(Figure):
    """N experts taken for N whole models, part by part, beside what the model holds and what a token uses."""

    name = "moe.intuition"
    model: Model = MODEL("mixtral-8x7b", among=known_mixtures, tried=MIXTURE_TRIALS)

    def draw(self) -> Panel:
        """The panel at this parameter."""
        name, shape, counts = clip(self.model.name, style.LONGEST_NAME), self.model.shape, self.model.counts
        held = expert_counts.copies(shape, counts)
        used = expert_counts.parts(shape, counts)["active"]
        n_experts = shape.experts.n_experts
        sums = held.sum()
        kept = held[(held["naive"] > 0) | (held["held"] > 0)].iloc[::-1]
        columns = {
            f"{n_experts} dense copies": (kept["naive"], style.GREY, "what_if"),
            "total": (kept["held"], style.BLUE, "computed"),
            "active": (used[kept.index], style.ORCHID, "computed"),
        }
        parts: list[Part] = [
            {"series": series, "part": list(values.index), "n_params": values.to_numpy(float), "status": status}
            for series, (values, _, status) in columns.items()
        ]
        traces = [part_bars(part, color) for part, (_, color, _) in zip(parts, columns.values(), strict=True)]
        in_name = re.search(r"\b(\d+)x(\d+)B\b", self.model.name)
        if in_name:  # what the name invites to multiply
            product = f"{in_name[1]} × {in_name[2]} B = {int(in_name[1]) * int(in_name[2])} B"
        else:
            product = f"{n_experts} × {format_count(sums['one'])} = {format_count(sums['naive'])}"
        saved = held["naive"] - held["held"]
        whole = Headline("parameters held", float(sums["held"]), "parameters", format_count(sums["held"]))
        active = Headline("parameters used by a token", float(counts.active), "parameters", format_count(counts.active))
        return Panel(
            title=f"{name} has {whole} parameters, not {product}; {active} are active",
            headline=(whole, active),
            figure=style.figure(traces[::-1], part_layout()),
            parts=parts,
            caption=(
                f"Bars split the parameters by part: all of them, the active ones, and those of {n_experts} dense copies. One expert with everything else is a dense model of {format_count(sums['one'])}; {n_experts} copies would have {format_count(sums['naive'])}. Only the experts exist "
                f"{n_experts} times: attention, embeddings and norms are shared, which saves {format_count(saved['attention'])}, {format_count(saved['embeddings'])} and {format_count(saved['norms and other'])}. "
                f"The router adds {format_count(held.loc['router', 'held'])}."
            ),
            alt=f"Parameters of {name} by part: {whole} in all against {format_count(sums['naive'])} for {n_experts} whole models.",
            sources=(MIXTRAL, Citation("jiang2023", "Table 1")),
        )


class MemoryCompute(Figure):
    """Bytes of weights against FLOPs of one token: the model, dense models, and the other mixtures of the table."""

    name = "moe.memory_compute"
    model: Model = MODEL("mixtral-8x7b", among=known_mixtures, tried=MIXTURE_TRIALS)
    weight_bits: int = WEIGHT_BITS(lambda earlier: earlier["model"].weight_bits)
    memory_unit: str = MEMORY_UNIT("gb")

    def draw(self) -> Panel:
        """The panel at these parameters."""
        unit = MEMORY_UNITS[self.memory_unit]
        name, bits, counts = clip(self.model.name, style.LONGEST_NAME), self.weight_bits, self.model.counts
        own = expert_counts.needs(self.model.shape, counts, bits)
        axis = np.geomspace(3e8, 3e12, 21)
        dense: Part = needs_part("dense models", axis, axis * bits / 16, "computed")
        traces = [marks.line(dense, "flops", "weight_bytes", style.SLATE, per_y=unit.size)]
        parts = [dense]
        for number, (label, other, source) in enumerate(other_models(bits)):
            beside = expert_counts.dense_needs(other.flops / 2, bits).weight_bytes
            part = needs_part(label, [other.flops] * 2, [beside, other.weight_bytes], "computed") | {"source": source}
            parts.append(part)
            look: dict[str, Any] = {
                "legendgroup": "others",
                "showlegend": number == 0,
                "hovertemplate": f"%{{text}}: %{{y:.4~g}} {unit.name}<extra></extra>",
            }
            line = marks.line(
                part, "flops", "weight_bytes", style.GREY, "other MoE models", per_y=unit.size, width=2, text=[label] * 2, **look
            )
            traces.append(line)
        start = expert_counts.dense_needs(own.flops / 2, bits).weight_bytes
        parts.append(needs_part(name, [own.flops] * 2, [start, own.weight_bytes], "computed"))
        traces.append(marks.line(parts[-1], "flops", "weight_bytes", style.RED, per_y=unit.size, width=6))
        equal = {
            "dense, equal total": expert_counts.dense_needs(counts.total, bits),
            "dense, equal active": expert_counts.dense_needs(counts.active, bits),
        }
        for (label, one), color, symbol in zip(equal.items(), (style.VIOLET, style.BLUE), ("diamond", "square"), strict=True):
            parts.append(needs_part(label, [one.flops], [one.weight_bytes], "computed"))
            traces.append(marks.points(parts[-1], "flops", "weight_bytes", color, per_y=unit.size, symbol=symbol))
        devices = [gpus.gpu(key) for key in SHOWN_GPUS]
        parts.append(
            {
                "series": [gpu.label for gpu in devices],
                "weight_bytes": [gpu.memory_bytes for gpu in devices],
                "drawn_in": unit.name,
                "source": [gpu.source for gpu in devices],
                "status": "reported",
            }
        )
        layout = style.layout(
            "flops",
            "log_number",
            x_title="FLOP per token (forward)",
            y_title=f"Weight memory ({unit.name})",
            x_range=(min(axis[0], own.flops / 2), max(axis[-1], 2 * equal["dense, equal total"].flops)),
            y_range=(min(0.05 * bits / 16 * 2, start / unit.size / 2), max(3000.0, own.weight_bytes / unit.size * 2)),
            height=460,
            shapes=[style.horizontal_line(gpu.memory_bytes / unit.size) for gpu in devices],
            annotations=[
                style.note(
                    np.log10(axis[0]),
                    np.log10(gpu.memory_bytes / unit.size),
                    f"{unit.text(gpu.memory_bytes)}: {gpu.label}",
                    xanchor="left",
                    yanchor="bottom",
                    xshift=4,
                )
                for gpu in devices
            ],
        )
        layout["yaxis"]["exponentformat"] = "none"
        layout["xaxis"]["dtick"] = 1
        size = Headline("weights", own.weight_bytes, "bytes", unit.text(own.weight_bytes), "weight_bytes")
        less = equal["dense, equal total"].flops / own.flops
        times = Headline("FLOP of a dense model of equal total over its own", less, "", significant(less))
        return Panel(
            title=f"{name}: {size} of {bits}-bit weights, 1/{times} of the FLOP of a dense model that size",
            headline=(size, times),
            figure=style.figure(traces, layout),
            parts=parts,
            caption=(
                f"Each upright line runs from the weight memory of a dense model of equal compute up to that of a MoE model. All experts must be in memory, though a token passes few of them. A dense model of equal active parameters takes "
                f"{unit.text(start)}, one of equal total computes {format_flops(equal['dense, equal total'].flops)} per token, here {format_flops(own.flops)}. Dense models by the rule of 2 FLOP per parameter; "
                "attention over the context and the KV cache are left out. A batch of many tokens reads most experts, so memory traffic is not saved as compute is."
            ),
            alt=f"Weight memory against FLOP per token: {name} takes {size} and {format_flops(own.flops)}, a dense model of equal total {format_flops(equal['dense, equal total'].flops)}.",
            sources=(Citation("kaplan2020", "Section 2.1"), MIXTRAL, *(Citation(gpu.source) for gpu in devices)),
        )


def needs_part(series: str, flops, weight_bytes, status: str) -> dict:
    """Rows of compute against memory."""
    return {"series": series, "flops": flops, "weight_bytes": np.asarray(weight_bytes, float), "status": status}
