"""Decks that survive the browser: each in a file of its own, under a name that only its reader knows."""

import os
import re
import secrets
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from analysis.export.deck_file import MOST_BYTES, pack, unpack

MOST_DECKS = 500
"""Decks that are kept; when there are more, those that have not been touched for longest go."""
ID = re.compile(r"[A-Za-z0-9_-]{16}")


def folder() -> Path:
    """Where decks are kept: the environment variable DECKS, or runs/decks in the project."""
    return Path(os.environ.get("DECKS") or Path(__file__).parents[2] / "runs" / "decks")


def new_id() -> str:
    """A name for a deck that cannot be guessed, 96 random bits.

    >>> bool(ID.fullmatch(new_id()))
    True
    """
    return secrets.token_urlsafe(12)


def save(deck_id: str, slides: Sequence[Mapping]) -> None:
    """Store a deck in place of what stood under its name.

    Raises ValueError for a name that is not of `new_id` and for a deck larger than `unpack` reads, OSError where it cannot be written.
    """
    path = _path(deck_id)
    content = pack(slides)
    if len(content) > MOST_BYTES:
        raise ValueError(f"it has {len(content) / 1e6:.0f} MB, and at most {MOST_BYTES / 1e6:.0f} MB are kept")
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{deck_id}-{secrets.token_hex(4)}")
    try:
        draft.write_bytes(content)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    decks = sorted(path.parent.glob("*.json"), key=lambda file: file.stat().st_mtime)
    for old in decks[:-MOST_DECKS]:
        old.unlink(missing_ok=True)


def load(deck_id: str) -> list[dict] | None:
    """The slides of a deck; None where there is none under this name or it cannot be read any more."""
    with suppress(ValueError, OSError):
        return unpack(_path(deck_id).read_bytes(), own=True)
    return None


def _path(deck_id: str) -> Path:
    if not ID.fullmatch(deck_id):
        raise ValueError("a deck's name has sixteen letters, digits, hyphens or underscores")
    return folder() / f"{deck_id}.json"
