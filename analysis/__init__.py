"""Tables, formulas, fits and figures behind the dashboard; usable without it."""

PROJECT = "Ten Papers, Recomputed"
"""Its name in the browser's tab and in every file."""
TITLE = "Ten AI papers of 2023, recomputed"
"""Above the first page and on the cover of the prepared talk."""
__version__ = "1.1.0"
"""Of the project; it stands in every exported file, in CITATION.cff and in CHANGELOG.md."""
