"""Accuracy against the frequency of the operand: correlations, gaps, what is left at fixed size, and readers' own counts."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis import tables
from analysis.statistics import ranks, spearman, spearman_p
from analysis.term_frequency import association, figures, figures_marks, own_counts, regression
from analysis.term_frequency import data as term_frequency_data
from analysis.term_frequency import figures_like_size as term_frequency_figures_like_size
from analysis.term_frequency import figures_training as term_frequency_figures_training
from tests.test_pages import charts, fine, open_page


@pytest.fixture(scope="module")
def terms():
    return tables.load("term_frequency")


@pytest.fixture(scope="module")
def pile():
    return association.frequencies_of(tables.load("number_frequencies"))["pile_train"]


@pytest.fixture(scope="module")
def stored():
    return tables.load("term_frequency_stats")


def run(terms, model="Pythia 12B", step=143000, shots=16, operation="multiplication"):
    rows = terms.query("model == @model and step == @step and shots == @shots and operation == @operation")
    return rows.set_index("operand")["accuracy"]


# --- reference -------------------------------------------------------------------------------------------------------


def test_the_correlation_of_12b_is_090_and_scipy_agrees(terms, pile, stored):
    from scipy import stats

    accuracy = run(terms)
    assert float(spearman(accuracy, pile)) == pytest.approx(0.90, abs=0.005)
    assert float(spearman(accuracy, pile)) == pytest.approx(stats.spearmanr(accuracy, pile).statistic, rel=1e-12)
    row = stored.query(
        "model == 'Pythia 12B' and step == 143000 and shots == 16 and operation == 'multiplication' and corpus == 'pile_train'"
    )
    assert row["rho"].item() == pytest.approx(stats.spearmanr(accuracy, pile).statistic, rel=5e-8)
    assert row["slope"].item() == pytest.approx(stats.linregress(np.log10(pile), accuracy).slope, rel=5e-8)


def test_stored_statistics_agree_with_scipy_for_every_corpus_and_some_runs(terms, stored):
    from scipy import stats

    frequencies = association.frequencies_of(tables.load("number_frequencies"))
    numbers = np.arange(100)
    checked = 0
    for row in stored.iloc[::97].dropna(subset=["rho"]).itertuples():
        accuracy, counts = run(terms, row.model, row.step, row.shots, row.operation), frequencies[row.corpus]
        ac, an, cn = (stats.spearmanr(*pair).statistic for pair in ((accuracy, counts), (accuracy, numbers), (counts, numbers)))
        assert (row.rho, row.size_rho) == pytest.approx((ac, an), rel=5e-8)
        # Partial correlation the other way: correlate what is left of the ranks after regressing both on the operand's.
        ranked = [stats.rankdata(values) for values in (accuracy, counts, numbers)]
        left = [values - np.polyval(np.polyfit(ranked[2], values, 1), ranked[2]) for values in ranked[:2]]
        assert row.partial == pytest.approx(stats.pearsonr(*left).statistic, rel=5e-8, abs=1e-9)
        order = counts.sort_values(ascending=False, kind="stable").index
        assert row.gap == pytest.approx(accuracy[order[:10]].mean() - accuracy[order[-10:]].mean(), abs=1e-9)
        checked += 1
    assert checked >= 12


def test_count_and_size_go_together_in_the_pile(pile):
    # The correlation that the paper did not hold fixed.
    assert float(spearman(pile, pile.index)) == pytest.approx(-0.91, abs=0.005)


def test_all_42000_accuracies_are_there(terms):
    assert len(terms) == 42_000 == 7 * 6 * 5 * 2 * 100
    # 50 questions each: every accuracy is a multiple of 0.02.
    assert np.abs(terms["accuracy"] * 50 - (terms["accuracy"] * 50).round()).max() < 1e-9
    assert set(terms["step"].astype(int)) == set(term_frequency_data.STEPS) and set(terms["model"]) == set(term_frequency_data.SIZES)


def test_the_printed_gaps_come_out_up_to_the_authors_counts(stored):
    # biderman2023 Table 4: 72 gaps; with the counts of the Pile r = 0.95 and 5.2 points of mean absolute difference.
    rows = association.against_the_paper(stored[stored["corpus"] == "pile_train"], tables.load("term_frequency_gaps"))
    assert len(rows) == 72 and rows["computed"].notna().all()
    assert np.corrcoef(rows["gap_points"], rows["computed"])[0, 1] == pytest.approx(0.95, abs=0.005)
    assert rows["difference"].abs().mean() == pytest.approx(5.2, abs=0.05)
    # The row that the paper puts in its text: 12B with 4 and 16 examples at the end.
    end = rows.query("model == 'Pythia 12B' and step == 143000").set_index("shots")
    assert end.loc[4, "gap_points"] == 75.6 and end.loc[4, "computed"] == pytest.approx(75.6, abs=6)


def test_the_effect_starts_where_the_paper_says(stored):
    # biderman2023 section 1: from step 65,000 on and from 2.8B parameters on.
    rows = stored.query("corpus == 'pile_train' and shots == 16 and operation == 'multiplication'").set_index(["model", "step"])["rho"]
    for model in ("Pythia 2.8B", "Pythia 6.9B", "Pythia 12B"):
        assert rows[model, 65000] > 0.8 > rows[model, 13000]
    assert rows["Pythia 160M", 143000] < 0.5


def test_the_corpora_rank_numbers_as_their_notes_say():
    frequencies = association.frequencies_of(tables.load("number_frequencies"))
    for corpus, r in (("arxiv_latex_cs", 0.94), ("nltk_english", 0.95), ("wikitext2_valid_test", 0.86)):
        assert float(spearman(frequencies["pile_train"], frequencies[corpus])) == pytest.approx(r, abs=0.006)


def test_the_regression_is_that_of_scikit_learn_and_of_scipy(terms, pile):
    from scipy import optimize

    X = regression.features(pile.index, pile)
    y = run(terms).to_numpy()
    ours = regression.logistic(X, y)
    assert regression.fitted(X, y) == pytest.approx(ours[1:], abs=1e-5)
    design = np.column_stack([np.ones(100), X])

    def objective(b):
        z = design @ b
        return 50 * (np.logaddexp(0, z) - y * z).sum() + (b[1:] ** 2).sum() / (2 * regression.RIDGE)

    assert optimize.minimize(objective, ours * 0.9, method="BFGS", options={"gtol": 1e-6}).x == pytest.approx(ours, abs=1e-3)


# --- properties ------------------------------------------------------------------------------------------------------

VALUES = st.lists(st.integers(0, 6), min_size=3, max_size=30)


@settings(deadline=None)
@given(VALUES)
def test_ranks_are_those_of_scipy(values):
    from scipy import stats

    assert ranks(values) == pytest.approx(stats.rankdata(values))


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9), st.integers(0, 9)), min_size=5, max_size=40))
def test_correlations_are_bounded_symmetric_and_blind_to_scale(rows):
    x, y, z = (np.array(column, dtype=float) for column in zip(*rows, strict=True))
    r = float(spearman(x, y))
    if np.ptp(x) == 0 or np.ptp(y) == 0:
        assert np.isnan(r)
        return
    assert -1 <= r <= 1
    assert r == pytest.approx(float(spearman(y, x))) == pytest.approx(float(spearman(np.exp(x), 3 * y + 1)))
    assert float(spearman(x, -y)) == pytest.approx(-r)
    if np.ptp(z):
        held = float(association.partial(r, spearman(x, z), spearman(y, z)))
        assert np.isnan(held) or -1 <= held <= 1


def test_what_does_not_depend_on_the_third_keeps_its_correlation():
    assert float(association.partial(0.4, 0.0, 0.0)) == 0.4
    assert np.isnan(association.partial(0.9, 1.0, 0.9))


def test_the_gap_turns_round_with_the_counts():
    rng = np.random.default_rng(1)
    accuracy, counts = rng.random(100), rng.permutation(100) + 1.0
    gaps = [association.Operands(range(100), each, 1).statistics(accuracy)["gap"] for each in (counts, 1 / counts)]
    assert gaps[0] == pytest.approx(-gaps[1]) and abs(gaps[0]) > 0.01


def test_bins_hold_every_operand_once(pile, terms):
    bins = association.binned(pile, run(terms))
    assert bins["n"].sum() == 100 and bins["count"].is_monotonic_increasing
    assert (bins["accuracy"] * bins["n"]).sum() == pytest.approx(run(terms).sum())
    assert ((bins["low"] <= bins["accuracy"]) & (bins["accuracy"] <= bins["high"])).all()


def test_the_same_seed_gives_the_same_intervals(pile, terms):
    first, second = (association.Operands(pile.index, pile, 200).statistics(run(terms)) for _ in range(2))
    assert first == second
    for name in association.STATISTICS:
        assert first[f"{name}_low"] < first[name] < first[f"{name}_high"]


def test_equal_accuracies_have_no_correlation_and_no_gap(pile):
    found = association.Operands(pile.index, pile, 50).statistics(np.zeros(100))
    assert np.isnan(found["rho"]) and np.isnan(found["partial"]) and np.isnan(found["rho_low"])
    assert found["gap"] == found["slope"] == 0


# --- recovery --------------------------------------------------------------------------------------------------------


def planted(rng, pile, frequency: float, size: float) -> np.ndarray:
    """Answers whose log-odds depend on frequency and size as told."""
    z = frequency * np.log10(pile.to_numpy() / 3e7) + size * (pile.index.to_numpy() - 50) / 10
    return rng.binomial(50, 1 / (1 + np.exp(-z))) / 50


def test_a_planted_effect_of_size_alone_leaves_no_partial_correlation(pile):
    operands = association.Operands(pile.index, pile, 300)
    held = [operands.statistics(planted(np.random.default_rng(seed), pile, 0.0, -0.35)) for seed in range(20)]
    assert min(row["rho"] for row in held) > 0.7  # the raw correlation is fooled
    assert abs(np.mean([row["partial"] for row in held])) < 0.1
    assert sum(row["partial_low"] < 0 < row["partial_high"] for row in held) >= 17


def test_a_planted_effect_of_frequency_is_found_at_fixed_size(pile):
    operands = association.Operands(pile.index, pile, 300)
    held = [operands.statistics(planted(np.random.default_rng(seed), pile, 1.6, -0.1)) for seed in range(20)]
    assert sum(row["partial_low"] > 0 for row in held) == 20


@pytest.mark.slow
def test_planted_coefficients_lie_in_their_intervals(pile):
    inside = {"ten times the count": 0, "operand larger by ten": 0}
    for seed in range(20):
        accuracy = planted(np.random.default_rng(seed), pile, 1.6, -0.1)
        found = regression.regression(pile.index, pile, accuracy, n_resamples=200).query("not alone").set_index("term")
        for name, truth in (("ten times the count", 1.6), ("operand larger by ten", -0.1)):
            inside[name] += found.loc[name, "low"] <= truth <= found.loc[name, "high"]
    assert min(inside.values()) >= 16


# --- contract --------------------------------------------------------------------------------------------------------


def test_regressions_that_have_nothing_to_go_by_say_so(pile):
    rows = regression.regression(pile.index, pile, np.zeros(100), n_resamples=5)
    assert set(rows["status"]) == {"too few right answers"} and rows["coefficient"].isna().all() and len(rows) == 6
    assert set(regression.regression(pile.index, pile, np.ones(100), 5)["status"]) == {"too few wrong answers"}
    panel = term_frequency_figures_like_size.Regression(pythia_model="160m", n_shots=0, operation="addition").panel()
    assert "too few right answers" in panel.title and len(panel.figure.data) == 0


@pytest.mark.parametrize(
    ("numbers", "counts", "said"),
    [(range(10), range(1, 11), "at least 20"), (range(30), [5] * 30, "must differ")],
)
def test_counts_that_rank_nothing_are_refused(numbers, counts, said):
    with pytest.raises(ValueError, match=said):
        association.Operands(list(numbers), list(counts))


GOOD = "".join(f"{n},{2000 - n}\n" for n in range(30))


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("x,5", "'x' is not a number"),
        ("100,5", "'100' is not a number"),
        ("-1,5", "'-1' is not a number"),
        ("1.5,5", "'1.5' is not a number"),
        ("50,", "the count '' is not"),
        ("50,0", "no logarithm"),
        ("50,-3", "'-3' is not"),
        ("50,nan", "'nan' is not"),
        ("50,1e400", "'1e400' is not"),
        ("50", "1 cells"),
        ("50,5,5", "3 cells"),
        ("3,5", "already on line 5"),
        ("<b>50</b>,5", "is not a number"),
    ],
)
def test_every_unusable_row_is_named_with_its_line(row, said):
    counts, problems = own_counts.read_counts(f"number,count\n{GOOD}{row}\n".encode())
    assert len(counts) == 30 and len(problems) == 1
    assert problems[0].startswith("line 32: ") and said in problems[0]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "is empty"),
        (b"number,count,count\n1,2,3\n", "each once"),
        (b"\x00", "NUL"),
        (b"\xff\xfea", "UTF-8"),
        (b"a,b\n1,2\n", "number and count"),
        (b"number,count\n1,2\n", "1 usable"),
        (b"number,count\nx,2\n", "First problem: line 2"),
        (b'number,count\n"1,2\n', "could not be read"),
        (b"n" * 2_000_000, "2.0 MB"),
    ],
)
def test_files_that_are_no_counts_are_refused_in_a_sentence(data, said):
    with pytest.raises(ValueError, match=said) as refusal:
        own_counts.read_counts(data)
    assert str(refusal.value).endswith(".")


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.tuples(st.text(max_size=4) | st.integers(-5, 120).map(str), st.text(max_size=4) | st.integers(0, 99999).map(str)), max_size=60
    )
)
def test_no_row_is_dropped_in_silence(rows):
    clean = [
        (a, b)
        for a, b in rows
        if not set(a + b) & set(',;\t\r\n"#') and (a + b).strip() and "\0" not in a + b and (a + b).splitlines() == [a + b]
    ]
    data = "number,count\n" + GOOD.replace("29,1971\n", "") + "".join(f"{a},{b}\n" for a, b in clean)
    counts, problems = own_counts.read_counts(data.encode())
    assert len(counts) + len(problems) == 29 + len(clean)


@pytest.mark.parametrize(
    "write",
    [
        lambda n: f"{n};{1000 + n:,}",
        lambda n: f"{n};{(1000 + n) * 1000:,}".replace(",", "."),
        lambda n: f'{n},"{(1000 + n) * 1000:,}"',
        lambda n: f"{n},{1000 + n}e3",
        lambda n: f"{n},{1000 + n}k",
        lambda n: f"{n}\t{(1000 + n) * 1000:,}".replace(",", " "),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "latin-1"])
def test_counts_are_read_in_every_notation(write, encoding):
    text = "\n".join(map(write, range(30)))
    delimiter = next(mark for mark in ";\t," if mark in text)
    data = f"# geübt\nnumber{delimiter}count\n{text}\n".encode(encoding)
    if ";1,0" in text:  # nothing tells what the comma is
        with pytest.raises(ValueError, match="the count may be 1000 or 1.000: '1,000'"):
            own_counts.read_counts(data)
        return
    counts, problems = own_counts.read_counts(data)
    assert counts.tolist() == [(1000 + n) * 1000 for n in range(30)]
    assert problems[-1] == "1 line that starts with # was left out." and len(problems) == 1 + (encoding == "latin-1")


def test_other_separators_and_a_byte_order_mark_are_read():
    text = "\ufeffCount;Number\n" + "".join(f"{10**6 - n};{n}\n" for n in range(40))
    counts, problems = own_counts.read_counts(text.encode())
    assert len(counts) == 40 and counts[0] == 1e6 and not problems


# --- page ------------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_own_counts_change_the_page_and_bad_rows_are_reported():
    lines = "number,count\n" + "".join(f"{n},{(n + 1) * 10}\n" for n in range(100)) + "many,1\n"
    app = open_page("term_frequency", number_counts="own")
    assert any("Choose a file" in item.value for item in app.info)
    app.file_uploader[0].upload("counts.csv", lines.encode(), "text/csv").run(timeout=60)
    assert fine(app)
    # Counts that rise with the number turn the correlation round.
    panel = app.session_state["panels"]["term_frequency.scatter"]
    assert "worse" in panel.title and "-0.83" in panel.title and panel.settings["Number counts"] == "your file"
    assert any("line 102" in item.value and "many" in item.value for item in app.text)
    app.button_group(key="term_frequency:section").set_value("paper").run()
    assert fine(app)  # the file is still there in another section
    panel = app.session_state["panels"]["term_frequency.paper"]
    assert (panel.data["status"] == "reported").sum() == 72 and "your" in str(panel.settings) + panel.caption


def test_a_file_without_counts_is_refused_and_no_chart_is_drawn_under_its_name():
    app = open_page("term_frequency", number_counts="own")
    app.file_uploader[0].upload("counts.csv", b"a,b\n1,2\n", "text/csv").run()
    assert not app.exception and len(app.error) == 1 and "number and count" in app.error[0].value
    assert not charts(app) and any("No chart is drawn" in item.value for item in app.info)
    app.button_group(key="term_frequency/frequency:number_counts").set_value("pile_train").run()
    assert fine(app) and len(charts(app)) == 1


def test_a_checkpoint_that_was_not_evaluated_is_refused_by_name():
    with pytest.raises(ValueError, match=r"must be one of 13000, 39000, .* got 20000"):
        figures.Scatter(checkpoint_step=20_000).panel()


def test_the_corpora_are_those_of_the_table_and_each_can_be_chosen():
    counts = figures_marks.NUMBER_COUNTS
    assert counts.labels() == term_frequency_data.corpora() | {"own": "your CSV"}
    assert {counts.read(key, {}).value.corpus for key in term_frequency_data.corpora()} == set(term_frequency_data.corpora())


@pytest.mark.slow
def test_every_model_operation_and_number_of_examples_can_be_drawn():
    drawn = 0
    for pythia_model in figures_marks.MODELS:
        for n_shots in (0, 16):
            for operation in figures.DOES:
                run = {"pythia_model": pythia_model, "n_shots": n_shots, "operation": operation}
                for figure in (
                    figures.Scatter(**run),
                    term_frequency_figures_training.Course(**run, frequency_measure="partial"),
                    term_frequency_figures_training.Gap(**run),
                    term_frequency_figures_like_size.Partial(n_shots=n_shots, operation=operation, checkpoint_step=13_000),
                    term_frequency_figures_like_size.Regression(**run, operand_range="two-digit"),
                ):
                    panel = figure.panel()
                    assert len(panel.title) < 150 and "nan" not in panel.title + panel.caption + panel.alt
                    assert isinstance(panel.data, pd.DataFrame)
                    drawn += 1
    assert drawn == 7 * 2 * 2 * 5


def test_no_direction_is_named_where_spearman_finds_none_or_answers_are_a_handful(terms, stored):
    from scipy import stats

    counts = association.frequencies_of(tables.load("number_frequencies"))["pile_train"]
    told = 0
    for found in stored[stored["corpus"] == "pile_train"].dropna(subset=["rho"]).to_dict("records"):
        accuracy = run(terms, found["model"], found["step"], found["shots"], found["operation"])
        towards = association.direction(found, len(counts))
        if towards in ("better", "worse"):
            told += 1
            assert stats.spearmanr(accuracy, counts).pvalue <= 0.05 and accuracy.sum() * 50 >= 50
            assert (found["rho"] > 0) == (towards == "better")
    assert 150 < told < 322  # 322 intervals were clear of zero when resamples without variation were left out


def test_the_p_value_of_a_rank_correlation_is_scipy_s():
    from scipy import stats

    random = np.random.default_rng(1)
    for n in (20, 100):
        x, y = random.normal(size=(2, n))
        expected = stats.spearmanr(x, y)
        assert spearman_p(float(spearman(x, y)), n) == pytest.approx(expected.pvalue, rel=1e-9)
