"""The data of a panel as CSV with its provenance above the header, safe to open in a spreadsheet."""

import csv
import io
import re

import pandas as pd

from analysis.charts.panel import Panel
from analysis.export.words import printable, provenance
from analysis.spreadsheets import neutral

COMMENT = "# "


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


def _harmless_line(text: str) -> str:
    """A comment whose parts stay harmless where a spreadsheet splits the line at commas, semicolons or tabs."""
    return re.sub(r"([,;]\s*)(?=[=+\-@])", r"\1'", text)
