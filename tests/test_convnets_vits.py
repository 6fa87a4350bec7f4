"""ConvNets against vision transformers: counts from shapes, reported runs, and power laws."""

from dataclasses import replace

import numpy as np
import pytest

from analysis import statistics, tables
from analysis.convnets_vits import data as convnets_vits_data
from analysis.convnets_vits import equal_compute
from analysis.convnets_vits import figures as convnets_vits_figures
from analysis.convnets_vits import figures_shapes as convnets_vits_figures_shapes
from analysis.convnets_vits import shapes as convnets_vits_shapes
from analysis.convnets_vits.shapes import NfnetShape, VitShape, count_nfnet, count_vit

F0 = NfnetShape((256, 512, 1536, 1536), (1, 2, 6, 3))
TINY_PLUS = NfnetShape((384, 768, 2048, 2048), (1, 1, 2, 1), n_classes=7)


def counted_by_torch(model, *inputs) -> tuple[int, int]:
    """(parameters, FLOPs) of a torch module on the meta device, as torch's own counter sees them."""
    from torch.utils.flop_counter import FlopCounterMode

    with FlopCounterMode(display=False) as counter:
        model(*inputs)
    return sum(p.numel() for p in model.parameters()), counter.get_total_flops()


# --- reference: other programs count ------------------------------------------------------------------------------------


@pytest.mark.models
@pytest.mark.parametrize("resolution", [224, 336])
@pytest.mark.parametrize("model", ["ViT-B/16", "ViT-L/16", "ViT-H/14", "ViT-g/14", "ViT-G/14"])
def test_a_vit_has_the_parameters_and_flops_of_transformers(model, resolution):
    import torch
    from transformers import ViTConfig, ViTModel

    shape = replace(convnets_vits_data.known_shapes()[model], pooling="class token")
    config = ViTConfig(
        hidden_size=shape.d_model,
        num_hidden_layers=shape.n_layers,
        num_attention_heads=shape.n_heads,
        intermediate_size=shape.d_ff,
        image_size=resolution,
        patch_size=shape.patch_size,
        attn_implementation="eager",
    )
    with torch.device("meta"):
        held = counted_by_torch(ViTModel(config, add_pooling_layer=False), torch.empty(1, 3, resolution, resolution))
    ours = count_vit(shape, resolution)
    assert (ours.n_params, ours.flops) == held


@pytest.mark.models
@pytest.mark.parametrize("resolution", [224, 384])
def test_a_vit_with_attention_pooling_is_siglips(resolution):
    import torch
    from transformers import SiglipVisionConfig, SiglipVisionModel

    shape = convnets_vits_data.known_shapes()["SoViT-400m/14"]
    config = SiglipVisionConfig(
        hidden_size=shape.d_model,
        num_hidden_layers=shape.n_layers,
        num_attention_heads=shape.n_heads,
        intermediate_size=shape.d_ff,
        image_size=resolution,
        patch_size=shape.patch_size,
        attn_implementation="eager",
    )
    with torch.device("meta"):
        held = counted_by_torch(SiglipVisionModel(config).eval(), torch.empty(1, 3, resolution, resolution))
    ours = count_vit(shape, resolution)
    assert shape.pooling == "attention"
    assert (ours.n_params, ours.flops) == held


def torch_nfnet(shape: NfnetShape):
    """An NFNet of plain torch layers, with a gain for every output of a convolution."""
    import torch
    from torch import nn

    class Scaled(nn.Module):
        """A convolution with bias and a learned gain."""

        def __init__(self, inputs, outputs, kernel, stride=1, groups=1):
            super().__init__()
            self.conv = nn.Conv2d(inputs, outputs, kernel, stride, padding=kernel // 2, groups=groups)
            self.gain = nn.Parameter(torch.ones(outputs, 1, 1))

        def forward(self, x):
            return self.conv(x) * self.gain

    class Block(nn.Module):
        def __init__(self, inputs, outputs, stride):
            super().__init__()
            groups = outputs // 2 // 128
            inner = 128 * groups
            self.down, self.first = Scaled(inputs, inner, 1), Scaled(inner, inner, 3, stride, groups)
            self.second, self.up = Scaled(inner, inner, 3, 1, groups), Scaled(inner, outputs, 1)
            self.shortcut = Scaled(inputs, outputs, 1) if stride > 1 or inputs != outputs else None
            self.squeeze, self.excite = nn.Linear(outputs, outputs // 2), nn.Linear(outputs // 2, outputs)
            self.pool, self.skip = nn.AvgPool2d(2) if stride > 1 else nn.Identity(), nn.Parameter(torch.zeros(()))

        def forward(self, x):
            aside = self.shortcut(self.pool(x)) if self.shortcut else x
            out = self.up(self.second(self.first(self.down(x).relu()).relu()).relu())
            scale = self.excite(self.squeeze(out.mean((2, 3))).relu()).sigmoid()
            return aside + out * scale[:, :, None, None] * self.skip

    widths = shape.widths
    layers = [Scaled(3, 16, 3, 2), Scaled(16, 32, 3), Scaled(32, 64, 3), Scaled(64, widths[0] // 2, 3, 2)]
    channels = widths[0] // 2
    for stage, (width, depth) in enumerate(zip(widths, shape.depths, strict=True)):
        for block in range(depth):
            layers.append(Block(channels, width, 2 if stage and not block else 1))
            channels = width
    layers += [Scaled(channels, 2 * channels, 1), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(2 * channels, shape.n_classes)]
    return nn.Sequential(*layers)


@pytest.mark.models
@pytest.mark.parametrize(("shape", "resolution"), [(F0, 192), (F0, 256), (replace(F0, depths=(2, 4, 12, 6)), 224), (TINY_PLUS, 96)])
def test_an_nfnet_has_the_parameters_and_flops_of_one_built_of_torch_layers(shape, resolution):
    import torch

    with torch.device("meta"):
        held = counted_by_torch(torch_nfnet(shape), torch.empty(1, 3, resolution, resolution))
    ours = count_nfnet(shape, resolution)
    assert (ours.n_params, ours.flops) == held


# brock2021 Table 3: parameters in millions, and multiply-adds in billions at the test resolution.
PRINTED = [
    (71.5, 12.38, 256),
    (132.6, 35.54, 320),
    (193.8, 62.59, 352),
    (254.9, 114.76, 416),
    (316.1, 215.24, 512),
    (377.2, 289.76, 544),
    (438.4, 377.28, 576),
]


@pytest.mark.parametrize(("number", "printed"), list(enumerate(PRINTED)))
def test_nfnets_come_out_to_the_last_printed_digit(number, printed):
    shape = replace(convnets_vits_data.known_shapes()[f"NFNet-F{number}"], n_classes=1000)
    held = count_nfnet(shape, printed[2])
    assert (round(held.n_params / 1e6, 1), round(held.multiply_adds / 1e9, 2)) == printed[:2]


def test_the_giant_vits_fit_their_printed_sizes_without_the_pooling_layer():
    # zhai2021 Table 2: 1,011M and 1,843M parameters; 533.1 and 965.3 GFLOPs at 224 pixels.
    for model, params, flops in (("ViT-g/14", 1011, 533.1), ("ViT-G/14", 1843, 965.3)):
        held = count_vit(convnets_vits_data.known_shapes()[model], 224)
        assert round(count_vit(replace(convnets_vits_data.known_shapes()[model], pooling="mean"), 224).n_params / 1e6) == params
        assert held.flops / 1e9 == pytest.approx(flops, rel=2e-3)


def test_every_published_count_is_near_ours():
    rows = convnets_vits_data.compared()
    assert len(rows) == 22
    assert rows["ratio"].between(0.975, 1.026).all()
    nfnets = rows[rows["model"].str.startswith("NFNet")]
    assert len(nfnets) == 14 and nfnets["ratio"].between(0.9995, 1.0005).all()


# --- property -------------------------------------------------------------------------------------------------------------


def test_the_rule_for_depth_and_width_of_the_paper_holds():
    # smith2023 section 2: F7 is twice as deep as F3, F3 as F1, F1 as F0, at equal width; F3+ and F7+ are wider, not deeper.
    shapes = convnets_vits_data.known_shapes()
    f0, f1, f3, f7 = (shapes[f"NFNet-F{n}"] for n in (0, 1, 3, 7))
    assert [tuple(2 * d for d in shape.depths) for shape in (f0, f1, f3)] == [shape.depths for shape in (f1, f3, f7)]
    for plain, plus in ((f3, shapes["NFNet-F3+"]), (f7, shapes["NFNet-F7+"])):
        assert plain.depths == plus.depths and all(a < b for a, b in zip(plain.widths, plus.widths, strict=True))


def test_convolutions_cost_in_proportion_to_the_pixels_and_attention_more():
    small, large = count_nfnet(replace(F0, n_classes=0), 256), count_nfnet(replace(F0, n_classes=0), 512)
    assert small.n_params == large.n_params
    assert large.flops / small.flops == pytest.approx(4, rel=2e-3)  # squeeze-and-excite does not grow
    vit = convnets_vits_data.known_shapes()["ViT-L/16"]
    assert count_vit(vit, 1024).flops / count_vit(vit, 512).flops > 4.4


def test_images_and_utilisation_undo_each_other():
    images = equal_compute.images_paid(1e5, 137.5e12, 0.37, 6e11)
    assert equal_compute.utilisation(6e11, images, 1e5, 137.5e12) == pytest.approx(0.37)


def test_the_largest_nfnet_used_about_a_third_of_its_peak():
    # smith2023: 8 epochs of 4 billion images at 224 pixels in 110k TPU v4 core hours; a chip of two cores makes 275 TFLOP/s.
    flops = 3 * 2 * count_nfnet(convnets_vits_data.known_shapes()["NFNet-F7+"], 224).multiply_adds * 8 * 4e9
    assert convnets_vits_data.reached() == pytest.approx(flops / (110_000 * 3600 * 275e12 / 2))
    assert 0.3 < convnets_vits_data.reached() < 0.4


def test_the_interval_of_a_share_is_wilsons():
    # wilson1927's interval for 10 of 20 at 95%: centre 1/2, half width z / (2 sqrt(n + z^2)).
    z = statistics.normal_quantile(0.95)
    low, high = statistics.wilson_interval(0.5, 20)
    assert (float(low), float(high)) == pytest.approx((0.5 - z / 2 / np.sqrt(20 + z**2), 0.5 + z / 2 / np.sqrt(20 + z**2)))
    low, high = statistics.wilson_interval(0.0, 10)
    assert float(low) == pytest.approx(0, abs=1e-12) and 0.2 < float(high) < 0.4


# --- recovery ---------------------------------------------------------------------------------------------------------------


def test_a_planted_power_law_is_found_again():
    x = np.geomspace(400, 110_000, 40)
    law = equal_compute.fit_power_law(x, 4.1 * x**-0.045)
    assert (law.constant, law.exponent) == pytest.approx((4.1, -0.045))
    rng = np.random.default_rng(0)
    inside = 0
    for _ in range(300):
        noisy = equal_compute.fit_power_law(x[::5], 4.1 * x[::5] ** -0.045 * np.exp(rng.normal(0, 0.01, 8)))
        inside += noisy.low <= -0.045 <= noisy.high
    assert 0.91 <= inside / 300 <= 0.985


def test_two_points_have_a_line_and_no_interval():
    law = equal_compute.fit_power_law([1.0, 10.0], [3.0, 1.0])
    assert law.exponent == pytest.approx(np.log10(1 / 3)) and law.low == -np.inf and law.high == np.inf


# --- the reported runs ------------------------------------------------------------------------------------------------------


def test_the_reported_runs_are_those_of_the_paper():
    rows = convnets_vits_data.reported().set_index("model")
    assert len(rows) == 5
    assert rows.loc["NFNet-F7+", ["error", "hours_v4", "hours_v3"]].tolist() == [9.7, 110e3, 250e3]
    assert rows.loc["NFNet-F7+ (repeated augmentation)", ["error", "hours_v4"]].tolist() == [9.6, 110e3]
    assert rows.loc["ViT-G/14", ["error", "hours_v4", "hours_v3"]].tolist() == [9.55, 280e3, 500e3]


def test_equal_compute_is_a_tie_that_the_test_images_cannot_break():
    pairs = equal_compute.differences(convnets_vits_data.reported(), "hours_v4", 1.5, 50_000)
    assert len(pairs) == 4 and not pairs["tells"].any()
    assert set(pairs["vit"]) == {"ViT-g/14", "SoViT-400m/14"}
    wide = equal_compute.differences(convnets_vits_data.reported(), "hours_v4", 5, 50_000)
    assert len(wide) == 6
    assert len(equal_compute.differences(convnets_vits_data.reported(), "hours_v4", 1.0, 50_000)) == 0


def test_who_is_cheaper_depends_on_the_device():
    rows = convnets_vits_data.reported().set_index("model")
    assert rows.loc["NFNet-F7+", "hours_v4"] < rows.loc["ViT-g/14", "hours_v4"]
    assert rows.loc["NFNet-F7+", "hours_v3"] > rows.loc["ViT-g/14", "hours_v3"]


def test_no_fact_of_the_vision_papers_is_without_a_value():
    facts = equal_compute.facts(tables.load("convnets_facts"))
    assert len(facts) >= 20 and facts["compute_budget_max"] == 110_000 and facts["jft4b_images"] == 4e9


# --- contract ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: VitShape(16, 768, 12, 3072, 12, "max"), "pooling must be"),
        (lambda: VitShape(16, 768, 12, 3072, 13), "n_heads must divide"),
        (lambda: NfnetShape((256, 512, 1536), (1, 2, 6)), "four numbers"),
        (lambda: NfnetShape((128, 512, 1536, 1536), (1, 2, 6, 3)), "at least 256"),
        (lambda: count_vit(VitShape(16, 768, 12, 3072, 12), 8), "at least one patch"),
        (lambda: count_nfnet(F0, 16), "at least 32"),
        (lambda: equal_compute.images_paid(1.0, 1.0, 1.5, 1.0), "share must be"),
        (lambda: equal_compute.fit_power_law([1.0, 1.0], [1.0, 2.0]), "two different x"),
        (lambda: equal_compute.fit_power_law([1.0, -1.0], [1.0, 2.0]), "positive"),
        (lambda: equal_compute.differences(convnets_vits_data.reported(), "hours_v4", 0.5, 50_000), "factor must be"),
        (lambda: equal_compute.read_points("1000"), "two numbers"),
        (lambda: equal_compute.read_points("1000 x"), "two numbers"),
        (lambda: equal_compute.read_points("1000 -2"), "must be positive"),
        (lambda: equal_compute.read_points("1 1;" * 201), "at most 200"),
        (lambda: statistics.wilson_interval(1.2, 10), "share must be"),
        (lambda: statistics.wilson_interval(0.5, 0), "n must be above 0"),
        (lambda: statistics.normal_quantile(1.0), "level must be"),
        (lambda: convnets_vits_figures_shapes.ByResolution(image_models=()), "at least 1 of"),
    ],
)
def test_what_cannot_be_used_is_refused_in_one_sentence(call, sentence):
    with pytest.raises(ValueError, match=sentence):
        call()


def test_readings_of_the_reader_are_fitted_and_named_in_the_title():
    points = equal_compute.read_points("1,000 2.85; 1e4: 2.62;\n100000 2.42 ;")
    assert points.to_numpy().tolist() == [[1000, 2.85], [1e4, 2.62], [1e5, 2.42]]
    panel = convnets_vits_figures.Loss(loss_readings="1,000 2.85; 1e4: 2.62;\n100000 2.42 ;").panel()
    assert "3 readings" in panel.title and "-0.0355" in panel.title


def test_the_page_fits_points_from_its_address_and_names_bad_ones():
    from tests.test_pages import charts, fine, open_page, titles

    app = open_page("convnets_vits", section="loss", loss_readings="1000 2.85; 10000 2.62; 100000 2.42")
    assert fine(app) and any("3 readings" in title for title in titles(app))
    app = open_page("convnets_vits", section="loss", loss_readings="1000 <b>")
    assert not app.exception and "two numbers" in app.warning[0].value
    assert len(charts(app)) == 1


def test_points_are_typed_on_the_page_and_bad_ones_stay_to_be_mended():
    from tests.test_pages import fine, open_page, titles

    app = open_page("convnets_vits", section="loss")
    key = "convnets_vits/loss:loss_readings"
    app.text_input(key=key).set_value("1000 2.85; 10000 2.62").run()
    assert fine(app) and any("2 readings" in title for title in titles(app))
    app.text_input(key=key).set_value("1000 2.85; 10000").run()
    assert "two numbers" in app.error[0].value and app.text_input(key=key).value == "1000 2.85; 10000"
    assert any("2 readings" in title for title in titles(app))
    app.text_input(key=key).set_value("").run()
    assert fine(app) and any("axes of the paper's loss plot" in title for title in titles(app))


def test_training_takes_three_forward_passes():
    assert float(convnets_vits_shapes.training_flops_per_image(2.0)) == 6.0
