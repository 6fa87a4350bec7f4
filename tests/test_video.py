"""Video generation: intervals of win rates, the votes behind them, one ranking, and the cost of three ways."""

import numpy as np
import pandas as pd
import pytest

from analysis import statistics, tables
from analysis.video import cost as costs
from analysis.video import data as video_data
from analysis.video import figures as video_figures
from analysis.video import figures_cost as video_figures_cost
from analysis.video import figures_marks as video_figures_marks
from analysis.video import figures_ranking as video_figures_ranking
from analysis.video import figures_scores as score_figures
from analysis.video import win_rates
from analysis.video.cost import Denoiser, Generation

FACTS = video_data.facts()["value"]
IMAGE, VIDEO = video_data.denoisers("emu")


# --- reference -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("won", "n", "low", "high"), [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)]
)
def test_wilsons_interval_is_the_one_of_scipy_and_of_newcombe(won, n, low, high):
    # Newcombe 1998, Statistics in Medicine 17, Table I, method 3 (the score interval without continuity correction).
    from scipy.stats import binomtest

    ours = [float(edge) for edge in statistics.wilson_interval(won / n, n)]
    theirs = binomtest(won, n).proportion_ci(0.95, "wilson")
    assert ours == pytest.approx([theirs.low, theirs.high], abs=1e-12)
    assert ours == pytest.approx([low, high], abs=5e-5)


def test_the_bars_average_to_the_printed_mean():
    # girdhar2023 Section 4.2: 91.8% in quality on average, over the eight bars without ModelScope; Appendix: 93.8% at original sizes.
    for which, key in (("equal", "emu_avg_win_rate_quality"), ("original", "emu_avg_win_rate_quality_original_dims")):
        rows = video_data.chosen(which)
        rows = rows[(rows["criterion"] == "quality") & (rows["second"] != "ModelScope")]
        assert len(rows) == 8
        assert rows["value"].mean() == pytest.approx(FACTS[key], abs=0.06)


def test_the_sizes_of_emu_video_add_up():
    # girdhar2023 Section 4.2: 2.7 B + 2 x 1.7 B, about 6 B.
    total = FACTS["emu_spatial_params_frozen"] + FACTS["emu_diffusion_models"] * FACTS["emu_temporal_params_trainable"]
    assert total == pytest.approx(FACTS["emu_total_params"], rel=0.02)
    assert VIDEO.n_params == pytest.approx(4.4e9)


def test_durations_follow_from_frames_and_rates():
    # girdhar2023 Table 8 prints all three.
    rows = tables.load("video_systems")
    assert len(rows) == 10
    assert (rows["frames"] / rows["fps"]).to_numpy() == pytest.approx(rows["seconds"].to_numpy(), abs=0.01)


def test_the_printed_shares_are_nearly_whole_numbers_of_prompts():
    rows = video_data.reported().dropna(subset=["n"])
    _, gap = win_rates.nearest_votes(rows["value"].to_numpy(), rows["n"].to_numpy())
    assert len(rows) == 66
    assert (gap <= win_rates.ROUNDED).sum() == 51 and gap.max() < 0.15


def test_two_comparisons_of_gen_2_imply_the_third():
    # girdhar2023 Table 5: Emu Video beats Gen-2 on 78.5% and Gen-2 I2V on 72.3%; Gen-2 beats Gen-2 I2V on 41.5% in quality.
    implied = float(win_rates.implied_share(1 - 0.785, 1 - 0.723))
    assert implied == pytest.approx(0.415, abs=0.005)


def test_a_ranking_of_two_systems_is_their_log_odds():
    rows = pd.DataFrame({"first": ["a"], "second": ["b"], "share": [0.9], "n": [1000.0]})
    table = win_rates.ranking(rows, added=1e-9, n_resamples=50)
    assert table["rating"].tolist() == pytest.approx([0, -400 * np.log10(9)])


# --- property --------------------------------------------------------------------------------------------------------


def test_intervals_hold_the_share_narrow_with_votes_and_mirror():
    share, n = np.linspace(0, 1, 21), 65
    low, high = statistics.wilson_interval(share, n)
    assert ((low <= share + 1e-12) & (share <= high + 1e-12) & (low >= 0) & (high <= 1)).all()
    assert low == pytest.approx(1 - high[::-1])
    more = statistics.wilson_interval(share, 650)
    assert (more[1] - more[0] < high - low).all()


def test_fewest_prompts_are_the_edge():
    for share in (0.6, 0.75, 1.0):
        n = int(win_rates.prompts_for(share))
        assert float(statistics.wilson_interval(share, n)[0]) > 0.5 >= float(statistics.wilson_interval(share, n - 1)[0])
    assert np.isnan(win_rates.prompts_for(0.5))


def test_intervals_hold_the_truth_as_often_as_they_say():
    rng = np.random.default_rng(0)
    seen = rng.binomial(65, 0.85, 20_000) / 65
    low, high = statistics.wilson_interval(seen, 65)
    assert 0.93 < ((low <= 0.85) & (0.85 <= high)).mean() < 0.97


def test_two_stages_of_generation_cost_what_their_tokens_say():
    # A denoiser without attention: FLOPs are 2 N tokens a step, whatever the way.
    blind = Denoiser(1e9, 0.0, 0.0)
    for tokens, flops in costs.stages(Generation(steps=10), 65, blind, blind).values():
        assert float(flops) == pytest.approx(10 * 2e9 * float(tokens))


def test_latent_space_saves_the_square_of_the_compression_in_tokens():
    found = costs.by_way(costs.stages(Generation(compression=8), np.array([16, 65]), IMAGE, VIDEO))
    ratio = found["directly in pixels"][0] / found["directly in latent space"][0]
    assert ratio == pytest.approx([64, 64])


def test_image_first_costs_more_than_latent_space_unless_the_gaps_are_filled_apart():
    for attention, interpolation, cheaper in (
        ("separate", "clip", False),
        ("separate", "gaps", False),
        ("joint", "clip", False),
        ("joint", "gaps", True),
    ):
        found = costs.by_way(costs.stages(Generation(attention=attention, interpolation=interpolation), 65, IMAGE, VIDEO))
        assert (float(found["image first"][1]) < float(found["directly in latent space"][1])) == cheaper


def test_without_interpolation_image_first_is_the_video_and_one_image():
    found = costs.stages(Generation(key_frames=65), 65, IMAGE, VIDEO)
    first = {stage: float(parts[0]) for (way, stage), parts in found.items() if way == "image first"}
    assert first["interpolation"] == 0 and first["key frames"] == float(found[("directly in latent space", "whole video")][0])


def test_a_denoiser_has_the_parameters_it_was_asked_for():
    for n_params in (1e8, 2.7e9, 4.4e9):
        shape = Denoiser.of_size(n_params)
        assert 12 * shape.n_layers * shape.d_model**2 == pytest.approx(n_params)
        assert shape.d_model == pytest.approx(costs.ASPECT * shape.n_layers)


# --- recovery --------------------------------------------------------------------------------------------------------


def test_planted_strengths_are_found_again():
    strengths = {"a": 0.0, "b": -100.0, "c": -250.0, "d": -600.0}
    pairs = [("a", "b"), ("a", "c"), ("a", "d"), ("b", "c")]
    share = [1 / (1 + 10 ** ((strengths[second] - strengths[first]) / 400)) for first, second in pairs]
    rows = pd.DataFrame({"first": [p[0] for p in pairs], "second": [p[1] for p in pairs], "share": share, "n": 1e6})
    table = win_rates.ranking(rows, added=0.5, n_resamples=100).set_index("model")
    assert table["rating"].to_dict() == pytest.approx(strengths, abs=0.5)
    assert (table["low"] <= table["rating"]).all() and (table["rating"] <= table["high"]).all()


def test_planted_votes_are_found_again():
    for n in (75, 79, 87, 113):
        counts = np.array([n // 2, n // 3, n - n // 2 - n // 3])
        printed = np.round(100 * counts / n, 2)
        assert n % win_rates.fewest_votes(printed.tolist(), tolerance=0.0051) == 0
    assert win_rates.fewest_votes([50.01, 49.98], largest=100) is None


def test_the_driving_study_has_fewer_votes_than_raters_times_videos():
    # blattmann2023 driving user study: 4 raters and 100 videos; the shares fit 75, 87 and 79 votes.
    fewest = [win_rates.fewest_votes(part["value"].tolist()) for _, part in video_data.study().groupby("pair", sort=False)]
    assert fewest == [75, 87, 79]


# --- contract --------------------------------------------------------------------------------------------------------


def test_every_comparison_names_both_sides():
    rows = video_data.reported()
    assert len(rows) == 67 and rows["n"].isna().sum() == 1
    assert set(rows["criterion"]) == set(win_rates.CRITERIA)
    assert rows["share"].between(0, 1).all() and (rows["first"] != rows["second"]).all()
    assert rows["set"].notna().all()
    assert {
        "Pika Labs",
        "Gen-2",
        "CogVideo",
        "Reuse & Diffuse",
        "PYOCO",
        "Align Your Latents",
        "Imagen Video",
        "Make-A-Video",
        "ModelScope",
    } == set(video_data.chosen("equal")["second"])


@pytest.mark.parametrize("which", video_data.SETS)
def test_every_set_of_comparisons_is_drawn_with_its_intervals(which):
    figure = video_figures.OtherWinRates() if which == "other" else video_figures.WinRates(comparisons=which)
    panel = figure.panel()
    rows = panel.data[panel.data["win_share_low"].notna()]
    assert len(rows) >= 7 and len(panel.title) < 150
    assert ((rows["win_share_low"] <= rows["win_share"]) & (rows["win_share"] <= rows["win_share_high"])).all()
    assert (rows["status"] == "what_if").sum() == (1 if which == "other" else 0)


@pytest.mark.slow
@pytest.mark.parametrize("which", video_data.RANKED)
@pytest.mark.parametrize("criterion", video_figures_marks.COLORS)
def test_every_ranking_has_emu_video_first(which, criterion):
    panel = video_figures_ranking.Ranking(comparisons=which, criterion=criterion).panel()
    assert panel.data["model"].iloc[0] == "Emu Video" and panel.data["rating"].iloc[0] == 0
    assert panel.data["rating"].is_monotonic_decreasing and len(panel.title) < 150


@pytest.mark.parametrize("which", score_figures.ABLATIONS)
def test_every_table_of_driving_videos_is_drawn(which):
    assert len(score_figures.Driving(driving_table=which).panel().title) < 150


def test_what_is_open_is_imagen_video_in_faithfulness():
    assert video_data.headline() == (17, 18, "Imagen Video in faithfulness", 23)


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: statistics.wilson_interval(1.2, 10), "share must be between 0 and 1"),
        (lambda: statistics.wilson_interval(0.5, 0), "n must be above 0"),
        (lambda: statistics.wilson_interval(0.5, 10, 1.0), "level must be between 0 and 1"),
        (lambda: win_rates.ranking(video_data.chosen("equal"), added=0), "added must be positive"),
        (lambda: video_data.chosen("none"), "which must be one of"),
        (lambda: video_data.ranked_rows("design", "quality"), "which must be one of equal, original, animated"),
        (lambda: score_figures.Driving(driving_table="boats"), "must be one of rds_ablation"),
        (lambda: costs.attention_pairs(4, 4, "none"), "attention must be one of separate, joint"),
        (lambda: Generation(interpolation="none"), "interpolation must be one of clip, gaps"),
        (lambda: Generation(key_frames=0), "key_frames must be positive"),
        (lambda: costs.tokens_per_frame(512, 0, 2), "compression must be positive"),
        (lambda: video_data.denoisers("huge"), "sizes must be one of emu, equal"),
        (lambda: video_figures_cost.Frames(generation_cost="joules"), "Show must be one of tokens, flops"),
    ],
)
def test_bad_input_is_named(call, sentence):
    with pytest.raises(ValueError, match=sentence):
        call()
