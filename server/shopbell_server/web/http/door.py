"""The door: what a request may weigh, how long it may take, and what it must be.

Owns: limits on bodies, content types, and the headers that every answer carries.
Never: who is asking (`who`), or what the body says.

Bodies are read whole before the application sees them: 512 KB at the most, so nothing streams, and
a length that the client only claims is not relied on.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from starlette.datastructures import Headers, MutableHeaders

from shopbell_server.web.http.headers import HEADERS
from shopbell_server.web.http.problems import ProblemError, response

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

MOST_BYTES: Final = 512 * 1024
"""A phone's whole week of tokens is 60 KB; ten times that is nobody's honest request."""

BODY_WITHIN_S: Final = 20.0
"""512 KB at 200 kbit/s, a bad mobile connection. Whoever is slower holds a place for nothing."""

_FORM: Final = "application/x-www-form-urlencoded"
_FORM_PATHS: Final = frozenset(
    {
        "/login",
        "/logout",
        "/me/enter",
        "/me/leave",
        "/me/consents",
        "/me/let-go",
        "/me/forget",
        "/me/help",
    }
)
_FORMS_BELOW: Final = "/admin/"
"""Pages post forms here, and operators' pages below that; everything else that has a body speaks JSON."""

TRACKING_PATHS: Final = frozenset(
    f"/v1/{name}"
    for name in ("batch", "track", "identify", "alias", "group", "page", "screen", *"btiagps")
)
"""Segment's libraries send JSON that they call text in browsers, where it needs no leave of the server."""

_WITH_BODY: Final = frozenset({"POST", "PUT", "PATCH", "DELETE"})


class Door:
    """ASGI middleware; outermost, so that its headers are on every answer."""

    def __init__(self, app: ASGIApp, body_within_s: float = BODY_WITHIN_S) -> None:
        self._app = app
        self._body_within_s = body_within_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the request in, or answer 408, 413 or 415."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers[name] = value
                if "cache-control" not in headers:
                    # What is answered here is somebody's; only static files say otherwise.
                    headers["Cache-Control"] = "no-store"
            await send(message)

        if scope["method"] not in _WITH_BODY:
            await self._app(scope, receive, send_with_headers)
            return
        try:
            body = await self._body(scope, receive)
        except ProblemError as error:
            # What is left of the body is not read, so the connection cannot be used again.
            error.headers["Connection"] = "close"
            await response(error)(scope, receive, send_with_headers)
            return
        await self._app(scope, _replayed(body, receive), send_with_headers)

    async def _body(self, scope: Scope, receive: Receive) -> bytes:
        headers = Headers(scope=scope)
        claimed = headers.get("content-length", "0")
        if not claimed.isascii() or not claimed.isdigit() or int(claimed[:10]) > MOST_BYTES:
            raise _too_large()
        try:
            async with asyncio.timeout(self._body_within_s):
                body = await _read(receive)
        except TimeoutError:
            detail = f"The body took longer than {self._body_within_s:g} s."
            raise ProblemError(408, "too-slow", detail) from None
        if body and not _is_allowed(headers.get("content-type", ""), scope["path"]):
            raise ProblemError(415, "not-json", "Send application/json.")
        return body


async def _read(receive: Receive) -> bytes:
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ProblemError(400, "cut-off", "The connection closed within the body.")
        body += message.get("body", b"")
        if len(body) > MOST_BYTES:
            raise _too_large()
        if not message.get("more_body", False):
            return bytes(body)


def _replayed(body: bytes, receive: Receive) -> Receive:
    waiting = [{"type": "http.request", "body": body, "more_body": False}]

    async def replay() -> Message:
        return waiting.pop() if waiting else await receive()

    return replay


def _is_allowed(content_type: str, path: str) -> bool:
    media = content_type.partition(";")[0].strip().lower()
    if media == "text/plain":
        return path in TRACKING_PATHS
    return media == "application/json" or (
        (path in _FORM_PATHS or path.startswith(_FORMS_BELOW)) and media == _FORM
    )


def _too_large() -> ProblemError:
    return ProblemError(413, "too-large", f"At most {MOST_BYTES} bytes.")
