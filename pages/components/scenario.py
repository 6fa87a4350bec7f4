"""The scenario: what the reader changed, by name of parameter, for all pages; and how it stands in the address.

Session state holds under "scenario" the keys of the values that the reader chose or brought in a link, and where. A figure takes what it has
a parameter for; everything else stays at the figure's own default. The browser's address holds what the figures of a page use
(pages/components/chart.py writes it there, without a step in the browser's history for each move of a slider).
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Any
from urllib.parse import parse_qsl

import streamlit as st

from analysis.charts import pinned
from analysis.charts.figure import PIN, Figure
from analysis.transformer import model as models
from analysis.uploads import clip

SECTION = "section"
"""The name under which the open section of a page stands in the address."""


def chosen() -> dict[str, str]:
    """The keys of the values that the reader changed, by name of parameter."""
    return st.session_state.setdefault("scenario", {})


def places() -> dict[str, str]:
    """Page and section where each of them was changed last."""
    return st.session_state.setdefault("scenario_places", {})


def given() -> dict[str, Any]:
    """The values that an address cannot carry, by name of parameter: a model or data of the reader's own."""
    return st.session_state.setdefault("scenario_given", {})


def pins() -> dict[str, tuple[Figure, ...]]:
    """What the reader pinned, by name of figure."""
    return st.session_state.setdefault("pins", {})


def pin(figure: Figure) -> None:
    """Keep the settings of a figure to compare with; a fourth is not taken, nor one that is there."""
    mine = pins().get(figure.name, ())
    if len(mine) < pinned.MOST and figure.pinning(()) not in mine:
        pins()[figure.name] = (*mine, figure.pinning(()))


def unpin(name: str, position: int) -> None:
    """Let go of one pin of a figure."""
    mine = pins().get(name, ())
    pins()[name] = (*mine[:position], *mine[position + 1 :])


def take_pins(figures: Iterable[type[Figure]]) -> list[str]:
    """Take up the pins of a link that was followed, for the figures of a page in place of those they had; and the problems with them."""
    asked = st.session_state.pop("pins_arrived", None)
    if asked is None:
        return []
    by_name = {figure.name: figure for figure in figures}
    for name in by_name:
        pins().pop(name, None)
    problems = []
    for address in asked:
        name = address.partition("?")[0]
        try:
            if name not in by_name:
                raise ValueError(f"this page has no figure {clip(name)}")
            asked_for = by_name[name].pinned_at(address)
            _ = asked_for.alone  # a setting at which nothing can be drawn would take the chart with it
            pin(asked_for)
        except (ValueError, ArithmeticError) as problem:
            problems.append(f"A pinned setting of the link cannot be shown: {str(problem).rstrip('.')}.")
    return problems


def change(name: str, key: str, place: str) -> None:
    """The reader chose a value, which may change more than one chart, so the whole page runs again ("page_changed").

    What they had chosen before goes where its default depends on this value: it was meant for another one.
    """
    before = texts()
    st.session_state["page_changed"] = True
    chosen()[name] = key
    places()[name] = place
    for figure in st.session_state.get("page_figures", ()):
        if name in figure.kinds():
            was, now = (figure.of(found)[0].values() for found in (before, texts()))
            for later, kind in figure.kinds().items():
                if later in chosen() and later != name and kind.key(figure.default(later, was)) != kind.key(figure.default(later, now)):
                    forget([later])


def forget(names: Iterable[str]) -> None:
    """Back to the defaults."""
    st.session_state["page_changed"] = True
    for name in names:
        chosen().pop(name, None)
        places().pop(name, None)


def forget_all() -> None:
    """Every value back to its default, and no pins."""
    forget(list(chosen()))
    pins().clear()


def texts() -> dict[str, Any]:
    """What figures are made from: keys by name, and the values themselves where a key says only that they are the reader's."""
    return chosen() | {name: value for name, value in given().items() if is_own(name)}


def is_own(name: str) -> bool:
    """Whether the reader brings the value of a parameter, and chose no published one."""
    key = chosen().get(name, "")
    return key == models.OWN or key.startswith(models.HUB)


def waits_for(kinds: Iterable[str]) -> list[str]:
    """The parameters for which the reader wants to bring something that is not there yet, so that no figure with them can be drawn."""
    return [name for name in kinds if is_own(name) and name not in given()]


def figure(kind: type[Figure], supplied: Mapping[str, Any] | None = None) -> tuple[Figure, dict[str, str]]:
    """A figure with the reader's values, and the problems with them. supplied: values where the reader has chosen none."""
    made, problems = kind.of({**(supplied or {}), **texts()})
    return made.pinning(pins().get(kind.name, ())), problems


def take_over(stem: str, names: Collection[str]) -> None:
    """Take up the parameters of a link: on the first run of a session, and when another page was opened with some.

    Later runs of a page do not look at the address again: while a slider is moved it may be a step behind. Parameters that the page does not have
    are noted for it to say; those that begin with its name are of controls of its own.
    """
    if st.session_state.get("page") == stem:
        return
    st.session_state["scenario_arrived"] = stem
    unknown = [name for name in st.query_params if name not in {SECTION, PIN, *names} and not name.startswith(f"{stem}_")]
    st.session_state["scenario_unknown"] = unknown
    if PIN in st.query_params:
        st.session_state["pins_arrived"] = st.query_params.get_all(PIN)
    for name in names:
        if name in st.query_params:
            chosen()[name] = st.query_params[name]
            places()[name] = "link"


def arrive(stem: str, query: str, names: Iterable[str] = ()) -> None:
    """Take up what the query of a link inside the app says about a page: its section, and values for the scenario.

    names: parameters that go back to their defaults where the query does not have them. What neither a figure nor a section has
    waits under "arrived" for the page itself.
    """
    pairs = parse_qsl(query, keep_blank_values=True)
    found = {name: text for name, text in pairs if name != PIN}
    st.session_state["pins_arrived"] = [text for name, text in pairs if name == PIN]
    forget(name for name in names if name not in found)
    st.session_state[f"{stem}:open"] = found.pop(SECTION, None)
    st.session_state["arrived"] = found
    for name, text in found.items():
        chosen()[name] = text
        places()[name] = "link"


def query(figures: Iterable[type[Figure]], section: str = "") -> dict[str, list[str]]:
    """What stands in the address of a page with these figures: section, values that the reader changed, and pins."""
    figures = list(figures)
    found = {SECTION: [section]} if section else {}
    found |= {name: [chosen()[name]] for figure in figures for name in figure.kinds() if name in chosen()}
    mine = [each.address() for figure in figures for each in pins().get(figure.name, ())]
    return found | ({PIN: mine} if mine else {})
