"""The judge's tournament: verdicts, Elo, Bradley-Terry with ties and an order effect, and how many prompts it takes."""

import numpy as np
import pandas as pd
import pytest

from analysis import catalogue, tables
from analysis.background.once import Shared
from analysis.background.worker import WorkerError
from analysis.judges import bradley_terry, elo, power
from analysis.judges import data as judges_data
from analysis.judges import figures as judges_figures
from analysis.judges import figures_verdicts as judges_figures_verdicts
from analysis.judges import verdicts as judges_verdicts
from tests.test_pages import fine, open_page, titles

BENCHMARKS = ("vicuna", "oa")


@pytest.fixture(scope="module")
def verdicts():
    return tables.load("judge_verdicts")


@pytest.fixture(scope="module")
def played(verdicts):
    return {benchmark: judges_verdicts.tournament(verdicts, benchmark) for benchmark in BENCHMARKS}


@pytest.fixture(scope="module")
def printed():
    table = tables.load("judge_reported")
    return (
        table[(table["quantity"] == "elo") & (table["location"] == "Table 7")]
        .set_index(["benchmark", "judge", "model"])["value"]
        .sort_index()
    )


@pytest.fixture(scope="module")
def mean_elo(played):
    """Mean ratings over 2,500 orderings with a seed that the stored orderings do not use."""
    return {benchmark: pd.Series(elo.replay(one, 2500, seed=9).mean(axis=0), index=one.models) for benchmark, one in played.items()}


def simulated(strength, order, log_tie, n_prompts, seed=0) -> judges_verdicts.Tournament:
    """A tournament of independent verdicts with known parameters."""
    rng = np.random.default_rng(seed)
    strength = np.asarray(strength, float)
    m = len(strength)
    p = bradley_terry.probabilities(strength[:, None] - strength[None, :], order, log_tie)
    drawn = (rng.random((n_prompts, m, m, 1)) > p.cumsum(axis=-1)[..., :2]).sum(axis=-1).astype(np.int8)
    drawn[:, np.arange(m), np.arange(m)] = judges_verdicts.MISSING
    return judges_verdicts.Tournament(tuple(f"m{i}" for i in range(m)), tuple(str(i) for i in range(n_prompts)), drawn)


# --- reference -------------------------------------------------------------------------------------------------------


def test_the_released_verdicts_are_44506_with_first_2512_second_1355_on_vicuna(verdicts):
    # Counted in the released file with another program (awk over its score column).
    counts = judges_verdicts.tallies(verdicts)
    assert len(verdicts) == 44_506 and counts.to_numpy().sum() == 44_506
    assert counts.loc["vicuna"].to_dict() == {"first": 2512, "second": 1355, "tie": 600, "unusable": 13}
    assert counts.loc["oa"].to_dict() == {"first": 18_875, "second": 14_043, "tie": 5626, "unusable": 1482}


def test_every_pair_was_asked_in_both_orders_on_every_prompt(verdicts):
    # dettmers2023 section 5.2: 80 Vicuna prompts and 953 Open Assistant prompts.
    sizes = verdicts.groupby(["benchmark", "first", "second"]).size()
    assert (sizes["vicuna"] == 80).all() and len(sizes["vicuna"]) == 8 * 7
    assert (sizes["oa"] == 953).all() and len(sizes["oa"]) == 7 * 6


@pytest.mark.slow
def test_open_assistant_elo_is_the_printed_one_within_3_points(mean_elo, printed):
    # dettmers2023 Table 7, GPT-4 as judge on the Open Assistant prompts.
    table = printed["oa", "gpt4"]
    assert len(table) == 7
    assert (mean_elo["oa"][table.index] - table).abs().max() < 3


def test_vicuna_elo_is_the_printed_one_within_8_points_except_for_gpt4(mean_elo, printed):
    # dettmers2023 Table 1 prints GPT-4 1348, Guanaco 65B 1022, 33B 992, Vicuna 974, ChatGPT 966, Guanaco 13B 916, Bard 902, 7B 879.
    difference = mean_elo["vicuna"] - printed["vicuna", "gpt4"]
    assert len(difference) == 8
    assert difference.drop("gpt-4").abs().max() < 8
    assert difference["gpt-4"] == pytest.approx(27, abs=2)


def test_one_ordering_scatters_by_40_to_47_points(played):
    # Counted separately for the reference tables: 40 to 47 points by model.
    for one in played.values():
        sd = elo.spread(elo.replay(one, 2000), one.models)["sd"]
        assert sd.between(38.5, 48.5).all(), sd.tolist()


def test_k_start_and_orderings_are_the_papers():
    reported = tables.load("judge_reported").set_index("quantity")["value"]
    assert (elo.K, elo.START) == (reported["elo_k"], reported["elo_start"])
    assert (tables.load("judge_orderings")["benchmark"].value_counts() == reported["elo_orderings"]).all()


def test_kendalls_tau_of_the_printed_columns_is_the_papers_only_without_gpt4(printed):
    # dettmers2023 section 5.3: Kendall tau 0.43, Spearman 0.55 between GPT-4 and human raters at system level.
    from scipy import stats

    gpt4, human = printed["vicuna", "gpt4"], printed["vicuna", "human"]
    human = human[gpt4.index]
    ours = judges_verdicts.rank_agreement(gpt4, human)
    assert ours["kendall_tau"] == pytest.approx(stats.kendalltau(gpt4, human)[0])
    assert ours["spearman"] == pytest.approx(stats.spearmanr(gpt4, human)[0])
    assert round(judges_verdicts.rank_agreement(gpt4.drop("gpt-4"), human.drop("gpt-4"))["kendall_tau"], 2) == 0.43
    assert round(ours["kendall_tau"], 2) == 0.57


def plain_elo(first, second, score, n_models):
    """Elo as a textbook writes it, one match after the other."""
    ratings = [1000.0] * n_models
    for a, b, points in zip(first, second, score, strict=True):
        expected = 1 / (1 + 10 ** ((ratings[b] - ratings[a]) / 400))
        ratings[a], ratings[b] = ratings[a] + 32 * (points - expected), ratings[b] - 32 * (points - expected)
    return ratings


def test_all_orderings_at_once_are_a_plain_loop_over_each(played):
    one = played["vicuna"]
    first, second, score = elo.matches(one)
    orders = elo.orderings(len(score), 3, seed=5)
    ours = elo.elo(first, second, score, orders, 8)
    for row, order in zip(ours, orders, strict=True):
        assert row == pytest.approx(plain_elo(first[order], second[order], score[order], 8), abs=1e-9)


def test_the_last_matches_give_the_rating_of_the_whole_ordering(played):
    for one in played.values():
        first, second, score = elo.matches(one)
        orders = elo.orderings(len(score), 4, seed=6)
        whole = elo.elo(first, second, score, orders, len(one.models))
        end = elo.elo(first, second, score, orders[:, -elo.REMEMBERED :], len(one.models))
        assert whole == pytest.approx(end, abs=0.01)


@pytest.mark.parametrize("ties", bradley_terry.TIES)
def test_the_fit_is_the_optimum_that_scipy_finds(played, ties):
    from scipy import optimize

    counts = played["vicuna"].counts().astype(float)
    if ties == "half":
        counts = np.stack([counts[..., 0] + counts[..., 2] / 2, counts[..., 1] + counts[..., 2] / 2, 0 * counts[..., 2]], axis=-1)
    if ties == "dropped":
        counts = counts * [1, 1, 0]

    def loss(theta):
        s, order, tie = np.append(theta[:7], -theta[:7].sum()), theta[7], theta[8]
        x = s[:, None] - s[None, :] + order
        logits = np.stack([x / 2, -x / 2, np.full_like(x, tie)], axis=-1)[..., : 3 if ties == "davidson" else 2]
        return -np.sum(counts[..., : logits.shape[-1]] * (logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))))

    best = optimize.minimize(loss, np.zeros(9), method="BFGS", options={"gtol": 1e-6})
    ours = bradley_terry.fit(played["vicuna"].counts(), ties)
    assert ours.strength == pytest.approx(np.append(best.x[:7], -best.x[:7].sum()), abs=1e-5)
    assert float(ours.order) == pytest.approx(best.x[7], abs=1e-5)
    if ties == "davidson":
        assert float(ours.log_tie) == pytest.approx(best.x[8], abs=1e-5)
        assert bradley_terry.log_likelihood(counts, ours) >= -best.fun - 1e-6


def test_agreement_of_both_orders_is_what_a_plain_loop_counts(verdicts, played):
    rows = verdicts[verdicts["benchmark"] == "vicuna"]
    said = {(row.prompt, row.first, row.second): row.verdict for row in rows.itertuples()}
    counted = dict.fromkeys(judges_verdicts.AGREEMENT, 0)
    for (prompt, a, b), one in said.items():
        if a < b:
            other = said[prompt, b, a]
            if "unusable" in (one, other):
                name = "unusable"
            elif "tie" in (one, other):
                name = "tie twice" if one == other else "tie once"
            else:
                name = "same winner" if one != other else f"always {one}"
            counted[name] += 1
    assert judges_verdicts.agreement(played["vicuna"]).to_dict() == counted
    assert counted["always first"] == 437 and counted["always second"] == 19


# --- property --------------------------------------------------------------------------------------------------------


def test_elo_keeps_the_sum_of_the_ratings(played):
    for one in played.values():
        assert elo.replay(one, 20).sum(axis=1) == pytest.approx(1000 * len(one.models))


def test_fewer_orderings_are_the_first_of_many(played):
    many = elo.replay(played["vicuna"], 50, seed=3)
    assert np.array_equal(many[:20], elo.replay(played["vicuna"], 20, seed=3))
    assert not np.array_equal(many, elo.replay(played["vicuna"], 50, seed=4))


def test_the_printed_plus_minus_one_is_the_error_of_averaging_10000_orderings(played):
    spread = elo.spread(judges_data.stored_orderings("vicuna"), played["vicuna"].models)
    assert (1.96 * spread["error"]).between(0.7, 1.0).all()
    assert (spread["high"] - spread["low"]).min() > 150


@pytest.mark.parametrize("order", [True, False])
def test_a_fit_does_not_depend_on_the_names_of_the_models(played, order):
    counts = played["vicuna"].counts()
    shuffled = np.random.default_rng(0).permutation(8)
    straight = bradley_terry.fit(counts, order=order).strength
    assert bradley_terry.fit(counts[shuffled][:, shuffled], order=order).strength == pytest.approx(straight[shuffled], abs=1e-8)


def test_a_batch_of_fits_is_each_fit_alone(played):
    counts = np.stack([played["vicuna"].counts(), played["vicuna"].counts()[:, :, [1, 0, 2]]])
    batch = bradley_terry.fit(counts)
    for at in range(2):
        assert batch.strength[at] == pytest.approx(bradley_terry.fit(counts[at]).strength, abs=1e-8)
    assert batch.order[1] == pytest.approx(-batch.order[0], abs=1e-8)  # the places exchanged turn the advantage around


def test_the_fit_expects_the_points_that_each_model_took(played):
    for one in played.values():
        counts = one.counts()
        fitted = bradley_terry.fit(counts)
        difference = fitted.strength[:, None] - fitted.strength[None, :]
        expected = bradley_terry.probabilities(difference, fitted.order, fitted.log_tie) * counts.sum(axis=-1, keepdims=True)
        for table in (counts @ judges_verdicts.SCORES, expected @ judges_verdicts.SCORES):
            assert table.shape == (len(one.models),) * 2
        taken = (counts @ judges_verdicts.SCORES).sum(axis=1) + (counts @ (1 - judges_verdicts.SCORES)).sum(axis=0)
        foreseen = (expected @ judges_verdicts.SCORES).sum(axis=1) + (expected @ (1 - judges_verdicts.SCORES)).sum(axis=0)
        assert foreseen == pytest.approx(taken, rel=1e-6)


def test_confirmed_verdicts_hold_no_preference_for_a_place(played):
    for one in played.values():
        kept = judges_verdicts.consistent(one)
        counts = kept.counts()
        assert (counts[..., 0] == counts[..., 1].T).all() and (counts[..., 2] == counts[..., 2].T).all()
        together = judges_verdicts.agreement(one)
        assert counts.sum() == 2 * (together["same winner"] + together["tie twice"])
        assert float(bradley_terry.fit(counts, "half").order) == pytest.approx(0, abs=1e-8)


def test_shares_won_and_lost_add_up_to_one(played):
    share = judges_verdicts.won_in_both_orders(played["oa"].counts())
    assert (share + share.T)[~np.eye(7, dtype=bool)] == pytest.approx(1.0)
    assert np.isnan(np.diag(share)).all()


def test_asking_once_takes_more_prompts_and_more_so_with_a_preference_for_a_place():
    needed = {
        (asked, order): float(power.prompts_needed(*power.prompt_score(80.0, order, -0.9, asked)))
        for asked in power.ASKED
        for order in (0.0, 0.8)
    }
    assert needed["one", 0.0] == pytest.approx(2 * needed["both", 0.0])
    assert needed["one", 0.8] > 2 * needed["both", 0.8]


def test_prompts_needed_falls_with_the_gap_and_is_infinite_without_one():
    mean, sd = power.prompt_score(np.array([0.0, 5.0, 50.0, 500.0]), 0.8, -0.9)
    needed = power.prompts_needed(mean, sd)
    assert np.isinf(needed[0]) and (np.diff(needed) < 0).all()
    assert power.power(needed[2], float(mean[2]), float(sd[2])) == pytest.approx(0.8, abs=1e-3)


# --- recovery --------------------------------------------------------------------------------------------------------


def test_planted_strengths_order_effect_and_ties_are_found_again():
    strength = np.array([1.2, 0.3, 0.0, -0.4, -1.1])
    found = bradley_terry.fit(simulated(strength, 0.6, -0.8, 4000).counts())
    assert found.strength == pytest.approx(strength, abs=0.06)
    assert float(found.order) == pytest.approx(0.6, abs=0.04)
    assert float(found.log_tie) == pytest.approx(-0.8, abs=0.05)


def test_bootstrap_intervals_hold_the_planted_value_about_as_often_as_they_say():
    inside = []
    for seed in range(40):
        resampled = bradley_terry.bootstrap(simulated([0.5, 0.0, -0.5], 0.4, -0.8, 80, seed), 200)
        low, high = np.percentile(resampled.strength, [2.5, 97.5], axis=0)
        inside.append((low < [0.5, 0.0, -0.5]) & (high > [0.5, 0.0, -0.5]))
    assert 0.85 <= np.mean(inside) <= 1.0 and np.size(inside) == 120


@pytest.mark.parametrize("asked", power.ASKED)
def test_power_is_the_share_of_simulated_tournaments_that_find_the_better_model(asked):
    gap, order, log_tie, n = 80.0, 0.8, -0.9, 150
    mean, sd = power.prompt_score(gap, order, log_tie, asked)
    foreseen = float(power.power(n, float(mean), float(sd)))
    x = gap / bradley_terry.ELO_PER_LOG_ODDS
    rng = np.random.default_rng(1)
    first = rng.choice(judges_verdicts.SCORES, (4000, n), p=bradley_terry.probabilities(x, order, log_tie))
    second = 1 - rng.choice(judges_verdicts.SCORES, (4000, n), p=bradley_terry.probabilities(-x, order, log_tie))
    points = (first + second) / 2 if asked == "both" else np.where(rng.random((4000, n)) < 0.5, first, second)
    z = (points.mean(axis=1) - 0.5) * np.sqrt(n) / points.std(axis=1, ddof=1)
    assert np.mean(np.abs(z) > 1.959964) == pytest.approx(foreseen, abs=0.03)
    assert 0.3 < foreseen < 0.95


# --- contract --------------------------------------------------------------------------------------------------------


def test_unknown_codes_and_repeated_questions_are_refused():
    row = {"benchmark": "oa", "prompt_id": "1", "model_shown_first": "a", "model_shown_second": "b", "score": 1}
    with pytest.raises(ValueError, match=r"got \[7\]"):
        judges_verdicts.tidy_verdicts(pd.DataFrame([row | {"score": 7}]))
    with pytest.raises(ValueError, match="twice"):
        judges_verdicts.tidy_verdicts(pd.DataFrame([row, row | {"score": 2}]))


@pytest.mark.parametrize(
    ("call", "named"),
    [
        (lambda one: elo.matches(one, "both"), "ties"),
        (lambda one: bradley_terry.fit(one.counts(), "both"), "ties"),
        (lambda one: power.scores_by_prompt(one, "m0", "nobody"), "nobody"),
        (lambda one: power.scores_by_prompt(one, "m0", "m0"), "another model"),
        (lambda one: power.prompt_score(10.0, 0.0, 0.0, "never"), "asked"),
        (lambda one: power.prompts_needed(0.6, 0.3, confidence=1.0), "level"),
    ],
)
def test_what_cannot_be_used_is_named(call, named):
    with pytest.raises(ValueError, match=named):
        call(simulated([0.1, -0.1], 0.0, -1.0, 20))


def test_a_benchmark_without_rows_is_refused(verdicts):
    with pytest.raises(ValueError, match="mt_bench"):
        judges_verdicts.tournament(verdicts, "mt_bench")


def test_a_model_that_won_everything_has_no_finite_strength():
    counts = np.zeros((2, 2, 3))
    counts[0, 1], counts[1, 0] = [5, 0, 0], [0, 5, 0]
    with pytest.raises(ValueError, match="no finite maximum"):
        bradley_terry.fit(counts, "half")


def test_models_that_never_met_are_refused():
    with pytest.raises(ValueError, match="never met"):
        bradley_terry.fit(np.zeros((3, 3, 3)), "half")
    counts = np.zeros((4, 4, 3))
    counts[0, 1] = counts[1, 0] = counts[2, 3] = counts[3, 2] = 5
    with pytest.raises(ValueError, match="never met"):
        bradley_terry.fit(counts)


@pytest.mark.slow
def test_few_resamples_of_any_rule_run_away(played):
    # Above 2.5% of them the upper end of an interval would be the bound of the search.
    for one in played.values():
        for used in (one, judges_verdicts.consistent(one)):
            for ties in bradley_terry.TIES:
                resampled = bradley_terry.bootstrap(used, 1000, ties, order=False)
                assert (np.abs(resampled.strength).max(axis=1) > 0.8 * bradley_terry.LARGEST).mean() < 0.02


def test_every_judged_and_every_printed_model_has_a_name(verdicts):
    named = set(tables.load("judge_models")["model"])
    assert set(verdicts["first"]) | set(verdicts["second"]) == named and len(named) == 8
    assert set(tables.load("judge_reported")["model"]) - {""} == named


# --- figures ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("benchmark", BENCHMARKS)
def test_every_rule_on_both_sets_of_prompts_makes_a_panel(benchmark):
    for ties in judges_data.TIES:
        for position in judges_figures.POSITIONS:
            panel = judges_figures.BradleyTerry(prompt_set=benchmark, ties_in_bradley_terry=ties, answer_order=position).panel()
            assert "adjacent ranks" in panel.title and len(panel.title) < 150


def test_unverified_printed_ratings_are_hollow_and_only_then_spoken_of(monkeypatch):
    def reported(panel):
        trace = next(trace for trace in panel.figure.data if trace.meta["role"] == "reported")
        return trace.name, sum(symbol.endswith("-open") for symbol in np.atleast_1d(trace.marker.symbol)), len(trace.x)

    panel = judges_figures.Elo(prompt_set="oa").panel()
    assert reported(panel) == ("reported rating", 0, 7)
    assert "within 2" in panel.title or "within 1" in panel.title
    rows = judges_data.printed_elo("oa")
    monkeypatch.setattr(judges_figures, "printed_elo", lambda benchmark: rows.assign(verified=[0, 0, 1, 1, 2, 2, 1]))
    assert reported(judges_figures.Elo(prompt_set="oa").panel()) == ("reported rating (hollow: not verified)", 2, 7)


def test_the_order_decides_16_of_28_vicuna_pairs_and_the_lines_end_at_the_shares():
    # Counted with a separate cross table of the released file.
    panel = catalogue.catalogue()["judges.position_bias"]()
    assert panel.title.startswith("In 16 of 28 pairs")
    ends = panel.data.query("stronger == '65b-guanaco' and weaker == 'gpt-3.5'").set_index("shown")["points_share"]
    assert (ends["first"], ends["second"]) == pytest.approx((0.7125, 0.36875))


def test_one_ordering_alone_and_other_rules_make_panels():
    for n in (1, 2, 300, 5000):
        panel = judges_figures.Elo(ties_in_elo="dropped", verdicts_in_elo="consistent", n_orderings=n).panel()
        assert "nan" not in panel.title + panel.caption + panel.alt


def test_other_rules_are_replayed_once_for_all_readers(monkeypatch):
    first = judges_data.replayed("oa", "dropped", "all")
    assert first.shape == (10_000, 7)
    monkeypatch.setattr(judges_data, "shared_worker", lambda: pytest.fail("replayed again"))
    app = open_page("judges", prompt_set="oa", ties_in_elo="dropped")
    assert fine(app) and titles(app)[0].startswith("Under these rules")
    assert judges_data.replayed("oa", "dropped", "all") is first


def test_where_the_worker_fails_the_page_says_why_and_draws_nothing(monkeypatch):
    def fails():
        raise WorkerError("the worker is gone")

    monkeypatch.setattr(judges_data, "shared_worker", fails)
    monkeypatch.setattr(judges_data, "REPLAYS", Shared(most=1))
    app = open_page("judges", verdicts_in_elo="consistent")
    assert not app.exception and not titles(app)
    assert [item.value for item in app.error] == ["the worker is gone"]


def test_the_other_model_is_never_the_one_that_was_chosen():
    assert judges_figures_verdicts.Power(chatbot="gpt-3.5").other_chatbot == "65b-guanaco"
    app = open_page("judges", section="power", chatbot="gpt-4", other_chatbot="gpt-4")
    assert fine(app) and len(titles(app)) == 1 and len(app.warning) == 1


def test_the_title_of_every_pair_of_models_fits_a_slide(played):
    for benchmark, one in played.items():
        for a in one.models:
            for b in set(one.models) - {a}:
                panel = judges_figures_verdicts.Power(prompt_set=benchmark, chatbot=a, other_chatbot=b, level=0.99, n_prompts=500).panel()
                assert len(panel.title) < 150 and "nan" not in panel.title + panel.caption
