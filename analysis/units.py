"""Unit constants, and numbers written as people read them."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

SECONDS_PER_HOUR = 3_600.0
SECONDS_PER_DAY = 86_400.0
JOULES_PER_KWH = 3.6e6
PF_DAY = 1e15 * SECONDS_PER_DAY
"""One petaFLOP/s for a day [FLOP], the unit of compute in [kaplan2020]."""

COUNT_SUFFIXES = ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "k"))
SI_PREFIXES = (("E", 1e18), ("P", 1e15), ("T", 1e12), ("G", 1e9), ("M", 1e6), ("k", 1e3), ("", 1.0))
ROUNDS_UP = 0.9995  # from this share of a unit on, three digits show one of it
MISSING = "–"
MULTIPLES = {
    "": 1.0, "%": 0.01, "percent": 0.01, "k": 1e3, "thousand": 1e3, "m": 1e6, "mn": 1e6, "million": 1e6, "b": 1e9, "g": 1e9, "bn": 1e9,
    "billion": 1e9, "t": 1e12, "tn": 1e12, "trillion": 1e12, "quadrillion": 1e15,
}  # fmt: skip
"""What may stand behind a number, in small letters, and what it multiplies it by."""
SUPERSCRIPTS = "⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺"
POWERS = str.maketrans(SUPERSCRIPTS, "0123456789-+")
RAISED = str.maketrans("0123456789-+", SUPERSCRIPTS)
UNITS = "[kMGTPE]?(?:i?B|FLOPs?|FLOP/s|Wh?)|[KMBT]|million|billion|%|x|to|points|times|tokens?|hours?|days?|m?s"
WITH_UNIT = re.compile(rf"((?<![\w.])\$?\d[\d.,]*(?:e\d+|×10[⁻⁰¹²³⁴-⁹]+)?) (?=(?:{UNITS})(?![\w]))")
"""A number and the blank before its unit, which stay on one line."""
_NUMBER = r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?"
_TYPED = re.compile(rf"\$?(?P<number>{_NUMBER})(?:[x*·](?P<base>10|2)\^?(?P<power>[+-]?\d+))?(?P<rest>[a-z%]*)")
_POWER = re.compile(rf"(?P<base>10|2)\^(?P<power>{_NUMBER})(?P<rest>[a-z%]*)")


def read_number(text: str, unit: str = "") -> float:
    """The number that somebody typed: with an exponent, a power, thousands' commas, or a word for thousands, millions and so on.

    unit: a word that may stand behind it. Raises ValueError with one sentence for anything else.

    >>> read_number("3e9"), read_number("3B"), read_number("3 billion"), read_number("1.5k"), read_number("32,768")
    (3000000000.0, 3000000000.0, 3000000000.0, 1500.0, 32768.0)
    >>> read_number("5.8×10²³ FLOP", "FLOP"), read_number("$1.2 M", "USD"), read_number("40 %"), read_number("2^20")
    (5.8e+23, 1200000.0, 0.4, 1048576.0)
    >>> read_number("a lot")
    Traceback (most recent call last):
    ...
    ValueError: 'a lot' is not a number; write it as 3e9, 3B, 3 billion or 1.5k
    """
    refusal = ValueError(f"{text.strip()[:40]!r} is not a number; write it as 3e9, 3B, 3 billion or 1.5k")
    plain = re.sub(r"[\s_,]", "", text[:80]).replace("−", "-").replace("×", "x").lower()
    plain = re.sub("[⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺]+", lambda found: "^" + found[0].translate(POWERS), plain)
    found = _POWER.fullmatch(plain) or _TYPED.fullmatch(plain)
    if found is None:
        raise refusal
    parts, word = found.groupdict(), unit.lower().replace(" ", "")
    rest = parts["rest"]
    for end in (word, word.removesuffix("s"), "usd"):
        if end and rest not in MULTIPLES:
            rest = rest.removesuffix(end)
    if rest not in MULTIPLES or len(parts["power"] or "") > 6:
        raise refusal
    try:
        power = float(parts["base"]) ** float(parts["power"]) if parts["base"] else 1.0
        value = float(parts.get("number") or 1) * power * MULTIPLES[rest]
    except OverflowError:
        raise refusal from None
    if not math.isfinite(value):
        raise refusal
    return float(f"{value:.15g}")  # 5.8 times 10^23 is 5.8e23


def scientific(value: float, digits: int = 3) -> str:
    """value as a power of ten, with so many significant digits before it where it is more than the power itself.

    >>> scientific(5.8e23), scientific(1e24), scientific(-2.5e-5)
    ('5.8×10²³', '10²⁴', '-2.5×10⁻⁵')
    """
    mantissa, exponent = f"{value:.{digits - 1}e}".split("e")
    mantissa, power = _trim(mantissa), "10" + str(int(exponent)).translate(RAISED)
    return {"1": power, "-1": f"-{power}"}.get(mantissa, f"{mantissa}×{power}")


def significant(value: float, digits: int = 3) -> str:
    """value with so many significant digits, as a power of ten only where it is below 0.001 or at least 10^6.

    >>> significant(0.034729), significant(1234567.0), significant(20.0)
    ('0.0347', '1.23×10⁶', '20')
    """
    if not math.isfinite(value):
        return MISSING
    if value == 0:
        return "0"
    if not 1e-3 <= abs(value) < 1e6:
        return scientific(value, digits)
    places = max(digits - 1 - math.floor(math.log10(abs(value))), 0)
    return _trim(f"{round(value, digits - 1 - math.floor(math.log10(abs(value)))):,.{places}f}")


def format_flops(value: float) -> str:
    """Training FLOPs, as a power of ten.

    >>> format_flops(5.76e23), format_flops(1e21), format_flops(0)
    ('5.76×10²³ FLOP', '10²¹ FLOP', '0 FLOP')
    """
    if not math.isfinite(value):
        return MISSING
    return f"{scientific(value) if value else 0} FLOP"


def format_si(value: float, unit: str) -> str:
    """A rate or another quantity with the SI prefix that leaves one to three digits before the point.

    >>> format_si(312e12, "FLOP/s"), format_si(3.35e12, "bytes/s"), format_si(400, "W")
    ('312 TFLOP/s', '3.35 Tbytes/s', '400 W')
    """
    return _scaled(value, [(prefix + unit, scale) for prefix, scale in SI_PREFIXES])


def format_count(value: float, unit: str = "") -> str:
    """A count of parameters or tokens with k, M, B or T.

    >>> format_count(7.24e9), format_count(1.4e12, "tokens"), format_count(512)
    ('7.24 B', '1.4 T tokens', '512')
    """
    if not math.isfinite(value):
        return MISSING
    tail = f" {unit}" if unit else ""
    for scale, suffix in COUNT_SUFFIXES:
        if abs(value) >= scale * ROUNDS_UP:
            return f"{significant(value / scale)} {suffix}{tail}"
    return significant(value) + tail


def together(text: str) -> str:
    """A text to be shown, in whose lines no number parts from its unit: the blank between them is one that does not break.

    >>> together("29.3 B to 58.5 B, 5.8×10²³ FLOP").split(" ")
    ['29.3\\xa0B', 'to', '58.5\\xa0B,', '5.8×10²³\\xa0FLOP']
    """
    return WITH_UNIT.sub("\\1\xa0", text)


def counted(number: float, one: str, several: str = "") -> str:
    """A whole number with what it counts.

    >>> counted(1, "token"), counted(4096, "token"), counted(2, "batch", "batches")
    ('1 token', '4,096 tokens', '2 batches')
    """
    return f"{number:,} {one if number == 1 else several or one + 's'}"


def format_bytes(value: float, binary: bool = False) -> str:
    """Bytes in decimal units (GB), or in binary ones (GiB), which are named so.

    >>> format_bytes(80e9), format_bytes(2**30, binary=True)
    ('80 GB', '1 GiB')
    """
    base, names = (1024.0, ("B", "KiB", "MiB", "GiB", "TiB")) if binary else (1000.0, ("B", "kB", "MB", "GB", "TB"))
    return _scaled(value, [(name, base**power) for power, name in reversed(list(enumerate(names)))])


@dataclass(frozen=True)
class MemoryUnit:
    """What memory is counted in: its name and its size [bytes].

    >>> MEMORY_UNITS["gib"].text(24 * 2**30), MEMORY_UNITS["gb"].text(24 * 2**30)
    ('24 GiB', '25.8 GB')
    """

    name: str
    size: float

    def text(self, value: float) -> str:
        """Bytes written out in this unit, or in a larger or smaller one of its kind."""
        return format_bytes(value, binary=self.name == "GiB")


MEMORY_UNITS = {"gb": MemoryUnit("GB", 1e9), "gib": MemoryUnit("GiB", 2.0**30)}
"""Decimal and binary: makers and this project count in GB, drivers in MiB and GiB."""


def format_duration(seconds: float) -> str:
    """A time span in the largest unit of which there is at least one.

    >>> format_duration(21 * 86400), format_duration(5400), format_duration(0.25)
    ('21 days', '1.5 hours', '0.25 seconds')
    """
    days = SECONDS_PER_DAY
    text = _scaled(seconds, (("years", 365.25 * days), ("days", days), ("hours", SECONDS_PER_HOUR), ("minutes", 60.0), ("seconds", 1.0)))
    return text.removesuffix("s") if text.startswith("1 ") else text


def format_money(usd: float) -> str:
    """US dollars, with cents below a hundred.

    >>> format_money(2.67e6), format_money(100), format_money(4.096)
    ('$2.67 million', '$100', '$4.10')
    """
    if not math.isfinite(usd):
        return MISSING
    for scale, name in ((1e12, " trillion"), (1e9, " billion"), (1e6, " million")):
        if abs(usd) >= scale * ROUNDS_UP:
            return f"${significant(usd / scale)}{name}"
    cents = 0.01 <= abs(usd) < 100 and usd != int(usd)
    return f"${usd:.2f}" if cents else f"${significant(usd)}"


def format_energy(joules: float) -> str:
    """Energy in kWh, MWh, GWh or TWh.

    >>> format_energy(3.6e9)
    '1 MWh'
    """
    return _scaled(joules / JOULES_PER_KWH, (("TWh", 1e9), ("GWh", 1e6), ("MWh", 1e3), ("kWh", 1.0)))


def format_mass(kilograms: float) -> str:
    """Mass in tonnes or kilograms.

    >>> format_mass(291_420)
    '291 t'
    """
    return _scaled(kilograms, (("t", 1e3), ("kg", 1.0)))


def _scaled(value: float, units: Sequence[tuple[str, float]]) -> str:
    """value in the first of the units, largest first, of which there is at least one; else in the smallest."""
    if not math.isfinite(value):
        return MISSING
    for name, scale in units:
        if abs(value) >= scale * ROUNDS_UP:
            return f"{significant(value / scale)} {name}"
    return f"{significant(value / units[-1][1])} {units[-1][0]}"


def _trim(text: str) -> str:
    return text.rstrip("0").rstrip(".") if "." in text else text
