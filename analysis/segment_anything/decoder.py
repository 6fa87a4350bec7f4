"""Segment Anything's prompt encoder and mask decoder from their shapes: parameters and FLOPs of one prompt."""

from dataclasses import dataclass

from analysis.scaling.chinchilla import positive
from analysis.trace import named

POINT_KINDS = 4
"""Learned embeddings of points: background, foreground, and the two corners of a box."""
COORDINATES = 2


@dataclass(frozen=True)
class MaskDecoder:
    """The shape of the mask decoder and of the prompt encoder before it, the same behind every image encoder.

    d_model: width; n_layers: two-way blocks; d_ff: width of their MLP; downsample: by how much the attention between prompt and image
    is narrower than d_model; n_masks: masks a prompt asks for, one of which is for unambiguous prompts; iou_depth and iou_width: of the
    head that rates the masks; mask_channels: of the convolutions that embed a mask given as prompt; n_frequencies: of the random
    Fourier features that encode positions.
    """

    d_model: int = 256
    n_layers: int = 2
    d_ff: int = 2048
    downsample: int = 2
    n_masks: int = 4
    iou_depth: int = 3
    iou_width: int = 256
    mask_channels: int = 16
    n_frequencies: int = 128

    @property
    def narrow(self) -> int:
        """Width of the attention between prompt and image."""
        return self.d_model // self.downsample


def prompt_tokens(points: int = 1, box: bool = False) -> int:
    """Tokens that a prompt of points and a box becomes: one a point, two a box, and a padding point where there is no box.

    >>> prompt_tokens(1), prompt_tokens(0, box=True)
    (2, 2)
    """
    if points < 0 or points + box == 0:
        raise ValueError(f"a prompt needs at least one point or a box, got {points} points")
    return points + (2 if box else 1)


def decoder_params(decoder: MaskDecoder = MaskDecoder()) -> dict[str, int]:
    """The parameters of the mask decoder by part, with biases.

    A block: self-attention at width d, two attentions between prompt and image at the narrower width, an MLP, four norms; after the
    blocks one more attention and a norm; two transposed convolutions of 2 x 2, to d / 4 and d / 8 channels; for each mask a
    perceptron of three layers; one such head for the quality of the masks; their output tokens.
    Source: [kirillov2023] Appendix A.

    >>> sum(decoder_params().values())
    4058340
    """
    d, a = decoder.d_model, named(decoder.narrow, "a", "width of the attention between prompt and image")
    across = named(3 * (d * a + a) + a * d + d, r"N_\text{across}", "parameters of one attention between prompt and image")
    block = 4 * (d * d + d) + 2 * across + 2 * d * decoder.d_ff + decoder.d_ff + d + 8 * d
    block = named(block, r"N_\text{block}", "parameters of one two-way block")
    perceptron = named(2 * (d * d + d) + d * (d // 8) + d // 8, r"N_\text{perceptron}", "parameters of one mask perceptron")
    w = decoder.iou_width
    head = d * w + w + (decoder.iou_depth - 2) * (w * w + w) + w * decoder.n_masks + decoder.n_masks
    return {
        "two-way blocks": decoder.n_layers * block + across + 2 * d,
        "upscaling": 4 * d * (d // 4) + d // 4 + 2 * (d // 4) + 4 * (d // 4) * (d // 8) + d // 8,
        "mask MLPs": decoder.n_masks * perceptron,
        "quality head": head,
        "output tokens": (decoder.n_masks + 1) * d,
    }


def prompt_encoder_params(decoder: MaskDecoder = MaskDecoder()) -> dict[str, int]:
    """The numbers of the prompt encoder by part; its Fourier frequencies are drawn at random and not trained.

    Source: [kirillov2023] Appendix A.

    >>> sum(prompt_encoder_params().values())
    6476
    """
    d, c = decoder.d_model, decoder.mask_channels
    narrow = c // 4
    return {
        "point and box embeddings": (POINT_KINDS + 1) * d,
        "no-mask embedding": d,
        "mask convolutions": 4 * narrow + narrow + 4 * narrow * c + c + c * d + d + 2 * narrow + 2 * c,
        "Fourier frequencies": COORDINATES * decoder.n_frequencies,
    }


def prompt_encoder_flops(tokens, decoder: MaskDecoder = MaskDecoder()):
    """FLOPs of encoding a prompt of points or a box: the product of its coordinates with the Fourier frequencies, 4 t n_frequencies.

    >>> float(prompt_encoder_flops(2))
    1024.0
    """
    return 2.0 * COORDINATES * decoder.n_frequencies * positive("tokens", tokens)


def decoder_flops(side, tokens, decoder: MaskDecoder = MaskDecoder()) -> dict:
    """FLOPs of decoding one prompt by part, from an embedding of side x side; tokens: of the prompt (`prompt_tokens`). Broadcasts.

    With n = side^2 and t the prompt's tokens with those of the masks and of the quality head. A block: self-attention 8 t d^2 + 4 t^2 d;
    MLP 4 t d d_ff; to the image and back, each 4 (n + t) d a + 4 n t a at the narrower width a. After the blocks one attention more.
    Upscaling: 2 n d^2 and n d^2. Masks: their perceptrons, and 4 n d for each mask, on a grid four times as fine. A multiply-add is two
    operations; norms, softmax and additions are left out. The embedding is projected anew for every prompt, as the released code does.

    >>> f"{float(sum(decoder_flops(64, 2).values())):.3g}"
    '3.62e+09'
    """
    n, d = positive("side", side) ** 2, decoder.d_model
    a = named(decoder.narrow, "a", "width of the attention between prompt and image")
    t = named(positive("tokens", tokens) + decoder.n_masks + 1, "t", "tokens of the prompt and of the output")
    across = named(4 * (n + t) * d * a + 4 * n * t * a, r"C_\text{across}", "one attention between prompt and image", "FLOP")
    w = decoder.iou_width
    return {
        "attention among tokens": decoder.n_layers * (8 * t * d**2 + 4 * t**2 * d),
        "attention with the image": (2 * decoder.n_layers + 1) * across,
        "MLP": decoder.n_layers * 4 * t * d * decoder.d_ff,
        "upscaling": 2 * n * d**2 + n * d**2,
        "masks": decoder.n_masks * (2 * (2 * d**2 + d**2 // 8) + 4 * n * d)
        + 2 * (d * w + (decoder.iou_depth - 2) * w**2 + w * decoder.n_masks),
    }
