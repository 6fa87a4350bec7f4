"""Whether the server's memory grows: over 1,000 reruns of one session, and over sessions opened and closed.

Growth is the slope of a straight line through the second half (the first fills caches and what Streamlit keeps of closed
sessions: 128 of them, for two minutes), with the standard error of least squares. Residuals of memory are not
independent, so the true error is larger.
"""

import asyncio
import os
import random

import numpy as np

from tests.bench.client import Session, resident
from tests.bench.sessions import HEAVIEST, another
from tests.bench.sliders import EMPTY, EMPTY_TUNED, ROOT, server

WATCHED = EMPTY.with_name("watched_app.py")
APPS = (
    ("empty page, Streamlit's settings", EMPTY, EMPTY.parent, ("", "")),
    ("empty page, this project's settings", EMPTY_TUNED, ROOT, ("", "")),
    ("here", ROOT / "streamlit_app.py", ROOT, HEAVIEST),
)
SAMPLES = 100


def measure(quick: bool) -> list[tuple[str, ...]]:
    """Rows of the bench table."""
    reruns, sessions = (200, 60) if quick else (1_000, 400)
    rows = []
    for name, script, folder, page in APPS:
        os.environ["BENCH_APP"] = str(script)
        with server(WATCHED, cwd=folder) as address:
            rows.append(row(f"{name}: {reruns:,} steps of a slider", *asyncio.run(one_session(address, page, reruns)), "step"))
        with server(WATCHED, cwd=folder) as address:
            rows.append(row(f"{name}: {sessions} sessions", *asyncio.run(many_sessions(address, page, sessions)), "session"))
    with server(WATCHED, cwd=ROOT) as address:
        visits, *found = asyncio.run(all_pages(address, 2 if quick else 10))
        rows.append(row(f"here: {visits:,} sections opened, each with a step of each slider", *found, "section"))
    return [("what", "at the start", "half way", "at the end", "growth in the second half", "objects at the end of each half"), *rows]


def row(name: str, memory: list[tuple[int, float]], objects: list[int], unit: str) -> tuple[str, ...]:
    """One row of the table. memory: (count so far, MiB); objects: half way and at the end."""
    half = memory[len(memory) // 2 :]
    slope, error = line(*zip(*half, strict=True))
    count = half[-1][0] - half[0][0]
    more = (objects[1] - objects[0]) / count
    return (
        name,
        f"{memory[0][1]:.0f} MiB",
        f"{half[0][1]:.0f} MiB",
        f"{memory[-1][1]:.0f} MiB",
        f"{slope * 1024:.2f} ± {error * 1024:.2f} KiB a {unit}",
        f"{objects[0]:,} and {objects[1]:,} ({more:+.1f} a {unit})",
    )


def line(x, y) -> tuple[float, float]:
    """(slope, its standard error) of the straight line of least squares."""
    x, y = np.asarray(x, float), np.asarray(y, float)
    dx = x - x.mean()
    slope = (dx * y).sum() / (dx * dx).sum()
    left = y - y.mean() - slope * dx
    return float(slope), float(np.sqrt((left * left).sum() / max(1, len(x) - 2) / (dx * dx).sum()))


async def one_session(address: str, page: tuple[str, str], reruns: int) -> tuple[list[tuple[int, float]], list[int]]:
    """(memory, objects) over steps of one slider to values drawn at random."""
    chance, memory, objects = random.Random(1), [], []
    async with Session(address) as session:
        await session.open()
        await session.open(*page)
        for count in range(reruns + 1):
            if count % max(1, reruns // SAMPLES) == 0:
                memory.append((count, resident(address)))
            if count in (reruns // 2, reruns):
                objects.append(await count_objects(address))
            widget = session.sliders()[0]
            await session.move(widget, another(widget, session.values[widget.id], chance))
    return memory, objects


async def many_sessions(address: str, page: tuple[str, str], sessions: int) -> tuple[list[tuple[int, float]], list[int]]:
    """(memory, objects) over sessions that open a page, move a slider and close, one after the other."""
    chance, memory, objects = random.Random(2), [], []
    for count in range(sessions + 1):
        if count % max(1, sessions // SAMPLES) == 0:
            memory.append((count, resident(address)))
        if count in (sessions // 2, sessions):
            objects.append(await count_objects(address))
        async with Session(address) as session:
            await session.open()
            await session.open(*page)
            widget = session.sliders()[0]
            await session.move(widget, another(widget, session.values[widget.id], chance))
    return memory, objects


async def all_pages(address: str, rounds: int) -> tuple[int, list[tuple[int, float]], list[int]]:
    """(sections opened, memory, objects) of one session that opens every section of every page and moves every slider there."""
    from pages.components.registry import ENTRIES
    from tests.bench.server_time import sections

    where = [(entry.path, query) for entry in ENTRIES for _name, query in await sections(address, entry.path)]
    chance, memory, objects, visits = random.Random(3), [], [], 0
    async with Session(address) as session:
        await session.open()
        for number in range(rounds):
            for path, query in where:
                await session.open(path, query)
                for index in range(len(session.sliders())):
                    widget = session.sliders()[index]
                    await session.move(widget, another(widget, session.values[widget.id], chance))
                visits += 1
                if visits % max(1, rounds * len(where) // SAMPLES) == 0:
                    memory.append((visits, resident(address)))
            if number + 1 in (rounds // 2, rounds):
                objects.append(await count_objects(address))
    return visits, memory, objects


async def count_objects(address: str) -> int:
    """How many objects the collector of the server knows, frozen ones included."""
    async with Session(address) as session:
        await session.open("", "objects=1")
        return int(next(node.proto.body for node in session.nodes.values() if node.kind == "text"))
