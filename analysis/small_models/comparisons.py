"""Small models: how they score against larger ones, what their training cost, and what amount and kind of data did."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from analysis.benchmarks.pairing import whole_or_parts
from analysis.compute import costs
from analysis.statistics import with_interval

SMALL = ("Orca 2 13B", "Orca 2 7B", "phi-2", "phi-1.5", "phi-1")
"""The models whose papers compare them with larger ones."""
WORKS = {"Orca 2 13B": "mitra2023", "Orca 2 7B": "mitra2023", "phi-2": "javaheripi2023", "phi-1.5": "li2023", "phi-1": "gunasekar2023"}
OUTCOMES = ("win_rate", "tie_rate", "loss_rate")


def comparisons(scores: pd.DataFrame, small: str, source: str) -> pd.DataFrame:
    """One model beside every other of known size in the same column of the same table of a work: one row per rival and benchmark.

    Columns: rival, n_params, ratio (size of the rival over that of the small model, by their printed sizes), benchmark, label,
    score_small, score_rival, difference (positive where the small one is better), held (not worse), location, verified (the
    smaller of the two), verified_small. Of a benchmark and its parts, and of an average and its members, only one is there
    (`benchmarks.pairing.whole_or_parts`), as far as somebody has seen them; rivals without a reported size and relatives of the small
    models themselves are left out.

    scores: of `benchmarks.join`. small: name of the model. source: the work. Raises ValueError where the work has no score of it.
    """
    part = scores[(scores["source"] == source) & scores["higher_is_better"].notna()]
    key = ["location", "benchmark", "printed_benchmark", "printed_setting", "metric", "unit"]
    own = part[part["model"] == small]
    if own.empty:
        raise ValueError(f"small must be a model with scores in {source}, got {small!r}")
    relatives = (part["family"] == "phi") | part["model"].str.startswith("Orca 2")
    both = own.merge(part[~relatives & part["n_params"].notna()], on=key, suffixes=("_own", ""))
    both["verified"] = np.minimum(both["verified_own"], both["verified"])
    both = both[~_told_twice(both)]
    sign = np.where(both["higher_is_better"] == 1, 1.0, -1.0)
    gap = ((both["score_own"] - both["score"]) * sign).round(10)
    return pd.DataFrame(
        {
            "rival": both["model"],
            "n_params": both["n_params"],
            "ratio": both["n_params"] / both["n_params_own"],
            "benchmark": both["benchmark"],
            "label": both["label"],
            "score_small": both["score_own"],
            "score_rival": both["score"],
            "difference": gap,
            "held": gap >= 0,
            "location": both["location"],
            "verified": both["verified"],
            "verified_small": both["verified_own"],
        }
    ).reset_index(drop=True)


def _told_twice(both: pd.DataFrame) -> pd.Series:
    """Which comparisons are of a whole beside its parts, or of an average beside its members."""
    about = both.rename(columns={"group": "group_a", "members": "members_a"})
    seen = about["verified"] > 0
    there = whole_or_parts(about[seen])
    recalled = whole_or_parts(about[~seen & ~about["benchmark"].isin(about.loc[seen, "benchmark"])])
    members = about.loc[about["benchmark"].isin(there), "members_a"].str.split(";").explode()
    return ~about["benchmark"].isin(there | (recalled - set(members)))


def held_share(ratios, held, least) -> tuple[np.ndarray, np.ndarray]:
    """(share, n) of the comparisons with rivals at least `least` times as large that the small model does not lose; NaN where n is 0.

    ratios, held: one entry per comparison. least: broadcasts.

    >>> share, n = held_share([2.0, 5.0, 10.0], [True, True, False], [1.0, 5.0, 20.0])
    >>> share.round(2).tolist(), n.tolist()
    ([0.67, 0.5, nan], [3, 2, 0])
    """
    counted = np.asarray(ratios, float)[:, None] >= np.atleast_1d(np.asarray(least, float)) * (1 - 1e-9)
    n = counted.sum(axis=0)
    wins = (counted & np.asarray(held, bool)[:, None]).sum(axis=0)
    return np.where(n > 0, wins / np.maximum(n, 1), np.nan), n


def preferences(scores: pd.DataFrame, judge: str) -> pd.DataFrame:
    """LIMA against each rival under a judge ("lima_human" or "lima_gpt4"): one row per rival.

    Columns: rival, win, tie, loss (per cent), share (wins over wins and losses), decided (wins and losses, share of all prompts),
    source, location, verified (the smallest of the three).

    scores: rows of the table `alignment_scores`. Raises ValueError for an unknown judge.
    """
    part = scores[(scores["benchmark"] == judge) & scores["metric"].isin(OUTCOMES)]
    if part.empty:
        raise ValueError(f"judge must be 'lima_human' or 'lima_gpt4', got {judge!r}")
    wide = part.pivot_table(index="setting", columns="metric", values="value", sort=False)
    first = part.groupby("setting", sort=False)[["source", "location"]].first()
    seen = part.groupby("setting", sort=False)["verified"].min()
    win, tie, loss = (wide[name] for name in OUTCOMES)
    return pd.DataFrame(
        {
            "rival": wide.index.str.removeprefix("vs "),
            "win": win,
            "tie": tie,
            "loss": loss,
            "share": win / (win + loss),
            "decided": (win + loss) / 100,
            "source": first["source"],
            "location": first["location"],
            "verified": seen,
        }
    ).reset_index(drop=True)


def preference_intervals(rows: pd.DataFrame, n_prompts: float, level: float = 0.95) -> pd.DataFrame:
    """Rows of `preferences` with low and high: Wilson's interval of the share preferred, from the prompts that were decided.

    n_prompts: prompts, each judged once; those judged equal say nothing about who is better.
    """
    return with_interval(rows, n_prompts * rows["decided"].to_numpy(), level)


def amounts(scores: pd.DataFrame) -> pd.DataFrame:
    """Share of answers rated A against the number of generated instructions that GPT-3 was tuned on (Self-Instruct).

    Columns: n_instructions, share, regenerated (whether the outputs came from a stronger model), source, location, verified,
    note. scores: rows of the table `alignment_scores`.
    """
    part = scores[(scores["benchmark"] == "self_instruct_rating") & (scores["location"] == "Figure 7")].reset_index(drop=True)
    count = part["model"].str.extract(r", (\d+) instructions$")[0].astype(float)
    return part[["source", "location", "verified", "note"]].assign(
        n_instructions=count.fillna(count.max()), share=part["value"] / 100, regenerated=count.isna()
    )


def fact(facts: pd.DataFrame, work: str, name: str) -> float:
    """One number of the table `small_models_facts`. Raises ValueError where it is not there."""
    found = facts.loc[(facts["work"] == work) & (facts["fact"] == name), "value"]
    if found.empty or not np.isfinite(found.iloc[0]):
        raise ValueError(f"small_models_facts has no number {name!r} of {work!r}")
    return float(found.iloc[0])


def training_runs(facts: pd.DataFrame, models: pd.DataFrame) -> pd.DataFrame:
    """Pretraining of the phi models, and of LLaMA 7B and Llama 2 7B beside them: one row per run.

    Columns: model, n_params, n_tokens, gpu_hours (A100), computed_flops = 6 N D, tokens_per_param, source, location (of the hours), derived
    (whether the hours are days times devices). facts: table `small_models_facts`; models: table `models_training`.
    """
    rows = [
        ("phi-1", "phi1", "tokens_seen", "gpu_hours_pretraining", "gunasekar2023", False),
        ("phi-1.5", "phi1_5", "tokens_seen", "gpu_hours", "li2023", False),
        ("phi-1.5-web", "phi1_5", "web_tokens_seen", "web_gpu_hours", "li2023", False),
        ("phi-2", "phi2", "tokens_seen", "gpu_hours_derived", "javaheripi2023", True),
    ]
    out = pd.DataFrame(
        [
            {
                "model": name,
                "n_params": fact(facts, work, "params_b") * 1e9,
                "n_tokens": fact(facts, work, tokens),
                "gpu_hours": fact(facts, work, hours),
                "source": source,
                "location": facts.loc[(facts["work"] == work) & (facts["fact"] == hours), "location"].iloc[0],
                "derived": derived,
            }
            for name, work, tokens, hours, source, derived in rows
        ]
    )
    others = models[models["model"].isin(["LLaMA 7B", "Llama 2 7B"])][["model", "n_params", "n_tokens", "gpu_hours", "source", "location"]]
    out = pd.concat([out, others.assign(derived=False)], ignore_index=True)
    out["computed_flops"] = costs.training_flops(out["n_params"], out["n_tokens"])
    out["tokens_per_param"] = out["n_tokens"] / out["n_params"]
    return out


def tuning_runs(facts: pd.DataFrame) -> pd.DataFrame:
    """Fine-tuning of small models from another's weights: columns model, gpu_hours (hours times devices), source."""
    orca = sum(fact(facts, "orca2", f"stage{stage}_hours") for stage in (1, 2, 3)) * fact(facts, "orca2", "gpus")
    return pd.DataFrame(
        [
            {"model": "Orca 2 13B, tuning", "gpu_hours": orca, "source": "mitra2023"},
            {"model": "phi-1, tuning", "gpu_hours": 8 * fact(facts, "phi1", "finetuning_hours"), "source": "gunasekar2023"},
            {"model": "Alpaca 7B, tuning", "gpu_hours": 8 * fact(facts, "alpaca", "finetuning_time"), "source": "taori2023"},
        ]
    )


def style_measures(scores: pd.DataFrame) -> pd.DataFrame:
    """How closely answers resemble ChatGPT's, by imitation data: columns measure, data, value (per cent), source, location, verified.

    Only measures in per cent; the correlation of lengths is left out. scores: rows of the table `alignment_scores`.
    """
    part = scores[(scores["benchmark"] == "imitation_style") & (scores["unit"] == "percent")]
    names = ["measure", "data", "value", "source", "location", "verified"]
    return part.rename(columns={"setting": "measure", "model": "data"})[names].reset_index(drop=True)


def imitated_knowledge(scores: pd.DataFrame) -> pd.DataFrame:
    """NaturalQuestions of LLaMA before and after imitation: columns base, data, share, source, location, verified.

    data: "none", "ShareGPT-Mix" (broad imitation) or "NQ-synthetic" (imitation of this task). scores: rows of the table
    `alignment_scores`.
    """
    part = scores[(scores["source"] == "gudibande2023") & (scores["benchmark"] == "naturalquestions")].reset_index(drop=True)
    names = part["model"].str.split(" + ", regex=False, expand=True).reindex(columns=[0, 1])
    return part[["source", "location", "verified"]].assign(base=names[0], data=names[1].fillna("none"), share=part["value"] / 100)


def code_data(scores: pd.DataFrame) -> pd.DataFrame:
    """HumanEval of phi-1's family by training data: columns model, n_params, share, source, location, verified.

    scores: of `benchmarks.join`.
    """
    names = ["350M, unfiltered The Stack+", "350M, filtered subset", "350M, filtered + synthetic textbooks"]
    names += ["phi-1-small", "phi-1-base", "phi-1"]
    part = scores[(scores["source"] == "gunasekar2023") & (scores["benchmark"] == "humaneval") & scores["model"].isin(names)]
    part = part.sort_values("model", key=lambda column: column.map(names.index)).reset_index(drop=True)
    return part[["model", "n_params", "source", "location", "verified"]].assign(share=part["score"] / 100)


def facts_of(table: pd.DataFrame, work: str) -> Mapping[str, float]:
    """The numbers of one work in the table `small_models_facts`, by name."""
    part = table[(table["work"] == work) & table["value"].notna()]
    return dict(zip(part["fact"], part["value"], strict=True))
