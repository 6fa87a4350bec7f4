"""What the figures on benchmarks share: the filters of reported scores, and the panel where nothing passes them."""

from typing import Any

import pandas as pd

from analysis.benchmarks import data
from analysis.benchmarks.data import SIZES
from analysis.charts import style
from analysis.charts.figure import Figure
from analysis.charts.panel import Citation, Headline, Panel
from analysis.charts.parameters import Choices

REPORTED_IN = Choices("Papers", options=lambda _: data.report_labels(), rare=True, empty="all")
GROUPS = Choices("Benchmark categories", options=lambda _: data.group_names(), rare=True, empty="all")
FAMILIES = Choices("Model families", options=lambda _: data.family_names(), rare=True, empty="all")
MODEL_SIZES = Choices(
    "Model sizes",
    options=dict(zip(("to-3b", "3b-to-10b", "10b-to-40b", "over-40b"), SIZES, strict=True)),
    rare=True,
    empty="all",
)
VARIANTS = Choices("Variants", options={name: name for name in ("base", "chat", "fine-tuned", "other")}, rare=True, empty="all")


def picked(figure: Any) -> tuple[tuple[str, ...], ...]:
    """What a figure's filters let pass, as `data.filtered` takes it: groups, works, families, variants and sizes."""
    groups, families = data.group_names(), data.family_names()
    return (
        tuple(groups[key] for key in figure.benchmark_groups),
        figure.reported_in,
        tuple(families[key] for key in figure.model_families),
        figure.model_variants,
        tuple(MODEL_SIZES.labels({})[key] for key in figure.model_sizes),
    )


def nothing(figure: Figure, count: str, title: str, sources: tuple[Citation, ...] = (), explain: tuple[str, ...] = ()) -> Panel:
    """The panel of a figure that has nothing to draw. count: what there is none of; title: a sentence that holds its 0."""
    layout = style.layout("number", "category", x_title="Score (%)", height=200)
    return Panel(
        title=title,
        headline=(Headline(count, 0, "", "0"),),
        figure=style.figure([], layout),
        parts=[pd.DataFrame([{"series": count, "n": 0, **figure.settings(), "status": "computed"}])],
        caption="There is nothing to draw; choose fewer filters or other names.",
        alt=f"{title}.",
        sources=sources or (Citation("touvron2023llama2"),),
        explain=explain,
    )
