"""The probe answers what lm-evaluation-harness answers, item by item on the same prompts. Reference: lm_eval 0.4.13."""

import json
from dataclasses import replace
from importlib.metadata import version

import numpy as np
import pytest

from analysis.evals import read as evals_read
from analysis.probe import inference, inference_cache, inference_text, items, models, results
from analysis.probe.spec import BUNDLED, Item, RunSpec
from analysis.probe.store import Store
from tests import tiny_probe_models as tiny

CASES = [(kind, trained) for kind in tiny.KINDS for trained in (False, True)]
MOST = inference.MOST_TOKENS["term_frequency"]


def harness(model, tokenizer, batch_size: int):
    """lm_eval's own runner around a model in memory."""
    from lm_eval.models.huggingface import HFLM

    return HFLM(pretrained=model, tokenizer=tokenizer, batch_size=batch_size)


def said_by_lm_eval(lm, prompts: list[str], most: int = MOST) -> list[str]:
    from lm_eval.api.instance import Instance

    settings = {"until": ["\n"], "max_gen_toks": most, "do_sample": False}
    asked = [(text, dict(settings)) for text in prompts]
    requests = [Instance(request_type="generate_until", doc={}, arguments=pair, idx=at) for at, pair in enumerate(asked)]
    return lm.generate_until(requests, disable_tqdm=True)


def likelihoods_of_lm_eval(lm, pairs: list[tuple[str, str]]) -> list[tuple[float, bool]]:
    from lm_eval.api.instance import Instance

    requests = [Instance(request_type="loglikelihood", doc={}, arguments=pair, idx=at) for at, pair in enumerate(pairs)]
    return lm.loglikelihood(requests, disable_tqdm=True)


def answered(opened, spec: RunSpec, questions: list[Item]) -> dict[str, object]:
    rows = [row for batch in inference.batches(questions, opened, spec) for row in inference.answer(opened, spec, batch)]
    assert len(rows) == len(questions)
    return {row.item_id: row for row in rows}


def test_the_harness_is_the_version_that_is_named():
    assert version("lm_eval") == "0.4.13"


@pytest.mark.parametrize(("kind", "trained", "batch_size"), [(*case, 7) for case in CASES] + [("gpt_neox", True, 1), ("llama", True, 32)])
def test_few_shot_lines_are_those_of_lm_eval(kind, trained, batch_size):
    model, tokenizer = tiny.build(kind, trained=trained)
    opened = models.wrap(model, tokenizer, kind)
    assert inference_cache.can_share(opened, 256)  # the fast way is the one that is tested
    for shots in (0, 3):
        limit = 10 if batch_size == 1 else 40
        spec = RunSpec(kind, "term_frequency", options={"operation": "addition", "shots": shots}, batch_size=batch_size, limit=limit)
        questions = items.items_of(spec)
        rows = answered(opened, spec, questions)
        wanted = said_by_lm_eval(harness(model, tokenizer, batch_size), [item.prompt for item in questions])
        assert [rows[item.item_id].returned for item in questions] == wanted
        assert len(set(wanted)) >= 3
        # Guesses that hold, and guesses that hold for a while.
        for change in ("", "7", "\n\nQ:"):
            guessed = [replace(item, answer=text + change) for item, text in zip(questions, wanted, strict=True)]
            again = answered(opened, spec, guessed)
            assert [again[item.item_id].returned for item in questions] == wanted
    if trained:  # else no line would have ended before the most tokens that are written
        assert sum(json.loads(row.detail)["tokens"] < MOST for row in rows.values()) >= len(rows) / 2


@pytest.mark.parametrize("batch_size", [1, 5, 16])
@pytest.mark.parametrize(("kind", "trained"), CASES)
def test_log_likelihoods_are_those_of_lm_eval(kind, trained, batch_size):
    model, tokenizer = tiny.build(kind, trained=trained)
    opened = models.wrap(model, tokenizer, kind)
    pairs = [(item.prompt, choice) for item in items.items_of(RunSpec(kind, "choice", limit=12)) for choice in item.choices]
    pairs += [("", "The door is green"), ("The house is ", "green"), ("Q:What is 1 plus 1? A:", "2\n\n"), ("7", "7")]
    pairs += [("The house" * 60, " is blue"), ("The door" * 126, " is green and the house is blue")]
    # Pairs of which greedy decoding would write the continuation.
    prompts = ["Q:What is 7 plus 1? A:", "The house", "Q:What is 2 plus 2? A:4\n\nQ:What is 30 plus 2? A:"]
    pairs += list(zip(prompts, said_by_lm_eval(harness(model, tokenizer, 1), prompts, most=4), strict=True))
    pairs = [pair for pair in pairs if pair[1]]
    wanted = likelihoods_of_lm_eval(harness(model, tokenizer, batch_size), pairs)
    found = []
    for start in range(0, len(pairs), batch_size):
        found += inference.log_likelihoods(
            opened, [inference_text.encode_pair(opened, *pair) for pair in pairs[start : start + batch_size]]
        )
    assert [greedy for _, greedy in found] == [greedy for _, greedy in wanted]
    assert [value for value, _ in found] == pytest.approx([value for value, _ in wanted], abs=1e-4)
    assert any(greedy for _, greedy in wanted) and not all(greedy for _, greedy in wanted)


def test_where_lm_eval_confuses_two_continuations_its_other_way_agrees_with_ours():
    # With logits_cache (its default) 0.4.13 takes the first instead of the last place of the shared context for the shorter continuation.
    from lm_eval.models.huggingface import HFLM

    model, tokenizer = tiny.build("llama")
    opened = models.wrap(model, tokenizer, "llama")
    pairs = [("", "The house is green"), ("The house is", " green")]
    found = [value for value, _ in inference.log_likelihoods(opened, [inference_text.encode_pair(opened, *pair) for pair in pairs])]
    right = HFLM(pretrained=model, tokenizer=tokenizer, batch_size=2, logits_cache=False)
    assert found == pytest.approx([value for value, _ in likelihoods_of_lm_eval(right, pairs)], abs=1e-4)
    alone = [likelihoods_of_lm_eval(harness(model, tokenizer, 2), [pair])[0][0] for pair in pairs]
    assert found == pytest.approx(alone, abs=1e-4)


@pytest.mark.parametrize(
    ("kind", "changes", "shares"),
    [
        ("gpt2", {}, True),
        ("opt", {}, True),
        ("qwen2", {}, True),
        ("mistral", {}, True),
        ("mistral", {"sliding_window": 16}, False),
        ("bloom", {}, False),
    ],
)
def test_other_kinds_of_models_answer_as_in_lm_eval_too(kind, changes, shares):
    model, tokenizer = tiny.build(kind, **changes)
    opened = models.wrap(model, tokenizer, kind)
    assert inference_cache.can_share(opened, 100) == shares
    spec = RunSpec(kind, "term_frequency", options={"shots": 3}, batch_size=5, limit=10)
    questions = items.items_of(spec)
    rows = answered(opened, spec, questions)
    assert [rows[item.item_id].returned for item in questions] == said_by_lm_eval(
        harness(model, tokenizer, 5), [item.prompt for item in questions]
    )
    pairs = [(item.prompt, choice) for item in items.items_of(RunSpec(kind, "choice", limit=3)) for choice in item.choices]
    wanted = likelihoods_of_lm_eval(harness(model, tokenizer, 4), pairs)
    found = inference.log_likelihoods(opened, [inference_text.encode_pair(opened, *pair) for pair in pairs])
    assert [value for value, _ in found] == pytest.approx([value for value, _ in wanted], abs=1e-4)
    assert [greedy for _, greedy in found] == [greedy for _, greedy in wanted]


@pytest.mark.parametrize("kind", tiny.KINDS)
def test_choices_are_scored_as_lm_eval_scores_a_task(kind):
    from lm_eval.api.task import MultipleChoiceTask

    model, tokenizer = tiny.build(kind)
    opened = models.wrap(model, tokenizer, kind)
    spec = RunSpec(kind, "choice", batch_size=16)
    questions = items.items_of(spec)
    rows = answered(opened, spec, questions)
    pairs = [(item.prompt, choice) for item in questions for choice in item.choices]
    values = iter(likelihoods_of_lm_eval(harness(model, tokenizer, 16), pairs))
    for item in questions:
        doc = {"choices": [choice[1:] for choice in item.choices], "gold": int(item.answer)}
        wanted = MultipleChoiceTask.process_results(None, doc, [next(values) for _ in item.choices])
        assert (rows[item.item_id].score, rows[item.item_id].score_norm) == (wanted["acc"], wanted["acc_norm"])
    assert 0 < sum(row.score for row in rows.values()) < len(rows)
    assert any(row.score != row.score_norm for row in rows.values())


def test_the_bundled_model_answers_as_in_lm_eval():
    if not models.bundled_revisions():
        pytest.skip("the bundled model is not here")
    spec = RunSpec(BUNDLED, "term_frequency", options={"shots": 4}, device="cpu", batch_size=16, limit=100)
    opened = models.open_model(spec)
    questions = items.items_of(spec, opened)
    rows = answered(opened, spec, questions)
    wanted = said_by_lm_eval(harness(opened.model, opened.tokenizer, 16), [item.prompt for item in questions])
    assert [rows[item.item_id].returned for item in questions] == wanted


QUESTIONS = """question,a,b,c,answer
What is 7 plus 5?,12,13,,a
What is 7 times 8?,54,56,a hundred,b
What is 2 plus 2?,4,22,,a
"Which is ""first"", é or z?",the é,the z,"neither, or both",b
What is 3 times 30?,33,60,90,c
What is 1 plus 1?,eleven,2,,b
"""


def logged_by_lm_eval(folder, opened, questions: list[Item]) -> tuple[dict, list[dict]]:
    """(results, sample log) of lm_eval's own run of multiple-choice questions, the log as its tracker writes it."""
    import datasets
    from lm_eval import simple_evaluate
    from lm_eval.api.task import ConfigurableTask
    from lm_eval.loggers import EvaluationTracker

    docs = [{"prompt": item.prompt, "choices": [choice[1:] for choice in item.choices], "gold": int(item.answer)} for item in questions]
    task = ConfigurableTask(
        config={
            "task": "choice",
            "custom_dataset": lambda **_: {"test": datasets.Dataset.from_list(docs)},
            "test_split": "test",
            "output_type": "multiple_choice",
            "doc_to_text": "{{prompt}}",
            "doc_to_choice": "choices",
            "doc_to_target": "gold",
            "metric_list": [{"metric": metric, "aggregation": "mean", "higher_is_better": True} for metric in ("acc", "acc_norm")],
        }
    )
    tracker = EvaluationTracker(output_path=str(folder))
    lm = harness(opened.model, opened.tokenizer, 4)
    run = simple_evaluate(lm, tasks=[task], evaluation_tracker=tracker, bootstrap_iters=0, verbosity="ERROR")
    tracker.save_results_aggregated(results=run, samples=run["samples"])
    tracker.save_results_samples("choice", run["samples"]["choice"])
    (path,) = folder.rglob("samples_choice_*.jsonl")
    return run["results"]["choice"], [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def shares_right(samples) -> dict[str, float]:
    """acc and acc_norm from nothing but the targets, choices and pairs of a sample log."""
    right = {"acc": [], "acc_norm": []}
    for sample in samples:
        asked = [argument for _, argument in sorted(sample["arguments"].items()) if argument]
        sums = np.array([float(value) for value, _ in sample["filtered_resps"]])
        lengths = [len(argument["arg_1"].removeprefix(" ")) for argument in asked]
        right["acc"].append(str(np.argmax(sums)) == sample["target"])
        right["acc_norm"].append(str(np.argmax(sums / lengths)) == sample["target"])
    return {metric: float(np.mean(values)) for metric, values in right.items()}


def test_the_sample_log_of_multiple_choice_is_the_one_that_lm_eval_writes(tmp_path):
    import datasets
    from lm_eval.utils import get_file_task_name, get_sample_results_filenames

    if not models.bundled_revisions():
        pytest.skip("the bundled model is not here")
    spec = RunSpec(BUNDLED, "choice", options={"csv": QUESTIONS}, device="cpu", batch_size=4)
    opened, store = models.open_model(spec), Store(tmp_path / "probe.sqlite")
    questions = items.items_of(spec, opened)
    run = store.add(spec, "local", "cpu", 5)
    store.append(run, list(answered(opened, spec, questions).values()))
    log = tmp_path / f"samples_{results.task_of(store.run(run))}_{run}.jsonl"
    log.write_bytes(results.to_samples(store.run(run), store.rows(run)))
    ours = [json.loads(line) for line in log.read_text("utf-8").splitlines()]
    scores, theirs = logged_by_lm_eval(tmp_path / "lm_eval", opened, questions)
    assert len(ours) == len(theirs) == 6
    for one, other in zip(ours, theirs, strict=True):
        assert one.keys() == other.keys()
        same = one.keys() - {"doc", "doc_hash", "resps", "filtered_resps", "metrics"}  # ours names the question, theirs repeats it
        assert {key: one[key] for key in same} == {key: other[key] for key in same}
        assert set(one["metrics"]) == set(other["metrics"]) == {"acc", "acc_norm"}
        for field in ("resps", "filtered_resps"):
            found, wanted = np.array(one[field]), np.array(other[field])
            assert found.shape == wanted.shape and found[..., 1].tolist() == wanted[..., 1].tolist()
            assert found[..., 0].astype(float) == pytest.approx(wanted[..., 0].astype(float), abs=1e-4)
    # lm_eval has no reader of its own for sample logs: it finds them by name, and writes them for the JSON reader of datasets.
    (name,) = get_sample_results_filenames([str(log), str(tmp_path / "results_x.json")])
    assert get_file_task_name(log.name) == "choice"
    read = datasets.load_dataset("json", data_files=name, split="train", cache_dir=str(tmp_path / "cache"))
    written = evals_read.read_results(results.to_results(store.run(run), store.rows(run))).set_index("metric")["value"]
    found = shares_right(read)
    assert found == {"acc": written["acc"], "acc_norm": written["acc_norm"]} and 0 < found["acc"] < 1
    assert found == pytest.approx({"acc": scores["acc,none"], "acc_norm": scores["acc_norm,none"]})
    assert found == {metric: float(np.mean(read[metric])) for metric in found}
