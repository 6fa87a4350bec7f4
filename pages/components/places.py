"""Where a figure stands: its page and section, from what the pages declare."""

from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pages.components.registry import ENTRIES, Entry

if TYPE_CHECKING:
    from pages.components.page import Section


@dataclass(frozen=True)
class Place:
    """A section of a page. `to` is page and query, as links inside the app have it."""

    entry: Entry
    section: "Section"
    first: bool

    @property
    def to(self) -> str:
        """Page and query, "attention?section=mask"; the first section needs no query."""
        return self.entry.stem if self.first else f"{self.entry.stem}?section={self.section.key}"

    def at(self, query: str) -> str:
        """`to` with the parameters of a query, which may be empty."""
        return f"{self.to}{'?' if self.first else '&'}{query}" if query else self.to


@cache
def of_page(stem: str) -> tuple[Place, ...]:
    """The sections of one page in their order; none for a page that is no list of them."""
    (entry,) = (entry for entry in ENTRIES if entry.stem == stem)
    declared = getattr(import_module(f"pages.{stem}"), "SECTIONS", ())
    return tuple(Place(entry, section, number == 0) for number, section in enumerate(declared))


def sections() -> list[Place]:
    """Every section of every page, in the order of the menu."""
    return [place for entry in ENTRIES for place in of_page(entry.stem)]


def of_figure(name: str) -> Place | None:
    """Where a figure stands: a figure of a topic stands on the page of that name, once; None for one of a page without sections."""
    stem = name.partition(".")[0]
    if stem not in {entry.stem for entry in ENTRIES}:
        return None
    return next((place for place in of_page(stem) if name in [figure.name for figure in place.section.figures]), None)


def of_address(address: str) -> str:
    """Page and query that show a figure at an address, "memory.fits?model=llama-2-7b"; the first page for one that stands nowhere.

    >>> of_address("memory.fits?model=llama-2-7b"), of_address("memory.parts")
    ('memory?section=fits&model=llama-2-7b', 'memory')
    """
    parts = urlsplit(address)
    place = of_figure(parts.path)
    return ENTRIES[0].stem if place is None else place.at(parts.query)
