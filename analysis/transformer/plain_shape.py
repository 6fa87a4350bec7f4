"""Shapes of models whose layers follow a rule, from plain arguments: the columns of the table `models`."""

from dataclasses import replace

from analysis.transformer.shape import NORMS, Attention, Experts, Latent, Layer, Mlp, Recurrent, TransformerShape, plain_mlp, whole


def transformer_shape(
    *,
    n_layers: int,
    d_model: int,
    n_heads: int,
    vocab_size: int,
    d_ff: int | None = None,
    n_kv_heads: int | None = None,
    head_dim: int | None = None,
    v_head_dim: int | None = None,
    gated_mlp: bool = True,
    tied_embeddings: bool = False,
    norm: str = "rmsnorm",
    norms_per_layer: int = 2,
    final_norm: bool = True,
    embedding_norm: bool = False,
    qkv_bias: bool = False,
    o_bias: bool = False,
    mlp_bias: bool = False,
    head_bias: bool = False,
    qk_norm: str = "",
    window: int | None = None,
    window_layers: str = "all",
    position_rows: int = 0,
    embedding_dim: int | None = None,
    n_experts: int = 0,
    top_k: int = 0,
    moe_d_ff: int | None = None,
    gated_experts: bool | None = None,
    shared_d_ff: int = 0,
    shared_gate: bool = False,
    moe_layers: str = "all",
    dense_beside_experts: str = "",
    q_lora_rank: int | None = None,
    kv_lora_rank: int | None = None,
    qk_rope_dim: int | None = None,
    n_encoder_layers: int = 0,
    relative_buckets: int = 0,
    relative_projection: bool = False,
    attention_layers: str = "all",
    recurrent: Recurrent | None = None,
    context_len: int | None = None,
    name: str = "",
    notes: tuple[str, ...] = (),
) -> TransformerShape:
    """The shape of a model whose layers differ only by a rule; the arguments are the columns of the table `models`.

    head_dim: d_model / n_heads if None. d_ff: width of the dense MLP. qk_norm: "" none, "head" one norm of head_dim for queries
    and one for keys, "width" norms over all heads. window: tokens seen on the layers of window_layers.
    moe_layers, window_layers, attention_layers: which layers, counted from 0, as in `layer_rule`. dense_beside_experts:
    "parallel" when layers with experts keep their dense MLP, "normed" when it has a norm of its own.
    kv_lora_rank: makes it MLA, with head_dim and v_head_dim per head, of which head_dim holds qk_rope_dim for positions.
    n_encoder_layers: an encoder of so many layers; the decoder then attends to it. relative_buckets: size of a learned table of
    relative positions by head, one for each stack. relative_projection: one d_model x d_model matrix per layer for them.
    recurrent: what the layers outside attention_layers have instead.

    Raises ValueError naming the argument for sizes that are not positive whole numbers, heads that do not divide, more
    experts chosen than there are, and unknown words.

    >>> transformer_shape(n_layers=2, d_model=96, n_heads=5, vocab_size=100, d_ff=10)
    Traceback (most recent call last):
    ...
    ValueError: d_model must be a multiple of n_heads when head_dim is not given, got 96 and 5
    """
    for key, value in {"n_layers": n_layers, "d_model": d_model, "n_heads": n_heads, "vocab_size": vocab_size}.items():
        whole(key, value)
    head_dim = split_heads(d_model, n_heads) if head_dim is None else whole("head_dim", head_dim)
    n_kv_heads = n_heads if n_kv_heads is None else whole("n_kv_heads", n_kv_heads)
    grouped("n_heads", n_heads, "n_kv_heads", n_kv_heads)
    if norm not in NORMS:
        raise ValueError(f"norm must be one of {', '.join(NORMS)}, got {norm!r}")
    deepest = max(n_layers, n_encoder_layers)
    has_experts = layer_rule("moe_layers", moe_layers, deepest) if n_experts else [False] * deepest
    if not all(has_experts) and d_ff is None:
        raise ValueError("d_ff must be given for layers without experts")
    if n_experts:
        whole("moe_d_ff", moe_d_ff), whole("n_experts", n_experts), whole("top_k", top_k, most=n_experts)
        expert = Mlp(moe_d_ff, gated_mlp if gated_experts is None else gated_experts)
        shared = Mlp(whole("shared_d_ff", shared_d_ff), gated_mlp) if shared_d_ff else None
        experts = Experts(n_experts, top_k, expert, shared, shared_gate)
    attention = Attention(
        n_heads,
        n_kv_heads,
        head_dim,
        head_dim if v_head_dim is None else whole("v_head_dim", v_head_dim),
        q_bias=qkv_bias,
        k_bias=qkv_bias,
        v_bias=qkv_bias,
        o_bias=o_bias,
        qk_norm=qk_norm_values(qk_norm, n_heads, n_kv_heads, head_dim),
    )
    if kv_lora_rank is not None:
        rope_dim = whole("qk_rope_dim", qk_rope_dim, most=head_dim)
        latent = Latent(q_lora_rank, whole("kv_lora_rank", kv_lora_rank), head_dim - rope_dim, rope_dim)
        attention = replace(attention, latent=latent)
    if relative_projection:
        attention = replace(attention, extra_matrix=d_model * d_model)
    windowed = layer_rule("window_layers", window_layers, deepest) if window else [False] * deepest
    attends = layer_rule("attention_layers", attention_layers, deepest)
    dense = None if d_ff is None else plain_mlp(d_ff, gated_mlp, d_model, mlp_bias)

    def stack(number: int, decoder_with_encoder: bool) -> tuple[Layer, ...]:
        layers = []
        for index in range(number):
            mixer = replace(attention, window=window) if windowed[index] else attention
            if relative_buckets and index == 0:
                mixer = replace(mixer, extra=relative_buckets * n_heads)
            layers.append(
                Layer(
                    mixer=mixer if attends[index] else recurrent,
                    mlp=dense if not has_experts[index] or dense_beside_experts else None,
                    experts=experts if has_experts[index] else None,
                    norms=norms_per_layer + (dense_beside_experts == "normed" and has_experts[index]) + decoder_with_encoder,
                    cross=attention if decoder_with_encoder else None,
                )
            )
        return tuple(layers)

    return TransformerShape(
        d_model=d_model,
        vocab_size=vocab_size,
        layers=stack(n_layers, n_encoder_layers > 0),
        encoder_layers=stack(n_encoder_layers, False),
        norm=norm,
        final_norms=int(final_norm) * (2 if n_encoder_layers else 1),
        embedding_norm=embedding_norm,
        tied_embeddings=tied_embeddings,
        embedding_dim=embedding_dim,
        position_rows=position_rows,
        head_bias=head_bias,
        context_len=context_len,
        name=name,
        notes=notes,
    )


def layer_rule(name: str, rule: str, n_layers: int) -> list[bool]:
    """Whether each layer, counted from 0, is meant by a rule.

    The rule is "all"; "after K": all but the first K; or "every K" and "every K from I": layers I, I + K, ...; I is K - 1 if not given.
    Raises ValueError for anything else.

    >>> layer_rule("moe_layers", "every 2", 5)
    [False, True, False, True, False]
    >>> layer_rule("moe_layers", "after 3", 5)
    [False, False, False, True, True]
    >>> layer_rule("attention_layers", "every 4 from 0", 5)
    [True, False, False, False, True]
    """
    words = str(rule).split()
    try:
        match words:
            case ["all"]:
                return [True] * n_layers
            case ["after", first] if int(first) >= 0:
                return [index >= int(first) for index in range(n_layers)]
            case ["every", step, *rest] if int(step) > 0 and (not rest or (len(rest) == 2 and rest[0] == "from")):
                start = int(rest[1]) if rest else int(step) - 1
                return [index >= start and (index - start) % int(step) == 0 for index in range(n_layers)]
    except ValueError:
        pass
    raise ValueError(f'{name} must be "all", "after K", "every K" or "every K from I", got {rule!r}')


def qk_norm_values(kind: str, n_heads: int, n_kv_heads: int, head_dim: int) -> int:
    """Values in the norms of queries and keys: over a head ("head"), over all heads ("width"), or none ("").

    >>> qk_norm_values("head", 32, 8, 128), qk_norm_values("width", 32, 8, 128)
    (256, 5120)
    """
    sizes = {"": 0, "head": 2 * head_dim, "width": (n_heads + n_kv_heads) * head_dim}
    if kind not in sizes:
        raise ValueError(f"qk_norm must be one of {', '.join(map(repr, sizes))}, got {kind!r}")
    return sizes[kind]


def split_heads(d_model: int, n_heads: int) -> int:
    """d_model / n_heads; ValueError if it is not whole."""
    if d_model % n_heads:
        raise ValueError(f"d_model must be a multiple of n_heads when head_dim is not given, got {d_model} and {n_heads}")
    return d_model // n_heads


def grouped(name: str, n_heads: int, kv_name: str, n_kv_heads: int) -> None:
    """Raise ValueError unless each key-value head serves the same number of query heads."""
    if n_heads % n_kv_heads:
        raise ValueError(f"{name} must be a multiple of {kv_name}, got {n_heads} and {n_kv_heads}")
