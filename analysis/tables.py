"""The tables in data/: loaded, checked against data/tables.toml, and corrected as data/corrections.csv declares.

The only module that reads files below data/. A problem in a table names file, line, column and value, and breaks only
what needs that table.
"""

import csv
import io
import math
import tomllib
from functools import lru_cache
from pathlib import Path

import pandas as pd

DATA = Path(__file__).parents[1] / "data"
DESCRIPTOR = "tables.toml"
TRUE_FALSE = {"1": True, "0": False}


class TableError(ValueError):
    """A table that is missing, malformed, or breaks its description."""


def names() -> list[str]:
    """The declared tables.

    >>> "sources" in names()
    True
    """
    return list(_descriptor(DATA, _stamp(DATA / DESCRIPTOR)))


def load(name: str, corrected: bool = True) -> pd.DataFrame:
    """The rows of a table, typed and checked; changed where corrections are declared, unless corrected is False.

    Numbers that are not reported are NaN, texts that are not given are "". Raises TableError.

    >>> len(load("chinchilla_runs"))
    245
    """
    table = describe_table(name)
    stamps = tuple(_stamp(DATA / file) for file in (DESCRIPTOR, table["file"], "corrections.csv", "sources.csv"))
    return _load(DATA, name, corrected, stamps).copy(deep=False)  # copy-on-write keeps the cached frame as it is


def describe(name: str) -> pd.DataFrame:
    """What each column of a table means: columns column, type, unit, meaning."""
    columns = describe_table(name)["columns"]
    return pd.DataFrame(
        [(key, spec["type"], spec.get("unit", ""), spec["about"]) for key, spec in columns.items()],
        columns=["column", "type", "unit", "meaning"],
    )


def describe_table(name: str) -> dict:
    """The description of a table in data/tables.toml."""
    tables = _descriptor(DATA, _stamp(DATA / DESCRIPTOR))
    if name not in tables:
        raise TableError(f"there is no table {name!r}; data/{DESCRIPTOR} declares {', '.join(sorted(tables))}")
    return tables[name]


def source(source_id: str) -> dict:
    """The cited work with this id: id, title, authors, year, url, licence, note."""
    sources = load("sources").set_index("id")
    if source_id not in sources.index:
        raise TableError(f"there is no source {source_id!r} in data/sources.csv")
    return {"id": source_id, **sources.loc[source_id].to_dict()}


def corrections(name: str) -> pd.DataFrame:
    """The declared corrections of a table: key, column, printed, corrected, reason, source."""
    rows = load("corrections")
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
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError:
        raise TableError(f"data/{DESCRIPTOR} is missing; restore it with `git checkout data/{DESCRIPTOR}`") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise TableError(f"data/{DESCRIPTOR} cannot be read: {error}") from None


@lru_cache(maxsize=128)
def _load(data: Path, name: str, corrected: bool, stamps: tuple[int, ...]) -> pd.DataFrame:
    table = describe_table(name)
    path = data / table["file"]
    frame = _read_parquet(path, table) if path.suffix == ".parquet" else _read_csv(path, table)
    return _apply_corrections(frame, name, table) if corrected and name not in ("corrections", "sources") else frame


def _missing(path: Path, table: dict) -> TableError:
    fix = "python -m analysis.build" if table["file"].startswith("derived/") else f"git checkout data/{table['file']}"
    return TableError(f"data/{table['file']} is missing; restore it with `{fix}`")


def _read_csv(path: Path, table: dict) -> pd.DataFrame:
    where = f"data/{table['file']}"
    try:
        raw = path.read_bytes()
    except OSError:
        raise _missing(path, table) from None
    if b"\0" in raw:
        raise TableError(f"{where} line {raw[: raw.index(bytes(1))].count(10) + 1}: contains a NUL byte, so it is not a text table")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise TableError(f"{where} line {raw[: error.start].count(10) + 1}: is not UTF-8 text") from None
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
    if header is None:
        raise TableError(f"{where} is empty; its first line must be {','.join(table['columns'])}")
    _check_header(where, header, table)
    for line, cells in zip(lines, rows, strict=True):
        if len(cells) != len(header):
            raise TableError(f"{where} line {line}: has {len(cells)} cells, the header has {len(header)}")
    text_frame = pd.DataFrame(rows, columns=header, dtype=object)
    frame = pd.DataFrame({
        name: _typed_column(where, lines, name, spec, text_frame) for name, spec in table["columns"].items()
    })  # fmt: skip
    _check_keys(where, lines, table, frame)
    return frame


def _check_header(where: str, header: list[str], table: dict) -> None:
    expected = list(table["columns"])
    for kind, odd in (("lacks", set(expected) - set(header)), ("has the undeclared column", set(header) - set(expected))):
        if odd:
            raise TableError(f"{where} line 1: {kind} {', '.join(map(repr, sorted(odd)))}; data/{DESCRIPTOR} declares {', '.join(expected)}")
    if len(set(header)) < len(header):
        raise TableError(f"{where} line 1: names a column twice")


def _typed_column(where: str, lines: list[int], name: str, spec: dict, frame: pd.DataFrame) -> pd.Series:
    values = []
    for position, text in enumerate(frame[name]):
        try:
            values.append(_typed_cell(text, spec))
        except ValueError as problem:
            hint = _hint(frame.iloc[position])
            raise TableError(f"{where} line {lines[position]}, column {name}: {text!r} {problem}{hint}") from None
    kind = {"float": "float64", "int": "float64", "bool": "bool", "str": "object", "source": "object"}[spec["type"]]
    if spec["type"] == "int" and spec.get("required"):
        kind = "int64"
    return pd.Series(values, dtype=kind)


def _typed_cell(text: str, spec: dict):
    if text == "":
        if spec.get("required"):
            raise ValueError("must not be empty")
        return math.nan if spec["type"] in ("float", "int") else ""
    if spec["type"] == "source":
        known = _source_ids(DATA, _stamp(DATA / "sources.csv"))
        unknown = [part for part in text.split(";") if part not in known]
        if unknown:
            raise ValueError(f"names no source in data/sources.csv ({', '.join(unknown)})")
        return text
    if spec["type"] == "bool":
        if text not in TRUE_FALSE:
            raise ValueError("must be 1 or 0")
        return TRUE_FALSE[text]
    if spec["type"] in ("float", "int"):
        return _number(text, spec)
    if "allowed" in spec and text not in spec["allowed"]:
        raise ValueError(f"is not one of {', '.join(spec['allowed'])}")
    return text


def _number(text: str, spec: dict) -> float:
    try:
        value = float(text)
    except ValueError:
        raise ValueError("is not a number") from None
    if not math.isfinite(value):
        raise ValueError("is not a finite number")
    if spec["type"] == "int" and value != int(value):
        raise ValueError("is not a whole number")
    if "allowed" in spec and value not in spec["allowed"]:
        raise ValueError(f"is not one of {', '.join(map(str, spec['allowed']))}")
    if value < spec.get("min", -math.inf) or value > spec.get("max", math.inf):
        raise ValueError(f"must lie between {spec.get('min', '-inf')} and {spec.get('max', 'inf')}")
    return value


def _hint(row: pd.Series) -> str:
    location = row.get("location", "")
    return f" (see {row['source']}{', ' + location if location else ''})" if row.get("source") else ""


@lru_cache(maxsize=4)
def _source_ids(data: Path, stamp: int) -> frozenset[str]:
    return frozenset(_read_csv(data / "sources.csv", describe_table("sources"))["id"])


def _check_keys(where: str, lines: list[int], table: dict, frame: pd.DataFrame) -> None:
    key = table.get("key")
    if not key:
        return
    doubled = frame.duplicated(key)
    if doubled.any():
        position = int(doubled.to_numpy().argmax())
        row = frame.loc[position, key]
        first = int(frame[(frame[key] == row).all(axis=1)].index[0])
        shown = ", ".join(f"{column} = {row[column]!r}" for column in key)
        raise TableError(f"{where} line {lines[position]}: repeats the key of line {lines[first]} ({shown})")


def _read_parquet(path: Path, table: dict) -> pd.DataFrame:
    where = f"data/{table['file']}"
    if not path.exists():
        raise _missing(path, table)
    try:
        frame = pd.read_parquet(path)
    except Exception as error:  # noqa: BLE001 - pyarrow raises many kinds for a damaged file
        raise TableError(f"{where} cannot be read ({type(error).__name__}); rebuild it with `python -m analysis.build`") from None
    _check_header(where, list(frame.columns), table)
    for name, spec in table["columns"].items():
        if spec.get("required") and frame[name].isna().any():
            raise TableError(f"{where} row {int(frame[name].isna().to_numpy().argmax()) + 1}, column {name}: must not be empty")
    return frame


def _apply_corrections(frame: pd.DataFrame, name: str, table: dict) -> pd.DataFrame:
    for row in corrections(name).to_dict("records"):
        parts = row["key"].split("|")
        at = pd.Series(True, index=frame.index)
        for column, value in zip(table["key"], parts, strict=False):
            at &= frame[column].astype(str) == value
        where = f"data/corrections.csv: the correction of {name}, {row['key']}, column {row['column']}"
        if len(parts) != len(table["key"]) or row["column"] not in frame or at.sum() != 1:
            raise TableError(f"{where} points to no single cell")
        spec = table["columns"][row["column"]]
        if frame.loc[at, row["column"]].iloc[0] != _typed_cell(row["printed"], spec):
            raise TableError(f"{where} expects {row['printed']!r} but the table holds {frame.loc[at, row['column']].iloc[0]!r}")
        frame.loc[at, row["column"]] = _typed_cell(row["corrected"], spec)
    return frame
