"""The same empty page with this project's settings and its collection after each run."""

import runpy
from pathlib import Path

from pages.components import tuning

runpy.run_path(str(Path(__file__).with_name("empty_app.py")))
tuning.settle()
