"""Figures on the loss under one law: its contours among the runs, and lines of equal compute."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from analysis.charts import style
from analysis.charts.panel import Panel, table_of
from analysis.scaling import chinchilla, resampling
from analysis.scaling.figures_marks import law_sources, run_source
from analysis.units import format_count, format_flops, significant


def contours(runs: pd.DataFrame, law, C: float, settings: Mapping[str, str]) -> Panel:
    """The runs in the plane of parameters and tokens with the law's loss contours and the budget C.

    runs: columns n_params, n_tokens, loss. law: a `scaling.ScalingLaw`. Raises ValueError where it has no optimum at C.
    """
    n_range, d_range = _padded(runs["n_params"]), _padded(runs["n_tokens"])
    traces, parts, labels = [], [], []
    pieces: list[tuple] = []  # the lines one after another with a gap behind each: one trace is drawn faster than eight
    D = np.geomspace(*d_range, 40)
    for level in _loss_levels(law, runs):
        N = law.params_for_loss(level, D)
        inside = np.isfinite(N) & (N > n_range[0]) & (N < n_range[1])
        if inside.sum() < 2:
            continue
        name = f"loss {significant(level)}"
        pieces.append((np.append(N[inside], np.nan), np.append(D[inside], np.nan), [name] * (inside.sum() + 1)))
        at = int(np.flatnonzero(inside)[-1])
        labels.append(style.note(np.log10(N[at]), np.log10(D[at]), significant(level), yshift=-8, xshift=14))
        parts.append({"series": name, "n_params": N[inside], "n_tokens": D[inside], "loss": level, "status": "computed"})
    if pieces:
        x, y, text = (np.concatenate(values) for values in zip(*pieces, strict=True))
        traces.append(style.computed_line(x, y, "equal loss", style.GREY, width=1.2, showlegend=False, text=text))
    N_opt, D_opt = law.compute_optimal(np.geomspace(1e17, 1e24, 50))
    inside = (N_opt > n_range[0]) & (N_opt < n_range[1])
    traces.append(style.computed_line(N_opt[inside], D_opt[inside], "compute-optimal", style.CRIMSON))
    parts.append({"series": "compute-optimal", "n_params": N_opt[inside], "n_tokens": D_opt[inside], "status": "computed"})
    N_iso = np.geomspace(*n_range, 30)
    D_iso = C / (chinchilla.FLOPS_PER_PARAM_TOKEN * N_iso)
    inside = (D_iso > d_range[0]) & (D_iso < d_range[1])
    traces.append(style.what_if_line(N_iso[inside], D_iso[inside], f"{format_flops(C)}", style.AMBER))
    parts.append({"series": "budget", "n_params": N_iso[inside], "n_tokens": D_iso[inside], "status": "what_if"})
    marker = {
        "color": runs["loss"].tolist(),
        "colorscale": style.SEQUENTIAL,
        "size": 7,
        "line": {"width": 0.6, "color": style.GREY},
        "colorbar": {"title": {"text": "loss"}, "thickness": 12, "outlinewidth": 0},
    }
    points = style.reported_markers(
        runs["n_params"], runs["n_tokens"], "training runs", style.GREY, text=[f"loss {loss:.3f}" for loss in runs["loss"]]
    )
    traces.append(points | {"marker": marker})
    layout = style.layout("params", "tokens", x_range=n_range, y_range=d_range, height=440, annotations=labels)

    def observed():
        return runs[["n_params", "n_tokens", "loss"]].assign(series="training runs", status="reported", source=run_source(runs))

    N_best, D_best = chinchilla.optimal_model(law, C)
    count = "1 run" if len(runs) == 1 else f"{len(runs)} runs"
    return Panel(
        name="scaling.contours",
        title=f"{count} and the valley between too few parameters and too few tokens",
        figure=style.figure(traces, layout),
        data=lambda: table_of([observed, *parts]),
        caption=(
            "Points are training runs coloured by final loss; grey lines join equal loss under the law; the solid line is the best split "
            f"of every budget and the dashed one is the chosen budget, {format_flops(C)}."
        ),
        alt=(
            f"Scatter of {count} by parameters and tokens; at {format_flops(C)} the law puts the optimum at "
            f"{format_count(N_best, 'parameters')} and {format_count(D_best, 'tokens')}."
        ),
        sources=law_sources(law, runs),
        settings=settings,
        explain=(chinchilla.ScalingLaw, chinchilla.ScalingLaw.params_for_loss, chinchilla.ScalingLaw.compute_optimal),
    )


def isoflop(runs: pd.DataFrame, law, resamples: pd.DataFrame, C: float, level: float, settings: Mapping[str, str]) -> Panel:
    """Loss against parameters along lines of equal compute, with the optimum of the budget C and its interval.

    resamples: the bootstrap of the law (columns E, A, B, alpha, beta), or an empty frame for a law without one. Raises ValueError where the
    law has no optimum at C.
    """
    traces, parts, shapes, seen, optima = [], [], [], [], []
    budgets = sorted({1e19, 1e20, 1e21, float(C)})
    N = np.geomspace(*_padded(runs["n_params"]), 36)
    bottoms = []
    for number, budget in enumerate(budgets):
        color = style.AMBER if budget == C else style.series_color([0, 5, 3, 2][number % 4])
        D = budget / (chinchilla.FLOPS_PER_PARAM_TOKEN * N)
        loss = law.loss(N, D)
        N_best, D_best = law.compute_optimal(budget)
        best = float(law.loss(N_best, D_best))
        bottoms.append(best)
        draw = style.what_if_line if budget == C else style.computed_line
        shown = loss < best * 1.35
        status = "what_if" if budget == C else "computed"
        if budget == C and len(resamples):
            coarse = np.flatnonzero(shown)[::2]  # the interval bends little; half of the points draw the same band
            low, high = resampling.interval(resampling.resampled_loss(resamples, N[coarse], D[coarse]), level)
            known = np.isfinite(low + high)
            coarse, low, high = coarse[known], low[known], high[known]
            traces.extend(style.band(N[coarse], low, high, f"{level:.0%} interval", color))
            parts.append(_frame(f"{format_flops(budget)}, interval", N[coarse], loss_low=low, loss_high=high, status="uncertain"))
        traces.append(draw(N[shown], loss[shown], format_flops(budget), color))
        parts.append(_frame(format_flops(budget), N[shown], loss=loss[shown], status=status))
        near = runs[np.abs(np.log(runs["train_flops"] / budget)) < np.log(1.25)]
        seen += [(n, value, color) for n, value in zip(near["n_params"], near["loss"], strict=True)]
        optima.append((float(N_best), best, color))
    for name, mark, points, status in (
        ("runs within 25% of a budget", style.reported_markers, seen, "reported"),
        ("optimum", style.what_if_marker, optima, "computed"),
    ):
        if points:
            n_params, losses, colors = zip(*points, strict=True)
            trace = mark(n_params, losses, name, style.GREY)
            traces.append(trace | {"marker": trace["marker"] | {"color": colors, "line": trace["marker"]["line"] | {"color": colors}}})
            parts.append(_frame(name, list(n_params), loss=list(losses), status=status))
    N_best, D_best = chinchilla.optimal_model(law, C)
    interval_words = ""
    if len(resamples):
        n_low, n_high = (float(end) for end in resampling.interval(resampling.resampled_optimum(resamples, C)[0], level))
        interval_words = f" (its {level:.0%} interval is left open by these runs)"
        if np.isfinite(n_low + n_high):
            bottom = bottoms[budgets.index(C)]
            thick = {"color": style.AMBER, "width": 5}
            shapes.append({"type": "line", "x0": n_low, "x1": n_high, "y0": bottom, "y1": bottom, "line": thick, "opacity": 0.5})
            interval_words = f" ({level:.0%} interval {format_count(n_low)} to {format_count(n_high)})"
            parts.append(_frame("optimum, interval", [n_low, n_high], loss=[bottom] * 2, status="uncertain"))
    layout = style.layout("params", "loss", y_range=(min(bottoms) - 0.1, max(max(bottoms) * 1.25, 3.2)), shapes=shapes)
    return Panel(
        name="scaling.isoflop",
        title=f"At {format_flops(C)} the best model has {format_count(N_best)} parameters, and being off by two costs little",
        figure=style.figure(traces, layout),
        data=lambda: table_of(parts),
        caption=(
            f"Loss along lines of equal compute. The chosen budget's optimum is {format_count(N_best, 'parameters')}{interval_words} "
            f"and {format_count(D_best, 'tokens')}; half or twice the size loses "
            f"{significant(float(law.loss(N_best / 2, D_best * 2) - law.loss(N_best, D_best)), 2)} or "
            f"{significant(float(law.loss(N_best * 2, D_best / 2) - law.loss(N_best, D_best)), 2)} nats."
        ),
        alt=f"U-shaped curves of loss against parameters; the one for {format_flops(C)} is lowest at {format_count(N_best, 'parameters')}.",
        sources=law_sources(law, runs),
        settings=settings,
        explain=(chinchilla.ScalingLaw.loss, chinchilla.ScalingLaw.compute_optimal, resampling.bootstrap),
    )


def _padded(values) -> tuple[float, float]:
    return float(np.min(values)) / 1.6, float(np.max(values)) * 1.6


def _loss_levels(law, runs: pd.DataFrame) -> np.ndarray:
    """About eight losses for contours, closer together towards the floor."""
    lowest = float(runs["loss"].min()) - law.E
    highest = float(runs["loss"].quantile(0.98)) - law.E
    if lowest <= 0 or highest <= lowest:
        return np.linspace(float(runs["loss"].min()), float(runs["loss"].max()), 8)
    return np.round(law.E + np.geomspace(lowest, highest, 8), 2)


def _frame(series: str, n_params, **columns) -> dict:
    return {"series": series, "n_params": n_params, **columns}
