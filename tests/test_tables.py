"""Tables load as described, say exactly what is wrong when damaged, and hold what the papers print."""

import io
import math
import os
import shutil
import zipfile

import numpy as np
import pandas as pd
import pytest

from analysis import tables
from analysis.export.data_file import all_tables
from analysis.tables import TableError

RUNS = "chinchilla_runs.csv"
OPTIMAL = "chinchilla_optimal.csv"


@pytest.fixture
def data(tmp_path, monkeypatch):
    """A private copy of data/ that a test may damage."""
    folder = tmp_path / "data"
    shutil.copytree(tables.DATA, folder)
    monkeypatch.setattr(tables, "DATA", folder)
    return folder


def change(path, old: str, new: str) -> int:
    """Replace the first occurrence of old in a file; return its line. The time stamp moves even on coarse clocks."""
    text = path.read_text(encoding="utf-8")
    assert old in text, f"{old!r} is not in {path.name}"
    write(path, text.replace(old, new, 1).encode())
    return text[: text.index(old)].count("\n") + 1


def write(path, raw: bytes) -> None:
    stamp = path.stat().st_mtime_ns if path.exists() else 0
    path.write_bytes(raw)
    os.utime(path, ns=(stamp + 10**9, stamp + 10**9))


def message(name: str) -> str:
    """What the loader says about a damaged table."""
    with pytest.raises(TableError) as caught:
        tables.load(name)
    return str(caught.value)


# --- contract: what is declared is what loads --------------------------------------------------------------------------


@pytest.mark.parametrize("name", tables.names())
def test_every_table_loads_with_the_declared_columns_and_some_rows(name):
    frame = tables.load(name)
    assert len(frame) > 0
    assert list(frame.columns) == tables.describe(name)["column"].tolist()


@pytest.mark.parametrize("name", tables.names())
def test_every_column_says_what_it_means(name):
    described = tables.describe(name)
    assert described["meaning"].str.len().gt(3).all()
    assert tables.describe_table(name)["about"]


def test_every_file_below_data_is_declared():
    files = {path.relative_to(tables.DATA).as_posix() for path in tables.DATA.rglob("*") if path.suffix in (".csv", ".parquet")}
    declared = {tables.describe_table(name)["file"] for name in tables.names()}
    assert files == declared and len(files) >= 9


def test_every_csv_ends_its_lines_the_same_way():
    for path in tables.DATA.rglob("*.csv"):
        raw = path.read_bytes()
        assert b"\r" not in raw and raw.endswith(b"\n"), path.name


def test_a_missing_number_is_nan_and_a_missing_text_is_empty():
    models = tables.load("models_training").set_index("model")
    assert math.isnan(models.loc["Mistral 7B", "n_tokens"])  # never disclosed
    assert models.loc["Mistral 7B", "gpu"] == ""
    assert models["n_params"].dtype == "float64" and models["verified"].dtype == "int64"


def test_changing_a_loaded_table_does_not_change_the_next_one():
    first = tables.load("gpus")
    first["power_w"] = 0.0
    first.loc[0, "label"] = "changed"
    assert tables.load("gpus")["power_w"].min() > 0
    assert tables.load("gpus").loc[0, "label"] != "changed"


def test_a_table_is_read_once_until_its_file_changes(data, monkeypatch):
    before = tables.load("grids")
    monkeypatch.setattr(tables, "_read_csv", lambda *_: pytest.fail("read again"))
    assert tables.load("grids").equals(before)
    monkeypatch.undo()
    monkeypatch.setattr(tables, "DATA", data)
    change(data / "grids.csv", "0.481", "0.482")
    assert set(tables.load("grids")["kg_co2_per_kwh"]) - set(before["kg_co2_per_kwh"]) == {0.482}


def test_an_unknown_table_or_source_is_refused_with_what_there_is():
    with pytest.raises(TableError, match=r"no table 'gpu'.*gpus"):
        tables.load("gpu")
    with pytest.raises(TableError, match="no source 'hoffmann2023'"):
        tables.source("hoffmann2023")


def test_a_source_comes_back_as_a_record():
    record = tables.source("besiroglu2024")
    assert set(record) == {"id", "title", "authors", "year", "url", "licence", "note"}
    assert record["licence"] == "not stated" and "without a stated licence" in record["note"]


def test_every_work_says_under_which_licence_it_is_or_that_none_was_seen(data):
    works = tables.load("sources").set_index("id")
    assert len(works) >= 150 and works["licence"].ne("").all()
    # Read in the repositories' own files: DATA_LICENSE of Alpaca, LICENSE of MMLU and of DBRX, README of BoolQ.
    assert works.loc[["taori2023_code", "hendrycks2020", "databricks2024", "clark2019"], "licence"].tolist() == [
        "CC-BY-NC-4.0",
        "MIT",
        "Databricks Open Model License",
        "CC-BY-SA-3.0",
    ]
    line = change(data / "sources.csv", "/abs/2001.08361,not stated", "/abs/2001.08361,")
    assert f"data/sources.csv line {line}, column licence" in message("sources")


# --- contract: damage is named by file, line, column and value ---------------------------------------------------------


def test_a_bad_number_is_named_with_line_column_value_and_where_to_look(data):
    line = change(data / OPTIMAL, "3.85e24", "3.85x24")
    said = message("chinchilla_optimal")
    assert f"data/{OPTIMAL} line {line}, column train_flops: '3.85x24' is not a number" in said
    assert "at least 1e+18 and at most 1e+30" in said
    assert said.endswith("(see hoffmann2022, Table 3)")


@pytest.mark.parametrize("number", ["1_000_000_000", "nan", "inf", " 1e9", "1e9 ", "1,5e9", "0x10", "١e9"])
def test_what_python_would_read_as_a_number_but_a_table_should_not_hold_is_refused(data, number):
    change(data / RUNS, "6795600349.289497", f'"{number}"')
    assert f"column n_params: {number!r} is not a number" in message("chinchilla_runs")


def test_a_number_out_of_bounds_is_refused_with_the_bounds(data):
    line = change(data / RUNS, "5.005581996196243", "50.05")
    assert f"line {line}, column loss: '50.05' is not accepted; it must be a number at least 1 and at most 10" in message("chinchilla_runs")


def test_a_fraction_is_refused_where_a_whole_number_belongs(data):
    line = change(data / "gpus.csv", ",2022,", ",2022.5,")
    assert f"data/gpus.csv line {line}, column year: '2022.5'" in message("gpus")


def test_a_required_cell_may_not_be_empty(data):
    line = change(data / RUNS, "6795600349.289497", "")
    assert f"line {line}, column n_params: '' must not be empty (see besiroglu2024)" in message("chinchilla_runs")


def test_a_value_that_is_not_allowed_is_refused_with_the_choices(data):
    line = change(data / "gpus.csv", ",bf16,", ",fp8,")
    assert f"data/gpus.csv line {line}, column precision: 'fp8' is not accepted; it must be one of 'bf16', 'fp16'" in message("gpus")


def test_a_truth_value_is_one_or_zero(data):
    line = change(data / "laws.csv", ",kaplan2020,0,", ",kaplan2020,yes,")
    assert f"data/laws.csv line {line}, column single_source: 'yes' must be 1 or 0" in message("laws")


def test_an_unknown_source_is_named(data):
    line = change(data / RUNS, ",besiroglu2024", ",besiroglu2023")
    assert f"data/{RUNS} line {line}, column source: 'besiroglu2023' must be ids of data/sources.csv" in message("chinchilla_runs")


def test_each_of_several_sources_is_checked(data):
    change(data / "laws.csv", "sardana2023;hoffmann2022", "sardana2023;hoffmann")
    assert "where 'hoffmann' is not" in message("laws")


def test_a_missing_column_is_named(data):
    write(data / RUNS, b"\n".join(line.rsplit(b",", 1)[0] for line in (data / RUNS).read_bytes().splitlines()) + b"\n")
    assert f"data/{RUNS} line 1: lacks the column 'source'; data/tables.toml declares point, n_params" in message("chinchilla_runs")


def test_an_undeclared_column_is_named(data):
    lines = (data / RUNS).read_bytes().splitlines()
    write(data / RUNS, b"\n".join([lines[0] + b",colour", *(line + b",red" for line in lines[1:])]) + b"\n")
    assert f"data/{RUNS} line 1: has the undeclared column 'colour'" in message("chinchilla_runs")


def test_a_column_named_twice_is_refused(data):
    lines = (data / RUNS).read_bytes().splitlines()
    write(data / RUNS, b"\n".join([lines[0] + b",loss", *(line + b",2" for line in lines[1:])]) + b"\n")
    assert f"data/{RUNS} line 1: names a column twice" in message("chinchilla_runs")


def test_a_repeated_key_names_both_lines(data):
    first = change(data / "grids.csv", "sweden2023,", "norway2023,")
    text = (data / "grids.csv").read_text().splitlines()
    lines = [number for number, line in enumerate(text, 1) if line.startswith("norway2023,")]
    assert first in lines and len(lines) == 2
    assert f"data/grids.csv line {lines[1]}: repeats the key of line {lines[0]} (id = 'norway2023')" in message("grids")


def test_a_truncated_row_is_named_by_its_line(data):
    line = change(data / RUNS, "10,", "10\n10,")
    assert f"data/{RUNS} line {line}: has 1 cells, the header has 5" in message("chinchilla_runs")


def test_an_unclosed_quote_is_named_by_the_line_it_opens_on(data):
    line = change(data / "grids.csv", "India 2023", '"India 2023')
    assert f"data/grids.csv line {line}: cannot be read as CSV" in message("grids")


def test_line_numbers_stay_right_after_a_cell_that_spans_lines(data):
    change(data / "grids.csv", "World average 2023", '"World\naverage 2023"')
    line = change(data / "grids.csv", "0.713", "0.713?")
    assert f"data/grids.csv line {line}, column kg_co2_per_kwh: '0.713?'" in message("grids")


def test_text_in_another_encoding_is_named_by_its_line(data):
    path = data / "sources.csv"
    line = path.read_text(encoding="utf-8").split("é")[0].count("\n") + 1
    write(path, path.read_text(encoding="utf-8").encode("latin-1"))
    assert f"data/sources.csv line {line}: is not UTF-8 text" in message("sources")


def test_a_byte_order_mark_does_no_harm(data):
    write(data / RUNS, b"\xef\xbb\xbf" + (data / RUNS).read_bytes())
    assert len(tables.load("chinchilla_runs")) == 245


def test_a_nul_byte_is_named_by_its_line(data):
    raw = (data / RUNS).read_bytes()
    at = raw.index(b"\n77,") + 4
    write(data / RUNS, raw[:at] + b"\0" + raw[at:])
    assert f"data/{RUNS} line 78: contains a NUL byte" in message("chinchilla_runs")


def test_an_empty_file_says_what_its_first_line_must_be(data):
    write(data / RUNS, b"")
    assert f"data/{RUNS} is empty; its first line must be point,n_params,train_flops,loss,source" in message("chinchilla_runs")


def test_a_missing_file_says_how_to_get_it_back(data):
    (data / RUNS).unlink()
    assert f"data/{RUNS} is missing; restore it with `git checkout data/{RUNS}`" in message("chinchilla_runs")
    derived = data / tables.describe_table("scaling_resamples")["file"]
    derived.unlink()
    assert "`python -m analysis.build`" in message("scaling_resamples")


def test_a_broken_description_is_named(data):
    change(data / "tables.toml", "required = true", "requierd = true")
    with pytest.raises(TableError, match=r"data/tables.toml, table sources, column id: .*requierd.* may have allowed"):
        tables.load("gpus")


def test_columns_are_declared_once_and_borrowed(data):
    assert tables.describe("qlora_scores").equals(tables.describe("llama2_scores"))
    assert tables.describe_table("qlora_scores")["key"] == tables.describe_table("llama2_scores")["key"]
    for wrong in ("nobody_scores", "mistral_scores"):
        change(data / "tables.toml", 'columns_of = "llama2_scores"\n\n[small', f'columns_of = "{wrong}"\n\n[small')
        with pytest.raises(TableError, match=rf"table mistral_scores: columns_of must name a table .*{wrong}"):
            tables.load("gpus")
        change(data / "tables.toml", f'columns_of = "{wrong}"\n\n[small', 'columns_of = "llama2_scores"\n\n[small')


@pytest.mark.slow
def test_one_broken_table_breaks_only_itself(data):
    change(data / "gpus.csv", ",bf16,", ",fp8,")
    message("gpus")
    for name in set(tables.names()) - {"gpus"}:
        assert len(tables.load(name)) > 0


def damaged_resamples(data, column: str, value) -> str:
    path = data / tables.describe_table("scaling_resamples")["file"]
    frame = pd.read_parquet(path)
    frame[column] = frame[column].astype(float)
    frame.loc[41, column] = value
    frame.to_parquet(path, index=False)
    os.utime(path, ns=(1, 1))
    return message("scaling_resamples")


def test_a_gap_in_a_parquet_table_is_named_by_row_and_column(data):
    said = damaged_resamples(data, "alpha", math.nan)
    assert "data/derived/scaling_resamples.parquet row 42, column alpha: '' must not be empty" in said


def test_a_fraction_in_a_parquet_column_of_whole_numbers_is_named(data):
    assert "row 42, column dropped: " in damaged_resamples(data, "dropped", 0.5)


def test_a_parquet_column_of_the_wrong_kind_is_named(data):
    path = data / tables.describe_table("scaling_resamples")["file"]
    frame = pd.read_parquet(path).astype({"E": str})
    frame.to_parquet(path, index=False)
    os.utime(path, ns=(1, 1))
    assert "column E: holds" in message("scaling_resamples") and "declares float" in message("scaling_resamples")


def test_a_damaged_parquet_file_says_how_to_rebuild_it(data):
    write(data / tables.describe_table("scaling_resamples")["file"], b"PAR1 not really")
    assert "rebuild it with `python -m analysis.build`" in message("scaling_resamples")


# --- corrections ---------------------------------------------------------------------------------------------------------


def test_the_misprint_of_chinchillas_table_is_corrected_and_can_be_seen_as_printed():
    # hoffmann2022 Table A3, approach 3, 175 billion: 1.26e24 as printed; 6 N D of its own row is 1.26e25.
    key = ["approach", "parameters"]
    used = tables.load("chinchilla_optimal").set_index(key).loc[("approach3", "175 Billion")]
    printed = tables.load("chinchilla_optimal", corrected=False).set_index(key).loc[("approach3", "175 Billion")]
    assert (printed["train_flops"], used["train_flops"]) == (1.26e24, 1.26e25)
    assert 6 * used["n_params"] * used["n_tokens"] == pytest.approx(used["train_flops"], rel=5e-3)


def test_corrected_cells_are_listed_with_their_reason():
    rows = tables.corrections("chinchilla_optimal")
    assert rows["key"].tolist() == ["approach3|175 Billion"]
    assert rows.loc[0, ["column", "printed", "corrected"]].tolist() == ["train_flops", "1.26e24", "1.26e25"]
    assert "6 N D" in rows.loc[0, "reason"] and rows.loc[0, "source"] == "hoffmann2022"
    assert tables.corrections("gpus").empty


@pytest.mark.slow
def test_corrections_change_only_what_they_declare():
    for name in tables.names():
        used, printed = tables.load(name), tables.load(name, corrected=False)
        changed = ~((used == printed) | (used.isna() & printed.isna()))
        assert int(changed.to_numpy().sum()) == len(tables.corrections(name)), name


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("1.26e24,1.26e25", "1.27e24,1.26e25", r"expects '1.27e24' but the table holds .*1.26e\+24"),
        ("175 Billion", "176 Billion", r"points to no single cell; the key of chinchilla_optimal is approach\|parameters"),
        ("approach3|175 Billion", "approach3", "points to no single cell"),
        (",train_flops,", ",flops,", "points to no single cell"),
        ("1.26e24,1.26e25", "1.26e24,ten times more", "'ten times more' is not a number"),
    ],
)
def test_a_correction_that_does_not_fit_is_refused(data, old, new, sentence):
    change(data / "corrections.csv", old, new)
    with pytest.raises(TableError, match=r"^data/corrections.csv: the correction of chinchilla_optimal, .*" + sentence):
        tables.load("chinchilla_optimal")
    assert len(tables.load("chinchilla_optimal", corrected=False)) == 27


def test_a_correction_of_an_undeclared_table_is_refused(data):
    change(data / "corrections.csv", "chinchilla_optimal,", "chinchilla_table,")
    with pytest.raises(TableError, match=r"corrects chinchilla_table, which data/tables.toml does not declare"):
        tables.load("gpus")


# --- reference: values in the papers and data sheets ----------------------------------------------------------------------


def test_the_released_chinchilla_runs_are_complete():
    # The file released with besiroglu2024: 245 points, the dearest at 1.2956e22 FLOP; the paper fits 240 of them.
    runs = tables.load("chinchilla_runs")
    assert len(runs) == 245 and runs["point"].tolist() == list(range(1, 246))
    assert runs["n_params"].min() == pytest.approx(57_334_200, rel=1e-6) and runs["n_params"].max() == pytest.approx(1.618335e10, rel=1e-6)
    assert runs["train_flops"].max() == pytest.approx(1.295602e22, rel=1e-6)
    assert (runs["loss"].min(), runs["loss"].max()) == pytest.approx((2.077394, 5.005582), abs=1e-6)


def test_chinchillas_tables_agree_with_six_n_d():
    # hoffmann2022 Table 3 and A3: C = 6 N D within the rounding of the tokens, and 5 % where only the model size is rounded.
    rows = tables.load("chinchilla_optimal")
    assert rows.groupby("approach").size().to_dict() == {"approach1": 9, "approach2": 9, "approach3": 9}
    assert (6 * rows["n_params"] * rows["n_tokens"] / rows["train_flops"]).to_numpy() == pytest.approx(np.ones(27), abs=0.05)


def test_unrounded_chinchilla_constants_are_the_exponentials_of_the_paper_s_source():
    # TeX source of arXiv:2203.15556: a 6.0073404, b 6.0179186, e 0.5267228, alpha 0.33917084, beta 0.2849083.
    rows = tables.load("scaling_laws").query("law == 'hoffmann2022_approach3'").set_index("parameter")["value"]
    assert (math.log(rows["A"]), math.log(rows["B"]), math.log(rows["E"])) == pytest.approx((6.0073404, 6.0179186, 0.5267228), abs=1e-12)
    assert (rows["alpha"], rows["beta"]) == (0.33917084, 0.2849083)
    # section D.2, Eq. 10 prints them rounded.
    printed = tables.load("scaling_laws").query("law == 'hoffmann2022_approach3_rounded'").set_index("parameter")["value"]
    assert printed[["E", "A", "B", "alpha", "beta"]].tolist() == [1.69, 406.4, 410.7, 0.34, 0.28]


def test_muennighoff_s_constants_are_the_exponentials_of_the_printed_logarithms():
    # muennighoff2023 Appendix A, Eq. 17: 6.255414, 7.3049974, 0.6254804; the text rounds to 521, 1488 and 1.87.
    rows = tables.load("scaling_laws").query("law == 'muennighoff2023'").set_index("parameter")["value"]
    assert (math.log(rows["A"]), math.log(rows["B"]), math.log(rows["E"])) == pytest.approx((6.255414, 7.3049974, 0.6254804), abs=1e-12)
    assert [round(rows["A"]), round(rows["B"]), round(rows["E"], 2)] == [521, 1488, 1.87]


def test_kaplan_s_joint_law_and_allocation_are_those_of_tables_2_and_6():
    rows = tables.load("scaling_laws").query("law == 'kaplan2020'").set_index("parameter")["value"]
    assert rows[["alpha_N", "alpha_D", "N_c", "D_c", "k", "p"]].tolist() == [0.076, 0.103, 6.4e13, 1.8e13, 1.3e9, 0.73]


@pytest.mark.parametrize(
    ("law", "printed"),
    [  # gadre2024 Table 6
        ("gadre2024_c4", (1.51, 141, 190, 0.121)),
        ("gadre2024_redpajama", (1.84, 212, 367, 0.136)),
        ("gadre2024_refinedweb", (1.73, 157, 246, 0.127)),
    ],
)
def test_the_refit_of_gadre_2024_rounds_to_what_is_printed(law, printed):
    rows = tables.load("scaling_laws").query("law == @law").set_index("parameter")["value"]
    assert (round(rows["E"], 2), round(rows["a"]), round(rows["b"]), round(rows["eta"], 3)) == printed


def test_sardana_s_constants_give_the_paper_s_example():
    # sardana2023 Table 2 (Appendix B.1): a 70B Chinchilla on 4.26T tokens has the loss of 41.6B parameters on 7.92T.
    rows = tables.load("scaling_laws").query("law == 'sardana2023'").set_index("parameter")["value"]

    def loss(n, d):
        return rows["E"] + rows["A"] / n ** rows["alpha"] + rows["B"] / d ** rows["beta"]

    assert loss(41.6e9, 7.92e12) == pytest.approx(loss(70e9, 4.26e12), abs=1e-4)
    assert rows[["example70B_N", "example70B_D"]].tolist() == [41.6e9, 7.92e12]


def test_llama_2_s_emissions_follow_from_one_grid():
    # touvron2023llama2 Table 2: hours, watts and t CO2eq of four models; the intensity they imply is one number.
    models = tables.load("models_training").query("family == 'Llama 2'")
    energy = models["gpu_hours"] * models["reported_power_w"] / 1000
    intensity = models["reported_tco2eq"] * 1000 / energy
    assert len(models) == 4 and intensity.to_numpy() == pytest.approx(np.full(4, 0.4235), rel=2e-3)


def test_llama_s_emissions_follow_from_the_grid_of_its_paper():
    # touvron2023llama section 6 and Table 15: PUE 1.1, 400 W, 0.385 kg CO2eq/kWh, printed in whole tonnes.
    models = tables.load("models_training").query("family == 'LLaMA'")
    grid = tables.load("grids").set_index("id").loc["us_llama", "kg_co2_per_kwh"]
    tonnes = models["gpu_hours"] * models["reported_power_w"] * 1.1 / 1e6 * grid
    assert len(models) == 4 and (tonnes - models["reported_tco2eq"]).abs().max() < 0.55


def test_bloomberggpt_keeps_its_own_way_of_counting():
    # wu2023 Table 4: 2.36e23 FLOP at 102 TFLOP/s per GPU on 512 GPUs; 8 N D is 2.30e23, 6 N D only 1.73e23.
    row = tables.load("models_training").set_index("model").loc["BloombergGPT 50B"]
    assert row["flops_convention"] == "with recomputation"
    assert row["train_flops"] == 2.36e23 and row["reported_flops_per_gpu_s"] == 102e12
    assert 8 * row["n_params"] * row["n_tokens"] == pytest.approx(row["train_flops"], rel=0.03)
    assert row["gpu_hours"] == row["n_gpus"] * row["days"] * 24


def test_hours_of_tensor_processors_are_not_called_gpu_hours():
    models = tables.load("models_training")
    tpu = models["gpu"].str.startswith("tpu")
    assert set(models.loc[tpu, "device_hours_kind"]) == {"chip-hours"}
    assert set(models.loc[models["gpu_hours"].notna() & ~tpu, "device_hours_kind"]) == {"GPU-hours"}
    assert (models["device_hours_kind"] == "").eq(models["gpu_hours"].isna()).all()


@pytest.mark.parametrize(
    ("gpu", "tflops", "gigabytes", "gb_per_s", "watts"),
    [  # dense 16-bit rate with fp32 accumulation
        ("v100_32gb", 125, 32, 900, 300),  # Tesla V100 data sheet, SXM2
        ("a100_40gb", 312, 40, 1555, 400),  # A100 data sheet; 624 is with sparsity
        ("a100_80gb", 312, 80, 2039, 400),
        ("h100_sxm", 989, 80, 3350, 700),  # H100 data sheet; 1,979 is with sparsity
        ("h100_pcie", 756, 80, 2000, 350),
        ("h200", 989, 141, 4800, 700),
        ("l40s", 362, 48, 864, 350),  # L40S data sheet; 733 is with sparsity
        ("l4", 121, 24, 300, 72),  # L4 data sheet; 242 is with sparsity
        ("t4", 65, 16, 320, 70),
        ("rtx_3090", 71, 24, 936, 350),  # GA102 white paper, FP16 with FP32 accumulate; 142 is with FP16 accumulate
        ("rtx_4090", 165.2, 24, 1008, 450),  # Ada white paper, Appendix A; 330.3 is with FP16 accumulate
        ("tpu_v3", 123, 2**30 * 32 / 1e9, 900, 262),  # Cloud TPU documentation: 32 GiB, measured maximum power
        ("tpu_v4", 275, 2**30 * 32 / 1e9, 1200, 192),
    ],
)
def test_devices_are_those_of_the_data_sheets(gpu, tflops, gigabytes, gb_per_s, watts):
    row = tables.load("gpus").set_index("id").loc[gpu]
    assert row["peak_flops_per_s"] == pytest.approx(tflops * 1e12)
    assert row["nominal_bytes"] == pytest.approx(gigabytes * 1e9) and row["bandwidth_bytes_per_s"] == pytest.approx(gb_per_s * 1e9)
    assert row["power_w"] == watts


@pytest.mark.parametrize(
    ("gpu", "reported"),  # as drivers report them, GB of 10^9 bytes
    [("a100_80gb", 85.2), ("h100_sxm", 85.5), ("h200", 150.8), ("rtx_4090", 25.8), ("rtx_3090", 25.8), ("l40s", 48.3), ("b200", 192.3)],
)
def test_memory_is_what_the_device_reports(gpu, reported):
    assert tables.load("gpus").set_index("id").loc[gpu, "memory_bytes"] / 1e9 == pytest.approx(reported, abs=0.05)


def test_the_bytes_of_a_device_are_the_mebibytes_in_its_words():
    gpus = tables.load("gpus").set_index("id")
    mebibytes = gpus["memory_basis"].str.extract(r"^nvidia-smi(?: and torch)?: (\d+) MiB")[0].dropna().astype(float)
    assert len(mebibytes) >= 13
    assert (mebibytes * 2**20 == gpus.loc[mebibytes.index, "memory_bytes"]).all()
    assert (gpus["memory_bytes"] / gpus["nominal_bytes"]).between(0.99, 1.08).all()


# --- property: the tables fit together --------------------------------------------------------------------------------------


def test_every_device_of_a_training_run_is_in_the_table_of_devices():
    used = set(tables.load("models_training")["gpu"]) - {""}
    assert used <= set(tables.load("gpus")["id"]) and len(used) >= 5


def test_every_law_has_constants_and_every_constant_a_law():
    laws, constants = set(tables.load("laws")["law"]), set(tables.load("scaling_laws")["law"])
    assert laws <= constants
    assert constants - laws == {"pearce2024"}  # a relation between two ways of counting, not a law with an optimum


def test_a_law_is_marked_exactly_when_one_of_its_constants_was_seen_only_once():
    constants = tables.load("scaling_laws")
    needed = constants[~constants["parameter"].str.match("valid_|example")]
    weakest = needed.groupby("law")["verified"].min()
    optimal = tables.load("chinchilla_optimal").groupby("approach")["verified"].min()
    for row in tables.load("laws").to_dict("records"):
        verified = weakest[row["law"]]
        if row["form"] == "table":
            verified = optimal[row["law"].removesuffix("_table").removeprefix("hoffmann2022_")]
        assert row["single_source"] == (verified < 2), row["law"]


def test_a_reported_interval_has_two_ends_and_a_kind():
    rows = tables.load("scaling_laws")
    given = rows["ci_low"].notna()
    assert (given == rows["ci_high"].notna()).all() and (given == rows["ci_kind"].ne("")).all() and given.any()
    assert (rows.loc[given, "ci_low"] < rows.loc[given, "ci_high"]).all()


def test_valid_ranges_run_from_low_to_high():
    rows = tables.load("scaling_laws")
    ranges = rows[rows["parameter"].str.startswith("valid_")].copy()
    ranges[["quantity", "end"]] = ranges["parameter"].str.extract(r"valid_([NDCM])_(min|max)$").to_numpy()
    assert ranges["quantity"].notna().all()
    wide = ranges.pivot(index=["law", "quantity"], columns="end", values="value").dropna()
    assert len(wide) >= 10 and (wide["min"] < wide["max"]).all()


def test_only_scores_are_quoted_from_memory():
    counted = {name: tables.load(name)["verified"] for name in tables.names() if "verified" in tables.describe(name)["column"].tolist()}
    others = {name: int((seen == 0).sum()) for name, seen in counted.items() if not name.endswith("_scores")}
    assert len(others) >= 20 and not any(others.values()), others


def test_gopher_s_hours_and_yi_s_tokens_are_those_of_their_papers():
    runs = tables.load("models_training").set_index("model")
    # Rae et al. 2021, appendix on compute usage: 4096 chips of TPU v3 (Table on training time), 920 hours.
    assert runs.at["Gopher 280B", "gpu_hours"] == 4096 * 920 and "rae2021" in runs.at["Gopher 280B", "source"]
    assert runs.at["Yi-34B", "n_tokens"] == 3.1e12  # Young et al. 2024, Section 1 and Figure 2
    # Black et al. 2022, Section 3: 1538 contexts of 2048 tokens for 150,000 steps.
    assert runs.at["GPT-NeoX-20B", "n_tokens"] == 1538 * 2048 * 150_000
    assert runs.at["GPT-NeoX-20B", "n_params"] == tables.load("param_counts").set_index("model").at["GPT-NeoX-20B", "total"]


def test_a_price_says_what_it_is_the_price_of():
    gpus = tables.load("gpus")
    priced = gpus["price_usd_per_hour"].notna()
    assert priced.sum() >= 12
    assert gpus.loc[priced, "price_basis"].str.contains(r"20\d\d").all() and gpus.loc[priced, "price_source"].ne("").all()
    assert (gpus.loc[~priced, ["price_basis", "price_source"]] == "").to_numpy().all() and (gpus.loc[~priced, "verified_price"] == 0).all()


def test_the_year_of_a_price_is_the_one_in_its_words():
    gpus = tables.load("gpus").dropna(subset=["price_usd_per_hour"])
    assert (gpus["price_basis"].str.extract(r"\b(20\d\d)\b")[0].astype(int) == gpus["price_year"]).all()


def test_a_price_with_a_division_is_its_result():
    gpus = tables.load("gpus")
    divided = gpus[gpus["price_basis"].str.contains(" / ")]
    numbers = divided["price_basis"].str.extract(r"([\d.]+) / (\d+)$").astype(float)
    assert len(divided) >= 6
    assert divided["price_usd_per_hour"].to_numpy() == pytest.approx((numbers[0] / numbers[1]).to_numpy())


def test_every_source_has_an_address_and_every_cited_paper_of_the_article_is_there():
    sources = tables.load("sources")
    assert sources["url"].str.startswith("https://").all()
    ten = "biderman2023 touvron2023llama2 dettmers2023 wu2023 rafailov2023 jiang2023 mitra2023 smith2023 kirillov2023 girdhar2023"
    assert set(ten.split()) | {"raschka2023"} <= set(sources["id"])


def test_what_is_kept_follows_every_file_it_rests_on_also_through_others(data):
    @tables.kept
    def dearest():
        made.append("inner")
        return tables.load("gpus")["price_usd_per_hour"].max()

    @tables.kept(most=2)
    def rounded(digits):
        made.append("outer")
        return round(dearest(), digits)

    made: list[str] = []
    first = rounded(1)
    assert rounded(1) == first and made == ["outer", "inner"]
    path = data / "gpus.csv"
    content = path.read_text()
    os.utime(path, ns=(1, 1))
    assert rounded(1) == first and made == ["outer", "inner"] * 2
    path.write_text("nonsense\n1\n")
    for _ in range(2):
        with pytest.raises(tables.TableError, match=r"gpus\.csv"):
            rounded(1)
    path.write_text(content)
    assert rounded(1) == first


def test_only_the_last_results_are_kept_and_a_table_of_the_same_age_but_another_size_is_noticed(data):
    @tables.kept(most=2)
    def named(n):
        made.append(n)
        return n, len(tables.load("gpus"))

    made: list[int] = []
    for n in (1, 2, 1, 3, 2, 3):
        named(n)
    assert made == [1, 2, 3, 2]
    path = data / "gpus.csv"
    before = path.stat()
    lines = path.read_text().splitlines()
    path.write_text("\n".join(lines[:-1]) + "\n")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert named(3)[1] == len(lines) - 2


def test_a_damaged_table_is_left_out_of_the_file_and_named(data):
    (data / "gpus.csv").write_text("id\n1\n2\n")
    with zipfile.ZipFile(io.BytesIO(all_tables())) as file:
        assert "gpus.csv" not in file.namelist() and "gpus: data/gpus.csv" in file.read("README.txt").decode()
