"""Tables of numbers that a reader hands in, as spreadsheets, programs and people write them."""

import csv
import io
import itertools
from dataclasses import dataclass

from analysis import uploads


@dataclass(frozen=True)
class Table:
    """A table of text. columns: names; rows: (line in the file, cells); notes: sentences on what was left out or guessed."""

    columns: tuple[str, ...]
    rows: tuple[tuple[int, tuple[str, ...]], ...]
    notes: tuple[str, ...] = ()


def table_of(data: bytes, most_bytes: int, most_rows: int) -> Table:
    """The table of numbers in a file, as programs and people write such files.

    Beside what `rows_of` reads: Windows-1252; lines that start with # (comments, unless most rows do so), of which the last one above
    numbers is the header; columns without a name, as of an index; and, unless commas separate, a header that leaves the first column out.
    Raises ValueError as `text_of` and `rows_of` do.

    >>> table_of(b"# exported\\n,N,D\\n0,1,2\\n", 100, 10)
    Table(columns=('(column 1)', 'N', 'D'), rows=((3, ('0', '1', '2')),), notes=('1 line that starts with # was left out.',))
    """
    text, notes = uploads.text_of(data, most_bytes, western=True), []
    try:
        data.decode(uploads.encoding_of(data))
    except UnicodeDecodeError:
        notes.append("The file is not UTF-8; it was read as Windows-1252 (Latin-1), so other letters may be wrong.")
    text, n_comments = _without_comments_at_the_top(text)
    (_, header), *rows = [(line, tuple(cell.strip() for cell in cells)) for line, cells in uploads.rows_of(text, most_rows)]
    wide = [cells[0].startswith("#") for _, cells in rows if len(cells) == len(header)]
    names = sum(wide) * 2 > len(wide)  # such as #1, #2
    kept = [(line, cells) for line, cells in rows if not cells[0].startswith("#") or (names and len(cells) == len(header))]
    rows, n_comments = kept, n_comments + len(rows) - len(kept)
    if n_comments:
        notes.append(
            "1 line that starts with # was left out." if n_comments == 1 else f"{n_comments:,} lines that start with # were left out."
        )
    if rows and {len(cells) for _, cells in rows} == {len(header) + 1} and uploads.delimiter_of(text) != ",":
        header = ("", *header)  # where commas separate, the cell too many may be what stands behind a decimal comma
    elif rows and all(len(cells) > len(header) for _, cells in rows):
        notes.append("Every row has more cells than the header: name the first column, or quote numbers with a comma.")
    return Table(tuple(name or f"(column {at})" for at, name in enumerate(header, start=1)), tuple(rows), tuple(notes))


def _without_comments_at_the_top(text: str) -> tuple[str, int]:
    """(the text with the comments above its header as empty lines, how many there were); a header in a comment becomes one."""
    lines = list(io.StringIO(text, newline=""))
    above = list(itertools.takewhile(lambda line: not line.strip() or _is_comment(line) or uploads.EXCEL_LINE.match(line), lines))
    at = [number for number, line in enumerate(above) if _is_comment(line)]
    if not at or len(above) == len(lines):
        return text, 0
    last, below = lines[at[-1]].lstrip("# "), lines[len(above)]
    cells, names = (_cells(line, uploads.delimiter_of(below)) for line in (below, last))
    if len(cells) == len(names) > 1 and any(map(_is_number, cells)) and not any(map(_is_number, names)):
        lines[at.pop()] = last
    for number in at:
        lines[number] = "\n"
    return "".join(lines), len(at)


def _cells(line: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader([line], delimiter=delimiter), [])
    except csv.Error:
        return []


def _is_comment(line: str) -> bool:
    return line.startswith("#") and line[1:2] not in tuple(uploads.DELIMITERS)  # a column may be called #


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True
