"""Figures on the bundled model: does frequency matter where it has nothing to do with the size of the number?"""

from collections.abc import Callable, Mapping

import pandas as pd

from analysis import tables
from analysis.charts import intervals, style
from analysis.charts.panel import Citation, Panel, table_of
from analysis.probe import bundled
from analysis.probe.data import by_operand, statistics_of, steps, telling_step
from analysis.statistics import spearman
from analysis.term_frequency import association

DESIGN = (Citation("biderman2023", "section 3.3, for the questions"), Citation("razeghi2022", "for the question asked"))
COLORS = {"seen": style.BLUE, "unseen": style.CRIMSON}
SYMBOLS = {"seen": "circle", "unseen": "diamond"}
NAMES = {"seen": "asked in training", "unseen": "held out of training"}
DOES = {"multiplication": "products", "addition": "sums"}
MEASURES = {
    "rho": ("Rank correlation of accuracy and frequency", "number"),
    "partial": ("Rank correlation at fixed operand size", "number"),
    "size_rho": ("Rank correlation of accuracy and operand", "number"),
    "gap": ("Gap, most less least frequent ten", "percent"),
    "accuracy": ("Right answers", "percent"),
}
MADE = "The model is trained here on text in which the first operand follows Zipf's law in an order drawn at random, so frequency and size of a number are unrelated."

ZERO = (
    "by that seed the most frequent operand is 0, whose products are easy, and correlations go by ranks so that one operand weighs little."
)


def scatter(step: int, shots: int, operation: str) -> Panel:
    """Accuracy of each operand against its lines in the training text, questions of the training and held-out ones apart."""
    found = statistics_of(step, shots, operation)
    traces: list[dict] = []
    parts: list = []
    for questions in bundled.QUESTIONS:
        counts, accuracy, bins = by_operand(step, shots, operation, questions)
        traces += intervals.quiet_band(bins["count"], bins["low"], bins["high"], f"interval, {questions}", COLORS[questions])
        traces.append(style.computed_line(bins["count"], bins["accuracy"], f"mean of ten, {NAMES[questions]}", COLORS[questions]))
        text = [f"operand {operand}" for operand in counts.index]
        traces.append(_markers(counts, accuracy, NAMES[questions], COLORS[questions], SYMBOLS[questions], text, opacity=0.5))
        series = {
            "operand": counts.index,
            "expected_lines": counts.to_numpy(),
            "accuracy": accuracy.to_numpy(),
            "questions": questions,
            "status": "computed",
        }
        parts += [
            series,
            lambda bins=bins, questions=questions: bins.rename(columns={"count": "expected_lines"}).assign(
                questions=questions, status="uncertain"
            ),
        ]
    layout = style.layout(
        "log_number", "percent", x_title="Lines with this first operand so far", y_title="Right answers", y_range=(-0.03, 1.03), height=460
    )
    layout["xaxis"] |= {"exponentformat": "B"}
    seen, unseen = found.loc["seen"], found.loc["unseen"]
    return Panel(
        name="probe_bundled.scatter",
        title=f"Frequency without size: rank correlation {_number(seen['rho'])} at step {step:,} on {DOES[operation]} {NAMES['seen']}, {_number(unseen['rho'])} on unseen ones",
        figure=style.figure(traces, layout),
        data=lambda: table_of(parts),
        caption=(
            f"{MADE} A fifth of the questions was never shown. Accuracy: {seen['accuracy']:.0%} on questions of the training text (rank correlation {_span(seen, 'rho')}), "
            f"{unseen['accuracy']:.0%} on held-out ones ({_span(unseen, 'rho')}). Each mark is an operand (40 seen, 10 held-out questions), lines are means of ten operands with 95% bands. One model, one seed; {ZERO}"
        ),
        alt=f"Accuracy of 100 operands against their frequency in training for {operation} at step {step:,}: {seen['accuracy']:.0%} on seen and {unseen['accuracy']:.0%} on held-out questions.",
        sources=DESIGN,
        settings=_settings(step=f"{step:,}", examples=shots, operation=operation),
        explain=(spearman, association.binned, association.Operands.statistics, bundled.accuracy_by_operand),
    )


def course(measure: str, operation: str) -> Panel:
    """One statistic over the checkpoints, without examples in the prompt."""
    if measure not in MEASURES:
        raise ValueError(f"measure must be one of {', '.join(MEASURES)}, got {measure!r}")
    stored = tables.load("probe_bundled")
    stored = stored[(stored["shots"] == 0) & (stored["operation"] == operation)]
    label, kind = MEASURES[measure]
    traces, ends, peaks = [], {}, {}
    for questions in bundled.QUESTIONS:
        rows = stored[stored["questions"] == questions].dropna(subset=[measure])
        if measure != "accuracy":
            traces += intervals.quiet_band(
                rows["step"], rows[f"{measure}_low"], rows[f"{measure}_high"], f"interval, {questions}", COLORS[questions]
            )
        traces.append(
            style.computed_line(rows["step"], rows[measure], NAMES[questions], COLORS[questions])
            | {"mode": "lines+markers", "marker": {"size": 8, "symbol": SYMBOLS[questions]}}
        )
        if len(rows):
            ends[questions], peaks[questions] = rows.iloc[-1], rows.loc[rows[measure].abs().idxmax()]
    layout = style.layout("log_number", kind, x_title="Training step", y_title=label, shapes=[style.horizontal_line(0)])
    layout["xaxis"] |= {"tickvals": steps(), "ticktext": [f"{step:,}" for step in steps()]}
    write = (lambda value: f"{value:.0%}") if kind == "percent" else (lambda value: f"{value:.2f}")
    which = {"seen": f"{DOES[operation]} asked in training", "unseen": "held-out ones"}
    words = " and ".join(f"{write(peak[measure])} on {which[questions]}" for questions, peak in peaks.items()) or "none to be computed"
    most = ", ".join(f"{write(end[measure])} at step {end['step']:,} ({NAMES[questions]})" for questions, end in ends.items())
    columns = ["step", "operation", "questions", measure, *([] if measure == "accuracy" else [f"{measure}_low", f"{measure}_high"])]
    return Panel(
        name="probe_bundled.course",
        title=f"{label}, furthest from zero: {words}",
        figure=style.figure(traces, layout),
        data=lambda: stored[columns].assign(status="computed"),
        caption=f"Checkpoints of one training run, asked every question without examples. Last: {most or 'none'}. Bands are 95% intervals over operands. {MADE} A correlation fades as accuracy nears either end, and has no mark where fewer than five operands differ.",
        alt=f"{label} over training steps for {operation}: {words}.",
        sources=DESIGN,
        settings=_settings(measure=label, operation=operation),
        explain=(association.Operands.statistics, association.partial, association.frequency_gap),
    )


def beside_pythia(step: int, operation: str) -> Panel:
    """Correlation of accuracy with frequency, as it is and at fixed operand size: the bundled model beside two sizes of Pythia."""
    own, stats = tables.load("probe_bundled"), tables.load("term_frequency_stats")
    own = own[(own["step"] == step) & (own["shots"] == 0) & (own["operation"] == operation)].set_index("questions")
    chosen = (stats["corpus"] == "pile_train") & (stats["step"] == 143_000) & (stats["shots"] == 4) & (stats["operation"] == operation)
    last = stats[chosen].set_index("model")
    rows = {f"bundled, {questions}": own.loc[questions] for questions in bundled.QUESTIONS}
    rows |= {model: last.loc[model] for model in ("Pythia 1.4B", "Pythia 12B") if model in last.index}
    frame = pd.DataFrame(rows).T.dropna(subset=["rho", "partial"])
    at = [list(rows).index(label) for label in frame.index]
    traces = [
        intervals.bars(frame[name], frame[f"{name}_low"], frame[f"{name}_high"], at, series, color, symbol, shift=shift)
        for name, series, color, symbol, shift in (
            ("rho", "with frequency", style.BLUE, "circle", -0.22),
            ("partial", "with frequency, size held fixed", style.CRIMSON, "diamond", 0.0),
            ("size_rho", "with the operand itself", style.GREY, "square", 0.22),
        )
        if len(frame)
    ]
    layout = intervals.rows(list(rows), "number", "Rank correlation of accuracy", 62, x_range=(-1.0, 1.0))
    big, seen = last.loc["Pythia 12B"], own.loc["seen"]
    return Panel(
        name="probe_bundled.pythia",
        title=f"Holding size fixed takes Pythia 12B from {_number(big['rho'])} to {_number(big['partial'])} and the bundled model from {_number(seen['rho'])} to {_number(seen['partial'])} ({operation})",
        figure=style.figure(traces, layout),
        data=lambda: table_of(
            [
                frame[[name, f"{name}_low", f"{name}_high", "accuracy"]]
                .set_axis(["correlation", "low", "high", "accuracy"], axis=1)
                .astype(float)
                .rename_axis("model")
                .reset_index()
                .assign(series=name, status="computed")
                for name in ("rho", "partial", "size_rho")
            ]
        ),
        caption=(
            f"Pythia: last checkpoint (v0 models), 4 examples, counts of the Pile, where frequent numbers are also small. Bundled: step {step:,}, no examples, frequency and size unrelated by design, so the first two marks hardly differ. "
            "Bars are 95% intervals over operands. The two differ in size, text and training by orders of magnitude: the comparison shows the confounder, not a difference in skill."
        ),
        alt=f"Rank correlations of accuracy with frequency, as they are and at fixed size, for the bundled model and two sizes of Pythia ({operation}).",
        sources=(*DESIGN, Citation("eleutherai2023", "evals/csv"), Citation("osmarks2024", "counts of numbers in the Pile")),
        settings=_settings(step=f"{step:,}", operation=operation, pythia="step 143,000, 4 examples"),
        explain=(association.partial, association.Operands.statistics),
    )


def default_panels() -> dict[str, Callable[[], Panel]]:
    """The panels on the bundled model at their default settings."""
    return {
        "probe_bundled.scatter": lambda: scatter(telling_step("multiplication"), 0, "multiplication"),
        "probe_bundled.course": lambda: course("rho", "multiplication"),
        "probe_bundled.pythia": lambda: beside_pythia(telling_step("multiplication"), "multiplication"),
    }


def _markers(x, y, name: str, color: str, symbol: str, text, **extra) -> dict:
    """Markers of values measured here."""
    return style.reported_markers(x, y, name, color, symbol, text=text, **extra) | {"meta": {"role": "computed"}}


def _settings(**shown) -> Mapping[str, str]:
    return {"model": "bundled"} | {key: str(value) for key, value in shown.items()}


def _number(value: float) -> str:
    return f"{value:.2f}" if value == value else "none"


def _span(row: Mapping, name: str) -> str:
    return f"{row[f'{name}_low']:.2f} to {row[f'{name}_high']:.2f}" if row[name] == row[name] else "not to be computed"
