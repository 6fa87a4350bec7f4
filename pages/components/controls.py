"""Widgets whose values live in the address of the page: a link restores every control, and switching pages keeps them.

Each control binds a Streamlit widget to the query parameter named by its key, remembers it for the page's link, and
shows a note where the address held a value that could not be used.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar
from urllib.parse import urlencode

import streamlit as st

from pages.components.markdown import plain

Number = TypeVar("Number", int, float)
BOUND: Any = {"bind": "query-params", "persist_state": "session"}


def begin(stem: str) -> None:
    """Start a page: its controls register under this stem until the next page starts."""
    st.session_state["page"] = stem
    st.session_state.setdefault("links", {}).setdefault(stem, {})


def address(stem: str, links: Mapping[str, Mapping[str, list[str]]], origin: str | None = None) -> str:
    """The address of page `stem` with the parameters that links holds for it, e.g. "http://localhost:8501/scaling?delta=0.01"."""
    query = urlencode(links.get(stem, {}), doseq=True)
    origin = server_origin() if origin is None else origin
    return f"{origin}/{stem}" + (f"?{query}" if query else "")


def server_origin() -> str:
    """Scheme, host and port under which the reader sees this server, without a page; "" where it is not known."""
    url = st.context.url or ""
    scheme, separator, rest = url.partition("://")
    host = rest.split("/")[0]
    return f"{scheme}{separator}{host}" if host else ""


def row():
    """A place for controls that stand side by side, as many as there is room for; used in a `with` statement.

    The browser renders four elements less for it than for two of Streamlit's columns (docs/performance.md).
    """
    return st.container(horizontal=True, vertical_alignment="bottom")


def slider(
    key: str, label: str, low: float, high: float, default: Number, step: float, *, format: str | None = None, help: str | None = None
) -> Number:
    """A slider between low and high; default, step and the value share one number type.

    Whole numbers from a thousand on stand with their commas on it, as everywhere; the address holds them without.
    """
    kind = type(default)
    if format is None and kind is int and high >= 1000:
        format = "%,d"  # Streamlit's front end knows the comma, Python's % does not

    def usable(values: list[str]) -> bool:
        return len(values) == 1 and low <= kind(values[0]) <= high

    _note_bad_value(key, label, usable, number_text(default))
    value = st.slider(label, kind(low), kind(high), default, kind(step), format=format, key=key, help=help, **BOUND)
    if not (low <= value <= high):  # a value such as "nan" passes Streamlit's own check
        value = default
    return _remember(key, [number_text(value)], [number_text(default)], value)


def power_of_ten(key: str, label: str, low: float, high: float, default: float, step: float = 0.05) -> float:
    """A slider over an exponent; returns ten to it."""
    return 10.0 ** slider(key, f"{label} (power of ten)", low, high, default, step, format="10^%.2f")


def level(key: str) -> float:
    """A slider over the level of intervals."""
    return slider(key, "Level of the intervals (%)", 50, 99, 95, 1, format="%d%%") / 100


def choice(key: str, label: str, options: Mapping[str, str] | Sequence[str], default: str, *, help: str | None = None) -> str:
    """A drop-down; options maps what is returned to what is shown, and what is shown stands in the address."""
    shown = _shown(options)
    _note_bad_value(key, label, lambda values: len(values) == 1 and values[0] in shown.values(), shown[default])
    index = list(shown).index(default)
    value = st.selectbox(label, list(shown), index, format_func=shown.__getitem__, key=key, help=help, **BOUND)
    return _remember(key, [shown[value]], [shown[default]], value)


def steps(key: str, label: str, values: Sequence[int], default: int, *, help: str | None = None) -> int:
    """A slider over whole numbers that are not evenly spaced; the numbers stand with their commas on it and in the address."""
    shown = {value: f"{value:,}" for value in values}
    _note_bad_value(key, label, lambda texts: len(texts) == 1 and texts[0] in shown.values(), shown[default])
    value = st.select_slider(label, list(shown), default, format_func=shown.__getitem__, key=key, help=help, **BOUND)
    return _remember(key, [shown[value]], [shown[default]], value)


def switch(key: str, label: str, options: Mapping[str, str] | Sequence[str], default: str, *, help: str | None = None) -> str:
    """A row of exclusive buttons, for few options; like `choice` otherwise."""
    shown = _shown(options)
    _note_bad_value(key, label, lambda values: len(values) == 1 and values[0] in shown.values(), shown[default])
    value = st.segmented_control(
        label, list(shown), default=default, format_func=shown.__getitem__, key=key, help=help, required=True, wrap=True, **BOUND
    )
    value = default if value is None else value
    return _remember(key, [shown[value]], [shown[default]], value)


def choices(
    key: str, label: str, options: Mapping[str, str] | Sequence[str], default: Sequence[str], *, help: str | None = None
) -> list[str]:
    """A list from which several can be picked, in the order of the options."""
    shown = _shown(options)
    _note_bad_value(
        key, label, lambda values: all(value in shown.values() for value in values if value), ", ".join(shown[d] for d in default) or "none"
    )
    picked = st.multiselect(label, list(shown), list(default), format_func=shown.__getitem__, key=key, help=help, **BOUND)
    picked = [option for option in shown if option in picked]
    return _remember(key, [shown[value] for value in picked] or [""], [shown[value] for value in default] or [""], picked)


def toggle(key: str, label: str, default: bool, *, help: str | None = None) -> bool:
    """An on-off switch."""
    _note_bad_value(key, label, lambda values: len(values) == 1 and values[0].lower() in ("true", "false"), str(default).lower())
    value = st.toggle(label, default, key=key, help=help, **BOUND)
    return _remember(key, [str(value).lower()], [str(default).lower()], value)


def number(
    key: str, label: str, low: float, high: float, default: Number, step: float, *, format: str | None = None, help: str | None = None
) -> Number:
    """A number typed in, between low and high."""
    kind = type(default)

    def usable(values: list[str]) -> bool:
        return len(values) == 1 and low <= kind(values[0]) <= high

    _note_bad_value(key, label, usable, number_text(default))
    value = st.number_input(label, kind(low), kind(high), default, kind(step), format=format, key=key, help=help, **BOUND)
    if not (low <= value <= high):
        value = default
    return _remember(key, [number_text(value)], [number_text(default)], value)


def text(key: str, label: str, default: str = "", *, max_chars: int, placeholder: str = "", help: str | None = None) -> str:
    """A line of text, without blanks around it."""
    _note_bad_value(key, label, lambda values: len(values) == 1 and len(values[0]) <= max_chars, default or "nothing")
    value = st.text_input(label, default, max_chars, key=key, placeholder=placeholder, help=help, **BOUND) or ""
    value = value.strip()
    return _remember(key, [value], [default], value)


def number_text(value: float) -> str:
    """A number as it stands in the address: whole numbers without a decimal point.

    >>> number_text(20.0), number_text(0.001)
    ('20', '0.001')
    """
    return str(int(value)) if math.isfinite(value) and value == int(value) and abs(value) < 1e15 else str(value)


def _shown(options: Mapping[str, str] | Sequence[str]) -> dict[str, str]:
    return dict(options) if isinstance(options, Mapping) else {option: option for option in options}


def _note_bad_value(key: str, label: str, usable, default: str) -> None:
    """Show a note while the control stands where a bad value in the address has left it."""
    notes = st.session_state.setdefault("notes", {})
    if key not in st.session_state and key in st.query_params:
        values = st.query_params.get_all(key)
        try:
            fine = usable(values)
        except ValueError:
            fine = False
        if not fine:
            notes[key] = f"The link asked for {label} = {', '.join(values)[:60]!r}, which is not possible here; showing {default}."
    if key in notes:
        st.warning(plain(notes[key]), icon=":material/link_off:")
        notes.pop(key) if st.session_state.get(f"noted:{key}") else None
        st.session_state[f"noted:{key}"] = True


def _remember(key: str, value: list[str], default: list[str], result: Any) -> Any:
    parameters = st.session_state["links"][st.session_state["page"]]
    if value == default:
        parameters.pop(key, None)
    else:
        parameters[key] = value
    return result
