"""Figures: each module draws what its topic computed and returns panels."""

from collections.abc import Callable
from importlib import import_module

from analysis.charts.panel import Panel

TOPICS = {
    "overview": "analysis.overview.figures",
    "claims": "analysis.claims.figures",
    "scaling": "analysis.scaling.figures",
    "compute": "analysis.compute.figures",
    "domain": "analysis.domain.figures",
    "moe": "analysis.moe.figures",
    "attention": "analysis.attention.figures",
    "memory": "analysis.memory.figures",
    "preference": "analysis.preference.figures",
    "small_models": "analysis.small_models.figures",
    "pythia": "analysis.pythia.figures",
    "term_frequency": "analysis.term_frequency.figures",
    "benchmarks": "analysis.benchmarks.figures",
    "judges": "analysis.judges.figures",
    "convnets_vits": "analysis.convnets_vits.figures",
    "segment_anything": "analysis.segment_anything.figures",
    "video": "analysis.video.figures",
    "probe": "analysis.probe.figures",
    "probe_bundled": "analysis.probe.figures_bundled",
    "probe_system": "analysis.probe.figures_system",
}
"""The modules of figures by topic, in the order of the pages; each has a function default_panels()."""


def catalogue() -> dict[str, Callable[[], Panel]]:
    """Every panel at its default settings, by name, as a function that builds it; topics are imported on the way.

    Raises ValueError where a topic offers a panel under the name of another topic.
    """
    panels: dict[str, Callable[[], Panel]] = {}
    for topic, module in TOPICS.items():
        offered = import_module(module).default_panels()
        if astray := [name for name in offered if not name.startswith(f"{topic}.")]:
            raise ValueError(f"panels of {module} must be named {topic}.something, got {', '.join(astray)}")
        panels |= offered
    return panels


def panel(name: str) -> Panel:
    """One panel at its default settings; only its own topic is imported, so a table that another topic needs may be missing.

    Raises ValueError for a name that its topic does not offer.
    """
    topic = name.split(".")[0]
    offered = import_module(TOPICS[topic]).default_panels() if topic in TOPICS else {}
    if name not in offered:
        raise ValueError(f"there is no panel {name!r}; {topic} offers {', '.join(offered) or 'none'}")
    return offered[name]()
