"""Scaling laws: which loss do N parameters and D tokens buy, and how sure is that?"""

import streamlit as st

from analysis import tables
from analysis.compute import data as compute_data
from analysis.scaling import chinchilla, figures, fitting
from analysis.scaling import data as scaling_data
from analysis.scaling import figures_fits as scaling_figures_fits
from analysis.scaling import figures_loss as scaling_figures_loss
from analysis.scaling import figures_marks as scaling_figures_marks
from analysis.scaling import own_runs as scaling_own_runs
from analysis.units import format_flops
from pages.components import controls, fits, head, sections
from pages.components.markdown import plain
from pages.components.panel import draw, export_row, show_panel

head.begin(
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
    """(runs, law, resamples, settings) for the chosen data, law None where they determine none; None where there are no runs yet."""
    # A closed popover costs the browser nothing at a slider step; these are chosen rarely.
    with st.popover("Training runs, and how they are fitted"):
        which = controls.choice(
            "runs", "Training runs to fit", RUNS, "240", help="The replication leaves out the five runs of highest loss."
        )
        delta = float(
            controls.choice(
                "delta",
                "Huber threshold on log loss",
                ["0.0001", "0.001", "0.01", "0.1", "1"],
                "0.001",
                help="Small: near absolute errors, outliers weigh little. 1: least squares. Published fits use 0.001.",
            )
        )
    if which == "yours":
        runs = own_runs()
        if runs is None:
            return None
    else:
        runs = scaling_data.released_runs(245 - int(which))
    settings = {"runs": RUNS[which], "Huber threshold": f"{delta:g}"}
    law: chinchilla.ScalingLaw | None
    if which != "yours" and delta == fitting.DELTA:
        law, resamples = scaling_data.released_fit(245 - int(which))
    else:
        law, resamples = fits.fit(runs, delta)
    return (runs, law, resamples, settings) if len(runs) else None


def own_runs():
    """The reader's runs with every unusable row reported, or None until there is a file that can be used."""
    upload = st.file_uploader("CSV with a header: parameters, tokens or FLOPs, and loss per run", type=["csv", "tsv", "txt"])
    if upload is None:
        st.info("Choose a file to fit your own runs. It is read in memory, for this session only.", icon=":material/upload_file:")
        return None
    try:
        file = scaling_own_runs.read_runs_file(upload.getvalue())
        guess = scaling_own_runs.guess_columns(file.columns)
        names = list(file.columns)
        with controls.row():
            n_params = controls.choice("col_n", "Parameters", names, guess["n_params"] or names[0])
            kind = controls.switch(
                "col_kind",
                "Budget given as",
                {"n_tokens": "tokens", "train_flops": "FLOPs"},
                "n_tokens" if guess["n_tokens"] else "train_flops",
            )
            amount = controls.choice("col_budget", "Tokens or FLOPs", names, guess[kind] or names[1])
            loss = controls.choice("col_loss", "Loss (nats per token)", names, guess["loss"] or names[2])
        runs, problems = scaling_own_runs.parse_runs(file, {"n_params": n_params, kind: amount, "loss": loss})
    except ValueError as problem:
        st.error(plain(f"This file cannot be used. {problem}"), icon=":material/error:")
        return None
    if problems:
        with st.expander(f"{len(problems)} of {len(file.rows)} rows were not used"):
            st.text("\n".join(problems[:200]) + ("\n..." if len(problems) > 200 else ""))
    st.caption(f"{len(runs)} of {len(file.rows)} rows are used.")
    return runs


def published_laws() -> None:
    """Section: what every published law advises, beside the refit."""
    chosen = choose_runs()
    laws = scaling_data.published()
    with controls.row():
        quantity = controls.switch(
            "show", "Show the optimal", {"ratio": "tokens per parameter", "n_params": "parameters", "n_tokens": "tokens"}, "ratio"
        )
        level = LEVELS[controls.switch("level", "Interval of the refit", list(LEVELS), "95%")]
    picked = controls.choices(
        "laws", "Published laws", {law_id: scaling_figures_marks.law_name(law) for law_id, law in laws.items()}, scaling_data.DEFAULT_LAWS
    )
    if chosen and chosen[1]:
        _, law, resamples, settings = chosen
    else:
        law, resamples, settings = *scaling_data.released_fit(5), {"runs": RUNS["240"]}
    laws_against_compute(
        quantity,
        picked,
        laws,
        compute_data.published_models(),
        law,
        fits.bands(resamples, level),
        settings | {"interval": f"{level:.0%}"},
    )
    export_row("scaling.laws")


@st.fragment
def laws_against_compute(quantity: str, picked: list[str], laws: dict, models, law, bands, settings: dict) -> None:
    """Tokens per parameter, parameters or tokens against compute, under all chosen laws."""
    C = budget("c", 18.0, 26.0, 23.76)
    settings = settings | {"budget": format_flops(C), "laws": ", ".join(laws[law_id].label for law_id in picked)}
    if quantity == "ratio":
        draw("scaling.laws", lambda: figures.tokens_per_param(laws, picked, models, law, bands, C, settings))
    else:
        draw("scaling.laws", lambda: figures.allocation(laws, picked, quantity, models, law, bands, C, settings))


def of_one_law():
    """(runs, law, resamples, settings) of the law that is looked at, or None where there are no runs yet or they determine no fit."""
    if not (chosen := choose_runs()):
        return None
    runs, fitted, resamples, settings = chosen
    laws = scaling_data.published()
    options = {"fit": "the fit of these runs"} | {
        i: scaling_figures_marks.law_name(law) for i, law in laws.items() if isinstance(law, chinchilla.ScalingLaw)
    }
    which = controls.choice("iso_law", "Law", options, "fit")
    law, resamples = (fitted, resamples) if which == "fit" else (laws[which], resamples.iloc[:0])
    return (runs, law, resamples, settings | {"law": options[which]}) if law else None


def one_law() -> None:
    """Section: the runs under one law, along lines of equal compute."""
    if chosen := of_one_law():
        isoflop(*chosen)
        export_row("scaling.isoflop")


def as_a_map() -> None:
    """Section: the runs and one law's contours, by parameters and tokens."""
    if chosen := of_one_law():
        runs, law, _, settings = chosen
        contours(runs, law, settings)
        export_row("scaling.contours")


@st.fragment
def isoflop(runs, law, resamples, settings: dict) -> None:
    """Loss along lines of equal compute."""
    C = budget("c_iso", 18.0, 24.0, 21.0)
    draw("scaling.isoflop", lambda: scaling_figures_loss.isoflop(runs, law, resamples, C, 0.95, settings | {"budget": format_flops(C)}))


@st.fragment
def contours(runs, law, settings: dict) -> None:
    """The runs and the law's contours."""
    C = budget("c_map", 18.0, 24.0, 21.0)
    draw("scaling.contours", lambda: scaling_figures_loss.contours(runs, law, C, settings | {"budget": format_flops(C)}))


def how_well_known() -> None:
    """Section: the constants with their intervals, and what the fit leaves over."""
    chosen = choose_runs()
    if not chosen or not chosen[1]:
        return
    runs, law, resamples, settings = chosen
    draw("scaling.constants", lambda: scaling_figures_fits.constants(law, resamples, scaling_data.published(), 0.95, settings))
    export_row("scaling.constants")
    st.subheader("What the fit says of Chinchilla's budget, with 95% intervals", anchor=False)
    try:
        st.dataframe(scaling_figures_fits.estimates(law, resamples, figures.CHINCHILLA_FLOPS, 0.95), hide_index=True, width="stretch")
    except ValueError as problem:
        st.error(plain(str(problem)), icon=":material/error:")
    axis = {"train_flops": "compute", "n_params": "parameters", "n_tokens": "tokens"}
    against = controls.switch("residuals", "Residuals against", axis, "train_flops")
    draw("scaling.residuals", lambda: scaling_figures_fits.residuals(runs, law, against, settings | {"against": axis[against]}))
    export_row("scaling.residuals")


def chinchillas_table() -> None:
    """Section: which of the printed optima each approach gives back."""
    show_panel(
        figures.chinchilla_table(scaling_data.published(), tables.load("chinchilla_optimal"), {"table": "with its declared correction"})
    )


sections.show(
    "scaling_part",
    {
        "Published laws": published_laws,
        "One law": one_law,
        "As a map": as_a_map,
        "How well known": how_well_known,
        "Chinchilla's table": chinchillas_table,
    },
)
