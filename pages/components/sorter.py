"""The slides of a deck as small pictures in order: press one to choose it, drag it to move it.

The browser draws the pictures (pages/components/pictures.py).
"""

from collections.abc import Callable, Sequence

import streamlit as st

from analysis.charts.style import THEMES
from analysis.export.picture import chart_figure
from analysis.export.slide import Slide
from pages.components import pictures, plotly_script

SIZES = {1: (1747, 720), 2: (1071, 640)}
"""Width and height of a picture on a slide with one figure and with two [px]."""

CSS = """
.sorter { display: grid; grid-template-columns: repeat(auto-fill, minmax(9.5rem, 1fr)); gap: 0.75rem; max-height: 76vh; overflow-y: auto; padding: 3px; }
.sorter.large { grid-template-columns: 1fr; max-height: none; }
.sorter button { all: unset; box-sizing: border-box; cursor: pointer; display: block; }
.sorter.large button { cursor: default; }
.sorter .page { container-type: inline-size; aspect-ratio: 16 / 9; overflow: hidden; display: flex; flex-direction: column; box-sizing: border-box;
  padding: 4%; border: 1px solid var(--st-border-color); border-radius: 0.25rem; }
.sorter button[aria-pressed=true] .page { outline: 2px solid var(--st-primary-color); }
.sorter button:focus-visible .page { outline: 3px solid var(--st-primary-color); }
.sorter .onto .page { box-shadow: -4px 0 0 var(--st-primary-color); }
.sorter .above { font-size: 2.2cqi; opacity: 0.7; }
.sorter .title { font-size: 4cqi; font-weight: 700; line-height: 1.2; }
.sorter .cover { margin: auto 0; font-size: 7cqi; }
.sorter .text { font-size: 2.6cqi; white-space: pre-line; overflow: hidden; margin-top: 2%; }
.sorter .pictures { flex: 1; min-height: 0; display: flex; gap: 2%; margin-top: 1%; }
.sorter .picture { flex: 1; min-width: 0; min-height: 0; display: flex; flex-direction: column; font-size: 2.2cqi; font-weight: 700; }
.sorter img { flex: 1; min-width: 0; min-height: 0; object-fit: contain; object-position: top; }
.sorter .number { font-size: 0.75rem; opacity: 0.75; text-align: center; }
@media (max-width: 640px) { .sorter:not(.large) { max-height: 40vh; grid-template-columns: repeat(auto-fill, minmax(7.5rem, 1fr)); } }
"""

JS = (
    pictures.DRAW
    + r"""
function page({ above, title, text, figures }, { script, colors }) {
  const made = element('div', 'page');
  made.style.background = colors.page; made.style.color = colors.text;
  if (above) made.append(element('div', 'above', above));
  made.append(element('div', figures.length || text.split('\n').length > 3 ? 'title' : 'title cover', title));
  if (text && !figures.length) made.append(element('div', 'text', text));
  if (figures.length) {
    const row = element('div', 'pictures');
    for (const figure of figures) {
      const place = element('div', 'picture', figures.length > 1 ? figure.title : ''), image = element('img', '');
      image.alt = '';
      picture(image, figure, script);
      place.append(image);
      row.append(place);
    }
    made.append(row);
  }
  return made;
}

export default function({ parentElement, data, setTriggerValue }) {
  const list = parentElement.querySelector('.sorter');
  list.classList.toggle('large', data.large);
  const scrolled = list.scrollTop;
  list.replaceChildren(...data.slides.map((slide, position) => {
    const button = element(data.large ? 'div' : 'button', '');
    button.append(page(slide, data));
    if (data.large) return button;
    button.append(element('div', 'number', String(position + 1)));
    button.setAttribute('aria-label', `Slide ${position + 1}: ${slide.title}`);
    button.setAttribute('aria-pressed', String(position === data.chosen));
    button.onclick = () => setTriggerValue('did', { choose: position });
    button.draggable = data.movable;
    button.ondragstart = event => { event.dataTransfer.setData('text/plain', String(position)); event.dataTransfer.effectAllowed = 'move'; };
    button.ondragover = event => { event.preventDefault(); button.classList.add('onto'); };
    button.ondragleave = () => button.classList.remove('onto');
    button.ondrop = event => {
      event.preventDefault(); button.classList.remove('onto');
      const from = Number.parseInt(event.dataTransfer.getData('text/plain'), 10);
      if (from >= 0 && from !== position) setTriggerValue('did', { move: from, to: position });
    };
    return button;
  }));
  list.scrollTop = scrolled;
}
"""
)

COMPONENT = st.components.v2.component(
    "sorter", html='<div class="sorter" role="group" aria-label="Slides in order"></div>', css=CSS, js=JS
)


def sorter(
    slides: Sequence[Slide], chosen: int, theme: str, movable: bool, on_choose: Callable[[int], None], on_move: Callable[[int, int], None]
) -> None:
    """Show the slides. chosen: number of the one that is marked, from 0. on_choose(n), on_move(from, to): called before the next run."""

    def take() -> None:
        did, last = st.session_state["sorter"].get("did") or {}, len(slides) - 1
        numbers = {name: value for name, value in did.items() if isinstance(value, int) and 0 <= value <= last}
        if "choose" in numbers:
            on_choose(numbers["choose"])
        elif {"move", "to"} <= numbers.keys() and movable:
            on_move(numbers["move"], numbers["to"])

    COMPONENT(key="sorter", data=_data(slides, theme) | {"large": False, "chosen": chosen, "movable": movable}, on_did_change=take)


def preview(slide: Slide, theme: str) -> None:
    """Show one slide larger."""
    COMPONENT(key="preview", data=_data([slide], theme) | {"large": True, "chosen": 0, "movable": False}, on_did_change=lambda: None)


def _data(slides: Sequence[Slide], theme: str) -> dict:
    return {
        "script": plotly_script.address(),
        "colors": THEMES[theme],
        "slides": [
            {
                "above": slide.above,
                "title": slide.heading,
                "text": slide.text,
                "figures": [{"title": panel.title} | _figure(panel.figure, theme, len(slide.panels)) for panel in slide.panels],
            }
            for slide in slides
        ],
    }


def _figure(figure, theme: str, beside: int) -> dict:
    """A figure as the browser draws it; kept, since it takes some milliseconds for each slide at each change of any."""
    kept = st.session_state.setdefault("sorter_figures", {})
    key = (id(figure), theme, beside)
    if key not in kept or kept[key][0] is not figure:
        kept[key] = (figure, pictures.drawn(chart_figure(figure, theme, *SIZES[beside]), SIZES[beside]))
        while len(kept) > MOST_KEPT:
            kept.pop(next(iter(kept)))
    return kept[key][1]


MOST_KEPT = 300
