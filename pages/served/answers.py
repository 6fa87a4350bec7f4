"""What each address gives. Nothing here is imported before the first request, since it takes a second."""

import json
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any
from urllib.parse import parse_qsl, urlencode

from analysis import catalogue, tables
from analysis.charts.figure import PIN, Figure
from analysis.charts.panel import NAME, Panel
from analysis.export import browser, embed, files
from analysis.export.document import LIBRARY
from analysis.export.words import printable
from analysis.uploads import clip
from pages.served.beside_pages import NO_BROWSER, OUT_OF_RANGE, page_link

MOST_PARAMETERS = 64
LIBRARY_ADDRESS = f"{LIBRARY}?{version('plotly')}"
"""From a chart in a frame; browsers keep the library, but not longer than it is ours."""


class Refused(Exception):
    """An address that gives nothing. status: of HTTP; the message is one sentence."""

    def __init__(self, status: int, words: str) -> None:
        super().__init__(printable(words))
        self.status = status


@dataclass(frozen=True)
class Answer:
    """A file. name: under which it is saved; kind: "embed", or its format."""

    body: bytes
    media_type: str
    name: str
    kind: str

    @property
    def size(self) -> int:
        """Bytes of the file."""
        return len(self.body)


def figure_file(asked: str, query: str, origin: str) -> Answer:
    """A figure as the page's button gives it. asked: "attention.cache.svg"; origin: of links. Raises Refused."""
    name, _, format = asked.rpartition(".")
    if format not in files.FORMATS:
        raise Refused(404, f"An address of a file ends in the name of a figure and one of .{', .'.join(files.FORMATS)}.")
    kind = known(name)
    parameters = read(query)
    theme = one_of("theme", parameters.pop("theme", "auto"), files.THEMES)
    if format in files.NEEDS_BROWSER and browser.browser_path() is None:
        raise Refused(503, NO_BROWSER)
    figure = made(kind, parameters)
    panel = drawn(figure)
    body = written(format, lambda: files.export(panel, format, permalink=page_link(figure, origin), theme=theme))
    return Answer(body, files.mime(format), files.file_name(panel, format), format)


def embedded(asked: str, query: str, origin: str) -> Answer:
    """A live chart for a frame. asked: "attention.cache". Raises Refused."""
    kind = known(asked)
    parameters = read(query)
    theme = one_of("theme", parameters.pop("theme", "auto"), files.THEMES)
    with_controls = one_of("controls", parameters.pop("controls", "0"), ("0", "1")) == "1"
    figure = made(kind, parameters)
    panel = drawn(figure)
    link = page_link(figure, origin)
    body = written("html", lambda: embed.page(figure, panel, link, theme=theme, controls=with_controls, library=LIBRARY_ADDRESS))
    return Answer(body, files.mime("html"), files.file_name(panel, "html"), "embed")


def library(asked: str, query: str, origin: str) -> Answer:
    """The chart library beside charts for frames."""
    from plotly.offline import get_plotlyjs

    return Answer(get_plotlyjs().encode("utf-8"), "text/javascript", LIBRARY, "library")


def listed(asked: str, query: str, origin: str) -> Answer:
    """All figures with their parameters. A figure whose table is damaged says so."""
    if read(query):
        raise Refused(400, "The list of figures has no parameters.")
    content = {"formats": files.FORMATS, "themes": files.THEMES, "figures": [_described(kind) for kind in catalogue.figures().values()]}
    return Answer(json.dumps(content, ensure_ascii=False, indent=1).encode("utf-8"), files.mime("json"), "figures.json", "json")


def _described(kind: type[Figure]) -> dict:
    try:
        return kind.described()
    except ValueError as problem:
        return {"name": kind.name, "problem": str(problem)}


def read(query: str) -> dict[str, Any]:
    """The parameters of an address by name, pins as a list. Raises Refused for one that stands twice, or holds what no value holds."""
    try:
        query.encode("ascii")
        pairs = parse_qsl(query, keep_blank_values=True, errors="strict", max_num_fields=MOST_PARAMETERS)
    except ValueError:
        words = f"What stands after the question mark cannot be read; it may hold up to {MOST_PARAMETERS} pairs a=b in UTF-8."
        raise Refused(400, words) from None
    found: dict[str, Any] = {}
    for name, text in pairs:
        if name in found and name != PIN:
            raise Refused(400, f"The parameter {clip(name)} stands twice in the address.")
        if any(unicodedata.category(sign) in ("Cc", "Cs") for sign in name + text):
            raise Refused(400, f"The value of {clip(name)} holds control characters.")
        found[name] = [*found.get(PIN, ()), text] if name == PIN else text
    return found


def known(name: str) -> type[Figure]:
    """The figure of a name. Raises Refused where there is none."""
    if not NAME.fullmatch(name):
        raise Refused(404, "There is no such figure; /figures.json lists them.")
    try:
        return catalogue.figure(name)
    except ValueError:
        raise Refused(404, f"There is no figure {clip(name)}; /figures.json lists them.") from None


def made(kind: type[Figure], parameters: Mapping[str, Any]) -> Figure:
    """The figure at these parameters, read as links are. Raises Refused where one cannot be used."""
    try:
        return catalogue.asked_for(f"{kind.name}?{urlencode(parameters, doseq=True)}")
    except tables.TableError as problem:
        raise Refused(500, _sentence(str(problem))) from None
    except ValueError as problem:
        raise Refused(400, _sentence(str(problem))) from None
    except ArithmeticError:
        raise Refused(400, OUT_OF_RANGE) from None


def drawn(figure: Figure) -> Panel:
    """The panel of a figure. Raises Refused where tables or settings do not allow it."""
    try:
        return figure.panel()
    except tables.TableError as problem:
        raise Refused(500, _sentence(str(problem))) from None
    except ValueError as problem:
        raise Refused(400, _sentence(str(problem))) from None
    except ArithmeticError:
        raise Refused(400, OUT_OF_RANGE) from None


def written(format: str, write: Callable[[], bytes]) -> bytes:
    """What write() returns. Raises Refused where there is no such file."""
    try:
        return write()
    except browser.NoBrowserError:
        raise Refused(503, NO_BROWSER) from None
    except (ValueError, RuntimeError, OSError) as problem:
        raise Refused(500, _sentence(f"{format.upper()} could not be made: {problem}")) from None


def one_of(name: str, value: str, allowed: tuple[str, ...]) -> str:
    """The value, if it is one of those allowed. Raises Refused."""
    if value not in allowed:
        raise Refused(400, f"{name} must be one of {', '.join(allowed)}, got {clip(value)}.")
    return value


def _sentence(words: str) -> str:
    return words[:1].upper() + words[1:].rstrip(".") + "."
