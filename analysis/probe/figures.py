"""Figures on runs of the probe: accuracy by term against its frequency, by operand, and in all, beside published Pythia."""

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from analysis.charts import intervals, style
from analysis.charts.panel import Citation, Panel, table_of
from analysis.probe import results
from analysis.probe.data import counts, published, published_bins
from analysis.probe.results import Found
from analysis.term_frequency import association
from analysis.term_frequency.data import SIZES, STEPS
from analysis.term_frequency.figures_marks import PAPER, RELEASED

V0 = "Published accuracies are those of the first deduplicated models (v0), which were later retrained."
COLORS = (style.BLUE, style.CRIMSON, style.AMBER, style.VIOLET, style.RED, style.SLATE)
"""Of runs, in the order in which they are shown."""
MOST = len(COLORS)
"""Runs in one chart."""
SPREAD = 20
"""From so many terms on, terms are put into bins, whose interval is over terms; below, each term stands alone with Wilson's."""
ASKED_IN_ORDER = "Questions are answered in the order of their length, so the part that is there is not a fair sample of the whole."
GROUPS = 30


def points(found: Found, n_bins: int) -> pd.DataFrame:
    """What is drawn of a run: count, accuracy, low, high, n, from rare to frequent; terms of unknown frequency are left out."""
    known = found.groups[found.groups["frequency"] > 0].sort_values("frequency")
    if len(known) >= SPREAD:
        return association.binned(known["frequency"], known["score"], min(n_bins, len(known) // 2))
    return known.rename(columns={"frequency": "count", "score": "accuracy"})[["count", "accuracy", "low", "high", "n"]]


def curve(runs: Sequence[Found], model: str, step: int, shots: int, operation: str, n_bins: int) -> Panel:
    """Accuracy by term against its frequency, a line for each run, beside a published Pythia.

    Runs without a term of known frequency are left out. n_bins: bins into which many terms are put.
    """
    accuracy, count = published(model, step, shots, operation), counts()
    bins = published_bins(model, step, shots, operation, n_bins)
    name = f"{model}, published"
    bands, traces, parts, ends, lowest = [], [], [], [], float(count.min())
    highest = float(count.max())
    traces.append(
        style.reported_markers(count, accuracy, f"{name}, by operand", style.GREY, text=[f"operand {n}" for n in count.index], opacity=0.45)
    )
    parts.append(
        {
            "series": name,
            "term": count.index,
            "count": count.to_numpy(),
            "accuracy": accuracy.to_numpy(),
            "status": "reported",
            "source": RELEASED.source_id,
        }
    )
    traces.append(style.computed_line(bins["count"], bins["accuracy"], f"{name}, mean of bins", style.GREY, width=2))
    parts.append(bins.assign(series=f"{name}, mean of bins", status="computed").to_dict("list"))
    shown = [run for run in runs[:MOST] if (run.groups["frequency"] > 0).any()]
    for run, color in zip(shown, COLORS, strict=False):
        drawn = points(run, n_bins)
        lowest, highest = min(lowest, float(drawn["count"].min())), max(highest, float(drawn["count"].max()))
        label = f"{run.name}, so far" if run.partial else run.name
        bands += intervals.quiet_band(drawn["count"], drawn["low"], drawn["high"], f"95% interval, {label}", color)
        traces.append(
            style.computed_line(drawn["count"], drawn["accuracy"], label, color, width=3)
            | {"mode": "lines+markers", "marker": {"color": color, "size": 6}}
        )
        parts.append(drawn.assign(series=label, status="computed").to_dict("list"))
        ends.append((run, float(drawn["accuracy"].iloc[0]), float(drawn["accuracy"].iloc[-1])))
    layout = style.layout(
        "log_number",
        "percent",
        x_title="Occurrences of the term in training",
        y_title="Right answers",
        y_range=(-0.03, 1.03),
        x_range=(lowest / 2, highest * 2),
        height=470,
    )
    layout["xaxis"]["exponentformat"] = "B"
    first, last = float(bins["accuracy"].iloc[0]), float(bins["accuracy"].iloc[-1])
    theirs = f"{model}: {first:.0%} to {last:.0%}"
    if ends:
        run, rare, frequent = ends[0]
        so_far = " so far" if run.partial else ""
        title = f"From rare to frequent terms, {_short(run.name)} goes from {rare:.0%} to {frequent:.0%}{so_far} ({theirs})"
        alt = f"Accuracy against frequency of the term: {_short(run.name)} goes from {rare:.0%} to {frequent:.0%}{so_far}, {theirs}."
    else:
        title = f"{model} answers {first:.0%} of questions on the rarest operands and {last:.0%} on the most frequent ({operation})"
        alt = f"Accuracy of {model} against the count of the operand in the Pile rises from {first:.0%} to {last:.0%}; no run is shown."
    return Panel(
        name="probe.curve",
        title=title,
        figure=style.figure([*bands, *traces], layout),
        data=lambda: table_of(parts),
        caption=(
            f"Lines are means of {n_bins} bins of terms from rare to frequent, bands 95% intervals over the terms of a bin (Wilson's for single terms where there are fewer than {SPREAD}). "
            f"Each model stands at the counts of its whole training data, also at an early checkpoint, so shapes compare and positions do not. {_partial(shown)}{V0}"
        ),
        alt=alt,
        sources=(RELEASED, PAPER, Citation("osmarks2024", "counts of numbers in the Pile")),
        settings=_settings(shown, model, step, shots, operation) | {"bins": str(n_bins)},
        explain=(association.binned, results.summary),
    )


def operands(runs: Sequence[Found], model: str, step: int, shots: int, operation: str, window: int) -> Panel:
    """Accuracy against the operand itself, as a running mean over so many operands, beside a published Pythia.

    Runs whose terms are not whole numbers are left out.
    """
    accuracy = published(model, step, shots, operation)
    numbers = accuracy.index.to_numpy()
    name = f"{model}, published"
    bands, traces = [], []
    traces.append(
        style.reported_markers(numbers, accuracy, f"{name}, by operand", style.GREY, text=[f"operand {n}" for n in numbers], opacity=0.45)
    )
    parts: list = [
        {"series": name, "operand": numbers, "accuracy": accuracy.to_numpy(), "status": "reported", "source": RELEASED.source_id}
    ]
    theirs = running_mean(accuracy.to_numpy(), window)
    traces.append(style.computed_line(numbers, theirs, f"{name}, mean of {window}", style.GREY, width=2))
    parts.append({"series": f"{name}, mean of {window}", "operand": numbers, "accuracy": theirs, "status": "computed"})
    shown, falls = [], []
    for run in runs:
        of = run.groups[run.groups["group"].str.fullmatch(r"\d{1,6}")]
        if of.empty or len(shown) == MOST:
            continue
        of = of.assign(operand=of["group"].astype(int)).sort_values("operand")
        color, label = COLORS[len(shown)], f"{run.name}, so far" if run.partial else run.name
        mean = running_mean(of["score"].to_numpy(), window)
        if window == 1:
            bands += intervals.quiet_band(of["operand"], of["low"], of["high"], f"95% interval, {label}", color)
        traces.append(style.computed_line(of["operand"], mean, label, color, width=3))
        parts.append(
            {"series": label, "operand": of["operand"].to_numpy(), "accuracy": mean, "n": of["n"].to_numpy(), "status": "computed"}
        )
        shown.append(run)
        if len(of) >= 40:
            falls.append((run, float(of["score"].iloc[:20].mean()), float(of["score"].iloc[-20:].mean())))
    layout = style.layout("number", "percent", x_title="First operand", y_title="Right answers", y_range=(-0.03, 1.03), height=440)
    small, large = float(accuracy.iloc[:20].mean()), float(accuracy.iloc[-20:].mean())
    if falls:
        run, ours_small, ours_large = falls[0]
        so_far = " so far" if run.partial else ""
        title = f"Operands 0 to 19 against 80 to 99: {_named(run.name)} {ours_small:.0%} and {ours_large:.0%}{so_far}; {model}, {operation}, {small:.0%} and {large:.0%}"
    else:
        title = f"{model} answers {small:.0%} of questions on operands 0 to 19 and {large:.0%} on operands 80 to 99 ({operation})"
    return Panel(
        name="probe.operands",
        title=title,
        figure=style.figure([*bands, *traces], layout),
        data=lambda: table_of(parts),
        caption=(
            f"Running means over {window} operand{'s' * (window > 1)}; at 1 the bands are Wilson's 95% intervals. In the Pile small and round numbers are frequent, so Pythia's curve mixes size and frequency; "
            f"in the bundled model's training text the two are unrelated. {_partial(shown)}{V0}"
        ),
        alt=f"Accuracy against the first operand: {title}.",
        sources=(RELEASED, PAPER),
        settings=_settings(shown, model, step, shots, operation) | {"window": str(window)},
        explain=(running_mean, results.summary),
    )


def overall(runs: Sequence[Found], step: int, shots: int, operation: str) -> Panel:
    """Share of right answers of each run, with its interval, above the published sizes of Pythia at one checkpoint."""
    rows, labels = [], []
    for run in runs[:MOST]:
        if run.whole["n"]:
            labels.append(f"{run.name}, so far" if run.partial else run.name)
            rows.append({**run.whole, "status": "computed"})
    n_runs = len(rows)
    for size in SIZES[::-1]:
        accuracy = published(size, step, shots, operation)
        error = 1.96 * float(accuracy.std(ddof=1)) / np.sqrt(len(accuracy))
        score = float(accuracy.mean())
        labels.append(size)
        rows.append(
            {
                "n": 50 * len(accuracy),
                "score": score,
                "low": max(score - error, 0.0),
                "high": min(score + error, 1.0),
                "status": "computed",
                "source": RELEASED.source_id,
            }
        )
    frame = pd.DataFrame(rows)
    traces = []
    if n_runs:
        mine = frame.iloc[:n_runs]
        traces.append(
            intervals.bars(mine["score"], mine["low"], mine["high"], range(n_runs), "runs here", style.BLUE, "diamond", labels[:n_runs])
        )
    theirs = frame.iloc[n_runs:]
    traces.append(
        intervals.bars(
            theirs["score"],
            theirs["low"],
            theirs["high"],
            range(n_runs, len(frame)),
            "mean of published accuracies",
            style.GREY,
            text=labels[n_runs:],
        )
    )
    layout = intervals.rows(labels, "percent", "Right answers", row_height=40, x_range=(-0.02, 1.02), zero=None)
    layout["yaxis"]["ticktext"] = [_two_lines(label) for label in labels]
    best = theirs["score"].idxmax()
    if n_runs:
        top = int(frame.iloc[:n_runs]["score"].idxmax())
        one = frame.loc[top]
        so_far = " so far" if labels[top].endswith(", so far") else ""
        title = f"{_named(labels[top])}: {one['score']:.1%} of {one['n']:,.0f} questions{so_far}; {labels[best]}, {operation}, {shots}-shot: {frame.loc[best, 'score']:.1%}"
    else:
        title = f"At step {step:,} {labels[best]} answers most, {frame.loc[best, 'score']:.1%} of 5,000 questions ({operation}, {shots} examples)"
    return Panel(
        name="probe.overall",
        title=title,
        figure=style.figure(traces, layout),
        data=lambda: frame.assign(series=labels),
        caption=(
            f"Diamonds are runs made here, circles the published models at step {step:,} with {shots} examples. Bars are 95% intervals over terms, Wilson's where a run has fewer than {SPREAD}. "
            f"Models compare where they were asked the same questions with as many examples. {_partial(runs)}{V0}"
        ),
        alt=f"Share of right answers by model: {title}.",
        sources=(RELEASED, PAPER),
        settings=_settings(runs[:MOST], "", step, shots, operation),
        explain=(results.overall, results.summary),
    )


def groups(run: Found) -> Panel:
    """Score of each group of questions of one run, with Wilson's interval: for probes without frequencies. At most GROUPS, the largest.

    Raises ValueError for a run without a row.
    """
    if run.groups.empty:
        raise ValueError(f"run: {run.id} has no row yet")
    rows = run.groups.sort_values("n", ascending=False, kind="stable").head(GROUPS).sort_values("score", ascending=False, kind="stable")
    labels = [group or "all questions" for group in rows["group"]]
    traces = [intervals.bars(rows["score"], rows["low"], rows["high"], range(len(rows)), "score", style.BLUE, text=labels)]
    layout = intervals.rows([_cut(label, 34) for label in labels], "percent", "Score", x_range=(-0.02, 1.02), zero=None, showlegend=False)
    whole, so_far = run.whole, " so far" if run.partial else ""
    title = (
        f"{_short(run.name)} scores {whole['score']:.1%} on {whole['n']:,} questions{so_far} ({whole['low']:.1%} to {whole['high']:.1%})"
    )
    hidden = len(run.groups) - len(rows)
    return Panel(
        name="probe.groups",
        title=title,
        figure=style.figure(traces, layout),
        data=lambda: run.groups.assign(status="computed"),
        caption=f"One row for each group of questions, with Wilson's 95% interval. {f'{hidden} smaller groups are in the export only. ' if hidden else ''}{_partial([run])}",
        alt=f"Score by group of questions: {title}.",
        settings={key: value for key, value in run.facts.items() if key != "versions"},
        explain=(results.summary, results.overall),
    )


def running_mean(values: np.ndarray, window: int) -> np.ndarray:
    """Mean over a window of neighbours around each value; fewer at both ends. nan where there is none.

    >>> running_mean(np.array([0.0, 3.0, 6.0]), 3).tolist()
    [1.5, 3.0, 4.5]
    """
    known = ~np.isnan(values)
    kernel = np.ones(2 * (window // 2) + 1)
    middle = slice(len(kernel) // 2, len(kernel) // 2 + len(values))
    total = np.convolve(np.where(known, values, 0.0), kernel)[middle]
    n = np.convolve(known.astype(float), kernel)[middle]
    return np.where(n > 0, total / np.maximum(n, 1), np.nan)


def default_panels() -> dict[str, Callable[[], Panel]]:
    """The panels as they are before anything was run."""
    last = STEPS[-1]
    return {
        "probe.curve": lambda: curve((), SIZES[-1], last, 4, "multiplication", 10),
        "probe.operands": lambda: operands((), SIZES[-1], last, 4, "multiplication", 5),
        "probe.overall": lambda: overall((), last, 4, "multiplication"),
    }


def _partial(runs: Sequence[Found]) -> str:
    unfinished = [run for run in runs if run.partial]
    return f"{'; '.join(f'{_short(run.name)}: {run.state}' for run in unfinished)}. {ASKED_IN_ORDER} " if unfinished else ""


def _short(name: str) -> str:
    """A run's name without what was asked and its number."""
    return _cut(name.split(",")[0], 40)


def _named(name: str) -> str:
    """A run's name without its number."""
    return _cut(name.removesuffix(", so far").rsplit(" (", 1)[0], 55)


def _two_lines(label: str) -> str:
    """A row's label, what was asked below the model's name."""
    model, comma, asked = label.partition(", ")
    return style.escape(_cut(model, 30)) + (f"<br>{style.escape(_cut(asked, 34))}" if comma else "")


def _cut(text: str, most: int) -> str:
    """A text with at most so many characters."""
    return text if len(text) <= most else text[: most - 1] + "…"


def _settings(runs: Sequence[Found], model: str, step: int, shots: int, operation: str) -> dict[str, str]:
    asked = {"published": model} if model else {}
    return (
        asked
        | {"step": f"{step:,}", "examples": str(shots), "operation": operation}
        | {
            f"run {run.id}": f"{run.name}, {run.state}, device {run.facts.get('device', '?')}, dtype {run.facts.get('dtype', '?')}, seed {run.facts.get('seed', '?')}"
            for run in runs
        }
    )
