"""The derived tables are what the sources give."""

import os
import subprocess
import sys

import pandas as pd
import pytest

from analysis import tables
from analysis.build import command, glossary
from tests.conftest import ROOT


@pytest.mark.slow
def test_the_stored_derived_tables_are_current(capsys):
    # The 195 simulations of self_instruct_runs take a minute; a test below repeats some of them.
    names = [name for name in [*command.IMPORTED, *command.DERIVED] if name != "self_instruct_runs"]
    # About half of the time goes into these three, in a process of their own beside the others. Checking writes nothing that one of
    # them could wait for.
    aside = ["pythia_emergence", "term_frequency_stats", "term_frequency_fits"]
    with subprocess.Popen(
        [sys.executable, "-m", "analysis.build", "--check", *aside],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    ) as other:
        status = command.main(["--check", *(name for name in names if name not in aside)])
        said = capsys.readouterr().out + other.communicate(timeout=600)[0]
    assert (status, other.returncode) == (0, 0), said
    assert said.count(": current") == len(command.DERIVED) - 1
    assert said.count("with the rows declared") == len(command.IMPORTED)


def test_the_glossary_says_of_every_term_and_column_what_the_tables_do(tmp_path, monkeypatch, capsys):
    assert command.main(["--check", "glossary"]) == 0
    text = glossary.FILE.read_text(encoding="utf-8")
    assert "| `loss` | " in text and text.count("\n| `") > 400
    copy = tmp_path / "glossary.md"
    monkeypatch.setattr(glossary, "FILE", copy)
    copy.write_text(text.replace("nats per token", "bits"), encoding="utf-8")
    assert command.main(["--check", "glossary"]) == 1 and "run `python -m analysis.build glossary`" in capsys.readouterr().out
    assert command.main(["glossary"]) == 0 and glossary.current()
    for row in tables.load("terms").itertuples():
        assert f"| `{row.name}` | {row.term} | {row.meaning} | " in text, row.name


def test_some_stored_simulations_of_the_self_instruct_loop_are_current():
    from analysis.small_models import self_instruct

    seeds = self_instruct.instructions(tables.load("seed_tasks"))
    known = self_instruct.known_parts(seeds, tables.load("instruction_parts"))
    threshold, novelties = self_instruct.THRESHOLDS[8], self_instruct.NOVELTIES[::2]
    fresh = self_instruct.grid(seeds, known, [threshold], novelties, n_seeds=1, steps=self_instruct.STEPS)
    stored = tables.load("self_instruct_runs")
    stored = stored[(stored["threshold"] == threshold) & stored["novelty"].isin(novelties) & (stored["seed"] == 0)]
    order = ["novelty", "step"] if "step" in fresh else ["novelty", "generated"]
    stored, fresh = (rows.sort_values(order).reset_index(drop=True)[list(fresh.columns)].astype(float) for rows in (stored, fresh))
    assert len(fresh) > 20
    pd.testing.assert_frame_equal(stored, fresh, rtol=1e-6)


def test_an_imported_table_without_all_its_rows_is_found(monkeypatch, capsys):
    stored = tables.load("judge_verdicts")
    monkeypatch.setattr(tables, "load", lambda name: stored.iloc[:-1])
    assert command.main(["--check", "judge_verdicts"]) == 1
    assert "44,505 rows are stored" in capsys.readouterr().out


def test_an_imported_table_is_made_from_released_files_and_compared_exactly(tmp_path, monkeypatch, capsys):
    stored = tables.load("judge_verdicts")
    codes = {"first": 1, "second": 2, "tie": 3, "unusable": -1}
    released = pd.DataFrame(
        {
            "benchmark": stored["benchmark"],
            "prompt_id": stored["prompt"],
            "model_shown_first": stored["first"],
            "model_shown_second": stored["second"],
            "score": stored["verdict"].map(codes),
        }
    )
    (tmp_path / "qlora").mkdir()
    file = tmp_path / "qlora" / "gpt4_pairwise_judgements.csv"
    released.sample(frac=1, random_state=0).to_csv(file, index=False)
    asked = ["--check", "--upstream", str(tmp_path), "judge_verdicts"]
    assert command.main(asked) == 0
    assert "current" in capsys.readouterr().out
    released.loc[0, "score"] = 4 - released.loc[0, "score"] if released.loc[0, "score"] in (1, 3) else 1
    released.to_csv(file, index=False)
    assert command.main(asked) == 1
    assert "row 1, column verdict" in capsys.readouterr().out


def test_a_changed_number_is_found_with_its_row_and_column(monkeypatch, capsys):
    stored = tables.load("scaling_fits")
    changed = stored.assign(A=stored["A"] * (1 + 1e-4))
    monkeypatch.setitem(command.DERIVED, "scaling_fits", lambda: changed)
    assert command.main(["--check", "scaling_fits"]) == 1
    assert "row 1, column A" in capsys.readouterr().out


@pytest.mark.slow
def test_building_twice_gives_the_same_bytes():
    first, second = (command.rounded(command.DERIVED["scaling_fits"]()).to_csv(index=False) for _ in range(2))
    assert first == second


def test_a_few_resamples_may_end_in_another_minimum_but_no_more():
    stored = tables.load("scaling_resamples")
    some = stored.copy()
    some.loc[:9, "E"] *= 1.01
    assert command.difference("scaling_resamples", some) == ""
    many = stored.copy()
    many.loc[:99, "E"] *= 1.01
    assert "column E" in command.difference("scaling_resamples", many)


def test_an_unknown_table_is_refused(capsys):
    with pytest.raises(SystemExit):
        command.main(["--check", "nonsense"])
    assert "nonsense" in capsys.readouterr().err


def test_rounding_keeps_eight_digits_and_zero():
    frame = command.rounded(pd.DataFrame({"x": [0.0, 1.23456789012345, -9.87654321098765e22]}))
    assert frame["x"].tolist() == [0.0, 1.2345679, -9.8765432e22]
