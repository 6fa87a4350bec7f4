"""Names on the chart: at the ends of lines and beside points, instead of entries of a legend.

A figure says what is to be named (`at_end`, `beside`); where the names stand depends on the size of the plot and of the type, so
a page and a picture each ask for their own (`placed`). A page is as wide as its window: its names are placed for a plot of WIDTH,
hold in every wider one (`labels.point_labels`), and give way to the legend in a narrower one (pages/components/chart.py).
"""

import html
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from analysis.charts import labels, ticks
from analysis.charts.labels import Box

WIDTH = 620
"""Width of the narrowest plot of a page that shows names [px]."""
LEGEND = 40
"""Height that a legend may take from the plot of a page [px]."""
LABEL = "name"
"""How annotations that are names are marked."""
TYPE, LINE = 12, 1.2
HALO = "auto"
LEAD = 14
"""Room between the plot and the names at line ends, in which lines lead to them [px]."""
AT_THE_EDGE = 0.97
"""Share of the width from which on a line ends at the edge; others are named where they end."""


def at_end(trace: dict, name: str | None = None) -> dict:
    """A line that is to be named at its right end; name: its own if None."""
    return trace | {"meta": {**trace["meta"], "end": name if name is not None else html.unescape(trace["name"])}}


def beside(trace: dict, names: Sequence[str], first: Sequence[bool] = (), whole: bool = False) -> dict:
    """Markers that are to be named, "" for none; of too many, the first ones are.

    first: those that are named before all others, in bold. whole: the names stand for the entry in the legend, which is left out where
    all are placed.
    """
    return trace | {"meta": {**trace["meta"], "names": list(names), "first": [bool(one) for one in first], "whole": whole}}


class Plot:
    """The plot of a figure in pixels, the upper one of two: its axes, and the type of names. measure: width of a text in type of size 1."""

    def __init__(self, layout: Mapping, width: float, height: float, measure: Callable[[str], float], scale: float = 1.0):
        low, high = layout["yaxis"].get("domain") or (0.0, 1.0)
        self.axes, self.width, self.height, self.scale = (layout["xaxis"], layout["yaxis"]), width, (high - low) * height, scale
        self.size, self.measure = TYPE * scale, measure

    def at(self, trace: Mapping) -> np.ndarray:
        """The points of a trace [px], one row each; not a number where there is none."""
        across, up = (self._shares(axis, trace[which]) for axis, which in zip(self.axes, "xy", strict=True))
        return np.column_stack([across * self.width, (1 - up) * self.height])

    @staticmethod
    def _shares(axis: Mapping, values: Any) -> np.ndarray:
        numbers = np.array([np.nan if value is None else value for value in values], float)
        if axis.get("type") == "log":
            numbers = np.log10(np.where(numbers > 0, numbers, np.nan))
        low, high = axis["range"]
        return (numbers - low) / (high - low)

    def value(self, x: float, y: float) -> tuple[float, float]:
        """Where a pixel stands in an annotation: exponents of ten on a logarithmic axis. Never beyond the ends, where Plotly hides it."""
        (left, right), (bottom, top) = (axis["range"] for axis in self.axes)
        across, up = (min(max(share, 1e-6), 1 - 1e-6) for share in (x / self.width, 1 - y / self.height))
        return left + across * (right - left), bottom + up * (top - bottom)

    def holds(self, x: float, y: float) -> bool:
        """Whether a pixel lies in the plot."""
        return bool(-0.5 <= x <= self.width + 0.5 and -0.5 <= y <= self.height + 0.5)

    def size_of(self, name: str, wider: float = 1.0) -> tuple[float, float]:
        """Width and height of a name [px]. wider: how much bold type is."""
        return self.measure(name) * self.size * wider, LINE * self.size


def wanted(traces: Sequence[Mapping]) -> bool:
    """Whether a figure has anything to name."""
    return any({"end", "names"} & set(_meta(trace)) for trace in traces)


def room(traces: Sequence[Mapping], measure: Callable[[str], float], scale: float = 1.0) -> float:
    """Width right of the plot for names at line ends [px], 0 where there are none."""
    ends = [measure(_meta(trace)["end"]) * TYPE * scale for trace in traces if "end" in _meta(trace)]
    return max(ends) + (LEAD + 6) * scale if ends else 0.0


def placed(traces: Sequence[Mapping], plot: Plot, grows: bool = True) -> tuple[list[dict], set[int]]:
    """(annotations, positions of the traces that need no entry in the legend).

    grows: the names hold in every larger plot, too.
    """
    ends = {number: found for number, trace in enumerate(traces) if "end" in _meta(trace) and (found := _last_seen(plot.at(trace), plot))}
    at_edge = {number: end for number, end in ends.items() if end[0] >= AT_THE_EDGE * plot.width}
    notes = _ends(traces, at_edge, plot)
    named = set(at_edge) if notes else set()
    spots = [(0, number, end, _meta(traces[number])["end"]) for number, end in ends.items() if number not in named]
    for number, trace in enumerate(traces):
        names = _meta(trace).get("names", [])
        points = plot.at(trace) if names else []
        first = _meta(trace).get("first") or [_meta(trace).get("whole", False)] * len(names)
        spots += [
            (0 if early else 1, number, (x, y), name)
            for (x, y), name, early in zip(points, names, first, strict=True)
            if name and plot.holds(x, y)
        ]
    spots.sort(key=lambda spot: spot[0])
    bold = {spot[1:] for spot in spots if spot[0] == 0 and _meta(traces[spot[1]]).get("first")}
    places = labels.point_labels(
        [spot[2] for spot in spots],
        [plot.size_of(spot[3], 1.08 if spot[1:] in bold else 1.0) for spot in spots],
        Box(0, 0, plot.width, plot.height),
        _markers(traces, plot),
        avoided=_lines(traces, plot),
        grows=grows,
        sure=[spot[1:] in bold for spot in spots],
    )
    tried = [(number, place) for (_, number, _, _), place in zip(spots, places, strict=True)]
    notes += [
        _beside(spot[2], spot[3], place, plot, spot[1:] in bold) for spot, place in zip(spots, places, strict=True) if place is not None
    ]
    missing = {number for number, place in tried if place is None}
    whole = {number for number, _ in tried if number in ends or _meta(traces[number]).get("whole")}
    return notes, named | whole - missing


def _meta(trace: Mapping) -> Mapping:
    return trace.get("meta") or {}


def _last_seen(points: np.ndarray, plot: Plot) -> tuple[float, float] | None:
    """Where a line is seen last, from left to right: its last point, or where it leaves the plot; None where it is not seen."""
    seen = [number for number, (x, y) in enumerate(points) if plot.holds(x, y)]
    if not seen:
        return None
    x, y = points[seen[-1]]
    if seen[-1] + 1 < len(points) and np.isfinite(points[seen[-1] + 1]).all():
        beyond_x, beyond_y = points[seen[-1] + 1]
        edges = [(plot.width - x) / (beyond_x - x)] if beyond_x > plot.width else []
        edges += [(edge - y) / (beyond_y - y) for edge in (0.0, plot.height) if (edge - y) * (edge - beyond_y) < 0]
        share = min([1.0, *(edge for edge in edges if edge >= 0)])
        x, y = x + share * (beyond_x - x), y + share * (beyond_y - y)
    return float(x), float(y)


def _ends(traces: Sequence[Mapping], ends: Mapping[int, tuple[float, float]], plot: Plot) -> list[dict]:
    """The names of lines that run to the right edge, pushed apart, each with a short line in its colour; none if they do not fit."""
    beyond = LINE * plot.size
    middles = labels.end_labels([y for _, y in ends.values()], [LINE * plot.size] * len(ends), -beyond, plot.height + beyond)
    looks = {"showarrow": True, "arrowhead": 0, "arrowwidth": 1.2 * plot.scale, "ax": LEAD * plot.scale, "xanchor": "left"}
    return [
        _note(plot, x, y, _meta(traces[number])["end"]) | looks | {"arrowcolor": traces[number]["line"]["color"], "ay": middle - y}
        for (number, (x, y)), middle in zip(ends.items(), middles or [], strict=bool(middles))
    ]


def _beside(point: tuple[float, float], name: str, place: labels.Place, plot: Plot, bold: bool) -> dict:
    """The name of a point as an annotation, with a thin line to it where it stands further out."""
    note = _note(plot, *point, name) | {"xanchor": "center", "yanchor": "middle"}
    note |= {"text": f"<b>{note['text']}</b>"} if bold else {}
    if not place.led:
        return note | {"showarrow": False, "xshift": place.dx, "yshift": -place.dy}
    return note | {"showarrow": True, "arrowhead": 0, "arrowwidth": plot.scale, "ax": place.dx, "ay": place.dy, "standoff": 6 * plot.scale}


def _note(plot: Plot, x: float, y: float, name: str) -> dict[str, Any]:
    across, up = plot.value(x, y)
    text = html.escape(name, quote=False)
    return {"name": LABEL, "x": across, "y": up, "text": text, "font": {"size": plot.size, "shadow": HALO}, "borderpad": 0}


def _markers(traces: Sequence[Mapping], plot: Plot) -> list[tuple[float, float, float]]:
    """x, y and radius of every marker that is seen [px]."""
    found = []
    for trace in traces:
        if "markers" in trace.get("mode", ""):
            size = np.asarray((trace.get("marker") or {}).get("size", 6), float)
            sizes = np.broadcast_to(size, len(trace["x"]))
            found += [(x, y, size / 2 + 1) for (x, y), size in zip(plot.at(trace), sizes, strict=True) if plot.holds(x, y)]
    return found


def _lines(traces: Sequence[Mapping], plot: Plot) -> list[tuple[float, float]]:
    """Points along all lines that are seen, close enough that no name slips between them."""
    found: list[tuple[float, float]] = []
    for trace in traces:
        if "lines" in trace.get("mode", "") and (trace.get("line") or {}).get("width", 2):
            points = plot.at(trace)
            points = points[np.isfinite(points).all(axis=1)]
            for (x0, y0), (x1, y1) in zip(points, points[1:], strict=False):
                steps = min(int(max(abs(x1 - x0), abs(y1 - y0)) / 5) + 1, 200)
                found += [(x0 + (x1 - x0) * step / steps, y0 + (y1 - y0) * step / steps) for step in range(steps)]
    return [(x, y) for x, y in found if plot.holds(x, y)]


def without(traces: Sequence[Mapping], layout: Mapping) -> tuple[list[dict], dict]:
    """(traces, layout) as they were before `on_page`, but with fixed axes."""
    bare = [{key: value for key, value in trace.items() if key != "showlegend" or not _meta(trace).get("named")} for trace in traces]
    notes = [note for note in layout.get("annotations", ()) if note.get("name") != LABEL]
    return bare, {**layout, "annotations": notes, "margin": {**layout["margin"], **layout["meta"]["narrow"]}, "showlegend": True}


def on_page(
    traces: Sequence[Mapping], layout: Mapping, measure: Callable[[str], float], width: float = WIDTH
) -> tuple[list[Mapping], dict]:
    """(traces, layout) with their names on them for a page: without a legend where all that it would list is named.

    The axes get fixed ends, which names stand by. measure: width of a text in type of size 1. width: of the narrowest plot with names [px].
    """
    layout = {**layout, **{name: _with_range(traces, layout[name], name[0]) for name in ("xaxis", "yaxis")}}
    margin = layout["margin"]
    right = max(room(traces, measure), margin["r"])
    height = layout["height"] - margin["t"] - margin["b"] - LEGEND
    notes, named = placed(traces, Plot(layout, width, height, measure))
    listed = {number for number, trace in enumerate(traces) if trace.get("showlegend") is not False}
    marked = [
        {**trace, "showlegend": False, "meta": {**trace["meta"], "named": True}} if number in named & listed else trace
        for number, trace in enumerate(traces)
    ]
    return marked, {
        **layout,
        "annotations": [*layout.get("annotations", ()), *notes],
        "margin": {**margin, "r": right, **({} if listed - named else {"t": 20})},
        "showlegend": layout.get("showlegend", True) and bool(listed - named),
        "meta": {**layout["meta"], "names_from": width + margin.get("l", 64) + right, "narrow": {"t": margin["t"], "r": margin["r"]}},
    }


def _with_range(traces: Sequence[Mapping], axis: Mapping, which: str) -> dict:
    """An axis with fixed ends: its own, or those of what is drawn and a little room."""
    if axis.get("range") is not None:
        return dict(axis)
    low, high = ticks.extent(traces, axis, which) or (0.0, 1.0)
    if axis.get("type") == "log":
        low, high = math.log10(low), math.log10(high)
    spare = 0.05 * (high - low) or 1.0
    return {**axis, "range": [low - spare, high + spare], "autorange": False}
