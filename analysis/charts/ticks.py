"""Ticks of axes of numbers: where they stand, and how they are written, in the notation of the titles.

Plotly sets the 10 of a power larger than other type, writes "100k" where a title says "100 k", and repeats a text where its
format has too few digits. So ticks are chosen here for every logarithmic axis and for those that count, and the browser takes
over where a reader has zoomed in so far that fewer than two of them are left (pages/components/chart.py).
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from analysis import units

MOST = 9
"""Ticks that an axis has room for on a page."""
STEPS = ((1,), (1, 3), (1, 2, 5), (1, 2, 3, 4, 5, 6, 7, 8, 9))
"""What ticks stand at in each power of ten, coarsest first."""
ROUNDING = 1e-9
FEWEST = 4
"""Ticks that say how an axis runs; with fewer a finer step is taken."""


def written(value: float, notation: str = "plain") -> str:
    """A number as an axis writes it: "plain", "power" of ten, "count", "SI" prefix, or "bytes".

    >>> [written(1e5, notation) for notation in ("plain", "power", "count", "SI", "bytes")]
    ['100,000', '10⁵', '100 k', '100 k', '100 kB']
    >>> written(0.25), written(0), written(1e-5), written(1e-9), written(2.5e17, "power")
    ('0.25', '0', '0.00001', '10⁻⁹', '2.5×10¹⁷')
    """
    if notation == "power" and value:
        return units.scientific(value)
    if notation == "bytes":
        return units.format_bytes(value)
    if notation == "SI" and value:
        return units.format_si(value, "").rstrip()
    if notation == "count":
        return units.format_count(value)
    return f"{value:,.10f}".rstrip("0").rstrip(".") if not value or abs(value) >= 1e-6 else units.scientific(value)


def at(values: Sequence[float], notation: str = "plain", prefix: str = "") -> dict[str, Any]:
    """The properties of an axis with its ticks at values.

    >>> at([1e9, 3e9], "count")
    {'tickvals': [1000000000.0, 3000000000.0], 'ticktext': ['1 B', '3 B']}
    """
    texts = [prefix + written(value, notation) for value in values]
    if len(set(texts)) < len(texts):  # three digits do not tell them apart
        texts = [prefix + written(value) for value in values]
    return {"tickvals": list(values), "ticktext": texts}


def logarithmic(low: float, high: float, most: int = MOST) -> list[float]:
    """Round numbers from low to high, at most `most` of them, for a logarithmic axis.

    >>> logarithmic(1e18, 1e26) == [float(f"1e{power}") for power in range(18, 27)]
    True
    >>> logarithmic(3e9, 4e11), logarithmic(2, 9)
    ([3000000000.0, 10000000000.0, 30000000000.0, 100000000000.0, 300000000000.0], [2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0])
    """
    slack = 1e-9
    first, last = math.ceil(math.log10(low) - slack), math.floor(math.log10(high) + slack)
    if last - first + 1 > most:
        step = math.ceil((last - first + 1) / most)
        return [float(f"1e{power}") for power in range(-(-first // step) * step, last + 1, step)]
    best: list[float] = []
    for heads in STEPS:
        found = [float(f"{head}e{power}") for power in range(first - 1, last + 1) for head in heads]
        found = [value for value in found if low * (1 - slack) <= value <= high * (1 + slack)]
        if len(found) > most:
            break
        best = found
        if len(found) >= FEWEST:
            break
    return best if len(best) > 1 else linear(low, high)


def linear(low: float, high: float, most: int = MOST) -> list[float]:
    """Multiples of one round step from low to high, at most `most` of them.

    >>> linear(0, 97), linear(0, 2.6e17)[:3]
    ([0.0, 20.0, 40.0, 60.0, 80.0], [0.0, 5e+16, 1e+17])
    """
    span = (high - low) or abs(high) or 1.0
    unit = 10.0 ** math.floor(math.log10(span / most))
    step = next(unit * part for part in (1, 2, 5, 10, 20) if span / (unit * part) <= most - 1)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [float(f"{number * step:.12g}") for number in range(first, last + 1)]


def notation_of(axis: Mapping[str, Any]) -> str:
    """The notation that an axis asks for by its exponents.

    >>> notation_of({"exponentformat": "B"}), notation_of({})
    ('count', 'plain')
    """
    if axis.get("exponentformat") == "SI" and axis.get("ticksuffix") == "B":
        return "bytes"
    return {"power": "power", "B": "count", "SI": "SI"}.get(axis.get("exponentformat", ""), "plain")


def completed(traces: Sequence[Mapping], layout: Mapping) -> dict:
    """The layout with ticks on every axis of numbers that is logarithmic or counts and has none of its own; shares end at 0 and 100%."""
    stacked = layout.get("barmode") in ("stack", "relative")
    changed = {}
    for name in ("xaxis", "yaxis", "yaxis2") if "yaxis2" in layout else ("xaxis", "yaxis"):
        axis, short = layout[name], name.replace("axis", "")
        on_it = [trace for trace in traces if trace.get(f"{short[0]}axis", short[0]) == short]
        if layout["meta"].get(short) == "percent":
            axis = of_shares(axis, extent(on_it, axis | {"range": None}, short[0], stacked))
        changed[name] = _with_ticks(axis, None if axis.get("type") == "category" else extent(on_it, axis, short[0], stacked))
    return {**layout, **changed}


def of_shares(axis: Mapping, drawn: tuple[float, float] | None) -> dict:
    """An axis of shares that goes no further than 0 and 100%, where all that is drawn lies between them. drawn: its two ends.

    An axis that leaves more than a tenth beyond 100% has texts there.

    >>> of_shares({"range": [-0.03, 1.03]}, (0.0, 0.9))["range"], of_shares({"range": [-0.5, 0.5]}, (-0.4, 0.2))["range"]
    ([0.0, 1.0], [-0.5, 0.5])
    """
    if drawn is None or drawn[0] < -ROUNDING or drawn[1] > 1 + ROUNDING:
        return dict(axis)
    room = 0.06 * (drawn[1] - drawn[0])
    low, high = axis.get("range") or (drawn[0] - room, drawn[1] + room)
    return {**axis, "range": [max(low, 0.0), min(high, 1.0) if high <= 1.1 else high], "autorange": False}


def _with_ticks(axis: Mapping, ends: tuple[float, float] | None) -> dict:
    notation = notation_of(axis)
    if axis.get("type") == "category" or ends is None:
        return dict(axis)
    low, high = ends
    if "ticktext" in axis:  # those that lie within the axis
        placed = zip(axis["tickvals"], axis["ticktext"], strict=True)
        kept = [(value, text) for value, text in placed if low <= value <= high or axis.get("range") is None]
        if len(kept) > 1 or axis.get("type") != "log":
            return {**axis, "tickvals": [value for value, _ in kept], "ticktext": [text for _, text in kept]}
    elif "tickvals" in axis:
        return dict(axis)
    if axis.get("type") != "log" and notation == "plain":
        return {"separatethousands": True, **axis}
    most = FEWEST if "domain" in axis else MOST
    values = logarithmic(low, high, most) if axis.get("type") == "log" else linear(low, high, most)
    replaced = ("dtick", "nticks", "tickprefix", "ticksuffix", "tickformat")
    return {key: value for key, value in axis.items() if key not in replaced} | at(values, notation, axis.get("tickprefix", ""))


def extent(traces: Sequence[Mapping], axis: Mapping, which: str, stacked: bool = False) -> tuple[float, float] | None:
    """(low, high) of an axis in the units of the data: its range, or what is drawn along it; None where that is nothing, or words.

    stacked: bars stand on each other.
    """
    log = axis.get("type") == "log"
    if axis.get("range") is not None:
        low, high = sorted(10.0**end if log else float(end) for end in axis["range"])
        return low, high
    found = [drawn_along(trace, which) for trace in traces]
    numbers = np.concatenate([*found, _stacked(traces, which) if stacked else []]) if found else np.empty(0)
    numbers = numbers[np.isfinite(numbers) & ((numbers > 0) | (not log))]
    if not len(numbers):
        return None
    zero = not log and (axis.get("rangemode") == "tozero" or any(trace.get("type") == "bar" for trace in traces))
    return min(numbers.min(), 0.0 if zero else np.inf), max(numbers.max(), 0.0 if zero else -np.inf)


def drawn_along(trace: Mapping, which: str) -> np.ndarray:
    """The numbers that a trace draws along "x" or "y", with the ends of its error bars; none where it draws words."""
    values = trace.get(which)
    if values is None or any(isinstance(value, str) for value in values):
        return np.empty(0)
    middle = np.asarray([np.nan if value is None else value for value in values], float)
    bars = trace.get(f"error_{which}") or {}
    if which == "x" and trace.get("base") is not None:
        middle = np.concatenate([np.asarray(trace["base"], float), np.asarray(trace["base"], float) + middle])
    ends = [middle + np.asarray(bars["array"], float), middle - np.asarray(bars["arrayminus"], float)] if bars else []
    return np.concatenate([middle, *ends])


def _stacked(traces: Sequence[Mapping], which: str) -> np.ndarray:
    """How far bars on each other reach."""
    across, sums = {"x": "y", "y": "x"}[which], dict[Any, float]()
    for trace in traces:
        if trace.get("type") == "bar" and trace.get("base") is None and len(drawn_along(trace, which)):
            for place, value in zip(trace[across], trace[which], strict=True):
                sums[place] = sums.get(place, 0.0) + float(value or 0.0)
    return np.array(list(sums.values()), float)
