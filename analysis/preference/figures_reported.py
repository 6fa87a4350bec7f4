"""Figures on preference tuning as reported: Llama 2's rounds and data, win rates with intervals, MT-Bench."""

import numpy as np
import pandas as pd

from analysis import statistics, tables
from analysis.benchmarks.data import all_scores
from analysis.charts import intervals, marks, style
from analysis.charts.figure import Figure
from analysis.charts.marks import Part
from analysis.charts.names import beside
from analysis.charts.panel import Citation, Headline, Panel
from analysis.charts.parameters import Choice, Quantity
from analysis.charts.shared_parameters import LEVEL
from analysis.preference import objective
from analysis.units import format_count, significant

JUDGES = {"meta_rm": ("Meta's reward models", style.VIOLET, "circle"), "gpt4": ("GPT-4", style.ORCHID, "square")}
LLAMA = Citation("touvron2023llama2", "Figure 11; Section 3.4.1")
MT_BENCH = ("tunstall2023", "Table 1")
ALIGNED = {"dDPO": style.BLUE, "RLHF": style.CRIMSON, "dPPO": style.ORCHID, "dSFT": style.SLATE, "SFT": style.SLATE, "": style.GREY}
ALIGNED_NAMES = {"dDPO": "DPO", "RLHF": "RLHF", "dPPO": "PPO", "dSFT": "SFT only", "": "not stated"}


def bounds(percent, n, level: float) -> tuple[np.ndarray, np.ndarray]:
    """(low, high) of Wilson's interval, in per cent like the shares themselves."""
    low, high = statistics.wilson_interval(np.asarray(percent, float) / 100, n, level)
    return 100 * low, 100 * high


class Rounds(Figure):
    """Llama 2-Chat 70B against ChatGPT after each round, on both axes and under both judges, with binomial intervals."""

    name = "preference.rounds"
    level: float = LEVEL(0.95)

    def draw(self) -> Panel:
        """The panel at these parameters."""
        rows, level = tables.load("preference_rounds"), self.level
        traces, parts = [], []
        for judge, (label, color, symbol) in JUDGES.items():
            mine = rows[rows["judge"] == judge]
            edges = {axis: bounds(mine[axis], mine[f"n_{axis}"], level) for axis in ("harmlessness", "helpfulness")}
            part = mine.to_dict("list") | {"series": f"judged by {label}, measured off the figure", "status": "reported"}
            part |= {f"{axis}_{edge}": values for axis in edges for edge, values in zip(("low", "high"), edges[axis], strict=True)}
            parts.append(part)
            bars = {"color": style.translucent(color, 0.45), "thickness": 1.5, "width": 0}
            trace = marks.points(
                part,
                "harmlessness",
                "helpfulness",
                color,
                symbol=symbol,
                text=[name.replace("RLHF ", "") for name in mine["label"]],
            )
            for way, axis in (("x", "harmlessness"), ("y", "helpfulness")):
                trace = marks.errors(trace, part, f"{axis}_low", f"{axis}_high", way, **bars)
            spot = "top left" if judge == "meta_rm" else "bottom right"
            traces.append(trace | {"mode": "markers+text", "textposition": spot, "textfont": {"size": 11}})
        layout = style.layout(
            "number",
            "number",
            x_title="Harmlessness: win rate (%)",
            y_title="Helpfulness: win rate (%)",
            x_range=(0, 90),
            y_range=(0, 90),
            height=style.STACKED_HEIGHT,
        )
        layout["shapes"] = [style.horizontal_line(50.0), style.vertical_line(50.0, style.GREY, "solid")]
        layout["annotations"] = [style.line_name(50.0, "one half")]
        ends = {judge: rows[rows["judge"] == judge].iloc[[0, -1]] for judge in JUDGES}
        harms = ends["gpt4"]["harmlessness"].tolist()
        helps = {
            judge: [
                Headline(f"helpfulness by {JUDGES[judge][0]} {when}", value, "%", f"{value:.0f}", "helpfulness")
                for when, value in zip(("at first", "at last"), ends[judge]["helpfulness"].tolist(), strict=True)
            ]
            for judge in JUDGES
        }
        return Panel(
            title=(
                f"From SFT v1 to RLHF v5, helpfulness rises from {helps['meta_rm'][0]} to {helps['meta_rm'][1]}% (Meta's judges) "
                f"or {helps['gpt4'][0]} to {helps['gpt4'][1]}% (GPT-4)"
            ),
            headline=(*helps["meta_rm"], *helps["gpt4"]),
            figure=style.figure(traces, layout),
            parts=parts,
            caption=(
                f"Each point is one round of Llama 2-Chat 70B: its win rates over ChatGPT in helpfulness and harmlessness. The paper prints no numbers here: the points were measured off its figure, to about 0.3 points. Bars are {100 * level:.0f}% Wilson intervals for 584 helpfulness and 1,586 "
                f"safety prompts; they cover the choice of prompts, not a judge's bias. The model was also trained on Meta's reward models. Not every round gained on both axes: {falls(rows)}."
            ),
            alt=f"Helpfulness against harmlessness over eight rounds; GPT-4 sees {helps['gpt4'][0]} to {helps['gpt4'][1]}% and {harms[0]:.0f} to {harms[1]:.0f}%.",
            sources=(LLAMA, Citation("wilson1927")),
        )


def falls(rows: pd.DataFrame) -> str:
    """The rounds after which a judge saw a win rate fall, in words."""
    found = []
    for judge, (label, _, _) in JUDGES.items():
        mine = rows[rows["judge"] == judge].sort_values("round")
        for axis in ("helpfulness", "harmlessness"):
            change = mine[axis].diff()
            found += [
                f"{label} saw {axis} fall by {-fall:.1f} points at {name}"
                for fall, name in zip(change, mine["label"], strict=True)
                if fall < -0.6
            ]
    return "; ".join(found)


class Batches(Figure):
    """Meta's comparisons by batch, or added up, and the share of them that came from a batch on."""

    name = "preference.batches"
    comparisons_shown: str = Choice("Comparisons", options={"batch": "per batch", "total": "cumulative"})("batch")
    first_batch: int = Quantity(
        "First batch",
        low=1,
        high=14,
        step=1,
        whole=True,
    )(8)

    def draw(self) -> Panel:
        """The panel at these parameters."""
        rows, first = tables.load("preference_batches"), self.first_batch
        total = rows["comparisons"].cumsum()
        late = rows["batch"] >= first
        parts: list[Part] = [
            rows.to_dict("list") | {"series": "comparisons in the batch", "counted_in_title": late.to_list(), "status": "reported"}
        ]
        traces = [marks.points(parts[0], "batch", "comparisons", style.VIOLET)]
        if self.comparisons_shown == "total":
            parts.append({"series": "all so far", "batch": rows["batch"].to_numpy(), "comparisons": total.to_numpy(), "status": "computed"})
            traces.append(marks.line(parts[1], "batch", "comparisons", style.BLUE))
        layout = style.layout(
            "number",
            "number",
            x_title="Batch, in the order of collection",
            y_title="Comparisons",
            x_range=(0.5, 14.5),
            y_range=(0, max(float(max(part["comparisons"])) for part in parts) * 1.08),
            height=400,
            shapes=[style.vertical_line(first - 0.5, style.AMBER)],
            annotations=[style.line_name(first - 0.5, f"from batch {first} on", xanchor="left" if first < 12 else "right")],
        )
        layout["xaxis"] |= {"dtick": 1}
        layout["yaxis"] |= {"exponentformat": "B"}
        whole = float(total.iloc[-1])
        every = Headline("comparisons in all", whole, "comparisons", format_count(whole))
        share = float(rows.loc[late, "comparisons"].sum() / whole)
        since = Headline("share of them from the batch on", share, "share", f"{100 * share:.0f}%")
        return Panel(
            title=f"Meta collected {every} comparisons in 14 batches, {since} of them from batch {first} on",
            headline=(every, since),
            figure=style.figure(traces, layout),
            parts=parts,
            caption=(
                "Bars are the preference pairs that Meta collected; each is one prompt with two answers and a person's choice. Batches were collected one after another, each with the newest model, so that the reward models saw answers like those "
                f"they would score. The sum of the batches, {int(whole):,}, is the number that the paper's Table 6 prints."
            ),
            alt=f"Comparisons by batch, from {int(rows['comparisons'].iloc[0]):,} in the first to {int(rows['comparisons'].iloc[-1]):,} in the last; {since} came from batch {first} on.",
            sources=(Citation("touvron2023llama2", "Tables 6 and 26"),),
        )


GROUPS = {"llama2": "Llama 2-Chat, people", "dpo": "DPO and PPO", "zephyr": "Zephyr's stages"}
REMARKS = {
    "llama2": "People compared two answers and could call a tie, 15 to 32% of the time; the paper states intervals of 1 to 2 points, as these n give for the rates as reported.",
    "dpo": "GPT-4 judged against reference texts, people against PPO. The n of 250 and 256 are inferred from decoded figures.",
    "zephyr": "GPT-4 judged against text-davinci-003; with 805 prompts the printed standard errors come out.",
}
_WHERE = {
    "llama2": "source == 'touvron2023llama2' and benchmark == 'llama2_helpfulness' and metric == 'win_rate'",
    "dpo": "source == 'rafailov2023' and metric == 'win_rate' and benchmark in ['tldr', 'hh_dialogue', 'cnn_dailymail', 'tldr_human']",
    "zephyr": "source == 'tunstall2023' and benchmark == 'alpacaeval' and location == 'Table 3'",
}


def win_rate_rows(group: str) -> pd.DataFrame:
    """Reported win rates of a group, with the cases n behind them (NaN where not known): columns label, score, n, counted and those of all_scores.

    Where a text and a decoded figure give the same rate, the finer one is kept.
    """
    rows = all_scores().query(_WHERE[group])
    rows = rows[~((rows["benchmark"] == "tldr_human") & rows["setting"].str.startswith("GPT-4"))]
    rows = rows.sort_values("score", kind="stable").drop_duplicates(["model", "benchmark", "setting"], keep="last")
    samples = tables.load("preference_samples")
    everyone = samples[samples["model"] == ""].drop(columns=["model"])
    each = samples[samples["model"] != ""]
    keys, what = ["source", "benchmark", "setting"], ["n", "counted"]
    joined = rows.merge(everyone[keys + what], on=keys, how="left").merge(
        each[[*keys, "model", *what]], on=[*keys, "model"], how="left", suffixes=("", "_own")
    )
    joined["n"] = joined["n"].fillna(joined["n_own"])
    joined["counted"] = joined["counted"].fillna(joined["counted_own"])
    short = joined["model"].str.replace(r" \(.*\)", "", regex=True).str.replace(" on Mistral 7B", "", regex=False).str.strip()
    joined["row"] = [
        shorter(model, setting) if group == "dpo" else f"{model} {setting}" for model, setting in zip(short, joined["setting"], strict=True)
    ]
    task = {"tldr": "TL;DR", "hh_dialogue": "dialogue", "cnn_dailymail": "CNN/DailyMail", "tldr_human": "TL;DR"}
    if group == "dpo":
        joined["row"] = [
            f"{task[bench]}{', ' if row.startswith('people') else ': '}{row}"
            for bench, row in zip(joined["benchmark"], joined["row"], strict=True)
        ]
    losses = all_scores().query("metric == 'loss_rate'").set_index(["source", "benchmark", "setting"])["score"]
    joined["loss"] = losses.reindex(pd.MultiIndex.from_frame(joined[keys])).to_numpy()
    return joined.sort_values(["benchmark", "score"], ascending=[True, False], kind="stable", ignore_index=True)


def shorter(model: str, setting: str) -> str:
    """A method and its temperature; what it is compared with goes without saying: the texts of the task, by people PPO at temperature 0.

    >>> shorter("DPO", "vs the reference, temperature 0.25"), shorter("DPO, temperature 0.25", "human vs PPO temperature 0")
    ('DPO, 0.25', 'people: DPO, 0.25')
    """
    setting = setting.removeprefix("vs the reference, ").removeprefix("vs the chosen answers, ")
    text = f"{model}, {setting}"
    if setting.startswith("human "):
        text = f"people: {model}"
    return text.replace("temperature ", "")


class WinRates(Figure):
    """Reported win rates with Wilson intervals where the number of cases is known.

    Where ties were counted, the interval is that of the share won among decided cases.
    """

    name = "preference.win_rates"
    win_rate_group: str = Choice("Win rates", options=GROUPS)("dpo")
    level: float = LEVEL(0.95)

    def draw(self) -> Panel:
        """The panel at these parameters."""
        group, level = self.win_rate_group, self.level
        rows = win_rate_rows(group)
        ties = bool(rows["loss"].notna().any())
        share, n = objective.decided(rows["score"] / 100, rows["loss"] / 100, rows["n"]) if ties else (rows["score"] / 100, rows["n"])
        share, n = 100 * np.asarray(share, float), np.asarray(n, float)
        low, high = bounds(share, n, level)
        at, known = np.arange(len(rows)), np.isfinite(n)
        labels = rows["row"].tolist()
        cases = [f"{row}, n = {int(n):,}" if has else row for row, n, has in zip(labels, rows["n"].fillna(0), known, strict=True)]
        interval = {
            "series": f"{100 * level:.0f}% interval" + (" of the share without ties" if ties else ""),
            "row": at[known],
            "case": rows["row"][known].to_list(),
            "win_rate": share[known],
            "win_rate_low": low[known],
            "win_rate_high": high[known],
            "n": n[known],
            "status": "uncertain",
        }
        parts: list[Part] = [interval]
        traces = [marks.intervals(interval, "win_rate_low", "win_rate_high", "row", style.BLUE, width=0.5)]
        if ties:
            without_ties = {
                "series": "share won without ties, computed here",
                "row": at,
                "case": rows["row"].to_list(),
                "win_rate": share,
                "n": n,
                "status": "computed",
            }
            parts.append(without_ties)
            traces.append(marks.ticks(without_ties, "win_rate", "row", style.BLUE, text=cases))
        for has, name, color in (
            (True, "win rate as reported", style.VIOLET if ties else style.BLUE),
            (False, "n not reported, no interval", style.GREY),
        ):
            mine = rows[known == has]
            if len(mine):
                columns = mine[["model", "benchmark", "setting", "n", "source", "location", "verified"]].to_dict("list")
                found = {"case": mine["row"].to_list(), "win_rate": mine["score"].to_numpy(), "row": at[known == has]}
                parts.append({"series": name, **columns, **found, "status": "reported"})
                traces.append(marks.points(parts[-1], "win_rate", "row", color, text=[cases[i] for i in at[known == has]]))
        axis = "Win rate (%); numbers: temperatures; people: against PPO, 0" if group == "dpo" else "Win rate (%)"
        layout = intervals.rows(labels, "number", axis, row_height=30, x_range=(0, 100), zero=50.0)
        counts = {"with a known n": int(known.sum()), "above": int((low[known] > 50).sum()), "below": int((high[known] < 50).sum())}
        all_known, above, below = (Headline(f"win rates {which}", count, "", str(count)) for which, count in counts.items())
        missing = int((~known).sum())
        unknown = f"; {missing} {'has' if missing == 1 else 'have'} no known n" if missing else ""
        without = " without ties" if ties else ""
        return Panel(
            title=f"{GROUPS[group]}: of {all_known} win rates{without} with a known n, {above} are significantly above 50%, {below} below{unknown}",
            headline=(all_known, above, below),
            figure=style.figure(traces, layout),
            parts=parts,
            caption=(
                f"Markers are win rates as reported; bands are {100 * level:.0f}% Wilson intervals for the number of prompts or answers, where it is known. A band that does not reach 50% is a significant preference. {REMARKS[group]} "
                "Intervals cover the draw of prompts only; raters and judges differ by more."
            ),
            alt=f"Win rates with intervals for {GROUPS[group]}: {above} of {all_known} are significantly above 50%.",
            sources=tuple(
                Citation(source, "; ".join(dict.fromkeys(rows.loc[rows["source"] == source, "location"])))
                for source in dict.fromkeys(rows["source"])
            )
            + (Citation("wilson1927"),),
        )


class MtBench(Figure):
    """MT-Bench scores of Zephyr's Table 1 by size and by how each model was aligned."""

    name = "preference.mt_bench"

    def draw(self) -> Panel:
        """The panel."""
        rows = (
            all_scores().query("benchmark == 'mt_bench' and source == @MT_BENCH[0] and location == @MT_BENCH[1]").drop_duplicates("model")
        )
        rows = rows.assign(aligned=rows["note"].str.extract(r"aligned by (\w+)")[0].fillna("").replace("SFT", "dSFT"))
        rows.loc[rows["model"] == "Zephyr 7B", "aligned"] = "dDPO"
        rows = rows[["model", "n_params", "score", "aligned", "source", "location", "verified"]]
        known = rows[rows["n_params"].notna()]
        without = rows[rows["n_params"].isna()]
        traces, parts = [], []
        for way, name in ALIGNED_NAMES.items():
            mine = known[known["aligned"] == way]
            if len(mine):
                parts.append({"series": name, **mine.to_dict("list"), "status": "reported"})
                trace = marks.points(
                    parts[-1], "n_params", "score", ALIGNED[way], symbol="star" if way == "dDPO" else "circle", text=list(mine["model"])
                )
                compared = [model in ("Zephyr 7B", "Llama 2 70B Chat") for model in mine["model"]]
                traces.append(beside(trace, list(mine["model"]), first=compared))
        parts.append({"series": "size not public", **without.to_dict("list"), "status": "reported"})
        scores = rows.set_index("model")["score"]
        layout = style.layout(
            "params",
            "number",
            y_title="MT-Bench score (of 10)",
            x_range=(3e9, 3e11),
            y_range=(2, 10),
            height=460,
            shapes=[style.horizontal_line(float(score)) for score in without["score"]],
            annotations=closed_models(without),
        )
        zephyr, chat = (
            Headline(f"score of {model}", float(scores[model]), "", f"{scores[model]}", "score")
            for model in ("Zephyr 7B", "Llama 2 70B Chat")
        )
        rivals = known[(known["score"] > zephyr.value)]["model"]
        return Panel(
            title=f"Zephyr 7B scores {zephyr} on MT-Bench, Llama 2 70B Chat {chat}; {', '.join(rivals)} leads the open models",
            headline=(zephyr, chat),
            figure=style.figure(traces, layout),
            parts=parts,
            caption=(
                "Markers are the scores in the Zephyr paper, coloured by the last step of alignment; lines are models whose size is not public. MT-Bench is 80 two-turn questions graded by GPT-4; the paper prints no errors, and another "
                f"paper gives ±{significant(0.07)} for Mistral 7B Instruct. Zephyr learned from preferences of GPT-4 itself, which may favour it with the same judge."
            ),
            alt=f"MT-Bench score against size: Zephyr 7B has {zephyr}, Llama 2 70B Chat {chat}.",
            sources=(Citation("tunstall2023", "Table 1"), Citation("zheng2023"), Citation("jiang2023", "Table 4")),
        )


def closed_models(rows: pd.DataFrame) -> list[dict]:
    """The names of models without a public size, over their lines; two that are close share a label."""
    labels: list[tuple[float, list[str]]] = []
    for name, score in rows.sort_values("score", ascending=False)[["model", "score"]].itertuples(index=False):
        if labels and labels[-1][0] - score < 0.4:
            labels[-1][1].append(f"{name} {score:g}")
        else:
            labels.append((float(score), [f"{name} {score:g}"]))
    return [
        style.note(np.log10(1.9e11), score, f"{', '.join(names)} (size not public)", yshift=9, xanchor="right") for score, names in labels
    ]
