"""Whether this server gives figures at addresses of their own (pages/served/dashboard.py)."""

given = False
"""`streamlit run streamlit_app.py` opens the pages alone."""
