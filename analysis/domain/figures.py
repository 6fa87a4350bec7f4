"""Figures on domain pretraining: the size against the laws, the mix, and what repetition costs."""

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd

from analysis import tables
from analysis.charts import intervals, style
from analysis.charts.panel import Citation, Panel, table_of
from analysis.compute import costs
from analysis.domain import corpus_mix, figures_cost, figures_scores, ways
from analysis.domain.data import AXIS, corpus_tokens, facts, fit, laws, other_models, repeated
from analysis.scaling import chinchilla as scaling_chinchilla
from analysis.scaling import resampling
from analysis.scaling.figures_marks import REPLICATION, interval_name, model_markers
from analysis.units import format_count, format_flops, significant

PAPER = Citation("wu2023", "Section 3.2; Table 4")
LAWS = ("hoffmann2022_approach1", "hoffmann2022_approach2", "hoffmann2022_approach3", "kaplan2020")
COUNTED = {"6": "6 N D", "8": "8 N D, with recomputation"}
SIZES = np.geomspace(3e9, 4e11, 41)
KINDS = {"domain": ("financial text", style.RED, "square"), "general": ("general text", style.SLATE, "circle")}


def optimum(gpu_hours: float, counted: str, settings: Mapping[str, str]) -> Panel:
    """BloombergGPT's size against the optimum of each law, counted as 6 N D and as 8 N D, and the plan for gpu_hours.

    counted: "6" or "8", which of the two the title speaks of; with 8 the FLOPs of the plan are not reduced for recomputation.
    """
    law, _, bands = fit()
    printed, known = facts(), laws()
    N, D = printed["n_params"], printed["n_tokens"]
    run = {name: float(costs.training_flops(N, D, float(name))) for name in COUNTED}
    share = corpus_mix.share_not_recomputed() if counted == "6" else 1.0
    plan = float(ways.flops_of_hours(gpu_hours, printed["flops_per_gpu_s"], share))
    name = interval_name(law, bands)
    traces = style.band(AXIS, bands["n_params_low"], bands["n_params_high"], name, style.BLUE)
    parts: list = [
        {
            "series": name,
            "train_flops": AXIS,
            "n_params_low": bands["n_params_low"],
            "n_params_high": bands["n_params_high"],
            "status": "uncertain",
        }
    ]
    drawn = {"fit": law} | {law_id: known[law_id] for law_id in LAWS}
    for number, (law_id, each) in enumerate(drawn.items()):
        best = each.compute_optimal(AXIS)[0]
        dash = {"line": {"color": style.GREY, "width": 2.5, "dash": "dot"}} if law_id == "kaplan2020" else {}
        traces.append(style.computed_line(AXIS, best, each.label, style.series_color(number)) | dash)
        parts.append({"series": each.label, "train_flops": AXIS, "n_params": best, "status": "computed"})
    others = other_models()
    traces.append(model_markers(others, "computed_flops", "n_params") | {"name": "other models, 6 N D"})
    parts.append(
        lambda: (
            others[["model", "computed_flops", "n_params", "source"]]
            .rename(columns={"model": "series", "computed_flops": "train_flops"})
            .assign(status="reported")
        )
    )
    for way, label in COUNTED.items():
        traces.append(style.reported_markers([run[way]], [N], f"BloombergGPT, {label}", style.RED, "square" if way == "6" else "diamond"))
        parts.append(
            {"series": f"BloombergGPT, {label}", "train_flops": [run[way]], "n_params": [N], "status": "reported", "source": "wu2023"}
        )
    asked = {each.label: float(each.compute_optimal(plan)[0]) for each in drawn.values()}
    traces.append(style.what_if_marker([plan], [asked[law.label]], "your budget at the refit's optimum", style.AMBER))
    parts.append({"series": "your budget", "train_flops": [plan], "n_params": [asked[law.label]], "status": "what_if"})
    ratio = {each.label: N / float(each.compute_optimal(run[counted])[0]) for each in drawn.values()}
    chinchilla = {label: value for label, value in ratio.items() if label != known["kaplan2020"].label}
    low, high = min(chinchilla.values()), max(chinchilla.values())
    wanted = [value for label, value in asked.items() if label != known["kaplan2020"].label]
    return Panel(
        name="domain.optimum",
        title=f"Counted as {COUNTED[counted].split(',')[0]}, BloombergGPT is {significant(low, 2)} to {significant(high, 2)} times the size that Chinchilla's laws ask for",
        figure=style.figure(
            traces,
            style.layout(
                "flops", "params", x_range=(1e22, 3e24), y_range=(5e9, 1.5e12), height=460, shapes=[style.vertical_line(plan, style.AMBER)]
            ),
        ),
        data=lambda: table_of(parts),
        caption=(
            f"The run trained {format_count(N)} parameters on {format_count(D)} tokens: {format_flops(run['6'])} as 6 N D, {format_flops(run['8'])} with the "
            f"forward pass run again, {format_flops(printed['train_flops'])} as printed. It was planned for 1.3 M GPU-hours; the dashed line is "
            f"{format_count(gpu_hours)} hours at the 102 TFLOP/s of the run, where the laws ask for {format_count(min(wanted))} to {format_count(max(wanted))}. "
            "Laws take 6 N D, so the square is the fair comparison. Kaplan's law (dotted) counts no embeddings."
        ),
        alt=f"Parameters against compute: BloombergGPT with {format_count(N)} parameters lies at {significant(low, 2)} to {significant(high, 2)} times the optimum of the laws.",
        sources=(
            PAPER,
            REPLICATION,
            *(Citation(i) for i in dict.fromkeys(part for law_id in LAWS for part in known[law_id].source.split(";"))),
            *_cited(others),
        ),
        settings=settings,
        explain=(
            ways.flops_of_hours,
            costs.training_flops,
            scaling_chinchilla.ScalingLaw.compute_optimal,
            resampling.optimum_bands,
        ),
    )


def sizes(gpu_hours: float, n_params: float, settings: Mapping[str, str]) -> Panel:
    """Why not a larger model: loss at the budget of gpu_hours against the size, with fresh tokens and with the corpus as it was."""
    printed = facts()
    C = float(ways.flops_of_hours(gpu_hours, printed["flops_per_gpu_s"], corpus_mix.share_not_recomputed()))
    law, resamples, _ = fit()
    D, fresh = corpus_mix.loss_along_sizes(law, C, SIZES)
    samples = resampling.resampled_loss(resamples.iloc[::20], SIZES, D)
    low, high = resampling.interval(samples - samples.min(axis=1, keepdims=True), 0.95)
    corpus = corpus_tokens()
    limited = corpus_mix.mixed_loss(repeated(law), SIZES, D, *corpus)
    marked = np.array([printed["n_params"], 175e9])
    at_tokens = C / (scaling_chinchilla.FLOPS_PER_PARAM_TOKEN * marked)
    at = corpus_mix.mixed_loss(repeated(law), marked, at_tokens, *corpus)
    here_tokens = C / (scaling_chinchilla.FLOPS_PER_PARAM_TOKEN * n_params)
    here = float(corpus_mix.mixed_loss(repeated(law), n_params, here_tokens, *corpus))
    base = float(limited.min())
    traces = [
        *style.band(SIZES, low, high, "95% interval of the refit", style.BLUE),
        style.computed_line(SIZES, fresh - fresh.min(), "every token new", style.BLUE),
        style.computed_line(SIZES, limited - base, f"corpus of {format_count(sum(corpus))}, repeated where it ends", style.CRIMSON),
        style.what_if_marker([n_params], [here - base], "your size", style.AMBER),
    ]
    layout = style.layout(
        "params",
        "number",
        y_title="Loss above the best size (nats)",
        x_range=(3e9, 4e11),
        y_range=(-0.004, 0.1),
        height=430,
        shapes=[style.vertical_line(float(N), style.GREY, "dot") for N in marked],
        annotations=[
            style.note(np.log10(N), 0.094, label, xshift=shift)
            for N, label, shift in ((marked[0], "50.6 B", -24), (marked[1], "175 B", 22))
        ],
    )
    worse = float(at[1] - at[0])
    word = "above" if worse > 0 else "below"
    return Panel(
        name="domain.sizes",
        title=f"At {format_flops(C)}, 175 B parameters could see {format_count(at_tokens[1])} tokens and would end {significant(abs(worse), 2)} nats {word} 50.6 B",
        figure=style.figure(traces, layout),
        data=lambda: table_of(
            [
                {"series": "95% interval", "n_params": SIZES, "low": low, "high": high, "status": "uncertain"},
                {
                    "series": "every token new",
                    "n_params": SIZES,
                    "n_tokens": D,
                    "loss": fresh,
                    "above_best": fresh - fresh.min(),
                    "status": "computed",
                },
                {
                    "series": "corpus repeated",
                    "n_params": SIZES,
                    "n_tokens": D,
                    "loss": limited,
                    "above_best": limited - base,
                    "status": "computed",
                },
                {
                    "series": ["50.6 B", "175 B"],
                    "n_params": marked,
                    "n_tokens": at_tokens,
                    "loss": at,
                    "above_best": at - base,
                    "status": "computed",
                },
                {
                    "series": ["your size"],
                    "n_params": [n_params],
                    "n_tokens": [here_tokens],
                    "loss": [here],
                    "above_best": [here - base],
                    "status": ["what_if"],
                },
            ]
        ),
        caption=(
            f"The budget is {format_count(gpu_hours)} GPU-hours less recomputation. All sizes spend it in full, so larger ones see fewer tokens. Yours would see "
            f"{format_count(here_tokens)}. 175 B would read {significant(100 * at_tokens[1] / sum(corpus), 2)}% of the corpus and cost {significant(marked[1] / marked[0], 2)} times as much "
            "for each answer. The band is the refit's interval for the blue line."
        ),
        alt=f"Loss above the best size against parameters at {format_flops(C)}; 175 B ends {significant(abs(worse), 2)} nats {word} 50.6 B.",
        sources=(PAPER, REPLICATION, Citation("muennighoff2023", "Eq. 5 and 6")),
        settings=settings,
        explain=(corpus_mix.loss_along_sizes, corpus_mix.mixed_loss, resampling.resampled_loss),
    )


def mix(n_tokens: float, settings: Mapping[str, str]) -> Panel:
    """The corpus by source as printed, with the tokens of each that a run of n_tokens draws."""
    rows = tables.load("domain_mix").sort_values("n_tokens", ascending=False, ignore_index=True)
    at = np.arange(len(rows))
    drawn = n_tokens * rows["n_tokens"] / rows["n_tokens"].sum()
    traces = []
    for kind, (label, color, symbol) in KINDS.items():
        mine = (rows["kind"] == kind).to_numpy()
        traces.append(
            style.reported_markers(
                rows.loc[mine, "n_tokens"],
                at[mine],
                label,
                color,
                symbol,
                text=[
                    f"{part}: {share:g}% of the corpus" for part, share in zip(rows.loc[mine, "part"], rows.loc[mine, "share"], strict=True)
                ],
            )
        )
    traces.append(style.computed_ticks(drawn, at, f"drawn for {format_count(n_tokens, 'tokens')}", style.AMBER, text=list(rows["part"])))
    by_kind = rows.groupby("kind")["n_tokens"].sum()
    total = float(by_kind.sum())
    layout = intervals.rows(list(rows["part"]), "tokens", "Tokens", row_height=20, x_range=(5e7, 6e11), zero=None)
    return Panel(
        name="domain.mix",
        title=f"{format_count(by_kind['domain'])} of {format_count(total)} tokens are financial, and {significant(100 * rows['n_tokens'].iloc[0] / by_kind['domain'], 2)}% of these come from the web",
        figure=style.figure(traces, layout),
        data=lambda: pd.concat(
            [
                rows[["part", "kind", "collection", "n_tokens", "share", "source"]].assign(status="reported"),
                pd.DataFrame({"part": rows["part"], "kind": rows["kind"], "n_tokens": drawn, "status": "computed"}),
            ],
            ignore_index=True,
        ),
        caption=(
            f"Markers are tokens as printed, after removing duplicates; ticks are what {format_count(n_tokens)} training tokens draw of each source if all are drawn alike, "
            f"{significant(n_tokens / total, 2)} passes. The paper stopped at 569 B because the held-out loss no longer fell. Shares are of tokens: financial documents are "
            f"{significant(100 * rows.loc[rows['kind'] == 'domain', 'documents'].sum() / rows['documents'].sum(), 2)}% of all documents, but short ones."
        ),
        alt=f"Tokens by source on a logarithmic axis: financial text has {format_count(by_kind['domain'])}, general text {format_count(by_kind['general'])} tokens.",
        sources=(Citation("wu2023", "Table 1"),),
        settings=settings,
        explain=(corpus_mix.passes, corpus_mix.domain_share),
    )


def repeat(domain_tokens: float, general_tokens: float, weight: float, gpu_hours: float, settings: Mapping[str, str]) -> Panel:
    """Another corpus: loss against size at a budget, for the mix as it was, without general text, and for the reader's own."""
    printed = facts()
    C = float(ways.flops_of_hours(gpu_hours, printed["flops_per_gpu_s"], corpus_mix.share_not_recomputed()))
    law = repeated(fit()[0])
    D = C / (scaling_chinchilla.FLOPS_PER_PARAM_TOKEN * SIZES)
    financial, general = corpus_tokens()
    was = corpus_mix.mixed_loss(law, SIZES, D, financial, general)
    alone = law.with_unique_tokens(financial).loss(SIZES, D)
    yours = corpus_mix.mixed_loss(law, SIZES, D, domain_tokens, general_tokens, weight)
    best_n, best_d = corpus_mix.best_size(law, C, domain_tokens, general_tokens, weight)
    best = float(corpus_mix.mixed_loss(law, best_n, best_d, domain_tokens, general_tokens, weight))
    over = corpus_mix.passes(best_d, domain_tokens, general_tokens, weight)
    share = float(corpus_mix.domain_share(domain_tokens, general_tokens, weight))
    traces = [
        style.computed_line(SIZES, was, "363 B financial and 345 B general", style.BLUE),
        style.computed_line(SIZES, alone, "363 B financial alone", style.CRIMSON),
        style.what_if_line(SIZES, yours, "your corpus", style.AMBER),
        style.what_if_marker([best_n], [best], "its best size", style.AMBER),
    ]
    top = float(min(was.min() + 0.2, max(was.max(), yours.max())))
    layout = style.layout("params", "loss", x_range=(3e9, 4e11), y_range=(min(was.min(), best) - 0.01, max(top, best + 0.03)), height=430)
    return Panel(
        name="domain.repeat",
        title=f"At {format_flops(C)} your corpus is best used by {format_count(best_n, 'parameters')}, which read the domain text {significant(over[0], 2)} times",
        figure=style.figure(traces, layout),
        data=lambda: table_of(
            [
                {"series": "as it was", "n_params": SIZES, "n_tokens": D, "loss": was, "status": "computed"},
                {"series": "financial alone", "n_params": SIZES, "n_tokens": D, "loss": alone, "status": "computed"},
                {"series": "your corpus", "n_params": SIZES, "n_tokens": D, "loss": yours, "status": "what_if"},
                {"series": ["best size"], "n_params": [best_n], "n_tokens": [best_d], "loss": [best], "status": ["what_if"]},
            ]
        ),
        caption=(
            f"{format_count(best_d, 'tokens')}, {100 * share:.0f}% of them from the domain; general text is read {significant(over[1], 2)} times. Expected loss {best:.3f} nats. Repeated "
            "tokens are worth less, as fitted on general text; the law treats new tokens of both kinds alike, so it shows the price of repetition and not the gain on domain tasks."
        ),
        alt=f"Loss against size at {format_flops(C)}; your corpus has its best size at {format_count(best_n)} parameters with a loss of {best:.3f} nats.",
        sources=(Citation("muennighoff2023", "Eq. 5 and 6"), REPLICATION, Citation("wu2023", "Table 1")),
        settings=settings,
        explain=(corpus_mix.mixed_loss, corpus_mix.best_size, corpus_mix.passes),
    )


def _cited(models: pd.DataFrame) -> tuple[Citation, ...]:
    return tuple(Citation(i) for i in dict.fromkeys(part for cell in models["source"] for part in cell.split(";")))


def default_panels() -> dict[str, Callable[[], Panel]]:
    """The panels of the domain page at its default settings."""
    hours = {"planned": "1.3 M GPU-hours"}
    return {
        "domain.optimum": lambda: optimum(1.3e6, "6", hours | {"counted as": COUNTED["6"]}),
        "domain.sizes": lambda: sizes(1.3e6, 10**11.0, hours | {"your size": "100 B"}),
        "domain.mix": lambda: mix(569e9, {"tokens trained on": "569 B"}),
        "domain.repeat": lambda: repeat(100e9, 300e9, 2.0, 1.3e6, hours | {"corpus": "100 B financial, 300 B general", "weight": "2"}),
        **figures_scores.default_panels(),
        **figures_cost.default_panels(),
    }
