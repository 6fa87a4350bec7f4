"""The bundled model: its text follows the law it claims, its checkpoints open, and its stored answers are its own."""

import json
import re

import numpy as np
import pytest

from analysis import tables
from analysis.probe import arithmetic, bundled, corpus, train
from analysis.statistics import spearman

LAST = train.saved_steps()[-1] if train.saved_steps() else 0


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def tokenizer():
    return corpus.make_tokenizer()


@pytest.fixture(scope="module")
def drawn():
    return corpus.draw(np.random.RandomState(7), 200_000)


def test_first_operands_follow_zipfs_law(drawn):
    from scipy.stats import chisquare

    counts = np.bincount(drawn[1], minlength=100)
    expected = corpus.probabilities() * len(drawn[1])
    assert expected.min() > 300
    assert chisquare(counts, expected).pvalue > 0.001
    ordered = np.sort(expected)[::-1]
    assert ordered[0] / ordered[9] == pytest.approx(10) and ordered[0] / ordered[99] == pytest.approx(100)  # 1 / rank


def test_second_operands_are_even_among_what_is_not_held_out(drawn):
    from scipy.stats import chisquare

    operation, first, second = drawn
    most = int(np.argmax(corpus.probabilities()))
    for at in (0, 1):
        counts = np.bincount(second[(operation == at) & (first == most)], minlength=51)[1:]
        shown = ~corpus.held_out()[at, most]
        assert shown.sum() == 40 and counts[~shown].sum() == 0
        assert chisquare(counts[shown]).pvalue > 0.001


def test_held_out_questions_never_occur_and_all_others_may(drawn):
    operation, first, second = drawn
    assert not corpus.held_out()[operation, first, second - 1].any()
    assert (corpus.held_out().sum(axis=2) == corpus.HELD_OUT).all()
    assert len(set(zip(operation, first, second, strict=True))) > 7_900  # of 8,000 that may


def test_frequency_is_unrelated_to_the_size_of_the_operand():
    from scipy.stats import spearmanr

    assert abs(spearmanr(corpus.ranks(), corpus.OPERANDS).statistic) < corpus.MAX_RHO
    assert float(spearman(corpus.ranks(), corpus.OPERANDS)) == pytest.approx(spearmanr(corpus.ranks(), corpus.OPERANDS).statistic)


def test_training_batches_hold_no_held_out_question_and_prompts_of_every_length(tokenizer):
    lines, random, lengths = corpus.tokenized_lines(tokenizer), np.random.RandomState(0), set()
    pattern = re.compile(r"Q:What is (\d+) (times|plus) (\d+)\? A: ?(\d+)\n")
    for _ in range(40):
        for row in corpus.sequences(random, lines, 60):
            text = tokenizer.decode(row)
            found = pattern.findall(text)
            lengths.add(len(found))
            assert pattern.sub("", text).strip("\n") == ""
            for a, word, b, c in found:
                operation = 0 if word == "times" else 1
                assert not corpus.held_out()[operation, int(a), int(b) - 1]
                assert int(c) == arithmetic.right_answer(int(a), int(b), corpus.OPERATIONS[operation])
    assert lengths == set(corpus.LINES_IN_CONTEXT)


def test_the_tokenizer_reads_any_text_back_and_cuts_numbers_into_pairs(tokenizer):
    for text in ("Q:What is 37 times 12? A:444\n\n", "Grüße, 12345 <b>&amp;</b>\t7 + 08", " 1", ""):
        assert tokenizer.decode(tokenizer(text)["input_ids"]) == text
    assert tokenizer.tokenize("Q:What is 37 times 12? A:1234\n") == ["Q:What", "Ġis", "Ġ37", "Ġtimes", "Ġ12", "?ĠA:", "12", "34", "Ċ"]
    whole = tokenizer("Q:What is 3 plus 4? A:7\n\nQ:What is 37 times 12? A:")["input_ids"]
    parts = tokenizer("Q:What is 3 plus 4? A:7\n\n")["input_ids"] + tokenizer("Q:What is 37 times 12? A:")["input_ids"]
    assert whole == parts


def test_a_few_seconds_of_training_lower_the_loss_and_leave_checkpoints_that_open(tmp_path):
    import torch

    tiny = {"hidden_size": 32, "num_hidden_layers": 1, "intermediate_size": 64}
    losses = train.train(60, checkpoints=(30, 60), folder=tmp_path, lines=34, **tiny)
    assert np.mean(losses[-10:]) < 0.6 * np.mean(losses[:5])
    assert np.mean(losses[:1]) == pytest.approx(np.log(len(corpus.make_tokenizer())), rel=0.1)  # knows nothing at first
    assert train.saved_steps(tmp_path) == [30, 60]
    model, tokenizer = train.open_checkpoint(60, tmp_path)
    assert model.dtype == torch.float32 and len(tokenizer) == model.config.vocab_size
    again = train.train(5, lines=34, **tiny)
    assert again == train.train(5, lines=34, **tiny)  # the seed decides


def test_a_stopped_training_keeps_what_was_saved(tmp_path, monkeypatch, capsys):
    def stop(step, loss):
        if step == 3:
            raise KeyboardInterrupt

    real = train.train
    monkeypatch.setattr(train, "CHECKPOINTS", (2,))
    monkeypatch.setattr(train, "train", lambda *given, report: real(*given, report=stop, hidden_size=32, num_hidden_layers=1))
    assert train.main(["--out", str(tmp_path), "--steps", "50", "--device", "cpu"]) == 130
    assert train.saved_steps(tmp_path) == [2]
    assert "stopped; saved in" in capsys.readouterr().err


def test_runs_do_not_mix_in_one_folder(tmp_path, monkeypatch, capsys):
    (tmp_path / "step7").mkdir()
    (tmp_path / "step7" / "model.safetensors").write_bytes(b"")
    with pytest.raises(SystemExit):
        train.main(["--out", str(tmp_path)])
    assert "holds checkpoints already; --replace removes them" in capsys.readouterr().err
    real = train.train
    monkeypatch.setattr(train, "train", lambda *given, report: real(*given, report=report, hidden_size=32, num_hidden_layers=1, lines=17))
    monkeypatch.setattr(train, "evaluate", lambda folder, device, say: train.pd.DataFrame({"step": train.saved_steps(folder)}))
    assert train.main(["--out", str(tmp_path), "--replace", "--steps", "2", "--device", "cpu"]) == 0
    assert train.saved_steps(tmp_path) == [2] and (tmp_path / "accuracy.csv").exists()


def test_the_shipped_folder_holds_safetensors_only_and_is_small():
    files = [path for path in train.FOLDER.rglob("*") if path.is_file()]
    assert len(train.saved_steps()) >= 5 and LAST == max(train.CHECKPOINTS)
    assert {path.name for path in files} == {
        "tokenizer.json",
        "tokenizer_config.json",
        "config.json",
        "generation_config.json",
        "model.safetensors",
    }
    assert sum(path.stat().st_size for path in files) < 8_000_000
    for step in train.saved_steps():
        config = json.loads((train.FOLDER / f"step{step}" / "config.json").read_text())
        assert config["model_type"] == "gpt_neox" and "auto_map" not in config


def test_the_shipped_tokenizer_is_the_one_the_code_makes(tokenizer):
    from transformers import AutoTokenizer

    shipped = AutoTokenizer.from_pretrained(train.FOLDER, local_files_only=True)
    assert shipped.get_vocab() == tokenizer.get_vocab()
    text = "Q:What is 37 times 12? A:444\n\nNo such word 99999"
    assert shipped(text)["input_ids"] == tokenizer(text)["input_ids"]


def test_the_table_of_operands_is_the_law():
    stored, made = tables.load("probe_operands"), corpus.operand_table(LAST * corpus.LINES)
    assert stored["rank"].tolist() == made["rank"].tolist()
    assert stored["expected_count"].to_numpy() == pytest.approx(made["expected_count"].to_numpy())
    for operation in corpus.OPERATIONS:
        assert stored[f"held_out_{operation}"].tolist() == made[f"held_out_{operation}"].tolist()


@pytest.mark.parametrize("step", train.saved_steps()[-2:])
def test_stored_accuracies_are_what_the_shipped_checkpoint_answers(step):
    model, tokenizer = train.open_checkpoint(step)
    rows = train.questions()
    rows = rows[rows["operand"].isin([0, 7, 38, 64, 99])]
    found = [train.number_in(text) for text in train.continuations(model, tokenizer, train.prompts(rows), batch=250)]
    right = [
        answer == str(arithmetic.right_answer(a, b, o))
        for answer, o, a, b in zip(found, rows["operation"], rows["operand"], rows["second"], strict=True)
    ]
    again = rows.assign(right=right).groupby(["operation", "operand", "seen"])["right"].sum()
    stored = tables.load("bundled_accuracy")
    stored = stored[(stored["step"] == step) & (stored["shots"] == 0)].set_index(["operation", "operand", "seen"])["right"]
    assert len(again) == 20
    assert (again - stored[again.index]).abs().max() <= 1  # another processor may round a tie the other way


def test_generate_of_transformers_gives_the_same_answers():
    import torch

    model, tokenizer = train.open_checkpoint(LAST)
    rows = train.questions().sample(60, random_state=0)
    prompts = train.prompts(rows, shots=2)
    ours = train.continuations(model, tokenizer, prompts)
    for prompt, text in zip(prompts[:20], ours[:20], strict=True):
        ids = torch.tensor([tokenizer(prompt)["input_ids"]])
        theirs = model.generate(ids, attention_mask=torch.ones_like(ids), max_new_tokens=4, do_sample=False)
        assert tokenizer.decode(theirs[0, ids.shape[1] :]) == text


def test_stored_statistics_agree_with_scipy():
    from scipy.stats import spearmanr

    rows, shares = tables.load("bundled_accuracy"), tables.load("probe_operands").set_index("operand")["share"]
    stored = tables.load("probe_bundled").set_index(["step", "shots", "operation", "questions"])
    assert len(stored) == (len(train.saved_steps()) + 1) * 4
    for step in (1500, 6000):
        for operation in corpus.OPERATIONS:
            for questions in bundled.QUESTIONS:
                accuracy = bundled.accuracy_by_operand(rows, step, 0, operation, questions == "seen")
                found = stored.loc[(step, 0, operation, questions)]
                assert found["rho"] == pytest.approx(spearmanr(accuracy, shares).statistic)
                assert found["accuracy"] == pytest.approx(accuracy.mean())


def test_frequency_decides_what_is_remembered_and_not_what_is_worked_out():
    stored = tables.load("probe_bundled").set_index(["step", "shots", "operation", "questions"])
    for operation in corpus.OPERATIONS:
        seen, unseen = (stored.loc[(6000, 0, operation, questions)] for questions in bundled.QUESTIONS)
        assert seen["rho_low"] > 0.5 and seen["partial_low"] > 0.5  # planted: nothing but frequency differs between operands
        assert unseen["rho_high"] < 0.25
    assert bundled.telling_step(tables.load("bundled_accuracy"), "multiplication") == 6000


def test_a_correlation_over_operands_that_are_all_right_is_not_given():
    last = tables.load("probe_bundled").set_index(["step", "shots", "operation", "questions"]).loc[(LAST, 0, "addition", "seen")]
    assert last["accuracy"] > 0.999 and np.isnan(last["rho"]) and np.isnan(last["partial_low"])
