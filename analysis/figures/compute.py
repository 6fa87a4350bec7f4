"""Figures on training budgets."""

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd

from analysis import compute, scaling, scaling_laws, tables
from analysis.figures import style
from analysis.figures.panel import Citation, Panel, table_of
from analysis.figures.scaling_data import (
    REPLICATION,
    compute_axis,
    interval_name,
    law_name,
    model_markers,
    published,
    published_models,
    released_fit,
)
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
        sources=(*_of_law(law), *_of_models(known)),
        settings=settings,
        explain=(scaling.ScalingLaw.compute_optimal, compute.training_flops, compute.flops_of_gpus, compute.flops_of_money),
    )


def overtraining(law, models: pd.DataFrame, C: float, ratio: float, settings: Mapping[str, str]) -> Panel:
    """Loss lost against tokens per parameter at the budget C, with the ratios of published models marked on the curve."""
    ratios = np.geomspace(1, 3000, 40)
    penalty = compute.overtraining_penalty(law, C, ratios)
    here = float(compute.overtraining_penalty(law, C, ratio))
    more = float(compute.compute_multiplier(law, C, ratio))
    N, D = (float(value) for value in compute.at_tokens_per_param(C, ratio))
    best = float(scaling.tokens_per_param(law, C))
    traces = [style.computed_line(ratios, penalty, f"loss lost at {format_flops(C)}", style.BLUE)]
    known = models.dropna(subset=["tokens_per_param"])
    known = known[known["model"].isin(SHOWN_RATIOS)]
    at = compute.overtraining_penalty(law, C, known["tokens_per_param"].to_numpy())
    marks = model_markers(known.assign(penalty=at), "tokens_per_param", "penalty")
    traces.append(
        marks | {"name": "ratios of published models", "mode": "markers+text", "textposition": ["top center", "bottom center"] * 3}
    )
    traces.append(style.what_if_marker([ratio], [here], "your ratio", style.AMBER))
    layout = style.layout(
        "ratio", "number", y_title="Loss above the optimum (nats)", y_range=(-0.005, max(0.12, here * 1.3)), x_range=(1, 3000)
    )
    return Panel(
        name="compute.overtraining",
        title=f"At {significant(ratio)} tokens per parameter the same compute loses {significant(here, 2)} nats, or takes {significant(more, 3)} times the FLOPs",
        figure=style.figure(traces, layout),
        data=lambda: pd.concat([
            pd.DataFrame({"series": "penalty", "tokens_per_param": ratios, "penalty": penalty, "status": "computed"}),
            known[["model", "tokens_per_param", "source"]].rename(columns={"model": "series"}).assign(penalty=at, status="computed"),
            pd.DataFrame({"series": ["your ratio"], "tokens_per_param": [ratio], "penalty": [here], "status": ["what_if"]}),
        ], ignore_index=True),
        caption=(
            f"The optimum is at {significant(best)} tokens per parameter; yours would be {format_count(N, 'parameters')} on {format_count(D, 'tokens')}. "
            "The curve is flat near the optimum, which is why small models trained for long are cheap to have. Model names mark their reported "
            "ratios; their height is computed at your budget, not measured."
        ),
        alt=f"Loss above the optimum against tokens per parameter; {significant(ratio)} costs {significant(here, 2)} nats at {format_flops(C)}.",
        sources=(*_of_law(law), *_of_models(known)),
        settings=settings,
        explain=(compute.overtraining_penalty, compute.compute_multiplier, compute.at_tokens_per_param),
    )  # fmt: skip


SHOWN_RATIOS = ("GPT-3 175B", "Chinchilla 70B", "Llama 2 7B", "Pythia 1B", "Llama 3.1 8B")


def repetition(law: scaling_laws.RepeatedDataLaw, unique_tokens: float, epochs: float, settings: Mapping[str, str]) -> Panel:
    """What repeated tokens are worth: effective tokens against epochs over a corpus of unique_tokens."""
    limited = law.with_unique_tokens(unique_tokens)
    axis = np.geomspace(1, 200, 40)
    effective = limited.effective_tokens(axis * unique_tokens)
    here = float(limited.effective_tokens(epochs * unique_tokens))
    limit = float(unique_tokens * (1 + law.R_D))
    traces = []
    traces.append(style.computed_line(axis, axis * unique_tokens, "if every pass were new data", style.GREY, width=1.2))
    traces.append(style.computed_line(axis, effective, "worth in unique tokens", style.BLUE))
    traces.append(
        style.computed_line([1, 200], [limit, limit], f"limit, {significant(1 + law.R_D)} x the corpus", style.CRIMSON, width=1.2)
    )
    traces.append(style.what_if_marker([epochs], [here], "your epochs", style.AMBER))
    layout = style.layout("log_number", "tokens", x_title="Epochs over the corpus", y_title="Effective training tokens", x_range=(1, 200))
    layout["xaxis"] |= {"tickvals": [1, 2, 4, 10, 20, 40, 100, 200], "ticktext": ["1", "2", "4", "10", "20", "40", "100", "200"]}
    share = here / (epochs * unique_tokens)
    return Panel(
        name="compute.repetition",
        title=f"{significant(epochs)} epochs over {format_count(unique_tokens, 'tokens')} are worth {format_count(here)} new ones, {share:.0%} of what was processed",
        figure=style.figure(traces, layout),
        data=lambda: pd.DataFrame(
            {"epochs": axis, "tokens_seen": axis * unique_tokens, "effective_tokens": effective, "status": "computed"}
        ).pipe(
            lambda frame: pd.concat(
                [
                    frame,
                    pd.DataFrame(
                        {"epochs": [epochs], "tokens_seen": [epochs * unique_tokens], "effective_tokens": [here], "status": ["what_if"]}
                    ),
                ],
                ignore_index=True,
            )
        ),
        caption="Up to about four passes repeated data is nearly as good as new; the worth saturates at the limit however long one trains. The law was fitted on C4 with up to 9 B parameters.",
        alt=f"Effective tokens against epochs saturate at {format_count(limit)}; {significant(epochs)} epochs are worth {format_count(here)}.",
        sources=(Citation("muennighoff2023", "Appendix A, Eq. 17"),),
        settings=settings,
        explain=(scaling_laws.RepeatedDataLaw, scaling_laws.RepeatedDataLaw.effective_tokens),
    )


def inference(law: scaling_laws.InferenceLaw, N: float, D: float, served: float, settings: Mapping[str, str]) -> Panel:
    """The cheapest model of the same quality as (N, D) once a lifetime of served tokens is counted."""
    axis = np.geomspace(1e10, 1e15, 26)
    target = float(law.base.loss(N, D))
    sizes = np.stack(scaling_laws.InferenceLaw(law.base, axis).for_loss(np.full(axis.shape, target)), axis=1)
    best = scaling_laws.InferenceLaw(law.base, served)
    n_best, d_best = (float(value) for value in best.for_loss(target))
    n_train, d_train = (float(value) for value in scaling_laws.InferenceLaw(law.base, 0.0).for_loss(target))
    saving = 1 - float(best.total_flops(n_best, d_best) / best.total_flops(n_train, d_train))
    traces = []
    traces.append(style.computed_line(axis, sizes[:, 0], "parameters", style.BLUE))
    traces.append(style.computed_line(axis, sizes[:, 1], "training tokens", style.CRIMSON))
    traces.append(style.what_if_marker([served, served], [n_best, d_best], "your demand", style.AMBER))
    layout = style.layout(
        "tokens", "params", x_title="Tokens served over the model's life", y_title="Parameters; training tokens",
        shapes=[style.vertical_line(served, style.AMBER)],
    )  # fmt: skip
    return Panel(
        name="compute.inference",
        title=f"Serving {format_count(served, 'tokens')} makes {format_count(n_best)} parameters on {format_count(d_best)} tokens the cheapest way to this loss",
        figure=style.figure(traces, layout),
        data=lambda: pd.concat([
            pd.DataFrame({"served_tokens": axis, "n_params": sizes[:, 0], "n_tokens": sizes[:, 1], "loss": target, "status": "computed"}),
            pd.DataFrame({"served_tokens": [served], "n_params": [n_best], "n_tokens": [d_best], "loss": [target], "status": ["what_if"]}),
        ], ignore_index=True),
        caption=(
            f"Every point reaches the loss of {format_count(N, 'parameters')} on {format_count(D, 'tokens')} ({significant(target)} nats). Training alone would be cheapest with "
            f"{format_count(n_train, 'parameters')} on {format_count(d_train, 'tokens')}; counting 2 N FLOPs per served token, the smaller model saves {saving:.0%} of all FLOPs."
        ),
        alt=f"The cheapest size falls and its training tokens rise with served tokens; at {format_count(served)} they are {format_count(n_best)} and {format_count(d_best)}.",
        sources=(Citation("sardana2023", "Eq. 1"), *_of_law(law.base)),
        settings=settings,
        explain=(scaling_laws.InferenceLaw, scaling_laws.InferenceLaw.for_loss),
    )  # fmt: skip


def device_hours(models: pd.DataFrame, utilisation: float, settings: Mapping[str, str]) -> Panel:
    """Reported device-hours of published runs against those that 6 N D at a utilisation would take on the same device."""
    known = models.dropna(subset=["computed_flops", "gpu_hours", "utilisation"]).copy()
    known["hours_at_utilisation"] = known["gpu_hours"] * known["utilisation"] / utilisation
    traces, low, high = [], 100.0, 1e8
    traces.append(style.computed_line([low, high], [low, high], f"computed at {utilisation:.0%} utilisation", style.BLUE))
    traces.append(model_markers(known, "hours_at_utilisation", "gpu_hours") | {"name": "published runs"})
    layout = style.layout(
        "log_number", "log_number", x_title=f"Computed device-hours (6 N D at {utilisation:.0%})", y_title="Reported device-hours",
        x_range=(low, high), y_range=(low, high), height=440,
    )  # fmt: skip
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
        sources=(*_of_models(known), *(Citation(i) for i in ("nvidia_a100", "nvidia_h100", "google_tpu"))),
        settings=settings,
        explain=(compute.published_runs, compute.implied_utilisation, compute.cost_of),
    )


def devices(C: float, gpus: pd.DataFrame, utilisation: float, settings: Mapping[str, str]) -> Panel:
    """Rent for the budget on each device that has a price in the table."""
    priced = gpus.dropna(subset=["price_usd_per_hour"]).copy()
    costs = [compute.cost_of(C, compute.Device.from_row(row), 1, utilisation) for row in priced.to_dict("records")]
    priced["gpu_hours"] = [float(cost.gpu_hours) for cost in costs]
    priced["usd"] = [float(cost.usd) for cost in costs]
    priced["energy_kwh"] = [float(cost.energy_kwh) for cost in costs]
    priced = priced.sort_values("usd")
    traces = [
        style.bars(priced["usd"], priced["label"], "rent", style.BLUE, [format_money(value) for value in priced["usd"]], horizontal=True)
        | {"textposition": "outside", "cliponaxis": False}
    ]
    layout = style.layout("number", "category", x_title="Rent (USD)", x_range=(0, 1.2 * float(priced["usd"].max())), height=440, showlegend=False)
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
        explain=(compute.cost_of,),
    )


def bill(C: float, N: float, D: float, law, resamples: pd.DataFrame, cost: compute.Cost, n_gpus: float, level: float) -> pd.DataFrame:
    """What the run is and costs: rows of quantity, value and interval (where the law was refitted here)."""
    rows = [("training compute", format_flops(C), ""), ("parameters", format_count(N), ""), ("tokens", format_count(D), "")]
    loss_interval = ""
    if len(resamples):
        low, high = scaling.interval(scaling.resampled_loss(resamples, N, D), level)
        loss_interval = f"{significant(float(low), 4)} to {significant(float(high), 4)}"
        n_samples, d_samples = scaling.resampled_optimum(resamples, C)
        (n_low, n_high), (d_low, d_high) = scaling.interval(n_samples, level), scaling.interval(d_samples, level)
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
        return budget(law, scaling.optimum_bands(resamples, compute_axis()), published_models(), C, N, D, settings)

    def draw_inference():
        law, _ = released_fit(5)
        N, D = (float(value) for value in law.compute_optimal(C))
        return inference(scaling_laws.InferenceLaw(law), N, D, 1e13, settings | {"served": "10 T tokens"})

    return {
        "compute.budget": draw_budget,
        "compute.devices": lambda: devices(C, tables.load("gpus"), utilisation, settings),
        "compute.device_hours": lambda: device_hours(published_models(), utilisation, {"utilisation": f"{utilisation:.0%}"}),
        "compute.overtraining": lambda: overtraining(
            released_fit(5)[0], published_models(), C, 200.0, settings | {"tokens per parameter": "200"}
        ),
        "compute.repetition": lambda: repetition(published()["muennighoff2023"], 1e11, 4.0, {"unique tokens": "100 B", "epochs": "4"}),
        "compute.inference": draw_inference,
    }


def _of_law(law) -> tuple[Citation, ...]:
    if law.id == "fit":
        return (REPLICATION,)
    return tuple(Citation(source_id) for source_id in law.source.split(";") if source_id)


def _of_models(models: pd.DataFrame) -> tuple[Citation, ...]:
    ids = dict.fromkeys(part for cell in models["source"] for part in cell.split(";"))
    return tuple(Citation(source_id) for source_id in ids)
