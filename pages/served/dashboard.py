"""The dashboard with the addresses of `pages/served/routes.py` beside its pages: `ten-papers run`, `make run`.

`streamlit run streamlit_app.py` starts the pages alone.
"""

import sys
from pathlib import Path

import streamlit as st

ROOT = Path(__file__).resolve().parents[2]
if Path.cwd() != ROOT:
    sys.exit(f"Start the dashboard in the folder that holds its settings: cd {ROOT}")
sys.path.insert(0, str(ROOT))

from pages.components import addresses  # noqa: E402 - found only from here on
from pages.served.routes import routes  # noqa: E402

try:
    app = st.App(ROOT / "streamlit_app.py", routes=routes())
except ValueError as problem:  # of an environment variable
    sys.exit(str(problem))
addresses.given = True
