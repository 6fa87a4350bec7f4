"""The page of the deck: slides are chosen, worded, moved, joined and drawn again, and what others share is only looked at."""

from dataclasses import replace
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from analysis import catalogue
from analysis.export import deck_store, slide
from analysis.export.slide import Shown, Slide
from pages.components import panel, registry
from tests.test_pages import fine, open_page


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    """No test leaves a deck behind."""
    monkeypatch.setenv("DECKS", str(tmp_path))


def deck_of(*names: str) -> AppTest:
    """The deck's page with figures at their defaults."""
    app = open_page("scaling")
    app.session_state["deck"] = [slide.of(catalogue.panel(name), f"http://localhost/{name.partition(chr(46))[0]}#{name}") for name in names]
    app.switch_page("pages/deck.py").run()
    assert fine(app)
    return app


def names_on(app: AppTest) -> list[list[str]]:
    return [[panel.name for panel in found.panels] for found in app.session_state["deck"]]


def field(app: AppTest, label: str):
    (found,) = [part for part in [*app.text_input, *app.text_area, *app.selectbox] if part.label == label]
    return found


def press(app: AppTest, label: str, errors: bool = False) -> None:
    (found,) = [part for part in app.button if part.label == label]
    found.click().run()
    assert errors or fine(app)


def test_a_slide_of_the_deck_is_retitled_annotated_moved_and_taken_out():
    app = deck_of("scaling.contours", "scaling.isoflop", "scaling.residuals")
    assert field(app, "Title").value == app.session_state["deck"][0].heading
    field(app, "Title").set_value("My own title").run()
    field(app, "Note").set_value("Say this.").run()
    assert [(found.title, found.note) for found in app.session_state["deck"]] == [("My own title", "Say this."), ("", ""), ("", "")]
    field(app, "Position").set_value(2).run()  # to the end in one action, and the editor goes with it
    assert names_on(app) == [["scaling.isoflop"], ["scaling.residuals"], ["scaling.contours"]]
    assert (field(app, "Title").value, field(app, "Note").value) == ("My own title", "Say this.")
    field(app, "Title").set_value("").run()
    assert app.session_state["deck"][2].title == "" and app.session_state["deck"][2].heading == catalogue.panel("scaling.contours").title
    press(app, "Remove")
    assert names_on(app) == [["scaling.isoflop"], ["scaling.residuals"]]
    press(app, "Undo")
    assert names_on(app)[2] == ["scaling.contours"] and app.session_state["deck"][2].note == "Say this."


def test_two_figures_share_a_slide_and_part_again():
    app = deck_of("scaling.contours", "moe.intuition", "scaling.residuals")
    press(app, "Join with the next")
    assert names_on(app) == [["scaling.contours", "moe.intuition"], ["scaling.residuals"]]
    assert app.session_state["deck"][0].title == "Scaling laws and Mixture of experts"
    assert "Join with the next" not in [button.label for button in app.button]
    press(app, "One slide each")
    assert names_on(app) == [["scaling.contours"], ["moe.intuition"], ["scaling.residuals"]]
    assert not any(found.title for found in app.session_state["deck"])


def test_a_slide_of_words_is_added_and_written():
    app = deck_of("scaling.contours")
    press(app, "Add a slide of words")
    assert [found.heading for found in app.session_state["deck"]][1] == "New slide" and field(app, "Title").value == "New slide"
    field(app, "Text").set_value("One\nTwo").run()
    field(app, "Title").set_value("").run()  # a slide without a figure keeps its title
    assert app.session_state["deck"][1] == Slide(title="New slide", text="One\nTwo")


def test_the_prepared_talk_becomes_the_deck_and_its_figures_are_drawn_again():
    app = deck_of()
    press(app, "Add the talk to my deck")
    assert len(app.session_state["deck"]) == 22 and any("22 slides" in part.proto.label for part in app.get("download_button"))
    before = app.session_state["deck"]
    app.session_state["deck"] = [replace(before[1], figures=(Shown(replace(before[1].panels[0], title="Another")),)), *before[2:]]
    press(app, "Draw all figures again")
    assert app.session_state["deck"][0].heading == before[1].heading
    assert "Another" in app.warning[0].value and "1 of 20 figures is not as stored" in app.warning[0].value


def test_a_deck_of_somebody_else_is_shown_and_nothing_stored_until_it_is_added(tmp_path, monkeypatch):
    monkeypatch.setenv("DECKS", str(tmp_path))
    key = deck_store.new_key()
    deck_store.save(key, [slide.of(catalogue.panel("moe.intuition"), note="Theirs.")])
    app = open_page("deck", deck=deck_store.name_of(key))
    assert fine(app) and any("shared this deck" in found.value for found in app.info)
    assert "deck" not in app.session_state and not app.text_input and "Remove" not in [button.label for button in app.button]
    assert len(list(tmp_path.iterdir())) == 1
    press(app, "Add 1 slide to my deck")
    assert names_on(app) == [["moe.intuition"]] and len(list(tmp_path.iterdir())) == 2
    field(app, "Note").set_value("Mine.").run()
    assert deck_store.load(deck_store.name_of(key))[0].note == "Theirs."
    assert deck_store.name_of(app.session_state["deck_key"]) in app.query_params["deck"]
    lost = open_page("deck", deck="a" * 16)
    assert any("not here" in found.value for found in lost.warning)


def test_what_cannot_be_stored_is_not_called_added(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("DECKS", str(tmp_path / "file" / "decks"))
    name = "moe.intuition"
    state = {"panels": {name: catalogue.panel(name)}, f"row-{name}": {"press": "deck"}, "page": "moe", "links": {}}
    monkeypatch.setattr(st, "session_state", state)
    panel.press(name, "http://localhost")
    answer = state["answers"][name]
    assert "could not be stored" in answer["problem"] and "said" not in answer and not state["page_changed"]
    monkeypatch.setenv("DECKS", str(tmp_path / "decks"))
    panel.press(name, "http://localhost")
    assert state["answers"][name]["said"].startswith("Added to your deck: ") and state["page_changed"]
    assert state["deck"][-1].figures[0].link == "http://localhost/moe#moe.intuition"


def test_a_deck_that_is_full_takes_no_more_and_says_so():
    app = deck_of()
    app.session_state["deck"] = [Slide(title=str(number)) for number in range(100)]
    app.run()
    press(app, "Add a slide of words", errors=True)
    assert any("at most 100 slides" in found.value for found in app.error) and len(app.session_state["deck"]) == 100


def test_the_menu_counts_the_slides(monkeypatch):
    named = {}
    monkeypatch.setattr(st, "Page", lambda file, title, **options: named.setdefault(Path(file).stem, title))
    monkeypatch.setattr(st, "navigation", lambda groups, position: groups)
    groups = registry.navigation(3)
    assert named["deck"] == "Slide deck (3)" and {"Slide deck (3)", "Sources"} == {*groups[""]}
    named.clear()
    registry.navigation()
    assert named["deck"] == "Slide deck"
