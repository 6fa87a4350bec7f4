"""Panels as files in every format.

Every file carries the figure's title, sources and settings inside it.
"""

from collections.abc import Sequence

from analysis.charts.panel import Panel
from analysis.export import csv_file, json_file, slide
from analysis.export.browser import IMAGE_FORMATS
from analysis.export.picture import picture, slide_figure
from analysis.export.slide import Slide

__all__ = ["FORMATS", "NEEDS_BROWSER", "THEMES", "deck", "export", "file_name", "mime", "slide_figure"]

FORMATS = ("csv", "json", "png", "svg", "pdf", "html", "pptx")
NEEDS_BROWSER = (*IMAGE_FORMATS, "pptx")
"""Formats that a browser draws; of slides, all but editable charts."""
THEMES = ("auto", "light", "dark")
MIME = {
    "csv": "text/csv",
    "json": "application/json",
    "png": "image/png",
    "svg": "image/svg+xml",
    "pdf": "application/pdf",
    "html": "text/html",
    "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
}


def export(panel: Panel, format: str, *, permalink: str = "", theme: str = "auto", editable: bool = False) -> bytes:
    """The panel as the bytes of a file.

    format: one of FORMATS. permalink: address that restores the page, written into the file. theme: "light", "dark", or
    "auto": light, except that an HTML file follows its reader's own setting. editable: of a slide, a chart of PowerPoint in
    place of a picture where it says the same (`editable.says_the_same`).

    Raises ValueError for another format or theme, NoBrowserError where a picture is needed and there is no browser.
    """
    _check("format", format, FORMATS)
    _check("theme", theme, THEMES)
    fixed = "light" if theme == "auto" else theme
    if format == "csv":
        return csv_file.table(panel, permalink)
    if format == "json":
        return json_file.record(panel, permalink)
    if format == "html":
        from analysis.export.html import page

        return page(panel, permalink, theme)
    if format == "pptx":
        from analysis.export.slides import presentation

        return presentation([slide.of(panel, permalink)], fixed, editable)
    return picture(panel, format, permalink, fixed)


def deck(slides: Sequence[Slide], theme: str = "auto", editable: bool = False) -> bytes:
    """A PowerPoint file of slides, then their sources; theme and editable as of `export`.

    Raises ValueError for no slides or another theme, NoBrowserError as `export`.
    """
    _check("theme", theme, THEMES)
    from analysis.export.slides import presentation

    return presentation(slides, "light" if theme == "auto" else theme, editable)


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
