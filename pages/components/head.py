"""What every page does before it shows anything."""

import gc
import time
from html import escape
from typing import Any

import streamlit as st

from analysis import tables
from pages.components import controls, decks, registry
from pages.components.markdown import plain

LOOK_THROUGH_SECONDS = 60

_started = False
_looked_through = time.monotonic()


def run(page: Any, deck: str) -> None:
    """Run a page of `registry.navigation` and tidy memory. deck: the name of a deck that the browser remembers, or ""."""
    global _started  # noqa: PLW0603 - one flag per server process, like Streamlit's own
    _started = True
    decks.recall(deck)
    try:
        page.run()
    except tables.TableError as problem:  # a page needs the table before it has a place for the message
        st.error(plain(f"This page cannot be shown: {problem}."), icon=":material/table_view:")
    settle_memory()


def settle_memory() -> None:
    """Collect garbage and set what is left aside, after each run of a whole page; once a minute, look through all of it again.

    Streamlit collects after every rerun; without this each collection walks over everything that the imports and the
    readers' pages have created, which is most of the time that a slider takes (docs/performance.md). What is set aside and
    no longer needed is found when all of it is looked through.
    """
    global _looked_through  # noqa: PLW0603
    if time.monotonic() - _looked_through > LOOK_THROUGH_SECONDS:
        _looked_through = time.monotonic()
        gc.unfreeze()
    gc.collect()
    gc.freeze()


def begin(stem: str, title: str, lead: str) -> None:
    """Head a page: its title, its first line, and a note for every value in its address that could not be used.

    title says what the page found, lead what that means for the reader; both are shown as text.
    """
    if not _started:
        # The very first visit to a fresh server may come by a link to this page. Streamlit then runs the page's file
        # alone, as in apps without st.navigation; declaring the pages and running again puts that right.
        registry.navigation()
        st.rerun()
    controls.begin(stem)
    heading = f"<h1 style='margin: 0; padding: 0 0 0.5rem; line-height: 1.2'>{escape(title)}</h1>"
    st.html(f"{heading}<p style='margin: 0'>{escape(lead)}</p>")  # as one element, for speed
