"""A reader's own CSV of runs: every row is used or reported."""

import pytest

from analysis.scaling.own_runs import guess_columns, parse_number, parse_runs, read_runs_file

ROLES = {"n_params": "N", "n_tokens": "D", "loss": "loss"}


def test_tokens_follow_from_flops_and_parameters():
    file = read_runs_file(b"model;N;C;loss\na;1e9;1.2e20;2.5\n")
    runs, problems = parse_runs(file, {"n_params": "N", "train_flops": "C", "loss": "loss"})
    assert problems == []
    assert runs.loc[0, ["n_params", "n_tokens", "train_flops", "loss"]].tolist() == [1e9, 2e10, 1.2e20, 2.5]


def test_every_row_is_either_used_or_reported_with_its_line():
    lines = ["N,D,loss", "1e9,2e10,2.5", "", "x,2e10,2.5", "1e9,nan,2.5", "1e9,2e10", "7B,140B,2.0", '"1e9",2e10,inf', "1e9,2e10,0"]
    runs, problems = parse_runs(read_runs_file("\n".join(lines).encode()), ROLES)
    assert runs["line"].tolist() == [2, 7]
    assert [problem.split(":")[0] for problem in problems] == ["line 4", "line 5", "line 6", "line 8", "line 9"]


def test_quoted_line_breaks_do_not_shift_the_line_numbers():
    file = read_runs_file(b'name,N,D,loss\n"two\nlines",1e9,2e10,2.5\nb,-1,2e10,2.5\n')
    _, problems = parse_runs(file, ROLES)
    assert problems == ["line 4: 'N' must be positive: '-1'"]


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "empty"),
        (b"   \n \n", "empty"),
        (b"N,D,loss\n1,\x00,3\n", "NUL"),
        ("N,D,loss\n1,2,3ä".encode("latin-1"), r"is not UTF-8 text \(line 2\)"),
        ("N,D,loss\n1,2,3\n".encode("utf-16"), "UTF-16"),
        (b"N,D\n1,2\n", "three are needed"),
        (b"N,N,loss\n1,2,3\n", "'N' occurs more than once"),
        (b"N,,loss\n1,2,3\n", "Column 2 of the header has no name"),
        (b'N,D,loss\n"1,2,3\n', "could not be read as CSV"),
        (b"N,D,loss\n" + b"1,2,3\n" * 5_002, "more than 5,000 rows"),
        (b"1e9,2e10,2.5\n1e9,3e10,2.4\n", "holds numbers only"),
    ],
)
def test_files_that_are_no_table_are_refused_in_one_sentence(data, sentence):
    with pytest.raises(ValueError, match=sentence):
        read_runs_file(data)


def test_a_byte_order_mark_and_other_delimiters_are_understood():
    assert read_runs_file("\ufeffN;D;loss\n1;2;3\n".encode()).columns == ("N", "D", "loss")
    assert read_runs_file(b"N\tD\tloss\n1\t2\t3\n").columns == ("N", "D", "loss")


@pytest.mark.parametrize(
    ("roles", "sentence"),
    [
        ({"n_params": "N", "loss": "loss"}, "either tokens or FLOPs"),
        ({**ROLES, "train_flops": "D"}, "either tokens or FLOPs"),
        ({**ROLES, "loss": "L"}, "not a column"),
        ({**ROLES, "loss": "D"}, "chosen twice"),
    ],
)
def test_roles_that_do_not_fit_the_file_are_refused(roles, sentence):
    with pytest.raises(ValueError, match=sentence):
        parse_runs(read_runs_file(b"N,D,loss\n1,2,3\n"), roles)


def test_numbers_with_suffixes_are_read_and_formulas_are_not():
    assert parse_number("1.4T") == 1.4e12 and parse_number(" 70 b ") == 70e9 and parse_number("1_000") == 1000
    for text in ("=1+1", "1e999", "--5", "seven", "1,000", "0x10"):
        with pytest.raises(ValueError):
            parse_number(text)


def test_usual_column_names_are_recognised():
    assert guess_columns(["Model Size", "Training FLOP", "loss"]) == {
        "n_params": "Model Size",
        "n_tokens": None,
        "train_flops": "Training FLOP",
        "loss": "loss",
    }


def test_products_that_overflow_are_reported():
    runs, problems = parse_runs(read_runs_file(b"N,D,loss\n1e200,1e200,2.5\n"), ROLES)
    assert runs.empty and "too large" in problems[0]
