"""Figures on one scale for all text-to-video systems, and on two tests of the shares behind it."""

import numpy as np

from analysis import statistics
from analysis.charts import intervals, marks, style
from analysis.charts.figure import Figure
from analysis.charts.panel import Citation, Headline, Panel
from analysis.charts.parameters import Choice
from analysis.video import win_rates
from analysis.video.data import EMU, LATENTS, RANKED, SETS, fitted_ranking, ranked_rows, reported, study
from analysis.video.figures_marks import COLORS, COMPARISONS, CRITERION

LEFT_EDGE = -1300
OF = {"quality": "Quality", "faithfulness": "Faithfulness", "both": "Both criteria"}


class Ranking(Figure):
    """All systems on one scale, from their win rates."""

    name = "video.ranking"
    comparisons: str = COMPARISONS("equal", options={name: SETS[name] for name in RANKED})
    criterion: str = CRITERION("both")
    added_votes: float = Choice(
        "Pseudo-count",
        options={0.5: "0.5 votes", 1: "1 vote", 2: "2 votes"},
    )(0.5)

    def draw(self) -> Panel:
        """The panel at these parameters."""
        which, criterion, added = self.comparisons, self.criterion, float(self.added_votes)
        table = fitted_ranking(which, criterion, added).rename(columns={"low": "rating_low", "high": "rating_high"})
        table = table.assign(row=np.arange(len(table)), status="computed")
        names = table["model"].tolist()
        first, rest = table.iloc[:1].assign(series=f"{names[0]} = 0"), table.iloc[1:].assign(series="95% interval")
        spans = [
            f"{model}: {rating:.0f}, {low:.0f} to {high:.0f} Elo points"
            for model, rating, low, high in zip(rest["model"], rest["rating"], rest["rating_low"], rest["rating_high"], strict=True)
        ]
        traces = [
            marks.estimates(rest, "rating", "rating_low", "rating_high", COLORS[criterion], text=spans),
            marks.ticks(first, "rating", "row", style.SLATE),
        ]
        left = max(float(rest["rating_low"].min()), LEFT_EDGE) - 40
        layout = intervals.rows(names, "number", f"Elo points below {names[0]}", 34, (left, 60), 0.0)
        layout["showlegend"] = False
        pair, last = rest.iloc[0], rest.iloc[-1]
        rows = ranked_rows(which, criterion)
        rivals = int((rest["rating_high"] < 0).sum())
        behind, nearest, farthest = (
            Headline(f"how far the nearest rival is behind{end}", -pair[column], "Elo points", f"{-pair[column]:.0f}")
            for column, end in (("rating", ""), ("rating_high", ", low end"), ("rating_low", ", high end"))
        )
        leads = f"all {rivals}" if rivals == len(rest) else f"{rivals} of {len(rest)}"
        return Panel(
            title=f"{OF[criterion]}: {names[0]} leads {leads} rivals significantly; {pair['model']} is nearest, {behind} points ({nearest} to {farthest}) behind",
            headline=(behind, nearest, farthest),
            figure=style.figure(traces, layout),
            parts=[first, rest],
            caption=(
                f"Bars are Bradley-Terry ratings with 95% intervals, from {len(rows)} compared pairs with a pseudo-count of {added:g} on each side; without it a system that lost every vote would have no finite rating. Almost every rival met only {names[0]}, so the order among "
                f"rivals is indirect, and where bars overlap it is not significant. 400 points are odds of ten to one; {last['model']} is last at {last['rating']:.0f}."
                + (" Intervals reach beyond the left edge." if rest["rating_low"].min() < LEFT_EDGE else "")
            ),
            alt=f"Ratings of {len(names)} systems relative to {names[0]}, with 95% intervals; {pair['model']} is nearest at {pair['rating']:.0f} Elo points, {last['model']} last at {last['rating']:.0f}.",
            sources=(*(Citation(EMU, place) for place in dict.fromkeys(rows["location"])), Citation("bradley1952")),
        )


class Triangle(Figure):
    """The one rivalry that was compared and can be predicted too: Gen-2 from text against Gen-2 from an image."""

    name = "video.triangle"

    def draw(self) -> Panel:
        """The panel."""
        rows = reported()
        rows = rows[rows["location"] == "Table 5"].set_index(["first", "second", "criterion"])
        direct = rows.loc[[("Gen-2", "Gen-2 I2V", criterion) for criterion in win_rates.CRITERIA]]
        over = {
            other: np.array([rows.loc[("Emu Video", other, criterion), "share"] for criterion in win_rates.CRITERIA])
            for other in ("Gen-2", "Gen-2 I2V")
        }
        share, n = direct["share"].to_numpy(), int(direct["n"].iloc[0])
        implied = win_rates.implied_share(1 - over["Gen-2"], 1 - over["Gen-2 I2V"])
        low, high = statistics.wilson_interval(share, direct["n"].to_numpy())
        measured = {
            "series": "reported, with 95% interval", "criterion": win_rates.CRITERIA, "row": [0, 1], "win_share": share,
            "win_share_low": low, "win_share_high": high, "n_prompts": direct["n"].to_numpy(), "source": EMU, "location": "Table 5",
            "verified": direct["verified"].to_numpy(), "status": "reported",
        }  # fmt: skip
        predicted = {
            "series": "implied by the comparisons with Emu Video", "criterion": win_rates.CRITERIA, "row": [0, 1], "win_share": implied,
            "inside_interval": (low <= implied) & (implied <= high), "status": "computed",
        }  # fmt: skip
        traces = [
            marks.estimates(measured, "win_share", "win_share_low", "win_share_high", style.BLUE),
            marks.ticks(predicted, "win_share", "row", style.ORCHID),
        ]
        names = [f"{criterion} ({n} prompts)" for criterion in win_rates.CRITERIA]
        layout = intervals.rows(names, "percent", "Win rate of Gen-2 from text", 56, (0.2, 0.8), 0.5)
        expected, found = (
            [
                Headline(f"share {what} in {criterion}", float(value), "share", f"{value:.1%}", "win_share")
                for criterion, value in zip(win_rates.CRITERIA, values, strict=True)
            ]
            for what, values in (("implied", implied), ("found", share))
        )
        told = [
            f"{criterion} {implied_share} implied, {found_share} found"
            for criterion, implied_share, found_share in zip(win_rates.CRITERIA, expected, found, strict=True)
        ]
        return Panel(
            title=f"Do preferences add up? Gen-2 over Gen-2 I2V: {'; '.join(told)}",
            headline=(*expected, *found),
            figure=style.figure(traces, layout),
            parts=[measured, predicted, {"series": "a tie", "win_share": [0.5], "status": "computed"}],
            caption=f"Markers compare the reported win rate of Gen-2 from text over Gen-2 from an image with the one that Emu Video's wins over both imply, if log-odds add up. {int(predicted['inside_interval'].sum())} of {len(share)} lie within the interval of what was found. Starting from an image seems to help this rival too, though {n} prompts leave a tie possible.",
            alt=f"Gen-2 from text is preferred to Gen-2 from an image on {share[0]:.1%} of prompts in quality, where {implied[0]:.1%} is implied, and {share[1]:.1%} in faithfulness, where {implied[1]:.1%} is implied.",
            sources=(Citation(EMU, "Table 5"), Citation("bradley1952")),
        )


class WholeVotes(Figure):
    """How far each printed share is from a whole number of the stated prompts."""

    name = "video.whole_votes"

    def draw(self) -> Panel:
        """The panel."""
        rows = reported().dropna(subset=["n"]).rename(columns={"share": "win_share", "n": "n_prompts"})
        votes, gap = win_rates.nearest_votes(rows["value"].to_numpy(), rows["n_prompts"].to_numpy())
        fits = gap <= win_rates.ROUNDED
        names = rows["second"] + ", " + rows["criterion"]
        series = np.where(fits, "GRIM-consistent", "not GRIM-consistent")
        rows = rows.assign(votes=votes, gap_points=gap, name=names, series=series, status="reported")
        kept = ["series", "first", "second", "criterion", "win_share", "n_prompts", "votes", "gap_points", "location", "source", "verified",
                "status"]  # fmt: skip
        traces = []
        for part, color, symbol in ((rows[fits], style.BLUE, "circle"), (rows[~fits], style.CRIMSON, "diamond")):
            label = [
                f"{text}, {place}: {k:.0f} of {n:.0f}"
                for text, place, k, n in zip(part["name"], part["location"], part["votes"], part["n_prompts"], strict=True)
            ]
            traces.append(marks.points(part, "win_share", "gap_points", color, per_x=0.01, symbol=symbol, text=label))
        layout = style.layout(
            "number",
            "number",
            x_title="Reported share (%)",
            y_title="Gap to the nearest whole number of prompts (points)",
            y_range=(-0.01, 0.2),
        )
        layout["shapes"] = [style.horizontal_line(0.05)]
        layout["annotations"] = [
            style.note(0, 0.05, "half of the last printed digit", xref="x domain", xanchor="left", yanchor="bottom", xshift=4)
        ]
        fewest = {pair: win_rates.fewest_votes(part["value"].tolist()) for pair, part in study().groupby("pair", sort=False)}
        whole = Headline("shares that are whole numbers of prompts", int(fits.sum()), "", str(int(fits.sum())))
        largest = Headline("largest gap", float(gap.max()), "points", f"{gap.max():.2f}", "gap_points")
        return Panel(
            title=f"{whole} of {len(rows)} reported shares are GRIM-consistent; the others miss by up to {largest} points",
            headline=(whole, largest),
            figure=style.figure(traces, layout),
            parts=[rows[kept], {"series": "half of the last printed digit", "gap_points": [0.05], "status": "computed"}],
            caption=(
                "Each marker is a reported share and its gap to the nearest whole number of the stated prompts. Below the line it is GRIM-consistent: a share of n prompts rounded to one decimal is within 0.05 points of a multiple of 100/n. With 307 prompts many numbers are, with 65 few. The misses are small and look like different rounding. "
                f"The same test on Align Your Latents' driving study, stated as 4 raters × 100 videos, finds shares of {', '.join(map(str, fewest.values()))} ratings or multiples of them, not of 400."
            ),
            alt=f"Gaps of {len(rows)} reported shares to whole numbers of prompts; {whole} are within rounding and the largest gap is {largest} points.",
            sources=(Citation(EMU, "Figure 2; Tables 1, 2, 3, 5, 10"), Citation(LATENTS, "driving user study"), Citation("brown2017grim")),
        )
