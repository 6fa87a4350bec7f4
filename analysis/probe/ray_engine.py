"""A sweep on a cluster: each run is a Ray task with a GPU (or processor) of its own, and its rows stream into the database here.

Only the driver writes to the database, so the nodes need no common disk: the rows of all nodes are merged as they come, a whole
batch at a time. A run goes on after its last whole batch, on any node, when a node or the driver dies.
"""

import json
import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict
from typing import Any

from analysis.background.process import reason
from analysis.probe.jobs import CLUSTER, Jobs
from analysis.probe.jobs_process import cancelled_words, engine_of, fingerprint, is_full, max_questions, process_start
from analysis.probe.spec import Row, RunSpec
from analysis.probe.store import LIVE, ROOT, NotOurs, Run, StoreError
from analysis.probe.sweep import earlier

NOT_INSTALLED = "ray is not installed: run `pip install -r requirements-cluster.txt` on every node"
ATTEMPTS = 3
"""How often a run is begun again, each time after its last whole batch, when the node that did it is lost."""
EXCLUDED = [".git", ".venv", "runs", "exports", "tests", "__pycache__"]


def connect(address: str | None = None, upload: bool = False) -> Any:
    """Ray, connected to the cluster at an address ("auto", "host:6379"), or to one made on this machine for None.

    upload: send this folder to the nodes; without it every node has the project at the same path. Raises ValueError with one sentence.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nothing is reported to anybody
    try:
        import ray
    except ModuleNotFoundError:
        raise ValueError(NOT_INSTALLED) from None
    environment = {"working_dir": str(ROOT), "excludes": EXCLUDED} if upload else {"env_vars": {"PYTHONPATH": str(ROOT)}}
    try:
        ray.init(
            address=address,
            runtime_env=environment,
            log_to_driver=False,
            logging_level="warning",
            include_dashboard=None if address else False,
        )
    except (ConnectionError, ValueError, RuntimeError) as error:
        raise ValueError(f"address: no Ray cluster answers at {address!r}: {str(error).splitlines()[0][:200]}") from None
    return ray


def answers(spec_line: str, target: str, finished: list[str]) -> Iterator[dict]:
    """On a node: first what is known of the run, then the rows of each batch that is not finished yet, then how it ended.

    The parts are dicts of what JSON can carry, so that driver and node need not agree on more than this function.
    """
    try:
        work = engine_of(target)(RunSpec.from_json(spec_line))
        ids = [item.item_id for batch in work.batches for item in batch]
        yield {
            "total": len(ids),
            "distinct": len(set(ids)),
            "asked": fingerprint(work.batches),
            "versions": {**work.versions, "device": work.device},
        }
        there = set(finished)
        for batch in work.batches:
            if any(item.item_id not in there for item in batch):
                yield {"rows": [asdict(row) for row in work.answer(batch)]}
        yield {"done": True}
    except Exception as error:  # noqa: BLE001 - one sentence travels better than a class that the driver may not have
        yield {"failed": "the disk of the node is full" if is_full(error) else reason(error)}


def carry_out(
    jobs: Jobs,
    wanted: Iterable[RunSpec],
    engine: str = "local",
    address: str | None = None,
    upload: bool = False,
    gpus: float | None = None,
    tell: Callable[[RunSpec, Run], None] = lambda spec, run: None,
) -> list[Run]:
    """The runs of a sweep on a Ray cluster, as many at once as it has GPUs, or processors where it has none.

    gpus: how many each task asks for; None is one where the cluster has any. Runs that are complete are not done again, others go on.
    Ray is left as it was found: where this connected, it disconnects.
    """
    wanted = list(wanted)
    already = _initialised()
    ray = already or connect(address, upload)
    try:
        gpus = (1.0 if ray.cluster_resources().get("GPU") else 0.0) if gpus is None else gpus
        task = ray.remote(num_cpus=0 if gpus else 1, num_gpus=gpus, max_retries=0)(answers)
        runs = [_claimed(jobs, spec, engine) for spec in wanted]
        mine = [run for run in runs if run.live]
        try:
            _collect(ray, task, jobs, {run.id: run.spec for run in mine}, jobs.engines[engine], tell)
        finally:
            for run in mine:  # an interruption of this loop, such as Ctrl-C
                jobs.store.update(
                    run.id,
                    f"state IN {LIVE}",
                    state="interrupted",
                    message="the sweep was stopped; finished rows are kept",
                    finished=time.time(),
                )
        return [jobs.run(run.id) for run in runs]
    finally:
        if not already:
            ray.shutdown()


def _initialised():
    try:
        import ray
    except ModuleNotFoundError:
        raise ValueError(NOT_INSTALLED) from None
    return ray if ray.is_initialized() else None


def _me() -> tuple[int, str]:
    return os.getpid(), process_start(os.getpid())


def _claimed(jobs: Jobs, spec: RunSpec, engine: str) -> Run:
    """The run of a spec, this process's own, or one that is complete."""
    if engine not in jobs.engines:
        raise ValueError(f"engine: {engine[:40]!r} is not one of {', '.join(jobs.engines)}")
    found = earlier(jobs, spec, engine)
    if found is not None and found.live:
        raise ValueError(f"run: {found.id} is {found.state} in another process; wait for it, or cancel it")
    if found is not None and found.state == "done":
        return found
    run = found.id if found else jobs.store.add(spec, engine, CLUSTER, 10**9)
    pid, start = _me()
    jobs.store.update(
        run,
        "state NOT IN ('running', 'done')",
        state="queued",
        message="waits for a place on the cluster",
        cancel=0,
        pid=pid,
        process_start=start,
        device=CLUSTER,
        finished=None,
        answering=None,
        heartbeat=time.time(),
    )
    return jobs.store.run(run)


def _collect(ray, task, jobs: Jobs, specs: dict[str, RunSpec], target: str, tell) -> None:
    """Start every task and keep what they send, until all have ended."""
    store, me = jobs.store, _me()
    streams, begun = {}, dict.fromkeys(specs, 0)

    def begin(run: str) -> None:
        begun[run] += 1
        stream = task.options(num_returns="streaming").remote(specs[run].to_json(), target, sorted(store.finished(run)))
        streams[run] = stream

    def end(run: str, state: str, message: str) -> None:
        ray.cancel(streams.pop(run), force=True)
        store.update(run, f"state IN {LIVE}", state=state, message=message, finished=time.time())
        tell(specs[run], store.run(run))

    for run in specs:
        begin(run)
    stop = threading.Event()
    beat = threading.Thread(target=_heartbeat, args=(jobs, list(specs), stop), daemon=True)
    beat.start()
    try:
        while streams:
            ready, _ = ray.wait(list(streams.values()), timeout=0.3, num_returns=1, fetch_local=False)
            for run in [run for run, stream in streams.items() if stream in ready]:
                try:
                    part = ray.get(next(streams[run]))
                    _keep(store, run, part, me)
                except (StopIteration, ray.exceptions.RayError) as error:
                    if begun[run] < ATTEMPTS:
                        begin(run)
                    else:
                        end(
                            run,
                            "interrupted",
                            f"its node was lost {ATTEMPTS} times ({type(error).__name__}); resume continues after the rows kept",
                        )
                    continue
                except (StoreError, ValueError) as error:
                    end(run, "failed", str(error))
                    continue
                except NotOurs:
                    end(run, "interrupted", "the run was taken over by another process")
                    continue
                if "failed" in part or "done" in part:
                    end(run, "done" if "done" in part else "failed", part.get("failed", ""))
                else:
                    tell(specs[run], store.run(run))
            for run in list(streams):
                if (now := store.run(run)).cancel:
                    end(run, "cancelled", cancelled_words(now))
    finally:
        stop.set()
        for stream in streams.values():
            ray.cancel(stream, force=True)


def _keep(store, run: str, part: dict, me: tuple[int, str]) -> None:
    if "total" in part:
        now = store.run(run)
        if part["distinct"] != part["total"]:
            raise ValueError("two questions of this run have the same id, so their answers could not be told apart")
        if part["total"] > max_questions():
            raise ValueError(f"limit: this run asks {part['total']:,} questions, and at most {max_questions():,} may be asked; set a limit")
        if now.asked and now.asked != part["asked"]:
            raise ValueError("the questions of this run are not those it began with (other files, or another version); start a new run")
        moment = time.time()
        store.update(
            run,
            f"state IN {LIVE}",
            state="running",
            message="answers on the cluster",
            total=part["total"],
            asked=part["asked"],
            started=moment,
            answering=moment,
            done_before=now.done,
            versions=json.dumps(part["versions"], sort_keys=True, default=str),
        )
    elif "rows" in part:
        store.append(run, [Row(**row) for row in part["rows"]], me)


def _heartbeat(jobs: Jobs, runs: list[str], stop: threading.Event) -> None:
    while not stop.wait(5.0):
        for run in runs:
            try:
                jobs.store.update(run, f"state IN {LIVE}", heartbeat=time.time())
            except StoreError:
                continue
