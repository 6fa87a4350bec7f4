"""Where names stand: apart, inside, off the markers, and so in every larger plot."""

import math

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from analysis.charts import labels
from analysis.charts.labels import Anchored, Box

WIDTH, HEIGHT = 620.0, 360.0
PLOT = Box(0, 0, WIDTH, HEIGHT)
POINTS = st.lists(st.tuples(st.floats(0, WIDTH), st.floats(0, HEIGHT)), min_size=1, max_size=24)
ENDS = st.lists(st.tuples(st.floats(0, HEIGHT), st.floats(8, 30)), min_size=1, max_size=10)


def sizes_of(points):
    return [(20.0 + 17 * number % 90, 14.0) for number in range(len(points))]


def boxes_of(points, sizes, places):
    return [
        Anchored(Box.around(x + place.dx, y + place.dy, *size), x, y)
        for (x, y), size, place in zip(points, sizes, places, strict=True)
        if place
    ]


@given(ENDS)
@example([(100.0, 14.0)] * 7)
def test_names_at_line_ends_are_apart_inside_and_in_the_order_of_the_lines(ends):
    places, heights = zip(*ends, strict=True)
    middles = labels.end_labels(places, heights, 0.0, HEIGHT)
    if sum(heights) > HEIGHT:
        assert middles is None
        return
    spans = sorted((middle - height / 2, middle + height / 2) for middle, height in zip(middles, heights, strict=True))
    assert len(spans) == len(ends)
    assert all(low[1] <= high[0] + 1e-6 for low, high in zip(spans, spans[1:], strict=False))
    assert spans[0][0] >= -1e-6 and spans[-1][1] <= HEIGHT + 1e-6
    order = sorted(range(len(ends)), key=lambda at: (places[at], at))
    assert sorted(range(len(ends)), key=lambda at: (middles[at], places[at], at)) == order


def test_names_with_room_stay_at_the_ends_of_their_lines():
    assert labels.end_labels([300.0, 20.0, 100.0], [14.0] * 3, 0.0, HEIGHT) == [300.0, 20.0, 100.0]


def test_two_names_at_one_end_move_by_the_same():
    # by hand: two names of 10 px at 50 part to 45 and 55; a third at 58 pushes all to 42.67, 52.67, 62.67 (mean of 50, 50, 58 is 52.67).
    assert labels.end_labels([50.0, 50.0], [10.0, 10.0], 0.0, 200.0) == [45.0, 55.0]
    assert labels.end_labels([50.0, 50.0, 58.0], [10.0] * 3, 0.0, 200.0) == pytest.approx([42.667, 52.667, 62.667], abs=1e-3)


@settings(deadline=None)
@given(POINTS, st.floats(1, 4), st.floats(1, 3))
def test_names_of_points_are_apart_inside_and_off_the_markers_in_every_larger_plot(points, wider, higher):
    sizes = sizes_of(points)
    markers = [(x, y, 5.0) for x, y in points]
    places = labels.point_labels(points, sizes, PLOT, markers)
    assert sum(place is not None for place in places) <= labels.MOST
    larger = [(x * wider, y * higher) for x, y in points]
    plot = Box(0, 0, WIDTH * wider, HEIGHT * higher)
    for drawn, around in ((points, PLOT), (larger, plot)):
        boxes = boxes_of(drawn, sizes, places)
        roomy = Box(-1e-6, -1e-6, around.right + 1e-6, around.bottom + 1e-6)
        assert all(roomy.holds(one.box) for one in boxes)
        for number, one in enumerate(boxes):
            assert not any(one.box.meets(other.box) for other in boxes[number + 1 :])
            assert not any(one.box.meets(Box.around(x, y, 9.9, 9.9)) for x, y in drawn)


@given(POINTS)
def test_the_same_points_get_the_same_places(points):
    markers = [(x, y, 5.0) for x, y in points]
    first, second = (labels.point_labels(points, sizes_of(points), PLOT, markers) for _ in range(2))
    assert first == second


def test_the_weightiest_point_is_named_and_a_crowd_is_not():
    points = [(300.0 + number % 5, 180.0 + number // 5) for number in range(40)]
    places = labels.point_labels(points, [(60.0, 14.0)] * 40, PLOT, [(x, y, 5.0) for x, y in points])
    assert places[0] is not None and 1 <= sum(place is not None for place in places) < 12


def test_a_lone_point_is_named_close_by_on_its_right_and_at_the_right_edge_on_its_left():
    places = labels.point_labels([(300.0, 100.0), (618.0, 300.0)], [(60.0, 14.0)] * 2, PLOT, [(300.0, 100.0, 5.0), (618.0, 300.0, 5.0)])
    assert (places[0].dx, places[0].dy, places[0].led) == (30 + 5 + labels.GAP, 0, False)
    assert places[1].dx == -38 and not places[1].led


def test_a_name_keeps_off_lines_where_another_place_does():
    level = [(x, 100.0) for x in np.linspace(0, WIDTH, 200)]
    (place,) = labels.point_labels([(300.0, 100.0)], [(60.0, 14.0)], PLOT, [(300.0, 100.0, 5.0)], avoided=level)
    assert abs(place.dy) > 7


RING = [(300 + 17 * math.cos(turn), 180 + 17 * math.sin(turn), 1.0) for turn in np.linspace(0, 2 * math.pi, 9)[:-1] + math.pi / 8]


def test_a_name_without_room_beside_its_point_stands_further_out_with_a_line_to_it_where_the_plot_has_one_size():
    point, markers = [(300.0, 180.0)], [(300.0, 180.0, 5.0), *RING]
    (place,) = labels.point_labels(point, [(20.0, 14.0)], PLOT, markers, grows=False)
    assert place.led and not any(
        Box.around(300 + place.dx, 180 + place.dy, 20, 14).meets(Box.around(x, y, 2 * r, 2 * r)) for x, y, r in markers
    )
    assert labels.point_labels(point, [(20.0, 14.0)], PLOT, markers) == [None]  # in a larger plot the ring would run into it


def test_a_name_that_must_be_there_finds_a_place_further_out_than_others():
    turns = np.linspace(0, 2 * math.pi, 17)[:-1] + math.pi / 16
    crowd = [(300 + out * math.cos(turn), 180 + out * math.sin(turn), 1.0) for turn in turns for out in (17, 34, 51)]
    crowd.append((300.0, 180.0, 1.0))
    point, size = [(300.0, 180.0)], [(20.0, 14.0)]
    assert labels.point_labels(point, size, PLOT, crowd, grows=False) == [None]
    (place,) = labels.point_labels(point, size, PLOT, crowd, grows=False, sure=[True])
    box = Box.around(300 + place.dx, 180 + place.dy, *size[0])
    assert place.led and not any(box.meets(Box.around(x, y, 2 * radius, 2 * radius)) for x, y, radius in crowd)


@given(POINTS)
def test_a_plot_of_one_size_has_room_for_no_fewer_names_and_none_overlap(points):
    markers = [(x, y, 5.0) for x, y in points]
    places = labels.point_labels(points, sizes_of(points), PLOT, markers, grows=False)
    boxes = [one.box for one in boxes_of(points, sizes_of(points), places)]
    assert not any(one.meets(other) for number, one in enumerate(boxes) for other in boxes[number + 1 :])
    assert not any(box.meets(Box.around(x, y, 9.9, 9.9)) for box in boxes for x, y in points)
    assert all(PLOT.holds(box) for box in boxes)
    first = labels.point_labels(points, sizes_of(points), PLOT, markers)[0]
    assert first is None or places[0] is not None


def test_a_name_is_nearer_to_its_own_marker_than_to_any_other():
    points = [(300.0, 180.0), (320.0, 170.0), (285.0, 186.0)]
    places = labels.point_labels(points, [(50.0, 14.0)] * 3, PLOT, [(x, y, 5.0) for x, y in points])
    box = Box.around(300 + places[0].dx, 180 + places[0].dy, 50, 14)
    far = [max(box.left - x, x - box.right, 0) + max(box.top - y, y - box.bottom, 0) for x, y in points]
    assert far[0] == min(far) and min(far[1:]) > far[0]
