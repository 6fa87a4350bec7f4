"""Numbers as the cells of a table hold them: decimal point or comma, groups of thousands, powers of ten, and units.

Whether "1,234" is a thousand or one and a bit cannot be told from the cell. Other cells may tell (`mark_of`); where none does, the number
is refused rather than guessed.
"""

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass

from analysis.units import MULTIPLES, PF_DAY, POWERS, SECONDS_PER_DAY

LONGEST = 400
"""Characters of a number: matching takes time with the square of the length."""
MIXED = "mixed"
"""The decimal mark of a column in which some cells prove a point and others a comma."""
SPACES = " \u00a0\u2009\u202f'’_"
_GROUPS = {mark: rf"(?P<group>[{re.escape(SPACES + other)}])" for mark, other in ((".", ","), (",", "."))}
_PLAIN = {
    mark: re.compile(
        rf"(?P<whole>[1-9][0-9]{{0,2}}(?:{group}[0-9]{{3}})(?:(?P=group)[0-9]{{3}})*|[1-9][0-9]?(?:,[0-9]{{2}})+,[0-9]{{3}}|[0-9]+)?"
        rf"(?:{re.escape(mark)}(?P<part>[0-9]*))?"
    )
    for mark, group in _GROUPS.items()
}
_CELL = re.compile(rf"(?P<sign>[+-]?)(?P<number>[0-9.,{re.escape(SPACES)}]*)(?P<rest>.*)", re.DOTALL)
_POWER = re.compile(
    r"(?:e(?P<e>[+-]?[0-9]{1,4})|[x×·⋅*]\s*10\s*(?:\^|\*\*)\s*[({]?(?P<ten>[+-]?[0-9]{1,4})[)}]?)\s*(?P<rest>.*)", re.IGNORECASE
)
_OF_TEN = re.compile(r"(?:\^|\*\*)\s*[({]?(?P<ten>[+-]?[0-9]{1,4})[)}]?\s*(?P<rest>.*)")


@dataclass(frozen=True)
class Unit:
    """What stands behind a number or in a header.

    factor: what it multiplies the number by. kind: what is counted: a key of KINDS, "FLOP", "FLOP/s", "%", or "" where it does not say.
    """

    factor: float = 1.0
    kind: str = ""


KINDS = {
    "parameters": r"params?|parameters?|weights",
    "tokens": r"tokens?|toks?",
    "nats": r"nats?(?:\s*(?:/|per)\s*tok(?:en)?)?",
    "bits": r"bits?(?:\s*(?:/|per)\s*tok(?:en)?)?|bpt",
    "bits per byte": r"bits?\s*(?:/|per)\s*byte|bpb",
    "perplexity": r"ppl|perplexity",
}
_SCALES = {word: factor for word, factor in MULTIPLES.items() if factor > 1}
_SCALES |= {f"{word}s": factor for word, factor in _SCALES.items() if word.endswith(("and", "ion"))}
_SCALES |= {"mm": 1e6, "mio": 1e6, "mln": 1e6, "mrd": 1e9, "tsd": 1e3}
_SI = {"k": 1e3, "m": 1e6, "g": 1e9, "t": 1e12, "p": 1e15, "e": 1e18, "z": 1e21, "y": 1e24}
_SI |= dict(zip(("kilo", "mega", "giga", "tera", "peta", "exa", "zetta", "yotta"), _SI.values(), strict=True))


def _any(words: Iterable[str]) -> str:
    return "|".join(sorted(words, key=len, reverse=True))


_KIND = "|".join(f"(?P<k{at}>{pattern})" for at, pattern in enumerate(KINDS.values()))
_COUNT = re.compile(rf"(?:(?:in|of)\s+)?(?P<scale>{_any(_SCALES)})?[\s-]*(?:of\s+)?(?:{_KIND})?")
_FLOP = re.compile(
    rf"(?:in\s+)?(?P<si>{_any(_SI)})?(?P<scale>{_any(_SCALES)})?[\s-]*flo(?:p|ps|s)(?P<per>\s*(?:/|per)\s*s(?:ec(?:ond)?)?)?(?P<days>[\s·*-]*days?)?"
)
_PF_DAYS = re.compile(r"(?:in\s+)?pf(?:s|/s)?[\s·*-]*days?")


def unit_of(text: str) -> Unit | None:
    """The unit that a text is, None if it is none that is known.

    >>> unit_of("billion tokens"), unit_of("EFLOPs"), unit_of("%"), unit_of("GB")
    (Unit(factor=1000000000.0, kind='tokens'), Unit(factor=1e+18, kind='FLOP'), Unit(factor=0.01, kind='%'), None)
    """
    plain = " ".join(text.lower().strip(" .").split())
    if plain in ("%", "percent", "pct"):
        return Unit(0.01, "%")
    if _PF_DAYS.fullmatch(plain):
        return Unit(PF_DAY, "FLOP")
    if found := _FLOP.fullmatch(plain):
        factor = _SI.get(found["si"] or "", 1.0) * _SCALES.get(found["scale"] or "", 1.0)
        return Unit(factor * SECONDS_PER_DAY, "FLOP") if found["days"] else Unit(factor, "FLOP/s" if found["per"] else "FLOP")
    if found := _COUNT.fullmatch(plain):
        return Unit(_SCALES.get(found["scale"] or "", 1.0), next((kind for at, kind in enumerate(KINDS) if found[f"k{at}"]), ""))
    return None


def readings(text: str) -> dict[str, str]:
    """What a number without exponent and unit may be, by decimal mark: digits with a point.

    >>> readings("1,234"), readings("1.234,5"), readings("44 000"), readings("12,34,5")
    ({'.': '1234', ',': '1.234'}, {',': '1234.5'}, {'.': '44000', ',': '44000'}, {})
    """
    found = {mark: pattern.fullmatch(text) for mark, pattern in _PLAIN.items()}
    return {
        mark: re.sub("[^0-9]", "", match["whole"] or "0") + (f".{match['part']}" if match["part"] else "")
        for mark, match in found.items()
        if match and (match["whole"] or match["part"])
    }


def mark_of(cells: Iterable[str]) -> str:
    """The decimal mark that cells prove: a point, a comma, MIXED if both, "" if all of them can be read both ways.

    >>> mark_of(["1,234", "1,234,567"]), mark_of(["3,5"]), mark_of(["1,234", "7"]), mark_of(["3.5", "3,5"])
    ('.', ',', '', 'mixed')
    """
    proved = {mark for cell in cells if len(marks := list(_parts(cell)[1])) == 1 for mark in marks}
    return MIXED if len(proved) > 1 else next(iter(proved), "")


def is_ambiguous(text: str, mark: str = "") -> bool:
    """Whether a number may mean two things in a column with this mark, "" or MIXED; with "" a single point is what programs write.

    >>> is_ambiguous("1,234"), is_ambiguous("1.234"), is_ambiguous("1,234,567")
    (True, False, False)
    """
    return len(set(_parts(text)[1].values())) > 1 and ("," in text or mark == MIXED)


def number(text: str, mark: str = "") -> tuple[float, Unit]:
    """(number as it stands, its unit) of a cell; `mark`: the decimal mark of its column, as `mark_of` has it.

    A cell that can be read in one way only is read so. One with a single point is read with a decimal point unless the column has commas.
    Raises ValueError that goes on from the name of the column.

    >>> number("1.1 billion"), number("2.0×10^18 FLOPs"), number("3,52", ",")
    ((1.1, Unit(factor=1000000000.0, kind='')), (2e+18, Unit(factor=1.0, kind='FLOP')), (3.52, Unit(factor=1.0, kind='')))
    >>> number("1,234")
    Traceback (most recent call last):
    ...
    ValueError: may be 1234 or 1.234: '1,234'
    """
    shown = repr(text.strip()[:40])
    sign, found, exponent, rest = _parts(text)
    unit = unit_of(rest)
    if not found or unit is None:
        raise ValueError("is empty" if not text.strip() else f"is not a number: {shown}")
    if len(set(found.values())) > 1 and mark in ("", MIXED) and is_ambiguous(text, mark):
        raise ValueError(f"may be {found['.']} or {found[',']}: {shown}")
    value = float(f"{sign}{found[mark] if mark in found else next(iter(found.values()))}e{exponent}")
    if not math.isfinite(value * unit.factor):
        raise ValueError(f"is too large: {shown}")
    return value, unit


def scaled(value: float, unit: Unit) -> float:
    """A number in base units, without the last digits that multiplying may leave.

    >>> scaled(0.345, Unit(1e9)), scaled(4.4, Unit(1e7))
    (345000000.0, 44000000.0)
    """
    return value if unit.factor == 1 else float(f"{value * unit.factor:.15g}")


def _parts(text: str) -> tuple[str, dict[str, str], int, str]:
    """(sign, readings of the digits, power of ten, what stands behind) of a cell."""
    if len(text) > LONGEST:
        return "", {}, 0, ""
    plain = re.sub("[⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺]+", lambda raised: "^" + raised[0].translate(POWERS), text.strip().replace("−", "-"))
    cell = _CELL.fullmatch(plain)
    assert cell  # every part may be empty
    digits, rest = cell["number"].strip(SPACES), cell["rest"]
    power = _POWER.fullmatch(rest)
    if digits == "10" and not power and (of_ten := _OF_TEN.fullmatch(rest)):
        return cell["sign"], {".": "1", ",": "1"}, int(of_ten["ten"]), of_ten["rest"]
    found = readings(digits)
    if not power:
        return cell["sign"], found, 0, rest
    if "." in found and "." in digits:  # points are no groups before an exponent
        found.pop(",", None)
    return cell["sign"], found, int(power["e"] or power["ten"]), power["rest"]
