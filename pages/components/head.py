"""What every page does before it shows anything."""

from typing import Any

import streamlit as st

from analysis import tables
from pages.components import controls, decks, registry, title, tuning, your_values
from pages.components.markdown import plain


def run(page: Any, deck: str) -> None:
    """Run a page of `registry.navigation` and tidy memory. deck: the key of a deck that the browser remembers, or ""."""
    if decks.recall(deck):
        st.rerun()  # the menu counts the slides
    try:
        page.run()
    except tables.TableError as problem:  # a page needs the table before it has a place for the message
        title.end()
        st.error(plain(f"This page cannot be shown: {problem}."), icon=":material/table_view:")
    tuning.settle()


def begin(stem: str, lead: str) -> None:
    """Begin a page, whose name stands there already: say what it holds. lead: one sentence, shown as text."""
    if not title.begun():
        # The very first visit to a fresh server may come by a link to this page. Streamlit then runs the page's file
        # alone, as in apps without st.navigation; declaring the pages and running again puts that right.
        registry.navigation()
        if not title.any_shown():
            st.rerun()
        title.begin(registry.entry(stem))  # only tests run pages alone later on, and running again would lose what was pressed
    controls.begin(stem)
    st.session_state["page_changed"] = False
    title.end(registry.entry(stem), lead)
    with title.below():
        your_values.bar()
