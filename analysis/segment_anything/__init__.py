"""Segment Anything: what its parts hold and cost, and what is reported of it."""
