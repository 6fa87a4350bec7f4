"""A sweep on a Ray cluster of two nodes on this machine: every run once, on both nodes, resumed after a loss."""

import os
import time

import pytest

from analysis.probe import ray_engine, sweep
from analysis.probe.jobs import Jobs
from analysis.probe.store import Store
from tests import probe_fake

os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
pytest.importorskip("ray", reason="ray is not installed (requirements-cluster.txt)")

ENGINES = probe_fake.ENGINES | {"nodes": "tests.probe_fake:nodes", "dies_once": "tests.probe_fake:dies_once"}


@pytest.fixture(scope="module")
def cluster():
    from ray.cluster_utils import Cluster

    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    cluster.add_node(num_cpus=1)
    yield cluster
    cluster.shutdown()


@pytest.fixture(scope="module")
def connected(cluster):
    """One connection for all tests: making one takes seconds."""
    ray = ray_engine.connect(cluster.address)
    yield ray
    ray.shutdown()


@pytest.fixture
def jobs(tmp_path):
    return Jobs(Store(tmp_path / "probe.sqlite"), ENGINES)


def expected():
    return sorted(repr(probe_fake.reply(item)) for item in probe_fake.questions(20, 10))


def test_a_sweep_uses_both_nodes_and_leaves_the_rows_of_local_runs_in_one_database(connected, jobs):
    assert len([node for node in connected.nodes() if node["Alive"]]) == 2
    wanted = sweep.specs(["fake"], ["a", "b"], shots=[0, 4], batch_size=50, options={"pause": 0.2})
    told = []
    ended = ray_engine.carry_out(jobs, wanted, "nodes", tell=lambda spec, run: told.append(run.done))
    assert [run.state for run in ended] == ["done"] * 4 and {run.done for run in ended} == {200}
    for run in ended:
        assert sorted(map(repr, jobs.store.rows(run.id))) == expected()
    assert len({run.versions["node"] for run in ended}) == 2
    assert {50, 100, 150} <= set(told)  # batches arrive one by one

    # What is complete is not done again; what stopped goes on after its last whole batch, here or there.
    with jobs.store.transaction() as db:
        db.execute("DELETE FROM rows WHERE run_id = ? AND substr(item_id, 1, 1) = '1'", (ended[1].id,))
    jobs.store.update(ended[1].id, state="interrupted")
    again = ray_engine.carry_out(jobs, wanted, "nodes")
    assert [run.id for run in again] == [run.id for run in ended] and len(jobs.runs()) == 4
    assert again[0].finished == ended[0].finished and 0 < again[1].done_before < 200
    assert sorted(map(repr, jobs.store.rows(again[1].id))) == expected()


def test_a_lost_worker_is_replaced_and_a_failure_is_one_sentence(connected, jobs, tmp_path):
    wanted = sweep.specs(["fake"], batch_size=50, options={"marker": str(tmp_path / "died")})
    (run,) = ray_engine.carry_out(jobs, wanted, "dies_once")
    assert run.state == "done" and (tmp_path / "died").exists() and run.done_before == 50
    assert sorted(map(repr, jobs.store.rows(run.id))) == expected()
    (run,) = ray_engine.carry_out(jobs, sweep.specs(["nowhere"]), "no_folder")
    assert (run.state, run.message) == ("failed", "model: there is no folder nowhere")


def test_a_run_on_the_cluster_is_cancelled_from_elsewhere_and_keeps_its_rows(connected, jobs):
    import threading

    def cancel():
        other = Jobs(Store(jobs.store.path), ENGINES)
        while not (runs := other.runs()) or runs[0].done == 0:
            time.sleep(0.02)
        found.append(other.cancel(runs[0].id))

    found = []
    thread = threading.Thread(target=cancel)
    thread.start()
    (run,) = ray_engine.carry_out(jobs, sweep.specs(["fake"], batch_size=5), "slow")
    thread.join(10)
    assert run.state == found[0].state == "cancelled" and 0 < run.done < 200 and run.done % 5 == 0


def test_an_address_where_nobody_answers_is_one_sentence(jobs, monkeypatch):
    import ray

    monkeypatch.setattr(ray, "is_initialized", lambda: False)
    monkeypatch.setattr(ray, "init", lambda **_: (_ for _ in ()).throw(ConnectionError("no\nluck")))
    with pytest.raises(ValueError, match="no Ray cluster answers at '10.0.0.1:1': no$"):
        ray_engine.carry_out(jobs, sweep.specs(["fake"]), "quick", "10.0.0.1:1")
