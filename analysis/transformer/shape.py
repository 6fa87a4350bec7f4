"""What a transformer is built of, as far as parameters, FLOPs and the cache depend on it.

A `TransformerShape` is a tuple of layers and what stands around them. Layers that are alike are equal, so a stack of any
pattern (windows on some layers, experts on every second, a few dense ones first) is just its tuple.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from analysis.trace import bare
from analysis.uploads import clip

NORMS = {"layernorm": 2, "layernorm_no_bias": 1, "rmsnorm": 1, "none": 0}
"""Parameters of a norm for each value of its width: scale and shift, scale alone, or nothing."""


@dataclass(frozen=True)
class Latent:
    """Sizes of multi-head latent attention (MLA): what is compressed, and what each head makes of it.

    q_rank: width of the compressed query, None where queries are not compressed; kv_rank: width of the compressed keys and
    values, which is what the cache holds together with rope_dim values of the position; nope_dim, rope_dim: parts of a
    head's query and key without and with positions. The width of a head's value is the attention's v_head_dim.
    """

    q_rank: int | None
    kv_rank: int
    nope_dim: int
    rope_dim: int


@dataclass(frozen=True)
class Attention:
    """Attention of one layer.

    n_kv_heads: heads of keys and values (1: multi-query); head_dim: width of a head's query and key; v_head_dim: of its
    value. window: tokens a query sees, itself included, None for all; chunked: the window is a fixed chunk, not a sliding
    one; rolls: whether the cache lets go of what no query sees any more. qk_norm: values in the norms of queries and keys.
    extra_matrix, extra: parameters of further matrices (an output gate, an indexer) and of anything else (sinks, relative
    position biases). kv_projections: 2 for keys and values, 1 where one matrix makes both, 0 where the layer uses those of
    another. caches: whether the layer keeps keys and values of its own; extra_cache: values it caches for a token besides
    (an indexer's key).
    """

    n_heads: int
    n_kv_heads: int
    head_dim: int
    v_head_dim: int
    q_bias: bool = False
    k_bias: bool = False
    v_bias: bool = False
    o_bias: bool = False
    qk_norm: int = 0
    window: int | None = None
    chunked: bool = False
    rolls: bool = True
    latent: Latent | None = None
    extra_matrix: int = 0
    extra: int = 0
    kv_projections: int = 2
    caches: bool = True
    extra_cache: int = 0


@dataclass(frozen=True)
class Recurrent:
    """A layer that mixes tokens through a state of fixed size: Mamba, linear attention, a short convolution.

    kind: its name; matrix: parameters of its projections; other: its remaining parameters; state: values it keeps for
    each sequence; part: where count_params books it.
    """

    kind: str
    matrix: int
    other: int
    state: int
    part: str = "other"


@dataclass(frozen=True)
class Mlp:
    """A feed-forward layer of width d_ff: two matrices, three when gated.

    biases: its bias values, and any other that are no matrix. d_in: width of its input and output, d_model if None.
    """

    d_ff: int
    gated: bool
    biases: int = 0
    d_in: int | None = None


@dataclass(frozen=True)
class Experts:
    """A mixture of experts: top_k of n_experts equal MLPs work on each token, chosen by a linear router.

    shared: the MLP of the shared experts together, which works on every token; shared_gate: whether a linear layer with
    one output weighs it; router_bias: values of the router that are no matrix.
    """

    n_experts: int
    top_k: int
    expert: Mlp
    shared: Mlp | None = None
    shared_gate: bool = False
    router_bias: int = 0


@dataclass(frozen=True)
class Layer:
    """One layer: what mixes tokens, and the feed-forward part, which may be dense, of experts, both, or missing.

    beside: a recurrent mixer in parallel with attention. norms: norms of width d_model. cross: attention to an encoder.
    other_matrix, other: parameters that are none of these, in matrices that every token passes and elsewhere.
    """

    mixer: Attention | Recurrent | None
    mlp: Mlp | None = None
    experts: Experts | None = None
    beside: Recurrent | None = None
    norms: int = 2
    cross: Attention | None = None
    other_matrix: int = 0
    other: int = 0


@dataclass(frozen=True)
class TransformerShape:
    """All that decides how many parameters, FLOPs and cached values a language model has.

    layers: the decoder's; encoder_layers: of an encoder before it. norm: kind of its norms, a key of NORMS. final_norms:
    norms after the layers (the encoder's counted too); embedding_norm: a norm on the embeddings. tied_embeddings: whether the
    output layer is the token table. embedding_dim: width of that table (d_model unless it is projected). position_rows: rows of
    a learned position table. head_bias: bias of the output layer. other_embedding: parameters of further tables; other_matrix,
    other: remaining parameters outside the layers, in matrices that every token passes and elsewhere.
    context_len: longest sequence the model was made for, None where it is not stated. notes: what a reader of the count
    should know. unread: fields of its configuration that look like sizes, counts or patterns and that the shape does not follow.

    >>> from analysis.transformer.plain_shape import transformer_shape
    >>> shape = transformer_shape(n_layers=32, d_model=4096, n_heads=32, n_kv_heads=8, d_ff=14336, vocab_size=32000, window=4096)
    >>> shape.n_layers, shape.attention.head_dim, shape.attention.window
    (32, 128, 4096)
    """

    d_model: int
    vocab_size: int
    layers: tuple[Layer, ...]
    encoder_layers: tuple[Layer, ...] = ()
    norm: str = "rmsnorm"
    final_norms: int = 1
    embedding_norm: bool = False
    tied_embeddings: bool = False
    embedding_dim: int | None = None
    position_rows: int = 0
    head_bias: bool = False
    other_embedding: int = 0
    other_matrix: int = 0
    other: int = 0
    context_len: int | None = None
    name: str = ""
    notes: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()

    def kinds(self, encoder: bool = False) -> Mapping[Layer, int]:
        """How many layers there are of each kind, those of the encoder too if encoder."""
        return Counter((*self.layers, *(self.encoder_layers if encoder else ())))

    @property
    def n_layers(self) -> int:
        """Layers of the decoder."""
        return len(self.layers)

    @property
    def attention(self) -> Attention | None:
        """The attention of the first layer that has any; None for a model without attention."""
        return next((layer.mixer for layer in self.layers if isinstance(layer.mixer, Attention)), None)

    @property
    def experts(self) -> Experts | None:
        """The experts of the first layer that has any; None for a dense model."""
        return next((layer.experts for layer in (*self.layers, *self.encoder_layers) if layer.experts), None)

    @property
    def windows(self) -> tuple[int | None, ...]:
        """The window of each attention layer in order [tokens]; None for a layer that sees everything."""
        return tuple(layer.mixer.window for layer in self.layers if isinstance(layer.mixer, Attention))


def plain_mlp(d_ff: int, gated: bool, d_model: int, bias: bool = False) -> Mlp:
    """The MLP of width d_ff, with a bias on each of its matrices if bias.

    >>> plain_mlp(16, gated=False, d_model=4, bias=True)
    Mlp(d_ff=16, gated=False, biases=20, d_in=None)
    """
    whole("d_ff", d_ff)
    return Mlp(d_ff, gated, (d_ff * (1 + gated) + d_model) if bias else 0)


def whole(name: str, value, least: int = 1, most: int | None = None) -> int:
    """value if it is a whole number in range, else ValueError naming it.

    >>> whole("n_layers", -4)
    Traceback (most recent call last):
    ...
    ValueError: n_layers must be a whole number of at least 1, got -4
    """
    number = bare(value)
    fits = isinstance(number, int) and not isinstance(number, bool) and number >= least and (most is None or number <= most)
    if not fits:
        limit = f"of at least {least}" if most is None else f"from {least} to {most:,}"
        raise ValueError(f"{name} must be a whole number {limit}, got {clip(repr(value), 60)}")
    return value
