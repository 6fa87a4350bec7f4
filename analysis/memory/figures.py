"""Figures of fine-tuning memory: the bill by part, and the adapters by rank."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd

from analysis import tables
from analysis.charts import style
from analysis.charts.panel import Citation, Panel, table_of
from analysis.memory import data, figures_fits, figures_reported, finetuning
from analysis.memory import figures_nf4 as codes
from analysis.memory import parts as memory_parts
from analysis.memory.figures_settings import ACTIVATIONS, DEFAULTS, LORA, MODEL, QLORA, TARGETS, ZERO, described
from analysis.transformer import count_params, shape_of_model
from analysis.units import format_bytes, format_count, significant
from analysis.uploads import clip

# Parts that are uncertain are hatched.
PART_LOOKS = {
    "weights": (style.BLUE, ""),
    "constants": (style.SLATE, ""),
    "adapters": (style.RED, ""),
    "master_weights": (style.GREY, ""),
    "gradients": (style.AMBER, ""),
    "optimiser_states": (style.CRIMSON, ""),
    "dequantised": (style.VIOLET, ""),
    "activations": (style.BLUE, "/"),
    "logits": (style.AMBER, "/"),
    "context": (style.GREY, "/"),
}


def parts(shape, model: str, methods: Sequence[str], options: Mapping, shares: bool = False) -> Panel:
    """Bytes by part of each method, stacked; hatched where uncertain. shares: every bar as long as the others, in shares of its total."""
    all_methods = {method: finetuning.finetuning_memory(shape, method, **options) for method in finetuning.METHODS}
    drawn = {method: all_methods[method] for method in finetuning.METHODS if method in methods}
    if not drawn:
        raise ValueError(f"methods must name at least one of {', '.join(finetuning.METHODS)}")
    labels = [finetuning.METHODS[method] for method in drawn]
    traces = []
    for part, label in finetuning.PARTS.items():
        values = np.array([float(result.parts[part]) / (float(result.total) if shares else 1e9) for result in drawn.values()])
        if values.any():
            color, hatch = PART_LOOKS[part]
            bar = style.bars(values, labels, label, color, horizontal=True)
            bar["hovertemplate"] = (
                f"%{{y}}, %{{fullData.name}}: %{{x:{'.1%' if shares else '.3~g'}}}{'' if shares else ' GB'}<extra></extra>"
            )
            traces.append(bar | {"marker": {"color": color, "pattern": {"shape": hatch, "size": 6, "solidity": 0.5}}})
    ends = {method: 1.0 if shares else float(result.total) / 1e9 for method, result in drawn.items()}
    kind, axis = ("percent", "Share of the total") if shares else ("number", "Memory (GB)")
    layout = style.layout(kind, "category", x_title=axis, height=400, x_range=(0, max(ends.values()) * 1.15), barmode="stack", bargap=0.35)
    layout["yaxis"] |= {"autorange": "reversed"}
    layout["legend"] |= {"traceorder": "normal", "maxheight": 0.4}
    layout["annotations"] = [
        style.note(ends[method], finetuning.METHODS[method], f"{significant(float(result.total) / 1e9)} GB", xanchor="left", xshift=4)
        for method, result in drawn.items()
    ]
    ways = {"full": "in full", "lora": "with LoRA", "qlora": "with QLoRA"}
    totals = [f"{format_bytes(float(result.total))} {ways[method]}" for method, result in drawn.items()]
    spans = "; ".join(
        f"{finetuning.METHODS[m]} {significant(float(r.low) / 1e9)} to {significant(float(r.high) / 1e9)}" for m, r in drawn.items()
    )
    trained = all_methods["qlora"].trained
    title = f"Fine-tuning {clip(model, style.LONGEST_NAME)} takes {listed(totals)}, at {options['batch']} x {options['seq_len']:,} tokens"
    return Panel(
        name="memory.parts",
        title=title,
        figure=style.figure(traces, layout),
        data=lambda: table_of(
            [
                {
                    "model": model,
                    "method": method,
                    "part": list(finetuning.PARTS),
                    "bytes": [float(v) for v in result.parts.values()],
                    "total_low": float(result.low),
                    "total_high": float(result.high),
                    "status": ["uncertain" if part in finetuning.UNCERTAIN else "computed" for part in finetuning.PARTS],
                }
                for method, result in drawn.items()
            ]
        ),
        caption=(
            f"One device, nothing split. Solid parts are counted; hatched ones are estimates, which makes the totals (GB): {spans}. "
            f"Adapters train {format_count(trained)} parameters, {significant(100 * trained / count_params(shape).total, 2)}% of the model. Fragments of the "
            "allocator and LoRA's dropout are left out."
        ),
        alt=f"Stacked bars of memory by part: {', '.join(totals)}.",
        sources=(QLORA, LORA, ZERO, ACTIVATIONS, Citation("dettmers2021"), Citation("dao2022")),
        settings=described(model, options),
        explain=(
            finetuning.finetuning_memory,
            memory_parts.activation_bytes,
            memory_parts.layer_activations,
            memory_parts.quantised_params,
        ),
    )


def breakdown(shape, options: Mapping) -> pd.DataFrame:
    """Bytes by part of the three methods as texts, one row per part that any of them has, and the total with its interval."""
    results = [finetuning.finetuning_memory(shape, method, **options) for method in finetuning.METHODS]
    rows = []
    for part, label in finetuning.PARTS.items():
        values = [float(result.parts[part]) for result in results]
        if any(values):
            rows.append((label, *(format_bytes(value) if value else "none" for value in values)))
    rows.append(("total", *(format_bytes(float(result.total)) for result in results)))
    rows.append(("interval (GB)", *(f"{significant(float(r.low) / 1e9)} to {significant(float(r.high) / 1e9)}" for r in results)))
    return pd.DataFrame(rows, columns=["part", *finetuning.METHODS.values()])


def rank(shape, model: str, targets: Sequence[str], here: int) -> Panel:
    """Trained parameters of adapters against their rank, by target matrices."""
    axis = 2 ** np.arange(0, 11)
    total = count_params(shape).total
    traces, lines = [], {}
    for (label, names), color in zip(TARGETS.values(), (style.BLUE, style.AMBER, style.CRIMSON), strict=True):
        lines[label] = np.array([memory_parts.adapter_params(shape, int(r), names) for r in axis], dtype=float)
        traces.append(style.computed_line(axis, lines[label], label, color))
    trained = memory_parts.adapter_params(shape, here, targets)
    traces.append(style.what_if_marker([here], [trained], "your adapters", style.VIOLET))
    layout = style.layout("log_number", "params", x_title="Rank", y_title="Trained parameters", x_range=(0.9, 1150))
    layout["xaxis"] |= {"tickvals": [1, 4, 16, 64, 256, 1024], "ticktext": ["1", "4", "16", "64", "256", "1024"]}
    chosen = next((label for label, names in TARGETS.values() if tuple(names) == tuple(targets)), ", ".join(targets))
    share = significant(100 * trained / total, 2)
    return Panel(
        name="memory.rank",
        title=f"Rank {here} on {chosen} trains {format_count(trained)} parameters, {share}% of {clip(model, style.LONGEST_NAME)}",
        figure=style.figure(traces, layout),
        data=lambda: table_of(
            [
                *({"series": label, "rank": axis, "trained_params": values, "status": "computed"} for label, values in lines.items()),
                {"series": ["your adapters"], "rank": [here], "trained_params": [float(trained)], "status": ["what_if"]},
            ]
        ),
        caption=(
            f"A rank adds its multiple of input and output width to each matrix. With 16-bit adapters and gradients and AdamW these take {format_bytes(12.0 * trained)} to train, "
            f"against {format_bytes(12.0 * total)} for all parameters. Queries, keys and values count as separate matrices."
        ),
        alt=f"Trained parameters rise in proportion to rank; rank {here} on {chosen} trains {format_count(trained)}.",
        sources=(LORA, QLORA),
        settings={"model": model, "rank": str(here), "targets": ", ".join(targets)},
        explain=(memory_parts.adapter_params,),
    )


def listed(words: Sequence[str]) -> str:
    """Words joined as in a sentence.

    >>> listed(["a", "b", "c"])
    'a, b and c'
    """
    return f"{', '.join(words[:-1])} and {words[-1]}" if len(words) > 1 else words[0]


def default_panels() -> dict[str, Callable[[], Panel]]:
    """The panels of the memory page at its default settings."""

    def model():
        return shape_of_model(MODEL, tables.load("models"))

    def draw_reported():
        footprints = tables.load("memory_reported")
        return figures_reported.reported(footprints, data.reported_shapes(footprints))

    def draw_largest():
        gpu = tables.load("gpus").set_index("id", drop=False).loc["l40s"].to_dict()
        return figures_fits.largest(model(), MODEL, gpu, "qlora", DEFAULTS)

    return {
        "memory.parts": lambda: parts(model(), MODEL, list(finetuning.METHODS), DEFAULTS),
        "memory.fits": lambda: figures_fits.fits(model(), MODEL, tables.load("gpus"), DEFAULTS),
        "memory.largest": draw_largest,
        "memory.reported": draw_reported,
        "memory.what_is_quantised": lambda: codes.what_is_quantised(model(), MODEL, DEFAULTS),
        "memory.rank": lambda: rank(model(), MODEL, DEFAULTS["targets"], DEFAULTS["rank"]),
        "memory.codebook": lambda: codes.codebook(64),
        "memory.error": lambda: codes.error(64),
        "memory.bits": lambda: codes.bits(tables.load("memory_reported"), 64, 256),
    }
