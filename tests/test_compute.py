"""FLOPs, GPU time, money, energy and CO2 of a training run."""

import re

import numpy as np
import pytest

from analysis import tables
from analysis.compute import costs
from analysis.compute.data import published_models
from analysis.compute.figures import Budget, Devices, price_lists
from analysis.gpus import Gpu, gpu, labels
from analysis.scaling.chinchilla import ScalingLaw
from analysis.units import format_flops

A100 = Gpu("a100", "A100", 80e9, 2e12, 312e12, 400.0, 2.0)
LAW = ScalingLaw(E=1.8172, A=482.01, B=2085.43, alpha=0.3478, beta=0.3658)


@pytest.fixture(scope="module")
def runs():
    return costs.published_runs(tables.load("models_training"), tables.load("gpus")).set_index("model")


# --- reference -------------------------------------------------------------------------------------------------------


def test_chinchilla_and_gopher_spend_about_the_same_compute():
    # hoffmann2022 section 1: 70B on 1.4T tokens at Gopher's budget of 5.76e23 FLOP.
    assert float(costs.training_flops(70e9, 1.4e12)) == pytest.approx(5.76e23, rel=0.03)


def test_bloomberggpt_reports_flops_with_recomputation(runs):
    # wu2023 Table 4: 2.36e23 FLOP for 50.6B parameters and 569B tokens, activations recomputed.
    row = runs.loc["BloombergGPT 50B"]
    with_recomputation = costs.training_flops(row["n_params"], row["n_tokens"], costs.RECOMPUTATION_FLOPS_PER_PARAM_TOKEN)
    assert row["computed_flops"] == pytest.approx(1.73e23, rel=2e-3)
    assert float(with_recomputation) == pytest.approx(2.30e23, rel=3e-3)
    assert row["train_flops"] == pytest.approx(float(with_recomputation), rel=0.03)


def test_llama_2_carbon_follows_from_its_hours_and_power():
    # touvron2023llama2 Table 2: 1,720,320 GPU-hours at 400 W and 291.42 t CO2eq for 70B; 184,320 h and 31.22 t for 7B.
    intensity = 31.22e3 / (184_320 * 0.4)
    hours = 1_720_320
    C = hours * 3600 * A100.peak_flops_per_s * 0.5
    cost = costs.cost_of(C, A100, n_gpus=2048, utilisation=0.5, kg_co2_per_kwh=intensity)
    assert float(cost.gpu_hours) == pytest.approx(hours)
    assert float(cost.co2_kg) == pytest.approx(291.42e3, rel=1e-3)


def test_bloomberggpts_hours_follow_from_its_gpus_and_days(runs):
    # wu2023 section 4: 512 GPUs for about 53 days.
    assert runs.loc["BloombergGPT 50B", "gpu_hours"] == pytest.approx(512 * 53 * 24)


def test_llama_2_70b_reached_less_than_half_the_peak(runs):
    # 6 N D over 1,720,320 A100 hours at 312 TFLOP/s.
    assert runs.loc["Llama 2 70B", "utilisation"] == pytest.approx(6 * 68_976_653_312 * 2e12 / (1_720_320 * 3600 * 312e12), rel=1e-6)


def test_no_published_run_beats_the_peak_of_its_device(runs):
    known = runs["utilisation"].dropna()
    assert len(known) >= 12
    assert ((known > 0.05) & (known < 0.75)).all(), known.to_dict()


# --- property --------------------------------------------------------------------------------------------------------


def test_budgets_from_gpus_and_from_money_agree_with_the_cost_they_cause():
    C = costs.flops_of_gpus(A100, n_gpus=256, days=30, utilisation=0.4)
    cost = costs.cost_of(C, A100, n_gpus=256, utilisation=0.4)
    assert float(cost.wall_seconds) == pytest.approx(30 * 86400)
    assert float(costs.flops_of_money(A100, cost.usd, 0.4)) == pytest.approx(float(C))


def test_energy_scales_with_overhead_and_power_share():
    plain = costs.cost_of(1e22, A100, 8, 0.5, kg_co2_per_kwh=0.4)
    scaled = costs.cost_of(1e22, A100, 8, 0.5, kg_co2_per_kwh=0.4, overhead=1.5, power_share=0.8)
    assert float(scaled.energy_joules / plain.energy_joules) == pytest.approx(1.2)
    assert float(scaled.co2_kg / plain.co2_kg) == pytest.approx(1.2)


def test_more_gpus_shorten_the_wait_but_not_the_bill():
    few, many = (costs.cost_of(1e23, A100, n, 0.5) for n in (64, 128))
    assert float(few.wall_seconds / many.wall_seconds) == pytest.approx(2)
    assert few.usd == many.usd


def test_overtraining_costs_nothing_at_the_optimum_and_more_the_further_away():
    N, D = LAW.compute_optimal(1e23)
    ratios = (D / N) * np.array([1, 3, 10, 100])
    penalty = costs.overtraining_penalty(LAW, 1e23, ratios)
    assert penalty[0] == pytest.approx(0, abs=1e-12)
    assert (np.diff(penalty) > 0).all()


def test_the_multiplier_buys_back_the_loss():
    multiplier = costs.compute_multiplier(LAW, 1e23, 200.0)
    assert multiplier > 1
    lost = LAW.loss(*costs.at_tokens_per_param(1e23 * multiplier, 200.0))
    assert float(lost) == pytest.approx(float(LAW.loss(*LAW.compute_optimal(1e23))), rel=1e-9)


def test_prices_broadcast_over_devices():
    cost = costs.cost_of(np.array([1e22, 2e22]), A100, 8, 0.5, usd_per_gpu_hour=np.array([1.0, 3.0]))
    assert cost.usd[1] / cost.usd[0] == pytest.approx(6)


# --- contract --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"utilisation": 1.2}, "utilisation must be a share"),
        ({"utilisation": 0}, "utilisation must be positive"),
        ({"n_gpus": 0}, "n_gpus must be positive"),
        ({"C": -1}, "C must be positive"),
        ({"overhead": 0.9}, "PUE"),
        ({"kg_co2_per_kwh": -0.1}, "kg_co2_per_kwh"),
    ],
)
def test_values_out_of_range_are_refused_in_one_sentence(changes, sentence):
    with pytest.raises(ValueError, match=sentence):
        costs.cost_of(**{"C": 1e20, "device": A100, "n_gpus": 1, "utilisation": 0.5, **changes})


def test_money_needs_a_price():
    unpriced = Gpu("x", "X", 80e9, 2e12, 1e14, 300.0)
    with pytest.raises(ValueError, match="no price for X"):
        costs.flops_of_money(unpriced, 1000, 0.5)


def test_every_device_in_the_table_is_a_device():
    devices = [gpu(key) for key in labels()]
    assert len(devices) >= 12
    assert {d.id: d.peak_flops_per_s for d in devices}["a100_80gb"] == 312e12  # NVIDIA A100 data sheet, BF16 dense


def test_a_chart_of_rents_holds_one_seller_in_one_year():
    lists = price_lists()
    assert len(lists) >= 5 and next(iter(lists)) == "aws_ec2_2023"
    for key, name in lists.items():
        panel = Devices(price_list=key).panel()
        bases = panel.data["price_basis"]
        assert panel.data["source"].nunique() == 1 and bases.str.extract(r"\b(20\d\d)\b")[0].nunique() == 1
        assert panel.title.endswith(f" ({name})")


def test_a_run_took_about_as_much_only_within_a_factor_of_two():
    known = published_models()
    for C in np.geomspace(1e18, 1e27, 40):
        title = Budget(train_flops=float(C)).panel().title
        name = re.search(r"; (.+) took ", title)[1]
        row = known.set_index("model").loc[name]
        assert ("about as much" in title) == (0.5 <= row["computed_flops"] / C <= 2) and row["verified"] > 0
        if "about as much" not in title:
            assert title.endswith(f"took {format_flops(row['computed_flops'])}")
