"""A model as judge: how stable is a ranking made by GPT-4?"""

import numpy as np
import streamlit as st

from analysis.background.once import Shared, by_worker
from analysis.background.worker import Cancelled, WorkerError, shared_worker
from analysis.judges import data as judges_data
from analysis.judges import elo as judges_elo
from analysis.judges import figures as judges_figures
from analysis.judges import figures_verdicts as judges_figures_verdicts
from analysis.judges import verdicts as judges_verdicts
from pages.components import controls, head, sections
from pages.components.markdown import plain
from pages.components.panel import draw, export_row, show_panel
from pages.components.waiting import wait_for

numbers = {benchmark: judges_data.headline(benchmark) for benchmark in judges_figures.BENCHMARKS}
head.begin(
    "judges",
    f"GPT-4 as judge gives the answer it reads first {numbers['vicuna']['order']} Elo points",
    f"That is on the Vicuna prompts, in a Bradley-Terry model with ties; on the Open Assistant prompts it is {numbers['oa']['order']}. The QLoRA paper ranked chatbots by GPT-4's verdicts and released all 44,506 of them. "
    f"Replay its tournament, see how much a single ordering scatters (by {numbers['vicuna']['sd']} points), and how many prompts it takes to tell two models apart.",
)

ELO_TIES = {"half": "half a win each", "dropped": "left out"}
ELO_VERDICTS = {"all": "all usable", "consistent": "confirmed by both orders"}
CONFIDENCE = {"90%": 0.90, "95%": 0.95, "99%": 0.99}


@st.cache_resource(show_spinner=False)
def replays() -> Shared:
    """Ratings by other rules than the paper's, kept for all readers of this server: there are six sets of rules."""
    return Shared(most=6)


def replayed(benchmark: str, ties: str, used: str) -> np.ndarray | None:
    """Ratings by other rules than the paper's, once per server; None where they could not be made, with a message.

    In the worker: the replay is a hundred thousand small steps, and in the server each would wait for the charts of other readers.
    """
    chosen = judges_data.released(benchmark)
    arguments = judges_elo.request(judges_verdicts.consistent(chosen) if used == "consistent" else chosen, 10_000, ties)
    words = "Replaying the tournament in 10,000 orderings"
    try:
        return wait_for(
            replays(),
            (judges_data.fingerprint(benchmark), ties, used),
            lambda report: np.array(by_worker(shared_worker(), "replay_elo", arguments, report)),
            words,
        )
    except (WorkerError, Cancelled) as problem:
        st.error(plain(str(problem)), icon=":material/error:")
        return None


benchmark = controls.switch("jd_set", "Prompts", {"vicuna": "Vicuna (80)", "oa": "Open Assistant (953)"}, "vicuna")
played = judges_data.released(benchmark)
prompts = {"prompts": judges_figures.BENCHMARKS[benchmark]}


def replay() -> None:
    """Section: the tournament, replayed."""
    with controls.row():
        elo_ties = controls.switch("jd_ties", "Ties in Elo", ELO_TIES, "half", help="The paper counts a tie as half a win each.")
        elo_used = controls.switch(
            "jd_used", "Verdicts in Elo", ELO_VERDICTS, "all", help="Confirmed: the same winner, or a tie, whichever answer is shown first."
        )
    as_printed = (elo_ties, elo_used) == ("half", "all")
    ratings = judges_data.stored_orderings(benchmark) if as_printed else replayed(benchmark, elo_ties, elo_used)
    if ratings is not None:
        elo(ratings, as_printed, ELO_TIES[elo_ties], ELO_VERDICTS[elo_used])
        export_row("judges.elo")
    show_panel(judges_figures.human({"prompts": judges_figures.BENCHMARKS["vicuna"]}))


@st.fragment
def elo(ratings: np.ndarray, as_printed: bool, ties: str, used: str) -> None:
    """Elo over as many orderings as the reader wants."""
    n = controls.slider("jd_n", "Orderings", 1, 10_000, 10_000, 1, help="The paper averages 10,000 of them.")
    settings = prompts | {"ties": ties, "verdicts": used, "orderings": f"{n:,}"}
    draw("judges.elo", lambda: judges_figures.elo(benchmark, played.models, ratings[:n], as_printed, settings))


def verdicts() -> None:
    """Section: Bradley-Terry, and who beats whom."""
    with controls.row():
        ties = controls.switch("jd_bt_ties", "Ties in Bradley-Terry", judges_data.TIES, "davidson")
        position = controls.switch(
            "jd_position",
            "Order of the answers",
            judges_figures.POSITIONS,
            "fitted",
            help="Fitted: the model has an advantage for the answer shown first. Confirmed only: verdicts that both orders of the answers share.",
        )
    show_panel(
        judges_figures.bradley_terry(
            benchmark, ties, position, prompts | {"ties": judges_data.TIES[ties], "order of answers": judges_figures.POSITIONS[position]}
        )
    )
    show_panel(
        judges_figures.win_matrix(benchmark, played, prompts | {"ties": ELO_TIES["half"], "order of answers": "both, all usable verdicts"})
    )


def shown_first() -> None:
    """Section: position bias."""
    both = {"prompts": " and ".join(judges_figures.BENCHMARKS.values())}
    show_panel(judges_figures_verdicts.verdicts(both))
    show_panel(judges_figures_verdicts.consistency({name: judges_data.released(name) for name in judges_figures.BENCHMARKS}, both))
    show_panel(judges_figures_verdicts.position_bias(benchmark, played, prompts))
    show_panel(judges_figures.ranking_shift(benchmark, prompts | {"ties": ELO_TIES["half"]}))


def how_many() -> None:
    """Section: how many prompts it takes to tell two models apart."""
    level = controls.switch("jd_level", "Confidence", list(CONFIDENCE), "95%")

    @st.fragment
    def prompts_needed() -> None:
        """A gap in Elo points."""
        gap = controls.slider("jd_gap", "Gap between two models (Elo points)", 5, 500, 60, 5)
        draw(
            "judges.prompts_needed",
            lambda: judges_figures_verdicts.prompts_needed(
                benchmark,
                judges_data.observed_pairs(benchmark, CONFIDENCE[level]),
                len(played.prompts),
                float(gap),
                CONFIDENCE[level],
                prompts | {"confidence": level, "gap": f"{gap} Elo points"},
            ),
        )

    prompts_needed()
    export_row("judges.prompts_needed")
    names = {model: label for model, label in judges_data.labels().items() if model in played.models}
    with controls.row():
        model = controls.choice("jd_a", "One model", names, "65b-guanaco")
        other = controls.choice("jd_b", "Another model", names, "gpt-3.5")

    @st.fragment
    def power() -> None:
        """Two models and a number of prompts."""
        n = controls.slider("jd_prompts", "Prompts", 10, 5000, 80, 10)
        settings = prompts | {"models": f"{names[model]}, {names[other]}", "confidence": level, "number": f"{n:,}"}
        draw("judges.power", lambda: judges_figures_verdicts.power(benchmark, played, model, other, CONFIDENCE[level], n, settings))

    if model == other:
        st.info("Choose two different models.", icon=":material/compare_arrows:")
    else:
        power()
        export_row("judges.power")


sections.show(
    "jd_part",
    {
        "Tournament": replay,
        "What the verdicts support": verdicts,
        "The answer shown first": shown_first,
        "How many prompts": how_many,
    },
)
