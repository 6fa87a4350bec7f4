"""Figures on single verdicts: what the judge said, how often the order of the answers decided, and how many prompts it takes."""

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd

from analysis import tables
from analysis.charts import style
from analysis.charts.panel import Citation, Panel, table_of
from analysis.judges import bradley_terry
from analysis.judges import power as judges_power
from analysis.judges import verdicts as judges_verdicts
from analysis.judges.data import BENCHMARKS, POWER, effects, fitted, labels, observed_pairs, released
from analysis.units import significant

RELEASED = Citation("dettmers2023_code", "44,506 released verdicts")
SAID = {
    "first": ("first shown wins", style.BLUE),
    "tie": ("tie", style.GREY),
    "second": ("second shown wins", style.CRIMSON),
    "unusable": ("unusable", style.AMBER),
}
TOGETHER = {
    "same winner": style.BLUE,
    "tie twice": style.SLATE,
    "tie once": style.GREY,
    "first both times": style.CRIMSON,
    "second both times": style.VIOLET,
    "unusable": style.AMBER,
}
INSIDE = {
    "textposition": "inside",
    "insidetextanchor": "middle",
    "textangle": 0,
    "textfont": {"color": "#FFFFFF"},
    "hovertemplate": "%{y}: %{customdata:,} (%{x:.1%})<extra>%{fullData.name}</extra>",
}
"""How the parts of a stacked bar are written on."""
MOST_PROMPTS = 1e6


def verdicts(settings: Mapping[str, str]) -> Panel:
    """What the judge said, by set of prompts."""
    counts = judges_verdicts.tallies(tables.load("judge_verdicts"))
    rows = [f"{BENCHMARKS[benchmark]} ({counts.loc[benchmark].sum():,})" for benchmark in BENCHMARKS]
    counts = counts.loc[list(BENCHMARKS)]
    share = counts.div(counts.sum(axis=1), axis=0)
    traces = [
        style.bars(
            share[verdict], rows, name, color, [f"{value:.0%}" if value >= 0.03 else "" for value in share[verdict]], horizontal=True
        )
        | INSIDE
        | {"customdata": counts[verdict].to_numpy()}
        for verdict, (name, color) in SAID.items()
    ]
    first, second = (int(counts.loc["vicuna", verdict]) for verdict in ("first", "second"))
    lost = int(counts["unusable"].sum())
    return Panel(
        name="judges.verdicts",
        title=f"On the Vicuna prompts the answer shown first wins {first:,} times, the one shown second {second:,} times",
        figure=style.figure(traces, _stacked("Share of all questions to the judge")),
        data=lambda: (
            counts.rename_axis("benchmark")
            .reset_index()
            .melt("benchmark", var_name="verdict", value_name="n_verdicts")
            .assign(status="computed")
        ),
        caption=(
            f"Every pair of models was shown in both orders, so a judge without a preference for a place would give both the same number. {lost:,} of {counts.to_numpy().sum():,} questions got no usable verdict "
            f"({counts.loc['oa', 'unusable']:,} of them on Open Assistant prompts); they are counted here and used nowhere else."
        ),
        alt=f"Bars of verdicts by set of prompts; on Vicuna {share.loc['vicuna', 'first']:.0%} go to the first answer and {share.loc['vicuna', 'second']:.0%} to the second.",
        sources=(RELEASED,),
        settings=settings,
        explain=(judges_verdicts.tallies, judges_verdicts.tidy_verdicts),
    )


def consistency(by_benchmark: Mapping[str, judges_verdicts.Tournament], settings: Mapping[str, str]) -> Panel:
    """What the two verdicts on the same two answers say together, by set of prompts."""
    counts = pd.DataFrame({name: judges_verdicts.agreement(played) for name, played in by_benchmark.items()}).T
    rows = [f"{BENCHMARKS[benchmark]} ({counts.loc[benchmark].sum():,})" for benchmark in counts.index]
    share = counts.div(counts.sum(axis=1), axis=0)
    traces = [
        style.bars(share[said], rows, said, color, [f"{value:.0%}" if value >= 0.03 else "" for value in share[said]], horizontal=True)
        | INSIDE
        | {"customdata": counts[said].to_numpy()}
        for said, color in TOGETHER.items()
    ]
    name = counts.index[0]
    against = share.loc[name, ["first both times", "second both times"]].sum()
    return Panel(
        name="judges.consistency",
        title=f"Asked again with the answers exchanged, GPT-4 names the other model in {against:.0%} of {BENCHMARKS[name]} cases",
        figure=style.figure(traces, _stacked("Share of prompts and pairs of models")),
        data=lambda: (
            counts.rename_axis("benchmark")
            .reset_index()
            .melt("benchmark", var_name="verdicts", value_name="n_pairs")
            .assign(status="computed")
        ),
        caption=(
            'The two verdicts on the same two answers, one for each order. "First both times" contradicts itself: whichever answer came first won. On the Vicuna prompts that happens '
            f"{counts.loc[name, 'first both times']:,} times, the opposite {counts.loc[name, 'second both times']:,} times."
        ),
        alt=f"Bars of pairs of verdicts; {share.loc[name, 'same winner']:.0%} of {BENCHMARKS[name]} pairs name the same winner in both orders.",
        sources=(RELEASED, Citation("zheng2023", "position bias of judges")),
        settings=settings,
        explain=(judges_verdicts.agreement,),
    )


def position_bias(benchmark: str, played: judges_verdicts.Tournament, settings: Mapping[str, str]) -> Panel:
    """Every pair of models: what the stronger one takes when shown second and when shown first."""
    pairs = judges_verdicts.pairs(played).sort_values("share", ascending=False, ignore_index=True)
    names = labels()
    pairs["pair"] = [f"{names[row.stronger]} / {names[row.weaker]}" for row in pairs.itertuples()]
    traces = []
    for decides, name, color in ((False, "same winner in both orders", style.BLUE), (True, "the order decides who wins", style.CRIMSON)):
        part = pairs[pairs["order_decides"] == decides]
        gap = np.full(len(part), None)
        x = np.stack([part["shown_second"], part["shown_first"], np.full(len(part), np.nan)], axis=1).ravel()
        y = np.stack([part["pair"], part["pair"], gap], axis=1).ravel() if len(part) else []
        text = np.stack([["shown second"] * len(part), ["shown first"] * len(part), [""] * len(part)], axis=1).ravel() if len(part) else []
        line = style.computed_line([None if value != value else value for value in x], y, name, color, width=8, text=text)
        traces.append(line | {"hovertemplate": "%{y}, %{text}: %{x:.0%}<extra></extra>", "connectgaps": False})
    layout = style.layout(
        "percent",
        "category",
        x_title="Points taken by the stronger model",
        height=len(pairs) * 22 + 140,
        shapes=[style.vertical_line(0.5, style.GREY)],
    )
    layout["yaxis"] |= {"categoryorder": "array", "categoryarray": list(pairs["pair"]), "autorange": "reversed", "tickfont": {"size": 11}}
    layout["xaxis"] |= {"range": [0, 1], "autorange": False}
    n = int(pairs["order_decides"].sum())
    effect, other = effects(benchmark).loc["order"], effects("oa" if benchmark == "vicuna" else "vicuna").loc["order"]
    return Panel(
        name="judges.position_bias",
        title=f"In {n} of {len(pairs)} pairs on the {BENCHMARKS[benchmark]} prompts, the model shown first wins, whichever of the two it is",
        figure=style.figure(traces, layout),
        data=lambda: pairs.assign(status="computed"),
        caption=(
            "Each line runs from the points (a tie is half) that the stronger model takes when shown second, on the left, to those when shown first; a line across 50% means that the order decides. In the Bradley-Terry "
            f"model being shown first is worth {effect['value']:.0f} Elo points here (95% interval {effect['low']:.0f} to {effect['high']:.0f}) and {other['value']:.0f} ({other['low']:.0f} to {other['high']:.0f}) "
            f"on the {BENCHMARKS[other['benchmark']]} prompts."
        ),
        alt=f"One line per pair of models between its two orders; in {n} of {len(pairs)} pairs the line crosses 50%, so the order decides who wins.",
        sources=(RELEASED, Citation("davidson1977"), Citation("zheng2023", "position bias of judges")),
        settings=settings,
        explain=(judges_verdicts.pairs, bradley_terry.probabilities, bradley_terry.fit),
    )


def prompts_needed(
    benchmark: str, observed: pd.DataFrame, n_prompts: int, gap: float, confidence: float, settings: Mapping[str, str]
) -> Panel:
    """Prompts needed against the Elo gap: the model's curves, the pairs of the tournament, and your gap."""
    model = fitted(benchmark)
    ratio = float(effects(benchmark).loc["scatter_ratio", "value"])
    axis = np.geomspace(4, 700, 50)
    needed = {}
    for asked, widened in (("both", ratio), ("one", 1.0)):
        mean, sd = judges_power.prompt_score(axis, float(model.order), float(model.log_tie), asked)
        needed[asked] = judges_power.prompts_needed(mean, sd * widened, confidence, POWER)
    mean, sd = judges_power.prompt_score(gap, float(model.order), float(model.log_tie))
    yours = float(judges_power.prompts_needed(mean, sd * ratio, confidence, POWER))
    shown = observed[(observed["gap_elo"] > axis[0]) & (observed["n_needed"] < MOST_PROMPTS)]
    names = labels()
    traces, told = [], int(observed["told_apart"].sum())
    for apart, name, color in ((True, "pairs told apart here", style.BLUE), (False, "pairs not told apart here", style.CRIMSON)):
        part = shown[shown["told_apart"] == apart]
        trace = style.reported_markers(
            part["gap_elo"],
            part["n_needed"],
            name,
            color,
            text=[f"{names[a]} / {names[b]}" for a, b in zip(part["stronger"], part["weaker"], strict=True)],
        )
        traces.append(trace | {"meta": {"role": "computed"}})
    traces.append(style.what_if_line(axis, needed["both"], "asked in both orders", style.BLUE))
    traces.append(style.what_if_line(axis, needed["one"], "asked once, order drawn", style.AMBER))
    traces.append(style.what_if_marker([gap], [yours], "your gap", style.AMBER))
    layout = style.layout(
        "log_number",
        "log_number",
        x_title="Gap (Elo points, Bradley-Terry with ties)",
        y_title="Prompts needed",
        height=460,
        x_range=(4, 700),
        y_range=(1, 2e5),
        shapes=[style.horizontal_line(n_prompts)],
    )
    layout["xaxis"] |= {"tickvals": [5, 10, 20, 50, 100, 200, 500], "ticktext": ["5", "10", "20", "50", "100", "200", "500"]}
    layout["yaxis"] |= {"exponentformat": "B"}
    layout["annotations"] = [style.note(np.log10(4.3), np.log10(n_prompts * 1.25), f"{n_prompts} prompts", xanchor="left")]
    return Panel(
        name="judges.prompts_needed",
        title=f"Showing a gap of {gap:.0f} Elo points takes {_prompts(yours)} prompts; {n_prompts} tell {told} of {len(observed)} pairs apart",
        figure=style.figure(traces, layout),
        data=lambda: table_of(
            [
                {"series": "asked in both orders", "gap_elo": axis, "n_needed": needed["both"], "status": "what_if"},
                {"series": "asked once, order drawn", "gap_elo": axis, "n_needed": needed["one"], "status": "what_if"},
                {"series": "your gap", "gap_elo": [gap], "n_needed": [yours], "status": "what_if"},
                lambda: observed.assign(series="pair", status="computed"),
            ]
        ),
        caption=(
            f"Prompts until a two-sided test at {confidence:.0%} confidence finds the better model with {POWER:.0%} probability. Dashed: from the fitted chances of win, tie and loss with the order effect; for both orders the scatter "
            f"is {ratio:.2f} times that of independent verdicts, as in the released ones. Markers: pairs of models with their own mean and scatter (those beyond the axes are left out); each gap is itself uncertain."
        ),
        alt=f"Prompts needed fall with the square of the gap; {gap:.0f} Elo points take {_prompts(yours)} prompts at {confidence:.0%} confidence.",
        sources=(RELEASED, Citation("davidson1970"), Citation("davidson1977")),
        settings=settings,
        explain=(judges_power.prompts_needed, judges_power.prompt_score, judges_power.observed_pairs, judges_power.scatter_ratio),
    )


def power(
    benchmark: str, played: judges_verdicts.Tournament, model: str, other: str, confidence: float, n: float, settings: Mapping[str, str]
) -> Panel:
    """Probability of telling two models apart against the number of prompts, from their own verdicts."""
    points = judges_power.scores_by_prompt(played, model, other)
    single = judges_power.scores_by_prompt(played, model, other, "one")
    mean = float(points.mean())
    axis = np.unique(np.round(np.geomspace(5, 1e5, 60)))
    lines = {}
    for name, sample in (("asked in both orders", points), ("asked once, order drawn", single)):
        lines[name] = (
            judges_power.power(axis, float(sample.mean()), float(sample.std(ddof=1)), confidence),
            float(judges_power.prompts_needed(sample.mean(), sample.std(ddof=1), confidence, POWER)),
        )
    here = float(judges_power.power(n, mean, float(points.std(ddof=1)), confidence))
    names, n_prompts = labels(), len(played.prompts)
    traces = [
        style.what_if_line(axis, curve, name, color)
        for (name, (curve, _)), color in zip(lines.items(), (style.BLUE, style.AMBER), strict=True)
    ]
    traces.append(style.what_if_marker([n], [here], "your number of prompts", style.AMBER))
    layout = style.layout(
        "log_number",
        "percent",
        x_title="Prompts",
        y_title="Chance to tell them apart",
        x_range=(5, 1e5),
        y_range=(0, 1.03),
        shapes=[style.vertical_line(n_prompts, style.GREY, "dot"), style.horizontal_line(POWER)],
    )
    layout["xaxis"] |= {"exponentformat": "B"}
    layout["annotations"] = [style.note(np.log10(n_prompts), 0.03, f"{n_prompts} prompts", xanchor="left", xshift=4)]
    both, one = (needed for _, needed in lines.values())
    ahead = model if mean >= 0.5 else other
    return Panel(
        name="judges.power",
        title=f"Telling {names[model]} from {names[other]} takes {_prompts(both)} prompts in both orders, or {_prompts(one)} in one; {BENCHMARKS[benchmark]} has {n_prompts}",
        figure=style.figure(traces, layout),
        data=lambda: table_of(
            [{"series": name, "n_prompts": axis, "power": curve, "status": "what_if"} for name, (curve, _) in lines.items()]
            + [{"series": "your number of prompts", "n_prompts": [n], "power": [here], "status": "what_if"}]
        ),
        caption=(
            f"{names[ahead]} takes {max(mean, 1 - mean):.1%} of the points in {len(points)} prompts. If that were the truth, {n:,.0f} prompts in both orders would show it with {here:.0%} probability "
            f"at {confidence:.0%} confidence; the thin line marks {POWER:.0%}. An order drawn per prompt leaves the mean as it is but adds the preference for a place to the scatter."
        ),
        alt=f"Chance to tell {names[model]} from {names[other]} against prompts; {POWER:.0%} is reached after {_prompts(both)} prompts asked in both orders.",
        sources=(RELEASED,),
        settings=settings,
        explain=(judges_power.power, judges_power.prompts_needed, judges_power.scores_by_prompt),
    )


def _prompts(number: float) -> str:
    """A number of prompts, rounded up, with at most two significant digits above a hundred."""
    if number > MOST_PROMPTS:
        return "more than a million"
    return significant(max(float(np.ceil(number)), 1.0), 2)


def _stacked(x_title: str) -> dict:
    layout = style.layout("percent", "category", x_title=x_title, height=300, barmode="stack", bargap=0.3)
    layout["legend"] = layout["legend"] | {"traceorder": "normal", "maxheight": 0.5}
    layout["xaxis"] |= {"range": [0, 1], "autorange": False}
    layout["yaxis"] |= {"autorange": "reversed"}
    return layout


def default_panels() -> dict[str, Callable[[], Panel]]:
    """The panels of this module at their default settings."""
    sets = {"prompts": " and ".join(BENCHMARKS.values())}
    one = {"prompts": BENCHMARKS["vicuna"]}

    def draw_prompts():
        played = released("vicuna")
        return prompts_needed(
            "vicuna", observed_pairs("vicuna", 0.95), len(played.prompts), 60.0, 0.95, one | {"confidence": "95%", "gap": "60"}
        )

    return {
        "judges.verdicts": lambda: verdicts(sets),
        "judges.consistency": lambda: consistency({benchmark: released(benchmark) for benchmark in BENCHMARKS}, sets),
        "judges.position_bias": lambda: position_bias("vicuna", released("vicuna"), one),
        "judges.prompts_needed": draw_prompts,
        "judges.power": lambda: power(
            "vicuna",
            released("vicuna"),
            "65b-guanaco",
            "gpt-3.5",
            0.95,
            80,
            one | {"models": "Guanaco 65B, ChatGPT", "confidence": "95%", "number": "80"},
        ),
    }
