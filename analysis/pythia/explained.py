"""How the numbers of the figures on Pythia's checkpoints come about."""

EVALUATED = "Accuracies are those of the released evaluation files, one for each model, checkpoint, task and number of examples; no model was run again."
PAIRS = (
    EVALUATED,
    "Runs of one size are paired at equal tokens and tasks; a difference is the accuracy of the one less that of the other, and the mean is over sizes and tasks, each with the same weight. Checkpoints of one run are averaged first.",
    "The interval draws sizes and tasks anew, independently and with replacement, because scores of one size share a training run and scores of one task its items; 95% of the means lie within.",
)
RISE = (
    EVALUATED,
    "Through the accuracies of a run's checkpoints a sigmoid in the logarithm of the tokens is laid, by least squares weighted with their standard errors.",
    "Half of the gain is where the sigmoid has made half of its rise up to the last checkpoint. The interval refits 400 series drawn around the fit, with standard errors widened where the fit misses by more.",
)
WORDS = {
    "trajectory": (
        EVALUATED,
        "With several tasks the mean is over them, each with the same weight; MMLU is the mean over its 57 subjects.",
    ),
    "scaling": (EVALUATED, "The title states the accuracy of the largest model less that of the smallest, at the same tokens."),
    "memorised": (
        "Shares are those of the released notebook of the work that counted them: given 32 tokens of a training sequence, the model's most likely continuation repeats the next 32 exactly.",
        "Precision is the share of what a checkpoint has memorised that is memorised at the end; recall the share of what is memorised at the end that the checkpoint has already.",
    ),
    "families": (
        EVALUATED,
        "Pythia's accuracy at another model's size is taken from straight lines between its own sizes, over the logarithm of the parameters. The difference is the other's accuracy less that, and the title states its mean over the family's models.",
    ),
    "dedup_forest": PAIRS,
    "dedup_course": (*PAIRS, "At each checkpoint the mean is taken by itself; it is clear of zero where its interval leaves zero out."),
    "batch_forest": PAIRS,
    "batch_course": (*PAIRS, "At each checkpoint the mean is taken by itself; it is clear of zero where its interval leaves zero out."),
    "twins": (
        EVALUATED,
        "Accuracies of the standard and of the deduplicated run of a size are counted as equal where they agree to the last digit.",
    ),
    "emergence_fit": RISE,
    "emergence": RISE,
}
