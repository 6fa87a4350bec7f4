"""Processors: those of the table `gpus`, and one that a reader describes."""

import math
from dataclasses import dataclass, replace
from typing import Any

from analysis import tables
from analysis.units import format_bytes
from analysis.uploads import clip

OWN = "own:"
BOUNDS = {
    "memory_bytes": ("memory", 1e9, 1e12, 1e9),
    "bandwidth_bytes_per_s": ("bandwidth", 1e10, 1e14, 1e9),
    "peak_flops_per_s": ("peak rate", 1e11, 1e17, 1e12),
    "power_w": ("board power", 10.0, 2000.0, 1.0),
    "price_usd_per_hour": ("price", 0.0, 100.0, 1.0),
}
"""What a reader says of an own GPU, in the order of its key: name, lowest and highest value, and what one of UNITS is."""
UNITS = {
    "memory_bytes": "GB",
    "bandwidth_bytes_per_s": "GB/s",
    "peak_flops_per_s": "TFLOP/s",
    "power_w": "W",
    "price_usd_per_hour": "USD/h",
}


@dataclass(frozen=True)
class Gpu:
    """One processor.

    memory_bytes: as its driver reports it, not the round number of its name [bytes]; bandwidth_bytes_per_s [bytes/s];
    peak_flops_per_s: dense matrix rate in 16 bits [FLOP/s];
    power_w: board power [W]; price_usd_per_hour: rent [USD/h], NaN where none is known; source: id of the data sheet, "" for
    one that the reader describes.
    """

    id: str
    label: str
    memory_bytes: float
    bandwidth_bytes_per_s: float
    peak_flops_per_s: float
    power_w: float
    price_usd_per_hour: float = math.nan
    source: str = ""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Gpu) and key_of(self) == key_of(other)

    def __hash__(self) -> int:
        return hash(key_of(self))


@tables.kept
def labels() -> dict[str, str]:
    """Label of each GPU of the table with its memory, by id.

    >>> labels()["l40s"]
    'L40S, 48 GB'
    """
    rows = tables.load("gpus")
    shown = {}
    for row in rows.to_dict("records"):
        memory = format_bytes(row["nominal_bytes"])
        shown[row["id"]] = row["label"] if memory in row["label"] else f"{row['label']}, {memory}"
    return shown


@tables.kept
def gpu(key: str) -> Gpu:
    """The GPU of a key: an id of the table, or "own:24:1008:165:450:0.4" for 24 GB, 1008 GB/s, 165 TFLOP/s, 450 W and 0.4 USD/h.

    The price of an own one may be empty. Raises ValueError with one sentence for anything else.

    >>> gpu("a100_80gb").memory_bytes, gpu("own:24:1008:165:450:").peak_flops_per_s
    (85197848576.0, 165000000000000.0)
    """
    if key.startswith(OWN):
        return _own(key)
    rows = {row["id"]: row for row in tables.load("gpus").to_dict("records")}
    if key not in rows:
        raise ValueError(f"there is no GPU {clip(key)}; known are {', '.join(rows)}")
    return Gpu(**{name: rows[key][name] for name in Gpu.__dataclass_fields__})


def key_of(processor: Gpu) -> str:
    """The key of a GPU, which gives it back.

    >>> key_of(gpu("own:24:1008:165:450:"))
    'own:24:1008:165:450:'
    """
    if processor.id != "own":
        return processor.id
    values = [(getattr(processor, field), scale) for field, (_, _, _, scale) in BOUNDS.items()]
    return OWN + ":".join("" if math.isnan(value) else f"{value / scale:.6g}" for value, scale in values)


def as_own(processor: Gpu) -> Gpu:
    """A GPU as the start of a reader's own."""
    return with_own(processor, "memory_bytes", processor.memory_bytes)


def with_own(processor: Gpu, field: str, value: float) -> Gpu:
    """A reader's GPU with another value of a field of BOUNDS.

    >>> with_own(gpu("l40s"), "memory_bytes", 96e9).label
    'your 96 GB GPU'
    """
    changed: dict[str, Any] = {"id": "own", field: value}
    return _own(key_of(replace(processor, **changed)))


def _own(key: str) -> Gpu:
    parts = key.removeprefix(OWN).split(":")
    if len(parts) != len(BOUNDS):
        raise ValueError(f"an own GPU is written as own:memory GB:GB/s:TFLOP/s:W:USD/h, got {clip(key)}")
    values: dict[str, Any] = {}
    for part, (field, (name, low, high, scale)) in zip(parts, BOUNDS.items(), strict=True):
        try:
            value = float(part) * scale if part or field != "price_usd_per_hour" else math.nan
        except ValueError:
            raise ValueError(f"the {name} of an own GPU must be a number, got {clip(part)}") from None
        if not (math.isnan(value) and not part) and not low <= value <= high:
            raise ValueError(f"the {name} of an own GPU must be from {low / scale:g} to {high / scale:g}, got {clip(part)}")
        values[field] = value
    return Gpu("own", f"your {format_bytes(values['memory_bytes'])} GPU", **values)
