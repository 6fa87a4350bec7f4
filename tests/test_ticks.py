"""Ticks: where they stand and how they are written."""

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.charts import style, ticks
from analysis.units import read_number

POWERS = st.floats(-6, 26)


@given(POWERS, st.floats(0.02, 20))
def test_ticks_of_a_logarithmic_axis_lie_within_it_and_are_few_but_not_too_few(start, decades):
    low, high = 10.0**start, 10.0 ** (start + decades)
    found = ticks.logarithmic(low, high)
    assert 2 <= len(found) <= ticks.MOST
    assert all(low * (1 - 1e-6) <= value <= high * (1 + 1e-6) for value in found)
    assert all(a < b for a, b in pairwise(found))


@given(st.floats(-1e6, 1e6), st.floats(1e-3, 1e6))
def test_ticks_of_a_linear_axis_are_equal_steps_within_it(low, span):
    found = ticks.linear(low, low + span)
    assert 2 <= len(found) <= ticks.MOST
    assert all(low - 1e-6 * span <= value <= low + span * (1 + 1e-6) for value in found)
    steps = [b - a for a, b in pairwise(found)]
    assert max(steps) - min(steps) <= 1e-5 * span + 1e-9 * abs(low)


@given(POWERS, st.floats(0.02, 20), st.sampled_from(["plain", "power", "count", "SI", "bytes"]))
def test_no_tick_text_stands_twice(start, decades, notation):
    texts = ticks.at(ticks.logarithmic(10.0**start, 10.0 ** (start + decades)), notation)["ticktext"]
    assert len(set(texts)) == len(texts)


@pytest.mark.parametrize("notation", ["plain", "power", "count"])
@pytest.mark.parametrize("value", [1e3, 3e9, 2.5e17, 0.25])
def test_a_tick_reads_back_as_its_number(value, notation):
    assert read_number(ticks.written(value, notation)) == pytest.approx(value, rel=1e-12)


def figure_of(kind, y, **axis):
    layout = style.layout("number", kind)
    layout["yaxis"] |= axis
    return style.figure([style.reported_markers([1, 2], y, "values", style.BLUE)], layout)


def test_powers_are_of_one_size_and_counts_have_a_space():
    assert list(figure_of("flops", [1e20, 1e23]).layout.yaxis.ticktext) == ["10²⁰", "10²¹", "10²²", "10²³"]
    assert list(figure_of("params", [1e8, 1e11]).layout.yaxis.ticktext) == ["100 M", "1 B", "10 B", "100 B"]
    assert not [text for text in figure_of("flops", [1e20, 1e23]).layout.yaxis.ticktext if "<" in text]


def test_ticks_of_a_figures_own_that_lie_outside_its_axis_are_left_out():
    own = figure_of("params", [1e9, 2e9], range=[8.9, 9.6], **ticks.at([1e8, 1e9, 3e9, 1e10], "count"))
    assert list(own.layout.yaxis.ticktext) == ["1 B", "3 B"]


def test_shares_end_at_nothing_and_all():
    assert list(figure_of("percent", [0.0, 1.0], range=[-0.03, 1.03]).layout.yaxis.range) == [0, 1]
    assert figure_of("percent", [0.0, 1.0], range=[-0.03, 1.03]).data[0].cliponaxis is False  # whole markers at both ends
    low, high = figure_of("percent", [0.5, 0.99]).layout.yaxis.range
    assert 0.4 < low < 0.5 and high == 1
    assert figure_of("percent", [-0.2, 0.3]).layout.yaxis.range is None  # differences


def test_ticks_cover_bars_on_each_other():
    bars = [style.bars(["a", "b"], [4e6, 1e6], name, style.BLUE) for name in ["one", "two", "three"]]
    layout = style.layout("category", "number", barmode="stack")
    layout["yaxis"]["exponentformat"] = "B"
    values = style.figure(bars, layout).layout.yaxis.tickvals
    assert values[0] == 0 and 1.1e7 < max(values) + values[1] and math.isclose(max(values), 1.2e7)
