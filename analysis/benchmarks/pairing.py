"""Two models side by side: on which scores they may be compared, each benchmark counted once, and who is ahead."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.benchmarks import comparison

SHARED = ("label", "group", "shots", "setting", "metric", "scoring", "unit")
"""Columns that both scores of a pair have in common."""
PAIR = ["benchmark", *SHARED, "score_a", "score_b", "difference", "error", "better", "source_a", "source_b", "location_a", "location_b",
        "verified_a", "verified_b", "one_report", "status", "reasons"]  # fmt: skip
"""The columns of `pairs`."""


@dataclass(frozen=True)
class HeadToHead:
    """Two models on the benchmarks that they share under one setting.

    wins, ties, losses: of the first model. refused: shared benchmarks without a comparable pair. rows: what `pairs` returns.
    """

    wins: int
    ties: int
    losses: int
    refused: int
    rows: pd.DataFrame


def head_to_head(scores: pd.DataFrame, model_a: str, model_b: str, reports: Sequence[str] = (), place: str = "") -> HeadToHead:
    """Wins, ties and losses of model_a against model_b over the benchmarks that they share under one setting (`pairs`).

    reports, place: only scores printed there. Better is higher or lower as the metric says. No weight is given to how large a
    difference is.

    Raises ValueError for a model without scores there.
    """
    part = scores[scores["source"].isin(list(reports))] if len(reports) else scores
    rows = pairs(part[part["location"] == place] if place else part, model_a, model_b)
    count = rows.loc[rows["status"] == "compared", "better"].value_counts()
    wins, ties, losses = (int(count.get(name, 0)) for name in ("a", "tie", "b"))
    return HeadToHead(wins, ties, losses, int((rows["status"] == "refused").sum()), rows)


def pairs(scores: pd.DataFrame, model_a: str, model_b: str) -> pd.DataFrame:
    """Two models on every benchmark and setting that they share, one row each; refused benchmarks have no scores.

    A benchmark counts once under one setting, by its usual metric where there are several; a setting that is not stated is no other one
    than those that are. A whole counts, or its parts, never both: an average stands aside for its members, and other parts for
    their whole. Where several reports fit, two scores of one table go first, then two of one report, then any with the same setting.
    Spreads and other metrics without a better direction are left out, and losses per token where the tokenizers differ.

    Columns: benchmark, label, group, shots, setting, metric, scoring, unit, score_a, score_b, difference (a minus b), error (standard
    error of the difference in per cent, as of independent draws of the questions; NaN where unknown), better ("a", "b", "tie"), source,
    location and verified with _a and _b, one_report, status ("compared", "from memory": nobody has seen one of the two, and it counts
    for nothing, or "refused"), reasons.

    Raises ValueError for a model without scores, or twice the same.
    """
    both = couples(scores, model_a, model_b)
    seen = (both["verified_a"] > 0) & (both["verified_b"] > 0)
    fits = both["verdict"] == "same"
    compared = counted_once(both[fits & seen])
    recalled = counted_once(both[fits & ~seen & ~both["benchmark"].isin(parts_and_wholes(compared))])
    refused = both[~both["benchmark"].isin(both.loc[fits, "benchmark"])].sort_values("near", ascending=False, kind="stable")
    refused = refused.drop_duplicates("benchmark").assign(score_a=np.nan, score_b=np.nan, difference=np.nan, error=np.nan, better="")
    parts = [
        compared.assign(status="compared", reasons=""),
        recalled.assign(status="from memory", reasons=""),
        refused.assign(status="refused"),
    ]
    # Left out where empty, because an empty frame would change the types of the others.
    filled = [part for part in parts if len(part)] or parts[:1]
    return pd.concat([part.rename(columns={f"{name}_a": name for name in SHARED})[PAIR] for part in filled], ignore_index=True)


def couples(scores: pd.DataFrame, model_a: str, model_b: str) -> pd.DataFrame:
    """Every score of one model beside every score of another on the same benchmark, with the verdict of `comparison.comparable`.

    Left out are metrics without a better direction. Adds one_report, near (2: of one table, 1: of one report, 0), difference, error and
    better, as in `pairs`.
    """
    for name, model in (("model_a", model_a), ("model_b", model_b)):
        if not (scores["model"] == model).any():
            raise ValueError(f"{name} must be a model with scores, got {model!r}")
    if model_a == model_b:
        raise ValueError(f"model_b must be another model than model_a, got {model_b!r} twice")
    directed = scores[scores["higher_is_better"].notna()]
    both = directed[directed["model"] == model_a].merge(directed[directed["model"] == model_b], on="benchmark", suffixes=("_a", "_b"))
    both["benchmark_a"] = both["benchmark_b"] = both["benchmark"]
    both = pd.concat([both, comparison.judge(both)], axis=1)
    one_tokenizer = (both["tokenizer_a"] == both["tokenizer_b"]) & (both["tokenizer_a"] != "")
    apart = both["per_token_a"].astype(bool) & ~one_tokenizer & (both["verdict"] == "same")
    both = both.assign(verdict=both["verdict"].mask(apart, "different"), reasons=both["reasons"].mask(apart, "tokenizer"))
    one_report = both["source_a"] == both["source_b"]
    difference = (both["score_a"] - both["score_b"]).round(10)
    sign = both["higher_is_better_a"].map({0: -1.0, 1: 1.0}) * np.sign(difference)
    return both.assign(
        one_report=one_report,
        near=one_report.astype(int) + (one_report & (both["location_a"] == both["location_b"])),
        difference=difference,
        error=np.hypot(both["error_a"], both["error_b"]),
        better=np.select([sign > 0, sign < 0], ["a", "b"], "tie"),
    )


def counted_once(fits: pd.DataFrame) -> pd.DataFrame:
    """The pairs of `couples` that count: one for each benchmark and setting, and a whole or its parts."""
    one_side = fits.rename(columns={f"{name}_a": name for name in ("group", "shots", "setting", "scoring")})
    open_shots = comparison.unstated(one_side)["shots"] & (fits["setting_a"] == "").to_numpy()
    fits = fits.assign(
        under=fits["shots_a"].astype(str) + "|" + fits["setting_a"],
        usual=fits["metric_a"] == fits["usual_metric_a"],
        stated=fits["scoring_a"] != comparison.UNKNOWN,
    )
    fits = fits[~open_shots | ~fits["benchmark"].isin(fits.loc[~open_shots, "benchmark"])]
    order = ["benchmark", "usual", "near", "stated", "source_a"]
    fits = fits.sort_values(order, ascending=[True, False, False, False, True], kind="stable").drop_duplicates(["benchmark", "under"])
    return fits[fits["benchmark"].isin(whole_or_parts(fits))]


def whole_or_parts(rows: pd.DataFrame) -> set[str]:
    """The benchmarks of `rows` that count when a whole and its parts may not both: no part of a benchmark that is there, and no average
    that has a member there, by itself or in another average. Columns: benchmark, group_a, members_a."""
    about = rows.drop_duplicates("benchmark").set_index("benchmark")
    members = {name: set(filter(None, text.split(";"))) for name, text in about["members_a"].items()}
    single = [name for name in about.index if about.at[name, "group_a"] != "averages"]
    inside = set().union(*(members[name] for name in single))
    kept = set(single) - inside
    covered = {*single, *inside}
    for name in about.index:
        if name not in single and not members[name] & covered:
            kept.add(name)
            covered |= members[name]
    return kept


def parts_and_wholes(rows: pd.DataFrame) -> set[str]:
    """The benchmarks of `rows` and all parts of them."""
    inside: Iterable[str] = ";".join(rows["members_a"]).split(";")
    return {*rows["benchmark"], *inside}
