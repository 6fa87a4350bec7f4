"""Figures on what domain pretraining bought: scores by task as reported."""

from collections.abc import Callable, Mapping

import pandas as pd

from analysis import tables
from analysis.charts import intervals, style
from analysis.charts.panel import Citation, Panel
from analysis.domain import corpus_mix
from analysis.units import significant

RIVALS = {
    "BloombergGPT 50B": ("BloombergGPT 50B", style.RED, "square"),
    "GPT-NeoX-20B": ("GPT-NeoX 20B", style.GREY, "cross"),
    "OPT-66B": ("OPT 66B", style.SLATE, "triangle-up"),
    "BLOOM 176B": ("BLOOM 176B", style.AMBER, "circle"),
    "GPT-3 175B": ("GPT-3 175B", style.GREY, "diamond"),
}
GROUPS = {
    "finance": "public finance tasks",
    "Bloomberg NER": "names and tickers",
    "knowledge": "knowledge and reasoning",
    "reading": "reading",
    "linguistic": "linguistic",
}
FINANCE = {"convfinqa": "ConvFinQA", "fiqa_sa": "FiQA SA", "fpb": "FPB", "headline": "Headline", "ner_finance": "NER"}
SUITES = {"mmlu": "MMLU", "bbh": "BIG-bench Hard"}
ROUTES = {
    "LLaMA 7B": ("LLaMA 7B, as it is", style.VIOLET, "triangle-up"),
    "DAPT-7B": ("continued on raw text", style.SLATE, "circle"),
    "AdaptLLM-7B": ("AdaptLLM 7B, continued on exercises", style.BLUE, "diamond"),
    "BloombergGPT 50B": ("BloombergGPT 50B, from scratch", style.RED, "square"),
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
    rows = both[(both["task_group"] == group) & both["model"].isin(RIVALS)]
    return rows.sort_values("model", key=lambda names: names.map(list(RIVALS).index), kind="stable", ignore_index=True)


def marks(rows: pd.DataFrame, looks: Mapping[str, tuple], tasks: list[str], metric: str = "value") -> list[dict]:
    """One trace of reported markers per model, tasks from top to bottom."""
    traces = []
    for model, (label, color, symbol) in looks.items():
        mine = rows[rows["model"] == model]
        if len(mine):
            at = [tasks.index(task) for task in mine["task"]]
            traces.append(
                style.reported_markers(
                    mine[metric], at, label, color, symbol, verified=list(mine["verified"] > 0), text=list(mine["label"])
                )
            )
    return traces


def scores(group: str, settings: Mapping[str, str]) -> Panel:
    """BloombergGPT and its rivals by task."""
    rows = scores_of(group)
    tasks = list(dict.fromkeys(rows["task"]))
    labels = rows.drop_duplicates("task").set_index("task")["label"]
    tested = ["GPT-NeoX-20B", "OPT-66B", "BLOOM 176B"]
    won, n = corpus_mix.wins(rows, "BloombergGPT 50B", tested)
    title = f"BloombergGPT is ahead of all three models tested beside it on {won} of {n} tasks ({GROUPS[group]})"
    large = rows[rows["model"] == "GPT-3 175B"]
    more = ""
    if len(large):
        behind, of = corpus_mix.wins(rows, "GPT-3 175B", ["BloombergGPT 50B"])
        title += f"; GPT-3 is ahead of it on {behind} of {of}"
        more = " GPT-3's scores are quoted by the paper and were measured by others, with their own prompts."
    layout = intervals.rows([labels[task] for task in tasks], "number", "Score (%)", row_height=30, x_range=(0, 100), zero=None)
    return Panel(
        name="domain.scores",
        title=title,
        figure=style.figure(marks(rows, RIVALS, tasks), layout),
        data=lambda: rows.assign(status="reported"),
        caption=(
            "Markers are scores as printed, one row per task; only rows of one task can be compared, since metrics differ (accuracy, F1, exact match). Hollow: from memory. "
            f"The prompts were the paper's own, and no intervals are printed.{more}"
        ),
        alt=f"Scores by task for {GROUPS[group]}: BloombergGPT is ahead of the three models tested beside it on {won} of {n}.",
        sources=(Citation("wu2023", "; ".join(dict.fromkeys(rows["location"]))),),
        settings=settings,
        explain=(corpus_mix.wins,),
    )


def routes(way: str, settings: Mapping[str, str]) -> Panel:
    """The five finance tasks by route to the model: prompted, or fine-tuned on each task; way "prompted" or "fine-tuned"."""
    rows = (
        tables.load("bloomberggpt_scores").query("source == 'cheng2023' and metric == 'task_score'").rename(columns={"benchmark": "task"})
    )
    rows = rows.assign(label=rows["task"].map(FINANCE), way="prompted")
    tuned = tables.load("domain_scores").query("way == 'fine-tuned' and metric == 'task_score'")
    columns = ["source", "model", "task", "label", "way", "value", "location", "verified"]
    everything = pd.concat([rows[columns], tuned[columns]], ignore_index=True)
    shown = everything[everything["way"] == way].reset_index(drop=True)
    tasks = list(FINANCE)
    layout = intervals.rows([*FINANCE.values(), "mean of the five"], "number", "Score (%)", row_height=44, x_range=(25, 100), zero=None)
    traces = marks(shown, ROUTES, tasks)
    means = everything.groupby(["way", "model"], sort=False)["value"].mean()
    now = means[way]
    names = [name for name in ROUTES if name in now.index]
    traces.append(
        style.computed_ticks(
            [now[name] for name in names],
            [len(tasks)] * len(names),
            "mean, computed here",
            style.GREY,
            text=[ROUTES[name][0] for name in names],
        )
        | {
            "marker": {
                "color": [ROUTES[name][1] for name in names],
                "size": 17,
                "symbol": "line-ns",
                "line": {"width": 3, "color": [ROUTES[name][1] for name in names]},
            }
        }
    )
    ours, bloom = means["prompted", "AdaptLLM-7B"], means["prompted", "BloombergGPT 50B"]
    base = means["fine-tuned", "LLaMA 7B"]
    if way == "prompted":
        title = f"Prompted, a continued 7 B averages {ours:.1f} against {bloom:.1f} for the 50 B trained from scratch; raw text alone made it worse"
    else:
        title = (
            f"Fine-tuned on each task, LLaMA 7 B without any domain pretraining averages {base:.1f}; BloombergGPT prompted had {bloom:.1f}"
        )
    return Panel(
        name="domain.routes",
        title=title,
        figure=style.figure(traces, layout),
        data=lambda: pd.concat(
            [
                everything[everything["way"] == way].assign(status="reported"),
                pd.DataFrame(
                    {"model": names, "label": "mean of the five", "way": way, "value": [now[name] for name in names], "status": "computed"}
                ),
            ],
            ignore_index=True,
        ),
        caption=(
            "All 7 B models start from LLaMA 7B. Markers are scores as printed, ticks in the last row the means of the five. Prompted: examples in the prompt, as for BloombergGPT. "
            "Fine-tuned: one epoch on the training set of each task, which the prompted models never saw, so the two settings answer different questions. "
            f"Domain pretraining adds {significant(means['fine-tuned', 'AdaptLLM-7B'] - base, 2)} points to a fine-tuned model and {significant(ours - means['prompted', 'LLaMA 7B'], 2)} to a prompted one."
        ),
        alt=f"Scores of five finance tasks, {way}: {', '.join(f'{ROUTES[name][0]} averages {now[name]:.1f}' for name in names)}.",
        sources=(Citation("cheng2023", "Table 4; Table 12"), Citation("wu2023", "Table 8")),
        settings=settings,
        explain=(corpus_mix.wide, corpus_mix.wins),
    )


def default_panels() -> dict[str, Callable[[], Panel]]:
    """The panels on scores at their default settings."""
    return {
        "domain.scores": lambda: scores("finance", {"tasks": GROUPS["finance"]}),
        "domain.routes": lambda: routes("prompted", {"models are": "prompted"}),
    }
