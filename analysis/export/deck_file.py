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
from dataclasses import replace
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from analysis import tables, uploads
from analysis.charts import style
from analysis.charts.panel import Citation, Panel, explanation
from analysis.charts.plain import as_plain
from analysis.export import files
from analysis.export.words import MADE_WITH

FORMAT, VERSION = "ten-papers-recomputed deck", 1
MOST_SLIDES, MOST_BYTES, MOST_ROWS, MOST_TEXT = 100, 20_000_000, 200_000, 20_000
LARGEST = 1e300
MOST_TITLE, SHORT = 300, ("title", "name", "panel_title")
CHARTS = ("scatter", "bar", "heatmap", "contour", "histogram", "box", "violin", "scattergl")
TAGS = re.compile(r"</?(?:br|b|i|sup|sub|extra|em|strong|span)\s*/?>|<span style='font-size:\d+px'>", re.IGNORECASE)
"""What a text in a chart may hold of Plotly's own mark-up; none of it takes an address or a style."""
FORBIDDEN_KEYS = ("images", "sliders", "updatemenus", "source", "src", "frames", "mapbox", "map", "geo", "config", "bdata")


def pack(slides: Sequence[Mapping]) -> bytes:
    """Slides of {"panel": Panel, "title": str, "link": str, "note": str} as a file that `unpack` opens again."""
    content = {"format": FORMAT, "version": VERSION, "made_with": MADE_WITH, "slides": [_packed(slide) for slide in slides]}
    return json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode("utf-8")


def unpack(data: bytes, own: bool = False) -> list[dict]:
    """The slides of a deck file. Raises ValueError with one sentence where it is not one, or holds what no deck of ours holds.

    own: this server wrote the file, so its charts were drawn before; those of any other are put on a slide once, to see that they can be.
    """
    try:
        content = uploads.json_of(uploads.text_of(data, MOST_BYTES))
    except ValueError as problem:
        raise ValueError(f"the file is not a deck: it {problem}") from None
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise ValueError(f"the file is not a deck: it does not begin as one ({FORMAT!r} is missing)")
    if content.get("version") != VERSION:
        raise ValueError(f"the deck has version {uploads.clip(content.get('version'))}; this program reads version {VERSION}")
    slides = content.get("slides")
    if not isinstance(slides, list) or len(slides) > MOST_SLIDES:
        raise ValueError(f"the deck needs a list of at most {MOST_SLIDES} slides")
    if not slides and not own:
        raise ValueError("the deck holds no slide")
    found = [_unpacked(slide, number) for number, slide in enumerate(slides, start=1)]
    if not own:
        for number, slide in enumerate(found, start=1):
            _try_out(slide["panel"], f"slide {number} of the deck")
    return found


def bundle(slides: Sequence[Mapping], formats: Sequence[str] = ("svg", "pdf", "csv")) -> bytes:
    """A ZIP file with every figure in each format, numbered in the deck's order.

    Raises ValueError for no slides, `export_image.NoBrowserError` where a picture is wanted and there is no browser.
    """
    if not slides:
        raise ValueError("slides must hold at least one figure, got none")
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        for number, slide in enumerate(slides, start=1):
            panel = retitled(slide)
            for format in formats:
                file.writestr(
                    f"{number:02d}-{files.file_name(panel, format)}", files.export(panel, format, permalink=slide.get("link", ""))
                )
    return out.getvalue()


def retitled(slide: Mapping) -> Panel:
    """The slide's panel under the slide's title."""
    panel = slide["panel"]
    return replace(panel, title=slide["title"]) if slide.get("title") and slide["title"] != panel.title else panel


def _packed(slide: Mapping) -> dict:
    panel = slide["panel"]
    figure = as_plain(panel.figure)
    layout = {name: value for name, value in figure["layout"].items() if name != "template"}
    rows = panel.data
    return {
        "title": slide.get("title", ""),
        "link": slide.get("link", ""),
        "note": slide.get("note", ""),
        "name": panel.name,
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


def _unpacked(slide: Any, number: int) -> dict:
    where = f"slide {number} of the deck"
    if not isinstance(slide, dict):
        raise ValueError(f"{where} is not a slide")
    texts = {
        name: _text(slide.get(name), f"{name} of {where}", MOST_TITLE if name in SHORT else MOST_TEXT)
        for name in (*SHORT, "link", "caption", "alt", "explain")
    }
    note = _text(slide.get("note", ""), f"note of {where}")  # decks of before have none
    settings, sources, figure = slide.get("settings"), slide.get("sources"), slide.get("figure")
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
            name=texts["name"],
            title=texts["panel_title"],
            figure=style.figure(figure["data"], figure["layout"]),
            parts=[_rows(slide, where)],
            caption=texts["caption"],
            alt=texts["alt"],
            sources=tuple(Citation(*pair) for pair in sources),
            settings={_text(k, where): _text(v, where) for k, v in settings.items()},
            explain=(texts["explain"],) if texts["explain"] else (),
        )
        go.Figure(figure)  # Plotly checks every property of it
    except (ValueError, TypeError, LookupError, AttributeError, ArithmeticError) as problem:  # as Plotly has it
        raise ValueError(f"{where} cannot be used: {uploads.clip(problem, 200)}") from None
    link = texts["link"] if re.match(r"(https?://|/)", texts["link"]) else ""
    return {"panel": panel, "title": texts["title"] or panel.title, "link": link, "note": note}


def _try_out(panel: Panel, where: str) -> None:
    """ValueError where the panel cannot be drawn as an editable chart although it looks as if it could."""
    from analysis.export.editable import says_the_same
    from analysis.export.slides import presentation

    try:
        if not says_the_same(panel.figure):
            presentation([{"panel": panel}], editable=True)
    except (ValueError, TypeError, LookupError, AttributeError, ArithmeticError) as problem:
        raise ValueError(f"the chart of {where} cannot be drawn: {uploads.clip(problem, 160)}") from None


def _text(value: Any, what: str, most: int = MOST_TEXT) -> str:
    if not isinstance(value, str) or len(value) > most:
        raise ValueError(f"{what} must be a text of at most {most:,} characters")
    return value


def _rows(slide: Mapping, where: str) -> pd.DataFrame:
    columns: Any = slide.get("columns")
    rows: Any = slide.get("rows")
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
