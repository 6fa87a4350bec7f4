"""Marks drawn from named columns of a panel's rows, so that the picture is its table.

A part is a mapping of columns (arrays, or one value for all rows) with a `status`; a panel's table is its parts below each other
(`analysis.charts.panel.Panel.parts`). A mark names the columns that it draws and notes them in the trace's meta, where
tests/test_figure_contract.py holds every drawn point against the table. What a part is decides how it looks: reported values are
markers, computed ones lines, what-ifs dashed.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from analysis import tables
from analysis.charts import style

Part = Mapping[str, Any]
GB = 1e9
"""What a value is divided by where an axis counts in GB."""


def column(part: Part, name: str, per: float = 1.0) -> Any:
    """The values of a column as an array, in units of `per`.

    >>> column({"bytes": [1e9, 2e9], "status": "computed"}, "bytes", GB).tolist()
    [1.0, 2.0]
    """
    values = part[name]
    values = (
        values.to_numpy()
        if hasattr(values, "to_numpy")
        else np.asarray([values] if isinstance(values, str) or np.isscalar(values) else values)
    )
    return values / per if per != 1.0 else values


def status(part: Part) -> str:
    """What the rows of a part are; of several, the first."""
    given = part["status"]
    return given if isinstance(given, str) else str(list(given)[0])


def named(trace: dict, per: Mapping[str, float] | None = None, **columns: str) -> dict:
    """A trace that notes which column each of its properties shows, and what its values were divided by.

    columns: name of the column by property: x, y, z, base, low and high of error bars.
    """
    meta = {**trace.get("meta", {}), "columns": columns}
    if per:
        meta["per"] = {axis: value for axis, value in per.items() if value != 1.0}
    return trace | {"meta": meta}


def line(
    part: Part, x: str, y: str, color: str, name: str | None = None, *, per_x: float = 1.0, per_y: float = 1.0, text=None, **extra: Any
) -> dict:
    """A line through the rows of a part, dashed for a what-if.

    name: in the legend, the part's `series` if None. per_x, per_y: what one unit of the axis is.
    """
    draw = style.what_if_line if status(part) == "what_if" else style.computed_line
    dash = extra.pop("dash", None)
    trace = draw(column(part, x, per_x), column(part, y, per_y), _series(part, name), color, text=text, **extra)
    if dash is not None:
        trace["line"]["dash"] = dash
    return named(trace, {"x": per_x, "y": per_y}, x=x, y=y)


def points(
    part: Part,
    x: str,
    y: str,
    color: str,
    name: str | None = None,
    *,
    per_x: float = 1.0,
    per_y: float = 1.0,
    symbol: str = "circle",
    text=None,
    **extra: Any,
) -> dict:
    """A marker for each row: of a reported value, hollow where `verified` is 0; of a what-if a large cross; of a computed one filled."""
    xs, ys, label, kind = column(part, x, per_x), column(part, y, per_y), _series(part, name), status(part)
    if kind == "what_if":
        trace = style.what_if_marker(xs, ys, label, color, text) | extra
    else:
        verified = [value != 0 for value in column(part, "verified")] if "verified" in part else [True]
        verified = verified * len(xs) if len(verified) == 1 else verified
        trace = style.reported_markers(xs, ys, label, color, symbol, verified, text, **extra)
        trace["meta"] = {"role": kind}
        trace |= _cited(part, len(xs))
    return named(trace, {"x": per_x, "y": per_y}, x=x, y=y)


def hollow(words: str, *parts: Part) -> str:
    """The words that explain hollow markers where a row of the parts has `verified` 0, and nothing where no marker is hollow.

    >>> hollow(" (hollow: from memory)", {"verified": [2, 0], "status": "reported"}), hollow(" (hollow: from memory)", {"verified": [1]})
    (' (hollow: from memory)', '')
    """
    return words if any((column(part, "verified") == 0).any() for part in parts if "verified" in part) else ""


def band(
    part: Part,
    x: str,
    low: str,
    high: str,
    color: str,
    name: str | None = None,
    *,
    quiet: bool = False,
    per_x: float = 1.0,
    per_y: float = 1.0,
) -> list[dict]:
    """The interval between two columns as a band along x. quiet: not listed in the legend, for charts with a band beside each line."""
    traces = style.band(column(part, x, per_x), column(part, low, per_y), column(part, high, per_y), _series(part, name), color)
    if quiet:
        traces = [{key: value for key, value in trace.items() if key != "legendgroup"} | {"showlegend": False} for trace in traces]
    return [named(trace, {"x": per_x, "y": per_y}, x=x, y=edge) for trace, edge in zip(traces, (low, high), strict=True)]


def bars(
    part: Part,
    x: str,
    y: str,
    color: Any,
    name: str | None = None,
    *,
    horizontal: bool = False,
    per_x: float = 1.0,
    per_y: float = 1.0,
    text=None,
    **extra: Any,
) -> dict:
    """A bar for each row; horizontal: along x, with the categories in y."""
    trace = style.bars(column(part, x, per_x), column(part, y, per_y), _series(part, name), color, text, horizontal) | extra
    trace["meta"] = {"role": status(part)}
    trace |= _cited(part, len(trace["x"]))
    return named(trace, {"x": per_x, "y": per_y}, x=x, y=y)


def intervals(
    part: Part, low: str, high: str, category: str, color: str, name: str | None = None, *, per: float = 1.0, **extra: Any
) -> dict:
    """The interval of each row as a horizontal bar from one column to another."""
    trace = style.interval_bars(
        column(part, low, per), column(part, high, per), column(part, category), _series(part, name), color, **extra
    )
    return named(trace, {"x": per}, base=low, end=high, y=category)


def estimates(
    part: Part,
    x: str,
    low: str,
    high: str,
    color: str,
    name: str | None = None,
    *,
    row: str = "row",
    per: float = 1.0,
    symbol: str = "circle",
    text=None,
) -> dict:
    """Each value with its interval as a bar, on the row whose number from the top stands in `row` (laid out by `intervals.rows`)."""
    trace = points(part, x, row, color, name, per_x=per, symbol=symbol, text=text)
    hover = ("%{text}<br>" if text is not None else "") + "%{x:.4~g}<extra>%{fullData.name}</extra>"
    marker = {"color": color, "size": 9, "symbol": symbol}
    return errors(trace | {"marker": marker, "hovertemplate": hover}, part, low, high, "x", color=color, thickness=2, width=0)


def segments(part: Part, x: str, category: str, color: str, name: str | None = None, *, per: float = 1.0, **extra: Any) -> dict:
    """A horizontal line from each second row of a part to the row after it, such as from one score to the other of a pair."""
    values, places = column(part, x, per), column(part, category)
    gap = np.full(len(values) // 2, None, object)
    xs, ys = (np.column_stack([one.reshape(-1, 2).astype(object), gap]).ravel().tolist() for one in (values, places))
    dash = extra.pop("dash", None)
    trace = style.computed_line(xs, ys, _series(part, name), color, **extra)
    trace |= {"hoverinfo": "skip", "hovertemplate": None, "connectgaps": False}
    if dash is not None:
        trace["line"]["dash"] = dash
    return named(trace, {"x": per}, x=x, y=category)


def ticks(part: Part, x: str, category: str, color: str, name: str | None = None, *, per: float = 1.0, text=None) -> dict:
    """The value of each row as a short upright line."""
    trace = style.computed_ticks(column(part, x, per), column(part, category), _series(part, name), color, text)
    return named(trace, {"x": per}, x=x, y=category)


def errors(trace: dict, part: Part, low: str, high: str, axis: str = "y", **extra: Any) -> dict:
    """A trace of `points`, `bars` or `line` with error bars from one column of its part to another, along an axis."""
    meta = trace["meta"]
    per = meta.get("per", {}).get(axis, 1.0)
    middle = column(part, meta["columns"][axis], per)
    reach = {
        "type": "data",
        "symmetric": False,
        "array": column(part, high, per) - middle,
        "arrayminus": middle - column(part, low, per),
        **extra,
    }
    return trace | {f"error_{axis}": reach, "meta": meta | {"columns": meta["columns"] | {f"{axis}_low": low, f"{axis}_high": high}}}


def heat(part: Part, x: str, y: str, z: str, kind: str = "heatmap", *, per_z: float = 1.0, **extra: Any) -> dict:
    """A map of z over x and y from a part with one row for each cell, row after row of the map. kind: heatmap or contour."""
    xs, ys = column(part, x), column(part, y)
    across, down = _distinct(xs), _distinct(ys)
    trace = {
        "type": kind,
        "x": across,
        "y": down,
        "z": column(part, z, per_z).reshape(len(down), len(across)),
        "name": style.escape(str(part.get("series", z))) if isinstance(part.get("series", z), str) else style.escape(z),
        "meta": {"role": status(part)},
        **extra,
    }
    return named(trace, {"z": per_z}, x=x, y=y, z=z)


def _cited(part: Part, n: int) -> dict:
    """The work and the place in it of each of n reported rows, for the last line of its hover label; nothing for other rows."""
    if status(part) != "reported" or "source" not in part:
        return {}
    ids, places = column(part, "source"), column(part, "location") if "location" in part else [""]
    ids, places = (list(values) * n if len(values) == 1 else list(values) for values in (ids, places))
    return {"hovertext": [style.escape(work_and_place(str(id), str(place))) for id, place in zip(ids, places, strict=True)]}


def work_and_place(source: str, location: str = "") -> str:
    """Authors and year of a work, or of several with ";" between their ids, and the place in it.

    >>> work_and_place("jiang2023", "Table 2")
    'Albert Q. Jiang et al. 2023, Table 2'
    """
    return ", ".join(filter(None, ["; ".join(_work(source_id) for source_id in source.split(";") if source_id), location]))


def _work(source_id: str) -> str:
    try:
        work = tables.source(source_id)
    except tables.TableError:
        return source_id  # a reader's own file
    return f"{work['authors']} {work['year']}"


def _distinct(values: np.ndarray) -> np.ndarray:
    return values[np.sort(np.unique(values, return_index=True)[1])]


def _series(part: Part, name: str | None) -> str:
    if name is not None:
        return name
    series: str | Sequence[str] = part["series"]
    return series if isinstance(series, str) else str(list(series)[0])
