"""Small models: how far do data quality and imitation carry them?"""

import pandas as pd
import streamlit as st

from analysis import tables
from analysis.background.once import Shared, by_worker, digest
from analysis.background.worker import Cancelled, WorkerError, shared_worker
from analysis.small_models import comparisons, self_instruct
from analysis.small_models import data as small_models_data
from analysis.small_models import figures as small_models_figures
from analysis.small_models import figures_self_instruct as small_models_figures_self_instruct
from analysis.small_models import figures_training_data as data
from pages.components import controls, head, sections
from pages.components.markdown import plain
from pages.components.panel import draw, export_row, show_panel
from pages.components.waiting import wait_for

held, compared = small_models_data.headline()
head.begin(
    "small_models",
    f"Orca 2 13B holds in {held} of {compared} comparisons with models over five times its size",
    "That is in its own paper's tables. Papers on small models credit their data: textbooks, explanations by GPT-4, a thousand chosen examples. See what the printed "
    "scores support once sizes, intervals and costs stand beside them, run the loop that makes instructions out of 175 seeds, and see where imitation stops.",
)

KEPT_RUNS = 8


def against_larger() -> None:
    """Section: scores against larger models."""
    small = controls.choice("sm_model", "Small model", comparisons.SMALL, "Orca 2 13B")
    ratio(small)
    export_row("small_models.ratio")
    pairs = small_models_data.model_benchmarks()
    chosen = controls.choice(
        "sm_pair", "Small model and benchmark", {pair: f"{model}: {label}" for pair, (model, _, label) in pairs.items()}, "Orca 2 13B/bbh"
    )
    scores(*pairs[chosen])
    export_row("small_models.scores")


@st.fragment
def ratio(small: str) -> None:
    """Share of comparisons held."""
    least = controls.slider("sm_ratio", "Rival larger by at least (times)", 1.0, 60.0, 5.0, 0.5)
    draw("small_models.ratio", lambda: small_models_figures.ratio(small, least, {"model": small, "ratio": f"{least:g}"}))


@st.fragment
def scores(small: str, benchmark: str, label: str) -> None:
    """One benchmark."""
    least = controls.slider("sm_ratio_one", "Mark rivals larger by at least (times)", 1.0, 60.0, 5.0, 0.5)
    draw(
        "small_models.scores",
        lambda: small_models_figures.scores(small, benchmark, least, {"model": small, "benchmark": label, "ratio": f"{least:g}"}),
    )


def threshold_slider(key: str) -> float:
    """Threshold of the filter, among those that are kept."""
    return controls.steps(key, "Threshold on ROUGE-L (hundredths)", [round(100 * value) for value in self_instruct.THRESHOLDS], 70) / 100


def novelty_slider(key: str) -> float:
    """Novelty, among those that are kept."""
    return controls.slider(key, "Novelty of the generator (%)", 0, 100, 50, 25, format="%d%%") / 100


def self_instruct_loop() -> None:
    """Section: the simulated loop at kept settings."""
    growth()
    export_row("small_models.growth")
    filtered()
    export_row("small_models.filter")
    variety()
    export_row("small_models.variety")


@st.fragment
def growth() -> None:
    """Growth of the pool."""
    with controls.row():
        threshold = threshold_slider("sm_threshold")
        novelty = novelty_slider("sm_novelty")
    draw(
        "small_models.growth",
        lambda: small_models_figures_self_instruct.growth(threshold, novelty, {"threshold": f"{threshold:g}", "novelty": f"{novelty:.0%}"}),
    )


@st.fragment
def filtered() -> None:
    """What the filter drops."""
    with controls.row():
        threshold = threshold_slider("sm_threshold_filter")
        novelty = novelty_slider("sm_novelty_filter")
    draw(
        "small_models.filter",
        lambda: small_models_figures_self_instruct.filtered(
            threshold, novelty, {"threshold": f"{threshold:g}", "novelty": f"{novelty:.0%}"}
        ),
    )


@st.fragment
def variety() -> None:
    """Distinct pairs of verb and object."""
    threshold = threshold_slider("sm_threshold_pairs")
    draw("small_models.variety", lambda: small_models_figures_self_instruct.variety(threshold, {"threshold": f"{threshold:g}"}))


@st.fragment
def run_the_loop() -> None:
    """Section: a run with settings of the reader's own, in the worker process."""
    with controls.row():
        threshold = controls.slider("sm_run_threshold", "Threshold on ROUGE-L", 0.2, 1.0, 0.7, 0.01)
        novelty = controls.slider("sm_run_novelty", "Novelty (%)", 0, 100, 50, 1, format="%d%%") / 100
        steps = controls.slider("sm_run_steps", "Requests (8 instructions each)", 25, 250, 125, 25)
        seed = controls.number("sm_run_seed", "Seed of the random numbers", 0, 9999, 0, 1)
    settings = {"threshold": f"{threshold:g}", "novelty": f"{novelty:.0%}", "requests": f"{steps}", "seed": f"{seed}"}
    key, runs = tuple(settings.values()), st.session_state.setdefault("self_instruct_runs", {})
    if st.button("Run the loop", icon=":material/play_arrow:", key="sm_run", type="primary") and key not in runs:
        runs[key] = run_in_worker({"threshold": threshold, "novelty": novelty, "steps": steps, "seed": int(seed)})
        while len(runs) > KEPT_RUNS:
            runs.pop(next(iter(runs)))
    run = runs.get(key)
    if isinstance(run, str):
        st.error(plain(run), icon=":material/error:")
        run = None
    if run is None:
        st.caption(
            "Shown is a stored run at a threshold of 0.7 and a novelty of 50%. Press the button for one with your settings; it takes about a second."
        )
        show_panel(
            small_models_figures_self_instruct.own_run(
                small_models_data.default_run(), {"threshold": "0.7", "novelty": "50%", "requests": "125", "seed": "0"}
            )
        )
        return
    show_panel(small_models_figures_self_instruct.own_run(pd.DataFrame(run["rows"]), settings))
    for name, words in (("kept", "Last instructions kept"), ("dropped", "Last instructions dropped")):
        with st.expander(f"{words}, with the most similar one and their ROUGE-L"):
            st.dataframe(
                pd.DataFrame(run[name][-20:], columns=["instruction", "most similar", "ROUGE-L"]), hide_index=True, width="stretch"
            )


@st.cache_resource(show_spinner=False)
def loops() -> Shared:
    """Runs with settings of readers' own, kept for all readers of this server."""
    return Shared(most=16)


def run_in_worker(settings: dict) -> dict | str:
    """The answer of the worker's task, or the sentence that says why there is none."""
    seeds = self_instruct.instructions(tables.load("seed_tasks"))
    known = self_instruct.known_parts(seeds, tables.load("instruction_parts"))
    arguments = {"seeds": [list(parts) for parts in seeds], "known": known, **settings}
    try:
        return wait_for(
            loops(), digest(arguments), lambda report: by_worker(shared_worker(), "self_instruct", arguments, report), "Starting the worker"
        )
    except (WorkerError, Cancelled) as problem:
        return f"The run failed: {problem}"


def data_amount() -> None:
    """Section: number of examples against preference."""
    judge = controls.switch("sm_judge", "Judged by", data.JUDGES, "lima_human")
    lima(judge)
    export_row("small_models.lima")
    amount()
    export_row("small_models.amount")


@st.fragment
def lima(judge: str) -> None:
    """LIMA against rivals."""
    with controls.row():
        prompts = controls.slider("sm_prompts", "Prompts judged", 50, 1000, 300, 10)
        level = controls.level("sm_lima_level")
    settings = {"judge": data.JUDGES[judge], "prompts": f"{prompts}", "interval": f"{level:.0%}"}
    draw("small_models.lima", lambda: data.lima(judge, float(prompts), level, settings))


@st.fragment
def amount() -> None:
    """Amount of instructions."""
    level = controls.level("sm_amount_level")
    draw("small_models.amount", lambda: data.amount(252.0, level, {"rated tasks": "252", "interval": f"{level:.0%}"}))


def phi() -> None:
    """Section: tokens, hours and cost of phi."""
    cost()
    export_row("small_models.cost")
    hours()
    export_row("small_models.hours")
    code_data()
    export_row("small_models.code_data")


@st.fragment
def cost() -> None:
    """Rent."""
    price = controls.slider("sm_price", "Price of an A100-hour (USD)", 0.5, 10.0, 5.0, 0.1, format="$%.2f")
    draw("small_models.cost", lambda: small_models_figures.cost(price, {"price": f"${price:g} per A100-hour"}))


@st.fragment
def hours() -> None:
    """Reported against computed hours."""
    share = controls.slider("sm_mfu", "Utilisation that the line stands for (% of peak)", 5, 90, 40, 1, format="%d%%") / 100
    draw("small_models.hours", lambda: small_models_figures.hours(share, {"utilisation": f"{share:.0%}"}))


@st.fragment
def code_data() -> None:
    """HumanEval by training data."""
    level = controls.level("sm_code_level")
    draw("small_models.code_data", lambda: data.code_data(level, {"interval": f"{level:.0%}"}))


def imitation() -> None:
    """Section: what raters saw and what benchmarks showed."""
    show_panel(data.imitation_style({"measures": "as printed"}))
    imitation_facts()
    export_row("small_models.imitation_facts")


@st.fragment
def imitation_facts() -> None:
    """NaturalQuestions before and after imitation."""
    with controls.row():
        questions = controls.slider("sm_questions", "Questions asked", 200, 4000, 3610, 10)
        level = controls.level("sm_facts_level")
    settings = {"questions": f"{questions:,}", "interval": f"{level:.0%}"}
    draw("small_models.imitation_facts", lambda: data.imitation_facts(float(questions), level, settings))


sections.show(
    "sm_part",
    {
        "Against larger models": against_larger,
        "The Self-Instruct loop": self_instruct_loop,
        "Run the loop": run_the_loop,
        "Amount of data": data_amount,
        "Cost of phi": phi,
        "Imitation": imitation,
    },
)
