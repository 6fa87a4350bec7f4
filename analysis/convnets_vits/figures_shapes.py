"""Figures of image models counted from their shapes: FLOPs by size and by resolution, and against printed counts."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from analysis.charts import style
from analysis.charts.panel import Citation, Panel, table_of
from analysis.convnets_vits import shapes
from analysis.convnets_vits.data import compared, counted, known_shapes, resolution_curves
from analysis.units import format_count, format_flops

LOOKS = {"NFNet": (style.BLUE, "square"), "ViT": (style.CRIMSON, "circle")}
SHOWN = ("NFNet-F0", "NFNet-F3", "NFNet-F7+", "ViT-B/16", "ViT-L/16", "ViT-g/14", "SoViT-400m/14")


def family(model: str) -> str:
    """Family of a model by its name."""
    return "NFNet" if model.startswith("NFNet") else "ViT"


def by_size(resolution: int, settings: Mapping[str, str]) -> Panel:
    """FLOPs of one forward pass against parameters, for all shapes at one resolution."""
    parts, traces, low, high = [], [], [], []
    for name, (color, symbol) in LOOKS.items():
        models = [model for model in known_shapes() if family(model) == name]
        counts = [counted(model, resolution) for model in models]
        x, y = [c.n_params for c in counts], [c.flops for c in counts]
        order = np.argsort(x)
        low.append(min(y))
        high.append(max(y))
        line = style.computed_line([x[i] for i in order], [y[i] for i in order], name, color, text=[models[i] for i in order], width=1.5)
        traces.append(line | {"mode": "lines+markers", "marker": {"size": 8, "symbol": symbol, "color": color}})
        parts.append({"model": models, "family": name, "n_params": x, "flops": y, "resolution": resolution, "status": "computed"})
    layout = style.layout(
        "params",
        "flops",
        y_title="FLOPs of one forward pass",
        x_range=(5e7, 3e9),
        y_range=(min(low) / 2, max(high) * 2),
        height=440,
        annotations=_size_labels(resolution),
    )
    layout["xaxis"] |= {"tickvals": [1e8, 3e8, 1e9, 2e9], "ticktext": ["100M", "300M", "1B", "2B"]}
    layout["yaxis"] |= {"dtick": 1}
    big, rival = counted("NFNet-F7+", resolution), counted("ViT-g/14", resolution)
    return Panel(
        name="convnets_vits.by_size",
        title=f"At {resolution} pixels NFNet-F7+ takes {big.flops / rival.flops:.0%} of the FLOPs of ViT-g/14, with {big.n_params / rival.n_params:.0%} of its parameters",
        figure=style.figure(traces, layout),
        data=lambda: table_of(parts),
        caption=(
            "Counted from the shapes: matrix products and convolutions, two FLOPs for each multiply-add, without the last layer for classes. Parameters of an NFNet do not "
            "depend on the resolution; a ViT has a few more position embeddings at a higher one. A training step takes three times as many FLOPs."
        ),
        alt=f"FLOPs against parameters of {len(known_shapes())} models at {resolution} pixels; NFNet-F7+ takes {format_flops(big.flops)} and ViT-g/14 {format_flops(rival.flops)}.",
        sources=SHAPE_SOURCES,
        settings=settings,
        explain=(shapes.count_nfnet, shapes.count_vit),
    )


SHAPE_SOURCES = (
    Citation("brock2021", "section 4"),
    Citation("brock2021_code"),
    Citation("dosovitskiy2020", "Table 1"),
    Citation("zhai2021", "Table 2"),
    Citation("alabdulmohsin2023"),
)


def _size_labels(resolution: int) -> list[dict]:
    below, above = ("center", -14), ("center", 14)
    places = {
        "NFNet-F0": below,
        "NFNet-F1": below,
        "NFNet-F3": below,
        "NFNet-F5": below,
        "NFNet-F7": below,
        "NFNet-F7+": below,
    } | dict.fromkeys(("ViT-B/16", "ViT-L/16", "SoViT-400m/14", "ViT-H/14", "ViT-g/14", "ViT-G/14"), above)
    notes = []
    for model, (anchor, shift) in places.items():
        held = counted(model, resolution)
        notes.append(
            style.note(
                float(np.log10(held.n_params)), float(np.log10(held.flops)), model.removeprefix("NFNet-"), xanchor=anchor, yshift=shift
            )
        )
    return notes


def by_resolution(models: Sequence[str], resolution: int, settings: Mapping[str, str]) -> Panel:
    """FLOPs of one forward pass against resolution for some models."""
    if not models:
        raise ValueError("models must name at least one model")
    axis, curves = resolution_curves()
    traces, low, high = [], np.inf, 0.0
    for number, model in enumerate(models):
        values = curves[model]
        low, high = min(low, values.min()), max(high, values.max())
        trace = style.computed_line(axis, values, model, style.series_color(number))
        traces.append(trace | {"line": trace["line"] | {"dash": "dot" if family(model) == "ViT" else "solid"}})
    here = {model: counted(model, resolution).flops for model in models}
    traces.append(style.what_if_marker([resolution] * len(here), list(here.values()), "your resolution", style.AMBER, list(here)))
    layout = style.layout(
        "log_number",
        "flops",
        x_title="Resolution (pixels)",
        y_title="FLOPs of one forward pass",
        x_range=(120, 1100),
        y_range=(low / 1.5, high * 1.5),
        height=440,
        shapes=[style.vertical_line(resolution, style.AMBER)],
    )
    layout["xaxis"] |= {"tickvals": [128, 224, 384, 512, 768, 1024], "ticktext": ["128", "224", "384", "512", "768", "1024"]}
    layout["yaxis"] |= {"dtick": 1}
    growth = {model: counted(model, 2 * resolution).flops / value for model, value in here.items()}
    least, most = min(growth, key=growth.__getitem__), max(growth, key=growth.__getitem__)
    text = (
        f"{growth[least]:.1f} times as many FLOPs in {least} and {growth[most]:.1f} in {most}"
        if least != most
        else f"{growth[most]:.1f} times as many FLOPs in {most}"
    )
    return Panel(
        name="convnets_vits.by_resolution",
        title=f"Doubling {resolution} pixels takes {text}",
        figure=style.figure(traces, layout),
        data=lambda: table_of(
            [
                *({"model": model, "resolution": axis, "flops": curves[model], "status": "computed"} for model in models),
                {"model": list(here), "resolution": resolution, "flops": list(here.values()), "status": "what_if"},
            ]
        ),
        caption=(
            "Solid: NFNets, dotted: ViTs. Convolutions cost in proportion to the pixels, so doubling the resolution takes four times as many FLOPs. Attention compares all "
            "pairs of patches, so ViTs grow faster, the more so the more patches there are. Patches that do not fit are cut off, which makes the dotted lines step."
        ),
        alt=f"FLOPs against resolution for {len(models)} models; at {resolution} pixels they lie between {format_flops(min(here.values()))} and {format_flops(max(here.values()))}.",
        sources=SHAPE_SOURCES,
        settings=settings,
        explain=(shapes.count_nfnet, shapes.count_vit),
    )


def published(settings: Mapping[str, str]) -> Panel:
    """Our counts over the published ones."""
    rows = compared()
    models = list(dict.fromkeys(rows["model"]))
    traces = []
    for quantity, label, color, symbol in (
        ("n_params", "parameters", style.BLUE, "square"),
        ("operations", "operations", style.CRIMSON, "circle"),
    ):
        part = rows[rows["quantity"].eq("n_params") == (quantity == "n_params")]
        text = [
            f"{row['model']}: {format_count(row['counted'])} counted, {format_count(row['value'])} printed"
            for row in part.to_dict("records")
        ]
        trace = style.reported_markers(part["ratio"] - 1, part["model"], label, color, symbol, part["verified"].to_list(), text)
        traces.append(trace | {"hovertemplate": "%{text}<extra>%{fullData.name}</extra>"})
    layout = style.layout(
        "percent",
        "category",
        x_title="Counted less printed (share of printed)",
        x_range=(-0.03, 0.03),
        height=150 + 26 * len(models),
        shapes=[{"type": "line", "x0": 0, "x1": 0, "y0": 0, "y1": 1, "yref": "y domain", "line": {"color": style.GREY, "width": 1}}],
    )
    layout["xaxis"]["tickformat"] = "+.1%"
    layout["yaxis"] |= {"autorange": "reversed", "categoryorder": "array", "categoryarray": models}
    nfnets = rows[rows["model"].str.startswith("NFNet")]
    giant = known_shapes()["ViT-G/14"]
    assert isinstance(giant, shapes.VitShape)
    without = shapes.count(replace(giant, pooling="mean"), 224).n_params
    return Panel(
        name="convnets_vits.published",
        title=f"{len(nfnets)} printed counts of NFNets come out within {nfnets['ratio'].sub(1).abs().max():.2%}, those of ViTs within {rows['ratio'].sub(1).abs().max():.1%}",
        figure=style.figure(traces, layout),
        data=lambda: rows[
            ["model", "quantity", "value", "unit", "counted", "ratio", "resolution", "n_classes", "source", "location", "verified"]
        ].assign(status="reported"),
        caption=(
            "Hollow: the printed value is quoted from memory. NFNets agree to the last printed digit. Of the ViTs, L/16 lies below because one size is printed whatever the patch, and g/14 and "
            f"G/14 lie above because their printed sizes fit without the pooling layer ({format_count(without)} for G/14). The ViT formulas equal transformers' own counts exactly."
        ),
        alt=f"Counted over printed parameters and operations of {len(models)} models; all lie within {rows['ratio'].sub(1).abs().max():.1%}.",
        sources=(Citation("brock2021", "Table 3"), *SHAPE_SOURCES[2:]),
        settings=settings,
        explain=(shapes.count_nfnet, shapes.count_vit),
    )


def default_panels() -> dict[str, Callable[[], Panel]]:
    """The panels on shapes at their default settings."""
    return {
        "convnets_vits.by_size": lambda: by_size(224, {"resolution": "224 pixels"}),
        "convnets_vits.by_resolution": lambda: by_resolution(SHOWN, 224, {"resolution": "224 pixels"}),
        "convnets_vits.published": lambda: published({"resolutions": "as printed"}),
    }
