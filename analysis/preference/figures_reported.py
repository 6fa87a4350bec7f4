"""Figures on preference tuning as reported: Llama 2's rounds and data, win rates with intervals, MT-Bench."""

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd

from analysis import statistics, tables
from analysis.benchmarks.data import all_scores
from analysis.charts import intervals, style
from analysis.charts.panel import Citation, Panel
from analysis.preference import objective
from analysis.units import format_count, significant

JUDGES = {"meta_rm": ("Meta's reward models", style.VIOLET, "circle"), "gpt4": ("GPT-4", style.AMBER, "square")}
LLAMA = Citation("touvron2023llama2", "Figure 11; Section 3.4.1")
MT_BENCH = ("tunstall2023", "Table 1")
ALIGNED = {"dDPO": style.BLUE, "RLHF": style.CRIMSON, "dPPO": style.AMBER, "dSFT": style.SLATE, "SFT": style.SLATE, "": style.GREY}
PLACES = {
    "Mistral 7B Instruct": "middle right",
    "WizardLM 70B v1.0": "bottom center",
    "Llama 2 70B Chat": "top center",
    "StableLM-Tuned-alpha 7B": "bottom right",
    "Guanaco 65B": "bottom center",
    "Zephyr 7B": "middle right",
}
ALIGNED_NAMES = {"dDPO": "DPO", "RLHF": "RLHF", "dPPO": "PPO", "dSFT": "supervised only", "": "not stated"}


def bounds(percent, n, level: float) -> tuple[np.ndarray, np.ndarray]:
    """(low, high) of Wilson's interval, in per cent like the shares themselves."""
    low, high = statistics.wilson_interval(np.asarray(percent, float) / 100, n, level)
    return 100 * low, 100 * high


def rounds(level: float, settings: Mapping[str, str]) -> Panel:
    """Llama 2-Chat 70B against ChatGPT after each round, on both axes and under both judges, with binomial intervals."""
    rows = tables.load("preference_rounds")
    traces = []
    for judge, (label, color, symbol) in JUDGES.items():
        mine = rows[rows["judge"] == judge]
        x, y = mine["harmlessness"].to_numpy(), mine["helpfulness"].to_numpy()
        (x_low, x_high), (y_low, y_high) = bounds(x, mine["n_harmlessness"], level), bounds(y, mine["n_helpfulness"], level)
        trace = style.reported_markers(
            x, y, f"judged by {label}, measured off the figure", color, symbol, verified=False, text=list(mine["label"])
        )
        bars = {"type": "data", "symmetric": False, "color": style.translucent(color, 0.45), "thickness": 1.5, "width": 0}
        spot = ["top left" if judge == "meta_rm" else "bottom right"] * len(mine)
        traces.append(
            trace
            | {
                "error_x": bars | {"array": x_high - x, "arrayminus": x - x_low},
                "error_y": bars | {"array": y_high - y, "arrayminus": y - y_low},
                "mode": "markers+text",
                "textposition": spot,
                "textfont": {"size": 10, "color": color},
                "text": [name.replace("RLHF ", "").replace("SFT ", "SFT ") for name in mine["label"]],
            }
        )
    layout = style.layout(
        "number",
        "number",
        x_title="Harmlessness: win rate (%)",
        y_title="Helpfulness: win rate (%)",
        x_range=(0, 90),
        y_range=(0, 90),
        height=520,
    )
    layout["shapes"] = [style.horizontal_line(50.0), style.vertical_line(50.0, style.GREY, "dot")]
    ends = {judge: rows[rows["judge"] == judge].iloc[[0, -1]] for judge in JUDGES}
    helps, harms = ({j: ends[j][axis].tolist() for j in JUDGES} for axis in ("helpfulness", "harmlessness"))
    dips = falls(rows)
    return Panel(
        name="preference.rounds",
        title=(
            f"From SFT v1 to RLHF v5, helpfulness rises from {helps['meta_rm'][0]:.0f} to {helps['meta_rm'][1]:.0f}% by Meta's judges "
            f"and from {helps['gpt4'][0]:.0f} to {helps['gpt4'][1]:.0f}% by GPT-4, harmlessness likewise"
        ),
        figure=style.figure(traces, layout),
        data=lambda: rows.assign(status="reported"),
        caption=(
            f"Win rates of Llama 2-Chat 70B over ChatGPT. The paper prints no numbers here: hollow points were measured off its figure, to about 0.3 points. Bars: {100 * level:.0f}% Wilson intervals for 584 helpfulness and 1,586 "
            f"safety prompts; they hold the choice of prompts, not the judge's leaning. Meta's reward models were also what the model was trained on. Not every round gained on both axes: {dips}."
        ),
        alt=f"Helpfulness against harmlessness over eight rounds; GPT-4 sees {helps['gpt4'][0]:.0f} to {helps['gpt4'][1]:.0f}% and {harms['gpt4'][0]:.0f} to {harms['gpt4'][1]:.0f}%.",
        sources=(LLAMA, Citation("wilson1927")),
        settings=settings,
        explain=(statistics.wilson_interval,),
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


def batches(show: str, first: int, settings: Mapping[str, str]) -> Panel:
    """Meta's comparisons by batch, or added up ("batch" or "total"); first: the batch from which the title counts."""
    rows = tables.load("preference_batches")
    total = rows["comparisons"].cumsum()
    values = rows["comparisons"] if show == "batch" else total
    traces = [style.reported_markers(rows["batch"], rows["comparisons"], "comparisons in the batch", style.VIOLET)]
    if show == "total":
        traces.append(style.computed_line(rows["batch"], total, "all so far", style.BLUE))
    layout = style.layout(
        "number",
        "number",
        x_title="Batch, in the order of collection",
        y_title="Comparisons",
        x_range=(0.5, 14.5),
        y_range=(0, float(values.max()) * 1.08),
        height=400,
        shapes=[style.vertical_line(first - 0.5, style.AMBER)],
    )
    layout["xaxis"] |= {"dtick": 1}
    layout["yaxis"] |= {"exponentformat": "B"}
    late = float(rows.loc[rows["batch"] >= first, "comparisons"].sum() / total.iloc[-1])
    return Panel(
        name="preference.batches",
        title=f"Meta collected {format_count(float(total.iloc[-1]))} comparisons in 14 batches; {100 * late:.0f}% of them came from batch {first} on",
        figure=style.figure(traces, layout),
        data=lambda: pd.concat(
            [
                rows[["batch", "comparisons", "source"]].assign(status="reported"),
                pd.DataFrame({"batch": rows["batch"], "comparisons": total, "series": "all so far", "status": "computed"}),
            ],
            ignore_index=True,
        ),
        caption=(
            "Each comparison is one prompt with two answers and a person's choice between them. Batches were collected one after another, each on the newest model, so that the reward models saw answers like those "
            f"they would judge. The sum of the batches, {int(total.iloc[-1]):,}, is the number that the paper's Table 6 prints."
        ),
        alt=f"Comparisons by batch, from {int(rows['comparisons'].iloc[0]):,} in the first to {int(rows['comparisons'].iloc[-1]):,} in the last.",
        sources=(Citation("touvron2023llama2", "Tables 6 and 26"),),
        settings=settings,
        explain=(batches,),
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
        f"{model}, {shorter(setting)}" if group == "dpo" else f"{model} {setting}"
        for model, setting in zip(short, joined["setting"], strict=True)
    ]
    task = {"tldr": "TL;DR", "hh_dialogue": "dialogue", "cnn_dailymail": "CNN/DailyMail", "tldr_human": "TL;DR"}
    if group == "dpo":
        joined["row"] = [f"{task[bench]}: {row}" for bench, row in zip(joined["benchmark"], joined["row"], strict=True)]
    losses = all_scores().query("metric == 'loss_rate'").set_index(["source", "benchmark", "setting"])["score"]
    joined["loss"] = losses.reindex(pd.MultiIndex.from_frame(joined[keys])).to_numpy()
    return joined.sort_values(["benchmark", "score"], ascending=[True, False], kind="stable", ignore_index=True)


def shorter(text: str) -> str:
    """A setting in fewer words: the reference texts of a task go without saying.

    >>> shorter("vs the reference, temperature 0.25")
    'temperature 0.25'
    """
    return text.removeprefix("vs the reference, ").removeprefix("vs the chosen answers, ").replace("human vs", "people, vs")


def win_rates(rows: pd.DataFrame, group: str, level: float, settings: Mapping[str, str]) -> Panel:
    """Reported win rates with Wilson intervals where the number of cases is known; rows: `win_rate_rows` of the group.

    Where ties were counted, the interval is that of the share won among decided cases.
    """
    ties = bool(rows["loss"].notna().any())
    share, n = objective.decided(rows["score"] / 100, rows["loss"] / 100, rows["n"]) if ties else (rows["score"] / 100, rows["n"])
    share, n = 100 * np.asarray(share, float), np.asarray(n, float)
    low, high = bounds(share, n, level)
    at, known = np.arange(len(rows)), np.isfinite(n)
    labels = [
        f"{row} (n {'unknown' if not has else f'= {int(cases):,}'})" for row, cases, has in zip(rows["row"], rows["n"], known, strict=True)
    ]
    name = f"{100 * level:.0f}% interval" + (" of the share without ties" if ties else "")
    traces = [style.interval_bars(low[known], high[known], at[known], name, style.BLUE, width=0.5)]
    if ties:
        traces.append(style.computed_ticks(share, at, "share won without ties, computed here", style.BLUE, text=labels))
    for has, name, color in (
        (True, "win rate as reported", style.VIOLET if ties else style.BLUE),
        (False, "n unknown, so no interval", style.GREY),
    ):
        mask = known == has
        if mask.any():
            verified = list(rows.loc[mask, "verified"] > 0)
            traces.append(
                style.reported_markers(
                    rows.loc[mask, "score"], at[mask], name, color, verified=verified, text=[labels[i] for i in at[mask]]
                )
            )
    layout = intervals.rows(labels, "number", "Win rate (%)", row_height=30, x_range=(0, 100), zero=50.0)
    above, below = int((low[known] > 50).sum()), int((high[known] < 50).sum())
    unknown = f"; {int((~known).sum())} have no known n" if (~known).any() else ""
    without = " without ties" if ties else ""
    return Panel(
        name="preference.win_rates",
        title=f"{GROUPS[group]}: of {int(known.sum())} win rates{without} with a known n, {above} lie above 50% and {below} below beyond their interval{unknown}",
        figure=style.figure(traces, layout),
        data=lambda: pd.concat(
            [
                rows[["row", "model", "benchmark", "setting", "score", "n", "source", "location", "verified"]].assign(status="reported"),
                pd.DataFrame({"row": rows["row"], "score": share, "n": n, "low": low, "high": high, "status": "uncertain"})[known],
            ],
            ignore_index=True,
        ),
        caption=(
            f"Markers are win rates as reported; bands are {100 * level:.0f}% Wilson intervals for the number of prompts or answers, where it is known. {REMARKS[group]} "
            "Intervals hold the draw of prompts alone; raters and judges differ by more."
        ),
        alt=f"Win rates with intervals for {GROUPS[group]}: {above} of {int(known.sum())} lie above 50% beyond their interval.",
        sources=tuple(
            Citation(source, "; ".join(dict.fromkeys(rows.loc[rows["source"] == source, "location"])))
            for source in dict.fromkeys(rows["source"])
        )
        + (Citation("wilson1927"),),
        settings=settings,
        explain=(statistics.wilson_interval, objective.decided, win_rate_rows),
    )


def mt_bench(settings: Mapping[str, str]) -> Panel:
    """MT-Bench scores of Zephyr's Table 1 by size and by how each model was aligned."""
    rows = all_scores().query("benchmark == 'mt_bench' and source == @MT_BENCH[0] and location == @MT_BENCH[1]").drop_duplicates("model")
    rows = rows.assign(aligned=rows["note"].str.extract(r"aligned by (\w+)")[0].fillna("").replace("SFT", "dSFT"))
    rows.loc[rows["model"] == "Zephyr 7B", "aligned"] = "dDPO"
    known = rows[rows["n_params"].notna()]
    without = rows[rows["n_params"].isna()]
    traces = []
    for way, name in ALIGNED_NAMES.items():
        mine = known[known["aligned"] == way]
        if len(mine):
            trace = style.reported_markers(
                mine["n_params"],
                mine["score"],
                name,
                ALIGNED[way],
                "star" if way == "dDPO" else "circle",
                verified=list(mine["verified"] > 0),
                text=list(mine["model"]),
            )
            traces.append(
                trace
                | {
                    "mode": "markers+text",
                    "textposition": [PLACES.get(name, "top center") for name in mine["model"]],
                    "textfont": {"size": 10},
                }
            )
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
    zephyr, chat = float(scores["Zephyr 7B"]), float(scores["Llama 2 70B Chat"])
    rivals = known[(known["score"] > zephyr)]["model"]
    return Panel(
        name="preference.mt_bench",
        title=f"Zephyr 7B scores {zephyr} on MT-Bench against {chat} for Llama 2 70B Chat; of the open models {', '.join(rivals)} is ahead",
        figure=style.figure(traces, layout),
        data=lambda: rows[["model", "n_params", "score", "aligned", "source", "location", "verified"]].assign(status="reported"),
        caption=(
            "Scores as the Zephyr paper prints them, coloured by the last step of tuning; lines are models whose size is not public. MT-Bench is 80 questions of two turns graded by GPT-4; the paper prints no errors, and another "
            f"paper gives +-{significant(0.07)} for Mistral 7B Instruct. Zephyr learned from preferences of GPT-4 itself, which may please the same judge."
        ),
        alt=f"MT-Bench score against size: Zephyr 7B has {zephyr}, Llama 2 70B Chat {chat}.",
        sources=(Citation("tunstall2023", "Table 1"), Citation("zheng2023"), Citation("jiang2023", "Table 4")),
        settings=settings,
        explain=(mt_bench,),
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


def default_panels() -> dict[str, Callable[[], Panel]]:
    """The panels on reported results at their default settings."""
    return {
        "preference.rounds": lambda: rounds(0.95, {"interval": "95%"}),
        "preference.batches": lambda: batches("batch", 8, {"from batch": "8", "show": "each batch"}),
        "preference.win_rates": lambda: win_rates(win_rate_rows("dpo"), "dpo", 0.95, {"interval": "95%", "group": GROUPS["dpo"]}),
        "preference.mt_bench": lambda: mt_bench({"scores": "as printed"}),
    }
