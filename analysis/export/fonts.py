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
def page_script() -> str:
    """JavaScript for the page that draws pictures: it waits for the font before Plotly measures text, and puts the font into every picture.

    A picture is drawn as SVG first, which holds the font; a PNG is that SVG on a canvas, since a picture in a picture sees no font
    of its page.
    """
    return f"""(() => {{
  const css = {face_css()!r};
  document.head.append(Object.assign(document.createElement('style'), {{ textContent: css }}));
  const loaded = Promise.all([400, 700].map(weight => document.fonts.load(weight + ' 20px "{FAMILY}"')));
  const draw = Plotly.toImage, prefix = 'data:image/svg+xml,';
  window.painted = async (svg, width, height, scale = 1) => {{
    const image = new Image();
    image.src = prefix + encodeURIComponent(svg);
    await image.decode();
    const canvas = document.createElement('canvas');
    canvas.width = Math.round(width * scale); canvas.height = Math.round(height * scale);
    canvas.getContext('2d').drawImage(image, 0, 0, canvas.width, canvas.height);
    return canvas.toDataURL('image/png');
  }};
  Plotly.toImage = async (figure, options) => {{
    await loaded;
    if (!['svg', 'png'].includes(options.format)) return draw(figure, options);
    const plain = await draw(figure, {{ ...options, format: 'svg', scale: 1, imageDataOnly: true }});
    const end = plain.indexOf('>', plain.indexOf('<svg')) + 1;
    const svg = plain.slice(0, end) + '<style>' + css + '</style>' + plain.slice(end);
    if (options.format === 'svg') return options.imageDataOnly ? svg : prefix + encodeURIComponent(svg);
    const png = await painted(svg, options.width, options.height, options.scale);
    return options.imageDataOnly ? png.slice(png.indexOf(',') + 1) : png;
  }};
}})();
"""


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
