"""Domain pretraining: what does a domain corpus buy, and what does each way to a domain model cost?"""

import streamlit as st

from analysis.domain import data as domain_data
from analysis.domain import figures
from analysis.domain import figures_cost as domain_figures_cost
from analysis.domain import figures_scores as domain_figures_scores
from analysis.units import format_count
from pages.components import controls, head, sections
from pages.components.panel import draw, export_row

head.begin(
    "domain",
    "A 50 B model from scratch, or 7 B continued for a nine-hundredth of the rent",
    "BloombergGPT was trained on 363 B financial and 345 B general tokens. Whether 50 B was the right size depends on the law and on how "
    "compute is counted; what it bought is compared here with continuing or fine-tuning a small model, in scores and in money.",
)

AXIS = {"flops": "training compute", "usd": "rent"}


def hours(key: str) -> float:
    """A slider over the planned GPU-hours."""
    return float(controls.slider(key, "Planned GPU-hours (thousands)", 100, 5000, 1300, 50)) * 1e3


def against_the_laws() -> None:
    """Section: the size against the laws."""
    counted = controls.switch("dom_count", "Count the run's compute as", figures.COUNTED, "6")
    optimum(counted)
    export_row("domain.optimum")


def why_not_larger() -> None:
    """Section: what another size would have cost in loss."""
    sizes()
    export_row("domain.sizes")


@st.fragment
def optimum(counted: str) -> None:
    """Parameters against compute under each law."""
    planned = hours("dom_hours")
    settings = {"planned": format_count(planned, "GPU-hours"), "counted as": figures.COUNTED[counted]}
    draw("domain.optimum", lambda: figures.optimum(planned, counted, settings))


@st.fragment
def sizes() -> None:
    """Loss against size at one budget."""
    with controls.row():
        planned = hours("dom_hours_size")
        n_params = controls.power_of_ten("dom_size", "Your size in parameters", 9.5, 11.6, 11.0)
    settings = {"planned": format_count(planned, "GPU-hours"), "your size": format_count(n_params)}
    draw("domain.sizes", lambda: figures.sizes(planned, n_params, settings))


def the_mix() -> None:
    """Section: what the corpus is made of, and another corpus."""
    mix()
    export_row("domain.mix")
    repeat()
    export_row("domain.repeat")


@st.fragment
def mix() -> None:
    """The corpus by source."""
    n_tokens = controls.slider("dom_tokens", "Tokens trained on (billions)", 50, 2000, 569, 1) * 1e9
    draw("domain.mix", lambda: figures.mix(n_tokens, {"tokens trained on": format_count(n_tokens)}))


@st.fragment
def repeat() -> None:
    """A corpus of the reader's own."""
    with controls.row():
        own = controls.power_of_ten("dom_own", "Domain tokens", 8.0, 12.5, 11.0)
        general = controls.power_of_ten("dom_general", "General tokens", 8.0, 13.0, 11.5)
        weight = controls.slider("dom_weight", "Domain text drawn so many times as often", 0.25, 20.0, 2.0, 0.25)
        planned = hours("dom_hours_mix")
    settings = {
        "domain tokens": format_count(own),
        "general tokens": format_count(general),
        "weight": f"{weight:g}",
        "planned": format_count(planned, "GPU-hours"),
    }
    draw("domain.repeat", lambda: figures.repeat(own, general, weight, planned, settings))


def what_it_bought() -> None:
    """Section: scores."""
    group = controls.choice("dom_tasks", "Tasks", domain_figures_scores.GROUPS, "finance")
    draw("domain.scores", lambda: domain_figures_scores.scores(group, {"tasks": domain_figures_scores.GROUPS[group]}))
    export_row("domain.scores")
    way = controls.switch("dom_way", "Models are", {"prompted": "prompted", "fine-tuned": "fine-tuned on each task"}, "prompted")
    draw("domain.routes", lambda: domain_figures_scores.routes(way, {"models are": way}))
    export_row("domain.routes")


def what_it_costs() -> None:
    """Section: two published runs and the three ways."""
    cost()
    export_row("domain.cost")
    show = controls.switch("dom_show", "Compare by", AXIS, "usd")
    ways(show)
    export_row("domain.ways")


@st.fragment
def cost() -> None:
    """Hours times price, for two runs."""
    listed = domain_data.prices()
    with controls.row():
        run = controls.slider("dom_run", "BloombergGPT's GPU-hours (thousands)", 100, 2000, 651, 1)
        price = controls.slider(
            "dom_price", "USD per A100-hour", 0.25, 8.0, 4.10, 0.05, help=f"List price in 2023: {listed['a100_40gb']:.2f} USD."
        )
        adapt = controls.slider("dom_adapt", "AdaptLLM's GPU-hours", 8, 4000, 768, 8)
        small = controls.slider(
            "dom_price7", "USD per V100-hour", 0.1, 8.0, 3.90, 0.05, help=f"List price in 2023: {listed['v100_32gb']:.2f} USD."
        )
    settings = {"BloombergGPT": f"{run},000 h at {price:.2f} USD", "AdaptLLM": f"{adapt:,} h at {small:.2f} USD"}
    draw("domain.cost", lambda: domain_figures_cost.cost(run * 1e3, price, adapt, small, settings))


@st.fragment
def ways(show: str) -> None:
    """From scratch, continued, fine-tuned."""
    with controls.row():
        n_params = controls.power_of_ten("dom_n", "Parameters", 8.0, 12.0, 9.85)
        price = controls.slider("dom_rent", "USD per GPU-hour", 0.25, 12.0, 4.10, 0.05)
        own = controls.power_of_ten("dom_d", "Domain tokens", 7.0, 12.5, 9.1)
        rate = controls.slider("dom_rate", "TFLOP/s that a GPU reaches", 10, 600, 125, 5)
        general = controls.power_of_ten("dom_g", "General tokens", 9.0, 13.0, 12.0)
        tuning = controls.power_of_ten("dom_t", "Fine-tuning tokens", 5.0, 10.0, 7.0)
        epochs = controls.slider("dom_epochs", "Epochs of fine-tuning", 1, 10, 3, 1)
    settings = {
        "parameters": format_count(n_params),
        "domain tokens": format_count(own),
        "general tokens": format_count(general),
        "fine-tuning": f"{format_count(tuning, 'tokens')}, {epochs} epochs",
        "GPU": f"{rate} TFLOP/s at {price:.2f} USD",
        "compared by": AXIS[show],
    }
    draw(
        "domain.ways",
        lambda: domain_figures_cost.ways(
            domain_figures_cost.three(n_params, own, general, tuning, epochs, rate * 1e12, price), show, settings
        ),
    )


sections.show(
    "domain_part",
    {
        "Size against the laws": against_the_laws,
        "Why not larger": why_not_larger,
        "The mix": the_mix,
        "What it bought": what_it_bought,
        "What it costs": what_it_costs,
    },
)
