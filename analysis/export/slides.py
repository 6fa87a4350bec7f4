"""Decks as PowerPoint files: 16:9 slides with figures as pictures or as charts whose numbers can be edited."""

import io
import re
from collections.abc import Sequence

from pptx.util import Inches

from analysis import PROJECT, __version__
from analysis.charts.panel import Panel
from analysis.charts.sentences import parted
from analysis.charts.style import THEMES
from analysis.export import browser
from analysis.export.editable import says_the_same
from analysis.export.native_chart import add_chart
from analysis.export.picture import chart_figure
from analysis.export.slide import Shown, Slide
from analysis.export.slide_master import BOTTOM, LEFT, SPAN, TITLE_ONLY, TOP, blank
from analysis.export.slide_picture import add_picture
from analysis.export.slide_sources import add_sources
from analysis.export.slide_words import (
    CAPTION_SIZE,
    COVER_LINES,
    GAP,
    MUTED,
    PLAIN,
    SMALL,
    height,
    number_slide,
    set_cover,
    set_table,
    set_text,
    set_title,
    text_box,
)
from analysis.export.words import printable, provenance, settings_line, source_line

BESIDE = Inches(0.35)
"""Room between two figures on one slide."""
BESIDE_TITLE = 14
PIXELS_PER_INCH, PIXELS_PER_INCH_BESIDE = 144, 180
"""Of a picture across the slide, and of one of two; type in pictures of two is smaller."""
SOURCES_SHOWN = 3
TWO = "Two figures on a slide are pictures."


def presentation(slides: Sequence[Slide], theme: str = "light", editable: bool = False) -> bytes:
    """A PowerPoint file of slides and, where there are several, the sources of all at the end.

    theme: "light" or "dark". editable: charts of PowerPoint in place of pictures where they say the same.

    Raises ValueError for no slides or another theme; `browser.NoBrowserError` where there is no browser to draw a picture.
    """
    if not slides:
        raise ValueError("slides must hold at least one slide, got none")
    if theme not in THEMES:
        raise ValueError(f"theme must be one of {', '.join(THEMES)}, got {theme!r}")
    deck = blank(theme)
    for slide in slides:
        added = add_slide(deck, slide, theme, editable)
        if len(slides) > 1:
            number_slide(added)
    if len(slides) > 1 and any(panel.sources for slide in slides for panel in slide.panels):
        add_sources(deck, slides)
    _set_properties(deck, slides)
    out = io.BytesIO()
    deck.save(out)
    return out.getvalue()


def add_slide(deck, slide: Slide, theme: str = "light", editable: bool = False):
    """Add a slide to a presentation as made here; everything about its figures that it does not show stands in its notes.

    theme, editable: as of `presentation`. Returns python-pptx's slide.
    """
    added, reasons = deck.slides.add_slide(deck.slide_layouts[TITLE_ONLY]), [picture_because(slide)] if editable else []
    paragraphs = slide.text.splitlines()
    cells = [re.split(r"\s\|\s", line) for line in paragraphs]
    as_table = {len(row) for row in cells} in ({2}, {3})
    if not slide.figures and not as_table and len(paragraphs) <= COVER_LINES:
        set_cover(added, slide.heading, paragraphs)
    else:
        top = set_title(added, slide.heading, _set_above(added, slide.above)) + GAP
        if not slide.figures:
            set_table(added, cells, top + GAP) if as_table else set_text(added, paragraphs, top + GAP)
        elif len(slide.figures) == 1:
            _set_figure(added, slide.figures[0], theme, top, editable and not reasons[0])
        else:
            _set_beside(added, slide.figures, theme, top)
    notes = [slide.note.strip(), *(f"A picture: {reason}" for reason in reasons if reason)]
    for shown in slide.figures:
        notes += [f"{label}: {printable(text)}" for label, text in provenance(shown.panel, shown.link)]
    if any(notes):
        added.notes_slide.notes_text_frame.text = "\n".join(re.sub("[^\\S\\n]+", " ", _allowed(note)) for note in notes if note)
    return added


def picture_because(slide: Slide) -> str:
    """Why a slide shows a picture where editable charts are asked for, as one sentence; "" where it shows a chart or no figure."""
    if len(slide.figures) == 1:
        return says_the_same(slide.panels[0].figure)
    return TWO if slide.figures else ""


def _allowed(text: str) -> str:
    """Text of several lines without what XML cannot hold."""
    return "\n".join(printable(line) for line in text.splitlines())


def _set_above(slide, words: str) -> int:
    """Write the small line above the title, if there is one; returns where the title begins [EMU]."""
    if not printable(words):
        return TOP
    tall = height([words], CAPTION_SIZE)
    text_box(slide, [words], CAPTION_SIZE, MUTED, TOP - GAP, tall)
    return TOP - GAP + tall


def _set_figure(slide, shown: Shown, theme: str, top: int, editable: bool) -> None:
    """One figure across the slide, the first sentence of its caption, and its sources."""
    panel, bottom = shown.panel, BOTTOM
    words = [
        (source_line(panel, SOURCES_SHOWN), SMALL, MUTED),
        (parted(panel.caption)[0], CAPTION_SIZE, PLAIN),
    ]
    for text, size, color in words:
        tall = height([text], size)
        bottom -= tall
        text_box(slide, [text], size, color, bottom, tall)
        bottom -= GAP
    place = (LEFT, top, SPAN, bottom - top)
    shape = add_chart(slide, panel.figure, *place) if editable else _add_picture(slide, panel, theme, *place)
    _describe(shape, panel)


def _set_beside(slide, figures: Sequence[Shown], theme: str, top: int) -> None:
    """Figures side by side, each under its own title and over its sources."""
    width = (SPAN - BESIDE * (len(figures) - 1)) // len(figures)
    sources = [source_line(shown.panel, SOURCES_SHOWN - 1) for shown in figures]
    headed = max(height([shown.panel.title], BESIDE_TITLE, width, bold=True) for shown in figures)
    footed = max(height([text], SMALL, width) for text in sources)
    for number, (shown, text) in enumerate(zip(figures, sources, strict=True)):
        left = LEFT + number * (width + BESIDE)
        text_box(slide, [shown.panel.title], BESIDE_TITLE, PLAIN, top, headed, left, width, bold=True)
        text_box(slide, [text], SMALL, MUTED, BOTTOM - footed, footed, left, width)
        begin, end = top + headed + GAP, BOTTOM - footed - GAP
        _describe(_add_picture(slide, shown.panel, theme, left, begin, width, end - begin, PIXELS_PER_INCH_BESIDE), shown.panel)


def _describe(shape, panel: Panel) -> None:
    """The name and the alternative text of a figure."""
    described = shape._element.xpath(".//p:cNvPr")[0]
    described.set("name", panel.name)
    described.set("descr", printable(panel.alt))


def _add_picture(slide, panel: Panel, theme: str, left: int, top: int, width: int, tall: int, pixels_per_inch: int = PIXELS_PER_INCH):
    """The chart as a picture, with type about as large as elsewhere on the slide."""
    size = (round(width / Inches(1) * pixels_per_inch), round(tall / Inches(1) * pixels_per_inch))
    try:
        svg, png = browser.render_both(chart_figure(panel.figure, theme, *size), *size)
    except browser.NoBrowserError as problem:
        raise browser.NoBrowserError(f"{panel.name} stands on its slide as a picture. {problem}") from None
    return add_picture(slide, svg, png, left, top, width, tall)


def _set_properties(deck, slides: Sequence[Slide]) -> None:
    """Title, subject and so on of the file; each holds at most 255 characters."""
    panels, properties = [panel for slide in slides for panel in slide.panels], deck.core_properties
    only = slides[0].heading if len(slides) == 1 else f"{PROJECT}: {len(slides)} slides"
    properties.title = printable(only)[:255]
    properties.subject = printable("; ".join(source_line(panel) for panel in panels))[:255]
    properties.keywords = printable("; ".join(panel.name for panel in panels))[:255]
    properties.comments = printable("; ".join(settings_line(panel) for panel in panels if panel.settings))[:255]
    properties.author = properties.last_modified_by = PROJECT
    properties.version = __version__
