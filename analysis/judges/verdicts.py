"""Verdicts of a judge on pairs of answers: who won, how often the order of the two answers decided, what was unusable."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from analysis.statistics import spearman

RELEASED_CODES = {1: "first", 2: "second", 3: "tie", -1: "unusable"}
"""Verdict by its code in the released file of [dettmers2023]."""
OUTCOMES = ("first", "second", "tie")
"""The usable verdicts; their positions are the codes in Tournament.outcome."""
MISSING = -1
SCORES = np.array([1.0, 0.0, 0.5])
"""Score of the answer shown first, by outcome."""
AGREEMENT = ("same winner", "tie twice", "tie once", "always first", "always second", "unusable")
"""What the two verdicts on a pair of answers, one for each order, say together."""


@dataclass(frozen=True)
class Tournament:
    """The verdicts on one set of prompts.

    models, prompts: their names, sorted. outcome: shape (prompts, models, models), the verdict on a prompt with the row's
    answer shown first and the column's second, as a position in OUTCOMES, or MISSING.
    """

    models: tuple[str, ...]
    prompts: tuple[str, ...]
    outcome: np.ndarray

    def counts(self) -> np.ndarray:
        """Verdicts by model shown first, model shown second and outcome; shape (models, models, 3)."""
        return self.counts_by_prompt().sum(axis=0)

    def counts_by_prompt(self) -> np.ndarray:
        """The same for each prompt; shape (prompts, models, models, 3)."""
        return (self.outcome[..., None] == np.arange(len(OUTCOMES))).astype(np.int64)


def tidy_verdicts(released: pd.DataFrame) -> pd.DataFrame:
    """The released verdicts as one row per question to the judge: benchmark, prompt, first, second, verdict, source.

    released: benchmark, prompt_id, model_shown_first, model_shown_second and score, coded as in RELEASED_CODES.

    Raises ValueError for an unknown code and for a question that occurs twice. [dettmers2023_code]

    >>> tidy_verdicts(pd.DataFrame({"benchmark": ["oa"], "prompt_id": [7], "model_shown_first": ["a"], "model_shown_second": ["b"],
    ...     "score": [3]})).loc[0, "verdict"]
    'tie'
    """
    unknown = sorted(set(released["score"]) - set(RELEASED_CODES))
    if unknown:
        raise ValueError(f"score must be one of {', '.join(map(str, RELEASED_CODES))}, got {unknown}")
    tidy = pd.DataFrame(
        {
            "benchmark": released["benchmark"].astype(str),
            "prompt": released["prompt_id"].astype(str),
            "first": released["model_shown_first"].astype(str),
            "second": released["model_shown_second"].astype(str),
            "verdict": released["score"].map(RELEASED_CODES),
            "source": "dettmers2023_code",
        }
    )
    key = ["benchmark", "prompt", "first", "second"]
    if tidy.duplicated(key).any():
        raise ValueError(f"released must hold each question once, got {tidy[tidy.duplicated(key)].iloc[0][key].tolist()} twice")
    return tidy.sort_values(key, ignore_index=True)


def tournament(verdicts: pd.DataFrame, benchmark: str) -> Tournament:
    """The verdicts on one benchmark, from rows of benchmark, prompt, first, second, verdict.

    Unusable verdicts count as missing. Raises ValueError where the benchmark has no rows.

    >>> rows = pd.DataFrame({"benchmark": "oa", "prompt": ["7"], "first": ["a"], "second": ["b"], "verdict": ["tie"]})
    >>> tournament(rows, "oa").counts()[0, 1].tolist()
    [0, 0, 1]
    """
    rows = verdicts[verdicts["benchmark"] == benchmark]
    if rows.empty:
        raise ValueError(f"benchmark must be one of {', '.join(sorted(set(verdicts['benchmark'])))}, got {benchmark!r}")
    models = tuple(sorted(set(rows["first"]) | set(rows["second"])))
    prompts = tuple(sorted(set(rows["prompt"])))
    outcome = np.full((len(prompts), len(models), len(models)), MISSING, np.int8)
    codes = {verdict: code for code, verdict in enumerate(OUTCOMES)} | {"unusable": MISSING}
    places = (pd.Categorical(rows[name], known).codes for name, known in (("prompt", prompts), ("first", models), ("second", models)))
    outcome[tuple(places)] = rows["verdict"].map(codes)
    return Tournament(models, prompts, outcome)


def swapped(outcome: np.ndarray) -> np.ndarray:
    """The verdicts of the same pairs with the order of the answers exchanged, in the words of the order at hand.

    Entry (prompt, i, j) is what the judge said when j was shown first, as the outcome it would have had with i first.

    >>> swapped(np.array([[[-1, 0], [2, -1]]], np.int8))[0].tolist()
    [[-1, 2], [1, -1]]
    """
    other = np.swapaxes(outcome, -1, -2)
    return np.where(other == 0, 1, np.where(other == 1, 0, other)).astype(outcome.dtype)


def consistent(played: Tournament) -> Tournament:
    """The tournament without verdicts that the other order of the same two answers does not confirm.

    Kept are pairs of verdicts that name the same winner, or call a tie, whichever answer is shown first; a verdict whose
    counterpart is missing is left out as well.
    """
    other = swapped(played.outcome)
    return replace(played, outcome=np.where(played.outcome == other, played.outcome, np.int8(MISSING)))


def tallies(verdicts: pd.DataFrame) -> pd.DataFrame:
    """Questions by benchmark and verdict, unusable ones included: a row per benchmark, a column per verdict."""
    table = pd.crosstab(verdicts["benchmark"], verdicts["verdict"])
    return table.reindex(columns=[*OUTCOMES, "unusable"], fill_value=0)


def agreement(played: Tournament) -> pd.Series:
    """How many prompts and pairs of models got which two verdicts from the two orders; index AGREEMENT.

    "same winner" and "tie twice" confirm each other. "always first" and "always second" contradict each other: the
    judge chose the place and not the answer.
    """
    i, j = np.triu_indices(len(played.models), 1)
    there, back = played.outcome[:, i, j], swapped(played.outcome)[:, i, j]
    lost = (there == MISSING) | (back == MISSING)
    ties = (there == 2).astype(int) + (back == 2)
    numbers = [
        (~lost & (ties == 0) & (there == back)).sum(),
        (~lost & (ties == 2)).sum(),
        (~lost & (ties == 1)).sum(),
        (~lost & (there == 0) & (back == 1)).sum(),
        (~lost & (there == 1) & (back == 0)).sum(),
        lost.sum(),
    ]
    return pd.Series([int(number) for number in numbers], index=list(AGREEMENT))


def won(counts: np.ndarray) -> np.ndarray:
    """Share of the points that the row's model took when shown first against the column's; NaN where they did not meet.

    (wins + ties / 2) / usable verdicts, from counts of shape (models, models, 3).

    >>> won(np.array([[[0, 0, 0], [1, 0, 1]], [[0, 0, 0], [0, 0, 0]]]))[0, 1].item()
    0.75
    """
    counts = np.asarray(counts, float)
    played = counts.sum(axis=-1)
    return np.divide(counts @ SCORES, played, out=np.full(played.shape, np.nan), where=played > 0)


def won_in_both_orders(counts: np.ndarray) -> np.ndarray:
    """Share of the points that the row's model took from the column's, whichever was shown first; NaN where they did not meet.

    The verdicts of both orders are added up: a row and its mirror image add up to one.
    """
    counts = np.asarray(counts, float)
    back = np.swapaxes(counts, 0, 1)[..., [1, 0, 2]]
    return won(counts + back)


def pairs(played: Tournament) -> pd.DataFrame:
    """Every pair of models and how its two orders came out.

    Columns: stronger and weaker (by share of points in both orders), share (of the points that the stronger took), shown_first
    and shown_second (the same by the place of the stronger's answer), order_decides (one order has the one ahead and the other
    order the other), n_verdicts.
    """
    counts = played.counts()
    first, both = won(counts), won_in_both_orders(counts)
    rows = []
    for a in range(len(played.models)):
        for b in range(a + 1, len(played.models)):
            i, j = (a, b) if both[a, b] >= 0.5 else (b, a)
            shown_first, shown_second = first[i, j], 1 - first[j, i]
            rows.append(
                {
                    "stronger": played.models[i],
                    "weaker": played.models[j],
                    "share": both[i, j],
                    "shown_first": shown_first,
                    "shown_second": shown_second,
                    "order_decides": bool((shown_first - 0.5) * (shown_second - 0.5) < 0),
                    "n_verdicts": int(counts[i, j].sum() + counts[j, i].sum()),
                }
            )
    return pd.DataFrame(rows)


def rank_agreement(first, second) -> dict[str, float]:
    """Kendall's tau and Spearman's rho between two lists of ratings without ties.

    tau = (concordant - discordant) / pairs; rho is the correlation of the ranks.

    >>> rank_agreement([1, 2, 3], [1, 3, 2])["kendall_tau"]
    0.3333333333333333
    """
    first, second = np.asarray(first, float), np.asarray(second, float)
    i, j = np.triu_indices(len(first), 1)
    tau = float(np.sum(np.sign(first[i] - first[j]) * np.sign(second[i] - second[j])) / len(i))
    return {"kendall_tau": tau, "spearman": float(spearman(first, second))}
