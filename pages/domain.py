"""Domain pretraining: what does a domain corpus buy, and what does each way to a domain model cost?"""

from analysis.domain.figures import Mix, Optimum, Repeat, Sizes
from analysis.domain.figures_cost import Cost, Ways
from analysis.domain.figures_scores import Routes, Scores
from pages.components import page
from pages.components.page import Section

LEAD = "BloombergGPT's 50B model from scratch beside continuing or fine-tuning a small one, in scores and in money."
SECTIONS = [
    Section("size", "Compute-optimal size", Optimum),
    Section("larger", "Loss vs size", Sizes),
    Section("mix", "Data mixture", Mix, Repeat),
    Section("bought", "Results", Scores, Routes),
    Section("cost", "Cost", Cost, Ways),
]

if __name__ == "__main__":
    page.show("domain", LEAD, SECTIONS)
