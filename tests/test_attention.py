"""Caches, masks and bounds, held against what papers print and against counting by hand."""

import json

import numpy as np
import pytest

from analysis import gpus, tables
from analysis.attention import data as attention_data
from analysis.attention import latency, variants
from analysis.attention import window as attention_window
from analysis.attention.figures import Cache, Mask, Reach
from analysis.attention.figures_ablation import Ablation
from analysis.attention.figures_latency import Prefill, Roofline
from analysis.transformer import count_params, forward_flops, kv_cache_bytes, shape_of_model, transformer_shape
from analysis.transformer import model as models
from pages.components import model_field
from tests.test_model_field import TINY, FakeJob, FakeWorker, exact
from tests.test_pages import charts, fine, open_page, titles

MODELS = tables.load("models")
A100 = latency.Device.of(gpus.gpu("a100_80gb"))


def model(name):
    return shape_of_model(name, MODELS)


def test_llama_2_7b_caches_2_gib_at_4096_tokens():
    # keys and values x layers x heads x head_dim x tokens x bytes
    assert kv_cache_bytes(model("Llama 2 7B"), 4096) == 2 * 32 * 32 * 128 * 4096 * 2 == 2 * 2**30


def test_grouped_queries_make_the_cache_of_llama_2_70b_an_eighth():
    llama = model("Llama 2 70B")
    assert kv_cache_bytes(llama, 4096) == 2 * 80 * 8 * 128 * 4096 * 2
    kinds = variants.variants(llama, 8, 4096)
    assert variants.saving(llama, kinds["mha"], 4096) == 8 and variants.saving(llama, kinds["gqa"], 4096) == 1
    assert variants.saving(llama, kinds["mqa"], 4096) == 1 / 8
    panel = Cache(model="llama-2-70b", context_len=4096).panel()
    assert "caches 1.34 GB, 1/8 of the 10.7 GB" in panel.title


def test_the_window_of_mistral_saves_8_times_at_32k_as_printed():
    # [jiang2023] section 2: "reduces the cache memory usage by 8x" at 32k
    printed = tables.load("attention_reported").set_index("quantity").loc["rolling_cache_saving", "value"]
    mistral = model("Mistral 7B")
    open_ended = variants.with_attention(mistral, lambda own: variants.with_window(own, None))
    assert variants.saving(mistral, open_ended, 32_768) == printed == 8


def test_the_latent_of_deepseek_v2_is_as_small_as_2_25_groups():
    # [deepseek2024v2] Table 1: d_c = 4 d_h, d_h^R = d_h / 2, "equal to GQA with only 2.25 groups"
    deepseek = model("DeepSeek-V2")
    assert kv_cache_bytes(deepseek, 1000) == 60 * (512 + 64) * 1000 * 2
    assert (512 + 64) / (2 * 128) == 2.25
    llama = model("Llama 2 7B")
    latent = variants.variants(llama, 8, 4096)["mla"]
    assert variants.saving(latent, llama, 4096) == pytest.approx(32 / 2.25)
    assert variants.variants(deepseek, 8, 4096)["mla"] == deepseek


def test_the_50000th_token_of_a_4096_window_sees_45905_on():
    # the article says 45,904, one position too many
    assert attention_window.seen(50_000, 4096) == (45_905, 50_000)
    printed = tables.load("attention_reported").set_index("quantity").loc["first_seen_at_50000", "value"]
    assert attention_window.seen(50_000, 4096)[0] == printed + 1
    panel = Mask(window=4096, position=50_000).panel()
    assert "45,905 to 50,000" in panel.title and "4,097 positions" in panel.caption


@pytest.mark.parametrize(("window", "chunked"), [(None, False), (1, False), (5, False), (5, True), (64, False)])
def test_the_mask_holds_as_many_pairs_as_the_flops_count(window, chunked):
    from analysis.transformer import Attention, causal_pairs

    assert attention_window.mask(37, window, chunked).sum() == causal_pairs(Attention(1, 1, 8, 8, window=window, chunked=chunked), 37)


def test_the_mask_is_that_of_transformers():
    # transformers' own function for sliding windows, query and key counted from 0
    torch = pytest.importorskip("torch")
    masking = pytest.importorskip("transformers.masking_utils")
    at = torch.arange(12)
    allowed = masking.sliding_window_causal_mask_function(5)(torch.tensor(0), torch.tensor(0), at[:, None], at[None, :])
    assert attention_window.mask(12, 5).tolist() == allowed.tolist()


def test_the_reach_of_mistral_is_the_printed_131k_less_one_token_a_layer():
    printed = tables.load("attention_reported").set_index("quantity").loc["attention_span", "value"]
    reached = attention_window.reach(model("Mistral 7B"), 10**6)
    assert printed == 32 * 4096 == 131_072
    assert reached[-1] == 32 * 4095 + 1 == printed - 31
    assert Reach().panel().title.endswith("a window of 1,024 would reach 32,737")
    assert "32 × 4,096 is 131,072" in Reach().panel().caption


@pytest.mark.parametrize("chunked", [False, True])
def test_the_reach_is_that_of_masks_multiplied(chunked):
    from dataclasses import replace

    shape = transformer_shape(n_layers=3, d_model=8, n_heads=2, d_ff=8, vocab_size=9, window=4)
    windows = iter((4, 6, 3))
    layers = tuple(replace(layer, mixer=replace(layer.mixer, window=next(windows), chunked=chunked)) for layer in shape.layers)
    mixed = replace(shape, layers=layers)
    influence = np.eye(30, dtype=int)
    for depth, layer in enumerate(layers):
        influence = (attention_window.mask(30, layer.mixer.window, chunked).astype(int) @ influence > 0).astype(int)
        for position in (1, 7, 23, 30):
            first = np.flatnonzero(influence[position - 1])[0] + 1
            assert attention_window.reach(mixed, position)[depth] == position - first + 1


def test_full_and_recurrent_layers_reach_everything():
    assert set(attention_window.reach(model("Llama 2 7B"), 777)) == {777}
    assert set(attention_window.reach(model("Jamba-v0.1"), 777)) == {777}


@pytest.mark.parametrize("n_tokens", [1, 4, 5, 6, 23])
def test_the_buffer_holds_the_last_window_and_nothing_else(n_tokens):
    held = attention_window.buffer(n_tokens, 5)
    assert sorted(held[held > 0]) == list(range(max(1, n_tokens - 4), n_tokens + 1))
    assert held[attention_window.slot(n_tokens, 5) - 1] == n_tokens
    # [jiang2023] section 2: position i, from 0, is stored at i mod W
    assert attention_window.slot(n_tokens, 5) - 1 == (n_tokens - 1) % 5


@pytest.mark.parametrize("name", ["Llama 2 7B", "Llama 2 70B", "Mistral 7B", "Mixtral 8x7B", "DeepSeek-V2", "Jamba-v0.1", "Falcon-7B"])
def test_every_kind_of_attention_takes_no_more_than_multi_head(name):
    shape = model(name)
    n_groups = variants.group_sizes(shape.attention)
    kinds = variants.variants(shape, n_groups[len(n_groups) // 2], 4096)
    size = {kind: kv_cache_bytes(other, 100_000) for kind, other in kinds.items()}
    assert size["mqa"] <= size["gqa"] <= size["mha"] and size["window"] <= kv_cache_bytes(shape, 100_000) <= size["mha"]
    assert all(other.n_layers == shape.n_layers for other in kinds.values())


def test_the_crossover_is_where_attention_meets_the_matrices():
    llama = model("Llama 2 7B")
    met = latency.crossover(llama)
    # n (n + 1) / 2 pairs of 4 x 4096 FLOP in 32 layers against 2 FLOP per matrix parameter and token
    assert met == pytest.approx(4 * (32 * (4 * 4096**2 + 3 * 4096 * 11008)) / (4 * 4096 * 32), rel=1e-3)
    below, at = (latency.prompt_flops(llama, n) for n in (met - 1, met))
    assert below.attention_over_context < latency.matrix_flops(below)
    assert at.attention_over_context >= latency.matrix_flops(at)
    assert latency.crossover(model("Mistral 7B")) is None
    assert latency.crossover(llama, causal=False) == pytest.approx(met / 2, rel=1e-3)


def test_one_sequence_of_llama_2_7b_is_bound_by_its_weights():
    llama = model("Llama 2 7B")
    run = latency.decoding(llama, count_params(llama), 1, A100)
    # all but the token table is read: 6.738e9 - 32000 x 4096 parameters of 2 bytes at 2.039e12 bytes/s
    assert float(run.tokens_per_s(1)) == pytest.approx(2.039e12 / (2 * (6_738_415_616 - 32_000 * 4096)), rel=1e-3)
    assert float(run.intensity(1)) == pytest.approx(1, rel=0.01)  # two FLOP for each parameter of two bytes
    assert A100.ridge == pytest.approx(312e12 / 2.039e12)


def test_a_large_batch_is_bound_by_arithmetic_where_the_cache_is_small():
    llama = model("Llama 2 70B")
    run = latency.decoding(llama, count_params(llama), 128, A100)
    bound = run.compute_bound_batch
    assert run.intensity(bound) >= A100.ridge > run.intensity(bound - 1)
    assert float(run.tokens_per_s(10 * bound)) == pytest.approx(312e12 / forward_flops(llama, 1, 1, past_len=127).total)
    assert latency.decoding(model("Llama 2 7B"), count_params(model("Llama 2 7B")), 8192, A100).compute_bound_batch is None


def test_a_batch_reads_more_experts_and_never_more_than_there_are():
    mixtral = model("Mixtral 8x7B")
    counts = count_params(mixtral)
    table = 32_000 * 4096
    read = latency.read_params(mixtral, counts, [1, 2, 1000])
    assert read[0] == pytest.approx(counts.active - table)  # one token uses exactly the active ones
    assert read[1] == pytest.approx(counts.total - table - counts.routed_experts * (6 / 8) ** 2)
    assert read[2] == pytest.approx(counts.total - table)


def test_the_largest_batch_fits_and_one_more_does_not():
    llama = model("Llama 2 7B")
    run = latency.decoding(llama, count_params(llama), 4096, A100)
    held = run.weight_bytes + run.largest_batch * kv_cache_bytes(llama, 4096)
    assert held <= A100.memory < held + kv_cache_bytes(llama, 4096)
    whole = latency.decoding(model("Llama 2 70B"), count_params(model("Llama 2 70B")), 4096, A100)
    assert whole.largest_batch == 0
    title = Roofline(model="llama-2-70b", context_len=4096).panel().title
    assert "138 GB, do not fit into 85.2 GB" in title


def test_the_ablation_is_table_18_of_llama_2():
    scores = attention_data.ablation_scores()
    assert len(scores) == 11
    assert scores.loc["BoolQ"].tolist() == [71.0, 69.4, 70.6]
    assert scores.loc["TriviaQA"].tolist() == [44.7, 46.2, 42.8]
    assert scores.mean().round(1).tolist() == [44.2, 44.3, 43.8]
    assert (
        "GQA matches or beats MHA on 7 of 11 tasks (mean 44.3 against 44.2), MQA on 2 (43.8)"
        in Ablation(ablation_shown="score").panel().title
    )


@pytest.mark.parametrize(
    ("call", "named"),
    [
        (lambda: attention_window.seen(0, 4), "position"),
        (lambda: attention_window.seen(2.5, 4), "position"),
        (lambda: attention_window.seen(5, 0), "window"),
        (lambda: attention_window.slot(5, -1), "window"),
        (lambda: variants.variants(model("Mistral 7B"), 7, 4096), "n_kv_heads must divide"),
        (lambda: variants.variants(model("Switch-Base-128"), 1, 4096), "encoder"),
        (lambda: latency.prompt_seconds(1.0, 1.0, 0.0), "utilisation"),
        (lambda: Ablation(ablation_shown="both"), "Show must be one of difference, score"),
        (lambda: Cache(model="mistral-7b", n_kv_heads=7), r"KV heads \(GQA what-if\) must be one of 1, 2, 4, 8, 16, 32"),
    ],
)
def test_bad_arguments_are_named(call, named):
    with pytest.raises(ValueError, match=named):
        call()


@pytest.mark.parametrize("key", models.known())
def test_every_decoder_of_the_table_is_drawn(key):
    chosen = models.published(key)
    if chosen.shape.encoder_layers:
        pytest.skip("an encoder")
    heads = variants.group_sizes(chosen.shape.attention)[0]
    for figure in (
        Cache(model=chosen, n_kv_heads=heads, context_len=8192, batch_size=2, kv_bits=8),
        Reach(model=chosen, window=256),
        Prefill(model=chosen, context_len=8192),
        Roofline(model=chosen, n_kv_heads=heads),
    ):
        panel = figure.panel()
        assert len(panel.title) < 150 and "nan" not in panel.title + panel.caption


def test_the_page_takes_a_configuration_and_draws_nothing_in_place_of_a_bad_one(monkeypatch):
    worker = FakeWorker(FakeJob(answer=exact()))
    monkeypatch.setattr(model_field, "shared_worker", lambda: worker)
    app = open_page("attention")
    app.button_group(key="attention/cache:model_from").set_value("own").run()
    assert fine(app) and not charts(app) and any("No chart is drawn until" in item.value for item in app.info)
    app.text_area(key="model_text").set_value(json.dumps(TINY | {"_name_or_path": "someone/tiny"})).run()
    assert fine(app) and any("someone/tiny caches" in words for words in titles(app))
    app.text_area(key="model_text").set_value("{").run()
    assert not app.exception and len(app.error) == 1 and not charts(app)


@pytest.mark.parametrize("section", ["cache", "reach", "prompt", "generation"])
def test_where_only_an_exact_count_is_known_it_is_shown_and_no_chart_of_another_model(section, monkeypatch):
    worker = FakeWorker(FakeJob(answer=exact()))
    monkeypatch.setattr(model_field, "shared_worker", lambda: worker)
    app = open_page("attention", section=section)
    app.button_group(key=f"attention/{section}:model_from").set_value("own").run()
    app.text_area(key="model_text").set_value(json.dumps({"model_type": "bert"})).run()
    assert not app.exception and any(f"{exact()['total']:,} parameters" in item.value for item in app.markdown)
    assert not charts(app) and not app.error and "is not known here" in " ".join(item.value for item in app.info)


def test_a_model_that_the_charts_cannot_show_says_so_in_their_place():
    for section in ("cache", "reach", "prompt", "generation"):
        app = open_page("attention", model="switch-base-128", section=section)
        assert not app.exception and not charts(app)
        assert [("encoder" in item.value) for item in app.error] == [True]


def test_the_configuration_follows_the_reader_to_another_section(monkeypatch):
    worker = FakeWorker(FakeJob(answer=exact()))
    monkeypatch.setattr(model_field, "shared_worker", lambda: worker)
    app = open_page("attention")
    app.button_group(key="attention/cache:model_from").set_value("own").run()
    app.text_area(key="model_text").set_value(json.dumps(TINY)).run()
    app.button_group(key="attention:section").set_value("reach").run()
    assert fine(app) and "your llama model" in titles(app)[0]
    app.button_group(key="attention/reach:model_from").set_value("table").run()
    assert fine(app) and titles(app)[0].startswith("Mistral 7B: 32 layers")
