"""The worker process: what it is asked, what it answers, and what happens when it dies."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from analysis.background import worker as worker_module
from analysis.background.process import PAYLOAD_BYTES, Cancelled
from analysis.background.worker import GRACE_SECONDS, TASKS, Worker, WorkerError, shared_worker
from tests import worker_tasks

ROOT = Path(__file__).parents[1]
SOON = 30  # s: starting Python on a busy machine; every wait below ends as soon as it can


@pytest.fixture(scope="module")
def worker():
    with Worker(tasks=worker_tasks.TASKS | TASKS) as worker:
        yield worker


@pytest.fixture
def own_worker():
    """A worker for a test that kills it."""
    with Worker(tasks=worker_tasks.TASKS) as worker:
        yield worker


def wait_until(condition, seconds=SOON):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "nothing happened in time"
        time.sleep(0.01)


def alive(pid: int) -> bool:
    """Whether a process runs; one that has ended and waits to be collected does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


needs_proc = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks at processes under /proc")


# --- answers ---------------------------------------------------------------------------------------------------------


def test_a_task_gets_its_arguments_and_its_answer_comes_back(worker):
    job = worker.submit("add", {"a": 2, "b": 3})
    assert job.result(SOON) == 5
    assert job.status == "done"


def test_arrays_arrive_as_lists_and_keep_every_bit_nan_and_infinity(worker):
    sent = np.array([0.1, 1 / 3, 1e-300, np.nan, np.inf])
    back = worker.submit("echo", {"x": sent, "n": np.int64(7)}).result(SOON)
    np.testing.assert_array_equal(np.array(back["x"]), sent)
    assert back["n"] == 7


def test_the_process_stays_the_same_between_tasks_and_is_not_the_server(worker):
    first, second = (worker.submit("whoami", {}).result(SOON) for _ in range(2))
    assert first == second != os.getpid()


@pytest.mark.models
def test_versions_are_those_that_pip_reports(worker):
    from importlib.metadata import version

    found = worker.submit("versions", {}).result(SOON)
    assert found["torch"] == version("torch") and found["transformers"] == version("transformers")


def test_a_fresh_process_has_loaded_nothing_heavy(own_worker):
    assert own_worker.submit("loaded", {"names": ["torch", "transformers", "streamlit", "json"]}).result(SOON) == ["json"]


def test_every_registered_task_exists_in_the_package():
    import importlib

    for target in TASKS.values():
        module, _, function = target.partition(":")
        assert module.startswith("analysis.")
        assert callable(getattr(importlib.import_module(module), function))


def test_progress_arrives_in_order_and_ends_at_the_total(worker):
    job, seen = worker.submit("count", {"to": 30}), []
    while job.status in ("queued", "running"):
        if not seen or seen[-1] != job.progress:
            seen.append(job.progress)
        time.sleep(0.002)
    assert job.result(SOON) == 30
    assert seen == sorted(seen, key=lambda progress: progress[0]) and len(seen) > 5
    assert job.progress == (30, 30, "at 30")


def test_jobs_of_many_threads_run_one_after_another_and_each_gets_its_own_answer(worker):
    answers = {}

    def ask(number):
        answers[number] = worker.submit("add", {"a": number, "b": 1000}).result(SOON)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(SOON)
    assert answers == {number: number + 1000 for number in range(20)}


def test_a_job_waits_while_another_runs(worker):
    first, second = worker.submit("sleep", {"seconds": 60}), worker.submit("add", {"a": 1, "b": 1})
    wait_until(lambda: first.status == "running")
    assert second.status == "queued"
    with pytest.raises(TimeoutError, match="not done after 0.05 s; it is queued"):
        second.result(0.05)
    first.cancel()
    assert second.result(SOON) == 2


# --- what goes wrong inside a task -----------------------------------------------------------------------------------


def test_a_refused_argument_comes_back_in_the_words_of_the_task(worker):
    job = worker.submit("bad_input", {"delta": -1})
    with pytest.raises(WorkerError, match=r"^delta must be positive, got -1$") as caught:
        job.result(SOON)
    assert job.status == "failed"
    assert "Traceback" in caught.value.details and "bad_input" in caught.value.details


@pytest.mark.parametrize(
    ("task", "sentence"),
    [
        ("no_torch", r"^torch is not installed: run `pip install -r requirements.txt`$"),
        ("leave", r"^SystemExit: 3$"),
        ("run_out_of_memory", r"^MemoryError$"),
        ("unspeakable", r"^TypeError: a set is neither"),
        ("missing", r"^AttributeError: .*there_is_no_such_function"),
    ],
)
def test_a_failed_task_says_why_and_the_process_lives_on(worker, task, sentence):
    before = worker.submit("whoami", {}).result(SOON)
    with pytest.raises(WorkerError, match=sentence):
        worker.submit(task, {}).result(SOON)
    assert worker.submit("whoami", {}).result(SOON) == before


def test_a_result_beyond_the_limit_is_refused_and_the_limit_named(worker):
    with pytest.raises(WorkerError, match=rf"at most {PAYLOAD_BYTES:,} can be carried"):
        worker.submit("too_much", {"bytes": PAYLOAD_BYTES}).result(SOON)


def test_whatever_a_task_prints_goes_to_the_log_and_not_into_the_conversation(own_worker, capfd, caplog):
    assert own_worker.submit("shout", {}).result(SOON) == "heard"
    assert own_worker.submit("add", {"a": 1, "b": 1}).result(SOON) == 2
    shown = capfd.readouterr()
    for text in ("a print", "a forgery", "below Python", "from a subprocess"):
        assert text in shown.err
    assert shown.out == "" and caplog.text == ""


def test_a_subprocess_of_a_task_cannot_read_the_conversation(worker):
    assert worker.submit("swallow_input", {}).result(SOON) == ""
    assert worker.submit("add", {"a": 1, "b": 1}).result(SOON) == 2


def test_a_line_that_is_no_message_is_skipped_and_logged(own_worker, monkeypatch, caplog):
    lines = b'not json\n[1, 2]\n{"other": 1}\n{"job": 999, "result": 0}\n'
    real = Worker._start
    monkeypatch.setattr(Worker, "_start", lambda self: _with_lines(real(self), lines))
    assert own_worker.submit("add", {"a": 1, "b": 1}).result(SOON) == 2
    assert caplog.text.count("is not a message") == 3


def _with_lines(process, lines):
    """The process, with lines in front of what it writes."""
    pipe = process.stdout

    def both():
        yield from lines.splitlines(keepends=True)
        yield from pipe

    process.stdout = both()
    return process


# --- what is refused at once -----------------------------------------------------------------------------------------


def test_only_registered_tasks_can_be_asked_for(worker):
    with pytest.raises(ValueError, match="task must be one of add.*got 'os:system'"):
        worker.submit("os:system", {"command": "true"})


def test_arguments_that_json_cannot_carry_are_refused(worker):
    with pytest.raises(ValueError, match="arguments of the task 'add'.*a set is neither"):
        worker.submit("add", {"a": {1, 2}})


def test_arguments_beyond_the_limit_are_refused(worker):
    with pytest.raises(ValueError, match=rf"at most {PAYLOAD_BYTES:,} are accepted"):
        worker.submit("echo", {"text": "x" * PAYLOAD_BYTES})


@pytest.mark.parametrize("target", ["os.system", "analysis.background.worker:", "a b:c", "x:y()"])
def test_a_task_must_be_written_module_colon_function(target):
    with pytest.raises(ValueError, match=r'tasks\[\'mine\'\] must be written "module:function"'):
        Worker(tasks={"mine": target})


# --- cancelling ------------------------------------------------------------------------------------------------------


def test_a_task_that_reports_progress_stops_when_cancelled_and_its_process_lives_on(worker):
    before = worker.submit("whoami", {}).result(SOON)
    job = worker.submit("sleep", {"seconds": 60})
    wait_until(lambda: job.progress[2] == "asleep")
    started = time.monotonic()
    job.cancel()
    with pytest.raises(Cancelled):
        job.result(SOON)
    assert time.monotonic() - started < GRACE_SECONDS
    assert job.status == "cancelled"
    assert worker.submit("whoami", {}).result(SOON) == before


def test_a_task_that_ignores_it_is_killed_after_the_grace_and_the_next_gets_a_new_process(own_worker):
    before = own_worker.submit("whoami", {}).result(SOON)
    job = own_worker.submit("ignore_cancel", {"seconds": 60})
    following = own_worker.submit("whoami", {})
    wait_until(lambda: job.progress[2] == "deaf")
    started = time.monotonic()
    job.cancel()
    with pytest.raises(Cancelled):
        job.result(SOON)
    assert GRACE_SECONDS * 0.9 < time.monotonic() - started < GRACE_SECONDS + 1
    assert following.result(SOON) != before


def test_a_queued_job_is_cancelled_at_once_and_never_runs(worker):
    running, queued = worker.submit("sleep", {"seconds": 60}), worker.submit("add", {"a": 1, "b": 1})
    queued.cancel()
    assert queued.status == "cancelled"
    running.cancel()
    with pytest.raises(Cancelled):
        running.result(SOON)


def test_cancelling_right_after_asking_is_never_lost(own_worker):
    jobs = [own_worker.submit("sleep", {"seconds": 60}) for _ in range(5)]
    for job in jobs:
        job.cancel()
    for job in jobs:
        with pytest.raises(Cancelled):
            job.result(SOON)


def test_cancelling_a_finished_job_changes_nothing_for_it_or_for_the_next(worker):
    job = worker.submit("add", {"a": 1, "b": 1})
    assert job.result(SOON) == 2
    job.cancel()
    slow = worker.submit("count", {"to": 3, "pause": (GRACE_SECONDS + 0.5) / 3})
    assert slow.result(SOON) == 3
    assert (job.status, job.result()) == ("done", 2)


# --- dying -----------------------------------------------------------------------------------------------------------


def test_a_process_killed_in_the_middle_of_a_job_gives_one_sentence_and_the_next_job_a_new_process(own_worker):
    pid = own_worker.submit("whoami", {}).result(SOON)
    job = own_worker.submit("sleep", {"seconds": 60})
    wait_until(lambda: job.progress[2] == "asleep")
    os.kill(pid, signal.SIGKILL)
    with pytest.raises(WorkerError, match=r"^the worker process was killed \(signal 9\), probably out of memory; the next"):
        job.result(SOON)
    assert job.status == "failed"
    assert own_worker.submit("whoami", {}).result(SOON) != pid


def test_jobs_queued_behind_one_that_kills_the_process_are_still_answered(own_worker):
    fatal, following = own_worker.submit("kill_itself", {}), own_worker.submit("add", {"a": 1, "b": 1})
    with pytest.raises(WorkerError, match="signal 9"):
        fatal.result(SOON)
    assert following.result(SOON) == 2


def test_a_process_killed_while_idle_is_replaced_without_a_word(own_worker):
    pid = own_worker.submit("whoami", {}).result(SOON)
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: own_worker._process is None)
    assert own_worker.submit("whoami", {}).result(SOON) != pid


def test_an_interpreter_that_cannot_be_started_fails_the_job_and_not_the_thread(own_worker, monkeypatch):
    real = sys.executable
    monkeypatch.setattr(sys, "executable", "/no/such/python")
    with pytest.raises(WorkerError, match="the worker process could not be used: .*No such file"):
        own_worker.submit("add", {"a": 1, "b": 1}).result(SOON)
    monkeypatch.setattr(sys, "executable", real)
    assert own_worker.submit("add", {"a": 1, "b": 1}).result(SOON) == 2


def test_an_exit_status_at_start_is_named(own_worker, monkeypatch, tmp_path):
    broken = tmp_path / "python"
    broken.write_text("#!/bin/sh\nexit 7\n")
    broken.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(broken))
    with pytest.raises(WorkerError, match=r"exit status 7, see the log\); the next request starts a new one"):
        own_worker.submit("add", {"a": 1, "b": 1}).result(SOON)


@needs_proc
def test_the_process_leaves_after_the_idle_time_and_comes_back_with_the_next_job():
    with Worker(idle_timeout=0.3, tasks=worker_tasks.TASKS) as worker:
        pid = worker.submit("whoami", {}).result(SOON)
        wait_until(lambda: not alive(pid))
        assert worker.submit("whoami", {}).result(SOON) != pid


@needs_proc
def test_stopping_ends_the_process_what_it_started_and_the_jobs():
    worker = Worker(tasks=worker_tasks.TASKS)
    pid = worker.submit("whoami", {}).result(SOON)
    grandchild = worker.submit("start_something", {}).result(SOON)
    jobs = [worker.submit("sleep", {"seconds": 60}) for _ in range(2)]
    assert alive(pid) and alive(grandchild)
    worker.stop()
    wait_until(lambda: not alive(pid) and not alive(grandchild))
    assert [job.status for job in jobs] == ["cancelled", "cancelled"]
    with pytest.raises(WorkerError, match="was stopped"):
        worker.submit("add", {"a": 1, "b": 1})
    worker.stop()


PARENT = """
import json, os, sys, time
from analysis.background.worker import Worker
from tests import worker_tasks
worker = Worker(tasks=worker_tasks.TASKS)
pids = [worker.submit(task, {}).result(60) for task in ("whoami", "start_something")]
job = worker.submit("ignore_cancel", {"seconds": 600})
while job.progress[2] != "deaf":
    time.sleep(0.01)
print(json.dumps(pids), flush=True)
time.sleep(600)
"""


@needs_proc
def test_no_process_is_left_behind_when_the_server_is_killed_in_the_middle_of_a_task():
    parent = subprocess.Popen([sys.executable, "-c", PARENT], cwd=ROOT, stdout=subprocess.PIPE)
    try:
        pids = json.loads(parent.stdout.readline())
        assert all(alive(pid) for pid in pids)
    finally:
        parent.kill()
        parent.wait()
    wait_until(lambda: not any(alive(pid) for pid in pids), seconds=5)


@needs_proc
def test_the_shared_worker_is_one_for_all_threads_and_ends_with_python():
    code = """
import threading
from analysis.background.worker import shared_worker
found = []
threads = [threading.Thread(target=lambda: found.append(shared_worker())) for _ in range(8)]
[thread.start() for thread in threads]; [thread.join() for thread in threads]
assert len(set(map(id, found))) == 1 and len(found) == 8
shared_worker().submit("echo", {}).result(60)
print(shared_worker()._process.pid)
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=120, check=True)
    wait_until(lambda: not alive(int(done.stdout)), seconds=5)


# --- weight ----------------------------------------------------------------------------------------------------------


def test_importing_the_worker_loads_neither_torch_nor_transformers_nor_streamlit():
    code = "import sys, analysis.background.worker; print(sorted({'torch', 'transformers', 'streamlit', 'numpy'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "[]"


def test_the_shared_worker_knows_the_registered_tasks_only(monkeypatch):
    monkeypatch.setattr(worker_module, "_shared", None)
    monkeypatch.setattr(worker_module.atexit, "register", lambda function: None)
    worker = shared_worker()
    assert worker.tasks == dict(TASKS) and worker is shared_worker()
