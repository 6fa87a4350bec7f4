"""What a shape costs to run: FLOPs of a forward pass by part, FLOPs of training, and the cache of keys and values."""

from dataclasses import dataclass

import numpy as np

from analysis.trace import Traced, array, named
from analysis.transformer.count import attention_matrices, mlp_matrices, projection_params, router_matrix
from analysis.transformer.shape import Attention, Recurrent, TransformerShape

SMALLEST_ROUNDED = 2**57
"""From here on arrays hold floats: seven parts four times over (a training step) still fit into 64 bits below."""
BACKWARD_OVER_FORWARD = 2
"""The backward pass multiplies each matrix twice: for the gradient of its input and for that of its weights."""


FLOPS_OF = (
    (r"C_\text{proj}", "projections of attention"),
    ("C_{QK}", "queries times keys"),
    ("C_{AV}", "weights times values"),
    (r"C_\text{mlp}", "MLPs"),
    (r"C_\text{router}", "routers"),
    (r"C_\text{emb}", "projections between embeddings and layers"),
    (r"C_\text{logits}", "output layer"),
)
"""Symbol and meaning of each part in equations."""


@dataclass(frozen=True)
class ForwardFlops:
    """FLOPs of a forward pass by part [FLOP]; an addition and a multiplication are two. Whole numbers, or arrays of them.

    projections: matrices of attention and of recurrent mixers; scores: queries times keys; values: weights times values;
    mlp: dense MLPs, shared experts and the chosen routed ones; router; embedding: projections between embeddings and layers;
    logits: the output layer.
    """

    projections: int
    scores: int
    values: int
    mlp: int
    router: int
    embedding: int
    logits: int

    @property
    def attention_over_context(self):
        """scores + values: the part that grows with the square of the length [FLOP]."""
        return self.scores + self.values

    @property
    def total(self):
        """The sum of all parts [FLOP]."""
        return self.projections + self.scores + self.values + self.mlp + self.router + self.embedding + self.logits


def forward_flops(shape: TransformerShape, batch, seq_len, causal: bool = False, past_len=0, n_logits=None) -> ForwardFlops:
    """The ForwardFlops of batch sequences of seq_len new tokens each; batch, seq_len, past_len and n_logits broadcast.

    2 batch seq_len (matrices a token passes) + 2 batch n_heads (head_dim + v_head_dim) pairs per layer
    + 2 batch n_logits d_model vocab_size. pairs: queries and keys that meet.

    causal: False counts the full square seq_len (past_len + seq_len), which is what eager attention executes, masked pairs
    included; True counts only the pairs that the mask leaves, about half, and fewer where a window cuts them, which is what
    a kernel that skips masked blocks approaches. past_len: tokens in the cache before [tokens]. n_logits: positions whose
    logits are computed, all if None.

    Softmax, norms, activations and the scan of recurrent mixers are left out: they are no matrix products. With latent attention
    every token is counted as expanded once; a step after past_len tokens in the cache costs more where they are expanded again.
    Raises ValueError for values that are not whole numbers in range, and for models with an encoder.
    Counted the same by torch.utils.flop_counter on small models with eager attention. Source: [kaplan2020] section 2.1 for
    the form.

    >>> from analysis.transformer.plain_shape import transformer_shape
    >>> shape = transformer_shape(n_layers=32, d_model=4096, n_heads=32, n_kv_heads=8, d_ff=14336, vocab_size=32000)
    >>> forward_flops(shape, batch=1, seq_len=1, past_len=4095).total
    16368271360
    >>> half = forward_flops(shape, 1, 4096, causal=True).scores / forward_flops(shape, 1, 4096).scores
    >>> round(half, 4)
    0.5001
    """
    if shape.encoder_layers:
        raise ValueError("FLOPs are computed for decoders; this model has an encoder as well")
    B, S, past = exact("batch", batch), exact("seq_len", seq_len), exact("past_len", past_len, least=0)
    positions = S if n_logits is None else exact("n_logits", n_logits, least=0)
    d = shape.d_model
    projections = scores = values = mlp = router = 0
    for layer, times in shape.kinds().items():
        recurrent = sum(mixer.matrix for mixer in (layer.mixer, layer.beside) if isinstance(mixer, Recurrent))
        projections += times * (layer.other_matrix + recurrent)
        if isinstance(layer.mixer, Attention):
            projections += times * attention_matrices(layer.mixer, d)
            pairs = causal_pairs(layer.mixer, S, past) if causal else S * (S + past_held(layer.mixer, past))
            scores = scores + times * layer.mixer.n_heads * layer.mixer.head_dim * pairs
            values = values + times * layer.mixer.n_heads * layer.mixer.v_head_dim * pairs
        if layer.mlp:
            mlp += times * mlp_matrices(layer.mlp, d)
        if layer.experts:
            shared = mlp_matrices(layer.experts.shared, d) if layer.experts.shared else 0
            mlp += times * (layer.experts.top_k * mlp_matrices(layer.experts.expert, d) + shared)
            router += times * router_matrix(layer.experts, d)
    tokens, width = B * S, shape.embedding_dim or d
    around = projection_params(shape) + shape.other_matrix
    parts = (tokens * projections, B * scores, B * values, tokens * mlp, tokens * router, tokens * around)
    flops = [plain_number(2 * part) for part in (*parts, B * positions * width * shape.vocab_size)]
    return ForwardFlops(*(named(part, symbol, meaning, "FLOP") for part, (symbol, meaning) in zip(flops, FLOPS_OF, strict=True)))


def training_flops(shape: TransformerShape, batch, seq_len, causal: bool = False, recomputation: bool = False):
    """FLOPs of one training step on batch sequences of seq_len tokens: 3 times the forward pass, 4 with recomputation; broadcasts.

    The backward pass costs twice the forward pass; with recomputation of all activations the forward pass runs once more.
    causal: as in forward_flops.

    >>> from analysis.transformer.plain_shape import transformer_shape
    >>> shape = transformer_shape(n_layers=2, d_model=8, n_heads=2, d_ff=16, vocab_size=9)
    >>> training_flops(shape, 1, 4) == 3 * forward_flops(shape, 1, 4).total
    True
    """
    return (1 + BACKWARD_OVER_FORWARD + bool(recomputation)) * forward_flops(shape, batch, seq_len, causal).total


def kv_cache_bytes(shape: TransformerShape, context_len, batch=1, bytes_per_value=2):
    """Bytes of cached keys and values for batch sequences of context_len tokens [bytes]; context_len, batch and bytes broadcast.

    batch bytes_per_value (sum over attention layers of held tokens times values per token). Values per token and layer:
    n_kv_heads (head_dim + v_head_dim); with latent attention kv_rank + rope_dim, whatever the number of heads. Held tokens:
    context_len, at most the window. (The token that is being computed needs window - 1 earlier ones, and between steps some
    programs, transformers among them, hold only those.) A program that expands the latent before it caches holds
    n_heads (head_dim + v_head_dim) instead. States of recurrent mixers are not part of it: see recurrent_state_bytes.

    Raises ValueError for values that are not whole numbers in range; bytes_per_value may be a fraction (0.5: four bits).
    Source: [jiang2023] section 2; [deepseek2024v2] Table 1.

    >>> from analysis.transformer.plain_shape import transformer_shape
    >>> mistral = transformer_shape(n_layers=32, d_model=4096, n_heads=32, n_kv_heads=8, d_ff=14336, vocab_size=32000, window=4096)
    >>> kv_cache_bytes(mistral, [1, 4096, 32768]).tolist()
    [131072, 536870912, 536870912]
    """
    if np.any(array(bytes_per_value) <= 0):
        raise ValueError(f"bytes_per_value must be positive, got {bytes_per_value!r}")
    values = exact("batch", batch) * _cached_values(shape, exact("context_len", context_len, least=0))
    if np.all(array(bytes_per_value) % 1 == 0):
        return plain_number(values * exact("bytes_per_value", bytes_per_value))
    return plain_number(values) * array(bytes_per_value)


def kv_cache_values(shape: TransformerShape, context_len):
    """Values in the cache of one sequence of context_len tokens, over all layers; broadcasts. See kv_cache_bytes.

    >>> from analysis.transformer.plain_shape import transformer_shape
    >>> kv_cache_values(transformer_shape(n_layers=2, d_model=8, n_heads=4, n_kv_heads=1, d_ff=16, vocab_size=9), 10)
    80
    """
    return plain_number(_cached_values(shape, exact("context_len", context_len, least=0)))


def _cached_values(shape: TransformerShape, context):
    caching = ((layer.mixer, times) for layer, times in shape.kinds().items())
    values = (
        times * values_per_token(mixer) * held_tokens(mixer, context)
        for mixer, times in caching
        if isinstance(mixer, Attention) and mixer.caches
    )
    return named(sum(values, 0 * context), "n", "values in the cache of one sequence")


def values_per_token(attention: Attention) -> int:
    """Values that one attention layer caches for a token.

    >>> from analysis.transformer.plain_shape import transformer_shape
    >>> values_per_token(transformer_shape(n_layers=1, d_model=4096, n_heads=32, n_kv_heads=8, d_ff=1, vocab_size=1).attention)
    2048
    """
    if attention.latent:
        return attention.latent.kv_rank + attention.latent.rope_dim + attention.extra_cache
    return attention.n_kv_heads * (attention.head_dim + attention.v_head_dim) + attention.extra_cache


def recurrent_state_bytes(shape: TransformerShape, batch=1, bytes_per_value=2):
    """Bytes of the states of recurrent mixers (Mamba and the like) [bytes]; they do not grow with the context. Broadcasts.

    >>> from analysis.transformer.plain_shape import transformer_shape
    >>> recurrent_state_bytes(transformer_shape(n_layers=2, d_model=8, n_heads=4, d_ff=16, vocab_size=9))
    0
    """
    mixers = (mixer for layer in shape.layers for mixer in (layer.mixer, layer.beside))
    state = sum(mixer.state for mixer in mixers if isinstance(mixer, Recurrent))
    return plain_number(state * exact("batch", batch)) * bytes_per_value


def held_tokens(attention: Attention, context):
    """Tokens whose keys and values one layer holds: context, at most its window where its cache rolls."""
    return context if attention.window is None or not attention.rolls else smaller(context, attention.window)


def past_held(attention: Attention, past):
    """Tokens of the past that a step finds in the cache: at most window - 1, since the window holds the token itself."""
    return past if attention.window is None or not attention.rolls else smaller(past, attention.window - 1)


def causal_pairs(attention: Attention, S, past=0):
    """Pairs of query and key that the mask leaves for S queries after past tokens; broadcasts.

    Sum over i = 1 ... S of min(past + i, window); for chunks, of the position in the chunk.

    >>> from analysis.transformer.shape import Attention
    >>> causal_pairs(Attention(1, 1, 8, 8), 4), causal_pairs(Attention(1, 1, 8, 8, window=2), 4)
    (10, 7)
    >>> causal_pairs(Attention(1, 1, 8, 8, window=3, chunked=True), 4)
    7
    """
    w = attention.window
    if w is None:
        return S * past + S * (S + 1) // 2
    if attention.chunked:
        return _chunk_pairs(past + S, w) - _chunk_pairs(past, w)
    growing = named(smaller(w - smaller(past, w), S), "g", "queries that still see everything before them")
    return named(growing * past + growing * (growing + 1) // 2 + (S - growing) * w, "Q", "pairs of query and key that meet")


def _chunk_pairs(n, w):
    return (n // w) * (w * (w + 1) // 2) + (n % w) * (n % w + 1) // 2


def smaller(a, b):
    """The smaller of two whole numbers, or of each pair in arrays of them; stays exact.

    >>> smaller(3, 2)
    2
    """
    return min(a, b) if isinstance(a, int) and isinstance(b, int) else np.minimum(a, b)


def exact(name: str, value, least: int = 1):
    """value as an int, or as an array of Python ints, which neither overflow nor round.

    Raises ValueError naming it unless all of it are whole numbers of at least least.
    """
    if isinstance(value, Traced):
        exact(name, value.value, least)
        return value
    found = np.asarray(value)
    fits = found.dtype.kind in "iuf" and bool(np.all(np.isfinite(found) & (found >= least) & (found % 1 == 0)))
    if found.dtype.kind == "O":  # Python ints beyond 64 bits
        fits = all(isinstance(item, int) and not isinstance(item, bool) and item >= least for item in found.flat)
    if not fits:
        raise ValueError(f"{name} must be whole numbers of at least {least}, got {value!r}")
    if found.ndim == 0:
        return int(found.item())
    whole = np.empty(found.shape, dtype=object)
    whole.ravel()[:] = [int(item) for item in found.flat]  # a new array is contiguous, so this is a view of it
    return whole


def plain_number(value):
    """A Python int as it is; an array of them as int64 below SMALLEST_ROUNDED, else as float64, which rounds to 16 digits."""
    if not isinstance(value, np.ndarray):
        return value if isinstance(value, Traced) else int(value)
    fits = all(abs(item) < SMALLEST_ROUNDED for item in value.flat)
    return value.astype(np.int64 if fits else np.float64)
