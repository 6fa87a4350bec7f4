"""How the numbers of the figures on video generators come about."""

from typing import Any

from analysis import statistics, tables
from analysis.charts.explained import Steps
from analysis.charts.inputs import assumed, cell, given, origin_of_row, setting
from analysis.trace import named
from analysis.video import cost as costs
from analysis.video import win_rates as rates
from analysis.video.data import named as named_rows
from analysis.video.data import reported
from analysis.video.figures import UNSTATED, OtherWinRates, Prompts, WinRates
from analysis.video.figures_cost import Formats, Frames, Stages
from analysis.video.figures_ranking import Triangle


def _fact(key: str, symbol: str, meaning: str, unit: str = "") -> Any:
    rows = tables.load("video_facts")
    return cell(rows[rows["key"] == key].iloc[0].to_dict(), "value", symbol, meaning, unit)


def _denoisers(sizes: str) -> list[costs.Denoiser]:
    """The image and the video denoiser, traced."""
    if sizes == "emu":
        image = _fact("emu_spatial_params_frozen", r"N_\text{image}", "parameters of the image denoiser", "parameters")
        added = _fact("emu_temporal_params_trainable", r"N_\text{time}", "parameters of the temporal layers", "parameters")
        video = named(image + added, r"N_\text{video}", "parameters of the video denoiser", "parameters")
    else:
        image, video = (
            assumed(1e9, rf"N_\text{{{stage}}}", f"parameters of the {stage} denoiser", "parameters", "as you chose")
            for stage in ("image", "video")
        )
    return [costs.Denoiser.of_size(size) for size in (image, video)]


def _stages(figure: Frames | Stages) -> dict[tuple[str, str], tuple[Any, Any]]:
    """Tokens and FLOPs of every way and stage, traced."""
    size: dict[str, Any] = {"resolution": setting(figure, "frame_side", "R"), "key_frames": setting(figure, "key_frames", "K")}
    if isinstance(figure, Frames):
        size |= {
            "compression": setting(figure, "latent_compression", "f"),
            "patch": setting(figure, "frame_patch", "p"),
            "steps": setting(figure, "denoising_steps", "S"),
        }
    else:
        plain = costs.Generation()
        size |= {
            "compression": assumed(plain.compression, "f", "pixels to one place of the latent space, per side"),
            "patch": assumed(plain.patch, "p", "places that one token covers, per side"),
            "steps": assumed(plain.steps, "S", "denoising steps"),
        }
    what = costs.Generation(**size, attention=figure.denoiser_attention, interpolation=figure.interpolation)
    found = costs.stages(what, setting(figure, "n_frames", "T"), *_denoisers(figure.denoiser_sizes))
    return {
        (way, stage): (
            named(tokens, rf"t_\text{{{way}, {stage}}}", f"tokens in a step, {way}, {stage}", "tokens"),
            named(flops, rf"C_\text{{{way}, {stage}}}", f"FLOPs {way}, {stage}", "FLOP"),
        )
        for (way, stage), (tokens, flops) in found.items()
    }


def frames(figure: Frames) -> Steps:
    """Tokens or FLOPs in pixels, and image first, over those in latent space."""
    which = 0 if figure.generation_cost == "tokens" else 1
    name = "tokens" if which == 0 else "FLOPs"
    pixels, latent, first = (values[which] for values in costs.by_way(_stages(figure)).values())
    return {
        f"{name} in pixels over {name} in latent space": named(pixels / latent, "x", f"{name} in pixels over {name} in latent space"),
        f"{name} image first over {name} in latent space": named(first / latent, "y", f"{name} image first over {name} in latent space"),
    }


def stages(figure: Stages) -> Steps:
    """The shares of the image and of interpolation, and all stages over generating all frames at once."""
    found = {key: flops for key, (_, flops) in _stages(figure).items()}
    image, keys, between = (found[costs.WAYS[2], stage] for stage in costs.STAGES[:3])
    total = named(image + keys + between, r"C_\text{first}", "FLOPs image first", "FLOP")
    over = named(total / found[costs.WAYS[1], costs.STAGES[3]], "x", "FLOPs image first over FLOPs at once")
    return {
        "share of the image in the FLOPs": named(image / total, r"s_\text{image}", "share of the image in the FLOPs"),
        "share of interpolation in the FLOPs": named(between / total, r"s_\text{between}", "share of interpolation in the FLOPs"),
        "FLOPs image first over FLOPs at once": over,
    }


def formats(_: Formats) -> Steps:
    """Frames of both systems, and pixels of a video of one over those of the other."""
    rows = tables.load("video_systems").set_index("system", drop=False)
    ours, theirs = (
        {
            name: cell(rows.loc[system].to_dict(), name, f"{letter}_\\text{{{mark}}}", f"{name} of {system}")
            for name, letter in (("frames", "T"), ("height", "h"), ("width", "w"))
        }
        for system, mark in (("Emu Video", "Emu"), ("Align Your Latents", "Align"))
    )
    pixels = [each["height"] * each["width"] * each["frames"] for each in (theirs, ours)]
    return {
        "frames of Emu Video": ours["frames"],
        "frames of Align Your Latents": theirs["frames"],
        "pixels of a video, Align Your Latents over Emu Video": named(
            pixels[0] / pixels[1], "x", "pixels of a video, Align Your Latents over Emu Video"
        ),
    }


def prompts(figure: Prompts) -> Steps:
    """Both ends of Wilson's interval."""
    ends = statistics.wilson_interval(
        setting(figure, "win_share", "p"), setting(figure, "n_prompts", "n"), setting(figure, "level", "c", "level")
    )
    return _interval(ends, "of the interval")


def _interval(ends: tuple[Any, Any], of: str) -> Steps:
    return {
        f"{word} end {of}": named(end, rf"p_\text{{{word}}}", f"{word} end of the interval")
        for word, end in zip(("low", "high"), ends, strict=True)
    }


def _open(figure: WinRates | OtherWinRates, which: str, unstated: int) -> Steps:
    """Both ends of the interval that includes one half and is nearest to it."""
    rows = named_rows(which)
    rows = rows.assign(votes=rows["n"].fillna(float(unstated)))
    low, high = statistics.wilson_interval(rows["share"].to_numpy(), rows["votes"].to_numpy(), figure.level)
    undecided = rows[(low <= 0.5) & (high >= 0.5)]
    if not len(undecided):
        return {}
    row = undecided.loc[(undecided["share"] - 0.5).abs().idxmin()].to_dict()
    share = named(
        cell(row, "value", r"p_\text{printed}", f"share of {row['name']}, {row['criterion']}", "%") / 100, "p", "the same as a share"
    )
    stated = row["n"] == row["n"]
    n = given(row["n"], "n", "prompts", "", origin_of_row(row)) if stated else setting(figure, "unstated_prompts", "n")
    return _interval(statistics.wilson_interval(share, n, setting(figure, "level", "c", "level")), "of the most open interval")


def win_rates(figure: WinRates) -> Steps:
    """The interval that is nearest to one half."""
    return _open(figure, figure.comparisons, UNSTATED)


def other_win_rates(figure: OtherWinRates) -> Steps:
    """The interval that is nearest to one half."""
    return _open(figure, "other", figure.unstated_prompts)


def triangle(_: Triangle) -> Steps:
    """The share that two comparisons with Emu Video imply, for both criteria, and the one that was found."""
    rows = reported()
    rows = rows[rows["location"] == "Table 5"].set_index(["first", "second", "criterion"])
    steps = {}
    for criterion in rates.CRITERIA:
        shares = [
            named(
                cell(rows.loc[pair].to_dict(), "value", f"p_{mark}", f"share of {pair[0]} over {pair[1]}, {criterion}", "%") / 100,
                f"q_{mark}",
                "the same as a share",
            )
            for mark, pair in (("1", ("Emu Video", "Gen-2", criterion)), ("2", ("Emu Video", "Gen-2 I2V", criterion)))
        ]
        implied = rates.implied_share(1 - shares[0], 1 - shares[1])
        steps[f"share implied in {criterion}"] = named(implied, r"q_\text{implied}", f"share implied in {criterion}")
    return steps


AS_PRINTED = frozenset({"triangle", "ucf101", "driving"})
WILSON = "Shares are as printed. The interval is Wilson's, with each prompt as one vote, as if prompts were drawn at random."
PRINTED = "Values are as printed; nothing was generated or judged again."
WORDS = {
    "win_rates": (
        WILSON,
        "A share counts as above one half where its whole interval lies above; the most open one is the share nearest to one half whose interval includes it.",
    ),
    "other_win_rates": (
        WILSON,
        "A share counts as above one half where its whole interval lies above; the most open one is the share nearest to one half whose interval includes it.",
    ),
    "prompts": ("The fewest prompts are found by trying 1, 2, 3, ... until the interval of this share lies wholly above one half.",),
    "driving_study": (
        "Preferences are as printed, a tie counted as half a vote. With your number of votes, Wilson's interval goes around each; one is beyond chance where its interval lies wholly above one half.",
    ),
    "frames": (
        "A what-if: a transformer, all of whose parameters work on every token, with 12 L d^2 parameters and a width of 64 times its depth. The published systems are U-Nets and take less.",
    ),
    "stages": (
        "A what-if: a transformer, all of whose parameters work on every token, with 12 L d^2 parameters and a width of 64 times its depth. The published systems are U-Nets and take less.",
    ),
    "triangle": (
        PRINTED,
        "If choices add up as in the Bradley-Terry model, odds divide: what two systems win against a third implies what one wins against the other.",
    ),
    "ranking": (
        "Strengths are fitted to all printed comparisons of the set (Bradley-Terry): the chance to win follows from the difference of two strengths. Shares times prompts count as wins, and the votes that you chose are added on each side, so that nobody's strength is infinite.",
        "Ratings are Elo points below the strongest. The interval holds 95% of refits in which the share of each pair is drawn anew from a beta distribution with its wins and losses.",
    ),
    "whole_votes": (
        "A share of n votes can only be a multiple of 100 / n. For each printed share the nearest one is taken; it fits where the gap is within half of the last printed digit.",
        "The title counts those that fit, and states the largest gap.",
    ),
    "formats": ("Pixels are height times width; everything else is as printed.",),
    "ucf101": (
        PRINTED,
        "Systems with an FVD below your limit are counted.",
        "Both scores are printed by the papers; nothing but the count of systems below the limit is computed.",
    ),
    "fvd_and_people": (
        PRINTED,
        "Rivals are ranked by their FVD and by the share of prompts that Emu Video wins against them; the rank correlation is Spearman's, over these few systems. Of two printed distances the lower one is taken.",
    ),
    "driving": (PRINTED, "Both distances are printed by the paper; the table adds the rank by FVD within what is shown."),
}
