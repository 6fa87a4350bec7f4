"""What shared heads cost in quality: Llama 2's comparison of multi-head, grouped-query and multi-query attention."""

import pandas as pd

from analysis import tables
from analysis.attention.data import KINDS, ablation_scores
from analysis.attention.figures_latency import COLORS
from analysis.charts import marks, style
from analysis.charts.figure import Figure
from analysis.charts.panel import Citation, Headline, Panel
from analysis.charts.parameters import Choice


def score_table() -> pd.DataFrame:
    """The ablation as printed, as texts."""
    return ablation_scores().rename(columns=KINDS).map("{:.1f}".format).rename_axis("task").reset_index()


class Ablation(Figure):
    """Llama 2's comparison of kinds of attention by task, as differences to multi-head attention or as printed."""

    name = "attention.ablation"
    ablation_shown: str = Choice("Show", options={"difference": "difference to MHA", "score": "scores as printed"})("difference")

    def draw(self) -> Panel:
        """The panel at these parameters."""
        table, difference = ablation_scores(), self.ablation_shown == "difference"
        rows = tables.load("gqa_ablation").set_index("task")
        gains = table.sub(table["mha"], axis=0)
        parts, traces = [], []
        for kind, symbol in zip(KINDS, ("circle", "diamond", "square"), strict=True):
            printed = rows[rows["attention"] == kind].loc[table.index]
            parts.append(
                {
                    "series": KINDS[kind],
                    "task": list(table.index),
                    "score": table[kind].to_numpy(),
                    "difference_to_mha": gains[kind].to_numpy(),
                    "source": printed["source"].to_numpy(),
                    "location": printed["location"].to_numpy(),
                    "verified": printed["verified"].to_numpy(),
                    "status": "computed" if difference else "reported",
                }
            )
            color = COLORS["own" if kind == "gqa" else kind]
            if not difference:
                traces.append(marks.points(parts[-1], "score", "task", color, symbol=symbol))
            elif kind != "mha":
                traces.append(marks.ticks(parts[-1], "difference_to_mha", "task", color))
        traces = [trace | {"hovertemplate": "%{y}: %{x:.1f}<extra>%{fullData.name}</extra>"} for trace in traces]
        axis = "Difference to multi-head attention (points)" if difference else "Score (%)"
        layout = style.layout("number", "category", x_title=axis, height=460)
        layout["yaxis"] |= {"autorange": "reversed"}
        layout["xaxis"]["range"] = [-3, 3] if difference else [0, 85]
        if difference:
            layout["shapes"] = [style.vertical_line(0, style.GREY, "solid")]
        least = {
            kind: Headline(
                f"tasks on which {KINDS[kind]} is at least as good",
                int((gains[kind] >= 0).sum()),
                "tasks",
                str(int((gains[kind] >= 0).sum())),
            )
            for kind in ("gqa", "mqa")
        }
        mean = {kind: Headline(f"mean of {KINDS[kind]}", float(table[kind].mean()), "%", f"{table[kind].mean():.1f}") for kind in KINDS}
        return Panel(
            title=(
                f"GQA matches or beats MHA on {least['gqa']} of {len(table)} tasks (mean {mean['gqa']} against "
                f"{mean['mha']}), MQA on {least['mqa']} ({mean['mqa']})"
            ),
            headline=(least["gqa"], mean["gqa"], mean["mha"], mean["mqa"]),
            figure=style.figure(traces, layout),
            parts=parts,
            beside=score_table(),
            caption=(
                "Markers are scores of 30B models trained on 150B tokens with multi-head (MHA), grouped-query (GQA) or multi-query attention (MQA), with wider MLPs where heads are shared so that sizes agree. Each was trained once, and the paper prints no "
                "intervals: a difference of a point on one task may be chance. Means are unweighted."
            ),
            alt=f"Scores of three kinds of attention on {len(table)} tasks; means are {mean['mha']} multi-head, {mean['gqa']} grouped-query and {mean['mqa']} multi-query.",
            sources=(Citation("touvron2023llama2", rows["location"].iloc[0]),),
        )
