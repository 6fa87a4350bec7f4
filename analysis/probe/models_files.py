"""What a model's folder holds, found out from its small files before any weight is read."""

import json
import os
from dataclasses import dataclass
from math import prod
from pathlib import Path

from analysis.probe import models_memory

TOKENIZER_FILES = ("tokenizer.json", "tokenizer.model", "vocab.json", "vocab.txt", "spiece.model", "tekken.json")
BYTES = {"float32": 4, "float16": 2, "bfloat16": 2}
HEADROOM = 1.2
"""Memory asked for beyond the weights: activations and the key-value cache of a small batch."""
MAX_HEADER = 100_000_000


@dataclass(frozen=True)
class Shape:
    """config: of the model. n_weights: numbers in its weight files."""

    config: dict
    n_weights: int


def has_tokenizer(folder: Path) -> bool:
    """Whether a folder holds a tokenizer."""
    return any((folder / name).is_file() for name in TOKENIZER_FILES)


def check(folder: Path, tokenizer_folder: Path, name: str) -> Shape:
    """The shape of the causal language model in a folder. Raises ValueError with one sentence if there is no such model."""
    config = _config(folder, name)
    files = _weight_files(folder, name)
    _check_causal(config, name)
    if not has_tokenizer(tokenizer_folder):
        raise ValueError(f"model: {name} comes without a tokenizer; one of {', '.join(TOKENIZER_FILES[:3])} is needed")
    return Shape(config, sum(_numbers_in(path, name) for path in files))


def check_memory(shape: Shape, dtype: str, device: str, name: str) -> None:
    """Nothing, if the weights in a type and some headroom fit the memory that is left; ValueError if not."""
    needed, free = shape.n_weights * BYTES[dtype] * HEADROOM, models_memory.free_bytes(device)
    if free is not None and needed > free:
        other = "" if BYTES[dtype] == 2 else "bfloat16 or "
        raise ValueError(
            f"model: {name} needs about {needed / 2**30:.1f} GiB in {dtype}, but {device} has {free / 2**30:.1f} GiB left; "
            f"choose {other}a smaller model"
        )


def _config(folder: Path, name: str) -> dict:
    path = folder / "config.json"
    if not path.is_file():
        raise ValueError(f"model: {name} has no config.json, so it is not a model in the format of transformers")
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        config = None
    if not isinstance(config, dict) or not isinstance(config.get("model_type"), str) or not config["model_type"]:
        raise ValueError(f"model: the config.json of {name} does not say what kind of model it is")
    return config


def _weight_files(folder: Path, name: str) -> list[Path]:
    index = folder / "model.safetensors.index.json"
    if index.is_file():
        try:
            listed = sorted(set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values()))
            inside = all(Path(file).name == file for file in listed)
        except (OSError, ValueError, KeyError, AttributeError, TypeError, RecursionError):
            raise ValueError(f"model: the list of weight files of {name} could not be read") from None
        if not inside:
            raise ValueError(f"model: the list of weight files of {name} leads out of its folder, so it is not read")
        lacking = [file for file in listed if not os.path.isfile(folder / file)]
        if lacking:
            raise ValueError(f"model: {name} lacks {len(lacking)} of its {len(listed)} weight files, such as {lacking[0][:120]}")
        return [folder / file for file in listed]
    if (folder / "model.safetensors").is_file():
        return [folder / "model.safetensors"]
    if any(folder.glob("*.bin")) or any(folder.glob("*.pt")) or any(folder.glob("*.pth")):
        raise ValueError(f"model: {name} has its weights as pickle files only, which can run code when read; safetensors are needed")
    raise ValueError(f"model: {name} has no weights; a file model.safetensors is needed")


def _check_causal(config: dict, name: str) -> None:
    from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES

    kind, known = config["model_type"], MODEL_FOR_CAUSAL_LM_MAPPING_NAMES
    if kind not in known and config.get("auto_map"):
        raise ValueError(f"model: {name} brings code of its own, which is not run here")
    classes = {name for value in known.values() for name in ([value] if isinstance(value, str) else value)}
    named = [str(part) for part in config["architectures"]] if isinstance(config.get("architectures"), list) else []
    if kind not in known or (named and not classes & set(named)):
        raise ValueError(f"model: {name} is not a causal language model but {(', '.join(named) or kind)[:120]}")


def _numbers_in(path: Path, name: str) -> int:
    """How many numbers a safetensors file holds, by its header."""
    try:
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            if length > MAX_HEADER:
                raise ValueError
            header = json.loads(file.read(length))
            end = 8 + length + max((entry["data_offsets"][1] for key, entry in header.items() if key != "__metadata__"), default=0)
            if path.stat().st_size < end:
                raise ValueError
        return sum(prod(entry["shape"]) for key, entry in header.items() if key != "__metadata__")
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
        raise ValueError(f"model: {path.name[:120]} of {name} is damaged or incomplete") from None
