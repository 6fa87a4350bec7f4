"""Scaling laws: the Chinchilla form, its fit and its bootstrap, and what others published."""

from analysis.scaling.chinchilla import ScalingLaw
from analysis.scaling.fitting import FitResult, fit_parametric
from analysis.scaling.own_runs import guess_columns, parse_runs, read_runs_file
from analysis.scaling.resampling import bootstrap

__all__ = ["FitResult", "ScalingLaw", "bootstrap", "fit_parametric", "guess_columns", "parse_runs", "read_runs_file"]
