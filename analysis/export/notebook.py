"""Figures in a notebook, or any Python of one's own.

from analysis.export.notebook import figure
figure("attention.cache", context_len=8192)
"""

import html
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from analysis import catalogue
from analysis.charts.panel import Panel
from analysis.charts.style import template
from analysis.export.files import FORMATS, export

ROOM = 420
"""Pixels for the words above and below a chart."""


@dataclass(frozen=True)
class Shown:
    """A figure at its parameters, which a notebook shows with title, caption and sources.

    panel: everything about it. Each format of `files.FORMATS` is a property that holds the file: `.csv`, `.svg`, `.pptx`.
    """

    panel: Panel

    @cached_property
    def figure(self) -> go.Figure:
        """The chart as a figure of Plotly, in the look of the page, to be changed freely."""
        return go.Figure(self.panel.figure).update_layout(template=template("light"))

    @property
    def rows(self) -> pd.DataFrame:
        """A copy of the rows that its marks are drawn from."""
        return self.panel.data.copy()

    def file(self, format: str, theme: str = "auto") -> bytes:
        """The file that the page's button gives, without a link to a server. Raises as `files.export`."""
        return export(self.panel, format, theme=theme)

    def save(self, path: str | Path, theme: str = "auto") -> Path:
        """Write the file whose format the path ends with, and return its path. Raises ValueError for another ending."""
        out = Path(path)
        out.write_bytes(self.file(out.suffix.removeprefix("."), theme))
        return out

    def _repr_html_(self) -> str:
        """The HTML file in a frame, so that neither page changes the look of the other; about 5 MB in a saved notebook."""
        page, height = html.escape(self.file("html").decode("utf-8")), (self.panel.figure.layout.height or 450) + ROOM
        may = "allow-scripts allow-downloads allow-popups"
        return f'<iframe srcdoc="{page}" sandbox="{may}" width="100%" height="{height}" style="border:0"></iframe>'

    def __getattr__(self, name: str) -> bytes:
        if name in FORMATS:
            return self.file(name)
        raise AttributeError(f"a figure has no {name}; its formats are {', '.join(FORMATS)}")


def figure(name: str, **parameters: Any) -> Shown:
    """A figure by name, at its defaults but for these parameters; also of an address, "attention.cache?context_len=8192".

    Raises ValueError with one sentence for a name, a parameter or a value that cannot be used.

    >>> figure("attention.cache", context_len=8192).panel.headline[0].text
    '537 MB'
    >>> figure("attention.cache", context_len=8192).csv[:8]
    b'# Title:'
    """
    asked = catalogue.asked_for(name)
    kind = type(asked)
    if unknown := [one for one in parameters if one not in kind.kinds()]:
        raise ValueError(f"{kind.name} has no parameter {unknown[0]}; it has {', '.join(kind.kinds()) or 'none'}")
    made, problems = kind.of(asked.changed() | parameters)
    for problem in problems.values():
        raise ValueError(problem)
    return Shown(made.panel())
