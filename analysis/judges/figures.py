"""Figures on the tournament that GPT-4 judged: ratings under every rule, and what the paper prints."""

import numpy as np
import pandas as pd

from analysis import tables
from analysis.charts import marks, style
from analysis.charts.figure import Figure
from analysis.charts.panel import Citation, Headline, Panel
from analysis.charts.parameters import Choice, Quantity
from analysis.judges import elo as judges_elo
from analysis.judges import verdicts
from analysis.judges.data import (
    BENCHMARKS,
    ORDERINGS,
    PAPER,
    SURE,
    TIES,
    compared,
    effects,
    fitted_ratings,
    labels,
    printed_elo,
    released,
    replayed,
    stored_orderings,
)
from analysis.judges.figures_verdicts import PROMPT_SET, RELEASED
from analysis.units import counted, significant

POSITIONS = {"ignored": "ignored", "fitted": "modelled", "consistent": "consistent judgements only"}
ELO_TIES = {"half": "half a win each", "dropped": "left out"}
ELO_VERDICTS = {"all": "all valid", "consistent": "consistent when swapped"}
PLACES = (
    ("ignored", "both orders, prompts resampled", style.BLUE),
    ("consistent", "consistent judgements only", style.VIOLET),
    ("one_order", "one order per pair", style.ORCHID),
)
SETTLED = 1000
"""Orderings from which on the mean is known well enough (to three points) to be held against the printed rating."""


class Elo(Figure):
    """Mean Elo over orderings of the matches, the scatter of one ordering and of the mean, and the printed ratings."""

    name = "judges.elo"
    prompt_set: str = PROMPT_SET("vicuna")
    ties_in_elo: str = Choice("Ties", options=ELO_TIES)("half")
    verdicts_in_elo: str = Choice("Judgements", options=ELO_VERDICTS)("all")
    n_orderings: int = Quantity("Match orders", low=1, high=ORDERINGS, step=1, whole=True)(ORDERINGS)

    def draw(self) -> Panel:
        """The panel at these parameters."""
        benchmark, n = self.prompt_set, self.n_orderings
        ratings = replayed(benchmark, self.ties_in_elo, self.verdicts_in_elo)[:n]
        rows = compared(benchmark, judges_elo.spread(ratings, released(benchmark).models))
        printed = printed_elo(benchmark)
        part = {
            "series": "mean Elo (recomputed)",
            "model": rows["model"].to_numpy(),
            "label": rows["label"].to_list(),
            "elo_rating": rows["mean"].to_numpy(),
            "sd": rows["sd"].to_numpy(),
            "one_ordering_low": rows["low"].to_numpy(),
            "one_ordering_high": rows["high"].to_numpy(),
            "elo_rating_low": rows["mean_low"].to_numpy(),
            "elo_rating_high": rows["mean_high"].to_numpy(),
            "rank": rows["rank"].to_numpy(),
            "printed": rows["printed"].to_numpy(),
            "difference": rows["difference"].to_numpy(),
            "status": "computed",
        }
        paper = {
            "series": "reported rating" + marks.hollow(" (hollow: not verified)", printed),
            "model": printed["model"].to_list(),
            "label": printed["model"].map(labels()).to_list(),
            "elo_rating": printed["value"].to_numpy(),
            **printed[["location", "source", "verified"]].to_dict("list"),
            "status": "reported",
        }
        places = [f"{place}: {value:,.0f}" for place, value in zip(printed["location"], printed["value"], strict=True)]
        traces = [
            marks.intervals(part, "one_ordering_low", "one_ordering_high", "label", style.BLUE, "one match order, 95%", width=0.66),
            marks.intervals(part, "elo_rating_low", "elo_rating_high", "label", style.BLUE, "mean, 95%", width=0.66, opacity=0.55),
            marks.ticks(part, "elo_rating", "label", style.BLUE),
            marks.points(paper, "elo_rating", "label", style.CRIMSON, text=places),
        ]
        layout = _rows_layout("Elo rating", part["label"], len(rows) * 38 + 150)
        name, sd, memory = BENCHMARKS[benchmark], rows["sd"].mean(), effects(benchmark).loc["memory", "value"]
        title, headline = self._title(rows)
        caption = (
            f"Markers are mean Elo ratings over {counted(n, 'random match order')} of the same judgements (K = {judges_elo.K:.0f}, start {judges_elo.START:,.0f}). The wide bar is where 95% of single orders end (standard "
            f"deviation {sd:.0f} points), the narrow one the interval of the mean. Half of any lead is forgotten after about {memory:.0f} matches, so one order "
            'scatters as much with 953 prompts as with 80, and the "±1" that the paper prints is the error of averaging, not of the models.'
        )
        if benchmark == "vicuna" and self._as_printed():
            total = printed.drop_duplicates("model", keep="first")["value"].sum()
            caption += f" The reported column adds up to {total:,.0f}, and Elo keeps the sum at 8,000, so GPT-4's value is not a simple misprint; which matches or settings gave it is not known."
        return Panel(
            title=title,
            headline=headline,
            figure=style.figure(traces, layout),
            parts=[part, paper],
            caption=caption,
            alt=f"Elo ratings of {len(rows)} models on the {name} prompts; {rows['label'][0]} leads with {rows['mean'][0]:,.0f}, and a single order has a standard deviation of about {sd:.0f} points.",
            sources=(Citation(PAPER, "Tables 1 and 7; Section 5.2"), RELEASED),
        )

    def _as_printed(self) -> bool:
        """Whether the rules are those of the paper."""
        return (self.ties_in_elo, self.verdicts_in_elo) == ("half", "all")

    def _title(self, rows: pd.DataFrame) -> tuple[str, tuple[Headline, ...]]:
        name, n = BENCHMARKS[self.prompt_set], self.n_orderings
        scatter = Headline("standard deviation of one order", float(rows["sd"].mean()), "points", f"{rows['sd'].mean():.0f}")
        worst = rows.loc[rows["difference"].abs().idxmax()]
        if n == 1:
            second = Headline("rating of the second", float(rows["mean"][1]), "points", f"{rows['mean'][1]:,.0f}", "elo_rating")
            return f"One order of the {name} matches puts {rows['label'][1]} second with {second}; another order may not", (second,)
        if n < SETTLED:
            error = 1.96 * float(rows["error"].mean())
            known = Headline("95% error of a mean rating", error, "points", f"{error:.1f}")
            title = f"Averaged over {n} match orders, {name} ratings have a 95% error of {known} points; one order has SD {scatter}"
            return title, (known, scatter)
        if not self._as_printed():
            lead = Headline(
                "lead of the first", float(rows["mean"][0] - rows["mean"][1]), "points", f"{rows['mean'][0] - rows['mean'][1]:.0f}"
            )
            title = f"Under these rules, {rows['label'][0]} leads by {lead} points on {name}; one match order has SD {scatter}"
            return title, (lead, scatter)
        if abs(worst["difference"]) > 10:
            others = float(rows.drop(index=worst.name)["difference"].abs().max())
            printed = Headline("printed rating", float(worst["printed"]), "points", f"{worst['printed']:,.0f}", "printed")
            mean = Headline("rating", float(worst["mean"]), "points", f"{worst['mean']:,.0f}", "elo_rating")
            title = f"{name} ratings recompute within {others:.0f} points, except {worst['label']}: reported {printed}, recomputed {mean}"
            return title, (printed, mean)
        off = Headline(
            "largest difference to a reported rating", abs(float(worst["difference"])), "points", f"{abs(worst['difference']):.1f}"
        )
        title = f"All {rows['printed'].notna().sum()} {name} ratings recompute within {off} points; one match order has SD {scatter}"
        return title, (off, scatter)


class BradleyTerry(Figure):
    """Maximum-likelihood ratings with bootstrap intervals over prompts, beside the mean of the Elo orderings."""

    name = "judges.bradley_terry"
    prompt_set: str = PROMPT_SET("vicuna")
    ties_in_bradley_terry: str = Choice("Ties", options=TIES)("davidson")
    answer_order: str = Choice(
        "Position effect",
        options=POSITIONS,
    )("fitted")

    def draw(self) -> Panel:
        """The panel at these parameters."""
        benchmark = self.prompt_set
        rows = fitted_ratings(benchmark, self.ties_in_bradley_terry, self.answer_order)
        rows = rows.assign(label=rows["model"].map(labels()))
        name, order = BENCHMARKS[benchmark], list(rows["label"])
        replay = judges_elo.spread(stored_orderings(benchmark), sorted(rows["model"])).set_index("model").loc[rows["model"], "mean"]
        renamed = rows.rename(columns={"rating": "elo_rating", "low": "elo_rating_low", "high": "elo_rating_high"})
        part = renamed.to_dict("list") | {"series": "maximum likelihood", "status": "computed"}
        elo = {
            "series": "mean Elo (recomputed)",
            "model": part["model"],
            "label": order,
            "elo_rating": replay.to_numpy(),
            "status": "computed",
        }
        spans = [f"{row.rating:,.0f} ({row.low:,.0f} to {row.high:,.0f})" for row in rows.itertuples()]
        interval = "95% interval over prompts"
        traces = [
            marks.intervals(part, "elo_rating_low", "elo_rating_high", "label", style.BLUE, interval, width=0.5, opacity=0.3),
            marks.ticks(part, "elo_rating", "label", style.BLUE, text=spans),
            marks.ticks(elo, "elo_rating", "label", style.ORCHID)
            | {"marker": {"color": style.ORCHID, "size": 11, "symbol": "line-ns", "line": {"width": 2, "color": style.ORCHID}}},
        ]
        layout = _rows_layout("Rating on the Elo scale", order, len(order) * 38 + 150)
        count, neighbours = int((rows["above_next"] >= SURE).sum()), len(rows) - 1
        sure = Headline("significantly different neighbours", count, "", str(count))
        loose = (
            rows.iloc[1:]
            .assign(span=lambda frame: frame["rank_high"] - frame["rank_low"])
            .sort_values("span", ascending=False, kind="stable")
            .iloc[0]
        )
        order_effect = effects(benchmark).loc["order"]
        caption = (
            "Markers are Bradley-Terry ratings (400 points are odds of ten to one, mean 1,000) with intervals over 1,000 resamples of whole prompts. Adjacent ranks differ significantly where the 95% interval of their difference excludes zero. "
            f"{loose['label']} is number {loose['rank']:.0f} and could be {loose['rank_low']:.0f} to {loose['rank_high']:.0f}."
        )
        if self.ties_in_bradley_terry != "half":
            caption += " Gaps are wider than Elo's, because Elo counts a tie as half a win each."
        if self.answer_order == "fitted":
            caption += f" With ties modelled, being shown first is worth {order_effect['value']:.0f} points ({order_effect['low']:.0f} to {order_effect['high']:.0f})."
        return Panel(
            title=f"On {name} prompts, {'only ' if count < neighbours / 2 else ''}{sure} of {neighbours} adjacent ranks differ significantly (95%)",
            headline=(sure,),
            figure=style.figure(traces, layout),
            parts=[part, elo],
            caption=caption,
            alt=f"Bradley-Terry ratings of {len(rows)} models with intervals; {order[0]} leads with {rows['rating'][0]:,.0f}, and {sure} of {neighbours} neighbours differ significantly.",
            sources=(RELEASED, Citation("bradley1952"), Citation("davidson1970"), Citation("davidson1977")),
        )


class WinMatrix(Figure):
    """Share of the points that the row's model takes from the column's, both orders together."""

    name = "judges.win_matrix"
    prompt_set: str = PROMPT_SET("vicuna")

    def draw(self) -> Panel:
        """The panel at these parameters."""
        benchmark = self.prompt_set
        played = released(benchmark)
        order = [played.models.index(model) for model in fitted_ratings(benchmark, "half", "ignored")["model"]]
        share = verdicts.won_in_both_orders(played.counts())[np.ix_(order, order)]
        names = [labels()[played.models[at]] for at in order]
        cells = {
            "series": "share won",
            "model": np.repeat(names, len(names)),
            "against": np.tile(names, len(names)),
            "share": share.ravel(),
            "status": "computed",
        }
        trace = marks.heat(
            cells,
            "against",
            "model",
            "share",
            text=[["" if np.isnan(value) else f"{value:.0%}" for value in line] for line in share],
            texttemplate="%{text}",
            zmin=0,
            zmax=1,
            colorscale=[[0, style.CRIMSON], [0.5, style.DEEP_GREY], [1, style.DEEP_BLUE]],
            textfont={"color": "#FFFFFF", "size": 13},
            xgap=2,
            ygap=2,
            showscale=False,
            hovertemplate="%{y} wins %{text} against %{x}<extra></extra>",
        )
        layout = style.layout("category", "category", x_title="against", y_title="", height=len(names) * 44 + 130)
        layout["yaxis"] |= {"autorange": "reversed", "showgrid": False}
        layout["xaxis"] |= {"showgrid": False, "tickangle": -45, "automargin": True}
        layout["margin"] = layout["margin"] | {"t": 16}
        pairs = verdicts.pairs(played)
        number = int((pairs["share"] < 0.55).sum())
        close = Headline("pairs in which the better model wins less than 55%", number, "pairs", str(number))
        best = pairs.loc[pairs["share"].idxmin()]
        return Panel(
            title=f"In {close} of {len(pairs)} pairs on {BENCHMARKS[benchmark]}, the better model wins less than 55%",
            headline=(close,),
            figure=style.figure([trace], layout),
            parts=[cells],
            caption=(
                f"Each cell is the win rate of the row's model against the column's, with a tie as half and both orders of the answers together. The closest pair is "
                f"{labels()[best['stronger']]} with {best['share']:.1%} against {labels()[best['weaker']]}."
            ),
            alt=f"Matrix of win rates among {len(names)} models; {names[0]} wins {np.nanmin(share[0]):.0%} or more against every other model.",
            sources=(RELEASED,),
        )


class RankingShift(Figure):
    """The places that each model could take under three ways to treat the order of the answers; ties are half a win."""

    name = "judges.ranking_shift"
    prompt_set: str = PROMPT_SET("vicuna")

    def draw(self) -> Panel:
        """The panel at these parameters."""
        benchmark = self.prompt_set
        found = {position: fitted_ratings(benchmark, "half", position).set_index("model") for position, _, _ in PLACES}
        base = found["ignored"]
        order = [labels()[model] for model in base.index]
        traces, parts = [], []
        for position, name, color in PLACES:
            rows = found[position].loc[base.index].reset_index()
            drawn = {"label": order, "place_from": rows["rank_low"] - 0.3, "place_to": rows["rank_high"] + 0.3}
            parts.append(rows.to_dict("list") | drawn | {"series": name, "status": "uncertain"})
            spans = [f"{low:.0f} to {high:.0f}" for low, high in zip(rows["rank_low"], rows["rank_high"], strict=True)]
            traces.append(marks.intervals(parts[-1], "place_from", "place_to", "label", color, width=None, opacity=0.75, text=spans))
        layout = _rows_layout("Place in the ranking (95% of resamples)", order, len(order) * 48 + 160)
        layout["xaxis"] |= {"dtick": 1, "range": [0.5, len(order) + 0.5], "autorange": False}
        layout |= {"barmode": "group", "bargap": 0.25}
        kept = float(effects(benchmark).loc["same_ranking", "value"])
        same = Headline("cases with the same ranking", kept, "share", f"{significant(100 * kept, 2)}%")
        fitted = fitted_ratings(benchmark, "half", "fitted").set_index("model")["rank"]
        moved = {name: int((part.loc[base.index, "rank"] != base["rank"]).sum()) for name, part in found.items()}
        moved["fitted"] = int((fitted.loc[base.index] != base["rank"]).sum())
        return Panel(
            title=f"With one order per pair, the {BENCHMARKS[benchmark]} ranking would be the same in {same} of cases",
            headline=(same,),
            figure=style.figure(traces, layout),
            parts=parts,
            caption=(
                f"Bars are the places that each model takes in 95% of resamples. Because the judge saw every pair in both orders, its position bias cancels: modelling it moves {_models(moved['fitted'])} "
                f"to another place, and keeping only consistent judgements moves {_models(moved['consistent'])}. The last bar is what one random order per pair would give."
            ),
            alt=f"Places of {len(order)} models; with both orders a model can take up to {_places(base)} of them, with one order per pair up to {_places(found['one_order'])}.",
            sources=(RELEASED, Citation("zheng2023", "position bias of judges")),
        )


class Human(Figure):
    """Printed ratings by human raters and by GPT-4, on the Vicuna prompts."""

    name = "judges.human"

    def draw(self) -> Panel:
        """The panel."""
        by_judge = {
            judge: printed_elo("vicuna", judge).drop_duplicates("model", keep="last").set_index("model") for judge in ("gpt4", "human")
        }
        models = by_judge["gpt4"].sort_values("value", ascending=False).index
        order = [labels()[model] for model in models]
        looks = {"gpt4": ("GPT-4 as judge", style.BLUE, "circle"), "human": ("human raters", style.ORCHID, "square")}
        traces, parts = [], []
        for judge, (series, color, symbol) in looks.items():
            rows = by_judge[judge].loc[models].reset_index().rename(columns={"value": "elo_rating"})
            columns = rows[["model", "judge", "elo_rating", "location", "source", "verified", "note"]].to_dict("list")
            parts.append({"series": series, "label": order, **columns, "status": "reported"})
            traces.append(marks.points(parts[-1], "elo_rating", "label", color, symbol=symbol))
        values = {judge: part.loc[models, "value"].to_numpy() for judge, part in by_judge.items()}
        everyone = verdicts.rank_agreement(values["gpt4"], values["human"])
        without = verdicts.rank_agreement(values["gpt4"][1:], values["human"][1:])
        reported = tables.load("judge_reported")
        printed = reported[reported["judge"] == "human_vs_gpt4"].set_index("quantity")["value"]
        rank = {judge: (-value).argsort().argsort() + 1 for judge, value in values.items()}
        apart = int(np.abs(rank["gpt4"] - rank["human"]).argmax())
        place = {
            judge: Headline(f"place of {order[apart]} by {looks[judge][0]}", int(rank[judge][apart]), "", str(rank[judge][apart]))
            for judge in looks
        }
        layout = _rows_layout("Reported Elo rating", order, len(order) * 36 + 140)
        return Panel(
            title=f"On Vicuna prompts, human raters put {order[apart]} at number {place['human']} of {len(order)}, GPT-4 at {place['gpt4']}",
            headline=(place["human"], place["gpt4"]),
            figure=style.figure(traces, layout),
            parts=parts,
            caption=(
                f"Markers are the Elo ratings of human raters and of GPT-4 as printed; the human judgements are not released. Between the two, Kendall's tau is {everyone['kendall_tau']:.2f} and Spearman's rho {everyone['spearman']:.2f}; "
                f"the paper prints {printed['kendall_tau']:.2f} and {printed['spearman']:.2f}. Without GPT-4, which is judge and candidate, tau is {without['kendall_tau']:.2f} and rho {without['spearman']:.2f}: the "
                "printed tau fits that, the printed rho fits neither."
            ),
            alt=f"Reported ratings of {len(order)} models by GPT-4 and by humans; the rank correlation is {everyone['kendall_tau']:.2f}, and {order[apart]} differs most.",
            sources=(Citation(PAPER, "Table 7; Section 5.3"),),
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
