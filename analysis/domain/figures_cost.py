"""Figures on what a domain model costs: two published runs, and the three ways to one's own."""

from collections.abc import Callable, Mapping

import numpy as np

from analysis.charts import intervals, style
from analysis.charts.panel import Citation, Panel, table_of
from analysis.compute import costs
from analysis.domain import ways as domain_ways
from analysis.domain.data import adapt_hours, adapt_tokens, base_model, facts_of, prices
from analysis.units import format_count, format_flops, format_money, significant

PAPERS = (Citation("wu2023", "Table 4; Section 4"), Citation("cheng2023", "Tables 7 and 8"))


def cost(hours: float, price: float, adapt: float, adapt_price: float, settings: Mapping[str, str]) -> Panel:
    """Rent of BloombergGPT's and of AdaptLLM's run; hours and price of each as given."""
    listed, printed = prices(), facts_of("BloombergGPT")
    rows = [
        "BloombergGPT 50B, planned",
        "BloombergGPT 50B, as run",
        "LLaMA 7B, the base model",
        "AdaptLLM 7B, as run",
        "AdaptLLM 7B, in the article",
    ]
    _, base_hours, base_price = base_model()
    list_usd = [
        float(domain_ways.rental(printed["budget_gpu_hours"], listed["a100_40gb"])),
        float(domain_ways.rental(printed["gpu_hours"], listed["a100_40gb"])),
        float(domain_ways.rental(base_hours, base_price)),
        float(domain_ways.rental(adapt_hours(), listed["v100_32gb"])),
    ]
    yours = [float(domain_ways.rental(hours, price)), float(domain_ways.rental(adapt, adapt_price))]
    stated = facts_of("AdaptLLM-7B")["article_usd"]
    traces = [
        style.computed_ticks(
            list_usd, range(4), "reported hours at list price", style.BLUE, text=[format_money(value) for value in list_usd]
        ),
        style.reported_markers([stated], [4], "stated", style.CRIMSON, "diamond", text=["about 100 USD"]),
        style.what_if_marker(yours, [1, 3], "your hours and prices", style.AMBER, text=[format_money(value) for value in yours]),
    ]
    layout = intervals.rows(rows, "log_number", "Rent (USD)", row_height=44, x_range=(50, 3e7), zero=None)
    layout["xaxis"] |= {"tickprefix": "$", "exponentformat": "B"}
    ratio = yours[0] / yours[1]
    return Panel(
        name="domain.cost",
        title=f"BloombergGPT's run rents for {format_money(yours[0])}, AdaptLLM's for {format_money(yours[1])}: {significant(ratio, 3)} times as much",
        figure=style.figure(traces, layout),
        data=lambda: table_of(
            [
                {"series": rows[:4], "usd": list_usd, "status": "computed"},
                {"series": [rows[4]], "usd": [stated], "status": ["reported"], "source": ["raschka2023"]},
                {"series": [rows[1], rows[3]], "usd": yours, "status": "what_if"},
            ]
        ),
        caption=(
            f"As run: 512 A100 for 53 days, {format_count(printed['gpu_hours'])} GPU-hours, and 32 V100 for one day, {format_count(adapt_hours())}. The article says about $100 for AdaptLLM; "
            f"{format_count(adapt_hours())} hours would have to cost {significant(stated / adapt_hours(), 2)} USD each for that, against a list price of {listed['v100_32gb']:.2f}. "
            f"Whoever continues also uses LLaMA 7B, whose {format_count(base_hours)} hours somebody else has paid. Staff, data and failed runs are not counted."
        ),
        alt=f"Rent on a logarithmic axis: {format_money(yours[0])} for BloombergGPT's hours and {format_money(yours[1])} for AdaptLLM's.",
        sources=(
            *PAPERS,
            Citation("touvron2023llama", "Table 15"),
            Citation("aws_ec2"),
            Citation("raschka2023", "section on BloombergGPT"),
        ),
        settings=settings,
        explain=(domain_ways.rental, costs.cost_of),
    )


def three(
    n_params: float, domain_tokens: float, general_tokens: float, tuning_tokens: float, epochs: float, rate: float, price: float
) -> list[domain_ways.Way]:
    """The three ways with one size: from scratch on both corpora, continued on the domain text, tuned on tuning_tokens for some epochs."""
    tokens = {"scratch": domain_tokens + general_tokens, "continued": domain_tokens, "tuned": tuning_tokens * epochs}
    return [domain_ways.way_of(way, n_params, tokens[way], rate, price) for way in domain_ways.WAYS]


def ways(found: list[domain_ways.Way], show: str, settings: Mapping[str, str]) -> Panel:
    """The three ways of one's own beside the published runs, in FLOPs, GPU-hours or money; show "flops" or "usd"."""
    labels = list(domain_ways.WAYS.values())
    listed, printed = prices(), facts_of("BloombergGPT")
    llama = base_model()[0]
    examples = {
        "BloombergGPT 50B": (
            0,
            float(costs.training_flops(printed["n_params"], printed["n_tokens"])),
            float(domain_ways.rental(printed["gpu_hours"], listed["a100_40gb"])),
        ),
        "AdaptLLM 7B": (
            1,
            float(costs.training_flops(llama, adapt_tokens())),
            float(domain_ways.rental(adapt_hours(), listed["v100_32gb"])),
        ),
    }
    which = 1 if show == "flops" else 2
    known = [values[which] for values in examples.values()]
    yours = [way.flops if show == "flops" else way.usd for way in found]
    write = format_flops if show == "flops" else format_money
    traces = [
        style.computed_ticks(known, [values[0] for values in examples.values()], "published runs", style.BLUE, text=list(examples)),
        style.what_if_line(yours, range(3), "your model", style.AMBER, text=[write(value) for value in yours])
        | {"mode": "lines+markers", "marker": {"size": 11, "symbol": "x-thin", "line": {"width": 3, "color": style.AMBER}}},
    ]
    span = [*known, *yours]
    kind, axis_title = ("flops", "Training compute (FLOP)") if show == "flops" else ("log_number", "Rent (USD)")
    layout = intervals.rows(labels, kind, axis_title, row_height=60, x_range=(min(span) / 10, max(span) * 30), zero=None)
    if show == "usd":
        layout["xaxis"] |= {"tickprefix": "$", "exponentformat": "B"}
    layout["annotations"] = [
        style.note(
            float(np.log10(value)),
            values[0],
            name,
            yshift=18 - 36 * values[0],
            xshift=24 * values[0],
            font={"size": 11, "color": style.BLUE},
        )
        for (name, values), value in zip(examples.items(), known, strict=True)
    ] + [
        style.note(float(np.log10(value)), at, write(value), yshift=-18, font={"size": 11, "color": style.AMBER})
        for at, value in enumerate(yours)
    ]
    scratch, continued, tuned = found
    return Panel(
        name="domain.ways",
        title=(
            f"For {format_count(scratch.n_params, 'parameters')}: {write(yours[0])} from scratch, {write(yours[1])} continued, {write(yours[2])} fine-tuned"
        ),
        figure=style.figure(traces, layout),
        data=lambda: table_of(
            [
                {
                    "series": "your model",
                    "way": [way.way for way in found],
                    "n_params": scratch.n_params,
                    "n_tokens": [way.n_tokens for way in found],
                    "flops": [way.flops for way in found],
                    "gpu_hours": [way.gpu_hours for way in found],
                    "usd": [way.usd for way in found],
                    "status": "what_if",
                },
                {
                    "series": list(examples),
                    "way": ["scratch", "continued"],
                    "flops": [values[1] for values in examples.values()],
                    "usd": [values[2] for values in examples.values()],
                    "status": "computed",
                },
            ]
        ),
        caption=(
            f"6 N D for each way, on {format_count(scratch.n_tokens)}, {format_count(continued.n_tokens)} and {format_count(tuned.n_tokens)} tokens: {format_count(scratch.gpu_hours)}, "
            f"{format_count(continued.gpu_hours)} and {format_count(tuned.gpu_hours)} GPU-hours. The last two leave out the base model. Blue: 6 N D and list-price rent of the hours of two "
            "published runs. The ways do not give the same model: see what each scored."
        ),
        alt=f"Three ways to a model of {format_count(scratch.n_params)} parameters: {write(yours[0])}, {write(yours[1])} and {write(yours[2])}.",
        sources=(*PAPERS, Citation("aws_ec2")),
        settings=settings,
        explain=(domain_ways.way_of, domain_ways.rental),
    )


def default_panels() -> dict[str, Callable[[], Panel]]:
    """The panels on cost at their default settings."""
    listed = prices()

    def draw_ways():
        found = three(7e9, 10**9.08, 1e12, 1e7, 3, 312e12 * 0.4, listed["a100_40gb"])
        return ways(
            found,
            "usd",
            {"size": "7 B", "domain tokens": "1.2 B", "general tokens": "1 T", "tuning": "10 M tokens, 3 epochs", "show": "rent"},
        )

    return {
        "domain.cost": lambda: cost(
            651_264, listed["a100_40gb"], adapt_hours(), listed["v100_32gb"], {"hours": "651,264 and 768", "prices": "list"}
        ),
        "domain.ways": draw_ways,
    }
