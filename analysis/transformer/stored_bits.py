"""In how many bits a checkpoint stores its weights, as its configuration says.

The words are those of the quantization classes of transformers 5.23.0 (transformers/utils/quantization_config.py), and of
compressed-tensors and ModelOpt, which write their own.
"""

import re
from collections import Counter
from collections.abc import Mapping
from typing import Any

from analysis.uploads import clip

KEYS = ("quantization_config", "compression_config")
NAMED: Mapping[str, int] = {"fp8": 8, "fbgemm_fp8": 8, "mxfp8": 8, "mxfp4": 4, "nvfp4": 4, "eetq": 8, "bitnet": 2, "finegrained_fp8": 8}
"""Bits of the methods whose name says them."""
BITS_IN_NAME = re.compile(r"(?:fp|int|float|uint|nf|W)(\d+)", re.IGNORECASE)
MOST_BITS = 32


def stored_bits(config: Mapping[str, Any]) -> tuple[int | None, str] | None:
    """(bits of a quantized weight, name of the method) of a configuration; None where it is not quantized.

    The bits are None where the method is named and its bits are not. Where parts have different bits, those of most parts.

    >>> stored_bits({"quantization_config": {"quant_method": "gptq", "bits": 4}})
    (4, 'gptq')
    >>> stored_bits({"model_type": "llama"}) is None
    True
    """
    given = next((config[key] for key in KEYS if isinstance(config.get(key), Mapping) and config[key]), None)
    if given is None:
        inner = next((part for key, part in config.items() if key.endswith("_config") and isinstance(part, Mapping)), None)
        return stored_bits(inner) if inner is not None and any(key in inner for key in KEYS) else None
    method = given.get("quant_method") or given.get("quant_algo") or "quantized"
    method = clip(method, 30) if isinstance(method, str) else "quantized"
    bits = next((found for found in candidates(given, method) if found is not None), None)
    return bits, method


def candidates(given: Mapping[str, Any], method: str):
    """What the fields of a quantization say of its bits, the plainest first; None for each that says nothing."""
    inner = given.get("quant_config")
    weights = inner.get("weight_quant_params") if isinstance(inner, Mapping) else None
    for place in (given, weights):
        if isinstance(place, Mapping):
            yield from (whole(place.get(key)) for key in ("bits", "nbits", "num_bits", "w_bit"))
    yield 4 if given.get("load_in_4bit") is True else 8 if given.get("load_in_8bit") is True else None
    yield of_groups(given.get("config_groups"))
    yield of_names(given.get("quantized_layers"))
    yield NAMED.get(method.lower())
    yield from (in_name(given.get(key)) for key in ("weights", "quant_algo", "quant_type", "format", "fmt"))
    yield in_name(method)


def whole(value: Any) -> int | None:
    """value if it is a number of bits that weights can have."""
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 < value <= MOST_BITS else None


def of_groups(groups: Any) -> int | None:
    """Bits of most groups of compressed-tensors."""
    listed = groups.values() if isinstance(groups, Mapping) else ()
    weights = (group.get("weights") for group in listed if isinstance(group, Mapping))
    return commonest(whole(part.get("num_bits")) for part in weights if isinstance(part, Mapping))


def of_names(layers: Any) -> int | None:
    """Bits of most layers that ModelOpt lists with an algorithm each."""
    listed = layers.values() if isinstance(layers, Mapping) else ()
    return commonest(in_name(layer.get("quant_algo")) for layer in listed if isinstance(layer, Mapping))


def commonest(bits) -> int | None:
    """The number that occurs most often, None where there is none."""
    counted = Counter(number for number in bits if number is not None)
    return counted.most_common(1)[0][0] if counted else None


def in_name(name: Any) -> int | None:
    """The bits in the name of a number's type.

    >>> in_name("NVFP4"), in_name("int8"), in_name("W4A16"), in_name("mixed")
    (4, 8, 4, None)
    """
    found = BITS_IN_NAME.search(name) if isinstance(name, str) else None
    return whole(int(found[1])) if found and len(found[1]) < 3 else None


def without_storage(config: Mapping[str, Any]) -> dict[str, Any]:
    """A configuration without what it says of quantization, which decides no count and may be megabytes long."""
    inner = {key: without_storage(value) for key, value in config.items() if key.endswith("_config") and isinstance(value, Mapping)}
    return {key: inner.get(key, value) for key, value in config.items() if key not in KEYS}
