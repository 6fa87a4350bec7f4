"""ConvNets against vision transformers at equal compute: reported runs, what their hours buy, and power laws in compute."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.statistics import normal_quantile, wilson_interval
from analysis.trace import array, real
from analysis.units import SECONDS_PER_HOUR

CORES_PER_CHIP = 2
"""TensorCores on a TPU chip of version 3 or 4; papers count core hours, tables list chips."""
HOURS = {"v4": "tpu_v4_core_hours", "v3": "tpu_v3_core_hours"}
MOST_POINTS = 200


@dataclass(frozen=True)
class PowerLaw:
    """y = constant * x^exponent, fitted to n points; low and high: interval of the exponent, infinite with two points."""

    constant: float
    exponent: float
    low: float
    high: float
    n: int

    def __call__(self, x):
        """y at x; broadcasts."""
        return self.constant * np.asarray(x, float) ** self.exponent


def runs(scores: pd.DataFrame, n_images: float, level: float = 0.95) -> pd.DataFrame:
    """The reported models with their accuracy and pretraining hours: one row per model that has both.

    Columns: model, family ("NFNet" or "ViT"), error (top-1, per cent), low and high (its Wilson interval from drawing n_images
    test images, per cent), hours_v4, hours_v3 (core hours, NaN where not reported), source, location, verified. Repeated
    augmentation changes fine-tuning only, so that row takes the hours of the same pretraining.

    scores: rows of the table `vision_scores`. n_images: images of the test set. level: of the interval.
    """
    top1 = scores[(scores["benchmark"] == "imagenet") & (scores["metric"] == "accuracy_top1")]
    out = top1[["model", "value", "source", "location", "verified"]].reset_index(drop=True)
    bare = out["model"].str.replace(r" \(.*\)$", "", regex=True)
    for version, metric in HOURS.items():
        known = scores[scores["metric"] == metric].set_index("model")["value"] * 1e3
        out[f"hours_{version}"] = bare.map(known)
    out = out[out["hours_v4"].notna()].reset_index(drop=True)
    out["family"] = np.where(out["model"].str.startswith("NFNet"), "NFNet", "ViT")
    out["error"] = (100 - out["value"]).round(10)
    low, high = wilson_interval(out["error"] / 100, n_images, level)
    out["low"], out["high"] = 100 * low, 100 * high
    return out.drop(columns="value")


def differences(rows: pd.DataFrame, hours: str, factor: float, n_images: float, level: float = 0.95) -> pd.DataFrame:
    """Every NFNet beside every ViT whose hours differ by at most a factor: one row per pair.

    Columns: nfnet, vit, hours_ratio (NFNet over ViT), difference (error of the NFNet minus that of the ViT, points), low and high (its
    normal interval as of independent draws of the test images, which is too wide where both models err on the same ones), tells
    (whether the interval leaves zero out).

    rows: of `runs`. hours: "hours_v4" or "hours_v3". factor: at least 1, else ValueError.
    """
    if not factor >= 1:
        raise ValueError(f"factor must be at least 1, got {factor!r}")
    records = rows[["model", "family", "error", hours]].to_dict("records")
    z, found = normal_quantile(level), []
    for nfnet in (row for row in records if row["family"] == "NFNet"):
        for vit in (row for row in records if row["family"] == "ViT"):
            ratio = nfnet[hours] / vit[hours]
            if not abs(np.log(ratio)) <= np.log(factor) + 1e-12:
                continue
            p, q = nfnet["error"] / 100, vit["error"] / 100
            gap, width = round(nfnet["error"] - vit["error"], 10), 100 * z * float(np.sqrt((p * (1 - p) + q * (1 - q)) / n_images))
            found.append((nfnet["model"], vit["model"], ratio, gap, gap - width, gap + width, abs(gap) > width))
    return pd.DataFrame(found, columns=["nfnet", "vit", "hours_ratio", "difference", "low", "high", "tells"])


def device_ratio(rows: pd.DataFrame) -> pd.DataFrame:
    """Core hours on TPU v3 over those on TPU v4 for the same pretraining, per model: columns model, family, ratio, and the two hours."""
    known = rows.dropna(subset=["hours_v3", "hours_v4"])
    known = known[~known["model"].str.contains("(", regex=False)]
    return known.assign(ratio=known["hours_v3"] / known["hours_v4"]).reset_index(drop=True)


def core_rate(chip_flops_per_s: float) -> float:
    """Peak rate of one TPU core [FLOP/s]: half of its chip's.

    >>> core_rate(275e12)
    137500000000000.0
    """
    return chip_flops_per_s / CORES_PER_CHIP


def utilisation(flops_per_image, n_images, hours, rate):
    """Share of the peak that a pretraining reached: FLOPs of all images over core hours at the peak rate of a core; broadcasts.

    flops_per_image: of training on one image. n_images: seen, repetitions included. hours: core hours. rate: FLOP/s of one core.

    >>> utilisation(1e12, 3600, 1.0, 2e12)
    0.5
    """
    return flops_per_image * n_images / (hours * SECONDS_PER_HOUR * rate)


def images_paid(hours, rate, share, flops_per_image):
    """Images that a budget of core hours pays for at a share of the peak; broadcasts.

    The inverse of `utilisation`. Raises ValueError for a share outside (0, 1].

    >>> images_paid(1.0, 2e12, 0.5, 1e12)
    3600.0
    """
    if np.any((array(share) <= 0) | (array(share) > 1)):
        raise ValueError(f"share must be above 0 and at most 1, got {share!r}")
    return hours * SECONDS_PER_HOUR * rate * share / flops_per_image


def fit_power_law(x, y, level: float = 0.95) -> PowerLaw:
    """The PowerLaw through points by least squares on logarithms, with Student's interval of its exponent.

    log y = log constant + exponent * log x. x, y: positive, at least two different x; else ValueError. The interval takes the
    scatter about the line as the only error, and says nothing of points read off a chart wrongly in the same direction.

    >>> law = fit_power_law([1.0, 10.0, 100.0], [2.0, 1.0, 0.5])
    >>> round(law.exponent, 4), round(law.constant, 4)
    (-0.301, 2.0)
    """
    x, y = np.asarray(x, float), np.asarray(y, float)
    if x.shape != y.shape or x.ndim != 1 or len(np.unique(x)) < 2 or np.any(x <= 0) or np.any(y <= 0):
        raise ValueError(f"x and y must be positive numbers of at least two different x, got {x.tolist()!r} and {y.tolist()!r}")
    u, v = np.log(x), np.log(y)
    spread = u - u.mean()
    slope = float(spread @ v / (spread @ spread))
    rest = v - v.mean() - slope * spread
    half = np.inf
    if len(x) > 2:
        from scipy.special import stdtrit

        error = np.sqrt(rest @ rest / (len(x) - 2) / (spread @ spread))
        half = float(stdtrit(len(x) - 2, (1 + level) / 2) * error)
    return PowerLaw(float(np.exp(v.mean() - slope * u.mean())), slope, slope - half, slope + half, len(x))


def steepest_exponent(x_low: float, x_high: float, y_low: float, y_high: float) -> float:
    """The exponent of a falling power law that crosses a log-log chart from corner to corner.

    log(y_low / y_high) / log(x_high / x_low): what stays inside the axes over the whole range of x is at most that steep.

    >>> round(steepest_exponent(400, 110_000, 2.4, 3.0), 4)
    -0.0397
    """
    return real(np.log(y_low / y_high) / np.log(x_high / x_low))


def read_points(text: str) -> pd.DataFrame:
    """The points in a text such as "1000 2.85; 10000 2.62": columns x and y, positive numbers; empty for an empty text.

    Points are separated by semicolons, the two numbers of a point by blanks or a colon. Raises ValueError that names the point.

    >>> read_points("1000 2.85; 1e4: 2.62")["x"].tolist()
    [1000.0, 10000.0]
    """
    points = []
    for part in filter(None, (piece.strip() for piece in text.split(";"))):
        numbers = re.split(r"[\s:]+", part)
        try:
            x, y = (float(number.replace(",", "")) for number in numbers)
        except ValueError:
            raise ValueError(f"a point must be two numbers such as '1000 2.85', got {part[:40]!r}") from None
        if not (0 < x < np.inf and 0 < y < np.inf):
            raise ValueError(f"both numbers of a point must be positive, got {part[:40]!r}")
        points.append((x, y))
    if len(points) > MOST_POINTS:
        raise ValueError(f"there may be at most {MOST_POINTS} points, got {len(points)}")
    return pd.DataFrame(points, columns=["x", "y"], dtype=float)


def facts(table: pd.DataFrame) -> Mapping[str, float]:
    """The table `convnets_facts` as {fact: value}."""
    return dict(zip(table["fact"], table["value"], strict=True))
