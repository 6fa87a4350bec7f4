"""Reported scores side by side: which of them may be compared, and what comes of it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

REASONS = ("benchmark", "metric", "scoring", "unit", "shots", "setting")
"""What has to agree before two scores are compared."""
VERDICTS = ("same", "unstated", "different")
UNKNOWN = "unknown"
"""The scoring of a report that does not say how it reads an answer: it equals nothing, not even another unknown one."""
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
CELL = ["model", "benchmark", "label", "score", "unit", "shots", "setting", "metric", "scoring", "column_setting", "verdict", "source",
        "report", "location", "verified", "n_reports", "low", "high"]  # fmt: skip
"""The columns of `matrix`."""
QUOTED = ("compiled by the Yi authors", "best of own run and public reports", "Wu et al. 2023")
"""Evaluators of rows that repeat, or may repeat, what another report prints."""
OF_COURSE = ("", UNKNOWN, "final answer", "program", "higher reward")
"""Scorings that the words for a setting leave out: none, not stated, or the only one that there is."""
COLUMN = ("source", "location", "printed_benchmark", "printed_setting")
"""What the cells of one column of one table share."""


@dataclass(frozen=True)
class Comparison:
    """Whether two scores may be compared: "same" (yes), "unstated" (what is stated agrees, but not all is) or "different".

    reasons: what differs or is not stated, out of REASONS.
    """

    verdict: str
    reasons: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return self.verdict == "same"


def join(
    rows: Iterable[pd.DataFrame], models: pd.DataFrame, benchmarks: pd.DataFrame, metrics: pd.DataFrame, reports: pd.DataFrame
) -> pd.DataFrame:
    """All reported scores, with what is known of their model, benchmark, metric and report.

    Adds to the columns of the tables: score (value, with fractions as per cent), label, group, chance, members and usual_metric of the
    benchmark, family, variant, n_params, active_params and tokenizer of the model, higher_is_better and per_token of the metric, report,
    paper and team of the source, measured_by (evaluator, or the team), and error, the standard error of the score in per cent
    (`standard_error`; NaN where the number of questions is not known or from memory). A score that two tables print from one place is kept
    once.
    """
    frame = pd.concat(rows, ignore_index=True)
    frame = frame.drop_duplicates(["source", "location", "model", "benchmark", "shots", "setting", "metric", "value"], ignore_index=True)
    frame = frame.merge(models.drop(columns="note"), on="model", how="left", validate="many_to_one")
    about = benchmarks.assign(n_questions=benchmarks["n_questions"].where(benchmarks["verified"] > 0))
    about = about[["benchmark", "label", "group", "chance", "n_questions", "members", "metric"]]
    frame = frame.merge(about.rename(columns={"metric": "usual_metric"}), on="benchmark", how="left")
    frame = frame.merge(metrics[["metric", "higher_is_better", "share_of_questions", "per_token"]], on="metric", how="left")
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

    They may where benchmark, metric, scoring (how an answer is read), unit, number of shots and setting are stated and agree. Cells of
    one column of one table may as well, even if the table does not state its setting: it is one setting. Where something is not
    stated and the rest agrees, the verdict is "unstated".

    a, b: rows of `join`, or mappings with benchmark, metric, scoring, unit, shots, setting, group, source, location,
    printed_benchmark, printed_setting.

    >>> row = {"benchmark": "gsm8k", "metric": "accuracy", "scoring": "final answer", "unit": "percent", "setting": "", "group": "math",
    ...     "source": "jiang2024", "location": "Table 3", "printed_benchmark": "GSM8K", "printed_setting": "5-shot", "shots": 5}
    >>> comparable(row, row | {"location": "Table 2", "printed_setting": "8-shot, maj@8", "shots": 8, "setting": "maj@8"})
    Comparison(verdict='different', reasons=('shots', 'setting'))
    """
    names = [*REASONS, "group", *COLUMN]
    joined = {f"{name}_{side}": [row[name]] for side, row in (("a", a), ("b", b)) for name in names}
    judged = judge(pd.DataFrame(joined)).iloc[0]
    return Comparison(judged["verdict"], tuple(judged["reasons"].split(", ")) if judged["reasons"] else ())


def needs_shots(frame: pd.DataFrame) -> pd.Series:
    """Whether a score of this benchmark and setting says too little without its number of shots."""
    return ~frame["group"].isin(WITHOUT_SHOTS) & ~frame["setting"].isin(PROTOCOLS)


def unstated(frame: pd.DataFrame) -> dict[str, np.ndarray]:
    """Which scores leave out their number of shots, and which how an answer is read: "shots" and "scoring", one flag per row."""
    shots = needs_shots(frame) & frame["shots"].isna()
    return {"shots": shots.to_numpy(bool), "scoring": (frame["scoring"] == UNKNOWN).to_numpy(bool)}


def judge(pairs: pd.DataFrame) -> pd.DataFrame:
    """The verdict of `comparable` and its reasons (joined by commas) for rows that hold two scores, with columns ..._a and ..._b."""
    names = [*REASONS, "group", *COLUMN]
    a, b = (pairs[[f"{name}_{side}" for name in names]].set_axis(names, axis=1) for side in ("a", "b"))
    one_column = (a[list(COLUMN)] == b[list(COLUMN)]).all(axis=1).to_numpy()
    left_out = {name: (flags | unstated(b)[name]) & ~one_column for name, flags in unstated(a).items()}
    differs = {name: (a[name] != b[name]).to_numpy() for name in REASONS}
    for name, known in (
        ("shots", a["shots"].notna() & b["shots"].notna()),
        ("scoring", (a["scoring"] != UNKNOWN) & (b["scoring"] != UNKNOWN)),
    ):
        differs[name] = differs[name] & known.to_numpy()
    different = np.any(list(differs.values()), axis=0)
    missing = {name: flags & ~different for name, flags in left_out.items()}
    verdict = np.where(different, "different", np.where(np.any(list(missing.values()), axis=0), "unstated", "same"))
    reasons = np.full(len(pairs), "", dtype=object)
    for name in REASONS:
        hit = differs[name] | missing.get(name, False)
        reasons[hit] = [f"{text}, {name}" if text else name for text in reasons[hit]]
    return pd.DataFrame({"verdict": verdict, "reasons": reasons}, index=pairs.index)


def describe_setting(row: Mapping) -> str:
    """The setting of a score in a few words, with how an answer is read where that is stated and no matter of course.

    >>> describe_setting({"shots": 8.0, "setting": "maj@8", "scoring": "final answer", "group": "math"})
    '8-shot, maj@8'
    >>> describe_setting({"shots": 0.0, "setting": "", "scoring": "per character", "group": "commonsense"})
    '0-shot, per character'
    >>> describe_setting({"shots": float("nan"), "setting": "", "scoring": "unknown", "group": "math"})
    'setting not stated'
    """
    shots = "" if row["shots"] != row["shots"] else f"{row['shots']:.0f}-shot"
    scoring = "" if row["scoring"] in OF_COURSE else row["scoring"]
    said = ", ".join(part for part in (shots, row["setting"], scoring) if part)
    return said or ("" if row["group"] in WITHOUT_SHOTS else "setting not stated")


def setting_keys(scores: pd.DataFrame) -> pd.Series:
    """The setting of each score as one text: equal texts may be compared. Where something is left out, the text names the column."""
    shots = scores["shots"].map(lambda value: "" if value != value else f"{value:.0f}-shot")
    left_out = np.any(list(unstated(scores).values()), axis=0)
    column = scores[list(COLUMN)].agg("|".join, axis=1).where(left_out, "")
    parts = pd.DataFrame({"shots": shots, "setting": scores["setting"], "scoring": scores["scoring"], "column": column})
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
    them goes first, so that a column is as far as possible one table. Values from memory come last and decide no setting.

    Columns: model, benchmark, label, score, unit, shots, setting, metric, scoring, column_setting, verdict ("same", "unstated",
    "different", against the column's setting), source, report, location, verified, n_reports (rows of this model and benchmark that
    somebody has seen), low and high (lowest and highest of them in the same unit and metric).
    """
    part = scores[scores["model"].isin(models) & scores["benchmark"].isin(benchmarks)].copy()
    part["key"], part["seen"] = setting_keys(part), part["verified"] > 0
    part["works"] = part["source"] + "|" + part["location"]
    decides = part["seen"] | ~part["benchmark"].isin(part.loc[part["seen"], "benchmark"])
    part["fits"] = part["key"] == part["benchmark"].map(common_settings(part[decides])["key"])
    breadth = part[part["fits"] & decides].groupby(["benchmark", "works"])["model"].nunique().rename("breadth").reset_index()
    part = part.merge(breadth, on=["benchmark", "works"], how="left")
    lead = part[part["fits"]].sort_values(["seen", "breadth"], ascending=False, kind="stable").drop_duplicates("benchmark")
    names = ["benchmark", *(name for name in [*REASONS, "group", *COLUMN] if name != "benchmark")]
    both = part.add_suffix("_a").merge(lead[names].add_suffix("_b"), left_on="benchmark_a", right_on="benchmark_b", how="left")
    part["verdict"] = judge(both)["verdict"].to_numpy()
    part["column_setting"] = part["benchmark"].map(
        dict(zip(lead["benchmark"], map(describe_setting, lead.to_dict("records")), strict=True))
    )
    part["rank"] = part["verdict"].map({name: -place for place, name in enumerate(VERDICTS)})
    part = part.sort_values(["seen", "rank", "breadth", "verified"], ascending=False, kind="stable")
    checked = part["score"].where(part["seen"])
    alike = checked.groupby([part[name] for name in ("model", "benchmark", "metric", "unit")])
    part = part.assign(
        n_reports=part.groupby(["model", "benchmark"])["seen"].transform("sum").clip(lower=1),
        low=alike.transform("min").fillna(part["score"]),
        high=alike.transform("max").fillna(part["score"]),
    )
    order = {name: {item: place for place, item in enumerate(items)} for name, items in (("model", models), ("benchmark", benchmarks))}
    cells = part.drop_duplicates(["model", "benchmark"])[CELL]
    return cells.sort_values(["benchmark", "model"], key=lambda column: column.map(order[column.name]), ignore_index=True)


def common_settings(part: pd.DataFrame, most: Sequence[str] = ("model",)) -> pd.DataFrame:
    """The setting (key) of each benchmark that most models share; of equal ones the one with the commonest shots.

    most: the columns whose different values are counted, the first of them first.
    """
    shots = part.groupby(["benchmark", "shots"])["model"].nunique().rename("popular").reset_index()
    counts = {f"most_{name}": (name, "nunique") for name in most}
    keys = part.groupby(["benchmark", "key"]).agg(**counts, shots=("shots", "first")).reset_index()
    keys = keys.merge(shots, on=["benchmark", "shots"], how="left").fillna({"popular": 0})
    order = [*counts, "popular", "key"]
    best = keys.sort_values(order, ascending=[*[False] * (len(order) - 1), True]).drop_duplicates("benchmark")
    return best.set_index("benchmark")
