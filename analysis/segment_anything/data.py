"""Encoders, costs and reported facts of Segment Anything, kept until their tables change."""

import numpy as np
import pandas as pd

from analysis import tables
from analysis.segment_anything import decoder as decoding
from analysis.segment_anything import encoder as sam
from analysis.units import format_si

PROMPTS = np.unique(np.round(np.geomspace(1, 10_000, 33)))
MEASURED_ON = "a100_40gb"
"""The table has two A100s with one peak rate; the site names no memory size."""

PAPER = "kirillov2023"


@tables.kept
def encoding_flops(model: str) -> float:
    """FLOPs of encoding one image at the encoder's own resolution."""
    return float(sam.total(sam.encoder_flops(encoders()[model])))


@tables.kept
def prompt_flops(points: int = 1, box: bool = False) -> float:
    """FLOPs of prompt encoder and mask decoder for one prompt."""
    tokens, side = decoding.prompt_tokens(points, box), next(iter(encoders().values())).side
    return float(decoding.prompt_encoder_flops(tokens) + sam.total(decoding.decoder_flops(side, tokens)))


def prompts_like_encoding(model: str = "ViT-H") -> int:
    """Prompts that cost as much as encoding the image."""
    return round(float(sam.break_even(encoding_flops(model), prompt_flops())))


def site_utilisation() -> float:
    """Share of an A100's peak that the reported 0.15 s of the largest encoder stands for."""
    peak = tables.load("gpus").set_index("id").loc[MEASURED_ON, "peak_flops_per_s"]
    return float(sam.implied_utilisation(encoding_flops("ViT-H"), facts().loc["image_encoder_latency_a100", "value"], peak))


def counts_table() -> pd.DataFrame:
    """Exact parameters of the whole model with each encoder."""
    decoder, prompt = sum(decoding.decoder_params().values()), sum(decoding.prompt_encoder_params().values())
    rows = []
    for name, encoder in encoders().items():
        image = sum(sam.encoder_params(encoder).values())
        flops = encoding_flops(name)
        counts = [f"{count:,}" for count in (image, prompt, decoder, image + prompt + decoder)]
        rows.append([name, *counts, format_si(flops, "FLOP"), f"{prompts_like_encoding(name):,}"])
    return pd.DataFrame(
        rows,
        columns=["encoder", "image encoder", "prompt encoder", "mask decoder", "all parameters", "one image", "prompts that cost as much"],
    )


@tables.kept
def facts() -> pd.DataFrame:
    """The table segment_anything_facts by key."""
    return tables.load("segment_anything_facts").set_index("key")


@tables.kept
def scores() -> pd.DataFrame:
    """What the Segment Anything paper reports, out of vision_scores."""
    rows = tables.load("vision_scores")
    return rows[rows["source"] == PAPER].reset_index(drop=True)


@tables.kept
def encoders() -> dict[str, sam.ImageEncoder]:
    """The three image encoders by name, the smallest first."""
    rows = tables.load("segment_anything_encoders").to_dict("records")
    return {row["model"]: sam.ImageEncoder.from_row(row) for row in rows}


@tables.kept
def resolution_axis(encoder: sam.ImageEncoder) -> np.ndarray:
    """Resolutions from 256 to 2,048 pixels in steps of four patches."""
    return np.arange(256, 2049, 4 * encoder.patch)
