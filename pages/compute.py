"""Training budget: how large a model, how many tokens, how long, how expensive?"""

from analysis.compute.figures import Budget, DeviceHours, Devices, FromGpus, FromModel, FromMoney, FromRun
from analysis.compute.figures_off_optimum import Inference, Overtraining, Repetition
from pages.components import page
from pages.components.page import Section

page.show(
    "compute",
    "What a budget buys, and what a model costs",
    "Start from compute, GPUs, money, a model or a published run; out come size, tokens, loss, hours, dollars and CO₂, with intervals "
    "where the law is refitted here. Every published run is drawn beside yours.",
    [
        Section("budget", "Your budget", Budget),
        Section("gpus", "Your GPUs", FromGpus),
        Section("money", "Your money", FromMoney),
        Section("model", "Your model", FromModel),
        Section("run", "A published run", FromRun),
        Section("paid", "What others paid", DeviceHours, Devices),
        Section("overtraining", "Overtraining", Overtraining),
        Section("served", "Inference demand", Inference),
        Section("scarce", "Scarce data", Repetition),
    ],
)
