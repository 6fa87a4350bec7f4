"""Figures on what else moves a score: three programs for one benchmark, training on its kind of question, contamination."""

from typing import Any

import numpy as np

from analysis import tables
from analysis.benchmarks import comparison, data, disagreement
from analysis.charts import marks, style
from analysis.charts.figure import Figure
from analysis.charts.panel import Citation, Headline, Panel

CONTAMINATION = Citation("touvron2023llama2", "Table 51; Section A.6")
SUBSETS = {
    "clean": (style.BLUE, "circle"),
    "not dirty": (style.SLATE, "square"),
    "not clean": (style.ORCHID, "diamond"),
    "dirty": (style.CRIMSON, "star"),
}
PROGRAMS = {
    "authors' code": (style.SLATE, "circle"),
    "HELM code": (style.BLUE, "diamond"),
    "LM Evaluation Harness, January 2023": (style.CRIMSON, "square"),
}


GUESSING = 25.0
"""Score of guessing among four answers [percent]."""


class Implementations(Figure):
    """MMLU of eight models by three programs."""

    name = "benchmarks.implementations"

    def draw(self) -> Panel:
        """The panel."""
        table = disagreement.implementations(data.all_scores())
        names = list(table.index)
        programs = [name for name in PROGRAMS if name in table]
        ranges = {
            "series": "range", "model": np.repeat(names, 2),
            "mmlu_score": np.column_stack([table[programs].min(axis=1), table[programs].max(axis=1)]).ravel(), "status": "computed",
        }  # fmt: skip
        parts: list[dict[str, Any]] = [ranges]
        traces = [marks.segments(ranges, "mmlu_score", "model", style.GREY, width=2, showlegend=False)]
        for program in programs:
            color, symbol = PROGRAMS[program]
            part = {
                "series": program, "model": names, "mmlu_score": table[program].to_numpy(), "source": "fourrier2023",
                "location": "comparison table", "verified": 1, "status": "reported",
            }  # fmt: skip
            parts.append(part)
            mark = marks.points(part, "mmlu_score", "model", color, symbol=symbol)
            traces.append(mark | {"hovertemplate": "%{y}: %{x:.1f}<extra>%{fullData.name}</extra>"})
        parts.append({"series": "guessing", "mmlu_score": [GUESSING], "status": "computed"})
        layout = style.layout(
            "number",
            "category",
            x_title="MMLU, 5-shot (%)",
            height=len(names) * 32 + 170,
            shapes=[style.vertical_line(GUESSING, style.GREY, "dot")],
        )
        layout["yaxis"] |= {"categoryorder": "array", "categoryarray": names[::-1]}
        layout["annotations"] = [style.note(GUESSING, 0, "guessing", yref="paper", yanchor="bottom", xanchor="left", xshift=4)]
        exchanged = disagreement.changed_order(table, "authors' code", "LM Evaluation Harness, January 2023")
        widest = table["spread"].idxmax()
        low, high = (
            Headline(f"{end} score of {widest}", float(value), "%", f"{value:.1f}", "mmlu_score")
            for end, value in (("lowest", table.loc[widest, programs].min()), ("highest", table.loc[widest, programs].max()))
        )
        helm = (table["HELM code"] - table["authors' code"]).abs().max()
        return Panel(
            title=f"One MMLU, three implementations: {widest} scores {low} or {high}",
            headline=(low, high),
            figure=style.figure(traces, layout),
            parts=parts,
            caption=(
                f"Each row is one model, each marker its MMLU by one implementation, with the same questions and few-shot examples. HELM and the authors' code agree within {helm:.1f} points; the harness of January 2023 differs and reverses {len(exchanged)} of {len(table) * (len(table) - 1) // 2} pairs of models. "
                "By the blog post, the implementations differ in the prompt and in how the model's answer is read. The harness was changed afterwards."
            ),
            alt=f"MMLU of {len(table)} models by three implementations; the widest range is {table['spread'].max():.1f} points for {widest}.",
            sources=(Citation("fourrier2023", "comparison table"), Citation("hendrycks2020")),
        )


class MultipleChoice(Figure):
    """DeepSeek 7B Chat before and after training on multiple-choice questions."""

    name = "benchmarks.multiple_choice"

    def draw(self) -> Panel:
        """The panel."""
        table = disagreement.multiple_choice_effect(data.all_scores()).sort_values("gain", ignore_index=True)
        labels = table["label"].to_numpy()
        gains = {
            "series": "gain", "label": np.repeat(labels, 2), "score": np.column_stack([table["before"], table["after"]]).ravel(),
            "gain": np.repeat(table["gain"].to_numpy(), 2), "status": "computed",
        }  # fmt: skip
        parts: list[dict[str, Any]] = [gains]
        traces = [marks.segments(gains, "score", "label", style.GREY, width=3, showlegend=False)]
        for column, series, color, symbol in (
            ("before", "7B Chat", style.BLUE, "circle"),
            ("after", "with 20 million multiple-choice questions", style.CRIMSON, "diamond"),
        ):
            part = {
                "series": series, "benchmark": table["benchmark"].to_numpy(), "label": labels, "score": table[column].to_numpy(),
                "gain": table["gain"].to_numpy(), "source": "deepseek2023repo", "location": "repository evaluation/more_results.md", "verified": 2, "status": "reported",
            }  # fmt: skip
            parts.append(part)
            mark = marks.points(part, "score", "label", color, symbol=symbol)
            traces.append(mark | {"hovertemplate": "%{y}: %{x:.1f}<extra>%{fullData.name}</extra>"})
        layout = style.layout("number", "category", x_title="Score, 0-shot (%)", height=270)
        layout["xaxis"] |= {"range": [20, 80], "autorange": False}
        layout["yaxis"] |= {"categoryorder": "array", "categoryarray": list(labels)}
        top, low = table.iloc[-1], table.iloc[0]
        most, least = (
            Headline(f"gain on {row['label']}", float(row["gain"]), "points", f"{row['gain']:.1f}", "gain") for row in (top, low)
        )
        return Panel(
            title=f"Training on multiple-choice questions adds {most} points on {top['label']}, {least} on {low['label']}",
            headline=(most, least),
            figure=style.figure(traces, layout),
            parts=parts,
            caption=(
                "Markers are DeepSeek's 7B chat model before and after adding 20 million Chinese multiple-choice questions to its training. The authors did not use these data in the released models, "
                "because they improve tests and not use. Their effect on free-form answers is not in our tables."
            ),
            alt=f"Scores before and after on three multiple-choice benchmarks; the gains run from {least} to {most} points.",
            sources=(Citation("deepseek2023repo", "README, section on multiple-choice questions"),),
        )


class Contamination(Figure):
    """Scores on clean and contaminated questions, as Llama 2's Table 51 has them."""

    name = "benchmarks.contamination"

    def draw(self) -> Panel:
        """The panel."""
        rows = tables.load("contamination")
        labels = tables.load("benchmarks").set_index("benchmark")["label"]
        lifted = disagreement.lift(rows)
        lifted["name"] = lifted["model"] + ", " + lifted["benchmark"].map(labels)
        rows = rows.merge(lifted[["model", "benchmark", "name"]], on=["model", "benchmark"])
        error = comparison.standard_error(rows["score"], rows["n_questions"])
        rows = rows.assign(
            series=rows["subset"],
            z_recomputed=disagreement.contamination_z(rows["score"], rows["expected"], rows["n_questions"]),
            score_low=rows["score"] - 1.96 * error,
            score_high=rows["score"] + 1.96 * error,
            status="reported",
        )
        traces = []
        for subset, (color, symbol) in SUBSETS.items():
            part = rows[rows["subset"] == subset]
            text = [
                f"{row.score:.1f} on {row.n_questions:,} questions ({row.contamination:g}% of tokens contaminated), z {row.z:+.2f}"
                for row in part.itertuples()
            ]
            mark = marks.points(part, "score", "name", color, symbol=symbol, text=text)
            mark = marks.errors(mark, part, "score_low", "score_high", "x", color=color, thickness=1, width=3)
            traces.append(mark | {"hovertemplate": "%{y}<br>%{text}<extra>%{fullData.name}</extra>"})
        layout = style.layout("number", "category", x_title="Score (%), with 95% intervals", height=330)
        layout["yaxis"] |= {"categoryorder": "array", "categoryarray": list(lifted["name"])[::-1]}
        top = lifted.iloc[0]
        whole = lifted.set_index(["model", "benchmark"]).loc[("Llama 2 70B", "mmlu")]
        higher = Headline("largest lift of contaminated questions", float(top["lift"]), "points", f"{top['lift']:.0f}")
        low, high = (
            Headline(f"{end} gain of the whole", float(value), "points", f"{value:.1f}")
            for end, value in (("smallest", lifted["gain"].min()), ("largest", lifted["gain"].max()))
        )
        return Panel(
            title=f"Contaminated questions score up to {higher} points higher, but add only {low} to {high} points overall",
            headline=(higher, low, high),
            figure=style.figure(traces, layout),
            parts=[rows.drop(columns=["note"])],
            caption=(
                f"Markers are scores of Llama 2 on the clean and dirty parts of three benchmarks. A question is dirty if at least 80% of its tokens occur in the training data, clean under 20%. {top['dirty_share']:.0%} of MMLU Humanities is dirty; without contaminated "
                f"ones the 70B model's MMLU would be {whole['clean']:.1f} instead of {whole['whole']:.1f}. Dirty questions may also be the easier ones. The reported z scores recompute within {np.abs(rows['z'] - rows['z_recomputed']).max():.1f}."
            ),
            alt=f"Scores on clean and dirty questions for {len(lifted)} models and benchmarks; dirty ones score {lifted['lift'].min():.0f} to {lifted['lift'].max():.0f} points higher.",
            sources=(CONTAMINATION,),
        )
