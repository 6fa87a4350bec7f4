"""Colours, works and words that figures on term frequency share."""

from collections.abc import Mapping

from analysis import tables
from analysis.charts import style
from analysis.charts.panel import Citation
from analysis.term_frequency.data import SIZES, text_of

COLORS = dict(zip(SIZES, (style.GREY, style.SLATE, style.AMBER, style.CRIMSON, style.RED, style.VIOLET, style.BLUE), strict=True))
RELEASED = Citation("eleutherai2023", "evals/csv")
PAPER = Citation("biderman2023", "section 3.3")
V0 = "Accuracies are those of the first deduplicated models (v0), which were later retrained."


@tables.kept
def sources_of(corpus: str) -> tuple[Citation, ...]:
    """The works behind the accuracies and the counts of a corpus."""
    if corpus == "yours":
        return (RELEASED,)
    row = tables.load("number_corpora").set_index("corpus").loc[corpus]
    return RELEASED, Citation(row["source"], row["text"])


def settings_of(corpus: str, **shown) -> Mapping[str, str]:
    """What a chart shows, as a reader sees it."""
    words = {"counts": text_of(corpus)}
    for key, value in shown.items():
        words[{"shots": "examples"}.get(key, key)] = f"{value:,}" if key == "step" else str(value)
    return words


def span(row: Mapping, name: str) -> str:
    """The interval of a statistic."""
    return f"{row[f'{name}_low']:.2f} to {row[f'{name}_high']:.2f}"
