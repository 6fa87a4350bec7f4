"""Decks on the server: the key changes a deck and its name only reads it, tabs do not lose each other's slides, and young decks stay."""

import os
import threading
import time

import pytest

from analysis.export import deck_store, slide
from analysis.export.slide import Slide
from tests.sample_panels import law_panel

DAY = 86_400


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    monkeypatch.setenv("DECKS", str(tmp_path))
    return tmp_path


def kept(place) -> set[str]:
    return {path.stem for path in place.glob("*.json")}


def old(place, key: str, days: float) -> str:
    """Store a deck that nobody has touched for some days; returns its name."""
    deck_store.save(key, [Slide(title="Old")])
    then = time.time() - days * DAY
    os.utime(place / f"{deck_store.name_of(key)}.json", (then, then))
    return deck_store.name_of(key)


def test_a_kept_deck_comes_back_and_other_names_lead_nowhere(place):
    key = deck_store.new_key()
    name = deck_store.name_of(key)
    assert deck_store.load(name) is None and deck_store.stamp(name) == 0
    deck_store.save(key, [slide.of(law_panel())])
    first = deck_store.stamp(name)
    deck_store.save(key, [slide.of(law_panel()), Slide(title="End")])
    assert [found.heading for found in deck_store.load(name)] == [law_panel().title, "End"] and deck_store.stamp(name) != first
    assert [path.name for path in place.iterdir()] == [f"{name}.json"]
    (place / f"{name}.json").write_text("{")
    assert deck_store.load(name) is None
    for bad in ("../" * 5 + "abcde", "x", "", "a" * 17, "a/bcdefghijklmno"):
        assert deck_store.load(bad) is None and deck_store.stamp(bad) == 0
        with pytest.raises(ValueError, match="sixteen"):
            deck_store.save(bad, [Slide(title="x")])


def test_who_knows_the_name_in_a_link_cannot_change_the_deck(place):
    key = deck_store.new_key()
    name = deck_store.name_of(key)
    deck_store.save(key, [Slide(title="Mine")])
    deck_store.save(name, [Slide(title="Theirs")])  # the name taken for a key is the key of another deck
    assert [found.heading for found in deck_store.load(name)] == ["Mine"] and len(kept(place)) == 2
    assert name != key and deck_store.load(key) is None


def test_the_oldest_decks_go_when_there_is_no_room_and_never_those_of_this_week(place, monkeypatch):
    keys = [deck_store.new_key() for _ in range(5)]
    oldest, older, young = (old(place, key, days) for key, days in zip(keys, (60, 30, 6), strict=False))
    size = (place / f"{young}.json").stat().st_size
    monkeypatch.setattr(deck_store, "ALL_BYTES", 3 * size)
    deck_store.save(keys[3], [Slide(title="New")])
    assert kept(place) == {older, young, deck_store.name_of(keys[3])} and oldest not in kept(place)
    monkeypatch.setattr(deck_store, "ALL_BYTES", 2 * size)
    with pytest.raises(ValueError, match="keeps no more decks"):
        deck_store.save(keys[4], [Slide(title="New")])
    assert young in kept(place) and deck_store.name_of(keys[3]) in kept(place)
    monkeypatch.setattr(deck_store, "ALL_BYTES", 10 * size)
    forgotten = old(place, deck_store.new_key(), 400)
    deck_store.save(keys[4], [Slide(title="New")])  # a year is enough, room or not
    assert forgotten not in kept(place)


def test_five_hundred_openings_of_a_link_store_nothing(place):
    key = deck_store.new_key()
    deck_store.save(key, [Slide(title="Mine")])
    for _ in range(500):
        deck_store.load(deck_store.name_of(key))
    assert len(kept(place)) == 1


def test_three_tabs_that_add_at_once_keep_every_slide(monkeypatch):
    import streamlit as st

    from pages.components import decks

    key, sessions = deck_store.new_key(), threading.local()

    class State:
        """A session state for each thread, as each tab has its own."""

        def __getattr__(self, name):
            sessions.state = getattr(sessions, "state", {"deck_key": key})
            return getattr(sessions.state, name)

        def __getitem__(self, name):
            return self.get(name)

        def __setitem__(self, name, value):
            self.update({name: value})

    monkeypatch.setattr(st, "session_state", State())
    problems = []

    def add(tab: int) -> None:
        problems.extend(decks.add([Slide(title=f"{tab}-{number}")]) for number in range(8))

    tabs = [threading.Thread(target=add, args=(tab,)) for tab in range(3)]
    for tab in tabs:
        tab.start()
    for tab in tabs:
        tab.join()
    titles = {found.heading for found in deck_store.load(deck_store.name_of(key))}
    assert problems == [""] * 24 and titles == {f"{tab}-{number}" for tab in range(3) for number in range(8)}
