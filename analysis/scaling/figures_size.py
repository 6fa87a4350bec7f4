"""How many tokens a model of a given size asks for."""

import numpy as np
import pandas as pd

from analysis.charts import marks, style
from analysis.charts.marks import Part
from analysis.charts.names import at_end, beside
from analysis.charts.panel import Headline, Panel
from analysis.charts.shared_parameters import N_PARAMS
from analysis.compute.data import published_models
from analysis.scaling import for_size, resampling
from analysis.scaling.chinchilla import ScalingLaw
from analysis.scaling.data import law_name, published
from analysis.scaling.figures import OfLaws, short_name
from analysis.scaling.figures_marks import REPLICATION, OfRuns, cite_laws, cite_models, model_part, model_points
from analysis.units import format_count, format_flops

SIZES = np.geomspace(1e7, 1e13, 25)
"""Sizes at which lines are drawn [parameters]."""
LAWS = ("hoffmann2022_approach1", "hoffmann2022_approach2", "hoffmann2022_approach3")


class TokensForSize(OfRuns):
    """The training tokens that make a model of a given size compute-optimal, under several laws, among published models."""

    name = "scaling.tokens_for_size"
    laws: tuple[str, ...] = OfLaws.kinds()["laws"](LAWS)
    level: float = OfLaws.kinds()["level"](0.95)
    n_params: float = N_PARAMS(3e9)

    def drawn(self, law: ScalingLaw, resamples: pd.DataFrame) -> Panel:
        """The panel of a law and its resamples."""
        traces: list[dict] = []
        parts: list[Part] = []
        here: dict[str, float] = {}
        low = high = None
        if len(resamples):
            ends = resampling.interval(for_size.resampled_tokens_for(resamples, SIZES), self.level)
            parts.append(
                {
                    "series": f"{law.label}, {self.level:.0%} interval",
                    "n_params": SIZES,
                    "n_tokens_low": ends[0],
                    "n_tokens_high": ends[1],
                    "status": "uncertain",
                }
            )
            traces += marks.band(parts[-1], "n_params", "n_tokens_low", "n_tokens_high", style.BLUE)
            low, high = (
                float(end[0])
                for end in resampling.interval(for_size.resampled_tokens_for(resamples, np.array([self.n_params])), self.level)
            )
        for number, one in enumerate([law, *(published()[key] for key in self.laws)]):
            label = one.label if number == 0 else law_name(one)
            parts.append(
                {
                    "series": label,
                    "n_params": SIZES,
                    "n_tokens": for_size.tokens_for(one, SIZES),
                    "source": one.source or np.nan,
                    "status": "computed",
                }
            )
            dash = "dot" if number and one.single_source else None
            traces.append(at_end(marks.line(parts[-1], "n_params", "n_tokens", style.series_color(number), dash=dash), short_name(label)))
            here[one.label] = float(for_size.tokens_for(one, self.n_params))
        models = published_models().dropna(subset=["n_params", "n_tokens", "computed_flops"])
        known = model_part(models, n_params="n_params", n_tokens="n_tokens")
        D = here[law.label]
        if D < 1:
            raise ValueError(
                f"These runs say nothing about {format_count(self.n_params)} parameters: {law.label} would ask for less than one token."
            )
        yours: Part = {
            "series": "your model",
            "n_params": [self.n_params],
            "n_tokens": [D],
            "train_flops": [float(for_size.compute_for(self.n_params, D))],
            "status": "what_if",
        }
        others: Part = {"series": list(here), "n_params": self.n_params, "n_tokens": list(here.values()), "status": "computed"}
        parts += [known, others, yours]
        traces += [
            model_points(known, "n_params", "n_tokens"),
            beside(marks.points(yours, "n_params", "n_tokens", style.AMBER), ["your model"], whole=False),
        ]
        layout = style.layout(
            "params",
            "tokens",
            x_range=(1e7, 1e13),
            y_range=(1e8, 1e15),
            height=440,
            shapes=[style.vertical_line(self.n_params, style.AMBER)],
        )
        return self._worded(law, here, low, high, traces, parts, layout)

    def _worded(self, law: ScalingLaw, here: dict[str, float], low, high, traces: list, parts: list, layout: dict) -> Panel:
        N, D = self.n_params, here[law.label]
        size = Headline("parameters", N, "parameters", format_count(N, "parameters"), "n_params")
        tokens = Headline("optimal tokens", D, "tokens", format_count(D, "tokens"), "n_tokens", low, high)
        least, most = (
            Headline(f"{name} tokens", value, "tokens", format_count(value), "n_tokens")
            for name, value in (("fewest", min(here.values())), ("most", max(here.values())))
        )
        many = len(here) > 1
        title = f"{size} are compute-optimal at {tokens} by {law.label}" + (f"; the laws range from {least} to {most}" if many else "")
        spread = (
            "" if low is None or high is None else f" Its {self.level:.0%} interval here is {format_count(low)} to {format_count(high)}."
        )
        return Panel(
            title=title,
            headline=(size, tokens, least, most) if many else (size, tokens),
            figure=style.figure(traces, layout),
            parts=parts,
            caption=(
                f"Each line gives, for a model size, the tokens after which no other size would have reached a lower loss for the same compute, {format_flops(float(for_size.compute_for(N, D)))} here by the fit.{spread} "
                f"Markers are published models{marks.hollow(' (hollow: not verified)', *parts)}; those above a line were trained for longer, which pays when they are used a lot. "
                "Laws that count parameters differently are drawn as they count."
            ),
            alt=f"Optimal training tokens against parameters for {len(here)} law{'s' if many else ''}; {format_count(N)} parameters ask for {format_count(D)} tokens by {law.label}.",
            sources=(
                *cite_laws(published(), self.laws),
                REPLICATION,
                *cite_models(published_models().dropna(subset=["n_params", "n_tokens", "computed_flops"])),
            ),
        )
