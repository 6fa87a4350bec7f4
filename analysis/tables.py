"""The tables in data/: loaded, checked against data/tables.toml, and corrected as data/corrections.csv declares.

The only module that reads files below data/. A problem in a table names file, line, column and value, says what would
be accepted and where to look in the paper, and breaks only what needs that table. (Every corrected table needs
corrections.csv, and every table with sources needs sources.csv.)
"""

import csv
import io
import math
import re
import sys
import tomllib
from collections.abc import Callable
from functools import lru_cache, wraps
from pathlib import Path
from typing import ParamSpec, TypeVar

import pandas as pd

DATA = Path(__file__).parents[1] / "data"
DESCRIPTOR = "tables.toml"
REBUILD = "`python -m analysis.build`"
Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")
TRUE_FALSE = {"1": True, "0": False}
TYPES = {"str": "object", "source": "object", "int": "int64", "float": "float64", "bool": "bool"}
SPEC_WORDS = {"type", "unit", "about", "required", "allowed", "min", "max"}
NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)  # float() would also take 1_000, nan and blanks


class TableError(ValueError):
    """A table that is missing, malformed, or breaks its description."""


def names() -> list[str]:
    """The names of the declared tables, in the order of data/tables.toml.

    >>> "sources" in names()
    True
    """
    return list(_descriptor(DATA, _stamp(DATA / DESCRIPTOR)))


def load(name: str, corrected: bool = True) -> pd.DataFrame:
    """The rows of a table, typed and checked; changed where corrections are declared, unless corrected is False.

    Numbers that are not reported are NaN, texts that are not given are "". The result may be changed freely: it is a
    copy-on-write view of a frame that is kept until one of the files changes.

    Raises TableError where the table, its description, its corrections or the sources it names are not in order.

    >>> len(load("chinchilla_runs"))
    245
    >>> float(load("chinchilla_optimal", corrected=False).query("n_params == 175e9 and approach == 'approach3'")["train_flops"].iloc[0])
    1.26e+24
    """
    table = describe_table(name)
    stamps = tuple(_stamp(DATA / file) for file in (DESCRIPTOR, table["file"], "corrections.csv", "sources.csv"))
    return _load(DATA, name, corrected, stamps).copy(deep=False)  # copy-on-write keeps the cached frame as it is


def describe(name: str) -> pd.DataFrame:
    """What each column of a table means: one row per column with column, type, unit, meaning.

    >>> describe("chinchilla_runs").set_index("column").loc["loss", "unit"]
    'nats per token'
    """
    columns = describe_table(name)["columns"]
    return pd.DataFrame(
        [(key, spec["type"], spec.get("unit", ""), spec["about"]) for key, spec in columns.items()],
        columns=["column", "type", "unit", "meaning"],
    )


def describe_table(name: str) -> dict:
    """The description of a table in data/tables.toml: file, about, key, columns. Raises TableError for an unknown name."""
    tables = _descriptor(DATA, _stamp(DATA / DESCRIPTOR))
    if name not in tables:
        raise TableError(f"there is no table {name!r}; data/{DESCRIPTOR} declares {', '.join(sorted(tables))}")
    return tables[name]


def source(source_id: str) -> dict:
    """The cited work with this id: id, title, authors, year, url, licence, note. Raises TableError for an unknown id.

    >>> source("hoffmann2022")["title"]
    'Training Compute-Optimal Large Language Models'
    """
    works = _works(DATA, tuple(_stamp(DATA / file) for file in (DESCRIPTOR, "sources.csv")))
    if source_id not in works:
        raise TableError(f"there is no source {source_id!r} in data/sources.csv")
    return dict(works[source_id])


@lru_cache(maxsize=4)
def _works(data: Path, stamps: tuple[int, ...]) -> dict[str, dict]:
    return {row["id"]: row for row in load("sources").to_dict("records")}


def state(*names: str) -> tuple:
    """A key that changes with the files of these tables, for what is computed from them once: the folder and times of change.

    >>> state("gpus") == state("gpus") != state("models")
    True
    """
    files = (DESCRIPTOR, "corrections.csv", "sources.csv", *(describe_table(name)["file"] for name in names))
    return DATA, *names, *(_stamp(DATA / file) for file in files)


def kept(*names: str, most: int = 64) -> Callable[[Callable[Arguments, Result]], Callable[Arguments, Result]]:
    """Decorate a function of these tables and hashable arguments: its last `most` results are kept until one of the files changes.

    Everybody gets the same object, so nobody may change it.

    >>> @kept("gpus")
    ... def devices():
    ...     return set(load("gpus")["id"])
    >>> devices() is devices()
    True
    """

    def decorate(function: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
        result_for: Callable[..., Result] = lru_cache(maxsize=most)(lambda _state, *arguments, **named: function(*arguments, **named))

        @wraps(function)
        def wrapper(*arguments: Arguments.args, **named: Arguments.kwargs) -> Result:
            return result_for(state(*names), *arguments, **named)

        return wrapper

    return decorate


def corrections(name: str) -> pd.DataFrame:
    """The declared corrections of a table: key, column, printed, corrected, reason, source; one row per changed cell.

    >>> corrections("chinchilla_optimal")["key"].tolist()
    ['approach3|175 Billion']
    """
    rows = load("corrections")
    unknown = sorted(set(rows["table"]) - set(names()))
    if unknown:
        raise TableError(f"data/corrections.csv corrects {', '.join(unknown)}, which data/{DESCRIPTOR} does not declare")
    return rows[rows["table"] == name].drop(columns="table").reset_index(drop=True)


def _stamp(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0


@lru_cache(maxsize=4)
def _descriptor(data: Path, stamp: int) -> dict[str, dict]:
    path = data / DESCRIPTOR
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError:
        raise TableError(f"data/{DESCRIPTOR} is missing; restore it with `git checkout data/{DESCRIPTOR}`") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise TableError(f"data/{DESCRIPTOR} cannot be read: {error}") from None
    for name, table in tables.items():
        if not isinstance(table, dict) or not isinstance(table.get("file"), str):
            raise TableError(f"data/{DESCRIPTOR}, {name}: must be a table with a file")
        _borrow_columns(name, table, tables)
        if not isinstance(table.get("columns"), dict):
            raise TableError(f"data/{DESCRIPTOR}, table {name}: has no columns")
        for column, spec in table["columns"].items():
            if not isinstance(spec, dict) or spec.get("type") not in TYPES or "about" not in spec or set(spec) - SPEC_WORDS:
                raise TableError(
                    f"data/{DESCRIPTOR}, table {name}, column {column}: {spec!r} needs a type ({', '.join(TYPES)}) and about, "
                    f"and may have {', '.join(sorted(SPEC_WORDS - {'type', 'about'}))}"
                )
    return tables


def _borrow_columns(name: str, table: dict, tables: dict[str, dict]) -> None:
    """Give a table that says columns_of = "another" the columns and the key of that other one, so that they are declared once."""
    if "columns_of" not in table:
        return
    lender = tables.get(str(table["columns_of"]), {})
    lender = lender if isinstance(lender, dict) else {}
    if "columns" in table or "columns_of" in lender or "columns" not in lender:
        raise TableError(
            f"data/{DESCRIPTOR}, table {name}: columns_of must name a table that declares columns of its own, and stand in their place; "
            f"got {table['columns_of']!r}"
        )
    table["columns"] = lender["columns"]
    table.setdefault("key", lender.get("key", []))


@lru_cache(maxsize=128)
def _load(data: Path, name: str, corrected: bool, stamps: tuple[int, ...]) -> pd.DataFrame:
    table = describe_table(name)
    path = data / table["file"]
    try:
        frame = _read_parquet(path, table) if path.suffix == ".parquet" else _read_csv(path, table)
        if frame.empty and name != "corrections":
            raise TableError(f"data/{table['file']} has a header and no row")
    except TableError as problem:
        if not _is_derived(table) or REBUILD in str(problem) or not str(problem).startswith(f"data/{table['file']}"):
            raise
        raise TableError(f"{problem}; rebuild it with {REBUILD}") from None
    return _apply_corrections(frame, name, table) if corrected and name not in ("corrections", "sources") else frame


def _missing(table: dict) -> TableError:
    fix = REBUILD if _is_derived(table) else f"`git checkout data/{table['file']}`"
    return TableError(f"data/{table['file']} is missing; restore it with {fix}")


def _is_derived(table: dict) -> bool:
    return table["file"].startswith("derived/")


def _read_csv(path: Path, table: dict) -> pd.DataFrame:
    where = f"data/{table['file']}"
    try:
        raw = path.read_bytes()
    except OSError:
        raise _missing(table) from None
    if b"\0" in raw:
        raise TableError(f"{where} line {raw[: raw.index(bytes(1))].count(10) + 1}: contains a NUL byte, so it is not a text table")
    try:
        text = raw.decode("utf-8-sig")  # spreadsheets put a byte-order mark in front
    except UnicodeDecodeError as error:
        raise TableError(f"{where} line {raw[: error.start].count(10) + 1}: is not UTF-8 text") from None
    header, rows, lines = _records(where, text)
    if header is None:
        raise TableError(f"{where} is empty; its first line must be {','.join(table['columns'])}")
    _check_header(f"{where} line 1", header, table)
    for line, cells in zip(lines, rows, strict=True):
        if len(cells) != len(header):
            raise TableError(f"{where} line {line}: has {len(cells)} cells, the header has {len(header)}")
    text_frame = pd.DataFrame(rows, columns=header, dtype=object)
    frame = pd.DataFrame({name: _typed_column(where, lines, name, spec, text_frame) for name, spec in table["columns"].items()})
    _check_keys(where, [f"line {line}" for line in lines], table, frame)
    return frame


def _records(where: str, text: str) -> tuple[list[str] | None, list[list[str]], list[int]]:
    """Header, records, and the line each record starts on: a quoted cell may span lines."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    rows, lines, start = [], [], 1
    try:
        header = next(reader, None)
        start = reader.line_num + 1
        for cells in reader:
            rows.append(cells)
            lines.append(start)
            start = reader.line_num + 1
    except csv.Error as error:
        raise TableError(f"{where} line {start}: cannot be read as CSV ({error})") from None
    return header, rows, lines


def _check_header(where: str, header: list[str], table: dict) -> None:
    expected = list(table["columns"])
    for kind, odd in (("lacks the column", set(expected) - set(header)), ("has the undeclared column", set(header) - set(expected))):
        if odd:
            raise TableError(f"{where}: {kind} {', '.join(map(repr, sorted(odd)))}; data/{DESCRIPTOR} declares {', '.join(expected)}")
    if len(set(header)) < len(header):
        raise TableError(f"{where}: names a column twice")


def _typed_column(where: str, lines: list[int], name: str, spec: dict, frame: pd.DataFrame) -> pd.Series:
    values, typed = [], {}  # most columns say few different things
    for position, text in enumerate(frame[name]):
        try:
            if text not in typed:
                typed[text] = _typed_cell(text, spec)
            values.append(typed[text])
        except TableError:  # another table, of the sources, is not in order
            raise
        except ValueError as problem:
            hint = _hint(frame.iloc[position])
            raise TableError(f"{where} line {lines[position]}, column {name}: {text!r} {problem}{hint}") from None
    gaps = spec["type"] == "int" and not spec.get("required")  # an integer that may be missing needs NaN
    return pd.Series(values, dtype="float64" if gaps else TYPES[spec["type"]])


def _typed_cell(text: str, spec: dict):
    if text == "":
        if spec.get("required") or spec["type"] == "bool":
            raise ValueError("must not be empty")
        return math.nan if spec["type"] in ("float", "int") else ""
    if spec["type"] == "source":
        known = _source_ids(DATA, _stamp(DATA / "sources.csv"))
        unknown = [part for part in text.split(";") if part not in known]
        if unknown:
            raise ValueError(f"must be ids of data/sources.csv separated by ';', where {', '.join(map(repr, unknown))} is not")
        return text
    if spec["type"] == "bool":
        if text not in TRUE_FALSE:
            raise ValueError("must be 1 or 0")
        return TRUE_FALSE[text]
    if spec["type"] in ("float", "int"):
        if not NUMBER.fullmatch(text):
            raise ValueError(f"is not a number; {_accepted(spec)} would be accepted, such as 1.4e12")
        value: float | str = float(text)
    else:
        value = text
    if not _in_range(value, spec):
        raise ValueError(f"is not accepted; it must be {_accepted(spec)}")
    return value


def _in_range(value, spec: dict) -> bool:
    if "allowed" in spec and value not in spec["allowed"]:
        return False
    if spec["type"] == "int" and value != math.floor(value):
        return False
    return spec["type"] not in ("float", "int") or (
        math.isfinite(value) and spec.get("min", -math.inf) <= value <= spec.get("max", math.inf)
    )


def _accepted(spec: dict) -> str:
    if "allowed" in spec:
        return "one of " + ", ".join(repr(value) for value in spec["allowed"])
    kind = {"int": "a whole number", "float": "a number"}.get(spec["type"], "a text")
    limits = [f"{words} {spec[limit]:g}" for limit, words in (("min", "at least"), ("max", "at most")) if limit in spec]
    return " ".join([kind, " and ".join(limits)]).strip()


def _hint(row: pd.Series) -> str:
    location = row.get("location", "")
    return f" (see {row['source']}{', ' + location if location else ''})" if row.get("source") else ""


@lru_cache(maxsize=4)
def _source_ids(data: Path, stamp: int) -> frozenset[str]:
    return frozenset(_read_csv(data / "sources.csv", describe_table("sources"))["id"])


def _check_keys(where: str, places: list[str], table: dict, frame: pd.DataFrame) -> None:
    key = table.get("key")
    if not key:
        return
    doubled = frame.duplicated(key)
    if doubled.any():
        position = int(doubled.to_numpy().argmax())
        row = frame.loc[position, key]
        first = int((frame[key] == row).all(axis=1).to_numpy().argmax())
        shown = ", ".join(f"{column} = {row[column]!r}" for column in key)
        raise TableError(f"{where} {places[position]}: repeats the key of {places[first]} ({shown})")


def _read_parquet(path: Path, table: dict) -> pd.DataFrame:
    where = f"data/{table['file']}"
    if not path.exists():
        raise _missing(table)
    try:
        frame = pd.read_parquet(path)
    except Exception as error:  # noqa: BLE001 - pyarrow raises many kinds for a damaged file
        raise TableError(f"{where} cannot be read ({type(error).__name__}); rebuild it with {REBUILD}") from None
    _check_header(where, list(frame.columns), table)
    for name, spec in table["columns"].items():
        numeric = frame[name].dtype.kind in "ifb"
        if numeric != (spec["type"] in ("int", "float", "bool")):
            raise TableError(f"{where}, column {name}: holds {frame[name].dtype}, data/{DESCRIPTOR} declares {spec['type']}")
        values, missing = frame[name], frame[name].isna()
        bad = missing & bool(spec.get("required"))
        if "allowed" in spec:
            bad |= ~missing & ~values.isin(spec["allowed"])
        if numeric:
            bad |= ~missing & ~values.between(spec.get("min", -sys.float_info.max), spec.get("max", sys.float_info.max))
        if spec["type"] == "int":
            bad |= ~missing & (values % 1 != 0)
        if bad.any():
            row = int(bad.to_numpy().argmax())
            raise TableError(f"{where} row {row + 1}, column {name}: {values[row]!r} is not accepted; it must be {_accepted(spec)}")
    _check_keys(where, [f"row {row + 1}" for row in range(len(frame))], table, frame)
    return frame


def _apply_corrections(frame: pd.DataFrame, name: str, table: dict) -> pd.DataFrame:
    for row in corrections(name).to_dict("records"):
        where = f"data/corrections.csv: the correction of {name}, {row['key']}, column {row['column']}"
        parts, key = row["key"].split("|"), table.get("key", [])
        at = pd.Series(True, index=frame.index)
        for column, value in zip(key, parts, strict=False):
            at &= frame[column].astype(str) == value
        if len(parts) != len(key) or row["column"] not in frame or at.sum() != 1:
            raise TableError(f"{where} points to no single cell; the key of {name} is {'|'.join(key)}")
        try:
            printed, corrected = (_typed_cell(row[which], table["columns"][row["column"]]) for which in ("printed", "corrected"))
        except ValueError as problem:
            raise TableError(f"{where}: {row['printed']!r} or {row['corrected']!r} {problem}") from None
        held = frame.loc[at, row["column"]].iloc[0]
        if held != printed:
            raise TableError(f"{where} expects {row['printed']!r} but the table holds {held!r}")
        frame.loc[at, row["column"]] = corrected
    return frame
