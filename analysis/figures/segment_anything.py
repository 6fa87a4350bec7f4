"""Figures on what Segment Anything computes: the cost of a mask, windows against the whole image, parameters by part."""

from collections.abc import Callable, Mapping
from functools import cache

import numpy as np
import pandas as pd

from analysis import segment_anything as sam
from analysis import segment_anything_decoder as decoding
from analysis import tables
from analysis.compute import Device
from analysis.figures import segment_anything_data as data_figures
from analysis.figures import style
from analysis.figures.panel import Citation, Panel, table_of
from analysis.figures.segment_anything_data import PAPER, facts
from analysis.units import format_count, format_duration, format_si, significant

COLORS = {"ViT-B": style.AMBER, "ViT-L": style.CRIMSON, "ViT-H": style.BLUE}
SHAPES = (Citation(PAPER, "Sections 2 and 3; Appendix A"), Citation("li2022vitdet", "Section 3"))
PROMPTS = np.unique(np.round(np.geomspace(1, 10_000, 33)))
UNITS = {"flops": "FLOPs", "seconds": "time on a GPU"}
MEASURED_ON = "a100_40gb"
"""The table has two A100s with one peak rate; the site names no memory size."""


@cache
def encoders() -> dict[str, sam.ImageEncoder]:
    """The three image encoders by name, the smallest first."""
    rows = tables.load("segment_anything_encoders").to_dict("records")
    return {row["model"]: sam.ImageEncoder.from_row(row) for row in rows}


@cache
def encoding_flops(model: str) -> float:
    """FLOPs of encoding one image at the encoder's own resolution."""
    return float(sam.total(sam.encoder_flops(encoders()[model])))


@cache
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


def per_mask(model: str, prompts: int, masks: int, unit: str, device: Device, utilisation: float, settings: Mapping[str, str]) -> Panel:
    """FLOPs or time per mask against prompts per image for every encoder, and the reader's number of prompts on one of them.

    unit: "flops", or "seconds" on the device at a utilisation of its peak.
    """
    if unit not in UNITS:
        raise ValueError(f"unit must be one of {', '.join(UNITS)}, got {unit!r}")
    scale = 1.0 if unit == "flops" else device.peak_flops_per_s * utilisation
    prompt = prompt_flops()
    lines = {name: sam.flops_per_mask(encoding_flops(name), prompt, PROMPTS, masks) / scale for name in encoders()}
    traces = [style.computed_line(PROMPTS, values, name, COLORS[name]) for name, values in lines.items()]
    floor = prompt / masks / scale
    traces.append(style.computed_line([1, 10_000], [floor, floor], "prompt and decoder alone", style.GREY, width=1.2))
    here = float(sam.flops_per_mask(encoding_flops(model), prompt, prompts, masks)) / scale
    traces.append(style.what_if_marker([prompts], [here], "your prompts", COLORS[model]))
    parts = [{"series": name, "prompts": PROMPTS, unit: values, "status": "computed"} for name, values in lines.items()]
    parts += [{"series": ["decoder alone"], "prompts": [np.nan], unit: [floor], "status": "computed"}]
    parts += [{"series": ["your prompts"], "prompts": [prompts], unit: [here], "status": "what_if"}]
    known = facts()
    grid = known.loc["grid_points"]
    if unit == "seconds" and device.id.startswith("a100"):
        row = known.loc["image_encoder_latency_a100"]
        traces.append(style.reported_markers([1], [row["value"]], "encoder alone, reported", style.BLUE, "diamond"))
        parts.append(
            {"series": ["encoder alone, reported"], "prompts": [1], unit: [row["value"]], "status": "reported", "source": row["source"]}
        )
    layout = style.layout(
        "log_number", "flops" if unit == "flops" else "log_number", x_title="Prompts per image", height=440,
        y_title="FLOP per mask" if unit == "flops" else "Seconds per mask", x_range=(0.85, 11_000),
        shapes=[style.vertical_line(prompts, COLORS[model]), style.vertical_line(grid["value"], style.GREY, "dot")],
    )  # fmt: skip
    layout["yaxis"] |= {"dtick": 1, "exponentformat": "power" if unit == "flops" else "none"}
    share = float(encoding_flops(model) / (encoding_flops(model) + prompts * prompt))
    even = float(sam.break_even(encoding_flops(model), prompt))
    cost = format_si(here, "FLOP") if unit == "flops" else spell(here)
    return Panel(
        name="segment_anything.per_mask",
        title=f"{model} at {prompts:,} prompt{'s' * (prompts > 1)} an image: {cost} a mask, {share:.0%} of it for encoding the image",
        figure=style.figure(traces, layout),
        data=lambda: table_of(parts),
        caption=(
            f"The encoder runs once, so its {format_si(encoding_flops(model), 'FLOP')} are shared by all prompts of the image; each prompt adds {format_si(prompt, 'FLOP')}. "
            f"Only after {even:,.0f} prompts has prompting cost as much as encoding. The dotted line is the grid of {grid['value']:,.0f} points with which SA-1B was made."
            + (" Time takes the same share of peak for both parts; decoding few prompts at a time reaches less." if unit == "seconds" else "")
        ),
        alt=f"Cost per mask falls with prompts per image; {model} costs {cost} a mask at {prompts:,} prompts and reaches the decoder's own cost only after thousands.",
        sources=(*SHAPES, *(Citation(source, known.loc["image_encoder_latency_a100", "location"]) for source in ("meta2023sam",) if unit == "seconds")),
        settings=settings,
        explain=(sam.flops_per_mask, sam.break_even, sam.encoder_flops, decoding.decoder_flops, decoding.prompt_encoder_flops),
    )  # fmt: skip


def spell(seconds: float) -> str:
    """A time below a second in milliseconds, a longer one in words.

    >>> spell(0.0123), spell(2.0)
    ('12.3 ms', '2 seconds')
    """
    return f"{significant(seconds * 1000)} ms" if seconds < 1 else format_duration(seconds)


def parts(model: str, prompts: int, settings: Mapping[str, str]) -> Panel:
    """FLOPs of an image and its prompts by part."""
    inside = {f"encoder: {part}": float(value) for part, value in sam.encoder_flops(encoders()[model]).items()}
    side, tokens = encoders()[model].side, decoding.prompt_tokens(1)
    decoder = {f"decoder: {part}": float(value) * prompts for part, value in decoding.decoder_flops(side, tokens).items()}
    rows = inside | {"prompt encoder": float(decoding.prompt_encoder_flops(tokens)) * prompts} | decoder
    names, values = list(rows), np.array(list(rows.values()))
    colors = [COLORS[model] if name.startswith("encoder") else style.SLATE for name in names]
    traces = [style.bars(values, names, "FLOPs", colors, [format_si(value, "FLOP") for value in values], horizontal=True)]
    traces[0]["textposition"] = "outside"
    layout = style.layout(
        "number", "category", x_title="FLOP for one image", height=440, showlegend=False, x_range=(0, 1.16 * values.max())
    )
    layout["yaxis"] |= {"autorange": "reversed"}
    layout["xaxis"] |= {"exponentformat": "SI", "nticks": 6}
    encoder, rest = sum(inside.values()), values.sum() - sum(inside.values())
    return Panel(
        name="segment_anything.parts",
        title=f"One image with {prompts:,} prompt{'s' * (prompts > 1)}: {format_si(encoder, 'FLOP')} in {model}, {format_si(rest, 'FLOP')} in everything after it",
        figure=style.figure(traces, layout),
        data=lambda: pd.DataFrame({"part": names, "flops": values, "model": model, "prompts": prompts, "status": "computed"}),
        caption=(
            "Matrix products and convolutions, a multiply-add counted as two. Scores and values of attention are a small part because most layers attend inside windows; "
            "behind the encoder, most of the work is attention between the few tokens of the prompt and the whole embedding. Encoding the prompt itself costs next to nothing."
        ),
        alt=f"FLOPs of one image by part: {format_si(encoder, 'FLOP')} in the image encoder {model} and {format_si(rest, 'FLOP')} for {prompts:,} prompts.",
        sources=SHAPES,
        settings=settings,
        explain=(sam.encoder_flops, sam.attention_flops, decoding.decoder_flops, decoding.prompt_encoder_flops),
    )  # fmt: skip


def devices(model: str, prompts: int, utilisation: float, settings: Mapping[str, str]) -> Panel:
    """Time of encoding an image and of decoding its prompts on every device of the table, at one utilisation."""
    gpus = tables.load("gpus").sort_values("peak_flops_per_s", ascending=False)
    rate = gpus["peak_flops_per_s"].to_numpy() * utilisation
    encode, decode = encoding_flops(model) / rate, prompts * prompt_flops() / rate
    names = gpus["label"].tolist()
    traces = [
        style.bars(encode, names, f"encoding with {model}", COLORS[model], horizontal=True),
        style.bars(decode, names, f"{prompts:,} prompts", style.SLATE, horizontal=True),
    ]
    row = facts().loc["image_encoder_latency_a100"]
    at = gpus.set_index("id").loc[MEASURED_ON, "label"]
    traces.append(style.reported_markers([row["value"]], [at], "ViT-H encoder, reported", style.AMBER, "diamond"))
    layout = style.layout("number", "category", x_title="Seconds for one image", height=500, barmode="stack")
    layout["yaxis"] |= {"autorange": "reversed"}
    mine = float(encoding_flops(model) / (gpus.set_index("id").loc[MEASURED_ON, "peak_flops_per_s"] * utilisation))
    return Panel(
        name="segment_anything.devices",
        title=f"At {utilisation:.0%} of peak an A100 encodes an image with {model} in {spell(mine)}; the site reports {row['value']:g} s, which is {site_utilisation():.0%}",
        figure=style.figure(traces, layout),
        data=lambda: table_of([
            {"device": names, "encode_seconds": encode, "prompts_seconds": decode, "status": "computed"},
            {"device": [at], "encode_seconds": [row["value"]], "source": row["source"], "status": "reported"},
        ]),
        caption=(
            f"FLOPs over the 16-bit peak rate times the utilisation, the same for all devices. The reported {row['value']:g} s is taken as ViT-H, whose parameters the site gives; precision and batch "
            f"are not stated. For {prompts:,} prompts in one go the same rate is assumed; the 50 ms that the paper reports for a prompt are on the processor of a browser."
        ),
        alt=f"Seconds to encode an image with {model} and to decode {prompts:,} prompts on {len(names)} devices at {utilisation:.0%} of their peak; an A100 takes {spell(mine)} to encode.",
        sources=(*SHAPES, Citation("meta2023sam", row["location"]), Citation(PAPER, "Section 1")),
        settings=settings,
        explain=(sam.implied_utilisation, sam.encoder_flops, decoding.decoder_flops),
    )  # fmt: skip


@cache
def _axis(encoder: sam.ImageEncoder) -> np.ndarray:
    """Resolutions from 256 to 2,048 pixels in steps of four patches."""
    return np.arange(256, 2049, 4 * encoder.patch)


def attention(model: str, resolution: int, window: int, settings: Mapping[str, str]) -> Panel:
    """FLOPs of the encoder against the resolution: as built, with windows of another size, and with attention over the whole image."""
    encoder = encoders()[model]
    axis = _axis(encoder)
    built, other, whole = (
        sam.total(sam.encoder_flops(encoder, axis, *changes)) for changes in ((None, None), (window, None), (None, encoder.n_layers))
    )
    at = [
        float(sam.total(sam.encoder_flops(encoder, resolution, *changes))) for changes in ((None, None), (window, None), (None, encoder.n_layers))
    ]  # fmt: skip
    mine = f"your windows, {window} x {window}"
    traces = [
        style.what_if_line(axis, whole, "all layers over the whole image", style.CRIMSON),
        style.computed_line(axis, built, f"as built: windows of {encoder.window}, {encoder.n_global} global layers", style.BLUE),
        style.what_if_line(axis, other, mine, style.AMBER),
        style.what_if_marker([resolution], [at[1]], "your resolution", style.AMBER),
    ]
    layout = style.layout(
        "number", "flops", x_title="Side of the image (pixels)", y_title="FLOP to encode one image", height=440,
        shapes=[style.vertical_line(resolution, style.AMBER)],
    )  # fmt: skip
    layout["yaxis"] |= {"dtick": 1}
    return Panel(
        name="segment_anything.attention",
        title=f"At {resolution:,} pixels {model} takes {format_si(at[0], 'FLOP')} as built; attention over the whole image in every layer would take {significant(at[2] / at[0])} times that",
        figure=style.figure(traces, layout),
        data=lambda: table_of([
            {"series": "as built", "resolution": axis, "flops": built, "status": "computed"},
            {"series": "all global", "resolution": axis, "flops": whole, "status": "what_if"},
            {"series": mine, "resolution": axis, "flops": other, "status": "what_if"},
            {"series": ["your resolution"] * 3, "resolution": [resolution] * 3, "flops": at, "status": "what_if"},
        ]),
        caption=(
            f"Attention over the whole image grows with the fourth power of its side, windows with the second, so the {encoder.n_global} global layers of {encoder.n_layers} decide at high resolution. "
            f"Your windows would take {format_si(at[1], 'FLOP')}. Relative positions are counted; memory, which global attention needs even more of, is not."
        ),
        alt=f"FLOPs of {model} against the side of the image; at {resolution:,} pixels {format_si(at[0], 'FLOP')} as built and {format_si(at[2], 'FLOP')} with global attention everywhere.",
        sources=SHAPES,
        settings=settings,
        explain=(sam.encoder_flops, sam.attention_flops, sam.padded_side),
    )  # fmt: skip


def windows(model: str, resolution: int, n_global: int, settings: Mapping[str, str]) -> Panel:
    """FLOPs of the encoder against the size of its windows at one resolution, with the padding that they need."""
    encoder = encoders()[model]
    n_global = min(n_global, encoder.n_layers)
    side = resolution // encoder.patch
    sizes = np.arange(2, side + 1)
    values = sam.total(sam.encoder_flops(encoder, resolution, sizes, n_global))
    own, free = min(encoder.window, side), sizes[(side % sizes) == 0]
    even = values[free - 2]
    here = float(values[own - 2])
    best = int(free[np.abs(np.log(free / own)).argmin()])
    padded = float(sam.padded_side(side, own) / side) ** 2 - 1
    traces = [
        style.what_if_line(sizes, values, f"{n_global} global layers of {encoder.n_layers}", style.BLUE),
        style.what_if_marker([own], [here], f"windows of {own}, as built" if n_global == encoder.n_global else f"windows of {own}", style.AMBER),
        {**style.what_if_marker(free, even, "no padding", style.CRIMSON), "marker": {"color": style.CRIMSON, "size": 8, "symbol": "circle-open", "line": {"width": 2}}},
    ]  # fmt: skip
    layout = style.layout("number", "number", x_title="Side of a window (patches)", y_title="FLOP to encode one image", height=420)
    layout["yaxis"] |= {"exponentformat": "SI", "rangemode": "tozero"}
    gain = float(values[best - 2]) / here - 1
    change = f"{abs(gain):.1%} {'more' if gain > 0 else 'less'} work"
    title = f"Windows of {own} pad {side} patches to {int(sam.padded_side(side, own))}, {padded:.0%} more tokens in windowed layers; "
    return Panel(
        name="segment_anything.windows",
        title=title + (f"windows of {best} pad none, with {change}" if padded else "they need no padding here"),
        figure=style.figure(traces, layout),
        data=lambda: table_of([
            {"series": "windows", "window": sizes, "flops": values, "status": "what_if"},
            {"series": "no padding", "window": free, "flops": even, "status": "what_if"},
            {"series": ["as built"], "window": [own], "flops": [here], "status": ["computed"]},
        ]),
        caption=(
            "A layer with windows pads the image to whole windows and projects the padding too, hence the saw; rings mark sizes that divide the image. Between them the curve rises because a larger "
            f"window lets each patch see more. At the right end a window is the image. The encoder as built has {encoder.n_global} global layers."
        ),
        alt=f"FLOPs of {model} against the side of its windows at {resolution:,} pixels, a saw that rises; windows of {own} take {format_si(here, 'FLOP')}.",
        sources=SHAPES,
        settings=settings,
        explain=(sam.encoder_flops, sam.padded_side, sam.attention_flops),
    )  # fmt: skip


PART_COLORS = {
    "MLP": style.BLUE, "attention": style.CRIMSON, "absolute positions": style.VIOLET, "patches": style.SLATE, "neck": style.RED,
    "relative positions": style.GREY, "norms": style.AMBER,
}  # fmt: skip


def params(settings: Mapping[str, str]) -> Panel:
    """Parameters of the image encoders by part, and what the site prints."""
    counts = {name: sam.encoder_params(encoder) for name, encoder in encoders().items()}
    names, totals = list(counts), {name: sum(found.values()) for name, found in counts.items()}
    traces = [
        style.bars([counts[name][part] for name in names], names, part, color, horizontal=True) for part, color in PART_COLORS.items()
    ]
    row = facts().loc["image_encoder_params"]
    mark = style.reported_markers([row["value"]], ["ViT-H"], "reported", style.AMBER, "diamond")
    mark["marker"] |= {"size": 13, "line": {"width": 1.5, "color": "#FFFFFF"}}
    traces.append(mark)
    layout = style.layout("number", "category", x_title="Parameters of the image encoder", height=380, barmode="stack")
    layout["xaxis"] |= {"exponentformat": "B"}
    layout["yaxis"] |= {"autorange": "reversed"}
    largest, blocks = totals["ViT-H"], counts["ViT-H"]["attention"] + counts["ViT-H"]["MLP"] + counts["ViT-H"]["norms"]
    return Panel(
        name="segment_anything.params",
        title=f"Counted from its shape the encoder ViT-H has {largest:,} parameters; the site says {row['value'] / 1e6:.0f} M",
        figure=style.figure(traces, layout),
        data=lambda: table_of([
            *({"model": name, "part": list(found), "n_params": list(found.values()), "status": "computed"} for name, found in counts.items()),
            {"model": ["ViT-H"], "part": ["total"], "n_params": [row["value"]], "source": row["source"], "status": "reported"},
        ]),
        caption=(
            f"Every count agrees with the model that transformers builds, to the parameter. The printed {row['value'] / 1e6:.0f} M lies between the blocks alone ({blocks / 1e6:.1f} M) and the whole encoder; tables of absolute positions "
            f"for {encoders()['ViT-H'].side} x {encoders()['ViT-H'].side} patches add {counts['ViT-H']['absolute positions'] / 1e6:.1f} M, relative ones {counts['ViT-H']['relative positions'] / 1e6:.1f} M, the neck {counts['ViT-H']['neck'] / 1e6:.1f} M."
        ),
        alt=f"Stacked bars of parameters by part: {', '.join(f'{name} {format_count(value)}' for name, value in totals.items())}.",
        sources=(*SHAPES, Citation("meta2023sam", row["location"])),
        settings=settings,
        explain=(sam.encoder_params,),
    )  # fmt: skip


def light_params(settings: Mapping[str, str]) -> Panel:
    """Parameters of the prompt encoder and the mask decoder by part."""
    decoder = {f"decoder: {part}": count for part, count in decoding.decoder_params().items()}
    prompt = {f"prompt encoder: {part}": count for part, count in decoding.prompt_encoder_params().items()}
    rows = decoder | prompt
    names, values = list(rows), list(rows.values())
    colors = [style.SLATE if name.startswith("decoder") else style.AMBER for name in names]
    traces = [style.bars(values, names, "parameters", colors, [f"{value:,}" for value in values], horizontal=True)]
    traces[0]["textposition"] = "outside"
    layout = style.layout("number", "category", x_title="Parameters", height=400, showlegend=False, x_range=(0, 1.16 * max(values)))
    layout["yaxis"] |= {"autorange": "reversed"}
    layout["xaxis"] |= {"exponentformat": "B", "nticks": 6}
    row = facts().loc["prompt_encoder_mask_decoder_params"]
    total, share = sum(values), sum(values) / (sum(values) + sum(sam.encoder_params(encoders()["ViT-H"]).values()))
    return Panel(
        name="segment_anything.light_params",
        title=f"Prompt encoder and mask decoder hold {total:,} parameters, {share:.1%} of the model with ViT-H; the site says {row['value'] / 1e6:.0f} M",
        figure=style.figure(traces, layout),
        data=lambda: table_of([
            {"part": names, "n_params": values, "status": "computed"},
            {"part": ["prompt encoder and mask decoder"], "n_params": [row["value"]], "source": row["source"], "status": "reported"},
        ]),
        caption=f"The decoder has {sum(decoder.values()):,} parameters and the prompt encoder {sum(prompt.values()):,}, {prompt['prompt encoder: Fourier frequencies']} of which are random frequencies that are shared with the image side and not trained. Both are the same behind every image encoder.",
        alt=f"Bars of parameters by part; the two-way blocks of the decoder hold {decoder['decoder: two-way blocks']:,} of {total:,}.",
        sources=(*SHAPES, Citation("meta2023sam", row["location"])),
        settings=settings,
        explain=(decoding.decoder_params, decoding.prompt_encoder_params),
    )  # fmt: skip


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
        rows, columns=["encoder", "image encoder", "prompt encoder", "mask decoder", "all parameters", "one image", "prompts that cost as much"]
    )  # fmt: skip


def default_panels() -> dict[str, Callable[[], Panel]]:
    """The panels of the page at its default settings."""
    gpu = Device.from_row(tables.load("gpus").set_index("id", drop=False).loc[MEASURED_ON])
    model = {"image encoder": "ViT-H"}
    return {
        "segment_anything.per_mask": lambda: per_mask(
            "ViT-H", 64, 1, "flops", gpu, 0.13, model | {"prompts": "64", "masks per prompt": "1"}
        ),
        "segment_anything.parts": lambda: parts("ViT-H", 64, model | {"prompts": "64"}),
        "segment_anything.devices": lambda: devices("ViT-H", 64, 0.13, model | {"prompts": "64", "utilisation": "13%"}),
        "segment_anything.attention": lambda: attention("ViT-H", 1024, 16, model | {"resolution": "1,024", "window": "16"}),
        "segment_anything.windows": lambda: windows("ViT-H", 1024, 4, model | {"resolution": "1,024", "global layers": "4"}),
        "segment_anything.params": lambda: params({"shapes": "as released"}),
        "segment_anything.light_params": lambda: light_params({"shapes": "as released"}),
        **data_figures.default_panels(),
    }
