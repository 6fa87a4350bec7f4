"""Domain pretraining: what does a domain corpus buy, and what does each way to a domain model cost?"""

from analysis.domain.figures import Mix, Optimum, Repeat, Sizes
from analysis.domain.figures_cost import Cost, Ways
from analysis.domain.figures_scores import Routes, Scores
from pages.components import page
from pages.components.page import Section

page.show(
    "domain",
    "A 50 B model from scratch, or 7 B continued for a nine-hundredth of the rent",
    "BloombergGPT was trained on 363 B financial and 345 B general tokens. Whether 50 B was the right size depends on the law and on how "
    "compute is counted; what it bought is compared here with continuing or fine-tuning a small model, in scores and in money.",
    [
        Section("size", "Size against the laws", Optimum),
        Section("larger", "Why not larger", Sizes),
        Section("mix", "The mix", Mix, Repeat),
        Section("bought", "What it bought", Scores, Routes),
        Section("cost", "What it costs", Cost, Ways),
    ],
)
