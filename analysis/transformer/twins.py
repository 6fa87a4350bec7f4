"""Families whose code is not part of transformers and whose tensors are those of one that is: read and built under its name.

A twin is the same configuration in the words of the other. Every size stands in the file itself: no default of the other takes its place.
Names and tensors are as in vLLM's code for each family, vllm/model_executor/models and vllm/transformers_utils/configs of
github.com/vllm-project/vllm, the module in a comment.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from analysis.transformer.reader import as_typed

Fields = dict[str, Any]
DENSE = ("hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size", "vocab_size")
GROUPED = (*DENSE, "num_key_value_heads")
LATENT = ("q_lora_rank", "kv_lora_rank", "qk_nope_head_dim", "qk_rope_head_dim", "v_head_dim")
MIXTURE = ("moe_intermediate_size", "n_routed_experts", "num_experts_per_tok", "n_shared_experts", "first_k_dense_replace")


@dataclass(frozen=True)
class Twin:
    """How a family is said in the words of another.

    like: the model_type with the same tensors. needed: sizes, in the other's words, that the file must state. names: the family's words for
    the other's. fixed: what the family always has. usual: what it has where the file says nothing. must: values that the twin holds for;
    any other is refused. change: function that changes the fields further.
    """

    like: str
    needed: tuple[str, ...] = GROUPED
    names: Mapping[str, str] = field(default_factory=dict)
    fixed: Mapping[str, Any] = field(default_factory=dict)
    usual: Mapping[str, Any] = field(default_factory=dict)
    must: Mapping[str, Any] = field(default_factory=dict)
    change: Callable[[Fields], None] | None = None


def multi_head(fields: Fields) -> None:
    """As many heads of keys and values as of queries."""
    fields["num_key_value_heads"] = fields["num_attention_heads"]


def grouped_if_said(fields: Fields) -> None:
    """Heads of keys and values as the file says, as many as of queries where it says nothing."""
    if fields.get("num_key_value_heads") is None:
        multi_head(fields)


def qwen(fields: Fields) -> None:
    """The first Qwen's width of the MLP counts both of its halves, and its heads together are as wide as the model."""
    multi_head(fields)
    width, n_heads, head_dim = fields["intermediate_size"], fields["num_attention_heads"], fields.pop("kv_channels", None)
    whole = (fields["hidden_size"], n_heads)
    if head_dim is not None and all(isinstance(size, int) and size for size in whole) and head_dim != whole[0] / whole[1]:
        raise ValueError(f"kv_channels must be hidden_size over num_attention_heads for qwen, got {as_typed(head_dim)}")
    if isinstance(width, int) and width % 2:
        raise ValueError(f"intermediate_size must be even for qwen, whose MLP has two halves of it, got {width}")
    fields["intermediate_size"] = width // 2 if isinstance(width, int) and not isinstance(width, bool) else width


def chatglm(fields: Fields) -> None:
    """Groups of keys and values where multi_query_attention is on."""
    if not fields.pop("multi_query_attention", False):
        multi_head(fields)


def minicpm(fields: Fields) -> None:
    """A mixture where there are experts."""
    if fields.get("num_experts"):
        fields |= {"model_type": "mixtral", "num_local_experts": fields.pop("num_experts"), "sliding_window": None}


LLAMA: dict[str, Any] = {"attention_bias": False, "mlp_bias": False}
SPARSE: dict[str, Any] = {"attention_bias": False, "use_qk_norm": False}
TWINS: Mapping[str, Twin] = {
    "aquila": Twin("llama", DENSE, fixed=LLAMA, change=grouped_if_said),  # aquila
    "baichuan": Twin("llama", DENSE, fixed=LLAMA, change=multi_head),  # baichuan: one W_pack of three times the width
    "bailing_moe": Twin(  # bailing_moe
        "glm4_moe", (*GROUPED, *MIXTURE[:4]), {"n_routed_experts": "num_experts", "n_shared_experts": "num_shared_experts",
                                               "attention_bias": "use_qkv_bias"},
        usual={"use_qk_norm": False, "first_k_dense_replace": 0}, must={"use_bias": False},
    ),
    "chatglm": Twin(  # chatglm: the second and third generation, and GLM-4
        "glm", (*GROUPED, "head_dim"),
        {"num_hidden_layers": "num_layers", "intermediate_size": "ffn_hidden_size", "vocab_size": "padded_vocab_size",
         "head_dim": "kv_channels", "num_key_value_heads": "multi_query_group_num", "attention_bias": "add_qkv_bias",
         "max_position_embeddings": "seq_length"},
        must={"rmsnorm": True, "post_layer_norm": True, "add_bias_linear": False}, change=chatglm,
    ),
    "deepseek": Twin("glm4_moe", (*GROUPED, *MIXTURE), fixed=SPARSE, must={"attention_bias": False, "moe_layer_freq": 1}),  # deepseek
    "exaone": Twin("llama", DENSE, {"num_hidden_layers": "num_layers"}, LLAMA, {"tie_word_embeddings": True},
                   change=grouped_if_said),  # exaone
    "exaone4_5_text": Twin("exaone4"),  # transformers' class of exaone4_5 says so
    "internlm": Twin("llama", DENSE, {"attention_bias": "bias"}, {"mlp_bias": False}, change=grouped_if_said),  # llama
    "internlm2": Twin("llama", GROUPED, {"attention_bias": "bias"}, {"mlp_bias": False}),  # internlm2
    "kimi_k2": Twin("deepseek_v3", (*DENSE, *LATENT, *MIXTURE), must={"moe_layer_freq": 1}),  # deepseek_v2
    "minicpm": Twin("llama", GROUPED, fixed=LLAMA, usual={"tie_word_embeddings": True}, change=minicpm),  # minicpm
    "minimax_m3": Twin("minimax_m3_vl_text", (*GROUPED, "num_local_experts", "num_experts_per_tok")),
    "orion": Twin("stablelm", GROUPED, fixed={"use_qkv_bias": False, "qk_layernorm": False, "use_parallel_residual": False}),  # orion
    "phi3_v": Twin("phi3", GROUPED),  # phi3v
    "qwen": Twin("qwen2", DENSE, fixed={"use_sliding_window": False}, must={"no_bias": True}, change=qwen),  # qwen
    "xverse": Twin("llama", DENSE, fixed=LLAMA, change=grouped_if_said),  # xverse
    "Yi": Twin("llama", GROUPED, fixed=LLAMA),  # llama
}  # fmt: skip
WITHOUT_LATENT = TWINS["deepseek"]
"""DeepSeek-V2 with its latent attention switched off, as in DeepSeek-OCR."""


def twin_of(config: Mapping[str, Any]) -> Twin | None:
    """The twin of a configuration's model_type, None where it has none.

    >>> twin_of({"model_type": "internlm2"}).like, twin_of({"model_type": "llama"})
    ('llama', None)
    """
    model_type = config.get("model_type")
    heads = (config.get("qk_nope_head_dim"), config.get("qk_rope_head_dim"))
    if model_type == "deepseek_v2" and (config.get("use_mla") is False or heads == (0, 0)):
        return WITHOUT_LATENT
    return TWINS.get(model_type) if isinstance(model_type, str) else None


def as_twin(config: Mapping[str, Any]) -> tuple[Fields, str] | None:
    """A configuration in the words of its twin, and a note on it; None for a model_type that has none.

    Raises ValueError for a size that the file leaves out and for a value with which the family is not its twin.

    >>> as_twin({"model_type": "exaone4_5_text", "hidden_size": 8})
    Traceback (most recent call last):
    ...
    ValueError: the configuration has no num_hidden_layers
    """
    twin = twin_of(config)
    if twin is None:
        return None
    own = config["model_type"]
    for key, value in twin.must.items():
        if config.get(key, value) != value:
            raise ValueError(f"{key} must be {as_typed(value)} for {own} to be counted here, got {as_typed(config[key])}")
    consumed = {*twin.names.values(), *twin.must}
    fields = {key: value for key, value in config.items() if key not in consumed}
    fields |= {key: config[name] for key, name in twin.names.items() if name in config}
    for key in (*twin.needed, "tie_word_embeddings"):
        if key not in fields and key not in twin.usual:
            raise ValueError(f"the configuration has no {twin.names.get(key, key)}")
    fields = {**twin.usual, **fields, **twin.fixed, "model_type": twin.like}
    fields.setdefault("max_position_embeddings", None)
    if twin.change:
        twin.change(fields)
    return fields, f"Read as {fields['model_type']}, whose tensors {own} has."
