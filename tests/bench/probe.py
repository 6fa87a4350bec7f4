"""Examples per second of the probe beside lm_eval: same model in memory, same prompts, same batch size, same most tokens, one run.

lm_eval is given requests only, so neither side loads a model or a data set. Both include tokenizing and scoring nothing else.
"""

import contextlib
import io
import logging
import time

from analysis.probe import inference, items, models
from analysis.probe.spec import BUNDLED, RunSpec
from tests import tiny_probe_models as tiny
from tests.test_probe_parity import MOST, harness, likelihoods_of_lm_eval, said_by_lm_eval

PYTHIA_70M = {
    "hidden_size": 512,
    "num_hidden_layers": 6,
    "num_attention_heads": 8,
    "intermediate_size": 2048,
    "max_position_embeddings": 2048,
}
BATCH = 32
REPEATS = 2


def measure(quick: bool) -> list[tuple[str, ...]]:
    """Rows of the bench table."""
    import torch

    logging.disable(logging.WARNING)
    rows = [("what", "lm_eval", "here", "ratio", "quality")]
    for device in ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]:
        for name, opened, size in opened_models(device):
            size = 64 if quick else size
            for shots in (0, 4, 16):
                spec = RunSpec(name, "term_frequency", options={"shots": shots, "corpus": "pile_train"}, batch_size=BATCH)
                rows.append(compare(f"{name}, {device}, {shots} examples", opened, spec, size))
            rows.append(compare(f"{name}, {device}, multiple choice", opened, RunSpec(name, "choice", batch_size=BATCH), size))
    return rows


def opened_models(device: str):
    """(name, model in memory, questions) of each model that is timed."""
    more = 5 if device != "cpu" else 1
    if models.bundled_revisions():
        yield "bundled", models.open_model(RunSpec(BUNDLED, "choice", device=device)), 320 * more
    else:
        model, tokenizer = tiny.build("gpt_neox", trained=True)
        yield "tiny, trained for seconds", models.wrap(model.to(device), tokenizer, "tiny"), 320 * more
    model, tokenizer = tiny.build("gpt_neox", **PYTHIA_70M)
    yield "shape of Pythia 70M, random weights", models.wrap(model.to(device), tokenizer, "shape"), 96 * more


def compare(what: str, opened, spec: RunSpec, size: int) -> tuple[str, ...]:
    """One row: both sides over the same questions in turn, the better of REPEATS each."""
    questions = items.items_of(spec)[:size]  # a run as it is, from its start: 50 questions for each operand
    ours(opened, spec, questions[:BATCH])
    theirs(opened, spec, questions[:BATCH])
    times = []
    for _ in range(REPEATS):
        opened.memo.clear()
        here, rows = clock(lambda: ours(opened, spec, questions))
        there, wanted = clock(lambda: theirs(opened, spec, questions))
        times.append((here, there))
    same = sum(a == b for a, b in zip(rows, wanted, strict=True))
    here, there = (min(side) for side in zip(*times, strict=True))
    n = len(questions)
    return what, f"{n / there:.0f} /s", f"{n / here:.0f} /s", f"{there / here:.1f} x", f"{same} of {n} answers the same"


def ours(opened, spec: RunSpec, questions: list) -> list[str]:
    """The answers of the probe, in the order of the questions."""
    found = {
        row.item_id: row.returned for batch in inference.batches(questions, opened, spec) for row in inference.answer(opened, spec, batch)
    }
    return [found[item.item_id] for item in questions]


def theirs(opened, spec: RunSpec, questions: list) -> list[str]:
    """The answers of lm_eval."""
    lm = harness(opened.model, opened.tokenizer, spec.batch_size)
    with contextlib.redirect_stderr(io.StringIO()):
        if spec.probe == "term_frequency":
            return said_by_lm_eval(lm, [item.prompt for item in questions], MOST)
        values = iter(likelihoods_of_lm_eval(lm, [(item.prompt, choice) for item in questions for choice in item.choices]))
    sums = [[next(values)[0] for _ in item.choices] for item in questions]
    return [str(row.index(max(row))) for row in sums]


def clock(run):
    """(seconds, outcome)."""
    start = time.perf_counter()
    outcome = run()
    return time.perf_counter() - start, outcome
