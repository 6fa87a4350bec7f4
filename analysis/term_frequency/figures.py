"""Figures on term frequency: accuracy against the count of the operand, and the paper's gaps beside those computed here."""

from collections.abc import Mapping

import numpy as np

from analysis import tables
from analysis.charts import marks, style
from analysis.charts.figure import Figure
from analysis.charts.panel import Citation, Headline, Panel
from analysis.charts.parameters import Given
from analysis.pythia.data import size_of
from analysis.statistics import correlation
from analysis.term_frequency import association
from analysis.term_frequency.data import SIZES, accuracy_of, one_of, text_of
from analysis.term_frequency.figures_marks import (
    CHECKPOINT_STEP,
    COLORS,
    MODELS,
    N_SHOTS,
    NUMBER_COUNTS,
    OPERATION,
    PYTHIA_MODEL,
    RELEASED,
    V0,
    sources_of,
)

DOES = {"multiplication": "multiplies", "addition": "adds"}
GROUPS = (("one digit", style.CRIMSON, "diamond"), ("ends in 0 or 5", style.ORCHID, "square"), ("other", style.BLUE, "circle"))
GAPS = (-5.0, 90.0)


class Scatter(Figure):
    """Accuracy of each operand against its count, in bins, and its correlation."""

    name = "term_frequency.scatter"
    number_counts: Given = NUMBER_COUNTS("pile_train")
    pythia_model: str = PYTHIA_MODEL("12b")
    n_shots: int = N_SHOTS(16)
    operation: str = OPERATION("multiplication")
    checkpoint_step: int = CHECKPOINT_STEP(143_000)

    def draw(self) -> Panel:
        """The panel at these parameters."""
        held, model, operation = self.number_counts.value, MODELS[self.pythia_model], self.operation
        counts, corpus = held.counts, held.corpus
        step = self.checkpoint_step
        accuracy = accuracy_of(model, step, self.n_shots, operation)[counts.index]
        found = one_of(held.statistics, model, step, self.n_shots, operation)
        numbers = counts.index.to_numpy()
        group = np.where(numbers < 10, "one digit", np.where(numbers % 5 == 0, "ends in 0 or 5", "other"))
        bins = association.binned(counts, accuracy).rename(
            columns={"count": "occurrences", "low": "accuracy_low", "high": "accuracy_high", "n": "n_operands"}
        )
        bins = bins.assign(series="binned mean (ten operands)", status="computed")
        traces = marks.band(bins, "occurrences", "accuracy_low", "accuracy_high", style.SLATE, "95% interval of the mean")
        traces.append(marks.line(bins, "occurrences", "accuracy", style.SLATE))
        parts: list = [bins]
        for name, color, symbol in GROUPS:
            at = group == name
            if not at.any():
                continue
            part = {
                "series": name, "operand": numbers[at], "occurrences": counts[at].to_numpy(), "accuracy": accuracy[at].to_numpy(),
                "source": RELEASED.source_id, "location": RELEASED.location, "status": "reported",
            }  # fmt: skip
            parts.append(part)
            text = [f"operand {n}" for n in numbers[at]]
            traces.append(marks.points(part, "occurrences", "accuracy", color, symbol=symbol, text=text))
        statistics = {
            name: [found[name]] for name in found.index if name.removesuffix("_low").removesuffix("_high") in association.STATISTICS
        }
        parts.append({"series": "statistics", **statistics, "status": "computed"})
        layout = style.layout(
            "tokens",
            "percent",
            x_title=f"Occurrences of the operand in {text_of(corpus)}",
            y_title="Accuracy",
            y_range=(-0.03, 1.03),
            height=400,
        )
        right = Headline("accuracy", float(accuracy.mean()), "share", f"{accuracy.mean():.0%}")
        headline = [right]
        title = f"{model} {DOES[operation]} every operand with {right} accuracy, so there is no correlation to compute"
        if found["rho"] == found["rho"]:
            rho, low, high = headline = [
                Headline(f"rank correlation{end}", float(found[column]), "", f"{found[column]:.2f}", column)
                for column, end in (("rho", ""), ("rho_low", ", low end"), ("rho_high", ", high end"))
            ]
            towards = association.direction(found, len(counts))
            said = f"{model} {DOES[operation]} frequent numbers {towards}"
            if towards == "open":
                said = f"{model}: no significant effect of frequency ({operation})"
            title = f"{said}: Spearman rho {rho} ({low} to {high})"
            if towards == "few":
                n = round(float(accuracy.sum()) * association.QUESTIONS)
                headline = [Headline("right answers", n, "answers", str(n))]
                title = f"{model} has {headline[0]} of {len(counts) * association.QUESTIONS:,} questions right, too few to test frequency ({operation})"
        return Panel(
            title=title,
            headline=tuple(headline),
            figure=style.figure(traces, layout),
            parts=parts,
            caption=(
                f'Each marker is a first operand: its accuracy over 50 questions such as "What is 24 times 17?", against how often it occurs. Accuracy rises by {100 * found["slope"]:.1f} points per tenfold count '
                f"({_points(found, 'slope')}); brackets are 95% intervals over operands. Frequent numbers are also small or round, so this chart alone shows no cause. {V0}"
            ),
            alt=f"Accuracy of {model} by operand against the operand's count in {text_of(corpus)}: {_words(found)}.",
            sources=sources_of(corpus),
        )


class Paper(Figure):
    """The gaps that the paper prints against those computed with a corpus's counts."""

    name = "term_frequency.paper"
    number_counts: Given = NUMBER_COUNTS("pile_train")

    def draw(self) -> Panel:
        """The panel at these parameters."""
        corpus = self.number_counts.value.corpus
        rows = association.against_the_paper(self.number_counts.value.statistics, tables.load("term_frequency_gaps"))
        rows = rows.rename(columns={"low": "computed_low", "high": "computed_high"})
        rows = rows.assign(series=rows["model"].map(size_of), computed_points=rows["computed"], status="reported").drop(columns="computed")
        same = {"series": "reported = computed", "gap_points": GAPS, "computed_points": GAPS, "status": "computed"}
        traces = [marks.line(same, "gap_points", "computed_points", style.GREY, width=1.2)]
        for size in (size for size in SIZES if size in set(rows["model"])):
            part = rows[rows["model"] == size]
            text = [f"{shots} examples, step {step:,}" for shots, step in zip(part["shots"], part["step"], strict=True)]
            traces.append(marks.points(part, "gap_points", "computed_points", COLORS[size], text=text))
        off = rows["difference"].abs()
        worst = rows.loc[off.idxmax()]
        inside = int(rows["gap_points"].between(rows["computed_low"], rows["computed_high"]).sum())
        layout = style.layout(
            "number",
            "number",
            x_title="Reported gap (points)",
            y_title="Computed gap (points)",
            x_range=GAPS,
            y_range=GAPS,
            height=480,
        )
        together = float(correlation(rows["gap_points"], rows["computed_points"]))
        r = Headline("correlation of printed and computed gaps", together, "", f"{together:.2f}")
        mean = Headline("mean difference", float(off.mean()), "points", f"{off.mean():.1f}")
        most = Headline("largest difference", float(off.max()), "points", f"{off.max():.0f}")
        return Panel(
            title=f"The paper's {len(rows)} gaps recompute with correlation {r}, off by {mean} points on average, {most} at most",
            headline=(r, mean, most),
            figure=style.figure(traces, layout),
            parts=[rows, same],
            caption=(
                f"Each marker is a gap in accuracy between frequent and rare operands; on the line ours equals the paper's. The paper uses its own counts, of numbers near other numbers in the deduplicated Pile up to each checkpoint, which were never published. Ours are counts of {text_of(corpus)}, the same at every "
                f"checkpoint, so the ten most frequent numbers are not always the same. {inside} reported gaps lie in the computed 95% interval. Furthest off: {size_of(worst['model'])}, {worst['shots']} examples, "
                f"step {worst['step']:,} ({worst['gap_points']:.1f} reported, {worst['computed_points']:.1f} computed)."
            ),
            alt=f"Computed against reported gaps of four models: correlation {r}, mean difference {mean} points.",
            sources=(Citation("biderman2023", "Table 4"), *sources_of(corpus)),
        )


def _points(row: Mapping, name: str) -> str:
    return f"{100 * row[f'{name}_low']:.1f} to {100 * row[f'{name}_high']:.1f}"


def _words(found: Mapping) -> str:
    return f"Spearman rho {found['rho']:.2f}" if found["rho"] == found["rho"] else "all operands have the same accuracy"
