"""Fine-tuning memory: does it fit on my GPU, in full, with LoRA or with QLoRA?"""

from analysis.memory.figures import Parts, Rank
from analysis.memory.figures_fits import Fits, Largest
from analysis.memory.figures_nf4 import Bits, Codebook, Error, WhatIsQuantised
from analysis.memory.figures_reported import Reported
from pages.components import page
from pages.components.page import Section

page.show(
    "memory",
    "QLoRA tunes 65 billion parameters in 46 GB; all of them would take 785 GB",
    "That is for one sequence of 512 tokens. The frozen weights shrink to 4.127 bits each, and only the adapters have gradients and optimiser states. What is quantised are the "
    "frozen weights, not the low-rank matrices, which stay in 16 bits. Sizes are counted from the model's architecture; what is estimated is hatched.",
    [
        Section("parts", "Memory by part", Parts),
        Section("fits", "Where it fits", Fits),
        Section("largest", "Largest batch", Largest),
        Section("reported", "Compared with the paper", Reported),
        Section("quantised", "What is quantised", WhatIsQuantised),
        Section("rank", "Adapters by rank", Rank),
        Section("levels", "Four bits for a weight", Codebook, Error),
        Section("bits", "Bits per weight", Bits),
    ],
)
