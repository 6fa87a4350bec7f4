"""What each model_type of Hugging Face configurations has: names of its sizes, norms, biases, windows and experts, as data.

Every entry is checked against the model that transformers builds from the same configuration (tests/test_transformer_config.py).
What does not fit into fields is a function of the modules special_attention, special_layers or encoder_decoder.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from analysis.transformer import encoder_decoder as stacks
from analysis.transformer import layer_patterns as layers
from analysis.transformer import special_attention as attentions
from analysis.transformer import special_layers as parts


@dataclass(frozen=True)
class ExpertNames:
    """Where a configuration names its experts.

    number, chosen, width: keys of the number of experts, of those a token uses, and of the width of one. shared_count: key of
    the number of shared experts of that width; shared_width: key of the width of the shared expert. gate: the shared expert is weighed
    by a gate. rule: which layers have experts, a function of analysis.transformer.layer_patterns. router_bias: one value per
    expert is a parameter. biases: the experts' matrices have biases. dense_width: key of the width of dense layers.
    """

    number: str = "num_experts"
    chosen: str = "num_experts_per_tok"
    width: str = "moe_intermediate_size"
    shared_count: str = ""
    shared_width: str = ""
    gate: bool = False
    rule: Callable = layers.all_sparse
    router_bias: bool = False
    biases: bool = False
    gated: bool = True
    dense_width: str = "intermediate_size"


@dataclass(frozen=True)
class Architecture:
    """How to read the configuration of one model_type.

    names: keys that stand for the usual ones. norm, norms_per_layer, final_norm, embedding_norm, gated: as in TransformerShape. Biases:
    True, False, or the key that says so. qk_norm: "head", "width" or ""; qk_norm_key: key that switches it on; qk_norm_bias: with shift.
    window: "all" where every layer has the window that is set, "if_used" where use_sliding_window switches it on. pattern: kinds of layers
    where the configuration does not list them, a function of analysis.transformer.layer_patterns; only with a pattern is such a list
    read. attention: function of analysis.transformer.special_attention that makes the mixer of a layer; layer, outside: functions of
    analysis.transformer.special_layers that change a layer, and the whole. whole: function of analysis.transformer.encoder_decoder that
    makes all of the shape.
    latent: multi-head latent attention. without_heads: no attention at all. d_ff_factor: width of the MLP over d_model where it is not
    given. own_mlp: the layer function makes the MLP. positions: rows that a learned position table has beyond the context; None: no
    table.
    """

    names: Mapping[str, str] = field(default_factory=dict)
    norm: str = "rmsnorm"
    norms_per_layer: int = 2
    final_norm: bool = True
    embedding_norm: bool = False
    gated: bool = True
    qkv_bias: bool | str = False
    o_bias: bool | str = False
    mlp_bias: bool | str = False
    head_bias: bool | str = False
    qk_norm: str = ""
    qk_norm_key: str = ""
    qk_norm_bias: bool = False
    latent: bool = False
    window: str = ""
    pattern: Callable | None = None
    experts: ExpertNames | None = None
    attention: Callable | None = None
    layer: Callable | None = None
    outside: Callable | None = None
    whole: Callable | None = None
    without_heads: bool = False
    d_ff_factor: int | None = None
    positions: int | None = None
    own_mlp: bool = False


GPT2_NAMES = {
    "hidden_size": "n_embd",
    "num_hidden_layers": "n_layer",
    "num_attention_heads": "n_head",
    "intermediate_size": "n_inner",
    "max_position_embeddings": "n_positions",
}
LAYERNORM: Mapping[str, Any] = {"norm": "layernorm", "gated": False}
BIASED: Mapping[str, Any] = {"qkv_bias": True, "o_bias": True, "mlp_bias": True}
KEYED: Mapping[str, Any] = {"qkv_bias": "attention_bias", "o_bias": "attention_bias"}

LLAMA = Architecture(qkv_bias="attention_bias", o_bias="attention_bias", mlp_bias="mlp_bias")
WINDOWED = Architecture(window="all")
GEMMA2 = Architecture(**KEYED, norms_per_layer=4, pattern=layers.every(2))
QWEN2 = Architecture(qkv_bias=True, window="if_used", pattern=layers.after_max_window_layers)
QWEN3 = Architecture(**KEYED, qk_norm="head", window="if_used", pattern=layers.after_max_window_layers)
QWEN2_EXPERTS = ExpertNames(shared_width="shared_expert_intermediate_size", gate=True, rule=layers.sparse_step)
QWEN3_EXPERTS = ExpertNames(rule=layers.sparse_step)
OLMO2 = Architecture(**KEYED, qk_norm="width")
LOCAL_EXPERTS = ExpertNames(number="num_local_experts", width="intermediate_size")
DEEPSEEK_EXPERTS = ExpertNames(number="n_routed_experts", shared_count="n_shared_experts", rule=layers.first_dense("first_k_dense_replace"))
LISTED_EXPERTS = replace(DEEPSEEK_EXPERTS, rule=layers.mlp_layer_types())
DEEPSEEK_V3 = Architecture(latent=True, experts=DEEPSEEK_EXPERTS)
SECOND_SPARSE = layers.mlp_layer_types(dense=1)
GPT2 = Architecture(names=GPT2_NAMES, **LAYERNORM, **BIASED, d_ff_factor=4, positions=0)
GPTJ = Architecture(names=GPT2_NAMES, **LAYERNORM, norms_per_layer=1, mlp_bias=True, head_bias=True, d_ff_factor=4)
MAMBA = Architecture(norms_per_layer=1, without_heads=True, attention=attentions.mamba)
QWEN3_NEXT = Architecture(
    **KEYED, qk_norm="head", pattern=layers.by_key("full_attention_interval", 4, layers.LINEAR), attention=attentions.gated_delta
)
GRANITE_EXPERTS = replace(LOCAL_EXPERTS, shared_width="shared_intermediate_size")

ARCHITECTURES: Mapping[str, Architecture] = {
    # --- Llama and its like ------------------------------------------------------------------------------------------
    "llama": LLAMA,
    "internlm3": replace(LLAMA, names={"attention_bias": "qkv_bias", "mlp_bias": "bias"}),
    "iquestcoder": LLAMA,
    "granite": LLAMA,
    "mistral": WINDOWED,
    "ministral": Architecture(pattern=layers.sliding_if_set),
    "ministral3": WINDOWED,
    "phi3": WINDOWED,
    "phi4_multimodal": WINDOWED,
    "arcee": replace(LLAMA, gated=False),
    "apertus": Architecture(**KEYED, gated=False, qk_norm="head", layer=parts.apertus_layer),
    "bitnet": Architecture(**KEYED, attention=attentions.bitnet, layer=parts.bitnet_layer),
    "cwm": Architecture(mlp_bias="mlp_bias", pattern=layers.every(4, start=0)),
    "diffllama": Architecture(**KEYED, attention=attentions.diffllama),
    "granite_swa": replace(LLAMA, pattern=layers.every(4, start=0), attention=attentions.sinks),
    "helium": Architecture(qkv_bias="attention_bias", mlp_bias="mlp_bias"),
    "hyperclovax": replace(LLAMA, layer=parts.hyperclovax_layer),
    "jais2": replace(LLAMA, norm="layernorm", gated=False),
    "nanochat": Architecture(**KEYED, norm="none", gated=False),
    "nemotron": Architecture(**KEYED, norm="layernorm", gated=False, mlp_bias="mlp_bias"),
    "smollm3": replace(LLAMA, window="if_used", pattern=layers.no_rope(layers.SLIDING, where_no_rope=True)),
    "seed_oss": Architecture(qkv_bias="attention_bias", o_bias="attention_out_bias", mlp_bias="mlp_bias"),
    "ernie4_5": Architecture(qkv_bias="use_bias", o_bias="use_bias", mlp_bias="use_bias"),
    "exaone4": Architecture(qk_norm="head", pattern=layers.by_key("sliding_window_pattern", 4)),
    "hunyuan_v1_dense": Architecture(**KEYED, qk_norm="head"),
    "cohere": Architecture(**KEYED, norm="layernorm_no_bias", norms_per_layer=1, qk_norm="width", qk_norm_key="use_qk_norm"),
    "cohere2": Architecture(**KEYED, norm="layernorm_no_bias", norms_per_layer=1, pattern=layers.by_key("sliding_window_pattern", 4)),
    "gemma": Architecture(**KEYED),
    "gemma2": GEMMA2,
    "gemma3_text": replace(GEMMA2, qk_norm="head", pattern=layers.by_key("sliding_window_pattern", 6)),
    "vaultgemma": replace(GEMMA2, norms_per_layer=2),
    "gemma3n_text": replace(GEMMA2, qk_norm="head", pattern=layers.every(5), attention=attentions.gemma3n, own_mlp=True,
                            layer=parts.gemma3n_layer, outside=parts.gemma3n_outside),
    "gemma4_text": replace(GEMMA2, qk_norm="head", pattern=layers.gemma4, attention=attentions.gemma4, layer=parts.gemma4_layer,
                           outside=parts.per_layer_inputs),
    "gemma4_unified_text": replace(GEMMA2, qk_norm="head", pattern=layers.gemma4, attention=attentions.gemma4, layer=parts.gemma4_layer),
    "glm": Architecture(qkv_bias="attention_bias"),
    "glm4": Architecture(qkv_bias="attention_bias", norms_per_layer=4),
    "olmo": Architecture(**KEYED, norm="none"),
    "olmo2": OLMO2,
    "olmo3": replace(OLMO2, pattern=layers.every(4)),
    "qwen2": QWEN2,
    "qwen3": QWEN3,
    "stablelm": Architecture(norm="layernorm", qkv_bias="use_qkv_bias",
                             qk_norm="width", qk_norm_key="qk_layernorm", layer=parts.stablelm_layer),
    "starcoder2": Architecture(**LAYERNORM, qkv_bias="use_bias", o_bias="use_bias", mlp_bias="use_bias", window="all"),
    "phi": Architecture(
        **LAYERNORM, **BIASED, norms_per_layer=1, head_bias=True, qk_norm="head", qk_norm_key="qk_layernorm", qk_norm_bias=True,
    ),
    "persimmon": Architecture(**LAYERNORM, **BIASED, qk_norm="head", qk_norm_key="qk_layernorm", qk_norm_bias=True),
    "minicpm3": Architecture(latent=True, mlp_bias="mlp_bias"),
    "youtu": Architecture(latent=True),
    # --- older decoders ----------------------------------------------------------------------------------------------
    "gpt2": GPT2,
    "openai-gpt": replace(GPT2, final_norm=False),
    "gpt_bigcode": replace(GPT2, attention=attentions.gpt_bigcode),
    "gptj": GPTJ,
    "codegen": GPTJ,
    "gpt_neo": Architecture(
        names={"num_attention_heads": "num_heads", "num_hidden_layers": "num_layers", "sliding_window": "window_size"},
        **LAYERNORM, o_bias=True, mlp_bias=True, d_ff_factor=4, positions=0, pattern=layers.attention_types,
        attention=attentions.gpt_neo,
    ),
    "gpt_neox": Architecture(**LAYERNORM, qkv_bias="attention_bias", o_bias="attention_bias", mlp_bias=True),
    "opt": Architecture(
        names={"intermediate_size": "ffn_dim"}, **LAYERNORM, qkv_bias="enable_bias", o_bias="enable_bias", mlp_bias="enable_bias",
        positions=2, outside=parts.opt_outside,
    ),
    "biogpt": Architecture(**LAYERNORM, **BIASED, positions=2),
    "xglm": Architecture(
        names={"hidden_size": "d_model", "num_hidden_layers": "num_layers", "num_attention_heads": "attention_heads",
               "intermediate_size": "ffn_dim"}, **LAYERNORM, **BIASED,
    ),
    "bloom": Architecture(
        names={"hidden_size": "n_embed", "num_hidden_layers": "n_layer", "num_attention_heads": "n_head"},
        **LAYERNORM, **BIASED, embedding_norm=True, d_ff_factor=4,
    ),
    "falcon": Architecture(
        names={"hidden_size": "n_embed", "num_hidden_layers": "n_layer", "num_attention_heads": "n_head",
               "intermediate_size": "ffn_hidden_size"},
        **LAYERNORM, qkv_bias="bias", o_bias="bias", mlp_bias="bias", d_ff_factor=4, attention=attentions.falcon, layer=parts.falcon_layer,
        outside=parts.falcon_outside),
    "mpt": Architecture(
        names={"hidden_size": "d_model", "num_hidden_layers": "n_layers", "num_attention_heads": "n_heads",
               "max_position_embeddings": "max_seq_len"},
        norm="layernorm_no_bias", gated=False, d_ff_factor=4,
    ),
    # --- mixtures of experts -----------------------------------------------------------------------------------------
    "mixtral": Architecture(window="all", experts=LOCAL_EXPERTS),
    "phimoe": Architecture(**KEYED, norm="layernorm", window="all", head_bias="lm_head_bias", experts=LOCAL_EXPERTS),
    "qwen2_moe": Architecture(qkv_bias="qkv_bias", window="if_used", pattern=layers.qwen2_moe, experts=QWEN2_EXPERTS),
    "qwen3_moe": Architecture(**KEYED, qk_norm="head", window="if_used", experts=QWEN3_EXPERTS),
    "granitemoe_swa": Architecture(**KEYED, pattern=layers.every(4, start=0), attention=attentions.sinks, experts=GRANITE_EXPERTS),
    "olmoe": Architecture(**KEYED, qk_norm="width", experts=ExpertNames(width="intermediate_size")),
    "flex_olmo": Architecture(**KEYED, qk_norm="width", experts=ExpertNames(width="intermediate_size")),
    "granitemoe": Architecture(**KEYED, experts=LOCAL_EXPERTS),
    "granitemoeshared": Architecture(**KEYED, experts=GRANITE_EXPERTS),
    "minimax_m2": Architecture(qk_norm="width", experts=LOCAL_EXPERTS),
    "gpt_oss": Architecture(**KEYED, pattern=layers.every(2), attention=attentions.sinks,
                            experts=replace(LOCAL_EXPERTS, biases=True, router_bias=True)),
    "dbrx": Architecture(
        names={"hidden_size": "d_model", "num_hidden_layers": "n_layers", "num_attention_heads": "n_heads",
               "max_position_embeddings": "max_seq_len"},
        norm="layernorm_no_bias", attention=attentions.dbrx,
        experts=ExpertNames(number="ffn_config.moe_num_experts", chosen="ffn_config.moe_top_k", width="ffn_config.ffn_hidden_size")),
    "deepseek_v2": replace(DEEPSEEK_V3, mlp_bias="mlp_bias"),
    "deepseek_v3": DEEPSEEK_V3,
    "deepseek_v32": replace(DEEPSEEK_V3, experts=LISTED_EXPERTS, attention=attentions.indexer),
    "glm_moe_dsa": replace(DEEPSEEK_V3, experts=LISTED_EXPERTS, attention=attentions.indexer),
    "glm4_moe": Architecture(qkv_bias="attention_bias", qk_norm="head", qk_norm_key="use_qk_norm", experts=DEEPSEEK_EXPERTS),
    "glm4_moe_lite": replace(DEEPSEEK_V3, experts=replace(DEEPSEEK_EXPERTS, rule=SECOND_SPARSE)),
    "glm4v_moe_text": Architecture(qkv_bias="attention_bias", experts=DEEPSEEK_EXPERTS),
    "mistral4": DEEPSEEK_V3,
    "axk1": replace(DEEPSEEK_V3, experts=replace(DEEPSEEK_EXPERTS, rule=layers.mlp_layer_types(default=1)), layer=parts.axk1_layer),
    "dots1": Architecture(**KEYED, qk_norm="head", pattern=layers.after_max_window_layers, experts=DEEPSEEK_EXPERTS),
    "solar_open": Architecture(qkv_bias="attention_bias", experts=replace(DEEPSEEK_EXPERTS, rule=layers.all_sparse)),
    "exaone_moe": Architecture(qk_norm="head", pattern=layers.by_key("sliding_window_pattern", 4),
                               experts=ExpertNames(shared_count="num_shared_experts", rule=layers.mlp_layer_types())),
    "ernie4_5_moe": Architecture(
        qkv_bias="use_bias", o_bias="use_bias", mlp_bias="use_bias", head_bias="use_bias",
        experts=ExpertNames("moe_num_experts", "moe_k", shared_count="moe_num_shared_experts", rule=layers.ernie, router_bias=True),
    ),
    "hunyuan_v1_moe": Architecture(**KEYED, qk_norm="head", layer=parts.hunyuan_moe_layer,
                                   experts=ExpertNames(chosen="moe_topk", width="intermediate_size")),
    "hy_v3": Architecture(**KEYED, qk_norm="head", mlp_bias="mlp_bias",
                          experts=ExpertNames(shared_count="num_shared_experts", rule=SECOND_SPARSE)),
    "llama4_text": Architecture(
        **KEYED, pattern=layers.no_rope(layers.CHUNKED, where_no_rope=False),
        experts=replace(LOCAL_EXPERTS, shared_width="intermediate_size", rule=layers.llama4_sparse, dense_width="intermediate_size_mlp"),
    ),
    "mimo_v2_flash": Architecture(qkv_bias="attention_bias", pattern=layers.mimo, attention=attentions.mimo,
                                  experts=ExpertNames(number="n_routed_experts", rule=SECOND_SPARSE)),
    "afmoe": Architecture(
        **KEYED, qk_norm="head", norms_per_layer=4, pattern=layers.by_key("global_attn_every_n_layers", 4),
        attention=attentions.output_gate,
        experts=ExpertNames(shared_count="num_shared_experts", rule=layers.first_dense("num_dense_layers"), router_bias=True),
    ),
    "laguna": Architecture(
        **KEYED, qk_norm="head", pattern=layers.all_full, attention=attentions.laguna,
        experts=ExpertNames(shared_width="shared_expert_intermediate_size", rule=SECOND_SPARSE, router_bias=True),
    ),
    "beam": Architecture(
        **KEYED, qk_norm="head", norms_per_layer=4, pattern=layers.beam, attention=attentions.biased_gate,
        experts=ExpertNames(rule=layers.mlp_layer_types(dense=3)),
    ),
    "minimax_m3_vl_text": Architecture(
        qk_norm="head", pattern=layers.minimax_m3, attention=attentions.minimax_m3,
        experts=replace(LOCAL_EXPERTS, shared_width="shared_intermediate_size", dense_width="dense_intermediate_size",
                        rule=layers.moe_layer_freq),
    ),
    "aria_text": replace(LLAMA, experts=ExpertNames(
        "moe_num_experts", "moe_topk", "intermediate_size", shared_count="moe_num_shared_experts")),
    "flint": Architecture(**KEYED, qk_norm="head", pattern=layers.flint, attention=attentions.sinks,
                          experts=replace(QWEN2_EXPERTS, gate=False)),
    "kolibri1": Architecture(qk_norm="head", norms_per_layer=4, pattern=layers.every(5),
                             experts=ExpertNames(number="num_local_experts", shared_width="shared_expert_intermediate_size")),
    "mellum": Architecture(**KEYED, qk_norm="head", pattern=layers.all_full,
                           experts=ExpertNames(number="num_local_experts", rule=layers.mlp_layer_types(dense=0))),
    # --- attention with recurrent layers -----------------------------------------------------------------------------
    "jamba": Architecture(attention=attentions.jamba, experts=ExpertNames(width="intermediate_size", rule=layers.period)),
    "bamba": Architecture(**KEYED, mlp_bias="mlp_bias", attention=attentions.bamba),
    "granitemoehybrid": Architecture(names={"layer_types": "layers_block_type"}, **KEYED, pattern=layers.all_linear,
                                     own_mlp=True, attention=attentions.granite_hybrid,
                                     layer=parts.granite_hybrid_layer, experts=GRANITE_EXPERTS),
    "falcon_h1": Architecture(**KEYED, mlp_bias="mlp_bias", layer=parts.falcon_h1_layer),
    "nemotron_h": Architecture(mlp_bias="mlp_bias", gated=False, norms_per_layer=1, pattern=layers.nemotron_h, own_mlp=True,
                               attention=attentions.nemotron_h, layer=parts.nemotron_h_layer, outside=parts.untied),
    "qwen3_next": replace(QWEN3_NEXT, experts=QWEN2_EXPERTS),
    "qwen3_5_text": QWEN3_NEXT,
    "qwen3_5_moe_text": replace(QWEN3_NEXT, experts=replace(QWEN2_EXPERTS, rule=layers.all_sparse)),
    "olmo_hybrid": Architecture(**KEYED, qk_norm="width", pattern=layers.olmo_hybrid, attention=attentions.olmo_delta),
    "minimax": Architecture(pattern=layers.every(2, layers.LINEAR, layers.FULL), attention=attentions.lightning, experts=LOCAL_EXPERTS),
    "lfm2": Architecture(names={"intermediate_size": "block_ff_dim", "tie_word_embeddings": "tie_embedding"},
                         qk_norm="head", pattern=layers.lfm2, attention=attentions.short_conv, layer=parts.lfm2_layer),
    "lfm3": Architecture(**KEYED, qk_norm="head", pattern=layers.lfm3, attention=attentions.gated_conv, layer=parts.lfm3_layer),
    "lfm2_moe": Architecture(names={"tie_word_embeddings": "tie_embedding"}, qk_norm="head",
                             pattern=layers.must_list, attention=attentions.short_conv,
                             experts=ExpertNames(rule=layers.first_dense("num_dense_layers"))),
    "kimi_linear": Architecture(
        names={"max_position_embeddings": "model_max_length"}, latent=True, pattern=layers.kimi,
        attention=attentions.kimi_delta, outside=parts.untied,
        experts=ExpertNames(chosen="num_experts_per_token", shared_count="num_shared_experts", rule=layers.mlp_layer_types(default=1))),
    "mamba": MAMBA,
    "falcon_mamba": MAMBA,
    "mamba2": replace(MAMBA, attention=attentions.mamba2),
    # --- encoder and decoder -----------------------------------------------------------------------------------------
    "t5": Architecture(whole=stacks.t5),
    "mt5": Architecture(whole=stacks.t5),
    "umt5": Architecture(whole=stacks.t5),
    "switch_transformers": Architecture(whole=stacks.t5),
    "bart": Architecture(whole=stacks.bart(first_norm=True, positions=2)),
    "plbart": Architecture(whole=stacks.bart(first_norm=True, positions=2)),
    "mbart": Architecture(whole=stacks.bart(first_norm=True, last_norm=True, positions=2)),
    "blenderbot": Architecture(whole=stacks.bart(last_norm=True)),
    "blenderbot-small": Architecture(whole=stacks.bart(first_norm=True)),
    "pegasus": Architecture(whole=stacks.bart(last_norm=True)),
    "m2m_100": Architecture(whole=stacks.bart(last_norm=True, positions=None)),
    "marian": Architecture(whole=stacks.marian),
    "prophetnet": Architecture(whole=stacks.prophetnet),
    "whisper": Architecture(whole=stacks.whisper),
    # --- text parts of multimodal models -----------------------------------------------------------------------------
    "glm4v_text": Architecture(qkv_bias=True, norms_per_layer=4),
    "qwen2_vl_text": QWEN2,
    "qwen2_5_vl_text": QWEN2,
    "qwen2_5_omni_text": QWEN2,
    "qwen3_vl_text": QWEN3,
    "qwen3_vl_moe_text": Architecture(**KEYED, qk_norm="head", experts=QWEN3_EXPERTS),
}  # fmt: skip
