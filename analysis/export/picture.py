"""A panel as one picture for a slide, with its title, sources and settings in it, and the same words in the file's own notes."""

import io
from collections.abc import Collection, Sequence
from typing import Any
from xml.sax.saxutils import escape as xml_escape

import plotly.graph_objects as go

from analysis.charts import names
from analysis.charts.panel import Panel
from analysis.charts.plain import as_plain
from analysis.charts.style import THEMES, escape, is_heading, line_count, template
from analysis.export import browser
from analysis.export.fonts import text_width
from analysis.export.words import lines, plain_text, printable, provenance, references, source_line

WIDTH, HEIGHT = 1920, 1080
POINT = WIDTH / 13.333 / 72
"""Pixels of one point on a slide of 13.333 inches."""
ENLARGED = 2.0
"""How much larger than in the browser marks are drawn on a slide."""
EDGE, GAP, COLORBAR = 44, 16, 140
TITLES = (44, 40, 36, 33)
"""Sizes of type for a title on one line; on two it takes the last but one or the last."""
AXIS_TITLE, TICK, FOOTER = 26, 26, 20
MOST_ROWS = 15
GAP_OF_ROWS = "\u2026"
"""Where rows are left out between the first and the last ones."""
NAME_WIDTH = 24 * 0.48 * TICK
"""Width of a label of a row: about 24 characters, or 28 where rows are too close for a second line."""
ROWS_HEIGHT = 700
"""What rows of labels have to share, about."""
LINE = 1.25
"""Height of a line over the size of its type."""
SOURCES_SHOWN = 3
SYMBOL = 52
"""Width of a mark in the legend."""


def picture(panel: Panel, format: str, permalink: str = "", theme: str = "light") -> bytes:
    """The panel as a PNG, SVG or PDF of 1920 x 1080, which says in its own notes what it shows and where from.

    Raises `export_image.NoBrowserError` where there is no browser to draw it.
    """
    data = browser.render(slide_figure(panel, theme), format, WIDTH, HEIGHT)
    note = {"png": _note_png, "svg": _note_svg, "pdf": _note_pdf}[format]
    return note(data, panel, permalink)


def slide_figure(panel: Panel, theme: str = "light") -> go.Figure:
    """A copy of the panel's figure for a slide: 1920 x 1080, on a page of its own, with title, sources and settings.

    theme: "light" or "dark". Type is at least 24 px on the axes; the legend stands between title and plot, the sources below.
    """
    width = WIDTH - 2 * EDGE
    size, title = set_title(panel.title, width)
    left_out = rows_left_out(panel.figure)
    settings = short_settings(panel, width - text_width(f"{left_out}. ", FOOTER))
    footer = [text for text in (short_sources(panel, width), ". ".join(filter(None, (left_out, settings)))) if text]
    top, bottom = EDGE * 0.8, EDGE * 0.5
    above, below = top + len(title) * size * LINE, bottom + len(footer) * FOOTER * LINE
    figure = chart_figure(panel.figure, theme, WIDTH, HEIGHT, above, below)
    margin = figure.layout.margin
    # Annotations and not Plotly's title: only they can be placed from the edge of the picture to the pixel.
    common = {"xref": "paper", "yref": "paper", "x": 0, "xanchor": "left", "xshift": EDGE - margin.l, "showarrow": False, "align": "left"}
    figure.add_annotation(
        common, text=f"<b>{'<br>'.join(escape(line) for line in title)}</b>", y=1, yanchor="top", yshift=margin.t - top, font={"size": size}
    )
    figure.add_annotation(
        common,
        text="<br>".join(escape(line) for line in footer),
        y=0,
        yanchor="bottom",
        yshift=bottom - margin.b,
        font={"size": FOOTER, "color": THEMES[theme]["muted"]},
    )
    return figure


def set_title(title: str, width: float) -> tuple[int, list[str]]:
    """(size of type, lines) of a title: one line if any of TITLES allows, else two, else as many as the smallest takes.

    >>> set_title("A short one", 1800)
    (44, ['A short one'])
    """
    tried = [(size, lines(title, size, width, bold=True)) for size in TITLES]
    fits = [found for found in tried if len(found[1]) == 1] + [found for found in tried[-2:] if len(found[1]) == 2]
    return fits[0] if fits else tried[-1]


def short_sources(panel: Panel, width: float) -> str:
    """The panel's first sources in one line of a picture's footer; how many more stand in the file's notes."""
    shorts = list(dict.fromkeys(work.short for work in references([panel])))
    return _one_line("Sources" if len(shorts) > 1 else "Source", shorts, width, SOURCES_SHOWN) or source_line(panel)


def short_settings(panel: Panel, width: float) -> str:
    """The panel's settings in one line of a picture's footer, as many as fit; how many more stand in the file's notes."""
    return _one_line("Settings", [f"{name}: {value}" for name, value in panel.settings.items()], width)


def _one_line(lead: str, parts: Sequence[str], width: float, most: int = 99) -> str:
    for shown in range(min(len(parts), most), 0, -1):
        rest = f" and {len(parts) - shown} more" if len(parts) > shown else ""
        text = f"{lead}: {'; '.join(parts[:shown])}{rest}"
        if shown == 1 or text_width(text, FOOTER) <= width:
            return text
    return ""


def chart_figure(source: go.Figure, theme: str, width: int, height: int, above: float = 0.0, below: float = 0.0) -> go.Figure:
    """A copy of a figure with slide-size type and marks, and margins that hold its legend and labels beside what is reserved.

    above, below: height [px] kept free at the top and at the bottom.
    """
    figure = _enlarged(source)
    figure.update_layout(
        template=template(theme),
        width=width,
        height=height,
        autosize=False,
        font={"size": TICK},
        paper_bgcolor=THEMES[theme]["page"],
        plot_bgcolor=THEMES[theme]["page"],
    )
    figure.update_xaxes(
        automargin=False, tickfont={"size": TICK}, title={"font": {"size": AXIS_TITLE}, "standoff": 16}, tickangle=0, ticklabelstandoff=8
    )
    figure.update_yaxes(
        automargin=False, tickfont={"size": TICK}, title={"font": {"size": AXIS_TITLE}, "standoff": 16}, ticklabelstandoff=8
    )
    _keep_rows(figure)
    label_width = _label_width(figure)
    left = EDGE + label_width + (AXIS_TITLE * LINE + GAP if figure.layout.yaxis.title.text else 0)
    right = EDGE + (COLORBAR if _has_colorbar(figure) else 0) + names.room(as_plain(source)["data"], _ems, TICK / names.TYPE)
    plot_width = width - left - right
    bottom = 1.5 * GAP + _label_height(figure, plot_width) + (AXIS_TITLE * LINE + GAP if figure.layout.xaxis.title.text else 0)
    headings = 2 * GAP if any(is_heading(note) for note in figure.layout.annotations) else 0
    legend = _place_legend(figure, plot_width)
    top = 1.5 * GAP + headings + (legend + 1.5 * GAP if legend else 0)
    plot_height = height - above - top - below - bottom
    figure.update_layout(
        margin={"l": left, "r": right, "t": above + top, "b": below + bottom, "pad": 0, "autoexpand": False},
        legend={"y": 1 + (1.5 * GAP + headings) / plot_height},
    )
    _fit_labels(figure, plot_height)
    return _named(figure, plot_width, plot_height)


def _ems(text: str) -> float:
    return text_width(text, 1.0)


def _named(figure: go.Figure, width: float, height: float) -> go.Figure:
    """The figure with its names placed for a plot of this size [px] and its type."""
    spec = as_plain(figure)
    if names.wanted(spec["data"]):
        plot = names.Plot(spec["layout"], width, height, _ems, TICK / names.TYPE)
        for note in names.placed(spec["data"], plot, grows=False)[0]:
            figure.add_annotation(note)
    return figure


def _enlarged(source: go.Figure) -> go.Figure:
    """A copy with marks, labels and distances in pixels enlarged."""
    spec = as_plain(source)
    for trace in spec["data"]:
        _scale(trace, ("line", "width"), ("marker", "size"), ("marker", "line", "width"), ("textfont", "size"), ("error_x", "thickness"))
        _scale(trace, ("error_y", "thickness"), ("error_x", "width"), ("error_y", "width"), ("marker", "colorbar", "thickness"))
        _scale(trace, ("colorbar", "thickness"), ("contours", "labelfont", "size"))
    layout = spec["layout"]
    for shape in layout.get("shapes", ()):
        _scale(shape, ("line", "width"))
    layout["annotations"] = [note for note in layout.get("annotations", ()) if note.get("name") != names.LABEL]  # placed anew
    for note in layout["annotations"]:
        note.setdefault("font", {}).setdefault("size", 13)
        _scale(note, ("font", "size"), ("xshift",), ("yshift",), ("ax",), ("ay",), ("borderwidth",), ("arrowwidth",), ("standoff",))
    return go.Figure(spec)


def _scale(holder: dict, *paths: Sequence[str]) -> None:
    for *parents, last in paths:
        place = holder
        for name in parents:
            place = place.get(name) or {}
        value = place.get(last)
        if isinstance(value, int | float):
            place[last] = value * ENLARGED
        elif isinstance(value, list):
            place[last] = [part * ENLARGED for part in value]


def _rows(figure: go.Figure) -> tuple[list[str], int]:
    """(categories of the y axis from the top, number of rows with labels); no rows where something else than marks and bars is drawn."""
    if any(trace.type not in ("bar", "scatter") for trace in figure.data):
        return [], 0
    axis, names = figure.layout.yaxis, categories(figure, "y")
    if names:
        order = [name for name in axis.categoryarray or names if name in names]
        return order if axis.autorange == "reversed" else order[::-1], len(order)
    falling = axis.range is not None and axis.range[0] > axis.range[1]
    return [], len(axis.ticktext or ()) if falling else 0


def rows_left_out(figure: go.Figure) -> str:
    """The words that say that a picture shows only MOST_ROWS of a figure's rows, "" where it shows all."""
    count = _rows(figure)[1]
    if count <= MOST_ROWS:
        return ""
    first = MOST_ROWS - _last(figure)
    which = f"{MOST_ROWS}" if first == MOST_ROWS else f"The first {first} and the last {MOST_ROWS - first}"
    return f"{which} of {count} rows, the others in the file"


def _last(figure: go.Figure) -> int:
    """How many of the rows of a picture are the last ones: nearly half where a figure asks for both its ends (`style.both_ends`)."""
    return MOST_ROWS // 2 if (figure.layout.meta or {}).get("rows") == "both ends" else 0


def _keep_rows(figure: go.Figure) -> None:
    """Leave MOST_ROWS rows of labels on the y axis: the first ones from the top, or both ends with a gap between them."""
    order, count = _rows(figure)
    if count <= MOST_ROWS:
        return
    last = _last(figure)
    first = MOST_ROWS - last
    gone = set(order[first : count - last] or range(first, count))
    for trace in figure.data:
        if trace.y is not None:
            kept = _crossing(trace, gone) if trace.type == "scatter" and trace.mode == "lines" else [value not in gone for value in trace.y]
            trace.update({which: [value if keep else None for value, keep in zip(trace[which], kept, strict=True)] for which in "xy"})
    if order:
        shown = [*order[:first], *([GAP_OF_ROWS] if last else []), *order[count - last :]]
        figure.update_yaxes(categoryorder="array", categoryarray=shown, autorange=False, range=(len(shown) - 0.5, -0.5))
    else:
        figure.update_yaxes(range=(MOST_ROWS - 0.4, -0.6), autorange=False)


def _crossing(trace: Any, gone: Collection) -> list[bool]:
    """Which points of a trace of lines stay: those of rows that stay, and all of an upright line, which crosses the rows."""
    upright = len(set(trace.x)) == 1 < len(set(trace.y))
    return [upright or value not in gone for value in trace.y]


def _label_width(figure: go.Figure) -> float:
    """Width of the labels of the y axis, which are wrapped or shortened to NAME_WIDTH; numbers may have labels of their own (ticktext)."""
    names = categories(figure, "y")
    names += [GAP_OF_ROWS] if GAP_OF_ROWS in (figure.layout.yaxis.categoryarray or ()) else []
    own = [plain_text(text) for text in figure.layout.yaxis.ticktext or ()]
    if not names and not any(text_width(text, TICK) > text_width("00,000.00", TICK) for text in own):
        return max((text_width(text, TICK) for text in own), default=text_width("00.00", TICK)) + 8
    rows = min(len(names or own), MOST_ROWS)
    most = max(1, min(3, int(ROWS_HEIGHT / rows / FOOTER / LINE)))
    for width in (
        NAME_WIDTH * (1.2 if most == 1 else 1),
        1.4 * NAME_WIDTH,
        2 * NAME_WIDTH,
    ):  # wider only where these would be the same
        wrapped = [_in_lines(plain_text(name), most, width) for name in names or own]
        if len({tuple(parts) for parts in wrapped}) == len(set(names or own)):
            break
    bold = ["<b>" in str(text) for text in figure.layout.yaxis.ticktext or ()] if not names else [False] * len(names)
    texts = ["<br>".join(escape(line) for line in parts) for parts in wrapped]
    texts = [f"<b>{text}</b>" if heavy else text for text, heavy in zip(texts, bold, strict=True)]
    figure.update_yaxes(tickmode="array", tickvals=names or figure.layout.yaxis.tickvals, ticktext=texts)
    return max(text_width(line, TICK) for parts in wrapped for line in parts) + 8


def _in_lines(name: str, most: int, width: float) -> list[str]:
    """A name in at most so many lines of a width, shortened in its middle where it is longer."""
    parts, kept = lines(name, TICK, width), len(name)
    while len(parts) > most or any(text_width(part, TICK) > width * 1.1 for part in parts):
        kept -= 1
        parts = lines(f"{name[: kept - kept // 2].rstrip()}\u2026{name[len(name) - kept // 2 :].lstrip()}", TICK, width)
    return parts


def _fit_labels(figure: go.Figure, height: float) -> None:
    """Set the y axis's own labels in type that keeps neighbours apart."""
    broken = [str(text) for text in figure.layout.yaxis.ticktext or ()][:MOST_ROWS]
    if broken:
        figure.update_yaxes(tickfont={"size": min(TICK, height / line_count(broken) / LINE)})


def _label_height(figure: go.Figure, plot_width: float) -> float:
    """Height of the labels of the x axis, whose categories are wrapped to fit, or turned where they are too many for that."""
    count = max(len(categories(figure, "x")), 1)
    if plot_width / count < text_width("00000000", TICK):
        wrapped = _wrap_categories(figure, "x", 420)
        figure.update_xaxes(tickangle=-90)
        return max(text_width(part, TICK) for parts in wrapped for part in parts)
    room = plot_width / count * 0.95
    wrapped = _wrap_categories(figure, "x", room)
    widest = max((text_width(part, TICK) for parts in wrapped for part in parts), default=0)
    if widest > room:  # a single word may be wider than its column
        _wrap_categories(figure, "x", 420)
        figure.update_xaxes(tickangle=-30)
        return widest / 2 + TICK * LINE
    return max((len(parts) for parts in wrapped), default=1) * TICK * LINE


def _wrap_categories(figure: go.Figure, which: str, width: float) -> list[list[str]]:
    """Break the category labels of an axis into lines of a width; the lines of each, none for an axis of numbers."""
    names = categories(figure, which)
    wrapped = [lines(plain_text(name), TICK, width) for name in names]
    if names:
        labels = ["<br>".join(escape(part) for part in parts) for parts in wrapped]
        figure.update_layout({f"{which}axis": {"tickmode": "array", "tickvals": names, "ticktext": labels}})
    return wrapped


def categories(figure: go.Figure, which: str) -> list[str]:
    """The category labels along the "x" or "y" axis in order of appearance; empty for an axis of numbers."""
    values = [
        value for trace in figure.data if getattr(trace, which, None) is not None for value in getattr(trace, which) if value is not None
    ]
    return list(dict.fromkeys(values)) if values and all(isinstance(value, str) for value in values) else []


def legend_names(figure: go.Figure) -> list[str]:
    """What the legend of a figure lists, as plain text; empty where it shows none."""
    listed = [trace for trace in figure.data if trace.visible in (None, True) and trace.showlegend is not False and "name" in trace]
    asked = figure.layout.showlegend or any(trace.showlegend for trace in listed)
    if figure.layout.showlegend is False or not (asked or len(figure.data) > 1):
        return []
    return [plain_text(trace.name) for trace in listed if trace.name]


def _place_legend(figure: go.Figure, plot_width: float) -> float:
    """Lay the legend out in columns above the plot; the height that it takes."""
    names = legend_names(figure)
    if not names:
        figure.update_layout(showlegend=False)
        return 0
    widths = [text_width(name, TICK) + SYMBOL + GAP for name in names]
    in_one_row = sum(widths) <= plot_width
    columns = len(names) if in_one_row else max(min(int(plot_width // max(widths)), len(names)), 1)
    figure.update_layout(
        legend={
            "orientation": "h",
            "xref": "paper",
            "yref": "paper",
            "x": 0,
            "xanchor": "left",
            "yanchor": "bottom",
            "font": {"size": TICK},
            "entrywidth": 0 if in_one_row else max(widths) - SYMBOL - GAP,
            "entrywidthmode": "pixels",
            "itemwidth": SYMBOL,
            "title": {"text": ""},
            "tracegroupgap": 0,
            "itemsizing": "trace",
            "traceorder": "normal",
        }
    )
    return -(-len(names) // columns) * TICK * LINE


def _has_colorbar(figure: go.Figure) -> bool:
    for trace in figure.data:
        if trace.type in ("heatmap", "contour") and trace.showscale is not False:
            return True
        if trace.type == "scatter" and trace.marker.showscale is not False and trace.marker.colorbar.to_plotly_json():
            return True
    return False


def _note_png(data: bytes, panel: Panel, permalink: str) -> bytes:
    from PIL import Image
    from PIL.PngImagePlugin import PngInfo

    info = PngInfo()
    for key, text in _notes(panel, permalink).items():
        info.add_itxt(key, text)
    out = io.BytesIO()
    Image.open(io.BytesIO(data)).save(out, "png", pnginfo=info)
    return out.getvalue()


def _note_svg(data: bytes, panel: Panel, permalink: str) -> bytes:
    text = data.decode("utf-8")
    end = text.index(">", text.index("<svg")) + 1
    rows = "\n".join(f"{label}: {printable(value)}" for label, value in provenance(panel, permalink))
    parts = {"title": printable(panel.title), "desc": printable(panel.alt), "metadata": rows}
    words = "".join(f"<{tag}>{xml_escape(words)}</{tag}>" for tag, words in parts.items())
    return (text[: end - 1] + ' role="img">' + words + text[end:]).encode("utf-8")


def _note_pdf(data: bytes, panel: Panel, permalink: str) -> bytes:
    from pypdf import PdfWriter

    notes = _notes(panel, permalink)
    writer = PdfWriter(clone_from=io.BytesIO(data))
    writer.add_metadata(
        {
            "/Title": notes["Title"],
            "/Subject": notes["Description"],
            "/Keywords": "; ".join(notes[key] for key in ("Source", "Settings") if notes[key]),
            "/Author": notes["Software"],
            "/Creator": notes["Software"],
            **({"/Link": permalink} if permalink else {}),
        }
    )
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def _notes(panel: Panel, permalink: str) -> dict[str, str]:
    rows = provenance(panel, permalink)
    labelled = {label: text for label, text in rows if label != "Source"}
    return {
        "Title": printable(panel.title),
        "Description": printable(f"{panel.alt} {panel.caption}"),
        "Source": printable(" | ".join(text for label, text in rows if label == "Source")),
        "Settings": printable(labelled.get("Settings", "")),
        "Copyright": labelled["Licence"],
        "Software": labelled["Made with"],
        **({"URL": permalink} if permalink else {}),
    }
