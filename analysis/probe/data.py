"""Published accuracies, stored answers and measurements that figures of the probe draw, kept until their tables change."""

import pandas as pd

from analysis import tables
from analysis.probe import bundled, predicted
from analysis.term_frequency import association
from analysis.term_frequency.data import SHOTS, SIZES

CORPUS = "pile_train"


@tables.kept
def counts() -> pd.Series:
    """Occurrences in the Pile, by operand."""
    return association.frequencies_of(tables.load("number_frequencies"))[CORPUS]


@tables.kept(most=512)
def published(model: str, step: int, shots: int, operation: str) -> pd.Series:
    """Published accuracy by operand, in the order of `counts`. Kept, so not to be changed."""
    rows = tables.load("term_frequency")
    chosen = (rows["model"] == model) & (rows["step"] == step) & (rows["shots"] == shots) & (rows["operation"] == operation)
    return rows[chosen].set_index("operand")["accuracy"].reindex(counts().index)


@tables.kept(most=512)
def published_bins(model: str, step: int, shots: int, operation: str, n_bins: int) -> pd.DataFrame:
    """Published accuracy in bins of operands. Kept, so not to be changed."""
    return association.binned(counts(), published(model, step, shots, operation), n_bins)


def published_models() -> tuple[str, ...]:
    """Sizes of Pythia whose accuracies are published, the largest first."""
    return SIZES[::-1]


def published_shots() -> tuple[int, ...]:
    """Numbers of examples with which they were asked."""
    return SHOTS


@tables.kept
def steps() -> list[int]:
    """Training steps of the stored checkpoints, in order."""
    return sorted(tables.load("probe_bundled")["step"].unique().tolist())


@tables.kept
def telling_step(operation: str) -> int:
    """The checkpoint that answers nearest to half of the questions of the training."""
    return bundled.telling_step(tables.load("bundled_accuracy"), operation)


@tables.kept
def shots_at(step: int) -> list[int]:
    """Numbers of examples in the prompt with which a checkpoint was asked."""
    rows = tables.load("probe_bundled")
    return sorted(rows.loc[rows["step"] == step, "shots"].unique().tolist())


@tables.kept
def statistics_of(step: int, shots: int, operation: str) -> pd.DataFrame:
    """Statistics of one checkpoint, indexed by "seen" and "unseen"."""
    rows = tables.load("probe_bundled")
    return rows[(rows["step"] == step) & (rows["shots"] == shots) & (rows["operation"] == operation)].set_index("questions")


@tables.kept(most=128)
def by_operand(step: int, shots: int, operation: str, questions: str) -> tuple[pd.Series, pd.Series, pd.DataFrame]:
    """(expected lines in the training text so far, accuracy, means of ten) of the operands at one checkpoint."""
    operands = tables.load("probe_operands").set_index("operand")
    counts = operands["share"] * operands["expected_count"].sum() * step / max(steps())
    rows = tables.load("bundled_accuracy")
    accuracy = bundled.accuracy_by_operand(rows, step, shots, operation, questions == "seen")[counts.index]
    return counts, accuracy, association.binned(counts, accuracy)


def devices() -> list[tuple[str, str]]:
    """(device, dtype) of everything that was measured, in the order of the table."""
    rows = tables.load("system")
    return list(dict.fromkeys(zip(rows["device"], rows["dtype"], strict=True)))


def measured(device: str, dtype: str) -> pd.DataFrame:
    """The measurements on a device."""
    return predicted.latest(tables.load("system"), device, dtype)


@tables.kept
def _shapes_of(configurations: tuple[tuple[str, str], ...]) -> dict:
    return predicted.shapes(pd.DataFrame(configurations, columns=["shape", "config"]))


def measured_shapes() -> dict:
    """The measured shapes by name."""
    return _shapes_of(tuple(tables.load("system_shapes").itertuples(index=False, name=None)))


def bases(device: str, dtype: str) -> list[str]:
    """Shapes of which variants were measured on a device too."""
    names = measured(device, dtype)["shape"].unique().tolist()
    return [name for name in names if any(other.startswith(f"{name}, ") for other in names)]
