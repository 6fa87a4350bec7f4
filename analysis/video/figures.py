"""Figures on what raters prefer among text-to-video systems, as Emu Video and Align Your Latents report it."""

from collections.abc import Callable, Mapping

import numpy as np

from analysis import statistics
from analysis.charts import intervals, style
from analysis.charts.panel import Citation, Panel, table_of
from analysis.video import data, figures_cost
from analysis.video import figures_ranking as ranking_figures
from analysis.video import figures_scores as score_figures
from analysis.video import win_rates as video_win_rates
from analysis.video.data import EMU, LATENTS, SETS, driving_shares, named, reported, study
from analysis.video.figures_marks import COLORS, SYMBOLS


def win_rates(which: str, level: float, unknown: int, settings: Mapping[str, str]) -> Panel:
    """Reported shares of prompts won, with Wilson's interval; rows whose number of prompts is not stated stand at `unknown` and are a what-if."""
    rows = named(which)
    rows = rows.assign(votes=rows["n"].fillna(float(unknown)))
    low, high = statistics.wilson_interval(rows["share"].to_numpy(), rows["votes"].to_numpy(), level)
    rows = rows.assign(low=low, high=high)
    names = list(dict.fromkeys(rows.sort_values("share", ascending=False)["name"]))
    at = {name: number for number, name in enumerate(names)}
    traces = []
    for criterion, shift in (("quality", -0.16), ("faithfulness", 0.16)):
        for stated in (True, False):
            part = rows[(rows["criterion"] == criterion) & (rows["n"].notna() == stated)]
            if part.empty:
                continue
            spans = [
                f"{name}: {share:.1%}, {a:.0%} to {b:.0%}"
                for name, share, a, b in zip(part["name"], part["share"], part["low"], part["high"], strict=True)
            ]
            name = criterion if stated else f"{criterion}, what-if number of prompts"
            mark = intervals.bars(
                part["share"], part["low"], part["high"], part["name"].map(at), name, COLORS[criterion], SYMBOLS[criterion], spans, shift
            )
            mark["meta"] = {"role": "reported" if stated else "what_if"}
            if not stated:
                mark["marker"]["symbol"] += "-open"
            traces.append(mark)
    layout = intervals.rows(names, "percent", "Prompts won", 40, (min(0.3, float(low.min()) - 0.03), 1.01), 0.5)
    layout["xaxis"]["title"]["text"] += f" ({level:.0%} intervals)"
    open_ = rows[(rows["low"] <= 0.5) & (rows["high"] >= 0.5)]
    won, lost = int((rows["low"] > 0.5).sum()), int((rows["high"] < 0.5).sum())
    title = f"{SETS[which][0].upper()}{SETS[which][1:]}: {won} of {len(rows)} shares have an interval above one half"
    if len(open_):
        least = open_.loc[(open_["share"] - 0.5).abs().idxmin()]
        title += f"; {least['name'].rsplit(' (', 1)[0]}, {least['criterion']}, has not: {least['low']:.0%} to {least['high']:.0%}"
    kappa = data.facts().loc["emu_juice_fleiss_kappa", "value"]
    what = "preferred design" if which == "design" else "system named first or Emu Video"
    return Panel(
        name="video.win_rates",
        title=title,
        figure=style.figure(traces, layout),
        data=lambda: rows[
            ["first", "second", "criterion", "share", "n", "votes", "low", "high", "printed_setting", "location", "source", "verified"]
        ].assign(status=np.where(rows["n"].notna(), "reported", "what_if")),
        caption=(
            f"Share of prompts (their number in brackets) on which raters prefer the {what}; the bar is Wilson's interval, as if prompts were drawn at random. "
            + (f"{lost} of them lie below one half beyond chance. " if lost else "")
            + ("A hollow mark has no stated number of prompts and stands at yours. " if rows["n"].isna().any() else "")
            + ("Values are read from the text of the figure, and which of two is quality was inferred. " if which == "equal" else "")
            + f"Each prompt is one vote, the majority of its raters, who agree only in part (Fleiss' kappa {kappa:g})."
        ),
        alt=f"Shares of prompts won with {level:.0%} intervals, {SETS[which]}; {won} of {len(rows)} lie wholly above one half, from {rows['share'].min():.0%} to {rows['share'].max():.0%}.",
        sources=(
            *(Citation(EMU, place) for place in dict.fromkeys(rows["location"])),
            Citation(EMU, "Appendix 3.1"),
            Citation("wilson1927"),
        ),
        settings=settings,
        explain=(video_win_rates.comparisons, statistics.wilson_interval),
    )


def prompts(share: float, n: int, level: float, settings: Mapping[str, str]) -> Panel:
    """What a number of prompts can show: Wilson's interval of a share against the number, and all reported comparisons at theirs."""
    axis = np.unique(np.round(np.geomspace(5, 2000, 60)))
    low, high = statistics.wilson_interval(share, axis, level)
    here = [float(edge) for edge in statistics.wilson_interval(share, n, level)]
    rows = reported().dropna(subset=["n"])
    rows = rows[(rows["first"] == "Emu Video")]
    enough = float(video_win_rates.prompts_for(share, level)) if share > 0.5 else float("nan")
    traces = style.band(axis, low, high, f"{level:.0%} interval of {share:.0%}", style.AMBER)
    traces.append(style.what_if_line([5, 2000], [share, share], f"a share of {share:.0%}", style.AMBER))
    for criterion in video_win_rates.CRITERIA:
        part = rows[rows["criterion"] == criterion]
        traces.append(
            style.reported_markers(
                part["n"] * (0.98 if criterion == "quality" else 1.02),
                part["share"],
                f"Emu Video, {criterion}",
                COLORS[criterion],
                SYMBOLS[criterion],
                part["verified"] > 0,
                [f"over {second}, {place}" for second, place in zip(part["second"], part["location"], strict=True)],
            )
        )
    traces.append(style.what_if_marker([n], [share], "your study", style.AMBER))
    layout = style.layout(
        "log_number",
        "percent",
        x_title="Prompts",
        y_title="Prompts won",
        height=440,
        x_range=(5, 2000),
        y_range=(0.3, 1.02),
        shapes=[style.horizontal_line(0.5), style.vertical_line(n, style.AMBER)],
    )
    layout["xaxis"] |= {"tickvals": [5, 10, 23, 65, 150, 307, 1000], "ticktext": ["5", "10", "23", "65", "150", "307", "1,000"]}
    need = f"{enough:,.0f} prompts would do to rule out a tie" if enough == enough else "no number up to 2,000 rules out a tie"
    return Panel(
        name="video.prompts",
        title=f"{share:.0%} of {n:,} prompts means {here[0]:.0%} to {here[1]:.0%}; {need}",
        figure=style.figure(traces, layout),
        data=lambda: table_of(
            [
                {"series": "interval", "n": axis, "share": share, "low": low, "high": high, "status": "uncertain"},
                {"series": ["your study"], "n": [n], "share": [share], "low": [here[0]], "high": [here[1]], "status": "what_if"},
                rows.rename(columns={"second": "series"})[["series", "criterion", "n", "share", "location", "source", "verified"]]
                .assign(status="reported")
                .to_dict("list"),
            ]
        ),
        caption="The band is where the true share may lie after so many prompts with the share you chose. Markers are Emu Video's reported comparisons at their numbers of prompts (moved apart a little): most rest on 65 prompts, some on 307, one rival on 23.",
        alt=f"Interval of a share of {share:.0%} against the number of prompts; at {n:,} it reaches from {here[0]:.0%} to {here[1]:.0%}.",
        sources=(Citation(EMU, "Figure 2; Tables 2, 3, 5, 10"), Citation("wilson1927")),
        settings=settings,
        explain=(statistics.wilson_interval, video_win_rates.prompts_for),
    )


def driving_study(votes: int, settings: Mapping[str, str]) -> Panel:
    """Preferences of Align Your Latents' driving study, ties as half a vote, at a what-if number of independent votes."""
    names, share, fewest = driving_shares()
    low, high = statistics.wilson_interval(share, votes)
    spans = [f"{name}: {value:.1%}" for name, value in zip(names, share, strict=True)]
    mark = intervals.bars(share, low, high, range(len(names)), f"interval at {votes} votes (what-if)", style.AMBER, "circle-open", spans)
    mark["meta"] = {"role": "what_if"}
    layout = intervals.rows(names, "percent", "Preferred (95% intervals)", 48, (0.3, 0.85), 0.5)
    sure = int((low > 0.5).sum())
    return Panel(
        name="video.driving_study",
        title=f"With {votes} independent votes a pair, {sure} of {len(names)} preferences in the driving study would exceed chance",
        figure=style.figure([mark], layout),
        data=lambda: table_of(
            [
                study()[["pair", "metric", "value", "unit", "printed_setting", "location", "source", "verified"]]
                .assign(status="reported")
                .to_dict("list"),
                {"pair": names, "share": share, "low": low, "high": high, "votes": votes, "status": "what_if"},
            ]
        ),
        caption=f"The study has 4 raters and 100 videos; how many votes stand behind a share is not said. Its digits fit {', '.join(map(str, fewest))} votes or multiples of them; 400 would need all raters to answer independently. LVG is an earlier generator of long videos.",
        alt=f"Three preferences of the driving study between {share.min():.0%} and {share.max():.0%}; at {votes} votes {sure} of them lie wholly above one half.",
        sources=(Citation(LATENTS, "driving user study"), Citation("wilson1927"), Citation("brown2017grim")),
        settings=settings,
        explain=(statistics.wilson_interval, video_win_rates.fewest_votes),
    )


def default_panels() -> dict[str, Callable[[], Panel]]:
    """The panels of the page at its default settings."""
    first = {"comparisons": SETS["equal"], "interval": "95%"}
    return {
        "video.win_rates": lambda: win_rates("equal", 0.95, 307, first | {"prompts where not stated": "307"}),
        "video.prompts": lambda: prompts(0.6, 65, 0.95, {"share": "60%", "prompts": "65", "interval": "95%"}),
        "video.driving_study": lambda: driving_study(100, {"votes": "100"}),
        **ranking_figures.default_panels(),
        **score_figures.default_panels(),
        **figures_cost.default_panels(),
    }
