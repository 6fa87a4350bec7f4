"""What it costs to generate a video directly in pixels, in latent space, or image first: tokens and FLOPs of a what-if."""

from dataclasses import dataclass

import numpy as np

from analysis.scaling.chinchilla import positive
from analysis.trace import array, named, real

ASPECT = 64
"""Assumed width over depth of a denoiser, near that of large language models."""
ATTENTIONS = ("separate", "joint")
INTERPOLATIONS = ("clip", "gaps")
WAYS = ("directly in pixels", "directly in latent space", "image first")
STAGES = ("image", "key frames", "interpolation", "whole video")


@dataclass(frozen=True)
class Denoiser:
    """A transformer that denoises: n_params parameters, all of which work on every token, in n_layers of width d_model.

    An assumption: the published systems are U-Nets, whose inner layers see fewer tokens, so they take less than this.
    """

    n_params: float
    n_layers: float
    d_model: float

    @classmethod
    def of_size(cls, n_params: float) -> "Denoiser":
        """The denoiser of a size, with 12 L d^2 parameters and d = 64 L.

        >>> round(Denoiser.of_size(49152e3).n_layers)
        10
        """
        layers = named(real(positive("n_params", n_params) / (12 * ASPECT**2)) ** (1 / 3), "L", "layers")
        return cls(real(n_params), layers, ASPECT * layers)


def tokens_per_frame(resolution, compression, patch):
    """Tokens of a square frame: (R / (f p))^2, R pixels a side, f the compression of the latent space a side (1: pixels), p the patch.

    Broadcasts. Source: [rombach2022] for f, [peebles2022] for p.

    >>> float(tokens_per_frame(512, 8, 2))
    1024.0
    """
    side = positive("resolution", resolution) / (positive("compression", compression) * positive("patch", patch))
    return named(side**2, "n", "tokens of a frame")


def attention_pairs(tokens, frames, attention: str = "separate"):
    """Pairs of tokens that look at each other in one layer; broadcasts.

    joint: (n T)^2, every token at all others. separate: T n^2 within the frames and n T^2 along time, as the two papers do it.

    >>> float(attention_pairs(4, 3, "joint")), float(attention_pairs(4, 3))
    (144.0, 84.0)
    """
    if attention not in ATTENTIONS:
        raise ValueError(f"attention must be one of {', '.join(ATTENTIONS)}, got {attention!r}")
    n, T = positive("tokens", tokens), positive("frames", frames)
    return (n * T) ** 2 if attention == "joint" else T * n**2 + np.where(T > 1, n * T**2, 0.0)


def denoising_flops(tokens, frames, denoiser: Denoiser, steps, attention: str = "separate"):
    """FLOPs of denoising a clip: S (2 N n T + 4 L d pairs), S steps, n tokens a frame, T frames (`attention_pairs`). Broadcasts.

    Guidance, which runs the denoiser two or three times a step, the text encoder and the decoder of the latent space are left out.

    >>> small = Denoiser(1.0, 0.0, 0.0)
    >>> float(denoising_flops(10, 2, small, 5))
    200.0
    """
    pairs = named(attention_pairs(tokens, frames, attention), "Q", "pairs of tokens that look at each other")
    weights = 2 * denoiser.n_params * tokens * array(frames)
    return positive("steps", steps) * (weights + 4 * denoiser.n_layers * denoiser.d_model * pairs)


@dataclass(frozen=True)
class Generation:
    """A what-if: n tokens a frame in pixels and in latent space come from resolution [pixels], compression and patch.

    key_frames: frames of the video that the second stage makes, where the image comes first; interpolation: "clip" where one pass sees
    all frames, "gaps" where it sees two key frames and what lies between. steps of denoising are the same everywhere.
    """

    resolution: float = 512
    compression: float = 8
    patch: float = 2
    steps: float = 250
    key_frames: float = 16
    attention: str = "separate"
    interpolation: str = "clip"

    def __post_init__(self):
        if self.interpolation not in INTERPOLATIONS:
            raise ValueError(f"interpolation must be one of {', '.join(INTERPOLATIONS)}, got {self.interpolation!r}")
        positive("key_frames", self.key_frames)


def stages(what: Generation, frames, image: Denoiser, video: Denoiser) -> dict[tuple[str, str], tuple[np.ndarray, np.ndarray]]:
    """{(way, stage): (tokens, FLOPs)} of making `frames` frames; broadcasts over frames. Tokens are those of one step.

    Directly: all frames at once, in pixels or in latent space. Image first: one frame by the image denoiser, then the key frames, then
    all frames by interpolation, each in latent space; with as many key frames as frames there is no interpolation. In gaps the
    interpolation works on K - 1 clips of (T - K) / (K - 1) new frames between two known ones.

    >>> found = stages(Generation(), 65, Denoiser.of_size(2.7e9), Denoiser.of_size(4.4e9))
    >>> {name: float(tokens) for (way, name), (tokens, _) in found.items() if way == "image first"}
    {'image': 1024.0, 'key frames': 16384.0, 'interpolation': 66560.0}
    """
    T = positive("frames", frames)
    pixels, latents = tokens_per_frame(what.resolution, 1, what.patch), tokens_per_frame(what.resolution, what.compression, what.patch)

    def cost(n, count, denoiser):
        return n * count, denoising_flops(n, count, denoiser, what.steps, what.attention)

    K = np.minimum(what.key_frames, T)
    clips = np.ones_like(T) if what.interpolation == "clip" else np.maximum(K - 1, 1)
    length = T if what.interpolation == "clip" else (T - K) / clips + 2
    between = [np.where(K < T, clips * part, 0.0) for part in cost(latents, length, video)]
    one = np.ones_like(T)
    return {
        (WAYS[0], STAGES[3]): cost(pixels, T, video),
        (WAYS[1], STAGES[3]): cost(latents, T, video),
        (WAYS[2], STAGES[0]): cost(latents, one, image),
        (WAYS[2], STAGES[1]): cost(latents, K, video),
        (WAYS[2], STAGES[2]): (between[0], between[1]),
    }


def by_way(found: dict[tuple[str, str], tuple[np.ndarray, np.ndarray]]) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """{way: (tokens, FLOPs)}: the stages of `stages` added up."""
    sums: dict[str, list] = {way: [0.0, 0.0] for way in WAYS}
    for (way, _), parts in found.items():
        sums[way] = [total + part for total, part in zip(sums[way], parts, strict=True)]
    return {way: (parts[0], parts[1]) for way, parts in sums.items()}
