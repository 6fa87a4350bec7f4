"""The one frame in which every chart stands: title, chart, caption, sources, how it is computed, and the export row."""

from collections.abc import Callable
from functools import partial

import streamlit as st

from analysis import export, export_image, tables
from analysis.figures.panel import Citation, Panel, explanation
from pages.components import controls

FORMATS = {"csv": "CSV", "png": "PNG", "svg": "SVG", "pdf": "PDF", "html": "HTML", "pptx": "PPTX"}
NEEDS_BROWSER = ("png", "svg", "pdf")

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
    """Show a panel. The files behind its buttons are made only when they are clicked."""
    st.subheader(plain(panel.title), anchor=False)
    st.plotly_chart(
        panel.figure, key=f"chart-{panel.name}", alt=panel.alt, width="stretch",
        config={"displaylogo": False, "toImageButtonOptions": camera(panel), "modeBarButtonsToRemove": ["select2d", "lasso2d", "autoScale2d"]},
    )  # fmt: skip
    st.caption(plain(panel.caption))
    st.caption("Sources: " + " · ".join(cited(citation) for citation in panel.sources))
    with st.container(horizontal=True, gap="small", key=f"row-{panel.name}"):
        link = controls.link()
        for format, label in FORMATS.items():
            st.download_button(
                label, data=partial(_render, panel, format, link), file_name=export.file_name(panel, format), mime=export.mime(format),
                on_click="ignore", key=f"{format}-{panel.name}", help=f"Download this figure as {label}",
            )  # fmt: skip
        st.button("Add to deck", key=f"deck-{panel.name}", on_click=add_to_deck, args=(panel, link))
        COPY_LINK(key=f"link-{panel.name}")
        with st.popover("How is this computed?"):
            st.text(explanation(panel))
    if export_image.browser_path() is None:
        st.info(NO_BROWSER, icon=":material/image_not_supported:")


NO_BROWSER = (
    "PNG, SVG and PDF need Chrome or Chromium on this machine, and none was found: install one, or set BROWSER_PATH to it. "
    "Without it, the camera icon of the chart saves a PNG, and CSV, HTML (with its own PNG and SVG buttons) and PPTX work as they are."
)


def _render(panel: Panel, format: str, link: str) -> bytes:
    return export.export(panel, format, permalink=link)


def add_to_deck(panel: Panel, link: str) -> None:
    """Put a panel, as it stands, on the slide deck of this session."""
    st.session_state.setdefault("deck", []).append({"panel": panel, "link": link, "title": panel.title})
    st.toast(f"Added to your deck: {plain(panel.title)}", icon=":material/slideshow:")


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


def guarded(draw: Callable[[], Panel]) -> None:
    """Show the panel that draw() builds; where its tables or settings do not allow it, say why in its place."""
    try:
        panel = draw()
    except ValueError as problem:
        st.error(plain(str(problem)), icon=":material/error:")
        return
    show_panel(panel)
