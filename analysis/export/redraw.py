"""Slides drawn again from the declarations of their figures, with what has changed in them since."""

import pandas as pd

from analysis import uploads
from analysis.charts.panel import Panel
from analysis.export.slide import Shown, Slide

NEAR = 1e-9
"""Numbers that differ by less than this share of their size are the same."""


def redrawn(slides: list[Slide]) -> tuple[list[Slide], list[str]]:
    """(slides, what changed): figures drawn from the tables and formulas of today, and one sentence for each that is not as it was.

    Titles that a reader typed stay. A figure that rests on data of its reader, or that there is no more, stays as it was stored, and a
    sentence says so.
    """
    found: list[Slide] = []
    said: list[str] = []
    for number, slide in enumerate(slides, start=1):
        figures = []
        for shown in slide.figures:
            figure, words = _redrawn(shown)
            figures.append(figure)
            if words and slide.title and slide.title != shown.panel.title and figure is not shown:
                words += " The slide's title is your own: see whether it still holds."
            said += [f"Slide {number}, {shown.panel.name}: {words}"] if words else []
        found.append(Slide(tuple(figures), slide.title, slide.above, slide.text, slide.note))
    return found, said


def _redrawn(shown: Shown) -> tuple[Shown, str]:
    from analysis import catalogue

    before = shown.panel
    if not before.address:
        return shown, "kept as it was stored: the file does not say how to draw it again."
    try:
        now = catalogue.asked_for(before.address).panel()
    except (ValueError, ArithmeticError) as problem:
        return shown, f"kept as it was stored: {uploads.clip(problem, 200).rstrip('.')}."
    return Shown(now, shown.link), changes(before, now)


def changes(before: Panel, now: Panel) -> str:
    """What is different in a figure's numbers and title, as one or two sentences; "" where nothing is.

    >>> from analysis import catalogue
    >>> panel = catalogue.panel("moe.intuition")
    >>> changes(panel, panel)
    ''
    """
    said = [_changed_rows(before.data, now.data)]
    if before.title != now.title:
        said.append(f"The title was “{before.title}” and is “{now.title}”.")
    return " ".join(filter(None, said))


def _changed_rows(before: pd.DataFrame, now: pd.DataFrame) -> str:
    before, now = before.set_axis(before.columns.map(str), axis=1), now.set_axis(now.columns.map(str), axis=1)
    columns = [name for name in before.columns if name in now.columns]
    if len(before) != len(now):
        return f"The table has {len(now):,} rows; it had {len(before):,}."
    numbers = [name for name in columns if pd.api.types.is_numeric_dtype(now[name]) and not pd.api.types.is_bool_dtype(now[name])]
    changed = [(name, *_differences(before[name], now[name])) for name in numbers]
    count = sum(len(old) for _, old, _ in changed)
    if not count:
        return ""
    name, old, new = next(found for found in changed if len(found[1]))
    others = f", {count - 1} more number{'s' if count > 2 else ''} changed" if count > 1 else ""
    return f"In {name}, {_written(old[0])} is now {_written(new[0])}{others}."


def _differences(before: pd.Series, now: pd.Series) -> tuple[list[float], list[float]]:
    """The values that differ, before and now; infinities are stored as nothing."""
    old = pd.to_numeric(before, errors="coerce").astype(float)
    new = now.astype(float).where(lambda value: value.abs() != float("inf"))
    apart = ~((old.isna() & new.isna()) | ((old - new).abs() <= NEAR * new.abs()))
    return old[apart].tolist(), new[apart].tolist()


def _written(value: float) -> str:
    return "nothing" if pd.isna(value) else f"{value:,.7g}"
