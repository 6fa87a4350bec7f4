"""The numbers behind the verdicts on Segment Anything and Emu Video, for analysis.build.claims."""

from collections.abc import Callable

from analysis import statistics, tables
from analysis.claims.verdicts import Check
from analysis.segment_anything import data as sam
from analysis.units import format_count, format_si
from analysis.video import data as emu
from analysis.video import win_rates

SHARED = 10
"""A prompt must cost less than this part of the encoder for the encoder to be the heavy part."""


def sam_scale() -> Check:
    """Masks and images of SA-1B, and how often those of the next larger set."""
    rows = tables.load("segment_anything_datasets").set_index("dataset")
    ours, theirs = rows.loc["SA-1B"], rows.drop("SA-1B").sort_values("n_masks").iloc[-1]
    found = (
        f"{format_count(ours['n_masks'])} masks on {format_count(ours['n_images'])} images, "
        f"{ours['n_masks'] / theirs['n_masks']:.0f} and {ours['n_images'] / theirs['n_images']:.0f} times those of {theirs.name}"
    )
    return Check("supported" if ours["n_masks"] >= 1e9 and ours["n_images"] == 11e6 else "corrected", found)


def sam_amortised() -> Check:
    """FLOPs of the encoder against those of a prompt, for every encoder."""
    prompt, encoders = sam.prompt_flops(), {name: sam.encoding_flops(name) for name in sam.encoders()}
    times = {name: sam.prompts_like_encoding(name) for name in encoders}
    found = f"{format_si(encoders['ViT-H'], 'FLOP')} for an image and {format_si(prompt, 'FLOP')} for a prompt: " + ", ".join(
        f"{count:,} prompts cost as much as {name}" for name, count in times.items()
    )
    return Check("supported" if min(times.values()) > SHARED else "corrected", found)


def emu_factorised() -> Check:
    """The stages as reported, and whether raters prefer them to generating directly."""
    rows = emu.chosen("design")
    rows = rows[rows["first"] == "Factorized"].set_index("criterion")
    words, above = [], []
    for criterion in win_rates.CRITERIA:
        low, high = statistics.wilson_interval(rows.loc[criterion, "share"], rows.loc[criterion, "n"])
        words.append(f"{rows.loc[criterion, 'share']:.1%} in {criterion} (95% {float(low):.0%} to {float(high):.0%})")
        above.append(float(low) > 0.5)
    stages = emu.facts().loc["emu_generation_steps", "value"]
    found = f"{stages:.0f} stages; preferred to generating directly by {' and '.join(words)}"
    return Check("supported" if stages == 2 and all(above) else "approximate", found)


def emu_better() -> Check:
    """Intervals of all comparisons with other systems at equal size."""
    above, n, left, _ = emu.headline()
    rows = emu.chosen("equal")
    least = rows.loc[rows["share"].idxmin()]
    low, high = (float(edge) for edge in statistics.wilson_interval(least["share"], least["n"]))
    found = f"{above} of {n} shares lie above one half beyond chance; {left} does not: {least['share']:.1%} ({low:.0%} to {high:.0%})"
    return Check("supported" if above == n else "approximate" if (rows["share"] > 0.5).all() else "corrected", found)


def emu_simpler() -> Check:
    """Diffusion models that each system chains, where its number is printed."""
    chained = tables.load("video_systems").set_index("system")["n_models"].dropna()
    ours, others = chained["Emu Video"], chained.drop("Emu Video")
    found = f"{ours:.0f} diffusion models against " + " and ".join(f"{count:.0f} of {name}" for name, count in others.items())
    return Check("supported" if ours < others.min() else "approximate" if ours < others.max() else "corrected", found)


CHECKS: dict[str, Callable[[], Check]] = {
    "sam-scale": sam_scale,
    "sam-amortised": sam_amortised,
    "emu-factorised": emu_factorised,
    "emu-better": emu_better,
    "emu-simpler": emu_simpler,
}
"""The claims that are recomputed here, by id."""
