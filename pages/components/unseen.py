"""What the browser does on every page without showing anything: it remembers the reader's deck, and fetches the code of charts early."""

import streamlit as st

from pages.components import plotly_script

# The server says the deck's name once there is one; a new session asks for the one of the last.
DECK = st.components.v2.component(
    "deck_name",
    html="<span></span>",
    js="""
export default function({ data, setStateValue }) {
  try {
    const remembered = localStorage.getItem('deck');
    if (data.deck) localStorage.setItem('deck', data.deck);
    else if (remembered && !window.deckAsked) { window.deckAsked = true; setStateValue('deck', remembered); }
  } catch { /* a browser that keeps nothing */ }
}
""",
)
CHARTS = st.components.v2.component(
    "charts_early",
    html="<span></span>",
    js=plotly_script.LOAD + "export default function({ data }) { plotly(data.address).catch(() => null); }",
)


def remembered_deck(name: str) -> str:
    """The name of the deck that the browser remembers from an earlier session, or "". name: of this session's deck, to be remembered, or ""."""
    return str(DECK(key="deck_name", data={"deck": name}, on_deck_change=lambda: None).deck or "")


def fetch_charts() -> None:
    """Let the browser fetch the code that draws charts while the server prepares the page, not after its first chart."""
    CHARTS(key="charts_early", data={"address": plotly_script.address()})
