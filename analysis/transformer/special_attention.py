"""Mixers that fields of `Architecture` cannot say: functions that change the attention of a layer or put something else there.

Each takes (read, attention, kind, index, n_layers): the reader of the configuration, the attention that the layers share, with
the window of this one, the kind of the layer in the words of transformers, and its place. It gives what mixes tokens there.
"""

from dataclasses import replace

from analysis.transformer import mixer_sizes as mixers
from analysis.transformer.layer_patterns import FULL, LINEAR, SLIDING, SPARSE
from analysis.transformer.reader import Reader
from analysis.transformer.shape import Attention, Recurrent


def sinks(read: Reader, attention: Attention, *_layer) -> Attention:
    """One learned sink for each head."""
    return replace(attention, extra=attention.n_heads)


def bitnet(read: Reader, attention: Attention, *_layer) -> Attention:
    """A norm before the output projection."""
    return replace(attention, extra=read.size("hidden_size"))


def diffllama(read: Reader, attention: Attention, *_layer) -> Attention:
    """Four vectors that weigh the difference of two attention maps."""
    return replace(attention, extra=4 * attention.head_dim)


def output_gate(read: Reader, attention: Attention, *_layer) -> Attention:
    """A gate on the output of every head."""
    return replace(attention, extra_matrix=read.size("hidden_size") * attention.n_heads * attention.head_dim)


def biased_gate(read: Reader, attention: Attention, *_layer) -> Attention:
    """A gate on the output of every head, with a bias for each head."""
    return replace(output_gate(read, attention), extra=attention.n_heads)


def laguna(read: Reader, attention: Attention, kind: str, index: int, n_layers: int) -> Attention:
    """A number of heads for each layer, and a gate for each head or each of its values."""
    heads = read.numbers("num_attention_heads_per_layer")
    if heads is not None:
        if len(heads) != n_layers or heads[index] < 1:
            raise ValueError(f"num_attention_heads_per_layer must have one number of at least 1 for each of the {n_layers} layers")
        read.divides("num_attention_heads", heads[index], "num_key_value_heads", attention.n_kv_heads)
        attention = replace(attention, n_heads=heads[index])
    per_head = read.find("gating")[1] in (True, "per-head")
    return replace(attention, extra_matrix=read.size("hidden_size") * attention.n_heads * (1 if per_head else attention.head_dim))


def minimax_m3(read: Reader, attention: Attention, kind: str, *_layer) -> Attention:
    """An indexer with a key of its own in sparse layers."""
    if kind != SPARSE:
        return attention
    names = {"index_n_heads": "sparse_num_index_heads", "index_head_dim": "sparse_index_dim"}
    heads, width = (read.size(f"sparse_attention_config.{inner}", required=False) or read.size(name) for name, inner in names.items())
    matrix = read.size("hidden_size") * (heads + 1) * width
    return replace(attention, extra_matrix=matrix, extra=2 * width, extra_cache=width)


def gpt_bigcode(read: Reader, attention: Attention, *_layer) -> Attention:
    """One head of keys and values where multi_query is on."""
    return replace(attention, n_kv_heads=1 if read.flag("multi_query") else attention.n_heads)


def gpt_neo(read: Reader, attention: Attention, *_layer) -> Attention:
    """A window that is a mask only: transformers keeps all keys and values."""
    return replace(attention, rolls=False)


def falcon(read: Reader, attention: Attention, *_layer) -> Attention:
    """Grouped heads in the new architecture, one head with multi_query, else as many as of queries."""
    if not read.flag("new_decoder_architecture"):
        return replace(attention, n_kv_heads=1 if read.flag("multi_query") else attention.n_heads)
    n_kv_heads = read.size("num_kv_heads", required=False) or attention.n_heads
    read.divides("num_attention_heads", attention.n_heads, "num_kv_heads", n_kv_heads)
    return replace(attention, n_kv_heads=n_kv_heads)


def dbrx(read: Reader, attention: Attention, *_layer) -> Attention:
    """Heads of keys and values in attn_config."""
    n_kv_heads = read.size("attn_config.kv_n_heads")
    read.divides("num_attention_heads", attention.n_heads, "attn_config.kv_n_heads", n_kv_heads)
    return replace(attention, n_kv_heads=n_kv_heads)


def mimo(read: Reader, attention: Attention, kind: str, *_layer) -> Attention:
    """Values narrower than keys; layers with a window have twice the key-value heads, and sinks."""
    twice = 2 if kind == SLIDING else 1
    window = attention.window
    if kind == SLIDING and (size := read.size("sliding_window_size", required=False)):
        window = size + 1
    return replace(
        attention,
        v_head_dim=read.size("v_head_dim"),
        n_kv_heads=twice * attention.n_kv_heads,
        window=window,
        extra=attention.n_heads if kind == SLIDING else 0,
    )


def indexer(read: Reader, attention: Attention, kind: str, index: int, n_layers: int) -> Attention:
    """DeepSeek sparse attention: a small indexer with keys of its own chooses what is attended to; some layers reuse another's."""
    modes = read.words("indexer_types")
    if modes is not None and len(modes) != n_layers:
        raise ValueError(f"indexer_types must have one entry for each of the {n_layers} layers, got {len(modes)}")
    if modes is None:
        _name, pattern, _held = read.find("index_topk_pattern")
        step, first = read.size("index_topk_freq", required=False) or 1, read.size("index_skip_topk_offset", required=False, least=0)
        full = max(index - (2 if first is None else first) + 1, 0) % step == 0
        if isinstance(pattern, str) and len(pattern) == n_layers:
            full = pattern[index] == "F"
    else:
        full = modes[index] == "full"
    if not full:
        return attention
    d_model, heads, width = read.size("hidden_size"), read.size("index_n_heads"), read.size("index_head_dim")
    if attention.latent.q_rank is None:
        raise ValueError("q_lora_rank must be a whole number for an architecture with an indexer, got null")
    matrix = attention.latent.q_rank * heads * width + d_model * (width + heads)
    return replace(attention, extra_matrix=matrix, extra=attention.extra + 2 * width, extra_cache=width)


def shared_from(read: Reader, n_layers: int) -> int:
    """The first of the last layers that use keys and values of another."""
    return n_layers - (read.size("num_kv_shared_layers", required=False, least=0, most=n_layers) or 0)


def gemma3n(read: Reader, attention: Attention, kind: str, index: int, n_layers: int) -> Attention:
    """The last layers use keys and values of an earlier one."""
    if index < shared_from(read, n_layers):
        return attention
    return replace(attention, kv_projections=0, caches=False, qk_norm=attention.head_dim)


def gemma4(read: Reader, attention: Attention, kind: str, index: int, n_layers: int) -> Attention:
    """Wider heads, and keys that are the values too, in layers without a window; the last layers use keys and values of others."""
    if index == n_layers - 1:
        attention, kind = replace(attention, window=None), FULL
    own = {}
    _name, listed, held = read.find("per_layer_config")
    if held and isinstance(listed, dict):
        own = next((part for key, part in listed.items() if str(key).isdecimal() and int(key) == index), {})
        own = own if isinstance(own, dict) else {}
    elif kind == FULL:
        own = {"head_dim": read.size("global_head_dim", required=False) or 512}
        if kv := (read.size("num_global_key_value_heads", required=False) if read.flag("attention_k_eq_v") else None):
            own["num_key_value_heads"] = kv
    part = Reader(own, "", {}, nested=True)
    width = part.size("head_dim", required=False) or attention.head_dim
    n_kv_heads = part.size("num_key_value_heads", required=False) or attention.n_kv_heads
    read.divides("num_attention_heads", attention.n_heads, "num_key_value_heads", n_kv_heads)
    keys_are_values = kind != SLIDING and read.flag("attention_k_eq_v")
    attention = replace(
        attention,
        head_dim=width,
        v_head_dim=width,
        n_kv_heads=n_kv_heads,
        qk_norm=2 * width,
        kv_projections=2 - keys_are_values,
    )
    return gemma3n(read, attention, kind, index, n_layers)


def jamba(read: Reader, attention: Attention, kind: str, index: int, *_n) -> Attention | Recurrent:
    """Attention once in attn_layer_period layers, else Mamba with norms."""
    if index % read.size("attn_layer_period") == read.size("attn_layer_offset", least=0):
        return attention
    rank = read.find("mamba_dt_rank")[1]
    return mixers.mamba(
        read.size("hidden_size"),
        read.size("mamba_expand"),
        read.size("mamba_d_state"),
        read.size("mamba_d_conv"),
        None if rank in ("auto", None) else read.size("mamba_dt_rank"),
        inner_norms=True,
        conv_bias=read.flag("mamba_conv_bias"),
        bias=read.flag("mamba_proj_bias"),
    )


def mamba(read: Reader, *_layer) -> Recurrent:
    """Mamba in every layer."""
    rank = read.find("time_step_rank")[1]
    return mixers.mamba(
        read.size("hidden_size"),
        read.size("expand"),
        read.size("state_size"),
        read.size("conv_kernel"),
        None if rank in ("auto", None) else read.size("time_step_rank"),
        conv_bias=read.flag("use_conv_bias"),
        bias=read.flag("use_bias"),
    )


def mamba2(read: Reader, *_layer) -> Recurrent:
    """Mamba-2 in every layer."""
    d_model = read.size("hidden_size")
    bias = read.flag("use_bias")
    return mixers.mamba2(
        d_model,
        read.size("num_heads"),
        read.size("expand") * d_model,
        read.size("n_groups"),
        read.size("state_size"),
        read.size("conv_kernel"),
        read.flag("use_conv_bias"),
        bias,
        bias,
    )


def mamba2_of(read: Reader, inner: int | None = None, norm: bool = True, out_bias: str = "mamba_proj_bias") -> Recurrent:
    """Mamba-2 by the fields that start with mamba_."""
    d_model = read.size("hidden_size")
    return mixers.mamba2(
        d_model,
        read.size("mamba_n_heads"),
        inner or read.size("mamba_expand") * d_model,
        read.size("mamba_n_groups"),
        read.size("mamba_d_state"),
        read.size("mamba_d_conv"),
        read.flag("mamba_conv_bias"),
        read.flag("mamba_proj_bias"),
        read.flag(out_bias),
        norm,
    )


def bamba(read: Reader, attention: Attention, kind: str, index: int, *_n) -> Attention | Recurrent:
    """Attention in the layers of attn_layer_indices, else Mamba-2."""
    return attention if index in (read.numbers("attn_layer_indices") or ()) else mamba2_of(read)


def granite_hybrid(read: Reader, attention: Attention, kind: str, *_layer) -> Attention | Recurrent:
    """Mamba-2 in linear layers."""
    return mamba2_of(read) if kind == LINEAR else attention


def nemotron_h(read: Reader, attention: Attention, kind: str, *_layer) -> Attention | Recurrent | None:
    """Mamba-2 or attention in the layers that have one."""
    if kind != LINEAR:
        return attention if kind == FULL else None
    inner = read.size("mamba_num_heads") * read.size("mamba_head_dim")
    groups = read.size("mamba_n_groups" if read.holds("mamba_n_groups") else "n_groups")
    kernel = read.size("mamba_d_conv" if read.holds("mamba_d_conv") else "conv_kernel")
    conv_bias = read.flag("mamba_conv_bias" if read.holds("mamba_conv_bias") else "use_conv_bias")
    bias = read.flag("use_bias")
    return mixers.mamba2(
        read.size("hidden_size"),
        read.size("mamba_num_heads"),
        inner,
        groups,
        read.size("ssm_state_size"),
        kernel,
        conv_bias,
        bias,
        bias,
    )


def gated_delta(read: Reader, attention: Attention, kind: str, *_layer) -> Attention | Recurrent:
    """A gated delta network in linear layers; attention with a gate on its output."""
    if kind != LINEAR:
        bias = attention.q_bias * attention.n_heads * attention.head_dim  # the gate is the second half of the query's projection
        return replace(output_gate(read, attention), extra=bias)
    return mixers.gated_delta(
        read.size("hidden_size"),
        read.size("linear_num_key_heads"),
        read.size("linear_key_head_dim"),
        read.size("linear_num_value_heads"),
        read.size("linear_value_head_dim"),
        read.size("linear_conv_kernel_dim"),
    )


def olmo_delta(read: Reader, attention: Attention, kind: str, *_layer) -> Attention | Recurrent:
    """A gated delta network in linear layers, with as many heads as attention where it says nothing else."""
    if kind != LINEAR:
        return attention
    d_model, heads = read.size("hidden_size"), attention.n_heads
    key_heads = read.size("linear_num_key_heads", required=False) or heads
    key_dim = read.size("linear_key_head_dim", required=False) or int(0.75 * d_model / key_heads)
    return mixers.gated_delta(
        d_model,
        key_heads,
        key_dim,
        read.size("linear_num_value_heads", required=False) or heads,
        read.size("linear_value_head_dim", required=False) or 2 * key_dim,
        read.size("linear_conv_kernel_dim"),
    )


def lightning(read: Reader, attention: Attention, kind: str, *_layer) -> Attention | Recurrent:
    """Lightning attention in linear layers."""
    return mixers.lightning(read.size("hidden_size"), attention.n_heads, attention.head_dim) if kind == LINEAR else attention


def kimi_delta(read: Reader, attention: Attention, kind: str, *_layer) -> Attention | Recurrent:
    """Kimi delta attention in linear layers."""
    if kind != LINEAR:
        return attention
    names = {"linear_num_heads": "num_heads", "linear_head_dim": "head_dim", "linear_conv_kernel_dim": "short_conv_kernel_size"}
    sizes = (read.size(f"linear_attn_config.{inner}", required=False) or read.size(name) for name, inner in names.items())
    return mixers.kimi_delta(read.size("hidden_size"), *sizes)


def short_conv(read: Reader, attention: Attention, kind: str, *_layer) -> Attention | Recurrent:
    """A short convolution in conv layers."""
    return mixers.short_conv(read.size("hidden_size"), read.size("conv_L_cache"), read.flag("conv_bias")) if kind == "conv" else attention


def gated_conv(read: Reader, attention: Attention, kind: str, *_layer) -> Attention | Recurrent:
    """A short convolution in conv layers; attention with a gate for each head where use_attention_gate is on."""
    gate = read.size("hidden_size") * attention.n_heads * read.flag("use_attention_gate")
    return short_conv(read, replace(attention, extra_matrix=gate), kind)
