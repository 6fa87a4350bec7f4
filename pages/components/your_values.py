"""The values that follow the reader from page to page, editable in one place on every page."""

import streamlit as st

from analysis.charts import shared_parameters
from analysis.charts.figure import Figure
from analysis.charts.parameters import Choice, Data
from analysis.charts.subjects import ModelKind
from pages.components import fields, model_field, scenario, title
from pages.components.markdown import plain

PLACE = "values"
"""Where these controls stand, in keys and in `scenario.places`."""
SHARED: dict[str, str] = {name.lower(): getattr(shared_parameters, name).label for name in shared_parameters.__all__ if name != "BITS"}
"""Labels of the parameters that mean the same on every page, by name."""


def known() -> dict[str, type[Figure]]:
    """A figure for each parameter of the pages that were shown in this session, by name."""
    return st.session_state.setdefault("values_figures", {})


def bar() -> None:
    """A button that opens the values which the reader changed, each with its control, and more to set for all pages."""
    with st.popover(**title.VALUES, key="values", on_change="rerun", help="Values that you change hold on every page.") as opened:
        if opened.open:
            listed()


def listed() -> None:
    """The controls of the values that the reader changed, and of one more."""
    mine = [name for name in scenario.chosen() if name in known()]
    if not mine:
        st.markdown("Nothing is changed. A value that you change on one page holds on every page that has it; here they stand together.")
    for name in mine:
        with st.container(horizontal=True, vertical_alignment="bottom"):
            with st.container():
                control(name, known()[name])
            st.button("Reset", key=f"{PLACE}:reset:{name}", on_click=scenario.forget, args=([name],))
    more = {name: label for name, label in SHARED.items() if name not in mine}
    st.selectbox(
        "Set for all pages", list(more), None, format_func=more.__getitem__, placeholder="Choose a value", key=f"{PLACE}:add", on_change=add
    )
    if mine or any(scenario.pins().values()):
        st.button(
            "Reset everything",
            key=f"{PLACE}:reset",
            on_click=scenario.forget_all,
            help="All values back to their defaults, and all pins away.",
        )


def control(name: str, figure: type[Figure]) -> None:
    """The widget of one parameter."""
    values = scenario.figure(figure)[0].values()
    kind = figure.kinds()[name]
    if isinstance(kind, ModelKind):
        model_field.pick(kind, values[name], PLACE)
    elif isinstance(kind, Data) or (isinstance(kind, Choice) and len(kind.labels(values)) == 1):
        st.markdown(plain(f"{kind.label}: {kind.shown(values[name], values)}"))
    else:
        fields.field(name, kind, values[name], values, PLACE)


def add() -> None:
    """Take up a shared parameter, at the default of the first figure that has it."""
    from analysis import catalogue  # all figures: only when asked for

    name = st.session_state[f"{PLACE}:add"]
    if name is None:
        return
    st.session_state[f"{PLACE}:add"] = None
    figure = known().get(name) or next(figure for figure in catalogue.figures().values() if name in figure.kinds())
    known()[name] = figure
    made, _ = scenario.figure(figure)
    scenario.change(name, figure.kinds()[name].key(getattr(made, name)), PLACE)
