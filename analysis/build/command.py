"""Rebuild the derived tables and the glossary from the source tables, or prove them current: `python -m analysis.build [--check]`.

Imported tables come from released files that are not kept here. With --upstream they are made from the files in that folder; without
it they stay as they are, and --check only sees that they load and have as many rows as data/tables.toml says.
"""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd

from analysis import tables
from analysis.build import glossary
from analysis.build.derived_tables import DERIVED, IMPORTED

GLOSSARY = "glossary"  # asks for docs/glossary.md where a name of a table would ask for that table
DIGITS = 8  # derived numbers are kept to so many significant digits, below what differs between processors
TOLERANCE = 1e-6  # relative difference that --check lets pass
# Of tables whose numbers a search finds, which stops a little elsewhere on other processors.
TOLERANCES = {"pythia_emergence": 1e-3, "preference_runs": 1e-4, "preference_answers": 1e-4}
# Share of rows that may differ by more: a resample with two minima of nearly the same height ends in either, as a processor rounds.
MAY_DIFFER = {"scaling_resamples": 0.002}
# Which of the starts find the minimum is chaotic, as is a divergence that is zero but for rounding; they may differ by so much.
ABSOLUTE = {"share_at_minimum": 0.1, "kl": 1e-12}


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
            before, after = stored[column].astype(float), frame[column].astype(float)
            same = np.isclose(before, after, rtol=TOLERANCES.get(name, TOLERANCE), atol=ABSOLUTE.get(column, 0), equal_nan=True)
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
    known = [*IMPORTED, *DERIVED, GLOSSARY]
    parser = argparse.ArgumentParser(prog="python -m analysis.build", description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing; fail where a stored table is not what the sources give")
    parser.add_argument("--upstream", type=Path, metavar="DIR", help="folder of released files, to make the imported tables from")
    parser.add_argument("tables", nargs="*", help=f"which (default: all): {', '.join(known)}")
    options = parser.parse_args(arguments)
    unknown = [name for name in options.tables if name not in known]
    if unknown:
        parser.error(f"no derived table {', '.join(unknown)}; there are {', '.join(known)}")
    stale = 0
    for name in [name for name in options.tables if name != GLOSSARY] if options.tables else [*IMPORTED, *DERIVED]:
        if name in IMPORTED and options.upstream is None:
            problem = imported_problem(name)
            stale += bool(problem)
            print(f"{name}: {problem or 'left as it is, with the rows declared; --upstream DIR compares it with its source'}")
            continue
        try:
            frame = rounded(IMPORTED[name](options.upstream) if name in IMPORTED else DERIVED[name]())
        except (ValueError, OSError) as problem:
            stale += 1
            print(f"{name}: {problem}")
            continue
        if options.check:
            found = difference(name, frame)
            stale += bool(found)
            print(f"{name}: {found or 'current'}")
        else:
            write(name, frame)
            print(f"{name}: {len(frame):,} rows written to {Path('data') / tables.describe_table(name)['file']}")
    if not options.tables or GLOSSARY in options.tables:
        found = glossary_problem(options.check)
        stale += bool(found)
        print(f"docs/glossary.md: {found or ('current' if options.check else 'written')}")
    return 1 if stale else 0


def glossary_problem(check: bool) -> str:
    """Write docs/glossary.md anew, or with check only compare it; what is wrong with it, "" if nothing."""
    try:
        if check:
            return (
                ""
                if glossary.current()
                else f"is not what data/terms.csv and data/tables.toml give; run `python -m analysis.build {GLOSSARY}`"
            )
        glossary.write()
    except (ValueError, OSError) as problem:
        return str(problem)
    return ""
