"""Where PowerPoint would put the labels of a chart, in points of type on a plot of usual size, and whether anything lies over them."""

import math
from collections.abc import Iterator, Sequence
from itertools import combinations, pairwise

import plotly.graph_objects as go

from analysis.export.native_axes import axis_scale
from analysis.export.native_series import Series, bar_series, is_level, is_log, is_stacked
from analysis.export.words import text_width

PLOT = (780.0, 250.0)
"""Width and height of the plot on a slide [pt], without its axes and legend, on the small side."""
LABEL = 12.0
"""Size of the type of labels [pt]."""
GAP = 4.0
BAR_SHARE = 1 / 1.4
"""How much of the room of a category its bars take."""

Box = tuple[float, float, float, float]
"""left, bottom, right, top [pt] from the low end of both axes"""


def position(words: str) -> str:
    """The side of its point, of "above", "below", "left", "right" and "center", for a label that Plotly places in its own words.

    >>> position("top right"), position("middle left"), position("middle center")
    ('above', 'left', 'center')
    """
    up, _, along = words.partition(" ")
    return {"top": "above", "bottom": "below"}.get(up) or (along if along in ("left", "right") else "center")


def label_box(x: float, y: float, text: str, side: str, mark: float = 0.0) -> Box:
    """The box of a label at a point whose mark has a size [pt]."""
    width, height, away = text_width(text, LABEL), LABEL * 1.2, mark / 2 + GAP
    across = {"left": -width / 2 - away, "right": width / 2 + away}.get(side, 0.0)
    up = {"above": height / 2 + away, "below": -height / 2 - away}.get(side, 0.0)
    return x + across - width / 2, y + up - height / 2, x + across + width / 2, y + up + height / 2


def unreadable(figure: go.Figure, series: Sequence[Series]) -> str:
    """Why the labels of a chart of lines and marks could not be read, "" where they can."""
    if not any(text for part in series for text in part.labels):
        return ""
    ways = [_Axis(figure, "x", PLOT[0]), _Axis(figure, "y", PLOT[1])]
    placed = [[(ways[0].place(x), ways[1].place(y)) for x, y in zip(part.x, part.y, strict=True)] for part in series]
    boxes, owners = [], []
    for number, part in enumerate(series):
        sizes = part.sizes or [0.0] * len(part.x)
        for at, (text, side) in enumerate(zip(part.labels, part.positions, strict=True)):
            if text:
                boxes.append(label_box(*placed[number][at], text, position(side), sizes[at]))
                owners.append((number, at))
    if any(overlap(one, other) for one, other in combinations(boxes, 2)):
        return "two labels would be printed over each other"
    if any(box[0] < -GAP or box[2] > PLOT[0] + GAP or box[1] < -GAP or box[3] > PLOT[1] + LABEL for box in boxes):
        return "a label would leave the chart"
    for box, owner in zip(boxes, owners, strict=True):
        for number, part in enumerate(series):
            marks = [_mark(*placed[number][at], part.sizes[at]) for at in range(len(part.sizes)) if (number, at) != owner]
            if any(overlap(box, mark) for mark in marks):
                return "a label would be printed over a mark"
            if part.line and any(crosses(box, *ends) for ends in pairwise(placed[number])):
                return "a label would be printed over a line"
    return ""


def unreadable_bars(figure: go.Figure) -> str:
    """Why the labels of bars could not be read, "" where they can: beside the end of a bar, or inside a part of a stack."""
    series, way = bar_series(figure), _Axis(figure, "x" if is_level(figure) else "y", PLOT[0] if is_level(figure) else PLOT[1])
    room = PLOT[1 if is_level(figure) else 0] * BAR_SHARE / max(len(series[0].x), 1) / (1 if is_stacked(figure) else len(series))
    for text, value in _labelled(series):
        if way.logarithmic:
            return "labels of bars on a logarithmic axis would stand over the names in some programs"
        size = (text_width(text, LABEL), LABEL) if is_level(figure) else (LABEL, text_width(text, LABEL))
        length = abs(way.place(value) - way.place(0.0))
        if size[1] > room * (1.0 if is_stacked(figure) else 1.4):
            return "the labels of neighbouring bars would touch"
        if is_stacked(figure) and size[0] > length:
            return "a label would not fit its part of a bar"
        end = way.place(value) + (size[0] if value >= 0 else -size[0])
        if not is_stacked(figure) and not -GAP <= end <= way.length + GAP:
            return "a label would leave the chart"
    return ""


def _labelled(series: Sequence[Series]) -> Iterator[tuple[str, float]]:
    for part in series:
        for text, value in zip(part.labels, part.y, strict=True):
            if text and value is not None:
                yield text, value


class _Axis:
    """An axis of PowerPoint with a length [pt]."""

    def __init__(self, figure: go.Figure, which: str, length: float):
        self.length, self.logarithmic = length, is_log(figure, which)
        self.low, self.high, _ = axis_scale(figure, which)

    def place(self, value: float) -> float:
        """Distance of a value from the low end [pt]."""
        if self.logarithmic:
            return self.length * math.log(value / self.low) / math.log(self.high / self.low)
        return self.length * (value - self.low) / (self.high - self.low)


def _mark(x: float, y: float, size: float) -> Box:
    return x - size / 2, y - size / 2, x + size / 2, y + size / 2


def overlap(one: Box, other: Box) -> bool:
    """Whether two boxes share more than an edge.

    >>> overlap((0, 0, 2, 2), (1, 1, 3, 3)), overlap((0, 0, 2, 2), (2, 0, 4, 2))
    (True, False)
    """
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def crosses(box: Box, start: tuple[float, float], end: tuple[float, float]) -> bool:
    """Whether a straight line passes through a box.

    >>> crosses((0, 0, 2, 2), (-1, 1), (3, 1)), crosses((0, 0, 2, 2), (-1, 3), (3, 3))
    (True, False)
    """
    first, last = 0.0, 1.0
    for at in (0, 1):
        low, high, way = box[at] - start[at], box[at + 2] - start[at], end[at] - start[at]
        if way == 0:
            if not low < 0 < high:
                return False
            continue
        near, far = sorted((low / way, high / way))
        first, last = max(first, near), min(last, far)
    return first < last
