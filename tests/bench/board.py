"""A tablet that looks at the board: HTTP and server-sent events over a bare socket."""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from shopbell_server.web.access.session_cookies import STAFF_COOKIE
from tests.bench.people import SESSIONS, STORE, session_token

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

WAIT_S: Final = 20.0
ROOM: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Event:
    """An event of the stream, and when its bytes were here (`time.perf_counter`)."""

    name: bytes
    data: bytes
    at_s: float


class Tablet:
    """An open stream."""

    def __init__(self, reader: asyncio.StreamReader) -> None:
        self._reader = reader
        self._text = b""

    async def events(self) -> AsyncIterator[Event]:
        """Yield events as they come."""
        while True:
            size = int(await self._reader.readline(), 16)
            chunk = await self._reader.readexactly(size + 2)
            at_s = time.perf_counter()
            *whole, self._text = (self._text + chunk[:-2]).split(b"\n\n")
            for each in whole:
                fields = dict(line.split(b": ", 1) for line in each.split(b"\n"))
                yield Event(fields[b"event"], fields[b"data"], at_s)

    async def next(self, name: bytes) -> Event:
        """Return the next event of that name."""
        async with asyncio.timeout(WAIT_S):
            async for event in self.events():
                if event.name == name:
                    return event
        raise EOFError


@asynccontextmanager
async def looking(http_port: int, number: int = 0) -> AsyncIterator[Tablet]:
    """Sign in as one of the tablets and open the stream of the store; its snapshot has been read."""
    reader, writer = await asyncio.open_connection("127.0.0.1", http_port, limit=ROOM)
    try:
        writer.write(
            f"GET /v1/stores/{STORE}/stream HTTP/1.1\r\nHost: localhost\r\n"
            f"Cookie: {STAFF_COOKIE.name}={session_token(number % SESSIONS)}\r\n\r\n".encode()
        )
        async with asyncio.timeout(WAIT_S):
            head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200"), head.partition(b"\r\n")[0]
        tablet = Tablet(reader)
        await tablet.next(b"snapshot")
        yield tablet
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()
