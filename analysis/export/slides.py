"""Panels as PowerPoint slides: one 16:9 slide each, with the figure as a picture or as a chart whose numbers can be edited."""

import io
import re
from collections.abc import Mapping, Sequence

from pptx import Presentation
from pptx.dml.color import RGBColor
from pptx.enum.dml import MSO_THEME_COLOR
from pptx.enum.text import MSO_ANCHOR
from pptx.opc.constants import RELATIONSHIP_TYPE
from pptx.oxml.ns import qn
from pptx.util import Inches, Length, Pt

from analysis import __version__
from analysis.charts.panel import Citation, Panel
from analysis.charts.style import PALETTE, THEMES
from analysis.export import browser
from analysis.export.editable import says_the_same
from analysis.export.native_chart import add_chart
from analysis.export.picture import chart_figure
from analysis.export.slide_picture import add_picture
from analysis.export.words import LICENCE, PROJECT, lines, printable, provenance, reference, settings_line, source_line

WIDTH, HEIGHT = Inches(13.333), Inches(7.5)
LEFT, SPAN = Inches(0.6), Inches(12.133)
TOP, BOTTOM, GAP = Inches(0.35), Inches(7.2), Inches(0.1)
FONT = "Arial"
"""The type of a deck: on every machine with PowerPoint, and elsewhere in another of the same widths."""
TITLE_ONLY = 5
"""The layout of python-pptx's default template with a title and nothing else."""
TITLE_SIZES = ((28, 1), (26, 2), (22, 2))
"""Sizes of a title [pt], each with the lines that it may take; longer ones are set in SMALLEST_TITLE."""
SMALLEST_TITLE, CAPTION_SIZE, SMALL = 18, 12, 10
LEADING = 1.2
"""Height of a line over the size of its type."""
PIXELS_PER_INCH = 144
SOURCES_SHOWN = 3
ABBREVIATIONS = ("al", "e.g", "i.e", "vs", "cf", "Fig", "Eq", "Sec", "Tab", "No", "no", "approx", "ca")


def presentation(slides: Sequence[Mapping], theme: str = "light", editable: bool = False) -> bytes:
    """A PowerPoint file with one slide per panel and, where there are several, the sources of all at the end.

    slides: {"panel": Panel, "title": str, "link": str, "note": str} each; what is missing or empty is the panel's own title,
    no link, no note. theme: "light" or "dark". editable: charts of PowerPoint in place of pictures where they say the same.

    Raises ValueError for no slides or another theme; `browser.NoBrowserError` where there is no browser to draw a picture.
    """
    if not slides:
        raise ValueError("slides must hold at least one panel, got none")
    if theme not in THEMES:
        raise ValueError(f"theme must be one of {', '.join(THEMES)}, got {theme!r}")
    deck = _blank(theme)
    for slide in slides:
        panel_slide(deck, slide, theme, editable)
    panels = [slide["panel"] for slide in slides]
    if len(panels) > 1:
        _sources_slides(deck, panels)
    _set_properties(deck, panels, [_title(slide) for slide in slides])
    out = io.BytesIO()
    deck.save(out)
    return out.getvalue()


def _title(slide: Mapping) -> str:
    return slide.get("title") or slide["panel"].title


def panel_slide(deck, slide: Mapping, theme: str = "light", editable: bool = False):
    """Add a slide: title, figure, the first sentence of its caption and its sources, and everything else about it in the notes.

    deck: a presentation of python-pptx as made here. slide, theme, editable: as of `presentation`. Returns python-pptx's slide.
    """
    panel, added = slide["panel"], deck.slides.add_slide(deck.slide_layouts[TITLE_ONLY])
    top = _set_title(added, _title(slide)) + GAP
    words = [
        (source_line(panel, SOURCES_SHOWN), SMALL, MSO_THEME_COLOR.TEXT_2),
        (first_sentence(panel.caption), CAPTION_SIZE, MSO_THEME_COLOR.TEXT_1),
    ]
    bottom = BOTTOM
    for text, size, color in words:
        height = _height([text], size)
        bottom -= height
        _text_box(added, [text], size, color, bottom, height)
        bottom -= GAP
    reason = says_the_same(panel.figure) if editable else ""
    place = (LEFT, top, SPAN, bottom - top)
    shape = add_chart(added, panel.figure, *place) if editable and not reason else _add_picture(added, panel, theme, *place)
    described = shape._element.xpath(".//p:cNvPr")[0]
    described.set("name", panel.name)
    described.set("descr", printable(panel.alt))
    notes = [*filter(None, [slide.get("note", "").strip(), f"A picture: {reason}" if reason else ""])]
    notes += [f"{label}: {printable(text)}" for label, text in provenance(panel, slide.get("link", ""))]
    added.notes_slide.notes_text_frame.text = "\n".join(re.sub("[^\\S\\n]+", " ", _allowed(note)) for note in notes)
    return added


def _allowed(text: str) -> str:
    """Text of several lines without what XML cannot hold."""
    return "\n".join(printable(line) for line in text.splitlines())


def first_sentence(text: str) -> str:
    """The first sentence of a text.

    >>> first_sentence("Losses as Hoffmann et al. print them, e.g. 1.7. Lines are computed.")
    'Losses as Hoffmann et al. print them, e.g. 1.7.'
    """
    for end in re.finditer(r"[.!?][\"”')]*(?=\s+[^a-z\s])", text):
        word = re.split(r"[\s(]", text[: end.start()])[-1]
        if word not in ABBREVIATIONS:
            return text[: end.end()]
    return text


def _set_title(slide, title: str) -> int:
    """Write the title in the largest type that it fits in; returns where it ends [EMU]."""
    text, shape = printable(title) or PROJECT, slide.shapes.title
    size = next((size for size, most in TITLE_SIZES if len(lines(text, size, SPAN.pt)) <= most), SMALLEST_TITLE)
    shape.text_frame.text = text
    shape.text_frame.paragraphs[0].runs[0].font.size = Pt(size)
    shape.left, shape.top, shape.width, shape.height = LEFT, TOP, SPAN, _height([text], size)
    return shape.top + shape.height


def _add_picture(slide, panel: Panel, theme: str, left: int, top: int, width: int, height: int):
    """The chart as a picture, with type as large as elsewhere on the slide."""
    size = (round(width / Inches(1) * PIXELS_PER_INCH), round(height / Inches(1) * PIXELS_PER_INCH))
    try:
        svg, png = browser.render_both(chart_figure(panel.figure, theme, *size), *size)
    except browser.NoBrowserError as problem:
        raise browser.NoBrowserError(f"{panel.name} stands on its slide as a picture. {problem}") from None
    return add_picture(slide, svg, png, left, top, width, height)


def _height(paragraphs: Sequence[str], size: float) -> int:
    """Height of paragraphs across the slide in type of a size [pt], in EMU."""
    count = sum(len(lines(printable(text), size, SPAN.pt)) + 0.25 for text in paragraphs if text)
    return Pt(round(count * size * LEADING))


def _text_box(slide, paragraphs: Sequence[str], size: float, color: int, top: int, height: Length | int) -> None:
    """A box across the slide with paragraphs in type of a size [pt]; color: of the theme."""
    frame = slide.shapes.add_textbox(LEFT, top, SPAN, height).text_frame
    frame.word_wrap = True
    frame.margin_left = frame.margin_right = frame.margin_top = frame.margin_bottom = 0
    for number, text in enumerate(printable(text) for text in paragraphs if text):
        paragraph = frame.paragraphs[0] if number == 0 else frame.add_paragraph()
        paragraph.space_after = Pt(size / 4)
        run = paragraph.add_run()
        run.text = text
        run.font.size = Pt(size)
        run.font.color.theme_color = color


def works(panels: Sequence[Panel]) -> list[str]:
    """The works that the panels cite, each once in order of appearance, with the places cited and the slides that cite it.

    >>> from analysis import catalogue
    >>> works([catalogue.panel("scaling.isoflop")])[0].endswith("(slide 1)")
    True
    """
    places: dict[str, dict[str, None]] = {}
    cited_on: dict[str, dict[int, None]] = {}
    for number, panel in enumerate(panels, start=1):
        for citation in panel.sources:
            found = [place for place in citation.location.split("; ") if place]
            places.setdefault(citation.source_id, {}).update(dict.fromkeys(found))
            cited_on.setdefault(citation.source_id, {})[number] = None
    return [_work(work, [*found], [*cited_on[work]]) for work, found in places.items()]


def _work(work: str, places: Sequence[str], numbers: Sequence[int]) -> str:
    cited = f": {'; '.join(places)}" if places else ""
    return f"{reference(Citation(work)).long}{cited} (slide{'s' if len(numbers) > 1 else ''} {', '.join(map(str, numbers))})"


def _sources_slides(deck, panels: Sequence[Panel]) -> None:
    """The works on a slide at the end, or on as many as they need in type of SMALL."""
    room, top = BOTTOM - Inches(1.2) - _height([LICENCE], SMALL), Inches(1.1)
    pages: list[list[str]] = [[]]
    size = CAPTION_SIZE if _height(works(panels), CAPTION_SIZE) <= room else SMALL
    for work in works(panels):
        if _height([*pages[-1], work], size) > room:
            pages.append([])
        pages[-1].append(work)
    for number, page in enumerate(pages, start=1):
        slide = deck.slides.add_slide(deck.slide_layouts[TITLE_ONLY])
        _set_title(slide, "Sources" if len(pages) == 1 else f"Sources ({number})")
        _text_box(slide, page, size, MSO_THEME_COLOR.TEXT_1, top, room)
        _text_box(slide, [LICENCE], SMALL, MSO_THEME_COLOR.TEXT_2, top + room, _height([LICENCE], SMALL))


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
        title.left, title.top, title.width, title.height = LEFT, TOP, SPAN, Inches(0.95)
        title.text_frame.vertical_anchor = MSO_ANCHOR.TOP
        frame = title.text_frame
        frame.margin_left = frame.margin_right = frame.margin_top = frame.margin_bottom = 0
    style = master._element.find(qn("p:txStyles")).find(qn("p:titleStyle")).find(qn("a:lvl1pPr"))
    style.set("algn", "l")
    style.find(qn("a:defRPr")).set("b", "1")
    background = master.background.fill
    background.solid()
    background.fore_color.theme_color = MSO_THEME_COLOR.BACKGROUND_1
    _set_theme(master, theme)
    return deck


def _set_theme(master, theme: str) -> None:
    """Write text, page, muted text, grid and the palette over the colours of the template's theme, and FONT over its type."""
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
    text = re.sub(r'(<a:(?:majorFont|minorFont)>\s*<a:latin typeface=)"[^"]*"', rf'\1"{FONT}"', text)
    part._blob = text.encode("utf-8")  # python-pptx has no other way to a theme
