"""What a training run costs: FLOPs, GPU time, money, energy and CO2, and the same read backwards from any of them."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.gpus import Gpu
from analysis.scaling.chinchilla import FLOPS_PER_PARAM_TOKEN, positive
from analysis.trace import array, named
from analysis.units import JOULES_PER_KWH, SECONDS_PER_DAY, SECONDS_PER_HOUR

RECOMPUTATION_FLOPS_PER_PARAM_TOKEN = 8.0
"""Training FLOPs per parameter and token when the forward pass is run again in the backward pass (full recomputation)."""


@dataclass(frozen=True)
class Cost:
    """What C FLOPs take; every field is an array or a float.

    gpu_seconds [s]; wall_seconds [s]; usd [USD]; energy_joules [J]; co2_kg [kg CO2].
    """

    gpu_seconds: float
    wall_seconds: float
    usd: float
    energy_joules: float
    co2_kg: float

    @property
    def gpu_hours(self):
        """Device-hours [h]."""
        return self.gpu_seconds / SECONDS_PER_HOUR

    @property
    def energy_kwh(self):
        """Energy [kWh]."""
        return self.energy_joules / JOULES_PER_KWH


def training_flops(N, D, flops_per_param_token: float = FLOPS_PER_PARAM_TOKEN):
    """Training FLOPs of N parameters on D tokens: C = 6 N D, or 8 N D with full recomputation; broadcasts.

    Holds where attention over the context costs little beside the weights; N is the number of parameters each token uses.
    Source: [kaplan2020] section 2.1.

    >>> float(training_flops(70e9, 1.4e12))
    5.88e+23
    """
    return flops_per_param_token * positive("N", N) * positive("D", D)


def utilisation_of(value) -> np.ndarray:
    """value as an array if it is a share in (0, 1], else ValueError."""
    share = positive("utilisation", value)
    if np.any(share > 1):
        raise ValueError(f"utilisation must be a share between 0 and 1, got {value!r}")
    return share


def cost_of(C, device: Gpu, n_gpus, utilisation, usd_per_gpu_hour=None, kg_co2_per_kwh=0.0, overhead=1.0, power_share=1.0) -> Cost:
    """The Cost of C training FLOPs on n_gpus devices; all arguments broadcast.

    gpu_seconds = C / (peak rate * utilisation); wall_seconds = gpu_seconds / n_gpus; usd = GPU-hours * price;
    energy = gpu_seconds * power * power_share * overhead; CO2 = energy * grid intensity.

    utilisation: share of the peak rate that is reached (MFU), in (0, 1]. usd_per_gpu_hour: the device's price if None.
    kg_co2_per_kwh: grid intensity. overhead: energy of the whole centre over that of the devices (PUE), at least 1.
    power_share: average draw over board power, in (0, 1].

    Raises ValueError for values out of range. Holds for a run without failures and restarts, at constant utilisation.

    >>> a100 = Gpu("a100", "A100", 80e9, 2e12, 312e12, 400.0, 2.0)
    >>> cost = cost_of(312e12 * 3600, a100, n_gpus=1, utilisation=0.5)
    >>> float(cost.gpu_hours), float(cost.usd), float(cost.energy_kwh)
    (2.0, 4.0, 0.8)
    """
    if np.any(array(overhead) < 1):
        raise ValueError(f"overhead (PUE) must be at least 1, got {overhead!r}")
    if np.any(array(kg_co2_per_kwh) < 0):
        raise ValueError(f"kg_co2_per_kwh must not be negative, got {kg_co2_per_kwh!r}")
    price = device.price_usd_per_hour if usd_per_gpu_hour is None else usd_per_gpu_hour
    gpu_seconds = positive("C", C) / (device.peak_flops_per_s * utilisation_of(utilisation))
    gpu_seconds = named(gpu_seconds, "t", "device-seconds", "s")
    energy = gpu_seconds * device.power_w * utilisation_of(power_share) * overhead
    return Cost(
        gpu_seconds=gpu_seconds,
        wall_seconds=gpu_seconds / positive("n_gpus", n_gpus),
        usd=gpu_seconds / SECONDS_PER_HOUR * array(price),
        energy_joules=energy,
        co2_kg=energy / JOULES_PER_KWH * array(kg_co2_per_kwh),
    )


def flops_of_gpus(device: Gpu, n_gpus, days, utilisation):
    """Training FLOPs that n_gpus devices do in `days` days at a utilisation; broadcasts.

    >>> a100 = Gpu("a100", "A100", 80e9, 2e12, 312e12, 400.0, 2.0)
    >>> float(flops_of_gpus(a100, n_gpus=1000, days=1, utilisation=0.5)) == 312e12 * 0.5 * 1000 * 86400
    True
    """
    seconds = positive("n_gpus", n_gpus) * positive("days", days) * SECONDS_PER_DAY
    return seconds * device.peak_flops_per_s * utilisation_of(utilisation)


def flops_of_money(device: Gpu, usd, utilisation, usd_per_gpu_hour=None):
    """Training FLOPs that `usd` dollars buy at the device's rent, or at usd_per_gpu_hour; broadcasts.

    Raises ValueError where the table has no price for the device and none is given.
    """
    price = device.price_usd_per_hour if usd_per_gpu_hour is None else usd_per_gpu_hour
    if not np.all(np.isfinite(price)):
        raise ValueError(f"there is no price for {device.label}; give usd_per_gpu_hour")
    gpu_seconds = positive("usd", usd) / positive("usd_per_gpu_hour", price) * SECONDS_PER_HOUR
    return gpu_seconds * device.peak_flops_per_s * utilisation_of(utilisation)


def implied_utilisation(C, gpu_hours, peak_flops_per_s):
    """Share of the peak rate that a reported run reached: C / (GPU-hours * peak); NaN where an input is NaN. Broadcasts.

    >>> implied_utilisation(312e12 * 3600, 2.0, 312e12)
    0.5
    """
    return C / (gpu_hours * SECONDS_PER_HOUR * peak_flops_per_s)


def at_tokens_per_param(C, ratio):
    """(N, D) that spend C = 6 N D FLOPs with D / N = ratio; broadcasts.

    >>> N, D = at_tokens_per_param(6e20, 1.0)
    >>> float(N)
    10000000000.0
    """
    N = named(
        np.sqrt(positive("C", C) / (FLOPS_PER_PARAM_TOKEN * positive("ratio", ratio))), "N_r", "parameters at this ratio", "parameters"
    )
    return N, named(ratio * N, "D_r", "tokens at this ratio", "tokens")


def overtraining_penalty(law, C, ratio):
    """Loss [nats] lost by training at D / N = ratio instead of the law's optimum for the same C FLOPs; broadcasts.

    L(N, D) at (N, D) = at_tokens_per_param(C, ratio), minus L at law.compute_optimal(C). Never negative for a law whose
    optimum is the minimum of its own loss.
    """
    return law.loss(*at_tokens_per_param(C, ratio)) - law.loss(*law.compute_optimal(C))


def compute_multiplier(law, C, ratio):
    """FLOPs needed at D / N = ratio over the C FLOPs that reach the same loss at the optimum; broadcasts.

    Solved by bisection on the logarithm of the budget, since loss falls with budget at a fixed ratio.

    >>> from analysis.scaling.chinchilla import ScalingLaw
    >>> law = ScalingLaw(E=1.7, A=400.0, B=400.0, alpha=0.3, beta=0.3)
    >>> round(float(compute_multiplier(law, 1e22, 1.0)), 6)
    1.0
    """
    C, ratio = np.broadcast_arrays(positive("C", C), positive("ratio", ratio))
    target = law.loss(*law.compute_optimal(C))
    low, high = np.log(C), np.log(C) + np.log(1e6)
    for _ in range(60):
        middle = (low + high) / 2
        enough = law.loss(*at_tokens_per_param(np.exp(middle), ratio)) <= target
        low, high = np.where(enough, low, middle), np.where(enough, middle, high)
    return np.exp((low + high) / 2 - np.log(C))


def published_runs(models: pd.DataFrame, gpus: pd.DataFrame) -> pd.DataFrame:
    """The table models_training with what can be computed beside what is reported; NaN where a needed value is missing.

    Added columns: computed_flops = 6 * (active or total parameters) * tokens; flops_ratio = reported / computed FLOPs;
    utilisation = computed FLOPs over reported device-hours at the device's peak; tokens_per_param.
    """
    runs = models.copy()
    used = runs["active_params"].fillna(runs["n_params"])
    runs["computed_flops"] = FLOPS_PER_PARAM_TOKEN * used * runs["n_tokens"]
    runs["flops_ratio"] = runs["train_flops"] / runs["computed_flops"]
    runs["tokens_per_param"] = runs["n_tokens"] / runs["n_params"]
    peak = runs["gpu"].map(gpus.set_index("id")["peak_flops_per_s"])
    runs["utilisation"] = implied_utilisation(runs["computed_flops"], runs["gpu_hours"], peak)
    return runs
