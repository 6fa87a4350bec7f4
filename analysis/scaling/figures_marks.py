"""How laws and published models are named, marked and cited on every chart."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from analysis.charts import style
from analysis.charts.panel import Citation

REPLICATION = Citation("besiroglu2024", "released points of Figure 4 of Hoffmann et al. 2022")


def law_name(law) -> str:
    """The law's label with a mark where it rests on a single secondary source or on memory."""
    return f"{law.label}{' (single source)' if law.single_source else ''}"


def interval_name(fitted, bands: pd.DataFrame) -> str:
    """The legend's name of the interval in bands."""
    return f"{fitted.label}, {bands['level'].iloc[0]:.0%} interval"


def model_markers(models: pd.DataFrame, x: str, y: str) -> dict:
    """Published models as one trace of markers, in the colour and symbol of their family, named on hover."""
    placed = np.isfinite(models[[x, y]].to_numpy(float)).all(axis=1)
    known = models if placed.all() else models[placed]
    looks = [style.family_style(family) for family in known["family"]]
    trace = style.reported_markers(known[x], known[y], "published models", style.GREY, text=known["model"])
    colors = [color for color, _ in looks]
    symbols = [symbol if verified else f"{symbol}-open" for (_, symbol), verified in zip(looks, known["verified"] > 0, strict=True)]
    return trace | {"marker": {"color": colors, "symbol": symbols, "size": 9, "line": {"width": 1.5, "color": colors}}}


def run_source(runs: pd.DataFrame) -> str:
    """The work that the runs are from."""
    return runs["source"].iloc[0] if "source" in runs and len(runs) else "your file"


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
