"""Figures as files: pictures, slides, tables, pages, decks. `python -m analysis.export --help` is its command line."""
