"""Slide deck: which figures go on my slides?"""

from collections.abc import Callable

import streamlit as st

from analysis.export import browser, deck_file, files, report
from analysis.export.editable import says_the_same
from pages.components import controls, decks, head
from pages.components.markdown import plain
from pages.components.panel import NO_BROWSER

head.begin(
    "deck",
    "Your slides",
    "Figures that you added stand here in order, each as it was when you added it. The file has one 16:9 slide per figure, with its sources; "
    "your note, the whole caption, its settings and the link that restores it are in the slide's notes. The deck is still here after a reload.",
)

THEMES = {"light": "light", "dark": "dark"}
CHARTS = {"pictures": "as pictures", "editable": "editable where they say the same"}
MOST_NOTE = 2000
asked = st.query_params.get("deck", "")
if asked and asked != st.session_state.get("deck_id") and not decks.open_copy(asked):
    st.warning("The deck of this link is not here (any more); this is yours.", icon=":material/link_off:")
deck = decks.slides()
if deck:
    st.query_params["deck"] = st.session_state.get("deck_id", "")
elif "deck" in st.query_params:
    del st.query_params["deck"]


def reordered(how: Callable[[list[dict]], object]) -> None:
    """Change which slide stands where; fields of slides are drawn anew, or they would keep the words of the slide before."""
    st.session_state["deck_order"] = st.session_state.get("deck_order", 0) + 1
    decks.change(how)


def move(position: int, step: int) -> None:
    """Swap a slide with its neighbour."""

    def swap(slides: list[dict]) -> None:
        if max(position, position + step) < len(slides):
            slides[position], slides[position + step] = slides[position + step], slides[position]

    reordered(swap)


def retitle(position: int, key: str) -> None:
    """Take over the title typed for a slide; an empty one brings the figure's own back."""
    typed = st.session_state[key].strip()

    def name(slides: list[dict]) -> None:
        if position < len(slides):
            slides[position]["title"] = typed or slides[position]["panel"].title

    decks.change(name)


def annotate(position: int, key: str) -> None:
    """Take over the note typed for a slide."""
    typed = st.session_state[key].strip()
    decks.change(lambda slides: slides[position].update(note=typed) if position < len(slides) else None)


def remove(position: int) -> None:
    """Take a slide out."""
    reordered(lambda slides: slides.pop(position) if position < len(slides) else None)


def reopen() -> None:
    """Append the slides of the deck file that was just chosen."""
    upload = st.session_state.get("deck_file")
    if upload is None:
        return
    try:
        found = deck_file.unpack(upload.getvalue())
        if len(found) + len(deck) > deck_file.MOST_SLIDES:
            raise ValueError(f"a deck has at most {deck_file.MOST_SLIDES} slides")
    except ValueError as problem:
        st.session_state["deck_refused"] = f"This file cannot be used: {problem}."
        return
    st.session_state.pop("deck_refused", None)
    reordered(lambda slides: slides.extend(found))


if problem := st.session_state.get("deck_problem"):
    st.warning(plain(problem), icon=":material/save:")
if not deck:
    st.info("Nothing here yet: press “Add to deck” under any figure, or open a deck file below.", icon=":material/slideshow:")
theme = controls.switch("deck_theme", "Look of slides and report", THEMES, "light") if deck else "light"
editable = bool(deck) and controls.switch("deck_charts", "Charts on slides", CHARTS, "pictures") == "editable"
reasons = [says_the_same(slide["panel"].figure) if editable else "" for slide in deck]
for position, (slide, reason) in enumerate(zip(deck, reasons, strict=True)):
    with st.container(border=True, key=f"slide-{position}"):
        key = f"{position}-{st.session_state.get('deck_order', 0)}-{len(deck)}"
        with st.container(horizontal=True, vertical_alignment="bottom"):
            st.text_input(
                f"Slide {position + 1}",
                slide["title"],
                key=f"title-{key}",
                on_change=retitle,
                args=(position, f"title-{key}"),
                max_chars=deck_file.MOST_TITLE,
            )
            st.button("Up", key=f"up-{position}", disabled=position == 0, on_click=move, args=(position, -1))
            st.button("Down", key=f"down-{position}", disabled=position == len(deck) - 1, on_click=move, args=(position, 1))
            st.button("Remove", key=f"remove-{position}", on_click=remove, args=(position,))
        st.text_area(
            f"Note of slide {position + 1}",
            slide.get("note", ""),
            key=f"note-{key}",
            on_change=annotate,
            args=(position, f"note-{key}"),
            max_chars=MOST_NOTE,
            height=68,
            placeholder="What you want to say; it stands first in the slide's notes",
        )
        st.caption(
            f"{plain(slide['panel'].name)} · " + plain("; ".join(f"{name}: {value}" for name, value in slide["panel"].settings.items()))
        )
        if reason:
            st.caption(f":material/image: {plain(f'A picture: {reason}')}")
if deck:
    no_browser = browser.browser_path() is None
    undrawn = no_browser and (not editable or any(reasons))
    with st.container(horizontal=True, key="deck-files"):
        st.download_button(
            f"Download {len(deck)} slide{'s' if len(deck) > 1 else ''} (PPTX)",
            data=lambda: files.deck(deck, theme, editable),
            file_name="ten-papers-recomputed.pptx",
            mime=files.mime("pptx"),
            on_click="ignore",
            type="primary",
            disabled=undrawn,
            help=NO_BROWSER if undrawn else None,
        )
        st.download_button(
            "Pictures and tables (ZIP)",
            data=lambda: deck_file.bundle(deck),
            file_name="ten-papers-recomputed.zip",
            mime="application/zip",
            on_click="ignore",
            disabled=no_browser,
            help=NO_BROWSER if no_browser else "SVG, PDF and CSV of every figure",
        )
        st.download_button(
            "Report (HTML)",
            data=lambda: report.report(deck, theme),
            file_name="ten-papers-recomputed.html",
            mime="text/html",
            on_click="ignore",
            help="One page with live charts, words and sources; it needs no network",
        )
        st.download_button(
            "Deck file",
            data=lambda: deck_file.pack(deck),
            file_name="ten-papers-recomputed.deck.json",
            mime="application/json",
            on_click="ignore",
            help="To keep, or to open on another machine",
        )
    st.caption("The address of this page opens a copy of the deck, on this server.")
st.file_uploader("Open a deck file", type=["json"], key="deck_file", on_change=reopen)
if refused := st.session_state.get("deck_refused"):
    st.error(plain(refused), icon=":material/error:")
