"""How the numbers of the figure on the article's statements come about."""

WORDS = {
    "verdicts": (
        "Each statement of the article that can be checked stands in a table with a verdict and with how it was reached: recomputed here, from printed values, or read in the source.",
        "A verdict that rests on a computation is computed again from the tables, and comes out otherwise where they do. The title counts the verdicts; forecasts, rumours and what is only reported are not among those checked.",
    ),
}
