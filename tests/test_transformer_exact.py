"""Counting with transformers on the meta device: real models, hostile configurations, and the task of the worker."""

import tracemalloc

import pytest

from analysis import tables
from analysis.background.process import Cancelled
from analysis.background.worker import Worker
from analysis.transformer.exact import exact_param_counts, part_of, task
from analysis.transformer.fields import MOST_LAYERS, counted_fields, names_of

COUNTS = tables.load("param_counts").set_index("model")
PARTS = [column for column in COUNTS.columns if column not in ("counted_by", "transformers_version", "source", "note")]
TINY = {
    "model_type": "llama",
    "hidden_size": 64,
    "intermediate_size": 96,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "vocab_size": 99,
}
REAL = {
    "GPT-2 124M": {"model_type": "gpt2"},
    "OPT-350M": {"model_type": "opt", "hidden_size": 1024, "ffn_dim": 4096, "num_hidden_layers": 24, "num_attention_heads": 16,
                 "word_embed_proj_dim": 512, "do_layer_norm_before": False},
    "Falcon-7B": {"model_type": "falcon", "hidden_size": 4544, "num_hidden_layers": 32, "num_attention_heads": 71, "multi_query": True,
                  "parallel_attn": True, "bias": False},
    "Mixtral 8x7B": {"model_type": "mixtral"},
    "Qwen1.5-MoE-A2.7B": {"model_type": "qwen2_moe"},
    "DBRX": {"model_type": "dbrx", "d_model": 6144, "n_heads": 48, "n_layers": 40, "vocab_size": 100352,
             "attn_config": {"kv_n_heads": 8, "clip_qkv": 8, "rope_theta": 500000},
             "ffn_config": {"hidden_size": 6144, "ffn_hidden_size": 10752, "moe_num_experts": 16, "moe_top_k": 4}},
    "DeepSeek-V2-Lite": {
        "model_type": "deepseek_v2", "hidden_size": 2048, "intermediate_size": 10944, "moe_intermediate_size": 1408,
        "num_hidden_layers": 27, "num_attention_heads": 16, "num_key_value_heads": 16, "n_routed_experts": 64, "n_shared_experts": 2,
        "num_experts_per_tok": 6,
        "first_k_dense_replace": 1, "q_lora_rank": None, "kv_lora_rank": 512, "vocab_size": 102400,
    },
    "Jamba-v0.1": {"model_type": "jamba"},
    "Switch-Base-128": {"model_type": "switch_transformers", "d_model": 768, "d_kv": 64, "d_ff": 3072, "num_layers": 12, "num_heads": 12,
                        "num_decoder_layers": 12, "num_experts": 128, "num_sparse_encoder_layers": 6, "num_sparse_decoder_layers": 6,
                        "vocab_size": 32128},
}  # fmt: skip


# --- reference -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", REAL)
def test_models_of_the_table_are_counted_part_by_part(model):
    exact = exact_param_counts(REAL[model])
    assert {part: exact[part] for part in PARTS} == {part: int(COUNTS.loc[model, part]) for part in PARTS}
    assert exact["model_class"] == COUNTS.loc[model, "counted_by"]


def test_what_has_no_closed_form_here_is_still_counted():
    # bert-base-uncased, devlin2018: 110M, with the language model head of transformers.
    exact = exact_param_counts({"model_type": "bert", "is_decoder": True})
    assert exact["total"] == pytest.approx(110e6, rel=0.01) and exact["routed_experts"] == 0


def test_code_quantisation_and_precision_in_a_configuration_change_nothing():
    plain = exact_param_counts(TINY)
    loaded = TINY | {
        "auto_map": {"AutoModelForCausalLM": "modeling_evil.Evil"},
        "quantization_config": {"quant_method": "fp8"},
        "torch_dtype": "nonsense",
        "_attn_implementation": "flash_attention_2",
        "_name_or_path": "/etc/passwd",
        "trust_remote_code": True,
    }
    assert exact_param_counts(loaded) == plain


VISION = {"model_type": "qwen3_vl", "vision_config": {"depth": 1}, "text_config": TINY | {"model_type": "qwen3_vl_text"}}
LABELS = {"num_labels": 100_000}
COSTLY = {
    "a number of labels": (TINY, LABELS),
    "names of labels": (TINY, {"id2label": {str(number): "a label" for number in range(100_000)}}),
    "a long list": (TINY, {"anything": list(range(300_000))}),
    "nested lists": (TINY, {"anything": [[[0] * 100] * 100] * 30}),
    "labels of text and images": (VISION, {part: VISION[part] | LABELS for part in ("vision_config", "text_config")}),
    "labels of the experts": (REAL["DBRX"], {"ffn_config": REAL["DBRX"]["ffn_config"] | LABELS}),
}


@pytest.mark.parametrize("kind", COSTLY)
def test_fields_that_change_no_count_cost_no_memory(kind):
    config, costly = COSTLY[kind]
    plain = exact_param_counts(config)
    tracemalloc.start()
    try:
        counted = exact_param_counts(config | costly)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert counted | {"ignored": []} == plain and plain["total"] > 0
    assert counted["ignored"] == ["anything"] * ("anything" in costly)
    assert peak < 10_000_000


def test_thirty_million_labels_never_reach_transformers():
    from transformers import LlamaConfig

    config = TINY | {"num_labels": 30_000_000}
    assert counted_fields(config, LlamaConfig) == TINY and exact_param_counts(config) == exact_param_counts(TINY)


def test_what_a_class_reads_under_another_or_an_older_name_is_kept():
    from transformers import BailingHybridConfig, BloomConfig, GPT2Config, Lfm2Config

    assert {"n_embd", "hidden_size", "n_inner"} <= names_of(GPT2Config)  # declared, and the name that all models share
    assert {"n_embed", "n_layer"} <= names_of(BloomConfig) and {"block_ff_dim", "tie_embedding"} <= names_of(Lfm2Config)
    assert "linear_head_dim" in names_of(BailingHybridConfig)  # set by the class, and read again from what it has saved
    layers = {"0": {"head_dim": 8}}
    assert counted_fields({"per_layer_config": {"0": layers["0"] | LABELS}}, GPT2Config) == {"per_layer_config": layers}
    assert exact_param_counts(TINY | {"model_type": "cohere", "head_dim": 8})["attention"] == 2 * 4 * 64 * 4 * 8  # read, not declared


# --- contract --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"model_type": "llama5"}, "model_type 'llama5' is not known to the installed transformers"),
        ({}, "model_type None is not known to the installed transformers"),
        ({"model_type": ["llama"]}, "model_type \\['llama'\\] is not known"),
        ({"model_type": "vit"}, "model_type 'vit' is known to transformers, but not as a language model"),
        (
            TINY | {"num_hidden_layers": 10**6},
            f"num_hidden_layers is 1,000,000; models of at most {MOST_LAYERS:,} layers are counted exactly",
        ),
        (TINY | {"vocab_size": 10**20}, "vocab_size is too large to be built"),
        (TINY | {"head_dim": 10**9}, "head_dim is too large to be built: 1000000000"),
        (VISION | {"text_config": VISION["text_config"] | {"num_hidden_layers": 10**6}}, "num_hidden_layers is 1,000,000; models"),
        ({"model_type": "qwen2_vl", "hidden_size": 10**20}, "hidden_size is too large to be built"),
        ({"model_type": "gpt_neo", "num_layers": 3, "attention_types": [[["global"], 10**9]]}, "attention_types is 1,000,000,000; models"),
        (TINY | {"model_type": "mellum", "num_mtp_layers": 10**9}, "num_mtp_layers is 1,000,000,000; models of at most 2,000 layers"),
        (TINY | {"model_type": "qwen2", "layer_types": ["full_attention"] * 10**6}, "layer_types is too long to be built: it has 1,000,"),
        ({"model_type": "nemotron_h", "hybrid_override_pattern": "M" * 10**6}, "hybrid_override_pattern is too long to be built"),
        (TINY | {"eos_token_id": [[[[[[[[[[2]]]]]]]]]]}, "eos_token_id is nested too deeply to be built"),
        (TINY | {"hidden_size": "64"}, "transformers refuses this llama configuration: "),
        (TINY | {"hidden_size": 65}, "transformers refuses this llama configuration: .*not a multiple of the number of attention heads"),
        (TINY | {"hidden_size": -64}, "transformers cannot build this llama model: "),
        (TINY | {"hidden_act": "nonsense"}, "transformers cannot build this llama model: "),
        (TINY | {"text_config": 7}, "text_config must be an object"),
        ([], "the configuration must be a JSON object"),
    ],
)
def test_what_cannot_be_counted_is_refused_with_one_sentence(config, message):
    with pytest.raises(ValueError, match=message) as caught:
        exact_param_counts(config)
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 420


def test_a_model_of_endlessly_many_tensors_is_given_up(monkeypatch):
    monkeypatch.setattr("analysis.transformer.exact.MOST_TENSORS", 10)
    with pytest.raises(ValueError, match="the model has more than 10 tensors"):
        exact_param_counts(TINY)


def test_progress_is_reported_and_can_stop_the_count():
    told = []
    exact_param_counts(TINY | {"num_hidden_layers": 60}, lambda *report: told.append(report))
    assert len(told) >= 2 and told[0][2] == "200 tensors built"

    def stop(*_report):
        raise Cancelled("the task was cancelled")

    with pytest.raises(Cancelled):
        exact_param_counts(TINY | {"num_hidden_layers": 60}, stop)
    assert exact_param_counts(TINY)["total"] > 0  # nothing is left hooked


def test_every_part_has_a_name_that_leads_to_it():
    names = {
        "embedding": ["model.embed_tokens.weight", "transformer.wpe.weight", "lm_head.bias", "shared.weight"],
        "attention": [
            "transformer.h.0.attn.c_attn.weight",
            "encoder.block.0.layer.0.SelfAttention.q.weight",
            "backbone.layers.2.mixer.q_proj.weight",
        ],
        "mlp": [
            "model.layers.1.mlp.shared_expert.up_proj.weight",
            "model.decoder.layers.0.fc1.bias",
            "model.layers.0.mlp.experts.down_proj",
        ],
        "router": ["model.layers.1.mlp.shared_expert_gate.weight", "model.layers.1.mlp.expert_bias", "model.layers.0.mlp.router.bias"],
        "other": ["model.norm.weight", "model.layers.0.mamba.in_proj.weight", "model.layers.0.linear_attn.conv1d.weight"],
    }
    assert all(part_of(name) == part for part, listed in names.items() for name in listed)


# --- the worker ------------------------------------------------------------------------------------------------------


def test_the_worker_counts_and_passes_on_why_it_cannot():
    with Worker() as worker:
        counted = worker.submit("exact_param_counts", {"config": TINY})
        refused = worker.submit("exact_param_counts", {"config": {"model_type": "llama5"}})
        assert counted.result(timeout=120)["total"] == exact_param_counts(TINY)["total"]
        with pytest.raises(RuntimeError, match="^model_type 'llama5' is not known to the installed transformers"):
            refused.result(timeout=60)
    messages = []
    task({"config": TINY}, lambda done, total, message: messages.append(message))
    assert messages[0] == "loading transformers"
