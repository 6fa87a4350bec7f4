"""One warm process beside the server for what needs torch or transformers: exact counts and small trainings.

The server never imports those packages: they take seconds to load and slow down every rerun of every page. A page
submits a task by name and watches its job; tasks run one after another in a process that stays warm between them.

    job = shared_worker().submit("versions", {})
    job.status      # "queued", "running", "done", "failed" or "cancelled"
    job.progress    # (done, total, message)
    job.result(timeout=60)

Both sides write one JSON object a line. To the process: {"job", "target", "arguments"} or {"cancel": job}. From it:
{"job", "progress"}, then one of {"job", "result"}, {"job", "error", "details"} and {"job", "cancelled"}. The other side
of the conversation, which runs in the process itself, is `analysis.background.process`.
"""

import atexit
import itertools
import json
import logging
import os
import re
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from analysis.background.process import PAYLOAD_BYTES, Cancelled, encode

ROOT = Path(__file__).parents[2]
GRACE_SECONDS = 2.0
"""How long a running task may take to notice that it was cancelled before its process is killed."""

TASKS: Mapping[str, str] = MappingProxyType(
    {
        "echo": "analysis.background.process:echo",
        "versions": "analysis.background.process:versions",
        "exact_param_counts": "analysis.transformer.exact:task",
        "replay_elo": "analysis.judges.elo:task",
        "train_preferences": "analysis.preference.training:task",
        "self_instruct": "analysis.small_models.self_instruct:task",
    }
)
"""What may be asked for, by name: the module and the function task(arguments, progress) that answers it.

arguments is a dict and the answer a value that JSON can carry (numpy arrays arrive as lists, dictionary keys as text).
progress(done, total, message) reports how far the task is; it raises `Cancelled` when nobody wants the answer any more.
"""

log = logging.getLogger(__name__)


class WorkerError(RuntimeError):
    """A task failed. Its text is one sentence for the reader; `details` holds the traceback where there is one."""

    def __init__(self, message: str, details: str = "") -> None:
        super().__init__(message)
        self.details = details


class Job:
    """One task that was asked for. Made by `Worker.submit`; may be watched and cancelled from any thread."""

    def __init__(self, worker: "Worker", number: int, request: bytes) -> None:
        self.number = number
        self.status = "queued"
        self.progress: tuple[float, float, str] = (0, 0, "")
        self._worker, self._request = worker, request
        self._answer: Any = None
        self._cancel_asked = False
        self._ended = threading.Event()

    def result(self, timeout: float | None = None) -> Any:
        """What the task returned, once it is done.

        timeout [s]: how long to wait for it; None waits as long as it takes.

        Raises TimeoutError when it is not done by then, WorkerError when the task failed, Cancelled when it was cancelled.
        """
        if not self._ended.wait(timeout):
            raise TimeoutError(f"the task is not done after {timeout:g} s; it is {self.status}")
        if isinstance(self._answer, Exception):
            raise self._answer
        return self._answer

    def cancel(self) -> None:
        """Ask the task to stop; after GRACE_SECONDS its process is killed. Nothing happens when it has ended."""
        self._worker._cancel(self)

    def _end(self, status: str, answer: Any) -> None:
        self.status, self._answer = status, answer
        self._request = b""  # a finished job is kept by the page that shows it; its arguments need not be
        self._ended.set()


class Worker:
    """The server's end of the process. One is enough for all sessions: see `shared_worker`.

    idle_timeout [s]: stop the process after so long without a task and start it again with the next; None keeps it.
    tasks: what may be asked for, {name: "module:function"}; a test passes its own.

    Raises ValueError for a task that is not written "module:function".

    >>> with Worker() as worker:
    ...     worker.submit("echo", {"N": [1, 2]}).result(timeout=60)
    {'N': [1, 2]}
    """

    def __init__(self, idle_timeout: float | None = None, tasks: Mapping[str, str] = TASKS) -> None:
        for name, target in tasks.items():
            if not re.fullmatch(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*", target):
                raise ValueError(f'tasks[{name!r}] must be written "module:function", got {target!r}')
        self.tasks = dict(tasks)
        self.idle_timeout = idle_timeout
        self._queue: deque[Job] = deque()
        self._current: Job | None = None
        self._process: subprocess.Popen | None = None
        self._thread: threading.Thread | None = None
        self._stopped = False
        self._state = threading.Condition()  # guards everything above
        self._writing = threading.Lock()  # keeps lines to the process whole
        self._numbers = itertools.count(1)

    def submit(self, task: str, arguments: Mapping[str, Any]) -> Job:
        """The job that will carry out a task; returns at once.

        task: a name in `tasks`.
        arguments: what the task takes; values that JSON can carry, and numpy arrays, which arrive as lists.

        Raises ValueError for an unknown task and for arguments that JSON cannot carry or that exceed PAYLOAD_BYTES,
        WorkerError after `stop`.
        """
        if task not in self.tasks:
            raise ValueError(f"task must be one of {', '.join(sorted(self.tasks))}; got {task!r}")
        number = next(self._numbers)
        try:
            request = encode({"job": number, "target": self.tasks[task], "arguments": dict(arguments)})
        except (TypeError, ValueError) as error:
            raise ValueError(f"arguments of the task {task!r} must be values that JSON can carry: {error}") from error
        if len(request) > PAYLOAD_BYTES:
            raise ValueError(f"arguments of the task {task!r} take {len(request):,} bytes; at most {PAYLOAD_BYTES:,} are accepted")
        job = Job(self, number, request)
        with self._state:
            if self._stopped:
                raise WorkerError("the worker was stopped; no further task is accepted")
            self._queue.append(job)
            if self._thread is None:
                self._thread = threading.Thread(target=self._serve, name="analysis.background.worker", daemon=True)
                self._thread.start()
            self._state.notify_all()
        return job

    def stop(self) -> None:
        """End the process and cancel what is queued or running. The worker takes no task after that."""
        with self._state:
            self._stopped = True
            while self._queue:
                self._queue.popleft()._end("cancelled", Cancelled("the worker was stopped"))
            if self._current is not None:
                self._current._cancel_asked = True
            self._kill()
            self._state.notify_all()
            thread = self._thread
        if thread is not None:
            thread.join(timeout=5)

    def __enter__(self) -> "Worker":
        """The worker itself, to be stopped at the end of a with block."""
        return self

    def __exit__(self, *_exception: object) -> None:
        """Stop the worker."""
        self.stop()

    # --- one thread takes job after job and sees each to its end -----------------------------------------------------

    def _serve(self) -> None:
        while (job := self._next_job()) is not None:
            try:
                self._carry_out(job)
            except Exception as error:
                log.exception("the worker's thread failed")
                job._end("failed", WorkerError(f"the worker process could not be used: {error}"))
            with self._state:
                self._current = None

    def _next_job(self) -> Job | None:
        with self._state:
            while not self._queue and not self._stopped:
                idle = self._process is not None and self.idle_timeout is not None
                if not self._state.wait(self.idle_timeout if idle else None):
                    self._kill()
            if self._stopped:
                return None
            job = self._current = self._queue.popleft()
            job.status = "running"
            return job

    def _start(self) -> subprocess.Popen:
        # A session of its own: Ctrl-C in the terminal reaches the server only, which then ends its worker itself.
        process = subprocess.Popen(
            [sys.executable, "-m", "analysis.background.process"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        threading.Thread(target=self._sweep, args=(process,), name="analysis.background.worker sweep", daemon=True).start()
        return process

    def _sweep(self, process: subprocess.Popen) -> None:
        """Wait for the process to end, then end whatever it had started: it would hold the pipe open and outlive us."""
        process.wait()
        kill_session(process.pid)
        with self._state:
            if self._process is process:
                self._process = None

    def _carry_out(self, job: Job) -> None:
        with self._state:
            if job._cancel_asked:
                return job._end("cancelled", Cancelled("the task was cancelled"))
            if self._process is None or self._process.poll() is not None:
                self._process = self._start()
            process = self._process
        self._write(process, job._request)
        assert process.stdout is not None  # `_start` asks for a pipe
        for line in process.stdout:
            try:
                message = json.loads(line)
                number = message["job"]
            except (ValueError, TypeError, KeyError):
                log.warning("the worker process wrote something that is not a message: %r", line[:200])
                continue
            if number != job.number:
                continue
            if "progress" in message:
                job.progress = tuple(message["progress"])
            elif "result" in message:
                return job._end("done", message["result"])
            elif "cancelled" in message:
                return job._end("cancelled", Cancelled("the task was cancelled"))
            else:
                return job._end("failed", WorkerError(message["error"], message.get("details", "")))
        if job._cancel_asked:
            return job._end("cancelled", Cancelled("the task was cancelled"))
        return job._end("failed", WorkerError(death(process.wait())))

    def _write(self, process: subprocess.Popen, line: bytes) -> None:
        try:
            with self._writing:
                assert process.stdin is not None
                process.stdin.write(line)
                process.stdin.flush()
        except OSError:
            pass  # the process is gone, which whoever reads from it finds out

    def _cancel(self, job: Job) -> None:
        with self._state:
            if job in self._queue:
                self._queue.remove(job)
                job._end("cancelled", Cancelled("the task was cancelled"))
            if job is not self._current or job._cancel_asked:
                return
            job._cancel_asked = True
            process = self._process
        timer = threading.Timer(GRACE_SECONDS, self._kill_if_still, args=(job,))
        timer.daemon = True
        timer.start()
        if process is not None:
            self._write(process, encode({"cancel": job.number}))

    def _kill_if_still(self, job: Job) -> None:
        with self._state:
            if job is self._current and not job._ended.is_set():
                self._kill()

    def _kill(self) -> None:
        process, self._process = self._process, None
        if process is not None and process.poll() is None:  # the number of an ended process may be another's by now
            kill_session(process.pid)
            process.wait()


def kill_session(pid: int) -> None:
    """Kill the process and everything it started; nothing happens if there is nothing left."""
    try:
        if hasattr(os, "killpg"):
            os.killpg(pid, signal.SIGKILL)
        else:
            os.kill(pid, signal.SIGTERM)  # Windows: ends the process at once
    except OSError:
        pass


def death(status: int) -> str:
    """One sentence on how the process ended: status is its exit status, negative for the signal that killed it.

    >>> death(-9)
    'the worker process was killed (signal 9), probably out of memory; the next request starts a new one'
    >>> death(3)
    'the worker process ended before the task was done (exit status 3, see the log); the next request starts a new one'
    """
    if status == -9:
        how = "was killed (signal 9), probably out of memory"
    elif status < 0:
        how = f"crashed (signal {-status}, see the log)"
    else:
        how = f"ended before the task was done (exit status {status}, see the log)"
    return f"the worker process {how}; the next request starts a new one"


IDLE_SECONDS = 900.0
"""After so long without a task the shared worker gives its memory back, on the GPU as well."""

_shared: Worker | None = None
_sharing = threading.Lock()


def shared_worker() -> Worker:
    """The one worker of this Python process, made on first use and stopped when Python ends."""
    global _shared  # noqa: PLW0603 - one per process is its purpose
    with _sharing:
        if _shared is None:
            _shared = Worker(idle_timeout=IDLE_SECONDS)
            atexit.register(_shared.stop)
        return _shared
