"""Links: every kind of control takes its value from the address, writes it there, and leaves the default out."""

import functools
import inspect
import re
from typing import NamedTuple
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, expect
from streamlit.testing.v1 import AppTest

from pages.components import controls
from tests.conftest import ROOT, serving

SCRIPT = ROOT / "tests" / "controls_app.py"


class Kind(NamedTuple):
    """The widget of a control, how its default and another value stand in the address, and what the other is to the page."""

    widget: str
    default: list[str]
    other: list[str]
    value: object


KINDS = {
    "switch": Kind("button_group", ["First"], ["Second"], "two"),
    "choice": Kind("selectbox", ["First"], ["Third"], "three"),
    "choices": Kind("multiselect", ["First"], ["Second", "Third"], ["two", "three"]),
    "choices_none": Kind("multiselect", [""], ["Third"], ["three"]),
    "choices_two": Kind("multiselect", ["First", "Third"], [""], []),
    "text": Kind("text_input", ["before"], ["a word & another=one"], "a word & another=one"),
}
OTHERS = {"begin", "address", "server_origin", "base_path"}
"""Functions of the module that are no kind of control."""


class Opened(NamedTuple):
    """What the controls returned, the parameters of the page's link, what Streamlit left in the address, and the notes."""

    returned: dict
    link: dict
    address: dict
    notes: list[str]


def seen(app: AppTest) -> Opened:
    assert not app.exception
    returned, links = app.session_state["returned"], app.session_state["links"]["kinds"]
    return Opened(dict(returned), dict(links), dict(app.query_params), [item.value for item in app.warning])


@functools.cache
def opened(how: str = "") -> Opened:
    """The page of a link that holds every default or every other value of KINDS, or nothing."""
    app = AppTest.from_file(str(SCRIPT), default_timeout=60)
    app.query_params.update({name: getattr(kind, how) for name, kind in KINDS.items()} if how else {})
    return seen(app.run())


@functools.cache
def moved() -> tuple[Opened, Opened]:
    """The page after a reader moved every control, and after all were moved back."""
    app = AppTest.from_file(str(SCRIPT), default_timeout=60).run()
    widgets = {name: getattr(app, kind.widget)(key=name) for name, kind in KINDS.items()}
    before = {name: widget.value for name, widget in widgets.items()}
    for name, widget in widgets.items():
        assert widget.proto.query_param_key == name  # the browser writes the address under this name
        widget.set_value(KINDS[name].value)
    there = seen(app.run())
    for name, kind in KINDS.items():
        getattr(app, kind.widget)(key=name).set_value(before[name])
    return there, seen(app.run())


def test_every_kind_of_control_is_on_the_page_of_this_test():
    functions = {name for name, value in inspect.getmembers(controls, inspect.isfunction) if value.__module__ == controls.__name__}
    kinds = {name for name in functions if not name.startswith("_")} - OTHERS
    assert kinds == set(re.findall(r"controls\.(\w+)\(\"", SCRIPT.read_text(encoding="utf-8"))) - OTHERS
    assert len(kinds) == 4 and list(opened().returned) == list(KINDS)


@pytest.mark.parametrize("name", KINDS)
def test_a_control_takes_its_value_from_the_address_and_hands_it_on_to_the_link(name):
    page = opened("other")
    assert page.returned[name] == KINDS[name].value != opened().returned[name]
    assert page.link[name] == KINDS[name].other
    assert page.address[name] in (KINDS[name].other, *KINDS[name].other)
    assert not page.notes


@pytest.mark.parametrize("name", KINDS)
def test_a_default_is_left_out_of_the_link_and_taken_out_of_the_address(name):
    assert opened("default").returned[name] == opened().returned[name]
    for page in (opened(), opened("default")):
        assert name not in page.link and name not in page.address and not page.notes


@pytest.mark.parametrize("name", KINDS)
def test_a_control_that_the_reader_moves_stands_in_the_link_until_it_is_moved_back(name):
    there, back = moved()
    assert there.returned[name] == KINDS[name].value and there.link[name] == KINDS[name].other
    assert back.returned[name] == opened().returned[name] and name not in back.link


def test_a_value_that_a_control_cannot_have_is_noted_and_its_default_taken():
    app = AppTest.from_file(str(SCRIPT), default_timeout=60)
    app.query_params.update(dict.fromkeys(KINDS, "nothing that anybody could have meant here"))
    page = seen(app.run())
    assert len(page.notes) == len(KINDS) and all("is not possible here" in note for note in page.notes)
    numbers_and_words = {name: value for name, value in page.returned.items() if name != "text"}  # of a text Streamlit keeps what fits
    assert numbers_and_words == {name: value for name, value in opened().returned.items() if name != "text"}


# --- the same in a browser, which is what writes the address ----------------------------------------------------------


def pick(page: Page, label: str, option: str) -> None:
    page.get_by_role("combobox", name=label, exact=True).click()
    page.get_by_role("option", name=option, exact=True).click()


def change(page: Page, label: str, *options: str) -> None:
    """Take options with a minus off a list of several, and pick those without."""
    box = page.get_by_test_id("stMultiSelect").filter(has=page.get_by_text(label, exact=True))
    for option in options:
        if option.startswith("-"):
            box.locator(f"[aria-label='Remove {option[1:]}']:visible").click()
        else:
            pick(page, label, option)
        page.keyboard.press("Escape")


def fill(page: Page, label: str, value: str) -> None:
    page.get_by_label(label, exact=True).fill(value)
    page.keyboard.press("Enter")


def press(page: Page, label: str, key: str, times: int) -> None:
    for _ in range(times):
        page.get_by_role("slider", name=f"{label} {label}", exact=True).press(key)  # Streamlit names it twice


def click(page: Page, role: str, words: str) -> None:
    page.get_by_role(role, name=words, exact=True).press("Space")


MOVES = {
    "switch": ((click, "radio", "Second"), (click, "radio", "First")),
    "choice": ((pick, "Choice", "Third"), (pick, "Choice", "First")),
    "choices": ((change, "Choices", "-First", "Second", "Third"), (change, "Choices", "-Second", "-Third", "First")),
    "choices_none": ((change, "Choices, none at first", "Third"), (change, "Choices, none at first", "-Third")),
    "choices_two": ((change, "Choices, two at first", "-First", "-Third"), (change, "Choices, two at first", "First", "Third")),
    "text": ((fill, "Text", "a word & another=one"), (fill, "Text", "before")),
}


def stands(page: Page, returned: dict, parameters: dict[str, list[str]]) -> None:
    """Wait until the page shows what its controls return, and holds the parameters in its address and no others."""
    expect(page.get_by_text(" ".join(f"{name}={value}" for name, value in returned.items()))).to_be_visible()
    page.wait_for_function("wanted => new URLSearchParams(location.search).size === wanted", arg=sum(map(len, parameters.values())))
    assert parse_qs(urlsplit(page.url).query, keep_blank_values=True) == parameters


def test_the_address_holds_what_the_reader_changed_a_reload_keeps_it_and_what_is_changed_back_goes(browser_page, tmp_path):
    page, values = browser_page, {name: kind.value for name, kind in KINDS.items()}
    with serving(SCRIPT, tmp_path / "log.txt") as address:
        page.goto(address)
        for (move, *how), _ in MOVES.values():
            move(page, *how)
        stands(page, values, {name: kind.other for name, kind in KINDS.items()})
        page.reload()
        stands(page, values, {name: kind.other for name, kind in KINDS.items()})
        for _, (move, *how) in MOVES.values():
            move(page, *how)
        stands(page, opened().returned, {})
