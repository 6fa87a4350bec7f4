"""A page from its declarations: sections, their figures, and the controls that the parameters of those figures need.

    SECTIONS = [Section("cache", "KV-cache size", Cache), ...]
    if __name__ == "__main__":  # as Streamlit runs pages; others import what they declare
        page.show("attention", LEAD, SECTIONS)

Of a section, parameters that several figures share, and all that is not a slider, are settings of the section and stand beside its first chart; the
sliders of one figure stand with it in a fragment, so that moving one redraws one chart.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import Any

import streamlit as st

from analysis.charts import terms
from analysis.charts.figure import PIN, Figure
from analysis.charts.parameters import Choice, Data, Given, Kind, Quantity, Text
from analysis.charts.subjects import ModelKind
from pages.components import fields, head, model_field, scenario, your_values
from pages.components.markdown import plain
from pages.components.panel import draw, export_row

CONTROLS = 320
"""Width of the column of controls beside a chart [px]; on narrower screens they stand above or below it (pages/components/head.py)."""
Supplied = Mapping[str, Any]
"""Values that a section gives its figures where the reader has chosen none."""


class Section:
    """A section of a page.

    key: in the address; title: on its button; figures: in order; wide: figures that scroll sideways on a narrow screen; head: parameters that stand
    at the head of the section although they are sliders of one figure.
    own: for each parameter of kind Data, the widgets with which a reader brings data of their own; they return a Given, or None after saying why
    there is none. before: what is shown between the controls and the figures, given the first figure; it may return False after saying why
    nothing can be drawn. after: what is shown below them. instead: the whole section, where it is no list of figures.
    """

    def __init__(
        self,
        key: str,
        title: str,
        *figures: type[Figure],
        before: Callable[[Any], bool | None] | None = None,
        after: Callable[[Any], None] | None = None,
        own: Mapping[str, Callable[[], Given | None]] | None = None,
        instead: Callable[[], None] | None = None,
        wide: bool = False,
        head: Sequence[str] = (),
    ):
        self.key, self.title, self.figures = key, title, figures
        self.before, self.after, self.own, self.instead = before, after, own or {}, instead
        self.wide, self.head = wide, head

    def kinds(self) -> dict[str, Kind]:
        """All parameters of the section's figures by name; of one that several have, the kind of the first."""
        found: dict[str, Kind] = {}
        for figure in self.figures:
            found |= {name: kind for name, kind in figure.kinds().items() if name not in found}
        return found

    def at_the_head(self) -> dict[str, type[Figure]]:
        """The parameters that stand at the head of the section, each with the figure whose kind is meant."""
        return at_the_head(self.figures, self.head)


def at_the_head(figures: Sequence[type[Figure]], also: Sequence[str] = ()) -> dict[str, type[Figure]]:
    """The parameters that stand at the head of a section with these figures: what is shared or rarely used, and of the first all that is no slider."""
    found: dict[str, type[Figure]] = {}
    for figure in figures:
        for name, kind in figure.kinds().items():
            shared = sum(name in other.kinds() for other in figures) > 1
            first = figure is figures[0] and not fields.on_a_slider(kind)
            if name not in found and (shared or kind.rare or name in also or first or isinstance(kind, (Data, ModelKind))):
                found[name] = figure
    return found


def show(stem: str, lead: str, sections: Sequence[Section]) -> None:
    """Show a page: its head, a button for each section, and the section that is open, the first one at first."""
    names = list(dict.fromkeys(name for section in sections for figure in section.figures for name in figure.kinds()))
    scenario.take_over(stem, names)
    st.session_state["page_parameters"] = names
    st.session_state["page_figures"] = list(dict.fromkeys(figure for section in sections for figure in section.figures))
    your_values.known().update({name: figure for figure in st.session_state["page_figures"] for name in figure.kinds()})
    head.begin(stem, lead)
    if damaged := terms.problem():
        st.warning(plain(f"The controls have no help: {damaged}."), icon=":material/table_view:")
    for problem in scenario.take_pins(st.session_state["page_figures"]):
        st.warning(plain(problem), icon=":material/link_off:")
    if unknown := st.session_state.pop("scenario_unknown", None):
        words = f"The link holds settings that this page does not have: {', '.join(name[:40] for name in unknown[:8])}."
        st.warning(plain(words), icon=":material/link_off:")
    section = opened(stem, sections)
    st.session_state["query_pushed"] = st.session_state.pop("section_left", False)
    st.session_state["links"][stem] = scenario.query(st.session_state["page_figures"], section.key if section is not sections[0] else "")
    if section.instead is not None:
        section.instead()
    else:
        show_section(stem, section)


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
    now = st.session_state.get(slot) or sections[0].key
    if now not in by_key:
        now = sections[0].key

    def take() -> None:
        st.session_state[slot] = st.session_state[key]
        st.session_state["section_left"] = True

    if len(sections) > 1:
        stands = fields.at(key, now, "default")
        st.segmented_control(
            "Sections",
            list(by_key),
            label_visibility="collapsed",
            format_func=lambda one: by_key[one].title,
            key=key,
            required=True,
            wrap=True,
            on_change=take,
            **stands,
        )
    return by_key[now]


def show_section(stem: str, section: Section) -> None:
    """Show the controls and the figures of a section."""
    place, kinds = f"{stem}/{section.key}", section.kinds()
    with st.container():  # always there, so that what stands below keeps its place and stays open
        say_notes(section)
    if "model" in kinds:
        model_field.own()
    for name, bring in section.own.items():
        scenario.given().pop(name, None)
        if scenario.is_own(name) and (brought := bring()) is not None:
            scenario.given()[name] = brought
    waits = scenario.waits_for(kinds)
    if waits:
        what = "a configuration" if "model" in waits else "a file"
        st.info(f"No chart is drawn until there is {what} that can be used.", icon=":material/hourglass_empty:")
    elif section.before is None or section.before(scenario.figure(section.figures[0])[0]) is not False:
        above = section.at_the_head()
        for number, figure in enumerate(section.figures):
            beside_chart(figure, place, above, section.figures if number == 0 else (), section.wide)
        if section.after is not None:
            section.after(scenario.figure(section.figures[0])[0])
        return
    settings(place, section.figures, section.at_the_head())  # without a chart, the controls that may bring it back


def settings(
    place: str, figures: Sequence[type[Figure]], above: Mapping[str, type[Figure]], supplied: Supplied = MappingProxyType({})
) -> None:
    """The controls of a section: its parameters `above` the figures, those that are rare on demand, and fields to type any quantity."""
    shown = {name: figure for name, figure in above.items() if not isinstance(supplied.get(name), Given)}
    rare = {name: figure for name, figure in shown.items() if figure.kinds()[name].rare}
    quantities = {name: figure for figure in reversed(figures) for name, kind in figure.kinds().items() if isinstance(kind, Quantity)}
    values = {figure: scenario.figure(figure, supplied)[0].values() for figure in {*shown.values(), *quantities.values()}}
    for name, figure in shown.items():
        if name not in rare:
            control(name, figure, values[figure], place)
    with st.container(horizontal=True):
        if rare:
            with st.popover("More settings"):
                for name, figure in rare.items():
                    control(name, figure, values[figure], place)
        if quantities:
            with st.popover("Type a value", help="Any value, such as 3e9, 3B, 3 billion or 1.5k; and back to the defaults."):
                for name, figure in quantities.items():
                    fields.typed(name, figure.kinds()[name], values[figure], place)  # type: ignore[arg-type]
                every = list({name: None for figure in figures for name in figure.kinds()})
                st.button("Reset to defaults", key=f"{place}:reset-all", on_click=scenario.forget, args=(every,))
    if rare:
        kinds = {name: (figure.kinds()[name], values[figure]) for name, figure in rare.items()}
        with st.container(key=f"chips-{place}".replace("/", "-")):
            st.markdown(
                " ".join(
                    f":gray-badge[{plain(f'{kind.label}: {kind.shown(all_of[name], all_of)}')}]" for name, (kind, all_of) in kinds.items()
                )
            )


def address(values: Mapping[str, Sequence[str]], more: Sequence[str] = ()) -> dict[str, Any]:
    """What the browser writes into the address (`chart.chart`). more: names beside those of the page's parameters.

    The first chart of a run that opened another section adds to the history instead, so that "back" returns to the section before.
    """
    names = [scenario.SECTION, PIN, *st.session_state["page_parameters"], *more]
    return {"names": names, "values": dict(values), "push": st.session_state.pop("query_pushed", False)}


def control(name: str, figure: type[Figure], values: Mapping[str, Any], place: str) -> None:
    """The widget of one parameter, at the reader's value. values: all of the figure."""
    kind = figure.kinds()[name]
    if isinstance(kind, Choice) and len(kind.labels(values)) == 1:
        return  # nothing to choose from
    if isinstance(kind, ModelKind):
        model_field.pick(kind, values[name], place)
    else:
        fields.field(name, kind, values[name], values, place)


def beside_chart(
    figure: type[Figure],
    place: str,
    above: Mapping[str, type[Figure]],
    of: Sequence[type[Figure]] = (),
    wide: bool = False,
    supplied: Supplied = MappingProxyType({}),
    part: Callable[[], None] | None = None,
    run_every: float | None = None,
) -> None:
    """A figure with its controls beside it, and what stands under it. above: parameters of the section, whose controls stand with its first figure.

    of: for the first figure, all figures of the section. part: what the fragment shows, run again after so many seconds; `one_figure` if None.
    The fragment holds the sliders of this figure and its chart, and nothing that they do not change: the browser renders all of it at each
    step. Where the parts stand on a screen is said in pages/components/chart.py.
    """
    has_settings = of and (above or any(isinstance(kind, Quantity) for each in of for kind in each.kinds().values()))
    alone = "" if has_settings or own_names(figure, above, supplied) or part else "alone-"
    with st.container(horizontal=True, key=f"figure-{alone}{slot_of(figure)}"):
        st.fragment(part or partial(one_figure, figure, place, above, wide, supplied), run_every=run_every)()
        if has_settings:
            with st.container(width=CONTROLS, key=f"settings-{slot_of(figure)}"):
                settings(place, of, above, supplied)
    export_row(figure.name)


def own_names(figure: type[Figure], above: Mapping[str, type[Figure]], supplied: Supplied) -> list[str]:
    """The parameters of a figure whose controls stand with it, and not with the settings of its section."""
    return [name for name in figure.kinds() if name not in above and not isinstance(supplied.get(name), Given)]


def slot_of(figure: type[Figure]) -> str:
    """The name of a figure in keys that become classes of the page."""
    return figure.name.replace(".", "-")


def one_figure(
    figure: type[Figure], place: str, above: Mapping[str, type[Figure]], wide: bool = False, supplied: Supplied = MappingProxyType({})
) -> None:
    """The controls of one figure and its chart. A change of anything but this chart runs the whole page again."""
    if st.session_state.get("page_changed"):
        st.rerun()
    own = own_names(figure, above, supplied)
    made, _ = scenario.figure(figure, supplied)
    if own:
        values = made.values()
        with st.container(width=CONTROLS, key=f"controls-{slot_of(figure)}"):
            for name in own:
                control(name, figure, values, f"{place}/{figure.name}")
    with st.container(key=f"drawn-{slot_of(figure)}"):
        stem = place.partition("/")[0]
        section = st.session_state["links"][stem].get(scenario.SECTION, [""])[0]
        query = st.session_state["links"][stem] = scenario.query(st.session_state["page_figures"], section)
        draw(figure.name, made.panel, wide, address(query), made if figure.kinds() else None)


def say_notes(section: Section) -> None:
    """A note for each value that the reader brought and that a figure of the section cannot take."""
    said: dict[str, str] = {}
    for figure in section.figures:
        made, problems = scenario.figure(figure)
        for name in scenario.waits_for(figure.kinds()):
            problems.pop(name, None)  # said where it is asked for
        for name, problem in problems.items():
            kind, asked = figure.kinds()[name], str(scenario.texts()[name])[:40]
            what = problem if isinstance(kind, (Quantity, Text)) else f"{kind.label}: {asked} is not possible here"
            said.setdefault(name, f"{what}; showing {kind.shown(getattr(made, name), made.values())}.")
    for words in said.values():
        st.warning(plain(words), icon=":material/info:")
