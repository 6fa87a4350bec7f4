"""Figures as PNG, SVG and PDF: one browser in the background, started when the first picture is wanted and then kept."""

import asyncio
import atexit
import base64
import contextlib
import json
import os
import shutil
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import plotly.graph_objects as go

from analysis.charts.plain import as_plain
from analysis.export import drawing

IMAGE_FORMATS = ("png", "svg", "pdf")
START_SECONDS = 60.0
RENDER_SECONDS = 60.0
BOTH = """async function (text) {
  const { data, layout, width, height } = JSON.parse(text);
  const svg = await Plotly.toImage({ data, layout }, { format: 'svg', width, height, imageDataOnly: true });
  return JSON.stringify({ svg, png: (await painted(svg, width, height)).split(',')[1] });
}"""
"""A function of the page that draws a figure once and hands it over in both formats; `painted` is of `drawing.SCRIPT`."""
T = TypeVar("T")


class NoBrowserError(RuntimeError):
    """There is no browser to draw pictures with; the message says what to do."""


def browser_path() -> str | None:
    """Path of the Chrome, Chromium, Edge or other browser of their kind that draws pictures, or None where there is none.

    BROWSER_PATH decides where it is set, even when it points to nothing; otherwise choreographer looks at the usual names and places.
    """
    chosen = os.environ.get("BROWSER_PATH", "").strip()
    if chosen:
        return shutil.which(chosen)
    from choreographer.browsers import Chromium

    os.environ.pop("BROWSER_PATH", None)  # one of blanks only would be taken for the path
    return Chromium.find_browser(skip_local=True)


def advice() -> str:
    """What to do where no browser is found, as one or two sentences."""
    chosen = os.environ.get("BROWSER_PATH", "").strip()
    problem = f"BROWSER_PATH is {chosen!r}, which is no program" if chosen else "none was found"
    return (
        f"PNG, SVG, PDF and slides are drawn by Chrome or Chromium, and {problem}: "
        "install one (Debian and Ubuntu: apt-get install chromium) or set BROWSER_PATH to it. "
        "CSV, HTML and editable charts on slides need no browser."
    )


def render(figure: go.Figure, format: str, width: int, height: int, scale: float = 1.0) -> bytes:
    """The figure as a picture of width by height pixels, times scale for a PNG.

    format: "png", "svg" or "pdf". The first call starts the browser, which takes some seconds; calls from several threads
    take turns. A browser that has died is started again once.

    Raises ValueError for another format, NoBrowserError where there is no browser, RuntimeError where it cannot be started
    or cannot draw the figure.
    """
    if format not in IMAGE_FORMATS:
        raise ValueError(f"format must be one of {', '.join(IMAGE_FORMATS)}, got {format!r}")
    options = {"format": format, "width": width, "height": height, "scale": scale}
    spec = figure.to_plotly_json()
    return _with_browser(lambda browser: browser.draw(spec, options))


def render_both(figure: go.Figure, width: int, height: int) -> tuple[bytes, bytes]:
    """The figure as SVG and as PNG of width by height pixels, from one drawing.

    The page that draws is kept, so that a dozen of figures takes a tenth of the time of two calls of `render` each.
    Raises as `render`.
    """
    text = json.dumps({**as_plain(figure), "width": width, "height": height})
    return _with_browser(lambda browser: browser.draw_both(text))


def _with_browser(draw: Callable[["_Browser"], T]) -> T:
    """What draw() makes of the browser, which is started where it does not run, and once more where it has died."""
    with _LOCK:
        fresh = not _BROWSER.running
        while True:
            try:
                return draw(_BROWSER)
            except NoBrowserError:
                raise
            except Exception as problem:
                _BROWSER.stop()
                if fresh:
                    raise RuntimeError(f"the browser could not draw the figure: {type(problem).__name__} {problem}".strip()) from problem
                fresh = True  # it may have died since the last picture: once more with a new one


def stop() -> None:
    """Close the browser, if it runs; the next picture starts another."""
    with _LOCK:
        _BROWSER.stop()


class _Browser:
    """A browser and the event loop that talks to it, in a thread of its own.

    Kaleido's own server waits for ever once its thread has ended, for example because the browser would not start; here
    every wait has an end.
    """

    def __init__(self):
        self.loop: asyncio.AbstractEventLoop | None = None
        self.kaleido: Any = None
        self.folder: tempfile.TemporaryDirectory | None = None
        self.page: Any = None

    @property
    def running(self) -> bool:
        return self.kaleido is not None

    def draw(self, spec: dict, options: dict) -> bytes:
        if not self.running:
            self.start()
        return self._wait(self.kaleido.calc_fig(spec, options), RENDER_SECONDS)

    def draw_both(self, text: str) -> tuple[bytes, bytes]:
        if not self.running:
            self.start()
        if self.page is None:
            self.page = self._wait(self._open_page(), START_SECONDS)
        drawn = json.loads(self._wait(self._run_on_page(BOTH, text), RENDER_SECONDS))
        return drawn["svg"].encode("utf-8"), base64.b64decode(drawn["png"])

    async def _open_page(self):
        """An empty page with Plotly on it."""
        from plotly.offline import get_plotlyjs

        page = await self.kaleido.create_tab("about:blank")
        _result(await page.send_command("Runtime.evaluate", {"expression": f"{get_plotlyjs()};{drawing.SCRIPT};0"}))
        return page

    async def _run_on_page(self, function: str, text: str) -> str:
        """What an asynchronous function of one text returns on the page."""
        call = {"expression": f"({function})({json.dumps(text)})", "awaitPromise": True, "returnByValue": True}
        return _result(await self.page.send_command("Runtime.evaluate", call))

    def start(self) -> None:
        path = browser_path()
        if path is None:
            raise NoBrowserError(advice())
        import kaleido

        self.folder = tempfile.TemporaryDirectory(prefix="ten-papers-")
        script = Path(self.folder.name) / "font.js"
        script.write_text(drawing.SCRIPT, encoding="utf-8")
        page = kaleido.PageGenerator(mathjax=False, others=[script.as_uri()])
        self.loop = asyncio.new_event_loop()
        threading.Thread(target=_run, args=(self.loop,), name="export-browser", daemon=True).start()
        # Without mathjax=False the page would ask the network for it. No sandbox: containers run as root, and the page
        # holds nothing but our own figure.
        self.kaleido = kaleido.Kaleido(n=1, timeout=RENDER_SECONDS, page_generator=page, path=path, enable_sandbox=False)
        self._wait(self.kaleido.open(), START_SECONDS)

    def stop(self) -> None:
        loop, browser, self.loop, self.kaleido, self.page = self.loop, self.kaleido, None, None, None
        if loop is None:
            return
        if browser is not None:
            with contextlib.suppress(Exception):  # it is being thrown away
                asyncio.run_coroutine_threadsafe(browser.close(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        if self.folder is not None:
            self.folder.cleanup()

    def _wait(self, coroutine, seconds: float):
        assert self.loop is not None, "the browser is not running"
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(seconds)


def _result(answer: Any) -> Any:
    """The value that the browser answers with; raises RuntimeError with its own words where it answers with an error."""
    if "error" in answer or "exceptionDetails" in answer.get("result", {}):
        problem = answer.get("error") or answer["result"]["exceptionDetails"]
        raise RuntimeError(problem.get("exception", {}).get("description") or problem.get("message") or problem.get("text"))
    return answer["result"]["result"].get("value")


def _run(loop: asyncio.AbstractEventLoop) -> None:
    loop.run_forever()
    for task in asyncio.all_tasks(loop):  # of a browser that died
        task.cancel()
    loop.run_until_complete(asyncio.sleep(0))
    loop.close()


_LOCK = threading.Lock()
_BROWSER = _Browser()
atexit.register(stop)
