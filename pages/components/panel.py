"""The one frame in which every chart stands: title, chart, caption, sources, how it is computed, and the export row."""

from collections.abc import Callable
from functools import partial

import streamlit as st

from analysis import export, export_image, tables
from analysis.figures import style
from analysis.figures.panel import Citation, Panel, explanation
from pages.components import controls

FORMATS = {"csv": "CSV", "png": "PNG", "svg": "SVG", "pdf": "PDF", "html": "HTML", "pptx": "PPTX"}
NEEDS_BROWSER = ("png", "svg", "pdf")
SHOWN_SOURCES = 4

WIDE = 760
SCROLL = f"<style>[class*='st-key-scroll-'] {{ overflow-x: auto; }} [class*='st-key-scroll-'] > * {{ min-width: {WIDE}px; }}</style>"

COPY_LINK = st.components.v2.component(
    "copy_link",
    html='<button type="button" part="button">Copy link</button>',
    css="""
    button { font: inherit; font-size: 0.875rem; color: inherit; background: transparent; cursor: pointer; white-space: nowrap;
             border: 1px solid color-mix(in srgb, currentColor 25%, transparent); border-radius: 0.5rem; padding: 0.25rem 0.75rem; min-height: 2.5rem; }
    button:hover, button:focus-visible { border-color: var(--st-primary-color); color: var(--st-primary-color); }
    """,
    js="""
    export default function({ parentElement }) {
      const button = parentElement.querySelector('button');
      button.onclick = async () => {
        const link = window.location.href;
        try { await navigator.clipboard.writeText(link); button.textContent = 'Link copied'; }
        catch { window.prompt('Copy this link', link); }
        setTimeout(() => { button.textContent = 'Copy link'; }, 2000);
      };
    }
    """,
)


def show_panel(panel: Panel) -> None:
    """A panel whose settings do not change on this page: chart and export row together."""
    draw(panel.name, lambda: panel)
    export_row(panel.name)


def draw(slot: str, build: Callable[[], Panel], scroll: bool = False) -> None:
    """Show the chart that build() makes, with its words; where tables or settings do not allow it, say why in its place.

    Called inside the fragment of the chart's sliders. Only what a slider changes is here, because the browser renders
    everything in a fragment anew: controls that change which works are cited stand outside the fragment, and so does the
    export row (`export_row`), which picks up the panel when one of its buttons is pressed. scroll: on a narrow screen the chart keeps WIDE pixels and
    scrolls sideways, for charts with many columns.
    """
    try:
        panel = build()
    except ValueError as problem:
        current().pop(slot, None)
        st.error(plain(str(problem)), icon=":material/error:")
        return
    current()[slot] = panel
    st.subheader(plain(panel.title), anchor=False)
    # Streamlit's own chart theme restyles every figure in the browser, which takes as long as drawing it.
    panel.figure.layout.template = style.page_template(page_theme())
    place = st
    if scroll:
        st.html(SCROLL)
        place = st.container(key=f"scroll-{slot.replace('.', '-')}")
    place.plotly_chart(
        panel.figure, theme=None, key=f"chart-{slot}", alt=panel.alt, width="stretch",
        config={"displaylogo": False, "toImageButtonOptions": camera(panel), "modeBarButtonsToRemove": ["select2d", "lasso2d", "autoScale2d"]},
    )  # fmt: skip
    st.caption(plain(panel.caption))


def page_theme() -> str:
    """The look that the reader's browser shows: "light" or "dark"."""
    return "dark" if st.context.theme.type == "dark" else "light"


def current() -> dict[str, Panel]:
    """The panels of this session as they stand, by slot."""
    return st.session_state.setdefault("panels", {})


@st.fragment
def export_row(slot: str) -> None:
    """What stands under a chart: its sources and its buttons.

    The files are made only when a button is clicked, from the chart as it then is.
    """
    panels, page, links = current(), st.session_state["page"], st.session_state["links"]
    origin = controls.server_origin()

    def file(format: str) -> bytes:
        if slot not in panels:
            raise ValueError("there is no chart to export")
        return export.export(panels[slot], format, permalink=controls.address(page, links, origin))

    if slot in panels:
        st.caption(f"Sources: {source_line(panels[slot])}")
    with st.container(horizontal=True, gap="small", key=f"row-{slot}"):
        for format, label in FORMATS.items():
            st.download_button(
                label, data=partial(file, format), file_name=f"{slot.replace('.', '-')}.{format}", mime=export.mime(format),
                on_click="ignore", key=f"{format}-{slot}", help=f"Download this figure as {label}",
                disabled=format in NEEDS_BROWSER and export_image.browser_path() is None,
            )  # fmt: skip
        st.button("Add to deck", key=f"deck-{slot}", on_click=add_to_deck, args=(slot, origin))
        COPY_LINK(key=f"link-{slot}")
        details = st.popover("How is this computed?", key=f"how-{slot}", on_change="rerun")
        if details.open and slot in panels:
            with details:
                st.text(explanation(panels[slot]))
                st.markdown("**Sources**\n\n" + "\n".join(f"- {cited(citation)}" for citation in panels[slot].sources))
    if export_image.browser_path() is None:
        st.info(NO_BROWSER, icon=":material/image_not_supported:")


NO_BROWSER = (
    "PNG, SVG and PDF need Chrome or Chromium on this machine, and none was found: install one, or set BROWSER_PATH to it. "
    "Without it, the camera icon of the chart saves a PNG, and CSV, HTML (with its own PNG and SVG buttons) and PPTX work as they are."
)


def add_to_deck(slot: str, origin: str) -> None:
    """Put the chart in a slot, as it stands, on the slide deck of this session."""
    if slot not in current():
        return
    panel = current()[slot]
    link = controls.address(st.session_state["page"], st.session_state["links"], origin)
    st.session_state.setdefault("deck", []).append({"panel": panel, "link": link, "title": panel.title})
    st.toast(f"Added to your deck: {plain(panel.title)}", icon=":material/slideshow:")


def source_line(panel: Panel) -> str:
    """The first works that a panel cites, as links, and how many more there are."""
    shown = " · ".join(cited(citation) for citation in panel.sources[:SHOWN_SOURCES])
    more = len(panel.sources) - SHOWN_SOURCES
    return f"{shown} · and {more} more, listed below" if more > 0 else shown or "computed from the settings alone"


def camera(panel: Panel) -> dict:
    """What the chart's own camera button saves."""
    return {"format": "png", "width": 1920, "height": 1080, "scale": 2, "filename": panel.name.replace(".", "-")}


def cited(citation: Citation) -> str:
    """A citation as Markdown: author and year as a link, and the place in the work."""
    work = tables.source(citation.source_id)
    place = f", {plain(citation.location)}" if citation.location else ""
    return f"[{plain(work['authors'])} {int(work['year'])}]({work['url']}){place}"


def plain(text: str) -> str:
    """Text without the characters that Markdown would interpret.

    >>> plain("a*b [x](y) $1")
    'a\\\\*b \\\\[x\\\\](y) \\\\$1'
    """
    return "".join("\\" + character if character in "\\`*_[]<>$#~|" else character for character in text)
