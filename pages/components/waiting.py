"""A bar for what takes seconds and is computed once for all readers of this server."""

from collections.abc import Callable, Hashable
from typing import Any

import streamlit as st

from analysis.background.once import Report, Shared


def wait_for(kept: Shared, key: Hashable, work: Callable[[Report], Any], words: str) -> Any:
    """`kept.get(key, work)`, with a bar while it has to be waited for. words: what the bar says until the work says more."""
    return with_bar(lambda show: kept.get(key, work, show), words)


def with_bar(wait: Callable[[Report], Any], words: str) -> Any:
    """wait(show), with a bar once it calls show(done, total, said). words: what the bar says until more is said."""
    bars: list[Any] = []

    def show(done: float, total: float, said: str) -> None:
        share, text = (min(done / total, 1.0) if total else 0.0), said or words
        if bars:
            bars[0].progress(share, text)
        else:
            bars.append(st.progress(share, text))

    try:
        return wait(show)
    finally:
        for bar in bars:
            bar.empty()
