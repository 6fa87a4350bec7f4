"""A reader's own training runs from a CSV file: every row is either used or reported with its line."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from analysis import uploads
from analysis.scaling.chinchilla import FLOPS_PER_PARAM_TOKEN

MAX_BYTES = 10_000_000
MAX_ROWS = 5_000  # a fit from all starts with its resamples takes some 15 ms for each, so more would keep the server busy for long
LONGEST_NUMBER = 400  # matching takes time with the square of the length
SUFFIXES = {"": 1.0, "k": 1e3, "m": 1e6, "b": 1e9, "g": 1e9, "t": 1e12}
NUMBER = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)\s*([kmbgt]?)", re.IGNORECASE)
GUESSES = {
    "n_params": ("n", "n_params", "params", "parameters", "model size", "model_size", "size"),
    "n_tokens": ("d", "n_tokens", "tokens", "training tokens", "training_tokens", "train_tokens"),
    "train_flops": ("c", "train_flops", "flops", "flop", "training flop", "training_flop", "compute"),
    "loss": ("loss", "l", "val_loss", "validation loss", "eval_loss", "test_loss"),
}


@dataclass(frozen=True)
class RunsFile:
    """A table of text: column names, and rows as (line in the file, cells)."""

    columns: tuple[str, ...]
    rows: tuple[tuple[int, tuple[str, ...]], ...]


def read_runs_file(data: bytes) -> RunsFile:
    """The table in a CSV file with a header, separated by commas, semicolons or tabs, in UTF-8 with or without a BOM.

    Raises ValueError with one sentence for an empty file, more than 10 MB, another encoding, NUL bytes, no or double column names,
    more than 1,000 columns or 5,000 rows, or quoting that does not end.

    >>> read_runs_file(b"N,D,loss\\n1e9,2e10,2.5\\n").columns
    ('N', 'D', 'loss')
    """
    try:
        rows = uploads.rows_of(uploads.text_of(data, MAX_BYTES), MAX_ROWS)
    except ValueError as problem:
        raise ValueError(f"The file {problem}.") from None
    table = [(line, tuple(cell.strip() for cell in cells)) for line, cells in rows]
    columns = table[0][1]
    if len(columns) < 3:
        raise ValueError(f"The header has {len(columns)} column(s); three are needed: parameters, tokens or FLOPs, and loss.")
    if "" in columns:
        raise ValueError(f"Column {columns.index('') + 1} of the header has no name.")
    if all(NUMBER.fullmatch(name[:LONGEST_NUMBER]) for name in columns):
        raise ValueError("The first line holds numbers only; a header with a name for each column is needed.")
    if (doubled := uploads.twice(columns)) is not None:
        raise ValueError(f"The column name {uploads.clip(doubled)!r} occurs more than once in the header.")
    return RunsFile(columns, tuple(table[1:]))


def guess_columns(columns: Sequence[str]) -> dict[str, str | None]:
    """For each of n_params, n_tokens, train_flops and loss the column that looks like it, or None.

    >>> guess_columns(["Model Size", "Training FLOP", "loss"])["train_flops"]
    'Training FLOP'
    """
    by_name = {name.strip().lower(): name for name in columns}
    return {role: next((by_name[guess] for guess in guesses if guess in by_name), None) for role, guesses in GUESSES.items()}


def parse_number(text: str) -> float:
    """The positive number in text, with an optional K, M, B (or G) or T behind it; ValueError that says what is wrong.

    >>> parse_number("7.5B")
    7500000000.0
    """
    match = NUMBER.fullmatch(text.strip().replace("_", "")) if len(text) <= LONGEST_NUMBER else None
    if not match:
        raise ValueError("is empty" if not text.strip() else f"is not a number: {text[:40]!r}")
    value = float(match[1]) * SUFFIXES[match[2].lower()]
    if not math.isfinite(value):
        raise ValueError(f"is too large: {text[:40]!r}")
    if value <= 0:
        raise ValueError(f"must be positive: {text[:40]!r}")
    return value


def parse_runs(file: RunsFile, roles: Mapping[str, str]) -> tuple[pd.DataFrame, list[str]]:
    """(runs, problems) where roles maps n_params, loss and one of n_tokens or train_flops to columns of the file.

    runs: columns line, n_params, n_tokens, train_flops, loss, with the missing one of tokens and FLOPs from C = 6 N D.
    problems: one sentence per row that could not be used, naming its line. Every row of the file is in one of the two; one with less than
    one parameter or token (a count in billions, perhaps) is a problem.
    Raises ValueError where a role is missing, names no column, or two roles share one.

    >>> file = read_runs_file(b"N,D,loss\\n1e9,2e10,2.5\\n1e9,-5,2.5\\n")
    >>> runs, problems = parse_runs(file, {"n_params": "N", "n_tokens": "D", "loss": "loss"})
    >>> len(runs), problems
    (1, ["line 3: 'D' must be positive: '-5'"])
    """
    budget = [role for role in ("n_tokens", "train_flops") if role in roles]
    if len(budget) != 1 or "n_params" not in roles or "loss" not in roles:
        raise ValueError("choose a column for the parameters, one for the loss, and one for either tokens or FLOPs")
    for role, column in roles.items():
        if column not in file.columns:
            there = uploads.clip(", ".join(file.columns), 160)
            raise ValueError(f"{role} refers to {uploads.clip(column)!r}, which is not a column; there are {there}")
    if len(set(roles.values())) < len(roles):
        raise ValueError("the same column was chosen twice; parameters, budget and loss need a column each")
    position = {role: file.columns.index(column) for role, column in roles.items()}
    good, problems = [], []
    for line, cells in file.rows:
        if len(cells) != len(file.columns):
            problems.append(f"line {line}: {len(cells)} cells where the header has {len(file.columns)}")
            continue
        row: dict[str, float] = {"line": line}
        complaints: list[str] = []
        for role, at in position.items():
            try:
                row[role] = parse_number(cells[at])
            except ValueError as error:
                complaints.append(f"{uploads.clip(roles[role])!r} {error}")
            else:
                if role in ("n_params", "n_tokens") and row[role] < 1:
                    complaints.append(f"{uploads.clip(roles[role])!r} must be a count of at least 1: {cells[at][:40]!r}")
        if not complaints and not math.isfinite(FLOPS_PER_PARAM_TOKEN * row["n_params"] * row.get("n_tokens", 1.0)):
            complaints.append("parameters times tokens is too large")
        if not complaints and row.get("train_flops", math.inf) < FLOPS_PER_PARAM_TOKEN * row["n_params"]:
            complaints.append("the FLOPs are less than one token takes")
        if complaints:
            problems.append(f"line {line}: " + "; ".join(complaints))
        else:
            good.append(row)
    runs = pd.DataFrame(good, columns=["line", *position])
    if budget == ["n_tokens"]:
        runs["train_flops"] = FLOPS_PER_PARAM_TOKEN * runs["n_params"] * runs["n_tokens"]
    else:
        runs["n_tokens"] = runs["train_flops"] / (FLOPS_PER_PARAM_TOKEN * runs["n_params"])
    return runs[["line", "n_params", "n_tokens", "train_flops", "loss"]], problems
