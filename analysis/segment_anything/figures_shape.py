"""Figures on the shape of Segment Anything's parts: windows against the whole image, and parameters."""

from collections.abc import Callable, Mapping

import numpy as np

from analysis.charts import style
from analysis.charts.panel import Citation, Panel, table_of
from analysis.segment_anything import decoder as decoding
from analysis.segment_anything import encoder as sam
from analysis.segment_anything.data import PAPER, encoders, facts, resolution_axis
from analysis.units import format_count, format_si, significant

SHAPES = (Citation(PAPER, "Sections 2 and 3; Appendix A"), Citation("li2022vitdet", "Section 3"))


def attention(model: str, resolution: int, window: int, settings: Mapping[str, str]) -> Panel:
    """FLOPs of the encoder against the resolution: as built, with windows of another size, and with attention over the whole image."""
    encoder = encoders()[model]
    axis = resolution_axis(encoder)
    built, other, whole = (
        sam.total(sam.encoder_flops(encoder, axis, *changes)) for changes in ((None, None), (window, None), (None, encoder.n_layers))
    )
    at = [
        float(sam.total(sam.encoder_flops(encoder, resolution, *changes)))
        for changes in ((None, None), (window, None), (None, encoder.n_layers))
    ]
    mine = f"your windows, {window} x {window}"
    traces = [
        style.what_if_line(axis, whole, "all layers over the whole image", style.CRIMSON),
        style.computed_line(axis, built, f"as built: windows of {encoder.window}, {encoder.n_global} global layers", style.BLUE),
        style.what_if_line(axis, other, mine, style.AMBER),
        style.what_if_marker([resolution], [at[1]], "your resolution", style.AMBER),
    ]
    layout = style.layout(
        "number",
        "flops",
        x_title="Side of the image (pixels)",
        y_title="FLOP to encode one image",
        height=440,
        shapes=[style.vertical_line(resolution, style.AMBER)],
    )
    layout["yaxis"] |= {"dtick": 1}
    return Panel(
        name="segment_anything.attention",
        title=f"At {resolution:,} pixels {model} takes {format_si(at[0], 'FLOP')} as built; attention over the whole image in every layer would take {significant(at[2] / at[0])} times that",
        figure=style.figure(traces, layout),
        data=lambda: table_of(
            [
                {"series": "as built", "resolution": axis, "flops": built, "status": "computed"},
                {"series": "all global", "resolution": axis, "flops": whole, "status": "what_if"},
                {"series": mine, "resolution": axis, "flops": other, "status": "what_if"},
                {"series": ["your resolution"] * 3, "resolution": [resolution] * 3, "flops": at, "status": "what_if"},
            ]
        ),
        caption=(
            f"Attention over the whole image grows with the fourth power of its side, windows with the second, so the {encoder.n_global} global layers of {encoder.n_layers} decide at high resolution. "
            f"Your windows would take {format_si(at[1], 'FLOP')}. Relative positions are counted; memory, which global attention needs even more of, is not."
        ),
        alt=f"FLOPs of {model} against the side of the image; at {resolution:,} pixels {format_si(at[0], 'FLOP')} as built and {format_si(at[2], 'FLOP')} with global attention everywhere.",
        sources=SHAPES,
        settings=settings,
        explain=(sam.encoder_flops, sam.attention_flops, sam.padded_side),
    )


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
        style.what_if_marker(
            [own], [here], f"windows of {own}, as built" if n_global == encoder.n_global else f"windows of {own}", style.AMBER
        ),
        {
            **style.what_if_marker(free, even, "no padding", style.CRIMSON),
            "marker": {"color": style.CRIMSON, "size": 8, "symbol": "circle-open", "line": {"width": 2}},
        },
    ]
    layout = style.layout("number", "number", x_title="Side of a window (patches)", y_title="FLOP to encode one image", height=420)
    layout["yaxis"] |= {"exponentformat": "SI", "rangemode": "tozero"}
    gain = float(values[best - 2]) / here - 1
    change = f"{abs(gain):.1%} {'more' if gain > 0 else 'less'} work"
    title = f"Windows of {own} pad {side} patches to {int(sam.padded_side(side, own))}, {padded:.0%} more tokens in windowed layers; "
    return Panel(
        name="segment_anything.windows",
        title=title + (f"windows of {best} pad none, with {change}" if padded else "they need no padding here"),
        figure=style.figure(traces, layout),
        data=lambda: table_of(
            [
                {"series": "windows", "window": sizes, "flops": values, "status": "what_if"},
                {"series": "no padding", "window": free, "flops": even, "status": "what_if"},
                {"series": ["as built"], "window": [own], "flops": [here], "status": ["computed"]},
            ]
        ),
        caption=(
            "A layer with windows pads the image to whole windows and projects the padding too, hence the saw; rings mark sizes that divide the image. Between them the curve rises because a larger "
            f"window lets each patch see more. At the right end a window is the image. The encoder as built has {encoder.n_global} global layers."
        ),
        alt=f"FLOPs of {model} against the side of its windows at {resolution:,} pixels, a saw that rises; windows of {own} take {format_si(here, 'FLOP')}.",
        sources=SHAPES,
        settings=settings,
        explain=(sam.encoder_flops, sam.padded_side, sam.attention_flops),
    )


PART_COLORS = {
    "MLP": style.BLUE,
    "attention": style.CRIMSON,
    "absolute positions": style.VIOLET,
    "patches": style.SLATE,
    "neck": style.RED,
    "relative positions": style.GREY,
    "norms": style.AMBER,
}


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
        data=lambda: table_of(
            [
                *(
                    {"model": name, "part": list(found), "n_params": list(found.values()), "status": "computed"}
                    for name, found in counts.items()
                ),
                {"model": ["ViT-H"], "part": ["total"], "n_params": [row["value"]], "source": row["source"], "status": "reported"},
            ]
        ),
        caption=(
            f"Every count agrees with the model that transformers builds, to the parameter. The printed {row['value'] / 1e6:.0f} M lies between the blocks alone ({blocks / 1e6:.1f} M) and the whole encoder; tables of absolute positions "
            f"for {encoders()['ViT-H'].side} x {encoders()['ViT-H'].side} patches add {counts['ViT-H']['absolute positions'] / 1e6:.1f} M, relative ones {counts['ViT-H']['relative positions'] / 1e6:.1f} M, the neck {counts['ViT-H']['neck'] / 1e6:.1f} M."
        ),
        alt=f"Stacked bars of parameters by part: {', '.join(f'{name} {format_count(value)}' for name, value in totals.items())}.",
        sources=(*SHAPES, Citation("meta2023sam", row["location"])),
        settings=settings,
        explain=(sam.encoder_params,),
    )


def light_params(settings: Mapping[str, str]) -> Panel:
    """Parameters of the prompt encoder and the mask decoder by part."""
    decoder = {f"decoder: {part}": count for part, count in decoding.decoder_params().items()}
    prompt = {f"prompt encoder: {part}": count for part, count in decoding.prompt_encoder_params().items()}
    rows = decoder | prompt
    names, values = list(rows), list(rows.values())
    colors = [style.SLATE if name.startswith("decoder") else style.AMBER for name in names]
    traces = [style.bars(values, names, "parameters", colors, [f"{value:,}" for value in values], horizontal=True)]
    traces[0] |= {"textposition": "outside", "cliponaxis": False}
    layout = style.layout("number", "category", x_title="Parameters", height=400, showlegend=False, x_range=(0, 1.16 * max(values)))
    layout["yaxis"] |= {"autorange": "reversed"}
    layout["xaxis"] |= {"exponentformat": "B", "nticks": 6}
    layout["margin"] = layout["margin"] | {"r": 56}
    row = facts().loc["prompt_encoder_mask_decoder_params"]
    total, share = sum(values), sum(values) / (sum(values) + sum(sam.encoder_params(encoders()["ViT-H"]).values()))
    return Panel(
        name="segment_anything.light_params",
        title=f"Prompt encoder and mask decoder hold {total:,} parameters, {share:.1%} of the model with ViT-H; the site says {row['value'] / 1e6:.0f} M",
        figure=style.figure(traces, layout),
        data=lambda: table_of(
            [
                {"part": names, "n_params": values, "status": "computed"},
                {"part": ["prompt encoder and mask decoder"], "n_params": [row["value"]], "source": row["source"], "status": "reported"},
            ]
        ),
        caption=f"The decoder has {sum(decoder.values()):,} parameters and the prompt encoder {sum(prompt.values()):,}, {prompt['prompt encoder: Fourier frequencies']} of which are random frequencies that are shared with the image side and not trained. Both are the same behind every image encoder.",
        alt=f"Bars of parameters by part; the two-way blocks of the decoder hold {decoder['decoder: two-way blocks']:,} of {total:,}.",
        sources=(*SHAPES, Citation("meta2023sam", row["location"])),
        settings=settings,
        explain=(decoding.decoder_params, decoding.prompt_encoder_params),
    )


def default_panels() -> dict[str, Callable[[], Panel]]:
    """The panels of this module at their default settings."""
    model = {"image encoder": "ViT-H"}
    return {
        "segment_anything.attention": lambda: attention("ViT-H", 1024, 16, model | {"resolution": "1,024", "window": "16"}),
        "segment_anything.windows": lambda: windows("ViT-H", 1024, 4, model | {"resolution": "1,024", "global layers": "4"}),
        "segment_anything.params": lambda: params({"shapes": "as released"}),
        "segment_anything.light_params": lambda: light_params({"shapes": "as released"}),
    }
