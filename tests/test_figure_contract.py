"""What holds for every figure that is declared: its parameters, its marks, its words, its public names."""

import functools
import importlib.util
import json
import math
import re
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pytest

from analysis import catalogue, units
from analysis.charts.figure import Figure
from analysis.charts.panel import Panel
from analysis.charts.parameters import Choice, Data, Kind, Quantity
from analysis.charts.plain import as_json
from tests.conftest import ROOT

FIGURES = catalogue.figures()
TRAINED = {
    (name, parameter) for name in ("preference.frontier", "preference.implicit") for parameter in ("n_pairs", "n_answers", "flipped")
}
"""At other values than the default these figures are trained by the worker, which needs torch."""
LEFT_OUT = set() if importlib.util.find_spec("torch") else TRAINED
PARAMETERS = [
    (name, parameter)
    for name, figure in FIGURES.items()
    for parameter, kind in figure.kinds().items()
    # where the tables, or a reader's own file, offer one value only, there is no other to try
    if not (isinstance(kind, Data) or callable(getattr(kind, "options", None))) or len(kind.trials(figure.of({})[0].values())) > 1
]
PUBLIC_NAMES = ROOT / "tests" / "public_names.txt"
DRAWN_COLUMNS = ROOT / "tests" / "drawn_columns.txt"
COUNTED = (
    "token|layer|sequence|epoch|GPU|model|task|example|place|day|hour|second|parameter|head|sample|row|position|year|month|step|run|prompt|"
    "question|point"
)
MOST_TRIED = 40
"""Values of one parameter that are tried; lists of models and benchmarks are longer."""
STATUS_OF_ROLE = {"band": {"uncertain", "computed", "what_if", "reported"}}
SCALES = {
    "": 1, "k": 1e3, "K": 1e3, "M": 1e6, "B": 1e9, "T": 1e12, "kB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12, "million": 1e6, "billion": 1e9,
    "trillion": 1e12, "%": 0.01, "minutes": 60, "hours": 3600, "days": 86400, "years": 365.25 * 86400,
    "ms": 1e-3, "kFLOPs": 1e3, "MFLOPs": 1e6, "GFLOPs": 1e9, "TFLOPs": 1e12, "PFLOPs": 1e15,
}  # fmt: skip


class Trial(NamedTuple):
    """One parameter at one value, all others at their defaults."""

    parameter: str
    key: str
    figure: Figure


@functools.cache
def trials(name: str) -> tuple[Trial, ...]:
    """The figure at both ends of every quantity and for every option of its parameters."""
    figure, made = FIGURES[name], []
    default, _ = figure.of({})
    for parameter, kind in figure.kinds().items():
        values = kind.trials(default.values()) if (name, parameter) not in LEFT_OUT else []
        for value in values[:: 1 + len(values) // MOST_TRIED]:  # of long lists some, from one end to the other
            changed, problems = figure.of({parameter: value})
            assert not problems, problems
            made.append(Trial(parameter, kind.key(value), changed))
    return tuple(made)


@functools.lru_cache(maxsize=4096)
def drawn(figure: Figure) -> Panel:
    return figure.panel()


def default(name: str) -> Panel:
    return drawn(FIGURES[name].of({})[0])


def picture(panel: Panel) -> str:
    return as_json(panel.figure)


# --- 1: every parameter changes the figure and its table --------------------------------------------------------------


def check_parameter(name: str, parameter: str) -> None:
    """A parameter changes the picture, the table and the settings."""
    usual = default(name)
    tried = [drawn(trial.figure) for trial in trials(name) if trial.parameter == parameter]
    assert len(tried) >= 2, parameter
    assert any(picture(panel) != picture(usual) for panel in tried), f"nothing that is drawn depends on {parameter}"
    assert any(not panel.data.equals(usual.data) for panel in tried), f"nothing in the table depends on {parameter}"
    assert any(panel.settings != usual.settings for panel in tried), parameter


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


def check_axes(panel: Panel) -> None:
    """An axis says what stands on it."""
    for trace in panel.figure.data:
        meta = trace.meta
        for prop, column in meta["columns"].items():
            axis = axis_of(prop)
            if axis == "z" or not pd.api.types.is_numeric_dtype(panel.data[column]):
                continue
            title = panel.figure.layout[f"{axis}axis"].title.text
            wanted = titles_of_columns()[column, meta.get("per", {}).get(axis, 1.0)]
            assert re.search(wanted, title), f"{column} stands on an axis called {title!r}, which should say {wanted!r}"


def test_the_list_of_drawn_columns_has_no_line_too_many():
    written = "\n".join(file.read_text(encoding="utf-8") for file in (ROOT / "analysis").glob("*/*.py"))
    assert not [column for column, _ in titles_of_columns() if not re.search(rf"\b{column.split('_')[0]}", written)]
    drawn_by_default = {
        (column, trace.meta.get("per", {}).get(axis_of(prop), 1.0))
        for name in FIGURES
        for trace in default(name).figure.data
        for prop, column in trace.meta["columns"].items()
    }
    assert len(set(titles_of_columns()) - drawn_by_default) < len(titles_of_columns()) / 3  # drawn at other values only


# --- 3: words --------------------------------------------------------------------------------------------------------


def number_in(text: str) -> float:
    """The number that a headline writes, in base units."""
    found = re.fullmatch(r"\$?(-?[\d,]+(?:\.\d+)?(?:e[+-]?\d+)?)\s*(\S*)(?:\s.*)?", text)
    assert found, text
    number = float(found[1].replace(",", ""))
    unit = found[2]
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


def check_what_ifs(panel: Panel) -> None:
    """A what-if lies within its axes."""
    for trace in panel.figure.data:
        if (trace.meta or {}).get("role") == "what_if" and trace.type == "scatter" and trace.mode == "markers":
            for which in ("x", "y"):
                axis = panel.figure.layout[f"{which}axis"]
                numbers = [value for value in trace[which] if isinstance(value, int | float | np.number) and not gap(value)]
                if axis.range is None or not numbers:
                    continue
                low, high = sorted(10.0**end if axis.type == "log" else end for end in axis.range)
                span = 1e-9 * abs(high)
                assert all(low - span <= value <= high + span for value in numbers), (panel.settings, which, numbers, (low, high))


# --- the first three, over all figures --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_keeps_its_contract(name):
    for parameter in (parameter for of, parameter in PARAMETERS if of == name):
        check_parameter(name, parameter)
    usual, tried = default(name), [drawn(trial.figure) for trial in trials(name)]
    assert check_marks(usual), "nothing is drawn"
    check_axes(usual)
    for number, panel in enumerate([usual, *tried]):
        check_headline(panel)
        check_words(panel)
        check_what_ifs(panel)
        if number % 3 == 1:  # the lines that draw are the same at every value
            check_marks(panel)


# --- 4: the public names ----------------------------------------------------------------------------------------------


def public_names() -> set[str]:
    """Every figure, every parameter and every option of one that is not read from a table."""
    found = set()
    for name, figure in FIGURES.items():
        found.add(name)
        usual = figure.of({})[0].values()
        for parameter, kind in figure.kinds().items():
            found.add(f"{name}?{parameter}")
            if isinstance(kind, Choice) and not callable(kind.options):
                found |= {f"{name}?{parameter}={key}" for key in kind.labels(usual)}
            if isinstance(kind, Choice):
                assert not [key for key in kind.labels(usual) if re.search(r"[\s,&?#=]", str(key))], f"keys of {name}?{parameter}"
    return found


def test_the_public_names_are_those_that_they_always_were():
    lines = [line for line in PUBLIC_NAMES.read_text(encoding="utf-8").split() if "." in line.partition("?")[0]]
    assert lines == sorted(set(lines)) and len(lines) > 20
    assert public_names() == set(lines), "a renamed figure, parameter or option breaks links; add an alias or change the list on purpose"


def test_a_parameter_means_the_same_wherever_it_has_the_same_name():
    meanings: dict[str, dict[tuple, list[str]]] = {}
    for name, figure in FIGURES.items():
        for parameter, kind in figure.kinds().items():
            meanings.setdefault(parameter, {}).setdefault(meaning(kind), []).append(name)
    different = {parameter: found for parameter, found in meanings.items() if len(found) > 1}
    assert not different


def meaning(kind: Kind) -> tuple:
    unit = (kind.unit, kind.whole) if isinstance(kind, Quantity) else ()
    return (kind.kind, kind.label, *unit)


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_is_described_as_data_and_found_again_from_its_address(name):
    described = json.loads(json.dumps(FIGURES[name].described()))
    labels = [kind.label for kind in FIGURES[name].kinds().values()]
    assert len(set(labels)) == len(labels), labels
    assert described["name"] == name and described["description"]
    for parameter, about in described["parameters"].items():
        assert about["label"] and about["default"] and about["kind"]
        kind = FIGURES[name].kinds()[parameter]
        assert kind.help or isinstance(kind, Choice), f"{parameter} has no help"
    for trial in trials(name):
        query = "&".join(f"{key}={text}" for key, text in trial.figure.changed().items())
        assert FIGURES[name].of_query(query) == trial.figure


@pytest.mark.parametrize("name", FIGURES)
def test_a_value_beyond_the_bounds_is_refused_by_name(name):
    for parameter, kind in FIGURES[name].kinds().items():
        with pytest.raises(ValueError, match=re.escape(kind.label)):
            FIGURES[name].of_query(f"{parameter}=nothing that anybody could have meant")
        if isinstance(kind, Quantity):
            with pytest.raises(ValueError, match=re.escape(kind.label)):
                FIGURES[name].of_query(f"{parameter}={kind.high * 10 + 101!r}")
