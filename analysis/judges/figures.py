"""Figures on the tournament that GPT-4 judged: ratings under every rule, and what the paper prints."""

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd

from analysis import tables
from analysis.charts import style
from analysis.charts.panel import Citation, Panel, table_of
from analysis.judges import bradley_terry as judges_bradley_terry
from analysis.judges import elo as judges_elo
from analysis.judges import figures_verdicts, verdicts
from analysis.judges.data import (
    BENCHMARKS,
    PAPER,
    SURE,
    TIES,
    compared,
    effects,
    fitted_ratings,
    labels,
    printed_elo,
    released,
    stored_orderings,
)
from analysis.judges.figures_verdicts import RELEASED
from analysis.units import significant

POSITIONS = {"ignored": "ignored", "fitted": "fitted", "consistent": "confirmed only"}
PLACES = (
    ("ignored", "both orders, prompts drawn again", style.BLUE),
    ("consistent", "only verdicts both orders confirm", style.VIOLET),
    ("one_order", "each pair in one order only", style.AMBER),
)
SETTLED = 1000
"""Orderings from which on the mean is known well enough (to three points) to be held against the printed rating."""


def elo(benchmark: str, models, ratings: np.ndarray, as_printed: bool, settings: Mapping[str, str]) -> Panel:
    """Mean Elo over orderings, the scatter of one ordering and of the mean, and the printed ratings.

    ratings: shape (orderings, models). as_printed: whether the rules are those of the paper.
    """
    spread = judges_elo.spread(ratings, models)
    rows = compared(benchmark, spread)
    printed = printed_elo(benchmark)
    name, n = BENCHMARKS[benchmark], len(ratings)
    order = list(rows["label"])
    traces = [
        style.interval_bars(rows["low"], rows["high"], order, "one ordering, 95%", style.BLUE, 0.66),
        style.interval_bars(rows["mean_low"], rows["mean_high"], order, "mean, 95%", style.BLUE, 0.66, 0.55),
        style.computed_ticks(rows["mean"], order, "mean, recomputed", style.BLUE),
        style.reported_markers(
            printed["value"],
            printed["model"].map(labels()),
            "printed (hollow: not verified)",
            style.CRIMSON,
            verified=printed["verified"] > 0,
            text=[f"{place}: {value:,.0f}" for place, value in zip(printed["location"], printed["value"], strict=True)],
        ),
    ]
    layout = _rows_layout("Elo rating", order, len(order) * 38 + 150)
    worst = rows.loc[rows["difference"].abs().idxmax()]
    others = rows.drop(index=worst.name)["difference"].abs().max()
    sd = rows["sd"].mean()
    if n == 1:
        title = f"One ordering of the {name} matches puts {rows['label'][1]} second; another could put it elsewhere"
    elif n < SETTLED:
        title = f"Averaged over {n} orderings, a {name} rating is known to ±{1.96 * rows['error'].mean():.1f} points; one ordering alone scatters by {sd:.0f}"
    elif not as_printed:
        title = f"Under these rules {rows['label'][0]} leads by {rows['mean'][0] - rows['mean'][1]:.0f} points on the {name} prompts, and one ordering scatters by {sd:.0f}"
    elif abs(worst["difference"]) > 10:
        title = f"The {name} ratings come back within {others:.0f} points, but {worst['label']}'s printed {worst['printed']:,.0f} comes out at {worst['mean']:,.0f}"
    else:
        title = f"All {rows['printed'].notna().sum()} {name} ratings come back within {abs(worst['difference']):.1f} points; one ordering alone scatters by {sd:.0f}"
    memory = effects(benchmark).loc["memory", "value"]
    caption = (
        f"Elo with K = {judges_elo.K:.0f}, started at {judges_elo.START:,.0f}, over {n:,} random orderings of the same verdicts. The wide bar is where 95% of single orderings end (standard "
        f"deviation {sd:.0f} points), the narrow one the mean of all of them. Half of any lead is forgotten after about {memory:.0f} matches, so one ordering "
        'scatters as much with 953 prompts as with 80, and the "±1" that the paper prints is the error of averaging, not of the models.'
    )
    total = printed.drop_duplicates("model", keep="first")["value"].sum()
    if benchmark == "vicuna" and as_printed:
        caption += f" The printed column adds up to {total:,.0f}, and Elo keeps the sum at 8,000, so GPT-4's value is no plain misprint; which matches or settings gave it is not known."
    return Panel(
        name="judges.elo",
        title=title,
        figure=style.figure(traces, layout),
        data=lambda: table_of(
            [
                rows[["model", "label", "mean", "sd", "low", "high", "mean_low", "mean_high", "rank", "printed", "difference"]]
                .assign(status="computed")
                .to_dict("list"),
                printed.rename(columns={"value": "printed"})[["model", "printed", "location", "source", "verified"]]
                .assign(label=printed["model"].map(labels()), status="reported")
                .to_dict("list"),
            ]
        ),
        caption=caption,
        alt=f"Elo ratings of {len(rows)} models on the {name} prompts; {rows['label'][0]} leads with {rows['mean'][0]:,.0f}, and a single ordering scatters by about {sd:.0f} points.",
        sources=(Citation(PAPER, "Tables 1 and 7; Section 5.2"), RELEASED),
        settings=settings,
        explain=(judges_elo.elo, judges_elo.replay, judges_elo.spread, judges_elo.forgetting),
    )


def bradley_terry(benchmark: str, ties: str, position: str, settings: Mapping[str, str]) -> Panel:
    """Maximum-likelihood ratings with bootstrap intervals over prompts, beside the mean of the Elo orderings."""
    rows = fitted_ratings(benchmark, ties, position)
    rows = rows.assign(label=rows["model"].map(labels()))
    name, order = BENCHMARKS[benchmark], list(rows["label"])
    replayed = judges_elo.spread(stored_orderings(benchmark), sorted(rows["model"])).set_index("model").loc[rows["model"], "mean"]
    traces = [
        style.interval_bars(rows["low"], rows["high"], order, "95% interval over prompts", style.BLUE, 0.5, 0.3),
        style.computed_ticks(
            rows["rating"],
            order,
            "maximum likelihood",
            style.BLUE,
            text=[f"{row.rating:,.0f} ({row.low:,.0f} to {row.high:,.0f})" for row in rows.itertuples()],
        ),
        style.computed_ticks(replayed, order, "mean Elo, replayed", style.AMBER)
        | {"marker": {"color": style.AMBER, "size": 11, "symbol": "line-ns", "line": {"width": 2, "color": style.AMBER}}},
    ]
    layout = _rows_layout("Rating on the Elo scale", order, len(order) * 38 + 150)
    sure = int((rows["above_next"] >= SURE).sum())
    neighbours = len(rows) - 1
    loose = (
        rows.iloc[1:]
        .assign(span=lambda frame: frame["rank_high"] - frame["rank_low"])
        .sort_values("span", ascending=False, kind="stable")
        .iloc[0]
    )
    order_effect = effects(benchmark).loc["order"]
    caption = (
        "Bradley-Terry ratings, 400 points for odds of ten to one, mean 1,000; the interval draws whole prompts again, 1,000 times. "
        f"{loose['label']} is number {loose['rank']:.0f} and could be number {loose['rank_low']:.0f} to {loose['rank_high']:.0f}. "
    )
    if ties != "half":
        caption += "Gaps are wider than Elo's, because Elo counts a tie as half a win each. "
    if position == "fitted":
        caption += f"With ties as an outcome of their own, being shown first is worth {order_effect['value']:.0f} points ({order_effect['low']:.0f} to {order_effect['high']:.0f})."
    return Panel(
        name="judges.bradley_terry",
        title=f"On the {name} prompts {'only ' if sure < neighbours / 2 else ''}{sure} of {neighbours} neighbours in the ranking are told apart with 95% confidence",
        figure=style.figure(traces, layout),
        data=lambda: pd.concat(
            [
                rows.assign(status="computed"),
                rows[["model", "label"]].assign(rating=replayed.to_numpy(), series="mean Elo, replayed", status="computed"),
            ],
            ignore_index=True,
        ),
        caption=caption,
        alt=f"Bradley-Terry ratings of {len(rows)} models with intervals; {order[0]} leads with {rows['rating'][0]:,.0f}, and {sure} of {neighbours} neighbours are told apart.",
        sources=(RELEASED, Citation("bradley1952"), Citation("davidson1970"), Citation("davidson1977")),
        settings=settings,
        explain=(
            judges_bradley_terry.probabilities,
            judges_bradley_terry.fit,
            judges_bradley_terry.bootstrap,
            judges_bradley_terry.rating_table,
        ),
    )


def win_matrix(benchmark: str, played: verdicts.Tournament, settings: Mapping[str, str]) -> Panel:
    """Share of the points that the row's model takes from the column's, both orders together."""
    order = [played.models.index(model) for model in fitted_ratings(benchmark, "half", "ignored")["model"]]
    share = verdicts.won_in_both_orders(played.counts())[np.ix_(order, order)]
    names = [labels()[played.models[at]] for at in order]
    text = [["" if np.isnan(value) else f"{value:.0%}" for value in line] for line in share]
    trace = {
        "type": "heatmap",
        "x": names,
        "y": names,
        "z": share,
        "text": text,
        "texttemplate": "%{text}",
        "zmin": 0,
        "zmax": 1,
        "colorscale": [[0, style.CRIMSON], [0.5, style.GREY], [1, style.BLUE]],
        "textfont": {"color": "#FFFFFF", "size": 13},
        "xgap": 2,
        "ygap": 2,
        "showscale": False,
        "name": "share won",
        "meta": {"role": "computed"},
        "hovertemplate": "%{y} takes %{text} of the points from %{x}<extra></extra>",
    }
    layout = style.layout("category", "category", x_title="against", y_title="", height=len(names) * 44 + 130)
    layout["yaxis"] |= {"autorange": "reversed", "showgrid": False}
    layout["xaxis"] |= {"showgrid": False, "tickangle": -45, "automargin": True}
    layout["margin"] = layout["margin"] | {"t": 16}
    pairs = verdicts.pairs(played)
    close = int((pairs["share"] < 0.55).sum())
    best = pairs.loc[pairs["share"].idxmin()]
    return Panel(
        name="judges.win_matrix",
        title=f"In {close} of {len(pairs)} pairs on the {BENCHMARKS[benchmark]} prompts the better model takes less than 55% of the points",
        figure=style.figure([trace], layout),
        data=lambda: pd.DataFrame(
            [
                {"model": names[i], "against": names[j], "share": share[i, j], "status": "computed"}
                for i in range(len(names))
                for j in range(len(names))
                if i != j
            ]
        ),
        caption=(
            f"Read along a row: the share of the points that its model takes from the column's, a tie counting half, both orders of the answers together. The closest pair is "
            f"{labels()[best['stronger']]} with {best['share']:.1%} against {labels()[best['weaker']]}."
        ),
        alt=f"Matrix of points won among {len(names)} models; {names[0]} takes {np.nanmin(share[0]):.0%} or more from every other model.",
        sources=(RELEASED,),
        settings=settings,
        explain=(verdicts.won_in_both_orders, verdicts.pairs),
    )


def ranking_shift(benchmark: str, settings: Mapping[str, str]) -> Panel:
    """The places that each model could take under three ways to treat the order of the answers; ties are half a win."""
    parts = {position: fitted_ratings(benchmark, "half", position).set_index("model") for position, _, _ in PLACES}
    base = parts["ignored"]
    order = [labels()[model] for model in base.index]
    traces, rows = [], []
    for position, name, color in PLACES:
        part = parts[position].loc[base.index]
        spans = [f"{low:.0f} to {high:.0f}" for low, high in zip(part["rank_low"], part["rank_high"], strict=True)]
        traces.append(style.interval_bars(part["rank_low"] - 0.3, part["rank_high"] + 0.3, order, name, color, None, 0.75, text=spans))
        rows.append(part.reset_index().assign(treatment=name, status="uncertain"))
    layout = _rows_layout("Place in the ranking (95% of draws)", order, len(order) * 48 + 160)
    layout["xaxis"] |= {"dtick": 1, "range": [0.5, len(order) + 0.5], "autorange": False}
    layout |= {"barmode": "group", "bargap": 0.25}
    kept = effects(benchmark).loc["same_ranking", "value"]
    fitted = fitted_ratings(benchmark, "half", "fitted").set_index("model")["rank"]
    moved = {name: int((part.loc[base.index, "rank"] != base["rank"]).sum()) for name, part in parts.items()}
    moved["fitted"] = int((fitted.loc[base.index] != base["rank"]).sum())
    return Panel(
        name="judges.ranking_shift",
        title=f"Had each pair been shown in one order only, the {BENCHMARKS[benchmark]} ranking would come out the same in {significant(100 * kept, 2)}% of cases",
        figure=style.figure(traces, layout),
        data=lambda: pd.concat(rows, ignore_index=True),
        caption=(
            f"Places that each model takes in 95% of draws. Because the judge saw every pair in both orders, its preference for a place cancels: fitting it moves {_models(moved['fitted'])} "
            f"to another place, and keeping only verdicts that both orders confirm moves {_models(moved['consistent'])}. The last bar asks what would have happened with one order per pair, drawn at random."
        ),
        alt=f"Places of {len(order)} models; with both orders a model can take up to {_places(base)} of them, with one order per pair up to {_places(parts['one_order'])}.",
        sources=(RELEASED, Citation("zheng2023", "position bias of judges")),
        settings=settings,
        explain=(verdicts.consistent, judges_bradley_terry.one_order_each, judges_bradley_terry.fit, judges_bradley_terry.rating_table),
    )


def human(settings: Mapping[str, str]) -> Panel:
    """Printed ratings by human raters and by GPT-4, on the Vicuna prompts."""
    by_judge = {judge: printed_elo("vicuna", judge).drop_duplicates("model", keep="last").set_index("model") for judge in ("gpt4", "human")}
    models = by_judge["gpt4"].sort_values("value", ascending=False).index
    order = [labels()[model] for model in models]
    looks = {"gpt4": ("GPT-4 as judge", style.BLUE, "circle"), "human": ("human raters", style.AMBER, "square")}
    traces = [
        style.reported_markers(
            part.loc[models, "value"], order, looks[judge][0], looks[judge][1], looks[judge][2], part.loc[models, "verified"] > 0
        )
        for judge, part in by_judge.items()
    ]
    values = {judge: part.loc[models, "value"].to_numpy() for judge, part in by_judge.items()}
    everyone = verdicts.rank_agreement(values["gpt4"], values["human"])
    without = verdicts.rank_agreement(values["gpt4"][1:], values["human"][1:])
    reported = tables.load("judge_reported")
    printed = reported[reported["judge"] == "human_vs_gpt4"].set_index("quantity")["value"]
    rank = {judge: (-value).argsort().argsort() + 1 for judge, value in values.items()}
    apart = int(np.abs(rank["gpt4"] - rank["human"]).argmax())
    layout = _rows_layout("Printed Elo rating", order, len(order) * 36 + 140)
    return Panel(
        name="judges.human",
        title=f"On the Vicuna prompts human raters put {order[apart]} at number {rank['human'][apart]} of {len(order)}; GPT-4 puts it at number {rank['gpt4'][apart]}",
        figure=style.figure(traces, layout),
        data=lambda: pd.concat(
            [part.reset_index()[["model", "judge", "value", "location", "source", "verified", "note"]] for part in by_judge.values()],
            ignore_index=True,
        ).assign(label=lambda frame: frame["model"].map(labels()), status="reported"),
        caption=(
            f"Both columns as printed; the humans' single verdicts are not released. Between the two columns Kendall's tau is {everyone['kendall_tau']:.2f} and Spearman's rho {everyone['spearman']:.2f}; "
            f"the paper prints {printed['kendall_tau']:.2f} and {printed['spearman']:.2f}. Without GPT-4, which is judge and candidate, tau is {without['kendall_tau']:.2f} and rho {without['spearman']:.2f}: the "
            "printed tau fits that, the printed rho fits neither."
        ),
        alt=f"Printed ratings of {len(order)} models by GPT-4 and by humans; the rank correlation is {everyone['kendall_tau']:.2f}, and {order[apart]} differs most.",
        sources=(Citation(PAPER, "Table 7; Section 5.3"),),
        settings=settings,
        explain=(verdicts.rank_agreement,),
    )


def _places(rows: pd.DataFrame) -> int:
    """The most places that one model can take."""
    return int((rows["rank_high"] - rows["rank_low"]).max()) + 1


def _models(number: int) -> str:
    return "no model" if number == 0 else "one model" if number == 1 else f"{number} models"


def _rows_layout(x_title: str, order, height: int) -> dict:
    """One row per model, the first on top, on a plain number axis."""
    layout = style.layout("number", "category", x_title=x_title, height=height, barmode="overlay")
    layout["yaxis"] |= {"categoryorder": "array", "categoryarray": list(order), "autorange": "reversed"}
    layout["xaxis"] |= {"tickformat": ",d"}
    return layout


def default_panels() -> dict[str, Callable[[], Panel]]:
    """The panels of the judges page at its default settings."""
    prompts = {"prompts": BENCHMARKS["vicuna"]}
    rules = prompts | {"ties": TIES["half"], "order of answers": "both, all usable verdicts"}
    return {
        "judges.elo": lambda: elo("vicuna", released("vicuna").models, stored_orderings("vicuna"), True, rules | {"orderings": "10,000"}),
        "judges.bradley_terry": lambda: bradley_terry(
            "vicuna", "davidson", "fitted", prompts | {"ties": TIES["davidson"], "order of answers": POSITIONS["fitted"]}
        ),
        "judges.win_matrix": lambda: win_matrix("vicuna", released("vicuna"), rules),
        "judges.ranking_shift": lambda: ranking_shift("vicuna", prompts | {"ties": TIES["half"]}),
        "judges.human": lambda: human({"prompts": BENCHMARKS["vicuna"]}),
        **figures_verdicts.default_panels(),
    }
