"""Results that many readers ask for: each is computed once, whoever asks meanwhile waits for it, and the last ones are kept.

    kept = Shared(most=16)
    key = digest(("fit", N, D, L, 0.001))
    kept.get(key, lambda report: slow(N, D, L, report), lambda done, total, words: bar.progress(done / total, words))

A key is made of the whole input, so only somebody who holds the same input can get a result by it.
"""

import hashlib
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from typing import Any

import numpy as np

from analysis.background.process import Cancelled
from analysis.background.worker import Worker

Report = Callable[[float, float, str], None]
GRACE_SECONDS = 3.0
"""How long a computation goes on with nobody waiting for it: a reader who moves another control comes back at once."""
POLL_SECONDS = 0.1


class Computation:
    """One computation that is under way or done."""

    def __init__(self) -> None:
        self.progress: tuple[float, float, str] = (0, 0, "")
        self.ended = threading.Event()
        self.value: Any = None
        self.problem: BaseException | None = None
        self.waiting = 0
        self.alone_since = 0.0


class Shared:
    """At most `most` results by key, those asked for longest ago go first. Failures are told to all who wait, and not kept.

    >>> kept = Shared(most=2)
    >>> [kept.get(n, lambda report, n=n: n * n) for n in (2, 3)]
    [4, 9]
    """

    def __init__(self, most: int) -> None:
        if most < 1:
            raise ValueError(f"most must be 1 or more, got {most!r}")
        self.most = most
        self._all: OrderedDict[Hashable, Computation] = OrderedDict()
        self._state = threading.Lock()  # guards the table and who waits

    def __len__(self) -> int:
        return len(self._all)

    def get(self, key: Hashable, work: Callable[[Report], Any], show: Report | None = None) -> Any:
        """The result of work(report) for this key: kept, or computed in a thread of its own, once for all who ask meanwhile.

        work calls report(done, total, words) now and then, which raises Cancelled once nobody has waited for GRACE_SECONDS.
        show(done, total, words) is called in the caller's thread while it waits; what it raises ends the waiting only.
        The result is the same object for everybody: nobody may change it. Raises what work raised.
        """
        one = self._join(key, work)
        try:
            while not one.ended.wait(POLL_SECONDS):
                if show:
                    show(*one.progress)
        finally:
            with self._state:
                one.waiting -= 1
                one.alone_since = time.monotonic()
        if one.problem is not None:
            raise one.problem
        return one.value

    def _join(self, key: Hashable, work: Callable[[Report], Any]) -> Computation:
        with self._state:
            if (one := self._all.get(key)) is None:
                one = self._all[key] = Computation()
                threading.Thread(target=self._compute, args=(key, one, work), name="analysis.background.once", daemon=True).start()
            self._all.move_to_end(key)
            one.waiting += 1
            return one

    def _compute(self, key: Hashable, one: Computation, work: Callable[[Report], Any]) -> None:
        def report(done: float, total: float, words: str) -> None:
            one.progress = (done, total, words)
            with self._state:
                if one.waiting or time.monotonic() - one.alone_since < GRACE_SECONDS:
                    return
                self._drop(key, one)  # whoever asks from here on begins anew
            raise Cancelled("nobody waits for this any more")

        try:
            one.value = work(report)
        except BaseException as problem:  # noqa: BLE001 - told to whoever waits, in their own thread
            one.problem = problem
        with self._state:
            if one.problem is not None:
                self._drop(key, one)
            one.ended.set()
            done = [key for key, other in self._all.items() if other.ended.is_set()]
            for key in done[: max(0, len(done) - self.most)]:
                del self._all[key]

    def _drop(self, key: Hashable, one: Computation) -> None:
        if self._all.get(key) is one:
            del self._all[key]


def digest(content: Any) -> str:
    """A key of the whole content: SHA-256 over numbers, texts, arrays (with kind and shape), and lists, tuples or mappings of them.

    >>> digest(("fit", np.array([1.0, 2.0]), 0.001)) == digest(("fit", np.array([1.0, 2.0]), 0.001))
    True
    >>> digest((np.array([1.0, 2.0]), 0.001)) == digest((np.array([1.0]), 2.0, 0.001))
    False
    """
    found = hashlib.sha256()

    def add(part: Any) -> None:
        if isinstance(part, np.ndarray):
            if part.dtype.hasobject:
                raise ValueError("content must hold arrays of numbers or of fixed texts, got one of Python objects")
            found.update(f"array {part.dtype.str} {part.shape} ".encode())
            found.update(np.ascontiguousarray(part).tobytes())
        elif isinstance(part, Mapping):
            found.update(b"mapping ")
            add(list(part.items()))
        elif isinstance(part, tuple | list):
            found.update(f"list {len(part)} ".encode())
            for item in part:
                add(item)
        elif isinstance(part, str | int | float | bool | None):
            text = repr(part).encode()
            found.update(f"{type(part).__name__} {len(text)} ".encode() + text)
        else:
            raise ValueError(f"content must be made of numbers, texts, arrays and tuples of them, got a {type(part).__name__}")

    add(content)
    return found.hexdigest()


def by_worker(worker: Worker, task: str, arguments: Mapping[str, Any], report: Report) -> Any:
    """What the worker's task returns; given up once report says that nobody waits any more. Raises like `Job.result`."""
    job = worker.submit(task, arguments)
    try:
        while True:
            try:
                return job.result(timeout=POLL_SECONDS)
            except TimeoutError:
                report(*job.progress)
    finally:
        job.cancel()  # nothing happens to a job that is done
