"""Slides, opened again with python-pptx and read as XML."""

import io
import itertools
import math
import xml.etree.ElementTree as ElementTree
import zipfile

import plotly.graph_objects as go
import pytest
from PIL import Image
from plotly.subplots import make_subplots
from pptx.enum.chart import XL_CHART_TYPE, XL_MARKER_STYLE
from pptx.oxml.ns import qn

from analysis import catalogue
from analysis.charts import style
from analysis.charts.panel import Citation
from analysis.export import files, native_series
from analysis.export.browser import NoBrowserError
from tests.sample_panels import (
    BEST,
    COMPUTE,
    HOSTILE,
    LINK,
    bar_panel,
    every_text,
    heat_panel,
    hide_browser,
    hostile_panel,
    law_panel,
    open_slides,
    panel_of,
)


def only_chart(data: bytes):
    """The chart of a presentation with one slide."""
    (slide,) = open_slides(data).slides
    (shape,) = [shape for shape in slide.shapes if shape.has_chart]
    return shape.chart


def points(series) -> list[tuple[float, float]]:
    """The points of a series of a scatter chart, out of the numbers that the file holds."""
    columns = []
    for tag in ("c:xVal", "c:yVal"):
        cache = series._element.find(qn(tag)).iter(qn("c:pt"))
        columns.append([float(point.find(qn("c:v")).text) for point in cache])
    return list(zip(*columns, strict=True))


def named(chart, name: str) -> list:
    return [series for series in chart.plots[0].series if series.name == name]


def test_lines_and_markers_become_a_chart_with_the_panels_numbers():
    chart = only_chart(files.export(law_panel(), "pptx"))
    assert chart._chartSpace.xpath("count(.//c:scatterChart)") == 1
    (law,) = named(chart, "law")
    assert points(law) == list(zip(COMPUTE, BEST, strict=True))
    (models,) = named(chart, "models")
    assert points(models) == [(1e21, 40), (1e23, 500)]


def test_the_numbers_can_be_edited_because_the_file_holds_them_in_a_workbook():
    chart = only_chart(files.export(law_panel(), "pptx"))
    with zipfile.ZipFile(io.BytesIO(chart.part.chart_workbook.xlsx_part.blob)) as workbook:
        sheet = ElementTree.fromstring(workbook.read("xl/worksheets/sheet1.xml"))
    cells = {float(cell.text) for cell in sheet.iter("{http://schemas.openxmlformats.org/spreadsheetml/2006/main}v")}
    assert set(COMPUTE) | set(BEST) <= cells


def test_logarithmic_axes_stay_logarithmic_and_span_whole_decades():
    chart = only_chart(files.export(law_panel(), "pptx"))
    for axis in (chart.category_axis, chart.value_axis):
        scaling = axis._element.find(qn("c:scaling"))
        assert scaling[0].tag == qn("c:logBase") and scaling[0].get("val") == "10"  # the schema wants it first
    assert (chart.category_axis.minimum_scale, chart.category_axis.maximum_scale) == (1e18, 1e24)
    assert (chart.value_axis.minimum_scale, chart.value_axis.maximum_scale) == (1, 1e4)  # around 1.5 and 9000
    assert chart.category_axis.axis_title.text_frame.text == "Training compute (FLOP)"


def test_a_linear_axis_is_not_made_logarithmic():
    figure = style.figure([style.computed_line([1, 2], [2.03, 2.97], "loss", style.BLUE)], style.layout("number", "loss"))
    chart = only_chart(files.export(panel_of(figure), "pptx"))
    assert chart._chartSpace.xpath("count(.//c:logBase)") == 0
    assert (chart.value_axis.minimum_scale, chart.value_axis.maximum_scale) == (2, 3)


def test_solid_lines_stay_solid_dashes_dashed_and_unverified_markers_hollow():
    chart = only_chart(files.export(law_panel(), "pptx"))
    (law,), (mine,), (models,) = named(chart, "law"), named(chart, "mine"), named(chart, "models")
    assert str(law.format.line.fill.fore_color.rgb) == style.BLUE[1:]
    assert law.format.line.width.pt == 2.5 and law.marker.style == XL_MARKER_STYLE.NONE
    assert law._element.xpath("c:spPr/a:ln/a:prstDash/@val") == []
    assert mine._element.xpath("c:spPr/a:ln/a:prstDash/@val") == ["dash"]
    assert [marker.style for marker in (models.marker, models.points[1].marker)] == [XL_MARKER_STYLE.SQUARE] * 2
    assert len(models._element.xpath("c:dPt[c:idx/@val='1']/c:marker/c:spPr/a:noFill")) == 1
    assert models._element.xpath("c:marker/c:spPr/a:solidFill/a:srgbClr/@val") == [style.CRIMSON[1:]]


def test_a_band_becomes_its_two_edges_of_which_the_legend_names_one():
    chart = only_chart(files.export(law_panel(), "pptx"))
    (low,), (high,) = named(chart, "95% interval, low"), named(chart, "95% interval")
    assert [y for _, y in points(low)] == [1.5, 15, 150, 1500] and [y for _, y in points(high)] == [6, 60, 600, 6000]
    names = [series.name for series in chart.plots[0].series]
    deleted = [int(entry.find(qn("c:idx")).get("val")) for entry in chart.legend._element.findall(qn("c:legendEntry"))]
    assert [name for number, name in enumerate(names) if number not in deleted] == ["95% interval", "law", "mine", "models"]


def test_a_vertical_line_spans_the_plot():
    chart = only_chart(files.export(law_panel(), "pptx"))
    (line,) = named(chart, "line")
    assert [x for x, _ in points(line)] == [1e21, 1e21]
    assert [y for _, y in points(line)] == pytest.approx([1, 1e4])


def test_gaps_split_a_line_and_what_a_logarithmic_axis_cannot_show_is_left_out():
    trace = style.computed_line([1, 10, 100, 1000, 0], [1.0, 2.0, None, 4.0, 5.0], "gaps", style.BLUE)
    nan = style.reported_markers([1, 10], [math.nan, 3], "nan", style.RED)
    chart = only_chart(files.export(panel_of(style.figure([trace, nan], style.layout("log_number", "number"))), "pptx"))
    assert [points(part) for part in named(chart, "gaps")] == [[(1, 1), (10, 2)], [(1000, 4)]]
    assert [points(part) for part in named(chart, "nan")] == [[(10, 3)]]
    assert len(chart.legend._element.findall(qn("c:legendEntry"))) == 1  # the second stretch is not listed again


def test_notes_on_the_plot_become_labels_at_their_points():
    layout = style.layout("log_number", "number", annotations=[style.note(2, 5, "R&D <here>")])
    chart = only_chart(files.export(panel_of(style.figure([style.computed_line([1, 1000], [1, 9], "a", style.BLUE)], layout)), "pptx"))
    (labels,) = named(chart, "labels")
    assert points(labels) == [(100, 5)]  # Plotly counts annotations on a logarithmic axis in exponents
    assert labels._element.xpath(".//a:t/text()") == ["R&D <here>"]


def test_notes_beside_the_plot_are_kept_in_the_caption():
    figure = style.figure([style.computed_line([1, 2], [3, 4], "a", style.BLUE)], style.layout("number", "number"))
    figure.add_annotation(text="as printed", xref="paper", yref="paper", x=1, y=1)
    assert "On the chart: as printed." in every_text("pptx", files.export(panel_of(figure), "pptx"))


@pytest.mark.parametrize(
    ("horizontal", "mode", "kind"),
    [
        (False, "group", XL_CHART_TYPE.COLUMN_CLUSTERED),
        (False, "stack", XL_CHART_TYPE.COLUMN_STACKED),
        (True, "group", XL_CHART_TYPE.BAR_CLUSTERED),
        (True, "stack", XL_CHART_TYPE.BAR_STACKED),
    ],
)
def test_bars_become_a_chart_with_categories_and_empty_cells_where_there_is_no_bar(horizontal, mode, kind):
    panel = bar_panel(barmode=mode)
    if horizontal:
        traces = [trace.to_plotly_json() | {"x": trace.y, "y": trace.x, "orientation": "h"} for trace in panel.figure.data]
        panel = panel_of(style.figure(traces, style.layout("number", "category", barmode=mode)))
    chart = only_chart(files.export(panel, "pptx"))
    assert chart.chart_type == kind
    assert list(chart.plots[0].categories) == ["7B", "13B", "70B"]
    assert {series.name: tuple(series.values) for series in chart.plots[0].series} == {"weights": (14, 26, 140), "cache": (2.5, None, 20)}
    assert chart.value_axis.minimum_scale == 0
    assert chart.value_axis.maximum_scale >= (160 if mode == "stack" else 140)


def test_bars_below_zero_stand_on_zero_and_keep_their_own_colours():
    bars = style.bars(["a", "b"], [-3, 2], "change", [style.RED, style.BLUE], text=["down", "up"])
    chart = only_chart(files.export(panel_of(style.figure([bars], style.layout("category", "number"))), "pptx"))
    assert chart.value_axis.minimum_scale <= -3
    assert chart._chartSpace.xpath(".//c:catAx/c:crosses/@val") == ["autoZero"]
    (series,) = chart.plots[0].series
    assert series._element.xpath("c:spPr/a:solidFill/a:srgbClr/@val") == [style.RED[1:]]
    assert series._element.xpath("c:dPt[c:idx/@val='1']/c:spPr/a:solidFill/a:srgbClr/@val") == [style.BLUE[1:]]
    assert set(series._element.xpath(".//a:t/text()")) == {"down", "up"}


def test_bars_listed_from_the_top_read_from_the_top():
    bars = style.bars([3, 2, 1], ["first", "second", "third"], "cost", style.BLUE, horizontal=True)
    figure = style.figure([bars], style.layout("number", "category"))
    figure.update_yaxes(autorange="reversed")
    chart = only_chart(files.export(panel_of(figure), "pptx"))
    assert list(chart.plots[0].categories) == ["third", "second", "first"]  # PowerPoint draws the first bar at the bottom
    assert not chart.category_axis.reverse_order


def test_hostile_words_stay_words_on_the_slide():
    chart = only_chart(files.export(hostile_panel(), "pptx"))
    assert [series.name for series in chart.plots[0].series] == [HOSTILE] * 2
    assert chart.category_axis.axis_title.text_frame.text == HOSTILE


def sub_figure() -> go.Figure:
    figure = make_subplots(1, 2)
    figure.add_scatter(x=[1, 2], y=[1, 2], row=1, col=2)
    return figure


@pytest.mark.parametrize(
    ("figure", "native"),
    [
        (law_panel().figure, True),
        (bar_panel().figure, True),
        (heat_panel().figure, False),
        (sub_figure(), False),
        (go.Figure(), False),
        (go.Figure(go.Scatter(x=["a", "b"], y=[1, 2])), False),
        (go.Figure(go.Scatter(x=[1, 2], y=[1, 2], error_y={"array": [1, 1]})), False),
        (go.Figure(go.Scatter(x=[1, 2], y=[1, 2], marker={"color": [0.1, 0.2]})), False),
        (go.Figure(go.Scatter(x=[1, 2], y=[1, 2], fill="tozeroy")), False),
        (go.Figure([go.Bar(x=["a"], y=[1]), go.Scatter(x=[1], y=[1])]), False),
        (go.Figure(go.Scatter(x=[1, 2], y=[1, 2]), {"shapes": [{"type": "rect", "x0": 1, "x1": 2, "y0": 1, "y1": 2}]}), False),
    ],
)
def test_only_what_powerpoint_can_draw_in_full_becomes_a_chart(figure, native):
    assert native_series.is_native(figure) is native


def test_other_figures_stand_on_the_slide_as_a_picture_with_a_description(browser_path):
    (slide,) = open_slides(files.export(heat_panel(), "pptx")).slides
    (picture,) = [shape for shape in slide.shapes if shape.shape_type == 13]  # MSO_SHAPE_TYPE.PICTURE
    assert picture._element.xpath(".//p:cNvPr/@descr") == ["A line that rises with compute."]
    assert Image.open(io.BytesIO(picture.image.blob)).width >= 1700


def test_a_slide_is_wide_and_says_title_caption_and_source_and_the_rest_in_its_notes():
    deck = open_slides(files.export(law_panel(), "pptx", permalink=LINK))
    (slide,) = deck.slides
    assert deck.slide_width / deck.slide_height == pytest.approx(16 / 9, rel=1e-3)
    assert slide.shapes.title.text_frame.text == "Loss falls by half with every hundredfold of compute"
    words = [shape.text_frame.text for shape in slide.shapes if shape.has_text_frame]
    assert any("The line is computed" in text for text in words) and any("Hoffmann et al. 2022, Table A3" in text for text in words)
    notes = slide.notes_slide.notes_text_frame.text
    assert "budget: 1e21 FLOP; interval: 95%" in notes and "https://arxiv.org/abs/2203.15556" in notes and LINK in notes
    assert deck.core_properties.title == "Loss falls by half with every hundredfold of compute"
    assert all(
        shape.left >= 0 and shape.left + shape.width <= deck.slide_width and shape.top + shape.height <= deck.slide_height
        for shape in slide.shapes
    )


def test_nothing_on_a_slide_lies_over_anything_else():
    (slide,) = open_slides(files.export(law_panel(), "pptx")).slides
    ends = sorted((shape.top, shape.top + shape.height) for shape in slide.shapes)
    assert len(ends) == 4
    assert all(upper[1] <= lower[0] for upper, lower in itertools.pairwise(ends)), ends


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_and_page_of_a_slide_come_from_the_theme(theme):
    data = files.export(law_panel(), "pptx", theme=theme)
    with zipfile.ZipFile(io.BytesIO(data)) as package:
        root = ElementTree.fromstring(package.read("ppt/theme/theme1.xml"))
    space = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
    scheme = {color.tag.removeprefix(space): color[0].get("val") for color in root.find(f".//{space}clrScheme")}
    assert scheme["lt1"] == style.THEMES[theme]["page"][1:] and scheme["dk1"] == style.THEMES[theme]["text"][1:]
    assert [scheme[f"accent{number}"] for number in range(1, 7)] == [color[1:] for color in style.PALETTE[:6]]
    (slide,) = open_slides(data).slides
    (chart,) = [shape.chart for shape in slide.shapes if shape.has_chart]
    assert set(chart._chartSpace.xpath("c:txPr//a:solidFill/a:schemeClr/@val")) == {"tx1"}  # follows the theme


def test_a_deck_has_a_slide_per_figure_in_order_and_its_sources_at_the_end():
    slides = [{"panel": law_panel(), "title": "My words", "link": LINK}, {"panel": bar_panel(), "title": "", "link": ""}]
    titles = [slide.shapes.title.text_frame.text for slide in open_slides(files.deck(slides)).slides]
    assert titles == ["My words", bar_panel().title, "Sources"]
    last = list(open_slides(files.deck(slides)).slides)[-1]
    words = " ".join(shape.text_frame.text for shape in last.shapes)
    assert words.count("https://arxiv.org/abs/2203.15556") == 1  # cited by both, listed once


def test_a_long_list_of_sources_goes_on_to_further_slides():
    ids = ["hoffmann2022", "biderman2023", "kaplan2020", "besiroglu2024", "deepseek2024", "muennighoff2023", "sardana2023", "gadre2024"]
    ids += ["brown2020", "chowdhery2022", "zhang2022", "scao2022", "black2022", "almazrouei2023", "young2024", "bai2023", "li2023"]
    slides = [{"panel": law_panel(sources=tuple(Citation(i) for i in ids))}, {"panel": bar_panel()}]
    titles = [slide.shapes.title.text_frame.text for slide in open_slides(files.deck(slides)).slides]
    assert titles[2:] == ["Sources (1)", "Sources (2)"]


def test_without_a_browser_a_slide_that_needs_a_picture_says_which_figure_it_is(monkeypatch):
    hide_browser(monkeypatch)
    with pytest.raises(NoBrowserError, match=r"sample.figure needs a picture .* set BROWSER_PATH"):
        files.export(heat_panel(), "pptx")


def test_a_name_that_begins_like_a_formula_is_text_in_the_charts_workbook():
    line = style.computed_line([1, 2], [3, 4], "=cmd|' /C calc'!A1", style.BLUE)
    bars = style.bars(["=1+1", "b"], [1, 2], "{=2}", style.BLUE)
    for trace, kinds in ((line, ("number", "number")), (bars, ("category", "number"))):
        chart = only_chart(files.export(panel_of(style.figure([trace], style.layout(*kinds))), "pptx"))
        with zipfile.ZipFile(io.BytesIO(chart.part.chart_workbook.xlsx_part.blob)) as workbook:
            sheet, strings = workbook.read("xl/worksheets/sheet1.xml").decode(), workbook.read("xl/sharedStrings.xml").decode()
        assert "<f>" not in sheet and "<f " not in sheet
        assert "=cmd|" in strings or "=1+1" in strings


def test_control_characters_in_names_do_not_spoil_the_file():
    figure = style.figure([style.computed_line([1, 2], [3, 4], "a\x00b\x1bc\nd", style.BLUE)], style.layout("number", "number"))
    chart = only_chart(files.export(panel_of(figure, title="One\x00 title"), "pptx"))
    assert [series.name for series in chart.plots[0].series] == ["abc d"]


@pytest.mark.parametrize(("most", "kinds"), [(1.0, ("log_number", "number")), (5e-7, ("number", "number"))])
def test_axes_of_very_small_or_constant_values_still_have_a_range(most, kinds):
    figure = style.figure([style.computed_line([1, 1], [most, most], "flat", style.BLUE)], style.layout(*kinds))
    chart = only_chart(files.export(panel_of(figure), "pptx"))
    for axis in (chart.category_axis, chart.value_axis):
        assert axis.minimum_scale < axis.maximum_scale
    assert chart.value_axis.minimum_scale <= most <= chart.value_axis.maximum_scale


def test_stacked_bars_on_a_logarithmic_axis_have_a_range():
    traces = [style.bars(["a", "b"], [1e3, 1e6], name, style.BLUE) for name in ("one", "two")]
    chart = only_chart(files.export(panel_of(style.figure(traces, style.layout("category", "log_number", barmode="stack"))), "pptx"))
    assert (chart.value_axis.minimum_scale, chart.value_axis.maximum_scale) == (1e3, 1e7)


@pytest.mark.parametrize(("ticks", "native"), [(["one way", "another"], False), (["10 B", "$100"], True)])
def test_ticks_that_are_words_need_a_picture(ticks, native):
    figure = go.Figure(go.Scatter(x=[1.0, 2.0], y=[0.0, 1.0], mode="markers", marker={"color": "#0096FF"}))
    figure.update_layout(yaxis={"tickvals": [0, 1], "ticktext": ticks})
    assert native_series.is_native(figure) is native


def test_rows_of_estimates_keep_their_names_on_a_slide():
    assert not native_series.is_native(catalogue.panel("domain.cost").figure)
