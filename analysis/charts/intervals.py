"""Intervals: rows of estimates with error bars, as in a forest plot, and bands that the legend does not list."""

from collections.abc import Sequence

from analysis.charts import style


def rows(labels: Sequence[str], x: str, x_title: str, row_height: int = 34, x_range=None, zero: float | None = 0.0, **extra) -> dict:
    """The layout of rows with these labels, from top to bottom; x: kind of the axis. zero: where a line stands for no effect, or None."""
    result = style.layout(x, "number", x_title=x_title, x_range=x_range, height=130 + row_height * len(labels), **extra)
    result["yaxis"] |= {
        "tickvals": list(range(len(labels))),
        "ticktext": [style.escape(label) for label in labels],
        "range": [len(labels) - 0.4, -0.6],
        "autorange": False,
        "showgrid": False,
        "zeroline": False,
    }
    del result["margin"]["l"]  # as much as the labels take
    if zero is not None:
        result["shapes"] = [
            {"type": "line", "x0": zero, "x1": zero, "y0": 0, "y1": 1, "yref": "y domain", "line": {"color": style.GREY, "width": 1}}
        ]
    return result
