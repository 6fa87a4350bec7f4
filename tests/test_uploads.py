"""Whatever a reader hands in is read, or refused in one sentence: every parser against damaged, foreign, hostile and very large files."""

import copy
import csv
import io
import json
import math
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analysis import tables
from analysis.charts.parameters import Given
from analysis.evals import read as evals_read
from analysis.evals import write
from analysis.export import deck_file, deck_store, files, report, slide
from analysis.probe import items, items_csv, models
from analysis.probe.spec import RunSpec
from analysis.pythia import checkpoints
from analysis.scaling import own_doubts, own_runs
from analysis.term_frequency import own_counts
from analysis.transformer import count_params, read_config, shape_from_hf_config
from analysis.transformer.config import UnknownModelType
from analysis.transformer.hub import fetch_config
from tests import bad_input
from tests.sample_panels import law_panel
from tests.test_pages import charts, fine, open_page

LONGEST = 300
Outcome = tuple[Any, list[str]]


@dataclass(frozen=True)
class Parser:
    """read: what is done with a file until charts are drawn: (what was read, sentences for the reader). good: a file that is read."""

    read: Callable[[bytes], Outcome]
    good: bytes
    kind: str
    most_bytes: int


def runs(data: bytes) -> Outcome:
    """A CSV of training runs, with the columns that the page recognises; a column that it does not is refused here, as the page asks."""
    file = own_runs.read_runs_file(data)
    guess = own_runs.guess_columns(file.columns)
    kind = "n_tokens" if guess["n_tokens"] else "train_flops"
    roles = {role: name for role in ("n_params", kind, "loss") if (name := guess[role])}
    found, problems = own_runs.parse_runs(file, roles)
    assert len(found) + len(problems) == len(file.rows)
    return found.drop(columns="line"), [*problems, *file.notes, *own_doubts.doubts(found, roles)]


def results(data: bytes) -> Outcome:
    """A result file of the harness, with what the page says of it and gives back."""
    rows = evals_read.read_results(data, "results.json")
    assert list(rows.columns) == list(evals_read.COLUMNS) and len(rows)
    found, notes = checkpoints.own_scores(rows, ["piqa", "mmlu"])
    assert found["value"].between(0, 1).all()
    notes += evals_read.mismatches(rows, PUBLISHED)
    try:
        again = evals_read.read_results(write.write_results(rows))
        assert again["value"].tolist() == pytest.approx(rows["value"].tolist(), nan_ok=True)
    except ValueError as problem:
        notes.append(sentence(problem))
    return rows.drop(columns="raw"), notes


def scores(data: bytes) -> Outcome:
    """A table of scores; what becomes of its rows is looked at in `results`."""
    return evals_read.read_results(data).drop(columns="raw"), []


def deck(data: bytes) -> Outcome:
    """A deck file, opened, stored and opened again."""
    slides = deck_file.unpack(data)
    again = deck_file.pack(slides)
    deck_file.unpack(again, own=True)
    assert files.export(slides[0].panels[0], "csv") and report.report(slides)
    return again, []


def config(data: bytes) -> Outcome:
    """A config.json, as far as the count by formulas."""
    read = read_config(data)
    json.dumps(read, sort_keys=True).encode()  # what the page remembers it by
    shape = shape_from_hf_config(read)
    return (shape, count_params(shape)), list(shape.notes)


def lines(read: Callable) -> Callable[[bytes], Outcome]:
    """A reader of questions, without the numbers of the lines."""

    def wrapped(data: bytes) -> Outcome:
        rows, problems = read(data)
        return [row.cells for row in rows], problems

    return wrapped


PUBLISHED = tables.load("pythia_evals").query("task == 'piqa'").head(20)
RUNS = "N,D,loss\n" + "".join(f"{n}e8,{n}e10,{3 - n / 10}\n" for n in range(1, 9))
COUNTS = "number,count\n" + "".join(f"{n},{1000 - n}\n" for n in range(30))
PROMPTS = "prompt,answer,term,frequency\n" + "".join(f"Capital of {n}?,x{n},t{n},{n}\n" for n in range(5))
CHOICES = "question,a,b,answer\n" + "".join(f"Is {n} even?,yes,no,{'ab'[n % 2]}\n" for n in range(5))
PASSAGES = "passage\n" + "".join(f"this is number {n}\n" for n in range(5))
TERMS = "model,checkpoint,task,fewshot,acc,acc_stderr\n" + "".join(f"a/pythia-70m,1000,t_{n},{n},0.{n},0.01\n" for n in range(1, 6))
LLAMA = {
    "model_type": "llama",
    "hidden_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "intermediate_size": 96,
    "vocab_size": 100,
    "max_position_embeddings": 32,
    "tie_word_embeddings": False,
    "attention_bias": False,
    "mlp_bias": False,
    "head_dim": 16,
    "architectures": ["LlamaForCausalLM"],
    "rope_scaling": {"factor": 8.0},
}
GEMMA = {"model_type": "gemma3", "text_config": LLAMA | {"model_type": "gemma3_text", "sliding_window": 16}, "vision_config": {"a": 1}}
V04 = {
    "results": {
        "piqa": {"alias": "piqa", "acc,none": 0.71, "acc_stderr,none": 0.01, "acc_norm,none": 0.72, "acc_norm_stderr,none": "N/A"},
        "mmlu_anatomy": {"acc,none": 0.25, "acc_stderr,none": 0.0375},
    },
    "groups": {"mmlu": {"acc,none": 0.251, "acc_stderr,none": 0.0036}},
    "group_subtasks": {"mmlu": ["mmlu_anatomy"]},
    "configs": {"piqa": {"num_fewshot": 5}},
    "versions": {"piqa": 1.0, "mmlu_anatomy": "Yaml"},
    "n-shot": {"mmlu_anatomy": 0},
    "n-samples": {"piqa": {"original": 1838, "effective": 1838}},
    "higher_is_better": {"piqa": {"acc": True}},
    "config": {
        "model_args": {"pretrained": "EleutherAI/pythia-1.4b", "revision": "step143000"},
        "model_num_parameters": 1414647808,
        "limit": None,
        "num_fewshot": 0,
    },
    "chat_template": None,
    "lm_eval_version": "0.4.13",
}
PROMPT_ROWS = {
    "results": [{"task_name": "wino", "prompt_name": "refers_to", "em": 0.15, "em_stderr": 0.018}],
    "versions": {"wino+refers_to": 0},
    "config": {
        "num_fewshot": 0,
        "model_args": {
            "iteration": 63000,
            "train_batch_size": 1024,
            "seq_length": 2048,
            "config_files": {"1.4B-deduped.yml": "{}"},
            "train_data_paths": ["/pile"],
        },
    },
}
DECK = deck_file.pack([slide.of(law_panel(), "http://localhost:8501/scaling", title="A title")])
PARSERS = {
    "runs": Parser(runs, RUNS.encode(), "table", own_runs.MAX_BYTES),
    "counts": Parser(own_counts.read_counts, COUNTS.encode(), "table", own_counts.MAX_BYTES),
    "prompts": Parser(lines(items_csv.read_prompts), PROMPTS.encode(), "table", items_csv.MAX_BYTES),
    "choices": Parser(lines(items_csv.read_choices), CHOICES.encode(), "table", items_csv.MAX_BYTES),
    "passages": Parser(lines(lambda data: items_csv.read_passages(data, True)), PASSAGES.encode(), "table", items_csv.MAX_BYTES),
    "text": Parser(lines(lambda data: items_csv.read_passages(data, False)), b"one\n\ntwo\n", "text", items_csv.MAX_BYTES),
    "scores": Parser(scores, TERMS.encode(), "table", evals_read.MAX_BYTES),
    "results": Parser(results, json.dumps(V04).encode(), "json", evals_read.MAX_BYTES),
    "prompt rows": Parser(results, json.dumps(PROMPT_ROWS).encode(), "json", evals_read.MAX_BYTES),
    "config": Parser(config, json.dumps(LLAMA).encode(), "json", 10_000_000),
    "multimodal": Parser(config, json.dumps(GEMMA).encode(), "json", 10_000_000),
    "deck": Parser(deck, DECK, "json", deck_file.MOST_BYTES),
}
OF_NUMBERS = ("runs", "counts")
PLAIN = {"many columns", "only delimiters", "only quotes"}  # no trouble for a text that is not a table


def cases(name: str) -> dict[str, bad_input.Case]:
    """The bad input for a parser."""
    parser = PARSERS[name]
    out = bad_input.of_any(parser.good)
    if name in OF_NUMBERS:  # where letters do not matter, the encoding of letters does not
        out["latin-1"] = ("either", out["latin-1"][1])
    if parser.kind == "table":
        return out | bad_input.of_table(parser.good.decode())
    if parser.kind == "json":
        return out | bad_input.of_json(json.loads(parser.good))
    return {what: ("either" if what in PLAIN else expected, make) for what, (expected, make) in out.items()}


def sentence(problem: ValueError) -> str:
    """The message, after a look whether a reader can be shown it."""
    assert type(problem) in (ValueError, UnknownModelType, tables.TableError), repr(problem)[:200]
    return one_line(str(problem))


def one_line(text: str) -> str:
    """The text, after a look whether it is one short line."""
    assert text.strip() and len(text) <= LONGEST and text.splitlines() == [text], text[:500]
    assert "Traceback" not in text and 'File "' not in text
    return text


def outcome(name: str, data: bytes) -> Any:
    """What a parser makes of a file; None where it is refused properly."""
    try:
        read, notes = PARSERS[name].read(data)
    except ValueError as problem:
        sentence(problem)
        return None
    for note in notes:
        one_line(note)
    return read


def same(one: Any, other: Any) -> bool:
    """Whether two outcomes are equal."""
    return one.equals(other) if isinstance(one, pd.DataFrame | pd.Series) else one == other


FORGIVEN = {("config", "comma at the end"), ("multimodal", "comma at the end")}
"""What only one kind of file may have: people edit configurations by hand."""


@pytest.mark.parametrize("name", PARSERS)
def test_every_bad_file_is_read_or_refused_in_one_sentence(name):
    good, found = outcome(name, PARSERS[name].good), cases(name)
    assert good is not None and len(found) > 30
    for what, (expected, make) in found.items():
        read = outcome(name, make())
        assert expected != "works" or (read is not None and same(read, good)), what
        assert expected != "refused" or read is None or (name, what) in FORGIVEN, what


@pytest.mark.parametrize("name", [name for name, parser in PARSERS.items() if parser.kind == "json"])
def test_wrong_parts_of_json_are_read_or_refused_in_one_sentence(name):
    changed = list(bad_input.with_wrong_parts(json.loads(PARSERS[name].good), most=40))
    assert len(changed) == 40
    for what, data in changed:
        try:
            outcome(name, data)
        except Exception as error:
            raise AssertionError(what) from error


def test_no_more_is_read_than_a_file_may_have_and_the_server_takes_less():
    config = tomllib.loads((Path(__file__).parents[1] / ".streamlit" / "config.toml").read_text())
    largest = config["server"]["maxUploadSize"] * 2**20
    assert 0 < largest <= bad_input.HUGE / 10
    for name, parser in PARSERS.items():
        assert parser.most_bytes <= 2 * largest * 1.6, name  # Mega and Mebi; results and decks come from other places too
        with pytest.raises(ValueError, match=rf"has .* MB; at most {parser.most_bytes / 1e6:g} MB are read"):
            parser.read(b" " * (parser.most_bytes + 1))


# --- any input at all -------------------------------------------------------------------------------------------------

ANY = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
CELL = st.text(max_size=6) | st.sampled_from([*bad_input.CELLS.values()]).map(lambda cell: cell[:200]) | st.floats().map(str)
ATOM = st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=6)


def json_like(good: Any) -> st.SearchStrategy:
    """JSON that has the names of a good file in all places, wrong ones as well."""
    names = st.sampled_from(sorted({str(key) for way in bad_input.paths(good) for key in way})) | st.text(max_size=4)
    inside = st.recursive(ATOM, lambda part: st.lists(part, max_size=3) | st.dictionaries(names, part, max_size=4), max_leaves=12)
    top = st.dictionaries(names, inside, max_size=5)
    return top.map(lambda found: good | found) | top | inside


@pytest.mark.parametrize("name", PARSERS)
def test_any_bytes_and_any_text_are_read_or_refused(name):
    good = PARSERS[name].good

    @ANY
    @given(
        st.binary(max_size=60)
        | st.text(max_size=60).map(lambda text: text.encode("utf-8", "replace"))
        | st.tuples(st.binary(max_size=3), st.integers(0, len(good)), st.integers(0, 8)).map(
            lambda cut: good[: cut[1]] + cut[0] + good[cut[1] + cut[2] :]
        )
    )
    def check(data):
        outcome(name, data)

    check()


@pytest.mark.parametrize("name", [name for name, parser in PARSERS.items() if parser.kind == "table"])
def test_any_cells_below_a_good_header_are_read_or_refused(name):
    header, *rows = csv.reader(io.StringIO(PARSERS[name].good.decode()))

    @ANY
    @given(st.lists(st.lists(CELL, min_size=len(header) - 1, max_size=len(header) + 1), max_size=5))
    def check(cells):
        outcome(name, written([header, *rows, *cells]))

    check()


@pytest.mark.parametrize("name", [name for name, parser in PARSERS.items() if parser.kind == "json"])
def test_any_json_is_read_or_refused(name):
    @ANY
    @given(json_like(json.loads(PARSERS[name].good)))
    def check(value):
        outcome(name, json.dumps(value).encode())

    check()


# --- there and back ---------------------------------------------------------------------------------------------------

WORDS = st.text(st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\ufeff"), max_size=12)
NAME = WORDS.map(str.strip).filter(bool)
POSITIVE, COUNT = st.floats(1e-30, 1e30), st.floats(1, 1e30)


def written(rows: list[list]) -> bytes:
    """Rows as a CSV."""
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(rows)
    return out.getvalue().encode("utf-8", "replace")


@ANY
@given(st.lists(st.tuples(COUNT, COUNT, POSITIVE), min_size=1, max_size=8))
def test_runs_come_back_as_they_were_written(rows):
    file = own_runs.read_runs_file(written([["N", "D", "loss"], *rows]))
    found, problems = own_runs.parse_runs(file, {"n_params": "N", "n_tokens": "D", "loss": "loss"})
    assert not problems and not file.notes
    assert list(zip(found["n_params"], found["n_tokens"], found["loss"], strict=True)) == rows


@ANY
@given(st.dictionaries(st.integers(0, 99), st.integers(1, 10**15 - 1), min_size=20))
def test_counts_come_back_as_they_were_written(counts):
    found, problems = own_counts.read_counts(written([["number", "count"], *counts.items()]))
    assert not problems and found.to_dict() == counts


@ANY
@given(st.lists(st.tuples(WORDS.filter(str.strip), NAME, WORDS.map(str.strip), st.floats(0, 1e300)), min_size=1, max_size=5))
def test_prompts_come_back_as_they_were_written(rows):
    found, problems = items_csv.read_prompts(written([["prompt", "answer", "term", "frequency"], *rows]))
    assert not problems
    cells = [row.cells for row in found]
    assert [(cell["prompt"], cell["answer"], cell["term"], float(cell["frequency"])) for cell in cells] == rows


@ANY
@given(st.lists(st.tuples(NAME, st.lists(NAME, min_size=2, max_size=8, unique=True)), min_size=1, max_size=4), st.integers(0, 7))
def test_choices_come_back_as_they_were_written(rows, right):
    header = ["question", *items_csv.LETTERS, "answer"]
    lines = [[question, *choices, *[""] * (8 - len(choices)), items_csv.LETTERS[right % len(choices)]] for question, choices in rows]
    found, problems = items_csv.read_choices(written([header, *lines]))
    assert not problems and [[row.cells[name] for name in header] for row in found] == lines


@ANY
@given(st.lists(NAME, min_size=1, max_size=5))
def test_passages_come_back_as_they_were_written(passages):
    found, problems = items_csv.read_passages(written([["passage"], *[[passage] for passage in passages]]), is_csv=True)
    assert not problems and [row.cells["passage"] for row in found] == passages
    blocks = ["\n".join(passage.split()) for passage in passages]
    found, _ = items_csv.read_passages("\n\n".join(blocks), is_csv=False)
    assert [row.cells["passage"] for row in found] == blocks


@ANY
@given(st.lists(st.tuples(NAME, st.integers(0, 10**6), st.integers(0, 64), st.floats(0, 1)), min_size=1, max_size=5))
def test_scores_come_back_as_they_were_written(rows):
    lines = [["a/b", step, f"{task}-{number}", shots, value, 0.1] for number, (task, step, shots, value) in enumerate(rows)]
    found, _ = scores(written([evals_read.TERM_COLUMNS, *lines]))
    assert found[["model_id", "step", "task", "shots", "value", "stderr"]].to_numpy().tolist() == lines


@ANY
@given(*[st.integers(1, 50)] * 6)
def test_a_configuration_comes_back_as_it_was_written(heads, groups, size, layers, width, vocabulary):
    value = LLAMA | {
        "num_attention_heads": heads * groups,
        "num_key_value_heads": groups,
        "head_dim": size,
        "hidden_size": heads * groups * size,
        "num_hidden_layers": layers,
        "intermediate_size": width,
        "vocab_size": vocabulary,
    }
    (shape, counts), _ = config(json.dumps(value).encode())
    assert (shape.d_model, len(shape.layers), shape.vocab_size) == (heads * groups * size, layers, vocabulary)
    mixer = shape.layers[0].mixer
    assert (mixer.n_heads, mixer.n_kv_heads, mixer.head_dim) == (heads * groups, groups, size)
    assert counts.mlp == 3 * layers * width * shape.d_model


@ANY
@given(NAME, WORDS, st.dictionaries(WORDS, WORDS, max_size=3))
def test_a_deck_comes_back_as_it_was_written(title, caption, chosen):
    from dataclasses import replace

    panel = law_panel()
    panel = replace(panel, caption=caption or "None.", settings=chosen)
    packed = deck_file.pack([slide.of(panel, title=title)])
    (back,) = deck_file.unpack(packed, own=True)
    assert back.title == title and back.panels[0].caption == panel.caption and dict(back.panels[0].settings) == chosen
    assert deck_file.pack([back]) == packed


@ANY
@given(st.lists(st.dictionaries(st.text(st.characters(exclude_categories=("Cs",)), max_size=5), st.integers() | NAME, max_size=3)))
def test_a_log_of_samples_comes_back_as_it_was_written(records):
    text = "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records)
    assert write.read_samples(text.encode()) == records


def test_bad_logs_of_samples_are_refused_in_one_sentence():
    refused = 0
    for data in [*(make() for _, make in bad_input.of_any(b'{"doc_id": 1}').values()), b'{"a": 1}\n[1]', b"[" * bad_input.DEEP]:
        try:
            assert all(isinstance(record, dict) for record in write.read_samples(data))
        except ValueError as problem:
            sentence(problem)
            refused += 1
    assert refused > 15


# --- names that are typed, or stand in the address --------------------------------------------------------------------

NAMES = (
    "../../../etc/passwd", "..", "/", "~nobody-here/x", "~", "\0", "a\0b", "x" * 5000, "/" + "x" * 5000, "a/../../b", "a--b", "a/b/c",
    "C:\\x", "\\\\host\\share", "https://evil.example/x", "file:///etc/passwd", "$(id)", "`id`", "a;id", "a\nb", "a/b@main", "-rf",
    "%2e%2e%2f", "é/ü", "\u202egnp.exe", bad_input.MARKUP, "=cmd|' /C calc'!A0", "{0.__class__}", "a b", ".", "a/b?x=y", "a/b#x",
)  # fmt: skip


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
def test_a_typed_name_leads_nowhere_but_to_a_sentence(name, tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_HOME", str(tmp_path / "empty"))
    monkeypatch.setenv("DECKS", str(tmp_path / "decks"))
    assert deck_store.load(name) is None and not (tmp_path / "decks").exists()
    with pytest.raises(ValueError) as caught:
        fetch_config(name)
    sentence(caught.value)
    with pytest.raises(ValueError) as caught:
        models.device_of(name)
    sentence(caught.value)
    monkeypatch.setenv(models.ROOTS, str(tmp_path / "models"))
    for spec in (RunSpec(name, "choice", device="cpu"), RunSpec("bundled", "choice", name, device="cpu")):
        with pytest.raises(ValueError) as caught:
            models.open_model(spec)
        sentence(caught.value)
    with pytest.raises(ValueError) as caught:
        items.items_of(RunSpec("bundled", "prompts", options={"file": name}))
    assert "outside the folders" in sentence(caught.value) or "is not the path" in str(caught.value)
    with pytest.raises(ValueError) as caught:
        own_runs.parse_number(name)
    assert len(one_line(f"is: {caught.value}")) < LONGEST


# --- on the pages -----------------------------------------------------------------------------------------------------

MARKS = ("<img", "](javascript", "<script")
PLACES = {
    "scaling": ({"training_runs": "own", "train_flops": "1e21"}, "runs.csv"),
    "term_frequency": ({"number_counts": "own", "n_shots": "4"}, "counts.csv"),
    "pythia": ({"own_results": "own", "n_shots": "5"}, "results.json"),
    "attention": ({"model": "own"}, "config.json"),
    "probe": ({"probe_probe": "own prompts", "probe_limit": "200"}, "prompts.csv"),
    "deck": ({}, "mine.deck.json"),
}
NASTY = {
    "picture": b"\x89PNG\r\n\x1a\n\0\0",
    "archive": bad_input.bomb()[:5000],
    "deep": b'{"a":' * 20_000,
    "markup": f"{bad_input.MARKUP},{bad_input.MARKUP},b\n=1+1,{bad_input.MARKUP},3\n".encode(),
}


def shown(app) -> list[str]:
    """Everything on a page that the browser may take for markup."""
    kinds = (app.markdown, app.error, app.warning, app.info, app.success, app.caption, app.title, app.header, app.subheader)
    return [item.value for kind in kinds for item in kind] + [element.proto.body for element in app.get("html")]


def harmless(app) -> bool:
    """Whether nothing on a page would be taken for markup that came from outside."""
    text = " ".join(shown(app)).replace("\\<", "").replace("\\]", "")
    assert not any(mark in text for mark in MARKS), text
    return True


@pytest.mark.parametrize("stem", PLACES)
def test_a_page_stays_as_it_was_beside_a_file_that_cannot_be_used(stem, tmp_path, monkeypatch):
    monkeypatch.setenv("PROBE_RUNS", str(tmp_path))
    monkeypatch.setenv("DECKS", str(tmp_path))
    parameters, name = PLACES[stem]
    app = open_page(stem, **parameters)
    before, boxes = len(charts(app)), {box.key: box.value for box in [*app.selectbox, *app.slider]}
    assert fine(app)
    for what, data in NASTY.items():
        app.file_uploader[0].set_value([]).run() if stem == "pythia" else None
        app.file_uploader[0].upload(name, data, "text/plain").run()
        assert not app.exception, what
        assert len(app.error) == 1, what
        one_line(app.error[0].value)
        assert harmless(app)
        assert len(charts(app)) == before, what
        assert {key: value for key, value in ((box.key, box.value) for box in [*app.selectbox, *app.slider]) if key in boxes} == boxes


def test_names_from_files_are_shown_as_text_on_the_pages():
    value = copy.deepcopy(V04)
    value["config"]["model_args"]["pretrained"] = bad_input.MARKUP
    value["results"][bad_input.MARKUP] = {"acc,none": 0.5}
    app = open_page("pythia", own_results="own")
    app.file_uploader[0].upload(f"{bad_input.MARKUP}.json", json.dumps(value).encode(), "application/json").run()
    assert fine(app) and harmless(app) and any(bad_input.MARKUP in item.value for item in app.text)
    button = next(element for element in app.get("download_button") if element.key == "pythia_v04_0")
    assert "\\<img" in button.proto.label
    columns = ["N", "D", "loss", bad_input.MARKUP]
    rows = written([columns, *[[f"{n}e8", f"{n}e10", 3 - n / 10, bad_input.MARKUP] for n in range(1, 4)], ["=1+1", "<b>", "1", "2"]])
    app = open_page("scaling", training_runs="own")
    app.file_uploader[0].upload("runs.csv", rows, "text/csv").run()
    assert not app.exception and harmless(app) and any("'<b>'" in item.value for item in app.text)
    assert len(app.error) == 1 and "at least 6" in one_line(app.error[0].value)  # three runs are too few to fit


@pytest.mark.parametrize(
    ("probe", "name", "data", "said"),
    [
        ("own prompts", "a.csv", PROMPTS + f",{bad_input.MARKUP},,\n", "line 7: the prompt is empty"),
        ("multiple choice", "a.csv", CHOICES + "=1+1,yes,yes,,\n", "line 7: 5 cells where the header has 4"),
        ("memorised text", "a.txt", "one passage\n\nanother\n", ""),
    ],
)
def test_the_probe_takes_a_file_and_names_the_rows_it_leaves_out(probe, name, data, said, tmp_path, monkeypatch):
    monkeypatch.setenv("PROBE_RUNS", str(tmp_path))
    app = open_page("probe", probe_probe=probe)
    assert app.button(key="probe_go").disabled
    app.file_uploader[0].upload(name, data.encode(), "text/plain").run()
    assert fine(app) and harmless(app) and app.button(key="probe_go").disabled == (find_spec("torch") is None)
    assert [item.value for item in app.text] == ([said] if said else [])


def test_hostile_names_are_escaped_in_charts_and_defused_in_their_tables():
    from analysis.probe import figures as probe_figures
    from analysis.probe import results as probe_results
    from analysis.pythia.figures import Families

    hostile = [bad_input.MARKUP, "=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "-3.5"]
    rows = [{"group": name, "frequency": 10.0**n, "n": 5, "score": 0.5, "score_norm": math.nan} for n, name in enumerate(hostile, 1)]
    table, whole = probe_results.summary(rows), probe_results.overall(rows)
    run = probe_results.Found("a" * 12, f"{bad_input.MARKUP}, x (aaaa)", "prompts", True, bad_input.MARKUP, table, whole, {"model": "=1+1"})
    value = copy.deepcopy(V04)
    value["config"]["model_args"] = {"pretrained": "=" + bad_input.MARKUP}
    own, _ = checkpoints.own_scores(evals_read.read_results(json.dumps(value)), ["piqa"])
    panels = [
        probe_figures.Curve(probe_runs=Given("own", run.name, [run])).panel(),
        probe_figures.Overall(probe_runs=Given("own", run.name, [run])).panel(),
        probe_figures.groups(run),
        Families(eval_task="piqa", own_results=Given("own", "mine", [own.assign(n_params=1e9)])).panel(),
    ]
    for panel in panels:
        words = list(texts(panel.figure.to_plotly_json()))
        assert any("&lt;img" in word for word in words) and not any(
            mark in word for word in words for mark in ("<img", "<script", "<a ")
        ), panel.name
    for panel in panels:
        lines = [line for line in files.export(panel, "csv").decode().splitlines() if not line.startswith("#")]
        cells = [cell for row in csv.reader(lines) for cell in row]
        assert not any(cell.startswith(("=", "+", "@", "\t", "\r")) for cell in cells)
        assert all(float(cell) < 0 for cell in cells if cell.startswith("-"))
    rows = list(csv.DictReader([line for line in files.export(panels[2], "csv").decode().splitlines() if not line.startswith("#")]))
    assert [row["group"] for row in rows] == [bad_input.MARKUP, "'=1+1", "'+1", "'-1", "'@SUM(A1)", "'\t=1", "'-3.5"]


def test_names_that_are_addresses_are_text_in_the_workbook_of_a_slide():
    from analysis.export.native_chart import _no_formula

    for name in (
        "http://evil.example",
        "HTTPS://evil.example",
        "mailto:a@b.c",
        "external:\\\\host\\share",
        "internal:Sheet1!A1",
        "=1+1",
        "{=1}",
    ):
        assert _no_formula(name) == f" {name}"
    for name in ("Chinchilla: 240 runs", "Llama 2", "-3.5", "file"):
        assert _no_formula(name) == name


def test_a_deck_too_large_to_be_opened_again_is_not_stored(tmp_path, monkeypatch):
    monkeypatch.setenv("DECKS", str(tmp_path / "decks"))
    monkeypatch.setattr(deck_store, "MOST_BYTES", 1000)
    with pytest.raises(ValueError, match="at most 0 MB are kept"):
        deck_store.save(deck_store.new_key(), [slide.of(law_panel())])
    assert not list(tmp_path.rglob("*.json"))


def texts(value: Any):
    """All texts in a figure."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for part in value.values():
            yield from texts(part)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from texts(part)


@pytest.mark.parametrize(
    ("stem", "parameters"),
    [
        ("deck", {"deck": "../../../etc/passwd"}),
        ("deck", {"deck": bad_input.MARKUP}),
        ("probe", {"probe_run": bad_input.MARKUP, "probe_part": "<script>alert(1)</script>", "probe_limit": "__import__('os')"}),
        ("probe", {"probe_from": "a folder here", "probe_folder": f"../../{bad_input.MARKUP}"}),
        ("probe", {"probe_from": "Hugging Face hub", "probe_hub": bad_input.MARKUP, "probe_rev": "../x"}),
        ("attention", {"model": f"hub:../../{bad_input.MARKUP}"}),
        ("attention", {"model": "hub:" + "x" * 5000}),
    ],
)
def test_nothing_in_an_address_is_taken_for_markup_code_or_a_path(stem, parameters, tmp_path, monkeypatch):
    monkeypatch.setenv("PROBE_RUNS", str(tmp_path))
    monkeypatch.setenv("DECKS", str(tmp_path / "decks"))
    app = open_page(stem, **parameters)
    assert not app.exception and harmless(app)
    assert stem in ("deck", "attention") or charts(app)
    assert not (tmp_path / "decks").exists()
    for note in [*app.error, *app.warning]:
        one_line(note.value)


def test_weights_outside_the_folder_of_a_model_are_not_read(tmp_path):
    from analysis.probe import models_files

    folder = tmp_path / "model"
    folder.mkdir()
    (tmp_path / "secret.safetensors").write_bytes(b"x")
    (folder / "config.json").write_text('{"model_type": "llama", "architectures": ["LlamaForCausalLM"]}')
    for listed in ("../secret.safetensors", str(tmp_path / "secret.safetensors"), "a/../../secret.safetensors"):
        (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": {"a": listed}}))
        with pytest.raises(ValueError, match="leads out of its folder"):
            models_files.check(folder, folder, "mine")
    for content in ("[" * bad_input.DEEP, '{"weight_map": {"a": 1}}', '{"weight_map": {"a": {}}}', "[]", "null"):
        (folder / "model.safetensors.index.json").write_text(content)
        with pytest.raises(ValueError, match="list of weight files of mine could not be read"):
            models_files.check(folder, folder, "mine")
    (folder / "config.json").write_text('{"a":' * bad_input.DEEP)
    with pytest.raises(ValueError, match="does not say what kind of model it is"):
        models_files.check(folder, folder, "mine")
