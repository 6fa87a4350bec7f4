"""The derived tables, each as a function that makes it: from other tables, or from released files that are not kept here."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from analysis import tables
from analysis.build.claims import claim_checks
from analysis.evals import read
from analysis.judges import bradley_terry, elo, power
from analysis.judges import verdicts as judges_verdicts
from analysis.preference import training
from analysis.probe import bundled
from analysis.pythia import checkpoints, emergence
from analysis.scaling import chinchilla, fitting, resampling
from analysis.scaling.data import released_runs
from analysis.small_models import self_instruct
from analysis.term_frequency import association as frequency
from analysis.term_frequency import regression


def scaling_fits() -> pd.DataFrame:
    """The table scaling_fits: one fit with all 245 runs and one without the five highest losses."""
    rows = []
    for dropped in (0, 5):
        runs = released_runs(dropped)
        fit = fitting.fit_parametric(runs["n_params"], runs["n_tokens"], runs["loss"])
        if fit.law is None:
            raise ValueError(fit.message)
        values = {name: getattr(fit, name) for name in fit.__dataclass_fields__ if name != "law"}
        rows.append({"dropped": dropped, **values, **fit.law.constants()})
    return pd.DataFrame(rows)[list(tables.describe_table("scaling_fits")["columns"])]


def scaling_resamples() -> pd.DataFrame:
    """The table scaling_resamples: 4,000 refits for each row of scaling_fits."""
    parts = []
    for row in scaling_fits().to_dict("records"):
        runs = released_runs(row["dropped"])
        start = chinchilla.ScalingLaw(**{name: row[name] for name in chinchilla.CONSTANTS})
        resamples = resampling.bootstrap(runs["n_params"], runs["n_tokens"], runs["loss"], start=start)
        parts.append(resamples[list(chinchilla.CONSTANTS)].assign(dropped=row["dropped"]))
    return pd.concat(parts, ignore_index=True)[["dropped", *chinchilla.CONSTANTS]]


def judge_verdicts(upstream: Path) -> pd.DataFrame:
    """The table judge_verdicts, from the verdicts released with the QLoRA paper."""
    return judges_verdicts.tidy_verdicts(pd.read_csv(upstream / "qlora" / "gpt4_pairwise_judgements.csv"))


def tournaments() -> dict[str, judges_verdicts.Tournament]:
    """The tournaments of judge_verdicts by benchmark."""
    verdicts = tables.load("judge_verdicts")
    return {benchmark: judges_verdicts.tournament(verdicts, benchmark) for benchmark in ("vicuna", "oa")}


def judge_orderings() -> pd.DataFrame:
    """The table judge_orderings: 10,000 orderings of each tournament."""
    parts = []
    for benchmark, played in tournaments().items():
        ratings = pd.DataFrame(elo.replay(played, 10_000).round(), columns=list(played.models))
        parts.append(ratings.assign(benchmark=benchmark))
    return pd.concat(parts, ignore_index=True)[list(tables.describe_table("judge_orderings")["columns"])]


def judge_ratings() -> pd.DataFrame:
    """The table judge_ratings: every rule for ties and for the order of the answers, 1,000 resamples each."""
    parts = []
    for benchmark, played in tournaments().items():
        for position, used in (("ignored", played), ("fitted", played), ("consistent", judges_verdicts.consistent(played))):
            for ties in bradley_terry.TIES:
                point = bradley_terry.fit(used.counts(), ties, order=position == "fitted")
                resampled = bradley_terry.bootstrap(used, 1000, ties, order=position == "fitted")
                table = bradley_terry.rating_table(played.models, point.elo(), resampled.elo())
                parts.append(table.assign(benchmark=benchmark, ties=ties, position=position))
        drawn = bradley_terry.one_order_each(played).elo()
        table = bradley_terry.rating_table(played.models, drawn.mean(axis=0), drawn)
        parts.append(table.assign(benchmark=benchmark, ties="half", position="one_order"))
    return pd.concat(parts, ignore_index=True)[list(tables.describe_table("judge_ratings")["columns"])]


def judge_effects() -> pd.DataFrame:
    """The table judge_effects: order effect, ties, memory of Elo, and what one order alone would do."""
    rows = []
    for benchmark, played in tournaments().items():
        fitted = bradley_terry.fit(played.counts())
        resampled = bradley_terry.bootstrap(played)
        for quantity, value, values, unit in (
            ("order", fitted.order_elo(), resampled.order_elo(), "Elo points"),
            ("log_tie", fitted.log_tie, resampled.log_tie, ""),
        ):
            low, high = np.percentile(values, [2.5, 97.5])
            rows.append({"benchmark": benchmark, "quantity": quantity, "value": float(value), "low": low, "high": high, "unit": unit})
        places = bradley_terry.one_order_each(played).elo().argsort(axis=1)
        both = bradley_terry.fit(played.counts(), "half", order=False).elo().argsort()
        observed = power.observed_pairs(played, fitted)
        for quantity, number, unit in (
            ("memory", elo.forgetting(played), "matches"),
            ("same_ranking", float((places == both).all(axis=1).mean()), "share"),
            ("scatter_ratio", power.scatter_ratio(observed), ""),
        ):
            rows.append({"benchmark": benchmark, "quantity": quantity, "value": number, "unit": unit})
    return pd.DataFrame(rows)[list(tables.describe_table("judge_effects")["columns"])]


def pythia_scores() -> pd.DataFrame:
    """The table pythia_scores: accuracy on nine tasks."""
    models = pd.concat([tables.load(name)[["model", "n_params"]] for name in ("pythia_suite", "pythia_families")])
    tasks = list(tables.load("eval_tasks")["task"])
    return as_categories(checkpoints.scores(tables.load("pythia_evals"), models.set_index("model")["n_params"], tasks), "pythia_scores")


def pythia_twins() -> pd.DataFrame:
    """The table pythia_twins: equal scores in the two arms."""
    return checkpoints.twins(tables.load("pythia_evals"))


def pythia_fits() -> pd.DataFrame:
    """The table pythia_emergence: when each ability appears."""
    return emergence.all_fits(tables.load("pythia_scores"))


def term_frequency_stats() -> pd.DataFrame:
    """The table term_frequency_stats: correlations, slopes and gaps of every run against every corpus."""
    frequencies = frequency.frequencies_of(tables.load("number_frequencies"))
    return as_categories(frequency.all_statistics(tables.load("term_frequency"), frequencies), "term_frequency_stats")


def term_frequency_fits() -> pd.DataFrame:
    """The table term_frequency_fits: logistic regressions at the last step, with the counts of the Pile."""
    counts = frequency.frequencies_of(tables.load("number_frequencies"))["pile_train"]
    return as_categories(regression.all_regressions(tables.load("term_frequency"), counts), "term_frequency_fits")


def self_instruct_runs() -> pd.DataFrame:
    """The table self_instruct_runs: the simulated loop at every threshold and novelty of the page's sliders, from three seeds."""
    seeds = self_instruct.instructions(tables.load("seed_tasks"))
    known = self_instruct.known_parts(seeds, tables.load("instruction_parts"))
    rows = self_instruct.grid(seeds, known, self_instruct.THRESHOLDS, self_instruct.NOVELTIES, steps=self_instruct.STEPS)
    return as_categories(rows, "self_instruct_runs")


def bundled_statistics() -> pd.DataFrame:
    """The table probe_bundled: how the bundled model's accuracy goes with the frequency of the operand."""
    shares = tables.load("probe_operands").set_index("operand")["share"]
    return bundled.statistics(tables.load("bundled_accuracy"), shares)[list(tables.describe_table("probe_bundled")["columns"])]


PYTHIA_FILES = ("pythia-v1/*/zero-shot/*.json", "pythia-v1/*/five-shot/*.json", "pythia-v1/*MtokBS/*.json", "opt/*.json", "bloom/*.json")


def released(upstream: Path, pattern: str) -> list[Path]:
    """The files of EleutherAI/pythia below evals/ that fit a pattern; ValueError where there are none."""
    files = sorted((upstream / "pythia" / "evals").glob(pattern))
    if not files:
        raise ValueError(f"there is no file pythia/evals/{pattern} in {upstream}")
    return files


def pythia_evals(upstream: Path) -> pd.DataFrame:
    """The table pythia_evals: every score of the suite's checkpoints, of the small-batch runs, and of OPT and BLOOM."""
    files = [file for pattern in PYTHIA_FILES for file in released(upstream, pattern)]
    frame = pd.concat([read.read_results(file.read_bytes(), file.as_posix()) for file in files], ignore_index=True)
    order = ["family", "model", "arm", "shots", "step", "task", "metric"]
    return as_categories(frame.sort_values(order, kind="stable", ignore_index=True), "pythia_evals")


def term_frequency(upstream: Path) -> pd.DataFrame:
    """The table term_frequency: accuracy of each operand, by model, step, shots and operation."""
    files = released(upstream, "csv/*/term_frquency_all_shots.csv")
    frame = pd.concat([read.read_results(file.read_bytes(), file.as_posix()) for file in files], ignore_index=True)
    frame[["operation", "operand"]] = frame["task"].str.extract(r"num_reasoning_arithmetic_([a-z]+)_(\d+)$")
    frame["accuracy"], frame["operand"] = frame["value"], frame["operand"].astype("int64")
    order = ["model", "step", "shots", "operation", "operand"]
    return as_categories(frame.sort_values(order, kind="stable", ignore_index=True), "term_frequency")


def preference_parts() -> tuple[pd.DataFrame, pd.DataFrame]:
    """The tables preference_runs and preference_answers, trained together; ValueError where torch is not installed."""
    try:
        return training.stored_runs()
    except ModuleNotFoundError as problem:
        raise ValueError(f"{problem.name} is needed to train: run `pip install -r requirements.txt`") from problem


def as_categories(frame: pd.DataFrame, name: str) -> pd.DataFrame:
    """The columns that the table's description names, texts as categories, which take a tenth of the memory."""
    columns = tables.describe_table(name)["columns"]
    kinds = {key: "category" if spec["type"] == "str" else "int64" for key, spec in columns.items() if spec["type"] in ("str", "int")}
    return frame[list(columns)].astype({key: kind for key, kind in kinds.items() if kind == "category" or not frame[key].isna().any()})


DERIVED: dict[str, Callable[[], pd.DataFrame]] = {
    "scaling_fits": scaling_fits,
    "scaling_resamples": scaling_resamples,
    "judge_orderings": judge_orderings,
    "judge_ratings": judge_ratings,
    "judge_effects": judge_effects,
    "pythia_scores": pythia_scores,
    "pythia_twins": pythia_twins,
    "pythia_emergence": pythia_fits,
    "term_frequency_stats": term_frequency_stats,
    "term_frequency_fits": term_frequency_fits,
    "preference_runs": lambda: preference_parts()[0],
    "preference_answers": lambda: preference_parts()[1],
    "self_instruct_runs": self_instruct_runs,
    "probe_bundled": bundled_statistics,
    "claim_checks": claim_checks,
}
"""What follows from other tables, by name."""

IMPORTED: dict[str, Callable[[Path], pd.DataFrame]] = {
    "judge_verdicts": judge_verdicts,
    "pythia_evals": pythia_evals,
    "term_frequency": term_frequency,
}
"""What is read from released files below a folder, by name."""
