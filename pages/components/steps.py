"""Previous and next, with the place in between, by button and by the arrow keys."""

from collections.abc import Callable, Mapping

import streamlit as st

from pages.components import chart

CSS = """
:host { font-family: var(--st-font); color: var(--st-text-color); }
nav { display: flex; gap: 0.75rem; align-items: center; }
button { font: inherit; font-size: 0.875rem; color: inherit; background: transparent; cursor: pointer; min-height: 2.5rem; padding: 0.25rem 0.875rem;
  border: 1px solid var(--st-border-color); border-radius: var(--st-base-radius); }
button:hover:enabled, button:focus-visible { border-color: var(--st-primary-color); }
button:disabled { opacity: 0.45; cursor: default; }
"""

HTML = '<nav aria-label="Steps"><button type="button" class="back">← Previous</button><span aria-live="polite"></span><button type="button" class="on">Next →</button></nav>'

JS = r"""
export default function({ parentElement, data, setTriggerValue }) {
  const find = selector => parentElement.querySelector(selector), back = find('.back'), on = find('.on');
  find('span').textContent = `${data.place + 1} of ${data.count}`;
  back.disabled = data.place === 0; on.disabled = data.place === data.count - 1;
  back.onclick = () => setTriggerValue('step', data.place - 1);
  on.onclick = () => setTriggerValue('step', data.place + 1);
  parentElement.keys = event => {
    const writing = event.composedPath().some(part => /^(INPUT|TEXTAREA|SELECT)$/.test(part.tagName ?? '') || part.isContentEditable
      || /^(slider|tab|radio|option|combobox)$/.test(part.getAttribute?.('role') ?? ''));
    if (writing || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
    if (event.key === 'ArrowLeft' && !back.disabled) back.click();
    if (event.key === 'ArrowRight' && !on.disabled) on.click();
  };
  if (parentElement.listens) return;
  parentElement.listens = true;
  const listen = event => back.isConnected ? parentElement.keys(event) : document.removeEventListener('keydown', listen);
  document.addEventListener('keydown', listen);
}
"""

COMPONENT = st.components.v2.component("steps", html=HTML, css=CSS, js=JS)


def steps(key: str, place: int, count: int, on_step: Callable[[int], None]) -> int:
    """Show the buttons. place: from 0, of `count`. on_step: called with the next place before the next run. Returns the place."""

    def take() -> None:
        step = st.session_state[key].get("step")
        if isinstance(step, int) and 0 <= step < count:
            on_step(step)

    COMPONENT(key=key, data={"place": place, "count": count}, on_step_change=take)
    return place


def address(query: Mapping) -> None:
    """Only write the address of the page, for a step without a chart."""
    chart.address("steps", query)
