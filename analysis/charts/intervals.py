"""Intervals: rows of estimates with error bars, as in a forest plot, and bands that the legend does not list."""

from collections.abc import Sequence

from analysis.charts import style


def bars(values, low, high, at, name: str, color: str, symbol: str = "circle", text=None, shift: float = 0.0) -> dict:
    """Markers of computed values with a bar from low to high, on the rows with the numbers in at, counted from the top.

    shift: how far below its row a mark stands, in rows, where several series share rows. text: hover label of each.
    """
    values, low, high = (list(map(float, part)) for part in (values, low, high))
    return {
        "type": "scatter",
        "mode": "markers",
        "x": values,
        "y": [float(row) + shift for row in at],
        "name": style.escape(name),
        "marker": {"color": color, "size": 9, "symbol": symbol},
        "meta": {"role": "computed"},
        "error_x": {
            "type": "data",
            "symmetric": False,
            "array": [h - v for v, h in zip(values, high, strict=True)],
            "arrayminus": [v - lo for v, lo in zip(values, low, strict=True)],
            "color": color,
            "thickness": 2,
            "width": 0,
        },
        "text": [style.escape(label) for label in text] if text is not None else None,
        "hovertemplate": ("%{text}<br>" if text is not None else "") + "%{x:.4~g}<extra>%{fullData.name}</extra>",
    }


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


def quiet_band(x, low, high, name: str, color: str) -> list[dict]:
    """A band as `style.band` draws it, which the legend does not list: for charts with one band beside each line."""
    edges = style.band(x, low, high, name, color)
    return [{key: value for key, value in edge.items() if key != "legendgroup"} | {"showlegend": False} for edge in edges]
