"""Reported scores, costs and preferences of small models, kept until their tables change, and runs of the loop, kept in memory."""

import numpy as np
import pandas as pd

from analysis import tables
from analysis.background.once import Report, Shared, by_worker, digest
from analysis.background.worker import Cancelled, WorkerError, shared_worker
from analysis.benchmarks import data as reported
from analysis.compute import costs
from analysis.gpus import Gpu, gpu
from analysis.small_models import comparisons, self_instruct

LOOPS = Shared(most=16)
"""Runs of the loop with settings of readers' own, kept for all readers of this server."""
STORED_RUN = {"threshold": 0.7, "novelty": 0.5, "steps": self_instruct.STEPS, "seed": 0}
"""The settings of `default_run`."""


@tables.kept
def facts() -> pd.DataFrame:
    """The table of facts."""
    return tables.load("small_models_facts")


@tables.kept
def compared(small: str) -> pd.DataFrame:
    """A small model beside the larger ones in its paper, larger rivals first."""
    return comparisons.comparisons(all_scores(), small, comparisons.WORKS[small]).sort_values("ratio", ascending=False, ignore_index=True)


@tables.kept
def rivals(small: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The checked comparisons of a small model, and one row per rival with its ratio, share held and number of comparisons."""
    rows = compared(small)
    rows = rows[rows["verified"] > 0]
    each = rows.groupby("rival", sort=False).agg(ratio=("ratio", "first"), share=("held", "mean"), n=("held", "size")).reset_index()
    return rows, each


@tables.kept
def benchmarks_of(small: str) -> dict[str, str]:
    """The benchmarks on which a small model is compared, by name, those with most rivals first."""
    rows = compared(small)
    order = rows.groupby("benchmark", sort=False)["rival"].nunique().sort_values(ascending=False, kind="stable").index
    return {name: rows.loc[rows["benchmark"] == name, "label"].iloc[0] for name in order}


@tables.kept
def headline(small: str = "Orca 2 13B", least: float = 5.0) -> tuple[int, int]:
    """(held, all) comparisons of a small model with rivals at least so many times as large."""
    rows = compared(small)
    far = rows[(rows["verified"] > 0) & (rows["ratio"] >= least)]
    return int(far["held"].sum()), len(far)


@tables.kept
def phi_runs() -> pd.DataFrame:
    """Pretraining runs of phi and two others."""
    return comparisons.training_runs(facts(), tables.load("models_training"))


def a100() -> Gpu:
    """The A100 of 80 GB."""
    return gpu("a100_80gb")


@tables.kept
def all_runs() -> pd.DataFrame:
    """Pretraining and tuning by their A100-hours, the longest first."""
    runs, tuned = phi_runs(), comparisons.tuning_runs(facts())
    rows = pd.concat([runs[["model", "gpu_hours", "source"]].assign(kind="pretraining"), tuned.assign(kind="tuning")], ignore_index=True)
    return rows.sort_values("gpu_hours", ascending=False, kind="stable", ignore_index=True)


@tables.kept
def best_other() -> float:
    """The largest share of the peak among the published runs of other models."""
    runs = costs.published_runs(tables.load("models_training"), tables.load("gpus"))
    return float(runs.loc[runs["family"] != "phi", "utilisation"].max())


@tables.kept
def all_scores() -> pd.DataFrame:
    """Every reported score of the language papers."""
    return reported.all_scores()


@tables.kept
def preferences(judge: str) -> pd.DataFrame:
    """LIMA against each rival under a judge."""
    return comparisons.preferences(tables.load("alignment_scores"), judge)


@tables.kept
def amounts() -> pd.DataFrame:
    """Answers rated best by number of instructions."""
    return comparisons.amounts(tables.load("alignment_scores"))


@tables.kept
def humaneval() -> pd.DataFrame:
    """HumanEval of phi-1's family."""
    return comparisons.code_data(all_scores())


@tables.kept
def knowledge() -> pd.DataFrame:
    """NaturalQuestions before and after imitation."""
    return comparisons.imitated_knowledge(tables.load("alignment_scores"))


@tables.kept
def stored_runs() -> pd.DataFrame:
    """The kept runs, averaged over seeds: mean, min and max of kept, and means of the rest, by threshold, novelty and step."""
    rows = tables.load("self_instruct_runs")
    names = ["mean_pairwise", "seed_similarity", "distinct_pairs"]
    out = rows.groupby(["threshold", "novelty", "step"]).agg(
        tried=("tried", "first"),
        kept=("kept", "mean"),
        kept_low=("kept", "min"),
        kept_high=("kept", "max"),
        **{name: (name, "mean") for name in names},
    )
    return out.reset_index()


@tables.kept
def one_run(threshold: float, novelty: float) -> pd.DataFrame:
    """The averaged run of one threshold and novelty. Raises ValueError for settings that are not kept."""
    rows = stored_runs()
    rows = rows[np.isclose(rows["threshold"], threshold) & np.isclose(rows["novelty"], novelty)].reset_index(drop=True)
    if rows.empty:
        raise ValueError(
            f"threshold and novelty must be among {self_instruct.THRESHOLDS} and {self_instruct.NOVELTIES}, "
            f"got {threshold!r} and {novelty!r}"
        )
    return rows


@tables.kept
def ends_of_runs(novelty: float) -> pd.DataFrame:
    """The last step of every threshold at one novelty, with dropped, the share of generated instructions that were dropped."""
    rows = stored_runs()
    rows = rows[np.isclose(rows["novelty"], novelty) & (rows["step"] == rows["step"].max())].reset_index(drop=True)
    return rows.assign(dropped=1 - rows["kept"] / rows["tried"])


def default_run() -> pd.DataFrame:
    """The stored run at the paper's threshold and half novelty, from the first seed."""
    rows = tables.load("self_instruct_runs")
    return rows[np.isclose(rows["threshold"], 0.7) & (rows["novelty"] == 0.5) & (rows["seed"] == 0)].reset_index(drop=True)


def own_run(threshold: float, novelty: float, steps: int, seed: int, show: Report | None = None) -> tuple[pd.DataFrame, dict[str, list]]:
    """(rows, texts) of a run of the loop: the stored one without texts, or the worker's, once for all readers.

    rows: columns tried, kept, mean_pairwise, seed_similarity, distinct_pairs. texts: under "kept" and "dropped" the instructions, each
    with the most similar one and their ROUGE-L. show(done, total, words) is called while it is waited for. Raises ValueError with one
    sentence where there is no answer.
    """
    settings = {"threshold": threshold, "novelty": novelty, "steps": steps, "seed": seed}
    if settings == STORED_RUN:
        return default_run(), {"kept": [], "dropped": []}
    seeds = self_instruct.instructions(tables.load("seed_tasks"))
    known = self_instruct.known_parts(seeds, tables.load("instruction_parts"))
    arguments = {"seeds": [list(parts) for parts in seeds], "known": known, **settings}
    try:
        answer = LOOPS.get(digest(arguments), lambda report: by_worker(shared_worker(), "self_instruct", arguments, report), show)
    except (WorkerError, Cancelled) as problem:
        raise ValueError(f"The run failed: {problem}") from None
    return pd.DataFrame(answer["rows"]), {name: answer[name] for name in ("kept", "dropped")}
