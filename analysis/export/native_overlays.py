"""What is laid over a figure, straight lines and labels, as series that PowerPoint draws with the others."""

from collections.abc import Iterator

import plotly.graph_objects as go

from analysis.charts.style import BLUE
from analysis.export.native_axes import axis_scale
from analysis.export.native_series import Series, are_numbers, faded, is_log, words


def overlays(figure: go.Figure) -> list[Series]:
    """The straight lines and the labels at points of a figure over numbers."""
    return [*_shapes(figure), *_notes(figure)]


def _shapes(figure: go.Figure) -> Iterator[Series]:
    """Straight lines laid over the figure; where they are given as a share of the plot, they span it."""
    for shape in figure.layout.shapes:
        ends = []
        for which, reference, given in (("x", shape.xref, (shape.x0, shape.x1)), ("y", shape.yref, (shape.y0, shape.y1))):
            ends.append(tuple(_at_share(figure, which, value) if is_relative(reference) else float(value) for value in given))
        line = (
            faded(shape.line.color or BLUE, 1.0 if shape.opacity is None else shape.opacity),
            float(shape.line.width or 2),
            shape.line.dash or "solid",
        )
        x, y = ends
        yield Series("line", x, y, False, line)


def _at_share(figure: go.Figure, which: str, share: float) -> float:
    low, high, _ = axis_scale(figure, which)
    return low * (high / low) ** share if is_log(figure, which) else low + (high - low) * share


def _notes(figure: go.Figure) -> Iterator[Series]:
    """Labels at points of the plot, as a series of nothing but labels."""
    notes = [note for note in figure.layout.annotations if in_plot(note)]
    if notes:
        x, y = (tuple(_place(figure, note, which) for note in notes) for which in "xy")
        yield Series("labels", x, y, False, labels=tuple(words(note.text) for note in notes), positions=tuple(map(_side, notes)))


def _place(figure: go.Figure, note, which: str) -> float:
    """Where a label stands along an axis, in the units of the data; Plotly counts exponents of ten on a logarithmic one."""
    if is_relative(note[f"{which}ref"]):
        return _at_share(figure, which, float(note[which]))
    return 10 ** float(note[which]) if is_log(figure, which) else float(note[which])


def _side(note) -> str:
    """On which side of its point a label stands, in the words that Plotly has for labels of marks.

    >>> _side(go.layout.Annotation(text="a", xanchor="left")), _side(go.layout.Annotation(text="a", yshift=9))
    ('middle right', 'top center')
    """
    up = {"bottom": 1, "top": -1}.get(note.yanchor, 0) or (note.yshift or 0)
    if note.xanchor in ("left", "right"):
        return "middle right" if note.xanchor == "left" else "middle left"
    return "top center" if up > 0 else "bottom center" if up < 0 else "middle center"


def is_relative(reference: str | None) -> bool:
    """Whether a place is given as a share of the plot."""
    return reference == "paper" or (reference or "").endswith("domain")


def in_plot(note) -> bool:
    """Whether an annotation labels a point of the plot rather than a place beside it."""
    inside = all((note[f"{which}ref"] or which) == which or is_relative(note[f"{which}ref"]) and 0 <= note[which] <= 1 for which in "xy")
    return bool(note.text) and note.visible is not False and are_numbers([note.x, note.y]) and inside
