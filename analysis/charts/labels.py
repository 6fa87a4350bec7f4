"""Where names stand on a chart: at the ends of lines, and around points. Geometry alone, in pixels with y downwards.

On a page, names around points are placed for the smallest plot that shows them. They stay apart in every larger one, since two
boxes count as apart there only where their points lie in the same order as they do: as the plot grows, points part and boxes
keep their size. A picture has one size, and more room for names.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

MOST = 12
"""Points that are named, at most."""
GAP = 3.0
"""Room between a marker and its name [px]."""
FOREIGN = 5.0
"""Room between a name and the markers of others, more than GAP, so that it is read with its own [px]."""
RINGS = (0.0, 14.0, 28.0)
"""How much further out a name may stand, with a line that leads to it from the second on [px]."""
FAR_RINGS = (*RINGS, 44.0, 62.0, 80.0)
"""The same for names that must be there."""
SIDES = ((1, 0), (-1, 0), (0, -1), (1, -1), (1, 1), (-1, -1), (-1, 1), (0, 1))
"""The eight places around a point, the best one first: (to the right, downwards)."""


@dataclass(frozen=True)
class Box:
    """A rectangle [px]."""

    left: float
    top: float
    right: float
    bottom: float

    @classmethod
    def around(cls, x: float, y: float, width: float, height: float) -> "Box":
        """The box of a size with its middle at a point."""
        return cls(x - width / 2, y - height / 2, x + width / 2, y + height / 2)

    def holds(self, other: "Box") -> bool:
        """Whether another box lies within this one."""
        return self.left <= other.left and self.top <= other.top and other.right <= self.right and other.bottom <= self.bottom

    def meets(self, other: "Box") -> bool:
        """Whether two boxes share more than an edge."""
        return self.left < other.right and other.left < self.right and self.top < other.bottom and other.top < self.bottom


@dataclass(frozen=True)
class Anchored:
    """A box and the point that it goes along with."""

    box: Box
    x: float
    y: float


@dataclass(frozen=True)
class Place:
    """Where a name stands: its middle, from its point [px]. led: a line leads from the point to it."""

    dx: float
    dy: float
    led: bool


def end_labels(ends: Sequence[float], heights: Sequence[float], top: float, bottom: float) -> list[float] | None:
    """The middle of each name beside the end of its line, moved up or down no more than it takes to keep them apart.

    ends: where the lines end [px]; heights: of the names [px]; top, bottom: what they have to share. None where they do not fit. The sum
    of the squared moves is the least (isotonic regression on the distances that are left), but for names at the edges.

    >>> end_labels([100.0, 104.0], [14.0, 14.0], 0.0, 200.0)
    [95.0, 109.0]
    >>> end_labels([100.0, 104.0], [14.0, 14.0], 0.0, 20.0) is None
    True
    """
    if sum(heights) > bottom - top + 1e-9:
        return None
    if not len(ends):
        return []
    order = sorted(range(len(ends)), key=lambda at: (ends[at], at))
    below = [0.0]
    for upper, lower in pairwise(order):
        below.append(below[-1] + (heights[upper] + heights[lower]) / 2)
    moved = _rising([ends[at] - offset for at, offset in zip(order, below, strict=True)])
    least, most = top + heights[order[0]] / 2, bottom - heights[order[-1]] / 2 - below[-1]
    middles = [0.0] * len(ends)
    for at, value, offset in zip(order, moved, below, strict=True):
        middles[at] = min(max(value, least), most) + offset
    return middles


def _rising(values: Sequence[float]) -> list[float]:
    """The nearest sequence that does not fall: neighbours that do are pooled.

    >>> _rising([1.0, 3.0, 2.0, 4.0])
    [1.0, 2.5, 2.5, 4.0]
    """
    pools: list[tuple[float, int]] = []
    for value in values:
        pools.append((value, 1))
        while len(pools) > 1 and pools[-2][0] > pools[-1][0]:
            (last, n), (before, m) = pools.pop(), pools.pop()
            pools.append(((before * m + last * n) / (m + n), m + n))
    return [mean for mean, count in pools for _ in range(count)]


def point_labels(
    points: Sequence[tuple[float, float]],
    sizes: Sequence[tuple[float, float]],
    plot: Box,
    markers: Sequence[tuple[float, float, float]],
    taken: Sequence[Anchored] = (),
    avoided: Sequence[tuple[float, float]] = (),
    most: int = MOST,
    grows: bool = True,
    sure: Sequence[bool] = (),
) -> list[Place | None]:
    """Where the name of each point stands, None for those without room and for all after the first `most` that had some.

    points: x and y of each, the weightiest first; sizes: width and height of its name; markers: x, y and radius of everything that no name
    may cover; taken: boxes where something stands already; avoided: points of lines, which a name covers only where every place does.
    sure: which names may stand further out, so that they are hardly ever without room. grows: the places hold in every larger plot as well.
    The first of the nearest places that covers fewest of these is taken.
    """
    drawn, roomy = (_rows(markers, spare) for spare in (0.0, FOREIGN))
    others = np.array([(*_sides(one.box), one.x, one.y) for one in taken], float).reshape(-1, 6)
    lines = np.asarray(avoided, float).reshape(-1, 2)
    reach = max((radius for _, _, radius in markers), default=0.0) + GAP
    found: list[Place | None] = []
    for number, ((x, y), size) in enumerate(zip(points, sizes, strict=True)):
        place, rings = None, FAR_RINGS if sure and sure[number] else RINGS
        if sum(one is not None for one in found) < most:
            own = (drawn[:, 4] == x) & (drawn[:, 5] == y)
            near = np.concatenate([np.where(own[:, None], drawn, roomy), others])
            thin = np.concatenate([drawn[~own], others])
            place = _place(x, y, size, reach, plot, near, thin, lines, grows, rings)
        found.append(place)
        if place is not None:
            bits = [Anchored(Box.around(x + place.dx, y + place.dy, *size), x, y), *(_leader(x, y, place, size) if place.led else [])]
            others = np.concatenate([others, [(*_sides(one.box), x, y) for one in bits]])
    return found


def _rows(markers: Sequence[tuple[float, float, float]], spare: float) -> np.ndarray:
    """Box and point of each marker, one row each: left, top, right, bottom, x, y. spare: room around it [px]."""
    x, y, radius = np.asarray(markers, float).reshape(-1, 3).T
    radius = radius + spare
    return np.column_stack([x - radius, y - radius, x + radius, y + radius, x, y])


def _sides(box: Box) -> tuple[float, float, float, float]:
    return box.left, box.top, box.right, box.bottom


def _place(x: float, y: float, size, reach: float, plot: Box, near, thin, lines, grows: bool, rings) -> Place | None:
    """The best free place around a point. near: rows of what its name may not cover, thin: of what the line to it may not cross."""
    width, height = size
    sides = np.array(SIDES, float)
    out = np.where(sides.all(axis=1), max(reach / math.sqrt(2), reach - GAP), reach)
    for ring in rings:
        dx, dy = sides[:, 0] * (width / 2 + out + ring), sides[:, 1] * (height / 2 + out + ring)
        boxes = np.column_stack([x + dx - width / 2, y + dy - height / 2, x + dx + width / 2, y + dy + height / 2])
        inside = (boxes[:, :2] >= (plot.left, plot.top)).all(axis=1) & (boxes[:, 2:] <= (plot.right, plot.bottom)).all(axis=1)
        free = []
        for number in np.flatnonzero(inside & clear(boxes, x, y, near, grows).all(axis=1)):
            place, box = Place(float(dx[number]), float(dy[number]), ring > 0), boxes[number]
            bits = np.array([_sides(bit.box) for bit in _leader(x, y, place, size)] if ring else np.empty((0, 4)))
            if clear(bits, x, y, thin, grows).all():
                covered = int(((lines >= box[:2]) & (lines <= box[2:])).all(axis=1).sum())
                free.append((covered, int(number), place))
        if free:
            return min(free, key=lambda one: one[:2])[2]
    return None


def clear(boxes: np.ndarray, x: float, y: float, others: np.ndarray, grows: bool) -> np.ndarray:
    """Whether each of the boxes of a point (a row each) is apart from each of the others (a column each): beside, above or below it.

    boxes: left, top, right, bottom; others: the same and the point (x, y) that each goes along with. grows: they have to stay apart in a
    larger plot, so that they lie in the order of their points.

    >>> name, marker = np.array([[10, 0, 50, 14]]), np.array([[50, 0, 60, 14, 4, 7]])
    >>> clear(name, 5, 7, marker, grows=False).tolist(), clear(name, 5, 7, marker, grows=True).tolist()
    ([[True]], [[False]])
    """
    left, top, right, bottom = (boxes[:, [side]] for side in range(4))
    level, below = (others[:, 4] >= x) | (not grows), (others[:, 5] >= y) | (not grows)
    before, above = (others[:, 4] <= x) | (not grows), (others[:, 5] <= y) | (not grows)
    beside = ((right <= others[:, 0]) & level) | ((others[:, 2] <= left) & before)
    return beside | ((bottom <= others[:, 1]) & below) | ((others[:, 3] <= top) & above)


def _leader(x: float, y: float, place: Place, size: tuple[float, float]) -> list[Anchored]:
    """The line from a point to its name, in pieces; the outer half, since the inner one is beside the marker."""
    share = 1 - min(size[0] / 2 / abs(place.dx) if place.dx else math.inf, size[1] / 2 / abs(place.dy) if place.dy else math.inf)
    steps = [0.5, 0.75, 0.95]
    return [Anchored(Box.around(x + place.dx * share * step, y + place.dy * share * step, 2, 2), x, y) for step in steps]
