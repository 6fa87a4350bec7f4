"""What this project changes in its whole server process, to answer sliders sooner. `TEN_PAPERS_TUNING=off` leaves it out.

- Turns between Python's threads take 0.5 ms instead of 5: the thread that sends waits for the one that computes at each of the several
  messages of an answer. A step of the heaviest section took the server 17 instead of 20 ms, and with twenty readers 15 instead of 22.
- What the imports have made is set aside once (`settle`), so that no collection walks over it. Streamlit's own collection after every run
  is switched off in .streamlit/config.toml (`runner.postScriptGC`): it takes longer than most runs. Python collects by itself.

docs/performance.md has the measurements.
"""

import gc
import os
import sys

ON = os.environ.get("TEN_PAPERS_TUNING", "on") != "off"
TURN_SECONDS = 0.0005

_settled = False

if ON:
    sys.setswitchinterval(TURN_SECONDS)


def settle() -> None:
    """Collect garbage and set aside what is left, once in a process: after the first page, when everything large is imported."""
    global _settled  # noqa: PLW0603 - one flag per server process
    if ON and not _settled:
        _settled = True
        gc.collect()
        gc.freeze()
