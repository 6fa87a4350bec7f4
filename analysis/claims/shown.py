"""Where the numbers of a finding stand in a figure: in its title, or in its rows."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd

from analysis.units import read_number

UNIT = " ?%| (?:million|TFLOP|GFLOP|GB|T|B|M|k)"
NUMBER = re.compile(rf"(?<![\w.,])[+-]?\$?(?P<digits>\d{{1,3}}(?:,\d{{3}})+(?:\.\d+)?|\d+(?:\.\d+)?)(?P<unit>(?:{UNIT})(?!\w))?(?!\w)")
"""A number as findings and titles write it; "8x7B", "70B" and "NF4" are names."""
NAME = re.compile(r"\b(?:Llama|Orca|Qwen|Table|Figure|Section) \d")
RANGE = re.compile(r"(?<=\d)(?= to [+-]?[\d.]+%)")
COMMON = 20
"""Whole numbers below this stand in nearly any table."""


@dataclass(frozen=True)
class Number:
    """A printed number: its size without sign in base units, half a unit of its last digit, and whether it is a percentage."""

    size: float
    half: float
    percent: bool = False

    @property
    def common(self) -> bool:
        """Whether it is a small count, which says nothing where it turns up in a table."""
        return self.half == 0.5 and self.size < COMMON

    def is_like(self, value: float, half: float = 0.0) -> bool:
        """Whether a value, rounded itself by at most `half`, is what is printed; a percentage may be held as a share or as printed."""
        scales = (1.0, 0.01) if self.percent else (1.0,)
        return any(abs(abs(value) * scale - self.size) <= max(self.half, half * scale) * (1 + 1e-9) for scale in scales)


def numbers(words: str) -> list[Number]:
    """The numbers of a text.

    >>> [number.size for number in numbers("6.74 B of Llama 2 7B, $2.67 million, 36% and -0.2 to +0.0")]
    [6740000000.0, 2670000.0, 0.36, 0.2, 0.0]
    >>> numbers("651,264 hours"), numbers("39 to 78%")[0]
    ([Number(size=651264.0, half=0.5, percent=False)], Number(size=0.39, half=0.005, percent=True))
    """
    found = []
    for match in NUMBER.finditer(RANGE.sub("%", NAME.sub("", words))):
        unit, digits = match["unit"] or "", match["digits"]
        last = 10.0 ** -len(digits.partition(".")[2])
        size, half = (read_number(f"{text}{unit}", "FLOP" if "FLOP" in unit else "B") for text in (digits, f"{last / 2:.12f}"))
        found.append(Number(size, half, "%" in unit))
    return found


def parts(shows: str) -> list[str]:
    """The pieces of a finding that a figure shows, as the column `shows` of data/claims.csv lists them.

    >>> parts("39 to 78%; 13 to 67%")
    ['39 to 78%', '13 to 67%']
    """
    return [part.strip() for part in shows.split(";") if part.strip()]


def in_title(words: str, title: str) -> bool:
    """Whether every number of some words stands in a title, without its sign and up to rounding; False where there is none.

    >>> in_title("-0.45 points", "Batches of 2 M tokens score 0.45 points below smaller ones"), in_title("53.0", "from 52.2 to 53.1")
    (True, False)
    """
    stated, asked = numbers(title), numbers(words)
    return bool(asked) and all(any(number.is_like(other.size, other.half) for other in stated) for number in asked)


def in_rows(words: str, rows: pd.DataFrame, more: Iterable[float] = ()) -> bool:
    """Whether every number of some words is that of a cell, or one of `more`, up to its printed digits.

    False where there is no number, or one is a small count, which any table holds.

    >>> in_rows("70.4 M to 11.8 B", pd.DataFrame({"n_params": [70426624, 11846072320]})), in_rows("7 B", pd.DataFrame({"n": [6.4e9]}))
    (True, False)
    """
    cells = rows.select_dtypes("number").to_numpy(float).ravel().tolist()
    held, asked = [*cells, *more], numbers(words)
    return bool(asked) and all(not number.common and any(number.is_like(value) for value in held) for number in asked)
