"""What figures on term frequency share: the runs and counts they draw, and how these are named and cited."""

from collections.abc import Mapping

import pandas as pd

from analysis import tables, term_frequency
from analysis.charts import style
from analysis.charts.panel import Citation

SIZES = ("Pythia 160M", "Pythia 410M", "Pythia 1B", "Pythia 1.4B", "Pythia 2.8B", "Pythia 6.9B", "Pythia 12B")
COLORS = dict(zip(SIZES, (style.GREY, style.SLATE, style.AMBER, style.CRIMSON, style.RED, style.VIOLET, style.BLUE), strict=True))
STEPS = tuple(range(13_000, 143_001, 26_000))
SHOTS = (0, 2, 4, 8, 16)
RELEASED = Citation("eleutherai2023", "evals/csv")
PAPER = Citation("biderman2023", "section 3.3")
V0 = "Accuracies are those of the first deduplicated models (v0), which were later retrained."


@tables.kept("number_corpora")
def corpora() -> dict[str, str]:
    """Name on charts of each corpus in the tables."""
    return tables.load("number_corpora").set_index("corpus")["label"].to_dict()


def frequencies() -> dict[str, pd.Series]:
    """Counts by number, for each corpus in the tables."""
    return term_frequency.frequencies_of(tables.load("number_frequencies"))


@tables.kept("term_frequency", most=512)
def accuracy_of(model: str, step: int, shots: int, operation: str) -> pd.Series:
    """Accuracy by operand in one run, indexed by operand."""
    rows = tables.load("term_frequency")
    chosen = (rows["model"] == model) & (rows["step"] == step) & (rows["shots"] == shots) & (rows["operation"] == operation)
    return rows[chosen].set_index("operand")["accuracy"]


@tables.kept("term_frequency_stats")
def stored(corpus: str) -> pd.DataFrame:
    """The stored statistics with the counts of one corpus."""
    rows = tables.load("term_frequency_stats")
    return rows[rows["corpus"] == corpus]


def one_of(statistics: pd.DataFrame, model: str, step: int, shots: int, operation: str) -> pd.Series:
    """The statistics of one run."""
    rows = statistics
    chosen = (rows["model"] == model) & (rows["step"] == step) & (rows["shots"] == shots) & (rows["operation"] == operation)
    return rows[chosen].iloc[0]


@tables.kept("number_corpora")
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


def text_of(corpus: str) -> str:
    """Name of a corpus within a sentence."""
    label = "your file" if corpus == "yours" else corpora()[corpus]
    return label[0].lower() + label[1:] if label.startswith("The ") else label


def short(model: str) -> str:
    """A model's size."""
    return model.removeprefix("Pythia ")


def span(row: Mapping, name: str) -> str:
    """The interval of a statistic."""
    return f"{row[f'{name}_low']:.2f} to {row[f'{name}_high']:.2f}"
