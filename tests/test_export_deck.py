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

from analysis.catalogue import catalogue, figure
from analysis.charts.explained import explanation
from analysis.charts.figure import Figure
from analysis.export import deck_file, files, report, slide
from analysis.export.editable import says_the_same
from analysis.export.redraw import redrawn
from analysis.export.slide import Shown, Slide
from tests.sample_panels import law_panel, plain_panel

LINK = "http://localhost:8501/scaling?c=22"


def slides(*panels) -> list[Slide]:
    return [slide.of(panel, LINK) for panel in panels or (law_panel(),)]


@pytest.fixture(scope="module")
def packed() -> dict:
    return json.loads(deck_file.pack(slides()))


def lists(value):
    if isinstance(value, dict):
        return {key: lists(part) for key, part in value.items()}
    if isinstance(value, list | tuple | np.ndarray):
        return [lists(part) for part in (value.tolist() if isinstance(value, np.ndarray) else value)]
    return None if isinstance(value, float) and np.isnan(value) else value


def with_a_change(name: str) -> Figure:
    """The figure with one parameter that is not at its default, where it has any."""
    kind = figure(name)
    made = kind.of({})[0]
    for parameter, declared in kind.kinds().items():
        for value in reversed(declared.trials(made.values())):
            other = kind.of({parameter: value})[0]
            if other.changed():
                return other
    return made


@pytest.mark.slow
@pytest.mark.parametrize("name", catalogue())
def test_every_figure_comes_back_from_a_deck_file(name):
    panel = with_a_change(name).panel()
    # To try a figure on a slide takes longest; one in ten is.
    (found,) = deck_file.unpack(deck_file.pack(slides(panel)), own=list(catalogue()).index(name) % 10 > 0)
    ((back, link),) = ((shown.panel, shown.link) for shown in found.figures)
    for part in ("name", "address", "title", "caption", "alt", "sources"):
        assert getattr(back, part) == getattr(panel, part)
    assert dict(back.settings) == dict(panel.settings) and explanation(back) == explanation(panel) and link == LINK
    for drawn, stored in zip(panel.figure.data, back.figure.data, strict=True):
        for axis in {"x", "y", "z"} & {*drawn}:
            assert lists(drawn[axis]) == lists(stored[axis])
    (again,), said = redrawn([found])
    assert said == [] and again.panels[0].title == panel.title and again.panels[0].settings == panel.settings
    assert bool(says_the_same(back.figure)) == bool(says_the_same(panel.figure))
    assert list(back.data.columns) == [str(column) for column in panel.data.columns] and len(back.data) == len(panel.data)


def test_slides_of_a_reopened_deck_are_those_of_the_first():
    pptx = pytest.importorskip("pptx")
    first = [slide.of(plain_panel(), LINK, note="Say this.\nThen that.")]
    second = deck_file.unpack(deck_file.pack(first))
    drawn = [pptx.Presentation(io.BytesIO(files.deck(deck, editable=True))).slides[0] for deck in (first, second)]
    charts = [[shape.chart for shape in slide.shapes if shape.has_chart][0] for slide in drawn]
    series = [[list(line.values) for line in chart.plots[0].series] for chart in charts]
    assert series[0] == series[1] and drawn[0].shapes.title.text_frame.text == drawn[1].shapes.title.text_frame.text
    assert drawn[0].notes_slide.notes_text_frame.text == drawn[1].notes_slide.notes_text_frame.text


def test_a_deck_of_version_1_opens_and_becomes_slides():
    (old,) = deck_file.unpack((Path(__file__).parent / "old_deck.json").read_bytes())
    assert (old.title, old.note, old.figures[0].link) == ("My words", "", LINK)
    assert old.panels[0].title == law_panel().title and len(old.panels[0].figure.data) == len(law_panel().figure.data)
    assert json.loads(deck_file.pack([old]))["version"] == 2


def test_slides_of_every_kind_come_back():
    words = Slide(title="Agenda", above="Before", text="One\nTwo", note="Smile.")
    both = Slide((Shown(law_panel(), LINK), Shown(plain_panel())), title="Two", note="Compare.")
    back = deck_file.unpack(deck_file.pack([words, both, slide.of(law_panel())]))
    assert back[0] == words and back[2].title == "" and back[2].heading == law_panel().title
    assert [panel.name for panel in back[1].panels] == ["sample.figure"] * 2
    assert (back[1].title, back[1].note, back[1].figures[0].link, back[1].figures[1].link) == ("Two", "Compare.", LINK, "")


@pytest.mark.parametrize("make", [Slide, lambda: Slide(text="words"), lambda: Slide(tuple(Shown(law_panel()) for _ in range(3)))])
def test_a_slide_has_a_title_or_a_figure_and_two_figures_at_most(make):
    with pytest.raises(ValueError, match="a slide (needs|has at most)"):
        make()


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
        (("slides", 0, "figures", 0, "name"), "../../etc/passwd", "name must look like"),
        (("slides", 0, "title"), 5, "title of slide 1"),
        (("slides", 0, "figures", 0, "caption"), "x" * 100_000, "caption of slide 1"),
        (("slides", 0, "note"), ["x"], "note of slide 1"),
        (("slides", 0, "text"), "x" * 100_000, "text of slide 1"),
        (("slides", 0, "figures"), [], "neither a figure nor a title"),
        (("slides", 0, "figures"), [1, 2, 3], "at most 2 figures"),
        (("slides", 0, "figures"), ["x"], "a figure of slide 1"),
        (("slides", 0, "figures", 0, "address"), 7, "address of slide 1"),
        (("slides", 0, "figures", 0, "sources"), [["nobody1900", ""]], "nobody1900"),
        (("slides", 0, "figures", 0, "sources"), "all", "sources of slide 1"),
        (("slides", 0, "figures", 0, "settings"), [1], "settings of slide 1"),
        (("slides", 0, "figures", 0, "figure"), None, "no chart"),
        (("slides", 0, "figures", 0, "figure", "data", 0, "type"), "scattermapbox", "kind that is not drawn"),
        (("slides", 0, "figures", 0, "figure", "data", 0, "name"), "<a href='https://evil.example'>x</a>", "tag or an address"),
        (("slides", 0, "figures", 0, "figure", "data", 0, "name"), "<img src=x onerror=alert(1)>", "tag or an address"),
        (("slides", 0, "figures", 0, "figure", "data", 0, "hovertemplate"), "javascript:alert(1)", "tag or an address"),
        (("slides", 0, "figures", 0, "figure", "layout", "images"), [{"source": "//evil.example/x.png"}], "'images'"),
        (("slides", 0, "figures", 0, "figure", "layout", "nonsense"), 1, "slide 1"),
        (("slides", 0, "figures", 0, "columns"), ["status", "status"], "slide 1"),
        (("slides", 0, "figures", 0, "rows"), [[1], [2, 3]], "slide 1"),
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
    figure = {"title": "", "figures": [content]}
    for data in (
        content,
        *({"format": deck_file.FORMAT, "version": version, "slides": [part]} for version in (1, 2) for part in (content, figure)),
    ):
        with contextlib.suppress(ValueError):
            deck_file.unpack(json.dumps(data).encode())


def test_a_script_for_a_link_is_dropped(packed):
    (found,) = deck_file.unpack(changed(packed, "slides", 0, "figures", 0, "link", to="javascript:alert(1)"))
    assert found.figures[0].link == ""


def test_the_zip_holds_each_figure_in_each_format(browser_path):
    deck = [Slide(title="Hello"), slide.of(law_panel()), Slide((Shown(law_panel()), Shown(plain_panel())), title="=HYPERLINK(1)")]
    with zipfile.ZipFile(io.BytesIO(deck_file.bundle(deck))) as file:
        names = sorted(file.namelist())
        assert names == [f"{number}-sample-figure.{format}" for number in ("02", "03", "03b") for format in sorted(deck_file.BUNDLED)]
        assert file.read("02-sample-figure.png")[:4] == b"\x89PNG"
        tables = [file.read(name) for name in names if name.endswith("csv")]
    assert len(pd.read_csv(io.BytesIO(tables[0]), comment="#")) == len(law_panel().data)
    with pytest.raises(ValueError, match="at least one figure"):
        deck_file.bundle(deck[:1])


def test_a_single_figure_bears_the_title_of_its_slide_in_every_file():
    deck = [slide.of(law_panel(), title="=HYPERLINK(1)")]
    with zipfile.ZipFile(io.BytesIO(deck_file.bundle(deck, formats=["csv"]))) as file:
        (written,) = (file.read(name).decode() for name in file.namelist())
    assert "HYPERLINK(1)" in written and not any(line.startswith("=") for line in written.splitlines())


def test_the_report_holds_every_title_chart_and_source_and_asks_nothing_of_the_network():
    both = Slide((Shown(law_panel()), Shown(plain_panel())), title="Side by side", above="Part 2")
    deck = [slide.of(law_panel(), LINK, title="<script>alert(1)</script>"), both, Slide(title="The end", text="Thanks <b>all</b>")]
    page = report.report(deck).decode()
    assert page.count("<article") == 4 and "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "default-src 'none'" in page and "Recompute it" in page
    assert 'id="chart-3"' in page and "Part 2 · Side by side" in page and "<p>Thanks &lt;b&gt;all&lt;/b&gt;</p>" in page
    with pytest.raises(ValueError, match="at least one slide"):
        report.report([])
