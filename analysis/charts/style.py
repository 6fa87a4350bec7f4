"""How every figure looks: one palette, one set of marks, one layout.

Reported values are markers (hollow where nobody has seen the original), computed ones lines, what-ifs dashes, uncertainty
bands. Each colour is readable on white and on the dark page, and the palette stays distinguishable under the three kinds
of colour blindness (tests/test_style.py measures both).
"""

import html
import math
import re
import textwrap
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from analysis.charts import ghosts, names, ticks
from analysis.charts.plain import as_plain

BLUE, ORCHID, CRIMSON, VIOLET, RED, SLATE, GREY = "#0096FF", "#D818D8", "#B2365A", "#7E39FF", "#E74449", "#466597", "#8C92A3"
PALETTE = (BLUE, ORCHID, CRIMSON, VIOLET, RED, SLATE, GREY)
AMBER = "#CD8200"
"""The colour of what-ifs: what a reader chose, and nothing else."""
INK, DEEP_GREY, DEEP_BLUE = "#0B0D12", "#5A6072", "#0063B1"
"""Type on light fills; and fills for white type, between which every shade bears it too."""
SEQUENTIAL = "Viridis"
# Page, text and grid where no Streamlit page provides them: in exported files.
THEMES = {
    "light": {"page": "#FFFFFF", "text": "#1F2430", "muted": "#5A6072", "grid": "#E1E4EA"},
    "dark": {"page": "#0E1117", "text": "#FAFAFA", "muted": "#A9AFBC", "grid": "#2B303B"},
}
FONTS = '"Ten Papers Sans", "Source Sans 3", "Source Sans Pro", Helvetica, Arial, sans-serif'
"""Font families of exported files. Quotes are needed: browsers drop a list with an unquoted name that has a word with a digit first."""
MODE_BAR = {
    "displaylogo": False,
    "showSendToCloud": False,
    "plotlyServerURL": "",
    "modeBarButtonsToRemove": ["select2d", "lasso2d", "autoScale2d"],
}
"""Plotly's settings for the buttons on every chart. By default one of them, "Share chart...", sends the figure to a server of Plotly."""
BAND_OPACITY = 0.18
LONGEST_NAME = 32
"""Characters of a model's name in titles and legends; a longer one is cut."""
HEIGHT, STACKED_HEIGHT = 420, 512
"""Of a figure and of one with two plots; a page shows it whole on a screen of 1440 × 800 [px]."""
PAGE_TYPE = 12
"""Size of the type on the axes of a page [px]."""
LINE = 14
"""Pixels that one line of PAGE_TYPE takes."""

# Colour and symbol of each model family, the same on every page; grey is for models that a figure is not about.
FAMILIES = {
    "Chinchilla": (CRIMSON, "star"), "Gopher": (SLATE, "square"), "GPT-3": (CRIMSON, "diamond"), "GPT-NeoX": (BLUE, "cross"),
    "PaLM": (SLATE, "triangle-up"), "LaMDA": (SLATE, "diamond"), "MT-NLG": (CRIMSON, "square"), "Jurassic-1": (RED, "triangle-up"),
    "OPT": (SLATE, "cross"), "BLOOM": (ORCHID, "cross"), "Pythia": (BLUE, "circle"), "LLaMA": (VIOLET, "triangle-up"),
    "Llama 2": (VIOLET, "circle"), "Llama 3": (VIOLET, "diamond"), "Falcon": (ORCHID, "triangle-up"), "MPT": (ORCHID, "square"),
    "BloombergGPT": (RED, "square"), "Mistral": (RED, "circle"), "Mixtral": (RED, "diamond"), "phi": (CRIMSON, "circle"),
    "DeepSeek": (BLUE, "diamond"), "Yi": (BLUE, "square"), "Qwen": (ORCHID, "circle"), "StableLM": (CRIMSON, "triangle-up"),
    "GPT-4": (SLATE, "star"), "ChatGPT": (ORCHID, "star"), "Bard": (RED, "star"), "Vicuna": (VIOLET, "star"), "Guanaco": (BLUE, "star"),
}  # fmt: skip
SYMBOLS = ("circle", "square", "diamond", "triangle-up", "cross", "star")

# What an axis shows: its title, whether it is logarithmic, and how Plotly writes its ticks.
AXES: dict[str, tuple[str, bool, dict]] = {
    "params": ("Parameters", True, {"exponentformat": "B", "dtick": 1}),
    "tokens": ("Training tokens", True, {"exponentformat": "B", "dtick": 1}),
    "flops": ("Training compute (FLOP)", True, {"exponentformat": "power", "dtick": 2}),
    "ratio": ("Tokens per parameter", True, {"dtick": 1}),
    "loss": ("Loss (nats per token)", False, {}),
    "log_number": ("", True, {"dtick": 1}),
    "number": ("", False, {}),
    "percent": ("", False, {"tickformat": "~%"}),
    "category": ("", False, {"type": "category"}),
}


def escape(text: str) -> str:
    """Text that Plotly shows as it stands, without reading tags or entities in it.

    >>> escape("<b>R&D</b>")
    '&lt;b&gt;R&amp;D&lt;/b&gt;'
    """
    return str(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def family_style(family: str) -> tuple[str, str]:
    """(colour, symbol) of a model family; one that is not listed gets a fixed pair of its own.

    >>> family_style("Pythia")
    ('#0096FF', 'circle')
    """
    if family in FAMILIES:
        return FAMILIES[family]
    number = zlib.crc32(family.encode())
    return PALETTE[number % len(PALETTE)], SYMBOLS[number // len(PALETTE) % len(SYMBOLS)]


def series_color(number: int) -> str:
    """The colour of the number-th series, from 0; it repeats after seven."""
    return PALETTE[number % len(PALETTE)]


def luminance(color: str) -> float:
    """Relative luminance of a colour [share of white]: WCAG 2.

    >>> luminance("#000000"), luminance("#FFFFFF")
    (0.0, 1.0)
    """
    channels = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4 for channel in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def type_on(color: str) -> str:
    """The colour of type on a fill: white or INK, whichever contrasts more.

    >>> type_on(BLUE), type_on(CRIMSON)
    ('#0B0D12', '#FFFFFF')
    """
    fill = luminance(color) + 0.05
    return "#FFFFFF" if 1.05 / fill > fill / (luminance(INK) + 0.05) else INK


def translucent(color: str, opacity: float = BAND_OPACITY) -> str:
    """A colour with an opacity, for bands.

    >>> translucent("#0096FF", 0.5)
    'rgba(0,150,255,0.5)'
    """
    red, green, blue = (int(color[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},{opacity})"


def reported_markers(x, y, name: str, color: str, symbol: str = "circle", verified=True, text=None, **extra) -> dict:
    """Markers of reported values; hollow for the points (or all) that are not verified.

    verified: one truth value, or one per point. text: hover label of each point.
    """
    flags = [bool(verified)] * len(x) if isinstance(verified, bool | int) else [bool(flag) for flag in verified]
    symbols = [symbol if flag else f"{symbol}-open" for flag in flags]
    one = symbols[0] if len(set(symbols)) == 1 else symbols
    marker = {"color": color, "size": 9, "symbol": one, "line": {"width": 1.5, "color": color}}
    return _trace(x, y, name, "reported", text, mode="markers", marker=marker, **extra)


def computed_line(x, y, name: str, color: str, **extra) -> dict:
    """A solid line of computed values."""
    return _line(x, y, name, color, "solid", "computed", **extra)


def what_if_line(x, y, name: str, color: str, **extra) -> dict:
    """A dashed line of a what-if."""
    return _line(x, y, name, color, "dash", "what_if", **extra)


def what_if_marker(x, y, name: str, color: str, text=None) -> dict:
    """A large hollow marker of a what-if."""
    marker = {"color": color, "size": 14, "symbol": "x-thin", "line": {"width": 3, "color": color}}
    return _trace(x, y, name, "what_if", text, mode="markers", marker=marker)


def band(x, low, high, name: str, color: str) -> list[dict]:
    """An interval as a band: the lower edge and an upper edge filled down to it, both without a line of their own."""
    edge = {"type": "scatter", "x": _values(x), "mode": "lines", "line": {"width": 0, "color": color}, "hoverinfo": "skip"}
    edge["legendgroup"] = escape(name)
    lower = {"y": _values(low), "showlegend": False, "name": f"{escape(name)}, low", "meta": {"role": "band", "edge": "low"}}
    upper = {"y": _values(high), "name": escape(name), "meta": {"role": "band", "edge": "high"}}
    filled = {"fill": "tonexty", "fillcolor": translucent(color)}
    return [edge | lower, edge | upper | filled]


def bars(x, y, name: str, color, text=None, horizontal: bool = False) -> dict:
    """Bars of computed values; color: one, or one per bar. text: on each bar that has room for it, else beside it."""
    inside = {"color": type_on(color) if isinstance(color, str) else [type_on(one) for one in color]}
    shown = {"text": list(text), "textposition": "auto", "insidetextfont": inside} if text is not None else {}
    return {
        "type": "bar",
        "x": _values(x),
        "y": _values(y),
        "name": escape(name),
        "orientation": "h" if horizontal else "v",
        "marker": {"color": color},
        "meta": {"role": "computed"},
        **shown,
    }


def interval_bars(
    low, high, categories, name: str, color: str, width: float | None = 0.6, opacity: float = BAND_OPACITY, text=None
) -> dict:
    """Intervals as horizontal bars from low to high, one per category: uncertainty where there is no axis to draw a band along."""
    low, high = np.asarray(low, float), np.asarray(high, float)
    spans = [f"{a:,.4g} to {b:,.4g}" for a, b in zip(low, high, strict=True)] if text is None else list(text)
    return {
        "type": "bar",
        "orientation": "h",
        "base": low,
        "x": high - low,
        "y": _values(categories),
        "name": escape(name),
        "width": width,
        "marker": {"color": translucent(color, opacity), "line": {"width": 0}},
        "meta": {"role": "band"},
        "hovertext": [escape(span) for span in spans],
        "hovertemplate": "%{y}: %{hovertext}<extra>%{fullData.name}</extra>",
    }


def computed_ticks(x, categories, name: str, color: str, text=None) -> dict:
    """Computed values as short upright lines, one per category."""
    marker = {"color": color, "size": 17, "symbol": "line-ns", "line": {"width": 3, "color": color}}
    return _trace(x, categories, name, "computed", text, mode="markers", marker=marker)


def figure(traces: Sequence[Mapping], layout: Mapping) -> go.Figure:
    """The figure of traces and a layout made by this module.

    Plotly's validation of every property takes ten times as long as the rest of a slider's answer, so it is left out
    here; tests/test_figures.py validates every panel instead.
    """
    traces = [_with_source(trace) for trace in traces]
    traces, layout = ghosts.drawn(traces, layout)
    layout = _above(ticks.completed(traces, layout))
    if "percent" in layout["meta"].values():  # whole markers at 0 and 100%
        traces = [{**trace, "cliponaxis": False} if "markers" in trace.get("mode", "") else trace for trace in traces]
    if names.wanted(traces):
        traces, layout = names.on_page(traces, layout, _em)
    if "l" not in layout["margin"]:
        layout = _wrapped(traces, layout)
        layout |= {"meta": layout["meta"] | {"label_room": _label_room(traces, layout["yaxis"])}}
    # An empty template, or Plotly would copy its own default into every figure.
    return go.Figure({"data": traces, "layout": {"template": {}, **layout}}, _validate=False)


def is_heading(note: Any) -> bool:
    """Whether an annotation stands above the plot: the name of an upright line, or of a part of the plot."""
    return str(note["yref"]).endswith(("paper", "domain")) and note["y"] >= 1 and note["yanchor"] == "bottom"


def _above(layout: Mapping) -> dict:
    """The layout with its legend above the names of upright lines."""
    if not any(is_heading({"yref": "y", "yanchor": "auto", **note}) for note in layout.get("annotations", ())):
        return dict(layout)
    margin = layout["margin"]
    return {**layout, "legend": {**layout["legend"], "y": 1.02 + LINE / (layout["height"] - margin["t"] - margin["b"])}}


def unnamed(figure: go.Figure) -> go.Figure:
    """A copy of a figure with entries in the legend instead of names on the chart; another size may follow, and `renamed`."""
    spec = as_plain(figure)
    if names.wanted(spec["data"]):
        spec["data"], spec["layout"] = names.without(spec["data"], spec["layout"])
    return go.Figure(spec, _validate=False)


def renamed(figure: go.Figure, width: float) -> go.Figure:
    """A copy of an unnamed figure with its names placed anew; width: of the narrowest plot that shows them [px]."""
    spec = as_plain(figure)
    if names.wanted(spec["data"]):
        spec["data"], spec["layout"] = names.on_page(spec["data"], spec["layout"], _em, width)
    return go.Figure(spec, _validate=False)


def wrap(label: str, width: int = 26) -> str:
    """A label of an axis, escaped or with its own line breaks, on lines of at most width signs where its words allow that.

    >>> wrap("AT&amp;T, average of all the tasks")
    'AT&amp;T, average of all the<br>tasks'
    """
    if "<" in label or len(html.unescape(label)) <= width:
        return label
    lines = textwrap.wrap(html.unescape(label), width, break_long_words=False, break_on_hyphens=False)
    return "<br>".join(escape(line) for line in lines)


def _wrapped(traces: Sequence[Mapping], layout: Mapping) -> dict:
    """The layout with long labels of its y axis on several lines, and as much higher as that takes."""
    axis, labels = layout["yaxis"], _labels(traces, layout["yaxis"])
    short = [wrap(label) for label in labels]
    if short == labels:
        return dict(layout)
    own = {} if "ticktext" in axis else {"tickmode": "array", "tickvals": labels}
    around = layout["margin"]["t"] + layout["margin"]["b"]
    return {**layout, "yaxis": axis | own | {"ticktext": short}, "height": max(layout["height"], around + LINE * line_count(short))}


def line_count(labels: Sequence[str]) -> float:
    """Lines that labels below each other take at equal distances, so that no two neighbours touch.

    >>> line_count(["one line", "two<br>lines", "one line"])
    4.5
    """
    lines = [label.count("<br>") + 1 for label in labels]
    return len(lines) * max(((upper + lower) / 2 for upper, lower in zip(lines, lines[1:] or lines, strict=False)), default=0)


def _labels(traces: Sequence[Mapping], axis: Mapping) -> list[str]:
    """The labels of a y axis of categories, each once."""
    found = axis.get("ticktext") or axis.get("categoryarray")
    found = [label for trace in traces if trace.get("y") is not None for label in trace["y"]] if found is None else found
    labels = [label for label in found if isinstance(label, str)]
    return labels if "ticktext" in axis else list(dict.fromkeys(labels))


def _label_room(traces: Sequence[Mapping], axis: Mapping) -> float:
    """Room left of the plot for the labels of a y axis of categories [px], estimated on the safe side."""
    labels = _labels(traces, axis)
    size = axis.get("tickfont", {}).get("size", PAGE_TYPE)
    parts = {part for label in labels for part in re.sub("<(?!br>)[^>]*>", "", label).split("<br>")}
    return 16 + (24 if axis["title"]["text"] else 0) + max((_em(html.unescape(part)) for part in parts), default=0) * size


def _em(text: str) -> float:
    """Width of a text in Source Sans, in units of the size of its type."""
    return sum(0.3 if sign in " .,:;'|!()[]iljftr-/" else 0.84 if sign in "mwMW@%" else 0.66 if sign.isupper() else 0.55 for sign in text)


def page_template(theme: str, label_room: float | None = None) -> dict:
    """The template of a chart on a page: transparent, with the colours of text and grid; theme "light" or "dark".

    label_room: px for the labels of a y axis of categories, as `figure` notes it in the figure's meta. Plotly could measure the labels, but
    would draw the chart twice for that (docs/performance.md); pictures and other files leave it to Plotly or measure for themselves.
    """
    colors = THEMES[theme]
    axis = {
        "gridcolor": colors["grid"],
        "linecolor": colors["grid"],
        "zeroline": False,
        "tickfont": {"color": colors["muted"], "size": 12},
        "title": {"font": {"color": colors["muted"], "size": 13}, "standoff": 8},
    }
    return {
        "layout": {
            "paper_bgcolor": "rgba(0,0,0,0)",
            "plot_bgcolor": "rgba(0,0,0,0)",
            "xaxis": axis,
            "yaxis": axis,
            "font": {"color": colors["text"], "size": PAGE_TYPE, "family": '"Source Sans", sans-serif'},
            "legend": {"bgcolor": "rgba(0,0,0,0)", "font": {"size": 12}},
            **({} if label_room is None else {"margin": {"l": label_room}}),
        }
    }


def vertical_line(x: float, color: str, dash: str = "dash") -> dict:
    """A shape: a line over the whole height at x, in the units of the data."""
    return {"type": "line", "x0": x, "x1": x, "y0": 0, "y1": 1, "yref": "y domain", "line": {"color": color, "dash": dash, "width": 1.5}}


def line_name(x: float, text: str, log: bool = False, **extra) -> dict:
    """An annotation: the name of an upright line at x, above the plot. log: of a logarithmic axis, where exponents of ten are wanted."""
    at = math.log10(x) if log else x
    return note(at, 1, text, yref="paper", yanchor="bottom", **extra)


def horizontal_line(y: float, color: str = GREY) -> dict:
    """A shape: a thin line over the whole width at y, in the units of the data."""
    return {"type": "line", "y0": y, "y1": y, "x0": 0, "x1": 1, "xref": "x domain", "line": {"color": color, "width": 1}}


def note(x: float | str, y: float | str, text: str, **extra) -> dict:
    """An annotation without an arrow; on a logarithmic axis x and y are exponents of ten, as Plotly wants them."""
    return {"x": x, "y": y, "text": escape(text), "showarrow": False, "font": {"size": 11}, **extra}


def _with_source(trace: Mapping) -> Mapping:
    """A trace of reported values whose hover label ends with what stands in hovertext: the work and the place in it."""
    if trace.get("meta", {}).get("role") != "reported" or "hovertext" not in trace:
        return trace
    value = "%{y}: %{x:.4~g}" if trace.get("orientation") == "h" else "%{x}: %{y:.4~g}"
    label, _, beside = (trace.get("hovertemplate") or f"{value}<extra>%{{fullData.name}}</extra>").partition("<extra>")
    return {**trace, "hovertemplate": f"{label}<br>%{{hovertext}}<extra>{beside}"}


def _line(x, y, name, color, dash, role, width=2.5, text=None, **extra) -> dict:
    return _trace(x, y, name, role, text, mode="lines", line={"color": color, "width": width, "dash": dash}, **extra)


def _trace(x, y, name, role, text, **properties) -> dict:
    trace = {"type": "scatter", "x": _values(x), "y": _values(y), "name": escape(name), "meta": {"role": role}}
    trace["hovertemplate"] = _hover(text)
    if text is not None:
        trace["text"] = [escape(label) for label in text]
    return trace | properties


def _values(values) -> list:
    return values.to_numpy() if hasattr(values, "to_numpy") else values if hasattr(values, "dtype") else list(values)


def _hover(text) -> str:
    label = "%{text}<br>" if text is not None else ""
    return label + "%{x:.4~g}, %{y:.4~g}<extra>%{fullData.name}</extra>"


def layout(x: str, y: str, x_title: str = "", y_title: str = "", height: int = HEIGHT, x_range=None, y_range=None, **extra) -> dict:
    """Layout for a figure whose axes are of the kinds x and y in AXES; ranges are in the units of the data.

    The legend lies above the plot and pushes it down, so it never covers data, and scrolls where it would take more than a
    third of the figure, as on a narrow screen; colours of text, grid and page are left to the page's light or dark theme.
    """
    return {
        "xaxis": axis(x, x_title, x_range) | {"automargin": x == "category"},
        "yaxis": axis(y, y_title, y_range),
        "height": height,
        "legend": {
            "orientation": "h",
            "yanchor": "bottom",
            "y": 1.02,
            "xanchor": "left",
            "x": 0,
            "title": {"text": ""},
            "maxheight": 0.36,
            "tracegroupgap": 0,  # Plotly's 10 px part every row from the next
        },
        "margin": {**({} if y == "category" else {"l": 64}), "r": 16, "t": 56, "b": 48},
        "hovermode": "closest",
        "meta": {"x": x, "y": y},
        **extra,
    }


def stacked(layout: Mapping, kind: str, title: str, data_range=None) -> dict:
    """The layout with a second plot of a kind below the first, over the same x: for two quantities, which never share an axis."""
    lower = axis(kind, title, data_range) | {"domain": [0.0, 0.46], "anchor": "x"}
    upper = {**layout["yaxis"], "domain": [0.54, 1.0]}
    return {
        **layout,
        "xaxis": {**layout["xaxis"], "anchor": "y2"},
        "yaxis": upper,
        "yaxis2": lower,
        "shapes": [{**shape, "yref": "paper"} if shape.get("yref") == "y domain" else shape for shape in layout.get("shapes", ())],
        "height": max(layout["height"], STACKED_HEIGHT),
        "meta": {**layout["meta"], "y2": kind},
    }


def both_ends(layout: dict) -> dict:
    """The layout of rows whose first and last ones carry the finding: where a picture has no room for all, it shows both ends."""
    return {**layout, "meta": {**layout["meta"], "rows": "both ends"}}


def below(trace: Mapping) -> dict:
    """A trace on the second plot of a `stacked` layout."""
    return {**trace, "yaxis": "y2"}


def axis(kind: str, title: str = "", data_range: Sequence[float] | None = None) -> dict:
    """A Plotly axis of a kind in AXES; data_range (low, high) in the units of the data, also for a logarithmic axis."""
    default, logarithmic, look = AXES[kind]
    result: dict = {"title": {"text": title or default}, **look}
    if logarithmic:
        result["type"] = "log"
    if data_range is not None:
        result["range"] = [math.log10(value) for value in data_range] if logarithmic else list(data_range)
        result["autorange"] = False
    return result


def template(theme: str) -> go.layout.Template:
    """Colours of page, text and grid for a figure outside the dashboard; theme "light" or "dark"."""
    if theme not in THEMES:
        raise ValueError(f"theme must be one of {', '.join(THEMES)}, got {theme!r}")
    colors = THEMES[theme]
    axis = {
        "gridcolor": colors["grid"],
        "zerolinecolor": colors["muted"],
        "linecolor": colors["muted"],
        "tickcolor": colors["muted"],
        "automargin": True,
    }
    return go.layout.Template(
        layout={
            "paper_bgcolor": colors["page"],
            "plot_bgcolor": colors["page"],
            "colorway": list(PALETTE),
            "xaxis": axis,
            "yaxis": axis,
            "font": {"color": colors["text"], "family": FONTS},
            "legend": {"bgcolor": "rgba(0,0,0,0)"},
        }
    )
