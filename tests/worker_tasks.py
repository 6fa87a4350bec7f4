"""Tasks for tests/test_worker.py: each does in the worker process one thing that can go well or wrong there."""

import os
import signal
import subprocess
import sys
import time

TASKS = {name: f"tests.worker_tasks:{name}" for name in (
    "add", "count", "sleep", "ignore_cancel", "bad_input", "no_torch", "leave", "shout", "whoami", "kill_itself",
    "run_out_of_memory", "unspeakable", "too_much", "loaded", "start_something", "swallow_input",
)} | {"missing": "tests.worker_tasks:there_is_no_such_function"}  # fmt: skip


def add(arguments, progress):
    return arguments["a"] + arguments["b"]


def count(arguments, progress):
    for done in range(1, arguments["to"] + 1):
        progress(done, arguments["to"], f"at {done}")
        time.sleep(arguments.get("pause", 0.01))
    return done


def sleep(arguments, progress):
    """Sleep in small steps, so that a cancellation is noticed."""
    end = time.monotonic() + arguments["seconds"]
    while time.monotonic() < end:
        progress(0, 1, "asleep")
        time.sleep(0.02)


def ignore_cancel(arguments, progress):
    progress(0, 1, "deaf")
    time.sleep(arguments["seconds"])


def bad_input(arguments, progress):
    raise ValueError(f"delta must be positive, got {arguments['delta']}")


def no_torch(arguments, progress):
    raise ModuleNotFoundError("No module named 'torch'", name="torch")


def leave(arguments, progress):
    sys.exit(3)


def shout(arguments, progress):
    """Print in every way there is."""
    print("a print")
    print('{"job": 1, "result": "a forgery"}', flush=True)
    sys.stdout.flush()
    os.write(1, b"below Python\n")
    subprocess.run(["echo", "from a subprocess"], check=True)
    return "heard"


def swallow_input(arguments, progress):
    """Let a subprocess read standard input to its end."""
    return subprocess.run(["cat"], capture_output=True, text=True, timeout=10, check=True).stdout


def whoami(arguments, progress):
    return os.getpid()


def kill_itself(arguments, progress):
    os.kill(os.getpid(), signal.SIGKILL)


def run_out_of_memory(arguments, progress):
    raise MemoryError


def unspeakable(arguments, progress):
    return {1, 2, 3}


def too_much(arguments, progress):
    return "x" * arguments["bytes"]


def loaded(arguments, progress):
    return [name for name in arguments["names"] if name in sys.modules]


def start_something(arguments, progress):
    """Start a process that would outlive this one; its number."""
    return subprocess.Popen(["sleep", "600"]).pid
