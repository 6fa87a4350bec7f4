"""From starting the server to the first chart in a browser with an empty profile, beside an empty page.

Server and browser are new each time, and the pages take turns, because the machine drifts. The files that the browser
loads are read from the disk's cache after the first turn, which is not counted.
"""

import statistics
import time

from tests.bench.sliders import EMPTY, EMPTY_TUNED, FLAGS, ROOT, server

PAGES = (
    ("empty page, Streamlit's settings", EMPTY, EMPTY.parent, ""),
    ("empty page, this project's settings", EMPTY_TUNED, ROOT, ""),
    ("overview", ROOT / "streamlit_app.py", ROOT, "/"),
    ("scaling", ROOT / "streamlit_app.py", ROOT, "/scaling"),
)


def measure(quick: bool) -> list[tuple[str, ...]]:
    """Rows of the bench table."""
    from playwright.sync_api import sync_playwright

    found: dict[str, list[tuple[float, ...]]] = {name: [] for name, *_ in PAGES}
    with sync_playwright() as playwright:
        for turn in range(4 if quick else 11):
            for name, script, folder, path in PAGES:
                times = cold_start(playwright, script, folder, path)
                if turn:
                    found[name].append(times)
    rows = [("page", "server healthy", "page loaded", "first chart", "ratio", "all charts", "browser loads", "over the websocket")]
    floor = statistics.median(times[2] for times in found[PAGES[0][0]])
    for name, times in found.items():
        healthy, loaded, first, all_drawn, files, messages = (statistics.median(column) for column in zip(*times, strict=True))
        rows.append(
            (
                name,
                f"{healthy:.2f} s",
                f"{loaded:.2f} s",
                f"{first:.2f} s",
                f"{first / floor:.2f} x",
                f"{all_drawn:.2f} s",
                f"{files / 1e6:.2f} MB",
                f"{messages / 1e3:.0f} kB",
            )
        )
    return rows


def cold_start(playwright, script, folder, path: str) -> tuple[float, ...]:
    """Seconds until the server is healthy, the page loaded, its first chart and all its charts drawn; bytes of files and messages."""
    from analysis.export.browser import browser_path

    browser = playwright.chromium.launch(executable_path=browser_path(), args=FLAGS)
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    loaded = {"files": 0.0, "messages": 0.0}
    wire = page.context.new_cdp_session(page)
    wire.send("Network.enable")
    wire.on("Network.loadingFinished", lambda event: loaded.update(files=loaded["files"] + event["encodedDataLength"]))
    page.on("websocket", lambda socket: socket.on("framereceived", lambda data: loaded.update(messages=loaded["messages"] + len(data))))
    start = time.perf_counter()
    with server(script, cwd=folder) as address:
        times = [time.perf_counter() - start]
        page.goto(address + path)
        times.append(time.perf_counter() - start)
        page.wait_for_selector(".js-plotly-plot .main-svg", state="attached")
        times.append(time.perf_counter() - start)
        page.wait_for_selector("[data-testid=stApp][data-test-script-state=notRunning]", state="attached")
        charts = "document.querySelectorAll('[data-testid=stPlotlyChart], .panel-chart .drawing')"
        drawn = f"[...{charts}].every(chart => chart.querySelector('.main-svg'))"
        page.wait_for_function(drawn)
        times.append(time.perf_counter() - start)
        browser.close()
    return *times, loaded["files"], loaded["messages"]
