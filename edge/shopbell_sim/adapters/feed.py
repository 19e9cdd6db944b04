"""Advertisements into an edge's simulated radio: lines of JSON over its socket.

Owns: the connection, and making it again.
Never: keeps what could not be sent. The air keeps nothing either.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Final

import msgspec

if TYPE_CHECKING:
    from pathlib import Path

AGAIN_S: Final = 0.1
"""Between two tries: an edge that starts is heard of at once."""

MOST_WAITING: Final = 256 * 1024
"""Bytes that an edge has not read yet: 2 000 advertisements, a second of a full shop. Then it is deaf."""


class _Line(msgspec.Struct):
    ad: str
    rssi: int


class Feed:
    """The radio of one edge, from outside. `run` it in a task; `send` drops what nobody hears."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._writer: asyncio.StreamWriter | None = None
        self._connected = asyncio.Event()
        self._encoder = msgspec.json.Encoder()

    async def connected(self) -> None:
        """Return once the edge listens."""
        await self._connected.wait()

    def send(self, payload: bytes, rssi_dbm: int) -> bool:
        """Put one advertisement on the air; return whether the edge could hear it."""
        writer = self._writer
        if writer is None or writer.transport.get_write_buffer_size() > MOST_WAITING:
            return False
        line = _Line(ad=payload.hex(), rssi=rssi_dbm)
        writer.write(self._encoder.encode(line) + b"\n")
        return True

    async def run(self) -> None:
        """Hold the connection until cancelled; an edge that is not there is waited for."""
        while True:
            with suppress(OSError):
                reader, writer = await asyncio.open_unix_connection(str(self._path))
                try:
                    self._writer = writer
                    self._connected.set()
                    # The edge says nothing; the end of its silence is the end of the connection.
                    await reader.read()
                finally:
                    self._writer = None
                    self._connected.clear()
                    writer.close()
                    with suppress(OSError):
                        await writer.wait_closed()
            await asyncio.sleep(AGAIN_S)
