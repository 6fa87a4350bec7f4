"""Architecture math: the shape of a transformer, its parameters, FLOPs and cache, all exact.

The parts live in modules of their own, and this is their door:

- `transformer_shape`: what a model is built of, from a table row or from arguments
- `transformer_count`: parameters by part, in closed form
- `transformer_cost`: FLOPs and cache
"""

from analysis.transformer_cost import (
    ForwardFlops,
    causal_pairs,
    forward_flops,
    kv_cache_bytes,
    kv_cache_values,
    recurrent_state_bytes,
    training_flops,
    values_per_token,
)  # fmt: skip
from analysis.transformer_count import ParamCounts, count_params
from analysis.transformer_shape import (
    Attention,
    Experts,
    Latent,
    Layer,
    Mlp,
    Recurrent,
    TransformerShape,
    transformer_shape,
)  # fmt: skip
from analysis.transformer_table import shape_from_row, shape_of_model

__all__ = [
    "Attention", "Experts", "ForwardFlops", "Latent", "Layer", "Mlp", "ParamCounts", "Recurrent", "TransformerShape", "causal_pairs",
    "count_params", "forward_flops", "kv_cache_bytes", "kv_cache_values", "recurrent_state_bytes", "shape_from_row", "shape_of_model",
    "training_flops", "transformer_shape", "values_per_token",
]  # fmt: skip
