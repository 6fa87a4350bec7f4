"""A reader's own CSV of runs: every row is used or reported."""

import math
from collections.abc import Callable

import pytest

from analysis.scaling.own_columns import hint, meaning
from analysis.scaling.own_doubts import doubts
from analysis.scaling.own_runs import ambiguous, guess_columns, in_percent, parse_number, parse_runs, read_runs_file
from analysis.units import PF_DAY
from analysis.uploads.notation import Unit

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
        ("N,D,loss\n1,2,3\n".encode("utf-16")[:-1], "begins like UTF-16 text and is none"),
        (b"N,D\n1,2\n", "three are needed"),
        (b"N,N,loss\n1,2,3\n", "'N' occurs more than once"),
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


# --- what people and programs write ----------------------------------------------------------------------------------

N = [44e6, 117e6, 345e6, 774e6, 1.5e9, 1.5e9]
D = [1.1e9, 2.6e9, 7.2e9, 15.5e9, 31e9, 60e9]
LOSS = [3.52, 3.12, 2.81, 2.63, 2.47, 2.41]


def as_the_page(data: bytes, **more):
    """(runs, problems, table) with the columns that the page recognises by itself."""
    table = read_runs_file(data)
    guess = guess_columns(table.columns)
    kind = "n_tokens" if guess["n_tokens"] else "train_flops"
    roles = {role: name for role in ("n_params", kind, "loss") if (name := guess[role])}
    assert not ambiguous(table, roles.values())
    return *parse_runs(table, roles, **more), table


def lines(header: str, of: Callable[[float, float, float], str], end: str = "\n") -> str:
    """A file of the six runs."""
    return end.join([header, *map(of, N, D, LOSS), ""])


def german(value: float, groups: bool = False) -> str:
    """A number with a decimal comma."""
    return (f"{value:,.2f}" if groups else f"{value:.2f}").translate(str.maketrans(",.", ".,"))


WAYS = {
    "plain": lines("N,D,loss", lambda n, d, v: f"{n:.0f},{d:.0f},{v}"),
    "comments": "# exported\n#\n# sweep, two\n" + lines("N,D,loss", lambda n, d, v: f"{n:.0f},{d:.0f},{v}"),
    "a comment between and after": lines("N,D,loss", lambda n, d, v: f"{n:.0f},{d:.0f},{v}\n# next") + "# end",
    "a header in a comment": lines("# N, D, loss", lambda n, d, v: f"{n:.0f}, {d:.0f}, {v}"),
    "thousands": lines("Parameters,Tokens,Loss", lambda n, d, v: f'"{n:,.0f}","{d:,.0f}",{v}'),
    "thousands by semicolons": lines("Parameters;Tokens;Loss", lambda n, d, v: f"{n:,.0f};{d:,.0f};{v}"),
    "decimal comma": lines("Parameter;Token;Verlust", lambda n, d, v: f"{n:.0f};{d:.0f};{german(v)}"),
    "decimal comma and points": lines("Parameter;Token;Verlust", lambda n, d, v: f"{german(n, True)};{german(d, True)};{german(v)}"),
    "decimal comma in quotes": lines("Parameter,Token,Verlust", lambda n, d, v: f'{n:.0f},{d:.0f},"{german(v)}"'),
    "decimal comma and one point": lines("N;D;Verlust",
                                         lambda n, d, v: f"{german(n / 1e3, True)[:-3]}k;{german(d / 1e6, True)[:-3]}M;{german(v)}"),
    "spaces": lines("N;D;loss", lambda n, d, v: f"{n:,.0f};{d:,.0f};{v}".replace(",", "\u202f")),
    "apostrophes": lines("N;D;loss", lambda n, d, v: f"{n:,.0f};{d:,.0f};{v}".replace(",", "'")),
    "units in cells": lines("params,tokens,loss", lambda n, d, v: f"{n / 1e6:.0f}M params,{d / 1e9} billion,{v} nats"),
    "units in the header": lines("N (M),D (1e9),loss", lambda n, d, v: f"{n / 1e6:.0f},{d / 1e9},{v}"),
    "units in both": lines("params_m,tokens_b,loss", lambda n, d, v: f"{n / 1e6:.0f}M,{d / 1e9}B,{v}"),
    "tabs and powers": lines("n_params\ttrain_tokens\teval_loss", lambda n, d, v: f"{n / 1e6:g}×10^6\t{d / 1e9:g}·10⁹\t{v}"),
    "an index": lines(",params,tokens,val_loss", lambda n, d, v: f"7,{n:.0f},{d:.0f},{v}"),
    "an index without a place": lines("params;tokens;val_loss", lambda n, d, v: f"7;{n:.0f};{d:.0f};{v}"),
    "an empty column": lines("params,tokens,val_loss,", lambda n, d, v: f"{n:.0f},{d:.0f},{v},"),
    "for Excel": "sep=;\r\n" + lines("N;D;loss", lambda n, d, v: f"{n:.0f};{d:.0f};{v}", "\r\n"),
    "old Macintosh": lines("N,D,loss", lambda n, d, v: f"{n:.0f},{d:.0f},{v}", "\r"),
    "names with the other delimiter": lines('"Run, named, so, or so";"Parameters (M)";"Tokens, B";Loss',
                                            lambda n, d, v: f"x, y;{n / 1e6};{d / 1e9};{v}"),
    "bits": lines("N,D,loss (bits)", lambda n, d, v: f"{n},{d},{v / math.log(2)!r}"),
    "perplexity": lines("N,D,val_ppl", lambda n, d, v: f"{n},{d},{math.exp(v)!r}"),
    "FLOPs": lines("N,FLOPs,loss", lambda n, d, v: f"{n},{6 * n * d!r},{v}"),
    "EFLOPs": lines("N,Compute (EFLOP),loss", lambda n, d, v: f"{n},{6 * n * d / 1e18!r},{v}"),
    "petaFLOP/s-days": lines("N,Compute [PF-days],loss", lambda n, d, v: f"{n},{6 * n * d / PF_DAY!r},{v}"),
    "W&B": lines('"Name","State","Tags","Created","Runtime","model/n_params","data/tokens","train/loss","val/loss"',
                 lambda n, d, v: f'"r","finished","","2024-03-01T00:00:00.000Z","3600","{n:.0f}","{d:.0f}","{v - 0.1}","{v}"'),
    "HF Trainer": lines("model/num_parameters,train/num_input_tokens_seen,train/total_flos,train/train_loss,train/loss,eval/loss",
                        lambda n, d, v: f"{n:.0f},{d:.0f},{5 * n * d},1,1.1,{v}"),
    "HF Trainer, its log": lines("num_params,num_input_tokens_seen,epoch,loss,eval_loss", lambda n, d, v: f"{n:.0f},{d:.0f},1,1,{v}"),
    "OLMo ladder": lines("params,throughput/total_tokens,throughput/total_training_Gflops,eval/c4_en-validation/CrossEntropyLoss,"
                         "train/CrossEntropyLoss,eval/downstream/piqa_acc,optim/learning_rate_group0",
                         lambda n, d, v: f"{n},{d},{6 * n * d / 1e9},{v},{v - 0.2},0.7,1e-4"),
    "OLMo ladder, by FLOPs": lines("params,throughput/total_training_Gflops,eval/c4_en-validation/CrossEntropyLoss",
                                   lambda n, d, v: f"{n},{6 * n * d / 1e9!r},{v}"),
    "Megatron and DeepSpeed": lines("num_parameters,consumed_train_tokens,lm loss,lm loss validation,Train/Samples/train_loss",
                                    lambda n, d, v: f"{n},{d},1,{v},1"),
}  # fmt: skip
ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "utf-32")


@pytest.mark.parametrize("what", WAYS)
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_the_same_runs_are_read_in_every_way_to_write_them(what, encoding):
    runs, problems, _ = as_the_page(WAYS[what].encode(encoding))
    assert not problems and len(runs) == 6
    for column, meant in (
        ("n_params", N),
        ("n_tokens", D),
        ("loss", LOSS),
        ("train_flops", [6 * n * d for n, d in zip(N, D, strict=True)]),
    ):
        assert runs[column].tolist() == pytest.approx(meant, rel=1e-12)
    assert not doubts(runs, {"n_params": "N", "n_tokens": "D", "loss": "loss"})


def test_nanochats_sweep_needs_the_bytes_of_a_token():
    header = "flops_budget,depth,model_dim,num_params,num_scaling_params,num_iterations,tokens_trained,param_data_ratio,val_bpb,core_score"
    data = lines(header, lambda n, d, v: f"1e18,8,512,{n:.0f},{n / 2:.0f},9,{d:.0f},20,{v / math.log(2) / 4.8!r},0.1").encode()
    with pytest.raises(ValueError, match="'val_bpb' is in bits per byte; say how many bytes a token has"):
        as_the_page(data)
    runs, problems, _ = as_the_page(data, bytes_per_token=4.8)
    assert not problems and runs["n_params"].tolist() == N and runs["n_tokens"].tolist() == D
    assert runs["loss"].tolist() == pytest.approx(LOSS)


def test_letters_of_latin_1_are_read_and_said():
    runs, problems, table = as_the_page(lines("Modellgröße,Tokens,Loss", lambda n, d, v: f"{n},{d},{v}").encode("latin-1"))
    assert not problems and runs["n_params"].tolist() == N
    assert table.columns[0] == "Modellgröße" and "Windows-1252" in table.notes[0]


def test_what_was_left_out_or_does_not_fit_is_said():
    assert read_runs_file(WAYS["comments"].encode()).notes == ("3 lines that start with # were left out.",)
    assert read_runs_file(WAYS["a header in a comment"].encode()).columns == ("N", "D", "loss")
    assert read_runs_file(b"#,N,D,loss\n1,2,3,4\n").columns == ("#", "N", "D", "loss")
    names = read_runs_file(b"name,N,D,loss\n#1,2,3,4\n#2,2,3,4\n")
    assert len(names.rows) == 2 and not names.notes  # most rows start so: they are names
    table = read_runs_file(b"N,D,loss\n44,1,3,52\n45,1,3,12\n")
    assert "quote numbers with a comma" in table.notes[0] and len(parse_runs(table, ROLES)[1]) == 2


@pytest.mark.parametrize(
    "header",
    [
        "size_of_it,amount,result",
        "depth,width,heads",
        "a,b,c",
        "N,D,accuracy",
        "N,tokens_per_second,loss",
        "N (embedding),D (per step),loss (auxiliary)",
        "batch/tokens,eval/tokens,train/Z loss",
        "params,D,grad_loss_scale",
        "N,TFLOPs,loss",
        "Name,Training dataset size (datapoints),loss",
    ],
)
def test_columns_that_are_not_known_are_not_guessed(header):
    guess = guess_columns(header.split(","))
    assert None in (guess["n_params"], guess["loss"], guess["n_tokens"] or guess["train_flops"])


@pytest.mark.parametrize(
    "name",
    [
        "batch/tokens", "eval/tokens", "step/flops", "embedding/params", "train/Z loss", "aux_loss", "loss_scale", "loss (M)", "loss_b",
        "TFLOPs", "throughput/TFLOPs", "FLOP/s", "tokens/s", "tokens_per_second", "N (embedding)", "D (per step)", "max_tokens", "config/n",
        "million", "eval/downstream_bpb/mmlu_bpb", "(column 1)", "params (M/B)", "Loss (tokens)", "N (nats)", "total_training_log_Gflops",
    ],
)  # fmt: skip
def test_names_that_come_near_are_not_taken(name):
    assert meaning(name) is None


def test_of_several_columns_the_reader_chooses_unless_one_goes_before():
    assert guess_columns(["N", "D", "val_loss", "test_loss"])["loss"] is None
    assert guess_columns(["N", "params", "D", "loss"])["n_params"] is None
    assert guess_columns(["eval/c4-validation/CrossEntropyLoss", "eval/pile-validation/CrossEntropyLoss"])["loss"] is None
    assert guess_columns(["train_loss", "loss"])["loss"] == "loss"
    assert guess_columns(["train_loss", "loss", "val_loss"])["loss"] == "val_loss"
    assert guess_columns(["val_bpb", "train_loss"])["loss"] == "train_loss"
    assert guess_columns(["num_params", "num_scaling_params"])["n_params"] == "num_params"


def test_charts_and_logs_are_told_from_tables_of_runs():
    assert "export the table of runs" in hint(["Step", "run-1 - val/loss", "run-1 - val/loss__MIN", "run-1 - val/loss__MAX"])
    assert hint(["Name", "N", "D", "loss"]) == ""
    ladder = ["_step", "eval/c4_en-validation/CrossEntropyLoss", "eval/pile-validation/CrossEntropyLoss", "batch_size_in_tokens"]
    assert set(guess_columns(ladder).values()) == {None} and "the log of a single run" in hint(ladder)  # as OLMo's ladder keeps one
    assert hint(["step", "N", "D", "loss"]) == ""
    with pytest.raises(ValueError, match="three are needed.*This looks like the log of a single run"):
        read_runs_file(b"step,train_loss\n1,3.5\n")  # as DeepSpeed writes it


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("44M,1e9,3%", ""),
        ("44M tokens,1e9,3", "'N' is in tokens: '44M tokens'"),
        ("44M,1e9 FLOPs,3", "'D' is in FLOP: '1e9 FLOPs'"),
        ("44%,1e9,3", "'N' is in %: '44%'"),
        ("44M,1e9,3M", "'loss' is no loss: '3M'"),
        ("44M,1e9,3 bpb", "'loss' is in bits per byte: '3 bpb'"),
        ("44M,1e9,1.0 ppl", "'loss' must be above 1 as a perplexity: '1.0 ppl'"),
        ("44M,1e9,NaN", "'loss' is not a number: 'NaN'"),
        ("44M,,3", "'D' is empty"),
        ('44M,"1,234",3', "'D' may be 1234 or 1.234: '1,234'"),
    ],
)
def test_units_that_do_not_fit_a_column_are_reported_by_line(row, said):
    runs, problems = parse_runs(read_runs_file(f"N,D,loss\n{row}\n".encode()), ROLES)
    assert problems == ([f"line 2: {said}"] if said else []) and len(runs) == (not said)


def test_columns_that_contradict_each_other_are_asked_about():
    table = read_runs_file(b'N;D;loss\n"1.234";5,5e9;3.5\n')
    assert ambiguous(table, ROLES.values()) == "1.234"
    assert "may be" in parse_runs(table, ROLES)[1][0]
    assert [parse_runs(table, ROLES, mark=mark)[0]["n_params"].tolist() for mark in ".,"] == [[1.234], [1234]]


def test_a_rate_is_no_amount_of_compute():
    _, problems = parse_runs(read_runs_file(b"N,C,loss\n1e9,3 PFLOP/s,2\n"), {"n_params": "N", "train_flops": "C", "loss": "loss"})
    assert problems == ["line 2: 'C' is a rate: '3 PFLOP/s'"]


def test_a_unit_or_a_mark_that_the_reader_gives_counts():
    table = read_runs_file(b'N (M),D,loss\n"44","1,234","2,500"\n')
    roles = ROLES | {"n_params": "N (M)"}
    assert ambiguous(table, roles.values()) == "1,234"
    read = {mark: parse_runs(table, roles, {"n_params": Unit(1e9), "n_tokens": Unit(1e9)}, mark)[0].iloc[0] for mark in ".,"}
    assert [read[mark]["n_params"] for mark in ".,"] == [44e9, 44e9]
    assert [read[mark]["n_tokens"] for mark in ".,"] == [1234e9, 1.234e9] and [read[mark]["loss"] for mark in ".,"] == [2500, 2.5]


# --- doubts ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("44,1.1,3.5", ["'N' is below 10,000 parameters in 1 of 1 rows (44 on line 2); these may be millions or billions.",
                        "'D' is below a tenth of the parameters in 1 of 1 rows (1.1 on line 2); these may be billions or trillions."]),
        ("44e6,1.1,3.5", ["'D' is below a tenth of the parameters in 1 of 1 rows (1.1 on line 2); these may be billions."]),
        ("9999,1e9,3.5", ["'N' is below 10,000 parameters in 1 of 1 rows (9999 on line 2); these may be millions."]),
        ("2e13,2e13,3.5", ["'N' is above 10 trillion parameters in 1 of 1 rows (20 T on line 2); the unit may be smaller."]),
        ("1e9,2e15,3.5", ["'D' is above 1,000 trillion tokens in 1 of 1 rows (2e+15 on line 2); the unit may be smaller."]),
        ("1e9,1e10,45", ["'loss' is above 20 nats per token in 1 of 1 rows (45 on line 2); these may be perplexities, or percent."]),
        ("1e9,1e10,0.05", ["'loss' is below 0.1 nats per token in 1 of 1 rows (0.05 on line 2); these may be no losses."]),
        ("1e4,1e3,20", []),
        ("1e13,1e15,0.1", []),
    ],
)  # fmt: skip
def test_numbers_of_no_usual_run_are_doubted_with_column_row_and_unit(row, said):
    runs, problems = parse_runs(read_runs_file(f"N,D,loss\n{row}\n".encode()), ROLES)
    assert not problems and doubts(runs, ROLES) == said


def test_compute_too_low_for_the_parameters_and_percentages_are_doubted():
    roles = {"n_params": "N", "train_flops": "C", "loss": "loss"}
    table = read_runs_file(b"N,C,loss\n1e9,5e17,352%\n1e9,6e18,3.1\n")
    runs, _ = parse_runs(table, roles)
    assert in_percent(table, "loss") and runs["loss"].tolist() == [3.52, 3.1]
    low, percent = doubts(runs, roles, in_percent=True)
    assert low.startswith("'C' is too low for a tenth of a token per parameter in 1 of 2 rows (5e+17 on line 2)")
    assert percent.startswith("'loss' is in percent in 2 of 2 rows")
    assert doubts(runs.iloc[:0], roles) == []


def test_reading_takes_time_in_proportion_to_the_file():
    import time

    def seconds(rows: int) -> float:
        data = ("N,D,loss\n" + '"44,000,000",1.1 billion,3.52 nats\n' * rows).encode()
        start = time.process_time()
        runs, problems, _ = as_the_page(data)
        assert len(runs) == rows and not problems
        return time.process_time() - start

    seconds(100)
    assert seconds(4_000) < 20 * seconds(1_000) + 0.2


@pytest.mark.parametrize(
    "name", ["(" * 100_000, " ".join("N" * 60_000), "N" + " " * 100_000 + "(M)", "1" * 100_000, "/" * 100_000, "a/" * 60_000]
)
def test_names_without_end_are_looked_at_in_no_time(name):
    import time

    start = time.process_time()
    assert guess_columns([name, "D", "loss"])["n_params"] is None
    assert time.process_time() - start < 2
