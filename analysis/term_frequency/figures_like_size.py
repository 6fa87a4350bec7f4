"""Figures on what is left of frequency with the operand's size held fixed: partial correlation and logistic regression."""

import numpy as np
import pandas as pd

from analysis import tables
from analysis.charts import intervals, style
from analysis.charts.panel import Panel, table_of
from analysis.pythia.data import size_of
from analysis.statistics import spearman
from analysis.term_frequency import association
from analysis.term_frequency import regression as term_frequency_regression
from analysis.term_frequency.data import SIZES, STEPS, text_of
from analysis.term_frequency.figures_marks import V0, settings_of, sources_of, span
from analysis.units import significant


def partial(statistics: pd.DataFrame, counts: pd.Series, corpus: str, step: int, shots: int, operation: str) -> Panel:
    """For each size the rank correlation with frequency, as it is and with the operand's size held fixed."""
    rows = statistics[(statistics["step"] == step) & (statistics["shots"] == shots) & (statistics["operation"] == operation)]
    rows = rows.set_index("model").reindex(SIZES[::-1]).dropna(subset=["rho", "partial", "rho_low", "partial_low"])
    if rows.empty:
        return Panel(
            name="term_frequency.partial",
            title=f"With {shots} examples at step {step:,} nothing is left to compare among operands of like size ({operation})",
            figure=style.figure(
                [],
                intervals.rows(
                    [size_of(model) for model in SIZES[::-1]], "number", "Rank correlation of accuracy and count", x_range=(-0.5, 1.0)
                ),
            ),
            data=lambda: statistics[statistics["step"] == step][["model", "step", "shots", "operation", "rho", "partial"]].assign(
                status="computed"
            ),
            caption=f"Either every model answers all operands alike, or the counts follow the size of the operand exactly. {V0}",
            alt="No correlation at fixed operand size can be computed for any model size.",
            sources=sources_of(corpus),
            settings=settings_of(corpus, step=step, shots=shots, operation=operation),
            explain=(association.partial,),
        )
    at = range(len(rows))
    traces = [
        intervals.bars(rows["rho"], rows["rho_low"], rows["rho_high"], at, "as it is", style.SLATE, "circle", shift=-0.14),
        intervals.bars(
            rows["partial"], rows["partial_low"], rows["partial_high"], at, "operand size held fixed", style.CRIMSON, "diamond", shift=0.14
        ),
    ]
    layout = intervals.rows(
        [size_of(model) for model in rows.index], "number", "Rank correlation of accuracy and count", x_range=(-0.5, 1.0)
    )
    with_size = float(spearman(counts, counts.index))
    clear = [model for model, low in rows["partial_low"].items() if low > 0]
    big = rows.iloc[0]
    stays = "and stays above zero" if big["partial_low"] > 0 else "and can no longer be told from zero"
    return Panel(
        name="term_frequency.partial",
        title=f"At fixed operand size the correlation of {size_of(rows.index[0])} falls from {big['rho']:.2f} to {big['partial']:.2f} ({span(big, 'partial')}), {stays}",
        figure=style.figure(traces, layout),
        data=lambda: table_of(
            [
                rows[[name, f"{name}_low", f"{name}_high", "accuracy"]]
                .rename(columns={name: "correlation", f"{name}_low": "low", f"{name}_high": "high"})
                .reset_index()
                .assign(series=series, status="computed")
                for name, series in (("rho", "as it is"), ("partial", "operand size held fixed"))
            ]
        ),
        caption=(
            f"Small numbers are both frequent and easy: the rank correlation of count and operand is {with_size:.2f} in {text_of(corpus)}. The second mark asks what frequency tells among "
            f"operands of like size. It stays above zero for {len(clear)} of {len(rows)} sizes. Bars are 95% intervals over operands. Correlation at fixed size is still no proof of cause. {V0}"
        ),
        alt=f"Correlation with frequency by model size, as it is and at fixed operand size; {size_of(rows.index[0])} has {big['rho']:.2f} and {big['partial']:.2f}.",
        sources=sources_of(corpus),
        settings=settings_of(corpus, step=step, shots=shots, operation=operation),
        explain=(association.partial, spearman, association.Operands.statistics),
    )


def regression(model: str, shots: int, operation: str, operands: str) -> Panel:
    """Coefficients of the logistic regression: frequency alone, and together with the size and form of the operand."""
    rows = tables.load("term_frequency_fits")
    rows = rows[(rows["model"] == model) & (rows["shots"] == shots) & (rows["operation"] == operation) & (rows["operands"] == operands)]
    status = rows["status"].iloc[0]
    terms = list(term_frequency_regression.FEATURES)
    settings = settings_of("pile_train", model=model, step=STEPS[-1], shots=shots, operation=operation, operands=operands)
    if status != "identified":
        return Panel(
            name="term_frequency.regression",
            title=f"{model} gives {status} with {shots} examples ({operation}) for a regression to say anything",
            figure=style.figure([], intervals.rows(terms, "number", "Change of the log-odds of a right answer", 46, x_range=(-1, 3))),
            data=lambda: (
                rows[["model", "shots", "operation", "operands", "term", "alone", "status"]]
                .rename(columns={"status": "outcome"})
                .assign(status="computed")
            ),
            caption=f"At least {term_frequency_regression.MINIMUM} right and as many wrong answers are asked for, of 50 for each operand. A larger model or other examples will do. {V0}",
            alt=f"No coefficients: {model} gives {status} for a regression.",
            sources=sources_of("pile_train"),
            settings=settings,
            explain=(term_frequency_regression.regression,),
        )
    alone, together = rows[rows["alone"]], rows[~rows["alone"]].set_index("term").loc[terms].reset_index()
    traces = [
        intervals.bars(
            together["coefficient"],
            together["low"],
            together["high"],
            range(len(terms)),
            "all five together",
            style.CRIMSON,
            "diamond",
            shift=0.12,
        ),
        intervals.bars(alone["coefficient"], alone["low"], alone["high"], [0], "count alone", style.SLATE, "circle", shift=-0.12),
    ]
    layout = intervals.rows(terms, "number", "Change of the log-odds of a right answer", 46)
    before, after = alone.iloc[0], together.iloc[0]
    share = after["coefficient"] / before["coefficient"]
    left = f"{share:.0%} of frequency's effect is left" if after["low"] > 0 else "frequency's effect can no longer be told from zero"
    return Panel(
        name="term_frequency.regression",
        title=f"{size_of(model)}: with size and form held fixed {left} (odds x {np.exp(after['coefficient']):.1f} per tenfold count, not x {np.exp(before['coefficient']):.1f})",
        figure=style.figure(traces, layout),
        data=lambda: rows[["model", "shots", "operation", "operands", "term", "alone", "coefficient", "low", "high"]].assign(
            status="computed"
        ),
        caption=(
            f"A logistic regression of the 50 answers per operand on five properties of it. For the count, {significant(after['coefficient'], 3)} ({significant(after['low'], 3)} to {significant(after['high'], 3)}) "
            f"remains of {significant(before['coefficient'], 3)}. Right of the line a property goes with more right answers. Bars are 95% intervals over operands. Last checkpoint, counts of the Pile. {V0}"
        ),
        alt=f"Coefficients of a logistic regression for {model}; the count has {after['coefficient']:.2f} beside four other properties and {before['coefficient']:.2f} alone.",
        sources=sources_of("pile_train"),
        settings=settings,
        explain=(term_frequency_regression.regression, term_frequency_regression.logistic, term_frequency_regression.features),
    )
