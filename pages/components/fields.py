"""The widget of each kind of parameter. Its value lives in the scenario; the widget shows it and hands changes back."""

import math
from collections.abc import Callable, Mapping
from typing import Any

import streamlit as st

from analysis import gpus
from analysis.charts.parameters import Choice, Choices, Data, Given, Kind, Quantity, Switch, Text
from analysis.charts.subjects import GpuKind
from analysis.gpus import BOUNDS, OWN
from pages.components import scenario
from pages.components.markdown import plain

FEW = 5
"""Options that stand side by side as buttons; more are a list to pick from."""
SHORT = 60
"""Signs of all their labels together, at most."""


def field(name: str, kind: Kind, value: Any, earlier: Mapping[str, Any], place: str) -> None:
    """Show the widget of a parameter at its value.

    earlier: the values of the parameters before it. place: page, section and figure, unique for each widget that is on the page.
    """
    key = f"{place}:{name}"
    for of, widget in WIDGETS.items():
        if isinstance(kind, of) and (of is not Quantity or kind.ladder() is not None):  # type: ignore[attr-defined]
            widget(key, name, kind, value, earlier)
            return
    _slider(key, name, kind, value, earlier)  # type: ignore[arg-type]


def _take(key: str, name: str, kind: Kind) -> None:
    """A widget was moved. A slider that stands with one figure changes nothing but its chart."""
    value = st.session_state[key]
    if value is not None:
        scenario.change(name, kind.key(value), place_of(key))
        if on_a_slider(kind) and place_of(key).count("/") > 1:
            st.session_state["page_changed"] = False


def on_a_slider(kind: Kind) -> bool:
    """Whether the widget of a parameter is a slider."""
    return isinstance(kind, Quantity) or (isinstance(kind, Choice) and kind.ordered)


def place_of(key: str) -> str:
    """Page and section of a widget."""
    return key.partition(":")[0]


def at(key: str, value: Any, argument: str = "value") -> dict[str, Any]:
    """What puts a widget where its value is, as an argument of it where it is new or stands there.

    Where the value has changed elsewhere the state of the widget is set instead; doing that at every run would disturb a hand that is moving it.
    """
    if key in st.session_state and st.session_state[key] != value:
        st.session_state[key] = value
        return {}
    return {argument: value}


def _common(key: str, name: str, kind: Kind) -> dict[str, Any]:
    return {"key": key, "help": kind.help or None, "on_change": _take, "args": (key, name, kind)}


def _ladder(key: str, name: str, kind: Quantity, value: float, earlier: Mapping[str, Any]) -> None:
    stops = kind.ladder() or []
    if value not in stops:
        stops = sorted([*stops, kind.number(value)])
    common = _common(key, name, kind) | at(key, kind.number(value))
    st.select_slider(kind.label, stops, format_func=lambda stop: kind.shown(stop, earlier), **common)


def _slider(key: str, name: str, kind: Quantity, value: float, earlier: Mapping[str, Any]) -> None:
    low, high, step = (kind.number(end) for end in (kind.low, kind.high, kind.step))
    digits = len(f"{kind.step:g}".partition(".")[2])
    number = "%,d" if kind.whole else f"%.{digits}f"
    form = "percent" if kind.unit == "share" else f"{number} {kind.unit}".rstrip()
    st.slider(kind.label, low, high, step=step, format=form, **_common(key, name, kind), **at(key, kind.number(value)))


def _one(key: str, name: str, kind: Choice, value: Any, earlier: Mapping[str, Any]) -> None:
    labels = kind.labels(earlier)
    if kind.ordered:
        st.select_slider(kind.label, list(labels), format_func=labels.__getitem__, **_common(key, name, kind) | at(key, value))
    else:
        pick(kind.label, labels, value, **_common(key, name, kind))


def pick(label: str, labels: Mapping[Any, str], value: Any, *, key: str, **more: Any) -> None:
    """Buttons for few options, a list to pick from for many, with one of them chosen. labels: by option."""
    options = list(labels)
    if len(labels) <= FEW and sum(map(len, labels.values())) <= SHORT:
        stands = at(key, value, "default")
        st.segmented_control(label, options, format_func=labels.__getitem__, required=True, wrap=True, key=key, **more, **stands)
    else:
        index: dict[str, Any] = {"index": options.index(value)} if at(key, value) else {}
        st.selectbox(label, options, format_func=labels.__getitem__, key=key, **more, **index)


def _several(key: str, name: str, kind: Choices, value: tuple, earlier: Mapping[str, Any]) -> None:
    labels = kind.labels(earlier)
    common = _common(key, name, kind) | at(key, list(value), "default")
    placeholder = kind.empty if kind.empty != "none" else None
    st.multiselect(kind.label, list(labels), format_func=labels.__getitem__, placeholder=placeholder, **common)


def _data(key: str, name: str, kind: Data, value: Given, earlier: Mapping[str, Any]) -> None:
    def take() -> None:
        scenario.change(name, st.session_state[key], place_of(key))

    labels, stands = kind.labels(), at(key, "own" if scenario.is_own(name) else value.key, "default")
    more: dict[str, Any] = {"key": key, "help": kind.help or None, "on_change": take}
    st.segmented_control(kind.label, list(labels), format_func=labels.__getitem__, required=True, wrap=True, **more, **stands)


def _switch(key: str, name: str, kind: Switch, value: bool, earlier: Mapping[str, Any]) -> None:
    st.toggle(kind.label, **_common(key, name, kind), **at(key, value))


def _text(key: str, name: str, kind: Text, value: str, earlier: Mapping[str, Any]) -> None:
    """A field for a text. What cannot be used is said under it, and stays to be mended."""
    notes = st.session_state.setdefault("typed_notes", {})
    stands = {} if key in notes else at(key, value)

    def take() -> None:
        notes.pop(key, None)
        try:
            scenario.change(name, kind.key(kind.read(st.session_state[key] or "", earlier)), place_of(key))
        except ValueError as problem:
            notes[key] = str(problem)

    st.text_input(
        kind.label, key=key, max_chars=kind.longest, placeholder=kind.placeholder, help=kind.help or None, on_change=take, **stands
    )
    if note := notes.get(key):
        st.error(plain(note), icon=":material/error:")


def _gpu(key: str, name: str, kind: GpuKind, value: gpus.Gpu, earlier: Mapping[str, Any]) -> None:
    own = value.id == "own"

    def take() -> None:
        picked = st.session_state[key]
        text = picked if picked != OWN else gpus.key_of(gpus.as_own(value))
        scenario.change(name, text, place_of(key))

    pick(kind.label, gpus.labels() | {OWN: "my GPU"}, OWN if own else value.id, key=key, help=kind.help, on_change=take)
    if own:
        with st.popover("Edit my GPU"):
            for bound, (words, low, high, scale) in BOUNDS.items():
                _own_gpu_number(f"{key}:{bound}", name, bound, value, words, low / scale, high / scale, scale)


def _own_gpu_number(key: str, name: str, bound: str, value: gpus.Gpu, words: str, low: float, high: float, scale: float) -> None:
    now = getattr(value, bound)

    def take() -> None:
        changed = st.session_state[key]
        scenario.change(name, gpus.key_of(gpus.with_own(value, bound, math.nan if changed is None else changed * scale)), place_of(key))

    stands: dict[str, Any] = {"value": None} | at(key, None if math.isnan(now) else now / scale)
    st.number_input(f"{words[0].upper()}{words[1:]} ({gpus.UNITS[bound]})", low, high, format="%.4g", key=key, on_change=take, **stands)


WIDGETS: dict[type[Kind], Callable] = {
    Quantity: _ladder,
    Choices: _several,
    Choice: _one,
    Switch: _switch,
    Text: _text,
    Data: _data,
    GpuKind: _gpu,
}
"""The widget of each kind, the more special kind first. A quantity with even steps has another one (`_slider`)."""


def typed(name: str, kind: Quantity, earlier: Mapping[str, Any], place: str) -> None:
    """A field to type any value of a quantity into. What cannot be used is said under it, and stays to be mended."""
    key = f"{place}:typed:{name}"
    low, high = (kind.shown(end, earlier) for end in (kind.low, kind.high))

    def take() -> None:
        text = (st.session_state[key] or "").strip()
        notes = st.session_state.setdefault("typed_notes", {})
        notes.pop(key, None)
        if not text:
            return
        try:
            scenario.change(name, kind.key(kind.read(text, earlier)), place_of(key))
            st.session_state[key] = ""
        except ValueError as problem:
            notes[key] = str(problem)

    st.text_input(kind.label, key=key, max_chars=40, placeholder=f"{low} to {high}", on_change=take, help=kind.help or None)
    if note := st.session_state.get("typed_notes", {}).get(key):
        st.error(plain(note), icon=":material/error:")
