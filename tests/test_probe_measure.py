"""System probes: what is measured agrees with what the closed forms say must be there."""

import math

import numpy as np
import pandas as pd
import pytest

from analysis import tables
from analysis.memory import nf4
from analysis.memory.parts import adapter_params
from analysis.probe import measure, measure_build, measure_clock
from analysis.probe import predicted as probe_predicted
from analysis.transformer import count_params, kv_cache_bytes, shape_from_hf_config, shape_of_model

TINY = measure_build.BASE | {
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 4,
    "intermediate_size": 48,
    "vocab_size": 61,
}


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def value_of(rows: list[dict], what: str, **settings) -> float:
    found = [row for row in rows if row["what"] == what and all(row[key] == wanted for key, wanted in settings.items())]
    assert len(found) == 1, found
    return found[0]["value"]


@pytest.mark.parametrize("heads", [4, 2, 1])
@pytest.mark.parametrize("window", [None, 8])
def test_the_cache_holds_the_bytes_that_the_closed_form_says(heads, window):
    config = TINY | {"num_key_value_heads": heads, "sliding_window": window}
    rows = measure.measure(config, what=("decode",), contexts=(6, 21), batches=(1, 3), repeats=1)
    for context, batch in ((6, 1), (21, 1), (6, 3)):
        # Between steps transformers holds window - 1 tokens; the window of the closed form includes the token being computed.
        held = context - 1 if window is None else min(context - 1, window - 1)
        assert value_of(rows, "cache", context=context - 1, batch=batch) == kv_cache_bytes(shape_from_hf_config(config), held, batch, 4)
        assert value_of(rows, "decode step", context=context, batch=batch) > 0


@pytest.mark.parametrize("name", list(measure_build.variants(TINY, "tiny", 8)))
def test_the_models_built_have_the_parameters_of_their_shape(name):
    config = measure_build.variants(TINY, "tiny", 8)[name]
    model = measure_build.build(config)
    assert sum(parameter.numel() for parameter in model.parameters()) == count_params(shape_from_hf_config(config)).total


def test_two_of_eight_experts_take_the_arithmetic_of_the_dense_model_and_all_of_them_its_wide_twin_s_parameters():
    shapes = {name: count_params(shape_from_hf_config(config)) for name, config in measure_build.variants(TINY, "tiny", 8).items()}
    moe, dense, wide = shapes["tiny, 8 experts"], shapes["tiny"], shapes["tiny, the width of all experts"]
    assert moe.active - moe.router == dense.total
    assert moe.total - moe.router == wide.total


KINDS = {
    "Mistral 7B": [32, 8, 1],
    "Llama 2 7B": [32, 8, 1],
    "Llama 2 70B": [64, 8, 1],
    "Yi-6B": [32, 4, 1],
    "LLaMA-33B": [52, 13, 1],
    "GPT-2 XL": [25, 5, 1],
    "Pythia-14M": [4, 2, 1],
    "Falcon-180B": [232, 8, 1],
    "Falcon-7B": [71, 1],
}


@pytest.mark.parametrize(("name", "heads"), KINDS.items())
def test_the_variants_of_a_model_are_multi_head_grouped_and_multi_query_and_each_comes_once(name, heads):
    row = tables.load("models").set_index("model").loc[name]
    own = {"hidden_size": int(row["d_model"]), "num_attention_heads": int(row["n_heads"]), "num_key_value_heads": int(row["n_kv_heads"])}
    config = TINY | own
    shapes = measure_build.variants(config, name)
    counted = {label: shape["num_key_value_heads"] for label, shape in shapes.items() if label == name or "key-value" in label}
    assert sorted(counted.values(), reverse=True) == heads
    assert counted.pop(name) == row["n_kv_heads"]  # the very model stands under its own name
    assert all(f"{name}, {number} key-value head" + ("s" if number > 1 else "") == label for label, number in counted.items())
    assert len({str(sorted(shape.items())) for shape in shapes.values()}) == len(shapes)


def test_the_key_value_heads_of_every_model_of_the_table_divide_its_heads_and_hold_its_own_number():
    models = tables.load("models").dropna(subset=["n_heads", "n_kv_heads"])
    assert len(models) > 70
    for heads, own in models[["n_heads", "n_kv_heads"]].drop_duplicates().astype(int).itertuples(index=False):
        numbers = measure_build.key_value_heads(heads, own)
        assert own in numbers and {1, heads} <= set(numbers), (heads, own)
        assert numbers == sorted(set(numbers), reverse=True) and not any(heads % number for number in numbers), (heads, own)
        assert len(numbers) == 3 or heads == 71, (heads, own)


@pytest.mark.parametrize("own", [4, 2, 1])
def test_the_command_measures_each_kind_of_attention_once(own, tmp_path, capsys):
    import io
    import json

    (tmp_path / "config.json").write_text(json.dumps(TINY | {"num_key_value_heads": own}))
    arguments = ["--config", str(tmp_path / "config.json"), "--variants", "--what", "decode", "--contexts", "5", "--batches", "1"]
    assert measure.main([*arguments, "--device", "cpu", "--repeats", "1", "--dry-run"]) == 0
    lines = dict.fromkeys(capsys.readouterr().out.splitlines())  # the header stands above each shape
    rows = pd.read_csv(io.StringIO("\n".join(lines)))
    caches = rows[rows["what"] == "cache"].set_index("shape")["value"]
    kinds = caches[[name for name in caches.index if name == tmp_path.name or "key-value" in name]]
    bytes_of_a_head = 2 * 2 * 8 * 4 * 4  # keys and values, layers, width of a head, tokens, bytes
    assert sorted(kinds / bytes_of_a_head) == [1, 2, 4] and kinds[tmp_path.name] == own * bytes_of_a_head
    assert len(caches) == 6


@pytest.mark.parametrize("four_bit", [False, True])
def test_the_adapters_have_as_many_parameters_as_the_memory_page_counts(four_bit):
    model = measure_build.build(TINY)
    assert measure_build.add_adapters(model, 8, four_bit) == adapter_params(shape_from_hf_config(TINY), 8)


def test_fresh_adapters_change_nothing_and_learn():
    import torch

    model, ids = measure_build.build(TINY), measure.tokens(TINY, 2, 9, "cpu", 0)
    with torch.inference_mode():
        before = model(input_ids=ids).logits.clone()
    measure_build.add_adapters(model, 4)
    with torch.inference_mode():
        assert torch.allclose(model(input_ids=ids).logits, before, atol=1e-6)
    model(input_ids=ids, labels=ids).loss.backward()
    assert all(parameter.grad is not None for parameter in model.parameters() if parameter.requires_grad)
    assert all(parameter.grad is None for parameter in model.parameters() if not parameter.requires_grad)


def test_four_bit_weights_are_those_of_the_code_book_and_take_half_a_byte():
    import torch

    weight = torch.from_numpy(np.random.RandomState(0).randn(24, 40).astype("float32"))
    packed = measure_build.pack(weight)
    codes, absmax = nf4.quantise(weight.numpy().ravel(), "nf4", 64)  # the same by another program, in float64
    levels = torch.tensor(nf4.nf4_code_book(), dtype=torch.float32)
    back = measure_build.unpack(packed["codes"], packed["absmax"], packed["shape"], 64, levels)
    assert back.numpy().ravel() == pytest.approx(nf4.dequantise(codes, absmax, "nf4", 64), abs=1e-6)
    assert len(packed["codes"]) == math.ceil(24 * 40 / 128) * 64 and packed["codes"].dtype == torch.uint8
    assert packed["absmax"].numpy()[:15] == pytest.approx(absmax)


def test_a_gradient_through_four_bits_is_that_of_the_dequantised_matrix():
    import torch

    torch.manual_seed(0)
    linear = torch.nn.Linear(64, 32, bias=True)
    layer = measure_build._adapted_linear()(linear, 2, True)
    x = torch.randn(5, 64, requires_grad=True)
    layer(x).square().sum().backward()
    weight = measure_build.unpack(layer.codes, layer.absmax, (32, 64), 64, layer.levels)
    plain = x.detach().clone().requires_grad_()
    (plain @ weight.T + linear.bias).square().sum().backward()
    assert torch.allclose(x.grad, plain.grad, atol=1e-4)


def test_training_takes_memory_in_the_order_full_lora_qlora_and_counts_what_stands():
    rows = measure.measure(TINY | {"hidden_size": 64, "intermediate_size": 192}, what=("forward", "train"), seq_len=8, repeats=1)
    shape = shape_from_hf_config(TINY | {"hidden_size": 64, "intermediate_size": 192})
    N = count_params(shape).total
    standing = {method: value_of(rows, "train standing", method=method) for method in measure.METHODS}
    peak = {method: value_of(rows, "train peak", method=method) for method in measure.METHODS}
    assert value_of(rows, "weights") == 4 * N
    assert standing["full"] == pytest.approx(12 * N, rel=0.01)  # weights and the two moments of AdamW, in 32 bits
    assert standing["full"] > standing["lora"] > standing["qlora"]
    assert peak["full"] >= standing["full"] + 4 * N * 0.99  # the gradients
    assert all(peak[method] > standing[method] for method in measure.METHODS)


def test_the_peak_is_what_is_held_at_once():
    import torch

    def work():
        first = torch.ones(250_000)
        second = first + 1
        del first
        return (second * 2).sum()

    assert 2_000_000 <= measure_clock.peak_bytes(work) <= 2_010_000


def test_time_counts_work_and_not_waiting():
    import time

    assert measure_clock.timed(lambda: time.sleep(0.05), repeats=2, warm_up=0).median < 0.04
    with pytest.raises(ValueError, match="repeats must be at least 1, got 0"):
        measure_clock.timed(lambda: None, repeats=0)


def test_what_does_not_fit_is_left_out_and_said():
    import torch

    said = []
    with measure.fits("cpu", "train full", said.append):
        raise torch.OutOfMemoryError("full")
    assert said and said[0].startswith("train full does not fit into the memory of ")
    with pytest.raises(RuntimeError, match="something else"), measure.fits("cpu", "x", said.append):
        raise RuntimeError("something else")


@pytest.mark.parametrize("name", ["Mistral 7B", "Mixtral 8x7B", "Llama 2 70B", "Pythia-1B"])
def test_rows_of_the_table_of_models_become_configurations_of_the_same_shape(name):
    models = tables.load("models")
    config = measure_build.config_of_row(models.set_index("model").loc[name].to_dict())
    ours, theirs = shape_from_hf_config(config), shape_of_model(name, models)
    assert count_params(ours).total == count_params(theirs).total
    assert kv_cache_bytes(ours, 1000) == kv_cache_bytes(theirs, 1000)


def test_other_architectures_are_refused_with_a_way_out():
    row = tables.load("models").set_index("model").loc["OPT-125M"].to_dict()
    with pytest.raises(ValueError, match="'opt' cannot be built from the table; give the model's config.json"):
        measure_build.config_of_row(row)


def test_the_command_line_prints_rows_of_the_table_and_refuses_nonsense(tmp_path, capsys):
    import json

    path = tmp_path / "config.json"
    path.write_text(json.dumps(TINY))
    arguments = ["--config", str(path), "--device", "cpu", "--what", "prefill", "--contexts", "4", "8", "--repeats", "1", "--dry-run"]
    assert measure.main(arguments) == 0
    printed = capsys.readouterr().out.splitlines()
    assert printed[0] == "shape,date,device,torch,transformers,dtype,threads,clock,what,method,batch,context,value,unit,spread,n"
    assert len(printed) == 3
    assert measure.main(["--model", "No Such Model"]) == 2
    assert "'No Such Model' is not in the table of models" in capsys.readouterr().err


def stored_devices() -> list[tuple[str, str]]:
    from analysis.probe import data as probe_data

    return probe_data.devices()


@pytest.mark.parametrize(("device", "dtype"), stored_devices())
def test_recorded_memory_is_what_the_closed_forms_say(device, dtype):
    rows, shapes = probe_predicted.latest(tables.load("system"), device, dtype), probe_predicted.shapes(tables.load("system_shapes"))
    size = probe_predicted.DTYPE_BYTES[dtype]
    caches = rows[rows["what"] == "cache"]
    assert len(caches) >= 20
    for row in caches.to_dict("records"):
        window = shapes[row["shape"]].attention.window
        held = int(row["context"]) if window is None else min(int(row["context"]), window - 1)
        assert row["value"] == kv_cache_bytes(shapes[row["shape"]], held, int(row["batch"]), size)
    weights = rows[rows["what"] == "weights"].set_index("shape")["value"]
    assert len(weights) >= 5
    assert all(weights[name] == size * count_params(shapes[name]).total for name in weights.index)
    for name in shapes:
        if shapes[name].experts is None and name in weights.index:
            trained = rows[(rows["shape"] == name) & (rows["what"] == "trained parameters") & (rows["method"] == "lora")]["value"].item()
            assert trained == adapter_params(shapes[name], measure.RANK)
            for method in measure.METHODS:
                peak = rows[(rows["shape"] == name) & (rows["what"] == "train peak") & (rows["method"] == method)].iloc[0]
                predicted = probe_predicted.training_memory(shapes[name], method, 1, int(peak["context"]), dtype)
                assert 0.7 * predicted.total < peak["value"] < 1.1 * predicted.high


@pytest.mark.parametrize(("device", "dtype"), stored_devices())
def test_every_device_and_every_shape_with_variants_can_be_drawn(device, dtype):
    from analysis.probe import data as probe_data
    from analysis.probe.figures_system import Cache, Decode, Experts, Training, Window
    from analysis.transformer.model import slug

    assert probe_data.bases(device, dtype)
    for base in probe_data.bases(device, dtype):
        for figure in (Cache, Decode, Window, Experts, Training):
            panel = figure(measured_on=slug(f"{device} {dtype}"), measured_shape=slug(base)).panel()
            assert len(panel.data) >= 5 and len(panel.title) < 150 and device in panel.caption


def test_a_row_measured_again_replaces_the_old_one(tmp_path, monkeypatch):
    import shutil

    data = tmp_path / "data"
    data.mkdir()
    for file in ("tables.toml", "sources.csv", "corrections.csv"):
        shutil.copy(tables.DATA / file, data / file)
    monkeypatch.setattr(tables, "DATA", data)
    common = {
        "shape": "a",
        "date": "2026-01-01",
        "device": "d",
        "torch": "1",
        "transformers": "1",
        "dtype": "float32",
        "threads": 1,
        "clock": "CUDA events",
    }
    for value in (1.0, 2.0):
        measure.add_rows(
            "system", [common | measure.row("prefill", value, "s", context=8), common | measure.row("cache", 5, "bytes", context=8)]
        )
    stored = tables.load("system")
    assert stored["value"].tolist() == [2.0, 5.0]
    assert isinstance(stored, pd.DataFrame) and list(stored.columns) == list(tables.describe_table("system")["columns"])


def test_variants_are_made_of_a_mistral_only():
    with pytest.raises(ValueError, match="model_type 'mistral', got 'llama'"):
        measure_build.variants(TINY | {"model_type": "llama"}, "tiny")


def test_all_of_it_runs_in_bfloat16_as_on_a_gpu():
    for name in ("tiny, window 8", "tiny, 8 experts"):
        config = measure_build.variants(TINY, "tiny", 8)[name]
        rows = measure.measure(config, dtype="bfloat16", contexts=(12,), batches=(1, 2), seq_len=4, methods=("qlora",), repeats=1)
        assert value_of(rows, "weights") == 2 * count_params(shape_from_hf_config(config)).total, name
        assert {row["what"] for row in rows} == {
            "weights",
            "forward",
            "forward peak",
            "prefill",
            "cache",
            "decode step",
            "trained parameters",
            "train step",
            "train standing",
            "train peak",
        }


def test_on_a_gpu_time_is_read_between_events_and_the_peak_from_its_allocator(monkeypatch):
    import torch

    called = []

    class Event:
        def __init__(self, enable_timing):
            assert enable_timing

        def record(self):
            called.append("record")

        def elapsed_time(self, end):
            return 250.0  # milliseconds

    monkeypatch.setattr(torch.cuda, "Event", Event)
    monkeypatch.setattr(torch.cuda, "synchronize", lambda: called.append("wait"))
    monkeypatch.setattr(torch.cuda, "reset_peak_memory_stats", lambda: called.append("reset"))
    monkeypatch.setattr(torch.cuda, "memory_allocated", lambda: 100)
    monkeypatch.setattr(torch.cuda, "max_memory_allocated", lambda: 175)
    assert measure_clock.timed(lambda: called.append("work"), "cuda:0", repeats=3, warm_up=1) == measure_clock.Timing(0.25, 0.0, 3)
    assert called == ["work", *["wait", "record", "work", "record", "wait"] * 3]
    called.clear()
    assert measure_clock.peak_bytes(lambda: called.append("work"), "cuda") == 75
    assert called == ["wait", "reset", "work", "wait"]
