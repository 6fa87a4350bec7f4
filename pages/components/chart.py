"""A chart with its title and caption, as one element that redraws.

`st.plotly_chart` makes a new chart at every change, whatever its key (docs/decisions/pages.md): what the reader had zoomed into or
switched off in the legend is lost at each step of a slider. Here Plotly changes the chart that stands there. All words
are shown as text.
"""

import json
from collections.abc import Callable, Mapping

import streamlit as st

from analysis.charts import style
from analysis.charts.ghosts import GREYS
from analysis.charts.panel import Panel
from analysis.charts.plain import as_json
from analysis.charts.sentences import parted
from analysis.units import together
from pages.components import plotly_script

HTML = """
<div class="panel-chart">
  <h2></h2>
  <div class="settings" role="group" aria-label="Settings of this figure" hidden></div>
  <ul class="pins" aria-label="Pinned settings" hidden></ul>
  <p class="missing" role="alert" hidden></p>
  <div class="room"><div class="drawing" role="figure"></div></div>
  <div class="caption" hidden><p></p><details hidden><summary>Notes</summary><p></p></details></div>
</div>
"""

# In the page's own tree and not in a shadow of it, because Plotly puts its styles into the page.
CSS = """
.panel-chart h2 { margin: 0; padding: 0 0 0.5rem; font-size: 1.17rem; line-height: 1.2; }
.panel-chart .caption { padding-top: 0.5rem; font-size: 0.875rem; }
.panel-chart .caption p { margin: 0; }
.panel-chart summary { cursor: pointer; width: max-content; }
.panel-chart .settings { display: flex; gap: 0.375rem; overflow-x: auto; padding: 2px 0 0.5rem; scrollbar-width: thin; }
.panel-chart .settings[hidden] { display: none; }
.panel-chart .settings button, .panel-chart .pins button { font: inherit; font-size: 0.8125rem; line-height: 1.25; color: inherit; background: transparent; cursor: pointer;
  white-space: nowrap; border: 1px solid var(--st-border-color); border-radius: 1rem; padding: 0.125rem 0.625rem; min-height: 1.625rem; }
.panel-chart .settings button:hover:enabled, .panel-chart .pins button:hover { border-color: var(--st-primary-color); color: var(--st-link-color); }
.panel-chart .settings button:disabled { cursor: default; opacity: 0.6; }
.panel-chart .settings button:focus-visible, .panel-chart .pins button:focus-visible { outline: 2px solid var(--st-primary-color); outline-offset: 1px; }
.panel-chart .pins { list-style: none; margin: 0; padding: 0 0 0.5rem; font-size: 0.875rem; }
.panel-chart .pins[hidden] { display: none; }
.panel-chart .pins li { display: flex; gap: 0.5rem; align-items: baseline; margin: 0 0 0.25rem; }
.panel-chart .pins li::before { content: ''; flex: none; width: 1rem; height: 0.25rem; align-self: center; background: var(--grey); }
@media (pointer: coarse) { .panel-chart .settings button, .panel-chart .pins button { min-height: 2.25rem; } }
@media print { .panel-chart .settings, .panel-chart .pins button { display: none; } }
.panel-chart .room { overflow-x: auto; overflow-y: hidden; }
.panel-chart .drawing { color: var(--st-text-color); transition: color 1ms; }
.panel-chart h2:empty { min-height: calc(1.2em + 0.5rem); }
.panel-chart .drawing:empty { min-height: 26rem; }
.panel-chart .room:fullscreen { background: var(--st-background-color); }

/* Around the chart (pages/components/page.py): its sliders and the settings of the section stand beside it, in rows above it where there is less
   room, and on a phone below it, while it stays in view. Of a figure's parts the fragment comes first, in two boxes that the grid passes over, and
   in it the chart last. Without :has, which makes the browser look at the whole page again at each change of a chart. */
[class*="st-key-figure-"] { display: grid; grid-template-columns: minmax(0, 1fr); gap: 1rem 2rem; align-items: start; }
[class*="st-key-figure-"] > [data-testid="stLayoutWrapper"]:first-child, [class*="st-key-figure-"] > [data-testid="stLayoutWrapper"]:first-child > [data-testid="stVerticalBlock"] { display: contents; }
[class*="st-key-figure-"] > [data-testid="stLayoutWrapper"]:not(:first-child), [class*="st-key-figure-"] > [data-testid="stLayoutWrapper"]:first-child > [data-testid="stVerticalBlock"] > [data-testid="stLayoutWrapper"] { width: auto; max-width: none; min-width: 0; }
[class*="st-key-controls-"] [data-testid="stSkeleton"], [class*="st-key-settings-"] [data-testid="stSkeleton"] { height: 4.25rem; }
[class*="st-key-drawn-"] { min-height: 31rem; }
@media (min-width: 1100px) {
  [class*="st-key-figure-"] { grid-template: auto 1fr / 20rem minmax(0, 1fr); }
  [class*="st-key-figure-"] > [data-testid="stLayoutWrapper"]:not(:first-child) { grid-column: 1; }
  [class*="st-key-figure-"] > [data-testid="stLayoutWrapper"]:first-child > [data-testid="stVerticalBlock"] > [data-testid="stLayoutWrapper"] { grid-area: 1 / 1; }
  [class*="st-key-figure-"] > [data-testid="stLayoutWrapper"]:first-child > [data-testid="stVerticalBlock"] > [data-testid="stLayoutWrapper"]:last-child { grid-area: 1 / 2 / span 2; }
  [class*="st-key-figure-alone-"] > [data-testid="stLayoutWrapper"]:first-child > [data-testid="stVerticalBlock"] > [data-testid="stLayoutWrapper"]:last-child { grid-area: 1 / 1 / span 2 / span 2; }
}
@media (max-width: 1099px) {
  [class*="st-key-controls-"], [class*="st-key-settings-"] { width: 100%; max-width: 100%; flex-direction: row; flex-wrap: wrap; align-items: flex-end; }
  [class*="st-key-controls-"] > div, [class*="st-key-settings-"] > div { flex: 1 1 12rem; width: auto; }
  [class*="st-key-settings-"] > [data-testid="stLayoutWrapper"] { flex-basis: 100%; }
  [class*="st-key-figure-"] > [data-testid="stLayoutWrapper"]:first-child > [data-testid="stVerticalBlock"] > [data-testid="stLayoutWrapper"]:last-child { order: 1; }
}
@media (max-width: 640px) {
  [class*="st-key-figure-"] > [data-testid="stLayoutWrapper"]:first-child > [data-testid="stVerticalBlock"] > [data-testid="stLayoutWrapper"]:last-child {
    order: -1; position: sticky; top: 3.5rem; z-index: 9; background: var(--st-background-color); }
}
"""

JS = r"""
const PAPER = 680;  // px, on a page of paper
const WHOLE_SCREEN = { width: 24, height: 24, path: 'M3 3h6v2H5v4H3zM15 3h6v6h-2V5h-4zM3 15h2v4h4v2H3zM19 15h2v6h-6v-2h4z' };

// What the reader changed stays while this stays: zoom while the axes mean the same, the legend while it lists the same.
function kept(traces, layout) {
  for (const key of Object.keys(layout).filter(key => /^[xy]axis/.test(key))) {
    const { type, title, range } = layout[key];
    layout[key].uirevision = JSON.stringify([type, title?.text, range]);
  }
  layout.legend = { ...layout.legend, uirevision: JSON.stringify(traces.map(trace => trace.name)) };
}

// Names on the chart need a plot of some width; on a narrower one the legend says the same.
function narrow(drawing) {
  return drawing.clientWidth < (drawing.figure.layout.meta?.names_from ?? 0);
}

function shown(drawing) {
  const { data, layout } = drawing.figure;
  if (!narrow(drawing)) return { data, layout };
  return {
    data: data.map(({ showlegend, ...trace }) => trace.meta?.named ? trace : { ...trace, showlegend }),
    layout: {
      ...layout,
      annotations: layout.annotations.filter(note => note.name !== 'name'),
      margin: { ...layout.margin, ...layout.meta.narrow },
      showlegend: layout.showlegend || data.some(trace => trace.meta?.named),
    },
  };
}

// On a telephone nearly every entry of a legend takes a row, for which there is more height.
function size(drawing) {
  const width = drawing.clientWidth, whole = document.fullscreenElement === drawing.parentElement;
  const { height: usual, showlegend } = shown(drawing).layout;
  const height = whole ? window.innerHeight : usual + (width < 500 && showlegend !== false ? 80 : 0);
  drawing.style.height = height + 'px';
  return { width, height };
}

function settings(drawing, file) {
  const toggle = () => document.fullscreenElement ? document.exitFullscreen() : drawing.parentElement.requestFullscreen();
  return {
    ...MODE_BAR,
    modeBarButtonsToAdd: document.fullscreenEnabled ? [{ name: 'Whole screen', title: 'Whole screen', icon: WHOLE_SCREEN, click: toggle }] : [],
    toImageButtonOptions: { format: 'png', width: 1920, height: 1080, scale: 2, filename: file },
  };
}

function fit(drawing) {
  if (drawing.narrow !== narrow(drawing)) return draw(drawing);
  const wanted = size(drawing), { width, height } = drawing.layout;
  if (wanted.width && (wanted.width !== width || wanted.height !== height)) window.Plotly.relayout(drawing, wanted);
}

// Ticks that were chosen for the whole axis leave a reader who zooms far in without any: then Plotly chooses.
function ticks(drawing) {
  const wanted = {};
  for (const [name, { tickvals, ticktext }] of Object.entries(drawing.figure.layout)) {
    if (!/^[xy]axis/.test(name) || !tickvals || !ticktext) continue;
    const { type, range, tickmode } = drawing._fullLayout[name];
    const place = value => type === 'log' ? Math.log10(value) : value, [low, high] = [Math.min(...range), Math.max(...range)];
    const seen = tickvals.filter(value => typeof value === 'number' && low <= place(value) && place(value) <= high);
    const mode = seen.length < 2 && typeof tickvals[0] === 'number' ? 'auto' : 'array';
    if (mode !== tickmode) wanted[name + '.tickmode'] = mode;
  }
  if (Object.keys(wanted).length) window.Plotly.relayout(drawing, wanted);
}

function draw(drawing) {
  if (!drawing.isConnected) return;  // the page was left
  const { data, layout } = shown(drawing);
  drawing.narrow = narrow(drawing);
  const [red, green, blue] = getComputedStyle(drawing).color.match(/[\d.]+/g).map(Number);
  const template = drawing.templates[red + green + blue > 382 ? 'dark' : 'light'];  // light text stands on a dark page
  kept(data, layout);
  window.Plotly.react(drawing, data, { ...layout, template, ...size(drawing) }, drawing.settings).then(() => ticks(drawing));
}

// The address holds what the reader changed; it is replaced and not added to, but for another section, so that "back" passes over steps of a slider.
function note({ names, values, push }) {
  const address = new URL(window.location.href);
  for (const name of names) address.searchParams.delete(name);
  for (const [name, texts] of Object.entries(values)) for (const text of texts) address.searchParams.append(name, text);
  if (address.href !== window.location.href) window.history[push ? 'pushState' : 'replaceState'](window.history.state, '', address);
}

// Above the chart: what the reader changed, to be taken back one by one, and what they pinned.
function pressable(words, hint, ask) {
  const button = document.createElement('button');
  Object.assign(button, { type: 'button', textContent: words, title: hint, onclick: ask });
  return button;
}

function settingsBar(find, { bar, pins = [] }, act) {
  const row = find('.settings'), list = find('.pins');
  row.hidden = !bar;
  list.hidden = !pins.length;
  if (!bar) return;
  const pin = pressable('Pin these settings', bar.pinnable || 'Keep them in grey behind the chart, to compare with', () => act({ do: 'pin' }));
  pin.disabled = Boolean(bar.pinnable);
  const back = bar.changed.map(({ name, words }) => pressable(words + ' \u00d7', 'Back to the default', () => act({ do: 'reset', name })));
  if (back.length > 1) back.push(pressable('Reset all', 'All settings of this figure back to their defaults', () => act({ do: 'reset' })));
  const focused = [...row.children].indexOf(document.activeElement);
  row.replaceChildren(pin, ...back);
  if (focused >= 0) row.children[Math.min(focused, back.length)].focus();
  list.replaceChildren(...pins.map(({ words, color }, at) => {
    const item = document.createElement('li'), text = document.createElement('span');
    text.textContent = words;
    item.style.setProperty('--grey', color);
    item.append(text, pressable('Unpin', 'Take this pin away', () => act({ do: 'unpin', at })));
    return item;
  }));
}

export default function({ parentElement, data, setTriggerValue }) {
  if (data.query) note(data.query);
  parentElement.querySelector('.panel-chart').hidden = !data.figure;
  if (!data.figure) return;  // a chart that cannot be drawn
  const find = selector => parentElement.querySelector(selector), drawing = find('.drawing');
  find('h2').textContent = data.title;
  settingsBar(find, data, asked => setTriggerValue('act', asked));
  find('.caption p').textContent = data.caption;
  find('.caption').hidden = false;
  find('.caption details').hidden = !data.notes;
  find('.caption details p').textContent = data.notes;
  drawing.setAttribute('aria-label', data.alt);
  const figure = drawing.figure = JSON.parse(data.figure);
  drawing.style.minWidth = data.least ? data.least + 'px' : '';
  size(drawing);  // keeps the room until the script is there
  drawing.settings ??= settings(drawing, data.file);
  drawing.templates = data.templates;
  plotly(data.script).then(() => {
    if (drawing.figure !== figure) return;  // a newer one has come meanwhile
    find('.missing').hidden = true;
    draw(drawing);
    if (drawing.watching) return;
    drawing.on('plotly_relayout', () => ticks(drawing));
    window.addEventListener('beforeprint', () => { if (drawing.isConnected) window.Plotly.relayout(drawing, { width: PAPER }); });
    window.addEventListener('afterprint', () => { if (drawing.isConnected) fit(drawing); });
    (drawing.watching = new ResizeObserver(() => fit(drawing))).observe(drawing);
    drawing.addEventListener('transitionend', event => { if (event.target === drawing) draw(drawing); });  // light or dark was chosen
  }, () => {
    find('.missing').textContent = 'The chart cannot be drawn, because its code could not be loaded. Reload the page to try again.';
    find('.missing').hidden = false;
  });
}
""".replace("MODE_BAR", json.dumps(style.MODE_BAR))

SENTENCES = 2
"""Of a caption, which stand below the chart; the others are opened on demand."""
COMPONENT = st.components.v2.component("panel_chart", html=HTML, css=CSS, js=plotly_script.LOAD + JS, isolate_styles=False)


def address(slot: str, query: Mapping | None) -> None:
    """Only write the address of the page, where there is no chart to show."""
    if query is not None:
        COMPONENT(key=f"chart-{slot}-address", data={"query": query})


def chart(
    slot: str,
    panel: Panel,
    least: int = 0,
    query: Mapping | None = None,
    bar: Mapping | None = None,
    on_act: Callable[[], None] = lambda: None,
) -> None:
    """Show a panel's title, figure and caption. least: width in pixels below which the figure scrolls sideways instead of shrinking.

    query: `names` of the parameters that the page's address may hold, and `values` of those that it does hold; the browser writes them there.
    bar: what stands above the chart (`settings.bar`); on_act: called when something there is pressed.
    """
    label_room = (panel.figure.layout.meta or {}).get("label_room")
    caption, notes = parted(panel.caption.removeprefix(" ".join(panel.pinned)).lstrip(), SENTENCES)
    data = {
        "title": together(panel.title),
        "caption": together(caption),
        "notes": together(notes),
        "alt": panel.alt,
        "file": panel.name.replace(".", "-"),
        "figure": as_json(panel.figure),
        "templates": {theme: style.page_template(theme, label_room) for theme in ("light", "dark")},
        "script": plotly_script.address(),
        "least": least,
        "query": query,
        "bar": bar,
        "pins": [{"words": words, "color": color} for words, color in zip(panel.pinned, GREYS, strict=False)],
    }
    COMPONENT(key=f"chart-{slot}", data=data, on_act_change=on_act)
