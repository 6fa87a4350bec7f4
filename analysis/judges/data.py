"""Released verdicts and stored ratings, kept until their tables change, and replays by other rules, kept in memory."""

import numpy as np
import pandas as pd

from analysis import tables
from analysis.background.once import Report, Shared, by_worker, digest
from analysis.background.worker import Cancelled, WorkerError, shared_worker
from analysis.judges import bradley_terry, elo, power, verdicts

TIES = {"davidson": "modelled (Davidson)", "half": "half a win each", "dropped": "left out"}
PAPER = "dettmers2023"
SURE = 0.975
"""Share of resamples from which on one model counts as above another: a two-sided test at 95%."""

BENCHMARKS = {"vicuna": "Vicuna", "oa": "Open Assistant"}
POWER = 0.8
ORDERINGS = 10_000
REPLAYS = Shared(most=6)
"""Ratings by other rules than the paper's, kept for all readers of this server: there are six sets of rules."""


def stored_orderings(benchmark: str) -> np.ndarray:
    """The 10,000 stored ratings of a tournament by the paper's rules; shape (orderings, models), models sorted by name."""
    table = tables.load("judge_orderings")
    names = sorted(set(table.columns) - {"benchmark"})
    return table.loc[table["benchmark"] == benchmark, names].dropna(axis="columns").to_numpy()


def replayed(benchmark: str, ties: str, used: str, show: Report | None = None) -> np.ndarray:
    """Ratings over 10,000 orderings, shape (orderings, models): the stored ones, or for other rules than the paper's the worker's.

    ties: "half" or "dropped". used: "all" usable verdicts, or those that are "consistent" in both orders of the answers.
    show(done, total, words) is called while they are waited for. In the worker, since a replay is a hundred thousand small steps, and in
    the server each would wait for the charts of other readers. Raises ValueError with one sentence where there is no answer.
    """
    if (ties, used) == ("half", "all"):
        return stored_orderings(benchmark)
    played = released(benchmark)
    arguments = elo.request(verdicts.consistent(played) if used == "consistent" else played, ORDERINGS, ties)
    try:
        return REPLAYS.get(
            (fingerprint(benchmark), ties, used),
            lambda report: np.array(by_worker(shared_worker(), "replay_elo", arguments, report)),
            show,
        )
    except (WorkerError, Cancelled) as problem:
        raise ValueError(str(problem)) from None


def fitted_ratings(benchmark: str, ties: str, position: str) -> pd.DataFrame:
    """The rows of judge_ratings for one set of rules, the highest rating first."""
    rows = tables.load("judge_ratings")
    rows = rows[(rows["benchmark"] == benchmark) & (rows["ties"] == ties) & (rows["position"] == position)]
    if rows.empty:
        raise ValueError(f"there are no ratings for benchmark {benchmark!r}, ties {ties!r}, position {position!r}")
    return rows.sort_values("rank", ignore_index=True)


@tables.kept
def printed_elo(benchmark: str, judge: str = "gpt4") -> pd.DataFrame:
    """The printed ratings; where two tables print the same value for a model, the first is kept."""
    rows = tables.load("judge_reported")
    rows = rows[(rows["quantity"] == "elo") & (rows["benchmark"] == benchmark) & (rows["judge"] == judge)]
    return rows.drop_duplicates(["model", "value"]).reset_index(drop=True)


def compared(benchmark: str, spread: pd.DataFrame) -> pd.DataFrame:
    """The rows of `elo.spread` with the printed rating (of Table 7) and the difference to it; NaN where none is printed."""
    printed = printed_elo(benchmark).drop_duplicates("model", keep="last").set_index("model")["value"]
    table = spread.assign(label=spread["model"].map(labels()), printed=spread["model"].map(printed))
    return table.assign(difference=table["mean"] - table["printed"])


@tables.kept
def labels() -> dict[str, str]:
    """Name of each model on charts."""
    return tables.load("judge_models").set_index("model")["label"].to_dict()


@tables.kept
def released(benchmark: str) -> verdicts.Tournament:
    """The released verdicts on a benchmark."""
    return verdicts.tournament(tables.load("judge_verdicts"), benchmark)


@tables.kept
def fingerprint(benchmark: str) -> str:
    """A key of the released verdicts on a benchmark, for what is computed from them once."""
    played = released(benchmark)
    return digest((played.models, played.prompts, played.outcome))


@tables.kept
def effects(benchmark: str) -> pd.DataFrame:
    """The rows of judge_effects for a benchmark, by quantity."""
    rows = tables.load("judge_effects")
    return rows[rows["benchmark"] == benchmark].set_index("quantity")


@tables.kept
def fitted(benchmark: str) -> bradley_terry.Strengths:
    """The stored fit with ties as an outcome of their own and an order effect; models sorted by name."""
    rows = tables.load("judge_ratings")
    rows = rows[(rows["benchmark"] == benchmark) & (rows["ties"] == "davidson") & (rows["position"] == "fitted")].sort_values("model")
    found, scale = effects(benchmark)["value"], bradley_terry.ELO_PER_LOG_ODDS
    return bradley_terry.Strengths((rows["rating"].to_numpy() - 1000) / scale, found["order"] / scale, found["log_tie"])


@tables.kept
def observed_pairs(benchmark: str, confidence: float) -> pd.DataFrame:
    """`power.observed_pairs` under the stored fit."""
    return power.observed_pairs(released(benchmark), fitted(benchmark), confidence, POWER)
