"""Pythia: abilities over training and size, and runs that differ in one thing."""
