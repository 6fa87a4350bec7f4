"""A figure of lines, markers or bars as a PowerPoint chart whose numbers can be edited."""

import re
from collections.abc import Sequence

import plotly.graph_objects as go
from pptx.chart.data import CategoryChartData, XyChartData
from pptx.dml.color import RGBColor
from pptx.enum.chart import (
    XL_AXIS_CROSSES,
    XL_CHART_TYPE,
    XL_LABEL_POSITION,
    XL_LEGEND_POSITION,
    XL_MARKER_STYLE,
    XL_TICK_LABEL_POSITION,
    XL_TICK_MARK,
)
from pptx.enum.dml import MSO_LINE, MSO_THEME_COLOR
from pptx.oxml import parse_xml
from pptx.oxml.ns import nsdecls, qn
from pptx.util import Pt

from analysis.charts.style import THEMES
from analysis.export.native_axes import axis_scale, number_format
from analysis.export.native_labels import LABEL, position
from analysis.export.native_overlays import overlays
from analysis.export.native_series import Series, bar_series, is_bars, is_level, is_log, is_stacked, runs_down, trace_series, words

TYPE_SIZE, TITLE_SIZE, LEGEND_SIZE, LABEL_SIZE = Pt(14), Pt(15), Pt(12), Pt(LABEL)
MANY_BARS = 12
MOST_BELOW = 5
"""Legend entries up to which the legend stands below the chart; more stand to its right."""
DASHES = {
    "solid": None,
    "dash": MSO_LINE.DASH,
    "dot": MSO_LINE.ROUND_DOT,
    "dashdot": MSO_LINE.DASH_DOT,
    "longdash": MSO_LINE.LONG_DASH,
    "longdashdot": MSO_LINE.LONG_DASH_DOT,
}
MARKERS = {
    "circle": XL_MARKER_STYLE.CIRCLE,
    "square": XL_MARKER_STYLE.SQUARE,
    "diamond": XL_MARKER_STYLE.DIAMOND,
    "triangle-up": XL_MARKER_STYLE.TRIANGLE,
    "cross": XL_MARKER_STYLE.PLUS,
    "x": XL_MARKER_STYLE.X,
    "x-thin": XL_MARKER_STYLE.X,
}
SIDES = {
    "above": XL_LABEL_POSITION.ABOVE,
    "below": XL_LABEL_POSITION.BELOW,
    "left": XL_LABEL_POSITION.LEFT,
    "right": XL_LABEL_POSITION.RIGHT,
    "center": XL_LABEL_POSITION.CENTER,
}
DARK = 0.45
"""Luminance below which a label inside a bar is white."""
LINKS = re.compile(r"(https?|ftps?|file|mailto|internal|external):", re.IGNORECASE)
STROKED = (XL_MARKER_STYLE.PLUS, XL_MARKER_STYLE.X)
"""Markers that PowerPoint draws with their outline only."""
BARS = {
    (False, False): XL_CHART_TYPE.COLUMN_CLUSTERED,
    (False, True): XL_CHART_TYPE.COLUMN_STACKED,
    (True, False): XL_CHART_TYPE.BAR_CLUSTERED,
    (True, True): XL_CHART_TYPE.BAR_STACKED,
}
"""Chart types by whether bars lie and whether they are stacked."""


def add_chart(slide, figure: go.Figure, x: int, y: int, width: int, height: int):
    """Draw a figure as a chart on a slide, at a place in EMU; returns the graphic frame.

    figure: one of which `editable.says_the_same` says nothing against it.
    """
    bars = is_bars(figure)
    series = bar_series(figure) if bars else [*trace_series(figure), *overlays(figure)]
    kind = BARS[is_level(figure), is_stacked(figure)] if bars else XL_CHART_TYPE.XY_SCATTER_LINES_NO_MARKERS
    frame = slide.shapes.add_chart(kind, x, y, width, height, _bar_data(series) if bars else _point_data(series))
    chart = frame.chart
    chart.font.size = TYPE_SIZE
    chart.font.color.theme_color = MSO_THEME_COLOR.TEXT_1
    chart.has_title = False
    if bars:
        chart.plots[0].gap_width, chart.plots[0].overlap = 40, 100 if is_stacked(figure) else 0
    for part, drawn in zip(series, chart.plots[0].series, strict=True):
        if bars:
            _style_bars(drawn, part, is_stacked(figure))
        else:
            _style_points(drawn, part)
    if not bars:
        _same_lengths(chart)
    _style_axes(chart, figure, len(series[0].x) if bars else 0)
    asked = figure.layout.showlegend or any(trace.showlegend for trace in figure.data)
    _add_legend(chart, [part.listed and figure.layout.showlegend is not False for part in series], bool(asked))
    return frame


def _same_lengths(chart) -> None:
    """Say of every series that it has as many points as the longest, the last ones empty.

    LibreOffice (7.4) drops every series that comes before a longer one; elsewhere empty points are no points.
    """
    counts = chart._chartSpace.xpath(".//c:xVal//c:ptCount | .//c:yVal//c:ptCount")
    longest = max(int(count.get("val")) for count in counts)
    for count in counts:
        count.set("val", str(longest))


def _point_data(series: Sequence[Series]) -> XyChartData:
    data = XyChartData()
    for part in series:
        added = data.add_series(_no_formula(part.name))
        for x, y in zip(part.x, part.y, strict=True):
            added.add_data_point(x, y)
    return data


def _bar_data(series: Sequence[Series]) -> CategoryChartData:
    data = CategoryChartData()
    data.categories = [_no_formula(name) for name in series[0].x]
    for part in series:
        data.add_series(_no_formula(part.name), part.y)
    return data


def _no_formula(name: str) -> str:
    """A name that stays text in the chart's workbook, where one that begins with "=" would be a formula, and an address a link."""
    return f" {name}" if name.startswith(("=", "{=")) or LINKS.match(name) else name


def _style_points(drawn, part: Series) -> None:
    drawn.smooth = False
    if part.line is None:
        drawn.format.line.fill.background()
    else:
        color, width, dash = part.line
        _stroke(drawn.format.line, color, width)
        drawn.format.line.dash_style = DASHES.get(dash, MSO_LINE.DASH)
    if part.symbols:
        looks = list(zip(part.colors, part.symbols, part.sizes, strict=True))
        usual = max(dict.fromkeys(looks), key=looks.count)
        _style_marker(drawn.marker, *usual)
        for at, look in enumerate(looks):
            if look != usual:
                _style_marker(drawn.points[at].marker, *look)
    else:
        drawn.marker.style = XL_MARKER_STYLE.NONE
    for at, text in enumerate(part.labels):
        if text:
            _label(drawn, at, text, SIDES[position(part.positions[at])])


def _style_marker(marker, color: str, symbol: str, size: float) -> None:
    """size: as in the browser [px]; beside the page of a slide a point is about as large as a pixel is there."""
    hollow = symbol.endswith("-open")
    name = re.sub(r"(-open|-dot)+$", "", symbol)
    marker.style = MARKERS.get(name, MARKERS["triangle-up"] if name.startswith("triangle") else MARKERS["circle"])
    marker.size = round(min(max(size, 2), 72))
    _stroke(marker.format.line, color, 1.75 if hollow or marker.style in STROKED else 0.75)
    if hollow:
        marker.format.fill.background()
    else:
        _fill(marker.format.fill, color)


def _style_bars(drawn, part: Series, stacked: bool) -> None:
    usual = max(dict.fromkeys(part.colors), key=part.colors.count)
    drawn.invert_if_negative = False
    _fill(drawn.format.fill, usual)
    for at, color in enumerate(part.colors):
        if color != usual and part.y[at] is not None:
            _fill(drawn.points[at].format.fill, color)
        if part.labels[at] and stacked:
            _label(drawn, at, part.labels[at], XL_LABEL_POSITION.CENTER, _readable_on(color))
        elif part.labels[at]:
            _label(drawn, at, part.labels[at], XL_LABEL_POSITION.OUTSIDE_END)


def _readable_on(color: str) -> RGBColor:
    """White or the dark of the light theme, for type on a bar."""
    red, green, blue = (int(color[at : at + 2], 16) / 255 for at in (1, 3, 5))
    dark = 0.2126 * red + 0.7152 * green + 0.0722 * blue < DARK and int(color[7:9], 16) > 127
    return RGBColor.from_string("FFFFFF" if dark else THEMES["light"]["text"][1:])


def _label(drawn, at: int, text: str, side, color: RGBColor | None = None) -> None:
    """Write a label at a point of a series; without a colour, in the one of text."""
    label = drawn.points[at].data_label
    label.text_frame.text = text
    font = label.text_frame.paragraphs[0].runs[0].font
    font.size = LABEL_SIZE
    if color is None:
        font.color.theme_color = MSO_THEME_COLOR.TEXT_1
    else:
        font.color.rgb = color
    label.position = side


def _style_numbers(axis, figure: go.Figure, which: str) -> None:
    """Range, ticks and gridlines of an axis of numbers."""
    low, high, step = axis_scale(figure, which)
    axis.minimum_scale, axis.maximum_scale, axis.major_unit = low, high, step
    if is_log(figure, which):
        axis._element.find(qn("c:scaling")).insert(0, parse_xml(f'<c:logBase {nsdecls("c")} val="10"/>'))
    axis.reverse_order = runs_down(figure, which)
    axis.has_major_gridlines = True
    axis.major_gridlines.format.line.color.theme_color = MSO_THEME_COLOR.BACKGROUND_2
    axis.major_gridlines.format.line.width = Pt(0.75)
    axis.tick_labels.number_format, axis.tick_labels.number_format_is_linked = number_format(figure, which) or "General", False
    _style_axis(axis, figure, which)


def _style_categories(axis, count: int) -> None:
    axis.has_major_gridlines = False
    if count > MANY_BARS:
        axis.tick_labels.font.size = LABEL_SIZE
    axis.tick_labels.offset = 50
    axis._element.find(qn("c:lblOffset")).addnext(parse_xml(f'<c:tickLblSkip {nsdecls("c")} val="1"/>'))  # name every bar


def _style_axis(axis, figure: go.Figure, which: str) -> None:
    """What axes of numbers and of categories have in common."""
    axis.format.line.color.theme_color = MSO_THEME_COLOR.TEXT_2
    axis.major_tick_mark = axis.minor_tick_mark = XL_TICK_MARK.NONE
    axis.tick_labels.font.size = TYPE_SIZE
    title = words(figure.layout[f"{which}axis"].title.text)
    axis.has_title = bool(title)
    if title:
        axis.axis_title.text_frame.text = title
        font = axis.axis_title.text_frame.paragraphs[0].runs[0].font
        font.size, font.bold = TITLE_SIZE, False
        font.color.theme_color = MSO_THEME_COLOR.TEXT_1


def _style_axes(chart, figure: go.Figure, bars: int) -> None:
    """bars: how many categories there are, 0 for an axis of numbers."""
    along, across = ("y", "x") if bars and is_level(figure) else ("x", "y")
    _style_numbers(chart.value_axis, figure, across)
    if bars:
        _style_axis(chart.category_axis, figure, along)
        _style_categories(chart.category_axis, bars)
        chart.category_axis.tick_label_position = XL_TICK_LABEL_POSITION.LOW
    else:
        _style_numbers(chart.category_axis, figure, along)
        chart.category_axis.crosses = _low_end(chart.category_axis)
    if not bars or is_log(figure, across):  # bars stand on zero, which is where axes cross by themselves
        chart.value_axis.crosses = _low_end(chart.value_axis)


def _low_end(axis):
    """Where the other axis crosses so that it stands on the left or below."""
    return XL_AXIS_CROSSES.MAXIMUM if axis.reverse_order else XL_AXIS_CROSSES.MINIMUM


def _add_legend(chart, listed: Sequence[bool], wanted: bool) -> None:
    """The legend, without the entries of series that it should not name; wanted: also for a single one."""
    chart.has_legend = sum(listed) >= (1 if wanted else 2)
    if not chart.has_legend:
        return
    chart.legend.position = XL_LEGEND_POSITION.BOTTOM if sum(listed) <= MOST_BELOW else XL_LEGEND_POSITION.RIGHT
    chart.legend.include_in_layout = False
    chart.legend.font.size = TYPE_SIZE if sum(listed) <= MOST_BELOW else LEGEND_SIZE
    position = chart.legend._element.find(qn("c:legendPos"))
    for number in reversed([number for number, named in enumerate(listed) if not named]):
        position.addnext(parse_xml(f'<c:legendEntry {nsdecls("c")}><c:idx val="{number}"/><c:delete val="1"/></c:legendEntry>'))


def _stroke(line, color: str, width: float) -> None:
    line.width = Pt(width)
    _fill(line.fill, color)


def _fill(fill, color: str) -> None:
    """color: "#rrggbbaa"."""
    fill.solid()
    fill.fore_color.rgb = RGBColor.from_string(color[1:7].upper())
    opacity = int(color[7:9], 16) / 255
    if opacity < 1:
        fill._xPr.find(qn("a:solidFill"))[0].append(parse_xml(f'<a:alpha {nsdecls("a")} val="{round(opacity * 100_000)}"/>'))
