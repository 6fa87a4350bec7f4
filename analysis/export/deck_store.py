"""Decks that survive the browser: each in a file of its own, under a name that anybody may know and with a key that only its reader has.

The name is made from the key and stands in links. Who knows it can read the deck; who knows the key can change it.
"""

import base64
import hashlib
import os
import re
import secrets
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from threading import Lock

from analysis.export.deck_file import MOST_BYTES, pack, unpack
from analysis.export.slide import Slide

ALL_BYTES = 2_000_000_000
"""What all decks together may take [bytes]; beyond it those that have not been touched for longest go."""
KEPT_SECONDS = 365 * 86_400
"""How long a deck is kept that nobody touches [s]."""
YOUNG_SECONDS = 7 * 86_400
"""A deck that was touched since then never goes [s]; where there is no room without it, a new one is refused."""
KEY = re.compile(r"[A-Za-z0-9_-]{16}")
LOCK = Lock()
"""Held from reading a deck to storing it, or a reader's other tab would lose what it added in between."""


def folder() -> Path:
    """Where decks are kept: the environment variable DECKS, or runs/decks in the project."""
    return Path(os.environ.get("DECKS") or Path(__file__).parents[2] / "runs" / "decks")


def new_key() -> str:
    """A key for a deck that cannot be guessed, 96 random bits.

    >>> bool(KEY.fullmatch(new_key()))
    True
    """
    return secrets.token_urlsafe(12)


def name_of(key: str) -> str:
    """The name under which the deck with a key is stored and linked; nobody can tell the key from it.

    >>> name_of("abcdefghijklmnop") == name_of("abcdefghijklmnop") != name_of("abcdefghijklmnoq")
    True
    """
    if not KEY.fullmatch(key):
        raise ValueError("a deck's key has sixteen letters, digits, hyphens or underscores")
    return base64.urlsafe_b64encode(hashlib.sha256(key.encode()).digest()[:12]).decode()


def save(key: str, slides: Sequence[Slide]) -> None:
    """Store a deck in place of what stood under the name of its key.

    Raises ValueError for a key that is not of `new_key`, for a deck larger than `unpack` reads, and where there is no room for it;
    OSError where it cannot be written.
    """
    path = _path(name_of(key))
    content = pack(slides)
    if len(content) > MOST_BYTES:
        raise ValueError(f"it has {len(content) / 1e6:.0f} MB, and at most {MOST_BYTES / 1e6:.0f} MB are kept")
    path.parent.mkdir(parents=True, exist_ok=True)
    _make_room(path, len(content))
    draft = path.with_name(f".{path.stem}-{secrets.token_hex(4)}")
    try:
        draft.write_bytes(content)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def _make_room(path: Path, wanted: int) -> None:
    """Remove decks that are too old, and the oldest of the rest until `wanted` bytes have room; ValueError where they have none."""
    now, room = time.time(), ALL_BYTES - wanted
    others = sorted((stat.st_mtime, stat.st_size, file) for file in path.parent.glob("*.json") if file != path for stat in [file.stat()])
    used = sum(size for _, size, _ in others)
    for touched, size, file in others:
        if now - touched < YOUNG_SECONDS or (used <= room and now - touched < KEPT_SECONDS):
            break
        file.unlink(missing_ok=True)
        used -= size
    if used > room:
        raise ValueError("this server keeps no more decks at present; save yours as a deck file")


def load(name: str) -> list[Slide] | None:
    """The slides of the deck with a name; None where there is none or it cannot be read any more."""
    with suppress(ValueError, OSError):
        return unpack(_path(name).read_bytes(), own=True)
    return None


def stamp(name: str) -> int:
    """What changes whenever the deck with a name is stored; 0 where there is none."""
    with suppress(ValueError, OSError):
        return _path(name).stat().st_mtime_ns
    return 0


def _path(name: str) -> Path:
    if not KEY.fullmatch(name):
        raise ValueError("a deck's name has sixteen letters, digits, hyphens or underscores")
    return folder() / f"{name}.json"
