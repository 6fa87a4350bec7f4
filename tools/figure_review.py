"""The review of all figures as slides, docs/figures.csv: `python -m tools.figure_review` measures them anew and keeps scores and remarks.

Scores are by eye, from 1 to 5, of the picture and of the slide: 5 can go into a keynote as it is, 4 leaves a small wish, with 3 a
listener would miss the point. The other columns are measured here, of each figure at its defaults.
"""

import csv
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import plotly.graph_objects as go

from analysis.catalogue import catalogue
from analysis.charts import names
from analysis.charts.panel import Panel
from analysis.charts.plain import as_plain
from analysis.export.editable import says_the_same
from analysis.export.fonts import text_width
from analysis.export.picture import HEIGHT, POINT, TICK, WIDTH, legend_names, slide_figure

FILE = Path(__file__).parents[1] / "docs" / "figures.csv"
BY_EYE = ("png", "slide", "remark")
COLUMNS = ("figure", "png", "slide", "plot_share", "smallest_pt", "legend_entries", "native", "remark")


def measured(panel: Panel) -> dict[str, Any]:
    """What can be measured of a panel as a picture: its plot's share, its smallest type [pt at 13.3 in; sources left out], its legend.

    native: whether slides offer it as a chart of PowerPoint.
    """
    figure = slide_figure(panel)
    return {
        "plot_share": round(plot_share(panel, figure), 2),
        "smallest_pt": round(min(sizes_of_type(figure)) / POINT, 1),
        "legend_entries": len(legend_names(figure)),
        "native": "no" if says_the_same(panel.figure) else "yes",
    }


def plot_share(panel: Panel, figure: go.Figure) -> float:
    """The share of a picture that is plot, with the names at the ends of its lines, from 0 to 1."""
    margin = figure.layout.margin
    ends = names.room(as_plain(panel.figure)["data"], lambda text: text_width(text, 1.0), TICK / names.TYPE)
    return (WIDTH - margin.l - margin.r + ends) * (HEIGHT - margin.t - margin.b) / WIDTH / HEIGHT


def sizes_of_type(figure: go.Figure) -> list[float]:
    """The sizes of the type in a picture [px]: ticks, titles, legend, notes and texts of marks; the last note holds the sources."""
    layout = figure.layout
    axes = [axis for name in as_plain(figure)["layout"] if name.startswith(("xaxis", "yaxis")) for axis in [layout[name]]]
    found = [axis.tickfont.size for axis in axes] + [axis.title.font.size for axis in axes if axis.title.text]
    found += [layout.legend.font.size] if legend_names(figure) else []
    found += [note.font.size for note in layout.annotations[:-1] if note.text]
    for trace in figure.data:
        if trace.type != "contour" and (trace.type != "scatter" or "text" in (trace.mode or "")):
            found.append(trace.textfont.size)
        if trace.type == "contour":
            found.append(trace.contours.labelfont.size)
    return [size for size in found if size] + [layout.font.size]


def kept(path: Path = FILE) -> dict[str, dict[str, str]]:
    """The rows of the review by figure, none where there is no file."""
    if not path.exists():
        return {}
    with path.open(encoding="utf-8", newline="") as file:
        return {row["figure"]: row for row in csv.DictReader(file)}


def rows(known: Mapping[str, Mapping[str, str]]) -> Iterable[dict[str, Any]]:
    """A row for every figure: measured anew, with what is known by eye."""
    for name, build in catalogue().items():
        yield {"figure": name, **{column: known.get(name, {}).get(column, "") for column in BY_EYE}, **measured(build())}


def main(arguments: Sequence[str]) -> int:
    """Write the review; the exit status: 1 where a figure has no score yet."""
    if arguments:
        print(__doc__)
        return 2
    found = list(rows(kept()))
    with FILE.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(found)
    missing = [row["figure"] for row in found if not row["png"] or not row["slide"]]
    print(f"{len(found)} figures in {FILE.name}" + (f"; no score yet: {', '.join(missing)}" if missing else ""))
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
