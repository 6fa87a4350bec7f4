"""A model that a figure is about: name, shape and parameters together.

So no chart shows the numbers of one model under the name of another.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from analysis import tables
from analysis.transformer.config import shape_from_hf_config
from analysis.transformer.count import ParamCounts, count_params
from analysis.transformer.models_table import shape_of_model
from analysis.transformer.shape import TransformerShape
from analysis.transformer.stored_bits import stored_bits
from analysis.uploads import clip

OWN = "own"
HUB = "hub:"
STORED = (4, 8, 16)
"""Bits of a weight that charts can show."""


@dataclass(frozen=True)
class Model:
    """One model.

    key: how it stands in an address: "mistral-7b" of the table `models`, "hub:owner/name", or "own" for a reader's configuration.
    weight_bits: in which its weights are taken to be stored at first, one of STORED; 16 unless its configuration says that they are
    quantized. storage: what its configuration says of that, in a sentence; "" where it says nothing.
    """

    key: str
    name: str
    shape: TransformerShape
    counts: ParamCounts
    weight_bits: int = 16
    storage: str = ""

    @property
    def published(self) -> bool:
        """Whether it is a model of the table `models`."""
        return self.key != OWN and not self.key.startswith(HUB)


def slug(name: str) -> str:
    """The key of a name: small letters, digits and hyphens.

    >>> slug("Mixtral 8x7B"), slug("Llama 3.1 8B"), slug("Phi-1.5")
    ('mixtral-8x7b', 'llama-3.1-8b', 'phi-1.5')
    """
    return re.sub("[^a-z0-9.+]+", "-", name.lower()).strip("-")


@tables.kept
def known() -> dict[str, str]:
    """Name of each model of the table `models` whose architecture is public, by key.

    >>> known()["mistral-7b"]
    'Mistral 7B'
    """
    models = tables.load("models")
    public = models["n_layers"].notna() & models["d_model"].notna() & models["n_heads"].notna()
    return {slug(name): name for name in models.loc[public, "model"]}


@tables.kept(most=128)
def published(name: str) -> Model:
    """A model of the table `models`, by its key or by its name; ValueError for one that it does not have.

    >>> published("mistral-7b").counts.total
    7241732096
    """
    key = slug(name)
    if key not in known():
        raise ValueError(
            f"there is no model {clip(name)} whose architecture is known here; a key looks like {', '.join(list(known())[:3])}"
        )
    shape = shape_of_model(known()[key], tables.load("models"))
    return Model(key, known()[key], shape, count_params(shape))


def of_config(config: Mapping[str, Any], key: str = OWN, name: str = "", counts: ParamCounts | None = None) -> Model:
    """The model of a Hugging Face configuration.

    name: the reader's; without one the configuration's `_name_or_path`, else its model_type. counts: the exact count, where there is one.
    Raises ValueError where the shape of the configuration is unknown here.

    >>> tiny = {"hidden_size": 8, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 16, "vocab_size": 9}
    >>> of_config(tiny | {"model_type": "llama", "_name_or_path": "me/mine"}).name
    'me/mine'
    """
    shape = shape_from_hf_config(config)
    given = str(config.get("_name_or_path") or "").strip() or f"your {config.get('model_type', '')} model"
    bits, storage = storage_of(config)
    return Model(key, clip(name.strip() or given, 60), shape, counts or count_params(shape), bits, storage)


def storage_of(config: Mapping[str, Any]) -> tuple[int, str]:
    """(bits from which charts start, a sentence on it) of a configuration; (16, "") where its weights are not quantized.

    >>> storage_of({"quantization_config": {"quant_method": "gptq", "bits": 3}})
    (4, 'The file stores its weights in 3 bits (gptq); charts of inference start at 4 bits a weight, the nearest from above.')
    """
    found = stored_bits(config)
    if found is None:
        return 16, ""
    bits, method = found
    if bits is None:
        return 16, f"The file stores its weights quantized ({method}) and does not say in how many bits; charts of inference start at 16."
    start = next((option for option in STORED if option >= bits), STORED[-1])
    nearest = "" if start == bits else ", the nearest from above" if start > bits else ", the most that they show"
    return start, f"The file stores its weights in {bits} bits ({method}); charts of inference start at {start} bits a weight{nearest}."
