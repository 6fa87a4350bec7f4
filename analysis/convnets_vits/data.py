"""Reported runs and counted shapes of both families, kept until their tables change."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from analysis import tables
from analysis.convnets_vits import equal_compute, shapes

VERSIONS = {"v4": "TPU v4", "v3": "TPU v3"}


@tables.kept
def facts() -> Mapping[str, float]:
    """Numbers of the paper by name."""
    return equal_compute.facts(tables.load("convnets_facts"))


@tables.kept
def reported(level: float = 0.95) -> pd.DataFrame:
    """The reported runs with intervals of a level."""
    return equal_compute.runs(tables.load("vision_scores"), facts()["imagenet_validation_images"], level)


@tables.kept
def core_rates() -> Mapping[str, float]:
    """Peak rate of one core of each TPU version."""
    chips = tables.load("gpus").set_index("id")["peak_flops_per_s"]
    return {version: equal_compute.core_rate(float(chips[f"tpu_{version}"])) for version in VERSIONS}


@tables.kept
def reached() -> float:
    """Share of the peak that the largest NFNet's pretraining reached on TPU v4."""
    known = facts()
    per_image = float(shapes.training_flops_per_image(counted("NFNet-F7+", int(known["train_resolution"])).flops))
    return float(
        equal_compute.utilisation(
            per_image, known["epoch_budget_max"] * known["jft4b_images"], known["compute_budget_max"], core_rates()["v4"]
        )
    )


@tables.kept
def known_shapes() -> Mapping[str, shapes.VitShape | shapes.NfnetShape]:
    """All shapes by model, NFNets first."""
    return {row["model"]: shapes.shape_of(row) for name in ("nfnet_shapes", "vit_shapes") for row in tables.load(name).to_dict("records")}


@tables.kept
def counted(model: str, resolution: int) -> shapes.Count:
    """Parameters and FLOPs of a model at a resolution, without a last layer for classes."""
    return shapes.count(known_shapes()[model], resolution)


@tables.kept
def resolution_curves() -> tuple[np.ndarray, Mapping[str, np.ndarray]]:
    """(pixels of a side, {model: FLOPs of an image at each})."""
    axis = np.arange(128, 1025, 32)
    return axis, {model: np.array([counted(model, int(pixels)).flops for pixels in axis], float) for model in known_shapes()}


@tables.kept
def compared() -> pd.DataFrame:
    """Published values beside ours: the table vision_published with counted and ratio."""
    rows = tables.load("vision_published")
    values = [
        getattr(shapes.count(replace(known_shapes()[row["model"]], n_classes=row["n_classes"]), row["resolution"]), row["quantity"])
        for row in rows.to_dict("records")
    ]
    return rows.assign(counted=np.array(values, float), ratio=np.array(values, float) / rows["value"])
