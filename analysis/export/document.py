"""What every exported HTML page has in common: its head and look, charts in the reader's light or dark, and the words about a figure."""

import html
import json

import plotly.graph_objects as go

from analysis.charts.explained import explanation
from analysis.charts.panel import Panel
from analysis.charts.style import FONTS, MODE_BAR, PALETTE, THEMES, template
from analysis.export.fonts import FAMILY, face_css
from analysis.export.words import LICENCE, MADE_WITH, printable, references

LIBRARY = "plotly.min.js"
"""File name of the chart library where several pages share one."""
PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; font-src data:;
  script-src {beside}'unsafe-inline'; img-src {beside}data: blob:{connect}">
<meta name="description" content="{description}">
<meta name="generator" content="{made_with}">
<title>{title}</title>
<style>
{faces}
{colors}
body {{ margin: 0 auto; max-width: 60rem; padding: 1.5rem 1rem 3rem; font: 16px/1.5 {fonts};
  color: var(--text); background: var(--page); overflow-wrap: anywhere; }}
h1 {{ font-size: 1.7rem; line-height: 1.25; margin: 0 0 1rem; }}
h2 {{ font-size: 1.4rem; line-height: 1.25; }}
.about h2, .about h3, .about h4 {{ font-size: 1em; margin: 1.5em 0 0.25em; }}
a {{ color: inherit; }}
a:hover {{ color: {accent}; }}
:focus-visible {{ outline: 2px solid {accent}; outline-offset: 2px; }}
ul {{ margin: 0; padding-left: 1.25rem; }}
pre {{ white-space: pre-wrap; font-size: 0.85rem; }}
footer, dt {{ color: var(--muted); }}
dl {{ display: grid; grid-template-columns: max-content 1fr; gap: 0 1rem; margin: 0; }}
dd {{ margin: 0; }}
{style}
</style>
</head>
<body>
{body}
<footer><p>{licence} Made with {made_with}.{end}</p></footer>
{scripts}
</body>
</html>
"""
# `show` waits for the font, in which Plotly measures texts.
DRAW = """const {{ config, templates, theme }} = {settings};
const dark = window.matchMedia("(prefers-color-scheme: dark)"), shown = new Map();
const font = document.fonts.load('16px "{family}"').catch(() => {{}});
const current = () => theme === "auto" ? (dark.matches ? "dark" : "light") : theme;
function draw(figure, chart) {{
  Plotly.react(chart, figure.data, {{ ...figure.layout, template: templates[current()], autosize: true }}, config);
}}
function show(id, figure) {{
  const chart = document.getElementById(id);
  shown.set(chart, figure);
  font.then(() => draw(figure, chart));
}}
dark.addEventListener("change", () => shown.forEach(draw));
"""


def page(
    title: str,
    body: str,
    *,
    description: str = "",
    style: str = "",
    end: str = "",
    script: str = "",
    theme: str = "auto",
    library: str = "",
    asks: bool = False,
) -> bytes:
    """An HTML page in UTF-8, which asks nothing of the network and, with the theme "auto", follows its reader's light or dark setting.

    body, style, script, end: its own HTML, CSS, JavaScript, and what follows the last line. In the script, `show(id, figure)` draws a
    chart; a page without one holds none. library: address of the chart library beside the page; "" puts the library inside, 5 MB.
    asks: whether its script may ask the server that the page came from.
    """
    return PAGE.format(
        title=text(title),
        body=body,
        description=text(description or title),
        style=style,
        end=end,
        scripts=_scripts(script, theme, library) if script else "",
        beside="'self' " if library else "",
        connect="; connect-src 'self'" if asks else "",
        colors=colors(theme),
        faces=face_css(),
        fonts=FONTS,
        accent=PALETTE[0],
        licence=LICENCE,
        made_with=MADE_WITH,
    ).encode("utf-8")


def _scripts(own: str, theme: str, library: str) -> str:
    from plotly.offline import get_plotlyjs

    settings = {
        "config": MODE_BAR | {"responsive": True},
        "templates": {name: template(name).to_plotly_json() for name in THEMES},
        "theme": theme,
    }
    loaded = f'<script src="{text(library)}"></script>' if library else f"<script>{get_plotlyjs()}</script>"
    return f"{loaded}\n<script>\n{DRAW.format(settings=script(settings), family=FAMILY)}{own}\n</script>"


def colors(theme: str) -> str:
    """Style rules with the colours of a theme; "auto" has the dark ones for readers who set their system so."""
    light, dark = (
        f":root {{ color-scheme: {name}; " + " ".join(f"--{role}: {color};" for role, color in roles.items()) + " }"
        for name, roles in THEMES.items()
    )
    return {"light": light, "dark": dark}.get(theme, f"{light}\n@media (prefers-color-scheme: dark) {{ {dark} }}")


def text(words: str) -> str:
    """Words as they may stand in HTML."""
    return html.escape(printable(words))


def script(content: object) -> str:
    """JSON that may stand inside a script element."""
    from plotly.utils import PlotlyJSONEncoder

    return json.dumps(content, cls=PlotlyJSONEncoder).replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def link(url: str, words: str) -> str:
    """A link, or the words alone where the address is not one of the web."""
    return f'<a href="{text(url)}" rel="noopener noreferrer">{text(words)}</a>' if url.startswith(("https://", "http://")) else text(words)


def place(id: str, alt: str, more: str = "") -> str:
    """The element in which `show_call` draws. more: further attributes."""
    words = text(alt)
    inside = f"<noscript>The chart needs JavaScript. {words}</noscript>"
    return f'<div class="chart" id="{text(id)}" role="img" aria-label="{words}"{more}>{inside}</div>'


def show_call(id: str, figure: go.Figure) -> str:
    """JavaScript that draws a figure in the element of an id."""
    parts = {key: value for key, value in figure.to_plotly_json().items() if key in ("data", "layout")}
    return f"show({script(id)}, {script(parts)});\n"


def about(panel: Panel, permalink: str = "", level: int = 2) -> str:
    """Sources, settings, computation and link of a panel, under headings of a level."""
    works = "".join(f"<li>{link(work.url, work.short)}: {text(f'{work.title} ({work.terms})')}</li>" for work in references([panel]))
    settings = "".join(f"<dt>{text(name)}</dt><dd>{text(value)}</dd>" for name, value in panel.settings.items())
    computed = html.escape(explanation(panel))
    parts = {
        "Sources": f"<ul>{works}</ul>" if works else "",
        "Settings": f"<dl>{settings}</dl>" if settings else "",
        "How is this computed?": f"<pre>{computed}</pre>" if computed else "",
        "Recompute it": f"<p>{link(permalink, permalink)}</p>" if permalink else "",
    }
    return "\n".join(f'<section class="about"><h{level}>{heading}</h{level}>{body}</section>' for heading, body in parts.items() if body)
