"""What holds for every figure that is declared: its parameters, its marks, its words, its public names."""

import functools
import importlib.util
import json
import re
import zlib
from typing import NamedTuple

import numpy as np
import pytest

from analysis import catalogue, tables
from analysis.charts.figure import Figure
from analysis.charts.panel import Panel
from analysis.charts.parameters import Choice, Data, Kind, Quantity
from analysis.charts.plain import as_json
from tests import figure_checks
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
MOST_TRIED = 20
"""Values of one parameter that are tried; lists of models and benchmarks are longer."""


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


def check_parameter(name: str, parameter: str) -> None:
    """A parameter changes the picture, the table and the settings."""
    usual = default(name)
    tried = [drawn(trial.figure) for trial in trials(name) if trial.parameter == parameter]
    assert len(tried) >= 2, parameter
    assert any(picture(panel) != picture(usual) for panel in tried), f"nothing that is drawn depends on {parameter}"
    assert any(not panel.data.equals(usual.data) for panel in tried), f"nothing in the table depends on {parameter}"
    assert any(panel.settings != usual.settings for panel in tried), parameter


# --- the first three, over all figures --------------------------------------------------------------------------------


AT_THE_DEFAULTS = (
    figure_checks.check_axes,
    figure_checks.check_scale,
    figure_checks.check_intervals,
    figure_checks.check_names,
    figure_checks.check_texts,
    figure_checks.check_alt,
    figure_checks.check_csv,
    figure_checks.check_hover,
    figure_checks.check_looks,
    figure_checks.check_legend,
)
AT_EVERY_VALUE = (
    figure_checks.check_headline,
    figure_checks.check_rounding,
    figure_checks.check_words,
    figure_checks.check_markers,
    figure_checks.check_statuses,
    figure_checks.check_ticks,
)


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_keeps_its_contract(name):
    for parameter in (parameter for of, parameter in PARAMETERS if of == name):
        check_parameter(name, parameter)
    usual, tried = default(name), [drawn(trial.figure) for trial in trials(name)]
    assert figure_checks.check_marks(usual), "nothing is drawn"
    for check in AT_THE_DEFAULTS:
        check(usual)
    for number, panel in enumerate([usual, *tried]):
        for check in AT_EVERY_VALUE:
            check(panel)
        if number % 3 == 1:  # the lines that draw are the same at every value
            figure_checks.check_marks(panel)
    for trial in trials(name):
        figure_checks.check_amber_line(drawn(trial.figure), list(trial.figure.values().values()))


@pytest.mark.parametrize("name", [name for name, figure in FIGURES.items() if "level" in figure.kinds()])
def test_another_level_moves_every_interval(name):
    usual = default(name).data
    for trial in trials(name):
        other = drawn(trial.figure).data
        if trial.parameter == "level" and len(other) == len(usual):
            for column in [column for column in usual if column.endswith("_low")]:
                moved = ~np.isclose(usual[column].astype(float), other[column].astype(float), rtol=1e-9, equal_nan=True)
                for series, rows in usual[usual[column].notna()].groupby("series", sort=False):
                    assert moved[rows.index].any(), (trial.key, column, series)


def test_a_model_has_one_colour_on_all_figures():
    looks: dict[str, dict[str, list[str]]] = {}
    for name in FIGURES:
        for trace in default(name).figure.data:
            color = (trace.line.color or trace.marker.color) if trace.type == "scatter" else None
            if isinstance(color, str) and re.fullmatch(r"(Pythia )?\d[\d.]*[MB]", trace.name or ""):
                looks.setdefault(trace.name.removeprefix("Pythia "), {}).setdefault(color, []).append(name)
    assert looks and not {model: found for model, found in looks.items() if len(found) > 1}


def test_the_list_of_drawn_columns_has_no_line_too_many():
    written = "\n".join(file.read_text(encoding="utf-8") for file in (ROOT / "analysis").glob("*/*.py"))
    assert not [column for column, _ in figure_checks.titles_of_columns() if not re.search(rf"\b{column.split('_')[0]}", written)]
    drawn_by_default = {
        (column, trace.meta.get("per", {}).get(figure_checks.axis_of(prop), 1.0))
        for name in FIGURES
        for trace in default(name).figure.data
        for prop, column in trace.meta["columns"].items()
    }
    assert (
        len(set(figure_checks.titles_of_columns()) - drawn_by_default) < len(figure_checks.titles_of_columns()) / 3
    )  # drawn at other values only


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
    return (kind.kind, kind.label, kind.help, *unit)


HELPS = [(name, parameter, kind) for name, figure in FIGURES.items() for parameter, kind in figure.kinds().items()]


def test_every_control_has_one_line_of_help():
    assert len(HELPS) > 250
    for name, parameter, kind in HELPS:
        where = f"{name}?{parameter}: {kind.help!r}"
        assert 15 <= len(kind.help) <= 160, where
        assert re.fullmatch(r"[A-Z0-9][^\n<>{}_|]*\.", kind.help) and " " in kind.help and kind.help[:-1] != kind.label, where


def test_every_term_is_used():
    stored = tables.load("terms")
    parameters = {parameter for _, parameter, _ in HELPS}
    code = [*(ROOT / "analysis").rglob("*.py"), *(ROOT / "pages").rglob("*.py"), ROOT / "data" / "tables.toml"]
    written = "\n".join(file.read_text(encoding="utf-8") for file in code).lower()
    assert len(stored) > 200
    unused = [
        row.name
        for row in stored[~stored["name"].isin(parameters)].itertuples()
        if not any(re.search(rf"\b{re.escape(word.lower())}", written) for word in (row.name, row.term.partition(",")[0]))
    ]
    assert not unused
    assert parameters <= set(stored["name"])


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_is_described_as_data_and_found_again_from_its_address(name):
    described = json.loads(json.dumps(FIGURES[name].described()))
    labels = [kind.label for kind in FIGURES[name].kinds().values()]
    assert len(set(labels)) == len(labels), labels
    assert described["name"] == name and described["description"]
    for about in described["parameters"].values():
        assert about["label"] and about["default"] and about["kind"]
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


# --- 5: what changes only on purpose ----------------------------------------------------------------------------------

DEFAULTS = ROOT / "tests" / "defaults.txt"
DRAWN_MARKS = ROOT / "tests" / "drawn_marks.txt"


def defaults() -> list[str]:
    """Default, bounds and unit of every parameter."""
    lines = []
    for name, figure in FIGURES.items():
        for parameter, about in figure.described()["parameters"].items():
            bounds = f" from {about['low']!r} to {about['high']!r} {about['unit']}" if "low" in about else ""
            lines.append(f"{name}?{parameter} {about['default']}{bounds}".rstrip())
    return sorted(lines)


def marks_of(name: str) -> list[str]:
    """Title, kinds of axes, columns; of each trace name, role, colours, points, hollow ones, and means in which order counts."""
    panel = default(name)
    axes = [str(panel.figure.layout[axis].type) for axis in ("xaxis", "yaxis")]
    lines = [f"{name} | {panel.title} | {' '.join(axes)} | {' '.join(sorted(panel.data))}"]
    for trace in panel.figure.data:
        points = figure_checks.points_of(trace, trace.meta["columns"])
        color = None
        if trace.type not in ("heatmap", "contour"):
            color = trace.marker.color if trace.type == "bar" else trace.line.color or trace.marker.color
        shades = color if isinstance(color, str) else " ".join(dict.fromkeys(map(str, color))) if color is not None else ""
        symbols = trace.marker.symbol if trace.type == "scatter" else None
        hollow = " ".join([symbols] if isinstance(symbols, str) else symbols).count("-open") if symbols is not None else 0
        means = [mean_in_order(values) for values in zip(*points, strict=True)]
        lines.append(f"{name} | {trace.name} | {trace.meta['role']} | {shades} | {len(points)} | {hollow} | {' '.join(means)}")
    return lines


def mean_in_order(values: tuple) -> str:
    """A number that changes with the values and with their order."""
    if any(isinstance(value, str) for value in values):
        return f"{zlib.crc32(' '.join(map(str, values)).encode()):08x}"
    return f"{np.average(np.asarray(values, float), weights=np.arange(1, len(values) + 1)):.4g}"


def test_defaults_bounds_and_units_change_only_on_purpose():
    assert defaults() == DEFAULTS.read_text(encoding="utf-8").splitlines(), f"python -m {__name__} writes {DEFAULTS.name}"


@pytest.mark.parametrize("name", FIGURES)
def test_what_is_drawn_at_the_defaults_changes_only_on_purpose(name):
    known = [line for line in DRAWN_MARKS.read_text(encoding="utf-8").splitlines() if line.startswith(f"{name} | ")]
    assert marks_of(name) == known, f"say in CHANGELOG what readers will see; python -m {__name__} writes {DRAWN_MARKS.name}"


@pytest.mark.parametrize("name", FIGURES)
def test_hollow_marks_are_spoken_of_only_where_one_is_hollow(name):
    panel = default(name)
    said = "ollow: " in panel.caption or any("ollow: " in (trace.name or "") for trace in panel.figure.data)
    symbols = [symbol for trace in panel.figure.data for symbol in np.atleast_1d(getattr(getattr(trace, "marker", None), "symbol", None))]
    assert not said or any(str(symbol).endswith("-open") for symbol in symbols), panel.caption


def public_lines() -> list[str]:
    """The lines of the list of public names: those of figures, and of the controls that pages have of their own."""
    own = [line for line in PUBLIC_NAMES.read_text(encoding="utf-8").split() if "." not in line.partition("?")[0]]
    return sorted({*own, *public_names()})


if __name__ == "__main__":
    DEFAULTS.write_text("".join(f"{line}\n" for line in defaults()), encoding="utf-8")
    DRAWN_MARKS.write_text("".join(f"{line}\n" for name in FIGURES for line in marks_of(name)), encoding="utf-8")
    PUBLIC_NAMES.write_text("".join(f"{line}\n" for line in public_lines()), encoding="utf-8")
