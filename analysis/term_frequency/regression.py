"""What of the accuracy is frequency, and what is the size and shape of the operand: a logistic regression over operands."""

import numpy as np
import pandas as pd

from analysis.term_frequency.association import QUESTIONS, RESAMPLES, SEED

RIDGE = 100.0
"""Strength of the penalty as scikit-learn counts it (its C): a standard deviation of 10 around 0 for each coefficient, so it matters
only where the answers leave a coefficient free."""
MINIMUM = 100
"""Fewest right (and fewest wrong) answers, of 5,000, with which a regression is tried."""
FEATURES = ("ten times the count", "operand larger by ten", "ends in 0", "ends in 5", "even")
RANGES = {"0 to 99": 0, "10 to 99": 10}


def features(numbers, counts) -> pd.DataFrame:
    """The regressors of operands: log10 of the count, the operand in tens, and whether it ends in 0, ends in 5, is even.

    >>> features([20, 35], [1e6, 1e5]).to_numpy().tolist()
    [[6.0, 2.0, 1.0, 0.0, 1.0], [5.0, 3.5, 0.0, 1.0, 0.0]]
    """
    numbers = np.asarray(numbers)
    columns = (np.log10(np.asarray(counts, dtype=float)), numbers / 10, numbers % 10 == 0, numbers % 10 == 5, numbers % 2 == 0)
    return pd.DataFrame(dict(zip(FEATURES, columns, strict=True))).astype(float)


def logistic(X, accuracy, weights=None) -> np.ndarray:
    """Coefficients (intercept first) of the logistic regression of right answers on X, by Newton's method; batched over weights.

    Maximises sum_i w_i n [y_i log p_i + (1 - y_i) log(1 - p_i)] - |b|^2 / (2 RIDGE), p = 1 / (1 + exp(-(a + X b))), with n = 50
    questions per operand; the intercept a is not penalised.

    X: n x k. accuracy: n shares y. weights: m x n, how often each operand counts; returns m x (k + 1), or k + 1 without weights.
    """
    X = np.column_stack([np.ones(len(X)), np.asarray(X, dtype=float)])
    w = np.atleast_2d(np.ones(len(X)) if weights is None else np.asarray(weights, dtype=float)) * QUESTIONS
    y = np.asarray(accuracy, dtype=float)
    penalty = np.diag([0.0, *[1 / RIDGE] * (X.shape[1] - 1)])
    coefficients = np.zeros((len(w), X.shape[1]))
    squares = X[:, :, None] * X[:, None, :]
    for _ in range(60):
        p = 1 / (1 + np.exp(-np.clip(coefficients @ X.T, -35, 35)))
        gradient = (w * (y - p)) @ X - coefficients @ penalty
        hessian = np.tensordot(w * p * (1 - p), squares, axes=1) + penalty
        hessian[:, 0, 0] += 1e-9  # an intercept without any wrong answer has no end
        step = np.linalg.solve(hessian, gradient[:, :, None])[:, :, 0]
        step *= np.minimum(1, 3 / np.abs(step).max(axis=1, keepdims=True).clip(1e-12))
        coefficients = coefficients + step
        if np.abs(step).max() < 1e-10:
            break
    return coefficients if weights is not None else coefficients[0]


def fitted(X, accuracy) -> np.ndarray:
    """Coefficients of the same regression by scikit-learn, without the intercept.

    Every operand stands for its right and its wrong answers, as two rows weighted by their number.
    """
    from sklearn.linear_model import LogisticRegression

    X, y = np.asarray(X, dtype=float), np.asarray(accuracy, dtype=float)
    model = LogisticRegression(C=RIDGE, solver="newton-cholesky", max_iter=1000, tol=1e-10)
    weights = np.concatenate([y, 1 - y]) * QUESTIONS
    model.fit(np.vstack([X, X]), np.repeat([1, 0], len(y)), sample_weight=weights)
    return model.coef_[0]


def regression(numbers, counts, accuracy, n_resamples: int = RESAMPLES // 2, seed: int = SEED) -> pd.DataFrame:
    """Coefficients with intervals: rows of term, alone, coefficient, low, high and status.

    coefficient: change of the log-odds of a right answer. term: of FEATURES. alone: the regression on the count only (True) or on all
    five together. low, high: 95 % percentiles over resamples of the operands. status: "identified", or "too few right answers" or "too
    few wrong answers" (then without numbers).

    Coefficients are scikit-learn's; the resamples repeat its fit by `logistic`, batched. It describes: what is frequent may differ in
    other ways that are not among the five.
    """
    X = features(numbers, counts)
    y = np.asarray(accuracy, dtype=float)
    right, wrong = y.sum() * QUESTIONS, (1 - y).sum() * QUESTIONS
    status = "too few right answers" if right < MINIMUM else "too few wrong answers" if wrong < MINIMUM else "identified"
    draws = np.random.RandomState(seed).randint(0, len(X), (n_resamples, len(X)))
    weights = np.stack([np.bincount(draw, minlength=len(X)) for draw in draws])
    rows = []
    for alone, columns in ((True, list(FEATURES[:1])), (False, list(FEATURES))):
        if status == "identified":
            point = fitted(X[columns], y)
            low, high = np.percentile(logistic(X[columns], y, weights)[:, 1:], [2.5, 97.5], axis=0)
        else:
            point = low = high = np.full(len(columns), np.nan)
        point, low, high = (np.round(part, 12) for part in (point, low, high))  # or what should be zero is noise
        rows += [(name, alone, *values, status) for name, *values in zip(columns, point, low, high, strict=True)]
    return pd.DataFrame(rows, columns=["term", "alone", "coefficient", "low", "high", "status"])


def all_regressions(terms: pd.DataFrame, counts: pd.Series) -> pd.DataFrame:
    """`regression` of every model, number of shots and operation at the last step, over all operands and over those of two digits.

    terms: the table term_frequency. counts: of a corpus, indexed by number.
    """
    last = terms[terms["step"] == terms["step"].max()]
    wide = last.pivot(index=["model", "shots", "operation"], columns="operand", values="accuracy")
    parts = []
    for name, lowest in RANGES.items():
        numbers = [number for number in counts.index if number >= lowest]
        for key, row in zip(wide.index, wide[numbers].to_numpy(), strict=True):
            found = regression(numbers, counts[numbers].to_numpy(), row)
            parts.append(found.assign(**dict(zip(wide.index.names, key, strict=True)), operands=name))
    return pd.concat(parts, ignore_index=True)
