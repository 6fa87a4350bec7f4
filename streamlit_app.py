"""Start of the dashboard: `streamlit run streamlit_app.py`."""

from pages.components.start import start

start()
