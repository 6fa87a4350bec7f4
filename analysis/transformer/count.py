"""Parameters by part, counted from a shape."""

from collections import Counter
from dataclasses import dataclass

from analysis.trace import named
from analysis.transformer.shape import NORMS, Attention, Experts, Layer, Mlp, Recurrent, TransformerShape

NAMED = {"attention": "parameters of attention", "mlp": "parameters of the MLPs", "router": "parameters of the routers"}
"""Parts that have a name in equations."""


@dataclass(frozen=True)
class ParamCounts:
    """Parameters of a model by part [parameters], exact whole numbers.

    total = embedding + attention + mlp + router + other; non_embedding = total - embedding. embedding: token and position
    tables and the output layer, tied ones once. attention: projections, their biases and norms. mlp: dense, shared and
    routed experts, of which routed_experts are those the router chooses from. router: with the gate of shared experts.
    other: norms, projections of embeddings, recurrent mixers. active: total less the routed experts that a token does not use.
    """

    total: int
    embedding: int
    non_embedding: int
    attention: int
    mlp: int
    router: int
    other: int
    routed_experts: int
    active: int
    active_non_embedding: int


def count_params(shape: TransformerShape) -> ParamCounts:
    """The ParamCounts of a shape, in closed form.

    attention = d (n_heads head_dim + n_kv_heads (head_dim + v_head_dim)) + n_heads v_head_dim d per layer, with biases and norms;
    mlp = 2 d d_ff, or 3 d d_ff gated, for each MLP or expert; router = d n_experts; embedding = vocab_size d, twice when
    not tied; active = total - routed_experts (1 - top_k / n_experts).
    Counted is each trainable number once, as transformers stores them (tests count the same models there).

    >>> from analysis.transformer.plain_shape import transformer_shape
    >>> count_params(transformer_shape(n_layers=32, d_model=4096, n_heads=32, d_ff=11008, vocab_size=32000)).total
    6738415616
    """
    d, norm = shape.d_model, NORMS[shape.norm] * shape.d_model
    parts: Counter = Counter()
    inactive = 0
    for layer, times in shape.kinds(encoder=True).items():
        for part, number in layer_params(layer, d, norm).items():
            parts[part] += number * times
        if layer.experts:
            inactive += times * (layer.experts.n_experts - layer.experts.top_k) * mlp_params(layer.experts.expert, d)
    width = shape.embedding_dim or d
    tables = 1 if shape.tied_embeddings else 2
    embedding = shape.vocab_size * width * tables + shape.position_rows * d + shape.head_bias * shape.vocab_size + shape.other_embedding
    embedding = named(embedding, r"N_\text{emb}", "parameters of the embeddings", "parameters")
    other = parts["other"] + norm * (shape.final_norms + shape.embedding_norm) + shape.other + shape.other_matrix + projection_params(shape)
    other = named(other, r"N_\text{other}", "parameters of norms and of everything else", "parameters")
    for part, meaning in NAMED.items():
        parts[part] = named(parts[part], rf"N_\text{{{part}}}", meaning, "parameters")
    total = embedding + parts["attention"] + parts["mlp"] + parts["router"] + other
    total = named(total, "N", "parameters", "parameters")
    inactive = named(inactive, r"N_\text{idle}", "parameters of the experts that a token does not use", "parameters")
    return ParamCounts(
        total=total,
        embedding=embedding,
        non_embedding=total - embedding,
        attention=parts["attention"],
        mlp=parts["mlp"],
        router=parts["router"],
        other=other,
        routed_experts=parts["routed_experts"],
        active=total - inactive,
        active_non_embedding=total - inactive - embedding,
    )


def layer_params(layer: Layer, d_model: int, norm: int) -> dict[str, int]:
    """Parameters of one layer by part; routed_experts is contained in mlp. norm: parameters of a norm.

    >>> from analysis.transformer.plain_shape import transformer_shape
    >>> layer_params(transformer_shape(n_layers=1, d_model=8, n_heads=2, d_ff=16, vocab_size=9).layers[0], 8, 8)
    {'attention': 256, 'mlp': 384, 'router': 0, 'other': 16, 'routed_experts': 0}
    """
    parts = {"attention": 0, "mlp": 0, "router": 0, "other": norm * layer.norms + layer.other + layer.other_matrix, "routed_experts": 0}
    for mixer in (layer.mixer, layer.beside):
        if isinstance(mixer, Recurrent):
            parts[mixer.part] += mixer.matrix + mixer.other
    for attention in (layer.mixer, layer.cross):
        if isinstance(attention, Attention):
            parts["attention"] += attention_params(attention, d_model)
    if layer.mlp:
        parts["mlp"] += mlp_params(layer.mlp, d_model)
    if layer.experts:
        experts = layer.experts
        parts["routed_experts"] = experts.n_experts * mlp_params(experts.expert, d_model)
        shared = mlp_params(experts.shared, d_model) if experts.shared else 0
        parts["mlp"] += parts["routed_experts"] + shared
        parts["router"] = router_matrix(experts, d_model) + experts.router_bias
    return parts


def attention_params(attention: Attention, d_model: int) -> int:
    """Parameters of one attention layer: its matrices, biases, and norms of queries and keys."""
    a, matrices = attention, attention_matrices(attention, d_model)
    biases = a.q_bias * a.n_heads * a.head_dim + a.o_bias * d_model
    biases += (a.kv_projections > 0) * a.k_bias * a.n_kv_heads * a.head_dim
    biases += (a.kv_projections > 1) * a.v_bias * a.n_kv_heads * a.v_head_dim
    return matrices + biases + a.qk_norm + a.extra + (latent_norms(a) if a.latent else 0)


def attention_matrices(attention: Attention, d_model: int) -> int:
    """Parameters of the matrices of one attention layer, through which every token passes.

    MLA: q from the compressed query, k and v from the compressed pair, and the positional part of the key.
    Source: [deepseek2024v2] section 2.1.
    """
    a = attention
    output = a.n_heads * a.v_head_dim * d_model
    if not a.latent:
        keys_values = a.n_kv_heads * ((a.kv_projections > 0) * a.head_dim + (a.kv_projections > 1) * a.v_head_dim)
        return d_model * (a.n_heads * a.head_dim + keys_values) + output + a.extra_matrix
    queries = a.n_heads * (a.latent.nope_dim + a.latent.rope_dim)
    q = d_model * queries if a.latent.q_rank is None else (d_model + queries) * a.latent.q_rank
    kv = d_model * (a.latent.kv_rank + a.latent.rope_dim) + a.latent.kv_rank * a.n_heads * (a.latent.nope_dim + a.v_head_dim)
    return q + kv + output + a.extra_matrix


def latent_norms(attention: Attention) -> int:
    """Values in the norms on the compressed query and on the compressed keys and values of MLA."""
    return (attention.latent.q_rank or 0) + attention.latent.kv_rank


def mlp_params(mlp: Mlp, d_model: int) -> int:
    """Parameters of one MLP or expert."""
    return mlp_matrices(mlp, d_model) + mlp.biases


def mlp_matrices(mlp: Mlp, d_model: int) -> int:
    """Parameters of the two matrices of an MLP, three when gated."""
    return (3 if mlp.gated else 2) * (mlp.d_in or d_model) * mlp.d_ff


def router_matrix(experts: Experts, d_model: int) -> int:
    """Parameters of the router's matrix and of the gate of shared experts."""
    return d_model * (experts.n_experts + experts.shared_gate)


def projection_params(shape: TransformerShape) -> int:
    """Parameters of the projections between embeddings of another width and the model (OPT-350M)."""
    width = shape.embedding_dim or shape.d_model
    return 2 * width * shape.d_model if width != shape.d_model else 0
