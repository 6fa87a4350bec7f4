"""The database of runs: whole batches, clear words for every trouble, and files that other programs read."""

import io
import json
import math
import sqlite3
import threading

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.charts.parameters import Given
from analysis.evals.read import read_results
from analysis.evals.write import read_samples
from analysis.probe import data as probe_data
from analysis.probe import figures, results, sweep
from analysis.probe.spec import Row, RunSpec
from analysis.probe.store import NotOurs, Store, StoreError
from analysis.statistics import spearman
from tests import probe_fake

SPEC = RunSpec(model="EleutherAI/pythia-70m", probe="term_frequency", revision="step143000", options={"operation": "addition", "shots": 2})


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "probe.sqlite")


@pytest.fixture
def run(store):
    return store.add(SPEC, "local", "cpu", 5)


def rows(n_terms=4, n_each=5):
    return [probe_fake.reply(item) for item in probe_fake.questions(n_terms, n_each)]


def same(one: list[Row], other: list[Row]) -> bool:
    return [repr(row) for row in one] == [repr(row) for row in other]


# --- the database ----------------------------------------------------------------------------------------------------


def test_rows_come_back_as_they_were_and_nan_stays_nan(store, run):
    odd = Row("a;b'\"", "Q:\n\x1f é 漢", "=1+1", 0.25, group="", answer="-3", detail='{"x": [1]}', seconds=0.5)
    store.append(run, [odd, Row("b", "", "", float("nan"), score_norm=0.5, frequency=1e300)])
    assert same(store.rows(run), [odd, Row("b", "", "", float("nan"), score_norm=0.5, frequency=1e300)])


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.text(st.characters(exclude_categories=["Cs"]), max_size=20), st.floats(0, 1)), max_size=8))
def test_any_text_survives_the_database(tmp_path_factory, pairs):
    store = Store(tmp_path_factory.mktemp("db") / "probe.sqlite")
    run = store.add(SPEC, "local", "cpu", 5)
    written = [Row(f"{number:03}", text, text, score, group=text) for number, (text, score) in enumerate(pairs)]
    store.append(run, written)
    assert same(store.rows(run), written)
    assert store.run(run).spec == SPEC


def test_a_batch_is_kept_as_a_whole_or_not_at_all(store, run):
    good = rows()
    store.append(run, good[:10])
    with pytest.raises(StoreError):
        store.append(run, [good[10], Row("x", None, "", 1.0)])  # a prompt may not be NULL
    assert same(store.rows(run), sorted(good[:10], key=lambda row: row.item_id))


def test_rows_are_taken_from_the_owner_of_the_run_only(store, run):
    store.update(run, pid=10, process_start="a")
    store.append(run, rows()[:5], (10, "a"))
    for stranger in ((10, "b"), (11, "a")):
        with pytest.raises(NotOurs):
            store.append(run, rows(), stranger)
    store.update(run, state="cancelled")
    with pytest.raises(NotOurs):
        store.append(run, rows(), (10, "a"))
    assert store.run(run).done == 5


def test_many_writers_at_once_lose_nothing(store):
    runs = [store.add(SPEC, "local", "cpu", 9) for _ in range(4)]
    parts = [rows()[start : start + 2] for start in range(0, 20, 2)]

    def write(run):
        for part in parts:
            Store(store.path).append(run, part)

    threads = [threading.Thread(target=write, args=(run,)) for run in runs]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert [store.run(run).done for run in runs] == [20] * 4


def test_two_who_make_the_database_at_once_get_one(tmp_path):
    found, threads = [], []
    for _ in range(8):
        threads.append(threading.Thread(target=lambda: found.append(Store(tmp_path / "probe.sqlite").add(SPEC, "local", "cpu", 99))))
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert len(set(found)) == 8 and len(Store(tmp_path / "probe.sqlite").runs()) == 8


def test_a_run_is_found_by_the_beginning_of_its_id(store, run):
    assert store.run(run[:5]).id == run
    for wrong in ("", "zz", "%", "_"):
        with pytest.raises(ValueError, match="no run that begins"):
            store.run(wrong)


def test_the_newest_run_comes_first_and_too_many_are_refused(store):
    ids = [store.add(SPEC, "local", "cpu", 3) for _ in range(3)]
    assert [run.id for run in store.runs()] == ids[::-1]
    with pytest.raises(ValueError, match="at most 3 may be"):
        store.add(SPEC, "local", "cpu", 3)
    store.update(ids[0], state="done")
    assert store.add(SPEC, "local", "cpu", 3)


# --- trouble ---------------------------------------------------------------------------------------------------------


def test_a_broken_database_is_named_and_left_as_it_is(tmp_path):
    path = tmp_path / "probe.sqlite"
    path.write_bytes(b"this is not a database" * 100)
    with pytest.raises(StoreError, match=r"probe.sqlite is not a database.*left as it is.*recover"):
        Store(path)
    assert path.read_bytes() == b"this is not a database" * 100


def test_a_damaged_page_is_noticed_when_it_is_read(tmp_path, store, run):
    for start in range(0, 2000, 200):
        store.append(run, [Row(f"{start + n}", "p" * 200, "", 1.0) for n in range(200)])
    with sqlite3.connect(store.path) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    data = bytearray(store.path.read_bytes())
    data[8192:-4096] = b"\x7f" * (len(data) - 8192 - 4096)
    store.path.write_bytes(data)
    with pytest.raises(StoreError, match="left as it is"):
        store.rows(run)


def test_a_full_disk_keeps_what_was_finished(store, run, monkeypatch):
    store.append(run, rows()[:10])
    real = Store.open

    def small(self):
        db = real(self)
        db.execute(f"PRAGMA max_page_count = {db.execute('PRAGMA page_count').fetchone()[0]}")
        return db

    monkeypatch.setattr(Store, "open", small)
    with pytest.raises(StoreError, match="disk that holds .*probe.sqlite is full.*free some space, then resume"):
        store.append(run, [Row(f"new {n}", "p" * 5000, "", 1.0) for n in range(50)])
    assert store.run(run).done == 10


def test_a_folder_that_cannot_be_made_and_one_that_cannot_be_written_are_named(tmp_path, store, monkeypatch):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match=r"file cannot be made|file/runs cannot be made"):
        Store(tmp_path / "file" / "runs" / "probe.sqlite")
    real = Store.open

    def readonly(self):
        db = real(self)
        db.execute("PRAGMA query_only = 1")
        return db

    monkeypatch.setattr(Store, "open", readonly)
    with pytest.raises(StoreError, match="cannot be written.*PROBE_RUNS"):
        store.add(SPEC, "local", "cpu", 3)


def test_a_database_of_a_newer_version_is_refused(store):
    with sqlite3.connect(store.path) as db:
        db.execute("PRAGMA user_version = 99")
    with pytest.raises(StoreError, match="newer version"):
        Store(store.path)


# --- results ---------------------------------------------------------------------------------------------------------


def test_groups_have_wilsons_interval_and_the_whole_its_spread_over_terms(store, run):
    store.append(run, rows(20, 10))
    found = results.found(store.run(run), store.groups(run))
    by_hand = pd.DataFrame([(row.group, row.score) for row in rows(20, 10)], columns=["group", "score"])
    means = by_hand.groupby("group")["score"].mean()
    table = found.groups.set_index("group")
    assert table["score"].to_dict() == pytest.approx(means.to_dict())
    assert table["frequency"].is_monotonic_increasing and (table["n"] == 10).all()
    # Ten of ten right: Wilson's interval is [10 / (10 + z^2), 1].
    sure = table[table["score"] == 1.0].iloc[0]
    assert (sure["low"], sure["high"]) == pytest.approx((10 / (10 + 1.959964**2), 1.0), rel=1e-6)
    assert found.whole["score"] == pytest.approx(by_hand["score"].mean())
    half = 1.959964 * means.std(ddof=1) / math.sqrt(20)
    assert (found.whole["low"], found.whole["high"]) == pytest.approx((means.mean() - half, min(means.mean() + half, 1)), rel=1e-6)


def test_a_csv_cell_that_is_a_formula_is_defused_and_every_row_says_what_was_run(store, run):
    store.append(run, [Row("a", "=1+1", "+cmd|' /C calc'!A0", 1.0, answer="-5", group="@x"), Row("b", "# no comment", "\t=1", 0.0)])
    store.update(run, versions=json.dumps({"torch": "2.13.0", "device": "cpu", "dtype": "float32"}))
    data = results.to_csv(store.run(run), store.rows(run))
    frame = pd.read_csv(io.BytesIO(data), comment="#", dtype=str)
    assert frame["prompt"].tolist()[0] == "'=1+1" and frame["returned"].tolist() == ["'+cmd|' /C calc'!A0", "'\t=1"]
    assert frame["answer"][0] == "'-5" and frame["group"][0] == "'@x"
    assert frame[["model", "revision", "device", "dtype", "seed"]].drop_duplicates().values.tolist() == [
        ["EleutherAI/pythia-70m", "step143000", "cpu", "float32", "0"]
    ]
    assert b'# versions: {"torch": "2.13.0"}' in data


@pytest.mark.models
def test_the_results_file_is_read_by_our_reader_and_by_lm_eval(store, run):
    store.append(run, rows(10, 10))
    scores = np.array([row.score for row in rows(10, 10)])
    document = results.to_results(store.run(run), store.rows(run))
    read = read_results(document).iloc[0]
    assert (read["model"], read["step"], read["task"], read["metric"], read["shots"], read["n_samples"]) == (
        "Pythia 70M",
        143000,
        "term_frequency_addition",
        "exact_match",
        2,
        100,
    )
    assert (read["value"], read["stderr"]) == pytest.approx((scores.mean(), scores.std(ddof=1) / 10))
    from lm_eval.api.metrics import mean_stderr
    from lm_eval.utils import make_table

    assert read["stderr"] == pytest.approx(mean_stderr(scores.tolist()))
    table = make_table(json.loads(document))
    assert "term_frequency_addition" in table and f"{scores.mean():.2f}" in table


def test_samples_carry_prompt_answer_and_score(store, run):
    store.append(run, rows(3, 3))
    samples = read_samples(results.to_samples(store.run(run), store.rows(run)))
    assert len(samples) == 9
    for sample, row in zip(samples, store.rows(run), strict=True):
        assert sample["arguments"]["gen_args_0"]["arg_0"] == row.prompt and sample["target"] == row.answer
        assert sample["exact_match"] == row.score and sample["doc"]["item_id"] == row.item_id


def test_a_sweep_is_every_combination_once():
    found = sweep.specs(["a", "b"], ["r1", "r2"], operations=["addition", "multiplication"], shots=[0, 4, 4], seed=3)
    assert len(found) == 16 and len({spec.to_json() for spec in found}) == 16
    assert {spec.seed for spec in found} == {3}
    assert len(sweep.specs(["a"], shots=[0, 4], probe="prompts", options={"csv": "x"})) == 1


# --- figures ---------------------------------------------------------------------------------------------------------


def shown(store, run, **changes):
    if changes:
        store.update(run, **changes)
    return results.found(store.run(run), store.groups(run))


def runs_of(*found):
    return Given("own", "runs", found)


def curve_of(*found, model="12b"):
    return figures.Curve(probe_runs=runs_of(*found), operation="addition", pythia_model=model, n_bins=8).panel()


def test_a_run_is_drawn_with_its_interval_and_an_unfinished_one_says_so(store, run):
    store.append(run, rows(40, 10))
    partial = curve_of(shown(store, run, state="running", total=800), model="12b")
    assert "so far" in partial.title and "400 of 800" in partial.caption and "not a fair sample" in partial.caption
    whole = curve_of(shown(store, run, state="done", total=400), model="12b")
    assert "so far" not in whole.title and "fair sample" not in whole.caption
    drawn = whole.data[whole.data["series"].str.startswith("pythia-70m")]
    assert len(drawn) == 8 and (drawn["low"] <= drawn["accuracy"]).all() and (drawn["accuracy"] <= drawn["high"]).all()
    table = store.groups(run)
    assert drawn["accuracy"].iloc[0] == pytest.approx(np.mean([row["score"] for row in table[:5]]))
    reported = whole.data[whole.data["status"] == "reported"]
    assert len(reported) == 100 and set(reported["source"]) == {"eleutherai2023"}


def test_the_operand_chart_recovers_a_running_mean_and_the_overall_chart_the_share(store, run):
    store.append(run, rows(100, 4))
    found = shown(store, run, state="done", total=400)
    panel = figures.Operands(probe_runs=runs_of(found), operation="addition", mean_of=1).panel()
    drawn = panel.data[panel.data["series"].str.startswith("pythia-70m")]
    by_operand = {int(row["group"]): row["score"] for row in store.groups(run)}
    assert dict(zip(drawn["operand"], drawn["accuracy"], strict=True)) == pytest.approx(by_operand)
    overall = figures.Overall(probe_runs=runs_of(found), operation="addition").panel().data
    assert overall.loc[0, "score"] == pytest.approx(np.mean([row.score for row in rows(100, 4)]))


def test_published_accuracies_are_those_of_the_released_file():
    # Pythia 12B, step 143000, 16-shot multiplication: rank correlation 0.90 with the counts, as on the page term_frequency.

    accuracy = probe_data.published("Pythia 12B", 143000, 16, "multiplication")
    assert float(spearman(accuracy, probe_data.counts())) == pytest.approx(0.90, abs=0.005)


def test_groups_without_frequency_are_drawn_as_rows_and_text_of_others_as_text(store, run):
    store.append(run, [Row(f"{n}", "p", "x", float(n % 2), group="<b>bold</b>" if n % 3 else "plain") for n in range(12)])
    panel = figures.groups(shown(store, run, state="done", total=12))
    assert "50.0% on 12 questions" in panel.title
    assert "&lt;b&gt;" in str(panel.figure.layout.yaxis.ticktext) and "<b>" not in str(panel.figure.to_json())
    curve = curve_of(shown(store, run), model="12b")
    assert "pythia-70m" not in curve.data["series"].str.cat()


def test_a_run_without_rows_draws_the_published_curve_alone(store, run):
    found = shown(store, run)
    for panel in (curve_of(found, model="1b"), figures.Overall(probe_runs=runs_of(found), operation="addition").panel()):
        assert "nan" not in panel.title + panel.alt
    with pytest.raises(ValueError, match="no row yet"):
        figures.groups(found)
    with pytest.raises(ValueError, match="no row yet"):
        results.to_results(store.run(run), [])
