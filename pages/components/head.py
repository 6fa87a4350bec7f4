"""What every page does before it shows anything."""

from html import escape
from typing import Any

import streamlit as st

from analysis import tables
from pages.components import controls, decks, registry, search, tuning
from pages.components.markdown import plain

STYLE = """<style>
@media (min-width: 1100px) {
  .st-key-head { flex-wrap: nowrap; }
  .st-key-head > :last-child { flex: 0 0 20rem; }
  [class*="st-key-figure-"] { flex-wrap: nowrap; align-items: flex-start; gap: 2rem; }
  [class*="st-key-figure-"] > :has(> [class*="st-key-controls-"]) { flex: 0 0 20rem; }
  [class*="st-key-figure-"] > :has(> [class*="st-key-drawn-"]) { flex: 1 1 0; min-width: 0; }
  [class*="st-key-controls-"] > * { flex: 1 0 100%; }
  [class*="st-key-controls-"] > :has(> [data-testid="stPopover"]) { flex: 1 1 40%; }
}
@media (max-width: 640px) {
  [class*="st-key-figure-"] { flex-direction: column-reverse; }
  [class*="st-key-figure-"] > :has(> [class*="st-key-drawn-"]) { position: sticky; top: 3.5rem; z-index: 9; background: var(--background-color); }
}
</style>"""
"""Controls stand beside their chart where there is room, in rows above it where there is less, and on a phone below a chart that stays in view."""
_started = False


def run(page: Any, deck: str) -> None:
    """Run a page of `registry.navigation` and tidy memory. deck: the key of a deck that the browser remembers, or ""."""
    global _started  # noqa: PLW0603 - one flag per server process, like Streamlit's own
    _started = True
    if decks.recall(deck):
        st.rerun()  # the menu counts the slides
    try:
        page.run()
    except tables.TableError as problem:  # a page needs the table before it has a place for the message
        st.error(plain(f"This page cannot be shown: {problem}."), icon=":material/table_view:")
    tuning.settle()


def begin(stem: str, lead: str) -> None:
    """Head a page: its name, the question that it answers, and what it holds. lead: one sentence, shown as text."""
    if not _started:
        # The very first visit to a fresh server may come by a link to this page. Streamlit then runs the page's file
        # alone, as in apps without st.navigation; declaring the pages and running again puts that right.
        registry.navigation()
        st.rerun()
    controls.begin(stem)
    st.session_state["page_changed"] = False
    entry = registry.entry(stem)
    heading = f"<h1 style='margin: 0; padding: 0 0 0.25rem; font-size: 1.5rem; line-height: 1.2'>{escape(entry.title)}</h1>"
    question = f"<strong style='font-weight: 600'>{escape(entry.question)}</strong>"
    with st.container(horizontal=True, key="head"):
        st.html(f"{STYLE}{heading}<p style='margin: 0; line-height: 1.4'>{question} {escape(lead)}</p>")  # as one element, for speed
        search.field()
