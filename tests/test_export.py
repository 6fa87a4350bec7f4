"""Exports, looked at by opening the files again with other programs than those that wrote them."""

import io
import json
import math
import re
import sys
import xml.etree.ElementTree as ElementTree
import zipfile
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest
from pptx import Presentation

from analysis import catalogue, tables
from analysis.charts import style
from analysis.charts.figure import Figure
from analysis.charts.panel import Citation
from analysis.charts.parameters import Quantity
from analysis.export import browser, command, deck_file, files, gallery, report, slide, talk
from analysis.export import words as export_words
from analysis.export.data_file import all_tables
from pages.components import chart
from tests.sample_panels import HOSTILE, LINK, every_text, hide_browser, hostile_panel, law_panel, open_slides, panel_of

# --- what every file says ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("format", files.FORMATS)
def test_every_file_carries_title_source_and_settings_inside_it(format, request):
    if format in files.NEEDS_BROWSER:
        request.getfixturevalue("browser_path")
    text = every_text(format, files.export(law_panel(), format, permalink=LINK))
    assert "Loss falls by half with every hundredfold of compute" in text
    assert "Jordan Hoffmann et al. 2022, Table A3" in text  # data/sources.csv
    assert "https://arxiv.org/abs/2304.01373" in text  # of the Pythia paper
    assert "1e21 FLOP" in text
    assert LINK in text.replace("&amp;", "&")


def test_files_are_named_after_the_panel_and_served_with_the_type_of_their_format():
    assert files.file_name(law_panel(), "svg") == "sample-figure.svg"
    assert files.mime("pdf") == "application/pdf"
    assert all(files.mime(format) for format in files.FORMATS)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: files.export(law_panel(), "gif"), "format must be one of csv, png, svg, pdf, html, pptx, got 'gif'"),
        (lambda: files.export(law_panel(), "csv", theme="sepia"), "theme must be one of auto, light, dark, got 'sepia'"),
        (lambda: files.deck([]), "slides must hold at least one slide"),
        (lambda: browser.render(go.Figure(), "gif", 10, 10), "format must be one of png, svg, pdf, got 'gif'"),
    ],
)
def test_a_bad_request_is_refused_with_what_would_be_accepted(call, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        call()


def test_a_work_cited_with_and_without_a_place_is_listed_once_with_its_place():
    both = panel_of(
        go.Figure(), sources=(Citation("hoffmann2022"), Citation("hoffmann2022", "Table 3"), Citation("hoffmann2022", "Table 3"))
    )
    assert [work.short for work in export_words.references([both])] == ["Jordan Hoffmann et al. 2022, Table 3"]


# --- CSV ---------------------------------------------------------------------------------------------------------------


def test_pandas_reads_the_csv_back_as_the_panels_data():
    panel = law_panel()
    back = pd.read_csv(io.BytesIO(files.export(panel, "csv")), comment="#")
    pd.testing.assert_frame_equal(back, panel.data, check_dtype=False)


PRECISE = [0.1 + 0.2, 1 / 3, -2 / 3, 1e-300, 5e-324, 5.8e23, 5.76e23 / 7, math.pi, -0.0, 2.0**53 + 2, sys.float_info.max, 123_456.789012345]


@pytest.mark.parametrize("way", ["as a file", "in the ZIP of a deck", "from a deck file opened again"])
def test_numbers_in_the_csv_are_the_panels_to_the_last_bit(way):
    panel = law_panel(parts=[{"value": PRECISE, "gap": [math.nan, *PRECISE[1:]], "status": "computed"}])
    if way == "from a deck file opened again":
        panel = deck_file.unpack(deck_file.pack([slide.of(panel)]), own=True)[0].panels[0]
    written = files.export(panel, "csv")
    if way == "in the ZIP of a deck":
        with zipfile.ZipFile(io.BytesIO(deck_file.bundle([slide.of(panel)], formats=["csv"]))) as bundle:
            (written,) = (bundle.read(name) for name in bundle.namelist())
    back = pd.read_csv(io.BytesIO(written), comment="#")  # since 3.1 as exact as float_precision="round_trip" was
    assert back["value"].to_numpy().tobytes() == np.array(PRECISE).tobytes()
    assert back["gap"].isna().tolist() == [True] + [False] * (len(PRECISE) - 1)
    assert back["gap"].to_numpy()[1:].tobytes() == np.array(PRECISE[1:]).tobytes()


def test_numbers_stay_numbers_and_texts_cannot_run_as_formulas():
    back = pd.read_csv(io.BytesIO(files.export(hostile_panel(), "csv")), comment="#")
    assert list(back.columns) == ["'=label", "value", "status"]
    assert list(back["'=label"]) == [HOSTILE, "'-1", "#5 of 7", "'@x", "plain, text"]
    assert back["value"].dropna().tolist() == [-1.5, 2.0, 4.0, 1e24]
    assert back["value"].isna().tolist() == [False, False, True, False, False]


def test_no_part_of_a_comment_line_begins_like_a_formula_where_a_spreadsheet_splits_it():
    comments = [line for line in files.export(hostile_panel(), "csv").decode().splitlines() if line.startswith("# ")]
    parts = [part.strip() for line in comments for part in re.split("[,;\t]", line)]
    assert len(comments) >= 7 and any("=1+1" in part for part in parts)
    assert not [part for part in parts if part[:1] in tuple("=+-@")]


def test_line_breaks_in_words_do_not_end_the_comment():
    text = files.export(law_panel(title="One\nline\r\n=1+1"), "csv").decode()
    assert text.splitlines()[0] == "# Title: One line =1+1"


# --- HTML --------------------------------------------------------------------------------------------------------------


class Page(HTMLParser):
    """What a browser would find in a page: its elements, and the text outside scripts."""

    def __init__(self, data: bytes):
        super().__init__()
        self.elements, self.words, self.scripts, self.inside = [], [], [], ""
        self.feed(data.decode("utf-8"))

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
        self.inside = tag

    def handle_endtag(self, tag):
        self.inside = ""

    def handle_data(self, data):
        (self.scripts if self.inside == "script" else self.words).append(data)

    def of(self, tag: str) -> list[dict]:
        return [attributes for name, attributes in self.elements if name == tag]


def test_the_page_asks_nothing_of_the_network():
    page = Page(files.export(law_panel(), "html"))
    assert not [
        attributes
        for tag in ("script", "img", "link", "iframe")
        for attributes in page.of(tag)
        if "src" in attributes or "href" in attributes
    ]
    (policy,) = [meta["content"] for meta in page.of("meta") if meta.get("http-equiv") == "Content-Security-Policy"]
    assert "default-src 'none'" in policy


def test_the_page_holds_the_library_once_and_links_its_sources():
    page = Page(files.export(law_panel(), "html", permalink=LINK))
    assert len(page.scripts) == 2
    assert {link["href"] for link in page.of("a")} == {"https://arxiv.org/abs/2203.15556", "https://arxiv.org/abs/2304.01373", LINK}
    assert "significant digits" in " ".join(page.words)  # of the docstring behind the panel


def test_hostile_words_stay_words_in_the_page():
    page = Page(files.export(hostile_panel(), "html"))
    assert len(page.of("script")) == 2 and page.of("b") == []
    assert HOSTILE in "".join(page.words)
    names = re.findall(r'"name": "([^"]*)"', page.scripts[1])
    assert names and all("<" not in name for name in names)


def test_a_link_that_is_not_of_the_web_stays_text():
    page = Page(files.export(law_panel(), "html", permalink="javascript:alert(1)"))
    assert not [link for link in page.of("a") if link["href"].startswith("javascript")]


def test_the_page_draws_the_chart_and_saves_pictures_by_itself(browser_page, tmp_path):
    path = tmp_path / "page.html"
    path.write_bytes(files.export(law_panel(), "html"))
    asked, problems = [], []
    browser_page.on("request", lambda request: asked.append(request.url))
    browser_page.on("pageerror", lambda problem: problems.append(str(problem)))
    browser_page.goto(path.as_uri())
    browser_page.wait_for_selector("#chart .scatterlayer .trace")
    assert browser_page.locator("#chart .scatterlayer .trace").count() == 5
    with browser_page.expect_download() as download:
        browser_page.click("#svg")
    words = " ".join(ElementTree.fromstring(download.value.path().read_bytes()).itertext())
    assert "hundredfold of compute" in words and "Jordan Hoffmann et al. 2022, Table A3" in words
    assert problems == [] and not [url for url in asked if not url.startswith(("file:", "blob:", "data:"))]


@pytest.mark.parametrize(
    "make", [lambda panel: files.export(panel, "html"), lambda panel: report.report([slide.of(panel)])], ids=["page", "report"]
)
def test_an_exported_chart_has_no_button_that_sends_it_to_a_server_and_asks_nothing_of_one(make, browser_page, tmp_path):
    path = tmp_path / "page.html"
    path.write_bytes(make(law_panel()))
    asked = []
    browser_page.on("request", lambda request: asked.append(request.url))
    browser_page.goto(path.as_uri())
    browser_page.wait_for_selector(".modebar-btn", state="attached")
    browser_page.wait_for_load_state("networkidle")
    buttons = browser_page.locator(".modebar-btn").evaluate_all("buttons => buttons.map(button => button.dataset.title)")
    assert "Zoom" in buttons and not [title for title in buttons if "Share" in title]
    assert asked[0].startswith("file:") and not [url for url in asked[1:] if not url.startswith(("blob:", "data:"))]


def test_charts_know_no_server_to_send_a_figure_to():
    settings = '"showSendToCloud": false, "plotlyServerURL": ""'
    scripts = Page(files.export(law_panel(), "html")).scripts + Page(report.report([slide.of(law_panel())])).scripts
    assert [settings in code for code in scripts] == [False, True, False, True]  # Plotly's own scripts hold its defaults
    card = gallery.Card("scaling.law", law_panel(), script="live/scaling-law.js")
    assert settings in gallery.index([gallery.Group("scaling", "Scaling laws", "", [card])]).decode()
    assert settings in chart.JS


def test_the_page_and_its_chart_are_set_in_the_same_sans_serif_types(browser_page, tmp_path):
    path = tmp_path / "page.html"
    path.write_bytes(files.export(law_panel(), "html"))
    browser_page.goto(path.as_uri())
    browser_page.wait_for_selector("#chart .xtick")
    types = browser_page.locator("body, #chart text").evaluate_all("parts => parts.map(part => getComputedStyle(part).fontFamily)")
    assert len(types) > 10 and set(types) == {style.FONTS}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_follows_the_readers_light_or_dark_setting(browser_page, tmp_path, scheme):
    path = tmp_path / "page.html"
    path.write_bytes(files.export(law_panel(), "html"))
    browser_page.emulate_media(color_scheme=scheme)
    browser_page.goto(path.as_uri())
    browser_page.wait_for_selector("#chart .main-svg")
    background = browser_page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert background == {"light": "rgb(255, 255, 255)", "dark": "rgb(14, 17, 23)"}[scheme]
    assert (
        browser_page.evaluate("document.getElementById('chart')._fullLayout.paper_bgcolor").lower()
        == {"light": "#ffffff", "dark": "#0e1117"}[scheme]
    )


# --- command line and catalogue ----------------------------------------------------------------------------------------


class Sample(Figure):
    """A law with a factor."""

    name = "sample.figure"
    factor: float = Quantity("Factor", low=1, high=10, step=1, help="What the loss is multiplied by.")(1)

    def draw(self):
        """The panel of tests/sample_panels.py, whose title names the factor."""
        return law_panel() if self.factor == 1 else law_panel(title=f"A law times {self.factor:g}")


class Broken(Figure):
    """A figure whose table is broken."""

    name = "sample.broken"

    def draw(self):
        """No panel."""
        raise ValueError("data/gpus.csv line 3: is not a number")


@pytest.fixture
def fake_topic(monkeypatch):
    """A topic `sample` with a good figure, and one whose table is broken."""
    found = {"sample.figure": Sample, "sample.broken": Broken}
    monkeypatch.setattr(catalogue, "TOPICS", ("sample",))
    monkeypatch.setattr(catalogue, "figures_of", lambda topic: found)


def test_a_figure_is_found_by_a_name_that_it_had():
    for before, now in catalogue.RENAMED.items():
        assert catalogue.figure(before).name == now and catalogue.asked_for(before).name == now
        assert before not in catalogue.figures()


def test_the_command_line_writes_a_figure_by_a_name_that_it_had(fake_topic, monkeypatch, tmp_path):
    monkeypatch.setattr(catalogue, "RENAMED", {"old_sample.figure": "sample.figure"})
    assert command.main(["old_sample.figure", "--format", "csv", "--out", str(tmp_path)]) == 0
    assert command.main(["old_sample.figure?factor=2", "--format", "csv", "--out", str(tmp_path / "two")]) == 0
    assert (tmp_path / "sample-figure.csv").exists() and (tmp_path / "two" / "sample-figure.csv").exists()


def test_the_catalogue_offers_the_panels_of_each_topic_unbuilt(fake_topic):
    panels = catalogue.catalogue()
    assert set(panels) == {"sample.figure", "sample.broken"}  # although one cannot be built
    assert panels["sample.figure"]().name == "sample.figure"


def test_a_figure_needs_a_name_and_each_of_its_parameters_a_kind():
    with pytest.raises(TypeError, match="must look like 'topic.figure', got Sample"):
        type("Misnamed", (Figure,), {"__module__": __name__, "name": "Sample"})
    with pytest.raises(TypeError, match="needs one kind"):
        type("Plain", (Figure,), {"__module__": __name__, "__annotations__": {"n": int}, "n": 3, "name": "sample.plain"}).kinds()


def test_the_command_line_writes_a_figure_with_the_settings_of_an_address_or_a_link(fake_topic, tmp_path):
    link = "http://localhost:8501/sample?factor=3&context_len=8192#sample.figure"
    assert command.main(["sample.figure?factor=2", link, "--format", "csv", "--out", str(tmp_path)]) == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["sample-figure-2.csv", "sample-figure.csv"]
    assert "A law times 2" in (tmp_path / "sample-figure.csv").read_text(encoding="utf-8-sig")
    assert "A law times 3" in (tmp_path / "sample-figure-2.csv").read_text(encoding="utf-8-sig")


def test_the_command_line_prints_every_figure_with_its_parameters(fake_topic, capsys):
    assert command.main(["--list", "--json"]) == 0
    first, second = json.loads(capsys.readouterr().out)
    about = {"kind": "quantity", "label": "Factor", "help": "What the loss is multiplied by.", "unit": "", "low": 1.0, "high": 10.0}
    assert first == {"name": "sample.figure", "description": "A law with a factor.", "parameters": {"factor": about | {"default": "1"}}}
    assert second["parameters"] == {}


def test_the_command_line_writes_the_files_and_says_so(fake_topic, tmp_path, capsys):
    assert command.main(["sample.figure", "--format", "csv", "--format", "html", "--out", str(tmp_path / "new")]) == 0
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == ["sample-figure.csv", "sample-figure.html"]
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == ["[1/2]", "[2/2]"]
    assert (tmp_path / "new" / "sample-figure.csv").read_bytes() == files.export(Sample().panel(), "csv")


def test_the_command_line_writes_an_editable_chart_without_a_browser_or_says_why_it_cannot(tmp_path, capsys, monkeypatch):
    hide_browser(monkeypatch)
    arguments = ["moe.build", "attention.buffer", "--format", "pptx", "--editable", "--out", str(tmp_path)]
    assert command.main(arguments) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["moe-build.pptx"]
    (slide,) = open_slides((tmp_path / "moe-build.pptx").read_bytes()).slides
    assert any(shape.has_chart for shape in slide.shapes)
    assert "attention.buffer: a picture and no editable chart: PowerPoint has no charts of this kind (heatmap)." in capsys.readouterr().err


def test_the_command_line_writes_the_talk(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(talk, "talk", lambda: [slide.Slide(title="Hello")])
    assert command.main(["--talk", "--theme", "dark", "--out", str(tmp_path)]) == 0
    (written,) = Presentation(io.BytesIO((tmp_path / "ten-papers-recomputed-talk.pptx").read_bytes())).slides
    assert written.shapes.title.text_frame.text == "Hello" and "ten-papers-recomputed-talk.pptx" in capsys.readouterr().out


def test_the_command_line_lists_the_figures(fake_topic, capsys):
    assert command.main(["--list"]) == 0
    assert capsys.readouterr().out.split() == ["sample.figure", "sample.broken"]


def test_one_broken_figure_does_not_stop_the_others(fake_topic, tmp_path, capsys):
    assert command.main(["all", "--format", "csv", "--out", str(tmp_path)]) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["sample-figure.csv"]
    assert "export: sample.broken: data/gpus.csv line 3: is not a number" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["sample.other"], "there is no figure 'sample.other'; --list names them"),
        (["all", "--format", "gif"], "there is no format 'gif'; there are csv, png, svg, pdf, html, pptx"),
        (["all", "--theme", "sepia"], "there is no theme 'sepia'; there are auto, light, dark"),
        ([], "name a panel, or all; --list names the figures"),
        (["sample.figure?factor=99"], "Factor must be from 1 to 10, got 99"),
        (["sample.figure?size=9"], "sample.figure has no parameter size; it has factor"),
        (
            ["http://a/b?c=9#"],
            "the link names no figure: http://a/b?c=9#; end it with # and the name of one, such as #attention.cache",
        ),
    ],
)
def test_a_bad_command_line_is_answered_with_one_sentence(arguments, sentence, fake_topic, tmp_path, capsys):
    assert command.main([*arguments, "--out", str(tmp_path)]) == 2
    assert capsys.readouterr().err == f"export: {sentence}\n"


def test_a_folder_that_cannot_be_written_to_is_answered_with_one_sentence(fake_topic, tmp_path, capsys):
    (tmp_path / "file").write_text("")
    assert command.main(["all", "--out", str(tmp_path / "file" / "below")]) == 2
    assert re.fullmatch(r"export: cannot write to .*below: .+\n", capsys.readouterr().err)


def test_the_command_line_writes_what_it_can_without_a_browser_and_says_once_what_to_do(fake_topic, tmp_path, capsys, monkeypatch):
    hide_browser(monkeypatch)
    assert command.main(["sample.figure", "--out", str(tmp_path)]) == 1
    assert sorted(path.suffix for path in tmp_path.iterdir()) == [".csv", ".html"]
    assert capsys.readouterr().err.count("are drawn by Chrome or Chromium") == 1


# --- panels ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"name": "Sample figure"}, "name must look like 'topic.figure', got 'Sample figure'"),
        ({"title": " "}, "title of panel sample.figure must not be empty"),
        ({"alt": ""}, "alt of panel sample.figure must not be empty"),
        ({"parts": [{"x": [1]}]}, "data of panel sample.figure needs a column 'status'"),
        ({"parts": [{"status": ["guessed"]}]}, "must be one of reported, computed, what_if, uncertain, got ['guessed']"),
    ],
)
def test_a_panel_without_its_words_or_statuses_is_refused(changes, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        _ = law_panel(**changes).data


def test_one_file_holds_every_table_with_its_columns_and_the_licences_of_its_sources():
    with zipfile.ZipFile(io.BytesIO(all_tables())) as file:
        held = {name: pd.read_csv(io.BytesIO(file.read(name)), low_memory=False) for name in file.namelist() if name.endswith(".csv")}
        words = file.read("README.txt").decode()
    assert {f"{name}.csv" for name in tables.names()} | {"tables.csv", "columns.csv"} == set(held)
    meant = held["columns.csv"].groupby("table")["column"].apply(list).to_dict()
    for name in tables.names():
        assert list(held[f"{name}.csv"]) == meant[name] and len(held[f"{name}.csv"]) == len(tables.load(name))
    assert held["columns.csv"]["meaning"].notna().all() and held["sources.csv"]["licence"].notna().all()
    assert f"{len(tables.names())} tables" in words and "Left out" not in words
    gpus = held["gpus.csv"].set_index("id")["memory_bytes"]
    assert gpus["a100_80gb"] == tables.load("gpus").set_index("id").loc["a100_80gb", "memory_bytes"]
