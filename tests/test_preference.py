"""Preference tuning: loss, closed form and training held against autograd, scipy, simulation and what papers print."""

import numpy as np
import pytest

from analysis import statistics, tables
from analysis.background.worker import WorkerError
from analysis.benchmarks.data import all_scores
from analysis.preference import data as figures
from analysis.preference import figures_reported as preference_figures_reported
from analysis.preference import objective, stage_memory, training
from analysis.transformer import count_params, shape_of_model
from tests.test_pages import fine, open_page, titles

WORLD = objective.small_world(8, seed=3)


@pytest.fixture(scope="module")
def llama():
    return shape_of_model("Llama 2 7B", tables.load("models"))


@pytest.fixture(scope="module")
def endless():
    """Shares of preferences as endless comparisons would give them: shape (1, answers, answers), [winner, loser]."""
    torch = pytest.importorskip("torch")
    p, r = WORLD.reference, WORLD.reward
    shares = np.outer(p, p) * objective.sigmoid(r[:, None] - r[None, :])
    np.fill_diagonal(shares, 0)
    return torch.from_numpy(shares / shares.sum())[None]


# --- reference -------------------------------------------------------------------------------------------------------


def test_the_gradient_of_the_loss_is_autograds():
    torch = pytest.importorskip("torch")
    for beta in (0.01, 0.1, 1.0, 5.0):
        margin = torch.linspace(-40, 40, 41, dtype=torch.float64, requires_grad=True)
        value = -torch.nn.functional.logsigmoid(beta * margin)
        value.sum().backward()
        assert objective.dpo_loss(margin.detach().numpy(), beta) == pytest.approx(value.detach().numpy(), rel=1e-12)
        assert objective.dpo_gradient(margin.detach().numpy(), beta) == pytest.approx(margin.grad.numpy(), rel=1e-12)


def test_the_gradient_of_the_training_is_autograds(endless):
    torch = pytest.importorskip("torch")
    beta, log_reference = 0.3, torch.from_numpy(np.log(WORLD.reference))
    logits = torch.randn(8, generator=torch.Generator().manual_seed(0), dtype=torch.float64, requires_grad=True)
    ratio = logits.log_softmax(-1) - log_reference
    loss = -(endless[0] * torch.nn.functional.logsigmoid(beta * (ratio[:, None] - ratio[None, :]))).sum()
    loss.backward()
    slope = beta * training.pair_gradient(beta * ratio.detach(), endless[0])
    through = slope - logits.detach().softmax(-1) * slope.sum()
    assert through.numpy() == pytest.approx(logits.grad.numpy(), abs=1e-12)


def test_the_closed_form_is_scipys_optimum():
    from scipy.optimize import minimize

    for beta in (0.2, 1.0, 4.0):

        def negative(logits, beta=beta):
            policy = np.exp(logits - np.logaddexp.reduce(logits))
            return beta * objective.kl(policy, WORLD.reference) - policy @ WORLD.reward

        found = minimize(negative, np.zeros(8), method="BFGS", options={"gtol": 1e-9})
        best = objective.optimal_policy(WORLD.reference, WORLD.reward, beta)
        assert np.exp(found.x - np.logaddexp.reduce(found.x)) == pytest.approx(best, abs=1e-4)
        assert negative(np.log(best)) <= found.fun + 1e-9


def test_printed_standard_errors_of_alpacaeval_come_out_of_805_prompts():
    # tunstall2023 Table 3 prints 1.63, 1.23, 1.44 and 1.22.
    rows = preference_figures_reported.win_rate_rows("zephyr")
    printed = rows["note"].str.extract(r"standard error ([\d.]+)")[0].astype(float)
    share = rows["score"] / 100
    assert len(rows) == 4 and set(rows["n"]) == {805}
    # Two of the printed values are cut and not rounded.
    assert (100 * np.sqrt(share * (1 - share) / rows["n"])).to_numpy() == pytest.approx(printed.to_numpy(), abs=0.0075)


def test_llama_2s_intervals_are_as_wide_as_its_figure_says():
    # touvron2023llama2 Figure 1: 95% confidence intervals between 1% and 2%, for about 4,000 prompts.
    rows = preference_figures_reported.win_rate_rows("llama2")
    low, high = preference_figures_reported.bounds(rows["score"], rows["n"], 0.95)
    assert ((high - low) / 2 > 1).all() and ((high - low) / 2 < 2).all()


def test_the_batches_add_up_to_table_6():
    # touvron2023llama2 Table 6: Meta (safety and helpfulness), 1,418,091 comparisons.
    assert tables.load("preference_batches")["comparisons"].sum() == 1_418_091


def test_decoded_win_rates_are_whole_numbers_of_prompts():
    # The notes of the decoded figure: 158 and 146 of 256.
    rows = preference_figures_reported.win_rate_rows("dpo").query("n == 256")
    wins = rows["score"] / 100 * 256
    assert (wins - wins.round()).abs().max() < 0.1


def test_measured_rounds_agree_with_what_the_text_says():
    # touvron2023llama2 section 3.4.1: above 50% on both axes after RLHF v3 by Meta's reward models; above 60% at the end by GPT-4.
    rows = tables.load("preference_rounds").set_index(["judge", "round"])
    assert (rows.loc[[("meta_rm", r) for r in (5, 6, 7, 8)], ["helpfulness", "harmlessness"]] > 50).all(axis=None)
    assert (rows.loc[("gpt4", 8), ["helpfulness", "harmlessness"]] > 60).all()
    assert len(rows) == 16 and rows["measured"].all()


def test_wilsons_interval_is_the_one_of_a_published_example():
    # 81 successes in 263: (0.2553, 0.3662), Newcombe 1998, Table I, method 3.
    assert [round(float(end), 4) for end in statistics.wilson_interval(81 / 263, 263)] == [0.2553, 0.3662]


# --- property --------------------------------------------------------------------------------------------------------


def test_the_implicit_reward_of_the_optimum_is_the_reward_up_to_a_constant():
    best = objective.optimal_policy(WORLD.reference, WORLD.reward, 0.7)
    shift = objective.implicit_reward(best, WORLD.reference, 0.7) - WORLD.reward
    assert shift == pytest.approx(shift[0])


def test_every_loss_starts_at_log_2_with_half_of_beta_as_slope():
    betas = np.array([0.01, 0.1, 1.0, 10.0])
    assert objective.dpo_loss(0.0, betas) == pytest.approx(np.log(2))
    assert objective.dpo_gradient(0.0, betas) == pytest.approx(-betas / 2)


def test_no_policy_lies_above_the_frontier():
    random = np.random.default_rng(0)
    policies = random.dirichlet(np.ones(8) * 0.3, size=400)
    KL, reward = objective.value(np.maximum(policies, 1e-12), WORLD)
    best_kl, best = objective.frontier(WORLD, np.geomspace(100, 0.005, 2000))
    inside = best_kl.max() > KL
    assert inside.sum() > 100
    assert (reward[inside] <= np.interp(KL[inside], best_kl, best) + 1e-3).all()


def test_best_of_n_is_what_drawing_and_keeping_gives():
    random = np.random.default_rng(1)
    score = np.array([0.0, 1.0, 1.0, 2.0, -1.0, 0.5, 3.0, -2.0])  # with a tie
    for n in (1, 2, 5, 16):
        drawn = random.choice(8, size=(200_000, n), p=WORLD.reference)
        best = score[drawn].max(axis=1, keepdims=True)
        kept = drawn[np.arange(len(drawn)), (score[drawn] == best).argmax(axis=1)]
        seen = np.bincount(kept, minlength=8) / len(drawn)
        exact = objective.best_of_n(WORLD.reference, score, n)
        assert exact.sum() == pytest.approx(1)
        assert seen == pytest.approx(exact, abs=0.005)


def test_the_kl_of_best_of_n_stays_below_its_formula_and_reaches_it_with_many_answers():
    for n in (2, 4, 16, 64):
        few = objective.kl(objective.best_of_n(WORLD.reference, WORLD.reward, n), WORLD.reference)
        many = np.full(20_000, 1 / 20_000)
        fine_kl = objective.kl(objective.best_of_n(many, np.arange(20_000.0), n), many)
        assert few < objective.best_of_n_kl(n)
        assert float(fine_kl) == pytest.approx(float(objective.best_of_n_kl(n)), abs=2e-3)


def test_preferences_follow_bradley_and_terry():
    counts = objective.preferred(WORLD, 200_000, 0.0, seed=0)
    share = counts / (counts + counts.T + (counts == 0))
    often = (counts + counts.T) > 3000
    expected = objective.sigmoid(WORLD.reward[:, None] - WORLD.reward[None, :])
    assert often.sum() > 10 and share[often] == pytest.approx(expected[often], abs=0.03)
    assert np.trace(counts) == 0 and counts.sum() == 200_000
    turned = objective.preferred(WORLD, 200_000, 0.5, seed=0)
    assert (turned / (turned + turned.T + (turned == 0)))[often] == pytest.approx(0.5, abs=0.03)


# --- recovery --------------------------------------------------------------------------------------------------------


def test_dpo_with_endless_preferences_reaches_the_closed_form(endless):
    betas = [0.3, 1.0, 3.0]
    trained = training.train_dpo(endless, WORLD.reference, betas).exp().numpy()[0]
    for beta, policy in zip(betas, trained, strict=True):
        assert policy == pytest.approx(objective.optimal_policy(WORLD.reference, WORLD.reward, beta), abs=0.01)


def test_the_reward_model_with_endless_preferences_finds_the_rewards(endless):
    fitted = training.train_reward_model(endless)[0].numpy()
    assert fitted == pytest.approx(WORLD.reward - WORLD.reward.mean(), abs=0.02)


def test_the_policy_gradient_with_the_true_reward_reaches_the_closed_form():
    torch = pytest.importorskip("torch")
    trained = training.train_policy_gradient(torch.from_numpy(WORLD.reward)[None], WORLD.reference, [0.5, 2.0]).exp().numpy()[0]
    for beta, policy in zip((0.5, 2.0), trained, strict=True):
        assert policy == pytest.approx(objective.optimal_policy(WORLD.reference, WORLD.reward, beta), abs=0.04)


def test_stored_runs_close_in_on_the_frontier_as_preferences_grow():
    shortfall = {}
    for n_pairs in training.STORED_PAIRS:
        table = figures.stored(n_pairs)[0]["dpo"]
        KL, reward = figures.exact(32)
        shortfall[n_pairs] = float((np.interp(table["kl"], KL, reward) - table["reward"]).max())
    few, some, many = shortfall.values()
    assert few > 2 * some > 10 * many and many < 0.05
    assert min(shortfall.values()) > -1e-3


def test_dpo_and_the_reward_model_hold_the_same_rewards():
    # rafailov2023 Theorem 1: the two losses have the same minimum, DPO's written in terms of the policy.
    answers = figures.stored(20_000)[1]
    mine = answers[np.isclose(answers["beta"], training.BETAS[5])]
    implied = objective.implicit_reward(mine["dpo"], mine["reference"], training.BETAS[5])
    gap = (implied - implied @ mine["reference"]) - (mine["fitted"] - mine["fitted"] @ mine["reference"])
    assert np.sqrt(mine["reference"] @ gap**2) < 0.02


def test_training_twice_gives_the_stored_numbers():
    pytest.importorskip("torch")
    runs, _ = training.train_all(objective.small_world(32), 200, 0.0, 20)
    stored = tables.load("preference_runs").query("n_pairs == 200")
    assert runs["reward"].to_numpy() == pytest.approx(stored["reward"].to_numpy(), rel=1e-5, abs=1e-7)


# --- memory ----------------------------------------------------------------------------------------------------------


def test_a_frozen_model_is_two_bytes_a_parameter_and_a_trained_one_twelve(llama):
    N = count_params(llama).total
    ppo = stage_memory.stage_memory(llama, "ppo").models
    assert ppo["reference"] == ppo["reward model"] == 2 * N
    assert ppo["policy"] == ppo["critic"] == 12 * N
    assert set(stage_memory.stage_memory(llama, "dpo").models) == {"policy", "reference"}


def test_adapters_share_one_base(llama):
    full = stage_memory.stage_memory(llama, "ppo").total
    lora = stage_memory.stage_memory(llama, "ppo", "lora")
    assert lora.models["reference"] == 0 and lora.models["policy"] > 2 * count_params(llama).total
    assert lora.total < 0.15 * full


def test_a_pair_takes_the_activations_of_two_sequences(llama):
    one, pair = (stage_memory.stage_memory(llama, stage).activations for stage in ("sft", "dpo"))
    assert pair == pytest.approx(2 * one)


# --- contract --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: objective.dpo_loss(0.0, 0.0), "beta must be positive"),
        (lambda: objective.best_of_n([0.5, 0.5], [0, 1], 0), "n must be at least 1"),
        (lambda: objective.small_world(1), "n_answers must be at least 2"),
        (lambda: objective.preferred(WORLD, 0, 0.0, 0), "n_pairs must be at least 1"),
        (lambda: objective.preferred(WORLD, 10, 0.6, 0), "flipped must be a share"),
        (lambda: statistics.wilson_interval(1.2, 10), "share must be between 0 and 1"),
        (lambda: statistics.wilson_interval(0.5, 10, 1.0), "level must be between 0 and 1"),
        (lambda: training.checked({"n_pairs": 5}), "n_pairs must be a whole number between 10 and 100,000"),
        (lambda: training.checked({"steps": 5}), "arguments must be out of"),
        (lambda: stage_memory.stage_memory(shape_of_model("Llama 2 7B", tables.load("models")), "kto"), "stage must be one of"),
    ],
)
def test_values_out_of_range_are_refused_in_one_sentence(call, sentence):
    with pytest.raises(ValueError, match=sentence):
        call()


def test_a_task_can_be_watched_and_given_up():
    pytest.importorskip("torch")
    from analysis.background.process import Cancelled

    seen = []

    def progress(done, total, words):
        seen.append((done, total, words))
        if len(seen) == 25:
            raise Cancelled("enough")

    with pytest.raises(Cancelled):
        training.task({"n_pairs": 50, "n_answers": 4, "n_seeds": 2}, progress)
    assert seen[-1][0] < seen[-1][1] and "DPO" in seen[-1][2]


@pytest.mark.models
def test_other_settings_are_trained_in_the_worker_once_for_all_readers(monkeypatch):
    app = open_page("preference", n_pairs="500", n_answers="8", flipped="0.2")
    assert fine(app)
    assert any("From 500 pairs" in title for title in titles(app))
    monkeypatch.setattr(figures, "shared_worker", lambda: pytest.fail("trained again"))
    other = open_page("preference", n_pairs="500", n_answers="8", flipped="0.2")
    assert fine(other) and titles(other) == titles(app)


def test_where_the_worker_fails_the_page_says_why_and_draws_nothing(monkeypatch):
    def fails():
        raise WorkerError("the worker is gone")

    monkeypatch.setattr(figures, "shared_worker", fails)
    for section in ("frontier", "implicit"):
        app = open_page("preference", section=section, n_pairs="700")
        assert not app.exception and not titles(app)
        assert [item.value for item in app.error] == ["the worker is gone"]


def test_win_rates_without_a_known_number_have_no_interval():
    rows = preference_figures_reported.win_rate_rows("dpo")
    panel = preference_figures_reported.WinRates(win_rate_group="dpo", level=0.95).panel()
    assert rows["n"].isna().sum() == 4
    assert (panel.data["status"] == "uncertain").sum() == rows["n"].notna().sum() == 8


def test_ties_are_left_out_of_llama_2s_intervals():
    rows = preference_figures_reported.win_rate_rows("llama2")
    assert len(rows) == 6 and rows["loss"].notna().all()
    row = rows.set_index("setting").loc["vs ChatGPT-0301"]
    share, n = objective.decided(row["score"] / 100, row["loss"] / 100, row["n"])
    assert float(share) == pytest.approx(35.9 / 68.4)
    assert float(n) == pytest.approx(4173 * 0.684)


def test_samples_point_at_scores_that_exist():
    scores = all_scores()
    for row in tables.load("preference_samples").to_dict("records"):
        found = scores[(scores[["source", "benchmark", "setting"]] == [row[key] for key in ("source", "benchmark", "setting")]).all(axis=1)]
        assert len(found) and (not row["model"] or row["model"] in set(found["model"])), row
