"""Models with random weights for measuring: from a configuration or a row of the table `models`, with adapters and 4-bit weights."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from analysis.attention.variants import own_attention
from analysis.memory import nf4
from analysis.transformer import shape_from_hf_config

BASE = {
    "model_type": "mistral",
    "hidden_size": 256,
    "num_hidden_layers": 4,
    "num_attention_heads": 8,
    "num_key_value_heads": 8,
    "intermediate_size": 768,
    "vocab_size": 4096,
    "max_position_embeddings": 65536,
    "sliding_window": None,
    "tie_word_embeddings": False,
}
"""A small dense model, of which the shapes that are measured on a processor are variants."""
EXPERTS, TOP_K = 8, 2


def small_shapes() -> dict[str, dict]:
    """Configurations by name of the shapes that `measure` takes where none is given: sizes, key-value heads, a window, experts."""
    sizes = {
        f"dense {width}": BASE
        | {"hidden_size": width, "intermediate_size": 3 * width, "num_attention_heads": width // 32, "num_key_value_heads": width // 32}
        for width in (128, 256, 384, 512)
    }
    return sizes | variants(BASE, "dense 256", window=256)


def variants(config: Mapping[str, Any], name: str, window: int = 4096) -> dict[str, dict]:
    """The configurations to compare with one of model_type mistral: other key-value heads, a window, experts and their dense equivalents.

    The model itself stands first and under its own name, without a window; the other key-value heads are those of `key_value_heads`.
    Experts are half as wide as the dense MLP, so that two of them take the arithmetic of the dense model; "the width of all" is the dense
    model that holds as many parameters as the eight. Raises ValueError for another model_type.
    """
    if config.get("model_type") != "mistral":
        raise ValueError(f"variants are made of a configuration of model_type 'mistral', got {config.get('model_type')!r}")
    config = dict(config) | {"sliding_window": None}
    attention, width = own_attention(shape_from_hf_config(config)), config["intermediate_size"]
    others = [number for number in key_value_heads(attention.n_heads, attention.n_kv_heads) if number != attention.n_kv_heads]
    experts = {key: value for key, value in config.items() if key != "sliding_window"} | {
        "model_type": "mixtral",
        "num_local_experts": EXPERTS,
        "num_experts_per_tok": TOP_K,
        "intermediate_size": width // TOP_K,
    }
    return {
        name: config,
        **{f"{name}, {number} key-value head{'s' * (number > 1)}": config | {"num_key_value_heads": number} for number in others},
        f"{name}, window {window}": config | {"sliding_window": window},
        f"{name}, {EXPERTS} experts": experts,
        f"{name}, the width of all experts": config | {"intermediate_size": width * EXPERTS // TOP_K},
    }


def key_value_heads(n_heads: int, n_kv_heads: int) -> list[int]:
    """Numbers of key-value heads of multi-head, grouped and multi-query attention, each once, in falling order.

    n_kv_heads: the model's own number, which is always among them. A model that groups its n_heads heads keeps its own groups; for another
    the grouped one has at most a quarter of the heads, or else the fewest that are more than one. Every number divides n_heads; a prime
    number of heads has no groups.

    >>> key_value_heads(32, 8), key_value_heads(8, 8), key_value_heads(12, 1), key_value_heads(71, 1)
    ([32, 8, 1], [8, 2, 1], [12, 3, 1], [71, 1])
    """
    between = [number for number in range(2, n_heads) if n_heads % number == 0]
    few = [number for number in between if 4 * number <= n_heads]
    grouped = [n_kv_heads] if n_kv_heads in between else few[-1:] or between[:1]
    return list(dict.fromkeys([n_heads, *grouped, 1]))


def config_of_row(row: Mapping[str, Any], n_layers: int = 0) -> dict:
    """The configuration of a row of the table `models`, for the architectures llama, mistral, mixtral and gpt_neox.

    n_layers: cuts the model to so many layers; 0 leaves all. Raises ValueError for other architectures: give their config.json.

    >>> from analysis import tables
    >>> config_of_row(tables.load("models").set_index("model").loc["Mistral 7B"])["num_key_value_heads"]
    8
    """
    kind = row["architecture"]
    if kind not in ("llama", "mistral", "mixtral", "gpt_neox"):
        raise ValueError(f"architecture {kind!r} cannot be built from the table; give the model's config.json")
    experts = kind == "mixtral"
    config = {
        "model_type": kind,
        "num_hidden_layers": n_layers or int(row["n_layers"]),
        "hidden_size": int(row["d_model"]),
        "num_attention_heads": int(row["n_heads"]),
        "intermediate_size": int(row["moe_d_ff"] if experts else row["d_ff"]),
        "vocab_size": int(row["vocab_size"]),
        "max_position_embeddings": 65536,
        "tie_word_embeddings": bool(row["tied_embeddings"]),
    }
    if kind != "gpt_neox":
        config["num_key_value_heads"] = int(row["n_kv_heads"])
    if kind == "mistral":
        config["sliding_window"] = None if math.isnan(row["window"]) else int(row["window"])
    if experts:
        config |= {"num_local_experts": int(row["n_experts"]), "num_experts_per_tok": int(row["top_k"])}
    return config


def build(config: Mapping[str, Any], device: str = "cpu", dtype: str = "float32", seed: int = 0):
    """A model of a configuration with random weights, built on the device itself, in evaluation mode."""
    import torch
    from transformers import AutoModelForCausalLM

    from analysis.transformer.exact import build_config

    torch.manual_seed(seed)
    settings = build_config(dict(config))
    with torch.device(device):
        model = AutoModelForCausalLM.from_config(settings, dtype=getattr(torch, dtype), attn_implementation="sdpa", trust_remote_code=False)
    return model.eval()


def pack(weight, block_size: int = 64) -> dict:
    """A matrix in NF4: `codes`, two to a byte (the first in the high half), and `absmax` in 32 bits for each block; and its `shape`.

    The levels are those of `analysis.memory.nf4.nf4_code_book`; a weight gets the nearest after division by its block's largest.
    """
    import torch

    levels = torch.tensor(nf4.nf4_code_book(), dtype=torch.float32, device=weight.device)
    flat = weight.detach().float().flatten()
    padded = torch.nn.functional.pad(flat, (0, -len(flat) % (2 * block_size))).view(-1, block_size)
    absmax = padded.abs().amax(1)
    scaled = padded / torch.where(absmax > 0, absmax, 1.0)[:, None]
    codes = torch.bucketize(scaled, (levels[1:] + levels[:-1]) / 2).to(torch.uint8).flatten()
    return {"codes": codes[0::2] << 4 | codes[1::2], "absmax": absmax, "shape": tuple(weight.shape), "block_size": block_size}


def unpack(codes, absmax, shape: tuple[int, ...], block_size: int, levels):
    """The matrix that `pack` stored, in the dtype of levels."""
    import torch

    pairs = torch.stack([codes >> 4, codes & 15], dim=1).flatten().int()
    values = levels[pairs].view(-1, block_size) * absmax.to(levels.dtype)[:, None]
    return values.flatten()[: math.prod(shape)].view(shape)


def add_adapters(model, rank: int = 8, four_bit: bool = False) -> int:
    """Freeze a model and put low-rank adapters beside every matrix of its blocks; returns the parameters that are trained.

    y = W x + B A x, with A: rank x d_in from a normal distribution and B: d_out x rank of zeros. four_bit: W is kept as `pack` gives it and
    dequantised when it is used, once forward and once backward, so that no copy stays. Matrices are linear layers outside
    the output head; routed experts of transformers are one stacked tensor and stay as they are.
    """
    import torch

    for parameter in model.parameters():
        parameter.requires_grad_(False)
    head = model.get_output_embeddings()
    found = [
        (parent, name, child)
        for parent in model.modules()
        for name, child in parent.named_children()
        if isinstance(child, torch.nn.Linear) and child is not head
    ]
    adapted = _adapted_linear()
    for parent, name, child in found:
        setattr(parent, name, adapted(child, rank, four_bit))
    return sum(parameter.numel() for parameter in model.parameters() if parameter.requires_grad)


def _adapted_linear():
    import torch

    class Dequantised(torch.autograd.Function):
        """x W^T with W unpacked for the product only."""

        @staticmethod
        def forward(context, x, codes, absmax, levels, shape, block_size):
            context.save_for_backward(codes, absmax, levels)
            context.shape, context.block_size = shape, block_size
            return x @ unpack(codes, absmax, shape, block_size, levels).T

        @staticmethod
        def backward(context, gradient):
            codes, absmax, levels = context.saved_tensors
            return gradient @ unpack(codes, absmax, context.shape, context.block_size, levels), None, None, None, None, None

    class Adapted(torch.nn.Module):
        """A linear layer with an adapter."""

        def __init__(self, linear, rank: int, four_bit: bool):
            super().__init__()
            weight = linear.weight
            options = {"device": weight.device, "dtype": weight.dtype}
            self.packed = pack(weight) if four_bit else None
            self.linear: Any = None if four_bit else linear
            self.bias = linear.bias if four_bit else None
            self.down = torch.nn.Parameter(torch.randn(rank, linear.in_features, **options) / math.sqrt(linear.in_features))
            self.up = torch.nn.Parameter(torch.zeros(linear.out_features, rank, **options))
            if self.packed is not None:
                self.register_buffer("codes", self.packed.pop("codes"))
                self.register_buffer("absmax", self.packed.pop("absmax"))
                self.register_buffer("levels", torch.tensor(nf4.nf4_code_book(), **options))

        def forward(self, x):
            if self.packed is None:
                base = self.linear(x)
            else:
                base = Dequantised.apply(x, self.codes, self.absmax, self.levels, self.packed["shape"], self.packed["block_size"])
                base = base if self.bias is None else base + self.bias
            return base + (x @ self.down.T) @ self.up.T

    return Adapted


def tensor_bytes(tensors: Sequence) -> int:
    """Bytes of tensors, each storage counted once."""
    return sum(
        {tensor.untyped_storage().data_ptr(): tensor.untyped_storage().nbytes() for tensor in tensors if tensor is not None}.values()
    )


def cache_bytes(cache) -> int:
    """Bytes of the keys and values that a cache of transformers holds."""
    held = [tensor for layer in cache.layers for tensor in (layer.keys, layer.values) if tensor is not None]
    return sum(tensor.numel() * tensor.element_size() for tensor in held)
