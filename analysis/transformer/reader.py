"""Checked access to the fields of a configuration: whole numbers, switches and lists, with one sentence for what is wrong."""

from collections.abc import Mapping
from typing import Any

from analysis.transformer.defaults import DEFAULTS

LARGEST = 10**9
MOST_LAYERS = 10_000
SIZES = {
    "hidden_size", "num_hidden_layers", "num_attention_heads", "vocab_size", "intermediate_size",
    "d_model", "num_layers", "num_heads", "d_ff", "encoder_layers", "encoder_attention_heads", "encoder_ffn_dim",
    "decoder_layers", "decoder_attention_heads", "decoder_ffn_dim", "num_encoder_layers", "num_encoder_attention_heads",
    "num_decoder_layers", "num_decoder_attention_heads",
}  # fmt: skip
"""What a configuration must state itself; only the text part of a multimodal one may leave it to the architecture."""
SYNONYMS = {
    "num_experts": ("num_local_experts",),
    "num_local_experts": ("num_experts",),
    "n_routed_experts": ("num_local_experts", "num_experts"),
    "num_experts_per_token": ("num_experts_per_tok",),
    "moe_topk": ("num_experts_per_tok",),
    "num_shared_experts": ("n_shared_experts",),
    "n_shared_experts": ("num_shared_experts",),
}
"""Other names that transformers takes for the same field."""


class Reader:
    """The fields of one configuration, by the usual names, translated where a model_type has its own.

    A field that is missing has the default of its model_type; null is None. nested: the configuration is a part of another, which may
    leave out sizes.
    """

    def __init__(self, config: Mapping[str, Any], model_type: str, names: Mapping[str, str], nested: bool = False) -> None:
        self.config, self.model_type, self.names, self.nested = config, model_type, names, nested
        self.defaults = DEFAULTS.get(model_type, {})
        self.assumed: list[str] = []
        self.seen: set[str] = set()

    def find(self, key: str) -> tuple[str, Any, bool]:
        """The key as this configuration spells it, its value, and whether the configuration holds it."""
        own = self.names.get(key)
        self.seen.update(name for name in (own, key, *SYNONYMS.get(key, ())) if name)
        for name in (own, key, *SYNONYMS.get(key, ())):
            if name and name in self.config:
                return name, self.config[name], True
        if "." in key:
            outer, _, inner = key.partition(".")
            part = self.config.get(outer)
            if isinstance(part, Mapping) and inner in part:
                return key, part[inner], True
            return key, self.defaults.get(key), False
        name = next((name for name in (own, key, *SYNONYMS.get(key, ())) if name in self.defaults), key)
        return own or key, self.defaults.get(name), False

    def knows(self, *keys: str) -> None:
        """Note fields that an architecture has and that decide nothing in this configuration, so that they do not count as unread."""
        for key in keys:
            self.find(key)

    def holds(self, key: str) -> bool:
        """Whether the configuration itself has the field."""
        return self.find(key)[2]

    def size(self, key: str, required: bool = True, least: int = 1, most: int = LARGEST) -> int | None:
        """A whole number from least to most. Where it is not required, None stands for null and for a missing field without default.

        Raises ValueError naming key and value otherwise.
        """
        name, value, held = self.find(key)
        if value is None or (not held and key in SIZES and not self.nested and required):
            if not required:
                return None
            raise ValueError(f"the configuration has no {name}" if not held else f"{name} must be a whole number, got null")
        if not held and key in SIZES and required:
            self.assumed.append(f"{name} = {value}")
        fits = isinstance(value, int) and not isinstance(value, bool) and least <= value <= most
        if not fits:
            limit = f"of at least {least}" if most == LARGEST and isinstance(value, int) and value < least else f"from {least} to {most:,}"
            raise ValueError(f"{name} must be a whole number {limit}, got {as_typed(value)}")
        return value

    def same(self, key: str, least: int = 1, most: int = LARGEST) -> int:
        """A whole number, also where it is given as a list of equal ones by layer."""
        name, value, _held = self.find(key)
        if isinstance(value, list):
            values = self.numbers(key)
            if len(set(values)) != 1:
                raise ValueError(f"{name} differs between layers, which is not supported here")
            return Reader({**self.config, name: values[0]}, self.model_type, self.names, self.nested).size(key, True, least, most)
        return self.size(key, True, least, most)

    def flag(self, key: str) -> bool:
        """A switch; False for null and for a missing field without default. Raises ValueError for anything but true and false."""
        name, value, _held = self.find(key)
        if value is None:
            return False
        if not isinstance(value, bool):
            raise ValueError(f"{name} must be true or false, got {as_typed(value)}")
        return value

    def switch(self, what: bool | str) -> bool:
        """what itself, or the switch of that name."""
        return self.flag(what) if isinstance(what, str) else what

    def words(self, key: str) -> list[str] | None:
        """A list of texts, None where there is none. Raises ValueError for anything else and for more than MOST_LAYERS."""
        name, value, _held = self.find(key)
        if value is None:
            return None
        if not isinstance(value, list) or not all(isinstance(word, str) for word in value) or len(value) > MOST_LAYERS:
            raise ValueError(f"{name} must be a list of texts, one for each layer, got {as_typed(value)}")
        return value

    def numbers(self, key: str) -> list[int] | None:
        """A list of whole numbers, None where there is none. Raises ValueError for anything else."""
        name, value, _held = self.find(key)
        if value is None:
            return None
        fits = isinstance(value, list) and all(isinstance(item, int) and not isinstance(item, bool) for item in value)
        if not fits or len(value) > MOST_LAYERS:
            raise ValueError(f"{name} must be a list of whole numbers, got {as_typed(value)}")
        return value

    def divides(self, name: str, whole: int, part_name: str, part: int) -> None:
        """Raise ValueError unless part divides whole."""
        if whole % part:
            (own, _value, _held), (part_own, _value, held) = self.find(name), self.find(part_name)
            origin = "" if held else f", which is the default of {self.model_type}"
            raise ValueError(f"{own} must be a multiple of {part_own}, got {whole} and {part}{origin}")

    def notes(self) -> tuple[str, ...]:
        """What was taken from the architecture's defaults because the configuration leaves it out."""
        if not self.assumed:
            return ()
        return (f"Not in the configuration and taken from the defaults of {self.model_type}: {', '.join(dict.fromkeys(self.assumed))}.",)


def as_typed(value: Any) -> str:
    """value as a reader would type it, cut where it is long.

    >>> as_typed("4096"), as_typed(None), as_typed(True)
    ('"4096"', 'null', 'true')
    """
    text = {None: "null", True: "true", False: "false"}.get(value) if value is None or isinstance(value, bool) else None
    if text is None:
        if isinstance(value, int) and abs(value) > 10**18:
            return "a number with " + str(len(str(abs(value))) if abs(value) < 10**4000 else "thousands of") + " digits"
        text = f'"{value[:60]}"' if isinstance(value, str) else repr(value) if not isinstance(value, (list, dict)) else _outline(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _outline(value: list | dict) -> str:
    return f"a list of {len(value)} values" if isinstance(value, list) else f"an object with {len(value)} fields"
