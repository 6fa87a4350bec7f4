"""Figures: each module draws what its topic computed and returns panels."""

from collections.abc import Callable
from importlib import import_module

from analysis.figures.panel import Panel

TOPICS = ("scaling", "compute")


def catalog() -> dict[str, Callable[[], Panel]]:
    """Every panel at its default settings, by name, as a function that builds it; topics are imported on the way."""
    panels: dict[str, Callable[[], Panel]] = {}
    for topic in TOPICS:
        panels |= import_module(f"analysis.figures.{topic}").default_panels()
    return panels
