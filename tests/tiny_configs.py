"""Small random configurations of every model_type whose shape is known, for comparing our counts with those of transformers."""

import random

WIDTHS = {
    "hidden_size": [64, 96], "d_model": [64, 96], "n_embd": [64, 96], "num_attention_heads": [4, 8], "n_heads": [4, 8],
    "n_head": [4, 8], "num_heads": [4, 8], "attention_heads": [4, 8], "num_key_value_heads": [1, 2, 4], "num_kv_heads": [1, 2, 4],
    "head_dim": [8, 24], "intermediate_size": [80, 144], "n_inner": [80, None], "ffn_dim": [80, 144], "d_ff": [80, 144],
    "ffn_hidden_size": [80, None], "intermediate_size_mlp": [112], "num_hidden_layers": [3, 5, 7], "n_layer": [3, 5],
    "n_layers": [3, 5], "num_layers": [2, 4], "num_decoder_layers": [3, None], "vocab_size": [101, 160],
    "max_position_embeddings": [40, 64], "n_positions": [40, 64], "max_seq_len": [40], "tie_word_embeddings": [True, False],
    "attention_bias": [True, False], "mlp_bias": [True, False], "use_bias": [True, False], "bias": [True, False],
    "qkv_bias": [True, False], "use_qkv_bias": [True, False], "attention_out_bias": [True, False], "enable_bias": [True, False],
    "lm_head_bias": [True, False], "use_qk_norm": [True, False], "qk_layernorm": [True, False],
    "use_parallel_residual": [True, False], "use_post_norm": [True, False], "use_sliding_window": [True, False],
    "sliding_window": [16, 8], "max_window_layers": [1, 2], "do_layer_norm_before": [True, False],
    "layer_norm_elementwise_affine": [True, False], "word_embed_proj_dim": [32, 64, None], "multi_query": [True, False],
    "new_decoder_architecture": [True, False], "parallel_attn": [True, False], "num_ln_in_parallel_attn": [None, 1, 2],
    "num_experts": [4, 6], "num_local_experts": [4, 6], "n_routed_experts": [4, 6], "moe_num_experts": [4, 6],
    "num_experts_per_tok": [1, 2], "num_experts_per_token": [2], "moe_topk": [2], "moe_k": [2], "top_k_experts": [2],
    "moe_intermediate_size": [24, 40], "shared_expert_intermediate_size": [24, 56], "shared_intermediate_size": [24, 56],
    "moe_shared_expert_intermediate_size": [56], "n_shared_experts": [1, 2], "num_shared_experts": [1, 2],
    "moe_num_shared_experts": [1, 2], "first_k_dense_replace": [0, 1, 2], "num_dense_layers": [0, 1, 2],
    "decoder_sparse_step": [1, 2], "mlp_only_layers": [[], [0]], "interleave_moe_layer_step": [1, 2],
    "moe_layer_start_index": [0, 1], "moe_layer_interval": [1, 2], "expert_layer_period": [2], "expert_layer_offset": [0, 1],
    "attn_layer_period": [3], "attn_layer_offset": [1], "attn_layer_indices": [[1], [0, 2]], "q_lora_rank": [24, 40],
    "kv_lora_rank": [16, 24], "qk_nope_head_dim": [16], "qk_rope_head_dim": [8], "v_head_dim": [12, 16], "index_n_heads": [2],
    "index_head_dim": [16], "index_topk": [4], "n_group": [1], "topk_group": [1], "num_expert_group": [1], "mamba_d_state": [8, 16],
    "mamba_d_conv": [3, 4], "mamba_expand": [2], "mamba_dt_rank": [5, "auto"], "mamba_n_heads": [8], "mamba_n_groups": [1, 2],
    "mamba_conv_bias": [True, False], "mamba_proj_bias": [True, False], "mamba_d_head": ["auto"], "mamba_rms_norm": [True, False],
    "projectors_bias": [True, False], "mamba_num_heads": [8], "mamba_head_dim": [8, 16], "n_groups": [1, 2],
    "ssm_state_size": [8, 16], "state_size": [8, 16], "conv_kernel": [3, 4], "expand": [2], "use_conv_bias": [True, False],
    "time_step_rank": ["auto", 6], "linear_num_key_heads": [2, 4], "linear_num_value_heads": [4, 8], "linear_key_head_dim": [8, 16],
    "linear_value_head_dim": [8, 16], "linear_conv_kernel_dim": [3, 4], "linear_num_heads": [4], "linear_head_dim": [8, 16],
    "conv_L_cache": [3, 5], "conv_bias": [True, False], "block_auto_adjust_ff_dim": [True, False], "block_multiple_of": [16],
    "hidden_size_per_layer_input": [8, 16], "vocab_size_per_layer_input": [101], "altup_num_inputs": [2, 4], "laurel_rank": [8],
    "num_kv_shared_layers": [0, 2], "global_head_dim": [16, 32], "use_double_wide_mlp": [True, False],
    "enable_moe_block": [True, False], "attention_k_eq_v": [True, False], "d_kv": [8, 16],
    "feed_forward_proj": ["relu", "gated-gelu"], "relative_attention_num_buckets": [8, 32], "num_sparse_encoder_layers": [1, 2],
    "num_sparse_decoder_layers": [1, 2], "router_bias": [True, False], "window_size": [8], "attention_chunk_size": [16],
    "global_attn_every_n_layers": [2, 3], "sliding_window_pattern": [2, 3], "expansion_ratio": [4], "moe_latent_size": [None, 32],
    "index_topk_freq": [1, 2], "altup_correct_scale": [True, False], "full_attention_interval": [2, 3], "gating": [True, "per-element"],
    "use_sandwich_norm": [True, False], "use_attention_gate": [True, False], "dense_intermediate_size": [112],
    "encoder_layers": [2, 3], "decoder_layers": [1, 4], "encoder_attention_heads": [4, 8], "decoder_attention_heads": [2, 4],
    "encoder_ffn_dim": [80, 144], "decoder_ffn_dim": [80, 112], "num_encoder_layers": [2, 3], "num_encoder_attention_heads": [4, 8],
    "num_decoder_attention_heads": [2, 4], "decoder_vocab_size": [101, 130], "share_encoder_decoder_embeddings": [True, False],
    "num_buckets": [8, 32], "ngram": [2, 3], "num_mel_bins": [20, 80], "max_source_positions": [50], "max_target_positions": [40],
}  # fmt: skip
"""Values that a field may take."""

ALSO = {
    "glm_moe_dsa": ["index_topk_freq"],
    "gemma3_text": ["sliding_window_pattern"],
    "cohere2": ["sliding_window_pattern"],
    "gemma4_text": ["global_head_dim"],
    "gemma4_unified_text": ["global_head_dim"],
    "qwen3_next": ["full_attention_interval"],
    "qwen3_5_text": ["full_attention_interval"],
    "qwen3_5_moe_text": ["full_attention_interval"],
    "kimi_linear": ["first_k_dense_replace"],
    "t5": ["tie_word_embeddings"],
    "umt5": ["tie_word_embeddings"],
}
"""Fields that a class reads without declaring them."""

NEVER = {
    "tie_word_embeddings": ("bloom", "dbrx"),
    "sliding_window": ("minimax",),
    "head_dim": ("qwen2", "mamba2"),
    "num_heads": ("mamba2",),
    "feed_forward_proj": ("switch_transformers",),
}


def tiny_config(model_type: str, fields: set[str], seed: int) -> dict:
    """A configuration of a model_type, of the fields that its class declares, chosen by a seed."""
    draw = random.Random(f"{model_type} {seed}")
    allowed = fields | set(ALSO.get(model_type, ()))
    config = {key: draw.choice(values) for key, values in WIDTHS.items() if key in allowed and model_type not in NEVER.get(key, ())}
    config |= {"model_type": model_type, "pad_token_id": 0}
    return adjusted(config, model_type, draw)


def adjusted(config: dict, model_type: str, draw: random.Random) -> dict:
    """The configuration with what must fit together."""
    d_model = config.get("hidden_size", config.get("d_model", config.get("n_embd")))
    layers = config.get("num_hidden_layers", config.get("n_layer", config.get("n_layers", config.get("num_layers"))))
    if model_type == "gpt_neo":
        config["attention_types"] = [[["global"], 1], [["local"], layers - 1]]
    if model_type == "dbrx":
        ffn = {"moe_num_experts": 4, "moe_top_k": draw.choice([1, 2]), "ffn_hidden_size": draw.choice([24, 40]), "hidden_size": d_model}
        config |= {"attn_config": {"kv_n_heads": draw.choice([1, 2]), "rope_theta": 1e4, "clip_qkv": None}, "ffn_config": ffn}
        config.pop("num_key_value_heads", None)
    if model_type == "helium":
        config["head_dim"] = d_model // config["num_attention_heads"]
    if model_type == "internlm3":
        config |= {"bias": config["attention_bias"], "qkv_bias": config["attention_bias"]}
    if model_type == "mamba2":
        config |= {"num_heads": 8, "head_dim": 2 * d_model // 8}
    if model_type == "falcon_h1":
        inner = draw.choice([None, d_model])
        config |= {"mamba_d_ssm": inner, "mamba_d_head": (inner or 2 * d_model) // 8}
    if model_type == "nemotron_h":
        config |= {"hybrid_override_pattern": draw.choice(["ME*-", "M*-M*-", "MEME*E"])}
        config.pop("num_hidden_layers", None)
    if model_type in ("lfm2", "lfm2_moe", "kimi_linear"):
        other = "linear_attention" if model_type == "kimi_linear" else "conv"
        config["layer_types"] = [draw.choice([other, "full_attention"]) for _ in range(layers - 1)] + ["full_attention"]
    if model_type == "granitemoehybrid":
        config["layer_types"] = [draw.choice(["mamba", "attention"]) for _ in range(layers)]
        config["num_local_experts"] = draw.choice([0, 4])
    if model_type == "gemma3n_text":
        config |= {"num_hidden_layers": 10, "activation_sparsity_pattern": [0.0] * 10, "num_kv_shared_layers": draw.choice([0, 3])}
    if model_type.startswith("gemma4"):
        config |= draw.choice([{"num_hidden_layers": 6, "num_kv_shared_layers": 0}, {"num_hidden_layers": 12, "num_kv_shared_layers": 2}])
        config["num_global_key_value_heads"] = draw.choice([1, None])
    if model_type in ("hunyuan_v1_dense", "hunyuan_v1_moe", "ministral", "glm4_moe", "nemotron"):
        config |= {"head_dim": draw.choice([8, 24])}
    if model_type == "laguna":
        config["num_attention_heads_per_layer"] = [config["num_attention_heads"] * draw.choice([1, 2]) for _ in range(layers)]
    if model_type == "minimax_m3_vl_text":
        config["layer_types"] = [draw.choice(["full_attention", "minimax_m3_sparse"]) for _ in range(layers)]
        config["moe_layer_freq"] = [draw.choice([0, 1]) for _ in range(layers - 1)] + [1]
    if model_type == "prophetnet":
        config |= {"num_decoder_layers": draw.choice([1, 4]), "add_cross_attention": draw.choice([True, False])}
    if config.get("share_encoder_decoder_embeddings"):
        config["decoder_vocab_size"] = config["vocab_size"]
    if model_type == "ernie4_5_moe":
        config["moe_layer_end_index"] = draw.choice([-1, layers - 2])
    return config
