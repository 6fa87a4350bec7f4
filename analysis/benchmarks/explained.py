"""How the numbers of the figures on benchmark scores come about."""

AS_WRITTEN = "Scores are as the works print them; no model was run again."
COMPARE = "Two scores may be compared where benchmark, metric, way to read an answer, number of examples and setting are stated and agree, or where they stand in one column of one table."
REPORTS = "Reports are scores that a work prints as its own: quoted ones, those from memory, parts of a benchmark and repetitions in one work are left out."
AS_PRINTED = frozenset({"reports", "against_params", "implementations"})
WORDS = {
    "heat_map": (
        AS_WRITTEN,
        COMPARE,
        "A column's setting is the one that most of its models share. Cells with another setting, metric or way to read answers, or that do not state all of it, are counted as not compared.",
    ),
    "reports": (AS_WRITTEN, "A report is what one work prints for this model and benchmark under one setting."),
    "against_params": (
        AS_WRITTEN,
        COMPARE,
        "Of groups of at least three models of about one size the title states the lowest and the highest score of the one that is furthest apart.",
    ),
    "gaps": (
        AS_WRITTEN,
        REPORTS,
        COMPARE,
        "Every two reports of one model on one benchmark by different works are a pair, and its gap is their difference in size. The title states the median gap of the pairs whose stated settings agree, and of those whose settings differ.",
    ),
    "disagreements": (
        AS_WRITTEN,
        REPORTS,
        COMPARE,
        "For each model and benchmark the lowest and the highest report are taken; those at least five points apart are counted.",
    ),
    "evaluators": (
        AS_WRITTEN,
        REPORTS,
        COMPARE,
        "Only scores under the setting of the model's own paper enter the largest gap; it is the difference to what that paper prints.",
    ),
    "dumbbell": (
        AS_WRITTEN,
        COMPARE,
        "Each benchmark counts once under one setting, a whole or its parts but not both. The model with the better score is ahead; scores from memory are drawn and not counted.",
    ),
    "implementations": ("Scores are as printed: the same questions, examples and models, run by others with three programs.",),
    "multiple_choice": (
        "Both scores are as printed. The gain is the score with the additional questions in training less the score without.",
    ),
    "contamination": (
        "Scores on clean and on dirty questions, and their numbers, are as printed. The lift is the score on dirty questions less that on clean ones.",
        "What contaminated questions add to the whole is the mean over all questions, weighted by their numbers, less the score on the clean ones.",
    ),
}
