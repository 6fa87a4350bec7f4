"""Rebuild the derived tables from the source tables, or prove them current: `python -m analysis.build [--check] [--upstream DIR]`.

Imported tables come from released files that are not kept here. With --upstream they are made from the files in that folder; without
it they stay as they are, and --check only sees that they load and have as many rows as data/tables.toml says.
"""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from analysis import judges, judges_bradley_terry, judges_elo, judges_power, scaling, tables

DIGITS = 8  # derived numbers are kept to so many significant digits, below what differs between processors
TOLERANCE = 1e-6  # relative difference that --check lets pass
# Share of rows that may differ by more: a resample with two minima of nearly the same height ends in either, as a processor rounds.
MAY_DIFFER = {"scaling_resamples": 0.002}
# Which of thousands of starts find the minimum is chaotic; their share may differ by so much.
ABSOLUTE = {"share_at_minimum": 0.01}


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


def judge_verdicts(upstream: Path) -> pd.DataFrame:
    """The table judge_verdicts, from the verdicts released with the QLoRA paper."""
    return judges.tidy_verdicts(pd.read_csv(upstream / "qlora" / "gpt4_pairwise_judgements.csv"))


def tournaments() -> dict[str, judges.Tournament]:
    """The tournaments of judge_verdicts by benchmark."""
    verdicts = tables.load("judge_verdicts")
    return {benchmark: judges.tournament(verdicts, benchmark) for benchmark in ("vicuna", "oa")}


def judge_orderings() -> pd.DataFrame:
    """The table judge_orderings: 10,000 orderings of each tournament."""
    parts = []
    for benchmark, played in tournaments().items():
        ratings = pd.DataFrame(judges_elo.replay(played, 10_000).round(), columns=list(played.models))
        parts.append(ratings.assign(benchmark=benchmark))
    return pd.concat(parts, ignore_index=True)[list(tables.describe_table("judge_orderings")["columns"])]


def judge_ratings() -> pd.DataFrame:
    """The table judge_ratings: every rule for ties and for the order of the answers, 1,000 resamples each."""
    parts = []
    for benchmark, played in tournaments().items():
        for position, used in (("ignored", played), ("fitted", played), ("consistent", judges.consistent(played))):
            for ties in judges_bradley_terry.TIES:
                point = judges_bradley_terry.fit(used.counts(), ties, order=position == "fitted")
                resampled = judges_bradley_terry.bootstrap(used, 1000, ties, order=position == "fitted")
                table = judges_bradley_terry.rating_table(played.models, point.elo(), resampled.elo())
                parts.append(table.assign(benchmark=benchmark, ties=ties, position=position))
        drawn = judges_bradley_terry.one_order_each(played).elo()
        table = judges_bradley_terry.rating_table(played.models, drawn.mean(axis=0), drawn)
        parts.append(table.assign(benchmark=benchmark, ties="half", position="one_order"))
    return pd.concat(parts, ignore_index=True)[list(tables.describe_table("judge_ratings")["columns"])]


def judge_effects() -> pd.DataFrame:
    """The table judge_effects: order effect, ties, memory of Elo, and what one order alone would do."""
    rows = []
    for benchmark, played in tournaments().items():
        fitted = judges_bradley_terry.fit(played.counts())
        resampled = judges_bradley_terry.bootstrap(played)
        for quantity, value, values, unit in (
            ("order", fitted.order_elo(), resampled.order_elo(), "Elo points"),
            ("log_tie", fitted.log_tie, resampled.log_tie, ""),
        ):
            low, high = np.percentile(values, [2.5, 97.5])
            rows.append({"benchmark": benchmark, "quantity": quantity, "value": float(value), "low": low, "high": high, "unit": unit})
        places = judges_bradley_terry.one_order_each(played).elo().argsort(axis=1)
        both = judges_bradley_terry.fit(played.counts(), "half", order=False).elo().argsort()
        observed = judges_power.observed_pairs(played, fitted)
        for quantity, value, unit in (
            ("memory", judges_elo.forgetting(played), "matches"),
            ("same_ranking", float((places == both).all(axis=1).mean()), "share"),
            ("scatter_ratio", judges_power.scatter_ratio(observed), ""),
        ):
            rows.append({"benchmark": benchmark, "quantity": quantity, "value": value, "unit": unit})
    return pd.DataFrame(rows)[list(tables.describe_table("judge_effects")["columns"])]


DERIVED: dict[str, Callable[[], pd.DataFrame]] = {
    "scaling_fits": scaling_fits,
    "scaling_resamples": scaling_resamples,
    "judge_orderings": judge_orderings,
    "judge_ratings": judge_ratings,
    "judge_effects": judge_effects,
}
IMPORTED: dict[str, Callable[[Path], pd.DataFrame]] = {"judge_verdicts": judge_verdicts}


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
        frame.to_parquet(path, index=False)
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
            before, after = stored[column].astype(float), frame[column].astype(float)
            same = np.isclose(before, after, rtol=TOLERANCE, atol=ABSOLUTE.get(column, 0), equal_nan=True)
        else:
            same = (stored[column].astype(str) == frame[column].astype(str)).to_numpy()
        if 1 - same.mean() > MAY_DIFFER.get(name, 0.0):
            row = int(np.argmin(same))
            return f"{name} row {row + 1}, column {column}: {stored[column][row]!r} is stored, {frame[column][row]!r} was rebuilt"
    return ""


def imported_problem(name: str) -> str:
    """What is wrong with a stored imported table, as far as it can be seen without its source; "" if nothing."""
    try:
        stored = tables.load(name)
    except tables.TableError as error:
        return str(error)
    rows = tables.describe_table(name)["rows"]
    return "" if len(stored) == rows else f"{name}: {len(stored):,} rows are stored, data/tables.toml declares {rows:,}"


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; returns its exit status."""
    parser = argparse.ArgumentParser(prog="python -m analysis.build", description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing; fail where a stored table is not what the sources give")
    parser.add_argument("--upstream", type=Path, metavar="DIR", help="folder of released files, to make the imported tables from")
    parser.add_argument("tables", nargs="*", help=f"which (default: all): {', '.join([*IMPORTED, *DERIVED])}")
    options = parser.parse_args(arguments)
    unknown = [name for name in options.tables if name not in DERIVED and name not in IMPORTED]
    if unknown:
        parser.error(f"no derived table {', '.join(unknown)}; there are {', '.join([*IMPORTED, *DERIVED])}")
    stale = 0
    for name in options.tables or [*IMPORTED, *DERIVED]:
        if name in IMPORTED and options.upstream is None:
            problem = imported_problem(name)
            stale += bool(problem)
            print(f"{name}: {problem or 'left as it is, with the rows declared; --upstream DIR compares it with its source'}")
            continue
        frame = rounded(IMPORTED[name](options.upstream) if name in IMPORTED else DERIVED[name]())
        if options.check:
            problem = difference(name, frame)
            stale += bool(problem)
            print(f"{name}: {problem or 'current'}")
        else:
            write(name, frame)
            print(f"{name}: {len(frame):,} rows written to {Path('data') / tables.describe_table(name)['file']}")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
