"""All reported scores in one table, and how they are filtered and chosen."""

import re
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd

from analysis import tables
from analysis.benchmarks import comparison, disagreement, pairing
from analysis.transformer.model import slug

SCORE_TABLES = tuple(f"{name}_scores" for name in ("llama2", "mistral", "small_models", "alignment", "bloomberggpt", "qlora", "vision"))
JOINED_TO = ("score_models", "benchmarks", "score_metrics", "score_reports")
SIZES = {
    "up to 3B": (0.0, 3e9),
    "3B to 10B": (3e9, 1e10),
    "10B to 40B": (1e10, 4e10),
    "over 40B": (4e10, np.inf),
}
SHOWN = 12
"""Models and benchmarks that the heat map picks when only filters are set."""


def all_scores(vision: bool = False) -> pd.DataFrame:
    """Every reported score (`benchmarks.join`), with printed_value, what stood there before corrections; vision: with the vision papers."""
    return _joined(vision).copy(deep=False)  # copy-on-write keeps the joined frame as it is


@tables.kept
def _joined(vision: bool) -> pd.DataFrame:
    names = [name for name in SCORE_TABLES if vision or name != "vision_scores"]
    rows = [tables.load(name).assign(printed_value=tables.load(name, corrected=False)["value"]) for name in names]
    return comparison.join(rows, *map(tables.load, JOINED_TO))


def keyed(names: Iterable[str]) -> dict[str, str]:
    """Names by their keys in an address, sorted without regard to capitals; of two names with one key the second keeps its capitals.

    >>> keyed(["ViT-g/14", "ViT-G/14", "LLaMA 7B + Alpaca"])
    {'llama-7b-plus-alpaca': 'LLaMA 7B + Alpaca', 'vit-g-14': 'ViT-G/14', 'ViT-g-14': 'ViT-g/14'}
    """
    found: dict[str, str] = {}
    for name in sorted(set(names), key=lambda name: (name.lower(), name)):
        plain = name.replace("+", " plus ")
        key = slug(plain)
        found[key if key not in found else "-".join(filter(None, re.split("[^A-Za-z0-9.]+", plain)))] = name
    return found


@tables.kept
def model_names(vision: bool = False) -> Mapping[str, str]:
    """Name of each model with a score by its key."""
    return keyed(all_scores(vision)["model"])


@tables.kept
def benchmark_labels(vision: bool = False) -> Mapping[str, str]:
    """Label of each benchmark with a score, in the order of the table benchmarks."""
    reported, labels = set(all_scores(vision)["benchmark"]), tables.load("benchmarks").set_index("benchmark")["label"]
    return {name: labels[name] for name in labels.index if name in reported}


@tables.kept
def sized_labels() -> Mapping[str, str]:
    """Label of each benchmark that models of several sizes share (`with_sizes`)."""
    sized = with_sizes(all_scores())
    return {name: label for name, label in benchmark_labels().items() if name in sized}


@tables.kept
def report_labels() -> Mapping[str, str]:
    """Label of each work that reports scores, by its id."""
    sources = set(all_scores()["source"])
    return {source: label for source, label in tables.load("score_reports").set_index("source")["label"].items() if source in sources}


@tables.kept
def group_names() -> Mapping[str, str]:
    """Kinds of benchmarks by their keys, without the vision papers'."""
    return {slug(name): name for name in tables.load("benchmarks")["group"].unique() if name != "vision"}


@tables.kept
def family_names() -> Mapping[str, str]:
    """Families of models by their keys."""
    return keyed(all_scores()["family"])


def size_filter(scores: pd.DataFrame, sizes: Sequence[str]) -> pd.DataFrame:
    """The scores of models in one of the ranges of SIZES; all scores where none is named."""
    if not len(sizes):
        return scores
    keep = pd.Series(False, index=scores.index)
    for name in sizes:
        low, high = SIZES[name]
        keep |= (scores["n_params"] > low) & (scores["n_params"] <= high)
    return scores[keep]


def filtered(scores: pd.DataFrame, groups=(), papers=(), families=(), variants=(), sizes: Sequence[str] = ()) -> pd.DataFrame:
    """The scores that pass the page's filters (`benchmarks.choose`, `size_filter`)."""
    return size_filter(comparison.choose(scores, groups, papers, families, variants), sizes)


@tables.kept
def report_pairs(picked: tuple = ()) -> pd.DataFrame:
    """Every two reports of one thing (`disagreement.report_pairs`) among the scores that pass the filters in `picked` (see `filtered`)."""
    return disagreement.report_pairs(filtered(all_scores(), *picked))


@tables.kept
def gap_summary() -> dict[str, float]:
    """Pairs of reports, and their gaps under the same and under different settings, over all scores."""
    table = disagreement.summary(report_pairs())
    return {
        "n_same": table.loc["same", "n"],
        "same": table.loc["same", "median"],
        "largest": table.loc["same", "largest"],
        "n_different": table.loc["different", "n"],
        "different": table.loc["different", "median"],
        "n_pairs": table["n"].sum(),
    }


@tables.kept(most=64)
def paired(model_a: str, model_b: str, reports: tuple[str, ...] = (), place: str = "") -> pairing.HeadToHead:
    """Two models on all scores that compare, or on those of some reports, or of one place in them: for pages, cards and claims alike.

    Raises ValueError for a model without scores there, or twice the same.
    """
    return pairing.head_to_head(all_scores(), model_a, model_b, reports, place)


@tables.kept(most=64)
def shared_places(model_a: str, model_b: str, reports: tuple[str, ...]) -> Mapping[str, str]:
    """The tables and figures of these reports in which both models have scores, by their keys."""
    part = all_scores()
    part = part[part["source"].isin(reports)]
    first, second = (set(part.loc[part["model"] == model, "location"]) for model in (model_a, model_b))
    return keyed(first & second)


def with_sizes(scores: pd.DataFrame, least: int = 3) -> set[str]:
    """Benchmarks that models of at least so many sizes share under one setting."""
    part = scores[scores["n_params"].notna() & (scores["verified"] > 0)].assign(key=comparison.setting_keys)
    shared = part.groupby(["benchmark", "key"])["n_params"].nunique()
    return set(shared.index[shared >= least].get_level_values("benchmark"))


def widest_settings(part: pd.DataFrame) -> pd.DataFrame:
    """The setting (key) of each benchmark that models of most families share (`comparison.common_settings`), values from memory aside."""
    return comparison.common_settings(part[part["verified"] > 0], ("family", "model"))


def with_points(scores: pd.DataFrame) -> set[str]:
    """Benchmarks for which score against size has something to draw: a model of known size under the setting of `widest_settings`.

    Values from memory do not count.
    """
    part = scores[(scores["group"] != "vision") & (scores["verified"] > 0)]
    if part.empty:
        return set()
    part = part.assign(key=comparison.setting_keys)
    common = widest_settings(part)["key"]
    known = part["n_params"].notna() & (part["key"] == part["benchmark"].map(common))
    return set(part.loc[known, "benchmark"])


def most_reported(scores: pd.DataFrame, column: str, n: int = SHOWN) -> list[str]:
    """The n models ("model") or benchmarks ("benchmark") that most works report, and among equals those with most partners."""
    part = scores[(scores["unit"] == "percent") & (scores["group"] != "averages")]
    if column == "model":
        part = part[part["variant"] != "other"]
    other = "benchmark" if column == "model" else "model"
    rank = part.groupby(column).agg(works=("source", "nunique"), partners=(other, "nunique"))
    return list(rank.sort_values(["works", "partners"], ascending=False, kind="stable").index[:n])
