"""The name of a page and its question, which stand there while the page's code is still being imported, with grey blocks below them."""

from contextvars import ContextVar
from typing import Any

import streamlit as st

from pages.components import search
from pages.components.markdown import plain
from pages.components.registry import Entry

GREY = "border-radius: 0.5rem; background: color-mix(in srgb, currentColor 8%, transparent)"
BLOCKS = f"""<div aria-hidden="true" style="display: flex; flex-wrap: wrap; gap: 1rem 2rem">
<div style="{GREY}; flex: 1 0 100%; height: 2rem"></div>
<div style="{GREY}; flex: 1 1 18rem; max-width: 20rem; height: 12rem"></div>
<div style="{GREY}; flex: 99 1 20rem; height: 31rem"></div>
</div>"""
"""Where sections, controls and the chart will stand (pages/components/page.py)."""
VALUES: dict[str, Any] = {"label": "Your values", "icon": ":material/tune:"}
"""The button of the reader's values (pages/components/your_values.py), which cannot be pressed before the page is there."""
_imported: set[str] = set()
"""Pages that this process has shown, so that they come at once."""
_places: ContextVar = ContextVar("places of the words and of the blocks")


def begin(entry: Entry) -> None:
    """Show the field to search with; and for a page whose code is still to be imported its name, its question, and grey blocks below them."""
    words, find = st.columns([3, 1])
    blocks = st.empty()
    if entry.stem not in _imported:
        words = words.empty()
        words.markdown(_words(entry, ""))
        blocks.html(BLOCKS)
    with find:
        search.field()  # the last but one, because Streamlit imports pandas for what a component is given
        values = st.empty()
    if entry.stem not in _imported:
        values.button(**VALUES, disabled=True)
    _places.set((words, blocks, values))


def begun() -> bool:
    """Whether this run began a page, and was not given the file of one by Streamlit itself."""
    return _places.get(None) is not None


def any_shown() -> bool:
    """Whether this process has shown a page."""
    return bool(_imported)


def end(entry: Entry | None = None, lead: str = "") -> None:
    """Take the blocks away, and show all words of a page. lead: one sentence, shown as text."""
    words, blocks, _ = _places.get()
    blocks.empty()
    if entry is not None:
        words.markdown(_words(entry, lead))
        _imported.add(entry.stem)


def below() -> Any:
    """The place below the field to search with, for the reader's values."""
    return _places.get()[2]


def _words(entry: Entry, lead: str) -> str:
    return f"# {plain(entry.title)}\n**{plain(entry.question)}** {plain(lead)}"
