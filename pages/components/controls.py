"""Widgets whose values live in the address of the page: a link restores every control, and switching pages keeps them.

Each control binds a Streamlit widget to the query parameter named by its key, remembers it for the page's link, and
shows a note where the address held a value that could not be used.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

import streamlit as st
from streamlit import config

from pages.components.markdown import plain

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
    """Scheme, host, port and base path under which the reader sees this server, without a page; "" where it is not known."""
    url = st.context.url or ""
    scheme, separator, rest = url.partition("://")
    host = rest.split("/")[0]
    return f"{scheme}{separator}{host}{base_path()}" if host else ""


def base_path() -> str:
    """The path below which the server stands, "" or with a slash in front."""
    path = str(config.get_option("server.baseUrlPath") or "").strip("/")
    return f"/{path}" if path else ""


def choice(key: str, label: str, options: Mapping[str, str] | Sequence[str], default: str, *, help: str | None = None) -> str:
    """A drop-down; options maps what is returned to what is shown, and what is shown stands in the address."""
    shown = _shown(options)
    _note_bad_value(key, label, lambda values: len(values) == 1 and values[0] in shown.values(), shown[default])
    index = list(shown).index(default)
    value = st.selectbox(label, list(shown), index, format_func=shown.__getitem__, key=key, help=help, **BOUND)
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


def text(key: str, label: str, default: str = "", *, max_chars: int, placeholder: str = "", help: str | None = None) -> str:
    """A line of text, without blanks around it."""
    _note_bad_value(key, label, lambda values: len(values) == 1 and len(values[0]) <= max_chars, default or "nothing")
    value = st.text_input(label, default, max_chars, key=key, placeholder=placeholder, help=help, **BOUND) or ""
    value = value.strip()
    return _remember(key, [value], [default], value)


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
