"""A panel: a figure together with its data, its words and where its numbers come from."""

import inspect
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field

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


class Rows:
    """The data of a panel: a DataFrame, or a function that makes it, called when somebody first looks.

    A slider redraws the chart and nobody reads the table behind it, so the table is not made until it is exported.
    """

    def __set_name__(self, owner, name):
        self.slot = f"_{name}"

    def __get__(self, panel, owner=None) -> pd.DataFrame:
        if panel is None:
            raise AttributeError("data of a panel has no default")
        rows = panel.__dict__[self.slot]
        if not isinstance(rows, pd.DataFrame):
            rows = panel.__dict__[self.slot] = check_rows(panel.name, rows() if callable(rows) else table_of(rows))
        return rows

    def __set__(self, panel, rows) -> None:
        panel.__dict__[self.slot] = check_rows(panel.name, rows) if isinstance(rows, pd.DataFrame) else rows


def check_rows(name: str, rows: pd.DataFrame) -> pd.DataFrame:
    """rows if they are the data of a panel, else ValueError."""
    if "status" not in rows:
        raise ValueError(f"data of panel {name} needs a column 'status'")
    odd = set(rows["status"]) - set(STATUSES)
    if odd:
        raise ValueError(f"status in the data of panel {name} must be one of {', '.join(STATUSES)}, got {sorted(odd)}")
    return rows


def table_of(parts: Sequence[Mapping | Callable[[], pd.DataFrame]]) -> pd.DataFrame:
    """The rows of all parts below each other; a part is a mapping of columns, or a function that gives a DataFrame.

    >>> table_of([{"x": [1, 2], "status": "computed"}, {"x": [3], "status": "what_if"}])["x"].tolist()
    [1, 2, 3]
    """
    return pd.concat([part() if callable(part) else pd.DataFrame(part) for part in parts], ignore_index=True)


@dataclass(frozen=True, kw_only=True)
class Panel:
    """What a page shows and what an export holds.

    name: "topic.figure", the stable id in links, decks and bulk export; filled in by the Figure that draws it. title: the
    finding or the question, readable alone on a slide, written from the headline. figure: without a title of its own.
    data: one row per drawn mark, with a column `status` out of STATUSES; the parts that it is made of
    (analysis/charts/marks.py), or a function that makes it, are put together on first use.
    caption: what is drawn and how to read it. alt: the finding in one sentence, for those who cannot see the chart.
    settings: the controls behind it, as shown. explain: functions whose docstrings say how the numbers are computed, or the
    text itself. headline: the quantities that the title states. beside: a small table of texts that stands with the chart on its page.

    Raises ValueError where one of them is missing or malformed.
    """

    title: str
    figure: go.Figure
    data: Rows = Rows()
    caption: str
    alt: str
    sources: tuple[Citation, ...] = ()
    settings: Mapping[str, str] = field(default_factory=dict)
    explain: tuple[Callable | str, ...] = ()
    headline: tuple[Headline, ...] = ()
    beside: pd.DataFrame | None = None
    name: str = ""

    def __post_init__(self):
        if self.name and not NAME.fullmatch(self.name):
            raise ValueError(f"name must look like 'topic.figure', got {self.name!r}")
        for word in ("title", "caption", "alt"):
            if not getattr(self, word).strip():
                raise ValueError(f"{word} of panel {self.name} must not be empty")

    def of_figure(self, name: str, settings: Mapping[str, str]) -> "Panel":
        """The panel under the name of its figure, with its settings; the data are not put together for that."""
        panel = copy(self)
        object.__setattr__(panel, "name", name)
        object.__setattr__(panel, "settings", dict(settings))
        return panel


def explanation(panel: Panel) -> str:
    """How the panel's numbers are computed: the docstrings behind it, without their examples, as plain text.

    >>> from analysis.scaling.chinchilla import tokens_per_param
    >>> "D / N" in explanation_of(tokens_per_param)
    True
    """
    return "\n\n".join(part if isinstance(part, str) else explanation_of(part) for part in panel.explain)


def explanation_of(function: Callable) -> str:
    """Name and docstring of a function, without the doctest."""
    text = inspect.getdoc(function) or ""
    text = text.split("\n>>> ")[0].rstrip()
    return f"{function.__module__}.{function.__qualname__}\n\n{text}"


def cite(rows: pd.DataFrame) -> tuple[Citation, ...]:
    """One citation per work, the one with most rows first."""
    places: dict[str, set[str]] = {}
    for source, location in zip(rows["source"], rows["location"], strict=True):
        places.setdefault(source, set()).add(location)
    return tuple(Citation(source, "; ".join(sorted(places[source])[:4])) for source, _ in Counter(rows["source"]).most_common())
