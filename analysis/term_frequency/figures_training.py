"""Figures on when the effect of frequency appears: a statistic over training by size, and frequent beside rare operands."""

import numpy as np
import pandas as pd

from analysis import tables
from analysis.charts import intervals, style
from analysis.charts.panel import Citation, Panel, table_of
from analysis.pythia.data import size_of
from analysis.term_frequency import association
from analysis.term_frequency.data import SIZES
from analysis.term_frequency.figures_marks import COLORS, PAPER, V0, settings_of, sources_of

MEASURES = {
    "rho": "rank correlation",
    "partial": "rank correlation at fixed operand size",
    "gap": "gap between most and least frequent",
    "slope": "accuracy per tenfold count",
}


def course(statistics: pd.DataFrame, corpus: str, measure: str, model: str, shots: int, operation: str) -> Panel:
    """One statistic against tokens seen, a line for each size; the band is that of the chosen model."""
    rows = statistics[(statistics["shots"] == shots) & (statistics["operation"] == operation)].assign(
        n_tokens=lambda t: t["step"] * 2_097_152.0
    )
    traces, ends = [], {}
    for size in SIZES:
        line = rows[rows["model"] == size].sort_values("step")
        known = line.dropna(subset=[measure])
        if size == model:
            traces = [
                *style.band(known["n_tokens"], known[f"{measure}_low"], known[f"{measure}_high"], f"95% interval, {size}", COLORS[size]),
                *traces,
            ]
        width = 3.5 if size == model else 1.8
        traces.append(style.computed_line(known["n_tokens"], known[measure], size.removeprefix("Pythia "), COLORS[size], width=width))
        if len(line) and line[measure].iloc[-1] == line[measure].iloc[-1]:
            ends[size] = line[measure].iloc[-1]
    percent = measure in ("gap", "slope")
    layout = style.layout(
        "tokens",
        "percent" if percent else "number",
        y_title=MEASURES[measure].capitalize(),
        x_range=(2.2e10, 3.6e11),
        shapes=[style.horizontal_line(0)],
    )
    layout["xaxis"] |= {"tickvals": [3e10, 1e11, 3e11], "ticktext": ["30 B", "100 B", "300 B"]}
    written = {size: f"{100 * value:.0f} points" if percent else f"{value:.2f}" for size, value in ends.items()}
    best = max(ends, key=ends.__getitem__) if ends else ""
    smallest = next(iter(ends), "")
    title = (
        f"{MEASURES[measure].capitalize()} after training: {written[smallest]} at {size_of(smallest)}, {written[best]} at {size_of(best)}"
        if len(ends) > 1
        else "No size answers operands differently enough to compute this"
    )
    return Panel(
        name="term_frequency.course",
        title=f"{title} ({operation}, {shots} examples)",
        figure=style.figure(traces, layout),
        data=lambda: table_of(
            [
                rows[["model", "step", "n_tokens", measure]].rename(columns={measure: "value"}).assign(measure=measure, status="computed"),
                rows[rows["model"] == model][["model", "step", "n_tokens", f"{measure}_low", f"{measure}_high"]].assign(
                    measure=measure, status="uncertain"
                ),
            ]
        ),
        caption=(
            "Checkpoints at 9% to 100% of training. A line that is missing or broken belongs to a model that answers all operands alike, mostly wrongly. The paper "
            f"dates the effect to step 65,000 (136 B tokens) and to 2.8B parameters and more. {V0}"
        ),
        alt=f"{MEASURES[measure].capitalize()} against tokens seen for seven sizes: "
        + (", ".join(f"{size_of(size)} ends at {text}" for size, text in written.items()) or "none can be computed")
        + ".",
        sources=(*sources_of(corpus), PAPER),
        settings=settings_of(corpus, measure=MEASURES[measure], model=model, shots=shots, operation=operation),
        explain=(association.Operands.statistics, association.partial, association.frequency_gap),
    )


def gap(counts: pd.Series, corpus: str, model: str, shots: int, operation: str, extremes: int) -> Panel:
    """Accuracy for the most and for the least frequent operands over training, and for the others."""
    order = counts.sort_values(ascending=False, kind="stable").index
    groups = {
        f"{extremes} most frequent": (order[:extremes], style.BLUE),
        "others": (order[extremes:-extremes], style.GREY),
        f"{extremes} least frequent": (order[-extremes:], style.CRIMSON),
    }
    table = tables.load("term_frequency")
    rows = table[(table["model"] == model) & (table["shots"] == shots) & (table["operation"] == operation)]
    wide = rows.pivot(index="step", columns="operand", values="accuracy")
    tokens = wide.index.to_numpy() * 2_097_152.0
    bands, lines, parts, last = [], [], [], {}
    for name, (members, color) in groups.items():
        if not len(members):
            continue
        part = wide[list(members)]
        mean, error = part.mean(axis=1), 1.96 * part.std(axis=1, ddof=1) / np.sqrt(len(members))
        low, high = (mean - error).clip(lower=0), (mean + error).clip(upper=1)
        if name != "others":
            bands += intervals.quiet_band(tokens, low, high, f"95% interval, {name}", color)
        lines.append(style.computed_line(tokens, mean, name, color, width=1.5 if name == "others" else 2.5))
        parts.append(
            {
                "series": name,
                "n_tokens": tokens,
                "accuracy": mean.to_numpy(),
                "low": low.to_numpy(),
                "high": high.to_numpy(),
                "status": "computed",
            }
        )
        last[name] = float(mean.iloc[-1])
    layout = style.layout("tokens", "percent", y_title="Right answers", y_range=(-0.02, 1.02), x_range=(2.2e10, 3.6e11))
    layout["xaxis"] |= {"tickvals": [3e10, 1e11, 3e11], "ticktext": ["30 B", "100 B", "300 B"]}
    most, least = last[f"{extremes} most frequent"], last[f"{extremes} least frequent"]
    return Panel(
        name="term_frequency.gap",
        title=f"{model} is right in {most:.0%} of questions on the {extremes} most frequent operands and {least:.0%} on the {extremes} least frequent",
        figure=style.figure([*bands, *lines], layout),
        data=lambda: table_of(parts),
        caption=(
            f"{operation.capitalize()} with {shots} examples. The difference between the two outer lines with ten operands each is what the paper's Table 4 prints. "
            f"Most frequent: {', '.join(map(str, sorted(order[:extremes])))}. Bands are 95% intervals of the mean over operands. {V0}"
        ),
        alt=f"Accuracy of {model} over training for frequent and rare operands, ending at {most:.0%} and {least:.0%}.",
        sources=(*sources_of(corpus), Citation("biderman2023", "Table 4")),
        settings=settings_of(corpus, model=model, shots=shots, operation=operation, operands=f"{extremes} each"),
        explain=(association.frequency_gap,),
    )
