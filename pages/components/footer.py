"""What stands under a chart, as one element: its sources, and the row of buttons.

One component instead of a dozen Streamlit widgets: the browser renders every element of a page anew whenever a slider on it
moves, so a page of eight charts answers in two thirds of the time (docs/performance.md). Whatever it is given is shown
as text; addresses are followed only if they begin with http.
"""

import base64
from collections.abc import Callable, Mapping, Sequence
from uuid import uuid4

import streamlit as st

from pages.components import addresses

HTML = """
<p class="sources"></p>
<div class="row" role="toolbar" aria-label="This figure"></div>
<p class="said" role="status" hidden></p>
"""

CSS = """
:host { font-family: var(--st-font); color: var(--st-text-color); }
p { margin: 0 0 0.5rem; font-size: 0.875rem; line-height: 1.5; color: color-mix(in srgb, var(--st-text-color) 70%, transparent); }
a { color: var(--st-link-color); }
.row { display: flex; flex-wrap: wrap; gap: 0.375rem; align-items: center; }
.files { display: flex; }
.files button { border-radius: 0; margin-left: -1px; }
.files button:first-child { border-radius: var(--st-base-radius) 0 0 var(--st-base-radius); margin-left: 0; }
.files button:last-child { border-radius: 0 var(--st-base-radius) var(--st-base-radius) 0; }
.files button:hover:enabled, .files button:focus-visible { z-index: 1; position: relative; }
button { font: inherit; font-size: 0.875rem; line-height: 1.25; color: inherit; background: transparent; cursor: pointer;
  white-space: nowrap; border: 1px solid var(--st-border-color); border-radius: var(--st-base-radius); padding: 0.25rem 0.625rem; min-height: 2.125rem; }
button:hover:enabled, button[aria-expanded=true] { border-color: var(--st-primary-color); color: var(--st-link-color); }
button:focus-visible { outline: 2px solid var(--st-primary-color); outline-offset: 1px; }
button:disabled { cursor: default; opacity: 0.45; }
button[aria-busy=true] { cursor: progress; opacity: 0.6; }
.gap { flex: 0 0 0.5rem; }
.said button { margin-left: 0.5rem; }
.said.problem { color: var(--st-red-text-color, #b3261e); }
.said { margin: 0.5rem 0 0; }
@media (pointer: coarse) { button { min-height: 2.75rem; } }
@media (max-width: 480px) { .gap { display: none; } .row button { flex: 1 0 auto; } .files { flex: 1 0 100%; } .files button { flex: 1; padding: 0.25rem; } }
@media print { .row, .said { display: none; } }
"""

JS = """
// Files that were handed over already: a component that is drawn again must not download a second time.
const delivered = (window.deliveredExports ??= new Set());

function text(tag, words) {
  const element = document.createElement(tag);
  element.textContent = words;
  return element;
}

function citation({ name, url, place, title }) {
  const line = document.createElement('span');
  if (/^https?:[/][/]/.test(url)) {
    const link = text('a', name);
    link.href = url; link.target = '_blank'; link.rel = 'noopener noreferrer'; link.title = title;
    line.append(link);
  } else line.append(name);
  if (place) line.append(', ' + place);
  return line;
}

const bytes = ({ mime, base64 }) => new Blob([Uint8Array.from(atob(base64), character => character.charCodeAt(0))], { type: mime });

function save(file) {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(bytes(file));
  link.download = file.name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
}

export default function({ parentElement, data, setTriggerValue }) {
  const find = selector => parentElement.querySelector(selector);
  const sources = find('.sources'), row = find('.row'), said = find('.said');

  sources.replaceChildren('Sources: ');
  data.sources.slice(0, data.shown).forEach((source, number) => sources.append(number ? ' \\u00b7 ' : '', citation(source)));
  if (!data.sources.length) sources.append('computed from the settings alone');
  if (data.sources.length > data.shown) sources.append(' \\u00b7 and ' + (data.sources.length - data.shown) + ' more, listed under \\u201cHow is this computed?\\u201d');

  function say(words, problem) {
    said.textContent = words; said.hidden = !words; said.classList.toggle('problem', Boolean(problem));
  }
  function sayBriefly(words) {
    say(words);
    setTimeout(() => { if (said.textContent === words) say(''); }, 10000);
  }
  function rest() { row.querySelectorAll('[aria-busy]').forEach(button => button.removeAttribute('aria-busy')); }
  function button(label, hint, press, id) {
    const element = text('button', label);
    element.type = 'button'; element.title = hint;
    if (id) element.dataset.press = id;
    element.onclick = () => press(element);
    return element;
  }
  function ask(id, words) {  // for one thing at a time
    if (row.querySelector('[aria-busy]')) return false;
    row.querySelector(`[data-press=${id}]`).setAttribute('aria-busy', 'true');
    say(words);
    setTriggerValue('press', id);
    return true;
  }
  function file({ id, label, hint, disabled }) {
    const element = button(label, hint, () => ask(id, 'Making the file\\u2026'), id);
    element.disabled = Boolean(disabled);
    return element;
  }
  const root = () => window.location.origin + window.location.pathname.replace(/[^/]*$/, '');
  const place = () => data.elsewhere ? root() + data.elsewhere : window.location.href.split('#')[0];
  // A server that gives figures at addresses of their own: the file of each format, and a frame, with the settings of the page.
  function sayAddresses() {
    const asked = new URL(place()).searchParams, query = new URLSearchParams();
    for (const [name, value] of asked)
      if (data.parameters.includes(name) || (name === 'pin' && value.split('?')[0] === data.figure)) query.append(name, value);
    const after = query.size ? '?' + query : '';
    said.append(' The figure alone, at addresses of its own:');
    for (const format of [...data.formats.filter(({ disabled }) => !disabled).map(({ id }) => id), 'json', 'frame']) {
      const link = text('a', format === 'frame' ? 'live chart for a frame' : format.toUpperCase());
      link.href = root() + (format === 'frame' ? 'embed/' + data.figure : 'figure/' + data.figure + '.' + format) + after;
      link.target = '_blank'; link.rel = 'noopener';
      said.append(' ', link);
    }
    said.append('.');
    said.hidden = false;
  }
  // A browser lets a page write to the clipboard only while its reader presses, so it is promised a picture that comes later.
  function copyImage() {
    if (!window.ClipboardItem || !navigator.clipboard?.write) return refused();
    if (!ask('copy', 'Making the picture\\u2026')) return;
    const picture = new Promise(resolve => { row.picture = resolve; });
    navigator.clipboard.write([new ClipboardItem({ 'image/png': picture })])
      .then(() => sayBriefly('Image copied.'), () => { if (row.picture) refused(); });
  }
  function refused() {
    rest();
    say('The browser does not let this page copy pictures.');
    said.append(button('Save as PNG', 'The same picture as a file', () => row.querySelector('[data-press=png]').click()));
  }
  if (!row.childElementCount) {
    const space = () => Object.assign(document.createElement('span'), { className: 'gap' });
    const group = Object.assign(document.createElement('span'), { className: 'files' });
    group.setAttribute('role', 'group'); group.setAttribute('aria-label', 'Save as');
    group.append(...data.formats.map(file));
    const image = button('Copy image', 'The PNG on the clipboard, to paste into a document or a message', copyImage, 'copy');
    image.disabled = group.querySelector('[data-press=png]').disabled;
    const deck = button('Add to deck', 'Put this figure, as it stands, on your slide deck', () => setTriggerValue('press', 'deck'));
    const copy = button('Copy link', 'Copy the address of this figure with your values; the command line takes it too', async () => {
      const link = place() + '#' + data.figure;
      try { await navigator.clipboard.writeText(link); say('Link copied.'); }
      catch { window.prompt('Copy this link', link); }
      if (data.addresses) sayAddresses();
    });
    const table = button('Table', 'Show or hide the rows behind the chart', () => ask('table', ''), 'table');
    const explain = button('How is this computed?', 'Show or hide the steps to the numbers of the title, with your settings, and every source', () => ask('explain', ''), 'explain');
    row.append(group, file(data.editable), space(), image, copy, deck, space(), table, explain);
  }
  for (const id of ['table', 'explain']) {
    const opener = row.querySelector(`[data-press=${id}]`), isOpen = String(data.opened.includes(id));
    if (opener.getAttribute('aria-expanded') === isOpen) continue;
    rest();
    opener.setAttribute('aria-expanded', isOpen);
  }
  const answer = data.answer;
  if (answer && !delivered.has(answer.id)) {
    delivered.add(answer.id);
    rest();
    if (answer.problem) { row.picture = null; say(answer.problem, true); }
    else if (answer.copy) row.picture?.(bytes(answer));
    else if (!answer.base64) sayBriefly(answer.said);
    else { say(''); save(answer); }
  }
}
"""

COMPONENT = st.components.v2.component("panel_footer", html=HTML, css=CSS, js=JS)


def file_answer(name: str, mime: str, content: bytes) -> dict[str, str]:
    """A file for the browser to save, as the component takes it."""
    return {"id": uuid4().hex, "name": name, "mime": mime, "base64": base64.b64encode(content).decode()}


def image_answer(content: bytes) -> dict[str, str | bool]:
    """A PNG for the browser to put on the clipboard."""
    return file_answer("", "image/png", content) | {"copy": True}


def problem_answer(words: str) -> dict[str, str]:
    """A sentence to show in place of a file."""
    return {"id": uuid4().hex, "problem": words}


def said_answer(words: str) -> dict[str, str]:
    """A sentence to show for a while."""
    return {"id": uuid4().hex, "said": words}


def footer(
    key: str,
    figure: str,
    sources: Sequence[Mapping[str, str]],
    shown: int,
    formats: Sequence[Mapping],
    editable: Mapping,
    opened: Sequence[str],
    answer: Mapping | None,
    on_press: Callable[[], None],
    parameters: Sequence[str] = (),
    elsewhere: str = "",
) -> None:
    """Show the component.

    figure: its name, at the end of links to it. sources: {name, url, place, title} of each cited work, of which `shown` stand in the line above the buttons.
    formats: {id, label, hint, disabled} of each file button, "png" among them; editable: of the one beside them. opened: what is open, "table" or "explain".
    answer: of `file_answer`, `image_answer`, `said_answer` or `problem_answer`, if a button was just pressed. on_press: called before the next run;
    `pressed` says which button it was. parameters: names of those of the figure, for its own addresses. elsewhere: page and query that
    show it, where it does not stand on its own page.
    """
    data = {
        "figure": figure,
        "sources": list(sources),
        "shown": shown,
        "formats": list(formats),
        "editable": editable,
        "opened": list(opened),
        "answer": answer,
        "parameters": list(parameters),
        "elsewhere": elsewhere,
        "addresses": addresses.given,
    }
    COMPONENT(key=key, data=data, on_press_change=on_press)


def pressed(key: str) -> str:
    """The id of the button that was just pressed: a format, "deck", "copy", "table" or "explain"."""
    return str(st.session_state[key].get("press") or "")
