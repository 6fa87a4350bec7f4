"""What a reader does, in a real browser: move, link, reload, download, and open the files again."""

import io
import os
import re
import signal
import subprocess
import sys
import xml.etree.ElementTree as ET

import pytest
from playwright.sync_api import expect
from pptx import Presentation
from pptx.enum.shapes import MSO_SHAPE_TYPE

from pages.components.registry import entry
from tests.conftest import ROOT, healthy

pytestmark = pytest.mark.usefixtures("browser_path")
SLIDER, MFU = "Training compute", "MFU (% of peak)"


def ready(page) -> None:
    """Wait until a page has drawn its first chart and stopped running."""
    page.wait_for_selector(".js-plotly-plot .main-svg", state="attached")
    page.wait_for_function("!document.querySelector('[data-testid=stApp][data-test-script-state=running]')")


def headline(page) -> str:
    return page.locator("h2").first.inner_text().replace("\xa0", " ")


def stands_at(page, label: str, value: str) -> None:
    """Wait until a slider shows a value; the browser shows the default for a moment before it takes the link's."""
    expect(page.get_by_role("slider", name=label).first).to_have_value(value)


def go_to(page, stem: str) -> None:
    """Open a page through the menu: the name of its group, then its own."""
    group, title = entry(stem).group, re.escape(entry(stem).title)
    if not group:  # a link of its own
        page.get_by_test_id("stTopNavLink").filter(has_text=re.compile(title)).click()
        return
    page.get_by_test_id("stTopNavSection").filter(has_text=re.compile(f"^{group}$")).click()
    page.get_by_test_id("stTopNavDropdownLink").filter(has_text=re.compile(f"^{title}$")).click()


def press(page, label: str, key: str, times: int = 1) -> None:
    slider = page.get_by_role("slider", name=label).first
    slider.focus()
    for _ in range(times):
        page.keyboard.press(key)


def test_a_slider_changes_the_chart_and_the_address_and_a_reload_keeps_both(app_server, browser_page):
    page = browser_page
    page.goto(f"{app_server}/scaling")
    ready(page)
    assert "5.8×10²³ FLOP" in headline(page) and "93 tokens per parameter" in headline(page)
    press(page, SLIDER, "ArrowLeft", times=5)
    page.wait_for_url(re.compile(r"[?&]train_flops=7e22"))
    expect(page.locator("h2").first).to_contain_text("7×10²² FLOP")
    after = headline(page)
    page.reload()
    ready(page)
    expect(page.locator("h2").first).to_have_text(after)
    assert "train_flops=7e22" in page.url


def test_switching_pages_and_back_keeps_the_controls(app_server, browser_page):
    page = browser_page
    page.goto(f"{app_server}/compute?mfu=0.55&law=deepseek2024")
    ready(page)
    stands_at(page, MFU, "0.55")
    go_to(page, "sources")
    page.wait_for_selector("text=Works cited")
    go_to(page, "compute")
    ready(page)
    stands_at(page, MFU, "0.55")
    assert "mfu=0.55" in page.url and "law=deepseek2024" in page.url


def test_a_statement_leads_to_its_figure_as_it_stands_whatever_the_reader_chose_before(app_server, browser_page):
    page = browser_page
    page.goto(f"{app_server}/pythia?n_shots=5")
    ready(page)
    go_to(page, "claims")
    page.wait_for_selector("text=1 of 67")
    stated = "After 300 B tokens, 12B is 52 points above 70M on LAMBADA"
    expect(page.locator("h2").first).to_contain_text(stated)
    page.get_by_role("link", name="Pythia: training dynamics").click()
    page.wait_for_url(re.compile("/pythia"))
    expect(page.locator("h2").filter(has_text=stated)).to_be_visible()
    assert "n_shots" not in page.url


def test_a_link_from_one_reader_shows_another_the_same(app_server, browser, browser_page):
    seen, other = [], browser.new_context(viewport={"width": 1440, "height": 900})
    for page in (browser_page, other.new_page()):
        page.goto(f"{app_server}/scaling?section=allocation&train_flops=3e21&level=0.8&laws=kaplan2020")
        ready(page)
        expect(page.locator("h2").first).to_contain_text("3×10²¹ FLOP")
        seen.append(headline(page))
    other.close()
    assert seen[0] == seen[1] and "parameters" in seen[0]


def test_files_are_downloaded_once_and_open_again(app_server, browser_page):
    page = browser_page
    page.goto(f"{app_server}/scaling?train_flops=1e22")
    ready(page)
    expect(page.locator("h2").first).to_contain_text("10²² FLOP")
    files = {}
    for label in ("SVG", "PPTX", "CSV"):
        with page.expect_download(timeout=60_000) as waiting:
            page.locator(".st-key-row-scaling-tokens_per_param").get_by_role("button", name=label, exact=True).click()
        assert waiting.value.suggested_filename == f"scaling-tokens_per_param.{label.lower()}"
        with open(waiting.value.path(), "rb") as file:
            files[label] = file.read()
    drawing = ET.fromstring(files["SVG"])
    assert drawing.tag.endswith("svg")
    words = " ".join(drawing.itertext())
    assert "10²² FLOP" in words and "Hoffmann" in words and "train_flops=1e22" in words
    slide = Presentation(io.BytesIO(files["PPTX"])).slides[0]
    assert "10²²" in slide.shapes.title.text_frame.text
    assert [shape.shape_type for shape in slide.shapes].count(MSO_SHAPE_TYPE.PICTURE) == 1
    assert "train_flops=1e22" in slide.notes_slide.notes_text_frame.text
    assert files["CSV"].decode("utf-8-sig").startswith("#")
    expect(page.locator(".st-key-row-scaling-tokens_per_param").get_by_role("status")).to_be_hidden()
    downloads = []
    page.on("download", lambda download: downloads.append(download))  # noqa: PLW0108 - Playwright wants a function of its own
    press(page, SLIDER, "ArrowLeft")
    page.wait_for_url(re.compile(r"[?&]train_flops=7e21"))
    assert not downloads  # the file is handed over once, not at every run


COPIED = """async () => {
    const [item] = await navigator.clipboard.read(), picture = await createImageBitmap(await item.getType('image/png'));
    const canvas = new OffscreenCanvas(picture.width, picture.height), pen = canvas.getContext('2d');
    pen.drawImage(picture, 0, 0);
    const title = pen.getImageData(0, 0, picture.width, 120).data;
    return [picture.width, picture.height, title.some((value, at) => at % 4 < 3 && value < 100)];
}"""


def test_copy_image_puts_the_picture_on_the_clipboard(app_server, browser_page):
    page = browser_page
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(f"{app_server}/scaling")
    ready(page)
    row = page.locator(".st-key-row-scaling-tokens_per_param")
    for _ in range(2):
        row.get_by_role("button", name="Copy image").click()
        expect(row.get_by_role("status")).to_have_text("Image copied.", timeout=60_000)
        assert page.evaluate(COPIED) == [1920, 1080, True]  # with a dark title at the top
        page.evaluate("navigator.clipboard.writeText('')")
    page.context.clear_permissions()


def test_where_no_picture_may_be_copied_a_sentence_says_so_and_offers_the_file(app_server, browser_page):
    page = browser_page
    page.add_init_script("delete window.ClipboardItem")
    page.goto(f"{app_server}/scaling")
    ready(page)
    row = page.locator(".st-key-row-scaling-tokens_per_param")
    row.get_by_role("button", name="Copy image").click()
    expect(row.get_by_role("status")).to_contain_text("The browser does not let this page copy pictures.")
    with page.expect_download(timeout=60_000) as waiting:
        row.get_by_role("button", name="Save as PNG").click()
    assert waiting.value.suggested_filename == "scaling-tokens_per_param.png"


def test_the_table_shows_the_rows_of_the_chart_as_it_stands_until_it_is_closed(app_server, browser_page):
    page = browser_page
    page.goto(f"{app_server}/scaling")
    ready(page)
    row, table = page.locator(".st-key-row-scaling-tokens_per_param"), page.get_by_role("table")
    assert rows_of_buttons(page) == 1  # on a telephone three, below
    assert table.count() == 0
    button = row.get_by_role("button", name="Table", exact=True)
    button.click()
    expect(table).to_have_count(1)
    expect(button).to_have_attribute("aria-expanded", "true")
    expect(page.get_by_role("region", name="Rows behind the chart: At 5.8×10²³ FLOP")).to_be_visible()
    assert {"series", "train_flops", "tokens_per_param", "status"} <= set(table.get_by_role("columnheader").all_inner_texts())
    expect(table.get_by_role("cell", name="5.8e+23", exact=True).first).to_be_attached()
    press(page, SLIDER, "ArrowLeft", times=5)
    expect(page.get_by_role("region", name="Rows behind the chart: At 7×10²² FLOP")).to_be_visible()
    expect(table.get_by_role("cell", name="7e+22", exact=True).first).to_be_attached()
    expect(table.get_by_role("cell", name="5.8e+23", exact=True)).to_have_count(0)
    button.click()
    expect(table).to_have_count(0)
    expect(button).to_have_attribute("aria-expanded", "false")


def rows_of_buttons(page) -> int:
    """How many rows the twelve buttons below the first chart take."""
    buttons = page.locator(".st-key-row-scaling-tokens_per_param").get_by_role("toolbar").get_by_role("button")
    tops = buttons.evaluate_all("buttons => buttons.map(button => Math.round(button.getBoundingClientRect().top))")
    assert len(tops) == 12
    return len(set(tops))


def test_the_steps_below_a_chart_open_with_equations_values_and_sources_and_follow_its_slider(app_server, browser_page):
    page = browser_page
    page.goto(f"{app_server}/attention?context_len=4096")
    ready(page)
    row = page.locator(".st-key-row-attention-cache")
    row.get_by_role("button", name="How is this computed?").click()
    box = page.locator(".st-key-explained-attention-cache")
    expect(box.get_by_text("KV cache: 537 MB")).to_be_visible()
    expect(box.locator(".katex-display")).to_have_count(4)
    expect(box.locator(".katex-error")).to_have_count(0)
    assert "your setting" in box.inner_text() and "seen in print" in box.inner_text()
    assert box.get_by_role("link", name="Albert Q. Jiang et al. 2023").count() >= 1
    press(page, "Context", "ArrowLeft")
    expect(box.get_by_text("KV cache: 268 MB")).to_be_visible()
    row.get_by_role("button", name="How is this computed?").click()
    expect(box).to_have_count(0)


def test_pages_fit_a_telephone_and_neither_ask_another_host_nor_offer_to_send_a_chart_there(app_server, browser_page):
    page, hosts = browser_page, set()
    page.set_viewport_size({"width": 400, "height": 800})
    page.emulate_media(color_scheme="dark")
    page.on("request", lambda request: hosts.add(re.sub(r"^(\w+)://([^/]*).*$", r"\1 \2", request.url)))
    for path in ("scaling", "compute"):
        page.goto(f"{app_server}/{path}")
        ready(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= 400
        assert path != "scaling" or rows_of_buttons(page) == 3
        buttons = page.locator(".modebar-btn").evaluate_all("buttons => buttons.map(button => button.dataset.title)")
        assert "Zoom" in buttons and not [title for title in buttons if "Share" in title]
        wide = page.evaluate("[...document.querySelectorAll('.js-plotly-plot')].map(e => e.getBoundingClientRect().right)")
        assert wide and max(wide) <= 400
        background = page.evaluate("getComputedStyle(document.querySelector('[data-testid=stApp]')).backgroundColor")
        assert background == "rgb(14, 17, 23)"
        # A tab's icon may be fetched without a request event, so its address is read off the page as well.
        icons = page.evaluate("[...document.querySelectorAll('link[rel*=icon]')].map(e => e.href)")
        hosts |= {re.sub(r"^(\w+):(?://)?([^/,;]*).*$", r"\1 \2", address, flags=re.DOTALL) for address in icons}
    outside = {host for host in hosts if not re.search(r"^(data|blob) |127\.0\.0\.1", host)}
    assert not outside


WATCH_FOR_ANOTHER_MENU = """
window.otherMenus = 0;
const look = () => { window.otherMenus += document.querySelectorAll('[data-testid=stSidebar]').length; };
addEventListener('DOMContentLoaded', () => new MutationObserver(look).observe(document, {childList: true, subtree: true}));
"""


def test_the_first_visit_to_a_fresh_server_may_come_by_a_link(browser, browser_path, tmp_path):
    import socket
    import time

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", "streamlit_app.py", "--server.headless", "true", "--server.port", str(port)]
    with (tmp_path / "log").open("w") as log:
        process = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=subprocess.STDOUT, start_new_session=True)
    try:
        address = f"http://127.0.0.1:{port}"
        for _ in range(300):
            if healthy(address):
                break
            time.sleep(0.1)
        page = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
        page.add_init_script(WATCH_FOR_ANOTHER_MENU)
        page.goto(f"{address}/compute?mfu=0.6")
        ready(page)
        assert page.evaluate("window.otherMenus") == 0
        assert page.get_by_role("dialog").count() == 0
        go_to(page, "sources")  # the declared pages, not the files
        page.wait_for_selector("text=Works cited")
        go_to(page, "compute")
        ready(page)
        stands_at(page, MFU, "0.6")
        page.context.close()
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(timeout=15)
