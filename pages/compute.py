"""Training budget: how large a model, how many tokens, how long, how expensive?"""

from analysis.compute.figures import Budget, DeviceHours, Devices, FromGpus, FromModel, FromMoney, FromRun
from analysis.compute.figures_off_optimum import Inference, Overtraining, Repetition
from pages.components import page
from pages.components.page import Section

LEAD = "Start from compute, GPUs, money, a model or a published run; size, tokens, loss, hours, dollars and CO₂ follow."
SECTIONS = [
    Section("budget", "Planner", Budget),
    Section("gpus", "From GPUs", FromGpus),
    Section("money", "From money", FromMoney),
    Section("model", "From a model", FromModel),
    Section("run", "From a published run", FromRun),
    Section("paid", "Reported GPU-hours & MFU", DeviceHours, Devices),
    Section("overtraining", "Over-training", Overtraining),
    Section("served", "Inference-aware optimum", Inference),
    Section("scarce", "Data-constrained (epochs)", Repetition),
]

if __name__ == "__main__":
    page.show("compute", LEAD, SECTIONS)
