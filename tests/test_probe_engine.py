"""Answering in batches: composition, scores, and what happens where memory or room is short."""

import json

import numpy as np
import pytest

from analysis.probe import inference, inference_cache, inference_greedy, inference_plain, inference_text, items, models
from analysis.probe.spec import Item, RunSpec
from tests import tiny_probe_models as tiny


def opened_model(kind: str = "gpt_neox", **options):
    model, tokenizer = tiny.build(kind, **options)
    return models.wrap(model, tokenizer, "tiny")


def everything(opened, spec: RunSpec, questions: list[Item]) -> list:
    return [row for batch in inference.batches(questions, opened, spec) for row in inference.answer(opened, spec, batch)]


def plain(rows: list) -> list[tuple]:
    return [(row.item_id, row.prompt, row.returned, row.score, row.detail) for row in rows]


def test_batches_are_always_the_same_keep_every_item_once_and_go_from_long_to_short():
    spec = RunSpec("tiny", "term_frequency", options={"shots": 2}, batch_size=7, limit=100)
    questions = items.items_of(spec)
    cut = inference.batches(questions, opened_model(), spec)
    assert cut == inference.batches(questions, opened_model(), spec)
    assert [len(batch) for batch in cut] == [7] * 14 + [2]
    assert sorted(item.item_id for batch in cut for item in batch) == sorted(item.item_id for item in questions)
    tokens = [len(ids) for ids in inference_text.encode(opened_model(), [item.prompt for batch in cut for item in batch])]
    assert np.corrcoef(tokens, range(len(tokens)))[0, 1] < -0.8


def test_the_rest_of_a_run_gives_the_same_rows_as_the_whole():
    spec = RunSpec("tiny", "term_frequency", options={"shots": 3, "operation": "addition"}, batch_size=9, limit=60)
    questions = items.items_of(spec)
    whole, again = opened_model(trained=True), opened_model(trained=True)
    cut = inference.batches(questions, whole, spec)
    rows = [inference.answer(whole, spec, batch) for batch in cut]
    rest = [inference.answer(again, spec, batch) for batch in inference.batches(questions, again, spec)[3:]]
    assert [plain(part) for part in rest] == [plain(part) for part in rows[3:]]
    assert [[row.item_id for row in part] for part in rows] == [[item.item_id for item in batch] for batch in cut]


def test_a_row_keeps_the_prompt_that_was_sent_and_what_came_back():
    spec = RunSpec("tiny", "term_frequency", options={"shots": 2, "operation": "addition"}, limit=20)
    questions = items.items_of(spec)
    rows = {row.item_id: row for row in everything(opened_model(trained=True), spec, questions)}
    for item in questions:
        row = rows[item.item_id]
        assert (row.prompt, row.answer, row.group, row.frequency) == (item.prompt, item.answer, item.group, item.frequency)
        assert row.score == float(inference.first_number(row.returned) == item.answer) and "\n" not in row.returned
        assert row.seconds > 0 and 1 <= json.loads(row.detail)["tokens"] <= 16


def test_a_prompt_longer_than_the_model_holds_is_cut_on_the_left_and_said():
    opened = opened_model()
    spec = RunSpec("tiny", "term_frequency", options={"shots": 40}, limit=3)
    for row in everything(opened, spec, items.items_of(spec)):
        cut = json.loads(row.detail)["cut_tokens"]
        assert cut > 0 and len(opened.tokenizer(row.prompt)["input_ids"]) == 256 - 16
        assert row.prompt.endswith("? A:")


def test_a_model_too_small_for_an_answer_is_refused():
    opened = opened_model()
    opened.max_length = 16
    spec = RunSpec("tiny", "term_frequency", limit=1)
    with pytest.raises(ValueError, match="holds 16 tokens, too few for a prompt and 16 tokens of answer"):
        everything(opened, spec, items.items_of(spec))


@pytest.mark.parametrize("probe", ["term_frequency", "choice"])
def test_memory_that_runs_out_halves_the_batches_and_changes_no_answer(monkeypatch, probe):
    spec = RunSpec("tiny", probe, batch_size=16, limit=40)
    questions = items.items_of(spec)
    wanted = everything(opened_model(), spec, questions)
    opened, fill, sizes = opened_model(), inference_cache.fill, []

    def little(opened, prompts, *rest):
        sizes.append(len(prompts))
        if len(prompts) > 5:
            raise RuntimeError("CUDA out of memory. Tried to allocate 20.00 MiB")
        return fill(opened, prompts, *rest)

    monkeypatch.setattr(inference_cache, "fill", little)
    found = everything(opened, spec, questions)
    assert [(row.item_id, row.returned, row.score) for row in found] == [(row.item_id, row.returned, row.score) for row in wanted]
    assert opened.rows == 4 and sizes[:3] == [16, 8, 4] and max(sizes[3:]) == 4


def test_a_single_question_that_does_not_fit_is_refused_and_other_errors_are_not_hidden(monkeypatch):
    spec = RunSpec("tiny", "choice", limit=4)
    questions = items.items_of(spec)

    def fails(*args):
        raise RuntimeError(message)

    monkeypatch.setattr(inference_cache, "fill", fails)
    message = "DefaultCPUAllocator: can't allocate memory"
    with pytest.raises(ValueError, match="memory on cpu does not suffice for one question"):
        everything(opened_model(), spec, questions)
    message = "something else"
    with pytest.raises(RuntimeError, match="something else"):
        everything(opened_model(), spec, questions)


@pytest.mark.parametrize("kind", tiny.KINDS)
def test_the_plain_way_gives_the_same(monkeypatch, kind):
    for probe, options in (("term_frequency", {"shots": 3}), ("choice", {}), ("memorised", {"text": "The house is green. " * 60})):
        spec = RunSpec("tiny", probe, options=options, batch_size=8, limit=24)
        opened = opened_model(kind)
        questions = items.items_of(spec, opened)
        fast = everything(opened, spec, questions)
        with monkeypatch.context() as patch:
            patch.setattr(inference_cache, "can_share", lambda *args: False)
            patch.setattr(inference_greedy, "continuations", None)
            slow = everything(opened, spec, questions)
        assert [(row.item_id, row.returned, row.score) for row in fast] == [(row.item_id, row.returned, row.score) for row in slow]


def test_a_model_that_penalises_repetition_by_its_settings_goes_the_plain_way(monkeypatch):
    opened = opened_model()
    assert inference_cache.generates_plainly(opened)
    monkeypatch.setattr(opened.model.generation_config, "repetition_penalty", 1.3)
    assert not inference_cache.generates_plainly(opened)
    said = inference.generate(opened, [[5, 6, 7]], [[]], 8)
    assert said == inference_plain.continuations(opened, [[5, 6, 7]], 8)


def test_memorised_continuations_are_counted_by_token():
    opened = opened_model()
    start = opened.tokenizer("The house is green and the door is blue.")["input_ids"][:8]
    written = inference.generate(opened, [start], [[]], 12)[0]
    wrong = [*written[:5], (written[5] + 1) % 300, *written[6:]]
    wanted = {"right": written, "wrong": wrong}
    questions = [Item(name, "", "", token_ids=tuple(start), answer_ids=tuple(ids)) for name, ids in wanted.items()]
    right, other = inference.answer(opened, RunSpec("tiny", "memorised"), questions)
    assert right.score == 1 and json.loads(right.detail) == {"same_tokens": 12, "tokens": 12, "whole": True}
    assert other.score == 11 / 12 and right.returned == other.returned == opened.tokenizer.decode(written)


@pytest.mark.parametrize(
    ("match", "wanted", "text", "score"),
    [
        ("start", "Lima", " Lima, the capital", 1),
        ("start", "Lima", " Limabean", 0),
        ("start", "1.5", "1x5", 0),
        ("exact", "Lima", " lima ", 1),
        ("exact", "Lima", "Lima.", 0),
        ("number", "12", "about 12 apples", 1),
        ("number", "12", "123", 0),
        ("number", "012", "012", 1),
    ],
)
def test_a_line_is_compared_as_the_option_says(match, wanted, text, score):
    assert inference.line_score(RunSpec("tiny", "prompts", options={"match": match}), wanted, text) == score


def test_the_first_number_has_one_to_five_digits_and_stands_before_the_newline():
    wanted = {"": "", "none": "", " 4950": "4950", "123456": "12345", "a\n5": "", "-7": "7", "1,000": "1"}
    assert {text: inference.first_number(text) for text in wanted} == wanted


def test_numbers_that_run_over_are_refused_and_not_answered():
    import torch

    with pytest.raises(ValueError, match="run over in float16; choose bfloat16 or float32"):
        inference_greedy.best(torch.tensor([[1.0, float("nan")]], dtype=torch.float16))
    with pytest.raises(ValueError, match="its weights give numbers that are not finite"):
        inference_greedy.best(torch.tensor([[float("inf"), 1.0]]))


def test_a_shared_beginning_is_run_once(monkeypatch):
    opened = opened_model()
    spec = RunSpec("tiny", "term_frequency", options={"shots": 3}, batch_size=50)
    questions = items.items_of(spec)[:150]
    lengths, forward = [], type(opened.model).forward

    def counted(self, input_ids=None, **rest):
        lengths.append(tuple(input_ids.shape))
        return forward(self, input_ids=input_ids, **rest)

    monkeypatch.setattr(type(opened.model), "forward", counted)
    monkeypatch.setattr(inference_cache, "can_share", lambda *args: True)
    everything(opened, spec, questions)
    assert sum(rows == 1 and tokens > 20 for rows, tokens in lengths) == 3
    assert max(tokens for rows, tokens in lengths if rows > 1) < 25
