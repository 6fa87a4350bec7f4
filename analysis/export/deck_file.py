"""A deck as a file: what it takes to open it again, as JSON, and a folder of its pictures and tables, as ZIP.

A deck file may come from anybody. What it holds is checked piece by piece: names and lengths, works that data/sources.csv
knows, chart types and marks that this project draws, and texts without any tag but line breaks and the like.
"""

import io
import json
import math
import re
import zipfile
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from analysis import tables, uploads
from analysis.charts.explained import explanation
from analysis.charts.panel import Citation, Panel
from analysis.charts.plain import as_plain
from analysis.export import files, slide
from analysis.export.slide import MOST_FIGURES, Shown, Slide
from analysis.export.words import MADE_WITH

FORMAT, VERSION = "ten-papers-recomputed deck", 2
MOST_SLIDES, MOST_BYTES, MOST_ROWS, MOST_TEXT = 100, 20_000_000, 200_000, 20_000
LARGEST = 1e300
MOST_TITLE = 300
BUNDLED = ("png", "svg", "pdf", "csv")
"""The formats in a ZIP file."""
CHARTS = ("scatter", "bar", "heatmap", "contour", "histogram", "box", "violin", "scattergl")
TAGS = re.compile(r"</?(?:br|b|i|sup|sub|extra|em|strong|span)\s*/?>|<span style='font-size:\d+px'>", re.IGNORECASE)
"""What a text in a chart may hold of Plotly's own mark-up; none of it takes an address or a style."""
FORBIDDEN_KEYS = ("images", "sliders", "updatemenus", "source", "src", "frames", "mapbox", "map", "geo", "config", "bdata")


def pack(slides: Sequence[Slide]) -> bytes:
    """Slides as a file that `unpack` opens again."""
    content = {"format": FORMAT, "version": VERSION, "made_with": MADE_WITH, "slides": [_packed(slide) for slide in slides]}
    return json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode("utf-8")


def unpack(data: bytes, own: bool = False) -> list[Slide]:
    """The slides of a deck file. Raises ValueError with one sentence where it is not one, or holds what no deck of ours holds.

    own: this server wrote the file, so its charts were drawn before; those of any other are put on a slide once, to see that they can be.
    """
    try:
        content = uploads.json_of(uploads.text_of(data, MOST_BYTES))
    except ValueError as problem:
        raise ValueError(f"the file is not a deck: it {problem}") from None
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise ValueError(f"the file is not a deck: it does not begin as one ({FORMAT!r} is missing)")
    if content.get("version") not in (1, VERSION):
        raise ValueError(f"the deck has version {uploads.clip(content.get('version'))}; this program reads versions 1 and {VERSION}")
    slides = content.get("slides")
    if not isinstance(slides, list) or len(slides) > MOST_SLIDES:
        raise ValueError(f"the deck needs a list of at most {MOST_SLIDES} slides")
    if not slides and not own:
        raise ValueError("the deck holds no slide")
    found = [_unpacked(slide, number) for number, slide in enumerate(slides, start=1)]
    if not own:
        for number, slide in enumerate(found, start=1):
            for panel in slide.panels:
                _try_out(panel, f"slide {number} of the deck")
    return found


def bundle(slides: Sequence[Slide], formats: Sequence[str] = BUNDLED, theme: str = "light") -> bytes:
    """A ZIP file with every figure in each format, numbered by slide; the second figure of a slide has a "b" behind the number.

    Raises ValueError for slides without any figure, `browser.NoBrowserError` where a picture is wanted and there is no browser.
    """
    if not any(slide.figures for slide in slides):
        raise ValueError("slides must hold at least one figure, got none")
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        for number, slide in enumerate(slides, start=1):
            for letter, shown in zip(("", "b"), slide.parts, strict=False):
                for format in formats:
                    name = f"{number:02d}{letter}-{files.file_name(shown.panel, format)}"
                    file.writestr(name, files.export(shown.panel, format, permalink=shown.link, theme=theme))
    return out.getvalue()


def _packed(slide: Slide) -> dict:
    words = {"title": slide.title, "above": slide.above, "text": slide.text, "note": slide.note}
    return words | {"figures": [_packed_figure(shown) for shown in slide.figures]}


def _packed_figure(shown: Shown) -> dict:
    panel = shown.panel
    figure = as_plain(panel.figure)
    layout = {name: value for name, value in figure["layout"].items() if name != "template"}
    rows = panel.data
    return {
        "link": shown.link,
        "name": panel.name,
        "address": panel.address,
        "panel_title": panel.title,
        "caption": panel.caption,
        "alt": panel.alt,
        "settings": dict(panel.settings),
        "sources": [[citation.source_id, citation.location] for citation in panel.sources],
        "explain": explanation(panel),
        "figure": {"data": figure["data"], "layout": layout},
        "columns": [str(name) for name in rows.columns],
        "rows": [_plain(rows[name].tolist()) for name in rows.columns],
    }


def _plain(value: Any) -> Any:
    """The cells of a table as JSON holds them; what is not finite becomes null."""
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    if isinstance(value, float) and not math.isfinite(value) or value is pd.NA or value is pd.NaT:
        return None
    return value if isinstance(value, str | int | float | bool) or value is None else str(value)


def _unpacked(slide: Any, number: int) -> Slide:
    where = f"slide {number} of the deck"
    if not isinstance(slide, dict):
        raise ValueError(f"{where} is not a slide")
    if "figures" not in slide:  # version 1 had one figure a slide, and its title on the slide
        title = slide.get("title")
        slide = {"figures": [slide], "title": "" if title == slide.get("panel_title") else title, "note": slide.get("note", "")}
    figures = slide["figures"]
    if not isinstance(figures, list) or len(figures) > MOST_FIGURES:
        raise ValueError(f"{where} must hold a list of at most {MOST_FIGURES} figures")
    words = {name: _text(slide.get(name, ""), f"{name} of {where}", most) for name, most in MOST_WORDS.items()}
    shown = tuple(_unpacked_figure(figure, where) for figure in figures)
    if not shown and not words["title"]:
        raise ValueError(f"{where} has neither a figure nor a title")
    return Slide(shown, **words)


MOST_WORDS = {"title": MOST_TITLE, "above": MOST_TITLE, "text": MOST_TEXT, "note": MOST_TEXT}
"""The words of a slide, and how long they may be."""


def _unpacked_figure(stored: Any, where: str) -> Shown:
    if not isinstance(stored, dict):
        raise ValueError(f"a figure of {where} is none")
    short = {name: _text(stored.get(name), f"{name} of {where}", MOST_TITLE) for name in ("name", "panel_title")}
    texts = {name: _text(stored.get(name), f"{name} of {where}") for name in ("link", "caption", "alt", "explain")}
    address = _text(stored.get("address", ""), f"address of {where}")
    settings, sources, figure = stored.get("settings"), stored.get("sources"), stored.get("figure")
    if not isinstance(settings, dict) or len(settings) > 100:
        raise ValueError(f"settings of {where} must be names with values")
    if not isinstance(sources, list) or not all(isinstance(pair, list) and len(pair) == 2 for pair in sources):
        raise ValueError(f"sources of {where} must be pairs of a work and a place in it")
    known = set(tables.load("sources")["id"])
    for work, place in sources:
        if not isinstance(work, str) or work not in known:
            raise ValueError(f"{where} cites {uploads.clip(work, 60)!r}, which is not in data/sources.csv")
        _text(place, f"a place cited by {where}")
    if not isinstance(figure, dict) or not isinstance(figure.get("data"), list) or not isinstance(figure.get("layout"), dict):
        raise ValueError(f"{where} has no chart")
    for trace in figure["data"]:
        if not isinstance(trace, dict) or trace.get("type", "scatter") not in CHARTS:
            raise ValueError(f"{where} holds a chart of a kind that is not drawn here")
    _check_chart(figure, where)
    try:
        panel = Panel(
            name=short["name"],
            address=address,
            title=short["panel_title"],
            figure=go.Figure({"data": figure["data"], "layout": {**figure["layout"], "template": {}}}, _validate=False),
            parts=[_rows(stored, where)],
            caption=texts["caption"],
            alt=texts["alt"],
            sources=tuple(Citation(*pair) for pair in sources),
            settings={_text(k, where): _text(v, where) for k, v in settings.items()},
            explain=(texts["explain"],) if texts["explain"] else (),
        )
        go.Figure(figure)  # Plotly checks every property of it
    except (ValueError, TypeError, LookupError, AttributeError, ArithmeticError) as problem:  # as Plotly has it
        raise ValueError(f"{where} cannot be used: {uploads.clip(problem, 200)}") from None
    return Shown(panel, texts["link"] if re.match(r"(https?://|/)", texts["link"]) else "")


def _try_out(panel: Panel, where: str) -> None:
    """ValueError where the panel cannot be drawn as an editable chart although it looks as if it could."""
    from analysis.export.editable import says_the_same
    from analysis.export.slides import presentation

    try:
        if not says_the_same(panel.figure):
            presentation([slide.of(panel)], editable=True)
    except (ValueError, TypeError, LookupError, AttributeError, ArithmeticError) as problem:
        raise ValueError(f"the chart of {where} cannot be drawn: {uploads.clip(problem, 160)}") from None


def _text(value: Any, what: str, most: int = MOST_TEXT) -> str:
    if not isinstance(value, str) or len(value) > most:
        raise ValueError(f"{what} must be a text of at most {most:,} characters")
    return value


def _rows(stored: Mapping, where: str) -> pd.DataFrame:
    columns: Any = stored.get("columns")
    rows: Any = stored.get("rows")
    fine = (
        isinstance(columns, list) and isinstance(rows, list) and len(columns) == len(rows) and all(isinstance(part, list) for part in rows)
    )
    if not fine or len({len(part) for part in rows}) > 1 or (rows and len(rows[0]) > MOST_ROWS):
        raise ValueError(f"the table of {where} must hold columns of one length, at most {MOST_ROWS:,} rows")
    if len(set(map(str, columns))) < len(columns):
        raise ValueError(f"the table of {where} names a column twice")
    cells = (str, int, float, bool, type(None))
    if not all(isinstance(cell, cells) for part in rows for cell in part):
        raise ValueError(f"the table of {where} may hold numbers and texts only")
    return pd.DataFrame({_text(name, f"a column of {where}"): part for name, part in zip(columns, rows, strict=True)})


def _check_chart(value: Any, where: str, depth: int = 0) -> None:
    """ValueError for anything in a chart that could lead elsewhere: pictures, addresses, tags beyond TAGS, deep nesting."""
    if depth > 12:
        raise ValueError(f"the chart of {where} is nested too deeply")
    if isinstance(value, dict):
        for key, part in value.items():
            if key in FORBIDDEN_KEYS:
                raise ValueError(f"the chart of {where} holds {uploads.clip(key)!r}, which no chart here has")
            _check_chart(part, where, depth + 1)
    elif isinstance(value, list):
        for part in value:
            _check_chart(part, where, depth + 1)
    elif isinstance(value, int | float) and not abs(value) <= LARGEST:
        raise ValueError(f"the chart of {where} holds a number that is not finite or too large")
    elif isinstance(value, str):
        rest = TAGS.sub("", value)
        if re.search(r"<\s*[a-zA-Z/!]", rest) or re.search(r"(?i)(?<![a-z{])(javascript|vbscript|data|https?)\s*:", rest):
            raise ValueError(f"a text in the chart of {where} holds a tag or an address")
