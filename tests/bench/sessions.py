"""Several readers of one server at a time, each moving a slider once a second over its websocket, without browsers.

Milliseconds from sending the value to the last message of the run, and memory for each reader, on the page that answers
slowest, beside the empty page. The readers share one process here, so they add a little to what they measure.
"""

import asyncio
import random
import statistics
import time

from tests.bench.client import Run, Session, process, resident
from tests.bench.server_time import ms
from tests.bench.sliders import EMPTY, EMPTY_TUNED, ROOT, percentile, server

# Path, query and name of the section whose slider takes the server longest (`python -m tests.bench server` says which).
HEAVIEST = ("term_frequency", "section=training")
APPS = (
    ("empty page, Streamlit's settings", EMPTY, EMPTY.parent, ("", "")),
    ("empty page, this project's settings", EMPTY_TUNED, ROOT, ("", "")),
    (f"{HEAVIEST[0]}, {HEAVIEST[1]}", ROOT / "streamlit_app.py", ROOT, HEAVIEST),
)
COUNTS = (1, 5, 10, 20)


def measure(quick: bool) -> list[tuple[str, ...]]:
    """Rows of the bench table."""
    seconds = 5 if quick else 40
    rows, floors = [], {}
    for name, script, folder, page in APPS:
        for count in COUNTS[:: 3 if quick else 1]:
            with server(script, cwd=folder) as address:
                runs, each, busy = asyncio.run(together(address, page, count, seconds))
            times = [run.seconds for run in runs]
            p95 = percentile(times, 0.95)
            ratio = f"{p95 / floors.setdefault(count, p95):.2f} x"
            rows.append((name, f"{count}", f"{len(times)}", ms(statistics.median(times)), ms(p95), ratio, f"{each:.1f} MiB", f"{busy:.0%}"))
    return [("page", "sessions", "steps", "median", "p95", "ratio of p95", "memory for each", "processor"), *rows]


async def together(address: str, page: tuple[str, str], count: int, seconds: float) -> tuple[list[Run], float, float]:
    """(runs, MiB that each session added, share of one processor that the server took) of count sessions."""
    async with Session(address) as first:
        await begin(first, page)
        await steps(first, 3, random.Random(0))  # imports and caches are not a session's
        before = resident(address)
        sessions = [Session(address) for _ in range(count)]
        for session in sessions:
            await session.__aenter__()
            await begin(session, page)
        start, used = time.perf_counter(), sum(process(address).cpu_times()[:2])
        rounds = max(1, round(seconds))
        runs = await asyncio.gather(*(steps(session, rounds, random.Random(seed)) for seed, session in enumerate(sessions)))
        busy = (sum(process(address).cpu_times()[:2]) - used) / (time.perf_counter() - start)
        each = (resident(address) - before) / count
        for session in sessions:
            await session.__aexit__()
    return [run for found in runs for run in found], each, busy


async def begin(session: Session, page: tuple[str, str]) -> None:
    """Open the first page, as most readers do, and go on from there."""
    await session.open()
    if page[0]:
        await session.open(*page)


async def steps(session: Session, rounds: int, chance: random.Random) -> list[Run]:
    """One step of the first slider in each second, at a moment drawn for this reader; a late answer delays the next step."""
    runs = []
    await asyncio.sleep(chance.random())
    for _ in range(rounds):
        end = time.perf_counter() + 1
        widget = session.sliders()[0]
        runs.append(await session.move(widget, another(widget, session.values[widget.id], chance)))
        await asyncio.sleep(max(0.0, end - time.perf_counter()))
    return runs


def another(widget, value, chance: random.Random):
    """A value of a slider, drawn at random, that differs from the one it has."""
    if widget.options:
        return [chance.choice([option for option in widget.options if [option] != value] or widget.options)]
    stops = round((widget.proto.max - widget.proto.min) / widget.proto.step)
    found = value
    while found == value and stops:
        found = min(widget.proto.max, widget.proto.min + chance.randint(0, stops) * widget.proto.step)
    return found
