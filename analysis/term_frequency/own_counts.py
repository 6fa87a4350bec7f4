"""A reader's own counts of numbers from a CSV file: every row is either used or reported with its line."""

import re

import pandas as pd

from analysis import uploads

MAX_BYTES = 1_000_000
MAX_ROWS = 100_000
WHOLE = re.compile(r"\d{1,3}")
COUNT = re.compile(r"\d{1,15}(\.0*)?|\d(\.\d+)?[eE]\+?\d{1,2}")


def read_counts(data: bytes) -> tuple[pd.Series, list[str]]:
    """(counts indexed by number, problems) of a CSV with the columns number and count, separated by commas, semicolons or tabs.

    Numbers from 0 to 99, counts of at least 1. problems: one sentence for each row that is not used, naming its line; every row of the
    file is in one of the two. Raises ValueError with one sentence for what is no such table, or has fewer than 20 usable rows.

    >>> rows = "".join(f"{n},{1000 - n}\\n" for n in range(30))
    >>> counts, problems = read_counts(f"number,count\\n{rows}7,5\\nten,5\\n".encode())
    >>> len(counts), problems
    (30, ['line 32: the number 7 is already on line 9', "line 33: 'ten' is not a number from 0 to 99"])
    """
    try:
        rows = [(line, [cell.strip() for cell in cells]) for line, cells in uploads.rows_of(uploads.text_of(data, MAX_BYTES), MAX_ROWS)]
    except ValueError as error:
        raise ValueError(f"The file {error}.") from None
    names = [cell.lower() for cell in rows[0][1]]
    if names.count("number") != 1 or names.count("count") != 1:
        raise ValueError("The first line must name the columns number and count, each once.")
    at_number, at_count = names.index("number"), names.index("count")
    counts: dict[int, float] = {}
    seen: dict[int, int] = {}
    problems = []
    for line, cells in rows[1:]:
        problem = _problem(cells, len(names), at_number, at_count)
        number = int(cells[at_number]) if not problem else -1
        if not problem and number in seen:
            problem = f"the number {number} is already on line {seen[number]}"
        if problem:
            problems.append(f"line {line}: {problem}")
        else:
            counts[number], seen[number] = float(cells[at_count]), line
    if len(counts) < 20:
        raise ValueError(
            f"The file has {len(counts)} usable counts; at least 20 are needed." + (f" First problem: {problems[0]}." if problems else "")
        )
    return pd.Series(counts, name="count").sort_index(), problems


def _problem(cells: list[str], width: int, at_number: int, at_count: int) -> str:
    if len(cells) != width:
        return f"{len(cells)} cells where the header has {width}"
    number, count = cells[at_number], cells[at_count]
    if not WHOLE.fullmatch(number) or int(number) > 99:
        return f"{number[:40]!r} is not a number from 0 to 99"
    if not COUNT.fullmatch(count):
        return f"the count {count[:40]!r} is not a whole number"
    return "" if float(count) >= 1 else "a count of 0 has no logarithm and no place in a ranking"
