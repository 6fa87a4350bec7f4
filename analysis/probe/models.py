"""Opening a causal language model: from the hub by id and revision, from a folder, or the one that comes with the project.

Only safetensors are read and no code of a model's author is run. Whatever is in the way is a ValueError of one sentence.
"""

import os
import platform
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from analysis import tables, uploads
from analysis.probe import models_files, models_hub, models_memory
from analysis.probe.spec import BUNDLED, RunSpec

FOLDER = tables.DATA / "probe_model"
ROOTS = "PROBE_MODELS"
"""The environment variable with the folders below which a local model or file must lie, where the dashboard is served to others."""
DEFAULT_MAX_LENGTH = 2048


@dataclass
class Opened:
    """A model that is ready to answer.

    name, revision: as asked for; the revision of the bundled model is filled in. device: "cpu" or "cuda:0". dtype: of the weights.
    versions: of python, torch, transformers and tokenizers, and the commit of a hub model. max_length: tokens of prompt and answer
    together. rows: the largest batch that fitted memory, 0 as long as all did. memo: what the engine keeps between batches.
    """

    model: Any
    tokenizer: Any
    device: str
    dtype: str
    name: str
    revision: str
    versions: dict[str, str]
    max_length: int
    rows: int = 0
    memo: dict[str, Any] = field(default_factory=dict)


def bundled_revisions(folder: Path | None = None) -> list[str]:
    """The checkpoints of the bundled model in training order, such as ["step100", "step300"]; [] where it is missing."""
    found = [path.parent.name for path in (folder or FOLDER).glob("step*/model.safetensors")]
    return sorted((name for name in found if name[4:].isdigit()), key=lambda name: int(name[4:]))


def open_model(spec: RunSpec) -> Opened:
    """The model of a run, on its device and ready to answer. Raises ValueError with one sentence for whatever is in the way."""
    device = device_of(spec.device)
    folder, tokenizer_folder, revision, commit = _located(spec)
    name = uploads.clip(spec.model, 120)
    shape = models_files.check(folder, tokenizer_folder, name)
    dtype = dtype_of(spec.dtype, device, shape.config)
    models_files.check_memory(shape, dtype, device, name)
    model, tokenizer = _loaded(folder, tokenizer_folder, name, device, dtype)
    return wrap(model, tokenizer, spec.model, revision, commit)


def wrap(model, tokenizer, name: str, revision: str = "", commit: str = "") -> Opened:
    """A model and tokenizer that are in memory already as what `open_model` returns."""
    if tokenizer.eos_token_id is None and tokenizer.pad_token_id is None:
        tokenizer.add_special_tokens({"pad_token": "<|pad|>"})
    return Opened(
        model=model.eval(),
        tokenizer=tokenizer,
        device=str(model.device),
        dtype=str(model.dtype).removeprefix("torch."),
        name=name,
        revision=revision,
        versions=versions() | ({"commit": commit} if commit else {}),
        max_length=max_length(model.config, tokenizer),
    )


def versions() -> dict[str, str]:
    """The versions that a run is recorded with."""
    import tokenizers
    import torch
    import transformers

    return {
        "python": platform.python_version(),
        "torch": torch.__version__,
        "transformers": transformers.__version__,
        "tokenizers": tokenizers.__version__,
    }


def max_length(config, tokenizer) -> int:
    """The longest context [tokens]: of the configuration, else of the tokenizer, else 2,048, as lm_eval finds it."""
    config = getattr(config, "text_config", None) or config
    for name in ("n_positions", "max_position_embeddings", "n_ctx"):
        if getattr(config, name, None) is not None:
            return int(getattr(config, name))
    length = getattr(tokenizer, "model_max_length", None)
    return int(length) if length and length < 10**12 else DEFAULT_MAX_LENGTH


def device_of(asked: str) -> str:
    """The device that is used for "auto", "cpu", "cuda" or "cuda:1". Raises ValueError where it is not there.

    >>> device_of("cpu")
    'cpu'
    """
    if not re.fullmatch(r"auto|cpu|cuda(:\d{1,2})?", asked):
        raise ValueError(f"device: {asked[:40]!r} is not one of auto, cpu, cuda, cuda:0, cuda:1 and so on")
    if asked == "cpu":
        return asked
    import torch

    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if asked == "auto":
        return "cuda:0" if count else "cpu"
    number = int(asked.partition(":")[2] or 0)
    if number >= count:
        have = f"only {count}" if count else "no CUDA device"
        raise ValueError(f"device: {asked} was asked for, but this machine has {have}; choose cpu or auto")
    return f"cuda:{number}"


def dtype_of(asked: str, device: str, config: dict) -> str:
    """The type of the weights: float32 on a CPU and what the model was saved in on a GPU, unless another is asked for.

    >>> dtype_of("auto", "cpu", {"torch_dtype": "float16"}), dtype_of("auto", "cuda:0", {"torch_dtype": "float16"})
    ('float32', 'float16')
    """
    if asked != "auto":
        return asked
    saved = config.get("dtype") or config.get("torch_dtype")
    return saved if device != "cpu" and saved in ("float16", "bfloat16") else "float32"


def allowed(path: Path, what: str = "model") -> Path:
    """The path without links and dots. Raises ValueError for one outside the folders of PROBE_MODELS, where that is set.

    Nothing is said about whether something is there, so that a visitor learns nothing of the disk.
    """
    try:
        real = Path(path).expanduser().resolve()
    except (ValueError, OSError, RuntimeError):  # a NUL, a home that is not there, links in a circle
        raise ValueError(f"{what}: {uploads.clip(path, 120)!r} is not the path of a folder or file") from None
    roots = [Path(root).expanduser().resolve() for root in os.environ.get(ROOTS, "").split(os.pathsep) if root.strip()]
    if roots and not any(real.is_relative_to(root) for root in roots):
        raise ValueError(f"{what}: {uploads.clip(path, 120)} is outside the folders that {ROOTS} allows")
    return real


def is_folder_name(model: str) -> bool:
    """Whether a model's name means a folder: it looks like a path, or is one.

    >>> is_folder_name("EleutherAI/pythia-70m"), is_folder_name("/models/mine"), is_folder_name("./mine")
    (False, True, True)
    """
    return bool(re.match(r"[/~.]|[A-Za-z]:[\\/]", model)) or "\\" in model or model.count("/") > 1 or os.path.isdir(model)


def _located(spec: RunSpec) -> tuple[Path, Path, str, str]:
    """(folder of the weights, folder of the tokenizer, revision, commit) of a run's model, downloaded if need be."""
    if spec.model == BUNDLED:
        have = bundled_revisions()
        if not have:
            raise ValueError("model: the bundled model is missing; `python -m analysis.probe train` makes it")
        revision = spec.revision or have[-1]
        if revision not in have:
            raise ValueError(f"revision: the bundled model has no {revision[:40]!r}; it has {', '.join(have)}")
        folder = FOLDER / revision
        return folder, folder if models_files.has_tokenizer(folder) else FOLDER, revision, ""
    if is_folder_name(spec.model):
        folder = allowed(Path(spec.model))
        if spec.revision:
            raise ValueError(f"revision: a folder has none, but {spec.revision[:40]!r} was given; name the folder of that revision")
        if not os.path.isdir(folder):  # unlike Path.is_dir, it takes a name that is too long for one that is not there
            raise ValueError(f"model: there is no folder {uploads.clip(spec.model, 120)}")
        return folder, folder, "", ""
    folder, commit = models_hub.fetch(spec.model, spec.revision)
    return folder, folder, spec.revision or "main", commit


def _loaded(folder: Path, tokenizer_folder: Path, name: str, device: str, dtype: str):
    import torch
    from safetensors import SafetensorError
    from transformers import AutoModelForCausalLM, AutoTokenizer

    unreadable = (OSError, ValueError, LookupError, TypeError, ImportError, AttributeError, SafetensorError, RuntimeError, MemoryError)
    try:
        tokenizer = AutoTokenizer.from_pretrained(tokenizer_folder, trust_remote_code=False, local_files_only=True)
    except unreadable as error:
        raise ValueError(f"model: the tokenizer of {name} could not be read: {first_line(error)}") from None
    options = {"use_safetensors": True, "trust_remote_code": False, "local_files_only": True, "output_loading_info": True}
    try:
        model, found = AutoModelForCausalLM.from_pretrained(folder, dtype=getattr(torch, dtype), **options)
        model = model.to(device)
    except unreadable as error:
        if models_memory.is_out_of_memory(error):
            raise ValueError(f"model: memory on {device} ran out while {name} was loaded; choose a smaller model or type") from None
        if not folder.is_dir():
            raise ValueError(f"model: the folder of {name} vanished while it was read") from None
        raise ValueError(f"model: {name} could not be loaded: {first_line(error)}") from None
    missing = sorted({str(key) for part in ("missing_keys", "mismatched_keys") for key in found.get(part, ())})
    if missing:
        raise ValueError(f"model: {name} lacks {len(missing)} of its weights, such as {missing[0][:120]}; they would be random numbers")
    return model, tokenizer


def first_line(error: BaseException) -> str:
    """The first line of an error's message, without a full stop, at most 200 characters."""
    text = str(error).strip() or type(error).__name__
    return text.splitlines()[0][:200].rstrip(".")
