"""Answering the questions of a run, a batch at a time: the same answers as lm_eval gives on the same prompts, faster."""

import json
import re
import time
from collections.abc import Callable

import numpy as np

from analysis.probe import inference_cache, inference_greedy, inference_plain, inference_text
from analysis.probe.models_memory import is_out_of_memory
from analysis.probe.spec import Item, Row, RunSpec

MOST_TOKENS = {"term_frequency": 16, "prompts": 32}
"""Tokens that are written at most where a line does not end before."""
FIRST_NUMBER = re.compile(r"[0-9]{1,5}")


def batches(items: list[Item], opened, spec: RunSpec) -> list[list[Item]]:
    """The items in batches, always the same ones: sorted by length from long to short, those with the same examples side by side.

    A run that is resumed leaves out whole batches.
    """
    if spec.probe == "memorised":
        ids = [list(item.token_ids) for item in items]
    else:
        ids = inference_text.encode(opened, [item.prompt for item in items])
    shared = [inference_text.shared_length(opened, row) for row in ids]
    order = sorted(range(len(items)), key=lambda at: (-shared[at], ids[at][: shared[at]], -len(ids[at]), at))
    return [[items[at] for at in order[start : start + spec.batch_size]] for start in range(0, len(order), spec.batch_size)]


def answer(opened, spec: RunSpec, batch: list[Item]) -> list[Row]:
    """What the model says to each item of a batch, scored, in the order of the batch.

    Where memory runs out the batch is cut in halves, and the batches after it as well. Raises ValueError where a single item does not
    fit, or a prompt leaves no room in the model's context.
    """
    start = time.perf_counter()
    rows = _with_less_memory(opened, batch, lambda part: _answer(opened, spec, part))
    seconds = (time.perf_counter() - start) / max(1, len(rows))
    return [Row(**row, seconds=seconds) for row in rows]


def _with_less_memory(opened, batch: list[Item], run: Callable[[list[Item]], list[dict]]) -> list[dict]:
    rows, at = [], 0
    while at < len(batch):
        part = batch[at : at + (opened.rows or len(batch))]
        try:
            rows += run(part)
            at += len(part)
            continue
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
        # Outside of the except clause, where the error would keep the tensors alive.
        _forget(opened)
        if len(part) == 1:
            raise ValueError(f"batch_size: memory on {opened.device} does not suffice for one question; choose a smaller model or type")
        opened.rows = max(1, len(part) // 2)
    return rows


def _forget(opened) -> None:
    for name in ("beginnings", "room"):
        opened.memo.pop(name, None)
    if opened.device != "cpu":
        import torch

        torch.cuda.empty_cache()


def _answer(opened, spec: RunSpec, batch: list[Item]) -> list[dict]:
    if spec.probe == "choice":
        return _choices(opened, batch)
    return _memorised(opened, batch) if spec.probe == "memorised" else _lines(opened, spec, batch)


def generate(opened, prompts: list[list[int]], drafts: list[list[int]], most: int, ends=inference_greedy.NOTHING) -> list[list[int]]:
    """Greedy continuations by the fast way if the model allows it. drafts: guesses, [] for none."""
    import torch

    length = max(len(ids) for ids in prompts) + most
    with torch.inference_mode():
        if inference_cache.can_share(opened, length) and inference_cache.generates_plainly(opened):
            return inference_greedy.continuations(opened, prompts, drafts, most, ends)
        return inference_plain.continuations(opened, prompts, most, ends)


def log_likelihoods(opened, pairs: list[tuple[list[int], list[int]]]) -> list[tuple[float, bool]]:
    """(log-likelihood, whether greedy) of each (context, continuation), contexts cut on the left to what the model can hold."""
    import torch

    cut = [(context[-(opened.max_length + 1 - len(ids)) :], ids) for context, ids in pairs]
    with torch.inference_mode():
        if inference_cache.can_share(opened, max(len(context) + len(ids) for context, ids in cut)):
            return inference_greedy.log_likelihoods(opened, cut)
        return inference_plain.log_likelihoods(opened, cut)


def _lines(opened, spec: RunSpec, batch: list[Item]) -> list[dict]:
    """One line after each prompt."""
    most = MOST_TOKENS[spec.probe]
    room = _room(opened, most)
    ids = inference_text.encode(opened, [item.prompt for item in batch])
    if any(not row for row in ids):
        raise ValueError("prompt: one of them has no tokens, so there is nothing to continue")
    before = "" if spec.probe == "term_frequency" else " "
    guesses = [("" if item.prompt[-1:].isspace() else before) + item.answer.strip() for item in batch]
    drafts = inference_text.drafts(opened, [item.prompt for item in batch], guesses)
    ends = inference_text.line_ends(opened) | inference_text.text_ends(opened)
    written = generate(opened, [row[-room:] for row in ids], drafts, most, ends)
    rows = []
    for item, sent, tokens in zip(batch, ids, written, strict=True):
        text = inference_text.first_line(opened, tokens)
        detail = {"tokens": len(tokens), "ended": tokens[-1] in ends}
        if len(sent) > room:
            detail["cut_tokens"] = len(sent) - room
        prompt = item.prompt if len(sent) <= room else opened.tokenizer.decode(sent[-room:])
        rows.append(_row(item, prompt, text, line_score(spec, item.answer, text), detail))
    return rows


def line_score(spec: RunSpec, wanted: str, text: str) -> float:
    """1.0 if a line is the right answer, else 0.0: for term frequency by its first number, for prompts as the option match says.

    >>> spec = RunSpec(model="bundled", probe="term_frequency")
    >>> line_score(spec, "56", " 56, I think"), line_score(spec, "56", "560"), line_score(RunSpec("bundled", "prompts"), "Lima", " lima.")
    (1.0, 0.0, 1.0)
    """
    match = "number" if spec.probe == "term_frequency" else spec.options.get("match", "start")
    if match == "number":
        found = first_number(text)
        return float(found != "" and found == (first_number(wanted) or wanted))
    said, wanted = text.strip().casefold(), wanted.strip().casefold()
    return float(said == wanted or (match == "start" and re.match(re.escape(wanted) + r"(?!\w)", said) is not None))


def first_number(text: str) -> str:
    """The first number of 1 to 5 digits before the newline; "" where there is none.

    >>> first_number(" 444"), first_number("7\\n\\nQ:What"), first_number("\\n12")
    ('444', '7', '')
    """
    found = FIRST_NUMBER.search(text.split("\n")[0])
    return found.group() if found else ""


def _choices(opened, batch: list[Item]) -> list[dict]:
    pairs, of_item = [], []
    for item in batch:
        of_item.append(len(item.choices))
        pairs += [inference_text.encode_pair(opened, item.prompt, choice) for choice in item.choices]
    if any(not context or not ids or len(ids) > opened.max_length for context, ids in pairs):
        raise ValueError("choices: one of them has no tokens, or more than the model can hold")
    found = iter(log_likelihoods(opened, pairs))
    rows = []
    for item, count in zip(batch, of_item, strict=True):
        values = [next(found) for _ in range(count)]
        sums = np.array([value for value, _ in values])
        # As lm_eval does: by characters, the blank in front not counted; the first of equals.
        said, normed = int(np.argmax(sums)), int(np.argmax(sums / [len(choice.removeprefix(" ")) for choice in item.choices]))
        greedy = [greedy for _, greedy in values]
        detail = {"choices": list(item.choices), "log_likelihoods": sums.tolist(), "greedy": greedy, "normalised": normed}
        row = _row(item, item.prompt, str(said), float(str(said) == item.answer), detail)
        rows.append(row | {"score_norm": float(str(normed) == item.answer)})
    return rows


def _memorised(opened, batch: list[Item]) -> list[dict]:
    most = len(batch[0].answer_ids)
    _room(opened, most + len(batch[0].token_ids) - 1)
    written = generate(opened, [list(item.token_ids) for item in batch], [list(item.answer_ids) for item in batch], most)
    rows = []
    for item, tokens in zip(batch, written, strict=True):
        same = sum(a == b for a, b in zip(tokens, item.answer_ids, strict=False))
        detail = {"same_tokens": same, "tokens": most, "whole": same == most}
        rows.append(_row(item, item.prompt, opened.tokenizer.decode(tokens), same / most, detail))
    return rows


def _room(opened, most: int) -> int:
    if opened.max_length <= most:
        raise ValueError(f"model: {opened.name} holds {opened.max_length} tokens, too few for a prompt and {most} tokens of answer")
    return opened.max_length - most


def _row(item: Item, prompt: str, returned: str, score: float, detail: dict) -> dict:
    return {
        "item_id": item.item_id,
        "prompt": prompt,
        "returned": returned,
        "score": score,
        "group": item.group,
        "frequency": item.frequency,
        "answer": item.answer,
        "detail": json.dumps(detail, sort_keys=True),
    }
