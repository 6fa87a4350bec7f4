"""Figures on training off the optimum: small for long, with inference in mind, and on repeated data."""

import numpy as np

from analysis.charts import marks, style, ticks
from analysis.charts.figure import Figure
from analysis.charts.marks import Part
from analysis.charts.panel import Citation, Headline, Panel
from analysis.charts.parameters import Choice, Quantity
from analysis.charts.shared_parameters import TOKENS_PER_PARAM, TRAIN_FLOPS
from analysis.compute import costs
from analysis.compute.data import published_models
from analysis.scaling import chinchilla, published
from analysis.scaling.data import law_of
from analysis.scaling.figures_marks import cite_law, cite_models, model_part, model_points
from analysis.units import counted, format_count, format_flops, significant

SHOWN_RATIOS = ("GPT-3 175B", "Chinchilla 70B", "Llama 2 7B", "Pythia 1B", "Llama 3.1 8B")
"""Models that are marked on the curve."""
EPOCHS = (1, 200)


class Overtraining(Figure):
    """Loss lost against tokens per parameter at one budget, with the ratios of published models marked on the curve."""

    name = "compute.overtraining"
    train_flops: float = TRAIN_FLOPS(2e23, low=1e19, high=1e26)
    tokens_per_param: float = TOKENS_PER_PARAM(200)

    def draw(self) -> Panel:
        """The panel at these parameters."""
        law, C, ratio = law_of("fit"), self.train_flops, self.tokens_per_param
        ratios = np.geomspace(1, 3000, 40)
        here = float(costs.overtraining_penalty(law, C, ratio))
        more = float(costs.compute_multiplier(law, C, ratio))
        N, D = (float(value) for value in costs.at_tokens_per_param(C, ratio))
        curve: Part = {
            "series": f"excess loss at {format_flops(C)}",
            "tokens_per_param": ratios,
            "penalty": costs.overtraining_penalty(law, C, ratios),
            "status": "computed",
        }
        models = published_models()
        known = models[models["model"].isin(SHOWN_RATIOS)]
        others = model_part(known, tokens_per_param="tokens_per_param") | {"status": "computed"}
        others["penalty"] = costs.overtraining_penalty(law, C, others["tokens_per_param"])
        yours: Part = {"series": "your ratio", "tokens_per_param": [ratio], "penalty": [here], "status": "what_if"}
        traces = [
            marks.line(curve, "tokens_per_param", "penalty", style.BLUE),
            model_points(others, "tokens_per_param", "penalty", "ratios of published models"),
            marks.points(yours, "tokens_per_param", "penalty", style.AMBER),
        ]
        layout = style.layout(
            "ratio", "number", y_title="Excess loss over the optimum (nats)", y_range=(-0.005, max(0.12, here * 1.3)), x_range=(1, 3000)
        )
        lost = Headline("loss above the optimum", here, "nats", significant(here, 2), "penalty")
        times = Headline("FLOPs for the loss of the optimum over its own", more, "", significant(more, 3))
        words = f"{significant(ratio)} {'token' if ratio == 1 else 'tokens'}"
        return Panel(
            title=f"At {words} per parameter, excess loss is {lost} nats; matching the optimum takes {times}× the FLOPs",
            headline=(lost, times),
            figure=style.figure(traces, layout),
            parts=[curve, others, yours],
            caption=(
                f"The curve is the loss above the compute-optimal loss for the same FLOPs. The optimum is at {significant(float(chinchilla.tokens_per_param(law, C)))} tokens per parameter; your ratio means {format_count(N, 'parameters')} on {format_count(D, 'tokens')}. "
                "Near the optimum the curve is flat, so a smaller model trained for longer loses little. Model names mark their reported "
                "ratios; their excess loss is computed at your budget, not measured."
            ),
            alt=f"Loss above the optimum against tokens per parameter; {words} per parameter cost {lost} nats at {format_flops(C)}.",
            sources=(*cite_law(law), *cite_models(known)),
        )


class Repetition(Figure):
    """What repeated tokens are worth: effective tokens against epochs over a corpus."""

    name = "compute.repetition"
    unique_tokens: float = Quantity("Unique tokens", unit="tokens", low=1e9, high=1e13)(1e11)
    epochs: int = Quantity("Epochs", unit="epochs", low=1, high=100, step=1, whole=True)(4)

    def draw(self) -> Panel:
        """The panel at these parameters."""
        law, unique, epochs = law_of("muennighoff2023"), self.unique_tokens, self.epochs
        limited = law.with_unique_tokens(unique)
        axis = np.geomspace(*EPOCHS, 40)
        here, limit = float(limited.effective_tokens(epochs * unique)), float(unique * (1 + law.R_D))
        worth: Part = {
            "series": "effective tokens",
            "epochs": axis,
            "tokens_seen": axis * unique,
            "effective_tokens": limited.effective_tokens(axis * unique),
            "status": "computed",
        }
        most: Part = {
            "series": f"limit, {significant(1 + law.R_D)} × the corpus",
            "epochs": EPOCHS,
            "effective_tokens": [limit] * 2,
            "status": "computed",
        }
        yours: Part = {
            "series": "your epochs",
            "epochs": [epochs],
            "tokens_seen": [epochs * unique],
            "effective_tokens": [here],
            "share_of_seen": [here / (epochs * unique)],
            "status": "what_if",
        }
        traces = [
            marks.line(worth, "epochs", "tokens_seen", style.GREY, "all tokens unique", width=1.2),
            marks.line(worth, "epochs", "effective_tokens", style.BLUE),
            marks.line(most, "epochs", "effective_tokens", style.CRIMSON, width=1.2),
            marks.points(yours, "epochs", "effective_tokens", style.AMBER),
        ]
        layout = style.layout("log_number", "tokens", x_title="Epochs over the corpus", y_title="Effective training tokens", x_range=EPOCHS)
        stops = [1, 2, 4, 10, 20, 40, 100, 200]
        layout["xaxis"] |= ticks.at(stops)
        effective = Headline("effective tokens", here, "tokens", format_count(here), "effective_tokens")
        share = Headline(
            "effective over processed tokens", here / (epochs * unique), "share", f"{here / (epochs * unique):.0%}", "share_of_seen"
        )
        passes = counted(epochs, "epoch")
        verb, new = ("is", "tokens read once") if epochs == 1 else ("are", "unique ones")
        return Panel(
            title=f"{passes} over {format_count(unique, 'tokens')} {verb} worth {effective} {new}, {share} of the tokens processed",
            headline=(effective, share),
            figure=style.figure(traces, layout),
            parts=[worth, most, yours],
            caption="The curve is how many unique tokens the repeated ones are worth; the grey line would be all tokens unique. Up to about four epochs repeated data is nearly as good as new; beyond that the curve saturates. The law was fitted on C4 with up to 9 B parameters.",
            alt=f"Effective tokens against epochs saturate at {format_count(limit)}; {passes} {verb} worth {effective}.",
            sources=(Citation("muennighoff2023", "Appendix A, Eq. 17"),),
        )


class Inference(Figure):
    """The cheapest model of the same quality once a lifetime of served tokens is counted."""

    name = "compute.inference"
    inference_law: str = Choice(
        "Scaling law",
        options={"sardana2023": "Sardana 2023", "fit": "our Chinchilla refit"},
    )("sardana2023")
    train_flops: float = TRAIN_FLOPS(2e23, low=1e20, high=1e26)
    served_tokens: float = Quantity("Lifetime inference tokens", unit="tokens", low=1e10, high=1e15)(1e13)

    def draw(self) -> Panel:
        """The panel at these parameters."""
        known = law_of(self.inference_law)
        law, served = known if self.inference_law == "sardana2023" else published.InferenceLaw(known), self.served_tokens
        N, D = (float(value) for value in law.base.compute_optimal(self.train_flops))
        target = float(law.base.loss(N, D))
        axis = np.geomspace(1e10, 1e15, 26)
        sizes = np.stack(published.InferenceLaw(law.base, axis).for_loss(np.full(axis.shape, target)), axis=1)
        best = published.InferenceLaw(law.base, served)
        n_best, d_best = (float(value) for value in best.for_loss(target))
        n_train, d_train = (float(value) for value in published.InferenceLaw(law.base, 0.0).for_loss(target))
        saving = 1 - float(best.total_flops(n_best, d_best) / best.total_flops(n_train, d_train))
        cheapest: Part = {
            "series": "fewest FLOPs for this loss",
            "served_tokens": axis,
            "n_params": sizes[:, 0],
            "n_tokens": sizes[:, 1],
            "loss": target,
            "status": "computed",
        }
        yours: Part = {
            "series": "your demand",
            "served_tokens": [served],
            "n_params": [n_best],
            "n_tokens": [d_best],
            "loss": [target],
            "status": "what_if",
        }
        traces = [
            marks.line(cheapest, "served_tokens", "n_params", style.BLUE, "parameters"),
            style.below(marks.line(cheapest, "served_tokens", "n_tokens", style.CRIMSON, "training tokens")),
            marks.points(yours, "served_tokens", "n_params", style.AMBER, legendgroup="yours"),
            style.below(marks.points(yours, "served_tokens", "n_tokens", style.AMBER, legendgroup="yours", showlegend=False)),
        ]
        layout = style.layout(
            "tokens",
            "params",
            x_title="Lifetime inference tokens",
            shapes=[style.vertical_line(served, style.AMBER)],
        )
        layout = style.stacked(layout, "tokens", "Training tokens")
        decades = [10.0**n for n in range(10, 16)]
        layout["xaxis"] |= ticks.at(decades, "count")
        size = Headline("parameters", n_best, "parameters", format_count(n_best), "n_params")
        tokens = Headline("training tokens", d_best, "tokens", format_count(d_best), "n_tokens")
        return Panel(
            title=f"To serve {format_count(served, 'tokens')}, {size} parameters on {tokens} tokens are cheapest overall",
            headline=(size, tokens),
            figure=style.figure(traces, layout),
            parts=[cheapest, yours],
            caption=(
                f"Lines are the parameters and training tokens with the fewest training and inference FLOPs; every point reaches the loss of {format_count(N, 'parameters')} on {format_count(D, 'tokens')} ({significant(target)} nats). Training alone is cheapest with "
                f"{format_count(n_train, 'parameters')} on {format_count(d_train, 'tokens')}; at 2 N FLOPs per served token, the smaller model saves {saving:.0%} of all FLOPs."
            ),
            alt=f"The cheapest size falls and its training tokens rise with served tokens; at {format_count(served)} they are {size} and {tokens}.",
            sources=(Citation("sardana2023", "Eq. 1"), *(work for work in cite_law(law.base) if work.source_id != "sardana2023")),
        )
