"""The settings of a figure above its chart: what the reader changed, each with a way back, and what they pinned."""

from typing import Any

import streamlit as st

from analysis.charts import pinned
from analysis.charts.figure import Figure
from pages.components import registry, scenario


def bar(figure: Figure) -> dict[str, Any]:
    """What the chart shows of them: the changed parameters with their values, and whether there is something to pin."""
    values, kinds = figure.values(), figure.kinds()
    mine = [name for name in kinds if name in figure.changed() or name in scenario.chosen()]
    changed = [{"name": name, "words": f"{kinds[name].label}: {kinds[name].shown(values[name], values)}{elsewhere(name)}"} for name in mine]
    return {"changed": changed, "pinnable": refusal(figure)}


def elsewhere(name: str) -> str:
    """From which other page a value came, " (from Scaling laws)"; "" where it was changed on this one or came by a link."""
    stem = scenario.places().get(name, "").partition("/")[0]
    titles = {entry.stem: entry.title for entry in registry.ENTRIES}
    return f" (from {titles[stem]})" if stem in titles and stem != st.session_state["page"] else ""


def refusal(figure: Figure) -> str:
    """Why the settings of a figure cannot be pinned, "" where they can."""
    if figure.pinning(()) in figure.pins:
        return "These settings are pinned. Change one to compare."
    if len(figure.pins) >= pinned.MOST:
        return f"There are {pinned.MOST} pins. Take one away to pin another."
    return ""


def act(slot: str, figure: Figure) -> None:
    """Do what was pressed above a chart: pin, take a pin away, or take back one setting or all of the figure's."""
    asked = st.session_state[f"chart-{slot}"].get("act") or {}
    if asked.get("do") == "pin":
        scenario.pin(figure)
    elif asked.get("do") == "unpin":
        scenario.unpin(figure.name, int(asked["at"]))
    elif asked.get("do") == "reset":
        names = list(figure.kinds())
        scenario.forget([name for name in names if asked.get("name") in (name, None)])
