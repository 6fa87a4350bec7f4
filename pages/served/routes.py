"""Addresses beside the pages: figures as files, charts for frames of other pages, the list of figures.

    /figure/attention.cache.svg?context_len=8192&theme=dark
    /embed/attention.cache?controls=1
    /figures.json

They are read as links to pages are, and answer what cannot be with one sentence. docs/deploy.md says who may show them.
"""

import hashlib
import logging
import os
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send
from streamlit.url_util import make_url_path
from streamlit.web.server.starlette.starlette_websocket import is_host_allowed

from pages.components.controls import base_path
from pages.served.making import Busy, Late, Maker

if TYPE_CHECKING:
    from pages.served.answers import Answer

ALLOWED = ("GET", "HEAD")
MOST_QUERY = 8_000
"""Bytes after the question mark; a text of a figure has at most 2,000 signs."""
HOST = re.compile(r"([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:\d{1,5})?")
ANCESTOR = re.compile(r"\*|https?://(\*\.)?[A-Za-z0-9.-]+(:(\d{1,5}|\*))?")
EMBED_IN = "EMBED_IN"
"""Environment variable with the origins, blanks between, whose pages may show charts in a frame besides our own; "*" is any."""
RETRY_SECONDS = 5
SAVED = ("csv", "pptx")
"""Formats that a browser saves; the others it shows."""
DRAWN = "style-src 'unsafe-inline'; font-src data:; img-src data: blob:"
POLICIES = {
    "svg": f"{DRAWN}; sandbox",
    "png": f"{DRAWN}; sandbox",
    "html": f"{DRAWN}; script-src 'unsafe-inline'; sandbox allow-scripts allow-downloads",
    "pdf": "style-src 'unsafe-inline'; object-src 'self'",
    "embed": f"{DRAWN} 'self'; connect-src 'self'; script-src 'self' {{digests}}",
}
"""Content-Security-Policy by kind of answer, besides `default-src 'none'`; what is not here may do nothing."""
START = os.urandom(16)
"""Of this process: what was made before a restart may have been made by other code."""

_log = logging.getLogger(__name__)


class Endpoint:
    """An address whose answers come from a function of `pages/served/answers.py`. lasting: the answer may be kept without asking again."""

    def __init__(self, answer: str, maker: "Maker[Answer]", frame_ancestors: str, lasting: bool = False) -> None:
        self.answer, self.maker, self.frame_ancestors = answer, maker, frame_ancestors
        self.caching = "public, max-age=86400" if lasting else "private, no-cache"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The ASGI interface."""
        response = await self.respond(Request(scope))
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Referrer-Policy"] = "same-origin"
        response.headers["Cross-Origin-Resource-Policy"] = "cross-origin" if self.frame_ancestors != "'self'" else "same-origin"
        await response(scope, receive, send)

    async def respond(self, request: Request) -> Response:
        """The answer to a request, or why there is none."""
        host = request.headers.get("host", "")
        if not HOST.fullmatch(host) or not is_host_allowed(host):
            return refusal(403, "This server is not known under the name that the request used; server.allowedHosts lists its names.")
        if request.method not in ALLOWED:
            return refusal(405, "Only GET and HEAD are answered here.", {"Allow": ", ".join(ALLOWED)})
        raw: bytes = request.scope["query_string"]
        if len(raw) > MOST_QUERY:
            return refusal(414, f"What stands after the question mark may have {MOST_QUERY:,} bytes, and has {len(raw):,}.")
        asked, query = request.path_params.get("asked", ""), raw.decode("latin-1")
        origin = f"{request.scope['scheme']}://{host}{base_path()}"
        key = (self.answer, asked, query, origin, await run_in_threadpool(_state))
        tag = f'"{hashlib.sha256(START + repr(key).encode()).hexdigest()[:32]}"'
        etag = f"W/{tag}"  # the same content, in whatever encoding
        if tag in re.findall(r'"[^"]*"', request.headers.get("if-none-match", "")):
            return Response(status_code=304, headers={"ETag": etag, "Cache-Control": self.caching})
        try:
            answer = await self.maker.get(key, lambda: _answers(self.answer)(asked, query, origin))
        except (Busy, Late) as problem:
            words = "The server is making other files" if isinstance(problem, Busy) else "The file is not ready yet"
            return refusal(503, f"{words}; ask again in {RETRY_SECONDS} seconds.", {"Retry-After": str(RETRY_SECONDS)})
        except Exception as problem:  # noqa: BLE001 - a reader gets a sentence, never a traceback
            status = getattr(problem, "status", None)
            if status is None:
                _log.exception("%s %s", self.answer, asked[:80])
                return refusal(500, "This could not be made; the server's log says why.")
            return refusal(status, str(problem))
        headers = {
            "ETag": etag,
            "Cache-Control": self.caching,
            "Content-Security-Policy": policy(answer, self.frame_ancestors),
            "Content-Disposition": f'{"attachment" if answer.kind in SAVED else "inline"}; filename="{answer.name}"',
        }
        return Response(answer.body, media_type=answer.media_type, headers=headers)


def routes() -> list[Route]:
    """The addresses, below the server's base path. ValueError for an EMBED_IN that is no list of origins."""
    maker: Maker[Any] = Maker()
    ancestors = frame_ancestors(os.environ.get(EMBED_IN, ""))
    places = {
        "figure/{asked:path}": Endpoint("figure_file", maker, ancestors),
        "embed/plotly.min.js": Endpoint("library", maker, ancestors, lasting=True),
        "embed/{asked:path}": Endpoint("embedded", maker, ancestors),
        "figures.json": Endpoint("listed", maker, ancestors),
    }
    return [Route(make_url_path(base_path(), path), endpoint) for path, endpoint in places.items()]


def frame_ancestors(origins: str) -> str:
    """Who may show charts in a frame, for a Content-Security-Policy: our own pages, and those of `origins`. ValueError for what is none."""
    for origin in origins.split():
        if not ANCESTOR.fullmatch(origin):
            raise ValueError(f"{EMBED_IN} must be origins such as https://wiki.example.org with blanks between, or *, got {origin[:80]!r}")
    return " ".join(["'self'", *origins.split()])


def policy(answer: "Answer", frame_ancestors: str) -> str:
    """The Content-Security-Policy of an answer."""
    own = POLICIES.get(answer.kind, "sandbox")
    if answer.kind == "embed":
        from analysis.export.embed import script_digests

        own = own.format(digests=" ".join(script_digests(answer.body)))
    return f"default-src 'none'; {own}; base-uri 'none'; form-action 'none'; frame-ancestors {frame_ancestors}"


def refusal(status: int, words: str, headers: dict[str, str] | None = None) -> Response:
    """A sentence in place of an answer."""
    kept = {"Cache-Control": "no-store", "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; sandbox"}
    return Response(words, status, {**kept, **(headers or {})}, "text/plain")


def _state() -> str:
    from analysis import tables

    return tables.state()


def _answers(name: str) -> "Callable[[str, str, str], Answer]":
    from pages.served import answers

    return getattr(answers, name)
