"""Result files of evaluations, read and written."""

from analysis.evals.read import read_results

__all__ = ["read_results"]
