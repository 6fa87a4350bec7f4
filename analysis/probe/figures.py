"""Figures on runs of the probe: accuracy by term against its frequency, by operand, and in all, beside published Pythia."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from analysis.charts import intervals, marks, style
from analysis.charts.figure import Figure
from analysis.charts.marks import Part
from analysis.charts.panel import Citation, Headline, Panel
from analysis.charts.parameters import Choice, Data, Given, Quantity
from analysis.probe.data import counts, published, published_bins
from analysis.probe.results import Found
from analysis.term_frequency import association
from analysis.term_frequency.data import SIZES, STEPS
from analysis.term_frequency.figures_marks import CHECKPOINT_STEP, MODELS, N_SHOTS, OPERATION, PAPER, PYTHIA_MODEL, RELEASED
from analysis.units import counted

V0 = "Published accuracies are those of the first deduplicated models (v0), which were later retrained."
COLORS = (style.BLUE, style.CRIMSON, style.ORCHID, style.VIOLET, style.RED, style.SLATE)
"""Of runs, in the order in which they are shown."""
MOST = len(COLORS)
"""Runs in one chart."""
SPREAD = 20
"""From so many terms on, terms are put into bins, whose interval is over terms; below, each term stands alone with Wilson's."""
ASKED_IN_ORDER = "Questions are answered in order of length, so an unfinished run is not a fair sample of all."
GROUPS = 30


def points(found: Found, n_bins: int) -> pd.DataFrame:
    """What is drawn of a run: count, accuracy, low, high, n, from rare to frequent; terms of unknown frequency are left out."""
    known = found.groups[found.groups["frequency"] > 0].sort_values("frequency")
    if len(known) >= SPREAD:
        return association.binned(known["frequency"], known["score"], min(n_bins, len(known) // 2))
    return known.rename(columns={"frequency": "count", "score": "accuracy"})[["count", "accuracy", "low", "high", "n"]]


RUNS = Data("Probe runs", published={"none": ("none", tuple)}, own="runs made here")


class Asked(Figure):
    """What runs stand beside: published answers of Pythia at one checkpoint."""

    probe_runs: Given = RUNS("none")
    operation: str = OPERATION("multiplication")
    n_shots: int = N_SHOTS(4)
    checkpoint_step: int = CHECKPOINT_STEP(STEPS[-1])

    def found(self) -> Sequence[Found]:
        """The runs that are drawn."""
        return self.probe_runs.value[:MOST]

    def color_of_published(self) -> str:
        """The colour of the published models: grey beside runs, Pythia's own where the figure is about them."""
        return style.GREY if self.found() else style.family_style("Pythia")[0]


class Curve(Asked):
    """Accuracy by term against its frequency, a line for each run, beside a published Pythia."""

    name = "probe.curve"
    pythia_model: str = PYTHIA_MODEL("12b")
    n_bins: int = Quantity("Frequency bins", low=3, high=25, step=1, whole=True)(10)

    def draw(self) -> Panel:
        """The panel at these parameters; runs without a term of known frequency are left out."""
        model = MODELS[self.pythia_model]
        asked = (model, self.checkpoint_step, self.n_shots, self.operation)
        accuracy, count, bins = published(*asked), counts(), published_bins(*asked, self.n_bins)
        name, theirs_in = f"{model}, published", self.color_of_published()
        dots: Part = {
            "series": f"{name}, by operand",
            "term": count.index,
            "count": count,
            "accuracy": accuracy,
            "source": RELEASED.source_id,
            "location": RELEASED.location,
            "status": "reported",
        }
        mean: Part = {"series": f"{name}, binned mean", **bins, "status": "computed"}
        shown: dict[str, Any] = {"x": "count", "y": "accuracy"}
        traces = [
            marks.points(dots, color=theirs_in, text=[f"operand {n}" for n in count.index], opacity=0.45, **shown),
            marks.line(mean, color=theirs_in, width=2, **shown),
        ]
        parts, bands, ends = [dots, mean], [], []
        drawn_runs = [run for run in self.found() if (run.groups["frequency"] > 0).any()]
        lowest, highest = float(count.min()), float(count.max())
        for run, color in zip(drawn_runs, COLORS, strict=False):
            drawn = points(run, self.n_bins)
            lowest, highest = min(lowest, float(drawn["count"].min())), max(highest, float(drawn["count"].max()))
            own: Part = {"series": f"{run.name}, so far" if run.partial else run.name, **drawn, "status": "computed"}
            between: Part = {**own, "series": f"95% interval, {own['series']}", "status": "uncertain"}
            parts += [own, between]
            bands += marks.band(between, "count", "low", "high", color, quiet=True)
            line = marks.line(own, color=color, width=3, **shown)
            traces.append(line | {"mode": "lines+markers", "marker": {"color": color, "size": 6}})
            ends.append((run, float(drawn["accuracy"].iloc[0]), float(drawn["accuracy"].iloc[-1])))
        layout = style.layout(
            "log_number",
            "percent",
            x_title="Training occurrences of the term",
            y_title="Accuracy",
            y_range=(-0.03, 1.03),
            x_range=(lowest / 2, highest * 2),
            height=470,
        )
        layout["xaxis"]["exponentformat"] = "B"
        first, last = _shares(model, "accuracy", float(bins["accuracy"].iloc[0]), float(bins["accuracy"].iloc[-1]))
        theirs = f"{model}: {first} to {last}"
        headline: tuple[Headline, ...] = (first, last)
        if ends:
            run = ends[0][0]
            rare, frequent = _shares(_short(run.name), "accuracy", *ends[0][1:])
            so_far, headline = " so far" if run.partial else "", (rare, frequent, first, last)
            title = f"From rare to frequent terms, {_short(run.name)} goes from {rare} to {frequent}{so_far} ({theirs})"
            alt = f"Accuracy against frequency of the term: {_short(run.name)} goes from {rare} to {frequent}{so_far}, {theirs}."
        else:
            title = f"{model}: {first} accuracy on the rarest operands, {last} on the most frequent ({self.operation})"
            alt = f"Accuracy of {model} against the count of the operand in the Pile, from {first} to {last}; no run is shown."
        return Panel(
            title=title,
            headline=headline,
            figure=style.figure([*bands, *traces], layout),
            parts=parts,
            caption=(
                f"Lines are the accuracy against how often a term occurs in training, as means of {self.n_bins} frequency bins with 95% intervals over the terms of a bin (Wilson's for single terms where there are fewer than {SPREAD}). "
                f"Counts are those of a model's whole training data, also at an early checkpoint, so compare shapes and not positions. {_partial(drawn_runs)}{V0}"
            ),
            alt=alt,
            sources=(RELEASED, PAPER, Citation("osmarks2024", "counts of numbers in the Pile")),
        )


class Operands(Asked):
    """Accuracy against the operand itself, as a running mean over so many operands, beside a published Pythia."""

    name = "probe.operands"
    pythia_model: str = PYTHIA_MODEL("12b")
    mean_of: int = Choice("Moving-average window", options={number: str(number) for number in range(1, 26, 2)}, ordered=True)(5)

    def draw(self) -> Panel:
        """The panel at these parameters; runs whose terms are not whole numbers are left out."""
        model, window = MODELS[self.pythia_model], self.mean_of
        accuracy = published(model, self.checkpoint_step, self.n_shots, self.operation)
        numbers, name, theirs_in = accuracy.index.to_numpy(), f"{model}, published", self.color_of_published()
        dots: Part = {
            "series": f"{name}, by operand",
            "operand": numbers,
            "accuracy": accuracy,
            "source": RELEASED.source_id,
            "location": RELEASED.location,
            "status": "reported",
        }
        theirs: Part = {
            "series": f"{name}, moving average of {window}",
            "operand": numbers,
            "accuracy": running_mean(accuracy.to_numpy(), window),
            "status": "computed",
        }
        shown: dict[str, Any] = {"x": "operand", "y": "accuracy"}
        traces = [
            marks.points(dots, color=theirs_in, text=[f"operand {n}" for n in numbers], opacity=0.45, **shown),
            marks.line(theirs, color=theirs_in, width=2, **shown),
        ]
        parts, bands, drawn_runs, falls = [dots, theirs], [], [], []
        for run in self.probe_runs.value:
            of = run.groups[run.groups["group"].str.fullmatch(r"\d{1,6}")]
            if of.empty or len(drawn_runs) == MOST:
                continue
            of = of.assign(operand=of["group"].astype(int)).sort_values("operand")
            color, label = COLORS[len(drawn_runs)], f"{run.name}, so far" if run.partial else run.name
            mean = running_mean(of["score"].to_numpy(), window)
            own: Part = {"series": label, "operand": of["operand"], "accuracy": mean, "n": of["n"], "status": "computed"}
            parts.append(own)
            if window == 1:
                ends = {"operand": of["operand"], "low": of["low"], "high": of["high"]}
                parts.append({"series": f"95% interval, {label}", **ends, "status": "uncertain"})
                bands += marks.band(parts[-1], "operand", "low", "high", color, quiet=True)
            traces.append(marks.line(own, color=color, width=3, **shown))
            drawn_runs.append(run)
            if len(of) >= 40:
                falls.append((run, float(of["score"].iloc[:20].mean()), float(of["score"].iloc[-20:].mean())))
        layout = style.layout("number", "percent", x_title="First operand", y_title="Accuracy", y_range=(-0.03, 1.03), height=440)
        small, large = _shares(model, "", float(accuracy.iloc[:20].mean()), float(accuracy.iloc[-20:].mean()))
        headline: tuple[Headline, ...] = (small, large)
        if falls:
            run = falls[0][0]
            ours_small, ours_large = _shares(_named(run.name), "", *falls[0][1:])
            so_far, headline = " so far" if run.partial else "", (ours_small, ours_large, small, large)
            title = f"Operands 0 to 19 against 80 to 99: {_named(run.name)} {ours_small} and {ours_large}{so_far}; {model}, {self.operation}, {small} and {large}"
        else:
            title = f"{model}: {small} accuracy on operands 0 to 19, {large} on 80 to 99 ({self.operation})"
        return Panel(
            title=title,
            headline=headline,
            figure=style.figure([*bands, *traces], layout),
            parts=parts,
            caption=(
                f"Lines are moving averages of accuracy over {counted(window, 'operand')}; at 1 the bands are Wilson's 95% intervals. In the Pile small and round numbers are frequent, so Pythia's curve mixes size and frequency; "
                f"in the bundled model's training text the two are unrelated. {_partial(drawn_runs)}{V0}"
            ),
            alt=f"Accuracy against the first operand: {title}.",
            sources=(RELEASED, PAPER),
        )


class Overall(Asked):
    """Share of right answers of each run, with its interval, above the published sizes of Pythia at one checkpoint."""

    name = "probe.overall"

    def draw(self) -> Panel:
        """The panel at these parameters."""
        step, shots, operation = self.checkpoint_step, self.n_shots, self.operation
        runs = [run for run in self.found() if run.whole["n"]]
        labels = [f"{run.name}, so far" if run.partial else run.name for run in runs]
        mine = pd.DataFrame([run.whole for run in runs], columns=["n", "score", "low", "high"])
        theirs = pd.DataFrame([_published_mean(size, step, shots, operation) for size in SIZES[::-1]])
        parts: list[Part] = []
        traces: list[dict] = []
        for rows, series, names, first, color, symbol in (
            (mine, "runs here", labels, 0, style.BLUE, "diamond"),
            (theirs, "mean of published accuracies", list(SIZES[::-1]), len(runs), self.color_of_published(), "circle"),
        ):
            if len(rows):
                part: Part = {"series": series, "model": names, "row": range(first, first + len(rows)), **rows, "status": "computed"}
                parts.append({**part, "source": RELEASED.source_id} if rows is theirs else part)
                traces.append(marks.estimates(part, "score", "low", "high", color, symbol=symbol, text=names))
        every = [*labels, *SIZES[::-1]]
        layout = intervals.rows(every, "percent", "Accuracy", row_height=40, x_range=(-0.02, 1.02), zero=None)
        layout["yaxis"]["ticktext"] = [_two_lines(label) for label in every]
        at = int(theirs["score"].idxmax())
        best = _share(SIZES[::-1][at], theirs.loc[at, "score"])
        if runs:
            top = int(mine["score"].astype(float).idxmax())
            own = _share(_named(labels[top]), mine.loc[top, "score"])
            so_far = " so far" if runs[top].partial else ""
            title = f"{_named(labels[top])}: {own} of {mine.loc[top, 'n']:,.0f} questions{so_far}; {SIZES[::-1][at]}, {operation}, {shots}-shot: {best}"
            headline: tuple[Headline, ...] = (own, best)
        else:
            title = f"At step {step:,}, {SIZES[::-1][at]} is best with {best} of 5,000 questions ({operation}, {shots}-shot)"
            headline = (best,)
        return Panel(
            title=title,
            headline=headline,
            figure=style.figure(traces, layout),
            parts=parts,
            caption=(
                f"Markers are overall accuracies: diamonds of runs made here, circles of the published models at step {step:,}, {shots}-shot. Bars are 95% intervals over terms, Wilson's where a run has fewer than {SPREAD}. "
                f"Compare models that were asked the same questions with the same number of examples. {_partial(self.found())}{V0}"
            ),
            alt=f"Accuracy by model: {title}.",
            sources=(RELEASED, PAPER),
        )


def groups(run: Found) -> Panel:
    """Score of each group of questions of one run, with Wilson's interval: for probes without frequencies. At most GROUPS, the largest.

    Raises ValueError for a run without a row.
    """
    if run.groups.empty:
        raise ValueError(f"run: {run.id} has no row yet")
    rows = run.groups.sort_values("n", ascending=False, kind="stable").head(GROUPS).sort_values("score", ascending=False, kind="stable")
    labels = [group or "all questions" for group in rows["group"]]
    part: Part = {"series": "score", **rows, "row": range(len(rows)), "status": "computed"}
    rest: Part = {"series": "smaller groups", **run.groups.drop(rows.index), "status": "computed"}
    layout = intervals.rows([_cut(label, 34) for label in labels], "percent", "Score", x_range=(-0.02, 1.02), zero=None, showlegend=False)
    whole, so_far = run.whole, " so far" if run.partial else ""
    share = _share(_short(run.name), whole["score"])
    title = (
        f"{_short(run.name)} scores {share} on {counted(int(whole['n']), 'question')}{so_far} ({whole['low']:.1%} to {whole['high']:.1%})"
    )
    hidden = len(run.groups) - len(rows)
    return Panel(
        name="probe.groups",
        title=title,
        headline=(share,),
        figure=style.figure([marks.estimates(part, "score", "low", "high", style.BLUE, text=labels)], layout),
        parts=[part, rest],
        caption=f"Each row is the score on one group of questions, with Wilson's 95% interval. {f'{hidden} smaller groups are in the export only. ' if hidden else ''}{_partial([run])}",
        alt=f"Score by group of questions: {title}.",
        settings={key: value for key, value in run.facts.items() if key != "versions"},
    )


def _published_mean(size: str, step: int, shots: int, operation: str) -> dict[str, float]:
    """Mean of the published accuracies of a model with its interval over operands; 50 questions for each."""
    accuracy = published(size, step, shots, operation)
    error, score = 1.96 * float(accuracy.std(ddof=1)) / np.sqrt(len(accuracy)), float(accuracy.mean())
    return {"n": 50 * len(accuracy), "score": score, "low": max(score - error, 0.0), "high": min(score + error, 1.0)}


def _share(name: str, value: float) -> Headline:
    return Headline(f"accuracy of {name}", float(value), "share", f"{value:.1%}", "score")


def _shares(name: str, column: str, first: float, last: float) -> tuple[Headline, Headline]:
    """Right answers at both ends of an axis."""
    return (
        Headline(f"accuracy of {name}, first", first, "share", f"{first:.0%}", column),
        Headline(f"accuracy of {name}, last", last, "share", f"{last:.0%}", column),
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
