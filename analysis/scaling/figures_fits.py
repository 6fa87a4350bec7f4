"""Figures on how well a law is known: what a fit leaves over, its constants with intervals, and what it says of a budget."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from analysis.charts import marks, style, ticks
from analysis.charts.marks import Part
from analysis.charts.panel import Headline, Panel
from analysis.charts.parameters import Choice
from analysis.charts.shared_parameters import LEVEL
from analysis.scaling import chinchilla, resampling
from analysis.scaling.chinchilla import ScalingLaw
from analysis.scaling.data import chinchilla_flops, published
from analysis.scaling.figures_loss import runs_part
from analysis.scaling.figures_marks import REPLICATION, OfRuns, cite_laws, law_sources
from analysis.units import format_count, format_flops, significant

SYMBOLS = {"hoffmann2022_approach3": "star", "hoffmann2022_approach3_rounded": "triangle-up", "besiroglu2024": "diamond"}
"""The published laws whose constants stand beside those of the fit."""
COORDINATES = {"train_flops": "flops", "n_params": "params", "n_tokens": "tokens"}


class Residuals(OfRuns):
    """The difference of log(observed) and log(predicted) loss of each run against one of its coordinates."""

    name = "scaling.residuals"
    residual_axis: str = Choice("Plot against", options={"train_flops": "compute", "n_params": "parameters", "n_tokens": "tokens"})(
        "train_flops"
    )

    def drawn(self, law: ScalingLaw, resamples: pd.DataFrame) -> Panel:
        """The panel of a law."""
        runs = self.training_runs.value.sort_values(self.residual_axis, kind="stable")
        values = np.asarray(chinchilla.residuals(law, runs["n_params"], runs["n_tokens"], runs["loss"]), float)
        middle = float(np.median(np.abs(values)))
        worst = float(values[np.argmax(np.abs(values))])
        part: Part = runs_part(runs) | {"residual": values}
        traces = [marks.points(part, self.residual_axis, "residual", style.BLUE)]
        layout = style.layout(
            COORDINATES[self.residual_axis],
            "percent",
            y_title="Log residual: observed over predicted loss",
            showlegend=False,
            shapes=[style.horizontal_line(0.0)],
        )
        typical = Headline("median size of the residuals", middle, "share", f"{middle:.1%}")
        return Panel(
            title=f"The law predicts the loss of half of the runs within {typical}",
            headline=(typical,),
            figure=style.figure(traces, layout),
            parts=[part],
            caption=(
                f"Each marker is a training run; above zero its loss is higher than {law.label} predicts. The largest residual is {worst:+.1%}. A trend along the axis would mean "
                f"that the law has the wrong form there{few_tokens(runs)}."
            ),
            alt=f"Residuals of {len(runs)} runs; half lie within {typical} of the prediction, the largest is {worst:+.1%}.",
            sources=law_sources(law, runs),
        )


class Constants(OfRuns):
    """The five constants of a fit with their bootstrap intervals, each as a multiple of the fit, beside published ones."""

    name = "scaling.constants"
    level: float = LEVEL(0.95)

    def drawn(self, law: ScalingLaw, resamples: pd.DataFrame) -> Panel:
        """The panel of a law and its resamples."""
        names, level = list(chinchilla.CONSTANTS), self.level
        low, high = resampling.interval(resamples[names].to_numpy(), level)
        errors = resampling.standard_errors(resamples)
        fit = np.array([getattr(law, name) for name in names])
        own: Part = {
            "series": f"{law.label}, {level:.0%} interval",
            "constant": names,
            "value": fit,
            "low": low,
            "high": high,
            "standard_error": [errors[name] for name in names],
            "multiple_of_fit": np.ones(len(names)),
            "multiple_low": low / fit,
            "multiple_high": high / fit,
            "status": "computed",
        }
        spans = [f"{significant(value, 4)} ({significant(a)} to {significant(b)})" for value, a, b in zip(fit, low, high, strict=True)]
        points = marks.points(own, "multiple_of_fit", "constant", style.BLUE, text=spans)
        traces = [marks.errors(points, own, "multiple_low", "multiple_high", "x", color=style.BLUE, thickness=2)]
        parts = [own]
        for number, (law_id, symbol) in enumerate(SYMBOLS.items()):
            known = published()[law_id]
            values = np.array([getattr(known, name) for name in names])
            parts.append(
                {
                    "series": known.label,
                    "constant": names,
                    "value": values,
                    "multiple_of_fit": values / fit,
                    "source": known.source,
                    "location": "fitted constants",
                    "status": "reported",
                }
            )
            text, color = [significant(value, 4) for value in values], style.series_color(number + 1)
            traces.append(marks.points(parts[-1], "multiple_of_fit", "constant", color, symbol=symbol, text=text))
        layout = style.layout("log_number", "category", x_title="Ratio to the fitted value")
        layout["yaxis"] |= {"autorange": "reversed"}
        layout["xaxis"] |= ticks.at([0.2, 0.5, 1, 2, 5])
        theirs = np.array([getattr(published()["hoffmann2022_approach3"], name) for name in names])
        outside = [name for name, out in zip(names, (theirs < low) | (high < theirs), strict=True) if out]
        open_ends = [name for name, end in zip(names, low + high, strict=True) if not np.isfinite(end)]
        left_open = f" The runs leave the interval of {_listed(open_ends)} open." if open_ends else ""
        beside, words = None, f" The table gives the optimum by the fit for Chinchilla's budget, {format_flops(chinchilla_flops())}."
        try:
            beside = estimates(law, resamples, chinchilla_flops(), level)
        except ValueError as problem:
            words = f" {problem}"
        many = Headline("published constants outside the interval", len(outside), "constants", str(len(outside)))
        return Panel(
            title=f"{many} of Chinchilla's {len(names)} published constants {'is' if len(outside) == 1 else 'are'} outside the fit's {level:.0%} interval"
            + (f": {_listed(outside)}" if outside else ""),
            headline=(many,),
            figure=style.figure(traces, layout),
            parts=parts,
            beside=beside,
            caption="Bars are bootstrap intervals of the fitted constants, markers the published constants over the fitted ones. A and B are known only to within a factor; what they imply for a budget is known better, because they vary together with their exponents."
            + left_open
            + words,
            alt=f"Fitted constants with {level:.0%} intervals; of the published Chinchilla values {_listed(outside)} lie outside.",
            sources=(*cite_laws(published(), list(SYMBOLS)), REPLICATION),
        )


def estimates(fitted, resamples: pd.DataFrame, C: float, level: float) -> pd.DataFrame:
    """What the fit says of a budget, with intervals: rows of quantity, estimate, low, high; a dash for an end that the runs leave open.

    Raises ValueError where the fit has no optimum at C (`scaling.optimal_model`).
    """
    N, D = chinchilla.optimal_model(fitted, C)
    n_samples, d_samples = resampling.resampled_optimum(resamples, C)
    with np.errstate(all="ignore"):
        loss_samples = resamples["E"] + resamples["A"] / n_samples ** resamples["alpha"] + resamples["B"] / d_samples ** resamples["beta"]
        ratio_samples = d_samples / n_samples
    rows: list[tuple[str, Any, Any, Callable[[float], str]]] = [
        ("optimal parameters N", N, n_samples, format_count),
        ("optimal tokens D", D, d_samples, format_count),
        ("tokens per parameter", D / N, ratio_samples, significant),
        ("loss at the optimum (nats)", fitted.loss(N, D), loss_samples.to_numpy(), significant),
        (
            "share a of compute growth that goes to N",
            fitted.beta / (fitted.alpha + fitted.beta),
            (resamples["beta"] / (resamples["alpha"] + resamples["beta"])).to_numpy(),
            significant,
        ),
    ]
    table = []
    for quantity, value, samples, write in rows:
        low, high = resampling.interval(samples, level)
        table.append((quantity, write(float(value)), write(float(low)), write(float(high))))
    return pd.DataFrame(table, columns=["quantity", "estimate", f"{level:.0%} low", f"{level:.0%} high"])


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:-1]) + (" and " if len(names) > 1 else "") + names[-1] if names else "none"


def few_tokens(runs: pd.DataFrame) -> str:
    """That the runs of highest loss lie where tokens are fewest, where they do: among the fifth of the runs with fewest tokens."""
    highest = runs.nlargest(5, "loss")
    few = runs["n_tokens"].quantile(0.2)
    return "; the five runs of highest loss lie where tokens are fewest" if len(runs) > 25 and (highest["n_tokens"] <= few).all() else ""
