"""What code outside of pages needs of what pages declare: the link to a figure, and two sentences.

Streamlit serves the files of a component only if it is declared while a page runs. Were the one that holds Plotly's script declared here
first, it would be missing for all pages from then on, so it is declared to the server by hand.
"""

from importlib import import_module

from streamlit import runtime
from streamlit.logger import get_logger

from analysis.charts.figure import Figure

_said = get_logger("streamlit.runtime.scriptrunner_utils.script_run_context")
_said.disabled = True  # it would say that no page runs
try:
    from pages.components import plotly_script
finally:
    _said.disabled = False
if runtime.exists():
    runtime.get_instance().component_registry.register_component(plotly_script.SERVED)

from pages.components import controls, scenario  # noqa: E402 - only now
from pages.components.panel import NO_BROWSER, OUT_OF_RANGE  # noqa: E402

__all__ = ["NO_BROWSER", "OUT_OF_RANGE", "page_link"]

WITHOUT_SECTIONS = ("overview",)
"""Pages of figures that declare no sections."""


def page_link(figure: Figure, origin: str) -> str:
    """The link to a figure that its page offers: "http://localhost:8501/attention?section=mask&window=8192#attention.mask"."""
    stem = figure.name.partition(".")[0]
    sections = [] if stem in WITHOUT_SECTIONS else import_module(f"pages.{stem}").SECTIONS
    held = [section for section in sections if type(figure) in section.figures]
    query = {scenario.SECTION: held[0].key} if held and held[0] is not sections[0] else {}
    names = dict.fromkeys(name for section in sections for other in section.figures for name in other.kinds())
    changed = figure.changed()
    query |= {name: changed[name] for name in (*names, *changed) if name in changed}
    return f"{controls.address(stem, {stem: {name: [text] for name, text in query.items()}}, origin)}#{figure.name}"
