"""Where names stand on a chart: at the ends of lines, and around points. Geometry alone, in pixels with y downwards.

On a page, names around points are placed for the smallest plot that shows them. They stay apart in every larger one, since two
boxes count as apart there only where their points lie in the same order as they do: as the plot grows, points part and boxes
keep their size. A picture has one size, and more room for names.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

MOST = 12
"""Points that are named, at most."""
GAP = 3.0
"""Room between a marker and its name [px]."""
RINGS = (0.0, 14.0, 28.0)
"""How much further out a name may stand, with a line that leads to it from the second on [px]."""
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
) -> list[Place | None]:
    """Where the name of each point stands, None for those without room and for all after the first `most` that had some.

    points: x and y of each, the weightiest first; sizes: width and height of its name; markers: x, y and radius of everything that no name
    may cover; taken: boxes where something stands already; avoided: points of lines, which a name covers only where every place does.
    grows: the places hold in every larger plot as well. The first of the nearest places that covers fewest of these is taken.
    """
    obstacles = [Anchored(Box.around(x, y, 2 * radius, 2 * radius), x, y) for x, y, radius in markers] + list(taken)
    reach = max((radius for _, _, radius in markers), default=0.0) + GAP
    found: list[Place | None] = []
    for (x, y), size in zip(points, sizes, strict=True):
        place = None if sum(one is not None for one in found) >= most else _place(x, y, size, reach, plot, obstacles, avoided, grows)
        found.append(place)
        if place is not None:
            obstacles.append(Anchored(Box.around(x + place.dx, y + place.dy, *size), x, y))
            obstacles += _leader(x, y, place, size) if place.led else []
    return found


def _place(x, y, size, reach, plot, obstacles, avoided, grows) -> Place | None:
    """The best free place around a point."""
    width, height = size
    for ring in RINGS:
        free = []
        for number, (right, down) in enumerate(SIDES):
            slanted = max(reach / math.sqrt(2), reach - GAP) if right and down else reach
            out = slanted + ring
            place = Place(right * (width / 2 + out), down * (height / 2 + out), ring > 0)
            box = Box.around(x + place.dx, y + place.dy, width, height)
            own = Anchored(box, x, y)
            if not plot.holds(box) or not all(apart(own, other, grows) for other in obstacles):
                continue
            line = _leader(x, y, place, size) if ring else []
            if all(apart(bit, other, grows) for bit in line for other in obstacles if (other.x, other.y) != (x, y)):
                covered = sum(box.left <= ax <= box.right and box.top <= ay <= box.bottom for ax, ay in avoided)
                free.append((covered, number, place))
        if free:
            return min(free, key=lambda one: one[:2])[2]
    return None


def apart(one: Anchored, other: Anchored, grows: bool = True) -> bool:
    """Whether two boxes are apart, and with `grows` stay so in a larger plot: beside or above each other in the order of their points.

    >>> name, marker = Anchored(Box(10, 0, 50, 14), 5, 7), Anchored(Box(50, 0, 60, 14), 4, 7)
    >>> apart(name, marker, grows=False), apart(name, marker)
    (True, False)
    """
    a, b = one.box, other.box
    return (
        (a.right <= b.left and (one.x <= other.x or not grows))
        or (b.right <= a.left and (other.x <= one.x or not grows))
        or (a.bottom <= b.top and (one.y <= other.y or not grows))
        or (b.bottom <= a.top and (other.y <= one.y or not grows))
    )


def _leader(x: float, y: float, place: Place, size: tuple[float, float]) -> list[Anchored]:
    """The line from a point to its name, in pieces; the outer half, since the inner one is beside the marker."""
    share = 1 - min(size[0] / 2 / abs(place.dx) if place.dx else math.inf, size[1] / 2 / abs(place.dy) if place.dy else math.inf)
    steps = [0.5, 0.75, 0.95]
    return [Anchored(Box.around(x + place.dx * share * step, y + place.dy * share * step, 2, 2), x, y) for step in steps]
