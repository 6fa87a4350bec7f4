"""The words that travel with a figure: sources, settings and licences, as plain lines for every format."""

import html
import re
from collections.abc import Iterable
from dataclasses import dataclass

from analysis import PROJECT, __version__, tables
from analysis.charts.panel import Citation, Panel
from analysis.export.fonts import text_width
from analysis.units import together

MADE_WITH = f"{PROJECT} {__version__}"
LICENCE = "Values keep the terms of their sources; cite the sources with the figure."


@dataclass(frozen=True)
class Reference:
    """A cited work as it is shown: short ("Jordan Hoffmann et al. 2022, Table A3"), title, url and licence."""

    short: str
    title: str
    url: str
    licence: str

    @property
    def terms(self) -> str:
        """The licence in words that can stand alone.

        >>> Reference("", "", "", "MIT").terms, Reference("", "", "", "not stated").terms
        ('MIT', 'licence not stated')
        """
        return "licence not stated" if self.licence == "not stated" else self.licence

    @property
    def long(self) -> str:
        """Everything in one line."""
        return f"{self.short}. {self.title}. {self.url} ({self.terms})"


def reference(citation: Citation) -> Reference:
    """The cited work of a citation, out of data/sources.csv. Raises `tables.TableError` for an unknown id.

    >>> reference(Citation("hoffmann2022", "Table A3")).short
    'Jordan Hoffmann et al. 2022, Table A3'
    """
    work = tables.source(citation.source_id)
    place = f", {citation.location}" if citation.location else ""
    return Reference(f"{work['authors']} {work['year']}{place}", work["title"], work["url"], work["licence"])


def references(panels: Iterable[Panel]) -> list[Reference]:
    """The works that the panels cite, each once, in order of appearance."""
    cited = dict.fromkeys(citation for panel in panels for citation in panel.sources)
    placed = {citation.source_id for citation in cited if citation.location}
    return [reference(citation) for citation in cited if citation.location or citation.source_id not in placed]


def source_line(panel: Panel, most: int | None = None) -> str:
    """The panel's sources in one line; where there are more than `most`, the rest is counted.

    most: how many to name, all without it.
    """
    shorts = list(dict.fromkeys(work.short for work in references([panel])))
    if not shorts:
        return "Computed here; no source cited"
    if most is not None and len(shorts) > most:
        shorts = [*shorts[:most], f"and {len(shorts) - most} more"]
    return f"Source{'s' if len(shorts) > 1 else ''}: " + "; ".join(shorts)


def settings_line(panel: Panel) -> str:
    """The panel's settings in one line, "" where it has none."""
    return "Settings: " + "; ".join(f"{name}: {value}" for name, value in panel.settings.items()) if panel.settings else ""


def provenance(panel: Panel, permalink: str = "") -> list[tuple[str, str]]:
    """(label, text) of everything that a file says about its figure besides showing it."""
    rows = [("Title", panel.title), ("Caption", panel.caption)]
    rows += [("Source", work.long) for work in references([panel])]
    rows += [("Settings", "; ".join(f"{name}: {value}" for name, value in panel.settings.items()))] if panel.settings else []
    rows += [("Link", permalink)] if permalink else []
    return [*rows, ("Licence", LICENCE), ("Figure", panel.name), ("Made with", MADE_WITH)]


def plain_text(text: str | None) -> str:
    """What Plotly shows for a label, on one line and without its tags and entities.

    >>> plain_text("loss<br><b>R&amp;D</b> &lt;3")
    'loss R&D <3'
    """
    return printable(html.unescape(re.sub(r"<[^<>]*>", "", re.sub(r"<br\s*/?>", " ", text or ""))))


def printable(text: str) -> str:
    """Text on one line, without the control characters that XML cannot hold.

    >>> printable("a\\nb\\x00")
    'a b'
    """
    one_line = " ".join(str(text).split())
    return re.sub("[\\x00-\\x1f\\x7f-\\x9f\\ud800-\\udfff\\ufffe\\uffff]", "", one_line)


def lines(text: str, size: float, width: float, bold: bool = False) -> list[str]:
    """Text broken into lines that fit a width when set in type of a size, both in the same unit; nothing is cut.

    A number stays with its unit. A word that is wider than the width stands on a line of its own.

    >>> lines("takes 4.29 GB in all", 20, 100)
    ['takes', '4.29\xa0GB in', 'all']
    """
    broken: list[str] = []
    for word in together(text).split(" "):
        longer = f"{broken[-1]} {word}" if broken else word
        if broken and text_width(longer, size, bold) <= width:
            broken[-1] = longer
        elif word or not broken:
            broken.append(word)
    return broken
