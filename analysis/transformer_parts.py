"""What single architectures have that fields of `Architecture` cannot say: functions that change a mixer, a layer or the whole.

A mixer function takes (read, attention, kind, index, n_layers) and gives what mixes tokens in that layer; a layer function takes
(read, layer, kind, index, n_layers) and gives the layer; an outside function takes (read, shape) and gives the shape.
"""

from dataclasses import replace

from analysis import transformer_mixers as mixers
from analysis.transformer_layers import FULL, LINEAR, SLIDING
from analysis.transformer_reader import MOST_LAYERS, Reader, short
from analysis.transformer_shape import Attention, Experts, Layer, Mlp, Recurrent, TransformerShape, plain_mlp

# --- mixers ----------------------------------------------------------------------------------------------------------


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


def gpt_bigcode(read: Reader, attention: Attention, *_layer) -> Attention:
    """One head of keys and values where multi_query is on."""
    return replace(attention, n_kv_heads=1 if read.flag("multi_query") else attention.n_heads)


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
        attention, v_head_dim=read.size("v_head_dim"), n_kv_heads=twice * attention.n_kv_heads, window=window,
        extra=attention.n_heads if kind == SLIDING else 0,
    )  # fmt: skip


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
        attention, head_dim=width, v_head_dim=width, n_kv_heads=n_kv_heads, qk_norm=2 * width, kv_projections=2 - keys_are_values,
    )  # fmt: skip
    return gemma3n(read, attention, kind, index, n_layers)


def jamba(read: Reader, attention: Attention, kind: str, index: int, *_n) -> Attention | Recurrent:
    """Attention once in attn_layer_period layers, else Mamba with norms."""
    if index % read.size("attn_layer_period") == read.size("attn_layer_offset", least=0):
        return attention
    rank = read.find("mamba_dt_rank")[1]
    return mixers.mamba(
        read.size("hidden_size"), read.size("mamba_expand"), read.size("mamba_d_state"), read.size("mamba_d_conv"),
        None if rank in ("auto", None) else read.size("mamba_dt_rank"), inner_norms=True,
        conv_bias=read.flag("mamba_conv_bias"), bias=read.flag("mamba_proj_bias"),
    )  # fmt: skip


def mamba(read: Reader, *_layer) -> Recurrent:
    """Mamba in every layer."""
    rank = read.find("time_step_rank")[1]
    return mixers.mamba(
        read.size("hidden_size"), read.size("expand"), read.size("state_size"), read.size("conv_kernel"),
        None if rank in ("auto", None) else read.size("time_step_rank"),
        conv_bias=read.flag("use_conv_bias"), bias=read.flag("use_bias"),
    )  # fmt: skip


def mamba2(read: Reader, *_layer) -> Recurrent:
    """Mamba-2 in every layer."""
    d_model = read.size("hidden_size")
    bias = read.flag("use_bias")
    return mixers.mamba2(
        d_model, read.size("num_heads"), read.size("expand") * d_model, read.size("n_groups"), read.size("state_size"),
        read.size("conv_kernel"), read.flag("use_conv_bias"), bias, bias,
    )  # fmt: skip


def mamba2_of(read: Reader, inner: int | None = None, norm: bool = True, out_bias: str = "mamba_proj_bias") -> Recurrent:
    """Mamba-2 by the fields that start with mamba_."""
    d_model = read.size("hidden_size")
    return mixers.mamba2(
        d_model, read.size("mamba_n_heads"), inner or read.size("mamba_expand") * d_model, read.size("mamba_n_groups"),
        read.size("mamba_d_state"), read.size("mamba_d_conv"), read.flag("mamba_conv_bias"), read.flag("mamba_proj_bias"),
        read.flag(out_bias), norm,
    )  # fmt: skip


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
    groups, kernel = (read.size(key if read.find(key)[2] else other) for key, other in (("mamba_n_groups", "n_groups"), ("mamba_d_conv", "conv_kernel")))
    conv_bias = read.flag("mamba_conv_bias" if read.find("mamba_conv_bias")[2] else "use_conv_bias")
    bias = read.flag("use_bias")
    return mixers.mamba2(
        read.size("hidden_size"), read.size("mamba_num_heads"), inner, groups, read.size("ssm_state_size"), kernel, conv_bias, bias, bias,
    )  # fmt: skip


def gated_delta(read: Reader, attention: Attention, kind: str, *_layer) -> Attention | Recurrent:
    """A gated delta network in linear layers; attention with a gate on its output."""
    if kind != LINEAR:
        bias = attention.q_bias * attention.n_heads * attention.head_dim  # the gate is the second half of the query's projection
        return replace(output_gate(read, attention), extra=bias)
    return mixers.gated_delta(
        read.size("hidden_size"), read.size("linear_num_key_heads"), read.size("linear_key_head_dim"),
        read.size("linear_num_value_heads"), read.size("linear_value_head_dim"), read.size("linear_conv_kernel_dim"),
    )  # fmt: skip


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


# --- layers ----------------------------------------------------------------------------------------------------------


def apertus_layer(read: Reader, layer: Layer, *_layer) -> Layer:
    """Two learned numbers in the activation of the MLP."""
    return replace(layer, mlp=replace(layer.mlp, biases=2))


def bitnet_layer(read: Reader, layer: Layer, *_layer) -> Layer:
    """A norm before the last matrix of the MLP."""
    return replace(layer, mlp=replace(layer.mlp, biases=layer.mlp.d_ff))


def hyperclovax_layer(read: Reader, layer: Layer, *_layer) -> Layer:
    """Norms after attention and MLP as well, where use_post_norm is on."""
    return replace(layer, norms=4 if read.flag("use_post_norm") else 2)


def stablelm_layer(read: Reader, layer: Layer, *_layer) -> Layer:
    """One norm where attention and MLP run in parallel."""
    return replace(layer, norms=1 if read.flag("use_parallel_residual") else 2)


def falcon_layer(read: Reader, layer: Layer, *_layer) -> Layer:
    """Two norms, but one where attention and MLP run in parallel and share it."""
    number = read.size("num_ln_in_parallel_attn", required=False)
    if number is None:
        number = 2 if read.flag("new_decoder_architecture") else 1
    return replace(layer, norms=2 if number == 2 or not read.flag("parallel_attn") else 1)


def qwen_layer(read: Reader, layer: Layer, *_layer) -> Layer:
    """The first Qwen's intermediate_size counts both halves of the gated MLP."""
    return replace(layer, mlp=replace(layer.mlp, d_ff=layer.mlp.d_ff // 2))


def lfm2_layer(read: Reader, layer: Layer, *_layer) -> Layer:
    """A width of the MLP that is cut to two thirds and rounded up, where block_auto_adjust_ff_dim is on."""
    d_ff = read.size("block_ff_dim" if read.find("block_ff_dim")[2] else "intermediate_size")
    if read.flag("block_auto_adjust_ff_dim"):
        _name, factor, _held = read.find("block_ffn_dim_multiplier")
        d_ff = int(2 * d_ff / 3)
        if factor is not None:
            if isinstance(factor, bool) or not isinstance(factor, (int, float)) or not 0 < factor < 1000:
                raise ValueError(f"block_ffn_dim_multiplier must be a positive number, got {short(factor)}")
            step = read.size("block_multiple_of")
            d_ff = step * ((int(factor * d_ff) + step - 1) // step)
    return replace(layer, mlp=replace(layer.mlp, d_ff=d_ff))


def hunyuan_moe_layer(read: Reader, layer: Layer, *_layer) -> Layer:
    """A shared expert of the same width; lists of numbers by layer must all be the same."""
    return replace(layer, experts=replace(layer.experts, shared=layer.experts.expert))


def granite_hybrid_layer(read: Reader, layer: Layer, *_layer) -> Layer:
    """Without experts the shared MLP is the only one."""
    if layer.experts:
        return layer
    return replace(layer, mlp=plain_mlp(read.size("shared_intermediate_size"), True, read.size("hidden_size")))


def falcon_h1_layer(read: Reader, layer: Layer, *_layer) -> Layer:
    """Mamba-2 beside attention."""
    inner = read.size("mamba_d_ssm", required=False)
    return replace(layer, beside=mamba2_of(read, inner, norm=read.flag("mamba_rms_norm"), out_bias="projectors_bias"))


def nemotron_h_layer(read: Reader, layer: Layer, kind: str, *_layer) -> Layer:
    """An MLP or experts in the layers that have nothing else; experts may work on a narrower copy of the stream."""
    d_model, bias = read.size("hidden_size"), read.flag("mlp_bias")
    if kind == "mlp":
        return replace(layer, mlp=plain_mlp(read.size("intermediate_size"), False, d_model, bias))
    if kind != "moe":
        return replace(layer, mlp=None)
    n_experts, narrow = read.size("n_routed_experts"), read.size("moe_latent_size", required=False)
    shared = plain_mlp(read.size("moe_shared_expert_intermediate_size"), False, d_model, bias)
    expert = Mlp(read.size("moe_intermediate_size"), False, d_in=narrow)
    return replace(
        layer, mlp=None, experts=Experts(n_experts, read.size("num_experts_per_tok", most=n_experts), expert, shared),
        other_matrix=2 * d_model * (narrow or 0), other=bias * (narrow + d_model) if narrow else 0,
    )  # fmt: skip


def gemma3n_layer(read: Reader, layer: Layer, kind: str, index: int, n_layers: int) -> Layer:
    """Alternating updates, a low-rank side path, and an input of its own for every layer."""
    d, rank, copies = read.size("hidden_size"), read.size("laurel_rank"), read.size("altup_num_inputs")
    _name, widths, _held = read.find("intermediate_size")
    if isinstance(widths, list):
        widths = read.numbers("intermediate_size")
        if len(widths) != n_layers:
            raise ValueError(f"intermediate_size must have one entry for each of the {n_layers} layers, got {len(widths)}")
        d_ff = widths[index]
    else:
        d_ff = read.size("intermediate_size")
    matrix = copies * d + copies**2 + copies**3 + 2 * d * rank
    other = 3 * d
    layer = per_layer_input(read, replace(layer, mlp=plain_mlp(d_ff, True, d)))
    return replace(layer, other_matrix=layer.other_matrix + matrix, other=layer.other + other)


def gemma4_layer(read: Reader, layer: Layer, kind: str, index: int, n_layers: int) -> Layer:
    """An input of its own for every layer, wider MLPs where keys and values are reused, and experts beside the MLP."""
    d = read.size("hidden_size")
    if read.flag("use_double_wide_mlp") and index >= shared_from(read, n_layers):
        layer = replace(layer, mlp=replace(layer.mlp, d_ff=2 * layer.mlp.d_ff))
    if read.flag("enable_moe_block"):
        n_experts = read.size("num_experts")
        expert = plain_mlp(read.size("moe_intermediate_size"), True, d)
        experts = Experts(n_experts, read.size("top_k_experts", most=n_experts), expert, router_bias=d + n_experts)
        layer = replace(layer, experts=experts, norms=layer.norms + 3)
    return per_layer_input(read, layer)


def per_layer_input(read: Reader, layer: Layer) -> Layer:
    """The layer with the gate, projection and norm of an input of its own, where the configuration has such inputs."""
    d, width = read.size("hidden_size"), read.size("hidden_size_per_layer_input", required=False, least=0) or 0
    return replace(layer, other_matrix=layer.other_matrix + 2 * d * width, norms=layer.norms + (width > 0))


# --- the whole -------------------------------------------------------------------------------------------------------


def opt_outside(read: Reader, shape: TransformerShape) -> TransformerShape:
    """Embeddings of another width, norms after instead of before, norms without parameters."""
    width = read.size("word_embed_proj_dim", required=False)
    last = read.flag("do_layer_norm_before") and not read.flag("_remove_final_layer_norm")
    norm = "layernorm" if read.flag("layer_norm_elementwise_affine") else "none"
    return replace(shape, embedding_dim=None if width == shape.d_model else width, final_norms=int(last), norm=norm)


def untied(read: Reader, shape: TransformerShape) -> TransformerShape:
    """An output layer of its own, whatever tie_word_embeddings says."""
    return replace(shape, tied_embeddings=False)


def per_layer_inputs(read: Reader, shape: TransformerShape) -> TransformerShape:
    """A second token table with a vector for every layer."""
    width = read.size("hidden_size_per_layer_input", required=False, least=0) or 0
    if not width:
        return shape
    table = read.size("vocab_size_per_layer_input") * shape.n_layers * width
    return replace(shape, other_embedding=table, other_matrix=shape.other_matrix + shape.d_model * shape.n_layers * width, other=width)


def gemma3n_outside(read: Reader, shape: TransformerShape) -> TransformerShape:
    """Inputs for every layer, and projections into and out of the copies of the stream."""
    copies = read.size("altup_num_inputs")
    return per_layer_inputs(read, replace(shape, other_matrix=2 * (copies - 1) * shape.d_model**2))


def t5(read: Reader) -> TransformerShape:
    """An encoder and a decoder of T5, which transformers always ties; with experts on every n-th layer in a Switch Transformer."""
    d, n_heads, width = read.size("d_model"), read.size("num_heads"), read.size("d_kv")
    n_encoder = read.size("num_layers", most=MOST_LAYERS)
    n_decoder = read.size("num_decoder_layers", required=False, most=MOST_LAYERS) or n_encoder
    gated = str(read.find("feed_forward_proj")[1] or "").startswith("gated-")
    mlp = plain_mlp(read.size("d_ff"), gated, d)
    attention = Attention(n_heads, n_heads, width, width)
    first = replace(attention, extra=read.size("relative_attention_num_buckets") * n_heads)
    experts = None
    if read.model_type == "switch_transformers" and (n_experts := read.size("num_experts", least=0)):
        experts = Experts(n_experts, 1, mlp, router_bias=n_experts * read.flag("router_bias"))

    def stack(n_layers: int, key: str, decoder: bool) -> tuple[Layer, ...]:
        sparse = read.size(key, required=False, least=0) if experts else 0
        step = n_layers // sparse if sparse else 0
        layers = []
        for index in range(n_layers):
            chosen = experts if step and (index % step == 1 or step == 1) else None
            mixer = attention if index else first
            layers.append(Layer(mixer, None if chosen else mlp, chosen, norms=2 + decoder, cross=attention if decoder else None))
        return tuple(layers)

    return TransformerShape(
        d_model=d, vocab_size=read.size("vocab_size"), layers=stack(n_decoder, "num_sparse_decoder_layers", True),
        encoder_layers=stack(n_encoder, "num_sparse_encoder_layers", False), final_norms=2,
        tied_embeddings=read.model_type == "t5" or read.flag("tie_word_embeddings"), context_len=read.size("n_positions", required=False),
    )  # fmt: skip
