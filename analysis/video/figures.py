"""Figures on what raters prefer among text-to-video systems, as Emu Video and Align Your Latents report it."""

from typing import Any

import numpy as np

from analysis import statistics
from analysis.charts import intervals, marks, style, ticks
from analysis.charts.figure import Figure
from analysis.charts.panel import Citation, Headline, Panel
from analysis.charts.parameters import Quantity
from analysis.charts.shared_parameters import LEVEL
from analysis.video import data
from analysis.video import win_rates as video_win_rates
from analysis.video.data import EMU, LATENTS, SETS, driving_shares, named, reported, study
from analysis.video.figures_marks import COLORS, COMPARISONS, SYMBOLS

UNSTATED = 307
"""Prompts taken where none are stated: those of the set that the comparison with retrieval uses elsewhere in the paper."""
MOST_PROMPTS = 2_000
COVERED = LEVEL(0.95)
SHARE: dict[str, Any] = {"x": "win_share", "low": "win_share_low", "high": "win_share_high"}
KEPT = ["series", "first", "second", "criterion", "win_share", "n_prompts", "votes", "win_share_low", "win_share_high", "row",
        "printed_setting", "location", "source", "verified", "status"]  # fmt: skip
TIE = {"series": "a tie", "win_share": [0.5], "status": "computed"}


class WinRates(Figure):
    """Reported shares of prompts won, with Wilson's interval."""

    name = "video.win_rates"
    comparisons: str = COMPARISONS("equal", options={name: label for name, label in SETS.items() if name != "other"})
    level: float = COVERED

    def draw(self) -> Panel:
        """The panel at these parameters."""
        return _won(self.comparisons, self.level, UNSTATED)


class OtherWinRates(Figure):
    """Reported shares of prompts won in the other comparisons; one whose number of prompts is not stated is a what-if."""

    name = "video.other_win_rates"
    level: float = COVERED
    unstated_prompts: int = Quantity(
        "Prompts where not stated", unit="prompts", low=10, high=500, step=1, whole=True,
    )(UNSTATED)  # fmt: skip

    def draw(self) -> Panel:
        """The panel at these parameters."""
        return _won("other", self.level, self.unstated_prompts)


def _won(which: str, level: float, unstated: int) -> Panel:
    rows = named(which).rename(columns={"share": "win_share", "n": "n_prompts"})
    rows = rows.assign(votes=rows["n_prompts"].fillna(float(unstated)))
    low, high = statistics.wilson_interval(rows["win_share"].to_numpy(), rows["votes"].to_numpy(), level)
    names = list(dict.fromkeys(rows.sort_values("win_share", ascending=False)["name"]))
    at = {name: number for number, name in enumerate(names)}
    rows = rows.assign(
        win_share_low=low,
        win_share_high=high,
        row=rows["name"].map(at) + rows["criterion"].map({"quality": -0.16, "faithfulness": 0.16}),
        series=rows["criterion"].where(rows["n_prompts"].notna(), rows["criterion"] + ", what-if number of prompts"),
        status=np.where(rows["n_prompts"].notna(), "reported", "what_if"),
    )
    parts = [
        part for criterion in video_win_rates.CRITERIA for _, part in rows[rows["criterion"] == criterion].groupby("status", sort=True)
    ]
    traces = []
    for part in parts:
        spans = [
            f"{name}: {share:.1%}, {a:.0%} to {b:.0%}"
            for name, share, a, b in zip(part["name"], part["win_share"], part["win_share_low"], part["win_share_high"], strict=True)
        ]
        criterion = part["criterion"].iloc[0]
        color = style.AMBER if part["status"].iloc[0] == "what_if" else COLORS[criterion]
        traces.append(marks.estimates(part, **SHARE, color=color, symbol=SYMBOLS[criterion], text=spans))
    layout = intervals.rows(
        names,
        "percent",
        f"Win rate ({level:.0%} intervals); in brackets: prompts",
        40,
        (min(0.3, float(low.min()) - 0.03), 1.01),
        0.5,
    )
    open_ = rows[(low <= 0.5) & (high >= 0.5)]
    won, lost = int((low > 0.5).sum()), int((high < 0.5).sum())
    above = Headline("win rates significantly above 50%", won, "", str(won))
    headline = [above]
    title = f"{SETS[which][0].upper()}{SETS[which][1:]}: {above} of {len(rows)} win rates are significantly above 50%"
    if len(open_):
        least = open_.loc[(open_["win_share"] - 0.5).abs().idxmin()]
        headline += [Headline("win rates whose interval includes 50%", len(open_), "", str(len(open_)))] if len(open_) > 1 else []
        ends = [
            Headline(
                "low end of the most open interval", least["win_share_low"], "share", f"{least['win_share_low']:.0%}", "win_share_low"
            ),
            Headline(
                "high end of the most open interval", least["win_share_high"], "share", f"{least['win_share_high']:.0%}", "win_share_high"
            ),
        ]
        headline += ends
        span = f"{least['name'].rsplit(' (', 1)[0]}, {least['criterion']}{{}}: {ends[0]} to {ends[1]}"
        title += f"; {len(open_)} include 50%, such as {span.format('')}" if len(open_) > 1 else f"; not {span.format('')}"
    kappa = data.facts().loc["emu_juice_fleiss_kappa", "value"]
    what = "preferred design" if which == "design" else "system named first or Emu Video"
    return Panel(
        title=title,
        headline=tuple(headline),
        figure=style.figure(traces, layout),
        parts=[*(part[KEPT] for part in parts), TIE],
        caption=(
            f"Markers are the share of prompts (their number in brackets) on which raters prefer the {what}. An interval that does not reach 50% is significant; it is Wilson's, as if prompts were drawn at random. "
            + (f"{lost} of them are significantly below 50%. " if lost else "")
            + ("An amber mark has no stated number of prompts and stands at yours. " if rows["n_prompts"].isna().any() else "")
            + ("Values are read from the text of the figure, and which of two is quality was inferred. " if which == "equal" else "")
            + f"Each prompt is one vote, the majority of its raters, who agree only in part (Fleiss' kappa {kappa:g})."
        ),
        alt=f"Win rates with {level:.0%} intervals, {SETS[which]}; {won} of {len(rows)} are significantly above 50%, from {rows['win_share'].min():.0%} to {rows['win_share'].max():.0%}.",
        sources=(
            *(Citation(EMU, place) for place in dict.fromkeys(rows["location"])),
            Citation(EMU, "Appendix 3.1"),
            Citation("wilson1927"),
        ),
    )


class Prompts(Figure):
    """What a number of prompts can show: Wilson's interval of a share against the number, and all reported comparisons at theirs."""

    name = "video.prompts"
    level: float = COVERED
    win_share: float = Quantity("Win rate", unit="share", low=0.3, high=1.0, step=0.01)(0.6)
    n_prompts: int = Quantity("Prompts", unit="prompts", low=5, high=MOST_PROMPTS, step=5, whole=True)(65)

    def draw(self) -> Panel:
        """The panel at these parameters."""
        share, n, level = self.win_share, self.n_prompts, self.level
        axis = np.unique(np.round(np.geomspace(5, MOST_PROMPTS, 60)))
        low, high = statistics.wilson_interval(share, axis, level)
        here = [float(edge) for edge in statistics.wilson_interval(share, n, level)]
        rows = reported().dropna(subset=["n"])
        rows = rows[rows["first"] == "Emu Video"].rename(columns={"share": "win_share", "n": "n_prompts"})
        apart = rows["criterion"].map({"quality": 0.98, "faithfulness": 1.02})
        rows = rows.assign(
            n_prompts_drawn=rows["n_prompts"] * apart, series="Emu Video, " + rows["criterion"], rival=rows["second"], status="reported"
        )
        band = {
            "series": f"{level:.0%} interval of {share:.0%}", "n_prompts": axis, "win_share": share, "win_share_low": low,
            "win_share_high": high, "status": "uncertain",
        }  # fmt: skip
        chosen = {
            "series": f"win rate {share:.0%}", "n_prompts": [5, MOST_PROMPTS], "win_share": [share] * 2, "status": "what_if"
        }  # fmt: skip
        yours = {
            "series": "your study", "n_prompts": [n], "win_share": [share], "win_share_low": [here[0]], "win_share_high": [here[1]],
            "status": "what_if",
        }  # fmt: skip
        traces = marks.band(band, "n_prompts", "win_share_low", "win_share_high", style.AMBER)
        traces.append(marks.line(chosen, "n_prompts", "win_share", style.AMBER))
        for criterion in video_win_rates.CRITERIA:
            part = rows[rows["criterion"] == criterion]
            over = [f"over {second}, {place}" for second, place in zip(part["rival"], part["location"], strict=True)]
            traces.append(marks.points(part, "n_prompts_drawn", "win_share", COLORS[criterion], symbol=SYMBOLS[criterion], text=over))
        traces.append(marks.points(yours, "n_prompts", "win_share", style.AMBER))
        layout = style.layout(
            "log_number",
            "percent",
            x_title="Prompts",
            y_title="Win rate",
            height=440,
            x_range=(5, MOST_PROMPTS),
            y_range=(0.3, 1.02),
            shapes=[style.horizontal_line(0.5), style.vertical_line(n, style.AMBER)],
        )
        layout["xaxis"] |= ticks.at([5, 10, 23, 65, 150, 307, 1000])
        ends = (
            Headline("low end of the interval", here[0], "share", f"{here[0]:.0%}", "win_share_low"),
            Headline("high end of the interval", here[1], "share", f"{here[1]:.0%}", "win_share_high"),
        )
        enough = float(video_win_rates.prompts_for(share, level)) if share > 0.5 else float("nan")
        need, headline = f"no number up to {MOST_PROMPTS:,} rules out a tie", list(ends)
        if enough == enough:
            fewest = Headline("prompts that rule out a tie", enough, "prompts", f"{enough:,.0f}")
            need, headline = f"{fewest} prompts are enough to rule out a tie", [*ends, fewest]
        kept = ["series", "rival", "criterion", "n_prompts", "n_prompts_drawn", "win_share", "location", "source", "verified", "status"]
        return Panel(
            title=f"A win rate of {share:.0%} on {n:,} prompts means {ends[0]} to {ends[1]}; {need}",
            headline=tuple(headline),
            figure=style.figure(traces, layout),
            parts=[band, chosen, yours, rows[kept], TIE],
            caption="The band is the interval of the true win rate, given yours, by the number of prompts. Markers are Emu Video's reported comparisons at their numbers of prompts (moved apart a little): most rest on 65 prompts, some on 307, one rival on 23.",
            alt=f"Interval of a win rate of {share:.0%} against the number of prompts; at {n:,} it reaches from {here[0]:.0%} to {here[1]:.0%}.",
            sources=(Citation(EMU, "Figure 2; Tables 2, 3, 5, 10"), Citation("wilson1927")),
        )


class DrivingStudy(Figure):
    """Preferences of Align Your Latents' driving study, ties as half a vote, at a what-if number of independent votes."""

    name = "video.driving_study"
    votes: int = Quantity(
        "Ratings per pair", unit="votes", low=25, high=400, step=1, whole=True,
    )(100)  # fmt: skip

    def draw(self) -> Panel:
        """The panel at these parameters."""
        votes = self.votes
        names, share, fewest = driving_shares()
        low, high = statistics.wilson_interval(share, votes)
        part = {
            "series": f"interval at {votes} ratings (what-if)", "pair": names, "win_share": share, "win_share_low": low,
            "win_share_high": high, "votes": votes, "row": np.arange(len(names)), "status": "what_if",
        }  # fmt: skip
        spans = [f"{name}: {value:.1%}" for name, value in zip(names, share, strict=True)]
        printed = study()[["pair", "metric", "value", "unit", "printed_setting", "location", "source", "verified"]]
        layout = intervals.rows(names, "percent", "Preferred (95% intervals)", 48, (0.3, 0.85), 0.5)
        sure = int((low > 0.5).sum())
        beyond = Headline("preferences beyond chance", sure, "", str(sure))
        return Panel(
            title=f"With {votes} ratings per pair, {beyond} of {len(names)} preferences in the driving study would be significant",
            headline=(beyond,),
            figure=style.figure([marks.estimates(part, **SHARE, color=style.AMBER, text=spans)], layout),
            parts=[printed.assign(series="printed", status="reported"), part, TIE],
            caption=f"Bars are intervals of the reported preferences for your number of ratings; those that do not reach 50% are significant. The study has 4 raters and 100 videos, and does not say how many ratings are behind a share. Its digits fit {', '.join(map(str, fewest))} ratings or multiples of them; 400 would need all raters to answer independently. LVG is an earlier generator of long videos.",
            alt=f"Three preferences of the driving study between {share.min():.0%} and {share.max():.0%}; at {votes} ratings {sure} of them are significantly above 50%.",
            sources=(Citation(LATENTS, "driving user study"), Citation("wilson1927"), Citation("brown2017grim")),
        )
