"""Figures on single verdicts: what the judge said, how often the order of the answers decided, and how many prompts it takes."""

from typing import Any

import numpy as np
import pandas as pd

from analysis import tables
from analysis.charts import marks, style, ticks
from analysis.charts.figure import Figure
from analysis.charts.marks import Part
from analysis.charts.panel import Citation, Headline, Panel
from analysis.charts.parameters import Choice, Earlier, Quantity
from analysis.charts.shared_parameters import LEVEL, N_PROMPTS
from analysis.judges import power as judges_power
from analysis.judges import verdicts as judges_verdicts
from analysis.judges.data import BENCHMARKS, POWER, effects, fitted, labels, observed_pairs, released
from analysis.units import significant

RELEASED = Citation("dettmers2023_code", "44,506 released verdicts")
SAID = {
    "first": ("first shown wins", style.BLUE),
    "tie": ("tie", style.GREY),
    "second": ("second shown wins", style.CRIMSON),
    "unusable": ("unusable", style.ORCHID),
}
TOGETHER = {
    "same winner": style.BLUE,
    "tie twice": style.SLATE,
    "tie once": style.GREY,
    "always first": style.CRIMSON,
    "always second": style.VIOLET,
    "unusable": style.ORCHID,
}
INSIDE = {
    "textposition": "inside",
    "insidetextanchor": "middle",
    "textangle": 0,
    "hovertemplate": "%{y}: %{customdata:,} (%{x:.1%})<extra>%{fullData.name}</extra>",
}
"""How the parts of a stacked bar are written on."""
MOST_PROMPTS = 1e6


PROMPT_SET = Choice("Prompt set", options={"vicuna": "Vicuna (80)", "oa": "Open Assistant (953)"})


class Verdicts(Figure):
    """What the judge said, by set of prompts."""

    name = "judges.verdicts"

    def draw(self) -> Panel:
        """The panel."""
        counts = judges_verdicts.tallies(tables.load("judge_verdicts")).loc[list(BENCHMARKS)]
        share = counts.div(counts.sum(axis=1), axis=0)
        parts, traces = [], []
        for verdict, (series, color) in SAID.items():
            parts.append({"series": series, "verdict": verdict, **_by_set(counts, share, verdict, "n_verdicts", "share_of_verdicts")})
            traces.append(_stack(parts[-1], "n_verdicts", "share_of_verdicts", color))
        said = {verdict: int(counts.loc["vicuna", verdict]) for verdict in ("first", "second")}
        first, second = (
            Headline(f"verdicts for the answer shown {place}", n, "verdicts", f"{n:,}", "n_verdicts") for place, n in said.items()
        )
        lost = int(counts["unusable"].sum())
        return Panel(
            title=f"On Vicuna prompts, the answer shown first wins {first} times, the second {second} times",
            headline=(first, second),
            figure=style.figure(traces, _stacked("Share of judgements")),
            parts=parts,
            caption=(
                f"Bars split the judgements by outcome. Every pair was shown in both orders, so a judge without position bias would let both win equally often. {lost:,} of {counts.to_numpy().sum():,} questions got no valid judgement "
                f"({counts.loc['oa', 'unusable']:,} of them on Open Assistant prompts); they are counted here only."
            ),
            alt=f"Bars of judgements by prompt set; on Vicuna {share.loc['vicuna', 'first']:.0%} go to the first answer and {share.loc['vicuna', 'second']:.0%} to the second.",
            sources=(RELEASED,),
        )


class Consistency(Figure):
    """What the two verdicts on the same two answers say together, by set of prompts."""

    name = "judges.consistency"

    def draw(self) -> Panel:
        """The panel."""
        counts = pd.DataFrame({name: judges_verdicts.agreement(released(name)) for name in BENCHMARKS}).T
        share = counts.div(counts.sum(axis=1), axis=0)
        parts, traces = [], []
        for said, color in TOGETHER.items():
            parts.append({"series": said, "verdicts": said, **_by_set(counts, share, said, "n_pairs", "share_of_pairs")})
            traces.append(_stack(parts[-1], "n_pairs", "share_of_pairs", color))
        name = counts.index[0]
        against = float(share.loc[name, ["always first", "always second"]].sum())
        turned = Headline("cases in which the order decides", against, "share", f"{against:.0%}")
        return Panel(
            title=f"With the answers swapped, GPT-4 reverses its judgement in {turned} of {BENCHMARKS[name]} cases",
            headline=(turned,),
            figure=style.figure(traces, _stacked("Share of prompts and pairs of models")),
            parts=parts,
            caption=(
                'Bars split the pairs of judgements on the same two answers, one in each order. "Always first" contradicts itself: whichever answer came first won. On the Vicuna prompts that happens '
                f"{counts.loc[name, 'always first']:,} times, the opposite {counts.loc[name, 'always second']:,} times."
            ),
            alt=f"Bars of pairs of judgements; {share.loc[name, 'same winner']:.0%} of {BENCHMARKS[name]} pairs name the same winner in both orders.",
            sources=(RELEASED, Citation("zheng2023", "position bias of judges")),
        )


def _by_set(counts: pd.DataFrame, share: pd.DataFrame, verdict: str, count: str, part_of_all: str) -> dict[str, Any]:
    """The columns of one verdict: one row for each set of prompts."""
    return {
        "benchmark": list(counts.index),
        "prompt_set": [f"{BENCHMARKS[benchmark]} ({counts.loc[benchmark].sum():,})" for benchmark in counts.index],
        count: counts[verdict].to_numpy(),
        part_of_all: share[verdict].to_numpy(),
        "status": "computed",
    }


def _stack(part: dict[str, Any], count: str, share: str, color: str) -> dict:
    text = [f"{value:.0%}" if value >= 0.03 else "" for value in part[share]]
    return marks.bars(part, share, "prompt_set", color, horizontal=True, text=text) | INSIDE | {"customdata": part[count]}


class PositionBias(Figure):
    """Every pair of models: what the stronger one takes when shown second and when shown first."""

    name = "judges.position_bias"
    prompt_set: str = PROMPT_SET("vicuna")

    def draw(self) -> Panel:
        """The panel at these parameters."""
        benchmark = self.prompt_set
        pairs = judges_verdicts.pairs(released(benchmark)).sort_values("share", ascending=False, ignore_index=True)
        names = labels()
        pairs["pair"] = [f"{names[row.stronger]} / {names[row.weaker]}" for row in pairs.itertuples()]
        traces, parts = [], []
        for decides, name, color in (
            (False, "same winner in both orders", style.BLUE),
            (True, "the order decides who wins", style.CRIMSON),
        ):
            rows = pairs[pairs["order_decides"] == decides]
            ends = rows.loc[rows.index.repeat(2)].assign(shown=["second", "first"] * len(rows))
            ends["points_share"] = rows[["shown_second", "shown_first"]].to_numpy().ravel()
            parts.append(ends.to_dict("list") | {"series": name, "status": "computed"})
            broken: dict[str, Any] = {  # with a gap between two pairs, so that each is a line of its own
                "series": name,
                "points_share": np.column_stack([rows["shown_second"], rows["shown_first"], np.full(len(rows), np.nan)]).ravel(),
                "pair": [end for pair in rows["pair"] for end in (pair, pair, None)],
                "status": "computed",
            }
            text = ["shown second", "shown first", ""] * len(rows)
            line = marks.line(broken, "points_share", "pair", color, width=8, text=text)
            traces.append(line | {"hovertemplate": "%{y}, %{text}: %{x:.0%}<extra></extra>", "connectgaps": False})
        layout = style.layout(
            "percent",
            "category",
            x_title="Win rate of the stronger model",
            height=len(pairs) * 22 + 140,
            shapes=[style.vertical_line(0.5, style.GREY)],
        )
        layout["yaxis"] |= {
            "categoryorder": "array",
            "categoryarray": list(pairs["pair"]),
            "autorange": "reversed",
            "tickfont": {"size": 11},
        }
        layout["xaxis"] |= {"range": [0, 1], "autorange": False}
        layout = style.both_ends(layout)
        number = int(pairs["order_decides"].sum())
        n = Headline("pairs in which the order decides", number, "pairs", str(number))
        effect, other = effects(benchmark).loc["order"], effects("oa" if benchmark == "vicuna" else "vicuna").loc["order"]
        return Panel(
            title=f"In {n} of {len(pairs)} pairs on {BENCHMARKS[benchmark]} prompts, whichever model is shown first wins",
            headline=(n,),
            figure=style.figure(traces, layout),
            parts=parts,
            caption=(
                "Each line runs from the win rate of the stronger model when shown second, on the left, to that when shown first (a tie is half). Where it crosses 50%, the order decides. In the Bradley-Terry "
                f"model being shown first is worth {effect['value']:.0f} Elo points here (95% interval {effect['low']:.0f} to {effect['high']:.0f}) and {other['value']:.0f} ({other['low']:.0f} to {other['high']:.0f}) "
                f"on the {BENCHMARKS[other['benchmark']]} prompts."
            ),
            alt=f"One line per pair of models between its two orders; in {n} of {len(pairs)} pairs the line crosses 50%, so the order decides who wins.",
            sources=(RELEASED, Citation("davidson1977"), Citation("zheng2023", "position bias of judges")),
        )


class PromptsNeeded(Figure):
    """Prompts needed against the Elo gap: the model's curves, the pairs of the tournament, and your gap."""

    name = "judges.prompts_needed"
    prompt_set: str = PROMPT_SET("vicuna")
    level: float = LEVEL(0.95)
    gap_elo: int = Quantity(
        "Elo gap",
        unit="Elo points",
        low=5,
        high=500,
        step=5,
        whole=True,
    )(60)

    def draw(self) -> Panel:
        """The panel at these parameters."""
        benchmark, confidence, gap = self.prompt_set, self.level, self.gap_elo
        model, observed, n_prompts = fitted(benchmark), observed_pairs(benchmark, confidence), len(released(benchmark).prompts)
        ratio = float(effects(benchmark).loc["scatter_ratio", "value"])
        axis = np.geomspace(4, 700, 50)
        needed = {}
        for asked, widened in (("both", ratio), ("one", 1.0)):
            mean, sd = judges_power.prompt_score(axis, float(model.order), float(model.log_tie), asked)
            needed[asked] = judges_power.prompts_needed(mean, sd * widened, confidence, POWER)
        mean, sd = judges_power.prompt_score(gap, float(model.order), float(model.log_tie))
        yours = float(judges_power.prompts_needed(mean, sd * ratio, confidence, POWER))
        both, one = (
            {"series": series, "gap_elo": axis, "n_needed": needed[asked], "status": "what_if"}
            for asked, series in (("both", "asked in both orders"), ("one", "asked once, order drawn"))
        )
        here = {"series": "your gap", "gap_elo": [gap], "n_needed": [yours], "status": "what_if"}
        inside = (observed["gap_elo"] > axis[0]) & (observed["n_needed"] < MOST_PROMPTS)
        names = labels()
        parts: list[Part] = [both, one, here, {"series": "prompts of the set", "n_prompts": [n_prompts], "status": "computed"}]
        traces = []
        for apart, name, color in ((True, "significantly different here", style.BLUE), (False, "not significant here", style.CRIMSON)):
            rows = observed[inside & (observed["told_apart"] == apart)]
            text = [f"{names[a]} / {names[b]}" for a, b in zip(rows["stronger"], rows["weaker"], strict=True)]
            parts.append(rows.to_dict("list") | {"series": name, "status": "computed"})
            traces.append(marks.points(parts[-1], "gap_elo", "n_needed", color, text=text))
        parts.append(observed[~inside].to_dict("list") | {"series": "pairs beyond the axes", "status": "computed"})
        traces.append(marks.line(both, "gap_elo", "n_needed", style.BLUE))
        traces.append(marks.line(one, "gap_elo", "n_needed", style.ORCHID))
        traces.append(marks.points(here, "gap_elo", "n_needed", style.AMBER))
        layout = style.layout(
            "log_number",
            "log_number",
            x_title="Gap (Elo points, Bradley-Terry with ties)",
            y_title="Prompts needed",
            height=460,
            x_range=(4, 700),
            y_range=(min(1, yours, *observed.loc[inside, "n_needed"]) / 1.5, 2e5),
            shapes=[style.horizontal_line(n_prompts)],
        )
        layout["xaxis"] |= ticks.at([5, 10, 20, 50, 100, 200, 500])
        layout["yaxis"] |= {"exponentformat": "B"}
        layout["annotations"] = [style.note(np.log10(4.3), np.log10(n_prompts * 1.25), f"{n_prompts} prompts", xanchor="left")]
        take = Headline("prompts needed", _whole(yours), "prompts", _prompts(yours))
        told = Headline("significantly different pairs", int(observed["told_apart"].sum()), "pairs", str(int(observed["told_apart"].sum())))
        return Panel(
            title=f"A gap of {gap:.0f} Elo points takes {take} to show; with {n_prompts}, {told} of {len(observed)} pairs differ significantly",
            headline=(take, told),
            figure=style.figure(traces, layout),
            parts=parts,
            caption=(
                f"Lines are the prompts that a two-sided test at {confidence:.0%} confidence needs to find the better model with {POWER:.0%} power; markers are pairs of models with their own mean and variance. Lines use the fitted chances of win, tie and loss with the position effect; for both orders the standard deviation "
                f"is {ratio:.2f} times that of independent judgements, as in the released ones. Pairs beyond the axes are not drawn; each gap is itself uncertain."
            ),
            alt=f"Prompts needed fall with the square of the gap; {gap:.0f} Elo points take {take} at {confidence:.0%} confidence.",
            sources=(RELEASED, Citation("davidson1970"), Citation("davidson1977")),
        )


def _played(earlier: Earlier) -> dict[str, str]:
    """The models that were judged on the set of prompts."""
    models = released(earlier["prompt_set"]).models
    return {model: label for model, label in labels().items() if model in models}


def _others(earlier: Earlier) -> dict[str, str]:
    return {model: label for model, label in _played(earlier).items() if model != earlier["chatbot"]}


def _usual_other(earlier: Earlier) -> str:
    return "gpt-3.5" if earlier["chatbot"] != "gpt-3.5" else "65b-guanaco"


class Power(Figure):
    """Probability of telling two models apart against the number of prompts, from their own verdicts."""

    name = "judges.power"
    prompt_set: str = PROMPT_SET("vicuna")
    level: float = LEVEL(0.95)
    chatbot: str = Choice("Model A", options=_played)("65b-guanaco")
    other_chatbot: str = Choice("Model B", options=_others)(_usual_other)
    n_prompts: int = N_PROMPTS(80, step=10)

    def draw(self) -> Panel:
        """The panel at these parameters."""
        model, other, confidence, n = self.chatbot, self.other_chatbot, self.level, self.n_prompts
        played = released(self.prompt_set)
        points = judges_power.scores_by_prompt(played, model, other)
        single = judges_power.scores_by_prompt(played, model, other, "one")
        mean = float(points.mean())
        axis = np.unique(np.round(np.geomspace(5, 1e5, 60)))
        parts: list[Part] = []
        needed = []
        for series, sample in (("asked in both orders", points), ("asked once, order drawn", single)):
            average, sd = float(sample.mean()), float(sample.std(ddof=1))
            curve = judges_power.power(axis, average, sd, confidence)
            parts.append({"series": series, "n_prompts": axis, "power": curve, "status": "what_if"})
            needed.append(float(judges_power.prompts_needed(average, sd, confidence, POWER)))
        here = float(judges_power.power(n, mean, float(points.std(ddof=1)), confidence))
        parts.append({"series": "your number of prompts", "n_prompts": [n], "power": [here], "status": "what_if"})
        names, of_set = labels(), len(played.prompts)
        traces = [marks.line(part, "n_prompts", "power", color) for part, color in zip(parts[:2], (style.BLUE, style.ORCHID), strict=True)]
        traces.append(marks.points(parts[2], "n_prompts", "power", style.AMBER))
        layout = style.layout(
            "log_number",
            "percent",
            x_title="Prompts",
            y_title="Power",
            x_range=(5, 1e5),
            y_range=(0, 1.03),
            shapes=[style.vertical_line(of_set, style.GREY, "dot"), style.horizontal_line(POWER)],
        )
        layout["xaxis"] |= {"exponentformat": "B"}
        layout["annotations"] = [
            style.line_name(of_set, f"{of_set} prompts", log=True),
            style.note(0, POWER, f"{POWER:.0%}, the usual power", xref="x domain", xanchor="left", yanchor="bottom", xshift=4),
        ]
        both, one = needed
        in_both = Headline("prompts needed in both orders", _whole(both), "prompts", _prompts(both))
        in_one = Headline("prompts needed in one order", _whole(one), "prompts", _number(one))
        whole = Headline("prompts of the set", of_set, "prompts", str(of_set), "n_prompts")
        ahead = model if mean >= 0.5 else other
        return Panel(
            title=f"{names[model]} vs {names[other]}: {in_both} in both orders or {in_one} in one; {BENCHMARKS[self.prompt_set]} has {whole}",
            headline=tuple(part for part in (in_both, in_one, whole) if part.value <= MOST_PROMPTS),
            figure=style.figure(traces, layout),
            parts=[*parts, {"series": "prompts of the set", "n_prompts": [of_set], "status": "computed"}],
            caption=(
                f"Lines are the power to show a significant difference between the two models by the number of prompts. {names[ahead]} wins {max(mean, 1 - mean):.1%} in {len(points)} prompts (ties as half). If that is the true rate, {n:,.0f} prompts in both orders show it with {here:.0%} probability "
                f"at {confidence:.0%} confidence; the thin line marks {POWER:.0%}. A random order per prompt leaves the mean unchanged but adds the position bias to the variance."
            ),
            alt=f"Power to tell {names[model]} from {names[other]} against prompts; {POWER:.0%} is reached after {in_both} asked in both orders.",
            sources=(RELEASED,),
        )


def _whole(number: float) -> float:
    """A number of prompts, rounded up, and at least one."""
    return float(judges_power.whole(number))


def _number(number: float) -> str:
    """A number of prompts in words, with at most two significant digits above a hundred."""
    return "more than a million" if number > MOST_PROMPTS else significant(_whole(number), 2)


def _prompts(number: float) -> str:
    return f"{_number(number)} {'prompt' if _number(number) == '1' else 'prompts'}"


def _stacked(x_title: str) -> dict:
    layout = style.layout("percent", "category", x_title=x_title, height=300, barmode="stack", bargap=0.3)
    layout["legend"] = layout["legend"] | {"traceorder": "normal", "maxheight": 0.5}
    layout["xaxis"] |= {"range": [0, 1], "autorange": False}
    layout["yaxis"] |= {"autorange": "reversed"}
    return layout
