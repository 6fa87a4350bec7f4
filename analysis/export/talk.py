"""The prepared talk: the ten papers in the article's order, two figures each, the corrections to the article, and the sources."""

from collections.abc import Callable

from analysis import TITLE, tables
from analysis.export import slide
from analysis.export.slide import Slide
from analysis.export.words import MADE_WITH

PAPERS = (
    ("Pythia", ("term_frequency.scatter", "pythia.dedup_forest")),
    ("Llama 2", ("attention.ablation", "preference.rounds")),
    ("QLoRA", ("memory.parts", "memory.error")),
    ("BloombergGPT", ("domain.optimum", "domain.cost")),
    ("DPO", ("preference.frontier", "preference.mt_bench")),
    ("Mistral 7B", ("attention.cache", "moe.intuition")),
    ("Orca 2", ("benchmarks.dumbbell?model_a=orca-2-13b&model_b=llama-2-70b-chat", "small_models.ratio")),
    ("ConvNets Match ViTs at Scale", ("convnets_vits.accuracy", "convnets_vits.devices")),
    ("Segment Anything", ("segment_anything.per_mask", "segment_anything.against_ritm")),
    ("Emu Video", ("video.win_rates", "video.stages")),
)
"""Name of each paper in the article's order, and the addresses of its figures."""


def talk(link: Callable[[str], str] = str) -> list[Slide]:
    """The slides, drawn from the declarations of their figures; the sources are added when they become a file.

    link: to a figure at an address, for the notes of its slide; without a server the address alone, which the command line draws again.
    """
    from analysis import catalogue

    article = tables.source("raschka2023")
    cover = Slide(title=TITLE, text=f"The selection is that of {article['authors']}: {article['title']} ({article['url']})\n{MADE_WITH}")
    figures = [
        slide.of(catalogue.asked_for(address).panel(), link(address), above=f"{number} · {paper}")
        for number, (paper, addresses) in enumerate(PAPERS, start=1)
        for address in addresses
    ]
    return [cover, *figures, corrections()]


def corrections() -> Slide:
    """The statements of the article that need a correction, as a table."""
    from analysis import catalogue

    rows = catalogue.asked_for("claims.verdicts?verdict=corrected").panel().data
    rows = rows[rows["claim"].notna()]
    lines = ["The article says | The numbers or sources say"]
    lines += [f"{row['claim']} | {row['found']}".replace("\n", " ") for row in rows.to_dict("records")]
    return Slide(title=f"{len(rows)} statements of the article need a correction", text="\n".join(lines))
