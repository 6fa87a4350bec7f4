"""Values that the steps of a figure begin with: its settings, cells of tables, processors, and what is assumed or defined."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pandas as pd

from analysis import tables
from analysis.charts.figure import Figure
from analysis.gpus import UNITS, Gpu
from analysis.trace import ASSUMED, DEFINED, FITTED, PRINTED, SETTING, Origin, given


def setting(figure: Figure, name: str, symbol: str, meaning: str = "", unit: str | None = None) -> Any:
    """A parameter of a figure as a value: its label and unit, marked as the reader's setting."""
    kind = figure.kinds()[name]
    known = getattr(kind, "unit", "")
    shown = ("" if known == "share" else known) if unit is None else unit
    return given(getattr(figure, name), symbol, meaning or kind.label, shown, Origin(SETTING, kind.label))


def origin_of_row(row: Mapping) -> Origin:
    """Where the values of a row of a table are printed."""
    verified = row.get("verified")
    checked = None if verified is None or pd.isna(verified) else int(verified)
    return Origin(PRINTED, "", row["source"], str(row.get("location") or ""), checked)


def cell(row: Mapping, column: str, symbol: str, meaning: str, unit: str = "") -> Any:
    """A value of a row of a table, with the row's work and place."""
    return given(row[column], symbol, meaning, unit, origin_of_row(row))


def assumed(value: float, symbol: str, meaning: str, unit: str = "", why: str = "assumed by this page") -> Any:
    """A value that this project assumes, with the reason."""
    return given(value, symbol, meaning, unit, Origin(ASSUMED, why))


def defined(value: float, symbol: str, meaning: str, unit: str = "", source: str = "", location: str = "") -> Any:
    """A value that a formula or a format fixes, perhaps in a work."""
    return given(value, symbol, meaning, unit, Origin(DEFINED, "", source, location))


def fitted(value: float, symbol: str, meaning: str, unit: str = "", how: str = "fitted here", source: str = "") -> Any:
    """A value that comes out of a fit or a training of this project, and of which."""
    return given(value, symbol, meaning, unit, Origin(FITTED, how, source))


RATES = {
    "memory_bytes": (r"M_\text{gpu}", "memory", "bytes"),
    "bandwidth_bytes_per_s": (r"B", "memory bandwidth", "bytes/s"),
    "peak_flops_per_s": (r"R", "peak rate", "FLOP/s"),
    "power_w": (r"P", "board power", "W"),
    "price_usd_per_hour": (r"p", "rent of a device", "USD/h"),
}
"""Symbol, meaning and unit of each number of a processor."""


def processor(gpu: Gpu, mark: str = "") -> Gpu:
    """A processor with traced numbers: of the table as printed, of the reader's own as a setting. mark: index of its symbols."""
    rows = tables.load("gpus")
    row = None if gpu.id == "own" else rows[rows["id"] == gpu.id].iloc[0]
    changed: dict[str, Any] = {}
    for field in UNITS:
        symbol, meaning, unit = RATES[field]
        if mark:
            symbol = rf"{symbol.partition('_')[0]}_\text{{{mark}}}"
        changed[field] = given(getattr(gpu, field), symbol, f"{meaning}, {gpu.label}", unit, _of_device(row, field))
    return replace(gpu, **changed)


def _of_device(row: pd.Series | None, field: str) -> Origin:
    if row is None:
        return Origin(SETTING, "your GPU")
    if field == "price_usd_per_hour":
        return Origin(PRINTED, "", row["price_source"], row["price_basis"], int(row["verified_price"]) if row["price_source"] else None)
    return Origin(PRINTED, "", row["source"], row["memory_basis"] if field == "memory_bytes" else "", int(row["verified"]))
