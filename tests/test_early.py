"""Styles that are in the page from the first moment, how little moves while it loads, and what it looks like on paper."""

import sys

import pytest
from starlette.applications import Starlette
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from pages.components import chart
from pages.served.early import FIRST, Early, styles
from tests.test_routes import ask

PAGE = "<!DOCTYPE html><html><head><title>x</title></head><body>über</body></html>"
HTML = {"accept": "text/html,*/*;q=0.8"}
seen: dict[str, str] = {}


def page(request) -> Response:
    seen.update(request.headers)
    return HTMLResponse(PAGE, headers={"etag": '"1"', "last-modified": "Mon, 30 Nov 2026 08:00:00 GMT"})


@pytest.fixture
def app() -> Early:
    return Early(Starlette(routes=[Route("/", page), Route("/data", lambda request: JSONResponse({"a": 1}))]))


def test_a_page_holds_the_styles_and_is_never_answered_from_an_older_one(app):
    got = ask(app, "/", accept_encoding="gzip", if_none_match='"1"', range="bytes=0-9", **HTML)
    assert got.status == 200 and got.text == PAGE.replace("</head>", f"<style>{styles()}</style></head>")
    assert int(got.headers["content-length"]) == len(got.body) and not {"etag", "last-modified"} & set(got.headers)
    assert not {"accept-encoding", "if-none-match", "range"} & set(seen)


def test_what_is_no_page_goes_through_as_it_is(app):
    assert ask(app, "/data", **HTML).text == '{"a":1}'
    assert ask(app, "/").text == PAGE
    assert ask(app, "/", method="HEAD", **HTML).headers["etag"] == '"1"'


def test_the_styles_of_charts_are_there_once_a_page_brought_their_code(monkeypatch):
    assert styles() == f"body {{{FIRST}{chart.CSS}}}" and "</" not in styles()
    monkeypatch.delitem(sys.modules, "pages.components.chart")
    assert styles() == f"body {{{FIRST}}}"


MOVED = """
window.moved = 0;
new PerformanceObserver(list => { for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.moved += entry.value; })
  .observe({ type: 'layout-shift', buffered: true });
"""


@pytest.mark.parametrize("stem", ["memory", "attention", "judges"])
def test_little_moves_while_a_page_loads(browser, app_server, stem):
    """Cumulative layout shift; https://web.dev/articles/cls calls up to 0.1 good. Without the styles it was 0.5."""
    for _ in range(2):  # the first one brings the code of charts
        context = browser.new_context(viewport={"width": 1440, "height": 800})
        page = context.new_page()
        page.add_init_script(MOVED)
        page.goto(f"{app_server}/{stem}")
        page.wait_for_selector(".panel-chart .main-svg")
        page.wait_for_selector("[data-test-script-state=notRunning]")
        moved = page.evaluate("window.moved")
        context.close()
    assert moved < 0.1


def test_a_page_on_paper_shows_chart_and_sources_and_nothing_to_press(browser, app_server):
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    page.goto(f"{app_server}/memory")
    page.wait_for_selector(".panel-chart .main-svg")
    page.wait_for_selector(".sources")
    assert page.locator("button:visible").count() > 10
    page.emulate_media(media="print")
    assert page.locator("button:visible, [role=slider]:visible, [role=combobox]:visible, [role=radio]:visible").count() == 0
    assert page.locator(".sources").first.inner_text().startswith("Sources: ") and page.locator(".panel-chart .main-svg").first.is_visible()
    context.close()
