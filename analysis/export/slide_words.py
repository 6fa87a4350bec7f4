"""The words on a slide: titles, paragraphs and tables in type that fits, and the number of the slide."""

from collections.abc import Sequence

from pptx.enum.dml import MSO_THEME_COLOR
from pptx.enum.text import PP_ALIGN
from pptx.oxml import parse_xml
from pptx.oxml.ns import nsdecls
from pptx.util import Inches, Length, Pt

from analysis import PROJECT
from analysis.export.slide_master import BOTTOM, LEFT, SPAN, TOP
from analysis.export.words import lines, printable

GAP = Inches(0.1)
CAPTION_SIZE, SMALL = 12, 10
ARIAL = 1.14
"""How much wider Arial is than the font that ships with the project, at most, in lines of some length."""
LEADING = 1.2
"""Height of a line over the size of its type."""
TITLE_SIZES = ((28, 1), (26, 2), (22, 2))
"""Sizes of a title [pt], each with the lines that it may take; longer ones are set in SMALLEST_TITLE."""
SMALLEST_TITLE = 18
TEXT_SIZES = (24, 20, 18, 16, 14, 12)
COVER_TITLE, COVER_TEXT, COVER_LINES = 44, 20, 3
"""A slide of words alone with at most COVER_LINES lines is a cover: large, in the middle."""
CELL_MARGIN = Inches(0.06)
MUTED, PLAIN = MSO_THEME_COLOR.TEXT_2, MSO_THEME_COLOR.TEXT_1


def height(paragraphs: Sequence[str], size: float, width: float = SPAN, bold: bool = False) -> int:
    """Height [EMU] of paragraphs of a width [EMU] in type of a size [pt]."""
    count = sum(_line_count(text, size, width, bold) + 0.25 for text in paragraphs if text)
    return Pt(round(count * size * LEADING))


def _line_count(text: str, size: float, width: float, bold: bool) -> int:
    return len(lines(printable(text), size * ARIAL, width / Pt(1), bold))


def text_box(
    slide,
    paragraphs: Sequence[str],
    size: float,
    color: int,
    top: int,
    tall: Length | int,
    left: int = LEFT,
    width: int = SPAN,
    bold: bool = False,
):
    """Add a box with paragraphs in type of a size [pt], at a place in EMU; color: of the theme. Returns the shape."""
    box = slide.shapes.add_textbox(left, top, width, tall)
    frame = box.text_frame
    frame.word_wrap = True
    frame.margin_left = frame.margin_right = frame.margin_top = frame.margin_bottom = 0
    for number, text in enumerate(printable(text) for text in paragraphs if text):
        paragraph = frame.paragraphs[0] if number == 0 else frame.add_paragraph()
        paragraph.space_after = Pt(size / 4)
        _write(paragraph, text, size, color, bold)
    return box


def set_title(slide, title: str, top: int = TOP) -> int:
    """Write the title in the largest type that it fits in; returns where it ends [EMU]."""
    text, shape = printable(title) or PROJECT, slide.shapes.title
    size = next((size for size, most in TITLE_SIZES if _line_count(text, size, SPAN, bold=True) <= most), SMALLEST_TITLE)
    shape.text_frame.text = text
    shape.text_frame.paragraphs[0].runs[0].font.size = Pt(size)
    shape.left, shape.top, shape.width, shape.height = LEFT, top, SPAN, height([text], size, bold=True)
    return shape.top + shape.height


def set_cover(slide, title: str, paragraphs: Sequence[str]) -> None:
    """Write title and a few lines large, from the middle of the slide on."""
    shape, text = slide.shapes.title, printable(title)
    shape.text_frame.text = text
    shape.text_frame.paragraphs[0].runs[0].font.size = Pt(COVER_TITLE)
    tall = height([text], COVER_TITLE, bold=True)
    shape.left, shape.top, shape.width, shape.height = LEFT, Inches(3.4) - tall, SPAN, tall
    text_box(slide, paragraphs, COVER_TEXT, MUTED, Inches(3.6), height(paragraphs, COVER_TEXT))


def set_text(slide, paragraphs: Sequence[str], top: int) -> None:
    """Write paragraphs in the largest type with which they fit below `top`."""
    room = BOTTOM - top
    size = next((size for size in TEXT_SIZES if height(paragraphs, size) <= room), TEXT_SIZES[-1])
    text_box(slide, paragraphs, size, PLAIN, top, room)


def set_table(slide, rows: Sequence[Sequence[str]], top: int) -> None:
    """Write rows of as many cells each as a table in the largest type with which it fits below `top`; the first row heads it."""
    width = SPAN // len(rows[0])
    inside = width - 2 * CELL_MARGIN

    def tall(row: Sequence[str], size: float) -> int:
        return max(height([cell], size, inside) for cell in row) + CELL_MARGIN

    size = next((size for size in TEXT_SIZES[2:] if sum(tall(row, size) for row in rows) <= BOTTOM - top), TEXT_SIZES[-1])
    frame = slide.shapes.add_table(len(rows), len(rows[0]), LEFT, top, SPAN, sum(tall(row, size) for row in rows))
    table = frame.table
    table._tbl.tblPr.find("{*}tableStyleId").text = "{2D5ABB26-0587-4C30-8999-92F81FD0307C}"  # PowerPoint's "No Style, No Grid"
    for number, row in enumerate(rows):
        table.rows[number].height = tall(row, size)
        for place, text in enumerate(row):
            cell = table.cell(number, place)
            cell.margin_left = cell.margin_right = CELL_MARGIN
            cell.margin_top = cell.margin_bottom = CELL_MARGIN // 2
            _write(cell.text_frame.paragraphs[0], printable(text), size, MUTED if number == 0 else PLAIN, bold=number == 0)
            _underline(cell)


def number_slide(slide) -> None:
    """Add the slide's number at the bottom on the right, as a field that follows when slides are moved."""
    box = text_box(slide, [" "], SMALL, MUTED, BOTTOM - Inches(0.02), Inches(0.2), LEFT + SPAN - Inches(0.6), Inches(0.6))
    box.name = "Slide number"
    paragraph = box.text_frame.paragraphs[0]
    paragraph.alignment = PP_ALIGN.RIGHT
    run = paragraph._p.find("{*}r")
    field = parse_xml(f'<a:fld {nsdecls("a")} id="{{B6F15528-21DE-4FAA-801E-634DDDAF4B2B}}" type="slidenum"><a:t>‹#›</a:t></a:fld>')
    field.insert(0, run.find("{*}rPr"))
    paragraph._p.replace(run, field)


def _write(paragraph, text: str, size: float, color: int, bold: bool = False) -> None:
    run = paragraph.add_run()
    run.text = text
    run.font.size, run.font.bold = Pt(size), bold or None
    run.font.color.theme_color = color


def _underline(cell) -> None:
    """A hairline in the colour of the grid below a cell."""
    line = parse_xml(f'<a:lnB {nsdecls("a")} w="9525"><a:solidFill><a:schemeClr val="bg2"/></a:solidFill></a:lnB>')
    cell._tc.get_or_add_tcPr().insert(0, line)
