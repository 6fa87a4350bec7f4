"""The palette and the marks: readable, distinguishable, and the same everywhere."""

import html
import re
import tomllib
from itertools import combinations

import numpy as np
import plotly.graph_objects as go
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis import tables
from analysis.charts import intervals, style
from tests.conftest import ROOT

WHITE, DARK_PAGE = "#FFFFFF", "#0E1117"

# Simulation of full colour blindness on linear RGB: Machado, Oliveira and Fernandes 2009, Table 1, severity 1.0.
MACHADO2009 = {
    "normal vision": np.eye(3),
    "protanopia": np.array([[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]),
    "deuteranopia": np.array([[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]),
    "tritanopia": np.array([[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]),
}
# Linear sRGB to XYZ and the white point D65: IEC 61966-2-1.
TO_XYZ = np.array([[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]])
D65 = np.array([0.95047, 1.0, 1.08883])


def linear(color: str) -> np.ndarray:
    channels = np.array([int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    return np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)


def contrast(first: str, second: str) -> float:
    """Contrast ratio of WCAG 2."""
    light, dark = sorted((float(TO_XYZ[1] @ linear(color)) + 0.05 for color in (first, second)), reverse=True)
    return light / dark


def lab(rgb: np.ndarray) -> np.ndarray:
    """CIELAB of linear RGB."""
    ratio = TO_XYZ @ np.clip(rgb, 0, 1) / D65
    f = np.where(ratio > (6 / 29) ** 3, np.cbrt(ratio), ratio / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def test_black_on_white_has_the_contrast_that_wcag_names():
    assert contrast("#000000", WHITE) == pytest.approx(21, abs=1e-4)  # guards the measure that the next tests rest on


@pytest.mark.parametrize("color", [*style.PALETTE, style.AMBER])
@pytest.mark.parametrize("page", [WHITE, DARK_PAGE])
def test_marks_are_readable_on_the_light_and_on_the_dark_page(color, page):
    assert contrast(color, page) >= 3  # WCAG 2.1, 1.4.11 non-text contrast


def test_type_on_fills_of_every_figure_is_readable():
    from analysis import catalogue

    checked = set()
    for name, kind in catalogue.figures().items():
        for trace in kind().panel().figure.to_dict()["data"]:
            written = trace["type"] in ("bar", "heatmap") and {"text", "texttemplate"} & set(trace)
            if not written or trace.get("textposition") == "outside":
                continue
            scale = [color for _, color in trace.get("colorscale", ())]
            fills = scale or np.atleast_1d(trace["marker"]["color"]).tolist()
            font = trace.get("textfont") or trace["insidetextfont"]
            for fill, color in np.broadcast(fills, font["color"]):
                assert contrast(str(fill), str(color)) >= 4.5, (name, fill, color)  # WCAG 2.1, 1.4.3 contrast of text
                checked.add(name)
    assert {"judges.verdicts", "judges.win_matrix", "benchmarks.heat_map", "attention.buffer"} <= checked


@pytest.mark.parametrize("theme", style.THEMES.values(), ids=style.THEMES)
@pytest.mark.parametrize("role", ["text", "muted"])
def test_type_in_exported_files_is_readable_on_its_page(theme, role):
    assert contrast(theme[role], theme["page"]) >= 4.5  # WCAG 2.1, 1.4.3 contrast of text


@pytest.mark.parametrize("vision", MACHADO2009)
def test_any_two_colours_of_the_palette_are_far_apart_also_for_the_colour_blind(vision):
    seen = {color: lab(MACHADO2009[vision] @ linear(color)) for color in (*style.PALETTE, style.AMBER)}
    closest = min((float(np.linalg.norm(seen[a] - seen[b])), a, b) for a, b in combinations(seen, 2))
    assert len(set(style.PALETTE)) == 7 and style.AMBER not in style.PALETTE  # which is for what-ifs alone
    assert closest[0] >= 19, closest  # one step that is just noticeable is about 2.3


def test_every_family_of_the_tables_has_a_look_that_no_other_family_has():
    families = set(tables.load("models_training")["family"])
    assert families and families <= set(style.FAMILIES), families - set(style.FAMILIES)
    assert len(set(style.FAMILIES.values())) == len(style.FAMILIES)


def test_the_looks_of_families_come_from_the_palette_and_can_be_drawn_hollow():
    go.scatter.Marker(symbol=[f"{symbol}-open" for symbol in style.SYMBOLS])  # raises for a symbol that Plotly does not have
    assert {color for color, _ in style.FAMILIES.values()} <= set(style.PALETTE)
    assert {symbol for _, symbol in style.FAMILIES.values()} <= set(style.SYMBOLS)


def test_a_family_that_nobody_listed_keeps_its_look_from_one_process_to_the_next():
    # The CRC-32 of "Unheard of" is 2022792673; 2022792673 = 7 x 288970381 + 6 and 288970381 = 6 x 48161730 + 1.
    assert style.family_style("Unheard of") == (style.PALETTE[6], style.SYMBOLS[1])


def test_values_that_nobody_has_verified_are_hollow():
    trace = go.Scatter(style.reported_markers([1, 2], [3, 4], "scores", style.BLUE, "square", verified=[2, 0]))
    assert list(trace.marker.symbol) == ["square", "square-open"]
    assert go.Scatter(style.reported_markers([1], [3], "scores", style.BLUE, verified=False)).marker.symbol == "circle-open"
    assert trace.mode == "markers"


def test_computed_lines_are_solid_and_what_ifs_dashed():
    assert go.Scatter(style.computed_line([1, 2], [3, 4], "law", style.BLUE)).line.dash == "solid"
    assert go.Scatter(style.what_if_line([1, 2], [3, 4], "mine", style.BLUE)).line.dash == "dash"


def test_a_band_is_an_area_between_its_edges_and_is_named_once():
    low, high = (go.Scatter(edge) for edge in style.band([1, 2], [3, 4], [5, 6], "95% interval", style.BLUE))
    assert (list(low.y), list(high.y)) == ([3, 4], [5, 6])
    assert (low.fill, high.fill) == (None, "tonexty")
    assert (low.showlegend, high.showlegend) == (False, None)
    assert high.fillcolor.startswith("rgba(0,150,255,")  # BLUE is 0096FF, and 0x96 = 150


def test_names_are_shown_as_they_were_typed():
    trace = go.Scatter(style.computed_line([1], [2], "<b>R&D</b>", style.BLUE))
    assert trace.name == "&lt;b&gt;R&amp;D&lt;/b&gt;"


def test_ranges_are_given_in_the_units_of_the_data_also_on_logarithmic_axes():
    axis = style.axis("flops", data_range=(1e18, 1e26))
    assert axis["range"] == pytest.approx([18, 26])
    assert style.axis("loss", data_range=(2, 3))["range"] == [2, 3]


def test_figures_leave_the_colours_of_text_grid_and_page_to_the_page():
    figure = go.Figure(layout=style.layout("flops", "loss"))
    axis = figure.layout.xaxis
    assert [figure.layout.paper_bgcolor, figure.layout.plot_bgcolor, figure.layout.font.color, axis.gridcolor, axis.color] == [None] * 5


def test_an_unknown_theme_is_refused_by_name():
    with pytest.raises(ValueError, match="theme must be one of light, dark, got 'sepia'"):
        style.template("sepia")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_type_of_pages_is_readable(theme):
    of = tomllib.loads((ROOT / ".streamlit/config.toml").read_text(encoding="utf-8"))["theme"][theme]
    for color in ("textColor", "linkColor"):
        for page in ("backgroundColor", "secondaryBackgroundColor"):
            assert contrast(of[color], of[page]) >= 4.5, (color, page)  # WCAG 2.1, 1.4.3 contrast of text
    assert contrast(WHITE, of["primaryColor"]) >= 4.5  # on a chosen button
    assert contrast(of["primaryColor"], of["backgroundColor"]) >= 3  # its edge: 1.4.11


def test_nothing_is_written_in_the_colour_of_buttons():
    """Which is too dark for type on the dark page; that of links is for type."""
    styles = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "pages/components").glob("*.py"))
    assert "border-color: var(--st-primary-color)" in styles and not re.search(r"[^-]color: var\(--st-primary-color\)", styles)


@given(st.text(alphabet=" ,-abcdefgh&<>'Wm", max_size=80), st.integers(8, 40))
def test_wrapping_keeps_every_word_and_breaks_only_between_them(label, width):
    lines = [html.unescape(line) for line in style.wrap(style.escape(label), width).split("<br>")]
    assert " ".join(lines).split() == label.split()
    assert all(len(line) <= width or " " not in line.strip() for line in lines)


@pytest.mark.parametrize("kind", ["categories", "numbers with labels"])
def test_long_labels_take_several_lines_and_the_figure_grows_with_them(kind):
    names = [f"a label of several long words, number {i}" for i in range(30)]
    if kind == "categories":
        bars = style.bars(range(30), names, "bars", style.BLUE, horizontal=True)
        figure = style.figure([bars], style.layout("number", "category", height=300))
        assert list(figure.layout.yaxis.tickvals) == names
    else:
        figure = style.figure([], intervals.rows(names, "number", "points", row_height=10))
        assert list(figure.layout.yaxis.tickvals) == list(range(30))
    assert [text.replace("<br>", " ") for text in figure.layout.yaxis.ticktext] == names
    assert figure.layout.height >= 30 * 2 * style.LINE
    go.Figure(figure.to_dict())  # valid


def test_short_labels_are_left_to_the_chart():
    figure = style.figure([style.bars([1], ["short"], "bars", style.BLUE, horizontal=True)], style.layout("number", "category"))
    assert figure.layout.yaxis.ticktext is None and figure.layout.height == style.HEIGHT
