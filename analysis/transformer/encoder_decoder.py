"""Shapes of encoder-decoders: T5 and its like, BART and its like, ProphetNet and Whisper, encoder and decoder together.

Each function takes the reader of a configuration and gives the whole shape. Tables of positions are counted where transformers keeps them
as parameters, sines among them.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from analysis.transformer.reader import MOST_LAYERS, Reader
from analysis.transformer.shape import Attention, Experts, Layer, TransformerShape, plain_mlp

COUNTED_WHOLE = "Encoder and decoder are counted together."


def t5(read: Reader) -> TransformerShape:
    """T5, mT5 and UMT5, which has relative positions in every layer; a Switch Transformer has experts on every n-th layer."""
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
            mixer = first if index == 0 or read.model_type == "umt5" else attention
            layers.append(Layer(mixer, None if chosen else mlp, chosen, norms=2 + decoder, cross=attention if decoder else None))
        return tuple(layers)

    return TransformerShape(
        d_model=d,
        vocab_size=read.size("vocab_size"),
        layers=stack(n_decoder, "num_sparse_decoder_layers", True),
        encoder_layers=stack(n_encoder, "num_sparse_encoder_layers", False),
        final_norms=2,
        tied_embeddings=not read.holds("tie_word_embeddings") or read.flag("tie_word_embeddings"),
        context_len=read.size("n_positions", required=False),
        notes=(COUNTED_WHOLE,),
    )


@dataclass(frozen=True)
class Words:
    """The words of a configuration for its two stacks: keys of layers, heads and MLP width, of the encoder and of the decoder."""

    encoder: tuple[str, str, str] = ("encoder_layers", "encoder_attention_heads", "encoder_ffn_dim")
    decoder: tuple[str, str, str] = ("decoder_layers", "decoder_attention_heads", "decoder_ffn_dim")
    width: str = "d_model"


BART = Words()
PROPHETNET = Words(
    ("num_encoder_layers", "num_encoder_attention_heads", "encoder_ffn_dim"),
    ("num_decoder_layers", "num_decoder_attention_heads", "decoder_ffn_dim"),
    "hidden_size",
)


def two_stacks(read: Reader, words: Words = BART, k_bias: bool = True) -> TransformerShape:
    """Two stacks of layers with biases everywhere, of which the decoder's attend to the encoder; what stands around them is left to add."""
    d = read.size(words.width)

    def stack(keys: tuple[str, str, str], decoder: bool) -> tuple[Layer, ...]:
        n_layers, n_heads = read.size(keys[0], most=MOST_LAYERS), read.size(keys[1])
        read.divides(words.width, d, keys[1], n_heads)
        width = d // n_heads
        attention = Attention(n_heads, n_heads, width, width, q_bias=True, k_bias=k_bias, v_bias=True, o_bias=True)
        mlp = plain_mlp(read.size(keys[2]), False, d, bias=True)
        return (Layer(attention, mlp, norms=2 + decoder, cross=attention if decoder else None),) * n_layers

    return TransformerShape(
        d_model=d,
        vocab_size=read.size("vocab_size"),
        layers=stack(words.decoder, True),
        encoder_layers=stack(words.encoder, False),
        norm="layernorm",
        final_norms=0,
        tied_embeddings=read.flag("tie_word_embeddings"),
        notes=(COUNTED_WHOLE,),
    )


def bart(first_norm: bool = False, last_norm: bool = False, positions: int | None = 0) -> Callable[[Reader], TransformerShape]:
    """A function for BART and its like: a norm on the embeddings of each stack, one after its layers.

    positions: rows that each table of positions has beyond the context; None: positions are no parameters.
    """

    def shape_of(read: Reader) -> TransformerShape:
        shape, context = two_stacks(read), read.size("max_position_embeddings")
        rows = 0 if positions is None else 2 * (context + positions)
        norms = 2 * (first_norm + last_norm)
        return replace(shape, position_rows=rows, final_norms=norms, context_len=context)

    return shape_of


def marian(read: Reader) -> TransformerShape:
    """BART without norms around its stacks; the decoder may have a vocabulary of its own."""
    shape = bart()(read)
    read.knows("decoder_vocab_size")
    if read.flag("share_encoder_decoder_embeddings"):
        return shape
    table = (read.size("decoder_vocab_size", required=False) or shape.vocab_size) * shape.d_model
    return replace(shape, tied_embeddings=True, other_embedding=table * (1 if shape.tied_embeddings else 2))


def prophetnet(read: Reader) -> TransformerShape:
    """ProphetNet: the decoder foretells several tokens, with a vector for each, and learns relative positions."""
    shape, context = two_stacks(read, PROPHETNET), read.size("max_position_embeddings")
    layer, relative = shape.layers[0], read.size("num_buckets") * read.size("num_decoder_attention_heads")
    mixer = replace(shape.attention, extra_matrix=relative * shape.d_model, extra=relative)
    if not read.flag("add_cross_attention"):
        layer = replace(layer, cross=None, norms=2)
    return replace(
        shape,
        layers=(replace(layer, mixer=mixer),) * shape.n_layers,
        position_rows=2 * context + read.size("ngram"),
        final_norms=2,
        context_len=context,
    )


def whisper(read: Reader) -> TransformerShape:
    """Whisper: two convolutions over the sound, then an encoder and a decoder without biases on keys."""
    shape = two_stacks(read, k_bias=False)
    sound, text = read.size("max_source_positions"), read.size("max_target_positions")
    convolutions = 3 * shape.d_model * (read.size("num_mel_bins") + shape.d_model) + 2 * shape.d_model
    return replace(shape, position_rows=sound + text, final_norms=2, other=convolutions, context_len=text)
