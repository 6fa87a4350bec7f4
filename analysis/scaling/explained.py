"""How the numbers of the figures on scaling laws come about."""

from dataclasses import replace
from typing import Any

from analysis import tables
from analysis.charts.explained import Steps
from analysis.charts.inputs import fitted, origin_of_row, setting
from analysis.scaling import chinchilla
from analysis.scaling.chinchilla import CONSTANTS, ScalingLaw
from analysis.scaling.data import law_of
from analysis.scaling.figures import OfLaws, of_optimum
from analysis.scaling.figures_loss import IsoFlop
from analysis.scaling.figures_marks import RELEASED, OfRuns
from analysis.scaling.published import AllocationLaw, InferenceLaw, law_of_form
from analysis.trace import Traced, given, named

LETTERS = {
    "alpha": r"\alpha", "beta": r"\beta", "eta": r"\eta", "alpha_N": r"\alpha_N", "alpha_D": r"\alpha_D", "R_D_star": "R_D", "R_N_star": "R_N",
}  # fmt: skip
"""Symbols of constants, where they are not their names."""
MEANINGS = {
    "E": "loss that is left with endless data and parameters",
    "A": "scale of the term in parameters",
    "B": "scale of the term in tokens",
}
REFIT = "fitted here to the released runs, with the least Huber loss on log loss"


def fitted_law(law: ScalingLaw, how: str = REFIT, source: str = "") -> ScalingLaw:
    """A law whose constants are fitted here, with traced constants."""
    values: dict[str, Any] = {
        name: fitted(getattr(law, name), LETTERS.get(name, name), f"{MEANINGS.get(name, 'exponent')} ({law.label})", "", how, source)
        for name in CONSTANTS
    }
    return replace(law, **values)


def traced_law(key: str) -> Any:
    """The law of a key with traced constants: as printed, or the refit of the released runs under "fit"."""
    if key == "fit":
        law = law_of(key)
        return fitted_law(law, source=law.source)
    laws, constants = tables.load("laws"), tables.load("scaling_laws")
    row = laws[laws["law"] == key].iloc[0].to_dict()
    if row["form"] == "table":
        return traced_line(law_of(key))
    values = {
        each["parameter"]: given(
            each["value"],
            LETTERS.get(each["parameter"], each["parameter"]),
            f"{MEANINGS.get(each['parameter'], 'constant')} ({row['label']})",
            "",
            replace(origin_of_row(each), words=each["note"]),
        )
        for each in constants[constants["law"] == key].to_dict("records")
    }
    about = {"id": key, "valid": {}} | {name: row[name] for name in ("label", "counts", "source", "single_source", "note")}
    return law_of_form(row["form"], values, about, tables.load("chinchilla_optimal"))


def traced_line(law: AllocationLaw) -> AllocationLaw:
    """The power law through a published table, with traced constants."""
    how = "power law fitted here through the printed budgets"
    k, a = (fitted(getattr(law, name), name, f"constant ({law.label})", "", how, law.source) for name in ("k_N", "a"))
    return replace(law, k_N=k, a=a)


def law_of_runs(figure: OfRuns) -> ScalingLaw:
    """The law that is fitted to the runs of a figure, with traced constants."""
    law, _ = figure.fitted()
    if figure.training_runs.key in RELEASED:
        return fitted_law(law, REFIT, "besiroglu2024")
    return fitted_law(law, "fitted here to your runs, with the least Huber loss on log loss")


def optima(figure: OfLaws, quantity: str) -> dict[str, Any]:
    """The optimum of each law of a figure at its budget, traced, by the law's label."""
    budget = setting(figure, "train_flops", "C")
    found = {}
    for key in ("fit", *figure.laws):
        law = law_of_runs(figure) if key == "fit" else traced_law(key)
        found[law.label] = of_optimum(quantity, *optimum(law, key, budget))
    return found


def optimum(law: Any, key: str, budget: Traced) -> tuple[Any, Any]:
    """(N, D) of a law's optimum at a budget, traced; of a law without a closed form as it is found."""
    if not isinstance(law, InferenceLaw):
        return law.compute_optimal(budget)
    how = "found numerically: the least loss at this compute, with the constants as printed"
    N, D = (float(value) for value in law_of(key).compute_optimal(float(budget)))
    return (
        fitted(N, r"N_\text{opt}", f"optimal parameters ({law.label})", "parameters", how, law.source),
        fitted(D, r"D_\text{opt}", f"optimal tokens ({law.label})", "tokens", how, law.source),
    )


def _ends(figure: OfLaws, quantity: str, noun: str) -> Steps:
    values = sorted(optima(figure, quantity).values(), key=float)
    return {f"fewest optimal {noun}": values[0], f"most optimal {noun}": values[-1]}


def allocation_parameters(figure: OfLaws) -> Steps:
    """The optimum of the law that asks for fewest parameters, and of the one that asks for most."""
    return _ends(figure, "n_params", "parameters")


def allocation_tokens(figure: OfLaws) -> Steps:
    """The optimum of the law that asks for fewest tokens, and of the one that asks for most."""
    return _ends(figure, "n_tokens", "tokens")


def tokens_per_param(figure: OfLaws) -> Steps:
    """Tokens per parameter at the optimum of the law with fewest, and of the one with most."""
    found = optima(figure, "tokens_per_param")
    ends = (min(found, key=found.__getitem__), max(found, key=found.__getitem__))
    return {f"optimum of {label}": named(found[label], "r", f"tokens per parameter, {label}") for label in ends}


def isoflop(figure: IsoFlop) -> Steps:
    """The optimal size, and the loss at half and at twice that size less the loss there."""
    law = law_of_runs(figure) if figure.law == "fit" else traced_law(figure.law)
    N, D = chinchilla.optimal_model(law, setting(figure, "train_flops", "C"))
    best = law.loss(N, D)
    above = {words: law.loss(N * times, D / times) - best for words, times in (("half", 0.5), ("twice", 2.0))}
    return {"optimal parameters": N} | {
        f"loss above the best at {words} its size": named(
            value, rf"\Delta L_\text{{{words}}}", f"loss above the best at {words} its size", "nats"
        )
        for words, value in above.items()
    }


FIT = (
    "The law L = E + A / N^alpha + B / D^beta is fitted to training runs: for each, its parameters N, its tokens D and its final loss L. Released runs are points read off Figure 4 of Hoffmann et al.; D is their compute over 6 N.",
    "The fit makes the sum of Huber losses of log(observed loss) - log(predicted loss) as small as it can be, from many starting points, of which the best end is kept.",
)
RESAMPLED = "Intervals come from 4,000 resamples: as many runs are drawn with replacement, the law is fitted again to each draw, and the interval holds the middle of what comes out."
WORDS = {
    "allocation_parameters": (*FIT, RESAMPLED),
    "allocation_tokens": (*FIT, RESAMPLED),
    "tokens_per_param": (*FIT, RESAMPLED),
    "tokens_for_size": (
        *FIT,
        RESAMPLED,
        "A law says which size is best for a budget C. Turned round, the budget at which a size N is the best one gives its tokens, D = C / (6 N).",
    ),
    "isoflop": (*FIT, RESAMPLED),
    "residuals": (*FIT, "A residual is log(observed loss) - log(predicted loss) of a run; the title states the median of their sizes."),
    "constants": (*FIT, RESAMPLED, "A published constant counts as outside where it lies beyond the ends of the interval."),
    "contours": (
        *FIT,
        "Grey lines join pairs of parameters and tokens with the same predicted loss: N = (A / (L - E - B / D^beta))^(1 / alpha).",
    ),
    "chinchilla_table": (
        "For each approach a power law N = k C^a is laid through the sizes and budgets that the paper prints, so that the largest deviation, in units of the printed rounding, is as small as it can be.",
        "A row follows it if its printed budget is within 1% of that of the line, which rounding explains, in every approach.",
        "The line of Eq. 10 uses the optimum of the published equation with its published constants.",
    ),
}
