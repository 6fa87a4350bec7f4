"""What Emu Video and Align Your Latents report, prepared for the charts: comparisons by raters, a user study, automatic scores."""

from functools import cache

import pandas as pd

from analysis import tables, video
from analysis.charts import style

EMU, LATENTS = "girdhar2023", "blattmann2023"
COLORS = {"quality": style.BLUE, "faithfulness": style.CRIMSON, "both": style.VIOLET}
SYMBOLS = {"quality": "circle", "faithfulness": "diamond", "both": "circle"}
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


@cache
def reported() -> pd.DataFrame:
    """Every comparison that Emu Video reports (`video.comparisons`), and which of SETS it is in."""
    rows = tables.load("vision_scores")
    rows = video.comparisons(rows[rows["source"] == EMU])
    places = {place: name for name, some in PLACES.items() for place in some}
    return rows.assign(set=rows["location"].map(places))


def chosen(which: str) -> pd.DataFrame:
    """The comparisons of a set; of "other", without the repetition of Figure 2 in Table 5."""
    if which not in SETS:
        raise ValueError(f"which must be one of {', '.join(SETS)}, got {which!r}")
    rows = reported()
    rows = rows[rows["set"] == which]
    return rows[~((rows["location"] == "Table 5") & (rows["first"] == "Emu Video") & (rows["second"] == "Gen-2"))]


@cache
def study() -> pd.DataFrame:
    """The driving user study of Align Your Latents: one row per pair and answer, with first and second named."""
    rows = tables.load("vision_scores")
    rows = rows[(rows["source"] == LATENTS) & (rows["benchmark"] == STUDY)].copy()
    long = {"uncond.": "unconditional", "cond.": "conditional"}
    rows["pair"] = [" over ".join(long.get(side, side) for side in text.split(" vs ")) for text in rows["printed_benchmark"]]
    return rows.reset_index(drop=True)


@cache
def automatic() -> pd.DataFrame:
    """FVD and inception score on UCF-101, zero-shot, as both papers print them, one row per system and paper."""
    rows = tables.load("vision_scores")
    rows = rows[(rows["benchmark"] == "ucf101") & rows["metric"].isin(["fvd", "inception_score"])].copy()
    rows["system"] = rows["model"].replace(SYSTEMS)
    wide = rows.pivot_table(index=["system", "source", "location"], columns="metric", values="value", sort=False).reset_index()
    return wide.merge(rows.groupby(["system", "source"])["verified"].min().reset_index())
