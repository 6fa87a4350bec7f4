"""What a parameter means, in one line, out of data/terms.csv."""

from analysis import tables


@tables.kept
def meanings() -> dict[str, str]:
    """The help of each term by its name: its meaning as a sentence.

    >>> meanings()["seed"]
    'Another seed draws other tokens and router logits.'
    """
    stored = tables.load("terms")
    return {name: f"{text[0].upper()}{text[1:]}." for name, text in zip(stored["name"], stored["meaning"], strict=True)}


def help_of(name: str) -> str:
    """The help of a parameter, "" for one that is no term: without it a chart says the same, so a damaged table stops none."""
    return "" if problem() else meanings().get(name, "")


def problem() -> str:
    """What is wrong with the table, "" if nothing is."""
    try:
        meanings()
    except tables.TableError as wrong:
        return str(wrong)
    return ""
