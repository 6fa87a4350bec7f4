"""The field to search with, on every page, and by Ctrl+K: a list of hits that follows what is typed."""

import streamlit as st

CSS = """
:host { font-family: var(--st-font); color: var(--st-text-color); }
.open { font: inherit; font-size: 0.875rem; width: 100%; display: flex; justify-content: space-between; gap: 0.75rem; align-items: center; cursor: pointer;
  min-height: 2.5rem; padding: 0.25rem 0.75rem; color: inherit; background: var(--st-secondary-background-color); border: 1px solid var(--st-border-color);
  border-radius: var(--st-base-radius); }
.open:hover, .open:focus-visible { border-color: var(--st-primary-color); outline: none; }
kbd { font: inherit; font-size: 0.75rem; opacity: 0.75; white-space: nowrap; }
dialog { width: min(42rem, calc(100vw - 2rem)); max-height: 80vh; margin: 10vh auto auto; padding: 0; border: 1px solid var(--st-border-color);
  border-radius: 0.5rem; background: var(--st-background-color); color: var(--st-text-color); overflow: hidden; }
dialog::backdrop { background: rgba(0, 0, 0, 0.4); }
input { font: inherit; width: 100%; box-sizing: border-box; padding: 0.875rem 1rem; border: 0; border-bottom: 1px solid var(--st-border-color);
  background: transparent; color: inherit; outline: none; }
ul { list-style: none; margin: 0; padding: 0.25rem; max-height: calc(80vh - 3.5rem); overflow-y: auto; }
li { padding: 0.5rem 0.75rem; border-radius: 0.25rem; cursor: pointer; display: grid; grid-template-columns: 1fr auto; gap: 0 0.75rem; }
li[aria-selected=true] { background: var(--st-secondary-background-color); outline: 1px solid var(--st-primary-color); }
li small { opacity: 0.8; grid-column: 1; } li .kind { grid-column: 2; grid-row: 1; opacity: 0.8; font-size: 0.75rem; }
.none { padding: 0.75rem; cursor: default; }
.open span { white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }
@media (max-width: 1099px) { kbd { display: none; } }
"""

HTML = """
<button type="button" class="open" aria-haspopup="dialog"><span>Search pages, figures, models, works</span><kbd>Ctrl K</kbd></button>
<dialog aria-label="Search">
  <input type="search" role="combobox" aria-expanded="true" aria-controls="hits" aria-autocomplete="list" autocomplete="off" maxlength="200"
    placeholder="A question, a model, a GPU, a paper, a term" aria-label="Search">
  <ul id="hits" role="listbox" aria-label="Hits"></ul>
</dialog>
"""

JS = r"""
export default function({ parentElement, data, setStateValue, setTriggerValue }) {
  const find = selector => parentElement.querySelector(selector), dialog = find('dialog'), input = find('input'), list = find('ul');
  let chosen = 0;

  function choose(position) {
    const rows = [...list.querySelectorAll('[role=option]')];
    if (!rows.length) return input.removeAttribute('aria-activedescendant');
    chosen = (position + rows.length) % rows.length;
    rows.forEach((row, number) => row.setAttribute('aria-selected', String(number === chosen)));
    rows[chosen].scrollIntoView({ block: 'nearest' });
    input.setAttribute('aria-activedescendant', rows[chosen].id);
  }
  function go(to) { dialog.close(); setTriggerValue('go', to); }
  function element(tag, name, words) {
    const made = document.createElement(tag);
    made.className = name; made.textContent = words;
    return made;
  }

  // Enter may be pressed before the hits of what was typed are there.
  function enter() {
    const row = list.querySelectorAll('[role=option]')[chosen];
    if (!parentElement.entered || !row || input.value !== (data.query ?? '')) return;
    parentElement.entered = false;
    go(row.dataset.to);
  }

  list.replaceChildren(...data.hits.map(({ title, about, kind, to }, number) => {
    const row = element('li', '', '');
    row.id = 'hit-' + number; row.setAttribute('role', 'option'); row.dataset.to = to;
    row.append(element('span', '', title), element('span', 'kind', kind), element('small', '', about));
    row.onclick = () => go(to);
    row.onmousemove = () => { if (chosen !== number) choose(number); };
    return row;
  }));
  if (data.query !== null && !data.hits.length) list.append(element('li', 'none', 'Nothing found. Try another word, or fewer.'));
  choose(0);
  enter();

  // The handlers of the latest run, for listeners that stay.
  parentElement.search = {
    open() { if (!dialog.open) { dialog.showModal(); input.select(); if (data.query === null) setStateValue('query', ''); } },
    type() { if (input.value !== (data.query ?? '')) setStateValue('query', input.value); },
    key(event) {
      if (event.key === 'ArrowDown' || event.key === 'ArrowUp') { event.preventDefault(); choose(chosen + (event.key === 'ArrowDown' ? 1 : -1)); }
      if (event.key === 'Enter') { event.preventDefault(); parentElement.entered = true; enter(); }
    },
  };
  if (parentElement.searching) return;
  parentElement.searching = true;
  find('.open').onclick = () => parentElement.search.open();
  let wait;
  input.oninput = () => { parentElement.entered = false; clearTimeout(wait); wait = setTimeout(() => parentElement.search.type(), 120); };
  input.onkeydown = event => parentElement.search.key(event);
  dialog.onclick = event => { if (event.target === dialog) dialog.close(); };
  const shortcut = event => {
    if (!parentElement.isConnected && !find('.open').isConnected) return document.removeEventListener('keydown', shortcut);
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 'k') { event.preventDefault(); parentElement.search.open(); }
  };
  document.addEventListener('keydown', shortcut);
}
"""

COMPONENT = st.components.v2.component("search", html=HTML, css=CSS, js=JS)


@st.fragment
def field() -> None:
    """Show the field; what is looked for is looked up only once it is open."""
    state = st.session_state.get("search")
    query = state.get("query") if state else None
    COMPONENT(key="search", data={"query": query, "hits": hits(query)}, on_query_change=lambda: None, on_go_change=_go)
    if "going" in st.session_state:
        from pages.components.cards import go_on

        go_on()


def hits(query: str | None) -> list[dict[str, str]]:
    """What is found, as the component takes it; nothing before the field was opened."""
    if query is None:
        return []
    from pages.components import finder  # it imports every page

    return [{"kind": entry.kind, "title": entry.title, "about": entry.about, "to": entry.to} for entry in finder.find(str(query)[:200])]


def _go() -> None:
    st.session_state["going"] = (str(st.session_state["search"].get("go") or ""), ())
