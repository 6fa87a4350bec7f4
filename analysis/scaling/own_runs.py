"""A reader's own training runs from a CSV file: every row is either used or reported with its line."""

import math
from collections.abc import Iterable, Mapping

import pandas as pd

from analysis import uploads
from analysis.scaling.chinchilla import FLOPS_PER_PARAM_TOKEN
from analysis.scaling.own_columns import KINDS, LOSS_KINDS, guess_columns, hint, unit_in
from analysis.uploads import notation
from analysis.uploads.notation import MIXED, Unit
from analysis.uploads.table import Table, table_of

__all__ = [
    "MAX_BYTES",
    "MAX_ROWS",
    "ambiguous",
    "decimal_marks",
    "guess_columns",
    "in_percent",
    "parse_number",
    "parse_runs",
    "read_runs_file",
]

MAX_BYTES = 10_000_000
MAX_ROWS = 5_000  # a fit from all starts with its resamples takes some 15 ms for each, so more would keep the server busy for long
PLAIN = Unit()


def read_runs_file(data: bytes) -> Table:
    """The table in a CSV file with a header, as `analysis.uploads.table.table_of` reads it.

    Raises ValueError with one sentence for an empty file, more than 10 MB, what is no text, no or double column names, more than 1,000
    columns or 5,000 rows, or quoting that does not end.

    >>> read_runs_file(b"N,D,loss\\n1e9,2e10,2.5\\n").columns
    ('N', 'D', 'loss')
    """
    try:
        table = table_of(data, MAX_BYTES, MAX_ROWS)
    except ValueError as problem:
        raise ValueError(f"The file {problem}.") from None
    if len(table.columns) < 3:
        words = f"The header has {len(table.columns)} column(s); three are needed: parameters, tokens or FLOPs, and loss."
        raise ValueError(f"{words} {hint(table.columns)}".strip())
    if all(map(_is_number, table.columns)):
        raise ValueError("The first line holds numbers only; a header with a name for each column is needed.")
    if (doubled := uploads.twice(table.columns)) is not None:
        raise ValueError(f"The column name {uploads.clip(doubled)!r} occurs more than once in the header.")
    return table


def parse_number(text: str, mark: str = "", unit: Unit = PLAIN, kinds: Iterable[str] = ("", "parameters", "tokens", "FLOP")) -> float:
    """The positive number in text in base units; ValueError that says what is wrong, going on from the name of its column.

    mark: decimal mark of the column. unit: of numbers that have none themselves. kinds: what a unit may count.

    >>> parse_number("7.5B"), parse_number("44", unit=Unit(1e6)), parse_number("44M", unit=Unit(1e6))
    (7500000000.0, 44000000.0, 44000000.0)
    """
    value, own = notation.number(text, mark)
    shown = repr(text.strip()[:40])
    if own.kind not in kinds:
        raise ValueError(f"is a rate: {shown}" if own.kind == "FLOP/s" else f"is in {own.kind}: {shown}")
    if value <= 0:
        raise ValueError(f"must be positive: {shown}")
    scale = own if own.factor != 1 or own.kind not in ("", unit.kind) else unit
    if not math.isfinite(value * scale.factor):
        raise ValueError(f"is too large: {shown}")
    return notation.scaled(value, scale)


def decimal_marks(table: Table, columns: Iterable[str]) -> dict[str, str]:
    """The decimal mark of each of the columns, as its own cells prove it, else those of the others; "" where none of them does.

    >>> table = read_runs_file(b"N;D;loss\\n1.234;5;3,5\\n")
    >>> decimal_marks(table, ["N", "loss"]), decimal_marks(table, ["N", "D"])
    ({'N': ',', 'loss': ','}, {'N': '', 'D': ''})
    """
    found = {column: notation.mark_of(_cells(table, column)) for column in columns}
    proved = {mark for mark in found.values() if mark}
    others = proved.pop() if len(proved) == 1 else MIXED if proved else ""
    return {column: mark or others for column, mark in found.items()}


def ambiguous(table: Table, columns: Iterable[str]) -> str:
    """A cell of which these columns do not tell what its comma or point is, decimal or between thousands; "" if there is none.

    >>> ambiguous(read_runs_file(b'N,D,loss\\n"1,234","5,678",3\\n'), ["N", "D", "loss"])
    '1,234'
    """
    marks = decimal_marks(table, columns)
    unclear = ((cell, mark) for column, mark in marks.items() if mark in ("", MIXED) for cell in _cells(table, column))
    return next((cell for cell, mark in unclear if notation.is_ambiguous(cell, mark)), "")


def parse_runs(
    table: Table,
    roles: Mapping[str, str],
    units: Mapping[str, Unit] | None = None,
    mark: str = "",
    bytes_per_token: float | None = None,
) -> tuple[pd.DataFrame, list[str]]:
    """(runs, problems) where roles maps n_params, loss and one of n_tokens or train_flops to columns of the table.

    units: of the numbers by role, where another one is meant than the column's name states. mark: the decimal mark, where the cells do
    not prove it. bytes_per_token: turns a loss in bits per byte into nats per token, L = ln(2) bytes_per_token bpb. A loss in bits is
    multiplied by ln(2), and of a perplexity the logarithm is taken.
    runs: columns line, n_params, n_tokens, train_flops, loss [nats per token], with the missing one of tokens and FLOPs from C = 6 N D.
    problems: one sentence per row that could not be used, naming its line. Every row of the file is in one of the two; one with less than
    one parameter or token (a count in billions, perhaps) is a problem.
    Raises ValueError where a role is missing, names no column, or two roles share one, and for bits per byte without bytes_per_token.

    >>> table = read_runs_file(b"N (M),D,loss\\n44,2e10,2.5\\n1e9,-5,2.5\\n")
    >>> runs, problems = parse_runs(table, {"n_params": "N (M)", "n_tokens": "D", "loss": "loss"})
    >>> runs["n_params"].tolist(), problems
    ([44000000.0], ["line 3: 'D' must be positive: '-5'"])
    """
    _check(table, roles)
    units = {role: (units or {}).get(role) or unit_in(column) for role, column in roles.items()}
    if units["loss"].kind == "bits per byte" and not bytes_per_token:
        raise ValueError(f"{uploads.clip(roles['loss'])!r} is in bits per byte; say how many bytes a token has on average")
    marks = {role: mark or found for role, found in zip(roles, decimal_marks(table, roles.values()).values(), strict=True)}
    position = {role: table.columns.index(column) for role, column in roles.items()}
    good, problems = [], []
    for line, cells in table.rows:
        if len(cells) != len(table.columns):
            problems.append(f"line {line}: {len(cells)} cells where the header has {len(table.columns)}")
            continue
        row: dict[str, float] = {"line": line}
        complaints: list[str] = []
        for role, at in position.items():
            try:
                row[role] = _value(role, cells[at], marks[role], units[role], bytes_per_token)
            except ValueError as error:
                complaints.append(f"{uploads.clip(roles[role])!r} {error}")
        complaints = complaints or _misfits(row)
        if complaints:
            problems.append(f"line {line}: " + "; ".join(complaints))
        else:
            good.append(row)
    runs = pd.DataFrame(good, columns=["line", *position])
    if "n_tokens" in roles:
        runs["train_flops"] = FLOPS_PER_PARAM_TOKEN * runs["n_params"] * runs["n_tokens"]
    else:
        runs["n_tokens"] = runs["train_flops"] / (FLOPS_PER_PARAM_TOKEN * runs["n_params"])
    return runs[["line", "n_params", "n_tokens", "train_flops", "loss"]], problems


def in_percent(table: Table, column: str) -> bool:
    """Whether a column holds percentages, by its name or in a cell.

    >>> in_percent(read_runs_file(b"N,D,loss\\n1e9,2e10,352%\\n"), "loss")
    True
    """
    return unit_in(column).kind == "%" or any(cell.endswith("%") for cell in _cells(table, column))


def _check(table: Table, roles: Mapping[str, str]) -> None:
    """Nothing; ValueError for roles that are not those of a run, or no columns of the table."""
    budget = [role for role in ("n_tokens", "train_flops") if role in roles]
    if len(budget) != 1 or "n_params" not in roles or "loss" not in roles:
        raise ValueError("choose a column for the parameters, one for the loss, and one for either tokens or FLOPs")
    for role, column in roles.items():
        if column not in table.columns:
            there = uploads.clip(", ".join(table.columns), 160)
            raise ValueError(f"{role} refers to {uploads.clip(column)!r}, which is not a column; there are {there}")
    if len(set(roles.values())) < len(roles):
        raise ValueError("the same column was chosen twice; parameters, budget and loss need a column each")


def _value(role: str, cell: str, mark: str, unit: Unit, bytes_per_token: float | None) -> float:
    """What a cell says of a run, in base units; ValueError that goes on from the name of its column."""
    if role != "loss":
        value = parse_number(cell, mark, unit, KINDS[role])
        if role != "train_flops" and value < 1:
            raise ValueError(f"must be a count of at least 1: {cell[:40]!r}")
        return value
    own = notation.number(cell, mark)[1]
    kind = own.kind or unit.kind
    value = parse_number(cell, mark, unit if not own.kind else PLAIN, LOSS_KINDS)
    if own.factor != 1 and own.kind != "%":
        raise ValueError(f"is no loss: {cell[:40]!r}")
    if kind == "bits per byte":
        if not bytes_per_token:
            raise ValueError(f"is in bits per byte: {cell[:40]!r}")
        return value * math.log(2) * bytes_per_token
    if kind == "perplexity" and value <= 1:
        raise ValueError(f"must be above 1 as a perplexity: {cell[:40]!r}")
    return math.log(value) if kind == "perplexity" else value * math.log(2) if kind == "bits" else value


def _misfits(row: Mapping[str, float]) -> list[str]:
    """What is impossible about numbers of one row that are possible by themselves."""
    if not math.isfinite(FLOPS_PER_PARAM_TOKEN * row["n_params"] * row.get("n_tokens", 1.0)):
        return ["parameters times tokens is too large"]
    if row.get("train_flops", math.inf) < FLOPS_PER_PARAM_TOKEN * row["n_params"]:
        return ["the FLOPs are less than one token takes"]
    return []


def _cells(table: Table, column: str) -> list[str]:
    at = table.columns.index(column)
    return [cells[at] for _, cells in table.rows if len(cells) == len(table.columns)]


def _is_number(text: str) -> bool:
    try:
        notation.number(text)
    except ValueError:
        return False
    return True
