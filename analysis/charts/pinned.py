"""A figure beside settings of it that a reader pinned: what differs, by how much, and the rows of all."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pandas as pd

from analysis import units
from analysis.charts.panel import Headline, Panel

if TYPE_CHECKING:
    from analysis.charts.figure import Figure

MOST = 3
"""Pins of a figure."""
SHOWN = 3
"""Settings that name a pin, at most."""
LEGEND = 44
"""Signs of a pin's name in a legend, beyond which it is cut."""
TIMES = 2.0
"""From this ratio on, "times as much" is said beside the percent."""
SAME = 1e-9
ABSOLUTE = {
    **dict.fromkeys(("%", "percent", "points"), (1.0, "points")),
    "share": (100.0, "points"),
    **{unit: (1.0, unit) for unit in ("Elo points", "nats", "bits", "standard deviations")},
}
"""Units whose quantities differ by an amount and not by a share: what it is multiplied by, and what it is called."""


def labels(figure: "Figure", pins: Sequence["Figure"]) -> list[str]:
    """What names each pin: its settings that are not the same in the figure and in all of its pins; "as now" where there are none.

    >>> from analysis import catalogue
    >>> now, pinned = (catalogue.asked_for(f"attention.cache?context_len={tokens}") for tokens in (8192, 4096))
    >>> labels(now, [pinned])
    ['Context length: 4,096 tokens']
    """
    kinds = figure.kinds()
    apart = [name for name, kind in kinds.items() if len({kind.key(getattr(each, name)) for each in (figure, *pins)}) > 1]
    found = []
    for pin in pins:
        values = pin.values()
        words = [f"{kinds[name].label}: {kinds[name].shown(values[name], values)}" for name in apart]
        more = [f"and {len(words) - SHOWN} more"] if len(words) > SHOWN else []
        found.append("; ".join([*words[:SHOWN], *more]) or "as now")
    return found


def in_legends(names: Sequence[str]) -> list[str]:
    """How pins are called in a legend, numbered where there are several: the first setting of a long name stands for all.

    >>> in_legends(["Program: PEFT; Optimiser: AdamW; Context length: 4,096 tokens"]), in_legends(["Batch size: 1", "Batch size: 2"])
    (['Pinned (Program: PEFT; …)'], ['Pinned 1 (Batch size: 1)', 'Pinned 2 (Batch size: 2)'])
    """
    short = [name if len(name) <= LEGEND else f"{name.partition('; ')[0]}; …" for name in names]
    return [f"Pinned{f' {number}' if len(names) > 1 else ''} ({name})" for number, name in enumerate(short, start=1)]


def differences(now: Sequence[Headline], pinned: Sequence[Headline]) -> list[str]:
    """How each quantity of a title differs from that of a pinned one, in words; quantities that only one of them has are left out.

    >>> differences([Headline("KV cache", 2e9, "bytes", "2 GB")], [Headline("KV cache", 5e8, "bytes", "500 MB")])
    ['KV cache 2 GB, pinned 500 MB: 4 times as much (+300%)']
    >>> differences([Headline("accuracy", 0.405, "share", "40.5%")], [Headline("accuracy", 0.46, "share", "46%")])
    ['accuracy 40.5%, pinned 46%: 5.5 points less']
    """
    before = {headline.name: headline for headline in pinned}
    return [
        f"{each.name} {each.text}, {_difference(each, before[each.name])}"
        for each in now
        if each.name in before and each.unit == before[each.name].unit
    ]


def _difference(now: Headline, pinned: Headline) -> str:
    """One quantity against a pinned one."""
    if abs(now.value - pinned.value) <= SAME * abs(pinned.value) or now.text == pinned.text:
        return "as pinned"
    words = f"pinned {pinned.text}"
    more = "more" if now.value > pinned.value else "less"
    if now.unit in ABSOLUTE:
        scale, name = ABSOLUTE[now.unit]
        return f"{words}: {units.significant(scale * abs(now.value - pinned.value))} {name} {more}"
    if min(now.value, pinned.value) <= 0:
        return words
    ratio = now.value / pinned.value
    percent = f"{units.significant(100 * abs(ratio - 1), 2)}%"
    if ratio >= TIMES:
        return f"{words}: {units.significant(ratio, 2)} times as much (+{percent})"
    return f"{words}: {percent} {more}"


def sentence(label: str, now: Panel, pinned: Panel) -> str:
    """What a pin is, and how the numbers of the title differ from its: "Pinned, context length: 4,096 tokens: ..."."""
    found = differences(now.headline, pinned.headline)
    return f"Pinned ({label}): {'; '.join(found)}." if found else f"Pinned ({label})."


def beside(panel: Panel, pins: Sequence[Panel], names: Sequence[str]) -> Panel:
    """A panel with the rows, the settings and the differences of pinned ones. names: of the pins."""
    said = [sentence(name, panel, pin) for name, pin in zip(names, pins, strict=True)]
    parts: list[Mapping[str, Any] | pd.DataFrame] = [{**_columns(part), "pinned": ""} for part in panel.parts]
    parts += [{**_columns(part), "pinned": name} for name, pin in zip(names, pins, strict=True) for part in pin.parts]
    return replace(
        panel,
        parts=parts,
        pinned=tuple(said),
        caption=" ".join([*said, panel.caption]),
        alt=" ".join([panel.alt, *said]),
        settings={**panel.settings, **{f"Pinned {number}": name for number, name in enumerate(names, start=1)}},
        sources=tuple({source.source_id: source for each in (*reversed(pins), panel) for source in each.sources}.values()),
    )


def _columns(part: Mapping[str, Any] | pd.DataFrame) -> Mapping[str, Any]:
    return {name: part[name] for name in part} if isinstance(part, pd.DataFrame) else part
