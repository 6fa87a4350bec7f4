"""Figures of 4-bit weights: the code books, their error, the bits of the constants, and what QLoRA quantises."""

from typing import Any

import numpy as np

from analysis import tables
from analysis.charts import marks, style, ticks
from analysis.charts.figure import Figure
from analysis.charts.marks import Part
from analysis.charts.panel import Citation, Headline, Panel
from analysis.charts.parameters import Quantity
from analysis.memory import finetuning, nf4
from analysis.memory.figures_settings import QUANT_BLOCK_SIZE, FineTune
from analysis.units import format_bytes, format_count, significant
from analysis.uploads import clip

PAPER = Citation("dettmers2023", "section 3, Appendix E")
COLORS = {"nf4": style.BLUE, "fp4": style.ORCHID, "int4": style.CRIMSON}
BLOCKS = tuple(2**k for k in range(3, 13))
SIGMA = "standard deviations"


@tables.kept
def rms_error(format: str, block_size: int) -> float:
    """`nf4.rms_error`, kept."""
    return nf4.rms_error(format, block_size)


class Codebook(Figure):
    """The levels of the three formats under the density of the weights that they stand for."""

    name = "memory.codebook"
    quant_block_size: int = QUANT_BLOCK_SIZE(64)

    def draw(self) -> Panel:
        """The panel at these parameters."""
        sigma = 1 / nf4.middle_absmax(self.quant_block_size)
        x = np.linspace(-1, 1, 121)
        density: Part = {
            "series": "normal weights",
            "weight_over_absmax": x,
            "density_over_peak": np.exp(-((x / sigma) ** 2) / 2),
            "status": "computed",
        }
        levels: dict[str, Part] = {
            format: {
                "series": nf4.FORMATS[format],
                "weight_over_absmax": nf4.code_book(format),
                "drawn_at": np.full(len(nf4.code_book(format)), -0.22 * row),
                "status": "computed",
            }
            for row, format in enumerate(nf4.FORMATS, start=1)
        }
        traces = [marks.line(density, "weight_over_absmax", "density_over_peak", style.GREY)]
        traces += [marks.ticks(part, "weight_over_absmax", "drawn_at", COLORS[format]) for format, part in levels.items()]
        layout = style.layout(
            "number",
            "number",
            x_title="Normalised weight (over the largest of its block)",
            x_range=(-1.06, 1.06),
            y_range=(-0.85, 1.08),
            height=380,
        )
        layout["yaxis"] |= {"tickvals": [0, 0.5, 1], "showgrid": False, "title": {"text": "Density over its peak; levels below"}}
        errors = [significant(rms_error(format, self.quant_block_size)) for format in levels]
        within = {
            format: Headline(
                f"levels of {nf4.FORMATS[format]} within one standard deviation",
                number := int((np.abs(part["weight_over_absmax"]) <= sigma).sum()),
                "levels",
                str(number),
            )
            for format, part in levels.items()
        }
        return Panel(
            title=f"In blocks of {self.quant_block_size}, NF4 puts {within['nf4']} of 16 levels within one standard deviation, INT4 {within['int4']} of 15",
            headline=(within["nf4"], within["int4"]),
            figure=style.figure(traces, layout),
            parts=[density, *levels.values()],
            caption=(
                f"Marks below the curve are the levels of each format: a weight is divided by the largest of its block (here its median, {significant(1 / sigma)} standard deviations) and stored as the nearest level. NF4's levels are quantiles of a normal distribution and equal the 16 values "
                "printed in Appendix E; Eq. 4 of the paper as printed gives others. FP4 here is the plain E2M1 form."
            ),
            alt=f"Levels of NF4, FP4 and INT4 under a normal density; their errors are {', '.join(errors)} standard deviations.",
            sources=(PAPER,),
        )


class Error(Figure):
    """Root mean square error of the formats against the size of a block."""

    name = "memory.error"
    quant_block_size: int = QUANT_BLOCK_SIZE(64)

    def draw(self) -> Panel:
        """The panel at these parameters."""
        size = self.quant_block_size
        curves: dict[str, Part] = {
            format: {
                "series": nf4.FORMATS[format],
                "quant_block_size": BLOCKS,
                "rms_error": np.array([rms_error(format, block) for block in BLOCKS]),
                "status": "computed",
            }
            for format in nf4.FORMATS
        }
        here = {format: rms_error(format, size) for format in nf4.FORMATS}
        yours: Part = {
            "series": "your blocks",
            "format": list(nf4.FORMATS.values()),
            "quant_block_size": [size] * len(here),
            "rms_error": list(here.values()),
            "status": "what_if",
        }
        shown: dict[str, Any] = {"x": "quant_block_size", "y": "rms_error"}
        traces = [marks.line(part, color=COLORS[format], **shown) for format, part in curves.items()]
        traces.append(marks.points(yours, color=style.AMBER, text=yours["format"], **shown))
        layout = style.layout(
            "log_number",
            "number",
            x_title="Quantisation block size (weights)",
            y_title="RMS error (standard deviations)",
            x_range=(7, 4700),
            y_range=(0.06, 0.17),
        )
        layout["xaxis"] |= ticks.at(BLOCKS[::2])
        best = min(here, key=here.__getitem__)
        least = Headline(f"RMS error of {nf4.FORMATS[best]}", here[best], SIGMA, significant(here[best], 2), "rms_error")
        others = ", ".join(f"{nf4.FORMATS[f]} {here[f] / here[best] - 1:.0%} more" for f in here if f != best)
        return Panel(
            title=f"In blocks of {size}, {nf4.FORMATS[best]} has an RMS error of {least} standard deviations, {others}",
            headline=(least,),
            figure=style.figure(traces, layout),
            parts=[*curves.values(), yours],
            caption="Each line is the quantisation error of a 4-bit format, for independent normal weights and constants in full precision. Larger blocks have larger outliers, which widen the steps for all other weights. Real weights are nearly normal row by row, not exactly.",
            alt=f"RMS error against block size; at {size} it is {', '.join(f'{significant(e)} for {nf4.FORMATS[f]}' for f, e in here.items())}.",
            sources=(PAPER,),
        )


class Bits(Figure):
    """Bits per parameter against the size of a block, with and without double quantisation."""

    name = "memory.bits"
    quant_block_size: int = QUANT_BLOCK_SIZE(64)
    constant_block_size: int = Quantity(
        "Double-quantisation block size",
        low=8,
        high=4096,
        twos=True,
        whole=True,
    )(256)

    def draw(self) -> Panel:
        """The panel at these parameters."""
        size, constants = self.quant_block_size, self.constant_block_size
        axis = np.unique(np.geomspace(BLOCKS[0], BLOCKS[-1], 60).astype(int))
        ways = {"32-bit constants": (False, style.ORCHID), "double quantisation": (True, style.BLUE)}
        curves: list[Part] = [
            {
                "series": label,
                "quant_block_size": axis,
                "bits_per_param": nf4.bits_per_param(axis, double, constants),
                "status": "computed",
            }
            for label, (double, _) in ways.items()
        ]
        here = [float(nf4.bits_per_param(size, double, constants)) for double, _ in ways.values()]
        footprints = tables.load("memory_reported")
        rows = footprints[footprints["quantity"] == "constants"]
        printed: Part = {
            "series": "as reported, for 64",
            "entry": rows["label"],
            "quant_block_size": np.full(len(rows), 64),
            "bits_per_param": 4 + rows["value"],
            "verified": rows["verified"],
            "source": rows["source"],
            "location": rows["location"],
            "status": "reported",
        }
        yours: Part = {
            "series": "your blocks",
            "constants": list(ways),
            "quant_block_size": [size] * 2,
            "bits_per_param": here,
            "status": "what_if",
        }
        shown: dict[str, Any] = {"x": "quant_block_size", "y": "bits_per_param"}
        traces = [marks.line(part, color=color, **shown) for part, (_, color) in zip(curves, ways.values(), strict=True)]
        traces.append(marks.points(printed, color=style.CRIMSON, symbol="diamond", text=rows["label"], **shown))
        traces.append(marks.points(yours, color=style.AMBER, **shown))
        layout = style.layout(
            "log_number",
            "number",
            x_title="Quantisation block size (weights)",
            y_title="Bits per quantised parameter",
            x_range=(7, 4700),
            y_range=(3.9, 8.2),
        )
        layout["xaxis"] |= ticks.at(BLOCKS[::2])
        plain, double = (
            Headline(f"bits with {label}", bits, "bits", significant(bits, 4), "bits_per_param")
            for label, bits in zip(ways, here, strict=True)
        )
        saved = plain.value - double.value
        return Panel(
            title=f"In blocks of {size}, a 4-bit weight takes {double} bits with double quantisation, {plain} without",
            headline=(double, plain),
            figure=style.figure(traces, layout),
            parts=[*curves, printed, yours],
            caption=(
                f"Lines are the 4 bits of a weight plus its share of the constants. Each block stores one constant: 32 bits, or 8 bits with one 32-bit constant for {constants} of them. The {significant(saved)} bits saved are "
                f"{format_bytes(saved / 8 * 1e9)} per billion parameters; for 65 B in blocks of 64 the paper says about 3 GB. It prints 0.5 and 0.127 bits beyond the four."
            ),
            alt=f"Bits per parameter fall with the block size; at {size} they are {double} and {plain}.",
            sources=(Citation("dettmers2023", "section 3"),),
        )


class WhatIsQuantised(FineTune):
    """Bits in which each part of QLoRA is stored, with how many numbers it has."""

    name = "memory.what_is_quantised"

    def draw(self) -> Panel:
        """The panel at these parameters."""
        rows = finetuning.stored_as(self.model.shape, **self.options())
        order = [row["part"] for row in rows]
        parts: list[Part] = []
        traces = []
        for kind, label, color in (("quantised", "quantised", style.BLUE), ("kept", "not quantised", style.ORCHID)):
            some = [row for row in rows if row["kind"] == kind]
            part = {name: [row[name] for row in some] for name in ("part", "bits", "type", "numbers", "kind")}
            parts.append({"series": label, **part, "status": "computed"})
            text = [f"{row['bits']:g}-bit {row['type']}, {format_count(row['numbers'])}" for row in some]
            bar = marks.bars(parts[-1], "bits", "part", color, horizontal=True, text=text)
            traces.append(bar | {"textposition": "outside", "textangle": 0, "cliponaxis": False})
        layout = style.layout("number", "category", x_title="Bits per number", height=420, barmode="stack", bargap=0.3, x_range=(0, 56))
        layout["xaxis"] |= ticks.at([0, 4, 8, 16, 32])
        layout["yaxis"] |= {"categoryorder": "array", "categoryarray": order[::-1]}
        kept = next(row["bits"] for row in rows if row["part"] == "low-rank adapters")
        frozen = rows[0]["numbers"] / self.model.counts.total
        share = Headline("share of the parameters that is quantised", frozen, "share", f"{frozen:.1%}")
        bits = Headline("bits of the low-rank matrices", kept, "bits", f"{kept:g}", "bits")
        return Panel(
            title=f"QLoRA stores {share} of {clip(self.model.name, style.LONGEST_NAME)} in 4 bits, and the low-rank adapters in {bits}",
            headline=(share, bits),
            figure=style.figure(traces, layout),
            parts=parts,
            caption=(
                "Each bar is the number of bits per number in one part of the model; beside it stand storage type and how many numbers there are. The adapters, the only part that is trained, are not quantised, and neither are "
                "embeddings, output layer and norms; 4-bit matrices are dequantised to 16 bits one at a time for each computation. The article says that the low-rank matrices are quantised."
            ),
            alt=f"Bits per number by part of QLoRA; linear layers take 4 bits, low-rank adapters {bits}.",
            sources=(Citation("dettmers2023", "section 3"), Citation("raschka2023", "section 3")),
        )
