"""The tables in data/: loaded, checked against data/tables.toml, and corrected as data/corrections.csv declares.

The only module that reads files below data/. A problem in a table names file, line, column and value, says what would
be accepted and where to look in the paper, and breaks only what needs that table. (Every corrected table needs
corrections.csv, and every table with sources needs sources.csv.)
"""

import csv
import hashlib
import io
import math
import os
import re
import sys
import threading
import tomllib
from collections import OrderedDict
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from functools import wraps
from pathlib import Path
from typing import Any, ParamSpec, TypeVar, overload

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
    return list(_descriptor())


# --- one rule for everything that is kept -----------------------------------------------------------------------------

Stamp = tuple[int, int, int]
_watching: ContextVar[tuple[dict[Path, Stamp], ...]] = ContextVar("_watching", default=())


@overload
def kept(function: Callable[Arguments, Result]) -> Callable[Arguments, Result]: ...
@overload
def kept(*, most: int) -> Callable[[Callable[Arguments, Result]], Callable[Arguments, Result]]: ...
def kept(function=None, *, most=64):
    """Decorate a function of hashable arguments: its last `most` results are kept until a file below data/ that they rest on changes.

    Which files those are is noted while the function runs, also through other kept functions. Nothing is kept of a run that raises.
    Everybody gets the same object, so nobody may change it.

    >>> @kept
    ... def devices():
    ...     return set(load("gpus")["id"])
    >>> devices() is devices()
    True
    """
    return _kept(function, most) if function is not None else lambda function: _kept(function, most)


def _kept(function: Callable[Arguments, Result], most: int) -> Callable[Arguments, Result]:
    results: OrderedDict[Any, tuple[Result, dict[Path, Stamp]]] = OrderedDict()
    turn = threading.Lock()

    @wraps(function)
    def wrapper(*arguments: Arguments.args, **named: Arguments.kwargs) -> Result:
        key = (DATA, arguments, tuple(named.items()))
        known = results.get(key)
        if known is not None and all(_watch(path) == stamp for path, stamp in known[1].items()):
            with turn:
                results[key] = known
                results.move_to_end(key)
            return known[0]
        files: dict[Path, Stamp] = {}
        watching = _watching.set((*_watching.get(), files))
        try:
            result = function(*arguments, **named)
        finally:
            _watching.reset(watching)
        with turn:
            results[key] = result, files
            results.move_to_end(key)
            while len(results) > most:
                results.popitem(last=False)
        return result

    return wrapper


def _watch(path: Path) -> Stamp:
    """Time of change, size and number of a file, zeros where there is none; noted for whatever is being kept."""
    stamp = _stamp(path)
    for files in _watching.get():
        files.setdefault(path, stamp)
    return stamp


def _stamp(path: Path) -> Stamp:
    try:
        found = os.stat(path)
    except OSError:
        return 0, 0, 0
    return found.st_mtime_ns, found.st_size, found.st_ino


def state() -> str:
    """A text that is another one as soon as a file below data/ has changed, come or gone.

    >>> state() == state()
    True
    """
    found = hashlib.sha256()
    for folder, folders, files in os.walk(DATA):
        folders.sort()
        for name in sorted(files):
            path = Path(folder, name)
            found.update(f"{path.relative_to(DATA)} {_stamp(path)}\n".encode())
    return found.hexdigest()


def _read(path: Path) -> bytes:
    """The content of a file. Raises OSError where there is none."""
    _watch(path)
    return path.read_bytes()


# --- tables -----------------------------------------------------------------------------------------------------------


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
    return _load(name, corrected).copy(deep=False)  # copy-on-write keeps the kept frame as it is


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
    tables = _descriptor()
    if name not in tables:
        raise TableError(f"there is no table {name!r}; data/{DESCRIPTOR} declares {', '.join(sorted(tables))}")
    return tables[name]


def source(source_id: str) -> dict:
    """The cited work with this id: id, title, authors, year, url, licence, note. Raises TableError for an unknown id.

    >>> source("hoffmann2022")["title"]
    'Training Compute-Optimal Large Language Models'
    """
    works = _works()
    if source_id not in works:
        raise TableError(f"there is no source {source_id!r} in data/sources.csv")
    return dict(works[source_id])


@kept
def _works() -> dict[str, dict]:
    return {row["id"]: row for row in load("sources").to_dict("records")}


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


@kept
def _descriptor() -> dict[str, dict]:
    try:
        tables = tomllib.loads(_read(DATA / DESCRIPTOR).decode())
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


@kept(most=128)
def _load(name: str, corrected: bool) -> pd.DataFrame:
    table = describe_table(name)
    try:
        frame = _read_parquet(table) if table["file"].endswith(".parquet") else _read_csv(table)
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


def _read_csv(table: dict) -> pd.DataFrame:
    where = f"data/{table['file']}"
    try:
        raw = _read(DATA / table["file"])
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
    texts = pd.DataFrame(rows, columns=header, dtype=object)
    places = [f"line {line}" for line in lines]
    frame = pd.DataFrame({name: _typed(where, places, name, spec, texts) for name, spec in table["columns"].items()})
    _check(where, places, table, frame, texts)
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


def _typed(where: str, places: Sequence[str], name: str, spec: dict, texts: pd.DataFrame) -> pd.Series:
    """A column of texts as values of its type; NaN and "" where nothing is given. Raises TableError for a text of another type."""
    typed = {}
    for text in texts[name].unique():
        try:
            typed[text] = _value(text, spec)
        except ValueError as problem:
            raise _bad_cell(where, places, name, texts, int((texts[name] == text).to_numpy().argmax()), problem) from None
    values = [typed[text] for text in texts[name]]
    gaps = spec["type"] == "int" and not spec.get("required")  # an integer that may be missing needs NaN
    whole = all(value == value and value % 1 == 0 for value in typed.values()) if spec["type"] == "int" else True
    return pd.Series(values, dtype="float64" if gaps or not whole else TYPES[spec["type"]])


def _value(text: str, spec: dict) -> float | bool | str:
    """What a text stands for. Raises ValueError where it is of another type."""
    if spec["type"] == "bool":
        if text == "":
            raise ValueError("must not be empty")
        if text not in TRUE_FALSE:
            raise ValueError("must be 1 or 0")
        return TRUE_FALSE[text]
    if spec["type"] not in ("float", "int"):
        return text
    if text == "":
        return math.nan
    if not NUMBER.fullmatch(text):
        raise ValueError(f"is not a number; {_accepted(spec)} would be accepted, such as 1.4e12")
    return float(text)


def _check(where: str, places: Sequence[str], table: dict, frame: pd.DataFrame, shown: pd.DataFrame) -> None:
    """Raise TableError for the first cell that breaks the description of its column, and for a key that repeats.

    places: where each row is. frame: typed values. shown: the cells as the file has them.
    """
    for name, spec in table["columns"].items():
        values = frame[name]
        number = spec["type"] in ("int", "float")
        missing = values.isna() if number or spec["type"] == "bool" else values.isna() | (values == "")
        wrong = ~missing & False
        if "allowed" in spec:
            wrong |= ~missing & ~values.isin(spec["allowed"])
        if number:
            wrong |= ~missing & ~values.between(spec.get("min", -sys.float_info.max), spec.get("max", sys.float_info.max))
        if spec["type"] == "int":
            wrong |= ~missing & (values % 1 != 0)
        empty = missing & bool(spec.get("required"))
        for bad, problem in ((empty, "must not be empty"), (wrong, f"is not accepted; it must be {_accepted(spec)}")):
            if bad.any():
                raise _bad_cell(where, places, name, shown, int(bad.to_numpy().argmax()), problem)
        if spec["type"] == "source" and not missing.all():
            _check_sources(where, places, name, frame, shown)
    _check_keys(where, places, table, frame)


def _check_sources(where: str, places: Sequence[str], name: str, frame: pd.DataFrame, shown: pd.DataFrame) -> None:
    known = _source_ids()
    for cell in frame[name].unique():
        if unknown := [part for part in str(cell).split(";") if cell and part not in known]:
            problem = f"must be ids of data/sources.csv separated by ';', where {', '.join(map(repr, unknown))} is not"
            raise _bad_cell(where, places, name, shown, int((frame[name] == cell).to_numpy().argmax()), problem)


def _bad_cell(where: str, places: Sequence[str], name: str, shown: pd.DataFrame, row: int, problem: object) -> TableError:
    cell = shown[name].iloc[row]
    cell = "" if pd.isna(cell) else cell.item() if hasattr(cell, "item") else cell
    return TableError(f"{where} {places[row]}, column {name}: {cell!r} {problem}{_hint(shown.iloc[row])}")


def _accepted(spec: dict) -> str:
    if "allowed" in spec:
        return "one of " + ", ".join(repr(value) for value in spec["allowed"])
    kind = {"int": "a whole number", "float": "a number"}.get(spec["type"], "a text")
    limits = [f"{words} {spec[limit]:g}" for limit, words in (("min", "at least"), ("max", "at most")) if limit in spec]
    return " ".join([kind, " and ".join(limits)]).strip()


def _hint(row: pd.Series) -> str:
    location = row.get("location", "")
    return f" (see {row['source']}{', ' + location if location else ''})" if row.get("source") else ""


@kept
def _source_ids() -> frozenset[str]:
    return frozenset(_load("sources", False)["id"])


def _check_keys(where: str, places: Sequence[str], table: dict, frame: pd.DataFrame) -> None:
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


def _read_parquet(table: dict) -> pd.DataFrame:
    where = f"data/{table['file']}"
    try:
        frame = pd.read_parquet(io.BytesIO(_read(DATA / table["file"])))
    except FileNotFoundError:
        raise _missing(table) from None
    except Exception as error:  # noqa: BLE001 - pyarrow raises many kinds for a damaged file
        raise TableError(f"{where} cannot be read ({type(error).__name__}); rebuild it with {REBUILD}") from None
    _check_header(where, list(frame.columns), table)
    for name, spec in table["columns"].items():
        if (frame[name].dtype.kind in "ifb") != (spec["type"] in ("int", "float", "bool")):
            raise TableError(f"{where}, column {name}: holds {frame[name].dtype}, data/{DESCRIPTOR} declares {spec['type']}")
    _check(where, [f"row {row + 1}" for row in range(len(frame))], table, frame, frame)
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
            printed, corrected = (_value(row[which], table["columns"][row["column"]]) for which in ("printed", "corrected"))
        except ValueError as problem:
            raise TableError(f"{where}: {row['printed']!r} or {row['corrected']!r} {problem}") from None
        one = pd.DataFrame({row["column"]: [corrected]})
        _check(where, ["the corrected value"], {"columns": {row["column"]: table["columns"][row["column"]]}}, one, one)
        held = frame.loc[at, row["column"]].iloc[0]
        if held != printed:
            raise TableError(f"{where} expects {row['printed']!r} but the table holds {held!r}")
        frame.loc[at, row["column"]] = corrected
    return frame
