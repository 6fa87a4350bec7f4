"""Cards that lead into the app: a question or a paper, a small picture of its figure, and links, as one element."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from urllib.parse import urlsplit

import streamlit as st

from analysis.charts import style
from analysis.charts.panel import Panel
from analysis.units import together
from pages.components import pictures, plotly_script, registry, scenario

SIZE = (460, 260)
"""Width and height of a picture [px]."""

CSS = """
.cards { display: grid; grid-template-columns: repeat(auto-fill, minmax(15rem, 1fr)); gap: 0.75rem; font-family: var(--st-font); color: var(--st-text-color); }
.card { border: 1px solid var(--st-border-color); border-radius: var(--st-base-radius); padding: 0.75rem; display: flex; flex-direction: column; gap: 0.375rem; }
.card h3 { margin: 0; font-size: 1rem; line-height: 1.3; font-weight: 600; }
.card p { margin: 0; font-size: 0.875rem; line-height: 1.4; }
.card img { width: 100%; aspect-ratio: 460 / 260; object-fit: contain; margin-top: auto; }
.card .badge { font-size: 0.75rem; opacity: 0.8; }
.card .links { display: flex; flex-wrap: wrap; gap: 0.25rem 0.75rem; font-size: 0.875rem; }
.card .problem { color: var(--st-red-text-color, #b3261e); }
a { color: var(--st-link-color); }
.card h3 a { color: inherit; text-decoration: none; }
.card:has(h3 a:hover) { border-color: var(--st-primary-color); }
a:focus-visible { outline: 2px solid var(--st-primary-color); outline-offset: 2px; }
@media (max-width: 640px) { .cards.short img, .cards.short p { display: none; } .cards { gap: 0.5rem; } .cards.short .card { padding: 0.5rem 0.75rem; } }
"""

JS = (
    pictures.DRAW
    + r"""
export default function({ parentElement, data, setTriggerValue }) {
  const [red, green, blue] = (getComputedStyle(parentElement.querySelector('.cards')).color.match(/[\d.]+/g) ?? []).map(Number);
  const dark = red + green + blue > 382;  // light text stands on a dark page
  // An address can be copied or opened in a tab of its own; a plain press stays in this session.
  function link(words, { href, to }) {
    const made = element('a', '', words);
    made.href = href;
    made.onclick = event => { if (!event.ctrlKey && !event.metaKey && !event.shiftKey) { event.preventDefault(); setTriggerValue('go', to); } };
    return made;
  }
  const list = parentElement.querySelector('.cards');
  list.classList.toggle('short', data.short);
  const seen = new IntersectionObserver(entries => entries.filter(entry => entry.isIntersecting).forEach(({ target }) => {
    seen.unobserve(target);
    picture(target, target.pictures[dark ? 'dark' : 'light'], data.script);
  }), { rootMargin: '50%' });
  list.replaceChildren(...data.cards.map(card => {
    const made = element('article', 'card'), title = element('h3', '');
    if (card.badge) made.append(element('p', 'badge', card.badge));
    title.append(link(card.title, card.link));
    made.append(title);
    if (card.lead) made.append(element('p', '', card.lead));
    if (card.problem) made.append(element('p', 'problem', card.problem));
    if (card.pictures) {
      const image = element('img', '');
      image.alt = card.alt; image.pictures = card.pictures;
      made.append(image);
      seen.observe(image);
    }
    if (card.links.length) {
      const row = element('div', 'links');
      row.append(...card.links.map(one => link(one.title, one)));
      made.append(row);
    }
    return made;
  }));
}
"""
)

COMPONENT = st.components.v2.component("cards", html='<div class="cards"></div>', css=CSS, js=JS)


@dataclass(frozen=True)
class Card:
    """A card. to: page and query, "memory?section=fits". lead: a sentence, "" for the title of the figure. panel: builds the figure in the size of
    a card; figures that cannot be drawn say why. links: more of `to`, by what they are called. badge: a few words above the title.
    """

    title: str
    to: str
    panel: Callable[[], Panel] | None = None
    lead: str = ""
    links: Mapping[str, str] = field(default_factory=dict)
    badge: str = ""


def cards(key: str, shown: Sequence[Card], short: bool = False, names: Mapping[str, Sequence[str]] = MappingProxyType({})) -> None:
    """Show cards in a grid. short: on a phone with their titles alone.

    names: for a link to a figure as it stands, the parameters that go back to their defaults where the link does not have them; behind other
    links they keep what the reader chose.
    """

    def go() -> None:
        to = str(st.session_state[key].get("go") or "")
        st.session_state["going"] = (to, names.get(to, ()))

    COMPONENT(key=key, data={"short": short, "script": plotly_script.address(), "cards": [_data(card) for card in shown]}, on_go_change=go)
    go_on()


def go_on() -> None:
    """Open what a press of this run asked for: the search in the head of a page looks first, also for its cards."""
    open_place(*st.session_state.pop("going", ("", ())))


def open_place(to: str, names: Sequence[str] = ()) -> None:
    """Go to a page with a query, of "memory?section=fits"; nothing happens for a page that there is not. names: as of `cards`."""
    parts = urlsplit(to)
    known = {entry.stem: entry for entry in registry.ENTRIES}
    if parts.path in known:
        scenario.arrive(parts.path, parts.query, names)
        # Without the query, which Streamlit would first write behind the address of the page that is left; the new page writes its own.
        st.switch_page(str(known[parts.path].file))


def _data(card: Card) -> dict:
    data: dict = {
        "title": card.title,
        "badge": card.badge,
        "link": _link(card.to),
        "lead": card.lead,
        "links": [{"title": name} | _link(to) for name, to in card.links.items()],
    }
    if card.panel is None:
        return data
    try:
        panel = card.panel()
    except (ValueError, ArithmeticError) as problem:
        return data | {"problem": f"This figure cannot be drawn: {problem}"}
    looks = {theme: _picture(panel, theme) for theme in ("light", "dark")}
    return data | {"lead": together(card.lead or panel.title), "alt": panel.alt, "pictures": looks}


def _link(to: str) -> dict[str, str]:
    parts = urlsplit(to)
    stem = registry.entry(parts.path).path
    return {"href": f"./{stem}" + (f"?{parts.query}" if parts.query else ""), "to": to}


def _picture(panel: Panel, theme: str) -> dict:
    room = (panel.figure.layout.meta or {}).get("label_room")
    return pictures.drawn(panel.figure, SIZE, style.page_template(theme, room))
