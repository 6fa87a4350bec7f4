"""Files as nobody means to hand them in, made from a good one: damaged, foreign, hostile, or just very large.

Each is (what is expected, function that makes its bytes): "works" is read like the good file, "refused" is a ValueError, "either" may
be one or the other, but nothing else.
"""

import copy
import csv
import gzip
import io
import json
import random
import zipfile
from collections.abc import Callable, Iterator
from typing import Any

Case = tuple[str, Callable[[], bytes]]
HUGE = 200_000_000
DEEP = 100_000
MARKUP = "<img src=x onerror=alert(1)> [x](javascript:alert(1)) **b** $x$ `c` &lt; #h"
CELLS = {
    "not a number": "nan", "infinite": "inf", "minus infinite": "-Infinity", "negative": "-1", "overflow": "1e400", "underflow": "1e-400",
    "zero": "0", "number as text": "'7'", "decimal comma": "1,5", "underscores": "1_000", "hexadecimal": "0x10", "wide digits": "１２",
    "many digits": "9" * 5_000, "digits without end": "1" * 120_000 + "x", "formula": "=cmd|' /C calc'!A0", "formula plus": "+1+1",
    "formula minus": "-1+1", "formula at": "@SUM(A1)", "formula behind a tab": "\t=1+1", "markup": MARKUP, "path": "../../../etc/passwd",
    "format": "{0.__class__} %s %n", "right to left": "\u202egnp.exe", "control": "\x07\x1b[31m\x85\u2028", "nothing": "",
}  # fmt: skip


def of_any(good: bytes) -> dict[str, Case]:
    """What is wrong whatever was expected, or fine whatever was."""
    text = good.decode()
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("inside", good)
    return {
        "good": ("works", lambda: good),
        "byte-order mark": ("works", lambda: b"\xef\xbb\xbf" + good),
        "windows line ends": ("works", lambda: text.replace("\n", "\r\n").encode()),
        "empty": ("refused", lambda: b""),
        "blanks": ("refused", lambda: b" \n\t\r\n \n"),
        "only a byte-order mark": ("refused", lambda: b"\xef\xbb\xbf"),
        "blanks of other kinds": ("refused", "\x1c\u2003\u00a0\x85\n\u3000".encode),
        "half": ("either", lambda: good[: len(good) // 2]),
        "UTF-16": ("works", lambda: text.encode("utf-16")),
        "UTF-16, the other way round": ("works", lambda: b"\xfe\xff" + text.encode("utf-16-be")),
        "UTF-16 without a mark": ("refused", lambda: text.encode("utf-16-le")),
        "UTF-16 cut within a character": ("refused", lambda: text.encode("utf-16")[:-1]),
        "UTF-16 with NUL": ("refused", lambda: (text + "\0").encode("utf-16")),
        "UTF-32": ("works", lambda: text.encode("utf-32")),
        "latin-1": ("refused", lambda: good + "é".encode("latin-1")),
        "NUL": ("refused", lambda: good + b"\0"),
        "NUL at the front": ("refused", lambda: b"\0" + good),
        "rubbish": ("refused", lambda: random.Random(0).randbytes(10_000)),
        "picture": ("refused", lambda: b"\x89PNG\r\n\x1a\n" + bytes(100)),
        "gzip": ("refused", lambda: gzip.compress(good)),
        "zip": ("refused", packed.getvalue),
        "zip bomb": ("refused", bomb),
        "gzip bomb": ("refused", lambda: gzip.compress(bytes(20_000_000))),
        "200 MB": ("refused", lambda: bytes(HUGE)),
        "one long line": ("either", lambda: b"x" * 900_000),
        "very long line": ("either", lambda: b"x" * 4_900_000),
        "many columns": ("refused", lambda: ",".join(f"c{n}" for n in range(120_000)).encode()),
        "only delimiters": ("refused", lambda: b"," * 900_000),
        "only line ends": ("refused", lambda: b"\n" * 900_000),
        "only quotes": ("refused", lambda: b'"' * 900_001),
        "markup": ("either", MARKUP.encode),
        "page": ("either", lambda: b"<!DOCTYPE html>\n<html><body>502 Bad Gateway</body></html>\n"),
        "formula": ("either", lambda: b"=cmd|' /C calc'!A0"),
        "pickle": ("either", lambda: b"cos\nsystem\n(S'true'\ntR."),
    }


def bomb() -> bytes:
    """A ZIP file that unpacks to 1,000 times its size."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("bomb.csv", bytes(20_000_000))
    return out.getvalue()


def of_table(good: str) -> dict[str, Case]:
    """Tables that went wrong, made from the text of a good one with commas."""
    header, *rows = csv.reader(io.StringIO(good))

    def table(header: list[str], rows: list[list[str]], delimiter: str = ",") -> Callable[[], bytes]:
        def write() -> bytes:
            out = io.StringIO()
            csv.writer(out, delimiter=delimiter, lineterminator="\n").writerows([header, *rows])
            return out.getvalue().encode()

        return write

    cases: dict[str, Case] = {
        "semicolons": ("works", table(header, rows, ";")),
        "a line for Excel": ("works", lambda: b"sep=,\n" + good.encode()),
        "semicolons and a line for Excel": ("works", lambda: b'"sep=;"\r\n' + table(header, rows, ";")()),
        "tabs": ("works", table(header, rows, "\t")),
        "blank lines": ("works", lambda: good.replace("\n", "\n\n").encode()),
        "bars": ("refused", table(header, rows, "|")) if len(header) > 1 else ("either", table(header, rows, "|")),
        "only a header": ("either", table(header, [])),
        "without a header": ("refused", table(rows[0], rows[1:])),
        "the first column twice": ("refused", table([header[0], *header], [[row[0], *row] for row in rows])),
        "all columns one name": ("refused", table([header[0]] * 3, [row[:1] * 3 for row in rows])),
        "the first column missing": ("refused", table(header[1:], [row[1:] for row in rows])),
        "quote without end": ("refused", lambda: good.encode() + b'"' + b"x" * 200 + b"\n" * 50),
        "cell without end": ("refused", lambda: good.encode() + b'"' + b"x\n" * 200_000),
        "short rows": ("either", table(header, [row[:-1] for row in rows])),
        "100,000 rows": ("either", table(header, (rows * 100_000)[:100_000])),
        "100,000 bad rows": ("either", table(header, [["=1+1"] * len(header)] * 100_000)),
    }
    for what, cell in CELLS.items():
        for column, name in enumerate(header):
            bad = [[*row[:column], cell, *row[column + 1 :]] if number == 1 else row for number, row in enumerate(rows)]
            cases[f"{what} as {name}"] = ("either", table(header, bad))
        cases[f"{what} as a name"] = ("either", table([*header, cell], [[*row, cell] for row in rows]))
    return cases


ATOMS: tuple[Any, ...] = (
    None, True, -1, 0, 10**30, 10**400, 1.5, float("nan"), float("inf"), "", MARKUP, "=1+1", "../../x", "x" * 100_000, [], {}, [[]], [None],
    {"a": [1]}, ["x", 1],
)  # fmt: skip


def of_json(good: Any) -> dict[str, Case]:
    """JSON that went wrong, made from the value of a good file, an object."""
    text = json.dumps(good)

    def and_more(inside: str) -> Callable[[], bytes]:
        return (text[:-1] + f', "more": {inside}}}').encode

    return {
        "indented": ("works", lambda: json.dumps(good, indent=1).encode()),
        "cut": ("refused", text[:-1].encode),
        "single quotes": ("refused", lambda: repr(good).encode()),
        "comma at the end": ("refused", (text[:-1] + ",}").encode),
        "comment": ("refused", (text + " // x").encode),
        "two values": ("refused", (text + text).encode),
        "deep lists": ("refused", lambda: b"[" * DEEP),
        "deep lists that end": ("refused", lambda: b"[" * DEEP + b"]" * DEEP),
        "deep objects": ("refused", lambda: b'{"a":' * DEEP),
        "deep inside": ("refused", and_more("[" * DEEP + "]" * DEEP)),
        "rather deep inside": ("refused", and_more("[" * 500 + "]" * 500)),
        "many digits": ("refused", and_more("9" * 5_000)),
        "half a character": ("refused", and_more('"\\ud800"')),
        "half a character as a name": ("refused", and_more('{"\\udfff": 1}')),
        "half an escape": ("refused", and_more('"\\u12"')),
        "not a number": ("either", and_more("NaN")),
        "overflow": ("either", and_more("1e400")),
        "escaped NUL": ("either", and_more('"\\u0000"')),
        "a name twice": ("either", and_more('1, "more": 2')),
        "markup": ("either", and_more(json.dumps({MARKUP: MARKUP}))),
        "long": ("either", and_more(json.dumps("x" * 900_000))),
        **{f"nothing but {json.dumps(value)[:20]}": ("refused", lambda value=value: json.dumps(value).encode()) for value in ATOMS},
        "list of it": ("refused", lambda: json.dumps([good]).encode()),
        "text of it": ("refused", lambda: json.dumps(text).encode()),
    }


def with_wrong_parts(good: Any, most: int = 300) -> Iterator[tuple[str, bytes]]:
    """(what was done, file) with one part of a good value replaced, renamed or left out; `most` of them, spread over all there are."""
    ways = list(paths(good))
    changes = [(way, atom) for way in ways for atom in (*ATOMS, ...)]
    for way, atom in random.Random(0).sample(changes, min(most, len(changes))):
        value = copy.deepcopy(good)
        place = value
        for step in way[:-1]:
            place = place[step]
        if atom is ...:
            del place[way[-1]]
        else:
            place[way[-1]] = atom
        yield f"{'/'.join(map(str, way))} = {'gone' if atom is ... else repr(atom)[:30]}", json.dumps(value).encode()


def paths(value: Any, most: int = 3) -> Iterator[tuple]:
    """The ways to all parts of a JSON value; of long lists to the first few."""
    inside = value.items() if isinstance(value, dict) else list(enumerate(value))[:most] if isinstance(value, list) else ()
    for key, part in inside:
        yield (key,)
        yield from ((key, *way) for way in paths(part, most))
