"""Figures on what Segment Anything computes: the cost of a mask, by part and by device."""

from typing import Any

import numpy as np

from analysis import gpus
from analysis.charts import marks, style
from analysis.charts.figure import Figure
from analysis.charts.panel import Citation, Headline, Panel
from analysis.charts.parameters import Choice, Quantity
from analysis.charts.shared_parameters import GPU, MFU
from analysis.segment_anything import decoder as decoding
from analysis.segment_anything import encoder as sam
from analysis.segment_anything.data import MEASURED_ON, PAPER, PROMPTS, encoders, encoding_flops, facts, prompt_flops, site_utilisation
from analysis.segment_anything.figures_shape import COLORS, IMAGE_ENCODER, SHAPES
from analysis.units import counted, format_duration, format_si, significant

UNITS = {"flops": "FLOPs", "seconds": "time on a GPU"}
PROMPTS_PER_IMAGE = Quantity("Prompts per image", unit="prompts", low=1, high=8_192, twos=True, whole=True)
REPORTED_ENCODER = "ViT-H"
"""The encoder whose time on an A100 the project's site reports."""
OF_PEAK = MFU(0.13, low=0.01)


class PerMask(Figure):
    """FLOPs or time per mask against prompts per image for every encoder, and the reader's number of prompts on one of them."""

    name = "segment_anything.per_mask"
    image_encoder: str = IMAGE_ENCODER("ViT-H")
    mask_cost: str = Choice("Show", options=UNITS)("flops")
    gpu: gpus.Gpu = GPU(MEASURED_ON)
    prompts_per_image: int = PROMPTS_PER_IMAGE(64)
    masks_per_prompt: int = Quantity(
        "Masks per prompt", unit="masks", low=1, high=3, step=1, whole=True,
    )(1)  # fmt: skip
    mfu: float = OF_PEAK

    def draw(self) -> Panel:
        """The panel at these parameters."""
        model, prompts, masks, unit = self.image_encoder, self.prompts_per_image, self.masks_per_prompt, self.mask_cost
        prompt, rate = prompt_flops(), self.gpu.peak_flops_per_s * self.mfu

        def part(series: str, at: Any, flops: Any, status: str = "computed") -> dict[str, Any]:
            flops = np.asarray(flops, float)
            return {"series": series, "prompts_per_image": at, "flops": flops, "seconds": flops / rate, "status": status}

        lines = [part(name, PROMPTS, sam.flops_per_mask(encoding_flops(name), prompt, PROMPTS, masks)) for name in encoders()]
        floor = part("prompt encoder and decoder only", [1, 10_000], [prompt / masks] * 2)
        here = float(sam.flops_per_mask(encoding_flops(model), prompt, prompts, masks))
        took = f"{spell(here / rate)} at {self.mfu:.0%} of {self.gpu.label}"
        yours = part(f"your prompts: {format_si(here, 'FLOP')}, {took}", [prompts], [here], "what_if")
        traces = [marks.line(line, "prompts_per_image", unit, COLORS[line["series"]]) for line in lines]
        traces.append(marks.line(floor, "prompts_per_image", unit, style.GREY, width=1.2))
        traces.append(marks.points(yours, "prompts_per_image", unit, style.AMBER))
        known = facts()
        grid = known.loc["grid_points"]
        parts = [*lines, floor, yours]
        parts.append(
            {
                "series": "grid of points with which SA-1B was made", "prompts_per_image": [grid["value"]], "source": grid["source"],
                "location": grid["location"], "verified": [grid["verified"]], "status": "reported",
            }
        )  # fmt: skip
        if unit == "seconds" and self.gpu.id.startswith("a100"):
            row = known.loc["image_encoder_latency_a100"]
            parts.append(
                {
                    "series": f"{REPORTED_ENCODER} encoder alone, reported", "prompts_per_image": [1], "seconds": [row["value"]], "source": row["source"],
                    "location": row["location"], "status": "reported",
                }
            )  # fmt: skip
            traces.append(marks.points(parts[-1], "prompts_per_image", "seconds", style.BLUE, symbol="diamond"))
        layout = style.layout(
            "log_number",
            "flops" if unit == "flops" else "log_number",
            x_title="Prompts per image",
            height=440,
            y_title="FLOP per mask" if unit == "flops" else "Seconds per mask",
            x_range=(0.85, 11_000),
            shapes=[style.vertical_line(prompts, style.AMBER), style.vertical_line(grid["value"], style.GREY, "dot")],
            annotations=[style.line_name(grid["value"], f"SA-1B: {grid['value']:,.0f}", log=True)],
        )
        layout["yaxis"] |= {"dtick": 1, "exponentformat": "power" if unit == "flops" else "none"}
        share = float(encoding_flops(model) / (encoding_flops(model) + prompts * prompt))
        even = float(sam.break_even(encoding_flops(model), prompt))
        cost = (
            Headline("FLOPs per mask", here, "FLOP", format_si(here, "FLOP"), "flops")
            if unit == "flops"
            else Headline("time per mask", here / rate, "s", spell(here / rate), "seconds")
        )
        encoding = Headline("share of encoding the image", share, "share", f"{share:.0%}")
        return Panel(
            title=f"{model} at {counted(prompts, 'prompt')} per image: {cost} per mask, {encoding} of it for the image encoder",
            headline=(cost, encoding),
            figure=style.figure(traces, layout),
            parts=parts,
            caption=(
                f"Lines are the cost per mask against the prompts per image. The image encoder runs once, so its {format_si(encoding_flops(model), 'FLOP')} are shared by all prompts; each prompt adds {format_si(prompt, 'FLOP')}. "
                f"After {even:,.0f} prompts, prompting has cost as much as encoding. The dotted line is the grid of {grid['value']:,.0f} points with which SA-1B was made."
                + (
                    " The time assumes the same MFU for both parts; decoding few prompts at a time reaches less."
                    if unit == "seconds"
                    else ""
                )
            ),
            alt=f"Cost per mask falls with prompts per image; {model} costs {cost} per mask at {counted(prompts, 'prompt')} and reaches the decoder's own cost only after thousands.",
            sources=(
                *SHAPES,
                *(Citation(source) for source in (self.gpu.source,) if source),
                *(
                    Citation(source, known.loc["image_encoder_latency_a100", "location"])
                    for source in ("meta2023sam",)
                    if unit == "seconds"
                ),
            ),
        )


def spell(seconds: float) -> str:
    """A time below a second in milliseconds, a longer one in words.

    >>> spell(0.0123), spell(2.0)
    ('12.3 ms', '2 seconds')
    """
    return f"{significant(seconds * 1000)} ms" if seconds < 1 else format_duration(seconds)


class Parts(Figure):
    """FLOPs of an image and its prompts by part."""

    name = "segment_anything.parts"
    image_encoder: str = IMAGE_ENCODER("ViT-H")
    prompts_per_image: int = PROMPTS_PER_IMAGE(64)

    def draw(self) -> Panel:
        """The panel at these parameters."""
        model, prompts = self.image_encoder, self.prompts_per_image
        inside = {f"encoder: {part}": float(value) for part, value in sam.encoder_flops(encoders()[model]).items()}
        side, tokens = encoders()[model].side, decoding.prompt_tokens(1)
        decoder = {f"decoder: {part}": float(value) * prompts for part, value in decoding.decoder_flops(side, tokens).items()}
        rows = inside | {"prompt encoder": float(decoding.prompt_encoder_flops(tokens)) * prompts} | decoder
        values = np.array(list(rows.values()))
        part = {"series": "FLOPs", "part": list(rows), "flops": values, "model": model, "prompts_per_image": prompts, "status": "computed"}
        colors = [COLORS[model] if name.startswith("encoder") else style.SLATE for name in rows]
        bar = marks.bars(part, "flops", "part", colors, horizontal=True, text=[format_si(value, "FLOP") for value in values])
        bar |= {"textposition": "outside", "cliponaxis": False}
        layout = style.layout(
            "number", "category", x_title="FLOP for one image", height=440, showlegend=False, x_range=(0, 1.16 * values.max())
        )
        layout["yaxis"] |= {"autorange": "reversed"}
        layout["xaxis"] |= {"exponentformat": "SI", "nticks": 6}
        layout["margin"] = layout["margin"] | {"r": 56}
        encoder, rest = (
            Headline(name, float(flops), "FLOP", format_si(float(flops), "FLOP"))
            for name, flops in (("FLOPs of the encoder", sum(inside.values())), ("FLOPs after it", values.sum() - sum(inside.values())))
        )
        return Panel(
            title=f"One image with {counted(prompts, 'prompt')}: {encoder} in the {model} encoder, {rest} after it",
            headline=(encoder, rest),
            figure=style.figure([bar], layout),
            parts=[part],
            caption=(
                "Bars are the FLOPs of matrix products and convolutions by part, two per multiply-add. Attention over the context is a small part because most layers attend within windows. "
                "After the encoder, most of the work is attention between the few prompt tokens and the whole image embedding. Encoding the prompt itself costs almost nothing."
            ),
            alt=f"FLOPs of one image by part: {encoder} in the image encoder {model} and {rest} for {counted(prompts, 'prompt')}.",
            sources=SHAPES,
        )


class Devices(Figure):
    """Time of encoding an image and of decoding its prompts on every GPU of the table, at one utilization."""

    name = "segment_anything.devices"
    image_encoder: str = IMAGE_ENCODER("ViT-H")
    prompts_per_image: int = PROMPTS_PER_IMAGE(64)
    mfu: float = OF_PEAK

    def draw(self) -> Panel:
        """The panel at these parameters."""
        model, prompts, share = self.image_encoder, self.prompts_per_image, self.mfu
        devices = sorted((gpus.gpu(key) for key in gpus.labels()), key=lambda gpu: -gpu.peak_flops_per_s)
        rate = np.array([gpu.peak_flops_per_s for gpu in devices]) * share
        part = {
            "series": f"encoding with {model}",
            "device": [gpu.label for gpu in devices],
            "encode_seconds": encoding_flops(model) / rate,
            "prompts_seconds": prompts * prompt_flops() / rate,
            "status": "computed",
        }
        row, measured = facts().loc["image_encoder_latency_a100"], gpus.gpu(MEASURED_ON)
        reported = {
            "series": f"{REPORTED_ENCODER} encoder, reported", "device": [measured.label], "encode_seconds": [row["value"]], "source": row["source"],
            "location": row["location"], "status": "reported",
        }  # fmt: skip
        traces = [
            marks.bars(part, "encode_seconds", "device", COLORS[model], horizontal=True),
            marks.bars(part, "prompts_seconds", "device", style.SLATE, counted(prompts, "prompt"), horizontal=True),
            marks.points(reported, "encode_seconds", "device", style.CRIMSON, symbol="diamond"),
        ]
        layout = style.layout("number", "category", x_title="Seconds for one image", height=500, barmode="stack")
        layout["yaxis"] |= {"autorange": "reversed"}
        mine = float(encoding_flops(model) / (measured.peak_flops_per_s * share))
        takes = Headline("time of encoding on an A100", mine, "s", spell(mine), "encode_seconds")
        printed = Headline("reported time of encoding", float(row["value"]), "s", f"{row['value']:g} s", "encode_seconds")
        implied = Headline("MFU that the site's time implies", site_utilisation(), "share", f"{site_utilisation():.0%}")
        of_site = model == REPORTED_ENCODER
        title = f"At {share:.0%} MFU, an A100 encodes an image with {model} in {takes}"
        return Panel(
            title=f"{title}; the site's {printed} implies {implied}" if of_site else title,
            headline=(takes, printed, implied) if of_site else (takes,),
            figure=style.figure(traces, layout),
            parts=[part, reported],
            caption=(
                f"Bars are FLOPs over the 16-bit peak rate times the MFU, the same for all GPUs. The reported {row['value']:g} s is taken as ViT-H, whose parameters the site gives; precision and batch "
                f"are not stated. For {counted(prompts, 'prompt')} in one batch the same MFU is assumed; the 50 ms that the paper reports for a prompt are on a CPU in a browser."
            ),
            alt=f"Seconds to encode an image with {model} and to decode {counted(prompts, 'prompt')} on {len(devices)} GPUs at {share:.0%} MFU; an A100 takes {takes} to encode.",
            sources=(*SHAPES, Citation("meta2023sam", row["location"]), Citation(PAPER, "Section 1")),
        )
