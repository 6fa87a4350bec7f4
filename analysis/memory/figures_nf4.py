"""Figures of 4-bit weights: the code books, their error, the bits of the constants, and what QLoRA quantises."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from analysis import tables
from analysis.charts import style
from analysis.charts.panel import Citation, Panel, table_of
from analysis.memory import finetuning, nf4
from analysis.transformer import count_params
from analysis.units import format_bytes, format_count, significant

PAPER = Citation("dettmers2023", "section 3, Appendix E")
COLORS = {"nf4": style.BLUE, "fp4": style.AMBER, "int4": style.CRIMSON}
BLOCKS = tuple(2**k for k in range(3, 13))


@tables.kept
def rms_error(format: str, block_size: int) -> float:
    """`memory_nf4.rms_error`, kept."""
    return nf4.rms_error(format, block_size)


def codebook(block_size: int) -> Panel:
    """The levels of the three formats under the density of the weights that they stand for."""
    sigma = 1 / nf4.middle_absmax(block_size)
    x = np.linspace(-1, 1, 121)
    density = np.exp(-((x / sigma) ** 2) / 2)
    traces = [style.computed_line(x, density, "normal weights", style.GREY)]
    levels = {format: nf4.code_book(format) for format in nf4.FORMATS}
    for row, (format, values) in enumerate(levels.items(), start=1):
        traces.append(style.computed_ticks(values, np.full(len(values), -0.22 * row), nf4.FORMATS[format], COLORS[format]))
    layout = style.layout(
        "number", "number", x_title="Weight over the largest of its block", x_range=(-1.06, 1.06), y_range=(-0.85, 1.08), height=380
    )
    layout["yaxis"] |= {"tickvals": [0, 0.5, 1], "showgrid": False, "title": {"text": "Density over its peak; levels below"}}
    errors = {format: rms_error(format, block_size) for format in levels}
    within = {format: int((np.abs(values) <= sigma).sum()) for format, values in levels.items()}
    return Panel(
        name="memory.codebook",
        title=f"In blocks of {block_size}, NF4 puts {within['nf4']} of 16 levels within one standard deviation, INT4 {within['int4']} of 15",
        figure=style.figure(traces, layout),
        data=lambda: table_of(
            [
                {"series": "normal weights", "x": x, "density_over_peak": density, "status": "computed"},
                *({"series": nf4.FORMATS[format], "x": values, "status": "computed"} for format, values in levels.items()),
            ]
        ),
        caption=(
            f"Each weight is divided by the largest of its block (here its median, {significant(1 / sigma)} standard deviations) and stored as the nearest level. NF4's levels are normal quantiles and equal the 16 values "
            "printed in Appendix E; Eq. 4 of the paper as printed gives others. FP4 here is the plain E2M1 form."
        ),
        alt=f"Levels of NF4, FP4 and INT4 under a normal density; their errors are {', '.join(significant(e) for e in errors.values())} standard deviations.",
        sources=(PAPER,),
        settings={"weights per block": str(block_size)},
        explain=(nf4.nf4_code_book, nf4.code_book, nf4.nf4_by_equation, nf4.middle_absmax),
    )


def error(block_size: int) -> Panel:
    """Root mean square error of the formats against the size of a block."""
    curves = {format: np.array([rms_error(format, size) for size in BLOCKS]) for format in nf4.FORMATS}
    here = {format: rms_error(format, block_size) for format in nf4.FORMATS}
    traces = [style.computed_line(BLOCKS, curve, nf4.FORMATS[format], COLORS[format]) for format, curve in curves.items()]
    traces.append(
        style.what_if_marker([block_size] * len(here), list(here.values()), "your blocks", style.VIOLET, list(nf4.FORMATS.values()))
    )
    layout = style.layout(
        "log_number",
        "number",
        x_title="Weights per block",
        y_title="RMS error (standard deviations)",
        x_range=(7, 4700),
        y_range=(0.06, 0.17),
    )
    layout["xaxis"] |= {"tickvals": list(BLOCKS[::2]), "ticktext": [str(size) for size in BLOCKS[::2]]}
    best = min(here, key=here.__getitem__)
    others = ", ".join(f"{nf4.FORMATS[f]} {here[f] / here[best] - 1:.0%} more" for f in here if f != best)
    return Panel(
        name="memory.error",
        title=f"In blocks of {block_size}, {nf4.FORMATS[best]} errs by {significant(here[best], 2)} standard deviations of the weights, {others}",
        figure=style.figure(traces, layout),
        data=lambda: table_of(
            [
                *({"format": f, "block_size": BLOCKS, "rms_error": curve, "status": "computed"} for f, curve in curves.items()),
                {"format": list(here), "block_size": block_size, "rms_error": list(here.values()), "status": "what_if"},
            ]
        ),
        caption="Exact for independent normal weights with constants in full precision. Larger blocks have larger outliers, which widen the steps of everybody else. Real weights are nearly normal row by row, not exactly.",
        alt=f"RMS error against block size; at {block_size} it is {', '.join(f'{significant(e)} for {nf4.FORMATS[f]}' for f, e in here.items())}.",
        sources=(PAPER,),
        settings={"weights per block": str(block_size)},
        explain=(nf4.rms_error, nf4.quantise, nf4.dequantise),
    )


def bits(footprints: pd.DataFrame, block_size: int, constant_block_size: int) -> Panel:
    """Bits per parameter against the size of a block, with and without double quantisation."""
    axis = np.unique(np.geomspace(BLOCKS[0], BLOCKS[-1], 60).astype(int))
    curves = {
        "32-bit constants": nf4.bits_per_param(axis, False),
        "double quantisation": nf4.bits_per_param(axis, True, constant_block_size),
    }
    plain, double = (float(nf4.bits_per_param(block_size, dq, constant_block_size)) for dq in (False, True))
    printed = footprints[footprints["quantity"] == "constants"]
    traces = [
        style.computed_line(axis, curve, label, color)
        for (label, curve), color in zip(curves.items(), (style.AMBER, style.BLUE), strict=True)
    ]
    traces.append(
        style.reported_markers(
            [64] * len(printed),
            4 + printed["value"],
            "printed, for 64",
            style.CRIMSON,
            "diamond",
            printed["verified"] > 0,
            printed["label"],
        )
    )
    traces.append(style.what_if_marker([block_size] * 2, [plain, double], "your blocks", style.VIOLET))
    layout = style.layout(
        "log_number", "number", x_title="Weights per block", y_title="Bits per quantised parameter", x_range=(7, 4700), y_range=(3.9, 8.2)
    )
    layout["xaxis"] |= {"tickvals": list(BLOCKS[::2]), "ticktext": [str(size) for size in BLOCKS[::2]]}
    return Panel(
        name="memory.bits",
        title=f"In blocks of {block_size} a 4-bit weight takes {significant(double, 4)} bits with double quantisation and {significant(plain, 4)} without",
        figure=style.figure(traces, layout),
        data=lambda: table_of(
            [
                *({"series": label, "block_size": axis, "bits": curve, "status": "computed"} for label, curve in curves.items()),
                {
                    "series": printed["label"],
                    "block_size": 64,
                    "bits": 4 + printed["value"],
                    "source": printed["source"],
                    "status": "reported",
                },
                {
                    "series": ["your blocks, 32-bit constants", "your blocks, double quantisation"],
                    "block_size": block_size,
                    "bits": [plain, double],
                    "status": "what_if",
                },
            ]
        ),
        caption=(
            f"Each block stores one constant: 32 bits, or 8 bits with one 32-bit constant for {constant_block_size} of them. The {significant(plain - double)} bits saved are "
            f"{format_bytes((plain - double) / 8 * 1e9)} for every billion parameters; for 65 B in blocks of 64 the paper says about 3 GB. It prints 0.5 and 0.127 bits beyond the four."
        ),
        alt=f"Bits per parameter fall with the block size; at {block_size} they are {significant(double, 4)} and {significant(plain, 4)}.",
        sources=(Citation("dettmers2023", "section 3"),),
        settings={"weights per block": str(block_size), "constants per block": str(constant_block_size)},
        explain=(nf4.bits_per_param,),
    )


def what_is_quantised(shape, model: str, options: Mapping) -> Panel:
    """Bits in which each part of QLoRA is stored, with how many numbers it has."""
    rows = pd.DataFrame(finetuning.stored_as(shape, **options))
    kinds = {"quantised": (style.BLUE, "quantised"), "kept": (style.AMBER, "not quantised")}
    traces = []
    for kind, (color, label) in kinds.items():
        part = rows[rows["kind"] == kind]
        text = [f"{row['bits']:g}-bit {row['type']}, {format_count(row['numbers'])}" for row in part.to_dict("records")]
        bar = style.bars(part["bits"], part["part"], label, color, text, horizontal=True)
        traces.append(bar | {"textposition": "outside", "textangle": 0, "cliponaxis": False})
    layout = style.layout("number", "category", x_title="Bits for each number", height=420, barmode="stack", bargap=0.3, x_range=(0, 56))
    layout["xaxis"] |= {"tickvals": [0, 4, 8, 16, 32], "ticktext": ["0", "4", "8", "16", "32"]}
    layout["yaxis"] |= {"categoryorder": "array", "categoryarray": rows["part"].tolist()[::-1]}
    frozen, adapters = rows.iloc[0], rows[rows["part"] == "low-rank adapters"].iloc[0]
    share = frozen["numbers"] / count_params(shape).total
    return Panel(
        name="memory.what_is_quantised",
        title=f"QLoRA quantises the frozen weights, {share:.1%} of {model[:32]}, to 4 bits; the low-rank matrices stay in {adapters['bits']:g}",
        figure=style.figure(traces, layout),
        data=lambda: rows.assign(status="computed"),
        caption=(
            "Beside the bars: storage type and how many numbers there are. The adapters, the only thing that is trained, are never quantised, and neither are "
            "embeddings, output layer and norms; 4-bit matrices are unpacked to 16 bits one at a time to compute with them. The article says that the low-rank matrices are quantised."
        ),
        alt=f"Bits per number by part of QLoRA; block matrices take 4 bits, low-rank adapters {adapters['bits']:g}.",
        sources=(Citation("dettmers2023", "section 3"), Citation("raschka2023", "section 3")),
        settings={
            "model": model,
            "adapters": f"rank {options['rank']} on {', '.join(options['targets'])}",
            "optimiser": finetuning.OPTIMISERS[options["optimiser"]].label,
        },
        explain=(finetuning.stored_as, finetuning.finetuning_memory),
    )
