"""Fields that nobody reads: what a count leaves out of a configuration is said beside it."""

import pytest

from analysis.transformer import count_params, exact_param_counts, shape_from_hf_config
from analysis.transformer.architectures import ARCHITECTURES
from analysis.transformer.unread import HARMLESS, IDLE, countable, harmless, predictors
from tests.tiny_configs import tiny_config

TINY = {
    "hidden_size": 64,
    "intermediate_size": 96,
    "num_hidden_layers": 4,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "vocab_size": 99,
    "pad_token_id": 0,
}
KIMI = TINY | {
    "model_type": "kimi_linear", "moe_intermediate_size": 24, "num_experts": 4, "num_experts_per_token": 2, "num_shared_experts": 1,
    "first_k_dense_replace": 1, "q_lora_rank": 24, "kv_lora_rank": 16, "qk_nope_head_dim": 16, "qk_rope_head_dim": 8, "v_head_dim": 12,
    "linear_attn_config": {"full_attn_layers": [4], "kda_layers": [1, 2, 3], "head_dim": 8, "num_heads": 4, "short_conv_kernel_size": 4},
}  # fmt: skip
MIMO = TINY | {
    "model_type": "mimo_v2_flash", "moe_intermediate_size": 24, "n_routed_experts": 4, "num_experts_per_tok": 2, "head_dim": 24,
    "v_head_dim": 16, "sliding_window": 8,
}  # fmt: skip


@pytest.fixture(scope="module")
def config_classes():
    import transformers
    from transformers.models.auto.configuration_auto import CONFIG_MAPPING

    transformers.logging.set_verbosity_error()
    return CONFIG_MAPPING


def with_defaults(config, config_class) -> dict:
    """A configuration together with every field that its class declares."""
    declared = config_class.__dataclass_fields__
    values = {key: field.default_factory() if callable(field.default_factory) else field.default for key, field in declared.items()}
    return {key: list(value) if isinstance(value, tuple) else value for key, value in values.items() if key != "id2label"} | config


# --- reference -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("config", "fields"),
    [
        (KIMI, {"routed_expert_hidden_size": 32, "latent_moe_use_norm": True}),
        (MIMO, {"hybrid_layer_pattern": [0, 1, 1, 0], "swa_num_key_value_heads": 4, "moe_layer_freq": [0, 1, 1, 1]}),
        (TINY | {"model_type": "llama"}, {"block_pattern": "MMA", "mlp_ratio": 2.5, "adapter": {"width": 8}, "no_final": False}),
    ],
    ids=["kimi", "mimo", "llama"],
)
def test_a_field_that_looks_like_a_size_is_named_by_both_counts(config, fields):
    names = [f"{key}.{inner}" for key, value in fields.items() if isinstance(value, dict) for inner in value]
    names += [key for key, value in fields.items() if not isinstance(value, dict) and key != "no_final"]
    assert shape_from_hf_config(config).unread == () and exact_param_counts(config)["ignored"] == []
    shape, exact = shape_from_hf_config(config | fields), exact_param_counts(config | fields)
    assert set(shape.unread) == set(exact["ignored"]) == set(names) and len(names) >= 2
    assert count_params(shape).total == exact["total"]  # both leave it out, so that they agree says nothing


@pytest.mark.parametrize("model_type", sorted(ARCHITECTURES))
def test_fields_that_a_class_declares_are_read_or_known_to_decide_nothing(model_type, config_classes):
    config_class = config_classes[model_type]
    for seed in range(3):
        config = tiny_config(model_type, set(config_class.__dataclass_fields__), seed)
        assert shape_from_hf_config(config).unread == (), config
    try:
        shape = shape_from_hf_config(with_defaults(config, config_class))
    except ValueError:
        return  # a default of the class does not go with the small sizes
    assert shape.unread == ()


def changed(value):
    """Another value of the same kind."""
    return not value if isinstance(value, bool) else value + 1 if isinstance(value, int) else None


def test_what_is_called_harmless_changes_no_count_in_transformers(config_classes):
    tried, refused = set(), set()
    for model_type in sorted(ARCHITECTURES):
        declared = config_classes[model_type].__dataclass_fields__
        config = tiny_config(model_type, set(declared), 0)
        names = [key for key in declared if key in {*HARMLESS, *IDLE.get(model_type, ())} and key not in tried and key not in config]
        names = [key for key in names if isinstance(declared[key].default, int)]
        for key in names:
            try:
                plain = exact_param_counts(config)["total"]
                assert exact_param_counts(config | {key: changed(declared[key].default)})["total"] == plain, (model_type, key)
                tried.add(key)
            except ValueError:
                refused.add(key)
    assert len(tried) > 30 and refused - tried <= {"moe_apply_router_weight_on_input", "num_hidden_layers"}, refused


def test_what_every_class_of_transformers_shares_is_harmless():
    from transformers import PreTrainedConfig

    declared = {key: field for key, field in PreTrainedConfig.__dataclass_fields__.items() if not key.startswith("_")}
    stated = {key: 7 if "int" in str(field.type).split("[")[0] else True for key, field in declared.items()}
    stated |= {
        "num_labels": 7,
        "id2label": {"0": "LABEL_0"},
        "label2id": {"LABEL_0": 0},
        "architectures": ["A"],
        "max_length": 20,
        "top_k": 50,
    }
    assert len(stated) > 15 and countable(stated) == []


def test_layers_that_foretell_further_tokens_get_a_note_and_are_not_counted():
    # DeepSeek-V3's file says num_nextn_predict_layers = 1; MiniMax-M2's num_mtp_modules = 3.
    for key in ("num_nextn_predict_layers", "num_mtp_modules", "mtp_num_hidden_layers"):
        config = TINY | {"model_type": "llama", key: 2}
        shape = shape_from_hf_config(config)
        assert any(key in note and "not counted" in note for note in shape.notes) and shape.unread == ()
        assert count_params(shape).total == exact_param_counts(config)["total"]
    assert predictors({"num_nextn_predict_layers": 0}) == [] and shape_from_hf_config(TINY | {"model_type": "llama"}).notes == ()


# --- contract --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "field",
    [
        {"torch_dtype": "bfloat16"}, {"bos_token_id": 1}, {"rms_norm_eps": 1e-6}, {"rope_theta": 500_000}, {"rope_scaling": {"factor": 8}},
        {"auto_map": {"AutoModel": "x.Y"}}, {"use_cache": True}, {"quantization_config": {"bits": 4, "group_size": 128}},
        {"architectures": ["A"]}, {"vision_config": {"depth": 4}}, {"extra_size": None}, {"extra_sizes": []}, {"moe_layer_freq": 1},
        {"initializer_range": 1}, {"pretraining_tp": 2}, {"_name_or_path": "a/b"}, {"transformers_version": "4.40.0"},
    ],
    ids=lambda field: next(iter(field)),
)  # fmt: skip
def test_fields_of_other_matters_are_not_named(field):
    assert countable(field) == []


def test_names_that_are_harmless_are_plain_names():
    assert all(name.isidentifier() and harmless(name) for name in HARMLESS) and len(HARMLESS) > 50
