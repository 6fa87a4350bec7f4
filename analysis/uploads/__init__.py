"""What a reader hands in, as text, rows or JSON: the checks that every such file goes through before anybody looks at its content.

A file is refused with a ValueError that goes on from "the file": "is empty", "has 12.0 MB; at most 10 MB are read". The caller puts the
subject in front, so that the reader gets one sentence about the file at hand.
"""

import codecs
import csv
import io
import itertools
import json
import re
from typing import Any

MOST_COLUMNS = 1_000
MOST_DEPTH = 64
"""Levels of lists and objects in a JSON file; what is read here has ten at most."""
HALF = re.compile(r"\\u[dD][89a-fA-F][0-9a-fA-F]{2}")
ARCHIVES = {b"PK\x03\x04": "a ZIP archive or an Office document", b"\x1f\x8b": "compressed (gzip)"}
MARKS = {
    codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF32_LE: "utf-32", codecs.BOM_UTF32_BE: "utf-32", codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}  # fmt: skip
"""What encodings put at the front of a file; of two that begin alike, the longer one first."""
WESTERN = "cp1252"
"""Windows-1252, which holds the letters of Latin-1."""
DELIMITERS = ",;\t"
LINES_COMPARED = 20
EXCEL_LINE = re.compile(r'"?sep=([,;\t])"?(?=[\r\n]|$)', re.IGNORECASE)
"""The first line in which Excel is told what separates the cells."""


def text_of(data: bytes | str, most_bytes: int, western: bool = False) -> str:
    """The text in a file: UTF-8, or UTF-16 or UTF-32 with a byte-order mark. [most_bytes: bytes]

    western: bytes that are none of these are read as Windows-1252, in which digits and punctuation are right whatever the letters.
    Raises ValueError for more than most_bytes, for nothing but blanks, archives, NUL bytes, and other encodings, naming the first line.

    >>> text_of(b"\\xef\\xbb\\xbfN,D", 100), text_of("N,D".encode("utf-16"), 100), text_of(b"b\\xe4", 100, western=True)
    ('N,D', 'N,D', 'bä')
    >>> text_of(b"b\\xe4", 100)
    Traceback (most recent call last):
    ...
    ValueError: is not UTF-8 text (line 1); please save it in UTF-8
    """
    if len(data) > most_bytes:
        raise ValueError(f"has {len(data) / 1e6:,.1f} MB; at most {most_bytes / 1e6:g} MB are read")
    try:
        raw = data.encode() if isinstance(data, str) else data
    except UnicodeEncodeError:
        raise ValueError("holds half a character (a surrogate), so it is not proper text") from None
    if len(raw) > most_bytes:
        raise ValueError(f"has {len(raw) / 1e6:,.1f} MB; at most {most_bytes / 1e6:g} MB are read")
    for magic, kind in ARCHIVES.items():
        if raw.startswith(magic):
            raise ValueError(f"is {kind}, not text; please unpack it, or save it as text")
    encoding = encoding_of(raw)
    if b"\0" in raw and encoding.startswith("utf-8"):
        raise ValueError("contains NUL bytes, so it is not a text file (an Excel file, perhaps)")
    try:
        text = raw.decode(encoding)
    except UnicodeDecodeError as error:
        if not encoding.startswith("utf-8"):
            raise ValueError(f"begins like {encoding.upper()} text and is none; please save it in UTF-8") from None
        if not western:
            raise ValueError(f"is not UTF-8 text (line {raw[: error.start].count(10) + 1}); please save it in UTF-8") from None
        text = raw.decode(WESTERN, errors="replace")
    if "\0" in text:
        raise ValueError("contains NUL characters, so it is not a text file")
    if not text.strip():
        raise ValueError("is empty")
    return text


def encoding_of(raw: bytes) -> str:
    """The encoding that a byte-order mark at the front names, else UTF-8.

    >>> encoding_of("a".encode("utf-16")), encoding_of(b"a")
    ('utf-16', 'utf-8')
    """
    return next((name for mark, name in MARKS.items() if raw.startswith(mark)), "utf-8")


def rows_of(text: str, most_rows: int) -> list[tuple[int, list[str]]]:
    """(line, cells) of every row of a CSV that is not blank, the header first, separated as `delimiter_of` or a line sep=; says.

    Raises ValueError for a header without names or with over 1,000, more than most_rows rows below it, and quoting that does not end.

    >>> rows_of("a;b\\n\\n1;2\\n", 10), rows_of("sep=;\\na,b;c\\n", 10)
    ([(1, ['a', 'b']), (3, ['1', '2'])], [(2, ['a,b', 'c'])])
    """
    told = EXCEL_LINE.match(text)
    text = text[told.end() :] if told else text
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=told[1] if told else delimiter_of(text), strict=True)
    rows: list[tuple[int, list[str]]] = []
    start = 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                rows.append((start, cells))
            start = reader.line_num + 1
            if len(rows) > most_rows + 1:
                raise ValueError(f"has more than {most_rows:,} rows, and no more are read")
    except csv.Error as error:
        raise ValueError(f"could not be read as CSV (line {reader.line_num}: {error})") from None
    if not rows:
        raise ValueError("has no header line")
    if len(rows[0][1]) > MOST_COLUMNS:
        raise ValueError(f"has {len(rows[0][1]):,} columns; at most {MOST_COLUMNS:,} are read")
    return rows


def delimiter_of(text: str) -> str:
    """The comma, semicolon or tab that separates the cells: the one under which most of the first lines have as many cells as the header.

    >>> delimiter_of("N, total;D, seen;L\\n1,5;2;3\\n"), delimiter_of("a,b;c\\n1,2\\n")
    (';', ',')
    """
    head = "".join(itertools.islice(io.StringIO(text[:100_000].lstrip(), newline=""), LINES_COMPARED))

    def agreement(delimiter: str) -> tuple[bool, float, int]:
        try:
            found = [len(cells) for cells in csv.reader(io.StringIO(head, newline=""), delimiter=delimiter) if any(map(str.strip, cells))]
        except csv.Error:
            found = []
        width = found[0] if found else 0
        return width > 1, found.count(width) / max(len(found), 1), width

    return max(DELIMITERS, key=agreement)


def twice(names: list[str] | tuple[str, ...]) -> str | None:
    """The first name that occurs a second time, None if each is there once.

    >>> twice(["a", "b", "a"])
    'a'
    """
    seen: set[str] = set()
    return next((name for name in names if name in seen or seen.add(name)), None)  # type: ignore[func-returns-value]


def json_of(text: str) -> Any:
    """What a JSON text holds; NaN and Infinity are read, as Python writes them.

    Raises ValueError for what is not JSON (naming line and column), more than MOST_DEPTH levels, numbers of thousands of digits, and
    escapes of half a character, which no file could be written with.

    >>> json_of('{"a": [1, NaN]}')
    {'a': [1, nan]}
    >>> json_of("{'a': 1}")
    Traceback (most recent call last):
    ...
    ValueError: is not JSON: Expecting property name enclosed in double quotes in line 1, column 2
    """
    try:
        value = json.loads(text)
    except RecursionError:
        raise ValueError("is nested too deeply to be read") from None
    except json.JSONDecodeError as error:
        raise ValueError(f"is not JSON: {error.msg} in line {error.lineno}, column {error.colno}") from None
    except ValueError:
        raise ValueError("holds a number with too many digits to be read") from None
    if too_deep(value):
        raise ValueError("is nested too deeply to be read")
    if HALF.search(text):
        try:
            json.dumps(value, ensure_ascii=False).encode()
        except UnicodeEncodeError:
            raise ValueError("holds half a character (a surrogate), so it is not proper text") from None
    return value


def too_deep(value: Any, most: int = MOST_DEPTH) -> bool:
    """Whether lists and objects are nested in more than `most` levels.

    >>> too_deep([[1]], most=1), too_deep([[1]], most=2)
    (True, False)
    """
    level = [value] if isinstance(value, dict | list) else []
    for _ in range(most):
        level = [
            part for whole in level for part in (whole.values() if isinstance(whole, dict) else whole) if isinstance(part, dict | list)
        ]
    return bool(level)


def clip(value: Any, most: int = 40) -> str:
    """A value of a file as it stands in a sentence: on one line, in at most so many characters.

    >>> clip("a\\nb" + "x" * 99, most=8)
    'a bxx...'
    """
    text = " ".join(str(value).split())
    text = "".join(character if character.isprintable() else "\ufffd" for character in text)
    return text if len(text) <= most else text[: most - 3] + "..."
