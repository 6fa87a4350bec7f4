"""Figures on what Segment Anything computes: the cost of a mask, by part and by device."""

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd

from analysis import tables
from analysis.charts import style
from analysis.charts.panel import Citation, Panel, table_of
from analysis.compute.costs import Device
from analysis.segment_anything import decoder as decoding
from analysis.segment_anything import encoder as sam
from analysis.segment_anything import figures_reported as data_figures
from analysis.segment_anything import figures_shape as shape_figures
from analysis.segment_anything.data import MEASURED_ON, PAPER, PROMPTS, encoders, encoding_flops, facts, prompt_flops, site_utilisation
from analysis.segment_anything.figures_shape import SHAPES
from analysis.units import format_duration, format_si, significant

COLORS = {"ViT-B": style.AMBER, "ViT-L": style.CRIMSON, "ViT-H": style.BLUE}
UNITS = {"flops": "FLOPs", "seconds": "time on a GPU"}


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
        "log_number",
        "flops" if unit == "flops" else "log_number",
        x_title="Prompts per image",
        height=440,
        y_title="FLOP per mask" if unit == "flops" else "Seconds per mask",
        x_range=(0.85, 11_000),
        shapes=[style.vertical_line(prompts, COLORS[model]), style.vertical_line(grid["value"], style.GREY, "dot")],
    )
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
            + (
                " Time takes the same share of peak for both parts; decoding few prompts at a time reaches less."
                if unit == "seconds"
                else ""
            )
        ),
        alt=f"Cost per mask falls with prompts per image; {model} costs {cost} a mask at {prompts:,} prompts and reaches the decoder's own cost only after thousands.",
        sources=(
            *SHAPES,
            *(Citation(source, known.loc["image_encoder_latency_a100", "location"]) for source in ("meta2023sam",) if unit == "seconds"),
        ),
        settings=settings,
        explain=(sam.flops_per_mask, sam.break_even, sam.encoder_flops, decoding.decoder_flops, decoding.prompt_encoder_flops),
    )


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
    traces[0] |= {"textposition": "outside", "cliponaxis": False}
    layout = style.layout(
        "number", "category", x_title="FLOP for one image", height=440, showlegend=False, x_range=(0, 1.16 * values.max())
    )
    layout["yaxis"] |= {"autorange": "reversed"}
    layout["xaxis"] |= {"exponentformat": "SI", "nticks": 6}
    layout["margin"] = layout["margin"] | {"r": 56}
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
    )


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
        data=lambda: table_of(
            [
                {"device": names, "encode_seconds": encode, "prompts_seconds": decode, "status": "computed"},
                {"device": [at], "encode_seconds": [row["value"]], "source": row["source"], "status": "reported"},
            ]
        ),
        caption=(
            f"FLOPs over the 16-bit peak rate times the utilisation, the same for all devices. The reported {row['value']:g} s is taken as ViT-H, whose parameters the site gives; precision and batch "
            f"are not stated. For {prompts:,} prompts in one go the same rate is assumed; the 50 ms that the paper reports for a prompt are on the processor of a browser."
        ),
        alt=f"Seconds to encode an image with {model} and to decode {prompts:,} prompts on {len(names)} devices at {utilisation:.0%} of their peak; an A100 takes {spell(mine)} to encode.",
        sources=(*SHAPES, Citation("meta2023sam", row["location"]), Citation(PAPER, "Section 1")),
        settings=settings,
        explain=(sam.implied_utilisation, sam.encoder_flops, decoding.decoder_flops),
    )


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
        **shape_figures.default_panels(),
        **data_figures.default_panels(),
    }
