"""Runs in processes of their own: killed at any moment and resumed, cancelled in time, queued by device, and the command line."""

import io
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from analysis.probe import __main__ as command_line
from analysis.probe import jobs as jobs_module
from analysis.probe import jobs_process, sweep
from analysis.probe.jobs import Jobs
from analysis.probe.jobs_process import process_start
from analysis.probe.spec import RunSpec
from analysis.probe.store import Store
from tests import probe_fake

ROOT = Path(__file__).parents[1]
SOON = 30
pytestmark = pytest.mark.skipif(os.name != "posix", reason="runs need POSIX")


@pytest.fixture
def jobs(tmp_path):
    jobs = Jobs(Store(tmp_path / "probe.sqlite"), probe_fake.ENGINES)
    yield jobs
    for run in jobs.runs():
        if run.live:
            jobs.cancel(run.id)


def spec(**changes):
    return RunSpec(**{"model": "fake", "probe": "term_frequency", "batch_size": 5, "device": "cpu"} | changes)


def wait(condition, seconds=SOON):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "nothing happened in time"
        time.sleep(0.01)


def ended(jobs, run):
    wait(lambda: not jobs.run(run).live)
    return jobs.run(run)


def begun(jobs, run):
    wait(lambda: jobs.run(run).done > 0)
    return jobs.run(run)


def expected(n_terms=20, n_each=10):
    return sorted(map(repr, map(probe_fake.reply, probe_fake.questions(n_terms, n_each))))


def rows_of(jobs, run):
    return sorted(map(repr, jobs.store.rows(run)))


# --- from beginning to end -------------------------------------------------------------------------------------------


def test_a_run_ends_with_every_row_and_says_with_what_it_was_made(jobs):
    run = ended(jobs, jobs.submit(spec(), "quick"))
    assert (run.state, run.done, run.total) == ("done", 200, 200)
    assert rows_of(jobs, run.id) == expected()
    assert run.versions == {"fake": "1", "device": "cpu"} and run.rate > 0
    assert jobs.log(run.id).read_text() == "" and not list(jobs.store.path.parent.glob("*.note"))


def test_progress_grows_and_tells_rate_and_remaining_time(jobs):
    run, seen = jobs.submit(spec(options={"pause": 0.03}), "slow"), []
    while jobs.run(run).live:
        found = jobs.run(run)
        seen.append((found.done, found.total, found.rate, found.remaining_s))
        time.sleep(0.02)
    counts = [done for done, *_ in seen]
    assert counts == sorted(counts) and len(set(counts)) > 5
    assert all(done % 5 == 0 for done in counts)  # whole batches only
    middle = next(entry for entry in seen if 50 <= entry[0] < 200)
    assert middle[1] == 200 and 50 < middle[2] < 170 and middle[3] == pytest.approx((200 - middle[0]) / middle[2])


STARTER = """
import sys
from pathlib import Path
from analysis.probe.jobs import Jobs
from analysis.probe.spec import RunSpec
from analysis.probe.store import Store
from tests import probe_fake
jobs = Jobs(Store(Path(sys.argv[1])), probe_fake.ENGINES)
print(jobs.submit(RunSpec("fake", "term_frequency", batch_size=5, device="cpu", options={"pause": 0.03}), "slow"), flush=True)
import time; time.sleep(600)
"""


def test_a_run_outlives_the_process_group_that_started_it(jobs):
    server = subprocess.Popen(
        [sys.executable, "-c", STARTER, str(jobs.store.path)], cwd=ROOT, stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    run = server.stdout.readline().strip()
    begun(jobs, run)
    os.killpg(server.pid, signal.SIGKILL)
    server.wait()
    assert ended(jobs, run).state == "done" and rows_of(jobs, run) == expected()


# --- killed and resumed ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(2))
def test_killed_at_random_moments_and_resumed_it_has_exactly_the_rows_of_an_uninterrupted_run(jobs, seed):
    draw, done = random.Random(seed), 0
    run = jobs.submit(spec(options={"pause": 0.015}), "slow")
    for _ in range(4):
        if draw.random() < 0.75:  # otherwise it is killed before it has answered anything
            wait(lambda least=done: jobs.run(run).done > least)
        time.sleep(draw.uniform(0.0, 0.06))
        os.kill(jobs.run(run).pid, signal.SIGKILL)
        found = ended(jobs, run)
        assert found.state == "interrupted" and "process is gone" in found.message
        assert found.done % 5 == 0 and found.done >= done  # whole batches, none lost
        done = found.done
        jobs.resume(run)
    assert 0 < done < 200
    assert ended(jobs, run).state == "done" and rows_of(jobs, run) == expected()
    assert jobs.run(run).message == ""


def test_a_killed_process_is_noticed_at_once_and_nothing_is_answered_twice(jobs):
    run = jobs.submit(spec(), "slow")
    pid = begun(jobs, run).pid
    os.kill(pid, signal.SIGKILL)
    wait(lambda: jobs.run(run).state == "interrupted", seconds=2)
    before = {row.item_id: row for row in jobs.store.rows(run)}
    jobs.resume(run)
    with pytest.raises(ValueError, match="already"):
        jobs.resume(run)
    begun(jobs, run)
    wait(lambda: jobs.run(run).done > len(before))
    assert jobs.run(run).done_before == len(before)


def test_a_number_that_another_process_has_by_now_counts_as_dead(jobs):
    run = jobs.store.add(spec(), "quick", "cpu", 5)
    jobs.store.update(run, state="running", pid=os.getpid(), process_start=process_start(os.getpid())[:-1] + "x")
    assert jobs.run(run).state == "interrupted"
    other = jobs.store.add(spec(), "quick", "cpu", 5)
    jobs.store.update(other, state="running", pid=os.getpid(), process_start=process_start(os.getpid()))
    assert jobs.run(other).state == "running"
    jobs.store.update(other, state="failed")


def test_a_process_on_another_machine_counts_as_dead_when_it_has_been_silent_for_long(jobs):
    run = jobs.store.add(spec(), "quick", "cpu", 5)
    jobs.store.update(run, state="running", pid=1, process_start="elsewhere 0 1", heartbeat=time.time())
    assert jobs.run(run).state == "running"
    jobs.store.update(run, heartbeat=time.time() - 2 * jobs_process.STALE_SECONDS)
    assert jobs.run(run).state == "interrupted"


def test_a_process_that_ends_without_a_word_leaves_no_hung_run(jobs):
    assert ended(jobs, jobs.submit(spec(), "leave")).state == "interrupted"


def test_a_run_whose_questions_have_changed_is_not_mixed_with_the_old_ones(jobs):
    run = jobs.submit(spec(), "slow")
    begun(jobs, run)
    jobs.cancel(run)
    jobs.store.update(run, spec=spec(options={"n_each": 9}).to_json())
    jobs.resume(run)
    found = ended(jobs, run)
    assert found.state == "failed" and "not those it began with" in found.message


# --- cancelled -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("engine", ["slow", "deaf"])
def test_a_cancelled_run_leaves_in_the_middle_of_its_work_and_keeps_finished_rows(jobs, engine):
    assert jobs_process.GRACE_SECONDS < jobs_module.KILL_SECONDS < 2
    run = jobs.submit(spec(options={"pause": 0.3}), engine)  # all batches take 12 s, one of the deaf engine a minute
    wait(lambda: jobs.run(run).total is not None)
    if engine == "slow":
        begun(jobs, run)
    pid, found = jobs.run(run).pid, jobs.cancel(run)
    assert found.state == "cancelled" and found.done < found.total
    wait(lambda: process_start(pid) == "")
    assert (found.done > 0) == (engine == "slow") and len(jobs.store.rows(run)) == found.done
    if engine == "slow":
        jobs.store.update(run, spec=spec(options={"pause": 0.0}).to_json())
        jobs.resume(run)
        assert ended(jobs, run).state == "done" and rows_of(jobs, run) == expected()


def test_a_stopped_process_is_killed(jobs):
    run = jobs.submit(spec(), "slow")
    pid = begun(jobs, run).pid
    os.kill(pid, signal.SIGSTOP)
    assert jobs.cancel(run).state == "cancelled"
    wait(lambda: process_start(pid) == "")


def test_cancelling_right_after_asking_is_never_lost(jobs):
    runs = [jobs.submit(spec(), "slow") for _ in range(3)]
    assert [jobs.cancel(run).state for run in runs] == ["cancelled"] * 3
    time.sleep(1)
    assert [jobs.run(run).state for run in runs] == ["cancelled"] * 3


# --- one at a time on a device ---------------------------------------------------------------------------------------


def test_runs_on_one_device_follow_each_other_in_order_and_say_that_they_wait(jobs):
    other = Jobs(Store(jobs.store.path), probe_fake.ENGINES)
    first = jobs.submit(spec(options={"pause": 0.06}), "slow")
    begun(jobs, first)
    second, third = other.submit(spec(seed=1), "quick"), jobs.submit(spec(seed=2), "quick")
    elsewhere = jobs.submit(spec(seed=3, device="cuda:7"), "quick")
    wait(lambda: "waits for cpu: 1 run before it" in other.run(second).message)
    wait(lambda: "waits for cpu: 2 runs before it" in other.run(third).message)
    apart = ended(jobs, elsewhere)
    found = [ended(jobs, run) for run in (first, second, third)]
    assert apart.state == "done" and apart.started < found[0].finished
    assert [run.state for run in found] == ["done"] * 3
    assert found[0].finished <= found[1].started and found[1].finished <= found[2].started


def test_a_waiting_run_can_be_cancelled_and_a_killed_one_gives_the_device_back(jobs):
    first = jobs.submit(spec(), "deaf")
    wait(lambda: jobs.run(first).total is not None)
    second, third = jobs.submit(spec(seed=1), "quick"), jobs.submit(spec(seed=2), "quick")
    wait(lambda: "waits for cpu" in jobs.run(second).message)
    assert jobs.cancel(second).state == "cancelled"
    os.kill(jobs.run(first).pid, signal.SIGKILL)
    assert ended(jobs, third).state == "done"


# --- trouble ---------------------------------------------------------------------------------------------------------


def test_a_full_disk_and_a_vanished_folder_end_in_one_sentence(jobs):
    kept = "is full; every finished batch is kept"
    for engine, words, done in (("full", kept, True), ("fuller", kept, True), ("no_folder", "there is no folder fake", False)):
        run = ended(jobs, jobs.submit(spec(), engine))
        assert run.state == "failed" and words in run.message and "\n" not in run.message
        assert (run.done > 0) == done and run.done % 5 == 0
    full = next(run for run in jobs.runs() if run.engine == "fuller")
    jobs.engines["fuller"] = probe_fake.ENGINES["quick"]  # there is room again
    jobs.resume(full.id)
    assert ended(jobs, full.id).state == "done" and rows_of(jobs, full.id) == expected()


def test_limits_for_a_shared_server(jobs, monkeypatch):
    monkeypatch.setenv(jobs_process.MAX_QUESTIONS, "100")
    with pytest.raises(ValueError, match="more than the 100 that a run may ask"):
        jobs.submit(spec(limit=101), "quick")
    run = ended(jobs, jobs.submit(spec(), "quick"))
    assert run.state == "failed" and "200 questions, and at most 100" in run.message
    monkeypatch.setenv(jobs_module.MAX_LIVE, "1")
    jobs.submit(spec(limit=50), "deaf")
    with pytest.raises(ValueError, match="at most 1 may be"):
        jobs.submit(spec(limit=50), "quick")
    with pytest.raises(ValueError, match="no more may be"):
        jobs.resume(run.id)


def test_only_registered_engines_answer_and_the_database_cannot_name_others(jobs):
    with pytest.raises(ValueError, match="'os:system' is not one of"):
        jobs.submit(spec(), "os:system")
    with pytest.raises(ValueError, match="module:function"):
        Jobs(jobs.store, {"mine": "os.system"})
    run = jobs.store.add(spec(), "os:abort", "cpu", 5)
    jobs.store.update(run, state="cancelled")
    with pytest.raises(ValueError, match="not one of"):
        jobs.resume(run)


def test_an_interpreter_that_cannot_be_started_fails_the_run(jobs, monkeypatch):
    monkeypatch.setattr(sys, "executable", "/no/such/python")
    run = jobs.run(jobs.submit(spec(), "quick"))
    assert run.state == "failed" and "could not be started" in run.message


def test_a_sweep_does_everything_once_and_goes_on_where_it_was(jobs):
    wanted = sweep.specs(["fake"], ["a", "b"], shots=[0, 4], batch_size=50)
    ended = sweep.carry_out(jobs, wanted[:3], "quick")
    assert [run.state for run in ended] == ["done"] * 3
    again = sweep.carry_out(jobs, wanted, "quick")
    assert [run.id for run in again[:3]] == [run.id for run in ended] and len(jobs.runs()) == 4


# --- the command line ------------------------------------------------------------------------------------------------


@pytest.fixture
def cli(tmp_path, monkeypatch, capsys):
    """A function that carries out a command line with the quick engine: (exit status, output, errors)."""
    monkeypatch.setenv("PROBE_RUNS", str(tmp_path))
    monkeypatch.setattr(command_line, "ENGINES", {"quick": probe_fake.ENGINES["quick"]})

    def call(*argv):
        status = command_line.main(argv)
        return status, *capsys.readouterr()

    return call


def test_the_command_line_runs_lists_shows_exports_and_refuses(cli, tmp_path):
    status, out, err = cli("run", "--batch-size", "50", "--shots", "2")
    assert status == 0 and "score:" in out and "done (200 of 200)" in err
    status, out, _ = cli("list", "--json")
    run = json.loads(out)
    assert status == 0 and run["state"] == "done" and run["spec"]["options"] == {"operation": "multiplication", "shots": 2}
    assert "done (200 of 200)" in cli("list")[1]
    status, out, _ = cli("show", run["id"][:4], "--json")
    assert len(json.loads(out)["groups"]) == 20
    assert "run: " in cli("show", run["id"])[1]
    for kind, files in (("csv", 1), ("json", 2)):
        status, out, _ = cli("export", run["id"], "--format", kind, "--out", str(tmp_path / "out"))
        assert status == 0 and len(out.split()) == files and all(Path(name).stat().st_size > 1000 for name in out.split())
    status, out, err = cli("resume", run["id"])
    assert (status, out) == (1, "") and "is complete" in err and err.count("\n") == 1
    assert cli("show", "nothing")[0] == 1
    assert cli("run", "--csv", str(tmp_path / "no.csv"), "--probe", "prompts")[2].endswith("no such file or directory\n")
    status, out, err = cli("run", "--batch-size", "0")
    assert status == 1 and err.count("\n") == 1


def test_the_command_line_sweeps_and_detaches(cli):
    status, out, err = cli("sweep", "--revision", "a", "--revision", "b", "--batch-size", "50")
    assert status == 0 and "2 of 2 runs are complete" in out and "2/2" in err
    status, out, _ = cli("run", "--detach", "--batch-size", "50")
    number = out.strip()
    jobs = command_line.jobs_here()
    assert status == 0 and ended(jobs, number).state == "done"


def test_forgotten_runs_are_gone_with_rows_and_files_and_others_stay(cli, tmp_path, monkeypatch):
    for _ in range(3):
        cli("run", "--batch-size", "50")
    jobs = command_line.jobs_here()
    new, middle, old = jobs.runs()
    for run, days in ((old, 40), (middle, 20)):
        jobs.store.update(run.id, finished=time.time() - days * 86_400)
    size = jobs.store.path.stat().st_size
    for argv in (["forget"], ["forget", new.id, "--older-than", "1"], ["forget", "--older-than", "-1"], ["forget", "--older-than", "nan"]):
        status, out, err = cli(*argv)
        assert (status, out) == (1, "") and err.count("\n") == 1
    status, out, _ = cli("forget", "--older-than", "30", "--dry-run")
    assert status == 0 and old.id in out and middle.id not in out and "1 run with 200 rows would be deleted" in out
    for answer in ("", "n\n", "yes, but\n"):
        monkeypatch.setattr(sys, "stdin", io.StringIO(answer))
        status, _, err = cli("forget", "--older-than", "30")
        assert status == 1 and "nothing was deleted" in err and len(jobs.runs()) == 3
    monkeypatch.setattr(sys, "stdin", io.StringIO("y\n"))
    assert cli("forget", "--older-than", "30")[0] == 0
    assert [run.id for run in jobs.runs()] == [new.id, middle.id] and not jobs.log(old.id).exists() and jobs.log(new.id).exists()
    status, out, _ = cli("forget", new.id[:5], new.id, middle.id, "--yes")
    assert status == 0 and "2 runs with 400 rows deleted" in out and jobs.runs() == []
    assert jobs.store.path.stat().st_size < size / 2 and not list(tmp_path.glob("*.log"))
    with sqlite3.connect(jobs.store.path) as db:
        assert db.execute("SELECT count(*) FROM rows").fetchone() == (0,)
    assert cli("forget", "--older-than", "0")[1] == "no run is that old\n"


def test_a_running_run_is_never_forgotten(cli, jobs):
    done = ended(jobs, jobs.submit(spec(limit=10), "quick"))
    live = jobs.submit(spec(options={"pause": 0.3}), "slow")
    begun(jobs, live)
    with pytest.raises(ValueError, match="is running; cancel it first"):
        jobs.forget(live)
    assert not jobs.store.forget(live) and jobs.run(live).live
    status, _, err = cli("forget", done.id, live, "--yes")
    assert status == 1 and "Nothing was deleted" in err and len(jobs.runs()) == 2
    assert live not in cli("forget", "--older-than", "0", "--yes")[1] and [run.id for run in jobs.runs()] == [live]
    jobs.cancel(live)
    assert jobs.forget(live).state == "cancelled" and jobs.runs() == []
    with pytest.raises(ValueError, match="there is no run"):
        jobs.forget(live)


def test_ctrl_c_cancels_and_keeps_the_rows(tmp_path):
    code = (
        "import signal, sys; from analysis.probe import __main__ as c; from tests import probe_fake;"
        "signal.signal(signal.SIGINT, signal.default_int_handler);"  # tests that run in the background inherit that it is ignored
        "c.ENGINES = {'slow': probe_fake.ENGINES['slow']}; sys.exit(c.main(['run', '--batch-size', '5']))"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code], cwd=ROOT, env=os.environ | {"PROBE_RUNS": str(tmp_path)}, stderr=subprocess.PIPE, text=True
    )
    wait((tmp_path / "probe.sqlite").exists)
    jobs = Jobs(Store(tmp_path / "probe.sqlite"), probe_fake.ENGINES)
    wait(lambda: jobs.runs() and jobs.runs()[0].done > 0)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=10)
    run = jobs.runs()[0]
    assert process.returncode == 130 and run.state == "cancelled" and run.done > 0
    assert "rows are kept" in err and "Traceback" not in err


def test_a_broken_database_is_one_sentence_on_the_command_line(cli, tmp_path):
    (tmp_path / "probe.sqlite").write_bytes(b"broken" * 1000)
    status, out, err = cli("list")
    assert status == 1 and "left as it is" in err and err.count("\n") == 1


def test_help_names_every_command_and_importing_loads_nothing_heavy():
    shown = command_line.parser().format_help()
    commands = ("run", "resume", "cancel", "forget", "list", "show", "export", "sweep", "measure", "train")
    assert all(name in shown for name in (*commands, "exit status"))
    code = "import sys, analysis.probe.__main__; print(sorted({'torch', 'transformers', 'streamlit', 'ray', 'plotly'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "[]"


def test_one_process_holds_a_device_and_its_lock_goes_with_it_however_it_ends(tmp_path):
    def give_up():
        raise TimeoutError

    code = f"""
import pathlib, time
from analysis.probe.jobs_process import device_lock
with device_lock(pathlib.Path({str(tmp_path)!r}), "cpu", lambda: True, lambda: None):
    print("held", flush=True)
    time.sleep(60)
"""
    with subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(TimeoutError), jobs_process.device_lock(tmp_path, "cpu", lambda: True, give_up):
            pass
        with jobs_process.device_lock(tmp_path, "cuda:0", lambda: True, give_up):
            pass
        holder.kill()
    for _ in range(2):
        with jobs_process.device_lock(tmp_path, "cpu", lambda: True, give_up):
            pass


def test_the_database_is_a_plain_sqlite_file_in_wal_mode(jobs):
    ended(jobs, jobs.submit(spec(limit=10), "quick"))
    with sqlite3.connect(jobs.store.path) as db:
        assert db.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert db.execute("SELECT count(*) FROM rows JOIN runs ON run_id = id").fetchone() == (10,)
