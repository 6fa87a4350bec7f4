"""FLOPs and cache, held against torch's own counter, the cache that transformers fills, and numbers from papers."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis import tables
from analysis.transformer import (
    causal_pairs,
    count_params,
    forward_flops,
    kv_cache_bytes,
    kv_cache_values,
    recurrent_state_bytes,
    shape_from_hf_config,
    shape_of_model,
    training_flops,
    transformer_shape,
)

MODELS = tables.load("models")
SMALL = {"n_layers": 3, "d_model": 64, "n_heads": 8, "n_kv_heads": 2, "d_ff": 160, "vocab_size": 101}
LLAMA = {
    "model_type": "llama",
    "hidden_size": 64,
    "intermediate_size": 160,
    "num_hidden_layers": 3,
    "num_attention_heads": 8,
    "num_key_value_heads": 2,
    "vocab_size": 101,
    "max_position_embeddings": 128,
}
MLA = {
    "model_type": "deepseek_v3", "hidden_size": 64, "intermediate_size": 96, "moe_intermediate_size": 24, "num_hidden_layers": 3,
    "num_attention_heads": 4, "num_key_value_heads": 4, "n_routed_experts": 4, "num_experts_per_tok": 2, "n_shared_experts": 1,
    "first_k_dense_replace": 1, "n_group": 1, "topk_group": 1, "q_lora_rank": 24, "kv_lora_rank": 16, "qk_nope_head_dim": 16,
    "qk_rope_head_dim": 8, "v_head_dim": 12, "vocab_size": 101, "max_position_embeddings": 128,
}  # fmt: skip
TINY = {
    "llama": LLAMA,
    "mistral": LLAMA | {"model_type": "mistral", "sliding_window": 6, "head_dim": 16},
    "gpt_neox": {key: value for key, value in LLAMA.items() if key != "num_key_value_heads"} | {"model_type": "gpt_neox"},
    "mixtral": LLAMA | {"model_type": "mixtral", "num_local_experts": 4, "num_experts_per_tok": 2},
    "qwen2_moe": LLAMA
    | {
        "model_type": "qwen2_moe",
        "num_experts": 4,
        "num_experts_per_tok": 2,
        "moe_intermediate_size": 24,
        "shared_expert_intermediate_size": 40,
    },
    "gemma2": LLAMA | {"model_type": "gemma2", "head_dim": 16, "sliding_window": 6},
    "deepseek_v3": MLA,
}


def eager_model(config):
    """A model with random weights whose every matrix product torch's counter sees."""
    import torch
    from transformers import AutoModelForCausalLM
    from transformers.models.auto.configuration_auto import CONFIG_MAPPING

    torch.manual_seed(0)
    fields = {key: value for key, value in config.items() if key != "model_type"} | {"pad_token_id": 0}
    made = CONFIG_MAPPING[config["model_type"]](**fields)
    made._experts_implementation = "eager"
    return AutoModelForCausalLM.from_config(made, attn_implementation="eager", experts_implementation="eager").eval()


# --- reference -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("model_type", TINY)
def test_forward_flops_are_those_that_torch_counts(model_type):
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    config = TINY[model_type]
    model, shape = eager_model(config), shape_from_hf_config(config)
    for batch, seq_len in ((1, 1), (2, 17)):
        with torch.no_grad(), FlopCounterMode(display=False) as counter:
            model(torch.ones((batch, seq_len), dtype=torch.long), use_cache=False)
        assert counter.get_total_flops() == forward_flops(shape, batch, seq_len).total


@pytest.mark.parametrize("model_type", ["llama", "mistral"])
def test_decoding_with_a_cache_costs_what_torch_counts(model_type):
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    config = TINY[model_type]
    model, shape = eager_model(config), shape_from_hf_config(config)
    with torch.no_grad():
        cache = model(torch.ones((2, 11), dtype=torch.long), use_cache=True).past_key_values
        with FlopCounterMode(display=False) as counter:
            model(torch.ones((2, 1), dtype=torch.long), past_key_values=cache, use_cache=True)
    expected = forward_flops(shape, batch=2, seq_len=1, past_len=11).total
    assert counter.get_total_flops() == expected


def cached_bytes(cache) -> int:
    return sum(part.numel() * part.element_size() for layer in cache.layers for part in (layer.keys, layer.values))


def filled_cache(config, n_tokens, batch=2):
    import torch

    with torch.no_grad():
        return eager_model(config)(torch.ones((batch, n_tokens), dtype=torch.long), use_cache=True).past_key_values


@pytest.mark.parametrize("model_type", ["llama", "gpt_neox", "mixtral", "deepseek_v3"])
def test_the_cache_is_as_large_as_the_one_that_transformers_fills(model_type):
    shape = shape_from_hf_config(TINY[model_type])
    assert cached_bytes(filled_cache(TINY[model_type], 21)) == kv_cache_bytes(shape, 21, batch=2, bytes_per_value=4)


@pytest.mark.parametrize("model_type", ["mistral", "gemma2"])
def test_with_a_window_transformers_holds_one_token_less_between_steps(model_type):
    config = TINY[model_type]
    held = cached_bytes(filled_cache(config, 21))
    assert held == kv_cache_bytes(shape_from_hf_config(config | {"sliding_window": 5}), 21, batch=2, bytes_per_value=4)
    assert held < kv_cache_bytes(shape_from_hf_config(config), 21, batch=2, bytes_per_value=4)
    assert cached_bytes(filled_cache(config, 3)) == kv_cache_bytes(shape_from_hf_config(config), 3, batch=2, bytes_per_value=4)


def test_deepseek_v2_caches_as_little_as_grouped_queries_with_two_and_a_quarter_groups():
    # deepseek2024v2 Table 1: (d_c + d_h^R) l = 9/2 d_h l per token, "GQA with only 2.25 groups"; d_c = 512, d_h^R = 64, d_h = 128.
    shape = shape_of_model("DeepSeek-V2", MODELS)
    assert kv_cache_values(shape, 1) == (512 + 64) * 60 == int(2.25 * 2 * 128 * 60)


def test_mistrals_rolling_buffer_saves_eight_times_at_32k():
    # jiang2023 section 2: "on a sequence length of 32k tokens, this reduces the cache memory usage by 8x".
    shape = shape_of_model("Mistral 7B", MODELS)
    full = replace(shape, layers=tuple(replace(layer, mixer=replace(layer.mixer, window=None)) for layer in shape.layers))
    assert kv_cache_bytes(full, 32768) == 8 * kv_cache_bytes(shape, 32768)


def test_the_50000th_token_of_a_4096_window_sees_4096_keys():
    attention = shape_of_model("Mistral 7B", MODELS).attention
    assert causal_pairs(attention, 1, 49_999) == 50_000 - 45_905 + 1 == 4096


def test_llama_2_7b_needs_half_a_megabyte_per_token():
    # 2 * 2 bytes * 32 layers * 4096.
    assert kv_cache_bytes(shape_of_model("Llama 2 7B", MODELS), 4096) == 2 * 2**30


def test_jamba_caches_four_of_its_32_layers():
    # lieber2024 Table 1: 4 GB of cache at 256K tokens in 16 bits, where Mixtral needs 32 GB.
    jamba, mixtral = shape_of_model("Jamba-v0.1", MODELS), shape_of_model("Mixtral 8x7B", MODELS)
    assert kv_cache_bytes(jamba, 262_144) == 4 * 2**30 and kv_cache_bytes(mixtral, 262_144) == 32 * 2**30
    assert recurrent_state_bytes(jamba) == 28 * 8192 * (16 + 4) * 2 and recurrent_state_bytes(mixtral) == 0


# --- property --------------------------------------------------------------------------------------------------------


@given(st.integers(1, 8), st.integers(1, 8), st.integers(0, 100_000))
def test_grouped_heads_shrink_the_cache_by_the_size_of_a_group(kv, group, context):
    arguments = SMALL | {"n_heads": kv * group, "head_dim": 16}
    full = transformer_shape(**arguments | {"n_kv_heads": kv * group})
    grouped = transformer_shape(**arguments | {"n_kv_heads": kv})
    assert kv_cache_bytes(full, context) == group * kv_cache_bytes(grouped, context)


@given(st.integers(1, 60), st.integers(1, 80), st.integers(0, 80), st.booleans())
def test_pairs_are_those_of_a_mask_that_is_drawn_and_counted(window, n_queries, past, chunked):
    attention = transformer_shape(**SMALL, window=window).attention
    query, key = np.arange(past, past + n_queries)[:, None], np.arange(past + n_queries)[None, :]
    mask = (key <= query) & ((key // window == query // window) if chunked else (key > query - window))
    assert causal_pairs(replace(attention, chunked=chunked), n_queries, past) == mask.sum()


@given(st.integers(1, 5), st.integers(1, 60), st.integers(0, 60))
def test_tokens_one_by_one_cost_what_they_cost_together(batch, seq_len, past):
    shape = transformer_shape(**SMALL, window=20, window_layers="every 2")
    together = forward_flops(shape, batch, seq_len, causal=True, past_len=past)
    single = forward_flops(shape, batch, 1, causal=True, past_len=np.arange(past, past + seq_len))
    assert together.scores == int(np.sum(single.scores)) and together.total == int(np.sum(single.total))


@given(st.integers(1, 200))
def test_counting_causally_halves_the_square_and_a_window_never_adds(seq_len):
    shape = transformer_shape(**SMALL)
    full, causal = forward_flops(shape, 1, seq_len), forward_flops(shape, 1, seq_len, causal=True)
    assert 2 * seq_len * causal.scores == (seq_len + 1) * full.scores
    assert full.projections == causal.projections and full.logits == causal.logits
    windowed = forward_flops(transformer_shape(**SMALL, window=16), 1, seq_len, causal=True)
    assert windowed.scores <= causal.scores and (windowed.scores == causal.scores) == (seq_len <= 16)


def test_weights_cost_two_flops_per_active_parameter_and_token():
    for model in ("Llama 2 70B", "Mixtral 8x7B", "DeepSeek-V3", "GPT-2 XL"):
        shape = shape_of_model(model, MODELS)
        flops, counts = forward_flops(shape, 1, 1), count_params(shape)
        weights = flops.total - flops.attention_over_context - flops.logits
        assert weights / 2 == pytest.approx(counts.active_non_embedding, rel=2e-3)  # the rest are norms and biases


def test_training_costs_three_forward_passes_and_four_with_recomputation():
    shape = transformer_shape(**SMALL)
    forward = forward_flops(shape, 2, 30).total
    assert training_flops(shape, 2, 30) == 3 * forward and training_flops(shape, 2, 30, recomputation=True) == 4 * forward


@given(st.lists(st.integers(0, 10**7), min_size=1, max_size=5))
def test_arrays_give_what_scalars_give(contexts):
    shape = shape_of_model("Llama 2 70B", MODELS)
    assert kv_cache_bytes(shape, contexts).tolist() == [kv_cache_bytes(shape, context) for context in contexts]
    lengths = [context + 1 for context in contexts]
    totals = forward_flops(shape, 1, np.array(lengths)).total
    assert list(map(float, totals)) == [float(forward_flops(shape, 1, length).total) for length in lengths]


def test_large_numbers_stay_exact():
    shape = shape_of_model("Switch-C", MODELS)
    decoder = replace(shape, encoder_layers=(), layers=tuple(replace(layer, cross=None) for layer in shape.layers))
    flops = forward_flops(decoder, 1024, 10**7).scores
    assert isinstance(flops, int) and flops == 2 * 1024 * 15 * 30 * 64 * 10**14
    quarter = kv_cache_bytes(decoder, 4096) / 4
    assert kv_cache_bytes(decoder, 4096, batch=[1, 2], bytes_per_value=0.5).tolist() == [quarter, 2 * quarter]


# --- contract --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda shape: kv_cache_bytes(shape, -1), "context_len must be whole numbers of at least 0, got -1"),
        (lambda shape: kv_cache_bytes(shape, 1.5), "context_len must be whole numbers of at least 0, got 1.5"),
        (lambda shape: kv_cache_bytes(shape, float("nan")), "context_len must be whole numbers of at least 0, got nan"),
        (lambda shape: kv_cache_bytes(shape, 10, bytes_per_value=0), "bytes_per_value must be positive, got 0"),
        (lambda shape: kv_cache_bytes(shape, 10, batch="2"), "batch must be whole numbers of at least 1, got '2'"),
        (lambda shape: forward_flops(shape, 0, 10), "batch must be whole numbers of at least 1, got 0"),
        (lambda shape: forward_flops(shape, 1, [1, 0]), r"seq_len must be whole numbers of at least 1, got \[1, 0\]"),
    ],
)
def test_values_out_of_range_are_refused_by_name(call, message):
    with pytest.raises(ValueError, match=message):
        call(transformer_shape(**SMALL))


def test_a_model_with_an_encoder_is_refused():
    with pytest.raises(ValueError, match="has an encoder as well"):
        forward_flops(shape_of_model("Switch-C", MODELS), 1, 10)
