"""The start of every run of a whole page. Nothing here imports pandas, so that the menu is with the reader before that is done."""

import streamlit as st

from analysis import PROJECT
from pages.components import registry, title, tuning  # noqa: F401 - the turns of threads are set on import
from pages.components.unseen import unseen


def start() -> None:
    """Configure the browser tab, show the menu, and run the page that was asked for. Called by streamlit_app.py only."""
    st.set_page_config(page_title=PROJECT, page_icon="🧮", layout="wide")  # first, or the page would be laid out anew
    page = registry.navigation(len(st.session_state.get("deck", ())))
    st.set_page_config(page_title=f"{page.title} · {PROJECT}")
    deck = unseen(page.url_path, st.session_state.get("deck_key", ""))
    title.begin(registry.entry(page.url_path or registry.ENTRIES[0].stem))
    from pages.components import head  # takes most of a second on a fresh server, in which the browser fetches the code of charts

    head.run(page, deck)
