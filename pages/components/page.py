"""A page from its declarations: sections, their figures, and the controls that the parameters of those figures need.

    page.show("attention", TITLE, LEAD, [Section("cache", "What the cache holds", Cache), ...])

Of a section, parameters that several figures share, and all that is not a slider, stand at its head; the sliders of one figure stand with it in a
fragment, so that moving one redraws one chart.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import streamlit as st

from analysis.charts.figure import Figure
from analysis.charts.parameters import Given, Kind, Quantity
from pages.components import fields, head, model_field, scenario
from pages.components.markdown import plain
from pages.components.panel import draw, export_row


@dataclass(frozen=True)
class Section:
    """A section of a page.

    key: in the address; title: on its button; figures: in order; wide: figures that scroll sideways on a narrow screen.
    own: for each parameter of kind Data, the widgets with which a reader brings data of their own; they return a Given, or None after saying why
    there is none. before: what is shown between the controls and the figures, given the first figure; it may return False after saying why
    nothing can be drawn. instead: the whole section, where it is no list of figures.
    """

    key: str
    title: str
    figures: tuple[type[Figure], ...] = ()
    before: Callable[[Any], bool | None] | None = None
    own: Mapping[str, Callable[[], Given | None]] = field(default_factory=dict)
    instead: Callable[[], None] | None = None
    wide: bool = False

    def __init__(self, key: str, title: str, *figures: type[Figure], before=None, own=None, instead=None, wide: bool = False):
        found = {"key": key, "title": title, "figures": figures, "before": before, "own": own or {}, "instead": instead, "wide": wide}
        for name, value in found.items():
            object.__setattr__(self, name, value)

    def kinds(self) -> dict[str, Kind]:
        """All parameters of the section's figures by name; of one that several have, the kind of the first."""
        found: dict[str, Kind] = {}
        for figure in self.figures:
            found |= {name: kind for name, kind in figure.kinds().items() if name not in found}
        return found

    def at_the_head(self) -> dict[str, tuple[type[Figure], Kind]]:
        """The parameters that stand at the head of the section, each with the figure whose kind is meant."""
        found: dict[str, tuple[type[Figure], Kind]] = {}
        for figure in self.figures:
            for name, kind in figure.kinds().items():
                shared = sum(name in other.kinds() for other in self.figures) > 1
                if name not in found and (shared or not isinstance(kind, Quantity)):
                    found[name] = (figure, kind)
        return found


def show(stem: str, title: str, lead: str, sections: Sequence[Section]) -> None:
    """Show a page: its head, a button for each section, and the section that is open, the first one at first."""
    names = list(dict.fromkeys(name for section in sections for figure in section.figures for name in figure.kinds()))
    scenario.take_over(stem, names)
    head.begin(stem, title, lead)
    section = opened(stem, sections)
    query = scenario.query(names, section.key if section is not sections[0] else "")
    st.session_state["links"][stem] = {name: [text] for name, text in query.items()}
    if section.instead is not None:
        section.instead()
    else:
        show_section(stem, section, names)


def opened(stem: str, sections: Sequence[Section]) -> Section:
    """The section that is open, and the row of buttons to open another."""
    by_key = {section.key: section for section in sections}
    st.session_state["sections"] = list(by_key)
    key, slot = f"{stem}:{scenario.SECTION}", f"{stem}:open"
    asked = st.query_params.get(scenario.SECTION)
    if st.session_state.pop("scenario_arrived", None) == stem and asked is not None:
        if asked in by_key:
            st.session_state[slot] = asked
        else:
            st.warning(
                plain(f"The link asked for a section {asked[:40]!r}, which this page does not have; showing the first."),
                icon=":material/link_off:",
            )
    now = st.session_state.get(slot, sections[0].key)
    if st.session_state.get(key) != now:
        st.session_state[key] = now

    def take() -> None:
        st.session_state[slot] = st.session_state[key]

    if len(sections) > 1:
        st.segmented_control(
            "On this page", list(by_key), format_func=lambda one: by_key[one].title, key=key, required=True, wrap=True, on_change=take
        )
    return by_key[now]


def show_section(stem: str, section: Section, names: Sequence[str]) -> None:
    """Show the controls and the figures of a section. names: all parameters of the page, for its address."""
    place, kinds, above = f"{stem}/{section.key}", section.kinds(), section.at_the_head()
    say_notes(section)
    taken_over(place, section)
    usual = {name: item for name, item in above.items() if not item[1].rare}
    rare = {name: item for name, item in above.items() if item[1].rare}
    quantities = {name: kind for name, kind in kinds.items() if isinstance(kind, Quantity)}
    if kinds:
        with st.container(horizontal=True, vertical_alignment="bottom"):
            for name, (figure, kind) in usual.items():
                one(name, kind, figure, place)
            if rare:
                with st.popover("More settings"):
                    for name, (figure, kind) in rare.items():
                        one(name, kind, figure, place)
            if quantities:
                with st.popover("Type a value", help="Any value, such as 3e9, 3B, 3 billion or 1.5k; and back to the defaults."):
                    for name, kind in quantities.items():
                        owner = next(figure for figure in section.figures if name in figure.kinds())
                        fields.typed(name, kind, scenario.figure(owner)[0].values(), place)
                    st.button("Reset to defaults", key=f"{place}:reset", on_click=scenario.forget, args=(list(kinds),))
    if "model" in kinds:
        model_field.own()
    for name, bring in section.own.items():
        scenario.given().pop(name, None)
        if scenario.is_own(name) and (brought := bring()) is not None:
            scenario.given()[name] = brought
    if waits := scenario.waits_for(kinds):
        what = "a configuration" if "model" in waits else "a file"
        st.info(f"No chart is drawn until there is {what} that can be used.", icon=":material/hourglass_empty:")
        return
    if section.before is not None and section.before(scenario.figure(section.figures[0])[0]) is False:
        return
    for figure in section.figures:
        st.fragment(partial(one_figure, figure, place, above, names, section.wide))()
        export_row(figure.name)


def one(name: str, kind: Kind, figure: type[Figure], place: str) -> None:
    """The widget of one parameter, at the reader's value."""
    values = scenario.figure(figure)[0].values()
    if fields.is_model(kind):
        model_field.pick(kind, values[name], place)  # type: ignore[arg-type]
    else:
        fields.field(name, kind, values[name], values, place)


def one_figure(figure: type[Figure], place: str, above: Mapping[str, object], names: Sequence[str], wide: bool) -> None:
    """The sliders of one figure, and its chart."""
    own = {name: kind for name, kind in figure.kinds().items() if name not in above}
    rare = [name for name, kind in own.items() if kind.rare]
    if own:
        with st.container(horizontal=True, vertical_alignment="bottom"):
            for name in [name for name in own if name not in rare]:
                one(name, own[name], figure, f"{place}/{figure.name}")
            if rare:
                with st.popover("More settings"):
                    for name in rare:
                        one(name, own[name], figure, f"{place}/{figure.name}")
    made, _ = scenario.figure(figure)
    stem = place.partition("/")[0]
    section = st.session_state["links"][stem].get(scenario.SECTION, [""])[0]
    query = scenario.query(names, section)
    st.session_state["links"][stem] = {name: [text] for name, text in query.items()}
    draw(figure.name, made.panel, wide, query={"names": [scenario.SECTION, *names], "values": query})


def say_notes(section: Section) -> None:
    """A note for each value that the reader brought and that a figure of the section cannot take."""
    said: dict[str, str] = {}
    for figure in section.figures:
        made, problems = scenario.figure(figure)
        for name in scenario.waits_for(figure.kinds()):
            problems.pop(name, None)  # said where it is asked for
        for name, problem in problems.items():
            kind = figure.kinds()[name]
            said.setdefault(name, f"{problem}; showing {kind.shown(getattr(made, name), made.values())}.")
    for words in said.values():
        st.warning(plain(words), icon=":material/link_off:")


def taken_over(place: str, section: Section) -> None:
    """Which values the section took over from elsewhere, with a button back to its defaults."""
    words, names = [], []
    for figure in section.figures:
        changed = figure.of(scenario.texts())[0]
        for name in changed.changed():
            if name not in names and not scenario.places().get(name, "").startswith(place):
                kind = figure.kinds()[name]
                names.append(name)
                words.append(f"{kind.label} {kind.shown(getattr(changed, name), changed.values())}")
    if not names:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(plain(f"Taken over: {'; '.join(words)}."))
        st.button("Reset", key=f"{place}:reset-taken", on_click=scenario.forget, args=(names,))
