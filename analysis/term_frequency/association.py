"""Are frequent numbers calculated with better, and is it their frequency: correlations, gaps and slopes over the operands 0 to 99.

Everything here is over operands: accuracy of a model on the questions with first operand x, against how often the number x
occurs in a corpus. Intervals come from drawing operands anew, with replacement.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from analysis.statistics import ranks, spearman_p, standardised

QUESTIONS = 50
"""Questions for each first operand: the second runs from 1 to 50. [biderman2023] section 3.3."""
EXTREMES = 10
RESAMPLES = 1000
SEED = 2023
LEVEL = 0.95
FEWEST_RIGHT = 0.01
"""Share of right answers below which nothing is said about who is answered better: a handful is no effect."""
STATISTICS = ("slope", "rho", "size_rho", "partial", "gap")


def _ranks_of_codes(codes: np.ndarray) -> np.ndarray:
    """Ranks of whole numbers from 0 in rows: up to and including a value, less half of its other copies.

    Counting takes a tenth of the time of `ranks`, which has to sort; `Operands.statistics` is called for hundreds of models.
    """
    n_rows, top = len(codes), int(codes.max()) + 1
    flat = (codes + np.arange(n_rows)[:, None] * top).ravel()
    counts = np.bincount(flat, minlength=n_rows * top).reshape(n_rows, top)
    below = np.cumsum(counts, axis=1)
    return (below - (counts - 1) / 2).ravel()[flat].reshape(codes.shape)


def partial(xy, xz, yz):
    """The correlation of x and y with z held fixed, from the three correlations; NaN where z says everything. Broadcasts.

    r_xy.z = (r_xy - r_xz r_yz) / sqrt((1 - r_xz^2) (1 - r_yz^2)). With rank correlations it is Spearman's partial correlation: what
    frequency still tells of accuracy among operands of like size.

    >>> float(partial(0.5, 0.0, 0.0)), round(float(partial(0.8, 0.9, 0.9)), 4)
    (0.5, -0.0526)
    """
    xy, xz, yz = (np.asarray(value, dtype=float) for value in (xy, xz, yz))
    left = np.sqrt(np.clip((1 - xz**2) * (1 - yz**2), 0, None))
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.clip(np.where(left > 1e-9, (xy - xz * yz) / left, np.nan), -1, 1)


def binned(count, accuracy, n_bins: int = 10) -> pd.DataFrame:
    """Accuracy by bins of equally many operands, from rare to frequent: columns count (geometric mean), accuracy, low, high, n.

    low and high: 95 % interval of the mean over the operands in the bin, mean +- 1.96 s / sqrt(n).

    >>> binned([1, 10, 100, 1000], [0.1, 0.1, 0.5, 0.7], n_bins=2)["accuracy"].tolist()
    [0.1, 0.6]
    """
    order = np.argsort(np.asarray(count, dtype=float), kind="stable")
    parts = np.array_split(order, n_bins)
    logs, accuracy = np.log10(np.asarray(count, dtype=float)), np.asarray(accuracy, dtype=float)
    rows = []
    for part in parts:
        mean, error = accuracy[part].mean(), 1.96 * accuracy[part].std(ddof=1) / np.sqrt(len(part)) if len(part) > 1 else np.nan
        rows.append((10 ** logs[part].mean(), mean, max(mean - error, 0.0), min(mean + error, 1.0), len(part)))
    return pd.DataFrame(rows, columns=["count", "accuracy", "low", "high", "n"])


def direction(found: Mapping[str, float], n_operands: int) -> str:
    """What a rank correlation of accuracy and count supports: "better", "worse", "open", or "few" with too few right answers.

    found: accuracy [share], rho, rho_low and rho_high of `Operands.statistics`. Better and worse take an interval clear of zero,
    p <= 0.05 by Student's t, and FEWEST_RIGHT.

    >>> direction({"accuracy": 0.4, "rho": 0.9, "rho_low": 0.8, "rho_high": 0.95}, 100)
    'better'
    >>> direction({"accuracy": 0.4, "rho": 0.17, "rho_low": 0.01, "rho_high": 0.3}, 100)
    'open'
    """
    if found["accuracy"] < FEWEST_RIGHT:
        return "few"
    if spearman_p(found["rho"], n_operands) > 1 - LEVEL or found["rho_low"] <= 0 <= found["rho_high"]:
        return "open"
    return "better" if found["rho"] > 0 else "worse"


class Operands:
    """Numbers with their counts in a corpus, and the resamples that all intervals over them share.

    numbers and counts: arrays of the same length. draws: n_resamples x n positions, drawn with replacement.
    Raises ValueError for fewer than 20 numbers, or where all counts are equal.
    """

    def __init__(self, numbers, counts, n_resamples: int = RESAMPLES, seed: int = SEED):
        self.numbers, self.counts = np.asarray(numbers), np.asarray(counts, dtype=float)
        if len(self.numbers) < 2 * EXTREMES:
            raise ValueError(f"counts must be given for at least {2 * EXTREMES} numbers, got {len(self.numbers)}")
        if np.ptp(self.counts) == 0:
            raise ValueError("counts must differ between numbers, got the same for all")
        self.draws = np.random.RandomState(seed).randint(0, len(self.numbers), (n_resamples, len(self.numbers)))
        # The numbers as drawn, in front those as they are. What does not depend on the model is prepared once.
        self.rows = np.vstack([np.arange(len(self.numbers)), self.draws])
        drawn = self.counts[self.rows]
        self.count_ranks = standardised(ranks(drawn))
        self.size_ranks = standardised(ranks(self.numbers[self.rows]))
        self.logs = np.log10(drawn) - np.log10(drawn).mean(-1, keepdims=True)
        order = np.take_along_axis(self.rows, np.argsort(-drawn, axis=-1, kind="stable"), axis=-1)
        self.most, self.least = order[:, :EXTREMES], order[:, -EXTREMES:]

    def statistics(self, accuracy, level: float = LEVEL) -> dict[str, float]:
        """Accuracy and how it goes with frequency, each statistic with the ends of its interval (name_low and name_high).

        accuracy: mean over operands. slope: by how much accuracy rises with ten times the count, of least squares on log10(count).
        rho: `spearman` with the counts. size_rho: the same with the operand itself. partial: `partial` of accuracy and count, ranks, with
        the operand held fixed. gap: mean accuracy of the EXTREMES most frequent operands less that of the least frequent ([biderman2023]
        Table 4; [razeghi2022]). NaN where accuracy is the same for all operands. Intervals: percentiles over resamples of the operands,
        of which those without variation count as no correlation.
        """
        values = np.asarray(accuracy, dtype=float)
        drawn = values[self.rows]
        accuracy_ranks = standardised(_ranks_of_codes(np.unique(values, return_inverse=True)[1][self.rows]))
        rho, size, count_size = (
            np.einsum("ij,ij->i", a, b)
            for a, b in ((accuracy_ranks, self.count_ranks), (accuracy_ranks, self.size_ranks), (self.count_ranks, self.size_ranks))
        )
        found = {
            "slope": np.einsum("ij,ij->i", self.logs, drawn) / (self.logs**2).sum(-1),
            "rho": rho,
            "size_rho": size,
            "partial": partial(rho, size, count_size),
            "gap": values[self.most].mean(-1) - values[self.least].mean(-1),
        }
        out = {"accuracy": float(values.mean())}
        tail = 100 * (1 - level) / 2
        for name, all_rows in found.items():
            known = np.isfinite(all_rows[0])
            low, high = np.percentile(np.nan_to_num(all_rows[1:]), [tail, 100 - tail]) if known else (np.nan, np.nan)
            # Rounded, or a correlation that should be zero is noise.
            out |= {name: round(float(all_rows[0]), 12), f"{name}_low": round(float(low), 12), f"{name}_high": round(float(high), 12)}
        return out


def all_statistics(terms: pd.DataFrame, frequencies: Mapping[str, pd.Series]) -> pd.DataFrame:
    """`Operands.statistics` of every corpus, model, step, number of shots and operation, one row each.

    terms: the table term_frequency. frequencies: corpus: counts indexed by number; numbers without a count are left out.
    """
    keys = ["model", "step", "shots", "operation"]
    wide = terms.pivot(index=keys, columns="operand", values="accuracy")
    parts = []
    for corpus, counts in frequencies.items():
        operands = Operands(counts.index.to_numpy(), counts.to_numpy())
        rows = [operands.statistics(row) for row in wide[list(counts.index)].to_numpy()]
        parts.append(pd.DataFrame(rows, index=wide.index).reset_index().assign(corpus=corpus, n_operands=len(counts)))
    return pd.concat(parts, ignore_index=True)


def frequencies_of(table: pd.DataFrame) -> dict[str, pd.Series]:
    """The table number_frequencies as one series of counts, indexed by number, for each corpus.

    >>> from analysis import tables
    >>> int(frequencies_of(tables.load("number_frequencies"))["pile_train"][2])
    1245931860
    """
    return {corpus: part.set_index("number")["count"].sort_index() for corpus, part in table.groupby("corpus", sort=False)}


def against_the_paper(statistics: pd.DataFrame, printed: pd.DataFrame) -> pd.DataFrame:
    """The printed gaps beside the computed ones, in percentage points: printed's rows with computed, low, high and difference.

    statistics: the table term_frequency_stats, of one corpus. difference = computed - printed.
    """
    rows = statistics[statistics["operation"] == "multiplication"].set_index(["model", "shots", "step"])
    at = pd.MultiIndex.from_frame(printed[["model", "shots", "step"]])
    out = printed.reset_index(drop=True)
    for name, column in (("computed", "gap"), ("low", "gap_low"), ("high", "gap_high")):
        out[name] = 100 * rows[column].reindex(at).to_numpy()
    return out.assign(difference=out["computed"] - out["gap_points"])
