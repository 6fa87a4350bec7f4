"""What fine-tuning memory is made of: the matrices of a model, the adapters on them, and the activations kept for the backward pass."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from analysis.trace import largest, named, real
from analysis.transformer.shape import Attention, Layer, Mlp, Recurrent, TransformerShape, whole

ALL_LINEAR = ("q", "k", "v", "o", "gate", "up", "down")
"""The matrices of a block that adapters can stand on: attention's four, and the MLP's (no gate where it is plain)."""

TARGETS = {
    "all": ("all linear layers", ALL_LINEAR),
    "attention": ("attention (q, k, v, o)", ("q", "k", "v", "o")),
    "qv": ("queries and values", ("q", "v")),
}
"""Choices of matrices for adapters: what they are called, and their roles."""

LOGIT_BYTES = {"low": 4, "middle": 8, "high": 14}
"""Bytes per token and word for logits and loss: 32-bit logits alone; with their gradient; with 16-bit logits and a softmax kept besides."""


@dataclass(frozen=True)
class Matrix:
    """A weight matrix of a block: its role (one of ALL_LINEAR), sizes, how many there are, and how many a token passes."""

    role: str
    d_in: int
    d_out: int
    copies: int = 1
    used: int = 1


def layer_matrices(layer: Layer, d_model: int) -> Iterator[Matrix]:
    """The matrices of one layer on which adapters can stand: not those of recurrent mixers, routers and output gates."""
    for attention in (layer.mixer, layer.cross):
        if isinstance(attention, Attention):
            yield from attention_parts(attention, d_model)
    if layer.mlp:
        yield from mlp_parts(layer.mlp, d_model)
    if layer.experts:
        yield from mlp_parts(layer.experts.expert, d_model, layer.experts.n_experts, layer.experts.top_k)
        if layer.experts.shared:
            yield from mlp_parts(layer.experts.shared, d_model)


def attention_parts(attention: Attention, d_model: int) -> Iterator[Matrix]:
    """The matrices of one attention; with MLA the compressing and the expanding one of queries (q) and of keys and values (k, v)."""
    a = attention
    if a.latent:
        queries = a.n_heads * (a.latent.nope_dim + a.latent.rope_dim)
        if a.latent.q_rank is None:
            yield Matrix("q", d_model, queries)
        else:
            yield Matrix("q", d_model, a.latent.q_rank)
            yield Matrix("q", a.latent.q_rank, queries)
        yield Matrix("k", d_model, a.latent.kv_rank + a.latent.rope_dim)
        yield Matrix("v", a.latent.kv_rank, a.n_heads * (a.latent.nope_dim + a.v_head_dim))
    else:
        yield Matrix("q", d_model, a.n_heads * a.head_dim)
        if a.kv_projections > 0:
            yield Matrix("k", d_model, a.n_kv_heads * a.head_dim)
        if a.kv_projections > 1:
            yield Matrix("v", d_model, a.n_kv_heads * a.v_head_dim)
    yield Matrix("o", a.n_heads * a.v_head_dim, d_model)


def mlp_parts(mlp: Mlp, d_model: int, copies: int = 1, used: int = 1) -> Iterator[Matrix]:
    """The two matrices of an MLP, three when gated."""
    width = mlp.d_in or d_model
    if mlp.gated:
        yield Matrix("gate", width, mlp.d_ff, copies, used)
    yield Matrix("up", width, mlp.d_ff, copies, used)
    yield Matrix("down", mlp.d_ff, width, copies, used)


def layer_counts(shape: TransformerShape) -> Mapping[Layer, int]:
    """How often each kind of layer occurs, encoder included."""
    return shape.kinds(encoder=True)


def quantised_params(shape: TransformerShape) -> int:
    """Parameters that QLoRA stores in 4 bits: every matrix of the blocks.

    Those are attention, MLPs, experts and the projections of recurrent mixers. Embeddings, output layer, norms, biases and routers stay
    in 16 bits. Source: [dettmers2023] section 3; experts are taken to be separate linear layers.

    >>> from analysis.transformer.plain_shape import transformer_shape
    >>> quantised_params(transformer_shape(n_layers=32, d_model=4096, n_heads=32, d_ff=11008, vocab_size=32000))
    6476005376
    """
    total = 0
    for layer, times in layer_counts(shape).items():
        matrices = sum(m.d_in * m.d_out * m.copies for m in layer_matrices(layer, shape.d_model))
        total += times * named(matrices, r"Q_\text{layer}", "parameters in the matrices of one layer")
        total += times * sum(attention.extra_matrix for attention in (layer.mixer, layer.cross) if isinstance(attention, Attention))
        total += times * (layer.other_matrix + sum(m.matrix for m in (layer.mixer, layer.beside) if isinstance(m, Recurrent)))
    return total


def largest_matrix(shape: TransformerShape) -> int:
    """Parameters of the largest matrix of the blocks, which is what is dequantised at a time."""
    return max((m.d_in * m.d_out for layer in layer_counts(shape) for m in layer_matrices(layer, shape.d_model)), default=0)


def largest_layer(shape: TransformerShape) -> int:
    """Parameters in the matrices of the largest layer, experts included."""
    return max((sum(m.d_in * m.d_out * m.copies for m in layer_matrices(layer, shape.d_model)) for layer in layer_counts(shape)), default=0)


def largest_tensor(shape: TransformerShape) -> int:
    """Parameters of the largest single tensor: a matrix of a block, or the table of the embeddings."""
    return max(largest_matrix(shape), shape.vocab_size * shape.d_model)


def adapter_params(shape: TransformerShape, rank: int, targets: Sequence[str] = ALL_LINEAR) -> int:
    """Parameters of low-rank adapters on the targets: rank * (d_in + d_out) for each matrix, experts one by one.

    Queries, keys and values count as separate matrices; an adapter on a fused one (GPT-NeoX, Falcon) is smaller.
    targets: any of "q", "k", "v", "o", "gate", "up", "down". Raises ValueError for other names, or where none of them exists.
    Source: [hu2021] section 4.1.

    >>> from analysis.transformer.plain_shape import transformer_shape
    >>> shape = transformer_shape(n_layers=32, d_model=4096, n_heads=32, d_ff=11008, vocab_size=32000)
    >>> adapter_params(shape, 8, ("q", "v")), adapter_params(shape, 64)
    (4194304, 159907840)
    """
    whole("rank", rank)
    unknown = [target for target in targets if target not in ALL_LINEAR]
    if unknown:
        raise ValueError(f"targets must be out of {', '.join(ALL_LINEAR)}, got {unknown[0]!r}")
    total = 0
    for layer, times in layer_counts(shape).items():
        matrices = (m for m in layer_matrices(layer, shape.d_model) if m.role in targets)
        adapters = sum(rank * (m.d_in + m.d_out) * m.copies for m in matrices)
        total += times * named(adapters, r"A_\text{layer}", "parameters of the adapters in one layer")
    if not total and not largest_matrix(shape):
        raise ValueError("adapters need attention or an MLP to stand on, and this model has neither")
    if not total:
        raise ValueError(f"targets must name matrices that the model has, got {', '.join(targets) or 'none'}")
    return total


def layer_activations(
    layer: Layer,
    d_model: int,
    *,
    flash: bool = True,
    dropout: bool = False,
    value_bytes: int = 2,
    rank: int = 0,
    targets: Sequence[str] = (),
) -> tuple[float, float]:
    """Bytes that one layer keeps for its backward pass: (for each token, for each pair of tokens in a sequence).

    Kept are the inputs of norms, matrices and products: norms d each; attention d + q + k + v + its output; a plain MLP d + 2 d_ff, a gated
    one d + 4 d_ff; top_k experts as many MLPs; rank values for each adapter; all times value_bytes. Attention without flash also
    keeps its n_heads s^2 weights; with it, 4 bytes for each head and token. dropout: as in GPT-2 and Megatron, two masks of d bytes, and
    5 bytes for each weight instead of 2.

    With a plain MLP of 4 d, dropout and no flash this is the published s b h (34 + 5 a s / h). A recurrent mixer is taken to
    keep one value for each column of its matrices; its scan is not modelled.
    Source: [korthikanti2022] section 4.1, extended to gated MLPs, grouped queries, experts and [dao2022].

    >>> from analysis.transformer.plain_shape import transformer_shape
    >>> layer = transformer_shape(n_layers=1, d_model=8, n_heads=2, d_ff=32, gated_mlp=False, vocab_size=9).layers[0]
    >>> layer_activations(layer, 8, flash=False, dropout=True)[0] / 8, layer_activations(layer, 8, flash=False, dropout=True)[1] / 2
    (34.0, 5.0)
    """
    values, pairs, masks = real(layer.norms * d_model), 0.0, 0.0
    for attention in (layer.mixer, layer.cross):
        if isinstance(attention, Attention):
            a = attention
            values += d_model + a.n_heads * a.head_dim + a.n_heads * a.v_head_dim
            values += (a.n_heads if a.latent else a.n_kv_heads) * (a.head_dim + a.v_head_dim)
            values += (a.latent.q_rank or 0) + a.latent.kv_rank + a.latent.rope_dim if a.latent else 0
            masks += 4 * a.n_heads if flash else d_model * dropout
            pairs += 0 if flash else a.n_heads * (2 * value_bytes + 1 if dropout else value_bytes)
    for mixer in (layer.mixer, layer.beside):
        if isinstance(mixer, Recurrent):
            values += d_model + mixer.matrix / d_model
    if layer.mlp:
        values += mlp_values(layer.mlp, d_model)
        masks += d_model * dropout
    if layer.experts:
        values += layer.experts.n_experts + layer.experts.top_k * mlp_values(layer.experts.expert, d_model)
        values += mlp_values(layer.experts.shared, d_model) if layer.experts.shared else 0
    values += rank * sum(m.used for m in layer_matrices(layer, d_model) if m.role in targets)
    return named(values, "v", "values that one layer keeps for each token") * value_bytes + masks, pairs


def mlp_values(mlp: Mlp, d_model: int) -> float:
    """Values that an MLP keeps for each token: its input, and 2 d_ff plain or 4 d_ff gated."""
    return (mlp.d_in or d_model) + (4 if mlp.gated else 2) * mlp.d_ff


def activation_bytes(
    shape: TransformerShape,
    batch,
    seq_len,
    *,
    checkpointing: bool = True,
    flash: bool = True,
    value_bytes: int = 2,
    rank: int = 0,
    targets: Sequence[str] = (),
):
    """(kept, recomputed) activations [bytes] of batch sequences of seq_len tokens; batch and seq_len broadcast.

    Without checkpointing every layer keeps what `layer_activations` says, and nothing is recomputed. With it each layer keeps its input,
    d values for each token, and the largest layer is there once while it is recomputed.
    Source: [korthikanti2022] sections 4 and 5.

    >>> from analysis.transformer.plain_shape import transformer_shape
    >>> shape = transformer_shape(n_layers=60, d_model=6656, n_heads=52, d_ff=17920, vocab_size=32000)
    >>> [int(part / 1e6) for part in activation_bytes(shape, 1, 512)]
    [408, 128]
    """
    tokens, pairs = np.multiply(batch, seq_len, dtype=float), np.multiply(batch, np.square(seq_len, dtype=float))
    kinds = {
        layer: layer_activations(layer, shape.d_model, flash=flash, value_bytes=value_bytes, rank=rank, targets=targets)
        for layer in layer_counts(shape)
    }
    bytes_of = {
        layer: named(per_token * tokens + per_pair * pairs, r"M_\text{layer}", "activations that one layer keeps", "bytes")
        for layer, (per_token, per_pair) in kinds.items()
    }
    if not checkpointing:
        return sum(times * bytes_of[layer] for layer, times in layer_counts(shape).items()), 0.0 * tokens
    n_layers = sum(layer_counts(shape).values())
    return n_layers * shape.d_model * value_bytes * tokens, largest(bytes_of.values())
