"""How the numbers of the figures on small models come about."""

from typing import Any

from analysis import tables
from analysis.charts.explained import Steps
from analysis.charts.inputs import cell, processor, setting
from analysis.compute import costs
from analysis.domain.ways import rental
from analysis.small_models.data import a100, preferences
from analysis.small_models.figures import Cost, Hours
from analysis.small_models.figures_training_data import Lima
from analysis.trace import named

FACTS = {"phi-1": ("phi1", "gpu_hours_pretraining"), "phi-1.5": ("phi1_5", "gpu_hours"), "phi-2": ("phi2", "gpu_hours_derived")}
"""Work and fact of the hours of each run in the table of facts."""


def _fact(work: str, name: str, symbol: str, meaning: str, unit: str = "") -> Any:
    rows = tables.load("small_models_facts")
    return cell(rows[(rows["work"] == work) & (rows["fact"] == name)].iloc[0].to_dict(), "value", symbol, meaning, unit)


def _run(model: str) -> dict[str, Any]:
    rows = tables.load("models_training")
    return rows[rows["model"] == model].iloc[0].to_dict()


def _hours(model: str) -> Any:
    """The reported device-hours of a run."""
    if model in FACTS:
        return _fact(*FACTS[model], "h", f"A100-hours of {model}", "h")
    return cell(_run(model), "gpu_hours", "h", f"A100-hours of {model}", "h")


def cost(figure: Cost) -> Steps:
    """Hours times the rent, of three runs."""
    price = setting(figure, "a100_usd_per_hour", "p", unit="USD/h")
    return {
        f"cloud cost of {model}": named(rental(_hours(model), price), "M", f"cloud cost of {model}", "USD")
        for model in ("phi-1.5", "phi-2", "LLaMA 7B")
    }


def hours(_: Hours) -> Steps:
    """6 N D of three runs over what their hours would compute at peak."""
    peak, steps = processor(a100()).peak_flops_per_s, {}
    for model in ("phi-1.5", "phi-1", "LLaMA 7B"):
        if model in FACTS:
            work = FACTS[model][0]
            N = named(_fact(work, "params_b", "N_B", f"billion parameters of {model}") * 1e9, "N", f"parameters of {model}", "parameters")
            D = _fact(work, "tokens_seen", "D", f"training tokens of {model}", "tokens")
        else:
            row = _run(model)
            N, D = (
                cell(row, name, symbol, f"{words} of {model}", words.split()[-1])
                for name, symbol, words in (("n_params", "N", "parameters"), ("n_tokens", "D", "training tokens"))
            )
        flops = named(costs.training_flops(N, D), "C", f"training compute of {model}", "FLOP")
        steps[f"MFU of {model}"] = named(costs.implied_utilisation(flops, _hours(model), peak), "u", f"MFU of {model}")
    return steps


def lima(figure: Lima) -> Steps:
    """Wins over wins and losses against the first rival."""
    row = preferences(figure.lima_judge).iloc[0].to_dict()
    win, loss = (cell(row, name, symbol, f"{name} against {row['rival']}", "%") for name, symbol in (("win", "w"), ("loss", "l")))
    return {f"share preferred to {row['rival']}": named(win / (win + loss), "p", f"share preferred to {row['rival']}")}


LOOP = (
    "The loop of Self-Instruct is run with a made-up generator: each request shows eight instructions and brings eight, made by recombining and rewording sentences written for this project. It is no language model.",
    "A new instruction is kept if its ROUGE-L (the shared longest sequence of words, twice its length over the lengths of both texts) with every kept one and every seed task is below the threshold.",
)
STORED = "Three runs with different random numbers were stored for each setting; what is shown is their mean."
COMPARED = (
    "Each comparison is one benchmark on which one paper prints the small model and a larger rival in one column of one table. To hold is to score as much or more.",
    "A benchmark and its parts, or an average and its members, count once. Scores that nobody has seen in print, and rivals of unknown size, are left out.",
)
AS_PRINTED = frozenset({"code_data", "imitation_style", "imitation_facts"})
WORDS = {
    "scores": COMPARED,
    "ratio": COMPARED,
    "cost": ("Hours are as reported, those of phi-2 as its days times its devices; nobody's staff, trials or data are in them.",),
    "growth": (*LOOP, STORED),
    "filter": (
        *LOOP,
        STORED,
        "The share dropped is one less what was kept over what was generated; the ROUGE-L is the mean over all pairs of kept instructions.",
    ),
    "variety": (
        *LOOP,
        STORED,
        "A pair is the first and the last word of an instruction's opening, its verb and in most of them the object; different pairs among the kept instructions are counted.",
    ),
    "own_run": (*LOOP, "One run with your settings and one seed of the random numbers."),
    "lima": (
        "Wins, ties and losses are as printed. The interval is Wilson's, for one judgement on each prompt; ties say nothing about who is better and are left out.",
    ),
    "amount": (
        "Shares of answers rated best are read off the axis of the paper's figure. The gains are their differences: 51,200 against 7,500 generated instructions, and better answers to the same instructions against the model's own.",
    ),
    "code_data": ("Scores are as printed; the interval is Wilson's for the 164 problems of HumanEval.",),
    "imitation_style": ("Shares are as printed, for answers of each model beside a random answer of ChatGPT.",),
    "imitation_facts": (
        "Scores are as printed; the interval is Wilson's for 3,610 questions, the usual test set, since the paper does not say how many it asked.",
    ),
}
