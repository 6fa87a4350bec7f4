"""Runs in processes of their own: started, watched, cancelled and resumed by anybody who has the database.

jobs = Jobs()
run = jobs.submit(RunSpec(model="bundled", probe="term_frequency"))
jobs.run(run).done, jobs.run(run).state

A run outlives the page, the browser and the server. One process at a time uses a device; the others are queued in the order in
which they were made.
"""

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from analysis.probe.jobs_process import GRACE_SECONDS, alive, cancelled_words, lock_device, max_questions, process_start
from analysis.probe.spec import RunSpec
from analysis.probe.store import LIVE, ROOT, Run, Store

ENGINES: Mapping[str, str] = MappingProxyType({"local": "analysis.probe.jobs_process:local"})
"""What may answer a run, by name: "module:function" that makes a `Work` of a RunSpec. The database holds names only."""
TARGET = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*")
MAX_LIVE = "PROBE_MAX_QUEUED"
"""The environment variable with the most runs that may be queued or running at once."""
CLUSTER = "ray"
"""The device of runs whose rows come from a cluster; their process is the sweep that collects them."""
KILL_SECONDS = GRACE_SECONDS + 0.7
"""After so long a cancelled process that has not left is killed: cancelling takes less than two seconds."""


def max_live() -> int:
    """The most runs that may be queued or running at once."""
    return int(os.environ.get(MAX_LIVE) or 20)


class Jobs:
    """The runs of one database. store: where they are kept, by default runs/probe.sqlite. engines: like ENGINES."""

    def __init__(self, store: Store | None = None, engines: Mapping[str, str] | None = None) -> None:
        self.store = store or Store()
        self.engines = dict(ENGINES if engines is None else engines)
        if bad := [name for name, target in self.engines.items() if not TARGET.fullmatch(target)]:
            raise ValueError(f'engines[{bad[0]!r}] must be written "module:function", got {self.engines[bad[0]]!r}')

    def submit(self, spec: RunSpec, engine: str = "local") -> str:
        """The id of a new run, whose process is on its way. Raises ValueError where it is refused: unknown engine, too many runs."""
        if engine not in self.engines:
            raise ValueError(f"engine: {engine[:40]!r} is not one of {', '.join(self.engines)}")
        if spec.limit > max_questions():
            raise ValueError(f"limit: {spec.limit:,} questions are more than the {max_questions():,} that a run may ask")
        run = self.store.add(spec, engine, lock_device(spec.device), max_live())
        self._start(run, engine)
        return run

    def runs(self, newest: int | None = None) -> list[Run]:
        """All runs, the newest first, with those whose process is gone marked as interrupted."""
        return [self._seen(run) for run in self.store.runs(newest)]

    def run(self, run: str) -> Run:
        """One run, by its id or the beginning of it. Raises ValueError where there is none, or several."""
        return self._seen(self.store.run(run))

    def resume(self, run: str) -> str:
        """Let a run that has stopped go on after its last whole batch; its full id. Raises ValueError where there is nothing to do."""
        found = self.run(run)
        if found.live:
            raise ValueError(f"run: {found.id} is {found.state} already")
        if found.state == "done":
            raise ValueError(f"run: {found.id} is complete; all its {found.done:,} rows are there")
        if found.engine not in self.engines:
            raise ValueError(
                f"run: {found.id} was made with the engine {found.engine[:40]!r}, which is not one of {', '.join(self.engines)}"
            )
        if sum(other.live for other in self.runs()) >= max_live():
            raise ValueError(f"{max_live()} runs are queued or running, and no more may be; wait for one, or cancel it")
        again = {
            "state": "queued",
            "message": "waits for its process",
            "cancel": 0,
            "pid": None,
            "process_start": "",
            "finished": None,
            "answering": None,
            "device": lock_device(found.spec.device),
            "heartbeat": time.time(),
        }
        if not self.store.update(found.id, "state = ?", (found.state,), **again):
            raise ValueError(f"run: {found.id} has just been resumed by somebody else")
        (self.store.path.parent / f"{found.id}.note").unlink(missing_ok=True)
        self._start(found.id, found.engine)
        return found.id

    def cancel(self, run: str) -> Run:
        """The run, stopped within two seconds; finished rows are kept. Nothing happens to one that has ended."""
        found = self.run(run)
        self.store.update(found.id, f"state IN {LIVE}", cancel=1)
        end = time.monotonic() + KILL_SECONDS
        while (found := self.run(found.id)).live and found.pid is not None and time.monotonic() < end:
            time.sleep(0.05)
        if found.live:
            if found.pid is not None and found.device != CLUSTER and alive(found) and process_start(found.pid) == found.process_start:
                _kill(found.pid)
            # Its process has not come to life yet, or is just gone: it finds the run ended and leaves.
            same = (found.pid, found.process_start)
            self.store.update(
                found.id,
                f"state IN {LIVE} AND pid IS ? AND process_start = ?",
                same,
                state="cancelled",
                message=cancelled_words(found),
                finished=time.time(),
            )
        return self.run(found.id)

    def forget(self, run: str) -> Run:
        """The run, deleted with its rows, its log and its note. Raises ValueError where it is queued or running."""
        found = self.run(run)
        if found.live or not self.store.forget(found.id):
            raise ValueError(f"run: {found.id} is {found.state if found.live else 'queued or running again'}; cancel it first")
        for file in (self.log(found.id), self.store.path.parent / f"{found.id}.note"):
            file.unlink(missing_ok=True)
        return found

    def log(self, run: str) -> Path:
        """The file with whatever the processes of a run printed."""
        return self.store.path.parent / f"{run}.log"

    def _start(self, run: str, engine: str) -> None:
        command = [sys.executable, "-m", "analysis.probe.jobs_process", str(self.store.path), run, self.engines[engine]]
        try:
            with open(self.log(run), "ab") as log:
                # A session of its own: neither Ctrl-C in a terminal nor the end of the server reaches it.
                process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        except OSError as error:
            words = f"its process could not be started: {(error.strerror or str(error)).lower()}"
            self.store.update(run, "state = 'queued'", state="failed", message=words, finished=time.time())
            return
        start = process_start(process.pid)
        self.store.update(run, "pid IS NULL AND state = 'queued'", pid=process.pid, process_start=start)
        # Collect the process when it ends, or it would stay in the list of processes as long as this one.
        threading.Thread(target=process.wait, name="analysis.probe.jobs", daemon=True).start()

    def _seen(self, run: Run) -> Run:
        """The run, after a look whether its process is still there."""
        if not run.live or alive(run):
            return run
        state, message = "interrupted", f"its process is gone (killed, or the machine restarted); {run.done:,} finished rows are kept"
        note = self.store.path.parent / f"{run.id}.note"
        if run.cancel:
            state, message = "cancelled", cancelled_words(run)
        elif note.is_file() and (words := note.read_bytes().decode("utf-8", "replace").strip(" \0")):
            state, _, message = words.partition(": ")
        same = (run.pid, run.process_start)
        self.store.update(
            run.id,
            f"state IN {LIVE} AND pid IS ? AND process_start = ?",
            same,
            state=state,
            message=message,
            finished=run.heartbeat or run.created,
        )
        return self.store.run(run.id)


def _kill(pid: int) -> None:
    """Ask a process and all it started to end, and do not wait for an answer."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(pid, number)
        except OSError:
            return
        time.sleep(0.1)
