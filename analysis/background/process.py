"""The inside of the worker process: reads tasks, carries them out one after another, writes progress and results.

Started by `analysis.background.worker`, which describes the conversation. Standard input and output are set aside for it: whatever
a task or a library prints goes to standard error and so to the server's log.
"""

import importlib
import json
import os
import platform
import queue
import signal
import threading
import traceback
from collections.abc import Callable, Mapping
from importlib import metadata
from typing import Any, BinaryIO

PAYLOAD_BYTES = 64 * 2**20
"""Longest message in either direction, encoded: the arguments of a task, or its result."""

Progress = Callable[[float, float, str], None]


class Cancelled(Exception):
    """Nobody wants the answer any more."""


def echo(arguments: Mapping[str, Any], progress: Progress) -> dict[str, Any]:
    """The arguments themselves: a task to see whether the worker answers."""
    return dict(arguments)


def versions(arguments: Mapping[str, Any], progress: Progress) -> dict[str, str | None]:
    """Versions of Python, torch and transformers as installed beside the server; None for what is missing.

    >>> sorted(versions({}, print))
    ['python', 'torch', 'transformers']
    """
    found: dict[str, str | None] = {"python": platform.python_version()}
    for name in ("torch", "transformers"):
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = None
    return found


def encode(message: Mapping[str, Any]) -> bytes:
    """The message as one line of JSON; arrays and tensors become lists. NaN and infinities pass.

    Raises TypeError for a value that JSON cannot carry, ValueError for one that contains itself.

    >>> import numpy as np
    >>> encode({"L": np.array([1.5, 2.0])})
    b'{"L": [1.5, 2.0]}\\n'
    """
    return json.dumps(message, default=plain).encode() + b"\n"


def plain(value: Any) -> Any:
    """A numpy or torch value as a list or a number, told by its tolist so that neither package has to be imported."""
    if hasattr(value, "tolist"):
        return value.tolist()
    raise TypeError(f"a {type(value).__name__} is neither a number, text, list or dict nor an array")


def reason(error: BaseException) -> str:
    """One sentence for the reader on why a task failed.

    >>> reason(ModuleNotFoundError("No module named 'torch.nn'", name="torch.nn"))
    'torch is not installed: run `pip install -r requirements.txt`'
    >>> reason(ValueError("delta must be positive, got 0"))
    'delta must be positive, got 0'
    >>> reason(KeyError("N"))
    "KeyError: 'N'"
    """
    if isinstance(error, ModuleNotFoundError) and error.name and error.name.partition(".")[0] != "analysis":
        return f"{error.name.partition('.')[0]} is not installed: run `pip install -r requirements.txt`"
    text = str(error).strip().partition("\n")[0]
    if isinstance(error, ValueError) and text:
        return text
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


class Conversation:
    """Both directions of the pipe: a thread reads requests and cancellations, any thread may write."""

    def __init__(self, incoming: BinaryIO, outgoing: BinaryIO) -> None:
        self.requests: queue.SimpleQueue[dict] = queue.SimpleQueue()
        self.cancelled: set[int] = set()
        self._incoming, self._outgoing = incoming, outgoing
        self._writing = threading.Lock()

    def listen(self) -> None:
        """Read until the server closes the pipe or dies; then leave at once, in the middle of a task if need be."""
        for line in self._incoming:
            message = json.loads(line)
            if "cancel" in message:
                self.cancelled.add(message["cancel"])
            else:
                self.requests.put(message)
        leave()

    def say(self, message: Mapping[str, Any]) -> None:
        """Write a message. Raises TypeError or ValueError, writing nothing, when it cannot be carried."""
        line = encode(message)
        if len(line) > PAYLOAD_BYTES:
            raise ValueError(f"the result takes {len(line):,} bytes; at most {PAYLOAD_BYTES:,} can be carried")
        with self._writing:
            self._outgoing.write(line)
            self._outgoing.flush()

    def carry_out(self, request: Mapping[str, Any]) -> None:
        """Run one task and say how it ended."""
        job = request["job"]

        def progress(done: float, total: float, message: str = "") -> None:
            if job in self.cancelled:
                raise Cancelled("the task was cancelled")
            self.say({"job": job, "progress": [done, total, message]})

        try:
            module, _, function = request["target"].partition(":")
            task = getattr(importlib.import_module(module), function)
            self.say({"job": job, "result": task(request["arguments"], progress)})
        except Cancelled:
            self.say({"job": job, "cancelled": True})
        except BaseException as error:  # noqa: BLE001 - even sys.exit in a library ends the task, not the process
            self.say({"job": job, "error": reason(error), "details": traceback.format_exc()})
        self.cancelled.discard(job)


def leave() -> None:
    """End this process and everything a task started, without waiting for any of it."""
    if hasattr(os, "killpg") and os.getpgrp() == os.getpid():
        os.killpg(0, signal.SIGKILL)
    os._exit(0)


def main() -> None:
    """Serve the process that started this one until it closes the pipe."""
    incoming, outgoing = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(2, 1)  # below Python's own sys.stdout, so that C libraries and subprocesses are caught as well
    if hasattr(os, "nice"):
        os.nice(5)  # charts answer first where both want the processor
    conversation = Conversation(incoming, outgoing)
    threading.Thread(target=conversation.listen, daemon=True).start()
    try:
        while True:
            conversation.carry_out(conversation.requests.get())
    except BrokenPipeError:
        leave()


if __name__ == "__main__":
    # Under its own name rather than as __main__: a task that imports Cancelled must get the class that is caught here.
    from analysis.background.process import main as serve

    serve()
