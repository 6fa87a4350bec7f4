"""Scaling laws: which loss do N parameters and D tokens buy, and how sure is that?"""

from typing import Any

from analysis.scaling.figures import AllocationParameters, AllocationTokens, ChinchillaTable, TokensPerParam
from analysis.scaling.figures_fits import Constants, Residuals
from analysis.scaling.figures_loss import Contours, IsoFlop
from analysis.scaling.figures_size import TokensForSize
from pages.components import page
from pages.components.fits import ready
from pages.components.page import Section
from pages.components.runs_file import bring_runs

OF_RUNS: dict[str, Any] = {"own": {"training_runs": bring_runs}, "before": ready}

LEAD = "Published laws agree on the shape and differ in the constants. Take theirs, or fit the released runs, or your own."
SECTIONS = [
    Section("laws", "Tokens per parameter", TokensPerParam, **OF_RUNS),
    Section("size", "Tokens for a model size", TokensForSize, **OF_RUNS),
    Section("allocation", "Optimal parameters", AllocationParameters, **OF_RUNS),
    Section("tokens", "Optimal tokens", AllocationTokens, **OF_RUNS),
    Section("isoflop", "IsoFLOP curves", IsoFlop, **OF_RUNS),
    Section("map", "Loss contours", Contours, **OF_RUNS),
    Section("fit", "Fit uncertainty", Constants, Residuals, **OF_RUNS),
    Section("table", "Check of Table A3", ChinchillaTable),
]

if __name__ == "__main__":
    page.show("scaling", LEAD, SECTIONS)
