"""Stored trainings and the exact optimum, kept until their tables change, and trainings with other settings, kept in memory."""

import numpy as np
import pandas as pd

from analysis import tables
from analysis.background.once import Report, Shared, by_worker
from analysis.background.worker import Cancelled, WorkerError, shared_worker
from analysis.preference import objective, training
from analysis.transformer import model as models

FINE_BETAS = np.geomspace(50, 0.02, 80)

TRAININGS = Shared(most=32)
"""Trainings with other settings than the stored ones, kept for all readers of this server."""
MODELS = ("Pythia-2.8B", "GPT-J-6B", "Llama 2 7B", "Mistral 7B", "Llama 2 13B", "Llama 2 70B")


@tables.kept
def _stored(n_pairs: int, rows: int) -> tuple[dict, pd.DataFrame]:
    runs, answers = tables.load("preference_runs"), tables.load("preference_answers")
    found = training.summary(runs[runs["n_pairs"] == n_pairs])
    return found, answers[answers["n_pairs"] == n_pairs].reset_index(drop=True)


def stored(n_pairs: int) -> tuple[dict, pd.DataFrame]:
    """(summary, answers) of the precomputed runs on n_pairs preferences; read once for each state of the tables."""
    return _stored(n_pairs, len(tables.load("preference_runs")))


def trained(n_pairs: int, n_answers: int, flipped: float, show: Report | None = None) -> tuple[dict, pd.DataFrame]:
    """(summary, answers) of the three methods trained on preferences: the stored runs, or the worker's, once for all readers.

    show(done, total, words) is called while they are waited for. Raises ValueError with one sentence where they cannot be trained.
    """
    arguments = {"n_pairs": n_pairs, "n_answers": n_answers, "flipped": flipped}
    if n_pairs in training.STORED_PAIRS and {**training.DEFAULTS, "n_pairs": n_pairs} == {**training.DEFAULTS, **arguments}:
        return stored(n_pairs)

    def work(report: Report) -> tuple[dict, pd.DataFrame]:
        answer = by_worker(shared_worker(), "train_preferences", arguments, report)
        return training.summary(pd.DataFrame(answer["runs"])), pd.DataFrame(answer["answers"])

    try:
        return TRAININGS.get(tuple(arguments.values()), work, show)
    except (WorkerError, Cancelled) as problem:
        raise ValueError(str(problem)) from None


@tables.kept
def world(n_answers: int) -> objective.World:
    """The answers that everything here is trained on."""
    return objective.small_world(n_answers)


@tables.kept
def exact(n_answers: int) -> tuple[np.ndarray, np.ndarray]:
    """The closed-form frontier (KL, reward)."""
    return objective.frontier(world(n_answers), FINE_BETAS)


def known_models() -> list[str]:
    """The keys of MODELS whose architecture is in the table."""
    known = models.known()
    return [key for key in map(models.slug, MODELS) if key in known]
