"""What makes the numbers of a reader's runs implausible, so that they are asked about before a law is fitted to them."""

from collections.abc import Iterable, Mapping

import pandas as pd

from analysis.units import format_count
from analysis.uploads import clip

LEAST_PARAMS, MOST_PARAMS = 1e4, 1e13
MOST_TOKENS = 1e15
LEAST_TOKENS_PER_PARAM = 0.1
LEAST_LOSS, MOST_LOSS = 0.1, 20.0
"""A vocabulary of 100,000 has a loss of 11.5 nats before training, and text some 0.5 nats that nobody can foretell."""
LARGER = {"thousands": 1e3, "millions": 1e6, "billions": 1e9, "trillions": 1e12}
USUAL_PARAMS = 1e7, 3e12
"""Where the median of somebody's models lies."""


def doubts(runs: pd.DataFrame, roles: Mapping[str, str], in_percent: bool = False) -> list[str]:
    """A sentence for each column whose numbers no usual run has, naming the column, how many rows, one of them, and the likely unit.

    runs, roles: as `analysis.scaling.own_runs.parse_runs` gives and takes them. in_percent: whether losses are.
    In doubt are fewer than 10^4 or more than 10^13 parameters, fewer tokens than a tenth of the parameters or more than 10^15, and a loss
    below 0.1 or above 20 nats.

    >>> runs = pd.DataFrame({"line": [2], "n_params": [44.0], "n_tokens": [1.1], "train_flops": [290.4], "loss": [3.5]})
    >>> for sentence in doubts(runs, {"n_params": "N", "n_tokens": "D", "loss": "L"}): print(sentence)
    'N' is below 10,000 parameters in 1 of 1 rows (44 on line 2); these may be millions or billions.
    'D' is below a tenth of the parameters in 1 of 1 rows (1.1 on line 2); these may be billions or trillions.
    """
    n_params, n_tokens, flops, loss = (runs[name] for name in ("n_params", "n_tokens", "train_flops", "loss"))
    small = n_params < LEAST_PARAMS
    low, high = USUAL_PARAMS
    meant = {word: factor for word, factor in LARGER.items() if small.any() and low <= n_params.median() * factor <= high}
    few = n_tokens < LEAST_TOKENS_PER_PARAM * n_params * min(meant.values(), default=1.0)
    ratio = (n_tokens / n_params).median()
    tokens_meant = dict.fromkeys(_first_above(ratio / factor) for factor in meant.values() or [1.0]) if few.any() else {}
    too_many = n_tokens > MOST_TOKENS
    found = [
        ("n_params", small, "below 10,000 parameters", _may_be(meant)),
        ("n_params", n_params > MOST_PARAMS, "above 10 trillion parameters", "the unit may be smaller"),
        ("n_tokens", few, "below a tenth of the parameters", _may_be(tokens_meant)),
        ("n_tokens", too_many, "above 1,000 trillion tokens", "the unit may be smaller"),
        ("train_flops", few, "too low for a tenth of a token per parameter", "the unit may be larger, or these may be FLOPs per second"),
        ("train_flops", too_many, "enough for more than 1,000 trillion tokens", "the unit may be smaller"),
        ("loss", loss > MOST_LOSS, "above 20 nats per token", "these may be perplexities, or percent"),
        ("loss", loss < LEAST_LOSS, "below 0.1 nats per token", "these may be no losses"),
        ("loss", loss == loss if in_percent else loss != loss, "in percent", "the numbers are read as hundredths"),
    ]
    values = {"n_params": n_params, "n_tokens": n_tokens, "train_flops": flops, "loss": loss}
    return [
        _sentence(roles[role], runs["line"], values[role], odd, what, likely)
        for role, odd, what, likely in found
        if role in roles and odd.any()
    ]


def _sentence(column: str, lines: pd.Series, values: pd.Series, odd: pd.Series, what: str, likely: str) -> str:
    """What is odd about the numbers of a column."""
    line, value = int(lines[odd].iloc[0]), float(values[odd].iloc[0])
    shown = f"{value:.6g}" if value < 1e4 else format_count(value) if value < 1e15 else f"{value:.3g}"
    return f"{clip(column)!r} is {what} in {int(odd.sum()):,} of {len(odd):,} rows ({shown} on line {line})" + (
        f"; {likely}." if likely else "."
    )


def _first_above(tokens_per_param: float) -> str:
    """The smallest larger unit of tokens that makes one for each parameter, "" if there is none."""
    return next((word for word, factor in LARGER.items() if tokens_per_param * factor >= 1), "")


def _may_be(words: Iterable[str]) -> str:
    known = [word for word in words if word]
    return f"these may be {' or '.join(filter(None, (', '.join(known[:-1]), known[-1])))}" if known else ""
