"""A panel: a figure together with its data, its words and where its numbers come from."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import pandas as pd
import plotly.graph_objects as go

STATUSES = ("reported", "computed", "what_if", "uncertain")
NAME = re.compile(r"[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*")


@dataclass(frozen=True)
class Citation:
    """A work in data/sources.csv and the place in it."""

    source_id: str
    location: str = ""


@dataclass(frozen=True)
class Headline:
    """A quantity that a panel's title states: its name, its value in base units, and how the title writes it.

    Used in a title it is its text: f"takes {size}". column: of the panel's table in which the value stands, "" where it is
    derived from several rows. low, high: its interval, where one is known.

    >>> size = Headline("cache", 1.07e9, "bytes", "1.07 GB")
    >>> f"takes {size}"
    'takes 1.07 GB'
    """

    name: str
    value: float
    unit: str
    text: str
    column: str = ""
    low: float | None = None
    high: float | None = None

    def __str__(self) -> str:
        return self.text


def check_rows(name: str, rows: pd.DataFrame) -> pd.DataFrame:
    """rows if they are the data of a panel, else ValueError."""
    if "status" not in rows:
        raise ValueError(f"data of panel {name} needs a column 'status'")
    odd = set(rows["status"]) - set(STATUSES)
    if odd:
        raise ValueError(f"status in the data of panel {name} must be one of {', '.join(STATUSES)}, got {sorted(odd)}")
    return rows


def table_of(parts: Sequence[Mapping[str, Any] | pd.DataFrame]) -> pd.DataFrame:
    """The rows of all parts below each other; a part is a mapping of columns (analysis/charts/marks.py).

    >>> table_of([{"x": [1, 2], "status": "computed"}, {"x": [3], "status": "what_if"}])["x"].tolist()
    [1, 2, 3]
    """
    return pd.concat([pd.DataFrame(part) for part in parts], ignore_index=True)


@dataclass(frozen=True, kw_only=True)
class Panel:
    """What a page shows and what an export holds.

    name: "topic.figure", the stable id in links, decks and bulk export; filled in by the Figure that draws it. title: the
    finding or the question, readable alone on a slide, written from the headline. figure: without a title of its own.
    parts: what its marks are drawn from (analysis/charts/marks.py); `data` are their rows below each other, one for each drawn mark, with a
    column `status` out of STATUSES.
    caption: what is drawn and how to read it. alt: the finding in one sentence, for those who cannot see the chart.
    settings: the controls behind it, as shown. explain: sentences on its numbers that hold for this drawing alone, or that a panel from a
    file brings; what a topic tells of a figure stands in analysis/<topic>/explained*.py. headline: the quantities that the title states.
    beside: a small table of texts that stands with the chart on its page. address: what draws it again,
    "attention.cache?context_len=8192". drawn_by: the Figure that draws it, and fills in name, settings and address; None for a panel from a
    file. Its steps are asked for where somebody wants to know how a number came about (analysis/charts/explained.py).
    pinned: a sentence for each pinned setting that it stands beside; the caption begins with them.

    Raises ValueError where one of them is missing or malformed.
    """

    title: str
    figure: go.Figure
    parts: Sequence[Mapping[str, Any] | pd.DataFrame]
    caption: str
    alt: str
    sources: tuple[Citation, ...] = ()
    settings: Mapping[str, str] = field(default_factory=dict)
    explain: tuple[str, ...] = ()
    headline: tuple[Headline, ...] = ()
    beside: pd.DataFrame | None = None
    name: str = ""
    address: str = ""
    drawn_by: Any = None
    pinned: tuple[str, ...] = ()

    def __post_init__(self):
        if self.name and not NAME.fullmatch(self.name):
            raise ValueError(f"name must look like 'topic.figure', got {self.name!r}")
        for word in ("title", "caption", "alt"):
            if not getattr(self, word).strip():
                raise ValueError(f"{word} of panel {self.name} must not be empty")

    @cached_property
    def data(self) -> pd.DataFrame:
        """The rows behind the figure, put together on first use: a slider redraws the chart and nobody reads the table behind it."""
        return check_rows(self.name, table_of(self.parts))

    def of_figure(self, figure: Any) -> "Panel":
        """The panel under the name of its figure, with its settings and its address."""
        return replace(self, name=figure.name, settings=figure.settings(), address=figure.address(), drawn_by=figure)


def cite(rows: pd.DataFrame) -> tuple[Citation, ...]:
    """One citation per work, the one with most rows first."""
    places: dict[str, set[str]] = {}
    for source, location in zip(rows["source"], rows["location"], strict=True):
        places.setdefault(source, set()).add(location)
    return tuple(Citation(source, "; ".join(sorted(places[source])[:4])) for source, _ in Counter(rows["source"]).most_common())
