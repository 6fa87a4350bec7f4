"""One model, one benchmark, several reports: how far they are apart, and whether the setting explains it."""

import numpy as np
import pandas as pd

from analysis.benchmarks.comparison import QUOTED, describe_setting, judge

SCALES = {"accuracy": "right answers", "exact_match": "right answers"}
"""Metrics that count the same thing by different rules are held against each other, and the rule is a reason."""
LEFT_OUT = ("vision", "routing", "style", "preference", "perplexity")
"""Groups of benchmarks that only one report has, or that compare data rather than models."""


def reports(scores: pd.DataFrame) -> pd.DataFrame:
    """The scores that count as reports of their own.

    Left out: quoted ones, values from memory, parts of a benchmark, and repetitions in one work.
    """
    part = scores[~scores["evaluator"].isin(QUOTED) & (scores["verified"] > 0)]
    part = part[~part["setting"].str.contains("contaminated|clean questions")]
    part = part[(part["unit"] == "percent") & ~part["group"].isin(LEFT_OUT) & part["metric"].isin([*SCALES, "pass@1", "f1", "average"])]
    part = part.drop_duplicates(["source", "model", "benchmark", "shots", "setting", "metric", "scoring", "score"])
    return part.assign(scale=part["metric"].map(lambda metric: SCALES.get(metric, metric)))


def report_pairs(scores: pd.DataFrame) -> pd.DataFrame:
    """Every two reports, by different works, of one model on one benchmark, and how far they are apart.

    Columns: model, benchmark, label, verdict and reasons (`benchmarks.judge`), gap (absolute difference [per cent]), error (standard
    error of a difference [per cent], as of independent draws of the questions), and score, shots, setting, metric, scoring, source,
    report, location, measured_by, verified of each side with _low and _high, largest gap first.
    """
    rows = reports(scores).reset_index(drop=True)
    both = rows.assign(place=rows.index).merge(rows.assign(place=rows.index), on=["model", "benchmark", "scale"], suffixes=("_a", "_b"))
    both = both[(both["place_a"] < both["place_b"]) & (both["source_a"] != both["source_b"])].reset_index(drop=True)
    both["benchmark_a"] = both["benchmark_b"] = both["benchmark"]
    both = pd.concat([both, judge(both)], axis=1)
    swap = (both["score_a"] > both["score_b"]).to_numpy()
    named = ["score", "shots", "setting", "metric", "scoring", "source", "report", "location", "measured_by", "verified", "group"]
    result = both[["model", "benchmark", "verdict", "reasons"]].assign(
        label=both["label_a"],
        gap=(both["score_a"] - both["score_b"]).abs().round(10),
        error=np.hypot(both["error_a"], both["error_b"]),
        team_a=both["team_a"],
        team_b=both["team_b"],
    )
    for name in named:
        first, second = both[f"{name}_a"], both[f"{name}_b"]
        result[f"{name}_low"], result[f"{name}_high"] = second.where(swap, first), first.where(swap, second)
    return result.sort_values("gap", ascending=False, kind="stable", ignore_index=True)


def summary(pairs: pd.DataFrame) -> pd.DataFrame:
    """How far pairs of reports are apart, by verdict: n, median, largest and 90th percentile of the gap [per cent], share beyond noise.

    beyond_noise: share of the pairs of known error whose gap is larger than 1.96 standard errors, although both reports
    ask the same questions. Index: "same", "unstated", "different", as far as there are any.
    """

    gaps, errors, verdicts = (pairs[name].to_numpy() for name in ("gap", "error", "verdict"))
    rows = {}
    for verdict in sorted(set(verdicts)):
        gap, error = gaps[verdicts == verdict], errors[verdicts == verdict]
        known = ~np.isnan(error)
        rows[verdict] = {
            "n": float(len(gap)),
            "median": np.median(gap),
            "largest": gap.max(),
            "high": np.quantile(gap, 0.9),
            "n_known": float(known.sum()),
            "beyond_noise": (gap > 1.96 * error)[known].mean() if known.any() else np.nan,
        }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("verdict")


def disagreements(scores: pd.DataFrame, across_works: bool = True) -> pd.DataFrame:
    """One row for each model and benchmark that is reported more than once: lowest and highest score, and what differs between them.

    across_works: only where two works report; else two settings within one work count too. Columns: model, benchmark, label, group,
    n_reports, n_works, low, high, spread, same_spread (largest gap between two reports under the same stated setting; NaN where no
    two works share one), verdict and reasons (of `judge` for the lowest and the highest; "" where it is only who measured), and setting,
    measured_by, source, report, location, verified with _low and _high, largest spread first.
    """
    rows = reports(scores).reset_index(drop=True)
    same = report_pairs(scores).query("verdict == 'same'").groupby(["model", "benchmark"])["gap"].max().rename("same_spread")
    by = rows.groupby(["model", "benchmark", "scale"], sort=False)
    ends = by["score"].agg(n_reports="size", at_low="idxmin", at_high="idxmax").assign(n_works=by["source"].nunique()).reset_index()
    ends = ends[ends["n_works"] > 1] if across_works else ends[ends["n_reports"] > 1]
    low, high = (rows.loc[ends[place]].reset_index(drop=True) for place in ("at_low", "at_high"))
    sides = pd.concat([low.add_suffix("_a"), high.add_suffix("_b")], axis=1)
    frame = ends.reset_index(drop=True)[["model", "benchmark", "n_reports", "n_works"]].assign(
        label=low["label"],
        group=low["group"],
        low=low["score"],
        high=high["score"],
        spread=(high["score"] - low["score"]).round(10),
        **judge(sides),
    )
    for end, side in (("low", low), ("high", high)):
        frame[f"setting_{end}"] = [describe_setting(row) for row in side.to_dict("records")]
        for name in ("measured_by", "source", "report", "location", "verified"):
            frame[f"{name}_{end}"] = side[name]
    frame = frame.merge(same, on=["model", "benchmark"], how="left")
    return frame.sort_values("spread", ascending=False, kind="stable", ignore_index=True)


def by_evaluator(scores: pd.DataFrame, model: str, least: int = 3) -> pd.DataFrame:
    """The scores of one model on the benchmarks that at least so many teams measured, one row per report and setting.

    Columns of `join`, and said (the setting in words). Raises ValueError where no benchmark has so many.
    """
    rows = reports(scores).query("model == @model")
    teams = rows.groupby("benchmark")["team"].nunique()
    rows = rows[rows["benchmark"].isin(teams.index[teams >= least])]
    if rows.empty:
        raise ValueError(f"model must have a benchmark that {least} teams measured, got {model!r}")
    return rows.assign(said=[describe_setting(row) for row in rows.to_dict("records")])


def implementations(scores: pd.DataFrame) -> pd.DataFrame:
    """MMLU of the same models by three programs [per cent]: a row per model, a column per program, and the spread. [fourrier2023]

    Sorted by the score that the authors' own code gives.
    """
    rows = scores[(scores["source"] == "fourrier2023") & (scores["benchmark"] == "mmlu")]
    table = rows.pivot(index="model", columns="setting", values="score")
    table["spread"] = (table.max(axis=1) - table.min(axis=1)).round(10)
    return table.sort_values("authors' code", ascending=False)


def changed_order(table: pd.DataFrame, first: str, second: str) -> list[tuple[str, str]]:
    """Pairs of models (better under `first`, better under `second`) whose order the two columns of a table exchange.

    >>> changed_order(pd.DataFrame({"a": [3, 2], "b": [1, 2]}, index=["x", "y"]), "a", "b")
    [('x', 'y')]
    """
    one, other = table[first], table[second]
    return [(i, j) for i in table.index for j in table.index if one[i] > one[j] and other[i] < other[j]]


def multiple_choice_effect(scores: pd.DataFrame) -> pd.DataFrame:
    """What 20 million more multiple-choice questions in training do to DeepSeek 7B Chat [per cent]. [deepseek2023repo]

    Columns: benchmark, label, before, after, gain. The README sets three multiple-choice benchmarks side by side; what the questions do to
    answers in own words is not in our tables.
    """
    rows = scores[(scores["source"] == "deepseek2023repo") & scores["location"].str.contains("multiple-choice questions")]
    table = rows.pivot(index=["benchmark", "label"], columns="model", values="score")
    table = table.rename(columns={"DeepSeek LLM 7B Chat": "before", "DeepSeek LLM 7B Chat + MC": "after"})
    return table.assign(gain=(table["after"] - table["before"]).round(10)).sort_values("gain", ascending=False).reset_index()


def contamination_z(score, expected, n_questions):
    """Distance of a subset's score from the expected one, in standard errors.

    z = (score - expected) / standard error, with the standard error of a share `expected` over n_questions. Beyond 2, the
    authors call the subset better or worse than chance would make it. [touvron2023llama2] Section A.6

    score, expected [per cent], n_questions: broadcast.

    >>> round(float(contamination_z(89.5, 82.4, 2651)), 1)
    9.6
    """
    p = np.asarray(expected, float) / 100
    return (np.asarray(score, float) / 100 - p) / np.sqrt(p * (1 - p) / np.asarray(n_questions, float))


def lift(rows: pd.DataFrame) -> pd.DataFrame:
    """How much higher the dirty questions score than the clean ones, by model and benchmark [per cent].

    Columns: model, benchmark, clean, dirty, lift, whole (mean of clean and not clean weighted by their questions), gain (whole minus
    clean: what the contaminated questions add to the score), dirty_share (share of the questions that are dirty).
    """
    table = rows.pivot(index=["model", "benchmark"], columns="subset", values=["score", "n_questions"])
    score, n = table["score"], table["n_questions"]
    total = n["clean"] + n["not clean"]
    whole = (score["clean"] * n["clean"] + score["not clean"] * n["not clean"]) / total
    result = pd.DataFrame(
        {
            "clean": score["clean"],
            "dirty": score["dirty"],
            "lift": (score["dirty"] - score["clean"]).round(10),
            "whole": whole,
            "gain": whole - score["clean"],
            "dirty_share": n["dirty"] / total,
        }
    )
    return result.sort_values("lift", ascending=False).reset_index()
