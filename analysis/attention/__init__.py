"""Attention: the cache of keys and values, windows, and what both cost in time."""
