"""Scaling laws: which loss do N parameters and D tokens buy, and how sure is that?"""

import streamlit as st

from analysis import scaling, scaling_runs, tables
from analysis.figures import scaling as figures
from analysis.units import format_flops
from pages.components import controls, fits, frame
from pages.components.panel import draw, export_row, show_panel

frame.begin(
    "scaling",
    "The same runs advise 18 or 93 tokens per parameter",
    "Published laws agree on the shape and not on the numbers: at Chinchilla's budget the optimum depends more on whose constants "
    "you take than on anything else. Fit the released runs, or yours, and see what is known and how well.",
)

LEVELS = {"80%": 0.80, "95%": 0.95, "99%": 0.99}
RUNS = {"240": "240 runs (five highest losses left out)", "245": "All 245 released runs", "yours": "Your own CSV"}


def budget(key: str, low: float, high: float, default: float) -> float:
    """A slider over the exponent of the compute budget; returns FLOP."""
    exponent = controls.slider(key, "Compute budget (FLOP, power of ten)", low, high, default, 0.02, format="10^%.2f")
    return 10.0**exponent


def choose_runs():
    """(runs, law, resamples, settings) for the chosen data, or None where there is nothing to fit yet."""
    left, middle, right = st.columns([3, 2, 2])
    with left:
        which = controls.choice(
            "runs", "Training runs to fit", RUNS, "240", help="The replication leaves out the five runs of highest loss."
        )
    with middle:
        delta = float(controls.choice("delta", "Huber threshold on log loss", ["0.0001", "0.001", "0.01", "0.1", "1"], "0.001",
                                      help="Small: near absolute errors, outliers weigh little. 1: least squares. Published fits use 0.001."))  # fmt: skip
    with right:
        engine = controls.choice(
            "engine", "Fit on", fits.ENGINES, "numpy", help="The torch form runs in the worker process and uses a GPU if there is one."
        )
    if which == "yours":
        runs = own_runs()
        if runs is None:
            return None
    else:
        runs = figures.released_runs(245 - int(which))
    settings = {"runs": RUNS[which], "Huber threshold": f"{delta:g}"}
    if which != "yours" and delta == scaling.DELTA and engine == "numpy":
        law, resamples = figures.released_fit(245 - int(which))
    else:
        law, resamples = fits.fit(runs, delta, engine)
    return None if law is None else (runs, law, resamples, settings)


def own_runs():
    """The reader's runs with every unusable row reported, or None until there is a file that can be used."""
    upload = st.file_uploader("CSV with a header: parameters, tokens or FLOPs, and loss per run", type=["csv", "tsv", "txt"])
    if upload is None:
        st.info("Choose a file to fit your own runs. It is read in memory, for this session only.", icon=":material/upload_file:")
        return None
    try:
        file = scaling_runs.read_runs_file(upload.getvalue())
        guess = scaling_runs.guess_columns(file.columns)
        names = list(file.columns)
        first, second, third, fourth = st.columns(4)
        with first:
            n_params = controls.choice("col_n", "Parameters", names, guess["n_params"] or names[0])
        with second:
            kind = controls.switch(
                "col_kind",
                "Budget given as",
                {"n_tokens": "tokens", "train_flops": "FLOPs"},
                "n_tokens" if guess["n_tokens"] else "train_flops",
            )
        with third:
            amount = controls.choice("col_budget", "Tokens or FLOPs", names, guess[kind] or names[1])
        with fourth:
            loss = controls.choice("col_loss", "Loss (nats per token)", names, guess["loss"] or names[2])
        runs, problems = scaling_runs.parse_runs(file, {"n_params": n_params, kind: amount, "loss": loss})
    except ValueError as problem:
        st.error(f"This file cannot be used. {problem}")
        return None
    if problems:
        with st.expander(f"{len(problems)} of {len(file.rows)} rows were not used"):
            st.text("\n".join(problems[:200]) + ("\n..." if len(problems) > 200 else ""))
    st.caption(f"{len(runs)} of {len(file.rows)} rows are used.")
    return runs


chosen = choose_runs()
laws, models = figures.published(), figures.published_models()


left, right = st.columns([3, 2])
with left:
    quantity = controls.switch(
        "show", "Show the optimal", {"ratio": "tokens per parameter", "n_params": "parameters", "n_tokens": "tokens"}, "ratio"
    )
with right:
    level = LEVELS[controls.switch("level", "Interval of the refit", list(LEVELS), "95%")]
picked = controls.choices("laws", "Published laws", {law_id: figures.law_name(law) for law_id, law in laws.items()}, figures.DEFAULT_LAWS)
shown_law, shown_resamples, shown_settings = chosen[1:] if chosen else (*figures.released_fit(5), {"runs": RUNS["240"]})
bands = fits.bands(shown_resamples, level)


@st.fragment
def laws_against_compute() -> None:
    """Tokens per parameter, parameters or tokens against compute, under all chosen laws."""
    C = budget("c", 18.0, 26.0, 23.76)
    settings = shown_settings | {"budget": format_flops(C), "interval": f"{level:.0%}", "laws": ", ".join(laws[i].label for i in picked)}
    if quantity == "ratio":
        draw("scaling.laws", lambda: figures.tokens_per_param(laws, picked, models, shown_law, bands, C, settings))
    else:
        draw("scaling.laws", lambda: figures.allocation(laws, picked, quantity, models, shown_law, bands, C, settings))


@st.fragment
def isoflop() -> None:
    """Loss along lines of equal compute."""
    C = budget("c_iso", 18.0, 24.0, 21.0)
    draw("scaling.isoflop", lambda: figures.isoflop(chosen[0], law, law_resamples, C, 0.95, law_settings | {"budget": format_flops(C)}))


@st.fragment
def contours() -> None:
    """The runs and the law's contours."""
    C = budget("c_map", 18.0, 24.0, 21.0)
    draw("scaling.contours", lambda: figures.contours(chosen[0], law, C, law_settings | {"budget": format_flops(C)}))


@st.fragment
def how_well_it_fits() -> None:
    """Residuals of the fit."""
    runs, fitted, _, settings = chosen
    axis = {"train_flops": "compute", "n_params": "parameters", "n_tokens": "tokens"}
    against = controls.switch("residuals", "Residuals against", axis, "train_flops")
    draw("scaling.residuals", lambda: figures.residuals(runs, fitted, against, settings | {"against": axis[against]}))


laws_against_compute()
export_row("scaling.laws")
if chosen:
    st.header("One law over the runs", anchor=False)
    options = {"fit": "the fit above"} | {i: figures.law_name(law) for i, law in laws.items() if isinstance(law, scaling.ScalingLaw)}
    which = controls.choice("law", "Law for the next two charts", options, "fit")
    law, law_resamples = (chosen[1], chosen[2]) if which == "fit" else (laws[which], chosen[2].iloc[:0])
    law_settings = chosen[3] | {"law": options[which]}
    isoflop()
    export_row("scaling.isoflop")
    contours()
    export_row("scaling.contours")
    st.header("How well is it known?", anchor=False)
    show_panel(figures.constants(chosen[1], chosen[2], laws, 0.95, chosen[3]))
    st.subheader("What the fit says of Chinchilla's budget, with 95% intervals", anchor=False)
    st.dataframe(figures.estimates(chosen[1], chosen[2], figures.CHINCHILLA_FLOPS, 0.95), hide_index=True, width="stretch")
    how_well_it_fits()
    export_row("scaling.residuals")
    st.header("Chinchilla's own table", anchor=False)
    show_panel(figures.chinchilla_table(laws, tables.load("chinchilla_optimal"), {"table": "with its declared correction"}))
