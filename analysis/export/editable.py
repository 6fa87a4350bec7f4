"""Whether a chart of PowerPoint would say what the picture says."""

import math
import re
from collections.abc import Iterator

import plotly.graph_objects as go

from analysis.export.native_axes import LEAST_USED, axis_scale, number_format, picture_range, ticks
from analysis.export.native_labels import unreadable, unreadable_bars
from analysis.export.native_overlays import in_plot, overlays
from analysis.export.native_series import MARKERS, are_numbers, each, is_bars, is_level, is_log, known_color, role, shown, trace_series

LEAST_TICKS = 3
"""Ticks of an axis of PowerPoint, at least."""


def says_the_same(figure: go.Figure) -> str:
    """ "" where a chart of PowerPoint says what the figure says, else one sentence why it would not.

    >>> says_the_same(go.Figure(go.Scatter(x=[1, 2], y=[3, 4], mode="lines"))), says_the_same(go.Figure(go.Heatmap(z=[[1]])))
    ('', 'PowerPoint has no charts of this kind (heatmap).')
    """
    for check in (_kind, _looks, _overlaid, _axes, _labels):
        for reason in check(figure):
            return f"{reason[0].upper()}{reason[1:]}."
    return ""


def _kind(figure: go.Figure) -> Iterator[str]:
    """One pair of axes with lines and marks over numbers, or with bars from zero."""
    traces = shown(figure)
    kinds = {trace.type for trace in traces}
    if not traces:
        yield "the figure draws nothing"
    elif odd := sorted(kinds - {"scatter", "bar"}):
        yield f"PowerPoint has no charts of this kind ({', '.join(odd)})"
    elif len(kinds) > 1:
        yield "PowerPoint cannot lay marks over bars as here"
    elif any((trace.xaxis or "x", trace.yaxis or "y") != ("x", "y") for trace in traces):
        yield "a chart of PowerPoint has one pair of axes"
    elif any("pinned" in (trace.meta or {}) and trace.type == "bar" for trace in traces):
        yield "PowerPoint has no place for pinned bars beside the others"
    elif kinds == {"bar"}:
        yield from _kind_of_bars(figure)
    elif not all(are_numbers(values) for trace in traces for values in (trace.x, trace.y)) or any(map(_worded, _number_axes(figure))):
        yield "PowerPoint cannot place marks in rows that have names"


def _kind_of_bars(figure: go.Figure) -> Iterator[str]:
    traces = shown(figure)
    if figure.layout.barmode not in (None, "group", "stack", "relative") or figure.layout.barnorm:
        yield "PowerPoint has no bars that lie over each other"
    if len({trace.orientation or "v" for trace in traces}) > 1:
        yield "PowerPoint has either upright or level bars"
    if any(value is not None for trace in traces for value in (trace.base, trace.offset, trace.width)):
        yield "bars of PowerPoint begin at zero and are of one width"
    for trace in traces:
        names, values = (trace.y, trace.x) if is_level(figure) else (trace.x, trace.y)
        if names is None or any(isinstance(name, list | tuple) or hasattr(name, "dtype") and name.shape for name in names):
            yield "names of the bars stand on two levels"
        elif len(set(names)) < len(names) or not are_numbers(values):
            yield "two bars have one name"


def _worded(axis) -> bool:
    """Whether ticks at numbers are words, as in rows of estimates: PowerPoint would write the numbers."""
    return any(not re.match(r"[-+−$<]?\s?[\d.]", str(text)) for text in axis.ticktext or ())


def _looks(figure: go.Figure) -> Iterator[str]:
    """Everything about lines, marks and bars that PowerPoint lacks, or that other programs lose when they open the chart."""
    for trace in shown(figure):
        if role(trace) == "band" or trace.type == "scatter" and (trace.stackgroup or trace.fill not in (None, "none")):
            yield "the band would become two thin lines"
        if _has_error_bars(trace):
            yield "error bars would be lost"
        if not all(map(known_color, [*each(trace.marker.color, 1), trace.line.color if trace.type == "scatter" else None])):
            yield "the colour scale would be lost"
        if trace.texttemplate:
            yield "labels that Plotly writes from a template would be lost"
        if trace.type == "bar" and trace.marker.pattern.shape is not None:
            yield "hatching would be lost"
        if trace.type == "scatter" and trace.line.shape not in (None, "linear"):
            yield "steps and curves would become straight lines"
        if trace.type == "scatter" and "markers" in (trace.mode or "lines+markers"):
            yield from _marks({str(symbol or "circle") for symbol in each(trace.marker.symbol, 1)})


def _has_error_bars(trace) -> bool:
    return any(bars.visible is not False and (bars.array is not None or bars.value is not None) for bars in (trace.error_x, trace.error_y))


def _marks(symbols: set[str]) -> Iterator[str]:
    if any(symbol.endswith("-open") for symbol in symbols):
        yield "hollow marks, which tell the unverified values, would be filled in some programs"
    for symbol in sorted(symbols - set(MARKERS)):
        yield f"PowerPoint has no mark of this shape ({symbol})"


def _overlaid(figure: go.Figure) -> Iterator[str]:
    """Shapes, labels and headings that would not be there."""
    layout, bars = figure.layout, is_bars(figure)
    if not all(not bars and _plain_line(shape) for shape in layout.shapes):
        yield "areas and lines drawn over the chart would be lost"
    if any(note.text and note.visible is not False and (bars or not in_plot(note)) for note in layout.annotations):
        yield "a label would leave its place on the chart"
    if layout.legend.title.text or any(trace.legendgrouptitle.text for trace in shown(figure)):
        yield "headings of the legend would be lost"


def _plain_line(shape) -> bool:
    """Straight lines between numbers, on the axes or from edge to edge of the plot."""
    in_place = {shape.xref or "x", shape.yref or "y"} <= {"x", "y", "x domain", "y domain", "paper"}
    return (
        shape.type == "line"
        and in_place
        and "pixel" not in (shape.xsizemode, shape.ysizemode)
        and known_color(shape.line.color)
        and are_numbers([shape.x0, shape.x1, shape.y0, shape.y1])
    )


def _number_axes(figure: go.Figure) -> list:
    return [figure.layout[f"{which}axis"] for which in _numbers_on(figure)]


def _numbers_on(figure: go.Figure) -> str:
    """Which axes count: both, or the one along the bars."""
    return ("x" if is_level(figure) else "y") if is_bars(figure) else "xy"


def _axes(figure: go.Figure) -> Iterator[str]:
    """Ranges and ticks."""
    for which in _numbers_on(figure):
        name = f"{which} axis"
        if not number_format(figure, which):
            yield f"PowerPoint cannot write the numbers of the {name} as they stand here (10¹⁸ would be 1E+18)"
        if len(ticks(figure, which)) < LEAST_TICKS:
            yield f"the {name} would have fewer than {LEAST_TICKS} ticks"
        if used(figure, which) < LEAST_USED - 1e-9:
            yield f"the {name} would be widened until the data use less than {LEAST_USED:.0%} of it"


def used(figure: go.Figure, which: str) -> float:
    """How much of the "x" or "y" axis of PowerPoint the range of the picture takes, from 0 to 1."""
    low, high, _ = axis_scale(figure, which)
    inner, outer = picture_range(figure, which), (low, high)
    if is_log(figure, which):
        outer = (math.log10(low), math.log10(high))
    return min((inner[1] - inner[0]) / (outer[1] - outer[0]), 1.0)


def _labels(figure: go.Figure) -> Iterator[str]:
    problem = unreadable_bars(figure) if is_bars(figure) else unreadable(figure, [*trace_series(figure), *overlays(figure)])
    if problem:
        yield problem
