"""Texts by their sentences: a slide has room for the first of a caption, a page for two."""

import re

ABBREVIATIONS = ("al", "e.g", "i.e", "vs", "cf", "Fig", "Eq", "Sec", "Tab", "No", "no", "approx", "ca")


def parted(text: str, count: int = 1) -> tuple[str, str]:
    """(the first sentences of a text, the rest).

    >>> parted("Losses as Hoffmann et al. print them, e.g. 1.7. Lines are computed.")
    ('Losses as Hoffmann et al. print them, e.g. 1.7.', 'Lines are computed.')
    """
    for end in re.finditer(r"[.!?][\"”')]*(?=\s+[^a-z\s])", text):
        word = re.split(r"[\s(]", text[: end.start()])[-1]
        if word not in ABBREVIATIONS:
            count -= 1
            if not count:
                return text[: end.end()], text[end.end() :].strip()
    return text, ""
