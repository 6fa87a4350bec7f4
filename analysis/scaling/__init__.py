"""Scaling laws: the Chinchilla form, its fit and its bootstrap, and what others published."""

from analysis.scaling.chinchilla import FitResult, ScalingLaw, bootstrap, fit_parametric
from analysis.scaling.own_runs import guess_columns, parse_runs, read_runs_file

__all__ = ["FitResult", "ScalingLaw", "bootstrap", "fit_parametric", "guess_columns", "parse_runs", "read_runs_file"]
