"""Fine-tuning memory: does it fit on my GPU, in full, with LoRA or with QLoRA?"""

from analysis.memory import data
from analysis.memory.figures import Parts, Rank
from analysis.memory.figures_fits import Fits, Largest
from analysis.memory.figures_nf4 import Bits, Codebook, Error, WhatIsQuantised
from analysis.memory.figures_reported import Reported
from analysis.units import format_bytes
from pages.components import page
from pages.components.page import Section

needed = data.headline()
page.show(
    "memory",
    f"QLoRA tunes LLaMA-65B in {format_bytes(needed['qlora'])}; full fine-tuning would take {format_bytes(needed['full'])}",
    f"That is for one sequence of 512 tokens. The frozen weights shrink to {needed['bits']:.3f} bits each, and only the adapters have gradients and optimiser states. What is quantised are the "
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
