"""A page with one control of each kind, for tests/test_controls.py; what each returns stands on the page too."""

import streamlit as st

from pages.components import controls

WORDS = {"one": "First", "two": "Second", "three": "Third"}

controls.begin("kinds")
st.session_state["returned"] = {
    "switch": controls.switch("switch", "Switch", WORDS, "one"),
    "choice": controls.choice("choice", "Choice", WORDS, "one"),
    "choices": controls.choices("choices", "Choices", WORDS, ["one"]),
    "choices_none": controls.choices("choices_none", "Choices, none at first", WORDS, []),
    "choices_two": controls.choices("choices_two", "Choices, two at first", WORDS, ["one", "three"]),
    "text": controls.text("text", "Text", "before", max_chars=40),
}
st.text(" ".join(f"{name}={value}" for name, value in st.session_state["returned"].items()))
