"""The floor: an empty Streamlit page with one slider and one small chart."""

import plotly.graph_objects as go
import streamlit as st

factor = st.slider("Factor", 0, 100, 50)
x = list(range(20))
st.plotly_chart(go.Figure(go.Scatter(x=x, y=[factor * value for value in x])))
