"""The files that people bring for a model: how they are written, how large, and in how many bits the weights are stored."""

import json
import time

import pytest

from analysis.transformer import count_params, exact_param_counts, hub, read_config, shape_from_hf_config
from analysis.transformer import model as models
from analysis.transformer.stored_bits import stored_bits, without_storage

LLAMA = {
    "model_type": "llama", "hidden_size": 4096, "num_hidden_layers": 32, "num_attention_heads": 32, "num_key_value_heads": 8,
    "intermediate_size": 14336, "vocab_size": 128256, "tie_word_embeddings": False,
}  # fmt: skip
PARAMS = {"dim": 4096, "n_layers": 32, "n_heads": 32, "n_kv_heads": 8, "vocab_size": 128256, "ffn_dim_multiplier": 1.3,
          "multiple_of": 1024, "norm_eps": 1e-05, "rope_theta": 500000.0}  # fmt: skip
LARGE = LLAMA | {
    "quantization_config": {
        "quant_method": "modelopt", "quant_algo": "MIXED_PRECISION",
        "quantized_layers": {f"model.layers.{n}.mlp.gate_proj": {"quant_algo": "NVFP4" if n % 5 else "FP8"} for n in range(30_000)},
    }
}  # fmt: skip


# --- how they are written --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "LlamaConfig " + json.dumps(LLAMA, indent=2),
        "LlamaConfig" + json.dumps(LLAMA)[:-1] + ",\n}\n",
        json.dumps(LLAMA, indent=1).replace("\n}", ",\n}"),
        json.dumps(LLAMA | {"eos_token_id": [1, 2]}).replace("[1, 2]", "[1, 2, ]"),
    ],
    ids=["printed", "printed with a comma", "comma", "comma in a list"],
)
def test_slips_of_the_hand_and_what_transformers_prints_are_read(text):
    read = read_config(text)
    assert {key: read[key] for key in LLAMA} == LLAMA


def test_what_transformers_itself_prints_for_a_configuration_is_read():
    from transformers import LlamaConfig

    printed = str(LlamaConfig(**{key: value for key, value in LLAMA.items() if key != "model_type"}))
    assert printed.startswith("LlamaConfig {")
    assert count_params(shape_from_hf_config(read_config(printed))) == count_params(shape_from_hf_config(LLAMA))


def test_commas_inside_texts_stay():
    text = '{"model_type": "llama", "note": ", ]", "other": "a\\\\",}'
    assert read_config(text) == {"model_type": "llama", "note": ", ]", "other": "a\\"}


@pytest.mark.parametrize(
    "text", ['{"a": "' + '\\"' * 2_000_000, "{" + "," * 4_000_000, "x" * 4_000_000 + " {"], ids=["quotes", "commas", "name"]
)
def test_mending_takes_no_longer_than_reading(text):
    began = time.monotonic()
    with pytest.raises(ValueError, match="^the configuration is not JSON"):
        read_config(text)
    assert time.monotonic() - began < 5


def test_params_of_llama_and_mistral_are_configurations():
    # meta-llama/Llama-3.1-8B: 8,030,261,248; mistralai/Mistral-7B-v0.1: 7,241,732,096; Mixtral-8x7B: 46,702,792,704 (the hub's indices).
    llama = shape_from_hf_config(read_config(json.dumps(PARAMS)))
    assert count_params(llama).total == 8_030_261_248 and llama.unread == ()
    assert any("does not say whether the output layer is the token table" in note for note in llama.notes)
    mistral = {"dim": 4096, "n_layers": 32, "head_dim": 128, "hidden_dim": 14336, "n_heads": 32, "n_kv_heads": 8, "norm_eps": 1e-05,
               "sliding_window": 4096, "vocab_size": 32000}  # fmt: skip
    shape = shape_from_hf_config(read_config(json.dumps(mistral)))
    assert count_params(shape).total == 7_241_732_096 and shape.windows == (4096,) * 32 and shape.unread == ()
    mixtral = {key: value for key, value in mistral.items() if key != "sliding_window"} | {
        "moe": {"num_experts": 8, "num_experts_per_tok": 2}
    }
    shape = shape_from_hf_config(read_config(json.dumps(mixtral)))
    assert count_params(shape).total == 46_702_792_704 and shape.windows == (None,) * 32
    exact = exact_param_counts(read_config(json.dumps(PARAMS)))
    assert exact["total"] == 8_030_261_248 and exact["ignored"] == []
    known = shape_from_hf_config(read_config(json.dumps(mistral | {"tied_embeddings": True})))
    assert known.tied_embeddings and known.notes == ()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"vocab_size": -1}, "vocab_size must be a whole number of at least 1, got -1"),
        ({"vocab_size": None}, "the configuration has no vocab_size"),
        ({"multiple_of": None}, "multiple_of must be a whole number from 1 to 1,000,000,000, got null"),
        ({"ffn_dim_multiplier": "x"}, 'ffn_dim_multiplier must be a positive number, got "x"'),
        ({"dim": 10**30}, "dim must be a whole number from 1 to 1,000,000,000, got a number with 31 digits"),
        ({"extra_width": 4}, None),
    ],
)
def test_params_that_do_not_do_are_refused_by_name(change, said):
    text = json.dumps(PARAMS | change)
    if said is None:
        assert shape_from_hf_config(read_config(text)).unread == ("extra_width",)
        return
    with pytest.raises(ValueError, match=f"^{said}"):
        shape_from_hf_config(read_config(text))


@pytest.mark.parametrize(
    ("file", "said"),
    [
        ({"peft_type": "LORA", "base_model_name_or_path": "example/base-7b", "r": 16},
         'this is the configuration of an adapter; bring the config.json of the model that it adapts, "example/base-7b"'),
        ({"metadata": {}, "weight_map": {}}, "this is the index of a model's weights; bring the config.json that lies beside it"),
        ({"tokenizer_class": "LlamaTokenizer"}, "this is a tokenizer's configuration; bring"),
        ({"_diffusers_version": "0.2"}, "this is the configuration of a diffusion model; bring"),
    ],
)  # fmt: skip
def test_other_files_are_told_what_they_are(file, said):
    with pytest.raises(ValueError, match=f"^{said}"):
        read_config(json.dumps(file))


def test_a_pasted_address_is_told_where_it_belongs():
    with pytest.raises(
        ValueError, match="^the configuration is an address; a model on the Hugging Face hub is read where its name is asked"
    ):
        read_config("https://huggingface.co/mistralai/Mistral-7B-v0.1")


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("https://huggingface.co/mistralai/Mistral-7B-v0.1", "mistralai/Mistral-7B-v0.1"),
        ("huggingface.co/mistralai/Mistral-7B-v0.1/", "mistralai/Mistral-7B-v0.1"),
        ("https://huggingface.co/a/b/blob/main/config.json", "a/b"),
        ("https://huggingface.co/a/b/tree/main?x=1#y", "a/b"),
        ("https://www.hf.co/a/b", "a/b"),
        ("https://huggingface.co/gpt2", "gpt2"),
        ("https://huggingface.co/gpt2/blob/main/config.json", "gpt2"),
        ("a/b", "a/b"),
    ],
)
def test_the_address_of_a_model_is_its_name(typed, name):
    assert hub.hub_id_of(typed) == name and hub.is_hub_id(name)


@pytest.mark.parametrize("typed", ["https://huggingface.co/datasets/a/b", "https://huggingface.co/spaces/a/b", "https://huggingface.co/"])
def test_addresses_of_other_things_are_refused(typed):
    with pytest.raises(ValueError, match="hub"):
        hub.fetch_config(typed)


# --- how large -------------------------------------------------------------------------------------------------------


def test_a_file_with_a_list_of_quantized_layers_is_read_and_the_list_goes_no_further():
    text = json.dumps(LARGE)
    assert 1e6 < len(text) < 1e7
    read = read_config(text)
    assert count_params(shape_from_hf_config(read)).total == 8_030_261_248
    assert without_storage(read) == LLAMA and len(json.dumps(without_storage(read))) < 500
    assert exact_param_counts(read)["total"] == 8_030_261_248
    inside = {"model_type": "llava", "text_config": LARGE}
    assert without_storage(inside) == {"model_type": "llava", "text_config": LLAMA}


# --- how the weights are stored --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("quantization", "bits"),
    [
        ({"quant_method": "gptq", "bits": 4, "group_size": 128}, 4),
        ({"quant_method": "awq", "bits": 4}, 4),
        ({"quant_method": "gptq", "bits": 3}, 3),
        ({"quant_method": "bitsandbytes", "load_in_4bit": True, "load_in_8bit": False}, 4),
        ({"quant_method": "bitsandbytes", "load_in_8bit": True}, 8),
        ({"quant_method": "fp8", "weight_block_size": [128, 128]}, 8),
        ({"quant_method": "fbgemm_fp8"}, 8),
        ({"quant_method": "mxfp4"}, 4),
        ({"quant_method": "hqq", "quant_config": {"weight_quant_params": {"nbits": 2}}}, 2),
        ({"quant_method": "quanto", "weights": "int4"}, 4),
        ({"quant_method": "compressed-tensors", "config_groups": {"group_0": {"weights": {"num_bits": 8, "type": "float"}}}}, 8),
        ({"quant_method": "modelopt", "quant_algo": "NVFP4"}, 4),
        (LARGE["quantization_config"], 4),
        ({"quant_method": "aqlm", "nbits_per_codebook": 16}, None),
        ({"quant_method": ["x"], "bits": "four"}, None),
        ({"quant_method": "gptq", "bits": 10**30}, None),
    ],
)
def test_bits_are_those_of_the_quantization(quantization, bits):
    assert stored_bits(LLAMA | {"quantization_config": quantization})[0] == bits
    assert stored_bits({"model_type": "llava", "text_config": LLAMA | {"quantization_config": quantization}})[0] == bits


@pytest.mark.parametrize("nothing", [{}, {"quantization_config": None}, {"quantization_config": {}}, {"quantization_config": 8}])
def test_what_is_not_quantized_starts_at_16_bits(nothing):
    assert stored_bits(LLAMA | nothing) is None
    model = models.of_config(LLAMA | nothing)
    assert model.weight_bits == 16 and model.storage == ""


@pytest.mark.parametrize(
    ("quantization", "start", "said"),
    [
        ({"quant_method": "compressed-tensors", "config_groups": {"g": {"weights": {"num_bits": 8}}}}, 8, "in 8 bits (compressed-tensors)"),
        ({"quant_method": "gptq", "bits": 3}, 4, "charts of inference start at 4 bits a weight, the nearest from above"),
        ({"quant_method": "hqq", "bits": 32}, 16, "the most that they show"),
        ({"quant_method": "aqlm"}, 16, "does not say in how many bits"),
    ],
)
def test_charts_start_at_the_bits_of_the_file_and_say_so(quantization, start, said):
    from analysis.attention.figures import Cache
    from analysis.attention.figures_latency import Roofline

    model = models.of_config(LLAMA | {"quantization_config": quantization})
    assert model.weight_bits == start and said in model.storage
    assert Roofline(model=model).weight_bits == start and Roofline(model=model, weight_bits=16).weight_bits == 16
    weights = next(part for part in Cache(model=model).draw().parts if str(part["series"]).startswith("model weights"))
    assert weights["series"] == f"model weights ({start} bit)" and weights["kv_cache_bytes"][0] == start / 8 * model.counts.total
