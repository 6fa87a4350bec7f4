"""Domain pretraining: what does a domain corpus buy, and what does each way to a domain model cost?"""

from analysis.domain import data
from analysis.domain.figures import Mix, Optimum, Repeat, Sizes
from analysis.domain.figures_cost import Cost, Ways
from analysis.domain.figures_scores import Routes, Scores
from analysis.units import format_count, significant
from pages.components import page
from pages.components.page import Section

numbers = data.headline()
size = format_count(numbers["n_params"])
page.show(
    "domain",
    f"A {size} model from scratch, or 7B continued for 1/{significant(numbers['rents'], 2)} of the rent",
    f"BloombergGPT was trained on {format_count(numbers['domain'])} financial and {format_count(numbers['general'])} general tokens. Whether {size} was the right size depends on the law and on how "
    "compute is counted; what it bought is compared here with continuing or fine-tuning a small model, in scores and in money.",
    [
        Section("size", "Size against the laws", Optimum),
        Section("larger", "Why not larger", Sizes),
        Section("mix", "The mix", Mix, Repeat),
        Section("bought", "What it bought", Scores, Routes),
        Section("cost", "What it costs", Cost, Ways),
    ],
)
