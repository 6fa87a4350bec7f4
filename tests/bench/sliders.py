"""From key press on a slider to the redrawn chart, in a browser, for every page beside an empty Streamlit page.

The empty page is taken twice: with Streamlit's defaults, and with the settings and the start-up of this project.
"""

import os
import signal
import socket
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Collection
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import parse_qs

ROOT = Path(__file__).parents[2]
EMPTY = Path(__file__).with_name("empty_app.py")
EMPTY_TUNED = Path(__file__).with_name("empty_app_tuned.py")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync"]

# Remembers when the first redraw after a key press ended: the changed chart is then on the screen. (Streamlit draws every
# chart a second time, without a difference to see, on the empty page as well.)
WATCH = """() => {
  window.redrawn = 0; window.lastRedraw = 0;
  const watch = chart => {
    if (chart.watched) return;
    chart.watched = true;
    chart.on('plotly_afterplot', () => { if (!window.redrawn) window.firstRedraw = performance.now(); window.redrawn += 1; });
  };
  const all = () => document.querySelectorAll('.js-plotly-plot').forEach(watch);
  all(); new MutationObserver(all).observe(document.body, {childList: true, subtree: true});
  document.addEventListener('keydown', () => { window.pressed = performance.now(); window.redrawn = 0; }, true);
}"""


def measure(quick: bool, pages: Collection[str] = ()) -> list[tuple[str, ...]]:
    """Rows of the bench table; the median and 95th percentile of steps of the sliders of each section. pages: stems, all if empty."""
    from playwright.sync_api import sync_playwright

    from analysis.export.browser import browser_path
    from pages.components.registry import ENTRIES

    steps = 12 if quick else 60
    rows: list[tuple[str, str, list[float], float]] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path(), args=FLAGS)
        with (
            server(EMPTY, cwd=EMPTY.parent) as empty,
            server(EMPTY_TUNED, cwd=ROOT) as tuned,
            server(ROOT / "streamlit_app.py", cwd=ROOT) as address,
        ):
            time_slider(browser, empty, 0, steps)  # warms the browser
            floor = statistics.median(time_slider(browser, empty, 0, steps)[1])
            rows.append(("empty page, this project's settings", "Factor", time_slider(browser, tuned, 0, steps)[1], floor))
            for entry in (entry for entry in ENTRIES if not pages or entry.stem in pages):
                # The machine drifts, so the empty page is timed again beside each page.
                floor = statistics.median(time_slider(browser, empty, 0, steps)[1])
                for section in sections(browser, f"{address}/{entry.path}"):
                    where = f"{address}/{entry.path}{section}"
                    name = " ".join(
                        values[0]
                        for key, values in parse_qs(section.removeprefix("?")).items()
                        if key.endswith("_part") or key == "section"
                    )
                    for index in range(min(1, count_sliders(browser, where)) if quick else count_sliders(browser, where)):
                        label, times = time_slider(browser, where, index, steps)
                        if times:  # sliders that move no chart have nothing to time
                            rows.append((f"{entry.stem} {name}".strip(), label, times, floor))
                            print(f"{entry.stem} {name}: {statistics.median(times) / floor:.2f} x", file=sys.stderr, flush=True)
        browser.close()
    header = ("page and section", "slider", "median", "p95", "empty page beside it", "ratio")
    return [header] + [
        (
            page,
            label,
            f"{statistics.median(times):.0f} ms",
            f"{percentile(times, 0.95):.0f} ms",
            f"{floor:.0f} ms",
            f"{statistics.median(times) / floor:.2f} x",
        )
        for page, label, times, floor in rows
    ]


def measure_pins(quick: bool, pages: Collection[str] = ()) -> list[tuple[str, ...]]:
    """Rows of the bench table: the first slider of each section without and with one pinned setting, in turn."""
    from playwright.sync_api import sync_playwright

    from analysis.export.browser import browser_path
    from pages.components.registry import ENTRIES

    steps, rounds = (8, 2) if quick else (20, 3)
    rows = [("page and section", "slider", "without", "with one pin", "ratio")]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path(), args=FLAGS)
        with server(ROOT / "streamlit_app.py", cwd=ROOT) as address:
            for entry in (entry for entry in ENTRIES if not pages or entry.stem in pages):
                for section in sections(browser, f"{address}/{entry.path}"):
                    where, label = f"{address}/{entry.path}{section}", ""
                    if not count_sliders(browser, where):
                        continue
                    found: dict[bool, list[float]] = {False: [], True: []}
                    for pinned in (False, True) * rounds:
                        label, times = time_slider(browser, where, 0, steps, pinned)
                        found[pinned] += times
                    if found[False] and found[True]:
                        plain, beside = (statistics.median(found[pinned]) for pinned in (False, True))
                        rows.append((f"{entry.stem} {section}", label, f"{plain:.0f} ms", f"{beside:.0f} ms", f"{beside / plain:.2f} x"))
                        print(*rows[-1], file=sys.stderr, flush=True)
        browser.close()
    return rows


def percentile(values: list[float], share: float) -> float:
    """The value below which `share` of the values lie (nearest rank)."""
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def open_page(browser, address: str):
    """A page whose charts have been drawn."""
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    page.goto(address)
    page.wait_for_selector("[data-testid=stMain]")
    with suppress(Exception):  # a page without charts is not an error here
        page.wait_for_selector(".js-plotly-plot .main-svg", state="attached", timeout=5_000)
    page.wait_for_timeout(1_500)
    return page


def sections(browser, address: str) -> list[str]:
    """The query that opens each section of a page; one empty query for a page without sections."""
    page = open_page(browser, address)
    queries = []
    for name in page.get_by_role("radiogroup", name="Sections").get_by_role("radio").all():
        name.click()
        page.wait_for_timeout(600)
        queries.append("?" + page.url.partition("?")[2])
    page.close()
    return queries or [""]


def count_sliders(browser, address: str) -> int:
    """How many sliders a page shows."""
    page = open_page(browser, address)
    count = page.get_by_role("slider").count()
    page.close()
    return count


def time_slider(browser, address: str, index: int, steps: int, pinned: bool = False) -> tuple[str, list[float]]:
    """(label, milliseconds from key press to the changed chart) for each step that redrew one. pinned: with one behind the first chart."""
    page = open_page(browser, address)
    if pinned:
        page.get_by_role("button", name="Pin these settings").first.click()
        page.wait_for_timeout(1_000)
    slider = page.get_by_role("slider").nth(index)
    label = slider.get_attribute("aria-label") or f"slider {index + 1}"
    page.evaluate(WATCH)
    slider.focus()
    times, drawn = [], False
    for step in range(steps + 3):
        if step == 3 and not drawn:  # no chart depends on this slider
            break
        page.keyboard.press("ArrowRight" if step % 2 else "ArrowLeft")
        try:
            page.wait_for_function("window.redrawn > 0", timeout=2_000)
        except Exception:  # noqa: BLE001 - it changed nothing in the chart, or stands at its end
            continue
        drawn = True
        page.wait_for_timeout(250)  # let the page come to rest
        if step >= 3:  # the first steps warm caches
            times.append(page.evaluate("window.firstRedraw - window.pressed"))
    page.close()
    return label, times


@contextmanager
def server(script: Path, cwd: Path):
    """The address of a Streamlit server running script, started in cwd so that it finds (or does not find) our settings."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", str(script), "--server.port", str(port), "--server.headless", "true"]
    process = subprocess.Popen(
        [*command, "--browser.gatherUsageStats", "false"],
        cwd=cwd,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(150):
            try:
                urllib.request.urlopen(f"{address}/_stcore/health", timeout=1)
                break
            except OSError:
                time.sleep(0.2)
        yield address
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(timeout=10)
