"""How the numbers of the figures on the frequency of terms come about."""

ANSWERS = "For each first operand the share of right answers is taken from the released evaluations of Pythia's first deduplicated models; its count is how often the number stands in a corpus, the Pile unless you choose another."
RANKS = "Spearman's rank correlation is the correlation of the two rankings, of accuracy and of count, over the operands; numbers of equal rank share the mean of their ranks."
RESAMPLED = "Intervals draw the operands anew, with replacement, and compute again; 95% of what comes out lies within."
PARTIAL = "The correlation at fixed size is (r_xy - r_xz r_yz) / sqrt((1 - r_xz^2) (1 - r_yz^2)) of the three rank correlations of accuracy x, count y and operand z: what frequency tells among operands of like size."
GAP = "The gap is the mean accuracy on the ten most frequent operands less that on the ten least frequent."
WORDS = {
    "scatter": (ANSWERS, RANKS, RESAMPLED),
    "paper": (
        GAP,
        "Computed gaps use the released evaluations and counts of the whole Pile, printed ones the authors' own counts up to each checkpoint. The title states the correlation of the two, and the mean and the largest of their differences in size.",
    ),
    "partial": (ANSWERS, RANKS, PARTIAL, RESAMPLED),
    "regression": (
        ANSWERS,
        "A logistic regression explains the 50 answers on each operand: once by the logarithm of the count alone, once together with the operand's size and whether it is even, ends in 0 or ends in 5.",
        "A coefficient says by how much the log-odds of a right answer rise with ten times the count; odds are its exponential. What is left is the second coefficient over the first.",
        RESAMPLED,
    ),
    "course": (ANSWERS, RANKS, PARTIAL, GAP, RESAMPLED),
    "gap": (ANSWERS, GAP, "Bands are 1.96 standard errors of the mean over the operands."),
}
