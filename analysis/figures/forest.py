"""Estimates with their intervals, one row each: what a forest plot shows."""

from collections.abc import Sequence

from analysis.figures import style


def intervals(values, low, high, rows, name: str, color: str, symbol: str = "circle", text=None, shift: float = 0.0) -> dict:
    """Markers of computed values with a bar from low to high, on the rows with these numbers, counted from the top.

    shift: how far below its row a mark stands, in rows, where several series share rows. text: hover label of each.
    """
    values, low, high = (list(map(float, part)) for part in (values, low, high))
    return {
        "type": "scatter", "mode": "markers", "x": values, "y": [float(row) + shift for row in rows], "name": style.escape(name),
        "marker": {"color": color, "size": 9, "symbol": symbol}, "meta": {"role": "computed"},
        "error_x": {
            "type": "data", "symmetric": False, "array": [h - v for v, h in zip(values, high, strict=True)],
            "arrayminus": [v - lo for v, lo in zip(values, low, strict=True)], "color": color, "thickness": 2, "width": 0,
        },
        "text": [style.escape(label) for label in text] if text is not None else None,
        "hovertemplate": ("%{text}<br>" if text is not None else "") + "%{x:.4~g}<extra>%{fullData.name}</extra>",
    }  # fmt: skip


def layout(labels: Sequence[str], x: str, x_title: str, row_height: int = 34, x_range=None, at: float | None = 0.0, **extra) -> dict:
    """The layout of rows with these labels, from top to bottom; x: kind of the axis. at: a line that stands for no effect, or None."""
    result = style.layout(x, "number", x_title=x_title, x_range=x_range, height=130 + row_height * len(labels), **extra)
    result["yaxis"] |= {
        "tickvals": list(range(len(labels))), "ticktext": [style.escape(label) for label in labels], "range": [len(labels) - 0.4, -0.6],
        "autorange": False, "automargin": True, "showgrid": False,
    }  # fmt: skip
    if at is not None:
        result["shapes"] = [
            {"type": "line", "x0": at, "x1": at, "y0": 0, "y1": 1, "yref": "y domain", "line": {"color": style.GREY, "width": 1}}
        ]
    return result
