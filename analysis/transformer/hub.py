"""The Hugging Face hub through its own client, huggingface_hub, and from there a model's config.json: this one file, as data."""

import os
import re
from typing import Any

from analysis.transformer.config_text import LARGEST_CONFIG_BYTES, read_config

# Read when huggingface_hub is first imported, which is later: the hub is asked for the file that a reader wants and for nothing else,
# and not told which packages are installed here. Whoever sets it otherwise decides.
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")

HUB_ID = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,95}(/[A-Za-z0-9_][A-Za-z0-9._-]{0,95})?", re.ASCII)
ADDRESS = re.compile(r"(https?://)?(www\.)?(huggingface\.co|hf\.co)/", re.ASCII | re.IGNORECASE)
NO_MODELS = ("datasets", "spaces", "collections", "papers", "docs", "blog", "models")
PLACES = ("blob", "resolve", "tree", "raw", "discussions", "commits")
"""What follows a model's name in the address of one of its pages; the models of the first days have one word."""
TIMEOUT_SECONDS = 5.0
CONFIG = "config.json"
OTHERWISE = "paste the config.json instead"


def is_hub_id(name: str) -> bool:
    """Whether a text can be the name of a model on the hub.

    >>> is_hub_id("mistralai/Mistral-7B-v0.1"), is_hub_id("gpt2"), is_hub_id("../etc/passwd")
    (True, True, False)
    """
    return HUB_ID.fullmatch(name) is not None and ".." not in name and "--" not in name


def hub_id_of(text: str) -> str:
    """The name of a model in what a reader typed: itself, or out of the address of its page or of one of its files.

    >>> hub_id_of("https://huggingface.co/mistralai/Mistral-7B-v0.1/blob/main/config.json"), hub_id_of("gpt2")
    ('mistralai/Mistral-7B-v0.1', 'gpt2')
    >>> hub_id_of("https://huggingface.co/datasets/a/b")
    Traceback (most recent call last):
    ...
    ValueError: this is the address of one of the hub's datasets, not of a model
    """
    found = ADDRESS.match(text)
    if found is None:
        return text
    parts = [part for part in re.split(r"[?#]", text[found.end() :])[0].split("/") if part]
    if parts and parts[0] in NO_MODELS:
        raise ValueError(f"this is the address of one of the hub's {parts[0]}, not of a model")
    return "/".join(parts[:2] if len(parts) < 3 or parts[1] not in PLACES else parts[:1])


def offline() -> bool:
    """Whether the environment says that the hub is not to be asked."""
    return any(os.environ.get(name, "").upper() in ("1", "ON", "YES", "TRUE") for name in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"))


def endpoint() -> str | None:
    """The address of the hub in the environment; None for the usual one."""
    return os.environ.get("HF_ENDPOINT") or None


def trouble(error: Exception) -> str:
    """Why the hub did not answer, in a few words. error: what huggingface_hub raised."""
    from huggingface_hub import errors

    if isinstance(error, errors.OfflineModeIsEnabled):
        return "it is switched off"
    if isinstance(error, errors.HfHubHTTPError):
        status = getattr(error.response, "status_code", None)
        return f"it answered with status {status}" if status else "it answered with an error"
    return "it gave no proper answer" if isinstance(error, ValueError) else "no connection"


def fetch_config(hub_id: str) -> dict[str, Any]:
    """The object in a model's config.json on the Hugging Face hub.

    Asks for this file of the model alone, of at most LARGEST_CONFIG_BYTES, without the token of this machine: readers see what is
    public. Where the hub does not answer within TIMEOUT_SECONDS, or is not to be asked (HF_HUB_OFFLINE), the file is taken from the
    hub's cache.
    Raises ValueError with one sentence where the id, the connection, the hub's answer or the file does not do.

    >>> fetch_config("../etc/passwd")
    Traceback (most recent call last):
    ...
    ValueError: a hub id looks like "owner/model", with letters, digits, dots, dashes and underscores; got '../etc/passwd'
    """
    hub_id = hub_id_of(hub_id)
    if not is_hub_id(hub_id):
        shown = hub_id if len(hub_id) <= 60 else hub_id[:57] + "..."
        raise ValueError(f'a hub id looks like "owner/model", with letters, digits, dots, dashes and underscores; got {shown!r}')
    try:
        from huggingface_hub import errors, hf_hub_download
    except ModuleNotFoundError:
        raise ValueError(f"huggingface_hub is not installed: run `pip install -r requirements.txt`, or {OTHERWISE}") from None
    away = "HF_HUB_OFFLINE is set" if offline() else _asked(hub_id)
    try:
        path = hf_hub_download(hub_id, CONFIG, endpoint=endpoint(), token=False, etag_timeout=TIMEOUT_SECONDS, local_files_only=bool(away))
        with open(path, "rb") as file:
            content = file.read(LARGEST_CONFIG_BYTES + 1)
    except (errors.HTTPError, OSError, ValueError):
        if away:
            raise ValueError(
                f"the hub cannot be reached ({away}) and the config.json of {hub_id} is not on this machine; {OTHERWISE}"
            ) from None
        raise ValueError(f"the config.json of {hub_id} could not be downloaded; {OTHERWISE}") from None
    return read_config(content)


def _asked(hub_id: str) -> str:
    """Why the hub did not answer, "" if it has the file. Raises ValueError where it has not, or keeps it back, or it is too large."""
    from huggingface_hub import errors, get_hf_file_metadata, hf_hub_url

    try:
        url = hf_hub_url(hub_id, CONFIG, endpoint=endpoint())
        size = get_hf_file_metadata(url, token=False, timeout=TIMEOUT_SECONDS).size
    except errors.GatedRepoError:
        raise ValueError(f"the hub shows the config.json of {hub_id} only to those it has let in; paste the file instead") from None
    except (errors.RepositoryNotFoundError, errors.EntryNotFoundError):
        raise ValueError(f"the hub has no public model {hub_id} with a config.json") from None
    except (errors.HTTPError, OSError, ValueError) as error:
        return trouble(error)
    if size is None or size > LARGEST_CONFIG_BYTES:
        raise ValueError(f"the config.json of {hub_id} may have at most {LARGEST_CONFIG_BYTES / 1e6:g} MB, so it was not fetched")
    return ""
