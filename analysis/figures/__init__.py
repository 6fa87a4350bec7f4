"""Figures: each module draws what its topic computed and returns panels."""

from collections.abc import Callable
from importlib import import_module

from analysis.figures.panel import Panel

TOPICS = (
    "overview",
    "claims",
    "scaling",
    "compute",
    "domain",
    "moe",
    "attention",
    "memory",
    "preference",
    "small_models",
    "pythia",
    "term_frequency",
    "benchmarks",
    "judges",
    "convnets_vits",
    "segment_anything",
    "video",
    "probe",
    "probe_bundled",
    "probe_system",
)


def catalog() -> dict[str, Callable[[], Panel]]:
    """Every panel at its default settings, by name, as a function that builds it; topics are imported on the way.

    Raises ValueError where a topic offers a panel under the name of another topic.
    """
    panels: dict[str, Callable[[], Panel]] = {}
    for topic in TOPICS:
        offered = import_module(f"analysis.figures.{topic}").default_panels()
        if astray := [name for name in offered if not name.startswith(f"{topic}.")]:
            raise ValueError(f"panels of analysis.figures.{topic} must be named {topic}.something, got {', '.join(astray)}")
        panels |= offered
    return panels


def panel(name: str) -> Panel:
    """One panel at its default settings; only its own topic is imported, so a table that another topic needs may be missing.

    Raises ValueError for a name that its topic does not offer.
    """
    topic = name.split(".")[0]
    offered = import_module(f"analysis.figures.{topic}").default_panels() if topic in TOPICS else {}
    if name not in offered:
        raise ValueError(f"there is no panel {name!r}; {topic} offers {', '.join(offered) or 'none'}")
    return offered[name]()
