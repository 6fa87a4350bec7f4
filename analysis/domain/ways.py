"""Three ways to a domain model, and what each costs."""

from dataclasses import dataclass

from analysis.compute.costs import RECOMPUTATION_FLOPS_PER_PARAM_TOKEN
from analysis.scaling.chinchilla import FLOPS_PER_PARAM_TOKEN, positive
from analysis.trace import named, real
from analysis.units import SECONDS_PER_HOUR

WAYS = {"scratch": "trained from scratch", "continued": "pretraining continued", "tuned": "fine-tuned"}
"""The three ways to a domain model; the last two start from a base model that somebody has trained."""


@dataclass(frozen=True)
class Way:
    """One way to a domain model: N parameters trained on n_tokens tokens.

    flops [FLOP]; gpu_hours [h]; usd [USD]: of this step alone, without the base model.
    """

    way: str
    n_params: float
    n_tokens: float
    flops: float
    gpu_hours: float
    usd: float


def flops_of_hours(gpu_hours, flops_per_gpu_s, share=1.0):
    """Training FLOPs of so many GPU-hours: hours * 3600 * rate * share; broadcasts.

    flops_per_gpu_s: rate that the run reaches [FLOP/s]. share: part of the FLOPs that 6 N D counts, 1 without recomputation and
    3/4 with it, since 6 N D out of 8 N D is not recomputation. Source: [wu2023] section 3.2, which takes 0.75 of 1.3 million hours.

    >>> f"{float(flops_of_hours(1.3e6, 102e12, 0.75)):.3g}"
    '3.58e+23'
    """
    return positive("gpu_hours", gpu_hours) * SECONDS_PER_HOUR * positive("flops_per_gpu_s", flops_per_gpu_s) * positive("share", share)


def way_of(way: str, n_params: float, n_tokens: float, flops_per_gpu_s: float, usd_per_gpu_hour: float, factor: float = 6.0) -> Way:
    """The Way that trains n_params parameters on n_tokens tokens: FLOPs = factor * N * D, hours at the rate, money at the price.

    way: a key of WAYS. flops_per_gpu_s: rate that a GPU reaches [FLOP/s]. factor: 6, or 8 with recomputation. Raises ValueError else.

    >>> scratch = way_of("scratch", 50.6e9, 569e9, 102e12, 4.1, factor=8)
    >>> f"{scratch.flops:.3g}", round(scratch.gpu_hours, -3), round(scratch.usd, -4)
    ('2.3e+23', 627000.0, 2570000.0)
    """
    if way not in WAYS:
        raise ValueError(f"way must be one of {', '.join(WAYS)}, got {way!r}")
    if factor not in (FLOPS_PER_PARAM_TOKEN, RECOMPUTATION_FLOPS_PER_PARAM_TOKEN):
        raise ValueError(f"factor must be 6 or 8 FLOPs per parameter and token, got {factor!r}")
    flops = real(factor * positive("n_params", n_params) * positive("n_tokens", n_tokens))
    flops = named(flops, rf"C_\text{{{WAYS[way]}}}", f"compute {WAYS[way]}", "FLOP")
    hours = flops / real(positive("flops_per_gpu_s", flops_per_gpu_s)) / SECONDS_PER_HOUR
    hours = named(hours, rf"h_\text{{{WAYS[way]}}}", f"GPU-hours {WAYS[way]}", "h")
    return Way(way, real(n_params), real(n_tokens), flops, hours, hours * real(usd_per_gpu_hour))


def rental(gpu_hours, usd_per_gpu_hour):
    """Rent [USD] of GPU-hours at a price; broadcasts.

    >>> float(rental(32 * 24, 3.9015))
    2996.352
    """
    return positive("gpu_hours", gpu_hours) * positive("usd_per_gpu_hour", usd_per_gpu_hour)
