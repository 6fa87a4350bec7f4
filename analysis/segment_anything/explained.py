"""How the numbers of the figures on Segment Anything come about."""

from dataclasses import fields, replace
from typing import Any

from analysis import tables
from analysis.charts.explained import Steps
from analysis.charts.inputs import cell, defined, processor, setting
from analysis.gpus import gpu
from analysis.segment_anything import decoder as decoding
from analysis.segment_anything import encoder as sam
from analysis.segment_anything.data import MEASURED_ON, PAPER, encoders, facts
from analysis.segment_anything.figures import REPORTED_ENCODER, Devices, Parts, PerMask
from analysis.segment_anything.figures_shape import Attention, LightParams, Params, Windows
from analysis.trace import Traced, named

SHAPE = {
    "d_model": ("d", "width of the encoder"),
    "n_layers": ("L", "blocks of the encoder"),
    "n_global": ("L_g", "blocks that attend over the whole image"),
    "n_heads": ("H", "heads"),
    "d_ff": ("F", "inner width of the MLP"),
    "d_out": (r"d_\text{out}", "channels of the embedding"),
    "patch": ("p", "side of a patch"),
    "window": ("w", "side of a window"),
    "resolution": ("R", "side of the image"),
}
UNITS = {"patch": "pixels", "window": "patches", "resolution": "pixels"}
LIGHT = {
    "d_model": (r"d_\text{dec}", "width of the mask decoder"),
    "n_layers": (r"L_\text{dec}", "two-way blocks"),
    "d_ff": (r"F_\text{dec}", "inner width of the decoder's MLP"),
    "downsample": ("z", "width of the decoder over that of its attention with the image"),
    "n_masks": ("m", "masks that a prompt asks for"),
    "iou_depth": (r"h_\text{iou}", "layers of the head that rates the masks"),
    "iou_width": (r"d_\text{iou}", "width of the head that rates the masks"),
    "mask_channels": ("c", "channels of the convolutions for a mask as prompt"),
    "n_frequencies": ("f", "Fourier frequencies of positions"),
}


def traced_encoder(model: str) -> sam.ImageEncoder:
    """An image encoder with traced sizes."""
    rows = tables.load("segment_anything_encoders")
    row = rows[rows["model"] == model].iloc[0].to_dict()
    sizes: dict[str, Any] = {
        name: cell(row | {name: int(row[name])}, name, symbol, meaning, UNITS.get(name, "")) for name, (symbol, meaning) in SHAPE.items()
    }
    return replace(encoders()[model], **sizes)


def traced_decoder() -> decoding.MaskDecoder:
    """The mask decoder with traced sizes."""
    plain = decoding.MaskDecoder()
    sizes: dict[str, Any] = {
        one.name: defined(getattr(plain, one.name), *LIGHT[one.name], "", PAPER, "Appendix A and released code") for one in fields(plain)
    }
    return replace(plain, **sizes)


def whole(parts: dict[str, Any], symbol: str, meaning: str, unit: str = "FLOP", mark: str = "C") -> Traced:
    """The sum of parts, each under a name of its own."""
    each = {name: named(value, rf"{mark}_\text{{{name}}}", name, unit) for name, value in parts.items()}
    return named(sam.total(each), symbol, meaning, unit)


def encoding(model: str, *changes: Any, symbol: str = r"C_\text{image}") -> Traced:
    """FLOPs of encoding one image, part by part."""
    return whole(sam.encoder_flops(traced_encoder(model), *changes), symbol, f"encoding an image with {model}")


def prompting() -> tuple[Traced, Traced]:
    """FLOPs of the prompt encoder and of the mask decoder for one prompt of one point."""
    decoder, tokens = (
        traced_decoder(),
        defined(decoding.prompt_tokens(1), r"t_\text{prompt}", "tokens of a prompt of one point, padded", "", PAPER, "Appendix A"),
    )
    point = named(decoding.prompt_encoder_flops(tokens, decoder), r"C_\text{point}", "encoding one prompt", "FLOP")
    side = named(traced_encoder(next(iter(encoders()))).side, "s", "side of the embedding")
    return point, whole(decoding.decoder_flops(side, tokens, decoder), r"C_\text{dec}", "decoding one prompt", mark="D")


def per_mask(figure: PerMask) -> Steps:
    """FLOPs or time per mask, and the share of encoding in what the image takes."""
    image, (point, decode) = encoding(figure.image_encoder), prompting()
    prompt = named(point + decode, "P", "one prompt", "FLOP")
    prompts = setting(figure, "prompts_per_image", "q")
    flops = sam.flops_per_mask(image, prompt, prompts, setting(figure, "masks_per_prompt", "m", "masks kept of each prompt"))
    flops = named(flops, r"C_\text{mask}", "FLOPs per mask", "FLOP")
    rate = processor(figure.gpu).peak_flops_per_s * setting(figure, "mfu", "u", "MFU")
    return {
        "FLOPs per mask": flops,
        "time per mask": named(flops / rate, "t", "time per mask", "s"),
        "share of encoding the image": named(image / (image + prompts * prompt), "s", "share of encoding the image"),
    }


def parts(figure: Parts) -> Steps:
    """FLOPs of the encoder, and of everything after it."""
    point, decode = prompting()
    after = named(setting(figure, "prompts_per_image", "q") * (point + decode), r"C_\text{after}", "FLOPs after the encoder", "FLOP")
    return {"FLOPs of the encoder": encoding(figure.image_encoder), "FLOPs after it": after}


def devices(figure: Devices) -> Steps:
    """The time of encoding on an A100, and the share of its peak that the reported time stands for."""
    device, printed = processor(gpu(MEASURED_ON)), facts().loc["image_encoder_latency_a100"].to_dict()
    image = encoding(figure.image_encoder)
    time = named(image / (device.peak_flops_per_s * setting(figure, "mfu", "u", "MFU")), "t", "time of encoding", "s")
    if figure.image_encoder != REPORTED_ENCODER:
        return {"time of encoding on an A100": time}
    reported = cell(printed, "value", r"t_\text{site}", "reported time of encoding", "s")
    share = sam.implied_utilisation(image, reported, device.peak_flops_per_s)
    return {
        "time of encoding on an A100": time,
        "reported time of encoding": reported,
        "MFU that the site's time implies": named(share, r"u_\text{site}", "MFU that the site's time implies"),
    }


def attention(figure: Attention) -> Steps:
    """FLOPs as built, and with attention over the whole image in every layer over those."""
    model, side = figure.image_encoder, setting(figure, "image_side", "R")
    built = encoding(model, side)
    everywhere = encoding(model, side, None, traced_encoder(model).n_layers, symbol=r"C_\text{everywhere}")
    over = named(everywhere / built, "x", "FLOPs over the whole image by FLOPs as built")
    return {"FLOPs as built": built, "FLOPs over the whole image by FLOPs as built": over}


def windows(figure: Windows) -> Steps:
    """The tokens that padding adds in windowed layers."""
    encoder = traced_encoder(figure.image_encoder)
    side = named(setting(figure, "image_side", "R") // encoder.patch, "s", "patches along a side")
    own = encoder.window if encoder.window <= side else side
    padded = (sam.padded_side(side, own) / side) ** 2 - 1
    return {"more tokens in windowed layers": named(padded, "e", "more tokens in windowed layers")}


def params(_: Params) -> Steps:
    """The parameters of the largest encoder, part by part, and those that the site prints."""
    counted = whole(sam.encoder_params(traced_encoder("ViT-H")), "N", "parameters of ViT-H", "parameters", "N")
    printed = cell(
        facts().loc["image_encoder_params"].to_dict(), "value", r"N_\text{site}", "parameters that the site prints", "parameters"
    )
    return {"parameters of ViT-H": counted, "parameters that the site prints": printed}


def light_params(_: LightParams) -> Steps:
    """The parameters of the light parts, their share, and those that the site prints."""
    decoder = traced_decoder()
    both = decoding.decoder_params(decoder) | decoding.prompt_encoder_params(decoder)
    light = whole(both, r"N_\text{light}", "parameters of both", "parameters", "N")
    image = whole(sam.encoder_params(traced_encoder("ViT-H")), r"N_\text{image}", "parameters of the encoder ViT-H", "parameters", "N")
    row = facts().loc["prompt_encoder_mask_decoder_params"].to_dict()
    return {
        "parameters of both": light,
        "their share of the model with ViT-H": named(light / (light + image), "s", "their share of the model with ViT-H"),
        "parameters that the site prints": cell(row, "value", r"N_\text{site}", "parameters that the site prints", "parameters"),
    }


AS_PRINTED = frozenset({"datasets", "engine", "regions", "people", "transfer"})
PRINTED = "Values are as the paper prints them, or read off its figures where the table says so; nothing was run again."
NOTHING_COMPUTED = "Every value is as the paper prints it; nothing is computed but the counts and differences that the words state."
WORDS = {
    "windows": (
        "Work is the sum over the layers of projections, attention and the MLP, counted as under the other charts, for every side of a window at your resolution.",
        "The second number compares the nearest window that divides the image, by ratio, with the window as built: its FLOPs over those, less one.",
    ),
    "datasets": (PRINTED, "Ratios are of the printed numbers of masks and images.", NOTHING_COMPUTED),
    "engine": (
        PRINTED,
        "Time by hand is the printed number of masks times the seconds that one takes, night and day.",
        "Time by hand is the number of masks times the seconds that one takes.",
    ),
    "regions": (PRINTED, NOTHING_COMPUTED),
    "against_ritm": (PRINTED, "A data set counts as ahead where SAM's printed score is above RITM's, and as behind where it is below."),
    "people": (PRINTED, NOTHING_COMPUTED),
    "transfer": (PRINTED, NOTHING_COMPUTED),
}
