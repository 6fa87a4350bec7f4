"""Stored trainings and the exact optimum, kept until their tables change."""

import numpy as np
import pandas as pd

from analysis import tables
from analysis.preference import objective, training

FINE_BETAS = np.geomspace(50, 0.02, 80)

MODELS = ("Pythia-2.8B", "GPT-J-6B", "Llama 2 7B", "Mistral 7B", "Llama 2 13B", "Llama 2 70B")


@tables.kept
def _stored(n_pairs: int, rows: int) -> tuple[dict, pd.DataFrame]:
    runs, answers = tables.load("preference_runs"), tables.load("preference_answers")
    found = training.summary(runs[runs["n_pairs"] == n_pairs])
    return found, answers[answers["n_pairs"] == n_pairs].reset_index(drop=True)


def stored(n_pairs: int) -> tuple[dict, pd.DataFrame]:
    """(summary, answers) of the precomputed runs on n_pairs preferences; read once for each state of the tables."""
    return _stored(n_pairs, len(tables.load("preference_runs")))


@tables.kept
def world(n_answers: int) -> objective.World:
    """The answers that everything here is trained on."""
    return objective.small_world(n_answers)


@tables.kept
def exact(n_answers: int) -> tuple[np.ndarray, np.ndarray]:
    """The closed-form frontier (KL, reward)."""
    return objective.frontier(world(n_answers), FINE_BETAS)


def known_models() -> list[str]:
    """The models of MODELS whose architecture is in the table."""
    names = set(tables.load("models")["model"])
    return [name for name in MODELS if name in names]
