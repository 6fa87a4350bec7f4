"""The reader's deck: slides that outlive the session, since they are kept under a name that the browser remembers.

Session state holds the slides ("deck") and the name ("deck_id"). Every change goes through `change`, which takes up what
another tab of the same reader has stored in the meantime.
"""

from collections.abc import Callable

import streamlit as st

from analysis.export import deck_store as store


def slides() -> list[dict]:
    """The slides as this session knows them."""
    return st.session_state.setdefault("deck", [])


def change(how: Callable[[list[dict]], object]) -> None:
    """Apply `how` to the slides, and store them; where that fails the deck stays for this session, and a note says so."""
    deck, name = slides(), st.session_state.setdefault("deck_id", store.new_id())
    stored = store.load(name)
    if stored is not None:
        deck[:] = stored
    how(deck)
    try:
        store.save(name, deck)
        st.session_state.pop("deck_problem", None)
    except (OSError, ValueError) as problem:
        st.session_state["deck_problem"] = f"The deck could not be stored and will be gone after a reload: {problem}"


def recall(name: str) -> bool:
    """Take up the deck that the browser remembers, if this session has none yet; whether there was one."""
    if not name or "deck_id" in st.session_state or slides():
        return False
    stored = store.load(name)
    if stored is None:
        return False
    st.session_state["deck_id"], st.session_state["deck"] = name, stored
    return True


def open_copy(name: str) -> bool:
    """Take up a copy of another reader's deck, from its link; whether there was one. One's own deck is only read anew."""
    stored = store.load(name)
    if stored is None:
        return False
    if name != st.session_state.get("deck_id"):
        st.session_state["deck_id"] = store.new_id()
    slides()[:] = stored
    change(lambda deck: deck.__setitem__(slice(None), stored))
    return True
