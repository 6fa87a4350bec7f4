"""The empty deck that slides are put on: 16:9, with the colours of a theme in its master."""

import re

from pptx import Presentation
from pptx.dml.color import RGBColor
from pptx.enum.dml import MSO_THEME_COLOR
from pptx.enum.text import MSO_ANCHOR
from pptx.opc.constants import RELATIONSHIP_TYPE
from pptx.oxml.ns import qn
from pptx.util import Inches

from analysis.charts.style import PALETTE, THEMES

WIDTH, HEIGHT = Inches(13.333), Inches(7.5)
LEFT, SPAN = Inches(0.6), Inches(12.133)
TOP, BOTTOM = Inches(0.35), Inches(7.2)
FONT = "Arial"
"""The type of a deck: on every machine with PowerPoint, and elsewhere in another of the same widths."""
TITLE_ONLY = 5
"""The layout of python-pptx's default template with a title and nothing else."""


def blank(theme: str):
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
