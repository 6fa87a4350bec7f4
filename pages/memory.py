"""Fine-tuning memory: does it fit on my GPU, in full, with LoRA or with QLoRA?"""

from analysis.memory.figures import Parts, Rank
from analysis.memory.figures_fits import Fits, Largest
from analysis.memory.figures_measured import Measured
from analysis.memory.figures_nf4 import Bits, Codebook, Error, WhatIsQuantised
from analysis.memory.figures_reported import Reported
from pages.components import page
from pages.components.page import Section

LEAD = "Weights, gradients, optimiser states and activations of full fine-tuning, LoRA and QLoRA, counted from the model's architecture."
SECTIONS = [
    Section("parts", "Breakdown", Parts),
    Section("fits", "Which GPUs", Fits),
    Section("largest", "Max batch & context", Largest),
    Section("reported", "Check vs paper", Reported),
    Section("measured", "Check vs measurements", Measured),
    Section("quantised", "What is quantised", WhatIsQuantised),
    Section("rank", "LoRA rank", Rank),
    Section("levels", "NF4 & quantisation error", Codebook, Error),
    Section("bits", "Bits per weight", Bits),
]

if __name__ == "__main__":
    page.show("memory", LEAD, SECTIONS)
