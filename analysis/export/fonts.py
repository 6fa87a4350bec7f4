"""The type of exported files: one font that is shipped with them, so that a file looks the same on every machine."""

import base64
import re
from functools import cache
from pathlib import Path

FAMILY = "Ten Papers Sans"
FOLDER = Path(__file__).parent / "fonts"
WEIGHTS = {400: FOLDER / "TenPapersSans-Regular.woff2", 700: FOLDER / "TenPapersSans-Bold.woff2"}
NOT_IN_IT = re.compile("[\u0400-\u1fff\u2c00-\uffff\U00010000-\U0010ffff]")
"""Characters of other scripts, which another font draws, as wide as they are high."""
UNITS = 1000  # widths are measured at this size, where rounding does not matter


@cache
def face_css() -> str:
    """CSS that brings the font along: one @font-face for each weight, its file inside.

    >>> face_css().count("@font-face"), 'font-family:"Ten Papers Sans"' in face_css()
    (2, True)
    """
    return "".join(
        f'@font-face{{font-family:"{FAMILY}";font-weight:{weight};src:url(data:font/woff2;base64,{_base64(path)}) format("woff2")}}'
        for weight, path in WEIGHTS.items()
    )


@cache
def text_width(text: str, size: float, bold: bool = False) -> float:
    """Width of a text on one line in type of a size, in the unit of the size.

    >>> round(text_width("parameters", 26)), text_width("iiii", 10) < text_width("mmmm", 10)
    (126, True)
    """
    wide = len(NOT_IN_IT.findall(text))
    return (_measured(700 if bold else 400).getlength(NOT_IN_IT.sub("", text)) + wide * UNITS) * size / UNITS


@cache
def _measured(weight: int):
    from PIL import ImageFont

    return ImageFont.truetype(str(WEIGHTS[weight]), UNITS, layout_engine=ImageFont.Layout.BASIC)


def _base64(path: Path) -> str:
    return base64.b64encode(path.read_bytes()).decode("ascii")
