"""The menu of all pages, in the header, as one element.

Streamlit's own menu is rendered anew whenever a control changes the address, which took a fifth of every slider step
(docs/performance.md). The links are ordinary ones: they open in a new tab, and work by keyboard.
"""

from collections.abc import Mapping, Sequence
from urllib.parse import urlencode

import streamlit as st

from pages.components import plotly_script

HTML = """
<nav aria-label="Pages">
  <button type="button" class="all" aria-expanded="false">Menu</button>
  <ul class="groups"></ul>
</nav>
"""

# The element itself takes no room: the bar is fixed over Streamlit's header, left of its toolbar.
CSS = """
:host { font-family: var(--st-font); color: var(--st-text-color); }
nav { position: fixed; top: 0; left: 0.75rem; height: 3.75rem; display: flex; align-items: center; z-index: 999991; }
ul { list-style: none; margin: 0; padding: 0; }
.groups { display: flex; gap: 0.25rem; }
.group { position: relative; }
button, a { font: inherit; font-size: 0.875rem; color: inherit; border-radius: var(--st-base-radius); cursor: pointer; }
button { background: transparent; border: 0; padding: 0.375rem 0.75rem; min-height: 2.25rem; }
button.here { font-weight: 600; }
button:hover, button[aria-expanded=true], a:hover { background: color-mix(in srgb, var(--st-text-color) 8%, transparent); }
button:focus-visible, a:focus-visible { outline: 2px solid var(--st-primary-color); outline-offset: 1px; }
.all { display: none; border: 1px solid var(--st-border-color); }
.pages { display: none; position: absolute; top: 2.5rem; left: 0; padding: 0.375rem; min-width: 12rem; background: var(--st-background-color);
  border: 1px solid var(--st-border-color); border-radius: var(--st-base-radius); box-shadow: 0 4px 16px rgb(0 0 0 / 0.16); }
.open > .pages { display: block; }
a { display: block; padding: 0.4375rem 0.75rem; text-decoration: none; white-space: nowrap; }
a[aria-current] { font-weight: 600; color: var(--st-link-color); }
@media (max-width: 720px) {
  .all { display: block; }
  .groups { display: none; position: absolute; top: 3.25rem; left: 0; width: calc(100vw - 1.5rem); box-sizing: border-box; max-height: calc(100vh - 4.5rem); overflow: auto;
    padding: 0.5rem; background: var(--st-background-color); border: 1px solid var(--st-border-color);
    border-radius: var(--st-base-radius); box-shadow: 0 4px 16px rgb(0 0 0 / 0.16); }
  nav.open .groups { display: grid; grid-template-columns: 1fr 1fr; gap: 0.5rem; }
  .group > button { pointer-events: none; opacity: 0.7; }
  .pages { display: block; position: static; padding: 0; min-width: 0; border: 0; box-shadow: none; }
  a { white-space: normal; padding: 0.625rem 0.75rem; }
}
@media print { nav { display: none; } }
"""

JS = """
export default function({ parentElement, data, setStateValue }) {
  // The deck's name: the server says it once there is one; a new session asks for the one of the last.
  try {
    const remembered = localStorage.getItem('deck');
    if (data.deck) localStorage.setItem('deck', data.deck);
    else if (remembered && !window.deckAsked) { window.deckAsked = true; setStateValue('deck', remembered); }
  } catch { /* a browser that keeps nothing */ }

  // The code that draws charts comes while the server prepares the page, not after its first chart.
  plotly(data.charts).catch(() => null);

  const nav = parentElement.querySelector('nav'), all = nav.querySelector('.all'), groups = nav.querySelector('.groups');
  const narrow = () => getComputedStyle(all).display !== 'none';

  function make(tag, words, properties) {
    return Object.assign(document.createElement(tag), { textContent: words }, properties);
  }
  function close() {
    nav.querySelectorAll('.open').forEach(open => open.classList.remove('open'));
    nav.classList.remove('open');
    nav.querySelectorAll('button').forEach(button => button.setAttribute('aria-expanded', 'false'));
  }
  function toggle(button, holder) {
    const opens = !holder.classList.contains('open');
    close();
    holder.classList.toggle('open', opens);
    button.setAttribute('aria-expanded', String(opens));
  }
  all.onclick = () => toggle(all, nav);
  groups.replaceChildren(...data.groups.map(({ name, pages }) => {
    const group = make('li', '', { className: 'group' }), list = make('ul', '', { className: 'pages' });
    const button = make('button', name, { type: 'button', className: pages.some(page => page.stem === data.here) ? 'here' : '' });
    button.setAttribute('aria-expanded', 'false');
    button.onclick = () => toggle(button, group);
    list.append(...pages.map(({ stem, title, path }) => {
      const item = make('li', ''), link = make('a', title, { href: './' + path });
      if (stem === data.here) link.setAttribute('aria-current', 'page');
      link.onclick = event => {
        if (event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;  // a new tab or window
        event.preventDefault();
        close();
        if (stem === data.here) return;
        // As the back button does: Streamlit opens the page of the address with its controls, and the session goes on.
        history.pushState(null, '', link.href);
        window.dispatchEvent(new PopStateEvent('popstate'));
      };
      item.append(link);
      return item;
    }));
    group.append(button, list);
    return group;
  }));

  const outside = event => { if (!event.composedPath().includes(nav)) close(); };
  const escape = event => {
    if (event.key !== 'Escape') return;
    const open = narrow() ? all : nav.querySelector('.open > button');
    if (nav.classList.contains('open') || nav.querySelector('.open')) { close(); open?.focus(); }
  };
  document.addEventListener('click', outside);
  document.addEventListener('keydown', escape);
  return () => { document.removeEventListener('click', outside); document.removeEventListener('keydown', escape); };
}
"""

COMPONENT = st.components.v2.component("menu", html=HTML, css=CSS, js=plotly_script.LOAD + JS)


def menu(entries: Sequence, here: str, links: Mapping[str, Mapping[str, Sequence[str]]], deck: str = "") -> str:
    """Show the menu; returns the name of the deck that the browser remembers from an earlier session, or "".

    entries: pages in their order, with stem, group, title and path as in the registry. here: stem of the open page. links:
    the parameters of each page as it was left, by stem; its link restores them. deck: name of this session's deck, for the browser to remember.
    """
    groups: dict[str, list[dict[str, str]]] = {}
    for entry in entries:
        query = urlencode(links.get(entry.stem, {}), doseq=True)
        page = {"stem": entry.stem, "title": entry.title, "path": entry.path + (f"?{query}" if query else "")}
        groups.setdefault(entry.group, []).append(page)
    # A tuple, since of a list Streamlit would ask pandas whether it is a table, and importing pandas takes half a second.
    data = {
        "here": here,
        "deck": deck,
        "charts": plotly_script.address(),
        "groups": tuple({"name": name, "pages": pages} for name, pages in groups.items()),
    }
    return str(COMPONENT(key="menu", data=data, on_deck_change=lambda: None).deck or "")
