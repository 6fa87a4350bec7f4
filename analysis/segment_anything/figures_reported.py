"""Figures on Segment Anything's data and on how well it does, as reported: SA-1B, the data engine, IoU, transfer."""

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd

from analysis import statistics, tables
from analysis.charts import style
from analysis.charts.panel import Citation, Panel, table_of
from analysis.segment_anything.data import PAPER, facts, scores
from analysis.units import SECONDS_PER_DAY, format_count, significant

DATASETS = {
    "SA-1B": (style.BLUE, "star"),
    "Open Images": (style.AMBER, "square"),
    "LVIS v1": (style.CRIMSON, "diamond"),
    "COCO": (style.VIOLET, "circle"),
    "ADE20K": (style.SLATE, "triangle-up"),
}
STAGES = {"engine_stage1_masks": "assisted by hand", "engine_stage2_masks": "semi-automatic", "engine_stage3_masks": "fully automatic"}
TRANSFER = {
    "lvis_proposals": ("object proposals on LVIS (recall at 1,000)", "mask_ar_"),
    "coco_instance": ("instances on COCO (average precision)", "ap"),
    "lvis_instance": ("instances on LVIS (average precision)", "ap"),
}


def datasets(per_image: float, settings: Mapping[str, str]) -> Panel:
    """Masks against images of five data sets, with lines of equal masks per image; one of them the reader's."""
    rows = tables.load("segment_anything_datasets")
    axis = np.array([1e4, 1e8])
    traces = [style.computed_line(axis, axis * k, f"{k:g} masks an image", style.GREY, width=1.0) for k in (1, 10, 100)]
    traces.append(style.what_if_line(axis, axis * per_image, f"yours: {per_image:g} masks an image", style.BLUE))
    for row in rows.to_dict("records"):
        color, symbol = DATASETS[row["dataset"]]
        mark = style.reported_markers(
            [row["n_images"]], [row["n_masks"]], row["dataset"], color, symbol, row["verified"] > 0, [row["dataset"]]
        )
        traces.append(
            mark
            | {
                "mode": "markers+text",
                "textposition": {"LVIS v1": "top left", "SA-1B": "bottom right", "ADE20K": "bottom center"}.get(
                    row["dataset"], "middle right"
                ),
            }
        )
    layout = style.layout(
        "log_number",
        "log_number",
        x_title="Images",
        y_title="Masks",
        height=440,
        x_range=(1e4, 1e8),
        y_range=(2e5, 5e9),
        showlegend=False,
        annotations=[style.note(float(np.log10(4e7)), float(np.log10(4e7 * k)), f"{k} an image", yshift=-9) for k in (1, 10)],
    )
    for name in ("xaxis", "yaxis"):
        layout[name] |= {"exponentformat": "B"}
    by = rows.set_index("dataset")
    ours, theirs = by.loc["SA-1B"], by.loc["Open Images"]
    masks, images = ours["n_masks"] / theirs["n_masks"], ours["n_images"] / theirs["n_images"]
    beyond = int((rows["n_masks"] / rows["n_images"] >= per_image).sum())
    return Panel(
        name="segment_anything.datasets",
        title=f"SA-1B has {format_count(ours['n_masks'])} masks, {masks:.0f} times those of the next larger set, on {images:.0f} times its images",
        figure=style.figure(traces, layout),
        data=lambda: table_of(
            [
                rows.assign(masks_per_image=rows["n_masks"] / rows["n_images"], status="reported").to_dict("list"),
                {"dataset": "yours", "n_images": axis, "n_masks": axis * per_image, "masks_per_image": per_image, "status": "what_if"},
            ]
        ),
        caption=(
            f"Both axes are logarithmic; lines join equal numbers of masks per image. {beyond} of the {len(rows)} sets hold at least your {per_image:g} masks an image. "
            f"The paper's legend prints {facts().loc['sa1b_masks_exact_legend', 'value']:,.0f} masks for SA-1B; {facts().loc['sa1b_automatic_share', 'value']:g}% of them were made without an annotator. Sets differ in what they label: whole objects, or parts too."
        ),
        alt=f"Masks against images of {len(rows)} data sets; SA-1B has {format_count(ours['n_masks'])} masks on {format_count(ours['n_images'])} images, Open Images {format_count(theirs['n_masks'])} on {format_count(theirs['n_images'])}.",
        sources=tuple(Citation(PAPER, place) for place in ("Figure 6", "Section 5")),
        settings=settings,
        explain=(datasets,),
    )


def engine(seconds: float, settings: Mapping[str, str]) -> Panel:
    """Masks of the three stages of the data engine, and the time they would take by hand at a number of seconds a mask."""
    rows = facts().loc[list(STAGES)]
    masks = rows["value"].to_numpy()
    years = masks * seconds / (365.25 * SECONDS_PER_DAY)
    names = list(STAGES.values())
    start, end = (float(facts().loc[f"engine_seconds_per_mask_{which}", "value"]) for which in ("start", "end"))
    traces = [
        style.reported_markers(masks, names, "masks", style.BLUE, text=[f"{format_count(value)} masks" for value in masks]),
        {
            **style.what_if_marker(
                years, names, "years of work at your pace", style.AMBER, [f"{significant(value)} years" for value in years]
            )
        },
    ]
    for trace in traces:
        trace |= {"mode": "markers+text", "textposition": "top center"}
    layout = style.layout("log_number", "category", x_title="Masks; years of unbroken work", height=320, x_range=(0.03, 3e11))
    layout["yaxis"] |= {"range": [2.6, -0.6], "autorange": False}
    layout["xaxis"] |= {"exponentformat": "B", "dtick": 3}
    return Panel(
        name="segment_anything.engine",
        title=f"By hand, at {seconds:g} s a mask, the automatic stage's {format_count(masks[-1])} masks would take {years[-1]:,.0f} years of unbroken work",
        figure=style.figure(traces, layout),
        data=lambda: table_of(
            [
                {"stage": names, "masks": masks, "source": PAPER, "location": rows["location"].tolist(), "status": "reported"},
                {"stage": names, "years_by_hand": years, "seconds_per_mask": seconds, "status": "what_if"},
            ]
        ),
        caption=f"Annotators began at {start:g} s a mask and ended the first stage at {end:g} s, helped by the model. Years are masks times your seconds, night and day; the first two stages were made by people, the third by the model with a grid of {facts().loc['grid_points', 'value']:,.0f} points an image.",
        alt=f"Masks of three stages on a logarithmic axis, {', '.join(format_count(value) for value in masks)}; by hand the last would take {years[-1]:,.0f} years at {seconds:g} seconds a mask.",
        sources=(Citation(PAPER, "Section 4"),),
        settings=settings,
        explain=(engine,),
    )


def regions(kind: str, settings: Mapping[str, str]) -> Panel:
    """Where the images of three data sets come from; kind "region" or "income"."""
    rows = tables.load("segment_anything_regions")
    rows = rows[rows["kind"] == kind]
    if rows.empty:
        raise ValueError(f"kind must be region or income, got {kind!r}")
    groups = list(dict.fromkeys(rows["group"]))
    traces = []
    for name, part in rows.groupby("dataset", sort=False):
        traces.append(style.reported_markers(part["share"], part["group"], name, *DATASETS[name], part["verified"] > 0))
    layout = style.layout("number", "category", x_title="Share of images (%)", height=170 + 42 * len(groups), x_range=(-2, 100))
    layout["yaxis"] |= {"autorange": "reversed"}
    table = rows.pivot_table(index="group", columns="dataset", values="share")
    lead = "middle income" if kind == "income" else "Asia and Oceania"
    line = table.loc[lead]
    return Panel(
        name="segment_anything.regions",
        title=f"{lead[0].upper()}{lead[1:]} has {line['SA-1B']:g}% of SA-1B's images, {line['COCO']:g}% of COCO's and {line['Open Images']:g}% of Open Images'",
        figure=style.figure(traces, layout),
        data=lambda: rows.assign(status="reported"),
        caption="Shares of images by the country in which they were taken, as printed; Africa and low-income countries stay rare in all three."
        if kind == "region"
        else "Shares of images by the income of the country in which they were taken, as printed.",
        alt=f"Shares of images by {kind} for SA-1B, COCO and Open Images; {lead} has {line['SA-1B']:g}% of SA-1B.",
        sources=(Citation(PAPER, "Table 1"),),
        settings=settings,
        explain=(regions,),
    )


def against_ritm(margin: float, settings: Mapping[str, str]) -> Panel:
    """IoU of SAM less that of RITM on 23 data sets, from one point; those within a margin count as a draw."""
    rows = scores()
    rows = rows[rows["benchmark"] == "sam_vs_ritm"].sort_values("value", ascending=False)
    names = rows["printed_benchmark"].tolist()
    values = rows["value"].to_numpy()
    color = np.where(values > margin, style.BLUE, np.where(values < -margin, style.CRIMSON, style.GREY)).tolist()
    mark = style.reported_markers(values, names, "SAM less RITM", style.BLUE, verified=rows["verified"] > 0)
    mark["marker"] |= {"color": color, "line": {"width": 1.5, "color": color}}
    layout = style.layout("number", "category", x_title="Mean IoU of SAM less that of RITM (points)", height=620, showlegend=False)
    layout["yaxis"] |= {"autorange": "reversed"}
    layout["shapes"] = [style.vertical_line(x, style.GREY, "solid" if x == 0 else "dash") for x in dict.fromkeys((-margin, 0.0, margin))]
    ahead, behind = int((values > margin).sum()), int((values < -margin).sum())
    low, high = statistics.wilson_interval(ahead / max(ahead + behind, 1), max(ahead + behind, 1))
    return Panel(
        name="segment_anything.against_ritm",
        title=f"From one point SAM is ahead of RITM on {ahead} of {len(values)} data sets and behind on {behind}"
        + (f", others within {margin:g} points" if margin else ""),
        figure=style.figure([mark], layout),
        data=lambda: rows[["printed_benchmark", "setting", "value", "unit", "location", "source", "verified"]].assign(status="reported"),
        caption=(
            f"One point at the centre of the object, SAM's most confident mask. If the sets were a random draw, {ahead} of {ahead + behind} would put the share of wins between {low:.0%} and {high:.0%} (95%). "
            "With the best of SAM's three masks in place of the most confident one, the paper reports it ahead on all 23: much of the gap is in choosing which object a point means."
        ),
        alt=f"Differences in mean IoU on {len(values)} data sets, from {values.max():+.1f} to {values.min():+.1f} points; SAM is ahead on {ahead}.",
        sources=(Citation(PAPER, "Figure 9a; Section 7.1"), Citation("wilson1927")),
        settings=settings,
        explain=(statistics.wilson_interval,),
    )


def people(settings: Mapping[str, str]) -> Panel:
    """mIoU of segmenting people by perceived group, from one point and from three."""
    rows = scores()
    rows = rows[rows["benchmark"] == "sam_people"]
    group = rows["printed_benchmark"].str.split(": ").str[1]
    traces, spread = [], {}
    for setting, color, symbol in (("1 point", style.AMBER, "circle"), ("3 points", style.BLUE, "diamond")):
        part = rows[rows["printed_setting"] == setting]
        traces.append(style.reported_markers(part["value"], group[part.index], setting, color, symbol, part["verified"] > 0))
        spread[setting] = part["value"]
    layout = style.layout("number", "category", x_title="Mean IoU (%)", height=460, x_range=(45, 100))
    layout["yaxis"] |= {"autorange": "reversed"}
    one, three = spread["1 point"], spread["3 points"]
    return Panel(
        name="segment_anything.people",
        title=f"On people, three points lift the mean IoU from {one.min():g} to {one.max():g}% up to {three.min():g} to {three.max():g}%",
        figure=style.figure(traces, layout),
        data=lambda: rows[["printed_benchmark", "printed_setting", "value", "unit", "location", "source", "verified"]].assign(
            status="reported"
        ),
        caption="Means by perceived gender presentation, age and skin tone, as the paper groups them. One point leaves open whether a person or a garment is meant.",
        alt=f"Mean IoU of {group.nunique()} groups of people: {one.min():g} to {one.max():g}% from one point, {three.min():g} to {three.max():g}% from three.",
        sources=(Citation(PAPER, "Table 2"),),
        settings=settings,
        explain=(people,),
    )


def transfer(task: str, settings: Mapping[str, str]) -> Panel:
    """SAM without training for a task against ViTDet-H trained for it."""
    if task not in TRANSFER:
        raise ValueError(f"task must be one of {', '.join(TRANSFER)}, got {task!r}")
    label, prefix = TRANSFER[task]
    rows = scores()
    rows = rows[rows["benchmark"] == task]
    measure = rows["metric"].str.removeprefix(prefix).str.strip("_").replace("", "all")
    traces = []
    for model, color, symbol in (
        ("ViTDet-H", style.AMBER, "square"),
        ("SAM", style.BLUE, "star"),
        ("SAM - single output", style.SLATE, "circle"),
    ):
        part = rows[rows["model"] == model]
        if len(part):
            name = f"{model}, trained on it" if model == "ViTDet-H" else f"{model}, zero-shot"
            traces.append(style.reported_markers(part["value"], measure[part.index], name, color, symbol, part["verified"] > 0))
    layout = style.layout("number", "category", x_title=f"{label} (%)", height=180 + 34 * measure.nunique(), x_range=(25, 95))
    layout["yaxis"] |= {"autorange": "reversed"}
    table = rows.assign(measure=measure).pivot_table(index="measure", columns="model", values="value")
    gap = table["SAM"] - table["ViTDet-H"]
    return Panel(
        name="segment_anything.transfer",
        title=f"Untrained for it, SAM reaches {table.loc['all', 'SAM']:g} where the trained ViTDet-H has {table.loc['all', 'ViTDet-H']:g}: {label}",
        figure=style.figure(traces, layout),
        data=lambda: rows[["model", "printed_benchmark", "metric", "setting", "value", "unit", "location", "source", "verified"]].assign(
            status="reported"
        ),
        caption=f"As reported, by size or frequency of the objects; SAM is ahead in {int((gap > 0).sum())} of {len(gap)} rows"
        + (
            f", most of all for {gap.idxmax()} objects ({gap.max():+.1f} points)."
            if gap.max() > 0
            else f" and closest for {gap.idxmax()} objects ({gap.max():+.1f} points)."
        ),
        alt=f"Scores of SAM and ViTDet-H, {label}; overall {table.loc['all', 'SAM']:g} against {table.loc['all', 'ViTDet-H']:g}.",
        sources=tuple(Citation(PAPER, place) for place in dict.fromkeys(rows["location"])),
        settings=settings,
        explain=(transfer,),
    )


def printed(keys: Mapping[str, str]) -> pd.DataFrame:
    """Printed numbers as a table of what, value, place and note; keys: key of segment_anything_facts to its name on the page."""
    rows = facts().loc[list(keys)]
    values = [f"{value:,.10g} {unit}".strip() for value, unit in zip(rows["value"], rows["unit"], strict=True)]
    return pd.DataFrame({"what": list(keys.values()), "reported": values, "place": rows["location"], "note": rows["note"]}).reset_index(
        drop=True
    )


def default_panels() -> dict[str, Callable[[], Panel]]:
    """The panels of this module at their default settings."""
    return {
        "segment_anything.datasets": lambda: datasets(100.0, {"masks per image": "100"}),
        "segment_anything.engine": lambda: engine(14.0, {"seconds per mask": "14"}),
        "segment_anything.regions": lambda: regions("region", {"grouped by": "region"}),
        "segment_anything.against_ritm": lambda: against_ritm(0.0, {"margin": "0 points"}),
        "segment_anything.people": lambda: people({"scores": "as reported"}),
        "segment_anything.transfer": lambda: transfer("lvis_proposals", {"task": "object proposals"}),
    }
