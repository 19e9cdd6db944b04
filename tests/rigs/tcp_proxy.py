"""A stretch of network between an edge and its broker, whose weather a test makes.

`async with TcpProxy(broker.port) as wire:`; the edge is told `wire.port`. What the weather is holds for
connections that exist and for those to come, both ways.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Self

if TYPE_CHECKING:
    from asyncio import StreamReader, StreamWriter

_READ_BYTES: Final = 16 * 1024

_RESET_AT_CLOSE: Final = struct.pack("ii", 1, 0)
"""SO_LINGER with no time: close() sends RST, and throws away what was not sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Weather:
    """What becomes of bytes on their way."""

    delay_s: float = 0.0
    """Before each piece goes on."""
    slice_bytes: int = _READ_BYTES
    """No piece is larger."""
    bytes_per_s: float | None = None
    hole: bool = False
    """Nothing goes on, in neither direction, and nobody is told; it goes on when the hole is gone."""


FINE: Final = Weather()


class TcpProxy:
    """Listens on `port` of 127.0.0.1 while it is entered, and carries to `target`."""

    def __init__(self, target: int) -> None:
        self.port = 0
        self.connections = 0
        """How many there have been."""
        self._target = target
        self._weather = FINE
        self._changed = asyncio.Event()
        self._pairs: set[tuple[StreamWriter, StreamWriter]] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def weather(self) -> Weather:
        """What becomes of bytes from now on."""
        return self._weather

    @weather.setter
    def weather(self, weather: Weather) -> None:
        self._weather = weather
        self._changed.set()
        self._changed = asyncio.Event()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *exception: object) -> None:
        self._server.close()
        for task in list(self._tasks):
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)
        await self._server.wait_closed()

    def reset(self) -> None:
        """Break every connection with RST, to both sides."""
        for pair in list(self._pairs):
            for end in pair:
                _reset(end)

    def half_open(self) -> None:
        """Break every connection towards the broker only: the edge is told nothing."""
        self.weather = Weather(hole=True)
        for _, far in list(self._pairs):
            _reset(far)

    async def _serve(self, reader: StreamReader, near: StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.connections += 1
        try:
            await self._carry_both(reader, near)
        except (OSError, asyncio.CancelledError):
            pass  # of this stretch's own making, or of its ends'
        finally:
            self._tasks.discard(task)
            near.transport.abort()

    async def _carry_both(self, reader: StreamReader, near: StreamWriter) -> None:
        back, far = await asyncio.open_connection("127.0.0.1", self._target)
        pair = (near, far)
        self._pairs.add(pair)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._carry(reader, far))
                group.create_task(self._carry(back, near))
        except* OSError:
            pass
        finally:
            self._pairs.discard(pair)
            far.transport.abort()

    async def _carry(self, reader: StreamReader, writer: StreamWriter) -> None:
        while piece := await reader.read(self._weather.slice_bytes):
            weather = await self._passable()
            if weather.delay_s:
                await asyncio.sleep(weather.delay_s)
            writer.write(piece)
            await writer.drain()
            if weather.bytes_per_s:
                await asyncio.sleep(len(piece) / weather.bytes_per_s)
        await self._passable()
        with suppress(OSError):
            writer.write_eof()

    async def _passable(self) -> Weather:
        while self._weather.hole:
            await self._changed.wait()
        return self._weather


def _reset(end: StreamWriter) -> None:
    wire = end.get_extra_info("socket")
    if wire is not None and wire.fileno() >= 0:
        wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_AT_CLOSE)
    end.transport.abort()
