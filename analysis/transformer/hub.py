"""A model's config.json from the Hugging Face hub: this one file, as data, and nothing else of the model."""

import re
import time
import urllib.error
import urllib.request
from typing import Any
from urllib.parse import urlsplit

from analysis.transformer.config import LARGEST_CONFIG_BYTES, read_config

HUB = "huggingface.co"
HUB_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,95}(/[A-Za-z0-9][A-Za-z0-9._-]{0,95})?", re.ASCII)
TIMEOUT_SECONDS = 5.0
PIECE_BYTES = 65_536


def hub_address(hub_id: str) -> str:
    """The address of a model's config.json on the hub. Raises ValueError for what cannot be the name of a model there.

    >>> hub_address("mistralai/Mistral-7B-v0.1")
    'https://huggingface.co/mistralai/Mistral-7B-v0.1/resolve/main/config.json'
    >>> hub_address("../etc/passwd")
    Traceback (most recent call last):
    ...
    ValueError: a hub id looks like "owner/model", with letters, digits, dots, dashes and underscores; got '../etc/passwd'
    """
    if not HUB_ID.fullmatch(hub_id) or ".." in hub_id or "--" in hub_id:
        shown = hub_id if len(hub_id) <= 60 else hub_id[:57] + "..."
        raise ValueError(f'a hub id looks like "owner/model", with letters, digits, dots, dashes and underscores; got {shown!r}')
    return f"https://{HUB}/{hub_id}/resolve/main/config.json"


def fetch_config(hub_id: str) -> dict[str, Any]:
    """The object in a model's config.json on the Hugging Face hub.

    Asks the hub over https for this file alone, at most TIMEOUT_SECONDS and LARGEST_CONFIG_BYTES; code of a model is never
    fetched. Raises ValueError with one sentence where the id, the connection, the hub's answer or the file does not do.
    """
    address = hub_address(hub_id)
    request = urllib.request.Request(address, headers={"User-Agent": "ten-papers-recomputed"})
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as answer:
            where = urlsplit(answer.geturl())
            if where.scheme != "https" or not (where.hostname == HUB or str(where.hostname).endswith((f".{HUB}", ".hf.co"))):
                raise ValueError(f"the hub sent the request for {hub_id} to another site, so nothing was read")
            content = _read_within(answer, TIMEOUT_SECONDS)
    except urllib.error.HTTPError as error:
        raise ValueError(_refusal(hub_id, error.code)) from None
    except TimeoutError:
        raise ValueError(f"the hub did not answer within {TIMEOUT_SECONDS:g} seconds; paste the config.json instead") from None
    except (urllib.error.URLError, OSError) as error:
        if isinstance(getattr(error, "reason", None), TimeoutError):
            raise ValueError(f"the hub did not answer within {TIMEOUT_SECONDS:g} seconds; paste the config.json instead") from None
        raise ValueError("the hub cannot be reached from this machine; paste the config.json instead") from None
    return read_config(content)


def _read_within(answer, seconds: float) -> bytes:
    """The body of an answer; it stops one piece after LARGEST_CONFIG_BYTES. Raises TimeoutError when it takes longer than seconds."""
    end, pieces, size = time.monotonic() + seconds, [], 0
    while size <= LARGEST_CONFIG_BYTES and (piece := answer.read1(PIECE_BYTES)):
        pieces.append(piece)
        size += len(piece)
        if time.monotonic() > end:
            raise TimeoutError
    return b"".join(pieces)


def _refusal(hub_id: str, status: int) -> str:
    """One sentence on an answer of the hub that is not the file.

    >>> _refusal("a/b", 404)
    'the hub has no model a/b with a config.json'
    """
    if status in (401, 403):
        return f"the hub shows the config.json of {hub_id} only to those it has let in, or there is no such model; paste the file instead"
    if status == 404:
        return f"the hub has no model {hub_id} with a config.json"
    if status == 429:
        return "the hub takes no more requests from this machine for now; paste the config.json instead"
    return f"the hub answered with an error ({status}); paste the config.json instead"
