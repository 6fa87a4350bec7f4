"""The texts of tests/test_markdown.py as they stand and made plain, and made plain in every place where pages put text of others."""

import streamlit as st

from pages.components.markdown import plain
from tests.test_markdown import CHANCE, FIRST, WITHIN

for number, text in enumerate([*FIRST, *WITHIN, *CHANCE]):
    with st.container(key=f"plain-{number}"):
        st.markdown(plain(text))
for number, text in enumerate([*FIRST, *WITHIN]):
    with st.container(key=f"raw-{number}"):
        st.markdown(text)
for number, text in enumerate(WITHIN):
    with st.container(key=f"places-{number}"):
        st.error(f"Refused: {plain(text)}", icon=":material/error:")
        st.caption(f"**{plain(text)}**, [{plain(text)}](scaling)")
        st.markdown(f"| a | b |\n|---|---|\n| {plain(text)} | :material/check: {plain(text)} |")
        st.progress(0.5, text=plain(text))
        st.button(plain(text), key=f"button-{number}")
