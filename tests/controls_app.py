"""A page with one control of each kind, for tests/test_controls.py; what each returns stands on the page too."""

import streamlit as st

from pages.components import controls

WORDS = {"one": "First", "two": "Second", "three": "Third"}

controls.begin("kinds")
st.session_state["returned"] = {
    "toggle_on": controls.toggle("toggle_on", "Toggle that is on", True),
    "toggle_off": controls.toggle("toggle_off", "Toggle that is off", False),
    "switch": controls.switch("switch", "Switch", WORDS, "one"),
    "choice": controls.choice("choice", "Choice", WORDS, "one"),
    "choices": controls.choices("choices", "Choices", WORDS, ["one"]),
    "choices_none": controls.choices("choices_none", "Choices, none at first", WORDS, []),
    "choices_two": controls.choices("choices_two", "Choices, two at first", WORDS, ["one", "three"]),
    "slider": controls.slider("slider", "Slider", 0.0, 1.0, 0.5, 0.1),
    "slider_whole": controls.slider("slider_whole", "Slider over whole numbers", 0, 5000, 2000, 500),
    "power": controls.power_of_ten("power", "Power", 1.0, 3.0, 2.0, 0.5),
    "level": controls.level("level"),
    "steps": controls.steps("steps", "Steps", (10, 1000, 4096), 1000),
    "number": controls.number("number", "Number", 0.0, 10.0, 5.0, 0.5),
    "number_whole": controls.number("number_whole", "Whole number", 1, 100, 8, 1),
    "text": controls.text("text", "Text", "before", max_chars=40),
}
st.text(" ".join(f"{name}={value}" for name, value in st.session_state["returned"].items()))
