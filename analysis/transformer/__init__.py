"""Architecture math: the shape of a transformer, its parameters, FLOPs and cache, all exact.

The parts live in modules of their own, and this is their door:

- `shape`: what a model is built of; `plain_shape`: the same from plain arguments; `models_table`: from a row of the table `models`
- `config_text`, `config`: from a Hugging Face config.json, with what architectures name and have in `architectures`, which layers
  attend how in `layer_patterns`, and what fields cannot say in `special_attention`, `special_layers`, `encoder_decoder` and
  `mixer_sizes`; text parts and families with code of their own in `text_parts` and `twins`; checked access and defaults in `reader`
  and `defaults`; what nobody read in `unread`; the bits of quantized weights in `stored_bits`
- `count`: parameters by part, in closed form
- `exact`: parameters by part, counted by transformers on the meta device (worker process only), from what `fields` lets through, of what
  `language_model` takes for the language model
- `cost`: FLOPs and cache
"""

from analysis.transformer.config import shape_from_hf_config, supported_model_types
from analysis.transformer.config_text import read_config
from analysis.transformer.cost import (
    ForwardFlops,
    causal_pairs,
    forward_flops,
    kv_cache_bytes,
    kv_cache_values,
    recurrent_state_bytes,
    training_flops,
    values_per_token,
)
from analysis.transformer.count import ParamCounts, count_params, layer_params
from analysis.transformer.exact import exact_param_counts
from analysis.transformer.models_table import shape_from_row, shape_of_model
from analysis.transformer.plain_shape import transformer_shape
from analysis.transformer.shape import Attention, Experts, Latent, Layer, Mlp, Recurrent, TransformerShape

__all__ = [
    "Attention", "Experts", "ForwardFlops", "Latent", "Layer", "Mlp", "ParamCounts", "Recurrent", "TransformerShape", "causal_pairs",
    "count_params", "exact_param_counts", "forward_flops", "kv_cache_bytes", "kv_cache_values", "layer_params", "read_config",
    "recurrent_state_bytes", "shape_from_hf_config", "shape_from_row", "shape_of_model", "supported_model_types", "training_flops",
    "transformer_shape", "values_per_token",
]  # fmt: skip
