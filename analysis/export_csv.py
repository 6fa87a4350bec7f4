"""The data of a panel as CSV with its provenance above the header, safe to open in a spreadsheet."""

import csv
import io
import re

import pandas as pd

from analysis.charts.panel import Panel
from analysis.export_words import printable, provenance

COMMENT = "# "
DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n")
"""Spreadsheets run a cell that begins so as a formula, or look behind the blank for one."""


def table(panel: Panel, permalink: str = "") -> bytes:
    """The panel's data as CSV in UTF-8: lines that begin with "# " say what it is and where from, then header and rows.

    `pandas.read_csv(file, comment="#")` reads it back. Texts that a spreadsheet would run as a formula get an apostrophe
    in front; numbers are written in full precision and stay as they are. Missing values are empty.
    """
    out = io.StringIO()
    for label, text in provenance(panel, permalink):
        out.write(f"{COMMENT}{label}: {_harmless_line(printable(text))}\n")
    rows = panel.data.rename(columns=neutral)
    for name, kind in rows.dtypes.items():
        if not pd.api.types.is_numeric_dtype(kind):
            rows[name] = rows[name].map(neutral)
    rows.to_csv(out, index=False, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\n")  # quoted, so that "#" in a text is no comment
    return out.getvalue().encode("utf-8")


def neutral(value):
    """A cell that no spreadsheet runs as a formula; anything but text comes back as it is.

    >>> neutral("=1+1"), neutral("Llama 2"), neutral(-1.5)
    ("'=1+1", 'Llama 2', -1.5)
    """
    return f"'{value}" if isinstance(value, str) and value.startswith(DANGEROUS) else value


def _harmless_line(text: str) -> str:
    """A comment whose parts stay harmless where a spreadsheet splits the line at commas, semicolons or tabs."""
    return re.sub(r"([,;]\s*)(?=[=+\-@])", r"\1'", text)
