"""Side effects on the whole server process: set once, and off where somebody says so."""

import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TELL = """
import gc, json, sys
from pages.components import tuning
found = [sys.getswitchinterval(), gc.get_freeze_count()]
for _ in range(2):
    tuning.settle()
    found.append(gc.get_freeze_count())
    kept = [[number] for number in range(10_000)]
print(json.dumps(found))
"""


@pytest.mark.parametrize("setting", ["on", "off"])
def test_turns_and_collections_are_tuned_once_and_not_where_they_are_switched_off(setting):
    environment = os.environ | {"TEN_PAPERS_TUNING": setting}
    done = subprocess.run([sys.executable, "-c", TELL], cwd=ROOT, capture_output=True, text=True, check=True, env=environment)
    turn, *frozen = json.loads(done.stdout)
    if setting == "off":
        assert turn == 0.005 and frozen == [0, 0, 0]
    else:
        assert turn == 0.0005 and frozen[0] == 0 and frozen[1] > 1_000 and frozen[2] == frozen[1]


def test_streamlit_is_told_not_to_collect_after_every_run_and_knows_the_setting():
    from streamlit import config

    settings = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text())
    assert settings["runner"]["postScriptGC"] is False and "runner.postScriptGC" in config.get_config_options()
