"""Defaults of the fields that shapes depend on, by model_type, as the configuration classes of transformers 5.23.0 have them.

False, null and empty lists are left out. tests/test_transformer_config.py compares them with the installed classes.
"""

DEFAULTS: dict[str, dict] = {
    "afmoe": {
        "global_attn_every_n_layers": 4, "head_dim": 128, "hidden_size": 2048, "intermediate_size": 6144,
        "max_position_embeddings": 16384, "moe_intermediate_size": 1408, "num_attention_heads": 16, "num_dense_layers": 1,
        "num_experts": 64, "num_experts_per_tok": 6, "num_hidden_layers": 32, "num_shared_experts": 2, "sliding_window": 1024,
        "vocab_size": 200192,
    },
    "apertus": {
        "hidden_size": 4096, "intermediate_size": 14336, "max_position_embeddings": 65536, "num_attention_heads": 32,
        "num_hidden_layers": 32, "vocab_size": 131072,
    },
    "arcee": {
        "hidden_size": 2560, "intermediate_size": 18432, "max_position_embeddings": 4096, "num_attention_heads": 32,
        "num_hidden_layers": 32, "vocab_size": 32000,
    },
    "aria_text": {
        "hidden_size": 4096, "intermediate_size": 4096, "max_position_embeddings": 2048, "moe_num_experts": 8,
        "moe_num_shared_experts": 2, "moe_topk": 2, "num_attention_heads": 32, "num_hidden_layers": 32, "vocab_size": 32000,
    },
    "axk1": {
        "hidden_size": 7168, "intermediate_size": 18432, "kv_lora_rank": 512, "max_position_embeddings": 32768,
        "moe_intermediate_size": 2048, "n_routed_experts": 192, "n_shared_experts": 1, "num_attention_heads": 64,
        "num_experts_per_tok": 8, "num_hidden_layers": 61, "num_key_value_heads": 64, "num_local_experts": 192, "q_lora_rank": 1536,
        "qk_nope_head_dim": 128, "qk_rope_head_dim": 64, "v_head_dim": 128, "vocab_size": 163840,
    },
    "bamba": {
        "hidden_size": 4096, "intermediate_size": 14336, "mamba_conv_bias": True, "mamba_d_conv": 4, "mamba_d_state": 256,
        "mamba_expand": 2, "mamba_n_groups": 1, "mamba_n_heads": 128, "max_position_embeddings": 262144, "num_attention_heads": 32,
        "num_hidden_layers": 32, "num_key_value_heads": 8, "vocab_size": 128000,
    },
    "beam": {
        "head_dim": 128, "hidden_size": 5120, "intermediate_size": 20480, "max_position_embeddings": 8192,
        "moe_intermediate_size": 2560, "num_attention_heads": 48, "num_experts": 256, "num_experts_per_tok": 8, "num_hidden_layers": 52,
        "num_key_value_heads": 8, "sliding_window": 512, "vocab_size": 151936,
    },
    "biogpt": {
        "hidden_size": 1024, "intermediate_size": 4096, "max_position_embeddings": 1024, "num_attention_heads": 16,
        "num_hidden_layers": 24, "tie_word_embeddings": True, "vocab_size": 42384,
    },
    "bitnet": {
        "hidden_size": 2560, "intermediate_size": 6912, "max_position_embeddings": 2048, "num_attention_heads": 20,
        "num_hidden_layers": 30, "num_key_value_heads": 5, "vocab_size": 128256,
    },
    "bloom": {"hidden_size": 64, "num_attention_heads": 8, "num_hidden_layers": 2, "tie_word_embeddings": True, "vocab_size": 250880},
    "codegen": {
        "hidden_size": 4096, "max_position_embeddings": 2048, "n_positions": 2048, "num_attention_heads": 16, "num_hidden_layers": 28,
        "vocab_size": 50400,
    },
    "cohere": {
        "hidden_size": 8192, "intermediate_size": 22528, "max_position_embeddings": 8192, "num_attention_heads": 64,
        "num_hidden_layers": 40, "tie_word_embeddings": True, "vocab_size": 256000,
    },
    "cohere2": {
        "hidden_size": 8192, "intermediate_size": 22528, "max_position_embeddings": 8192, "num_attention_heads": 64,
        "num_hidden_layers": 40, "sliding_window": 4096, "tie_word_embeddings": True, "vocab_size": 256000,
    },
    "cwm": {
        "head_dim": 128, "hidden_size": 6144, "intermediate_size": 21504, "max_position_embeddings": 131072, "num_attention_heads": 48,
        "num_hidden_layers": 64, "num_key_value_heads": 8, "sliding_window": 8192, "vocab_size": 128256,
    },
    "dbrx": {
        "d_model": 2048, "hidden_size": 2048, "max_position_embeddings": 2048, "num_attention_heads": 16, "num_hidden_layers": 24,
        "vocab_size": 32000, "attn_config.kv_n_heads": 1, "ffn_config.moe_num_experts": 4, "ffn_config.moe_top_k": 1,
        "ffn_config.ffn_hidden_size": 3584,
    },
    "deepseek_v2": {
        "first_k_dense_replace": 0, "hidden_size": 4096, "intermediate_size": 11008, "kv_lora_rank": 512,
        "max_position_embeddings": 2048, "moe_intermediate_size": 1407, "n_routed_experts": 64, "n_shared_experts": 2,
        "num_attention_heads": 32, "num_experts": 64, "num_hidden_layers": 32, "q_lora_rank": 1536, "qk_nope_head_dim": 128,
        "qk_rope_head_dim": 64, "v_head_dim": 128, "vocab_size": 102400,
    },
    "deepseek_v3": {
        "first_k_dense_replace": 3, "hidden_size": 7168, "intermediate_size": 18432, "kv_lora_rank": 512,
        "max_position_embeddings": 4096, "moe_intermediate_size": 2048, "n_routed_experts": 256, "n_shared_experts": 1,
        "num_attention_heads": 128, "num_experts_per_tok": 8, "num_hidden_layers": 61, "num_key_value_heads": 128,
        "num_local_experts": 256, "q_lora_rank": 1536, "qk_nope_head_dim": 128, "qk_rope_head_dim": 64, "v_head_dim": 128,
        "vocab_size": 129280,
    },
    "deepseek_v32": {
        "first_k_dense_replace": 3, "head_dim": 64, "hidden_size": 7168, "index_head_dim": 128, "index_n_heads": 64,
        "intermediate_size": 18432, "kv_lora_rank": 512, "max_position_embeddings": 163840, "moe_intermediate_size": 2048,
        "n_routed_experts": 256, "n_shared_experts": 1, "num_attention_heads": 128, "num_experts_per_tok": 8, "num_hidden_layers": 61,
        "num_key_value_heads": 128, "num_local_experts": 256, "q_lora_rank": 1536, "qk_nope_head_dim": 128, "qk_rope_head_dim": 64,
        "v_head_dim": 128, "vocab_size": 129280,
    },
    "diffllama": {
        "hidden_size": 2048, "intermediate_size": 8192, "max_position_embeddings": 2048, "num_attention_heads": 32,
        "num_hidden_layers": 16, "vocab_size": 32000,
    },
    "dots1": {
        "first_k_dense_replace": 0, "hidden_size": 4608, "intermediate_size": 10944, "max_position_embeddings": 2048,
        "max_window_layers": 62, "moe_intermediate_size": 1408, "num_attention_heads": 32, "num_hidden_layers": 62,
        "num_key_value_heads": 32, "sliding_window": 4096, "vocab_size": 152064,
    },
    "ernie4_5": {
        "head_dim": 128, "hidden_size": 1024, "intermediate_size": 3072, "max_position_embeddings": 131072, "num_attention_heads": 16,
        "num_hidden_layers": 18, "num_key_value_heads": 2, "tie_word_embeddings": True, "vocab_size": 103424,
    },
    "ernie4_5_moe": {
        "hidden_size": 2560, "intermediate_size": 12288, "max_position_embeddings": 131072, "moe_intermediate_size": 1536, "moe_k": 6,
        "moe_layer_end_index": -1, "moe_layer_interval": 1, "moe_layer_start_index": 1, "moe_num_experts": 64,
        "moe_num_shared_experts": 2, "num_attention_heads": 20, "num_experts": 64, "num_experts_per_tok": 6, "num_hidden_layers": 28,
        "num_key_value_heads": 4, "tie_word_embeddings": True, "vocab_size": 103424,
    },
    "exaone4": {
        "hidden_size": 4096, "intermediate_size": 16384, "max_position_embeddings": 2048, "num_attention_heads": 32,
        "num_hidden_layers": 32, "num_key_value_heads": 32, "sliding_window": 4096, "sliding_window_pattern": 4, "vocab_size": 102400,
    },
    "exaone_moe": {
        "first_k_dense_replace": 1, "hidden_size": 4096, "intermediate_size": 16384, "max_position_embeddings": 2048,
        "moe_intermediate_size": 1024, "num_attention_heads": 32, "num_experts": 64, "num_experts_per_tok": 8, "num_hidden_layers": 32,
        "num_key_value_heads": 32, "num_shared_experts": 1, "sliding_window": 4096, "sliding_window_pattern": 4, "vocab_size": 102400,
    },
    "falcon": {
        "hidden_size": 4544, "max_position_embeddings": 2048, "multi_query": True, "num_attention_heads": 71, "num_hidden_layers": 32,
        "parallel_attn": True, "tie_word_embeddings": True, "vocab_size": 65024,
    },
    "falcon_h1": {
        "hidden_size": 4096, "intermediate_size": 14336, "mamba_conv_bias": True, "mamba_d_conv": 4, "mamba_d_ssm": 1024,
        "mamba_d_state": 256, "mamba_expand": 2, "mamba_n_groups": 1, "mamba_n_heads": 128, "max_position_embeddings": 8192,
        "num_attention_heads": 32, "num_hidden_layers": 32, "num_key_value_heads": 8, "vocab_size": 128000,
    },
    "falcon_mamba": {
        "conv_kernel": 4, "expand": 2, "hidden_size": 768, "num_hidden_layers": 32, "state_size": 16, "tie_word_embeddings": True,
        "time_step_rank": "auto", "use_conv_bias": True, "vocab_size": 50280,
    },
    "flex_olmo": {
        "hidden_size": 4096, "intermediate_size": 11008, "max_position_embeddings": 4096, "num_attention_heads": 32, "num_experts": 7,
        "num_experts_per_tok": 5, "num_hidden_layers": 32, "num_local_experts": 7, "vocab_size": 100352,
    },
    "flint": {
        "decoder_sparse_step": 1, "head_dim": 128, "hidden_size": 2048, "intermediate_size": 6144, "max_position_embeddings": 262144,
        "moe_intermediate_size": 512, "num_attention_heads": 32, "num_experts": 256, "num_experts_per_tok": 6, "num_hidden_layers": 49,
        "num_key_value_heads": 4, "shared_expert_intermediate_size": 1024, "sliding_window": 513, "vocab_size": 150144,
    },
    "gemma": {
        "head_dim": 256, "hidden_size": 3072, "intermediate_size": 24576, "max_position_embeddings": 8192, "num_attention_heads": 16,
        "num_hidden_layers": 28, "num_key_value_heads": 16, "tie_word_embeddings": True, "vocab_size": 256000,
    },
    "gemma2": {
        "head_dim": 256, "hidden_size": 2304, "intermediate_size": 9216, "max_position_embeddings": 8192, "num_attention_heads": 8,
        "num_hidden_layers": 26, "num_key_value_heads": 4, "sliding_window": 4096, "tie_word_embeddings": True, "vocab_size": 256000,
    },
    "gemma3_text": {
        "head_dim": 256, "hidden_size": 2304, "intermediate_size": 9216, "max_position_embeddings": 131072, "num_attention_heads": 8,
        "num_hidden_layers": 26, "num_key_value_heads": 4, "sliding_window": 4096, "tie_word_embeddings": True, "vocab_size": 262208,
    },
    "gemma3n_text": {
        "altup_num_inputs": 4, "head_dim": 256, "hidden_size": 2048, "hidden_size_per_layer_input": 256, "intermediate_size": 16384,
        "laurel_rank": 64, "max_position_embeddings": 32768, "num_attention_heads": 8, "num_hidden_layers": 35,
        "num_key_value_heads": 2, "num_kv_shared_layers": 15, "sliding_window": 512, "tie_word_embeddings": True, "vocab_size": 262400,
        "vocab_size_per_layer_input": 262144,
    },
    "gemma4_text": {
        "head_dim": 256, "hidden_size": 2304, "hidden_size_per_layer_input": 256, "intermediate_size": 9216,
        "max_position_embeddings": 131072, "num_attention_heads": 8, "num_hidden_layers": 30, "num_key_value_heads": 4,
        "num_kv_shared_layers": 0, "sliding_window": 512, "tie_word_embeddings": True, "vocab_size": 262144,
        "vocab_size_per_layer_input": 262144,
    },
    "gemma4_unified_text": {
        "head_dim": 256, "hidden_size": 2304, "intermediate_size": 9216, "max_position_embeddings": 262144, "num_attention_heads": 8,
        "num_hidden_layers": 30, "num_key_value_heads": 4, "num_kv_shared_layers": 0, "sliding_window": 1024,
        "tie_word_embeddings": True, "vocab_size": 262144,
    },
    "glm": {
        "attention_bias": True, "head_dim": 128, "hidden_size": 4096, "intermediate_size": 13696, "max_position_embeddings": 131072,
        "num_attention_heads": 32, "num_hidden_layers": 40, "num_key_value_heads": 2, "vocab_size": 151552,
    },
    "glm4": {
        "attention_bias": True, "head_dim": 128, "hidden_size": 4096, "intermediate_size": 13696, "max_position_embeddings": 131072,
        "num_attention_heads": 32, "num_hidden_layers": 40, "num_key_value_heads": 2, "vocab_size": 151552,
    },
    "glm4_moe": {
        "first_k_dense_replace": 1, "hidden_size": 4096, "intermediate_size": 10944, "max_position_embeddings": 131072,
        "moe_intermediate_size": 1408, "n_routed_experts": 128, "n_shared_experts": 1, "num_attention_heads": 96,
        "num_experts_per_tok": 8, "num_hidden_layers": 46, "num_key_value_heads": 8, "num_local_experts": 128, "vocab_size": 151552,
    },
    "glm4_moe_lite": {
        "head_dim": 64, "hidden_size": 2048, "intermediate_size": 10240, "kv_lora_rank": 512, "max_position_embeddings": 202752,
        "moe_intermediate_size": 1536, "n_routed_experts": 64, "n_shared_experts": 1, "num_attention_heads": 20,
        "num_experts_per_tok": 4, "num_hidden_layers": 47, "num_key_value_heads": 20, "num_local_experts": 64, "q_lora_rank": 768,
        "qk_nope_head_dim": 192, "qk_rope_head_dim": 64, "v_head_dim": 256, "vocab_size": 154880,
    },
    "glm4v_moe_text": {
        "attention_bias": True, "first_k_dense_replace": 1, "hidden_size": 4096, "intermediate_size": 10944,
        "max_position_embeddings": 65536, "moe_intermediate_size": 1408, "n_routed_experts": 128, "n_shared_experts": 1,
        "num_attention_heads": 96, "num_experts_per_tok": 8, "num_hidden_layers": 46, "num_key_value_heads": 8,
        "num_local_experts": 128, "vocab_size": 151424,
    },
    "glm4v_text": {
        "hidden_size": 4096, "intermediate_size": 13696, "max_position_embeddings": 32768, "num_attention_heads": 32,
        "num_hidden_layers": 40, "num_key_value_heads": 2, "vocab_size": 151552,
    },
    "glm_moe_dsa": {
        "first_k_dense_replace": 3, "head_dim": 64, "hidden_size": 6144, "index_head_dim": 128, "index_n_heads": 32,
        "intermediate_size": 12288, "kv_lora_rank": 512, "max_position_embeddings": 202752, "moe_intermediate_size": 2048,
        "n_routed_experts": 256, "n_shared_experts": 1, "num_attention_heads": 64, "num_experts_per_tok": 8, "num_hidden_layers": 78,
        "num_key_value_heads": 64, "num_local_experts": 256, "q_lora_rank": 2048, "qk_nope_head_dim": 192, "qk_rope_head_dim": 64,
        "v_head_dim": 256, "vocab_size": 154880,
    },
    "gpt2": {
        "hidden_size": 768, "max_position_embeddings": 1024, "n_positions": 1024, "num_attention_heads": 12, "num_hidden_layers": 12,
        "tie_word_embeddings": True, "vocab_size": 50257,
    },
    "gpt_bigcode": {
        "hidden_size": 768, "max_position_embeddings": 1024, "multi_query": True, "n_positions": 1024, "num_attention_heads": 12,
        "num_hidden_layers": 12, "tie_word_embeddings": True, "vocab_size": 50257,
    },
    "gpt_neo": {
        "hidden_size": 2048, "max_position_embeddings": 2048, "num_attention_heads": 16, "num_heads": 16, "num_hidden_layers": 24,
        "num_layers": 24, "sliding_window": 256, "tie_word_embeddings": True, "vocab_size": 50257,
    },
    "gpt_neox": {
        "attention_bias": True, "hidden_size": 6144, "intermediate_size": 24576, "max_position_embeddings": 2048,
        "num_attention_heads": 64, "num_hidden_layers": 44, "use_parallel_residual": True, "vocab_size": 50432,
    },
    "gpt_oss": {
        "attention_bias": True, "head_dim": 64, "hidden_size": 2880, "intermediate_size": 2880, "max_position_embeddings": 131072,
        "num_attention_heads": 64, "num_experts": 128, "num_experts_per_tok": 4, "num_hidden_layers": 36, "num_key_value_heads": 8,
        "num_local_experts": 128, "sliding_window": 128, "vocab_size": 201088,
    },
    "gptj": {
        "hidden_size": 4096, "max_position_embeddings": 2048, "n_positions": 2048, "num_attention_heads": 16, "num_hidden_layers": 28,
        "vocab_size": 50400,
    },
    "granite": {
        "hidden_size": 4096, "intermediate_size": 11008, "max_position_embeddings": 2048, "num_attention_heads": 32,
        "num_hidden_layers": 32, "vocab_size": 32000,
    },
    "granite_swa": {
        "hidden_size": 2560, "intermediate_size": 8192, "max_position_embeddings": 8192, "num_attention_heads": 20,
        "num_hidden_layers": 24, "num_key_value_heads": 4, "sliding_window": 128, "tie_word_embeddings": True, "vocab_size": 100352,
    },
    "granitemoe": {
        "hidden_size": 4096, "intermediate_size": 11008, "max_position_embeddings": 2048, "num_attention_heads": 32,
        "num_experts_per_tok": 2, "num_hidden_layers": 32, "num_local_experts": 8, "vocab_size": 32000,
    },
    "granitemoe_swa": {
        "hidden_size": 4096, "intermediate_size": 11008, "max_position_embeddings": 2048, "num_attention_heads": 32,
        "num_experts_per_tok": 2, "num_hidden_layers": 32, "num_local_experts": 8, "shared_intermediate_size": 0, "sliding_window": 128,
        "vocab_size": 32000,
    },
    "granitemoehybrid": {
        "hidden_size": 4096, "intermediate_size": 11008, "mamba_conv_bias": True, "mamba_d_conv": 4, "mamba_d_state": 256,
        "mamba_expand": 2, "mamba_n_groups": 1, "mamba_n_heads": 128, "max_position_embeddings": 2048, "num_attention_heads": 32,
        "num_experts_per_tok": 2, "num_hidden_layers": 32, "num_local_experts": 8, "shared_intermediate_size": 1024,
        "vocab_size": 32000,
    },
    "granitemoeshared": {
        "hidden_size": 4096, "intermediate_size": 11008, "max_position_embeddings": 2048, "num_attention_heads": 32,
        "num_experts_per_tok": 2, "num_hidden_layers": 32, "num_local_experts": 8, "shared_intermediate_size": 0, "vocab_size": 32000,
    },
    "helium": {
        "head_dim": 128, "hidden_size": 2560, "intermediate_size": 7040, "max_position_embeddings": 4096, "num_attention_heads": 20,
        "num_hidden_layers": 24, "num_key_value_heads": 20, "vocab_size": 48000,
    },
    "hunyuan_v1_dense": {
        "hidden_size": 4096, "intermediate_size": 11008, "max_position_embeddings": 2048, "num_attention_heads": 32,
        "num_hidden_layers": 32, "vocab_size": 290943,
    },
    "hunyuan_v1_moe": {
        "hidden_size": 4096, "intermediate_size": 11008, "max_position_embeddings": 2048, "moe_topk": 1, "num_attention_heads": 32,
        "num_experts": 1, "num_experts_per_tok": 1, "num_hidden_layers": 32, "num_local_experts": 1, "vocab_size": 290943,
    },
    "hy_v3": {
        "head_dim": 128, "hidden_size": 4096, "intermediate_size": 13312, "max_position_embeddings": 131072,
        "moe_intermediate_size": 1536, "num_attention_heads": 64, "num_experts": 192, "num_experts_per_tok": 8, "num_hidden_layers": 80,
        "num_key_value_heads": 8, "num_local_experts": 192, "num_shared_experts": 1, "vocab_size": 120832,
    },
    "hyperclovax": {
        "hidden_size": 4096, "intermediate_size": 11008, "max_position_embeddings": 2048, "num_attention_heads": 32,
        "num_hidden_layers": 32, "use_post_norm": True, "vocab_size": 32000,
    },
    "internlm3": {
        "head_dim": 128, "hidden_size": 4096, "intermediate_size": 10240, "max_position_embeddings": 32768, "num_attention_heads": 32,
        "num_hidden_layers": 48, "num_key_value_heads": 2, "vocab_size": 128512,
    },
    "iquestcoder": {
        "head_dim": 128, "hidden_size": 5120, "intermediate_size": 27648, "max_position_embeddings": 131072, "num_attention_heads": 40,
        "num_hidden_layers": 80, "num_key_value_heads": 8, "vocab_size": 76800,
    },
    "jais2": {
        "attention_bias": True, "hidden_size": 3328, "intermediate_size": 26624, "max_position_embeddings": 8192, "mlp_bias": True,
        "num_attention_heads": 26, "num_hidden_layers": 32, "vocab_size": 150272,
    },
    "jamba": {
        "attn_layer_offset": 4, "attn_layer_period": 8, "expert_layer_offset": 1, "expert_layer_period": 2, "hidden_size": 4096,
        "intermediate_size": 14336, "mamba_conv_bias": True, "mamba_d_conv": 4, "mamba_d_state": 16, "mamba_dt_rank": "auto",
        "mamba_expand": 2, "max_position_embeddings": 262144, "num_attention_heads": 32, "num_experts": 16, "num_experts_per_tok": 2,
        "num_hidden_layers": 32, "num_key_value_heads": 8, "num_local_experts": 16, "vocab_size": 65536,
    },
    "kimi_linear": {
        "hidden_size": 2304, "intermediate_size": 9216, "kv_lora_rank": 512, "linear_conv_kernel_dim": 4,
        "max_position_embeddings": 1048576, "moe_intermediate_size": 1024, "n_shared_experts": 1, "num_attention_heads": 32,
        "num_experts_per_tok": 8, "num_hidden_layers": 27, "num_key_value_heads": 32, "num_local_experts": 256, "qk_nope_head_dim": 128,
        "qk_rope_head_dim": 64, "v_head_dim": 128, "vocab_size": 163840,
    },
    "kolibri1": {
        "head_dim": 128, "hidden_size": 2560, "max_position_embeddings": 262144, "moe_intermediate_size": 512,
        "num_attention_heads": 48, "num_experts": 384, "num_experts_per_tok": 6, "num_hidden_layers": 50, "num_key_value_heads": 4,
        "shared_expert_intermediate_size": 512, "sliding_window": 513, "vocab_size": 128000,
    },
    "laguna": {
        "gating": True, "head_dim": 128, "hidden_size": 2048, "intermediate_size": 8192, "max_position_embeddings": 131072,
        "moe_intermediate_size": 512, "num_attention_heads": 48, "num_experts": 256, "num_experts_per_tok": 8, "num_hidden_layers": 40,
        "num_key_value_heads": 8, "shared_expert_intermediate_size": 512, "sliding_window": 512, "vocab_size": 100352,
    },
    "lfm2": {
        "block_auto_adjust_ff_dim": True, "block_ffn_dim_multiplier": 1.0, "block_multiple_of": 256, "conv_L_cache": 3,
        "hidden_size": 2560, "intermediate_size": 12288, "max_position_embeddings": 128000, "num_attention_heads": 32,
        "num_hidden_layers": 32, "num_key_value_heads": 8, "tie_word_embeddings": True, "vocab_size": 65536,
    },
    "lfm2_moe": {
        "conv_L_cache": 3, "hidden_size": 2048, "intermediate_size": 7168, "max_position_embeddings": 128000,
        "moe_intermediate_size": 1792, "num_attention_heads": 32, "num_dense_layers": 2, "num_experts": 32, "num_experts_per_tok": 4,
        "num_hidden_layers": 32, "num_key_value_heads": 8, "tie_word_embeddings": True, "vocab_size": 65536,
    },
    "lfm3": {
        "conv_L_cache": 7, "head_dim": 128, "hidden_size": 2048, "intermediate_size": 7680, "max_position_embeddings": 128000,
        "num_attention_heads": 16, "num_hidden_layers": 24, "num_key_value_heads": 4, "sliding_window": 256,
        "tie_word_embeddings": True, "use_attention_gate": True, "use_sandwich_norm": True, "vocab_size": 128000,
    },
    "llama": {
        "hidden_size": 4096, "intermediate_size": 11008, "max_position_embeddings": 2048, "num_attention_heads": 32,
        "num_hidden_layers": 32, "vocab_size": 32000,
    },
    "llama4_text": {
        "attention_chunk_size": 8192, "head_dim": 128, "hidden_size": 5120, "interleave_moe_layer_step": 1, "intermediate_size": 8192,
        "intermediate_size_mlp": 16384, "max_position_embeddings": 131072, "no_rope_layer_interval": 4, "num_attention_heads": 40,
        "num_experts_per_tok": 1, "num_hidden_layers": 48, "num_key_value_heads": 8, "num_local_experts": 16, "use_qk_norm": True,
        "vocab_size": 202048,
    },
    "mamba": {
        "conv_kernel": 4, "expand": 2, "hidden_size": 768, "num_hidden_layers": 32, "state_size": 16, "tie_word_embeddings": True,
        "time_step_rank": "auto", "use_conv_bias": True, "vocab_size": 50280,
    },
    "mamba2": {
        "conv_kernel": 4, "expand": 2, "head_dim": 64, "hidden_size": 4096, "n_groups": 8, "num_heads": 128, "num_hidden_layers": 64,
        "state_size": 128, "time_step_rank": "auto", "use_conv_bias": True, "vocab_size": 32768,
    },
    "mellum": {
        "head_dim": 128, "hidden_size": 2304, "intermediate_size": 7168, "max_position_embeddings": 131072,
        "moe_intermediate_size": 896, "num_attention_heads": 32, "num_experts": 64, "num_experts_per_tok": 8, "num_hidden_layers": 28,
        "num_key_value_heads": 4, "sliding_window": 1024, "vocab_size": 98304,
    },
    "mimo_v2_flash": {
        "head_dim": 192, "hidden_size": 4096, "intermediate_size": 16384, "max_position_embeddings": 131072,
        "moe_intermediate_size": 2048, "n_routed_experts": 256, "num_attention_heads": 64, "num_experts_per_tok": 8,
        "num_hidden_layers": 48, "num_key_value_heads": 4, "num_local_experts": 256, "sliding_window": 129, "v_head_dim": 128,
        "vocab_size": 152576,
    },
    "minicpm3": {
        "hidden_size": 2560, "intermediate_size": 6400, "kv_lora_rank": 256, "max_position_embeddings": 32768,
        "num_attention_heads": 40, "num_hidden_layers": 62, "num_key_value_heads": 40, "q_lora_rank": 768, "qk_nope_head_dim": 64,
        "qk_rope_head_dim": 32, "tie_word_embeddings": True, "vocab_size": 73448,
    },
    "minimax": {
        "hidden_size": 4096, "intermediate_size": 14336, "max_position_embeddings": 131072, "num_attention_heads": 32, "num_experts": 8,
        "num_experts_per_tok": 2, "num_hidden_layers": 32, "num_key_value_heads": 8, "num_local_experts": 8, "vocab_size": 32000,
    },
    "minimax_m2": {
        "head_dim": 128, "hidden_size": 3072, "intermediate_size": 1536, "max_position_embeddings": 196608, "num_attention_heads": 48,
        "num_experts": 256, "num_experts_per_tok": 8, "num_hidden_layers": 62, "num_key_value_heads": 8, "num_local_experts": 256,
        "vocab_size": 200064,
    },
    "minimax_m3_vl_text": {
        "dense_intermediate_size": 12288, "head_dim": 128, "hidden_size": 6144, "index_head_dim": 128, "index_n_heads": 4,
        "intermediate_size": 3072, "max_position_embeddings": 524288, "num_attention_heads": 64, "num_experts": 128,
        "num_experts_per_tok": 4, "num_hidden_layers": 60, "num_key_value_heads": 4, "num_local_experts": 128,
        "shared_intermediate_size": 3072, "vocab_size": 200064,
    },
    "ministral": {
        "hidden_size": 4096, "intermediate_size": 14336, "max_position_embeddings": 131072, "num_attention_heads": 32,
        "num_hidden_layers": 32, "num_key_value_heads": 8, "sliding_window": 4096, "vocab_size": 32000,
    },
    "ministral3": {
        "head_dim": 128, "hidden_size": 4096, "intermediate_size": 14336, "max_position_embeddings": 262144, "num_attention_heads": 32,
        "num_hidden_layers": 34, "num_key_value_heads": 8, "vocab_size": 131072,
    },
    "mistral": {
        "hidden_size": 4096, "intermediate_size": 14336, "max_position_embeddings": 131072, "num_attention_heads": 32,
        "num_hidden_layers": 32, "num_key_value_heads": 8, "sliding_window": 4096, "vocab_size": 32000,
    },
    "mistral4": {
        "first_k_dense_replace": 0, "hidden_size": 4096, "intermediate_size": 12288, "kv_lora_rank": 256,
        "max_position_embeddings": 1048576, "moe_intermediate_size": 2048, "n_routed_experts": 128, "n_shared_experts": 1,
        "num_attention_heads": 32, "num_experts_per_tok": 4, "num_hidden_layers": 36, "num_key_value_heads": 32,
        "num_local_experts": 128, "q_lora_rank": 1024, "qk_nope_head_dim": 64, "qk_rope_head_dim": 64, "v_head_dim": 128,
        "vocab_size": 131072,
    },
    "mixtral": {
        "hidden_size": 4096, "intermediate_size": 14336, "max_position_embeddings": 131072, "num_attention_heads": 32, "num_experts": 8,
        "num_experts_per_tok": 2, "num_hidden_layers": 32, "num_key_value_heads": 8, "num_local_experts": 8, "vocab_size": 32000,
    },
    "mpt": {
        "d_model": 2048, "hidden_size": 2048, "max_position_embeddings": 2048, "num_attention_heads": 16, "num_hidden_layers": 24,
        "tie_word_embeddings": True, "vocab_size": 50368,
    },
    "nanochat": {
        "hidden_size": 768, "intermediate_size": 8192, "max_position_embeddings": 2048, "num_attention_heads": 6,
        "num_hidden_layers": 12, "vocab_size": 50304,
    },
    "nemotron": {
        "hidden_size": 6144, "intermediate_size": 24576, "max_position_embeddings": 4096, "num_attention_heads": 48,
        "num_hidden_layers": 32, "vocab_size": 256000,
    },
    "nemotron_h": {
        "conv_kernel": 4, "expand": 2, "head_dim": 128, "hidden_size": 4096, "intermediate_size": 21504, "mamba_head_dim": 64,
        "mamba_num_heads": 128, "max_position_embeddings": 4096, "moe_intermediate_size": 7688,
        "moe_shared_expert_intermediate_size": 7688, "n_groups": 8, "n_routed_experts": 8, "n_shared_experts": 1,
        "num_attention_heads": 32, "num_experts_per_tok": 2, "num_key_value_heads": 8, "num_local_experts": 8, "ssm_state_size": 128,
        "use_conv_bias": True, "vocab_size": 131072,
    },
    "olmo": {
        "hidden_size": 4096, "intermediate_size": 11008, "max_position_embeddings": 2048, "num_attention_heads": 32,
        "num_hidden_layers": 32, "vocab_size": 50304,
    },
    "olmo2": {
        "hidden_size": 4096, "intermediate_size": 11008, "max_position_embeddings": 2048, "num_attention_heads": 32,
        "num_hidden_layers": 32, "vocab_size": 50304,
    },
    "olmo3": {
        "hidden_size": 4096, "intermediate_size": 11008, "max_position_embeddings": 2048, "num_attention_heads": 32,
        "num_hidden_layers": 32, "sliding_window": 4096, "vocab_size": 50304,
    },
    "olmo_hybrid": {
        "hidden_size": 3840, "intermediate_size": 11008, "linear_conv_kernel_dim": 4, "max_position_embeddings": 65536,
        "num_attention_heads": 30, "num_hidden_layers": 32, "vocab_size": 100352,
    },
    "olmoe": {
        "hidden_size": 2048, "intermediate_size": 2048, "max_position_embeddings": 4096, "num_attention_heads": 16, "num_experts": 64,
        "num_experts_per_tok": 8, "num_hidden_layers": 16, "num_local_experts": 64, "vocab_size": 50304,
    },
    "openai-gpt": {
        "hidden_size": 768, "max_position_embeddings": 512, "n_positions": 512, "num_attention_heads": 12, "num_hidden_layers": 12,
        "tie_word_embeddings": True, "vocab_size": 40478,
    },
    "opt": {
        "do_layer_norm_before": True, "enable_bias": True, "hidden_size": 768, "intermediate_size": 3072,
        "layer_norm_elementwise_affine": True, "max_position_embeddings": 2048, "num_attention_heads": 12, "num_hidden_layers": 12,
        "tie_word_embeddings": True, "vocab_size": 50272,
    },
    "persimmon": {
        "hidden_size": 4096, "intermediate_size": 16384, "max_position_embeddings": 16384, "num_attention_heads": 64,
        "num_hidden_layers": 36, "qk_layernorm": True, "vocab_size": 262144,
    },
    "phi": {
        "hidden_size": 2048, "intermediate_size": 8192, "max_position_embeddings": 2048, "num_attention_heads": 32,
        "num_hidden_layers": 24, "vocab_size": 51200,
    },
    "phi3": {
        "hidden_size": 3072, "intermediate_size": 8192, "max_position_embeddings": 4096, "num_attention_heads": 32,
        "num_hidden_layers": 32, "vocab_size": 32064,
    },
    "phi4_multimodal": {
        "hidden_size": 3072, "intermediate_size": 8192, "max_position_embeddings": 131072, "num_attention_heads": 32,
        "num_hidden_layers": 32, "num_key_value_heads": 8, "vocab_size": 200064,
    },
    "phimoe": {
        "hidden_size": 4096, "intermediate_size": 6400, "max_position_embeddings": 131072, "num_attention_heads": 32,
        "num_experts_per_tok": 2, "num_hidden_layers": 32, "num_key_value_heads": 8, "num_local_experts": 16, "vocab_size": 32064,
    },
    "qwen2": {
        "hidden_size": 4096, "intermediate_size": 22016, "max_position_embeddings": 32768, "max_window_layers": 28,
        "num_attention_heads": 32, "num_hidden_layers": 32, "num_key_value_heads": 32, "sliding_window": 4096, "vocab_size": 151936,
    },
    "qwen2_5_omni_text": {
        "hidden_size": 3584, "intermediate_size": 18944, "max_position_embeddings": 32768, "max_window_layers": 28,
        "num_attention_heads": 28, "num_hidden_layers": 28, "num_key_value_heads": 4, "sliding_window": 32768, "vocab_size": 152064,
    },
    "qwen2_5_vl_text": {
        "hidden_size": 8192, "intermediate_size": 29568, "max_position_embeddings": 32768, "max_window_layers": 80,
        "num_attention_heads": 64, "num_hidden_layers": 80, "num_key_value_heads": 8, "sliding_window": 4096, "vocab_size": 152064,
    },
    "qwen2_moe": {
        "decoder_sparse_step": 1, "hidden_size": 2048, "intermediate_size": 5632, "max_position_embeddings": 32768,
        "max_window_layers": 28, "moe_intermediate_size": 1408, "num_attention_heads": 16, "num_experts": 60, "num_experts_per_tok": 4,
        "num_hidden_layers": 24, "num_key_value_heads": 16, "qkv_bias": True, "shared_expert_intermediate_size": 5632,
        "sliding_window": 4096, "vocab_size": 151936,
    },
    "qwen2_vl_text": {
        "hidden_size": 8192, "intermediate_size": 29568, "max_position_embeddings": 32768, "max_window_layers": 80,
        "num_attention_heads": 64, "num_hidden_layers": 80, "num_key_value_heads": 8, "sliding_window": 4096, "vocab_size": 152064,
    },
    "qwen3": {
        "head_dim": 128, "hidden_size": 4096, "intermediate_size": 22016, "max_position_embeddings": 32768, "max_window_layers": 28,
        "num_attention_heads": 32, "num_hidden_layers": 32, "num_key_value_heads": 32, "sliding_window": 4096, "vocab_size": 151936,
    },
    "qwen3_5_moe_text": {
        "head_dim": 256, "hidden_size": 2048, "linear_conv_kernel_dim": 4, "linear_key_head_dim": 128, "linear_num_key_heads": 16,
        "linear_num_value_heads": 32, "linear_value_head_dim": 128, "max_position_embeddings": 32768, "moe_intermediate_size": 512,
        "num_attention_heads": 16, "num_experts": 256, "num_experts_per_tok": 8, "num_hidden_layers": 40, "num_key_value_heads": 2,
        "shared_expert_intermediate_size": 512, "vocab_size": 248320,
    },
    "qwen3_5_text": {
        "head_dim": 256, "hidden_size": 4096, "intermediate_size": 12288, "linear_conv_kernel_dim": 4, "linear_key_head_dim": 128,
        "linear_num_key_heads": 16, "linear_num_value_heads": 32, "linear_value_head_dim": 128, "max_position_embeddings": 32768,
        "num_attention_heads": 16, "num_hidden_layers": 32, "num_key_value_heads": 4, "vocab_size": 248320,
    },
    "qwen3_moe": {
        "decoder_sparse_step": 1, "hidden_size": 2048, "intermediate_size": 6144, "max_position_embeddings": 32768,
        "moe_intermediate_size": 768, "num_attention_heads": 32, "num_experts": 128, "num_experts_per_tok": 8, "num_hidden_layers": 24,
        "num_key_value_heads": 4, "sliding_window": 4096, "vocab_size": 151936,
    },
    "qwen3_next": {
        "decoder_sparse_step": 1, "head_dim": 256, "hidden_size": 2048, "intermediate_size": 5632, "linear_conv_kernel_dim": 4,
        "linear_key_head_dim": 128, "linear_num_key_heads": 16, "linear_num_value_heads": 32, "linear_value_head_dim": 128,
        "max_position_embeddings": 32768, "moe_intermediate_size": 512, "num_attention_heads": 16, "num_experts": 512,
        "num_experts_per_tok": 10, "num_hidden_layers": 48, "num_key_value_heads": 2, "shared_expert_intermediate_size": 512,
        "vocab_size": 151936,
    },
    "qwen3_vl_moe_text": {
        "decoder_sparse_step": 1, "hidden_size": 2048, "intermediate_size": 5632, "max_position_embeddings": 128000,
        "moe_intermediate_size": 1408, "num_attention_heads": 16, "num_experts": 60, "num_experts_per_tok": 4, "num_hidden_layers": 24,
        "num_key_value_heads": 16, "tie_word_embeddings": True, "vocab_size": 151936,
    },
    "qwen3_vl_text": {
        "head_dim": 128, "hidden_size": 4096, "intermediate_size": 22016, "max_position_embeddings": 128000, "num_attention_heads": 32,
        "num_hidden_layers": 32, "num_key_value_heads": 32, "vocab_size": 151936,
    },
    "seed_oss": {
        "attention_bias": True, "head_dim": 128, "hidden_size": 4096, "intermediate_size": 27648, "max_position_embeddings": 524288,
        "num_attention_heads": 80, "num_hidden_layers": 64, "num_key_value_heads": 8, "vocab_size": 155136,
    },
    "smollm3": {
        "hidden_size": 2048, "intermediate_size": 11008, "max_position_embeddings": 32768, "no_rope_layer_interval": 4,
        "num_attention_heads": 16, "num_hidden_layers": 36, "num_key_value_heads": 4, "tie_word_embeddings": True, "vocab_size": 128256,
    },
    "solar_open": {
        "head_dim": 128, "hidden_size": 4096, "max_position_embeddings": 131072, "moe_intermediate_size": 1280, "n_routed_experts": 128,
        "n_shared_experts": 1, "num_attention_heads": 64, "num_experts_per_tok": 8, "num_hidden_layers": 48, "num_key_value_heads": 8,
        "num_local_experts": 128, "vocab_size": 196608,
    },
    "stablelm": {
        "hidden_size": 2560, "intermediate_size": 6912, "max_position_embeddings": 4096, "num_attention_heads": 32,
        "num_hidden_layers": 32, "num_key_value_heads": 32, "vocab_size": 50304,
    },
    "starcoder2": {
        "hidden_size": 3072, "intermediate_size": 12288, "max_position_embeddings": 4096, "num_attention_heads": 24,
        "num_hidden_layers": 30, "num_key_value_heads": 2, "tie_word_embeddings": True, "use_bias": True, "vocab_size": 49152,
    },
    "switch_transformers": {
        "d_ff": 2048, "d_kv": 64, "d_model": 768, "hidden_size": 768, "num_attention_heads": 12, "num_decoder_layers": 12,
        "num_experts": 8, "num_heads": 12, "num_hidden_layers": 12, "num_layers": 12, "num_sparse_decoder_layers": 3,
        "num_sparse_encoder_layers": 3, "relative_attention_num_buckets": 32, "tie_word_embeddings": True, "vocab_size": 32128,
    },
    "t5": {
        "d_ff": 2048, "d_kv": 64, "d_model": 512, "feed_forward_proj": "relu", "head_dim": 64, "hidden_size": 512,
        "num_attention_heads": 8, "num_heads": 8, "num_hidden_layers": 6, "num_layers": 6, "relative_attention_num_buckets": 32,
        "vocab_size": 32128,
    },
    "vaultgemma": {
        "head_dim": 256, "hidden_size": 2304, "intermediate_size": 9216, "max_position_embeddings": 8192, "num_attention_heads": 8,
        "num_hidden_layers": 26, "num_key_value_heads": 4, "sliding_window": 4096, "tie_word_embeddings": True, "vocab_size": 256000,
    },
    "xglm": {
        "d_model": 1024, "hidden_size": 1024, "intermediate_size": 4096, "max_position_embeddings": 2048, "num_attention_heads": 16,
        "num_hidden_layers": 24, "num_layers": 24, "tie_word_embeddings": True, "vocab_size": 256008,
    },
    "youtu": {
        "hidden_size": 2048, "intermediate_size": 6144, "kv_lora_rank": 512, "max_position_embeddings": 131072,
        "num_attention_heads": 16, "num_hidden_layers": 32, "num_key_value_heads": 16, "q_lora_rank": 1536, "qk_nope_head_dim": 128,
        "qk_rope_head_dim": 64, "tie_word_embeddings": True, "v_head_dim": 128, "vocab_size": 128256,
    },
    "bart": {
        "d_model": 1024, "decoder_attention_heads": 16, "decoder_ffn_dim": 4096, "decoder_layers": 12, "encoder_attention_heads": 16,
        "encoder_ffn_dim": 4096, "encoder_layers": 12, "max_position_embeddings": 1024, "tie_word_embeddings": True, "vocab_size": 50265,
    },
    "plbart": {
        "d_model": 768, "decoder_attention_heads": 12, "decoder_ffn_dim": 3072, "decoder_layers": 6, "encoder_attention_heads": 12,
        "encoder_ffn_dim": 3072, "encoder_layers": 6, "max_position_embeddings": 1024, "tie_word_embeddings": True, "vocab_size": 50005,
    },
    "mbart": {
        "d_model": 1024, "decoder_attention_heads": 16, "decoder_ffn_dim": 4096, "decoder_layers": 12, "encoder_attention_heads": 16,
        "encoder_ffn_dim": 4096, "encoder_layers": 12, "max_position_embeddings": 1024, "tie_word_embeddings": True, "vocab_size": 50265,
    },
    "blenderbot": {
        "d_model": 2560, "decoder_attention_heads": 32, "decoder_ffn_dim": 10240, "decoder_layers": 24, "encoder_attention_heads": 32,
        "encoder_ffn_dim": 10240, "encoder_layers": 2, "max_position_embeddings": 128, "tie_word_embeddings": True, "vocab_size": 8008,
    },
    "blenderbot-small": {
        "d_model": 512, "decoder_attention_heads": 16, "decoder_ffn_dim": 2048, "decoder_layers": 8, "encoder_attention_heads": 16,
        "encoder_ffn_dim": 2048, "encoder_layers": 8, "max_position_embeddings": 512, "tie_word_embeddings": True, "vocab_size": 50265,
    },
    "pegasus": {
        "d_model": 1024, "decoder_attention_heads": 16, "decoder_ffn_dim": 4096, "decoder_layers": 12, "encoder_attention_heads": 16,
        "encoder_ffn_dim": 4096, "encoder_layers": 12, "max_position_embeddings": 1024, "tie_word_embeddings": True, "vocab_size": 50265,
    },
    "m2m_100": {
        "d_model": 1024, "decoder_attention_heads": 16, "decoder_ffn_dim": 4096, "decoder_layers": 12, "encoder_attention_heads": 16,
        "encoder_ffn_dim": 4096, "encoder_layers": 12, "max_position_embeddings": 1024, "tie_word_embeddings": True, "vocab_size": 128112,
    },
    "marian": {
        "d_model": 1024, "decoder_attention_heads": 16, "decoder_ffn_dim": 4096, "decoder_layers": 12, "encoder_attention_heads": 16,
        "encoder_ffn_dim": 4096, "encoder_layers": 12, "max_position_embeddings": 1024, "share_encoder_decoder_embeddings": True,
        "tie_word_embeddings": True, "vocab_size": 58101,
    },
    "prophetnet": {
        "add_cross_attention": True, "decoder_ffn_dim": 4096, "encoder_ffn_dim": 4096, "hidden_size": 1024,
        "max_position_embeddings": 512, "ngram": 2, "num_buckets": 32, "num_decoder_attention_heads": 16, "num_decoder_layers": 12,
        "num_encoder_attention_heads": 16, "num_encoder_layers": 12, "tie_word_embeddings": True, "vocab_size": 30522,
    },
    "whisper": {
        "d_model": 384, "decoder_attention_heads": 6, "decoder_ffn_dim": 1536, "decoder_layers": 4, "encoder_attention_heads": 6,
        "encoder_ffn_dim": 1536, "encoder_layers": 4, "max_source_positions": 1500, "max_target_positions": 448, "num_mel_bins": 80,
        "tie_word_embeddings": True, "vocab_size": 51865,
    },
    "mt5": {
        "d_ff": 1024, "d_kv": 64, "d_model": 512, "feed_forward_proj": "gated-gelu", "num_heads": 6, "num_layers": 8,
        "relative_attention_num_buckets": 32, "tie_word_embeddings": True, "vocab_size": 250112,
    },
    "umt5": {
        "d_ff": 1024, "d_kv": 64, "d_model": 512, "feed_forward_proj": "gated-gelu", "num_heads": 6, "num_layers": 8,
        "relative_attention_num_buckets": 32, "vocab_size": 250112,
    },
}  # fmt: skip
