"""Facts, laws and prices of domain pretraining, kept until their tables change."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from analysis import tables
from analysis.compute.data import published_models
from analysis.scaling import chinchilla, resampling
from analysis.scaling import published as scaling_published
from analysis.scaling.data import published, released_fit

AXIS = np.geomspace(1e22, 3e24, 11)
CHINCHILLA = ("hoffmann2022_approach1", "hoffmann2022_approach2", "hoffmann2022_approach3")
"""The laws of the Chinchilla paper; the refit of its runs is held beside them."""


def facts() -> Mapping[str, float]:
    """What the paper prints about BloombergGPT, by quantity."""
    return facts_of("BloombergGPT")


@tables.kept
def laws() -> dict:
    """The published laws by id, read once."""
    return published()


@tables.kept
def fit() -> tuple[chinchilla.ScalingLaw, pd.DataFrame, pd.DataFrame]:
    """(law, resamples, interval on AXIS) of the refit of the released runs, read once."""
    law, resamples = released_fit(5)
    return law, resamples, resampling.optimum_bands(resamples, AXIS)


def optimal_sizes(C: float) -> dict[str, float]:
    """The optimal number of parameters at a compute [FLOP] by the refit ("fit") and each law of CHINCHILLA, by id."""
    drawn = {"fit": fit()[0]} | {law_id: laws()[law_id] for law_id in CHINCHILLA}
    return {law_id: float(law.compute_optimal(C)[0]) for law_id, law in drawn.items()}


@tables.kept
def other_models() -> pd.DataFrame:
    """The runs that stand beside BloombergGPT, read once."""
    models = published_models()
    return models[models["model"].isin(["GPT-3 175B", "BLOOM 176B", "GPT-NeoX-20B", "Chinchilla 70B"])]


def repeated(law) -> scaling_published.RepeatedDataLaw:
    """A Chinchilla law with the value of repeated tokens and excess parameters of [muennighoff2023]."""
    known = laws()["muennighoff2023"]
    return scaling_published.RepeatedDataLaw(law, known.R_D, known.R_N)


@tables.kept
def corpus_tokens() -> tuple[float, float]:
    """(financial, general) tokens of the corpus, added up over its sources; the paper rounds them to 363 and 345 billion."""
    total = tables.load("domain_mix").groupby("kind")["n_tokens"].sum()
    return float(total["domain"]), float(total["general"])


@tables.kept
def facts_of(model: str) -> dict[str, float]:
    """What papers print about a model in the table domain_facts, by quantity."""
    rows = tables.load("domain_facts")
    return rows[rows["model"] == model].set_index("quantity")["value"].to_dict()


def adapt_hours() -> float:
    """GPU-hours of AdaptLLM-7B: GPUs times hours."""
    printed = facts_of("AdaptLLM-7B")
    return printed["n_gpus"] * printed["hours"]


def adapt_tokens() -> float:
    """Training tokens of AdaptLLM-7B: steps times batch times length."""
    printed = facts_of("AdaptLLM-7B")
    return printed["steps"] * printed["batch"] * printed["seq_len"]


@tables.kept
def prices() -> dict[str, float]:
    """List prices [USD per GPU-hour] of the devices that the two runs used, by id."""
    return tables.load("gpus").set_index("id")["price_usd_per_hour"][["a100_40gb", "v100_32gb"]].to_dict()


@tables.kept
def base_model() -> tuple[float, float, float]:
    """(parameters, GPU-hours, list price of its device) of LLaMA 7B, on which AdaptLLM stands; read once."""
    run = tables.load("models_training").set_index("model").loc["LLaMA 7B"]
    return float(run["n_params"]), float(run["gpu_hours"]), float(tables.load("gpus").set_index("id").loc[run["gpu"], "price_usd_per_hour"])
