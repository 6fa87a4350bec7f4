"""Figures on mixtures of experts: parameters held and used, N times a dense model, memory and compute."""

import re
from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd

from analysis import tables
from analysis.charts import style
from analysis.charts.panel import Citation, Panel, table_of
from analysis.moe import expert_counts, figures_build, figures_routing
from analysis.moe.data import counted, other_models
from analysis.moe.figures_build import part_bars, part_layout
from analysis.transformer import ParamCounts, TransformerShape, count_params, shape_of_model
from analysis.units import format_bytes, format_count, format_flops, significant
from analysis.uploads import clip

GB = 1e9
EMBEDDINGS = {"with": "with embeddings", "without": "without embeddings"}
SHOWN_GPUS = ("rtx_4090", "a100_80gb")
MIXTRAL = Citation("jiang2024", "Section 2 and Table 1")


def described(name: str, shape: TransformerShape) -> str:
    """One line on the experts of a model.

    >>> described("Mixtral", shape_of_model("Mixtral 8x7B", tables.load("models")))
    'Mixtral: 8 experts of width 14,336, of which a token uses 2, in 32 of 32 layers.'
    """
    layers = (*shape.layers, *shape.encoder_layers)
    if shape.experts is None:
        return f"{name}: {len(layers)} layers, none with experts."
    experts = shape.experts
    beside = f", beside shared experts of width {experts.shared.d_ff:,} together" if experts.shared else ""
    having = sum(layer.experts is not None for layer in layers)
    return f"{name}: {experts.n_experts} experts of width {experts.expert.d_ff:,}, of which a token uses {experts.top_k}{beside}, in {having} of {len(layers)} layers."


def total_active(embeddings: str, settings: Mapping[str, str]) -> Panel:
    """Total and active parameters of every mixture of experts; embeddings: "with" or "without", for the counted ones."""
    if embeddings not in EMBEDDINGS:
        raise ValueError(f"embeddings must be one of {', '.join(EMBEDDINGS)}, got {embeddings!r}")
    rows = counted()
    fields = ("total", "active") if embeddings == "with" else ("non_embedding", "active_non_embedding")
    total, active = (rows[field].astype(float) for field in fields)
    names = list(rows["model"])
    traces = []
    for number, name in enumerate(names):
        line = style.computed_line([active[number], total[number]], [name] * 2, f"counted, {EMBEDDINGS[embeddings]}", style.BLUE, width=5)
        traces.append(line | {"legendgroup": "counted", "showlegend": number == 0})
    for label, column, color in (
        ("total, reported", "reported_total_params", style.CRIMSON),
        ("active, reported", "reported_active_params", style.AMBER),
    ):
        known = rows[rows[column].notna()]
        traces.append(style.reported_markers(known[column], list(known["model"]), label, color, "diamond", verified=known["verified"] > 0))
    for trace in traces:
        trace["hovertemplate"] = "%{y}: %{x:.4s}<extra>%{fullData.name}</extra>"
    layout = style.layout("params", "category", x_title="Parameters", x_range=(1e8, 4e12), height=600)
    layout["yaxis"] |= {"categoryorder": "array", "categoryarray": names}
    share = active / total
    least, most = int(share.argmin()), int(share.argmax())

    def data() -> pd.DataFrame:
        counts = [
            {"model": rows["model"], "quantity": field, "n_params": rows[field], "status": "computed"}
            for field in ("total", "active", "non_embedding", "active_non_embedding")
        ]
        printed = [
            {
                "model": rows["model"],
                "quantity": column,
                "n_params": rows[column],
                "source": rows["source"],
                "verified": rows["verified"],
                "status": "reported",
            }
            for column in ("reported_total_params", "reported_active_params")
        ]
        return table_of([*counts, *printed]).dropna(subset="n_params")

    return Panel(
        name="moe.total_active",
        title=f"A token uses between {share[least]:.2%} ({names[least]}) and {share[most]:.0%} ({names[most]}) of the parameters of {len(rows)} mixtures",
        figure=style.figure(traces, layout),
        data=data,
        caption=(
            "Each line runs from what one token uses to what the model holds, counted from the published shape; markers are what the authors report, hollow where no original was seen. "
            "Reports round, and some leave embeddings out of the active count. The axis is logarithmic."
        ),
        alt=f"Active and total parameters of {len(rows)} mixtures of experts; the active share runs from {share[least]:.2%} to {share[most]:.0%}.",
        sources=tuple(Citation(source) for source in dict.fromkeys(rows["source"])),
        settings=settings,
        explain=(expert_counts.table, count_params),
    )


def intuition(name: str, shape: TransformerShape, counts: ParamCounts, settings: Mapping[str, str]) -> Panel:
    """N experts taken for N whole models, part by part, beside what the model holds and what a token uses."""
    held = expert_counts.copies(shape, counts)
    used = expert_counts.parts(shape, counts)["active"]
    n_experts = shape.experts.n_experts
    sums = held.sum()
    kept = held[(held["naive"] > 0) | (held["held"] > 0)].iloc[::-1]
    columns = {
        f"{n_experts} whole models": (kept["naive"], style.GREY, "what_if"),
        "the model": (kept["held"], style.BLUE, "computed"),
        "used by one token": (used[kept.index], style.AMBER, "computed"),
    }
    traces = [part_bars(values, label, color, status) for label, (values, color, status) in reversed(columns.items())]
    in_name = re.search(r"\b(\d+)x(\d+)B\b", name)
    if in_name:  # what the name invites to multiply
        product = f"{in_name[1]} x {in_name[2]} B = {int(in_name[1]) * int(in_name[2])} B"
    else:
        product = f"{n_experts} x {format_count(sums['one'])} = {format_count(sums['naive'])}"
    saved = held["naive"] - held["held"]
    attention, embedding = saved["attention"], saved["embeddings"]
    return Panel(
        name="moe.intuition",
        title=(
            f"{clip(name, style.LONGEST_NAME)} holds {format_count(sums['held'])} parameters, not {product}, and a token uses {format_count(counts.active)}"
        ),
        figure=style.figure(traces, part_layout()),
        data=lambda: table_of(
            [
                {"series": label, "part": list(values.index), "n_params": list(values), "status": status}
                for label, (values, _, status) in columns.items()
            ]
        ),
        caption=(
            f"One expert and all the rest make a dense model of {format_count(sums['one'])}; {n_experts} of those would be {format_count(sums['naive'])}. Only the experts are there "
            f"{n_experts} times: attention, embeddings and norms are shared, which saves {format_count(attention)}, {format_count(embedding)} and {format_count(saved['norms and other'])}. "
            f"The router adds {format_count(held.loc['router', 'held'])}."
        ),
        alt=f"Parameters of {clip(name, style.LONGEST_NAME)} by part: {format_count(sums['held'])} in all against {format_count(sums['naive'])} for {n_experts} whole models.",
        sources=(MIXTRAL, Citation("jiang2023", "Table 1")),
        settings=settings,
        explain=(expert_counts.copies, expert_counts.parts),
    )


def memory_compute(name: str, shape: TransformerShape, counts: ParamCounts, bits: int, settings: Mapping[str, str]) -> Panel:
    """Bytes of weights against FLOPs of one token: the model, dense models, and the other mixtures of the table."""
    own = expert_counts.needs(shape, counts, bits)
    equal = {
        "dense, same total": expert_counts.dense_needs(counts.total, bits),
        "dense, same active": expert_counts.dense_needs(counts.active, bits),
    }
    axis = np.geomspace(3e8, 3e12, 21)
    dense = expert_counts.dense_needs(axis / 2, bits)
    others = other_models(bits)
    traces = [style.computed_line(dense.flops, dense.weight_bytes / GB, "dense models", style.SLATE, width=2.5)]
    for number, (_, other, _) in enumerate(others):
        beside = expert_counts.dense_needs(other.flops / 2, bits)
        line = style.computed_line(
            [other.flops] * 2, [beside.weight_bytes / GB, other.weight_bytes / GB], "other mixtures of the table", style.GREY, width=2
        )
        traces.append(
            line
            | {
                "legendgroup": "others",
                "showlegend": number == 0,
                "hovertemplate": "%{text}: %{y:.4~g} GB<extra></extra>",
                "text": [others[number][0]] * 2,
            }
        )
    start = expert_counts.dense_needs(own.flops / 2, bits).weight_bytes
    traces.append(
        style.computed_line([own.flops] * 2, [start / GB, own.weight_bytes / GB], clip(name, style.LONGEST_NAME), style.RED, width=6)
    )
    for (label, dense_one), color in zip(equal.items(), (style.VIOLET, style.AMBER), strict=True):
        traces.append(style.what_if_marker([dense_one.flops], [dense_one.weight_bytes / GB], label, color))
    known = tables.load("gpus").set_index("id", drop=False).loc[list(SHOWN_GPUS)]
    layout = style.layout(
        "flops",
        "log_number",
        x_title="FLOP to compute one token",
        y_title="Memory for the weights (GB)",
        x_range=(axis[0], axis[-1]),
        y_range=(0.05 * bits / 16 * 2, 3000),
        height=460,
        shapes=[style.horizontal_line(m / GB) for m in known["memory_bytes"]],
        annotations=[
            style.note(
                np.log10(axis[0]),
                np.log10(row["memory_bytes"] / GB),
                f"{row['memory_bytes'] / GB:.0f} GB: {row['label']}",
                xanchor="left",
                yanchor="bottom",
                xshift=4,
            )
            for row in known.to_dict("records")
        ],
    )
    layout["yaxis"]["exponentformat"] = "none"
    layout["xaxis"]["dtick"] = 1
    less = equal["dense, same total"].flops / own.flops
    return Panel(
        name="moe.memory_compute",
        title=f"{clip(name, style.LONGEST_NAME)} fills {format_bytes(own.weight_bytes)} with {bits}-bit weights and takes 1/{significant(less)} of the FLOP of a dense model that large",
        figure=style.figure(traces, layout),
        data=lambda: table_of(
            [
                {"series": "dense models", "flops": dense.flops, "weight_bytes": dense.weight_bytes, "status": "computed"},
                *(
                    {"series": label, "flops": [n.flops], "weight_bytes": [n.weight_bytes], "source": source, "status": "computed"}
                    for label, n, source in others
                ),
                {"series": name, "flops": [own.flops], "weight_bytes": [own.weight_bytes], "status": "computed"},
                *(
                    {"series": label, "flops": [n.flops], "weight_bytes": [n.weight_bytes], "status": "what_if"}
                    for label, n in equal.items()
                ),
                {"series": known["label"], "weight_bytes": known["memory_bytes"], "source": known["source"], "status": "reported"},
            ]
        ),
        caption=(
            f"All experts must be in memory, though a token passes few of them: each upright line is the memory above a dense model of equal compute. A dense model as fast takes "
            f"{format_bytes(start)}, one as large computes {format_flops(equal['dense, same total'].flops)} per token, here {format_flops(own.flops)}. Dense models by the rule of 2 FLOP per parameter; "
            "attention over the context and the cache are left out. A batch of many tokens reads most experts, so memory traffic is not saved as compute is."
        ),
        alt=f"Weight memory against FLOP per token: {clip(name, style.LONGEST_NAME)} takes {format_bytes(own.weight_bytes)} and {format_flops(own.flops)}, far above the line of dense models.",
        sources=(Citation("kaplan2020", "Section 2.1"), MIXTRAL, *(Citation(source) for source in dict.fromkeys(known["source"]))),
        settings=settings,
        explain=(expert_counts.needs, expert_counts.dense_needs),
    )


def default_panels() -> dict[str, Callable[[], Panel]]:
    """The panels of the page on mixtures of experts at its default settings."""
    name = "Mixtral 8x7B"

    def shape() -> TransformerShape:
        return shape_of_model(name, tables.load("models"))

    routed = {"router": "Mixtral 8x7B, 8 experts, top-2", "skew": "0.5"}
    return {
        "moe.total_active": lambda: total_active("with", {"counted": EMBEDDINGS["with"]}),
        "moe.intuition": lambda: intuition(name, shape(), count_params(shape()), {"model": name}),
        "moe.memory_compute": lambda: memory_compute(name, shape(), count_params(shape()), 16, {"model": name, "weights": "16 bit"}),
        "moe.build": lambda: figures_build.build(
            "mixtral", 8, 2, 14336, 0, "all", None, None, {"frame": name, "experts": "8", "experts per token": "2"}
        ),
        "moe.rumour": lambda: figures_build.rumour(0.0, {"shared": "0 B"}),
        "moe.load": lambda: figures_routing.load(8, 2, 0.5, 1.25, 0, routed | {"capacity factor": "1.25"}),
        "moe.capacity": lambda: figures_routing.capacity(8, 2, 0.5, 1.25, routed | {"capacity factor": "1.25"}),
        "moe.balance": lambda: figures_routing.balance(8, 2, 0.5, routed),
    }
