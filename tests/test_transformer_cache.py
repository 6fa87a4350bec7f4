"""The cache of every known architecture, against the one that transformers fills with a tiny random model."""

from dataclasses import replace

import pytest

from analysis.transformer import kv_cache_values, recurrent_state_bytes, shape_from_hf_config
from analysis.transformer.architectures import ARCHITECTURES
from tests.tiny_configs import tiny_config

N_TOKENS = 20
SEEDS = (0, 1)
KEEPS_NONE = {"openai-gpt"}
FITTING = {
    "stablelm": {"partial_rotary_factor": 1.0},
    "gptj": {"rotary_dim": 8},
    "codegen": {"rotary_dim": 8},
    "falcon": {"new_decoder_architecture": True, "num_ln_in_parallel_attn": None, "parallel_attn": True},
    "phi4_multimodal": {  # its encoders of pictures and sound, which fill no cache, would have half a billion parameters
        "vision_config": {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 4},
        "audio_config": {"hidden_size": 32, "intermediate_size": 48, "num_blocks": 2, "num_attention_heads": 4, "nemo_conv_channels": 32}
        | dict.fromkeys(("ext_pw_out_channel", "depthwise_separable_out_channel"), 32),
    },
}
"""What a model needs to run at these sizes, beside what its number of parameters needs."""


@pytest.fixture(scope="module")
def decoders():
    """Configuration class of each architecture that transformers builds as a decoder, by model_type."""
    import transformers
    from transformers import AutoModelForCausalLM
    from transformers.models.auto.configuration_auto import CONFIG_MAPPING

    transformers.logging.set_verbosity_error()
    kinds = {name: CONFIG_MAPPING[name] for name in ARCHITECTURES if not ARCHITECTURES[name].whole}
    return {name: kind for name, kind in kinds.items() if kind in AutoModelForCausalLM._model_mapping}


def config_of(model_type, config_class, seed) -> dict:
    """A tiny configuration with which the model runs."""
    config = tiny_config(model_type, set(config_class.__dataclass_fields__), seed) | FITTING.get(model_type, {})
    if ARCHITECTURES[model_type].latent:
        config["num_key_value_heads"] = config["num_attention_heads"]
    if model_type == "falcon":
        config["hidden_size"] = 64
        config.pop("head_dim", None)
    if model_type == "dbrx":
        config["attn_config"] = config["attn_config"] | {"clip_qkv": 8.0}
    return config


def filled(config, config_class):
    """The cache after N_TOKENS tokens."""
    import torch
    from transformers import AutoModelForCausalLM

    torch.manual_seed(0)
    made = config_class.from_dict({key: value for key, value in config.items() if key != "model_type"})
    model = AutoModelForCausalLM.from_config(made, attn_implementation="eager").eval()
    with torch.no_grad():
        out = model(torch.ones((1, N_TOKENS), dtype=torch.long), use_cache=True)
    cache = getattr(out, "past_key_values", None)
    return getattr(out, "cache_params", None) if cache is None else cache


def values_of(cache) -> int:
    """Values in all tensors of a cache, each once."""
    import torch

    found = {}
    for layer in [*cache.layers, *getattr(cache, "linear_cache", ())]:
        parts = vars(layer).values() if hasattr(layer, "__dict__") and not isinstance(layer, torch.Tensor) else [layer]
        for part in parts:
            held = part.values() if isinstance(part, dict) else part if isinstance(part, list | tuple) else [part]
            found |= {id(item): item.numel() for item in held if isinstance(item, torch.Tensor) and item.dim() >= 2}
    return sum(found.values())


def as_transformers_holds(shape):
    """The shape with windows of one token less, which is what transformers keeps between steps."""

    def layer_with(layer):
        mixer = layer.mixer
        rolling = getattr(mixer, "window", None) and mixer.rolls
        return replace(layer, mixer=replace(mixer, window=mixer.window - 1)) if rolling else layer

    return replace(shape, layers=tuple(layer_with(layer) for layer in shape.layers))


@pytest.mark.parametrize("model_type", sorted(name for name in ARCHITECTURES if not ARCHITECTURES[name].whole))
def test_the_cache_is_the_one_that_transformers_fills(model_type, decoders):
    if model_type not in decoders or model_type in KEEPS_NONE:
        pytest.skip("transformers runs it only inside another model, or without a cache")
    for seed in SEEDS:
        config = config_of(model_type, decoders[model_type], seed)
        shape = as_transformers_holds(shape_from_hf_config(config))
        expected = values_of(filled(config, decoders[model_type]))
        if model_type == "falcon":  # it repeats each key and value for all its heads before it keeps them, and our note says so
            assert any("transformers repeats" in note for note in shape.notes)
            expected //= shape.attention.n_heads // shape.attention.n_kv_heads
        assert kv_cache_values(shape, N_TOKENS) + recurrent_state_bytes(shape, bytes_per_value=1) == expected > 0, config


def test_nearly_every_decoder_is_run(decoders):
    assert len(set(decoders) - KEEPS_NONE) > 90


@pytest.mark.parametrize("model_type", ["bart", "t5", "whisper"])
def test_the_decoder_of_an_encoder_decoder_caches_its_own_tokens(model_type):
    import torch
    from transformers.models.auto.configuration_auto import CONFIG_MAPPING

    from analysis.transformer.exact import auto_class

    kind = CONFIG_MAPPING[model_type]
    config = tiny_config(model_type, set(kind.__dataclass_fields__), 0)
    made = kind.from_dict({key: value for key, value in config.items() if key != "model_type"})
    model = auto_class(made).from_config(made, attn_implementation="eager").eval()
    tokens = torch.ones((1, 7), dtype=torch.long)
    sound = {"input_features": torch.zeros((1, config.get("num_mel_bins", 1), 2 * config.get("max_source_positions", 1)))}
    with torch.no_grad():
        out = model(**(sound if model_type == "whisper" else {"input_ids": tokens}), decoder_input_ids=tokens, use_cache=True)
    shape = shape_from_hf_config(config)
    assert values_of(out.past_key_values.self_attention_cache) == kv_cache_values(shape, 7) > 0
    assert any("counted together" in note for note in shape.notes)
