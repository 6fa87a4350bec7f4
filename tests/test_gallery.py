"""The gallery: its index read by another program, its files, and what a second run leaves alone."""

import re
from html.parser import HTMLParser

import pytest
from PIL import Image

from analysis.export import files as export_files
from analysis.export.document import LIBRARY
from tests.sample_panels import HOSTILE, hide_browser, hostile_panel, law_panel
from tools import gallery


class Page(HTMLParser):
    """The elements of a page and its text outside scripts and style sheets."""

    def __init__(self, data: bytes):
        super().__init__()
        self.elements, self.words, self.inside = [], [], ""
        self.feed(data.decode("utf-8"))

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
        self.inside = tag

    def handle_data(self, data):
        if self.inside not in ("script", "style"):
            self.words.append(data)

    def of(self, tag: str) -> list[dict]:
        return [attributes for name, attributes in self.elements if name == tag]


@pytest.fixture
def panels(monkeypatch):
    """What the gallery finds: one panel of a page, one of no page whose words are hostile, and one whose table is broken."""

    def broken():
        raise ValueError("data/gpus.csv line 3: is not a number")

    found = {
        "scaling.law": lambda: law_panel(name="scaling.law"),
        "sample.figure": hostile_panel,
        "compute.broken": broken,
    }
    monkeypatch.setattr(gallery, "catalogue", lambda: found)
    return found


def files(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_with_a_browser_every_figure_has_a_picture_in_both_themes_and_links_to_its_files(panels, browser_path, tmp_path, capsys):
    del panels["compute.broken"], panels["sample.figure"]
    assert gallery.main(["--out", str(tmp_path), "--format", "svg", "--format", "csv"]) == 0
    page = Page((tmp_path / "index.html").read_bytes())
    (dark,), (light,) = page.of("source"), page.of("img")
    assert dark == {"media": "(prefers-color-scheme: dark)", "srcset": "small/scaling-law-dark.png"}
    assert (
        light["src"] == "small/scaling-law-light.png" and light["alt"] == "A line that rises with compute." and light["loading"] == "lazy"
    )
    corners = [Image.open(tmp_path / path).convert("RGB").getpixel((0, 0)) for path in (light["src"], dark["srcset"])]
    assert corners == [(255, 255, 255), (14, 17, 23)]  # the pages of the two themes
    assert Image.open(tmp_path / light["src"]).size == (1280, 720) and (tmp_path / light["src"]).stat().st_size < 60_000
    links = [link["href"] for link in page.of("a")]
    assert {"#scaling", "files/scaling-law.svg", "files/scaling-law.csv", "https://arxiv.org/abs/2203.15556"} <= set(links)
    assert (tmp_path / "files/scaling-law.csv").read_bytes() == export_files.export(law_panel(name="scaling.law"), "csv")
    assert page.of("script") == [] and not (tmp_path / LIBRARY).exists()
    assert "[1/1] scaling.law" in capsys.readouterr().out


def test_without_a_browser_charts_are_drawn_by_the_readers_one_figure_at_a_time(panels, tmp_path, monkeypatch, capsys, browser_page):
    with monkeypatch.context() as patch:
        hide_browser(patch)
        assert gallery.main(["--out", str(tmp_path)]) == 1  # for the broken table alone
    said = capsys.readouterr().err
    assert said.count("are drawn by Chrome or Chromium") == 1 and "compute.broken: data/gpus.csv line 3" in said
    assert files(tmp_path) == [
        "current.json",
        "files/sample-figure.csv",
        "files/sample-figure.html",
        "files/scaling-law.csv",
        "files/scaling-law.html",
        "index.html",
        "live/sample-figure.js",
        "live/scaling-law.js",
        "plotly.min.js",
    ]
    problems, asked = [], []
    browser_page.on("pageerror", lambda problem: problems.append(str(problem)))
    browser_page.on("request", lambda request: asked.append(request.url))
    browser_page.emulate_media(color_scheme="dark")
    browser_page.goto((tmp_path / "index.html").as_uri())
    browser_page.wait_for_selector("[id='chart-scaling.law'] .scatterlayer .trace")
    assert browser_page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(14, 17, 23)"
    assert browser_page.evaluate("document.getElementById('chart-scaling.law')._fullLayout.font.color").upper() == "#FAFAFA"
    assert (
        browser_page.locator(".modebar-btn[data-title=Zoom]").count()
        and not browser_page.locator(".modebar-btn[data-title^=Share]").count()
    )
    assert problems == [] and asked and not [url for url in asked if not url.startswith("file:")]


def test_pages_of_figures_share_the_chart_library_beside_the_index(panels, tmp_path, monkeypatch, browser_page):
    del panels["compute.broken"]
    with monkeypatch.context() as patch:
        hide_browser(patch)
        assert gallery.main(["--out", str(tmp_path), "--format", "html"]) == 0
    path = tmp_path / "files/scaling-law.html"
    assert len(path.read_bytes()) < 200_000 < (tmp_path / LIBRARY).stat().st_size
    assert [script.get("src") for script in Page(path.read_bytes()).of("script")] == [f"../{LIBRARY}", None]
    asked, problems = [], []
    browser_page.on("request", lambda request: asked.append(request.url))
    browser_page.on("pageerror", lambda problem: problems.append(str(problem)))
    browser_page.goto(path.as_uri())
    browser_page.wait_for_selector("#chart .scatterlayer .trace")
    assert not browser_page.locator(".modebar-btn[data-title^=Share]").count()
    with browser_page.expect_download() as download:
        browser_page.click("#png")
    assert Image.open(download.value.path()).size == (1920, 1080)
    assert problems == [] and not [url for url in asked if not url.startswith(("file:", "blob:", "data:"))]


def test_files_are_written_again_when_the_code_that_writes_them_changes(tmp_path, monkeypatch):
    for name in ("analysis/export/html.py", "analysis/charts/style.py"):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_text("1")
    monkeypatch.setattr(gallery, "ROOT", tmp_path)
    found = {gallery.code_digest()}
    for name in ("analysis/export/html.py", "analysis/charts/style.py"):
        (tmp_path / name).write_text("2")
        found.add(gallery.code_digest())
    assert len(found) == 3


def test_pages_come_in_their_order_and_hostile_words_stay_words(panels, tmp_path, monkeypatch):
    hide_browser(monkeypatch)
    gallery.main(["--out", str(tmp_path), "--format", "csv"])
    index = (tmp_path / "index.html").read_bytes()
    page = Page(index)
    assert [section["id"] for section in page.of("section") if "id" in section] == ["scaling", "compute", "sample"]
    assert "Which loss do N parameters and D tokens reach, and how sure is that?" in page.words
    assert any("could not be drawn: data/gpus.csv line 3: is not a number" in words for words in page.words)
    assert HOSTILE in "".join(page.words) and page.of("b") == [] and len(page.of("script")) == 2
    assert "</script" not in (tmp_path / "live/sample-figure.js").read_text()
    (policy,) = [meta["content"] for meta in page.of("meta") if meta.get("http-equiv") == "Content-Security-Policy"]
    assert policy.startswith("default-src 'none'")
    assert not re.search(r"""(src|href|srcset)="(?!#|files/|live/|plotly.min.js|https://arxiv)""", index.decode())


def test_only_what_changed_is_written_again_and_nothing_stays_of_what_went(panels, tmp_path, monkeypatch):
    hide_browser(monkeypatch)
    del panels["compute.broken"]
    run = ["--out", str(tmp_path), "--format", "csv"]
    assert gallery.main(run) == 0
    before = {path: (tmp_path / path).stat().st_mtime_ns for path in files(tmp_path)}
    assert gallery.main(run) == 0
    changed = {path for path in files(tmp_path) if (tmp_path / path).stat().st_mtime_ns != before[path]}
    assert changed == {"current.json", "index.html"}
    panels["scaling.law"] = lambda: law_panel(name="scaling.law", title="Another finding")
    (tmp_path / "files/sample-figure.csv").unlink()
    assert gallery.main(run) == 0
    changed = {path for path in files(tmp_path) if (tmp_path / path).stat().st_mtime_ns != before[path]}
    assert changed == {"current.json", "index.html", "files/scaling-law.csv", "live/scaling-law.js", "files/sample-figure.csv"}
    assert b"Another finding" in (tmp_path / "files/scaling-law.csv").read_bytes()
    del panels["scaling.law"]
    assert gallery.main(run) == 0
    assert not [path for path in files(tmp_path) if "scaling-law" in path] and (tmp_path / "files/sample-figure.csv").exists()


def test_a_folder_that_cannot_be_written_to_is_answered_with_one_sentence(panels, tmp_path, capsys, monkeypatch):
    hide_browser(monkeypatch)
    (tmp_path / "file").write_text("")
    assert gallery.main(["--out", str(tmp_path / "file" / "below")]) == 2
    assert "gallery: cannot write to" in capsys.readouterr().err.splitlines()[-1]
