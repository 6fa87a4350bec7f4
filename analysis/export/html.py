"""A panel as one HTML file: chart, words, sources, and buttons that save the chart as a picture."""

from analysis.charts.panel import Panel
from analysis.charts.style import THEMES
from analysis.export import document
from analysis.export.document import text
from analysis.export.picture import HEIGHT, WIDTH, slide_figure

STYLE = """button { font: inherit; color: inherit; background: transparent; border: 1px solid var(--muted);
  border-radius: 0.5rem; padding: 0.4rem 1rem; cursor: pointer; }"""
BODY = """<main>
<h1>{title}</h1>
{chart}
<p><button type="button" id="png">Save as PNG</button> <button type="button" id="svg">Save as SVG</button></p>
<p>{caption}</p>
{about}
</main>"""
SAVE = """const slide = {slide};
for (const format of ["png", "svg"])
  document.getElementById(format).onclick = () => Plotly.downloadImage(
    {{ data: slide.data, layout: slide.layouts[current()] }}, {{ format, width: {width}, height: {height}, filename: slide.file }});"""


def page(panel: Panel, permalink: str = "", theme: str = "auto", library: str = "") -> bytes:
    """The panel as an HTML page in UTF-8, about 5 MB since it holds the chart library; it asks nothing of the network.

    theme: "light", "dark", or "auto" to follow the reader's own setting. library: address of the chart library beside the page,
    which then holds none.
    """
    slides = {name: slide_figure(panel, name).to_plotly_json() for name in THEMES}
    slide = {
        "data": slides["light"]["data"],
        "layouts": {name: one["layout"] for name, one in slides.items()},
        "file": panel.name.replace(".", "-"),
    }
    body = BODY.format(
        title=text(panel.title),
        chart=document.place("chart", panel.alt),
        caption=text(panel.caption),
        about=document.about(panel, permalink),
    )
    return document.page(
        panel.title,
        body,
        description=panel.alt,
        style=STYLE,
        end=f" Figure {text(panel.name)}.",
        script=document.show_call("chart", panel.figure) + SAVE.format(slide=document.script(slide), width=WIDTH, height=HEIGHT),
        theme=theme,
        library=library,
    )
