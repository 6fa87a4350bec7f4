"""A model from the Hugging Face hub: found, checked for safetensors, and downloaded into the hub's own cache."""

import errno
from pathlib import Path

from analysis.transformer import hub

TIMEOUT_S = 10
PATTERNS = ["*.safetensors", "*.json", "*.txt", "tokenizer.model", "spiece.model"]
OTHERWISE = "choose the bundled model or a folder"


def fetch(name: str, revision: str = "") -> tuple[Path, str]:
    """(folder, commit) of a model of the hub, downloaded unless it is in the cache. Raises ValueError with one sentence.

    Where the hub cannot be reached, what is in the cache is used.
    """
    if not hub.is_hub_id(name):
        raise ValueError(
            f"model: {name[:120]!r} is neither a folder nor an id of the hub, such as EleutherAI/pythia-70m; check the spelling"
        )
    files, commit, trouble = _asked(name, revision)
    if trouble:
        folder = _cached(name, revision)
        if folder is None:
            where = f"{name} at {revision}" if revision else name
            raise ValueError(f"model: the Hugging Face hub cannot be reached ({trouble}) and {where} is not on this machine; {OTHERWISE}")
        return folder, folder.name
    if not any(file.endswith(".safetensors") for file in files):
        raise ValueError(f"model: {name} has no safetensors at {revision or 'its latest revision'}; other weights are not read here")
    return _downloaded(name, commit), commit


def _asked(name: str, revision: str) -> tuple[list[str], str, str]:
    """(names of the files, commit, trouble): trouble says why the hub did not answer, "" if it did."""
    from huggingface_hub import HfApi, errors

    if hub.offline():
        return [], "", "HF_HUB_OFFLINE is set"
    try:
        info = HfApi(endpoint=hub.endpoint()).model_info(name, revision=revision or None, timeout=TIMEOUT_S)
    except errors.GatedRepoError:
        raise ValueError(f"model: {name} is only given to people who accepted its terms on the hub; log in with `hf auth login`") from None
    except errors.RevisionNotFoundError:
        raise ValueError(f"revision: {name} has no revision {revision[:60]!r} on the hub") from None
    except errors.RepositoryNotFoundError:
        raise ValueError(f"model: the hub has no public model {name}; check the spelling, or log in if it is private") from None
    except (errors.HTTPError, OSError, ValueError) as error:
        return [], "", hub.trouble(error)
    return [file.rfilename for file in info.siblings or []], str(info.sha or revision), ""


def _cached(name: str, revision: str) -> Path | None:
    from huggingface_hub import errors, snapshot_download

    try:
        return Path(snapshot_download(name, revision=revision or None, allow_patterns=PATTERNS, local_files_only=True))
    except (errors.EntryNotFoundError, errors.RevisionResolutionError, OSError, ValueError):
        return None


def _downloaded(name: str, commit: str) -> Path:
    from huggingface_hub import errors, snapshot_download

    try:
        return Path(snapshot_download(name, revision=commit, allow_patterns=PATTERNS, endpoint=hub.endpoint()))
    except (errors.HTTPError, errors.EntryNotFoundError, errors.RevisionResolutionError, OSError) as error:
        reason = "the disk is full" if getattr(error, "errno", None) == errno.ENOSPC else "the connection broke off"
        raise ValueError(f"model: {name} could not be downloaded: {reason}; what has arrived is kept, so try again") from None
