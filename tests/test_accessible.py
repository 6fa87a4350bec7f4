"""What axe-core, a checker for WCAG, finds on the pages."""

from axe_playwright_python.sync_playwright import Axe

from pages.components.registry import ENTRIES

LEVELS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]


def test_axe_finds_nothing_on_any_page_in_light_or_dark(browser, app_server):
    found = []
    readers = [
        browser.new_context(viewport={"width": 1440, "height": 1000}, color_scheme=scheme).new_page() for scheme in ("light", "dark")
    ]
    for number, entry in enumerate(ENTRIES):
        page = readers[number % 2]
        page.goto(f"{app_server}/{entry.path}")
        page.wait_for_selector("h1")
        page.wait_for_selector("[data-test-script-state=notRunning]")
        page.wait_for_function("document.querySelectorAll('[data-testid=stSkeleton]').length === 0")
        response = Axe().run(page, options={"runOnly": LEVELS, "resultTypes": ["violations"]}).response
        found += [(entry.stem, one["id"], node["target"], node["html"]) for one in response["violations"] for node in one["nodes"]]
    for page in readers:
        page.context.close()
    assert found == []
