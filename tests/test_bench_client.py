"""The client of the bench speaks to a real server as the page in a browser does."""

import asyncio
import random

import numpy as np
import pytest
from streamlit.proto.NumberInput_pb2 import NumberInput
from streamlit.proto.Slider_pb2 import Slider

from tests.bench.client import Session, Widget, resident, text
from tests.bench.memory import line
from tests.bench.server_time import sections, stepped
from tests.bench.sessions import another
from tests.bench.sliders import EMPTY, percentile, server
from tests.bench.soak import drawn


def slider(session: Session, name: str):
    return next(widget for widget in session.sliders() if widget.key.endswith(f":{name}"))


def test_a_moved_slider_sends_another_chart_and_nothing_else_of_the_page(app_server):
    async def visit():
        async with Session(app_server) as session:
            whole = await session.open("scaling")
            (before,) = session.charts()
            names = [widget.key for widget in session.widgets()]
            step = await session.move(slider(session, "train_flops"), ["10²² FLOP"])
            (after,) = session.charts()
            assert session.problems() == [] and [widget.key for widget in session.widgets()] == names
            return whole, step, before, after, session.query()

    whole, step, before, after, query = asyncio.run(visit())
    assert before["templates"]["dark"] and before["title"] != after["title"] and before["figure"] != after["figure"]
    assert 0 < step.received < whole.received and step.seconds > 0
    assert query == "train_flops=1e22"


def test_a_link_and_a_page_left_and_opened_again_restore_their_controls(app_server):
    async def visit():
        async with Session(app_server) as session:
            await session.open("scaling", "train_flops=3e21&level=0.8")
            assert session.query() == "level=0.8&train_flops=3e21"
            await session.move(slider(session, "train_flops"), ["10²⁰ FLOP"])
            await session.open("compute")  # a control of the same name there would take this page's away
            assert session.charts() and session.query() == "train_flops=1e20"  # what means the same follows the reader
            await session.open("scaling")
            return session.query()

    assert asyncio.run(visit()) == "level=0.8&train_flops=1e20"


def test_sections_are_found_and_leave_the_elements_of_the_others(app_server):
    found = asyncio.run(sections(app_server, "scaling"))
    assert len(found) >= 4 and found[0][1] == "" and len({query for _name, query in found}) == len(found)

    async def titles(query: str) -> list[str]:
        async with Session(app_server) as session:
            await session.open("scaling", query)
            return [chart["title"] for chart in session.charts()]

    first, second = asyncio.run(titles(found[0][1])), asyncio.run(titles(found[1][1]))
    assert first and second and not set(first) & set(second)
    assert asyncio.run(sections(app_server, "sources")) == [("", "")]


def test_an_uncaught_error_is_a_problem_and_memory_is_that_of_the_server(tmp_path):
    (tmp_path / "app.py").write_text("import streamlit as st\nn = st.slider('n', 0, 3, 1)\nst.text(1 // (n - 2))\n")

    async def visit(address: str):
        async with Session(address) as session:
            await session.open()
            assert session.problems() == []
            (n,) = session.sliders()
            await session.move(n, stepped(n, 1.0, 0))
            return session.problems()

    with server(tmp_path / "app.py", cwd=tmp_path) as address:
        assert asyncio.run(visit(address)) == ["ZeroDivisionError: integer division or modulo by zero"]
        assert 20 < resident(address) < 2000


@pytest.mark.parametrize(("value", "words"), [(True, "true"), (20.0, "20"), (0.001, "0.001"), ("80%", "80%")])
def test_values_stand_in_the_address_as_streamlit_writes_them(value, words):
    assert text(value) == words


def test_the_empty_page_is_there_and_percentiles_are_values_of_the_list():
    assert "st.slider" in EMPTY.read_text()
    assert percentile([3.0, 1.0, 2.0], 0.95) == 3.0 and percentile([3.0, 1.0, 2.0], 0.5) == 2.0


def test_a_straight_line_gives_back_its_slope_and_the_error_covers_the_noise():
    x, noise = np.arange(200.0), np.random.RandomState(3).normal(0, 1, 200)
    assert line(x, 5 + 0.25 * x) == (pytest.approx(0.25), pytest.approx(0, abs=1e-12))
    slope, error = line(x, 5 + 0.25 * x + noise)
    assert error == pytest.approx(1 / np.sqrt(((x - x.mean()) ** 2).sum()), rel=0.2)  # sigma / sqrt(sum of squares)
    assert abs(slope - 0.25) < 4 * error


def test_random_values_are_ones_that_the_control_offers_and_differ_from_the_last():
    chance, numbers = random.Random(1), Widget("slider", "", Slider(min=-1, max=1, step=0.5, default=[0.0]))
    words = Widget("slider", "", Slider(options=["1", "2", "3"], default=[0]))
    found = {another(numbers, 0.5, chance) for _ in range(100)}
    assert found == {-1.0, -0.5, 0.0, 1.0}
    assert {another(words, ["2"], chance)[0] for _ in range(100)} == {"1", "3"}
    assert {drawn(numbers, 0.0, chance) for _ in range(100)} == {-1.0, -0.5, 0.5, 1.0}
    typed = Widget("number_input", "", NumberInput(min=1, max=9, data_type=NumberInput.INT))
    values = {drawn(typed, 1.0, chance) for _ in range(100)}
    assert min(values) == 1 and max(values) == 9 and all(value == int(value) for value in values)
