"""Unit constants, and numbers written as people read them."""

import math

SECONDS_PER_HOUR = 3_600.0
SECONDS_PER_DAY = 86_400.0
JOULES_PER_KWH = 3.6e6
PF_DAY = 1e15 * SECONDS_PER_DAY
"""One petaFLOP/s for a day [FLOP], the unit of compute in [kaplan2020]."""

COUNT_SUFFIXES = ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "K"))
MISSING = "–"


def significant(value: float, digits: int = 3) -> str:
    """value with so many significant digits, without an exponent where it is between 0.001 and 10^6.

    >>> significant(0.034729), significant(1234567.0), significant(20.0)
    ('0.0347', '1.23e6', '20')
    """
    if not math.isfinite(value):
        return MISSING
    if value == 0:
        return "0"
    if not 1e-3 <= abs(value) < 1e6:
        mantissa, exponent = f"{value:.{digits - 1}e}".split("e")
        return f"{_trim(mantissa)}e{int(exponent)}"
    places = max(digits - 1 - math.floor(math.log10(abs(value))), 0)
    return _trim(f"{round(value, digits - 1 - math.floor(math.log10(abs(value)))):,.{places}f}")


def format_flops(value: float) -> str:
    """Training FLOPs.

    >>> format_flops(5.76e23)
    '5.76e23 FLOP'
    """
    if not math.isfinite(value):
        return MISSING
    mantissa, exponent = f"{value:.2e}".split("e")
    return f"{_trim(mantissa)}e{int(exponent)} FLOP"


def format_count(value: float, unit: str = "") -> str:
    """A count of parameters or tokens with K, M, B or T.

    >>> format_count(7.24e9), format_count(1.4e12, "tokens"), format_count(512)
    ('7.24 B', '1.4 T tokens', '512')
    """
    if not math.isfinite(value):
        return MISSING
    tail = f" {unit}" if unit else ""
    for scale, suffix in COUNT_SUFFIXES:
        if abs(value) >= scale * 0.9995:
            return f"{significant(value / scale)} {suffix}{tail}"
    return significant(value) + tail


def format_bytes(value: float, binary: bool = False) -> str:
    """Bytes in decimal units (GB), or in binary ones (GiB), which are named so.

    >>> format_bytes(80e9), format_bytes(2**30, binary=True)
    ('80 GB', '1 GiB')
    """
    if not math.isfinite(value):
        return MISSING
    base, names = (1024.0, ("B", "KiB", "MiB", "GiB", "TiB")) if binary else (1000.0, ("B", "kB", "MB", "GB", "TB"))
    power = min(max(int(math.log(abs(value), base) + 1e-9), 0), len(names) - 1) if value else 0
    return f"{significant(value / base**power)} {names[power]}"


def format_duration(seconds: float) -> str:
    """A time span in the largest unit of which there is at least one.

    >>> format_duration(21 * 86400), format_duration(5400), format_duration(0.25)
    ('21 days', '1.5 hours', '0.25 seconds')
    """
    if not math.isfinite(seconds):
        return MISSING
    for length, name in ((365.25 * SECONDS_PER_DAY, "year"), (SECONDS_PER_DAY, "day"), (SECONDS_PER_HOUR, "hour"), (60.0, "minute")):
        if seconds >= length * 0.9995:
            text = significant(seconds / length)
            return f"{text} {name}" + ("" if text == "1" else "s")
    return f"{significant(seconds)} seconds"


def format_money(usd: float) -> str:
    """US dollars.

    >>> format_money(2.67e6), format_money(100), format_money(4.096)
    ('$2.67 million', '$100', '$4.1')
    """
    if not math.isfinite(usd):
        return MISSING
    for scale, name in ((1e12, " trillion"), (1e9, " billion"), (1e6, " million")):
        if abs(usd) >= scale * 0.9995:
            return f"${significant(usd / scale)}{name}"
    return f"${significant(usd)}"


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


def _scaled(value: float, units) -> str:
    if not math.isfinite(value):
        return MISSING
    for name, scale in units:
        if abs(value) >= scale * 0.9995:
            return f"{significant(value / scale)} {name}"
    return f"{significant(value / units[-1][1])} {units[-1][0]}"


def _trim(text: str) -> str:
    return text.rstrip("0").rstrip(".") if "." in text else text
