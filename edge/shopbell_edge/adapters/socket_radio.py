"""A radio whose air is a local socket: a simulator's, or a test's.

Owns: the listening socket, and the lines that come over it.
Never: an address; there is none in the lines.

One advertisement a line: `{"ad": "<advertising data in hexadecimal>", "rssi": -61}`.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Annotated, Final

import structlog
from msgspec import DecodeError, Meta, Struct
from msgspec.json import Decoder

from shopbell_edge.core.ad_structures import parse
from shopbell_edge.ports import Health, RadioLostError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from shopbell_edge.core.advertisement import Advertisement
    from shopbell_edge.core.units import ScannerName

log = structlog.get_logger()

_MOST_LINE_BYTES: Final = 1024
"""An advertisement has 31 bytes, an extended one 255: 510 digits and the rest of the line."""


class _Line(Struct, frozen=True):
    ad: Annotated[str, Meta(pattern=r"^(?:[0-9a-f]{2}){0,255}\Z")]
    rssi: Annotated[int, Meta(ge=-128, le=127)]


class SocketRadio:
    """Hears what is written to the socket at `path`, by however many writers (Radio)."""

    def __init__(self, scanner: ScannerName, path: Path) -> None:
        self._scanner = scanner
        self._path = path
        self._decoder = Decoder(_Line)
        self.malformed = 0
        """Lines that were none, so far."""

    @property
    def scanner(self) -> ScannerName:
        """Its name in events."""
        return self._scanner

    async def listen(
        self, heard: Callable[[Advertisement], None], health: Callable[[Health], None]
    ) -> None:
        """Call `heard` for every line until cancelled. RadioLostError if the socket cannot be made."""

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            with contextlib.closing(writer):
                await self._hear(reader, heard)

        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._path.unlink(missing_ok=True)  # what a process that was killed left behind
        try:
            server = await asyncio.start_unix_server(serve, self._path, limit=_MOST_LINE_BYTES)
        except OSError as error:
            raise RadioLostError(f"{self._path}: {error.strerror}") from error
        health(Health(state="hearing", reason="socket_open"))
        async with server:
            await server.serve_forever()

    async def _hear(
        self, reader: asyncio.StreamReader, heard: Callable[[Advertisement], None]
    ) -> None:
        while True:
            try:
                line = await reader.readuntil()
            except asyncio.LimitOverrunError as error:
                await reader.readexactly(error.consumed)
                self._count_malformed()
                continue
            except (asyncio.IncompleteReadError, ConnectionError):
                return
            try:
                said = self._decoder.decode(line)
            except DecodeError:
                self._count_malformed()
                continue
            heard(parse(bytes.fromhex(said.ad), said.rssi))

    def _count_malformed(self) -> None:
        if not self.malformed:
            log.warning("malformed_advertisement", scanner=self._scanner)
        self.malformed += 1
