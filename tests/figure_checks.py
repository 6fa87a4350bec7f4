"""What must hold of a panel, whatever figure it is of. tests/test_figure_contract.py runs these over all figures."""

import functools
import html
import io
import math
import re
from typing import Any

import numpy as np
import pandas as pd

from analysis import units
from analysis.charts import names, style, ticks
from analysis.charts.panel import Panel
from analysis.export import csv_file
from analysis.export import words as export_words
from analysis.export.picture import legend_names
from tests.conftest import ROOT

DRAWN_COLUMNS = ROOT / "tests" / "drawn_columns.txt"
COUNTED = (
    "token|layer|sequence|epoch|GPU|model|task|example|place|day|hour|second|parameter|head|sample|row|position|year|month|step|run|prompt|"
    "question|point"
)
STATUS_OF_ROLE = {"band": {"uncertain", "computed", "what_if", "reported"}}
SCALES = {
    "": 1, "k": 1e3, "M": 1e6, "B": 1e9, "T": 1e12, "kB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12,
    "MiB": 2**20, "GiB": 2**30, "TiB": 2**40, "million": 1e6, "billion": 1e9,
    "trillion": 1e12, "%": 0.01, "minutes": 60, "hours": 3600, "days": 86400, "years": 365.25 * 86400,
    "ms": 1e-3, "kFLOPs": 1e3, "MFLOPs": 1e6, "GFLOPs": 1e9, "TFLOPs": 1e12, "PFLOPs": 1e15,
}  # fmt: skip


# --- 2: the picture is its table -------------------------------------------------------------------------------------


def values(trace: Any, prop: str) -> np.ndarray | None:
    """The numbers or words that a trace draws for one of its named properties."""
    if prop in ("x", "y", "z", "base"):
        return None if trace[prop] is None else np.asarray(trace[prop], dtype=object)
    if prop == "end":
        return np.asarray(trace["base"], float) + np.asarray(trace["x"], float)
    axis, edge = prop.split("_")
    error = trace[f"error_{axis}"]
    middle = np.asarray(trace[axis], float)
    return middle + np.asarray(error["array"], float) if edge == "high" else middle - np.asarray(error["arrayminus"], float)


def rows_of(panel: Panel, columns: dict[str, str], per: dict[str, float]) -> pd.DataFrame:
    return pd.DataFrame({prop: scaled(panel.data[column], per.get(axis_of(prop), 1.0)) for prop, column in columns.items()})


def axis_of(prop: str) -> str:
    return {"base": "x", "end": "x"}.get(prop, prop.partition("_")[0])


def scaled(column: pd.Series, per: float) -> pd.Series:
    return column if per == 1.0 else column / per


def points_of(trace: Any, columns: dict[str, str]) -> list[tuple]:
    """What a trace draws, point by point; points with a gap are left out."""
    if trace.type in ("heatmap", "contour"):
        z = np.asarray(trace.z, float)
        x, y = np.tile(np.asarray(trace.x, object), len(trace.y)), np.repeat(np.asarray(trace.y, object), len(trace.x))
        found: dict[str, np.ndarray] = {"x": x, "y": y, "z": z.ravel()}
    else:
        found = {prop: values(trace, prop) for prop in columns}  # type: ignore[misc]
    assert set(found) == set(columns)
    points = zip(*(found[prop] for prop in columns), strict=True)
    return [point for point in points if not any(gap(value) for value in point)]


def gap(value: Any) -> bool:
    return value is None or (isinstance(value, float | np.floating) and math.isnan(value))


def close(point: tuple, rows: list[tuple]) -> bool:
    return any(all(same(one, other) for one, other in zip(point, row, strict=True)) for row in rows)


def same(one: Any, other: Any) -> bool:
    if isinstance(one, str) or isinstance(other, str):
        return str(one) == str(other)
    return math.isclose(float(one), float(other), rel_tol=1e-9, abs_tol=1e-12)


def check_marks(panel: Panel) -> int:
    """Every drawn point, bar, band edge and error bar is a row of the table; how many were looked at."""
    count = 0
    for trace in panel.figure.data:
        meta = trace.meta or {}
        columns, per = meta.get("columns"), meta.get("per", {})
        assert columns, f"the trace {trace.name} does not say which columns it draws"
        errors = {f"{axis}_{edge}" for axis in "xy" for edge in ("low", "high") if has_error_bars(trace, axis)}
        assert errors <= set(columns), f"error bars of {trace.name} are of no column"
        points = points_of(trace, columns)
        table = rows_of(panel, columns, per)
        statuses = STATUS_OF_ROLE.get(meta["role"], {meta["role"]})
        if trace.type not in ("heatmap", "contour"):
            table = table[panel.data["status"].isin(statuses)]
        exact = set(table.itertuples(index=False, name=None))
        for point in points:
            assert point in exact or close(point, list(exact)), (trace.name, columns, point)
        count += len(points)
    return count


def has_error_bars(trace: Any, axis: str) -> bool:
    return trace.type in ("scatter", "bar") and trace[f"error_{axis}"].array is not None


@functools.cache
def titles_of_columns() -> dict[tuple[str, float], str]:
    """What the title of an axis must say for each column that may stand on it, with what its values are divided by."""
    lines = [line.split(None, 2) for line in DRAWN_COLUMNS.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]
    found: dict[tuple[str, float], str] = {}
    for column, per, words in lines:
        found[column, float(per)] = "|".join(filter(None, (found.get((column, float(per))), words)))
    return found


def axis_of_trace(panel: Panel, trace: Any, which: str) -> tuple[str, Any]:
    """(name, axis) that a trace is drawn along: of several plots over each other, its own."""
    name = getattr(trace, f"{which}axis", None) or which
    return name, panel.figure.layout[name.replace(which, f"{which}axis")]


def check_axes(panel: Panel) -> None:
    """An axis says what stands on it."""
    for trace in panel.figure.data:
        meta = trace.meta
        for prop, column in meta["columns"].items():
            axis = axis_of(prop)
            if axis == "z" or not pd.api.types.is_numeric_dtype(panel.data[column]):
                continue
            title = axis_of_trace(panel, trace, axis)[1].title.text
            wanted = titles_of_columns()[column, meta.get("per", {}).get(axis, 1.0)]
            assert re.search(wanted, title), f"{column} stands on an axis called {title!r}, which should say {wanted!r}"


# --- 3: words --------------------------------------------------------------------------------------------------------


WRITTEN = re.compile(r"\$?(-?[\d,]+(?:\.\d+)?)(e[+-]?\d+)?\s*(\S*)(?:\s.*)?")
"""A number that a headline writes: its digits, the power of ten, the unit."""
POWER = re.compile(rf"(?:(?<=\d)×|\b)10([{units.SUPERSCRIPTS}]+)")


def without_powers(text: str) -> str:
    """The text with powers of ten as programs write them.

    >>> without_powers("5.8×10²³ FLOP"), without_powers("10²¹ FLOP"), without_powers("110 k")
    ('5.8e23 FLOP', '1e21 FLOP', '110 k')
    """
    return POWER.sub(lambda found: f"{'' if found[0].startswith('×') else 1}e{found[1].translate(units.POWERS)}", text)


def number_in(text: str) -> float:
    """The number that a headline writes, in base units."""
    found = WRITTEN.fullmatch(without_powers(text))
    assert found, text
    number = float(f"{found[1].replace(',', '')}{found[2] or ''}")
    unit = found[3]
    if unit in SCALES or f"{unit}s" in SCALES:
        return number * SCALES.get(unit, SCALES.get(f"{unit}s", 1))
    prefix = unit[:1] if unit[1:] in ("FLOP/s", "FLOP", "bytes/s", "B/s") else ""
    return number * dict(units.SI_PREFIXES)[prefix]


def check_headline(panel: Panel) -> None:
    """The title states the headline, and the table holds it."""
    assert 1 <= len(panel.headline) <= 4
    for part in panel.headline:
        assert part.text in panel.title, (part, panel.title)
        assert math.isfinite(part.value)
        stated = number_in(part.text)
        assert any(math.isclose(stated, part.value * scale, rel_tol=0.06, abs_tol=0.006) for scale in (1, 0.01, 100)), part
        if part.column:
            assert np.isclose(panel.data[part.column].astype(float), part.value, rtol=1e-9).any(), part


def check_words(panel: Panel) -> None:
    """Words hold no gaps, no plural of one, and no more than has room."""
    for words in (panel.title, panel.caption, panel.alt, *panel.settings.values(), *(trace.name or "" for trace in panel.figure.data)):
        assert not re.search(r"\bnan\b|\binf\b|None|[{}]|–|  ", words), words
        assert not re.search(rf"(?<![\d.,] )(?<![\d.,])\b1 ({COUNTED})s\b", words), words
        assert not re.search(r"^\s|\s$|\(\)|: ?$", words), words
    assert panel.title and panel.alt.endswith(".") and len(panel.title) < 170, panel.title


NOTATIONS = ("plain", "power", "count", "SI", "bytes")

CUT_OFF = {"scaling.isoflop", "compute.overtraining", "domain.mix", "small_models.hours"}
"""Figures whose axes leave out published markers at some setting, on purpose: what the reader moves decides what is shown."""


def check_markers(panel: Panel) -> None:
    """Every marker lies within its axes, a what-if in any case."""
    for trace in panel.figure.data:
        if trace.type == "scatter" and "markers" in (trace.mode or "") and (trace.meta["role"] == "what_if" or panel.name not in CUT_OFF):
            for which in ("x", "y"):
                axis = axis_of_trace(panel, trace, which)[1]
                numbers = [value for value in trace[which] if isinstance(value, int | float | np.number) and not gap(value)]
                if axis.range is None or not numbers:
                    continue
                low, high = sorted(10.0**end if axis.type == "log" else end for end in axis.range)
                span = 1e-9 * abs(high)
                assert all(low - span <= value <= high + span for value in numbers), (panel.settings, which, numbers, (low, high))


WORDS_OF_SCALE = {"thousand": 1e3, "million": 1e6, "billion": 1e9, "trillion": 1e12, "kB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12}


def check_scale(panel: Panel) -> None:
    """An axis counts in thousands or GB exactly where its values are divided by that."""
    for trace in panel.figure.data:
        for prop, column in trace.meta["columns"].items():
            axis = axis_of(prop)
            if axis == "z" or not pd.api.types.is_numeric_dtype(panel.data[column]):
                continue
            title, per = axis_of_trace(panel, trace, axis)[1].title.text or "", trace.meta.get("per", {}).get(axis, 1.0)
            said = re.search(rf"\b({'|'.join(WORDS_OF_SCALE)})s?\b", title)
            wanted = WORDS_OF_SCALE[said[1]] if said else 1.0
            assert per == wanted or (not said and per not in WORDS_OF_SCALE.values()), (column, per, title)


def check_intervals(panel: Panel) -> None:
    """An interval has two ends, apart from each other and from the middle."""
    before: Any = None
    for trace in panel.figure.data:
        columns = trace.meta["columns"]
        for axis in "xy":
            if f"{axis}_low" in columns:
                assert len({columns[axis], columns[f"{axis}_low"], columns[f"{axis}_high"]}) == 3, columns
                for side in ("array", "arrayminus"):
                    assert np.nansum(np.asarray(trace[f"error_{axis}"][side], float)) > 0, (trace.name, side)
        if trace.meta["role"] == "band":
            if trace.meta.get("edge") == "high":
                width = np.asarray(trace.y, float) - np.asarray(before.y, float)
                assert columns["y"] != before.meta["columns"]["y"] and np.nanmax(width) > 0, (trace.name, columns)
            if trace.type == "bar":
                assert columns["base"] != columns["end"] and np.nanmax(np.asarray(trace.x, float)) > 0, (trace.name, columns)
        before = trace


def last_digit(text: str) -> float:
    """What one step in the last digit that a number shows is worth, in base units; zeros at the end of a whole number are no digits."""
    found = WRITTEN.fullmatch(without_powers(text))
    assert found, text
    digits = found[1].replace(",", "").lstrip("-")
    decimals = len(digits.partition(".")[2])
    zeros = len(digits) - len(digits.rstrip("0")) if not decimals and digits.strip("0") else 0
    return 10.0 ** (zeros - decimals) * float(f"1{found[2] or ''}") * number_in(f"1 {found[3]}" if found[3] else "1")


def check_rounding(panel: Panel) -> None:
    """A headline is its value, rounded to the digits that it shows."""
    for part in panel.headline:
        scales = (1,) if part.unit == "share" and part.text.endswith("%") else (1, 0.01, 100)
        stated, half = number_in(part.text), 0.5001 * last_digit(part.text) + 1e-12
        assert any(abs(stated - part.value * scale) <= half for scale in scales), part


NAMED_OTHERWISE = {"gain"}
"""Names in a legend that begin like those of another series."""


def check_names(panel: Panel) -> None:
    """A trace with the name of a series or of a column draws that."""
    for trace in panel.figure.data:
        label, columns = html.unescape(trace.name or ""), trace.meta["columns"]
        if trace.type in ("heatmap", "contour") or label in NAMED_OTHERWISE:
            continue
        if label in panel.data:
            assert label in columns.values(), f"{label} draws {columns}"
        named = [series for series in panel.data["series"].dropna().unique() if series and series in label]
        if named:
            rows = rows_of(panel, columns, trace.meta.get("per", {}))[panel.data["series"] == max(named, key=len)]
            exact = list(rows.itertuples(index=False, name=None))
            for point in points_of(trace, columns):
                assert point in exact or close(point, exact), (label, max(named, key=len), point)


def check_statuses(panel: Panel) -> None:
    """Every reported row names its work, and what is the reader's is a what-if."""
    data = panel.data
    reported = data[data["status"] == "reported"]
    assert reported.empty or reported["source"].notna().all(), list(reported["series"].unique())
    series = data["series"].astype(str)
    own = series.str.contains(r"what-if|^yours?\b(?! threshold)")
    assert data.loc[own, "status"].isin(["what_if", "uncertain"]).all(), list(series[own].unique())


def check_hover(panel: Panel) -> None:
    """The hover label of a reported point ends with its work, its year and the place in it."""
    for trace in panel.figure.data:
        if (trace.meta or {}).get("role") == "reported" and trace.type in ("scatter", "bar") and trace.hoverinfo != "skip":
            assert trace.hovertemplate.partition("<extra>")[0].endswith("%{hovertext}"), trace.name
            assert len(trace.hovertext) == len(trace.x) and all(re.search(r" \d{4}, .", text) for text in trace.hovertext), trace.name


def rows_of_point(point: tuple, data: pd.DataFrame, rows: list[tuple]) -> pd.DataFrame:
    """The rows of the table that a drawn point may be."""
    return data[[not any(gap(value) for value in row) and all(same(a, b) for a, b in zip(point, row, strict=True)) for row in rows]]


def check_texts(panel: Panel) -> None:
    """The text of a mark is of its own row."""
    for trace in panel.figure.data:
        if trace.type in ("heatmap", "contour") or trace.text is None or isinstance(trace.text, str):
            continue
        columns, statuses = trace.meta["columns"], STATUS_OF_ROLE.get(trace.meta["role"], {trace.meta["role"]})
        chosen = panel.data["status"].isin(statuses)
        data = panel.data[chosen]
        rows = list(rows_of(panel, columns, trace.meta.get("per", {}))[chosen].itertuples(index=False, name=None))
        texts = [html.unescape(str(text)) for text in trace.text]
        points = list(zip(*(values(trace, prop) for prop in columns), strict=True))  # type: ignore[arg-type]
        if len(points) != len(texts):
            continue
        pairs = [(text, rows_of_point(p, data, rows)) for text, p in zip(texts, points, strict=True) if not any(gap(v) for v in p)]
        for column in data.select_dtypes(["object", "str"]).columns.difference(["series", "status"]):
            for text, mine in pairs:
                cells = [cell for cell in mine[column] if isinstance(cell, str)]
                if cells and (data[column] == text).any():
                    assert text in cells, (trace.name, column, text, cells)
        if not all(re.fullmatch(r"\$?-?\d[\d,.]*(e\d+)?(%| ?[A-Za-z]{1,8})?", without_powers(text)) for text, _ in pairs):
            continue
        numbers = [(number_in(text), 0.51 * last_digit(text) + 1e-12, mine) for text, mine in pairs]
        for column in data.select_dtypes("number"):
            told = [any(abs(n - v) <= half for v in data[column].dropna()) for n, half, _ in numbers]
            if len(numbers) > 2 and all(told):
                assert all(any(abs(n - v) <= half for v in mine[column].dropna()) for n, half, mine in numbers), (trace.name, column, texts)


def check_ticks(panel: Panel) -> None:
    """Ticks are written in one notation, each text once, on the axis; shares end at 0 and 100%."""
    drawn_on = {
        axis_of_trace(panel, trace, which)[0]: axis_of_trace(panel, trace, which)[1] for trace in panel.figure.data for which in "xy"
    }
    for name, axis in drawn_on.items():
        which = name[0]
        texts, places = list(axis.ticktext or ()), list(axis.tickvals if axis.tickvals is not None else ())
        assert len(set(texts)) == len(texts) and not re.search(r"\.\d[%ef]", axis.tickformat or ""), (texts, axis.tickformat)
        low, high = sorted(10.0**end if axis.type == "log" else end for end in axis.range or (math.nan, math.nan))
        for text, place in zip(texts, places, strict=bool(texts)):
            if isinstance(place, str) or not axis.title.text:  # names of rows
                continue
            assert text.removeprefix("$") in {ticks.written(place, notation) for notation in NOTATIONS}, (text, place)
            assert axis.range is None or low * (1 - 1e-9) <= place <= high * (1 + 1e-9), (text, low, high)
        assert axis.type != "log" or len(texts) >= 2, (which, texts)
        if panel.figure.layout.meta[name] == "percent":
            on_it = [trace.to_plotly_json() for trace in panel.figure.data if axis_of_trace(panel, trace, which)[0] == name]
            drawn = ticks.extent(on_it, {}, which)
            assert drawn is None or drawn[0] < 0 or drawn[1] > 1 + 1e-9 or 0 <= low < high and (high <= 1 or high == 1.15), (low, high)


AMBER = (style.AMBER.lower(), style.translucent(style.AMBER)[:15])


def is_amber(color: Any) -> bool:
    """Whether a colour, of any opacity, is the one of what-ifs."""
    return str(color).lower().startswith(AMBER)


def check_looks(panel: Panel) -> None:
    """Amber is a what-if, hollow is not verified, and both the other way round where they can be."""
    traces = [trace for trace in panel.figure.data if trace.type in ("scatter", "bar")]
    chosen = any(trace.meta["role"] == "what_if" for trace in traces)
    for trace in traces:
        colors = np.atleast_1d(trace.marker.color if trace.marker.color is not None else [])
        shades = [*colors, *([trace.line.color, trace.fillcolor] if trace.type == "scatter" else [])]
        role = trace.meta["role"]
        assert not any(map(is_amber, shades)) or role == "what_if" or (role == "band" and chosen), (trace.name, role)
        if trace.type != "scatter" or trace.marker.symbol is None:
            continue
        symbols = np.broadcast_to(np.atleast_1d(np.asarray(trace.marker.symbol, object)), len(trace.x))
        rows = panel.data[panel.data["status"].isin(STATUS_OF_ROLE.get(role, {role}))]
        keys = list(rows_of(panel, trace.meta["columns"], trace.meta.get("per", {})).loc[rows.index].itertuples(index=False, name=None))
        for symbol, point in zip(symbols, zip(*(values(trace, prop) for prop in trace.meta["columns"]), strict=True), strict=True):  # type: ignore[arg-type]
            if not any(gap(value) for value in point) and str(symbol).endswith("-open"):
                assert (rows_of_point(point, rows, keys).get("verified", pd.Series([1])) == 0).any(), (trace.name, point)


def check_legend(panel: Panel) -> None:
    """A legend has at most six entries, and every line and marker is in it or named on the chart."""
    listed = legend_names(panel.figure)
    assert len(listed) <= 6, listed
    notes = [note for note in panel.figure.layout.annotations if note.name == names.LABEL]
    for trace in panel.figure.data:
        if (trace.meta or {}).get("named"):
            wanted = [trace.meta["end"]] if "end" in trace.meta else trace.meta["names"]
            assert all(any(export_words.plain_text(note.text) == name for note in notes) for name in wanted if name), (trace.name, wanted)


def told_by(text: str) -> set[str]:
    """The words, by their first five letters, and the numbers of a sentence."""
    return {word[:5].lower() for word in re.findall(r"[^\W\d_]{4,}", text)} | set(re.findall(r"\d[\d,.]*\d|\d", text))


def check_alt(panel: Panel) -> None:
    """The alternative text is of the same figure."""
    layout = panel.figure.layout
    ours = told_by(" ".join(filter(None, (panel.title, layout.xaxis.title.text, layout.yaxis.title.text))))
    shared = (ours - {"with", "that", "from", "than", "over", "betwe"}) & told_by(panel.alt)
    assert len(shared) >= 2 - (panel.name == "segment_anything.params"), (panel.title, panel.alt)


def check_amber_line(panel: Panel, chosen: list[Any]) -> None:
    """An amber line stands where the reader's value is. chosen: the values of the figure's parameters."""
    own = [value for value in chosen if isinstance(value, int | float)]
    own += [value for column in panel.data.select_dtypes("number") for value in panel.data[column].dropna().unique()]
    for shape in panel.figure.layout.shapes or ():
        if shape.type == "line" and shape.line.color == style.AMBER:
            at = shape.x0 if shape.x0 == shape.x1 else shape.y0
            places = (value * scale + shift for value in own for scale in (1, 1e-9) for shift in (0, -0.5))
            assert any(math.isclose(at, place, rel_tol=1e-9) for place in places), at


def check_csv(panel: Panel) -> None:
    """The CSV file holds all that is drawn, to the last bit but rounding, and every setting."""
    written = pd.read_csv(io.BytesIO(csv_file.table(panel)), comment="#", low_memory=False)
    assert len(written) == len(panel.data)
    for column in {column for trace in panel.figure.data for column in trace.meta["columns"].values()} | {"status", "series"}:
        if pd.api.types.is_numeric_dtype(panel.data[column]):
            assert np.allclose(written[column].astype(float), panel.data[column].astype(float), rtol=1e-12, equal_nan=True), column
        else:
            assert column in written
    said = dict(export_words.provenance(panel)).get("Settings", "")
    assert all(f"{label}: {value}" in said for label, value in panel.settings.items()), said
