"""What goes into tables that people open in a spreadsheet: nothing that it would run as a formula."""

DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n")
"""Spreadsheets run a cell that begins so as a formula, or look behind the blank for one."""


def neutral(value):
    """A cell that no spreadsheet runs as a formula; anything but text comes back as it is.

    >>> neutral("=1+1"), neutral("Llama 2"), neutral(-1.5)
    ("'=1+1", 'Llama 2', -1.5)
    """
    return f"'{value}" if isinstance(value, str) and value.startswith(DANGEROUS) else value
