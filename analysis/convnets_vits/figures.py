"""Figures on ConvNets and vision transformers: error against compute, what hours buy, loss against compute."""

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd

from analysis.charts import style
from analysis.charts.panel import Citation, Panel, table_of
from analysis.convnets_vits import equal_compute, figures_shapes
from analysis.convnets_vits import shapes as convnets_vits_shapes
from analysis.convnets_vits.data import VERSIONS, core_rates, counted, facts, reached, reported
from analysis.convnets_vits.figures_shapes import LOOKS, SHAPE_SOURCES, family
from analysis.units import format_count, significant

PAPER = Citation("smith2023", "section on fine-tuned NFNets")
LARGEST = ("NFNet-F7+", "ViT-g/14", "ViT-G/14", "SoViT-400m/14")


def accuracy(version: str, level: float, factor: float, settings: Mapping[str, str]) -> Panel:
    """Top-1 error against pretraining hours, with the interval of each and the range of hours that counts as equal to the NFNet's."""
    rows, hours = reported(level), f"hours_{version}"
    pairs = equal_compute.differences(rows, hours, factor, facts()["imagenet_validation_images"], level)
    traces = []
    for name, (color, symbol) in LOOKS.items():
        part = rows[rows["family"] == name]
        trace = style.reported_markers(part[hours], part["error"], name, color, symbol, part["verified"].to_list(), part["model"])
        spread = {
            "type": "data",
            "symmetric": False,
            "array": (part["high"] - part["error"]).to_list(),
            "arrayminus": (part["error"] - part["low"]).to_list(),
            "color": style.translucent(color, 0.6),
            "thickness": 1.5,
            "width": 4,
        }
        traces.append(trace | {"error_y": spread})
    vits = rows[rows["family"] == "ViT"]
    law = equal_compute.fit_power_law(vits[hours], vits["error"], level)
    axis = np.geomspace(8e4, 6e5, 30)
    traces.append(style.computed_line(axis, law(axis), "power law through the three ViTs", style.GREY, width=1.5))
    at = float(rows.loc[rows["family"] == "NFNet", hours].iloc[0])
    shapes = [
        {
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
    ]
    layout = style.layout(
        "log_number",
        "number",
        x_title=f"Pretraining ({VERSIONS[version]} core hours)",
        y_title="ImageNet top-1 error (%)",
        x_range=(8e4, 6e5),
        y_range=(9.0, 10.4),
        height=440,
        shapes=shapes,
        annotations=_labels(rows, hours),
    )
    layout["xaxis"] |= {"tickvals": [1e5, 2e5, 3e5, 5e5], "ticktext": ["100k", "200k", "300k", "500k"]}
    told = int(pairs["tells"].sum())
    largest = float(pairs["difference"].abs().max()) if len(pairs) else 0.0
    if len(pairs):
        title = f"Within a factor of {significant(factor, 3)} in {VERSIONS[version]} hours, NFNets and ViTs differ by at most {significant(largest, 2)} points; {told} of {len(pairs)} pairs can be told apart"
    else:
        title = f"No ViT was pretrained within a factor of {significant(factor, 3)} of the NFNet's {VERSIONS[version]} hours"
    return Panel(
        name="convnets_vits.accuracy",
        title=title,
        figure=style.figure(traces, layout),
        data=lambda: table_of(
            [
                lambda: rows[["model", "family", "hours_v4", "hours_v3", "error", "low", "high", "source", "location"]].assign(
                    status="reported"
                ),
                {"model": "power law through the three ViTs", hours: axis, "error": law(axis), "status": "computed"},
            ]
        ),
        caption=(
            f"Bars are {level:.0%} Wilson intervals from drawing 50,000 test images; the shaded range counts as equal compute. The intervals treat models as if "
            "tested on different images; on the same images smaller gaps could be told apart, but only single errors are printed. Hours on v4 are the paper's estimates; RA is repeated augmentation in fine-tuning. "
            f"The line has exponent {significant(law.exponent, 2)} ({level:.0%} {significant(law.low, 2)} to {significant(law.high, 2)}, from three points)."
        ),
        alt=f"Top-1 error against {VERSIONS[version]} core hours for {len(rows)} models; errors lie between {rows['error'].min():.2f} and {rows['error'].max():.2f} per cent.",
        sources=(PAPER, Citation("russakovsky2014"), Citation("wilson1927")),
        settings=settings,
        explain=(equal_compute.differences, equal_compute.runs, equal_compute.fit_power_law),
    )


def _labels(rows: pd.DataFrame, hours: str) -> list[dict]:
    short = {"NFNet-F7+ (repeated augmentation)": "with RA"}
    notes = []
    for row in rows.to_dict("records"):
        if row["family"] == "NFNet":
            place = {"y": row["error"], "xanchor": "right", "xshift": -9}
        else:
            place = {"y": row["high"], "xanchor": "right" if row["model"] == "ViT-g/14" else "left", "yshift": 8}
        notes.append(style.note(float(np.log10(row[hours])), text=short.get(row["model"], row["model"]), **place))
    return notes


def devices(settings: Mapping[str, str]) -> Panel:
    """The hours of the same pretraining on two devices."""
    rows = equal_compute.device_ratio(reported())
    base = {version: float(rows.loc[rows["family"] == "NFNet", f"hours_{version}"].iloc[0]) for version in VERSIONS}
    traces = []
    for version, color, symbol in (("v4", style.BLUE, "square"), ("v3", style.AMBER, "diamond")):
        trace = style.reported_markers(
            rows[f"hours_{version}"] / 1e3, rows["model"], VERSIONS[version], color, symbol, rows["verified"].to_list()
        )
        traces.append(trace | {"hovertemplate": "%{y}: %{x:,.0f} thousand hours<extra>%{fullData.name}</extra>"})
    layout = style.layout("number", "category", x_title="Core hours of pretraining (thousands)", x_range=(0, 540), height=300)
    layout["yaxis"] |= {"autorange": "reversed"}
    rival = rows.set_index("model").loc["ViT-g/14"]
    v4, v3 = (base[version] / float(rival[f"hours_{version}"]) for version in VERSIONS)
    ratio = rows.set_index("model")["ratio"]
    return Panel(
        name="convnets_vits.devices",
        title=f"Equal compute depends on the device: beside ViT-g/14, NFNet-F7+ takes {v4:.0%} of the hours on TPU v4 and {v3:.0%} on v3",
        figure=style.figure(traces, layout),
        data=lambda: pd.concat(
            [
                rows[["model", "family", "ratio", "source", "location"]].assign(
                    device=VERSIONS[version], hours=rows[f"hours_{version}"], status="reported"
                )
                for version in VERSIONS
            ],
            ignore_index=True,
        ),
        caption=(
            f"A v3 core has about half the rate of a v4 core. Going back to v3 multiplies the hours of the ViTs by {significant(ratio.drop('NFNet-F7+').min(), 3)} to {significant(ratio.drop('NFNet-F7+').max(), 3)} and those of NFNet-F7+ by "
            f"{significant(float(ratio['NFNet-F7+']), 3)}. ViT hours on v4 and NFNet hours on v3 are estimates of the paper, ViT-G/14 took over 500k; the paper prints 250 hours where 250 thousand must be meant."
        ),
        alt=f"Core hours on two devices for four models; NFNet-F7+ needs {v4:.0%} of the hours of ViT-g/14 on TPU v4 and {v3:.0%} on v3.",
        sources=(PAPER,),
        settings=settings,
        explain=(equal_compute.device_ratio,),
    )


def images(version: str, share: float, settings: Mapping[str, str]) -> Panel:
    """Training images that the reported hours of each model pay for at a share of the peak."""
    rows, resolution = reported().set_index("model"), int(facts()["train_resolution"])
    hours = rows.loc[list(LARGEST), f"hours_{version}"]
    per_image = np.array([float(convnets_vits_shapes.training_flops_per_image(counted(model, resolution).flops)) for model in LARGEST])
    paid = equal_compute.images_paid(hours.to_numpy(), core_rates()[version], share, per_image)
    shown = [f"{format_count(value)} images" for value in paid]
    traces = [
        style.bars(
            paid, list(LARGEST), "images that the hours pay for", [LOOKS[family(model)][0] for model in LARGEST], shown, horizontal=True
        )
        | {"insidetextanchor": "start"}
    ]
    seen = facts()["epoch_budget_max"] * facts()["jft4b_images"]
    traces.append(style.reported_markers([seen], ["NFNet-F7+"], "seen, as reported (8 epochs)", style.AMBER, "diamond"))
    layout = style.layout(
        "number",
        "category",
        x_title=f"Training images at {resolution} pixels",
        x_range=(0, max(1.25 * float(paid.max()), 4e10)),
        height=320,
    )
    layout["xaxis"]["exponentformat"] = "B"
    layout["yaxis"] |= {"autorange": "reversed"}
    ratio = paid[0] / seen
    return Panel(
        name="convnets_vits.images",
        title=f"At {share:.0%} of peak, NFNet-F7+'s hours pay for {format_count(float(paid[0]))} images; it saw {format_count(seen)}, which is {ratio**-1:.0%} of that",
        figure=style.figure(traces, layout),
        data=lambda: table_of(
            [
                {
                    "model": list(LARGEST),
                    "hours": hours.to_numpy(),
                    "training_flops_per_image": per_image,
                    "images": paid,
                    "status": "what_if",
                },
                {"model": ["NFNet-F7+"], "images": [seen], "status": "reported", "source": "smith2023"},
            ]
        ),
        caption=(
            f"Hours x peak rate of a core ({core_rates()[version] / 1e12:.1f} TFLOP/s on {VERSIONS[version]}) x utilisation, over three forward passes per image. 8 epochs of about 4 B images in 110k v4 hours mean {reached():.0%} of peak for NFNet-F7+. "
            "F7+ is taken as the wider variant of the code released with NFNets. How many images the ViTs saw is not in this paper, so their bars are what-ifs: they assume the same resolution and utilisation."
        ),
        alt=f"Images that the reported hours pay for at {share:.0%} of peak; NFNet-F7+ {format_count(float(paid[0]))}, ViT-g/14 {format_count(float(paid[1]))}.",
        sources=(PAPER, Citation("google_tpu"), *SHAPE_SOURCES),
        settings=settings,
        explain=(equal_compute.images_paid, equal_compute.utilisation, convnets_vits_shapes.training_flops_per_image),
    )


def loss(points: pd.DataFrame, exponent: float, level: float, settings: Mapping[str, str]) -> Panel:
    """Held-out loss against compute: the ends of the paper's axes, a what-if line, and a fit of the reader's own readings.

    points: of `convnets_vits.read_points`; may be empty.
    """
    known = facts()
    low, high = known["compute_budget_min"], known["compute_budget_max"]
    bottom, top = known["figure2_loss_low"], known["figure2_loss_high"]
    steepest = equal_compute.steepest_exponent(low, high, bottom, top)
    axis = np.geomspace(low, high, 30)
    middle, centre = np.sqrt(low * high), np.sqrt(bottom * top)
    guess = centre * (axis / middle) ** exponent
    traces = [style.computed_line([low, high], [top, bottom], "corner to corner of the paper's axes", style.GREY, width=1.5)]
    traces.append(style.what_if_line(axis, guess, "a law of your exponent", style.AMBER))
    parts = [
        {"series": "corner to corner", "hours": [low, high], "loss": [top, bottom], "status": "computed"},
        {"series": "your exponent", "hours": axis, "loss": guess, "status": "what_if"},
    ]
    if len(points) >= 2:
        law = equal_compute.fit_power_law(points["x"], points["y"], level)
        span = np.geomspace(min(low, points["x"].min()), max(high, points["x"].max()), 30)
        traces.append(style.what_if_line(span, law(span), "fit of your readings", style.BLUE))
        title = f"Your {law.n} readings give an exponent of {significant(law.exponent, 3)}"
        if np.isfinite(law.low):
            title += f" ({level:.0%} {significant(law.low, 3)} to {significant(law.high, 3)})"
        parts.append({"series": "fit of your readings", "hours": span, "loss": law(span), "status": "what_if"})
    else:
        title = f"The paper's loss points are not printed; its axes allow an exponent down to {significant(steepest, 2)}, and 10 times the compute then saves {1 - 10**steepest:.0%}"
    if len(points):
        traces.append(style.what_if_marker(points["x"], points["y"], "your readings", style.BLUE))
        parts.append({"series": "your readings", "hours": points["x"], "loss": points["y"], "status": "what_if"})
    y = [bottom, top, *points["y"]] if len(points) else [bottom, top]
    x = [low, high, *points["x"]] if len(points) else [low, high]
    layout = style.layout(
        "log_number",
        "log_number",
        x_title="Pretraining (TPU v4 core hours)",
        y_title="Held-out loss on JFT-4B",
        x_range=(min(x) / 1.3, max(x) * 1.3),
        y_range=(min(y) / 1.02, max(y) * 1.02),
        height=420,
    )
    layout["yaxis"] |= {
        "tickvals": [2, 2.2, 2.4, 2.6, 2.8, 3.0, 3.2, 3.5, 4, 5],
        "ticktext": ["2.0", "2.2", "2.4", "2.6", "2.8", "3.0", "3.2", "3.5", "4", "5"],
    }
    layout["xaxis"] |= {"exponentformat": "B"}
    saved = 1 - 10**exponent
    return Panel(
        name="convnets_vits.loss",
        title=title,
        figure=style.figure(traces, layout),
        data=lambda: table_of(parts),
        caption=(
            "The paper reports a straight line on logarithmic axes for loss against hours, without numbers. So no law is fitted here from its points: the grey line only joins the corners of its axes, and "
            f"a law that spans the reported budgets inside them is at most that steep. With your exponent, ten times the hours lower the loss by {saved:.1%}. Read points off its Figure 2 and they are fitted here."
        ),
        alt=f"Held-out loss against TPU hours: the axes of the paper run from {bottom} to {top} nats and from {low:,.0f} to {high:,.0f} hours.",
        sources=(Citation("smith2023", "Figure 2"),),
        settings=settings,
        explain=(equal_compute.fit_power_law, equal_compute.steepest_exponent),
    )


def default_panels() -> dict[str, Callable[[], Panel]]:
    """The panels of the page at its default settings."""
    return {
        "convnets_vits.accuracy": lambda: accuracy(
            "v4", 0.95, 1.5, {"hours on": "TPU v4", "interval": "95%", "equal within": "a factor of 1.5"}
        ),
        "convnets_vits.devices": lambda: devices({"hours": "as reported"}),
        **figures_shapes.default_panels(),
        "convnets_vits.images": lambda: images("v4", 0.4, {"hours on": "TPU v4", "utilisation": "40%"}),
        "convnets_vits.loss": lambda: loss(equal_compute.read_points(""), -0.03, 0.95, {"exponent": "-0.03", "readings": "none"}),
    }
