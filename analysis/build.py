"""Rebuild the derived tables, or prove them current: `python -m analysis.build [--check] [--upstream DIR]`.

Tables in DERIVED follow from other tables. Those in IMPORTED are read from released files, which are not part of the project: DIR is a
folder that holds them. Without it the imported tables stay as they are, and --check sees only whether they load.
"""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from analysis import evals, pythia, pythia_emergence, scaling, tables, term_frequency_regression
from analysis import term_frequency as frequency

DIGITS = 10  # derived numbers are kept to so many significant digits, below what differs between processors
TOLERANCE = 1e-7  # relative difference that --check lets pass
TOLERANCES = {"pythia_emergence": 1e-3}  # of tables whose numbers a search finds, which stops a little elsewhere on other processors


def scaling_fits() -> pd.DataFrame:
    """The table scaling_fits: one fit with all 245 runs and one without the five highest losses."""
    rows = []
    for dropped in (0, 5):
        runs = scaling.drop_highest_losses(scaling.with_tokens(tables.load("chinchilla_runs")), dropped)
        fit = scaling.fit_parametric(runs["n_params"], runs["n_tokens"], runs["loss"])
        values = {name: getattr(fit, name) for name in fit.__dataclass_fields__ if name != "law"}
        rows.append({"dropped": dropped, **values, **fit.law.constants()})
    return pd.DataFrame(rows)[list(tables.describe_table("scaling_fits")["columns"])]


def scaling_resamples() -> pd.DataFrame:
    """The table scaling_resamples: 4,000 refits for each row of scaling_fits."""
    parts = []
    for row in scaling_fits().to_dict("records"):
        runs = scaling.drop_highest_losses(scaling.with_tokens(tables.load("chinchilla_runs")), row["dropped"])
        start = scaling.ScalingLaw(**{name: row[name] for name in scaling.CONSTANTS})
        resamples = scaling.bootstrap(runs["n_params"], runs["n_tokens"], runs["loss"], start=start)
        parts.append(resamples[list(scaling.CONSTANTS)].assign(dropped=row["dropped"]))
    return pd.concat(parts, ignore_index=True)[["dropped", *scaling.CONSTANTS]]


def pythia_scores() -> pd.DataFrame:
    """The table pythia_scores: accuracy on nine tasks."""
    models = pd.concat([tables.load(name)[["model", "n_params"]] for name in ("pythia_suite", "pythia_families")])
    tasks = list(tables.load("eval_tasks")["task"])
    return as_categories(pythia.scores(tables.load("pythia_evals"), models.set_index("model")["n_params"], tasks), "pythia_scores")


def pythia_twins() -> pd.DataFrame:
    """The table pythia_twins: equal scores in the two arms."""
    return pythia.twins(tables.load("pythia_evals"))


def pythia_fits() -> pd.DataFrame:
    """The table pythia_emergence: when each ability appears."""
    return pythia_emergence.all_fits(tables.load("pythia_scores"))


def term_frequency_stats() -> pd.DataFrame:
    """The table term_frequency_stats: correlations, slopes and gaps of every run against every corpus."""
    frequencies = frequency.frequencies_of(tables.load("number_frequencies"))
    return as_categories(frequency.all_statistics(tables.load("term_frequency"), frequencies), "term_frequency_stats")


def term_frequency_fits() -> pd.DataFrame:
    """The table term_frequency_fits: logistic regressions at the last step, with the counts of the Pile."""
    counts = frequency.frequencies_of(tables.load("number_frequencies"))["pile_train"]
    return as_categories(term_frequency_regression.all_regressions(tables.load("term_frequency"), counts), "term_frequency_fits")


DERIVED: dict[str, Callable[[], pd.DataFrame]] = {
    "scaling_fits": scaling_fits,
    "scaling_resamples": scaling_resamples,
    "pythia_scores": pythia_scores,
    "pythia_twins": pythia_twins,
    "pythia_emergence": pythia_fits,
    "term_frequency_stats": term_frequency_stats,
    "term_frequency_fits": term_frequency_fits,
}


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
    frame = pd.concat([evals.read_results(file.read_bytes(), file.as_posix()) for file in files], ignore_index=True)
    order = ["family", "model", "arm", "shots", "step", "task", "metric"]
    return as_categories(frame.sort_values(order, kind="stable", ignore_index=True), "pythia_evals")


def term_frequency(upstream: Path) -> pd.DataFrame:
    """The table term_frequency: accuracy of each operand, by model, step, shots and operation."""
    files = released(upstream, "csv/*/term_frquency_all_shots.csv")
    frame = pd.concat([evals.read_results(file.read_bytes(), file.as_posix()) for file in files], ignore_index=True)
    frame[["operation", "operand"]] = frame["task"].str.extract(r"num_reasoning_arithmetic_([a-z]+)_(\d+)$")
    frame["accuracy"], frame["operand"] = frame["value"], frame["operand"].astype("int64")
    order = ["model", "step", "shots", "operation", "operand"]
    return as_categories(frame.sort_values(order, kind="stable", ignore_index=True), "term_frequency")


def as_categories(frame: pd.DataFrame, name: str) -> pd.DataFrame:
    """The columns that the table's description names, texts as categories, which take a tenth of the memory."""
    columns = tables.describe_table(name)["columns"]
    kinds = {key: "category" if spec["type"] == "str" else "int64" for key, spec in columns.items() if spec["type"] in ("str", "int")}
    return frame[list(columns)].astype({key: kind for key, kind in kinds.items() if kind == "category" or not frame[key].isna().any()})


IMPORTED: dict[str, Callable[[Path], pd.DataFrame]] = {"pythia_evals": pythia_evals, "term_frequency": term_frequency}


def rounded(frame: pd.DataFrame) -> pd.DataFrame:
    """frame with every float to DIGITS significant digits."""
    out = frame.copy()
    for name in out.select_dtypes("float").columns:
        values = out[name].to_numpy()
        scale = 10.0 ** (DIGITS - 1 - np.floor(np.log10(np.where(values == 0, 1, np.abs(values)))))
        out[name] = np.round(values * scale) / scale
    return out


def write(name: str, frame: pd.DataFrame) -> None:
    """Write a derived table to where data/tables.toml says it is."""
    path = tables.DATA / tables.describe_table(name)["file"]
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".parquet":
        frame.to_parquet(path, index=False, compression="zstd", compression_level=19)
    else:
        frame.to_csv(path, index=False, lineterminator="\n")


def difference(name: str, frame: pd.DataFrame) -> str:
    """What differs between the stored derived table and frame; "" where they agree."""
    try:
        stored = tables.load(name)
    except tables.TableError as error:
        return str(error)
    if list(stored.columns) != list(frame.columns) or len(stored) != len(frame):
        return f"{name}: {stored.shape} is stored, {frame.shape} was rebuilt"
    for column in frame:
        if frame[column].dtype.kind in "fi":
            same = np.isclose(
                stored[column].astype(float), frame[column].astype(float), rtol=TOLERANCES.get(name, TOLERANCE), atol=0, equal_nan=True
            )
        else:
            same = (stored[column].astype(str) == frame[column].astype(str)).to_numpy()
        if not same.all():
            row = int(np.argmin(same))
            return f"{name} row {row + 1}, column {column}: {stored[column][row]!r} is stored, {frame[column][row]!r} was rebuilt"
    return ""


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; returns its exit status."""
    parser = argparse.ArgumentParser(prog="python -m analysis.build", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail where a stored table is not what the sources give")
    parser.add_argument("--upstream", type=Path, metavar="DIR", help="folder of released files, to import from")
    parser.add_argument("tables", nargs="*", help=f"which (default: all): {', '.join([*IMPORTED, *DERIVED])}")
    options = parser.parse_args(arguments)
    unknown = [name for name in options.tables if name not in DERIVED and name not in IMPORTED]
    if unknown:
        parser.error(f"no derived table {', '.join(unknown)}; there are {', '.join([*IMPORTED, *DERIVED])}")
    stale = 0
    for name in options.tables or [*IMPORTED, *DERIVED]:  # tables may be derived from imported ones
        problem = one_table(name, options.check, options.upstream)
        stale += bool(problem)
    return 1 if stale else 0


def one_table(name: str, check: bool, upstream: Path | None) -> str:
    """Rebuild or check one table and say how it went; what is wrong with it, "" if nothing."""
    problem = ""
    if name in IMPORTED and upstream is None:
        try:
            tables.load(name)
        except tables.TableError as error:
            problem = str(error)
        print(f"{name}: {problem or 'loads; --upstream DIR imports it anew'}")
        return problem
    try:
        frame = rounded(IMPORTED[name](upstream) if name in IMPORTED else DERIVED[name]())
    except ValueError as error:
        print(f"{name}: {error}")
        return str(error)
    if check:
        problem = difference(name, frame)
        print(f"{name}: {problem or 'current'}")
    else:
        write(name, frame)
        print(f"{name}: {len(frame):,} rows written to {Path('data') / tables.describe_table(name)['file']}")
    return problem


if __name__ == "__main__":
    sys.exit(main())
