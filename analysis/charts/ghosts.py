"""Pinned settings behind a chart: the marks of the same figure at other settings, in grey.

Where the axes mean the same they stand behind the marks of today, which are left out where they are the same; else each stands in a plot of
its own below. `analysis.charts.style.figure` asks for this while a figure with pins is drawn (analysis/charts/figure.py).
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import numpy as np

GREYS = ("#8C92A3", "#6B7180", "#AEB3BF")
"""Of the first, second and third pin; the first is `style.GREY`."""
GREY_BAND = "rgba(140,146,163,0.18)"
MAPS = ("heatmap", "contour")
NAMED = ("end", "names", "first", "whole", "named")
"""What a trace notes about its names on the chart (analysis/charts/names.py)."""
BETWEEN = 0.45
"""Room between plots below each other, as a share of the height of one."""

Trace = Mapping[str, Any]


@dataclass(frozen=True, eq=False)
class Ghost:
    """A drawn figure as it stands behind another. name: what differs, in the legend; nothing in it is read as a tag."""

    traces: Sequence[Trace]
    layout: Mapping[str, Any]
    name: str


_behind: ContextVar[tuple[Ghost, ...]] = ContextVar("_behind", default=())


@contextmanager
def behind(ghosts: Sequence[Ghost]) -> Iterator[None]:
    """What is drawn inside has these behind it."""
    before = _behind.set(tuple(ghosts))
    try:
        yield
    finally:
        _behind.reset(before)


def drawn(traces: Sequence[Trace], layout: Mapping) -> tuple[Sequence[Trace], dict]:
    """(traces, layout) with what stands behind them: as given where that is nothing."""
    ghosts = _behind.get()
    if not ghosts:
        return traces, dict(layout)
    below = [ghost for ghost in ghosts if not same_axes(traces, layout, ghost)]
    over = [ghost for ghost in ghosts if ghost not in below]
    found: list[Trace] = []
    for number, ghost in enumerate(ghosts):
        if ghost in over:
            lines = _lines(ghost.layout, layout, number)
            found += grey(different(ghost.traces, traces) or lines[:1] and [_entry(lines[0])], ghost.name, number)
            layout = {**_wider(layout, ghost.layout), "shapes": [*layout.get("shapes", ()), *lines]}
    if found and layout.get("barmode") in ("stack", "relative"):  # on each other, and beside those of a pin
        found, traces = ([_in_a_stack(trace) for trace in each] for each in (found, traces))
        layout = {**layout, "annotations": _beside_own([*found, *traces], layout, len(over))}
    if layout.get("showlegend") is False and found:
        traces, layout = [{**trace, "showlegend": False} for trace in traces], {**layout, "showlegend": True}
    traces = [*found, *traces]
    return _below(traces, layout, below) if below else (traces, dict(layout))


def _lines(pinned: Mapping, layout: Mapping, number: int) -> list[dict]:
    """The lines across a pinned plot that a layout does not have, in grey."""
    now = [_without_look(shape) for shape in layout.get("shapes", ())]
    apart = [shape for shape in pinned.get("shapes", ()) if shape.get("type") == "line" and _without_look(shape) not in now]
    return [{**shape, "line": {**shape.get("line", {}), "color": GREYS[number]}} for shape in apart]


def _without_look(shape: Mapping) -> dict:
    return {key: value for key, value in shape.items() if key not in ("line", "layer")}


def _entry(line: Mapping) -> dict:
    """A trace that draws nothing and has the entry of a line in the legend."""
    meta = {"role": "computed"}
    return {"type": "scatter", "x": [None], "y": [None], "mode": "lines", "line": line["line"], "hoverinfo": "skip", "meta": meta}


def _in_a_stack(trace: Trace) -> Trace:
    group = trace.get("legendgroup") if "pinned" in trace.get("meta", {}) else "now"
    return {**trace, "offsetgroup": group} if trace.get("type") == "bar" else trace


def _beside_own(traces: Sequence[Trace], layout: Mapping, pins: int) -> list[dict]:
    """The notes of a layout, those on rows of level bars beside the bars of today, which stand last of a row's."""
    drawn_rows = dict.fromkeys(row for trace in traces if trace.get("orientation") == "h" for row in trace["y"])
    rows = list(layout["yaxis"].get("categoryarray", drawn_rows))
    down = (1 - layout.get("bargap", 0.2)) * pins / (2 * (pins + 1))
    return [
        {**note, "y": rows.index(note["y"]) + down} if note.get("yref", "y") == "y" and note.get("y") in rows else note
        for note in layout.get("annotations", ())
    ]


def same_axes(traces: Sequence[Trace], layout: Mapping, ghost: Ghost) -> bool:
    """Whether the axes of a pinned figure mean what those of a figure mean, and its marks can lie behind others."""
    axes = {name for name in {*layout, *ghost.layout} if _is_axis(name)}
    if not all(name in layout and name in ghost.layout for name in axes):
        return False
    if any(trace.get("type") in MAPS for trace in (*traces, *ghost.traces)) and different(ghost.traces, traces):
        return False
    return all(_meaning(layout[name]) == _meaning(ghost.layout[name]) for name in axes)


def _is_axis(name: str) -> bool:
    return re.fullmatch(r"[xy]axis\d*", name) is not None


def _meaning(axis: Mapping) -> tuple:
    """What an axis shows: its title, its type, and the words at its numbers, if it has any."""
    texts = axis.get("ticktext", ()) if axis.get("type") != "category" else ()
    worded = tuple(texts) if any(not re.match(r"[-+−$<]?\s?[\d.]", str(text)) for text in texts) else ()
    return (axis.get("title") or {}).get("text", ""), axis.get("type", "-"), worded


def different(ghost: Sequence[Trace], now: Sequence[Trace]) -> list[Trace]:
    """The traces of a pinned figure that are not among those of a figure: all bars if one is not, and bands with both edges."""
    apart = [not any(_same(trace, other) for other in now) for trace in ghost]
    bars = any(one and trace.get("type") == "bar" for one, trace in zip(apart, ghost, strict=True))
    kept = []
    for number, trace in enumerate(ghost):
        filled_to_here = number + 1 < len(ghost) and ghost[number + 1].get("fill") == "tonexty"
        if trace.get("type") == "bar":
            keep = bars
        elif trace.get("fill") == "tonexty" and number:
            keep = apart[number] or apart[number - 1]
        else:
            keep = apart[number] or (filled_to_here and apart[number + 1])
        if keep:
            kept.append(trace)
    return kept


def _same(one: Trace, other: Trace) -> bool:
    return one.get("type") == other.get("type") and all(_equal(one.get(part), other.get(part)) for part in ("x", "y", "z", "base"))


def _equal(one: Any, other: Any) -> bool:
    if one is None or other is None:
        return one is other
    one, other = np.asarray(one), np.asarray(other)
    if one.shape != other.shape:
        return False
    return bool(np.array_equal(one, other, equal_nan=one.dtype.kind == other.dtype.kind == "f"))


def grey(traces: Sequence[Trace], name: str, number: int) -> list[dict[str, Any]]:
    """Traces as those of the number-th pin: grey, without names on the chart, and with one entry in the legend.

    How reported, computed, what-if and unverified marks look apart from their colour stays.
    """
    found: list[dict[str, Any]] = []
    for trace in traces:
        color = GREYS[number]
        ghost = {
            **trace,
            "meta": _unnamed(trace) | {"pinned": number + 1},
            "name": name,
            "legendgroup": f"pin {number}",
            "showlegend": False,
        }
        ghost |= {part: {**trace[part], "color": color} for part in ("line", "error_x", "error_y") if part in trace}
        if "marker" in trace:
            ghost["marker"] = _grey_marker(trace, color)
        if "fillcolor" in trace:
            ghost["fillcolor"] = GREY_BAND
        if "text" in trace.get("mode", ""):
            ghost["mode"] = "+".join(part for part in trace["mode"].split("+") if part != "text") or "markers"
        found.append(ghost)
    seen = [trace for trace in found if (trace.get("line") or {}).get("width") != 0 or "fill" in trace]
    for trace in seen[:1]:
        trace["showlegend"] = True
    return found


def _unnamed(trace: Trace) -> dict[str, Any]:
    """The meta of a trace without what is named on the chart."""
    return {key: value for key, value in trace.get("meta", {}).items() if key not in NAMED}


def _grey_marker(trace: Trace, color: str) -> dict:
    marker = {key: value for key, value in trace["marker"].items() if key not in ("colorscale", "colorbar", "showscale", "cmin", "cmax")}
    band = trace.get("meta", {}).get("role") == "band"
    marker["color"] = GREY_BAND if band else color
    if "line" in marker:
        marker["line"] = {**marker["line"], "color": color}
    return marker


def _wider(layout: Mapping, pinned: Mapping) -> dict:
    """A layout whose fixed ranges and lists of categories hold those of a pinned one, too."""
    changed = {}
    for name in filter(_is_axis, layout):
        axis, other = layout[name], pinned[name]
        if axis.get("range") is not None and other.get("range") is not None:
            (low, high), (other_low, other_high) = axis["range"], other["range"]
            ends = [min(low, other_low), max(high, other_high)] if low <= high else [max(low, other_low), min(high, other_high)]
            axis = {**axis, "range": ends}
        elif axis.get("range") is not None:
            axis = {key: value for key, value in axis.items() if key not in ("range", "autorange")}
        if axis.get("type") == "category" and "ticktext" in axis and "ticktext" in other:
            axis = {**axis, **{each: _joined(axis[each], other[each]) for each in ("tickvals", "ticktext")}}
        if "categoryarray" in axis and "categoryarray" in other:
            axis = {**axis, "categoryarray": _joined(axis["categoryarray"], other["categoryarray"])}
        changed[name] = axis
    return {**layout, **changed}


def _joined(one: Sequence[str], other: Sequence[str]) -> list[str]:
    return list(dict.fromkeys([*one, *other]))


def _below(traces: Sequence[Trace], layout: Mapping, ghosts: Sequence[Ghost]) -> tuple[list[Trace], dict]:
    """(traces, layout) with a plot for each pinned figure below, in its own colours and on its own axes; every plot keeps its height."""
    size = 1 / (len(ghosts) + 1 + len(ghosts) * BETWEEN)
    found, taken = list(traces), sum(map(_is_axis, layout))
    parts = [_moved(layout, 1 - size, size, {name: name for name in layout if _is_axis(name)})]
    for number, ghost in enumerate(ghosts, start=1):
        bottom = max(1 - size - number * (1 + BETWEEN) * size, 0.0)
        own = {name: f"{name[0]}axis{taken + position}" for position, name in enumerate(sorted(filter(_is_axis, ghost.layout)), start=1)}
        taken += len(own)
        title = {"x": 0, "y": bottom + size, "xref": "paper", "yref": "paper", "xanchor": "left", "yanchor": "bottom"}
        moved = _moved(ghost.layout, bottom, size, own)
        parts.append({**moved, "annotations": [*moved["annotations"], {**title, "text": ghost.name, "showarrow": False}]})
        for trace in ghost.traces:
            axes = {f"{which}axis": _referred(trace.get(f"{which}axis", which), own) for which in "xy"}
            quiet = {"showscale": False} if trace.get("type") in MAPS else {"showlegend": False}
            found.append({**trace, **axes, "meta": _unnamed(trace) | {"pinned": number}, **quiet})
    around = layout["margin"]["t"] + layout["margin"]["b"]
    joined: dict[str, Any] = {}
    for part in parts:
        joined |= {**part, **{each: [*joined.get(each, ()), *part[each]] for each in ("annotations", "shapes")}}
    return found, {**layout, **joined, "height": around + (layout["height"] - around) / size}


def _moved(layout: Mapping, bottom: float, size: float, own: Mapping[str, str]) -> dict[str, Any]:
    """Axes, shapes and annotations of a layout in a part of the height, from `bottom` on and of a size. own: new names of its axes."""
    moved: dict[str, Any] = {}
    lowest = min((name for name in own if name[0] == "y"), key=lambda name: layout[name].get("domain", [0.0])[0])
    for name, new in own.items():
        if name[0] == "y":
            low, high = layout[name].get("domain", (0.0, 1.0))
            moved[new] = {**layout[name], "domain": [bottom + size * low, bottom + size * high], "anchor": _referred("x", own)}
        else:
            moved[new] = {**layout[name], "anchor": own[lowest].replace("axis", "")}
    for each in ("annotations", "shapes"):
        moved[each] = []
        for part in layout.get(each, ()):
            refs = {f"{which}ref": _referred(part.get(f"{which}ref", which), own) for which in "xy"}
            heights = {end: bottom + size * part[end] for end in ("y", "y0", "y1") if end in part and refs["yref"] == "paper"}
            moved[each].append({**part, **refs, **heights})
    return moved


def _referred(to: str, own: Mapping[str, str]) -> str:
    """A reference to an axis, "x", "y2" or "y domain", under the axis' new name; "paper" stays."""
    axis, space, rest = to.partition(" ")
    return to if axis == "paper" else own[f"{axis[0]}axis{axis[1:]}"].replace("axis", "") + space + rest
