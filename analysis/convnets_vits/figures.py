"""Figures on ConvNets and vision transformers: error against compute, what hours buy, loss against compute."""

from typing import Any

import numpy as np
import pandas as pd

from analysis.charts import marks, style, ticks
from analysis.charts.figure import Figure
from analysis.charts.panel import Citation, Headline, Panel
from analysis.charts.parameters import Choice, Quantity, Text
from analysis.charts.shared_parameters import LEVEL, MFU
from analysis.convnets_vits import equal_compute
from analysis.convnets_vits import shapes as convnets_vits_shapes
from analysis.convnets_vits.data import VERSIONS, core_rates, counted, facts, reached, reported
from analysis.convnets_vits.figures_shapes import LOOKS, SHAPE_SOURCES, family
from analysis.units import format_count, significant

PAPER = Citation("smith2023", "section on fine-tuned NFNets")
LARGEST = ("NFNet-F7+", "ViT-g/14", "ViT-G/14", "SoViT-400m/14")
TPU_VERSION = Choice("TPU", options=VERSIONS)
COVERED = 0.95


class Accuracy(Figure):
    """Top-1 error against pretraining hours, with the interval of each and the range of hours that counts as equal to the NFNet's."""

    name = "convnets_vits.accuracy"
    tpu_version: str = TPU_VERSION("v4")
    equal_factor: float = Quantity("Compute tolerance", low=1, high=5, step=0.05)(1.5)
    level: float = LEVEL(COVERED)

    def draw(self) -> Panel:
        """The panel at these parameters."""
        version, factor, level = VERSIONS[self.tpu_version], self.equal_factor, self.level
        rows, hours = reported(level), f"hours_{self.tpu_version}"
        pairs = equal_compute.differences(rows, hours, factor, facts()["imagenet_validation_images"], level)
        rows = rows.rename(columns={"error": "top1_error", "low": "top1_error_low", "high": "top1_error_high"})
        rows = rows.assign(series=rows["family"], core_hours=rows[hours], status="reported")
        traces = []
        for name, (color, symbol) in LOOKS.items():
            part = rows[rows["family"] == name]
            trace = marks.points(part, "core_hours", "top1_error", color, symbol=symbol, text=part["model"])
            look: dict[str, Any] = {"color": style.translucent(color, 0.6), "thickness": 1.5, "width": 4}
            traces.append(marks.errors(trace, part, "top1_error_low", "top1_error_high", **look))
        vits = rows[rows["family"] == "ViT"]
        law = equal_compute.fit_power_law(vits[hours], vits["top1_error"], level)
        axis = np.geomspace(8e4, 6e5, 30)
        line = {"series": "power law through the three ViTs", "core_hours": axis, "top1_error": law(axis), "status": "computed"}
        traces.append(marks.line(line, "core_hours", "top1_error", style.GREY, width=1.5))
        at = float(rows.loc[rows["family"] == "NFNet", hours].iloc[0])
        equal = {"series": "hours that count as equal", "core_hours": [at / factor, at * factor], "status": "what_if"}
        shaded = {
            "type": "rect",
            "x0": at / factor,
            "x1": at * factor,
            "y0": 0,
            "y1": 1,
            "yref": "y domain",
            "fillcolor": style.translucent(style.AMBER, 0.12),
            "line": {"width": 0},
            "layer": "below",
        }
        layout = style.layout(
            "log_number",
            "number",
            x_title=f"Pretraining ({version} core hours)",
            y_title="ImageNet top-1 error (%)",
            x_range=(8e4, 6e5),
            y_range=(9.0, 10.4),
            height=440,
            shapes=[shaded],
            annotations=[
                *_labels(rows),
                style.line_name(at, f"hours within a factor of {significant(factor, 3)}", log=True),
            ],
        )
        layout["xaxis"] |= ticks.at([1e5, 2e5, 3e5, 5e5], "count")
        kept = ["series", "model", "family", "core_hours", "hours_v4", "hours_v3", "top1_error", "top1_error_low", "top1_error_high",
                "source", "location", "verified", "status"]  # fmt: skip
        parts: list[Any] = [rows[kept], line, equal]
        within = Headline("factor within which hours count as equal", factor, "", significant(factor, 3))
        headline, title = [within], f"No ViT was pretrained within {within}× of the NFNet's {version} hours"
        if len(pairs):
            parts.append(
                pairs.rename(columns={"low": "difference_low", "high": "difference_high"}).assign(series="pair", status="computed")
            )
            gap, told = float(pairs["difference"].abs().max()), int(pairs["tells"].sum())
            largest = Headline("largest difference of a pair", gap, "points", significant(gap, 2))
            apart = Headline("significantly different pairs", told, "", str(told))
            headline = [within, largest, apart]
            title = f"Within {within}× in {version} hours, NFNets and ViTs differ by up to {largest} points; {apart} of {len(pairs)} pairs significant"
        return Panel(
            title=title,
            headline=tuple(headline),
            figure=style.figure(traces, layout),
            parts=parts,
            caption=(
                f"Markers are ImageNet errors against pretraining compute, with {level:.0%} Wilson intervals for 50,000 test images; the shaded range counts as equal compute. The intervals treat models as if "
                "tested on different images; on the same images smaller gaps could be significant, but only single errors are printed. Hours on v4 are the paper's estimates. "
                f"The line has exponent {significant(law.exponent, 2)} ({level:.0%} {significant(law.low, 2)} to {significant(law.high, 2)}, from three points)."
            ),
            alt=f"Top-1 error against {version} core hours for {len(rows)} models; errors lie between {rows['top1_error'].min():.2f} and {rows['top1_error'].max():.2f} percent.",
            sources=(PAPER, Citation("russakovsky2014"), Citation("wilson1927")),
        )


def _labels(rows: pd.DataFrame) -> list[dict]:
    short = {"NFNet-F7+ (repeated augmentation)": "with repeated augmentation"}
    notes = []
    for row in rows.to_dict("records"):
        if row["family"] == "NFNet":
            place = {"y": row["top1_error"], "xanchor": "right", "xshift": -9}
        else:
            place = {"y": row["top1_error_high"], "xanchor": "right" if row["model"] == "ViT-g/14" else "left", "yshift": 8}
        notes.append(style.note(float(np.log10(row["core_hours"])), text=short.get(row["model"], row["model"]), **place))
    return notes


class Devices(Figure):
    """The hours of the same pretraining on two devices."""

    name = "convnets_vits.devices"

    def draw(self) -> Panel:
        """The panel."""
        rows = equal_compute.device_ratio(reported())
        base = {version: float(rows.loc[rows["family"] == "NFNet", f"hours_{version}"].iloc[0]) for version in VERSIONS}
        parts, traces = [], []
        for version, color, symbol in (("v4", style.BLUE, "square"), ("v3", style.ORCHID, "diamond")):
            part = rows.rename(columns={f"hours_{version}": "core_hours", "ratio": "v3_over_v4"}).assign(
                series=VERSIONS[version], device=VERSIONS[version], status="reported"
            )
            parts.append(
                part[["series", "model", "family", "device", "core_hours", "v3_over_v4", "source", "location", "verified", "status"]]
            )
            trace = marks.points(parts[-1], "core_hours", "model", color, per_x=1e3, symbol=symbol)
            traces.append(trace | {"hovertemplate": "%{y}: %{x:,.0f} thousand hours<extra>%{fullData.name}</extra>"})
        layout = style.layout("number", "category", x_title="Core hours of pretraining (thousands)", x_range=(0, 540), height=300)
        layout["yaxis"] |= {"autorange": "reversed"}
        rival = rows.set_index("model").loc["ViT-g/14"]
        shares = {version: base[version] / float(rival[f"hours_{version}"]) for version in VERSIONS}
        v4, v3 = (
            Headline(f"hours of NFNet-F7+ over ViT-g/14 on {VERSIONS[one]}", share, "share", f"{share:.0%}")
            for one, share in shares.items()
        )
        ratio = rows.set_index("model")["ratio"]
        return Panel(
            title=f"NFNet-F7+ takes {v4} of ViT-g/14's hours on TPU v4, but {v3} on v3",
            headline=(v4, v3),
            figure=style.figure(traces, layout),
            parts=parts,
            caption=(
                f"Bars are the pretraining core hours of the same models on both TPUs. A v3 core has about half the rate of a v4 core. Moving to v3 multiplies the hours of the ViTs by {significant(ratio.drop('NFNet-F7+').min(), 3)} to {significant(ratio.drop('NFNet-F7+').max(), 3)} and those of NFNet-F7+ by "
                f"{significant(float(ratio['NFNet-F7+']), 3)}. ViT hours on v4 and NFNet hours on v3 are estimates of the paper, ViT-G/14 took over 500k; the paper prints 250 hours where 250 thousand must be meant."
            ),
            alt=f"Core hours on two devices for four models; NFNet-F7+ needs {v4} of the hours of ViT-g/14 on TPU v4 and {v3} on v3.",
            sources=(PAPER,),
        )


class Images(Figure):
    """Training images that the reported hours of each model pay for at a share of the peak."""

    name = "convnets_vits.images"
    tpu_version: str = TPU_VERSION("v4")
    mfu: float = MFU(0.4)

    def draw(self) -> Panel:
        """The panel at these parameters."""
        rate, share = core_rates()[self.tpu_version], self.mfu
        rows, resolution = reported().set_index("model"), int(facts()["train_resolution"])
        hours = rows.loc[list(LARGEST), f"hours_{self.tpu_version}"].to_numpy()
        per_image = np.array([float(convnets_vits_shapes.training_flops_per_image(counted(model, resolution).flops)) for model in LARGEST])
        paid = equal_compute.images_paid(hours, rate, share, per_image)
        kinds = np.array([family(model) for model in LARGEST])
        parts: list[dict[str, Any]] = [
            {
                "series": f"implied images seen, {kind}", "model": np.array(LARGEST)[kinds == kind], "core_hours": hours[kinds == kind],
                "training_flops_per_image": per_image[kinds == kind], "n_images": paid[kinds == kind], "status": "what_if",
            }
            for kind in LOOKS
        ]  # fmt: skip
        reported_images = facts()["epoch_budget_max"] * facts()["jft4b_images"]
        seen = {
            "series": "seen, as reported (8 epochs)", "model": ["NFNet-F7+"], "n_images": [reported_images], "source": "smith2023",
            "location": "Section 2; Introduction", "status": "reported",
        }  # fmt: skip
        traces = [
            *(
                marks.bars(
                    part, "n_images", "model", LOOKS[kind][0], horizontal=True, text=[format_count(value) for value in part["n_images"]]
                )
                | {"textposition": "outside", "cliponaxis": False}
                for kind, part in zip(LOOKS, parts, strict=True)
            ),
            marks.points(seen, "n_images", "model", style.ORCHID, symbol="diamond"),
        ]
        layout = style.layout(
            "number",
            "category",
            x_title=f"Training images at {resolution} pixels",
            x_range=(0, max(1.25 * float(np.nanmax(paid)), 4e10)),
            height=320,
            barmode="stack",
        )
        layout["xaxis"]["exponentformat"] = "B"
        layout["yaxis"] |= {"categoryorder": "array", "categoryarray": list(LARGEST), "autorange": "reversed"}
        bought, saw = (
            Headline(name, float(value), "images", format_count(float(value)), "n_images")
            for name, value in (("implied images seen", paid[0]), ("images seen", reported_images))
        )
        used = Headline("images seen over implied images", float(reported_images / paid[0]), "share", f"{reported_images / paid[0]:.0%}")
        return Panel(
            title=f"At {share:.0%} MFU, NFNet-F7+'s hours imply {bought} images; it saw {saw}, {used} of that",
            headline=(bought, saw, used),
            figure=style.figure(traces, layout),
            parts=[*parts, seen],
            caption=(
                f"Bars are the images that the reported hours allow: hours × peak rate of a core ({rate / 1e12:.1f} TFLOP/s on {VERSIONS[self.tpu_version]}) × MFU, over three forward passes per image. 8 epochs of about 4 B images in 110k v4 hours imply {reached():.0%} MFU for NFNet-F7+. "
                "F7+ is taken as the wider variant of the code released with NFNets. How many images the ViTs saw is not in this paper, so their bars are what-ifs: they assume the same resolution and MFU."
            ),
            alt=f"Images that the reported hours imply at {share:.0%} MFU; NFNet-F7+ {bought}, ViT-g/14 {format_count(float(paid[1]))}.",
            sources=(PAPER, Citation("google_tpu"), *SHAPE_SOURCES),
        )


class Loss(Figure):
    """Held-out loss against compute: the ends of the paper's axes, a what-if line, and a fit of the reader's own readings."""

    name = "convnets_vits.loss"
    loss_readings: str = Text(
        "Points read off Figure 2",
        check=equal_compute.read_points,
        placeholder="1000 2.85; 10000 2.6",
        tried=("1000 2.85", "1000 2.85; 10000 2.62", "1000 2.85; 10000 2.62; 100000 2.42"),
    )("")
    loss_exponent: float = Quantity(
        "Power-law exponent",
        low=-0.08,
        high=0,
        step=0.002,
    )(-0.03)

    def draw(self) -> Panel:
        """The panel at these parameters."""
        exponent, points, known = self.loss_exponent, equal_compute.read_points(self.loss_readings), facts()
        low, high = known["compute_budget_min"], known["compute_budget_max"]
        bottom, top = known["figure2_loss_low"], known["figure2_loss_high"]
        axis = np.geomspace(low, high, 30)
        guess = np.sqrt(bottom * top) * (axis / np.sqrt(low * high)) ** exponent
        corners = {
            "series": "steepest slope the axes allow", "core_hours": [low, high], "held_out_loss": [top, bottom], "status": "computed"
        }  # fmt: skip
        yours = {"series": "your exponent", "core_hours": axis, "held_out_loss": guess, "status": "what_if"}
        parts: list[dict[str, Any]] = [corners, yours]
        traces = [
            marks.line(corners, "core_hours", "held_out_loss", style.GREY, width=1.5),
            marks.line(yours, "core_hours", "held_out_loss", style.AMBER),
        ]
        steepest = equal_compute.steepest_exponent(low, high, bottom, top)
        bound = Headline("steepest exponent within the axes", steepest, "", significant(steepest, 2))
        saves = Headline("loss saved by 10× the compute", 1 - 10**steepest, "share", f"{1 - 10**steepest:.0%}")
        headline = [bound, saves]
        title = f"The axes of the paper's loss plot allow an exponent down to {bound}: {saves} less loss for 10× the compute"
        if len(points) >= 2:
            law = equal_compute.fit_power_law(points["x"], points["y"], COVERED)
            span = np.geomspace(min(low, points["x"].min()), max(high, points["x"].max()), 30)
            parts.append({"series": "fit of your readings", "core_hours": span, "held_out_loss": law(span), "status": "what_if"})
            traces.append(marks.line(parts[-1], "core_hours", "held_out_loss", style.BLUE))
            fitted = Headline(
                "exponent of your readings", law.exponent, "", significant(law.exponent, 3),
                low=law.low if np.isfinite(law.low) else None, high=law.high if np.isfinite(law.high) else None,
            )  # fmt: skip
            headline, title = [fitted], f"Your {law.n} readings give an exponent of {fitted}"
            if np.isfinite(law.low):
                title += f" ({COVERED:.0%} {significant(law.low, 3)} to {significant(law.high, 3)})"
        if len(points):
            parts.append(
                {
                    "series": "your readings", "core_hours": points["x"].to_numpy(), "held_out_loss": points["y"].to_numpy(),
                    "status": "what_if",
                }
            )  # fmt: skip
            traces.append(marks.points(parts[-1], "core_hours", "held_out_loss", style.BLUE))
        x, y = [low, high, *points["x"]], [bottom, top, *points["y"]]
        layout = style.layout(
            "log_number",
            "log_number",
            x_title="Pretraining (TPU v4 core hours)",
            y_title="Held-out loss on JFT-4B",
            x_range=(min(x) / 1.3, max(x) * 1.3),
            y_range=(min(y) / 1.02, max(y) * 1.02),
            height=420,
        )
        layout["yaxis"] |= ticks.at([2, 2.2, 2.4, 2.6, 2.8, 3.0, 3.2, 3.5, 4, 5])
        layout["xaxis"] |= {"exponentformat": "B"}
        return Panel(
            title=title,
            headline=tuple(headline),
            figure=style.figure(traces, layout),
            parts=parts,
            caption=(
                "The grey line joins the corners of the paper's log-log plot of loss against hours, whose points are not printed. The paper reports a straight line, "
                f"and a power law over the reported budgets within these axes is at most that steep. With your exponent, 10× the hours lower the loss by {1 - 10**exponent:.1%}. Points that you read off Figure 2 are fitted here."
            ),
            alt=f"Held-out loss against TPU hours: the axes of the paper run from {bottom} to {top} nats and from {low:,.0f} to {high:,.0f} hours; with your exponent 10× the hours lower the loss by {1 - 10**exponent:.1%}.",
            sources=(Citation("smith2023", "Figure 2"),),
        )
