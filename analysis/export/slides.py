"""Panels as PowerPoint slides: one 16:9 slide each, with a chart whose numbers can be edited where PowerPoint can draw it."""

import io
import re
from collections.abc import Sequence

from pptx import Presentation
from pptx.dml.color import RGBColor
from pptx.enum.dml import MSO_THEME_COLOR
from pptx.enum.text import MSO_ANCHOR
from pptx.opc.constants import RELATIONSHIP_TYPE
from pptx.oxml.ns import qn
from pptx.util import Inches, Length, Pt

from analysis import __version__
from analysis.charts.panel import Panel
from analysis.charts.style import PALETTE, THEMES
from analysis.export import browser
from analysis.export.native_chart import add_chart
from analysis.export.native_series import in_plot, is_native, role
from analysis.export.picture import SOURCES_SHOWN, chart_figure
from analysis.export.words import LICENCE, PROJECT, lines, plain_text, printable, provenance, references, settings_line, source_line

WIDTH, HEIGHT = Inches(13.333), Inches(7.5)
LEFT, SPAN = Inches(0.6), Inches(12.133)
CHART_TOP, CHART_BOTTOM = Inches(1.35), Inches(5.85)
TITLE_ONLY = 5
"""The layout of python-pptx's default template with a title and nothing else."""
SOURCES_PER_SLIDE = 16
SMALLEST = 7
BANDS = "Bands are drawn as their two edges."


def presentation(
    panels: Sequence[Panel], theme: str = "light", titles: Sequence[str] | None = None, permalinks: Sequence[str] | None = None
) -> bytes:
    """A PowerPoint file with one slide per panel and, where there are several, the sources of all on slides at the end.

    theme: "light" or "dark". titles, permalinks: one per panel; without titles the panels' own are used.

    Raises ValueError for no panels, another theme, or titles or permalinks of another number; `export_image.NoBrowserError`
    where a panel needs a picture and there is no browser to draw it.
    """
    if not panels:
        raise ValueError("panels must hold at least one panel, got none")
    if theme not in THEMES:
        raise ValueError(f"theme must be one of {', '.join(THEMES)}, got {theme!r}")
    titles = [panel.title for panel in panels] if titles is None else titles
    permalinks = [""] * len(panels) if permalinks is None else permalinks
    for name, values in (("titles", titles), ("permalinks", permalinks)):
        if len(values) != len(panels):
            raise ValueError(f"{name} must hold one text per panel, that is {len(panels)}, got {len(values)}")
    deck = _blank(theme)
    for panel, title, permalink in zip(panels, titles, permalinks, strict=True):
        panel_slide(deck, panel, title=title, permalink=permalink, theme=theme)
    if len(panels) > 1:
        _sources_slides(deck, panels)
    _set_properties(deck, panels, titles)
    out = io.BytesIO()
    deck.save(out)
    return out.getvalue()


def panel_slide(deck, panel: Panel, title: str = "", permalink: str = "", theme: str = "light"):
    """Add a slide with the panel's chart, caption and sources, and everything else about it in the notes; returns the slide.

    deck: a presentation of python-pptx as made here. title: instead of the panel's own.
    """
    slide = deck.slides.add_slide(deck.slide_layouts[TITLE_ONLY])
    _set_title(slide, title or panel.title)
    figure, height = panel.figure, CHART_BOTTOM - CHART_TOP
    native = is_native(figure)
    if native:
        shape = add_chart(slide, figure, Inches(0.45), CHART_TOP, WIDTH - Inches(0.9), height)
    else:
        shape = _add_picture(slide, panel, theme, height)
    described = shape._element.xpath(".//p:cNvPr")[0]
    described.set("name", panel.name)
    described.set("descr", printable(panel.alt))
    _text_box(slide, [_caption(panel, native)], 12, MSO_THEME_COLOR.TEXT_1, Inches(6.0), Inches(0.8))
    _text_box(slide, [source_line(panel, SOURCES_SHOWN), settings_line(panel)], 10, MSO_THEME_COLOR.TEXT_2, Inches(6.85), Inches(0.6))
    slide.notes_slide.notes_text_frame.text = "\n".join(f"{label}: {printable(text)}" for label, text in provenance(panel, permalink))
    return slide


def _set_title(slide, title: str) -> None:
    text = printable(title) or PROJECT
    slide.shapes.title.text_frame.text = text
    size = next((size for size, most in ((28, 1), (26, 2), (22, 2)) if len(lines(text, size, SPAN.pt)) <= most), 18)
    slide.shapes.title.text_frame.paragraphs[0].runs[0].font.size = Pt(size)


def _caption(panel: Panel, native: bool) -> str:
    """The caption, and what a native chart shows differently."""
    beside = [plain_text(note.text) for note in panel.figure.layout.annotations if note.text and not in_plot(note)] if native else []
    bands = BANDS if native and any(role(trace) == "band" for trace in panel.figure.data) else ""
    return printable(" ".join([panel.caption, bands, *([f"On the chart: {'; '.join(beside)}."] if beside else [])]))


def _add_picture(slide, panel: Panel, theme: str, height: int):
    """The chart as a picture, with type as large as elsewhere on the slide."""
    pixels = 144 / Inches(1)
    width_px, height_px = round(SPAN * pixels), round(height * pixels)
    figure = chart_figure(panel.figure, theme, width_px, height_px)
    try:
        data = browser.render(figure, "png", width_px, height_px)
    except browser.NoBrowserError as problem:
        raise browser.NoBrowserError(
            f"{panel.name} needs a picture on its slide, because PowerPoint has no such chart. {problem}"
        ) from None
    return slide.shapes.add_picture(io.BytesIO(data), LEFT, CHART_TOP, SPAN, height)


def _text_box(slide, paragraphs: Sequence[str], size: float, color: int, top: int, height: Length) -> None:
    """A box across the slide with paragraphs in type of a size [pt], or smaller where they would not fit; color: of the theme."""
    texts = [printable(text) for text in paragraphs if text]
    while size > SMALLEST and sum(len(lines(text, size, SPAN.pt)) + 0.25 for text in texts) * size * 1.2 > height.pt:
        size -= 1
    frame = slide.shapes.add_textbox(LEFT, top, SPAN, height).text_frame
    frame.word_wrap = True
    frame.margin_left = frame.margin_right = frame.margin_top = frame.margin_bottom = 0
    for number, text in enumerate(texts):
        paragraph = frame.paragraphs[0] if number == 0 else frame.add_paragraph()
        paragraph.space_after = Pt(size / 4)
        run = paragraph.add_run()
        run.text = text
        run.font.size = Pt(size)
        run.font.color.theme_color = color


def _sources_slides(deck, panels: Sequence[Panel]) -> None:
    works = references(panels)
    for start in range(0, len(works), SOURCES_PER_SLIDE):
        slide = deck.slides.add_slide(deck.slide_layouts[TITLE_ONLY])
        _set_title(slide, "Sources" if len(works) <= SOURCES_PER_SLIDE else f"Sources ({start // SOURCES_PER_SLIDE + 1})")
        part = [work.long for work in works[start : start + SOURCES_PER_SLIDE]]
        _text_box(slide, part, 12, MSO_THEME_COLOR.TEXT_1, CHART_TOP, Inches(5.4))
        _text_box(slide, [LICENCE], 10, MSO_THEME_COLOR.TEXT_2, Inches(6.85), Inches(0.4))


def _set_properties(deck, panels: Sequence[Panel], titles: Sequence[str]) -> None:
    """Title, subject and so on of the file; each holds at most 255 characters."""
    properties = deck.core_properties
    properties.title = printable(titles[0] if len(panels) == 1 else f"{PROJECT}: {len(panels)} figures")[:255]
    properties.subject = printable("; ".join(source_line(panel) for panel in panels))[:255]
    properties.keywords = printable("; ".join(panel.name for panel in panels))[:255]
    properties.comments = printable("; ".join(settings_line(panel) for panel in panels if panel.settings))[:255]
    properties.author = properties.last_modified_by = PROJECT
    properties.version = __version__


def _blank(theme: str):
    """An empty 16:9 presentation whose master carries the theme: colours are those of `figures.style`, titles on the left."""
    deck = Presentation()
    wider = WIDTH / deck.slide_width
    deck.slide_width, deck.slide_height = WIDTH, HEIGHT
    master = deck.slide_master
    for place in (master, *master.slide_layouts):
        for shape in place.shapes:
            if shape._element.spPr.xfrm is not None:
                shape.left, shape.width = round(shape.left * wider), round(shape.width * wider)
    for place in (master, deck.slide_layouts[TITLE_ONLY]):
        title = next(shape for shape in place.placeholders if shape.placeholder_format.type in (1, 3))
        title.left, title.top, title.width, title.height = LEFT, Inches(0.35), SPAN, Inches(0.95)
        title.text_frame.vertical_anchor = MSO_ANCHOR.TOP
        title.text_frame.margin_left = 0
    style = master._element.find(qn("p:txStyles")).find(qn("p:titleStyle")).find(qn("a:lvl1pPr"))
    style.set("algn", "l")
    style.find(qn("a:defRPr")).set("b", "1")
    background = master.background.fill
    background.solid()
    background.fore_color.theme_color = MSO_THEME_COLOR.BACKGROUND_1
    _set_theme_colors(master, theme)
    return deck


def _set_theme_colors(master, theme: str) -> None:
    """Write text, page, muted text, grid and the palette over the colours of the template's theme."""
    part = master.part.part_related_by(RELATIONSHIP_TYPE.THEME)
    colors = THEMES[theme]
    values = {
        "dk1": colors["text"],
        "lt1": colors["page"],
        "dk2": colors["muted"],
        "lt2": colors["grid"],
        "hlink": PALETTE[0],
        "folHlink": PALETTE[3],
    }
    values |= {f"accent{number}": color for number, color in enumerate(PALETTE[:6], 1)}
    text = part.blob.decode("utf-8")
    for name, color in values.items():
        text = re.sub(
            rf"<a:{name}>.*?</a:{name}>",
            f'<a:{name}><a:srgbClr val="{RGBColor.from_string(color[1:])}"/></a:{name}>',
            text,
            flags=re.DOTALL,
        )
    part._blob = text.encode("utf-8")  # python-pptx has no other way to a theme
