"""How long the server takes to answer, over its websocket and without a browser: a step of a slider, and a page as a whole.

From sending the change to the last message of the run, for each section of each page, beside the empty page. Its reader's
machine then still has to draw (tests/bench/sliders.py).
"""

import asyncio
import statistics

from tests.bench.client import Session, Widget, resident
from tests.bench.sliders import EMPTY, EMPTY_TUNED, ROOT, percentile, server

REST = 0.05  # seconds between two steps, for Streamlit's collection after each run


def measure(quick: bool) -> list[tuple[str, ...]]:
    """Rows of the bench table."""
    from pages.components.registry import ENTRIES

    steps = 10 if quick else 60
    with server(EMPTY, cwd=EMPTY.parent) as address:
        floor = asyncio.run(times(address, "", "", steps))
    with server(EMPTY_TUNED, cwd=ROOT) as address:
        tuned = asyncio.run(times(address, "", "", steps))
    with server(ROOT / "streamlit_app.py", cwd=ROOT) as address:
        rows = [row("empty page, Streamlit's settings", floor, floor), row("empty page, this project's settings", tuned, floor)]
        for entry in ENTRIES:
            for name, query in asyncio.run(sections(address, entry.path)):
                found = asyncio.run(times(address, entry.path, query, steps))
                rows.append(row(f"{entry.stem} {name}".strip(), found, floor))
        rows.append((f"memory of the server after all: {resident(address):.0f} MiB", *[""] * 7))
    return [("page and section", "slider, median", "p95", "sent", "ratio", "whole page, median", "p95", "sent"), *rows]


def row(name: str, found: tuple[list, list], floor: tuple[list, list]) -> tuple[str, ...]:
    """One row of the table: name, then the times of the slowest slider and of the whole page."""
    slider, whole = found
    cells: tuple[str, ...] = ("-",) * 4
    if slider:
        seconds = [run.seconds for run in slider]
        beside = statistics.median(run.seconds for run in floor[0])
        cells = (ms(statistics.median(seconds)), ms(percentile(seconds, 0.95)), kb(slider), f"{statistics.median(seconds) / beside:.2f} x")
    seconds = [run.seconds for run in whole]
    return name, *cells, ms(statistics.median(seconds)), ms(percentile(seconds, 0.95)), kb(whole)


async def sections(address: str, path: str) -> list[tuple[str, str]]:
    """(name, query) of each section of a page; a page without sections is one with an empty name."""
    async with Session(address) as session:
        await session.open()
        await session.open(path)
        for widget in session.widgets():
            if widget.opens_sections:
                names, found = widget.options, []
                for name in names:
                    await session.move(next(other for other in session.widgets() if other.key == widget.key), [name])
                    found.append((name, session.query()))
                return found
    return [("", "")]


async def times(address: str, path: str, query: str, steps: int) -> tuple[list, list]:
    """(runs of the slider that takes longest, runs of the whole page) of one section."""
    async with Session(address) as session:
        await session.open()
        slowest: list = []
        await session.open(path, query)
        for number in range(len(session.sliders())):
            await session.open(path, query)
            runs = []
            for step in range(steps + 3):
                widget = session.sliders()[number]
                runs.append(await session.move(widget, stepped(widget, session.values[widget.id], step)))
                await asyncio.sleep(REST)
            slowest = max(slowest, runs[3:], key=lambda runs: statistics.median([run.seconds for run in runs] or [0.0]))
        whole = []
        for _ in range(max(5, steps // 3)):
            whole.append(await session.open(path, query))
            await asyncio.sleep(REST)
    return slowest, whole


def stepped(widget: Widget, value, step: int):
    """The value of a slider one step from where it stands, there and back, as two keys would move it."""
    if widget.options:
        here = widget.options.index(value[0])
        return [widget.options[here + 1 if here + 1 < len(widget.options) and not step % 2 else max(0, here - 1)]]
    up = value + widget.proto.step
    return up if not step % 2 and up <= widget.proto.max else max(widget.proto.min, value - widget.proto.step)


def ms(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms"


def kb(runs: list) -> str:
    return f"{statistics.median(run.received for run in runs) / 1000:.0f} kB"
