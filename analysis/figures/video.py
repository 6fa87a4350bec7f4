"""Figures on what raters prefer among text-to-video systems, and on automatic scores, as Emu Video and Align Your Latents report them."""

from collections.abc import Callable, Mapping
from functools import cache

import numpy as np
import pandas as pd

from analysis import tables, video
from analysis.figures import intervals, style
from analysis.figures import video_cost as cost_figures
from analysis.figures.panel import Citation, Panel, table_of
from analysis.units import significant

EMU, LATENTS = "girdhar2023", "blattmann2023"
COLORS = {"quality": style.BLUE, "faithfulness": style.CRIMSON, "both": style.VIOLET}
SYMBOLS = {"quality": "circle", "faithfulness": "diamond", "both": "circle"}
SETS = {
    "equal": "text to video, equal size", "original": "text to video, original size", "animated": "animating an image",
    "design": "its own design choices", "other": "other comparisons",
}  # fmt: skip
PLACES = {
    "equal": ("Figure 2",),
    "original": ("Table 10",),
    "animated": ("Table 3",),
    "design": ("Table 1",),
    "other": ("Table 2", "Table 5", "Section 4.3"),
}
DESIGN = {
    "Factorized": "image first, not directly", "Zero terminal-SNR": "noise schedule down to no signal", "Multi-stage": "several stages of training",
    "HQ finetuned": "fine-tuned on high quality", "Frozen spatial": "image layers frozen",
}  # fmt: skip
RANKED = ("equal", "original", "animated")
RESAMPLES = 400
STUDY = "driving_study"


@cache
def reported() -> pd.DataFrame:
    """Every comparison that Emu Video reports (`video.comparisons`), and which of SETS it is in."""
    rows = tables.load("vision_scores")
    rows = video.comparisons(rows[rows["source"] == EMU])
    places = {place: name for name, some in PLACES.items() for place in some}
    return rows.assign(set=rows["location"].map(places))


def chosen(which: str) -> pd.DataFrame:
    """The comparisons of a set; of "other", without the repetition of Figure 2 in Table 5."""
    if which not in SETS:
        raise ValueError(f"which must be one of {', '.join(SETS)}, got {which!r}")
    rows = reported()
    rows = rows[rows["set"] == which]
    return rows[~((rows["location"] == "Table 5") & (rows["first"] == "Emu Video") & (rows["second"] == "Gen-2"))]


@cache
def headline() -> tuple[int, int, str]:
    """(shares whose interval lies above one half, all shares, the ones that are not in words) for text to video at equal size."""
    rows = chosen("equal")
    low, _ = video.wilson(rows["share"].to_numpy(), rows["n"].to_numpy())
    left = rows[low <= 0.5]
    return int((low > 0.5).sum()), len(rows), " and ".join(f"{row['second']} in {row['criterion']}" for row in left.to_dict("records"))


def pair_names(rows: pd.DataFrame) -> pd.Series:
    """How the rows of a comparison are called on a chart: the rival, the design choice, or both sides."""
    n = rows["n"].map(lambda value: f" ({value:.0f})" if value == value else " (?)")
    emu = rows["first"] == "Emu Video"
    other = (rows["first"] + " over " + rows["second"]).where(~rows["first"].isin(list(DESIGN)), rows["first"].map(DESIGN))
    names = rows["second"].where(emu, other)
    return names + rows["location"].map(lambda place: ", UCF-101" if place == "Table 2" else "") + n


def win_rates(which: str, level: float, unknown: int, settings: Mapping[str, str]) -> Panel:
    """Reported shares of prompts won, with Wilson's interval; rows whose number of prompts is not stated stand at `unknown` and are a what-if."""
    rows = chosen(which)
    rows = rows.assign(name=pair_names(rows), votes=rows["n"].fillna(float(unknown)))
    low, high = video.wilson(rows["share"].to_numpy(), rows["votes"].to_numpy(), level)
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
    layout = intervals.rows(names, "percent", "Prompts on which it is preferred", 40, (min(0.3, float(low.min()) - 0.03), 1.01), 0.5)
    layout["xaxis"]["title"]["text"] += f" ({level:.0%} intervals)"
    open_ = rows[(rows["low"] <= 0.5) & (rows["high"] >= 0.5)]
    won, lost = int((rows["low"] > 0.5).sum()), int((rows["high"] < 0.5).sum())
    title = f"{SETS[which][0].upper()}{SETS[which][1:]}: {won} of {len(rows)} shares lie above one half beyond chance"
    if len(open_):
        least = open_.loc[(open_["share"] - 0.5).abs().idxmin()]
        title += f"; {least['name'].rsplit(' (', 1)[0]}, {least['criterion']}, is not: {least['low']:.0%} to {least['high']:.0%}"
    kappa = cost_figures.facts().loc["emu_juice_fleiss_kappa", "value"]
    what = "preferred design" if which == "design" else "system named first or Emu Video"
    return Panel(
        name="video.win_rates",
        title=title,
        figure=style.figure(traces, layout),
        data=lambda: rows[["first", "second", "criterion", "share", "n", "votes", "low", "high", "printed_setting", "location", "source", "verified"]].assign(
            status=np.where(rows["n"].notna(), "reported", "what_if")
        ),
        caption=(
            f"Share of prompts (their number in brackets) on which raters prefer the {what}; the bar is Wilson's interval, as if prompts were drawn at random. "
            + (f"{lost} of them lie below one half beyond chance. " if lost else "")
            + ("A hollow mark has no stated number of prompts and stands at yours. " if rows["n"].isna().any() else "")
            + ("Values are read from the text of the figure, and which of two is quality was inferred. " if which == "equal" else "")
            + f"Each prompt is one vote, the majority of its raters, who agree only in part (Fleiss' kappa {kappa:g})."
        ),
        alt=f"Shares of prompts won with {level:.0%} intervals, {SETS[which]}; {won} of {len(rows)} lie wholly above one half, from {rows['share'].min():.0%} to {rows['share'].max():.0%}.",
        sources=(*(Citation(EMU, place) for place in dict.fromkeys(rows["location"])), Citation(EMU, "Appendix 3.1"), Citation("wilson1927")),
        settings=settings,
        explain=(video.comparisons, video.wilson),
    )  # fmt: skip


def prompts(share: float, n: int, level: float, settings: Mapping[str, str]) -> Panel:
    """What a number of prompts can show: Wilson's interval of a share against the number, and all reported comparisons at theirs."""
    axis = np.unique(np.round(np.geomspace(5, 2000, 60)))
    low, high = video.wilson(share, axis, level)
    here = [float(edge) for edge in video.wilson(share, n, level)]
    rows = reported().dropna(subset=["n"])
    rows = rows[(rows["first"] == "Emu Video")]
    enough = float(video.prompts_for(share, level)) if share > 0.5 else float("nan")
    traces = style.band(axis, low, high, f"{level:.0%} interval of {share:.0%}", style.AMBER)
    traces.append(style.what_if_line([5, 2000], [share, share], f"a share of {share:.0%}", style.AMBER))
    for criterion in video.CRITERIA:
        part = rows[rows["criterion"] == criterion]
        traces.append(
            style.reported_markers(
                part["n"] * (0.98 if criterion == "quality" else 1.02), part["share"], f"Emu Video, {criterion}", COLORS[criterion], SYMBOLS[criterion], part["verified"] > 0,
                [f"over {second}, {place}" for second, place in zip(part["second"], part["location"], strict=True)],
            )
        )  # fmt: skip
    traces.append(style.what_if_marker([n], [share], "your study", style.AMBER))
    layout = style.layout(
        "log_number", "percent", x_title="Prompts", y_title="Prompts won", height=440, x_range=(5, 2000), y_range=(0.3, 1.02),
        shapes=[style.horizontal_line(0.5), style.vertical_line(n, style.AMBER)],
    )  # fmt: skip
    layout["xaxis"] |= {"tickvals": [5, 10, 23, 65, 150, 307, 1000], "ticktext": ["5", "10", "23", "65", "150", "307", "1,000"]}
    need = f"{enough:,.0f} prompts would do to rule out a tie" if enough == enough else "no number up to 2,000 rules out a tie"
    return Panel(
        name="video.prompts",
        title=f"{share:.0%} of {n:,} prompts means {here[0]:.0%} to {here[1]:.0%}; {need}",
        figure=style.figure(traces, layout),
        data=lambda: table_of([
            {"series": "interval", "n": axis, "share": share, "low": low, "high": high, "status": "uncertain"},
            {"series": ["your study"], "n": [n], "share": [share], "low": [here[0]], "high": [here[1]], "status": "what_if"},
            rows.rename(columns={"second": "series"})[["series", "criterion", "n", "share", "location", "source", "verified"]].assign(status="reported").to_dict("list"),
        ]),
        caption="The band is where the true share may lie after so many prompts with the share you chose. Markers are Emu Video's reported comparisons at their numbers of prompts (moved apart a little): most rest on 65 prompts, some on 307, one rival on 23.",
        alt=f"Interval of a share of {share:.0%} against the number of prompts; at {n:,} it reaches from {here[0]:.0%} to {here[1]:.0%}.",
        sources=(Citation(EMU, "Figure 2; Tables 2, 3, 5, 10"), Citation("wilson1927")),
        settings=settings,
        explain=(video.wilson, video.prompts_for),
    )  # fmt: skip


def ranked_rows(which: str, criterion: str) -> pd.DataFrame:
    """The comparisons behind a ranking; for text to video at equal size with those of Table 5 that join it."""
    if which not in RANKED or criterion not in COLORS:
        raise ValueError(
            f"which must be one of {', '.join(RANKED)} and criterion one of {', '.join(COLORS)}, got {which!r} and {criterion!r}"
        )
    rows = chosen(which)
    if which == "equal":
        more = reported()
        rows = pd.concat([rows, more[(more["location"] == "Table 5") & (more["second"] == "Gen-2 I2V")]])
    return video.both_criteria(rows) if criterion == "both" else rows[rows["criterion"] == criterion]


@cache
def fitted_ranking(which: str, criterion: str, added: float) -> pd.DataFrame:
    """The ranking of a set of comparisons, kept once it was made."""
    return video.ranking(ranked_rows(which, criterion), added, RESAMPLES)


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
        explain=(video.ranking, video.vote_counts, video.both_criteria),
    )  # fmt: skip


def triangle(settings: Mapping[str, str]) -> Panel:
    """The one rivalry that was compared and can be predicted too: Gen-2 from text against Gen-2 from an image."""
    rows = reported()
    rows = rows[rows["location"] == "Table 5"].set_index(["first", "second", "criterion"])
    measured, predicted, traces = [], [], []
    for criterion in video.CRITERIA:
        direct = rows.loc[("Gen-2", "Gen-2 I2V", criterion)]
        text, image = (float(rows.loc[("Emu Video", other, criterion), "share"]) for other in ("Gen-2", "Gen-2 I2V"))
        low, high = video.wilson(direct["share"], direct["n"])
        measured.append((float(direct["share"]), float(low), float(high)))
        predicted.append(float(video.implied_share(1 - text, 1 - image)))
    names = [f"{criterion} ({rows['n'].iloc[0]:.0f} prompts)" for criterion in video.CRITERIA]
    share, low, high = (np.array(column) for column in zip(*measured, strict=True))
    mark = intervals.bars(share, low, high, range(2), "reported, with 95% interval", style.BLUE)
    mark["meta"] = {"role": "reported"}
    traces = [mark, style.computed_ticks(predicted, list(range(2)), "implied by the comparisons with Emu Video", style.AMBER)]
    layout = intervals.rows(names, "percent", "Prompts on which Gen-2 from text beats Gen-2 from an image", 56, (0.2, 0.8), 0.5)
    inside = all(a <= value <= b for value, a, b in zip(predicted, low, high, strict=True))
    return Panel(
        name="video.triangle",
        title=f"Where it can be tested, choices add up: {predicted[0]:.1%} of prompts are implied in quality and {share[0]:.1%} were found",
        figure=style.figure(traces, layout),
        data=lambda: table_of([
            {"criterion": video.CRITERIA, "share": share, "low": low, "high": high, "source": EMU, "location": "Table 5", "status": "reported"},
            {"criterion": video.CRITERIA, "share": predicted, "low": [0.0] * 2, "high": [0.0] * 2, "status": "computed"},
            {"criterion": ["both inside"], "share": [float(inside)], "status": ["computed"]},
        ]),
        caption=f"Emu Video met Gen-2 from text and Gen-2 animating an image. Its wins over each imply how the two should fare against each other if log-odds add up; in faithfulness {predicted[1]:.1%} is implied and {share[1]:.1%} found. Starting from an image seems to help this rival too, though {rows['n'].iloc[0]:.0f} prompts leave a tie possible.",
        alt=f"Gen-2 from text is preferred to Gen-2 from an image on {share[0]:.1%} of prompts in quality, where {predicted[0]:.1%} is implied, and {share[1]:.1%} in faithfulness, where {predicted[1]:.1%} is implied.",
        sources=(Citation(EMU, "Table 5"), Citation("bradley1952")),
        settings=settings,
        explain=(video.implied_share, video.wilson),
    )  # fmt: skip


def whole_votes(settings: Mapping[str, str]) -> Panel:
    """How far each printed share is from a whole number of the stated prompts."""
    rows = reported().dropna(subset=["n"])
    votes, gap = video.nearest_votes(rows["value"].to_numpy(), rows["n"].to_numpy())
    rows = rows.assign(votes=votes, gap=gap, name=rows["second"] + ", " + rows["criterion"])
    fits = rows["gap"] <= video.ROUNDED
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
    fewest = {pair: video.fewest_votes(part["value"].tolist()) for pair, part in shares.groupby("pair", sort=False)}
    return Panel(
        name="video.whole_votes",
        title=f"{int(fits.sum())} of {len(rows)} printed shares are whole numbers of the stated prompts; the others miss by up to {worst['gap']:.2f} points",
        figure=style.figure(traces, layout),
        data=lambda: rows[["first", "second", "criterion", "value", "n", "votes", "gap", "location", "source", "verified"]].assign(status="reported"),
        caption=(
            "If a share of n prompts is rounded to one decimal, it lies within 0.05 points (the line) of a multiple of 100/n; with 307 prompts many numbers do, with 65 few. The misses are small and look like another way of rounding. "
            f"The same test on Align Your Latents' driving study, stated as 4 raters x 100 videos, finds shares of {', '.join(map(str, fewest.values()))} votes or multiples of them, not of 400."
        ),
        alt=f"Gaps of {len(rows)} printed shares to whole numbers of prompts; {int(fits.sum())} are within rounding and the largest gap is {worst['gap']:.2f} points.",
        sources=(Citation(EMU, "Figure 2; Tables 1, 2, 3, 5, 10"), Citation(LATENTS, "driving user study"), Citation("brown2017grim")),
        settings=settings,
        explain=(video.nearest_votes, video.fewest_votes),
    )  # fmt: skip


@cache
def study() -> pd.DataFrame:
    """The driving user study of Align Your Latents: one row per pair and answer, with first and second named."""
    rows = tables.load("vision_scores")
    rows = rows[(rows["source"] == LATENTS) & (rows["benchmark"] == STUDY)].copy()
    long = {"uncond.": "unconditional", "cond.": "conditional"}
    rows["pair"] = [" over ".join(long.get(side, side) for side in text.split(" vs ")) for text in rows["printed_benchmark"]]
    return rows.reset_index(drop=True)


def driving_study(votes: int, settings: Mapping[str, str]) -> Panel:
    """Preferences of Align Your Latents' driving study, ties as half a vote, at a what-if number of independent votes."""
    rows = study().pivot_table(index="pair", columns="metric", values="value", sort=False)
    share = (rows["preferred_first"] + rows["equal"] / 2).to_numpy() / 100
    low, high = video.wilson(share, votes)
    names = rows.index.tolist()
    spans = [f"{name}: {value:.1%}" for name, value in zip(names, share, strict=True)]
    mark = intervals.bars(share, low, high, range(len(names)), f"interval at {votes} votes (what-if)", style.AMBER, "circle-open", spans)
    mark["meta"] = {"role": "what_if"}
    layout = intervals.rows(names, "percent", "Preferred, a tie counted half (95% intervals)", 48, (0.3, 0.85), 0.5)
    sure = int((low > 0.5).sum())
    fewest = [video.fewest_votes(part["value"].tolist()) for _, part in study().groupby("pair", sort=False)]
    return Panel(
        name="video.driving_study",
        title=f"With {votes} independent votes a pair, {sure} of {len(names)} preferences in the driving study would exceed chance",
        figure=style.figure([mark], layout),
        data=lambda: table_of([
            study()[["pair", "metric", "value", "unit", "printed_setting", "location", "source", "verified"]].assign(status="reported").to_dict("list"),
            {"pair": names, "share": share, "low": low, "high": high, "votes": votes, "status": "what_if"},
        ]),
        caption=f"The study has 4 raters and 100 videos; how many votes stand behind a share is not said. Its digits fit {', '.join(map(str, fewest))} votes or multiples of them; 400 would need all raters to answer independently. LVG is an earlier generator of long videos.",
        alt=f"Three preferences of the driving study between {share.min():.0%} and {share.max():.0%}; at {votes} votes {sure} of them lie wholly above one half.",
        sources=(Citation(LATENTS, "driving user study"), Citation("wilson1927"), Citation("brown2017grim")),
        settings=settings,
        explain=(video.wilson, video.fewest_votes),
    )  # fmt: skip


SYSTEMS = {"Video LDM": "Align Your Latents"}
LOOKS = {"Emu Video": (style.BLUE, "star"), "Align Your Latents": (style.CRIMSON, "diamond"), "Make-A-Video": (style.AMBER, "square"), "MagicVideo": (style.VIOLET, "cross"),
         "PYOCO": (style.SLATE, "triangle-up"), "CogVideo (Chinese)": (style.GREY, "circle"), "CogVideo (English)": (style.GREY, "square")}  # fmt: skip


@cache
def automatic() -> pd.DataFrame:
    """FVD and inception score on UCF-101, zero-shot, as both papers print them, one row per system and paper."""
    rows = tables.load("vision_scores")
    rows = rows[(rows["benchmark"] == "ucf101") & rows["metric"].isin(["fvd", "inception_score"])].copy()
    rows["system"] = rows["model"].replace(SYSTEMS)
    wide = rows.pivot_table(index=["system", "source", "location"], columns="metric", values="value", sort=False).reset_index()
    return wide.merge(rows.groupby(["system", "source"])["verified"].min().reset_index())


def ucf101(limit: float, settings: Mapping[str, str]) -> Panel:
    """FVD of each system by paper, with the systems below a limit named in the title; inception scores in the hover text and the table."""
    rows = automatic()
    order = rows.groupby("system")["fvd"].min().sort_values()
    names = order.index.tolist()
    traces = []
    for source, name, color, symbol in (
        (EMU, "in Emu Video", style.BLUE, "circle"),
        (LATENTS, "in Align Your Latents", style.CRIMSON, "diamond"),
    ):
        part = rows[rows["source"] == source]
        hover = [f"inception score {value:g}" if value == value else "no inception score" for value in part["inception_score"]]
        mark = style.reported_markers(part["fvd"], part["system"], name, color, symbol, part["verified"] > 0, hover)
        mark["marker"] |= {"size": 15 if source == EMU else 8}  # where both print the same, the second mark lies on the first
        traces.append(mark)
    layout = style.layout("number", "category", x_title="Fréchet video distance (lower is better)", height=380, x_range=(250, 800))
    layout["yaxis"] |= {"categoryorder": "array", "categoryarray": names[::-1]}
    layout["shapes"] = [style.vertical_line(limit, style.AMBER)]
    magic = rows[rows["system"] == "MagicVideo"].set_index("source")["fvd"]
    best = rows.loc[rows["inception_score"].idxmax()]
    return Panel(
        name="video.ucf101",
        title=f"{int((order < limit).sum())} of {len(order)} systems have an FVD below {limit:g}, {names[0]} the lowest with {order.iloc[0]:g}; the best inception score is {best['system']}'s",
        figure=style.figure(traces, layout),
        data=lambda: rows.assign(status="reported"),
        caption=f"Zero-shot on UCF-101, as each paper prints it. The papers disagree on MagicVideo ({magic[LATENTS]:g} and {magic[EMU]:g}) and round the others; Emu Video has the lowest distance and {best['system']} the highest inception score ({best['inception_score']:g}), so the two measures rank differently.",
        alt=f"FVD on UCF-101 of {len(order)} systems, from {order.iloc[0]:g} for {names[0]} to {order.iloc[-1]:g}.",
        sources=(Citation(EMU, "Table 2"), Citation(LATENTS, "zero-shot table of UCF-101")),
        settings=settings,
        explain=(ucf101,),
    )  # fmt: skip


def scores_table() -> pd.DataFrame:
    """FVD and inception scores of UCF-101 as a table."""
    rows = automatic().assign(paper=automatic()["source"].map({EMU: "Emu Video", LATENTS: "Align Your Latents"}))
    shown = rows[["system", "paper", "fvd", "inception_score"]].sort_values("fvd")
    return shown.rename(columns={"fvd": "FVD (lower is better)", "inception_score": "inception score (higher is better)"})


def fvd_and_people(criterion: str, settings: Mapping[str, str]) -> Panel:
    """Whether the automatic distance orders systems as raters do: FVD against the share of prompts on which Emu Video is preferred."""
    rows = chosen("equal")
    rows = rows[rows["criterion"] == criterion].set_index("second")
    fvd = automatic().sort_values("source").assign(rival=lambda frame: frame["system"].str.replace(r" \(.*", "", regex=True))
    fvd = fvd.groupby("rival", sort=False)["fvd"].min()
    both = [name for name in rows.index if name in fvd.index]
    x, share = fvd[both].to_numpy(), rows.loc[both, "share"].to_numpy()
    low, high = video.wilson(share, rows.loc[both, "n"].to_numpy())
    mark = style.reported_markers(x, share, "rival", COLORS[criterion], SYMBOLS[criterion], text=both)
    mark |= {"mode": "markers+text", "textposition": "middle right"}
    mark["error_y"] = {
        "type": "data",
        "symmetric": False,
        "array": (high - share).tolist(),
        "arrayminus": (share - low).tolist(),
        "color": COLORS[criterion],
        "thickness": 2,
        "width": 0,
    }
    layout = style.layout(
        "number",
        "percent",
        x_title="Fréchet video distance of the rival on UCF-101 (lower is better)",
        y_title="Prompts Emu Video wins",
        x_range=(300, 790),
        y_range=(0.65, 1.02),
    )
    order = np.argsort(np.argsort(x)), np.argsort(np.argsort(share))
    rho = float(np.corrcoef(*order)[0, 1])
    return Panel(
        name="video.fvd_and_people",
        title=f"Rivals farther off by FVD also lose more often to Emu Video in {criterion}: rank correlation {rho:.1f}, of {len(both)} systems only",
        figure=style.figure([mark], layout),
        data=lambda: pd.DataFrame({"system": both, "fvd": x, "share": share, "low": low, "high": high, "criterion": criterion, "source": f"{EMU};{LATENTS}", "status": "reported"}).pipe(
            lambda frame: pd.concat([frame, pd.DataFrame({"system": ["rank correlation"], "share": [rho], "status": ["computed"]})], ignore_index=True)
        ),
        caption=f"The {len(both)} rivals that have an FVD on UCF-101 and a comparison by raters; of two printed distances the lower is taken. With so few systems the correlation says little, and raters saw other prompts. Bars are 95% intervals.",
        alt=f"Share of prompts won by Emu Video against the rival's FVD for {len(both)} rivals; the rank correlation is {rho:.1f}.",
        sources=(Citation(EMU, "Figure 2; Table 2"), Citation(LATENTS, "zero-shot table of UCF-101")),
        settings=settings,
        explain=(video.wilson,),
    )  # fmt: skip


ABLATIONS = {
    "rds_ablation": "smaller model",
    "rds_driving": "main results",
    "rds_upsampling": "upsamplers",
    "rds_reconstruction": "decoders",
}


def driving(which: str, settings: Mapping[str, str]) -> Panel:
    """FVD and FID on driving videos, as Align Your Latents prints them, for the main results or an ablation."""
    if which not in ABLATIONS:
        raise ValueError(f"which must be one of {', '.join(ABLATIONS)}, got {which!r}")
    rows = tables.load("vision_scores")
    rows = rows[(rows["benchmark"] == which) & (rows["source"] == LATENTS)]
    wide = rows.pivot_table(index="model", columns="metric", values="value", sort=False)
    traces = []
    for number, model in enumerate(wide.index):
        mark = style.reported_markers(
            [wide.loc[model, "fid"]], [wide.loc[model, "fvd"]], model, style.series_color(number), style.SYMBOLS[number % 6], text=[model]
        )
        traces.append(mark)
    layout = style.layout(
        "number", "number", x_title="FID of single frames (lower is better)", y_title="FVD of videos (lower is better)", height=420
    )
    for name, metric in (("xaxis", "fid"), ("yaxis", "fvd")):
        span = wide[metric].max() - wide[metric].min()
        layout[name] |= {
            "range": [max(wide[metric].min() - 0.2 * span - 0.5, 0), wide[metric].max() + 0.2 * span + 0.5],
            "autorange": False,
        }
    best, other = wide["fvd"].idxmin(), wide["fid"].idxmin()
    tail = (
        "its frames are the best too"
        if best == other
        else f"{other} has better frames, FID {wide.loc[other, 'fid']:g} against {wide.loc[best, 'fid']:g}"
    )
    return Panel(
        name="video.driving",
        title=f"Driving videos, {ABLATIONS[which]}: {best} has the lowest FVD, {wide['fvd'].min():.0f}; {tail}",
        figure=style.figure(traces, layout),
        data=lambda: pd.concat([rows[["model", "metric", "value", "unit", "printed_benchmark", "location", "source", "verified"]].assign(status="reported"),
                                wide.reset_index()[["model"]].assign(metric="rank by FVD", value=wide["fvd"].rank().to_numpy(), status="computed")], ignore_index=True),
        caption="Down is better in motion, left in single frames; the paper trains on driving videos of 512 x 1024 pixels. Numbers of different tables come from models of different sizes and do not compare."
        + (" Diffusion in pixels, and training all layers end to end, are behind the latent video model." if which == "rds_ablation" else ""),
        alt=f"FVD against FID of {len(wide)} models on driving videos, {ABLATIONS[which]}; {best} has the lowest FVD of {significant(wide['fvd'].min())}.",
        sources=tuple(Citation(LATENTS, place) for place in dict.fromkeys(rows["location"])),
        settings=settings,
        explain=(driving,),
    )  # fmt: skip


def default_panels() -> dict[str, Callable[[], Panel]]:
    """The panels of the page at its default settings."""
    first = {"comparisons": SETS["equal"], "interval": "95%"}
    return {
        "video.win_rates": lambda: win_rates("equal", 0.95, 307, first | {"prompts where not stated": "307"}),
        "video.prompts": lambda: prompts(0.6, 65, 0.95, {"share": "60%", "prompts": "65", "interval": "95%"}),
        "video.driving_study": lambda: driving_study(100, {"votes": "100"}),
        "video.ranking": lambda: ranking("equal", "both", 0.5, {"comparisons": SETS["equal"], "criterion": "both", "added votes": "0.5"}),
        "video.triangle": lambda: triangle({"comparisons": "Table 5"}),
        "video.whole_votes": lambda: whole_votes({"comparisons": "all with a stated number"}),
        "video.ucf101": lambda: ucf101(400.0, {"limit": "FVD 400"}),
        "video.fvd_and_people": lambda: fvd_and_people("quality", {"criterion": "quality"}),
        "video.driving": lambda: driving("rds_ablation", {"table": ABLATIONS["rds_ablation"]}),
        **cost_figures.default_panels(),
    }
