"""How the numbers of the figures on domain pretraining come about."""

from dataclasses import replace
from typing import Any

from analysis import tables
from analysis.charts.explained import Steps
from analysis.charts.inputs import cell, fitted, origin_of_row, setting
from analysis.compute import costs
from analysis.domain import corpus_mix, ways
from analysis.domain.data import CHINCHILLA, fit, repeated
from analysis.domain.figures import Mix, Optimum, Repeat, Sizes
from analysis.domain.figures_cost import AXES, Cost, Ways, three
from analysis.scaling.chinchilla import FLOPS_PER_PARAM_TOKEN
from analysis.scaling.explained import FIT, fitted_law, traced_law
from analysis.scaling.published import RepeatedDataLaw
from analysis.trace import Traced, given, named

MODEL = "BloombergGPT"


def fact(quantity: str, symbol: str, meaning: str, model: str = MODEL) -> Any:
    """A printed fact about a model, traced."""
    rows = tables.load("domain_facts")
    row = rows[(rows["model"] == model) & (rows["quantity"] == quantity)].iloc[0].to_dict()
    return given(row["value"], symbol, meaning, row["unit"], origin_of_row(row))


def optimum(figure: Optimum) -> Steps:
    """The model's parameters over the optimum of the Chinchilla law that is nearest, and of the one that is farthest."""
    N, D = fact("n_params", "N", f"parameters of {MODEL}"), fact("n_tokens", "D", f"training tokens of {MODEL}")
    factor = setting(figure, "flops_per_param_token", "f", "FLOPs for each parameter and token")
    flops = named(costs.training_flops(N, D, factor), "C", "training compute of the run", "FLOP")
    ratios = [N / traced_law(key).compute_optimal(flops)[0] for key in ("fit", *CHINCHILLA)]
    least, most = min(ratios, key=float), max(ratios, key=float)
    return {
        "smallest size over a law's optimum": named(least, r"x_\text{min}", "smallest size over a law's optimum"),
        "largest size over a law's optimum": named(most, r"x_\text{max}", "largest size over a law's optimum"),
    }


def _plan(figure: Any) -> Traced:
    """The compute of the planned hours, less what is computed twice."""
    hours = setting(figure, "planned_gpu_hours", "h", "planned GPU-hours")
    rate = fact("flops_per_gpu_s", "R", f"rate that a GPU reached in {MODEL}'s run")
    return named(ways.flops_of_hours(hours, rate, corpus_mix.share_not_recomputed()), "C", "training compute of the plan", "FLOP")


def _corpus() -> list[Any]:
    """Financial and general tokens of the corpus, each as the sum over its sources."""
    rows = tables.load("domain_mix")
    found = []
    for kind, symbol, meaning in (("domain", "f", "financial tokens"), ("general", "g", "general tokens")):
        mine = rows[rows["kind"] == kind].to_dict("records")
        parts = [cell(row, "n_tokens", f"{symbol}_{{{at}}}", f"tokens of {row['part']}", "tokens") for at, row in enumerate(mine, 1)]
        found.append(named(sum(parts), f"D_{symbol}", meaning, "tokens"))
    return found


def _repeated() -> RepeatedDataLaw:
    """The refit with the value of repeated tokens, traced."""
    law = repeated(fit()[0])
    known = traced_law("muennighoff2023")
    return replace(law, base=fitted_law(law.base), R_D=known.R_D, R_N=known.R_N)


def sizes(figure: Sizes) -> Steps:
    """The tokens that the size sees, and its loss less that of the model as it was."""
    flops, law, corpus = _plan(figure), _repeated(), _corpus()
    size, own = setting(figure, "n_params", "N"), fact("n_params", "N_0", f"parameters of {MODEL}")
    tokens = [
        named(flops / (FLOPS_PER_PARAM_TOKEN * N), symbol, f"tokens for {of}", "tokens")
        for N, symbol, of in (
            (size, "D", "the size"),
            (own, "D_0", MODEL),
        )
    ]
    losses = [corpus_mix.mixed_loss(law, N, D, *corpus) for N, D in zip((size, own), tokens, strict=True)]
    apart = abs(losses[0] - losses[1])
    return {
        "tokens that the size could see": tokens[0],
        "loss between the size and 50.6 B": named(apart, r"\Delta L", "loss between the size and 50.6 B", "nats"),
    }


def mix(_: Mix) -> Steps:
    """The sums over the sources, and the share of the largest."""
    financial, general = _corpus()
    web = max(financial.walk(), key=lambda one: (one.operation == "value", float(one)))
    return {
        "financial tokens": financial,
        "tokens of the corpus": named(financial + general, "D", "tokens of the corpus", "tokens"),
        "share of the web in the financial tokens": named(web / financial, "s", "share of the web in the financial tokens"),
    }


def repeat(figure: Repeat) -> Steps:
    """How often the best size reads the domain text."""
    law, corpus = repeated(fit()[0]), (figure.domain_tokens, figure.general_tokens)
    flops = _plan(figure)
    N, _ = corpus_mix.best_size(law, float(flops), *corpus, figure.domain_weight)
    best = fitted(N, "N", "best size", "parameters", "found numerically, as told below")
    D = named(flops / (FLOPS_PER_PARAM_TOKEN * best), "D", "its training tokens", "tokens")
    own = setting(figure, "domain_tokens", "D_d"), setting(figure, "general_tokens", "D_g"), setting(figure, "domain_weight", "w")
    return {"passes over the domain text": named(corpus_mix.passes(D, *own)[0], "p", "passes over the domain text")}


def cost(figure: Cost) -> Steps:
    """The cloud cost of both runs, and the first over the second."""
    rents = [
        named(
            ways.rental(setting(figure, hours, f"h_\\text{{{mark}}}"), setting(figure, price, f"p_\\text{{{mark}}}", unit="USD/h")),
            f"M_\\text{{{mark}}}",
            f"cloud cost of {name}",
            "USD",
        )
        for name, mark, hours, price in (
            (MODEL, "B", "bloomberg_gpu_hours", "a100_usd_per_hour"),
            ("AdaptLLM", "A", "adapt_gpu_hours", "v100_usd_per_hour"),
        )
    ]
    over = named(rents[0] / rents[1], "x", "cloud cost of BloombergGPT over that of AdaptLLM")
    return {
        f"cloud cost of {MODEL}": rents[0],
        "cloud cost of AdaptLLM": rents[1],
        "cloud cost of BloombergGPT over that of AdaptLLM": over,
    }


def ways_(figure: Ways) -> Steps:
    """FLOPs or rent of the three ways."""
    found = three(
        setting(figure, "n_params", "N"),
        setting(figure, "domain_tokens", "D_d"),
        setting(figure, "general_tokens", "D_g"),
        setting(figure, "tuning_tokens", "D_t"),
        setting(figure, "tuning_epochs", "e"),
        setting(figure, "flops_per_gpu_s", "R"),
        setting(figure, "usd_per_gpu_hour", "p", unit="USD/h"),
    )
    unit = "FLOP" if figure.cost_axis == "flops" else "USD"
    return {
        f"cost {ways.WAYS[way.way]}": named(
            getattr(way, figure.cost_axis), rf"M_\text{{{ways.WAYS[way.way]}}}", f"{AXES[figure.cost_axis]} {ways.WAYS[way.way]}", unit
        )
        for way in found
    }


STEPS = {"ways": ways_}
WORDS = {
    "optimum": (*FIT, "Only Chinchilla's own laws and the refit are in the title; Kaplan's is drawn beside them."),
    "sizes": (
        *FIT,
        "Repeated tokens and excess parameters are worth less by the law of Muennighoff et al., taken for both parts of the corpus.",
    ),
    "repeat": (
        "At the budget every size N sees D = C / (6 N) tokens, drawn from both parts of the corpus. Their expected loss is that of the refit, with repeated tokens and excess parameters worth less by the law of Muennighoff et al.",
        "The best size has the least loss. It is found numerically on three ever finer grids over the logarithm of N, and by the parabola through the lowest points.",
        *FIT,
    ),
    "scores": (
        "Scores are as printed. On each task the model is ahead where its score is above that of every rival that has one; ties do not count as ahead.",
    ),
    "routes": ("Scores are as printed, one for each task. A mean is over the five tasks, each with the same weight.",),
}
