"""Reported scores side by side: which of them may be compared, and what comes of it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

REASONS = ("benchmark", "metric", "unit", "shots", "setting")
"""What has to agree before two scores are compared."""
VERDICTS = ("same", "unstated", "different")
WITHOUT_SHOTS = ("judged", "preference", "style", "perplexity", "routing", "vision", "averages")
"""Groups of benchmarks without solved examples in the prompt, or whose setting already names them."""
PROTOCOLS = ("Open LLM Leaderboard",)
"""Settings that fix the number of shots by themselves."""
OTHER_QUESTIONS = (
    "Wiki subset",
    "clean questions",
    "contaminated questions",
    "contaminated with the answer",
    "hand-verified subset",
    "validation set",
)
"""Settings under which other questions are asked than n_questions counts."""
QUOTED = ("compiled by the Yi authors", "best of own run and public reports", "Wu et al. 2023")
"""Evaluators of rows that repeat, or may repeat, what another report prints."""


@dataclass(frozen=True)
class Comparison:
    """Whether two scores may be compared: "same" (yes), "unstated" (what is stated agrees, but not all is) or "different".

    reasons: what differs or is not stated, out of REASONS.
    """

    verdict: str
    reasons: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return self.verdict == "same"


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


def join(
    rows: Iterable[pd.DataFrame], models: pd.DataFrame, benchmarks: pd.DataFrame, metrics: pd.DataFrame, reports: pd.DataFrame
) -> pd.DataFrame:
    """All reported scores, with what is known of their model, benchmark, metric and report.

    Adds to the columns of the tables: score (value, with fractions as per cent), label, group and chance of the benchmark,
    family, variant, n_params and active_params of the model, higher_is_better, report, paper and team of the source, measured_by
    (evaluator, or the team), and error, the standard error of the score in per cent (`standard_error`; NaN where the
    number of questions is not known). A score that two tables print from one place is kept once.
    """
    frame = pd.concat(rows, ignore_index=True)
    frame = frame.drop_duplicates(["source", "location", "model", "benchmark", "shots", "setting", "metric", "value"], ignore_index=True)
    frame = frame.merge(models.drop(columns="note"), on="model", how="left", validate="many_to_one")
    frame = frame.merge(benchmarks[["benchmark", "label", "group", "chance", "n_questions"]], on="benchmark", how="left")
    frame = frame.merge(metrics[["metric", "higher_is_better", "share_of_questions"]], on="metric", how="left")
    frame = frame.merge(reports.rename(columns={"label": "report"}), on="source", how="left")
    percent = frame["unit"].isin(["percent", "fraction"])
    frame["score"] = np.where(frame["unit"] == "fraction", (frame["value"] * 100).round(10), frame["value"])
    frame["unit"] = frame["unit"].where(~percent, "percent")
    frame["measured_by"] = frame["evaluator"].where(frame["evaluator"] != "", frame["team"])
    whole = frame["share_of_questions"] & percent & ~frame["setting"].str.contains("|".join(OTHER_QUESTIONS))
    frame["error"] = standard_error(frame["score"].where(whole & frame["score"].between(0, 100)), frame["n_questions"])
    return frame


def standard_error(score, n_questions):
    """Standard error [per cent] of a share of n_questions answered right, from drawing the questions.

    100 sqrt(p (1 - p) / n) with p = score / 100. It holds for one mean over all questions, and only roughly for means over
    subjects; two models that answer the same questions differ by less than it says.

    score, n_questions: broadcast; NaN where either is.

    >>> round(float(standard_error(29.9, 164)), 1)
    3.6
    """
    p = np.asarray(score, float) / 100
    return 100 * np.sqrt(p * (1 - p) / np.asarray(n_questions, float))


def comparable(a: Mapping, b: Mapping) -> Comparison:
    """Whether two reported scores may be compared.

    They may where benchmark, metric, unit, number of shots and setting are stated and agree. Cells of one column of one
    table may as well, even if the table does not state its setting: it is one setting. Where something is not stated and the
    rest agrees, the verdict is "unstated".

    a, b: rows of `join`, or mappings with benchmark, metric, unit, shots, setting, group, source, location, printed_benchmark,
    printed_setting.

    >>> row = {"benchmark": "gsm8k", "metric": "accuracy", "unit": "percent", "setting": "", "group": "math", "source": "jiang2024",
    ...     "location": "Table 3", "printed_benchmark": "GSM8K", "printed_setting": "5-shot", "shots": 5}
    >>> comparable(row, row | {"location": "Table 2", "printed_setting": "8-shot, maj@8", "shots": 8, "setting": "maj@8"})
    Comparison(verdict='different', reasons=('shots', 'setting'))
    """
    names = ["benchmark", "metric", "unit", "shots", "setting", "group", "source", "location", "printed_benchmark", "printed_setting"]
    joined = {f"{name}_{side}": [row[name]] for side, row in (("a", a), ("b", b)) for name in names}
    judged = judge(pd.DataFrame(joined)).iloc[0]
    return Comparison(judged["verdict"], tuple(judged["reasons"].split(", ")) if judged["reasons"] else ())


def judge(pairs: pd.DataFrame) -> pd.DataFrame:
    """The verdict of `comparable` and its reasons (joined by commas) for rows that hold two scores, with columns ..._a and ..._b."""

    def both(name):
        return pairs[f"{name}_a"], pairs[f"{name}_b"]

    differs = {name: (both(name)[0] != both(name)[1]).to_numpy() for name in ("benchmark", "metric", "unit", "setting")}
    shots_a, shots_b = (side.to_numpy(float) for side in both("shots"))
    differs["shots"] = ~np.isnan(shots_a) & ~np.isnan(shots_b) & (shots_a != shots_b)
    column = ["source", "location", "printed_benchmark", "printed_setting"]
    one_column = np.all([(both(name)[0] == both(name)[1]).to_numpy() for name in column], axis=0)
    needs_shots = ~both("group")[0].isin(WITHOUT_SHOTS).to_numpy() & ~both("setting")[0].isin(PROTOCOLS).to_numpy()
    unstated = needs_shots & ~one_column & (np.isnan(shots_a) | np.isnan(shots_b))
    different = np.any([differs[name] for name in REASONS], axis=0)
    missing = unstated & ~different
    verdict = np.where(different, "different", np.where(missing, "unstated", "same"))
    reasons = np.full(len(pairs), "", dtype=object)
    for name in REASONS:
        hit = differs[name] | (missing if name == "shots" else False)
        reasons[hit] = [f"{text}, {name}" if text else name for text in reasons[hit]]
    return pd.DataFrame({"verdict": verdict, "reasons": reasons}, index=pairs.index)


def describe_setting(row: Mapping) -> str:
    """The setting of a score in a few words.

    >>> describe_setting({"shots": 8.0, "setting": "maj@8", "group": "math"})
    '8-shot, maj@8'
    >>> describe_setting({"shots": float("nan"), "setting": "", "group": "math"})
    'setting not stated'
    """
    shots = "" if row["shots"] != row["shots"] else f"{row['shots']:.0f}-shot"
    said = ", ".join(part for part in (shots, row["setting"]) if part)
    return said or ("" if row["group"] in WITHOUT_SHOTS else "setting not stated")


def setting_keys(scores: pd.DataFrame) -> pd.Series:
    """The setting of each score as one text; equal texts may be compared where they state all that matters."""
    shots = scores["shots"].map(lambda value: "" if value != value else f"{value:.0f}-shot")
    parts = pd.DataFrame({"shots": shots, "setting": scores["setting"]})
    said = [", ".join(part for part in row if part) for row in parts.itertuples(index=False)]
    return pd.Series(said, index=scores.index) + scores["metric"].map(lambda metric: f" ({metric})")


def choose(scores: pd.DataFrame, groups=(), papers=(), families=(), variants=(), low: float = 0.0, high: float = np.inf) -> pd.DataFrame:
    """The scores that pass all filters; an empty filter lets everything pass.

    groups of benchmarks, sources (papers), model families and variants; low to high: parameters, which lets models of
    unknown size pass only where both ends are open.
    """
    keep = pd.Series(True, index=scores.index)
    for column, wanted in (("group", groups), ("source", papers), ("family", families), ("variant", variants)):
        if len(wanted):
            keep &= scores[column].isin(list(wanted))
    if low > 0 or np.isfinite(high):
        keep &= scores["n_params"].between(low, high)
    return scores[keep]


def matrix(scores: pd.DataFrame, models: Sequence[str], benchmarks: Sequence[str]) -> pd.DataFrame:
    """One cell per model and benchmark that has a score: the column's common setting where there is one, and what else there is.

    The setting of a column is the one that most of the models share; among reports that use it, the one that covers most of
    them goes first, so that a column is as far as possible one table. Values from memory come last.

    Columns: model, benchmark, label, score, unit, shots, setting, metric, column_setting, verdict ("same", "unstated", "different",
    against the column's setting), source, report, location, verified, n_reports (rows of this model and benchmark), low and high
    (lowest and highest of them in the same unit and metric).
    """
    part = scores[scores["model"].isin(models) & scores["benchmark"].isin(benchmarks)].copy()
    part["key"] = setting_keys(part)
    part["works"] = part["source"] + "|" + part["location"]
    common = common_settings(part)
    part["fits"] = part["key"] == part["benchmark"].map(common["key"])
    breadth = part[part["fits"]].groupby(["benchmark", "works"])["model"].nunique().rename("breadth").reset_index()
    part = part.merge(breadth, on=["benchmark", "works"], how="left")
    needs_shots = ~part["group"].isin(WITHOUT_SHOTS) & ~part["setting"].isin(PROTOCOLS)
    lead = part[part["fits"]].sort_values("breadth", ascending=False, kind="stable").drop_duplicates("benchmark").set_index("benchmark")
    # A setting that is not stated holds only within the table that leaves it out.
    open_setting = part["shots"].isna() & needs_shots & (part["works"] != part["benchmark"].map(lead["works"]))
    silent = open_setting & (part["setting"] == "") & (part["metric"] == part["benchmark"].map(lead["metric"]))
    part["verdict"] = np.where(part["fits"] & ~open_setting, "same", np.where(silent, "unstated", "different"))
    part["column_setting"] = part["benchmark"].map(pd.Series([describe_setting(row) for row in lead.to_dict("records")], lead.index))
    part["rank"] = part["verdict"].map({name: -place for place, name in enumerate(VERDICTS)})
    part["seen"] = part["verified"] > 0
    part = part.sort_values(["seen", "rank", "breadth", "verified"], ascending=False, kind="stable")
    by = part.groupby(["model", "benchmark"])
    alike = part.groupby(["model", "benchmark", "metric", "unit"])["score"]
    part = part.assign(n_reports=by["score"].transform("size"), low=alike.transform("min"), high=alike.transform("max"))
    names = [
        "model",
        "benchmark",
        "label",
        "score",
        "unit",
        "shots",
        "setting",
        "metric",
        "column_setting",
        "verdict",
        "source",
        "report",
        "location",
        "verified",
        "n_reports",
        "low",
        "high",
    ]
    order = {name: {item: place for place, item in enumerate(items)} for name, items in (("model", models), ("benchmark", benchmarks))}
    cells = part.drop_duplicates(["model", "benchmark"])[names]
    return cells.sort_values(["benchmark", "model"], key=lambda column: column.map(order[column.name]), ignore_index=True)


def common_settings(part: pd.DataFrame) -> pd.DataFrame:
    """The setting (key) of each benchmark that most models share; of equal ones a stated one, then the one with the commonest shots."""
    shots = part.groupby(["benchmark", "shots"])["model"].nunique().rename("popular").reset_index()
    keys = part.groupby(["benchmark", "key"]).agg(models=("model", "nunique"), shots=("shots", "first")).reset_index()
    keys = keys.merge(shots, on=["benchmark", "shots"], how="left").fillna({"popular": 0})
    best = keys.sort_values(["models", "popular", "key"], ascending=[False, False, True]).drop_duplicates("benchmark")
    return best.set_index("benchmark")


def couples(scores: pd.DataFrame, model_a: str, model_b: str) -> pd.DataFrame:
    """Every score of one model beside every score of another on the same benchmark, with the verdict of `comparable`."""
    for name, model in (("model_a", model_a), ("model_b", model_b)):
        if not (scores["model"] == model).any():
            raise ValueError(f"{name} must be a model with scores, got {model!r}")
    if model_a == model_b:
        raise ValueError(f"model_b must be another model than model_a, got {model_b!r} twice")
    both = scores[scores["model"] == model_a].merge(scores[scores["model"] == model_b], on="benchmark", suffixes=("_a", "_b"))
    both["benchmark_a"] = both["benchmark_b"] = both["benchmark"]
    return pd.concat([both, judge(both)], axis=1)


def pairs(scores: pd.DataFrame, model_a: str, model_b: str) -> pd.DataFrame:
    """Two models on every benchmark and setting that they share, one row each; refused benchmarks have no scores.

    Where several reports fit, two scores of one table go first, then two of one report, then any with the same setting.
    Columns: benchmark, label, group, shots, setting, metric, score_a, score_b, difference (a minus b), error (standard error of the
    difference in per cent, as of independent draws of the questions; NaN where unknown), better ("a", "b", "tie"; "" where neither
    direction is better), unit, source, location and verified with _a and _b, one_report, status ("compared" or "refused"), reasons.

    Raises ValueError for a model without scores, or twice the same.
    """
    both = couples(scores, model_a, model_b)
    both["one_report"] = both["source_a"] == both["source_b"]
    both["near"] = both["one_report"].astype(int) + (both["one_report"] & (both["location_a"] == both["location_b"]))
    fit = both[both["verdict"] == "same"].copy()
    fit["key"] = setting_keys(fit.rename(columns={"shots_a": "shots", "setting_a": "setting", "metric_a": "metric"}))
    fit = fit.sort_values(["benchmark", "near", "source_a"], ascending=[True, False, True], kind="stable")
    fit = fit.drop_duplicates(["benchmark", "key"])
    fit["difference"] = (fit["score_a"] - fit["score_b"]).round(10)
    fit["error"] = np.hypot(fit["error_a"], fit["error_b"])
    sign = fit["higher_is_better_a"].map({0: -1.0, 1: 1.0}) * np.sign(fit["difference"])
    fit["better"] = np.select([sign > 0, sign < 0, sign == 0], ["a", "b", "tie"], "")
    fit["status"], fit["reasons"] = "compared", ""
    refused = both[~both["benchmark"].isin(fit["benchmark"])].sort_values("near", ascending=False, kind="stable")
    refused = refused.drop_duplicates("benchmark").copy()
    refused[["score_a", "score_b", "difference", "error"]] = np.nan
    refused["better"], refused["status"] = "", "refused"
    names = [
        "benchmark",
        "label",
        "group",
        "shots",
        "setting",
        "metric",
        "score_a",
        "score_b",
        "difference",
        "error",
        "better",
        "unit",
        "source_a",
        "source_b",
        "location_a",
        "location_b",
        "verified_a",
        "verified_b",
        "one_report",
        "status",
        "reasons",
    ]
    shared = {f"{name}_a": name for name in ("label", "group", "shots", "setting", "metric", "unit")}
    # Assigned, because an empty frame would change the types of the other.
    parts = [part.rename(columns=shared)[names] for part in (fit, refused) if len(part)]
    return pd.concat(parts, ignore_index=True) if parts else fit.rename(columns=shared)[names]


def head_to_head(
    scores: pd.DataFrame,
    model_a: str,
    model_b: str,
    sources: Sequence[str] = (),
    location: str = "",
    one_report: bool = False,
    without: Sequence[str] = (),
    verified: int = 0,
) -> HeadToHead:
    """Wins, ties and losses of model_a against model_b over the benchmarks that they share under one setting.

    sources, location: only scores printed there. one_report: only pairs of scores that one report prints. without: groups of
    benchmarks that do not count, such as "averages". Better is higher or lower as the metric says; pairs without a better
    direction count as neither. verified: only scores with at least so many transcriptions. No weight is given to how large a difference is.

    Raises ValueError for a model without scores there.
    """
    part = scores[scores["source"].isin(list(sources))] if len(sources) else scores
    part = part[part["location"] == location] if location else part
    part = part[~part["group"].isin(list(without)) & (part["verified"] >= verified)]
    rows = pairs(part, model_a, model_b)
    if one_report:
        rows = rows[rows["one_report"] | (rows["status"] == "refused")].reset_index(drop=True)
    count = rows["better"].value_counts()
    wins, ties, losses = (int(count.get(name, 0)) for name in ("a", "tie", "b"))
    return HeadToHead(wins, ties, losses, int((rows["status"] == "refused").sum()), rows)
