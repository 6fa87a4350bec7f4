"""Decks as files: every figure comes back, foreign files are refused in words, and the ZIP and the report hold everything."""

import contextlib
import copy
import io
import json
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.catalogue import catalogue
from analysis.charts.panel import explanation
from analysis.export import deck_file, deck_store, files, report
from analysis.export.editable import says_the_same
from tests.sample_panels import law_panel, plain_panel

LINK = "http://localhost:8501/scaling?c=22"


def slides(*panels) -> list[dict]:
    return [{"panel": panel, "title": panel.title, "link": LINK} for panel in panels or (law_panel(),)]


@pytest.fixture(scope="module")
def packed() -> dict:
    return json.loads(deck_file.pack(slides()))


def lists(value):
    if isinstance(value, dict):
        return {key: lists(part) for key, part in value.items()}
    if isinstance(value, list | tuple | np.ndarray):
        return [lists(part) for part in (value.tolist() if isinstance(value, np.ndarray) else value)]
    return None if isinstance(value, float) and np.isnan(value) else value


@pytest.mark.slow
@pytest.mark.parametrize("name", catalogue())
def test_every_figure_comes_back_from_a_deck_file(name):
    panel = catalogue()[name]()
    # To try a figure on a slide takes longest; one in ten is.
    (slide,) = deck_file.unpack(deck_file.pack(slides(panel)), own=list(catalogue()).index(name) % 10 > 0)
    back = slide["panel"]
    assert (back.name, back.title, back.caption, back.alt, back.sources) == (
        panel.name,
        panel.title,
        panel.caption,
        panel.alt,
        panel.sources,
    )
    assert dict(back.settings) == dict(panel.settings) and explanation(back) == explanation(panel) and slide["link"] == LINK
    for drawn, stored in zip(panel.figure.data, back.figure.data, strict=True):
        for axis in {"x", "y", "z"} & {*drawn}:
            assert lists(drawn[axis]) == lists(stored[axis])
    assert bool(says_the_same(back.figure)) == bool(says_the_same(panel.figure))
    assert list(back.data.columns) == [str(column) for column in panel.data.columns] and len(back.data) == len(panel.data)


def test_slides_of_a_reopened_deck_are_those_of_the_first():
    pptx = pytest.importorskip("pptx")
    first = slides(plain_panel())
    first[0]["note"] = "Say this.\nThen that."
    second = deck_file.unpack(deck_file.pack(first))
    drawn = [pptx.Presentation(io.BytesIO(files.deck(deck, editable=True))).slides[0] for deck in (first, second)]
    charts = [[shape.chart for shape in slide.shapes if shape.has_chart][0] for slide in drawn]
    series = [[list(line.values) for line in chart.plots[0].series] for chart in charts]
    assert series[0] == series[1] and drawn[0].shapes.title.text_frame.text == drawn[1].shapes.title.text_frame.text
    assert drawn[0].notes_slide.notes_text_frame.text == drawn[1].notes_slide.notes_text_frame.text


def test_a_deck_saved_before_there_were_notes_opens_and_becomes_slides():
    (slide,) = deck_file.unpack((Path(__file__).parent / "old_deck.json").read_bytes())
    assert (slide["title"], slide["note"], slide["link"]) == ("My words", "", LINK)
    assert slide["panel"].title == law_panel().title and len(slide["panel"].figure.data) == len(law_panel().figure.data)
    assert json.loads(deck_file.pack([slide]))["slides"][0]["note"] == ""


def changed(content: dict, *path, to) -> bytes:
    content = copy.deepcopy(content)
    *way, last = path
    place = content
    for step in way:
        place = place[step]
    place[last] = to
    return json.dumps(content).encode()


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        (("format",), "other", "not a deck"),
        (("version",), 99, "version 99"),
        (("slides",), "all", "list of at most"),
        (("slides", 0), 3, "slide 1"),
        (("slides", 0, "name"), "../../etc/passwd", "name must look like"),
        (("slides", 0, "title"), 5, "title of slide 1"),
        (("slides", 0, "caption"), "x" * 100_000, "caption of slide 1"),
        (("slides", 0, "note"), ["x"], "note of slide 1"),
        (("slides", 0, "sources"), [["nobody1900", ""]], "nobody1900"),
        (("slides", 0, "sources"), "all", "sources of slide 1"),
        (("slides", 0, "settings"), [1], "settings of slide 1"),
        (("slides", 0, "figure"), None, "no chart"),
        (("slides", 0, "figure", "data", 0, "type"), "scattermapbox", "kind that is not drawn"),
        (("slides", 0, "figure", "data", 0, "name"), "<a href='https://evil.example'>x</a>", "tag or an address"),
        (("slides", 0, "figure", "data", 0, "name"), "<img src=x onerror=alert(1)>", "tag or an address"),
        (("slides", 0, "figure", "data", 0, "hovertemplate"), "javascript:alert(1)", "tag or an address"),
        (("slides", 0, "figure", "layout", "images"), [{"source": "//evil.example/x.png"}], "'images'"),
        (("slides", 0, "figure", "layout", "nonsense"), 1, "slide 1"),
        (("slides", 0, "columns"), ["status", "status"], "slide 1"),
        (("slides", 0, "rows"), [[1], [2, 3]], "slide 1"),
    ],
)
def test_what_no_deck_of_ours_holds_is_refused_in_one_sentence(packed, path, value, said):
    with pytest.raises(ValueError, match=".") as caught:
        deck_file.unpack(changed(packed, *path, to=value))
    assert said in str(caught.value) and "\n" not in str(caught.value).split("Invalid")[0]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x00",
        b"\xff\xfe{}",
        b"[]",
        b"null",
        b"{",
        b'{"format": 1}',
        b"[" * 100_000,
        b"PK\x03\x04zip",
        "{}".encode("utf-16"),
        b"1e999",
    ],
)
def test_files_that_are_no_deck_say_so(data):
    with pytest.raises(ValueError, match="not a deck"):
        deck_file.unpack(data)


LEAVES = st.none() | st.booleans() | st.floats() | st.text(max_size=9)


@given(
    st.recursive(LEAVES, lambda part: st.lists(part, max_size=4) | st.dictionaries(st.text(max_size=6), part, max_size=4), max_leaves=20)
)
def test_any_json_is_opened_or_refused(content):
    for data in (content, {"format": deck_file.FORMAT, "version": 1, "slides": [content]}):
        with contextlib.suppress(ValueError):
            deck_file.unpack(json.dumps(data).encode())


def test_a_script_for_a_link_is_dropped(packed):
    (slide,) = deck_file.unpack(changed(packed, "slides", 0, "link", to="javascript:alert(1)"))
    assert slide["link"] == ""


def test_the_zip_holds_each_figure_in_each_format(browser_path):
    retitled = slides(law_panel(), law_panel())
    retitled[1]["title"] = "=HYPERLINK(1)"
    with zipfile.ZipFile(io.BytesIO(deck_file.bundle(retitled))) as file:
        assert sorted(name.rsplit(".", 1)[1] for name in file.namelist()) == ["csv", "csv", "pdf", "pdf", "svg", "svg"]
        assert all(name[:3] in ("01-", "02-") and "/" not in name for name in file.namelist())
        tables = [file.read(name) for name in sorted(file.namelist()) if name.endswith("csv")]
    assert len(pd.read_csv(io.BytesIO(tables[0]), comment="#")) == len(law_panel().data)
    assert not any(line.startswith("=") for line in tables[1].decode().splitlines())


def test_the_report_holds_every_title_chart_and_source_and_asks_nothing_of_the_network(packed):
    deck = slides(law_panel(), law_panel())
    deck[0]["title"] = "<script>alert(1)</script>"
    page = report.report(deck).decode()
    assert page.count("<article") == 2 and "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "default-src 'none'" in page and "Recompute it" in page
    assert 'id="chart-2"' in page
    with pytest.raises(ValueError, match="at least one figure"):
        report.report([])


def test_a_kept_deck_comes_back_and_other_names_lead_nowhere(tmp_path, monkeypatch):
    monkeypatch.setenv("DECKS", str(tmp_path / "decks"))
    name = deck_store.new_id()
    assert deck_store.load(name) is None
    deck_store.save(name, slides())
    deck_store.save(name, slides(law_panel(), law_panel()))
    assert len(deck_store.load(name)) == 2
    assert [path.name for path in (tmp_path / "decks").iterdir()] == [f"{name}.json"]
    (tmp_path / "decks" / f"{name}.json").write_text("{")
    assert deck_store.load(name) is None
    for bad in ("../" * 5 + "abcde", "x", "", "a" * 17, "a/bcdefghijklmno"):
        assert deck_store.load(bad) is None
        with pytest.raises(ValueError, match="sixteen"):
            deck_store.save(bad, slides())


def test_the_oldest_decks_go_first(tmp_path, monkeypatch):
    monkeypatch.setenv("DECKS", str(tmp_path))
    monkeypatch.setattr(deck_store, "MOST_DECKS", 2)
    names = [deck_store.new_id() for _ in range(4)]
    for age, name in enumerate(names):
        deck_store.save(name, slides())
        import os

        os.utime(tmp_path / f"{name}.json", (age, age))
    assert {path.stem for path in tmp_path.iterdir()} == set(names[-2:])
