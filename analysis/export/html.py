"""A panel as one HTML file that needs nothing else: chart, words, sources, and buttons that save the chart as a picture."""

import html
import json

import plotly.graph_objects as go

from analysis.charts.panel import Panel, explanation
from analysis.charts.style import FONTS, MODE_BAR, PALETTE, THEMES, template
from analysis.export.fonts import face_css
from analysis.export.picture import HEIGHT, WIDTH, slide_figure
from analysis.export.words import LICENCE, MADE_WITH, printable, references

CONFIG = MODE_BAR | {"responsive": True}
"""Plotly's settings for every chart of an exported page."""

PAGE = """<!doctype html>
<html lang="en" data-theme="{theme}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy"
  content="default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:; font-src data:">
<meta name="description" content="{alt}">
<meta name="generator" content="{made_with}">
<title>{title}</title>
<style>
{faces}
{colors}
body {{ margin: 0 auto; max-width: 60rem; padding: 1.5rem 1rem 3rem;
  font: 16px/1.5 {fonts};
  color: var(--text); background: var(--page); overflow-wrap: anywhere; }}
h1 {{ font-size: 1.6rem; line-height: 1.25; margin: 0 0 1rem; }}
h2 {{ font-size: 1rem; margin: 1.5rem 0 0.25rem; }}
a {{ color: inherit; }}
a:hover {{ color: {accent}; }}
button {{ font: inherit; color: inherit; background: transparent; border: 1px solid var(--muted);
  border-radius: 0.5rem; padding: 0.4rem 1rem; cursor: pointer; }}
button:hover, button:focus-visible {{ border-color: {accent}; }}
ul {{ margin: 0; padding-left: 1.25rem; }}
pre {{ white-space: pre-wrap; font-size: 0.85rem; }}
footer, dt {{ color: var(--muted); }}
dl {{ display: grid; grid-template-columns: max-content 1fr; gap: 0 1rem; margin: 0; }}
dd {{ margin: 0; }}
</style>
</head>
<body>
<main>
<h1>{title}</h1>
<div id="chart" role="img" aria-label="{alt}"><noscript>The chart needs JavaScript. {alt}</noscript></div>
<p><button type="button" id="png">Save as PNG</button> <button type="button" id="svg">Save as SVG</button></p>
<p>{caption}</p>
{sections}
</main>
<footer><p>{licence} Made with {made_with}; figure {name}.</p></footer>
<script>{plotly}</script>
<script>
const panel = {panel};
const chart = document.getElementById("chart"), system = window.matchMedia("(prefers-color-scheme: dark)");
const theme = () => panel.theme === "auto" ? (system.matches ? "dark" : "light") : panel.theme;
function draw() {{
  document.documentElement.dataset.theme = theme();
  const layout = Object.assign({{}}, panel.figure.layout, {{ template: panel.templates[theme()], autosize: true }});
  Plotly.react(chart, panel.figure.data, layout, panel.config);
}}
for (const format of ["png", "svg"])
  document.getElementById(format).onclick = () => Plotly.downloadImage(
    {{ data: panel.slide.data, layout: panel.slide.layouts[theme()] }},
    {{ format, width: panel.size[0], height: panel.size[1], filename: panel.file }});
system.addEventListener("change", draw);
document.fonts.load('16px "Ten Papers Sans"').then(draw, draw);
</script>
</body>
</html>
"""


def page(panel: Panel, permalink: str = "", theme: str = "auto") -> bytes:
    """The panel as an HTML page in UTF-8, about 5 MB since it holds the chart library; it asks nothing of the network.

    theme: "light", "dark", or "auto" to follow the reader's own setting.
    """
    from plotly.offline import get_plotlyjs

    slides = {name: slide_figure(panel, name).to_plotly_json() for name in THEMES}
    content = {
        "figure": plain(panel.figure),
        "slide": {"data": slides["light"]["data"], "layouts": {name: slide["layout"] for name, slide in slides.items()}},
        "templates": {name: template(name).to_plotly_json() for name in THEMES},
        "config": CONFIG,
        "theme": theme,
        "size": [WIDTH, HEIGHT],
        "file": panel.name.replace(".", "-"),
    }
    return PAGE.format(
        theme="light" if theme == "auto" else theme,
        title=text(panel.title),
        alt=text(panel.alt),
        caption=text(panel.caption),
        name=text(panel.name),
        made_with=MADE_WITH,
        licence=LICENCE,
        accent=PALETTE[0],
        fonts=FONTS,
        faces=face_css(),
        colors=colors(),
        sections=sections(panel, permalink),
        plotly=get_plotlyjs(),
        panel=script(content),
    ).encode("utf-8")


def plain(figure: go.Figure) -> dict:
    """Data and layout of a figure."""
    return {key: value for key, value in figure.to_plotly_json().items() if key in ("data", "layout")}


def text(words: str) -> str:
    """Words as they may stand in HTML."""
    return html.escape(printable(words))


def script(content: dict | str) -> str:
    """JSON that may stand inside a script element."""
    from plotly.utils import PlotlyJSONEncoder

    return json.dumps(content, cls=PlotlyJSONEncoder).replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def colors() -> str:
    """Style rules with the colours of both themes."""
    return "\n".join(
        f':root[data-theme="{name}"] {{ color-scheme: {name}; ' + " ".join(f"--{role}: {color};" for role, color in colors.items()) + " }"
        for name, colors in THEMES.items()
    )


def sections(panel: Panel, permalink: str) -> str:
    """Sources, settings, computation and link of a panel."""
    works = "".join(f"<li>{link(work.url, work.short)}: {text(f'{work.title} ({work.terms})')}</li>" for work in references([panel]))
    settings = "".join(f"<dt>{text(name)}</dt><dd>{text(value)}</dd>" for name, value in panel.settings.items())
    computed = html.escape(explanation(panel))
    parts = [
        ("Sources", f"<ul>{works}</ul>" if works else ""),
        ("Settings", f"<dl>{settings}</dl>" if settings else ""),
        ("How is this computed?", f"<pre>{computed}</pre>" if computed else ""),
        ("Recompute it", f"<p>{link(permalink, permalink)}</p>" if permalink else ""),
    ]
    return "\n".join(f"<section><h2>{heading}</h2>{body}</section>" for heading, body in parts if body)


def link(url: str, words: str) -> str:
    """A link, or the words alone where the address is not one of the web."""
    return f'<a href="{text(url)}" rel="noopener noreferrer">{text(words)}</a>' if url.startswith(("https://", "http://")) else text(words)
