"""Figures on the bundled model: does frequency matter where it has nothing to do with the size of the number?"""

from collections.abc import Mapping

import pandas as pd

from analysis import tables
from analysis.charts import intervals, marks, style, ticks
from analysis.charts.figure import Figure
from analysis.charts.marks import Part
from analysis.charts.panel import Citation, Headline, Panel
from analysis.charts.parameters import Choice
from analysis.probe import bundled
from analysis.probe.data import by_operand, shots_at, statistics_of, steps, telling_step
from analysis.term_frequency.figures_marks import OPERATION

DESIGN = (Citation("biderman2023", "section 3.3, for the questions"), Citation("razeghi2022", "for the question asked"))
COLORS = {"seen": style.BLUE, "unseen": style.CRIMSON}
SYMBOLS = {"seen": "circle", "unseen": "diamond"}
NAMES = {"seen": "seen in training", "unseen": "held out"}
DOES = {"multiplication": "products", "addition": "sums"}
MEASURES = {
    "rho": ("Rank correlation of accuracy and frequency", "number"),
    "partial": ("Partial rank correlation (controlling for size)", "number"),
    "size_rho": ("Rank correlation of accuracy and operand", "number"),
    "gap": ("Gap, ten most minus ten least frequent", "percent"),
    "accuracy": ("Accuracy", "percent"),
}
MADE = "The bundled model is trained on text in which the first operand follows Zipf's law in random order, so frequency and size of a number are unrelated."

ZERO = "with that seed the most frequent operand is 0, whose products are easy; rank correlations give one operand little weight."


BUNDLED_STEP = Choice(
    "Bundled model checkpoint",
    options=lambda _: {step: f"step {step:,}" for step in steps()},
    ordered=True,
)


class BundledScatter(Figure):
    """Accuracy of each operand against its lines in the training text, questions of the training and held-out ones apart."""

    name = "probe.bundled_scatter"
    operation: str = OPERATION("multiplication")
    bundled_step: int = BUNDLED_STEP(lambda earlier: telling_step(earlier["operation"]))
    bundled_shots: int = Choice(
        "Few-shot examples (k), bundled model", options=lambda earlier: {shots: str(shots) for shots in shots_at(earlier["bundled_step"])}
    )(lambda earlier: shots_at(earlier["bundled_step"])[0])

    def draw(self) -> Panel:
        """The panel at these parameters."""
        step, shots, operation = self.bundled_step, self.bundled_shots, self.operation
        found = statistics_of(step, shots, operation)
        traces: list[dict] = []
        parts: list[Part] = []
        for questions in bundled.QUESTIONS:
            counts, accuracy, bins = by_operand(step, shots, operation, questions)
            means = {
                "expected_lines": bins["count"],
                "accuracy": bins["accuracy"],
                "low": bins["low"],
                "high": bins["high"],
                "n": bins["n"],
            }
            told = {"series": f"binned mean, {NAMES[questions]}", "questions": questions}
            parts += [
                told | means | {"status": "computed"},
                told | means | {"series": f"interval, {questions}", "status": "uncertain"},
                {
                    "series": NAMES[questions],
                    "operand": counts.index,
                    "expected_lines": counts,
                    "accuracy": accuracy,
                    "questions": questions,
                    "status": "computed",
                },
            ]
            line, interval, dots = parts[-3:]
            traces += marks.band(interval, "expected_lines", "low", "high", COLORS[questions], quiet=True)
            traces.append(marks.line(line, "expected_lines", "accuracy", COLORS[questions]))
            text = [f"operand {operand}" for operand in counts.index]
            traces.append(
                marks.points(dots, "expected_lines", "accuracy", COLORS[questions], symbol=SYMBOLS[questions], text=text, opacity=0.5)
            )
        layout = style.layout(
            "log_number",
            "percent",
            x_title="Training occurrences of the first operand",
            y_title="Accuracy",
            y_range=(-0.03, 1.03),
            height=460,
        )
        layout["xaxis"] |= {"exponentformat": "B"}
        seen, unseen = found.loc["seen"], found.loc["unseen"]
        rhos = {name: _rho(f"rank correlation, {NAMES[name]}", found.loc[name, "rho"]) for name in bundled.QUESTIONS}
        return Panel(
            title=f"Frequency without size: rho {rhos['seen'] or 'none'} on {DOES[operation]} seen in training, {rhos['unseen'] or 'none'} on held-out ones (step {step:,})",
            headline=_known(*rhos.values()),
            figure=style.figure(traces, layout),
            parts=parts,
            caption=(
                f"Each mark is an operand: its accuracy against how often it occurred in training (40 seen and 10 held-out questions each). {MADE} A fifth of the questions was never shown. Accuracy is {seen['accuracy']:.0%} on seen questions (rank correlation {_span(seen, 'rho')}), "
                f"{unseen['accuracy']:.0%} on held-out ones ({_span(unseen, 'rho')}). Lines are means of ten operands with 95% bands. One model, one seed; {ZERO}"
            ),
            alt=f"Accuracy of 100 operands against their frequency in training for {operation} at step {step:,}: {seen['accuracy']:.0%} on seen and {unseen['accuracy']:.0%} on held-out questions.",
            sources=DESIGN,
        )


class BundledCourse(Figure):
    """One statistic over the checkpoints, without examples in the prompt."""

    name = "probe.bundled_course"
    operation: str = OPERATION("multiplication")
    bundled_statistic: str = Choice("Statistic", options={key: words for key, (words, _) in MEASURES.items()})("rho")

    def draw(self) -> Panel:
        """The panel at these parameters."""
        measure, operation = self.bundled_statistic, self.operation
        stored = tables.load("probe_bundled")
        stored = stored[(stored["shots"] == 0) & (stored["operation"] == operation)]
        label, kind = MEASURES[measure]
        traces: list[dict] = []
        parts: list[Part] = []
        ends, peaks = {}, {}
        for questions in bundled.QUESTIONS:
            rows = stored[stored["questions"] == questions].dropna(subset=[measure])
            told = {
                "series": NAMES[questions],
                "questions": questions,
                "operation": operation,
                "step": rows["step"],
                measure: rows[measure],
            }
            if measure != "accuracy":
                told |= {f"{measure}_low": rows[f"{measure}_low"], f"{measure}_high": rows[f"{measure}_high"]}
                parts.append(told | {"series": f"interval, {questions}", "status": "uncertain"})
                traces += marks.band(parts[-1], "step", f"{measure}_low", f"{measure}_high", COLORS[questions], quiet=True)
            parts.append(told | {"status": "computed"})
            line = marks.line(parts[-1], "step", measure, COLORS[questions])
            traces.append(line | {"mode": "lines+markers", "marker": {"size": 8, "symbol": SYMBOLS[questions]}})
            if len(rows):
                ends[questions], peaks[questions] = rows.iloc[-1], rows.loc[rows[measure].abs().idxmax()]
        layout = style.layout("log_number", kind, x_title="Training step", y_title=label, shapes=[style.horizontal_line(0)])
        layout["xaxis"] |= ticks.at(steps())
        write = (lambda value: f"{value:.0%}") if kind == "percent" else (lambda value: f"{value:.2f}")
        which = {"seen": f"{DOES[operation]} seen in training", "unseen": "held-out ones"}
        headline = {
            questions: Headline(
                f"{label}, {NAMES[questions]}", float(peak[measure]), "share" if kind == "percent" else "", write(peak[measure]), measure
            )
            for questions, peak in peaks.items()
        }
        words = " and ".join(f"{value} on {which[questions]}" for questions, value in headline.items())
        most = ", ".join(f"{write(end[measure])} at step {end['step']:,} ({NAMES[questions]})" for questions, end in ends.items())
        return Panel(
            title=f"{label}, largest: {words}",
            headline=tuple(headline.values()),
            figure=style.figure(traces, layout),
            parts=parts,
            caption=f"Lines are the statistic at each checkpoint of one training run, asked every question zero-shot. The title gives the value furthest from zero; the last is {most or 'none'}. Bands are 95% intervals over operands. {MADE} A correlation shrinks as accuracy nears 0% or 100%, and has no mark where fewer than five operands differ.",
            alt=f"{label} over training steps for {operation}: {words}.",
            sources=DESIGN,
        )


class BundledBesidePythia(Figure):
    """Correlation of accuracy with frequency, as it is and at fixed operand size: the bundled model beside two sizes of Pythia."""

    name = "probe.bundled_beside_pythia"
    operation: str = OPERATION("multiplication")

    def draw(self) -> Panel:
        """The panel at these parameters."""
        operation = self.operation
        step = telling_step(operation)
        own, stats = tables.load("probe_bundled"), tables.load("term_frequency_stats")
        own = own[(own["step"] == step) & (own["shots"] == 0) & (own["operation"] == operation)].set_index("questions")
        chosen = (stats["corpus"] == "pile_train") & (stats["step"] == 143_000) & (stats["shots"] == 4) & (stats["operation"] == operation)
        last = stats[chosen].set_index("model")
        rows = {f"bundled, {questions}": own.loc[questions] for questions in bundled.QUESTIONS}
        rows |= {model: last.loc[model] for model in ("Pythia 1.4B", "Pythia 12B") if model in last.index}
        frame = pd.DataFrame(rows).T.dropna(subset=["rho", "partial"])
        at = [list(rows).index(label) for label in frame.index]
        traces: list[dict] = []
        parts: list[Part] = []
        for statistic, series, color, symbol, shift in (
            ("rho", "Spearman rho (frequency)", style.BLUE, "circle", -0.22),
            ("partial", "partial rho (controlling for size)", style.CRIMSON, "diamond", 0.0),
            ("size_rho", "Spearman rho (operand size)", style.GREY, "square", 0.22),
        ):
            parts.append(
                {
                    "series": series,
                    "model": list(frame.index),
                    "row": [place + shift for place in at],
                    "correlation": frame[statistic].astype(float),
                    "low": frame[f"{statistic}_low"].astype(float),
                    "high": frame[f"{statistic}_high"].astype(float),
                    "accuracy": frame["accuracy"].astype(float),
                    "status": "computed",
                }
            )
            traces.append(marks.estimates(parts[-1], "correlation", "low", "high", color, symbol=symbol))
        layout = intervals.rows(list(rows), "number", "Rank correlation of accuracy", 62, x_range=(-1.0, 1.0))
        big, seen = last.loc["Pythia 12B"], own.loc["seen"]
        pairs = {
            label: [
                Headline(f"rank correlation of {label}, {name}", float(row[key]), "", f"{row[key]:.2f}", "correlation")
                for key, name in (("rho", "plain"), ("partial", "controlling for size"))
            ]
            for label, row in (("Pythia 12B", big), ("the bundled model", seen))
        }
        changes = [f"{label} from {before} to {after}" for label, (before, after) in pairs.items()]
        return Panel(
            title=f"Controlling for size takes {' and '.join(changes)} ({operation})",
            headline=tuple(value for pair in pairs.values() for value in pair),
            figure=style.figure(traces, layout),
            parts=parts,
            caption=(
                f"Markers are rank correlations of accuracy with frequency, plain and controlling for the size of the operand, and with that size. Pythia: last checkpoint (v0 models), 4-shot, counts of the Pile, where frequent numbers are also small. Bundled: step {step:,}, zero-shot, frequency and size unrelated by design, so the first two hardly differ. "
                "Bars are 95% intervals over operands. The models differ in size, text and training by orders of magnitude: the comparison shows the confounder, not a difference in skill."
            ),
            alt=f"Rank correlations of accuracy with frequency, plain and controlling for size, for the bundled model and two sizes of Pythia ({operation}).",
            sources=(*DESIGN, Citation("eleutherai2023", "evals/csv"), Citation("osmarks2024", "counts of numbers in the Pile")),
        )


def _rho(name: str, value: float) -> Headline | None:
    """A correlation as a headline; None where it cannot be computed."""
    return Headline(name, float(value), "", f"{value:.2f}") if value == value else None


def _known(*values: Headline | None) -> tuple[Headline, ...]:
    return tuple(value for value in values if value is not None)


def _span(row: Mapping, name: str) -> str:
    return f"{row[f'{name}_low']:.2f} to {row[f'{name}_high']:.2f}" if row[name] == row[name] else "not to be computed"
