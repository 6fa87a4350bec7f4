"""What the browser does on every page without showing anything: it fetches the code of charts early, and remembers the reader's deck."""

import streamlit as st

from pages.components import plotly_script

JS = """
export default function({ data, setStateValue }) {
  // While the server prepares the page, not after its first chart.
  plotly(data.charts).catch(() => null);

  // The server says the deck's key once there is one; a new session asks for the one of the last.
  try {
    const remembered = localStorage.getItem('deck');
    if (data.deck) localStorage.setItem('deck', data.deck);
    else if (remembered && !window.deckAsked) { window.deckAsked = true; setStateValue('deck', remembered); }
  } catch { /* a browser that keeps nothing */ }
}
"""
COMPONENT = st.components.v2.component("unseen", html="<span></span>", js=plotly_script.LOAD + JS)


def unseen(deck: str) -> str:
    """The key of the deck that the browser remembers from an earlier session, or "". deck: key of this session's, to be remembered, or ""."""
    data = {"charts": plotly_script.address(), "deck": deck}
    return str(COMPONENT(key="unseen", data=data, on_deck_change=lambda: None).deck or "")
