"""Figures on domain pretraining: the size against the laws, the mix, and what repetition costs."""

from typing import Any

import numpy as np

from analysis import tables
from analysis.charts import intervals, marks, style
from analysis.charts.figure import Figure
from analysis.charts.marks import Part
from analysis.charts.names import at_end, beside
from analysis.charts.panel import Citation, Headline, Panel
from analysis.charts.parameters import Choice, Quantity
from analysis.charts.shared_parameters import N_PARAMS, N_TOKENS
from analysis.compute import costs
from analysis.domain import corpus_mix, ways
from analysis.domain.data import AXIS, CHINCHILLA, corpus_tokens, facts, fit, laws, optimal_sizes, other_models, repeated
from analysis.scaling import chinchilla, resampling
from analysis.scaling.figures import short_name
from analysis.scaling.figures_marks import REPLICATION, band_part, cite_models, model_part, model_points
from analysis.units import format_count, format_flops, format_si, significant

PAPER = Citation("wu2023", "Section 3.2; Table 4")
LAWS = (*CHINCHILLA, "kaplan2020")
COUNTED = {6: "6 N D", 8: "8 N D, with recomputation"}
SIZES = np.geomspace(3e9, 4e11, 41)
KINDS = {"domain": ("financial text", style.RED, "square"), "general": ("general text", style.SLATE, "circle")}
PLANNED_GPU_HOURS = Quantity(
    "Planned GPU-hours",
    unit="GPU-hours",
    low=1e5,
    high=5e6,
)
DOMAIN_TOKENS = Quantity("Domain tokens", unit="tokens", low=1e8, high=3e12)
GENERAL_TOKENS = Quantity("General tokens", unit="tokens", low=1e8, high=1e13)


def planned_flops(gpu_hours: float) -> float:
    """Training FLOPs of the planned hours, less what is computed twice [FLOP]."""
    return float(ways.flops_of_hours(gpu_hours, facts()["flops_per_gpu_s"], corpus_mix.share_not_recomputed()))


class Optimum(Figure):
    """BloombergGPT's size against the optimum of each law, counted as 6 N D and as 8 N D, and the plan for GPU-hours."""

    name = "domain.optimum"
    flops_per_param_token: int = Choice("Compute counted as", options=COUNTED)(6)
    planned_gpu_hours: float = PLANNED_GPU_HOURS(lambda _: facts()["budget_gpu_hours"])

    def draw(self) -> Panel:
        """The panel at these parameters."""
        law, _, bands = fit()
        printed, known, counted = facts(), laws(), self.flops_per_param_token
        N, D = printed["n_params"], printed["n_tokens"]
        run = {factor: float(costs.training_flops(N, D, float(factor))) for factor in COUNTED}
        share = corpus_mix.share_not_recomputed() if counted == 6 else 1.0
        plan = float(ways.flops_of_hours(self.planned_gpu_hours, printed["flops_per_gpu_s"], share))
        parts: list[Part] = [band_part(law, bands)]
        traces = marks.band(parts[0], "train_flops", "n_params_low", "n_params_high", style.BLUE)
        drawn = {"fit": law} | {law_id: known[law_id] for law_id in LAWS}
        for number, (law_id, each) in enumerate(drawn.items()):
            best = np.asarray(each.compute_optimal(AXIS)[0], float)
            parts.append({"series": each.label, "train_flops": AXIS, "n_params": best, "source": each.source, "status": "computed"})
            color, dash = (style.GREY, "dot") if law_id == "kaplan2020" else (style.series_color(number), None)
            traces.append(at_end(marks.line(parts[-1], "train_flops", "n_params", color, dash=dash), short_name(each.label)))
        others = other_models()
        parts.append(model_part(others, train_flops="computed_flops", n_params="n_params"))
        traces.append(model_points(parts[-1], "train_flops", "n_params", "other models, 6 N D"))
        for (factor, label), symbol in zip(COUNTED.items(), ("square", "diamond"), strict=True):
            one = {"train_flops": [run[factor]], "n_params": [N], "source": "wu2023", "location": PAPER.location, "status": "reported"}
            parts.append({"series": f"BloombergGPT, {label}", **one})
            point = marks.points(parts[-1], "train_flops", "n_params", style.RED, symbol=symbol)
            traces.append(beside(point, [f"BloombergGPT, {label.split(',')[0]}"], whole=True))
        asked = optimal_sizes(plan)
        ratio = {law_id: N / float(each.compute_optimal(run[counted])[0]) for law_id, each in drawn.items()}
        parts.append({"series": "your budget", "train_flops": [plan], "n_params": [asked["fit"]], "status": "what_if"})
        yours = marks.points(parts[-1], "train_flops", "n_params", style.AMBER, "your budget at our refit's optimum")
        traces.append(beside(yours, ["your budget"], whole=True))
        parts.append(
            {
                "series": [f"optimum at the run's compute, {each.label}" for each in drawn.values()],
                "train_flops": run[counted],
                "n_params": [N / value for value in ratio.values()],
                "size_over_optimum": list(ratio.values()),
                "status": "computed",
            }
        )
        of_chinchilla = [N / best for best in optimal_sizes(run[counted]).values()]
        low, high = (
            Headline(f"{name} size over a law's optimum", value, "", significant(value, 2), "size_over_optimum")
            for name, value in (("smallest", min(of_chinchilla)), ("largest", max(of_chinchilla)))
        )
        shapes = [style.vertical_line(plan, style.AMBER)]
        return Panel(
            title=f"Counted as {COUNTED[counted].split(',')[0]}, BloombergGPT is {low} to {high}× Chinchilla's compute-optimal size",
            headline=(low, high),
            figure=style.figure(
                traces, style.layout("flops", "params", x_range=(1e22, 3e24), y_range=(5e9, 1.5e12), height=460, shapes=shapes)
            ),
            parts=parts,
            caption=(
                f"Lines are compute-optimal sizes by each law; a model above them is larger than they advise. BloombergGPT trained {format_count(N)} parameters on {format_count(D)} tokens: {format_flops(run[6])} as 6 N D, {format_flops(run[8])} with the "
                f"forward pass recomputed, {format_flops(printed['train_flops'])} as printed. It was planned for {format_count(printed['budget_gpu_hours'])} GPU-hours; the dashed line is "
                f"{format_count(self.planned_gpu_hours)} hours at the run's {format_si(printed['flops_per_gpu_s'], 'FLOP/s')}, for which the laws advise {format_count(min(asked.values()))} to {format_count(max(asked.values()))}. "
                "The laws are fitted to 6 N D, so the square is the fair comparison. Kaplan's law (dotted) does not count embeddings."
            ),
            alt=f"Parameters against compute: BloombergGPT with {format_count(N)} parameters lies at {low} to {high} times the optimum of the laws.",
            sources=(
                PAPER,
                REPLICATION,
                *(Citation(i) for i in dict.fromkeys(part for law_id in LAWS for part in known[law_id].source.split(";"))),
                *cite_models(others),
            ),
        )


class Sizes(Figure):
    """Why not a larger model: loss at a budget against the size, with fresh tokens and with the corpus as it was."""

    name = "domain.sizes"
    planned_gpu_hours: float = PLANNED_GPU_HOURS(lambda _: facts()["budget_gpu_hours"])
    n_params: float = N_PARAMS(1e11, low=3e9, high=4e11)

    def draw(self) -> Panel:
        """The panel at these parameters."""
        printed, n_params = facts(), self.n_params
        C = planned_flops(self.planned_gpu_hours)
        law, resamples, _ = fit()
        D, fresh = corpus_mix.loss_along_sizes(law, C, SIZES)
        samples = resampling.resampled_loss(resamples.iloc[::20], SIZES, D)
        low, high = resampling.interval(samples - samples.min(axis=1, keepdims=True), 0.95)
        corpus = corpus_tokens()
        limited = corpus_mix.mixed_loss(repeated(law), SIZES, D, *corpus)
        base = float(limited.min())
        marked = np.array([printed["n_params"], 175e9])
        at_tokens = C / (chinchilla.FLOPS_PER_PARAM_TOKEN * marked)
        here_tokens = C / (chinchilla.FLOPS_PER_PARAM_TOKEN * n_params)
        at = corpus_mix.mixed_loss(repeated(law), marked, at_tokens, *corpus)
        here = float(corpus_mix.mixed_loss(repeated(law), n_params, here_tokens, *corpus))
        span: Part = {
            "series": "95% interval of our refit",
            "n_params": SIZES,
            "above_best_low": low,
            "above_best_high": high,
            "status": "uncertain",
        }
        new = size_part("unlimited data", SIZES, D, fresh, fresh - fresh.min())
        again = size_part(f"corpus of {format_count(sum(corpus))}, repeated when used up", SIZES, D, limited, limited - base)
        compared = size_part("50.6 B", marked, at_tokens, at, at - base) | {"series": ["50.6 B", "175 B"]}
        yours = size_part("your size", [n_params], [here_tokens], [here], [here - base], "what_if")
        traces = [
            *marks.band(span, "n_params", "above_best_low", "above_best_high", style.BLUE),
            marks.line(new, "n_params", "above_best", style.BLUE),
            marks.line(again, "n_params", "above_best", style.CRIMSON),
            marks.points(yours, "n_params", "above_best", style.AMBER),
        ]
        layout = style.layout(
            "params",
            "number",
            y_title="Excess loss over the optimal size (nats)",
            x_range=(SIZES[0], SIZES[-1]),
            y_range=(-0.004, max(0.1, 1.1 * (here - base))),
            height=430,
            shapes=[style.vertical_line(float(N), style.GREY, "dot") for N in marked],
            annotations=[
                style.line_name(float(N), label, log=True) for N, label in zip(marked, ("BloombergGPT, 50.6 B", "175 B"), strict=True)
            ],
        )
        worse, large = here - float(at[0]), float(at[1] - at[0])
        seen = Headline("tokens that the size could see", float(here_tokens), "tokens", format_count(here_tokens), "n_tokens")
        lost = Headline("loss between the size and 50.6 B", abs(worse), "nats", significant(abs(worse), 2))
        word, large_word = ("above" if value > 0 else "below" for value in (worse, large))
        return Panel(
            title=f"At {format_flops(C)}, {format_count(n_params)} parameters see {seen} tokens and end {lost} nats {word} 50.6 B",
            headline=(seen, lost),
            figure=style.figure(traces, layout),
            parts=[span, new, again, compared, yours],
            caption=(
                f"Each line is the loss above that of the best size when all sizes spend the same {format_count(self.planned_gpu_hours)} GPU-hours, minus recomputation. Larger models see fewer tokens. 175 B would see "
                f"{format_count(at_tokens[1])}, {significant(100 * at_tokens[1] / sum(corpus), 2)}% of the corpus, end {significant(abs(large), 2)} nats {large_word} 50.6 B and cost {significant(marked[1] / marked[0], 2)} times as much "
                "for each answer. The band is our refit's interval for the blue line."
            ),
            alt=f"Loss above the best size against parameters at {format_flops(C)}; {format_count(n_params)} ends {lost} nats {word} 50.6 B.",
            sources=(PAPER, REPLICATION, Citation("muennighoff2023", "Eq. 5 and 6")),
        )


def size_part(series: str, N, D, loss, above_best=None, status: str = "computed") -> dict[str, Any]:
    """Rows of loss against size."""
    return {"series": series, "n_params": N, "n_tokens": D, "loss": loss, "status": status} | (
        {} if above_best is None else {"above_best": above_best}
    )


class Mix(Figure):
    """The corpus by source as printed, with the tokens of each that a run draws."""

    name = "domain.mix"
    n_tokens: float = N_TOKENS(lambda _: facts()["n_tokens"], low=5e10, high=2e12)

    def draw(self) -> Panel:
        """The panel at this parameter."""
        rows = tables.load("domain_mix").sort_values("n_tokens", ascending=False, ignore_index=True).rename_axis("row").reset_index()
        by_kind = rows.groupby("kind")["n_tokens"].sum()
        total = float(by_kind.sum())
        parts: list[Part] = []
        traces = []
        for kind, (label, color, symbol) in KINDS.items():
            mine = rows[rows["kind"] == kind]
            columns = ("row", "part", "kind", "collection", "n_tokens", "share", "source", "location")
            parts.append({"series": label, **{name: mine[name].to_numpy() for name in columns}, "status": "reported"})
            said = [f"{part}: {share:g}% of the corpus" for part, share in zip(mine["part"], mine["share"], strict=True)]
            traces.append(marks.points(parts[-1], "n_tokens", "row", color, symbol=symbol, text=said))
        parts.append(
            {
                "series": f"sampled in {format_count(self.n_tokens, 'tokens')}",
                **{name: rows[name].to_numpy() for name in ("row", "part", "kind")},
                "n_tokens": self.n_tokens * rows["n_tokens"].to_numpy(float) / total,
                "status": "computed",
            }
        )
        traces.append(marks.ticks(parts[-1], "n_tokens", "row", style.ORCHID, text=list(rows["part"])))
        most = max(6e11, 1.5 * float(parts[-1]["n_tokens"].max()))
        layout = intervals.rows(list(rows["part"]), "tokens", "Tokens", row_height=20, x_range=(5e7, most), zero=None)
        web = rows["n_tokens"].iloc[0] / by_kind["domain"]
        financial = Headline("financial tokens", float(by_kind["domain"]), "tokens", format_count(by_kind["domain"]))
        whole = Headline("tokens of the corpus", total, "tokens", format_count(total))
        share = Headline("share of the web in the financial tokens", float(web), "share", f"{significant(100 * web, 2)}%")
        return Panel(
            title=f"{financial} of BloombergGPT's {whole} tokens are financial; {share} of these are from the web",
            headline=(financial, whole, share),
            figure=style.figure(traces, layout),
            parts=parts,
            caption=(
                f"Markers are the tokens of each source as printed, after deduplication. Ticks are the tokens of each source that {format_count(self.n_tokens)} training tokens sample uniformly, "
                f"{significant(self.n_tokens / total, 2)} epochs. The paper stopped at 569 B because the held-out loss no longer fell. Shares are of tokens: financial documents are "
                f"{significant(100 * rows.loc[rows['kind'] == 'domain', 'documents'].sum() / rows['documents'].sum(), 2)}% of all documents, but short ones."
            ),
            alt=f"Tokens by source on a logarithmic axis: financial text has {financial}, general text {format_count(by_kind['general'])} tokens.",
            sources=(Citation("wu2023", "Table 1"),),
        )


class Repeat(Figure):
    """Another corpus: loss against size at a budget, for the mix as it was, without general text, and for the reader's own."""

    name = "domain.repeat"
    domain_tokens: float = DOMAIN_TOKENS(1e11)
    general_tokens: float = GENERAL_TOKENS(3e11)
    domain_weight: float = Quantity(
        "Domain up-sampling",
        low=0.25,
        high=20,
        step=0.25,
    )(2.0)
    planned_gpu_hours: float = PLANNED_GPU_HOURS(lambda _: facts()["budget_gpu_hours"])

    def draw(self) -> Panel:
        """The panel at these parameters."""
        C, law, corpus = planned_flops(self.planned_gpu_hours), repeated(fit()[0]), (self.domain_tokens, self.general_tokens)
        D, weight = C / (chinchilla.FLOPS_PER_PARAM_TOKEN * SIZES), self.domain_weight
        financial, general = corpus_tokens()
        was = size_part("363 B financial + 345 B general", SIZES, D, corpus_mix.mixed_loss(law, SIZES, D, financial, general))
        alone = size_part("363 B financial only", SIZES, D, law.with_unique_tokens(financial).loss(SIZES, D))
        yours = size_part("your corpus", SIZES, D, corpus_mix.mixed_loss(law, SIZES, D, *corpus, weight), status="what_if")
        best_n, best_d = corpus_mix.best_size(law, C, *corpus, weight)
        best = float(corpus_mix.mixed_loss(law, best_n, best_d, *corpus, weight))
        over = [float(each) for each in corpus_mix.passes(best_d, *corpus, weight)]
        share = float(corpus_mix.domain_share(*corpus, weight))
        at_best = size_part("its optimal size", [best_n], [best_d], [best], status="what_if")
        at_best |= {"passes_over_domain": [over[0]], "passes_over_general": [over[1]], "domain_share": [share]}
        traces = [
            marks.line(was, "n_params", "loss", style.BLUE),
            marks.line(alone, "n_params", "loss", style.CRIMSON),
            marks.line(yours, "n_params", "loss", style.AMBER),
            marks.points(at_best, "n_params", "loss", style.AMBER),
        ]
        lowest = float(was["loss"].min())
        top = min(lowest + 0.2, max(was["loss"].max(), yours["loss"].max()))
        layout = style.layout(
            "params",
            "loss",
            x_range=(min(SIZES[0], best_n / 2), max(SIZES[-1], 2 * best_n)),
            y_range=(min(lowest, best) - 0.01, max(top, best + 0.03)),
            height=430,
        )
        size = Headline("best size", best_n, "parameters", format_count(best_n, "parameters"), "n_params")
        times = Headline("passes over the domain text", over[0], "", significant(over[0], 2), "passes_over_domain")
        return Panel(
            title=f"At {format_flops(C)}, your corpus suits {size}; domain text is seen {times} times",
            headline=(size, times),
            figure=style.figure(traces, layout),
            parts=[was, alone, yours, at_best],
            caption=(
                f"Each line is the expected loss of models of different size trained on one corpus with the same compute. The optimal size for yours trains on {format_count(best_d, 'tokens')}, {100 * share:.0f}% of them from the domain, and sees general text {significant(over[1], 2)} times; expected loss {best:.3f} nats. Repeated "
                "tokens are worth less, as fitted on general text; the law treats unique tokens of both kinds alike, so it shows the cost of repetition and not the gain on domain tasks."
            ),
            alt=f"Loss against size at {format_flops(C)}; your corpus has its best size at {format_count(best_n)} parameters with a loss of {best:.3f} nats.",
            sources=(Citation("muennighoff2023", "Eq. 5 and 6"), REPLICATION, Citation("wu2023", "Table 1")),
        )
