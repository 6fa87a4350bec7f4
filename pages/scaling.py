"""Scaling laws: which loss do N parameters and D tokens buy, and how sure is that?"""

from typing import Any

from analysis.scaling import data
from analysis.scaling.figures import AllocationParameters, AllocationTokens, ChinchillaTable, TokensPerParam
from analysis.scaling.figures_fits import Constants, Residuals
from analysis.scaling.figures_loss import Contours, IsoFlop
from analysis.units import significant
from pages.components import page
from pages.components.fits import ready
from pages.components.page import Section
from pages.components.runs_file import bring_runs

OF_RUNS: dict[str, Any] = {"own": {"training_runs": bring_runs}, "before": ready}

least, most = data.headline()
page.show(
    "scaling",
    f"The same runs advise {significant(least, 2)} or {significant(most, 2)} tokens per parameter",
    "Published laws agree on the shape and not on the numbers: at Chinchilla's budget the optimum depends on whose constants "
    "you take. Fit the released runs, or yours, and see what is known and how well.",
    [
        Section("laws", "Published laws", TokensPerParam, **OF_RUNS),
        Section("allocation", "Parameters", AllocationParameters, **OF_RUNS),
        Section("tokens", "Tokens", AllocationTokens, **OF_RUNS),
        Section("isoflop", "One law", IsoFlop, **OF_RUNS),
        Section("map", "As a map", Contours, **OF_RUNS),
        Section("fit", "How well known", Constants, Residuals, **OF_RUNS),
        Section("table", "Chinchilla's table", ChinchillaTable),
    ],
)
