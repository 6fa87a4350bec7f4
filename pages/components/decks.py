"""The reader's deck: slides that outlive the session, since they are kept under a key that the browser remembers.

Session state holds the slides ("deck") and the key ("deck_key"). Every change goes through `change`, which takes up what another tab of the same
reader has stored in the meantime.
"""

from collections.abc import Callable, Sequence

import streamlit as st

from analysis.export import deck_file
from analysis.export import deck_store as store
from analysis.export.slide import Slide


def slides() -> list[Slide]:
    """The slides as this session knows them."""
    return st.session_state.setdefault("deck", [])


def name() -> str:
    """The name of the deck in links, "" where nothing is stored yet."""
    key = st.session_state.get("deck_key", "")
    return store.name_of(key) if key else ""


def change(how: Callable[[list[Slide]], object]) -> str:
    """Apply `how` to a list of the slides, and store them; returns "" or why they could not be stored, in one sentence.

    A deck that became too long stays as it was. One that could not be stored stays for this session.
    """
    deck, key = slides(), st.session_state.setdefault("deck_key", store.new_key())
    with store.LOCK:
        stamp = store.stamp(store.name_of(key))
        if stamp != st.session_state.get("deck_stamp", 0):
            deck[:] = store.load(store.name_of(key)) or deck
        changed = list(deck)
        how(changed)
        if len(changed) > deck_file.MOST_SLIDES:
            return f"A deck has at most {deck_file.MOST_SLIDES} slides."
        deck[:] = changed
        try:
            store.save(key, deck)
        except (OSError, ValueError) as problem:
            st.session_state["deck_problem"] = f"The deck could not be stored and will be gone after a reload: {problem}."
        else:
            st.session_state.pop("deck_problem", None)
            st.session_state["deck_stamp"] = store.stamp(store.name_of(key))
    return st.session_state.get("deck_problem", "")


def add(found: Sequence[Slide]) -> str:
    """Put slides at the end of the deck; returns "" or what went wrong, as `change`."""
    return change(lambda deck: deck.extend(found))


def recall(key: str) -> bool:
    """Take up the deck that the browser remembers, if this session has none yet; whether there was one."""
    if not store.KEY.fullmatch(key) or "deck_key" in st.session_state or slides():
        return False
    stored = store.load(store.name_of(key))
    if stored is None:
        stored = store.load(key)  # decks of before 1.2 are stored under what is a key today
    if stored is None:
        return False
    st.session_state["deck_key"], st.session_state["deck"] = key, stored
    st.session_state["deck_stamp"] = store.stamp(store.name_of(key))
    return True


def shared(asked: str) -> list[Slide] | None:
    """The slides of the deck whose name stands in a link; None where it is the reader's own, or there is none. Nothing is stored."""
    if not asked or asked == name():
        return None
    stamp = store.stamp(asked)
    kept, slides_of = st.session_state.get("deck_shared", (None, None))
    if kept != (asked, stamp):
        slides_of = store.load(asked)
        st.session_state["deck_shared"] = ((asked, stamp), slides_of)
    return slides_of
