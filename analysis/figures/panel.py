"""A panel: a figure together with its data, its words and where its numbers come from."""

import inspect
import re
from collections.abc import Callable, Mapping
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
class Panel:
    """What a page shows and what an export holds.

    name: "topic.figure", the stable id in links, decks and bulk export. title: the finding or the question, readable alone
    on a slide. figure: without a title of its own. data: one row per drawn mark, with a column `status` out of STATUSES.
    caption: what is drawn and how to read it. alt: the finding in one sentence, for those who cannot see the chart.
    settings: the controls behind it, as shown. explain: functions whose docstrings say how the numbers are computed.

    Raises ValueError where one of them is missing or malformed.
    """

    name: str
    title: str
    figure: go.Figure
    data: pd.DataFrame
    caption: str
    alt: str
    sources: tuple[Citation, ...] = ()
    settings: Mapping[str, str] = field(default_factory=dict)
    explain: tuple[Callable, ...] = ()

    def __post_init__(self):
        if not NAME.fullmatch(self.name):
            raise ValueError(f"name must look like 'topic.figure', got {self.name!r}")
        for word in ("title", "caption", "alt"):
            if not getattr(self, word).strip():
                raise ValueError(f"{word} of panel {self.name} must not be empty")
        if "status" not in self.data:
            raise ValueError(f"data of panel {self.name} needs a column 'status'")
        odd = set(self.data["status"]) - set(STATUSES)
        if odd:
            raise ValueError(f"status in the data of panel {self.name} must be one of {', '.join(STATUSES)}, got {sorted(odd)}")


def explanation(panel: Panel) -> str:
    """How the panel's numbers are computed: the docstrings behind it, without their examples, as plain text.

    >>> from analysis.scaling import tokens_per_param
    >>> "D / N" in explanation_of(tokens_per_param)
    True
    """
    return "\n\n".join(explanation_of(function) for function in panel.explain)


def explanation_of(function: Callable) -> str:
    """Name and docstring of a function, without the doctest."""
    text = inspect.getdoc(function) or ""
    text = text.split("\n>>> ")[0].rstrip()
    return f"{function.__module__}.{function.__qualname__}\n\n{text}"
