"""Start: what are the ten papers, and what can I recompute here?"""

from functools import partial

import streamlit as st

from analysis import catalogue, tables
from analysis.overview import figures
from pages.components import head, places, questions
from pages.components.cards import Card, cards
from pages.components.markdown import plain
from pages.components.registry import ENTRIES, entry


def of_question(address: str):
    """The figure of a question in the size of a card."""
    return figures.small(catalogue.asked_for(address).panel())


def papers() -> list[Card]:
    """A card for each of the ten papers, in the article's order."""
    found = []
    for number, (source_id, name, links) in enumerate(figures.PAPERS, start=1):
        work = tables.source(source_id)
        title = f"{number}. {work['title']}"
        to = {entry(link.partition("?")[0]).title: link for link in links}
        found.append(Card(title, links[0], partial(of_question, name), links=to))
    return found


if __name__ == "__main__":
    head.begin("overview", "Move the sliders, fit the laws, follow every number to its table in its paper, and take the figure with you.")
    cards(
        "questions",
        [Card(question, places.of_address(address), partial(of_question, address)) for question, address in questions.ON_CARDS],
        short=True,
    )
    st.subheader("The ten papers", anchor=False)
    article = tables.source("raschka2023")
    st.caption(f"Selection and order are those of [{plain(article['title'])}]({article['url']}) by {plain(article['authors'])}.")
    cards("papers", papers())
    st.subheader("Every page", anchor=False)
    cards("pages", [Card(item.title, item.stem, lead=item.question) for item in ENTRIES[1:]])
