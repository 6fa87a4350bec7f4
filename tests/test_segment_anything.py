"""Segment Anything: parameters and FLOPs against transformers and torch, the cost of a mask, the data set."""

import numpy as np
import pytest

from analysis import tables
from analysis.segment_anything import data as segment_anything_data
from analysis.segment_anything import decoder as decoding
from analysis.segment_anything import encoder as sam
from analysis.segment_anything import figures as segment_anything_figures
from analysis.segment_anything import figures_reported as segment_anything_figures_reported
from analysis.segment_anything.encoder import ImageEncoder

ENCODERS = segment_anything_data.encoders()
GLOBAL = {"ViT-B": [2, 5, 8, 11], "ViT-L": [5, 11, 17, 23], "ViT-H": [7, 15, 23, 31]}
TINY = ImageEncoder("tiny", 48, 3, 1, 4, 96, 32, 8, 3, 80)  # 10 patches a side, so that windows of 3 need padding


def built(encoder: ImageEncoder, global_layers: list[int]):
    """SamModel of transformers with the shape of an encoder, on the meta device."""
    import torch
    from transformers import SamConfig, SamModel

    vision = {
        "hidden_size": encoder.d_model,
        "num_hidden_layers": encoder.n_layers,
        "num_attention_heads": encoder.n_heads,
        "mlp_dim": encoder.d_ff,
        "output_channels": encoder.d_out,
        "patch_size": encoder.patch,
        "window_size": encoder.window,
        "image_size": encoder.resolution,
        "global_attn_indexes": global_layers,
    }
    with torch.device("meta"):
        model = SamModel._from_config(SamConfig(vision_config=vision), attn_implementation="eager")
    model.tie_weights()
    return model.eval().requires_grad_(False)


def counted_flops(run) -> int:
    """FLOPs that torch counts while run() runs on the meta device."""
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    with torch.no_grad(), torch.device("meta"), FlopCounterMode(display=False) as counter:
        run()
    return counter.get_total_flops()


def n_params(module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


# --- reference -------------------------------------------------------------------------------------------------------


@pytest.mark.models
@pytest.mark.parametrize("name", ENCODERS)
def test_every_part_has_the_parameters_that_transformers_builds(name):
    model, encoder = built(ENCODERS[name], GLOBAL[name]), ENCODERS[name]
    assert len(GLOBAL[name]) == encoder.n_global
    vision, parts = model.vision_encoder, sam.encoder_params(encoder)
    relative = sum(n_params(layer.attn) for layer in vision.layers) - parts["attention"]
    assert parts == {
        "patches": n_params(vision.patch_embed),
        "absolute positions": vision.pos_embed.numel(),
        "relative positions": relative,
        "attention": sum(n_params(layer.attn.qkv) + n_params(layer.attn.proj) for layer in vision.layers),
        "MLP": sum(n_params(layer.mlp) for layer in vision.layers),
        "norms": sum(n_params(layer.layer_norm1) + n_params(layer.layer_norm2) for layer in vision.layers),
        "neck": n_params(vision.neck),
    }
    decoder, prompt = decoding.decoder_params(), decoding.prompt_encoder_params()
    of = model.mask_decoder
    assert decoder == {
        "two-way blocks": n_params(of.transformer),
        "upscaling": n_params(of.upscale_conv1) + n_params(of.upscale_conv2) + n_params(of.upscale_layer_norm),
        "mask MLPs": n_params(of.output_hypernetworks_mlps),
        "quality head": n_params(of.iou_prediction_head),
        "output tokens": n_params(of.iou_token) + n_params(of.mask_tokens),
    }
    assert prompt == {
        "point and box embeddings": n_params(model.prompt_encoder.point_embed) + n_params(model.prompt_encoder.not_a_point_embed),
        "no-mask embedding": n_params(model.prompt_encoder.no_mask_embed),
        "mask convolutions": n_params(model.prompt_encoder.mask_embed),
        "Fourier frequencies": n_params(model.shared_image_embedding),
    }
    assert n_params(model) == sum(parts.values()) + sum(decoder.values()) + sum(prompt.values())


def test_the_totals_are_those_counted_elsewhere():
    # Counted with SamModel of transformers from the released configurations, by another program.
    known = {"ViT-B": (89_670_912, 93_735_728), "ViT-L": (308_278_272, 312_343_088), "ViT-H": (637_026_048, 641_090_864)}
    light = sum(decoding.decoder_params().values()) + sum(decoding.prompt_encoder_params().values())
    for name, (vision, total) in known.items():
        assert sum(sam.encoder_params(ENCODERS[name]).values()) == vision
        assert vision + light == total


def test_the_site_rounds_what_is_counted():
    # segment-anything.com, FAQ: 632M for the image encoder, 4M for prompt encoder and mask decoder.
    facts = segment_anything_data.facts()["value"]
    assert sum(sam.encoder_params(ENCODERS["ViT-H"]).values()) == pytest.approx(facts["image_encoder_params"], rel=0.01)
    light = sum(decoding.decoder_params().values()) + sum(decoding.prompt_encoder_params().values())
    assert round(light / 1e6) == facts["prompt_encoder_mask_decoder_params"] / 1e6


@pytest.mark.models
@pytest.mark.parametrize("name", ENCODERS)
def test_torch_counts_the_same_flops_for_the_released_encoders(name):
    import torch

    model = built(ENCODERS[name], GLOBAL[name])
    counted = counted_flops(lambda: model.vision_encoder(torch.empty(1, 3, 1024, 1024)))
    assert float(sam.total(sam.encoder_flops(ENCODERS[name]))) == counted


@pytest.mark.models
@pytest.mark.parametrize("window", [2, 3, 4, 10])
def test_torch_counts_the_same_flops_for_a_tiny_encoder_with_padding(window):
    import torch

    encoder = ImageEncoder(**{**TINY.__dict__, "window": window})
    model = built(encoder, [1])
    assert n_params(model.vision_encoder) == sum(sam.encoder_params(encoder).values())
    counted = counted_flops(lambda: model.vision_encoder(torch.empty(1, 3, 80, 80)))
    assert float(sam.total(sam.encoder_flops(encoder))) == counted


@pytest.mark.models
@pytest.mark.parametrize(("points", "box"), [(1, False), (3, False), (0, True), (2, True)])
def test_torch_counts_the_same_flops_for_a_prompt(points, box):
    import torch

    model = built(TINY, [1])  # the decoder is the released one; its grid is given by the embedding
    side = model.prompt_encoder.image_embedding_size[0]
    arguments = (
        {"input_points": torch.empty(1, 1, points, 2, device="meta"), "input_labels": torch.ones(1, 1, points, device="meta")}
        if points
        else {}
    )
    if box:
        arguments["input_boxes"] = torch.empty(1, 1, 4, device="meta")
    with torch.device("meta"):
        grid = counted_flops(model.get_image_wide_positional_embeddings)
    counted = counted_flops(lambda: model(image_embeddings=torch.empty(1, 256, side, side), **arguments))
    tokens = decoding.prompt_tokens(points, box)
    ours = float(decoding.prompt_encoder_flops(tokens) + sam.total(decoding.decoder_flops(side, tokens)))
    assert ours == counted - grid


def test_sa_1b_is_as_much_larger_as_the_paper_says():
    # kirillov2023 Section 5: 11 times the images and 400 times the masks of Open Images; about 100 masks an image.
    rows, facts = tables.load("segment_anything_datasets").set_index("dataset"), segment_anything_data.facts()["value"]
    ratio = rows.loc["SA-1B"][["n_images", "n_masks"]] / rows.loc["Open Images"][["n_images", "n_masks"]]
    assert ratio["n_images"] == facts["sa1b_vs_open_images_images"]
    assert ratio["n_masks"] == pytest.approx(facts["sa1b_vs_open_images_masks"], rel=0.05)
    assert rows.loc["SA-1B", "n_masks"] / rows.loc["SA-1B", "n_images"] == facts["sa1b_masks_per_image"]
    stages = facts[[f"engine_stage{number}_masks" for number in (1, 2, 3)]]
    assert stages.iloc[2] / stages.sum() * 100 == pytest.approx(facts["sa1b_automatic_share"], abs=0.1)


def test_the_wins_over_ritm_are_those_of_the_text():
    # kirillov2023 Section 7.1: ahead on 16 of 23 data sets.
    panel = segment_anything_figures_reported.AgainstRitm().panel()
    assert "16 of 23" in panel.title
    values = panel.data["iou_difference"]
    assert len(values) == 23 and (values > 0).sum() == segment_anything_data.facts().loc["wins_vs_ritm", "value"]


def test_training_energy_follows_from_hours_and_power():
    # kirillov2023 Appendix F: 256 A100 for 68 hours, 6,963 kWh, which is 400 W each, the board power of the table.
    facts = segment_anything_data.facts()["value"]
    power = tables.load("gpus").set_index("id").loc["a100_80gb", "power_w"]
    assert facts["training_gpus"] * facts["training_hours"] * power / 1000 == pytest.approx(facts["training_energy"], rel=1e-3)


# --- property --------------------------------------------------------------------------------------------------------


def test_a_window_as_large_as_the_image_is_global_attention():
    encoder = ENCODERS["ViT-B"]
    whole = sam.total(sam.encoder_flops(encoder, n_global=encoder.n_layers))
    assert float(sam.total(sam.encoder_flops(encoder, window=encoder.side))) == float(whole)


def test_global_attention_grows_with_the_fourth_power_and_windows_with_the_second():
    encoder = ENCODERS["ViT-H"]
    sides = np.array([16 * 14 * 8, 16 * 14 * 16])  # whole windows
    growth = {}
    for n_global in (0, encoder.n_layers):
        flops = sam.encoder_flops(encoder, sides, n_global=n_global)["attention"]
        growth[n_global] = flops[1] / flops[0]
    assert growth == {0: 4.0, encoder.n_layers: 16.0}


def test_windows_save_more_the_larger_the_image():
    encoder = ENCODERS["ViT-H"]
    sides = np.arange(1024, 4097, 1024)
    saved = sam.total(sam.encoder_flops(encoder, sides, n_global=encoder.n_layers)) / sam.total(sam.encoder_flops(encoder, sides))
    assert (np.diff(saved) > 0).all() and saved[0] > 1


def test_padding_is_what_windows_of_14_cost_more_than_windows_of_16():
    encoder = ENCODERS["ViT-H"]
    assert float(sam.padded_side(64, 14)) == 70 and float(sam.padded_side(64, 16)) == 64
    assert float(sam.total(sam.encoder_flops(encoder, window=16))) < float(sam.total(sam.encoder_flops(encoder)))


def test_the_cost_of_a_mask_falls_to_that_of_a_prompt():
    flops = sam.flops_per_mask(1e12, 1e9, np.array([1, 10, 1000, 1e9]))
    assert (np.diff(flops) < 0).all()
    assert flops[0] == pytest.approx(1.001e12) and flops[-1] == pytest.approx(1e9, rel=1e-2)
    even = sam.break_even(1e12, 1e9)
    assert float(sam.flops_per_mask(1e12, 1e9, even)) == pytest.approx(2e9)
    assert float(sam.flops_per_mask(1e12, 1e9, 10, 3)) * 3 == pytest.approx(float(sam.flops_per_mask(1e12, 1e9, 10)))


def test_the_utilisation_of_the_site_gives_its_time_back():
    gpu = tables.load("gpus").set_index("id").loc[segment_anything_data.MEASURED_ON, "peak_flops_per_s"]
    seconds = segment_anything_data.encoding_flops("ViT-H") / (gpu * segment_anything_data.site_utilisation())
    assert seconds == pytest.approx(0.15)
    assert 0.1 < segment_anything_data.site_utilisation() < 0.2


# --- contract --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: sam.encoder_flops(TINY, resolution=81), "multiple of the patch, 8 pixels"),
        (lambda: sam.encoder_flops(TINY, n_global=4), "between 0 and the 3 layers"),
        (lambda: sam.encoder_flops(TINY, window=0), "window must be positive"),
        (lambda: sam.flops_per_mask(1e12, 1e9, 0), "prompts must be positive"),
        (lambda: decoding.prompt_tokens(0), "at least one point or a box"),
        (lambda: decoding.decoder_flops(-1, 2), "side must be positive"),
        (lambda: segment_anything_figures.PerMask(mask_cost="days"), "Show must be one of flops, seconds"),
        (lambda: segment_anything_figures_reported.Regions(countries_by="planet"), "must be one of region, income"),
        (lambda: segment_anything_figures_reported.Transfer(transfer_task="chess"), "Task must be one of"),
    ],
)
def test_bad_input_is_named(call, sentence):
    with pytest.raises(ValueError, match=sentence):
        call()


def test_shares_by_region_and_by_income_add_up():
    sums = tables.load("segment_anything_regions").groupby(["kind", "dataset"])["share"].sum()
    assert len(sums) == 6
    assert sums.between(98, 101).all(), sums.to_dict()
