"""The reader's values: they follow from figure to figure and page to page, stand in the address, and go back to the defaults."""

import re
from importlib import import_module
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import expect

from analysis import catalogue
from analysis.charts.parameters import Quantity
from pages.components import controls
from tests.test_journeys import go_to, ready
from tests.test_pages import FIGURES, WITH_CHARTS, charts, fine, open_page, open_sections, titles

WINDOW = "attention/mask/attention.mask:window"


def changed(app) -> list[str]:
    """What the reader changed, as it stands above the first chart."""
    return [each["words"] for each in charts(app)[0]["bar"]["changed"]]


def test_a_value_follows_the_reader_to_other_sections_and_pages_and_back():
    app = open_page("attention", section="mask")
    app.select_slider(key=WINDOW).set_value(8192).run()
    assert fine(app) and "a window of 8,192" in titles(app)[0]
    app.button_group(key="attention:section").set_value("reach").run()
    assert fine(app) and app.select_slider(key="attention/reach/attention.reach:window").value == 8192
    assert changed(app) == ["Sliding window: 8,192 tokens"]
    app.button_group(key="attention:section").set_value("cache").run()
    app.selectbox(key="attention/cache:model").set_value("mixtral-8x7b").run()
    app.query_params.clear()  # as the browser does when another page is opened
    app.switch_page("pages/memory.py").run()
    assert fine(app) and "Fine-tuning Mixtral 8x7B" in titles(app)[0]
    assert changed(app) == ["Model: Mixtral 8x7B (from Attention & KV cache)"]
    app.switch_page("pages/attention.py").run()
    assert "Mixtral 8x7B caches" in titles(app)[0] and app.button_group(key="attention:section").value == "cache"


def test_reset_takes_back_what_was_taken_over_and_leaves_the_rest():
    app = open_page("memory", model="mistral-7b", seq_len="2048", lora_rank="8")
    assert fine(app) and "at 1 × 2,048 tokens" in titles(app)[0]
    app.button(key="memory/parts:reset-all").click().run()
    assert titles(app) == titles(open_page("memory")) and not app.session_state["scenario"] and not changed(app)
    app.select_slider(key="memory/parts/memory.parts:lora_rank").set_value(16).run()
    assert app.session_state["scenario"] == {"lora_rank": "16"} and changed(app) == ["LoRA rank (r): 16"]
    app.button(key="memory/parts:reset-all").click().run()
    assert titles(app) == titles(open_page("memory"))


@pytest.mark.parametrize(
    ("typed", "value"), [("3000", 3000), ("3k", 3000), ("4,096", 4096), ("2^13", 8192), ("1.5 thousand tokens", 1500), ("16384", 16384)]
)
def test_any_value_can_be_typed_and_stands_on_the_slider(typed, value):
    app = open_page("memory")
    app.text_input(key="memory/parts:typed:seq_len").set_value(typed).run()
    assert fine(app) and f"at 1 × {value:,} tokens" in titles(app)[0]
    slider = app.select_slider(key="memory/parts/memory.parts:seq_len")
    assert slider.value == value and f"{value:,} tokens" in slider.options
    assert not app.text_input(key="memory/parts:typed:seq_len").value


@pytest.mark.parametrize("typed", ["many", "3e9", "12", "2.5e3.1", "-4096", "nan"])
def test_what_cannot_be_used_is_said_in_one_sentence_and_stays_to_be_mended(typed):
    app = open_page("memory")
    before = titles(app)
    app.text_input(key="memory/parts:typed:seq_len").set_value(typed).run()
    assert not app.exception and titles(app) == before
    assert len(app.error) == 1 and "Sequence length" in app.error[0].value
    assert app.text_input(key="memory/parts:typed:seq_len").value == typed
    app.text_input(key="memory/parts:typed:seq_len").set_value("1024").run()
    assert fine(app) and "1,024 tokens" in titles(app)[0]


def test_a_value_that_a_figure_cannot_take_is_noted_and_kept_for_those_that_can():
    app = open_page("attention", window="64")
    assert not app.exception and len(app.warning) == 1
    assert "Sliding window must be from 128 tokens to 131,072 tokens, got 64; showing 128 tokens" in app.warning[0].value
    app.button_group(key="attention:section").set_value("reach").run()
    assert fine(app) and not app.warning and "a window of 64 in every layer" in charts(app)[0]["alt"]


def test_an_old_link_opens_the_page_and_says_which_settings_it_does_not_know():
    app = open_page("attention", attn_ctx="8,192", attn_part="What a window sees")
    assert fine(app) and titles(app) == titles(open_page("attention"))
    assert [item.value for item in app.warning] == ["The link holds settings that this page does not have: attn\\_ctx, attn\\_part."]
    assert not app.run().warning


def test_what_was_chosen_for_one_model_goes_with_it():
    app = open_page("moe", section="build")
    app.select_slider(key="moe/build/moe.build:n_experts").set_value(4).run()
    app.select_slider(key="moe/build/moe.build:d_model").set_value(2048).run()
    assert app.session_state["scenario"] == {"n_experts": "4", "d_model": "2048"}
    app.button_group(key="moe/build:mixture").set_value("deepseek").run()
    assert fine(app) and app.session_state["scenario"].get("mixture") == "deepseek" and "n_experts" not in app.session_state["scenario"]
    assert titles(app)[0].startswith("64 experts")


def test_a_price_goes_with_its_gpu():
    app = open_page("compute", usd_per_gpu_hour="2", gpu="a100_40gb")
    app.selectbox(key="compute/budget:gpu").set_value("h100_sxm").run()
    assert fine(app) and app.session_state["scenario"] == {"gpu": "h100_sxm"}


def test_a_number_beyond_the_bounds_of_a_figure_stands_at_the_nearer_one_and_can_be_reset():
    app = open_page("attention", section="prompt", n_gpus="2048")
    assert not app.exception and "GPUs must be from 1 to 8, got 2048; showing 8" in app.warning[0].value
    assert changed(app) == ["GPUs: 8"]
    app.button(key="attention/prompt:reset-all").click().run()
    assert fine(app) and not app.warning and not app.session_state["scenario"]


def test_an_own_gpu_starts_from_the_one_that_was_chosen_and_takes_every_number():
    app = open_page("attention", section="generation", gpu="rtx_4090")
    app.selectbox(key="attention/generation:gpu").set_value("own:").run()
    assert fine(app) and app.session_state["scenario"]["gpu"].startswith("own:25.7572:1008:")
    app.number_input(key="attention/generation:gpu:memory_bytes").set_value(96.0).run()
    assert fine(app) and "on your 96 GB GPU" in titles(app)[0]
    app.number_input(key="attention/generation:gpu:bandwidth_bytes_per_s").set_value(2016.0).run()
    assert app.session_state["scenario"]["gpu"].startswith("own:96:2016:")
    app.selectbox(key="attention/generation:gpu").set_value("t4").run()
    assert fine(app) and "on T4" in titles(app)[0]


def test_the_files_and_the_deck_get_a_link_to_the_figure_as_it_stands():
    app = open_page("attention", section="mask", window="8192", position="9000")
    query = {"section": "mask", "window": "8192", "position": "9000"}
    assert {name: text[0] for name, text in app.session_state["links"]["attention"].items()} == query
    link = f"{controls.address('attention', app.session_state['links'], 'http://localhost:8501')}#attention.mask"
    assert catalogue.asked_for(link).values() == {"window": 8192, "position": 9000}


def test_controls_that_share_a_name_are_one_control_in_a_section():
    app = open_page("memory", section="levels")
    keys = [slider.key for slider in app.select_slider]
    assert keys == ["memory/levels:quant_block_size"] and len(charts(app)) == 2
    app.select_slider(key=keys[0]).set_value(256).run()
    assert all("In blocks of 256" in title for title in titles(app))


# --- over all pages ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("stem", WITH_CHARTS)
def test_each_figure_of_a_topic_stands_on_its_page_once(stem):
    taken = import_module(f"pages.{stem}").SECTIONS
    shown = [figure.name for section in taken for figure in section.figures]
    assert sorted(shown) == sorted(catalogue.figures_of(stem))
    for section in taken:  # one control for all of them, so one default
        shared = {name for figure in section.figures for name in figure.kinds() if sum(name in of.kinds() for of in section.figures) > 1}
        for name in shared:
            keys = {figure.kinds()[name].key(getattr(figure.of({})[0], name)) for figure in section.figures if name in figure.kinds()}
            assert len(keys) == 1, (section.key, name, keys)


@pytest.mark.parametrize("stem", WITH_CHARTS)
def test_what_a_page_shows_is_what_its_figures_say(stem):
    for app in open_sections(stem):
        panels = {made.name.replace(".", "-"): made for made in app.session_state["panels"].values()}
        for chart in charts(app):
            made = panels[chart["file"]]
            words = " ".join(filter(None, (chart["caption"], chart["notes"])))
            assert (chart["title"], words, chart["alt"]) == (made.title, made.caption, made.alt)
        kinds = {name: kind for made in panels.values() for name, kind in FIGURES[made.name].kinds().items()}
        for slider in (*app.slider, *app.select_slider):
            assert slider.label == kinds[slider.key.rpartition(":")[2]].label


@pytest.mark.parametrize("stem", WITH_CHARTS)
def test_reset_puts_every_figure_of_a_section_back(stem):
    for section in open_page(stem).session_state["sections"]:
        usual = open_page(stem, section=section)
        kinds = {name: kind for made in usual.session_state["panels"] for name, kind in FIGURES[made].kinds().items()}
        ends = {name: kind.key(kind.number(kind.high)) for name, kind in kinds.items() if isinstance(kind, Quantity)}
        if len(charts(usual)) > 1 and ends:
            app = open_page(stem, section=section, **ends)
            app.button(key=f"{stem}/{section}:reset-all").click().run()
            assert fine(app) and app.session_state["scenario"] == {}, section


# --- in a browser, whose address the charts write ---------------------------------------------------------------------


def parameters(page) -> dict[str, list[str]]:
    return parse_qs(urlsplit(page.url).query)


def test_the_address_follows_a_slider_without_steps_back_and_a_reload_keeps_it(app_server, browser_page):
    page = browser_page
    page.goto(f"{app_server}/attention")
    ready(page)
    steps = page.evaluate("history.length")
    slider = page.get_by_role("slider", name="Context length").first
    slider.focus()
    for _ in range(2):
        page.keyboard.press("ArrowRight")
    page.wait_for_url(re.compile(r"[?&]context_len=131072"))
    page.get_by_role("radio", name="Prefill").click()
    page.wait_for_url(re.compile(r"section=prompt"))
    expect(page.locator(".panel-chart h2").first).to_contain_text("prefills 131,072 tokens")
    assert parameters(page) == {"section": ["prompt"], "context_len": ["131072"]}
    assert page.evaluate("history.length") == steps + 1  # of the section alone
    page.reload()
    ready(page)
    expect(page.locator(".panel-chart h2").first).to_contain_text("prefills 131,072 tokens")
    go_to(page, "memory")
    page.wait_for_url(re.compile(r"/memory$"))  # nothing there depends on the context
    go_to(page, "attention")
    page.wait_for_url(re.compile(r"/attention\?section=prompt&context_len=131072"))


def test_a_typed_value_is_drawn_and_reset_takes_it_back(app_server, browser_page):
    page = browser_page
    page.goto(f"{app_server}/memory")
    ready(page)
    page.get_by_role("button", name="Type a value").click()
    field = page.get_by_role("textbox", name="Sequence length")
    field.fill("3k")
    page.keyboard.press("Enter")
    expect(page.locator(".panel-chart h2").first).to_contain_text("3,000 tokens")
    assert parameters(page) == {"seq_len": ["3000"]}
    page.get_by_role("button", name="Reset to defaults").click()
    expect(page.locator(".panel-chart h2").first).to_contain_text("512 tokens")
    page.wait_for_url(re.compile(r"/memory$"))


def test_a_file_carries_the_link_of_the_chart_as_it_stands(app_server, browser_page):
    page = browser_page
    page.goto(f"{app_server}/memory")
    ready(page)
    page.get_by_role("slider", name="Sequence length").first.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_url(re.compile(r"seq_len=1024"))
    expect(page.locator(".panel-chart h2").first).to_contain_text("1,024 tokens")
    with page.expect_download(timeout=60_000) as waiting:
        page.locator(".st-key-row-memory-parts").get_by_role("button", name="CSV", exact=True).click()
    written = waiting.value.path().read_text(encoding="utf-8-sig")
    assert "seq_len=1024#memory.parts" in written
