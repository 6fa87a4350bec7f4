"""How the numbers of the figures on ConvNets and vision transformers come about."""

from dataclasses import replace
from typing import Any

from analysis import tables
from analysis.charts.explained import Steps
from analysis.charts.inputs import cell, origin_of_row, processor, setting
from analysis.convnets_vits import equal_compute, shapes
from analysis.convnets_vits.data import VERSIONS, counted, known_shapes
from analysis.convnets_vits.figures import Devices, Images, Loss
from analysis.convnets_vits.figures_shapes import ByResolution, BySize
from analysis.gpus import gpu
from analysis.trace import given, named

SIZES = {
    "patch_size": ("p", "side of a patch"),
    "d_model": ("d", "width"),
    "n_layers": ("L", "layers"),
    "d_ff": ("F", "inner width of the MLP"),
    "n_heads": ("H", "heads"),
}


def traced_count(model: str, resolution: Any) -> shapes.Count:
    """Parameters and multiply-adds of a model: of a vision transformer traced, of an NFNet as counted convolution by convolution."""
    shape = known_shapes()[model]
    if isinstance(shape, shapes.VitShape):
        rows = tables.load("vit_shapes")
        row = rows[rows["model"] == model].iloc[0].to_dict()
        sizes: dict[str, Any] = {
            name: cell(row | {name: int(row[name])}, name, symbol, f"{meaning} ({model})") for name, (symbol, meaning) in SIZES.items()
        }
        count = shapes.count_vit(replace(shape, **sizes), resolution)
        return shapes.Count(
            named(count.n_params, "N", f"parameters of {model}", "parameters"),
            named(count.multiply_adds, "A", f"multiply-adds of {model}"),
        )
    rows = tables.load("nfnet_shapes")
    row = rows[rows["model"] == model].iloc[0].to_dict()
    how = replace(origin_of_row(row), kind="fitted", words="counted convolution by convolution from its widths and depths")
    plain = counted(model, int(resolution))
    return shapes.Count(
        given(plain.n_params, "N", f"parameters of {model}", "parameters", how),
        given(plain.multiply_adds, "A", f"multiply-adds of {model} at {int(resolution)} pixels", "", how),
    )


def by_size(figure: BySize) -> Steps:
    """FLOPs and parameters of the NFNet over those of the ViT."""
    side = setting(figure, "resolution", "R")
    ours, theirs = traced_count("NFNet-F7+", side), traced_count("ViT-g/14", side)
    return {
        "FLOPs of NFNet-F7+ over ViT-g/14": named(ours.flops / theirs.flops, "x", "FLOPs of NFNet-F7+ over ViT-g/14"),
        "parameters of NFNet-F7+ over ViT-g/14": named(ours.n_params / theirs.n_params, "y", "parameters of NFNet-F7+ over ViT-g/14"),
    }


def by_resolution(figure: ByResolution) -> Steps:
    """FLOPs at twice the resolution over those at the resolution, of the models that grow least and most."""
    from analysis.convnets_vits.figures_shapes import key_of

    names = {key_of(model): model for model in known_shapes()}
    side, steps, growth = figure.resolution, {}, {}
    for key in figure.image_models:
        model = names[key]
        growth[model] = counted(model, 2 * side).flops / float(counted(model, side).flops)
    for model in {min(growth, key=growth.__getitem__), max(growth, key=growth.__getitem__)}:
        one = setting(figure, "resolution", "R")
        large, small = traced_count(model, 2 * one), traced_count(model, one)
        steps[f"growth of {model}"] = named(large.flops / small.flops, "g", f"growth of {model}")
    return steps


def hours(model: str, version: str, symbol: str) -> Any:
    """Core hours of a model's pretraining, as printed in thousands."""
    rows = tables.load("vision_scores")
    row = rows[(rows["metric"] == equal_compute.HOURS[version]) & (rows["model"] == model)].iloc[0].to_dict()
    thousands = cell(row, "value", f"{symbol}_{{k}}", f"thousand {VERSIONS[version]} core hours of {model}")
    return named(thousands * 1e3, symbol, f"{VERSIONS[version]} core hours of {model}", "h")


def devices(_: Devices) -> Steps:
    """Hours of the NFNet over those of the ViT, on both devices."""
    return {
        f"hours of NFNet-F7+ over ViT-g/14 on {label}": named(
            hours("NFNet-F7+", version, "h") / hours("ViT-g/14", version, "h'"),
            f"x_\\text{{{version}}}",
            f"hours of NFNet-F7+ over ViT-g/14 on {label}",
        )
        for version, label in VERSIONS.items()
    }


def _fact(name: str, symbol: str, meaning: str, unit: str = "") -> Any:
    rows = tables.load("convnets_facts")
    return cell(rows[rows["fact"] == name].iloc[0].to_dict(), "value", symbol, meaning, unit)


def images(figure: Images) -> Steps:
    """The images that the NFNet's hours pay for, those that it saw, and the share."""
    model = "NFNet-F7+"
    resolution = _fact("train_resolution", "R", "training resolution", "pixels")
    per_image = shapes.training_flops_per_image(traced_count(model, resolution).flops)
    per_image = named(per_image, r"C_\text{image}", "FLOPs of training on one image", "FLOP")
    core = equal_compute.core_rate(processor(gpu(f"tpu_{figure.tpu_version}")).peak_flops_per_s)
    core = named(core, r"R_\text{core}", "peak rate of one core", "FLOP/s")
    share = setting(figure, "mfu", "u", "MFU")
    paid = named(
        equal_compute.images_paid(hours(model, figure.tpu_version, "h"), core, share, per_image),
        "n",
        "images that the hours pay for",
        "images",
    )
    seen = named(
        _fact("epoch_budget_max", "e", "epochs") * _fact("jft4b_images", "J", "images of JFT-4B", "images"),
        r"n_\text{seen}",
        "images seen",
        "images",
    )
    return {
        "images that the hours pay for": paid,
        "images seen": seen,
        "images seen over images paid for": named(seen / paid, "s", "images seen over images paid for"),
    }


def loss(_: Loss) -> Steps:
    """The exponent from corner to corner of the axes, and what ten times the compute then saves."""
    low, high = (
        _fact("compute_budget_min", r"h_\text{low}", "fewest hours", "h"),
        _fact("compute_budget_max", r"h_\text{high}", "most hours", "h"),
    )
    bottom = _fact("figure2_loss_low", r"L_\text{low}", "lower end of the axis of losses", "nats")
    top = _fact("figure2_loss_high", r"L_\text{high}", "upper end of the axis of losses", "nats")
    steepest = named(equal_compute.steepest_exponent(low, high, bottom, top), "b", "steepest exponent within the axes")
    return {
        "steepest exponent within the axes": steepest,
        "loss saved by 10 times the compute": named(1 - 10**steepest, "s", "loss saved by 10 times the compute"),
    }


COUNTED = "An NFNet's parameters and multiply-adds are added up convolution by convolution, from the widths and depths of its four stages; a multiply-add is two FLOPs."
WORDS = {
    "by_size": (COUNTED,),
    "by_resolution": (COUNTED, "Of the chosen models the title names the one that grows least and the one that grows most."),
    "images": (COUNTED,),
    "accuracy": (
        "Errors and hours are as printed. The interval of an error is Wilson's, as if the 50,000 test images were drawn at random.",
        "Every NFNet is held beside every ViT whose hours differ by at most the factor. A pair is significantly different where the normal interval of the difference of its errors, taken as of independent draws, leaves zero out.",
    ),
    "loss": ("Two or more readings of yours are fitted by least squares on the logarithms of hours and loss; the interval is Student's.",),
    "published": (
        COUNTED,
        "A vision transformer's counts follow from width, depth, patch and resolution. Each is held against the printed count of the same model; the title states the largest difference of either family.",
    ),
}
