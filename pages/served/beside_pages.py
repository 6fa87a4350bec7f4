"""What code outside of pages needs of what pages declare: the link to a figure, and two sentences.

Streamlit serves the files of a component only if it is declared while a page runs. Were the one that holds Plotly's script declared here
first, it would be missing for all pages from then on, so it is declared to the server by hand.
"""

from streamlit import runtime
from streamlit.logger import get_logger

from analysis.charts.figure import PIN, Figure

_said = get_logger("streamlit.runtime.scriptrunner_utils.script_run_context")
_said.disabled = True  # it would say that no page runs
try:
    from pages.components import plotly_script
finally:
    _said.disabled = False
if runtime.exists():
    runtime.get_instance().component_registry.register_component(plotly_script.SERVED)

from pages.components import controls, places, scenario  # noqa: E402 - only now
from pages.components.panel import NO_BROWSER, OUT_OF_RANGE  # noqa: E402

__all__ = ["NO_BROWSER", "OUT_OF_RANGE", "page_link"]


def page_link(figure: Figure, origin: str) -> str:
    """The link to a figure that its page offers: "http://localhost:8501/attention?section=mask&window=8192#attention.mask"."""
    place, stem = places.of_figure(figure.name), figure.name.partition(".")[0]
    query = {} if place is None or place.first else {scenario.SECTION: place.section.key}
    names = dict.fromkeys(name for each in places.of_page(stem) for other in each.section.figures for name in other.kinds())
    changed = figure.changed()
    query |= {name: changed[name] for name in (*names, *changed) if name in changed}
    links = {name: [text] for name, text in query.items()} | ({PIN: [pin.address() for pin in figure.pins]} if figure.pins else {})
    return f"{controls.address(stem, {stem: links}, origin)}#{figure.name}"
