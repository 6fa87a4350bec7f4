"""How the numbers of every figure came about: equations give the titles, values say where they are from, no program text is shown."""

import random
import re
from functools import cache

import pytest

from analysis import catalogue, tables
from analysis.charts.explained import Explanation, explain, explanation, listed, step_functions, steps_of
from analysis.charts.figure import Figure
from analysis.charts.panel import Panel
from analysis.charts.parameters import Quantity
from analysis.trace import ASSUMED, CONFIGURED, DEFINED, FITTED, PRINTED, SETTING, Traced
from analysis.trace.written import equation_latex, equation_text
from analysis.transformer import count_params
from analysis.transformer.model import published
from analysis.transformer.traced import row_of, traced_shape
from pages.components.explain import markdown
from tests.figure_checks import last_digit, number_in
from tests.latex_value import result, sides, text_value, value

FIGURES = catalogue.figures()
PROGRAM = re.compile(
    r"Raises|ValueError|broadcast|analysis\.|>>>|None\b|ndarray|DataFrame|dtype|shape \(|Traced|[a-z]+_[a-z]+\(|\bdef\b|\bnan\b"
)
SLOW = {"huber_threshold"}
"""Parameters another value of which takes seconds: a fit that is not stored."""
CLOSE = 2e-5
"""Relative difference that the rounding of the values in an equation may make."""


@cache
def default(name: str) -> Panel:
    return FIGURES[name].of({})[0].panel()


def others(kind: type[Figure], count: int) -> list[Figure]:
    """The figure at settings drawn at random from those that it is tried out with."""
    draw = random.Random(kind.name)
    found = []
    for _ in range(count):
        values: dict = {}
        for name, parameter in kind.kinds().items():
            values[name] = kind.default(name, values) if name in SLOW else draw.choice(parameter.trials(values))
        found.append(kind.model_construct(**values))
    return found


@cache
def other(name: str, number: int) -> tuple[Panel, Explanation] | None:
    """The panel of a figure at the number-th of its random settings, with how it came about; None where they allow no chart."""
    try:
        panel = others(FIGURES[name], number + 1)[number].panel()
    except (ValueError, ArithmeticError):
        return None
    return panel, explain(panel)


def explained_panels(name: str, count: int) -> list[tuple[Panel, Explanation]]:
    """The panel of a figure at its defaults and at other settings, with how it came about; settings that allow no chart are passed over."""
    found = [(default(name), explain(default(name))), *(other(name, number) for number in range(count))]
    return [one for one in found if one is not None]


WITH_STEPS = [name for name in FIGURES if name in step_functions(name.split(".")[0])]


def check_equations(panel: Panel, how: Explanation) -> int:
    """Every equation gives its result, and the last of a quantity gives what the title writes. Returns how many quantities have any."""
    stated = 0
    for quantity in how.quantities:
        for one in quantity.equations:
            parts = sides(equation_latex(one))
            assert parts[0] == one.symbol and len(parts) >= 2, equation_text(one)
            assert result(parts[-1]) == pytest.approx(float(one.value), rel=CLOSE, abs=1e-15), equation_text(one)
            assert value(parts[-2] if len(parts) > 2 else re.sub(r"\\ \\text.*", "", parts[-1])) == pytest.approx(
                float(one.value), rel=CLOSE, abs=1e-15
            ), equation_text(one)
            plain = equation_text(one).removesuffix(f" {one.unit}" if one.unit else "").split(" = ")
            for side in plain[-2:] if len(plain) > 2 else plain[-1:]:
                assert text_value(side) == pytest.approx(float(one.value), rel=CLOSE, abs=1e-15), equation_text(one)
        if not quantity.equations:
            continue
        stated += 1
        headline, last = quantity.headline, quantity.equations[-1]
        assert float(last.value) == pytest.approx(headline.value, rel=1e-12, abs=1e-300), (panel.address, headline)
        parts = sides(equation_latex(last))
        found = value(parts[-2])
        scales = (1,) if headline.unit == "share" and headline.text.endswith("%") else (1, 0.01, 100)
        assert any(
            abs(number_in(headline.text) - found * scale) <= 0.5001 * last_digit(headline.text) + CLOSE * abs(found * scale) + 1e-12
            for scale in scales
        ), (headline, found)
    return stated


@pytest.mark.parametrize("name", WITH_STEPS)
def test_the_printed_equations_give_the_title_at_these_and_at_other_settings(name):
    panels = explained_panels(name, 4)
    for panel, how in panels:
        check_equations(panel, how)
    assert panels


def test_at_least_a_hundred_quantities_have_equations():
    assert sum(check_equations(default(name), explain(default(name))) for name in WITH_STEPS) >= 100


@pytest.mark.parametrize("name", WITH_STEPS)
def test_every_value_of_a_step_says_what_it_is_and_where_it_is_from(name):
    for panel, how in explained_panels(name, 2):
        symbols = {}
        for one in how.values:
            assert one.symbol and one.meaning and one.origin is not None, (panel.address, one)
            assert one.origin.kind in (SETTING, PRINTED, CONFIGURED, FITTED, ASSUMED, DEFINED)
            if one.origin.kind == PRINTED:
                assert one.origin.source, one
            for source in filter(None, one.origin.source.split(";")):
                assert tables.source(source)["title"]
            if one.origin.kind == SETTING:
                assert one.origin.words == "your GPU" or one.origin.words in panel.settings, (panel.address, one.origin)
            assert symbols.setdefault(one.symbol, one.value) == one.value, (panel.address, one.symbol)
        named: dict[str, float] = {}
        for quantity in how.quantities:
            for equation in quantity.equations:
                assert equation.meaning and named.setdefault(equation.symbol, equation.value) == equation.value
                for part in leaves(equation):
                    assert part.operation != "number" or plain_constant(part.value), (panel.address, equation_text(equation), part.value)


CONSTANTS = {0.5, 0.75, 1e9, 1e3, 3600.0, 86400.0, 8.64e19, 12 * 64**2, 0.5e9, 256 * 8, 8 / 2048}
"""Constants of formulas beside small whole numbers and a third: halves, units of time and amount, and what a program holds at its start."""


def plain_constant(number: float) -> bool:
    return (
        number in CONSTANTS or (abs(number) <= 160 and float(number).is_integer()) or abs(number - 1 / 3) < 1e-12 or number == 2 + 8 / 2048
    )


@pytest.mark.parametrize("name", WITH_STEPS)
def test_a_setting_that_moves_a_number_stands_among_its_values(name):
    figure = FIGURES[name].of({})[0]
    kinds, stands = figure.kinds(), {one.headline.name: one for one in explain(default(name)).quantities if one.equations}
    for parameter, kind in kinds.items():
        if not isinstance(kind, Quantity):
            continue
        ends = [end for end in kind.trials(figure.values()) if end != getattr(figure, parameter)]
        moved = figure.model_copy(update={parameter: ends[0]})
        try:
            panel = moved.panel()
        except (ValueError, ArithmeticError):
            continue
        for headline in panel.headline:
            if headline.name in stands and headline.value != stands[headline.name].headline.value:
                for how in (explain(default(name)), explain(panel)):
                    labels = {one.origin.words for one in how.values if one.origin.kind == SETTING}
                    if kind.label in labels:
                        break
                else:
                    raise AssertionError(f"{parameter} moves {headline.name} and is not among the values")


def leaves(one: Traced, top: bool = True):
    """The numbers that stand in the equation of a number."""
    if one.operation in ("value", "number") or (one.symbol and not top):
        yield one
        return
    for part in one.parts:
        yield from leaves(part, False)


@pytest.mark.parametrize("name", FIGURES)
def test_every_figure_is_explained_in_equations_or_in_plain_sentences(name):
    panel, how = default(name), explain(default(name))
    told = {one.headline.name for one in how.quantities if one.equations or one.origin}
    assert how.words or told == {headline.name for headline in panel.headline}, "some quantity is neither computed nor told"
    for words in how.words:
        assert words[0].isupper() and words[-1] in ".!?" and "  " not in words, words
    shown = explanation(panel) + markdown(how, panel)
    assert not PROGRAM.search(shown), PROGRAM.search(shown)
    assert len(explanation(panel)) > 60


def test_everything_that_topics_tell_is_about_a_figure():
    told = 0
    for topic in catalogue.TOPICS:
        names = {name.split(".")[1] for name in FIGURES if name.startswith(f"{topic}.")}
        for under in ("WORDS", "AS_PRINTED", "STEPS"):
            entries = set(listed(f"{topic}.", under))
            told += len(entries)
            assert entries <= names, (topic, under, entries - names)
    assert told > 120


@pytest.mark.parametrize("name", WITH_STEPS)
def test_steps_bear_names_of_the_headline(name):
    stated, steps = set(), set()
    for panel, _ in explained_panels(name, 8):
        stated |= {headline.name for headline in panel.headline}
        steps |= set(steps_of(panel.drawn_by))
    assert stated & steps, (steps, stated)


@pytest.mark.parametrize("name", FIGURES)
def test_what_is_said_to_be_printed_stands_so_in_a_row_with_its_work(name):
    panel = default(name)
    for quantity in explain(panel).quantities:
        if quantity.equations or quantity.origin is None or quantity.origin.kind != PRINTED:
            continue
        assert tables.source(quantity.origin.source.split(";")[0])["title"]
        assert quantity.headline.value is not None and quantity.origin.location is not None


def test_a_size_is_said_to_be_printed_only_where_it_stands_in_the_row_of_its_model():
    seen = set()
    for key in ("gpt-2-124m", "switch-c", "deepseek-v3", "mistral-7b"):
        model = published(key)
        numbers = [each for each in row_of(model).values() if not isinstance(each, str)]
        shape = traced_shape(model)
        for one in count_params(shape).total.walk():
            if one.operation == "value":
                seen.add(one.origin.kind)
                assert one.origin.kind != PRINTED or one.value in numbers, (key, one)
                assert one.origin.kind == PRINTED or one.origin.words == "follows from its other sizes"
    assert seen == {PRINTED, CONFIGURED}


def test_a_reader_s_own_words_come_out_as_text():
    panel = default("attention.cache")
    how = explain(panel)
    how.values[0].meaning = "$x$ [a](http://b.c) | <b>"
    shown = markdown(how, panel)
    assert r"\$x\$ \[a\]" in shown and r"\| \<b\>" in shown


def test_a_panel_from_a_file_keeps_what_it_was_told():
    from dataclasses import replace

    panel = replace(default("attention.cache"), drawn_by=None, explain=("As it was told.",))
    assert explanation(panel) == "As it was told."
