"""What shared heads cost in quality: Llama 2's comparison of multi-head, grouped-query and multi-query attention."""

from collections.abc import Mapping

from analysis import tables
from analysis.attention.data import KINDS, ablation_scores
from analysis.attention.figures_latency import COLORS
from analysis.charts import style
from analysis.charts.panel import Citation, Panel


def score_table() -> str:
    """The ablation as a Markdown table, as printed."""
    lines = ["| task | " + " | ".join(KINDS.values()) + " |", "| --- |" + " ---: |" * len(KINDS)]
    lines += [f"| {task} | " + " | ".join(f"{value:.1f}" for value in row) + " |" for task, row in ablation_scores().iterrows()]
    return "\n".join(lines)


def ablation(shown: str, settings: Mapping[str, str]) -> Panel:
    """Llama 2's comparison of kinds of attention by task; shown: "difference" to multi-head attention, or "score"."""
    if shown not in ("difference", "score"):
        raise ValueError(f"shown must be 'difference' or 'score', got {shown!r}")
    rows, table = tables.load("gqa_ablation"), ablation_scores()
    points = table.sub(table["mha"], axis=0)
    kinds = ("gqa", "mqa") if shown == "difference" else tuple(KINDS)
    traces = []
    for kind, symbol in zip(kinds, ("circle", "diamond", "square")[-len(kinds) :], strict=True):
        color = COLORS["own" if kind == "gqa" else kind]
        if shown == "difference":
            trace = style.computed_ticks(points[kind], list(table.index), KINDS[kind], color)
        else:
            flags = rows[rows["attention"] == kind].set_index("task")["verified"].loc[table.index] > 0
            trace = style.reported_markers(table[kind], list(table.index), KINDS[kind], color, symbol, verified=flags)
        traces.append(trace | {"hovertemplate": "%{y}: %{x:.1f}<extra>%{fullData.name}</extra>"})
    name = "Points above or below multi-head attention" if shown == "difference" else "Score (%)"
    layout = style.layout("number", "category", x_title=name, height=460)
    layout["yaxis"] |= {"autorange": "reversed"}
    layout["xaxis"]["range"] = [-3, 3] if shown == "difference" else [0, 85]
    if shown == "difference":
        layout["shapes"] = [style.vertical_line(0, style.GREY, "solid")]
    least = {kind: int((points[kind] >= 0).sum()) for kind in ("gqa", "mqa")}
    mean = table.mean()
    return Panel(
        name="attention.ablation",
        title=(
            f"Grouped-query attention scores at least as high as multi-head on {least['gqa']} of {len(table)} tasks (mean {mean['gqa']:.1f} against "
            f"{mean['mha']:.1f}), multi-query on {least['mqa']} (mean {mean['mqa']:.1f})"
        ),
        figure=style.figure(traces, layout),
        data=lambda: rows.assign(
            difference_to_mha=[points.loc[row["task"], row["attention"]] for row in rows.to_dict("records")],
            status="computed" if shown == "difference" else "reported",
        ),
        caption=(
            "30B models trained on 150B tokens, with MLPs widened where heads are shared so that sizes agree. Each kind was trained once and the paper prints no "
            "intervals: a difference of a point on one task may be chance. The means are unweighted."
        ),
        alt=f"Scores of three kinds of attention on {len(table)} tasks; means are {mean['mha']:.1f} multi-head, {mean['gqa']:.1f} grouped-query and {mean['mqa']:.1f} multi-query.",
        sources=(Citation("touvron2023llama2", rows["location"].iloc[0]),),
        settings=settings,
        explain=(ablation_scores,),
    )
