"""Figures on term frequency: accuracy against the count of the operand, and what is left with its size held fixed."""

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd

from analysis import tables, term_frequency, term_frequency_regression
from analysis.figures import intervals, style
from analysis.figures.panel import Citation, Panel, table_of
from analysis.units import significant

SIZES = ("Pythia 160M", "Pythia 410M", "Pythia 1B", "Pythia 1.4B", "Pythia 2.8B", "Pythia 6.9B", "Pythia 12B")
COLORS = dict(zip(SIZES, (style.GREY, style.SLATE, style.AMBER, style.CRIMSON, style.RED, style.VIOLET, style.BLUE), strict=True))
STEPS = tuple(range(13_000, 143_001, 26_000))
SHOTS = (0, 2, 4, 8, 16)
DOES = {"multiplication": "multiplies", "addition": "adds"}
MEASURES = {
    "rho": "rank correlation", "partial": "rank correlation at fixed operand size",
    "gap": "gap between most and least frequent", "slope": "accuracy per tenfold count",
}  # fmt: skip
RELEASED = Citation("eleutherai2023", "evals/csv")
PAPER = Citation("biderman2023", "section 3.3")
V0 = "Accuracies are those of the first deduplicated models (v0), which were later retrained."
GROUPS = (("one digit", style.CRIMSON, "diamond"), ("ends in 0 or 5", style.AMBER, "square"), ("other", style.BLUE, "circle"))


def corpora() -> dict[str, str]:
    """Name on charts of each corpus in the tables."""
    return tables.load("number_corpora").set_index("corpus")["label"].to_dict()


def frequencies() -> dict[str, pd.Series]:
    """Counts by number, for each corpus in the tables."""
    return term_frequency.frequencies_of(tables.load("number_frequencies"))


def accuracy_of(model: str, step: int, shots: int, operation: str) -> pd.Series:
    """Accuracy by operand in one run, indexed by operand."""
    rows = tables.load("term_frequency")
    chosen = (rows["model"] == model) & (rows["step"] == step) & (rows["shots"] == shots) & (rows["operation"] == operation)
    return rows[chosen].set_index("operand")["accuracy"]


def stored(corpus: str) -> pd.DataFrame:
    """The stored statistics with the counts of one corpus."""
    rows = tables.load("term_frequency_stats")
    return rows[rows["corpus"] == corpus]


def one_of(statistics: pd.DataFrame, model: str, step: int, shots: int, operation: str) -> pd.Series:
    """The statistics of one run."""
    rows = statistics
    chosen = (rows["model"] == model) & (rows["step"] == step) & (rows["shots"] == shots) & (rows["operation"] == operation)
    return rows[chosen].iloc[0]


def scatter(statistics: pd.DataFrame, counts: pd.Series, corpus: str, model: str, step: int, shots: int, operation: str) -> Panel:
    """Accuracy of each operand against its count, in bins, and its correlation.

    statistics: the stored ones, or those with the reader's counts. counts: indexed by number. corpus: id, or "yours".
    """
    accuracy = accuracy_of(model, step, shots, operation)[counts.index]
    found = one_of(statistics, model, step, shots, operation)
    numbers = counts.index.to_numpy()
    group = np.where(numbers < 10, "one digit", np.where(numbers % 5 == 0, "ends in 0 or 5", "other"))
    bins = term_frequency.binned(counts, accuracy)
    traces = [*style.band(bins["count"], bins["low"], bins["high"], "95% interval of the mean", style.SLATE)]
    traces.append(style.computed_line(bins["count"], bins["accuracy"], "mean of ten operands", style.SLATE))
    for name, color, symbol in GROUPS:
        at = group == name
        traces.append(
            style.reported_markers(counts[at], accuracy[at], name, color, symbol, text=[f"operand {n}" for n in numbers[at]], opacity=0.85)
        )
    layout = style.layout(
        "tokens",
        "percent",
        x_title=f"Occurrences of the operand in {_text(corpus)}",
        y_title="Right answers",
        y_range=(-0.03, 1.03),
        height=460,
    )
    if found["rho"] == found["rho"]:
        better = "better" if found["rho_low"] > 0 else "worse" if found["rho_high"] < 0 else "neither better nor worse"
        title = f"{model} {DOES[operation]} with frequent numbers {better}: rank correlation {found['rho']:.2f} ({_span(found, 'rho')})"
    else:
        title = f"{model} {DOES[operation]} every operand equally, so there is no correlation to compute"
    return Panel(
        name="term_frequency.scatter",
        title=title,
        figure=style.figure(traces, layout),
        data=lambda: table_of([
            {"series": group, "operand": numbers, "count": counts.to_numpy(), "accuracy": accuracy.to_numpy(), "status": "reported", "source": RELEASED.source_id},
            bins.assign(series="mean of bin", status="computed"),
            pd.DataFrame([found[list(term_frequency.STATISTICS)].to_dict()]).assign(series="statistics", status="computed"),
        ]),
        caption=(
            f"One marker per first operand, over 50 questions such as \"What is 24 times 17?\". Accuracy rises by {100 * found['slope']:.1f} points with ten times the count "
            f"({_points(found, 'slope')}); the brackets hold 95% intervals over operands. Frequent numbers are also small or round, so this chart alone shows no cause. {V0}"
        ),
        alt=f"Accuracy of {model} by operand against the operand's count in {_text(corpus)}: {_words(found)}.",
        sources=_sources(corpus),
        settings=_settings(corpus, model=model, step=step, shots=shots, operation=operation),
        explain=(term_frequency.spearman, term_frequency.slope_per_decade, term_frequency.binned, term_frequency.Operands.statistics),
    )  # fmt: skip


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
        f"{MEASURES[measure].capitalize()} after training: {written[smallest]} at {_short(smallest)}, {written[best]} at {_short(best)}"
        if len(ends) > 1
        else "No size answers operands differently enough to compute this"
    )
    return Panel(
        name="term_frequency.course",
        title=f"{title} ({operation}, {shots} examples)",
        figure=style.figure(traces, layout),
        data=lambda: table_of([
            rows[["model", "step", "n_tokens", measure]].rename(columns={measure: "value"}).assign(measure=measure, status="computed"),
            rows[rows["model"] == model][["model", "step", "n_tokens", f"{measure}_low", f"{measure}_high"]].assign(measure=measure, status="uncertain"),
        ]),
        caption=(
            "Checkpoints at 9 % to 100 % of training. A line that is missing or broken belongs to a model that answers all operands alike, mostly wrongly. The paper "
            f"dates the effect to step 65,000 (136 B tokens) and to 2.8B parameters and more. {V0}"
        ),
        alt=f"{MEASURES[measure].capitalize()} against tokens seen for seven sizes: " + (", ".join(f"{_short(size)} ends at {text}" for size, text in written.items()) or "none can be computed") + ".",
        sources=(*_sources(corpus), PAPER),
        settings=_settings(corpus, measure=MEASURES[measure], model=model, shots=shots, operation=operation),
        explain=(term_frequency.Operands.statistics, term_frequency.partial, term_frequency.frequency_gap),
    )  # fmt: skip


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
        sources=(*_sources(corpus), Citation("biderman2023", "Table 4")),
        settings=_settings(corpus, model=model, shots=shots, operation=operation, operands=f"{extremes} each"),
        explain=(term_frequency.frequency_gap,),
    )  # fmt: skip


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
                    [_short(model) for model in SIZES[::-1]], "number", "Rank correlation of accuracy and count", x_range=(-0.5, 1.0)
                ),
            ),
            data=lambda: statistics[statistics["step"] == step][["model", "step", "shots", "operation", "rho", "partial"]].assign(
                status="computed"
            ),
            caption=f"Either every model answers all operands alike, or the counts follow the size of the operand exactly. {V0}",
            alt="No correlation at fixed operand size can be computed for any model size.",
            sources=_sources(corpus),
            settings=_settings(corpus, step=step, shots=shots, operation=operation),
            explain=(term_frequency.partial,),
        )
    at = range(len(rows))
    traces = [
        intervals.bars(rows["rho"], rows["rho_low"], rows["rho_high"], at, "as it is", style.SLATE, "circle", shift=-0.14),
        intervals.bars(rows["partial"], rows["partial_low"], rows["partial_high"], at, "operand size held fixed", style.CRIMSON, "diamond", shift=0.14),
    ]  # fmt: skip
    layout = intervals.rows(
        [_short(model) for model in rows.index], "number", "Rank correlation of accuracy and count", x_range=(-0.5, 1.0)
    )
    with_size = float(term_frequency.spearman(counts, counts.index))
    clear = [model for model, low in rows["partial_low"].items() if low > 0]
    big = rows.iloc[0]
    stays = "and stays above zero" if big["partial_low"] > 0 else "and can no longer be told from zero"
    return Panel(
        name="term_frequency.partial",
        title=f"At fixed operand size the correlation of {_short(rows.index[0])} falls from {big['rho']:.2f} to {big['partial']:.2f} ({_span(big, 'partial')}), {stays}",
        figure=style.figure(traces, layout),
        data=lambda: table_of([
            rows[[name, f"{name}_low", f"{name}_high", "accuracy"]].rename(columns={name: "correlation", f"{name}_low": "low", f"{name}_high": "high"})
            .reset_index().assign(series=series, status="computed")
            for name, series in (("rho", "as it is"), ("partial", "operand size held fixed"))
        ]),
        caption=(
            f"Small numbers are both frequent and easy: the rank correlation of count and operand is {with_size:.2f} in {_text(corpus)}. The second mark asks what frequency tells among "
            f"operands of like size. It stays above zero for {len(clear)} of {len(rows)} sizes. Bars are 95% intervals over operands. Correlation at fixed size is still no proof of cause. {V0}"
        ),
        alt=f"Correlation with frequency by model size, as it is and at fixed operand size; {_short(rows.index[0])} has {big['rho']:.2f} and {big['partial']:.2f}.",
        sources=_sources(corpus),
        settings=_settings(corpus, step=step, shots=shots, operation=operation),
        explain=(term_frequency.partial, term_frequency.spearman, term_frequency.Operands.statistics),
    )  # fmt: skip


def regression(model: str, shots: int, operation: str, operands: str) -> Panel:
    """Coefficients of the logistic regression: frequency alone, and together with the size and form of the operand."""
    rows = tables.load("term_frequency_fits")
    rows = rows[(rows["model"] == model) & (rows["shots"] == shots) & (rows["operation"] == operation) & (rows["operands"] == operands)]
    status = rows["status"].iloc[0]
    terms = list(term_frequency_regression.FEATURES)
    settings = _settings("pile_train", model=model, step=STEPS[-1], shots=shots, operation=operation, operands=operands)
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
            sources=_sources("pile_train"),
            settings=settings,
            explain=(term_frequency_regression.regression,),
        )
    alone, together = rows[rows["alone"]], rows[~rows["alone"]].set_index("term").loc[terms].reset_index()
    traces = [
        intervals.bars(together["coefficient"], together["low"], together["high"], range(len(terms)), "all five together", style.CRIMSON, "diamond", shift=0.12),
        intervals.bars(alone["coefficient"], alone["low"], alone["high"], [0], "count alone", style.SLATE, "circle", shift=-0.12),
    ]  # fmt: skip
    layout = intervals.rows(terms, "number", "Change of the log-odds of a right answer", 46)
    before, after = alone.iloc[0], together.iloc[0]
    share = after["coefficient"] / before["coefficient"]
    left = f"{share:.0%} of frequency's effect is left" if after["low"] > 0 else "frequency's effect can no longer be told from zero"
    return Panel(
        name="term_frequency.regression",
        title=f"{_short(model)}: with size and form held fixed {left} (odds x {np.exp(after['coefficient']):.1f} per tenfold count, not x {np.exp(before['coefficient']):.1f})",
        figure=style.figure(traces, layout),
        data=lambda: rows[["model", "shots", "operation", "operands", "term", "alone", "coefficient", "low", "high"]].assign(status="computed"),
        caption=(
            f"A logistic regression of the 50 answers per operand on five properties of it. For the count, {significant(after['coefficient'], 3)} ({significant(after['low'], 3)} to {significant(after['high'], 3)}) "
            f"remains of {significant(before['coefficient'], 3)}. Right of the line a property goes with more right answers. Bars are 95% intervals over operands. Last checkpoint, counts of the Pile. {V0}"
        ),
        alt=f"Coefficients of a logistic regression for {model}; the count has {after['coefficient']:.2f} beside four other properties and {before['coefficient']:.2f} alone.",
        sources=_sources("pile_train"),
        settings=settings,
        explain=(term_frequency_regression.regression, term_frequency_regression.logistic, term_frequency_regression.features),
    )  # fmt: skip


def paper(statistics: pd.DataFrame, corpus: str) -> Panel:
    """The gaps that the paper prints against those computed with a corpus's counts."""
    rows = term_frequency.against_the_paper(statistics, tables.load("term_frequency_gaps"))
    low, high = -5.0, 90.0
    traces = [style.computed_line([low, high], [low, high], "printed = computed", style.GREY, width=1.2)]
    for size, color in ((size, COLORS[size]) for size in SIZES if size in set(rows["model"])):
        part = rows[rows["model"] == size]
        text = [f"{shots} examples, step {step:,}" for shots, step in zip(part["shots"], part["step"], strict=True)]
        traces.append(
            style.reported_markers(part["gap_points"], part["computed"], _short(size), color, text=text, verified=part["verified"] > 0)
        )
    r = float(term_frequency.correlation(rows["gap_points"], rows["computed"]))
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
            f"Printed: the authors' own counts, of numbers near other numbers in the deduplicated Pile up to each checkpoint, which were never published. Computed: counts of {_text(corpus)}, the same at every "
            f"checkpoint; so the ten most frequent numbers are not always the same ones. {inside} printed gaps lie in the computed 95% interval. Furthest off: {_short(worst['model'])}, {worst['shots']} examples, "
            f"step {worst['step']:,} ({worst['gap_points']:.1f} printed, {worst['computed']:.1f} computed)."
        ),
        alt=f"Computed against printed gaps of four models: correlation {r:.2f}, mean difference {off.mean():.1f} points.",
        sources=(Citation("biderman2023", "Table 4"), *_sources(corpus)),
        settings=_settings(corpus, operation="multiplication"),
        explain=(term_frequency.against_the_paper, term_frequency.frequency_gap),
    )  # fmt: skip


def paper_table(statistics: pd.DataFrame) -> pd.DataFrame:
    """Printed and computed gaps side by side, for reading."""
    rows = term_frequency.against_the_paper(statistics, tables.load("term_frequency_gaps"))
    shown = rows[["model", "shots", "step", "gap_points", "computed", "low", "high", "difference"]].round(1)
    return shown.rename(columns={"shots": "examples", "gap_points": "printed", "low": "interval from", "high": "to"})


def default_panels() -> dict[str, Callable[[], Panel]]:
    """The panels of the term frequency page at its default settings."""
    corpus, model, shots, operation, last = "pile_train", SIZES[-1], 16, "multiplication", STEPS[-1]
    return {
        "term_frequency.scatter": lambda: scatter(stored(corpus), frequencies()[corpus], corpus, model, last, shots, operation),
        "term_frequency.course": lambda: course(stored(corpus), corpus, "rho", model, shots, operation),
        "term_frequency.gap": lambda: gap(frequencies()[corpus], corpus, model, shots, operation, term_frequency.EXTREMES),
        "term_frequency.partial": lambda: partial(stored(corpus), frequencies()[corpus], corpus, last, shots, operation),
        "term_frequency.regression": lambda: regression(model, shots, operation, "0 to 99"),
        "term_frequency.paper": lambda: paper(stored(corpus), corpus),
    }


def _sources(corpus: str) -> tuple[Citation, ...]:
    if corpus == "yours":
        return (RELEASED,)
    row = tables.load("number_corpora").set_index("corpus").loc[corpus]
    return RELEASED, Citation(row["source"], row["text"])


def _settings(corpus: str, **shown) -> Mapping[str, str]:
    words = {"counts": _text(corpus)}
    for key, value in shown.items():
        words[{"shots": "examples"}.get(key, key)] = f"{value:,}" if key == "step" else str(value)
    return words


def _text(corpus: str) -> str:
    label = "your file" if corpus == "yours" else corpora()[corpus]
    return label[0].lower() + label[1:] if label.startswith("The ") else label


def _short(model: str) -> str:
    return model.removeprefix("Pythia ")


def _span(row: Mapping, name: str) -> str:
    return f"{row[f'{name}_low']:.2f} to {row[f'{name}_high']:.2f}"


def _points(row: Mapping, name: str) -> str:
    return f"{100 * row[f'{name}_low']:.1f} to {100 * row[f'{name}_high']:.1f}"


def _words(found: Mapping) -> str:
    return f"rank correlation {found['rho']:.2f}" if found["rho"] == found["rho"] else "all operands are answered alike"
