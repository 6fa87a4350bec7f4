"""Fields of a configuration that look like sizes, counts or patterns: what a count must have read to be the model's.

A file may hold what neither the formulas here nor transformers know; a count then is of another model. `countable` finds such fields by
their values and names; what is left when the read ones are taken away is shown beside the count.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

HARMLESS = frozenset({
    "bias_dropout_fusion", "fp32_residual_connection", "norm_softmax", "use_dynamic_ntk",
    "activation_sparsity_pattern", "altup_active_idx", "apply_residual_connection_post_layernorm", "architectures", "auto_map",
    "bad_words_ids", "begin_suppress_tokens", "block_size", "chunk_size", "chunk_size_feed_forward", "compression_config",
    "dim_model_base", "embd_layer", "enable_moe_fp32_combine", "encoder_no_repeat_ngram_size", "ep_size", "expert_capacity",
    "floor_scale", "forced_decoder_ids", "full_attn_alpha_factor", "full_attn_beta_factor", "generation_config", "id2label",
    "img_processor", "index_block_size", "index_local_blocks", "index_topk", "index_topk_blocks", "init_device", "label2id",
    "layer_rope_theta", "linear_allow_neg_eigval", "linear_attn_alpha_factor", "linear_attn_beta_factor", "mamba_chunk_size",
    "mamba_d_head", "mamba_norm_before_gate", "max_length", "max_sequence_length", "min_length", "mlp_alpha_factor",
    "mlp_beta_factor", "mlp_multipliers", "model_max_length", "model_parallel", "moe_apply_router_weight_on_input", "moe_renormalize",
    "moe_router_dtype", "moe_router_enable_expert_bias", "moe_shared_expert_overlap", "mup_enabled", "n_ctx", "n_group",
    "no_repeat_ngram_size", "norm_after_attention", "norm_head", "norm_topk_prob", "norm_type", "num_beam_groups", "num_beams",
    "num_expert_group", "num_labels", "num_logits_to_keep", "num_return_sequences", "original_max_position_embeddings",
    "pretraining_tp", "pruned_heads", "quantization", "quantization_config", "query_pre_attn_scalar",
    "relative_attention_max_distance", "relative_max_distance", "rescale_prenorm_residual", "residual_in_fp32", "router_jitter_noise",
    "scale_attn_by_inverse_layer_idx", "scale_attn_weights", "scale_depth", "scale_emb", "seq_length", "ssm_multipliers",
    "suppress_tokens", "swiglu_limit", "swiglu_limits", "task_specific_params", "tie_encoder_decoder", "time_step_limit", "top_k",
    "topk_group", "transformers_version", "use_expert_bias",
})  # fmt: skip
"""Names that change no count in any model here. Tests change each in the models whose class declares it."""
ENDINGS = re.compile(
    r"(_id|_ids|_token|_dtype|_eps|_epsilon|_dropout|_prob|_pdrop|_range|_std|_coef|_loss|_scale|_scaling|_scaling_factor|_theta|_softcap|"
    r"_softcapping|_temperature|_seed|_version|_multiplier|_implementation|_act|_activation|_fn|_method|_kernels|_class|_interleave)$"
)
"""Endings of such names, and beginnings: of what belongs to positions, images, sound and outputs."""
BEGINNINGS = re.compile(
    r"^(_|rope|rotary|partial_rotary|image_|video_|audio_|vision_|output_|summary_|unsloth|initializer_|base_model_|mask_(time|feature)_|aux_loss|router_(aux|z)_loss)"
)
IDLE: Mapping[str, tuple[str, ...]] = {
    "gemma4_text": ("num_global_key_value_heads",),
    "gemma4_unified_text": ("num_global_key_value_heads",),
    "gpt_neox": ("use_parallel_residual",),
    "falcon": ("num_kv_heads", "parallel_attn"),
    "dbrx": ("ffn_config.hidden_size",),
    "deepseek_v32": ("mlp_bias",),
    "glm_moe_dsa": ("mlp_bias",),
    "falcon_h1": ("mamba_expand",),
    "nemotron_h": ("expand", "intermediate_size", "mamba_proj_bias", "moe_intermediate_size", "moe_latent_size",
        "moe_shared_expert_intermediate_size", "n_routed_experts", "n_shared_experts", "num_experts_per_tok", "num_hidden_layers"),
    "lfm2": ("block_multiple_of", "conv_L_cache"),
    "kimi_linear": ("linear_attn_config.kda_layers", "linear_conv_kernel_dim", "linear_head_dim", "linear_num_heads"),
    "mamba2": ("head_dim", "time_step_rank"),
    "whisper": ("classifier_proj_size", "median_filter_width"),
}  # fmt: skip
"""Fields of a model_type that decide nothing in some of its configurations, or in all."""
SWITCH = re.compile(r"bias|norm|gate|gating|expert|moe|mla|latent|share|cross|conv|sink|parallel|tie|wide|residual|dense|lora")
"""Parts of names of switches that add or remove tensors."""
RATIO = re.compile(r"ratio|mult|expan|factor$")
PATTERN = re.compile(r"pattern|layers|types|blocks|freq")
PREDICTORS = re.compile(r"nextn|mtp|n_predict|multi_token")
"""Names of fields on layers that foretell further tokens."""
NEUTRAL: Mapping[str, Any] = {"moe_layer_freq": 1, "expansion_ratio": 4}
"""Values that say what all models do that have no such field."""


def countable(config: Mapping[str, Any]) -> list[str]:
    """Names of the fields that look like sizes, counts or patterns, in their order; those inside an object as "object.field".

    Null, false, zero and what is empty say that something is not there, and do not count.

    >>> countable({"hidden_size": 64, "bos_token_id": 1, "use_norm": True, "moe": {"width": 8}, "rms_norm_eps": 1e-6, "extra": None})
    ['hidden_size', 'use_norm', 'moe.width']
    """
    found = []
    for key, value in config.items():
        if isinstance(value, Mapping) and not harmless(key):
            found += [f"{key}.{inner}" for inner in countable(value)]
        elif not PREDICTORS.search(key) and looks_like_size(key, value):
            found.append(key)
    return found


def looks_like_size(key: str, value: Any) -> bool:
    """Whether a field could decide a size, by its name and its value.

    >>> looks_like_size("routed_expert_hidden_size", 1024), looks_like_size("initializer_range", 1), looks_like_size("layers", "MM*")
    (True, False, True)
    """
    if (not value and not (value is False and key.startswith("no_"))) or harmless(key) or NEUTRAL.get(key) == value:
        return False
    if isinstance(value, bool):
        return value is not key.startswith("no_") and SWITCH.search(key) is not None
    if isinstance(value, float):
        return RATIO.search(key) is not None
    if isinstance(value, str):
        return PATTERN.search(key) is not None
    return isinstance(value, int | list)


def harmless(key: str) -> bool:
    """Whether a field of this name changes no count."""
    return key in HARMLESS or ENDINGS.search(key) is not None or BEGINNINGS.search(key) is not None


def predictors(config: Mapping[str, Any]) -> list[str]:
    """Names of the fields that say that the model has layers that foretell further tokens.

    >>> predictors({"num_nextn_predict_layers": 1, "num_mtp_layers": 0})
    ['num_nextn_predict_layers']
    """
    return [key for key, value in config.items() if PREDICTORS.search(key) and value]


def listed(names: Iterable[str], most: int = 8) -> str:
    """Names in a row, shortened where they are many.

    >>> listed(["a", "b"]), listed("abc", most=2)
    ('a, b', 'a, b and 1 more')
    """
    names = [name if len(name) <= 60 else name[:57] + "..." for name in names]
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")
