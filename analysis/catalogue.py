"""All figures, by name."""

import pkgutil
from collections.abc import Callable
from functools import cache
from importlib import import_module
from urllib.parse import parse_qsl, urlsplit

from analysis.charts.figure import PIN, Figure
from analysis.charts.panel import Panel
from analysis.uploads import clip

TOPICS = (
    "overview", "claims", "scaling", "compute", "domain", "moe", "attention", "memory", "preference", "small_models", "pythia",
    "term_frequency", "benchmarks", "judges", "convnets_vits", "segment_anything", "video", "probe",
)  # fmt: skip
"""The folders below analysis/ that have figures, in the order of the pages."""
RENAMED = {
    **{f"probe_bundled.{name}": f"probe.bundled_{name}" for name in ("scatter", "course")},
    "probe_bundled.pythia": "probe.bundled_beside_pythia",
    **{f"probe_system.{name}": f"probe.measured_{name}" for name in ("cache", "rate", "decode", "window", "experts", "training")},
}
"""Today's name of a figure by the name that it had: links and scripts of readers go on to work."""


@cache
def figures_of(topic: str) -> dict[str, type[Figure]]:
    """The figures of one topic by name: every Figure that a module analysis.<topic>.figures* declares. ValueError for an unknown topic."""
    if topic not in TOPICS:
        raise ValueError(f"there is no topic {clip(topic)}; there are {', '.join(TOPICS)}")
    package = import_module(f"analysis.{topic}")
    found: dict[str, type[Figure]] = {}
    for module in sorted(name for _, name, _ in pkgutil.iter_modules(package.__path__) if name.startswith("figures")):
        for value in vars(import_module(f"analysis.{topic}.{module}")).values():
            ours = isinstance(value, type) and issubclass(value, Figure) and value.__module__ == f"analysis.{topic}.{module}"
            if ours and hasattr(value, "name"):
                if value.name in found:
                    raise ValueError(f"two figures have the name {value.name}")
                if not value.name.startswith(f"{topic}."):
                    raise ValueError(f"figures of {topic} must be named {topic}.something, got {value.name}")
                found[value.name] = value
    return found


def figures() -> dict[str, type[Figure]]:
    """Every figure by name."""
    return {name: figure for topic in TOPICS for name, figure in figures_of(topic).items()}


def figure(name: str) -> type[Figure]:
    """One figure, also by a name that it had; only its own topic is imported. ValueError for a name that there is not."""
    name = RENAMED.get(name, name)
    topic = name.split(".")[0]
    known = figures_of(topic) if topic in TOPICS else {}
    if name not in known:
        raise ValueError(f"there is no figure {clip(name)}; {topic if known else 'analysis'} offers {', '.join(known or TOPICS)}")
    return known[name]


def asked_for(address: str) -> Figure:
    """The figure of "attention.cache?context_len=8192", or of a link that ends in "#attention.cache".

    Of a link only the parameters of the figure are taken, since a page has others as well. Raises ValueError with one sentence.

    >>> asked_for("attention.cache?context_len=8192").context_len
    8192
    >>> asked_for("http://localhost:8501/attention?section=cache&context_len=8192#attention.cache").context_len
    8192
    """
    parts = urlsplit(address)
    if not parts.scheme:
        return figure(parts.path).of_query(parts.query)
    if not parts.fragment:
        raise ValueError(f"the link names no figure: {clip(address, 80)}; end it with # and the name of one, such as #attention.cache")
    chosen = figure(parts.fragment)
    own = {name: text for name, text in parse_qsl(parts.query, keep_blank_values=True) if name in chosen.kinds()}
    made, problems = chosen.of(own)
    for problem in problems.values():
        raise ValueError(problem)
    pins = [text for name, text in parse_qsl(parts.query) if name == PIN and text.partition("?")[0] == chosen.name]
    return made.pinning([chosen.pinned_at(pin) for pin in pins])


def catalogue() -> dict[str, Callable[[], Panel]]:
    """Every panel at its default settings, by name, as a function that builds it."""
    return {name: default(kind) for name, kind in figures().items()}


def default(kind: type[Figure]) -> Callable[[], Panel]:
    """The function that builds the panel of a figure at its defaults; a table that a default needs is read only then."""
    return lambda: kind.of({})[0].panel()  # noqa: PLW0108 - not before it is called


def panel(name: str) -> Panel:
    """One panel at its default settings; only its own topic is imported, so a table that another topic needs may be missing.

    Raises ValueError for a name that its topic does not offer.
    """
    return default(figure(name))()
