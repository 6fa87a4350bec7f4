"""Shapes and parameter counts: every row of the table part by part, and what must hold for any shape."""

from dataclasses import fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis import tables
from analysis.transformer import ParamCounts, count_params, shape_from_row, shape_of_model, transformer_shape
from analysis.transformer.plain_shape import layer_rule

MODELS = tables.load("models")
COUNTS = tables.load("param_counts").set_index("model")
PARTS = tuple(field.name for field in fields(ParamCounts))
SMALL = {"n_layers": 4, "d_model": 48, "n_heads": 6, "d_ff": 100, "vocab_size": 301}
MOE = {**SMALL, "n_experts": 8, "top_k": 2, "moe_d_ff": 40, "shared_d_ff": 20, "moe_layers": "after 1"}


# --- reference -------------------------------------------------------------------------------------------------------


def test_the_reference_holds_70_counts_by_transformers_and_9_closed_forms():
    assert (COUNTS["counted_by"] != "closed form").sum() == 70
    assert (COUNTS["counted_by"] == "closed form").sum() == 9
    assert len(MODELS) == 80


@pytest.mark.parametrize("model", COUNTS.index)
def test_every_part_of_every_model_is_counted_exactly(model):
    # Built by transformers 5.23.0 without memory; where it has no such class, a closed form written apart from ours.
    counted = count_params(shape_of_model(model, MODELS))
    assert {part: getattr(counted, part) for part in PARTS} == {part: int(COUNTS.loc[model, part]) for part in PARTS}


@pytest.mark.parametrize(
    ("model", "reported"),
    [
        ("GPT-NeoX-20B", 20_554_567_680),  # black2022, section 2: 20,554,567,680 parameters
        ("BLOOM-7.1B", 7_069_016_064),  # scao2022, model card
    ],
)
def test_sizes_that_authors_print_to_the_last_digit_come_out(model, reported):
    assert count_params(shape_of_model(model, MODELS)).total == reported


def test_mixtral_is_not_eight_times_seven_billion():
    # jiang2024 section 2: 47B parameters, 13B active.
    counts = count_params(shape_of_model("Mixtral 8x7B", MODELS))
    assert round(counts.total / 1e9, 1) == 46.7 and round(counts.active / 1e9, 1) == 12.9


def test_the_counts_stay_near_every_reported_size():
    rows = MODELS.dropna(subset=["n_layers"]).set_index("model")
    ratios = {
        name: count_params(shape_from_row(row.to_dict() | {"model": name})).total / row["reported_total_params"]
        for name, row in rows.iterrows()
    }
    assert len(ratios) == 79
    far = {name for name, ratio in ratios.items() if abs(ratio - 1) > 0.05}
    assert far == {"OPT-350M", "phi-1", "phi-1.5", "Switch-Base-128"}  # each explained in the note of its count
    assert all(COUNTS.loc[name, "note"] for name in far)


# --- property --------------------------------------------------------------------------------------------------------


@st.composite
def shapes(draw):
    """A shape of any kind this project draws: grouped heads, windows, experts, latent attention."""
    kv, group, head_dim = draw(st.integers(1, 4)), draw(st.integers(1, 4)), draw(st.integers(1, 32))
    moe = draw(st.booleans())
    arguments = {
        "n_layers": draw(st.integers(1, 6)),
        "d_model": draw(st.integers(1, 200)),
        "n_heads": kv * group,
        "n_kv_heads": kv,
        "head_dim": head_dim,
        "d_ff": draw(st.integers(1, 300)),
        "vocab_size": draw(st.integers(1, 1000)),
        "gated_mlp": draw(st.booleans()),
        **{flag: draw(st.booleans()) for flag in ("tied_embeddings", "qkv_bias", "o_bias", "mlp_bias", "head_bias")},
        "norm": draw(st.sampled_from(["layernorm", "layernorm_no_bias", "rmsnorm", "none"])),
        "qk_norm": draw(st.sampled_from(["", "head", "width"])),
        "position_rows": draw(st.integers(0, 50)),
        "window": draw(st.none() | st.integers(1, 64)),
        "window_layers": draw(st.sampled_from(["all", "every 2", "after 1"])),
    }
    if moe:
        n_experts = draw(st.integers(1, 8))
        arguments |= {
            "n_experts": n_experts,
            "top_k": draw(st.integers(1, n_experts)),
            "moe_d_ff": draw(st.integers(1, 100)),
            "shared_d_ff": draw(st.integers(0, 50)),
            "shared_gate": draw(st.booleans()),
            "moe_layers": draw(st.sampled_from(["all", "every 2", "after 1", "every 3 from 0"])),
            "dense_beside_experts": draw(st.sampled_from(["", "parallel", "normed"])),
        }
    return transformer_shape(**arguments)


@given(shapes())
def test_parts_add_up_and_routed_experts_are_in_the_mlp(shape):
    counts = count_params(shape)
    assert counts.total == counts.embedding + counts.attention + counts.mlp + counts.router + counts.other
    assert counts.total == counts.embedding + counts.non_embedding
    assert counts.active - counts.active_non_embedding == counts.embedding
    assert 0 <= counts.routed_experts <= counts.mlp and counts.total - counts.routed_experts <= counts.active <= counts.total
    assert all(isinstance(getattr(counts, part), int) and getattr(counts, part) >= 0 for part in PARTS)


@given(shapes())
def test_a_layer_or_a_token_more_adds_what_one_holds(shape):
    wider = count_params(replace(shape, vocab_size=shape.vocab_size + 1))
    tables_of_tokens = 1 if shape.tied_embeddings else 2
    assert wider.total - count_params(shape).total == tables_of_tokens * shape.d_model + shape.head_bias
    longer = replace(shape, layers=(*shape.layers, shape.layers[-1]))
    twice = replace(shape, layers=(*longer.layers, shape.layers[-1]))
    added = count_params(longer).total - count_params(shape).total
    assert count_params(twice).total - count_params(longer).total == added > 0


@given(st.integers(1, 6), st.integers(1, 8))
def test_grouping_heads_only_shrinks_keys_and_values(kv, group):
    full = count_params(transformer_shape(**SMALL | {"n_heads": kv * group, "head_dim": 8}))
    grouped = count_params(transformer_shape(**SMALL | {"n_heads": kv * group, "n_kv_heads": kv, "head_dim": 8}))
    assert full.attention - grouped.attention == SMALL["n_layers"] * SMALL["d_model"] * 8 * 2 * (kv * group - kv)
    assert full.total - grouped.total == full.attention - grouped.attention


@given(st.integers(1, 8))
def test_choosing_all_experts_makes_everything_active(n_experts):
    counts = count_params(transformer_shape(**MOE | {"n_experts": n_experts, "top_k": n_experts}))
    assert counts.active == counts.total
    fewer = count_params(transformer_shape(**MOE | {"n_experts": n_experts, "top_k": 1}))
    assert fewer.total == counts.total and fewer.active == counts.total - counts.routed_experts * (n_experts - 1) // n_experts


def test_tying_saves_one_table_and_a_gate_on_the_mlp_adds_a_matrix_per_layer():
    shape = transformer_shape(**SMALL)
    assert count_params(shape).total - count_params(replace(shape, tied_embeddings=True)).total == 301 * 48
    plain = transformer_shape(**SMALL, gated_mlp=False)
    assert count_params(shape).mlp - count_params(plain).mlp == 4 * 48 * 100


def test_equal_layers_are_equal_and_a_shape_can_be_a_key():
    assert len(set(transformer_shape(**SMALL).layers)) == 1
    assert transformer_shape(**SMALL) in {transformer_shape(**SMALL)}
    assert transformer_shape(**SMALL, window=8, window_layers="every 2").windows == (None, 8, None, 8)


# --- contract --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"n_layers": 0}, "n_layers must be a whole number of at least 1, got 0"),
        ({"d_model": -48}, "d_model must be a whole number of at least 1, got -48"),
        ({"d_model": 48.0}, "d_model must be a whole number of at least 1, got 48.0"),
        ({"n_heads": True}, "n_heads must be a whole number of at least 1, got True"),
        ({"n_heads": 7}, "d_model must be a multiple of n_heads when head_dim is not given, got 48 and 7"),
        ({"n_kv_heads": 4}, "n_heads must be a multiple of n_kv_heads, got 6 and 4"),
        ({"norm": "batchnorm"}, "norm must be one of"),
        ({"qk_norm": "both"}, "qk_norm must be one of"),
        ({"d_ff": None}, "d_ff must be given"),
        ({"n_experts": 4, "top_k": 5, "moe_d_ff": 8}, "top_k must be a whole number from 1 to 4, got 5"),
        ({"n_experts": 4, "top_k": 1}, "moe_d_ff must be a whole number of at least 1, got None"),
        ({"n_experts": 4, "top_k": 1, "moe_d_ff": 8, "moe_layers": "some"}, 'moe_layers must be "all", "after K"'),
        ({"window": 8, "window_layers": "every 0"}, "window_layers must be"),
        ({"kv_lora_rank": 4, "qk_rope_dim": 9}, "qk_rope_dim must be a whole number from 1 to 8, got 9"),
    ],
)
def test_a_bad_size_is_refused_with_its_name_and_value(changed, message):
    with pytest.raises(ValueError, match="^" + message.replace("(", r"\(")):
        transformer_shape(**SMALL | changed)


def test_the_rumour_has_no_shape_and_an_unknown_model_no_row():
    with pytest.raises(ValueError, match="the architecture of GPT-4 \\(rumour\\) is not public"):
        shape_of_model("GPT-4 (rumour)", MODELS)
    with pytest.raises(ValueError, match="there is no model 'GPT-5' in the table of models"):
        shape_of_model("GPT-5", MODELS)
    assert MODELS.set_index("model").loc["GPT-4 (rumour)", "evidence"] == "rumour"
    assert (MODELS["evidence"] == "rumour").sum() == 1


@given(st.integers(1, 9), st.integers(0, 9), st.integers(1, 40))
def test_layer_rules_say_which_layers(step, start, n_layers):
    every = layer_rule("rule", f"every {step} from {start}", n_layers)
    assert [index for index, is_meant in enumerate(every) if is_meant] == list(range(start, n_layers, step))
    assert layer_rule("rule", f"after {start}", n_layers) == [index >= start for index in range(n_layers)]
    assert layer_rule("rule", "all", n_layers) == [True] * n_layers
