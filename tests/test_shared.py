"""Results that many readers ask for at once: computed once, kept in bounds, given up when nobody waits."""

import threading
import time

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from analysis.background import once
from analysis.background.once import Shared, by_worker, digest
from analysis.background.process import Cancelled
from analysis.background.worker import TASKS, Worker
from analysis.judges import elo, verdicts
from analysis.scaling import fits

SOON = 30


def wait_until(fulfilled):
    end = time.monotonic() + SOON
    while not fulfilled():
        assert time.monotonic() < end
        time.sleep(0.01)


def together(n: int, ask):
    """What n threads get that ask at once, or the ValueError."""
    found = []

    def one() -> None:
        try:
            found.append(ask())
        except ValueError as problem:
            found.append(problem)

    threads = [threading.Thread(target=one) for _ in range(n)]
    for thread in threads:
        thread.start()
    return threads, found


def test_ten_who_ask_at_once_share_one_computation():
    kept, go, computed = Shared(most=4), threading.Event(), []

    def work(report):
        go.wait(SOON)
        computed.append(1)
        return object()

    threads, found = together(10, lambda: kept.get("key", work))
    wait_until(lambda: kept._all and kept._all["key"].waiting == 10)
    go.set()
    for thread in threads:
        thread.join(SOON)
    assert len(computed) == 1 and len(found) == 10 and len(set(map(id, found))) == 1
    assert kept.get("key", work) is found[0] and len(computed) == 1


def test_only_the_last_results_are_kept_and_a_result_asked_for_again_stays():
    kept = Shared(most=2)
    for key in (1, 2, 1, 3):
        kept.get(key, lambda report, key=key: key)
    assert list(kept._all) == [1, 3]
    with pytest.raises(ValueError, match="most must be 1 or more, got 0"):
        Shared(most=0)


def test_a_failure_is_told_to_all_who_wait_and_tried_again_by_the_next():
    kept, go = Shared(most=2), threading.Event()

    def fails(report):
        go.wait(SOON)
        raise ValueError("loss must be positive")

    threads, found = together(3, lambda: kept.get("key", fails))
    wait_until(lambda: kept._all and kept._all["key"].waiting == 3)
    go.set()
    for thread in threads:
        thread.join(SOON)
    assert [str(problem) for problem in found] == ["loss must be positive"] * 3
    assert kept.get("key", lambda report: 7) == 7


def test_who_waits_sees_the_progress_and_may_leave():
    kept, ended = Shared(most=2), threading.Event()

    def work(report):
        while not ended.is_set():
            report(1, 2, "half way")
            time.sleep(0.01)
        return "done"

    class Left(Exception):
        pass

    def leave(done, total, words):
        if words:
            assert (done, total, words) == (1, 2, "half way")
            raise Left

    with pytest.raises(Left):
        kept.get("key", work, leave)
    ended.set()  # within the grace, who comes back finds the same computation
    assert kept.get("key", lambda report: "begun anew") == "done"


def test_what_nobody_waits_for_is_given_up(monkeypatch):
    monkeypatch.setattr(once, "GRACE_SECONDS", 0.0)
    kept, cancelled = Shared(most=2), threading.Event()

    def work(report):
        try:
            while True:
                report(0, 1, "")
                time.sleep(0.01)
        except Cancelled:
            cancelled.set()
            raise

    with pytest.raises(KeyboardInterrupt):
        kept.get("key", work, lambda *progress: (_ for _ in ()).throw(KeyboardInterrupt))
    assert cancelled.wait(SOON) and len(kept) == 0
    assert kept.get("key", lambda report: 1) == 1


@pytest.mark.parametrize(
    "other",
    [
        (np.array([1.0, 2.0, 3.0]), "numpy", 0.001 + 1e-18 * 1000),
        (np.array([1.0, 2.0, np.nextafter(3.0, 4.0)]), "numpy", 0.001),
        (np.array([2.0, 1.0, 3.0]), "numpy", 0.001),
        (np.array([1.0, 2.0]), np.array([3.0]), "numpy", 0.001),
        (np.array([1, 2, 3]), "numpy", 0.001),
        (np.array([1.0, 2.0, 3.0]), "numpy", "0.001"),
        (np.array([1.0, 2.0, 3.0]), ("numpy", 0.001)),
    ],
)
def test_a_key_stands_for_the_whole_content(other):
    content = (np.array([1.0, 2.0, 3.0]), "numpy", 0.001)
    assert digest(content) == digest((content[0].copy(), *content[1:])) != digest(other)


def test_what_has_no_stable_content_makes_no_key():
    for content in (object(), {"a": object()}, np.array([object()])):
        with pytest.raises(ValueError, match="content must"):
            digest(content)


READERS = """
import pandas as pd
import streamlit as st
from analysis.charts.parameters import Given
from analysis.scaling.figures_marks import OfRuns
from pages.components import fits
class Own(OfRuns):
    name = "own.figure"
runs = pd.DataFrame({"n_params": [1e9, 2e9, 4e9], "n_tokens": [1e10, 3e10, 5e10], "loss": [3.0, 2.8, st.session_state["last"]]})
figure = Own(training_runs=Given("own", "yours", runs))
ready = fits.ready(figure)
law, resamples = figure.fitted()
st.text(f"{ready} {law} {len(resamples)}")
"""


def test_two_readers_with_the_same_runs_share_a_fit_and_other_runs_get_their_own(monkeypatch):
    asked = []

    def fit(N, D, L, delta, report):
        asked.append(L.tolist())
        report(0.5, 1, "half")
        return fits.fitting.FitResult(f"law {len(asked)}", "converged", 1.0, "Fine.", len(L), delta, 4500, 0.5), fits.pd.DataFrame()

    monkeypatch.setattr(fits, "fit_with_resamples", fit)
    monkeypatch.setattr(fits, "KEPT", Shared(most=4))
    said = []
    for last in (2.7, 2.7, 2.7000000000000006):
        app = AppTest.from_string(READERS)
        app.session_state["last"] = last
        said.append(app.run().text[0].value)
        assert not app.exception and "converged" in app.success[0].value
    assert said == ["True law 1 0", "True law 1 0", "True law 2 0"] and len(asked) == 2


def test_the_worker_replays_a_tournament_to_the_same_ratings():
    rng = np.random.default_rng(3)
    outcome = rng.integers(-1, 3, (9, 3, 3)).astype(np.int8)
    outcome[:, range(3), range(3)] = -1
    played = verdicts.Tournament(("a", "b", "c"), tuple("123456789"), outcome)
    with Worker(tasks={"replay_elo": TASKS["replay_elo"]}) as worker:
        answer = by_worker(worker, "replay_elo", elo.request(played, 40, "dropped"), lambda *progress: None)
    assert np.array_equal(np.array(answer), elo.replay(played, 40, "dropped"))
