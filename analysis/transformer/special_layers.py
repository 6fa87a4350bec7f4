"""What single architectures have that fields of `Architecture` cannot say: functions that change a layer or the whole.

A layer function takes (read, layer, kind, index, n_layers) and gives the layer; an outside function takes (read, shape) and gives
the shape. Functions for mixers are in analysis.transformer.special_attention.
"""

from dataclasses import replace

from analysis.transformer.reader import Reader, as_typed
from analysis.transformer.shape import Experts, Layer, Mlp, TransformerShape, plain_mlp
from analysis.transformer.special_attention import mamba2_of, shared_from

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


def lfm2_layer(read: Reader, layer: Layer, *_layer) -> Layer:
    """A width of the MLP that is cut to two thirds and rounded up, where block_auto_adjust_ff_dim is on."""
    d_ff = read.size("intermediate_size")
    if read.flag("block_auto_adjust_ff_dim"):
        _name, factor, _held = read.find("block_ffn_dim_multiplier")
        d_ff = int(2 * d_ff / 3)
        if factor is not None:
            if isinstance(factor, bool) or not isinstance(factor, (int, float)) or not 0 < factor < 1000:
                raise ValueError(f"block_ffn_dim_multiplier must be a positive number, got {as_typed(factor)}")
            step = read.size("block_multiple_of")
            d_ff = step * ((int(factor * d_ff) + step - 1) // step)
    return replace(layer, mlp=replace(layer.mlp, d_ff=d_ff))


def lfm3_layer(read: Reader, layer: Layer, *_layer) -> Layer:
    """Norms after each part as well, where use_sandwich_norm is on."""
    return replace(layer, norms=4 if read.flag("use_sandwich_norm") else 2)


def axk1_layer(read: Reader, layer: Layer, *_layer) -> Layer:
    """A norm after the experts."""
    if not layer.experts:
        return layer
    norm = read.size("hidden_size")
    if layer.experts.shared is None:
        return replace(layer, norms=layer.norms + 1)
    return replace(layer, experts=replace(layer.experts, shared=replace(layer.experts.shared, biases=norm)))


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
        layer,
        mlp=None,
        experts=Experts(n_experts, read.size("num_experts_per_tok", most=n_experts), expert, shared),
        other_matrix=2 * d_model * (narrow or 0),
        other=bias * (narrow + d_model) if narrow else 0,
    )


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


def falcon_outside(read: Reader, shape: TransformerShape) -> TransformerShape:
    """With a note on the cache of grouped heads."""
    if not read.flag("new_decoder_architecture"):
        return shape
    note = "The cache holds a group's keys and values once; transformers repeats them for every head of the group."
    return replace(shape, notes=(*shape.notes, note))


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
