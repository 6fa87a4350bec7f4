"""Figures on the cost of generating a video in three ways, a what-if, and on the two papers behind one heading."""

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd

from analysis import tables
from analysis.charts import style
from analysis.charts.panel import Citation, Panel, table_of
from analysis.units import format_count, format_flops, significant
from analysis.video import cost as costs
from analysis.video.data import SIZES, denoisers, facts

EMU, LATENTS = "girdhar2023", "blattmann2023"
COLORS = dict(zip(costs.WAYS, (style.GREY, style.CRIMSON, style.BLUE), strict=True))
STAGE_COLORS = dict(zip(costs.STAGES, (style.AMBER, style.VIOLET, style.BLUE, style.CRIMSON), strict=True))
QUANTITIES = {"tokens": "tokens in a step", "flops": "FLOPs"}
ATTENTION = {"separate": "space and time apart", "joint": "all tokens together"}
INTERPOLATION = {"clip": "all frames at once", "gaps": "gap by gap"}
GROUNDS = (Citation(EMU, "Sections 3.2, 3.3 and 4.2"), Citation("rombach2022"), Citation("peebles2022"))
MOST_FRAMES = 512


def frames(what: costs.Generation, n_frames: int, quantity: str, sizes: str, settings: Mapping[str, str]) -> Panel:
    """Tokens or FLOPs against the number of frames for the three ways."""
    if quantity not in QUANTITIES:
        raise ValueError(f"quantity must be one of {', '.join(QUANTITIES)}, got {quantity!r}")
    image, video = denoisers(sizes)
    axis = np.unique(np.round(np.geomspace(1, MOST_FRAMES, 40)))
    which = list(QUANTITIES).index(quantity)
    lines = costs.by_way(costs.stages(what, axis, image, video))
    here = costs.by_way(costs.stages(what, n_frames, image, video))
    traces = [style.what_if_line(axis, parts[which], way, COLORS[way]) for way, parts in lines.items()]
    values = [float(here[way][which]) for way in costs.WAYS]
    traces.append(style.what_if_marker([n_frames] * 3, values, "your video", style.AMBER, list(costs.WAYS)))
    unit = "Tokens in one step, all stages" if quantity == "tokens" else "FLOP for the whole video"
    layout = style.layout(
        "log_number",
        "tokens" if quantity == "tokens" else "flops",
        x_title="Frames",
        y_title=unit,
        height=440,
        x_range=(0.9, MOST_FRAMES * 1.1),
        shapes=[style.vertical_line(n_frames, style.AMBER)],
    )
    layout["xaxis"] |= {"tickvals": [1, 4, 16, 65, 256, 512], "ticktext": ["1", "4", "16", "65", "256", "512"]}
    pixels, latent, first = values
    name = "tokens" if quantity == "tokens" else "FLOPs"
    change = first / latent
    more = f"{significant(change)} times" if change >= 1 else f"{significant(change, 2)} of"
    return Panel(
        name="video.frames",
        title=f"For {n_frames:,} frames at {what.resolution:g} pixels latent space saves a factor of {significant(pixels / latent)} in {name}; image first takes {more} latent space's",
        figure=style.figure(traces, layout),
        data=lambda: table_of(
            [
                *({"way": way, "frames": axis, "tokens": parts[0], "flops": parts[1], "status": "what_if"} for way, parts in lines.items()),
                {
                    "way": list(costs.WAYS),
                    "frames": n_frames,
                    "tokens": [float(here[way][0]) for way in costs.WAYS],
                    "flops": [float(here[way][1]) for way in costs.WAYS],
                    "status": "what_if",
                },
            ]
        ),
        caption=(
            "A what-if: a transformer all of whose parameters work on every token, the same number of steps everywhere; the published systems are U-Nets and take less. The saving comes from the latent space. "
            + (
                "With interpolation gap by gap and attention among all tokens the image first saves work too."
                if change < 1
                else "Making the image first adds work; what it buys is quality, as raters say in the paper's ablation."
            )
        ),
        alt=f"{name} against frames on logarithmic axes; at {n_frames:,} frames pixels take {significant(pixels / latent)} times as much as latent space, image first {significant(change)} times.",
        sources=GROUNDS,
        settings=settings,
        explain=(costs.stages, costs.tokens_per_frame, costs.denoising_flops, costs.attention_pairs, costs.Denoiser),
    )


def stages(what: costs.Generation, n_frames: int, sizes: str, settings: Mapping[str, str]) -> Panel:
    """FLOPs of each stage of making the image first, beside generating all frames at once in latent space."""
    image, video = denoisers(sizes)
    found = {key: (float(tokens), float(flops)) for key, (tokens, flops) in costs.stages(what, n_frames, image, video).items()}
    rows = [(way, stage) for way, stage in found if way != costs.WAYS[0]]
    names = [stage if way == costs.WAYS[2] else way for way, stage in rows]
    values = [found[row][1] for row in rows]
    total = sum(found[row][1] for row in rows if row[0] == costs.WAYS[2])
    direct = found[(costs.WAYS[1], costs.STAGES[3])][1]
    order = [1, 2, 3, 0]
    text = [f"{format_flops(values[i]).removesuffix(' FLOP')} ({format_count(found[rows[i]][0])} tokens)" for i in order]
    bar = style.bars(
        [values[i] for i in order], [names[i] for i in order], "FLOPs", [STAGE_COLORS[rows[i][1]] for i in order], text, horizontal=True
    )
    bar["meta"] = {"role": "what_if"}
    bar |= {"textposition": "outside", "cliponaxis": False}
    bar["marker"] |= {"pattern": {"shape": "/"}}
    layout = style.layout("number", "category", x_title="FLOP", height=300, showlegend=False)
    layout["yaxis"] |= {"autorange": "reversed"}
    layout["xaxis"] |= {"exponentformat": "power", "range": [0, max(values) * 1.7], "autorange": False, "nticks": 6}
    between = found[(costs.WAYS[2], costs.STAGES[2])][1]
    first = found[(costs.WAYS[2], costs.STAGES[0])][1]
    return Panel(
        name="video.stages",
        title=f"Image first: the image is {first / total:.1%} of the FLOPs and interpolation {between / total:.0%}; in all {significant(total / direct)} times generating {n_frames:,} frames at once",
        figure=style.figure([bar], layout),
        data=lambda: pd.DataFrame(
            [(way, stage, *parts) for (way, stage), parts in found.items()], columns=["way", "stage", "tokens", "flops"]
        ).assign(frames=n_frames, status="what_if"),
        caption=f"Three stages in latent space: one frame from text, {what.key_frames:g} key frames from text and image, then all frames between them. Hatched bars are what-ifs; tokens are those of one of {what.steps:g} steps.",
        alt=f"FLOPs by stage: the image {first / total:.1%}, interpolation {between / total:.0%} of {format_flops(total)}; all frames at once in latent space take {format_flops(direct)}.",
        sources=GROUNDS,
        settings=settings,
        explain=(costs.stages, costs.denoising_flops, costs.Denoiser.of_size),
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


def formats(settings: Mapping[str, str]) -> Panel:
    """Frames against pixels of a frame for ten systems, the two papers of the heading marked."""
    rows = tables.load("video_systems")
    rows = rows.assign(pixels=rows["height"] * rows["width"])
    traces = []
    for name, color, symbol in (
        ("Emu Video", style.BLUE, "star"),
        ("Align Your Latents", style.CRIMSON, "diamond"),
        ("others", style.GREY, "circle"),
    ):
        part = rows[rows["system"] == name] if name != "others" else rows[~rows["system"].isin(["Emu Video", "Align Your Latents"])]
        mark = style.reported_markers(part["pixels"], part["frames"], name, color, symbol, part["verified"] > 0, part["system"])
        mark |= {"mode": "markers+text", "textposition": [LABELS.get(system, "top center") for system in part["system"]]}
        mark["customdata"] = [
            f"{row['frames']} x {row['height']} x {row['width']}, {row['fps']:g} frames a second" for row in part.to_dict("records")
        ]
        mark["hovertemplate"] = "%{text}<br>%{customdata}<extra></extra>"
        traces.append(mark)
    layout = style.layout(
        "log_number",
        "log_number",
        x_title="Pixels of a frame",
        y_title="Frames of a video",
        height=440,
        x_range=(3e4, 6e6),
        y_range=(11, 200),
    )
    layout["xaxis"] |= {"exponentformat": "B"}
    layout["yaxis"] |= {"tickvals": [16, 32, 65, 112, 128], "ticktext": ["16", "32", "65", "112", "128"]}
    by = rows.set_index("system")
    ours, theirs = by.loc["Emu Video"], by.loc["Align Your Latents"]
    ratio = theirs["pixels"] * theirs["frames"] / (ours["pixels"] * ours["frames"])
    return Panel(
        name="video.formats",
        title=f"Two papers: Emu Video makes {ours['frames']} frames of {ours['height']} x {ours['width']}, Align Your Latents {theirs['frames']} of {theirs['height']} x {theirs['width']}, {significant(ratio, 2)} times the pixels",
        figure=style.figure(traces, layout),
        data=lambda: rows.assign(status="reported"),
        caption=f"As Emu Video's Table 8 lists them; Align Your Latents itself says {facts().loc['ayl_frames', 'value']:.0f} frames. More pixels did not win: on average Emu Video is preferred in quality on {facts().loc['emu_avg_win_rate_quality', 'value']:g}% of prompts at equal size and on {facts().loc['emu_avg_win_rate_quality_original_dims', 'value']:g}% at the original sizes.",
        alt=f"Frames against pixels a frame of {len(rows)} systems; Emu Video makes {ours['frames']} frames of {ours['pixels']:,} pixels, Align Your Latents {theirs['frames']} of {theirs['pixels']:,}.",
        sources=(Citation(EMU, "Table 8"), Citation(LATENTS, "text-to-video with Stable Diffusion")),
        settings=settings,
        explain=(formats,),
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
            f"{value['ayl_max_height']:.0f} x {value['ayl_max_width']:.0f}",
            f"{value['emu_resolution']:.0f} x {value['emu_resolution']:.0f}",
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


def default_panels() -> dict[str, Callable[[], Panel]]:
    """The panels of this module at their default settings."""
    settings = {
        "resolution": "512 pixels",
        "compression": "8",
        "patch": "2",
        "steps": "250",
        "key frames": "16",
        "attention": ATTENTION["separate"],
    }
    return {
        "video.frames": lambda: frames(costs.Generation(), 65, "flops", "emu", settings | {"frames": "65", "sizes": SIZES["emu"]}),
        "video.stages": lambda: stages(costs.Generation(), 65, "emu", settings | {"frames": "65", "sizes": SIZES["emu"]}),
        "video.formats": lambda: formats({"systems": "as listed in Table 8"}),
    }
