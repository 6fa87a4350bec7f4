"""The questions of a run."""

import re

import pytest

from analysis import tables
from analysis.probe import items, items_csv, models
from analysis.probe.spec import RunSpec
from tests import tiny_probe_models as tiny


def asked(probe: str, seed: int = 0, limit: int = 0, model: str = "someone/model", **options) -> list:
    return items.items_of(RunSpec(model=model, probe=probe, options=options, seed=seed, limit=limit))


@pytest.mark.parametrize(("operation", "word"), [("multiplication", "times"), ("addition", "plus")])
def test_term_frequency_asks_5000_questions_as_pythia_did(operation, word):
    found = asked("term_frequency", operation=operation, shots=0)
    # [biderman2023] section 3.3: x1 from 0 to 99, x2 from 1 to 50
    assert [item.prompt for item in found] == [f"Q:What is {a} {word} {b}? A:" for a in range(100) for b in range(1, 51)]
    assert all(eval_of(item.prompt) == int(item.answer) for item in found)
    assert len({item.item_id for item in found}) == 5000 and {item.group for item in found} == {str(a) for a in range(100)}


def eval_of(question: str) -> int:
    a, word, b = re.fullmatch(r"Q:What is (\d+) (times|plus) (\d+)\? A:", question).groups()
    return int(a) * int(b) if word == "times" else int(a) + int(b)


def test_examples_are_solved_right_have_other_operands_and_are_shared_by_an_operand():
    found = asked("term_frequency", shots=16)
    assert len(found) == 5000
    for item in found[::37]:
        *before, last = item.prompt.split("\n\n")
        assert len(before) == 16 and eval_of(last) == int(item.answer)
        firsts = [re.search(r"\d+", line).group() for line in before]
        assert item.group not in firsts and len(set(firsts)) == 16
        for line in before:
            question, answer = line.split("? A:")
            assert eval_of(f"{question}? A:") == int(answer)
    assert all(len({item.prompt.rsplit("\n", 1)[0] for item in found if item.group == group}) == 1 for group in ("0", "57", "99"))
    assert len({item.prompt.rsplit("\n", 1)[0] for item in found}) == 100


def test_the_same_settings_ask_the_same_and_another_seed_asks_otherwise():
    first = asked("term_frequency", shots=4, limit=200, seed=1)
    assert first == asked("term_frequency", shots=4, limit=200, seed=1)
    other = asked("term_frequency", shots=4, limit=200, seed=2)
    assert [item.prompt for item in first] != [item.prompt for item in other]


@pytest.mark.slow
def test_a_limit_takes_as_many_questions_of_each_operand():
    found = asked("term_frequency", limit=300)
    assert len(found) == 300 and len({item.item_id for item in found}) == 300
    assert all(sum(item.group == str(a) for item in found) == 3 for a in range(100))
    assert [item.item_id for item in found] == [item.item_id for item in asked("term_frequency") if item in found]


def test_frequencies_are_those_of_the_table():
    counts = tables.load("number_frequencies").query("corpus == 'pile_train'").set_index("number")["count"]
    found = {item.group: item.frequency for item in asked("term_frequency", shots=0)}
    assert found["2"] == 1245931860 and found == {str(number): float(counts[number]) for number in range(100)}


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"operation": "division"}, "'division' is not one of multiplication, addition"),
        ({"shots": -1}, "shots: -1 is not a whole number from 0 to 64"),
        ({"shots": 2.5}, "shots: 2.5 is not a whole number"),
        ({"shots": True}, "shots: True is not"),
        ({"corpus": "moon"}, "corpus: 'moon' is not one of pile_train"),
        ({"shot": 4}, "term_frequency takes corpus, operation, shots, not 'shot'"),
    ],
)
def test_options_that_cannot_be_used_are_refused(options, sentence):
    with pytest.raises(ValueError, match=sentence):
        asked("term_frequency", **options)


def test_our_own_questions_are_many_different_and_have_their_answers_spread_evenly():
    rows = tables.load("probe_choice")
    assert len(rows) >= 40 and rows["question"].is_unique and rows["id"].is_unique
    assert rows["answer"].value_counts().max() - rows["answer"].value_counts().min() <= 1
    found = asked("choice")
    assert len(found) == len(rows)
    for item, row in zip(found, rows.to_dict("records"), strict=True):
        assert item.choices[int(item.answer)] == f" {row[row['answer']]}" and len(set(item.choices)) == 4
        assert item.prompt == f"Question: {row['question']}\nAnswer:"


def test_the_sums_among_our_questions_are_right():
    checked = 0
    for item in asked("choice"):
        sum_of = re.search(r"What is (\d+) (plus|minus|times|divided by) (\d+)\?", item.prompt)
        if sum_of:
            a, word, b = sum_of.groups()
            right = {"plus": int(a) + int(b), "minus": int(a) - int(b), "times": int(a) * int(b), "divided by": int(a) / int(b)}[word]
            assert float(item.choices[int(item.answer)]) == right
            checked += 1
    assert checked >= 6


def test_a_reader_s_prompts_come_with_their_terms_and_bad_rows_with_their_lines():
    text = (
        "prompt;answer;term;frequency\n"
        'Capital of Peru? A:;Lima;Peru;1e6\n"two\nlines: ";yes;;\n'
        ";x;y;1\nq;;y;1\nq;a;y;many\nq;a;y;-1\nq;a;y;nan\nq;a\n\nLast ;a;b;7\n"
    )
    spec = RunSpec("someone/model", "prompts", options={"csv": text})
    found = items.items_of(spec)
    assert [item.item_id for item in found] == ["prompts:2", "prompts:3", "prompts:12"]
    assert (found[0].prompt, found[0].answer, found[0].group, found[0].frequency) == ("Capital of Peru? A:", "Lima", "Peru", 1e6)
    assert found[1].prompt == "two\nlines: " and found[1].frequency != found[1].frequency
    assert items.problems_of(spec) == [
        "line 5: the prompt is empty",
        "line 6: the answer is empty",
        "line 7: the frequency 'many' is not a number of at least 0",
        "line 8: the frequency '-1' is not a number of at least 0",
        "line 9: the frequency 'nan' is not a number of at least 0",
        "line 10: 2 cells where the header has 4",
    ]


def test_a_reader_s_choices_may_have_two_to_eight_answers():
    text = "question,a,b,c,answer,topic\nIs fire hot?,yes,no,,A,heat\nWhich?,x,,z,a,\nWhich?,x,x,,a,\nWhich?,x,y,,c,\n,x,y,,a,\n"
    spec = RunSpec("someone/model", "choice", options={"csv": text})
    (item,) = items.items_of(spec)
    assert (item.choices, item.answer, item.group) == ((" yes", " no"), "0", "heat")
    assert [problem.split(":")[0] for problem in items.problems_of(spec)] == ["line 3", "line 4", "line 5", "line 6"]
    assert items.problems_of(RunSpec("someone/model", "choice")) == []


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ("", "The file is empty."),
        ("prompt,answer\na,b\n", "must name the columns"),
        ("prompt,answer,term,frequency,term\na,b,c,1,c\n", "each once"),
        ("prompt,answer,term,frequency\n", "has no usable row."),
        ("prompt,answer,term,frequency\na,,b,1\n", "no usable row. First problem: line 2: the answer is empty"),
        ('prompt,answer,term,frequency\n"a,b,c,1\n', "could not be read as CSV"),
        (b"prompt,answer,term,frequency\n\xff,b,c,1\n", "not UTF-8 text"),
        (b"prompt\0", "NUL bytes"),
        (b"x" * 5_000_001, "has 5.0 MB; at most 5 MB are read"),
        (f"prompt,answer,term,frequency\n{'x' * 8001},b,c,1\n", "the prompt is longer than 8,000 characters"),
        ("prompt,answer,term,frequency\n" + "a,b,c,1\n" * 50_001, "has more than 50,000 rows, and no more are read"),
    ],
)
def test_a_file_that_is_no_such_table_is_refused_in_one_sentence(data, sentence):
    with pytest.raises(ValueError, match=re.escape(sentence)):
        items_csv.read_prompts(data)


def test_a_file_is_read_by_its_path_only_where_it_may(tmp_path, monkeypatch):
    path = tmp_path / "mine.csv"
    path.write_text("prompt,answer,term,frequency\na,b,c,1\n")
    assert len(asked("prompts", file=str(path))) == 1
    with pytest.raises(ValueError, match="gone.csv could not be read"):
        asked("prompts", file=str(tmp_path / "gone.csv"))
    monkeypatch.setenv(models.ROOTS, str(tmp_path / "models"))
    with pytest.raises(ValueError, match="is outside the folders that PROBE_MODELS allows"):
        asked("prompts", file=str(path))


def test_prompts_need_a_file_and_only_one_and_a_known_way_to_compare():
    with pytest.raises(ValueError, match="needs a file with the columns prompt, answer, term, frequency"):
        asked("prompts")
    with pytest.raises(ValueError, match="csv and file were both given"):
        asked("prompts", csv="a", file="b")
    with pytest.raises(ValueError, match="match: 'some' is not one of start, exact, number"):
        asked("prompts", csv="prompt,answer,term,frequency\na,b,c,1\n", match="some")


@pytest.mark.models
def test_passages_are_cut_into_32_and_32_tokens():
    model, tokenizer = tiny.build()
    opened = models.wrap(model, tokenizer, "tiny")
    long, short = "The house is green and the door is blue. " * 20, "Too short."
    spec = RunSpec("tiny", "memorised", options={"text": f"{long}\n\n{short}\n\n\n{long}x"})
    found = items.items_of(spec, opened)
    ids = tokenizer(long.strip())["input_ids"]
    assert [item.item_id for item in found] == ["memorised:1", "memorised:6"]
    assert list(found[0].token_ids + found[0].answer_ids) == ids[:64] and len(found[0].token_ids) == 32
    assert long.startswith(found[0].prompt + found[0].answer)
    table = RunSpec("tiny", "memorised", options={"csv": f'passage\n"{long}"\n'})
    assert items.items_of(table, opened)[0].token_ids == found[0].token_ids
    with pytest.raises(ValueError, match="none of the 1 passages has 64 tokens"):
        items.items_of(RunSpec("tiny", "memorised", options={"text": short}), opened)
    with pytest.raises(ValueError, match="this probe needs passages of the model's training text"):
        items.items_of(RunSpec("tiny", "memorised"), opened)
    with pytest.raises(ValueError, match="is empty"):
        items.items_of(RunSpec("tiny", "memorised", options={"text": " \n "}), opened)


@pytest.mark.models
def test_the_bundled_model_s_own_text_is_what_it_is_asked_to_continue():
    if not models.bundled_revisions():
        pytest.skip("the bundled model is not here")
    spec = RunSpec("bundled", "memorised", device="cpu")
    opened = models.open_model(spec)
    found = items.items_of(spec, opened)
    assert len(found) >= 50 and all(len(item.token_ids) == len(item.answer_ids) == 32 for item in found)
    assert all(item.prompt.startswith("Q:What is ") for item in found)


def test_the_bundled_model_s_frequencies_are_those_of_its_own_text():
    if "probe_operands" not in tables.names():
        pytest.skip("the bundled model is not here")
    found = {item.group: item.frequency for item in asked("term_frequency", model="bundled", shots=0)}
    rows = tables.load("probe_operands")
    assert found == dict(zip(rows["operand"].astype(str), rows["expected_count"], strict=True))
