"""Figures on training off the optimum: small for long, with inference in mind, and on repeated data."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from analysis.charts import style
from analysis.charts.panel import Citation, Panel
from analysis.compute import costs
from analysis.scaling import chinchilla, published
from analysis.scaling.figures_marks import cite_law, cite_models, model_markers
from analysis.units import format_count, format_flops, significant

SHOWN_RATIOS = {
    "GPT-3 175B": "top right",
    "Chinchilla 70B": "top center",
    "Llama 2 7B": "bottom right",
    "Pythia 1B": "top left",
    "Llama 3.1 8B": "top left",
}
"""Models whose names stand beside the curve, and on which side the curve and its ends leave room."""


def overtraining(law, models: pd.DataFrame, C: float, ratio: float, settings: Mapping[str, str]) -> Panel:
    """Loss lost against tokens per parameter at the budget C, with the ratios of published models marked on the curve."""
    ratios = np.geomspace(1, 3000, 40)
    penalty = costs.overtraining_penalty(law, C, ratios)
    here = float(costs.overtraining_penalty(law, C, ratio))
    more = float(costs.compute_multiplier(law, C, ratio))
    N, D = (float(value) for value in costs.at_tokens_per_param(C, ratio))
    best = float(chinchilla.tokens_per_param(law, C))
    traces = [style.computed_line(ratios, penalty, f"loss lost at {format_flops(C)}", style.BLUE)]
    known = models.dropna(subset=["tokens_per_param"])
    known = known[known["model"].isin(SHOWN_RATIOS)]
    at = costs.overtraining_penalty(law, C, known["tokens_per_param"].to_numpy())
    marks = model_markers(known.assign(penalty=at), "tokens_per_param", "penalty")
    where = [SHOWN_RATIOS[model] for model in known["model"]]
    traces.append(marks | {"name": "ratios of published models", "mode": "markers+text", "textposition": where})
    traces.append(style.what_if_marker([ratio], [here], "your ratio", style.AMBER))
    layout = style.layout(
        "ratio", "number", y_title="Loss above the optimum (nats)", y_range=(-0.005, max(0.12, here * 1.3)), x_range=(1, 3000)
    )
    return Panel(
        name="compute.overtraining",
        title=f"At {significant(ratio)} tokens per parameter the same compute loses {significant(here, 2)} nats, or takes {significant(more, 3)} times the FLOPs",
        figure=style.figure(traces, layout),
        data=lambda: pd.concat(
            [
                pd.DataFrame({"series": "penalty", "tokens_per_param": ratios, "penalty": penalty, "status": "computed"}),
                known[["model", "tokens_per_param", "source"]].rename(columns={"model": "series"}).assign(penalty=at, status="computed"),
                pd.DataFrame({"series": ["your ratio"], "tokens_per_param": [ratio], "penalty": [here], "status": ["what_if"]}),
            ],
            ignore_index=True,
        ),
        caption=(
            f"The optimum is at {significant(best)} tokens per parameter; yours would be {format_count(N, 'parameters')} on {format_count(D, 'tokens')}. "
            "The curve is flat near the optimum, which is why small models trained for long are cheap to have. Model names mark their reported "
            "ratios; their height is computed at your budget, not measured."
        ),
        alt=f"Loss above the optimum against tokens per parameter; {significant(ratio)} costs {significant(here, 2)} nats at {format_flops(C)}.",
        sources=(*cite_law(law), *cite_models(known)),
        settings=settings,
        explain=(costs.overtraining_penalty, costs.compute_multiplier, costs.at_tokens_per_param),
    )


def repetition(law: published.RepeatedDataLaw, unique_tokens: float, epochs: float, settings: Mapping[str, str]) -> Panel:
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
        explain=(published.RepeatedDataLaw, published.RepeatedDataLaw.effective_tokens),
    )


def inference(law: published.InferenceLaw, N: float, D: float, served: float, settings: Mapping[str, str]) -> Panel:
    """The cheapest model of the same quality as (N, D) once a lifetime of served tokens is counted."""
    axis = np.geomspace(1e10, 1e15, 26)
    target = float(law.base.loss(N, D))
    sizes = np.stack(published.InferenceLaw(law.base, axis).for_loss(np.full(axis.shape, target)), axis=1)
    best = published.InferenceLaw(law.base, served)
    n_best, d_best = (float(value) for value in best.for_loss(target))
    n_train, d_train = (float(value) for value in published.InferenceLaw(law.base, 0.0).for_loss(target))
    saving = 1 - float(best.total_flops(n_best, d_best) / best.total_flops(n_train, d_train))
    traces = []
    traces.append(style.computed_line(axis, sizes[:, 0], "parameters", style.BLUE))
    traces.append(style.computed_line(axis, sizes[:, 1], "training tokens", style.CRIMSON))
    traces.append(style.what_if_marker([served, served], [n_best, d_best], "your demand", style.AMBER))
    layout = style.layout(
        "tokens",
        "params",
        x_title="Tokens served over the model's life",
        y_title="Parameters; training tokens",
        shapes=[style.vertical_line(served, style.AMBER)],
    )
    decades = [10.0**n for n in range(10, 16)]
    layout["xaxis"] |= {"tickvals": decades, "ticktext": ["10B", "100B", "1T", "10T", "100T", "1000T"]}
    return Panel(
        name="compute.inference",
        title=f"Serving {format_count(served, 'tokens')} makes {format_count(n_best)} parameters on {format_count(d_best)} tokens the cheapest way to this loss",
        figure=style.figure(traces, layout),
        data=lambda: pd.concat(
            [
                pd.DataFrame(
                    {"served_tokens": axis, "n_params": sizes[:, 0], "n_tokens": sizes[:, 1], "loss": target, "status": "computed"}
                ),
                pd.DataFrame(
                    {"served_tokens": [served], "n_params": [n_best], "n_tokens": [d_best], "loss": [target], "status": ["what_if"]}
                ),
            ],
            ignore_index=True,
        ),
        caption=(
            f"Every point reaches the loss of {format_count(N, 'parameters')} on {format_count(D, 'tokens')} ({significant(target)} nats). Training alone would be cheapest with "
            f"{format_count(n_train, 'parameters')} on {format_count(d_train, 'tokens')}; counting 2 N FLOPs per served token, the smaller model saves {saving:.0%} of all FLOPs."
        ),
        alt=f"The cheapest size falls and its training tokens rise with served tokens; at {format_count(served)} they are {format_count(n_best)} and {format_count(d_best)}.",
        sources=(Citation("sardana2023", "Eq. 1"), *cite_law(law.base)),
        settings=settings,
        explain=(published.InferenceLaw, published.InferenceLaw.for_loss),
    )
