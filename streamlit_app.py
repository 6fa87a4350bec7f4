"""Start of the dashboard: `streamlit run streamlit_app.py`."""

from pages.components import frame

frame.start()
