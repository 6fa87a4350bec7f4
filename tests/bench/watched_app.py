"""The app named by BENCH_APP as it is; with ?objects in the address instead the number of objects that Python's collector knows.

What the server writes to its standard error goes to the file BENCH_LOG, if that is set.
"""

import gc
import os
import runpy
import sys
from collections import Counter

import streamlit as st

if os.environ.get("BENCH_LOG") and not hasattr(sys, "bench_log"):
    sys.bench_log = os.open(os.environ["BENCH_LOG"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(sys.bench_log, 2)

if "objects" in st.query_params:
    gc.collect()
    known = gc.get_objects()
    st.text(f"{len(known) + gc.get_freeze_count()}")
    st.text("\n".join(f"{name} {count}" for name, count in Counter(type(item).__name__ for item in known).most_common(40)))
else:
    runpy.run_path(os.environ["BENCH_APP"], run_name="__main__")
