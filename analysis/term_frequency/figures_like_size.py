"""Figures on what is left of frequency with the operand's size held fixed: partial correlation and logistic regression."""

import numpy as np
import pandas as pd

from analysis import tables
from analysis.charts import intervals, marks, style
from analysis.charts.figure import Figure
from analysis.charts.panel import Headline, Panel
from analysis.charts.parameters import Choice, Given
from analysis.pythia.data import size_of
from analysis.statistics import spearman
from analysis.term_frequency import regression as term_frequency_regression
from analysis.term_frequency.data import SIZES, text_of
from analysis.term_frequency.figures_marks import (
    CHECKPOINT_STEP,
    MODELS,
    N_SHOTS,
    NUMBER_COUNTS,
    OPERATION,
    PYTHIA_MODEL,
    V0,
    sources_of,
)
from analysis.units import significant

KINDS = (
    ("rho", "Spearman rho", style.SLATE, "circle", -0.14),
    ("partial", "partial rho (controlling for size)", style.CRIMSON, "diamond", 0.14),
)
RANGES = {"all": "0 to 99", "two-digit": "10 to 99"}
LOG_ODDS = "Log-odds coefficient (accuracy)"


class Partial(Figure):
    """For each size the rank correlation with frequency, as it is and with the operand's size held fixed."""

    name = "term_frequency.partial"
    number_counts: Given = NUMBER_COUNTS("pile_train")
    n_shots: int = N_SHOTS(16)
    operation: str = OPERATION("multiplication")
    checkpoint_step: int = CHECKPOINT_STEP(143_000)

    def draw(self) -> Panel:
        """The panel at these parameters."""
        held, step, shots, operation = self.number_counts.value, self.checkpoint_step, self.n_shots, self.operation
        counts, corpus, statistics = held.counts, held.corpus, held.statistics
        runs = statistics[(statistics["step"] == step) & (statistics["shots"] == shots) & (statistics["operation"] == operation)]
        runs = runs.set_index("model").reindex(SIZES[::-1])
        rows = runs.dropna(subset=["rho", "partial", "rho_low", "partial_low"])
        names = [size_of(model) for model in (runs if rows.empty else rows).index]
        layout = intervals.rows(names, "number", "Rank correlation of accuracy and count", x_range=(-0.5, 1.0))
        if rows.empty:
            none = Headline("sizes that can be compared", 0, "", "0")
            left = runs.reset_index()[["model", "step", "shots", "operation", "rho", "partial", "accuracy"]]
            return Panel(
                title=f"{shots}-shot at step {step:,}, {none} of {len(runs)} sizes have a partial correlation ({operation})",
                headline=(none,),
                figure=style.figure([], layout),
                parts=[left.assign(series="no partial correlation", status="computed")],
                caption=f"Either every model has the same accuracy on all operands, or the counts follow the size of the operand exactly. {V0}",
                alt="No partial correlation can be computed for any model size.",
                sources=sources_of(corpus),
            )
        parts, traces = [], []
        for name, series, color, symbol, shift in KINDS:
            part = {
                "series": series, "model": list(rows.index), "correlation": rows[name].to_numpy(),
                "correlation_low": rows[f"{name}_low"].to_numpy(), "correlation_high": rows[f"{name}_high"].to_numpy(),
                "accuracy": rows["accuracy"].to_numpy(), "row": np.arange(len(rows)) + shift, "status": "computed",
            }  # fmt: skip
            parts.append(part)
            traces.append(marks.estimates(part, "correlation", "correlation_low", "correlation_high", color, symbol=symbol))
        with_size = float(spearman(counts, counts.index))
        clear = [model for model, low in rows["partial_low"].items() if low > 0]
        big = rows.iloc[0]
        as_it_is, fixed, low, high = (
            Headline(name, float(big[column]), "", f"{big[column]:.2f}", stands)
            for name, column, stands in (
                ("rank correlation", "rho", "correlation"),
                ("partial correlation", "partial", "correlation"),
                ("its low end", "partial_low", "correlation_low"),
                ("its high end", "partial_high", "correlation_high"),
            )
        )
        falls = "falls" if big["partial"] <= big["rho"] else "rises"
        stays = "significant" if big["partial_low"] > 0 else "not significant" if falls == "rises" else "no longer significant"
        return Panel(
            title=f"Controlling for size, {size_of(rows.index[0])}'s correlation {falls} from {as_it_is} to {fixed} ({low} to {high}), {stays}",
            headline=(as_it_is, fixed, low, high),
            figure=style.figure(traces, layout),
            parts=parts,
            caption=(
                f"Markers are Spearman's rho of accuracy and count, and the partial rho that controls for the size of the operand. Small numbers are both frequent and easy: the rho of count and operand is {with_size:.2f} in {text_of(corpus)}. "
                f"The partial rho is significantly above zero for {len(clear)} of {len(rows)} sizes. Bars are 95% intervals over operands. A partial correlation is still no proof of cause. {V0}"
            ),
            alt=f"Correlation with frequency by model size, plain and controlling for operand size; {size_of(rows.index[0])} has {as_it_is} and {fixed}.",
            sources=sources_of(corpus),
        )


class Regression(Figure):
    """Coefficients of the logistic regression: frequency alone, and together with the size and form of the operand."""

    name = "term_frequency.regression"
    pythia_model: str = PYTHIA_MODEL("12b")
    n_shots: int = N_SHOTS(16)
    operation: str = OPERATION("multiplication")
    operand_range: str = Choice("Operands", options=RANGES | {"two-digit": "10 to 99 (two digits)"})("all")

    def draw(self) -> Panel:
        """The panel at these parameters."""
        model, shots, operation = MODELS[self.pythia_model], self.n_shots, self.operation
        rows = tables.load("term_frequency_fits")
        rows = rows[(rows["model"] == model) & (rows["shots"] == shots) & (rows["operation"] == operation)]
        rows = rows[rows["operands"] == RANGES[self.operand_range]]
        terms = list(term_frequency_regression.FEATURES)
        outcome = rows["status"].iloc[0]
        about = rows.drop(columns=["status"])[["model", "shots", "operation", "operands", "term", "alone", "coefficient", "low", "high"]]
        about = about.rename(columns={"low": "coefficient_low", "high": "coefficient_high"}).assign(outcome=outcome, status="computed")
        if outcome != "identified":
            examples = Headline("examples in the prompt", shots, "", str(shots))
            return Panel(
                title=f"{model} gives {outcome} with {examples} examples for a regression ({operation})",
                headline=(examples,),
                figure=style.figure([], intervals.rows(terms, "number", LOG_ODDS, 46, x_range=(-1, 3))),
                parts=[about.assign(series="no regression")],
                caption=f"The fit needs at least {term_frequency_regression.MINIMUM} right and as many wrong answers, of 50 per operand. Choose a larger model or another number of examples. {V0}",
                alt=f"No coefficients: {model} gives {outcome} for a regression.",
                sources=sources_of("pile_train"),
            )
        alone = about[about["alone"]].assign(series="univariable (count)", row=-0.12)
        together = about[~about["alone"]].set_index("term").loc[terms].reset_index()
        together = together.assign(series="multivariable", row=np.arange(len(terms)) + 0.12)
        drawn = ("coefficient", "coefficient_low", "coefficient_high")
        traces = [marks.estimates(together, *drawn, style.CRIMSON, symbol="diamond"), marks.estimates(alone, *drawn, style.SLATE)]
        before, after = alone.iloc[0], together.iloc[0]
        odds = [
            Headline(f"odds ratio per tenfold count, {which}", float(np.exp(row["coefficient"])), "", _odds(row))
            for which, row in (("multivariable", after), ("univariable", before))
        ]
        headline, left = odds, "frequency is no longer significant"
        if after["coefficient_low"] > 0:
            share = after["coefficient"] / before["coefficient"]
            headline = [Headline("share of frequency's effect that is left", float(share), "share", f"{share:.0%}"), *odds]
            left = f"{headline[0]} of frequency's effect remains"
        return Panel(
            title=f"{size_of(model)}: controlling for size and form, {left} (odds ratio {odds[0]}, not {odds[1]})",
            headline=tuple(headline),
            figure=style.figure(traces, intervals.rows(terms, "number", LOG_ODDS, 46)),
            parts=[together, alone],
            caption=(
                f"Markers are coefficients of a logistic regression of the 50 answers per operand on five properties; right of zero a property goes with higher accuracy. The odds ratios are per tenfold count. For the count, {significant(after['coefficient'], 3)} ({significant(after['coefficient_low'], 3)} to {significant(after['coefficient_high'], 3)}) "
                f"remains of {significant(before['coefficient'], 3)}. Bars are 95% intervals over operands. Last checkpoint, counts of the Pile. {V0}"
            ),
            alt=f"Coefficients of a logistic regression for {model}; the count has {after['coefficient']:.2f} with four other properties and {before['coefficient']:.2f} alone.",
            sources=sources_of("pile_train"),
        )


def _odds(row: pd.Series) -> str:
    odds = np.exp(row["coefficient"])
    return f"{odds:.1f}" if odds >= 1 else f"{odds:.2f}"
