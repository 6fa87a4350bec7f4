"""Figures on the shape of Segment Anything's parts: windows against the whole image, and parameters."""

from typing import Any

import numpy as np

from analysis.charts import marks, style
from analysis.charts.figure import Figure
from analysis.charts.panel import Citation, Headline, Panel
from analysis.charts.parameters import Choice, Quantity
from analysis.segment_anything import decoder as decoding
from analysis.segment_anything import encoder as sam
from analysis.segment_anything.data import PAPER, counts_table, encoders, facts, resolution_axis
from analysis.units import format_count, format_si, significant

SHAPES = (Citation(PAPER, "Sections 2 and 3; Appendix A"), Citation("li2022vitdet", "Section 3"))
COLORS = {"ViT-B": style.ORCHID, "ViT-L": style.CRIMSON, "ViT-H": style.BLUE}
IMAGE_ENCODER = Choice("Image encoder", options={name: name for name in COLORS})
IMAGE_SIDE = Choice(
    "Input resolution",
    options={side: f"{side:,} pixels" for side in range(256, 2_048 + 1, 128)},
    ordered=True,
)


class Attention(Figure):
    """FLOPs of the encoder against the resolution: as built, with windows of another size, and with attention over the whole image."""

    name = "segment_anything.attention"
    image_encoder: str = IMAGE_ENCODER("ViT-H")
    image_side: int = IMAGE_SIDE(1_024)
    window_side: int = Quantity("Window size", unit="patches", low=2, high=64, step=1, whole=True)(16)

    def draw(self) -> Panel:
        """The panel at these parameters."""
        model, side, window = self.image_encoder, self.image_side, self.window_side
        encoder = encoders()[model]
        axis = resolution_axis(encoder)
        changes = {"as built": (None, None), "windows": (window, None), "whole": (None, encoder.n_layers)}
        values = {name: sam.total(sam.encoder_flops(encoder, axis, *change)) for name, change in changes.items()}
        at = {name: float(sam.total(sam.encoder_flops(encoder, side, *change))) for name, change in changes.items()}
        whole = {"series": "global attention in all layers", "image_side": axis, "flops": values["whole"], "status": "what_if"}
        built = {
            "series": f"as built: windows of {encoder.window}, {encoder.n_global} global layers", "image_side": axis,
            "flops": values["as built"], "status": "computed",
        }  # fmt: skip
        mine = {"series": f"your windows, {window} × {window}", "image_side": axis, "flops": values["windows"], "status": "what_if"}
        here = {"series": "your resolution", "image_side": [side], "flops": [at["windows"]], "status": "what_if"}
        others = {
            "series": [built["series"], whole["series"]], "image_side": [side] * 2, "flops": [at["as built"], at["whole"]],
            "status": ["computed", "what_if"],
        }  # fmt: skip
        traces = [
            marks.line(whole, "image_side", "flops", style.CRIMSON),
            marks.line(built, "image_side", "flops", style.BLUE),
            marks.line(mine, "image_side", "flops", style.AMBER),
            marks.points(here, "image_side", "flops", style.AMBER),
        ]
        layout = style.layout(
            "number",
            "flops",
            x_title="Input resolution (pixels)",
            y_title="FLOP to encode one image",
            height=440,
            shapes=[style.vertical_line(side, style.AMBER)],
        )
        layout["yaxis"] |= {"dtick": 1}
        takes = Headline("FLOPs as built", at["as built"], "FLOP", format_si(at["as built"], "FLOP"), "flops")
        ratio = at["whole"] / at["as built"]
        times = Headline("FLOPs over the whole image by FLOPs as built", ratio, "", significant(ratio))
        return Panel(
            title=f"At {side:,} pixels, {model} takes {takes}; global attention in every layer would take {times}× that",
            headline=(takes, times),
            figure=style.figure(traces, layout),
            parts=[built, whole, mine, here, others],
            caption=(
                f"Lines are the FLOPs of the image encoder against the input resolution. Global attention grows with the fourth power of the side, windowed attention with the second, so the {encoder.n_global} global layers of {encoder.n_layers} dominate at high resolution. "
                f"Your windows would take {format_si(at['windows'], 'FLOP')}. Relative positions are counted; memory, which global attention needs even more, is not."
            ),
            alt=f"FLOPs of {model} against input resolution; at {side:,} pixels {takes} as built and {format_si(at['whole'], 'FLOP')} with global attention everywhere.",
            sources=SHAPES,
        )


class Windows(Figure):
    """FLOPs of the encoder against the size of its windows at one resolution, with the padding that they need."""

    name = "segment_anything.windows"
    image_encoder: str = IMAGE_ENCODER("ViT-H")
    image_side: int = IMAGE_SIDE(1_024)
    n_global_layers: int = Quantity(
        "Global-attention layers", unit="layers", low=0, high=32, step=1, whole=True,
    )(4)  # fmt: skip

    def draw(self) -> Panel:
        """The panel at these parameters."""
        model, encoder = self.image_encoder, encoders()[self.image_encoder]
        n_global = min(self.n_global_layers, encoder.n_layers)
        side = self.image_side // encoder.patch
        sizes = np.arange(2, side + 1)
        values = sam.total(sam.encoder_flops(encoder, self.image_side, sizes, n_global))
        own, free = min(encoder.window, side), sizes[(side % sizes) == 0]
        here = float(values[own - 2])
        best = int(free[np.abs(np.log(free / own)).argmin()])
        padded = float(sam.padded_side(side, own) / side) ** 2 - 1
        line = {"series": f"{n_global} global layers of {encoder.n_layers}", "window_side": sizes, "flops": values, "status": "what_if"}
        as_built = n_global == encoder.n_global
        built = f"windows of {own}, as built" if as_built else f"windows of {own}"
        chosen = {"series": built, "window_side": [own], "flops": [here], "status": "computed" if as_built else "what_if"}
        even = {"series": "no padding", "window_side": free, "flops": values[free - 2], "status": "what_if"}
        dot = {"color": style.CRIMSON, "size": 8}
        traces = [
            marks.line(line, "window_side", "flops", style.BLUE),
            marks.points(chosen, "window_side", "flops", style.SLATE if as_built else style.AMBER, symbol="square"),
            marks.points(even, "window_side", "flops", style.CRIMSON, marker=dot),
        ]
        layout = style.layout("number", "number", x_title="Window size (patches)", y_title="FLOP to encode one image", height=420)
        layout["yaxis"] |= {"exponentformat": "SI", "rangemode": "tozero"}
        gain = float(values[best - 2]) / here - 1
        filled = int(sam.padded_side(side, own))
        more = Headline("more tokens in windowed layers", padded, "share", f"{padded:.0%}")
        change = Headline("change of work without padding", abs(gain), "share", f"{abs(gain):.1%}")
        title = f"Windows of {own} pad {side} patches to {filled} ({more} more tokens); "
        free_one = f"windows of {best} pad none, at {change} {'more' if gain > 0 else 'less'} compute"
        return Panel(
            title=title + (free_one if padded else "they need no padding here"),
            headline=(more, change) if padded else (more,),
            figure=style.figure(traces, layout),
            parts=[line, even, chosen],
            caption=(
                "The line is the FLOPs of the image encoder against the window size; dots mark sizes that need no padding. A windowed layer pads the image to whole windows and projects the padding too, hence the sawtooth. The curve rises because a larger "
                f"window lets each patch attend to more. At the right end a window is the whole image. The encoder as built has {encoder.n_global} global layers."
            ),
            alt=f"FLOPs of {model} against the side of its windows at {self.image_side:,} pixels, a rising sawtooth; windows of {own} take {format_si(here, 'FLOP')}.",
            sources=SHAPES,
        )


SMALL_PARTS = ("patches", "neck", "relative positions", "norms")
PART_COLORS = {"MLP": style.BLUE, "attention": style.CRIMSON, "absolute positions": style.VIOLET, ", ".join(SMALL_PARTS): style.SLATE}
"""Colour of each piece of a bar; parts too small to be seen are one piece, and the table has them all."""


class Params(Figure):
    """Parameters of the image encoders by part, and what the site prints."""

    name = "segment_anything.params"

    def draw(self) -> Panel:
        """The panel."""
        counts = {name: sam.encoder_params(encoder) for name, encoder in encoders().items()}
        totals = {name: sum(found.values()) for name, found in counts.items()}
        bars: list[dict[str, Any]] = [
            {
                "series": part,
                "part": part,
                "model": list(counts),
                "n_params": [sum(found[one] for one in part.split(", ")) for found in counts.values()],
                "status": "computed",
            }
            for part in PART_COLORS
        ]
        small = [
            {
                "series": part,
                "part": part,
                "part_of": ", ".join(SMALL_PARTS),
                "model": list(counts),
                "n_params": [found[part] for found in counts.values()],
                "status": "computed",
            }
            for part in SMALL_PARTS
        ]
        row = facts().loc["image_encoder_params"]
        printed = {
            "series": "reported", "part": "total", "model": ["ViT-H"], "n_params": [row["value"]], "source": row["source"],
            "location": row["location"], "status": "reported",
        }  # fmt: skip
        whole = {"series": "total", "part": "total", "model": list(totals), "n_params": list(totals.values()), "status": "computed"}
        traces = [marks.bars(part, "n_params", "model", PART_COLORS[part["part"]], horizontal=True) for part in bars]
        mark = marks.points(printed, "n_params", "model", style.ORCHID, symbol="diamond")
        mark["marker"] |= {"size": 13, "line": {"width": 1.5, "color": "#FFFFFF"}}
        layout = style.layout("number", "category", x_title="Parameters of the image encoder", height=380, barmode="stack")
        layout["xaxis"] |= {"exponentformat": "B"}
        layout["yaxis"] |= {"autorange": "reversed"}
        largest, blocks = totals["ViT-H"], counts["ViT-H"]["attention"] + counts["ViT-H"]["MLP"] + counts["ViT-H"]["norms"]
        ours = Headline("parameters of ViT-H", float(largest), "parameters", f"{largest:,}", "n_params")
        theirs = Headline("parameters that the site prints", float(row["value"]), "parameters", f"{row['value'] / 1e6:.0f} M", "n_params")
        return Panel(
            title=f"Counted from its shape, the ViT-H encoder has {ours} parameters; the site says {theirs}",
            headline=(ours, theirs),
            figure=style.figure([*traces, mark], layout),
            parts=[*bars, *small, whole, printed],
            beside=counts_table(),
            caption=(
                f"Bars are the parameters of the image encoders by part; every count equals that of the model in transformers. The printed {theirs} lies between the blocks alone ({blocks / 1e6:.1f} M) and the whole encoder; tables of absolute positions "
                f"for {encoders()['ViT-H'].side} × {encoders()['ViT-H'].side} patches add {counts['ViT-H']['absolute positions'] / 1e6:.1f} M, relative ones {counts['ViT-H']['relative positions'] / 1e6:.1f} M, the neck {counts['ViT-H']['neck'] / 1e6:.1f} M."
            ),
            alt=f"Stacked bars of parameters by part: {', '.join(f'{name} {format_count(value)}' for name, value in totals.items())}.",
            sources=(*SHAPES, Citation("meta2023sam", row["location"])),
        )


class LightParams(Figure):
    """Parameters of the prompt encoder and the mask decoder by part."""

    name = "segment_anything.light_params"

    def draw(self) -> Panel:
        """The panel."""
        decoder = {f"decoder: {part}": count for part, count in decoding.decoder_params().items()}
        prompt = {f"prompt encoder: {part}": count for part, count in decoding.prompt_encoder_params().items()}
        rows = decoder | prompt
        values = list(rows.values())
        part = {"series": "parameters", "part": list(rows), "n_params": values, "status": "computed"}
        row = facts().loc["prompt_encoder_mask_decoder_params"]
        printed = {
            "series": "reported", "part": "prompt encoder and mask decoder", "n_params": [row["value"]], "source": row["source"],
            "location": row["location"], "status": "reported",
        }  # fmt: skip
        colors = [style.SLATE if name.startswith("decoder") else style.ORCHID for name in rows]
        bar = marks.bars(part, "n_params", "part", colors, horizontal=True, text=[f"{value:,}" for value in values])
        bar |= {"textposition": "outside", "cliponaxis": False}
        layout = style.layout("number", "category", x_title="Parameters", height=400, showlegend=False, x_range=(0, 1.16 * max(values)))
        layout["yaxis"] |= {"autorange": "reversed"}
        layout["xaxis"] |= {"exponentformat": "B", "nticks": 6}
        layout["margin"] = layout["margin"] | {"r": 56}
        total, share = sum(values), sum(values) / (sum(values) + sum(sam.encoder_params(encoders()["ViT-H"]).values()))
        ours = Headline("parameters of both", float(total), "parameters", f"{total:,}")
        small = Headline("their share of the model with ViT-H", share, "share", f"{share:.1%}")
        theirs = Headline("parameters that the site prints", float(row["value"]), "parameters", f"{row['value'] / 1e6:.0f} M", "n_params")
        return Panel(
            title=f"Prompt encoder and mask decoder have {ours} parameters, {small} of SAM ViT-H; the site says {theirs}",
            headline=(ours, small, theirs),
            figure=style.figure([bar], layout),
            parts=[part, printed],
            caption=f"Bars are the parameters of SAM's two light parts. The decoder has {sum(decoder.values()):,} parameters and the prompt encoder {sum(prompt.values()):,}, {prompt['prompt encoder: Fourier frequencies']} of which are random frequencies that are shared with the image side and not trained. Both are the same for every image encoder.",
            alt=f"Bars of parameters by part; the two-way blocks of the decoder hold {decoder['decoder: two-way blocks']:,} of {total:,}.",
            sources=(*SHAPES, Citation("meta2023sam", row["location"])),
        )
