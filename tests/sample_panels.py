"""Panels for the tests of exports, and what another program reads in the files."""

import io
import json
import math
import xml.etree.ElementTree as ElementTree

import pandas as pd
import plotly.graph_objects as go
from PIL import Image
from plotly.offline import get_plotlyjs
from pptx import Presentation
from pypdf import PdfReader

from analysis.charts import style
from analysis.charts.panel import Citation, Panel
from analysis.export import browser

HOSTILE = "<b>=cmd|' /C calc'!A1</b></script><script>alert(1)</script>"
LINK = "http://localhost:8501/scaling?delta=0.01&x=1"
COMPUTE = [1e18, 1e20, 1e22, 1e24]
BEST = [3.0, 30.0, 300.0, 3000.0]


def panel_of(figure: go.Figure, name: str = "sample.figure", **changes) -> Panel:
    """A panel around a figure; changes replace its parts."""
    parts = {
        "title": "Loss falls by half with every hundredfold of compute",
        "parts": [{"series": ["law"] * 4, "train_flops": COMPUTE, "ratio": BEST, "status": "computed"}],
        "caption": "The line is computed, markers are reported.",
        "alt": "A line that rises with compute.",
        "sources": (Citation("hoffmann2022", "Table A3"), Citation("biderman2023")),
        "settings": {"budget": "1e21 FLOP", "interval": "95%"},
        "explain": ("Numbers are written with three significant digits.",),
    }
    return Panel(name=name, figure=figure, **(parts | changes))


def law_panel(**changes) -> Panel:
    """Log-log lines, a band, reported markers of which one is hollow, and a vertical line."""
    traces = [
        *style.band(COMPUTE, [value / 2 for value in BEST], [value * 2 for value in BEST], "95% interval", style.BLUE),
        style.computed_line(COMPUTE, BEST, "law", style.BLUE),
        style.what_if_line(COMPUTE, [value * 3 for value in BEST], "mine", style.AMBER),
        style.reported_markers([1e21, 1e23], [40, 500], "models", style.CRIMSON, "square", verified=[1, 0]),
    ]
    layout = style.layout("flops", "ratio", x_range=(1e18, 1e24), shapes=[style.vertical_line(1e21, style.AMBER)])
    return panel_of(style.figure(traces, layout), **changes)


PARAMS = [1e6, 1e8, 1e10, 1e12]


def plain_panel(**changes) -> Panel:
    """Lines and reported markers over parameters, and a vertical line: what PowerPoint can draw as well."""
    traces = [
        style.computed_line(PARAMS, BEST, "law", style.BLUE),
        style.what_if_line(PARAMS, [value * 3 for value in BEST], "mine", style.AMBER),
        style.reported_markers([1e9, 1e11], [40, 500], "models", style.CRIMSON, "square"),
    ]
    layout = style.layout("params", "ratio", x_range=(1e6, 1e12), shapes=[style.vertical_line(1e9, style.AMBER)])
    return panel_of(style.figure(traces, layout), **changes)


def bar_panel(**layout) -> Panel:
    """Two series of bars over three models, one of them missing once."""
    traces = [
        style.bars(["7B", "13B", "70B"], [14, 26, 140], "weights", style.BLUE),
        style.bars(["7B", "70B"], [2.5, 20], "cache", style.AMBER),
    ]
    return panel_of(style.figure(traces, style.layout("category", "number", y_title="Memory (GB)", **layout)))


def heat_panel() -> Panel:
    return panel_of(go.Figure(go.Heatmap(z=[[1, 2], [3, 4]], x=["a", "b"], y=["c", "d"]), style.layout("category", "category")))


def hostile_panel() -> Panel:
    figure = style.figure(
        [style.computed_line([1, 2], [3, 4], HOSTILE, style.BLUE)] * 2, style.layout("number", "number", x_title=style.escape(HOSTILE))
    )
    rows = pd.DataFrame(
        {"=label": [HOSTILE, "-1", "#5 of 7", "@x", "plain, text"], "value": [-1.5, 2.0, math.nan, 4.0, 1e24], "status": "computed"}
    )
    return panel_of(figure, title=f"{HOSTILE} & more", caption=HOSTILE, alt=HOSTILE, settings={HOSTILE: f"a,=1+1; {HOSTILE}"}, parts=[rows])


def open_slides(data: bytes):
    return Presentation(io.BytesIO(data))


def every_text(format: str, data: bytes) -> str:
    """All the text that a file carries, as another program reads it."""
    if format == "csv" or format == "html":
        return data.decode("utf-8").replace(get_plotlyjs(), "")  # of the five megabytes of a page, what is not its program
    if format == "json":
        return " ".join(texts_of(json.loads(data)))
    if format == "png":
        return " ".join(str(text) for text in Image.open(io.BytesIO(data)).text.values())
    if format == "svg":
        return " ".join(ElementTree.fromstring(data).itertext())
    if format == "pdf":
        return " ".join(str(text) for text in PdfReader(io.BytesIO(data)).metadata.values())
    return " ".join(
        shape.text_frame.text
        for slide in open_slides(data).slides
        for shape in [*slide.shapes, *slide.notes_slide.shapes]
        if shape.has_text_frame
    )


def texts_of(content: object) -> list[str]:
    """Every text in what was JSON."""
    if isinstance(content, dict | list):
        return [text for part in (content.values() if isinstance(content, dict) else content) for text in texts_of(part)]
    return [content] if isinstance(content, str) else []


def hide_browser(monkeypatch) -> None:
    """Let this machine look like one without a browser until the test ends."""
    browser.stop()
    monkeypatch.setattr(browser, "browser_path", lambda: None)
