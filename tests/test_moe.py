"""Mixtures of experts: counts held against papers and another program, and a router held against what must be true of it."""

import json

import numpy as np
import pytest

from analysis import tables
from analysis.moe import data as moe_data
from analysis.moe import expert_counts
from analysis.moe import routing as router
from analysis.moe.figures import Intuition, MemoryCompute, TotalActive
from analysis.moe.figures_build import Build, Rumour
from analysis.moe.figures_routing import Balance, Capacity, Load, routed
from analysis.transformer import count_params, forward_flops, shape_of_model
from analysis.transformer.model import published
from pages.components import model_field
from tests.test_model_field import TINY, FakeJob, FakeWorker, exact
from tests.test_pages import charts, fine, open_page, titles

MODELS = tables.load("models")
ROWS = MODELS.set_index("model", drop=False)
NAMES = list(expert_counts.with_experts(MODELS)["model"])


def model(name):
    return shape_of_model(name, MODELS)


def test_a_decoder_may_have_fewer_layers_than_its_encoder():
    row = moe_data.frame_of("switch")
    shape = expert_counts.build(row, 8, 1, 1024, moe_layers="every 2", n_layers=1)
    assert (len(shape.layers), len(shape.encoder_layers)) == (1, int(row["n_encoder_layers"]))
    assert [layer.experts is not None for layer in shape.encoder_layers[:4]] == [False, True, False, True]


def test_mixtral_holds_46_7_billion_and_a_token_uses_12_9():
    # transformers counts 46,702,792,704 for MixtralForCausalLM
    counts = count_params(model("Mixtral 8x7B"))
    assert counts.total == 46_702_792_704 and counts.active == 12_879_925_248
    by_part = expert_counts.parts(model("Mixtral 8x7B"))
    assert by_part["total"].sum() == counts.total and by_part["active"].sum() == counts.active
    assert by_part.loc["routed experts", "active"] * 4 == by_part.loc["routed experts", "total"] == 32 * 8 * 3 * 4096 * 14336


@pytest.mark.parametrize("name", NAMES)
def test_every_mixture_is_counted_as_the_other_program_counts_it(name):
    known = tables.load("param_counts").set_index("model").loc[name]
    counted = expert_counts.table(MODELS).set_index("model").loc[name]
    for field in ("total", "active", "active_non_embedding", "non_embedding", "routed_experts"):
        assert counted[field] == known[field], field
    by_part = expert_counts.parts(model(name))
    assert by_part["total"].sum() == known["total"] and by_part["active"].sum() == known["active"]
    assert (by_part["active"] <= by_part["total"]).all() and (by_part["active"] >= 0).all()


def test_reported_totals_are_met_within_what_their_authors_rounded():
    counted = expert_counts.table(MODELS).set_index("model")
    assert len(counted) == 19
    # Switch-Base is printed as 7B [fedus2021, Table 9]: 7.4B counted
    assert (counted["total"] / counted["reported_total_params"]).between(0.95, 1.06).all()
    # the released shape of Switch-XXL and of Switch-C give the printed 395B and 1571B
    assert counted.loc["Switch-XXL", "total"] == pytest.approx(395e9, rel=2e-3)
    assert counted.loc["Switch-C", "total"] == pytest.approx(1571e9, rel=1e-3)
    # GLaM 64B/64E: 96.6B activated of 1.2T [du2021, Table 4]
    assert counted.loc["GLaM 64B/64E", "active"] == pytest.approx(96.6e9, rel=1e-3)


def test_one_expert_of_mixtral_with_the_rest_is_mistral_7b():
    copies = expert_counts.copies(model("Mixtral 8x7B"))
    mistral = count_params(model("Mistral 7B"))
    assert copies["one"].sum() == mistral.total == 7_241_732_096
    assert copies.loc["attention", "one"] == mistral.attention and copies.loc["routed experts", "one"] == mistral.mlp
    assert copies["naive"].sum() == 8 * mistral.total
    saved = copies["naive"].sum() - copies["held"].sum()
    assert saved == 7 * (mistral.total - mistral.mlp) - 32 * 8 * 4096
    panel = Intuition(model="mixtral-8x7b").panel()
    assert panel.title == "Mixtral 8x7B has 46.7 B parameters, not 8 × 7 B = 56 B; 12.9 B are active"
    assert "57.9 B" in panel.caption


@pytest.mark.parametrize("name", moe_data.PRESETS.values())
def test_a_preset_as_it_stands_is_the_model_of_the_table(name):
    row = ROWS.loc[name].to_dict()
    shared = 0 if np.isnan(row["shared_d_ff"]) else int(row["shared_d_ff"])
    built = expert_counts.build(row, int(row["n_experts"]), int(row["top_k"]), int(row["moe_d_ff"]), shared, row["moe_layers"])
    assert count_params(built) == count_params(model(name))
    again = expert_counts.build(
        row,
        int(row["n_experts"]),
        int(row["top_k"]),
        int(row["moe_d_ff"]),
        shared,
        row["moe_layers"],
        int(row["d_model"]),
        int(row["n_layers"]),
    )
    assert again == built


@pytest.mark.parametrize(("preset", "name"), moe_data.PRESETS.items())
def test_a_mixture_of_ones_own_starts_as_the_model_that_it_starts_from(preset, name):
    panel = Build.of({"mixture": preset})[0].panel()
    held = panel.data[panel.data["series"] == "total"].set_index("part")["n_params"]
    counts = count_params(model(name))
    assert held.sum() == counts.total and [part.value for part in panel.headline[:2]] == [counts.total, counts.active]


def test_one_layer_of_switch_base_holds_128_experts_of_which_a_token_uses_one():
    # 128 experts of two matrices 768 x 3072, and a router of 768 x 128
    held, used = expert_counts.expert_layer(model("Switch-Base-128"))
    assert held - used == 127 * 2 * 768 * 3072 and used == 2 * 768 * 3072 + 768 * 128
    by_part = expert_counts.parts(model("Switch-Base-128"))
    assert 12 * held == by_part.loc["routed experts", "total"] + by_part.loc["router", "total"]


def test_more_experts_add_to_the_total_and_only_the_router_to_what_a_token_uses():
    row = ROWS.loc["Mixtral 8x7B"].to_dict()
    few, many = (count_params(expert_counts.build(row, n, 2, 14336)) for n in (8, 16))
    assert many.total - few.total == 32 * (8 * 3 * 4096 * 14336 + 8 * 4096)
    assert many.active - few.active == 32 * 8 * 4096
    sparse = count_params(expert_counts.build(row, 8, 2, 14336, moe_layers="every 2"))
    assert sparse.total == few.total - 16 * (7 * 3 * 4096 * 14336 + 8 * 4096)
    shared = count_params(expert_counts.build(row, 8, 2, 14336, shared_d_ff=1024))
    assert shared.total - few.total == shared.active - few.active == 32 * 3 * 4096 * 1024


def test_all_experts_chosen_is_all_parameters_used():
    counts = count_params(expert_counts.build(ROWS.loc["Mixtral 8x7B"].to_dict(), 4, 4, 1024))
    assert counts.active == counts.total
    panel = Build(n_experts=4, top_k=9, moe_d_ff=1024).panel()
    assert "(100.0%)" in panel.title and "only 4 experts" in panel.caption


def test_memory_follows_the_total_and_compute_the_active_parameters():
    shape = model("Mixtral 8x7B")
    counts = count_params(shape)
    need = expert_counts.needs(shape, counts, 16)
    assert need.weight_bytes == 2 * 46_702_792_704
    # all active parameters are multiplied but the token table and the norms; one token meets itself in attention
    assert need.flops == pytest.approx(2 * (counts.active - 32_000 * 4096), rel=1e-3)
    assert need.flops == forward_flops(shape, 1, 1).total
    assert expert_counts.needs(shape, counts, 4).weight_bytes * 4 == need.weight_bytes
    assert expert_counts.dense_needs(counts.total, 16).weight_bytes == need.weight_bytes


def test_the_rumour_is_arithmetic_and_is_called_a_rumour():
    assert expert_counts.whole_of_parts(16, 111e9, 0.0, 1) == (1776e9, 111e9)
    assert expert_counts.whole_of_parts(16, 111e9, 0.0, 2) == (1776e9, 222e9)
    assert expert_counts.whole_of_parts(16, 111e9, 111e9, 2) == (111e9, 111e9)  # where everything is shared, one part is all
    panel = Rumour(shared_params=0).panel()
    assert panel.title.startswith("Unconfirmed rumour") and "1.78 T" in panel.title and "222 B" in panel.title
    assert set(panel.data["status"]) == {"what_if"} and panel.data["series"].str.contains("rumour").all()
    assert all("rumour" in trace.name for trace in panel.figure.data)
    assert not any("GPT-4" in name for name in expert_counts.table(MODELS)["model"])


def uniform(n_experts, n_tokens=64, top_k=1):
    load = np.full(n_experts, n_tokens * top_k // n_experts)
    return router.Routing(load, np.full(n_experts, 1 / n_experts), n_tokens, top_k)


@pytest.mark.parametrize(("n_experts", "top_k"), [(2, 1), (8, 2), (64, 4)])
def test_the_balancing_loss_is_alpha_at_perfect_balance_and_n_over_k_times_that_at_worst(n_experts, top_k):
    # [fedus2021] section 2.2: under uniform routing the loss is alpha, whatever the number of experts
    assert router.LOSS_WEIGHT == 0.01
    assert router.balance_loss(uniform(n_experts, top_k=top_k)) == pytest.approx(0.01)
    scores = np.tile(np.where(np.arange(n_experts) < top_k, 50.0, 0.0), (64, 1))
    assert router.balance_loss(router.route(scores, top_k)) == pytest.approx(0.01 * n_experts / top_k)


@pytest.mark.parametrize(("n_experts", "top_k", "skew"), [(8, 2, 0.0), (8, 2, 1.5), (128, 1, 0.5), (64, 6, 0.3), (4, 4, 2.0)])
def test_every_token_goes_to_top_k_experts_and_probabilities_sum_to_one(n_experts, top_k, skew):
    outcome = routed(n_experts, top_k, skew)
    assert outcome.load.sum() == outcome.n_tokens * top_k
    assert outcome.load.max() <= outcome.n_tokens
    assert outcome.probability.sum() == pytest.approx(1, abs=1e-5)
    again = router.route(router.logits(router.noise(outcome.n_tokens, n_experts, 0), skew), top_k)
    assert (again.load == outcome.load).all()


def test_the_router_picks_the_largest_logits_as_torch_does():
    torch = pytest.importorskip("torch")
    scores = router.logits(router.noise(200, 16, seed=3), 0.7)
    picked = torch.topk(torch.from_numpy(scores).softmax(-1), 4, dim=-1).indices
    outcome = router.route(scores, 4)
    assert outcome.load.tolist() == torch.bincount(picked.flatten(), minlength=16).tolist()
    assert outcome.probability == pytest.approx(torch.from_numpy(scores).softmax(-1).mean(0).numpy(), abs=1e-6)


def test_the_balancing_loss_of_one_expert_per_token_is_that_of_transformers():
    torch = pytest.importorskip("torch")
    switch = pytest.importorskip("transformers.models.switch_transformers.modeling_switch_transformers")
    scores = router.logits(router.noise(100, 8, seed=5), 0.7)
    probabilities = torch.from_numpy(scores).softmax(-1)[None]
    theirs = switch.load_balancing_loss_func(probabilities, probabilities.argmax(-1))
    assert router.balance_loss(router.route(scores, 1), 1.0) == pytest.approx(float(theirs), rel=1e-5)


def test_without_skew_loads_are_even_up_to_chance():
    outcome = routed(8, 1, 0.0)
    # 4,096 tokens in 8 places: the standard deviation of a load is sqrt(4096 x 7/64) = 21
    assert np.abs(outcome.load - 512).max() < 5 * 21.2
    # one expert twice as likely: a planted preference is found again
    skewed = routed(8, 1, 1.0)
    assert (np.diff(skewed.load) < 0).all()


@pytest.mark.parametrize("n_experts", [8, 64])
def test_fewer_assignments_are_dropped_at_a_higher_capacity_and_none_at_the_highest(n_experts):
    outcome = routed(n_experts, 2, 1.0)
    shares = router.dropped_share(outcome, np.linspace(0.1, n_experts, 200))
    assert (np.diff(shares) <= 0).all() and shares[0] > 0.5
    assert router.dropped_share(outcome, n_experts) == 0 == shares[-1]
    assert router.dropped_share(uniform(8), 1.0) == 0
    assert router.dropped_share(uniform(8), 0.5) == pytest.approx(0.5)


def test_a_more_skewed_router_drops_more_and_pays_more():
    skews = np.arange(0, 2.01, 0.25)
    outcomes = [routed(8, 2, skew) for skew in skews]
    dropped = [router.dropped_share(outcome, 1.25) for outcome in outcomes]
    assert dropped == sorted(dropped) and dropped[-1] > dropped[0] == 0
    losses = [router.balance_loss(outcome) for outcome in outcomes]
    assert losses == sorted(losses) and losses[0] == pytest.approx(0.01, rel=1e-2)


@pytest.mark.parametrize(
    ("call", "named"),
    [
        (lambda: expert_counts.parts(model("Mistral 7B")), "no experts"),
        (lambda: expert_counts.copies(model("Llama 2 7B")), "no experts"),
        (lambda: expert_counts.needs(model("Switch-C"), count_params(model("Switch-C")), 16), "encoder"),
        (lambda: expert_counts.build(ROWS.loc["Mixtral 8x7B"].to_dict(), 4, 5, 14336), "top_k"),
        (lambda: expert_counts.build(ROWS.loc["Mixtral 8x7B"].to_dict(), 4, 2, 14336, moe_layers="some"), "moe_layers"),
        (lambda: expert_counts.whole_of_parts(16, 111e9, 112e9, 1), "shared"),
        (lambda: expert_counts.whole_of_parts(16, 111e9, 0.0, 17), "chosen"),
        (lambda: router.noise(0, 4), "n_tokens"),
        (lambda: router.logits(np.zeros((2, 2)), -1.0), "skew"),
        (lambda: router.logits(np.zeros((2, 2)), float("nan")), "skew"),
        (lambda: router.route(np.zeros((2, 2)), 3), "top_k"),
        (lambda: router.capacity(uniform(8), 0.0), "factor"),
        (lambda: TotalActive(embeddings="both"), "Parameter count must be one of with, without"),
        (lambda: Intuition(model="mistral-7b"), "Model must be one of mixtral-8x7b"),
    ],
)
def test_bad_arguments_are_named(call, named):
    with pytest.raises(ValueError, match=named):
        call()


@pytest.mark.parametrize("name", NAMES)
def test_every_mixture_of_the_table_is_drawn(name):
    chosen = published(name)
    panels = [Intuition(model=chosen).panel()]
    if not chosen.shape.encoder_layers:
        panels.append(MemoryCompute(model=chosen, weight_bits=4).panel())
    for panel in panels:
        assert len(panel.title) < 150 and "nan" not in panel.title + panel.caption


def test_titles_stay_short_where_all_is_at_an_end():
    large = {
        "n_experts": 256,
        "top_k": 16,
        "moe_d_ff": 32768,
        "shared_d_ff": 32768,
        "moe_layers": "every-2",
        "d_model": 8192,
        "n_layers": 96,
    }
    small = {"n_experts": 2, "top_k": 1, "moe_d_ff": 256, "shared_d_ff": 0, "moe_layers": "all", "d_model": 512, "n_layers": 1}
    for values in (large, small):
        assert len(Build(**values).panel().title) < 150
    for n_experts, top_k in ((2, 1), (128, 1), (256, 16), (2, 16)):
        for skew, factor in ((0.0, 0.5), (2.0, 4.0)):
            routed_by = {"n_experts": n_experts, "top_k": top_k, "router_skew": skew}
            for figure in (
                Load(**routed_by, capacity_factor=factor, seed=20),
                Capacity(**routed_by, capacity_factor=factor),
                Balance(**routed_by),
            ):
                assert len(figure.panel().title) < 150, figure.panel().title
    assert len(Rumour(shared_params=110e9).panel().title) < 150


@pytest.mark.parametrize("preset", ["switch", "deepseek"])
def test_every_preset_opens_with_its_own_values_and_stands_at_both_ends(preset):
    app = open_page("moe", section="build", mixture=preset)
    assert fine(app) and not app.warning
    for key in [slider.key for slider in app.select_slider]:
        options = list(app.select_slider(key=key).options)
        usual = app.select_slider(key=key).value
        for end in (options[0], options[-1]):
            app.select_slider(key=key).set_value(float(end.split()[0].replace(",", ""))).run()
            assert fine(app), (key, end)
        app.select_slider(key=key).set_value(usual).run()


def test_the_page_takes_a_configuration_and_says_where_it_has_no_experts(monkeypatch):
    worker = FakeWorker(FakeJob(answer=exact()))
    monkeypatch.setattr(model_field, "shared_worker", lambda: worker)
    app = open_page("moe", section="mixture")
    app.button_group(key="moe/mixture:model_from").set_value("own").run()
    assert fine(app) and not charts(app) and any("No chart is drawn until" in item.value for item in app.info)
    app.text_area(key="model_text").set_value(json.dumps(TINY)).run()
    assert not app.exception and len(app.error) == 1 and "no experts" in app.error[0].value
    assert ["your llama model: " in words for words in titles(app)] == [True]  # a dense model has memory and compute as well


def test_where_only_an_exact_count_is_known_no_chart_of_another_model_stands_under_it(monkeypatch):
    worker = FakeWorker(FakeJob(answer=exact()))
    monkeypatch.setattr(model_field, "shared_worker", lambda: worker)
    app = open_page("moe", section="mixture")
    app.button_group(key="moe/mixture:model_from").set_value("own").run()
    app.text_area(key="model_text").set_value(json.dumps({"model_type": "bert"})).run()
    assert not app.exception and any(f"{exact()['total']:,} parameters" in item.value for item in app.markdown)
    assert not charts(app) and not app.error and "is not known here" in " ".join(item.value for item in app.info)
