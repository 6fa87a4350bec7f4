"""A reader's deck in a real browser: figures are collected on pages, arranged with the mouse, taken away, shared, and brought back."""

import json
import re

import pytest
from playwright.sync_api import expect
from pptx import Presentation
from pptx.enum.shapes import MSO_SHAPE_TYPE

from tests.test_journeys import go_to, press, ready

pytestmark = pytest.mark.usefixtures("browser_path")


def add(page, place) -> None:
    """Press "Add to deck" in a page or a row."""
    place.get_by_role("button", name="Add to deck").first.click()
    page.wait_for_selector("text=Added to your deck")


def download(page, name: str):
    """The path of the file that a button hands over."""
    with page.expect_download(timeout=60_000) as waiting:
        page.get_by_role("button", name=name).click()
    return waiting.value.path()


def slide_buttons(page):
    return page.locator(".sorter button")


def order(page) -> list[str]:
    """The titles of the slides as the small pictures have them."""
    return [button.get_attribute("aria-label").split(": ", 1)[1] for button in slide_buttons(page).all()]


def pictures(slide) -> int:
    return [shape.shape_type for shape in slide.shapes].count(MSO_SHAPE_TYPE.PICTURE)


def test_figures_of_several_pages_are_counted_in_the_menu_arranged_and_become_slides(app_server, browser_page):
    page = browser_page
    for number, path in enumerate(("moe", "attention?section=quality", "domain?section=cost"), start=1):
        page.goto(f"{app_server}/{path}")
        ready(page)
        add(page, page)
        expect(page.get_by_test_id("stTopNavLink").filter(has_text=f"Slide deck ({number})")).to_be_visible()
    go_to(page, "deck")
    page.wait_for_selector("text=Download 3 slides")
    expect(slide_buttons(page)).to_have_count(3)
    first, second, third = order(page)
    page.wait_for_function("[...document.querySelectorAll('.sorter img')].every(image => image.complete && image.naturalWidth > 500)")
    slide_buttons(page).nth(2).drag_to(slide_buttons(page).nth(0))
    expect(slide_buttons(page).nth(0)).to_have_attribute("aria-label", f"Slide 1: {third}")
    assert order(page) == [third, first, second]
    expect(slide_buttons(page).nth(0)).to_have_attribute("aria-pressed", "true")
    page.get_by_role("button", name="Join with the next").click()
    page.wait_for_selector("text=Download 2 slides")
    slides = Presentation(download(page, "Download 2 slides (PPTX)")).slides
    assert [pictures(slide) for slide in slides][:2] == [2, 1] and slides[2].shapes.title.text_frame.text.startswith("Sources")
    assert slides[0].shapes.title.text_frame.text == "Domain-adaptive pretraining and Mixture of experts"


def test_a_slide_leads_back_to_its_page_with_its_settings(app_server, browser_page):
    page = browser_page
    page.goto(f"{app_server}/attention?section=mask&context_len=16384")
    ready(page)
    add(page, page)
    page.goto(f"{app_server}/deck")  # a new session
    page.get_by_role("button", name="Open Attention & KV cache").click()
    ready(page)
    expect(page.locator("h2").first).to_contain_text("50,000")
    assert "section=mask" in page.url and "context_len=16384" in page.url
    press(page, "Sliding window", "ArrowRight", times=3)
    page.wait_for_url(re.compile("[?&]window="))
    go_to(page, "deck")
    page.get_by_role("button", name="Open Attention & KV cache").click()
    expect(page.locator("h2").first).to_contain_text("With a window of 4,096")
    assert "window=" not in page.url and "context_len=16384" in page.url


def test_an_editable_chart_is_offered_where_it_says_the_same_and_the_deck_says_where_not(app_server, browser_page):
    page = browser_page
    page.goto(f"{app_server}/scaling")
    ready(page)
    row = page.locator(".st-key-row-scaling-tokens_per_param")
    row.get_by_role("button", name="Editable chart").click()
    why = "This figure has no editable chart. The band would become two thin lines. PPTX holds it as a picture."
    expect(row.get_by_role("status")).to_have_text(why)
    add(page, row)
    page.goto(f"{app_server}/moe?section=build")
    ready(page)
    row = page.locator(".st-key-row-moe-build")
    with page.expect_download(timeout=60_000) as waiting:
        row.get_by_role("button", name="Editable chart").click()
    assert waiting.value.suggested_filename == "moe-build.pptx"
    slide = Presentation(waiting.value.path()).slides[0]
    assert [shape.has_chart for shape in slide.shapes].count(True) == 1
    add(page, row)
    page.goto(f"{app_server}/deck")
    page.get_by_text("editable where they say the same").click()
    page.get_by_text("1 of 2 slides keep a picture").click()
    page.wait_for_selector("text=slide 1: The band would become two thin lines.")
    slide_buttons(page).nth(1).click()
    expect(slide_buttons(page).nth(1)).to_have_attribute("aria-pressed", "true")
    page.get_by_label("Note").fill("Say this.")
    page.get_by_label("Note").blur()
    slides = Presentation(download(page, "Download 2 slides (PPTX)")).slides
    assert [any(shape.has_chart for shape in slide.shapes) for slide in slides][:2] == [False, True]
    assert slides[1].notes_slide.notes_text_frame.text.startswith("Say this.")


def test_the_deck_survives_a_reload_and_its_link_shows_it_to_others_who_cannot_change_it(app_server, browser_page):
    page = browser_page
    page.goto(f"{app_server}/scaling")
    ready(page)
    add(page, page)
    page.goto(f"{app_server}/deck")  # a new session: only the browser remembers
    page.wait_for_selector("text=Download 1 slide")
    page.wait_for_url(re.compile(r"[?&]deck=[A-Za-z0-9_-]{16}"))
    key = page.evaluate("localStorage.getItem('deck')")
    assert re.fullmatch(r"[A-Za-z0-9_-]{16}", key) and key not in page.url
    other = page.context.browser.new_context().new_page()
    other.goto(page.url)
    other.wait_for_selector("text=Somebody shared this deck")
    expect(other.get_by_role("button", name="Remove")).to_have_count(0)
    other.get_by_role("button", name="Add 1 slide to my deck").click()
    other.get_by_role("button", name="Remove").click()
    other.wait_for_selector("text=Nothing here yet")
    page.reload()
    page.wait_for_selector("text=Download 1 slide")
    other.context.close()


def test_a_deck_file_dropped_back_in_is_drawn_again_and_says_what_changed(app_server, browser_page, tmp_path):
    page = browser_page
    page.goto(f"{app_server}/moe?section=build")
    ready(page)
    add(page, page)
    page.goto(f"{app_server}/deck")
    content = json.loads(download(page, "Deck file").read_text(encoding="utf-8"))
    (figure,) = content["slides"][0]["figures"]
    title, figure["panel_title"] = figure["panel_title"], "An older title"
    path = tmp_path / "old.deck.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    page.get_by_test_id("stFileUploaderDropzoneInput").set_input_files(path)
    page.wait_for_selector("text=1 of 1 figures is not as stored")
    assert page.get_by_text("An older title").is_visible()
    page.wait_for_selector("text=Download 2 slides")
    expect(slide_buttons(page)).to_have_count(2)
    assert order(page) == [title, title]
