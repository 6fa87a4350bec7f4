"""How the numbers of the figures on the probe come about."""

from analysis.term_frequency.explained import PARTIAL, RANKS, RESAMPLED

ASKED = "Answers are those of the runs that you chose: made here on this server, or of the released evaluations of Pythia's first deduplicated models."
BUNDLED = "A small model was trained for this project on text in which the first operand follows Zipf's law in an order drawn at random, so that a number's frequency and size are unrelated; a fifth of the questions was never shown."
MEASURED = "Small models were built and run with transformers on one machine, named below the chart; times are medians of several runs. Nothing is measured while you look."
PREDICTED = "The prediction is the formula of the other pages, with the sizes of the model that was run."
WORDS = {
    "curve": (
        ASKED,
        "Operands are sorted by how often they stand in the training text and put into bins of equally many; a bin's score is the mean over its operands.",
    ),
    "operands": (
        ASKED,
        "Right answers are averaged over neighbouring operands; the title states the means over the first twenty and over the last twenty.",
    ),
    "overall": (
        ASKED,
        "The score is the share of right answers. Its interval is over the terms where there are twenty or more, since questions on one term are alike; else it is Wilson's.",
    ),
    "bundled_scatter": (BUNDLED, RANKS, RESAMPLED),
    "bundled_course": (BUNDLED, RANKS, RESAMPLED),
    "bundled_beside_pythia": (BUNDLED, RANKS, PARTIAL, RESAMPLED),
    "measured_cache": (
        MEASURED,
        PREDICTED,
        "Caches are counted whose bytes equal the predicted ones; of the others the title states the largest difference as a share of the prediction.",
    ),
    "measured_rate": (
        MEASURED,
        PREDICTED,
        "FLOPs over time give a rate for each piece of work. The median of these rates predicts a time for each; the title states the tenth and the ninetieth percentile of measured over predicted time.",
    ),
    "measured_decode": (
        MEASURED,
        "A step reads the weights once and the cache of its sequence. The title states how much longer a step takes at the longest context than at the shortest, as measured and by the bytes.",
    ),
    "measured_window": (
        MEASURED,
        PREDICTED,
        "Both numbers are ratios: the time, and the FLOPs, with the window over those without it, for the longest prompt.",
    ),
    "measured_experts": (MEASURED, PREDICTED, "All numbers are ratios to the dense model, for the longest prompt: of times, and of FLOPs."),
    "measured_training": (
        MEASURED,
        "The peak is what stands between steps and the largest sum of allocations within one. It is divided by the prediction of the page on fine-tuning memory, without a CUDA context.",
    ),
}
