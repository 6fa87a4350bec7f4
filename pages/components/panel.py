"""The one frame in which every chart stands: title, chart, caption, sources, how it is computed, and the export row."""

from collections.abc import Callable, Mapping
from functools import partial

import streamlit as st

from analysis import tables
from analysis.charts.figure import Figure
from analysis.charts.panel import Panel
from analysis.export import browser, files, slide
from analysis.export.editable import says_the_same
from analysis.export.picture import HEIGHT, WIDTH
from pages.components import chart, controls, decks, explain, footer, places, settings, table
from pages.components.markdown import plain

FORMATS = {
    "csv": ("CSV", "The numbers behind the figure, with sources and settings"),
    "png": ("PNG", f"A picture of {WIDTH} x {HEIGHT} pixels"),
    "svg": ("SVG", "A drawing that scales, for documents"),
    "pdf": ("PDF", "A drawing that scales, for print"),
    "html": ("HTML", "A page with the live chart, to open in any browser"),
    "pptx": ("PPTX", "One 16:9 slide, with the figure as a picture that scales"),
}
EDITABLE = "editable"
"""What a press of the button beside those of FORMATS asks for."""
EDITABLE_BUTTON = {
    "id": EDITABLE,
    "label": "Editable chart",
    "hint": "One 16:9 slide with a chart of PowerPoint, whose numbers can be edited, where that says the same as the figure",
}
SHOWN_SOURCES = 4

WIDE = 760


def draw(slot: str, build: Callable[[], Panel], scroll: bool = False, query: Mapping | None = None, figure: Figure | None = None) -> None:
    """Show the chart that build() makes, with its words; where tables or settings do not allow it, say why in its place.

    Called inside the fragment of the chart's sliders, which does not hold the export row (`export_row`): that picks up the panel when one of
    its buttons is pressed. scroll: on a narrow screen the chart keeps WIDE pixels and
    scrolls sideways, for charts with many columns. query: what the address of the page holds from now on (`chart.chart`). figure: whose settings can
    be pinned and taken back; None where that is not offered.
    """
    try:
        panel = build()
    except (ValueError, ArithmeticError) as problem:
        current().pop(slot, None)
        st.error(plain(str(problem) if isinstance(problem, ValueError) else OUT_OF_RANGE), icon=":material/error:")
        chart.address(slot, query)
        return
    current()[slot] = panel
    above = () if figure is None else (settings.bar(figure), partial(settings.act, slot, figure))
    chart.chart(slot, panel, WIDE if scroll else 0, query, *above)
    if panel.beside is not None:
        table.texts(panel.beside)
    if slot in with_open("table"):
        table.rows(slot, panel)
    if slot in with_open("explain"):
        explain.show(slot, panel)


OUT_OF_RANGE = "This chart cannot be drawn: a number behind it is too large or too small to be computed with."


OPENED = ("table", "explain")
"""What a press shows below a chart, in the fragment of its sliders, so that it follows them; nothing is made of it while it is closed."""


def with_open(what: str) -> set[str]:
    """The charts of this session below which one of OPENED is shown, by slot."""
    return st.session_state.setdefault(f"open_{what}", set())


def current() -> dict[str, Panel]:
    """The panels of this session as they stand, by slot."""
    return st.session_state.setdefault("panels", {})


@st.fragment
def export_row(slot: str) -> None:
    """What stands under a chart: its sources and its buttons.

    A file is made only when its button is pressed, from the chart as it then is.
    """
    if slot not in current():
        return
    if st.session_state.pop("page_changed", False):
        st.rerun()  # the whole page: its menu counts the slides, and what is opened stands with its chart
    panel, key = current()[slot], f"row-{slot}"
    no_browser = browser.browser_path() is None
    formats = [
        {"id": format, "label": label, "hint": hint, "disabled": False}
        if not (no_browser and format in files.NEEDS_BROWSER)
        else {"id": format, "label": label, "hint": NO_BROWSER, "disabled": True}
        for format, (label, hint) in FORMATS.items()
    ]
    works = [(citation.location, tables.source(citation.source_id)) for citation in panel.sources]
    sources = [
        {"name": f"{work['authors']} {int(work['year'])}", "url": work["url"], "place": place, "title": work["title"]}
        for place, work in works
    ]
    answer = st.session_state.setdefault("answers", {}).pop(slot, None)
    on_press = partial(press, slot, controls.server_origin())
    opened = [what for what in OPENED if slot in with_open(what)]
    footer.footer(
        key,
        panel.name,
        sources,
        SHOWN_SOURCES,
        formats,
        EDITABLE_BUTTON,
        opened,
        answer,
        on_press,
        figure_parameters(panel),
        elsewhere(panel),
    )
    if no_browser:
        st.info(NO_BROWSER, icon=":material/image_not_supported:")


def figure_parameters(panel: Panel) -> list[str]:
    """The names of the parameters of a panel's figure; none for a panel from a file."""
    return [] if panel.drawn_by is None else list(panel.drawn_by.kinds())


def elsewhere(panel: Panel) -> str:
    """Page and query that show a panel which stands on a page of another topic, such as beside a statement; "" on its own page."""
    own = panel.name.partition(".")[0] == st.session_state["page"]
    return "" if own or panel.drawn_by is None or places.of_figure(panel.name) is None else places.of_address(panel.address)


NO_BROWSER = (
    "PNG, SVG, PDF and PPTX need Chrome or Chromium on this machine, and none was found: install one, or set BROWSER_PATH to it. "
    "Without it, the camera icon of the chart saves a PNG, and CSV, HTML (with its own PNG and SVG buttons) and editable charts work as they are."
)


def press(slot: str, origin: str) -> None:
    """Do what the pressed button of a chart's row asks for: make a file, or put the chart on the deck."""
    what, panel = footer.pressed(f"row-{slot}"), current().get(slot)
    if panel is None:
        return
    there = elsewhere(panel)
    here = controls.address(st.session_state["page"], st.session_state["links"], origin)
    link = f"{f'{origin}/{there}' if there else here}#{panel.name}"
    if what == "deck":
        problem = decks.add([slide.of(panel, link)])
        done = footer.said_answer(f"Added to your deck: {panel.title}") if not problem else footer.problem_answer(problem)
        st.session_state.setdefault("answers", {})[slot] = done
        st.session_state["page_changed"] = not problem
    elif what in OPENED:
        with_open(what).symmetric_difference_update({slot})
        st.session_state["page_changed"] = True
    elif what in (*FORMATS, EDITABLE, "copy"):
        st.session_state.setdefault("answers", {})[slot] = made(panel, what, link, slot)


def made(panel: Panel, what: str, link: str, slot: str = "") -> dict:
    """The file of a chart, or the sentence that says why there is none, as the footer hands it to the browser.

    what: a format; EDITABLE, for a slide whose chart can be edited where PowerPoint has such a chart; or "copy", for a PNG on the clipboard.
    """
    editable, format = what == EDITABLE, {EDITABLE: "pptx", "copy": "png"}.get(what, what)
    if editable and (reason := says_the_same(panel.figure)):
        return footer.problem_answer(f"This figure has no editable chart. {reason} PPTX holds it as a picture.")
    try:
        content = files.export(panel, format, permalink=link, editable=editable)
    except (ValueError, RuntimeError, OSError) as problem:
        return footer.problem_answer(f"{format.upper()} could not be made: {problem}")
    if what == "copy":
        return footer.image_answer(content)
    return footer.file_answer(f"{(slot or panel.name).replace('.', '-')}.{format}", files.mime(format), content)
