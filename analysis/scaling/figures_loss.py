"""Figures on the loss under one law: its contours among the runs, and lines of equal compute."""

from typing import Any

import numpy as np
import pandas as pd

from analysis.charts import marks, style
from analysis.charts.marks import Part
from analysis.charts.names import at_end
from analysis.charts.panel import Headline, Panel
from analysis.charts.parameters import Choice
from analysis.charts.shared_parameters import LEVEL, TRAIN_FLOPS
from analysis.scaling import chinchilla, resampling
from analysis.scaling.chinchilla import ScalingLaw
from analysis.scaling.data import law_labels, law_of, published
from analysis.scaling.figures_marks import OfRuns, law_sources, run_place, run_source
from analysis.units import counted, format_count, format_flops, significant

BUDGETS = {1e19: style.BLUE, 1e20: style.SLATE, 1e21: style.VIOLET}


def _laws_of_loss(_: object) -> dict[str, str]:
    return {"fit": "fit of these runs"} | {
        law_id: label for law_id, label in law_labels().items() if isinstance(published().get(law_id), ScalingLaw)
    }


class OfOneLaw(OfRuns):
    """A figure of training runs under one law, fitted to them or published."""

    law: str = Choice("Scaling law", options=_laws_of_loss)("fit")

    def draw(self) -> Panel:
        """The panel at these parameters; ValueError where the runs determine no law and none that is published is chosen."""
        return self.drawn(*self.fitted()) if self.law == "fit" else self.drawn(law_of(self.law), pd.DataFrame())


class Contours(OfOneLaw):
    """The runs in the plane of parameters and tokens, with a law's loss contours and a budget."""

    name = "scaling.contours"
    train_flops: float = TRAIN_FLOPS(1e21, high=1e24)

    def drawn(self, law: ScalingLaw, resamples: pd.DataFrame) -> Panel:
        """The panel of a law; ValueError where it has no optimum at the budget."""
        runs, C = self.training_runs.value, self.train_flops
        N_best, D_best = chinchilla.optimal_model(law, C)
        n_range, d_range = _padded(runs["n_params"]), _padded(runs["n_tokens"])
        D = np.geomspace(*d_range, 40)
        levels: list[dict[str, Any]] = []
        labels = []
        for level in _loss_levels(law, runs):
            N = law.params_for_loss(level, D)
            inside = np.isfinite(N) & (N > n_range[0]) & (N < n_range[1])
            if inside.sum() < 2:
                continue
            name = f"loss {significant(level)}"
            levels.append({"series": name, "n_params": N[inside], "n_tokens": D[inside], "loss": level, "status": "computed"})
            at = int(np.flatnonzero(inside)[-1])
            labels.append(style.note(np.log10(N[at]), np.log10(D[at]), significant(level), yshift=-8, xshift=14))
        N_opt, D_opt = law.compute_optimal(np.geomspace(1e17, 1e24, 50))
        inside = (N_opt > n_range[0]) & (N_opt < n_range[1])
        optimal: Part = {"series": "compute-optimal", "n_params": N_opt[inside], "n_tokens": D_opt[inside], "status": "computed"}
        N_iso = np.geomspace(*n_range, 30)
        D_iso = C / (chinchilla.FLOPS_PER_PARAM_TOKEN * N_iso)
        inside = (D_iso > d_range[0]) & (D_iso < d_range[1])
        budget: Part = {"series": format_flops(C), "n_params": N_iso[inside], "n_tokens": D_iso[inside], "status": "what_if"}
        best: Part = {
            "series": f"optimum at {format_flops(C)}",
            "train_flops": [C],
            "n_params": [N_best],
            "n_tokens": [D_best],
            "loss": [float(law.loss(N_best, D_best))],
            "status": "what_if",
        }
        observed = runs_part(runs)
        traces = [joined(levels)] if levels else []
        traces.append(marks.line(optimal, "n_params", "n_tokens", style.CRIMSON))
        traces.append(marks.line(budget, "n_params", "n_tokens", style.AMBER))
        marker = {
            "color": runs["loss"].tolist(),
            "colorscale": style.SEQUENTIAL,
            "size": 7,
            "line": {"width": 0.6, "color": style.GREY},
            "colorbar": {"title": {"text": "loss"}, "thickness": 12, "outlinewidth": 0},
        }
        said = [f"loss {loss:.3f}" for loss in runs["loss"]]
        traces.append(marks.points(observed, "n_params", "n_tokens", style.GREY, text=said) | {"marker": marker})
        layout = style.layout("params", "tokens", x_range=n_range, y_range=d_range, height=440, annotations=labels)
        count = Headline("training runs", len(runs), "runs", f"{len(runs):,}")
        return Panel(
            title=f"Loss contours over parameters and tokens, with {counted(len(runs), 'run')}",
            headline=(count,),
            figure=style.figure(traces, layout),
            parts=[observed, *levels, optimal, budget, best],
            caption=(
                "Points are training runs coloured by final loss; grey lines are contours of equal loss under the law. The solid line is compute-optimal, "
                f"the dashed line is all ways to spend {format_flops(C)}."
            ),
            alt=(
                f"Scatter of {counted(len(runs), 'run')} by parameters and tokens; at {format_flops(C)} the law puts the optimum at "
                f"{format_count(N_best, 'parameters')} and {format_count(D_best, 'tokens')}."
            ),
            sources=law_sources(law, runs),
        )


class IsoFlop(OfOneLaw):
    """Loss against parameters along lines of equal compute, with the optimum of a budget and its interval."""

    name = "scaling.isoflop"
    level: float = LEVEL(0.95)
    train_flops: float = TRAIN_FLOPS(1e21, high=1e24)

    def drawn(self, law: ScalingLaw, resamples: pd.DataFrame) -> Panel:
        """The panel of a law and its resamples, none for a published one; ValueError where it has no optimum at the budget."""
        runs, C, level = self.training_runs.value, self.train_flops, self.level
        N_best, D_best = chinchilla.optimal_model(law, C)
        traces: list[dict] = []
        parts: list[Part] = []
        shapes, optima = [], []
        near: list[pd.DataFrame] = []
        N = np.geomspace(*_padded(runs["n_params"]), 36)
        for budget in sorted({*BUDGETS, C}):
            color = style.AMBER if budget == C else BUDGETS[budget]
            D = budget / (chinchilla.FLOPS_PER_PARAM_TOKEN * N)
            loss = law.loss(N, D)
            N_opt, D_opt = law.compute_optimal(budget)
            optimum = float(law.loss(N_opt, D_opt))
            optima.append((budget, float(N_opt), optimum, color))
            shown = loss < optimum * 1.35
            if budget == C and len(resamples):
                coarse = np.flatnonzero(shown)[::2]  # the interval bends little; half of the points draw the same band
                low, high = resampling.interval(resampling.resampled_loss(resamples, N[coarse], D[coarse]), level)
                known = np.isfinite(low + high)
                ends = {"n_params": N[coarse][known], "n_tokens": D[coarse][known], "loss_low": low[known], "loss_high": high[known]}
                parts.append({"series": f"{level:.0%} interval", "train_flops": budget, **ends, "status": "uncertain"})
                traces += marks.band(parts[-1], "n_params", "loss_low", "loss_high", color)
            parts.append(
                {
                    "series": format_flops(budget),
                    "train_flops": budget,
                    "n_params": N[shown],
                    "n_tokens": D[shown],
                    "loss": loss[shown],
                    "status": "what_if" if budget == C else "computed",
                }
            )
            traces.append(at_end(marks.line(parts[-1], "n_params", "loss", color)))
            close = runs[np.abs(np.log(runs["train_flops"] / budget)) < np.log(1.25)]
            near.append(close)
        seen = pd.concat(near)
        if len(seen):
            parts.append(runs_part(seen, "runs near this budget (25%)"))
            traces.append(marks.points(parts[-1], "n_params", "loss", style.GREY))
        budgets, sizes, losses, shades = (list(column) for column in zip(*(one for one in optima if one[0] != C), strict=True))
        parts.append({"series": "optimum", "train_flops": budgets, "n_params": sizes, "loss": losses, "status": "computed"})
        cross = style.what_if_marker([], [], "", style.GREY)["marker"]
        traces.append(painted(marks.points(parts[-1], "n_params", "loss", style.GREY) | {"marker": cross}, shades))
        chosen = [float(value) for value in chinchilla.optimal_model(law, C)]
        parts.append(
            {"series": "your optimum", "train_flops": C, "n_params": chosen[:1], "loss": [float(law.loss(*chosen))], "status": "what_if"}
        )
        traces.append(marks.points(parts[-1], "n_params", "loss", style.AMBER, showlegend=False))
        bottom = float(law.loss(N_best, D_best))
        interval_words = ""
        if len(resamples):
            n_low, n_high = (float(end) for end in resampling.interval(resampling.resampled_optimum(resamples, C)[0], level))
            interval_words = f" (its {level:.0%} interval is left open by these runs)"
            if np.isfinite(n_low + n_high):
                thick = {"color": style.AMBER, "width": 5}
                shapes.append({"type": "line", "x0": n_low, "x1": n_high, "y0": bottom, "y1": bottom, "line": thick, "opacity": 0.5})
                interval_words = f" ({level:.0%} interval {format_count(n_low)} to {format_count(n_high)})"
                parts.append(
                    {
                        "series": "optimum, interval",
                        "train_flops": C,
                        "n_params": [n_low, n_high],
                        "loss": [bottom] * 2,
                        "status": "uncertain",
                    }
                )
        lowest = [loss for _, _, loss, _ in optima]
        layout = style.layout("params", "loss", y_range=(min(lowest) - 0.1, max(max(lowest) * 1.25, 3.2)), shapes=shapes)
        half, twice = (
            Headline(f"loss above the best at {words} its size", loss, "nats", significant(loss, 2))
            for words, loss in (
                (words, float(law.loss(N_best * times, D_best / times) - law.loss(N_best, D_best)))
                for words, times in (("half", 0.5), ("twice", 2.0))
            )
        )
        size = Headline("optimal parameters", N_best, "parameters", format_count(N_best), "n_params")
        return Panel(
            title=f"At {format_flops(C)}, {size} parameters are optimal; half as many cost {half} nats, twice {twice}",
            headline=(size, half, twice),
            figure=style.figure(traces, layout),
            parts=parts,
            caption=(
                f"Each curve is the loss of models trained with the same compute; its lowest point is the optimum. At the chosen budget that is {format_count(N_best, 'parameters')}{interval_words} "
                f"and {format_count(D_best, 'tokens')}."
            ),
            alt=f"U-shaped curves of loss against parameters; the one for {format_flops(C)} is lowest at {format_count(N_best, 'parameters')}.",
            sources=law_sources(law, runs),
        )


def runs_part(runs: pd.DataFrame, series: str = "training runs") -> dict[str, Any]:
    """Training runs as a part."""
    columns = {name: runs[name].to_numpy(float) for name in ("n_params", "n_tokens", "train_flops", "loss")}
    return {"series": series, **columns, "source": run_source(runs), "location": run_place(runs), "status": "reported"}


def joined(levels: list[dict[str, Any]]) -> dict:
    """The lines of equal loss as one trace with a gap behind each, which is drawn faster than eight."""
    whole: dict[str, Any] = {
        "series": "equal loss",
        "status": "computed",
        **{name: np.concatenate([np.append(level[name], np.nan) for level in levels]) for name in ("n_params", "n_tokens")},
    }
    text = [level["series"] for level in levels for _ in range(len(level["n_params"]) + 1)]
    return marks.line(whole, "n_params", "n_tokens", style.GREY, width=1.2, showlegend=False, text=text)


def painted(trace: dict, colors: list[str]) -> dict:
    """A trace of markers, each in a colour of its own."""
    return trace | {"marker": trace["marker"] | {"color": colors, "line": trace["marker"]["line"] | {"color": colors}}}


def _padded(values) -> tuple[float, float]:
    return float(np.min(values)) / 1.6, float(np.max(values)) * 1.6


def _loss_levels(law, runs: pd.DataFrame) -> np.ndarray:
    """About eight losses for contours, closer together towards the floor."""
    lowest = float(runs["loss"].min()) - law.E
    highest = float(runs["loss"].quantile(0.98)) - law.E
    if lowest <= 0 or highest <= lowest:
        return np.linspace(float(runs["loss"].min()), float(runs["loss"].max()), 8)
    return np.round(law.E + np.geomspace(lowest, highest, 8), 2)
