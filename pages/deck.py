"""Slide deck: which figures go on my slides?"""

import streamlit as st

from analysis import export
from pages.components import frame
from pages.components.panel import plain

frame.begin(
    "deck",
    "Your slides",
    "Figures that you added stand here in order, each as it was when you added it. The file has one 16:9 slide per figure, with an "
    "editable chart where the figure is lines, markers or bars, and its source and settings in the notes.",
)

deck = st.session_state.setdefault("deck", [])


def move(position: int, step: int) -> None:
    """Swap a slide with its neighbour."""
    deck[position], deck[position + step] = deck[position + step], deck[position]


def retitle(position: int, key: str) -> None:
    """Take over the title typed for a slide; an empty one brings the figure's own back."""
    deck[position]["title"] = st.session_state[key].strip() or deck[position]["panel"].title


if not deck:
    st.info("Nothing here yet: press “Add to deck” under any figure.", icon=":material/slideshow:")
for position, slide in enumerate(deck):
    with st.container(border=True, horizontal=True, vertical_alignment="bottom", key=f"slide-{position}"):
        key = f"title-{position}-{slide['panel'].name}-{len(deck)}"
        st.text_input(f"Slide {position + 1}", slide["title"], key=key, on_change=retitle, args=(position, key), max_chars=160)
        st.button("Up", key=f"up-{position}", disabled=position == 0, on_click=move, args=(position, -1))
        st.button("Down", key=f"down-{position}", disabled=position == len(deck) - 1, on_click=move, args=(position, 1))
        st.button("Remove", key=f"remove-{position}", on_click=deck.pop, args=(position,))
        st.caption(
            f"{plain(slide['panel'].name)} · " + plain("; ".join(f"{name}: {value}" for name, value in slide["panel"].settings.items()))
        )
if deck:
    st.download_button(
        f"Download {len(deck)} slide{'s' if len(deck) > 1 else ''} (PPTX)", data=lambda: export.deck(deck), file_name="ten-papers-recomputed.pptx",
        mime=export.mime("pptx"), on_click="ignore", type="primary",
    )  # fmt: skip
