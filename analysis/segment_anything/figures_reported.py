"""Figures on Segment Anything's data and on how well it does, as reported: SA-1B, the data engine, IoU, transfer."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from analysis import statistics, tables
from analysis.charts import marks, style
from analysis.charts.figure import Figure
from analysis.charts.panel import Citation, Headline, Panel
from analysis.charts.parameters import Choice, Quantity
from analysis.segment_anything.data import PAPER, facts, scores
from analysis.units import SECONDS_PER_DAY, format_count, significant

DATASETS = {
    "SA-1B": (style.BLUE, "star"),
    "Open Images": (style.ORCHID, "square"),
    "LVIS v1": (style.CRIMSON, "diamond"),
    "COCO": (style.VIOLET, "circle"),
    "ADE20K": (style.SLATE, "triangle-up"),
}
STAGES = {"engine_stage1_masks": "assisted manual", "engine_stage2_masks": "semi-automatic", "engine_stage3_masks": "fully automatic"}
TRANSFER = {
    "lvis_proposals": ("object proposals on LVIS (recall at 1,000)", "mask_ar_"),
    "coco_instance": ("instances on COCO (average precision)", "ap"),
    "lvis_instance": ("instances on LVIS (average precision)", "ap"),
}


PRINTED = {
    "human_rating_low": "mean rating of SAM's masks by people, lowest",
    "human_rating_high": "mean rating of SAM's masks by people, highest",
    "mask_quality_iou_gt_90": "automatic masks that agree with corrected ones above an IoU of 0.9",
    "mask_quality_iou_gt_75": "the same above 0.75",
    "ablation_auto_only_loss": "mean IoU lost by training on automatic masks alone",
    "training_gpus": "GPUs used for training",
    "training_hours": "hours of training",
    "training_energy": "energy of training",
    "training_co2": "emissions of training (CO2 equivalent)",
}
YEAR = 365.25 * SECONDS_PER_DAY


class Datasets(Figure):
    """Masks against images of five data sets, with lines of equal masks per image; one of them the reader's."""

    name = "segment_anything.datasets"
    masks_per_image: int = Quantity(
        "Masks per image",
        unit="masks",
        low=1,
        high=200,
        step=1,
        whole=True,
    )(100)

    def draw(self) -> Panel:
        """The panel at these parameters."""
        per_image, rows = self.masks_per_image, tables.load("segment_anything_datasets")
        axis = np.array([1e4, 1e8])
        lines = [
            {"series": f"{k:g} masks per image", "n_images": axis, "n_masks": axis * k, "masks_per_image": k, "status": "computed"}
            for k in (1, 10, 100)
        ]
        yours = {
            "series": f"yours: {per_image:g} masks per image", "n_images": axis, "n_masks": axis * per_image, "masks_per_image": per_image,
            "status": "what_if",
        }  # fmt: skip
        sets = rows.assign(series=rows["dataset"], masks_per_image=rows["n_masks"] / rows["n_images"], status="reported")
        traces = [marks.line(line, "n_images", "n_masks", style.GREY, width=1.0) for line in lines]
        traces.append(marks.line(yours, "n_images", "n_masks", style.AMBER))
        places = {"LVIS v1": "top left", "SA-1B": "bottom right", "ADE20K": "bottom center"}
        for name, part in sets.groupby("dataset", sort=False):
            color, symbol = DATASETS[str(name)]
            mark = marks.points(part, "n_images", "n_masks", color, symbol=symbol, text=[name])
            traces.append(mark | {"mode": "markers+text", "textposition": places.get(str(name), "middle right")})
        layout = style.layout(
            "log_number",
            "log_number",
            x_title="Images",
            y_title="Masks",
            height=440,
            x_range=(1e4, 1e8),
            y_range=(2e5, 5e9),
            showlegend=False,
            annotations=[style.note(float(np.log10(4e7)), float(np.log10(4e7 * k)), f"{k} per image", yshift=-9) for k in (1, 10)]
            + [style.note(4.6, float(np.log10(10**4.6 * per_image)), f"yours: {per_image:g} per image", xanchor="right", yshift=12)],
        )
        for axis_name in ("xaxis", "yaxis"):
            layout[axis_name] |= {"exponentformat": "B"}
        by = sets.set_index("dataset")
        ours, theirs = by.loc["SA-1B"], by.loc["Open Images"]
        beyond = int((by["masks_per_image"] >= per_image).sum())
        held = Headline("masks of SA-1B", float(ours["n_masks"]), "masks", format_count(ours["n_masks"]), "n_masks")
        masks, images = (
            Headline(f"{what} of SA-1B over Open Images", float(ours[column] / theirs[column]), "", f"{ours[column] / theirs[column]:.0f}")
            for what, column in (("masks", "n_masks"), ("images", "n_images"))
        )
        return Panel(
            title=f"SA-1B has {held} masks, {masks}× those of the next largest data set, on {images}× its images",
            headline=(held, masks, images),
            figure=style.figure(traces, layout),
            parts=[sets, *lines, yours],
            caption=(
                f"Markers are data sets by images and masks; lines join equal numbers of masks per image. {beyond} of the {len(rows)} data sets {'has' if beyond == 1 else 'have'} at least your {per_image:g} masks per image. "
                f"The paper's legend prints {facts().loc['sa1b_masks_exact_legend', 'value']:,.0f} masks for SA-1B; {facts().loc['sa1b_automatic_share', 'value']:g}% of them were made without an annotator. Data sets differ in what they label: whole objects, or parts too."
            ),
            alt=f"Masks against images of {len(rows)} data sets; SA-1B has {held} masks on {format_count(ours['n_images'])} images, Open Images {format_count(theirs['n_masks'])} on {format_count(theirs['n_images'])}.",
            sources=tuple(Citation(PAPER, place) for place in ("Figure 6", "Section 5")),
        )


class Engine(Figure):
    """Masks of the three stages of the data engine, and the time they would take by hand at a number of seconds a mask."""

    name = "segment_anything.engine"
    seconds_per_mask: int = Quantity(
        "Manual time per mask",
        unit="seconds",
        low=1,
        high=120,
        step=1,
        whole=True,
    )(14)

    def draw(self) -> Panel:
        """The panel at these parameters."""
        seconds, rows = self.seconds_per_mask, facts().loc[list(STAGES)]
        masks = rows["value"].to_numpy()
        start, end = (float(facts().loc[f"engine_seconds_per_mask_{which}", "value"]) for which in ("start", "end"))
        made = {
            "series": "masks", "stage": list(STAGES.values()), "n_masks": masks, "source": PAPER, "location": rows["location"].to_numpy(),
            "verified": rows["verified"].to_numpy(), "status": "reported",
        }  # fmt: skip
        by_hand = {
            "series": "years at your time per mask", "stage": list(STAGES.values()), "n_masks": masks, "seconds_by_hand": masks * seconds, "seconds_per_mask": seconds,
            "status": "what_if",
        }  # fmt: skip
        years = masks * seconds / YEAR
        text = [
            f"{significant(value)} {'year' if significant(value) == '1' else 'years'} for {format_count(made_masks)} masks"
            for value, made_masks in zip(years, masks, strict=True)
        ]
        bar = marks.bars(by_hand, "seconds_by_hand", "stage", style.AMBER, horizontal=True, per_x=YEAR, text=text)
        traces = [bar | {"textposition": "outside", "cliponaxis": False}]
        layout = style.layout(
            "number",
            "category",
            x_title=f"Years of non-stop work at {seconds:g} s per mask",
            height=320,
            x_range=(0, 1.4 * float(years.max())),
        )
        layout["yaxis"] |= {"autorange": "reversed"}
        last = Headline("masks of the automatic stage", float(masks[-1]), "masks", format_count(masks[-1]), "n_masks")
        takes = Headline(
            "time of the automatic stage by hand", float(masks[-1] * seconds), "s", f"{years[-1]:,.0f} years", "seconds_by_hand"
        )
        return Panel(
            title=f"At {seconds:g} s per mask, the automatic stage's {last} masks would take {takes} by hand",
            headline=(last, takes),
            figure=style.figure(traces, layout),
            parts=[made, by_hand],
            caption=f"Bars are the masks of each stage times your seconds per mask, as years of non-stop work. Annotators began at {start:g} s per mask and ended the first stage at {end:g} s, helped by the model. The first two stages were made by people, the third by the model with a grid of {facts().loc['grid_points', 'value']:,.0f} points per image.",
            alt=f"Years of work by hand for the masks of three stages, {', '.join(format_count(value) for value in masks)}; by hand the last would take {takes} at {seconds:g} s per mask.",
            sources=(Citation(PAPER, "Section 4"),),
        )


class Regions(Figure):
    """Where the images of three data sets come from, by region or by income of the country."""

    name = "segment_anything.regions"
    countries_by: str = Choice("Group countries by", options={"region": "region", "income": "income"})("region")

    def draw(self) -> Panel:
        """The panel at these parameters."""
        kind, rows = self.countries_by, tables.load("segment_anything_regions")
        rows = rows[rows["kind"] == kind].rename(columns={"share": "image_percent"})
        rows = rows.assign(series=rows["dataset"], image_share=rows["image_percent"] / 100, status="reported")
        groups = list(dict.fromkeys(rows["group"]))
        traces = []
        for name, part in rows.groupby("dataset", sort=False):
            color, symbol = DATASETS[str(name)]
            traces.append(marks.points(part, "image_share", "group", color, per_x=0.01, symbol=symbol))
        layout = style.layout("number", "category", x_title="Share of images (%)", height=170 + 42 * len(groups), x_range=(-2, 100))
        layout["yaxis"] |= {"autorange": "reversed"}
        table = rows.pivot_table(index="group", columns="dataset", values="image_percent")
        lead = "middle income" if kind == "income" else "Asia and Oceania"
        shares = [
            Headline(f"share of {name}", float(table.loc[lead, name]), "%", f"{table.loc[lead, name]:g}%", "image_percent")
            for name in ("SA-1B", "COCO", "Open Images")
        ]
        return Panel(
            title=f"{lead[0].upper()}{lead[1:]} has {shares[0]} of SA-1B's images, {shares[1]} of COCO's and {shares[2]} of Open Images'",
            headline=tuple(shares),
            figure=style.figure(traces, layout),
            parts=[rows],
            caption="Markers are shares of images by the country in which they were taken, as printed. Africa and low-income countries are rare in all three data sets."
            if kind == "region"
            else "Markers are shares of images by the income of the country in which they were taken, as printed.",
            alt=f"Shares of images by {kind} for SA-1B, COCO and Open Images; {lead} has {shares[0]} of SA-1B.",
            sources=(Citation(PAPER, "Table 1"),),
        )


class AgainstRitm(Figure):
    """IoU of SAM less that of RITM on 23 data sets, from one point; those within a margin count as a draw."""

    name = "segment_anything.against_ritm"
    draw_margin: float = Quantity("Tie margin", unit="IoU points", low=0, high=10, step=0.5)(0.0)

    def draw(self) -> Panel:
        """The panel at these parameters."""
        margin, rows = self.draw_margin, scores()
        rows = rows[rows["benchmark"] == "sam_vs_ritm"].sort_values("value", ascending=False)
        values = rows["value"].to_numpy()
        outcome = np.where(values > margin, "SAM ahead", np.where(values < -margin, "SAM behind", "tie"))
        rows = rows.assign(series=outcome, iou_difference=values, outcome=outcome, status="reported")
        look = {"SAM ahead": style.BLUE, "SAM behind": style.CRIMSON, "tie": style.GREY}
        traces = [
            marks.points(rows[outcome == name].assign(series=name), "iou_difference", "printed_benchmark", color)
            for name, color in look.items()
            if (outcome == name).any()
        ]
        layout = style.both_ends(style.layout("number", "category", x_title="Mean IoU of SAM minus that of RITM (points)", height=620))
        layout["yaxis"] |= {"categoryorder": "array", "categoryarray": rows["printed_benchmark"].tolist(), "autorange": "reversed"}
        layout["shapes"] = [
            style.vertical_line(x, style.GREY, "solid" if x == 0 else "dash") for x in dict.fromkeys((-margin, 0.0, margin))
        ]
        ahead, behind = (
            Headline(f"data sets on which it is {one}", int((outcome == one).sum()), "data sets", str(int((outcome == one).sum())))
            for one in ("SAM ahead", "SAM behind")
        )
        decided = int(ahead.value + behind.value)
        low, high = statistics.wilson_interval(ahead.value / max(decided, 1), max(decided, 1))
        kept = ["series", "printed_benchmark", "setting", "iou_difference", "outcome", "unit", "location", "source", "verified", "status"]
        return Panel(
            title=f"From one point, SAM is ahead of RITM on {ahead} of {len(values)} data sets and behind on {behind}"
            + (f", others within {margin:g} {'point' if margin == 1 else 'points'}" if margin else ""),
            headline=(ahead, behind),
            figure=style.figure(traces, layout),
            parts=[rows[kept]],
            caption=(
                f"Each marker is one data set, prompted with one point at the centre of the object and scored on SAM's most confident mask. If the data sets were a random sample, {ahead} of {decided} would put the share of wins between {low:.0%} and {high:.0%} (95%). "
                "With the best of SAM's three masks, the paper reports it ahead on all 23: much of the gap is in choosing which object a point means."
            ),
            alt=f"Differences in mean IoU on {len(values)} data sets, from {values.max():+.1f} to {values.min():+.1f} points; SAM is ahead on {ahead}.",
            sources=(Citation(PAPER, "Figure 9a; Section 7.1"), Citation("wilson1927")),
        )


class People(Figure):
    """Mean IoU of segmenting people by perceived group, from one point and from three."""

    name = "segment_anything.people"

    def draw(self) -> Panel:
        """The panel."""
        rows = scores()
        rows = rows[rows["benchmark"] == "sam_people"]
        rows = rows.assign(
            series=rows["printed_setting"],
            group=rows["printed_benchmark"].str.split(": ").str[1],
            mean_iou=rows["value"],
            status="reported",
        )
        traces, ends = [], []
        for setting, color, symbol in (("1 point", style.ORCHID, "circle"), ("3 points", style.BLUE, "diamond")):
            part = rows[rows["printed_setting"] == setting]
            traces.append(marks.points(part, "mean_iou", "group", color, symbol=symbol))
            ends += [
                Headline(f"{which} mean IoU from {setting}", float(value), "%", f"{value:g}", "mean_iou")
                for which, value in (("lowest", part["mean_iou"].min()), ("highest", part["mean_iou"].max()))
            ]
        layout = style.layout("number", "category", x_title="Mean IoU (%)", height=460, x_range=(45, 100))
        layout["yaxis"] |= {"autorange": "reversed"}
        kept = ["series", "group", "printed_benchmark", "printed_setting", "mean_iou", "unit", "location", "source", "verified", "status"]
        return Panel(
            title=f"On people, mean IoU is {ends[0]} to {ends[1]}% from one point, {ends[2]} to {ends[3]}% from three",
            headline=tuple(ends),
            figure=style.figure(traces, layout),
            parts=[rows[kept]],
            beside=printed(PRINTED),
            caption="Markers are mean IoUs by perceived gender presentation, age and skin tone, as the paper groups them. One point leaves open whether a person or a garment is meant. The table lists what else the paper and the site print.",
            alt=f"Mean IoU of {rows['group'].nunique()} groups of people: {ends[0]} to {ends[1]}% from one point, {ends[2]} to {ends[3]}% from three.",
            sources=(Citation(PAPER, "Table 2"),),
        )


class Transfer(Figure):
    """SAM without training for a task against ViTDet-H trained for it."""

    name = "segment_anything.transfer"
    transfer_task: str = Choice("Task", options={task: label for task, (label, _) in TRANSFER.items()})("lvis_proposals")

    def draw(self) -> Panel:
        """The panel at these parameters."""
        label, prefix = TRANSFER[self.transfer_task]
        rows = scores()
        rows = rows[rows["benchmark"] == self.transfer_task]
        measure = rows["metric"].str.removeprefix(prefix).str.strip("_").replace("", "all")
        rows = rows.assign(measure=measure, task_score=rows["value"], status="reported")
        traces, parts = [], []
        for model, color, symbol in (
            ("ViTDet-H", style.ORCHID, "square"),
            ("SAM", style.BLUE, "star"),
            ("SAM - single output", style.SLATE, "circle"),
        ):
            part = rows[rows["model"] == model]
            if len(part):
                part = part.assign(series=f"{model}, trained on it" if model == "ViTDet-H" else f"{model}, zero-shot")
                traces.append(marks.points(part, "task_score", "measure", color, symbol=symbol))
                parts.append(part)
        layout = style.layout(
            "number",
            "category",
            x_title=f"{label[0].upper()}{label[1:].replace(' (', ': ').rstrip(')')} (%)",
            height=180 + 34 * measure.nunique(),
            x_range=(25, 95),
        )
        layout["yaxis"] |= {"autorange": "reversed"}
        table = rows.pivot_table(index="measure", columns="model", values="task_score")
        gap = table["SAM"] - table["ViTDet-H"]
        sam, trained = (Headline(f"score of {model}", float(table.loc["all", model]), "%", f"{table.loc['all', model]:g}", "task_score")
                        for model in ("SAM", "ViTDet-H"))  # fmt: skip
        kept = ["series", "model", "printed_benchmark", "metric", "measure", "setting", "task_score", "unit", "location", "source",
                "verified", "status"]  # fmt: skip
        return Panel(
            title=f"{label[0].upper()}{label[1:]}: SAM zero-shot {sam}, ViTDet-H trained on it {trained}",
            headline=(sam, trained),
            figure=style.figure(traces, layout),
            parts=[part[kept] for part in parts],
            caption=f"Markers are scores as reported, by size or frequency of the objects. SAM is ahead in {int((gap > 0).sum())} of {len(gap)} rows"
            + (
                f", most for {gap.idxmax()} objects ({gap.max():+.1f} points)."
                if gap.max() > 0
                else f" and closest for {gap.idxmax()} objects ({gap.max():+.1f} points)."
            ),
            alt=f"Scores of SAM and ViTDet-H, {label}; overall {sam} against {trained}.",
            sources=tuple(Citation(PAPER, place) for place in dict.fromkeys(rows["location"])),
        )


def printed(keys: Mapping[str, str]) -> pd.DataFrame:
    """Printed numbers as a table of what, value, place and note; keys: key of segment_anything_facts to its name on the page."""
    rows = facts().loc[list(keys)]
    values = [f"{value:,.10g} {unit}".strip() for value, unit in zip(rows["value"], rows["unit"], strict=True)]
    shown = pd.DataFrame({"what": list(keys.values()), "reported": values, "place": rows["location"], "note": rows["note"]})
    return shown.fillna("").reset_index(drop=True)
