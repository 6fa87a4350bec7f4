"""Figures on a simulated router: load per expert, dropped assignments, and the loss that balances it."""

import numpy as np

from analysis import tables
from analysis.charts import marks, style
from analysis.charts.figure import Figure
from analysis.charts.marks import Part
from analysis.charts.panel import Citation, Headline, Panel
from analysis.charts.parameters import Quantity
from analysis.moe import routing as router
from analysis.moe.figures_build import MIXTURE, N_EXPERTS, TOP_K, all_of_them, of_frame
from analysis.units import significant

FACTORS = np.round(np.arange(0.5, 4.01, 0.05), 3)
SKEWS = np.round(np.arange(0, 2.01, 0.125), 3)
SWITCH = Citation("fedus2021", "Section 2.2")
ASSUMED = (
    "Simulated: logits are normal noise minus the imbalance times the log of the expert's rank, so 0 is balanced; trained routers differ."
)

ROUTER_SKEW = Quantity("Router imbalance (simulated)", low=0, high=2, step=0.05)
CAPACITY_FACTOR = Quantity("Capacity factor", low=0.5, high=4, step=0.05)


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


class Load(Figure):
    """Assignments of each expert of a simulated router, with its fair share and its capacity."""

    name = "moe.load"
    mixture: str = MIXTURE("mixtral")
    n_experts: int = N_EXPERTS(of_frame("n_experts"))
    top_k: int = TOP_K(of_frame("top_k"))
    router_skew: float = ROUTER_SKEW(0.5)
    capacity_factor: float = CAPACITY_FACTOR(1.25)
    seed: int = Quantity("Random seed", low=0, high=20, step=1, whole=True)(0)

    def draw(self) -> Panel:
        """The panel at these parameters."""
        n_experts, top_k, skew, factor = self.n_experts, min(self.top_k, self.n_experts), self.router_skew, self.capacity_factor
        outcome = routed(n_experts, top_k, skew, self.seed)
        slots = router.capacity(outcome, factor)
        taken = np.minimum(outcome.load, slots)
        assigned: Part = {
            "series": "experts",
            "expert": np.arange(1, n_experts + 1),
            "assignments": outcome.load,
            "processed": taken,
            "dropped": outcome.load - taken,
            "mean_probability": outcome.probability,
            "times_fair_share": outcome.load / outcome.fair,
            "status": "computed",
        }
        lines: Part = {"series": ["uniform load", "capacity"], "assignments": [outcome.fair, slots], "status": "computed"}
        traces = [
            marks.bars(assigned, "expert", "processed", style.BLUE, "processed"),
            marks.bars(assigned, "expert", "dropped", style.CRIMSON, "dropped"),
        ]
        traces = [trace | {"hovertemplate": "expert %{x}: %{y:,.0f}<extra>%{fullData.name}</extra>"} for trace in traces]
        layout = style.layout(
            "number",
            "number",
            x_title="Expert, by rank of preference",
            y_title="Token-expert assignments",
            barmode="stack",
            bargap=0.15,
            y_range=(0, max(outcome.load.max(), slots) * 1.12),
            shapes=[style.horizontal_line(outcome.fair), style.horizontal_line(slots, style.AMBER)],
            annotations=[
                style.note(1, outcome.fair, "uniform load", xref="x domain", xanchor="right", yanchor="bottom"),
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
        lost = router.dropped_share(outcome, factor)
        most = Headline(
            "load of the busiest expert over the uniform load", outcome.busiest, "", significant(outcome.busiest), "times_fair_share"
        )
        dropped = Headline("assignments dropped", lost, "share", f"{lost:.1%}")
        return Panel(
            title=f"At imbalance {significant(skew)}, the busiest of {n_experts} experts gets {most}× the uniform load; {dropped} of assignments drop",
            headline=(most, dropped),
            figure=style.figure(traces, layout),
            parts=[assigned, lines],
            caption=(
                f"Each bar is the load of one expert for {outcome.n_tokens:,} tokens, each routed to {top_k} of {n_experts} experts.{all_of_them(self.top_k, n_experts)} An expert takes at most its capacity, {significant(factor)} times the uniform load of {outcome.fair:,.0f}; "
                f"tokens beyond it are dropped: they pass the layer on the residual path only. {ASSUMED}"
            ),
            alt=f"Assignments of {n_experts} experts at imbalance {significant(skew)}: the busiest gets {outcome.load.max():,}, the uniform load is {outcome.fair:,.0f}.",
            sources=(SWITCH,),
        )


class Capacity(Figure):
    """Share of dropped assignments against the capacity factor, at a skew and without any."""

    name = "moe.capacity"
    mixture: str = MIXTURE("mixtral")
    n_experts: int = N_EXPERTS(of_frame("n_experts"))
    top_k: int = TOP_K(of_frame("top_k"))
    router_skew: float = ROUTER_SKEW(0.5)
    capacity_factor: float = CAPACITY_FACTOR(1.25)

    def draw(self) -> Panel:
        """The panel at these parameters."""
        n_experts, top_k, skew, factor = self.n_experts, min(self.top_k, self.n_experts), self.router_skew, self.capacity_factor
        axis = np.unique(np.append(FACTORS, factor))
        skewed, even = routed(n_experts, top_k, skew), routed(n_experts, top_k, 0.0)
        parts: list[Part] = [
            {"series": label, "capacity_factor": axis, "dropped_share": router.dropped_share(outcome, axis), "status": "computed"}
            for label, outcome in ((f"imbalance {significant(skew)}", skewed), ("balanced", even))
        ]
        traces = [
            marks.line(
                part,
                "capacity_factor",
                "dropped_share",
                color,
                hovertemplate="capacity factor %{x:.4~g}: %{y:.1%}<extra>%{fullData.name}</extra>",
            )
            for part, color in zip(reversed(parts), (style.SLATE, style.BLUE), strict=True)
        ]
        here, best = router.dropped_share(skewed, factor), router.dropped_share(even, factor)
        parts.append(
            {
                "series": [f"{part['series']}, at your capacity factor" for part in parts],
                "capacity_factor": factor,
                "dropped_share": [here, best],
                "status": "computed",
            }
        )
        layout = style.layout(
            "number",
            "percent",
            x_title="Capacity factor",
            y_title="Assignments dropped",
            x_range=(axis[0], axis[-1]),
            y_range=(-0.01, 0.8),
            shapes=[style.vertical_line(factor, style.AMBER)],
            annotations=[style.line_name(factor, f"capacity factor {significant(factor)}")],
        )
        needed = float(skewed.load.max() / skewed.fair)
        dropped = Headline("assignments dropped", here, "share", f"{here:.1%}", "dropped_share")
        least = Headline("assignments dropped by a balanced router", best, "share", f"{best:.1%}", "dropped_share")
        return Panel(
            title=f"At capacity factor {significant(factor)}, imbalance {significant(skew)} drops {dropped} of assignments; balanced drops {least}",
            headline=(dropped, least),
            figure=style.figure(traces, layout),
            parts=parts,
            caption=(
                f"Lines are the share of token-expert assignments dropped, for {skewed.n_tokens:,} tokens with {top_k} of {n_experts} experts each.{all_of_them(self.top_k, n_experts)} From a factor of {significant(needed)}, the load of the busiest expert, nothing is dropped, at the cost of empty slots in all others. The Switch Transformer is reported to do well at 1 to 1.25. {ASSUMED}"
            ),
            alt=f"Dropped share against capacity factor for {n_experts} experts: {dropped} at factor {significant(factor)} and imbalance {significant(skew)}, {least} when balanced.",
            sources=(SWITCH,),
        )


@tables.kept
def _losses(n_experts: int, top_k: int) -> np.ndarray:
    return np.array([router.balance_loss(routed(n_experts, top_k, float(skew)), 1.0) for skew in SKEWS])


class Balance(Figure):
    """The load-balancing loss against the skew of the router, in units of its weight alpha."""

    name = "moe.balance"
    mixture: str = MIXTURE("mixtral")
    n_experts: int = N_EXPERTS(of_frame("n_experts"))
    top_k: int = TOP_K(of_frame("top_k"))
    router_skew: float = ROUTER_SKEW(0.5)

    def draw(self) -> Panel:
        """The panel at these parameters."""
        n_experts, top_k, skew = self.n_experts, min(self.top_k, self.n_experts), self.router_skew
        here = router.balance_loss(routed(n_experts, top_k, skew), 1.0)
        label = f"{n_experts} experts, top-{top_k}"
        losses: Part = {"series": label, "skew": SKEWS, "loss_over_alpha": _losses(n_experts, top_k), "status": "computed"}
        yours: Part = {"series": "your router", "skew": [skew], "loss_over_alpha": [here], "status": "what_if"}
        bounds: Part = {
            "series": ["perfect balance", "at worst"],
            "loss_over_alpha": [1.0, n_experts / top_k],
            "status": "computed",
        }
        traces = [marks.line(losses, "skew", "loss_over_alpha", style.BLUE), marks.points(yours, "skew", "loss_over_alpha", style.AMBER)]
        layout = style.layout(
            "number",
            "number",
            x_title="Router imbalance (simulated)",
            y_title="Auxiliary loss / alpha",
            x_range=(-0.03, SKEWS[-1] + 0.03),
            y_range=(0, max(*losses["loss_over_alpha"], here) * 1.08),
            shapes=[style.horizontal_line(1.0)],
            annotations=[style.note(1, 1, "perfect balance", xref="x domain", xanchor="right", yanchor="top")],
        )
        loss = Headline("auxiliary loss over alpha", here, "", significant(here), "loss_over_alpha")
        worst = Headline("auxiliary loss over alpha at worst", n_experts / top_k, "", significant(n_experts / top_k), "loss_over_alpha")
        return Panel(
            title=f"At imbalance {significant(skew)}, the auxiliary loss is {loss} alpha; balanced is alpha, the worst {worst} alpha",
            headline=(loss, worst),
            figure=style.figure(traces, layout),
            parts=[losses, yours, bounds],
            caption=(
                "The line is the auxiliary loss alpha N sum f P of the Switch Transformer: f is an expert's share of the assignments, P its mean probability, N the number of experts and alpha "
                f"{router.LOSS_WEIGHT:g}. Even loads and probabilities give alpha; N alpha{'' if top_k == 1 else f' / {top_k}'} is what all tokens on the same {'expert' if top_k == 1 else f'{top_k} experts'} give.{all_of_them(self.top_k, n_experts)} {ASSUMED}"
            ),
            alt=f"Auxiliary loss over alpha against imbalance for {label}: {loss} at imbalance {significant(skew)}, 1 when balanced.",
            sources=(SWITCH,),
        )
