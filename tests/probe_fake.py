"""Engines for the tests of the probe's jobs: they answer by arithmetic, in a process of their own like the real one."""

import os
import sqlite3
import time
from pathlib import Path

from analysis.probe.jobs_process import Work
from analysis.probe.spec import Item, Row
from analysis.probe.store import Store

ENGINES = {name: f"tests.probe_fake:{name}" for name in ("quick", "slow", "deaf", "full", "fuller", "no_folder", "huge", "leave")}


def questions(n_terms: int, n_each: int) -> list[Item]:
    """n_each questions for each of n_terms operands; the operand 3 is ten times as frequent as 30."""
    return [
        Item(f"{x1}-{x2}", f"Q:What is {x1} plus {x2}? A:", str(x1 + x2), group=str(x1), frequency=1e9 / (1 + x1))
        for x1 in range(n_terms)
        for x2 in range(1, n_each + 1)
    ]


def reply(item: Item) -> Row:
    """Right where both operands share a remainder that a small model would find easy."""
    x1, x2 = map(int, item.item_id.split("-"))
    returned = item.answer if (x1 * 37 + x2 * 17) % 101 > 2 * x1 else "0"
    return Row(
        item.item_id,
        item.prompt,
        returned,
        float(returned == item.answer),
        group=item.group,
        frequency=item.frequency,
        answer=item.answer,
        seconds=0.001,
    )


def work(spec, pause: float, answer=reply) -> Work:
    """The work of a fake run. options: n_terms and n_each."""
    items = questions(int(spec.options.get("n_terms", 20)), int(spec.options.get("n_each", 10)))[: spec.limit or None]
    batches = [items[start : start + spec.batch_size] for start in range(0, len(items), spec.batch_size)]

    def answers(batch):
        time.sleep(pause)
        return [answer(item) for item in batch]

    return Work(batches, answers, "cpu", {"fake": "1"})


def quick(spec):
    return work(spec, 0.004)


def slow(spec):
    return work(spec, float(spec.options.get("pause", 0.2)))


def deaf(spec):
    """One batch takes a minute and listens to nobody."""
    return work(spec, 60)


def no_folder(spec):
    raise ValueError(f"model: there is no folder {spec.model}")


def leave(spec):
    os._exit(3)


def huge(spec):
    return work(spec, 0.0)


def full(spec):
    """The database has no room for more than a few pages from the second batch on."""
    real = Store.open

    def small(self):
        db = real(self)
        pages = db.execute("PRAGMA page_count").fetchone()[0]
        db.execute(f"PRAGMA max_page_count = {pages}")
        return db

    Store.open = small
    return work(spec, 0.004)


def fuller(spec):
    """From the third batch on not even a state can be written."""
    real, left = Store.append, [2]

    def append(self, *arguments):
        if left[0] == 0:
            Store.open = broken
        left[0] -= 1
        return real(self, *arguments)

    def broken(self):
        raise sqlite3.OperationalError("database or disk is full")

    Store.append = append
    return work(spec, 0.004)


def nodes(spec):
    """Says on which node of a Ray cluster it ran."""
    import ray

    made = work(spec, float(spec.options["pause"]))
    return Work(made.batches, made.answer, made.device, made.versions | {"node": ray.get_runtime_context().get_node_id()})


def dies_once(spec):
    """The process ends after the first batch, the first time."""
    made, marker = work(spec, 0.0), Path(spec.options["marker"])

    def answer(batch):
        if made.batches[0] is not batch and not marker.exists():
            marker.touch()
            time.sleep(0.5)  # the first batch is on its way
            os._exit(1)
        return made.answer(batch)

    return Work(made.batches, answer, made.device, made.versions)
