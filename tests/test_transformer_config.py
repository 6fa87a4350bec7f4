"""Configurations of Hugging Face: every known model_type against the model that transformers builds, real ones, and bad ones."""

import json
import random

import pytest

from analysis import tables
from analysis.transformer import count_params, exact_param_counts, read_config, shape_from_hf_config, shape_of_model, supported_model_types
from analysis.transformer.architectures import ARCHITECTURES
from analysis.transformer.defaults import DEFAULTS
from analysis.transformer.text_parts import TEXT_PARTS
from analysis.transformer.twins import TWINS
from tests.tiny_configs import tiny_config

ONLY_INSIDE = {f"{outer}_text": outer for outer in ("qwen2_vl", "qwen2_5_vl", "qwen3_vl", "qwen3_vl_moe", "glm4v", "glm4v_moe")}
ONLY_INSIDE["qwen2_5_omni_text"] = "qwen2_5_omni_thinker"
SEEDS = range(4)
LLAMA = {
    "model_type": "llama",
    "hidden_size": 4096,
    "intermediate_size": 14336,
    "num_hidden_layers": 32,
    "num_attention_heads": 32,
    "num_key_value_heads": 8,
    "vocab_size": 128256,
    "tie_word_embeddings": False,
}
DEEPSEEK = {
    "hidden_size": 7168,
    "intermediate_size": 18432,
    "moe_intermediate_size": 2048,
    "num_hidden_layers": 61,
    "n_shared_experts": 1,
    "num_experts_per_tok": 8,
    "q_lora_rank": 1536,
    "kv_lora_rank": 512,
    "qk_nope_head_dim": 128,
    "qk_rope_head_dim": 64,
    "v_head_dim": 128,
    "tie_word_embeddings": False,
}
PUBLISHED = {
    "Llama 3.1 8B": (LLAMA, 8_030_261_248),
    "Llama 3.2 1B": (
        LLAMA | {"hidden_size": 2048, "intermediate_size": 8192, "num_hidden_layers": 16, "head_dim": 64, "tie_word_embeddings": True},
        1_235_814_400,
    ),
    "Mistral Nemo 12B": (
        LLAMA | {"model_type": "mistral", "hidden_size": 5120, "num_hidden_layers": 40, "head_dim": 128, "vocab_size": 131072,
                 "sliding_window": None}, 12_247_782_400,
    ),
    "Phi-4": (
        LLAMA | {"model_type": "phi3", "hidden_size": 5120, "intermediate_size": 17920, "num_hidden_layers": 40, "num_attention_heads": 40,
                 "num_key_value_heads": 10, "vocab_size": 100352, "sliding_window": None, "pad_token_id": 100349}, 14_659_507_200,
    ),
    "Phi-3.5-MoE": (
        LLAMA | {"model_type": "phimoe", "intermediate_size": 6400, "num_local_experts": 16, "num_experts_per_tok": 2,
                 "attention_bias": True, "lm_head_bias": True, "vocab_size": 32064, "sliding_window": 131072}, 41_873_153_344,
    ),
    "OLMo 2 7B": (
        LLAMA | {"model_type": "olmo2", "intermediate_size": 11008, "num_key_value_heads": 32, "vocab_size": 100352}, 7_298_617_344,
    ),
    "Qwen2.5 7B": (
        LLAMA | {"model_type": "qwen2", "hidden_size": 3584, "intermediate_size": 18944, "num_hidden_layers": 28, "num_attention_heads": 28,
                 "num_key_value_heads": 4, "vocab_size": 152064, "use_sliding_window": False, "sliding_window": 131072,
                 "max_window_layers": 28}, 7_615_616_512,
    ),
    "Qwen3 8B": (
        LLAMA | {"model_type": "qwen3", "intermediate_size": 12288, "num_hidden_layers": 36, "head_dim": 128, "vocab_size": 151936},
        8_190_735_360,
    ),
    "Qwen3 30B-A3B": (
        LLAMA | {"model_type": "qwen3_moe", "hidden_size": 2048, "intermediate_size": 6144, "moe_intermediate_size": 768,
                 "num_experts": 128, "num_experts_per_tok": 8, "num_hidden_layers": 48, "num_key_value_heads": 4, "head_dim": 128,
                 "vocab_size": 151936,
                 "decoder_sparse_step": 1, "mlp_only_layers": []}, 30_532_122_624,
    ),
    "gpt-oss 20B": (
        LLAMA | {"model_type": "gpt_oss", "hidden_size": 2880, "intermediate_size": 2880, "num_local_experts": 32, "num_experts_per_tok": 4,
                 "num_hidden_layers": 24, "num_attention_heads": 64, "head_dim": 64, "vocab_size": 201088, "attention_bias": True,
                 "sliding_window": 128}, 20_914_757_184,
    ),
    "Gemma 2 9B": (
        {"model_type": "gemma2", "hidden_size": 3584, "intermediate_size": 14336, "num_hidden_layers": 42, "num_attention_heads": 16,
         "num_key_value_heads": 8, "head_dim": 256, "vocab_size": 256000, "sliding_window": 4096}, 9_241_705_984,
    ),
    "Gemma 3 4B, text": (
        {"model_type": "gemma3", "vision_config": {"model_type": "siglip_vision_model", "hidden_size": 1152},
         "text_config": {"model_type": "gemma3_text", "hidden_size": 2560, "intermediate_size": 10240, "num_hidden_layers": 34,
                         "sliding_window": 1024}}, 3_880_263_168,
    ),
    "Qwen3-VL 4B, text": (
        {"model_type": "qwen3_vl", "tie_word_embeddings": True, "vision_config": {"depth": 1},
         "text_config": {"model_type": "qwen3_vl_text", "hidden_size": 2560, "intermediate_size": 9728, "num_hidden_layers": 36,
                         "num_attention_heads": 32, "num_key_value_heads": 8, "head_dim": 128, "vocab_size": 151936}}, 4_022_468_096,
    ),
    "DeepSeek-V3": (
        DEEPSEEK | {"model_type": "deepseek_v3", "num_attention_heads": 128, "num_key_value_heads": 128, "n_routed_experts": 256,
                    "first_k_dense_replace": 3, "vocab_size": 129280}, 671_026_404_352,
    ),
    "Llama 4 Scout, text": (
        {"model_type": "llama4", "vision_config": {"model_type": "llama4_vision_model"},
         "text_config": {"model_type": "llama4_text", "hidden_size": 5120, "intermediate_size": 8192, "intermediate_size_mlp": 16384,
                         "num_hidden_layers": 48, "num_attention_heads": 40, "num_key_value_heads": 8, "head_dim": 128,
                         "num_local_experts": 16, "num_experts_per_tok": 1, "interleave_moe_layer_step": 1, "no_rope_layers": [],
                         "attention_chunk_size": 8192, "vocab_size": 202048}}, 107_769_861_120,
    ),
    "LFM2 1.2B": (
        {"model_type": "lfm2", "hidden_size": 2048, "block_ff_dim": 12288, "block_auto_adjust_ff_dim": True,
         "block_ffn_dim_multiplier": 1.0, "block_multiple_of": 256, "conv_L_cache": 3, "full_attn_idxs": [2, 5, 8, 10, 12, 14],
         "num_hidden_layers": 16,
         "num_attention_heads": 32, "num_key_value_heads": 8, "vocab_size": 65536, "tie_embedding": True}, 1_170_340_608,
    ),
    "MiniMax-M2": (
        LLAMA | {"model_type": "minimax_m2", "hidden_size": 3072, "intermediate_size": 1536, "num_hidden_layers": 62,
                 "num_attention_heads": 48, "head_dim": 128, "num_local_experts": 256, "num_experts_per_tok": 8, "vocab_size": 200064},
        228_689_748_992,
    ),
    "GLM-4.5-Air": (  # the released index counts 5,760 more: one correction value per expert and layer, which transformers keeps as buffers
        LLAMA | {"model_type": "glm4_moe", "intermediate_size": 10944, "moe_intermediate_size": 1408, "num_hidden_layers": 46,
                 "num_attention_heads": 96, "head_dim": 128, "n_routed_experts": 128, "num_experts_per_tok": 8, "n_shared_experts": 1,
                 "first_k_dense_replace": 1, "attention_bias": True, "use_qk_norm": False, "vocab_size": 151552}, 106_852_245_504,
    ),
}  # fmt: skip
"""What stands in the published config.json, and the number of parameters that the hub shows for the model (its text part)."""


@pytest.fixture(scope="module")
def config_classes():
    import transformers
    from transformers.models.auto.configuration_auto import CONFIG_MAPPING

    transformers.logging.set_verbosity_error()
    return CONFIG_MAPPING


def differences(config) -> dict:
    counted, exact = count_params(shape_from_hf_config(config)).__dict__, exact_param_counts(config)
    return {part: (number, exact[part]) for part, number in counted.items() if number != exact[part]}


# --- reference -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("model_type", sorted(ARCHITECTURES))
def test_random_small_models_are_counted_as_transformers_builds_them(model_type, config_classes):
    fields = set(config_classes[model_type].__dataclass_fields__)
    for seed in SEEDS:
        config = tiny_config(model_type, fields, seed)
        if model_type in ONLY_INSIDE:
            config = {"model_type": ONLY_INSIDE[model_type], "text_config": config, "tie_word_embeddings": seed % 2 == 0}
            config["text_config"].pop("tie_word_embeddings", None)
        assert differences(config) == {}, config


def test_every_known_model_type_is_compared_with_transformers(config_classes):
    assert len(ARCHITECTURES) >= 100
    assert all(model_type in config_classes for model_type in ARCHITECTURES)
    assert all(twin.like in ARCHITECTURES for twin in TWINS.values()) and not set(TWINS) & set(config_classes)
    outside = {outer for outer, inner in TEXT_PARTS.items() if inner in {*ARCHITECTURES, *TWINS}}
    assert set(supported_model_types()) == {*ARCHITECTURES, *TWINS, *outside} and len(outside) > 60


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_configurations_give_the_published_counts(name, config_classes):
    config, total = PUBLISHED[name]
    assert count_params(shape_from_hf_config(config)).total == total
    assert differences(config) == {}


def test_kimi_k2_is_a_deepseek_v3_of_other_sizes(config_classes):
    # Technical report, Table 2: 1.04T total, 32.6B active, with other rounding; the index on the hub counts 1,026,408,232,448, of
    # which 60 x 384 are correction values of the routers.
    config = DEEPSEEK | {
        "num_attention_heads": 64,
        "num_key_value_heads": 64,
        "n_routed_experts": 384,
        "first_k_dense_replace": 1,
        "vocab_size": 163840,
    }
    counts = count_params(shape_from_hf_config(config | {"model_type": "kimi_k2"}))
    assert counts == count_params(shape_from_hf_config(config | {"model_type": "deepseek_v3"}))
    assert counts.total + 60 * 384 == 1_026_408_232_448
    assert differences(config | {"model_type": "kimi_k2"}) == {}


def test_the_first_qwen_and_deepseekmoe_are_the_rows_of_the_table():
    models = tables.load("models")
    qwen = {
        "model_type": "qwen",
        "hidden_size": 4096,
        "intermediate_size": 22016,
        "num_hidden_layers": 32,
        "num_attention_heads": 32,
        "vocab_size": 151936,
        "tie_word_embeddings": False,
    }
    assert count_params(shape_from_hf_config(qwen)) == count_params(shape_of_model("Qwen-7B", models))
    deepseek = {
        "model_type": "deepseek",
        "hidden_size": 2048,
        "intermediate_size": 10944,
        "moe_intermediate_size": 1408,
        "num_hidden_layers": 28,
        "num_attention_heads": 16,
        "num_key_value_heads": 16,
        "n_routed_experts": 64,
        "n_shared_experts": 2,
        "num_experts_per_tok": 6,
        "first_k_dense_replace": 1,
        "vocab_size": 102400,
        "tie_word_embeddings": False,
    }
    assert count_params(shape_from_hf_config(deepseek)) == count_params(shape_of_model("DeepSeekMoE-16B", models))


def test_defaults_are_those_of_the_installed_classes(config_classes):
    checked = 0
    for model_type, defaults in DEFAULTS.items():
        if model_type not in config_classes:
            continue
        declared = config_classes[model_type].__dataclass_fields__
        aliases = ARCHITECTURES[model_type].names
        for key, value in defaults.items():
            field = declared.get(aliases.get(key, key), declared.get(key))
            if field is not None and "." not in key:
                held = field.default_factory() if callable(field.default_factory) else field.default
                assert value == (list(held) if isinstance(held, tuple) else held), (model_type, key)
                checked += 1
    assert checked > 800


def test_windows_fall_on_the_layers_that_transformers_gives_them(config_classes):
    checked = set()
    for model_type in sorted(set(ARCHITECTURES) - {"t5", "switch_transformers", "nemotron_h"}):
        fields = set(config_classes[model_type].__dataclass_fields__)
        for seed in SEEDS:
            config = tiny_config(model_type, fields, seed)
            made = config_classes[model_type].from_dict({key: value for key, value in config.items() if key != "model_type"})
            kinds = getattr(made, "layer_types", None)
            window = getattr(made, "sliding_window", None)
            if not kinds or not window or model_type == "gpt_neo":
                continue
            shape = shape_from_hf_config(config)
            has_window = [getattr(layer.mixer, "window", None) for layer in shape.layers]
            expected = [window if kind == "sliding_attention" else None for kind in kinds]
            assert [size for size, kind in zip(has_window, kinds, strict=True) if kind != "chunked_attention"] == [
                size for size, kind in zip(expected, kinds, strict=True) if kind != "chunked_attention"
            ], (model_type, config)
            checked.add(model_type)
    assert {"gemma2", "gemma3_text", "cohere2", "olmo3", "gpt_oss", "qwen2", "exaone4", "ministral"} <= checked


# --- what is missing, and what is inside another ---------------------------------------------------------------------


def test_fields_that_are_missing_take_the_default_of_the_architecture(config_classes):
    small = {
        "hidden_size": 64,
        "intermediate_size": 80,
        "num_hidden_layers": 3,
        "num_attention_heads": 32,
        "vocab_size": 101,
        "pad_token_id": 0,
    }
    # Embeddings are tied by default in Gemma and not in Llama; Mistral has 8 key-value heads and Gemma heads of 256.
    for model_type in ("llama", "mistral", "gemma", "gemma2", "gemma3_text", "qwen2", "qwen3", "phi3", "olmo2", "cohere", "starcoder2"):
        assert differences(small | {"model_type": model_type}) == {}
    shape = shape_from_hf_config(small | {"model_type": "gemma"})
    assert shape.tied_embeddings and shape.attention.head_dim == 256
    assert shape_from_hf_config(small | {"model_type": "mistral"}).windows == (4096,) * 3
    assert shape_from_hf_config(small | {"model_type": "mistral", "sliding_window": None}).windows == (None,) * 3


def test_the_text_part_of_a_multimodal_configuration_is_taken_and_said():
    shape = shape_from_hf_config(PUBLISHED["Gemma 3 4B, text"][0])
    assert shape.name == "gemma3_text" and shape.n_layers == 34 and shape.attention.n_heads == 8
    assert any("text_config" in note for note in shape.notes)
    assert any("num_attention_heads = 8" in note and "vocab_size = 262208" in note for note in shape.notes)
    assert [window is None for window in shape.windows[:6]] == [False] * 5 + [True]


def test_keys_and_values_of_the_older_names_are_understood():
    # bigscience/bloom: n_embed and n_layer; tiiuae/falcon-40b: n_head.
    bloom = {"model_type": "bloom", "n_embed": 14336, "n_layer": 70, "num_attention_heads": 112, "vocab_size": 250880}
    assert count_params(shape_from_hf_config(bloom)).total == 176_247_271_424
    opt = {
        "model_type": "opt",
        "hidden_size": 1024,
        "ffn_dim": 4096,
        "num_hidden_layers": 24,
        "num_attention_heads": 16,
        "vocab_size": 50272,
        "max_position_embeddings": 2048,
        "word_embed_proj_dim": 512,
        "do_layer_norm_before": False,
    }
    assert count_params(shape_from_hf_config(opt)).total == 331_196_416


# --- contract --------------------------------------------------------------------------------------------------------


BAD = [
    ({"model_type": None}, "the configuration has no model_type, so its architecture is not known"),
    ({"model_type": 7}, "model_type must be a text, got 7"),
    ({"model_type": "llama5"}, 'the shape of the model_type "llama5" is not known here; transformers may still count it'),
    ({"hidden_size": ...}, "the configuration has no hidden_size"),
    ({"num_hidden_layers": ...}, "the configuration has no num_hidden_layers"),
    ({"num_attention_heads": ...}, "the configuration has no num_attention_heads"),
    ({"vocab_size": ...}, "the configuration has no vocab_size"),
    ({"intermediate_size": ...}, "the configuration has no intermediate_size"),
    ({"hidden_size": None}, "hidden_size must be a whole number, got null"),
    ({"hidden_size": "4096"}, 'hidden_size must be a whole number from 1 to 1,000,000,000, got "4096"'),
    ({"hidden_size": 4096.0}, "hidden_size must be a whole number from 1 to 1,000,000,000, got 4096.0"),
    ({"hidden_size": float("nan")}, "hidden_size must be a whole number from 1 to 1,000,000,000, got nan"),
    ({"hidden_size": float("inf")}, "hidden_size must be a whole number from 1 to 1,000,000,000, got inf"),
    ({"hidden_size": True}, "hidden_size must be a whole number from 1 to 1,000,000,000, got true"),
    ({"hidden_size": [4096]}, "hidden_size must be a whole number from 1 to 1,000,000,000, got a list of 1 values"),
    ({"hidden_size": {"a": {"b": 1}}}, "hidden_size must be a whole number from 1 to 1,000,000,000, got an object with 1 fields"),
    ({"hidden_size": -4096}, "hidden_size must be a whole number of at least 1, got -4096"),
    ({"num_hidden_layers": 0}, "num_hidden_layers must be a whole number from 1 to 10,000, got 0"),
    ({"num_hidden_layers": 10**6}, "num_hidden_layers must be a whole number from 1 to 10,000, got 1000000"),
    ({"vocab_size": 10**30}, "vocab_size must be a whole number from 1 to 1,000,000,000, got a number with 31 digits"),
    ({"num_attention_heads": 30, "num_key_value_heads": None}, "hidden_size must be a multiple of num_attention_heads, got 4096 and 30"),
    ({"num_key_value_heads": 5}, "num_attention_heads must be a multiple of num_key_value_heads, got 32 and 5"),
    (
        {"model_type": "qwen2", "num_attention_heads": 16, "num_key_value_heads": ...},
        "num_attention_heads must be a multiple of num_key_value_heads, got 16 and 32, which is the default of qwen2",
    ),
    ({"num_key_value_heads": 0}, "num_key_value_heads must be a whole number of at least 1, got 0"),
    ({"tie_word_embeddings": "yes"}, 'tie_word_embeddings must be true or false, got "yes"'),
    ({"attention_bias": 1}, "attention_bias must be true or false, got 1"),
    ({"head_dim": -1}, "head_dim must be a whole number of at least 1, got -1"),
    ({"text_config": [1]}, "text_config must be an object with the fields of the language model, got a list of 1 values"),
    ({"text_config": {}}, "text_config is empty, so the language model is not known"),
    ({"model_type": "mixtral"}, None),
    (
        {"model_type": "mixtral", "num_local_experts": 8, "num_experts_per_tok": 9},
        "num_experts_per_tok must be a whole number from 1 to 8, got 9",
    ),
    ({"model_type": "gemma2", "layer_types": ["full_attention"]}, "layer_types must have one entry for each of the 32 layers, got 1"),
    ({"model_type": "gemma2", "layer_types": "full"}, 'layer_types must be a list of texts, one for each layer, got "full"'),
    ({"model_type": "deepseek_v3"}, None),
    (
        {"model_type": "nemotron_h", "hybrid_override_pattern": "MX"},
        'hybrid_override_pattern must be made of the letters M, E, \\* and -, got "MX"',
    ),
    ({"model_type": "gpt_neo", "num_layers": 3, "num_heads": 32, "attention_types": [[["global"], 10**9]]}, "attention_types must give"),
    ({"model_type": "qwen3_moe", "mlp_only_layers": ["a"]}, "mlp_only_layers must be a list of whole numbers, got a list of 1 values"),
    ({"model_type": "lfm2", "block_ffn_dim_multiplier": "x"}, 'block_ffn_dim_multiplier must be a positive number, got "x"'),
]


@pytest.mark.parametrize(("changed", "message"), BAD)
def test_a_bad_configuration_gets_one_sentence_that_names_key_and_value(changed, message):
    config = {key: value for key, value in (LLAMA | changed).items() if value is not ...}
    if message is None:  # what is not there has a default of the architecture
        assert count_params(shape_from_hf_config(config)).total > 0
        return
    with pytest.raises(ValueError, match="^" + message.replace("(", r"\(")) as caught:
        shape_from_hf_config(config)
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 200


@pytest.mark.parametrize("config", [None, [], "llama", 7, True])
def test_what_is_no_object_is_no_configuration(config):
    with pytest.raises(ValueError, match="^the configuration must be a JSON object with names and values, got"):
        shape_from_hf_config(config)


def test_random_garbage_raises_value_errors_only(config_classes):
    draw = random.Random(0)
    garbage = [None, -1, 0, 1.5, "x", [], {}, True, 10**25, [[]], {"a": []}, float("nan"), ["x", 1]]
    refused = 0
    for model_type in sorted(ARCHITECTURES):
        fields = set(config_classes[model_type].__dataclass_fields__) if model_type in config_classes else set(LLAMA)
        for seed in range(25):
            config = tiny_config(model_type, fields, seed)
            for key in draw.sample(sorted(config), k=min(2, len(config))):
                config[key] = draw.choice(garbage)
            if config.get("model_type") != model_type and draw.random() < 0.9:
                config["model_type"] = model_type
            try:
                count_params(shape_from_hf_config(config))
            except ValueError as error:
                refused += 1
                assert "\n" not in str(error) and len(str(error)) < 300
    assert refused > 1000


BAD_TEXT = [
    ("", "the configuration is empty"),
    ("{'model_type': 'llama'}", "the configuration is not JSON"),
    ("[1, 2]", "the configuration must be a JSON object with names and values, got a list"),
    ("null", "the configuration must be a JSON object with names and values, got null"),
    ('"llama"', "the configuration must be a JSON object with names and values, got a text"),
    ("[" * 200_000, "the configuration is nested too deeply to be read"),
    ('{"a":' * 100_000, "the configuration is nested too deeply to be read"),
    ('{"hidden_size": ' + "9" * 5000 + "}", "the configuration holds a number with too many digits to be read"),
    ('{"a": "' + "x" * 12 * 10**6 + '"}', "the configuration has 12.0 MB; at most 10 MB are read"),
    (b"\x89PNG\r\n\x1a\n", "the configuration is not UTF-8 text"),
]


@pytest.mark.parametrize(("text", "message"), BAD_TEXT, ids=range(len(BAD_TEXT)))
def test_text_that_is_no_configuration_gets_one_sentence(text, message):
    with pytest.raises(ValueError, match="^" + message.replace("(", r"\(")) as caught:
        read_config(text)
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 150


def test_text_that_is_one_is_read_with_and_without_a_byte_order_mark():
    text = json.dumps(LLAMA)
    for given in (text, text.encode(), "\ufeff" + text, b"\xef\xbb\xbf" + text.encode()):
        assert read_config(given) == LLAMA
    assert read_config('{"time_step_limit": [0.0, Infinity], "a": 1, "a": 2}')["a"] == 2
