"""Rebuild the derived tables from the source tables, or prove them current: `python -m analysis.build [--check]`."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from analysis import scaling, tables

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


DERIVED: dict[str, Callable[[], pd.DataFrame]] = {"scaling_fits": scaling_fits, "scaling_resamples": scaling_resamples}


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


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; returns its exit status."""
    parser = argparse.ArgumentParser(prog="python -m analysis.build", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail where a stored table is not what the sources give")
    parser.add_argument("tables", nargs="*", help=f"which (default: all): {', '.join(DERIVED)}")
    options = parser.parse_args(arguments)
    unknown = [name for name in options.tables if name not in DERIVED]
    if unknown:
        parser.error(f"no derived table {', '.join(unknown)}; there are {', '.join(DERIVED)}")
    stale = 0
    for name in options.tables or DERIVED:
        frame = rounded(DERIVED[name]())
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
