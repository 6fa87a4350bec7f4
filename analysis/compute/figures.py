"""Figures on training budgets: what one buys, what runs took, and what devices cost."""

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd

from analysis import tables
from analysis.charts import style
from analysis.charts.panel import Citation, Panel, table_of
from analysis.compute import costs as compute_costs
from analysis.compute import figures_off_optimum
from analysis.compute.data import published_models
from analysis.scaling import chinchilla, resampling
from analysis.scaling import published as scaling_published
from analysis.scaling.data import compute_axis, published, released_fit
from analysis.scaling.figures_marks import cite_law, cite_models, interval_name, law_name, model_markers
from analysis.units import format_count, format_duration, format_energy, format_flops, format_mass, format_money, significant


def budget(law, bands: pd.DataFrame, models: pd.DataFrame, C: float, N: float, D: float, settings: Mapping[str, str], preset=None) -> Panel:
    """The budget C with the model (N, D) chosen for it, among published runs, on the law's optimum.

    bands: `scaling.optimum_bands` of the law; empty for laws without a bootstrap. preset: the row of the published run that
    the budget repeats, if it does.
    """
    budgets = compute_axis()
    best, _ = law.compute_optimal(budgets)
    traces: list[dict] = []
    parts: list = []
    if len(bands):
        span = interval_name(law, bands)
        traces.extend(style.band(bands["train_flops"], bands["n_params_low"], bands["n_params_high"], span, style.BLUE))
        parts.append(lambda: bands[["train_flops", "n_params_low", "n_params_high"]].assign(series=span, status="uncertain"))
    traces.append(style.computed_line(budgets, best, f"optimum, {law_name(law)}", style.BLUE))
    parts.append({"series": law_name(law), "train_flops": budgets, "n_params": best, "status": "computed"})
    traces.append(model_markers(models, "computed_flops", "n_params"))
    known = models.dropna(subset=["computed_flops"])
    parts.append(
        lambda: (
            known[["model", "computed_flops", "n_params", "source"]]
            .rename(columns={"model": "series", "computed_flops": "train_flops"})
            .assign(status="reported")
        )
    )
    traces.append(style.what_if_marker([C], [N], "your run", style.AMBER))
    parts.append({"series": "your run", "train_flops": [C], "n_params": [N], "n_tokens": [D], "status": "what_if"})
    layout = style.layout(
        "flops", "params", y_range=(3e7, 3e12), x_range=(1e19, 1e26), height=440, shapes=[style.vertical_line(C, style.AMBER)]
    )
    if preset is None:
        near = known.iloc[np.abs(np.log(known["computed_flops"] / C)).argsort().iloc[:1]]["model"].iloc[0]
        title = f"{format_flops(C)} trains {format_count(N, 'parameters')} on {format_count(D, 'tokens')}; {near} took about as much"
    else:
        best_n = float(law.compute_optimal(C)[0])
        near = preset.name
        title = f"{near} is {significant(N / best_n, 2)} times the size that the law asks for at its compute"
    return Panel(
        name="compute.budget",
        title=title,
        figure=style.figure(traces, layout),
        data=lambda: table_of(parts),
        caption=(
            "The line is the best size for each budget, the band its interval where the law was refitted here; markers are published models at "
            "C = 6 N D (hollow: not verified). Models above the line are larger than the law asks, those below were trained on more tokens."
        ),
        alt=f"Parameters against compute: your run with {format_count(N)} parameters at {format_flops(C)} lies next to {near}.",
        sources=(*cite_law(law), *cite_models(known)),
        settings=settings,
        explain=(
            chinchilla.ScalingLaw.compute_optimal,
            compute_costs.training_flops,
            compute_costs.flops_of_gpus,
            compute_costs.flops_of_money,
        ),
    )


def device_hours(models: pd.DataFrame, utilisation: float, settings: Mapping[str, str]) -> Panel:
    """Reported device-hours of published runs against those that 6 N D at a utilisation would take on the same device."""
    known = models.dropna(subset=["computed_flops", "gpu_hours", "utilisation"]).copy()
    known["hours_at_utilisation"] = known["gpu_hours"] * known["utilisation"] / utilisation
    traces, low, high = [], 100.0, 1e8
    traces.append(style.computed_line([low, high], [low, high], f"computed at {utilisation:.0%} utilisation", style.BLUE))
    traces.append(model_markers(known, "hours_at_utilisation", "gpu_hours") | {"name": "published runs"})
    layout = style.layout(
        "log_number",
        "log_number",
        x_title=f"Computed device-hours (6 N D at {utilisation:.0%})",
        y_title="Reported device-hours",
        x_range=(low, high),
        y_range=(low, high),
        height=440,
    )
    layout["xaxis"]["exponentformat"] = layout["yaxis"]["exponentformat"] = "B"
    middle = float(known["utilisation"].median())
    best = known.loc[known["utilisation"].idxmax()]
    return Panel(
        name="compute.device_hours",
        title=f"Published runs used {known['utilisation'].min():.0%} to {known['utilisation'].max():.0%} of their devices' peak, half of them more than {middle:.0%}",
        figure=style.figure(traces, layout),
        data=lambda: known[
            [
                "model",
                "n_params",
                "n_tokens",
                "computed_flops",
                "train_flops",
                "gpu",
                "gpu_hours",
                "hours_at_utilisation",
                "utilisation",
                "source",
                "verified",
            ]
        ].assign(status="reported"),
        caption=(
            f"Markers above the line took more hours than {utilisation:.0%} of peak would. Utilisation here is 6 N D over reported hours at peak, so attention and "
            f"recomputation count as loss; {best['model']} comes out best."
        ),
        alt=f"Reported against computed device-hours of {len(known)} runs; implied utilisation runs from {known['utilisation'].min():.0%} to {known['utilisation'].max():.0%}.",
        sources=(*cite_models(known), *(Citation(i) for i in ("nvidia_a100", "nvidia_h100", "google_tpu"))),
        settings=settings,
        explain=(compute_costs.published_runs, compute_costs.implied_utilisation, compute_costs.cost_of),
    )


def devices(C: float, gpus: pd.DataFrame, utilisation: float, settings: Mapping[str, str]) -> Panel:
    """Rent for the budget on each device that has a price in the table."""
    priced = gpus.dropna(subset=["price_usd_per_hour"]).copy()
    costs = [compute_costs.cost_of(C, compute_costs.Device.from_row(row), 1, utilisation) for row in priced.to_dict("records")]
    priced["gpu_hours"] = [float(cost.gpu_hours) for cost in costs]
    priced["usd"] = [float(cost.usd) for cost in costs]
    priced["energy_kwh"] = [float(cost.energy_kwh) for cost in costs]
    priced = priced.sort_values("usd")
    traces = [
        style.bars(priced["usd"], priced["label"], "rent", style.BLUE, [format_money(value) for value in priced["usd"]], horizontal=True)
        | {"textposition": "outside", "cliponaxis": False}
    ]
    layout = style.layout(
        "number", "category", x_title="Rent (USD)", x_range=(0, 1.2 * float(priced["usd"].max())), height=440, showlegend=False
    )
    layout["xaxis"] |= {"tickprefix": "$", "exponentformat": "B"}
    layout["yaxis"] |= {"autorange": "reversed"}
    cheapest, dearest = priced.iloc[0], priced.iloc[-1]
    return Panel(
        name="compute.devices",
        title=f"Renting {format_flops(C)} costs {format_money(cheapest['usd'])} on {cheapest['label']} and {format_money(dearest['usd'])} on {dearest['label']}",
        figure=style.figure(traces, layout),
        data=lambda: (
            priced[
                [
                    "id",
                    "label",
                    "peak_flops_per_s",
                    "power_w",
                    "price_usd_per_hour",
                    "price_basis",
                    "gpu_hours",
                    "usd",
                    "energy_kwh",
                    "price_source",
                ]
            ]
            .rename(columns={"price_source": "source"})
            .assign(status="computed")
        ),
        caption=f"List price per device-hour times the hours at {utilisation:.0%} of peak, the same for every device. Prices are of the date and place in the table and change quickly; whether a model fits in memory is another question.",
        alt=f"Bars of rent by device for {format_flops(C)}; the cheapest is {cheapest['label']} at {format_money(cheapest['usd'])}.",
        sources=tuple(Citation(i) for i in dict.fromkeys([*priced["source"], *priced["price_source"]]) if i),
        settings=settings,
        explain=(compute_costs.cost_of,),
    )


def bill(C: float, N: float, D: float, law, resamples: pd.DataFrame, cost: compute_costs.Cost, n_gpus: float, level: float) -> pd.DataFrame:
    """What the run is and costs: rows of quantity, value and interval (where the law was refitted here)."""
    rows = [("training compute", format_flops(C), ""), ("parameters", format_count(N), ""), ("tokens", format_count(D), "")]
    loss_interval = ""
    if len(resamples):
        low, high = resampling.interval(resampling.resampled_loss(resamples, N, D), level)
        loss_interval = f"{significant(float(low), 4)} to {significant(float(high), 4)}"
        n_samples, d_samples = resampling.resampled_optimum(resamples, C)
        (n_low, n_high), (d_low, d_high) = resampling.interval(n_samples, level), resampling.interval(d_samples, level)
        best_n, best_d = (float(value) for value in law.compute_optimal(C))
        rows += [
            ("optimal parameters for this compute", format_count(best_n), f"{format_count(float(n_low))} to {format_count(float(n_high))}"),
            ("optimal tokens for this compute", format_count(best_d), f"{format_count(float(d_low))} to {format_count(float(d_high))}"),
        ]
    rows += [
        ("expected loss (nats per token)", significant(float(law.loss(N, D)), 4) if law.has_loss else "this law gives none", loss_interval),
        ("device-hours", format_count(float(cost.gpu_hours)), ""),
        (f"wall time on {format_count(n_gpus)} devices", format_duration(float(cost.wall_seconds)), ""),
        ("rent", format_money(float(cost.usd)), ""),
        ("energy", format_energy(float(cost.energy_joules)), ""),
        ("emissions (CO2eq)", format_mass(float(cost.co2_kg)), ""),
    ]
    return pd.DataFrame(rows, columns=["quantity", "value", f"{level:.0%} interval"])


def default_panels() -> dict[str, Callable[[], Panel]]:
    """The panels of the compute page at its default settings."""
    C, utilisation = 10**23.25, 0.4
    settings = {"budget": format_flops(C), "utilisation": f"{utilisation:.0%}"}

    def draw_budget():
        law, resamples = released_fit(5)
        N, D = (float(value) for value in law.compute_optimal(C))
        return budget(law, resampling.optimum_bands(resamples, compute_axis()), published_models(), C, N, D, settings)

    def draw_inference():
        law, _ = released_fit(5)
        N, D = (float(value) for value in law.compute_optimal(C))
        return figures_off_optimum.inference(scaling_published.InferenceLaw(law), N, D, 1e13, settings | {"served": "10 T tokens"})

    return {
        "compute.budget": draw_budget,
        "compute.devices": lambda: devices(C, tables.load("gpus"), utilisation, settings),
        "compute.device_hours": lambda: device_hours(published_models(), utilisation, {"utilisation": f"{utilisation:.0%}"}),
        "compute.overtraining": lambda: figures_off_optimum.overtraining(
            released_fit(5)[0], published_models(), C, 200.0, settings | {"tokens per parameter": "200"}
        ),
        "compute.repetition": lambda: figures_off_optimum.repetition(
            published()["muennighoff2023"], 1e11, 4.0, {"unique tokens": "100 B", "epochs": "4"}
        ),
        "compute.inference": draw_inference,
    }
