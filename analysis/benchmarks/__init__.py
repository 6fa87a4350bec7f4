"""Reported benchmark scores: which of them compare, and who disagrees."""
