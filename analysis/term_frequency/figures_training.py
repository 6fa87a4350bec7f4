"""Figures on when the effect of frequency appears: a statistic over training by size, and frequent beside rare operands."""

import numpy as np

from analysis import tables
from analysis.charts import marks, style, ticks
from analysis.charts.figure import Figure
from analysis.charts.names import at_end
from analysis.charts.panel import Citation, Headline, Panel
from analysis.charts.parameters import Choice, Given, Quantity
from analysis.pythia.data import size_of
from analysis.term_frequency import association
from analysis.term_frequency.data import SIZES
from analysis.term_frequency.figures_marks import (
    COLORS,
    MODELS,
    N_SHOTS,
    NUMBER_COUNTS,
    OPERATION,
    PAPER,
    PYTHIA_MODEL,
    V0,
    sources_of,
)
from analysis.units import significant

MEASURES = {
    "rho": "rank correlation",
    "partial": "partial rank correlation (size)",
    "gap": "gap between most and least frequent",
    "slope": "accuracy per tenfold count",
}
BATCH_TOKENS = 2_097_152.0
"""Tokens of one training step of Pythia."""
TOKENS_SHOWN = (2.2e10, 3.6e11)
TICKS = ticks.at([3e10, 1e11, 3e11], "count")


class Course(Figure):
    """One statistic against tokens seen, a line for each size; the band is that of the chosen model."""

    name = "term_frequency.course"
    number_counts: Given = NUMBER_COUNTS("pile_train")
    pythia_model: str = PYTHIA_MODEL("12b")
    n_shots: int = N_SHOTS(16)
    operation: str = OPERATION("multiplication")
    frequency_measure: str = Choice("Statistic", options=MEASURES)("rho")

    def draw(self) -> Panel:
        """The panel at these parameters."""
        held, model, shots, operation = self.number_counts.value, MODELS[self.pythia_model], self.n_shots, self.operation
        measure, statistics = self.frequency_measure, held.statistics
        rows = statistics[(statistics["shots"] == shots) & (statistics["operation"] == operation)]
        percent = measure in ("gap", "slope")
        bands, lines, parts, ends = [], [], [], {}
        for size in SIZES:
            known = rows[rows["model"] == size].sort_values("step")
            if len(known) and known[measure].iloc[-1] == known[measure].iloc[-1]:
                value = float(known[measure].iloc[-1])
                text = f"{significant(100 * value, 2)} points" if percent else f"{value:.2f}"
                ends[size] = Headline(f"{MEASURES[measure]} of {size_of(size)}", value, "", text, "measured")
            known = known.dropna(subset=[measure])
            if known.empty:
                continue
            part = {
                "series": size_of(size), "model": size, "measure": measure, "step": known["step"].to_numpy(),
                "n_tokens": known["step"].to_numpy() * BATCH_TOKENS, "measured": known[measure].to_numpy(), "status": "computed",
            }  # fmt: skip
            lines.append(at_end(marks.line(part, "n_tokens", "measured", COLORS[size], width=3.5 if size == model else 1.8)))
            parts.append(part)
            if size == model:
                interval = {
                    "series": f"95% interval, {size}", "model": size, "measure": measure, "step": known["step"].to_numpy(),
                    "n_tokens": known["step"].to_numpy() * BATCH_TOKENS, "measured_low": known[f"{measure}_low"].to_numpy(),
                    "measured_high": known[f"{measure}_high"].to_numpy(), "status": "uncertain",
                }  # fmt: skip
                bands = marks.band(interval, "n_tokens", "measured_low", "measured_high", COLORS[size])
                parts.append(interval)
        name = MEASURES[measure].capitalize()
        layout = style.layout(
            "tokens", "percent" if percent else "number", y_title=name, x_range=TOKENS_SHOWN, shapes=[style.horizontal_line(0)]
        )
        layout["xaxis"] |= TICKS
        computed = Headline("sizes for which it can be computed", len(ends), "", str(len(ends)))
        headline, title = [computed], f"{computed} of {len(SIZES)} sizes vary enough between operands to compute this"
        if len(ends) > 1:
            smallest, best = next(iter(ends)), max(ends, key=lambda size: ends[size].value)
            headline = list({size: ends[size] for size in (smallest, best)}.values())
            title = f"{name} after training: {ends[smallest]} at {size_of(smallest)}" + (
                f", {ends[best]} at {size_of(best)}" if best != smallest else ", the highest of all"
            )
        if not parts:
            parts = [rows[["model", "step", measure]].assign(series="cannot be computed", status="computed")]
        return Panel(
            title=f"{title} ({operation}, {shots}-shot)",
            headline=tuple(headline),
            figure=style.figure([*bands, *lines], layout),
            parts=parts,
            caption=(
                "Each line is one model over checkpoints at 9% to 100% of training. A missing or broken line is a model with the same accuracy on all operands, mostly zero. The paper "
                f"dates the effect to step 65,000 (136 B tokens) and to 2.8B parameters and more. {V0}"
            ),
            alt=f"{name} against tokens seen for seven sizes: "
            + (", ".join(f"{size_of(size)} ends at {end}" for size, end in ends.items()) or "none can be computed")
            + ".",
            sources=(*sources_of(held.corpus), PAPER),
        )


class Gap(Figure):
    """Accuracy for the most and for the least frequent operands over training, and for the others."""

    name = "term_frequency.gap"
    number_counts: Given = NUMBER_COUNTS("pile_train")
    pythia_model: str = PYTHIA_MODEL("12b")
    n_shots: int = N_SHOTS(16)
    operation: str = OPERATION("multiplication")
    n_extremes: int = Quantity("Operands per group (k)", low=2, high=40, step=1, whole=True)(association.EXTREMES)

    def draw(self) -> Panel:
        """The panel at these parameters."""
        held, model, operation = self.number_counts.value, MODELS[self.pythia_model], self.operation
        counts = held.counts
        extremes = min(self.n_extremes, len(counts) // 2)
        order = counts.sort_values(ascending=False, kind="stable").index
        most_frequent, least_frequent = f"{extremes} most frequent", f"{extremes} least frequent"
        groups = {
            most_frequent: (order[:extremes], style.BLUE),
            "others": (order[extremes:-extremes], style.GREY),
            least_frequent: (order[-extremes:], style.CRIMSON),
        }
        table = tables.load("term_frequency")
        rows = table[(table["model"] == model) & (table["shots"] == self.n_shots) & (table["operation"] == operation)]
        wide = rows.pivot(index="step", columns="operand", values="accuracy")
        bands, lines, parts, last = [], [], [], {}
        for name, (members, color) in groups.items():
            if not len(members):
                continue
            answers = wide[list(members)]
            mean, error = answers.mean(axis=1), 1.96 * answers.std(axis=1, ddof=1) / np.sqrt(len(members))
            part = {
                "series": name, "step": wide.index.to_numpy(), "n_tokens": wide.index.to_numpy() * BATCH_TOKENS,
                "accuracy": mean.to_numpy(), "accuracy_low": (mean - error).clip(lower=0).to_numpy(),
                "accuracy_high": (mean + error).clip(upper=1).to_numpy(), "n_operands": len(members), "status": "computed",
            }  # fmt: skip
            parts.append(part)
            if name != "others":
                bands += marks.band(part, "n_tokens", "accuracy_low", "accuracy_high", color, f"95% interval, {name}", quiet=True)
            lines.append(marks.line(part, "n_tokens", "accuracy", color, width=1.5 if name == "others" else 2.5))
            end = float(mean.iloc[-1])
            last[name] = Headline(f"accuracy, {name}", end, "share", f"{end:.0%}", "accuracy")
        layout = style.layout("tokens", "percent", y_title="Accuracy", y_range=(-0.02, 1.02), x_range=TOKENS_SHOWN)
        layout["xaxis"] |= TICKS
        most, least = last[most_frequent], last[least_frequent]
        return Panel(
            title=f"{model} has {most} accuracy on the {extremes} most and {least} on the {extremes} least frequent operands",
            headline=(most, least),
            figure=style.figure([*bands, *lines], layout),
            parts=parts,
            caption=(
                f"Lines are the accuracy on frequent, rare and other operands over training ({operation}, {self.n_shots}-shot). With ten operands per group, the difference of the outer lines is the gap of the paper's Table 4. "
                f"Most frequent are {', '.join(map(str, sorted(order[:extremes])))}. Bands are 95% intervals of the mean over operands. {V0}"
            ),
            alt=f"Accuracy of {model} over training for frequent and rare operands, ending at {most} and {least}.",
            sources=(*sources_of(held.corpus), Citation("biderman2023", "Table 4")),
        )
