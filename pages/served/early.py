"""Styles in the page that Streamlit serves, so that its parts stand where they belong from the first moment.

A style that a component brings comes after the elements that it places, and Streamlit makes a page wide only after it has shown it narrow: both move
everything once. `streamlit run streamlit_app.py` goes without.
"""

import sys

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# What st.set_page_config(layout="wide") does later (pages/components/start.py), and heights, while they are loaded, of section buttons, charts and cards.
FIRST = """
@media screen {
  [data-testid="stMainBlockContainer"] { max-width: none; padding-top: 3.75rem; }
  [class*="-section"] > [data-testid="stSkeleton"] { height: 2rem; }
  [class*="st-key-chart-"] { min-height: 28rem; }
  [class*="st-key-chart-"] > [data-testid="stSkeleton"] { height: 31rem; }
  .st-key-questions > [data-testid="stSkeleton"], .st-key-papers > [data-testid="stSkeleton"] { height: 40rem; }
}
@media screen and (min-width: 54rem) { [data-testid="stMainBlockContainer"] { padding-left: 5rem; padding-right: 5rem; } }
"""
NOT_PASSED_ON = (b"accept-encoding", b"if-none-match", b"if-modified-since", b"range")
"""Of a request for a page: what would bring it packed, in part, or not at all."""


def styles() -> str:
    """The styles: those of the page itself, and those around charts once a page has brought their code, which takes a second to import.

    Below `body`, so that they outweigh Streamlit's own, which come later.
    """
    chart = sys.modules.get("pages.components.chart")
    return f"body {{{FIRST}{chart.CSS if chart else ''}}}"


class Early:
    """The server, with `styles` in the head of every page; what is no page goes through as it is."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The ASGI interface."""
        if scope["type"] != "http" or scope["method"] != "GET" or "text/html" not in Headers(scope=scope).get("accept", ""):
            return await self.app(scope, receive, send)
        held: list[Message] = []

        async def hold(message: Message) -> None:
            if message["type"] == "http.response.start" and "text/html" in Headers(raw=message["headers"]).get("content-type", ""):
                held.append(message)
                return
            if not held:
                return await send(message)
            held.append(message)
            if not message.get("more_body"):
                start, body = held[0], b"".join(part.get("body", b"") for part in held[1:])
                body = body.replace(b"</head>", f"<style>{styles()}</style></head>".encode(), 1)
                headers = MutableHeaders(raw=start["headers"])
                headers["content-length"] = str(len(body))
                del headers["etag"], headers["last-modified"]
                await send(start)
                await send({"type": "http.response.body", "body": body})

        kept = [(name, value) for name, value in scope["headers"] if name not in NOT_PASSED_ON]
        await self.app({**scope, "headers": kept}, receive, hold)
