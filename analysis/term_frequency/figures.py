"""Figures on term frequency: accuracy against the count of the operand, and the paper's gaps beside those computed here."""

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd

from analysis import tables
from analysis.charts import style
from analysis.charts.panel import Citation, Panel, table_of
from analysis.pythia.data import size_of
from analysis.statistics import correlation, spearman
from analysis.term_frequency import association, figures_like_size, figures_training
from analysis.term_frequency.data import SIZES, STEPS, accuracy_of, frequencies, one_of, stored, text_of
from analysis.term_frequency.figures_marks import COLORS, RELEASED, V0, settings_of, sources_of, span

DOES = {"multiplication": "multiplies", "addition": "adds"}
GROUPS = (("one digit", style.CRIMSON, "diamond"), ("ends in 0 or 5", style.AMBER, "square"), ("other", style.BLUE, "circle"))


def scatter(statistics: pd.DataFrame, counts: pd.Series, corpus: str, model: str, step: int, shots: int, operation: str) -> Panel:
    """Accuracy of each operand against its count, in bins, and its correlation.

    statistics: the stored ones, or those with the reader's counts. counts: indexed by number. corpus: id, or "yours".
    """
    accuracy = accuracy_of(model, step, shots, operation)[counts.index]
    found = one_of(statistics, model, step, shots, operation)
    numbers = counts.index.to_numpy()
    group = np.where(numbers < 10, "one digit", np.where(numbers % 5 == 0, "ends in 0 or 5", "other"))
    bins = association.binned(counts, accuracy)
    traces = [*style.band(bins["count"], bins["low"], bins["high"], "95% interval of the mean", style.SLATE)]
    traces.append(style.computed_line(bins["count"], bins["accuracy"], "mean of ten operands", style.SLATE))
    for name, color, symbol in GROUPS:
        at = group == name
        traces.append(style.reported_markers(counts[at], accuracy[at], name, color, symbol, text=[f"operand {n}" for n in numbers[at]]))
    layout = style.layout(
        "tokens",
        "percent",
        x_title=f"Occurrences of the operand in {text_of(corpus)}",
        y_title="Right answers",
        y_range=(-0.03, 1.03),
        height=400,
    )
    if found["rho"] == found["rho"]:
        better = "better" if found["rho_low"] > 0 else "worse" if found["rho_high"] < 0 else "neither better nor worse"
        title = f"{model} {DOES[operation]} with frequent numbers {better}: rank correlation {found['rho']:.2f} ({span(found, 'rho')})"
    else:
        title = f"{model} {DOES[operation]} every operand equally, so there is no correlation to compute"
    return Panel(
        name="term_frequency.scatter",
        title=title,
        figure=style.figure(traces, layout),
        data=lambda: table_of(
            [
                {
                    "series": group,
                    "operand": numbers,
                    "count": counts.to_numpy(),
                    "accuracy": accuracy.to_numpy(),
                    "status": "reported",
                    "source": RELEASED.source_id,
                },
                bins.assign(series="mean of bin", status="computed"),
                pd.DataFrame([found[list(association.STATISTICS)].to_dict()]).assign(series="statistics", status="computed"),
            ]
        ),
        caption=(
            f'One marker per first operand, over 50 questions such as "What is 24 times 17?". Accuracy rises by {100 * found["slope"]:.1f} points with ten times the count '
            f"({_points(found, 'slope')}); the brackets hold 95% intervals over operands. Frequent numbers are also small or round, so this chart alone shows no cause. {V0}"
        ),
        alt=f"Accuracy of {model} by operand against the operand's count in {text_of(corpus)}: {_words(found)}.",
        sources=sources_of(corpus),
        settings=settings_of(corpus, model=model, step=step, shots=shots, operation=operation),
        explain=(spearman, association.slope_per_decade, association.binned, association.Operands.statistics),
    )


def paper(statistics: pd.DataFrame, corpus: str) -> Panel:
    """The gaps that the paper prints against those computed with a corpus's counts."""
    rows = association.against_the_paper(statistics, tables.load("term_frequency_gaps"))
    low, high = -5.0, 90.0
    traces = [style.computed_line([low, high], [low, high], "printed = computed", style.GREY, width=1.2)]
    for size, color in ((size, COLORS[size]) for size in SIZES if size in set(rows["model"])):
        part = rows[rows["model"] == size]
        text = [f"{shots} examples, step {step:,}" for shots, step in zip(part["shots"], part["step"], strict=True)]
        traces.append(
            style.reported_markers(part["gap_points"], part["computed"], size_of(size), color, text=text, verified=part["verified"] > 0)
        )
    r = float(correlation(rows["gap_points"], rows["computed"]))
    off = rows["difference"].abs()
    worst = rows.loc[off.idxmax()]
    inside = int(rows["gap_points"].between(rows["low"], rows["high"]).sum())
    layout = style.layout(
        "number",
        "number",
        x_title="Gap as printed (points)",
        y_title="Gap as computed (points)",
        x_range=(low, high),
        y_range=(low, high),
        height=480,
    )
    return Panel(
        name="term_frequency.paper",
        title=f"The paper's {len(rows)} gaps come out with correlation {r:.2f} and {off.mean():.1f} points off on average, {off.max():.0f} at most",
        figure=style.figure(traces, layout),
        data=lambda: rows.assign(status="reported"),
        caption=(
            f"Printed: the authors' own counts, of numbers near other numbers in the deduplicated Pile up to each checkpoint, which were never published. Computed: counts of {text_of(corpus)}, the same at every "
            f"checkpoint; so the ten most frequent numbers are not always the same ones. {inside} printed gaps lie in the computed 95% interval. Furthest off: {size_of(worst['model'])}, {worst['shots']} examples, "
            f"step {worst['step']:,} ({worst['gap_points']:.1f} printed, {worst['computed']:.1f} computed)."
        ),
        alt=f"Computed against printed gaps of four models: correlation {r:.2f}, mean difference {off.mean():.1f} points.",
        sources=(Citation("biderman2023", "Table 4"), *sources_of(corpus)),
        settings=settings_of(corpus, operation="multiplication"),
        explain=(association.against_the_paper, association.frequency_gap),
    )


def default_panels() -> dict[str, Callable[[], Panel]]:
    """The panels of the term frequency page at its default settings."""
    corpus, model, shots, operation, last = "pile_train", SIZES[-1], 16, "multiplication", STEPS[-1]
    return {
        "term_frequency.scatter": lambda: scatter(stored(corpus), frequencies()[corpus], corpus, model, last, shots, operation),
        "term_frequency.course": lambda: figures_training.course(stored(corpus), corpus, "rho", model, shots, operation),
        "term_frequency.gap": lambda: figures_training.gap(frequencies()[corpus], corpus, model, shots, operation, association.EXTREMES),
        "term_frequency.partial": lambda: figures_like_size.partial(stored(corpus), frequencies()[corpus], corpus, last, shots, operation),
        "term_frequency.regression": lambda: figures_like_size.regression(model, shots, operation, "0 to 99"),
        "term_frequency.paper": lambda: paper(stored(corpus), corpus),
    }


def _points(row: Mapping, name: str) -> str:
    return f"{100 * row[f'{name}_low']:.1f} to {100 * row[f'{name}_high']:.1f}"


def _words(found: Mapping) -> str:
    return f"rank correlation {found['rho']:.2f}" if found["rho"] == found["rho"] else "all operands are answered alike"
