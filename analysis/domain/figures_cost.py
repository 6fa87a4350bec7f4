"""Figures on what a domain model costs: two published runs, and the three ways to one's own."""

import numpy as np

from analysis.charts import intervals, marks, style
from analysis.charts.figure import Figure
from analysis.charts.marks import Part
from analysis.charts.panel import Citation, Headline, Panel
from analysis.charts.parameters import Choice, Quantity
from analysis.charts.shared_parameters import N_PARAMS, USD_PER_GPU_HOUR
from analysis.compute import costs
from analysis.domain import ways as domain_ways
from analysis.domain.data import adapt_hours, adapt_tokens, base_model, facts_of, prices
from analysis.domain.figures import DOMAIN_TOKENS, GENERAL_TOKENS
from analysis.units import format_count, format_flops, format_money, significant

PAPERS = (Citation("wu2023", "Table 4; Section 4"), Citation("cheng2023", "Tables 7 and 8"))
RUNS = (
    "BloombergGPT 50B, planned",
    "BloombergGPT 50B, as run",
    "LLaMA 7B, the base model",
    "AdaptLLM 7B, as run",
    "AdaptLLM 7B, in the article",
)
AXES = {"flops": "training compute", "usd": "cloud cost"}


class Cost(Figure):
    """Rent of BloombergGPT's and of AdaptLLM's run, at list prices and at the reader's."""

    name = "domain.cost"
    bloomberg_gpu_hours: float = Quantity("BloombergGPT's GPU-hours", unit="GPU-hours", low=1e5, high=2e6)(
        lambda _: facts_of("BloombergGPT")["gpu_hours"]
    )
    a100_usd_per_hour: float = Quantity("A100 price per hour", unit="USD", low=0.25, high=8, step=0.05)(4.10)
    adapt_gpu_hours: float = Quantity("AdaptLLM's GPU-hours", unit="GPU-hours", low=8, high=4000)(lambda _: adapt_hours())
    v100_usd_per_hour: float = Quantity("V100 price per hour", unit="USD", low=0.1, high=8, step=0.05)(3.90)

    def draw(self) -> Panel:
        """The panel at these parameters."""
        listed, printed = prices(), facts_of("BloombergGPT")
        _, base_hours, base_price = base_model()
        hours = [printed["budget_gpu_hours"], printed["gpu_hours"], base_hours, adapt_hours()]
        at_list = [listed["a100_40gb"], listed["a100_40gb"], base_price, listed["v100_32gb"]]
        own_hours = [self.bloomberg_gpu_hours, self.adapt_gpu_hours]
        own_prices = [self.a100_usd_per_hour, self.v100_usd_per_hour]
        stated = facts_of("AdaptLLM-7B")["article_usd"]
        usual: Part = {
            "series": RUNS[:4],
            "row": range(4),
            "gpu_hours": hours,
            "usd_per_gpu_hour": at_list,
            "usd": domain_ways.rental(np.array(hours), np.array(at_list)),
            "status": "computed",
        }
        article: Part = {
            "series": [RUNS[4]],
            "row": [4],
            "usd": [stated],
            "source": "raschka2023",
            "location": "remark on AdaptLLM",
            "status": "reported",
        }
        yours: Part = {
            "series": [RUNS[1], RUNS[3]],
            "row": [1, 3],
            "gpu_hours": own_hours,
            "usd_per_gpu_hour": own_prices,
            "usd": domain_ways.rental(np.array(own_hours), np.array(own_prices)),
            "status": "what_if",
        }
        written = [[format_money(value) for value in part["usd"]] for part in (usual, yours)]
        traces = [
            marks.ticks(usual, "usd", "row", style.BLUE, "reported hours at list price", text=written[0]),
            marks.points(article, "usd", "row", style.CRIMSON, "stated", symbol="diamond", text=["about 100 USD"]),
            marks.points(yours, "usd", "row", style.AMBER, "your hours and prices", text=written[1]),
        ]
        span = (min(50, yours["usd"].min() / 2), max(3e7, 2 * yours["usd"].max()))
        layout = intervals.rows(RUNS, "log_number", "Cloud cost (USD)", row_height=44, x_range=span, zero=None)
        layout["xaxis"] |= {"tickprefix": "$", "exponentformat": "B"}
        bloomberg, adapt = (
            Headline(f"cloud cost of {name}", float(value), "USD", text, "usd")
            for name, value, text in zip(("BloombergGPT", "AdaptLLM"), yours["usd"], written[1], strict=True)
        )
        ratio = bloomberg.value / adapt.value
        times = Headline("cloud cost of BloombergGPT over that of AdaptLLM", ratio, "", significant(ratio, 3))
        return Panel(
            title=f"BloombergGPT's run costs {bloomberg}, AdaptLLM's {adapt}: {times}× as much",
            headline=(bloomberg, adapt, times),
            figure=style.figure(traces, layout),
            parts=[usual, article, yours],
            caption=(
                f"Cloud cost is GPU-hours times the price per hour. As run: 512 A100 for 53 days, {format_count(printed['gpu_hours'])} GPU-hours, and 32 V100 for one day, {format_count(adapt_hours())}. The article says about $100 for AdaptLLM; for that "
                f"{format_count(adapt_hours())} hours would have to cost {significant(stated / adapt_hours(), 2)} USD each, against a list price of {listed['v100_32gb']:.2f}. "
                f"Continued pretraining also uses LLaMA 7B, whose {format_count(base_hours)} hours somebody else paid for. Staff, data and failed runs are not counted."
            ),
            alt=f"Cloud cost on a logarithmic axis: {bloomberg} for BloombergGPT's hours and {adapt} for AdaptLLM's.",
            sources=(
                *PAPERS,
                Citation("touvron2023llama", "Table 15"),
                Citation("aws_ec2"),
                Citation("raschka2023", "section on BloombergGPT"),
            ),
        )


def three(
    n_params: float, domain_tokens: float, general_tokens: float, tuning_tokens: float, epochs: float, rate: float, price: float
) -> list[domain_ways.Way]:
    """The three ways with one size: from scratch on both corpora, continued on the domain text, tuned on tuning_tokens for some epochs."""
    tokens = {"scratch": domain_tokens + general_tokens, "continued": domain_tokens, "tuned": tuning_tokens * epochs}
    return [domain_ways.way_of(way, n_params, tokens[way], rate, price) for way in domain_ways.WAYS]


class Ways(Figure):
    """The three ways of one's own beside the published runs, in FLOPs or in money."""

    name = "domain.ways"
    cost_axis: str = Choice("Compare by", options=AXES)("usd")
    n_params: float = N_PARAMS(7e9, low=1e8, high=1e12)
    usd_per_gpu_hour: float = USD_PER_GPU_HOUR(4.10, low=0.25, high=12)
    domain_tokens: float = DOMAIN_TOKENS(lambda _: facts_of("AdaptLLM-7B")["domain_tokens"], low=1e7)
    flops_per_gpu_s: float = Quantity(
        "Achieved FLOP/s per GPU",
        unit="FLOP/s",
        low=1e13,
        high=6e14,
    )(1.25e14)
    general_tokens: float = GENERAL_TOKENS(1e12, low=1e9)
    tuning_tokens: float = Quantity("Fine-tuning tokens", unit="tokens", low=1e5, high=1e10)(1e7)
    tuning_epochs: int = Quantity("Fine-tuning epochs", unit="epochs", low=1, high=10, step=1, whole=True)(3)

    def draw(self) -> Panel:
        """The panel at these parameters."""
        found = three(
            self.n_params,
            self.domain_tokens,
            self.general_tokens,
            self.tuning_tokens,
            self.tuning_epochs,
            self.flops_per_gpu_s,
            self.usd_per_gpu_hour,
        )
        listed, printed, llama = prices(), facts_of("BloombergGPT"), base_model()[0]
        published: Part = {
            "series": ["BloombergGPT 50B", "AdaptLLM 7B"],
            "way": ["scratch", "continued"],
            "row": [0, 1],
            "flops": [
                float(costs.training_flops(printed["n_params"], printed["n_tokens"])),
                float(costs.training_flops(llama, adapt_tokens())),
            ],
            "usd": [
                float(domain_ways.rental(printed["gpu_hours"], listed["a100_40gb"])),
                float(domain_ways.rental(adapt_hours(), listed["v100_32gb"])),
            ],
            "status": "computed",
        }
        shown, write = self.cost_axis, format_flops if self.cost_axis == "flops" else format_money
        known, yours = published[shown], [getattr(way, shown) for way in found]
        written = [write(value) for value in yours]
        own: Part = {
            "series": "your model",
            "label": written,
            "way": [way.way for way in found],
            "row": [0, 1, 2],
            "n_params": self.n_params,
            "n_tokens": [way.n_tokens for way in found],
            "flops": [way.flops for way in found],
            "gpu_hours": [way.gpu_hours for way in found],
            "usd": [way.usd for way in found],
            "status": "what_if",
        }
        traces = [
            marks.ticks(published, shown, "row", style.BLUE, "published runs", text=published["series"]),
            marks.points(own, shown, "row", style.AMBER, text=written),
        ]
        kind, axis_title = ("flops", "Training compute (FLOP)") if shown == "flops" else ("log_number", "Cloud cost (USD)")
        span = [*known, *yours]
        labels = list(domain_ways.WAYS.values())
        layout = intervals.rows(labels, kind, axis_title, row_height=60, x_range=(min(span) / 10, max(span) * 30), zero=None)
        if shown == "usd":
            layout["xaxis"] |= {"tickprefix": "$", "exponentformat": "B"}
        layout["annotations"] = [
            style.note(float(np.log10(value)), at, name, xanchor="left", xshift=8)
            for at, (name, value) in enumerate(zip(published["series"], known, strict=True))
        ] + [style.note(float(np.log10(value)), at, text, yshift=-18) for at, (value, text) in enumerate(zip(yours, written, strict=True))]
        scratch, continued, tuned = found
        unit = "FLOP" if shown == "flops" else "USD"
        headline = tuple(
            Headline(f"cost {label}", value, unit, text, shown) for label, value, text in zip(labels, yours, written, strict=True)
        )
        return Panel(
            title=f"{format_count(self.n_params, 'parameters')}: {written[0]} from scratch, {written[1]} continued, {written[2]} fine-tuned",
            headline=headline,
            figure=style.figure(traces, layout),
            parts=[own, published],
            caption=(
                f"Amber is your model by 6 N D, on {format_count(scratch.n_tokens)}, {format_count(continued.n_tokens)} and {format_count(tuned.n_tokens)} tokens: {format_count(scratch.gpu_hours)}, "
                f"{format_count(continued.gpu_hours)} and {format_count(tuned.gpu_hours)} GPU-hours; the last two leave out the base model. Blue is 6 N D, or the cloud cost of the reported hours at list price, of two "
                "published runs. The three do not give the same model: see the scores."
            ),
            alt=f"Three ways to a model of {format_count(self.n_params)} parameters: {written[0]}, {written[1]} and {written[2]}.",
            sources=(*PAPERS, Citation("aws_ec2")),
        )
