"""One live chart as a light HTML page, to stand in a frame of another page: title, chart, caption, sources, and controls if wanted.

Nothing of it depends on its figure but the body, so that its script has one digest for all (`script_digests`). The controls ask for the
same page with other parameters and take from the answer what has changed.
"""

import base64
import hashlib
import re
from collections.abc import Mapping
from typing import Any

from analysis.charts.figure import Figure
from analysis.charts.panel import Panel
from analysis.charts.parameters import Quantity
from analysis.charts.style import PALETTE
from analysis.export import document
from analysis.export.document import script, text
from analysis.export.words import references, source_line

STYLE = f"""body {{ padding: 0.75rem 1rem; font-size: 0.95rem; max-width: none; }}
h1 {{ font-size: 1.17rem; margin: 0 0 0.5rem; }}
p {{ margin: 0 0 0.5rem; }}
.small, footer {{ font-size: 0.85rem; }}
form {{ display: flex; flex-wrap: wrap; gap: 0.5rem 1rem; margin: 0 0 0.75rem; }}
label {{ display: grid; gap: 0.15rem; font-size: 0.85rem; align-content: start; }}
input, select {{ font: inherit; color: inherit; background: var(--page); border: 1px solid var(--muted); border-radius: 0.25rem;
  padding: 0.2rem 0.4rem; accent-color: {PALETTE[0]}; max-width: 16rem; }}
[type=range] {{ padding: 0; }}
[role=alert]:empty {{ display: none; }}
[aria-busy=true] {{ opacity: 0.6; }}"""
BODY = """<main>
<h1 id="title">{title}</h1>
{controls}
<p id="problem" role="alert"></p>
{chart}
<div id="words"><p>{caption}</p>
<p class="small">{sources}</p></div>
</main>
<script type="application/json" id="figure">{figure}</script>"""
# What changes is taken over as elements of the new page, whose own scripts do not run.
SCRIPT = """
const by = (id, page = document) => page.getElementById(id);
const drawn = page => show("chart", JSON.parse(by("figure", page).textContent));
drawn(document);
let latest = 0;
async function ask(form, changed) {
  const query = new URLSearchParams(form.dataset.kept), number = ++latest;
  for (const field of form.elements) {
    if (!field.name) continue;
    const several = field.multiple && [...field.selectedOptions].map(option => option.value).join(",");
    const value = field.multiple ? several || "none" : field.value;
    if (value !== field.dataset.default) query.set(field.name, value);
  }
  form.setAttribute("aria-busy", "true");
  try {
    const answer = await fetch("?" + query), words = await answer.text();
    if (number !== latest) return;  // a later change has been asked for
    if (!answer.ok) { by("problem").textContent = words; return; }
    const page = new DOMParser().parseFromString(words, "text/html");
    by("problem").textContent = "";
    for (const id of ["title", "words", "controls"]) by(id).replaceWith(document.adoptNode(by(id, page)));
    by("chart").setAttribute("aria-label", by("chart", page).getAttribute("aria-label"));
    document.title = page.title;
    drawn(page);
    listen();
    by("controls").elements[changed]?.focus();
  } catch { by("problem").textContent = "The server does not answer."; }
  finally { by("controls").removeAttribute("aria-busy"); }
}
function listen() {
  for (const link of document.links) link.target = "_blank";  // not in the frame
  const form = by("controls");
  if (!form) return;
  form.onsubmit = event => event.preventDefault();
  form.onchange = event => {
    const { stops, name } = event.target.dataset;
    const place = [...form.elements].indexOf(event.target);
    if (stops) form.elements[name].value = JSON.parse(stops)[event.target.value];
    ask(form, place);
  };
}
listen();"""


def page(figure: Figure, panel: Panel, permalink: str = "", *, theme: str = "auto", controls: bool = False, library: str = "") -> bytes:
    """The panel of a figure as an HTML page in UTF-8.

    permalink: address of the page that restores it. theme: "light", "dark", or "auto" to follow the reader's own setting. controls: with
    the parameters of the figure. library: address of the chart library beside the page.
    """
    kept = {"controls": "1", **({"theme": theme} if theme != "auto" else {})}
    figure_parts = {key: value for key, value in panel.figure.to_plotly_json().items() if key in ("data", "layout")}
    body = BODY.format(
        title=text(panel.title),
        controls=_form(figure, kept) if controls else "",
        chart=document.place("chart", panel.alt),
        caption=text(panel.caption),
        sources=_sources(panel),
        figure=script(figure_parts),
    )
    end = f" {document.link(permalink, 'Recompute this figure')}." if permalink else ""
    return document.page(
        panel.title, body, description=panel.alt, style=STYLE, end=end, script=SCRIPT, theme=theme, library=library, asks=controls
    )


def script_digests(content: bytes) -> list[str]:
    """The scripts inside a page as a Content-Security-Policy names them: 'sha256-...'."""
    inside = re.findall(rb"<script>(.*?)</script>", content, re.DOTALL)
    return [f"'sha256-{base64.b64encode(hashlib.sha256(one).digest()).decode()}'" for one in inside]


def _sources(panel: Panel) -> str:
    works = [f"{document.link(work.url, work.short)} ({text(work.terms)})" for work in references([panel])]
    return f"Sources: {' · '.join(works)}" if works else text(source_line(panel))


def _form(figure: Figure, kept: Mapping[str, str]) -> str:
    """The controls of a figure at its values. kept: what is asked for besides parameters."""
    values, earlier, fields = figure.values(), {}, []
    for name, kind in figure.kinds().items():
        told = kind.described(values) | {"name": name, "value": kind.key(values[name]), "default": kind.key(figure.default(name, earlier))}
        if isinstance(kind, Quantity):
            told["stops"] = [kind.key(stop) for stop in kind.ladder() or _even_steps(kind)]
        fields.append(_field(told))
        earlier[name] = values[name]
    asked = "&".join(f"{name}={value}" for name, value in kept.items())
    return f'<form id="controls" data-kept="{text(asked)}">{"".join(fields)}</form>' if fields else '<form id="controls"></form>'


def _even_steps(kind: Quantity) -> list[float]:
    """The stops of a slider with even steps."""
    return [round(kind.low + number * kind.step, 10) for number in range(round((kind.high - kind.low) / kind.step) + 1)]


def _field(told: Mapping[str, Any]) -> str:
    """One parameter as HTML. told: of `Kind.described`, with its name, value and default."""
    common = f'name="{text(told["name"])}" data-default="{text(told["default"])}"'
    unit = told.get("unit", "")
    heading = f"<span>{text(told['label'])}{f' [{text(unit)}]' if unit else ''}</span>"
    options = {"on": "on", "off": "off"} if told["kind"] == "switch" else told.get("options")
    if options is not None:
        chosen = told["value"].split(",") if told["kind"] == "choices" else [told["value"]]
        listed = dict.fromkeys([*(one for one in chosen if one not in options and told["kind"] != "choices"), *options])
        inside = "".join(
            f'<option value="{text(key)}"{" selected" if key in chosen else ""}>{text(options.get(key, key))}</option>' for key in listed
        )
        field = f"<select {common}{' multiple' if told['kind'] == 'choices' else ''}>{inside}</select>"
    else:
        field = f'<input {common} value="{text(told["value"])}">'
        if told.get("stops"):
            field = _slider(told) + field
    return f"<label>{heading}{field}</label>"


def _slider(told: Mapping[str, Any]) -> str:
    stops = told["stops"]
    nearest = min(range(len(stops)), key=lambda number: abs(float(stops[number]) - float(told["value"])))
    words = f'aria-label="{text(told["label"])}" data-name="{text(told["name"])}" data-stops="{text(script(stops))}"'
    return f'<input type="range" min="0" max="{len(stops) - 1}" value="{nearest}" {words}>'
