"""One small figure for each of the ten papers, in the article's order."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from analysis.benchmarks import data as benchmarks_data
from analysis.benchmarks import figures_pair as benchmarks_figures_pair
from analysis.charts import style
from analysis.charts.panel import Citation, Panel
from analysis.compute.figures import FromRun

HEIGHT = 260
LISTED = 4
"""Entries of a legend that a card has room for."""
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


def reported_bars(name: str, rows, labels, values, x_title: str, title: str, caption: str, alt: str) -> Panel:
    """Reported values as markers on one line each, largest at the top."""
    order = np.argsort(values)
    x, y = [float(values[i]) for i in order], [str(labels[i]) for i in order]
    verified = [bool(rows["verified"].iloc[i] > 0) for i in order]
    traces = [style.reported_markers(x, y, "reported", style.BLUE, verified=verified)]
    layout = style.layout("number", "category", x_title=x_title, height=HEIGHT, showlegend=False)
    sources = tuple(Citation(source, place) for source, place in dict.fromkeys(zip(rows["source"], rows["location"], strict=True)))
    data = rows[["model", "benchmark", "setting", "metric", "value", "unit", "source", "location", "verified"]].assign(status="reported")
    return Panel(
        name=name,
        title=title,
        figure=style.figure(traces, layout),
        data=data,
        caption=caption,
        alt=alt,
        sources=sources,
        settings={"scores": "as reported"},
        explain=(reported_bars,),
    )


def of(source: str):
    """The scores that a work reports, vision papers included."""
    rows = benchmarks_data.all_scores(True)
    return rows[rows["source"] == source].reset_index(drop=True)


def bloomberg() -> Panel:
    """BloombergGPT's size against the optimum for its compute."""
    panel = FromRun().panel()
    panel.figure.data[-1].name = "BloombergGPT 50B"  # a card has no room for its bill
    return replace(panel, name="overview.bloomberg", beside=None)


def zephyr() -> Panel:
    """MT-Bench of Zephyr 7B, tuned with DPO, and of larger chat models in its paper."""
    rows = benchmarks_data.all_scores()
    rows = rows[(rows["benchmark"] == "mt_bench") & (rows["source"] == "tunstall2023") & rows["value"].notna()]
    rows = rows.sort_values("value").drop_duplicates("model", keep="last").tail(9).reset_index(drop=True)
    small = rows.set_index("model").loc["Zephyr 7B", "value"]
    large = rows.set_index("model").loc["Llama 2 70B Chat", "value"]
    return reported_bars(
        "overview.zephyr",
        rows,
        rows["model"].tolist(),
        rows["value"].tolist(),
        "MT-Bench score (1 to 10)",
        f"Tuned with DPO, Zephyr 7B scores {small:g} on MT-Bench; Llama 2 70B Chat scores {large:g}",
        "As the Zephyr paper reports them, judged by GPT-4 (hollow: not verified).",
        f"MT-Bench scores of {len(rows)} models; Zephyr 7B has {small:g} and Llama 2 70B Chat {large:g}.",
    )


def orca2() -> Panel:
    """Orca 2 13B and Llama 2 70B Chat on the benchmarks that they share."""
    panel = benchmarks_figures_pair.Dumbbell(model_a="orca-2-13b", model_b="llama-2-70b-chat").panel()
    return replace(panel, name="overview.orca2")


def convnets() -> Panel:
    """ImageNet accuracy of the largest pretrained NFNet and ViTs."""
    rows = of("smith2023")
    rows = rows[rows["benchmark"] == "imagenet"].reset_index(drop=True)
    best = rows.loc[rows["value"].idxmax()]
    return reported_bars(
        "overview.convnets",
        rows,
        rows["model"].tolist(),
        rows["value"].tolist(),
        "ImageNet top-1 accuracy (%)",
        f"A ConvNet reaches {rows.loc[rows['model'].str.startswith('NFNet'), 'value'].max():g}% on ImageNet; the best ViT beside it {best['value']:g}%",
        "As reported; pretraining sets and compute differ and are named in the data.",
        f"ImageNet accuracy of {len(rows)} models, from {rows['value'].min():g} to {rows['value'].max():g} per cent.",
    )


def segment_anything() -> Panel:
    """Difference between SAM and RITM on 23 data sets, one centre point each."""
    rows = of("kirillov2023")
    rows = rows[rows["benchmark"] == "sam_vs_ritm"].reset_index(drop=True)
    names = [setting.split(",")[0] for setting in rows["setting"]]
    better = int((rows["value"] > 0).sum())
    return reported_bars(
        "overview.segment_anything",
        rows,
        names,
        rows["value"].tolist(),
        "IoU of SAM less IoU of RITM (points)",
        f"From one point, SAM segments better than RITM on {better} of {len(rows)} data sets",
        "As reported; each marker is one data set.",
        f"Differences on {len(rows)} data sets, from {rows['value'].min():g} to {rows['value'].max():g} IoU points; {better} are positive.",
    )


def emu() -> Panel:
    """How often Emu Video was preferred for its quality, by rival."""
    rows = of("girdhar2023")
    chosen = (rows["benchmark"] == "emu_human") & (rows["metric"] == "win_rate_quality") & (rows["location"] == "Figure 2")
    rows = rows[chosen].reset_index(drop=True)
    names = [setting.split(",")[0].removeprefix("vs ") for setting in rows["setting"]]
    return reported_bars(
        "overview.emu",
        rows,
        names,
        rows["value"].tolist(),
        "Preferred for quality (%)",
        f"Raters preferred Emu Video's quality in {rows['value'].min():g} to {rows['value'].max():g}% of comparisons",
        "As reported, against each rival; between 23 and 307 prompts, so the smaller sets are uncertain by several points.",
        f"Win rates against {len(rows)} rivals, from {rows['value'].min():g} to {rows['value'].max():g} per cent.",
    )


def default_panels() -> dict[str, Callable[[], Panel]]:
    """The small figures of this page; those of other topics are theirs."""
    return {
        "overview.bloomberg": bloomberg,
        "overview.zephyr": zephyr,
        "overview.orca2": orca2,
        "overview.convnets": convnets,
        "overview.segment_anything": segment_anything,
        "overview.emu": emu,
    }


def small(panel: Panel) -> Panel:
    """The panel in the size of a card: lower, with its legend where that takes few words."""
    layout, listed = panel.figure.layout, [trace for trace in panel.figure.data if trace.showlegend is not False]
    legend = layout.showlegend is not False and 1 < len(listed) <= LISTED
    layout.margin.update(t=60 if legend else 12, b=44)
    labels = layout.yaxis.ticktext or ()
    layout.update(
        height=max(HEIGHT + 48 * legend, layout.margin.t + layout.margin.b + style.LINE * style.line_count(labels)), showlegend=legend
    )
    return panel
