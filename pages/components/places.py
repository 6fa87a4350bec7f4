"""Where a figure stands: its page and section, from what the pages declare."""

from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING

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


@cache
def sections() -> tuple[Place, ...]:
    """Every section of every page, in the order of the menu."""
    found = []
    for entry in ENTRIES:
        declared = getattr(import_module(f"pages.{entry.stem}"), "SECTIONS", ())
        found += [Place(entry, section, number == 0) for number, section in enumerate(declared)]
    return tuple(found)


@cache
def of_figures() -> dict[str, Place]:
    """The first section in which each figure stands, by the figure's name."""
    return {figure.name: place for place in reversed(sections()) for figure in place.section.figures}
