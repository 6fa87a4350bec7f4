"""The inside of a run's own process: waits for its device, opens the model, answers batch after batch, and keeps each at once.

Started by `analysis.probe.jobs`. It talks to nobody: everything it says is in the database, so whoever started it may go.
"""

import hashlib
import importlib
import json
import os
import platform
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from analysis.background.process import reason
from analysis.probe.spec import Item, Row, RunSpec
from analysis.probe.store import NotOurs, Run, Store, StoreError

POLL_SECONDS = 0.2
HEARTBEAT_SECONDS = 1.0
GRACE_SECONDS = 1.0
"""How long a batch may take to end after a cancellation before the process leaves in the middle of it."""
STALE_SECONDS = 60.0
"""After so long without a sign of life a process on another machine counts as dead; on this one its number says so at once."""
NOTE_BYTES = 512
MAX_QUESTIONS = "PROBE_MAX_QUESTIONS"
"""The environment variable with the most questions that one run may ask."""


@dataclass(frozen=True)
class Work:
    """What an engine makes of a RunSpec: batches of questions in a fixed order, and the function that answers one batch."""

    batches: Sequence[Sequence[Item]]
    answer: Callable[[Sequence[Item]], list[Row]]
    device: str
    versions: dict = field(default_factory=dict)


def local(spec: RunSpec) -> Work:
    """The work of a run with its model on this machine."""
    from analysis.probe import inference, items, models

    opened = models.open_model(spec)
    batches = inference.batches(items.items_of(spec, opened), opened, spec)
    facts = {"dtype": opened.dtype, "revision": opened.revision}
    return Work(batches, lambda batch: inference.answer(opened, spec, list(batch)), opened.device, dict(opened.versions) | facts)


def engine_of(target: str) -> Callable[[RunSpec], Work]:
    """The engine written "module:function"."""
    module, _, function = target.partition(":")
    return getattr(importlib.import_module(module), function)


def max_questions() -> int:
    """The most questions that one run may ask."""
    return int(os.environ.get(MAX_QUESTIONS) or 100_000)


# --- processes and devices ---------------------------------------------------------------------------------------------


def process_start(pid: int) -> str:
    """What tells a process from a later one with the same number: its machine and when it started; "" if it does not run."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        if stat[0] in "ZX":  # ended, and its parent has not asked yet
            return ""
        boot = Path("/proc/sys/kernel/random/boot_id").read_text()[:8]
        return f"{platform.node()} {boot} {stat[19]}"
    except (OSError, IndexError):
        if Path("/proc/self/stat").exists():
            return ""
    try:
        shown = subprocess.run(["ps", "-o", "stat=,lstart=", "-p", str(pid)], capture_output=True, text=True, timeout=5, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    state, _, began = shown.stdout.strip().partition(" ")
    return f"{platform.node()} {began.strip()}" if began and not state.startswith("Z") else ""


def alive(run: Run) -> bool:
    """Whether the process of a run that is queued or running still exists."""
    if run.pid is None:  # its process is being started just now
        return time.time() - (run.heartbeat or run.created) < STALE_SECONDS / 6
    if run.process_start.partition(" ")[0] != platform.node():
        return time.time() - (run.heartbeat or run.created) < STALE_SECONDS
    return process_start(run.pid) == run.process_start


def lock_device(asked: str) -> str:
    """The device for which a run queues, found without loading torch.

    >>> lock_device("cpu"), lock_device("cuda")
    ('cpu', 'cuda:0')
    """
    if asked == "auto":
        return "cuda:0" if Path("/dev/nvidia0").exists() else "cpu"
    return "cuda:0" if asked == "cuda" else asked


@contextmanager
def device_lock(folder: Path, device: str, may_try: Callable[[], bool], wait: Callable[[], None]) -> Iterator[None]:
    """Hold the device while inside: one process at a time, and the lock goes with the process however that ends.

    may_try: whether it is our turn. wait: called between attempts; raises to give up.
    """
    from filelock import FileLock, Timeout

    name = "".join(character if character.isalnum() else "-" for character in device)[:40]
    # A soft lock would outlive a process that was killed.
    lock = FileLock(folder / f"device-{name}.lock", timeout=0, fallback_to_soft=False)
    while True:
        if may_try():
            with suppress(Timeout), lock:
                yield
                return
        wait()


# --- the run -----------------------------------------------------------------------------------------------------------


class Attempt:
    """One process's work on one run."""

    def __init__(self, store: Store, run: str) -> None:
        self.store, self.id = store, run
        self.me = (os.getpid(), process_start(os.getpid()))
        self.note = store.path.parent / f"{run}.note"
        self.cancelled = threading.Event()

    def claim(self) -> bool:
        """Take the run; False where it was cancelled or is another process's by now."""
        # Room for a last word is taken now: on a full disk it can still be written in place.
        self.note.write_bytes(b" " * NOTE_BYTES)
        free = "state = 'queued' AND cancel = 0 AND (pid IS NULL OR pid = ?)"
        return self.store.update(self.id, free, (self.me[0],), pid=self.me[0], process_start=self.me[1], heartbeat=time.time())

    def set(self, **values) -> None:
        """Change columns of the run; raises NotOurs where it is not this process's any more."""
        if not self.store.update(self.id, "state IN ('queued', 'running') AND pid = ? AND process_start = ?", self.me, **values):
            raise NotOurs(self.id)

    def watch(self) -> None:
        """In a thread: show that the process lives, and leave soon after somebody cancels, even in the middle of a batch."""
        last, asked = time.monotonic(), None
        while True:
            time.sleep(POLL_SECONDS)
            try:
                run = self.store.run(self.id)
                if (run.pid, run.process_start) != self.me or not run.live:
                    continue  # the main thread is about to end, or finds out with its next batch
                if run.cancel:
                    self.cancelled.set()
                    asked = asked or time.monotonic()
                    if time.monotonic() - asked > GRACE_SECONDS:
                        self.end("cancelled", cancelled_words(run))
                        os._exit(0)
                if time.monotonic() - last > HEARTBEAT_SECONDS:
                    self.set(heartbeat=time.time())
                    last = time.monotonic()
            except (ValueError, NotOurs):
                continue

    def end(self, state: str, message: str) -> None:
        """Say how it ended: in the database, or where that cannot be written in the note kept for this."""
        now = time.time()
        try:
            self.set(state=state, message=message[:1000], finished=now, heartbeat=now)
        except StoreError as error:
            words = f"{state}: {message if state == 'failed' else error}".encode()[:NOTE_BYTES]
            with open(self.note, "r+b") as file:
                file.write(words.ljust(NOTE_BYTES))
            return
        except NotOurs:
            return
        self.note.unlink(missing_ok=True)

    def wait(self) -> None:
        """Between two looks at the device."""
        if self.cancelled.wait(POLL_SECONDS):
            raise NotOurs(self.id)

    def is_next(self, device: str) -> bool:
        """Whether no earlier run waits for the device; says for which one this run waits."""
        runs = [run for run in self.store.runs(live=True) if run.device == device]
        mine = next((run for run in runs if run.id == self.id), None)
        if mine is None:
            raise NotOurs(self.id)
        ahead = [run for run in runs if run.id != self.id and alive(run) and (run.state == "running" or run.created < mine.created)]
        words = f"waits for {device}: {len(ahead)} run{'s' * (len(ahead) != 1)} before it" if ahead else f"waits for {device}"
        if words != mine.message:
            self.set(message=words)
        return not any(run.state == "queued" for run in ahead)

    def answer(self, engine: Callable[[RunSpec], Work], device: str) -> None:
        """Answer every question that has no row yet."""
        run = self.store.run(self.id)
        self.set(state="running", started=time.time(), message="opens the model", finished=None)
        work = engine(run.spec)
        ids = [item.item_id for batch in work.batches for item in batch]
        if len(set(ids)) != len(ids):
            raise ValueError("two questions of this run have the same id, so their answers could not be told apart")
        if len(ids) > max_questions():
            raise ValueError(f"limit: this run asks {len(ids):,} questions, and at most {max_questions():,} may be asked; set a limit")
        asked = fingerprint(work.batches)
        if run.asked and run.asked != asked:
            raise ValueError("the questions of this run are not those it began with (other files, or another version); start a new run")
        finished = self.store.finished(self.id)
        versions = {**work.versions, "device": work.device}
        if run.versions and {**run.versions, "resumed_with": None} != {**versions, "resumed_with": None}:
            versions = {**run.versions, "resumed_with": versions}
        self.set(
            total=len(ids),
            asked=asked,
            message="answers",
            answering=time.time(),
            done_before=len(finished),
            heartbeat=time.time(),
            versions=json.dumps(versions, sort_keys=True, default=str),
        )
        for batch in work.batches:
            if self.cancelled.is_set():
                self.end("cancelled", cancelled_words(self.store.run(self.id)))
                return
            if any(item.item_id not in finished for item in batch):
                self.store.append(self.id, work.answer(batch), self.me)
        self.end("done", "")


def cancelled_words(run: Run) -> str:
    """What is said of a run that was cancelled."""
    return f"cancelled; {run.done:,} finished rows are kept" if run.done else "cancelled before the first row"


def fingerprint(batches: Sequence[Sequence[Item]]) -> str:
    """A hash of the questions of a run in their order: two attempts with the same one ask the same."""
    digest = hashlib.sha256()
    for batch in batches:
        for item in batch:
            digest.update(json.dumps([item.item_id, item.prompt, item.answer, item.choices, item.token_ids]).encode())
    return digest.hexdigest()[:16]


def carry_out(store: Store, run: str, engine: Callable[[RunSpec], Work]) -> None:
    """Do a run in this process, from the questions that have no row yet to the end, and say in the database how it went."""
    attempt = Attempt(store, run)
    if not attempt.claim():
        return
    threading.Thread(target=attempt.watch, daemon=True).start()
    device = store.run(run).device
    try:
        with device_lock(store.path.parent, device, lambda: attempt.is_next(device), attempt.wait):
            attempt.answer(engine, device)
    except NotOurs:
        if attempt.cancelled.is_set():
            attempt.end("cancelled", cancelled_words(store.run(run)))
    except BaseException as error:  # noqa: BLE001 - whatever it was, the run must not look alive
        traceback.print_exc()
        words = str(error) if isinstance(error, StoreError) else "the disk is full" if is_full(error) else reason(error)
        attempt.end("failed", words)


def is_full(error: BaseException) -> bool:
    """Whether an error means that a disk is full."""
    return isinstance(error, OSError) and error.errno in (28, 122)


def main(argv: Sequence[str]) -> None:
    """Database, run and engine, as `jobs` passes them."""
    database, run, target = argv
    if hasattr(os, "nice"):
        os.nice(5)  # whoever looks at a page comes first
    carry_out(Store(Path(database)), run, engine_of(target))
    sys.stdout.flush()
    os._exit(0)  # without waiting for threads of libraries


if __name__ == "__main__":
    from analysis.probe.jobs_process import main as work

    work(sys.argv[1:])
