"""Figures on how well a law is known: what a fit leaves over, its constants with intervals, and what it says of a budget."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from analysis.charts import style
from analysis.charts.panel import Panel
from analysis.scaling import chinchilla, exponent_grid, fitting, resampling
from analysis.scaling.figures_marks import REPLICATION, cite_laws, law_sources, run_source
from analysis.units import format_count, significant


def residuals(runs: pd.DataFrame, law, against: str, settings: Mapping[str, str]) -> Panel:
    """log(observed) - log(predicted) loss of each run against one of its coordinates.

    against: "n_params", "n_tokens" or "train_flops".
    """
    values = chinchilla.residuals(law, runs["n_params"], runs["n_tokens"], runs["loss"])
    kind = {"n_params": "params", "n_tokens": "tokens", "train_flops": "flops"}[against]
    typical = float(np.median(np.abs(values)))
    worst = float(values[np.argmax(np.abs(values))])
    traces = [style.reported_markers(runs[against], values, "training runs", style.BLUE)]
    layout = style.layout(
        kind, "percent", y_title="Observed over predicted loss, log difference", showlegend=False, shapes=[style.horizontal_line(0.0)]
    )
    return Panel(
        name="scaling.residuals",
        title=f"The law misses half of the runs by less than {typical:.1%}",
        figure=style.figure(traces, layout),
        data=lambda: runs[["n_params", "n_tokens", "train_flops", "loss"]].assign(
            residual=values, status="reported", source=run_source(runs)
        ),
        caption=(
            f"Positive: the run is worse than {law.label} predicts. The largest miss is {worst:+.1%}. A pattern along the axis would mean "
            "that the form of the law is wrong there; the five runs of highest loss lie where tokens are fewest."
        ),
        alt=f"Residuals of {len(runs)} runs; half lie within {typical:.1%} of the prediction, the largest is {worst:+.1%}.",
        sources=law_sources(law, runs),
        settings=settings,
        explain=(chinchilla.residuals, fitting.fit_parametric),
    )


def constants(
    fitted: chinchilla.ScalingLaw, resamples: pd.DataFrame, laws: Mapping[str, Any], level: float, settings: Mapping[str, str]
) -> Panel:
    """The five constants with their bootstrap interval, each as a multiple of the fit, beside published ones."""
    traces, rows = [], []
    names = list(chinchilla.CONSTANTS)
    low, high = resampling.interval(resamples[names].to_numpy(), level)
    errors = resampling.standard_errors(resamples)
    for name, lower, upper in zip(names, low, high, strict=True):
        value = getattr(fitted, name)
        rows.append(
            {
                "constant": name,
                "series": fitted.label,
                "value": value,
                "low": lower,
                "high": upper,
                "standard_error": errors[name],
                "status": "computed",
            }
        )
    error = {
        "type": "data",
        "symmetric": False,
        "array": [row["high"] / row["value"] - 1 for row in rows],
        "arrayminus": [1 - row["low"] / row["value"] for row in rows],
        "color": style.BLUE,
        "thickness": 2,
    }
    spans = [f"{significant(row['value'], 4)} ({significant(row['low'])} to {significant(row['high'])})" for row in rows]
    fit_markers = style.reported_markers([1.0] * len(names), names, f"{fitted.label}, {level:.0%} interval", style.BLUE, text=spans)
    traces.append(fit_markers | {"error_x": error, "meta": {"role": "computed"}})
    published = ["hoffmann2022_approach3", "hoffmann2022_approach3_rounded", "besiroglu2024"]
    symbols = dict(zip(published, ("star", "star-open", "diamond"), strict=True))
    for number, law_id in enumerate(published):
        law = laws[law_id]
        values = [getattr(law, name) for name in names]
        ratio = [value / getattr(fitted, name) for value, name in zip(values, names, strict=True)]
        traces.append(
            style.reported_markers(
                ratio, names, law.label, style.series_color(number + 1), symbols[law_id], text=[significant(v, 4) for v in values]
            )
        )
        rows += [
            {"constant": name, "series": law.label, "value": value, "status": "reported", "source": law.source}
            for name, value in zip(names, values, strict=True)
        ]
    layout = style.layout("log_number", "category", x_title="Multiple of the fitted value")
    layout["yaxis"] |= {"autorange": "reversed"}
    layout["xaxis"] |= {"tickvals": [0.2, 0.5, 1, 2, 5], "ticktext": ["0.2", "0.5", "1", "2", "5"]}
    outside = [
        name
        for name, lower, upper in zip(names, low, high, strict=True)
        if getattr(laws["hoffmann2022_approach3"], name) < lower or upper < getattr(laws["hoffmann2022_approach3"], name)
    ]
    open_ends = [name for name, lower, upper in zip(names, low, high, strict=True) if not np.isfinite(lower + upper)]
    left_open = f" The runs leave the interval of {_listed(open_ends)} open." if open_ends else ""
    return Panel(
        name="scaling.constants",
        title=f"Chinchilla's published constants lie outside the refit's {level:.0%} interval for {_listed(outside)}",
        figure=style.figure(traces, layout),
        data=lambda: pd.DataFrame(rows),
        caption="Bars are percentile intervals of the resampled fits. A and B are known to a factor only; what they imply for a budget is known better, because they move together with their exponents."
        + left_open,
        alt=f"Fitted constants with {level:.0%} intervals; the published Chinchilla values of {_listed(outside)} lie outside.",
        sources=(*cite_laws(laws, published), REPLICATION),
        settings=settings,
        explain=(fitting.fit_parametric, resampling.bootstrap, exponent_grid.best_of_exponents),
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
    return ", ".join(names[:-1]) + (" and " if len(names) > 1 else "") + names[-1] if names else "none of the constants"
