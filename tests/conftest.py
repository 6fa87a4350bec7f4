"""What browser tests share: a browser, a running dashboard, and a page to look at it."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from analysis.export import browser as export_browser
from tools.ensure_browser import ALLOW_NONE, complaint, runs

ROOT = Path(__file__).parents[1]
# What `make quick` leaves out besides tests that are marked models or slow, or look through a browser.
NOT_QUICK = {
    "models": "probe_measure probe_parity probe_models probe_train probe_engine probe_jobs probe_page transformer_config "
    "transformer_cost transformer_exact",
    "a browser": "chart controls gallery journeys markdown table",
    "the bench": "bench_client",
    "patience": "deck_page pages uploads",
}
MODEL_DOCTESTS = {"ray_engine.py", "fields.py"}
BROWSERS = {"app_server", "browser", "browser_page", "browser_path"}
START_SECONDS = 60
BROWSER_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-default-apps",
]


def pytest_addoption(parser):
    """`--quick`: what `make quick` runs."""
    parser.addoption("--quick", action="store_true", help="leave out what needs a browser, torch, Ray or lm_eval, and what takes seconds")


def pytest_ignore_collect(collection_path, config):
    """Whole files that are not quick; their imports may be missing."""
    left_out = {f"test_{name}.py" for names in NOT_QUICK.values() for name in names.split()}
    return True if config.getoption("--quick") and collection_path.name in left_out else None


def pytest_collection_modifyitems(config, items):
    """Single tests that are not quick."""
    if not config.getoption("--quick"):
        return
    slow = [
        item
        for item in items
        if BROWSERS & set(getattr(item, "fixturenames", ())) or {"models", "slow"} & set(item.keywords) or item.path.name in MODEL_DOCTESTS
    ]
    config.hook.pytest_deselected(items=slow)
    items[:] = [item for item in items if item not in slow]


@pytest.fixture(scope="session")
def browser_path(request) -> str:
    """Path of a Chrome or Chromium. Without one the test fails, or is skipped where ALLOW_NO_BROWSER=1 says so."""
    if request.config.getoption("--quick"):
        pytest.skip("--quick asks for no browser")
    path = export_browser.browser_path()
    if not runs(path):
        (pytest.skip if os.environ.get(ALLOW_NONE) == "1" else pytest.fail)(complaint())
    return path


@pytest.fixture(scope="session")
def app_server(tmp_path_factory):
    """Address of the dashboard, running for all tests with the settings it has for a user: "http://127.0.0.1:40123"."""
    with serving(ROOT / "pages/served/dashboard.py", tmp_path_factory.mktemp("server") / "log.txt") as address:
        yield address


@contextlib.contextmanager
def serving(script: Path, log: Path) -> Iterator[str]:
    """Address of a Streamlit script that runs as long as the `with` statement; what it prints goes to the file log."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", str(script), "--server.headless", "true", "--server.port", str(port)]
    environment = {**os.environ, "DECKS": str(log.parent / "decks")}
    with log.open("w") as output:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=output, stderr=subprocess.STDOUT, start_new_session=True)
    address = f"http://127.0.0.1:{port}"
    try:
        end = time.monotonic() + START_SECONDS
        while not healthy(address):
            if process.poll() is not None or time.monotonic() > end:
                pytest.fail(f"the server did not start:\n{log.read_text()[-2000:]}")
            time.sleep(0.1)
        yield address
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def healthy(address: str) -> bool:
    """Whether a Streamlit server answers there."""
    try:
        return urllib.request.urlopen(f"{address}/_stcore/health", timeout=2).status == 200
    except OSError:
        return False


@pytest.fixture(scope="module")
def browser(browser_path):
    """A headless browser for the tests of one file.

    Not for the whole session: as long as Playwright runs, no other test could use asyncio, as drawing pictures does.
    """
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path, args=BROWSER_FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def browser_context(browser):
    """What the pages of a file share: the scripts that the browser has fetched and compiled, a quarter of the work of opening a page."""
    context = browser.new_context(viewport={"width": 1440, "height": 900}, accept_downloads=True)
    context.set_default_timeout(30_000)
    yield context
    context.close()


@pytest.fixture
def browser_page(browser_context):
    """An empty page of 1440 x 900 in a browser that remembers nothing of the tests before; downloads are allowed."""
    visited = set()

    def note(request) -> None:
        if request.is_navigation_request() and request.url.startswith("http"):
            visited.add(urlsplit(request.url)._replace(path="", query="", fragment="").geturl())

    browser_context.on("request", note)
    before = browser_context.pages
    page = browser_context.new_page()
    yield page
    browser_context.remove_listener("request", note)
    last = browser_context.new_page()
    for opened in browser_context.pages:
        if opened not in (*before, last):
            opened.close()
    session = browser_context.new_cdp_session(last)
    for origin in visited:
        session.send("Storage.clearDataForOrigin", {"origin": origin, "storageTypes": "cookies,local_storage,indexeddb"})
    browser_context.clear_cookies()
    last.close()
