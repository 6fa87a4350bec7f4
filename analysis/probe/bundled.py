"""What the bundled model's answers say: accuracy against the frequency of the operand where frequency has nothing to do with size.

The counts of right answers were measured (`python -m analysis.probe train`); here they are only counted up and correlated.
"""

import pandas as pd

from analysis.term_frequency.association import Operands

QUESTIONS = ("seen", "unseen")
DIFFERING = 5
"""So many operands must differ from the commonest accuracy before a correlation over operands means anything."""


def accuracy_by_operand(rows: pd.DataFrame, step: int, shots: int, operation: str, seen: bool) -> pd.Series:
    """Share of right answers by operand, of one checkpoint, indexed by operand.

    rows: the table bundled_accuracy. seen: questions of the training text, or those held out of it.

    >>> from analysis import tables
    >>> rows = tables.load("bundled_accuracy")
    >>> len(accuracy_by_operand(rows, int(rows["step"].max()), 0, "addition", True))
    100
    """
    chosen = rows[(rows["step"] == step) & (rows["shots"] == shots) & (rows["operation"] == operation) & (rows["seen"] == seen)]
    return (chosen["right"] / chosen["questions"]).set_axis(chosen["operand"].to_numpy()).sort_index()


def telling_step(rows: pd.DataFrame, operation: str) -> int:
    """The checkpoint whose accuracy without examples on questions of the training is nearest to one half: it has most to tell apart.

    rows: the table bundled_accuracy.
    """
    seen = rows[(rows["shots"] == 0) & (rows["operation"] == operation) & rows["seen"]].groupby("step")[["right", "questions"]].sum()
    return int((seen["right"] / seen["questions"] - 0.5).abs().idxmin())


def statistics(rows: pd.DataFrame, shares: pd.Series) -> pd.DataFrame:
    """`Operands.statistics` of each checkpoint, number of examples and operation, for seen and unseen questions.

    rows: the table bundled_accuracy. shares: of the training lines, indexed by operand. Correlations are NaN where fewer than DIFFERING
    operands differ from the commonest accuracy: nearly all right, or nearly all wrong.
    """
    operands = Operands(shares.index.to_numpy(), shares.to_numpy())
    out = []
    for step, shots in sorted(set(zip(rows["step"], rows["shots"], strict=True))):
        for operation in ("multiplication", "addition"):
            for questions in QUESTIONS:
                accuracy = accuracy_by_operand(rows, step, shots, operation, questions == "seen")
                keys = {"step": int(step), "shots": int(shots), "operation": operation, "questions": questions}
                found = operands.statistics(accuracy[shares.index])
                if len(accuracy) - accuracy.value_counts().iloc[0] < DIFFERING:
                    found |= {name: float("nan") for name in found if name.startswith(("rho", "size_rho", "partial"))}
                out.append(keys | found)
    return pd.DataFrame(out)
