"""One small figure for each of the ten papers, in the article's order."""

from collections.abc import Sequence
from dataclasses import replace

import pandas as pd

from analysis.benchmarks import data as benchmarks_data
from analysis.benchmarks.figures_pair import Dumbbell
from analysis.charts import marks, style
from analysis.charts.figure import Figure
from analysis.charts.marks import Part
from analysis.charts.panel import Headline, Panel, cite
from analysis.compute.figures import FromRun
from analysis.convnets_vits.figures_shapes import LOOKS, family

HEIGHT = 260
LISTED = 4
"""Entries of a legend that a card has room for."""
CARD = 260
"""Width of the plot of the narrowest card [px]."""
# (work, the panel that stands for it at its default settings, or a figure of this module, and the pages that go further, with
# the section that is meant where it is not the first)
PAPERS = (
    ("biderman2023", "term_frequency.scatter", ("term_frequency", "pythia")),
    (
        "touvron2023llama2",
        "attention.ablation",
        ("attention?section=quality", "preference?section=llama2", "benchmarks"),
    ),
    ("dettmers2023", "memory.parts", ("memory", "judges")),
    ("wu2023", "overview.bloomberg", ("domain", "compute", "scaling")),
    ("rafailov2023", "overview.zephyr", ("preference", "benchmarks?section=pair&model_a=zephyr-7b&model_b=llama-2-70b-chat")),
    ("jiang2023", "attention.cache", ("attention", "moe")),
    ("mitra2023", "overview.orca2", ("small_models", "benchmarks?section=pair&model_a=orca-2-13b&model_b=llama-2-70b-chat")),
    ("smith2023", "overview.convnets", ("convnets_vits",)),
    ("kirillov2023", "overview.segment_anything", ("segment_anything",)),
    ("girdhar2023", "overview.emu", ("video",)),
)


TOLD = ("model", "benchmark", "setting", "metric", "unit", "source", "location", "verified")


def reported_markers(
    rows: pd.DataFrame,
    labels: Sequence[str],
    column: str,
    x_title: str,
    looks: Sequence[tuple[str, str, str]],
    ends: tuple[float, float],
    level: tuple[float, str] | None = None,
    **words,
) -> Panel:
    """Reported values as markers with their numbers on one line each, largest at the top.

    rows: of `all_scores`; looks: series, colour and symbol of each row; ends: of the axis; level: where a line stands, and its
    name. words: title, headline, caption and alt of the panel.
    """
    rows = rows.assign(entry=labels, look=list(looks)).sort_values("value", kind="stable")
    parts, traces = [], []
    for series, color, symbol in dict.fromkeys(rows["look"][::-1]):
        of_look = rows[rows["look"] == (series, color, symbol)]
        part: Part = {"series": series, "entry": of_look["entry"], column: of_look["value"], **of_look[list(TOLD)], "status": "reported"}
        mark = marks.points(part, column, "entry", color, symbol=symbol)
        numbers = [f"{value:g}".replace("-", "\u2212") for value in of_look["value"]]
        traces.append(mark | {"mode": "markers+text", "text": numbers, "textposition": "middle right", "cliponaxis": False})
        parts.append(part)
    layout = style.layout("number", "category", x_title=x_title, height=HEIGHT, showlegend=len(parts) > 1, x_range=ends)
    layout["yaxis"] |= {"categoryorder": "array", "categoryarray": list(dict.fromkeys(rows["entry"]))}
    if level is not None:
        layout["shapes"], layout["annotations"] = [style.vertical_line(level[0], style.GREY, "solid")], [style.line_name(*level)]
    figure = style.figure(traces, style.both_ends(layout))
    return Panel(figure=figure, parts=parts, sources=cite(rows), **words)


def of(source: str) -> pd.DataFrame:
    """The scores that a work reports, vision papers included."""
    rows = benchmarks_data.all_scores(True)
    return rows[rows["source"] == source].reset_index(drop=True)


def score(name: str, value: float, column: str = "score", unit: str = "") -> Headline:
    """A reported score as a headline, with the column in which it stands."""
    return Headline(name, float(value), unit, f"{value:g}", column)


class Bloomberg(Figure):
    """BloombergGPT's size against the optimum for its compute."""

    name = "overview.bloomberg"

    def draw(self) -> Panel:
        """The panel of compute.from_run, without what the run costs on a reader's GPUs: a card has no room for the bill."""
        panel = FromRun.of({})[0].panel()
        panel.figure.data = [trace for trace in panel.figure.data if trace.meta["role"] != "what_if"]
        panel.figure.layout.shapes = ()
        return replace(panel, beside=None)


class Zephyr(Figure):
    """MT-Bench of Zephyr 7B, tuned with DPO, and of larger chat models in its paper."""

    name = "overview.zephyr"

    def draw(self) -> Panel:
        """The panel."""
        rows = benchmarks_data.all_scores()
        rows = rows[(rows["benchmark"] == "mt_bench") & (rows["source"] == "tunstall2023") & rows["value"].notna()]
        rows = rows.sort_values("value").drop_duplicates("model", keep="last").tail(9)
        ours, theirs = "Zephyr 7B", "Llama 2 70B Chat"
        small, large = (score(f"MT-Bench of {model}", rows.set_index("model").loc[model, "value"]) for model in (ours, theirs))
        return reported_markers(
            rows,
            rows["model"].tolist(),
            "score",
            "MT-Bench score (1 to 10)",
            [
                (model, *style.family_style(of_model)) if model in (ours, theirs) else ("others", style.GREY, "circle")
                for model, of_model in zip(rows["model"], rows["family"], strict=True)
            ],
            (6, 9.5),
            title=f"Tuned with DPO, Zephyr 7B scores {small} on MT-Bench; Llama 2 70B Chat scores {large}",
            headline=(small, large),
            caption=f"MT-Bench scores from the Zephyr paper, judged by GPT-4{marks.hollow(' (hollow: not verified)', rows)}.",
            alt=f"MT-Bench scores of {len(rows)} models; Zephyr 7B has {small} and Llama 2 70B Chat {large}.",
        )


class Orca2(Figure):
    """Orca 2 13B and Llama 2 70B Chat on the benchmarks that they share."""

    name = "overview.orca2"

    def draw(self) -> Panel:
        """The panel of benchmarks.dumbbell for these two."""
        return Dumbbell(model_a="orca-2-13b", model_b="llama-2-70b-chat").panel()


class ConvNets(Figure):
    """ImageNet accuracy of the largest pretrained NFNet and ViTs."""

    name = "overview.convnets"

    def draw(self) -> Panel:
        """The panel."""
        rows = of("smith2023")
        rows = rows[rows["benchmark"] == "imagenet"]
        ours = score("best ConvNet", rows.loc[rows["model"].str.startswith("NFNet"), "value"].max(), "top1_accuracy", "%")
        best = score("best ViT", rows.loc[~rows["model"].str.startswith("NFNet"), "value"].max(), "top1_accuracy", "%")
        return reported_markers(
            rows,
            rows["model"].tolist(),
            "top1_accuracy",
            "ImageNet top-1 accuracy (%)",
            [(family(model), *LOOKS[family(model)]) for model in rows["model"]],
            (86, 91),
            title=f"The best ConvNet reaches {ours}% on ImageNet, the best ViT {best}%",
            headline=(ours, best),
            caption="ImageNet top-1 accuracy as reported in the paper. Pretraining data and compute differ; the table names them.",
            alt=f"ImageNet accuracy of {len(rows)} models, from {rows['value'].min():g} to {rows['value'].max():g} percent.",
        )


class SegmentAnything(Figure):
    """Difference between SAM and RITM on 23 data sets, one centre point each."""

    name = "overview.segment_anything"

    def draw(self) -> Panel:
        """The panel."""
        rows = of("kirillov2023")
        rows = rows[rows["benchmark"] == "sam_vs_ritm"]
        ahead = int((rows["value"] > 0).sum())
        better = Headline("data sets on which SAM is ahead", ahead, "data sets", str(ahead))
        return reported_markers(
            rows,
            [setting.split(",")[0] for setting in rows["setting"]],
            "iou_difference",
            "IoU of SAM minus IoU of RITM (points)",
            [("SAM ahead", style.BLUE, "circle") if value > 0 else ("SAM behind", style.CRIMSON, "circle") for value in rows["value"]],
            (-30, 55),
            (0, "level"),
            title=f"From one point, SAM segments better than RITM on {better} of {len(rows)} data sets",
            headline=(better,),
            caption="Each marker is one data set, as reported; right of zero SAM is ahead.",
            alt=f"Differences on {len(rows)} data sets, from {rows['value'].min():g} to {rows['value'].max():g} IoU points; {better} are positive.",
        )


class Emu(Figure):
    """How often Emu Video was preferred for its quality, by rival."""

    name = "overview.emu"

    def draw(self) -> Panel:
        """The panel."""
        rows = of("girdhar2023")
        rows = rows[(rows["benchmark"] == "emu_human") & (rows["metric"] == "win_rate_quality") & (rows["location"] == "Figure 2")]
        least, most = (
            score(f"win rate, {name}", value, "win_rate", "%")
            for name, value in (("least", rows["value"].min()), ("most", rows["value"].max()))
        )
        return reported_markers(
            rows,
            [setting.split(",")[0].removeprefix("vs ") for setting in rows["setting"]],
            "win_rate",
            "Win rate in quality (%)",
            [("reported", style.BLUE, "circle")] * len(rows),
            (45, 105),
            (50, "one half"),
            title=f"Raters preferred Emu Video's quality on {least} to {most}% of prompts",
            headline=(least, most),
            caption="Win rate against each rival, as reported. Each rests on 23 to 307 prompts, so the smaller ones are uncertain by several points.",
            alt=f"Win rates against {len(rows)} rivals, from {least} to {most} percent.",
        )


def small(panel: Panel) -> Panel:
    """The panel in the size of a card: lower, with its legend where that takes few words, and without a table beside it."""
    figure = style.unnamed(panel.figure)
    layout, listed = figure.layout, [trace for trace in figure.data if trace.showlegend is not False]
    legend = layout.showlegend is not False and 1 < len(listed) <= LISTED
    layout.margin.update(t=60 if legend else 12, b=44)
    layout.update(height=HEIGHT, showlegend=legend)
    if (
        layout.margin.t + layout.margin.b + style.LINE * style.line_count(layout.yaxis.ticktext or ()) > HEIGHT
    ):  # names would lie over each other
        layout.yaxis.showticklabels, layout.meta = False, {**layout.meta, "label_room": style.LINE}
    return replace(panel, figure=style.renamed(figure, CARD), beside=None)
