"""How the numbers of the figures on training budgets come about."""

from dataclasses import replace
from typing import Any

import numpy as np

from analysis.charts.explained import Steps
from analysis.charts.inputs import cell, processor, setting
from analysis.compute import costs
from analysis.compute.data import published_models, runs_with_tokens
from analysis.compute.figures import Budget, DeviceHours, Devices, FromGpus, FromModel, FromMoney, FromRun, Run, priced_devices
from analysis.compute.figures_off_optimum import Overtraining, Repetition
from analysis.gpus import gpu
from analysis.scaling.explained import FIT, optimum, traced_law
from analysis.trace import Traced, defined_as, named

C = ("C", "training compute", "FLOP")


def _run_flops(row: dict, mark: str = "") -> Any:
    """6 N D of a published run, traced."""
    used = "n_params" if np.isnan(row["active_params"]) else "active_params"
    N = cell(row, used, f"N{mark}", f"{'parameters' if used == 'n_params' else 'active parameters'} of {row['model']}", "parameters")
    return N, cell(row, "n_tokens", f"D{mark}", f"training tokens of {row['model']}", "tokens")


def _planned(figure: Run, budget: Traced) -> Steps:
    """The compute, and the law's optimum at it."""
    N, D = optimum(traced_law(figure.law), figure.law, budget)
    return {"training compute": budget, "parameters": N, "training tokens": D} | _nearest(float(budget))


def _nearest(flops: float) -> Steps:
    """The compute of the published run that is nearest by ratio, of those seen in print."""
    models = published_models().dropna(subset=["computed_flops", "n_params", "n_tokens"])
    sure = models[models["verified"] > 0]
    row = sure.iloc[int(np.abs(np.log(sure["computed_flops"] / flops)).to_numpy().argmin())].to_dict()
    N, D = _run_flops(row, "'")
    return {"training compute of the nearest run": named(costs.training_flops(N, D), "C'", f"training compute of {row['model']}", "FLOP")}


def budget(figure: Budget) -> Steps:
    """The law's optimum at the budget."""
    return _planned(figure, setting(figure, "train_flops", "C"))


def _machine(figure: Run) -> tuple[Any, Any]:
    return processor(figure.gpu), setting(figure, "mfu", "u", "MFU")


def from_gpus(figure: FromGpus) -> Steps:
    """What the GPUs compute in the days, and the law's optimum at that."""
    device, share = _machine(figure)
    flops = costs.flops_of_gpus(device, setting(figure, "n_gpus", "n", "GPUs"), setting(figure, "train_days", "d"), share)
    return _planned(figure, named(flops, *C))


def from_money(figure: FromMoney) -> Steps:
    """What the money buys, and the law's optimum at that."""
    device, share = _machine(figure)
    price = setting(figure, "usd_per_gpu_hour", "p", "price of a GPU hour", "USD/h")
    return _planned(figure, named(costs.flops_of_money(device, setting(figure, "budget_usd", "M"), share, price), *C))


def from_model(figure: FromModel) -> Steps:
    """6 N D of the model."""
    N, D = setting(figure, "n_params", "N"), setting(figure, "n_tokens", "D")
    flops = named(costs.training_flops(N, D), *C)
    return {"training compute": flops, "parameters": N, "training tokens": D} | _nearest(float(flops))


def from_run(figure: FromRun) -> Steps:
    """The run's parameters over those of the law's optimum at its compute."""
    N, D = _run_flops(runs_with_tokens()[figure.published_run])
    best, _ = optimum(traced_law(figure.law), figure.law, named(costs.training_flops(N, D), *C))
    return {"size over the law's optimum": named(N / best, "x", "size over the law's optimum")}


def device_hours(_: DeviceHours) -> Steps:
    """The lowest and the highest MFU: 6 N D over what the reported hours would compute at peak."""
    models = published_models().dropna(subset=["computed_flops", "gpu_hours", "utilisation"])
    steps = {}
    for word, at in (("lowest", models["utilisation"].to_numpy().argmin()), ("highest", models["utilisation"].to_numpy().argmax())):
        row = models.iloc[at].to_dict()
        N, D = _run_flops(row)
        flops = named(costs.training_flops(N, D), "C", f"training compute of {row['model']}", "FLOP")
        hours = cell(row, "gpu_hours", "h", f"device-hours of {row['model']}", "h")
        share = costs.implied_utilisation(flops, hours, processor(gpu(row["gpu"])).peak_flops_per_s)
        steps[f"{word} MFU"] = named(share, rf"u_\text{{{word}}}", f"MFU of {row['model']}")
    return steps


def devices(figure: Devices) -> Steps:
    """The cloud cost on the cheapest and on the dearest device."""
    flops, share = setting(figure, "train_flops", "C"), setting(figure, "mfu", "u", "MFU")
    priced = priced_devices()
    steps = {}
    for key in priced.loc[priced["price_list"] == figure.price_list, "id"]:
        device = processor(gpu(key))
        usd = costs.cost_of(flops, device, 1, share).usd
        steps[f"cloud cost on {device.label}"] = named(usd, "M", f"cloud cost on {device.label}", "USD")
    return steps


def overtraining(figure: Overtraining) -> Steps:
    """The loss at the ratio less the loss at the optimum."""
    ratio = setting(figure, "tokens_per_param", "r", "tokens per parameter")
    lost = costs.overtraining_penalty(traced_law("fit"), setting(figure, "train_flops", "C"), ratio)
    return {"loss above the optimum": named(lost, r"\Delta L", "loss above the optimum", "nats")}


def repetition(figure: Repetition) -> Steps:
    """What the tokens of all epochs are worth, and their share of what was processed."""
    unique = setting(figure, "unique_tokens", "U", "unique tokens of the corpus")
    seen = named(setting(figure, "epochs", "e") * unique, "D", "tokens processed", "tokens")
    worth = replace(traced_law("muennighoff2023"), unique_tokens=unique).effective_tokens(seen)
    worth = defined_as(worth, "D'", "effective tokens", "tokens")
    return {"effective tokens": worth, "effective over processed tokens": named(worth / seen, "s", "effective over processed tokens")}


NEAREST = "The published run that is named is the one whose compute, 6 N D of its printed parameters and tokens, is nearest by ratio among those seen in print."
OF_FIT = (*FIT, "Where the law is the refit, its band is the middle of 4,000 resamples of the runs.")
WORDS = {
    "budget": (NEAREST, *OF_FIT),
    "from_gpus": (NEAREST, *OF_FIT),
    "from_money": (NEAREST, *OF_FIT),
    "from_model": (NEAREST,),
    "from_run": OF_FIT,
    "device_hours": (
        "For each run with printed hours the MFU is 6 N D over the hours at the device's peak rate, as above; the median is the middle of these, sorted.",
        "Attention over the context and recomputation are not in 6 N D, so they count as loss.",
    ),
    "overtraining": (
        "How many times the FLOPs it takes is found by bisection: the compute at which the law, at this many tokens per parameter, reaches the loss of the optimum at the first compute; then the ratio of the two.",
        *FIT,
    ),
    "inference": (
        "The loss to reach is that of the law's optimum at the training compute. For every size N the law says how many tokens D reach that loss.",
        "Among these pairs the one with the least 6 N D + 2 N T is taken, T being the tokens served: training and serving together. It is found numerically, by golden-section search over the logarithm of N.",
    ),
}
