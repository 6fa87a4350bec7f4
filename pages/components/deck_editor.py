"""The page of the deck: its files, its slides in order, and the words of the one that is chosen."""

from collections.abc import Callable
from functools import partial

import streamlit as st

from analysis import TITLE
from analysis.export import browser, deck_file, files, report, slides, talk
from analysis.export.slide import MOST_FIGURES, Slide
from pages.components import controls, decks, sorter
from pages.components import deck_actions as actions
from pages.components.cards import open_place
from pages.components.markdown import plain
from pages.components.panel import NO_BROWSER

THEMES = {"light": "light", "dark": "dark"}
CHARTS = {"pictures": "as pictures", "editable": "editable where they say the same"}
MOST_NOTE = 2000
FILE = "ten-papers-recomputed"


def show() -> None:
    """Show the deck of the reader, or the one that the link of another names."""
    asked = st.query_params.get("deck", "")
    others = decks.shared(asked)
    if asked and others is None and asked != decks.name():
        st.warning("The deck of this link is not here (any more); this is yours.", icon=":material/link_off:")
    deck = decks.slides() if others is None else others
    if others is None:
        if deck and decks.name():
            st.query_params["deck"] = decks.name()
        elif "deck" in st.query_params:
            del st.query_params["deck"]
        if problem := st.session_state.get("deck_problem"):
            st.warning(plain(problem), icon=":material/save:")
    else:
        with st.container(horizontal=True, vertical_alignment="center", key="deck-shared"):
            st.info("Somebody shared this deck with you. To change it, add its slides to yours.", icon=":material/group:")
            st.button(f"Add {counted(others)} to my deck", on_click=actions.take, args=(others,), type="primary")
    _said()
    if deck:
        theme = _downloads(deck)
        _slides(deck, theme, others is None)
    else:
        st.info(
            "Nothing here yet: press “Add to deck” under any figure, open a deck file, or begin with the prepared talk.",
            icon=":material/slideshow:",
        )
    if others is None:
        _more(deck)


def counted(deck: list[Slide]) -> str:
    """How many slides there are, in words.

    >>> counted([Slide(title="Thanks")])
    '1 slide'
    """
    return f"{len(deck)} slide{'s' if len(deck) != 1 else ''}"


def _said() -> None:
    """What the last action had to say."""
    kind, words = st.session_state.pop("deck_said", ("", []))
    if words:
        text = "\n".join([plain(words[0]), "", *(f"- {plain(line)}" for line in words[1:])])
        {"error": st.error, "warning": st.warning, "success": st.success}[kind](text)


def _downloads(deck: list[Slide]) -> str:
    """The files of the deck and how they look; returns the theme."""
    with st.container(horizontal=True, vertical_alignment="bottom", key="deck-look"):
        theme = controls.switch("deck_theme", "Look of slides, pictures and report", THEMES, "light")
        editable = controls.switch("deck_charts", "Charts on slides", CHARTS, "pictures") == "editable"
    reasons = [slides.picture_because(slide) for slide in deck] if editable else []
    no_browser = browser.browser_path() is None
    undrawn = no_browser and any(slide.figures and (not editable or reasons[number]) for number, slide in enumerate(deck))
    figures = any(slide.figures for slide in deck)
    with st.container(horizontal=True, key="deck-files"):
        st.download_button(
            f"Download {counted(deck)} (PPTX)",
            data=lambda: files.deck(deck, theme, editable),
            file_name=f"{FILE}.pptx",
            mime=files.mime("pptx"),
            on_click="ignore",
            type="primary",
            disabled=undrawn,
            help=NO_BROWSER if undrawn else None,
        )
        st.download_button(
            "Pictures and tables (ZIP)",
            data=lambda: deck_file.bundle(deck, theme=theme),
            file_name=f"{FILE}.zip",
            mime="application/zip",
            on_click="ignore",
            disabled=no_browser or not figures,
            help=NO_BROWSER if no_browser else "PNG, SVG, PDF and CSV of every figure",
        )
        st.download_button(
            "Report (HTML)",
            data=lambda: report.report(deck, theme),
            file_name=f"{FILE}.html",
            mime="text/html",
            on_click="ignore",
            disabled=not figures,
            help="One page with live charts, words and sources; it needs no network",
        )
        st.download_button(
            "Deck file",
            data=lambda: deck_file.pack(deck),
            file_name=f"{FILE}.deck.json",
            mime="application/json",
            on_click="ignore",
            help="To keep, or to open on another machine; opened here again, its figures are drawn anew and what changed is listed",
        )
    if pictures := [f"slide {number}: {reason}" for number, reason in enumerate(reasons, start=1) if reason]:
        with st.expander(f"{len(pictures)} of {len(deck)} slides keep a picture"):
            st.markdown("\n".join(f"- {plain(line)}" for line in pictures))
    return theme


def _slides(deck: list[Slide], theme: str, mine: bool) -> None:
    """The slides in order beside the one that is chosen."""
    chosen = min(st.session_state.get("deck_chosen", 0), len(deck) - 1)
    order, words = st.columns([2, 3], gap="large")
    with order:
        sorter.sorter(deck, chosen, theme, mine, lambda position: st.session_state.update(deck_chosen=position), actions.move)
    with words:
        sorter.preview(deck[chosen], theme)
        if mine:
            _edit(deck, chosen)
        elif deck[chosen].note:
            st.caption(plain(f"Note: {deck[chosen].note}"))
        for shown in deck[chosen].figures:
            settings = "; ".join(f"{name}: {value}" for name, value in shown.panel.settings.items())
            st.caption(f"{plain(shown.panel.name)}{': ' if settings else ''}{plain(settings)}")


def _edit(deck: list[Slide], position: int) -> None:
    """The words of a slide, and what can be done with it."""
    slide, key = deck[position], f"{position}-{st.session_state.get('deck_order', 0)}-{len(deck)}"

    def typed(name: str) -> Callable[[], None]:
        return lambda: actions.reword(position, **{name: st.session_state[f"{name}-{key}"].strip()})

    st.text_input("Title", slide.heading, key=f"title-{key}", on_change=typed("title"), max_chars=deck_file.MOST_TITLE)
    if not slide.figures:
        st.text_area(
            "Text",
            slide.text,
            key=f"text-{key}",
            on_change=typed("text"),
            max_chars=deck_file.MOST_TEXT,
            help="A paragraph a line. Where every line has a bar with blanks around it, a | b, the lines become a table.",
        )
    st.text_area(
        "Note",
        slide.note,
        key=f"note-{key}",
        on_change=typed("note"),
        max_chars=MOST_NOTE,
        height=68,
        placeholder="What you want to say; it stands first in the slide's notes",
    )
    with st.container(horizontal=True, vertical_alignment="bottom", key="deck-actions"):
        st.selectbox(
            "Position",
            range(len(deck)),
            position,
            format_func=lambda number: f"{number + 1} of {len(deck)}",
            key=f"position-{key}",
            on_change=lambda: actions.move(position, st.session_state[f"position-{key}"]),
            width=120,
        )
        after = deck[position + 1] if position + 1 < len(deck) else None
        if len(slide.figures) == MOST_FIGURES:
            st.button("One slide each", on_click=actions.part, args=(position,))
        elif slide.figures and after is not None and len(after.figures) == 1:
            st.button("Join with the next", on_click=actions.join, args=(position,), help="Both figures side by side on one slide")
        st.button("Remove", on_click=actions.remove, args=(position,))
        st.button("Add a slide of words", on_click=actions.add_words, args=(position,))
        if "deck_undo" in st.session_state:
            st.button("Undo", on_click=actions.undo)
    with st.container(horizontal=True, key="deck-pages"):
        for number, shown in enumerate(slide.figures):
            page = actions.page_of(shown)
            if st.button(f"Open {page.title}", icon=page.icon, key=f"open-{number}"):
                open_place(actions.place_of(shown), actions.parameters_of(shown))


def _talk(theme: str, origin: str) -> bytes:
    return files.deck(talk.talk(actions.linked(origin)), theme)


def _more(deck: list[Slide]) -> None:
    """Ways to more slides."""
    with st.container(border=True, key="deck-talk"):
        st.markdown(f"**A prepared talk: {plain(TITLE)}**")
        st.caption(
            f"A cover, two figures for each of the {len(talk.PAPERS)} papers, the statements of the article that need a correction, and the sources, "
            "drawn from the tables of today."
        )
        with st.container(horizontal=True):
            no_browser = browser.browser_path() is None
            for look in THEMES:
                st.download_button(
                    f"The talk, {look} (PPTX)",
                    data=partial(_talk, look, controls.server_origin()),
                    file_name=f"{FILE}-talk-{look}.pptx",
                    mime=files.mime("pptx"),
                    on_click="ignore",
                    disabled=no_browser,
                    help=NO_BROWSER if no_browser else None,
                    key=f"talk-{look}",
                )
            st.button("Add the talk to my deck", on_click=actions.add_talk)
    if deck:
        with st.container(horizontal=True, key="deck-again"):
            st.button(
                "Draw all figures again", on_click=actions.redraw_all, help="From the tables and formulas of today; what changed is listed"
            )
        st.caption("The address of this page shows the deck to whoever opens it on this server; only you can change it.")
    st.file_uploader("Open a deck file", type=["json"], key="deck_file", on_change=actions.open_file)
