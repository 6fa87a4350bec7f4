"""Figures on one scale for all text-to-video systems, and on two tests of the shares behind it."""

from collections.abc import Callable, Mapping

import numpy as np

from analysis import statistics
from analysis.charts import intervals, style
from analysis.charts.panel import Citation, Panel, table_of
from analysis.video import win_rates
from analysis.video.data import EMU, LATENTS, SETS, fitted_ranking, ranked_rows, reported, study
from analysis.video.figures_marks import COLORS


def ranking(which: str, criterion: str, added: float, settings: Mapping[str, str]) -> Panel:
    """All systems on one scale, from their win rates."""
    table = fitted_ranking(which, criterion, added)
    names = table["model"].tolist()
    rest = table.iloc[1:]
    spans = [
        f"{model}: {rating:.0f}, {low:.0f} to {high:.0f} Elo points"
        for model, rating, low, high in zip(rest["model"], rest["rating"], rest["low"], rest["high"], strict=True)
    ]
    traces = [
        intervals.bars(rest["rating"], rest["low"], rest["high"], range(1, len(names)), "95% interval", COLORS[criterion], "circle", spans),
        style.computed_ticks([0], [0], f"{names[0]} = 0", style.SLATE),
    ]
    layout = intervals.rows(names, "number", f"Elo points below {names[0]}", 34, (max(float(rest["low"].min()), -1300) - 40, 60), 0.0)
    layout["showlegend"] = False
    pair, last = table.iloc[1], table.iloc[-1]
    of = {"quality": "In quality", "faithfulness": "In faithfulness", "both": "In both criteria together"}[criterion]
    rows = ranked_rows(which, criterion)
    rivals = int((rest["high"] < 0).sum())
    return Panel(
        name="video.ranking",
        title=f"{of}, {names[0]} leads {f'all {rivals}' if rivals == len(rest) else f'{rivals} of {len(rest)}'} rivals beyond chance; {pair['model']} is nearest, {-pair['rating']:.0f} points ({-pair['high']:.0f} to {-pair['low']:.0f}) behind",
        figure=style.figure(traces, layout),
        data=lambda: table.assign(status="computed"),
        caption=(
            f"Bradley-Terry strengths from {len(rows)} compared pairs with {added:g} added votes on each side; without them a system that lost every vote would be infinitely weak. Almost every rival met only {names[0]}, so the order among "
            f"rivals rests on comparisons with it and overlapping bars leave it open. 400 points are odds of ten to one; {last['model']} is last at {last['rating']:.0f}."
            + (" Intervals reach beyond the left edge." if rest["low"].min() < -1300 else "")
        ),
        alt=f"Strengths of {len(names)} systems relative to {names[0]}, with 95% intervals; {pair['model']} is nearest at {pair['rating']:.0f} Elo points, {last['model']} last at {last['rating']:.0f}.",
        sources=(*(Citation(EMU, place) for place in dict.fromkeys(rows["location"])), Citation("bradley1952")),
        settings=settings,
        explain=(win_rates.ranking, win_rates.vote_counts, win_rates.both_criteria),
    )


def triangle(settings: Mapping[str, str]) -> Panel:
    """The one rivalry that was compared and can be predicted too: Gen-2 from text against Gen-2 from an image."""
    rows = reported()
    rows = rows[rows["location"] == "Table 5"].set_index(["first", "second", "criterion"])
    measured, predicted, traces = [], [], []
    for criterion in win_rates.CRITERIA:
        direct = rows.loc[("Gen-2", "Gen-2 I2V", criterion)]
        text, image = (float(rows.loc[("Emu Video", other, criterion), "share"]) for other in ("Gen-2", "Gen-2 I2V"))
        low, high = statistics.wilson_interval(direct["share"], direct["n"])
        measured.append((float(direct["share"]), float(low), float(high)))
        predicted.append(float(win_rates.implied_share(1 - text, 1 - image)))
    names = [f"{criterion} ({rows['n'].iloc[0]:.0f} prompts)" for criterion in win_rates.CRITERIA]
    share, low, high = (np.array(column) for column in zip(*measured, strict=True))
    mark = intervals.bars(share, low, high, range(2), "reported, with 95% interval", style.BLUE)
    mark["meta"] = {"role": "reported"}
    traces = [mark, style.computed_ticks(predicted, list(range(2)), "implied by the comparisons with Emu Video", style.AMBER)]
    layout = intervals.rows(names, "percent", "Prompts that Gen-2 from text wins", 56, (0.2, 0.8), 0.5)
    inside = all(a <= value <= b for value, a, b in zip(predicted, low, high, strict=True))
    return Panel(
        name="video.triangle",
        title=f"Where it can be tested, choices add up: {predicted[0]:.1%} of prompts are implied in quality and {share[0]:.1%} were found",
        figure=style.figure(traces, layout),
        data=lambda: table_of(
            [
                {
                    "criterion": win_rates.CRITERIA,
                    "share": share,
                    "low": low,
                    "high": high,
                    "source": EMU,
                    "location": "Table 5",
                    "status": "reported",
                },
                {"criterion": win_rates.CRITERIA, "share": predicted, "low": [0.0] * 2, "high": [0.0] * 2, "status": "computed"},
                {"criterion": ["both inside"], "share": [float(inside)], "status": ["computed"]},
            ]
        ),
        caption=f"Emu Video met Gen-2 from text and Gen-2 animating an image. Its wins over each imply how the two should fare against each other if log-odds add up; in faithfulness {predicted[1]:.1%} is implied and {share[1]:.1%} found. Starting from an image seems to help this rival too, though {rows['n'].iloc[0]:.0f} prompts leave a tie possible.",
        alt=f"Gen-2 from text is preferred to Gen-2 from an image on {share[0]:.1%} of prompts in quality, where {predicted[0]:.1%} is implied, and {share[1]:.1%} in faithfulness, where {predicted[1]:.1%} is implied.",
        sources=(Citation(EMU, "Table 5"), Citation("bradley1952")),
        settings=settings,
        explain=(win_rates.implied_share, statistics.wilson_interval),
    )


def whole_votes(settings: Mapping[str, str]) -> Panel:
    """How far each printed share is from a whole number of the stated prompts."""
    rows = reported().dropna(subset=["n"])
    votes, gap = win_rates.nearest_votes(rows["value"].to_numpy(), rows["n"].to_numpy())
    rows = rows.assign(votes=votes, gap=gap, name=rows["second"] + ", " + rows["criterion"])
    fits = rows["gap"] <= win_rates.ROUNDED
    traces = []
    for name, part, color in (("a whole number of prompts", rows[fits], style.BLUE), ("rounded otherwise", rows[~fits], style.CRIMSON)):
        label = [
            f"{text}, {place}: {k:.0f} of {n:.0f}"
            for text, place, k, n in zip(part["name"], part["location"], part["votes"], part["n"], strict=True)
        ]
        traces.append(
            style.reported_markers(
                part["value"], part["gap"], name, color, "circle" if color == style.BLUE else "diamond", part["verified"] > 0, label
            )
        )
    layout = style.layout(
        "number", "number", x_title="Printed share (%)", y_title="Gap to the nearest whole number of prompts (points)", y_range=(-0.01, 0.2)
    )
    layout["shapes"] = [style.horizontal_line(0.05)]
    worst = rows.loc[rows["gap"].idxmax()]
    shares = study()
    fewest = {pair: win_rates.fewest_votes(part["value"].tolist()) for pair, part in shares.groupby("pair", sort=False)}
    return Panel(
        name="video.whole_votes",
        title=f"{int(fits.sum())} of {len(rows)} printed shares are whole numbers of the stated prompts; the others miss by up to {worst['gap']:.2f} points",
        figure=style.figure(traces, layout),
        data=lambda: rows[["first", "second", "criterion", "value", "n", "votes", "gap", "location", "source", "verified"]].assign(
            status="reported"
        ),
        caption=(
            "If a share of n prompts is rounded to one decimal, it lies within 0.05 points (the line) of a multiple of 100/n; with 307 prompts many numbers do, with 65 few. The misses are small and look like another way of rounding. "
            f"The same test on Align Your Latents' driving study, stated as 4 raters x 100 videos, finds shares of {', '.join(map(str, fewest.values()))} votes or multiples of them, not of 400."
        ),
        alt=f"Gaps of {len(rows)} printed shares to whole numbers of prompts; {int(fits.sum())} are within rounding and the largest gap is {worst['gap']:.2f} points.",
        sources=(Citation(EMU, "Figure 2; Tables 1, 2, 3, 5, 10"), Citation(LATENTS, "driving user study"), Citation("brown2017grim")),
        settings=settings,
        explain=(win_rates.nearest_votes, win_rates.fewest_votes),
    )


def default_panels() -> dict[str, Callable[[], Panel]]:
    """The panels of this module at their default settings."""
    settings = {"comparisons": SETS["equal"], "criterion": "both", "added votes": "0.5"}
    return {
        "video.ranking": lambda: ranking("equal", "both", 0.5, settings),
        "video.triangle": lambda: triangle({"comparisons": "Table 5"}),
        "video.whole_votes": lambda: whole_votes({"comparisons": "all with a stated number"}),
    }
