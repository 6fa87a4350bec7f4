"""Readers who click through all pages at random for half an hour: whether anything fails, and whether memory grows.

Each session has its own seed, so a failure can be found again. Controls that train, load a model or wait for a file are
left alone; every other one is moved to values that it offers.
"""

import asyncio
import os
import random
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from tests.bench.client import Session, Widget, resident
from tests.bench.memory import WATCHED, line
from tests.bench.sessions import another
from tests.bench.sliders import ROOT, server

LEFT_ALONE = {"engine"}  # starts the worker with torch
SAMPLE = 30  # seconds between two looks at the memory
TEXTS = ("", "1", "abc", "<b>&amp;", "*a* [b](c) $d$", "7" * 40, "é\u202e漢")


@dataclass
class Log:
    """What happened to all sessions together."""

    runs: int = 0
    seconds: list[tuple[float, str]] = field(default_factory=list)
    failures: Counter = field(default_factory=Counter)
    refusals: Counter = field(default_factory=Counter)
    memory: list[tuple[float, float]] = field(default_factory=list)
    pages: dict[str, set[str]] = field(default_factory=dict)  # where each control was seen


def measure(quick: bool, minutes: float = 30, sessions: int = 10) -> list[tuple[str, ...]]:
    """Rows of the bench table."""
    minutes = min(minutes, 2) if quick else minutes
    with tempfile.TemporaryDirectory() as folder:
        errors = Path(folder) / "errors.txt"
        os.environ |= {"BENCH_APP": str(ROOT / "streamlit_app.py"), "BENCH_LOG": str(errors), "DECKS": f"{folder}/decks"}
        with server(WATCHED, cwd=ROOT) as address:
            log = asyncio.run(soak(address, minutes * 60, sessions))
        del os.environ["BENCH_LOG"], os.environ["DECKS"]
        written = errors.read_text(errors="replace") if errors.exists() else ""
    if not log.runs or not log.memory:
        return [("no run ended", "times"), *((what, f"{count}") for what, count in log.failures.most_common())]
    half = log.memory[len(log.memory) // 2 :]
    slope, error = line(*zip(*half, strict=True)) if len(half) > 2 else (float("nan"),) * 2
    twice = {key: sorted(where) for key, where in log.pages.items() if len(where) > 1}
    rows = [
        ("what", "found"),
        ("sessions, minutes, runs", f"{sessions}, {minutes:g}, {log.runs:,}"),
        (
            "seconds of a run: median, p99, longest",
            ", ".join(f"{log.seconds[int(share * (log.runs - 1))][0]:.2f} s" for share in (0.5, 0.99, 1)),
        ),
        ("memory at the start, half way, at the end", ", ".join(f"{log.memory[at][1]:.0f} MiB" for at in (0, len(log.memory) // 2, -1))),
        ("growth in the second half", f"{slope * 60:.2f} ± {error * 60:.2f} MiB a minute"),
        ("uncaught errors", f"{sum(log.failures.values())}"),
        ("tracebacks in the server's own output", f"{written.count('Traceback')}"),
        ("controls with one name on two pages", f"{twice or 'none'}"),
        ("settings refused with a sentence", f"{sum(log.refusals.values())}, {len(log.refusals)} sentences"),
    ]
    rows += [("slow", f"{seconds:.1f} s: {what}") for seconds, what in log.seconds[:-6:-1]]
    rows += [("failed", f"{count} x {what}") for what, count in log.failures.most_common(40)]
    rows += [("refused", f"{count} x {what}") for what, count in log.refusals.most_common(40)]
    if written:
        print(written[-4000:])
    return rows


async def soak(address: str, seconds: float, sessions: int) -> Log:
    """The log of so many sessions for so many seconds."""
    log, end = Log(), time.monotonic() + seconds
    watch = asyncio.create_task(watch_memory(address, log, min(SAMPLE, seconds / 20)))
    await asyncio.gather(*(reader(address, log, end, random.Random(seed)) for seed in range(sessions)))
    watch.cancel()
    log.seconds.sort()
    return log


async def watch_memory(address: str, log: Log, every: float) -> None:
    """Note the server's memory now and then, against seconds, from one interval on."""
    start = time.monotonic()
    while True:
        await asyncio.sleep(every)
        log.memory.append((time.monotonic() - start, resident(address)))


async def reader(address: str, log: Log, end: float, chance: random.Random) -> None:
    """One reader until the end; comes back as a new session now and then, and after whatever breaks the connection."""
    while time.monotonic() < end:
        try:
            async with Session(address) as session:
                await do(log, session, "open the first page", session.open())
                for _ in range(chance.randint(50, 400)):
                    if time.monotonic() > end:
                        return
                    await act(log, session, chance)
                    await asyncio.sleep(chance.uniform(0.1, 0.6))
        except Exception as problem:  # noqa: BLE001 - noted, and the soak goes on
            log.failures[f"connection: {type(problem).__name__}: {problem}"] += 1
            await asyncio.sleep(1)


async def act(log: Log, session: Session, chance: random.Random) -> None:
    """One thing that a reader does, at random: another page, another section, an export, or another value of a control."""
    from pages.components.registry import ENTRIES

    widgets = [widget for widget in session.widgets() if widget.key not in LEFT_ALONE]
    parts = [widget for widget in widgets if widget.opens_sections]
    rows = [node for node in session.nodes.values() if node.kind == "bidi_component" and "-row-" in node.proto.id]
    what = chance.random()
    if what < 0.1 or not widgets:
        path = chance.choice(ENTRIES).path
        await do(log, session, f"open {path}", session.open(path))
    elif what < 0.2 and parts:
        name = chance.choice(parts[0].options)
        await do(log, session, f"open section {name}", session.move(parts[0], [name]))
    elif what < 0.23 and rows:
        row, button = chance.choice(rows), chance.choice(("csv", "html", "deck"))
        await do(log, session, f"press {button} of {row.proto.id.partition('-row-')[2]}", session.press(row, "press", button))
    else:
        widget = chance.choice(widgets)
        value = drawn(widget, session.values[widget.id], chance)
        await do(log, session, f"{widget.key or widget.label} = {value!r}", session.move(widget, value))


def drawn(widget: Widget, value, chance: random.Random):
    """A value that a control offers, at random; ends of a range more often than others."""
    match widget.kind:
        case "slider":
            if not widget.options and chance.random() < 0.3:
                return chance.choice((widget.proto.min, widget.proto.max))
            return another(widget, value, chance)
        case "selectbox" | "radio":
            return chance.choice(widget.options)
        case "button_group":
            return [chance.choice(widget.options)]
        case "multiselect":
            return chance.sample(widget.options, chance.randint(0, min(4, len(widget.options))))
        case "checkbox":
            return not value
        case "number_input":
            low, high = (max(widget.proto.min, -1e15), min(widget.proto.max, 1e15))
            whole = widget.proto.data_type == widget.proto.INT
            return chance.choice((low, high, float(chance.randint(int(low), int(high))) if whole else chance.uniform(low, high)))
        case _:
            return chance.choice(TEXTS)[: widget.proto.max_chars or None]


async def do(log: Log, session: Session, what: str, run) -> None:
    """Wait for a run, and note what went wrong on the page."""
    before = session.path or "overview", session.query()
    try:
        done = await run
    except TimeoutError:
        log.failures[f"no answer: {what} at {'?'.join(before)}"] += 1
        raise
    log.runs += 1
    log.seconds.append((done.seconds, f"{what} at {'?'.join(before)}"))
    where = session.path or "overview"
    for problem in session.problems():
        log.failures[f"{problem[:200]} after {what} at {'?'.join(before)}"] += 1
    for node in session.nodes.values():
        if node.kind == "alert" and node.proto.format == node.proto.ERROR:
            log.refusals[f"{where}: {node.proto.body[:160]}"] += 1
    for widget in session.widgets():
        if widget.key:
            log.pages.setdefault(widget.key, set()).add(where)
