"""Figures on what else moves a score: three programs for one benchmark, training on its kind of question, contamination."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from analysis import tables
from analysis.benchmarks import comparison, disagreement
from analysis.charts import style
from analysis.charts.panel import Citation, Panel

CONTAMINATION = Citation("touvron2023llama2", "Table 51; Section A.6")
SUBSETS = {
    "clean": (style.BLUE, "circle"),
    "not dirty": (style.SLATE, "square"),
    "not clean": (style.AMBER, "diamond"),
    "dirty": (style.CRIMSON, "star"),
}
PROGRAMS = {
    "authors' code": (style.SLATE, "circle"),
    "HELM code": (style.BLUE, "diamond"),
    "LM Evaluation Harness, January 2023": (style.CRIMSON, "square"),
}


def implementations(scores: pd.DataFrame, settings: Mapping[str, str]) -> Panel:
    """MMLU of eight models by three programs."""
    table = disagreement.implementations(scores)
    names = [style.escape(name) for name in table.index]
    programs = [name for name in PROGRAMS if name in table]
    low, high, gap = table[programs].min(axis=1), table[programs].max(axis=1), np.full(len(table), None)
    x = np.stack([low.astype(object), high.astype(object), gap], axis=1).ravel()
    y = np.stack([names, names, gap], axis=1).ravel()
    line = style.computed_line(list(x), list(y), "range", style.GREY, width=2) | {
        "hoverinfo": "skip",
        "hovertemplate": None,
        "connectgaps": False,
        "showlegend": False,
    }
    traces = [line]
    for program in programs:
        color, symbol = PROGRAMS[program]
        traces.append(
            style.reported_markers(table[program], names, program, color, symbol)
            | {"hovertemplate": "%{y}: %{x:.1f}<extra>%{fullData.name}</extra>"}
        )
    layout = style.layout(
        "number", "category", x_title="MMLU, 5-shot (%)", height=len(names) * 32 + 170, shapes=[style.vertical_line(25, style.GREY, "dot")]
    )
    layout["yaxis"] |= {"categoryorder": "array", "categoryarray": names[::-1]}
    layout["annotations"] = [style.note(25, 0, "guessing", yref="paper", yanchor="bottom", xanchor="left", xshift=4)]
    exchanged = disagreement.changed_order(table, "authors' code", "LM Evaluation Harness, January 2023")
    widest = table["spread"].idxmax()
    helm = (table["HELM code"] - table["authors' code"]).abs().max()
    return Panel(
        name="benchmarks.implementations",
        title=f"One MMLU, three programs: {widest} scores {table.loc[widest, programs].min():.1f} or {table.loc[widest, programs].max():.1f}",
        figure=style.figure(traces, layout),
        data=lambda: (
            table[programs]
            .rename_axis(columns="program")
            .stack()
            .rename("score")
            .reset_index()
            .assign(source="fourrier2023", verified=1, status="reported")
        ),
        caption=(
            f"The same questions, examples and models. HELM and the authors' code agree within {helm:.1f} points, the harness of January 2023 stands apart and puts {len(exchanged)} of {len(table) * (len(table) - 1) // 2} pairs of models "
            "the other way round. By the blog post, the programs differ in the prompt and in how the model's answer is read off. The harness was changed afterwards."
        ),
        alt=f"MMLU of {len(table)} models by three programs; the widest range is {table['spread'].max():.1f} points for {widest}.",
        sources=(Citation("fourrier2023", "comparison table"), Citation("hendrycks2020")),
        settings=settings,
        explain=(disagreement.implementations, disagreement.changed_order),
    )


def multiple_choice(scores: pd.DataFrame, settings: Mapping[str, str]) -> Panel:
    """DeepSeek 7B Chat before and after training on multiple-choice questions."""
    table = disagreement.multiple_choice_effect(scores).sort_values("gain", ignore_index=True)
    gap = np.full(len(table), None)
    x = np.stack([table["before"].astype(object), table["after"].astype(object), gap], axis=1).ravel()
    y = np.stack([table["label"], table["label"], gap], axis=1).ravel()
    traces = [
        style.computed_line(list(x), list(y), "gain", style.GREY, width=3)
        | {"hoverinfo": "skip", "hovertemplate": None, "connectgaps": False, "showlegend": False},
        style.reported_markers(table["before"], table["label"], "7B Chat", style.BLUE, "circle"),
        style.reported_markers(table["after"], table["label"], "with 20 million multiple-choice questions", style.CRIMSON, "diamond"),
    ]
    for trace in traces[1:]:
        trace["hovertemplate"] = "%{y}: %{x:.1f}<extra>%{fullData.name}</extra>"
    layout = style.layout("number", "category", x_title="Score, 0-shot (%)", height=270)
    layout["xaxis"] |= {"range": [20, 80], "autorange": False}
    layout["yaxis"] |= {"categoryorder": "array", "categoryarray": list(table["label"])}
    top, low = table.iloc[-1], table.iloc[0]
    return Panel(
        name="benchmarks.multiple_choice",
        title=f"Training on multiple-choice questions lifts a chat model by {top['gain']:.1f} points on {top['label']}, {low['gain']:.1f} on {low['label']}",
        figure=style.figure(traces, layout),
        data=lambda: table.melt(["benchmark", "label", "gain"], ["before", "after"], "series", "score").assign(
            source="deepseek2023repo", verified=2, status="reported"
        ),
        caption=(
            "DeepSeek's own experiment: the same 7B chat model with 20 million more Chinese multiple-choice questions in its training. The authors left these data out of the released models, "
            "because they fit the tests and not the use. What they do to answers in own words is not in our tables."
        ),
        alt=f"Scores before and after on three multiple-choice benchmarks; the gains run from {low['gain']:.1f} to {top['gain']:.1f} points.",
        sources=(Citation("deepseek2023repo", "README, section on multiple-choice questions"),),
        settings=settings,
        explain=(disagreement.multiple_choice_effect,),
    )


def contamination(settings: Mapping[str, str]) -> Panel:
    """Scores on clean and contaminated questions, as Llama 2's Table 51 has them."""
    rows = tables.load("contamination")
    labels = tables.load("benchmarks").set_index("benchmark")["label"]
    lifted = disagreement.lift(rows)
    lifted["name"] = lifted["model"] + ", " + lifted["benchmark"].map(labels)
    rows = rows.merge(lifted[["model", "benchmark", "name"]], on=["model", "benchmark"])
    z = disagreement.contamination_z(rows["score"], rows["expected"], rows["n_questions"])
    rows = rows.assign(z_recomputed=z)
    error = comparison.standard_error(rows["score"], rows["n_questions"])
    traces = []
    for subset, (color, symbol) in SUBSETS.items():
        at = (rows["subset"] == subset).to_numpy()
        part = rows[at]
        text = [
            f"{row.score:.1f} on {row.n_questions:,} questions ({row.contamination:g}% of tokens contaminated), z {row.z:+.2f}"
            for row in part.itertuples()
        ]
        mark = style.reported_markers(part["score"], list(part["name"]), subset, color, symbol, text=text)
        bars = {"type": "data", "array": 1.96 * error[at], "color": color, "thickness": 1, "width": 3}
        traces.append(mark | {"error_x": bars, "hovertemplate": "%{y}<br>%{text}<extra>%{fullData.name}</extra>"})
    layout = style.layout("number", "category", x_title="Score (%), with 95% intervals", height=330)
    layout["yaxis"] |= {"categoryorder": "array", "categoryarray": list(lifted["name"])[::-1]}
    top = lifted.iloc[0]
    whole = lifted.set_index(["model", "benchmark"]).loc[("Llama 2 70B", "mmlu")]
    return Panel(
        name="benchmarks.contamination",
        title=f"Contaminated questions score up to {top['lift']:.0f} points higher, but add only {lifted['gain'].min():.1f} to {lifted['gain'].max():.1f} points to the whole",
        figure=style.figure(traces, layout),
        data=lambda: rows.drop(columns=["name", "note"]).assign(status="reported"),
        caption=(
            f"Llama 2 on the parts of three benchmarks: a question is dirty if at least 80% of its tokens occur in the training data, clean under 20%. {top['dirty_share']:.0%} of the questions of MMLU Humanities are dirty; without contaminated "
            f"ones the 70B model's MMLU would be {whole['clean']:.1f} instead of {whole['whole']:.1f}. Dirty questions may also be the easier ones. The printed z scores come back within {np.abs(rows['z'] - rows['z_recomputed']).max():.1f}."
        ),
        alt=f"Scores on clean and dirty questions for {len(lifted)} models and benchmarks; dirty ones score {lifted['lift'].min():.0f} to {lifted['lift'].max():.0f} points higher.",
        sources=(CONTAMINATION,),
        settings=settings,
        explain=(disagreement.contamination_z, disagreement.lift, comparison.standard_error),
    )
