"""Segment Anything's image encoder from its shapes: parameters and FLOPs by part, and what a mask costs once the image is encoded."""

from dataclasses import dataclass

import numpy as np

from analysis.scaling.chinchilla import positive
from analysis.trace import array, named

COLOURS = 3
KERNEL = 3
"""Width of the second convolution of the neck."""
ENCODER_PARTS = ("patches and neck", "projections", "attention", "relative positions", "MLP")
"""The parts by which the encoder's FLOPs are listed."""


@dataclass(frozen=True)
class ImageEncoder:
    """The shape of a vision transformer with windowed and global attention, as a row of the table segment_anything_encoders has it.

    d_model: width; n_layers: blocks, of which n_global attend over the whole image and the rest inside windows; n_heads; patch [pixels];
    window: side of a window [patches]; resolution: side of the square image [pixels]; d_ff: width of the MLP; d_out: channels of the
    embedding that leaves the neck.
    """

    model: str
    d_model: int
    n_layers: int
    n_global: int
    n_heads: int
    d_ff: int
    d_out: int
    patch: int
    window: int
    resolution: int

    @classmethod
    def from_row(cls, row) -> "ImageEncoder":
        """The encoder in a row (mapping) of the table."""
        numbers = {name: int(row[name]) for name in cls.__dataclass_fields__ if name != "model"}
        return cls(row["model"], **numbers)

    @property
    def side(self) -> int:
        """Patches along a side of the image."""
        return self.resolution // self.patch


def encoder_params(encoder: ImageEncoder) -> dict[str, int]:
    """The parameters of an image encoder by part.

    patches: 3 p^2 d + d; absolute positions: s^2 d, s patches a side; relative positions: two tables of (2 k - 1) x head_dim in every
    layer, k = s or the window; attention: 4 d^2 + 4 d a layer; MLP: 2 d d_ff + d_ff + d a layer; norms: 4 d a layer; neck: a 1 x 1 and a
    3 x 3 convolution without bias to d_out channels, each with a norm. The tables of positions are the only part that depends on the
    resolution. Source: [kirillov2023] Appendix A, [li2022vitdet].

    >>> sum(encoder_params(ImageEncoder("ViT-B", 768, 12, 4, 12, 3072, 256, 16, 14, 1024)).values())
    89670912
    """
    d, out, s = encoder.d_model, encoder.d_out, encoder.side
    head_dim = d // encoder.n_heads
    windowed = encoder.n_layers - encoder.n_global
    return {
        "patches": COLOURS * encoder.patch**2 * d + d,
        "absolute positions": s * s * d,
        "relative positions": 2 * head_dim * (windowed * (2 * encoder.window - 1) + encoder.n_global * (2 * s - 1)),
        "attention": encoder.n_layers * (4 * d * d + 4 * d),
        "MLP": encoder.n_layers * (2 * d * encoder.d_ff + encoder.d_ff + d),
        "norms": encoder.n_layers * 4 * d,
        "neck": d * out + KERNEL**2 * out * out + 4 * out,
    }


def padded_side(side, window):
    """Patches along a side once the image is padded to whole windows: ceil(s / w) w. Broadcasts.

    >>> float(padded_side(64, 14))
    70.0
    """
    window = positive("window", window)
    return np.ceil(positive("side", side) / window) * window


def attention_flops(d_model: int, side, window=None) -> dict[str, np.ndarray]:
    """FLOPs of one attention layer over side x side patches: a dict of projections, attention, relative positions. Broadcasts.

    With n patches and k along a side of what a patch sees: projections 8 n d^2, scores and values 4 n k^2 d, relative positions 4 n k d.
    Globally k = s and n = s^2; in windows k = w and n counts the padding, n = (ceil(s / w) w)^2. A multiply-add is two operations; norms,
    softmax and additions are left out. window None: the whole image. Source: [li2022vitdet] Section 3, [kirillov2023] Appendix A.
    """
    seen = positive("side", side) if window is None else positive("window", window)
    n = named(padded_side(side, seen) ** 2, "n" if window is None else "n_w", "patches" if window is None else "patches with padding")
    return {"projections": 8 * n * d_model**2, "attention": 4 * n * seen**2 * d_model, "relative positions": 4 * n * seen * d_model}


def encoder_flops(encoder: ImageEncoder, resolution=None, window=None, n_global=None) -> dict[str, np.ndarray]:
    """FLOPs of encoding one image by part (ENCODER_PARTS); resolution, window and n_global replace the encoder's own and broadcast.

    The sum over the layers of `attention_flops` and of the MLP, 4 s^2 d d_ff each, with the patches, 6 s^2 p^2 d, and the neck,
    2 s^2 (d + 9 d_out) d_out. resolution [pixels], a multiple of the patch. Counts what matrix products and convolutions do, as
    profilers count it. Raises ValueError for values out of range.

    >>> vit_b = ImageEncoder("ViT-B", 768, 12, 4, 12, 3072, 256, 16, 14, 1024)
    >>> f"{float(sum(encoder_flops(vit_b).values())):.4g}"
    '9.721e+11'
    """
    resolution = positive("resolution", encoder.resolution if resolution is None else resolution)
    if np.any(resolution % encoder.patch):
        raise ValueError(f"resolution must be a multiple of the patch, {encoder.patch} pixels, got {resolution}")
    n_global = array(encoder.n_global if n_global is None else n_global)
    if np.any((n_global < 0) | (n_global > encoder.n_layers)):
        raise ValueError(f"n_global must lie between 0 and the {encoder.n_layers} layers, got {n_global}")
    side = named(resolution / encoder.patch, "s", "patches along a side")
    everywhere = attention_flops(encoder.d_model, side)
    inside = attention_flops(encoder.d_model, side, encoder.window if window is None else window)
    parts = {part: n_global * everywhere[part] + (encoder.n_layers - n_global) * inside[part] for part in everywhere}
    ends = 2 * side**2 * (COLOURS * encoder.patch**2 * encoder.d_model + (encoder.d_model + KERNEL**2 * encoder.d_out) * encoder.d_out)
    return {"patches and neck": ends, **parts, "MLP": 4 * encoder.n_layers * side**2 * encoder.d_model * encoder.d_ff}


def total(parts):
    """The sum of a dict of parts."""
    return sum(array(value) for value in parts.values())


def flops_per_mask(encoder, prompt, prompts, masks_per_prompt=1):
    """FLOPs per mask when an image is encoded once and prompted `prompts` times: (E + q P) / (q m). Broadcasts.

    encoder: FLOPs of the image encoder, E; prompt: FLOPs of prompt encoder and mask decoder for one prompt, P; masks_per_prompt: m, the
    masks that are kept of a prompt. Falls as 1 / q towards P / m. Source: [kirillov2023] Section 3.

    >>> float(flops_per_mask(1000.0, 1.0, 100))
    11.0
    """
    masks = positive("prompts", prompts) * positive("masks_per_prompt", masks_per_prompt)
    return (positive("encoder", encoder) + positive("prompts", prompts) * positive("prompt", prompt)) / masks


def break_even(encoder, prompt):
    """Prompts after which all prompts together have cost as much as the encoder: E / P. Broadcasts.

    >>> float(break_even(1000.0, 2.0))
    500.0
    """
    return positive("encoder", encoder) / positive("prompt", prompt)


def implied_utilisation(flops, seconds, peak_flops_per_s):
    """Share of a device's peak rate that a measured time stands for: FLOPs / (seconds peak). Broadcasts.

    >>> float(implied_utilisation(6e12, 0.1, 300e12))
    0.2
    """
    return positive("flops", flops) / (positive("seconds", seconds) * positive("peak_flops_per_s", peak_flops_per_s))
