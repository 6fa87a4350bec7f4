"""The numbers behind the verdicts on small models, and on ConvNets against vision transformers."""

from collections.abc import Callable

from analysis import tables
from analysis.claims.verdicts import Check, close
from analysis.convnets_vits import data as vision
from analysis.convnets_vits import equal_compute
from analysis.small_models import comparisons
from analysis.transformer import count_params, shape_of_model
from analysis.units import format_count, format_flops

LEVEL = 0.95
EQUAL_WITHIN = 1.5
"""Pretraining hours count as equal within this factor."""


def selfinstruct_seeds() -> Check:
    """The seed tasks of Self-Instruct, and what grew from them."""
    facts = comparisons.facts_of(tables.load("small_models_facts"), "self_instruct")
    grown = facts["instructions"] / facts["seed_tasks"]
    found = f"{facts['seed_tasks']:.0f} seed tasks, from which {facts['instructions']:,.0f} instructions grew, {grown:.0f} for each"
    return Check("supported" if facts["seed_tasks"] == 175 else "corrected", found)


def lima_preferred() -> Check:
    """LIMA against Alpaca 65B by human preference, and who wrote Alpaca's examples."""
    table = tables.load("small_models_facts")
    prompts = comparisons.fact(table, "lima", "test_prompts")
    rows = comparisons.preferences(tables.load("alignment_scores"), "lima_human")
    row = comparisons.preference_intervals(rows, prompts, LEVEL).set_index("rival").loc["Alpaca 65B"]
    alpaca = table[table["work"] == "alpaca"].set_index("fact")
    writer, examples = alpaca.loc["generator", "text"], alpaca.loc["instructions", "value"]
    found = (
        f"better in {row['win']:.0f}%, worse in {row['loss']:.0f}% of {prompts:.0f} prompts: preferred in {row['share']:.0%} of those "
        f"decided (95% {row['low']:.0%} to {row['high']:.0%}); the {examples:,.0f} examples were written by {writer}"
    )
    return Check("corrected" if row["low"] <= 0.5 else "supported" if writer == "ChatGPT" else "approximate", found)


def convnets_match() -> Check:
    """NFNets beside ViTs at about equal hours, with intervals from the test images."""
    images = vision.facts()["imagenet_validation_images"]
    pairs = equal_compute.differences(vision.reported(LEVEL), "hours_v4", EQUAL_WITHIN, images, LEVEL)
    rows = vision.reported(LEVEL)
    least, most = pairs["difference"].min(), pairs["difference"].max()
    told = int(pairs["tells"].sum())
    found = (
        f"within a factor of {EQUAL_WITHIN} in TPU v4 hours, the error of the ConvNet minus that of the ViT "
        f"in {len(pairs)} pairs is {least:+.1f} to "
        f"{most:+.1f} points, and 50,000 test images can tell {told} of them apart; errors are {rows['error'].min():.2f} to "
        f"{rows['error'].max():.2f}%"
    )
    behind = bool((pairs["tells"] & (pairs["difference"] > 0)).any())
    return Check("corrected" if behind or pairs.empty else "supported", found)


def convnets_budget() -> Check:
    """The largest budget, and whether 8 epochs of the data fit into it."""
    facts = vision.facts()
    seen = facts["epoch_budget_max"] * facts["jft4b_images"]
    flops = float(3 * vision.counted("NFNet-F7+", int(facts["train_resolution"])).flops * seen)
    found = (
        f"{facts['compute_budget_max']:,.0f} TPU v4 core hours on {format_count(facts['jft4b_images'])} images; "
        f"{facts['epoch_budget_max']:.0f} epochs of NFNet-F7+ are {format_flops(flops)}, {vision.reached():.0%} of the peak of those hours"
    )
    exact = facts["compute_budget_max"] == 110_000 and facts["jft4b_images"] == 4e9
    return Check("supported" if exact and vision.reached() < 1 else "corrected", found)


def phi_sizes() -> Check:
    """Parameters counted against the sizes in print, with both embedding matrices and with one."""
    models, stated = tables.load("models"), {"phi-1": 1.3e9, "phi-1.5": 1.3e9, "phi-2": 2.7e9}
    shapes = {name: shape_of_model(name, models) for name in stated}
    both = {name: count_params(shape).total for name, shape in shapes.items()}
    one = {name: both[name] - shape.vocab_size * shape.d_model for name, shape in shapes.items()}
    found = ", ".join(f"{name} {format_count(size)}" for name, size in both.items()) + " counted; with one embedding matrix instead of two "
    found += ", ".join(map(format_count, one.values()))
    holds = [all(close(counts[name], size) for name, size in stated.items()) for counts in (both, one)]
    return Check("supported" if holds[0] else "approximate" if holds[1] else "corrected", found)


CHECKS: dict[str, Callable[[], Check]] = {
    "selfinstruct-175": selfinstruct_seeds,
    "lima-1k": lima_preferred,
    "phi-sizes": phi_sizes,
    "convnets-match": convnets_match,
    "convnets-compute": convnets_budget,
}
"""The claims of these two pages that are recomputed, by id."""
