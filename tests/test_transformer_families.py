"""Families beyond decoders in transformers: encoder-decoders, models with towers, and code of their own."""

import pytest

from analysis.transformer import count_params, exact_param_counts, kv_cache_values, shape_from_hf_config
from analysis.transformer.architectures import ARCHITECTURES
from analysis.transformer.text_parts import TEXT_PARTS
from analysis.transformer.twins import TWINS, as_twin

SIZES = {"hidden_size": 64, "num_hidden_layers": 3, "num_attention_heads": 4, "intermediate_size": 96, "vocab_size": 101}
GROUPED = SIZES | {"num_key_value_heads": 2, "tie_word_embeddings": False}
MIXTURE = {"moe_intermediate_size": 24, "num_experts_per_tok": 2, "n_routed_experts": 4, "n_shared_experts": 1, "first_k_dense_replace": 1}
LATENT = {"q_lora_rank": 24, "kv_lora_rank": 16, "qk_nope_head_dim": 16, "qk_rope_head_dim": 8, "v_head_dim": 12}
FAMILIES = {
    "aquila": GROUPED,
    "baichuan": SIZES | {"tie_word_embeddings": False},
    "bailing_moe": GROUPED | {"moe_intermediate_size": 24, "num_experts_per_tok": 2, "num_experts": 4, "num_shared_experts": 1,
                              "use_qkv_bias": True, "use_bias": False},
    "chatglm": {"hidden_size": 64, "num_layers": 3, "num_attention_heads": 4, "ffn_hidden_size": 96, "padded_vocab_size": 101,
                "kv_channels": 16, "multi_query_attention": True, "multi_query_group_num": 2, "add_qkv_bias": True, "rmsnorm": True,
                "post_layer_norm": True, "add_bias_linear": False, "seq_length": 128, "tie_word_embeddings": False},
    "deepseek": GROUPED | MIXTURE,
    "exaone": {key: value for key, value in GROUPED.items() if key != "num_hidden_layers"} | {"num_layers": 3},
    "exaone4_5_text": GROUPED,
    "internlm": SIZES | {"tie_word_embeddings": False, "bias": True},
    "internlm2": GROUPED | {"bias": False},
    "kimi_k2": SIZES | MIXTURE | LATENT | {"tie_word_embeddings": False, "moe_layer_freq": 1},
    "minicpm": GROUPED | {"scale_emb": 12, "dim_model_base": 256, "scale_depth": 1.4},
    "minimax_m3": GROUPED | {"num_local_experts": 4, "num_experts_per_tok": 2, "dense_intermediate_size": 112,
                             "shared_intermediate_size": 24, "head_dim": 16},
    "orion": GROUPED,
    "phi3_v": GROUPED | {"img_processor": {"name": "clip"}, "embd_layer": {"embedding_cls": "image"}},
    "qwen": SIZES | {"tie_word_embeddings": False, "no_bias": True, "kv_channels": 16, "seq_length": 128},
    "xverse": GROUPED,
    "Yi": GROUPED,
}  # fmt: skip
QWEN_14B = SIZES | {
    "model_type": "qwen", "hidden_size": 5120, "num_attention_heads": 40, "num_hidden_layers": 40, "intermediate_size": 27392,
    "kv_channels": 128, "vocab_size": 152064, "no_bias": True, "tie_word_embeddings": False,
}  # fmt: skip


def differences(config) -> dict:
    counted, exact = count_params(shape_from_hf_config(config)).__dict__, exact_param_counts(config)
    return {part: (number, exact[part]) for part, number in counted.items() if number != exact[part]}


# --- code of their own -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("model_type", TWINS)
def test_a_family_is_counted_as_transformers_counts_its_twin(model_type):
    config = FAMILIES[model_type] | {"model_type": model_type, "pad_token_id": 0}
    assert differences(config) == {}
    shape, exact = shape_from_hf_config(config), exact_param_counts(config)
    assert shape.unread == () and exact["ignored"] == [] and exact["model_type"] != model_type
    assert any("whose tensors" in note for note in shape.notes)
    assert (shape.d_model, shape.n_layers, shape.vocab_size) == (64, 3, 101)


@pytest.mark.parametrize("model_type", TWINS)
def test_no_size_of_a_family_comes_from_its_twins_defaults(model_type):
    whole = FAMILIES[model_type] | {"model_type": model_type}
    twin = TWINS[model_type]
    left_out = 0
    for key in twin.needed:
        own = twin.names.get(key, key)
        if own not in whole or key in twin.usual:
            continue
        config = {name: value for name, value in whole.items() if name != own}
        for count in (shape_from_hf_config, exact_param_counts):
            with pytest.raises(ValueError, match=f"^the configuration has no {own}$"):
                count(config)
        left_out += 1
    assert left_out >= 5


def test_the_first_qwen_has_as_many_heads_of_keys_as_of_queries():
    # Qwen/Qwen-14B: the hub's index counts 14,167,290,880 parameters (bfloat16 tensors).
    shape = shape_from_hf_config(QWEN_14B)
    assert count_params(shape).total == 14_167_290_880 and shape.attention.n_kv_heads == 40 and shape.unread == ()
    assert kv_cache_values(shape, 1) == 2 * 40 * 5120


def test_internlm2_7b_has_the_published_number_of_parameters():
    # internlm/internlm2-7b: the hub's index counts 7,737,708,544 parameters.
    config = GROUPED | {"model_type": "internlm2", "hidden_size": 4096, "num_hidden_layers": 32, "num_attention_heads": 32,
                        "num_key_value_heads": 8, "intermediate_size": 14336, "vocab_size": 92544, "bias": False}  # fmt: skip
    assert count_params(shape_from_hf_config(config)).total == 7_737_708_544


def test_minicpm_with_experts_is_a_mixture():
    config = FAMILIES["minicpm"] | {"model_type": "minicpm", "num_experts": 4, "num_experts_per_tok": 2}
    assert differences(config) == {} and shape_from_hf_config(config).experts.n_experts == 4


def test_latent_attention_that_is_switched_off_is_none():
    # DeepSeek-OCR: a language_config of type deepseek_v2 with use_mla false and heads of width 0.
    text = GROUPED | MIXTURE | {"model_type": "deepseek_v2", "use_mla": False, "kv_lora_rank": None, "qk_nope_head_dim": 0,
                                "qk_rope_head_dim": 0, "v_head_dim": 0}  # fmt: skip
    config = {"model_type": "deepseek_vl_v2", "language_config": text, "vision_config": {"width": {}}}
    assert differences(config) == {}
    shape = shape_from_hf_config(config)
    assert shape.attention.latent is None and shape.attention.n_kv_heads == 2 and any("language_config" in note for note in shape.notes)


@pytest.mark.parametrize(
    ("model_type", "change", "said"),
    [
        ("qwen", {"no_bias": False}, "no_bias must be true for qwen to be counted here, got false"),
        ("qwen", {"kv_channels": 32}, "kv_channels must be hidden_size over num_attention_heads for qwen, got 32"),
        ("qwen", {"intermediate_size": 97}, "intermediate_size must be even for qwen"),
        ("chatglm", {"rmsnorm": False}, "rmsnorm must be true for chatglm to be counted here, got false"),
        ("kimi_k2", {"moe_layer_freq": 2}, "moe_layer_freq must be 1 for kimi_k2 to be counted here, got 2"),
        ("internlm2", {"hidden_size": "64"}, 'hidden_size must be a whole number from 1 to 1,000,000,000, got "64"'),
    ],
)
def test_a_family_that_is_not_its_twin_is_refused_in_a_sentence(model_type, change, said):
    with pytest.raises(ValueError, match=f"^{said}"):
        shape_from_hf_config(FAMILIES[model_type] | {"model_type": model_type} | change)


def test_garbage_in_a_family_raises_value_errors_only():
    garbage = [None, -1, 0, 1.5, "x", [], {}, True, 10**25, [[]], float("nan")]
    refused = 0
    for model_type, family in FAMILIES.items():
        for key in family:
            for value in garbage:
                try:
                    count_params(shape_from_hf_config(family | {"model_type": model_type, key: value}))
                except ValueError as problem:
                    refused += 1
                    assert "\n" not in str(problem) and len(str(problem)) < 200
    assert refused > 800
    assert as_twin({"model_type": ["qwen"]}) is None


# --- encoder and decoder ---------------------------------------------------------------------------------------------

BART = {
    "d_model": 1024, "encoder_layers": 12, "decoder_layers": 12, "encoder_attention_heads": 16, "decoder_attention_heads": 16,
    "encoder_ffn_dim": 4096, "decoder_ffn_dim": 4096, "vocab_size": 50265, "max_position_embeddings": 1024,
}  # fmt: skip


def test_an_encoder_decoder_is_counted_with_its_encoder():
    # facebook/bart-large: lewis2019 gives it about 10% more than BERT-large; the hub counts 406,291,456 with 12 + 12 layers.
    config = BART | {"model_type": "bart", "is_encoder_decoder": True}
    shape = shape_from_hf_config(config)
    assert count_params(shape).total == exact_param_counts(config)["total"] == 406_291_456
    assert len(shape.encoder_layers) == 12 and exact_param_counts(config)["model_class"] == "BartForConditionalGeneration"


def test_the_text_part_of_florence_is_a_bart():
    config = {"model_type": "florence2", "text_config": BART | {"model_type": "bart"}, "vision_config": {"depths": [1, 1, 9, 1]}}
    assert differences(config) == {} and exact_param_counts(config)["total"] == 406_291_456


@pytest.mark.parametrize(("tied", "tables"), [(True, 1), (False, 2)])
@pytest.mark.parametrize("model_type", ["t5", "mt5", "umt5"])
def test_t5_has_the_output_layer_that_its_file_says(model_type, tied, tables):
    # transformers' class ties whatever the file says; mT5-Base, which is not tied, has 580M parameters (xue2021 section 4).
    config = {"model_type": model_type, "d_model": 768, "d_ff": 2048, "d_kv": 64, "num_layers": 12, "num_decoder_layers": 12,
              "num_heads": 12, "vocab_size": 250112, "feed_forward_proj": "gated-gelu"}  # fmt: skip
    counts = count_params(shape_from_hf_config(config | {"tie_word_embeddings": tied}))
    assert counts.embedding == tables * 250112 * 768 and differences(config | {"tie_word_embeddings": tied}) == {}
    assert count_params(shape_from_hf_config(config)).embedding == 250112 * 768
    if model_type == "mt5" and not tied:
        assert counts.total == pytest.approx(580e6, rel=0.005)


# --- towers, and text inside another ---------------------------------------------------------------------------------


def test_towers_inside_a_decoder_are_no_language_model():
    # The class holds its vision and audio encoders among the decoder's modules: 5.3 billion with them.
    config = GROUPED | {"model_type": "phi4_multimodal", "pad_token_id": 0}
    expected = count_params(shape_from_hf_config(GROUPED | {"model_type": "phi3", "pad_token_id": 0})).total
    exact = exact_param_counts(config)
    assert exact["total"] == expected and exact["model_class"] == "Phi4MultimodalForCausalLM"


SMALL = {"hidden_size": 64, "num_hidden_layers": 4, "num_attention_heads": 4, "num_key_value_heads": 2, "intermediate_size": 96,
         "vocab_size": 101, "head_dim": 16, "pad_token_id": 0, "tie_word_embeddings": True}  # fmt: skip
INSIDE = ["aria", "cosmos3_omni", "gemma3", "glm4v", "idefics2", "internvl", "llava", "mistral3", "qwen2_vl", "qwen3_vl", "smolvlm"]


@pytest.mark.parametrize("outer", INSIDE)
def test_what_a_multimodal_model_holds_as_language_model_is_the_text_model_alone(outer):
    import torch
    from transformers.models.auto.configuration_auto import CONFIG_MAPPING

    from analysis.transformer.exact import auto_class
    from analysis.transformer.language_model import language_parameters

    inner = TEXT_PARTS[outer]
    text = SMALL | {"model_type": inner, "moe_num_experts": 4, "moe_topk": 2, "moe_num_shared_experts": 1}
    made = CONFIG_MAPPING[outer].from_dict({"text_config": text, "tie_word_embeddings": True})
    with torch.device("meta"):
        model = auto_class(made).from_config(made, attn_implementation="eager", trust_remote_code=False)
    inside = sum(parameter.numel() for _name, parameter in language_parameters(model))
    assert inside == count_params(shape_from_hf_config({"model_type": outer, "text_config": text})).total
    assert inside < sum(parameter.numel() for parameter in model.parameters())


def test_text_parts_are_those_of_the_installed_classes():
    from transformers.models.auto.configuration_auto import CONFIG_MAPPING

    checked = 0
    for outer, inner in TEXT_PARTS.items():
        spec = CONFIG_MAPPING[outer].sub_configs_defaults.get("text_config") if outer in CONFIG_MAPPING else None
        if spec is not None:
            assert inner == (spec.model_type or spec.config_class.model_type), outer
            checked += 1
    assert checked > 90 and sum(inner in ARCHITECTURES for inner in TEXT_PARTS.values()) > 60


def test_text_fields_at_the_top_level_are_counted_and_not_the_defaults_of_the_class():
    flat = {"model_type": "step3p7", "hidden_size": 128, "num_hidden_layers": 6, "num_attention_heads": 8, "num_key_value_heads": 2,
            "head_dim": 16, "vocab_size": 101, "intermediate_size": 96, "num_experts": 4, "num_experts_per_tok": 2,
            "moe_intermediate_size": 32, "share_expert_dim": 32, "sliding_window": 8}  # fmt: skip
    exact = exact_param_counts(flat)
    assert exact["embedding"] == 2 * 101 * 128 and exact["total"] < 2e6
    assert exact_param_counts({"model_type": "step3p7", "text_config": flat | {"model_type": "step3p5"}})["total"] == exact["total"]
    for outer, inner in (("qwen2_vl", "qwen2_vl_text"), ("gemma3", "gemma3_text"), ("llava", "llama")):
        assert differences(SMALL | {"model_type": outer}) == {}
        assert shape_from_hf_config(SMALL | {"model_type": outer}).name == inner


def test_a_model_that_does_not_come_out_as_the_file_says_is_refused():
    from transformers.models.auto.configuration_auto import CONFIG_MAPPING

    from analysis.transformer.exact import check_sizes

    made = CONFIG_MAPPING["llama"](hidden_size=64, num_hidden_layers=2, num_attention_heads=4, vocab_size=99)
    check_sizes({"hidden_size": 64, "num_hidden_layers": 2, "vocab_size": 99}, made)
    for key in ("hidden_size", "num_hidden_layers", "vocab_size"):
        with pytest.raises(ValueError, match=f"^transformers builds llama with {key} = .*, and the file says 7$"):
            check_sizes({key: 7}, made)


def test_a_language_model_three_levels_deep_is_found():
    text = SMALL | {"model_type": "qwen2_5_omni_text"}
    config = {
        "model_type": "qwen2_5_omni",
        "thinker_config": {"model_type": "qwen2_5_omni_thinker", "text_config": text},
        "talker_config": {},
    }
    assert differences(config) == {} and any("thinker_config.text_config" in note for note in shape_from_hf_config(config).notes)


def test_a_known_text_model_is_read_inside_an_unknown_one():
    inside = {"model_type": "nobody_knows", "text_config": SMALL | {"model_type": "qwen3"}}
    assert differences(inside) == {}


@pytest.mark.parametrize("pattern", ["LLLG", "LG"])
def test_a_pattern_of_letters_says_which_layers_have_windows(pattern):
    config = SMALL | {"model_type": "exaone4", "sliding_window": 8, "sliding_window_pattern": pattern, "num_hidden_layers": 6}
    has_window = [pattern[index % len(pattern)] == "L" for index in range(5)] + [False]
    shape = shape_from_hf_config(config)
    assert [window is not None for window in shape.windows] == has_window and shape.unread == () and differences(config) == {}
    with pytest.raises(ValueError, match="^sliding_window_pattern must be a number, or a text of the letters L and G"):
        shape_from_hf_config(config | {"sliding_window_pattern": "LXG"})
