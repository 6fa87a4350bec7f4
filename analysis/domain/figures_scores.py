"""Figures on what domain pretraining bought: scores by task as reported."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from analysis import tables
from analysis.charts import intervals, marks, style
from analysis.charts.figure import Figure
from analysis.charts.marks import Part
from analysis.charts.panel import Citation, Headline, Panel
from analysis.charts.parameters import Choice
from analysis.domain import corpus_mix
from analysis.units import significant

RIVALS = {
    "BloombergGPT 50B": ("BloombergGPT 50B", style.RED, "square"),
    "GPT-NeoX-20B": ("GPT-NeoX 20B", style.GREY, "cross"),
    "OPT-66B": ("OPT 66B", style.SLATE, "triangle-up"),
    "BLOOM 176B": ("BLOOM 176B", style.ORCHID, "circle"),
    "GPT-3 175B": ("GPT-3 175B", style.GREY, "diamond"),
}
GROUPS = {
    "finance": "public finance tasks",
    "ner": "named entities and tickers",
    "knowledge": "knowledge and reasoning",
    "reading": "reading",
    "linguistic": "linguistic",
}
TASK_GROUPS = {"ner": "Bloomberg NER"}
"""The group in the table domain_scores, where its key is another."""
FINANCE = {"convfinqa": "ConvFinQA", "fiqa_sa": "FiQA SA", "fpb": "FPB", "headline": "Headline", "ner_finance": "NER"}
SUITES = {"mmlu": "MMLU", "bbh": "BIG-bench Hard"}
ROUTES = {
    "LLaMA 7B": ("LLaMA 7B (base)", style.VIOLET, "triangle-up"),
    "DAPT-7B": ("continued pretraining (raw text)", style.SLATE, "circle"),
    "AdaptLLM-7B": ("AdaptLLM 7B (reading comprehension)", style.BLUE, "diamond"),
    "BloombergGPT 50B": ("BloombergGPT 50B (from scratch)", style.RED, "square"),
}


def scores_of(group: str) -> pd.DataFrame:
    """The scores of a group in GROUPS by task and model in the BloombergGPT paper, columns as in the table domain_scores."""
    rest = tables.load("domain_scores")
    rest = rest[rest["way"] == "prompted"]
    labels = rest.drop_duplicates("task").set_index("task")[["label", "task_group"]]
    old = tables.load("bloomberggpt_scores").query("source == 'wu2023' and metric != 'win_rate' and metric != 'average'")
    labels = pd.concat(
        [labels, pd.DataFrame({"label": FINANCE, "task_group": "finance"}), pd.DataFrame({"label": SUITES, "task_group": "knowledge"})]
    )
    old = old[old["benchmark"].isin(labels.index)].rename(columns={"benchmark": "task"})
    old = old.join(labels, on="task")
    columns = ["source", "model", "task", "label", "task_group", "metric", "value", "location", "verified"]
    both = pd.concat([old[columns], rest[columns]], ignore_index=True)
    rows = both[(both["task_group"] == TASK_GROUPS.get(group, group)) & both["model"].isin(RIVALS)]
    return rows.sort_values("model", key=lambda names: names.map(list(RIVALS).index), kind="stable", ignore_index=True)


def score_marks(rows: pd.DataFrame, looks: Mapping[str, tuple], tasks: Sequence[str]) -> tuple[list[dict], list[Part]]:
    """(traces, parts) of reported scores, one of each per model, tasks from top to bottom."""
    traces: list[dict] = []
    parts: list[Part] = []
    for model, (label, color, symbol) in looks.items():
        mine = rows[rows["model"] == model]
        if len(mine):
            at: dict[str, Any] = {"series": label, "row": [tasks.index(task) for task in mine["task"]]}
            parts.append(at | {name: mine[name].to_numpy() for name in mine} | {"status": "reported"})
            traces.append(marks.points(parts[-1], "value", "row", color, symbol=symbol, text=list(mine["label"])))
    return traces, parts


class Scores(Figure):
    """BloombergGPT and its rivals by task."""

    name = "domain.scores"
    task_group: str = Choice("Tasks", options=GROUPS)("finance")

    def draw(self) -> Panel:
        """The panel at this parameter."""
        rows, group = scores_of(self.task_group), GROUPS[self.task_group]
        tasks = list(dict.fromkeys(rows["task"]))
        labels = rows.drop_duplicates("task").set_index("task")["label"]
        tested = ["GPT-NeoX-20B", "OPT-66B", "BLOOM 176B"]
        won, n = corpus_mix.wins(rows, "BloombergGPT 50B", tested)
        ahead = Headline("tasks on which BloombergGPT is ahead of all tested beside it", won, "tasks", str(won))
        title, headline, more = f"BloombergGPT beats all three models tested with it on {ahead} of {n} tasks ({group})", [ahead], ""
        if (rows["model"] == "GPT-3 175B").any():
            behind, of = corpus_mix.wins(rows, "GPT-3 175B", ["BloombergGPT 50B"])
            headline.append(Headline("tasks on which GPT-3 is ahead of BloombergGPT", behind, "tasks", str(behind)))
            title += f"; GPT-3 beats it on {headline[1]} of {of}"
            more = " GPT-3's scores are quoted by the paper and were measured by others, with their own prompts."
        traces, parts = score_marks(rows, RIVALS, tasks)
        layout = intervals.rows([labels[task] for task in tasks], "number", "Score (%)", row_height=30, x_range=(0, 100), zero=None)
        return Panel(
            title=title,
            headline=tuple(headline),
            figure=style.figure(traces, layout),
            parts=parts,
            caption=(
                "Markers are scores as printed, one row per task. Compare models within a row only, since metrics differ between tasks (accuracy, F1, exact match). "
                f"{marks.hollow('Hollow: from memory. ', rows)}The prompts were the paper's own, and no intervals are printed.{more}"
            ),
            alt=f"Scores by task for {group}: BloombergGPT is ahead of the three models tested beside it on {ahead} of {n}.",
            sources=(Citation("wu2023", "; ".join(dict.fromkeys(rows["location"]))),),
        )


class Routes(Figure):
    """The five finance tasks by route to the model: prompted, or fine-tuned on each task."""

    name = "domain.routes"
    models_are: str = Choice("Setting", options={"prompted": "prompted", "fine-tuned": "fine-tuned on each task"})("prompted")

    def draw(self) -> Panel:
        """The panel at this parameter."""
        way = self.models_are
        rows = tables.load("bloomberggpt_scores").query("source == 'cheng2023' and metric == 'task_score'")
        rows = rows.rename(columns={"benchmark": "task"})
        rows = rows.assign(label=rows["task"].map(FINANCE), way="prompted")
        tuned = tables.load("domain_scores").query("way == 'fine-tuned' and metric == 'task_score'")
        columns = ["source", "model", "task", "label", "way", "value", "location", "verified"]
        everything = pd.concat([rows[columns], tuned[columns]], ignore_index=True)
        tasks = list(FINANCE)
        traces, parts = score_marks(everything[everything["way"] == way], ROUTES, tasks)
        means = everything.groupby(["way", "model"], sort=False)["value"].mean()
        now = means[way]
        names = [name for name in ROUTES if name in now.index]
        colors = [ROUTES[name][1] for name in names]
        parts.append(
            {
                "series": "mean, computed here",
                "row": [len(tasks)] * len(names),
                "model": names,
                "label": "mean of the five",
                "way": way,
                "value": [float(now[name]) for name in names],
                "status": "computed",
            }
        )
        mean_marks = marks.ticks(parts[-1], "value", "row", style.GREY, text=[ROUTES[name][0] for name in names])
        marker = {"color": colors, "size": 17, "symbol": "line-ns", "line": {"width": 3, "color": colors}}
        traces.append(mean_marks | {"marker": marker})
        layout = intervals.rows([*FINANCE.values(), "mean of the five"], "number", "Score (%)", row_height=44, x_range=(25, 100), zero=None)
        ours, bloom = float(means["prompted", "AdaptLLM-7B"]), float(means["prompted", "BloombergGPT 50B"])
        base = float(means["fine-tuned", "LLaMA 7B"])
        prompted = Headline("mean of BloombergGPT, prompted", bloom, "%", f"{bloom:.1f}", "value" if way == "prompted" else "")
        if way == "prompted":
            own = Headline("mean of AdaptLLM 7B, prompted", ours, "%", f"{ours:.1f}", "value")
            title = f"Prompted, AdaptLLM 7 B averages {own} and BloombergGPT 50 B {prompted}; raw text alone hurts"
        else:
            own = Headline("mean of LLaMA 7B, fine-tuned", base, "%", f"{base:.1f}", "value")
            title = f"Fine-tuned on each task, plain LLaMA 7 B averages {own}; BloombergGPT prompted has {prompted}"
        return Panel(
            title=title,
            headline=(own, prompted),
            figure=style.figure(traces, layout),
            parts=parts,
            caption=(
                "Markers are scores as printed, one row per task; ticks in the last row are the means of the five. All 7 B models start from LLaMA 7B. Prompted: the task stands in the prompt, as for BloombergGPT. "
                "Fine-tuned: one epoch on the training set of each task, which the prompted models never saw, so the two settings answer different questions. "
                f"Domain pretraining adds {significant(means['fine-tuned', 'AdaptLLM-7B'] - base, 2)} points fine-tuned and {significant(ours - means['prompted', 'LLaMA 7B'], 2)} prompted."
            ),
            alt=f"Scores of five finance tasks, {way}: {', '.join(f'{ROUTES[name][0]} averages {now[name]:.1f}' for name in names)}.",
            sources=(Citation("cheng2023", "Table 4; Table 12"), Citation("wu2023", "Table 8")),
        )
