"""A broker that answers as one does, and then says whatever a test wants, byte by byte.

No real broker sends what breaks its clients; one that was taken over does.
"""

from __future__ import annotations

import asyncio
import contextlib
import struct
from typing import TYPE_CHECKING, Final, Self

if TYPE_CHECKING:
    from types import TracebackType

_VERSION_5: Final = 5


class LyingBroker:
    """On a free port of loopback. `lies` go to everybody who has said something, at once.

    `connections` counts who came.
    """

    def __init__(self, *lies: bytes) -> None:
        self.connections = 0
        self._lies = lies
        self._server: asyncio.Server | None = None
        self._talks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._server is not None
        self._server.close()
        for talk in self._talks:
            talk.cancel()
        await asyncio.gather(*self._talks, return_exceptions=True)
        await self._server.wait_closed()

    @property
    def port(self) -> int:
        assert self._server is not None
        return int(self._server.sockets[0].getsockname()[1])

    def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        talk = asyncio.create_task(self._talk(reader, writer))
        self._talks.add(talk)
        talk.add_done_callback(self._talks.discard)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        version, lied = 4, False
        try:
            while True:
                first, body = await _packet(reader)
                match first >> 4:
                    case 1:  # CONNECT
                        version = body[6]
                        writer.write(
                            b"\x20\x03\0\0\0" if version == _VERSION_5 else b"\x20\x02\0\0"
                        )
                    case 8:  # SUBSCRIBE, to three topics
                        granted = body[:2] + (b"\0" if version == _VERSION_5 else b"") + b"\1\1\1"
                        writer.write(b"\x90" + bytes([len(granted)]) + granted)
                    case 3 if first & 6:  # PUBLISH
                        (length,) = struct.unpack_from(">H", body)
                        writer.write(b"\x40\x02" + body[2 + length : 4 + length])
                        if not lied:
                            lied = True
                            writer.writelines(self._lies)
                    case 12:  # PINGREQ
                        writer.write(b"\xd0\0")
                    case _:
                        pass
                await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            pass  # the edge has gone
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()


def message(topic: bytes, payload: bytes) -> bytes:
    """Return a PUBLISH of MQTT 3.1.1, QoS 0, whatever its topic."""
    body = struct.pack(">H", len(topic)) + topic + payload
    length, left = b"", len(body)
    while True:
        left, low = divmod(left, 128)
        length += bytes([low | (128 if left else 0)])
        if not left:
            return b"\x30" + length + body


async def _packet(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    (first,) = await reader.readexactly(1)
    length = shift = 0
    while True:
        (part,) = await reader.readexactly(1)
        length |= (part & 127) << shift
        shift += 7
        if not part & 128:
            return first, await reader.readexactly(length)
