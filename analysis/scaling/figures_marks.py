"""How laws and published models are named, marked and cited on every chart, and the runs that figures are fitted to."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from analysis.charts import marks, style
from analysis.charts.figure import Figure
from analysis.charts.marks import Part
from analysis.charts.names import beside
from analysis.charts.panel import Citation, Panel
from analysis.charts.parameters import Choice, Data, Given
from analysis.scaling import fits, fitting
from analysis.scaling.chinchilla import ScalingLaw
from analysis.scaling.data import released_fit, released_runs

RELEASED = {"240": 5, "245": 0}
"""How many runs of the highest loss are left out, by the key of the published runs."""
RUNS = Data(
    "Training runs",
    rare=True,
    published={
        "240": ("240 runs (without the five highest losses)", lambda: released_runs(RELEASED["240"])),
        "245": ("All 245 released runs", lambda: released_runs(RELEASED["245"])),
    },
    own="your own CSV",
)
HUBER_THRESHOLD = Choice(
    "Huber delta",
    rare=True,
    options={threshold: threshold for threshold in ("0.0001", "0.001", "0.01", "0.1", "1")},
)
REPLICATION = Citation("besiroglu2024", "released points of Figure 4 of Hoffmann et al. 2022")


class OfRuns(Figure):
    """A figure of a law that is fitted to training runs."""

    training_runs: Given = RUNS("240")
    huber_threshold: str = HUBER_THRESHOLD("0.001")

    def draw(self) -> Panel:
        """The panel at these parameters; a fit that nobody has asked for yet takes seconds. ValueError where the runs determine no law."""
        return self.drawn(*self.fitted())

    def drawn(self, law: ScalingLaw, resamples: pd.DataFrame) -> Panel:
        """The panel of a law and its resamples."""
        raise NotImplementedError

    def is_stored(self) -> bool:
        """Whether the fit stands in the derived tables."""
        return self.training_runs.key in RELEASED and float(self.huber_threshold) == fitting.DELTA

    def fitted(self) -> tuple[ScalingLaw, pd.DataFrame]:
        """(law, resamples) of the runs; ValueError where they determine none."""
        if self.is_stored():
            return released_fit(RELEASED[self.training_runs.key])
        result, resamples = fits.fit(self.training_runs.value, float(self.huber_threshold))
        if result.law is None:
            raise ValueError(undetermined(result))
        return result.law, resamples


def undetermined(result: fitting.FitResult) -> str:
    """Why no law is drawn, in a sentence."""
    return f"No law is drawn from these {result.n_runs} runs: {result.message[0].lower()}{result.message[1:]}"


def interval_name(fitted, bands: pd.DataFrame) -> str:
    """The legend's name of the interval in bands."""
    return f"{fitted.label}, {bands['level'].iloc[0]:.0%} interval"


def model_part(models: pd.DataFrame, **columns: str) -> dict[str, Any]:
    """Published models as a part, one row each, without those that lack a value. columns: of the table, by their names in the part."""
    known = models.dropna(subset=list(columns.values()))
    known = weightiest_first(known) if "computed_flops" in known else known
    return {
        "series": known["model"].to_numpy(),
        "family": known["family"].to_numpy(),
        **{name: known[column].to_numpy(float) for name, column in columns.items()},
        "source": known["source"].to_numpy(),
        "location": known["location"].to_numpy(),
        "verified": known["verified"].to_numpy(),
        "status": "reported",
    }


def model_points(part: Part, x: str, y: str, name: str = "published models", about: Sequence[str] = (), **extra: Any) -> dict:
    """Published models as one trace of markers: grey, but for those that the title is about, in the colour and symbol of their family.

    about: names of these. They are named on the chart, and of the others as many as have room, those of most compute first.
    """
    order = np.argsort(np.isin(np.asarray(part["series"], str), list(about)), kind="stable")  # these are drawn last, over others
    part = {name: values[order] if isinstance(values, np.ndarray) else values for name, values in part.items()}
    named = np.asarray(part["series"], object)
    looks = [
        style.family_style(family) if model in about else (style.GREY, "circle")
        for model, family in zip(named, part["family"], strict=True)
    ]
    colors = [color for color, _ in looks]
    symbols = [symbol if verified else f"{symbol}-open" for (_, symbol), verified in zip(looks, part["verified"] > 0, strict=True)]
    marker = {"color": colors, "symbol": symbols, "size": 9, "line": {"width": 1.5, "color": colors}}
    trace = marks.points(part, x, y, style.GREY, name, text=named, **extra) | {"marker": marker}
    return beside(trace, [str(model) for model in named], first=[model in about for model in named])


def weightiest_first(models: pd.DataFrame) -> pd.DataFrame:
    """Models in the order in which they are named on a chart: those seen in print, and of these the ones with most compute."""
    return (
        models.assign(seen=models["verified"] > 0)
        .sort_values(["seen", "computed_flops"], ascending=False, kind="stable")
        .drop(columns="seen")
    )


def band_part(fitted, bands: pd.DataFrame) -> dict[str, Any]:
    """The interval of a fit's optimum along the budgets as a part; bands: `resampling.optimum_bands`."""
    return {"series": interval_name(fitted, bands), **{name: bands[name].to_numpy() for name in bands}, "status": "uncertain"}


def run_source(runs: pd.DataFrame) -> str:
    """The work that the runs are from."""
    return runs["source"].iloc[0] if "source" in runs and len(runs) else "your file"


def run_place(runs: pd.DataFrame) -> str:
    """Where in that work the runs stand."""
    return REPLICATION.location if "source" in runs else ""


def law_sources(law, runs: pd.DataFrame) -> tuple[Citation, ...]:
    """The works behind a law and the runs that it is drawn with."""
    cited = [REPLICATION] if "source" in runs else []
    if law.source and law.id != "fit":
        cited += [Citation(source_id) for source_id in law.source.split(";")]
    return tuple(cited)


def cite_law(law) -> tuple[Citation, ...]:
    """The works behind one law; behind the refit it is the replication."""
    if law.id == "fit":
        return (REPLICATION,)
    return tuple(Citation(source_id) for source_id in law.source.split(";") if source_id)


def cite_laws(laws: Mapping[str, Any], chosen: Sequence[str]) -> tuple[Citation, ...]:
    """The works behind the chosen laws, each once."""
    ids = dict.fromkeys(source_id for law_id in chosen for source_id in laws[law_id].source.split(";") if source_id)
    return tuple(Citation(source_id) for source_id in ids)


def cite_models(models: pd.DataFrame) -> tuple[Citation, ...]:
    """The works that models are from, each once."""
    return tuple(Citation(source_id) for source_id in dict.fromkeys(part for cell in models["source"] for part in cell.split(";")))
