"""Axes of numbers as PowerPoint draws them: where they begin and end, where their ticks stand and how it writes them.

PowerPoint counts ticks from the low end of an axis, so that end has to be a round number; the high end may be any.
"""

import itertools
import math
from collections.abc import Callable, Sequence

import plotly.graph_objects as go

from analysis.export.native_series import is_log, values

MOST_TICKS, MOST_DECADES = 11, 9
LEAST_USED = 0.85
"""Share of an axis that the range of the picture takes at least where an end is rounded to a tick."""
TIGHT = 0.92
"""Share that is better still, where finer steps give it."""
PADDING = 0.03
"""Share of the span that stays free beyond the last mark where the picture leaves its range to Plotly."""
SUFFIXES = ((1e12, ",,,,", "T"), (1e9, ",,,", "B"), (1e6, ",,", "M"), (1e3, ",", "k"))
SI = {"B": "G"}
"""Suffixes that the international system writes otherwise."""
COUNTED = 1e4
"""Value from which Plotly counts in thousands, millions and so on."""
LONG = 1e7
"""Value from which a number in full is too long for a tick."""
MOST_DIGITS = 6
EXPONENTS = ("power", "e", "E")
MOST_SECTIONS = 3
"""Sections that a number format may have."""


def picture_range(figure: go.Figure, which: str) -> tuple[float, float]:
    """(low, high) of the "x" or "y" axis of the picture, in exponents of ten on a logarithmic one: its range, or around what is drawn.

    Padding below zero or a power of ten and, for shares, above one is left out where no value lies there.
    """
    axis, logarithmic = figure.layout[f"{which}axis"], is_log(figure, which)
    found = [math.log10(value) if logarithmic else value for value in values(figure, which)] or [0.0, 1.0]
    if axis.range is not None and None not in axis.range:
        low, high = sorted(float(value) for value in axis.range)
    else:
        low, high = min(found), max(found)
        low = min(low, 0.0) if axis.rangemode == "tozero" and not logarithmic else low
        padded = high + PADDING * (high - low)
        high = min(padded, math.ceil(high)) if logarithmic else padded
    if logarithmic:
        decade = math.ceil(low)
        low = float(decade) if decade <= min(found) and decade - low < PADDING * (high - low) else low
    else:
        low = 0.0 if low < 0 <= min(found) else low
        high = 1.0 if is_share(figure, which) and max(found) <= 1 < high else high
    return low, high


def axis_scale(figure: go.Figure, which: str) -> tuple[float, float, float]:
    """(low, high, step) of an axis of numbers in the units of the data; on a logarithmic axis a step multiplies."""
    low, high = picture_range(figure, which)
    if not is_log(figure, which):
        return linear_scale(low, high)
    wanted = figure.layout[f"{which}axis"].dtick
    return logarithmic_scale(low, high, round(wanted) if isinstance(wanted, int | float) else 1)


def linear_scale(low: float, high: float) -> tuple[float, float, float]:
    """(low, high, step) around two numbers: a round step, a multiple of it below them, and above them one where it is near.

    >>> linear_scale(0, 97), linear_scale(2.03, 2.97), linear_scale(0, 0.768)
    ((0.0, 100.0, 20.0), (2.0, 3.0, 0.2), (0.0, 0.8, 0.2))
    """
    span = (high - low) or abs(high) or 1.0
    high = max(high, low + span * (high == low))
    unit = 10.0 ** math.floor(math.log10(span))
    steps = [step * unit for step in (2.0, 1.0, 0.5, 0.2, 0.1) if 3 <= span / (step * unit) <= MOST_TICKS]
    step = _first_or_best(steps, lambda step: span / (high - _below(low, step)), TIGHT)
    bottom, top = _below(low, step), -_below(-high, step)
    top = top if span >= LEAST_USED * (top - bottom) else high
    start, end, step = (float(f"{value:.12g}") for value in (bottom, top, step))
    return start, end, step


def logarithmic_scale(low: float, high: float, decades: int = 1) -> tuple[float, float, float]:
    """(low, high, step) around 10 ** low and 10 ** high: a power of ten below them, or where that is far 2 or 5 times one.

    decades: between two ticks, or more where the axis would have too many of them.

    >>> logarithmic_scale(18, math.log10(3e23), 2), logarithmic_scale(math.log10(5120), 6)
    ((1e+18, 1e+24, 100.0), (5000.0, 1000000.0, 10.0))
    """
    high = max(high, low + 1e-3)
    whole = math.floor(low + 1e-9)
    starts = [start for part in (1, 2, 5) if (start := whole + math.log10(part)) <= low + 1e-9]
    bottom = _first_or_best(starts, lambda start: (high - low) / (high - start), LEAST_USED)
    decade = float(math.ceil(high - 1e-9))
    top = decade if bottom == whole and (high - low) / (decade - bottom) >= LEAST_USED else high
    return float(f"{10.0**bottom:.6g}"), float(f"{10.0**top:.6g}"), 10.0 ** max(decades, math.ceil((top - bottom) / MOST_DECADES), 1)


def _first_or_best(choices: Sequence[float], used: Callable[[float], float], enough: float) -> float:
    """The first choice with which the picture's range takes enough of the axis, or the one with which it takes most."""
    return next((choice for choice in choices if used(choice) >= enough), max(choices, key=used))


def _below(value: float, step: float) -> float:
    return math.floor(value / step + 1e-9) * step


def ticks(figure: go.Figure, which: str) -> list[float]:
    """Where PowerPoint draws ticks."""
    low, high, step = axis_scale(figure, which)
    steps = itertools.count()
    found = (low * step**number if is_log(figure, which) else low + step * number for number in steps)
    return list(itertools.takewhile(lambda value: value <= high * (1 + 1e-9) if high > 0 else value <= high + 1e-9 * step, found))


def is_share(figure: go.Figure, which: str) -> bool:
    """Whether the ticks of an axis are percentages."""
    return "%" in (figure.layout[f"{which}axis"].tickformat or "")


def number_format(figure: go.Figure, which: str) -> str:
    """The PowerPoint number format of an axis: no two ticks read the same, none has an exponent; "" where it has no such format."""
    axis, (low, high, step) = figure.layout[f"{which}axis"], axis_scale(figure, which)
    before, after = (f'"{text}"' if text else "" for text in (axis.tickprefix, axis.ticksuffix))
    logarithmic = is_log(figure, which)
    if is_share(figure, which):
        return f"{before}{_digits(low if logarithmic else step, 0.01)}%{after}"
    if axis.exponentformat in EXPONENTS and high >= COUNTED or (axis.tickformat or "").endswith("e"):
        return ""
    if (low if logarithmic else step) < 10.0**-MOST_DIGITS:
        return ""
    if axis.exponentformat == "none" and high >= LONG:
        return ""
    counts = axis.exponentformat != "none" and high >= COUNTED
    suffixes = [(scale, commas, SI.get(name, name) if axis.exponentformat == "SI" else name) for scale, commas, name in SUFFIXES]
    if not logarithmic:
        scale, commas, name = next((part for part in suffixes if counts and part[0] <= high), (1, "", ""))
        small = _digits(step, scale)
        return f'[=0]{before}0{after};{before}{small}{commas}"\xa0{name}"{after}' if counts else before + small + after
    plain = "0" if low >= 1 else "General"
    if not counts:
        return f"{before}{plain}{after}"
    found = ticks(figure, which)
    parts = [
        (scale, f'{before}0{commas}"\xa0{name}"{after}') for scale, commas, name in suffixes if any(_of(value, scale) for value in found)
    ]
    if low < 1e3:
        parts.append((0, f"{before}{plain}{after}"))
    if len(parts) > MOST_SECTIONS and low >= 1:  # thousands and what is below them in full
        parts = [*parts[:-2], (0, f"{before}#,##0{after}")]
    return ";".join([f"[>={scale:.0f}]{text}" for scale, text in parts[:-1]] + [parts[-1][1]]) if len(parts) <= MOST_SECTIONS else ""


def _of(value: float, scale: float) -> bool:
    """Whether a value is counted in units of a scale."""
    return scale <= value * (1 + 1e-9) < scale * 1e3 or scale == SUFFIXES[0][0] <= value


def _digits(step: float, scale: float) -> str:
    """A number format with as many decimals as steps need when counted in a scale.

    >>> _digits(0.02, 1), _digits(0.005, 0.01), _digits(2e12, 1e12)
    ('0.00', '0.0', '0')
    """
    count = next((count for count in range(MOST_DIGITS) if abs(round(step / scale, count) * scale - step) < 1e-6 * step), MOST_DIGITS)
    return "0." + "0" * count if count else "0"
