"""Server-sent events over HTTP.

Owns: sending a stream, and giving up on who does not take it.
Never: what is in it (`channel`).
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from starlette.responses import StreamingResponse

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

    from shopbell_server.web.live.channel import Stream

SLOW_S: Final = 15.0
"""So long a tablet may take nothing although the buffers before it are full; three heartbeats, and its page
has given the connection up after 12 s. Then it is cut off: it comes back, and its place is free."""

_HEADERS: Final = {
    "Cache-Control": "no-store",
    # A proxy that gathers bytes would hold the bell back.
    "X-Accel-Buffering": "no",
}


class EventStream(StreamingResponse):
    """Sends a stream to its end, and closes it however that comes about."""

    def __init__(self, stream: Stream, slow_s: float = SLOW_S) -> None:
        super().__init__(stream, media_type="text/event-stream", headers=_HEADERS)
        self._stream = stream
        self._slow_s = slow_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer the request."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._stream.close()

    async def stream_response(self, send: Send) -> None:
        """Send all of it; leave an answer without an end, which closes the connection, to who is slow."""
        start = {
            "type": "http.response.start",
            "status": self.status_code,
            "headers": self.raw_headers,
        }
        with suppress(TimeoutError):
            await send(start)
            async for events in self._stream:
                async with asyncio.timeout(self._slow_s):
                    await send({"type": "http.response.body", "body": events, "more_body": True})
            await send({"type": "http.response.body", "body": b"", "more_body": False})
