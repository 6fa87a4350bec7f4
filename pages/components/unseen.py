"""What the browser does on every page without showing anything: it fetches the code of charts early, remembers the reader's deck, and
notices when the reader goes back."""

from urllib.parse import urlsplit

import streamlit as st

from pages.components import plotly_script

JS = """
export default function({ data, setStateValue, setTriggerValue }) {
  // "Back" to another section of the page that is shown; Streamlit runs a page anew, but does not say why.
  window.wentBack = () => setTriggerValue('back', window.location.pathname + window.location.search);
  window.shownPage = data.page;
  if (!window.listensToBack) {
    window.listensToBack = true;
    window.addEventListener('popstate', () => { if (window.location.pathname.endsWith('/' + window.shownPage)) window.wentBack(); });
  }

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
# For the whole page: captions and chosen buttons with enough contrast, and a page on paper without what can only be pressed.
CSS = """
[data-testid="stCaptionContainer"][data-testid], [data-testid="stCaptionContainer"][data-testid] :is(p, a) { opacity: 1; }
[data-selected="true"][data-selected][data-selected] :is(p, span, div) { color: inherit; }
[data-selected="true"][data-selected][data-selected] { color: var(--st-text-color, inherit); }
[data-testid="stSliderThumbValue"][data-testid] { color: var(--st-text-color, inherit); }
@media print {
  [data-testid="stHeader"], [role="radiogroup"], .st-key-search, [class*="st-key-controls-"], [class*="st-key-settings-"] > [data-testid="stElementContainer"], [class*="st-key-deck-"],
  [data-testid="stPopover"], .stButton, .stDownloadButton, .modebar-container { display: none; }
  [class*="st-key-figure-"], .panel-chart, .plain-table { break-inside: avoid; }
  [class*="st-key-drawn-"] { min-height: 0; }
  [data-testid="stMainBlockContainer"][data-testid] { padding-bottom: 0; }
}
"""
COMPONENT = st.components.v2.component("unseen", html="<span></span>", css=CSS, js=plotly_script.LOAD + JS, isolate_styles=False)


def unseen(page: str, deck: str) -> str:
    """The key of the deck that the browser remembers from an earlier session, or "". page: the address of the page that
    is shown, without what stands before it. deck: key of this session's, to be remembered, or ""."""
    data = {"charts": plotly_script.address(), "page": page, "deck": deck}
    return str(COMPONENT(key="unseen", data=data, height=1, on_deck_change=lambda: None, on_back_change=_back).deck or "")


def _back() -> None:
    """The reader went back or forward: what the address says about the page that is shown holds again."""
    from pages.components import scenario

    went = urlsplit(str((st.session_state.get("unseen") or {}).get("back") or ""))
    stem = went.path.rstrip("/").rpartition("/")[2] or "overview"
    if stem == st.session_state.get("page"):
        scenario.arrive(stem, went.query, st.session_state.get("page_parameters", ()))
