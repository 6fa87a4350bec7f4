"""Figures on mixtures that nobody released: one of the reader's own, and what a rumour would mean."""

from typing import Any

import numpy as np
import pandas as pd

from analysis.charts import marks, style
from analysis.charts.figure import Figure
from analysis.charts.marks import Part
from analysis.charts.panel import Citation, Headline, Panel
from analysis.charts.parameters import Choice, Earlier, Quantity
from analysis.moe import expert_counts
from analysis.moe.data import BILLION, PRESETS, frame_of, rumoured
from analysis.units import format_count

MIXTURE = Choice("Architecture", options=PRESETS)
N_EXPERTS = Quantity("Experts", low=2, high=256, twos=True, whole=True)
TOP_K = Quantity("Experts per token (top-k)", low=1, high=16, step=1, whole=True)
LAYERS = {"all": "all", "after-1": "all but the first", "every-2": "every 2nd", "every-4": "every 4th"}


def of_frame(field: str, missing: Any = 0) -> Any:
    """The default of a parameter: a value of the mixture that the reader starts from."""

    def default(earlier: Earlier) -> Any:
        value = frame_of(earlier["mixture"])[field]
        return str(value).replace(" ", "-") if isinstance(value, str) else missing if pd.isna(value) else int(value)

    return default


def all_of_them(top_k: int, n_experts: int) -> str:
    """What a caption says where more experts per token are asked for than there are.

    >>> all_of_them(16, 8), all_of_them(2, 8)
    (' There are only 8 experts, so a token uses all of them.', '')
    """
    return f" There are only {n_experts} experts, so a token uses all of them." if top_k > n_experts else ""


class Build(Figure):
    """A mixture of the reader's own: total and active parameters by part."""

    name = "moe.build"
    mixture: str = MIXTURE("mixtral")
    moe_layers: str = Choice("MoE layers", options=LAYERS)(of_frame("moe_layers"))
    n_experts: int = N_EXPERTS(of_frame("n_experts"))
    top_k: int = TOP_K(of_frame("top_k"))
    moe_d_ff: int = Quantity("Expert d_ff", low=256, high=32_768, twos=True, whole=True)(of_frame("moe_d_ff"))
    shared_d_ff: int = Quantity(
        "Shared-expert d_ff",
        low=0,
        high=32_768,
        twos=True,
        first=256,
        whole=True,
    )(of_frame("shared_d_ff"))
    d_model: int = Quantity("d_model", low=512, high=8_192, twos=True, whole=True)(of_frame("d_model"))
    n_layers: int = Quantity("Layers", low=1, high=96, step=1, whole=True)(of_frame("n_layers"))

    def draw(self) -> Panel:
        """The panel at these parameters; more experts per token than there are become all of them."""
        row, n_experts, chosen = frame_of(self.mixture), self.n_experts, min(self.top_k, self.n_experts)
        shape = expert_counts.build(
            row, n_experts, chosen, self.moe_d_ff, self.shared_d_ff, self.moe_layers.replace("-", " "), self.d_model, self.n_layers
        )
        by_part = expert_counts.parts(shape)
        held, used = expert_counts.expert_layer(shape)
        total, active = (float(value) for value in by_part.sum())
        kept = by_part[by_part["total"] > 0].iloc[::-1]
        parts: list[Part] = [
            {"series": series, "part": list(kept.index), "n_params": kept[column].to_numpy(float), "status": "computed"}
            for series, column in (("total", "total"), ("active", "active"))
        ]
        traces = [part_bars(part, color) for part, color in zip(parts, (style.BLUE, style.ORCHID), strict=True)]
        note, uses = all_of_them(self.top_k, n_experts), f"{chosen}{' (as many as there are)' if self.top_k > n_experts else ''}"
        reported = ""
        if pd.notna(row["reported_total_params"]):
            reported = f" {row['model']} itself is reported with {format_count(row['reported_total_params'])}"
            reported += (
                f", {format_count(row['reported_active_params'])} of them active." if pd.notna(row["reported_active_params"]) else "."
            )
        whole = Headline("parameters", total, "parameters", format_count(total))
        passed = Headline("parameters used by a token", active, "parameters", format_count(active))
        share = Headline("share used by a token", active / total, "share", f"{active / total:.1%}")
        return Panel(
            title=f"{n_experts} experts, {uses} per token: {whole} parameters, {passed} active ({share})",
            headline=(whole, passed, share),
            figure=style.figure(traces[::-1], part_layout()),
            parts=parts,
            caption=(
                f"Bars are the total and the active parameters of each part, counted in closed form from {row['model']} and your changes. Routed experts hold {by_part.loc['routed experts', 'total'] / total:.0%} of the parameters; a token passes {chosen} of {n_experts} of them in each MoE layer: "
                f"{format_count(used)} of the {format_count(held)} that one such layer holds with its router. Everything else is always active.{reported}{note}"
            ),
            alt=f"Parameters by part of a MoE model with {n_experts} experts and {chosen} per token: {whole} in all, {passed} active.",
            sources=(Citation(row["source"], row["location"]),),
        )


class Rumour(Figure):
    """The arithmetic of the rumour on GPT-4, against the parameters that its parts share."""

    name = "moe.rumour"
    shared_params: float = Quantity(
        "Shared parameters",
        unit="parameters",
        low=0,
        high=110e9,
        first=1e9,
    )(0.0)

    def draw(self) -> Panel:
        """The panel at this parameter."""
        row = rumoured()
        n_parts, reported = int(row["n_experts"]), row["reported_total_params"]
        part, shared = reported / n_parts, self.shared_params
        axis = np.linspace(0, part, 38)
        curves = {
            "total": lambda at: expert_counts.whole_of_parts(n_parts, part, at, 1)[0],
            "active, top-2": lambda at: expert_counts.whole_of_parts(n_parts, part, at, 2)[1],
            "active, top-1": lambda at: expert_counts.whole_of_parts(n_parts, part, at, 1)[1],
        }
        parts: list[Part] = [
            {"series": f"{label} (rumour)", "shared_params": axis, "n_params": curve(axis), "status": "what_if"}
            for label, curve in curves.items()
        ]
        traces = [
            marks.line(part_, "shared_params", "n_params", color, per_x=BILLION, per_y=BILLION)
            for part_, color in zip(parts, (style.BLUE, style.ORCHID, style.CRIMSON), strict=True)
        ]
        here = {label: float(curve(shared)) for label, curve in curves.items()}
        parts.append(
            {
                "series": [f"{label} (rumour), at your share" for label in here],
                "shared_params": shared,
                "n_params": list(here.values()),
                "status": "what_if",
            }
        )
        layout = style.layout(
            "number",
            "log_number",
            x_title=f"Parameters that all {n_parts} experts share, of {part / BILLION:.0f} B each (billion)",
            y_title="Parameters (billion)",
            x_range=(0, part / BILLION),
            y_range=(80, 2500),
            shapes=[style.vertical_line(shared / BILLION, style.AMBER)],
            annotations=[style.line_name(shared / BILLION, f"{shared / BILLION:.3g} B shared", xanchor="left")],
        )
        layout["yaxis"]["exponentformat"] = "none"
        total, two, one = (Headline(label, value, "parameters", format_count(value), "n_params") for label, value in here.items())
        return Panel(
            title=(
                f"Unconfirmed rumour: GPT-4 as {n_parts} × {part / BILLION:.0f} B would have {total}, {one} (top-1) or {two} (top-2) active"
            ),
            headline=(total, one, two),
            figure=style.figure(traces, layout),
            parts=parts,
            caption=(
                f"Arithmetic on a rumour that OpenAI has never confirmed; nothing here is known about GPT-4. Lines are the total and active parameters if the experts share some. {n_parts} × {part / BILLION:.0f} B is {format_count(reported)} only if the experts share nothing. "
                "As in Mixtral, experts of a real model share attention and embeddings: the more they share, the smaller the total. Top-1 and top-2 are assumptions of this page."
            ),
            alt=f"Rumour only: {n_parts} experts of {part / BILLION:.0f} B would be {total} in all with {format_count(shared)} shared, and top-2 would use {two}.",
            sources=(Citation(row["source"], row["location"]),),
        )


def part_bars(part: Part, color: str) -> dict:
    """Bars of parameters by part; pale with an outline where they are a what-if."""
    pale = {"color": style.translucent(color, 0.3), "line": {"color": color, "width": 1.5}}
    return marks.bars(
        part,
        "n_params",
        "part",
        color,
        horizontal=True,
        per_x=BILLION,
        text=[format_count(value) for value in part["n_params"]],
        textposition="outside",
        cliponaxis=False,
        marker=pale if part["status"] == "what_if" else {"color": color},
        hovertemplate="%{y}: %{text}<extra>%{fullData.name}</extra>",
    )


def part_layout() -> dict:
    """Of a chart of parameters by part."""
    layout = style.layout("number", "category", x_title="Parameters (billion)", height=460)
    layout["legend"] = layout["legend"] | {"traceorder": "reversed"}
    layout["margin"] = layout["margin"] | {"r": 64}
    layout["xaxis"]["rangemode"] = "tozero"
    return layout
