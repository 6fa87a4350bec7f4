"""Tables, formulas, fits and figures behind the dashboard; usable without it."""

__version__ = "1.1.0"
"""Of the project; it stands in every exported file, in CITATION.cff and in CHANGELOG.md."""
