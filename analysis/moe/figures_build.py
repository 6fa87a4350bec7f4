"""Figures on mixtures that nobody released: one of the reader's own, and what a rumour would mean."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from analysis.charts import style
from analysis.charts.panel import Citation, Panel, table_of
from analysis.moe import expert_counts
from analysis.moe.data import BILLION, frame_of, rumoured
from analysis.transformer import count_params
from analysis.units import format_count


def build(
    preset: str,
    n_experts: int,
    top_k: int,
    moe_d_ff: int,
    shared_d_ff: int,
    moe_layers: str,
    d_model: int | None,
    n_layers: int | None,
    settings: Mapping[str, str],
) -> Panel:
    """A mixture of the reader's own: total and active parameters by part. More experts per token than there are become all of them."""
    row, chosen = frame_of(preset), min(top_k, n_experts)
    shape = expert_counts.build(row, n_experts, chosen, moe_d_ff, shared_d_ff, moe_layers, d_model, n_layers)
    by_part = expert_counts.parts(shape)
    held, used = expert_counts.expert_layer(shape)
    total, active = by_part.sum()
    kept = by_part[by_part["total"] > 0].iloc[::-1]
    columns = {"in the model": (kept["total"], style.BLUE), "used by one token": (kept["active"], style.AMBER)}
    traces = [part_bars(values, label, color) for label, (values, color) in reversed(columns.items())]
    note = f" There are only {n_experts} experts, so a token uses all of them." if top_k > n_experts else ""
    reported = ""
    if pd.notna(row["reported_total_params"]) and preset != "own":
        reported = f" {row['model']} itself is reported with {format_count(row['reported_total_params'])}"
        reported += f", {format_count(row['reported_active_params'])} of them active." if pd.notna(row["reported_active_params"]) else "."
    return Panel(
        name="moe.build",
        title=f"{n_experts} experts of which a token uses {chosen}: {format_count(total)} parameters, {format_count(active)} of them ({active / total:.1%}) used by a token",
        figure=style.figure(traces, part_layout()),
        data=lambda: table_of(
            [
                {"series": label, "part": list(values.index), "n_params": list(values), "status": "computed"}
                for label, (values, _) in columns.items()
            ]
        ),
        caption=(
            f"Routed experts hold {by_part.loc['routed experts', 'total'] / total:.0%} of the parameters; a token passes {chosen} of {n_experts} of them in each layer that has experts: "
            f"{format_count(used)} of the {format_count(held)} that one such layer holds with its router. Everything else is used whole. Counted in closed form from the frame of {row['model']}.{reported}{note}"
        ),
        alt=f"Parameters by part of a mixture with {n_experts} experts and {chosen} per token: {format_count(total)} in all, {format_count(active)} used by a token.",
        sources=(Citation(row["source"], row["location"]),),
        settings=settings,
        explain=(expert_counts.build, expert_counts.parts, expert_counts.expert_layer, count_params),
    )


def rumour(shared: float, settings: Mapping[str, str]) -> Panel:
    """The arithmetic of the rumour on GPT-4, against the parameters that its parts share; shared [parameters]."""
    row = rumoured()
    n_parts, reported = int(row["n_experts"]), row["reported_total_params"]
    part = reported / n_parts
    axis = np.linspace(0, part, 38)
    here = {k: expert_counts.whole_of_parts(n_parts, part, min(shared, part), k) for k in (1, 2)}
    curves = {"total": expert_counts.whole_of_parts(n_parts, part, axis, 1)[0]} | {
        f"active, top-{k}": expert_counts.whole_of_parts(n_parts, part, axis, k)[1] for k in (2, 1)
    }
    traces = [
        style.what_if_line(axis / BILLION, values / BILLION, f"{label} (rumour)", color)
        for (label, values), color in zip(curves.items(), (style.BLUE, style.AMBER, style.CRIMSON), strict=True)
    ]
    layout = style.layout(
        "number",
        "log_number",
        x_title=f"Shared by all, of {part / BILLION:.0f} B each (billion)",
        y_title="Parameters (billion)",
        x_range=(0, part / BILLION),
        y_range=(80, 2500),
        shapes=[style.vertical_line(shared / BILLION, style.AMBER)],
    )
    layout["yaxis"]["exponentformat"] = "none"
    return Panel(
        name="moe.rumour",
        title=(
            f"Rumour, not confirmed: GPT-4 as {n_parts} x {part / BILLION:.0f} B would hold {format_count(here[1][0])}; a token would use "
            f"{format_count(here[1][1])} (top-1) or {format_count(here[2][1])} (top-2)"
        ),
        figure=style.figure(traces, layout),
        data=lambda: table_of(
            [
                {"series": f"{label} (rumour)", "shared_params": axis, "n_params": values, "status": "what_if"}
                for label, values in curves.items()
            ]
        ),
        caption=(
            f"Arithmetic on a rumour that OpenAI has never confirmed; nothing here is known about GPT-4. {n_parts} x {part / BILLION:.0f} B is {format_count(reported)} only if the parts share nothing. "
            "As in Mixtral, parts of a real mixture share attention and embeddings: the more each part shares, the smaller the whole. Top-1 and top-2 are assumptions of this page."
        ),
        alt=f"Rumour only: {n_parts} parts of {part / BILLION:.0f} B would be {format_count(here[1][0])} in all with {format_count(shared)} shared, and top-2 would use {format_count(here[2][1])}.",
        sources=(Citation(row["source"], row["location"]),),
        settings=settings,
        explain=(expert_counts.whole_of_parts,),
    )


def part_bars(values: pd.Series, label: str, color: str, status: str = "computed") -> dict:
    """Bars of parameters by part; pale with an outline where they are a what-if."""
    pale = {"color": style.translucent(color, 0.3), "line": {"color": color, "width": 1.5}}
    marker = pale if status == "what_if" else {"color": color}
    bars = style.bars(values / BILLION, list(values.index), label, color, horizontal=True, text=[format_count(value) for value in values])
    return bars | {
        "textposition": "outside",
        "cliponaxis": False,
        "meta": {"role": status},
        "marker": marker,
        "hovertemplate": "%{y}: %{text}<extra>%{fullData.name}</extra>",
    }


def part_layout() -> dict:
    """Of a chart of parameters by part."""
    layout = style.layout("number", "category", x_title="Parameters (billion)", height=460)
    layout["legend"] = layout["legend"] | {"traceorder": "reversed"}
    layout["margin"] = layout["margin"] | {"r": 64}
    layout["xaxis"]["rangemode"] = "tozero"
    return layout
