"""Runs in words, as the command line shows them: progress on one line, results, and a run as JSON."""

import json
import math
import sys
import time

from analysis.probe import results
from analysis.probe.jobs import Jobs
from analysis.probe.store import Run
from analysis.units import format_duration


class Line:
    """One line on the terminal that is written over; in a file, a line whenever something changed much."""

    def __init__(self) -> None:
        self.width, self.last = 0, -math.inf

    def say(self, text: str) -> None:
        """Show a text that the next one replaces."""
        if sys.stderr.isatty():
            print(f"\r{text.ljust(self.width)}", end="", file=sys.stderr, flush=True)
            self.width = len(text)
        elif time.monotonic() - self.last > 10:
            print(text, file=sys.stderr, flush=True)
            self.last = time.monotonic()

    def end(self, text: str) -> None:
        """Show a text that stays."""
        print(f"\r{text.ljust(self.width)}" if sys.stderr.isatty() else text, file=sys.stderr, flush=True)
        self.width = 0


def progress(found: Run) -> str:
    """How far a run is: count, share, rate and remaining time, or how it ended."""
    count = f"{found.done:,} of {found.total:,}" if found.total is not None else ""
    if not found.live:
        return f"{found.state} ({count})" + (f": {found.message}" if found.message else "") if count else f"{found.state}: {found.message}"
    if found.message != "answers" and found.message != "answers on the cluster":
        return f"{found.state}: {found.message}"
    rate = "" if math.isnan(found.rate) else f", {found.rate:,.1f} a second, {format_duration(found.remaining_s)} left"
    return f"{count} ({found.done / (found.total or 1):.0%}){rate}"


def print_results(jobs: Jobs, found: Run) -> None:
    """The share of right answers of a run and of its groups."""
    groups = jobs.store.groups(found.id)
    whole = results.overall(groups)
    if not whole["n"]:
        return
    word = "score" if found.state == "done" else "score so far"
    print(f"{word:>10}: {whole['score']:.1%} of {whole['n']:,} (95% interval {whole['low']:.1%} to {whole['high']:.1%})")
    table = results.summary(groups)
    if 1 < len(table) <= 12:
        for row in table.itertuples():
            print(f"{row.group[:40]:>40}  {row.score:6.1%}  ({row.low:.1%} to {row.high:.1%}, {row.n:,} questions)")


def as_json(found: Run) -> dict:
    """A run as JSON can carry it."""
    rest = {
        name: None if isinstance(value, float) and math.isnan(value) else value
        for name, value in (("rate", found.rate), ("remaining_s", found.remaining_s))
    }
    names = ("id", "engine", "device", "state", "message", "created", "started", "finished", "done", "total", "versions")
    return {name: getattr(found, name) for name in names} | {"spec": json.loads(found.spec.to_json())} | rest


def moment(seconds: float) -> str:
    """A time as it stands in lists."""
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(seconds))
