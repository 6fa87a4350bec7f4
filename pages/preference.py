"""Preference tuning: what does DPO optimise, and what did RLHF change round by round?"""

import pandas as pd
import streamlit as st

from analysis.background.once import Report, Shared, by_worker
from analysis.background.worker import Cancelled, WorkerError, shared_worker
from analysis.memory import finetuning
from analysis.preference import data as preference_data
from analysis.preference import figures as preference_figures
from analysis.preference import figures_memory as preference_figures_memory
from analysis.preference import figures_reported as preference_figures_reported
from analysis.preference import training
from analysis.units import significant
from pages.components import controls, head, sections
from pages.components.markdown import plain
from pages.components.panel import draw, export_row, show_panel
from pages.components.waiting import wait_for

head.begin(
    "preference",
    "With enough preferences, one classification loss reaches the frontier",
    "DPO tunes a policy on preferences directly; RLHF fits a reward model first and then optimises against it. Here both are trained on a small "
    "set of answers where the best possible policy is known in closed form, and what papers report of larger models stands beside it.",
)

PAIRS = (50, 100, 200, 500, 1000, 2000, 5000, 20_000, 100_000)
ANSWERS = (4, 8, 16, 32, 64)
FLIPPED = (0, 10, 20, 30, 40)
METHODS = finetuning.METHODS


@st.cache_resource(show_spinner=False)
def trainings() -> Shared:
    """Runs of other settings than the stored ones, kept for all readers of this server."""
    return Shared(most=32)


def trained():
    """(summary, answers, n_answers, settings) of the chosen preferences; None where they could not be trained."""
    defaults = training.DEFAULTS
    with controls.row():
        n_pairs = controls.steps("pref_pairs", "Preferences to learn from", PAIRS, defaults["n_pairs"])
        n_answers = controls.steps("pref_answers", "Answers to choose from", ANSWERS, defaults["n_answers"])
        flipped = controls.steps("pref_flip", "Verdicts turned round (%)", FLIPPED, 0)
    settings = {"preferences": f"{n_pairs:,}", "answers": str(n_answers), "verdicts turned round": f"{flipped}%", "seeds": "20"}
    if n_pairs in training.STORED_PAIRS and n_answers == defaults["n_answers"] and not flipped:
        return *preference_data.stored(n_pairs), n_answers, settings
    found = run({"n_pairs": n_pairs, "n_answers": n_answers, "flipped": flipped / 100})
    return None if found is None else (*found, n_answers, settings)


def run(arguments: dict):
    """(summary, answers) trained in the worker process, once per server and settings; None where that failed, with a message."""

    def work(report: Report):
        answer = by_worker(shared_worker(), "train_preferences", arguments, report)
        return training.summary(pd.DataFrame(answer["runs"])), pd.DataFrame(answer["answers"])

    try:
        found, answers = wait_for(trainings(), tuple(sorted(arguments.items())), work, "Training 20 seeds")
    except (WorkerError, Cancelled) as problem:
        st.error(plain(str(problem)), icon=":material/error:")
        return None
    return found, answers.copy(deep=False)  # copy-on-write


def reward_and_kl() -> None:
    """Section: the three methods against the closed form."""
    preference_data.stored(training.DEFAULTS["n_pairs"])  # a damaged table is told before the fragment, where the page can say so
    policies()


def rewards_learnt() -> None:
    """Section: the reward that a policy holds."""
    preference_data.stored(training.DEFAULTS["n_pairs"])
    rewards()


@st.fragment
def policies() -> None:
    """Three methods trained on the chosen preferences."""
    if chosen := trained():
        found, _, n_answers, settings = chosen
        frontier(found, n_answers, settings)
        export_row("preference.frontier")


@st.fragment
def rewards() -> None:
    """What DPO's policy and the reward model learnt from the chosen preferences."""
    if chosen := trained():
        _, answers, _, settings = chosen
        implicit(answers, settings)
        export_row("preference.implicit")


@st.fragment
def frontier(found, n_answers: int, settings: dict) -> None:
    """Reward against KL."""
    beta = 10.0 ** controls.slider("pref_beta", "Beta of the marked optimum (power of ten)", -1.5, 1.5, -0.3, 0.02, format="10^%.2f")
    draw("preference.frontier", lambda: preference_figures.frontier(found, n_answers, beta, settings | {"beta": significant(beta)}))


@st.fragment
def implicit(answers, settings: dict) -> None:
    """The reward that the policy holds."""
    number = controls.slider("pref_which", "Beta of the trained policy (10: smallest, 0.2; 1: largest, 5)", 1, len(training.BETAS), 6, 1)
    beta = training.BETAS[number - 1]
    draw("preference.implicit", lambda: preference_figures.implicit(answers, beta, settings | {"beta": significant(beta)}))


def the_loss() -> None:
    """Section: loss, gradient and closed form."""
    show = controls.switch("pref_show", "Show", {"loss": "the loss", "gradient": "its gradient"}, "loss")
    loss(show)
    export_row("preference.loss")
    optimum()
    export_row("preference.optimum")


@st.fragment
def loss(show: str) -> None:
    """The DPO loss against the margin."""
    beta = 10.0 ** controls.slider("pref_loss", "Beta (power of ten)", -2.0, 1.0, -1.0, 0.02, format="10^%.2f")
    draw("preference.loss", lambda: preference_figures.loss(show, beta, {"beta": significant(beta), "show": show}))


@st.fragment
def optimum() -> None:
    """The closed form, answer by answer."""
    with controls.row():
        beta = 10.0 ** controls.slider("pref_opt", "Beta (power of ten)", -1.0, 1.5, -0.3, 0.02, format="10^%.2f")
        n_answers = controls.slider("pref_n", "Answers", 4, 64, 32, 1)
    draw("preference.optimum", lambda: preference_figures.optimum(n_answers, beta, {"beta": significant(beta), "answers": str(n_answers)}))


def memory_of_stages() -> None:
    """Section: what each stage keeps in memory."""
    with controls.row():
        model = controls.choice("pref_model", "Policy", preference_data.known_models(), "Llama 2 7B")
        method = controls.switch("pref_method", "Trained models are", METHODS, "full")
    stages(model, method)
    export_row("preference.memory")


@st.fragment
def stages(model: str, method: str) -> None:
    """Four stages side by side."""
    with controls.row():
        batch = controls.slider("pref_batch", "Prompts in a batch", 1, 64, 1, 1)
        length = controls.slider("pref_len", "Tokens of prompt and answer", 128, 8192, 1024, 128)
    settings = {"model": model, "method": METHODS[method], "batch": f"{batch} x {length:,}"}
    draw("preference.memory", lambda: preference_figures_memory.stages(model, method, batch, length, settings))


def llama2() -> None:
    """Section: Llama 2's rounds and data."""
    rounds()
    export_row("preference.rounds")
    show = controls.switch("pref_data", "Comparisons", {"batch": "in each batch", "total": "added up"}, "batch")
    batches(show)
    export_row("preference.batches")


@st.fragment
def rounds() -> None:
    """Both axes, both judges."""
    level = controls.level("pref_level")
    draw("preference.rounds", lambda: preference_figures_reported.rounds(level, {"interval": f"{level:.0%}"}))


@st.fragment
def batches(show: str) -> None:
    """Preference data."""
    first = controls.slider("pref_first", "Count from batch", 1, 14, 8, 1)
    draw("preference.batches", lambda: preference_figures_reported.batches(show, first, {"from batch": str(first), "show": show}))


def reported() -> None:
    """Section: win rates and MT-Bench as reported."""
    group = controls.switch("pref_group", "Win rates of", preference_figures_reported.GROUPS, "dpo")
    win_rates(preference_figures_reported.win_rate_rows(group), group)
    export_row("preference.win_rates")
    show_panel(preference_figures_reported.mt_bench({"scores": "as printed"}))


@st.fragment
def win_rates(rows, group: str) -> None:
    """Win rates with intervals."""
    level = controls.level("pref_win_level")
    settings = {"interval": f"{level:.0%}", "group": preference_figures_reported.GROUPS[group]}
    draw("preference.win_rates", lambda: preference_figures_reported.win_rates(rows, group, level, settings))


sections.show(
    "pref_part",
    {
        "Reward against KL": reward_and_kl,
        "Rewards learnt": rewards_learnt,
        "The loss": the_loss,
        "Memory": memory_of_stages,
        "Llama 2 round by round": llama2,
        "As reported": reported,
    },
)
