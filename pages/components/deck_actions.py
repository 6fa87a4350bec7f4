"""What a reader can do with the slides of the deck: every change of their order, their words and their figures."""

from collections.abc import Callable
from dataclasses import replace
from urllib.parse import urlsplit

import streamlit as st

from analysis import catalogue
from analysis.export import deck_file, redraw, talk
from analysis.export.slide import Shown, Slide
from pages.components import controls, decks, places, registry


def take(found: list[Slide]) -> None:
    """Put slides at the end of the reader's own deck, and show that."""
    first = len(decks.slides())
    changed(lambda deck: deck.extend(found))
    st.query_params.pop("deck", None)
    st.session_state["deck_chosen"] = min(first, max(len(decks.slides()) - 1, 0))


def changed(how: Callable[[list[Slide]], object]) -> None:
    """Change the deck, and keep how it was for "Undo"."""
    before = list(decks.slides())
    problem = decks.change(how)
    st.session_state["deck_order"] = (
        st.session_state.get("deck_order", 0) + 1
    )  # fields are drawn anew, or they would keep the words of another slide
    if problem and "deck_problem" not in st.session_state:
        st.session_state["deck_said"] = ("error", [problem])
    else:
        st.session_state["deck_undo"] = before


def add_talk() -> None:
    """Put the prepared talk at the end of the deck."""
    take(talk.talk(linked(controls.server_origin())))


def linked(origin: str) -> Callable[[str], str]:
    """What makes a link of a figure's address: the page that shows it with its settings. origin: of this server, as `controls.server_origin`."""
    return lambda address: f"{origin}/{places.of_address(address)}#{urlsplit(address).path}"


def undo() -> None:
    """The deck as it was before the last change."""
    before = st.session_state.pop("deck_undo")
    decks.change(lambda deck: deck.__setitem__(slice(None), before))
    st.session_state["deck_order"] = st.session_state.get("deck_order", 0) + 1


def move(position: int, to: int) -> None:
    """Put a slide at another place, and go on with it."""
    changed(lambda deck: deck.insert(to, deck.pop(position)) if position < len(deck) else None)
    st.session_state["deck_chosen"] = to


def reword(position: int, **words: str) -> None:
    """Take over the words typed for a slide; a title like the figure's own follows the figure."""

    def put(deck: list[Slide]) -> None:
        if position < len(deck):
            slide = deck[position]
            if words.get("title") == (slide.figures[0].panel.title if slide.figures else ""):
                words["title"] = "" if slide.figures else slide.title
            deck[position] = replace(slide, **words)  # type: ignore[arg-type]

    decks.change(put)


def join(position: int) -> None:
    """Put the figure of the next slide beside that of this one."""

    def both(deck: list[Slide]) -> None:
        if position + 1 < len(deck):
            one, other = deck[position], deck.pop(position + 1)
            figures = (*one.figures, *other.figures)
            title = one.title or other.title or " and ".join(dict.fromkeys(page_of(shown).title for shown in figures))
            deck[position] = Slide(figures, title, one.above, "", "\n".join(filter(None, (one.note, other.note))))

    changed(both)


def part(position: int) -> None:
    """Give each of two figures a slide of its own."""

    def single(deck: list[Slide]) -> None:
        if position < len(deck):
            slide = deck[position]
            parts = [Slide((shown,), "", slide.above, "", slide.note if number == 0 else "") for number, shown in enumerate(slide.figures)]
            deck[position : position + 1] = parts

    changed(single)


def redraw_all() -> None:
    """Draw every figure of the deck again, and say what changed."""
    deck, said = redraw.redrawn(decks.slides())
    changed(lambda slides: slides.__setitem__(slice(None), deck))
    _tell(deck, said)


def open_file() -> None:
    """Append the slides of the deck file that was just chosen, each figure drawn again."""
    upload = st.session_state.get("deck_file")
    if upload is None:
        return
    try:
        found, said = redraw.redrawn(deck_file.unpack(upload.getvalue()))
    except ValueError as problem:
        st.session_state["deck_said"] = ("error", [f"This file cannot be used: {problem}."])
        return
    _tell(found, said)
    take(found)


def _tell(deck: list[Slide], said: list[str]) -> None:
    figures = sum(len(slide.figures) for slide in deck)
    if said:
        head = f"{len(said)} of {figures} figures {'is' if len(said) == 1 else 'are'} not as stored:"
        st.session_state["deck_said"] = ("warning", [head, *said])
    else:
        st.session_state["deck_said"] = (
            "success",
            [f"Every figure was drawn again from the tables of today ({figures}); no number changed."],
        )


def remove(position: int) -> None:
    """Take a slide out."""
    changed(lambda deck: deck.pop(position) if position < len(deck) else None)


def add_words(position: int) -> None:
    """Put a slide without figures behind one, and go on with it."""
    changed(lambda deck: deck.insert(position + 1, Slide(title="New slide")))
    st.session_state["deck_chosen"] = position + 1


def page_of(shown: Shown) -> registry.Entry:
    """The page that shows a figure: the one of its link, else the one where it stands, else the first."""
    return registry.entry(place_of(shown).partition("?")[0])


def place_of(shown: Shown) -> str:
    """Page and query that show a figure with its settings, of its link, or of its address where it has none."""
    link = urlsplit(shown.link)
    stem = link.path.rstrip("/").rpartition("/")[2]
    if stem in {entry.stem for entry in registry.ENTRIES}:
        return f"{stem}?{link.query}"
    return places.of_address(shown.panel.address or shown.panel.name)


def parameters_of(shown: Shown) -> list[str]:
    """The parameters of a figure by name, none of one that there is no more: those that its link does not have are at their defaults."""
    try:
        return [*catalogue.figure(shown.panel.name).kinds()]
    except ValueError:
        return []
