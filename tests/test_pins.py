"""Pinned settings: grey marks behind a chart, the difference in words, rows, links, files and slides; and taking one value back."""

import io
import json
import re
from dataclasses import replace
from urllib.parse import parse_qs, quote, urlencode, urlsplit
from xml.etree import ElementTree

import numpy as np
import plotly.graph_objects as go
import pytest
from playwright.sync_api import expect
from pptx import Presentation

from analysis import catalogue
from analysis.charts import ghosts, pinned
from analysis.charts.panel import Headline
from analysis.charts.plain import as_plain
from analysis.export import files
from analysis.export.editable import says_the_same
from pages.components import places
from tests import figure_checks
from tests.test_deck_journeys import add, download
from tests.test_figure_contract import FIGURES, TRAINED, default, drawn, trials
from tests.test_journeys import ready
from tests.test_pages import charts, fine, open_page

CHANGEABLE = [name for name in FIGURES if any((name, trial.parameter) not in TRAINED for trial in trials(name))]


def with_pin(address: str, *pins: str) -> str:
    """The address of a figure with pins."""
    return f"{address}{'&' if '?' in address else '?'}{urlencode([('pin', pin) for pin in pins])}"


def apart(name: str):
    """A figure at a value at which its marks, or at least its numbers, are not those at the defaults."""
    usual = default(name)
    tried = [trial.figure for trial in trials(name)]
    differs = [figure for figure in tried if ghosts.different(as_plain(drawn(figure).figure)["data"], as_plain(usual.figure)["data"])]
    return (differs or [figure for figure in tried if figure.changed()] or tried)[0]


@pytest.mark.parametrize("name", CHANGEABLE)
def test_every_figure_with_a_parameter_stands_beside_a_pinned_setting(name):
    figure = apart(name)
    usual = FIGURES[name].of({})[0]
    both, alone = figure.pinning([usual]).panel(), drawn(figure)
    assert both.title == alone.title and both.headline == alone.headline
    assert both.caption == f"{both.pinned[0]} {alone.caption}"
    assert catalogue.asked_for(both.address) == figure.pinning([usual])
    # the marks of today are as they were, the pinned ones are grey, and every one is a row
    mine = [trace for trace in both.figure.data if "pinned" not in (trace.meta or {})]
    assert [(trace.type, trace.name) for trace in mine] == [(trace.type, trace.name) for trace in alone.figure.data]
    ghost = [trace for trace in both.figure.data if "pinned" in (trace.meta or {})]
    below = any(trace.yaxis not in (None, "y", "y2") for trace in ghost)
    if ghosts.different(as_plain(default(name).figure)["data"], as_plain(alone.figure)["data"]):
        assert ghost and any("Pinned" in trace.name for trace in ghost) != below
    rows = both.data
    assert (rows["pinned"] == "").sum() == len(alone.data) and len(rows) == len(alone.data) + len(default(name).data)
    figure_checks.check_marks(without_entries(both))
    figure_checks.check_markers(alone if below else both)
    go.Figure(as_plain(both.figure))  # Plotly knows every property
    if not below:
        assert all(is_grey(trace) for trace in ghost)


def is_grey(trace) -> bool:
    """Whether all that has a colour in a trace is grey."""
    found = [trace.marker.color, trace.marker.line.color]
    found += [trace.line.color, trace.fillcolor] if trace.type == "scatter" else []
    return {color for color in found if color} <= {ghosts.GREYS[0], ghosts.GREY_BAND}


def without_entries(panel):
    """The panel without traces that draw nothing and stand in the legend for a line."""
    spec = as_plain(panel.figure)
    spec["data"] = [trace for trace in spec["data"] if trace.get("x") != [None]]
    return replace(panel, figure=go.Figure(spec))


# --- what differs, in words ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("now", "before", "unit", "said"),
    [
        (3e9, 2e9, "bytes", "50% more"),
        (1e9, 2e9, "bytes", "50% less"),
        (8e9, 2e9, "bytes", "4 times as much (+300%)"),
        (0.405, 0.46, "share", "5.5 points less"),
        (40.5, 35.0, "%", "5.5 points more"),
        (1.9, 2.15, "nats", "0.25 nats less"),
        (-3.0, 2.0, "points", "5 points less"),
    ],
)
def test_a_difference_is_in_the_terms_of_its_unit(now, before, unit, said):
    (words,) = pinned.differences([Headline("it", now, unit, f"now {now}")], [Headline("it", before, unit, f"then {before}")])
    assert words == f"it now {now}, pinned then {before}: {said}"


def test_what_is_zero_or_of_two_signs_gets_no_percent_and_what_is_missing_is_left_out():
    def one(now: float, before: float, unit: str = "USD") -> list[str]:
        return pinned.differences([Headline("it", now, unit, str(now))], [Headline("it", before, unit, str(before))])

    assert one(0.0, 2.0) == ["it 0.0, pinned 2.0"] and one(-1.0, 2.0) == ["it -1.0, pinned 2.0"]
    assert one(2.0, 2.0) == ["it 2.0, as pinned"]
    assert pinned.differences([Headline("a", 1.0, "", "1")], [Headline("b", 1.0, "", "1")]) == []
    assert pinned.differences([Headline("a", 1.0, "GB", "1")], [Headline("a", 1.0, "GiB", "1")]) == []


def test_percent_and_points_are_those_of_the_headlines():
    """Recomputed from the values, over all figures."""
    seen = 0
    for name in CHANGEABLE:
        now, before = drawn(apart(name)), default(name)
        values = {headline.name: headline for headline in before.headline}
        for words, headline in zip(
            pinned.differences(now.headline, before.headline),
            [each for each in now.headline if each.name in values and values[each.name].unit == each.unit],
            strict=True,
        ):
            was = values[headline.name]
            assert words.startswith(f"{headline.name} {headline.text}, ")
            for figure, kind in re.findall(r"([\d.,]+)(%| points| times)", words.partition(f"pinned {was.text}:")[2]):
                shown = float(figure.replace(",", ""))
                if kind == " points":
                    wanted = (100 if headline.unit == "share" else 1) * abs(headline.value - was.value)
                else:
                    wanted = headline.value / was.value if kind == " times" else 100 * abs(headline.value / was.value - 1)
                assert shown == pytest.approx(wanted, rel=0.06, abs=0.006)
                seen += 1
    assert seen > 100


def test_pins_are_named_by_what_is_not_the_same_in_all():
    now, one, two = (catalogue.asked_for(f"attention.cache?{query}") for query in ("", "context_len=8192", "context_len=8192&batch_size=4"))
    assert pinned.labels(now, [one]) == ["Context length: 8,192 tokens"]
    assert pinned.labels(now, [one, two]) == [
        "Context length: 8,192 tokens; Batch size: 1 sequence",
        "Context length: 8,192 tokens; Batch size: 4 sequences",
    ]
    assert pinned.labels(now, [now]) == ["as now"]


# --- which axes mean the same -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "pin", "over"),
    [
        ("attention.cache?context_len=8192", "attention.cache", True),
        ("attention.cache?memory_unit=gib", "attention.cache", False),  # GiB and GB
        ("attention.buffer?buffer_len=4", "attention.buffer", False),  # a map hides what lies behind it
        ("memory.parts?lora_rank=256", "memory.parts", True),
        ("memory.fits?seq_len=4096", "memory.fits", True),
    ],
)
def test_pins_stand_behind_where_axes_mean_the_same_and_below_where_not(address, pin, over):
    figure = catalogue.asked_for(with_pin(address, pin)).panel().figure
    axes = {trace.yaxis or "y" for trace in figure.data}
    assert (axes == {"y"}) == over
    if not over:
        low, high = figure.layout.yaxis.domain
        other = next(figure.layout[f"yaxis{axis[1:]}"] for axis in axes - {"y"})
        assert other.domain[1] < low < high and other.title.text == catalogue.asked_for(pin).panel().figure.layout.yaxis.title.text


def test_bars_on_each_other_stand_beside_those_of_a_pin():
    figure = catalogue.asked_for(with_pin("memory.parts?lora_rank=256", "memory.parts?seq_len=4096")).panel().figure
    groups = {trace.offsetgroup for trace in figure.data if trace.type == "bar"}
    assert groups == {"now", "pin 0"}
    # totals stand beside the bars of today: of two bars in 0.65 of a row the second is a quarter of that below the middle
    assert [note.y for note in figure.layout.annotations] == pytest.approx([0.1625, 1.1625, 2.1625])
    assert {trace.name for trace in figure.data if "pinned" in trace.meta} == {"Pinned (LoRA rank (r): 64; …)"}
    assert says_the_same(figure).startswith("PowerPoint has no place for pinned bars")


def test_axes_hold_the_pinned_marks_too():
    wide = catalogue.asked_for(with_pin("compute.budget?train_flops=1e20", "compute.budget?train_flops=1e26")).panel()
    figure_checks.check_markers(wide)
    figure_checks.check_ticks(wide)


def test_three_pins_and_no_more_and_none_of_another_figure():
    base = catalogue.asked_for("attention.cache")
    four = [catalogue.asked_for(f"attention.cache?batch_size={size}") for size in (1, 2, 4, 8)]
    assert len({ghosts.GREYS[number] for number in range(pinned.MOST)}) == pinned.MOST == 3
    base.pinning(four[:3]).panel()
    with pytest.raises(ValueError, match="at most 3 pins"):
        base.pinning(four)
    for wrong, words in (
        ("moe.build", "must be an address of it"),
        ("attention.cache?layers=3", "has no parameter"),
        ("attention.cache?pin=attention.cache", "pins of its own"),
        ("attention.cache?context_len=1", "must be from"),
    ):
        with pytest.raises(ValueError, match=words):
            catalogue.asked_for(with_pin("attention.cache", wrong))


def test_a_link_of_a_page_gives_the_pins_of_its_figure_alone():
    link = f"http://localhost:8501/attention?context_len=8192&pin={quote('attention.cache')}&pin={quote('attention.mask?window=64')}#attention.cache"
    assert [pin.address() for pin in catalogue.asked_for(link).pins] == ["attention.cache"]


# --- files ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("address", ["attention.cache?context_len=8192", "memory.parts?lora_rank=256", "attention.buffer?buffer_len=4"])
def test_files_hold_the_pin(address, browser_path):
    name = address.partition("?")[0]
    panel = catalogue.asked_for(with_pin(address, name)).panel()
    svg = ElementTree.fromstring(files.export(panel, "svg"))
    assert "Pinned (" in " ".join(svg.itertext())
    assert panel.pinned[0] in files.export(panel, "csv").decode("utf-8-sig").replace('""', '"')
    read, (label,) = json.loads(files.export(panel, "json")), pinned.labels(panel.drawn_by, panel.drawn_by.pins)
    assert read["pinned"] == list(panel.pinned) and {row["pinned"] for row in read["rows"]} == {"", label}
    slide = Presentation(io.BytesIO(files.export(panel, "pptx"))).slides[0]
    written = [shape.text_frame.text for shape in slide.shapes if shape.has_text_frame]
    assert panel.pinned[0] in " ".join([*written, slide.notes_slide.notes_text_frame.text])


# --- on a page --------------------------------------------------------------------------------------------------------------


def test_a_link_brings_its_pins_and_says_what_it_cannot_show():
    app = open_page(
        "attention", context_len="8192", pin=["attention.cache", "attention.cache?context_len=7", "moe.build", "attention.mask"]
    )
    assert not app.exception and len(app.warning) == 2
    assert "Context length must be from" in app.warning[0].value and "this page has no figure moe.build" in app.warning[1].value
    (pin,) = charts(app)[0]["pins"]
    assert pin["words"].startswith("Pinned (Context length: 32,768 tokens): KV cache 537 MB, as pinned; ")
    assert app.session_state["links"]["attention"]["pin"] == ["attention.cache", "attention.mask"]
    assert not app.run().warning
    app.query_params.clear()
    app.switch_page("pages/memory.py").run()
    app.switch_page("pages/attention.py").run()
    assert fine(app) and len(charts(app)[0]["pins"]) == 1


def test_a_pin_at_which_nothing_can_be_drawn_is_left_out_and_the_chart_stands(monkeypatch):
    figure = catalogue.figure("attention.mask")
    draw = figure.draw

    def broken(self):
        if self.window == 256:
            raise ValueError("no window of 256 can be drawn.")
        return draw(self)

    monkeypatch.setattr(figure, "draw", broken)
    app = open_page("attention", section="mask", pin=["attention.mask?window=256", "attention.mask?window=512"])
    assert fine(app) and len(charts(app)[0]["pins"]) == 1
    assert [item.value for item in app.warning] == ["A pinned setting of the link cannot be shown: no window of 256 can be drawn."]


def test_a_figure_without_a_parameter_offers_no_pin():
    assert all((chart["bar"] is None) == (not FIGURES[chart["file"].replace("-", ".", 1)].kinds()) for chart in charts(open_page("judges")))


def test_a_slide_opens_its_page_with_its_pins():
    address = catalogue.asked_for(with_pin("attention.mask?window=256", "attention.mask")).panel().address
    query = parse_qs(urlsplit(places.of_address(address)).query)
    assert query == {"section": ["mask"], "window": ["256"], "pin": ["attention.mask"]}


def pins(page) -> list[str]:
    return page.locator(".pins li span").all_inner_texts()


def test_a_pin_follows_the_slider_survives_a_reload_goes_on_a_slide_and_away(app_server, browser_page):
    page = browser_page
    page.goto(f"{app_server}/attention")
    ready(page)
    pin = page.get_by_role("button", name="Pin these settings")
    pin.click()
    expect(page.locator(".pins li")).to_have_count(1)
    expect(pin).to_be_disabled()
    slider = page.get_by_role("slider", name="Context length").first
    slider.focus()
    page.keyboard.press("ArrowLeft")
    expect(page.locator(".pins li span").first).to_contain_text("KV cache with multi-head attention 8.59 GB, pinned 17.2 GB: 50% less")
    expect(page.get_by_role("figure").locator("text=Pinned (Context length: 32,768 tokens)").first).to_be_visible()
    page.reload()
    ready(page)
    assert pins(page)[0].startswith("Pinned (Context length: 32,768 tokens): ")
    add(page, page)
    notes = Presentation(download_from_deck(page, app_server)).slides[0].notes_slide.notes_text_frame.text
    assert "Pinned (Context length: 32,768 tokens)" in notes and "pin=attention.cache" in notes
    page.goto(f"{app_server}/attention?context_len=16384&batch_size=2&pin=attention.cache")
    ready(page)
    page.get_by_role("button", name="Batch size: 2 sequences").click()
    page.wait_for_url(re.compile(r"context_len=16384&pin=attention.cache$|pin=attention.cache&context_len=16384$"))
    expect(page.get_by_role("button", name="Batch size:")).to_have_count(0)
    page.get_by_role("button", name="Unpin").click()
    expect(page.locator(".pins li")).to_have_count(0)
    page.wait_for_url(re.compile(r"attention\?context_len=16384$"))


def download_from_deck(page, app_server):
    page.get_by_test_id("stTopNavLink").filter(has_text="Slide deck").click()
    return download(page, "Download 1 slide (PPTX)")


def test_your_values_are_edited_and_reset_in_one_place(app_server, browser_page):
    page = browser_page
    page.goto(f"{app_server}/attention?context_len=8192&batch_size=2&pin=attention.cache")
    ready(page)
    page.get_by_role("button", name="Your values").click()
    opened = page.get_by_test_id("stPopoverBody")
    slider = opened.get_by_role("slider", name="Context length")
    slider.focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator(".panel-chart h2").first).to_contain_text("16,384 tokens")
    opened.get_by_role("combobox", name="Set for all pages").click()
    page.get_by_role("option", name="Training compute").click()
    expect(opened.get_by_role("slider", name="Training compute")).to_be_visible()
    opened.get_by_role("button", name="Reset", exact=True).first.click()
    expect(page.locator(".panel-chart h2").first).to_contain_text("32,768 tokens")
    opened.get_by_role("button", name="Reset everything").click()
    page.wait_for_url(re.compile(r"/attention$"))
    expect(page.locator(".pins li")).to_have_count(0)


def test_ranges_are_joined_whichever_way_an_axis_runs():
    layout = {"xaxis": {"range": [0, 2]}, "yaxis": {"range": [5, 1]}}
    joined = ghosts._wider(layout, {"xaxis": {"range": [-1, 1]}, "yaxis": {"range": [9, 3]}})
    assert np.array_equal(joined["xaxis"]["range"], [-1, 2]) and np.array_equal(joined["yaxis"]["range"], [9, 1])
    assert "range" not in ghosts._wider(layout, {"xaxis": {}, "yaxis": {"range": [5, 1]}})["xaxis"]
