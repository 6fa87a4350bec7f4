"""Numbers that note how they came about: arithmetic, numpy's functions, and what is written of them."""

import math
import operator

import numpy as np
import pytest
from hypothesis import given as tried
from hypothesis import strategies as st

from analysis.trace import Traced, applied, array, bare, defined_as, given, integer, largest, named, real
from analysis.trace.written import OPERATIONS, equation_latex, equation_text, number_latex, number_text, read, written
from tests.latex_value import result, sides, text_value, value

NUMBERS = st.one_of(st.integers(1, 10**12), st.floats(1e-6, 1e12))


def x(number, symbol="x"):
    return given(number, symbol, "a number")


@pytest.mark.parametrize("act", [operator.add, operator.sub, operator.mul, operator.truediv, operator.pow, operator.floordiv, operator.mod])
@tried(left=st.integers(1, 30).map(float), right=st.integers(1, 9))
def test_arithmetic_gives_what_plain_numbers_give(act, left, right):
    for a, b in ((x(left), right), (left, x(right)), (x(left), x(right, "y")), (np.float64(left), x(right)), (x(left), np.float64(right))):
        made = act(a, b)
        assert bare(made) == pytest.approx(act(left, right), rel=4e-16)  # numpy and Python raise to a power with one bit of difference
        assert isinstance(made, Traced)


UNARY = [np.exp, np.log, np.log2, np.log10, np.log1p, np.expm1, np.sqrt, np.cbrt, np.square, np.floor, np.ceil, np.absolute, np.negative]


@pytest.mark.parametrize("act", UNARY)
def test_functions_of_numpy_give_what_plain_numbers_give_and_are_noted(act):
    made = act(x(2.37))
    assert made.value == act(2.37) and made.parts[0].symbol == "x"
    assert value(sides(equation_latex(named(made, "y", "it")))[2]) == pytest.approx(act(2.37), rel=1e-6)


def test_the_smaller_and_the_larger_of_two_are_noted():
    low, high = np.minimum(x(3), 5), np.maximum(x(3), 5)
    assert (low.value, low.operation, high.value, high.operation) == (3, "min", 5, "max")
    assert largest([x(1), x(4, "y"), x(2, "z")]).value == 4


def test_comparisons_truth_and_hash_go_by_value():
    assert x(3) > 2 and x(3) <= x(3, "y") and x(3) == 3 and not x(0) and hash(x(3)) == hash(3) and {x(3): 1}[3] == 1
    assert float(x(3)) == 3.0 and int(x(3.5)) == 3 and bool(np.isfinite(x(3.0))) and np.all(x(3.0) > 0)


def test_what_a_plain_zero_or_one_does_not_change_is_not_written():
    one = x(7)
    assert 0 + one is one and one + 0 is one and one - 0 is one and 1 * one is one and one * 1 is one and one / 1 is one and one**1 is one
    assert 0 * one == 0 and not isinstance(0 * one, Traced)
    assert sum([one, x(2, "y")]).operation == "+"


def test_arrays_keep_the_trace_in_every_element():
    made = np.array([1.0, 2.0]) * x(3.0)
    assert [each.value for each in made] == [3.0, 6.0] and all(isinstance(each, Traced) for each in made)
    picked = np.where(x(3) > 2, x(5, "y"), 0.0)
    assert picked.symbol == "y" and np.clip(x(0.5), 0, 1).symbol == "x" and np.clip(x(1.5), 0, 1).value == 1


def test_plain_numbers_pass_through_as_they_are():
    assert named(3.0, "y", "it") == 3.0 and real(3) == 3.0 and integer(3.7) == 3 and bare(4) == 4
    assert isinstance(array([1, 2]), np.ndarray) and not isinstance(applied("floor", math.floor, 2.5), Traced)
    one = x(2)
    assert real(one) is one and integer(one) is one and array(one) is one and defined_as(one, "z", "it") is one
    assert defined_as(one * 2, "z", "it").symbol == "z"


def test_parts_come_before_what_is_made_of_them_each_once():
    a, b = x(2), x(3, "y")
    double = named(a * b, "p", "a product")
    found = [one.symbol for one in (double + double / a).walk() if one.symbol]
    assert found == ["x", "y", "p"]


@tried(NUMBERS)
def test_a_written_number_is_read_back(number):
    for digits in (6, 10, 17):
        assert read(number, digits) == pytest.approx(number, rel=0.6 * 10.0 ** (1 - digits))
        assert value(number_latex(number, digits)) == pytest.approx(read(number, digits), rel=1e-12)
    if isinstance(number, int) and number < 10**6:
        assert written(number, 6) == (f"{number:,}", None)


@tried(st.lists(NUMBERS, min_size=3, max_size=3))
def test_an_equation_of_any_shape_gives_its_own_result(numbers):
    a, b, c = (x(number, symbol) for number, symbol in zip(numbers, "abc", strict=True))
    for made in (
        a + b * c,
        (a + b) * c,
        a / (b * c),
        (a / b) / c,
        a - (b - c),
        -(a - b),
        a / (b / c),
        (a + b) / c - a,
        np.log(a / b) - 1,
        (a / c) ** 0.3,
    ):
        if made.value == 0:
            continue
        made = named(made, "y", "it")
        parts = sides(equation_latex(made))
        assert parts[0] == "y"
        assert value(parts[-2]) == pytest.approx(made.value, rel=1e-5, abs=1e-300), equation_text(made)
        assert result(parts[-1]) == pytest.approx(made.value, rel=1e-5), equation_text(made)
        assert text_value(equation_text(made).split(" = ")[-2]) == pytest.approx(made.value, rel=1e-5, abs=1e-300), equation_text(made)


def test_long_sums_go_on_in_further_lines():
    total = named(sum(x(10**10 + at, f"x_{at}") for at in range(9)), "s", "a sum", "bytes")
    latex = equation_latex(total)
    assert latex.count("&\\quad") >= 2 and max(map(len, latex.split("\n"))) < 140
    assert value(sides(latex)[2]) == total.value == result(sides(latex)[3])


def test_every_operation_is_written_in_both_ways_and_computed():
    unary = {"neg", "abs", "exp", "expm1", "log", "log1p", "log2", "log10", "sqrt", "cbrt", "square", "floor", "ceil", "normal quantile"}
    for name, how in OPERATIONS.items():
        parts = [x(0.7)] if name in unary else [x(0.7), x(0.4, "y")]
        expected = how.compute(*(part.value for part in parts))
        made = Traced(expected, name, parts, "r", "it")
        assert value(sides(equation_latex(made))[2]) == pytest.approx(expected, rel=1e-6, abs=1e-12), name
        assert text_value(equation_text(made).split(" = ")[2]) == pytest.approx(expected, rel=1e-6, abs=1e-12), name
    assert number_text(1e21) == "10²¹" and number_latex(float("inf")) == r"\infty"
