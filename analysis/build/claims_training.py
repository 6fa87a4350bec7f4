"""Checks of claims on domain pretraining and preference tuning: see `analysis.build.claims`."""

from collections.abc import Callable

import numpy as np

from analysis import statistics, tables
from analysis.claims.verdicts import Check, close
from analysis.domain import data as domain_data
from analysis.preference import data as figures
from analysis.preference import stage_memory, training
from analysis.units import format_count, format_money, significant

SEVERAL_MILLION = 2e6
"""From here on a cost is called multi-million [USD]."""
READING_ERROR = 0.6
"""By how much a difference of two values that were measured off a figure may be wrong [points]."""


def bloomberg_tokens() -> Check:
    """Sums of the data mix by kind, against the statement and against the tokens that training used."""
    mix = tables.load("domain_mix").groupby("kind")["n_tokens"].sum()
    used = domain_data.facts_of("BloombergGPT")["n_tokens"]
    found = (
        f"the sources add up to {format_count(mix['domain'])} financial and {format_count(mix['general'])} general tokens; "
        f"the run used {format_count(used)} of them, {significant(100 * used / mix.sum(), 2)}%"
    )
    return Check("supported" if close(mix["domain"], 363e9, 0.005) and close(mix["general"], 345e9, 0.005) else "corrected", found)


def llama2_rounds() -> Check:
    """First and last round on both axes under both judges, with 95% intervals, and the falls in between."""
    rows = tables.load("preference_rounds").sort_values("round")
    rises, steps, words = [], [], []
    for judge, name in (("meta_rm", "Meta's reward models"), ("gpt4", "GPT-4")):
        mine = rows[rows["judge"] == judge]
        for axis in ("helpfulness", "harmlessness"):
            first, last = mine[axis].iloc[0], mine[axis].iloc[-1]
            _, top = statistics.wilson_interval(first / 100, mine[f"n_{axis}"].iloc[0])
            bottom, _ = statistics.wilson_interval(last / 100, mine[f"n_{axis}"].iloc[-1])
            rises.append(bool(bottom > top))
            steps += list(np.diff(mine[axis]))
            words.append(f"{axis} {first:.0f} to {last:.0f}% ({name})")
    falls = [step for step in steps if step < -READING_ERROR]
    found = f"{', '.join(words)}; {len(falls)} of {len(steps)} single steps fall by more than the reading error"
    if falls:
        found += f", one by {-min(falls):.0f} points"
    return Check("corrected" if not any(rises) else "supported" if all(rises) and not falls else "approximate", found)


def dpo_one_loss() -> Check:
    """DPO against reward model and policy gradient on the small set of answers, and the models that each keeps."""
    table, (KL, reward) = figures.stored(max(training.STORED_PAIRS))[0], figures.exact(training.DEFAULTS["n_answers"])
    short = {name: float((np.interp(table[name]["kl"], KL, reward) - table[name]["reward"]).max()) for name in ("dpo", "rlhf")}
    span = float(reward.max() - reward.min())
    models = {stage: len(stage_memory.ROLES[stage]) for stage in ("ppo", "dpo")}
    found = (
        f"trained on {max(training.STORED_PAIRS):,} preferences, DPO stays within {significant(short['dpo'], 2)} nats of "
        f"the best possible reward at its KL (of {significant(span, 3)}), reward model and policy gradient within "
        f"{significant(short['rlhf'], 2)}; DPO keeps {models['dpo']} models, PPO {models['ppo']}"
    )
    return Check("supported" if short["dpo"] < 0.05 * span and models["dpo"] < models["ppo"] else "approximate", found)


def adaptllm_cost() -> Check:
    """AdaptLLM's hours at list price against the 100 USD of the article."""
    hours, price = domain_data.adapt_hours(), domain_data.prices()["v100_32gb"]
    stated = domain_data.facts_of("AdaptLLM-7B")["article_usd"]
    cost = hours * price
    found = (
        f"32 V100 for 24 hours are {hours:.0f} GPU-hours, {format_money(cost)} at list price; {format_money(stated)} would need "
        f"{significant(stated / hours, 2)} USD an hour"
    )
    return Check("supported" if close(cost, stated, 0.5) else "corrected", found)


def bloomberg_millions() -> Check:
    """BloombergGPT's hours, and those of its budget, at the list price of its GPUs."""
    facts, price = domain_data.facts_of("BloombergGPT"), domain_data.prices()["a100_40gb"]
    run, budget = facts["gpu_hours"] * price, facts["budget_gpu_hours"] * price
    found = (
        f"{facts['gpu_hours']:,.0f} hours of an A100 with 40 GB are {format_money(run)} at the list price of 2023, "
        f"the {facts['budget_gpu_hours']:,.0f} of its budget {format_money(budget)}"
    )
    return Check("supported" if run >= SEVERAL_MILLION else "approximate" if budget >= SEVERAL_MILLION else "corrected", found)


CHECKS: dict[str, Callable[[], Check]] = {
    "bloomberg-tokens": bloomberg_tokens,
    "llama2-rlhf": llama2_rounds,
    "dpo-simplicity": dpo_one_loss,
    "bloomberg-adaptllm-cost": adaptllm_cost,
    "bloomberg-millions": bloomberg_millions,
}
"""The claims that are recomputed, by id."""
