"""Figures on the cost of generating a video in three ways, a what-if, and on the two papers behind one heading."""

from typing import Any

import numpy as np
import pandas as pd

from analysis import tables
from analysis.charts import marks, style, ticks
from analysis.charts.figure import Figure
from analysis.charts.panel import Citation, Headline, Panel
from analysis.charts.parameters import Choice, Quantity
from analysis.units import counted, format_count, format_flops, significant
from analysis.video import cost as costs
from analysis.video.data import EMU, LATENTS, SIZES, denoisers, facts

COLORS = dict(zip(costs.WAYS, (style.GREY, style.CRIMSON, style.BLUE), strict=True))
STAGE_COLORS = dict(zip(costs.STAGES, (style.ORCHID, style.VIOLET, style.BLUE, style.CRIMSON), strict=True))
QUANTITIES = {"tokens": "tokens per step", "flops": "FLOPs"}
GROUNDS = (Citation(EMU, "Sections 3.2, 3.3 and 4.2"), Citation("rombach2022"), Citation("peebles2022"))
MOST_FRAMES = 512
DENOISER_SIZES = Choice("Denoiser sizes", options=SIZES)
DENOISER_ATTENTION = Choice("Attention", options={"separate": "factorised (space, time)", "joint": "joint"})
INTERPOLATION = Choice("Interpolation", options={"clip": "all frames at once", "gaps": "gap by gap"})
N_FRAMES = Quantity("Frames", unit="frames", low=1, high=MOST_FRAMES, step=1, whole=True)
FRAME_SIDE = Quantity("Frame size", unit="pixels", low=128, high=1_024, step=64, whole=True)
KEY_FRAMES = Quantity(
    "Keyframes", unit="frames", low=2, high=64, step=1, whole=True,
)  # fmt: skip


class Frames(Figure):
    """Tokens or FLOPs against the number of frames for the three ways."""

    name = "video.frames"
    generation_cost: str = Choice("Show", options=QUANTITIES)("flops")
    denoiser_sizes: str = DENOISER_SIZES("emu")
    denoiser_attention: str = DENOISER_ATTENTION("separate")
    interpolation: str = INTERPOLATION("clip")
    n_frames: int = N_FRAMES(65)
    frame_side: int = FRAME_SIDE(512)
    key_frames: int = KEY_FRAMES(16)
    latent_compression: int = Quantity("VAE downsampling", low=2, high=16, twos=True, whole=True)(8)
    frame_patch: int = Quantity("Patch size", low=1, high=4, twos=True, whole=True)(2)
    denoising_steps: int = Quantity("Denoising steps", unit="steps", low=1, high=1_000, step=1, whole=True)(250)

    def draw(self) -> Panel:
        """The panel at these parameters."""
        what = costs.Generation(
            self.frame_side, self.latent_compression, self.frame_patch, self.denoising_steps, self.key_frames, self.denoiser_attention,
            self.interpolation,
        )  # fmt: skip
        image, video = denoisers(self.denoiser_sizes)
        n_frames, quantity = self.n_frames, self.generation_cost
        axis = np.unique(np.round(np.geomspace(1, MOST_FRAMES, 40)))
        lines: list[dict[str, Any]] = [
            {"series": way, "n_frames": axis, "tokens": tokens, "flops": flops, "status": "what_if"}
            for way, (tokens, flops) in costs.by_way(costs.stages(what, axis, image, video)).items()
        ]
        here = costs.by_way(costs.stages(what, n_frames, image, video))
        yours: dict[str, Any] = {
            "series": list(costs.WAYS), "n_frames": [n_frames] * 3, "tokens": [float(here[way][0]) for way in costs.WAYS],
            "flops": [float(here[way][1]) for way in costs.WAYS], "status": "what_if",
        }  # fmt: skip
        pixels, latent, first = yours[quantity]
        yours["times_latent_space"] = [pixels / latent, 1.0, first / latent]
        traces = [marks.line(part, "n_frames", quantity, COLORS[part["series"]]) for part in lines]
        traces.append(marks.points(yours, "n_frames", quantity, style.AMBER, "your video", text=list(costs.WAYS)))
        layout = style.layout(
            "log_number",
            quantity,
            x_title="Frames",
            y_title="Tokens per step, all stages" if quantity == "tokens" else "FLOP for the whole video",
            height=440,
            x_range=(0.9, MOST_FRAMES * 1.1),
            shapes=[style.vertical_line(n_frames, style.AMBER)],
        )
        layout["xaxis"] |= ticks.at([1, 4, 16, 65, 256, 512])
        name, change = "tokens" if quantity == "tokens" else "FLOPs", first / latent
        saving = Headline(
            f"{name} in pixels over {name} in latent space", pixels / latent, "", significant(pixels / latent), "times_latent_space"
        )
        ratio = Headline(
            f"{name} image first over {name} in latent space",
            change,
            "",
            significant(change, 3 if change >= 1 else 2),
            "times_latent_space",
        )
        more = f"{ratio} {'time' if change == 1 else 'times'}" if change >= 1 else f"{ratio} of"
        return Panel(
            title=f"{counted(n_frames, 'frame')} at {self.frame_side:,} pixels: latent space takes 1/{saving} of the {name} in pixels, image first {more} that",
            headline=(saving, ratio),
            figure=style.figure(traces, layout),
            parts=[*lines, yours],
            caption=(
                "Lines are what-ifs of three ways to generate the same video; the published systems are U-Nets and take less. They assume a transformer that uses all its parameters on every token and the same number of steps everywhere. The saving comes from the latent space. "
                + (
                    "With interpolation gap by gap and joint attention, generating the image first saves compute too."
                    if change < 1
                    else "Generating the image first adds compute; what it gains is quality, as raters say in the paper's ablation."
                )
            ),
            alt=f"{name} against frames on logarithmic axes; at {counted(n_frames, 'frame')} pixels take {saving} times as much as latent space, image first {ratio} times.",
            sources=GROUNDS,
        )


class Stages(Figure):
    """FLOPs of each stage of making the image first, beside generating all frames at once in latent space."""

    name = "video.stages"
    denoiser_sizes: str = DENOISER_SIZES("emu")
    denoiser_attention: str = DENOISER_ATTENTION("separate")
    interpolation: str = INTERPOLATION("clip")
    n_frames: int = N_FRAMES(65)
    frame_side: int = FRAME_SIDE(512)
    key_frames: int = KEY_FRAMES(16)

    def draw(self) -> Panel:
        """The panel at these parameters."""
        n_frames = self.n_frames
        what = costs.Generation(
            self.frame_side, key_frames=self.key_frames, attention=self.denoiser_attention, interpolation=self.interpolation
        )
        found = {
            key: (float(tokens), float(flops))
            for key, (tokens, flops) in costs.stages(what, n_frames, *denoisers(self.denoiser_sizes)).items()
        }
        shown = [*((costs.WAYS[2], stage) for stage in costs.STAGES[:3]), (costs.WAYS[1], costs.STAGES[3])]
        part: dict[str, Any] = {
            "series": "FLOPs",
            "way": [way for way, _ in shown],
            "stage": [stage for _, stage in shown],
            "bar": [stage if way == costs.WAYS[2] else way for way, stage in shown],
            "tokens": [found[row][0] for row in shown],
            "flops": [found[row][1] for row in shown],
            "n_frames": n_frames,
            "status": "what_if",
        }
        pixels = {
            "series": "FLOPs", "way": [costs.WAYS[0]], "stage": [costs.STAGES[3]], "tokens": [found[costs.WAYS[0], costs.STAGES[3]][0]],
            "flops": [found[costs.WAYS[0], costs.STAGES[3]][1]], "n_frames": n_frames, "status": "what_if",
        }  # fmt: skip
        image, _, between, direct = part["flops"]
        total = sum(part["flops"][:3])
        text = [
            f"{format_flops(flops).removesuffix(' FLOP')} ({format_count(tokens)} tokens)"
            for tokens, flops in zip(part["tokens"], part["flops"], strict=True)
        ]
        bar = marks.bars(part, "flops", "bar", [STAGE_COLORS[stage] for stage in part["stage"]], horizontal=True, text=text)
        bar |= {"textposition": "outside", "cliponaxis": False}
        bar["marker"] |= {"pattern": {"shape": "/"}}
        layout = style.layout("number", "category", x_title="FLOP", height=300, showlegend=False)
        layout["yaxis"] |= {"autorange": "reversed"}
        layout["xaxis"] |= {"exponentformat": "power", "range": [0, max(part["flops"]) * 1.7], "autorange": False, "nticks": 6}
        shares = (
            Headline("share of the image in the FLOPs", image / total, "share", f"{image / total:.1%}"),
            Headline("share of interpolation in the FLOPs", between / total, "share", f"{between / total:.0%}"),
            Headline("FLOPs image first over FLOPs at once", total / direct, "", significant(total / direct)),
        )
        return Panel(
            title=f"Image first: image {shares[0]} and interpolation {shares[1]} of the FLOPs, in all {shares[2]}× {counted(n_frames, 'frame')} at once",
            headline=shares,
            figure=style.figure([bar], layout),
            parts=[part, pixels],
            caption=f"Bars are the FLOPs of three stages in latent space: one frame from text, {what.key_frames:g} key frames from text and image, then all frames between them. Hatched bars are what-ifs. Tokens are per step, of {what.steps:g} steps.",
            alt=f"FLOPs by stage: the image {shares[0]}, interpolation {shares[1]} of {format_flops(total)}; all frames at once in latent space take {format_flops(direct)}.",
            sources=GROUNDS,
        )


LABELS = {
    "Align Your Latents": "bottom center",
    "Emu Video": "bottom center",
    "Imagen Video": "top left",
    "Make-A-Video": "bottom right",
    "PYOCO": "top left",
    "Pika Labs": "middle right",
    "Reuse & Diffuse": "bottom left",
    "Gen-2": "top left",
}


class Formats(Figure):
    """Frames against pixels of a frame for ten systems, the two papers of the heading marked."""

    name = "video.formats"

    def draw(self) -> Panel:
        """The panel."""
        rows = tables.load("video_systems")
        named = rows["system"].where(rows["system"].isin(["Emu Video", "Align Your Latents"]), "others")
        rows = rows.assign(series=named, pixels=rows["height"] * rows["width"], status="reported").rename(columns={"frames": "n_frames"})
        traces = []
        for name, color, symbol in (
            ("Emu Video", style.BLUE, "star"),
            ("Align Your Latents", style.CRIMSON, "diamond"),
            ("others", style.GREY, "circle"),
        ):
            part = rows[rows["series"] == name]
            mark = marks.points(part, "pixels", "n_frames", color, symbol=symbol, text=part["system"])
            mark |= {"mode": "markers+text", "textposition": [LABELS.get(system, "top center") for system in part["system"]]}
            mark["customdata"] = [
                f"{row['n_frames']} × {row['height']} × {row['width']}, {row['fps']:g} frames a second" for row in part.to_dict("records")
            ]
            mark["hovertemplate"] = "%{text}<br>%{customdata}<extra></extra>"
            traces.append(mark)
        layout = style.layout(
            "log_number",
            "log_number",
            x_title="Pixels per frame",
            y_title="Frames per video",
            height=440,
            x_range=(3e4, 6e6),
            y_range=(11, 200),
        )
        layout["xaxis"] |= {"exponentformat": "B"}
        layout["yaxis"] |= ticks.at([16, 32, 65, 112, 128])
        by = rows.set_index("system")
        ours, theirs = by.loc["Emu Video"], by.loc["Align Your Latents"]
        ratio = theirs["pixels"] * theirs["n_frames"] / (ours["pixels"] * ours["n_frames"])
        times = Headline("pixels of a video, Align Your Latents over Emu Video", float(ratio), "", significant(ratio, 2))
        counts = [
            Headline(f"frames of {one.name}", float(one["n_frames"]), "frames", str(one["n_frames"]), "n_frames") for one in (ours, theirs)
        ]
        return Panel(
            title=f"Emu Video: {counts[0]} frames of {ours['height']} × {ours['width']}; Align Your Latents: {counts[1]} of {theirs['height']} × {theirs['width']}, {times}× the pixels",
            headline=(*counts, times),
            figure=style.figure(traces, layout),
            parts=[rows],
            beside=two_papers(),
            caption=f"Markers are the frames and pixels per frame of each system, from Emu Video's Table 8; Align Your Latents itself says {facts().loc['ayl_frames', 'value']:.0f} frames. More pixels did not win: on average Emu Video is preferred in quality on {facts().loc['emu_avg_win_rate_quality', 'value']:g}% of prompts at equal size and on {facts().loc['emu_avg_win_rate_quality_original_dims', 'value']:g}% at the original sizes.",
            alt=f"Frames against pixels per frame of {len(rows)} systems; Emu Video makes {ours['n_frames']} frames of {ours['pixels']:,} pixels, Align Your Latents {theirs['n_frames']} of {theirs['pixels']:,}.",
            sources=(Citation(EMU, "Table 8"), Citation(LATENTS, "text-to-video with Stable Diffusion")),
        )


def two_papers() -> pd.DataFrame:
    """What the two works of the mixed-up heading say of themselves, side by side."""
    value = facts()["value"]
    works = [tables.source(name) for name in (LATENTS, EMU)]
    billions = {key: f"{value[f'emu_{key}'] / 1e9:g} B" for key in ("spatial_params_frozen", "temporal_params_trainable", "total_params")}
    rows = [
        ("title", *(work["title"] for work in works)),
        ("authors", *(work["authors"] for work in works)),
        ("posted as", *(work["url"].rsplit("/", 1)[1] for work in works)),
        (
            "how a video comes about",
            "key frames in the latent space of an image model, then interpolation and upscaling",
            "an image from text, then a video from text and image, then interpolation",
        ),
        (
            "what is trained",
            "temporal layers; the image model's spatial layers stay as they are",
            f"temporal layers, {billions['temporal_params_trainable']} in each of two models; {billions['spatial_params_frozen']} spatial parameters stay as they are",
        ),
        (
            "largest frames",
            f"{value['ayl_max_height']:.0f} × {value['ayl_max_width']:.0f}",
            f"{value['emu_resolution']:.0f} × {value['emu_resolution']:.0f}",
        ),
        (
            "frames",
            f"{value['ayl_frames']:.0f}",
            f"{value['emu_frames_out']:.0f}, of which {value['emu_frames_generated']:.0f} before interpolation",
        ),
        (
            "training data",
            f"{value['ayl_webvid_pairs'] / 1e6:.1f} M videos with captions; {value['ayl_rds_videos']:,.0f} driving videos",
            f"{value['emu_training_videos'] / 1e6:.0f} M videos with captions",
        ),
        ("all parameters", "not in our tables", billions["total_params"]),
    ]
    return pd.DataFrame(rows, columns=["", "the heading's paper", "the text's paper"])
