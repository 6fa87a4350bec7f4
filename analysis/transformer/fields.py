"""What transformers gets to see of a configuration: the fields that can change the number of parameters, within bounds.

A configuration is a reader's file, and its class does what it says: `"num_labels": 30000000` alone makes 30 million names of labels.
Only for the worker process: transformers is imported inside the functions.
"""

import re
from collections.abc import Mapping
from typing import Any

from analysis.uploads import clip

MOST_LAYERS = 2_000
LONGEST = 2_000
"""Entries of a list or an object, and signs of a text: honest ones have one for each layer at most."""
DEEPEST = 8
"""Lists and objects inside each other."""
LARGEST_SIZE = 2**31 - 1
LARGEST_HEAD = 2**14
"""Largest head_dim. DiffLlama makes vectors of this length that are not on the meta device."""
REPEATED = re.compile(r"layers|depths?$|blocks|^(n_layer|attention_types|[HL]_cycles|num_image_with_embedding)$")
"""Names of fields that say how often something is built, of which there may be MOST_LAYERS."""
ALWAYS_READ = ("model_type", "tie_word_embeddings", "is_encoder_decoder", "vocab_size", "per_layer_config", "head_dim", "router_bias")
"""Fields that change a model and that all classes share, or that models read although their class does not declare them."""


def counted_fields(config: Mapping[str, Any], config_class: type[Any] | None) -> dict[str, Any]:
    """The fields of a configuration that its class in transformers reads and that can change the number of parameters.

    Objects inside it are reduced in the same way. config_class: None for an object that has no class of its own: then all but what
    every class shares (labels, precision, names of files) is kept.

    Raises ValueError with one sentence for a field that is kept and is not within the bounds of this module.

    >>> from transformers import LlamaConfig
    >>> counted_fields({"hidden_size": 64, "num_labels": 30_000_000, "torch_dtype": "bfloat16", "anything": [1]}, LlamaConfig)
    {'hidden_size': 64}
    """
    return _fields(config, config_class, 1)


def _fields(config: Mapping[str, Any], config_class: type[Any] | None, depth: int) -> dict[str, Any]:
    from transformers import PreTrainedConfig

    shared = {*dir(PreTrainedConfig), *PreTrainedConfig.__dataclass_fields__} - set(ALWAYS_READ)
    names = set(config) if config_class is None else {*names_of(config_class), *ALWAYS_READ}
    return {key: _bounded(key, value, config_class, depth) for key, value in config.items() if key in names - shared}


def names_of(config_class: type[Any]) -> set[str]:
    """Names of the fields that a configuration class reads: those it declares, their other names, and those of older files.

    The older ones stand nowhere but in the code of __post_init__, as in `kwargs.pop("n_embed", None)`, so every text and every attribute
    in there counts as one.

    >>> from transformers import BloomConfig
    >>> {"hidden_size", "n_layer", "n_embed"} <= names_of(BloomConfig)
    True
    """
    from transformers import PreTrainedConfig

    own = config_class.__mro__[: config_class.__mro__.index(PreTrainedConfig)]
    codes = [vars(part)["__post_init__"].__code__ for part in own if "__post_init__" in vars(part)]
    old = {text for code in codes for text in (*code.co_consts, *code.co_names) if isinstance(text, str)}
    aliases = config_class.attribute_map
    return {*config_class.__dataclass_fields__, *aliases, *aliases.values(), *old}


def _bounded(key: str, value: Any, config_class: type[Any] | None, depth: int) -> Any:
    """The value of a field if it is within the bounds, reduced where it is an object."""
    if isinstance(value, int) and abs(value) > (LARGEST_HEAD if key == "head_dim" else LARGEST_SIZE):
        raise ValueError(f"{key[:40]} is too large to be built: {clip(repr(value), 60)}")
    if isinstance(value, int) and value > MOST_LAYERS and REPEATED.search(key):
        raise ValueError(f"{key[:40]} is {value:,}; models of at most {MOST_LAYERS:,} layers are counted exactly")
    if isinstance(value, str | list | Mapping) and len(value) > LONGEST:
        raise ValueError(f"{key[:40]} is too long to be built: it has {len(value):,} entries or signs, and {LONGEST:,} are the most")
    if isinstance(value, list | Mapping) and depth > DEEPEST:
        raise ValueError(f"{key[:40]} is nested too deeply to be built")
    if isinstance(value, Mapping):
        return _fields(value, class_inside(config_class, key, value), depth + 1)
    return [_bounded(key, item, None, depth + 1) for item in value] if isinstance(value, list) else value


def class_inside(config_class: type[Any] | None, key: str, value: Mapping[str, Any]) -> type[Any] | None:
    """The class that transformers uses for an object inside a configuration; None where that is not known."""
    from transformers import PreTrainedConfig
    from transformers.models.auto.configuration_auto import CONFIG_MAPPING

    spec = None if config_class is None else config_class.sub_configs_defaults.get(key)
    if spec is not None and issubclass(spec.config_class, PreTrainedConfig):
        return spec.config_class
    model_type = value.get("model_type", None if spec is None else spec.model_type)
    return CONFIG_MAPPING[model_type] if isinstance(model_type, str) and model_type in CONFIG_MAPPING else None
