"""Pictures: what is in them, that nothing in them overlaps, and the browser that draws them."""

import html
import io
import itertools
import json
import threading
import xml.etree.ElementTree as ElementTree
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import plotly.graph_objects as go
import pytest
from PIL import Image
from pypdf import PdfReader

from analysis import catalogue
from analysis.charts import marks, names, style
from analysis.export import browser, fonts
from analysis.export import files as export_files
from analysis.export import picture as export_picture
from analysis.export import words as export_words
from analysis.export.browser import NoBrowserError
from tests.sample_panels import (
    HOSTILE,
    LINK,
    bar_panel,
    every_text,
    heat_panel,
    hide_browser,
    hostile_panel,
    law_panel,
    panel_of,
    plain_panel,
)


def test_a_png_is_of_the_size_of_a_slide_and_on_the_page_of_its_theme(browser_path):
    for theme, page in (("light", (255, 255, 255)), ("dark", (14, 17, 23))):
        picture = Image.open(io.BytesIO(export_files.export(law_panel(), "png", theme=theme)))
        assert picture.size == (1920, 1080)
        assert picture.convert("RGB").getpixel((5, 5)) == page
        assert picture.text["Title"].startswith("Loss falls")


def test_an_svg_has_a_title_and_a_description_and_text_that_can_be_edited(browser_path):
    root = ElementTree.fromstring(export_files.export(hostile_panel(), "svg"))
    space = "{http://www.w3.org/2000/svg}"
    assert root.get("role") == "img"
    assert root[0].tag == f"{space}title" and root[0].text == f"{HOSTILE} & more"
    assert root[1].tag == f"{space}desc" and root[1].text == HOSTILE
    drawn = " ".join("".join(text.itertext()) for text in root.iter(f"{space}text"))
    assert "alert(1)" in drawn and "Jordan Hoffmann et al. 2022, Table A3" in drawn and "Settings:" in drawn
    assert not list(root.iter(f"{space}script"))


def test_an_svg_is_set_in_the_sans_serif_types_that_style_names(browser_page):
    browser_page.set_content(export_files.export(law_panel(), "svg").decode())
    types = browser_page.locator("svg text").evaluate_all("texts => texts.map(text => getComputedStyle(text).fontFamily)")
    assert len(types) > 10 and set(types) == {style.FONTS}


def test_a_pdf_is_one_page_in_the_shape_of_a_slide(browser_path):
    reader = PdfReader(io.BytesIO(export_files.export(law_panel(), "pdf")))
    (page,) = reader.pages
    assert float(page.mediabox.width / page.mediabox.height) == pytest.approx(16 / 9, rel=1e-3)
    assert reader.metadata.title == "Loss falls by half with every hundredfold of compute"
    assert "Table A3" in page.extract_text()


def hatched_panel():
    trace = style.bars([1.0, 7.0], ["small", "large"], "computed", style.BLUE, horizontal=True)
    trace["marker"] |= {"pattern": {"shape": "/"}}
    return panel_of(style.figure([trace], style.layout("number", "category", showlegend=True)))


def named_panel():
    figure = law_panel().figure
    return panel_of(figure.add_annotation(x=20, y=2, text="a name", font={"shadow": "auto"}))


@pytest.mark.parametrize("make", [law_panel, bar_panel, hatched_panel, named_panel])
def test_a_pdf_is_a_drawing_without_bitmaps(make, browser_path):
    data = export_files.export(make(), "pdf")
    assert not list(PdfReader(io.BytesIO(data)).pages[0].images) and len(data) < 60_000


def test_a_hatch_is_lines_within_the_shape_that_they_fill(browser_page):
    browser_page.set_content(export_files.export(hatched_panel(), "svg").decode())
    assert browser_page.locator("pattern").count() == 0
    clipped = """() => [...document.querySelectorAll('.point, .legendpoints')].map(point => {
        const shape = point.querySelector('[style*="fill: none"]');
        const clip = shape.nextElementSibling, lines = clip.nextElementSibling, box = shape.getBoundingClientRect();
        return [clip.firstChild.getAttribute('d') === shape.getAttribute('d'), lines.getAttribute('clip-path') === `url(#${clip.id})`,
          lines.firstChild.getAttribute('stroke'), lines.firstChild.getAttribute('d').split('M').length - 1, box.width + box.height];
    })"""
    found = browser_page.evaluate(clipped)
    assert len(found) == 3
    for same_shape, within_it, color, count, across in found:
        assert same_shape and within_it and color == "rgb(0, 150, 255)"
        assert count == pytest.approx(across / 8 / 2**0.5, abs=12 if across > 100 else 4)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_type_on_a_slide_is_large_enough_to_read(theme):
    figure = export_files.slide_figure(law_panel(), theme)
    assert (figure.layout.width, figure.layout.height) == (1920, 1080)
    assert min(figure.layout.xaxis.tickfont.size, figure.layout.yaxis.tickfont.size, figure.layout.legend.font.size) >= 24
    assert figure.layout.paper_bgcolor == style.THEMES[theme]["page"]


def test_arrays_of_numpy_are_drawn_like_lists():
    sizes = [5.0, 10.0, 15.0]
    listed = go.Figure({"data": [{"type": "scatter", "x": [1.0, 2.0, 3.0], "y": [4.0, 5.0, 6.0], "marker": {"size": sizes}}]})
    packed = go.Figure(
        {"data": [{"type": "scatter", "x": np.arange(1.0, 4.0), "y": np.arange(4.0, 7.0), "marker": {"size": np.array(sizes)}}]}
    )
    assert "bdata" in packed.to_json()
    figure = export_files.slide_figure(panel_of(packed))
    assert figure.layout.xaxis.tickvals is None  # numbers are no categories
    assert list(figure.data[0].marker.size) == [10, 20, 30]
    assert figure.to_dict() == export_files.slide_figure(panel_of(listed)).to_dict()


def test_the_panels_own_figure_is_left_as_it_was():
    panel = law_panel()
    before = panel.figure.to_json()
    export_files.slide_figure(panel, "dark")
    export_files.export(panel, "pptx")
    assert panel.figure.to_json() == before


def test_a_long_title_and_many_names_leave_room_for_the_chart():
    traces = [style.computed_line([1, 2], [3, 4], f"a law with the rather long name {number}", style.BLUE) for number in range(12)]
    figure = export_files.slide_figure(
        panel_of(style.figure(traces, style.layout("number", "number")), title="A finding in many words " * 8)
    )
    margin = figure.layout.margin
    assert 1080 - margin.t - margin.b >= 300 and 1920 - margin.l - margin.r >= 1000


BOXES = """([title, footer]) => Object.fromEntries(Object.entries({
    title: `.annotation[data-index="${title}"]`, legend: '.legend', plot: '.nsewdrag', ticks: '.xaxislayer-above', axis: '.xtitle',
    footer: `.annotation[data-index="${footer}"]`,
}).map(([name, selector]) => [name, document.querySelector(selector)?.getBoundingClientRect().toJSON()]))"""


@pytest.fixture(scope="module")
def with_plotly(browser_context):
    """A page of 1920 x 1080 with Plotly's script and the font, read once; a test draws into its place "c"."""
    from plotly.offline import get_plotlyjs

    page = browser_context.new_page()
    page.set_viewport_size({"width": 1920, "height": 1080})
    page.set_content(f"<style>{fonts.face_css()}</style><body style='margin:0'></body>")
    page.add_script_tag(content=get_plotlyjs())
    page.evaluate("() => Promise.all([400, 700].map(weight => document.fonts.load(`${weight} 20px 'Ten Papers Sans'`)))")
    yield page
    page.close()


DRAW = """spec => {
    document.body.innerHTML = "<div id='c'></div>";
    return Plotly.newPlot('c', spec).then(() => null);
}"""


@pytest.mark.parametrize("make", [lambda: law_panel(title="A finding in many words " * 6), bar_panel, heat_panel])
def test_title_legend_plot_and_sources_lie_below_each_other_inside_the_picture(make, with_plotly):
    spec = json.loads(export_files.slide_figure(make()).to_json())
    count = len(spec["layout"]["annotations"])
    with_plotly.evaluate(DRAW, spec)
    found = with_plotly.evaluate(BOXES, [count - 2, count - 1])
    boxes = {
        name: found[name] for name in ("title", "legend", "plot", "ticks", "axis", "footer") if found.get(name) and found[name]["width"]
    }
    assert {"title", "plot", "ticks", "footer"} <= set(boxes)
    for upper, lower in itertools.pairwise(boxes):
        assert boxes[upper]["bottom"] <= boxes[lower]["top"] + 1, (upper, lower, boxes)
    assert all(box["left"] >= 0 and box["top"] >= 0 and box["right"] <= 1920 and box["bottom"] <= 1080 for box in boxes.values()), boxes


CATALOG = catalogue.catalogue()


@pytest.mark.parametrize(("number", "name"), list(enumerate(CATALOG)))
def test_every_figure_of_the_dashboard_is_exported_and_drawn_with_ticks_and_its_words(number, name, browser_path):
    panel = CATALOG[name]()
    # PNG, PDF and the picture on a slide are the same drawing as SVG, by the same browser, and a page is one frame around such words: some
    # figures stand for all.
    one_in = {"png": 8, "pdf": 8, "pptx": 4, "html": 4}
    formats = [format for format in export_files.FORMATS if number % one_in.get(format, 1) == 0]

    def exported(format):
        return export_files.export(panel, format, permalink=LINK)

    with ThreadPoolExecutor(2) as both:  # one waits for the browser while the other makes a file without it
        files = dict(zip(formats, both.map(exported, formats), strict=True))
    for format, data in files.items():
        text = " ".join(every_text(format, data).split())
        title = html.escape(panel.title) if format == "html" else panel.title
        assert title in text and LINK in html.unescape(text), format
    root = ElementTree.fromstring(files["svg"])
    for axis in ("xtick", "ytick"):
        labels = {"".join(tick.itertext()) for tick in root.iter("{http://www.w3.org/2000/svg}g") if tick.get("class") == axis}
        assert len(labels - {""}) >= 2, f"{axis}: {labels}"
    raster = {trace.type for trace in panel.figure.data} & {"heatmap"}
    assert b"<pattern" not in files["svg"] and (b"<image" in files["svg"]) == bool(raster)
    assert "pdf" not in files or raster or not list(PdfReader(io.BytesIO(files["pdf"])).pages[0].images)
    title, description, notes = root[:3]
    assert [part.tag.rpartition("}")[2] for part in root[:3]] == ["title", "desc", "metadata"]
    assert title.text == panel.title and description.text == panel.alt
    assert panel.caption in notes.text and all(work.url in notes.text for work in export_words.references([panel]))
    drawn = "".join("".join(text.itertext()) for text in root.iter("{http://www.w3.org/2000/svg}text"))
    assert "".join(panel.title.split()) in "".join(drawn.split())  # as text, which another program can find and change
    words = " ".join(root.itertext())
    assert panel.title in words and export_words.references([panel])[0].url in words


# --- without a browser, or with a bad one --------------------------------------------------


@pytest.mark.parametrize("format", ["csv", "html", "pptx"])
def test_without_a_browser_data_page_and_editable_charts_still_work(format, monkeypatch):
    hide_browser(monkeypatch)
    assert "Loss falls by half" in every_text(format, export_files.export(plain_panel(), format, editable=True))


@pytest.mark.parametrize("format", export_files.NEEDS_BROWSER)
def test_without_a_browser_pictures_say_what_to_do(format, monkeypatch):
    hide_browser(monkeypatch)
    with pytest.raises(NoBrowserError, match="install one .* or set BROWSER_PATH"):
        export_files.export(law_panel(), format)


def test_browser_path_decides_even_when_it_points_to_nothing(monkeypatch, tmp_path):
    own = tmp_path / "browser"
    own.write_text("#!/bin/sh\n")
    own.chmod(0o755)
    monkeypatch.setenv("BROWSER_PATH", str(own))
    assert browser.browser_path() == str(own)
    monkeypatch.setenv("BROWSER_PATH", "/no/such/browser")
    assert browser.browser_path() is None
    assert "/no/such/browser" in browser.advice()


NAMES = ("google-chrome", "google-chrome-stable", "chrome", "chromium", "chromium-browser", "microsoft-edge", "msedge")


@pytest.mark.parametrize("chosen", [None, "", " "])
@pytest.mark.parametrize("name", NAMES)
def test_a_browser_is_found_by_its_usual_name(monkeypatch, tmp_path, name, chosen):
    (tmp_path / name).write_text("#!/bin/sh\n")
    (tmp_path / name).chmod(0o755)
    monkeypatch.delenv("BROWSER_PATH", raising=False)
    if chosen is not None:
        monkeypatch.setenv("BROWSER_PATH", chosen)
    monkeypatch.setenv("PATH", str(tmp_path))
    # Only the names count here, not what this machine has in the usual places.
    monkeypatch.setattr("choreographer.browsers.chromium._is_exe", lambda path: False)
    assert browser.browser_path() == str(tmp_path / name)


def test_a_program_that_is_no_browser_is_an_error_and_not_a_wait_for_ever(monkeypatch, tmp_path):
    broken = tmp_path / "browser"
    broken.write_text("#!/bin/sh\nexit 3\n")
    broken.chmod(0o755)
    browser.stop()
    monkeypatch.setenv("BROWSER_PATH", str(broken))
    monkeypatch.setattr(browser, "START_SECONDS", 8.0)
    with pytest.raises(RuntimeError, match="could not draw the figure"):
        browser.render(go.Figure(), "png", 100, 100)


def test_a_browser_that_has_died_is_started_again(browser_path):
    figure = go.Figure(go.Scatter(x=[1, 2], y=[1, 2]))
    before = browser.render(figure, "png", 200, 100)
    browser._BROWSER.kaleido.subprocess.kill()
    assert Image.open(io.BytesIO(browser.render(figure, "png", 200, 100))).size == Image.open(io.BytesIO(before)).size


def test_threads_take_turns_with_one_browser(browser_path):
    sizes = [(100 + 20 * number, 80) for number in range(4)]
    drawn = {}

    def draw(size):
        drawn[size] = Image.open(io.BytesIO(browser.render(go.Figure(), "png", *size))).size

    threads = [threading.Thread(target=draw, args=(size,)) for size in sizes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert drawn == {size: size for size in sizes}


def test_long_labels_of_crowded_rows_do_not_touch_on_a_slide():
    from analysis.charts import intervals, style
    from analysis.export import picture as export_picture

    names = [f"benchmark {i}, 0-shot, empty system message" for i in range(12)]
    figure = style.figure([], intervals.rows(names, "number", "points"))
    drawn = export_picture.chart_figure(figure, "light", 1200, 500)
    axis, height = drawn.layout.yaxis, 500 - drawn.layout.margin.t - drawn.layout.margin.b
    assert axis.tickfont.size * style.line_count(axis.ticktext) <= height
    assert [text.replace("<br>", " ") for text in axis.ticktext] == names


LEAST_SHARE = 0.5
"""Of the picture that is plot, at least; five legend entries in two rows and long names of rows leave less than the 0.55 of most."""

# --- one font, shipped ------------------------------------------------------------------------------------------------


def test_the_font_is_in_every_picture_and_the_only_one_of_a_pdf():
    panel = law_panel(title="At 5.8×10²³ FLOP the law asks for 18 tokens per parameter")
    svg = export_files.picture(panel, "svg").decode()
    assert svg.count("@font-face") == 2 and '"Ten Papers Sans"' in svg
    pages = PdfReader(io.BytesIO(export_files.picture(panel, "pdf"))).pages
    used = {font.get_object()["/BaseFont"].partition("+")[2] for page in pages for font in page["/Resources"]["/Font"].values()}
    assert used == {"TenPapersSans-Regular", "TenPapersSans-Bold"}


def test_widths_of_texts_are_those_that_the_browser_draws(browser_page):
    browser_page.set_content(f"<style>{fonts.face_css()}</style>")
    browser_page.evaluate("() => Promise.all([400, 700].map(weight => document.fonts.load(`${weight} 20px 'Ten Papers Sans'`)))")
    measure = """([text, weight]) => {
        const pen = document.createElement('canvas').getContext('2d');
        pen.font = `${weight} 40px 'Ten Papers Sans'`;
        return pen.measureText(text).width;
    }"""
    for text in ("parameters", "At 32,768 tokens Mistral 7B caches 537 MB", "10²⁴ FLOP, 5.8×10²³ ≤ α", "WWWiii …"):
        for weight in (400, 700):
            assert fonts.text_width(text, 40, weight == 700) == pytest.approx(browser_page.evaluate(measure, [text, weight]), rel=0.02)


def test_a_title_that_fits_is_not_broken_and_a_number_stays_with_its_unit():
    one = "Two reports are 1.2 points apart (median) under one stated setting, 3.9 under different ones"
    assert len(export_picture.set_title(one, 1832)[1]) == 1
    for width in range(150, 900, 25):
        broken = export_words.lines("takes 785 GB in full, 1.5×10²³ FLOP, 7.24 B parameters and 12 % of 3 days", 30, width)
        assert not any(line.split("\xa0")[-1].split(" ")[-1] in ("785", "1.5×10²³", "7.24", "12", "3") for line in broken)
        assert " ".join(broken).replace("\xa0", " ") == "takes 785 GB in full, 1.5×10²³ FLOP, 7.24 B parameters and 12 % of 3 days"


@pytest.mark.parametrize("number", range(4))
def test_the_plot_takes_most_of_a_picture_and_no_type_is_smaller_than_ten_points(number):
    smallest = 10 * export_picture.POINT
    for name in list(catalogue.figures())[number::4]:
        panel = catalogue.figures()[name].of({})[0].panel()
        figure = export_picture.slide_figure(panel)
        margin, axis = figure.layout.margin, figure.layout.yaxis
        ends = names.room([trace.to_plotly_json() for trace in panel.figure.data], export_picture._ems, export_picture.TICK / names.TYPE)
        share = (1920 - margin.l - margin.r + ends) * (1080 - margin.t - margin.b) / 1920 / 1080
        assert share >= LEAST_SHARE, (name, share)
        sizes = [axis.tickfont.size, figure.layout.xaxis.tickfont.size, figure.layout.legend.font.size or 26]
        sizes += [note.font.size for note in figure.layout.annotations if note.font.size]
        assert min(size for size in sizes if size) >= smallest - 0.1, (name, sizes)
        for line in figure.layout.annotations[-1].text.split("<br>"):
            assert fonts.text_width(export_words.plain_text(line), export_picture.FOOTER) <= 1920 - 2 * export_picture.EDGE, (name, line)
        title = figure.layout.annotations[-2].text
        assert title.count("<br>") <= 1 or len(panel.title) > 160, name
        assert len(set(axis.ticktext or ())) == len(axis.ticktext or ()), name


def test_one_drawing_gives_svg_and_png_as_two_would(browser_path):
    figure = export_files.slide_figure(law_panel())
    svg, png = browser.render_both(figure, 1920, 1080)
    alone = browser.render(figure, "svg", 1920, 1080)
    roots = [ElementTree.fromstring(data) for data in (svg, alone)]
    drawn, expected = ([[*root.itertext()], [part.get("d") for part in root.iter() if part.get("d")]] for root in roots)
    assert drawn == expected and len(drawn[1]) > 20  # ids differ: Plotly draws new ones for every picture
    mine, other = (Image.open(io.BytesIO(data)).convert("RGB") for data in (png, browser.render(figure, "png", 1920, 1080)))
    assert mine.size == (1920, 1080) and np.abs(np.asarray(mine, int) - np.asarray(other, int)).mean() < 0.5


def test_the_page_of_a_browser_that_has_died_is_opened_again_and_a_figure_that_cannot_be_drawn_is_said_to_be(browser_path):
    figure = law_panel().figure
    browser.render_both(figure, 200, 100)
    browser._BROWSER.kaleido.subprocess.kill()
    svg, _ = browser.render_both(figure, 200, 100)
    assert svg.startswith(b"<svg")
    with pytest.raises(RuntimeError, match="could not draw the figure"):
        browser.render_both(figure, -1, 100)


def test_both_formats_of_a_picture_take_one_drawing(browser_path):
    figure = law_panel().figure
    browser.render_both(figure, 200, 100)  # opens browser and page
    count = "async () => { const draw = Plotly.toImage; Plotly.drawn = 0; Plotly.toImage = (...all) => (Plotly.drawn++, draw(...all)); }"
    on_page = browser._BROWSER._run_on_page
    browser._BROWSER._wait(on_page(count, ""), 10)
    svg, png = browser.render_both(figure, 900, 400)
    assert svg.startswith(b"<svg") and png.startswith(b"\x89PNG")
    assert browser._BROWSER._wait(on_page("async () => Plotly.drawn", ""), 10) == 1


# --- rows that a picture has no room for, and plots below each other ----------------------------------------------------


def rows_figure(count: int, both_ends: bool, reversed_: bool = True):
    names_of_rows = [f"row {number}" for number in range(count)]
    layout = style.layout("number", "category")
    layout["yaxis"] |= {"categoryorder": "array", "categoryarray": names_of_rows, **({"autorange": "reversed"} if reversed_ else {})}
    part = {"series": "a", "x": range(count), "row": names_of_rows, "status": "reported"}
    upright = {"series": "b", "x": [3, 3], "row": [names_of_rows[0], names_of_rows[-1]], "status": "computed"}
    level = {"series": "c", "x": [0, 9], "row": [names_of_rows[count // 2]] * 2, "status": "computed"}
    traces = [marks.points(part, "x", "row", style.BLUE), *(marks.line(one, "x", "row", style.GREY) for one in (upright, level))]
    return style.figure(traces, style.both_ends(layout) if both_ends else layout)


@pytest.mark.parametrize("reversed_", [True, False])
def test_a_picture_keeps_the_first_rows_or_both_ends_where_the_finding_is_at_both(reversed_):
    most = export_picture.MOST_ROWS
    for both_ends, first, last in ((False, most, 0), (True, most - most // 2, most // 2)):
        figure = rows_figure(23, both_ends, reversed_)
        drawn = export_picture.chart_figure(figure, "light", 1920, 1080)
        down = [f"row {number}" for number in (range(23) if reversed_ else range(22, -1, -1))]
        kept = down[:first] + down[23 - last :]
        assert [row for row in drawn.data[0].y if row is not None] == [row for row in figure.data[0].y if row in kept]
        assert [name for name in drawn.layout.yaxis.categoryarray if name != export_picture.GAP_OF_ROWS] == kept
        assert (export_picture.GAP_OF_ROWS in drawn.layout.yaxis.ticktext) == both_ends
        assert drawn.layout.yaxis.range == (len(kept) + both_ends - 0.5, -0.5)
        said = f"The first {first} and the last {last} of 23 rows" if both_ends else f"{most} of 23 rows"
        assert export_picture.rows_left_out(figure).startswith(said)


def test_an_upright_line_crosses_the_rows_that_are_left_and_a_level_one_goes_with_its_row():
    drawn = export_picture.chart_figure(rows_figure(31, True), "light", 1920, 1080)
    assert list(drawn.data[1].x) == [3, 3] and list(drawn.data[2].x) == [None, None]
    assert list(rows_figure(31, True).data[2].x) == [0, 9]  # the figure itself is left as it was


def test_two_quantities_over_one_axis_stand_below_each_other_each_with_its_own():
    part = {"series": "a", "x": [1, 10], "size": [1e9, 3e9], "seen": [0.2, 0.9], "status": "computed"}
    layout = style.layout("log_number", "params", shapes=[style.vertical_line(3, style.AMBER)])
    lower = style.below(marks.line(part, "x", "seen", style.CRIMSON))
    figure = style.figure([marks.line(part, "x", "size", style.BLUE), lower], style.stacked(layout, "percent", "Seen", (0, 1)))
    assert figure.layout.yaxis.domain[0] > figure.layout.yaxis2.domain[1] and figure.layout.xaxis.anchor == "y2"
    assert figure.data[1].yaxis == "y2" and figure.layout.yaxis2.title.text == "Seen"
    assert set(figure.layout.yaxis.ticktext) == {"1 B", "2 B", "3 B"} or len(figure.layout.yaxis.ticktext) <= 4
    assert figure.layout.shapes[0].yref == "paper"  # through both


def test_the_name_of_an_upright_line_stands_above_the_plot_and_below_the_legend(with_plotly):
    part = {"series": "a", "x": [1, 10], "y": [1, 2], "status": "computed"}
    traces = [marks.line(part | {"series": name}, "x", "y", color) for name, color in (("one", style.BLUE), ("two", style.RED))]
    shapes, notes = [style.vertical_line(3, style.AMBER)], [style.line_name(3, "your size", log=True)]
    figure = style.figure(traces, style.layout("log_number", "number", shapes=shapes, annotations=notes))
    spec = json.loads(export_picture.chart_figure(figure, "light", 1200, 700).to_json())
    with_plotly.evaluate(DRAW, spec)
    box = {
        name: with_plotly.evaluate("one => document.querySelector(one).getBoundingClientRect().toJSON()", selector)
        for name, selector in (("legend", ".legend"), ("name", ".annotation"), ("plot", ".nsewdrag"))
    }
    assert box["legend"]["bottom"] <= box["name"]["top"] + 1 and box["name"]["bottom"] <= box["plot"]["top"] + 2, box
