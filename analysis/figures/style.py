"""How every figure looks: one palette, one set of marks, one layout.

Reported values are markers (hollow where nobody has seen the original), computed ones lines, what-ifs dashes, uncertainty
bands. Each colour is readable on white and on the dark page, and the palette stays distinguishable under the three kinds
of colour blindness (tests/test_style.py measures both).
"""

import math
import zlib
from collections.abc import Mapping, Sequence

import plotly.graph_objects as go

BLUE, AMBER, CRIMSON, VIOLET, RED, SLATE, GREY = "#0096FF", "#CD8200", "#B2365A", "#7E39FF", "#E74449", "#466597", "#8C92A3"
PALETTE = (BLUE, AMBER, CRIMSON, VIOLET, RED, SLATE, GREY)
SEQUENTIAL = "Viridis"
BAND_OPACITY = 0.18
HEIGHT = 460

# Colour and symbol of each model family, the same on every page.
FAMILIES = {
    "Chinchilla": (CRIMSON, "star"), "Gopher": (SLATE, "square"), "GPT-3": (GREY, "diamond"), "GPT-NeoX": (GREY, "cross"),
    "PaLM": (SLATE, "triangle-up"), "LaMDA": (SLATE, "diamond"), "MT-NLG": (GREY, "square"), "Jurassic-1": (GREY, "triangle-up"),
    "OPT": (SLATE, "cross"), "BLOOM": (AMBER, "cross"), "Pythia": (BLUE, "circle"), "LLaMA": (VIOLET, "triangle-up"),
    "Llama 2": (VIOLET, "circle"), "Llama 3": (VIOLET, "diamond"), "Falcon": (AMBER, "triangle-up"), "MPT": (AMBER, "square"),
    "BloombergGPT": (RED, "square"), "Mistral": (RED, "circle"), "Mixtral": (RED, "diamond"), "phi": (CRIMSON, "circle"),
    "DeepSeek": (BLUE, "diamond"), "Yi": (BLUE, "square"), "Qwen": (AMBER, "circle"), "StableLM": (CRIMSON, "triangle-up"),
}  # fmt: skip
SYMBOLS = ("circle", "square", "diamond", "triangle-up", "cross", "star")

# What an axis shows: its title, whether it is logarithmic, how Plotly and how PowerPoint write its ticks.
_COUNT = '[>=1000000000000]0.##,,,,"T";[>=1000000000]0.##,,,"B";0.##,,"M"'
AXES = {
    "params": ("Parameters", True, {"exponentformat": "B", "dtick": 1}, _COUNT),
    "tokens": ("Training tokens", True, {"exponentformat": "B", "dtick": 1}, _COUNT),
    "flops": ("Training compute (FLOP)", True, {"exponentformat": "power", "dtick": 2}, "0E+00"),
    "ratio": ("Tokens per parameter", True, {"dtick": 1}, "#,##0.###"),
    "loss": ("Loss (nats per token)", False, {}, "0.0#"),
    "log_number": ("", True, {"dtick": 1}, "#,##0.###"),
    "number": ("", False, {}, "#,##0.###"),
    "percent": ("", False, {"tickformat": ".0%"}, "0%"),
    "category": ("", False, {"type": "category"}, "General"),
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


def translucent(color: str, opacity: float = BAND_OPACITY) -> str:
    """A colour with an opacity, for bands.

    >>> translucent("#0096FF", 0.5)
    'rgba(0,150,255,0.5)'
    """
    red, green, blue = (int(color[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},{opacity})"


def reported_markers(x, y, name: str, color: str, symbol: str = "circle", verified=True, text=None, **extra) -> go.Scatter:
    """Markers of reported values; hollow for the points (or all) that are not verified.

    verified: one truth value, or one per point. text: hover label of each point.
    """
    flags = [bool(verified)] * len(x) if isinstance(verified, bool | int) else [bool(flag) for flag in verified]
    symbols = [symbol if flag else f"{symbol}-open" for flag in flags]
    return go.Scatter(
        x=list(x), y=list(y), mode="markers", name=escape(name), text=None if text is None else [escape(t) for t in text],
        marker={"color": color, "size": 9, "symbol": symbols[0] if len(set(symbols)) == 1 else symbols, "line": {"width": 1.5, "color": color}},
        hovertemplate=_hover(text), meta={"role": "reported"}, **extra,
    )  # fmt: skip


def computed_line(x, y, name: str, color: str, **extra) -> go.Scatter:
    """A solid line of computed values."""
    return _line(x, y, name, color, "solid", "computed", **extra)


def what_if_line(x, y, name: str, color: str, **extra) -> go.Scatter:
    """A dashed line of a what-if."""
    return _line(x, y, name, color, "dash", "what_if", **extra)


def what_if_marker(x, y, name: str, color: str, text=None) -> go.Scatter:
    """A large hollow marker of a what-if."""
    return go.Scatter(
        x=list(x), y=list(y), mode="markers", name=escape(name), text=text, hovertemplate=_hover(text), meta={"role": "what_if"},
        marker={"color": color, "size": 14, "symbol": "x-thin", "line": {"width": 3, "color": color}},
    )  # fmt: skip


def band(x, low, high, name: str, color: str) -> list[go.Scatter]:
    """An interval as a band: the lower edge and an upper edge filled down to it, both without a line of their own."""
    edge = {"mode": "lines", "line": {"width": 0, "color": color}, "hoverinfo": "skip", "legendgroup": escape(name)}
    x = list(x)
    return [
        go.Scatter(x=x, y=list(low), showlegend=False, name=f"{escape(name)}, low", meta={"role": "band", "edge": "low"}, **edge),
        go.Scatter(
            x=x, y=list(high), name=escape(name), fill="tonexty", fillcolor=translucent(color), meta={"role": "band", "edge": "high"}, **edge
        ),
    ]


def _line(x, y, name, color, dash, role, width=2.5, text=None, **extra) -> go.Scatter:
    return go.Scatter(
        x=list(x), y=list(y), mode="lines", name=escape(name), line={"color": color, "width": width, "dash": dash}, text=text,
        hovertemplate=_hover(text), meta={"role": role}, **extra,
    )  # fmt: skip


def _hover(text) -> str:
    label = "%{text}<br>" if text is not None else ""
    return label + "%{x:.4~g}, %{y:.4~g}<extra>%{fullData.name}</extra>"


def layout(x: str, y: str, x_title: str = "", y_title: str = "", height: int = HEIGHT, x_range=None, y_range=None, **extra) -> dict:
    """Layout for a figure whose axes are of the kinds x and y in AXES; ranges are in the units of the data.

    The legend lies above the plot and pushes it down, so it never covers data; colours of text, grid and page are left to
    the page's light or dark theme.
    """
    return {
        "xaxis": axis(x, x_title, x_range), "yaxis": axis(y, y_title, y_range), "height": height,
        "legend": {"orientation": "h", "yanchor": "bottom", "y": 1.02, "xanchor": "left", "x": 0, "title": {"text": ""}},
        "margin": {"l": 8, "r": 16, "t": 8, "b": 8}, "hovermode": "closest", "meta": {"x": x, "y": y}, **extra,
    }  # fmt: skip


def axis(kind: str, title: str = "", data_range: Sequence[float] | None = None) -> dict:
    """A Plotly axis of a kind in AXES; data_range (low, high) in the units of the data, also for a logarithmic axis."""
    default, logarithmic, ticks, _ = AXES[kind]
    result: dict = {"title": {"text": title or default}, "automargin": True, **ticks}
    if logarithmic:
        result["type"] = "log"
    if data_range is not None:
        result["range"] = [math.log10(value) for value in data_range] if logarithmic else list(data_range)
        result["autorange"] = False
    return result


def tick_format(figure: go.Figure, which: str) -> str:
    """The PowerPoint number format of the figure's "x" or "y" axis."""
    meta: Mapping = figure.layout.meta or {}
    return AXES[meta.get(which, "number")][3]
