"""The arithmetic questions: how they are written, and the right answer."""

WORDS = {"multiplication": "times", "addition": "plus"}


def question(x1: int, x2: int, operation: str) -> str:
    """The question as Pythia's authors put it. [biderman2023] section 3.3

    >>> question(7, 8, "multiplication")
    'Q:What is 7 times 8? A:'
    """
    return f"Q:What is {x1} {WORDS[operation]} {x2}? A:"


def right_answer(x1: int, x2: int, operation: str) -> int:
    """The sum or the product."""
    return x1 * x2 if operation == "multiplication" else x1 + x2
