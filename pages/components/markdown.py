"""Text of others inside Markdown."""

import re

BLANKS = re.compile(r"[ \t\n\r\f\v]+")
"""One blank, as HTML shows them; a line break could begin a list, and four blanks code."""
FIRST = re.compile(r"\A( ?)(?:(?=[+\-])|(\d+)(?=[.)](?: |$)))")
"""What begins a list or a line across."""
LATE = r"""
    : (?= material[/_] | streamlit: )
    | (?: (?<=http) | (?<=https) ) : (?= //) | (?<=www) \. | (?<=[\w.+\-]) @ (?= [\w\-])
    | (?<! \S) [-<>~] (?= [-=>] (?! \S) ) | (?<= <) - (?= > (?! \S) )
"""
"""A sign of what Streamlit looks for after backslashes are gone: icons and its logo, addresses, and arrows and relations between blanks."""
SIGN = re.compile(
    rf"(?P<late>{LATE}) | (?P<colon> : (?= : | [^\W\d] | [\w+\-]+: )) | [\\`*_\[\]<>$~|\#] | & (?= \#?\w+; )", re.VERBOSE | re.IGNORECASE
)


def plain(text: str) -> str:
    """Markdown that Streamlit shows as the text stands: no mark-up, formula, icon, emoji, link or arrow comes of it.

    Blanks and line breaks count as one blank. Signs get a backslash. One that Streamlit looks for after that stands in a span without a
    colour, and a colon before a name is written as its number, because Streamlit looks for emoji before it reads anything.

    >>> plain("a*b [x](y) $1")
    'a\\\\*b \\\\[x\\\\](y) \\\\$1'
    >>> plain("1. :smile: -> :material/home:")
    '1\\\\. &#58;smile: :color[\\\\-]\\\\> :color[\\\\:]material/home:'
    """
    return FIRST.sub(r"\1\2\\", SIGN.sub(_shown, BLANKS.sub(" ", text)), count=1)


def _shown(found: re.Match) -> str:
    if found["late"]:
        return f":color[\\{found[0]}]"
    return "&#58;" if found["colon"] else f"\\{found[0]}"
