"""Reported win rates, scores and settings of video generators, kept until their tables change."""

import numpy as np
import pandas as pd

from analysis import statistics, tables
from analysis.video import cost as costs
from analysis.video import win_rates

EMU, LATENTS = "girdhar2023", "blattmann2023"
CRITERIA_SHOWN = (*win_rates.CRITERIA, "both")
SETS = {
    "equal": "text to video, equal size",
    "original": "text to video, original size",
    "animated": "animating an image",
    "design": "its own design choices",
    "other": "other comparisons",
}
PLACES = {
    "equal": ("Figure 2",),
    "original": ("Table 10",),
    "animated": ("Table 3",),
    "design": ("Table 1",),
    "other": ("Table 2", "Table 5", "Section 4.3"),
}
STUDY = "driving_study"
SYSTEMS = {"Video LDM": "Align Your Latents"}


@tables.kept
def reported() -> pd.DataFrame:
    """Every comparison that Emu Video reports (`video.comparisons`), and which of SETS it is in."""
    rows = tables.load("vision_scores")
    rows = win_rates.comparisons(rows[rows["source"] == EMU])
    places = {place: name for name, some in PLACES.items() for place in some}
    return rows.assign(set=rows["location"].map(places))


def chosen(which: str) -> pd.DataFrame:
    """The comparisons of a set; of "other", without the repetition of Figure 2 in Table 5."""
    if which not in SETS:
        raise ValueError(f"which must be one of {', '.join(SETS)}, got {which!r}")
    rows = reported()
    rows = rows[rows["set"] == which]
    return rows[~((rows["location"] == "Table 5") & (rows["first"] == "Emu Video") & (rows["second"] == "Gen-2"))]


@tables.kept
def study() -> pd.DataFrame:
    """The driving user study of Align Your Latents: one row per pair and answer, with first and second named."""
    rows = tables.load("vision_scores")
    rows = rows[(rows["source"] == LATENTS) & (rows["benchmark"] == STUDY)].copy()
    long = {"uncond.": "unconditional", "cond.": "conditional"}
    rows["pair"] = [" over ".join(long.get(side, side) for side in text.split(" vs ")) for text in rows["printed_benchmark"]]
    return rows.reset_index(drop=True)


@tables.kept
def automatic() -> pd.DataFrame:
    """FVD and inception score on UCF-101, zero-shot, as both papers print them, one row per system and paper."""
    rows = tables.load("vision_scores")
    rows = rows[(rows["benchmark"] == "ucf101") & rows["metric"].isin(["fvd", "inception_score"])].copy()
    rows["system"] = rows["model"].replace(SYSTEMS)
    wide = rows.pivot_table(index=["system", "source", "location"], columns="metric", values="value", sort=False).reset_index()
    return wide.merge(rows.groupby(["system", "source"])["verified"].min().reset_index())


DESIGN = {
    "Factorized": "image first, not directly",
    "Zero terminal-SNR": "noise schedule down to no signal",
    "Multi-stage": "several stages of training",
    "HQ finetuned": "fine-tuned on high quality",
    "Frozen spatial": "image layers frozen",
}

SIZES = {"emu": "Emu Video's parameters", "equal": "1 B for every stage"}

RANKED = ("equal", "original", "animated")
RESAMPLES = 400


@tables.kept
def headline() -> tuple[int, int, str, int]:
    """Text to video at equal size: (shares whose interval lies above one half, all shares, the others in words, fewest prompts)."""
    rows = chosen("equal")
    low, _ = statistics.wilson_interval(rows["share"].to_numpy(), rows["n"].to_numpy())
    left = rows[low <= 0.5]
    words = " and ".join(f"{row['second']} in {row['criterion']}" for row in left.to_dict("records"))
    return int((low > 0.5).sum()), len(rows), words, int(rows["n"].min())


def pair_names(rows: pd.DataFrame) -> pd.Series:
    """How the rows of a comparison are called on a chart: the rival, the design choice, or both sides."""
    n = rows["n"].map(lambda value: f" ({value:.0f})" if value == value else " (?)")
    emu = rows["first"] == "Emu Video"
    other = (rows["first"] + " over " + rows["second"]).where(~rows["first"].isin(list(DESIGN)), rows["first"].map(DESIGN))
    names = rows["second"].where(emu, other)
    return names + rows["location"].map(lambda place: ", UCF-101" if place == "Table 2" else "") + n


@tables.kept
def named(which: str) -> pd.DataFrame:
    """The comparisons of a set with their names on the chart."""
    rows = chosen(which)
    return rows.assign(name=pair_names(rows))


@tables.kept
def driving_shares() -> tuple[list[str], np.ndarray, list[int | None]]:
    """(pairs, shares, fewest votes) of the driving study, a tie counted half."""
    parts = {pair: part.set_index("metric")["value"] for pair, part in study().groupby("pair", sort=False)}
    share = np.array([values["preferred_first"] + values["equal"] / 2 for values in parts.values()]) / 100
    return list(parts), share, [win_rates.fewest_votes(values.tolist()) for values in parts.values()]


@tables.kept
def facts() -> pd.DataFrame:
    """The table video_facts by key."""
    return tables.load("video_facts").set_index("key")


@tables.kept
def denoisers(sizes: str) -> tuple[costs.Denoiser, costs.Denoiser]:
    """(image, video) denoisers: as large as Emu Video's, or of a billion parameters each."""
    if sizes not in SIZES:
        raise ValueError(f"sizes must be one of {', '.join(SIZES)}, got {sizes!r}")
    image = facts().loc["emu_spatial_params_frozen", "value"] if sizes == "emu" else 1e9
    video = image + facts().loc["emu_temporal_params_trainable", "value"] if sizes == "emu" else 1e9
    return costs.Denoiser.of_size(image), costs.Denoiser.of_size(video)


def ranked_rows(which: str, criterion: str) -> pd.DataFrame:
    """The comparisons behind a ranking; for text to video at equal size with those of Table 5 that join it."""
    if which not in RANKED or criterion not in CRITERIA_SHOWN:
        raise ValueError(
            f"which must be one of {', '.join(RANKED)} and criterion one of {', '.join(CRITERIA_SHOWN)}, got {which!r} and {criterion!r}"
        )
    rows = chosen(which)
    if which == "equal":
        more = reported()
        rows = pd.concat([rows, more[(more["location"] == "Table 5") & (more["second"] == "Gen-2 I2V")]])
    return win_rates.both_criteria(rows) if criterion == "both" else rows[rows["criterion"] == criterion]


@tables.kept
def fitted_ranking(which: str, criterion: str, added: float) -> pd.DataFrame:
    """The ranking of a set of comparisons, kept once it was made."""
    return win_rates.ranking(ranked_rows(which, criterion), added, RESAMPLES)
