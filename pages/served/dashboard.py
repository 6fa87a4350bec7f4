"""The dashboard with the addresses of `pages/served/routes.py` beside its pages: `ten-papers run`, `make run`.

`streamlit run streamlit_app.py` starts the pages alone.
"""

import sys
from pathlib import Path

import streamlit as st
from starlette.middleware import Middleware
from streamlit.runtime.pages_manager import PagesManager

ROOT = Path(__file__).resolve().parents[2]
if Path.cwd() != ROOT:
    sys.exit(f"Start the dashboard in the folder that holds its settings: cd {ROOT}")
sys.path.insert(0, str(ROOT))

from pages.components import addresses  # noqa: E402 - found only from here on
from pages.served.early import Early  # noqa: E402
from pages.served.routes import routes  # noqa: E402

# The pages are declared, and are no files of a folder `pages` that Streamlit looks for itself: it would run the first one that a fresh
# server is asked for alone, imports and all, before the menu.
PagesManager.uses_pages_directory = False
try:
    app = st.App(ROOT / "streamlit_app.py", routes=routes(), middleware=[Middleware(Early)])
except ValueError as problem:  # of an environment variable
    sys.exit(str(problem))
addresses.given = True
