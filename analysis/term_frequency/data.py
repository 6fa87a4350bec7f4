"""Released accuracies and counts by number, kept until their tables change."""

from dataclasses import dataclass

import pandas as pd

from analysis import tables
from analysis.term_frequency import association

SIZES = ("Pythia 160M", "Pythia 410M", "Pythia 1B", "Pythia 1.4B", "Pythia 2.8B", "Pythia 6.9B", "Pythia 12B")
STEPS = tuple(range(13_000, 143_001, 26_000))
SHOTS = (0, 2, 4, 8, 16)
OWN = "own"
"""The corpus of a reader's own counts."""


def paper_table(statistics: pd.DataFrame) -> pd.DataFrame:
    """Printed and computed gaps side by side, for reading."""
    rows = association.against_the_paper(statistics, tables.load("term_frequency_gaps"))
    shown = rows[["model", "shots", "step", "gap_points", "computed", "low", "high", "difference"]].round(1)
    return shown.rename(columns={"shots": "examples", "gap_points": "printed", "low": "interval from", "high": "to"})


@tables.kept
def corpora() -> dict[str, str]:
    """Name on charts of each corpus in the tables."""
    return tables.load("number_corpora").set_index("corpus")["label"].to_dict()


@tables.kept
def frequencies() -> dict[str, pd.Series]:
    """Counts by number, for each corpus in the tables."""
    return association.frequencies_of(tables.load("number_frequencies"))


@tables.kept(most=512)
def accuracy_of(model: str, step: int, shots: int, operation: str) -> pd.Series:
    """Accuracy by operand in one run, indexed by operand."""
    rows = tables.load("term_frequency")
    chosen = (rows["model"] == model) & (rows["step"] == step) & (rows["shots"] == shots) & (rows["operation"] == operation)
    return rows[chosen].set_index("operand")["accuracy"]


@tables.kept
def stored(corpus: str) -> pd.DataFrame:
    """The stored statistics with the counts of one corpus."""
    rows = tables.load("term_frequency_stats")
    return rows[rows["corpus"] == corpus]


def one_of(statistics: pd.DataFrame, model: str, step: int, shots: int, operation: str) -> pd.Series:
    """The statistics of one run."""
    rows = statistics
    chosen = (rows["model"] == model) & (rows["step"] == step) & (rows["shots"] == shots) & (rows["operation"] == operation)
    return rows[chosen].iloc[0]


def text_of(corpus: str) -> str:
    """Name of a corpus within a sentence."""
    label = "your file" if corpus == OWN else corpora()[corpus]
    return label[0].lower() + label[1:] if label.startswith("The ") else label


@dataclass(frozen=True, eq=False)
class NumberCounts:
    """How often each number stands in a corpus, and the statistics of every run with these counts.

    corpus: an id of the table number_corpora, whose counts and stored statistics are read when they are asked for; or OWN, with both of
    them given.
    """

    corpus: str
    own_counts: pd.Series | None = None
    own_statistics: pd.DataFrame | None = None

    @property
    def counts(self) -> pd.Series:
        """Counts indexed by number."""
        return frequencies()[self.corpus] if self.own_counts is None else self.own_counts

    @property
    def statistics(self) -> pd.DataFrame:
        """One row for each run, as of `association.all_statistics`."""
        return stored(self.corpus) if self.own_statistics is None else self.own_statistics
