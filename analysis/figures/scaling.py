"""Figures on scaling laws."""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd

from analysis import scaling, scaling_fit, scaling_laws, tables
from analysis.figures import style
from analysis.figures.panel import Citation, Panel, table_of
from analysis.units import format_count, format_flops, significant

CHINCHILLA_FLOPS = 5.76e23
"""Training compute of Chinchilla and Gopher [FLOP], [hoffmann2022] section 1."""
COMPUTE_RANGE = (1e18, 1e26)
LAW_TABLES = ("laws", "scaling_laws", "chinchilla_optimal")
REPLICATION = Citation("besiroglu2024", "released points of Figure 4 of Hoffmann et al. 2022")
COUNTED = {"total": "all parameters", "non_embedding": "parameters without embeddings", "non_embedding_flops": "FLOPs per token / 6"}


def contours(runs: pd.DataFrame, law, C: float, settings: Mapping[str, str]) -> Panel:
    """The runs in the plane of parameters and tokens with the law's loss contours and the budget C.

    runs: columns n_params, n_tokens, loss. law: a `scaling.ScalingLaw`.
    """
    n_range, d_range = _padded(runs["n_params"]), _padded(runs["n_tokens"])
    traces, parts, labels = [], [], []
    D = np.geomspace(*d_range, 40)
    for level in _loss_levels(law, runs):
        N = law.params_for_loss(level, D)
        inside = np.isfinite(N) & (N > n_range[0]) & (N < n_range[1])
        if inside.sum() < 2:
            continue
        name = f"loss {significant(level)}"
        traces.append(style.computed_line(N[inside], D[inside], name, style.GREY, width=1.2, showlegend=False))
        at = int(np.flatnonzero(inside)[-1])
        labels.append(style.note(np.log10(N[at]), np.log10(D[at]), significant(level), yshift=-8, xshift=14))
        parts.append({"series": name, "n_params": N[inside], "n_tokens": D[inside], "loss": level, "status": "computed"})
    N_opt, D_opt = law.compute_optimal(np.geomspace(1e17, 1e24, 50))
    inside = (N_opt > n_range[0]) & (N_opt < n_range[1])
    traces.append(style.computed_line(N_opt[inside], D_opt[inside], "compute-optimal", style.CRIMSON))
    parts.append({"series": "compute-optimal", "n_params": N_opt[inside], "n_tokens": D_opt[inside], "status": "computed"})
    N_iso = np.geomspace(*n_range, 30)
    D_iso = C / (scaling.FLOPS_PER_PARAM_TOKEN * N_iso)
    inside = (D_iso > d_range[0]) & (D_iso < d_range[1])
    traces.append(style.what_if_line(N_iso[inside], D_iso[inside], f"{format_flops(C)}", style.AMBER))
    parts.append({"series": "budget", "n_params": N_iso[inside], "n_tokens": D_iso[inside], "status": "what_if"})
    marker = {
        "color": runs["loss"].tolist(), "colorscale": style.SEQUENTIAL, "size": 7, "line": {"width": 0.6, "color": style.GREY},
        "colorbar": {"title": {"text": "loss"}, "thickness": 12, "outlinewidth": 0},
    }  # fmt: skip
    points = style.reported_markers(
        runs["n_params"], runs["n_tokens"], "training runs", style.GREY, text=[f"loss {loss:.3f}" for loss in runs["loss"]]
    )
    traces.append(points | {"marker": marker})
    layout = style.layout("params", "tokens", x_range=n_range, y_range=d_range, height=440, annotations=labels)

    def observed():
        return runs[["n_params", "n_tokens", "loss"]].assign(series="training runs", status="reported", source=_run_source(runs))

    N_best, D_best = (float(value) for value in law.compute_optimal(C))
    return Panel(
        name="scaling.contours",
        title=f"{len(runs)} runs and the valley between too few parameters and too few tokens",
        figure=style.figure(traces, layout),
        data=lambda: table_of([observed, *parts]),
        caption=(
            "Points are training runs coloured by final loss; grey lines join equal loss under the law; the solid line is the best split "
            f"of every budget and the dashed one is the chosen budget, {format_flops(C)}."
        ),
        alt=(
            f"Scatter of {len(runs)} runs by parameters and tokens; at {format_flops(C)} the law puts the optimum at "
            f"{format_count(N_best, 'parameters')} and {format_count(D_best, 'tokens')}."
        ),
        sources=_law_sources(law, runs),
        settings=settings,
        explain=(scaling.ScalingLaw, scaling.ScalingLaw.params_for_loss, scaling.ScalingLaw.compute_optimal),
    )


def isoflop(runs: pd.DataFrame, law, resamples: pd.DataFrame, C: float, level: float, settings: Mapping[str, str]) -> Panel:
    """Loss against parameters along lines of equal compute, with the optimum of the budget C and its interval.

    resamples: the bootstrap of the law (columns E, A, B, alpha, beta), or an empty frame for a law without one.
    """
    traces, parts, shapes, seen, optima = [], [], [], [], []
    budgets = sorted({1e19, 1e20, 1e21, float(C)})
    N = np.geomspace(*_padded(runs["n_params"]), 36)
    bottoms = []
    for number, budget in enumerate(budgets):
        color = style.AMBER if budget == C else style.series_color([0, 5, 3, 2][number % 4])
        D = budget / (scaling.FLOPS_PER_PARAM_TOKEN * N)
        loss = law.loss(N, D)
        N_best, D_best = law.compute_optimal(budget)
        best = float(law.loss(N_best, D_best))
        bottoms.append(best)
        draw = style.what_if_line if budget == C else style.computed_line
        shown = loss < best * 1.35
        status = "what_if" if budget == C else "computed"
        if budget == C and len(resamples):
            coarse = np.flatnonzero(shown)[::2]  # the interval bends little; half of the points draw the same band
            low, high = scaling.interval(scaling.resampled_loss(resamples, N[coarse], D[coarse]), level)
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
    N_best, D_best = (float(value) for value in law.compute_optimal(C))
    interval_words = ""
    if len(resamples):
        n_low, n_high = scaling.interval(scaling.resampled_optimum(resamples, C)[0], level)
        bottom = bottoms[budgets.index(C)]
        thick = {"color": style.AMBER, "width": 5}
        shapes.append({"type": "line", "x0": float(n_low), "x1": float(n_high), "y0": bottom, "y1": bottom, "line": thick, "opacity": 0.5})
        interval_words = f" ({level:.0%} interval {format_count(float(n_low))} to {format_count(float(n_high))})"
        parts.append(_frame("optimum, interval", [float(n_low), float(n_high)], loss=[bottom] * 2, status="uncertain"))
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
        sources=_law_sources(law, runs),
        settings=settings,
        explain=(scaling.ScalingLaw.loss, scaling.ScalingLaw.compute_optimal, scaling.bootstrap),
    )


def allocation(
    laws: Mapping[str, Any], chosen: Sequence[str], quantity: str, models: pd.DataFrame, fitted, bands: pd.DataFrame,
    C: float, settings: Mapping[str, str],
) -> Panel:  # fmt: skip
    """Optimal parameters or tokens against compute for several laws, with published models as markers.

    quantity: "n_params" or "n_tokens". fitted: the law of the bootstrap; bands: its `scaling.optimum_bands`, may be empty.
    """
    which = {"n_params": 0, "n_tokens": 1}[quantity]
    budgets = compute_axis()
    traces: list[dict] = []
    parts: list = []
    if len(bands):
        low, high, span = bands[f"{quantity}_low"], bands[f"{quantity}_high"], interval_name(fitted, bands)
        traces.extend(style.band(bands["train_flops"], low, high, span, style.BLUE))
        parts.append(
            {"series": span, "train_flops": bands["train_flops"], f"{quantity}_low": low, f"{quantity}_high": high, "status": "uncertain"}
        )
        values = fitted.compute_optimal(budgets)[which]
        traces.append(style.computed_line(budgets, values, fitted.label, style.BLUE))
        parts.append({"series": fitted.label, "train_flops": budgets, quantity: values, "status": "computed"})
    for number, law_id in enumerate(chosen):
        law = laws[law_id]
        values = np.asarray(law.compute_optimal(budgets)[which])
        line = style.computed_line(budgets, values, law_name(law), style.series_color(1 + number))
        if law.single_source:
            line["line"]["dash"] = "dot"
        traces.append(line)
        parts.append({"series": law_name(law), "train_flops": budgets, quantity: values, "status": "computed", "source": law.source})
    known = models.dropna(subset=["n_params", "n_tokens"])
    traces.append(model_markers(known, "computed_flops", quantity))
    parts.append(
        lambda: (
            known[["model", "computed_flops", quantity, "source"]]
            .rename(columns={"model": "series", "computed_flops": "train_flops"})
            .assign(status="reported")
        )
    )
    kind, here = {"n_params": "params", "n_tokens": "tokens"}[quantity], [style.vertical_line(C, style.AMBER)]
    layout = style.layout("flops", kind, x_range=COMPUTE_RANGE, height=440, shapes=here)
    noun = {"n_params": "parameters", "n_tokens": "tokens"}[quantity]
    spread = [float(np.asarray(laws[i].compute_optimal(C)[which])) for i in chosen] or [float(fitted.compute_optimal(C)[which])]
    return Panel(
        name=f"scaling.allocation_{noun}",
        title=f"At {format_flops(C)} the laws ask for {format_count(min(spread))} to {format_count(max(spread))} {noun}",
        figure=style.figure(traces, layout),
        data=lambda: table_of(parts),
        caption=(
            f"Compute-optimal {noun} under each law; dotted lines rest on a single secondary source. Markers are published models at "
            "C = 6 N D (hollow: not verified). Laws that count parameters differently are drawn as they count."
        ),
        alt=f"Lines of optimal {noun} against compute for {len(chosen)} laws; at {format_flops(C)} they span a factor {significant(max(spread) / min(spread), 2)}.",
        sources=(*_cite_laws(laws, chosen), REPLICATION, *_cite_models(known)),
        settings=settings,
        explain=(scaling.ScalingLaw.compute_optimal, scaling.resampled_optimum, scaling_laws.KaplanLaw, scaling_laws.AllocationLaw),
    )


def tokens_per_param(
    laws: Mapping[str, Any], chosen: Sequence[str], models: pd.DataFrame, fitted, bands: pd.DataFrame, C: float,
    settings: Mapping[str, str],
) -> Panel:  # fmt: skip
    """Optimal tokens per parameter against compute for several laws: how far apart the advice is."""
    budgets = compute_axis()
    traces: list[dict] = []
    parts: list = []
    at_C: dict[str, float] = {}
    if len(bands):
        span = interval_name(fitted, bands)
        traces.extend(style.band(bands["train_flops"], bands["ratio_low"], bands["ratio_high"], span, style.BLUE))
        parts.append(lambda: bands[["train_flops", "ratio_low", "ratio_high"]].assign(series=span, status="uncertain"))
        ratio = scaling.tokens_per_param(fitted, budgets)
        at_C[fitted.label] = float(scaling.tokens_per_param(fitted, C))
        traces.append(style.computed_line(budgets, ratio, fitted.label, style.BLUE))
        parts.append({"series": fitted.label, "train_flops": budgets, "ratio": ratio, "status": "computed"})
    for number, law_id in enumerate(chosen):
        law = laws[law_id]
        ratio = scaling.tokens_per_param(law, budgets)
        at_C[law.label] = float(scaling.tokens_per_param(law, C))
        line = style.computed_line(budgets, ratio, law_name(law), style.series_color(1 + number))
        if law.single_source:
            line["line"]["dash"] = "dot"
        traces.append(line)
        parts.append({"series": law_name(law), "train_flops": budgets, "ratio": ratio, "status": "computed", "source": law.source})
    known = models.dropna(subset=["n_params", "n_tokens"])
    traces.append(model_markers(known, "computed_flops", "tokens_per_param"))
    parts.append(
        lambda: (
            known[["model", "computed_flops", "tokens_per_param", "source"]]
            .rename(columns={"model": "series", "computed_flops": "train_flops", "tokens_per_param": "ratio"})
            .assign(status="reported")
        )
    )
    layout = style.layout(
        "flops", "ratio", x_range=COMPUTE_RANGE, y_range=(0.5, 3000), height=440, shapes=[style.vertical_line(C, style.AMBER)]
    )
    lowest, highest = min(at_C, key=at_C.__getitem__), max(at_C, key=at_C.__getitem__)
    return Panel(
        name="scaling.tokens_per_param",
        title=f"At {format_flops(C)} the choice of law moves the optimum from {significant(at_C[lowest], 2)} to {significant(at_C[highest], 2)} tokens per parameter",
        figure=style.figure(traces, layout),
        data=lambda: table_of(parts),
        caption=(
            f"Lowest is {lowest}, highest {highest}. The rounded and unrounded Chinchilla constants alone differ by more than half; "
            "markers are published models (hollow: not verified), many of them trained far beyond every optimum because they will be used a lot."
        ),
        alt=f"Tokens per parameter against compute: at {format_flops(C)} the laws range from {significant(at_C[lowest], 2)} ({lowest}) to {significant(at_C[highest], 2)} ({highest}).",
        sources=(*_cite_laws(laws, chosen), REPLICATION, *_cite_models(known)),
        settings=settings,
        explain=(scaling.tokens_per_param, scaling.ScalingLaw.compute_optimal, scaling.bootstrap),
    )


def residuals(runs: pd.DataFrame, law, against: str, settings: Mapping[str, str]) -> Panel:
    """log(observed) - log(predicted) loss of each run against one of its coordinates.

    against: "n_params", "n_tokens" or "train_flops".
    """
    values = scaling.residuals(law, runs["n_params"], runs["n_tokens"], runs["loss"])
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
            residual=values, status="reported", source=_run_source(runs)
        ),
        caption=(
            f"Positive: the run is worse than {law.label} predicts. The largest miss is {worst:+.1%}. A pattern along the axis would mean "
            "that the form of the law is wrong there; the five runs of highest loss lie where tokens are fewest."
        ),
        alt=f"Residuals of {len(runs)} runs; half lie within {typical:.1%} of the prediction, the largest is {worst:+.1%}.",
        sources=_law_sources(law, runs),
        settings=settings,
        explain=(scaling.residuals, scaling.fit_parametric),
    )


def constants(
    fitted: scaling.ScalingLaw, resamples: pd.DataFrame, laws: Mapping[str, Any], level: float, settings: Mapping[str, str]
) -> Panel:
    """The five constants with their bootstrap interval, each as a multiple of the fit, beside published ones."""
    traces, rows = [], []
    names = list(scaling.CONSTANTS)
    low, high = scaling.interval(resamples[names].to_numpy(), level)
    errors = scaling.standard_errors(resamples)
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
        "type": "data", "symmetric": False, "array": [row["high"] / row["value"] - 1 for row in rows],
        "arrayminus": [1 - row["low"] / row["value"] for row in rows], "color": style.BLUE, "thickness": 2,
    }  # fmt: skip
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
        if not lower <= getattr(laws["hoffmann2022_approach3"], name) <= upper
    ]
    return Panel(
        name="scaling.constants",
        title=f"Chinchilla's published constants lie outside the refit's {level:.0%} interval for {_listed(outside)}",
        figure=style.figure(traces, layout),
        data=lambda: pd.DataFrame(rows),
        caption="Bars are percentile intervals of the resampled fits. A and B are known to a factor only; what they imply for a budget is known better, because they move together with their exponents.",
        alt=f"Fitted constants with {level:.0%} intervals; the published Chinchilla values of {_listed(outside)} lie outside.",
        sources=(*_cite_laws(laws, published), REPLICATION),
        settings=settings,
        explain=(scaling.fit_parametric, scaling.bootstrap, scaling_fit.hoffmann_starts),
    )


def chinchilla_table(laws: Mapping[str, Any], printed: pd.DataFrame, settings: Mapping[str, str]) -> Panel:
    """Budgets of Chinchilla's own tables over those of each approach's line and of Eq. 10 with the published constants."""
    traces, rows = [], []
    lines = {"approach1": "hoffmann2022_approach1", "approach2": "hoffmann2022_approach2", "approach3": "hoffmann2022_approach3_table"}
    for number, (approach, law_id) in enumerate(lines.items()):
        part, law = printed[printed["approach"] == approach], laws[law_id]
        implied = (part["n_params"] / law.k_N) ** (1 / law.a)
        difference = part["train_flops"] / implied - 1
        traces.append(
            style.reported_markers(
                part["n_params"], difference, f"approach {approach[-1]}", style.series_color(number), text=part["parameters"]
            )
        )
        rows.append(
            part[["approach", "parameters", "n_params", "train_flops", "source", "location"]].assign(
                implied_flops=implied, difference=difference, status="reported"
            )
        )
    part, law = printed[printed["approach"] == "approach3"], laws["hoffmann2022_approach3"]
    a = law.beta / (law.alpha + law.beta)
    G = law.compute_optimal(scaling.FLOPS_PER_PARAM_TOKEN)[0]
    implied = scaling.FLOPS_PER_PARAM_TOKEN * (part["n_params"] / G) ** (1 / a)
    difference = part["train_flops"] / implied - 1
    traces.append(style.computed_line(part["n_params"], difference, "approach 3 against Eq. 10", style.RED))
    rows.append(
        part[["approach", "parameters", "n_params", "train_flops", "source", "location"]].assign(
            implied_flops=implied, difference=difference, status="computed"
        )
    )
    layout = style.layout(
        "params",
        "percent",
        x_title="Model size (parameters)",
        y_title="Printed over implied budget - 1",
        shapes=[style.horizontal_line(0.0)],
    )
    return Panel(
        name="scaling.chinchilla_table",
        title="Chinchilla's own tables follow a power law in 8 of 9 rows, but not its published equation",
        figure=style.figure(traces, layout),
        data=lambda: pd.concat(rows, ignore_index=True),
        caption=(
            f"Markers: printed budgets over a power law through the approach's rows; all agree within the printed rounding (approach 3 within 1.07 of it) except 67B, which is off in every approach. "
            f"The line: Table A3 against Eq. 10 with its unrounded constants, for which the table prints {-difference.max():.0%} to {-difference.min():.0%} less compute than the equation asks. "
            "The 175B row of approach 3 is shown with its misprinted exponent corrected (1.26e24 to 1.26e25)."
        ),
        alt="Printed budgets agree with a power law within rounding except at 67B; Eq. 10 misses the printed table by up to a sixth.",
        sources=(Citation("hoffmann2022", "Table 3, Table A3, Eq. 10"),),
        settings=settings,
        explain=(scaling_laws.allocation_from_table, scaling.ScalingLaw.compute_optimal),
    )


def estimates(fitted, resamples: pd.DataFrame, C: float, level: float) -> pd.DataFrame:
    """What the fit says of a budget, with intervals: rows of quantity, estimate, low, high, unit."""
    N, D = fitted.compute_optimal(C)
    n_samples, d_samples = scaling.resampled_optimum(resamples, C)
    loss_samples = resamples["E"] + resamples["A"] / n_samples ** resamples["alpha"] + resamples["B"] / d_samples ** resamples["beta"]
    rows: list[tuple[str, Any, Any, Callable[[float], str]]] = [
        ("optimal parameters N", N, n_samples, format_count),
        ("optimal tokens D", D, d_samples, format_count),
        ("tokens per parameter", D / N, d_samples / n_samples, significant),
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
        low, high = scaling.interval(samples, level)
        table.append((quantity, write(float(value)), write(float(low)), write(float(high))))
    return pd.DataFrame(table, columns=["quantity", "estimate", f"{level:.0%} low", f"{level:.0%} high"])


def model_markers(models: pd.DataFrame, x: str, y: str) -> dict:
    """Published models as one trace of markers, in the colour and symbol of their family, named on hover."""
    known = models.dropna(subset=[x, y])
    looks = [style.family_style(family) for family in known["family"]]
    trace = style.reported_markers(known[x], known[y], "published models", style.GREY, text=known["model"])
    colors = [color for color, _ in looks]
    symbols = [symbol if verified else f"{symbol}-open" for (_, symbol), verified in zip(looks, known["verified"] > 0, strict=True)]
    return trace | {"marker": {"color": colors, "symbol": symbols, "size": 9, "line": {"width": 1.5, "color": colors}}}


def interval_name(fitted, bands: pd.DataFrame) -> str:
    """The legend's name of the interval in bands."""
    return f"{fitted.label}, {bands['level'].iloc[0]:.0%} interval"


def law_name(law) -> str:
    """The law's label with a mark where it rests on a single secondary source or on memory."""
    return f"{law.label}{' (single source)' if law.single_source else ''}"


def default_panels() -> dict[str, Callable[[], Panel]]:
    """The panels of the scaling page at its default settings."""

    def inputs():
        laws = published()
        fitted, resamples = released_fit(5)
        return released_runs(5), laws, fitted, resamples, published_models()

    settings = {"runs": "240 released runs", "budget": format_flops(CHINCHILLA_FLOPS), "interval": "95%"}
    chosen = list(DEFAULT_LAWS)

    def build(draw):
        return lambda: draw(*inputs())

    C, level, budgets = CHINCHILLA_FLOPS, 0.95, compute_axis()
    return {
        "scaling.tokens_per_param": build(
            lambda runs, laws, fit, res, models: tokens_per_param(
                laws, chosen, models, fit, scaling.optimum_bands(res, budgets, level), C, settings
            )
        ),
        "scaling.contours": build(
            lambda runs, laws, fit, res, models: contours(runs, fit, 1e21, settings | {"budget": format_flops(1e21)})
        ),
        "scaling.isoflop": build(
            lambda runs, laws, fit, res, models: isoflop(runs, fit, res, 1e21, level, settings | {"budget": format_flops(1e21)})
        ),
        "scaling.allocation_parameters": build(
            lambda runs, laws, fit, res, models: allocation(
                laws, chosen, "n_params", models, fit, scaling.optimum_bands(res, budgets, level), C, settings
            )
        ),
        "scaling.allocation_tokens": build(
            lambda runs, laws, fit, res, models: allocation(
                laws, chosen, "n_tokens", models, fit, scaling.optimum_bands(res, budgets, level), C, settings
            )
        ),
        "scaling.residuals": build(lambda runs, laws, fit, res, models: residuals(runs, fit, "train_flops", settings)),
        "scaling.constants": build(lambda runs, laws, fit, res, models: constants(fit, res, laws, level, settings)),
        "scaling.chinchilla_table": build(
            lambda runs, laws, fit, res, models: chinchilla_table(laws, tables.load("chinchilla_optimal"), settings)
        ),
    }


DEFAULT_LAWS = (
    "hoffmann2022_approach1", "hoffmann2022_approach2", "hoffmann2022_approach3", "hoffmann2022_approach3_rounded", "besiroglu2024",
)  # fmt: skip


def compute_axis() -> np.ndarray:
    """The budgets [FLOP] at which lines over compute are drawn; two a decade, since the laws are straight on these axes."""
    return np.geomspace(*COMPUTE_RANGE, 17)


def published() -> dict[str, Any]:
    """The published laws from the tables, by id."""
    return dict(_published(tables.state(*LAW_TABLES)))


@lru_cache(maxsize=2)
def _published(state: tuple) -> dict[str, Any]:
    return scaling_laws.published_laws(*map(tables.load, LAW_TABLES))


def published_models() -> pd.DataFrame:
    """The published training runs with computed FLOPs and tokens per parameter."""
    return _published_models(tables.state("models_training", "gpus")).copy(deep=False)  # copy-on-write


@lru_cache(maxsize=2)
def _published_models(state: tuple) -> pd.DataFrame:
    from analysis import compute

    return compute.published_runs(tables.load("models_training"), tables.load("gpus"))


def released_runs(dropped: int) -> pd.DataFrame:
    """The released runs with n_tokens = C / (6 N), without the `dropped` highest losses."""
    return scaling.drop_highest_losses(scaling.with_tokens(tables.load("chinchilla_runs")), dropped)


def released_fit(dropped: int) -> tuple[scaling.ScalingLaw, pd.DataFrame]:
    """(law, resamples) fitted to the released runs without the `dropped` highest losses, from the derived tables."""
    fits = tables.load("scaling_fits").set_index("dropped")
    constants: dict[str, Any] = {name: float(fits.loc[dropped, name]) for name in scaling.CONSTANTS}
    law = scaling.ScalingLaw(
        **constants,
        id="fit",
        label="refit of the released runs",
        source="besiroglu2024",
    )
    resamples = tables.load("scaling_resamples")
    return law, resamples[resamples["dropped"] == dropped].reset_index(drop=True)


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


def _run_source(runs: pd.DataFrame) -> str:
    return runs["source"].iloc[0] if "source" in runs and len(runs) else "your file"


def _law_sources(law, runs: pd.DataFrame) -> tuple[Citation, ...]:
    cited = [REPLICATION] if "source" in runs else []
    if law.source and law.id != "fit":
        cited += [Citation(source_id) for source_id in law.source.split(";")]
    return tuple(cited)


def _cite_laws(laws: Mapping[str, Any], chosen: Sequence[str]) -> tuple[Citation, ...]:
    ids = dict.fromkeys(source_id for law_id in chosen for source_id in laws[law_id].source.split(";") if source_id)
    return tuple(Citation(source_id) for source_id in ids)


def _cite_models(models: pd.DataFrame) -> tuple[Citation, ...]:
    return tuple(Citation(source_id) for source_id in dict.fromkeys(part for cell in models["source"] for part in cell.split(";")))


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:-1]) + (" and " if len(names) > 1 else "") + names[-1] if names else "none of the constants"
