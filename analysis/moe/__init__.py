"""Mixtures of experts: parameters held and used, memory, compute, routing."""
