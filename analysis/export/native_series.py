"""What a figure draws, read out of Plotly as plain series of numbers and looks; `analysis.export.native_chart` draws them."""

import itertools
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go

from analysis.charts.style import BLUE, series_color
from analysis.export.words import plain_text

BAND_WIDTH, BAND_OPACITY = 1.0, 0.6
"""Width [pt] and opacity of the two lines that stand for a band."""
RGB, HEX = re.compile(r"rgba?\(([\d., ]+)\)"), re.compile("#[0-9a-fA-F]{6}")
MOST_DECADES = 9
"""Ticks that a logarithmic axis has at most."""


@dataclass(frozen=True)
class Series:
    """Points that PowerPoint draws as one series.

    x, y: the points, or the category names and the values of bars (None where there is no bar). listed: whether the legend
    names it. line: (colour, width [pt], dash), or None for no line. colors, symbols, sizes [pt], labels: one per point, or
    empty for no markers and no labels. position: where labels stand, in Plotly's words.
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
    position: str = "top"


def is_native(figure: go.Figure) -> bool:
    """Whether PowerPoint can draw the figure itself: one pair of axes with lines and markers over numbers, or with bars.

    Colour scales, error bars, areas other than bands, shapes other than straight lines, and numbers whose ticks are words need a picture.
    """
    traces = shown(figure)
    if not traces or {trace.type for trace in traces} not in ({"scatter"}, {"bar"}):
        return False
    if any((trace.xaxis or "x", trace.yaxis or "y") != ("x", "y") for trace in traces):
        return False
    if is_bars(figure):
        plain = figure.layout.barmode in (None, "group", "stack", "relative") and not figure.layout.barnorm and not figure.layout.shapes
        return plain and len({trace.orientation or "v" for trace in traces}) == 1 and all(map(_plain_bar, traces))
    worded = any(_worded(axis) for axis in (figure.layout.xaxis, figure.layout.yaxis))
    return not worded and all(map(_plain_scatter, traces)) and all(map(_plain_shape, figure.layout.shapes))


def _worded(axis) -> bool:
    """Whether ticks at numbers are words, as in rows of estimates: PowerPoint would write the numbers."""
    return any(not re.match(r"[-+−$<]?\s?[\d.]", str(text)) for text in axis.ticktext or ())


def is_bars(figure: go.Figure) -> bool:
    """Whether the figure draws bars."""
    return shown(figure)[0].type == "bar"


def shown(figure: go.Figure) -> list:
    """The traces that the figure draws."""
    return [trace for trace in figure.data if trace.visible in (None, True)]


def _plain_scatter(trace) -> bool:
    areas = trace.stackgroup is not None or trace.fill not in (None, "none") and role(trace) != "band"
    colors = [*_each(trace.marker.color, 1), trace.line.color]
    return (
        not areas
        and trace.line.shape in (None, "linear", "spline")
        and not _error_bars(trace)
        and all(map(_numbers, (trace.x, trace.y)))
        and all(map(_known, colors))
    )


def _plain_bar(trace) -> bool:
    special = any(value is not None for value in (trace.base, trace.offset, trace.width, trace.marker.pattern.shape))
    names, values = (trace.y, trace.x) if trace.orientation == "h" else (trace.x, trace.y)
    if special or _error_bars(trace) or names is None or any(isinstance(name, list | tuple | np.ndarray) for name in names):
        return False
    return len(set(names)) == len(names) and _numbers(values) and all(map(_known, _each(trace.marker.color, 1)))


def _plain_shape(shape) -> bool:
    """Straight lines between numbers, on the axes or from edge to edge of the plot."""
    in_place = {shape.xref or "x", shape.yref or "y"} <= {"x", "y", "x domain", "y domain", "paper"}
    return (
        shape.type == "line"
        and in_place
        and "pixel" not in (shape.xsizemode, shape.ysizemode)
        and _known(shape.line.color)
        and _numbers([shape.x0, shape.x1, shape.y0, shape.y1])
    )


def role(trace) -> str:
    """What the trace stands for ("reported", "computed", "what_if", "band"), "" where it does not say."""
    return trace.meta.get("role", "") if isinstance(trace.meta, Mapping) else ""


def _error_bars(trace) -> bool:
    return any(bars.visible is not False and (bars.array is not None or bars.value is not None) for bars in (trace.error_x, trace.error_y))


def _numbers(values) -> bool:
    return values is not None and all(
        value is None or isinstance(value, int | float | np.number) and not isinstance(value, bool) for value in values
    )


def _known(color) -> bool:
    return color is None or isinstance(color, str) and (RGB.fullmatch(color) or HEX.fullmatch(color)) is not None


def _each(value, count: int) -> list:
    """A value per point: the value itself repeated, or its own items."""
    return [value] * count if value is None or isinstance(value, str | int | float) else list(value)


def scatter_series(figure: go.Figure) -> list[Series]:
    """Every line, set of markers, straight shape and label of the figure, in the order in which they are drawn."""
    series = [part for number, trace in enumerate(shown(figure)) for part in _parts(trace, number, figure)]
    return [*series, *_shapes(figure), *_notes(figure)]


def _parts(trace, number: int, figure: go.Figure) -> Iterator[Series]:
    """The trace as one series, or as one per unbroken stretch where its line has gaps."""
    count, mode, band = len(trace.x), trace.mode or "lines+markers", role(trace) == "band"
    opacity = 1.0 if trace.opacity is None else trace.opacity
    own = trace.line.color or (trace.marker.color if isinstance(trace.marker.color, str) else None) or series_color(number)
    width = BAND_WIDTH if band else float(2 if trace.line.width is None else trace.line.width)
    line = (faded(own, BAND_OPACITY if band else opacity), width, trace.line.dash or "solid") if "lines" in mode and width else None
    strength = [opacity * (1.0 if own_opacity is None else own_opacity) for own_opacity in _each(trace.marker.opacity, count)]
    looks = {"colors": [], "symbols": [], "sizes": [], "labels": []}
    if "markers" in mode:
        looks["colors"] = [faded(color or own, share) for color, share in zip(_each(trace.marker.color, count), strength, strict=True)]
        looks["symbols"] = [str(symbol or "circle") for symbol in _each(trace.marker.symbol, count)]
        looks["sizes"] = [float(6 if size is None else size) for size in _each(trace.marker.size, count)]
    if "text" in mode and trace.text is not None:
        looks["labels"] = _texts(trace.text, count)
    listed = trace.showlegend is not False and figure.layout.showlegend is not False
    kept = [_drawable(a, figure, "x") and _drawable(b, figure, "y") for a, b in zip(trace.x, trace.y, strict=True)]
    stretches = _stretches(kept) if "lines" in mode else [[at for at in range(count) if kept[at]]]
    for first, stretch in enumerate(stretches):
        if stretch:
            yield Series(
                plain_text(trace.name) or f"series {number + 1}",
                tuple(float(trace.x[at]) for at in stretch),
                tuple(float(trace.y[at]) for at in stretch),
                listed and first == 0,
                line,
                position=trace.textposition if isinstance(trace.textposition, str) else "top",
                **{look: tuple(values[at] for at in stretch) if values else () for look, values in looks.items()},
            )


def _texts(text, count: int) -> list[str]:
    return [plain_text(str(part)) if part is not None else "" for part in _each(text, count)]


def _drawable(value, figure: go.Figure, which: str) -> bool:
    return value is not None and math.isfinite(value) and (value > 0 or not is_log(figure, which))


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


def _shapes(figure: go.Figure) -> Iterator[Series]:
    """Straight lines laid over the figure; where they are given as a share of the plot, they span it."""
    for shape in figure.layout.shapes:
        ends = []
        for which, reference, values in (("x", shape.xref, (shape.x0, shape.x1)), ("y", shape.yref, (shape.y0, shape.y1))):
            share = reference == "paper" or (reference or "").endswith("domain")
            ends.append(tuple(_at_share(figure, which, value) if share else float(value) for value in values))
        line = (
            faded(shape.line.color or BLUE, 1.0 if shape.opacity is None else shape.opacity),
            float(shape.line.width or 2),
            shape.line.dash or "solid",
        )
        x, y = ends
        yield Series("line", x, y, False, line)


def _at_share(figure: go.Figure, which: str, share: float) -> float:
    low, high, _ = axis_scale(figure, which)
    return low * (high / low) ** share if is_log(figure, which) else low + (high - low) * share


def _notes(figure: go.Figure) -> Iterator[Series]:
    """Labels at points of the plot, as a series of nothing but labels."""
    notes = [note for note in figure.layout.annotations if in_plot(note)]
    if notes:
        x, y = (tuple(10 ** float(note[which]) if is_log(figure, which) else float(note[which]) for note in notes) for which in "xy")
        yield Series("labels", x, y, False, labels=tuple(plain_text(note.text) for note in notes))


def in_plot(note) -> bool:
    """Whether an annotation labels a point of the plot rather than a place on the page."""
    return (
        bool(note.text)
        and note.visible is not False
        and (note.xref or "x") == "x"
        and (note.yref or "y") == "y"
        and _numbers([note.x, note.y])
    )


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
        colors = [faded(color or series_color(number), opacity) for color in _each(trace.marker.color, len(places))]
        texts = _texts(trace.text if trace.textposition != "none" else None, len(places))
        values = getattr(trace, value)
        series.append(
            Series(
                plain_text(trace.name) or f"series {number + 1}",
                tuple(plain_text(str(name)) for name in names),
                tuple(_cell(values[places[name]]) if name in places else None for name in names),
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


def axis_scale(figure: go.Figure, which: str) -> tuple[float, float, float]:
    """(low, high, step) of an axis of numbers in the units of the data, around its range or around what the figure draws.

    PowerPoint counts ticks from the low end, so the ends are multiples of the step; on a logarithmic axis all three are
    powers of ten and a step multiplies.
    """
    axis, logarithmic = figure.layout[f"{which}axis"], is_log(figure, which)
    if axis.range is not None and None not in axis.range:
        low, high = sorted(float(value) for value in axis.range)
    else:
        values = _values(figure, which) or [1.0]
        low, high = min(values), max(values)
        if logarithmic:
            low, high = math.log10(low), math.log10(high)
    if not logarithmic:
        return _round_scale(low, high)
    low, high = math.floor(low + 1e-9), math.ceil(high - 1e-9)
    high = max(high, low + 1)
    wanted = axis.dtick if isinstance(axis.dtick, int | float) else 1
    return 10.0**low, 10.0**high, 10.0 ** max(round(wanted), math.ceil((high - low) / MOST_DECADES), 1)


def _values(figure: go.Figure, which: str) -> list[float]:
    """What the figure draws along an axis of numbers."""
    if is_bars(figure):
        heights = [[value or 0.0 for value in column] for column in zip(*(part.y for part in bar_series(figure)), strict=True)]
        values = [0.0, *(value for column in heights for value in column)]
        if is_stacked(figure):
            values += [sum(value for value in column if sign * value > 0) for column in heights for sign in (1, -1)]
    else:
        ends = [(shape[f"{which}0"], shape[f"{which}1"]) for shape in figure.layout.shapes if (shape[f"{which}ref"] or which) == which]
        values = list(itertools.chain(*(getattr(trace, which) for trace in shown(figure)), *ends))
    return [float(value) for value in values if _drawable(value, figure, which)]


def _round_scale(low: float, high: float) -> tuple[float, float, float]:
    """(low, high, step): round numbers around two numbers, and a round step between them; an end at zero stays there.

    >>> _round_scale(0, 97), _round_scale(2.03, 2.97)
    ((0.0, 100.0, 20.0), (2.0, 3.0, 0.2))
    """
    span = (high - low) or abs(high) or 1.0
    unit = 10.0 ** math.floor(math.log10(span))
    step = unit * next(part for part, most in ((0.2, 1.4), (0.5, 3.5), (1.0, 7.0), (2.0, 10.1)) if span / unit <= most)
    bottom, top = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    start, end, step = (float(f"{value:.12g}") for value in (bottom * step, max(top, bottom + 1) * step, step))
    return start, end, step


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
