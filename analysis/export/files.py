"""Panels as files in every format.

Every file carries the figure's title, sources and settings inside it.
"""

from collections.abc import Mapping, Sequence

from analysis.charts.panel import Panel
from analysis.export import csv_file
from analysis.export.picture import picture, slide_figure

__all__ = ["FORMATS", "THEMES", "deck", "export", "file_name", "mime", "slide_figure"]

FORMATS = ("csv", "png", "svg", "pdf", "html", "pptx")
THEMES = ("auto", "light", "dark")
MIME = {
    "csv": "text/csv",
    "png": "image/png",
    "svg": "image/svg+xml",
    "pdf": "application/pdf",
    "html": "text/html",
    "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
}


def export(panel: Panel, format: str, *, permalink: str = "", theme: str = "auto") -> bytes:
    """The panel as the bytes of a file.

    format: one of FORMATS. permalink: address that restores the page, written into the file. theme: "light", "dark", or
    "auto": light, except that an HTML file follows its reader's own setting.

    Raises ValueError for another format or theme, NoBrowserError where a picture is needed and there is no browser.
    """
    _check("format", format, FORMATS)
    _check("theme", theme, THEMES)
    fixed = "light" if theme == "auto" else theme
    if format == "csv":
        return csv_file.table(panel, permalink)
    if format == "html":
        from analysis.export.html import page

        return page(panel, permalink, theme)
    if format == "pptx":
        from analysis.export.slides import presentation

        return presentation([panel], fixed, permalinks=[permalink])
    return picture(panel, format, permalink, fixed)


def deck(slides: Sequence[Mapping], theme: str = "auto") -> bytes:
    """A PowerPoint file of several panels: slides of {"panel": Panel, "title": str, "link": str}, then their sources.

    An empty title stands for the panel's own. Raises ValueError for no slides or another theme, NoBrowserError as `export`.
    """
    _check("theme", theme, THEMES)
    from analysis.export.slides import presentation

    titles = [slide.get("title") or slide["panel"].title for slide in slides]
    links = [slide.get("link", "") for slide in slides]
    return presentation([slide["panel"] for slide in slides], "light" if theme == "auto" else theme, titles, links)


def file_name(panel: Panel, format: str) -> str:
    """Name of the file for a panel in a format, e.g. "scaling-isoflop.svg"."""
    _check("format", format, FORMATS)
    return f"{panel.name.replace('.', '-')}.{format}"


def mime(format: str) -> str:
    """The media type of a format.

    >>> mime("svg")
    'image/svg+xml'
    """
    _check("format", format, FORMATS)
    return MIME[format]


def _check(name: str, value: str, allowed: Sequence[str]) -> None:
    if value not in allowed:
        raise ValueError(f"{name} must be one of {', '.join(allowed)}, got {value!r}")
