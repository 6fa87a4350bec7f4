"""Figures of image models counted from their shapes: FLOPs by size and by resolution, and against printed counts."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from analysis import units
from analysis.charts import marks, style, ticks
from analysis.charts.figure import Figure
from analysis.charts.names import at_end
from analysis.charts.panel import Citation, Headline, Panel
from analysis.charts.parameters import Choices, Earlier, Quantity
from analysis.convnets_vits import shapes
from analysis.convnets_vits.data import compared, counted, known_shapes, resolution_curves
from analysis.units import format_count, format_flops

LOOKS = {"NFNet": (style.BLUE, "square"), "ViT": (style.CRIMSON, "circle")}
SHOWN = ("NFNet-F0", "NFNet-F3", "NFNet-F7+", "ViT-B/16", "ViT-L/16", "ViT-g/14", "SoViT-400m/14")
RESOLUTION = Quantity("Resolution", unit="pixels", low=128, high=512, step=32, whole=True)
SHAPE_SOURCES = (
    Citation("brock2021", "section 4"),
    Citation("brock2021_code"),
    Citation("dosovitskiy2020", "Table 1"),
    Citation("zhai2021", "Table 2"),
    Citation("alabdulmohsin2023"),
)


def family(model: str) -> str:
    """Family of a model by its name."""
    return "NFNet" if model.startswith("NFNet") else "ViT"


def key_of(model: str) -> str:
    """A model's name as a key; capitals count, since ViT-g/14 and ViT-G/14 are two models.

    >>> key_of("NFNet-F7+"), key_of("ViT-G/14")
    ('NFNet-F7-plus', 'ViT-G-14')
    """
    return model.replace("+", "-plus").replace("/", "-")


def _models(_earlier: Earlier) -> Mapping[str, str]:
    return {key_of(model): model for model in known_shapes()}


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


class BySize(Figure):
    """FLOPs of one forward pass against parameters, for all shapes at one resolution."""

    name = "convnets_vits.by_size"
    resolution: int = RESOLUTION(224)

    def draw(self) -> Panel:
        """The panel at these parameters."""
        resolution = self.resolution
        parts: list[dict[str, Any]] = []
        traces = []
        for name, (color, symbol) in LOOKS.items():
            found = {model: counted(model, resolution) for model in known_shapes() if family(model) == name}
            models = [model for _, model in sorted((count.n_params, model) for model, count in found.items())]
            part = {
                "series": name, "family": name, "model": models, "n_params": [found[model].n_params for model in models],
                "flops": [found[model].flops for model in models], "resolution": resolution, "status": "computed",
            }  # fmt: skip
            line = marks.line(part, "n_params", "flops", color, text=models, width=1.5)
            traces.append(line | {"mode": "lines+markers", "marker": {"size": 8, "symbol": symbol, "color": color}})
            parts.append(part)
        flops = [value for part in parts for value in part["flops"]]
        layout = style.layout(
            "params",
            "flops",
            y_title="FLOPs (forward pass)",
            x_range=(5e7, 3e9),
            y_range=(min(flops) / 2, max(flops) * 2),
            height=440,
            annotations=_size_labels(resolution),
        )
        layout["xaxis"] |= ticks.at([1e8, 3e8, 1e9, 2e9], "count")
        layout["yaxis"] |= {"dtick": 1}
        big, rival = counted("NFNet-F7+", resolution), counted("ViT-g/14", resolution)
        work, size = (
            Headline(f"{what} of NFNet-F7+ over ViT-g/14", ratio, "share", f"{ratio:.0%}")
            for what, ratio in (("FLOPs", big.flops / rival.flops), ("parameters", big.n_params / rival.n_params))
        )
        return Panel(
            title=f"At {resolution} pixels, NFNet-F7+ takes {work} of ViT-g/14's FLOPs with {size} of its parameters",
            headline=(work, size),
            figure=style.figure(traces, layout),
            parts=parts,
            caption=(
                "Each marker is one model; FLOPs and parameters are counted from its shape. FLOPs are matrix products and convolutions, two per multiply-add, without the classification layer. Parameters of an NFNet do not "
                "depend on the resolution; a ViT has a few more position embeddings at a higher one. A training step takes three times as many FLOPs."
            ),
            alt=f"FLOPs against parameters of {len(known_shapes())} models at {resolution} pixels; NFNet-F7+ takes {format_flops(big.flops)} and ViT-g/14 {format_flops(rival.flops)}.",
            sources=SHAPE_SOURCES,
        )


class ByResolution(Figure):
    """FLOPs of one forward pass against resolution for some models."""

    name = "convnets_vits.by_resolution"
    image_models: tuple = Choices("Models", options=_models, least=1)(tuple(key_of(model) for model in SHOWN))
    resolution: int = RESOLUTION(224)

    def draw(self) -> Panel:
        """The panel at these parameters."""
        resolution, names = self.resolution, _models({})
        models = [names[key] for key in self.image_models]
        axis, curves = resolution_curves()
        parts: list[dict[str, Any]] = [
            {"series": model, "model": model, "resolution": axis, "flops": curves[model], "status": "computed"} for model in models
        ]
        here = {model: float(counted(model, resolution).flops) for model in models}
        yours = {
            "series": "your resolution", "model": models, "resolution": [resolution] * len(models), "flops": list(here.values()),
            "status": "what_if",
        }  # fmt: skip
        traces = [
            at_end(
                marks.line(
                    part, "resolution", "flops", style.series_color(number), dash="dot" if family(part["model"]) == "ViT" else "solid"
                )
            )
            for number, part in enumerate(parts)
        ]
        traces.append(marks.points(yours, "resolution", "flops", style.AMBER, text=models))
        low, high = min(curves[model].min() for model in models), max(curves[model].max() for model in models)
        layout = style.layout(
            "log_number",
            "flops",
            x_title="Resolution (pixels)",
            y_title="FLOPs (forward pass)",
            x_range=(120, 1024),
            y_range=(low / 1.5, high * 1.5),
            height=440,
            shapes=[style.vertical_line(resolution, style.AMBER)],
        )
        layout["xaxis"] |= ticks.at([128, 224, 384, 512, 768, 1024])
        layout["yaxis"] |= {"dtick": 1}
        growth = {model: counted(model, 2 * resolution).flops / value for model, value in here.items()}
        least, most = min(growth, key=growth.__getitem__), max(growth, key=growth.__getitem__)
        grows = {model: Headline(f"growth of {model}", growth[model], "", f"{growth[model]:.1f}") for model in dict.fromkeys((least, most))}
        text = f"{grows[least]}× the FLOPs in {least}" + (f", {grows[most]}× in {most}" if least != most else "")
        return Panel(
            title=f"Doubling {resolution} pixels takes {text}",
            headline=tuple(grows.values()),
            figure=style.figure(traces, layout),
            parts=[*parts, yours],
            caption=(
                "Lines are the FLOPs of a forward pass against resolution, solid for NFNets and dotted for ViTs. Convolutions cost in proportion to the pixels, so doubling the resolution takes four times as many FLOPs. Attention compares all "
                "pairs of patches, so ViTs grow faster, and more so with more patches. Patches that do not fit are cut off, which makes the steps in the dotted lines."
            ),
            alt=f"FLOPs against resolution for {units.counted(len(models), 'model')}; at {resolution} pixels they lie between {format_flops(min(here.values()))} and {format_flops(max(here.values()))}.",
            sources=SHAPE_SOURCES,
        )


class Published(Figure):
    """Our counts over the published ones."""

    name = "convnets_vits.published"

    def draw(self) -> Panel:
        """The panel."""
        rows = compared()
        rows = rows.assign(
            series=np.where(rows["quantity"] == "n_params", "parameters", "operations"),
            relative_difference=rows["ratio"] - 1,
            status="reported",
        )
        models = list(dict.fromkeys(rows["model"]))
        traces = []
        for label, color, symbol in (("parameters", style.BLUE, "square"), ("operations", style.CRIMSON, "circle")):
            part = rows[rows["series"] == label]
            text = [
                f"{row['model']}: {format_count(row['counted'])} counted, {format_count(row['value'])} printed"
                for row in part.to_dict("records")
            ]
            trace = marks.points(part, "relative_difference", "model", color, symbol=symbol, text=text)
            traces.append(trace | {"hovertemplate": "%{text}<extra>%{fullData.name}</extra>"})
        layout = style.layout(
            "percent",
            "category",
            x_title="Counted minus printed (share of printed)",
            x_range=(-0.03, 0.03),
            height=150 + 26 * len(models),
            shapes=[{"type": "line", "x0": 0, "x1": 0, "y0": 0, "y1": 1, "yref": "y domain", "line": {"color": style.GREY, "width": 1}}],
        )
        layout["xaxis"]["tickformat"] = "+~%"
        layout["yaxis"] |= {"autorange": "reversed", "categoryorder": "array", "categoryarray": models}
        off, nfnets = rows["relative_difference"].abs(), rows["model"].str.startswith("NFNet")
        ours = Headline("largest difference of an NFNet", float(off[nfnets].max()), "share", f"{off[nfnets].max():.2%}")
        theirs = Headline("largest difference of a ViT", float(off.max()), "share", f"{off.max():.1%}")
        giant = known_shapes()["ViT-G/14"]
        assert isinstance(giant, shapes.VitShape)
        without = shapes.count(replace(giant, pooling="mean"), 224).n_params
        kept = ["series", "model", "quantity", "value", "unit", "counted", "ratio", "relative_difference", "resolution", "n_classes",
                "source", "location", "verified", "status"]  # fmt: skip
        return Panel(
            title=f"Our counts match the {nfnets.sum()} printed ones of NFNets within {ours}, those of ViTs within {theirs}",
            headline=(ours, theirs),
            figure=style.figure(traces, layout),
            parts=[rows[kept]],
            caption=(
                f"Markers are the parameters and operations that we count from the shapes, relative to the printed ones. {marks.hollow('Hollow: the printed value is quoted from memory. ', rows)}NFNets agree to the last printed digit. Of the ViTs, L/16 is below because one size is printed for all patch sizes, and g/14 and "
                f"G/14 are above because their printed sizes fit without the pooling layer ({format_count(without)} for G/14). The ViT formulas equal transformers' own counts exactly."
            ),
            alt=f"Counted over printed parameters and operations of {len(models)} models; all lie within {theirs}.",
            sources=(Citation("brock2021", "Table 3"), Citation("brock2021_code", "README"), *SHAPE_SOURCES[2:]),
        )
