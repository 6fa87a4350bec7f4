"""Slides, opened again with python-pptx and read as XML."""

import io
import itertools
import math
import re
import xml.etree.ElementTree as ElementTree
import zipfile

import plotly.graph_objects as go
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from plotly.subplots import make_subplots
from pptx.enum.chart import XL_CHART_TYPE, XL_MARKER_STYLE
from pptx.enum.shapes import MSO_SHAPE_TYPE, PP_PLACEHOLDER
from pptx.oxml.ns import qn

from analysis import catalogue, tables
from analysis.charts import style
from analysis.charts.panel import Citation
from analysis.charts.sentences import parted
from analysis.export import browser, files, native_axes, slide
from analysis.export.browser import NoBrowserError
from analysis.export.editable import says_the_same, used
from analysis.export.picture import chart_figure
from analysis.export.slide_sources import works
from tests.sample_panels import (
    BEST,
    HOSTILE,
    LINK,
    PARAMS,
    bar_panel,
    heat_panel,
    hide_browser,
    hostile_panel,
    law_panel,
    open_slides,
    panel_of,
    plain_panel,
)


def only_chart(panel):
    """The chart on the slide of a panel."""
    assert says_the_same(panel.figure) == ""
    (slide,) = open_slides(files.export(panel, "pptx", editable=True)).slides
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


def legend(chart) -> list[str]:
    """What the legend of a chart names."""
    if not chart.has_legend:
        return []
    deleted = {int(entry.find(qn("c:idx")).get("val")) for entry in chart.legend._element.findall(qn("c:legendEntry"))}
    return [series.name for number, series in enumerate(chart.plots[0].series) if number not in deleted]


def test_lines_and_markers_become_a_chart_with_the_panels_numbers():
    chart = only_chart(plain_panel())
    assert chart._chartSpace.xpath("count(.//c:scatterChart)") == 1
    (law,) = named(chart, "law")
    assert points(law) == list(zip(PARAMS, BEST, strict=True))
    (models,) = named(chart, "models")
    assert points(models) == [(1e9, 40), (1e11, 500)]


def test_the_numbers_can_be_edited_because_the_file_holds_them_in_a_workbook():
    chart = only_chart(plain_panel())
    with zipfile.ZipFile(io.BytesIO(chart.part.chart_workbook.xlsx_part.blob)) as workbook:
        sheet = ElementTree.fromstring(workbook.read("xl/worksheets/sheet1.xml"))
    cells = {float(cell.text) for cell in sheet.iter("{http://schemas.openxmlformats.org/spreadsheetml/2006/main}v")}
    assert set(PARAMS) | set(BEST) <= cells


def test_logarithmic_axes_stay_logarithmic_and_span_whole_decades():
    chart = only_chart(plain_panel())
    for axis in (chart.category_axis, chart.value_axis):
        scaling = axis._element.find(qn("c:scaling"))
        assert scaling[0].tag == qn("c:logBase") and scaling[0].get("val") == "10"  # the schema wants it first
    assert (chart.category_axis.minimum_scale, chart.category_axis.maximum_scale) == (1e6, 1e12)
    assert (chart.value_axis.minimum_scale, chart.value_axis.maximum_scale) == (1, 1e4)  # around 3 and 9000
    assert chart.category_axis.axis_title.text_frame.text == "Parameters"


def test_a_linear_axis_is_not_made_logarithmic():
    figure = style.figure([style.computed_line([1, 2], [2.03, 2.97], "loss", style.BLUE)], style.layout("number", "loss"))
    chart = only_chart(panel_of(figure))
    assert chart._chartSpace.xpath("count(.//c:logBase)") == 0
    assert (chart.value_axis.minimum_scale, chart.value_axis.maximum_scale) == (2, 3)


def test_solid_lines_stay_solid_dashes_dashed_and_marks_keep_their_shape():
    chart = only_chart(plain_panel())
    (law,), (mine,), (models,) = named(chart, "law"), named(chart, "mine"), named(chart, "models")
    assert str(law.format.line.fill.fore_color.rgb) == style.BLUE[1:]
    assert law.format.line.width.pt == 2.5 and law.marker.style == XL_MARKER_STYLE.NONE
    assert law._element.xpath("c:spPr/a:ln/a:prstDash/@val") == []
    assert mine._element.xpath("c:spPr/a:ln/a:prstDash/@val") == ["dash"]
    assert models.marker.style == XL_MARKER_STYLE.SQUARE
    assert models._element.xpath("c:marker/c:spPr/a:solidFill/a:srgbClr/@val") == [style.CRIMSON[1:]]


def test_marks_of_several_looks_are_a_series_each_of_which_the_legend_names_one():
    trace = style.reported_markers([1, 2, 3], [1, 2, 3], "models", style.CRIMSON)
    trace["marker"] |= {"color": [style.RED, style.BLUE, style.RED], "symbol": ["circle", "square", "circle"]}
    line = style.computed_line([1, 3], [1, 3], "law", style.GREY)
    chart = only_chart(panel_of(style.figure([trace, line], style.layout("number", "number"))))
    assert [points(part) for part in named(chart, "models")] == [[(1, 1), (3, 3)], [(2, 2)]]
    assert legend(chart) == ["models", "law"]


def test_a_vertical_line_spans_the_plot():
    chart = only_chart(plain_panel())
    (line,) = named(chart, "line")
    assert [x for x, _ in points(line)] == [1e9, 1e9]
    assert [y for _, y in points(line)] == pytest.approx([1, 1e4])


def test_gaps_split_a_line_and_what_a_logarithmic_axis_cannot_show_is_left_out():
    trace = style.computed_line([1, 10, 100, 1000, 0], [1.0, 2.0, None, 4.0, 5.0], "gaps", style.BLUE)
    nan = style.reported_markers([1, 10], [math.nan, 3], "nan", style.RED)
    chart = only_chart(panel_of(style.figure([trace, nan], style.layout("log_number", "number"))))
    assert [points(part) for part in named(chart, "gaps")] == [[(1, 1), (10, 2)], [(1000, 4)]]
    assert [points(part) for part in named(chart, "nan")] == [[(10, 3)]]
    assert len(chart.legend._element.findall(qn("c:legendEntry"))) == 1  # the second stretch is not listed again


def test_notes_on_the_plot_become_labels_at_their_points():
    layout = style.layout("log_number", "number", annotations=[style.note(2, 5, "R&D <here>")])
    chart = only_chart(panel_of(style.figure([style.computed_line([1, 1000], [1, 9], "a", style.BLUE)], layout)))
    (labels,) = named(chart, "labels")
    assert points(labels) == [(100, 5)]  # Plotly counts annotations on a logarithmic axis in exponents
    assert labels._element.xpath(".//a:t/text()") == ["R&D <here>"]


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
    chart = only_chart(panel)
    assert chart.chart_type == kind
    assert list(chart.plots[0].categories) == ["7B", "13B", "70B"]
    assert {series.name: tuple(series.values) for series in chart.plots[0].series} == {"weights": (14, 26, 140), "cache": (2.5, None, 20)}
    assert chart.value_axis.minimum_scale == 0
    assert chart.value_axis.maximum_scale >= (160 if mode == "stack" else 140)


def test_bars_below_zero_stand_on_zero_and_keep_their_own_colours():
    bars = style.bars(["a", "b"], [-3, 2], "change", [style.RED, style.BLUE], text=["down", "up"])
    chart = only_chart(panel_of(style.figure([bars], style.layout("category", "number", y_range=(-4, 4)))))
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
    chart = only_chart(panel_of(figure))
    assert list(chart.plots[0].categories) == ["third", "second", "first"]  # PowerPoint draws the first bar at the bottom
    assert not chart.category_axis.reverse_order


def test_hostile_words_stay_words_on_the_slide():
    chart = only_chart(hostile_panel())
    assert [series.name for series in chart.plots[0].series] == [HOSTILE] * 2
    assert chart.category_axis.axis_title.text_frame.text == HOSTILE


def sub_figure() -> go.Figure:
    figure = make_subplots(1, 2)
    figure.add_scatter(x=[1, 2], y=[1, 2], row=1, col=2)
    return figure


def scatter(**trace) -> go.Figure:
    """Two marks with something of their own."""
    return go.Figure(go.Scatter({"x": [1, 2], "y": [1, 2], "mode": "markers"} | trace))


def bars(layout=None, **trace) -> go.Figure:
    return go.Figure(go.Bar({"x": ["a", "b"], "y": [1, 2]} | trace), layout)


def labelled(*places) -> go.Figure:
    """Lines from corner to corner with labels at places of a plot from 0 to 10."""
    notes = [style.note(x, y, text, **extra) for x, y, text, extra in places]
    line = style.computed_line([0, 10], [0, 10], "a", style.BLUE)
    return style.figure([line], style.layout("number", "number", x_range=(0, 10), y_range=(0, 10), annotations=notes))


@pytest.mark.parametrize(
    ("figure", "reason"),
    [
        (plain_panel().figure, ""),
        (bar_panel().figure, ""),
        (scatter(), ""),
        (go.Figure(), "draws nothing"),
        (heat_panel().figure, "of this kind (heatmap)"),
        (sub_figure(), "one pair of axes"),
        (scatter(x=["a", "b"]), "rows that have names"),
        (law_panel().figure, "two thin lines"),
        (scatter(fill="tozeroy"), "two thin lines"),
        (scatter(error_y={"array": [1, 1]}), "Error bars"),
        (scatter(marker={"color": [0.1, 0.2]}), "colour scale"),
        (scatter(marker={"symbol": ["circle", "circle-open"]}), "Hollow marks"),
        (scatter(marker={"symbol": "line-ns"}), "of this shape (line-ns)"),
        (scatter(marker={"symbol": "star"}), "of this shape (star)"),
        (scatter(line={"shape": "hv"}), "Steps and curves"),
        (go.Figure([go.Bar(x=["a"], y=[1]), go.Scatter(x=[1], y=[1])]), "marks over bars"),
        (bars(marker={"pattern": {"shape": "/"}}), "Hatching"),
        (bars(base=[1, 1]), "begin at zero"),
        (bars(x=["a", "a"]), "one name"),
        (bars(texttemplate="%{y}"), "template"),
        (bars({"barmode": "overlay"}), "lie over each other"),
        (bars({"annotations": [{"x": "a", "y": 1, "text": "here"}]}), "leave its place"),
        (bars({"shapes": [{"type": "line", "x0": 0, "x1": 1, "y0": 0, "y1": 1}]}), "would be lost"),
        (bars({"yaxis": {"type": "log", "range": [0, 4]}}, y=[10, 1000], text=["ten", "thousand"]), "logarithmic"),
        (bars({"barmode": "stack", "yaxis": {"range": [0, 100]}}, y=[99, 1], text=["long", "short"]), "fit its part"),
        (scatter().update_layout(shapes=[{"type": "rect", "x0": 1, "x1": 2, "y0": 1, "y1": 2}]), "would be lost"),
        (
            scatter().update_layout(annotations=[{"text": "as printed", "xref": "paper", "yref": "paper", "x": 1, "y": 1.1}]),
            "leave its place",
        ),
        (scatter().update_layout(legend={"title": {"text": "Models"}}), "Headings"),
        (scatter(y=[1e18, 1e24]).update_yaxes(type="log", exponentformat="power"), "1E+18"),
        (scatter(y=[1e12, 1e13]).update_yaxes(exponentformat="none"), "cannot write the numbers"),
        (scatter(y=[2.4, 3.0]).update_yaxes(type="log"), "fewer than 3 ticks"),
        (labelled((2, 8, "free", {}), (8, 2, "too", {})), ""),
        (labelled((5, 5, "struck", {})), "over a line"),
        (labelled((2, 8, "one label", {}), (2.1, 8, "another", {})), "over each other"),
        (labelled((10, 2, "beyond the edge", {"xanchor": "left"})), "leave the chart"),
    ],
)
def test_an_editable_chart_is_offered_only_where_it_says_the_same(figure, reason):
    said = says_the_same(figure)
    assert reason in said and bool(said) == bool(reason)
    assert not said or said[0].isupper() and said.endswith(".") and "\n" not in said


def test_a_label_over_a_mark_is_seen():
    marks = style.reported_markers([2, 2.1], [8, 8], "marks", style.BLUE)
    figure = style.figure(
        [marks], style.layout("number", "number", x_range=(0, 10), y_range=(0, 10), annotations=[style.note(2, 8, "a mark")])
    )
    assert "over a mark" in says_the_same(figure)


@pytest.mark.parametrize("panel", [plain_panel(), heat_panel()])
def test_a_figure_stands_on_its_slide_as_svg_with_a_png_for_programs_that_cannot_show_it(panel, browser_path):
    (slide,) = open_slides(files.export(panel, "pptx")).slides
    (picture,) = [shape for shape in slide.shapes if shape.shape_type == MSO_SHAPE_TYPE.PICTURE]
    assert picture._element.xpath(".//p:cNvPr/@descr") == ["A line that rises with compute."]
    (related,) = picture._element.xpath(".//*[local-name()='svgBlip']/@r:embed")
    part = slide.part.related_part(related)
    assert part.content_type == "image/svg+xml" and part.partname.endswith(".svg")
    root = ElementTree.fromstring(part.blob)
    png = Image.open(io.BytesIO(picture.image.blob))
    assert png.width >= 1700 and png.format == "PNG"
    assert (int(root.get("width")), int(root.get("height"))) == png.size
    assert png.width / png.height == pytest.approx(picture.width / picture.height, rel=2e-3)
    assert {"Parameters", "a"} & {*root.itertext()}  # text is text
    assert not [part for part in root.iter() if part.tag.endswith(("script", "foreignObject"))]  # what PowerPoint does not draw


def test_where_an_editable_chart_would_not_say_the_same_the_slide_holds_a_picture_and_its_notes_why(browser_path):
    (slide,) = open_slides(files.export(law_panel(), "pptx", editable=True)).slides
    assert [shape.shape_type for shape in slide.shapes].count(MSO_SHAPE_TYPE.PICTURE) == 1
    assert not any(shape.has_chart for shape in slide.shapes)
    assert slide.notes_slide.notes_text_frame.text.startswith("A picture: The band would become two thin lines.\n")
    (plain,) = open_slides(files.export(law_panel(), "pptx")).slides
    assert "A picture" not in plain.notes_slide.notes_text_frame.text


def test_a_slide_is_wide_and_says_title_caption_and_source_and_the_rest_in_its_notes():
    panel = plain_panel(caption="The line is computed. Markers are reported.")
    deck = open_slides(files.export(panel, "pptx", permalink=LINK, editable=True))
    (slide,) = deck.slides
    assert deck.slide_width / deck.slide_height == pytest.approx(16 / 9, rel=1e-3)
    assert slide.shapes.title.text_frame.text == "Loss falls by half with every hundredfold of compute"
    words = [shape.text_frame.text for shape in slide.shapes if shape.has_text_frame]
    assert "The line is computed." in words and any("Hoffmann et al. 2022, Table A3" in text for text in words)
    notes = slide.notes_slide.notes_text_frame.text
    assert "Markers are reported." in notes and not any("Markers are reported." in text for text in words)
    assert slide.shapes.title.is_placeholder and slide.shapes.title.placeholder_format.type == PP_PLACEHOLDER.TITLE
    assert "budget: 1e21 FLOP; interval: 95%" in notes and "https://arxiv.org/abs/2203.15556" in notes and LINK in notes
    assert deck.core_properties.title == "Loss falls by half with every hundredfold of compute"
    assert all(
        shape.left >= 0 and shape.left + shape.width <= deck.slide_width and shape.top + shape.height <= deck.slide_height
        for shape in slide.shapes
    )


def test_nothing_on_a_slide_lies_over_anything_else():
    (slide,) = open_slides(files.export(plain_panel(), "pptx", editable=True)).slides
    ends = sorted((shape.top, shape.top + shape.height) for shape in slide.shapes)
    assert len(ends) == 4
    assert all(upper[1] <= lower[0] for upper, lower in itertools.pairwise(ends)), ends


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_and_page_of_a_slide_come_from_the_theme(theme):
    data = files.export(plain_panel(), "pptx", theme=theme, editable=True)
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
    deck = [
        slide.of(plain_panel(), LINK, title="My words", note="Say this.\nThen that."),
        slide.of(bar_panel()),
    ]
    slides = open_slides(files.deck(deck, editable=True)).slides
    assert [slide.shapes.title.text_frame.text for slide in slides] == ["My words", bar_panel().title, "Sources"]
    words = " ".join(shape.text_frame.text for shape in slides[2].shapes)
    assert words.count("https://arxiv.org/abs/2203.15556") == 1  # cited by both, listed once
    assert slides[0].notes_slide.notes_text_frame.text.startswith("Say this.\nThen that.\nTitle: ")
    assert slides[1].notes_slide.notes_text_frame.text.startswith("Title: ")


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("One. Two.", "One."),
        ("As Hoffmann et al. 2022 print it. Two.", "As Hoffmann et al. 2022 print it."),
        ("Costs (e.g. 1.5 USD) fall! Two.", "Costs (e.g. 1.5 USD) fall!"),
        ("No end", "No end"),
        ("Is it so? 5 say yes.", "Is it so?"),
        ("It is “so.” Two.", "It is “so.”"),
        ("See Fig. 3 and Sec. 2. Two.", "See Fig. 3 and Sec. 2."),
    ],
)
def test_a_caption_is_cut_after_its_first_sentence(text, first):
    assert parted(text)[0] == first


def test_a_long_list_of_sources_goes_on_to_further_slides_and_none_is_lost():
    ids = tables.load("sources")["id"].tolist()[:70]
    deck = [slide.of(plain_panel(sources=tuple(Citation(i, "Table 1") for i in ids))), slide.of(bar_panel())]
    slides = list(open_slides(files.deck(deck, editable=True)).slides)
    titles = [slide.shapes.title.text_frame.text for slide in slides[2:]]
    assert titles == [f"Sources ({number})" for number in range(1, len(titles) + 1)] and len(titles) > 1
    written = [paragraph.text for slide in slides[2:] for paragraph in slide.shapes[1].text_frame.paragraphs]
    assert written == works(deck) and len(written) == len({*ids, "hoffmann2022", "biderman2023"})


def test_a_work_is_listed_once_with_every_place_and_every_slide():
    one, other = Citation("hoffmann2022", "Table A3; Figure 1"), Citation("hoffmann2022", "Table A9; Table A3")
    (text,) = works([slide.of(law_panel(sources=found)) for found in ((one, other), (one,), ())])
    assert text.endswith(": Table A3; Figure 1; Table A9 (slides 1, 2)") and text.startswith("Jordan Hoffmann et al. 2022. ")


def test_without_a_browser_a_slide_that_needs_a_picture_says_which_figure_it_is(monkeypatch):
    hide_browser(monkeypatch)
    with pytest.raises(NoBrowserError, match=r"sample.figure stands on its slide as a picture.* set BROWSER_PATH"):
        files.export(heat_panel(), "pptx")


def test_a_name_that_begins_like_a_formula_is_text_in_the_charts_workbook():
    line = style.computed_line([1, 2], [3, 4], "=cmd|' /C calc'!A1", style.BLUE)
    bars = style.bars(["=1+1", "b"], [1, 2], "{=2}", style.BLUE)
    for trace, kinds in ((line, ("number", "number")), (bars, ("category", "number"))):
        chart = only_chart(panel_of(style.figure([trace], style.layout(*kinds))))
        with zipfile.ZipFile(io.BytesIO(chart.part.chart_workbook.xlsx_part.blob)) as workbook:
            sheet, strings = workbook.read("xl/worksheets/sheet1.xml").decode(), workbook.read("xl/sharedStrings.xml").decode()
        assert "<f>" not in sheet and "<f " not in sheet
        assert "=cmd|" in strings or "=1+1" in strings


def test_control_characters_in_names_do_not_spoil_the_file():
    figure = style.figure([style.computed_line([1, 2], [3, 4], "a\x00b\x1bc\nd", style.BLUE)], style.layout("number", "number"))
    chart = only_chart(panel_of(figure, title="One\x00 title"))
    assert [series.name for series in chart.plots[0].series] == ["abc d"]


@pytest.mark.parametrize(("most", "kinds"), [(1.0, ("log_number", "number")), (5e-7, ("number", "number"))])
def test_axes_of_very_small_or_constant_values_still_have_a_range(most, kinds):
    figure = style.figure([style.computed_line([1, 1], [most, most], "flat", style.BLUE)], style.layout(*kinds))
    for which in "xy":
        low, high, _ = native_axes.axis_scale(figure, which)
        assert low < high
    assert low <= most <= high


def test_stacked_bars_on_a_logarithmic_axis_have_a_range():
    traces = [style.bars(["a", "b"], [1e3, 1e6], name, style.BLUE) for name in ("one", "two")]
    chart = only_chart(panel_of(style.figure(traces, style.layout("category", "log_number", barmode="stack"))))
    assert (chart.value_axis.minimum_scale, chart.value_axis.maximum_scale) == (1e3, 1e7)


@pytest.mark.parametrize(("ticks", "same"), [(["one way", "another"], False), (["10 B", "$100"], True)])
def test_ticks_that_are_words_need_a_picture(ticks, same):
    figure = go.Figure(go.Scatter(x=[1.0, 2.0], y=[0.0, 1.0], mode="markers", marker={"color": "#0096FF"}))
    figure.update_layout(yaxis={"tickvals": [0, 1], "ticktext": ticks})
    assert (says_the_same(figure) == "") is same


def test_rows_of_estimates_keep_their_names_on_a_slide():
    assert says_the_same(catalogue.panel("domain.cost").figure)


@pytest.mark.parametrize(
    ("axis", "values", "expected"),
    [
        ({"tickformat": ".0%", "range": [-0.03, 1.03]}, [0, 1], (0, 1, 0.2)),  # nothing below 0 or above 100 %
        ({"tickformat": ".0%", "range": [-0.03, 1.2]}, [-0.02, 1.1], (-0.2, 1.2, 0.2)),  # a change, which may be
        ({"range": [-0.05, 0.12]}, [0, 0.1], (0, 0.12, 0.02)),
        ({"range": [3.9, 8.2]}, [4, 8], (3.5, 8.5, 0.5)),  # 3 to 9 would leave a third empty
        ({"range": [0, 33]}, [0, 32], (0, 33, 10)),
        ({}, [2.03, 2.97], (2, 3, 0.2)),
        ({"type": "log", "range": [2.709, 6.0206]}, [512, 2**20], (200, 1.04858e6, 10)),
        ({"type": "log", "range": [-0.0458, 3.06]}, [1, 1024], (1, 1148.15, 10)),  # ranks begin at 1
        ({"type": "log", "range": [18, 26], "dtick": 2}, [1e18, 1e26], (1e18, 1e26, 100)),
        ({"type": "log", "range": [0, 25]}, [1, 1e25], (1, 1e25, 1000)),
    ],
)
def test_an_axis_is_as_long_as_on_the_picture_and_begins_at_a_tick(axis, values, expected):
    figure = scatter(x=[1, 2], y=values).update_yaxes(axis)
    assert native_axes.axis_scale(figure, "y") == pytest.approx(expected, rel=1e-3)
    assert used(figure, "y") >= native_axes.LEAST_USED


RANGES = st.tuples(st.floats(-1e6, 1e6), st.floats(1, 1e6)).map(lambda pair: (pair[0], pair[0] + pair[1]))


@given(RANGES)
def test_every_linear_axis_holds_its_range_and_begins_at_a_multiple_of_its_step(ends):
    low, high, step = native_axes.linear_scale(*ends)
    slack = 1e-6 * (ends[1] - ends[0]) + 1e-9 * abs(ends[0])
    assert low <= ends[0] + slack and high >= ends[1] - slack
    assert abs(low / step - round(low / step)) < 1e-6
    assert 2 <= (high - low) / step <= 14


@pytest.mark.parametrize(
    ("axis", "values", "written"),
    [
        ({}, [0, 0.1], ["0.00", "0.02", "0.04", "0.06", "0.08", "0.10"]),
        ({"tickformat": ".0%"}, [0, 0.016], ["0.0%", "0.5%", "1.0%", "1.5%"]),
        ({}, [0, 2e13], ["0", "5\xa0T", "10\xa0T", "15\xa0T", "20\xa0T"]),
        ({"tickprefix": "$"}, [0, 5e6], ["$0", "$1\xa0M", "$2\xa0M", "$3\xa0M", "$4\xa0M", "$5\xa0M"]),
        ({"exponentformat": "SI", "ticksuffix": "B"}, [0, 2e9], ["0B", "0.5\xa0GB", "1.0\xa0GB", "1.5\xa0GB", "2.0\xa0GB"]),
        ({"type": "log"}, [1e6, 1e10], ["1\xa0M", "10\xa0M", "100\xa0M", "1\xa0B", "10\xa0B"]),
        ({"type": "log"}, [1, 1e6], ["1", "10", "100", "1\xa0k", "10\xa0k", "100\xa0k", "1\xa0M"]),
        ({"type": "log", "dtick": 3}, [1, 1e9], ["1", "1,000", "1\xa0M", "1\xa0B"]),
        ({"type": "log", "dtick": 3}, [1, 1e12], None),
        ({"type": "log", "exponentformat": "none"}, [0.01, 100], ["0.01", "0.1", "1", "10", "100"]),
        ({"type": "log", "exponentformat": "power"}, [1e18, 1e24], None),
        ({"type": "log"}, [1e-9, 1], None),
        ({"type": "log", "exponentformat": "none"}, [1, 1e9], None),
    ],
)
def test_ticks_are_written_as_on_the_picture_or_not_at_all(axis, values, written):
    figure = scatter(y=values).update_yaxes({"range": [*map(math.log10, values)] if axis.get("type") == "log" else values} | axis)
    form = native_axes.number_format(figure, "y")
    assert form if written else form == ""
    if written:
        assert [formatted(value, form) for value in native_axes.ticks(figure, "y")] == written


def formatted(value: float, form: str) -> str:
    """What PowerPoint writes for a number in a format of the kinds used here, by the rules of the format (ECMA-376, 18.8.31)."""
    for section in form.split(";"):
        condition = re.match(r"\[(>=|=)(\d+)\]", section)
        if condition and not (value >= float(condition[2]) if condition[1] == ">=" else value == float(condition[2])):
            continue
        body = section[condition.end() :] if condition else section
        parts = re.fullmatch(r'((?:"[^"]*")?)(General|#,##0|0(?:\.0+)?)(,*)(%?)((?:"[^"]*")*)', body)
        before, number, commas, percent, after = parts.groups()
        scaled, places = value / 1000 ** len(commas) * (100 if percent else 1), len(number.partition(".")[2])
        digits = f"{scaled:.9g}" if number == "General" else f"{scaled:,.0f}" if "#" in number else f"{scaled:.{places}f}"
        return (before + digits + percent + after).replace('"', "")
    raise AssertionError(f"no section of {form} is for {value}")


# --- both renderings -----------------------------------------------------------------------------------------------------

DRAWN = {"legendtext", "annotation-text", "xtitle", "ytitle", "bartext"}
"""What Plotly calls the texts of a picture that a chart of PowerPoint must have too; labels of marks stand in a "textpoint"."""


def drawn_texts(figure: go.Figure) -> set[str]:
    """Legend, labels and titles of axes on the picture, without blanks, since a picture breaks its lines elsewhere."""
    svg, _ = browser.render_both(chart_figure(figure, "light", 1747, 700), 1747, 700)
    found = set()
    for part in ElementTree.fromstring(svg).iter():
        kinds = set((part.get("class") or "").split())
        if kinds & DRAWN or kinds == {"textpoint"}:
            found.add("".join("".join(part.itertext()).split()))
    return found


def slide_texts(chart) -> set[str]:
    """Legend, labels and titles of axes of a chart on a slide, without blanks."""
    return {"".join(str(text).split()) for text in [*legend(chart), *chart._chartSpace.xpath(".//a:t/text()")]}


@pytest.mark.slow
@pytest.mark.parametrize("name", catalogue.catalogue())
def test_every_text_of_the_picture_is_on_the_editable_slide_too(name, browser_path):
    panel = catalogue.panel(name)
    reason = says_the_same(panel.figure)
    assert name not in OFFERED or not reason
    if not reason:
        chart, drawn = only_chart(panel), drawn_texts(panel.figure)
        assert len(drawn) >= 1 and drawn <= slide_texts(chart)


OFFERED = ("moe.build", "judges.verdicts", "compute.repetition", "attention.roofline")
"""Figures of each kind of chart for which an editable one has to be offered."""


def test_a_text_that_is_missing_on_the_slide_is_seen(browser_path):
    layout = style.layout("number", "number", x_range=(0, 10), y_range=(0, 10), x_title="steps", annotations=[style.note(2, 8, "first")])
    figure = style.figure([style.computed_line([0, 10], [0, 10], name, style.BLUE) for name in ("one", "two")], layout)
    assert drawn_texts(figure) == {"steps", "first", "one", "two"} == slide_texts(only_chart(panel_of(figure)))
    less = go.Figure(figure).update_layout(showlegend=False)
    less.layout.annotations = ()
    assert drawn_texts(figure) - slide_texts(only_chart(panel_of(less))) == {"first", "one", "two"}
