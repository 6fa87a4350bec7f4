"""Result files of the harness in every layout: read, aggregated, written back, and refused."""

import copy
import hashlib
import json
import math
import time
import tracemalloc

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from analysis import tables
from analysis.build import command
from analysis.evals import model_args, read, write
from analysis.evals.model_names import HISTORICAL, model_of, step_in
from analysis.pythia import checkpoints

V04 = {
    "results": {
        "piqa": {"alias": "piqa", "acc,none": 0.71, "acc_stderr,none": 0.0105, "acc_norm,none": 0.72, "acc_norm_stderr,none": "N/A"},
        "gsm8k": {
            "alias": "gsm8k",
            "exact_match,strict-match": 0.02,
            "exact_match_stderr,strict-match": 0.004,
            "exact_match,flexible-extract": 0.03,
            "exact_match_stderr,flexible-extract": 0.005,
            "sample_len": 1319,
        },
        "mmlu_anatomy": {"alias": " - anatomy", "acc,none": 0.25, "acc_stderr,none": 0.0375},
    },
    "groups": {"mmlu": {"alias": "mmlu", "acc,none": 0.251, "acc_stderr,none": 0.0036}},
    "group_subtasks": {"mmlu": ["mmlu_anatomy"]},
    "configs": {"piqa": {"task": "piqa", "num_fewshot": 5, "metadata": {"version": 1.0}}, "gsm8k": {"task": "gsm8k"}},
    "versions": {"piqa": 1.0, "gsm8k": 3, "mmlu_anatomy": "Yaml"},
    "n-shot": {"gsm8k": 5, "mmlu_anatomy": 0},
    "n-samples": {"piqa": {"original": 1838, "effective": 1838}},
    "higher_is_better": {"piqa": {"acc": True, "acc_norm": True}},
    "config": {
        "model": "hf",
        "model_args": {"pretrained": "EleutherAI/pythia-1.4b-deduped", "revision": "step143000"},
        "model_num_parameters": 1414647808,
        "batch_size": "auto",
        "limit": None,
    },
    "total_evaluation_time_seconds": "123.4",
    "lm_eval_version": "0.4.13",
    "eot_token_id": 0,
}
V03 = {
    "results": {
        "lambada_openai": {"ppl": 6.1, "ppl_stderr": 0.15, "acc": 0.6, "acc_stderr": 0.0068},
        "wsc": {"acc": 0.5, "acc_stderr": 0.0493},
    },
    "versions": {"lambada_openai": 0, "wsc": 0},
    "config": {
        "model": "hf-causal",
        "model_args": "use_accelerate=True,pretrained=EleutherAI/pythia-v1.1-160m-0.5MtokBS,revision=step12000",
        "num_fewshot": 5,
        "limit": None,
    },
}
# Two rows of a winobias file of EleutherAI/pythia (evals/bias-evals/winobias/1.4B), with what its model_args say of the model.
PROMPT_ROWS = {
    "results": [
        {"task_name": "wino_bias_type1_pro", "prompt_name": "refers_to", "em": 0.15151515151515152, "fixed_answer_choice_list": None,
         "prompt_jinja": "{{tokens}}", "prompt_original_task": True, "comment": "", "em_stderr": 0.01804062296326017},
        {"task_name": "wino_bias_type2_anti", "prompt_name": "refers_to", "em": 0.0025252525252525255, "em_stderr": 0.0025252525252525207},
    ],
    "versions": {"wino_bias_type1_pro+refers_to": 0},
    "config": {"model": "neox", "num_fewshot": 0, "model_args": {
        "iteration": 63000, "train_batch_size": 1024, "seq_length": 2048, "config_files": {"1.4B-deduped.yml": "{}"},
        "train_data_paths": ["/pile_deduped/pile_0.87_deduped_text_document"]}},
}  # fmt: skip
PROMPT_TABLE = {
    "table_results": {
        "wino_bias_type1_pro+refers_to": {
            "task_name": "wino_bias_type1_pro",
            "prompt_name": "refers_to",
            "em": 0.47474747474747475,
            "em_stderr": 0.02512562411685915,
        }
    },
    "model_args": {"iteration": 116000, "config_files": {"1.4b-deduped-long": None}},
}
TERMS = (
    "model,checkpoint,task,fewshot,acc,acc_stderr\n"
    "EleutherAI/pythia-13b-deduped,13000,num_reasoning_arithmetic_multiplication_0,16,1.0,0.0\n"
    "EleutherAI/pythia-13b-deduped,13000,num_reasoning_arithmetic_multiplication_1,16,0.34,0.06767268161329719\n"
)


def one(document, **where):
    frame = read.read_results(document)
    for column, value in where.items():
        frame = frame[frame[column] == value]
    assert len(frame) == 1
    return frame.iloc[0]


# --- reference -------------------------------------------------------------------------------------------------------


def test_the_questions_of_mmlu_add_up_to_its_test_set():
    # The test set of MMLU as released has 14,042 questions in 57 subjects; here they follow from scores and standard errors alone.
    scores = tables.load("pythia_evals").query("metric == 'acc'")
    subjects = scores[scores["task"].astype(str).str.startswith("hendrycksTest-")]
    questions = subjects.groupby("task", observed=True)["n_samples"].agg(["min", "max"]).astype(int)
    assert len(questions) == 57
    assert (questions["min"] == questions["max"]).all()
    assert questions["min"].sum() == 14_042
    # Sizes of the other test sets, as their papers print them.
    sizes = scores.groupby("task", observed=True)["n_samples"].median()
    known = {"lambada_openai": 5153, "piqa": 1838, "winogrande": 1267, "arc_easy": 2376, "arc_challenge": 1172, "sciq": 1000, "logiqa": 651}
    assert {task: int(sizes[task]) for task in known} == known


def test_every_released_checkpoint_is_there_once():
    table = tables.load("pythia_evals")
    suite = table[table["family"] == "Pythia"].astype({"model": str, "arm": str})
    runs = suite.drop_duplicates(["model", "arm", "step", "shots"]).groupby(["arm", "shots"], observed=True).size()
    # Eight sizes: 27 checkpoints with no example and 15 with five. Small batches: five runs at 15 checkpoints, one of which is missing.
    assert runs["standard", 0] == runs["deduped", 0] == 8 * 27
    assert runs["standard", 5] == runs["deduped", 5] == 8 * 15
    assert (runs["0.25M batch", 5], runs["0.5M batch", 5], runs["1M batch", 5]) == (14, 3 * 15, 15)
    assert table[table["family"] == "OPT"]["model"].nunique() == 8 and table[table["family"] == "BLOOM"]["model"].nunique() == 5


def test_the_small_batch_runs_saw_as_many_tokens():
    table = tables.load("pythia_evals").dropna(subset=["n_tokens"])
    tokens = {arm: set(part["n_tokens"]) for arm, part in table[table["shots"] == 5].groupby("arm", observed=True)}
    assert tokens["0.5M batch"] == tokens["1M batch"] == tokens["standard"] and tokens["0.25M batch"] < tokens["standard"]
    # biderman2023 section 2.4: 143,000 steps of 2,097,152 tokens.
    assert max(tokens["standard"]) == 299_892_736_000


def test_mmlu_averages_subjects_or_questions():
    published = tables.load("pythia_evals")
    run = published[(published["model"] == "Pythia 12B") & (published["arm"] == "deduped") & (published["step"] == 143000)]
    run = run[(run["shots"] == 5) & (run["metric"] == "acc")]
    subjects = run[run["task"].astype(str).str.startswith("hendrycksTest-")]
    both = read.mmlu(run).set_index("task")
    assert both.loc["MMLU (macro)", "value"] == pytest.approx(subjects["value"].mean(), rel=1e-12)
    right = (subjects["value"] * subjects["n_samples"]).round()
    assert right.sum() == pytest.approx(both.loc["MMLU (micro)", "value"] * 14_042, rel=1e-9)
    assert both.loc["MMLU (micro)", "stderr"] == pytest.approx(math.sqrt(0.2954 * 0.7046 / 14_042), rel=0.02)


def test_the_historical_names_are_todays():
    for old, new in HISTORICAL.items():
        assert model_of(f"EleutherAI/pythia-{old}-deduped").name == f"Pythia {new}"
        assert model_of(f"EleutherAI/pythia-{old}-deduped").release == "v0"
    assert model_of("facebook/opt-13b").name == "OPT 13B" and model_of("facebook/opt-1.3b").name == "OPT 1.3B"
    assert model_of("EleutherAI/pythia-v1.1-1b-bf16").arm == "standard"
    assert model_of("EleutherAI/intervention-pythia-v1.1-1.4b-deduped-long").arm == "intervention, long"
    assert model_of("pythia-70m-0.25MtokBS").tokens_per_step * 8 == model_of("pythia-70m").tokens_per_step
    assert model_of("mistralai/Mistral-7B-v0.1").name == "mistralai/Mistral-7B-v0.1"


# --- layouts ---------------------------------------------------------------------------------------------------------


def test_the_current_layout():
    frame = read.read_results(V04)
    assert set(frame["layout"]) == {"v0.4"} and len(frame) == 6
    row = one(V04, task="piqa", metric="acc")
    assert (row["model"], row["arm"], row["step"], row["n_tokens"]) == ("Pythia 1.4B", "deduped", 143000, 299_892_736_000)
    assert (row["shots"], row["version"], row["n_samples"], row["n_params"]) == (5, "1.0", 1838, 1414647808)
    assert math.isnan(one(V04, task="piqa", metric="acc_norm")["stderr"])
    assert one(V04, filter="flexible-extract")["value"] == 0.03
    assert one(V04, task="mmlu")["value"] == 0.251
    assert json.loads(row["raw"])["total_evaluation_time_seconds"] == "123.4"


def test_the_layout_before():
    row = one(V03, task="lambada_openai", metric="acc")
    assert (row["layout"], row["arm"], row["shots"], row["filter"], row["version"]) == ("v0.3", "0.5M batch", 5, "none", "0")
    assert row["n_tokens"] == 12000 * 2**19 and one(V03, metric="ppl")["value"] == 6.1


def test_the_two_layouts_with_prompts():
    row = one(PROMPT_ROWS, task="wino_bias_type1_pro+refers_to")
    assert (row["layout"], row["model"], row["arm"], row["step"]) == ("prompt rows", "Pythia 1.4B", "deduped", 63000)
    assert row["n_samples"] == 396 and row["n_tokens"] == 63000 * 2_097_152
    row = one(PROMPT_TABLE)
    assert (row["layout"], row["arm"], row["step"], row["metric"]) == ("prompt table", "intervention, long", 116000, "em")
    assert row["n_samples"] == 396


def test_the_table_of_term_frequencies():
    frame = read.read_results(TERMS.encode())
    assert set(frame["model"]) == {"Pythia 12B"} and set(frame["release"]) == {"v0"} and set(frame["layout"]) == {"term frequency"}
    assert frame["n_samples"].tolist()[1] == 50 and frame["value"].tolist() == [1.0, 0.34]


@pytest.mark.parametrize("arguments", [None, "", {}, 7])
def test_a_file_without_model_arguments_takes_its_name_from_the_folder(arguments):
    document = copy.deepcopy(V04)
    document["config"]["model_args"] = arguments
    frame = read.read_results(document, "out/EleutherAI__pythia-70m/results_2024-01-01T00-00-00.000000.json")
    assert set(frame["model"]) == {"Pythia 70M"}


def test_a_file_name_gives_the_step_where_the_file_does_not():
    document = {"results": {"wsc": {"acc": 0.5}}, "config": {"model_args": "pretrained=EleutherAI/pythia-70m"}}
    assert read.read_results(document, "70m_step3000.json")["step"].tolist() == [3000]
    assert step_in("step1/step256.json") == 256


# --- ways back -------------------------------------------------------------------------------------------------------


def test_reading_what_was_written_gives_the_same_rows():
    frame = read.read_results(V04)
    back = read.read_results(write.write_results(frame))
    order = ["task", "metric", "filter"]
    pd.testing.assert_frame_equal(
        back.drop(columns="raw").sort_values(order, ignore_index=True), frame.drop(columns="raw").sort_values(order, ignore_index=True)
    )
    first, second = (json.loads(part["raw"].iloc[0]) for part in (frame, back))
    assert second.items() >= {key: value for key, value in first.items() if key not in ("n-samples", "results")}.items()
    written = json.loads(write.write_results(frame))
    for task, scores in V04["results"].items():
        assert written["results"][task] == scores


@pytest.mark.parametrize("document", [V03, PROMPT_ROWS, PROMPT_TABLE])
def test_other_layouts_come_back_as_the_current_one(document):
    frame = read.read_results(document)
    back = read.read_results(write.write_results(frame))
    assert set(back["layout"]) == {"v0.4"}
    same = [column for column in frame if column not in ("layout", "raw", "release", "family", "model", "arm", "n_tokens", "model_id")]
    pd.testing.assert_frame_equal(back[same].reset_index(drop=True), frame[same].reset_index(drop=True))
    assert json.loads(write.write_results(frame))["source_file"]


def test_a_published_run_survives_the_way_out_and_back():
    table = tables.load("pythia_evals")
    run = table[(table["model"] == "Pythia 1B") & (table["arm"] == "deduped") & (table["step"] == 143000) & (table["shots"] == 5)]
    rows = run.astype(dict.fromkeys(("family", "model", "arm", "task", "metric", "version"), str)).assign(
        model_id="EleutherAI/pythia-1b-deduped", filter="none", n_params=math.nan, layout="v0.3", release="v1", raw=""
    )
    back = read.read_results(write.write_results(rows)).sort_values(["task", "metric"], ignore_index=True)
    rows = rows.sort_values(["task", "metric"], ignore_index=True)
    assert len(back) == len(rows) == 128
    for column in ("model", "arm", "step", "n_tokens", "shots", "task", "metric", "value", "stderr", "n_samples", "version"):
        assert back[column].tolist() == rows[column].tolist(), column


LONG = {
    "results": {f"task_{number}": {"alias": f"task_{number}", "acc,none": 0.5, "acc_stderr,none": 0.01} for number in range(700)},
    "configs": {f"task_{number}": {"task": f"task_{number}", "description": "x" * 1200} for number in range(700)},
    "config": {"model_args": "pretrained=a/b", "limit": 100},
}
COUNTED = pa.proxy_memory_pool(pa.default_memory_pool())
"""Kept to the end: whatever was allocated from it is given back to it."""


def used_to_read_and_write_a_long_file() -> tuple[int, int]:
    """Peak bytes of Python's objects and of Arrow's while a file of about 1 MB goes the way it goes on the page."""
    data, published = json.dumps(LONG).encode(), tables.load("pythia_evals").query("task == 'piqa'")
    assert 900_000 < len(data) < 1_100_000
    usual = pa.default_memory_pool()
    pa.set_memory_pool(COUNTED)
    tracemalloc.start()
    try:
        frame = read.read_results(data)
        assert len(frame) == 700 and frame.memory_usage(deep=True).sum() < 10e6
        assert len(checkpoints.own_scores(frame, ["task_1", "task_2"])[0]) == 2
        assert any("limit 100" in note for note in read.mismatches(frame, published))
        written = json.loads(write.write_results(frame))
        assert written["configs"] == LONG["configs"] and written["results"] == LONG["results"]
        both = pd.concat([frame, read.read_results(V04)], ignore_index=True)
        assert set(both["raw"]) == {frame["raw"].iloc[0], read.read_results(V04)["raw"].iloc[0]} and len(list(both.itertuples())) == 706
        return tracemalloc.get_traced_memory()[1], COUNTED.max_memory()
    finally:
        tracemalloc.stop()
        pa.set_memory_pool(usual)


@pytest.mark.slow
def test_what_a_file_holds_beside_its_scores_is_kept_once():
    python, arrow = used_to_read_and_write_a_long_file()
    assert python < 30e6 and arrow < 30e6


NUMBER = st.floats(allow_nan=False, allow_infinity=False, width=64)
NAME = st.text(st.characters(categories=["L", "N", "P", "S", "Zs"]), min_size=1, max_size=12)


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(st.dictionaries(NAME, st.tuples(NUMBER, st.none() | NUMBER, st.integers(0, 64)), min_size=1, max_size=5))
def test_any_scores_survive_the_way_out_and_back(scores):
    document = {
        "results": {task: {"acc,none": value, "acc_stderr,none": "N/A" if e is None else e} for task, (value, e, _) in scores.items()},
        "configs": {},
        "n-shot": {task: shots for task, (_, _, shots) in scores.items()},
        "config": {"model_args": "pretrained=a/b"},
    }
    frame = read.read_results(json.dumps(document))
    back = read.read_results(write.write_results(frame))
    pd.testing.assert_frame_equal(frame.drop(columns="raw"), back.drop(columns="raw"))


def test_samples_have_the_fields_and_hashes_of_the_harness():
    samples = [
        {
            "doc": {"question": "2+2", "é": 1},
            "prompt": "Q: 2+2\nA:",
            "target": " 4",
            "choices": [" 4", " 5"],
            "responses": [[-0.5, True], [-3.25, False]],
            "metrics": {"acc": 1.0},
        },
        {
            "doc": {"question": "1+1"},
            "prompt": "Q: 1+1\nA:",
            "target": "2",
            "responses": [" 2"],
            "gen_kwargs": {"until": ["\n"]},
            "metrics": {"exact_match": 0.0},
            "filter": "strict-match",
        },
    ]
    first, second = write.read_samples(write.write_samples(samples))
    assert first["resps"] == [[["-0.5", "True"]], [["-3.25", "False"]]] and first["arguments"]["gen_args_1"]["arg_1"] == " 5"
    assert second["resps"] == [[" 2"]] and second["filtered_resps"] == [" 2"] and second["exact_match"] == 0.0
    sha = hashlib.sha256
    assert first["doc_hash"] == sha('{\n  "question": "2+2",\n  "é": 1\n}'.encode()).hexdigest()
    joined = "".join(line[key] for line in (first, second) for key in ("doc_hash", "prompt_hash", "target_hash"))
    assert write.task_hash([first, second]) == sha(joined.encode()).hexdigest()
    assert set(first) >= {"doc_id", "doc", "target", "arguments", "resps", "filtered_resps", "filter", "metrics", "doc_hash", "acc"}


# --- properties ------------------------------------------------------------------------------------------------------


@settings(deadline=None)
@given(st.integers(2, 20_000), st.data())
def test_the_number_of_items_follows_from_score_and_standard_error(n, data):
    right = data.draw(st.integers(1, n - 1))
    p = right / n
    assert read.samples_of(p, math.sqrt(p * (1 - p) / (n - 1))) == n


def test_scores_that_say_nothing_about_their_number_give_nan():
    assert np.isnan(read.samples_of([0.0, 1.0, 0.37], [0.0, 0.0, 0.123])).all()


def test_differences_between_files_are_named():
    published = tables.load("pythia_evals").query("shots == 0")
    own = read.read_results({**V04, "config": {**V04["config"], "limit": 10}, "chat_template": "<|user|>"})
    notes = " ".join(read.mismatches(own, published))
    for words in ("piqa: shots 5 here", "piqa: task version 1.0 here, 0", "limit 10", "chat template", "0.4.13"):
        assert words in notes
    same = read.read_results(V03 | {"config": V03["config"] | {"num_fewshot": 0}})
    assert read.mismatches(same, published) == []


# --- contract --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "empty"),
        (b"\x00\x01", "NUL bytes"),
        (b"\xff\xfe{", "UTF-8"),
        (b"PK\x03\x04 a workbook", "a ZIP archive or an Office document"),
        ("name,score\na,1\n", "starts with"),
        ('{"a": 1', "not JSON"),
        ("[" * 10, "starts with"),
        ('{"results":' + "[" * 200_000 + "]" * 200_000 + "}", "nested too deeply"),
        ('{"results": 5}', "neither"),
        ('{"results": null}', "neither"),
        ('{"results": {}}', "no score"),
        ('{"results": {"piqa": 3}}', "not a set of scores"),
        ('{"results": [1]}', "names no task"),
        ('{"results": {"piqa": {"acc": true, "acc_norm": "high"}}}', "no score"),
        ('{"results": {"a": {"acc": ' + "9" * 5000 + "}}}", "too many digits"),
        ("model,checkpoint,task,fewshot\na,1,b,2\n", "lacks the column 'acc'"),
        ("model,checkpoint,task,fewshot,acc,acc_stderr\na,1,b,2,high,0\n", "Line 2"),
        ("model,checkpoint,task,fewshot,acc,acc_stderr\na,1\n", "Line 2"),
    ],
)
def test_what_is_no_result_file_is_refused_in_a_sentence(data, said):
    with pytest.raises(ValueError, match=said) as refusal:
        read.read_results(data)
    assert str(refusal.value).endswith(".") and len(str(refusal.value)) < 250


def test_files_that_are_too_large_are_not_read(monkeypatch):
    with pytest.raises(ValueError, match="33.0 MB"):
        read.read_results(b"{" + b" " * 33_000_000)
    monkeypatch.setattr(read, "MAX_ROWS", 3)
    with pytest.raises(ValueError, match="more than 3"):
        read.read_results({"results": {str(i): {"acc": 0.5} for i in range(10)}})


WORDS = [
    "results",
    "config",
    "configs",
    "versions",
    "n-shot",
    "table_results",
    "model_args",
    "acc",
    "a,b",
    "groups",
    "n-samples",
    "task_name",
]
KEY = st.sampled_from(WORDS) | st.text(max_size=4)
ATOM = st.none() | st.booleans() | st.floats() | st.text(max_size=6)
JSON = st.recursive(ATOM, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEY, inner, max_size=5), max_leaves=25)


@example({"table_results": {}, "results": False})
@settings(max_examples=75, deadline=None)
@given(JSON)
def test_any_json_is_read_or_refused(document):
    try:
        frame = read.read_results(json.dumps(document))
    except ValueError:
        return
    assert list(frame.columns) == list(read.COLUMNS) and len(frame)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda frame: frame.iloc[:0], "got none"),
        (lambda frame: pd.concat([frame, frame.assign(model_id="b/c")]), "one model"),
        (lambda frame: pd.concat([frame, frame.assign(step=1.0)]), "one model"),
        (lambda frame: pd.concat([frame, frame]), "twice"),
        (lambda frame: pd.concat([frame, frame.assign(shots=9, filter="x")]), "number of shots"),
    ],
)
def test_rows_that_make_no_file_are_refused(change, said):
    with pytest.raises(ValueError, match=said):
        write.write_results(change(read.read_results(V04)))


def test_samples_without_their_parts_are_refused():
    with pytest.raises(ValueError, match="sample 0 lacks prompt"):
        write.write_samples([{"doc": {}, "target": "", "responses": [], "metrics": {}}])
    with pytest.raises(ValueError, match="line 2"):
        write.read_samples(b'{"a": 1}\nnot json\n')


def test_importing_the_released_files_again_needs_the_files(tmp_path, capsys):
    assert command.main(["--check", "--upstream", str(tmp_path), "pythia_evals"]) == 1
    assert "there is no file pythia/evals/" in capsys.readouterr().out
    assert command.main(["--check", "pythia_evals", "term_frequency"]) == 0
    assert capsys.readouterr().out.count("with the rows declared") == 2


def test_released_files_are_imported(tmp_path):
    folder = tmp_path / "pythia" / "evals"
    for place in ("pythia-v1/a/zero-shot", "pythia-v1/a/five-shot", "pythia-v1/a-0.5MtokBS", "opt", "bloom"):
        (folder / place).mkdir(parents=True)
        (folder / place / "x_step12000.json").write_text(json.dumps(V03 | {"config": V03["config"] | {"num_fewshot": len(place)}}))
    frame = command.IMPORTED["pythia_evals"](tmp_path)
    assert len(frame) == 5 * 3 and list(frame.columns) == list(tables.describe_table("pythia_evals")["columns"])
    (folder / "csv" / "m").mkdir(parents=True)
    (folder / "csv" / "m" / "term_frquency_all_shots.csv").write_text(TERMS)
    terms = command.IMPORTED["term_frequency"](tmp_path)
    assert terms["operand"].tolist() == [0, 1] and terms["accuracy"].tolist() == [1.0, 0.34]


# --- what was evaluated ----------------------------------------------------------------------------------------------


def run_of(arguments, **config) -> dict:
    """A file of the current layout with these arguments."""
    document = {"results": {"piqa": {"acc,none": 0.7, "acc_stderr,none": 0.0107}}, "configs": {}, "n-shot": {"piqa": 0}}
    return document | {"config": {"model": "hf", "model_args": arguments, **config}}


DIFFERENT = (
    "pretrained=a/b",
    "pretrained=a/b,peft=../runs/tuned/epoch_20",
    "pretrained=a/b,peft=../runs/tuned/epoch_40",
    "pretrained=a/b,delta=../runs/tuned/epoch_20",
    "pretrained=a/b,revision=v2",
    "pretrained=a/b,revision=5d9f4a0",
    "pretrained=a/b,subfolder=step_2",
    "pretrained=a/b,dtype=float16",
    "pretrained=a/b,dtype=bfloat16",
    "pretrained=a/b,dtype=float32",
    "pretrained=a/b,load_in_4bit=True",
    "pretrained=a/b,load_in_4bit=True,bnb_4bit_quant_type=nf4",
    "pretrained=a/b,load_in_8bit=True",
    "pretrained=a/b,autogptq=True",
    "pretrained=a/b,autogptq=model-4bit.safetensors",
    "pretrained=a/b,gguf_file=b.Q4_K_M.gguf",
    "pretrained=a/b,gguf_file=b.Q8_0.gguf",
    "pretrained=a/b,quantization=awq",
    "pretrained=a/b,peft=../runs/tuned/epoch_20,load_in_4bit=True",
    "pretrained=a/b,peft=../runs/tuned/epoch_20,revision=v2",
    "pretrained=a/b,lora_local_path=c/d",
    "pretrained=a/c",
)
SAME = (
    "pretrained=a/b,revision=main,dtype=auto,trust_remote_code=True,parallelize=False",
    "pretrained=a/b,peft=None,load_in_4bit=False,load_in_8bit=false",
    "dtype=auto,pretrained=a/b",
    {"pretrained": "a/b", "peft": None, "dtype": "auto", "load_in_4bit": False, "revision": "main"},
)


def test_runs_that_differ_in_what_was_evaluated_have_names_of_their_own():
    names = {arguments: read.read_results(run_of(arguments))["model"].item() for arguments in DIFFERENT}
    assert len(set(names.values())) == len(DIFFERENT) and names["pretrained=a/b"] == "a/b"
    assert names["pretrained=a/b,peft=../runs/tuned/epoch_20,load_in_4bit=True"] == "a/b + ../runs/tuned/epoch_20 (4-bit)"
    assert names["pretrained=a/b,revision=v2"] == "a/b (revision v2)"
    for arguments in SAME:
        assert read.read_results(run_of(arguments))["model"].item() == "a/b"
    stated = run_of("pretrained=a/b", model_dtype="torch.bfloat16", model_revision="v2")
    assert read.read_results(stated)["model"].item() == "a/b (revision v2, bfloat16)"
    assert read.read_results(run_of("pretrained=a/b,dtype=float16", model_dtype="torch.float16"))["model"].item() == "a/b (float16)"


def test_the_step_of_a_checkpoint_is_no_part_of_its_name():
    frame = read.read_results(run_of("pretrained=EleutherAI/pythia-70m,revision=step3000,dtype=float16"))
    assert (frame["model"].item(), frame["step"].item()) == ("Pythia 70M (float16)", 3000)


@pytest.mark.parametrize("arguments", DIFFERENT)
def test_what_tells_models_apart_survives_the_way_out_and_back(arguments):
    current = read.read_results(run_of(arguments))
    before = read.read_results({"results": {"piqa": {"acc": 0.7}}, "config": {"model_args": arguments, "num_fewshot": 0}})
    assert before["model"].item() == current["model"].item()
    for frame in (current, before):
        assert read.read_results(write.write_results(frame))["model"].item() == current["model"].item()


@pytest.mark.models
def test_arguments_and_names_are_those_of_the_harness():
    from lm_eval.loggers.evaluation_tracker import GeneralConfigTracker
    from lm_eval.utils import simple_parse_args_string

    for arguments in (*DIFFERENT, *SAME[:3], "model=gpt-x", "engine=e", "path=x/y.nemo", "peft=c/d,pretrained=a/b"):
        theirs = simple_parse_args_string(arguments)
        ours = model_args.parsed(arguments)
        assert {name: model_args.said(value) for name, value in ours.items()} == {
            name: model_args.said(value) for name, value in theirs.items()
        }
        for form in (arguments, theirs):
            name = GeneralConfigTracker._get_model_name(form)
            frame = read.read_results(run_of(form) | {"model_name": name})
            added = name if name and name != frame["model_id"].item() and "peft=None" not in arguments else ""
            assert frame["model"].item().startswith(frame["model_id"].item()) and added in frame["model"].item()


# --- lighteval and the Open LLM Leaderboards -------------------------------------------------------------------------

GENERAL = {"lighteval_sha": "x", "max_samples": None, "model_name": "a/small", "model_sha": "y", "model_dtype": "torch.bfloat16"}


def lighteval(names: tuple[str, ...], general=None, **more) -> dict:
    """A file of lighteval with these tasks."""
    results = {name: {"acc": 0.5, "acc_stderr": 0.043, "acc_norm": 0.6} for name in names} | {"all": {"acc": 0.5}}
    return {"config_general": GENERAL if general is None else general, "results": results, "versions": dict.fromkeys(names, 0), **more}


@pytest.mark.parametrize(
    ("name", "task", "shots"),
    [
        ("leaderboard|gsm8k|5", "gsm8k", 5),
        ("leaderboard|mmlu:anatomy|5|0", "mmlu:anatomy", 5),
        ("lighteval|gsm8k|0|1", "gsm8k", 0),
        ("community|arabic_mmlu:law|25|0", "arabic_mmlu:law", 25),
        ("helm|bigbench:auto_debugging|1", "bigbench:auto_debugging", 1),
        ("gsm8k|5", "gsm8k", 5),
        ("math_500|0", "math_500", 0),
        ("aime24|0|0", "aime24", 0),
    ],
)
def test_a_task_of_lighteval_is_read_as_task_and_examples(name, task, shots):
    frame = read.read_results(lighteval((name,)))
    row = frame[frame["metric"] == "acc_norm"].iloc[0]
    assert (row["model"], row["task"], row["shots"], row["version"], row["layout"]) == ("a/small (bfloat16)", task, shots, "0", "lighteval")
    assert frame[frame["task"] == "all"]["shots"].isna().all()
    back = read.read_results(write.write_results(frame))
    columns = ["model", "task", "shots", "metric", "value"]
    pd.testing.assert_frame_equal(*(part[columns].sort_values(columns, ignore_index=True) for part in (back, frame)))


def test_two_suites_with_one_task_stay_apart():
    frame = read.read_results(lighteval(("leaderboard|gsm8k|5", "lighteval|gsm8k|5", "leaderboard|piqa|0")))
    assert set(frame["task"]) == {"leaderboard|gsm8k", "lighteval|gsm8k", "piqa", "all"}


def test_adapters_and_limits_of_lighteval_are_read():
    config = {"model_name": "a/small", "revision": "v2", "dtype": "float16", "load_in_4bit": True}
    frame = read.read_results(lighteval(("leaderboard|piqa|0",), {"model_config": config, "max_samples": 10}))
    assert set(frame["model"]) == {"a/small (revision v2, 4-bit, float16)"}
    notes = " ".join(read.mismatches(frame, tables.load("pythia_evals").query("task == 'piqa'")))
    assert "limit 10" in notes and "made by lighteval" in notes


def test_the_first_open_llm_leaderboard_is_read():
    subjects = [f"harness|hendrycksTest-{number}|5" for number in range(57)]
    names = ("harness|arc:challenge|25", "harness|hellaswag|10", "harness|truthfulqa:mc|0", "harness|winogrande|5", *subjects)
    frame = read.read_results(lighteval(names, GENERAL | {"model_dtype": "torch.float16"}))
    assert set(frame["layout"]) == {"leaderboard v1"} and set(frame["model"]) == {"a/small (float16)"}
    shots = frame.drop_duplicates("task").set_index("task")["shots"]
    assert shots[["arc:challenge", "hellaswag", "truthfulqa:mc", "winogrande"]].tolist() == [25, 10, 0, 5]
    macro = read.mmlu(frame)
    assert macro[macro["task"] == "MMLU (macro)"][["value", "shots"]].values.tolist() == [[0.5, 5]]
    old = lighteval(names[:2])
    old["config"] = old.pop("config_general")
    assert read.read_results(old)["model"].unique().tolist() == ["a/small (bfloat16)"]


def test_a_group_of_tasks_has_the_examples_that_all_of_them_have():
    names = ("leaderboard", "bbh", "a", "b", "if")
    document = {
        "results": {name: {"alias": name, " ": " ", "acc,none": 0.11, "acc_stderr,none": 0.003} for name in names},
        "group_subtasks": {"leaderboard": ["bbh", "if"], "bbh": ["a", "b"], "a": [], "circle": ["circle"]},
        "configs": {"a": {"num_fewshot": 3}, "b": {"num_fewshot": 3}},
        "n-shot": {"leaderboard": 0, "a": 3, "b": 3},
        "config": {"model_args": "pretrained=a/m,revision=0123abc,trust_remote_code=False,dtype=bfloat16"},
    }  # fmt: skip
    frame = read.read_results(document).set_index("task")
    assert frame["shots"].fillna(-1).to_dict() == {"leaderboard": -1, "bbh": 3, "a": 3, "b": 3, "if": -1}
    assert set(frame["model"]) == {"a/m (revision 0123abc, bfloat16)"}
    document["n-shot"]["if"] = 3
    assert set(read.read_results(document)["shots"]) == {3}
    assert read.read_results(document)["n_samples"].isna().all()  # rounded scores tell no number of items


# --- files of other programs, and scores that are none ----------------------------------------------------------------

FOREIGN = {
    "samples": ('{"doc_id": 0, "doc": {}, "resps": [["4"]], "acc": 1.0}\n{"doc_id": 1, "doc": {}, "resps": []}\n', "single answers"),
    "one sample": ('{"doc_id": 0, "doc": {}, "arguments": {}, "resps": [["4"]]}', "single answers"),
    "HELM statistics": ('[{"name": {"name": "exact_match", "split": "test"}, "count": 1, "sum": 0.5, "mean": 0.5}]', "HELM"),
    "HELM instances": ('[{"instance_id": "id1", "train_trial_index": 0, "stats": []}]', "HELM"),
    "HELM specification": ('{"name": "mmlu:model=a", "scenario_spec": {}, "adapter_spec": {}, "metric_specs": []}', "HELM"),
    "HELM runs": ('[{"run_spec": {"name": "x"}, "stats": []}]', "HELM"),
    "HELM table": ('[{"title": "Accuracy", "header": [], "rows": []}]', "HELM"),
    "Inspect": ('{"version": 2, "status": "success", "eval": {"model": "m"}, "plan": {}, "results": {"scores": []}}', "Inspect"),
    "EvalScope": ('{"name": "m@arc", "dataset_name": "arc", "model_name": "m", "score": 0.9, "metrics": [{"name": "A"}]}', "EvalScope"),
    "BigCode": ('{"humaneval": {"pass@1": 0.31}, "config": {"model": "a"}}', "BigCode"),
    "OpenCompass": ("dataset,version,metric,mode,model\nmmlu,1,acc,gen,50\n", "OpenCompass"),
    "MTEB": ('{"mteb_version": "1", "task_name": "STS", "scores": {}}', "MTEB"),
    "lines": ('{"a": 1}\n{"a": 2}\n', "a JSON object on each line"),
}  # fmt: skip


@pytest.mark.parametrize("what", FOREIGN)
def test_files_of_other_programs_are_named_with_what_to_bring(what):
    text, said = FOREIGN[what]
    for data in (text, text.encode(), json.loads(text) if text[0] == "{" and text.count("\n") < 2 else text):
        with pytest.raises(ValueError, match=said) as refusal:
            read.read_results(data)
        assert "bring " in str(refusal.value) and "results_*.json" in str(refusal.value)
        assert str(refusal.value).endswith(".") and len(str(refusal.value)) < 200


def test_a_packed_log_of_inspect_is_told_by_its_name():
    with pytest.raises(ValueError, match="a log of Inspect"):
        read.read_results(b"PK\x03\x04 rest", "2025-01-01_task.eval")
    with pytest.raises(ValueError, match="a ZIP archive"):
        read.read_results(b"PK\x03\x04 rest", "results.json")


def test_infinite_scores_and_percentages_are_named_and_drawn_nowhere():
    scores = {"piqa": 71.0, "lambada_openai": math.inf, "wsc": math.nan, "sciq": -0.5, "arc_easy": 0.5, **{f"t{n}": 50 for n in range(4)}}
    document = {"results": {task: {"acc,none": value} for task, value in scores.items()}, "configs": {}}
    document["results"]["tg"] = {"mae,none": 40.0, "rmse,none": math.inf}
    frame = read.read_results(json.dumps(document))
    assert read.odd_scores(frame) == [
        "Infinite, so in no chart: acc of lambada_openai, rmse of tg.",
        "Not a number, so in no chart: acc of wsc.",
        "Above 1, so percentages or no shares, and in no chart: acc of piqa (71), acc of t0 (50), acc of t1 (50) and 2 more.",
        "Below 0, so no shares, and in no chart: acc of sciq (-0.5).",
    ]  # fmt: skip
    rows, notes = checkpoints.own_scores(frame, ["piqa", "lambada_openai", "wsc", "sciq", "arc_easy"], 1e9)
    assert rows["task"].tolist() == ["arc_easy"] and not any("piqa" in note for note in notes)
    assert read.odd_scores(read.read_results(V04)) == []


def test_names_without_end_are_refused_in_no_time():
    start = time.process_time()
    for name in ("1" * 300_000, "|" * 300_000, "a|1" * 100_000):
        with pytest.raises(ValueError, match="it has a task of 300,000 characters"):
            read.read_results({"results": {name: {"acc": 0.5}}, "config_general": {}})
    assert time.process_time() - start < 2
