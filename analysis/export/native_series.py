"""What a figure draws, read out of Plotly as plain series of numbers and looks; `native_chart` draws them."""

import html
import itertools
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go

from analysis.charts.style import series_color
from analysis.export.words import plain_text

RGB, HEX = re.compile(r"rgba?\(([\d., ]+)\)"), re.compile("#[0-9a-fA-F]{6}")
MARKERS = ("circle", "square", "diamond", "triangle-up", "cross", "x", "x-thin")
"""Symbols that PowerPoint has too; of a star it would make an asterisk."""
SUPERSCRIPT = str.maketrans("0123456789+-−", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻")


@dataclass(frozen=True)
class Series:
    """Points that PowerPoint draws as one series.

    x, y: the points, or the category names and the values of bars (None where there is no bar). listed: whether the legend
    names it. line: (colour, width [pt], dash), or None for no line. colors, symbols, sizes [pt], labels: one per point, or
    empty for no markers and no labels. positions: where each label stands of its point, in Plotly's words.
    """

    name: str
    x: tuple
    y: tuple
    listed: bool = True
    line: tuple[str, float, str] | None = None
    colors: tuple[str, ...] = ()
    symbols: tuple[str, ...] = ()
    sizes: tuple[float, ...] = ()
    labels: tuple[str, ...] = ()
    positions: tuple[str, ...] = ()


def is_bars(figure: go.Figure) -> bool:
    """Whether the figure draws bars."""
    return shown(figure)[0].type == "bar"


def shown(figure: go.Figure) -> list:
    """The traces that the figure draws."""
    return [trace for trace in figure.data if trace.visible in (None, True)]


def role(trace) -> str:
    """What the trace stands for ("reported", "computed", "what_if", "band"), "" where it does not say."""
    return trace.meta.get("role", "") if isinstance(trace.meta, Mapping) else ""


def words(text: str | None) -> str:
    """What Plotly shows for a label, as plain text in which a power stays one.

    >>> words("10<sup>18</sup> FLOP")
    '10¹⁸ FLOP'
    """
    return plain_text(re.sub(r"<sup>(.*?)</sup>", lambda match: html.unescape(match[1]).translate(SUPERSCRIPT), text or ""))


def are_numbers(given) -> bool:
    """Whether there are values and all are numbers, or None where one is missing."""
    return given is not None and all(
        value is None or isinstance(value, int | float | np.number) and not isinstance(value, bool) for value in given
    )


def known_color(color) -> bool:
    """Whether a colour is one that a slide can have; None stands for the default."""
    return color is None or isinstance(color, str) and (RGB.fullmatch(color) or HEX.fullmatch(color)) is not None


def each(value, count: int) -> list:
    """A value per point: the value itself repeated, or its own items."""
    return [value] * count if value is None or isinstance(value, str | int | float) else list(value)


def trace_series(figure: go.Figure) -> list[Series]:
    """Every line and set of marks over numbers, in the order in which they are drawn."""
    return [part for number, trace in enumerate(shown(figure)) for part in _parts(trace, number, figure)]


def _parts(trace, number: int, figure: go.Figure) -> Iterator[Series]:
    """The trace as one series, as one per unbroken stretch where its line has gaps, or as one per look of its marks.

    LibreOffice (7.4) gives all the marks of a series one colour.
    """
    count, mode = len(trace.x), trace.mode or "lines+markers"
    opacity = 1.0 if trace.opacity is None else trace.opacity
    own = trace.line.color or (trace.marker.color if isinstance(trace.marker.color, str) else None) or series_color(number)
    width = float(2 if trace.line.width is None else trace.line.width)
    line = (faded(own, opacity), width, trace.line.dash or "solid") if "lines" in mode and width else None
    strength = [opacity * (1.0 if own_opacity is None else own_opacity) for own_opacity in each(trace.marker.opacity, count)]
    looks: dict[str, list] = {"colors": [], "symbols": [], "sizes": [], "labels": [], "positions": []}
    if "markers" in mode:
        looks["colors"] = [faded(color or own, share) for color, share in zip(each(trace.marker.color, count), strength, strict=True)]
        looks["symbols"] = [str(symbol or "circle") for symbol in each(trace.marker.symbol, count)]
        looks["sizes"] = [float(6 if size is None else size) for size in each(trace.marker.size, count)]
    if "text" in mode and trace.text is not None:
        looks["labels"] = _texts(trace.text, count)
        looks["positions"] = [str(position or "middle center") for position in each(trace.textposition, count)]
    listed = trace.showlegend is not False and figure.layout.showlegend is not False
    log_x, log_y = is_log(figure, "x"), is_log(figure, "y")
    kept = [drawable(x, log_x) and drawable(y, log_y) for x, y in zip(trace.x, trace.y, strict=True)]
    marks: list[tuple] = list(zip(looks["colors"], looks["symbols"], looks["sizes"], strict=True)) or [()] * count
    stretches = (
        _stretches(kept)
        if "lines" in mode
        else [[at for at in range(count) if kept[at] and marks[at] == look] for look in dict.fromkeys(marks)]
    )
    for first, stretch in enumerate(filter(None, stretches)):
        yield Series(
            words(trace.name) or f"series {number + 1}",
            tuple(float(trace.x[at]) for at in stretch),
            tuple(float(trace.y[at]) for at in stretch),
            listed and first == 0,
            line,
            **{look: tuple(found[at] for at in stretch) if found else () for look, found in looks.items()},
        )


def _texts(text, count: int) -> list[str]:
    return [words(str(part)) if part is not None else "" for part in each(text, count)]


def drawable(value, logarithmic: bool) -> bool:
    """Whether a value has a place on an axis."""
    return value is not None and math.isfinite(value) and (value > 0 or not logarithmic)


def _stretches(kept: Sequence[bool]) -> list[list[int]]:
    """Positions of each unbroken run of kept points.

    >>> _stretches([True, True, False, True])
    [[0, 1], [3]]
    """
    runs: list[list[int]] = [[]]
    for at, ok in enumerate(kept):
        if ok:
            runs[-1].append(at)
        elif runs[-1]:
            runs.append([])
    return [run for run in runs if run]


def bar_series(figure: go.Figure) -> list[Series]:
    """The bars of the figure, one series per trace over the same categories."""
    traces = shown(figure)
    along, value = ("y", "x") if is_level(figure) else ("x", "y")
    names = list(dict.fromkeys(name for trace in traces for name in getattr(trace, along)))
    if runs_down(figure, along):  # turned round here, since turning the axis would move the other one to the far side
        names.reverse()
    series = []
    for number, trace in enumerate(traces):
        places = {name: place for place, name in enumerate(getattr(trace, along))}
        opacity = 1.0 if trace.opacity is None else trace.opacity
        colors = [faded(color or series_color(number), opacity) for color in each(trace.marker.color, len(places))]
        texts = _texts(trace.text if trace.textposition != "none" else None, len(places))
        heights = getattr(trace, value)
        series.append(
            Series(
                words(trace.name) or f"series {number + 1}",
                tuple(words(str(name)) for name in names),
                tuple(_cell(heights[places[name]]) if name in places else None for name in names),
                trace.showlegend is not False,
                colors=tuple(colors[places.get(name, 0)] for name in names),
                labels=tuple(texts[places[name]] if name in places else "" for name in names),
            )
        )
    return series


def is_level(figure: go.Figure) -> bool:
    """Whether the bars lie."""
    return shown(figure)[0].orientation == "h"


def is_stacked(figure: go.Figure) -> bool:
    """Whether the bars stand on each other."""
    return figure.layout.barmode in ("stack", "relative")


def _cell(value) -> float | None:
    return None if value is None or not math.isfinite(value) else float(value)


def is_log(figure: go.Figure, which: str) -> bool:
    """Whether the "x" or "y" axis is logarithmic."""
    return figure.layout[f"{which}axis"].type == "log"


def runs_down(figure: go.Figure, which: str) -> bool:
    """Whether an axis runs from high to low."""
    axis = figure.layout[f"{which}axis"]
    return axis.autorange == "reversed" or (axis.range is not None and None not in axis.range and axis.range[0] > axis.range[1])


def values(figure: go.Figure, which: str) -> list[float]:
    """What the figure draws along an axis of numbers."""
    logarithmic = is_log(figure, which)
    if is_bars(figure):
        heights = [[value or 0.0 for value in column] for column in zip(*(part.y for part in bar_series(figure)), strict=True)]
        found = [0.0, *(value for column in heights for value in column)]
        if is_stacked(figure):
            found += [sum(value for value in column if sign * value > 0) for column in heights for sign in (1, -1)]
    else:
        ends = [(shape[f"{which}0"], shape[f"{which}1"]) for shape in figure.layout.shapes if (shape[f"{which}ref"] or which) == which]
        found = list(itertools.chain(*(getattr(trace, which) for trace in shown(figure)), *ends))
    return [float(value) for value in found if drawable(value, logarithmic)]


def faded(color: str, opacity: float) -> str:
    """A colour, "#rrggbb" or "rgb(...)" or "rgba(...)", as "#rrggbbaa" with its own opacity times another.

    >>> faded("#0096FF", 0.5), faded("rgba(0, 150, 255, 0.5)", 1)
    ('#0096ff80', '#0096ff80')
    """
    if match := RGB.fullmatch(color):
        parts = [float(part) for part in match[1].split(",")]
        channels, own = [round(part) for part in parts[:3]], parts[3] if len(parts) > 3 else 1.0
    elif HEX.fullmatch(color):
        channels, own = [int(color[i : i + 2], 16) for i in (1, 3, 5)], 1.0
    else:
        raise ValueError(f"color must be like '#0096FF' or 'rgba(0,150,255,0.5)', got {color!r}")
    return "#" + "".join(f"{part:02x}" for part in [*channels, round(255 * own * opacity)])
