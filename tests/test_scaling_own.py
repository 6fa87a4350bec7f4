"""A reader's own runs, from the file to the charts: what they do not determine is neither drawn nor written."""

import json
import re
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.charts.parameters import Given
from analysis.scaling import chinchilla, fitting, own_runs, resampling
from analysis.scaling import data as scaling_data
from analysis.scaling.chinchilla import ScalingLaw
from analysis.scaling.figures import AllocationParameters, AllocationTokens, TokensPerParam
from analysis.scaling.figures_fits import Constants, Residuals, estimates
from analysis.scaling.figures_loss import Contours, IsoFlop
from tests.test_pages import charts, fine, open_page

TRUTH = ScalingLaw(E=1.8, A=480.0, B=2100.0, alpha=0.35, beta=0.37)
OTHER = ScalingLaw(E=1.5, A=20.0, B=1e6, alpha=0.15, beta=0.7)
RNG = np.random.default_rng(0)
N, D = 10 ** RNG.uniform(7.8, 10.2, 30), 10 ** RNG.uniform(9, 11.5, 30)
NOISE = RNG.standard_normal(30)
ONE, HALVES = np.ones(30), np.arange(30) % 2
Runs = tuple[np.ndarray, np.ndarray, np.ndarray]
UNDETERMINED: dict[str, Runs] = {
    "one size": (1e9 * ONE, D, TRUTH.loss(1e9, D)),
    "one size, with noise": (1e9 * ONE, D, TRUTH.loss(1e9, D) * np.exp(0.01 * NOISE)),
    "one token count": (N, 1e10 * ONE, TRUTH.loss(N, 1e10)),
    "one run, many times": (1e9 * ONE, 1e10 * ONE, 2.5 * ONE),
    "one run, other losses": (1e9 * ONE, 1e10 * ONE, 2.5 + 0.1 * NOISE),
    "two runs": (np.where(HALVES, 1e9, 2e9), np.where(HALVES, 1e10, 3e10), np.where(HALVES, 3.0, 2.5)),
    "three runs": (np.where(HALVES, 1e9, 2e9), np.where(np.arange(30) % 3, 1e10, 3e10), 2.5 + 0.1 * HALVES),
    "two sizes": (np.where(HALVES, 1e8, 1e9), D, TRUTH.loss(np.where(HALVES, 1e8, 1e9), D)),
    "twenty tokens per parameter": (N, 20 * N, TRUTH.loss(N, 20 * N)),
    "twenty tokens per parameter, another law": (N, 20 * N, OTHER.loss(N, 20 * N)),
    "twenty tokens per parameter, with noise": (N, 20 * N, TRUTH.loss(N, 20 * N) * np.exp(0.005 * NOISE)),
    "about twenty tokens per parameter": (N, np.round(20 * N, -8), np.round(OTHER.loss(N, 20 * N), 3)),
    "one budget": (N, 1e20 / (6 * N), TRUTH.loss(N, 1e20 / (6 * N))),
    "constant loss": (N, D, 2.5 * ONE),
    "nearly constant loss": (N, D, 2.5 + 1e-6 * NOISE),
    "noise": (N, D, np.exp(NOISE)),
    "loss that rises with size": (N, D, 2 + (N / 1e9) ** 0.2 + (D / 1e10) ** -0.3),
    "no floor": (N, D, 400 / N**0.3 + 400 / D**0.3),
    "losses of all sizes": (N, D, 10 ** np.linspace(-300, 300, 30)),
    "sizes of all sizes": (10 ** np.linspace(0, 290, 30), 10 ** RNG.uniform(0, 10, 30), np.linspace(5, 2, 30)),
}
DETERMINED: dict[str, Runs] = {
    "thirty runs with noise": (N, D, TRUTH.loss(N, D) * np.exp(0.01 * NOISE)),
    "six runs": (N[:6], D[:6], TRUTH.loss(N[:6], D[:6])),
    "six runs with noise": (N[:6], D[:6], TRUTH.loss(N[:6], D[:6]) * np.exp(0.01 * NOISE[:6])),
    "three sizes": (1e8 * 10.0 ** (np.arange(30) % 3), D, TRUTH.loss(1e8 * 10.0 ** (np.arange(30) % 3), D)),
    "minute losses": (N, D, 1e-300 * TRUTH.loss(N, D)),
    "enormous losses": (N, D, 1e300 * TRUTH.loss(N, D)),
    "two budgets": (N, np.where(HALVES, 1e19, 1e20) / N, TRUTH.loss(N, np.where(HALVES, 1e19, 1e20) / N)),
}
ENORMOUS: dict[str, Runs] = {
    "enormous sizes": (1e280 * N, D, TRUTH.loss(N, D)),
    "enormous token counts": (N, 1e280 * D, TRUTH.loss(N, D)),
}
LAWS = scaling_data.published()


def written(runs: Runs) -> bytes:
    """The file in which a reader hands in runs."""
    return "\n".join(["N,D,loss", *(f"{n!r},{d!r},{loss!r}" for n, d, loss in np.stack(runs, axis=1).tolist())]).encode()


def read(data: bytes) -> pd.DataFrame:
    """The runs of a file that can be used."""
    return own_runs.parse_runs(own_runs.read_runs_file(data), {"n_params": "N", "n_tokens": "D", "loss": "loss"})[0]


def fitted(runs: pd.DataFrame) -> fitting.FitResult:
    """The fit of runs."""
    return fitting.fit_parametric(runs["n_params"], runs["n_tokens"], runs["loss"])


def given_runs(runs: pd.DataFrame) -> Given:
    """Runs as the page hands them to a figure."""
    return Given("own", "your own CSV", runs)


def figures_of(runs: pd.DataFrame, law: ScalingLaw, C: float) -> dict[str, Callable]:
    """Every chart and table that the page makes of a fit, by name."""
    resamples = resampling.bootstrap(runs["n_params"], runs["n_tokens"], runs["loss"], n_resamples=50, start=law)
    of, low = {"training_runs": given_runs(runs)}, min(C, 1e24)
    return {
        "isoflop": lambda: IsoFlop(**of, train_flops=low).drawn(law, resamples),
        "contours": lambda: Contours(**of, train_flops=low).drawn(law, resamples),
        "ratio": lambda: TokensPerParam(**of, train_flops=C).drawn(law, resamples),
        "ratio alone": lambda: TokensPerParam(**of, train_flops=C, laws=()).drawn(law, resamples),
        "parameters": lambda: AllocationParameters(**of, train_flops=C).drawn(law, resamples),
        "tokens alone": lambda: AllocationTokens(**of, train_flops=C, laws=()).drawn(law, resamples),
        "constants": lambda: Constants(**of).drawn(law, resamples),
        "residuals": lambda: Residuals(**of, residual_axis="n_params").drawn(law, resamples),
        "estimates": lambda: estimates(law, resamples, C, 0.95),
    }


def sentence(text: str) -> bool:
    """Whether a text is one sentence for readers: no traceback, no code, no number that is none."""
    assert re.fullmatch(r"[A-Z][^\n]{20,260}\.", text) and not re.search(r"\b(nan|inf|None)\b|Error|np\.|–", text), text
    return True


def draw_all(runs: pd.DataFrame, law: ScalingLaw, C: float) -> tuple[list[str], list[str]]:
    """(names of what was drawn, sentences instead of the others)."""
    drawn, instead = [], []
    for name, build in figures_of(runs, law, C).items():
        try:
            made = build()
        except ValueError as problem:
            assert sentence(str(problem))
            instead.append(str(problem))
            continue
        if not isinstance(made, pd.DataFrame):
            words = f"{made.title} {made.caption} {made.alt}"
            assert not re.search(r"\b(nan|inf)\b|–", words), words
            assert len(made.data)
        else:
            assert np.isfinite(chinchilla.optimal_model(law, C)).all() and "–" not in set(made["estimate"])
        drawn.append(name)
    return drawn, instead


@pytest.mark.slow
@pytest.mark.parametrize("what", UNDETERMINED)
def test_runs_that_determine_nothing_give_a_sentence_and_no_law(what):
    runs = read(written(UNDETERMINED[what]))
    assert len(runs) == 30
    result = fitted(runs)
    assert result.law is None and result.status != "converged" and sentence(result.message)


def test_runs_that_determine_no_law_are_not_resampled():
    with pytest.raises(ValueError, match="lie on one line"):
        resampling.bootstrap(*UNDETERMINED["one run, many times"], n_resamples=2)


@pytest.mark.slow
@pytest.mark.parametrize("what", DETERMINED)
def test_runs_that_determine_a_law_are_drawn_whole(what):
    runs = read(written(DETERMINED[what]))
    result = fitted(runs)
    assert result.law is not None and result.status == "converged"
    for C in (1e18, 1e21, 1e26):
        drawn, instead = draw_all(runs, result.law, C)
        assert len(drawn) == 9 and not instead


@pytest.mark.parametrize("what", ENORMOUS)
def test_an_optimum_of_less_than_one_parameter_or_token_is_not_written(what):
    runs = read(written(ENORMOUS[what]))
    result = fitted(runs)
    assert result.law is not None
    drawn, instead = draw_all(runs, result.law, 1e21)
    assert drawn == ["constants", "residuals"] and len(instead) == 7 and all("10²¹ FLOP" in text for text in instead)


def test_an_optimum_beyond_floating_point_is_a_sentence():
    law = ScalingLaw(E=1.0, A=1e300, B=1e-300, alpha=0.01, beta=0.01)
    for C in (1e21, np.geomspace(1e18, 1e26, 5)):
        with pytest.raises(ValueError) as refused:
            law.compute_optimal(C)
        assert sentence(str(refused.value))


def test_sizes_below_one_are_reported_by_line():
    data = b"N,D,C,loss\n7,140,1e23,2.0\n0.07,1.4,1e23,3.0\n7e9,0.14,1,2.5\n"
    file = own_runs.read_runs_file(data)
    runs, problems = own_runs.parse_runs(file, {"n_params": "N", "n_tokens": "D", "loss": "loss"})
    assert runs["line"].tolist() == [2]
    assert problems == ["line 3: 'N' must be a count of at least 1: '0.07'", "line 4: 'D' must be a count of at least 1: '0.14'"]
    runs, problems = own_runs.parse_runs(file, {"n_params": "N", "train_flops": "C", "loss": "loss"})
    assert runs["line"].tolist() == [2] and "line 4: the FLOPs are less than one token takes" in problems


def test_resamples_that_determine_nothing_leave_an_interval_open():
    law = TRUTH.constants()
    lost = law | {"alpha": -0.1}
    for count, is_open in ((1, False), (5, True)):  # of 100: within the 2.5 % that a 95 % interval leaves out on a side, and beyond
        resamples = pd.DataFrame([law] * (100 - count) + [lost] * count)
        low, high = resampling.interval(resampling.resampled_optimum(resamples, 1e21)[0])
        assert np.isnan(low) == np.isnan(high) == is_open
        assert resampling.optimum_bands(resamples, np.array([1e21, 1e22])).empty == is_open
    runs = read(written(DETERMINED["thirty runs with noise"]))
    panel = IsoFlop(training_runs=given_runs(runs), train_flops=1e21).drawn(TRUTH, resamples)
    assert "left open" in panel.caption and not panel.figure.layout.shapes
    assert estimates(TRUTH, resamples, 1e21, 0.95)["95% low"].tolist()[:3] == ["–"] * 3


COUNT = st.sampled_from([1.0, 2.0, 1e8, 1e9, 3e9, 1e10, 1e150]) | st.floats(1, 1e12) | st.floats(1, 1e300)
LOSS = st.sampled_from([2.0, 2.5, 3.0]) | st.floats(1.5, 6) | st.floats(5e-324, 1e300)
PLANTED = st.tuples(st.integers(70, 110), st.integers(90, 120), st.floats(-0.02, 0.02)).map(
    lambda row: (10 ** (row[0] / 10), 10 ** (row[1] / 10), float(TRUTH.loss(10 ** (row[0] / 10), 10 ** (row[1] / 10)) * np.exp(row[2])))
)


@pytest.mark.slow
@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(COUNT, COUNT, LOSS), min_size=6, max_size=12) | st.lists(PLANTED, min_size=6, max_size=12), st.floats(18, 26))
def test_any_file_of_runs_is_fitted_or_refused_in_a_sentence(rows, exponent):
    runs = read(written(tuple(np.array(rows).T)))
    if len(runs) < fitting.MIN_RUNS:  # parameters times tokens are too large a number
        return
    result = fitted(runs)
    assert sentence(result.message)
    if result.law is not None:
        drawn, instead = draw_all(runs, result.law, 10.0**exponent)
        assert len(drawn) + len(instead) == 9


SECTIONS = {"laws": 1, "allocation": 1, "tokens": 1, "isoflop": 1, "map": 1, "fit": 2}
"""The sections of the page that fit runs, and how many charts they have."""


def with_runs(data: bytes, section: str = "laws", **parameters: str):
    """The page with a file of runs."""
    app = open_page("scaling", section=section, **parameters)
    app.button_group(key=f"scaling/{section}:training_runs").set_value("own").run()
    app.file_uploader[0].upload("runs.csv", data, "text/csv").run()
    return app


@pytest.mark.slow
@pytest.mark.parametrize("what", ["twenty tokens per parameter, another law", "one run, other losses", "loss that rises with size"])
def test_the_page_says_why_it_draws_no_law(what):
    app = with_runs(written(UNDETERMINED[what]))
    for section in SECTIONS:
        app.button_group(key="scaling:section").set_value(section).run()
        assert fine(app) and not app.success and len(app.warning) == 1
        assert sentence(app.warning[0].value) and "No law is drawn from these 30 runs" in app.warning[0].value
        assert not charts(app)


@pytest.mark.parametrize("what", [*UNDETERMINED, "a single run"])
def test_a_published_law_is_drawn_over_runs_that_determine_none(what):
    runs = read(written(UNDETERMINED.get(what, (N[:1], D[:1], TRUTH.loss(N[:1], D[:1])))))
    for law in (law_id for law_id, law in LAWS.items() if isinstance(law, ScalingLaw)):
        chosen = {"training_runs": given_runs(runs), "law": law, "train_flops": 1e21}
        over_compute, as_a_map = IsoFlop(**chosen).panel(), Contours(**chosen).panel()
        assert (as_a_map.data["series"] == "training runs").sum() == len(runs)
        for panel in (over_compute, as_a_map):
            words = f"{panel.title} {panel.caption} {panel.alt}"
            assert "interval" not in words and not re.search(r"\b(nan|inf|1 runs)\b|–", words), words


@pytest.mark.parametrize("what", ["twenty tokens per parameter, another law", "one run, other losses", "loss that rises with size"])
@pytest.mark.parametrize("rows", [30, 4])
def test_the_page_draws_a_chosen_published_law_over_runs_that_determine_none(what, rows):
    few = tuple(column[:rows] for column in UNDETERMINED[what])
    app = with_runs(written(few), section="isoflop", law="hoffmann2022_approach3")
    for section in ("isoflop", "map"):
        app.button_group(key="scaling:section").set_value(section).run()
        assert not app.exception and len(app.warning) + len(app.error) == 1
        (chart,) = charts(app)
        assert "fit" not in json.dumps({key: chart[key] for key in ("title", "caption", "alt", "figure")}).lower()
        assert LAWS["hoffmann2022_approach3"].label in str(app.session_state["panels"])
        markers = [trace for trace in chart["figure"]["data"] if trace.get("name") == "training runs"]
        assert section == "isoflop" or len(markers) == 1


def test_a_file_without_a_usable_row_draws_no_chart():
    app = with_runs(b"N,D,loss\nnone,1e10,2.0\n", section="isoflop", law="hoffmann2022_approach3")
    for section in ("isoflop", "map", "fit"):
        app.button_group(key="scaling:section").set_value(section).run()
        assert not app.exception and not charts(app) and len(app.error) == 1 and "at least 6 runs" in app.error[0].value


@pytest.mark.slow
def test_the_page_puts_a_sentence_where_an_optimum_would_be_no_model():
    app = with_runs(written(ENORMOUS["enormous sizes"]))
    assert not charts(app) and "'N' is above 10 trillion parameters in 30 of 30 rows" in app.warning[0].value
    app.checkbox[0].check().run()
    for section, of_it in SECTIONS.items():
        app.button_group(key="scaling:section").set_value(section).run()
        shown = of_it if section == "fit" else 0
        assert not app.exception and len(charts(app)) == shown and len(app.error) == of_it - shown
        said = [item.value for item in app.error] or [" ".join((charts(app)[0]["caption"], charts(app)[0]["notes"]))]
        assert all("less than one parameter or token" in text for text in said)


def test_a_law_is_fitted_without_a_page():
    runs = read(written(DETERMINED["thirty runs with noise"]))
    law, resamples = Constants(training_runs=given_runs(runs), huber_threshold="0.01").fitted()
    assert law.alpha == pytest.approx(TRUTH.alpha, abs=0.1) and len(resamples) == 4000
    with pytest.raises(ValueError, match="No law is drawn from these 30 runs"):
        Constants(training_runs=given_runs(read(written(UNDETERMINED["noise"])))).panel()


@pytest.mark.parametrize("problem", [OverflowError(34, "Numerical result out of range"), ZeroDivisionError("float division by zero")])
def test_an_arithmetic_error_is_a_sentence_where_the_chart_would_be(problem, monkeypatch):
    def fails(*_):
        raise problem

    monkeypatch.setattr(IsoFlop, "drawn", fails)
    app = open_page("scaling", section="isoflop")
    assert not app.exception and not charts(app)
    assert len(app.error) == 1 and sentence(app.error[0].value)


# --- what a file does not say is asked --------------------------------------------------------------------------------


def said(app) -> str:
    """The questions and warnings on the page."""
    return " ".join(item.value for item in app.warning)


def rows_of(header: str, form: str, n: float = 1.0, d: float = 1.0, losses=None) -> bytes:
    """The thirty runs with noise in other units. form: of a row."""
    counts = zip(N / n, D / d, DETERMINED["thirty runs with noise"][2] if losses is None else losses, strict=True)
    return "\n".join([header, *(form.format(*row) for row in counts)]).encode()


def test_nothing_is_fitted_to_columns_that_are_not_recognised_until_they_are_chosen():
    app = with_runs(rows_of("flops_per_step,depth,amount,result,x", "1e18,8,{0},{2},{1}"), section="isoflop")
    assert not app.exception and not app.error and not app.success and not charts(app)
    assert "No column was recognised as parameters or tokens or loss" in said(app)
    chosen = {"Parameters": "amount", "Loss": "result", "Tokens": "x"}
    for label, name in chosen.items():
        assert not app.success and not charts(app)
        next(box for box in app.selectbox if box.label == label).select(name).run()
    assert fine(app) and len(app.success) == 1 and "30 runs" in app.success[0].value and len(charts(app)) == 1
    app.button_group(key="scaling:section").set_value("map").run()
    assert fine(app) and len(app.success) == 1  # what was chosen holds in other sections


def test_numbers_of_no_usual_run_are_fitted_only_when_the_reader_says_so():
    app = with_runs(rows_of("params,tokens,loss", "{0},{1},{2}", 1e6, 1e9), section="isoflop")
    assert not app.error and not app.success and not charts(app)
    assert "'params' is below 10,000 parameters in 27 of 30 rows (2131.61 on line 2); these may be millions or billions." in said(
        app
    ) and "'tokens' is below a tenth" in said(app)
    assert "these may be billions or trillions" in said(app)
    app.checkbox[0].check().run()
    assert len(app.success) == 1 and not app.exception
    app.checkbox[0].uncheck().run()
    assert not app.success and not charts(app)
    for label, unit in (("Unit of parameters", "millions"), ("Unit of tokens", "billions")):
        next(box for box in app.selectbox if box.label == label).select(unit).run()
    assert fine(app) and len(app.success) == 1 and not app.checkbox
    in_units = charts(app)[0]["title"]
    assert in_units == charts(with_runs(rows_of("params,tokens,loss", "{0},{1},{2}"), section="isoflop"))[0]["title"]
    # the next file is not read in the units of this one
    app.file_uploader[0].upload("other.csv", rows_of("params,tokens,loss", "{0},{1:.1f},{2}"), "text/csv").run()
    assert fine(app) and not app.warning and charts(app)[0]["title"] == in_units
    assert {box.value for box in app.selectbox if box.label.startswith("Unit of") and box.label != "Unit of loss"} == {"as written"}


def test_units_in_the_header_stand_beside_the_columns():
    app = with_runs(rows_of("N (M),D (1e10),loss", "{0},{1},{2}", 1e6, 1e10), section="isoflop")
    assert fine(app) and len(app.success) == 1
    units = {box.label: box.value for box in app.selectbox if box.label.startswith("Unit of")}
    assert units == {"Unit of parameters": "millions", "Unit of tokens": "1e+10", "Unit of loss": "nats per token"}


def test_an_unclear_comma_is_asked_about():
    data = rows_of("N;D;loss", "{0:.0f};{1:.0f};{2:.3f}").replace(b".", b",")
    app = with_runs(data, section="isoflop")
    assert not app.success and not charts(app) and "Nothing in the file tells what" in said(app)
    next(group for group in app.button_group if group.label == "Numbers are written").set_value(",").run()
    assert fine(app) and len(app.success) == 1 and len(charts(app)) == 1


def test_bits_per_byte_need_the_bytes_of_a_token():
    nats = DETERMINED["thirty runs with noise"][2]
    app = with_runs(rows_of("num_params,tokens_trained,val_bpb", "{0},{1},{2}", losses=nats / np.log(2) / 4.5), section="isoflop")
    assert not app.success and not charts(app) and "in bits per byte" in said(app)
    app.number_input[0].set_value(4.5).run()
    assert fine(app) and len(app.success) == 1
    assert charts(app)[0]["title"] == charts(with_runs(rows_of("N,D,loss", "{0},{1},{2}"), section="isoflop"))[0]["title"]


def test_tokens_that_follow_from_compute_are_said_to():
    losses = DETERMINED["thirty runs with noise"][2]
    data = "\n".join(
        ["N,FLOPs,loss", *(f"{n!r},{6 * n * d!r},{loss!r}" for n, d, loss in zip(N.tolist(), D.tolist(), losses.tolist(), strict=True))]
    )
    app = with_runs(data.encode(), section="isoflop")
    assert fine(app) and len(app.success) == 1 and any("Tokens are C / (6 N)" in item.value for item in app.caption)
    app = with_runs(rows_of("N,D,loss", "{0},{1},{2}"), section="isoflop")
    assert not any("C / (6 N)" in item.value for item in app.caption)


def test_what_was_left_out_of_a_file_is_said_on_the_page():
    app = with_runs(b"# a comment\n" + rows_of("N,D,loss", "{0},{1},{2}"), section="isoflop")
    assert fine(app) and any(item.value == "1 line that starts with \\# was left out." for item in app.caption)


def test_the_chart_of_a_tracker_is_told_from_its_table():
    app = with_runs(b"Step,run-1 - val/loss,run-1 - val/loss__MIN,run-1 - val/loss__MAX\n1,3.5,3.5,3.5\n")
    assert "export the table of runs instead" in said(app) and not charts(app) and not app.exception
