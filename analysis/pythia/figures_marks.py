"""Colours, works and remarks that Pythia's figures share."""

from collections.abc import Sequence

from analysis import tables
from analysis.charts import style
from analysis.charts.panel import Citation
from analysis.pythia.data import MEAN, SIZES

COLORS = dict(
    zip(SIZES, (style.GREY, style.GREY, style.SLATE, style.AMBER, style.CRIMSON, style.RED, style.VIOLET, style.BLUE), strict=True)
)
RELEASED = Citation("eleutherai2023", "evals/")
V0 = "These are the first (v0) deduplicated models, which were later retrained."


def task_sources(names: Sequence[str]) -> tuple[Citation, ...]:
    """The works that publish the tasks."""
    return _task_sources(tuple(names))


@tables.kept(most=256)
def _task_sources(names: tuple[str, ...]) -> tuple[Citation, ...]:
    rows = tables.load("eval_tasks")
    chosen = rows if MEAN in names else rows[rows["task"].isin(list(names))]
    return tuple(Citation(source) for source in dict.fromkeys(chosen["source"]))
