"""Figures on a simulated router: load per expert, dropped assignments, and the loss that balances it."""

from collections.abc import Mapping

import numpy as np

from analysis import tables
from analysis.charts import style
from analysis.charts.panel import Citation, Panel, table_of
from analysis.moe import routing as router
from analysis.units import significant

FACTORS = np.round(np.arange(0.5, 4.01, 0.05), 3)
SKEWS = np.round(np.arange(0, 2.01, 0.125), 3)
SWITCH = Citation("fedus2021", "Section 2.2")
ASSUMED = "Simulated: logits are normal noise less skew times the log of the expert's rank, so skew 0 treats all experts alike; trained routers differ."


def n_tokens(n_experts: int) -> int:
    """Tokens of a simulation: fewer where there are more experts, so that a step of a slider stays quick.

    >>> n_tokens(8), n_tokens(64), n_tokens(128)
    (4096, 2048, 1024)
    """
    return int(np.clip(2**17 // n_experts, 1024, 4096))


@tables.kept
def _noise(n_experts: int, seed: int) -> np.ndarray:
    return router.noise(n_tokens(n_experts), n_experts, seed)


@tables.kept(most=512)
def routed(n_experts: int, top_k: int, skew: float, seed: int = 0) -> router.Routing:
    """The Routing of the simulated tokens; the same arguments give the same outcome."""
    return router.route(router.logits(_noise(n_experts, seed), skew), top_k)


def load(n_experts: int, top_k: int, skew: float, factor: float, seed: int, settings: Mapping[str, str]) -> Panel:
    """Assignments of each expert, with its fair share and its capacity."""
    outcome = routed(n_experts, top_k, skew, seed)
    slots = router.capacity(outcome, factor)
    experts = np.arange(1, n_experts + 1)
    taken = np.minimum(outcome.load, slots)
    over = outcome.load - taken
    dropped = router.dropped_share(outcome, factor)
    traces = [style.bars(experts, taken, "processed", style.BLUE), style.bars(experts, over, "dropped", style.CRIMSON)]
    for trace in traces:
        trace["hovertemplate"] = "expert %{x}: %{y:,.0f}<extra>%{fullData.name}</extra>"
    layout = style.layout(
        "number",
        "number",
        x_title="Expert, by rank of preference",
        y_title="Assignments",
        barmode="stack",
        bargap=0.15,
        y_range=(0, max(outcome.load.max(), slots) * 1.12),
        shapes=[style.horizontal_line(outcome.fair), style.horizontal_line(slots, style.AMBER)],
        annotations=[
            style.note(1, outcome.fair, "fair share", xref="x domain", xanchor="right", yanchor="bottom"),
            *(
                [style.note(1, slots, f"capacity {slots:,}", xref="x domain", xanchor="right", yanchor="bottom")]
                if slots != outcome.fair
                else []
            ),
        ],
    )
    layout["legend"] = layout["legend"] | {"traceorder": "normal"}
    if n_experts <= 16:
        layout["xaxis"]["dtick"] = 1
    return Panel(
        name="moe.load",
        title=f"At skew {significant(skew)} the busiest of {n_experts} experts gets {significant(outcome.busiest)} times its fair share; {dropped:.1%} of assignments are dropped",
        figure=style.figure(traces, layout),
        data=lambda: table_of(
            [
                {
                    "expert": experts,
                    "assignments": outcome.load,
                    "processed": taken,
                    "dropped": over,
                    "mean_probability": outcome.probability,
                    "status": "computed",
                }
            ]
        ),
        caption=(
            f"{outcome.n_tokens:,} tokens, each sent to {top_k} of {n_experts} experts. An expert takes at most its capacity, {significant(factor)} times the fair share of {outcome.fair:,.0f}; "
            f"what is above passes the layer on the residual path only. {ASSUMED}"
        ),
        alt=f"Assignments of {n_experts} experts at skew {significant(skew)}: the busiest gets {outcome.load.max():,}, the fair share is {outcome.fair:,.0f}.",
        sources=(SWITCH,),
        settings=settings,
        explain=(router.logits, router.route, router.capacity),
    )


def capacity(n_experts: int, top_k: int, skew: float, factor: float, settings: Mapping[str, str]) -> Panel:
    """Share of dropped assignments against the capacity factor, at a skew and without any."""
    axis = np.unique(np.append(FACTORS, factor))
    skewed, even = routed(n_experts, top_k, skew), routed(n_experts, top_k, 0.0)
    lines = {f"skew {significant(skew)}": router.dropped_share(skewed, axis), "no skew": router.dropped_share(even, axis)}
    here, best = router.dropped_share(skewed, factor), router.dropped_share(even, factor)
    traces = [
        style.computed_line(axis, values, label, color, hovertemplate="capacity factor %{x:.4~g}: %{y:.1%}<extra>%{fullData.name}</extra>")
        for (label, values), color in zip(reversed(lines.items()), (style.SLATE, style.BLUE), strict=True)
    ]
    layout = style.layout(
        "number",
        "percent",
        x_title="Capacity factor",
        y_title="Assignments dropped",
        x_range=(axis[0], axis[-1]),
        y_range=(-0.01, 0.8),
        shapes=[style.vertical_line(factor, style.AMBER)],
    )
    needed = float(skewed.load.max() / skewed.fair)
    return Panel(
        name="moe.capacity",
        title=f"At capacity factor {significant(factor)} a router of skew {significant(skew)} drops {here:.1%} of assignments, one without skew {best:.1%}",
        figure=style.figure(traces, layout),
        data=lambda: table_of(
            [{"series": label, "capacity_factor": axis, "dropped_share": values, "status": "computed"} for label, values in lines.items()]
        ),
        caption=(
            f"{skewed.n_tokens:,} tokens, {top_k} of {n_experts} experts each. Nothing is dropped from a factor of {significant(needed)} on, the load of the busiest expert, at the price of empty places in all others; the Switch Transformer is reported to do well at 1 to 1.25. {ASSUMED}"
        ),
        alt=f"Dropped share against capacity factor for {n_experts} experts: {here:.1%} at factor {significant(factor)} and skew {significant(skew)}, {best:.1%} without skew.",
        sources=(SWITCH,),
        settings=settings,
        explain=(router.dropped_share, router.capacity),
    )


@tables.kept
def _losses(n_experts: int, top_k: int) -> np.ndarray:
    return np.array([router.balance_loss(routed(n_experts, top_k, float(skew)), 1.0) for skew in SKEWS])


def balance(n_experts: int, top_k: int, skew: float, settings: Mapping[str, str]) -> Panel:
    """The load-balancing loss against the skew of the router, in units of its weight alpha."""
    losses = _losses(n_experts, top_k)
    here = router.balance_loss(routed(n_experts, top_k, skew), 1.0)
    traces = [
        style.computed_line(SKEWS, losses, f"{n_experts} experts, top-{top_k}", style.BLUE),
        style.what_if_marker([skew], [here], "your router", style.AMBER),
    ]
    layout = style.layout(
        "number",
        "number",
        x_title="Skew of the router",
        y_title="Loss / alpha",
        x_range=(-0.03, SKEWS[-1] + 0.03),
        y_range=(0, max(losses) * 1.08),
        shapes=[style.horizontal_line(1.0)],
        annotations=[style.note(1, 1, "perfect balance", xref="x domain", xanchor="right", yanchor="top")],
    )
    return Panel(
        name="moe.balance",
        title=f"At skew {significant(skew)} the balancing loss is {significant(here)} alpha, against alpha at perfect balance and {significant(n_experts / top_k)} alpha at worst",
        figure=style.figure(traces, layout),
        data=lambda: table_of(
            [
                {"skew": SKEWS, "loss_over_alpha": losses, "status": "computed"},
                {"skew": [skew], "loss_over_alpha": [here], "status": "what_if"},
            ]
        ),
        caption=(
            "The Switch Transformer adds alpha N sum f P to the loss: f is the share of assignments of an expert, P its mean probability, N the number of experts and alpha "
            f"{router.LOSS_WEIGHT:g}. Even loads and probabilities give alpha; N alpha{'' if top_k == 1 else f' / {top_k}'} is what all tokens on the same {'expert' if top_k == 1 else f'{top_k} experts'} would give. {ASSUMED}"
        ),
        alt=f"Load-balancing loss over alpha against skew for {n_experts} experts: {significant(here)} at skew {significant(skew)}, 1 at perfect balance.",
        sources=(SWITCH,),
        settings=settings,
        explain=(router.balance_loss, router.logits),
    )
