"""Derived tables, checks of claims, and the glossary. `python -m analysis.build --help` is its command line."""
