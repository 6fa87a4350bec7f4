"""A reader's own counts of numbers from a CSV file: every row is either used or reported with its line."""

import re

import pandas as pd

from analysis.uploads import notation
from analysis.uploads.table import table_of

MAX_BYTES = 1_000_000
MAX_ROWS = 100_000
WHOLE = re.compile(r"[0-9]{1,3}")
MOST = 1e15


def read_counts(data: bytes) -> tuple[pd.Series, list[str]]:
    """(counts indexed by number, problems) of a CSV with the columns number and count, as `analysis.uploads.table.table_of` reads it.

    Numbers from 0 to 99, counts of at least 1, also as "1,234,567", "1.2e6" or "44M". problems: one sentence for each row that is not used,
    naming its line; every row of the file is in one of the two. Comments that were left out are a last sentence.
    Raises ValueError with one sentence for what is no such table, or has fewer than 20 usable rows.

    >>> rows = "".join(f"{n},{1000 - n}\\n" for n in range(30))
    >>> counts, problems = read_counts(f"number,count\\n{rows}7,5\\nten,5\\n".encode())
    >>> len(counts), problems
    (30, ['line 32: the number 7 is already on line 9', "line 33: 'ten' is not a number from 0 to 99"])
    """
    try:
        table = table_of(data, MAX_BYTES, MAX_ROWS)
    except ValueError as error:
        raise ValueError(f"The file {error}.") from None
    names = [name.lower() for name in table.columns]
    if names.count("number") != 1 or names.count("count") != 1:
        raise ValueError("The first line must name the columns number and count, each once.")
    at_number, at_count = names.index("number"), names.index("count")
    mark = notation.mark_of(cells[at_count] for _, cells in table.rows if len(cells) == len(names))
    counts: dict[int, float] = {}
    seen: dict[int, int] = {}
    problems = []
    for line, cells in table.rows:
        try:
            if len(cells) != len(names):
                raise ValueError(f"{len(cells)} cells where the header has {len(names)}")
            number, count = _number(cells[at_number]), _count(cells[at_count], mark)
            if number in seen:
                raise ValueError(f"the number {number} is already on line {seen[number]}")
        except ValueError as problem:
            problems.append(f"line {line}: {problem}")
        else:
            counts[number], seen[number] = count, line
    problems += table.notes
    if len(counts) < 20:
        raise ValueError(
            f"The file has {len(counts)} usable counts; at least 20 are needed." + (f" First problem: {problems[0]}." if problems else "")
        )
    return pd.Series(counts, name="count").sort_index(), problems


def _number(cell: str) -> int:
    if not WHOLE.fullmatch(cell) or int(cell) > 99:
        raise ValueError(f"{cell[:40]!r} is not a number from 0 to 99")
    return int(cell)


def _count(cell: str, mark: str) -> float:
    try:
        value, unit = notation.number(cell, mark)
    except ValueError as problem:
        unclear = str(problem) if str(problem).startswith("may be") else f"{cell[:40]!r} is not a whole number"
        raise ValueError(f"the count {unclear}") from None
    count = notation.scaled(value, unit)
    if unit.kind or count < 0 or count != int(count) or count > MOST:
        raise ValueError(f"the count {cell[:40]!r} is not a whole number")
    if count < 1:
        raise ValueError("a count of 0 has no logarithm and no place in a ranking")
    return count
